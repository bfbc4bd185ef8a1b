//! What callers hear, and when phones ring, where settings choose it: as it usually is, and otherwise.

use crate::outside::invites;
use crate::phone::{Habit, Seen};
use crate::world::{World, journey};
use crate::{ANSWERS, NUMBER, seconds};
use acd::AgentState;
use call::settings::{Offering, PositionSaid, QueueJourney};
use media_core::PromptId;
use sip_core::Direction;
use std::time::Duration;

/// A world in which a caller has waited for a minute in a queue whose journey is changed.
fn waits(change: impl FnOnce(&mut QueueJourney)) -> World {
    let mut journey = journey();
    change(&mut journey);
    let mut world = World::new(601, journey);
    let caller = world.phone("+46701234567", Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(60));
    world
}

// Changes: queues.welcome, queues.music, queues.position, queues.position_intro
#[test]
fn a_caller_who_waits_hears_what_his_queue_names() {
    let usual = waits(|_| ());
    assert!(usual.heard("welcome") && usual.heard("place") && usual.heard_music("music"));
    let mute = waits(|its| {
        its.welcome = None;
        its.position = PositionSaid::Never;
    });
    assert!(mute.heard("first") && !mute.heard("welcome") && !mute.heard("place"));
    let own = waits(|its| {
        its.music = PromptId::new("jazz");
        its.position_intro = PromptId::new("turn");
    });
    assert!(own.heard_music("jazz") && !own.heard_music("music"));
    assert!(own.heard("turn") && !own.heard("place"));
}

// Changes: queues.offers
#[test]
fn an_agent_is_rung_during_the_welcome_or_after_it_as_his_queue_says() {
    for (offers, rings) in [
        (Offering::DuringWelcome, true),
        (Offering::AfterWelcome, false),
    ] {
        let mut journey = journey();
        journey.offers = offers;
        let mut world = World::new(602, journey);
        world.phone("anna", Habit::Rings);
        let caller = world.phone("+46701234567", Habit::Rings);
        world.call(caller, NUMBER);
        world.run(Duration::from_millis(500));
        assert!(world.heard("welcome"));
        assert_eq!(world.agent("anna") == AgentState::Offered, rings);
        world.run(seconds(3));
        assert_eq!(world.agent("anna"), AgentState::Offered);
    }
}

// Changes: queues.name
#[test]
fn an_agent_s_phone_shows_the_name_of_the_queue() {
    let mut journey = journey();
    journey.display_name = "Kundtjanst".into();
    let mut world = World::new(603, journey);
    let anna = world.phone("anna", Habit::Rings);
    let caller = world.phone("+46701234567", Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(3));
    let from = invites(&world, anna)[0].headers.from().unwrap();
    let shown = from.display.as_deref().unwrap_or_default();
    assert!(shown.contains("Kundtjanst"), "{shown}");
}

// Changes: users.name
#[test]
fn a_colleague_s_phone_shows_the_name_of_whoever_calls() {
    let mut world = World::new(604, journey());
    world.set_user("anna", |anna| anna.display_name = Some("Anna Alm".into()));
    let anna = world.phone("anna", Habit::Rings);
    let bosse = world.phone("bosse", Habit::Rings);
    world.call(anna, "102");
    world.run(seconds(1));
    let from = invites(&world, bosse)[0].headers.from().unwrap();
    assert_eq!(from.display.as_deref(), Some("Anna Alm"));
}

// Changes: organisation.hold_music
#[test]
fn whoever_is_held_hears_the_organisation_s_music() {
    let mut world = World::new(605, journey());
    world.set_organisation(|demo| demo.hold_music = PromptId::new("jazz"));
    let anna = world.phone("anna", Habit::Rings);
    world.phone("bosse", ANSWERS);
    world.call(anna, "102");
    world.run(seconds(5));
    assert!(!world.heard_music("jazz"));
    world.reinvite(anna, Direction::SendOnly);
    world.run(seconds(1));
    assert!(world.heard_music("jazz"));
}

// Changes: organisation.ring
#[test]
fn a_colleague_s_phone_rings_for_as_long_as_the_organisation_says() {
    for (ring, over) in [(5, true), (30, false)] {
        let mut world = World::new(606, journey());
        world.set_organisation(|demo| demo.ring = seconds(ring));
        let anna = world.phone("anna", Habit::Rings);
        world.phone("bosse", Habit::Rings);
        world.call(anna, "102");
        world.run(seconds(4));
        assert_eq!(world.phones[anna].seen, [Seen::Ringing]);
        world.run(seconds(4));
        let refused = world.phones[anna].seen.contains(&Seen::Refused(480));
        assert_eq!(refused, over);
    }
}
