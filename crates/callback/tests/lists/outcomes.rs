//! What becomes of an entry after a call.

use crate::floor::*;
use callback::*;
use std::time::Duration;

const WRITTEN: &str = "Wanted to know about the invoice.";

#[test]
fn the_next_entry_is_not_to_be_had_before_a_description_is_given() {
    let mut floor = Floor::open(list());
    let (first, second) = (floor.wish(1, "+46701234561"), floor.wish(2, "+46701234562"));
    floor.try_once(ANNA, first, CallEvent::HungUp);
    let owes = Err(Refusal::OwesNote {
        agent: agent(ANNA),
        entry: first,
    });
    assert_eq!(floor.lease(ANNA, second), owes.clone());
    assert_eq!(floor.lease(ANNA, first), owes);
    assert!(matches!(
        floor.call(ANNA, second),
        Err(Refusal::OwesNote { .. })
    ));
    // It takes words.
    let empty = Err(Refusal::Text(InvalidText::Empty));
    assert_eq!(floor.note(ANNA, first, "  "), empty);
    let not_his = Err(Refusal::NotHis {
        agent: agent(BOSSE),
        entry: first,
    });
    assert_eq!(floor.note(BOSSE, first, WRITTEN), not_his);
    floor.pass(DAY);
    assert_eq!(floor.status(first), Status::AwaitingNote);
    floor.note(ANNA, first, WRITTEN).unwrap();
    assert!(floor.lease(ANNA, second).is_ok());
}

#[test]
fn a_supervisor_waives_a_description_and_the_entry_goes_on_by_the_rules() {
    let mut floor = Floor::open(list());
    let (first, second) = (floor.wish(1, "+46701234561"), floor.wish(2, "+46701234562"));
    floor.try_once(ANNA, first, CallEvent::PersonBusy);
    floor.act(supervisor(), first, EntryAction::Waive).unwrap();
    assert_eq!(floor.status(first), Status::Requeued);
    assert!(floor.lease(ANNA, second).is_ok());
    let none = Err(Refusal::NoNoteOwed(second));
    assert_eq!(floor.act(supervisor(), second, EntryAction::Waive), none);
}

#[test]
fn a_reached_person_is_done_with_and_all_is_kept_on_the_row() {
    let mut floor = Floor::open(list());
    let entry = floor.wish(1, "+46701234567");
    floor.try_once(ANNA, entry, CallEvent::PersonNoAnswer);
    floor.note(ANNA, entry, "Nobody there.").unwrap();
    floor.pass(30 * MINUTE);
    floor.try_once(BOSSE, entry, CallEvent::HungUp);
    floor.note(BOSSE, entry, WRITTEN).unwrap();
    assert_eq!(floor.status(entry), Status::Done);
    let kept = floor.entry(entry);
    let attempts = kept.attempts.iter().map(|attempt| {
        let text = attempt.text.as_ref().map(|text| text.as_str());
        (attempt.agent.name(), attempt.outcome, text)
    });
    assert_eq!(
        attempts.collect::<Vec<_>>(),
        [
            (ANNA, Some(Outcome::NoAnswer), Some("Nobody there.")),
            (BOSSE, Some(Outcome::Reached), Some(WRITTEN)),
        ]
    );
    assert_eq!(kept.latest.as_ref().unwrap().as_str(), WRITTEN);
}

#[test]
fn each_outcome_has_its_delay_and_the_original_arrival_stays() {
    let mut floor = Floor::open(list());
    for (caller, event, delay) in [
        (1, CallEvent::PersonBusy, 5 * MINUTE),
        (2, CallEvent::PersonNoAnswer, 30 * MINUTE),
        (3, CallEvent::PersonFailed, 30 * MINUTE),
        (4, CallEvent::Voicemail, 60 * MINUTE),
    ] {
        let entry = floor.wish(caller, &format!("+4670123456{caller}"));
        let arrived = floor.entry(entry).asked.arrived;
        floor.pass(MINUTE);
        floor.try_once(ANNA, entry, event);
        floor.note(ANNA, entry, "Later.").unwrap();
        let kept = floor.entry(entry);
        assert_eq!(
            (kept.asked.arrived, kept.due),
            (arrived, floor.utc() + delay)
        );
        let due = kept.due;
        assert_eq!(
            floor.lease(ANNA, entry),
            Err(Refusal::NotDue { entry, due })
        );
        floor.pass(delay);
        assert_eq!(floor.status(entry), Status::Requeued);
        floor.lease(ANNA, entry).unwrap();
        floor
            .act(
                agent_himself(ANNA),
                entry,
                EntryAction::Release(agent(ANNA)),
            )
            .unwrap();
    }
}

#[test]
fn an_entry_is_given_up_at_the_limit_of_its_outcome() {
    let mut floor = Floor::open(list());
    let entry = floor.wish(1, "+46701234567");
    for tried in 1..=3 {
        floor.try_once(ANNA, entry, CallEvent::PersonNoAnswer);
        floor.note(ANNA, entry, "Nobody there.").unwrap();
        let expected = if tried < 3 {
            Status::Requeued
        } else {
            Status::GivenUp
        };
        assert_eq!(floor.status(entry), expected);
        floor.pass(30 * MINUTE);
    }
    let how = Closing::GivenUp;
    assert_eq!(
        floor.lease(ANNA, entry),
        Err(Refusal::Closed { entry, how })
    );
}

