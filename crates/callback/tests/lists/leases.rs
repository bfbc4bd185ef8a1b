//! Who has an entry.

use crate::floor::*;
use callback::*;
use control::Queues;
use std::time::Duration;

#[test]
fn a_lease_is_seen_with_its_owner_and_countdown_and_returned_when_it_runs_out() {
    let mut floor = Floor::open(list());
    let entry = floor.wish(1, "+46701234567");
    floor.lease(ANNA, entry).unwrap();
    floor.pass(Duration::from_secs(30));
    let row = floor.row(entry);
    assert_eq!(row.status, Status::Leased);
    assert_eq!(row.held_by, Some(agent(ANNA)));
    assert_eq!(row.held_until, Some(floor.utc() + Duration::from_secs(90)));
    // To take it again makes it no longer.
    floor.lease(ANNA, entry).unwrap();
    floor.pass(Duration::from_secs(89));
    assert_eq!(floor.status(entry), Status::Leased);
    floor.pass(Duration::from_secs(1));
    assert_eq!(floor.status(entry), Status::NotHandled);
    assert!(floor.lease(BOSSE, entry).is_ok());
}

#[test]
fn an_agent_gives_back_what_is_his_and_nothing_else() {
    let mut floor = Floor::open(list());
    let entry = floor.wish(1, "+46701234567");
    floor.lease(ANNA, entry).unwrap();
    let release = |name: &str| EntryAction::Release(agent(name));
    let not_his = Err(Refusal::NotHis {
        agent: agent(BOSSE),
        entry,
    });
    assert_eq!(
        floor.act(agent_himself(BOSSE), entry, release(BOSSE)),
        not_his
    );
    assert_eq!(
        floor.act(agent_himself(ANNA), entry, release(ANNA)),
        Ok(Done::Done)
    );
    assert_eq!(floor.status(entry), Status::NotHandled);
}

#[test]
fn nothing_is_done_to_an_entry_that_has_changed_since_it_was_looked_at() {
    let mut floor = Floor::open(list());
    let entry = floor.wish(1, "+46701234567");
    let seen = floor.row(entry).version;
    floor.lease(ANNA, entry).unwrap();
    floor
        .act(
            agent_himself(ANNA),
            entry,
            EntryAction::Release(agent(ANNA)),
        )
        .unwrap();
    let cancel = || EntryAction::Cancel { text: None };
    let now = floor.row(entry).version;
    assert_eq!(
        floor.act_on(supervisor(), entry, Some(seen), cancel()),
        Err(Refusal::Changed {
            entry,
            version: now,
            by: None,
        })
    );
    floor.lease(ANNA, entry).unwrap();
    let version = floor.row(entry).version;
    assert_eq!(
        floor.act_on(supervisor(), entry, Some(now), EntryAction::Reveal),
        Err(Refusal::Changed {
            entry,
            version,
            by: Some(agent(ANNA)),
        })
    );
    let release = EntryAction::Release(agent(ANNA));
    assert!(
        floor
            .act_on(agent_himself(ANNA), entry, Some(version), release)
            .is_ok()
    );
}

#[test]
fn an_agent_has_one_entry_at_a_time() {
    let mut floor = Floor::open(list());
    let (first, second) = (floor.wish(1, "+46701234561"), floor.wish(2, "+46701234562"));
    floor.lease(ANNA, first).unwrap();
    let another = Err(Refusal::HasAnother {
        agent: agent(ANNA),
        entry: first,
    });
    assert_eq!(floor.lease(ANNA, second), another);
}

#[test]
fn an_agent_staffs_the_lists_that_he_is_a_member_of_and_logs_in_to() {
    let foreign = ListSettings {
        members: [agent(BOSSE)].into(),
        ..list()
    };
    let mut floor = Floor::with(vec![("support", list()), ("sales", foreign)]);
    let draft = floor.draft("sales", "+46701234567", Wish::AsSoonAsPossible);
    let entry = floor.accept(1, draft).unwrap();
    let not_a_member = Refusal::NotAMember {
        agent: agent(ANNA),
        list: queue("sales"),
    };
    assert_eq!(floor.lease(ANNA, entry), Err(not_a_member.clone()));
    let log_in = StaffAction::LogIn(one("sales"));
    assert_eq!(floor.staff(ANNA, log_in), Err(not_a_member));
    floor
        .staff(BOSSE, StaffAction::LogOut(one("sales")))
        .unwrap();
    let not_logged_in = Refusal::NotLoggedIn {
        agent: agent(BOSSE),
        list: queue("sales"),
    };
    assert_eq!(floor.lease(BOSSE, entry), Err(not_logged_in));
    floor.staff(BOSSE, StaffAction::LogIn(Queues::All)).unwrap();
    assert!(floor.lease(BOSSE, entry).is_ok());
}

