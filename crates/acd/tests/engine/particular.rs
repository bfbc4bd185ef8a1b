//! Callers who ask for something of their own beside what their queue asks for; one test a rule.

use crate::floor::{Floor, agent, call, queue, queue_of, rung, secs, settings};
use acd::{
    Asked, Command, Entrance, Fact, Input, Lacking, Obstacle, PassedOver, Policy, QueueSettings,
    Settings, Skills, Widening,
};
use control::{Principal, QueueCommand, permit};

fn skills(levels: &[(&str, u8)]) -> Skills {
    let level = |(name, level): &(&str, u8)| ((*name).into(), *level);
    levels.iter().map(level).collect()
}

/// Support with these settings, where anna knows no Swedish, bosse some and cecilia much.
fn support(with: QueueSettings) -> Settings {
    let mut all = settings(&[("support", with)]);
    for (name, level) in [("bosse", 3), ("cecilia", 8)] {
        let settings = all.agents.get_mut(&agent(name)).unwrap();
        settings.skills = skills(&[("svenska", level)]);
    }
    all
}

fn three() -> QueueSettings {
    queue_of(&["anna", "bosse", "cecilia"])
}

fn comes(floor: &mut Floor, slot: u32, to: &str, requires: &[(&str, u8)]) -> Vec<Command> {
    let entrance = Entrance {
        requires: skills(requires),
        ..Entrance::new(call(slot), queue(to), floor.now)
    };
    floor.give(Input::Join(entrance))
}

fn passed_over(floor: &Floor) -> Vec<PassedOver> {
    let offered = floor.facts.iter().rev().find_map(|it| match &it.fact {
        Fact::Offered { passed_over, .. } => Some(passed_over.clone()),
        _ => None,
    });
    offered.unwrap()
}

// Changes: place.requires
#[test]
fn a_caller_gets_only_agents_able_to_what_he_asks_for_and_why_names_those_who_are_not() {
    let mut floor = Floor::open(support(three()));
    assert_eq!(
        rung(&comes(&mut floor, 1, "support", &[("svenska", 5)])),
        [("cecilia".into(), 1)]
    );
    let lacking = |has| {
        Obstacle::Lacks(Lacking {
            skill: "svenska".into(),
            asked: 5,
            has,
        })
    };
    let why = [("anna", None), ("bosse", Some(3))].map(|(name, has)| PassedOver {
        agent: agent(name),
        cause: lacking(has),
    });
    let mut told = passed_over(&floor);
    told.sort_by(|a, b| a.agent.cmp(&b.agent));
    assert_eq!(told, why);
    // Of the others each has his turn.
    assert_eq!(rung(&floor.join(2, "support")), [("anna".into(), 2)]);
}

#[test]
fn he_waits_for_one_who_is_able_while_those_behind_him_are_served_and_keeps_his_place() {
    let mut floor = Floor::open(support(three()));
    floor.own_call("cecilia", 90, true);
    assert_eq!(
        rung(&comes(&mut floor, 1, "support", &[("svenska", 5)])),
        []
    );
    assert_eq!(rung(&floor.join(2, "support")), [("anna".into(), 2)]);
    assert_eq!((floor.position(1), floor.position(2)), (Some(1), Some(2)));
    assert_eq!(
        rung(&floor.own_call("cecilia", 90, false)),
        [("cecilia".into(), 1)]
    );
}

#[test]
fn whoever_stands_first_and_is_able_to_be_served_is_served_whatever_he_asks_for() {
    let mut floor = Floor::open(support(three()));
    for (name, number) in [("anna", 90), ("bosse", 91), ("cecilia", 92)] {
        floor.own_call(name, number, true);
    }
    comes(&mut floor, 1, "support", &[("svenska", 5)]);
    floor.pass(secs(1));
    floor.join(2, "support");
    floor.pass(secs(1));
    comes(&mut floor, 3, "support", &[("svenska", 2)]);
    assert_eq!(
        rung(&floor.own_call("bosse", 91, false)),
        [("bosse".into(), 2)]
    );
    assert_eq!(
        rung(&floor.own_call("cecilia", 92, false)),
        [("cecilia".into(), 1)]
    );
    assert_eq!(rung(&floor.own_call("anna", 90, false)), []);
}

