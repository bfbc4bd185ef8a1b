//! A flood of every method from one address, and from many: agents are rung and callers answered as if it were not
//! there, and what it took in memory is little.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tests::flood::Flood;
use tests::phone::Phone;
use tests::process;
use tests::server::{Server, Setup};

const NUMBER: &str = "+46850001000";
const SOON: Duration = Duration::from_secs(5);

/// Datagrams that a test sends at least: far beyond what its addresses may, and done in a few seconds.
const FLOOD_LEAST: usize = 20_000;

/// Calls taken meanwhile, at least.
const CALLS_LEAST: usize = 5;

/// R8's bound, of which this test's flood is a small part.
const MEMORY_BYTES_MAX: u64 = 50 << 20;

/// Ends the flood also where the test fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A rate that leaves a server built for debugging time for its calls, on a machine that does other things too;
/// `make bench` has the figures with the default.
fn server(requests_per_source: u32) -> Server {
    Setup::demo()
        .set_server("limits.loopback", "true")
        .set_server(
            "limits.requests_per_source",
            &requests_per_source.to_string(),
        )
        .set("queues.support.wrap_up", "\"0s\"")
        .set("trunks.provider.sources", "[\"127.0.0.1\"]")
        .start()
}

/// Calls are taken while `sources` flood; gives back how many datagrams were sent.
fn calls_stand_a_flood(sources: &[String], requests_per_source: u32) {
    let server = server(requests_per_source);
    let agent = Phone::agent(&server, "anna");
    let caller = Phone::outside(&server, "+46701234567");
    let take_a_call = || {
        let mut outside = caller.call(NUMBER);
        outside.expect_answer(SOON);
        let mut inside = agent.incoming(SOON);
        inside.answer();
        outside.hang_up();
        inside.expect_bye(SOON);
        server.wait_agent("anna", "free", SOON);
    };
    take_a_call();
    let before = process::resident_bytes(server.pid());
    let (stop, sent) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut flood = Flood::from(sources, server.sip());
            while !stop.load(Ordering::Relaxed) {
                sent.fetch_add(flood.burst(), Ordering::Relaxed);
            }
        });
        let _stop = Stop(&stop);
        let mut calls = 0;
        while calls < CALLS_LEAST || sent.load(Ordering::Relaxed) < FLOOD_LEAST {
            take_a_call();
            calls += 1;
        }
    });
    take_a_call();
    let after = process::resident_bytes(server.pid());
    let dropped = server.metric("kolapp_sip_kept_out_total{cause=\"too-fast\"}");
    println!("sent {sent:?}, dropped {dropped}, memory {before} -> {after}");
    assert!(dropped > 0.0);
    assert!(after < before + MEMORY_BYTES_MAX, "{before} -> {after}");
    server.wait_idle(SOON);
}

#[test]
fn calls_are_taken_through_a_flood_from_one_address() {
    calls_stand_a_flood(&["127.0.0.90".to_owned()], 50);
}

#[test]
fn calls_are_taken_through_a_flood_from_fifty_addresses() {
    let sources: Vec<String> = (100..150).map(|n| format!("127.0.0.{n}")).collect();
    calls_stand_a_flood(&sources, 5);
}
