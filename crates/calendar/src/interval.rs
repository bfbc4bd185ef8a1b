//! A clock interval: from a minute of the day to another, which may be on the next day.

use std::fmt;
use std::str::FromStr;

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// From a minute of the day until another, not included. One that ends no later than it begins goes over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval {
    from: u16,
    to: u16,
}

/// A text that is no interval.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a clock interval such as 08:00-17:00, got {text:?}")]
pub struct InvalidInterval {
    text: String,
}

impl Interval {
    /// The minute of the day on which it begins.
    pub fn from(self) -> u16 {
        self.from
    }

    /// The minute of the day, that one or the next, on which it ends.
    pub fn to(self) -> u16 {
        self.to
    }

    /// Whether a clock at `minute` of the day on which it began is within it.
    pub(crate) fn opens_by(self, minute: u16) -> bool {
        minute >= self.from && (minute < self.to || self.is_overnight())
    }

    /// Whether a clock at `minute` of the next day still is.
    pub(crate) fn lasts_until(self, minute: u16) -> bool {
        self.is_overnight() && minute < self.to
    }

    fn is_overnight(self) -> bool {
        self.to <= self.from
    }
}

impl FromStr for Interval {
    type Err = InvalidInterval;

    fn from_str(text: &str) -> Result<Interval, InvalidInterval> {
        let parsed = text.split_once('-').and_then(|(from, to)| {
            let from = minute(from.trim()).filter(|from| *from < DAY)?;
            Some(Interval {
                from,
                to: minute(to.trim())?,
            })
        });
        parsed.ok_or_else(|| InvalidInterval {
            text: text.to_owned(),
        })
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        write!(f, "{}-{}", clock(self.from), clock(self.to))
    }
}

/// Minute of the day, up to 24:00.
fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |digits: &str| {
        let fine = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse::<u16>().ok().filter(|_| fine)
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let minute = hours * 60 + minutes;
    (minutes < 60 && minute <= DAY).then_some(minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_reads_back_as_it_was_written() {
        for text in ["08:00-12:00", "00:00-24:00", "22:30-02:00"] {
            assert_eq!(text.parse::<Interval>().unwrap().to_string(), text);
        }
        for bad in [
            "",
            "8-17",
            "8:00-17:00",
            "08:00",
            "08:60-09:00",
            "24:00-08:00",
            "08:00-25:00",
            "08:00-17:00-18:00",
            "+8:00-09:00",
        ] {
            assert!(bad.parse::<Interval>().is_err(), "{bad:?}");
        }
    }
}
