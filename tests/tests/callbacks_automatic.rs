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

/// The server, and a person outside behind its trunk; its queue has these lines beside.
fn open(lines: &str) -> (Server, Phone) {
    let setup = Setup::demo().set("organisation.plan", "\"home\"");
    let address = format!("127.0.0.1:{}", setup.sip_port()).parse().unwrap();
    let person = Phone::new(address, Options::outside(PERSON));
    let trunk = format!("[trunks.out]\naddress = \"{}\"\n", person.local());
    let server = setup
        .add(
            "callbacks.toml",
            &QUEUE.replace("automatic = true\n", lines),
        )
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
    let (mut server, person) = open("automatic = true\n");
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

/// People are called while an agent's phone rings, and wait for one so long.
const BEFORE: &str = "automatic = true\nautomatic_call = \"before\"\nautomatic_wait = \"10s\"\n";

#[test]
fn a_person_called_before_an_agent_has_taken_it_is_told_to_wait_and_gets_the_next_where_one_declines()
 {
    let (server, person) = open(BEFORE);
    asks(&server, &person);
    let bosse = Phone::agent(&server, "bosse");
    let cecilia = Phone::agent(&server, "cecilia");
    server.ctl(&["agent", "log-in", "bosse", "--queue", "again"]);
    let mut offered = bosse.incoming(SOON);
    assert!(is_callback(&offered), "{}", offered.invite().start);
    offered.ring();
    let mut theirs = person.incoming(SOON);
    theirs.answer();
    hears(&server, &theirs, "sv/calling-back-wait");
    server.ctl(&["agent", "log-in", "cecilia", "--queue", "again"]);
    offered.refuse(603);
    let mut hers = cecilia.incoming(SOON);
    hers.answer();
    server.wait_agent("cecilia", "in-call", SOON);
    server.wait("they talk", SOON, |server| {
        shown(server)["held_by"] == "demo/cecilia"
    });
    assert_eq!(attempts(&server), 1, "one call, whoever rang for it");
    theirs.hang_up();
    hers.expect_bye(SOON);
    server.wait("she owes what came of it", SOON, |server| {
        shown(server)["status"] == "awaiting-note"
    });
    assert!(person.try_incoming(A_WHILE).is_none(), "once");
    let list = server.ctl(&["why", "b1"]).to_string();
    assert!(list.contains("demo/bosse declined"), "{list}");
    server.callbacks(&["note", "b1", "cecilia", "Helped."]);
    server.wait_no_call(SOON);
}

#[test]
fn a_person_for_whom_no_agent_comes_is_told_so_keeps_his_place_and_is_called_for_an_agent_next() {
    let (server, person) = open(BEFORE);
    asks(&server, &person);
    let bosse = Phone::agent(&server, "bosse");
    server.ctl(&["agent", "log-in", "bosse", "--queue", "again"]);
    let mut offered = bosse.incoming(SOON);
    offered.ring();
    let mut theirs = person.incoming(SOON);
    theirs.answer();
    let mut hearing = Hearing::of(&server, &theirs);
    hearing.says(&["sv/calling-back-wait"]);
    offered.expect_cancel(SAID);
    // He is free at once.
    let mut again = bosse.incoming(SOON);
    again.ring();
    hearing.says(&["sv/calling-back-sorry"]);
    theirs.expect_bye(SAID);
    server.wait("that is kept", SOON, |server| {
        shown(server)["tries"][0]["outcome"] == "abandoned"
    });
    // Nobody is called before he has taken it.
    assert!(person.try_incoming(A_WHILE).is_none());
    again.answer();
    let mut theirs = person.incoming(SAID);
    theirs.answer();
    server.wait_agent("bosse", "in-call", SOON);
    theirs.hang_up();
    again.expect_bye(SOON);
    server.wait("two attempts are kept", SOON, |server| {
        attempts(server) == 2
    });
}
