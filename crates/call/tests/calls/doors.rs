//! Queues that let nobody in: outside of their hours, and by the day.

use crate::phone::{Habit, Seen};
use crate::seconds;
use crate::world::{NUMBER, World, journey, queue, user};
use base::{HoursId, OrgId, WallClock};
use calendar::{Hours, On, OwnDay, Recurrence, Rule};
use call::Input;
use call::settings::{Destination, Door, Instead};
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
        then: None,
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
    let clock = WallClock::new(world.now, unix_seconds);
    world.tell_shard(Input::Clock(clock));
    world
}

fn door(closed: Instead, holiday: Instead) -> Door {
    Door {
        hours: Some(office()),
        closed,
        holiday,
        ..Door::default()
    }
}

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

#[test]
fn a_closed_queue_sends_its_callers_elsewhere_after_its_message_or_without_one() {
    for message in [Some(PromptId::new("closed")), None] {
        let then = Some(Destination::User(user("anna")));
        let said = message.is_some();
        let closed = Instead { message, then };
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
        message: None,
        then: Some(Destination::Queue(queue())),
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
