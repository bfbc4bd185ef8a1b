//! Whether the clock on the wall is believed where something is forgotten for good by it. It is as long as it goes on with the
//! monotonic clock, or is set back; where it leaps ahead it is believed again when it has held for a while. What was believed
//! last is kept over a restart, so that a clock that is wrong at the start is found out too.

use base::Time;
use std::time::Duration;

/// A clock that leaps no further loses at most that much of what has been kept for weeks, and no machine is put right by as much
/// in its everyday life.
pub(super) const LEAP: Duration = Duration::from_secs(24 * 3_600);

/// How long it has to hold after a leap: a wrong date is put right within that, by the network's time or by whoever reads the log;
/// and what is past its date is gone within the day in which it has to be.
pub(super) const HOLDS_FOR: Duration = Duration::from_secs(3_600);

/// What both clocks showed at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) at: Time,
    /// In milliseconds of UTC.
    pub(super) wall_ms: u64,
}

/// What is believed, and what is not yet.
#[derive(Debug, Default)]
pub(super) struct Belief {
    believed: Option<Reading>,
    /// Since when it has held.
    doubted: Option<Reading>,
}

/// What a look at the clocks comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Believed,
    /// How far it is ahead; none where nobody knows what it showed before.
    Doubted(Option<Duration>),
}

impl Reading {
    /// What the clock on the wall shows now, if it has gone on from here.
    fn expected_ms(self, now: Time) -> u64 {
        let passed = u64::try_from(now.since(self.at).as_millis()).unwrap_or(u64::MAX);
        self.wall_ms.saturating_add(passed)
    }
}

impl Belief {
    /// What a process before this one believed last. What this one believes by now is newer.
    pub(super) fn take_up(&mut self, kept: Reading) {
        self.believed.get_or_insert(kept);
    }

    pub(super) fn look(&mut self, now: Reading) -> Look {
        let ahead = self.believed.map(|before| {
            let expected_ms = before.expected_ms(now.at);
            Duration::from_millis(now.wall_ms.saturating_sub(expected_ms))
        });
        if ahead.is_some_and(|ahead| ahead <= LEAP) {
            return self.believe(now);
        }
        let has_held = |since: Reading| {
            let apart_ms = since.expected_ms(now.at).abs_diff(now.wall_ms);
            Duration::from_millis(apart_ms) <= LEAP
        };
        let since = match self.doubted {
            Some(since) if has_held(since) => since,
            _ => now,
        };
        if now.at.since(since.at) >= HOLDS_FOR {
            return self.believe(now);
        }
        self.doubted = Some(since);
        Look::Doubted(ahead)
    }

    fn believe(&mut self, now: Reading) -> Look {
        self.believed = Some(now);
        self.doubted = None;
        Look::Believed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const DAY: Duration = Duration::from_secs(86_400);
    const WALL_MS: u64 = 1_795_000_000_000;

    /// Two clocks, and what is believed.
    struct World {
        belief: Belief,
        now: Reading,
    }

    impl World {
        fn new(kept_ms: Option<u64>) -> World {
            let at = Time::from_millis(30 * 86_400_000);
            let mut belief = Belief::default();
            if let Some(wall_ms) = kept_ms {
                belief.take_up(Reading { at, wall_ms });
            }
            let now = Reading {
                at,
                wall_ms: WALL_MS,
            };
            World { belief, now }
        }

        fn look(&mut self) -> Look {
            self.belief.look(self.now)
        }

        fn pass(&mut self, span: Duration) {
            self.now.at += span;
            self.now.wall_ms += span.as_millis() as u64;
        }

        fn set(&mut self, by: i64) {
            self.now.wall_ms = self.now.wall_ms.checked_add_signed(by).unwrap();
        }

        /// After how long it is believed, looked at each minute.
        fn is_believed_after(&mut self) -> Duration {
            let mut passed = Duration::ZERO;
            while self.look() != Look::Believed {
                self.pass(MINUTE);
                passed += MINUTE;
                assert!(passed < DAY, "never");
            }
            passed
        }
    }

    fn ms(span: Duration) -> i64 {
        i64::try_from(span.as_millis()).unwrap()
    }

    #[test]
    fn a_clock_that_goes_on_or_is_put_right_by_less_than_a_day_or_set_back_is_believed() {
        let mut world = World::new(Some(WALL_MS - 1));
        for set in [0, ms(DAY) - 1, -ms(DAY) * 300, 0] {
            world.set(set);
            assert_eq!(world.look(), Look::Believed, "{set}");
            world.pass(DAY * 20);
        }
    }

    #[test]
    fn a_leap_is_believed_when_it_has_held_for_an_hour_and_one_that_is_taken_back_costs_nothing() {
        let mut world = World::new(Some(WALL_MS));
        world.look();
        let leap = DAY * 4_000;
        world.set(ms(leap));
        assert_eq!(world.look(), Look::Doubted(Some(leap)));
        world.pass(HOLDS_FOR - MINUTE);
        assert_eq!(world.look(), Look::Doubted(Some(leap)));
        world.set(-ms(leap));
        assert_eq!(world.look(), Look::Believed);
        // Another one has an hour of its own, and is not believed while it goes on leaping.
        for _ in 0..5 {
            world.set(ms(leap));
            world.pass(HOLDS_FOR - MINUTE);
            assert!(matches!(world.look(), Look::Doubted(_)));
        }
        assert_eq!(world.is_believed_after(), HOLDS_FOR);
        world.pass(MINUTE);
        assert_eq!(world.look(), Look::Believed);
    }

    #[test]
    fn a_clock_that_is_wrong_at_the_start_is_known_by_what_was_believed_before() {
        let was_away = World::new(Some(WALL_MS - 86_400_000)).is_believed_after();
        assert_eq!(was_away, Duration::ZERO, "for a night");
        for kept_ms in [Some(WALL_MS - 2 * 86_400_000), Some(0), None] {
            let mut world = World::new(kept_ms);
            assert!(
                matches!(world.look(), Look::Doubted(ahead) if ahead.is_some() == kept_ms.is_some())
            );
            assert_eq!(world.is_believed_after(), HOLDS_FOR, "{kept_ms:?}");
        }
    }

    #[test]
    fn what_was_believed_before_may_be_known_late() {
        let mut world = World::new(None);
        assert_eq!(world.look(), Look::Doubted(None));
        world.pass(MINUTE);
        let kept = Reading {
            at: world.now.at,
            wall_ms: WALL_MS - 1_000,
        };
        world.belief.take_up(kept);
        assert_eq!(world.look(), Look::Believed);
        let much_older = Reading { wall_ms: 0, ..kept };
        world.belief.take_up(much_older);
        assert_eq!(world.look(), Look::Believed, "what it believes is newer");
    }
}
