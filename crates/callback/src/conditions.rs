//! Whether a caller is offered to be called back.

use crate::settings::{ClockTimes, Conditions};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What is known of a queue, and of one who waits in it, when an offer is considered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The queue's average wait; none where it can't be said.
    pub average_wait: Option<Duration>,
    /// This caller's expected wait; none where it can't be said.
    pub expected_wait: Option<Duration>,
    /// How many wait, with this caller.
    pub waiting: u32,
    /// What a clock of the organisation shows.
    pub minute_of_day: u16,
}

impl Conditions {
    /// Whether all that are set hold. A wait that can't be said is not over anything.
    pub fn hold(&self, seen: &Seen) -> bool {
        let over = |wait: Option<Duration>, limit: Option<Duration>| {
            limit.is_none_or(|limit| wait.is_some_and(|wait| wait > limit))
        };
        over(seen.average_wait, self.average_wait_over)
            && over(seen.expected_wait, self.expected_wait_over)
            && self
                .waiting_at_least
                .is_none_or(|least| seen.waiting >= least)
            && self
                .between
                .is_none_or(|times| times.has(seen.minute_of_day))
    }
}

impl ClockTimes {
    /// Whether a clock that shows this minute of the day is within them.
    pub fn has(&self, minute: u16) -> bool {
        let (after, before) = (minute >= self.from_minute, minute < self.until_minute);
        match self.until_minute <= self.from_minute {
            true => after || before,
            false => after && before,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn busy_morning() -> Seen {
        Seen {
            average_wait: Some(5 * MINUTE),
            expected_wait: Some(10 * MINUTE),
            waiting: 4,
            minute_of_day: 9 * 60,
        }
    }

    #[test]
    fn without_conditions_everybody_is_offered_it() {
        assert!(Conditions::default().hold(&Seen::default()));
    }

    #[test]
    fn all_conditions_that_are_set_must_hold() {
        let all = Conditions {
            average_wait_over: Some(4 * MINUTE),
            expected_wait_over: Some(9 * MINUTE),
            waiting_at_least: Some(4),
            between: Some(ClockTimes {
                from_minute: 8 * 60,
                until_minute: 16 * 60,
            }),
        };
        let seen = busy_morning();
        assert!(all.hold(&seen));
        let each_broken = [
            Seen {
                average_wait: Some(4 * MINUTE),
                ..seen
            },
            Seen {
                expected_wait: Some(9 * MINUTE),
                ..seen
            },
            Seen { waiting: 3, ..seen },
            Seen {
                minute_of_day: 16 * 60,
                ..seen
            },
            Seen {
                minute_of_day: 8 * 60 - 1,
                ..seen
            },
        ];
        for broken in each_broken {
            assert!(!all.hold(&broken), "{broken:?}");
        }
    }

    #[test]
    fn a_wait_that_cannot_be_said_is_not_over_anything() {
        let asks = Conditions {
            expected_wait_over: Some(Duration::ZERO),
            ..Conditions::default()
        };
        let seen = Seen {
            expected_wait: None,
            ..busy_morning()
        };
        assert!(!asks.hold(&seen));
    }

    #[test]
    fn clock_times_may_go_over_midnight() {
        let night = ClockTimes {
            from_minute: 22 * 60,
            until_minute: 6 * 60,
        };
        assert!(night.has(23 * 60) && night.has(0) && night.has(6 * 60 - 1));
        assert!(!night.has(6 * 60) && !night.has(12 * 60));
    }
}
