//! What outlives the server, whether it is stopped or killed: how agents stand in the queues.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;
use tests::kept::is_found;
use tests::phone::Phone;
use tests::server::{Server, Setup};

const SOON: Duration = Duration::from_secs(5);
const NUMBER: &str = "+46850001000";
const CALLER: &str = "+46701234567";
/// What versions before had in their files in its place.
const HASH_WITHOUT_A_KEY: &str = "12543980349602134860";

/// Agents of the demo, each of whom is logged in when the server first starts.
const AGENTS: f64 = 4.0;

/// Agents' rows that have been written since the start.
fn rows(server: &Server) -> f64 {
    server.metric("kolapp_store_written_total{about=\"agents\"}")
}

/// Has something done that changes one agent, and waits until that is on disk.
fn stored(server: &Server, what: impl FnOnce()) {
    let before = rows(server);
    what();
    server.wait("it is on disk", SOON, |server| rows(server) > before);
}

fn started() -> Server {
    let server = Setup::demo()
        .set("queues.support.wrap_up", "\"10m\"")
        .start();
    server.wait("all agents are on disk", SOON, |server| {
        rows(server) >= AGENTS
    });
    server
}

#[test]
fn log_outs_pauses_and_wrap_up_clocks_are_there_again_after_a_kill() {
    let mut server = started();
    stored(&server, || {
        server.ctl(&["agent", "log-out", "cecilia"]);
    });
    stored(&server, || {
        server.ctl(&["agent", "pause", "david", "--reason", "lunch"]);
    });
    let (caller, anna) = (
        Phone::outside(&server, "+46701234567"),
        Phone::agent(&server, "anna"),
    );
    server.wait_agent("anna", "free", SOON);
    let mut calling = caller.call(NUMBER);
    calling.expect_answer(SOON);
    let mut called = anna.incoming(SOON);
    called.answer();
    server.wait_agent("anna", "in-call", SOON);
    stored(&server, || calling.hang_up());
    called.expect_bye(SOON);
    server.wait_agent("anna", "wrap-up", SOON);
    let left = |server: &Server| {
        let row = server.ctl_row("agents", "name", "demo/anna");
        row["ends_in_s"].as_u64().unwrap()
    };
    let before = left(&server);
    server.kill_and_start_again();
    assert_eq!(server.agent_state("cecilia"), "logged-out");
    let david = server.ctl_row("agents", "name", "demo/david");
    let (state, reason) = (&david["state"], &david["pause_reason"]);
    assert_eq!(
        (state.as_str(), reason.as_str()),
        (Some("paused"), Some("lunch"))
    );
    assert_eq!(server.agent_state("anna"), "wrap-up");
    let after = left(&server);
    assert!(
        (500..=before).contains(&after),
        "of {before} s, {after} s are left"
    );
    // Nobody is there for a caller until she is done.
    let mut second = caller.call(NUMBER);
    second.expect_answer(SOON);
    assert!(anna.try_incoming(Duration::from_millis(300)).is_none());
    server.ctl(&["agent", "end-wrap-up", "anna"]);
    let mut called = anna.incoming(SOON);
    called.answer();
    second.hang_up();
    called.expect_bye(SOON);
}

#[test]
fn a_caller_who_waited_when_the_server_was_killed_is_gone_and_an_agent_who_talked_has_wrap_up() {
    let mut server = started();
    let (caller, bosse) = (
        Phone::outside(&server, "+46701234567"),
        Phone::agent(&server, "bosse"),
    );
    server.wait_agent("bosse", "free", SOON);
    let mut talking = caller.call(NUMBER);
    talking.expect_answer(SOON);
    let mut called = bosse.incoming(SOON);
    called.answer();
    server.wait_agent("bosse", "in-call", SOON);
    server.agent_on_disk("bosse");
    let mut waiting = caller.call(NUMBER);
    waiting.expect_answer(SOON);
    server.kill_and_start_again();
    assert_eq!(server.agent_state("bosse"), "wrap-up");
    let queue = server.ctl_row("queues", "name", "demo/support");
    let (waiting, connected) = (queue["waiting"].as_u64(), queue["connected"].as_u64());
    assert_eq!((waiting, connected), (Some(0), Some(0)));
}

