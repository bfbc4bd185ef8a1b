//! Moments and spans by the clock on the wall. A list outlives the process and its windows are times of day, so what
//! stays of it is told by that clock; what ends with the process (a lease, a place that is held) by the monotonic one.

use serde::{Deserialize, Serialize};
use std::ops::Add;
use std::time::Duration;

/// Seconds since 1970 (UTC).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Utc(i64);

impl Utc {
    /// So many seconds since 1970.
    pub const fn from_seconds(seconds: i64) -> Utc {
        Utc(seconds)
    }

    /// Seconds since 1970.
    pub const fn as_seconds(self) -> i64 {
        self.0
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Utc) -> Duration {
        let seconds = self.0.saturating_sub(earlier.0).max(0);
        Duration::from_secs(seconds.unsigned_abs())
    }
}

impl Add<Duration> for Utc {
    type Output = Utc;

    fn add(self, span: Duration) -> Utc {
        let seconds = i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
        Utc(self.0.saturating_add(seconds))
    }
}

/// From a moment until another, not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// When it begins.
    pub from: Utc,
    /// When it is over.
    pub until: Utc,
}

impl Span {
    /// Whether a moment is within it.
    pub fn has(&self, at: Utc) -> bool {
        self.from <= at && at < self.until
    }

    /// Whether it is no longer than one of `spans`, or than several that follow on one another.
    pub fn lies_in(&self, spans: &[Span]) -> bool {
        let mut reached = self.from;
        let mut spans: Vec<&Span> = spans.iter().collect();
        spans.sort_unstable();
        for span in spans {
            if span.from <= reached && reached < span.until {
                reached = span.until;
            }
        }
        self.from < self.until && self.until <= reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: i64, until: i64) -> Span {
        Span {
            from: Utc(from),
            until: Utc(until),
        }
    }

    #[test]
    fn a_span_lies_in_hours_that_hold_all_of_it_also_where_they_are_in_pieces() {
        let hours = [span(13, 17), span(8, 12)];
        assert!(span(8, 12).lies_in(&hours));
        assert!(span(14, 15).lies_in(&hours));
        assert!(!span(11, 14).lies_in(&hours));
        assert!(!span(16, 18).lies_in(&hours));
        assert!(!span(9, 9).lies_in(&hours));
        assert!(span(11, 14).lies_in(&[span(8, 12), span(12, 17)]));
        assert!(!span(8, 9).lies_in(&[]));
    }
}
