//! Which days a rule is about: the part of RFC 5545 §3.3.10 that speaks of days, in plain words. A rule never needs to
//! be written out: whether it is about a day is seen from the day.

use crate::easter::easter;
use crate::occurrences::month_number;
use crate::week::{WEEK, Weekday};
use jiff::ToSpan;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// Which days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recurrence {
    /// In what pattern.
    pub on: On,
    /// Every so many days, weeks, months or years, counted from `from`; at least 1.
    pub every: u16,
    /// Not before that day.
    pub from: Option<Date>,
    /// Not after it.
    pub until: Option<Date>,
    /// Not on these.
    pub except: BTreeSet<Date>,
    /// For so many days each time; at least 1. What is said above is said of the first of them.
    pub lasts_days: u16,
}

/// In what pattern days come again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum On {
    /// Each day.
    Daily,
    /// On these days of the week.
    Weekly(Vec<Weekday>),
    /// On these days of the month.
    Monthly(Vec<DayOfMonth>),
    /// On these days of the year.
    Yearly(Vec<DayOfYear>),
}

/// A day of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayOfMonth {
    /// The one of that number; a month that has none is passed over.
    Number(i8),
    /// That many from its end: -1 is the last.
    FromEnd(i8),
    /// The first (1) to fifth (5), or last (-1) of one of these days.
    Nth(i8, DayKind),
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayKind {
    /// That day of the week.
    Weekday(Weekday),
    /// Any from Monday to Friday.
    Working,
}

/// A day of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayOfYear {
    /// That day of that month.
    InMonth(i8, DayOfMonth),
    /// So many days after Easter Sunday, or before it.
    Easter(i16),
}

/// A text that says no days.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, got {text:?}")]
pub struct InvalidDay {
    expected: &'static str,
    text: String,
}

impl Recurrence {
    /// That pattern, each time, for ever.
    pub fn new(on: On) -> Recurrence {
        Recurrence {
            on,
            every: 1,
            from: None,
            until: None,
            except: BTreeSet::new(),
            lasts_days: 1,
        }
    }

    /// That day alone.
    pub fn once(date: Date) -> Recurrence {
        Recurrence {
            from: Some(date),
            until: Some(date),
            ..Recurrence::new(On::Daily)
        }
    }

    /// Its dates, if it is only once.
    pub(crate) fn dates(&self) -> Option<Vec<Date>> {
        let is_once = self.on == On::Daily && self.from == self.until && self.except.is_empty();
        let first = self.from.filter(|_| is_once)?;
        let days = first.series(1.day());
        Some(days.take(usize::from(self.lasts_days)).collect())
    }

    /// Whether it is about that day.
    pub fn is_on(&self, date: Date) -> bool {
        let back = (0..i64::from(self.lasts_days)).map(|days| date.checked_sub(days.days()));
        back.flatten().any(|date| self.starts_on(date))
    }

    fn starts_on(&self, date: Date) -> bool {
        let within = self.from.is_none_or(|from| from <= date)
            && self.until.is_none_or(|until| date <= until);
        within && !self.except.contains(&date) && self.is_its_turn(date) && self.on.is_on(date)
    }

    /// The day from which every so many are counted.
    pub(crate) fn counted_from(&self) -> Date {
        self.from.unwrap_or(EPOCH)
    }

    /// Whether the day's week, month or year is one of every so many.
    fn is_its_turn(&self, date: Date) -> bool {
        let every = i64::from(self.every.max(1));
        if every == 1 {
            return true;
        }
        let from = self.counted_from();
        let apart = match &self.on {
            On::Daily => day_number(date) - day_number(from),
            On::Weekly(_) => week_number(date) - week_number(from),
            On::Monthly(_) => month_number(date) - month_number(from),
            On::Yearly(_) => i64::from(date.year()) - i64::from(from.year()),
        };
        apart.rem_euclid(every) == 0
    }
}

impl On {
    fn is_on(&self, date: Date) -> bool {
        match self {
            On::Daily => true,
            On::Weekly(days) => days.contains(&Weekday::of(date)),
            On::Monthly(days) => days.iter().any(|day| day.is_on(date)),
            On::Yearly(days) => days.iter().any(|day| day.is_on(date)),
        }
    }
}

/// From when days are counted.
const EPOCH: Date = Date::constant(1970, 1, 1);

