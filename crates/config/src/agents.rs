//! `[agents]` and `[pause_reasons]`: what holds for all agents of an organisation, in whichever queue.

use crate::problems::{Problem, quoted};
use crate::scope::Scope;
use crate::section::{At, Context, Entry, Section};
use crate::source::Place;
use crate::value;
use acd::{AgentRules, Counted, ErrorLimit, MissedLimit, QueueSettings, Sidelining, WRAP_UP_MAX};
use base::{QueueId, UserId};
use call::outward::{Class, MobilesShow, Outside, Payer};
use call::settings::Organisation;
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

const MOBILES_SHOW: [(&str, MobilesShow); 2] = [
    ("queue", MobilesShow::Queue),
    ("caller", MobilesShow::Caller),
];

/// Most that may be allowed of what an agent lets callers down by: more is no limit.
const STRIKES_MAX: u32 = 1_000;

pub(crate) fn read(top: &mut Section<'_>, context: &mut Context<'_>) -> (AgentRules, MobilesShow) {
    let mut rules = AgentRules::default();
    let mut mobiles_show = MobilesShow::default();
    if let Some(mut section) = top.section("agents", "[agents]", context) {
        read_limits(&mut section, &mut rules, context);
        let spans = Duration::from_secs(1)..=WRAP_UP_MAX;
        let extension = section.take("wrap_up_extension", value::duration(spans), context);
        if let Some(extension) = extension {
            rules.wrap_up_extension = extension.value;
        }
        if let Some(show) = section.take("mobiles_show", value::choice(&MOBILES_SHOW), context) {
            mobiles_show = show.value;
        }
        section.finish(context);
    }
    rules.pause_reasons = read_reasons(top.named("pause_reasons", context), context);
    (rules, mobiles_show)
}

/// Takes `mobile` of a user: a number outside that he would dial.
pub(crate) fn read_mobile(
    section: &mut Section<'_>,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Option<At<Outside>> {
    let At { value, place } = section.take("mobile", value::text, context)?;
    match scope.numbering.read(&value) {
        Some(value) if value.class != Class::Emergency => Some(At { value, place }),
        _ => {
            let problem = format!("{} is no number of a mobile", quoted(&value));
            let mend = "write the number with plus and country code: \"+46701234567\"";
            context.add(Problem::new(place, problem).mend(mend));
            None
        }
    }
}

/// Warns of mobiles that a queue of their agent's may not call.
pub(crate) fn check_mobiles(
    organisation: &Organisation,
    queues: &BTreeMap<QueueId, QueueSettings>,
    places: &[(UserId, Place)],
    context: &mut Context<'_>,
) {
    for (user, place) in places {
        let mobile = organisation
            .users
            .get(user)
            .and_then(|it| it.mobile.as_ref());
        let Some(mobile) = mobile else {
            continue;
        };
        let his = queues
            .iter()
            .filter(|(_, queue)| queue.members.contains_key(user));
        let refused = his.map(|(queue, _)| queue).find_map(|queue| {
            let payer = Payer::Queue(queue.clone());
            let why = organisation.outward.check(&payer, mobile).err()?;
            Some((queue, why))
        });
        if let Some((queue, why)) = refused {
            let problem = format!("queue `{}` will not call this mobile: {why}", queue.name());
            let mend = "give the queue, or the organisation, a `plan` that allows it";
            context.warn(Problem::new(*place, problem).mend(mend));
        }
    }
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
