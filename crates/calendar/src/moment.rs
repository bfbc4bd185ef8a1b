//! Moments as people write and read them: `2026-12-24 10:00` by the clock of a zone.

use crate::hours::Hours;
use crate::week::Weekday;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};

/// A text that is no moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a moment such as 2026-12-24T10:00, got {text:?}")]
pub struct InvalidMoment {
    text: String,
}

/// What a clock and a calendar show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The day.
    pub date: Date,
    /// Its day of the week.
    pub weekday: Weekday,
    /// Hour, from 0.
    pub hour: u8,
    /// Minute.
    pub minute: u8,
}

impl Hours {
    /// What the clock there shows at a moment, in seconds since 1970 (UTC); none beyond the years that there are.
    pub fn shown_at(&self, unix_seconds: i64) -> Option<Shown> {
        let moment = Timestamp::from_second(unix_seconds).ok()?;
        let there = self.zone().to_datetime(moment);
        Some(Shown {
            date: there.date(),
            weekday: Weekday::of(there.date()),
            hour: there.hour().unsigned_abs(),
            minute: there.minute().unsigned_abs(),
        })
    }

    /// When the day of a moment ends by the clock there; none beyond the years that there are.
    pub fn day_ends(&self, unix_seconds: i64) -> Option<i64> {
        let next = self.shown_at(unix_seconds)?.date.tomorrow().ok()?;
        let midnight = self.zone().to_timestamp(next.to_datetime(Time::midnight()));
        midnight.ok().map(Timestamp::as_second)
    }

    /// The same as people write it.
    pub fn written(&self, unix_seconds: i64) -> String {
        match self.shown_at(unix_seconds) {
            Some(at) => format!("{} {:02}:{:02}", at.date, at.hour, at.minute),
            None => "never".to_owned(),
        }
    }

    /// The same as programs read it, with the offset that the clock there has then (RFC 3339): `2026-12-24T10:00:00+01:00`.
    pub fn written_with_offset(&self, unix_seconds: i64) -> String {
        let moment = Timestamp::from_second(unix_seconds).unwrap_or_default();
        let offset = self.zone().to_offset(moment);
        moment.display_with_offset(offset).to_string()
    }

    /// The moment that a text says: `2026-12-24T10:00` or `2026-12-24 10:00` by the clock there, `10:00` for the next
    /// time it shows that after `now`, `2026-12-24` for its midnight; or with an offset, `2026-12-24T10:00+01:00`.
    pub fn moment(&self, text: &str, now: i64) -> Result<i64, InvalidMoment> {
        let invalid = || InvalidMoment {
            text: text.to_owned(),
        };
        if let Ok(moment) = text.parse::<Timestamp>() {
            return Ok(moment.as_second());
        }
        let shown = |there: DateTime| {
            let moment = self.zone().to_timestamp(there);
            moment.map(Timestamp::as_second).map_err(|_| invalid())
        };
        if let Some(time) = clock(text) {
            let today = self.shown_at(now).ok_or_else(invalid)?.date;
            let at = shown(today.to_datetime(time))?;
            if at > now {
                return Ok(at);
            }
            let tomorrow = today.tomorrow().map_err(|_| invalid())?;
            return shown(tomorrow.to_datetime(time));
        }
        shown(text.parse().map_err(|_| invalid())?)
    }
}

/// `10:00`.
fn clock(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let two = |digits: &str| {
        let fine = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse().ok().filter(|_| fine)
    };
    Time::new(two(hour)?, two(minute)?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_by_the_clock_of_the_zone_or_by_its_offset() {
        let hours = Hours::new("Europe/Stockholm").unwrap();
        let utc = |text: &str| text.parse::<Timestamp>().unwrap().as_second();
        let now = utc("2026-11-27T09:30:00Z");
        for (text, at) in [
            ("2026-12-24T10:00", "2026-12-24T09:00:00Z"),
            ("2026-06-26 10:00", "2026-06-26T08:00:00Z"),
            ("2026-12-24", "2026-12-23T23:00:00Z"),
            ("2026-12-24T10:00:00Z", "2026-12-24T10:00:00Z"),
            ("2026-12-24T10:00+01:00", "2026-12-24T09:00:00Z"),
            ("17:00", "2026-11-27T16:00:00Z"),
            // That was an hour ago.
            ("10:30", "2026-11-28T09:30:00Z"),
        ] {
            assert_eq!(hours.moment(text, now), Ok(utc(at)), "{text}");
        }
        for bad in ["", "tomorrow", "24:00", "2026-13-01", "1:00"] {
            assert!(hours.moment(bad, now).is_err(), "{bad:?}");
        }
        assert_eq!(
            hours.written(utc("2026-06-26T08:05:00Z")),
            "2026-06-26 10:05"
        );
    }

    #[test]
    fn of_the_hour_that_a_clock_shows_twice_the_offset_tells_which() {
        let hours = Hours::new("Europe/Stockholm").unwrap();
        let written = |text: &str| {
            let moment: Timestamp = text.parse().unwrap();
            hours.written_with_offset(moment.as_second())
        };
        for (utc, there) in [
            ("2026-10-25T00:30:00Z", "2026-10-25T02:30:00+02:00"),
            ("2026-10-25T01:30:00Z", "2026-10-25T02:30:00+01:00"),
        ] {
            assert_eq!(written(utc), there);
        }
    }

    #[test]
    fn a_day_ends_at_the_next_midnight_there_however_long_it_is() {
        let hours = Hours::new("Europe/Stockholm").unwrap();
        let utc = |text: &str| text.parse::<Timestamp>().unwrap().as_second();
        for (at, ends) in [
            ("2026-11-27T22:59:59Z", "2026-11-27T23:00:00Z"),
            ("2026-11-27T23:00:00Z", "2026-11-28T23:00:00Z"),
            // The days of 23 and of 25 hours.
            ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
            ("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
        ] {
            assert_eq!(hours.day_ends(utc(at)), Some(utc(ends)), "{at}");
        }
    }
}
