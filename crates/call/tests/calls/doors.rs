//! Queues that let nobody in: outside of their hours, and by the day.

use crate::phone::{Habit, Seen};
use crate::seconds;
use crate::world::{NUMBER, World, journey, queue, user};
use base::{HoursId, OrgId, WallClock};
use calendar::{
    Effect, Hours, On, OwnDay, QuickClose, QuickCloses, Recurrence, Rule, Waiting, Way,
};
use call::Input;
use call::settings::{Destination, Door, Instead, Language, NextOpening};
use media_core::PromptId;

/// Friday, 27 November 2026, 09:00 in Stockholm.
const FRIDAY_AT_NINE: i64 = 1_795_766_400;
const HOUR: i64 = 3_600;
const CHRISTMAS_EVE: i64 = FRIDAY_AT_NINE + 27 * 24 * HOUR;

fn office() -> HoursId {
    HoursId::new(&OrgId::new("demo").unwrap(), "office").unwrap()
}

fn says(prompt: &str) -> Instead {
    Instead {
        message: Some(PromptId::new(prompt)),
        ..Instead::default()
    }
}

/// A world at that time, whose queue keeps office hours.
fn world(seed: u64, unix_seconds: i64, door: Door) -> World {
    let mut world = World::new(seed, journey());
    let mut hours = Hours::new("Europe/Stockholm").unwrap();
    hours.add_rule(Rule {
        days: Recurrence::new(On::Weekly(calendar::days("mon-fri").unwrap())),
        hours: vec!["08:00-17:00".parse().unwrap()],
        written: "weekdays mon-fri".into(),
    });
    let eve = Recurrence::once(calendar::date("2026-12-24").unwrap());
    hours.add_days(eve, OwnDay::default());
    world.set_organisation(|demo| {
        demo.ways.hours.insert(office(), hours);
        demo.ways.doors.insert(queue(), door);
    });
    let clock = WallClock::new(world.now, unix_seconds * 1_000);
    world.tell_shard(Input::Clock(clock));
    world
}

fn door(closed: Instead, holiday: Instead) -> Door {
    Door {
        hours: Some(office()),
        closed,
        holiday,
        quick_closed: says("quick"),
        ..Door::default()
    }
}

