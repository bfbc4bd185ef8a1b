//! Callers whom a queue does not take in, keeps no longer, or lets go by a key: what they hear, and where they come to.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;
use tests::hearing::hears;
use tests::phone::{Call, Options, Phone};
use tests::server::{Server, Setup};

const NUMBER: &str = "+46850001000";
const SOON: Duration = Duration::from_secs(5);
/// The longest prompt and then some.
const SAID: Duration = Duration::from_secs(12);

/// The demo with anna alone in the queue, and bosse in another beside it.
fn with_backup() -> Setup {
    Setup::demo()
        .set("queues.support.members", "[\"anna\"]")
        .add(
            "backup.toml",
            "[queues.backup]\nextension = \"1090\"\nmembers = [\"bosse\"]\nlogged_in_at_start = true\n",
        )
}

fn waits(server: &Server) -> (Phone, Call) {
    let phone = Phone::outside(server, "+46701234567");
    let mut call = phone.call(NUMBER);
    call.expect_answer(SOON);
    server.wait("he waits", SOON, |server| row(server)["waiting"] == 1);
    (phone, call)
}

fn row(server: &Server) -> serde_json::Value {
    server.ctl_row("queues", "name", "demo/support")
}

// Changes: queues.waiting_max, queues.full, queues.full.message
#[test]
fn a_caller_to_a_full_queue_hears_so_as_early_media_and_then_it_is_busy() {
    let server = Setup::demo().set("queues.support.waiting_max", "1").start();
    let (_phone, _inside) = waits(&server);
    let phone = Phone::outside(&server, "+46700000099");
    let mut refused = phone.call(NUMBER);
    refused.expect_provisional(183, SOON);
    hears(&server, &refused, "sv/all-busy");
    assert_eq!(refused.answered(SAID), 486);
    let (_, metrics) = tests::http::get(server.http(), "/metrics").unwrap();
    for line in [
        "kolapp_queue_refused_total{queue=\"demo/support\",cause=\"full\"} 1",
        "kolapp_queue_entered_total{queue=\"demo/support\"} 1",
    ] {
        assert!(metrics.contains(line), "no {line} in {metrics}");
    }
}

// Changes: queues.timed_out, queues.timed_out.after, queues.timed_out.message, queues.timed_out.then
#[test]
fn who_has_waited_too_long_is_told_and_comes_to_the_other_queue_and_the_first_agent_rings_no_more()
{
    let server = with_backup()
        .set(
            "queues.support.timed_out",
            "{ after = \"3s\", message = \"all-busy\", then = { queue = \"backup\" } }",
        )
        .start();
    let anna = Phone::agent(&server, "anna");
    let bosse = Phone::agent(&server, "bosse");
    let caller = Phone::outside(&server, "+46701234567");
    let mut call = caller.call(NUMBER);
    call.expect_answer(SOON);
    let mut rung = anna.incoming(SOON);
    rung.ring();
    rung.expect_cancel(SOON);
    hears(&server, &call, "sv/all-busy");
    let mut called = bosse.incoming(SAID);
    called.answer();
    server.wait_agent("bosse", "in-call", SOON);
    assert!(anna.try_incoming(Duration::from_millis(100)).is_none());
    assert_eq!(row(&server)["totals"]["overflowed"], 1);
    assert_eq!(server.ctl_row("agents", "name", "demo/anna")["missed"], 0);
    call.hang_up();
    called.expect_bye(SOON);
    server.wait_idle(SOON);
}

// Changes: queues.keys
#[test]
fn a_key_pressed_while_waiting_leads_to_a_colleague() {
    let server = Setup::demo()
        .set("queues.support.members", "[\"bosse\"]")
        .start();
    let anna = Phone::agent(&server, "anna");
    let (_phone, mut call) = waits(&server);
    call.media.press(1, Duration::from_millis(100));
    let mut called = anna.incoming(SOON);
    called.answer();
    server.wait("he waits no more", SOON, |server| {
        row(server)["waiting"] == 0
    });
    call.hang_up();
    called.expect_bye(SOON);
    server.wait_idle(SOON);
}

