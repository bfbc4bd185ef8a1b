//! One person, one wish in a queue.

use crate::floor::*;
use base::CallbackId;
use callback::*;
use std::time::Duration;

const NUMBER: &str = "+46701234567";

fn with_window() -> (Floor, Wish) {
    let mut floor = Floor::open(list_with("window", Capacity::Entries(1)));
    floor.hours("support", hours(None, vec![window("window", 1, 2)]));
    (floor, Wish::Window(window("window", 1, 2)))
}

fn existing(floor: &mut Floor, caller: u32) -> Option<Existing> {
    let commands = floor.give(Input::AskChoices {
        call: call(caller),
        queue: queue("support"),
        number: Some(number(NUMBER)),
    });
    match &commands[..] {
        [Command::Choices { existing, .. }] => existing.clone(),
        other => panic!("{other:?}"),
    }
}

fn move_own(floor: &mut Floor, caller: u32, wish: &Wish) -> Result<CallbackId, Refusal> {
    let commands = floor.give(Input::MoveOwn {
        call: call(caller),
        queue: queue("support"),
        number: number(NUMBER),
        wish: wish.clone(),
        input: None,
    });
    accepted(&commands, caller).unwrap()
}

fn cancel_own(floor: &mut Floor, caller: u32) -> Result<(), Refusal> {
    let said = floor.give(Input::CancelOwn {
        call: call(caller),
        queue: queue("support"),
        number: number(NUMBER),
    });
    cancelled(&said, caller).unwrap()
}

#[test]
fn a_repeat_caller_is_told_of_his_entry_and_gets_no_second() {
    let (mut floor, _) = with_window();
    assert_eq!(existing(&mut floor, 1), None);
    let entry = floor.wish(1, NUMBER);
    let wish = Wish::AsSoonAsPossible;
    let known = Existing {
        entry,
        wish: wish.clone(),
        held: false,
    };
    assert_eq!(existing(&mut floor, 2), Some(known));
    let draft = floor.draft("support", NUMBER, wish);
    assert_eq!(floor.accept(2, draft), Err(Refusal::Already(entry)));
}

#[test]
fn a_repeat_caller_moves_his_entry_and_keeps_his_arrival() {
    let (mut floor, wish) = with_window();
    let entry = floor.wish(1, NUMBER);
    let arrived = floor.entry(entry).asked.arrived;
    floor.pass(MINUTE);
    assert_eq!(move_own(&mut floor, 2, &wish), Ok(entry));
    assert_eq!(floor.entry(entry).asked.arrived, arrived);
    assert_eq!(floor.entry(entry).asked.wish, wish);
    assert_eq!(floor.entry(entry).due, span(1, 2).from);
    // The window is full now, and he may stay in it.
    assert!(floor.reserve(3, &wish).is_err());
    assert_eq!(move_own(&mut floor, 2, &wish), Ok(entry));
}

#[test]
fn a_move_is_said_only_when_it_is_stored_and_its_place_is_taken_meanwhile() {
    let (mut floor, wish) = with_window();
    let entry = floor.wish(1, NUMBER);
    floor.disk = Disk::Silent;
    let commands = floor.give(Input::MoveOwn {
        call: call(2),
        queue: queue("support"),
        number: number(NUMBER),
        wish: wish.clone(),
        input: None,
    });
    let [Command::Store { token }] = commands[..] else {
        panic!("{commands:?}");
    };
    assert_eq!(floor.entry(entry).asked.wish, Wish::AsSoonAsPossible);
    // When that is on disk he is told, and a crash after it must not take it back.
    let stored = crate::restart::rows_stored(&floor.facts);
    assert_eq!(stored[&entry].asked.wish, wish);
    assert!(floor.reserve(3, &wish).is_err());
    let said = floor.give(Input::NotStored { token });
    let broken = Err(Refusal::Broken(Broken::NotStored));
    assert_eq!(accepted(&said, 2), Some(broken));
    assert_eq!(floor.entry(entry).asked.wish, Wish::AsSoonAsPossible);
    let stored = crate::restart::rows_stored(&floor.facts);
    assert_eq!(stored[&entry], *floor.entry(entry));
    assert!(floor.reserve(3, &wish).is_ok());
}

