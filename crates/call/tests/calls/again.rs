//! Our requests that a party asks for in other words: with credentials, or for a longer session.

use crate::outside::{REALM, demand, invites, with_trunks};
use crate::phone::{Demand, Habit, Rings, Seen};
use crate::world::{NUMBER, World, journey};
use crate::{ANSWERS, seconds};
use call::settings::Directory;
use sip_core::digest::Algorithm;
use sip_core::{HeaderName, Method, Request};

const OUTSIDE: &str = "070-1234567";

fn of(world: &World, phone: usize, method: &Method) -> Vec<Request> {
    let requests = world.phones[phone].requests.iter();
    let of_method = requests.filter(|request| request.method == *method);
    of_method.cloned().collect()
}

fn credentials(request: &Request) -> Option<&str> {
    let headers = &request.headers;
    let by_server = headers.text(&HeaderName::Authorization);
    by_server.or_else(|| headers.text(&HeaderName::ProxyAuthorization))
}

/// A provider that demands credentials for every request of a call outside, whose session is refreshed each 50 s.
fn demanding(extra: &[(HeaderName, &'static str)], demand: Demand) -> (World, usize, usize) {
    let mut world = World::of(1, with_trunks(1)).with_sessions(seconds(100));
    let provider = world.phone("provider", ANSWERS);
    world.phones[provider].demands = Some(demand);
    world.phones[provider].extra = extra.to_vec();
    let anna = world.phone("anna", Habit::Rings);
    world.call(anna, OUTSIDE);
    world.run(seconds(4));
    assert_eq!(world.phones[anna].seen.last(), Some(&Seen::Answered));
    (world, provider, anna)
}

#[test]
fn a_trunk_s_challenge_to_a_refresh_is_answered_and_the_session_stands() {
    let updates = [(HeaderName::Allow, "INVITE, ACK, BYE, CANCEL, UPDATE")];
    for (extra, method) in [(&updates[..], Method::Update), (&[], Method::Invite)] {
        for algorithm in [Algorithm::Md5, Algorithm::Sha256] {
            let (mut world, provider, anna) = demanding(extra, demand(REALM, algorithm));
            world.run(seconds(300));
            let sent = of(&world, provider, &method);
            let sent: Vec<&Request> = sent.iter().filter(|it| it.is_in_dialog()).collect();
            assert!(sent.len() >= 8, "{method:?}: {}", sent.len());
            for pair in sent.chunks(2) {
                let number = |request: &Request| request.headers.cseq().unwrap().number;
                assert_eq!(number(pair[0]) + 1, number(pair[1]));
                assert_eq!(credentials(pair[0]), None);
                assert!(credentials(pair[1]).is_some());
                assert_eq!(pair[0].body.is_empty(), pair[1].body.is_empty());
            }
            assert_eq!(world.bridges(), 1);
            world.hang_up(anna);
            world.run(seconds(1));
            assert_eq!(world.phones[provider].seen.last(), Some(&Seen::HungUpOn));
            world.run(seconds(60));
            world.assert_at_rest();
        }
    }
}

#[test]
fn a_trunk_that_brought_the_call_in_is_answered_too() {
    let mut directory = with_trunks(1);
    let organisation = directory.organisations.values_mut().next().unwrap();
    let trunk = organisation.trunks.values_mut().next().unwrap();
    trunk.sources = vec!["127.0.0.0/8".parse().unwrap()];
    let mut world = World::of(2, directory);
    let anna = world.phone("anna", ANSWERS);
    let caller = world.phone("+46701234567", Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(4));
    world.phones[caller].demands = Some(demand(REALM, Algorithm::Sha256));
    world.hang_up(anna);
    world.run(seconds(1));
    let byes = of(&world, caller, &Method::Bye);
    assert_eq!(byes.len(), 2);
    assert!(credentials(&byes[1]).is_some());
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_challenge_to_a_prack_is_answered() {
    let mut world = World::of(3, with_trunks(1));
    let provider = world.phone("provider", ANSWERS);
    world.phones[provider].rings = Rings::Reliably;
    let anna = world.phone("anna", Habit::Rings);
    world.phones[provider].demands = Some(demand(REALM, Algorithm::Md5));
    world.call(anna, OUTSIDE);
    world.run(seconds(5));
    let pracks = of(&world, provider, &Method::Prack);
    assert_eq!(pracks.len(), 2);
    let rack = |request: &Request| request.headers.text(&HeaderName::RAck).map(str::to_owned);
    assert_eq!(rack(&pracks[0]), rack(&pracks[1]));
    assert!(credentials(&pracks[1]).is_some());
    assert_eq!(world.phones[anna].seen.last(), Some(&Seen::Answered));
}

#[test]
fn the_ack_to_an_answered_challenge_repeats_its_credentials() {
    let (mut world, provider, _) = demanding(&[], demand(REALM, Algorithm::Md5));
    let invite = invites(&world, provider)[1].clone();
    let vouched = credentials(&invite).unwrap();
    let (_, digest) = vouched.split_once("response=\"").unwrap();
    assert!(world.sent(&["ACK sip:", &digest[..32]]));
    world.run(seconds(60));
}

#[test]
fn no_request_of_a_call_is_vouched_for_in_another_realm() {
    let updates = [(HeaderName::Allow, "INVITE, ACK, BYE, CANCEL, UPDATE")];
    for extra in [&updates[..], &[]] {
        let (mut world, provider, anna) = demanding(extra, demand(REALM, Algorithm::Md5));
        let before = world.phones[provider].requests.len();
        world.phones[provider].demands = Some(demand("evil.example", Algorithm::Md5));
        world.run(seconds(70));
        world.hang_up(anna);
        world.run(seconds(60));
        let requests = &world.phones[provider].requests[before..];
        let asked: Vec<&Method> = requests.iter().map(|it| &it.method).collect();
        assert!(
            asked.contains(&&Method::Bye) && asked.len() >= 2,
            "{asked:?}"
        );
        assert!(
            requests
                .iter()
                .all(|request| credentials(request).is_none())
        );
        assert_eq!(world.shard.legs_count(), 0);
    }
}

/// Whoever is called wants a session of at least so many seconds.
fn wants(
    directory: Directory,
    callee: &str,
    dialled: &str,
    seconds_least: u32,
) -> (World, usize, usize) {
    let mut world = World::of(5, directory).with_sessions(seconds(100));
    let callee = world.phone(callee, ANSWERS);
    world.phones[callee].min_se = Some(seconds_least);
    let caller = world.phone("bosse", Habit::Rings);
    world.call(caller, dialled);
    world.run(seconds(4));
    (world, callee, caller)
}

#[test]
fn a_call_whose_session_is_too_brief_for_the_callee_is_made_for_longer() {
    for (directory, callee, dialled) in [
        (with_trunks(1), "provider", OUTSIDE),
        (crate::world::directory(journey()), "anna", "101"),
    ] {
        let (mut world, callee, caller) = wants(directory, callee, dialled, 600);
        assert_eq!(world.phones[caller].seen, [Seen::Ringing, Seen::Answered]);
        let sent = invites(&world, callee);
        assert_eq!(sent.len(), 2);
        assert_eq!(sent[0].headers.call_id(), sent[1].headers.call_id());
        assert_eq!(sent[1].headers.cseq().unwrap().number, 2);
        let asked = sent[1].headers.session_expires().unwrap().unwrap();
        assert_eq!(asked.interval_s, 600);
        assert_eq!(sent[1].headers.min_se(), Ok(Some(600)));
        assert_eq!(sent[0].body, sent[1].body);
        world.hang_up(caller);
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

#[test]
fn a_callee_who_wants_ever_more_is_asked_no_more() {
    let mut world = World::of(6, with_trunks(1));
    let provider = world.phone("provider", Habit::WantsLonger);
    let anna = world.phone("anna", Habit::Rings);
    world.phones[provider].min_se = Some(0);
    world.call(anna, OUTSIDE);
    world.run(seconds(5));
    assert_eq!(invites(&world, provider).len(), 4);
    assert!(matches!(world.phones[anna].seen[..], [Seen::Refused(_)]));
    world.run(seconds(60));
    world.assert_at_rest();
}
