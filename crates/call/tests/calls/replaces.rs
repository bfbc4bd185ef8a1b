//! Transfers after a consultation, and calls taken over by an INVITE: one party takes the place of another in a
//! dialog, whichever shard has it.

use crate::phone::{Habit, Seen};
use crate::world::{Life, NUMBER, Network, WRAP_UP, World, journey};
use crate::{ANSWERS, seconds, state};
use call::EndCause;
use sip_core::{HeaderName, StatusCode};
use std::time::Duration;

const BUSY: Habit = Habit::Refuses(StatusCode::BUSY_HERE);

/// Anna talks with bosse, who has a second line and has dialled with that.
struct Consultation {
    world: World,
    anna: usize,
    line: usize,
    second: usize,
    carin: usize,
}

/// `skipped` Call-IDs of bosse's second line decide which shard has the second call.
fn consultation(seed: u64, skipped: u32, carin: Habit, dialled: &str) -> Consultation {
    let mut world = World::new(seed, journey()).of_two_shards();
    let anna = world.phone("anna", Habit::Rings);
    let line = world.phone("bosse", ANSWERS);
    let second = world.phone("bosse", Habit::Rings);
    let carin = world.phone("carin", carin);
    world.call(anna, "102");
    world.run(seconds(3));
    world.phones[second].skip_call_ids(skipped);
    world.call(second, dialled);
    world.run(seconds(3));
    Consultation {
        world,
        anna,
        line,
        second,
        carin,
    }
}

impl Consultation {
    /// Whether the two calls are on two shards.
    fn is_across(&self) -> bool {
        let calls = self.world.calls();
        calls.iter().any(|call| call.id.shard != calls[0].id.shard)
    }
}

#[test]
fn after_a_consultation_the_two_who_are_left_talk_on_one_shard_and_across_two() {
    let mut across = [0, 0];
    for skipped in 0..8 {
        for sends_by in [false, true] {
            let mut it = consultation(300, skipped, ANSWERS, "103");
            across[usize::from(it.is_across())] += 1;
            // Phones send the REFER on either of their two calls.
            let (on, names) = match sends_by {
                false => (it.line, it.second),
                true => (it.second, it.line),
            };
            it.world.refer_to_line(on, names);
            it.world.run(seconds(2));
            let world = &mut it.world;
            let seen = &world.phones[on].seen;
            assert_eq!(
                seen[seen.len() - 4..],
                [
                    Seen::Referred(202),
                    Seen::Notified(100),
                    Seen::Notified(200),
                    Seen::HungUpOn
                ]
            );
            assert_eq!(world.phones[names].seen.last(), Some(&Seen::HungUpOn));
            assert!(world.phones[it.anna].talks() && world.phones[it.carin].talks());
            assert!(
                world.all_hear_each_other(),
                "their sessions are bridged on one thread"
            );
            let calls = world.calls();
            assert_eq!(calls.len(), 1, "{calls:#?}");
            assert_eq!(state(world, "bosse"), "free");
            assert_eq!(state(world, "anna"), "own call");
            world.hang_up(it.anna);
            world.run(seconds(60));
            assert_eq!(world.phones[it.carin].seen.last(), Some(&Seen::HungUpOn));
            assert_eq!(world.ended.len(), 2);
            assert_eq!(world.ended[0], EndCause::Transferred);
            world.assert_at_rest();
        }
    }
    assert!(across.iter().all(|count| *count > 0), "{across:?}");
}

#[test]
fn an_agent_hands_his_caller_over_after_a_consultation_and_is_in_wrap_up() {
    for skipped in 0..4 {
        let mut world = World::new(301, journey()).of_two_shards();
        let anna = world.phone("anna", ANSWERS);
        let second = world.phone("anna", Habit::Rings);
        let carin = world.phone("carin", ANSWERS);
        let caller = world.phone("+46701234567", Habit::Rings);
        world.call(caller, NUMBER);
        world.run(seconds(4));
        world.reinvite(anna, sip_core::Direction::SendOnly);
        world.phones[second].skip_call_ids(skipped);
        world.call(second, "103");
        world.run(seconds(3));
        world.refer_to_line(anna, second);
        world.run(seconds(1));
        assert!(world.phones[carin].talks() && world.phones[caller].talks());
        assert!(world.all_hear_each_other());
        assert_eq!(state(&world, "anna"), "wrap-up");
        world.run(WRAP_UP);
        assert_eq!(state(&world, "anna"), "free");
        world.hang_up(carin);
        world.run(seconds(60));
        assert_eq!(world.phones[caller].seen.last(), Some(&Seen::HungUpOn));
        world.assert_at_rest();
    }
}

