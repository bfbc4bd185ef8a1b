//! Calls to numbers outside, over trunks.

use crate::phone::{Demand, Habit, Seen};
use crate::seconds;
use crate::world::{Life, Network, World, directory, journey};
use base::TrunkId;
use call::outward::{CallerId, Class, NumberFormat, Plan, Rights};
use call::settings::{Directory, Trunk};
use call::trunk::{Account, Outward};
use call::upkeep::{TrunkSeen, TrunkState};
use call::{Crosswise, EndCause, Input, RefusedCause};
use sip_core::digest::Algorithm;
use sip_core::{Direction, HeaderName, Method, Request, StatusCode};
use std::collections::BTreeMap;

const ANSWERS: Habit = Habit::Answers(std::time::Duration::from_secs(2));
pub(crate) const OUTSIDE: &str = "070-1234567";
pub(crate) const REALM: &str = "provider.example";

/// The port that [`World::phone`] gives the first phone, the second, and so on.
fn next_hop(phone: u16) -> sip_core::Uri {
    format!("sip:127.0.0.1:{}", 6_000 + phone).parse().unwrap()
}

pub(crate) fn trunk(phone: u16, priority: u16) -> (TrunkId, Trunk) {
    let outward = Outward {
        next_hop: next_hop(phone),
        domain: "127.0.0.1".parse().unwrap(),
        account: Some(Account::new("kolapp", REALM, "secret")),
        number_format: NumberFormat::Plus,
        priority,
        weight: 1,
        keep: call::upkeep::Keep::default(),
    };
    let trunk = Trunk {
        outward: Some(outward),
        ..Trunk::default()
    };
    (format!("demo/trunk{phone}").parse().unwrap(), trunk)
}

/// The demo with so many trunks: the first phones of the world are their providers.
pub(crate) fn with_trunks(count: u16) -> Directory {
    let mut directory = directory(journey());
    let organisation = directory.organisations.values_mut().next().unwrap();
    organisation.trunks = (0..count).map(|phone| trunk(phone, phone)).collect();
    let plan = Plan {
        allow: [Class::National, Class::Mobile].into(),
        ..Plan::default()
    };
    organisation.outward.plans = BTreeMap::from([("home".into(), plan)]);
    organisation.outward.common = Rights {
        plan: Some("home".into()),
        caller_id: Some(CallerId::Number("+46850001000".into())),
        ..Rights::default()
    };
    directory
}

pub(crate) fn invites(world: &World, phone: usize) -> Vec<&Request> {
    let requests = world.phones[phone].requests.iter();
    requests
        .filter(|request| request.method == Method::Invite)
        .collect()
}

pub(crate) fn demand(realm: &str, algorithm: Algorithm) -> Demand {
    let account = Account::new("kolapp", realm, "secret");
    Demand {
        realm: realm.into(),
        ha1: account.ha1(algorithm).clone(),
        as_proxy: algorithm == Algorithm::Md5,
    }
}

