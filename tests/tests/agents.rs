//! Agents say what they do from their phones, and hear that it is done.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;
use tests::phone::{Options, Phone};
use tests::server::{Server, Setup};

const SOON: Duration = Duration::from_secs(5);

/// Dials a feature code, hears its confirmation, and is hung up on.
fn dial(server: &Server, phone: &Phone, code: &str, confirmation: &str) {
    let mut call = phone.call(code);
    call.expect_answer(SOON);
    call.media.hear(&server.prompt(confirmation), 0, SOON);
    call.expect_bye(SOON);
}

#[test]
fn codes_log_out_and_in_pause_and_resume_and_each_is_confirmed_by_voice() {
    let server = Server::demo();
    let phone = Phone::agent(&server, "anna");
    server.wait_agent("anna", "free", SOON);
    for (code, confirmation, state) in [
        ("*12", "sv/agent-logged-out", "logged-out"),
        ("*11", "sv/agent-logged-in", "free"),
        ("*13", "sv/agent-paused", "paused"),
        ("*14", "sv/agent-resumed", "free"),
    ] {
        dial(&server, &phone, code, confirmation);
        server.wait_agent("anna", state, SOON);
    }
    server.wait_idle(SOON);
}

#[test]
fn a_caller_waits_for_a_paused_agent_and_reaches_him_when_he_resumes() {
    let server = Server::demo();
    let phone = Phone::agent(&server, "anna");
    dial(&server, &phone, "*13", "sv/agent-paused");
    let caller = Phone::outside(&server, "+46701234567");
    let mut calling = caller.call("+46850001000");
    calling.expect_answer(SOON);
    assert!(
        phone.try_incoming(Duration::from_millis(500)).is_none(),
        "a paused agent is not rung"
    );
    let mut code = phone.call("*14");
    code.expect_answer(SOON);
    let mut called = phone.incoming(Duration::from_secs(10));
    called.answer();
    calling.hang_up();
    called.expect_bye(SOON);
}

