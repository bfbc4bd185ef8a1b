//! Hours as a whole: what a day is, whether it is open at a moment and why, and when that changes.

use crate::interval::Interval;
use crate::own::{OwnDay, OwnDays};
use crate::recurrence::Recurrence;
use crate::sweden::{Holiday, Sweden};
use crate::week::Weekday;
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};
use std::collections::BTreeMap;

/// Days that are looked through for a change: a rule of once a year is found. `cargo run --release -p calendar --example
/// next_change` prints what that costs.
const LOOKED_THROUGH_DAYS: usize = 800;

/// Opening hours of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Hours {
    zone: TimeZone,
    rules: Vec<Rule>,
    sweden: Option<Sweden>,
    own: OwnDays,
    imported: OwnDays,
}

/// Open on some days in some intervals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Which days.
    pub days: Recurrence,
    /// When on them.
    pub hours: Vec<Interval>,
    /// How it is written, for people to know it by.
    pub written: Box<str>,
}

/// Whether it is open, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict<'h> {
    /// Whether it is.
    pub is_open: bool,
    /// Why.
    pub why: Why<'h>,
}

/// What decides about a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why<'h> {
    /// The schedule.
    Schedule,
    /// A holiday.
    Holiday(Holiday),
    /// A day of its own.
    Own(&'h OwnDay),
}

/// What a day is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayPlan<'h> {
    /// Which day.
    pub date: Date,
    /// What decides about it.
    pub why: Why<'h>,
    /// The rules of the schedule that are about it, where that decides.
    pub rules: Vec<&'h Rule>,
    /// When it opens on it.
    pub hours: Vec<Interval>,
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

impl Hours {
    /// Hours without any, in that time zone.
    pub fn new(zone: &str) -> Result<Hours, UnknownZone> {
        let unknown = |_| UnknownZone {
            name: zone.to_owned(),
        };
        Ok(Hours {
            zone: TimeZone::get(zone).map_err(unknown)?,
            rules: Vec::new(),
            sweden: None,
            own: OwnDays::default(),
            imported: OwnDays::default(),
        })
    }

    /// Hours without any, by the same clock.
    pub fn bare(&self) -> Hours {
        Hours {
            zone: self.zone.clone(),
            rules: Vec::new(),
            sweden: None,
            own: OwnDays::default(),
            imported: OwnDays::default(),
        }
    }

    /// Whose clock counts.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Open by this rule too.
    pub fn add_rule(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    /// Sweden's holidays decide about their days from now on.
    pub fn keep_holidays(&mut self, sweden: Sweden) {
        self.sweden = Some(sweden);
    }

    /// On these days it is as that day says, whatever else they are.
    pub fn add_days(&mut self, days: Recurrence, day: OwnDay) {
        self.own.add(days, day);
    }

    /// The same of somebody else's calendar: what was said here goes before it.
    pub fn import_days(&mut self, days: Recurrence, day: OwnDay) {
        self.imported.add(days, day);
    }

    /// Whether it is open at that moment, in seconds since 1970 (UTC).
    pub fn at(&self, unix_seconds: i64) -> Verdict<'_> {
        let Ok(moment) = Timestamp::from_second(unix_seconds) else {
            // Beyond the year 9999 no clock shows anything; nothing opens then either.
            return Verdict {
                is_open: false,
                why: Why::Schedule,
            };
        };
        self.shown(self.zone.to_datetime(moment))
    }

