//! Who takes the calls of a queue: its members, how it sees each, and by what policy they are tried.

use crate::problems::{Problem, quoted};
use crate::scope::{Scope, known};
use crate::section::{At, Context, Section};
use crate::settings::{member, queue};
use crate::skills;
use crate::source::Place;
use crate::tree::{Node, Value};
use crate::value;
use acd::{AgentSettings, Asked, Member, Policy, QueueSettings};
use base::{QueueId, UserId};
use std::collections::BTreeMap;
use std::num::NonZeroU8;

/// What a queue goes by when it chooses an agent.
pub(crate) struct Choice {
    pub(crate) members: BTreeMap<UserId, Member>,
    pub(crate) policy: Policy,
    pub(crate) asked: Asked,
}

pub(crate) fn read(
    section: &mut Section<'_>,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Choice {
    let members = read_written(section, context);
    let policy = section.take(&queue::POLICY, context);
    let parallel = section.take(&queue::PARALLEL, context);
    let asked = skills::read_asked(section, context);
    let mut chosen = policy
        .as_ref()
        .map_or_else(queue::POLICY.otherwise.0, |policy| policy.value);
    if let Some(many) = parallel {
        let count = u8::try_from(many.value).ok().and_then(NonZeroU8::new);
        match (&mut chosen, count) {
            (Policy::Parallel(at_once), Some(count)) => *at_once = count,
            _ => {
                let problem = "`parallel` says how many phones ring at once by that policy alone";
                let mend = "write policy = \"parallel\", or remove the line";
                context.add(Problem::new(many.place, problem).mend(mend));
            }
        }
    }
    if let Some(policy) = policy.filter(|at| at.value == Policy::BySkill)
        && asked.requires.is_empty()
    {
        let problem = format!("{} asks for no skill to choose by", section.what());
        let mend = "say what callers ask for: requires = { sales = 3 }";
        context.add(Problem::new(policy.place, problem).mend(mend));
    }
    Choice {
        members: read_members(section, members, scope, context),
        policy: chosen,
        asked,
    }
}

/// One entry of `members`.
struct Written {
    user: At<String>,
    priority: u8,
    weight: u8,
}

fn read_written(section: &mut Section<'_>, context: &mut Context<'_>) -> Vec<Written> {
    let Some(node) = section.node(&queue::MEMBERS) else {
        return Vec::new();
    };
    let items = context.told(value::items(node, queue::MEMBERS.kind.max));
    let what = format!("a member of {}", section.what());
    let items = items.unwrap_or_default().iter();
    items
        .filter_map(|item| read_member(&what, item, context))
        .collect()
}

/// A name alone, or a table that says how the queue sees him.
fn read_member(what: &str, node: &Node, context: &mut Context<'_>) -> Option<Written> {
    const EXPECTED: &str = "a user, as a name or as { user = \"anna\", priority = 2 }";
    match &node.value {
        Value::Table(_) => {
            let mut section = context.told(Section::of(what, node, &member::HEADING))?;
            let user = section.require(&member::USER, context);
            let priority = section.value(&member::PRIORITY, context);
            let weight = section.value(&member::WEIGHT, context);
            section.finish(context);
            Some(Written {
                user: user?,
                priority: u8::try_from(priority).unwrap_or(u8::MAX),
                weight: u8::try_from(weight).unwrap_or(u8::MAX),
            })
        }
        Value::Text(_) => {
            let value = context.told(value::text(node))?;
            let place = node.place;
            Some(Written {
                user: At { value, place },
                priority: Member::default().priority,
                weight: Member::default().weight,
            })
        }
        _ => {
            let mend = "write the name of a user in quotes";
            context.told(value::wrong(node, EXPECTED, mend))
        }
    }
}

fn read_members(
    section: &Section<'_>,
    written: Vec<Written>,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> BTreeMap<UserId, Member> {
    let what = section.what();
    if written.is_empty() {
        let problem = format!("{what} has no members: its callers wait for nobody");
        let mend = "name users: members = [\"anna\"]";
        context.warn(Problem::new(section.place(), problem).mend(mend));
    }
    let mut first: BTreeMap<&str, Place> = BTreeMap::new();
    let mut members = BTreeMap::new();
    for (rank, one) in (0..).zip(&written) {
        if let Some(first) = first.insert(&one.user.value, one.user.place) {
            let problem = format!("{} is a member of {what} twice", quoted(&one.user.value));
            let problem = Problem::new(one.user.place, problem)
                .mend("keep one of them")
                .see(first, "the first is here");
            context.add(problem);
        }
        let known = known(&one.user, "user", &scope.users, context);
        let user = known.and_then(|name| UserId::new(scope.org, name).ok());
        let member = Member {
            rank,
            priority: one.priority,
            weight: one.weight,
        };
        members.extend(user.map(|user| (user, member)));
    }
    members
}

/// Tells every queue whose members are all unable to take its calls, however long a caller has waited.
pub(crate) fn warn_of_unable(
    queues: &BTreeMap<QueueId, QueueSettings>,
    agents: &BTreeMap<UserId, AgentSettings>,
    places: &BTreeMap<QueueId, Place>,
    context: &mut Context<'_>,
) {
    for (id, queue) in queues {
        let asked = queue.asked.widen.last();
        let asked = asked.map_or(&queue.asked.requires, |last| &last.requires);
        let able = |member: &UserId| {
            let skills = agents.get(member).map(|agent| &agent.skills);
            let has = |skill: &str| skills.and_then(|skills| skills.get(skill));
            asked
                .iter()
                .all(|(skill, level)| has(skill).is_some_and(|has| has >= level))
        };
        if queue.members.is_empty() || queue.members.keys().any(able) {
            continue;
        }
        let Some(place) = places.get(id) else {
            continue;
        };
        let problem = format!(
            "no member of queue `{}` is able to what its callers ask for",
            id.name()
        );
        let mend = "give members the skills: [users.anna] skills = { sales = 5 }; or widen what is asked for";
        context.warn(Problem::new(*place, problem).mend(mend));
    }
}
