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
    Metric {
        name: "kolapp_reloads_total",
        kind: MetricKind::Counter,
        labels: &["result"],
        meaning: "attempts to read the configuration anew; result: done, refused",
    },
];

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
