//! Channels of trunks, and how much may be called outside: what is full is refused, and all of it comes back.

use crate::outside::{OUTSIDE, invites, with_trunks};
use crate::phone::{Habit, Seen};
use crate::world::{Life, NUMBER, Network, World, user};
use crate::{ANSWERS, seconds};
use call::forward::Forwards;
use call::ledger::Bounds;
use call::settings::{Directory, Organisation};
use call::{EndCause, RefusedCause};
use sip_core::StatusCode;
use std::time::Duration;

fn with(count: u16, set: impl FnOnce(&mut Organisation)) -> Directory {
    let mut directory = with_trunks(count);
    set(directory.organisations.values_mut().next().unwrap());
    directory
}

/// So many channels on the trunk of that number.
fn channels(demo: &mut Organisation, trunk: usize, channels: u32) {
    let trunk = demo.trunks.values_mut().nth(trunk).unwrap();
    trunk.channels = Some(channels);
    trunk.sources = vec!["127.0.0.0/8".parse().unwrap()];
}

fn bounds(demo: &mut Organisation) -> &mut Bounds {
    &mut demo.outward.plans.values_mut().next().unwrap().bounds
}

#[test]
fn a_trunk_with_all_channels_in_use_passes_the_call_to_the_next_and_then_there_is_no_service() {
    let directory = with(2, |demo| {
        channels(demo, 0, 1);
        channels(demo, 1, 1);
    });
    let mut world = World::of(1, directory);
    let providers = [0, 1].map(|_| world.phone("provider", ANSWERS));
    let callers = ["anna", "bosse", "carin"].map(|name| world.phone(name, Habit::Rings));
    for caller in callers {
        world.call(caller, OUTSIDE);
        world.run(seconds(4));
    }
    assert!(providers.iter().all(|phone| world.phones[*phone].talks()));
    assert_eq!(world.phones[callers[2]].seen, [Seen::Refused(503)]);
    assert_eq!(world.outside_refused, [RefusedCause::TrunkFull]);
    world.hang_up(callers[0]);
    world.run(seconds(2));
    world.call(callers[2], OUTSIDE);
    world.run(seconds(4));
    assert_eq!(world.phones[callers[2]].seen.last(), Some(&Seen::Answered));
    assert_eq!(world.channels_most, 2);
    world.hang_up(callers[1]);
    world.hang_up(callers[2]);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_trunk_s_channels_are_for_calls_in_and_out_and_a_caller_beyond_them_is_told_busy() {
    let directory = with(1, |demo| channels(demo, 0, 2));
    let mut world = World::of(2, directory);
    let provider = world.phone("provider", ANSWERS);
    let anna = world.phone("anna", Habit::Rings);
    let callers = [1, 2].map(|n| world.phone(&format!("+4670123456{n}"), Habit::Rings));
    world.call(anna, OUTSIDE);
    world.run(seconds(4));
    assert!(world.phones[provider].talks());
    for caller in callers {
        world.call(caller, NUMBER);
        world.run(seconds(1));
    }
    assert_eq!(
        world.phones[callers[0]].seen,
        [Seen::Ringing, Seen::Answered]
    );
    assert_eq!(world.phones[callers[1]].seen, [Seen::Refused(486)]);
    assert_eq!(world.refused, [RefusedCause::TrunkFull]);
    for phone in [anna, callers[0]] {
        world.hang_up(phone);
    }
    world.run(seconds(60));
    world.assert_at_rest();
}

// Changes: organisation.channels
#[test]
fn an_organisation_s_channels_bound_all_its_trunks_together() {
    let directory = with(2, |demo| demo.outward.channels = Some(1));
    let mut world = World::of(3, directory);
    let providers = [0, 1].map(|_| world.phone("provider", ANSWERS));
    let callers = ["anna", "bosse"].map(|name| world.phone(name, Habit::Rings));
    for caller in callers {
        world.call(caller, OUTSIDE);
        world.run(seconds(4));
    }
    assert_eq!(world.phones[providers[1]].seen, []);
    assert_eq!(world.phones[callers[1]].seen, [Seen::Refused(503)]);
    assert_eq!(world.outside_refused, [RefusedCause::OrganisationFull]);
    world.hang_up(callers[0]);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn one_call_at_once_is_still_one_while_its_trunk_fails_and_the_next_is_tried() {
    for first in [Habit::Refuses(StatusCode::SERVICE_UNAVAILABLE), Habit::Dead] {
        let directory = with(2, |demo| {
            bounds(demo).at_once = Some(1);
            demo.outward.channels = Some(1);
        });
        let mut world = World::of(4, directory);
        world.phone("provider", first);
        let second = world.phone("provider", ANSWERS);
        let anna = world.phone("anna", Habit::Rings);
        world.call(anna, OUTSIDE);
        world.run(seconds(10));
        assert!(world.phones[second].talks(), "{first:?}");
        world.hang_up(anna);
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

// Changes: plans.calls_at_once
#[test]
fn who_has_as_many_calls_outside_as_he_may_is_refused_and_the_emergency_number_never_is() {
    let directory = with(1, |demo| {
        *bounds(demo) = Bounds {
            at_once: Some(1),
            calls_per_hour: Some(1),
            minutes_per_hour: Some(1),
            minutes_per_day: Some(1),
        };
        let anna = demo.users.get_mut(&user("anna")).unwrap();
        anna.forwards = Forwards {
            always: Some(OUTSIDE.into()),
            ..Forwards::default()
        };
    });
    let mut world = World::of(5, directory);
    let provider = world.phone("provider", Habit::Rings);
    let anna = world.phone("anna", Habit::Rings);
    let carin = world.phone("carin", Habit::Rings);
    world.call(anna, OUTSIDE);
    world.run(seconds(1));
    world.call(carin, "101");
    world.run(seconds(1));
    assert_eq!(world.phones[carin].seen, [Seen::Refused(403)]);
    assert_eq!(world.outside_refused, [RefusedCause::OutsideAtOnce]);
    world.hang_up(anna);
    world.run(seconds(1));
    world.call(carin, "101");
    world.run(seconds(1));
    assert_eq!(
        world.outside_refused.last(),
        Some(&RefusedCause::OutsideCallsUsedUp)
    );
    world.change(|demo| {
        channels(demo, 0, 1);
        demo.outward.channels = Some(1);
    });
    world.phones[provider].habit = ANSWERS;
    let caller = world.phone("+46709999999", Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(2));
    assert_eq!(world.channels_most, 1, "the only channel");
    for _ in 0..2 {
        world.call(anna, "112");
        // Longer than any minutes that anybody has.
        world.run(seconds(200));
        assert!(world.phones[anna].talks());
        world.hang_up(anna);
        world.run(seconds(2));
    }
    let emergency = |invite: &&&sip_core::Request| invite.uri.user() == Some("112");
    let called = invites(&world, provider).iter().filter(emergency).count();
    assert_eq!(called, 2);
    world.hang_up(caller);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_call_that_has_used_up_the_minutes_is_ended_and_both_are_told_why() {
    let directory = with(1, |demo| bounds(demo).minutes_per_hour = Some(2));
    let mut world = World::of(6, directory);
    let provider = world.phone("provider", Habit::Answers(Duration::ZERO));
    let anna = world.phone("anna", Habit::Rings);
    world.call(anna, OUTSIDE);
    world.run(seconds(118));
    assert!(world.phones[anna].talks() && world.phones[provider].talks());
    world.run(seconds(4));
    let why = "SIP;cause=403;text=\"No minutes left\"";
    // A trunk hears it in the telephone network's words as well.
    for (phone, said) in [(anna, why), (provider, &format!("{why}, Q.850;cause=16"))] {
        assert_eq!(world.phones[phone].seen.last(), Some(&Seen::HungUpOn));
        assert_eq!(world.phones[phone].reason.as_deref(), Some(said));
    }
    assert_eq!(world.ended, [EndCause::MinutesUsedUp]);
    world.call(anna, OUTSIDE);
    world.run(seconds(1));
    assert_eq!(world.phones[anna].seen.last(), Some(&Seen::Refused(403)));
    assert_eq!(world.outside_refused, [RefusedCause::OutsideMinutesUsedUp]);
    world.run(seconds(66 * 60));
    world.call(anna, OUTSIDE);
    world.run(seconds(1));
    assert!(world.phones[anna].talks(), "an hour later");
    world.hang_up(anna);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_call_that_the_payer_has_sent_on_is_still_paid_for_by_the_minute() {
    let directory = with(1, |demo| bounds(demo).minutes_per_hour = Some(2));
    let mut world = World::of(7, directory);
    let provider = world.phone("provider", Habit::Answers(Duration::ZERO));
    let anna = world.phone("anna", Habit::Rings);
    let carin = world.phone("carin", Habit::Answers(Duration::ZERO));
    world.call(anna, OUTSIDE);
    world.run(seconds(2));
    world.refer(anna, "<sip:103@127.0.0.1>");
    world.run(seconds(20));
    assert!(world.phones[carin].talks() && world.phones[provider].talks());
    world.run(seconds(110));
    assert!(!world.phones[carin].talks() && !world.phones[provider].talks());
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn whoever_forwards_is_held_to_his_bounds_and_not_the_caller() {
    let directory = with(1, |demo| {
        bounds(demo).calls_per_hour = Some(1);
        let bosse = demo.users.get_mut(&user("bosse")).unwrap();
        bosse.forwards = Forwards {
            always: Some(OUTSIDE.into()),
            ..Forwards::default()
        };
    });
    let mut world = World::of(8, directory);
    world.phone("provider", ANSWERS);
    let anna = world.phone("anna", Habit::Rings);
    let carin = world.phone("carin", Habit::Rings);
    world.call(anna, "102");
    world.run(seconds(4));
    assert_eq!(world.phones[anna].seen.last(), Some(&Seen::Answered));
    world.hang_up(anna);
    world.run(seconds(2));
    world.call(carin, "102");
    world.run(seconds(2));
    assert_eq!(
        world.phones[carin].seen,
        [Seen::Refused(403)],
        "his are used up"
    );
    world.call(anna, OUTSIDE);
    world.run(seconds(4));
    assert_eq!(world.phones[anna].seen.last(), Some(&Seen::Answered));
    world.hang_up(anna);
    world.run(seconds(60));
    world.assert_at_rest();
}

/// Calls in and out over two trunks with few channels and a bad network, in two shards, answered late: never more
/// than there are, and all come back.
fn bad_network(seed: u64, life: Life) -> Vec<String> {
    const CHANNELS: u32 = 3;
    let network = Network {
        lost: 15,
        doubled: 15,
        latency_max_ms: 300,
    };
    let directory = with(2, |demo| {
        channels(demo, 0, 1);
        channels(demo, 1, 2);
        demo.outward.channels = Some(CHANNELS);
        *bounds(demo) = Bounds {
            at_once: Some(1),
            calls_per_hour: Some(9),
            minutes_per_hour: Some(2),
            minutes_per_day: None,
        };
    });
    let mut world = World::of(seed, directory)
        .of_two_shards()
        .over(network)
        .living(life);
    world.answers_take = Duration::from_millis(world.random(400));
    let habits = [
        Habit::Refuses(StatusCode::SERVICE_UNAVAILABLE),
        Habit::Dead,
        ANSWERS,
        Habit::Rings,
    ];
    for _ in 0..2 {
        let habit = habits[world.random(4) as usize];
        world.phone("provider", habit);
    }
    let insiders = ["anna", "bosse"].map(|name| world.phone(name, ANSWERS));
    let outsiders = ["+46701111111", "+46702222222"].map(|name| world.phone(name, Habit::Rings));
    for _ in 0..6 {
        for phone in insiders {
            match world.random(3) {
                0 if world.phones[phone].is_idle() => world.call(phone, OUTSIDE),
                1 => world.hang_up(phone),
                _ => {}
            }
        }
        for phone in outsiders {
            match world.random(3) {
                0 if world.phones[phone].is_idle() => world.call(phone, NUMBER),
                1 => world.hang_up(phone),
                _ => {}
            }
        }
        let span = Duration::from_millis(world.random(9_000));
        world.run(span);
    }
    for phone in insiders.into_iter().chain(outsiders) {
        world.hang_up(phone);
    }
    world.run(seconds(400));
    assert!(world.channels_most <= CHANNELS, "seed {seed}");
    // Where a BYE was lost to a phone that had gone, the server goes down.
    world.end_all();
    world.run(seconds(100));
    assert!(world.ledger.is_idle(), "seed {seed}: {:?}", world.ledger);
    assert!(world.media_open.is_empty(), "seed {seed}");
    world.diary
}

#[test]
fn channels_are_never_more_than_there_are_and_all_come_back_whatever_the_network_does() {
    for seed in 0..120 {
        let whole = bad_network(seed, Life::Whole);
        if seed < 8 {
            assert_eq!(whole, bad_network(seed, Life::Interrupted), "seed {seed}");
        }
    }
}

// Changes: organisation.outside, organisation.outside.calls_at_once, organisation.outside.calls_per_hour
#[test]
fn an_organisation_s_bounds_on_calls_hold_for_all_its_people_together() {
    let at_once = Bounds {
        at_once: Some(1),
        ..Bounds::default()
    };
    let by_hour = Bounds {
        calls_per_hour: Some(1),
        ..Bounds::default()
    };
    for bounds in [at_once, by_hour] {
        let hangs_up = bounds.at_once.is_none();
        let mut world = World::of(31, with(1, |demo| demo.outward.bounds = bounds));
        world.phone("provider", ANSWERS);
        let [anna, bosse] = ["anna", "bosse"].map(|name| world.phone(name, Habit::Rings));
        world.call(anna, OUTSIDE);
        world.run(seconds(5));
        assert!(world.phones[anna].talks());
        if hangs_up {
            world.hang_up(anna);
            world.run(seconds(5));
        }
        world.call(bosse, OUTSIDE);
        world.run(seconds(5));
        assert_eq!(world.phones[bosse].seen, [Seen::Refused(403)]);
    }
}

// Changes: organisation.outside.minutes_per_hour, organisation.outside.minutes_per_day, plans.minutes_per_day
#[test]
fn minutes_are_bounded_by_hour_and_by_day_for_each_and_for_all() {
    for directory in [
        with(1, |demo| demo.outward.bounds.minutes_per_hour = Some(2)),
        with(1, |demo| demo.outward.bounds.minutes_per_day = Some(2)),
        with(1, |demo| bounds(demo).minutes_per_day = Some(2)),
    ] {
        let mut world = World::of(32, directory);
        world.phone("provider", Habit::Answers(Duration::ZERO));
        let anna = world.phone("anna", Habit::Rings);
        world.call(anna, OUTSIDE);
        world.run(seconds(118));
        assert!(world.phones[anna].talks());
        world.run(seconds(4));
        assert_eq!(world.ended, [EndCause::MinutesUsedUp]);
    }
}
