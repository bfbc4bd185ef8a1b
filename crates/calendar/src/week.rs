//! Days of the week, and how several are written: `mon-fri`, `sat,sun`.

use jiff::civil::Date;

/// Days of a week.
pub(crate) const WEEK: usize = 7;

/// As they are written.
const NAMES: [&str; WEEK] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weekday(u8);

/// As they are written in full.
const FULL_NAMES: [&str; WEEK] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// As RFC 5545 §3.3.10 writes them.
const RFC_5545: [&str; WEEK] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

impl Weekday {
    pub(crate) const FRIDAY: Weekday = Weekday(4);
    pub(crate) const SATURDAY: Weekday = Weekday(5);

    /// All of them, Monday first.
    pub const ALL: [Weekday; WEEK] = [
        Weekday(0),
        Weekday(1),
        Weekday(2),
        Weekday(3),
        Weekday::FRIDAY,
        Weekday::SATURDAY,
        Weekday(6),
    ];

    /// The one that a date is on.
    pub fn of(date: Date) -> Weekday {
        let monday_first = date.weekday().to_monday_zero_offset();
        Weekday(monday_first.unsigned_abs())
    }

    /// The one so many days later.
    pub(crate) fn plus(self, days: i8) -> Weekday {
        let week = WEEK as i16;
        let index = (i16::from(self.0) + i16::from(days)).rem_euclid(week);
        Weekday(index as u8)
    }

    /// Whether it is one from Monday to Friday.
    pub(crate) fn is_working(self) -> bool {
        self <= Weekday::FRIDAY
    }

    pub(crate) fn of_full_name(name: &str) -> Option<Weekday> {
        Weekday::at(FULL_NAMES.iter().position(|day| *day == name))
    }

    pub(crate) fn of_rfc_5545(name: &str) -> Option<Weekday> {
        Weekday::at(RFC_5545.iter().position(|day| *day == name))
    }

    fn at(index: Option<usize>) -> Option<Weekday> {
        index.and_then(|index| Weekday::ALL.get(index).copied())
    }

    /// Monday is 0.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Its short name in English, in lower case.
    pub fn name(self) -> &'static str {
        NAMES[self.index()]
    }

    fn named(name: &str) -> Option<Weekday> {
        Weekday::at(NAMES.iter().position(|day| *day == name))
    }
}

/// A text that names no days.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected days such as mon-fri, or sat,sun, got {text:?}")]
pub struct InvalidDays {
    text: String,
}

/// The days that a text names: single ones and ranges, with commas between. A range may go over Sunday.
pub fn days(text: &str) -> Result<Vec<Weekday>, InvalidDays> {
    let invalid = || InvalidDays {
        text: text.to_owned(),
    };
    let mut days = Vec::new();
    for part in text.split(',').map(str::trim) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let first = Weekday::named(first.trim()).ok_or_else(invalid)?;
        let last = Weekday::named(last.trim()).ok_or_else(invalid)?;
        let mut day = first;
        loop {
            if days.contains(&day) {
                return Err(invalid());
            }
            days.push(day);
            if day == last {
                break;
            }
            day = day.plus(1);
        }
    }
    Ok(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Option<Vec<&'static str>> {
        Some(days(text).ok()?.into_iter().map(Weekday::name).collect())
    }

    #[test]
    fn days_are_single_ones_and_ranges_and_no_day_twice() {
        assert_eq!(named("mon"), Some(vec!["mon"]));
        assert_eq!(named("sat-mon"), Some(vec!["sat", "sun", "mon"]));
        assert_eq!(named("mon-tue, fri"), Some(vec!["mon", "tue", "fri"]));
        for bad in ["", "mon-", "monday", "mon,mon", "mon-fri,wed", "Mon"] {
            assert_eq!(named(bad), None, "{bad:?}");
        }
    }
}
