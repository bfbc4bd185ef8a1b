//! `[groups.<name>]`: people who are rung together or in order.

use crate::destination;
use crate::problems::{Problem, quoted};
use crate::scope::{Dialable, Dialled, Opened, Scope, known, open};
use crate::section::{At, Context, Entry};
use crate::settings::{RING_ALL, RING_IN_ORDER, group};
use base::{GroupId, UserId};
use call::settings::{Group, GroupPolicy, Member};

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
    } = open(
        Dialable {
            kind: "group",
            id_of: GroupId::new,
            heading: &group::HEADING,
            extension: &group::EXTENSION,
        },
        entry,
        scope,
        dialled,
        context,
    )?;
    let display_name = section.take(&group::NAME, context);
    let members = section.require(&group::MEMBERS, context);
    let policy = section.value(&group::POLICY, context);
    let ring = section.take(&group::RING, context);
    let then = destination::under(&mut section, &group::THEN, scope, context);
    section.finish(context);
    let group = Group {
        display_name: display_name.map_or_else(|| name.into(), |at| at.value.into()),
        members: read_members(&what, members?, scope, context),
        policy,
        ring: ring.map_or(
            match policy {
                GroupPolicy::All => RING_ALL,
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
        let mend = group::MEMBERS.otherwise.0;
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
