//! Recurrence rules as calendars write them (RFC 5545 §3.3.10): `FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24`. What speaks of
//! days is read; what speaks of hours, weeks of a year or places in a set is refused, since no calendar of holidays
//! that we met has it, and guessing would close the wrong day.

use crate::recurrence::{DayKind, DayOfMonth, DayOfYear, On, Recurrence, date_of, day_number};
use crate::week::Weekday;
use jiff::civil::Date;

/// Days that a rule with COUNT is followed for: forty years of every day.
const FOLLOWED_DAYS_MAX: i64 = 14_610;

/// Values in one part at most: every day of a year.
const VALUES_MAX: usize = 366;

/// The parts that are understood.
#[derive(Default)]
struct Parts<'t> {
    freq: Option<&'t str>,
    interval: Option<u16>,
    count: Option<usize>,
    until: Option<Date>,
    by_day: Vec<(i8, Weekday)>,
    by_month_day: Vec<i8>,
    by_month: Vec<i8>,
}

/// The rule that a text says of an event that starts on `start`; or what is wrong with it.
pub(crate) fn read(text: &str, start: Date) -> Result<Recurrence, String> {
    let mut parts = Parts::default();
    for part in text.split(';').filter(|part| !part.is_empty()) {
        let (name, value) = part
            .split_once('=')
            .ok_or_else(|| format!("expected NAME=value in RRULE, got {part:?}"))?;
        parts.take(&name.to_ascii_uppercase(), value)?;
    }
    let mut rule = Recurrence::new(parts.on(start)?);
    rule.every = parts.interval.unwrap_or(1);
    rule.from = Some(start);
    rule.until = parts.until;
    if let Some(count) = parts.count {
        let first = day_number(start);
        let starts = rule.starts(first..first + FOLLOWED_DAYS_MAX);
        let last = starts.get(count - 1).or(starts.last());
        rule.until = last.and_then(|day| date_of(*day)).or(rule.until);
    }
    Ok(rule)
}

impl<'t> Parts<'t> {
    fn take(&mut self, name: &str, value: &'t str) -> Result<(), String> {
        let wrong = || format!("expected another value of {name} in RRULE, got {value:?}");
        match name {
            "FREQ" => self.freq = Some(value),
            "INTERVAL" => {
                let number = value.parse().ok().filter(|number| *number > 0);
                self.interval = Some(number.ok_or_else(wrong)?);
            }
            "COUNT" => {
                let number = value.parse().ok().filter(|number| *number > 0);
                self.count = Some(number.ok_or_else(wrong)?);
            }
            "UNTIL" => self.until = Some(date(value).ok_or_else(wrong)?),
            "BYDAY" => self.by_day = list(value, by_day).ok_or_else(wrong)?,
            "BYMONTHDAY" => {
                let day = |text: &str| number_within(text, 31);
                self.by_month_day = list(value, day).ok_or_else(wrong)?;
            }
            "BYMONTH" => {
                let month = |text: &str| number_within(text, 12).filter(|month| *month > 0);
                self.by_month = list(value, month).ok_or_else(wrong)?;
            }
            // Counts for rules of every so many weeks only where it is not Monday; Outlook always writes it.
            "WKST" => {}
            _ => {
                return Err(format!(
                    "expected no {name} in RRULE: it is not understood here"
                ));
            }
        }
        Ok(())
    }

    fn on(&self, start: Date) -> Result<On, String> {
        let freq = self.freq.ok_or("expected FREQ in RRULE")?;
        let within_month = self.days_of_month(start);
        match freq.to_ascii_uppercase().as_str() {
            "DAILY" if self.has_by() => Err("expected no BY parts beside FREQ=DAILY".to_owned()),
            "DAILY" => Ok(On::Daily),
            "WEEKLY" if self.by_month.is_empty() && self.by_month_day.is_empty() => {
                let days = self.by_day.iter().map(|(_, day)| *day);
                let days: Vec<Weekday> = days.collect();
                Ok(On::Weekly(match days.is_empty() {
                    true => vec![Weekday::of(start)],
                    false => days,
                }))
            }
            "MONTHLY" if self.by_month.is_empty() => Ok(On::Monthly(within_month)),
            "YEARLY" => {
                let months = match self.by_month.is_empty() {
                    true => vec![start.month()],
                    false => self.by_month.clone(),
                };
                let days = months.iter().flat_map(|month| {
                    let days = within_month.iter();
                    days.map(|day| DayOfYear::InMonth(*month, *day))
                });
                Ok(On::Yearly(days.collect()))
            }
            _ => Err(format!("expected a rule of days in RRULE, got FREQ={freq}")),
        }
    }

