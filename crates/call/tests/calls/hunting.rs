//! A user is rung on all his devices: by whom he is found, and what each device's answer means for the others.

use crate::phone::{Habit, Seen};
use crate::world::{NUMBER, RING, World, journey};
use crate::{ANSWERS, seconds, state};
use call::settings::Devices;
use sip_core::StatusCode;
use std::time::Duration;

const BUSY: Habit = Habit::Refuses(StatusCode::BUSY_HERE);
const DECLINES: Habit = Habit::Refuses(StatusCode::DECLINE);
const BROKEN: Habit = Habit::Refuses(StatusCode::SERVER_INTERNAL_ERROR);

/// Anna, and two devices of bosse's.
fn colleagues(seed: u64, one: Habit, other: Habit) -> (World, [usize; 3]) {
    let mut world = World::new(seed, journey());
    let anna = world.phone("anna", Habit::Rings);
    let phones = [anna, world.phone("bosse", one), world.phone("bosse", other)];
    (world, phones)
}

#[test]
fn a_colleague_is_rung_on_all_his_devices_and_the_first_to_answer_ends_the_others() {
    let (mut world, [anna, one, other]) = colleagues(101, Habit::Rings, ANSWERS);
    world.call(anna, "102");
    world.run(seconds(1));
    assert_eq!(world.phones[one].seen, [Seen::Invited]);
    assert_eq!(state(&world, "bosse"), "own call");
    world.run(seconds(2));
    assert!(world.phones[other].talks());
    assert_eq!(world.phones[one].seen, [Seen::Invited, Seen::Cancelled]);
    let reason = world.phones[one].reason.as_deref();
    assert_eq!(
        reason,
        Some("SIP;cause=200;text=\"Call completed elsewhere\"")
    );
    assert_eq!(world.phones[anna].seen, [Seen::Ringing, Seen::Answered]);
    assert_eq!(world.bridges(), 1);
    world.hang_up(other);
    world.run(seconds(60));
    assert_eq!(state(&world, "bosse"), "free");
    world.assert_at_rest();
}

