//! Who takes the calls of a queue: its members, how it sees each, and by what policy they are tried.

use crate::problems::{Problem, quoted};
use crate::scope::{Scope, known};
use crate::section::{At, Context, Reading, Section};
use crate::skills;
use crate::source::Place;
use crate::tree::{Node, Value};
use crate::value;
use acd::{AgentSettings, Asked, Member, Policy, QueueSettings, RINGING_MAX};
use base::{QueueId, UserId};
use std::collections::BTreeMap;
use std::num::NonZeroU8;
use std::ops::RangeInclusive;

/// Members of one queue at most.
const MEMBERS_MAX: usize = 10_000;

/// A member's priority and his share where chance decides: few steps, since each is somebody's rule.
const PRIORITIES: RangeInclusive<u32> = 1..=9;
const SHARES: RangeInclusive<u32> = 1..=100;

/// Phones that ring at once by the policy `parallel`, and where no number is set.
const PARALLEL: RangeInclusive<u32> = 2..=RINGING_MAX as u32;
const PARALLEL_DEFAULT: NonZeroU8 = NonZeroU8::new(2).expect("two is not zero");

const POLICIES: [(&str, Policy); 8] = [
    ("longest-idle", Policy::LongestIdle),
    (PARALLEL_WORD, Policy::Parallel(PARALLEL_DEFAULT)),
    ("by-skill", Policy::BySkill),
    ("round-robin", Policy::RoundRobin),
    ("fewest-calls", Policy::FewestCalls),
    ("random", Policy::Random),
    ("ring-all", Policy::RingAll),
    ("fixed-order", Policy::FixedOrder),
];
const PARALLEL_WORD: &str = "parallel";

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
    let members = section.take("members", value::list(MEMBERS_MAX, member), context);
    let members = members.map(|at| at.value).unwrap_or_default();
    let policy = section.take("policy", value::choice(&POLICIES), context);
    let parallel = section.take("parallel", value::whole(PARALLEL), context);
    let asked = skills::read_asked(section, context);
    let mut chosen = policy
        .as_ref()
        .map_or(Policy::default(), |policy| policy.value);
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

/// A name alone, or a table that says how the queue sees him.
fn member(node: &Node) -> Reading<Written> {
    const EXPECTED: &str = "a user, as a name or as { user = \"anna\", priority = 2 }";
    const KEYS: [&str; 3] = ["user", "priority", "weight"];
    let named = |node: &Node| -> Reading<At<String>> {
        Ok(At {
            value: value::text(node)?,
            place: node.place,
        })
    };
    let Value::Table(table) = &node.value else {
        let Value::Text(_) = &node.value else {
            return value::wrong(node, EXPECTED, "write the name of a user in quotes");
        };
        return Ok(Written {
            user: named(node)?,
            priority: Member::default().priority,
            weight: Member::default().weight,
        });
    };
    if let Some((key, entry)) = (table.entries.iter()).find(|(key, _)| !KEYS.contains(&&***key)) {
        let problem = format!("a member has no setting {}", quoted(key));
        let mend = "settings here: `user`, `priority`, `weight`";
        return Err(vec![Problem::new(entry.key, problem).mend(mend)]);
    }
    let whole = |key: &str, range: RangeInclusive<u32>, default: u8| -> Reading<u8> {
        let Some(entry) = table.entries.get(key) else {
            return Ok(default);
        };
        let read = value::whole(range)(&entry.node)?;
        Ok(u8::try_from(read).unwrap_or(u8::MAX))
    };
    let Some(user) = table.entries.get("user") else {
        return value::wrong(node, EXPECTED, "say who: user = \"anna\"");
    };
    Ok(Written {
        user: named(&user.node)?,
        priority: whole("priority", PRIORITIES, Member::default().priority)?,
        weight: whole("weight", SHARES, Member::default().weight)?,
    })
}

fn read_members(
    section: &Section<'_>,
    written: Vec<At<Written>>,
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
    for (rank, At { value: one, .. }) in (0..).zip(&written) {
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
