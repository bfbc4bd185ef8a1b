//! What is forgotten, and what is known of a number until then.

use crate::floor::*;
use callback::*;
use control::{Principal, Role};

const NUMBER: &str = "+46701234567";

fn administrator() -> Principal {
    Principal::User {
        user: agent("admin"),
        role: Role::Administrator,
    }
}

fn with_input(floor: &Floor, digits: &str) -> Draft {
    let input = CustomerInput::Person("850709-9805".parse().unwrap());
    Draft {
        input: Some(input),
        ..floor.draft("support", digits, Wish::AsSoonAsPossible)
    }
}

#[test]
fn a_closed_entry_is_forgotten_after_its_time_and_an_open_one_never() {
    let retention = 30 * DAY;
    let mut floor = Floor::open(ListSettings {
        retention,
        ..list()
    });
    let (open, closed) = (floor.wish(1, "+46701234561"), floor.wish(2, "+46701234562"));
    floor.try_once(ANNA, closed, CallEvent::HungUp);
    floor.note(ANNA, closed, "Helped.").unwrap();
    floor.pass(29 * DAY);
    assert_eq!(floor.status(closed), Status::Done);
    // What is set later is for what is there already.
    let retention = 29 * DAY;
    floor.configure(vec![(
        "support",
        ListSettings {
            retention,
            ..list()
        },
    )]);
    floor.pass(DAY);
    assert_eq!(floor.lists().entry(closed), None);
    floor.pass(300 * DAY);
    assert_eq!(floor.status(open), Status::NotHandled);
    // Its number is not given to another.
    assert!(floor.wish(3, "+46701234563") > closed);
}

#[test]
fn all_that_is_kept_of_a_number_is_exported_and_erased_by_an_administrator() {
    let mut floor = Floor::with(vec![("support", list()), ("sales", list())]);
    let draft = with_input(&floor, NUMBER);
    let first = floor.accept(1, draft).unwrap();
    floor.pass(MINUTE);
    floor
        .act(supervisor(), first, EntryAction::Cancel { text: None })
        .unwrap();
    let second = floor.wish(2, NUMBER);
    let draft = floor.draft("sales", NUMBER, Wish::AsSoonAsPossible);
    let third = floor.accept(3, draft).unwrap();
    let other = floor.wish(4, "+46701234568");
    let exported = floor.lists().export(&org(), &number(NUMBER));
    let exported: Vec<_> = exported.iter().map(|entry| entry.id).collect();
    assert_eq!(exported, [first, second, third]);

    // Whom somebody is calling just now is left, and said to be.
    floor.lease(ANNA, second).unwrap();
    let erase = |number: &str| CallbackCommand::Erase {
        org: org(),
        number: number.to_owned(),
    };
    let done = floor.command(administrator(), erase(NUMBER));
    assert_eq!(done, Ok(Done::Erased { erased: 2, left: 1 }));
    floor
        .act(
            agent_himself(ANNA),
            second,
            EntryAction::Cancel { text: None },
        )
        .unwrap();
    let done = floor.command(administrator(), erase(NUMBER));
    assert_eq!(done, Ok(Done::Erased { erased: 1, left: 0 }));
    assert!(floor.lists().export(&org(), &number(NUMBER)).is_empty());
    assert!(floor.lists().entry(other).is_some());
    let bad = floor.command(administrator(), erase("0701234567"));
    assert_eq!(bad, Err(Refusal::Number(InvalidNumber)));
}

#[test]
fn a_fact_in_the_archive_loses_what_is_personal_and_still_says_what_came_about() {
    let mut floor = Floor::open(list());
    let draft = with_input(&floor, NUMBER);
    let entry = floor.accept(1, draft).unwrap();
    floor.try_once(ANNA, entry, CallEvent::PersonBusy);
    floor.note(ANNA, entry, "A secret.").unwrap();
    floor
        .act(
            supervisor(),
            entry,
            EntryAction::Cancel {
                text: Some("Secret.".into()),
            },
        )
        .unwrap();
    let stored = |facts: &[Stamped]| {
        let bytes = postcard::to_stdvec(facts).unwrap();
        String::from_utf8_lossy(&bytes).to_lowercase()
    };
    let before = stored(&floor.facts);
    assert!(before.contains("secret") && before.contains("46701234567"));
    let mut facts = floor.facts.clone();
    facts.iter_mut().for_each(|fact| fact.fact.scrub());
    let after = stored(&facts);
    assert!(!after.contains("secret") && !after.contains("46701234567"));
    let kinds = |facts: &[Stamped]| {
        let kinds = facts.iter().map(|it| std::mem::discriminant(&it.fact));
        kinds.collect::<Vec<_>>()
    };
    assert_eq!(kinds(&facts), kinds(&floor.facts));
}

