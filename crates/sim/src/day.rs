//! A day as it is supposed to be: who calls when, how long callers wait and talk, who is at work, how agents deal
//! with calls. Every value has one that is usual, so that a day's file says only what is special.

use crate::called_back::CalledBack;
use crate::dice::Spread;
use crate::faults::Faults;
use crate::span::Clock;
use jiff::civil::Date;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Callers of one simulation at most: a large city's in a day, and about 200 MB of rows.
pub const CALLS_MAX: u32 = 1_000_000;

/// Agents of one simulation at most: as many as one server is made for.
pub const AGENTS_MAX: u32 = 10_000;

/// Shifts at most: more than anybody tells apart in a table.
const SHIFTS_MAX: usize = 100;

/// Spans that are averages at most: nobody waits or talks for longer than a day on average.
const MEAN_MAX: Duration = Duration::from_secs(86_400);

/// Callers in each hour, as shares: a forenoon's peak, a dip at lunch, a lower peak after it.
const USUAL_CURVE: [f64; 24] = [
    0.2, 0.1, 0.1, 0.1, 0.2, 0.5, 1.5, 4.0, 8.0, 11.0, 11.0, 9.0, 7.0, 9.0, 9.0, 8.0, 6.0, 4.0,
    3.0, 2.5, 2.0, 1.5, 1.0, 0.5,
];

/// What is supposed of a day.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Day {
    /// Which day it is, for the opening hours of queues; where it isn't said, all are open.
    pub date: Option<Date>,
    /// How many call; without it as many as keep the agents at work for 80 % of their time.
    pub calls: Option<u32>,
    /// The first callers come.
    pub opens: Clock,
    /// The last callers come.
    pub closes: Clock,
    /// How many come in each of the 24 hours, as shares.
    pub arrivals: Vec<f64>,
    /// How many call each queue, as shares, by the queue's name; all alike where none is named.
    pub queues: BTreeMap<String, f64>,
    /// The share of callers who go before others, by one step.
    pub urgent: f64,
    /// How long callers wait before they hang up.
    pub patience: Spread,
    /// How long callers talk.
    pub talk: Spread,
    /// Callers who hung up and try once more.
    pub again: Again,
    /// Callers who would rather be called back, in queues that give callbacks to their agents.
    pub callbacks: CalledBack,
    /// When agents are at work.
    pub shifts: Vec<Shift>,
    /// An agent's pause in the shift.
    pub lunch: Option<Break>,
    /// What agents do when their devices ring.
    pub habits: Habits,
    /// What goes wrong.
    pub faults: Faults,
}

/// Callers who try once more.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Again {
    /// The share of those who hung up or were refused.
    pub share: f64,
    /// After how long.
    pub after: Spread,
}

/// When some of the agents are at work.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shift {
    /// They log in.
    pub from: Clock,
    /// They log out.
    pub to: Clock,
    /// How many of the agents, as a share.
    #[serde(default = "one")]
    pub share: f64,
}

/// A pause that each agent makes once.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Break {
    /// It begins then or later.
    pub from: Clock,
    /// It is over by then.
    pub to: Clock,
    /// How long it lasts.
    #[serde(deserialize_with = "crate::span::deserialize")]
    pub lasts: Duration,
}

/// What agents do when their devices ring. Shares are of the offers made to them.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Habits {
    /// How long it rings before they answer.
    pub answer: Spread,
    /// Let it ring.
    pub misses: f64,
    /// Decline.
    pub declines: f64,
    /// Their devices say busy.
    pub busy: f64,
    /// How long it takes until somebody who was logged out or paused for calls he missed notices.
    pub notices: Spread,
}

fn one() -> f64 {
    1.0
}

impl Default for Day {
    fn default() -> Day {
        Day {
            date: None,
            calls: None,
            opens: Clock::hour(8),
            closes: Clock::hour(17),
            arrivals: USUAL_CURVE.to_vec(),
            queues: BTreeMap::new(),
            urgent: 0.0,
            patience: Spread::exponential(Duration::from_secs(240)),
            talk: Spread::lognormal(Duration::from_secs(180), 0.6),
            again: Again::default(),
            callbacks: CalledBack::default(),
            // Beyond closing, so that who came last is still served.
            shifts: vec![Shift {
                from: Clock::hour(8),
                to: Clock(Duration::from_secs(17 * 3_600 + 900)),
                share: 1.0,
            }],
            lunch: Some(Break {
                from: Clock::hour(11),
                to: Clock::hour(13),
                lasts: Duration::from_secs(1_800),
            }),
            habits: Habits::default(),
            faults: Faults::default(),
        }
    }
}