#[test]
fn a_user_calls_a_number_outside_and_both_talk_until_the_far_end_hangs_up() {
    let mut world = World::of(1, with_trunks(1));
    let provider = world.phone("provider", ANSWERS);
    let anna = world.phone("anna", Habit::Rings);
    world.call(anna, OUTSIDE);
    world.run(seconds(3));
    assert_eq!(world.phones[anna].seen, [Seen::Ringing, Seen::Answered]);
    let invite = invites(&world, provider)[0];
    assert_eq!(
        invite.uri.to_string(),
        "sip:+46701234567@127.0.0.1:6000;user=phone"
    );
    let from = invite.headers.from().unwrap();
    assert_eq!(from.uri.user(), Some("+46850001000"));
    assert_eq!(world.bridges(), 1);
    world.hang_up(provider);
    world.run(seconds(1));
    assert_eq!(world.phones[anna].seen.last(), Some(&Seen::HungUpOn));
    assert_eq!(world.ended, [EndCause::CalleeHungUp]);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_caller_who_gives_up_cancels_the_trunk_s_call() {
    let mut world = World::of(2, with_trunks(1));
    let provider = world.phone("provider", Habit::Rings);
    let anna = world.phone("anna", Habit::Rings);
    world.call(anna, OUTSIDE);
    world.run(seconds(2));
    world.hang_up(anna);
    world.run(seconds(1));
    assert_eq!(
        world.phones[provider].seen,
        [Seen::Invited, Seen::Cancelled]
    );
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn what_the_plan_does_not_allow_is_refused_and_nobody_outside_hears_of_it() {
    for (dialled, cause) in [
        ("0900-1234567", RefusedCause::NumberNotAllowed),
        ("+4721234567", RefusedCause::NumberNotAllowed),
        ("00882161234567", RefusedCause::NumberNotAllowed),
    ] {
        let mut world = World::of(3, with_trunks(1));
        let provider = world.phone("provider", ANSWERS);
        let anna = world.phone("anna", Habit::Rings);
        world.call(anna, dialled);
        world.run(seconds(40));
        assert_eq!(world.phones[anna].seen, [Seen::Refused(403)], "{dialled}");
        assert_eq!(world.phones[provider].seen, [], "{dialled}");
        assert_eq!(world.outside_refused, [cause]);
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

#[test]
fn without_a_plan_nothing_but_the_emergency_number_goes_out() {
    let mut directory = with_trunks(1);
    let organisation = directory.organisations.values_mut().next().unwrap();
    organisation.outward.common.plan = None;
    let mut world = World::of(4, directory);
    let provider = world.phone("provider", ANSWERS);
    let anna = world.phone("anna", Habit::Rings);
    world.call(anna, OUTSIDE);
    world.run(seconds(5));
    assert_eq!(world.phones[anna].seen, [Seen::Refused(403)]);
    assert_eq!(world.outside_refused, [RefusedCause::NoPlan]);
    world.call(anna, "112");
    world.run(seconds(5));
    assert_eq!(world.phones[anna].seen.last(), Some(&Seen::Answered));
    assert_eq!(invites(&world, provider)[0].uri.user(), Some("112"));
}

#[test]
fn a_number_of_our_own_dialled_as_from_outside_never_leaves_the_house() {
    let mut world = World::of(5, with_trunks(1));
    let provider = world.phone("provider", ANSWERS);
    let bosse = world.phone("bosse", Habit::Rings);
    world.call(bosse, "08-50001000");
    world.run(seconds(2));
    assert_eq!(world.phones[bosse].seen, [Seen::Ringing, Seen::Answered]);
    assert!(world.heard("welcome"));
    assert_eq!(world.phones[provider].seen, []);
}

#[test]
fn a_trunk_that_fails_passes_the_call_to_the_next_and_one_that_answers_for_the_number_does_not() {
    let unavailable = Habit::Refuses(StatusCode::SERVICE_UNAVAILABLE);
    for (first, goes_on, told) in [
        (unavailable, true, 0),
        (Habit::Refuses(StatusCode::BAD_GATEWAY), true, 0),
        (Habit::Dead, true, 0),
        (Habit::Refuses(StatusCode::BUSY_HERE), false, 486),
        (Habit::Refuses(StatusCode::NOT_FOUND), false, 404),
        (Habit::Refuses(StatusCode::DECLINE), false, 603),
    ] {
        let mut world = World::of(6, with_trunks(2));
        world.phone("provider", first);
        let second = world.phone("provider", ANSWERS);
        let anna = world.phone("anna", Habit::Rings);
        world.call(anna, OUTSIDE);
        world.run(seconds(10));
        if goes_on {
            assert_eq!(
                world.phones[anna].seen,
                [Seen::Ringing, Seen::Answered],
                "{first:?}"
            );
            world.hang_up(anna);
        } else {
            assert_eq!(world.phones[anna].seen, [Seen::Refused(told)], "{first:?}");
            assert_eq!(world.phones[second].seen, [], "{first:?}");
        }
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

#[test]
fn a_trunk_that_is_down_is_tried_last_whatever_its_priority() {
    for (second, tried) in [
        (ANSWERS, [0, 1]),
        (Habit::Refuses(StatusCode::SERVICE_UNAVAILABLE), [1, 1]),
    ] {
        let mut world = World::of(11, with_trunks(2));
        let down = world.phone("provider", ANSWERS);
        let up = world.phone("provider", second);
        let anna = world.phone("anna", Habit::Rings);
        let seen = TrunkSeen {
            state: TrunkState::Down,
            sources: Vec::new(),
        };
        world.tell_shard(Input::Told(Crosswise::Trunk {
            shard: world.shard.id(),
            trunk: "demo/trunk0".parse().unwrap(),
            seen: Some(seen),
        }));
        world.call(anna, OUTSIDE);
        world.run(seconds(10));
        assert_eq!(world.phones[anna].seen, [Seen::Ringing, Seen::Answered]);
        assert_eq!([down, up].map(|phone| invites(&world, phone).len()), tried);
        world.hang_up(anna);
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

#[test]
fn when_every_trunk_fails_the_caller_is_told_that_there_is_no_service() {
    let mut world = World::of(7, with_trunks(2));
    world.phone("provider", Habit::Dead);
    world.phone("provider", Habit::Refuses(StatusCode::SERVICE_UNAVAILABLE));
    let anna = world.phone("anna", Habit::Rings);
    world.call(anna, OUTSIDE);
    world.run(seconds(20));
    assert_eq!(world.phones[anna].seen, [Seen::Refused(503)]);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_trunk_s_challenge_is_answered_with_either_hash_and_so_is_that_to_our_bye() {
    for algorithm in [Algorithm::Md5, Algorithm::Sha256] {
        let mut world = World::of(8, with_trunks(1));
        let provider = world.phone("provider", ANSWERS);
        world.phones[provider].demands = Some(demand(REALM, algorithm));
        let anna = world.phone("anna", Habit::Rings);
        world.call(anna, OUTSIDE);
        world.run(seconds(4));
        assert_eq!(world.phones[anna].seen, [Seen::Ringing, Seen::Answered]);
        let sent = invites(&world, provider);
        assert_eq!(sent.len(), 2, "one challenged, one with credentials");
        assert_eq!(sent[0].headers.call_id(), sent[1].headers.call_id());
        assert_eq!(sent[1].headers.cseq().unwrap().number, 2);
        world.hang_up(anna);
        world.run(seconds(1));
        assert_eq!(world.phones[provider].seen.last(), Some(&Seen::HungUpOn));
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

// Changes: trunks.realm
#[test]
fn a_challenge_in_another_realm_is_never_answered() {
    let mut world = World::of(9, with_trunks(1));
    let provider = world.phone("provider", ANSWERS);
    world.phones[provider].demands = Some(demand("evil.example", Algorithm::Md5));
    let anna = world.phone("anna", Habit::Rings);
    world.call(anna, OUTSIDE);
    world.run(seconds(10));
    assert_eq!(world.phones[anna].seen, [Seen::Refused(503)]);
    world.call(anna, OUTSIDE);
    // The call is let through this time, and the BYE is challenged by somebody else.
    world.phones[provider].demands = None;
    world.run(seconds(4));
    assert_eq!(world.phones[anna].seen.last(), Some(&Seen::Answered));
    world.phones[provider].demands = Some(demand("evil.example", Algorithm::Md5));
    world.hang_up(anna);
    world.run(seconds(60));
    let requests = &world.phones[provider].requests;
    for header in [HeaderName::Authorization, HeaderName::ProxyAuthorization] {
        let answered = |request: &&Request| request.headers.first(&header).is_some();
        assert_eq!(requests.iter().find(answered), None);
    }
    assert_eq!(world.shard.calls_count(), 0);
}

#[test]
fn a_caller_with_no_number_to_show_is_anonymous() {
    let mut directory = with_trunks(1);
    let organisation = directory.organisations.values_mut().next().unwrap();
    organisation.outward.common.caller_id = Some(CallerId::Withheld);
    let mut world = World::of(10, directory);
    let provider = world.phone("provider", ANSWERS);
    let anna = world.phone("anna", Habit::Rings);
    world.call(anna, OUTSIDE);
    world.run(seconds(1));
    let text = invites(&world, provider)[0].to_bytes();
    let text = String::from_utf8_lossy(&text);
    assert!(text.contains("sip:anonymous@anonymous.invalid"), "{text}");
    assert!(text.contains("Privacy: id"), "{text}");
    assert!(
        !text.contains("50001000") && !text.contains("anna"),
        "{text}"
    );
}

/// A trunk by a name that leads to the first phones of the world, in their order.
fn with_a_name(world: &mut World, servers: u16) {
    let name = "provider.example";
    let addresses = (0..servers).map(|phone| next_hop(phone).socket_addr().unwrap());
    world.names.insert(name.into(), addresses.collect());
    world.change(|organisation| {
        let trunk = organisation.trunks.values_mut().next().unwrap();
        let outward = trunk.outward.as_mut().unwrap();
        outward.next_hop = format!("sip:{name}").parse().unwrap();
    });
}

#[test]
fn a_name_s_servers_are_tried_in_turn_with_a_call_of_its_own_each() {
    let mut world = World::of(11, with_trunks(1));
    let dead = world.phone("provider", Habit::Dead);
    let full = world.phone("provider", Habit::Refuses(StatusCode::SERVICE_UNAVAILABLE));
    let alive = world.phone("provider", ANSWERS);
    with_a_name(&mut world, 3);
    let anna = world.phone("anna", Habit::Rings);
    world.call(anna, OUTSIDE);
    world.run(seconds(10));
    assert_eq!(world.phones[anna].seen, [Seen::Ringing, Seen::Answered]);
    let branch = |phone| {
        invites(&world, phone)[0]
            .headers
            .via()
            .unwrap()
            .branch()
            .map(str::to_owned)
    };
    let id = |phone| {
        invites(&world, phone)[0]
            .headers
            .call_id()
            .unwrap()
            .to_owned()
    };
    assert_ne!(branch(full), branch(alive));
    assert_ne!(id(full), id(alive));
    // The one that said nothing rests, so that the next caller does not wait for it.
    let address = world.phones[dead].address;
    assert_eq!(world.rested, [(address, seconds(30))]);
    world.hang_up(anna);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn what_a_name_s_server_says_of_the_number_ends_the_search() {
    let mut world = World::of(12, with_trunks(1));
    world.phone("provider", Habit::Refuses(StatusCode::BUSY_HERE));
    let other = world.phone("provider", ANSWERS);
    with_a_name(&mut world, 2);
    let anna = world.phone("anna", Habit::Rings);
    world.call(anna, OUTSIDE);
    world.run(seconds(10));
    assert_eq!(world.phones[anna].seen, [Seen::Refused(486)]);
    assert!(invites(&world, other).is_empty());
}

#[test]
fn a_name_that_leads_nowhere_passes_the_call_to_the_next_trunk() {
    let mut world = World::of(13, with_trunks(2));
    world.phone("provider", ANSWERS);
    let second = world.phone("provider", ANSWERS);
    with_a_name(&mut world, 0);
    let anna = world.phone("anna", Habit::Rings);
    world.call(anna, OUTSIDE);
    world.run(seconds(3));
    assert_eq!(world.phones[anna].seen, [Seen::Ringing, Seen::Answered]);
    assert_eq!(invites(&world, second).len(), 1);
}

/// Calls over a bad network through two trunks, one of which may fail; everything comes to rest.
fn bad_network(seed: u64, life: Life) -> Vec<String> {
    let network = Network {
        lost: 15,
        doubled: 15,
        latency_max_ms: 300,
    };
    let mut world = World::of(seed, with_trunks(2)).over(network).living(life);
    let habits = [
        Habit::Refuses(StatusCode::SERVICE_UNAVAILABLE),
        Habit::Dead,
        ANSWERS,
        Habit::Rings,
    ];
    let first = habits[world.random(4) as usize];
    let provider = world.phone("provider", first);
    let second = world.phone("provider", ANSWERS);
    world.phones[second].demands = Some(demand(REALM, Algorithm::Sha256));
    let anna = world.phone("anna", Habit::Rings);
    world.call(anna, OUTSIDE);
    let span = std::time::Duration::from_millis(200 + world.random(14_000));
    world.run(span);
    if world.phones[anna].talks() && world.random(2) == 0 {
        world.reinvite(anna, Direction::SendOnly);
        world.run(seconds(2));
    }
    match world.random(3) {
        0 if world.phones[provider].talks() => world.hang_up(provider),
        1 if world.phones[second].talks() => world.hang_up(second),
        _ => world.hang_up(anna),
    }
    world.run(seconds(400));
    assert_eq!(world.shard.calls_count(), 0, "seed {seed}");
    assert_eq!(world.shard.legs_count(), 0, "seed {seed}");
    assert!(world.media_open.is_empty(), "seed {seed}");
    world.diary
}

#[test]
fn calls_over_trunks_come_to_rest_whatever_the_network_does() {
    for seed in 0..150 {
        bad_network(seed, Life::Whole);
    }
}

#[test]
fn a_shard_with_calls_outside_saved_and_loaded_at_each_step_does_the_same() {
    for seed in 0..12 {
        let whole = bad_network(seed, Life::Whole);
        assert_eq!(whole, bad_network(seed, Life::Interrupted), "seed {seed}");
    }
}
