//! Probes by OPTIONS.

use crate::provider::{Mood, Provider};
use crate::world::{Network, World, probed};
use call::upkeep::{Trouble, TrunkState};
use call::{Crosswise, Input};
use sip_core::{Method, StatusCode};

fn world(seed: u64) -> World {
    let provider = Provider::new(5060);
    let outward = probed(&provider);
    World::new(seed, vec![provider], outward)
}

#[test]
fn whoever_answers_is_up_whatever_he_answers_but_that_there_is_no_service() {
    for (status, state) in [
        (StatusCode::OK, TrunkState::Up),
        (StatusCode::NOT_FOUND, TrunkState::Up),
        (StatusCode::METHOD_NOT_ALLOWED, TrunkState::Up),
        (StatusCode::UNAUTHORIZED, TrunkState::Up),
        (StatusCode::SERVICE_UNAVAILABLE, TrunkState::Down),
        (StatusCode::REQUEST_TIMEOUT, TrunkState::Down),
    ] {
        let mut world = world(1);
        world.providers[0].mood = Mood::Says(status);
        world.run(3);
        assert_eq!(world.state(), state, "{status:?}");
        assert_eq!(world.seen().state, state);
        let methods = world.providers[0].requests.iter();
        assert!(methods.clone().all(|(_, it)| it.method == Method::Options));
    }
}

#[test]
fn a_trunk_is_down_after_three_lost_probes_and_up_after_two_that_were_answered() {
    let mut world = world(2);
    world.run(100);
    let every = world.providers[0].requests.len();
    assert!((4..=5).contains(&every), "each half minute, got {every}");
    world.providers[0].mood = Mood::Dead;
    world.run(50);
    assert_eq!(world.state(), TrunkState::Down);
    let trouble = world.view.clone().unwrap().trouble;
    assert_eq!(trouble, Some(Trouble::NoAnswer));
    world.providers[0].mood = Mood::Well;
    world.run(35);
    assert_eq!(world.seen().state, TrunkState::Up);
    let states = [
        TrunkState::Unknown,
        TrunkState::Up,
        TrunkState::Down,
        TrunkState::Up,
    ];
    assert_eq!(world.states, states);
}

#[test]
fn one_lost_probe_moves_nothing() {
    let mut world = world(3);
    world.run(25);
    world.providers[0].mood = Mood::Says(StatusCode::SERVICE_UNAVAILABLE);
    let before = world.providers[0].requests.len();
    while world.providers[0].requests.len() == before {
        world.run(1);
    }
    world.providers[0].mood = Mood::Well;
    world.run(60);
    assert_eq!(world.states, [TrunkState::Unknown, TrunkState::Up]);
}

#[test]
fn a_call_that_nobody_answered_has_the_trunk_looked_at_at_once() {
    let mut world = world(4);
    world.run(1);
    world.providers[0].mood = Mood::Dead;
    let trunk = crate::world::trunk();
    world.tell_keeper(Input::Told(Crosswise::TrunkSilent { trunk }));
    world.run(15);
    assert_eq!(world.state(), TrunkState::Down);
}

#[test]
fn a_network_that_loses_a_seventh_takes_no_trunk_down() {
    for seed in 0..20 {
        let mut world = world(seed).over(Network {
            lost: 14,
            doubled: 20,
            latency_max_ms: 300,
        });
        world.run(7_200);
        assert_eq!(
            world.states,
            [TrunkState::Unknown, TrunkState::Up],
            "seed {seed}"
        );
    }
}
