//! Callers whom a queue does not take in or keeps no longer, and keys pressed while waiting.

use crate::phone::{Habit, Seen};
use crate::world::{Life, Network, World, backup, journey, queue, user};
use crate::{ANSWERS, NUMBER, seconds};
use acd::{Applies, Exits, RefuseCause};
use call::settings::{Destination, Door, Instead};
use media_core::PromptId;
use std::collections::BTreeMap;

fn instead(message: Option<&str>, then: Option<Destination>) -> Instead {
    Instead {
        message: message.map(PromptId::new),
        then,
        ..Instead::default()
    }
}

/// A world whose queue sends callers elsewhere by `exits`, and there for `cause`.
fn world(seed: u64, exits: Exits, cause: RefuseCause, there: Instead) -> World {
    let mut world = World::new(seed, journey());
    let door = Door {
        exits: BTreeMap::from([(cause, there)]),
        ..Door::default()
    };
    world.set_organisation(|demo| {
        demo.ways.doors.insert(queue(), door);
    });
    world.with_exits(exits);
    world
}

fn timed_out(seed: u64, there: Instead) -> World {
    let after = Some(seconds(5));
    let exits = Exits {
        after,
        ..Exits::default()
    };
    world(seed, exits, RefuseCause::TimedOut, there)
}

