//! Entries over a restart: what is stored of each (`Lists::to_store`, whenever a fact is about it) is all that the next process has.

use crate::floor::*;
use base::{CallbackId, QueueId, Time, WallClock};
use callback::*;
use std::collections::{BTreeMap, BTreeSet};

/// What storage has of each entry after these facts: what each looked like when the last of them was about it.
pub(crate) fn rows_stored(facts: &[Stamped]) -> BTreeMap<CallbackId, Entry> {
    let mut lists = Lists::new();
    let mut rows = BTreeMap::new();
    for fact in facts {
        lists.apply(fact);
        for id in fact.fact.entries() {
            match lists.to_store(fact.at, id) {
                Some(entry) => rows.insert(id, entry),
                None => rows.remove(&id),
            };
        }
    }
    rows
}

/// The process ended, and another begins with what was stored. Anna and Bosse staff the lists that they may.
pub(crate) fn restarted(before: &Floor, lists: Vec<(&str, ListSettings)>) -> Floor {
    let mut floor = Floor::default();
    let all: BTreeSet<QueueId> = lists.iter().map(|(name, _)| queue(name)).collect();
    floor.configure(lists);
    for name in [ANNA, BOSSE] {
        floor.give(Input::RecallStaff {
            agent: agent(name),
            lists: all.clone(),
        });
    }
    let unix_ms = before.utc().as_seconds() * 1_000;
    floor.give(Input::Clock(WallClock::new(Time::ZERO, unix_ms)));
    for entry in rows_stored(&before.facts).into_values() {
        floor.give(Input::Recall(Box::new(entry)));
    }
    floor
}

#[test]
fn what_is_stored_of_entries_is_always_what_they_are() {
    let mut floor = Floor::open(list());
    for caller in 1..=4 {
        floor.wish(caller, &format!("+4670123456{caller}"));
    }
    floor.try_once(ANNA, CallbackId(1), CallEvent::PersonBusy);
    floor.note(ANNA, CallbackId(1), "Busy.").unwrap();
    floor.lease(ANNA, CallbackId(2)).unwrap();
    floor.call(BOSSE, CallbackId(3)).unwrap();
    floor.pass(HOUR);
    let rows = rows_stored(&floor.facts);
    for row in floor.lists().rows() {
        assert_eq!(rows.get(&row.id), floor.lists().entry(row.id));
    }
    assert_eq!(rows.len(), 4);
}

#[test]
fn leases_are_returned_and_entries_are_as_they_were() {
    let mut before = Floor::open(list());
    for caller in 1..=5 {
        before.wish(caller, &format!("+4670123456{caller}"));
    }
    before.try_once(ANNA, CallbackId(1), CallEvent::HungUp);
    before.note(ANNA, CallbackId(1), "Helped.").unwrap();
    before.try_once(ANNA, CallbackId(2), CallEvent::PersonBusy);
    before.note(ANNA, CallbackId(2), "Busy.").unwrap();
    before.lease(ANNA, CallbackId(3)).unwrap();
    before.call(BOSSE, CallbackId(4)).unwrap();
    let after = restarted(&before, vec![("support", list())]);
    let statuses = (1..=5).map(|id| after.status(CallbackId(id)));
    let waits = Status::NotHandled;
    let expected = [Status::Done, Status::Requeued, waits, waits, waits];
    assert_eq!(statuses.collect::<Vec<_>>(), expected);
    for id in (1..=5).map(CallbackId) {
        let (then, now) = (before.entry(id), after.entry(id));
        assert_eq!((&then.asked, &then.attempts), (&now.asked, &now.attempts));
        assert_eq!((then.due, &then.latest), (now.due, &now.latest));
    }
}

#[test]
fn what_was_stored_and_not_yet_said_is_a_promise() {
    let mut before = Floor::open(list());
    before.disk = Disk::Silent;
    let draft = before.draft("support", "+46701234567", Wish::AsSoonAsPossible);
    before.give(Input::Accept {
        call: call(1),
        draft: Box::new(draft),
    });
    let after = restarted(&before, vec![("support", list())]);
    assert_eq!(after.status(CallbackId(1)), Status::NotHandled);
}

