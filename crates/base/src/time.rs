//! Monotonic time as a value. Cores are handed it and never read a clock.

use serde::{Deserialize, Serialize};
use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

/// A moment on the process's monotonic clock, in microseconds since that clock's start.
///
/// Says nothing of the time of day; what is saved for another process carries its UTC pair.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Time(u64);

impl Time {
    /// The clock's start.
    pub const ZERO: Time = Time(0);
    /// A moment that never comes.
    pub const NEVER: Time = Time(u64::MAX);

    /// The moment `micros` µs after the clock's start.
    pub const fn from_micros(micros: u64) -> Time {
        Time(micros)
    }

    /// The moment `millis` ms after the clock's start.
    pub const fn from_millis(millis: u64) -> Time {
        Time(millis.saturating_mul(1_000))
    }

    /// Microseconds since the clock's start.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this moment is; zero when it is not after it.
    pub const fn since(self, earlier: Time) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Time {
    type Output = Time;

    fn add(self, span: Duration) -> Time {
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        Time(self.0.saturating_add(micros))
    }
}

impl AddAssign<Duration> for Time {
    fn add_assign(&mut self, span: Duration) {
        *self = *self + span;
    }
}

impl Sub for Time {
    type Output = Duration;

    fn sub(self, earlier: Time) -> Duration {
        self.since(earlier)
    }
}

/// What the clock on the wall shows, as far as a core needs to know: handed in by the shell, which says it again every
/// so often, since that clock may be put right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WallClock {
    at: Time,
    unix_ms: i64,
}

impl WallClock {
    /// It is so many milliseconds since 1970 (UTC) at that moment. In whole seconds it would be up to one behind, and what
    /// somebody closes as of now would be closed after the next caller.
    pub const fn new(at: Time, unix_ms: i64) -> WallClock {
        WallClock { at, unix_ms }
    }

    /// Seconds since 1970 (UTC) at `now`.
    pub fn unix_seconds(self, now: Time) -> i64 {
        let passed = i64::try_from(now.since(self.at).as_millis()).unwrap_or(i64::MAX);
        self.unix_ms.saturating_add(passed).div_euclid(1_000)
    }

    /// The moment from which on it is so many seconds since 1970 (UTC), as far as this clock can tell; that at which
    /// it was read, for one before it.
    pub fn time_at(self, unix_seconds: i64) -> Time {
        let unix_ms = unix_seconds.saturating_mul(1_000);
        let ahead = unix_ms.saturating_sub(self.unix_ms).max(0);
        self.at + Duration::from_millis(ahead.unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_on_the_wall_goes_on_with_the_monotonic_one() {
        let wall = WallClock::new(Time::from_millis(5_500), 1_000_900);
        assert_eq!(wall.unix_seconds(Time::from_millis(5_500)), 1_000);
        assert_eq!(wall.unix_seconds(Time::from_millis(5_599)), 1_000);
        assert_eq!(wall.unix_seconds(Time::from_millis(5_600)), 1_001);
        assert_eq!(wall.unix_seconds(Time::from_millis(65_599)), 1_060);
        assert_eq!(wall.unix_seconds(Time::ZERO), 1_000);
        assert_eq!(wall.time_at(1_060), Time::from_millis(64_600));
        assert_eq!(wall.time_at(999), Time::from_millis(5_500));
    }

    #[test]
    fn a_span_back_in_time_is_zero_and_a_span_past_the_end_stays_at_the_end() {
        let early = Time::from_millis(5);
        let late = early + Duration::from_secs(1);
        assert_eq!(late - early, Duration::from_secs(1));
        assert_eq!(early - late, Duration::ZERO);
        assert_eq!(late + Duration::MAX, Time::NEVER);
    }
}