#[test]
fn who_logs_out_of_a_list_or_is_no_member_any_more_gives_back_what_he_has_there() {
    let mut floor = Floor::open(list());
    let (first, second) = (floor.wish(1, "+46701234561"), floor.wish(2, "+46701234562"));
    floor.lease(ANNA, first).unwrap();
    floor.lease(BOSSE, second).unwrap();
    floor.staff(ANNA, StaffAction::LogOut(Queues::All)).unwrap();
    assert_eq!(floor.status(first), Status::NotHandled);
    let members = [agent(ANNA)].into();
    floor.configure(vec![("support", ListSettings { members, ..list() })]);
    assert_eq!(floor.status(second), Status::NotHandled);
    assert!(matches!(
        floor.lease(BOSSE, second),
        Err(Refusal::NotAMember { .. })
    ));
}

#[test]
fn a_call_goes_on_when_its_agent_logs_out_and_its_description_is_still_owed() {
    let mut floor = Floor::open(list());
    let entry = floor.wish(1, "+46701234567");
    let placing = floor.call(ANNA, entry).unwrap();
    floor.event(placing, CallEvent::AgentAnswered);
    floor.event(placing, CallEvent::PersonAnswered);
    floor.staff(ANNA, StaffAction::LogOut(Queues::All)).unwrap();
    assert_eq!(floor.status(entry), Status::InCall);
    let members = [agent(BOSSE)].into();
    floor.configure(vec![("support", ListSettings { members, ..list() })]);
    floor.event(placing, CallEvent::HungUp);
    assert_eq!(floor.status(entry), Status::AwaitingNote);
    assert_eq!(floor.note(ANNA, entry, "Helped."), Ok(Done::Done));
}

#[test]
fn an_entry_is_not_taken_before_it_is_due() {
    let mut floor = Floor::open(list_with("afternoon", Capacity::Unlimited));
    let window = window("afternoon", 4, 6);
    floor.hours("support", hours(None, vec![window.clone()]));
    let draft = floor.draft("support", "+46701234567", Wish::Window(window.clone()));
    let entry = floor.accept(1, draft).unwrap();
    let due = window.span.from;
    assert_eq!(
        floor.lease(ANNA, entry),
        Err(Refusal::NotDue { entry, due })
    );
    let next = StaffAction::TakeNext(Queues::All);
    assert_eq!(floor.staff(ANNA, next), Err(Refusal::NothingDue));
    floor.pass(4 * HOUR);
    assert!(floor.lease(ANNA, entry).is_ok());
}

#[test]
fn the_next_entry_is_the_due_one_that_arrived_first_on_all_lists_of_the_agent() {
    let mut floor = Floor::with(vec![("support", list()), ("sales", list())]);
    let late = floor.wish(1, "+46701234561");
    let mut draft = floor.draft("sales", "+46701234562", Wish::AsSoonAsPossible);
    draft.arrived = Utc::from_seconds(NINE - 60);
    let early = floor.accept(2, draft).unwrap();
    floor.pass(Duration::from_secs(1));
    let next = |lists| StaffAction::TakeNext(lists);
    let taken = |entry, floor: &Floor| {
        let until = floor.now + 2 * MINUTE;
        Ok(Done::Leased { entry, until })
    };
    let expected = taken(early, &floor);
    assert_eq!(floor.staff(ANNA, next(Queues::All)), expected);
    let expected = taken(late, &floor);
    assert_eq!(floor.staff(BOSSE, next(Queues::All)), expected);
    assert!(matches!(
        floor.staff(BOSSE, next(Queues::All)),
        Err(Refusal::HasAnother { .. })
    ));
}

#[test]
fn the_same_number_in_another_list_is_not_taken_while_somebody_rings_it() {
    let mut floor = Floor::with(vec![("support", list()), ("sales", list())]);
    let first = floor.wish(1, "+46701234567");
    let draft = floor.draft("sales", "+46701234567", Wish::AsSoonAsPossible);
    let second = floor.accept(2, draft).unwrap();
    floor.pass(Duration::ZERO);
    floor.lease(ANNA, first).unwrap();
    let held = Err(Refusal::NumberHeld {
        entry: first,
        by: agent(ANNA),
    });
    assert_eq!(floor.lease(BOSSE, second), held);
    let next = StaffAction::TakeNext(Queues::All);
    assert_eq!(floor.staff(BOSSE, next.clone()), Err(Refusal::NothingDue));
    floor.try_once(ANNA, first, CallEvent::HungUp);
    assert!(floor.staff(BOSSE, next).is_ok());
}
