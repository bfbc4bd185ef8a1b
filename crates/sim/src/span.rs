//! Spans and times of day as people write them: `"90s"`, `"1m 30s"`, `"08:00"`.

use serde::{Deserialize, Deserializer, de};
use std::time::Duration;

/// A time of day, as a span since midnight. Midnight at the day's end is `24:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clock(pub Duration);

impl Clock {
    /// That hour, on the hour.
    pub const fn hour(hour: u64) -> Clock {
        Clock(Duration::from_secs(hour * 3_600))
    }

    fn read(text: &str) -> Option<Clock> {
        let (hours, minutes) = text.split_once(':')?;
        let in_digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        if !in_digits(hours) || !in_digits(minutes) {
            return None;
        }
        let (hours, minutes): (u64, u64) = (hours.parse().ok()?, minutes.parse().ok()?);
        let of_day = hours * 60 + minutes;
        (minutes < 60 && of_day <= 24 * 60).then(|| Clock(Duration::from_secs(of_day * 60)))
    }
}

impl<'de> Deserialize<'de> for Clock {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Clock, D::Error> {
        let text = String::deserialize(from)?;
        let wrong =
            || de::Error::custom(format!("expected a time such as \"08:30\", got {text:?}"));
        Clock::read(&text).ok_or_else(wrong)
    }
}

/// For a field that is a span.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    let wrong = || {
        de::Error::custom(format!(
            "expected a span such as \"90s\" or \"3m\", got {text:?}"
        ))
    };
    let span: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(span).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_hours_and_minutes() {
        assert_eq!(
            Clock::read("08:30"),
            Some(Clock(Duration::from_secs(30_600)))
        );
        assert_eq!(Clock::read("24:00"), Some(Clock::hour(24)));
        for wrong in ["8:30", "24:01", "08:60", "08.30", "+8:30", "", "0830"] {
            assert_eq!(Clock::read(wrong), None, "{wrong}");
        }
    }
}
