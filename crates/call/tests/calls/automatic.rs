//! Callbacks that a queue gives to its agents, with the real lists and the real engine, phones, people behind a trunk and a
//! network that loses messages.

use crate::calling_back::{Floor, floor_over, person};
use crate::lists::Storing;
use crate::outside::invites;
use crate::phone::{Habit, Seen};
use crate::world::{Life, NUMBER, Network, queue, settings, user};
use crate::{ANSWERS, seconds, state, worlds};
use acd::{AgentState, Share};
use base::CallbackId;
use callback::{Distribution, ListSettings, Outcome, Settings, Status};
use control::{AgentCommand, CallbackCommand, EntryAction, Note, Queues};
use sip_core::StatusCode;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The same floor, whose queue gives its callbacks half of the turns.
pub(crate) fn floor(seed: u64, anna: Habit, person: Habit, network: Network, life: Life) -> Floor {
    let mut floor = floor_over(seed, anna, person, network, life);
    let mut engine = settings();
    let support = engine.queues.get_mut(&queue()).expect("the queue");
    support.callbacks = Share::new(50);
    floor
        .world
        .tell_engine(acd::Input::Configure(Arc::new(engine)));
    floor
}

/// From now on what is due is given to whoever is free.
fn begins(floor: &mut Floor) {
    let list = ListSettings {
        members: BTreeSet::from([user("anna"), user("bosse")]),
        distribution: Distribution::Automatic,
        ..ListSettings::default()
    };
    let lists = BTreeMap::from([(queue(), list)]);
    let settings = Arc::new(Settings { lists });
    floor.world.tell_lists(callback::Input::Configure(settings));
}

fn quiet(seed: u64, anna: Habit, person: Habit) -> Floor {
    floor(seed, anna, person, Network::default(), Life::Whole)
}

/// Anna says what came of it.
fn notes(floor: &mut Floor, entry: CallbackId) {
    let note = Note {
        text: "Helped.".to_owned(),
        outcome: None,
        then: None,
    };
    let command = CallbackCommand::Entry {
        version: None,
        list: queue(),
        entry,
        action: EntryAction::Note {
            agent: user("anna"),
            note,
        },
    };
    floor.command("anna", command);
}

#[test]
fn a_free_agent_is_offered_a_due_callback_and_the_person_is_called_once_she_has_taken_it() {
    let mut floor = quiet(801, ANSWERS, Habit::Answers(seconds(5)));
    begins(&mut floor);
    floor.run(1);
    assert_eq!(state(&floor.world, "anna"), "offered");
    let invite = invites(&floor.world, floor.anna)[0];
    let from = invite.headers.from().unwrap();
    assert_eq!(from.display.as_deref(), Some("Callback: Support"));
    assert!(!floor.was_called(), "no silent call");
    floor.run(3);
    assert_eq!(state(&floor.world, "anna"), "in call");
    assert!(floor.world.heard("calling-back-to"));
    assert!(!floor.was_called(), "she is still being told");
    floor.run(60);
    assert_eq!(invites(&floor.world, floor.person).len(), 1);
    assert!(floor.world.all_hear_each_other());
    floor.run(600);
    assert_eq!(state(&floor.world, "anna"), "in call");
    floor.world.hang_up(floor.person);
    floor.run(1);
    assert_eq!(floor.status(), Status::AwaitingNote);
    assert_eq!(floor.outcomes(), [Some(Outcome::Reached)]);
    assert_eq!(state(&floor.world, "anna"), "wrap-up");
    floor.rests();
}