impl Default for Again {
    fn default() -> Again {
        Again {
            share: 0.3,
            after: Spread::exponential(Duration::from_secs(600)),
        }
    }
}

impl Default for Habits {
    fn default() -> Habits {
        Habits {
            answer: Spread::lognormal(Duration::from_secs(5), 0.5),
            misses: 0.02,
            declines: 0.01,
            busy: 0.0,
            notices: Spread::exponential(Duration::from_secs(120)),
        }
    }
}

/// Why a day can't be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DayError {
    /// The file is no TOML, or says things that a day has not.
    #[error("{0}")]
    Unreadable(String),
    /// A value is out of its bounds.
    #[error("{what}: expected {expected}, got {got}")]
    Value {
        /// Which.
        what: &'static str,
        /// Its bounds.
        expected: String,
        /// What came.
        got: String,
    },
    /// A queue is named that the configuration has not.
    #[error("queues: expected one of {known}, got {name}")]
    NoSuchQueue {
        /// Its name.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// There is no queue to call.
    #[error("expected a queue to simulate, the configuration has none")]
    NoQueue,
}

impl Day {
    /// The day that a TOML file describes.
    pub fn read(text: &str) -> Result<Day, DayError> {
        let unreadable = |error: toml::de::Error| DayError::Unreadable(error.to_string());
        let day: Day = toml::from_str(text).map_err(unreadable)?;
        day.check()?;
        Ok(day)
    }

    /// Tells the first value that is out of its bounds.
    pub fn check(&self) -> Result<(), DayError> {
        let calls = self.calls.unwrap_or(1);
        bounds(
            "calls",
            (1..=CALLS_MAX).contains(&calls),
            || format!("1 to {CALLS_MAX}"),
            calls,
        )?;
        let after_opening = || "a time after opens".to_owned();
        bounds(
            "closes",
            self.opens < self.closes,
            after_opening,
            format!("{:?}", self.closes.0),
        )?;
        let some = |weights: &[f64]| {
            let fine = weights.iter().all(|weight| (0.0..=1e9).contains(weight));
            fine && weights.iter().any(|weight| *weight > 0.0)
        };
        let curve = self.arrivals.len() == 24 && some(&self.arrivals);
        let hours = || "24 shares, 0 or more, and not all of them 0".to_owned();
        bounds("arrivals", curve, hours, format!("{:?}", self.arrivals))?;
        let come = self.curve().iter().any(|(_, weight)| *weight > 0.0);
        bounds(
            "arrivals",
            come,
            || "callers between opens and closes".to_owned(),
            "none",
        )?;
        let named: Vec<f64> = self.queues.values().copied().collect();
        let shares = || "shares, 0 or more, and not all of them 0".to_owned();
        bounds(
            "queues",
            named.is_empty() || some(&named),
            shares,
            format!("{named:?}"),
        )?;
        self.check_people()?;
        self.callbacks.check()?;
        self.faults.check()
    }

    fn check_people(&self) -> Result<(), DayError> {
        for (what, value) in [
            ("urgent", self.urgent),
            ("again.share", self.again.share),
            ("habits.misses", self.habits.misses),
            ("habits.declines", self.habits.declines),
            ("habits.busy", self.habits.busy),
        ] {
            share(what, value)?;
        }
        for (what, value) in [
            ("patience", self.patience),
            ("talk", self.talk),
            ("again.after", self.again.after),
            ("habits.answer", self.habits.answer),
            ("habits.notices", self.habits.notices),
        ] {
            spread(what, value)?;
        }
        let many = (1..=SHIFTS_MAX).contains(&self.shifts.len());
        bounds(
            "shifts",
            many,
            || format!("1 to {SHIFTS_MAX}"),
            self.shifts.len(),
        )?;
        for shift in &self.shifts {
            let fine = shift.from < shift.to && (0.0..=1e9).contains(&shift.share);
            let expected = || "from before to, and a share".to_owned();
            bounds("shifts", fine, expected, format!("{shift:?}"))?;
        }
        let staffed = self.shifts.iter().any(|shift| shift.share > 0.0);
        bounds("shifts", staffed, || "a share above 0".to_owned(), "none")?;
        if let Some(lunch) = self.lunch {
            let fine = lunch.from.0 + lunch.lasts <= lunch.to.0;
            let expected = || "lasts to fit between from and to".to_owned();
            bounds("lunch", fine, expected, format!("{:?}", lunch.lasts))?;
        }
        Ok(())
    }

