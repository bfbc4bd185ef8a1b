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
    counts(
        "kolapp_agents_sidelined_total",
        &["cause"],
        "agents logged out or paused by their limits; cause: missed-calls, device-errors",
    ),
    counts(
        "kolapp_store_written_total",
        &["about"],
        "rows written to the state folder's database; about: bindings, bans, wishes, quick-closes, agents",
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
