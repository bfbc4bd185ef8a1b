//! Menus: callers who choose by key, however the keys come, and where they end.

use crate::phone::{Habit, Seen};
use crate::world::{Life, Network, World, journey, queue, user};
use crate::{ANSWERS, seconds};
use base::{MenuId, OrgId};
use call::EndCause;
use call::settings::{Choice, Destination, Listening, Menu, Message};
use media_core::PromptId;
use std::collections::BTreeMap;
use std::time::Duration;

const MENU: &str = "+46850001001";

fn id(name: &str) -> MenuId {
    MenuId::new(&OrgId::new("demo").unwrap(), name).unwrap()
}

fn menu(prompt: &str, keys: [(char, Destination); 2]) -> Menu {
    let choice = |(key, destination)| (key, Choice::To(destination));
    Menu {
        prompt: PromptId::new(prompt),
        keys: keys.into_iter().map(choice).collect(),
        timeout: seconds(5),
        on_timeout: None,
        invalid: Some(PromptId::new("invalid")),
        tries: 2,
        otherwise: None,
        listening: Listening::WhilePrompt,
        takes_extensions: true,
    }
}

/// A world in which a number leads to a menu: 3 is the queue, 4 another menu, where 3 is anna and 4 leads back.
fn world(seed: u64) -> (World, usize) {
    let mut world = World::new(seed, journey());
    world.set_organisation(|demo| {
        let main = menu(
            "main",
            [
                ('3', Destination::Queue(queue())),
                ('4', Destination::Menu(id("other"))),
            ],
        );
        let other = menu(
            "other",
            [
                ('3', Destination::User(user("anna"))),
                ('4', Destination::Menu(id("main"))),
            ],
        );
        demo.ways.menus = BTreeMap::from([(id("main"), main), (id("other"), other)]);
        demo.numbers
            .insert(MENU.into(), Destination::Menu(id("main")).into());
        let then = Some(Box::new(Destination::Menu(id("main"))));
        let prompt = PromptId::new("hello");
        let hello = Destination::Message(Message { prompt, then });
        demo.numbers.insert("+46850001005".into(), hello.into());
    });
    let caller = world.phone("+46701234567", Habit::Rings);
    (world, caller)
}