    /// The hours between opening and closing, each with its span, and the share of callers that come in it.
    pub(crate) fn curve(&self) -> Vec<((Duration, Duration), f64)> {
        const HOUR: Duration = Duration::from_secs(3_600);
        let hours = self.arrivals.iter().zip(0_u32..);
        let parts = hours.filter_map(|(weight, hour)| {
            let (from, to) = (HOUR * hour, HOUR * (hour + 1));
            let (from, to) = (from.max(self.opens.0), to.min(self.closes.0));
            let open = to.checked_sub(from).filter(|open| !open.is_zero())?;
            Some(((from, open), weight * open.as_secs_f64()))
        });
        parts.collect()
    }
}

pub(crate) fn bounds(
    what: &'static str,
    fine: bool,
    expected: impl Fn() -> String,
    got: impl ToString,
) -> Result<(), DayError> {
    if fine {
        return Ok(());
    }
    Err(DayError::Value {
        what,
        expected: expected(),
        got: got.to_string(),
    })
}

pub(crate) fn share(what: &'static str, value: f64) -> Result<(), DayError> {
    let fine = (0.0..=1.0).contains(&value);
    bounds(what, fine, || "a share from 0 to 1".to_owned(), value)
}

pub(crate) fn spread(what: &'static str, value: Spread) -> Result<(), DayError> {
    let mean = value.mean <= MEAN_MAX;
    bounds(
        what,
        mean,
        || "a mean of at most a day".to_owned(),
        format!("{:?}", value.mean),
    )?;
    let fine = value
        .spread
        .is_none_or(|spread| (0.0..=3.0).contains(&spread));
    bounds(
        what,
        fine,
        || "a spread from 0 to 3".to_owned(),
        format!("{:?}", value.spread),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_says_only_what_is_special() {
        assert_eq!(Day::read("").unwrap(), Day::default());
        let day =
            Day::read("calls = 10\ntalk = { mean = \"2m\" }\n[habits]\nmisses = 0.5").unwrap();
        assert_eq!(day.talk, Spread::exponential(Duration::from_secs(120)));
        assert_eq!((day.calls, day.habits.misses), (Some(10), 0.5));
    }

    #[test]
    fn what_no_day_can_be_is_told_with_what_was_expected() {
        for (text, words) in [
            ("calls = 0", "calls: expected 1 to 1000000, got 0"),
            ("closes = \"07:00\"", "closes: expected a time after opens"),
            (
                "urgent = 1.5",
                "urgent: expected a share from 0 to 1, got 1.5",
            ),
            ("arrivals = [1.0]", "arrivals: expected 24 shares"),
            (
                "opens = \"8\"",
                "expected a time such as \"08:30\", got \"8\"",
            ),
            ("talk = { mean = \"-1s\" }", "expected a span such as"),
            (
                "talk = { mean = \"1s\", spread = 9 }",
                "talk: expected a spread from 0 to 3",
            ),
            ("patiense = 1", "unknown field `patiense`"),
            ("shifts = []", "shifts: expected 1 to 100, got 0"),
            (
                "lunch = { from = \"11:00\", to = \"11:10\", lasts = \"1h\" }",
                "lunch: expected lasts to fit",
            ),
            ("[faults]\nerrors = 2", "faults.errors: expected a share"),
        ] {
            let error = Day::read(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn callers_come_only_while_it_is_open() {
        let day = Day {
            opens: Clock(Duration::from_secs(8 * 3_600 + 1_800)),
            closes: Clock::hour(10),
            ..Day::default()
        };
        let spans: Vec<u64> = day
            .curve()
            .iter()
            .map(|((_, open), _)| open.as_secs())
            .collect();
        assert_eq!(spans, [1_800, 3_600]);
    }
}
