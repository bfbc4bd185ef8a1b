//! Days that differ because somebody said so, in the configuration or in a calendar of somebody else's.

use crate::interval::Interval;
use crate::recurrence::{Recurrence, day_number};
use jiff::civil::Date;
use std::collections::BTreeMap;

/// The first of the days that are spread out. Fixed, so that the same calendar is the same value whenever it is read.
const SPREAD_FROM: Date = Date::constant(2020, 1, 1);

/// How many are: forty years. Whoever asks about another day waits until all that comes again has been looked through.
const SPREAD_DAYS: usize = 14_610;

/// What is looked through for each day that is asked about: some ten days that come every year. Beyond it a table of
/// all days costs less.
const LOOKED_THROUGH_MAX: usize = 16;

/// A day that differs because somebody said so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnDay {
    /// What it is called.
    pub name: Option<Box<str>>,
    /// When it is open on it; never, where there is no interval.
    pub hours: Vec<Interval>,
    /// What the configuration has said on it to callers who come while it is closed.
    pub message: Option<Box<str>>,
}

/// Such days; of several for a day the first holds, and one of a date goes before one that comes again.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct OwnDays {
    dates: BTreeMap<Date, OwnDay>,
    recurring: Vec<(Recurrence, OwnDay)>,
    /// The sum of what they weigh.
    weight: usize,
    /// For each day of those that are spread out which of `recurring` holds, counted from 1; empty while they are few.
    spread: Vec<u32>,
}

impl OwnDays {
    pub(crate) fn add(&mut self, days: Recurrence, day: OwnDay) {
        if let Some(dates) = days.dates() {
            for date in dates {
                self.dates.entry(date).or_insert_with(|| day.clone());
            }
            return;
        }
        self.weight = self.weight.saturating_add(days.weight());
        self.recurring.push((days, day));
        if !self.spread.is_empty() {
            self.spread_out(self.recurring.len() - 1);
        } else if self.weight > LOOKED_THROUGH_MAX {
            self.spread = vec![0; SPREAD_DAYS];
            (0..self.recurring.len()).for_each(|index| self.spread_out(index));
        }
    }

    pub(crate) fn find(&self, date: Date) -> Option<&OwnDay> {
        self.dates
            .get(&date)
            .or_else(|| self.find_recurring(date).map(|(_, day)| day))
    }

    fn find_recurring(&self, date: Date) -> Option<&(Recurrence, OwnDay)> {
        let days_in = day_number(date) - day_number(SPREAD_FROM);
        let spread = usize::try_from(days_in).ok();
        match spread.and_then(|index| self.spread.get(index)) {
            Some(holds) => self.recurring.get((*holds as usize).checked_sub(1)?),
            None => self.recurring.iter().find(|(days, _)| days.is_on(date)),
        }
    }

    /// Marks the days of one that no earlier one has.
    fn spread_out(&mut self, index: usize) {
        let Some((days, _)) = self.recurring.get(index) else {
            return;
        };
        let Ok(mark) = u32::try_from(index + 1) else {
            return;
        };
        let first = day_number(SPREAD_FROM);
        let end = first + SPREAD_DAYS as i64;
        let lasts = i64::from(days.lasts_days);
        let mut marked = first;
        for start in days.starts(first - lasts..end) {
            let (from, to) = (start.max(marked), (start + lasts).min(end));
            for day in from..to {
                let held = usize::try_from(day - first).ok();
                if let Some(held) = held.and_then(|day| self.spread.get_mut(day))
                    && *held == 0
                {
                    *held = mark;
                }
            }
            marked = marked.max(to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recurrence::date_of;
    use crate::{DayOfYear, EVENTS_MAX, On, days};

    fn named(name: &str) -> OwnDay {
        OwnDay {
            name: Some(name.into()),
            ..OwnDay::default()
        }
    }

    #[test]
    fn many_days_that_come_again_hold_as_the_same_looked_through_one_by_one() {
        let mut own = OwnDays::default();
        let mut plain: Vec<(Recurrence, String)> = Vec::new();
        for n in 0..40_u16 {
            let on = match n % 3 {
                0 => On::Yearly(vec![DayOfYear::Easter(i16::try_from(n).unwrap() - 20)]),
                1 => On::Weekly(days("wed").unwrap()),
                _ => On::Daily,
            };
            let rule = Recurrence {
                every: 5 + n,
                from: Some(Date::constant(2019, 12, 28)),
                lasts_days: 1 + n % 4,
                until: (n % 2 == 0).then(|| Date::constant(2033, 1, 1)),
                ..Recurrence::new(on)
            };
            own.add(rule.clone(), named(&n.to_string()));
            plain.push((rule, n.to_string()));
        }
        assert!(!own.spread.is_empty());
        let first = day_number(SPREAD_FROM);
        let end = first + SPREAD_DAYS as i64;
        for day in (first - 40..first + 1_500).chain(end - 40..end + 40) {
            let date = date_of(day).unwrap();
            let first = plain.iter().find(|(rule, _)| rule.is_on(date));
            let found = own.find(date).and_then(|day| day.name.as_deref());
            assert_eq!(found, first.map(|(_, name)| name.as_str()), "{date}");
        }
    }

    /// Looked through day by day for every day that is asked about, this takes minutes.
    #[test]
    fn as_many_events_as_a_file_may_have_each_of_a_year_are_asked_about_every_day() {
        let mut own = OwnDays::default();
        for n in 0..EVENTS_MAX {
            let rule = Recurrence {
                every: 90,
                from: Some(Date::constant(2019, 1, 1)),
                lasts_days: 366,
                except: [Date::constant(2026, 1, 1)].into(),
                ..Recurrence::new(On::Yearly(vec![DayOfYear::parse("12-24").unwrap()]))
            };
            own.add(rule, named(&n.to_string()));
        }
        let first = day_number(Date::constant(2026, 1, 1));
        for day in first..first + 800 {
            assert_eq!(own.find(date_of(day).unwrap()), None);
        }
    }
}