#[test]
fn a_move_that_an_agent_was_quicker_than_is_none() {
    let (mut floor, wish) = with_window();
    let entry = floor.wish(1, NUMBER);
    floor.disk = Disk::Silent;
    let commands = floor.give(Input::MoveOwn {
        call: call(2),
        queue: queue("support"),
        number: number(NUMBER),
        wish: wish.clone(),
        input: None,
    });
    let [Command::Store { token }] = commands[..] else {
        panic!("{commands:?}");
    };
    floor.lease(ANNA, entry).unwrap();
    let said = floor.give(Input::Stored { token });
    let overtaken = Err(Refusal::Broken(Broken::Overtaken));
    assert_eq!(accepted(&said, 2), Some(overtaken));
    assert_eq!(floor.status(entry), Status::Leased);
    assert_eq!(floor.entry(entry).asked.wish, Wish::AsSoonAsPossible);
}

#[test]
fn a_repeat_caller_cancels_his_entry_at_once_unless_an_agent_has_it() {
    let (mut floor, _) = with_window();
    let entry = floor.wish(1, NUMBER);
    floor.lease(ANNA, entry).unwrap();
    let held = Refusal::Held {
        entry,
        by: agent(ANNA),
    };
    assert_eq!(cancel_own(&mut floor, 2), Err(held));
    assert!(existing(&mut floor, 2).unwrap().held);
    floor
        .act(
            agent_himself(ANNA),
            entry,
            EntryAction::Release(agent(ANNA)),
        )
        .unwrap();
    assert_eq!(cancel_own(&mut floor, 2), Ok(()));
    assert_eq!(floor.status(entry), Status::Cancelled);
    let nothing = Err(Refusal::NothingToChange);
    assert_eq!(cancel_own(&mut floor, 2), nothing.clone());
    assert_eq!(
        move_own(&mut floor, 2, &Wish::AsSoonAsPossible),
        Err(Refusal::NothingToChange)
    );
    // And he may ask anew.
    assert_ne!(floor.wish(3, NUMBER), entry);
}

#[test]
fn the_same_number_may_have_an_entry_in_each_queue() {
    let mut floor = Floor::with(vec![("support", list()), ("sales", list())]);
    floor.wish(1, NUMBER);
    let draft = floor.draft("sales", NUMBER, Wish::AsSoonAsPossible);
    assert!(floor.accept(2, draft).is_ok());
}

#[test]
fn what_a_caller_began_and_then_accepted_is_one_entry_from_his_first_arrival() {
    let started = KeepStarted::WithNumber;
    let mut floor = Floor::open(ListSettings { started, ..list() });
    let draft = floor.draft("support", NUMBER, Wish::AsSoonAsPossible);
    let first = draft.arrived;
    floor.give(Input::Gone {
        call: call(1),
        started: Some(Box::new(draft)),
    });
    floor.pass(10 * MINUTE);
    let entry = floor.wish(2, NUMBER);
    assert_eq!(floor.entry(entry).asked.arrived, first);
    let open = floor.lists().rows();
    let open: Vec<&Row> = open
        .iter()
        .filter(|row| row.status != Status::Cancelled)
        .collect();
    assert_eq!(open.len(), 1);
}

#[test]
fn what_a_caller_began_is_not_tried_again_beside_what_he_accepted_since() {
    let started = KeepStarted::WithNumber;
    let mut floor = Floor::open(ListSettings { started, ..list() });
    let draft = floor.draft("support", NUMBER, Wish::AsSoonAsPossible);
    let first = draft.arrived;
    floor.give(Input::Gone {
        call: call(1),
        started: Some(Box::new(draft)),
    });
    let begun = CallbackId(1);
    floor.pass(MINUTE);
    let placing = floor.call(ANNA, begun).unwrap();
    floor.event(placing, CallEvent::AgentAnswered);
    let accepted = floor.wish(2, NUMBER);
    // While she rings him for the one, nobody does for the other.
    assert!(matches!(
        floor.lease(BOSSE, accepted),
        Err(Refusal::NumberHeld { .. })
    ));
    floor.event(placing, CallEvent::PersonBusy);
    floor.note(ANNA, begun, "Busy.").unwrap();
    assert_eq!(floor.status(begun), Status::Cancelled);
    assert_eq!(floor.entry(accepted).asked.arrived, first);
    floor.pass(Duration::ZERO);
    assert!(floor.lease(BOSSE, accepted).is_ok());
}

#[test]
fn a_closed_entry_is_not_opened_again_beside_an_open_one() {
    let mut floor = Floor::open(list());
    let first = floor.wish(1, NUMBER);
    cancel_own(&mut floor, 1).unwrap();
    let second = floor.wish(2, NUMBER);
    let requeue = EntryAction::Requeue { text: None };
    assert_eq!(
        floor.act(supervisor(), first, requeue),
        Err(Refusal::Already(second))
    );
}
