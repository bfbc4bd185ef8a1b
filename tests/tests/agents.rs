//! Agents say what they do from their phones, and hear that it is done.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;
use tests::phone::Phone;
use tests::server::Server;

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
fn an_agent_who_talks_to_a_colleague_is_not_offered_a_call() {
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
