//! Two hundred calls through twenty agents within a minute.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;
use tests::load::calls::{Generator, Plan, Route, Tally};
use tests::load::registrations::{Nonces, register};
use tests::load::{Account, office};
use tests::process;
use tests::server::Server;

const AGENTS: usize = 20;
const CALLS: usize = 200;

fn agents_states(server: &Server) -> Vec<String> {
    let rows = server.ctl(&["agents"]);
    let load = |row: &&serde_json::Value| row["name"].as_str().unwrap().starts_with("demo/load-");
    rows.as_array()
        .unwrap()
        .iter()
        .filter(load)
        .map(|row| row["state"].as_str().unwrap().to_owned())
        .collect()
}

fn round(server: &Server, generator: &mut Generator) -> Tally {
    let plan = Plan {
        total: CALLS,
        per_second: 10.0,
        hold: Some(Duration::from_millis(700)),
        ring: Duration::from_millis(300),
    };
    let tally = generator.run(&plan);
    assert_eq!(tally.connected, CALLS, "{tally:?}");
    assert_eq!(
        (tally.answered, tally.ended, tally.lost),
        (CALLS, CALLS, 0),
        "{tally:?}"
    );
    assert!(tally.refused.is_empty(), "{tally:?}");
    assert!(
        tally.elapsed < Duration::from_secs(60),
        "{:?}",
        tally.elapsed
    );
    server.wait_idle(Duration::from_secs(10));
    server.wait("all agents are free", Duration::from_secs(10), |server| {
        agents_states(server).iter().all(|state| state == "free")
    });
    tally
}

#[test]
fn two_hundred_calls_through_twenty_agents_are_all_answered_and_leave_nothing_behind() {
    let server = office(AGENTS).start();
    let route = Route::Trunk {
        number: tests::load::QUEUE_NUMBER.to_owned(),
    };
    let mut generator = Generator::new(server.sip(), route, "127.0.0.1:9".parse().unwrap());
    let accounts: Vec<Account> = Account::numbered(AGENTS);
    let tally = register(
        server.sip(),
        &accounts,
        AGENTS,
        generator.contact(),
        Nonces::Fresh,
    );
    assert_eq!(tally.registered, AGENTS);
    let descriptors = process::descriptors(server.pid());
    round(&server, &mut generator);
    assert_eq!(agents_states(&server).len(), AGENTS);
    // What a call leaves for 32 s (RFC 3261 §17, Timers D, H and J) is at its most in the second round: the allocator takes
    // what it needs for that then, and nothing more in the third.
    round(&server, &mut generator);
    let memory = process::resident_bytes(server.pid());
    round(&server, &mut generator);
    let grown = process::resident_bytes(server.pid()).saturating_sub(memory);
    assert!(
        grown < 4 << 20,
        "a third round of {CALLS} calls kept {grown} bytes"
    );
    // Sockets rest for a while before they are closed.
    server.wait(
        "descriptors are given back",
        Duration::from_secs(30),
        |server| process::descriptors(server.pid()) <= descriptors + 2,
    );
    let totals = server.ctl_row("queues", "name", "demo/load")["totals"].clone();
    assert_eq!(
        (&totals["entered"], &totals["connected"]),
        (&600.into(), &600.into()),
        "{totals}"
    );
    server.stop();
}