#[test]
fn who_declines_lets_it_ring_or_can_t_be_reached_is_counted_as_for_a_caller_and_the_next_gets_it() {
    let refuses = |status| Habit::Refuses(status);
    for (habit, within, counted) in [
        (Habit::Rings, 16, (1, 0)),
        (Habit::Dead, 6, (0, 1)),
        (refuses(StatusCode::BUSY_HERE), 1, (0, 0)),
        (refuses(StatusCode::DECLINE), 1, (0, 0)),
        (refuses(StatusCode::SERVER_INTERNAL_ERROR), 1, (0, 1)),
    ] {
        let mut floor = quiet(802, habit, Habit::Answers(seconds(1)));
        begins(&mut floor);
        floor.run(within);
        assert_eq!(floor.world.misses("anna"), counted, "{habit:?}");
        let row = floor.world.agent("anna");
        assert!(matches!(row, AgentState::Deferred { .. }), "{habit:?}");
        assert_eq!(floor.status(), Status::NotHandled, "{habit:?}");
        assert!(floor.outcomes().is_empty() && !floor.was_called());
        // Bosse comes to work.
        let bosse = floor.world.phone("bosse", ANSWERS);
        floor.run(2);
        assert_eq!(invites(&floor.world, bosse).len(), 1, "{habit:?}");
        floor.run(60);
        assert_eq!(floor.outcomes().len(), 1, "{habit:?}");
        assert_eq!(invites(&floor.world, floor.person).len(), 1);
    }
}

#[test]
fn who_pauses_while_it_rings_has_it_no_more() {
    let mut floor = quiet(803, Habit::Rings, ANSWERS);
    begins(&mut floor);
    floor.run(2);
    let agent = user("anna");
    let reason = None;
    let pause = AgentCommand::Pause { agent, reason };
    floor.world.tell_engine_of(pause);
    floor.run(1);
    assert_eq!(
        floor.world.phones[floor.anna].seen,
        [Seen::Invited, Seen::Cancelled]
    );
    assert_eq!(floor.status(), Status::NotHandled);
    assert_eq!(floor.world.misses("anna"), (0, 0));
    assert_eq!(floor.told(), ["1 AgentDidNotAnswer"], "one ending");
}

#[test]
fn who_hangs_up_before_the_person_is_called_has_declined_and_made_no_attempt() {
    let mut floor = quiet(804, ANSWERS, ANSWERS);
    begins(&mut floor);
    floor.run(4);
    assert_eq!(state(&floor.world, "anna"), "in call");
    floor.world.hang_up(floor.anna);
    floor.run(1);
    assert!(matches!(
        floor.world.agent("anna"),
        AgentState::Deferred { .. }
    ));
    assert_eq!(floor.status(), Status::NotHandled);
    assert!(floor.outcomes().is_empty() && !floor.was_called());
    // She is offered it again.
    floor.run(4);
    assert_eq!(invites(&floor.world, floor.anna).len(), 2);
}

#[test]
fn who_owes_a_description_is_offered_callers_and_no_callback() {
    let mut floor = quiet(805, ANSWERS, ANSWERS);
    begins(&mut floor);
    floor.add("+46701234568");
    floor.run(60);
    floor.world.hang_up(floor.person);
    floor.run(30);
    assert_eq!(floor.status(), Status::AwaitingNote);
    assert_eq!(state(&floor.world, "anna"), "free");
    assert_eq!(invites(&floor.world, floor.anna).len(), 1);
    let caller = floor.world.phone("dave", ANSWERS);
    floor.world.call(caller, NUMBER);
    floor.run(4);
    assert_eq!(invites(&floor.world, floor.anna).len(), 2);
    floor.world.hang_up(caller);
    floor.run(30);
    assert_eq!(invites(&floor.world, floor.anna).len(), 2);
    notes(&mut floor, CallbackId(1));
    floor.run(1);
    assert_eq!(invites(&floor.world, floor.anna).len(), 3);
}

