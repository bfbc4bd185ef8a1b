//! People who are called while their agent's device rings, with the real lists and the real engine, phones, people behind a trunk and a
//! network that loses messages.

use crate::automatic::floor as automatic_floor;
use crate::calling_back::{Floor, person};
use crate::lists::Storing;
use crate::outside::invites;
use crate::phone::{Habit, Seen};
use crate::world::{Life, Network, queue, user};
use crate::{ANSWERS, seconds, state, worlds};
use acd::AgentState;
use base::CallbackId;
use callback::{Ahead, Distribution, ListSettings, Outcome, Settings, Status};
use control::{AgentCommand, Queues};
use sip_core::StatusCode;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// From now on what is due is given to whoever is free, and people are called while her telephone rings.
fn begins(floor: &mut Floor, abandoned_max: u8) {
    let list = ListSettings {
        members: BTreeSet::from([user("anna"), user("bosse")]),
        distribution: Distribution::Automatic,
        ahead: Some(Ahead { abandoned_max }),
        ..ListSettings::default()
    };
    let lists = BTreeMap::from([(queue(), list)]);
    let settings = Arc::new(Settings { lists });
    floor.world.tell_lists(callback::Input::Configure(settings));
}

fn quiet(seed: u64, anna: Habit, person: Habit) -> Floor {
    let mut floor = automatic_floor(seed, anna, person, Network::default(), Life::Whole);
    begins(&mut floor, 3);
    floor
}

#[test]
fn who_is_there_first_waits_for_the_other_and_nobody_is_told_for_longer_than_that() {
    for (anna, theirs, person_waits) in [(2, 6, false), (6, 2, true)] {
        let answers = |after| Habit::Answers(seconds(after));
        let mut floor = quiet(821, answers(anna), answers(theirs));
        floor.run(1);
        assert_eq!(state(&floor.world, "anna"), "offered");
        assert!(floor.was_called(), "both ring");
        floor.run(4);
        assert_eq!(person(&floor).talks(), person_waits);
        assert_eq!(floor.world.heard("calling-back-wait"), person_waits);
        assert_eq!(floor.world.heard("calling-back-to"), !person_waits);
        let stands = if person_waits { "offered" } else { "in call" };
        assert_eq!(state(&floor.world, "anna"), stands);
        assert_eq!(floor.world.bridges(), 0);
        floor.run(3);
        assert_eq!(floor.world.bridges(), 1);
        assert!(floor.world.all_hear_each_other());
        assert_eq!(invites(&floor.world, floor.person).len(), 1);
        floor.run(600);
        assert_eq!(state(&floor.world, "anna"), "in call");
        floor.world.hang_up(floor.person);
        floor.run(1);
        assert_eq!(floor.status(), Status::AwaitingNote);
        assert_eq!(floor.outcomes(), [Some(Outcome::Reached)]);
        assert_eq!(state(&floor.world, "anna"), "wrap-up");
        floor.rests();
    }
}

#[test]
fn a_person_who_waits_gets_the_next_agent_where_one_lets_it_be() {
    let decline = Habit::Refuses(StatusCode::DECLINE);
    for habit in [Habit::Rings, decline, Habit::Dead] {
        let mut floor = quiet(822, habit, Habit::Answers(seconds(1)));
        floor.world.change(|demo| {
            let settings = demo.calling_back.get_mut(&queue()).expect("the list");
            Arc::make_mut(settings).agent_within = seconds(60);
        });
        floor.run(3);
        assert!(person(&floor).talks(), "{habit:?}");
        let bosse = floor.world.phone("bosse", ANSWERS);
        // Until a phone that says nothing to its CANCEL is given up too (RFC 3261 §9.1), whose session is open as long.
        floor.run(40);
        assert_eq!(invites(&floor.world, bosse).len(), 1, "{habit:?}");
        assert_eq!(floor.world.bridges(), 1, "{habit:?}");
        assert!(floor.world.all_hear_each_other(), "{habit:?}");
        assert_eq!(state(&floor.world, "bosse"), "in call");
        assert_eq!(invites(&floor.world, floor.person).len(), 1, "one call");
        floor.world.hang_up(bosse);
        floor.run(1);
        assert_eq!(floor.status(), Status::AwaitingNote);
        assert_eq!(floor.outcomes(), [Some(Outcome::Reached)]);
        let (missed, errors) = floor.world.misses("anna");
        assert_eq!(missed, u64::from(habit == Habit::Rings), "{habit:?}");
        assert_eq!(errors, u64::from(habit == Habit::Dead), "{habit:?}");
    }
}