#[test]
fn the_higher_of_his_level_and_the_queues_counts() {
    let mut asking = three();
    asking.asked.requires = skills(&[("svenska", 4)]);
    let mut floor = Floor::open(support(asking));
    floor.own_call("cecilia", 90, true);
    assert_eq!(
        rung(&comes(&mut floor, 1, "support", &[("svenska", 2)])),
        []
    );
    assert_eq!(
        rung(&floor.own_call("cecilia", 90, false)),
        [("cecilia".into(), 1)]
    );
}

#[test]
fn the_last_step_that_the_queue_widens_to_waives_what_is_his_own() {
    let mut widening = three();
    let step = |after| Widening {
        after: secs(after),
        requires: Skills::new(),
    };
    widening.asked = Asked {
        requires: Skills::new(),
        widen: vec![step(20), step(60)],
    };
    let mut floor = Floor::open(support(widening));
    floor.own_call("cecilia", 90, true);
    assert_eq!(
        rung(&comes(&mut floor, 1, "support", &[("svenska", 5)])),
        []
    );
    assert_eq!(rung(&floor.pass(secs(59))), []);
    assert_eq!(rung(&floor.pass(secs(1))), [("anna".into(), 1)]);
}

#[test]
fn where_the_ablest_is_first_he_is_ablest_in_what_the_caller_asks_for() {
    let mut floor = Floor::open(support(QueueSettings {
        policy: Policy::BySkill,
        ..three()
    }));
    assert_eq!(
        rung(&comes(&mut floor, 1, "support", &[("svenska", 1)])),
        [("cecilia".into(), 1)]
    );
    assert_eq!(
        rung(&comes(&mut floor, 2, "support", &[("svenska", 1)])),
        [("bosse".into(), 2)]
    );
    assert_eq!(
        rung(&comes(&mut floor, 3, "support", &[("svenska", 1)])),
        []
    );
}

#[test]
fn an_agent_who_learns_gets_the_caller_who_waits_for_it() {
    let mut floor = Floor::open(support(three()));
    floor.own_call("cecilia", 90, true);
    comes(&mut floor, 1, "support", &[("svenska", 5)]);
    let mut learned = support(three());
    let anna = learned.agents.get_mut(&agent("anna")).unwrap();
    anna.skills = skills(&[("svenska", 5)]);
    assert_eq!(rung(&floor.configure(learned)), [("anna".into(), 1)]);
}

#[test]
fn what_no_member_of_the_queue_could_ever_give_is_let_go_of() {
    let mut floor = Floor::open(support(three()));
    let commands = comes(&mut floor, 1, "support", &[("finska", 1)]);
    assert_eq!(rung(&commands).len(), 1);
    // What one of them can give is waited for.
    floor.own_call("cecilia", 90, true);
    let commands = comes(&mut floor, 2, "support", &[("svenska", 5)]);
    assert_eq!(rung(&commands), []);
}

#[test]
fn what_he_asks_for_goes_with_a_caller_who_is_moved() {
    let mut all = support(three());
    all.queues.insert(queue("sales"), queue_of(&[]));
    let mut floor = Floor::open(all);
    comes(&mut floor, 1, "sales", &[("svenska", 5)]);
    let command = QueueCommand::Move {
        from: queue("sales"),
        to: queue("support"),
        callers: None,
    };
    let command = permit(Principal::Operator, command).unwrap();
    let commands = floor.give(Input::QueueCommand { ticket: 1, command });
    assert_eq!(rung(&commands), [("cecilia".into(), 1)]);
}

#[test]
fn a_caller_who_is_moved_asks_again_for_what_nobody_could_do_where_he_was() {
    let mut both = support(three());
    both.queues.insert(queue("sales"), queue_of(&["david"]));
    both.agents.insert(agent("david"), Default::default());
    let mut floor = Floor::open(both);
    floor.device("david", false);
    comes(&mut floor, 1, "sales", &[("svenska", 5)]);
    let command = QueueCommand::Move {
        from: queue("sales"),
        to: queue("support"),
        callers: None,
    };
    let command = permit(Principal::Operator, command).unwrap();
    let commands = floor.give(Input::QueueCommand { ticket: 1, command });
    assert_eq!(rung(&commands), [("cecilia".into(), 1)]);
}
