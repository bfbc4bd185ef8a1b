//! Numbers that lead by opening hours and by caller.

use crate::phone::{Habit, Seen};
use crate::world::{NUMBER, World, journey, user};
use crate::{ANSWERS, seconds};
use acd::AgentState;
use base::{HoursId, OrgId, WallClock};
use calendar::{Hours, On, OwnDay, Recurrence, Rule};
use call::Input;
use call::settings::{CallerPattern, Destination, Message, Number, Route};
use media_core::PromptId;

/// Friday, 27 November 2026, 09:00 in Stockholm.
const FRIDAY_AT_NINE: i64 = 1_795_766_400;
const HOUR: i64 = 3_600;

fn office() -> HoursId {
    HoursId::new(&OrgId::new("demo").unwrap(), "office").unwrap()
}

fn message(prompt: &str) -> Destination {
    let prompt = PromptId::new(prompt);
    Destination::Message(Message { prompt, then: None })
}

/// A world at that time, in which a number leads to anna for one caller, to a message while the office is closed, and
/// to the queue else.
fn world(seed: u64, unix_seconds: i64) -> World {
    let mut world = World::new(seed, journey());
    let mut hours = Hours::new("Europe/Stockholm").unwrap();
    hours.add_rule(Rule {
        days: Recurrence::new(On::Weekly(calendar::days("mon-fri").unwrap())),
        hours: vec!["08:00-17:00".parse().unwrap()],
        written: "weekdays mon-fri".into(),
    });
    let eve = Recurrence::once(calendar::date("2026-12-24").unwrap());
    let christmas = OwnDay {
        message: Some("christmas".into()),
        ..OwnDay::default()
    };
    hours.add_days(eve, christmas);
    let by = |from, closed, to| Route {
        open: None,
        closed,
        from,
        to,
    };
    let vip = ["+46701111111", "+46702"];
    let vip = vec![
        CallerPattern::Number(vip[0].into()),
        CallerPattern::Prefix(vip[1].into()),
    ];
    world.set_organisation(|demo| {
        demo.ways.hours.insert(office(), hours);
        let number = Number {
            routes: vec![
                by(vip, None, Destination::User(user("anna"))),
                by(
                    vec![CallerPattern::Withheld],
                    None,
                    message("show-yourself"),
                ),
                by(Vec::new(), Some(office()), message("closed")),
            ],
            otherwise: Destination::Number(NUMBER.into()),
        };
        demo.numbers.insert("+46850001002".into(), number);
    });
    let clock = WallClock::new(world.now, unix_seconds * 1_000);
    world.tell_shard(Input::Clock(clock));
    world
}

#[test]
fn a_number_leads_elsewhere_while_the_office_is_closed() {
    for (unix_seconds, heard) in [
        (FRIDAY_AT_NINE, "welcome"),
        (FRIDAY_AT_NINE - 2 * HOUR, "closed"),
        (FRIDAY_AT_NINE + 24 * HOUR, "closed"),
        // Thursday, 24 December: a closed day says its own.
        (FRIDAY_AT_NINE + 27 * 24 * HOUR, "christmas"),
    ] {
        let mut world = world(401, unix_seconds);
        let caller = world.phone("+46701234567", Habit::Rings);
        world.call(caller, "+46850001002");
        world.run(seconds(3));
        for prompt in ["welcome", "closed", "christmas"] {
            assert_eq!(
                world.heard(prompt),
                prompt == heard,
                "{unix_seconds}: {prompt}"
            );
        }
        if heard != "welcome" {
            assert_eq!(
                world.phones[caller].seen,
                [Seen::Progress, Seen::Refused(480)]
            );
        }
        world.hang_up(caller);
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

#[test]
fn the_clock_goes_on_by_itself_and_is_believed_when_it_is_put_right() {
    let mut world = world(402, FRIDAY_AT_NINE + 8 * HOUR - 30);
    let caller = world.phone("+46701234567", Habit::Rings);
    world.run(seconds(31));
    world.call(caller, "+46850001002");
    world.run(seconds(5));
    assert!(world.heard("closed"), "it is past five");
    let right = WallClock::new(world.now, FRIDAY_AT_NINE * 1_000);
    world.tell_shard(Input::Clock(right));
    world.call(caller, "+46850001002");
    world.run(seconds(5));
    assert!(world.heard("welcome"), "it is nine");
    world.hang_up(caller);
    world.run(seconds(60));
    world.assert_at_rest();
}

// Changes: organisation.unknown_number
#[test]
fn a_number_that_is_not_there_is_told_before_it_is_refused_where_so_set() {
    let mut world = World::new(404, journey());
    world.set_organisation(|demo| demo.ways.unknown_number = Some(PromptId::new("not-in-service")));
    let anna = world.phone("anna", Habit::Rings);
    world.call(anna, "199");
    world.run(seconds(1));
    assert!(world.heard("not-in-service"));
    assert_eq!(world.phones[anna].seen, [Seen::Progress]);
    world.run(seconds(3));
    assert_eq!(
        world.phones[anna].seen,
        [Seen::Progress, Seen::Refused(404)]
    );
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_feature_code_with_a_queues_extension_is_about_that_queue_and_with_a_digit_gives_a_reason() {
    let mut world = World::new(405, journey());
    let anna = world.phone("anna", Habit::Rings);
    for (code, said, logged_in, reason) in [
        ("*121000", "logged-out", false, None),
        ("*111000", "logged-in", true, None),
        ("*137", "paused", true, Some("7")),
        ("*14", "resumed", true, None),
    ] {
        world.media.clear();
        world.call(anna, code);
        world.run(seconds(10));
        assert!(world.heard(said), "{code} says {said}");
        let state = world.agent("anna");
        assert_eq!(state != AgentState::LoggedOut, logged_in, "{code}");
        let paused = match &state {
            AgentState::Paused { reason } => reason.as_deref(),
            _ => None,
        };
        assert_eq!(paused, reason, "{code}");
    }
    // Neither two digits nor a number that nobody has mean anything there.
    for code in ["*11199", "*1377", "*141"] {
        world.call(anna, code);
        world.run(seconds(10));
        assert_eq!(
            world.phones[anna].seen.last(),
            Some(&Seen::Refused(404)),
            "{code}"
        );
    }
    world.run(seconds(60));
    world.assert_at_rest();
}

// Changes: numbers.routes.from
#[test]
fn some_callers_are_led_elsewhere_by_their_number_or_for_having_none() {
    for (caller, to_anna, message) in [
        ("+46701111111", true, false),
        ("+46702999999", true, false),
        // As trunks write them that send no plus, and national ones.
        ("46702999999", true, false),
        ("0701111111", true, false),
        ("+46701111112", false, false),
        ("anonymous", false, true),
    ] {
        let mut world = world(403, FRIDAY_AT_NINE);
        let anna = world.phone("anna", ANSWERS);
        // The queue's own callers go to nobody.
        world.tell_engine_logs_out("anna");
        let phone = world.phone(caller, Habit::Rings);
        world.call(phone, "+46850001002");
        world.run(seconds(4));
        assert_eq!(world.phones[anna].talks(), to_anna, "{caller}");
        assert_eq!(world.heard("show-yourself"), message, "{caller}");
        world.hang_up(phone);
        world.run(seconds(60));
        world.assert_at_rest();
    }
}