// Changes: queues.no_agents, queues.no_agents.message, queues.no_agents.waiting
#[test]
fn a_caller_whom_nobody_is_logged_in_for_is_told_and_so_is_one_who_waits_when_the_last_logs_out() {
    let server = Setup::demo()
        .set("queues.support.members", "[\"anna\"]")
        .set(
            "queues.support.no_agents",
            "{ message = \"try-later\", waiting = true }",
        )
        .start();
    let (_phone, mut inside) = waits(&server);
    server.ctl(&["agent", "log-out", "anna"]);
    hears(&server, &inside, "sv/try-later");
    inside.expect_bye(SAID);
    let phone = Phone::outside(&server, "+46700000099");
    let mut refused = phone.call(NUMBER);
    refused.expect_provisional(183, SOON);
    hears(&server, &refused, "sv/try-later");
    assert_eq!(refused.answered(SAID), 486);
    server.wait_idle(SOON);
}

#[test]
fn a_caller_who_is_moved_waits_in_the_other_queue_as_long_as_he_has_and_its_agent_is_rung() {
    let server = with_backup()
        .set("queues.support.welcome", "\"none\"")
        .set("queues.support.first_message", "\"none\"")
        .start();
    let (_phone, mut call) = waits(&server);
    let stays = Phone::outside(&server, "+46700000099");
    let mut second = stays.call(NUMBER);
    second.expect_answer(SOON);
    server.wait("both wait", SOON, |server| row(server)["waiting"] == 2);
    let bosse = Phone::agent(&server, "bosse");
    let moved = server.ctl(&["queue", "move", "support", "backup", "--callers", "1"]);
    assert_eq!(moved["moved"], 1);
    let mut called = bosse.incoming(SOON);
    called.answer();
    server.wait_agent("bosse", "in-call", SOON);
    assert_eq!(row(&server)["waiting"], 1);
    let backup = server.ctl_row("queues", "name", "demo/backup");
    assert_eq!(
        (&backup["connected"], &backup["totals"]["entered"]),
        (&1.into(), &1.into())
    );
    call.hang_up();
    called.expect_bye(SOON);
    let refused = server.ctl_output(&["queue", "move", "support", "support"]);
    assert!(!refused.status.success());
    second.hang_up();
    server.wait_idle(SOON);
}

// Changes: queues.close_when, queues.close_when.waiting, queues.open_when, queues.open_when.for, queues.loaded
// Changes: queues.full.then
#[test]
fn a_queue_that_is_closed_by_its_load_sends_newcomers_elsewhere_until_it_has_been_calm_for_a_while()
{
    let server = with_backup()
        .set("queues.support.close_when", "{ waiting = 1 }")
        .set("queues.support.open_when", "{ for = \"1s\" }")
        .set("queues.support.loaded", "{ then = { user = \"bosse\" } }")
        .start();
    let bosse = Phone::agent(&server, "bosse");
    let (_phone, mut inside) = waits(&server);
    assert_eq!(row(&server)["closed_by_load"], true);
    let phone = Phone::outside(&server, "+46700000099");
    let mut second = phone.call(NUMBER);
    let (mut called, health) = (bosse.incoming(SOON), || {
        let (_, body) = tests::http::get(server.http(), "/healthz").unwrap();
        body
    });
    let closed = r#""closed_by_load":["demo/support"]"#;
    server.wait("its health says so", SOON, |_| health().contains(closed));
    called.answer();
    second.expect_answer(SOON);
    second.hang_up();
    called.expect_bye(SOON);
    inside.hang_up();
    server.wait("it opens again", SOON, |server| {
        row(server)["closed_by_load"] == false
    });
    let (_phone, mut third) = waits(&server);
    third.hang_up();
    server.wait_idle(SOON);
}

// Changes: queues.close_when.wait, queues.close_when.of
#[test]
fn a_queue_closes_when_one_caller_has_waited_too_long_and_who_comes_then_is_told_and_refused() {
    let server = with_backup()
        .set(
            "queues.support.close_when",
            "{ wait = \"2s\", of = \"longest\" }",
        )
        .set("queues.support.loaded", "{ message = \"all-busy\" }")
        .start();
    let (_phone, mut inside) = waits(&server);
    assert_eq!(row(&server)["closed_by_load"], false, "one may wait");
    server.wait("he has waited too long", SOON, |server| {
        row(server)["closed_by_load"] == true
    });
    let phone = Phone::outside(&server, "+46700000099");
    let mut refused = phone.call(NUMBER);
    refused.expect_provisional(183, SOON);
    hears(&server, &refused, "sv/all-busy");
    assert_eq!(refused.answered(SAID), 486);
    assert_eq!(row(&server)["waiting"], 1, "who was inside stays");
    inside.hang_up();
    server.wait_idle(SOON);
}