fn rests(mut world: World, caller: usize) {
    world.hang_up(caller);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_caller_chooses_a_queue_by_a_key_in_his_stream() {
    let (mut world, caller) = world(301);
    world.call(caller, MENU);
    world.run(seconds(1));
    assert_eq!(world.phones[caller].seen, [Seen::Ringing, Seen::Answered]);
    assert!(world.heard("main"));
    world.press('3');
    world.run(seconds(1));
    assert!(world.heard("welcome"));
    rests(world, caller);
}

#[test]
fn keys_sent_by_info_count_the_same_and_what_is_no_key_is_refused() {
    let (mut world, caller) = world(302);
    let anna = world.phone("anna", ANSWERS);
    world.call(caller, MENU);
    world.run(seconds(1));
    world.info(
        caller,
        "application/dtmf-relay",
        "Signal=4\r\nDuration=160\r\n",
    );
    world.run(seconds(1));
    assert!(world.heard("other"));
    world.info(caller, "application/xml", "<a/>");
    world.run(seconds(1));
    world.info(caller, "application/dtmf", "3");
    world.run(seconds(3));
    let told = [
        Seen::Informed(200),
        Seen::Informed(415),
        Seen::Informed(200),
    ];
    assert_eq!(world.phones[caller].seen[2..], told);
    assert!(world.phones[anna].talks());
    assert!(world.heard_music("ringing"), "he hears that it rings");
    rests(world, caller);
}

#[test]
fn a_key_that_comes_in_the_stream_and_by_info_is_one_key() {
    let (mut world, caller) = world(303);
    world.call(caller, MENU);
    world.run(seconds(1));
    world.press('4');
    world.info(caller, "application/dtmf-relay", "Signal=4");
    world.run(seconds(2));
    assert!(world.heard("other"));
    assert!(!world.heard("welcome"));
    let mains = plays(&world, "main");
    assert_eq!(mains, 1, "a second 4 would have led back");
    rests(world, caller);
}

fn plays(world: &World, prompt: &str) -> usize {
    let commands = world.media.values().flatten();
    let is_it = |command: &&media_core::Command| matches!(command, media_core::Command::Play(list) if list.prompts.iter().any(|id| id.as_str() == prompt));
    commands.filter(is_it).count()
}

#[test]
fn keys_pressed_while_a_message_plays_are_kept_for_the_menu_after_it() {
    let (mut world, caller) = world(304);
    let anna = world.phone("anna", ANSWERS);
    world.call(caller, "+46850001005");
    world.run(seconds(1));
    world.press('4');
    world.run(Duration::from_millis(700));
    world.press('3');
    world.run(seconds(4));
    assert!(
        world.phones[anna].talks(),
        "both menus were passed by heart"
    );
    rests(world, caller);
}

#[test]
fn who_chooses_nothing_hears_it_again_and_then_the_call_ends() {
    let (mut world, caller) = world(305);
    world.call(caller, MENU);
    world.run(seconds(6));
    assert_eq!(plays(&world, "main"), 1);
    world.run(seconds(2));
    assert_eq!(plays(&world, "main"), 2);
    world.run(seconds(10));
    assert_eq!(world.phones[caller].seen.last(), Some(&Seen::HungUpOn));
    assert_eq!(world.ended, [EndCause::Completed]);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn an_extension_dialled_in_a_menu_reaches_who_has_it() {
    let (mut world, caller) = world(306);
    let bosse = world.phone("bosse", ANSWERS);
    world.call(caller, MENU);
    world.run(seconds(1));
    for key in ['1', '0', '2'] {
        world.press(key);
    }
    world.run(seconds(4));
    assert!(world.phones[bosse].talks());
    rests(world, caller);
}

#[test]
fn a_silent_line_in_menus_that_lead_to_each_other_comes_to_an_end() {
    let (mut world, caller) = world(307);
    world.set_organisation(|demo| {
        for (here, there) in [("main", "other"), ("other", "main")] {
            let menu = demo.ways.menus.get_mut(&id(here)).unwrap();
            menu.otherwise = Some(Destination::Menu(id(there)));
        }
    });
    world.call(caller, MENU);
    world.run(seconds(60 * 60));
    assert_eq!(world.phones[caller].seen.last(), Some(&Seen::HungUpOn));
    world.assert_at_rest();
}

/// Callers in menus over a bad network, who press keys by chance and hang up by chance.
fn random_world(seed: u64, life: Life) -> World {
    let (world, caller) = world(seed);
    let mut world = world.living(life).over(Network {
        lost: 10,
        doubled: 5,
        latency_max_ms: 80,
    });
    world.phone("anna", ANSWERS);
    world.phone("bosse", Habit::Rings);
    for _ in 0..30 {
        let pause = world.random(4_000);
        world.run(Duration::from_millis(pause));
        match world.random(8) {
            0 if !world.phones[caller].is_idle() => world.hang_up(caller),
            1 | 2 if world.phones[caller].is_idle() => {
                let number = [MENU, "+46850001005"][world.random(2) as usize];
                world.call(caller, number);
            }
            _ if !world.media_open.is_empty() => {
                let key = ['1', '0', '2', '3', '4', '#'][world.random(6) as usize];
                world.press(key);
            }
            _ => {}
        }
    }
    world = world.over(Network::default());
    for _ in 0..3 {
        world.hang_up(caller);
        world.run(seconds(400));
    }
    world
}

#[test]
fn menus_over_a_bad_network_leave_nothing_behind_and_live_through_interruptions() {
    for seed in 0..40 {
        eprintln!("seed {seed}");
        let whole = random_world(seed, Life::Whole);
        whole.assert_at_rest();
        let interrupted = random_world(seed, Life::Interrupted);
        assert_eq!(whole.diary.len(), interrupted.diary.len());
        for (one, other) in whole.diary.iter().zip(&interrupted.diary) {
            assert_eq!(one, other);
        }
    }
}

/// A world in which a caller is in the main menu, changed.
fn in_menu(seed: u64, change: impl FnOnce(&mut Menu)) -> World {
    let (mut world, caller) = world(seed);
    world.set_organisation(|demo| change(demo.ways.menus.get_mut(&id("main")).unwrap()));
    world.call(caller, MENU);
    world
}

// Changes: menus.timeout, menus.tries
#[test]
fn a_menu_waits_for_as_long_and_asks_as_often_as_it_says() {
    let mut world = in_menu(321, |menu| {
        menu.timeout = seconds(2);
        menu.tries = 4;
    });
    world.run(seconds(5));
    assert_eq!(plays(&world, "main"), 2);
    world.run(seconds(30));
    assert_eq!(plays(&world, "main"), 4);
}

// Changes: menus.barge_in
#[test]
fn a_key_cuts_a_menu_s_prompt_off_or_counts_at_its_end_as_it_says() {
    for (listening, at_once) in [
        (Listening::WhilePrompt, true),
        (Listening::AfterPrompt, false),
    ] {
        let mut world = in_menu(322, |menu| {
            menu.listening = listening;
            menu.takes_extensions = false;
        });
        world.run(Duration::from_millis(500));
        world.press('3');
        world.run(Duration::from_millis(200));
        assert_eq!(world.heard("welcome"), at_once);
        world.run(seconds(5));
        assert!(world.heard("welcome"));
    }
}

// Changes: menus.invalid
#[test]
fn a_key_that_means_nothing_is_told_where_a_menu_has_words_for_it() {
    for invalid in [Some("wrong"), None] {
        let mut world = in_menu(323, |menu| menu.invalid = invalid.map(PromptId::new));
        world.run(seconds(3));
        world.press('7');
        world.run(seconds(5));
        assert_eq!(world.heard("wrong"), invalid.is_some());
        assert_eq!(plays(&world, "main"), 2);
    }
}

// Changes: menus.default, menus.timeout_goes_to
#[test]
fn who_chooses_nothing_goes_where_the_menu_says_and_elsewhere_if_he_pressed_nothing() {
    let prompt = PromptId::new("bye");
    let bye = Destination::Message(Message { prompt, then: None });
    for (on_timeout, heard) in [(None, "welcome"), (Some(bye), "bye")] {
        let mut world = in_menu(324, |menu| {
            menu.otherwise = Some(Destination::Queue(queue()));
            menu.on_timeout = on_timeout;
        });
        world.run(seconds(30));
        assert!(world.heard(heard));
        assert_eq!(world.heard("welcome"), heard == "welcome");
    }
}
