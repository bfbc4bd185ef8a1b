//! What leads where, over a whole organisation: no circle that a caller can't get out of, no chain without end,
//! and no queue that nobody can call.

use crate::problems::Problem;
use crate::section::Context;
use crate::source::Place;
use acd::RefuseCause;
use base::{GroupId, MenuId, QueueId};
use call::settings::{Choice, Destination, Door, Menu, Number, Organisation};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Places that a caller is led through at most without a word of his: calls are led no further either.
const CHAIN_MAX: usize = 8;

/// Something that leads on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Node {
    Number(Box<str>),
    Group(GroupId),
    Menu(MenuId),
    Queue(QueueId),
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Node::Number(number) => write!(f, "number {number}"),
            Node::Group(group) => write!(f, "group `{}`", group.name()),
            Node::Menu(menu) => write!(f, "menu `{}`", menu.name()),
            Node::Queue(queue) => write!(f, "queue `{}`", queue.name()),
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
    check_ways_out(organisation, places, context);
}

/// Tells every menu from which a caller comes to nobody and to no end, whatever he presses or does not.
fn check_ways_out(organisation: &Organisation, places: &Places, context: &mut Context<'_>) {
    let mut undecided: Vec<&Node> = places.keys().collect();
    let mut ending: BTreeSet<&Node> = BTreeSet::new();
    loop {
        let before = undecided.len();
        undecided.retain(|node| {
            let leads = leads(organisation, node);
            let ends = |next: &Option<Node>| next.as_ref().is_none_or(|next| ending.contains(next));
            let ends = leads.iter().any(ends);
            if ends {
                ending.insert(node);
            }
            !ends
        });
        if undecided.len() == before {
            break;
        }
    }
    for node in undecided {
        if matches!(node, Node::Menu(_)) {
            let problem = format!("there is no way out of {node}: all that it leads to leads back");
            let mend = "let a key, `timeout_goes_to` or `default` lead to a queue, a user or a message; without a \
                        `default` the call ends after the last try";
            context.add(Problem::new(places[node], problem).mend(mend));
        }
    }
}

/// Everywhere that a caller may get from there; `None` stands for an end.
fn leads(organisation: &Organisation, node: &Node) -> Vec<Option<Node>> {
    match node {
        Node::Menu(menu) => {
            let Some(menu) = organisation.ways.menus.get(menu) else {
                return vec![None];
            };
            let mut led: Vec<_> = chosen(menu).map(led_to).collect();
            if menu.otherwise.is_none() || menu.takes_extensions {
                led.push(None);
            }
            led
        }
        Node::Number(number) => {
            let number = organisation.numbers.get(number);
            number.map_or(vec![None], |number| {
                number_leads(number).map(led_to).collect()
            })
        }
        Node::Group(group) => {
            let group = organisation.ways.groups.get(group);
            vec![group.and_then(|group| led_to(group.then.as_ref()?))]
        }
        // Somebody answers there.
        Node::Queue(_) => vec![None],
    }
}

/// Everywhere that a number leads.
fn number_leads(number: &Number) -> impl Iterator<Item = &Destination> {
    let routes = number.routes.iter().map(|route| &route.to);
    routes.chain([&number.otherwise])
}

/// Everywhere that a menu leads.
fn chosen(menu: &Menu) -> impl Iterator<Item = &Destination> {
    let by_key = menu.keys.values().filter_map(|choice| match choice {
        Choice::To(destination) => Some(destination),
        Choice::Again => None,
    });
    by_key.chain(&menu.on_timeout).chain(&menu.otherwise)
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
                next.extend(number_leads(number).filter_map(led_to));
            }
        }
        Node::Group(group) => {
            let group = organisation.ways.groups.get(group);
            next.extend(group.and_then(|group| led_to(group.then.as_ref()?)));
        }
        // It waits for the caller, and has tries.
        Node::Menu(_) => {}
        Node::Queue(queue) => {
            let door = organisation.ways.doors.get(queue);
            next.extend(door.into_iter().flat_map(turned_away).filter_map(led_to));
        }
    }
    next
}

/// What leads on from a destination, if that does not end there.
pub(crate) fn led_to(destination: &Destination) -> Option<Node> {
    match destination {
        Destination::User(_) | Destination::Outside(..) => None,
        Destination::Queue(queue) | Destination::QueueAs(queue, _) => {
            Some(Node::Queue(queue.clone()))
        }
        Destination::Group(group) => Some(Node::Group(group.clone())),
        Destination::Menu(menu) => Some(Node::Menu(menu.clone())),
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
    let numbers = organisation.numbers.values().flat_map(number_leads);
    let groups = organisation.ways.groups.values();
    let groups = groups.filter_map(|group| group.then.as_ref());
    let menus = organisation.ways.menus.values().flat_map(chosen);
    let doors = organisation.ways.doors.values().flat_map(door_leads);
    let ways = extensions.chain(numbers).chain(groups).chain(menus);
    for destination in ways.chain(doors) {
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

/// Everywhere that callers go whom a queue does not let in, or keeps no longer.
fn door_leads(door: &Door) -> impl Iterator<Item = &Destination> {
    let closed = [&door.closed, &door.holiday, &door.quick_closed].into_iter();
    let ways = closed.chain(door.exits.values());
    ways.filter_map(|instead| instead.then.as_ref())
        .chain(door.keys.values())
}

/// Everywhere that callers go who are not taken in: those who came too late for the last place, or find nobody there. By
/// such rules two queues would send a caller to and fro for ever; not so by hours, nor by a time that he waits.
fn turned_away(door: &Door) -> impl Iterator<Item = &Destination> {
    let at_once = |cause: &RefuseCause| *cause != RefuseCause::TimedOut;
    let ways = door.exits.iter().filter(move |(cause, _)| at_once(cause));
    ways.filter_map(|(_, instead)| instead.then.as_ref())
}

fn queue_at(destination: &Destination) -> Option<&QueueId> {
    match destination {
        Destination::Queue(queue) | Destination::QueueAs(queue, _) => Some(queue),
        Destination::Message(message) => queue_at(message.then.as_deref()?),
        Destination::User(_)
        | Destination::Group(_)
        | Destination::Menu(_)
        | Destination::Number(_)
        | Destination::Outside(..) => None,
    }
}
