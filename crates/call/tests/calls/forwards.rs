//! People's calls that go elsewhere, by their own settings and on their own account.

use crate::outside::{OUTSIDE, invites, with_trunks};
use crate::phone::{Habit, Seen};
use crate::world::{Life, NUMBER, Network, World, directory, journey};
use crate::{ANSWERS, seconds, state};
use call::forward::Forwards;
use call::{EndCause, RefusedCause};
use sip_core::StatusCode;
use std::time::Duration;

const BUSY: Habit = Habit::Refuses(StatusCode::BUSY_HERE);

fn to(number: &str) -> Option<Box<str>> {
    Some(number.into())
}

pub(crate) fn always(number: &str) -> Forwards {
    Forwards {
        always: to(number),
        ..Forwards::default()
    }
}

/// To carin for all causes but the first.
fn otherwise() -> Forwards {
    Forwards {
        busy: to("103"),
        no_answer: to("103"),
        no_answer_after: Some(seconds(10)),
        ..Forwards::default()
    }
}

fn world(seed: u64, forwards: Forwards) -> World {
    let mut world = World::of(seed, directory(journey()));
    world.set_user("bosse", |bosse| bosse.forwards = forwards);
    world
}

#[test]
fn where_all_calls_are_forwarded_no_phone_rings_but_the_other() {
    let mut world = world(1, always("103"));
    let bosse = world.phone("bosse", ANSWERS);
    let carin = world.phone("carin", ANSWERS);
    let anna = world.phone("anna", Habit::Rings);
    world.call(anna, "102");
    world.run(seconds(3));
    assert_eq!(world.phones[anna].seen, [Seen::Ringing, Seen::Answered]);
    assert_eq!(world.phones[bosse].seen, []);
    assert!(world.phones[carin].talks());
    assert_eq!(state(&world, "bosse"), "free", "he is in no call");
    assert_eq!(world.bridges(), 1);
    world.hang_up(anna);
    world.run(seconds(60));
    world.assert_at_rest();
}

// Changes: users.forward.unreachable
#[test]
fn a_call_is_forwarded_when_nobody_answers_when_busy_and_when_nothing_can_be_reached() {
    for (habit, after) in [
        (Habit::Rings, 10),
        (BUSY, 0),
        (Habit::Refuses(StatusCode::DECLINE), 0),
        (Habit::Refuses(StatusCode::SERVER_INTERNAL_ERROR), 0),
        (Habit::Dead, 4),
    ] {
        let mut world = world(2, otherwise());
        let bosse = world.phone("bosse", habit);
        let carin = world.phone("carin", ANSWERS);
        let anna = world.phone("anna", Habit::Rings);
        world.call(anna, "102");
        world.run(seconds(after) + Duration::from_millis(500));
        assert_eq!(world.phones[carin].seen, [Seen::Invited], "{habit:?}");
        world.run(seconds(3));
        assert_eq!(
            world.phones[anna].seen.last(),
            Some(&Seen::Answered),
            "{habit:?}"
        );
        assert!(!world.phones[bosse].talks());
        world.hang_up(carin);
        world.run(seconds(60));
        assert_eq!(world.ended, [EndCause::CalleeHungUp]);
        world.assert_at_rest();
    }
}