#[test]
fn callers_and_callbacks_take_turns_by_when_they_came_and_by_their_shares() {
    let mut floor = quiet(806, ANSWERS, Habit::Answers(seconds(1)));
    // Anna is in a call of her own while they come: one entry is from before, and a caller waits.
    let logged_in = AgentCommand::LogOut {
        agent: user("anna"),
        queues: Queues::All,
    };
    floor.world.tell_engine_of(logged_in);
    begins(&mut floor);
    floor.run(1);
    let caller = floor.world.phone("dave", ANSWERS);
    floor.world.call(caller, NUMBER);
    floor.run(4);
    let queues = Queues::All;
    let agent = user("anna");
    floor
        .world
        .tell_engine_of(AgentCommand::LogIn { agent, queues });
    // The entry came first, and of two turns one is its: the first of the half goes to the caller.
    floor.run(4);
    assert!(floor.world.phones[floor.anna].talks());
    assert!(floor.world.phones[caller].talks());
    assert_eq!(floor.status(), Status::NotHandled);
    let next = floor.world.phone("erik", ANSWERS);
    floor.world.call(next, NUMBER);
    floor.run(2);
    floor.world.hang_up(caller);
    // Wrap-up, and then the entry's turn has come, though Erik waits.
    floor.run(10);
    assert_eq!(floor.status(), Status::InCall);
    let second = invites(&floor.world, floor.anna)[1];
    let from = second.headers.from().unwrap();
    assert_eq!(from.display.as_deref(), Some("Callback: Support"));
}

#[test]
fn the_attempt_is_stored_before_anybody_is_called_and_nobody_is_given_one_while_it_can_t_be() {
    let mut floor = quiet(807, ANSWERS, Habit::Answers(seconds(1)));
    floor.world.book.storing = Storing::WhenTold;
    begins(&mut floor);
    floor.run(59);
    assert!(!floor.was_called());
    // Storage has had its time for it: it is taken from her, which is not her doing.
    assert_eq!(floor.status(), Status::NotHandled);
    let declined = floor
        .world
        .diary
        .iter()
        .any(|it| it.contains("end: HungUp"));
    assert!(!declined, "{:?}", floor.told());
    let down = callback::Input::Storage(callback::Health::Down);
    floor.world.tell_lists(down);
    floor.run(60);
    let rung = invites(&floor.world, floor.anna).len();
    floor.run(60);
    assert_eq!(invites(&floor.world, floor.anna).len(), rung);
}

#[test]
fn over_networks_that_lose_and_double_everybody_is_called_once_and_all_come_to_rest() {
    for seed in 0..worlds() / 5 {
        for life in [Life::Whole, Life::Interrupted] {
            let network = Network {
                lost: 15,
                doubled: 15,
                latency_max_ms: 300,
            };
            let person_answers = Habit::Answers(seconds(seed % 4));
            let mut floor = floor(seed, ANSWERS, person_answers, network, life);
            for number in ["+46701234568", "+46701234569"] {
                floor.add(number);
            }
            begins(&mut floor);
            for _ in 0..12 {
                floor.run(40);
                if seed % 3 == 0 && person(&floor).talks() {
                    floor.world.hang_up(floor.person);
                } else if floor.world.phones[floor.anna].talks() && floor.was_called() {
                    floor.world.hang_up(floor.anna);
                }
                floor.run(20);
                (1..=3).for_each(|entry| notes(&mut floor, CallbackId(entry)));
            }
            floor.run(200);
            floor.world.assert_at_rest();
            for entry in floor.world.book.entries() {
                assert_ne!(entry.status(), Some(Status::InCall), "seed {seed}");
                assert!(!entry.attempts.is_empty(), "seed {seed}: never tried");
            }
            let mut rung: BTreeMap<String, usize> = BTreeMap::new();
            for line in floor
                .world
                .diary
                .iter()
                .filter(|it| it.contains(" RingPerson"))
            {
                let (_, entry) = line.split_once("entry: CallbackId(").unwrap();
                let entry = entry.split(')').next().unwrap().to_owned();
                *rung.entry(entry).or_default() += 1;
            }
            for entry in floor.world.book.entries() {
                let rung = rung.get(&entry.id.0.to_string()).copied();
                let attempts = entry.attempts.len();
                assert_eq!(rung, Some(attempts), "seed {seed}: an attempt a call");
            }
        }
    }
}
