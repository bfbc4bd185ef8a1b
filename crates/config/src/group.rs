//! `[groups.<name>]`: people who are rung together or in order.

use crate::destination;
use crate::problems::{Problem, quoted};
use crate::scope::{Dialled, Opened, Scope, known, open};
use crate::section::{At, Context, Entry};
use crate::value;
use base::{GroupId, UserId};
use call::settings::{Group, GroupPolicy, Member};
use std::time::Duration;

/// Members of one group at most: more people than these want a queue, which rings only those who are free.
const MEMBERS_MAX: usize = 16;

/// How long they ring, unless set.
const RING: Duration = Duration::from_secs(30);

/// The same of each, where it is one after another.
const RING_IN_ORDER: Duration = Duration::from_secs(15);

const POLICIES: [(&str, GroupPolicy); 2] = [
    ("all", GroupPolicy::All),
    ("in-order", GroupPolicy::InOrder),
];

pub(crate) struct Read {
    pub(crate) id: GroupId,
    pub(crate) extension: Option<Box<str>>,
    pub(crate) group: Group,
}

pub(crate) fn read(
    entry: Entry<'_>,
    scope: &Scope<'_>,
    dialled: &mut Dialled,
    context: &mut Context<'_>,
) -> Option<Read> {
    let (name, ..) = entry;
    let Opened {
        id,
        what,
        mut section,
        extension,
    } = open("group", GroupId::new, entry, scope, dialled, context)?;
    let display_name = section.take("name", value::text, context);
    let mend = "name who is rung: members = [\"anna\", \"bosse\"]";
    let list = value::list(MEMBERS_MAX, value::text);
    let members = section.require("members", mend, list, context);
    let policy = section.take("policy", value::choice(&POLICIES), context);
    let policy = policy.map_or(GroupPolicy::default(), |at| at.value);
    let rings = Duration::from_secs(1)..=Duration::from_secs(300);
    let ring = section.take("ring", value::duration(rings), context);
    let then = destination::under(&mut section, "then", scope, context);
    section.finish(context);
    let group = Group {
        display_name: display_name.map_or_else(|| name.into(), |at| at.value.into()),
        members: read_members(&what, members?, scope, context),
        policy,
        ring: ring.map_or(
            match policy {
                GroupPolicy::All => RING,
                GroupPolicy::InOrder => RING_IN_ORDER,
            },
            |at| at.value,
        ),
        then,
    };
    Some(Read {
        id: id?,
        extension,
        group,
    })
}

fn read_members(
    what: &str,
    names: At<Vec<At<String>>>,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Vec<Member> {
    if names.value.is_empty() {
        let problem = format!("{what} has no members");
        let mend = "name who is rung: members = [\"anna\", \"bosse\"]";
        context.add(Problem::new(names.place, problem).mend(mend));
    }
    let mut members = Vec::new();
    for (index, name) in names.value.iter().enumerate() {
        let first = names.value[..index]
            .iter()
            .find(|it| it.value == name.value);
        if let Some(first) = first {
            let problem = format!("{} is a member of {what} twice", quoted(&name.value));
            let problem = Problem::new(name.place, problem)
                .mend("keep one of them")
                .see(first.place, "the first is here");
            context.add(problem);
            continue;
        }
        members.extend(read_member(name, scope, context));
    }
    members
}

/// A user by name, or a number outside.
fn read_member(name: &At<String>, scope: &Scope<'_>, context: &mut Context<'_>) -> Option<Member> {
    let is_user = scope.users.contains(name.value.as_str());
    if !is_user && let Some(outside) = scope.numbering.read(&name.value) {
        return Some(Member::Outside(outside));
    }
    let known = known(name, "user", &scope.users, context)?;
    UserId::new(scope.org, known).ok().map(Member::User)
}