#[test]
fn what_is_only_forwarded_when_busy_stays_where_nobody_answers() {
    let forwards = Forwards {
        busy: to("103"),
        ..Forwards::default()
    };
    let mut world = world(3, forwards);
    world.phone("bosse", Habit::Rings);
    let carin = world.phone("carin", ANSWERS);
    let anna = world.phone("anna", Habit::Rings);
    world.call(anna, "102");
    world.run(seconds(40));
    assert_eq!(world.phones[anna].seen, [Seen::Ringing, Seen::Refused(480)]);
    assert_eq!(world.phones[carin].seen, []);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_group_and_a_queue_ring_their_own_people_whatever_those_forward() {
    let mut world = world(4, always("103"));
    let bosse = world.phone("bosse", ANSWERS);
    let carin = world.phone("carin", ANSWERS);
    let caller = world.phone("+46701234567", Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(4));
    assert!(world.phones[bosse].talks());
    assert_eq!(world.phones[carin].seen, []);
    world.hang_up(caller);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn forwards_that_lead_round_in_a_circle_end() {
    let mut world = world(5, always("103"));
    world.set_user("carin", |carin| carin.forwards = always("102"));
    let phones = [world.phone("bosse", ANSWERS), world.phone("carin", ANSWERS)];
    let anna = world.phone("anna", Habit::Rings);
    world.call(anna, "102");
    world.run(seconds(2));
    assert_eq!(world.phones[anna].seen, [Seen::Refused(480)]);
    assert_eq!(world.refused, [RefusedCause::ForwardedTooOften]);
    for phone in phones {
        assert_eq!(world.phones[phone].seen, []);
    }
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_call_that_may_pass_no_more_servers_is_not_forwarded() {
    let mut world = world(6, always("103"));
    let carin = world.phone("carin", ANSWERS);
    let anna = world.phone("anna", Habit::Rings);
    world.call_with(anna, "102", &[(sip_core::HeaderName::MaxForwards, "1")]);
    world.run(seconds(2));
    assert_eq!(world.phones[anna].seen, [Seen::Refused(480)]);
    assert_eq!(world.phones[carin].seen, []);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_caller_from_outside_is_forwarded_outside_with_the_rights_of_whoever_forwards() {
    for (plan, goes) in [(Some("home"), true), (None, false)] {
        let mut directory = with_trunks(1);
        let demo = directory.organisations.values_mut().next().unwrap();
        demo.outward.common.plan = plan.map(Box::from);
        let bosse = crate::world::user("bosse");
        demo.users.get_mut(&bosse).unwrap().forwards = always(OUTSIDE);
        let to_bosse = call::settings::Destination::User(bosse);
        demo.numbers.insert("+46850001002".into(), to_bosse.into());
        let provider = demo.trunks.keys().next().unwrap().clone();
        demo.trunks.get_mut(&provider).unwrap().sources = vec!["127.0.0.0/8".parse().unwrap()];
        let mut world = World::of(7, directory);
        let provider = world.phone("provider", ANSWERS);
        let caller = world.phone("+46709999999", Habit::Rings);
        world.call_with(
            caller,
            "+46850001002",
            &[(sip_core::HeaderName::MaxForwards, "20")],
        );
        world.run(seconds(4));
        if goes {
            assert_eq!(world.phones[caller].seen.last(), Some(&Seen::Answered));
            let invite = invites(&world, provider)[0];
            assert_eq!(invite.uri.user(), Some("+46701234567"));
            let hops = invite.headers.max_forwards().unwrap();
            assert_eq!(hops, Some(18), "one for us, one for the forward");
            world.hang_up(caller);
        } else {
            assert_eq!(world.phones[caller].seen, [Seen::Refused(403)]);
            assert_eq!(world.phones[provider].seen, []);
            assert_eq!(world.outside_refused, [RefusedCause::NoPlan]);
        }
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

#[test]
fn nothing_is_forwarded_to_oneself_to_nobody_or_to_the_police() {
    for number in ["102", "999", "112", "*11"] {
        let mut world = World::of(8, with_trunks(1));
        let provider = world.phone("provider", ANSWERS);
        world.set_user("bosse", |bosse| bosse.forwards = always(number));
        let bosse = world.phone("bosse", ANSWERS);
        let anna = world.phone("anna", Habit::Rings);
        world.call(anna, "102");
        world.run(seconds(3));
        assert!(world.phones[bosse].talks(), "{number}");
        assert_eq!(world.phones[provider].seen, [], "{number}");
    }
}

/// Calls that are forwarded from one to the next over a bad network; everything comes to rest.
fn bad_network(seed: u64, life: Life) -> Vec<String> {
    let network = Network {
        lost: 15,
        doubled: 15,
        latency_max_ms: 300,
    };
    let mut directory = with_trunks(1);
    let demo = directory.organisations.values_mut().next().unwrap();
    let mut set = |name: &str, forwards: Forwards| {
        let user = demo.users.get_mut(&crate::world::user(name));
        user.unwrap().forwards = forwards;
    };
    set("bosse", otherwise());
    set(
        "carin",
        Forwards {
            busy: to("102"),
            no_answer: to(OUTSIDE),
            no_answer_after: Some(seconds(3)),
            ..Forwards::default()
        },
    );
    let mut world = World::of(seed, directory).over(network).living(life);
    world.phone("provider", ANSWERS);
    let habits = [Habit::Rings, BUSY, Habit::Dead, ANSWERS];
    for name in ["bosse", "carin"] {
        let habit = habits[world.random(4) as usize];
        world.phone(name, habit);
    }
    let anna = world.phone("anna", Habit::Rings);
    world.call(anna, "102");
    let span = Duration::from_millis(200 + world.random(25_000));
    world.run(span);
    world.hang_up(anna);
    world.run(seconds(400));
    assert_eq!(world.shard.calls_count(), 0, "seed {seed}");
    assert_eq!(world.shard.legs_count(), 0, "seed {seed}");
    assert!(world.media_open.is_empty(), "seed {seed}");
    world.diary
}

#[test]
fn forwarded_calls_come_to_rest_whatever_the_network_does_and_the_same_when_saved_at_each_step() {
    for seed in 0..100 {
        let whole = bad_network(seed, Life::Whole);
        if seed < 10 {
            assert_eq!(whole, bad_network(seed, Life::Interrupted), "seed {seed}");
        }
    }
}
