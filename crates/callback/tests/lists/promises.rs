//! What callers are promised, and when.

use crate::floor::*;
use callback::*;
use std::time::Duration;

#[test]
fn a_caller_is_told_that_it_is_accepted_only_when_it_is_stored() {
    let mut floor = Floor::open(list());
    floor.disk = Disk::Silent;
    let draft = Box::new(floor.draft("support", "+46701234567", Wish::AsSoonAsPossible));
    let commands = floor.give(Input::Accept {
        call: call(1),
        draft,
    });
    let [Command::Store { token }] = commands[..] else {
        panic!("{commands:?}");
    };
    assert!(
        floor.lists().rows().is_empty(),
        "shown before it is promised"
    );
    floor.pass(Duration::from_secs(1));
    let commands = floor.give(Input::Stored { token });
    let entry = accepted(&commands, 1).unwrap().unwrap();
    assert_eq!(floor.status(entry), Status::NotHandled);
}

#[test]
fn what_storage_refuses_or_leaves_unanswered_is_no_entry_and_its_caller_is_told() {
    let mut floor = Floor::open(list());
    floor.disk = Disk::Silent;
    for (caller, number) in [(1, "+46701234561"), (2, "+46701234562")] {
        let draft = Box::new(floor.draft("support", number, Wish::AsSoonAsPossible));
        let commands = floor.give(Input::Accept {
            call: call(caller),
            draft,
        });
        let [Command::Store { token }] = commands[..] else {
            panic!("{commands:?}");
        };
        let (said, why) = match caller {
            1 => (floor.give(Input::NotStored { token }), Broken::NotStored),
            _ => (floor.pass(PROMISE_WITHIN), Broken::TooSlow),
        };
        let told = accepted(&said, caller).unwrap();
        assert_eq!(told, Err(Refusal::Broken(why)));
        // What comes after all changes nothing.
        assert_eq!(floor.give(Input::Stored { token }), []);
        assert!(floor.lists().rows().is_empty());
    }
}

#[test]
fn one_word_of_storage_is_for_all_that_came_before_it() {
    let mut floor = Floor::open(list());
    floor.disk = Disk::Silent;
    let mut tokens = Vec::new();
    for caller in 1..=3 {
        let number = format!("+4670123456{caller}");
        let draft = Box::new(floor.draft("support", &number, Wish::AsSoonAsPossible));
        let commands = floor.give(Input::Accept {
            call: call(caller),
            draft,
        });
        tokens.extend(commands.iter().map(|command| match command {
            Command::Store { token } => *token,
            other => panic!("{other:?}"),
        }));
    }
    let said = floor.give(Input::Stored { token: tokens[1] });
    assert!(accepted(&said, 1).unwrap().is_ok());
    assert!(accepted(&said, 2).unwrap().is_ok());
    assert_eq!(accepted(&said, 3), None);
    let said = floor.give(Input::NotStored { token: tokens[0] });
    assert!(accepted(&said, 3).unwrap().is_err());
    assert_eq!(floor.lists().rows().len(), 2);
}

#[test]
fn while_nothing_can_be_stored_nothing_is_offered_or_promised_and_agents_go_on() {
    let mut floor = Floor::open(list());
    let entry = floor.wish(1, "+46701234561");
    floor.give(Input::Storage(Health::Down));
    let seen = Some(Seen::default());
    let commands = floor.give(Input::AskOffer {
        call: call(2),
        queue: queue("support"),
        seen,
    });
    let result = Err(Refusal::Storage);
    assert_eq!(
        commands,
        [Command::Offer {
            call: call(2),
            result
        }]
    );
    let draft = floor.draft("support", "+46701234562", Wish::AsSoonAsPossible);
    assert_eq!(floor.accept(2, draft.clone()), Err(Refusal::Storage));
    assert!(floor.lease(ANNA, entry).is_ok());
    // Whom nobody could say afterwards that he was rung, is not rung.
    assert_eq!(floor.call(ANNA, entry), Err(Refusal::Storage));
    floor.give(Input::Storage(Health::Fine));
    assert!(floor.accept(2, draft).is_ok());
    assert!(floor.call(ANNA, entry).is_ok());
}

#[test]
fn a_caller_who_hangs_up_after_he_has_accepted_is_called() {
    let mut floor = Floor::open(list());
    floor.disk = Disk::Silent;
    let draft = floor.draft("support", "+46701234567", Wish::AsSoonAsPossible);
    let accept = Input::Accept {
        call: call(1),
        draft: Box::new(draft.clone()),
    };
    let commands = floor.give(accept.clone());
    let [Command::Store { token }] = commands[..] else {
        panic!("{commands:?}");
    };
    // He can't accept twice meanwhile.
    let again = floor.give(accept);
    assert_eq!(accepted(&again, 1), Some(Err(Refusal::BeingStored)));
    floor.give(Input::Gone {
        call: call(1),
        started: Some(Box::new(draft)),
    });
    floor.give(Input::Stored { token });
    let rows = floor.lists().rows();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].status, Status::NotHandled);
}