#[test]
fn a_person_who_was_being_rung_is_not_rung_again_before_his_agent_has_said_what_came_of_it() {
    for answered in [false, true] {
        let mut before = Floor::open(list());
        let entry = before.wish(1, "+46701234567");
        let placing = before.call(ANNA, entry).unwrap();
        before.event(placing, CallEvent::AgentAnswered);
        if answered {
            before.event(placing, CallEvent::PersonAnswered);
        }
        let mut after = restarted(&before, vec![("support", list())]);
        assert_eq!(after.status(entry), Status::AwaitingNote);
        assert!(matches!(
            after.lease(BOSSE, entry),
            Err(Refusal::Held { .. })
        ));
        assert!(matches!(
            after.lease(ANNA, entry),
            Err(Refusal::OwesNote { .. })
        ));
        let reached = Some(Outcome::Reached);
        after
            .say(ANNA, entry, "We had talked.", reached, None)
            .unwrap();
        assert_eq!(after.status(entry), Status::Done);
    }
}

#[test]
fn an_agent_who_owed_a_description_owes_it_still() {
    let mut before = Floor::open(list());
    let entry = before.wish(1, "+46701234561");
    let other = before.wish(2, "+46701234562");
    before.try_once(ANNA, entry, CallEvent::HungUp);
    let mut after = restarted(&before, vec![("support", list())]);
    assert!(matches!(
        after.lease(ANNA, other),
        Err(Refusal::OwesNote { .. })
    ));
    assert!(after.note(ANNA, entry, "Helped.").is_ok());
    assert_eq!(after.status(entry), Status::Done);
}

#[test]
fn duplicates_in_what_was_stored_are_merged_and_the_earlier_arrival_stays() {
    let mut floor = Floor::open(list());
    let first = floor.wish(1, "+46701234567");
    let mut early = floor.entry(first).clone();
    floor.pass(HOUR);
    early.asked.arrived = Utc::from_seconds(NINE - 3_600);
    early.id = CallbackId(7);
    floor.give(Input::Recall(Box::new(early.clone())));
    assert_eq!(floor.status(CallbackId(7)), Status::Cancelled);
    assert_eq!(floor.entry(first).asked.arrived, early.asked.arrived);
    // One whose agent owes a description is kept before one that waits.
    let began = Utc::from_seconds(NINE);
    early.stage = Stage::AwaitingNote {
        agent: agent(ANNA),
        began,
    };
    early.asked.arrived = Utc::from_seconds(NINE);
    early.id = CallbackId(8);
    floor.give(Input::Recall(Box::new(early)));
    assert_eq!(floor.status(first), Status::Cancelled);
    assert_eq!(floor.status(CallbackId(8)), Status::AwaitingNote);
    let arrived = floor.entry(CallbackId(8)).asked.arrived;
    assert_eq!(arrived, Utc::from_seconds(NINE - 3_600));
}

#[test]
fn numbers_of_entries_that_were_erased_are_not_given_again() {
    let mut floor = Floor::open(list());
    floor.give(Input::RecallLast(CallbackId(41)));
    assert_eq!(floor.wish(1, "+46701234567"), CallbackId(42));
    floor.give(Input::RecallLast(CallbackId(3)));
    assert_eq!(floor.wish(2, "+46701234568"), CallbackId(43));
}

#[test]
fn agents_staff_their_lists_again_where_they_still_may() {
    let mut floor = Floor::default();
    floor.configure(vec![
        ("support", list()),
        ("sales", ListSettings::default()),
    ]);
    let lists = all(&["support", "sales", "gone"]);
    floor.give(Input::RecallStaff {
        agent: agent(ANNA),
        lists,
    });
    let entry = floor.wish(1, "+46701234567");
    assert!(floor.lease(ANNA, entry).is_ok());
    let sales = floor.draft("sales", "+46701234568", Wish::AsSoonAsPossible);
    let sales = floor.accept(2, sales).unwrap();
    assert!(matches!(
        floor.lease(ANNA, sales),
        Err(Refusal::NotAMember { .. })
    ));
}
