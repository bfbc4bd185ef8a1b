//! Where closed queues lead: not back to themselves. By hours alone a circle of queues is none, since each keeps its own; but
//! whoever is led to the very queue that turned him away finds it as closed as before.

use crate::graph::{Node, led_to};
use crate::problems::Problem;
use crate::section::Context;
use crate::source::Place;
use base::QueueId;
use call::settings::{Door, Instead, Organisation};
use std::collections::BTreeMap;

/// The ways of one kind that closed queues have.
type Way = fn(&Door) -> &Instead;

/// What is closed, how that is written, and the way from there.
const WAYS: [(&str, Way); 3] = [
    ("closed", |door| &door.closed),
    ("holiday", |door| &door.holiday),
    ("quick_closed", |door| &door.quick_closed),
];

/// Tells every queue that leads whom it turns away back to itself.
pub(crate) fn check(
    organisation: &Organisation,
    queues: &BTreeMap<QueueId, Place>,
    context: &mut Context<'_>,
) {
    for (queue, place) in queues {
        let circle = WAYS.iter().find_map(|(key, way)| {
            let path = circle(organisation, queue, *way)?;
            Some((key, path))
        });
        if let Some((key, path)) = circle {
            let path: Vec<String> = path.iter().map(Node::to_string).collect();
            let problem = format!(
                "while queue `{}` is closed, it leads callers back to itself: {}",
                queue.name(),
                path.join(" → ")
            );
            let mend = format!(
                "let `then` of its `{key}` lead elsewhere, or leave it out: then it is busy"
            );
            context.add(Problem::new(*place, problem).mend(mend));
        }
    }
}

/// The way from a queue back to it, where whoever it turns away is led there without doing anything.
fn circle(organisation: &Organisation, queue: &QueueId, way: Way) -> Option<Vec<Node>> {
    let start = organisation.ways.doors.get(queue)?;
    let mut path = vec![Node::Queue(queue.clone())];
    let mut next = way(start).then.clone();
    while let Some(destination) = next {
        let node = led_to(&destination)?;
        let is_back = path.contains(&node);
        path.push(node.clone());
        if is_back {
            // A circle that does not come by here is told of those in it.
            return (path.first() == path.last()).then_some(path);
        }
        next = match node {
            Node::Queue(other) => {
                let door = organisation.ways.doors.get(&other)?;
                // Closed at the same times.
                (door.hours == start.hours).then(|| way(door).then.clone())?
            }
            Node::Group(group) => organisation.ways.groups.get(&group)?.then.clone(),
            Node::Number(number) => {
                let number = organisation.numbers.get(&number)?;
                // One that chooses its way may lead elsewhere just then.
                number.routes.is_empty().then(|| number.otherwise.clone())
            }
            Node::Menu(_) => None,
        };
    }
    None
}
