//! How fast: a rate, and the token bucket that holds somebody to it.

use base::Time;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How much of its time a bucket holds: so many seconds' worth may come at once. Phones come in bursts, after
/// a power cut or when keys subscribe; four seconds is what they retransmit in.
pub const BURST: Duration = Duration::from_secs(4);

/// Fastest rate there is: buckets count in microseconds.
pub const PER_SECOND_MAX: u32 = 1_000_000;

/// So many a second, and [`BURST`] seconds' worth at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    interval_us: u32,
}

impl Rate {
    /// How many a second.
    pub const fn in_a_second(self) -> u32 {
        PER_SECOND_MAX / self.interval_us
    }

    /// That many a second, at least one and at most [`PER_SECOND_MAX`].
    pub const fn per_second(many: u32) -> Rate {
        let many = if many == 0 { 1 } else { many };
        let interval_us = PER_SECOND_MAX / many;
        Rate {
            interval_us: if interval_us == 0 { 1 } else { interval_us },
        }
    }

    fn interval(self) -> Duration {
        Duration::from_micros(self.interval_us.into())
    }
}

/// What somebody has left of a rate. Eight bytes: the moment at which it is whole again says how much is
/// taken now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenBucket {
    pub(super) whole_at: Time,
}

impl TokenBucket {
    /// Takes one, or says how long until there is one.
    pub fn take(&mut self, now: Time, rate: Rate) -> Result<(), Duration> {
        let from = self.whole_at.max(now);
        let taken = from.since(now) + rate.interval();
        if taken > BURST {
            return Err(taken - BURST);
        }
        self.whole_at = from + rate.interval();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(bucket: &mut TokenBucket, now: Time, rate: Rate, tries: u32) -> u32 {
        (0..tries)
            .map(|_| u32::from(bucket.take(now, rate).is_ok()))
            .sum()
    }

    #[test]
    fn a_burst_passes_and_then_the_rate_is_held_to() {
        let rate = Rate::per_second(50);
        let mut bucket = TokenBucket::default();
        let start = Time::from_millis(7_000);
        assert_eq!(taken(&mut bucket, start, rate, 1_000), 200);
        let mut passed = 0;
        for ms in 1..=10_000 {
            passed += taken(&mut bucket, start + Duration::from_millis(ms), rate, 20);
        }
        assert_eq!(passed, 500);
    }

    #[test]
    fn who_is_refused_is_told_when_to_come_again() {
        let rate = Rate::per_second(2);
        let mut bucket = TokenBucket::default();
        assert_eq!(taken(&mut bucket, Time::ZERO, rate, 9), 8);
        let wait = bucket.take(Time::ZERO, rate).unwrap_err();
        assert_eq!(wait, Duration::from_millis(500));
        let just_before = Time::ZERO + wait - Time::from_micros(1);
        assert!(bucket.take(Time::ZERO + just_before, rate).is_err());
        assert_eq!(bucket.take(Time::ZERO + wait, rate), Ok(()));
    }

    #[test]
    fn a_rest_fills_a_bucket_and_no_more_than_that() {
        let rate = Rate::per_second(10);
        let mut bucket = TokenBucket::default();
        assert_eq!(taken(&mut bucket, Time::ZERO, rate, 100), 40);
        assert_eq!(
            taken(&mut bucket, Time::from_millis(3_600_000), rate, 100),
            40
        );
    }

    #[test]
    fn every_rate_that_can_be_asked_for_lets_something_pass() {
        for many in [0, 1, 3, 999, PER_SECOND_MAX, u32::MAX] {
            let mut bucket = TokenBucket::default();
            assert!(
                bucket.take(Time::ZERO, Rate::per_second(many)).is_ok(),
                "{many}"
            );
        }
    }
}
