//! Opening hours: weekly clock intervals in an organisation's own time zone, and days on which it is closed. Pure: the
//! moment is handed in, in UTC.
//!
//! What counts is what a clock on the wall there shows. When it is put forward, an interval within the hour that does
//! not exist is no interval; when it is put back, one within the hour that comes twice is open twice.

mod interval;
mod week;

pub use interval::{Interval, InvalidInterval};
pub use week::{InvalidDays, Weekday, days};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use week::WEEK;

/// Opening hours of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Hours {
    zone: TimeZone,
    /// By weekday, Monday first.
    week: [Vec<Interval>; WEEK],
    /// Days on which nothing opens, and what is said then.
    closed: BTreeMap<Date, Option<Box<str>>>,
}

/// No such time zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a time zone such as Europe/Stockholm, got {name:?}")]
pub struct UnknownZone {
    name: String,
}

/// No such day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a date such as 2026-12-24, got {text:?}")]
pub struct InvalidDate {
    text: String,
}

/// Whether it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict<'h> {
    /// It is.
    Open,
    /// It is not, by the week.
    Closed,
    /// It is not, since this day is one on which it is closed.
    ClosedDay {
        /// What the configuration says of the day.
        note: Option<&'h str>,
    },
}

impl Hours {
    /// Hours without any, in that time zone.
    pub fn new(zone: &str) -> Result<Hours, UnknownZone> {
        let unknown = |_| UnknownZone {
            name: zone.to_owned(),
        };
        Ok(Hours {
            zone: TimeZone::get(zone).map_err(unknown)?,
            week: Default::default(),
            closed: BTreeMap::new(),
        })
    }

    /// Open on that weekday in this interval too.
    pub fn open(&mut self, day: Weekday, interval: Interval) {
        self.week[day.index()].push(interval);
    }

    /// Closed on that date, all day: what opens on it does not, and what opened the evening before ends at midnight.
    pub fn close(&mut self, date: &str, note: Option<Box<str>>) -> Result<(), InvalidDate> {
        let invalid = |_| InvalidDate {
            text: date.to_owned(),
        };
        let date: Date = date.parse().map_err(invalid)?;
        self.closed.insert(date, note);
        Ok(())
    }

    /// Whether it is open at that moment, in seconds since 1970 (UTC).
    pub fn at(&self, unix_seconds: i64) -> Verdict<'_> {
        // Beyond the year 9999 no clock shows anything; nothing opens then either.
        let Ok(moment) = Timestamp::from_second(unix_seconds) else {
            return Verdict::Closed;
        };
        let there = self.zone.to_datetime(moment);
        let today = there.date();
        let minute = there.hour() as u16 * 60 + there.minute() as u16;
        if let Some(note) = self.closed.get(&today) {
            return Verdict::ClosedDay {
                note: note.as_deref(),
            };
        }
        let opened_today = self.intervals(today).any(|it| it.opens_by(minute));
        let opened_yesterday = today
            .yesterday()
            .ok()
            .filter(|yesterday| !self.closed.contains_key(yesterday))
            .is_some_and(|yesterday| self.intervals(yesterday).any(|it| it.lasts_until(minute)));
        if opened_today || opened_yesterday {
            Verdict::Open
        } else {
            Verdict::Closed
        }
    }

    fn intervals(&self, date: Date) -> impl Iterator<Item = Interval> {
        let monday_first = date.weekday().to_monday_zero_offset();
        self.week[monday_first as usize].iter().copied()
    }
}

#[cfg(test)]
mod tests;