    fn has_by(&self) -> bool {
        !(self.by_day.is_empty() && self.by_month_day.is_empty() && self.by_month.is_empty())
    }

    fn days_of_month(&self, start: Date) -> Vec<DayOfMonth> {
        if !self.by_month_day.is_empty() {
            let day = |day: &i8| match *day {
                day if day < 0 => DayOfMonth::FromEnd(day),
                day => DayOfMonth::Number(day),
            };
            return self.by_month_day.iter().map(day).collect();
        }
        if self.by_day.is_empty() {
            return vec![DayOfMonth::Number(start.day())];
        }
        let nth = |nth: i8, day| DayOfMonth::Nth(nth, DayKind::Weekday(day));
        let days = self.by_day.iter().flat_map(|(number, day)| match number {
            // Without a number, each of the month's.
            0 => (1..=5).map(|number| nth(number, *day)).collect(),
            number => vec![nth(*number, *day)],
        });
        days.collect()
    }
}

/// Each value once: what is written a hundred times would be looked at a hundred times a day.
fn list<T: Ord>(value: &str, read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    let items = value.split(',').take(VALUES_MAX + 1);
    let items: Option<Vec<T>> = items.map(|item| read(item.trim())).collect();
    let mut items = items.filter(|items| items.len() <= VALUES_MAX)?;
    items.sort_unstable();
    items.dedup();
    Some(items)
}

fn number_within(text: &str, most: i8) -> Option<i8> {
    let number: i8 = text.parse().ok()?;
    (number != 0 && (-most..=most).contains(&number)).then_some(number)
}

/// `MO`, `2TU`, `-1FR`.
fn by_day(text: &str) -> Option<(i8, Weekday)> {
    let (number, day) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let number = match number {
        "" => 0,
        _ => number.parse().ok().filter(|it| matches!(it, -1 | 1..=5))?,
    };
    Some((number, Weekday::of_rfc_5545(day)?))
}

/// `20261224`, or the day of `20261224T235959Z`.
pub(crate) fn date(text: &str) -> Option<Date> {
    let digits = text.get(..8)?;
    let fine = digits.bytes().all(|b| b.is_ascii_digit());
    let rest = text.get(8..)?;
    if !fine || !(rest.is_empty() || rest.starts_with('T')) {
        return None;
    }
    let number = |range: std::ops::Range<usize>| digits.get(range)?.parse::<i16>().ok();
    let (year, month, day) = (number(0..4)?, number(4..6)?, number(6..8)?);
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan;

    fn days(text: &str, start: &str, count: usize) -> Vec<String> {
        let start = date(start).unwrap();
        let rule = read(text, start).unwrap();
        let days = start.series(1.day()).take(4_000);
        let on = days.filter(|date| rule.is_on(*date)).take(count);
        on.map(|date| date.to_string()).collect()
    }

    #[test]
    fn rules_are_read_as_calendars_write_them() {
        assert_eq!(
            days("FREQ=YEARLY", "20251224", 2),
            ["2025-12-24", "2026-12-24"]
        );
        assert_eq!(
            days("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;COUNT=2", "20251127", 9),
            ["2025-11-27", "2026-11-26"]
        );
        assert_eq!(
            days(
                "FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20260301T000000Z",
                "20260130",
                9
            ),
            ["2026-01-30", "2026-02-27"]
        );
        assert_eq!(
            days("FREQ=WEEKLY;WKST=MO;INTERVAL=2;BYDAY=MO,FR", "20260105", 3),
            ["2026-01-05", "2026-01-09", "2026-01-19"]
        );
        assert_eq!(
            days("FREQ=MONTHLY;BYMONTHDAY=-1", "20260131", 2),
            ["2026-01-31", "2026-02-28"]
        );
    }

    #[test]
    fn what_is_not_understood_is_refused_and_not_guessed() {
        let start = date("20260101").unwrap();
        for bad in [
            "FREQ=HOURLY",
            "FREQ=YEARLY;BYWEEKNO=20",
            "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1",
            "FREQ=DAILY;INTERVAL=0",
            "FREQ=DAILY;BYDAY=MO",
            "INTERVAL=2",
            "FREQ=YEARLY;BYDAY=XX",
            "FREQ",
        ] {
            assert!(read(bad, start).is_err(), "{bad}");
        }
    }
}
