//! Where a caller is led: the one way in which numbers, groups and menus say so. Each kind is a setting of its own,
//! `{ queue = "support" }`, of which exactly one is written.

use crate::kinds::{Shape, Within};
use crate::problems::{Problem, quoted};
use crate::queue::NOTHING;
use crate::scope::{Scope, known};
use crate::section::{At, Context, Section};
use crate::setting::Heading;
use crate::setting::Optional;
use crate::settings::place;
use crate::skills;
use crate::tree::Node;
use acd::{Priority, Skills};
use base::{GroupId, MenuId, QueueId, UserId};
use call::outward::Payer;
use call::settings::{Destination, Message, Terms};
use media_core::PromptId;

/// Where somebody is led, as a table.
#[derive(Clone, Copy)]
pub(crate) struct Place;

impl Shape for Place {
    fn words(&self) -> String {
        "place".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        Within(&place::HEADING).schema()
    }

    fn headings(&self) -> Vec<&'static Heading> {
        vec![&place::HEADING]
    }
}

/// What an error tells to write.
pub(crate) const MEND: &str = "write one of { queue = \"…\" }, { user = \"…\" }, { group = \"…\" }, { menu = \"…\" }, { message = \"…\" }, { number = \"…\" } and { outside = \"…\" }";

/// Messages after messages at most: what is heard one after another can be one recording.
const THEN_DEEP_MAX: usize = 4;

/// The destination that `node` is, which an error calls `what`: "number +46850001000".
pub(crate) fn read(
    what: &str,
    node: &Node,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Option<Destination> {
    read_deep(what, node, scope, context, 0)
}

/// The destination under `key`, if that is written.
pub(crate) fn under(
    section: &mut Section<'_>,
    setting: &Optional<Place>,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Option<Destination> {
    let what = format!("`{}` of {}", setting.key, section.what());
    let node = section.node(setting)?;
    read(&what, node, scope, context)
}

fn read_deep(
    what: &str,
    node: &Node,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
    depth: usize,
) -> Option<Destination> {
    let Ok(mut section) = Section::of(what, node, &place::HEADING) else {
        let problem = format!(
            "expected where {what} leads, got {}",
            node.value.described()
        );
        context.add(Problem::new(node.place, problem).mend(MEND));
        return None;
    };
    let destination = of_section(&mut section, scope, context, depth);
    section.finish(context);
    destination
}

/// The destination that a table says among other things.
pub(crate) fn among(
    section: &mut Section<'_>,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Option<Destination> {
    of_section(section, scope, context, 0)
}

fn of_section(
    section: &mut Section<'_>,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
    depth: usize,
) -> Option<Destination> {
    let written = section.ways();
    let mut name = |setting| section.take(setting, context);
    let (queue, user) = (name(&place::QUEUE), name(&place::USER));
    let (group, menu) = (name(&place::GROUP), name(&place::MENU));
    let (message, number) = (name(&place::MESSAGE), name(&place::NUMBER));
    let outside = name(&place::OUTSIDE);
    let terms = Terms {
        priority: priority(section, queue.as_ref(), context),
        requires: requires(section, queue.as_ref(), context),
    };
    let then = then(section, scope, context, depth, message.is_some());
    if written != 1 {
        let problem = format!("{} should lead to one place", section.what());
        context.add(Problem::new(section.place(), problem).mend(MEND));
        return None;
    }
    let org = scope.org;
    if let Some(name) = queue {
        let name = known(&name, "queue", &scope.queues, context)?;
        let queue = QueueId::new(org, name).ok()?;
        return Some(match terms == Terms::default() {
            true => Destination::Queue(queue),
            false => Destination::QueueAs(queue, terms),
        });
    }
    if let Some(name) = user {
        let name = known(&name, "user", &scope.users, context)?;
        return UserId::new(org, name).ok().map(Destination::User);
    }
    if let Some(name) = group {
        let name = known(&name, "group", &scope.groups, context)?;
        return GroupId::new(org, name).ok().map(Destination::Group);
    }
    if let Some(name) = menu {
        let name = known(&name, "menu", &scope.menus, context)?;
        return MenuId::new(org, name).ok().map(Destination::Menu);
    }
    if let Some(name) = message {
        let prompt = prompt(&name, scope, context)?;
        let then = then.map(Box::new);
        return Some(Destination::Message(Message { prompt, then }));
    }
    if let Some(number) = outside {
        return outside_at(&number, scope, context);
    }
    let number = number?;
    let number = known(&number, "number", &scope.numbers, context)?;
    Some(Destination::Number(number.into()))
}

/// The priority that callers have in the queue.
fn priority(
    section: &mut Section<'_>,
    queue: Option<&At<String>>,
    context: &mut Context<'_>,
) -> Option<Priority> {
    let steps = section.take(&place::PRIORITY, context)?;
    if queue.is_none() {
        let problem = format!("`priority` of {} stands beside no queue", section.what());
        let mend = "it goes with a queue: { queue = \"…\", priority = 1 }";
        context.add(Problem::new(steps.place, problem).mend(mend));
    }
    u8::try_from(steps.value).ok().map(Priority::new)
}

/// What callers ask for there of their own.
fn requires(
    section: &mut Section<'_>,
    queue: Option<&At<String>>,
    context: &mut Context<'_>,
) -> Option<Skills> {
    let skills = skills::take(section, &place::REQUIRES, context)?;
    if queue.is_none() {
        let problem = format!("`requires` of {} stands beside no queue", section.what());
        let mend = "it goes with a queue: { queue = \"…\", requires = { svenska = 5 } }";
        context.add(Problem::new(section.place(), problem).mend(mend));
    }
    Some(skills)
}

/// A number outside: called on the organisation's account, whoever the caller is.
fn outside_at(
    number: &At<String>,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Option<Destination> {
    let read = scope.numbering.read(&number.value);
    if read.is_none() {
        let problem = format!("{} is no number outside", quoted(&number.value));
        let mend = "write plus, country code and number, in quotes: \"+46701234567\"";
        context.add(Problem::new(number.place, problem).mend(mend));
    }
    Some(Destination::Outside(read?, Payer::Organisation))
}

/// Where the caller goes after a message.
fn then(
    section: &mut Section<'_>,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
    depth: usize,
    after_message: bool,
) -> Option<Destination> {
    let what = format!("`then` of {}", section.what());
    let node = section.node(&place::THEN)?;
    if !after_message {
        let problem = format!("{what} stands where nothing is said before it");
        let mend = "`then` goes with a message: { message = \"…\", then = { … } }";
        context.add(Problem::new(node.place, problem).mend(mend));
        return None;
    }
    if depth >= THEN_DEEP_MAX {
        let problem = format!("more than {THEN_DEEP_MAX} messages follow each other");
        let mend = "record what is heard one after another as one prompt";
        context.add(Problem::new(node.place, problem).mend(mend));
        return None;
    }
    read_deep(&what, node, scope, context, depth + 1)
}

fn prompt(name: &At<String>, scope: &Scope<'_>, context: &mut Context<'_>) -> Option<PromptId> {
    if name.value == NOTHING {
        let mend = "name a prompt, or lead to where the caller goes without one";
        context.add(Problem::new(name.place, "a message needs something to say").mend(mend));
        return None;
    }
    let found = scope.prompt_at(&name.value, scope.language, name.place);
    found.map_err(|problem| context.add(problem)).ok()
}
