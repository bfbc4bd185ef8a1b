//! The intervals of hours one by one, each on its own day: what opening hours make one span of are several appointments
//! where they follow on one another.

use crate::hours::Hours;
use crate::interval::Interval;
use crate::spans::OpenSpan;
use jiff::civil::{Date, Time};
use jiff::tz::AmbiguousOffset;
use jiff::{Timestamp, ToSpan};

impl Hours {
    /// The intervals that begin so many days after the day of a moment (seconds since 1970, UTC), in the order of time.
    /// Day 0 is that day itself, whatever of it is past.
    pub fn slots(&self, unix_seconds: i64, days_ahead: u16) -> Vec<OpenSpan> {
        let Ok(moment) = Timestamp::from_second(unix_seconds) else {
            return Vec::new();
        };
        let today = self.zone().to_datetime(moment).date();
        let Ok(date) = today.checked_add(i64::from(days_ahead).days()) else {
            return Vec::new();
        };
        let intervals = self.day(date).hours.into_iter();
        let mut slots: Vec<OpenSpan> = intervals
            .filter_map(|interval| self.slot(date, interval))
            .collect();
        slots.sort_unstable();
        slots
    }

    /// An interval of a day, if there is any of it: in spring there may be none.
    fn slot(&self, date: Date, interval: Interval) -> Option<OpenSpan> {
        let ends = match interval.to() > interval.from() {
            true => date,
            false => date.tomorrow().ok()?,
        };
        let (from, _) = self.shows(date, interval.from())?;
        let (_, until) = self.shows(ends, interval.to())?;
        (from < until).then_some(OpenSpan { from, until })
    }

    /// The first and the last moment at which a clock shows this minute of a day; where it is put forward over it, the
    /// moment at which that is done.
    fn shows(&self, date: Date, minute: u16) -> Option<(i64, i64)> {
        let midnight = date.to_datetime(Time::midnight());
        let shown = midnight.checked_add(i64::from(minute).minutes()).ok()?;
        let moments = match self.zone().to_ambiguous_timestamp(shown).offset() {
            AmbiguousOffset::Unambiguous { offset } => [offset.to_timestamp(shown).ok()?; 2],
            AmbiguousOffset::Fold { before, after } => [
                before.to_timestamp(shown).ok()?,
                after.to_timestamp(shown).ok()?,
            ],
            AmbiguousOffset::Gap { after, .. } => {
                // By the offset of before it is later than the change, by that of after it is earlier.
                let earlier = after.to_timestamp(shown).ok()?;
                let change = self.zone().following(earlier).next()?;
                [change.timestamp(); 2]
            }
        };
        Some((moments[0].as_second(), moments[1].as_second()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{On, Recurrence, Rule, days};

    fn hours(intervals: &[&str]) -> Hours {
        let mut hours = Hours::new("Europe/Stockholm").unwrap();
        hours.add_rule(Rule {
            days: Recurrence::new(On::Weekly(days("fri-sun").unwrap())),
            hours: intervals.iter().map(|it| it.parse().unwrap()).collect(),
            written: "fri-sun".into(),
        });
        hours
    }

    fn slots(hours: &Hours, at: &str, ahead: u16) -> Vec<(String, i64)> {
        let slots = hours.slots(hours.moment(at, 0).unwrap(), ahead);
        let minutes = |it: &OpenSpan| (it.until - it.from) / 60;
        let slots = slots.iter();
        slots
            .map(|it| (hours.written(it.from), minutes(it)))
            .collect()
    }

    #[test]
    fn intervals_that_follow_on_one_another_stay_apart_and_each_belongs_to_the_day_it_begins_on() {
        let hours = hours(&["10:00-12:00", "08:00-10:00", "22:00-01:00"]);
        let of = |text: &str, minutes| (text.to_owned(), minutes);
        let saturday = [
            of("2026-11-28 08:00", 120),
            of("2026-11-28 10:00", 120),
            of("2026-11-28 22:00", 180),
        ];
        assert_eq!(slots(&hours, "2026-11-27 23:30", 1), saturday);
        assert_eq!(slots(&hours, "2026-11-28 11:00", 0), saturday);
        assert_eq!(slots(&hours, "2026-11-28 11:00", 2), []);
    }

    #[test]
    fn a_day_without_an_hour_has_no_interval_within_it_and_a_day_with_one_twice_has_all_of_it() {
        let hours = hours(&["01:00-02:30", "02:10-02:50", "02:30-04:00"]);
        let minutes = |at: &str| -> Vec<i64> {
            let slots = slots(&hours, at, 0).into_iter();
            slots.map(|(_, minutes)| minutes).collect()
        };
        // At two o'clock it is three.
        assert_eq!(minutes("2026-03-29 12:00"), [60, 60]);
        // At three o'clock it is two again.
        assert_eq!(minutes("2026-10-25 12:00"), [150, 100, 150]);
        assert_eq!(minutes("2026-11-01 12:00"), [90, 40, 90]);
    }
}
