//! What queues count and show for Prometheus. One label names the queue, as the configuration has it, and one the
//! cause, of which there are few: nothing that callers send makes a new one.

use acd::{Fact, LeaveCause, QueueSnapshot, RefuseCause};
use base::QueueId;
use metrics::{counter, gauge};

/// Counts what a fact says has happened to a caller of a queue.
pub(crate) fn count(fact: &Fact) {
    let plain = |name: &'static str, queue: &QueueId| {
        counter!(name, "queue" => queue.to_string()).increment(1);
    };
    let by_cause = |name: &'static str, queue: &QueueId, cause: &'static str| {
        counter!(name, "queue" => queue.to_string(), "cause" => cause).increment(1);
    };
    match fact {
        Fact::Entered { queue, .. } => plain("kolapp_queue_entered_total", queue),
        Fact::Connected { queue, .. } => plain("kolapp_queue_answered_total", queue),
        Fact::Left { queue, cause, .. } => match cause {
            LeaveCause::Abandoned => plain("kolapp_queue_abandoned_total", queue),
            LeaveCause::KeyPressed => by_cause("kolapp_queue_overflowed_total", queue, "key"),
            LeaveCause::SentOn => by_cause("kolapp_queue_left_total", queue, "sent-on"),
            LeaveCause::Failed => by_cause("kolapp_queue_left_total", queue, "failed"),
            LeaveCause::Shutdown => by_cause("kolapp_queue_left_total", queue, "shutdown"),
        },
        Fact::Moved { queue, .. } => by_cause("kolapp_queue_left_total", queue, "moved"),
        Fact::Expelled { queue, cause, .. } => {
            by_cause("kolapp_queue_overflowed_total", queue, label(*cause));
        }
        // A queue that there is not has no row of its own: its name may be anything.
        Fact::Refused {
            cause: RefuseCause::NoSuchQueue,
            ..
        } => {}
        Fact::Refused { queue, cause, .. } => {
            by_cause("kolapp_queue_refused_total", queue, label(*cause));
        }
        _ => {}
    }
}

/// Brings a queue's gauges up to date.
pub(crate) fn show(queue: &QueueSnapshot) {
    let name = queue.queue.to_string();
    let gauge = |metric: &'static str| gauge!(metric, "queue" => name.clone());
    gauge("kolapp_queue_waiting").set(queue.waiting + queue.offered);
    gauge("kolapp_queue_connected").set(queue.connected);
    gauge("kolapp_queue_agents_logged_in").set(queue.logged_in);
    gauge("kolapp_queue_agents_free").set(queue.free);
    gauge("kolapp_queue_longest_wait_seconds").set(seconds(queue.longest_wait_ms).unwrap_or(0.0));
    gauge("kolapp_queue_average_wait_seconds").set(seconds(queue.average_wait_ms).unwrap_or(0.0));
    // What can't be said is no number.
    gauge("kolapp_queue_expected_wait_seconds")
        .set(seconds(queue.expected_wait_ms).unwrap_or(f64::NAN));
    gauge("kolapp_queue_closed_by_load").set(f64::from(u8::from(queue.closed_by_load)));
}

fn seconds(millis: Option<u64>) -> Option<f64> {
    millis.map(|millis| millis as f64 / 1_000.0)
}

fn label(cause: RefuseCause) -> &'static str {
    match cause {
        RefuseCause::NoSuchQueue => "removed",
        RefuseCause::Full => "full",
        RefuseCause::NoAgents => "no-agents",
        RefuseCause::NoneReachable => "none-reachable",
        RefuseCause::AllPaused => "all-paused",
        RefuseCause::Loaded => "loaded",
        RefuseCause::TimedOut => "timed-out",
    }
}