#[test]
fn what_ctl_does_to_an_agent_is_what_his_phone_would_do() {
    let server = Server::demo();
    let _phone = Phone::agent(&server, "bosse");
    for (command, state) in [
        ("log-out", "logged-out"),
        ("log-in", "free"),
        ("pause", "paused"),
        ("resume", "free"),
    ] {
        let output = server.ctl_output(&["agent", command, "demo/bosse"]);
        assert!(
            output.status.success(),
            "{command}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        server.wait_agent("bosse", state, SOON);
    }
    let output = server.ctl_output(&["agent", "pause", "demo/nobody"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("nobody"));
}

#[test]
fn agents_are_not_rung_while_busy_with_calls_of_their_own() {
    let server = Server::demo();
    let (anna, david) = (
        Phone::agent(&server, "anna"),
        Phone::agent(&server, "david"),
    );
    let mut talking = anna.call("104");
    let mut colleague = david.incoming(SOON);
    colleague.answer_without_ack();
    talking.expect_answer(SOON);
    colleague.expect_request("ACK", SOON);
    server.wait_agent("anna", "own-call", SOON);
    server.wait_agent("david", "own-call", SOON);
    let caller = Phone::outside(&server, "+46701234567");
    let mut calling = caller.call("+46850001000");
    calling.expect_answer(SOON);
    assert!(anna.try_incoming(Duration::from_millis(300)).is_none());
    assert!(david.try_incoming(Duration::from_millis(300)).is_none());
    talking.hang_up();
    colleague.expect_bye(SOON);
    let rung = anna
        .try_incoming(Duration::from_secs(2))
        .or_else(|| david.try_incoming(Duration::from_secs(2)));
    rung.expect("one of them is free now").answer();
    calling.hang_up();
}

#[test]
fn a_pause_has_the_administrator_s_reason_and_one_that_there_is_not_is_refused_by_voice() {
    let server = Server::demo();
    let phone = Phone::agent(&server, "anna");
    server.wait_agent("anna", "free", SOON);
    dial(&server, &phone, "*139", "sv/agent-no-such-reason");
    server.wait_agent("anna", "free", SOON);
    dial(&server, &phone, "*131", "sv/agent-paused");
    server.wait_agent("anna", "paused", SOON);
    let reason =
        |server: &Server| server.ctl_row("agents", "name", "demo/anna")["pause_reason"].clone();
    assert_eq!(reason(&server), "lunch");
    let by_word = server.ctl_output(&["agent", "pause", "anna", "--reason", "möte"]);
    assert!(by_word.status.success());
    assert_eq!(reason(&server), "möte");
    let refused = server.ctl_output(&["agent", "pause", "anna", "--reason", "fika"]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(told.contains("1 lunch, 2 möte"), "{told}");
    dial(&server, &phone, "*10", "sv/agent-logged-in-to");
    server.wait_idle(SOON);
}

#[test]
fn an_agent_who_lets_a_call_ring_too_often_is_logged_out_and_ctl_says_why() {
    let server = Setup::demo()
        .set("agents.missed_max", "1")
        .set("queues.support.ring", "\"1s\"")
        .set("queues.support.deferral", "{ no_answer = \"0s\" }")
        .start();
    let phone = Phone::agent(&server, "anna");
    server.wait_agent("anna", "free", SOON);
    let caller = Phone::outside(&server, "+46701234567");
    let mut calling = caller.call("+46850001000");
    calling.expect_answer(SOON);
    let mut called = phone.incoming(SOON);
    called.ring();
    called.expect_cancel(SOON);
    server.wait_agent("anna", "logged-out", SOON);
    let sidelined = "kolapp_agents_sidelined_total{cause=\"missed-calls\"}";
    assert_eq!(server.metric(sidelined), 1.0);
    let row = server.ctl_row("agents", "name", "demo/anna");
    assert_eq!(
        (&row["put_by"], &row["missed"]),
        (&"1 missed call".into(), &1.into())
    );
    dial(&server, &phone, "*11", "sv/agent-logged-in");
    let mut called = phone.incoming(SOON);
    called.answer();
    calling.hang_up();
    called.expect_bye(SOON);
    server.wait_idle(SOON);
}

#[test]
fn wrap_up_is_seen_extended_and_ended_by_code_and_by_ctl() {
    let server = Setup::demo()
        .set("queues.support.wrap_up", "\"1m\"")
        .start();
    let phone = Phone::agent(&server, "anna");
    server.wait_agent("anna", "free", SOON);
    let caller = Phone::outside(&server, "+46701234567");
    let mut calling = caller.call("+46850001000");
    calling.expect_answer(SOON);
    let mut called = phone.incoming(SOON);
    called.answer();
    server.wait_agent("anna", "in-call", SOON);
    calling.hang_up();
    called.expect_bye(SOON);
    server.wait_agent("anna", "wrap-up", SOON);
    let left = |server: &Server| {
        let row = server.ctl_row("agents", "name", "demo/anna");
        row["ends_in_s"].as_u64().unwrap()
    };
    assert!(left(&server) <= 60);
    dial(&server, &phone, "*18", "sv/agent-wrap-up-extended");
    assert!((61..=90).contains(&left(&server)));
    let extended = server.ctl_output(&["agent", "extend-wrap-up", "anna", "--seconds", "600"]);
    assert!(extended.status.success());
    assert!(left(&server) > 600);
    dial(&server, &phone, "*17", "sv/agent-wrap-up-ended");
    server.wait_agent("anna", "free", SOON);
    let refused = server.ctl_output(&["agent", "extend-wrap-up", "anna"]);
    assert_eq!(refused.status.code(), Some(1));
    server.wait_idle(SOON);
}

#[test]
fn unregistered_phones_do_not_stay_available() {
    let server = Server::demo();
    let phone = Phone::agent(&server, "anna");
    server.wait_agent("anna", "free", SOON);
    let removed = server.ctl_output(&["registrations", "remove", "demo/anna"]);
    assert!(removed.status.success());
    server.wait_agent("anna", "unreachable", SOON);
    let caller = Phone::outside(&server, "+46701234567");
    let mut calling = caller.call("+46850001000");
    calling.expect_answer(SOON);
    assert!(phone.try_incoming(Duration::from_millis(500)).is_none());
    calling.hang_up();
    server.wait_idle(SOON);
}

/// Anna's mobile, behind a trunk, and a server that has a way to it.
fn with_mobile(more: impl FnOnce(Setup) -> Setup) -> (Server, Phone) {
    let setup = Setup::demo()
        .set("organisation.caller_id", "\"+46850001000\"")
        .set("organisation.plan", "\"home\"")
        .set("users.anna.mobile", "\"070-1234567\"");
    let server = format!("127.0.0.1:{}", setup.sip_port()).parse().unwrap();
    let mobile = Phone::new(server, Options::outside("+46701234567"));
    let trunk = format!(
        "[plans.home]\nallow = [\"mobile\"]\n[trunks.out]\naddress = \"{}\"\n",
        mobile.local()
    );
    (more(setup.add("trunks.toml", &trunk)).start(), mobile)
}

fn choose(server: &Server, name: &str, device: &str) {
    let chosen = server.ctl_output(&["agent", "device", name, device]);
    let told = String::from_utf8_lossy(&chosen.stderr).into_owned();
    assert!(chosen.status.success(), "{told}");
}

#[test]
fn an_agent_takes_a_caller_on_his_mobile_by_pressing_one() {
    let (mut server, mobile) = with_mobile(|setup| setup);
    server.wait_agent("anna", "unreachable", SOON);
    choose(&server, "anna", "mobile");
    server.wait_agent("anna", "free", SOON);
    server.terminate();
    assert!(server.wait_end(SOON).success());
    server.start_again();
    server.wait_agent("anna", "free", SOON);
    assert_eq!(
        server.ctl_row("agents", "name", "demo/anna")["device"],
        "mobile"
    );
    let caller = Phone::outside(&server, "+46709999999");
    let mut calling = caller.call("+46850001000");
    calling.expect_answer(SOON);
    let mut called = mobile.incoming(SOON);
    called.answer();
    called
        .media
        .hear(&server.prompt("sv/agent-accept"), 0, SOON);
    assert_eq!(server.agent_state("anna"), "offered");
    called.media.press(1, Duration::from_millis(100));
    server.wait_agent("anna", "in-call", SOON);
    calling.hang_up();
    called.expect_bye(SOON);
    server.wait_idle(SOON);
    choose(&server, "anna", "phone");
    server.wait_agent("anna", "unreachable", SOON);
    let refused = server.ctl_output(&["agent", "device", "bosse", "mobile"]);
    assert_eq!(refused.status.code(), Some(1), "he has none");
}

#[test]
fn voicemail_of_a_mobile_does_not_swallow_a_caller() {
    let (server, mobile) = with_mobile(|setup| setup.set("queues.support.ring", "\"4s\""));
    choose(&server, "anna", "mobile");
    server.wait_agent("anna", "free", SOON);
    let caller = Phone::outside(&server, "+46709999999");
    let mut calling = caller.call("+46850001000");
    calling.expect_answer(SOON);
    let mut called = mobile.incoming(SOON);
    called.answer();
    // However short the phones ring: there must be time to press.
    called.expect_bye(Duration::from_secs(18));
    server.wait("a missed call", SOON, |server| {
        server.ctl_row("agents", "name", "demo/anna")["missed"] == 1
    });
    let bosse = Phone::agent(&server, "bosse");
    let mut called = bosse.incoming(SOON);
    called.answer();
    server.wait_agent("bosse", "in-call", SOON);
    calling.hang_up();
    called.expect_bye(SOON);
    server.wait_idle(SOON);
}
