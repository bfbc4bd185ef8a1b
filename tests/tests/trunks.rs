//! Calls out over trunks, with SIPp as the provider.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;
use tests::peers::{Running, Sipp};
use tests::phone::Phone;
use tests::server::{Server, Setup};

const SOON: Duration = Duration::from_secs(5);
const OUTSIDE: &str = "070-1234567";

/// The demo with a plan and with so many trunks; the provider of each listens at one of the server's other ports.
fn with_trunks(count: u16) -> Setup {
    let setup = Setup::demo()
        .set("organisation.plan", "\"home\"")
        .set("organisation.caller_id", "\"+46850001000\"");
    let mut text = "[plans.home]\nallow = [\"national\", \"mobile\"]\n".to_owned();
    for index in 1..=count {
        let port = setup.other_port(index);
        text += &format!(
            "[trunks.out{index}]\naddress = \"127.0.0.1:{port}\"\npriority = {index}\nusername = \"kolapp\"\n\
             password = \"provider-secret\"\nrealm = \"provider.example\"\n"
        );
    }
    setup.add("trunks.toml", &text)
}

fn provider(server: &Server, scenario: &'static str, index: u16) -> Running {
    Sipp::new(server, scenario).port(index).start()
}

/// A user's call that is answered, and that he ends.
fn call_is_answered(server: &Server) {
    let anna = Phone::agent(server, "anna");
    let mut calling = anna.call(OUTSIDE);
    calling.expect_provisional(180, SOON);
    calling.expect_answer(SOON);
    calling.hang_up();
}

// Changes: trunks.username, trunks.password
#[test]
fn a_user_calls_outside_over_a_provider_that_challenges_with_407() {
    let server = with_trunks(1).start();
    let provider = provider(&server, "provider_challenges_407", 1);
    call_is_answered(&server);
    provider.expect_success();
    server.wait_idle(SOON);
}

#[test]
fn a_user_calls_outside_over_a_provider_that_challenges_with_401() {
    let server = with_trunks(1).start();
    let provider = provider(&server, "provider_challenges_401", 1);
    call_is_answered(&server);
    provider.expect_success();
    server.wait_idle(SOON);
}

#[test]
fn a_provider_that_has_no_room_passes_the_call_to_the_next() {
    let server = with_trunks(2).start();
    let full = provider(&server, "provider_is_unavailable", 1);
    let free = provider(&server, "agent_answers", 2);
    call_is_answered(&server);
    full.expect_success();
    free.expect_success();
    server.wait_idle(SOON);
}

#[test]
fn a_provider_that_is_dead_passes_the_call_to_the_next() {
    let server = with_trunks(2).start();
    let free = provider(&server, "agent_answers", 2);
    let anna = Phone::agent(&server, "anna");
    let mut calling = anna.call(OUTSIDE);
    calling.expect_answer(Duration::from_secs(10));
    calling.hang_up();
    free.expect_success();
}

#[test]
fn a_challenge_to_our_bye_in_another_realm_is_never_answered() {
    let server = with_trunks(1).start();
    let provider = provider(&server, "provider_challenges_bye", 1);
    call_is_answered(&server);
    provider.expect_success();
    // The log names the realm.
    server.wait_log("evil.example");
    server.wait_idle(SOON);
}

// Changes: plans.allow
#[test]
fn a_number_that_the_plan_does_not_allow_gets_403_and_an_impossible_one_404() {
    let server = with_trunks(1).start();
    let anna = Phone::agent(&server, "anna");
    for premium in ["0900-1234567", "+881612345678", "004721234567"] {
        assert_eq!(anna.call(premium).answered(SOON), 403, "{premium}");
    }
    server.wait_log("number-not-allowed");
    assert_eq!(anna.call("+46").answered(SOON), 404);
    server.wait_idle(SOON);
}

#[test]
fn nobody_outside_reaches_another_number_outside() {
    let server = with_trunks(1).start();
    // The demo believes any local address to be its provider's, and lets it have public numbers only.
    let outside = Phone::outside(&server, "+46701111111");
    for dialled in ["+46701234567", "0701234567", "112"] {
        let status = outside.call(dialled).answered(SOON);
        assert!([401, 403, 404].contains(&status), "{dialled}: {status}");
    }
    server.wait_idle(SOON);
}
