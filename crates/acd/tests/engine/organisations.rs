//! The part of one organisation is what the whole says of it, and nothing of another's.

use crate::floor::{Floor, agent, call, queue_of, secs, settings};
use acd::{Cut, Entrance, Figures, Input, QUARTER_MS, Settings, Snapshot};
use base::{OrgId, QueueId, UserId};
use std::collections::BTreeMap;

/// Each has a queue, an agent, and callers as many as its place.
const ORGANISATIONS: [&str; 3] = ["demo-2", "demo", "other"];

/// What every organisation has.
fn alike() -> Settings {
    let of_demo = settings(&[("support", queue_of(&["anna"]))]);
    let mut all = Settings::default();
    for org in ORGANISATIONS {
        let mut queue = queue_of(&[]);
        let demos = &of_demo.queues[&"demo/support".parse::<QueueId>().unwrap()].members;
        let anna: UserId = format!("{org}/anna").parse().unwrap();
        queue.members = BTreeMap::from([(anna.clone(), demos[&agent("anna")])]);
        let name: QueueId = format!("{org}/support").parse().unwrap();
        let mut agent = of_demo.agents[&agent("anna")].clone();
        agent.logged_in_at_start = [name.clone()].into();
        all.queues.insert(name, queue);
        all.agents.insert(anna, agent);
    }
    all
}

fn busy() -> Floor {
    let mut floor = Floor::open(alike());
    let mut number = 0;
    for (org, callers) in ORGANISATIONS.iter().zip(1..) {
        for _ in 0..callers {
            number += 1;
            let queue = format!("{org}/support").parse().unwrap();
            let entrance = Entrance::new(call(number), queue, floor.now);
            floor.give(Input::Join(entrance));
        }
    }
    floor.pass(secs(3));
    floor
}

fn org(name: &str) -> OrgId {
    OrgId::new(name).unwrap()
}

#[test]
fn a_picture_of_an_organisation_is_its_part_of_the_whole() {
    let floor = busy();
    let whole = floor.engine().snapshot(floor.now);
    for name in ORGANISATIONS {
        let org = org(name);
        let mut part: Snapshot = whole.clone();
        part.queues.retain(|it| it.queue.is_of(&org));
        part.agents.retain(|it| it.agent.is_of(&org));
        assert_eq!((part.queues.len(), part.agents.len()), (1, 1));
        assert_eq!(floor.engine().snapshot_of(&org, floor.now), part, "{name}");
    }
    let none = floor.engine().snapshot_of(&org("dem"), floor.now);
    assert!(none.queues.is_empty() && none.agents.is_empty());
}

#[test]
fn an_organisation_is_there_as_long_as_it_has_queues_or_agents() {
    let mut floor = busy();
    let all = ORGANISATIONS.map(org).into();
    assert_eq!(floor.engine().organisations(), all);
    // Whose callers still talk is there until they have gone.
    floor.answered(1);
    let mut less = alike();
    less.queues.retain(|id, _| !id.is_of(&org("demo-2")));
    less.agents.retain(|id, _| !id.is_of(&org("demo-2")));
    floor.configure(less);
    assert_eq!(floor.engine().organisations(), all);
    floor.hung_up(1);
    floor.pass(secs(60));
    floor.give(Input::DeviceReachable {
        agent: "demo-2/anna".parse().unwrap(),
        reachable: false,
    });
    let left = [org("demo"), org("other")].into();
    assert_eq!(floor.engine().organisations(), left);
}

#[test]
fn figures_of_an_organisation_are_its_part_of_those_of_all() {
    let mut floor = busy();
    floor.pass(secs(15 * 60));
    floor.give(Input::Join(Entrance::new(
        call(9),
        "demo/support".parse().unwrap(),
        floor.now,
    )));
    let mut figures = Figures::new(Cut::Quarters, 0);
    floor.facts.iter().for_each(|fact| {
        figures.hear(fact);
    });
    let entered = |org: &OrgId, since_ms| {
        let sum = figures.sum_of(org, since_ms);
        assert!(sum.queues.keys().all(|queue| queue.is_of(org)));
        assert!(sum.agents.keys().all(|agent| agent.is_of(org)));
        let lines = sum.queues.values();
        lines.map(|it| it.tally.totals.entered).sum::<u64>()
    };
    assert_eq!(entered(&org("demo-2"), 0), 1);
    assert_eq!(entered(&org("demo"), 0), 3);
    assert_eq!(entered(&org("demo"), QUARTER_MS), 1);
    assert_eq!(entered(&org("other"), QUARTER_MS), 0);
}
