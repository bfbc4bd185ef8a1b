//! Codes of the callback lists, and a phone that rings for a callback and is not another's to pick up.

use crate::ANSWERS;
use crate::calling_back::{Floor, floor};
use crate::phone::{Habit, Seen};
use crate::world::user;
use callback::Status;

const NEXT: &str = "*43";

/// Which of the words of lists were said since that code was dialled.
fn dial(floor: &mut Floor, code: &str) -> Vec<&'static str> {
    floor.world.media.clear();
    floor.world.call(floor.anna, code);
    floor.run(10);
    let words = [
        "list-logged-in",
        "list-logged-out",
        "list-next",
        "list-nothing-due",
        "list-note-owed",
        "refused",
    ];
    let said = words.into_iter().filter(|word| floor.world.heard(word));
    said.collect()
}

fn staffs(floor: &Floor) -> bool {
    let lists = &floor.world.book.lists;
    lists.staffed_by(&user("anna")).is_some()
}

#[test]
fn an_agent_logs_out_of_lists_and_in_again_by_code_with_a_queue_s_extension_behind_it_too() {
    let mut floor = floor(721, Habit::Rings, ANSWERS);
    for (code, said, staffed) in [
        ("*42", "list-logged-out", false),
        ("*41", "list-logged-in", true),
        ("*421000", "list-logged-out", false),
        ("*411000", "list-logged-in", true),
    ] {
        assert_eq!(dial(&mut floor, code), [said], "{code}");
        assert_eq!(staffs(&floor), staffed, "{code}");
    }
    // An agent logs nobody else in.
    assert_eq!(dial(&mut floor, "*41102"), ["refused"]);
    floor.rests();
}

#[test]
fn who_takes_the_next_by_code_is_rung_for_it_once_he_has_hung_up() {
    let mut floor = floor(722, ANSWERS, Habit::Rings);
    floor.world.media.clear();
    floor.world.call(floor.anna, NEXT);
    floor.run(1);
    assert!(floor.world.heard("list-next"));
    assert_eq!(floor.status(), Status::Leased);
    let invited = |floor: &Floor| {
        let seen = floor.world.phones[floor.anna].seen.iter();
        seen.filter(|it| **it == Seen::Invited).count()
    };
    assert_eq!(invited(&floor), 0, "she talks to us");
    floor.world.hang_up(floor.anna);
    floor.run(3);
    assert_eq!(invited(&floor), 1);
    assert_eq!(floor.status(), Status::InCall);
    assert!(floor.world.heard("calling-back-to"));
    assert!(floor.world.phones[floor.anna].talks());
    floor.world.hang_up(floor.anna);
    floor.run(3);
    // It is nobody's again, and she takes it once more; who lets us hang up is rung too.
    assert_eq!(dial(&mut floor, NEXT), ["list-next"]);
    floor.run(30);
    assert_eq!(invited(&floor), 2);
    floor.rests();
}

#[test]
fn who_has_nothing_to_call_or_owes_a_description_hears_so() {
    let mut floor = floor(723, ANSWERS, Habit::Answers(crate::seconds(1)));
    floor.calls("anna");
    floor.run(60);
    floor.world.hang_up(floor.person);
    floor.run(1);
    assert_eq!(floor.status(), Status::AwaitingNote);
    assert_eq!(dial(&mut floor, NEXT), ["list-note-owed"]);
    floor.waive();
    assert_eq!(dial(&mut floor, NEXT), ["list-nothing-due"]);
    assert_eq!(dial(&mut floor, "*42"), ["list-logged-out"]);
    assert_eq!(dial(&mut floor, NEXT), ["refused"], "she staffs no list");
    floor.rests();
}

#[test]
fn a_phone_that_rings_for_a_callback_is_not_picked_up_and_who_tries_hears_so() {
    let mut floor = floor(724, Habit::Rings, ANSWERS);
    let bosse = floor.world.phone("bosse", Habit::Rings);
    floor.calls("anna");
    floor.run(2);
    floor.world.call(bosse, "*8101");
    floor.run(3);
    assert!(floor.world.heard("refused"));
    assert_eq!(floor.status(), Status::InCall, "it rings on at hers");
    let seen = &floor.world.phones[floor.anna].seen;
    assert!(!seen.contains(&Seen::Cancelled), "{seen:?}");
    floor.run(60);
    assert_eq!(floor.status(), Status::NotHandled);
    floor.rests();
}
