//! `kolapp hours`: whether a queue is open at a moment and why, or the days of a year that differ. Asked of the
//! configuration alone: what was closed by hand is known to the running server, `kolapp ctl hours`.

use crate::check;
use crate::cli::HoursArguments;
use crate::reload::Wrong;
use base::{OrgId, QueueId};
use calendar::{DayPlan, HolidayKind, Hours, Why};
use call::settings::{Directory, Organisation};
use config::Environment;
use std::fmt::Write;
use std::process::ExitCode;
use std::time::SystemTime;

/// Why nothing could be said.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HoursError {
    #[error("no organisation has a queue called {0:?}")]
    NoQueue(String),
    #[error("{name} may be {one} or {other}: say which, with its organisation")]
    Ambiguous {
        name: String,
        one: QueueId,
        other: QueueId,
    },
    #[error(transparent)]
    Moment(#[from] calendar::InvalidMoment),
}

/// Prints what was asked for.
pub(crate) fn hours(arguments: &HoursArguments) -> ExitCode {
    let dir = &arguments.config.config;
    let loaded = match config::load(dir, &Environment::from_process()) {
        Ok(loaded) => loaded,
        Err(errors) => {
            check::report(dir, &Wrong::Config(errors));
            return ExitCode::FAILURE;
        }
    };
    crate::printed(said(&loaded.directory, arguments))
}

fn said(directory: &Directory, arguments: &HoursArguments) -> Result<String, HoursError> {
    let (queue, organisation) = find(directory, &arguments.queue)?;
    let door = organisation.ways.doors.get(&queue);
    let hours = door
        .and_then(|door| door.hours.as_ref())
        .and_then(|hours| organisation.ways.hours.get(hours));
    let Some(hours) = hours else {
        return Ok(format!("{queue} is always open: it has no hours.\n"));
    };
    if let Some(year) = arguments.year {
        return Ok(year_of(hours, year));
    }
    let now = unix_now();
    let at = match &arguments.at {
        Some(text) => hours.moment(text, now)?,
        None => now,
    };
    Ok(moment(&queue, hours, at))
}

/// Whether it is open, why, and until when.
fn moment(queue: &QueueId, hours: &Hours, at: i64) -> String {
    let verdict = hours.at(at);
    let state = if verdict.is_open { "open" } else { "closed" };
    let mut text = format!("{queue} is {state} at {}\n", hours.written(at));
    let why = hours
        .shown_at(at)
        .map_or_else(String::new, |shown| why(&hours.day(shown.date)));
    let _ = writeln!(text, "why: {why}");
    let until = match hours.changes_after(at) {
        Some(change) => hours.written(change),
        None => "further notice".to_owned(),
    };
    let _ = writeln!(text, "until: {until}");
    text
}

/// What a day is, and when it is open on it.
pub(crate) fn why(plan: &DayPlan<'_>) -> String {
    let (name, rule) = name_and_rule(plan);
    let what = match (name.is_empty(), &plan.why) {
        (true, Why::Schedule) if rule.is_empty() => "no rule opens it on this day".to_owned(),
        (true, _) => rule,
        (false, _) => format!("{rule} {name}"),
    };
    format!("{what} ({})", times(plan))
}

fn times(plan: &DayPlan<'_>) -> String {
    if plan.hours.is_empty() {
        return "closed all day".to_owned();
    }
    let times: Vec<String> = plan.hours.iter().map(ToString::to_string).collect();
    times.join(" ")
}

fn name_and_rule(plan: &DayPlan<'_>) -> (String, String) {
    match plan.why {
        Why::Schedule => {
            let rules: Vec<&str> = plan.rules.iter().map(|rule| &*rule.written).collect();
            (String::new(), rules.join(" + "))
        }
        Why::Holiday(holiday) => {
            let also = holiday
                .also
                .map_or_else(String::new, |also| format!(", {also}"));
            let rule = match holiday.kind {
                HolidayKind::Public => "holiday",
                HolidayKind::Eve => "eve",
                HolidayKind::Squeeze => "squeeze day",
            };
            (format!("{}{also}", holiday.name), rule.to_owned())
        }
        Why::Own(own) => {
            let name = own.name.as_deref().unwrap_or_default();
            (name.to_owned(), "own day".to_owned())
        }
    }
}

/// A line for each day that differs: date, day of the week, when it is open, the rule, and the day's name.
fn year_of(hours: &Hours, year: i16) -> String {
    let mut text = String::new();
    for plan in hours.year(year) {
        let (name, rule) = name_and_rule(&plan);
        let day = calendar::Weekday::of(plan.date).name();
        let line = format!(
            "{}  {day}  {:<23}  {rule:<11}  {name}",
            plan.date,
            times(&plan)
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// `demo/kontor`, or `kontor` where only one organisation has one.
pub(crate) fn find<'d>(
    directory: &'d Directory,
    name: &str,
) -> Result<(QueueId, &'d Organisation), HoursError> {
    let called = |org: &OrgId, organisation: &Organisation| {
        let id = match name.contains('/') {
            true => name.parse().ok(),
            false => QueueId::new(org, name).ok(),
        };
        id.filter(|id| organisation.queues.contains_key(id))
    };
    let organisations = directory.organisations.iter();
    let mut found = organisations.filter_map(|(org, it)| Some((called(org, it)?, it)));
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (Some((one, _)), Some((other, _))) => Err(HoursError::Ambiguous {
            name: name.to_owned(),
            one,
            other,
        }),
        (None, _) => Err(HoursError::NoQueue(name.to_owned())),
    }
}

/// What the clock on the wall shows now, in seconds since 1970 (UTC).
pub(crate) fn unix_now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}
