//! What queues count and show for Prometheus. One label names the queue, as the configuration has it, and one the
//! cause, of which there are few: nothing that callers send makes a new one.

use acd::{Gone, LeaveCause, QueueSnapshot, RefuseCause, Step, Told};
use metrics::{counter, gauge};

/// Counts a caller's step.
pub(crate) fn count(told: &Told) {
    let queue = &told.queue;
    let plain = |name: &'static str| counter!(name, "queue" => queue.to_string()).increment(1);
    let by_cause = |name: &'static str, cause: &'static str| {
        counter!(name, "queue" => queue.to_string(), "cause" => cause).increment(1);
    };
    match told.step {
        Step::Entered => plain("kolapp_queue_entered_total"),
        Step::Answered { .. } => plain("kolapp_queue_answered_total"),
        Step::Gone { why, .. } => match why {
            Gone::Left(LeaveCause::Abandoned) => plain("kolapp_queue_abandoned_total"),
            Gone::Left(LeaveCause::KeyPressed) => by_cause("kolapp_queue_overflowed_total", "key"),
            Gone::Left(LeaveCause::SentOn) => by_cause("kolapp_queue_left_total", "sent-on"),
            Gone::Left(LeaveCause::Failed) => by_cause("kolapp_queue_left_total", "failed"),
            Gone::Left(LeaveCause::Shutdown) => by_cause("kolapp_queue_left_total", "shutdown"),
            Gone::Left(LeaveCause::CalledBack) => {
                by_cause("kolapp_queue_left_total", "called-back")
            }
            // Told of a process that has ended, whose counters have ended with it.
            Gone::Left(LeaveCause::ServerRestarted) => {}
            Gone::Moved => by_cause("kolapp_queue_left_total", "moved"),
            Gone::Expelled(cause) => by_cause("kolapp_queue_overflowed_total", label(cause)),
        },
        // A queue that there is not has no row of its own: its name may be anything.
        Step::Refused(None | Some(RefuseCause::NoSuchQueue)) => {}
        Step::Refused(Some(cause)) => by_cause("kolapp_queue_refused_total", label(cause)),
        Step::Handled { .. } | Step::CutOff => {}
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

/// The word for a cause.
pub(crate) fn label(cause: RefuseCause) -> &'static str {
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