#[test]
fn who_hangs_up_in_the_middle_leaves_nothing_unless_the_administrator_wants_it() {
    let mut floor = Floor::open(list());
    let draft = floor.draft("support", "+46701234567", Wish::AsSoonAsPossible);
    let gone = Input::Gone {
        call: call(1),
        started: Some(Box::new(draft)),
    };
    floor.give(gone.clone());
    assert!(floor.lists().rows().is_empty());
    let started = KeepStarted::WithNumber;
    floor.configure(vec![("support", ListSettings { started, ..list() })]);
    floor.give(gone.clone());
    floor.give(gone);
    let rows = floor.lists().rows();
    assert_eq!(rows.len(), 1, "twice is once: {rows:?}");
    assert_eq!(rows[0].status, Status::Started);
    floor.pass(Duration::ZERO);
    floor.try_once(ANNA, rows[0].id, CallEvent::HungUp);
    floor
        .note(ANNA, rows[0].id, "He had changed his mind.")
        .unwrap();
    assert_eq!(floor.status(rows[0].id), Status::Done);
}

#[test]
fn a_list_that_is_off_takes_nobody_and_is_worked_off() {
    let mut floor = Floor::open(list());
    let entry = floor.wish(1, "+46701234567");
    let off = ListSettings {
        offers: Offers::Never,
        ..list()
    };
    floor.configure(vec![("support", off)]);
    let draft = floor.draft("support", "+46701234568", Wish::AsSoonAsPossible);
    let refused = Err(Refusal::NotOffered(queue("support")));
    assert_eq!(floor.accept(2, draft), refused);
    floor.try_once(ANNA, entry, CallEvent::HungUp);
    assert!(floor.note(ANNA, entry, "Helped.").is_ok());
    let draft = floor.draft("nowhere", "+46701234568", Wish::AsSoonAsPossible);
    assert_eq!(
        floor.accept(2, draft),
        Err(Refusal::NoList(queue("nowhere")))
    );
}

#[test]
fn it_is_offered_when_all_conditions_hold() {
    let conditions = Conditions {
        average_wait_over: Some(5 * MINUTE),
        waiting_at_least: Some(2),
        ..Conditions::default()
    };
    let offers = Offers::When(conditions);
    let mut floor = Floor::open(ListSettings { offers, ..list() });
    let mut ask = |average: Duration, waiting| {
        let seen = Seen {
            average_wait: Some(average),
            waiting,
            ..Seen::default()
        };
        floor.give(Input::AskOffer {
            call: call(1),
            queue: queue("support"),
            seen: Some(seen),
        })
    };
    let offer = |result| {
        [Command::Offer {
            call: call(1),
            result,
        }]
    };
    assert_eq!(ask(6 * MINUTE, 2), offer(Ok(())));
    let refused = Err(Refusal::Conditions(queue("support")));
    assert_eq!(ask(5 * MINUTE, 2), offer(refused.clone()));
    assert_eq!(ask(6 * MINUTE, 1), offer(refused));
}

#[test]
fn an_organisation_has_no_more_open_entries_than_it_may_have() {
    let mut lists = Lists::new();
    let mut out = Output::default();
    let settings = Settings {
        lists: [(queue("support"), list())].into(),
    };
    base::Core::handle(
        &mut lists,
        base::Time::ZERO,
        Input::Configure(settings.into()),
        &mut out,
    );
    let floor = Floor::open(list());
    let mut refused = 0;
    for caller in 0..=OPEN_MAX as u32 {
        let draft = floor.draft(
            "support",
            &format!("+4670{caller:07}"),
            Wish::AsSoonAsPossible,
        );
        let mut out = Output::default();
        let accept = Input::Accept {
            call: call(caller),
            draft: Box::new(draft),
        };
        base::Core::handle(&mut lists, base::Time::ZERO, accept, &mut out);
        match out.commands[..] {
            [Command::Store { token }] => {
                let stored = Input::Stored { token };
                base::Core::handle(&mut lists, base::Time::ZERO, stored, &mut out);
            }
            _ => refused += 1,
        }
    }
    assert_eq!(refused, 1);
    assert_eq!(lists.rows().len(), OPEN_MAX);
    lists.check_invariants().unwrap();
}
