//! `[agents]` and `[pause_reasons]`: what holds for all agents of an organisation, in whichever queue.

use crate::kinds::Kind;
use crate::problems::{Problem, quoted};
use crate::scope::Scope;
use crate::section::{At, Context, Entry, Section};
use crate::settings::{PAUSE_REASON, agents, organisation_files, user};
use crate::source::Place;
use acd::{AgentRules, ErrorLimit, MissedLimit, QueueSettings};
use base::{QueueId, UserId};
use call::outward::{Class, MobilesShow, Outside, Payer};
use call::settings::Organisation;
use std::collections::BTreeMap;

pub(crate) fn read(top: &mut Section<'_>, context: &mut Context<'_>) -> (AgentRules, MobilesShow) {
    let mut section = top.headed_or_empty(&organisation_files::AGENTS, context);
    let missed = MissedLimit {
        max: 0,
        counted: section.value(&agents::MISSED_COUNTED, context),
        then: section.value(&agents::MISSED_ACTION, context),
    };
    let errors = ErrorLimit {
        max: 0,
        then: section.value(&agents::ERRORS_ACTION, context),
    };
    let missed_max = section.take(&agents::MISSED_MAX, context);
    let errors_max = section.take(&agents::ERRORS_MAX, context);
    let wrap_up_extension = section.value(&agents::WRAP_UP_EXTENSION, context);
    let mobiles_show = section.value(&agents::MOBILES_SHOW, context);
    section.finish(context);
    let rules = AgentRules {
        missed: missed_max.map(|at| MissedLimit {
            max: at.value,
            ..missed
        }),
        errors: errors_max.map(|at| ErrorLimit {
            max: at.value,
            ..errors
        }),
        wrap_up_extension,
        pause_reasons: read_reasons(
            top.named(&organisation_files::PAUSE_REASONS, context),
            context,
        ),
    };
    (rules, mobiles_show)
}

/// Takes `mobile` of a user: a number outside that he would dial.
pub(crate) fn read_mobile(
    section: &mut Section<'_>,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Option<At<Outside>> {
    let At { value, place } = section.take(&user::MOBILE, context)?;
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
        let Some(word) = context.told(PAUSE_REASON.read(node)) else {
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
