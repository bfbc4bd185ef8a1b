//! `[hours.<name>]`: when something is open. The rules are `calendar`'s; here they are read.

use crate::import;
use crate::problems::{Problem, quoted};
use crate::scope::{Scope, bad_name};
use crate::section::{At, Context, Reading, Section};
use crate::source::Place;
use crate::tree::{Node, Value};
use crate::value;
use base::HoursId;
use calendar::{
    Date, DayOfMonth, DayOfYear, Eve, Hours, Interval, On, OwnDay, Recurrence, Rule, Sweden,
    Weekday, days,
};

/// Intervals of one day at most.
const INTERVALS_MAX: usize = 24;

/// Rules of one schedule at most, and days that one of them names.
const RULES_MAX: usize = 100;
const NAMED_MAX: usize = 366;

/// Own days at most: ten years of every holiday.
const DAYS_MAX: usize = 400;

/// Says that a day is closed, in place of intervals.
const CLOSED: &str = "closed";

const HOLIDAYS: [(&str, Country); 1] = [("sweden", Country::Sweden)];

#[derive(Clone, Copy)]
enum Country {
    Sweden,
}

pub(crate) fn read(
    name: &str,
    place: Place,
    node: &Node,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Option<(HoursId, Hours)> {
    let id = HoursId::new(scope.org, name)
        .map_err(|error| context.add(bad_name(place, "hours", &error)))
        .ok();
    let mut section = context.told(Section::of(format!("hours `{name}`"), node))?;
    let zone = match &scope.zone {
        Some(zone) if !section.has("zone") => {
            section.node("zone");
            Some(zone.clone())
        }
        _ => {
            let mend =
                "name the time zone here or under [organisation]: zone = \"Europe/Stockholm\"";
            let zone = section.require("zone", mend, zone, context);
            zone.map(|at| at.value)
        }
    };
    // Read on without one too, so that all that is wrong is told at once.
    let mut hours = Hours::new(zone.as_deref().unwrap_or("UTC")).ok()?;
    read_rules(&mut section, &mut hours, context);
    read_holidays(&mut section, &mut hours, context);
    read_days(&mut section, &mut hours, scope, context);
    import::read(&mut section, &mut hours, scope, context);
    section.finish(context);
    Some((id?, hours))
}

/// The name of a time zone that there is.
pub(crate) fn zone(node: &Node) -> Reading<String> {
    let name = value::text(node)?;
    Hours::new(&name).map(|_| name).map_err(|error| {
        let mend = "write it as the time zone database does, such as \"Europe/Stockholm\"";
        vec![Problem::new(node.place, error.to_string()).mend(mend)]
    })
}

fn read_rules(section: &mut Section<'_>, hours: &mut Hours, context: &mut Context<'_>) {
    let what = section.what().to_owned();
    let Some(node) = section.node("rules") else {
        let problem = format!("{what} has no `rules`, so it is never open");
        let mend =
            "write when it is: rules = [{ weekdays = [\"mon-fri\"], hours = [\"08:00-17:00\"] }]";
        context.add(Problem::new(section.place(), problem).mend(mend));
        return;
    };
    for item in items(node, RULES_MAX, "rules", context) {
        let Some(mut rule) = context.told(Section::of(format!("a rule of {what}"), item)) else {
            continue;
        };
        let days = read_recurrence(&mut rule, context);
        let mend = "say when it is open on them: hours = [\"08:00-17:00\"]";
        let open = rule.require("hours", mend, intervals, context);
        rule.finish(context);
        if let (Some((days, written)), Some(open)) = (days, open) {
            hours.add_rule(Rule {
                days,
                hours: open.value,
                written: written.into(),
            });
        }
    }
}

/// Which days a table is about, and how that is written.
fn read_recurrence(
    section: &mut Section<'_>,
    context: &mut Context<'_>,
) -> Option<(Recurrence, String)> {
    const KINDS: [&str; 4] = ["daily", "weekdays", "monthly", "yearly"];
    let kinds = KINDS.iter().filter(|kind| section.has(kind)).count();
    let daily = section.take("daily", value::boolean, context);
    let weekdays = section.take("weekdays", value::list(NAMED_MAX, weekdays), context);
    let monthly = section.take("monthly", value::list(NAMED_MAX, day_of_month), context);
    let yearly = section.take("yearly", value::list(NAMED_MAX, day_of_year), context);
    let every = section.take("every", value::whole(1..=366), context);
    let from = section.take("from", date, context);
    let until = section.take("until", date, context);
    if kinds != 1 {
        let problem = format!("{} should say its days in one way", section.what());
        let mend = "write one of daily = true, weekdays = [\"mon-fri\"], monthly = [\"last friday\"] and yearly = [\"12-24\"]";
        context.add(Problem::new(section.place(), problem).mend(mend));
        return None;
    }
    let (on, written) = if let Some(days) = weekdays {
        let written = words(days.value.iter().map(|at| at.value.1.clone()));
        let days = days.value.into_iter().flat_map(|at| at.value.0);
        (On::Weekly(days.collect()), format!("weekdays {written}"))
    } else if let Some(days) = monthly {
        let written = words(days.value.iter().map(|at| at.value.1.clone()));
        let days = days.value.into_iter().map(|at| at.value.0);
        (On::Monthly(days.collect()), format!("monthly {written}"))
    } else if let Some(days) = yearly {
        let written = words(days.value.iter().map(|at| at.value.1.clone()));
        let days = days.value.into_iter().map(|at| at.value.0);
        (On::Yearly(days.collect()), format!("yearly {written}"))
    } else if daily?.value {
        (On::Daily, "daily".to_owned())
    } else {
        let problem = format!("`daily` of {} is false", section.what());
        context.add(Problem::new(section.place(), problem).mend("write true, or name its days"));
        return None;
    };
    if let (Some(every), None) = (&every, &from) {
        let problem = format!("`every` of {} counts from no day", section.what());
        let mend = "write the first day: from = \"2026-01-05\"";
        context.add(Problem::new(every.place, problem).mend(mend));
    }
    if let (Some(from), Some(until)) = (&from, &until)
        && until.value < from.value
    {
        let problem = format!("`until` of {} is before `from`", section.what());
        context.add(Problem::new(until.place, problem).mend("write a later day"));
    }
    let mut recurrence = Recurrence::new(on);
    recurrence.every = every.map_or(1, |at| u16::try_from(at.value).unwrap_or(1));
    recurrence.from = from.map(|at| at.value);
    recurrence.until = until.map(|at| at.value);
    Some((recurrence, written))
}

fn words(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

fn weekdays(node: &Node) -> Reading<(Vec<Weekday>, String)> {
    let text = value::str_of(node, "days of the week", "mon-fri")?;
    let mend = "write mon, tue, wed, thu, fri, sat and sun, with - or , between";
    let days = days(text).map_err(|error| wrong(node, &error, mend))?;
    Ok((days, text.to_owned()))
}

fn day_of_month(node: &Node) -> Reading<(DayOfMonth, String)> {
    let text = match &node.value {
        Value::Integer(number) => number.to_string(),
        _ => value::str_of(node, "a day of the month", "last friday")?.to_owned(),
    };
    let mend = "write a number, last, or first to fifth or last and a day of the week or weekday";
    let day = DayOfMonth::parse(&text).map_err(|error| wrong(node, &error, mend))?;
    Ok((day, text))
}

fn day_of_year(node: &Node) -> Reading<(DayOfYear, String)> {
    let text = value::str_of(node, "a day of the year", "12-24")?;
    let mend =
        "write month and day, easter with + or - and days, or a day of a month and its month";
    let day = DayOfYear::parse(text).map_err(|error| wrong(node, &error, mend))?;
    Ok((day, text.to_owned()))
}

fn date(node: &Node) -> Reading<Date> {
    let text = value::str_of(node, "a date", "2026-12-24")?;
    calendar::date(text).map_err(|_| {
        let problem = format!("expected a date, got {}", quoted(text));
        let mend = "write year, month and day: \"2026-12-24\"";
        vec![Problem::new(node.place, problem).mend(mend)]
    })
}

fn wrong(node: &Node, error: &dyn std::error::Error, mend: &str) -> Vec<Problem> {
    vec![Problem::new(node.place, error.to_string()).mend(mend)]
}

/// A list of clock intervals, or "closed".
pub(crate) fn intervals(node: &Node) -> Reading<Vec<Interval>> {
    if matches!(&node.value, Value::Text(text) if text == CLOSED) {
        return Ok(Vec::new());
    }
    let read = value::list(INTERVALS_MAX, interval)(node)?;
    Ok(read.into_iter().map(|at| at.value).collect())
}

fn interval(node: &Node) -> Reading<Interval> {
    let text = value::str_of(node, "a clock interval", "08:00-17:00")?;
    let mend = "write two times of four digits; one that ends before it begins goes over midnight";
    text.parse()
        .map_err(|error: calendar::InvalidInterval| wrong(node, &error, mend))
}

fn read_holidays(section: &mut Section<'_>, hours: &mut Hours, context: &mut Context<'_>) {
    let country = section.take("holidays", value::choice(&HOLIDAYS), context);
    let eves = section.node("eves");
    let squeeze_days = section.take("squeeze_days", intervals, context);
    let what = section.what().to_owned();
    let eves = eves.map_or(Vec::new(), |node| read_eves(&what, node, context));
    match country {
        Some(At {
            value: Country::Sweden,
            ..
        }) => hours.keep_holidays(Sweden {
            eves,
            squeeze_days: squeeze_days.map(|at| at.value),
        }),
        None if !eves.is_empty() || squeeze_days.is_some() => {
            let problem = format!("{what} has eves or squeeze days of no country's holidays");
            let mend = "say whose: holidays = \"sweden\"";
            context.add(Problem::new(section.place(), problem).mend(mend));
        }
        None => {}
    }
}

/// Names, or tables of a name and hours.
fn read_eves(what: &str, node: &Node, context: &mut Context<'_>) -> Vec<(Eve, Vec<Interval>)> {
    let mut eves: Vec<(Eve, Vec<Interval>)> = Vec::new();
    let named = Eve::ALL.map(|(eve, name)| (name, eve));
    for item in items(node, Eve::ALL.len(), "eves", context) {
        let (eve, hours) = match &item.value {
            Value::Table(_) => {
                let section = Section::of(format!("an eve of {what}"), item);
                let Some(mut section) = context.told(section) else {
                    continue;
                };
                let mend = "say which: day = \"julafton\"";
                let eve = section.require("day", mend, value::choice(&named), context);
                let hours = section.take("hours", intervals, context);
                section.finish(context);
                (eve.map(|at| at.value), hours.map(|at| at.value))
            }
            _ => (context.told(value::choice(&named)(item)), None),
        };
        let Some(eve) = eve else { continue };
        if eves.iter().any(|(other, _)| *other == eve) {
            let problem = format!("an eve of {what} is there twice");
            context.add(Problem::new(item.place, problem).mend("keep one of them"));
        }
        eves.push((eve, hours.unwrap_or_default()));
    }
    eves
}

/// Dates, or tables of days and what is special about them.
fn read_days(
    section: &mut Section<'_>,
    hours: &mut Hours,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) {
    let what = format!("a day of {}", section.what());
    let Some(node) = section.node("days") else {
        return;
    };
    for item in items(node, DAYS_MAX, "days", context) {
        let Value::Table(_) = &item.value else {
            if let Some(date) = context.told(date(item)) {
                hours.add_days(Recurrence::once(date), OwnDay::default());
            }
            continue;
        };
        let Some(mut section) = context.told(Section::of(&*what, item)) else {
            continue;
        };
        let is_dated = section.has("date");
        let once = section.take("date", date, context);
        let days = match is_dated {
            true => once.map(|at| Recurrence::once(at.value)),
            false => read_recurrence(&mut section, context).map(|(days, _)| days),
        };
        let day = own_day(&mut section, scope, context);
        section.finish(context);
        if let Some(days) = days {
            hours.add_days(days, day);
        }
    }
}

/// What is special about a day.
pub(crate) fn own_day(
    section: &mut Section<'_>,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> OwnDay {
    let name = section.take("name", value::text, context);
    let hours = section.take("hours", intervals, context);
    let message = section.take("message", value::text, context);
    let message = message.and_then(|name| {
        let found = scope.prompt_at(&name.value, scope.language, name.place);
        found.map_err(|problem| context.add(problem)).ok()
    });
    OwnDay {
        name: name.map(|at| at.value.into()),
        hours: hours.map_or(Vec::new(), |at| at.value),
        message: message.map(|prompt| prompt.as_str().into()),
    }
}

/// The items of a list of at most so many.
pub(crate) fn items<'n>(
    node: &'n Node,
    max: usize,
    kind: &str,
    context: &mut Context<'_>,
) -> &'n [Node] {
    match &node.value {
        Value::List(items) if items.len() <= max => items,
        Value::List(items) => {
            let problem = format!("expected at most {max} {kind}, got {}", items.len());
            context.add(Problem::new(node.place, problem).mend("leave out those that are past"));
            &[]
        }
        other => {
            let problem = format!("expected a list of {kind}, got {}", other.described());
            let mend = "write it in brackets, with commas between";
            context.add(Problem::new(node.place, problem).mend(mend));
            &[]
        }
    }
}
