//! Two endpoints, each a transaction layer under a small scripted user with dialogs, talk over a seeded
//! network that loses, doubles, delays and reorders. Time is made up. Each world runs twice, the second
//! time with every endpoint saved, dropped and loaded at every step, and both runs must be the same.
//!
//! `KOLAPP_SEEDS=20000` runs that many worlds of each kind; a failure names its seed.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail as its tests do")]

mod network;
mod phone;
mod plan;
mod world;

use network::Weather;
use phone::Ending;
use sip_core::transaction::Output;
use sip_core::{Method, Transport};
use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use world::{Persistence, World};

/// Worlds of each kind unless said otherwise.
const SEEDS: u64 = 200;

#[allow(
    clippy::disallowed_methods,
    reason = "the test, not the core, reads how long to run"
)]
fn for_each_seed(test: impl Fn(u64)) {
    let wanted = std::env::var("KOLAPP_SEEDS").ok();
    let seeds = wanted.and_then(|text| text.parse().ok()).unwrap_or(SEEDS);
    for seed in 0..seeds {
        if let Err(cause) = panic::catch_unwind(AssertUnwindSafe(|| test(seed))) {
            eprintln!("seed {seed}");
            panic::resume_unwind(cause);
        }
    }
}

/// Runs a world to its end, and once more through saving and loading.
fn run(seed: u64, transport: Transport, weather: Weather) -> World {
    let kept = World::run(seed, transport, weather, Persistence::Kept);
    let loaded = World::run(seed, transport, weather, Persistence::Loaded);
    assert_eq!(kept.trace.len(), loaded.trace.len());
    for (kept, loaded) in kept.trace.iter().zip(&loaded.trace) {
        assert_eq!(kept, loaded);
    }
    everything_has_ended(&kept);
    every_request_is_told_once(&kept);
    every_request_has_one_outcome(&kept);
    kept
}

fn everything_has_ended(world: &World) {
    for phone in &world.phones {
        assert!(phone.layer.is_empty(), "transactions are left: {phone:#?}");
        for (id, call) in &phone.calls {
            assert!(call.ending.is_some(), "{id} never ended: {call:#?}");
        }
    }
}

fn every_request_is_told_once(world: &World) {
    let mut seen = BTreeMap::new();
    for (_, side, output) in &world.trace {
        if let Output::Request { request, .. } = output {
            let headers = &request.headers;
            let id = (
                *side,
                headers.call_id().unwrap().to_owned(),
                headers.cseq().unwrap().number,
                request.method.clone(),
            );
            *seen.entry(id).or_insert(0) += 1;
        }
    }
    let twice: Vec<_> = seen.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "told more than once: {twice:?}");
}

/// Each started request ends in one final response or one failure; only 2xx to INVITE may come again.
fn every_request_has_one_outcome(world: &World) {
    let mut outcomes = BTreeMap::new();
    for (_, side, output) in &world.trace {
        match output {
            Output::Started { key, .. } => {
                let ends: Vec<String> = Vec::new();
                assert!(outcomes.insert((*side, *key), ends).is_none());
            }
            Output::Response { key, response, .. } if response.is_final() => {
                let is_invite = response.method().unwrap() == Method::Invite;
                let ends = outcomes.get_mut(&(*side, *key)).unwrap();
                let is_repeat = is_invite && response.is_success() && !ends.is_empty();
                let end = response.status.to_string();
                if is_repeat {
                    assert_eq!(ends[0], end);
                } else {
                    ends.push(end);
                }
            }
            Output::Failed { key, failure, .. } => {
                let ends = outcomes.get_mut(&(*side, *key)).unwrap();
                ends.push(format!("{failure:?}"));
            }
            _ => {}
        }
    }
    for (key, ends) in outcomes {
        assert_eq!(ends.len(), 1, "{key:?} ended with {ends:?}");
    }
}

/// Both sides of each call say the same of how its INVITE was answered.
fn both_sides_agree(world: &World) {
    let [caller, callee] = &world.phones;
    for (id, call) in &caller.calls {
        if let Some(answered) = callee.calls.get(id) {
            assert_eq!(call.final_status, answered.final_status, "{id}");
        }
        assert_ne!(call.ending, Some(Ending::Failed), "{id}");
    }
}

fn no_request_failed(world: &World) {
    let failed = |output: &_| {
        matches!(
            output,
            Output::Failed { .. } | Output::Unacknowledged { .. }
        )
    };
    let found = world.trace.iter().find(|(_, _, output)| failed(output));
    assert!(found.is_none(), "{found:?}");
}

#[test]
fn on_a_good_network_every_call_goes_as_planned_and_nothing_is_sent_twice_but_the_2xx() {
    for_each_seed(|seed| {
        let world = run(seed, Transport::Udp, Weather::FAIR);
        no_request_failed(&world);
        both_sides_agree(&world);
        for phone in &world.phones {
            // A call that rings longer than T1 is answered 100 at once, so nothing is repeated.
            assert_eq!(phone.layer.counters().retransmissions, 0);
            assert_eq!(phone.layer.counters().stray_responses, 0);
        }
        for (id, call) in &world.phones[0].calls {
            call.plan.check(id, call);
        }
    });
}

#[test]
fn on_a_connection_no_timer_repeats_anything() {
    for_each_seed(|seed| {
        let world = run(seed, Transport::Tcp, Weather::FAIR);
        no_request_failed(&world);
        both_sides_agree(&world);
        let repeated = |phone: &phone::Phone| phone.layer.counters().retransmissions;
        assert_eq!(world.phones.each_ref().map(repeated), [0, 0]);
    });
}

#[test]
fn through_loss_doubling_and_reordering_that_end_every_call_comes_to_what_both_sides_agree_on() {
    for_each_seed(|seed| {
        let world = run(seed, Transport::Udp, Weather::STORM_THAT_ENDS);
        no_request_failed(&world);
        both_sides_agree(&world);
    });
}

#[test]
fn in_a_storm_that_never_ends_everything_still_ends() {
    for_each_seed(|seed| {
        run(seed, Transport::Udp, Weather::STORM);
    });
}

#[test]
fn when_nothing_arrives_everything_fails_in_time() {
    for_each_seed(|seed| {
        let world = run(seed, Transport::Udp, Weather::SILENCE);
        let [caller, callee] = &world.phones;
        assert!(
            caller
                .calls
                .values()
                .all(|call| call.ending == Some(Ending::Failed))
        );
        assert!(callee.calls.is_empty());
    });
}

#[test]
fn the_worlds_hold_what_they_are_meant_to() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 0..200 {
        let world = World::run(
            seed,
            Transport::Udp,
            Weather::STORM_THAT_ENDS,
            Persistence::Kept,
        );
        for call in world.phones.iter().flat_map(|phone| phone.calls.values()) {
            for what in call.happenings() {
                *seen.entry(what.to_owned()).or_default() += 1;
            }
        }
        for phone in &world.phones {
            let counters = phone.layer.counters();
            for (what, count) in [
                ("requests absorbed", counters.repeated_requests),
                ("retransmissions", counters.retransmissions),
            ] {
                *seen.entry(what.to_owned()).or_default() += count as usize;
            }
        }
    }
    for what in [
        "answered",
        "refused",
        "cancelled",
        "cancel crossed the 2xx",
        "re-INVITE answered",
        "2xx repeated",
        "options answered",
        "hung up by the caller",
        "hung up by the callee",
        "requests absorbed",
        "retransmissions",
    ] {
        let times = seen.get(what).copied().unwrap_or(0);
        assert!(times >= 10, "{what}: only {times} times in {seen:?}");
    }
}
