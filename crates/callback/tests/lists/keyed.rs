//! How many numbers may be keyed, by whom, and how often the same.

use crate::floor::*;
use callback::*;

const ASKER: &str = "+46840000000";
const OTHER: &str = "+46840000001";

/// A call that shows this number, if any, and whose caller keys that one.
fn keys(floor: &Floor, shown: Option<&str>, keyed: &str, list: &str) -> Draft {
    Draft {
        given: Given::Keyed,
        asked_by: shown.map(number),
        ..floor.draft(list, keyed, Wish::AsSoonAsPossible)
    }
}

fn victim(which: u32) -> String {
    format!("+4670{which:07}")
}

#[test]
fn one_caller_has_only_so_many_open_entries_with_numbers_that_he_keyed() {
    let started = KeepStarted::WithNumber;
    let mut floor = Floor::open(ListSettings { started, ..list() });
    let most = KEYED_OPEN_MAX as u32;
    let mut entries = Vec::new();
    for caller in 0..most {
        let draft = keys(&floor, Some(ASKER), &victim(caller), "support");
        entries.push(floor.accept(caller, draft).unwrap());
    }
    let draft = keys(&floor, Some(ASKER), &victim(most), "support");
    let refused = Err(Refusal::TooManyKeyed(KEYED_OPEN_MAX));
    assert_eq!(floor.accept(most, draft.clone()), refused);
    // Nor by hanging up in the middle.
    floor.give(Input::Gone {
        call: call(most),
        started: Some(Box::new(draft.clone())),
    });
    assert_eq!(floor.lists().rows().len(), KEYED_OPEN_MAX);
    // His own number, as it is shown, and what others key are another matter.
    let own = floor.draft("support", ASKER, Wish::AsSoonAsPossible);
    assert!(floor.accept(most, own).is_ok());
    let others = keys(&floor, Some(OTHER), &victim(most + 1), "support");
    assert!(floor.accept(most, others).is_ok());
    // What is done with counts no more.
    let cancel = EntryAction::Cancel { text: None };
    floor.act(supervisor(), entries[0], cancel).unwrap();
    assert!(floor.accept(most, draft).is_ok());
}

#[test]
fn callers_who_show_no_number_share_a_bound() {
    let mut floor = Floor::open(list());
    let most = KEYED_OPEN_UNKNOWN_MAX as u32;
    for caller in 0..most {
        let draft = keys(&floor, None, &victim(caller), "support");
        floor.accept(caller, draft).unwrap();
    }
    let draft = keys(&floor, None, &victim(most), "support");
    let refused = Err(Refusal::TooManyKeyed(KEYED_OPEN_UNKNOWN_MAX));
    assert_eq!(floor.accept(most, draft), refused);
    let shows = keys(&floor, Some(ASKER), &victim(most), "support");
    assert!(floor.accept(most, shows).is_ok());
}

#[test]
fn a_number_is_keyed_only_so_often_a_day_whoever_keys_it_and_its_owner_is_not_shut_out() {
    let mut floor = Floor::open(list());
    for caller in 0..KEYED_OF_NUMBER_MAX as u32 {
        let shown = format!("+4684000000{caller}");
        let draft = keys(&floor, Some(&shown), &victim(0), "support");
        let entry = floor.accept(caller, draft).unwrap();
        let cancel = EntryAction::Cancel { text: None };
        floor.act(supervisor(), entry, cancel).unwrap();
    }
    let again = keys(&floor, Some("+46840000009"), &victim(0), "support");
    let refused = Err(Refusal::KeyedTooOften(KEYED_OF_NUMBER_MAX));
    assert_eq!(floor.accept(9, again.clone()), refused);
    let own = floor.draft("support", &victim(0), Wish::AsSoonAsPossible);
    let own = floor.accept(10, own).unwrap();
    let cancel = EntryAction::Cancel { text: None };
    floor.act(supervisor(), own, cancel).unwrap();
    floor.pass(KEYED_WITHIN);
    assert!(floor.accept(9, again).is_ok());
}

#[test]
fn who_asked_is_erased_with_the_entry_and_seen_in_no_log_and_older_entries_say_nothing_of_it() {
    let mut floor = Floor::open(list());
    let draft = keys(&floor, Some(ASKER), &victim(0), "support");
    let id = floor.accept(1, draft).unwrap();
    let mut entry = floor.entry(id).clone();
    assert!(!format!("{entry:?}").contains("840000"));
    let mut stored = serde_json::to_value(&entry).unwrap();
    assert_eq!(stored["asked"]["asked_by"], ASKER);
    stored["asked"].as_object_mut().unwrap().remove("asked_by");
    let older: Entry = serde_json::from_value(stored).unwrap();
    assert_eq!(older.asked.asked_by, None);
    entry.scrub();
    assert_eq!(entry.asked.asked_by, None);
}
