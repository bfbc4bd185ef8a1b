//! Several agents rung for one caller: whose answer counts, and what the others see and are blamed for.

use crate::phone::{Habit, Seen};
use crate::world::{NUMBER, Network, WRAP_UP, World, journey};
use crate::{ANSWERS, seconds, state};
use acd::Policy;
use call::EndCause;
use sip_core::StatusCode;

/// Anna and bosse, who ring at once for a caller.
fn floor(seed: u64, anna: Habit, bosse: Habit) -> (World, [usize; 3]) {
    let mut world = World::new(seed, journey());
    world.set_policy(Policy::RingAll);
    let agents = [world.phone("anna", anna), world.phone("bosse", bosse)];
    let caller = world.phone("caller", Habit::Rings);
    (world, [agents[0], agents[1], caller])
}

#[test]
fn the_first_agent_to_answer_has_the_caller_and_the_others_phones_show_no_missed_call() {
    let (mut world, [anna, bosse, caller]) = floor(401, Habit::Rings, ANSWERS);
    world.call(caller, NUMBER);
    world.run(seconds(1));
    assert_eq!(world.phones[anna].seen, [Seen::Invited]);
    assert_eq!(world.phones[bosse].seen, [Seen::Invited]);
    world.run(seconds(2));
    assert!(world.phones[bosse].talks());
    assert_eq!(world.phones[anna].seen, [Seen::Invited, Seen::Cancelled]);
    let reason = world.phones[anna].reason.as_deref();
    let elsewhere = "SIP;cause=200;text=\"Call completed elsewhere\"";
    assert_eq!(reason, Some(elsewhere));
    assert_eq!(world.misses("anna"), (0, 0));
    assert_eq!(
        (state(&world, "anna"), state(&world, "bosse")),
        ("free", "in call")
    );
    assert_eq!(world.bridges(), 1);
    world.hang_up(caller);
    world.run(WRAP_UP + seconds(60));
    assert_eq!(world.ended, [EndCause::CallerHungUp]);
    world.assert_at_rest();
}

#[test]
fn two_agents_who_answer_at_once_make_one_call_and_the_late_one_hears_bye_and_counts_no_miss() {
    for seed in 410..430 {
        let (world, [anna, bosse, caller]) = floor(seed, ANSWERS, ANSWERS);
        let mut world = world.over(Network {
            lost: 10,
            doubled: 5,
            latency_max_ms: 40,
        });
        world.call(caller, NUMBER);
        world.run(seconds(60));
        let talking = [anna, bosse].map(|phone| world.phones[phone].talks());
        assert_ne!(talking[0], talking[1], "exactly one talks, seed {seed}");
        let late = ["anna", "bosse"][usize::from(talking[0])];
        assert_eq!(world.misses(late).0, 0, "seed {seed}");
        assert_eq!(world.bridges(), 1, "seed {seed}");
        world.hang_up(caller);
        world.run(seconds(200));
        world.assert_at_rest();
    }
}

#[test]
fn who_declines_is_out_of_it_while_the_others_ring_on() {
    let declines = Habit::Refuses(StatusCode::DECLINE);
    let (mut world, [anna, bosse, caller]) = floor(402, declines, ANSWERS);
    world.call(caller, NUMBER);
    world.run(seconds(1));
    assert_eq!(world.phones[anna].seen, [Seen::Invited]);
    assert_eq!(state(&world, "anna"), "deferred");
    assert_eq!(world.phones[bosse].seen, [Seen::Invited]);
    world.run(seconds(2));
    assert!(world.phones[bosse].talks() && world.phones[caller].talks());
    world.hang_up(bosse);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_caller_who_hangs_up_stops_every_phone_that_rings_for_him() {
    let (mut world, [anna, bosse, caller]) = floor(403, Habit::Rings, Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(1));
    world.hang_up(caller);
    world.run(seconds(1));
    for (phone, name) in [(anna, "anna"), (bosse, "bosse")] {
        let seen = &world.phones[phone].seen;
        assert_eq!(*seen, [Seen::Invited, Seen::Cancelled]);
        assert_eq!((state(&world, name), world.misses(name)), ("free", (0, 0)));
    }
    world.run(seconds(60));
    world.assert_at_rest();
}