// Changes: queues.callback.automatic_wait
#[test]
fn a_person_for_whom_no_agent_comes_in_time_is_told_so_keeps_his_place_and_is_called_for_an_agent_next()
 {
    for within in [4, 12] {
        let mut floor = quiet(823, Habit::Rings, Habit::Answers(seconds(1)));
        floor.world.change(|demo| {
            let settings = demo.calling_back.get_mut(&queue()).expect("the list");
            Arc::make_mut(settings).agent_within = seconds(within);
        });
        floor.run(within);
        assert!(person(&floor).talks());
        assert!(!floor.world.heard("calling-back-sorry"));
        floor.run(3);
        assert!(floor.world.heard("calling-back-sorry"));
        assert_eq!(floor.outcomes(), [Some(Outcome::Abandoned)]);
        floor.run(10);
        let person = &floor.world.phones[floor.person];
        assert_eq!(person.seen.last(), Some(&Seen::HungUpOn));
        // Her device rang for a person who has gone: that is no fault of hers.
        assert_eq!(floor.world.misses("anna"), (0, 0));
        // He is called again only when she has taken it, and she takes nothing.
        floor.run(120);
        assert_eq!(invites(&floor.world, floor.person).len(), 1);
        assert!(invites(&floor.world, floor.anna).len() > 1);
    }
}

#[test]
fn a_person_who_hangs_up_before_an_agent_is_there_has_met_nobody() {
    let mut floor = quiet(824, Habit::Rings, Habit::Answers(seconds(1)));
    floor.run(3);
    floor.world.hang_up(floor.person);
    floor.run(1);
    assert_eq!(floor.outcomes(), [Some(Outcome::Abandoned)]);
    assert_eq!(
        floor.world.phones[floor.anna].seen[..2],
        [Seen::Invited, Seen::Cancelled]
    );
    assert_eq!(floor.world.misses("anna"), (0, 0));
}

/// Anna's device rings for a person who waits, and another entry is due. From now on it says nothing, also not to its CANCEL, if
/// it is `silent`.
fn rings_for_who_waits(seed: u64, silent: bool) -> Floor {
    let person = Habit::Answers(seconds(1));
    let mut floor = automatic_floor(seed, Habit::Rings, person, Network::default(), Life::Whole);
    floor.add("+46701234568");
    begins(&mut floor, 100);
    floor.run(3);
    assert!(self::person(&floor).talks());
    assert_eq!(state(&floor.world, "anna"), "offered");
    assert_eq!(rung(&floor), 1);
    if silent {
        floor.world.phones[floor.anna].habit = Habit::Dead;
    }
    floor
}

/// How often the lists had an agent's device rung.
fn rung(floor: &Floor) -> usize {
    let rings = |said: &&String| said.contains(" RingAgent {") || said.contains(" RingAnother {");
    floor.world.diary.iter().filter(rings).count()
}

#[test]
fn an_agent_whose_device_is_silent_when_the_person_hangs_up_is_kept_until_it_is_given_up() {
    let mut floor = rings_for_who_waits(829, true);
    floor.world.hang_up(floor.person);
    // RFC 3261 §9.1: 32 s from the CANCEL.
    floor.run(30);
    assert_eq!(floor.outcomes(), [Some(Outcome::Abandoned)]);
    assert_eq!(state(&floor.world, "anna"), "offered");
    assert_eq!(rung(&floor), 1);
    floor.run(4);
    assert_eq!(rung(&floor), 2, "for the other entry");
    assert_eq!(floor.world.misses("anna"), (0, 0));
}

#[test]
fn an_agent_whose_device_answers_its_cancel_is_free_at_once_when_the_person_hangs_up() {
    let mut floor = rings_for_who_waits(830, false);
    floor.world.hang_up(floor.person);
    floor.run(1);
    assert_eq!(floor.outcomes(), [Some(Outcome::Abandoned)]);
    assert_eq!(rung(&floor), 2, "for the other entry");
    assert_eq!(floor.world.misses("anna"), (0, 0));
}

#[test]
fn who_pauses_and_comes_back_is_not_rung_anew_before_a_silent_device_is_given_up() {
    let mut floor = rings_for_who_waits(831, true);
    let agent = user("anna");
    let reason = None;
    floor.world.tell_engine_of(AgentCommand::Pause {
        agent: agent.clone(),
        reason,
    });
    floor.run(1);
    floor.world.tell_engine_of(AgentCommand::Resume { agent });
    floor.run(29);
    assert_eq!(state(&floor.world, "anna"), "offered");
    assert_eq!(rung(&floor), 1);
    floor.run(4);
    assert_eq!(rung(&floor), 2);
    assert_eq!(floor.world.misses("anna"), (0, 0));
}

