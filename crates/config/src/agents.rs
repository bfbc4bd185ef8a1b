//! `[agents]` and `[pause_reasons]`: what holds for all agents of an organisation, in whichever queue.

use crate::problems::{Problem, quoted};
use crate::section::{Context, Entry, Section};
use crate::value;
use acd::{AgentRules, Counted, ErrorLimit, MissedLimit, Sidelining, WRAP_UP_MAX};
use std::collections::BTreeMap;
use std::time::Duration;

const COUNTED: [(&str, Counted); 2] = [
    ("in-a-row", Counted::InARow),
    ("since-log-in", Counted::SinceLogIn),
];

const SIDELININGS: [(&str, Sidelining); 2] = [
    ("log-out", Sidelining::LogOut),
    ("pause", Sidelining::Pause),
];

/// Most that may be allowed of what an agent lets callers down by: more is no limit.
const STRIKES_MAX: u32 = 1_000;

pub(crate) fn read(top: &mut Section<'_>, context: &mut Context<'_>) -> AgentRules {
    let mut rules = AgentRules::default();
    if let Some(mut section) = top.section("agents", "[agents]", context) {
        read_limits(&mut section, &mut rules, context);
        let spans = Duration::from_secs(1)..=WRAP_UP_MAX;
        let extension = section.take("wrap_up_extension", value::duration(spans), context);
        if let Some(extension) = extension {
            rules.wrap_up_extension = extension.value;
        }
        section.finish(context);
    }
    rules.pause_reasons = read_reasons(top.named("pause_reasons", context), context);
    rules
}

fn read_limits(section: &mut Section<'_>, rules: &mut AgentRules, context: &mut Context<'_>) {
    let count = || value::whole(1..=STRIKES_MAX);
    let missed = section.take("missed_max", count(), context);
    let counted = section.take("missed_counted", value::choice(&COUNTED), context);
    let then = section.take("missed_action", value::choice(&SIDELININGS), context);
    rules.missed = missed.map(|max| MissedLimit {
        max: max.value,
        counted: counted.map_or(Counted::default(), |at| at.value),
        then: then.map_or(Sidelining::default(), |at| at.value),
    });
    let errors = section.take("errors_max", count(), context);
    let then = section.take("errors_action", value::choice(&SIDELININGS), context);
    rules.errors = errors.map(|max| ErrorLimit {
        max: max.value,
        then: then.map_or(Sidelining::default(), |at| at.value),
    });
}

/// Codes are digits, dialled behind the code for pausing.
fn read_reasons(
    entries: Vec<Entry<'_>>,
    context: &mut Context<'_>,
) -> BTreeMap<Box<str>, Box<str>> {
    let mut reasons: BTreeMap<Box<str>, Box<str>> = BTreeMap::new();
    for (code, place, node) in entries {
        if code.len() != 1 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            let problem = format!("{} is no code of a pause reason", quoted(code));
            let mend =
                "codes are single digits, dialled behind the code for pausing: 1 = \"lunch\"";
            context.add(Problem::new(place, problem).mend(mend));
            continue;
        }
        let Some(word) = context.told(value::text(node)) else {
            continue;
        };
        if word.chars().count() > acd::PAUSE_REASON_CHARS_MAX {
            let most = acd::PAUSE_REASON_CHARS_MAX;
            let problem = format!("the pause reason is longer than {most} characters");
            context.add(Problem::new(node.place, problem).mend("shorten it: it stands in tables"));
        } else if reasons.values().any(|other| **other == *word) {
            let problem = format!("{} is a pause reason twice", quoted(&word));
            context.add(Problem::new(node.place, problem).mend("keep one of them"));
        } else {
            reasons.insert(code.into(), word.into());
        }
    }
    reasons
}
