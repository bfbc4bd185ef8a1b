//! Who is told that something is done, and when.

use crate::floor::*;
use crate::restart::rows_stored;
use callback::*;
use control::{Principal, permit};
use std::time::Duration;

const NUMBER: &str = "+46701234567";

/// Has a person's command come in; gives what storage is asked for.
fn begin(floor: &mut Floor, command: CallbackCommand) -> u64 {
    let command = permit(Principal::Operator, command).unwrap();
    store(&floor.give(Input::Command { ticket: 7, command }))
}

fn store(commands: &[Command]) -> u64 {
    let [Command::Store { token }] = commands else {
        panic!("{commands:?}");
    };
    *token
}

fn erase() -> CallbackCommand {
    CallbackCommand::Erase {
        org: org(),
        number: NUMBER.to_owned(),
    }
}

fn on(entry: base::CallbackId, action: EntryAction) -> CallbackCommand {
    CallbackCommand::Entry {
        list: queue("support"),
        entry,
        version: None,
        action,
    }
}

fn takes_back(floor: &mut Floor, caller: u32) -> u64 {
    store(&floor.give(Input::CancelOwn {
        call: call(caller),
        queue: queue("support"),
        number: number(NUMBER),
    }))
}

#[test]
fn what_a_person_has_done_holds_at_once_and_is_said_when_it_is_stored() {
    let mut floor = Floor::open(list());
    let cancelled = floor.wish(1, NUMBER);
    floor.disk = Disk::Silent;
    let cancel = on(cancelled, EntryAction::Cancel { text: None });
    let first = begin(&mut floor, cancel);
    assert_eq!(floor.status(cancelled), Status::Cancelled);
    let second = begin(&mut floor, erase());
    assert!(floor.lists().entry(cancelled).is_none());
    floor.pass(Duration::from_secs(1));
    let said = floor.give(Input::Stored { token: first });
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(answered(&said), Some(Ok(Done::Done)));
    let said = floor.give(Input::Stored { token: second });
    let erased = Done::Erased { erased: 1, left: 0 };
    assert_eq!(answered(&said), Some(Ok(erased)));
    assert!(floor.pass(HOUR).is_empty(), "it is said twice");
}

#[test]
fn whose_command_is_not_stored_is_told_that_it_is_done_and_may_be_undone() {
    for by_word in [true, false] {
        let mut floor = Floor::open(list());
        floor.wish(1, NUMBER);
        floor.disk = Disk::Silent;
        let token = begin(&mut floor, erase());
        let said = match by_word {
            true => floor.give(Input::NotStored { token }),
            false => floor.pass(PROMISE_WITHIN),
        };
        assert_eq!(answered(&said), Some(Err(Refusal::Unstored)));
        assert!(floor.lists().rows().is_empty());
        // What comes after all is said to nobody.
        assert!(floor.give(Input::Stored { token }).is_empty());
    }
}

#[test]
fn what_ends_with_a_restart_is_said_at_once() {
    let mut floor = Floor::open(list());
    let entry = floor.wish(1, NUMBER);
    floor.disk = Disk::Silent;
    assert!(floor.lease(ANNA, entry).is_ok());
    assert!(floor.call(ANNA, entry).is_ok());
}

#[test]
fn what_a_caller_keyed_is_shown_when_it_is_stored_that_it_was() {
    let mut floor = Floor::open(list());
    let mut draft = floor.draft("support", NUMBER, Wish::AsSoonAsPossible);
    draft.input = Some(CustomerInput::Person("850709-9805".parse().unwrap()));
    let whole = draft.input.as_ref().unwrap().revealed();
    let entry = floor.accept(1, draft).unwrap();
    floor.disk = Disk::Silent;
    let token = begin(&mut floor, on(entry, EntryAction::Reveal));
    let said = floor.give(Input::Stored { token });
    assert_eq!(answered(&said), Some(Ok(Done::Revealed(whole))));
    let token = begin(&mut floor, on(entry, EntryAction::Reveal));
    let gone = begin(&mut floor, erase());
    let said = floor.give(Input::Stored { token });
    assert_eq!(answered(&said), Some(Err(Refusal::NoSuchEntry(entry))));
    let said = floor.give(Input::Stored { token: gone });
    assert!(matches!(answered(&said), Some(Ok(Done::Erased { .. }))));
    let facts = format!("{:?}", floor.facts);
    let facts = facts.split("Reveal").skip(1).collect::<String>();
    assert!(!facts.contains("9805"), "it stands in a fact");
}

#[test]
fn a_caller_who_takes_his_entry_back_has_it_until_that_is_stored() {
    let mut floor = Floor::open(list());
    let entry = floor.wish(1, NUMBER);
    floor.disk = Disk::Silent;
    let token = takes_back(&mut floor, 2);
    assert_eq!(floor.status(entry), Status::NotHandled);
    // The process after this one would not call him.
    assert!(!rows_stored(&floor.facts)[&entry].is_open());
    let said = floor.give(Input::NotStored { token });
    let broken = Err(Refusal::Broken(Broken::NotStored));
    assert_eq!(cancelled(&said, 2), Some(broken));
    assert!(rows_stored(&floor.facts)[&entry].is_open());

    let token = takes_back(&mut floor, 2);
    let said = floor.give(Input::Stored { token });
    assert_eq!(cancelled(&said, 2), Some(Ok(())));
    assert_eq!(floor.status(entry), Status::Cancelled);
}

#[test]
fn an_agent_who_takes_it_meanwhile_goes_before_the_caller_who_takes_it_back() {
    let mut floor = Floor::open(list());
    let entry = floor.wish(1, NUMBER);
    floor.disk = Disk::Silent;
    let token = takes_back(&mut floor, 2);
    floor.lease(ANNA, entry).unwrap();
    let said = floor.give(Input::Stored { token });
    let overtaken = Err(Refusal::Broken(Broken::Overtaken));
    assert_eq!(cancelled(&said, 2), Some(overtaken));
    assert_eq!(floor.status(entry), Status::Leased);
    assert!(rows_stored(&floor.facts)[&entry].is_open());
}

#[test]
fn a_window_that_is_named_alone_is_the_first_of_that_name_that_is_to_come() {
    let mut floor = Floor::open(list_with("evening", Capacity::Unlimited));
    let (over, first, next) = (
        window("evening", -24, -22),
        window("evening", 8, 10),
        window("evening", 32, 34),
    );
    let windows = vec![next, over, first.clone()];
    floor.hours("support", hours(None, windows));
    let entry = floor.wish(1, NUMBER);
    let named = |name: &str| {
        let name = name.to_owned();
        EntryAction::Move(Some(WindowChoice { name, starts: None }))
    };
    floor.act(supervisor(), entry, named("evening")).unwrap();
    assert_eq!(floor.entry(entry).asked.wish, Wish::Window(first));
    let gone = Err(Refusal::ChoiceGone);
    assert_eq!(floor.act(supervisor(), entry, named("morning")), gone);
}