/// Days since 1970.
pub(crate) fn day_number(date: Date) -> i64 {
    EPOCH
        .until(date)
        .map_or(0, |span| i64::from(span.get_days()))
}

/// The day that is so many after 1970 began, if calendars have it.
pub(crate) fn date_of(day_number: i64) -> Option<Date> {
    EPOCH.checked_add(day_number.days()).ok()
}

/// Weeks since the one that 1970 began in; they begin on Mondays (ISO 8601).
pub(crate) fn week_number(date: Date) -> i64 {
    // 1 January 1970 was a Thursday.
    (day_number(date) + 3).div_euclid(WEEK as i64)
}

impl DayOfMonth {
    /// The day that it is in the month that begins on that one, if it has it.
    pub(crate) fn of_month(self, first: Date) -> Option<Date> {
        let length = first.days_in_month();
        let day = match self {
            DayOfMonth::Number(number) => Some(number).filter(|day| *day <= length),
            DayOfMonth::FromEnd(back) => Some(length + 1 + back).filter(|day| *day >= 1),
            DayOfMonth::Nth(nth, kind) => {
                let begins = Weekday::of(first);
                let fits = |day: &i8| {
                    let of_day = begins.plus(day - 1);
                    match kind {
                        DayKind::Weekday(weekday) => of_day == weekday,
                        DayKind::Working => of_day.is_working(),
                    }
                };
                let mut days = (1..=length).filter(fits);
                match nth {
                    -1 => days.next_back(),
                    _ => days.nth(usize::try_from(nth).ok()?.checked_sub(1)?),
                }
            }
        };
        Date::new(first.year(), first.month(), day?).ok()
    }

    fn is_on(self, date: Date) -> bool {
        match self {
            DayOfMonth::Number(number) => date.day() == number,
            _ => self.of_month(date.first_of_month()) == Some(date),
        }
    }

    /// As it is written: `15`, `last`, `first monday`, `last weekday`.
    pub fn parse(text: &str) -> Result<DayOfMonth, InvalidDay> {
        let invalid = || InvalidDay {
            expected: "a day of the month such as \"15\", \"last\", \"first monday\" or \"last weekday\"",
            text: text.to_owned(),
        };
        if let Ok(number) = text.parse() {
            return match number {
                1..=31 => Ok(DayOfMonth::Number(number)),
                _ => Err(invalid()),
            };
        }
        let mut words = text.split_whitespace();
        let nth = words.next().and_then(ordinal).ok_or_else(invalid)?;
        let day = match (words.next(), nth) {
            (None, -1) => DayOfMonth::FromEnd(-1),
            (None, _) => return Err(invalid()),
            (Some("weekday"), _) => DayOfMonth::Nth(nth, DayKind::Working),
            (Some(name), _) => {
                let weekday = Weekday::of_full_name(name).ok_or_else(invalid)?;
                DayOfMonth::Nth(nth, DayKind::Weekday(weekday))
            }
        };
        match words.next() {
            None => Ok(day),
            Some(_) => Err(invalid()),
        }
    }
}

impl DayOfYear {
    /// The day that it is in that year, if it has it.
    pub(crate) fn of_year(self, year: i16) -> Option<Date> {
        match self {
            DayOfYear::InMonth(month, day) => day.of_month(Date::new(year, month, 1).ok()?),
            DayOfYear::Easter(after) => easter(year).checked_add(i64::from(after).days()).ok(),
        }
    }

    fn is_on(self, date: Date) -> bool {
        match self {
            DayOfYear::InMonth(month, day) => date.month() == month && day.is_on(date),
            DayOfYear::Easter(_) => self.of_year(date.year()) == Some(date),
        }
    }

    /// As it is written: `12-24`, `easter+39`, `last friday of november`.
    pub fn parse(text: &str) -> Result<DayOfYear, InvalidDay> {
        let invalid = || InvalidDay {
            expected: "a day of the year such as \"12-24\", \"easter+39\" or \"last friday of november\"",
            text: text.to_owned(),
        };
        if let Some(after) = text.strip_prefix("easter") {
            let after: i16 = match after {
                "" => 0,
                _ => after.parse().map_err(|_| invalid())?,
            };
            // Further from Easter is a date that another rule says better.
            return match after {
                -100..=250 => Ok(DayOfYear::Easter(after)),
                _ => Err(invalid()),
            };
        }
        if let Some((day, month)) = text.rsplit_once(" of ") {
            let month = month_named(month.trim()).ok_or_else(invalid)?;
            let day = DayOfMonth::parse(day.trim()).map_err(|_| invalid())?;
            return Ok(DayOfYear::InMonth(month, day));
        }
        let (month, day) = text.split_once('-').ok_or_else(invalid)?;
        let two = |digits: &str| {
            let fine = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
            digits.parse::<i8>().ok().filter(|_| fine)
        };
        let (month, day) = two(month).zip(two(day)).ok_or_else(invalid)?;
        // A leap year has every day there is.
        Date::new(2_000, month, day).map_err(|_| invalid())?;
        Ok(DayOfYear::InMonth(month, DayOfMonth::Number(day)))
    }
}