    /// The same, of what a clock there shows.
    fn shown(&self, there: DateTime) -> Verdict<'_> {
        let today = there.date();
        let minute = there.hour() as u16 * 60 + there.minute() as u16;
        let why = self.why(today);
        let opened_today = self.opens(today, why).any(|it| it.opens_by(minute));
        // A day that is replaced is replaced as a whole: what opened the evening before ends at its midnight.
        let opened_yesterday = || {
            let Ok(yesterday) = today.yesterday() else {
                return false;
            };
            let mut opened = self.opens(yesterday, self.why(yesterday));
            why == Why::Schedule && opened.any(|it| it.lasts_until(minute))
        };
        Verdict {
            is_open: opened_today || opened_yesterday(),
            why,
        }
    }

    /// The next moment at which it opens, if it is closed, or closes, if it is open; `None` where it does neither
    /// within two years.
    pub fn changes_after(&self, unix_seconds: i64) -> Option<i64> {
        let moment = Timestamp::from_second(unix_seconds).ok()?;
        let is_open = self.at(unix_seconds).is_open;
        let mut date = self.zone.to_datetime(moment).date();
        let mut yesterday = date
            .yesterday()
            .map_or(Vec::new(), |date| self.opening(date));
        for _ in 0..LOOKED_THROUGH_DAYS {
            let today = self.opening(date);
            // Most days of hours that never open: nothing of theirs has to be put on the clock.
            let stays_closed = !is_open && today.is_empty() && yesterday.is_empty();
            if !stays_closed {
                let mut moments = self.boundaries(date, &yesterday, &today);
                moments.sort_unstable();
                let change = moments
                    .into_iter()
                    .filter(|at| *at > unix_seconds)
                    .find(|at| self.at(*at).is_open != is_open);
                if change.is_some() {
                    return change;
                }
            }
            date = date.tomorrow().ok()?;
            yesterday = today;
        }
        None
    }

    /// The intervals that begin on a day, whatever decides about it.
    fn opening(&self, date: Date) -> Vec<Interval> {
        self.opens(date, self.why(date)).collect()
    }

    /// Every moment of a day at which it may open or close: ends of intervals, midnight, and where the clock is put
    /// forward or back.
    fn boundaries(&self, date: Date, yesterday: &[Interval], today: &[Interval]) -> Vec<i64> {
        let ends = today.iter().flat_map(|it| [it.from(), it.to()]);
        let overnight = yesterday.iter().map(|it| it.to());
        let mut minutes: Vec<u16> = ends.chain(overnight).chain([0]).collect();
        minutes.sort_unstable();
        minutes.dedup();
        let mut moments = Vec::with_capacity(minutes.len());
        for minute in minutes {
            let start = date.to_datetime(jiff::civil::Time::midnight());
            let Ok(shown) = start.checked_add(i64::from(minute).minutes()) else {
                continue;
            };
            let offsets = match self.zone.to_ambiguous_timestamp(shown).offset() {
                AmbiguousOffset::Unambiguous { offset } => [offset; 2],
                AmbiguousOffset::Gap { before, after }
                | AmbiguousOffset::Fold { before, after } => [before, after],
            };
            let at = offsets.map(|offset| offset.to_timestamp(shown));
            moments.extend(at.into_iter().flatten().map(Timestamp::as_second));
        }
        if let Ok(midnight) = self
            .zone
            .to_timestamp(date.to_datetime(jiff::civil::Time::midnight()))
            && let Some(change) = self.zone.following(midnight).next()
            && self.zone.to_datetime(change.timestamp()).date() == date
        {
            moments.push(change.timestamp().as_second());
        }
        moments
    }

    /// What a day is.
    pub fn day(&self, date: Date) -> DayPlan<'_> {
        let why = self.why(date);
        let mut hours: Vec<Interval> = self.opens(date, why).collect();
        hours.sort_unstable();
        hours.dedup();
        let rules = match why {
            Why::Schedule => self.rules.iter().filter(|it| it.days.is_on(date)).collect(),
            Why::Holiday(_) | Why::Own(_) => Vec::new(),
        };
        DayPlan {
            date,
            why,
            rules,
            hours,
        }
    }

    /// The day that decides about a moment, in seconds since 1970 (UTC): the one before, where it opened in its evening and
    /// nothing of this one does; none beyond the years that there are.
    pub fn deciding(&self, unix_seconds: i64) -> Option<DayPlan<'_>> {
        let shown = self.shown_at(unix_seconds)?;
        let minute = u16::from(shown.hour) * 60 + u16::from(shown.minute);
        let today = self.day(shown.date);
        let opens = today.hours.iter().any(|it| it.opens_by(minute));
        if opens || !self.at(unix_seconds).is_open {
            return Some(today);
        }
        Some(self.day(shown.date.yesterday().ok()?))
    }

    /// When it would open on a day that is none of its own and no holiday.
    pub fn by_schedule(&self, date: Date) -> Vec<Interval> {
        let mut hours: Vec<Interval> = self.scheduled(date).collect();
        hours.sort_unstable();
        hours.dedup();
        hours
    }

    /// The days of a year that differ from most of their weekday, and all its holidays and own days.
    pub fn year(&self, year: i16) -> Vec<DayPlan<'_>> {
        let Ok(first) = Date::new(year, 1, 1) else {
            return Vec::new();
        };
        let days = first.series(1.day()).take_while(|date| date.year() == year);
        let plans: Vec<DayPlan<'_>> = days.map(|date| self.day(date)).collect();
        let usual = Weekday::ALL.map(|weekday| usual(&plans, weekday));
        let differs = |plan: &DayPlan<'_>| {
            let usual = &usual[Weekday::of(plan.date).index()];
            plan.why != Why::Schedule || Some(&plan.hours) != usual.as_ref()
        };
        plans.into_iter().filter(differs).collect()
    }

    /// Own days go before holidays, and those before the schedule.
    fn why(&self, date: Date) -> Why<'_> {
        if let Some(day) = self.own.find(date).or_else(|| self.imported.find(date)) {
            return Why::Own(day);
        }
        match self.holiday(date) {
            Some((holiday, _)) => Why::Holiday(holiday),
            None => Why::Schedule,
        }
    }

    fn holiday(&self, date: Date) -> Option<(Holiday, &[Interval])> {
        self.sweden.as_ref()?.day(date)
    }

    /// The intervals that begin on a day.
    fn opens<'h>(&'h self, date: Date, why: Why<'h>) -> impl Iterator<Item = Interval> + 'h {
        let replaced = match why {
            Why::Own(own) => Some(&own.hours[..]),
            Why::Holiday(_) => self.holiday(date).map(|(_, hours)| hours),
            Why::Schedule => None,
        };
        let scheduled = replaced.is_none().then(|| self.scheduled(date));
        let scheduled = scheduled.into_iter().flatten();
        replaced.into_iter().flatten().copied().chain(scheduled)
    }

    /// Those of the schedule, whatever decides about the day.
    fn scheduled(&self, date: Date) -> impl Iterator<Item = Interval> + '_ {
        let rules = self.rules.iter().filter(move |rule| rule.days.is_on(date));
        rules.flat_map(|rule| &rule.hours).copied()
    }
}

/// What most days of a weekday are like that only the schedule decides about.
fn usual(plans: &[DayPlan<'_>], weekday: Weekday) -> Option<Vec<Interval>> {
    let mut counts: BTreeMap<&[Interval], usize> = BTreeMap::new();
    let of_weekday = plans
        .iter()
        .filter(|plan| Weekday::of(plan.date) == weekday);
    for plan in of_weekday.filter(|plan| plan.why == Why::Schedule) {
        *counts.entry(&plan.hours).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    most.map(|(hours, _)| hours.to_vec())
}

impl<'h> Why<'h> {
    /// What is said of the day instead of what is said of all such days.
    pub fn message(self) -> Option<&'h str> {
        match self {
            Why::Own(own) => own.message.as_deref(),
            Why::Schedule | Why::Holiday(_) => None,
        }
    }
}

/// A date as it is written: `2026-12-24`.
pub fn date(text: &str) -> Result<Date, InvalidDate> {
    let invalid = || InvalidDate {
        text: text.to_owned(),
    };
    // Not every form that ISO 8601 has: one way to write a thing.
    let in_full = text.len() == 10 && !text.contains(' ');
    let date = text.parse().ok().filter(|_| in_full);
    date.ok_or_else(invalid)
}
