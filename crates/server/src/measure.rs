//! What the server itself counts; rooms below have tables of their own.

use sip::{Metric, MetricKind};

/// Every metric of this room.
pub(crate) const METRICS: &[Metric] = &[
    gauge(
        "kolapp_queue_waiting",
        &["queue"],
        "callers in the queue, those being offered among them",
    ),
    gauge(
        "kolapp_queue_connected",
        &["queue"],
        "callers of the queue who talk to an agent",
    ),
    gauge(
        "kolapp_queue_agents_logged_in",
        &["queue"],
        "agents logged in to the queue",
    ),
    gauge(
        "kolapp_queue_agents_free",
        &["queue"],
        "agents who would be offered the next caller",
    ),
    gauge(
        "kolapp_queue_longest_wait_seconds",
        &["queue"],
        "wait so far of whoever in the queue came first; 0 where nobody waits",
    ),
    gauge(
        "kolapp_queue_average_wait_seconds",
        &["queue"],
        "mean wait of those answered in the last 15 minutes and of those who wait",
    ),
    gauge(
        "kolapp_queue_expected_wait_seconds",
        &["queue"],
        "what a caller who comes now may expect to wait; NaN where that can't be said",
    ),
    gauge(
        "kolapp_queue_closed_by_load",
        &["queue"],
        "1 while the queue takes nobody in by its load",
    ),
    counts("kolapp_queue_entered_total", &["queue"], "callers taken in"),
    counts(
        "kolapp_queue_answered_total",
        &["queue"],
        "callers connected to an agent",
    ),
    counts(
        "kolapp_queue_abandoned_total",
        &["queue"],
        "callers who hung up before",
    ),
    counts(
        "kolapp_queue_left_total",
        &["queue", "cause"],
        "callers who left before otherwise; cause: sent-on, moved, failed, shutdown",
    ),
    counts(
        "kolapp_queue_overflowed_total",
        &["queue", "cause"],
        "callers sent elsewhere by the queue's rules; cause: key, timed-out, no-agents, none-reachable, all-paused, removed",
    ),
    counts(
        "kolapp_queue_refused_total",
        &["queue", "cause"],
        "callers not taken in; cause: full, loaded, no-agents, none-reachable, all-paused",
    ),
    counts(
        "kolapp_agents_sidelined_total",
        &["cause"],
        "agents logged out or paused by their limits; cause: missed-calls, device-errors",
    ),
    counts(
        "kolapp_store_written_total",
        &["about"],
        "rows written to the state folder's database; about: bindings, bans, wishes, quick-closes, agents, licences",
    ),
    counts(
        "kolapp_store_commits_total",
        &[],
        "transactions that they were written in",
    ),
    counts(
        "kolapp_store_failures_total",
        &["kind"],
        "attempts to write that failed; kind: locked, full, read-only, corrupt, lost, row, other",
    ),
    counts(
        "kolapp_store_refused_total",
        &[],
        "rows that were given up since too many waited",
    ),
    gauge("kolapp_store_pending", &[], "rows that wait to be written"),
    counts(
        "kolapp_prompts_kept_total",
        &["result"],
        "new versions of prompts; result: kept, failed",
    ),
    Metric {
        name: "kolapp_reloads_total",
        kind: MetricKind::Counter,
        labels: &["result"],
        meaning: "attempts to read the configuration anew; result: done, refused",
    },
    counts(
        "kolapp_config_edits_total",
        &["result"],
        "changes of a setting by command; result: done, refused",
    ),
];

const fn counts(
    name: &'static str,
    labels: &'static [&'static str],
    meaning: &'static str,
) -> Metric {
    Metric {
        name,
        kind: MetricKind::Counter,
        labels,
        meaning,
    }
}

const fn gauge(
    name: &'static str,
    labels: &'static [&'static str],
    meaning: &'static str,
) -> Metric {
    Metric {
        name,
        kind: MetricKind::Gauge,
        labels,
        meaning,
    }
}
