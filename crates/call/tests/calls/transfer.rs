//! Transfers: whoever talks sends the other elsewhere with REFER, hears how that goes, and gets him back where it
//! comes to nothing.

use crate::phone::{Habit, Seen};
use crate::world::{Life, NUMBER, Network, WRAP_UP, World, journey};
use crate::{ANSWERS, seconds, state};
use call::EndCause;
use call::settings::TransferFailed;
use sip_core::{HeaderName, StatusCode};

const BUSY: Habit = Habit::Refuses(StatusCode::BUSY_HERE);
const CARIN: &str = "<sip:103@demo.localhost>";
const QUEUE: &str = "<sip:1000@demo.localhost>";

/// Anna has called bosse and both talk; carin does by her habit when she is called.
fn anna_talks_with_bosse(seed: u64, carin: Habit) -> (World, [usize; 3]) {
    let mut world = World::new(seed, journey());
    let phones = [
        world.phone("anna", Habit::Rings),
        world.phone("bosse", ANSWERS),
        world.phone("carin", carin),
    ];
    world.call(phones[0], "102");
    world.run(seconds(3));
    assert!(world.phones[phones[1]].talks());
    (world, phones)
}

/// What a phone saw since it was answered.
fn since_answered(world: &World, phone: usize) -> Vec<Seen> {
    let seen = &world.phones[phone].seen;
    let answered = seen.iter().position(|it| *it == Seen::Answered).unwrap();
    seen[answered + 1..].to_vec()
}

#[test]
fn either_of_two_colleagues_sends_the_other_to_a_third_and_is_out_of_it_once_they_talk() {
    for sender in [0, 1] {
        let (mut world, phones) = anna_talks_with_bosse(200, ANSWERS);
        let [stays, sends] = [phones[1 - sender], phones[sender]];
        world.refer(sends, CARIN);
        world.run(seconds(1));
        assert_eq!(
            since_answered(&world, sends),
            [
                Seen::Referred(202),
                Seen::Notified(100),
                Seen::Notified(180)
            ]
        );
        world.run(seconds(3));
        assert_eq!(
            since_answered(&world, sends)[3..],
            [Seen::Notified(200), Seen::HungUpOn]
        );
        assert!(world.phones[phones[2]].talks());
        assert!(world.phones[stays].talks());
        assert_eq!(world.bridges(), 2);
        let calls = world.shard.calls();
        assert_eq!(calls.len(), 1);
        assert_eq!(calls[0].with.as_ref().unwrap().name(), "carin");
        let names = ["anna", "bosse"];
        assert_eq!(state(&world, names[sender]), "free");
        assert_eq!(state(&world, names[1 - sender]), "own call");
        world.hang_up(phones[2]);
        world.run(seconds(60));
        assert_eq!(world.ended, [EndCause::CalleeHungUp]);
        assert_eq!(state(&world, names[1 - sender]), "free");
        world.assert_at_rest();
    }
}

#[test]
fn who_was_sent_to_a_busy_phone_comes_back_to_the_one_who_sent_him() {
    let (mut world, [anna, bosse, _]) = anna_talks_with_bosse(201, BUSY);
    world.refer(bosse, CARIN);
    world.run(seconds(2));
    assert_eq!(
        since_answered(&world, bosse),
        [
            Seen::Referred(202),
            Seen::Notified(100),
            Seen::Notified(486)
        ]
    );
    assert!(world.phones[anna].talks() && world.phones[bosse].talks());
    assert!(world.bridges() >= 2, "they talk again");
    assert_eq!(world.shard.calls().len(), 1);
    // And again, now that their conversation is in two calls; this time the other way.
    world.refer(anna, CARIN);
    world.run(seconds(2));
    assert_eq!(
        since_answered(&world, anna).last(),
        Some(&Seen::Notified(486))
    );
    world.hang_up(bosse);
    world.run(seconds(60));
    assert_eq!(world.phones[anna].seen.last(), Some(&Seen::HungUpOn));
    assert_eq!(
        world.ended.len(),
        1 + 1,
        "one call was taken up by the other"
    );
    assert_eq!(
        (state(&world, "anna"), state(&world, "bosse")),
        ("free", "free")
    );
    world.assert_at_rest();
}