fn ordinal(word: &str) -> Option<i8> {
    const WORDS: [(&str, i8); 6] = [
        ("first", 1),
        ("second", 2),
        ("third", 3),
        ("fourth", 4),
        ("fifth", 5),
        ("last", -1),
    ];
    let found = WORDS.iter().find(|(known, _)| *known == word);
    found.map(|(_, nth)| *nth)
}

fn month_named(word: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let index = MONTHS.iter().position(|month| *month == word)?;
    i8::try_from(index + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days_of(recurrence: &Recurrence, year: i16) -> Vec<String> {
        let first = Date::new(year, 1, 1).unwrap();
        let days = first.series(1.day()).take_while(|date| date.year() == year);
        let on = days.filter(|date| recurrence.is_on(*date));
        on.map(|date| date.to_string()[5..].to_owned()).collect()
    }

    fn monthly(text: &str) -> Recurrence {
        Recurrence::new(On::Monthly(vec![DayOfMonth::parse(text).unwrap()]))
    }

    fn yearly(text: &str) -> Recurrence {
        Recurrence::new(On::Yearly(vec![DayOfYear::parse(text).unwrap()]))
    }

    // Changes: recurrence.monthly
    #[test]
    fn days_of_a_month_are_named_as_people_name_them() {
        assert_eq!(days_of(&monthly("31"), 2026).len(), 7);
        assert_eq!(days_of(&monthly("last"), 2028)[1], "02-29");
        assert_eq!(days_of(&monthly("last friday"), 2026)[4], "05-29");
        assert_eq!(days_of(&monthly("first monday"), 2026)[0], "01-05");
        // 1 and 2 August 2026 are a Saturday and a Sunday.
        assert_eq!(days_of(&monthly("first weekday"), 2026)[7], "08-03");
        assert_eq!(days_of(&monthly("last weekday"), 2026)[4], "05-29");
        assert_eq!(days_of(&monthly("fifth sunday"), 2026)[0], "03-29");
        for bad in ["32", "0", "first", "first mon day", "sixth monday", ""] {
            assert!(DayOfMonth::parse(bad).is_err(), "{bad:?}");
        }
    }

    // Changes: recurrence.yearly
    #[test]
    fn days_of_a_year_are_dates_or_counted_from_easter() {
        assert_eq!(days_of(&yearly("12-24"), 2026), ["12-24"]);
        assert_eq!(days_of(&yearly("02-29"), 2026), [""; 0]);
        assert_eq!(days_of(&yearly("easter+39"), 2026), ["05-14"]);
        assert_eq!(days_of(&yearly("easter-2"), 2027), ["03-26"]);
        assert_eq!(
            days_of(&yearly("fourth thursday of november"), 2026),
            ["11-26"]
        );
        for bad in ["13-01", "2-29", "easter+x", "easter+300", "friday of may"] {
            assert!(DayOfYear::parse(bad).is_err(), "{bad:?}");
        }
    }

    // Changes: recurrence.weekdays, recurrence.every, recurrence.from, recurrence.until
    #[test]
    fn every_second_week_is_counted_from_the_first() {
        let days = crate::days("mon,thu").unwrap();
        let mut even = Recurrence::new(On::Weekly(days));
        even.every = 2;
        even.from = Some(Date::constant(2026, 1, 8));
        even.until = Some(Date::constant(2026, 2, 2));
        even.except.insert(Date::constant(2026, 1, 22));
        assert_eq!(days_of(&even, 2026), ["01-08", "01-19", "02-02"]);
        let mut third = Recurrence::new(On::Daily);
        third.every = 3;
        third.from = Some(Date::constant(2026, 12, 25));
        assert_eq!(days_of(&third, 2026), ["12-25", "12-28", "12-31"]);
    }
}