// Changes: queues.closed, queues.holiday, queues.closed.message
#[test]
fn a_closed_queue_says_why_as_early_media_and_is_busy_then() {
    for (unix_seconds, heard) in [
        (FRIDAY_AT_NINE, "welcome"),
        (FRIDAY_AT_NINE - 2 * HOUR, "closed"),
        (FRIDAY_AT_NINE + 24 * HOUR, "closed"),
        (CHRISTMAS_EVE, "holiday"),
    ] {
        let mut world = world(411, unix_seconds, door(says("closed"), says("holiday")));
        let caller = world.phone("+46701234567", Habit::Rings);
        world.call(caller, NUMBER);
        world.run(seconds(3));
        for prompt in ["welcome", "closed", "holiday"] {
            assert_eq!(
                world.heard(prompt),
                prompt == heard,
                "{unix_seconds}: {prompt}"
            );
        }
        if heard != "welcome" {
            let seen = [Seen::Progress, Seen::Refused(486)];
            assert_eq!(world.phones[caller].seen, seen);
        }
        world.hang_up(caller);
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

// Changes: queues.closed.then
#[test]
fn a_closed_queue_sends_its_callers_elsewhere_after_its_message_or_without_one() {
    for message in [Some(PromptId::new("closed")), None] {
        let then = Some(Destination::User(user("anna")));
        let said = message.is_some();
        let closed = Instead {
            message,
            then,
            ..Instead::default()
        };
        let mut world = world(
            412,
            FRIDAY_AT_NINE + 24 * HOUR,
            door(closed, says("holiday")),
        );
        let anna = world.phone("anna", crate::ANSWERS);
        let caller = world.phone("+46701234567", Habit::Rings);
        world.call(caller, NUMBER);
        world.run(seconds(8));
        assert_eq!(world.heard("closed"), said);
        assert!(!world.heard("welcome"));
        assert!(world.phones[anna].talks());
        world.hang_up(caller);
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

#[test]
fn a_queue_with_nothing_to_say_is_busy_at_once_and_so_are_closed_queues_that_lead_to_each_other() {
    let itself = Instead {
        then: Some(Destination::Queue(queue())),
        ..Instead::default()
    };
    for closed in [Instead::default(), itself] {
        let mut world = world(
            413,
            FRIDAY_AT_NINE + 24 * HOUR,
            door(closed, says("holiday")),
        );
        let caller = world.phone("+46701234567", Habit::Rings);
        world.call(caller, NUMBER);
        world.run(seconds(1));
        assert_eq!(world.phones[caller].seen, [Seen::Refused(486)]);
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

// Changes: queues.closed.next_opening
#[test]
fn a_caller_is_told_when_a_closed_queue_opens_again_where_so_set() {
    for (unix_seconds, said) in [
        // Friday evening: on Monday. Early in the morning: today.
        (FRIDAY_AT_NINE + 9 * HOUR, "sv/on-monday"),
        (FRIDAY_AT_NINE - 2 * HOUR, "sv/today"),
        (FRIDAY_AT_NINE - 13 * HOUR, "sv/tomorrow"),
    ] {
        let closed = Instead {
            opening: NextOpening::Said(Language::Sv),
            ..says("closed")
        };
        let mut world = world(414, unix_seconds, door(closed, says("holiday")));
        let caller = world.phone("+46701234567", Habit::Rings);
        world.call(caller, NUMBER);
        world.run(seconds(30));
        for prompt in ["closed", "sv/we-open-again", said, "sv/number-8"] {
            assert!(world.heard(prompt), "{prompt}");
        }
        assert_eq!(
            world.phones[caller].seen,
            [Seen::Progress, Seen::Refused(486)]
        );
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

/// The queue closed or opened for an hour from then.
fn by_hand(from: i64, effect: Effect, waiting: Waiting, message: Option<&str>) -> Input {
    let quick = QuickClose {
        id: 0,
        queues: vec![queue()],
        from,
        until: from + HOUR,
        effect,
        message: message.map(Into::into),
        waiting,
        by: "test".into(),
        way: Way::Command,
    };
    let (all, _) = QuickCloses::default().with(quick, from - HOUR).unwrap();
    Input::QuickCloses(all.into())
}

#[test]
fn a_queue_closed_by_hand_lets_nobody_in_and_one_opened_by_hand_does() {
    for (message, heard) in [(None, "quick"), (Some("meeting"), "meeting")] {
        let mut world = world(415, FRIDAY_AT_NINE, door(says("closed"), says("holiday")));
        world.tell_shard(by_hand(
            FRIDAY_AT_NINE,
            Effect::Close,
            Waiting::Stay,
            message,
        ));
        let caller = world.phone("+46701234567", Habit::Rings);
        world.call(caller, NUMBER);
        world.run(seconds(4));
        assert!(world.heard(heard), "{heard}");
        assert_eq!(
            world.phones[caller].seen,
            [Seen::Progress, Seen::Refused(486)]
        );
        world.run(seconds(60));
        world.assert_at_rest();
    }
    let evening = FRIDAY_AT_NINE + 10 * HOUR;
    let mut world = world(416, evening, door(says("closed"), says("holiday")));
    world.tell_shard(by_hand(evening, Effect::Open, Waiting::Stay, None));
    let caller = world.phone("+46701234567", Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(4));
    assert!(world.heard("welcome"));
    world.hang_up(caller);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn those_who_wait_stay_or_move_when_their_queue_is_closed_by_hand() {
    for waiting in [Waiting::Stay, Waiting::Move] {
        let mut door = door(says("closed"), says("holiday"));
        door.quick_closed.then = Some(Destination::User(user("anna")));
        let mut world = world(417, FRIDAY_AT_NINE, door);
        world.tell_engine_logs_out("anna");
        let anna = world.phone("anna", crate::ANSWERS);
        let caller = world.phone("+46701234567", Habit::Rings);
        world.call(caller, NUMBER);
        world.run(seconds(10));
        assert!(world.heard("welcome"));
        world.tell_shard(by_hand(FRIDAY_AT_NINE, Effect::Close, waiting, None));
        world.run(seconds(10));
        let moved = waiting == Waiting::Move;
        assert_eq!(world.heard("quick"), moved);
        assert_eq!(world.phones[anna].talks(), moved);
        world.hang_up(caller);
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

#[test]
fn who_is_told_something_when_the_queue_is_closed_hears_it_to_its_end_unless_it_is_opened_or_answered()
 {
    for (opens, answers) in [(false, false), (true, false), (false, true)] {
        let mut world = world(418, FRIDAY_AT_NINE, door(says("closed"), says("holiday")));
        world.prompt = seconds(6);
        let anna = match answers {
            true => world.phone("anna", Habit::Answers(seconds(4))),
            false => world.phone("anna", Habit::Rings),
        };
        let caller = world.phone("+46701234567", Habit::Rings);
        world.call(caller, NUMBER);
        world.run(seconds(3));
        world.tell_shard(by_hand(FRIDAY_AT_NINE, Effect::Close, Waiting::Move, None));
        world.run(seconds(2));
        assert!(world.heard("welcome") && !world.heard("quick"));
        assert_eq!(world.phones[anna].talks(), answers, "an answer is not held");
        if opens {
            world.tell_shard(Input::QuickCloses(QuickCloses::default().into()));
        }
        world.run(seconds(3));
        assert_eq!(world.heard("first"), opens);
        assert_eq!(world.heard("quick"), !opens && !answers);
        world.hang_up(caller);
        world.run(seconds(60));
        world.assert_at_rest();
    }
}
