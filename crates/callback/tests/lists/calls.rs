//! The call to the person.

use crate::floor::*;
use callback::*;
use std::time::Duration;

#[test]
fn the_agents_device_rings_first_and_the_person_when_the_attempt_is_stored() {
    let mut floor = Floor::open(list());
    let entry = floor.wish(1, "+46701234567");
    floor.disk = Disk::Silent;
    let placing = floor.call(ANNA, entry).unwrap();
    assert!(floor.entry(entry).attempts.is_empty());
    let commands = floor.event(placing, CallEvent::AgentAnswered);
    let [Command::Store { token }] = commands[..] else {
        panic!("{commands:?}");
    };
    let commands = floor.give(Input::Stored { token });
    let rung = Command::RingPerson {
        placing,
        entry,
        queue: queue("support"),
        number: number("+46701234567"),
    };
    assert_eq!(commands, [rung]);
    assert_eq!(floor.entry(entry).attempts.len(), 1);
}

#[test]
fn what_an_agents_own_device_does_is_no_attempt() {
    let mut floor = Floor::open(list());
    let entry = floor.wish(1, "+46701234567");
    for event in [CallEvent::AgentDidNotAnswer, CallEvent::HungUp] {
        let placing = floor.call(ANNA, entry).unwrap();
        floor.event(placing, event);
        assert_eq!(floor.status(entry), Status::NotHandled);
        assert!(floor.entry(entry).attempts.is_empty());
    }
    // Nor is it, if he hangs up while it is being stored.
    floor.disk = Disk::Silent;
    let placing = floor.call(ANNA, entry).unwrap();
    let commands = floor.event(placing, CallEvent::AgentAnswered);
    let [Command::Store { token }] = commands[..] else {
        panic!("{commands:?}");
    };
    floor.event(placing, CallEvent::HungUp);
    assert!(floor.entry(entry).attempts.is_empty());
    assert_eq!(floor.give(Input::Stored { token }), [], "rung for nobody");
    assert!(floor.lease(BOSSE, entry).is_ok());
}

#[test]
fn nobody_is_rung_whose_attempt_could_not_be_stored() {
    let mut floor = Floor::open(list());
    let entry = floor.wish(1, "+46701234567");
    floor.disk = Disk::Silent;
    let placing = floor.call(ANNA, entry).unwrap();
    floor.event(placing, CallEvent::AgentAnswered);
    let commands = floor.pass(PROMISE_WITHIN);
    let why = HangUpCause::NotStored;
    assert_eq!(commands, [Command::HangUp { placing, why }]);
    assert_eq!(floor.status(entry), Status::NotHandled);
    assert!(floor.entry(entry).attempts.is_empty());
    let placing = floor.call(ANNA, entry).unwrap();
    floor.give(Input::Storage(Health::Down));
    let commands = floor.event(placing, CallEvent::AgentAnswered);
    assert_eq!(commands, [Command::HangUp { placing, why }]);
    assert_eq!(floor.status(entry), Status::NotHandled);
}

#[test]
fn a_live_call_keeps_its_entry_for_as_long_as_it_says_so() {
    let mut floor = Floor::open(list());
    let entry = floor.wish(1, "+46701234567");
    let placing = floor.call(ANNA, entry).unwrap();
    floor.event(placing, CallEvent::AgentAnswered);
    floor.event(placing, CallEvent::PersonAnswered);
    let version = floor.entry(entry).version;
    for _ in 0..100 {
        floor.pass(CALL_ALIVE_WITHIN / 3);
        floor.event(placing, CallEvent::Alive);
    }
    assert_eq!(
        floor.entry(entry).version,
        version,
        "nothing to tell readers"
    );
    assert_eq!(floor.status(entry), Status::InCall);
    let commands = floor.pass(CALL_ALIVE_WITHIN);
    let why = HangUpCause::Lost;
    assert_eq!(commands, [Command::HangUp { placing, why }]);
    assert_eq!(floor.status(entry), Status::AwaitingNote);
    let outcome = floor.entry(entry).attempts[0].outcome;
    assert_eq!(outcome, Some(Outcome::Interrupted));
}

#[test]
fn a_call_that_breaks_off_before_the_person_is_rung_gives_the_entry_back() {
    let mut floor = Floor::open(list());
    let entry = floor.wish(1, "+46701234567");
    let placing = floor.call(ANNA, entry).unwrap();
    floor.pass(CALL_ALIVE_WITHIN);
    assert_eq!(floor.status(entry), Status::NotHandled);
    // It comes to life again, and is ended.
    let commands = floor.event(placing, CallEvent::AgentAnswered);
    let why = HangUpCause::Lost;
    assert_eq!(commands, [Command::HangUp { placing, why }]);
}

#[test]
fn a_machine_that_answers_is_left_by_the_agents_key() {
    let mut floor = Floor::open(list());
    let entry = floor.wish(1, "+46701234567");
    let placing = floor.call(ANNA, entry).unwrap();
    floor.event(placing, CallEvent::AgentAnswered);
    floor.event(placing, CallEvent::PersonAnswered);
    let commands = floor.event(placing, CallEvent::Voicemail);
    let why = HangUpCause::Voicemail;
    assert_eq!(commands, [Command::HangUp { placing, why }]);
    let outcome = floor.entry(entry).attempts[0].outcome;
    assert_eq!(outcome, Some(Outcome::Voicemail));
    floor.note(ANNA, entry, "A machine.").unwrap();
    assert_eq!(floor.status(entry), Status::Requeued);
    assert_eq!(floor.entry(entry).due, floor.utc() + HOUR);
}

#[test]
fn news_of_a_person_who_has_not_been_rung_are_none() {
    let mut floor = Floor::open(list());
    let entry = floor.wish(1, "+46701234567");
    let placing = floor.call(ANNA, entry).unwrap();
    let facts = floor.facts.len();
    for event in [
        CallEvent::PersonAnswered,
        CallEvent::PersonBusy,
        CallEvent::PersonNoAnswer,
        CallEvent::PersonFailed,
        CallEvent::Voicemail,
    ] {
        floor.event(placing, event);
    }
    assert_eq!(floor.facts.len(), facts);
    assert_eq!(floor.status(entry), Status::InCall);
    floor.pass(Duration::from_secs(1));
}
