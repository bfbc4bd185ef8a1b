//! Registrations through an address translator.

use crate::provider::{Mood, Provider};
use crate::world::{Life, World, registering, server};
use call::upkeep::{ContactShown, TrunkState};
use sip_core::{StatusCode, Transport};
use std::net::SocketAddr;
use std::time::Duration;

const SEEN: &str = "203.0.113.7:41000";

fn contact_at(address: impl std::fmt::Display) -> String {
    format!("sip:demo~provider@{address}")
}

/// A provider that sees us there.
fn seeing(address: &str) -> Vec<Provider> {
    let mut provider = Provider::new(5060);
    provider.sees = Some(address.parse().unwrap());
    vec![provider]
}

fn world(seed: u64, shown: ContactShown) -> World {
    let providers = seeing(SEEN);
    let mut outward = registering(&providers);
    outward.keep.register.as_mut().unwrap().contact = shown;
    World::new(seed, providers, outward)
}

// Changes: trunks.register.user
#[test]
fn the_account_of_that_name_is_registered() {
    let providers = seeing(SEEN);
    let mut outward = registering(&providers);
    outward.keep.register.as_mut().unwrap().user = "pbx-7".into();
    let mut world = World::new(35, providers, outward);
    world.run(5);
    let register = world.providers[0].registers()[0];
    let to = register.headers.to().unwrap();
    assert_eq!(to.uri.user(), Some("pbx-7"));
}

// Changes: trunks.register.contact
#[test]
fn the_registrar_is_soon_told_the_address_that_it_sees_us_at_in_place_of_ours() {
    for life in [Life::Whole, Life::Interrupted] {
        let mut world = world(31, ContactShown::AsSeen).living(life);
        world.run(1);
        assert_eq!(
            world.providers[0].contacts(world.now),
            [contact_at(server())]
        );
        world.run(2);
        assert_eq!(world.providers[0].contacts(world.now), [contact_at(SEEN)]);
        let asked = world.providers[0].registers().len();
        world.run(300);
        assert_eq!(
            world.providers[0].registers().len(),
            asked,
            "once is enough"
        );
    }
}

#[test]
fn a_way_that_leads_elsewhere_is_taken_up_at_the_next_refresh_and_the_old_contact_given_up() {
    let mut world = world(32, ContactShown::AsSeen);
    world.run(5);
    let moved: SocketAddr = "203.0.113.9:50000".parse().unwrap();
    world.providers[0].sees = Some(moved);
    world.run(380);
    assert_eq!(world.providers[0].contacts(world.now), [contact_at(moved)]);
    world.change(None);
    world.run(1);
    assert!(world.providers[0].contacts(world.now).is_empty());
}

#[test]
fn who_says_so_or_is_seen_where_he_is_keeps_his_own_contact() {
    let mut own = world(33, ContactShown::Own);
    own.run(400);
    assert_eq!(own.providers[0].contacts(own.now), [contact_at(server())]);
    let providers = seeing("192.0.2.100:5060");
    let outward = registering(&providers);
    let mut seen = World::new(34, providers, outward);
    seen.run(5);
    assert_eq!(seen.providers[0].registers().len(), 2, "challenged once");
}

#[test]
fn the_way_by_udp_is_used_every_25_seconds_while_we_are_registered_and_no_longer() {
    let mut world = world(35, ContactShown::AsSeen);
    world.run(1_000);
    let gaps = world.kept_open.windows(2).map(|pair| pair[1] - pair[0]);
    let longest = gaps.max().unwrap();
    assert!(
        longest <= Duration::from_secs(50),
        "{longest:?}: a REGISTER opens it as well"
    );
    assert!(
        (35..=41).contains(&world.kept_open.len()),
        "{}",
        world.kept_open.len()
    );
    world.change(None);
    world.run(1);
    let before = world.kept_open.len();
    world.run(100);
    assert_eq!(world.kept_open.len(), before);
    let providers = seeing(SEEN);
    let outward = registering(&providers);
    let mut by_tcp = World::new(36, providers, outward).by(Transport::Tcp);
    by_tcp.run(200);
    assert!(by_tcp.kept_open.is_empty());
    assert_eq!(
        by_tcp.providers[0].registers().len(),
        2,
        "a connection's port is nobody's address"
    );
}

#[test]
fn a_registrar_that_refuses_the_address_it_sees_us_at_keeps_the_contact_that_we_give_ourselves() {
    for life in [Life::Whole, Life::Interrupted] {
        let mut providers = seeing(SEEN);
        let seen: SocketAddr = SEEN.parse().unwrap();
        providers[0].takes_no = Some(seen.ip());
        let outward = registering(&providers);
        let mut world = World::new(37, providers, outward).living(life);
        world.run(10);
        assert_eq!(
            world.providers[0].contacts(world.now),
            [contact_at(server())]
        );
        let asked = world.providers[0].registers().len();
        world.providers[0].sees = Some(SocketAddr::new(seen.ip(), 41_001));
        world.run(1_000);
        assert!(
            !world.states.contains(&TrunkState::Down),
            "{:?}",
            world.states
        );
        let refreshed = world.providers[0].registers().len() - asked;
        assert!(refreshed <= 4, "asked {refreshed} times: once a refresh");
    }
}

#[test]
fn a_registrar_that_refused_everything_for_a_while_is_told_the_address_it_sees_us_at_again() {
    let mut world = world(38, ContactShown::AsSeen);
    world.run(10);
    world.providers[0].mood = Mood::Says(StatusCode::FORBIDDEN);
    world.run(700);
    assert_eq!(world.states.last(), Some(&TrunkState::Down));
    world.providers[0].mood = Mood::Well;
    world.run(4_000);
    assert_eq!(world.providers[0].contacts(world.now), [contact_at(SEEN)]);
}

#[test]
fn a_registrar_that_refuses_once_what_it_has_taken_keeps_the_contact_that_it_sees_us_at() {
    for status in [StatusCode::FORBIDDEN, StatusCode::TEMPORARILY_UNAVAILABLE] {
        for life in [Life::Whole, Life::Interrupted] {
            let mut world = world(42, ContactShown::AsSeen).living(life);
            world.run(10);
            assert_eq!(world.providers[0].contacts(world.now), [contact_at(SEEN)]);
            world.providers[0].mood = Mood::SaysOnce(status);
            world.run(4_000);
            assert_eq!(world.providers[0].mood, Mood::Well);
            assert_eq!(world.providers[0].contacts(world.now), [contact_at(SEEN)]);
            assert_eq!(world.states.last(), Some(&TrunkState::Up));
        }
    }
}

#[test]
fn no_port_0_and_no_address_of_our_own_machine_is_believed_of_a_registrar_elsewhere() {
    for (seed, seen) in [
        (39, "203.0.113.7:0"),
        (40, "127.0.0.1:41000"),
        (41, "[::1]:41000"),
    ] {
        let providers = seeing(seen);
        let outward = registering(&providers);
        let mut world = World::new(seed, providers, outward);
        world.run(400);
        assert_eq!(
            world.providers[0].contacts(world.now),
            [contact_at(server())],
            "{seen}"
        );
    }
}
