//! What users of other callback services complain of, each by name. None may be possible here.

use crate::floor::*;
use crate::restart::restarted;
use base::CallbackId;
use callback::*;
use control::Queues;
use std::collections::BTreeSet;
use std::time::Duration;

const NUMBER: &str = "+46701234567";

#[test]
fn duplicate_callbacks_are_not_there() {
    let mut floor = Floor::open(list());
    floor.disk = Disk::Silent;
    // The same person twice at the same moment, while the first is being stored, and again after.
    let draft = Box::new(floor.draft("support", NUMBER, Wish::AsSoonAsPossible));
    let commands = floor.give(Input::Accept {
        call: call(1),
        draft: draft.clone(),
    });
    let [Command::Store { token }] = commands[..] else {
        panic!("{commands:?}");
    };
    let already = |commands: &[Command], caller| {
        let refused = Some(Err(Refusal::Already(CallbackId(1))));
        assert_eq!(accepted(commands, caller), refused);
    };
    let said = floor.give(Input::Accept {
        call: call(2),
        draft: draft.clone(),
    });
    already(&said, 2);
    floor.give(Input::Stored { token });
    let said = floor.give(Input::Accept {
        call: call(3),
        draft: draft.clone(),
    });
    already(&said, 3);
    floor.disk = Disk::Fast;
    floor.pass(Duration::ZERO);
    floor.try_once(ANNA, CallbackId(1), CallEvent::PersonBusy);
    floor.note(ANNA, CallbackId(1), "Busy.").unwrap();
    let said = floor.give(Input::Accept {
        call: call(4),
        draft,
    });
    already(&said, 4);
    assert_eq!(floor.lists().rows().len(), 1);
}

#[test]
fn two_agents_on_one_entry_are_not_there() {
    let mut floor = Floor::open(list());
    let entry = floor.wish(1, NUMBER);
    let won = floor.call(ANNA, entry);
    assert!(won.is_ok());
    let held = Err(Refusal::Held {
        entry,
        by: agent(ANNA),
    });
    assert_eq!(floor.lease(BOSSE, entry), held);
    assert!(matches!(
        floor.call(BOSSE, entry),
        Err(Refusal::Held { .. })
    ));
    let next = floor.staff(BOSSE, StaffAction::TakeNext(Queues::All));
    assert_eq!(next, Err(Refusal::NothingDue));
}

#[test]
fn more_calls_placed_than_agents_are_not_there() {
    let mut floor = Floor::open(list());
    let entries: Vec<CallbackId> = (0..10)
        .map(|caller| floor.wish(caller, &format!("+4670123456{caller}")))
        .collect();
    // Two agents, who press the button of every row again and again.
    let mut rung: BTreeSet<PlacingId> = BTreeSet::new();
    for _ in 0..3 {
        for entry in &entries {
            for name in [ANNA, BOSSE] {
                if let Ok(placing) = floor.call(name, *entry) {
                    rung.insert(placing);
                    floor.event(placing, CallEvent::AgentAnswered);
                }
                assert!(floor.calls_placed() <= 2);
            }
        }
    }
    assert_eq!(rung.len(), 2);
}

#[test]
fn lists_that_cannot_be_worked_are_not_there() {
    // Nothing that is open is out of everybody's reach for good: whatever agents do or leave, each entry is due again, held by
    // somebody, or owed a description that a supervisor can waive.
    let mut floor = Floor::open(list());
    let entry = floor.wish(1, NUMBER);
    floor.call(ANNA, entry).unwrap();
    floor.pass(HOUR);
    floor.lease(BOSSE, entry).unwrap();
    floor.pass(HOUR);
    floor.try_once(BOSSE, entry, CallEvent::PersonBusy);
    floor
        .staff(BOSSE, StaffAction::LogOut(Queues::All))
        .unwrap();
    floor.configure(vec![(
        "support",
        ListSettings {
            members: [agent(ANNA)].into(),
            ..list()
        },
    )]);
    floor.act(supervisor(), entry, EntryAction::Waive).unwrap();
    floor.pass(HOUR);
    assert!(floor.lease(ANNA, entry).is_ok());
}

#[test]
fn numbers_that_cannot_be_seen_are_not_there() {
    let mut floor = Floor::open(list());
    let entry = floor.wish(1, NUMBER);
    let rows = floor.lists().rows();
    assert_eq!(rows[0].number.to_string(), NUMBER);
    floor.lease(ANNA, entry).unwrap();
    let rows = floor.lists().rows();
    assert_eq!(rows[0].number.to_string(), NUMBER);
    floor.try_once(ANNA, entry, CallEvent::HungUp);
    floor.note(ANNA, entry, "Helped.").unwrap();
    assert_eq!(floor.lists().rows()[0].number.to_string(), NUMBER);
}

#[test]
fn entries_lost_at_restart_are_not_there() {
    let mut before = Floor::open(list());
    for caller in 0..50 {
        before.wish(caller, &format!("+467012345{caller:02}"));
    }
    before.lease(ANNA, CallbackId(3)).unwrap();
    let placing = before.call(BOSSE, CallbackId(4)).unwrap();
    before.event(placing, CallEvent::AgentAnswered);
    let after = restarted(&before, vec![("support", list())]);
    let numbers = |floor: &Floor| {
        let rows = floor.lists().rows();
        let rows = rows
            .iter()
            .map(|row| (row.id, row.number.clone(), row.arrived));
        rows.collect::<Vec<_>>()
    };
    assert_eq!(numbers(&after), numbers(&before));
}
