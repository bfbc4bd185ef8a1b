//! The days on which a pattern begins within a span, found by going from one to the next. A calendar of thousands of
//! events that come again is spread out so once, when it is read, and not looked through for every day that is asked about.

use crate::recurrence::{On, Recurrence, date_of, day_number, week_number};
use crate::week::WEEK;
use jiff::civil::Date;
use std::collections::BTreeSet;
use std::ops::Range;

/// Months of a year.
const YEAR: i64 = 12;

impl Recurrence {
    /// The days of a span (as [`day_number`]s) on which it begins, in order.
    pub(crate) fn starts(&self, span: Range<i64>) -> Vec<i64> {
        let first = self.from.map_or(span.start, day_number).max(span.start);
        let end = self.until.map_or(span.end, |until| day_number(until) + 1);
        let within = first..end.min(span.end);
        if within.is_empty() {
            return Vec::new();
        }
        let except: BTreeSet<i64> = self.except.iter().copied().map(day_number).collect();
        let mut days = self.of_pattern(&within);
        days.retain(|day| within.contains(day) && !except.contains(day));
        days.sort_unstable();
        days.dedup();
        days
    }

    /// Those of its pattern: all within the span, and perhaps some beside it.
    fn of_pattern(&self, span: &Range<i64>) -> Vec<i64> {
        let (Some(first), Some(last)) = (date_of(span.start), date_of(span.end - 1)) else {
            return Vec::new();
        };
        let from = self.counted_from();
        match &self.on {
            On::Daily => self.turns(day_number(from), span.start, span.end).collect(),
            On::Weekly(days) => {
                let weeks =
                    self.turns(week_number(from), week_number(first), week_number(last) + 1);
                let monday = |week: i64| week * WEEK as i64 - 3;
                let of_week = |week| {
                    days.iter()
                        .map(move |day| monday(week) + day.index() as i64)
                };
                weeks.flat_map(of_week).collect()
            }
            On::Monthly(days) => {
                let months = self.turns(
                    month_number(from),
                    month_number(first),
                    month_number(last) + 1,
                );
                let of_month = |month| {
                    let first = first_of(month).into_iter();
                    first.flat_map(|first| days.iter().filter_map(move |day| day.of_month(first)))
                };
                months.flat_map(of_month).map(day_number).collect()
            }
            On::Yearly(days) => {
                let years = [from, first, last].map(|date| i64::from(date.year()));
                let years = self.turns(years[0], years[1], years[2] + 1);
                let of_year = |year| days.iter().filter_map(move |day| day.of_year(year));
                let years = years.filter_map(|year| i16::try_from(year).ok());
                years.flat_map(of_year).map(day_number).collect()
            }
        }
    }

    /// Every so many days, weeks, months or years, counted from one of them, of those from `first` to before `end`.
    fn turns(&self, from: i64, first: i64, end: i64) -> impl Iterator<Item = i64> + use<> {
        let every = i64::from(self.every.max(1));
        let next = first + (from - first).rem_euclid(every);
        (next..end).step_by(usize::from(self.every.max(1)))
    }

    /// How much it takes to say whether it is about a day.
    pub(crate) fn weight(&self) -> usize {
        let named = match &self.on {
            On::Daily | On::Weekly(_) => 1,
            On::Monthly(days) => days.len(),
            On::Yearly(days) => days.len(),
        };
        named.saturating_mul(usize::from(self.lasts_days))
    }
}

/// Months since the beginning of our era.
pub(crate) fn month_number(date: Date) -> i64 {
    i64::from(date.year()) * YEAR + i64::from(date.month()) - 1
}

fn first_of(month: i64) -> Option<Date> {
    let year = i16::try_from(month.div_euclid(YEAR)).ok()?;
    let month = i8::try_from(month.rem_euclid(YEAR) + 1).ok()?;
    Date::new(year, month, 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DayOfMonth, DayOfYear, days};

    fn monthly(text: &str) -> On {
        On::Monthly(vec![
            DayOfMonth::parse(text).unwrap(),
            DayOfMonth::Number(30),
        ])
    }

    fn yearly(text: &str) -> On {
        On::Yearly(vec![DayOfYear::parse(text).unwrap()])
    }

    #[test]
    fn the_days_it_begins_on_are_those_of_which_it_says_so_itself() {
        let patterns = [
            On::Daily,
            On::Weekly(days("mon,thu").unwrap()),
            monthly("last"),
            monthly("31"),
            monthly("first weekday"),
            monthly("last weekday"),
            monthly("fifth sunday"),
            monthly("last friday"),
            yearly("02-29"),
            yearly("easter-2"),
            yearly("last friday of november"),
            yearly("01-01"),
        ];
        let froms = [None, Some(Date::constant(2023, 5, 31))];
        let (first, end) = (Date::constant(2022, 11, 8), Date::constant(2030, 3, 3));
        let span = day_number(first)..day_number(end);
        for on in patterns {
            for (every, from) in [1, 2, 3, 7]
                .into_iter()
                .flat_map(|it| froms.map(|from| (it, from)))
            {
                let rule = Recurrence {
                    every,
                    from,
                    until: from.map(|_| Date::constant(2029, 12, 30)),
                    except: [Date::constant(2024, 2, 29), Date::constant(2026, 1, 1)].into(),
                    ..Recurrence::new(on.clone())
                };
                let slowly: Vec<i64> = span
                    .clone()
                    .filter(|day| rule.is_on(date_of(*day).unwrap()))
                    .collect();
                assert_eq!(rule.starts(span.clone()), slowly, "{rule:?}");
            }
        }
    }

    #[test]
    fn nothing_begins_within_a_span_that_is_over_before_it() {
        let once = Recurrence::once(Date::constant(2026, 1, 1));
        assert_eq!(once.starts(0..10), [0; 0]);
        assert_eq!(once.starts(10..10), [0; 0]);
    }
}