#[test]
fn a_server_that_is_stopped_in_good_order_has_agents_as_they_were_when_it_starts_again() {
    let mut server = started();
    server.ctl(&["agent", "log-out", "anna"]);
    server.ctl(&["agent", "pause", "bosse"]);
    server.terminate();
    assert!(server.wait_end(SOON).success());
    server.start_again();
    assert_eq!(server.agent_state("anna"), "logged-out");
    assert_eq!(server.agent_state("bosse"), "paused");
    server.ctl(&["agent", "log-in", "anna"]);
    server.ctl(&["agent", "resume", "bosse"]);
    server.terminate();
    assert!(server.wait_end(SOON).success());
    server.start_again();
    assert_eq!(server.agent_state("anna"), "unreachable");
    assert_eq!(server.agent_state("bosse"), "unreachable");
}

/// A server whose callers are known again, and of whose agents only bosse has a phone yet.
fn knowing() -> (Server, Phone) {
    let server = Setup::demo()
        .set("queues.support.last_agent", "\"1h\"")
        .set("queues.support.wrap_up", "\"0s\"")
        .set("queues.support.policy", "\"longest-idle\"")
        .start();
    server.wait("all agents are on disk", SOON, |server| {
        rows(server) >= AGENTS
    });
    let bosse = Phone::agent(&server, "bosse");
    server.wait_agent("bosse", "free", SOON);
    (server, bosse)
}

/// He calls, and talks with that agent.
fn talk(server: &Server, caller: &Phone, phone: &Phone, name: &str) {
    let mut calling = caller.call(NUMBER);
    calling.expect_answer(SOON);
    let mut called = phone.incoming(SOON);
    called.answer();
    server.wait_agent(name, "in-call", SOON);
    calling.hang_up();
    called.expect_bye(SOON);
    server.wait_agent(name, "free", SOON);
}

#[test]
fn whoever_calls_again_after_a_kill_gets_the_agent_he_had_before_it() {
    let (mut server, bosse) = knowing();
    let caller = Phone::outside(&server, CALLER);
    talk(&server, &caller, &bosse, "bosse");
    // Anna, who is there from now on, has been idle for longer.
    let anna = Phone::agent(&server, "anna");
    server.wait_agent("anna", "free", SOON);
    server.agent_on_disk("bosse");
    server.kill_and_start_again();
    server.wait_agent("anna", "free", SOON);
    server.wait_agent("bosse", "free", SOON);
    talk(&server, &caller, &bosse, "bosse");
    assert!(anna.try_incoming(Duration::ZERO).is_none());
}

#[test]
fn a_caller_stands_in_no_file_by_a_hash_without_a_key_and_is_known_no_more_when_his_number_is_erased()
 {
    const TALKS: &str = "\"talks\":[";
    let (mut server, bosse) = knowing();
    let caller = Phone::outside(&server, CALLER);
    talk(&server, &caller, &bosse, "bosse");
    let anna = Phone::agent(&server, "anna");
    server.wait_agent("anna", "free", SOON);
    let folder = server.folder().join("var");
    server.wait("the talk is kept", SOON, |_| is_found(&folder, TALKS));
    assert!(!is_found(&folder, HASH_WITHOUT_A_KEY));
    let key = std::fs::metadata(folder.join("callers.key")).unwrap();
    assert_eq!((key.len(), key.permissions().mode() & 0o777), (32, 0o600));

    let erased = server.callbacks(&["erase", CALLER]);
    assert_eq!(
        erased["erased"]["erased"], 0,
        "nothing but the talk: {erased}"
    );
    server.wait("it is found nowhere", SOON, |_| !is_found(&folder, TALKS));
    // It is the turn of anna, who has been idle for longer: now, and after a restart.
    let mut calling = caller.call(NUMBER);
    calling.expect_answer(SOON);
    let mut rings = anna.incoming(SOON);
    rings.ring();
    calling.hang_up();
    rings.expect_cancel(SOON);
    server.wait_no_call(SOON);
    server.kill_and_start_again();
    server.wait_agent("anna", "free", SOON);
    server.wait_agent("bosse", "free", SOON);
    talk(&server, &caller, &anna, "anna");
    assert!(bosse.try_incoming(Duration::ZERO).is_none());
}
