//! What leads where, over a whole organisation: no circle that a caller can't get out of, no chain without end,
//! and no queue that nobody can call.

use crate::problems::Problem;
use crate::section::Context;
use crate::source::Place;
use base::{GroupId, QueueId};
use call::settings::{Destination, Organisation};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Places that a caller is led through at most without a word of his: calls are led no further either.
const CHAIN_MAX: usize = 8;

/// Something that leads on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Node {
    Number(Box<str>),
    Group(GroupId),
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Node::Number(number) => write!(f, "number {number}"),
            Node::Group(group) => write!(f, "group `{}`", group.name()),
        }
    }
}

/// Where each thing that leads on was written.
pub(crate) type Places = BTreeMap<Node, Place>;

/// Tells every circle and every chain that is too long.
pub(crate) fn check(organisation: &Organisation, places: &Places, context: &mut Context<'_>) {
    let mut walk = Walk {
        organisation,
        lengths: BTreeMap::new(),
        path: Vec::new(),
        wrong: None,
    };
    for (node, place) in places {
        walk.length(node);
        let Some(wrong) = walk.wrong.take() else {
            continue;
        };
        let mend = "lead it to a queue, a user or a message in the end";
        context.add(Problem::new(*place, wrong).mend(mend));
        walk.path.clear();
    }
}

struct Walk<'o> {
    organisation: &'o Organisation,
    /// How many places a caller is led through from there on; known once everything behind is.
    lengths: BTreeMap<Node, usize>,
    path: Vec<Node>,
    /// What to tell of the walk that is under way.
    wrong: Option<String>,
}

impl Walk<'_> {
    fn length(&mut self, node: &Node) -> usize {
        if let Some(length) = self.lengths.get(node) {
            return *length;
        }
        if let Some(start) = self.path.iter().position(|on_path| on_path == node) {
            let mut circle: Vec<String> = self.path[start..].iter().map(Node::to_string).collect();
            circle.push(node.to_string());
            let circle = circle.join(" → ");
            self.wrong = Some(format!("the caller is led round in a circle: {circle}"));
            return 0;
        }
        if self.path.len() >= CHAIN_MAX {
            let first = &self.path[0];
            self.wrong = Some(format!(
                "the caller is led from {first} through more than {CHAIN_MAX} places"
            ));
            return 0;
        }
        self.path.push(node.clone());
        let next = automatic(self.organisation, node);
        let longest = next.iter().map(|next| self.length(next)).max();
        self.path.pop();
        let length = 1 + longest.unwrap_or(0);
        // Told once: what leads into the circle is not wrong itself.
        self.lengths.insert(node.clone(), length);
        length
    }
}

/// Where a caller goes from there without doing anything.
fn automatic(organisation: &Organisation, node: &Node) -> Vec<Node> {
    let mut next = Vec::new();
    match node {
        Node::Number(number) => {
            if let Some(number) = organisation.numbers.get(number) {
                next.extend(led_to(&number.otherwise));
            }
        }
        Node::Group(group) => {
            let group = organisation.ways.groups.get(group);
            next.extend(group.and_then(|group| led_to(group.then.as_ref()?)));
        }
    }
    next
}

/// What leads on from a destination, if that does not end there.
fn led_to(destination: &Destination) -> Option<Node> {
    match destination {
        Destination::Queue(_) | Destination::User(_) => None,
        Destination::Group(group) => Some(Node::Group(group.clone())),
        Destination::Message(message) => led_to(message.then.as_deref()?),
        Destination::Number(number) => Some(Node::Number(number.clone())),
    }
}

/// Tells every queue that no number, extension or group leads to.
pub(crate) fn warn_of_unreachable(
    organisation: &Organisation,
    queues: &BTreeMap<QueueId, Place>,
    context: &mut Context<'_>,
) {
    let mut reached = BTreeSet::new();
    let extensions = organisation.extensions.values();
    let numbers = organisation
        .numbers
        .values()
        .map(|number| &number.otherwise);
    let groups = organisation.ways.groups.values();
    let groups = groups.filter_map(|group| group.then.as_ref());
    for destination in extensions.chain(numbers).chain(groups) {
        reached.extend(queue_at(destination));
    }
    for (queue, place) in queues.iter().filter(|(queue, _)| !reached.contains(queue)) {
        let name = queue.name();
        let problem = format!("nobody can call queue `{name}`: nothing leads to it");
        let mend = format!(
            "give it an `extension`, or a number under [numbers]: {{ queue = \"{name}\" }}"
        );
        context.warn(Problem::new(*place, problem).mend(mend));
    }
}

fn queue_at(destination: &Destination) -> Option<&QueueId> {
    match destination {
        Destination::Queue(queue) => Some(queue),
        Destination::Message(message) => queue_at(message.then.as_deref()?),
        Destination::User(_) | Destination::Group(_) | Destination::Number(_) => None,
    }
}
