//! The clock on the wall may be set while the server runs: a machine that doesn't keep the time when it is off asks for it
//! once it has started. Facts are dated by that clock as it was when their run in the journal began, so another begins.

use super::Facts;
use crate::keeping;
use sip::Clock;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// How often the two clocks are compared.
const COMPARED_EVERY: Duration = Duration::from_secs(10);

/// They may be apart by so much: less shows in no figure, and clocks are put right by seconds as they go.
const APART_MOST_MS: u64 = 60_000;

/// Whether the clock on the wall was set between two moments at which the process's own showed 0 by it.
fn is_set(zero_ms: u64, now_zero_ms: u64) -> bool {
    zero_ms.abs_diff(now_zero_ms) > APART_MOST_MS
}

/// Has figures and facts follow the clock on the wall, as long as the process lives.
pub(crate) async fn follow_clock(facts: Facts, clock: Clock) {
    let mut every = interval(COMPARED_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        let (then, now) = (facts.own_zero_ms(), keeping::zero_ms(clock));
        if is_set(then, now) {
            let ahead_by_s = i128::from(now) - i128::from(then);
            let ahead_by_s = ahead_by_s / 1_000;
            tracing::warn!(
                ahead_by_s,
                "the clock was set: facts so far are dated by it as it was, and whoever is there counts as cut off in figures"
            );
            facts.clock_set(now).await;
        }
    }
}

impl Facts {
    /// Has all that comes about from now on dated by the clock on the wall as it is.
    async fn clock_set(&self, zero_ms: u64) {
        self.own_zero_ms.store(zero_ms, Ordering::Relaxed);
        // The task that has the other end lives as long as the process.
        let _ = self.acd.clock_set(zero_ms).await;
        let _ = self.flush().await;
        if let Some(mut recalled) = self.read_back().await {
            // Queues know it already.
            recalled.lately.clear();
            let _ = self.acd.recalled(recalled).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_put_right_by_seconds_is_not_set_and_one_that_jumps_either_way_is() {
        let zero_ms = 1_795_824_000_000;
        assert!(!is_set(zero_ms, zero_ms + 59_000));
        assert!(!is_set(zero_ms, zero_ms - 59_000));
        assert!(is_set(zero_ms, zero_ms + 61_000));
        assert!(is_set(zero_ms, zero_ms - 61_000));
        assert!(is_set(0, zero_ms));
    }
}
