//! `[hours.<name>]`: when something is open. The rules are `calendar`'s; here they are read.

use crate::problems::{Problem, quoted};
use crate::scope::{Scope, bad_name};
use crate::section::{Context, Section};
use crate::source::Place;
use crate::tree::{Node, Value};
use crate::value;
use base::HoursId;
use calendar::{Hours, Interval, Weekday, days};
use std::collections::BTreeMap;

/// Intervals of one day at most.
const INTERVALS_MAX: usize = 24;

/// Closed days at most: ten years of every holiday.
const CLOSED_MAX: usize = 400;

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
    let mend = "name the time zone: zone = \"Europe/Stockholm\"";
    let hours = section.require("zone", mend, zone, context);
    let hours = hours.map(|at| at.value);
    // Read on without one too, so that all that is wrong is told at once.
    let mut hours = hours.or_else(|| Hours::new("UTC").ok())?;
    read_week(&mut section, &mut hours, context);
    read_closed(&mut section, &mut hours, scope, context);
    section.finish(context);
    Some((id?, hours))
}

fn zone(node: &Node) -> Result<Hours, Vec<Problem>> {
    let name = value::text(node)?;
    Hours::new(&name).map_err(|error| {
        let mend = "write it as the time zone database does, such as \"Europe/Stockholm\"";
        vec![Problem::new(node.place, error.to_string()).mend(mend)]
    })
}

fn read_week(section: &mut Section<'_>, hours: &mut Hours, context: &mut Context<'_>) {
    let (what, place) = (section.what().to_owned(), section.place());
    if !section.has("week") {
        let problem = format!("{what} has no `week`, so it is never open");
        let mend = "write when it is: week = { \"mon-fri\" = [\"08:00-17:00\"] }";
        context.add(Problem::new(place, problem).mend(mend));
    }
    let mut taken: BTreeMap<Weekday, Place> = BTreeMap::new();
    for (names, at, node) in section.named("week", context) {
        let named = match days(names) {
            Ok(named) => named,
            Err(error) => {
                let mend = "write mon, tue, wed, thu, fri, sat and sun, with - or , between";
                context.add(Problem::new(at, error.to_string()).mend(mend));
                continue;
            }
        };
        let reader = value::list(INTERVALS_MAX, interval);
        let intervals = context.told(reader(node)).unwrap_or_default();
        for day in named {
            if let Some(first) = taken.insert(day, at) {
                let problem = format!("{} of {what} is there twice", day.name());
                let problem = Problem::new(at, problem)
                    .mend("write all intervals of a day in one list")
                    .see(first, "the first is here");
                context.add(problem);
            }
            for interval in &intervals {
                hours.open(day, interval.value);
            }
        }
    }
}

fn interval(node: &Node) -> Result<Interval, Vec<Problem>> {
    let text = value::str_of(node, "a clock interval", "08:00-17:00")?;
    text.parse().map_err(|error: calendar::InvalidInterval| {
        let mend =
            "write two times of four digits; one that ends before it begins goes over midnight";
        vec![Problem::new(node.place, error.to_string()).mend(mend)]
    })
}

/// A date, or a table of one and its message.
fn read_closed(
    section: &mut Section<'_>,
    hours: &mut Hours,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) {
    let what = format!("a closed day of {}", section.what());
    let Some(node) = section.node("closed") else {
        return;
    };
    let Value::List(items) = &node.value else {
        let problem = format!("expected a list of days, got {}", node.value.described());
        let mend = "write closed = [\"2026-12-25\", { date = \"2026-12-24\", message = \"…\" }]";
        context.add(Problem::new(node.place, problem).mend(mend));
        return;
    };
    if items.len() > CLOSED_MAX {
        let problem = format!(
            "expected at most {CLOSED_MAX} closed days, got {}",
            items.len()
        );
        context.add(Problem::new(node.place, problem).mend("leave out those that are past"));
        return;
    }
    for item in items {
        let (date, message) = match &item.value {
            Value::Table(_) => {
                let Some(mut day) = context.told(Section::of(&*what, item)) else {
                    continue;
                };
                let mend = "say which day: date = \"2026-12-24\"";
                let date = day.require("date", mend, value::text, context);
                let message = day.take("message", value::text, context);
                day.finish(context);
                (date.map(|at| at.value), message)
            }
            _ => (context.told(value::text(item)), None),
        };
        let note = message.and_then(|name| {
            let found = scope.prompt_at(&name.value, scope.language, name.place);
            found.map_err(|problem| context.add(problem)).ok()
        });
        let Some(date) = date else {
            continue;
        };
        let note = note.map(|prompt| prompt.as_str().into());
        if hours.close(&date, note).is_err() {
            let problem = format!("expected a date, got {}", quoted(&date));
            let mend = "write year, month and day: \"2026-12-24\"";
            context.add(Problem::new(item.place, problem).mend(mend));
        }
    }
}
