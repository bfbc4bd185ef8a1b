//! `[hours.<name>]`: when something is open. The rules are `calendar`'s; here they are read.

use crate::import;
use crate::kinds::{Kind, Own, form};
use crate::problems::{Problem, quoted};
use crate::scope::{Scope, bad_name};
use crate::section::{At, Context, Reading, Section};
use crate::setting::Declared;
use crate::settings::{day, eve, hours, own_day, recurrence, rule};
use crate::source::Place;
use crate::tree::{Node, Value};
use crate::value;
use base::HoursId;
use calendar::{
    Date, DayOfMonth, DayOfYear, Eve, Hours, Interval, On, OwnDay, Recurrence, Rule, Sweden,
    Weekday, days,
};
use serde_json::json;

/// Intervals of one day at most.
const INTERVALS_MAX: usize = 24;

/// Says that a day is closed, in place of intervals.
const CLOSED: &str = "closed";

/// Whose holidays are kept.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Country {
    Sweden,
}

/// A time zone.
pub(crate) const ZONE: Own<String> = Own {
    words: "time zone",
    schema: || form("^[A-Za-z0-9_+/-]+$"),
    read: zone,
};

/// A value, and how it is written.
pub(crate) type Worded<T> = (T, String);

/// Days of the week.
pub(crate) const WEEKDAYS: Own<Worded<Vec<Weekday>>> = Own {
    words: "days of the week",
    schema: || form("^[a-z, -]+$"),
    read: weekdays,
};

/// A day of a month.
pub(crate) const DAY_OF_MONTH: Own<Worded<DayOfMonth>> = Own {
    words: "day of the month",
    schema: || json!({ "type": ["integer", "string"] }),
    read: day_of_month,
};

/// A day of a year.
pub(crate) const DAY_OF_YEAR: Own<Worded<DayOfYear>> = Own {
    words: "day of the year",
    schema: || form("^[a-z0-9+ -]+$"),
    read: day_of_year,
};

/// A date.
pub(crate) const DATE: Own<Date> = Own {
    words: "date",
    schema: || form("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
    read: date,
};

/// Clock intervals of a day.
pub(crate) const INTERVALS: Own<Vec<Interval>> = Own {
    words: "list of intervals, or `\"closed\"`",
    schema: || {
        let interval = form("^[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$");
        json!({ "anyOf": [
            { "enum": [CLOSED] },
            { "type": "array", "maxItems": INTERVALS_MAX, "items": interval },
        ] })
    },
    read: intervals,
};

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
    let section = Section::of(format!("hours `{name}`"), node, &hours::HEADING);
    let mut section = context.told(section)?;
    if scope.zone.is_none() && !section.has(&hours::ZONE) {
        let mend = "name the time zone here or under [organisation]: zone = \"Europe/Stockholm\"";
        section.tell_absent(&hours::ZONE, mend, context);
    }
    let zone = section.take(&hours::ZONE, context).map(|at| at.value);
    let zone = zone.or_else(|| scope.zone.clone());
    // Read on without one too, so that all that is wrong is told at once.
    let mut read = Hours::new(zone.as_deref().unwrap_or("UTC")).ok()?;
    read_rules(&mut section, &mut read, context);
    read_holidays(&mut section, &mut read, context);
    read_days(&mut section, &mut read, scope, context);
    import::read(&mut section, &mut read, scope, context);
    section.finish(context);
    Some((id?, read))
}

/// The name of a time zone that there is.
fn zone(node: &Node) -> Reading<String> {
    let name = value::text(node)?;
    Hours::new(&name).map(|_| name).map_err(|error| {
        let mend = "write it as the time zone database does, such as \"Europe/Stockholm\"";
        vec![Problem::new(node.place, error.to_string()).mend(mend)]
    })
}

fn read_rules(section: &mut Section<'_>, read: &mut Hours, context: &mut Context<'_>) {
    let what = section.what().to_owned();
    let Some(node) = section.node(&hours::RULES) else {
        let problem = format!("{what} has no `rules`, so it is never open");
        let mend = hours::RULES.otherwise.0;
        context.add(Problem::new(section.place(), problem).mend(mend));
        return;
    };
    for item in items(node, hours::RULES.kind.max, "rules", context) {
        let section = Section::of(format!("a rule of {what}"), item, &rule::HEADING);
        let Some(mut section) = context.told(section) else {
            continue;
        };
        let days = read_recurrence(&mut section, None, context);
        let open = section.require(&rule::HOURS, context);
        section.finish(context);
        if let (Some((days, written)), Some(open)) = (days, open) {
            read.add_rule(Rule {
                days,
                hours: open.value,
                written: written.into(),
            });
        }
    }
}

