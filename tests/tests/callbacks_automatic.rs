//! A queue gives its callbacks to its agents by itself, among its callers: seen on the agents' phones, and after a crash.

#![allow(clippy::unwrap_used, reason = "a test")]

use serde_json::Value;
use std::time::Duration;
use tests::hearing::{Hearing, hears};
use tests::phone::{Call, Options, Phone};
use tests::server::{Server, Setup};

const NUMBER: &str = "+46850002030";
const PERSON: &str = "+46701234987";
/// What comes at once, on a machine that is busy.
const SOON: Duration = Duration::from_secs(30);
/// The longest announcement and then some.
const SAID: Duration = Duration::from_secs(60);
/// Long enough for a ring that must not come, where one that may would have come at once.
const A_WHILE: Duration = Duration::from_millis(400);

/// A queue in which nobody works at first, and which says nothing but that callers may be called back.
const QUEUE: &str = r#"
[queues.again]
kind = "operator"
extension = "1030"
caller_id = "+46850002030"
members = ["bosse", "cecilia"]
logged_in_at_start = false
welcome = "none"
first_message = "none"
position = "never"
wrap_up = "0s"
ring = "5m"

[queues.again.callback]
automatic = true

[plans.home]
allow = ["mobile"]

[numbers]
"+46850002030" = { queue = "again" }
"#;

/// The server, and a person outside behind its trunk.
fn open() -> (Server, Phone) {
    let setup = Setup::demo().set("organisation.plan", "\"home\"");
    let address = format!("127.0.0.1:{}", setup.sip_port()).parse().unwrap();
    let person = Phone::new(address, Options::outside(PERSON));
    let trunk = format!("[trunks.out]\naddress = \"{}\"\n", person.local());
    let server = setup
        .add("callbacks.toml", QUEUE)
        .add("trunks.toml", &trunk)
        .start();
    (server, person)
}

/// The person asks to be called back, on the number that is shown.
fn asks(server: &Server, person: &Phone) {
    let mut call = person.call(NUMBER);
    call.expect_answer(SOON);
    hears(server, &call, "sv/callback-offer");
    for (key, heard) in [
        (2, "sv/callback-on-number"),
        (1, "sv/callback-summary"),
        (1, "sv/callback-accepted"),
    ] {
        call.media.press(key, Duration::from_millis(100));
        hears(server, &call, heard);
    }
    call.expect_bye(SAID);
}

fn shown(server: &Server) -> Value {
    server.callbacks(&["show", "b1"])
}

fn attempts(server: &Server) -> usize {
    shown(server)["attempts"].as_u64().unwrap() as usize
}

/// Whether a phone rings for a callback, and not for a caller.
fn is_callback(call: &Call) -> bool {
    call.invite()
        .header("From")
        .unwrap()
        .contains("Återuppringning")
}

#[test]
fn agents_get_callbacks_among_callers_take_or_decline_them_and_a_crash_dials_nobody_twice() {
    let (mut server, person) = open();
    asks(&server, &person);
    let caller = Phone::agent(&server, "david");
    let mut waits = caller.call("1030");
    waits.expect_answer(SOON);
    let bosse = Phone::agent(&server, "bosse");
    let cecilia = Phone::agent(&server, "cecilia");
    let in_queue = |server: &Server, what, name| {
        server.ctl(&["agent", what, name, "--queue", "again"]);
    };

    // The entry came first, and the first of two turns that both want is the caller's.
    in_queue(&server, "log-in", "bosse");
    let mut live = bosse.incoming(SOON);
    assert!(!is_callback(&live), "{}", live.invite().start);
    live.answer();
    server.wait_agent("bosse", "in-call", SOON);
    assert_eq!(shown(&server)["status"], "not-handled");
    waits.hang_up();
    live.expect_bye(SOON);

    // Now it is the entry's. He declines: it is as it was, and the next who is free gets it.
    let mut offered = bosse.incoming(SOON);
    assert!(is_callback(&offered), "{}", offered.invite().start);
    server.wait_agent("bosse", "offered", SOON);
    offered.refuse(603);
    server.wait("it is back", SOON, |server| {
        shown(server)["status"] == "not-handled"
    });
    assert_eq!(attempts(&server), 0);
    server.wait("that counts as declined", SOON, |server| {
        server.ctl_row("agents", "name", "demo/bosse")["declined"] == 1
    });
    in_queue(&server, "log-out", "bosse");
    in_queue(&server, "log-in", "cecilia");
    let hers = cecilia.incoming(SOON);
    hers.ring();
    assert!(
        person.try_incoming(A_WHILE).is_none(),
        "nobody is rung before she has answered"
    );
    let why = server.ctl(&["why", "b1"]).to_string();
    for words in [
        "leaves a turn of demo/again to a caller",
        "given by demo/again to demo/bosse",
        "demo/bosse declined",
        "given by demo/again to demo/cecilia",
    ] {
        assert!(why.contains(words), "{words}: {why}");
    }

    // The server is killed between the two: nobody was called, and she is given it again.
    server.agents_on_disk();
    drop(hers);
    server.kill_and_start_again();
    assert_eq!(attempts(&server), 0);
    let mut hers = cecilia.incoming(SOON);
    hers.answer();
    Hearing::of(&server, &hers).says(&["sv/calling-back-to"]);
    let mut theirs = person.incoming(SAID);
    theirs.answer();
    server.wait("they talk", SOON, |server| {
        shown(server)["status"] == "in-call"
    });
    server.wait_agent("cecilia", "in-call", SOON);
    theirs.hang_up();
    hers.expect_bye(SOON);
    server.wait("she owes what came of it", SOON, |server| {
        shown(server)["status"] == "awaiting-note"
    });
    assert_eq!(attempts(&server), 1);
    assert!(person.try_incoming(A_WHILE).is_none(), "once");
    server.callbacks(&["note", "b1", "cecilia", "Helped."]);
    server.wait_no_call(SOON);
}