#[test]
fn whoever_is_handed_over_while_the_other_still_rings_rings_there_in_his_place() {
    for skipped in 0..4 {
        let mut it = consultation(302, skipped, Habit::Rings, "103");
        it.world.phones[it.carin].habit = ANSWERS;
        it.world.refer_to_line(it.line, it.second);
        it.world.run(seconds(4));
        let world = &mut it.world;
        assert!(world.phones[it.anna].talks() && world.phones[it.carin].talks());
        assert!(world.phones[it.line].is_idle() && world.phones[it.second].is_idle());
        world.hang_up(it.anna);
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

#[test]
fn whoever_takes_the_place_of_one_who_waits_in_a_queue_has_waited_as_long() {
    for skipped in 0..4 {
        let mut it = consultation(303, skipped, Habit::Rings, "1000");
        let world = &mut it.world;
        world.refer_to_line(it.line, it.second);
        world.run(seconds(1));
        assert!(!world.phones[it.line].talks() && !world.phones[it.second].talks());
        assert!(world.phones[it.anna].talks());
        let queue = &world.engine.snapshot(world.now).queues[0];
        assert_eq!(queue.waiting + queue.offered, 1);
        assert!(
            queue.longest_wait_ms > Some(3_000),
            "the first arrival counts"
        );
        world.hang_up(it.anna);
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

#[test]
fn a_colleague_s_ringing_phone_is_picked_up_by_an_invite_that_replaces_it() {
    for skipped in 0..4 {
        let mut world = World::new(304, journey()).of_two_shards();
        let anna = world.phone("anna", Habit::Rings);
        let bosse = world.phone("bosse", Habit::Rings);
        let carin = world.phone("carin", Habit::Rings);
        world.call(anna, "102");
        world.run(seconds(2));
        let replaces = format!("{};early-only", world.phones[bosse].replaces());
        world.phones[carin].skip_call_ids(skipped);
        world.call_replacing(carin, &replaces);
        world.run(seconds(1));
        assert!(world.phones[anna].talks() && world.phones[carin].talks());
        assert!(world.all_hear_each_other());
        assert_eq!(world.phones[bosse].seen.last(), Some(&Seen::Cancelled));
        assert!(
            world.phones[bosse]
                .reason
                .as_ref()
                .unwrap()
                .contains("elsewhere")
        );
        assert_eq!(world.calls().len(), 1);
        world.hang_up(carin);
        world.run(seconds(60));
        assert_eq!(world.phones[anna].seen.last(), Some(&Seen::HungUpOn));
        world.assert_at_rest();
    }
}

#[test]
fn a_conversation_is_taken_over_from_one_phone_by_another() {
    for skipped in 0..4 {
        let mut it = consultation(305, skipped, Habit::Rings, "999");
        let replaces = it.world.phones[it.line].replaces();
        let world = &mut it.world;
        world.phones[it.carin].skip_call_ids(skipped);
        world.call_replacing(it.carin, &replaces);
        world.run(seconds(1));
        assert_eq!(world.phones[it.line].seen.last(), Some(&Seen::HungUpOn));
        assert!(world.phones[it.anna].talks() && world.phones[it.carin].talks());
        assert!(world.all_hear_each_other());
        // And back again from there, though the conversation is in two calls now.
        let replaces = world.phones[it.carin].replaces();
        world.call_replacing(it.line, &replaces);
        world.run(seconds(1));
        assert_eq!(world.phones[it.carin].seen.last(), Some(&Seen::HungUpOn));
        assert!(world.phones[it.anna].talks() && world.phones[it.line].talks());
        assert!(world.all_hear_each_other());
        assert_eq!(world.calls().len(), 1);
        world.hang_up(it.line);
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

#[test]
fn what_an_invite_may_not_replace_is_refused_and_nothing_changes() {
    for skipped in 0..4 {
        let mut it = consultation(306, skipped, Habit::Rings, "103");
        let world = &mut it.world;
        let right = world.phones[it.line].replaces();
        let ringing_caller = world.phones[it.second].replaces();
        let (call_id, tags) = right.split_once(';').unwrap();
        let early = format!("{right};early-only");
        let wrong_tag = format!("{right}x");
        let wrong_call = format!("x{call_id};{tags}");
        let nobody = format!("{call_id};to-tag=x;from-tag=y");
        let cases = [
            (&*early, 486),
            (&wrong_tag, 481),
            (&wrong_call, 481),
            (&nobody, 481),
            (&ringing_caller, 481),
            ("x", 400),
        ];
        let stranger = world.phone("carin", Habit::Rings);
        for (replaces, status) in cases {
            world.call_replacing(stranger, replaces);
            world.run(seconds(1));
            assert_eq!(
                world.phones[stranger].seen.last(),
                Some(&Seen::Refused(status)),
                "{replaces}"
            );
        }
        assert!(world.phones[it.anna].talks() && world.phones[it.line].talks());
        for phone in [it.anna, it.second] {
            world.hang_up(phone);
        }
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

#[test]
fn nobody_without_an_account_takes_a_call_over() {
    let mut it = consultation(307, 0, Habit::Rings, "999");
    let replaces = it.world.phones[it.line].replaces();
    let more = [(HeaderName::Replaces, &*replaces)];
    let outside = it.world.phone("+46701234567", Habit::Rings);
    it.world.call_with(outside, NUMBER, &more);
    it.world.run(seconds(1));
    assert_eq!(it.world.phones[outside].seen, [Seen::Refused(403)]);
    assert!(it.world.phones[it.line].talks());
}

#[test]
fn a_consultation_that_names_no_dialog_leaves_the_two_as_they_were() {
    for skipped in 0..4 {
        let mut it = consultation(308, skipped, ANSWERS, "103");
        let world = &mut it.world;
        let wrong = world.phones[it.second]
            .replaces()
            .replace("from-tag=", "from-tag=x");
        let escaped = wrong.replace(';', "%3B").replace('=', "%3D");
        world.refer(
            it.line,
            &format!("<sip:kolapp@127.0.0.1?Replaces={escaped}>"),
        );
        world.run(seconds(1));
        assert_eq!(
            world.phones[it.line].seen.last(),
            Some(&Seen::Notified(481))
        );
        for phone in [it.anna, it.line, it.second, it.carin] {
            assert!(world.phones[phone].talks());
        }
        world.refer(
            it.line,
            "<sip:kolapp@127.0.0.1?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>",
        );
        world.run(seconds(1));
        assert_eq!(
            world.phones[it.line].seen.last(),
            Some(&Seen::Referred(404))
        );
        for phone in [it.anna, it.carin] {
            world.hang_up(phone);
        }
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

#[test]
fn anybody_may_hang_up_at_any_moment_of_a_transfer_across() {
    for moment_ms in 0..40 {
        for who in 0..4 {
            let mut it = consultation(309, moment_ms % 3, ANSWERS, "103");
            let world = &mut it.world;
            world.refer_to_line(it.line, it.second);
            world.run(Duration::from_millis(moment_ms.into()));
            let phones = [it.anna, it.line, it.second, it.carin];
            world.hang_up(phones[who]);
            world.run(seconds(60));
            for phone in phones {
                world.hang_up(phone);
            }
            world.run(seconds(60));
            world.assert_at_rest();
        }
    }
}

#[test]
fn both_sides_hand_over_at_once_and_everybody_ends_up_talking_or_idle() {
    for moment_ms in 0..20 {
        let mut it = consultation(310, moment_ms % 4, ANSWERS, "103");
        let world = &mut it.world;
        world.refer_to_line(it.line, it.second);
        world.run(Duration::from_millis(moment_ms.into()));
        if world.phones[it.second].may_refer() && world.phones[it.line].may_refer() {
            world.refer_to_line(it.second, it.line);
        }
        world.run(seconds(10));
        assert_eq!(
            world.phones[it.anna].talks(),
            world.phones[it.carin].talks()
        );
        for phone in [it.anna, it.line, it.second, it.carin] {
            world.hang_up(phone);
        }
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

#[test]
fn over_a_bad_network_and_with_shards_saved_and_loaded_no_transfer_across_leaves_anything() {
    for seed in 0..100 {
        let life = [Life::Whole, Life::Interrupted][usize::from(seed % 4 == 0)];
        let mut world = World::new(4_000 + seed, journey())
            .of_two_shards()
            .over(Network {
                lost: 15,
                doubled: 15,
                latency_max_ms: 300,
            })
            .living(life);
        let habit = [ANSWERS, BUSY, Habit::Rings][seed as usize % 3];
        let anna = world.phone("anna", Habit::Rings);
        let line = world.phone("bosse", ANSWERS);
        let second = world.phone("bosse", Habit::Rings);
        let carin = world.phone("carin", habit);
        let phones = [anna, line, second, carin];
        world.phones[second].skip_call_ids(seed as u32);
        world.call(anna, "102");
        world.run(seconds(8));
        if world.phones[second].is_idle() {
            world.call(second, "103");
        }
        world.run(seconds(8));
        for _ in 0..4 {
            let (one, two) = match world.random(2) {
                0 => (line, second),
                _ => (second, line),
            };
            if world.phones[one].may_refer() && world.phones[two].may_refer() {
                world.refer_to_line(one, two);
            }
            let wait = world.random(3_000);
            world.run(Duration::from_millis(wait));
            if world.random(3) == 0 {
                let who = phones[world.random(4) as usize];
                world.hang_up(who);
            }
        }
        for _ in 0..2 {
            world.run(seconds(200));
            for phone in phones {
                world.hang_up(phone);
            }
        }
        world.run(seconds(200));
        let other = world.other.as_ref().unwrap();
        assert_eq!(
            world.shard.legs_count() + other.legs_count(),
            0,
            "seed {seed}"
        );
        assert_eq!(world.calls(), [], "seed {seed}");
        assert_eq!(
            world.shard.calls_count() + other.calls_count(),
            0,
            "seed {seed}"
        );
        for name in ["anna", "bosse"] {
            assert_eq!(state(&world, name), "free", "seed {seed}: {name}");
        }
    }
}