#[test]
fn the_agent_says_otherwise_what_came_of_it_and_what_is_to_become_of_it() {
    let mut floor = Floor::open(list());
    let entry = floor.wish(1, "+46701234567");
    floor.try_once(ANNA, entry, CallEvent::HungUp);
    let wrong = Some(Outcome::WrongNumber);
    floor
        .say(ANNA, entry, "A stranger.", wrong, Some(Then::Requeue))
        .unwrap();
    assert_eq!(floor.entry(entry).attempts[0].outcome, wrong);
    assert_eq!(floor.status(entry), Status::Requeued);
    floor.pass(Duration::ZERO);
    floor.try_once(ANNA, entry, CallEvent::PersonBusy);
    let interrupted = Outcome::Interrupted;
    let not_his = Err(Refusal::NotHisToSay(interrupted));
    assert_eq!(
        floor.say(ANNA, entry, "?", Some(interrupted), None),
        not_his
    );
    floor
        .say(ANNA, entry, "Never mind.", None, Some(Then::Close))
        .unwrap();
    assert_eq!(floor.status(entry), Status::GivenUp);
}

#[test]
fn no_entry_is_tried_more_often_than_any_may_be() {
    let again = Rule {
        then: Then::Requeue,
        delay: Duration::ZERO,
        attempts_max: u8::MAX,
    };
    let rules = Rules {
        busy: again,
        ..Rules::default()
    };
    let mut floor = Floor::open(ListSettings { rules, ..list() });
    let entry = floor.wish(1, "+46701234567");
    for _ in 0..ATTEMPTS_MAX {
        floor.try_once(ANNA, entry, CallEvent::PersonBusy);
        floor.note(ANNA, entry, "Busy.").unwrap();
        floor.pass(Duration::ZERO);
    }
    assert_eq!(floor.status(entry), Status::GivenUp);
    let requeue = EntryAction::Requeue { text: None };
    assert_eq!(
        floor.act(supervisor(), entry, requeue),
        Err(Refusal::TriedOut(entry))
    );
}

#[test]
fn a_requeued_entry_with_a_window_is_not_due_before_its_window() {
    let mut floor = Floor::open(list_with("tomorrow", Capacity::Unlimited));
    let window = window("tomorrow", 24, 26);
    floor.hours("support", hours(None, vec![window.clone()]));
    let entry = floor.wish(1, "+46701234567");
    let placing = floor.call(ANNA, entry).unwrap();
    floor.event(placing, CallEvent::AgentDidNotAnswer);
    let choice = WindowChoice {
        name: "tomorrow".to_owned(),
        starts: Some(window.span.from.as_seconds()),
    };
    floor
        .act(agent_himself(ANNA), entry, EntryAction::Move(Some(choice)))
        .unwrap();
    let requeue = EntryAction::Requeue { text: None };
    floor.act(agent_himself(ANNA), entry, requeue).unwrap();
    assert_eq!(floor.entry(entry).due, window.span.from);
    floor.pass(25 * HOUR);
    floor.try_once(ANNA, entry, CallEvent::PersonBusy);
    floor.note(ANNA, entry, "Busy.").unwrap();
    assert_eq!(floor.entry(entry).due, floor.utc() + 5 * MINUTE);
}

#[test]
fn what_was_closed_is_opened_again_by_a_requeue_with_its_arrival() {
    let mut floor = Floor::open(list());
    let entry = floor.wish(1, "+46701234567");
    let arrived = floor.entry(entry).asked.arrived;
    floor.pass(HOUR);
    let cancel = EntryAction::Cancel {
        text: Some("He wrote to us.".to_owned()),
    };
    floor
        .act(agent_himself(BOSSE), entry, cancel.clone())
        .unwrap();
    assert_eq!(floor.status(entry), Status::Cancelled);
    let how = Closing::Cancelled;
    let closed = Err(Refusal::Closed { entry, how });
    assert_eq!(floor.act(agent_himself(BOSSE), entry, cancel), closed);
    let text = Some("He wrote again.".to_owned());
    floor
        .act(agent_himself(BOSSE), entry, EntryAction::Requeue { text })
        .unwrap();
    assert_eq!(floor.status(entry), Status::Requeued);
    assert_eq!(floor.entry(entry).asked.arrived, arrived);
    assert_eq!(floor.entry(entry).due, floor.utc());
    assert_eq!(
        floor.entry(entry).latest.as_ref().unwrap().as_str(),
        "He wrote again."
    );
}

#[test]
fn an_entry_that_somebody_has_is_changed_by_nobody_else() {
    let mut floor = Floor::open(list());
    let entry = floor.wish(1, "+46701234567");
    floor.lease(ANNA, entry).unwrap();
    let held = Err(Refusal::Held {
        entry,
        by: agent(ANNA),
    });
    for action in [
        EntryAction::Requeue { text: None },
        EntryAction::Move(None),
        EntryAction::Cancel { text: None },
        EntryAction::Lease(agent(BOSSE)),
        EntryAction::Call(agent(BOSSE)),
    ] {
        assert_eq!(floor.act(agent_himself(BOSSE), entry, action), held);
    }
    // She herself may say that it needs no call.
    let cancel = EntryAction::Cancel { text: None };
    assert_eq!(
        floor.act(agent_himself(ANNA), entry, cancel),
        Ok(Done::Done)
    );
}

#[test]
fn an_agent_changes_nothing_on_a_list_that_he_is_no_member_of() {
    let mut floor = Floor::open(list());
    let entry = floor.wish(1, "+46701234567");
    let cancel = EntryAction::Cancel { text: None };
    let refused = Err(Refusal::NotAMember {
        agent: agent(EVA),
        list: queue("support"),
    });
    assert_eq!(
        floor.act(agent_himself(EVA), entry, cancel.clone()),
        refused
    );
    assert!(floor.act(supervisor(), entry, cancel).is_ok());
}
