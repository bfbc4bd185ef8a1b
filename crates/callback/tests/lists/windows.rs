//! The times that callers choose, and the room in them.

use crate::floor::*;
use base::{CallbackId, WallClock};
use callback::*;
use std::time::Duration;

#[test]
fn only_windows_to_come_within_opening_hours_and_with_room_are_offered() {
    let mut floor = Floor::open(list_with("window", Capacity::Entries(1)));
    let windows = [(-1, 1), (1, 2), (3, 5), (7, 9)];
    let windows = windows.map(|(from, until)| window("window", from, until));
    let unset = window("not-set", 1, 2);
    let all = windows.iter().cloned().chain([unset]).collect();
    floor.hours("support", hours(Some(vec![span(0, 3), span(3, 8)]), all));
    let offered = |indices: &[usize]| {
        let chosen = indices.iter().map(|at| Wish::Window(windows[*at].clone()));
        let all = std::iter::once(Wish::AsSoonAsPossible).chain(chosen);
        all.collect::<Vec<Wish>>()
    };
    assert_eq!(floor.choices(1), offered(&[1, 2]));
    let draft = floor.draft("support", "+46701234567", Wish::Window(windows[1].clone()));
    floor.accept(1, draft).unwrap();
    assert_eq!(floor.choices(2), offered(&[2]));
    // Those that have begun are not, and as soon as possible is for opening hours.
    floor.pass(3 * HOUR);
    assert_eq!(floor.choices(2), offered(&[]));
    floor.pass(5 * HOUR);
    assert_eq!(floor.choices(2), []);
    for wish in [Wish::AsSoonAsPossible, Wish::Window(windows[3].clone())] {
        let draft = floor.draft("support", "+46701234568", wish);
        assert_eq!(floor.accept(2, draft), Err(Refusal::ChoiceGone));
    }
}

#[test]
fn offers_made_at_once_cannot_overbook_a_window() {
    let mut floor = Floor::open(list_with("window", Capacity::Entries(2)));
    let wish = Wish::Window(window("window", 1, 2));
    floor.hours("support", hours(None, vec![window("window", 1, 2)]));
    // Three hear of it while it has room.
    for caller in 1..=3 {
        assert!(floor.choices(caller).contains(&wish));
    }
    assert_eq!(floor.reserve(1, &wish), Ok(()));
    assert_eq!(floor.reserve(2, &wish), Ok(()));
    assert_eq!(floor.reserve(3, &wish), Err(Refusal::ChoiceGone));
    assert!(!floor.choices(3).contains(&wish));
    // Whoever has a place still hears of it, and gets it.
    assert!(floor.choices(1).contains(&wish));
    let accept = |floor: &mut Floor, caller: u32| {
        let draft = floor.draft("support", &format!("+4670123456{caller}"), wish.clone());
        floor.accept(caller, draft)
    };
    assert_eq!(accept(&mut floor, 3), Err(Refusal::ChoiceGone));
    assert!(accept(&mut floor, 1).is_ok());
    assert!(accept(&mut floor, 2).is_ok());
    assert_eq!(accept(&mut floor, 3), Err(Refusal::ChoiceGone));
}

#[test]
fn a_place_is_held_for_a_while_and_given_up_when_its_caller_goes_or_chooses_another() {
    let mut floor = Floor::open(list_with("window", Capacity::Entries(1)));
    let wish = Wish::Window(window("window", 1, 2));
    floor.hours("support", hours(None, vec![window("window", 1, 2)]));
    floor.reserve(1, &wish).unwrap();
    floor.pass(RESERVED_FOR - Duration::from_secs(1));
    assert!(floor.reserve(2, &wish).is_err());
    floor.pass(Duration::from_secs(1));
    assert!(floor.reserve(2, &wish).is_ok());
    floor.give(Input::Gone {
        call: call(2),
        started: None,
    });
    assert!(floor.reserve(3, &wish).is_ok());
    floor.reserve(3, &Wish::AsSoonAsPossible).unwrap();
    assert!(floor.reserve(4, &wish).is_ok());
    // A choice that can't be had leaves the one before.
    assert!(floor.reserve(3, &wish).is_err());
    let draft = floor.draft("support", "+46701234567", Wish::AsSoonAsPossible);
    assert!(floor.accept(3, draft).is_ok());
}

