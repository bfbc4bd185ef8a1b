//! Queues closed by telephone.

use crate::phone::{Habit, Seen};
use crate::seconds;
use crate::world::{World, journey, queue, user};
use base::WallClock;
use calendar::{Effect, QuickClose, QuickCloses, Waiting, Way};
use call::Input;
use call::closing::{ByPhone, CarriedOut, Closable, ClosingPrompts, Pin};
use call::settings::{FeatureCode, Language};
use control::{Command, QuickCommand};
use media_core::PromptId;
use std::collections::BTreeMap;

/// Friday, 27 November 2026, 09:00 in Stockholm.
const FRIDAY_AT_NINE: i64 = 1_795_766_400;
const HOUR: i64 = 3_600;

/// A world where anna works in the queue, and may close it if she knows the code.
fn world(seed: u64) -> World {
    let mut world = World::new(seed, journey());
    world.set_organisation(|demo| {
        demo.feature_codes
            .insert("*19".into(), FeatureCode::QuickClose);
        demo.ways.zone = Some("Europe/Stockholm".into());
        let prompts = ClosingPrompts::named(|name| Some(PromptId::new(name)));
        demo.by_phone = Some(ByPhone {
            pin: Pin::new("471147").unwrap(),
            queues: Closable::OfUser(BTreeMap::from([(user("anna"), vec![queue()])])),
            prompts: prompts.unwrap(),
            language: Language::Sv,
        });
    });
    let clock = WallClock::new(world.now, FRIDAY_AT_NINE * 1_000);
    world.tell_shard(Input::Clock(clock));
    world
}

/// Keys these, as people do.
fn keys(world: &mut World, keys: &str) {
    for key in keys.chars() {
        world.press(key);
        world.run(seconds(1));
    }
}

fn asked(world: &World) -> Vec<&QuickClose> {
    let asked = world.carried_out.iter().map(|command| match command {
        Command::Quick(QuickCommand::Set(quick)) => &**quick,
        other => panic!("{other:?}"),
    });
    asked.collect()
}

#[test]
fn who_knows_the_code_closes_his_queues_for_the_day_or_for_hours_and_hears_so() {
    for (chosen, lasts, heard) in [
        ("1", 15 * HOUR, vec!["quick-close-today"]),
        (
            "25#",
            5 * HOUR,
            vec![
                "quick-close-until",
                "sv/today",
                "sv/clock-at",
                "sv/number-14",
            ],
        ),
        (
            "230#",
            30 * HOUR,
            vec!["quick-close-until", "sv/tomorrow", "sv/number-15"],
        ),
    ] {
        let mut world = world(431);
        let anna = world.phone("anna", Habit::Rings);
        world.call(anna, "*19");
        world.run(seconds(1));
        assert!(world.heard("quick-close-code"));
        keys(&mut world, "471147#");
        assert!(world.heard("quick-close-choices"));
        keys(&mut world, chosen);
        world.run(seconds(10));
        let [quick] = asked(&world)[..] else {
            panic!("{:?}", world.carried_out);
        };
        assert_eq!(
            (&quick.queues[..], quick.effect),
            (&[queue()][..], Effect::Close)
        );
        // Some seconds of keying.
        assert!((FRIDAY_AT_NINE..FRIDAY_AT_NINE + 20).contains(&quick.from));
        let until = quick.until - FRIDAY_AT_NINE;
        assert!((lasts..lasts + 20).contains(&until), "{chosen}: {until}");
        for prompt in heard {
            assert!(world.heard(prompt), "{prompt}");
        }
        assert!(world.phones[anna].seen.contains(&Seen::HungUpOn));
        world.assert_at_rest();
    }
}

#[test]
fn a_code_that_is_wrong_three_times_is_refused_and_who_has_no_queue_is_at_once() {
    let mut world = world(432);
    let anna = world.phone("anna", Habit::Rings);
    world.call(anna, "*19");
    world.run(seconds(1));
    for _ in 0..3 {
        keys(&mut world, "4712#");
    }
    world.run(seconds(10));
    assert!(world.heard("quick-close-wrong") && world.heard("agent-refused"));
    assert!(!world.heard("quick-close-choices"));
    assert_eq!(world.refused.len(), 3);
    assert!(world.phones[anna].seen.contains(&Seen::HungUpOn));
    let bosse = world.phone("bosse", Habit::Rings);
    world.media.clear();
    world.call(bosse, "*19");
    world.run(seconds(10));
    assert!(world.heard("refused") && !world.heard("quick-close-code"));
    assert!(world.carried_out.is_empty());
    world.assert_at_rest();
}

#[test]
fn what_storage_did_not_take_is_not_promised() {
    let mut world = world(433);
    world.carries_out = CarriedOut::No;
    let anna = world.phone("anna", Habit::Rings);
    world.call(anna, "*19");
    world.run(seconds(1));
    keys(&mut world, "471147#1");
    world.run(seconds(10));
    assert!(world.heard("agent-refused") && !world.heard("quick-close-today"));
    world.assert_at_rest();
}

#[test]
fn what_is_closed_of_his_queues_alone_is_ended_and_where_nothing_is_he_hears_so() {
    for (others, heard) in [
        (None, "quick-close-ended"),
        (Some("demo/other"), "quick-close-nothing"),
    ] {
        let mut world = world(434);
        let mut queues = vec![queue()];
        queues.extend(others.map(|name| name.parse().unwrap()));
        let quick = QuickClose {
            id: 0,
            queues,
            from: FRIDAY_AT_NINE,
            until: FRIDAY_AT_NINE + HOUR,
            effect: Effect::Close,
            message: None,
            waiting: Waiting::Stay,
            by: "test".into(),
            way: Way::Command,
        };
        let (all, id) = QuickCloses::default().with(quick, FRIDAY_AT_NINE).unwrap();
        world.tell_shard(Input::QuickCloses(all.into()));
        let anna = world.phone("anna", Habit::Rings);
        world.call(anna, "*19");
        world.run(seconds(1));
        keys(&mut world, "471147#3");
        world.run(seconds(10));
        assert!(world.heard(heard), "{heard}");
        let undo = |queues| Command::Quick(QuickCommand::Undo { id, queues });
        match others {
            None => assert_eq!(world.carried_out, [undo(vec![queue()])]),
            Some(_) => assert!(world.carried_out.is_empty()),
        }
        world.assert_at_rest();
    }
}