/// Bosse, who takes the call of somebody sent to the other queue, and then it is over.
fn bosse_takes(server: &Server, bosse: &Phone, mut call: Call) {
    let mut called = bosse.incoming(SAID);
    called.answer();
    server.wait_agent("bosse", "in-call", SOON);
    call.hang_up();
    called.expect_bye(SOON);
    server.wait_agent("bosse", "free", SOON);
}

// Changes: queues.none_reachable, queues.all_paused, place.outside
#[test]
fn callers_go_to_a_number_outside_while_no_phone_is_there_and_elsewhere_once_all_have_paused() {
    let setup = with_backup()
        .set("organisation.caller_id", "\"+46850001000\"")
        .set("organisation.plan", "\"home\"")
        .set(
            "queues.support.none_reachable",
            "{ then = { outside = \"070-1234567\" } }",
        )
        .set(
            "queues.support.all_paused",
            "{ message = \"try-later\", then = { queue = \"backup\" }, waiting = true }",
        );
    let address = format!("127.0.0.1:{}", setup.sip_port()).parse().unwrap();
    let mobile = Phone::new(address, Options::outside("+46701234567"));
    let trunk = format!(
        "[plans.home]\nallow = [\"mobile\"]\n[trunks.out]\naddress = \"{}\"\n",
        mobile.local()
    );
    let server = setup.add("trunks.toml", &trunk).start();
    let bosse = Phone::agent(&server, "bosse");
    server.wait_agent("anna", "unreachable", SOON);
    let phone = Phone::outside(&server, "+46700000001");
    let mut call = phone.call(NUMBER);
    let mut called = mobile.incoming(SOON);
    let from = called.invite().header("From").unwrap().to_owned();
    assert!(
        from.contains(NUMBER),
        "it is the organisation's call: {from}"
    );
    called.answer();
    call.expect_answer(SOON);
    call.hang_up();
    called.expect_bye(SOON);

    // Now there is a phone, which rings until its owner pauses.
    let anna = Phone::agent(&server, "anna");
    server.wait_agent("anna", "free", SOON);
    let mut inside = phone.call(NUMBER);
    inside.expect_answer(SOON);
    let mut rung = anna.incoming(SOON);
    rung.ring();
    server.ctl(&["agent", "pause", "anna"]);
    rung.expect_cancel(SOON);
    hears(&server, &inside, "sv/try-later");
    bosse_takes(&server, &bosse, inside);
    // Who comes when all have paused is told before he is answered.
    let mut newcomer = phone.call(NUMBER);
    newcomer.expect_provisional(183, SOON);
    hears(&server, &newcomer, "sv/try-later");
    newcomer.expect_answer(SAID);
    bosse_takes(&server, &bosse, newcomer);
    assert!(anna.try_incoming(Duration::from_millis(100)).is_none());
    server.wait_idle(SOON);
}

// Changes: queues.wait, queues.wait_intro
#[test]
fn a_caller_is_told_what_he_may_expect_to_wait_once_some_calls_have_been_handled() {
    let server = Setup::demo()
        .set("queues.support.members", "[\"anna\"]")
        .set("queues.support.wrap_up", "\"0s\"")
        .set("queues.support.welcome", "\"none\"")
        .set("queues.support.first_message", "\"none\"")
        .set("queues.support.position", "\"never\"")
        .set("queues.support.wait_intro", "\"try-later\"")
        .start();
    let anna = Phone::agent(&server, "anna");
    for _ in 0..5 {
        let phone = Phone::outside(&server, "+46700000001");
        let mut call = phone.call(NUMBER);
        call.expect_answer(SOON);
        let mut called = anna.incoming(SOON);
        called.answer();
        server.wait_agent("anna", "in-call", SOON);
        called.hang_up();
        call.expect_bye(SOON);
        server.wait_agent("anna", "free", SOON);
    }
    let talks = Phone::outside(&server, "+46700000002");
    let mut first = talks.call(NUMBER);
    first.expect_answer(SOON);
    let mut called = anna.incoming(SOON);
    called.answer();
    server.wait_agent("anna", "in-call", SOON);
    let (_phone, call) = waits(&server);
    hears(&server, &call, "sv/try-later");
    hears(&server, &call, "sv/less-than-a-minute");
    let row = row(&server);
    assert!(row["expected_wait_s"].as_u64() >= row["handling_s"].as_u64());
    assert!(row["average_wait_s"].is_number());
    first.hang_up();
    called.expect_bye(SOON);
}