/// Which days a table is about, and how that is written: the day `once`, or several.
pub(crate) fn read_recurrence(
    section: &mut Section<'_>,
    once: Option<At<Date>>,
    context: &mut Context<'_>,
) -> Option<(Recurrence, String)> {
    let ways = section.ways();
    let daily = section.take(&recurrence::DAILY, context);
    let weekdays = section.take(&recurrence::WEEKDAYS, context);
    let monthly = section.take(&recurrence::MONTHLY, context);
    let yearly = section.take(&recurrence::YEARLY, context);
    let every = section.take(&recurrence::EVERY, context);
    let from = section.take(&recurrence::FROM, context);
    let until = section.take(&recurrence::UNTIL, context);
    if ways != 1 {
        let problem = format!("{} should say its days in one way", section.what());
        let mend = "write one of daily = true, weekdays = [\"mon-fri\"], monthly = [\"last friday\"] and yearly = [\"12-24\"]";
        context.add(Problem::new(section.place(), problem).mend(mend));
        return None;
    }
    if let Some(once) = once {
        let bounds: [&dyn Declared; 3] =
            [&recurrence::EVERY, &recurrence::FROM, &recurrence::UNTIL];
        for it in bounds.into_iter().filter(|it| section.has(*it)) {
            let problem = format!(
                "`{}` of {} stands beside one `date`",
                it.key(),
                section.what()
            );
            let mend = "it goes with days that come again: daily = true";
            context.add(Problem::new(section.place_of(&[it]), problem).mend(mend));
        }
        return Some((Recurrence::once(once.value), String::new()));
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
    let every = every.map_or_else(recurrence::EVERY.otherwise.0, |at| at.value);
    let mut days = Recurrence::new(on);
    days.every = u16::try_from(every).unwrap_or(u16::MAX);
    days.from = from.map(|at| at.value);
    days.until = until.map(|at| at.value);
    Some((days, written))
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
fn intervals(node: &Node) -> Reading<Vec<Interval>> {
    if matches!(&node.value, Value::Text(text) if text == CLOSED) {
        return Ok(Vec::new());
    }
    let read = value::list(INTERVALS_MAX, interval)(node)?;
    Ok(read.into_iter().map(|at| at.value).collect())
}

pub(crate) fn interval(node: &Node) -> Reading<Interval> {
    let text = value::str_of(node, "a clock interval", "08:00-17:00")?;
    let mend = "write two times of four digits; one that ends before it begins goes over midnight";
    text.parse()
        .map_err(|error: calendar::InvalidInterval| wrong(node, &error, mend))
}

fn read_holidays(section: &mut Section<'_>, read: &mut Hours, context: &mut Context<'_>) {
    let country = section.take(&hours::HOLIDAYS, context);
    let eves = section.node(&hours::EVES);
    let squeeze_days = section.take(&hours::SQUEEZE_DAYS, context);
    let what = section.what().to_owned();
    let eves = eves.map_or(Vec::new(), |node| read_eves(&what, node, context));
    match country {
        Some(At {
            value: Country::Sweden,
            ..
        }) => read.keep_holidays(Sweden {
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
    for item in items(node, hours::EVES.kind.max, "eves", context) {
        let (eve, hours) = match &item.value {
            Value::Table(_) => {
                let section = Section::of(format!("an eve of {what}"), item, &eve::HEADING);
                let Some(mut section) = context.told(section) else {
                    continue;
                };
                let eve = section.require(&eve::DAY, context);
                let hours = section.take(&eve::HOURS, context);
                section.finish(context);
                (eve.map(|at| at.value), hours.map(|at| at.value))
            }
            _ => (context.told(eve::DAY.kind.read(item)), None),
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
    read: &mut Hours,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) {
    let what = format!("a day of {}", section.what());
    let Some(node) = section.node(&hours::DAYS) else {
        return;
    };
    for item in items(node, hours::DAYS.kind.max, "days", context) {
        let Value::Table(_) = &item.value else {
            if let Some(date) = context.told(date(item)) {
                read.add_days(Recurrence::once(date), OwnDay::default());
            }
            continue;
        };
        let Some(mut section) = context.told(Section::of(&*what, item, &day::HEADING)) else {
            continue;
        };
        let once = section.take(&day::DATE, context);
        let days = read_recurrence(&mut section, once, context);
        let day = own_day(&mut section, scope, context);
        section.finish(context);
        if let Some((days, _)) = days {
            read.add_days(days, day);
        }
    }
}

/// What is special about a day.
pub(crate) fn own_day(
    section: &mut Section<'_>,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> OwnDay {
    let name = section.take(&own_day::NAME, context);
    let hours = section.take(&own_day::HOURS, context);
    let message = section.take(&own_day::MESSAGE, context);
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