#[test]
fn two_devices_answered_at_once_make_one_call_and_the_other_hears_bye() {
    let (mut world, [anna, one, other]) = colleagues(102, ANSWERS, ANSWERS);
    world.call(anna, "102");
    world.run(seconds(4));
    let talking = [one, other].map(|phone| world.phones[phone].talks());
    assert_ne!(talking[0], talking[1], "exactly one talks");
    assert_eq!(world.bridges(), 1);
    world.hang_up(anna);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn what_a_device_refuses_counts_for_the_caller_only_when_no_other_is_left() {
    for (one, other, expected) in [
        (BUSY, ANSWERS, vec![Seen::Ringing, Seen::Answered]),
        (Habit::Dead, ANSWERS, vec![Seen::Ringing, Seen::Answered]),
        (BUSY, BROKEN, vec![Seen::Refused(486)]),
        (BROKEN, Habit::Dead, vec![Seen::Refused(480)]),
        (BUSY, Habit::Rings, vec![Seen::Ringing, Seen::Refused(480)]),
    ] {
        let (mut world, [anna, ..]) = colleagues(103, one, other);
        world.call(anna, "102");
        world.run(seconds(40));
        assert_eq!(world.phones[anna].seen, expected, "{one:?} {other:?}");
        world.hang_up(anna);
        world.run(seconds(60));
        assert_eq!(state(&world, "bosse"), "free");
        world.assert_at_rest();
    }
}

#[test]
fn a_colleague_who_declines_on_one_device_is_not_rung_on_the_others_any_more() {
    let (mut world, [anna, one, _]) = colleagues(104, Habit::Rings, DECLINES);
    world.call(anna, "102");
    world.run(seconds(1));
    assert_eq!(world.phones[one].seen, [Seen::Invited, Seen::Cancelled]);
    let reason = world.phones[one].reason.as_deref();
    let over = "SIP;cause=487;text=\"Request Terminated\"";
    assert_eq!(reason, Some(over), "it was completed nowhere");
    let seen = &world.phones[anna].seen;
    assert_eq!(seen.last(), Some(&Seen::Refused(603)));
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn devices_that_a_user_prefers_less_ring_once_the_others_have_had_their_time_or_refused() {
    for (first, waits) in [(Habit::Rings, true), (BUSY, false)] {
        let (mut world, [anna, _, second]) = colleagues(105, first, ANSWERS);
        world.phones[second].q = 500;
        world.call(anna, "102");
        world.run(seconds(9));
        let rung = !world.phones[second].seen.is_empty();
        assert_eq!(rung, !waits, "{first:?}");
        world.run(seconds(4));
        assert!(world.phones[second].talks(), "{first:?}");
        world.hang_up(anna);
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

// Changes: users.devices
#[test]
fn of_a_user_who_wants_it_so_only_the_newest_device_rings() {
    let (mut world, [anna, one, other]) = colleagues(106, Habit::Rings, ANSWERS);
    world.set_user("bosse", |user| user.devices = Devices::Newest);
    world.call(anna, "102");
    world.run(seconds(40));
    // The world lists its phones newest first.
    assert!(world.phones[other].seen.is_empty());
    assert_eq!(world.phones[one].seen, [Seen::Invited, Seen::Cancelled]);
    world.run(seconds(60));
    world.assert_at_rest();
}

/// A caller in the queue, and two devices of anna's, who is alone.
fn offered(seed: u64, one: Habit, other: Habit) -> (World, [usize; 3]) {
    let mut world = World::new(seed, journey());
    let phones = [
        world.phone("anna", one),
        world.phone("anna", other),
        world.phone("caller", Habit::Rings),
    ];
    world.call(phones[2], NUMBER);
    world.run(Duration::from_millis(500));
    (world, phones)
}

#[test]
fn an_offer_rings_all_devices_of_the_agent_and_is_one_offer() {
    let (mut world, [one, other, caller]) = offered(107, Habit::Rings, ANSWERS);
    world.run(seconds(3));
    assert!(world.phones[other].talks() && world.phones[caller].talks());
    assert_eq!(world.phones[one].seen, [Seen::Invited, Seen::Cancelled]);
    assert!(world.phones[one].reason.is_some());
    assert_eq!(world.misses("anna"), (0, 0));
    world.hang_up(caller);
    world.run(seconds(60));
    world.assert_at_rest();

    let (mut world, [one, other, caller]) = offered(108, Habit::Rings, Habit::Rings);
    world.run(RING + seconds(1));
    for phone in [one, other] {
        assert_eq!(
            world.phones[phone].seen[..2],
            [Seen::Invited, Seen::Cancelled]
        );
    }
    assert_eq!(world.misses("anna"), (1, 0), "one offer, one miss");
    world.hang_up(caller);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn an_agent_who_declines_on_one_device_has_declined_and_one_broken_device_is_no_fault_of_his() {
    let (mut world, [one, _, caller]) = offered(109, Habit::Rings, DECLINES);
    world.run(seconds(1));
    assert_eq!(world.phones[one].seen, [Seen::Invited, Seen::Cancelled]);
    assert_eq!(state(&world, "anna"), "deferred");
    world.hang_up(caller);
    world.run(seconds(60));
    world.assert_at_rest();

    let (mut world, [_, other, caller]) = offered(110, BROKEN, ANSWERS);
    world.run(seconds(3));
    assert!(world.phones[other].talks());
    assert_eq!(world.misses("anna"), (0, 0));
    world.hang_up(caller);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn when_the_caller_hangs_up_every_device_stops_and_none_of_a_later_round_begins() {
    let (mut world, [one, other, caller]) = offered(111, Habit::Rings, Habit::Rings);
    world.phones[other].q = 1;
    world.hang_up(caller);
    world.run(seconds(60));
    for phone in [one, other] {
        assert_eq!(world.phones[phone].seen, [Seen::Invited, Seen::Cancelled]);
    }
    assert_eq!(state(&world, "anna"), "free");
    world.assert_at_rest();

    let (mut world, [anna, _, second]) = colleagues(112, Habit::Rings, Habit::Rings);
    world.phones[second].q = 1;
    world.call(anna, "102");
    world.run(seconds(3));
    world.hang_up(anna);
    world.run(seconds(60));
    assert!(world.phones[second].seen.is_empty());
    world.assert_at_rest();
}
