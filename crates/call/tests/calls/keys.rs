//! Keys of one party of a conversation that the other hears, whatever means each has for them.

use crate::phone::{Habit, KeysBy};
use crate::world::{Life, Network, World, journey};
use crate::{ANSWERS, seconds};
use media_core::{Command, Event};
use sip_core::{HeaderName, StatusCode};
use std::time::Duration;

const TELLS: (HeaderName, &str) = (HeaderName::Allow, "INVITE, ACK, BYE, CANCEL, INFO");

/// Anna talks with bosse, whom she called.
struct Talk {
    world: World,
    anna: usize,
    bosse: usize,
}

fn talk(seed: u64, bosse: KeysBy, network: Network) -> Talk {
    let mut world = World::new(seed, journey()).over(network);
    let anna = world.phone("anna", Habit::Rings);
    let one = world.phone("bosse", ANSWERS);
    world.phones[one].keys.by = bosse;
    world.phones[one].extra.push(TELLS);
    world.call(anna, "102");
    world.run(seconds(8));
    assert!(world.phones[one].talks() && world.phones[anna].talks());
    Talk {
        world,
        anna,
        bosse: one,
    }
}

impl Talk {
    fn anna_presses(&mut self, body: &'static str) {
        self.world.info(self.anna, "application/dtmf", body);
    }

    /// Keys that media was asked to press.
    fn pressed(&self) -> String {
        let commands = self.world.media.values().flatten();
        let digits = commands.filter_map(|command| match command {
            Command::Press { digit } => Some(*digit),
            _ => None,
        });
        digits.collect()
    }

    fn rests(mut self) {
        self.world.hang_up(self.anna);
        self.world.run(seconds(60));
        self.world.assert_at_rest();
    }
}

#[test]
fn a_key_by_info_is_pressed_in_the_stream_of_the_other_and_one_in_the_stream_goes_its_way_there() {
    let mut talk = talk(931, KeysBy::Events, Network::default());
    talk.anna_presses("5");
    talk.world.run(seconds(1));
    assert_eq!(talk.pressed(), "5");
    let legs: Vec<_> = talk.world.media_open.iter().copied().collect();
    for leg in legs {
        let digit = '7';
        talk.world
            .tell_shard(call::Input::Media(Event::Digit { leg, digit }));
    }
    talk.world.run(seconds(1));
    assert_eq!(talk.pressed(), "5");
    assert_eq!(talk.world.phones[talk.bosse].keys.told, "");
    talk.rests();
}

#[test]
fn whoever_has_no_events_is_told_of_each_key_once_by_info_in_their_order_over_a_bad_network() {
    let network = Network {
        lost: 20,
        doubled: 10,
        latency_max_ms: 100,
    };
    let diaries = [Life::Whole, Life::Interrupted].map(|life| {
        let mut diaries = Vec::new();
        for seed in 940..950 {
            let mut talk = talk(seed, KeysBy::Info, network);
            talk.world = talk.world.living(life);
            let caller = talk.world.media_open.iter().next().copied().unwrap();
            for digit in "112#*D".chars() {
                let digit = Event::Digit { leg: caller, digit };
                talk.world.tell_shard(call::Input::Media(digit));
                talk.world.run(Duration::from_millis(150));
            }
            talk.world.run(seconds(60));
            assert_eq!(
                talk.world.phones[talk.bosse].keys.told, "112#*D",
                "seed {seed}"
            );
            assert_eq!(talk.pressed(), "");
            diaries.push(talk.world.diary.clone());
            talk.rests();
        }
        diaries
    });
    assert!(diaries[0] == diaries[1]);
}

#[test]
fn who_refuses_a_key_talks_on_and_who_says_that_there_is_no_call_has_none() {
    let mut refuses = talk(951, KeysBy::Info, Network::default());
    refuses.world.phones[refuses.bosse].keys.refuses = Some(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    refuses.anna_presses("1");
    refuses.world.run(seconds(2));
    assert!(refuses.world.phones[refuses.bosse].talks());
    refuses.rests();

    let mut gone = talk(952, KeysBy::Info, Network::default());
    gone.world.phones[gone.bosse].keys.refuses = Some(StatusCode::CALL_DOES_NOT_EXIST);
    gone.anna_presses("1");
    gone.world.run(seconds(40));
    assert!(gone.world.phones[gone.anna].is_idle());
}

#[test]
fn a_key_crosses_to_the_other_call_of_a_conversation_that_is_in_two() {
    let mut across = 0;
    for skipped in 0..6 {
        let mut world = World::new(960, journey()).of_two_shards();
        let anna = world.phone("anna", Habit::Rings);
        let line = world.phone("bosse", ANSWERS);
        let second = world.phone("bosse", Habit::Rings);
        let carin = world.phone("carin", ANSWERS);
        world.phones[carin].keys.by = KeysBy::Info;
        world.phones[carin].extra.push(TELLS);
        world.call(anna, "102");
        world.run(seconds(3));
        world.phones[second].skip_call_ids(skipped);
        world.call(second, "103");
        world.run(seconds(3));
        let calls = world.calls();
        across += usize::from(calls.iter().any(|it| it.id.shard != calls[0].id.shard));
        world.refer_to_line(line, second);
        world.run(seconds(3));
        assert!(world.phones[anna].talks() && world.phones[carin].talks());
        world.info(
            anna,
            "application/dtmf-relay",
            "Signal=4\r\nDuration=100\r\n",
        );
        world.run(seconds(1));
        assert_eq!(world.phones[carin].keys.told, "4");
        world.info(carin, "application/dtmf", "*");
        world.run(seconds(1));
        let presses = world.media.values().flatten();
        let presses = presses.filter(|it| matches!(it, Command::Press { digit: '*' }));
        assert_eq!(presses.count(), 1);
        world.hang_up(anna);
        world.run(seconds(60));
        world.assert_at_rest();
    }
    assert!(across > 0, "none of the conversations was on two shards");
}