#[test]
fn whoever_chooses_again_and_again_holds_places_no_longer_than_who_chooses_once() {
    let mut floor = Floor::open(list_with("window", Capacity::Entries(1)));
    let wish = Wish::Window(window("window", 1, 2));
    floor.hours("support", hours(None, vec![window("window", 1, 2)]));
    floor.reserve(1, &wish).unwrap();
    // The same time again, another, and the first one once more.
    for again in [wish.clone(), Wish::AsSoonAsPossible, wish.clone()] {
        floor.pass(RESERVED_FOR / 4);
        floor.reserve(1, &again).unwrap();
    }
    assert_eq!(floor.reserve(2, &wish), Err(Refusal::ChoiceGone));
    floor.pass(RESERVED_FOR / 4);
    assert_eq!(floor.reserve(2, &wish), Ok(()));
    assert_eq!(floor.reserve(1, &wish), Err(Refusal::ChoiceGone));
}

#[test]
fn a_window_has_room_by_the_minutes_that_its_entries_are_reckoned_to_cost() {
    let handling = 10 * MINUTE;
    let capacity = Capacity::AgentMinutes(30);
    let mut floor = Floor::open(ListSettings {
        handling,
        ..list_with("window", capacity)
    });
    let wish = Wish::Window(window("window", 20, 22));
    floor.hours("support", hours(None, vec![window("window", 20, 22)]));
    let accept = |floor: &mut Floor, caller: u32, wish: &Wish| {
        let draft = floor.draft("support", &format!("+467012345{caller:02}"), wish.clone());
        floor.accept(caller, draft)
    };
    accept(&mut floor, 1, &wish).unwrap();
    accept(&mut floor, 2, &wish).unwrap();
    // A measured call takes longer than was thought, so the next one weighs more.
    let measured = accept(&mut floor, 3, &Wish::AsSoonAsPossible).unwrap();
    let placing = floor.call(ANNA, measured).unwrap();
    floor.event(placing, CallEvent::AgentAnswered);
    floor.event(placing, CallEvent::PersonAnswered);
    for _ in 0..22 {
        floor.pass(MINUTE / 2);
        floor.event(placing, CallEvent::Alive);
    }
    floor.event(placing, CallEvent::HungUp);
    floor.note(ANNA, measured, "A long talk.").unwrap();
    assert_eq!(accept(&mut floor, 4, &wish), Err(Refusal::ChoiceGone));
    // What was promised weighs what it did then.
    assert_eq!(floor.entry(CallbackId(1)).weighs_seconds, 600);
}

#[test]
fn an_entry_is_due_at_its_windows_start_and_overdue_at_its_end() {
    let expire_after = Some(HOUR);
    let list = ListSettings {
        expire_after,
        ..list_with("window", Capacity::Unlimited)
    };
    let mut floor = Floor::open(list);
    floor.hours("support", hours(None, vec![window("window", 1, 2)]));
    let draft = floor.draft(
        "support",
        "+46701234567",
        Wish::Window(window("window", 1, 2)),
    );
    let entry = floor.accept(1, draft).unwrap();
    let second = Duration::from_secs(1);
    for (span, told) in [
        (HOUR - second, Told::Nothing),
        (second, Told::Due),
        (HOUR - second, Told::Due),
        (second, Told::Overdue),
        (HOUR - second, Told::Overdue),
    ] {
        floor.pass(span);
        assert_eq!(floor.entry(entry).told, told);
        assert_eq!(floor.status(entry), Status::NotHandled);
    }
    floor.pass(second);
    assert_eq!(floor.status(entry), Status::Expired);
}

#[test]
fn an_entry_that_somebody_has_does_not_expire_in_his_hands() {
    let expire_after = Some(MINUTE);
    let mut floor = Floor::open(ListSettings {
        expire_after,
        ..list()
    });
    let entry = floor.wish(1, "+46701234567");
    floor.pass(MINUTE / 2);
    floor.lease(ANNA, entry).unwrap();
    floor.pass(MINUTE);
    assert_eq!(floor.status(entry), Status::Leased);
    floor.pass(MINUTE);
    assert_eq!(floor.status(entry), Status::Expired);
}

#[test]
fn a_clock_that_is_put_right_moves_what_is_due_and_no_lease() {
    let mut floor = Floor::open(list_with("window", Capacity::Unlimited));
    floor.hours("support", hours(None, vec![window("window", 1, 2)]));
    let draft = floor.draft(
        "support",
        "+46701234567",
        Wish::Window(window("window", 1, 2)),
    );
    let windowed = floor.accept(1, draft).unwrap();
    let soon = floor.wish(2, "+46701234568");
    floor.lease(ANNA, soon).unwrap();
    let now = floor.now;
    floor.give(Input::Clock(WallClock::new(now, (NINE + 3_600) * 1_000)));
    floor.pass(Duration::ZERO);
    assert_eq!(floor.entry(windowed).told, Told::Due);
    assert_eq!(floor.status(soon), Status::Leased);
    floor.pass(2 * MINUTE);
    assert_eq!(floor.status(soon), Status::NotHandled);
}