#[test]
fn what_a_caller_keyed_is_shown_whole_to_whoever_asks_and_that_is_a_fact_with_his_name() {
    let mut floor = Floor::open(list());
    let draft = with_input(&floor, NUMBER);
    let entry = floor.accept(1, draft).unwrap();
    let row = floor.row(entry);
    assert_eq!(row.input.as_deref(), Some("850709-****"));
    let shown = floor.act(agent_himself(ANNA), entry, EntryAction::Reveal);
    assert_eq!(shown, Ok(Done::Revealed("850709-9805".to_owned())));
    let mut facts = floor.facts.iter();
    let revealed = facts.find(|it| it.fact == Fact::Revealed { entry });
    assert_eq!(revealed.unwrap().by, Origin::Person(agent_himself(ANNA)));
    let logged = format!("{:?} {:?}", floor.lists(), floor.facts);
    assert!(!logged.contains("9805") && !logged.contains("701234"));
    let other = floor.wish(2, "+46701234568");
    let nothing = Err(Refusal::NothingKeyed(other));
    assert_eq!(floor.act(supervisor(), other, EntryAction::Reveal), nothing);
}

#[test]
fn an_organisation_keeps_no_more_closed_entries_than_it_may() {
    let mut lists = Lists::new();
    let mut out = Output::default();
    let settings = Settings {
        lists: [(queue("support"), list())].into(),
    };
    let zero = base::Time::ZERO;
    base::Core::handle(
        &mut lists,
        zero,
        Input::Configure(settings.into()),
        &mut out,
    );
    let mut floor = Floor::open(list());
    let entry = floor.wish(1, NUMBER);
    floor
        .act(supervisor(), entry, EntryAction::Cancel { text: None })
        .unwrap();
    let closed = floor.entry(entry).clone();
    for id in 1..=CLOSED_MAX as u64 + 5 {
        let mut entry = closed.clone();
        entry.id = base::CallbackId(id);
        let mut out = Output::default();
        base::Core::handle(&mut lists, zero, Input::Recall(Box::new(entry)), &mut out);
    }
    let rows = lists.rows();
    assert_eq!(rows.len(), CLOSED_MAX);
    assert_eq!(rows[0].id, base::CallbackId(6), "the oldest go first");
    lists.check_invariants().unwrap();
}

#[test]
fn a_caller_whose_entry_is_erased_while_he_moves_it_is_told_that_he_was_too_late() {
    let mut floor = Floor::open(list());
    floor.wish(1, NUMBER);
    floor.disk = Disk::Silent;
    floor.give(Input::MoveOwn {
        call: call(1),
        queue: queue("support"),
        number: number(NUMBER),
        wish: Wish::AsSoonAsPossible,
        input: None,
    });
    let erase = CallbackCommand::Erase {
        org: org(),
        number: NUMBER.to_owned(),
    };
    let command = control::permit(administrator(), erase).unwrap();
    let said = floor.give(Input::Command { ticket: 1, command });
    let overtaken = Err(Refusal::Broken(Broken::Overtaken));
    assert_eq!(accepted(&said, 1), Some(overtaken));
}

#[test]
fn while_nothing_can_be_stored_nobody_is_told_that_anything_is_erased_cancelled_or_noted() {
    let mut floor = Floor::open(list());
    let draft = with_input(&floor, NUMBER);
    let entry = floor.accept(1, draft).unwrap();
    let owed = floor.wish(2, "+46701234568");
    floor.try_once(ANNA, owed, CallEvent::HungUp);
    floor.give(Input::Storage(Health::Down));
    let erase = CallbackCommand::Erase {
        org: org(),
        number: NUMBER.to_owned(),
    };
    let refused = Err(Refusal::Storage);
    assert_eq!(floor.command(administrator(), erase.clone()), refused);
    for action in [
        EntryAction::Cancel { text: None },
        EntryAction::Requeue { text: None },
        EntryAction::Move(None),
        EntryAction::Reveal,
    ] {
        assert_eq!(floor.act(supervisor(), entry, action), refused);
    }
    assert_eq!(floor.note(ANNA, owed, "Helped."), refused);
    assert_eq!(floor.act(supervisor(), owed, EntryAction::Waive), refused);
    let cancel = Input::CancelOwn {
        call: call(3),
        queue: queue("support"),
        number: number(NUMBER),
    };
    let said = floor.give(cancel.clone());
    assert_eq!(cancelled(&said, 3), Some(Err(Refusal::Storage)));
    assert_eq!(floor.status(entry), Status::NotHandled);

    floor.give(Input::Storage(Health::Fine));
    assert!(floor.note(ANNA, owed, "Helped.").is_ok());
    assert_eq!(cancelled(&floor.give(cancel), 3), Some(Ok(())));
    let done = floor.command(administrator(), erase);
    assert_eq!(done, Ok(Done::Erased { erased: 1, left: 0 }));
}
