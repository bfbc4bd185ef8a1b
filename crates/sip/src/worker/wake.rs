//! When a task wakes for a shard that nothing comes to. Most deadlines only end a transaction that has been over for
//! seconds and waits for repeats of what it answered: a call leaves some five of them. Those end together, so that the
//! task does not wake for each.

use base::Time;
use call::Reason;
use sip_core::transaction::TimerReason;
use std::time::Duration;

/// What is over ends on a grid of this. What is due behind it waits so much longer at most: little beside the shortest
/// interval after which anything is sent again, half a second.
const ENDS_TOGETHER: Duration = Duration::from_millis(20);

/// When a shard with that next deadline is to be woken.
pub(super) fn wakes_at(next: Option<(Time, Reason)>) -> Time {
    match next {
        None => Time::NEVER,
        Some((at, Reason::Transaction(reason))) if only_ends(reason) => on_the_grid(at),
        Some((at, _)) => at,
    }
}

/// Whether nobody is told of it and nothing is sent.
fn only_ends(reason: TimerReason) -> bool {
    use TimerReason::{D, I, J, K, L, M};
    matches!(reason, D | I | J | K | L | M)
}

fn on_the_grid(at: Time) -> Time {
    let grid = u64::try_from(ENDS_TOGETHER.as_micros()).unwrap_or(u64::MAX);
    Time::from_micros(at.as_micros().div_ceil(grid).saturating_mul(grid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_ends_together_and_what_is_to_be_sent_is_sent_in_time() {
        let at = Time::from_micros(5_000_001);
        let of = |reason| wakes_at(Some((at, Reason::Transaction(reason))));
        assert_eq!(of(TimerReason::K), Time::from_millis(5_020));
        assert_eq!(of(TimerReason::E), at);
        assert_eq!(of(TimerReason::F), at);
        assert_eq!(wakes_at(None), Time::NEVER);
        let on_it = Time::from_millis(40);
        let ends = Some((on_it, Reason::Transaction(TimerReason::J)));
        assert_eq!(wakes_at(ends), on_it);
    }
}