#[test]
fn an_agent_sends_his_caller_on_and_is_in_wrap_up_while_the_caller_goes_to_a_colleague() {
    let mut world = World::new(202, journey());
    let anna = world.phone("anna", ANSWERS);
    let carin = world.phone("carin", ANSWERS);
    let caller = world.phone("+46701234567", Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(4));
    assert_eq!(state(&world, "anna"), "in call");
    world.refer(anna, CARIN);
    world.run(seconds(1));
    assert_ne!(state(&world, "anna"), "free", "she is still on the phone");
    world.run(seconds(3));
    assert!(world.phones[carin].talks() && world.phones[caller].talks());
    assert!(world.phones[anna].is_idle());
    world.run(WRAP_UP);
    assert_eq!(state(&world, "anna"), "free");
    world.hang_up(caller);
    world.run(seconds(60));
    assert_eq!(world.ended, [EndCause::CallerHungUp]);
    world.assert_at_rest();
}

#[test]
fn a_caller_sent_to_a_queue_waits_there_and_whoever_sent_him_is_done() {
    let mut world = World::new(203, journey());
    let anna = world.phone("anna", ANSWERS);
    let bosse = world.phone("bosse", Habit::Rings);
    let carin = world.phone("carin", Habit::Rings);
    world.call(carin, "101");
    world.run(seconds(3));
    assert!(world.phones[anna].talks());
    world.refer(anna, QUEUE);
    world.run(seconds(2));
    assert_eq!(
        since_answered(&world, anna),
        [
            Seen::Referred(202),
            Seen::Notified(100),
            Seen::Notified(200),
            Seen::HungUpOn
        ]
    );
    assert!(world.heard("welcome"));
    // Whoever has been idle longest is rung for her.
    assert_eq!(state(&world, "bosse"), "offered");
    world.hang_up(bosse);
    world.run(seconds(8));
    assert!(world.phones[carin].talks() && world.phones[anna].talks());
    world.hang_up(carin);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn when_the_one_who_sent_him_has_hung_up_his_phone_is_rung_and_only_then_is_the_caller_let_go() {
    for answers in [true, false] {
        let (mut world, [anna, bosse, carin]) = anna_talks_with_bosse(204, Habit::Rings);
        world.refer(bosse, CARIN);
        world.run(seconds(1));
        world.hang_up(bosse);
        world.run(seconds(1));
        assert!(world.phones[anna].talks());
        if !answers {
            world.phones[bosse].habit = BUSY;
        }
        world.hang_up(carin);
        world.run(seconds(3));
        assert_eq!(world.phones[bosse].talks(), answers);
        assert_eq!(world.phones[anna].talks(), answers);
        if answers {
            world.hang_up(anna);
        }
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

// Changes: organisation.transfer_failed
#[test]
fn where_nobody_is_to_be_rung_back_the_caller_s_call_ends() {
    let (mut world, [anna, bosse, carin]) = anna_talks_with_bosse(212, Habit::Rings);
    world.change(|organisation| organisation.transfer_failed = TransferFailed::End);
    world.refer(bosse, CARIN);
    world.run(seconds(1));
    world.hang_up(bosse);
    world.run(seconds(1));
    world.hang_up(carin);
    world.run(seconds(1));
    assert_eq!(world.phones[anna].seen.last(), Some(&Seen::HungUpOn));
    assert!(world.phones[bosse].is_idle());
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn whoever_is_sent_may_hang_up_at_any_moment() {
    for moment_ms in (0..4_000).step_by(100) {
        let (mut world, [anna, bosse, _]) = anna_talks_with_bosse(205, ANSWERS);
        world.refer(bosse, CARIN);
        world.run(std::time::Duration::from_millis(moment_ms));
        world.hang_up(anna);
        world.run(seconds(60));
        assert!(world.phones[bosse].is_idle(), "after {moment_ms} ms");
        world.assert_at_rest();
    }
}

#[test]
fn a_refer_that_can_t_be_done_is_refused_and_the_two_talk_on() {
    for (refer_to, more, status) in [
        ("<sip:999@demo.localhost>", &[][..], 404),
        ("<sip:*11@demo.localhost>", &[], 404),
        ("<sip:103@elsewhere.example>", &[], 404),
        ("<sip:103@demo.localhost;method=BYE>", &[], 403),
        ("<mailto:carin@demo.localhost>", &[], 416),
        ("<sip:103@demo", &[], 400),
        (CARIN, &[(HeaderName::Require, "teleport")], 420),
    ] {
        let (mut world, [anna, bosse, _]) = anna_talks_with_bosse(206, ANSWERS);
        world.refer_with(bosse, refer_to, more);
        world.run(seconds(1));
        assert_eq!(
            since_answered(&world, bosse),
            [Seen::Referred(status)],
            "{refer_to}"
        );
        assert!(world.phones[anna].talks() && world.phones[bosse].talks());
        assert_eq!(world.bridges(), 1);
    }
}

#[test]
fn a_caller_from_outside_sends_nobody_anywhere() {
    let mut world = World::new(207, journey());
    let anna = world.phone("anna", ANSWERS);
    let caller = world.phone("+46701234567", Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(4));
    world.refer(caller, CARIN);
    world.run(seconds(1));
    assert_eq!(since_answered(&world, caller), [Seen::Referred(403)]);
    assert!(world.phones[anna].talks());
}

#[test]
fn a_second_refer_waits_for_the_end_of_the_first() {
    let (mut world, [anna, bosse, _]) = anna_talks_with_bosse(208, Habit::Rings);
    world.refer(bosse, CARIN);
    world.run(seconds(1));
    world.refer(bosse, QUEUE);
    world.refer(anna, QUEUE);
    world.run(seconds(1));
    assert_eq!(
        since_answered(&world, bosse).last(),
        Some(&Seen::Referred(491))
    );
    assert_eq!(
        since_answered(&world, anna).last(),
        Some(&Seen::Referred(403))
    );
}

#[test]
fn whoever_wants_no_reports_gets_none() {
    let (mut world, [anna, bosse, _]) = anna_talks_with_bosse(209, ANSWERS);
    world.refer_with(bosse, CARIN, &[(HeaderName::ReferSub, "false")]);
    world.run(seconds(4));
    assert_eq!(
        since_answered(&world, bosse),
        [Seen::Referred(202), Seen::HungUpOn]
    );
    assert!(world.phones[anna].talks());
}

#[test]
fn both_send_each_other_away_at_once_and_talk_on() {
    let (mut world, [anna, bosse, _]) = anna_talks_with_bosse(210, BUSY);
    world.refer(bosse, CARIN);
    world.run(seconds(2));
    // Each has a call of his own now, so that neither's shard knows of the other's wish.
    world.refer(bosse, QUEUE);
    world.refer(anna, QUEUE);
    world.run(seconds(2));
    for phone in [anna, bosse] {
        assert_eq!(
            since_answered(&world, phone).last(),
            Some(&Seen::Notified(491))
        );
        assert!(world.phones[phone].talks());
    }
    world.hang_up(anna);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn hold_and_resume_reach_across_two_calls() {
    let (mut world, [anna, bosse, _]) = anna_talks_with_bosse(211, BUSY);
    world.refer(bosse, CARIN);
    world.run(seconds(2));
    let (bridges, music) = (world.bridges(), world.music());
    world.reinvite(anna, sip_core::Direction::SendOnly);
    world.run(seconds(1));
    assert_eq!(world.bridges(), bridges);
    assert_eq!(world.music(), music + 2, "both are told to hear music");
    world.reinvite(bosse, sip_core::Direction::SendOnly);
    world.run(seconds(1));
    world.reinvite(anna, sip_core::Direction::SendRecv);
    world.run(seconds(1));
    assert_eq!(world.bridges(), bridges, "one still holds");
    world.reinvite(bosse, sip_core::Direction::SendRecv);
    world.run(seconds(1));
    assert!(world.bridges() > bridges);
    world.hang_up(bosse);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn over_a_bad_network_a_transfer_ends_with_everybody_idle_or_talking() {
    for seed in 0..120 {
        let life = [Life::Whole, Life::Interrupted][usize::from(seed % 4 == 0)];
        let mut world = World::new(3_000 + seed, journey())
            .over(Network {
                lost: 15,
                doubled: 15,
                latency_max_ms: 300,
            })
            .living(life);
        let anna = world.phone("anna", ANSWERS);
        let bosse = world.phone("bosse", ANSWERS);
        let habit = [ANSWERS, BUSY, Habit::Rings, Habit::Dead][seed as usize % 4];
        let carin = world.phone("carin", habit);
        let caller = world.phone("+46701234567", Habit::Rings);
        world.call(caller, NUMBER);
        world.run(seconds(12));
        for _ in 0..3 {
            for phone in [anna, bosse] {
                if world.phones[phone].may_refer() {
                    let to = [CARIN, QUEUE][world.random(2) as usize];
                    world.refer(phone, to);
                    let wait = world.random(3_000);
                    world.run(std::time::Duration::from_millis(wait));
                    if world.random(4) == 0 {
                        world.hang_up(phone);
                    }
                }
            }
            world.run(seconds(10));
        }
        for phone in [anna, bosse, carin, caller] {
            world.hang_up(phone);
        }
        world.run(seconds(200));
        for phone in [anna, bosse, carin, caller] {
            world.hang_up(phone);
        }
        world.run(seconds(200));
        assert_eq!(
            world.shard.calls_count(),
            0,
            "seed {seed}: {:#?}",
            world.shard.calls()
        );
        assert_eq!(world.shard.legs_count(), 0, "seed {seed}");
        world.engine.check_invariants().unwrap();
        for name in ["anna", "bosse"] {
            assert_eq!(state(&world, name), "free", "seed {seed}: {name}");
        }
    }
}

#[test]
fn an_agent_who_transfers_before_the_queue_has_joined_him_with_the_caller_is_heard() {
    for gives_up in [false, true] {
        let mut world = World::new(220, journey());
        world.answers_take = std::time::Duration::from_millis(300);
        let anna = world.phone("anna", ANSWERS);
        let carin = world.phone("carin", ANSWERS);
        let caller = world.phone("+46701234567", Habit::Rings);
        world.call(caller, NUMBER);
        while !world.phones[anna].talks() {
            world.run(std::time::Duration::from_millis(10));
        }
        assert_eq!(world.bridges(), 0, "the queue has not joined them yet");
        world.refer(anna, CARIN);
        // One more than may wait.
        world.refer(anna, CARIN);
        world.run(std::time::Duration::from_millis(50));
        assert_eq!(world.phones[anna].seen.last(), Some(&Seen::Referred(491)));
        if gives_up {
            world.hang_up(anna);
            world.run(seconds(1));
            assert!(world.phones[anna].seen.contains(&Seen::Referred(481)));
            world.hang_up(caller);
        } else {
            world.run(seconds(6));
            assert!(world.phones[anna].seen.contains(&Seen::Referred(202)));
            assert!(world.phones[anna].seen.contains(&Seen::Notified(200)));
            assert!(world.phones[carin].talks() && world.phones[caller].talks());
            assert_eq!(world.bridges(), 2);
            world.hang_up(caller);
        }
        world.run(seconds(60));
        assert_eq!(world.shard.calls_count(), 0);
        assert_eq!(world.shard.legs_count(), 0);
    }
}

#[test]
fn a_transfer_to_a_full_queue_fails_and_whoever_asked_for_it_has_the_party_back() {
    let (mut world, [anna, bosse, _]) = anna_talks_with_bosse(221, ANSWERS);
    world.fill_the_queue();
    world.refer(anna, QUEUE);
    world.run(seconds(2));
    assert_eq!(
        since_answered(&world, anna),
        [
            Seen::Referred(202),
            Seen::Notified(100),
            Seen::Notified(486)
        ]
    );
    assert!(world.phones[anna].talks() && world.phones[bosse].talks());
}