#[test]
fn a_person_who_is_not_reached_troubles_no_agent_any_longer_and_leaves_her_nothing_to_say() {
    let refuses = |status| Habit::Refuses(StatusCode::new(status).expect("a status"));
    for (habit, outcome) in [
        (refuses(486), Outcome::Busy),
        (refuses(404), Outcome::Failed),
    ] {
        let mut floor = quiet(825, Habit::Rings, habit);
        floor.run(2);
        assert_eq!(floor.outcomes(), [Some(outcome)], "{habit:?}");
        assert_eq!(floor.status(), Status::Requeued);
        let anna = &floor.world.phones[floor.anna];
        assert_eq!(anna.seen, [Seen::Invited, Seen::Cancelled]);
        assert_eq!(floor.world.misses("anna"), (0, 0));
        assert_eq!(state(&floor.world, "anna"), "free");
        floor.run(60);
        floor.world.assert_at_rest();
    }
}

#[test]
fn an_agent_who_was_there_first_says_what_came_of_a_person_who_did_not_answer() {
    let mut floor = quiet(826, ANSWERS, Habit::Rings);
    floor.run(60);
    assert_eq!(floor.outcomes(), [Some(Outcome::NoAnswer)]);
    assert_eq!(floor.status(), Status::AwaitingNote);
    assert!(floor.world.heard("calling-back-no-answer"));
    floor.rests();
}

#[test]
fn who_pauses_while_it_rings_is_replaced_and_the_person_s_telephone_rings_on() {
    let mut floor = quiet(827, Habit::Rings, Habit::Answers(seconds(8)));
    floor.run(2);
    let bosse = floor.world.phone("bosse", ANSWERS);
    let (agent, reason) = (user("anna"), None);
    let pause = AgentCommand::Pause { agent, reason };
    floor.world.tell_engine_of(pause);
    floor.run(12);
    assert_eq!(floor.world.misses("anna"), (0, 0));
    assert_eq!(invites(&floor.world, bosse).len(), 1);
    assert_eq!(floor.world.bridges(), 1);
    assert_eq!(invites(&floor.world, floor.person).len(), 1);
}

#[test]
fn nobody_is_called_ahead_who_could_not_be_stored_and_the_agent_rings_no_more() {
    let mut floor = automatic_floor(828, Habit::Rings, ANSWERS, Network::default(), Life::Whole);
    floor.world.book.storing = Storing::WhenTold;
    begins(&mut floor, 3);
    floor.run(4);
    assert!(!floor.was_called());
    assert_eq!(state(&floor.world, "anna"), "offered");
    floor.run(3);
    assert_eq!(floor.status(), Status::NotHandled);
    let anna = &floor.world.phones[floor.anna];
    assert_eq!(anna.seen[..2], [Seen::Invited, Seen::Cancelled]);
    assert_eq!(floor.world.misses("anna"), (0, 0));
    assert!(!floor.was_called());
}

#[test]
fn over_networks_that_lose_and_double_all_come_to_rest_and_an_attempt_is_a_call() {
    for seed in 0..worlds() / 5 {
        for life in [Life::Whole, Life::Interrupted] {
            let network = Network {
                lost: 15,
                doubled: 15,
                latency_max_ms: 300,
            };
            let anna = Habit::Answers(seconds(seed % 5));
            let theirs = Habit::Answers(seconds(seed % 4));
            let mut floor = automatic_floor(seed, anna, theirs, network, life);
            for number in ["+46701234568", "+46701234569"] {
                floor.add(number);
            }
            begins(&mut floor, 100);
            for round in 0..12 {
                floor.run(8);
                if seed % 3 == 0 && person(&floor).talks() {
                    floor.world.hang_up(floor.person);
                } else if round % 2 == 0 && floor.world.phones[floor.anna].talks() {
                    floor.world.hang_up(floor.anna);
                } else if round == 5 {
                    let (agent, reason) = (user("anna"), None);
                    floor
                        .world
                        .tell_engine_of(AgentCommand::Pause { agent, reason });
                    floor.run(1);
                    let agent = user("anna");
                    floor.world.tell_engine_of(AgentCommand::Resume { agent });
                }
                floor.run(20);
                (1..=3).for_each(|entry| floor.waive_of(CallbackId(entry)));
            }
            let (agent, queues) = (user("anna"), Queues::All);
            floor
                .world
                .tell_engine_of(AgentCommand::LogOut { agent, queues });
            floor.run(60);
            if floor.world.phones[floor.anna].talks() {
                floor.world.hang_up(floor.anna);
            }
            floor.run(200);
            floor.world.assert_at_rest();
            assert!(!matches!(
                floor.world.agent("anna"),
                AgentState::InCall | AgentState::Offered
            ));
            for entry in floor.world.book.entries() {
                assert_ne!(entry.status(), Some(Status::InCall), "seed {seed}");
                let rings = " RingPerson { placing: PlacingId(";
                let of = format!("entry: {:?}", entry.id);
                let rung = floor.world.diary.iter();
                let rung = rung.filter(|it| it.contains(rings) && it.contains(&of));
                assert_eq!(
                    rung.count(),
                    entry.attempts.len(),
                    "seed {seed}: an attempt a call"
                );
            }
        }
    }
}
