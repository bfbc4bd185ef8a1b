//! Channels of trunks, and how much may be called outside, with SIPp as the provider.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;
use tests::peers::{Running, Sipp};
use tests::phone::Phone;
use tests::server::{Server, Setup};

const SOON: Duration = Duration::from_secs(5);
const OUTSIDE: &str = "070-1234567";

/// The demo with a plan, of which these are the bounds, and with one trunk out to the server's other port 1.
fn with_trunk(channels: u32, bounds: &str) -> Setup {
    let setup = Setup::demo()
        .set("organisation.plan", "\"home\"")
        .set("organisation.caller_id", "\"+46850001000\"");
    let port = setup.other_port(1);
    let text = format!(
        "[plans.home]\nallow = [\"national\", \"mobile\"]\n{bounds}\n\
         [trunks.out]\naddress = \"127.0.0.1:{port}\"\nchannels = {channels}\n"
    );
    setup.add("trunks.toml", &text)
}

fn provider(server: &Server, calls: u32) -> Running {
    Sipp::new(server, "agent_answers")
        .port(1)
        .calls(calls)
        .pause(Duration::from_millis(50))
        .start()
}

/// Waits until one has been refused for that, and no more.
fn one_is_refused(server: &Server, cause: &str) {
    server.wait_metric(&format!("kolapp_refused_total{{cause=\"{cause}\"}}"), 1.0);
}

#[test]
fn a_trunk_has_so_many_channels_and_they_come_back() {
    let server = with_trunk(1, "").start();
    let provider = provider(&server, 2);
    let anna = Phone::agent(&server, "anna");
    let bosse = Phone::agent(&server, "bosse");
    let mut first = anna.call(OUTSIDE);
    first.expect_answer(SOON);
    let in_use = "kolapp_trunk_channels{trunk=\"demo/out\"}";
    server.wait_metric(in_use, 1.0);
    assert_eq!(bosse.call(OUTSIDE).answered(SOON), 503);
    one_is_refused(&server, "trunk-full");
    server.wait_log("trunk-full");
    first.hang_up();
    server.wait_idle(SOON);
    server.wait_metric(in_use, 0.0);
    let mut second = bosse.call(OUTSIDE);
    second.expect_answer(SOON);
    second.hang_up();
    provider.expect_success();
    server.wait_idle(SOON);
}

// Changes: trunks.channels
#[test]
fn a_caller_over_a_trunk_whose_channels_are_all_in_use_is_told_busy() {
    let server = Setup::demo().set("trunks.provider.channels", "1").start();
    let first = Phone::outside(&server, "+46701111111");
    let second = Phone::outside(&server, "+46702222222");
    let mut waiting = first.call("+46850001000");
    waiting.expect_answer(SOON);
    assert_eq!(second.call("+46850001000").answered(SOON), 486);
    one_is_refused(&server, "trunk-full");
    waiting.hang_up();
    server.wait_idle(SOON);
    let mut waiting = second.call("+46850001000");
    waiting.expect_answer(SOON);
    waiting.hang_up();
    server.wait_idle(SOON);
}

// Changes: plans.calls_per_hour
#[test]
fn who_has_called_outside_as_often_as_he_may_gets_403_and_still_the_emergency_number() {
    let server = with_trunk(10, "calls_per_hour = 1").start();
    let provider = provider(&server, 3);
    let anna = Phone::agent(&server, "anna");
    let bosse = Phone::agent(&server, "bosse");
    let answered = |phone: &Phone, number: &str| {
        let mut calling = phone.call(number);
        calling.expect_answer(SOON);
        calling.hang_up();
    };
    answered(&anna, OUTSIDE);
    assert_eq!(anna.call(OUTSIDE).answered(SOON), 403);
    one_is_refused(&server, "outside-calls-used-up");
    server.wait_log("outside-calls-used-up");
    answered(&anna, "112");
    answered(&bosse, OUTSIDE);
    provider.expect_success();
    server.wait_idle(SOON);
}

// Changes: plans.minutes_per_hour
#[test]
fn a_call_that_has_used_up_its_minutes_is_ended_with_a_reason() {
    let server = with_trunk(10, "minutes_per_hour = 1").start();
    let provider = Sipp::new(&server, "agent_answers")
        .port(1)
        .within(Duration::from_secs(90))
        .start();
    let anna = Phone::agent(&server, "anna");
    let mut calling = anna.call(OUTSIDE);
    calling.expect_answer(SOON);
    let bye = calling.expect_bye(Duration::from_secs(65));
    assert_eq!(
        bye.header("Reason").unwrap(),
        "SIP;cause=403;text=\"No minutes left\""
    );
    assert_eq!(anna.call(OUTSIDE).answered(SOON), 403);
    one_is_refused(&server, "outside-minutes-used-up");
    server.wait_log("minutes-used-up");
    provider.expect_success();
    server.wait_idle(SOON);
}

#[test]
fn a_user_with_as_many_calls_as_he_may_have_still_calls_for_help() {
    let server = with_trunk(10, "")
        .set_server("limits.calls_per_user", "1")
        .start();
    let provider = provider(&server, 1);
    let anna = Phone::agent(&server, "anna");
    let mut waiting = anna.call("1000");
    waiting.expect_answer(SOON);
    assert_eq!(anna.call("102").answered(SOON), 503);
    let mut help = anna.call("112");
    help.expect_answer(SOON);
    help.hang_up();
    provider.expect_success();
    waiting.hang_up();
    server.wait_idle(SOON);
}