fn rests(mut world: World, caller: usize) {
    world.hang_up(caller);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_caller_who_waited_too_long_is_told_and_goes_to_the_other_queue_and_his_first_agent_rings_no_more()
 {
    let there = instead(Some("sorry"), Some(Destination::Queue(backup())));
    let mut world = timed_out(501, there);
    let anna = world.phone("anna", Habit::Rings);
    let bosse = world.phone("bosse", ANSWERS);
    let caller = world.phone("+46701234567", Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(20));
    assert!(world.heard("sorry"));
    assert!(world.phones[bosse].talks());
    let seen = &world.phones[anna].seen;
    assert_eq!(seen.iter().filter(|it| **it == Seen::Invited).count(), 1);
    assert!(seen.contains(&Seen::Cancelled));
    assert_eq!(world.misses("anna"), (0, 0));
    rests(world, caller);
}

#[test]
fn a_caller_whose_time_is_up_hears_to_its_end_what_is_being_said_and_nobody_rings_meanwhile() {
    for life in [Life::Whole, Life::Interrupted] {
        let there = instead(Some("sorry"), Some(Destination::Queue(backup())));
        let mut world = timed_out(507, there).living(life);
        world.prompt = seconds(4);
        let anna = world.phone("anna", Habit::Rings);
        let caller = world.phone("+46701234567", Habit::Rings);
        world.call(caller, NUMBER);
        world.run(seconds(7));
        assert!(world.heard("first") && !world.heard("sorry"));
        assert!(world.phones[anna].seen.contains(&Seen::Cancelled));
        world.run(seconds(2));
        assert!(world.heard("sorry") && !world.heard("place"));
        rests(world, caller);
    }
}

#[test]
fn a_caller_who_was_answered_and_has_nowhere_to_go_is_told_and_hung_up_on() {
    for message in [Some("sorry"), None] {
        let mut world = timed_out(502, instead(message, None));
        let caller = world.phone("+46701234567", Habit::Rings);
        world.call(caller, NUMBER);
        world.run(seconds(20));
        assert_eq!(world.heard("sorry"), message.is_some());
        let seen = [Seen::Ringing, Seen::Answered, Seen::HungUpOn];
        assert_eq!(world.phones[caller].seen, seen);
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

#[test]
fn a_caller_whom_nobody_is_there_for_is_told_as_early_media_and_then_it_is_busy() {
    let exits = Exits {
        no_agents: Applies::Newcomers,
        ..Exits::default()
    };
    let cause = RefuseCause::NoAgents;
    let mut world = world(503, exits, cause, instead(Some("nobody"), None));
    world.tell_engine_logs_out("anna");
    let caller = world.phone("+46701234567", Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(10));
    assert!(world.heard("nobody"));
    assert!(!world.heard("welcome"));
    let seen = [Seen::Progress, Seen::Refused(486)];
    assert_eq!(world.phones[caller].seen, seen);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_caller_to_a_full_queue_is_led_on_before_he_is_answered() {
    let there = instead(None, Some(Destination::Queue(backup())));
    let mut world = world(504, Exits::default(), RefuseCause::Full, there);
    world.fill_the_queue();
    let bosse = world.phone("bosse", ANSWERS);
    let caller = world.phone("+46701234567", Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(8));
    assert!(world.phones[bosse].talks());
    world.hang_up(caller);
    world.run(seconds(60));
    assert_eq!(world.calls().len(), 0);
}

#[test]
fn a_caller_who_waits_goes_where_his_key_leads_and_one_that_leads_nowhere_changes_nothing() {
    let mut world = World::new(505, journey());
    let keys = BTreeMap::from([
        ('1', Destination::User(user("bosse"))),
        ('2', Destination::User(user("nobody"))),
    ]);
    world.set_organisation(|demo| {
        let door = Door {
            keys,
            ..Door::default()
        };
        demo.ways.doors.insert(queue(), door);
    });
    world.with_exits(Exits::default());
    let anna = world.phone("anna", Habit::Rings);
    let bosse = world.phone("bosse", ANSWERS);
    let caller = world.phone("+46701234567", Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(1));
    for key in ['7', '2'] {
        world.press(key);
        world.run(seconds(1));
        assert!(!world.phones[anna].seen.contains(&Seen::Cancelled), "{key}");
    }
    world.info(caller, "application/dtmf-relay", "Signal=1");
    world.run(seconds(8));
    assert!(world.phones[bosse].talks());
    assert!(world.phones[anna].seen.contains(&Seen::Cancelled));
    rests(world, caller);
}

#[test]
fn a_key_of_a_caller_who_talks_leads_nowhere() {
    let mut world = World::new(506, journey());
    world.set_organisation(|demo| {
        let door = Door {
            keys: BTreeMap::from([('1', Destination::User(user("bosse")))]),
            ..Door::default()
        };
        demo.ways.doors.insert(queue(), door);
    });
    world.with_exits(Exits::default());
    let anna = world.phone("anna", ANSWERS);
    let caller = world.phone("+46701234567", Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(5));
    world.info(caller, "application/dtmf-relay", "Signal=1");
    world.run(seconds(2));
    assert!(world.phones[anna].talks());
    rests(world, caller);
}

#[test]
fn a_time_out_that_meets_the_answer_on_a_bad_network_leaves_nobody_hanging() {
    let network = Network {
        lost: 10,
        doubled: 5,
        latency_max_ms: 80,
    };
    for seed in 520..560 {
        let there = instead(None, Some(Destination::Queue(backup())));
        let mut world = timed_out(seed, there).over(network);
        let answers = Habit::Answers(std::time::Duration::from_millis(4_600 + seed % 40 * 20));
        world.phone("anna", answers);
        let bosse = world.phone("bosse", ANSWERS);
        let caller = world.phone("+46701234567", Habit::Rings);
        world.call(caller, NUMBER);
        world.run(seconds(60));
        let talks = world.phones.iter().filter(|phone| phone.talks()).count();
        assert_eq!(talks, 2, "seed {seed}: {:?}", world.phones[bosse].seen);
        rests(world, caller);
    }
}

// Changes: queues.no_agents.then
#[test]
fn a_caller_whom_nobody_is_there_for_is_led_on() {
    let exits = Exits {
        no_agents: Applies::Newcomers,
        ..Exits::default()
    };
    let there = instead(None, Some(Destination::User(user("bosse"))));
    let mut world = world(521, exits, RefuseCause::NoAgents, there);
    world.tell_engine_logs_out("anna");
    world.tell_engine_logs_out("bosse");
    let bosse = world.phone("bosse", ANSWERS);
    let caller = world.phone("+46701234567", Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(10));
    assert!(world.phones[bosse].talks());
    rests(world, caller);
}
