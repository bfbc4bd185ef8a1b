//! What the server itself counts; rooms below have tables of their own.

use sip::{Metric, MetricKind};

/// Whether what was kept before the start has been taken up.
const TAKEN_UP: &str = "kolapp_store_taken_up";

/// What was kept before the start has been taken up, all of it that can be read; or not yet.
pub(crate) fn show_taken_up(is_taken_up: bool) {
    metrics::gauge!(TAKEN_UP).set(f64::from(u8::from(is_taken_up)));
}

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
        "callers who left before otherwise; cause: sent-on, moved, failed, shutdown, called-back",
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
        "rows written to the state folder's database; about: bindings, bans, wishes, quick-closes, agents, licences, journal, calls, callbacks, callback-staff, tokens, sessions, credentials, second-factors, audit, clock",
    ),
    counts(
        "kolapp_store_commits_total",
        &[],
        "transactions that they were written in",
    ),
    counts(
        "kolapp_store_failures_total",
        &["kind"],
        "attempts to write that failed; kind: locked, full, read-only, corrupt, lost, row, away, slow, other",
    ),
    counts(
        "kolapp_store_refused_total",
        &[],
        "rows that were given up since too many waited",
    ),
    gauge(
        TAKEN_UP,
        &[],
        "1 once what was kept before the start is known again, or can't be read; 0 until then",
    ),
    gauge(
        "kolapp_store_pending",
        &[],
        "rows, and steps of callback lists, that wait to be written",
    ),
    gauge(
        "kolapp_journal_pending",
        &[],
        "records that wait to be added to the journal",
    ),
    counts(
        "kolapp_journal_lost_total",
        &[],
        "records that are missing in the journal since too many waited, or since they can't be stored",
    ),
    gauge(
        "kolapp_call_records_pending",
        &[],
        "records of calls that wait to be written",
    ),
    counts(
        "kolapp_call_records_lost_total",
        &[],
        "records of calls that were given up since too many waited, or since they can't be stored",
    ),
    counts(
        "kolapp_audit_lost_total",
        &[],
        "what people had done and is not kept, since too much waited, or since it can't be stored",
    ),
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
    counts(
        "kolapp_web_connections_ended_total",
        &["cause"],
        "connections by HTTP that we ended; cause: displaced, handshake, time",
    ),
    counts(
        "kolapp_web_refused_plain_total",
        &[],
        "requests by plain HTTP from another machine that is no proxy which is named",
    ),
    gauge(
        "kolapp_certificate_ends_seconds",
        &["of"],
        "when the certificate ends, in Unix time; +Inf where there is none any more; of: sip, http",
    ),
    counts(
        "kolapp_web_requests_total",
        &["status"],
        "answers of the HTTP API; status: 2xx, 4xx, 5xx, other",
    ),
    counts(
        "kolapp_web_log_ins_total",
        &["outcome"],
        "log-ins by HTTP; outcome: done, refused, throttled, busy",
    ),
    gauge("kolapp_web_streams", &[], "live event streams open"),
    counts(
        "kolapp_web_floors_total",
        &[],
        "times that an organisation's queues and agents were looked at for pages and live events",
    ),
    gauge(
        "kolapp_callbacks_waiting",
        &["queue"],
        "callbacks that nobody has and that are still to be made",
    ),
    gauge(
        "kolapp_callbacks_due",
        &["queue"],
        "of them, those that may be made now",
    ),
    gauge(
        "kolapp_callbacks_overdue",
        &["queue"],
        "of them, those whose window is over",
    ),
    gauge(
        "kolapp_callbacks_held",
        &["queue"],
        "callbacks that an agent has, calls, or owes a description of",
    ),
    gauge(
        "kolapp_callback_abandoned_percent",
        &["queue"],
        "of a hundred people who answered within 24 hours, those who met no agent; of lists with `automatic_call = \"before\"`",
    ),
    gauge(
        "kolapp_callback_called_before",
        &["queue"],
        "whether such a list's people are called before an agent has taken them: 0 while as many have met none as may",
    ),
    counts(
        "kolapp_callback_wishes_total",
        &["queue"],
        "callers who accepted to be called back",
    ),
    counts(
        "kolapp_callback_promises_broken_total",
        &[],
        "promises that storage did not take in time: the caller or agent was told so",
    ),
    counts(
        "kolapp_callback_refused_total",
        &["cause"],
        "what was refused of callback lists; cause: open, choosing, keyed-open, keyed-often, no-room, storage",
    ),
    counts(
        "kolapp_callback_attempts_total",
        &["outcome"],
        "attempts to reach a person, by what came of them",
    ),
    counts(
        "kolapp_callback_given_total",
        &["end"],
        "callbacks that a queue gave to an agent by itself, by what came of that: `called`, `declined`, `missed`, `device-error`, `withdrawn`, `not-given`, `broken`",
    ),
    counts(
        "kolapp_callback_closed_total",
        &["how"],
        "callbacks closed: `done`, `given-up`, `cancelled`, `expired`",
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    /// Every name of a metric that a text has in these marks.
    fn names(text: &str, mark: char) -> BTreeSet<String> {
        let all = text.split(mark).skip(1);
        let ours = all.filter(|it| it.len() > "kolapp_".len() && it.starts_with("kolapp_"));
        let is_name = |it: &&str| it.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        ours.filter(is_name).map(str::to_owned).collect()
    }

    fn names_in_sources(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                names_in_sources(&path, found);
            } else if path.extension().is_some_and(|it| it == "rs") {
                found.extend(names(&std::fs::read_to_string(&path).unwrap(), '"'));
            }
        }
    }

    fn operating() -> String {
        std::fs::read_to_string(root().join("docs/operating.md")).unwrap()
    }

    #[test]
    fn every_metric_there_is_stands_in_what_operators_read_and_no_other() {
        let mut counted = BTreeSet::new();
        for room in std::fs::read_dir(root().join("crates")).unwrap() {
            names_in_sources(&room.unwrap().path().join("src"), &mut counted);
        }
        let documented = names(&operating(), '`');
        let missing: Vec<_> = counted.difference(&documented).collect();
        let gone: Vec<_> = documented.difference(&counted).collect();
        assert!(missing.is_empty(), "not in docs/operating.md: {missing:?}");
        assert!(
            gone.is_empty(),
            "in docs/operating.md, but not there: {gone:?}"
        );
    }

    #[test]
    fn every_value_that_a_metric_says_its_label_may_have_stands_beside_it() {
        let operating = operating();
        for metric in METRICS.iter().chain(sip::METRICS) {
            let marked = format!("`{}`", metric.name);
            let rows = operating.lines().filter(|line| line.starts_with("| "));
            let row = rows.clone().find(|line| line.contains(&marked));
            let row = row.unwrap_or_else(|| panic!("{} has no row", metric.name));
            let of_label = |label: &str| {
                let after = metric.meaning.split_once(&format!("; {label}: "));
                after.map(|(_, values)| values)
            };
            let values = metric.labels.iter().find_map(|label| of_label(label));
            // Some have a table of their own.
            let place = match row.contains("see below") {
                true => operating.as_str(),
                false => row,
            };
            for value in values.into_iter().flat_map(|it| it.split(", ")) {
                let told = place.contains(&format!("`{value}`"));
                assert!(told || value.contains(' '), "{} {value}", metric.name);
            }
        }
    }
}
