//! What a telephone server's signalling meets, each as a scenario of SIPp's against it: reliable ringing, changes of the
//! session, its timers, late offers, glare, forks, crossing and lost messages, hold, pick-up and take-over.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;
use tests::peers::{Running, Sipp, register_by_sipp};
use tests::phone::{Call, Phone};
use tests::server::{Server, Setup};

const SOON: Duration = Duration::from_secs(5);
/// A number that leads to bosse.
const DIRECT: &str = "+46850001009";
/// The number of the queue.
const QUEUE: &str = "+46850001000";

/// The demo with a number that leads to bosse, and with sessions as brief as tests need them.
fn setup() -> Setup {
    Setup::demo()
        .set(&format!("numbers.{DIRECT}"), "{ user = \"bosse\" }")
        .set_server("sip.session_expires_min", "\"4s\"")
}

/// SIPp calls bosse over the trunk.
fn caller<'a>(server: &'a Server, scenario: &'static str) -> Sipp<'a> {
    Sipp::new(server, scenario).port(1).key("number", DIRECT)
}

/// SIPp calls bosse, who answers and is hung up on.
fn bosse_answers(scenario: &'static str) {
    let server = setup().start();
    let bosse = Phone::agent(&server, "bosse");
    let calling = caller(&server, scenario).start();
    bosse_takes(&bosse).expect_bye(3 * SOON);
    calling.expect_success();
    server.wait_no_call(SOON);
}

fn bosse_takes(bosse: &Phone) -> Call {
    let mut called = bosse.incoming(SOON);
    called.answer();
    called
}

/// Anna calls bosse, whose phone is SIPp.
fn called_by_anna(server: &Server, device: Sipp) -> (Running, Phone, Call) {
    register_by_sipp(server, &["bosse"], 2);
    let device = device.port(2).start();
    let anna = Phone::agent(server, "anna");
    let calling = anna.call("102");
    (device, anna, calling)
}

/// Anna calls bosse's SIPp, which answers; she hangs up once it has come to `mark`.
fn anna_hangs_up(scenario: &'static str, mark: Option<&str>) {
    let server = setup().start();
    let (device, _anna, calling) = called_by_anna(&server, Sipp::new(&server, scenario));
    talk_and_hang_up(&server, device, calling, mark);
}

fn talk_and_hang_up(server: &Server, mut device: Running, mut calling: Call, mark: Option<&str>) {
    calling.expect_answer(SOON);
    if let Some(mark) = mark {
        device.wait_for(mark);
    }
    calling.hang_up();
    device.expect_success();
    server.wait_no_call(SOON);
}

#[test]
fn ringing_that_a_caller_requires_reliably_comes_until_its_own_prack() {
    let server = setup().start();
    let bosse = Phone::agent(&server, "bosse");
    let mut calling = caller(&server, "caller_requires_prack")
        .without_repeats()
        .start();
    let mut called = bosse.incoming(SOON);
    called.ring();
    calling.wait_for("rung");
    called.answer();
    called.expect_bye(SOON);
    calling.expect_success();
    server.wait_no_call(SOON);
}

#[test]
fn a_phone_that_requires_prack_gets_one_for_each_response_in_order() {
    let server = setup().start();
    let device = Sipp::new(&server, "agent_requires_prack").without_repeats();
    let (device, _anna, mut calling) = called_by_anna(&server, device);
    calling.expect_provisional(180, SOON);
    talk_and_hang_up(&server, device, calling, None);
}

#[test]
fn a_caller_changes_the_session_by_update_before_he_is_answered_and_after() {
    let server = setup()
        .set("queues.support.answer", "\"when-agent-answers\"")
        .start();
    let mut calling = Sipp::new(&server, "caller_updates")
        .port(1)
        .key("number", QUEUE)
        .start();
    calling.wait_for("updated");
    let anna = Phone::agent(&server, "anna");
    let mut called = anna.incoming(SOON);
    called.answer();
    called.expect_bye(2 * SOON);
    calling.expect_success();
    server.wait_no_call(SOON);
}

#[test]
fn a_phone_changes_the_session_by_update_before_it_answers_and_after() {
    anna_hangs_up("agent_updates", Some("resumed"));
}

#[test]
fn a_caller_who_stops_refreshing_his_session_is_hung_up_on() {
    bosse_answers("caller_refreshes_and_stops");
}

#[test]
fn a_caller_who_leaves_it_to_the_server_is_refreshed_half_way_each_time() {
    bosse_answers("caller_is_refreshed");
}

#[test]
fn too_brief_a_session_gets_422_and_what_it_asks_for_is_granted() {
    bosse_answers("caller_asks_for_too_brief_a_session");
}

#[test]
fn a_phone_that_wants_a_longer_session_is_asked_again() {
    anna_hangs_up("agent_asks_for_a_longer_session", None);
}

#[test]
fn a_phone_that_took_refreshing_over_and_stops_is_hung_up_on() {
    let server = setup().start();
    let device = Sipp::new(&server, "agent_refreshes_and_stops");
    let (device, _anna, mut calling) = called_by_anna(&server, device);
    calling.expect_answer(SOON);
    calling.expect_bye(3 * SOON);
    device.expect_success();
    server.wait_no_call(SOON);
}

#[test]
fn a_caller_without_an_offer_gets_one_at_first_and_within_the_call() {
    bosse_answers("caller_offers_late");
}

#[test]
fn a_phone_that_asks_for_an_offer_within_the_call_gets_one() {
    anna_hangs_up("agent_offers_late", Some("offered"));
}

#[test]
fn re_invites_that_cross_are_both_refused_and_come_again_in_their_turn() {
    bosse_answers("caller_crosses_a_re_invite");
}

#[test]
fn of_two_phones_behind_a_proxy_that_both_answer_the_second_is_hung_up_on() {
    anna_hangs_up("agent_forks", Some("left"));
}

#[test]
fn an_answer_that_crosses_the_cancel_is_acknowledged_and_hung_up_on() {
    let server = setup().start();
    let device = Sipp::new(&server, "agent_answers_despite_cancel");
    let (device, _anna, mut calling) = called_by_anna(&server, device);
    calling.expect_provisional(180, SOON);
    calling.cancel();
    device.expect_success();
    server.wait_no_call(SOON);
}

#[test]
fn a_cancel_that_comes_after_the_answer_changes_nothing() {
    let server = setup().start();
    let bosse = Phone::agent(&server, "bosse");
    let calling = caller(&server, "caller_cancels_too_late")
        .pause(Duration::from_secs(1))
        .start();
    let mut called = bosse_takes(&bosse);
    assert!(called.stands_for(Duration::from_millis(500)));
    called.expect_bye(SOON);
    calling.expect_success();
    server.wait_no_call(SOON);
}

#[test]
fn a_caller_holds_in_each_way_and_resumes() {
    bosse_answers("caller_holds");
}

#[test]
fn a_phone_holds_in_each_way_and_resumes() {
    anna_hangs_up("agent_holds", Some("resumed"));
}

/// SIPp as cecilia, who wants the place of a phone in a call.
fn cecilia<'a>(server: &'a Server, scenario: &'static str, dialog: &str) -> Sipp<'a> {
    Sipp::new(server, scenario)
        .port(3)
        .account("cecilia")
        .key("number", "102")
        .key("replaces", dialog)
        .pause(Duration::from_secs(1))
}

#[test]
fn a_colleague_picks_up_a_call_that_rings_on_anothers_phone() {
    let server = setup().start();
    let (anna, bosse) = (
        Phone::agent(&server, "anna"),
        Phone::agent(&server, "bosse"),
    );
    let mut calling = anna.call("102");
    let mut ringing = bosse.incoming(SOON);
    ringing.ring();
    let taking = cecilia(&server, "user_takes_a_call", &ringing.dialog()).start();
    ringing.expect_cancel(SOON);
    calling.expect_answer(SOON);
    calling.expect_bye(SOON);
    taking.expect_success();
    server.wait_no_call(SOON);
}

#[test]
fn a_colleague_takes_over_a_call_that_another_talks_in() {
    let server = setup().start();
    let (anna, bosse) = (
        Phone::agent(&server, "anna"),
        Phone::agent(&server, "bosse"),
    );
    let mut calling = anna.call("102");
    let mut talking = bosse_takes(&bosse);
    calling.expect_answer(SOON);
    let taking = cecilia(&server, "user_takes_a_call", &talking.dialog()).start();
    talking.expect_bye(SOON);
    calling.expect_bye(SOON);
    taking.expect_success();
    server.wait_no_call(SOON);
}

#[test]
fn nobody_takes_a_call_that_is_not_there_or_with_a_tag_he_guessed() {
    let server = setup().start();
    let (anna, bosse) = (
        Phone::agent(&server, "anna"),
        Phone::agent(&server, "bosse"),
    );
    let mut calling = anna.call("102");
    let mut talking = bosse_takes(&bosse);
    calling.expect_answer(SOON);
    let guessed = talking.dialog() + "0";
    for dialog in ["nobody@nowhere;to-tag=1;from-tag=2", &guessed] {
        cecilia(&server, "user_may_not_take_a_call", dialog).run();
    }
    assert!(talking.stands_for(Duration::from_millis(100)));
    calling.hang_up();
    talking.expect_bye(SOON);
    server.wait_no_call(SOON);
}

// Changes: plans.follow_redirects
#[test]
fn a_phone_that_redirects_its_calls_is_followed_in_order_where_its_plan_says_so() {
    let server = setup()
        .add(
            "plans.toml",
            "[plans.mobile]\nallow = []\nfollow_redirects = true\n",
        )
        .set("users.bosse.plan", "\"mobile\"")
        .start();
    let (cecilia, david) = (
        Phone::agent(&server, "cecilia"),
        Phone::agent(&server, "david"),
    );
    let device = Sipp::new(&server, "agent_redirects");
    let (device, _anna, mut calling) = called_by_anna(&server, device);
    david.incoming(SOON).refuse(486);
    let mut called = cecilia.incoming(SOON);
    called.answer();
    calling.expect_answer(SOON);
    calling.hang_up();
    called.expect_bye(SOON);
    device.expect_success();
    server.wait_no_call(SOON);
}

#[test]
fn a_phone_that_redirects_its_calls_is_unavailable_where_its_plan_says_nothing() {
    let server = setup().start();
    let david = Phone::agent(&server, "david");
    let device = Sipp::new(&server, "agent_redirects");
    let (device, _anna, mut calling) = called_by_anna(&server, device);
    assert_eq!(calling.answered(SOON), 480);
    device.expect_success();
    assert!(david.try_incoming(Duration::from_millis(200)).is_none());
    server.wait_no_call(SOON);
}

#[test]
fn a_caller_whose_ack_never_comes_is_answered_again_and_again_and_then_hung_up_on() {
    let server = setup().start();
    let bosse = Phone::agent(&server, "bosse");
    let limit = Duration::from_secs(50);
    let calling = caller(&server, "caller_never_acknowledges")
        .without_repeats()
        .within(limit)
        .start();
    bosse_takes(&bosse).expect_bye(limit);
    calling.expect_success();
    server.wait_no_call(SOON);
}

#[test]
fn an_ack_that_comes_late_leaves_the_call_standing() {
    let server = setup().start();
    let bosse = Phone::agent(&server, "bosse");
    let calling = caller(&server, "caller_acknowledges_late")
        .without_repeats()
        .start();
    bosse_takes(&bosse).expect_bye(2 * SOON);
    calling.expect_success();
    server.wait_no_call(SOON);
}

#[test]
fn a_phone_whose_answer_comes_again_gets_its_ack_again() {
    let server = setup().start();
    let device = Sipp::new(&server, "agent_answers_twice").without_repeats();
    let (device, _anna, calling) = called_by_anna(&server, device);
    talk_and_hang_up(&server, device, calling, Some("again"));
}

#[test]
fn options_tell_what_an_invite_would_find() {
    let server = setup().start();
    Sipp::new(&server, "options_are_answered").port(1).run();
}

#[test]
fn a_text_goes_from_one_phone_to_another() {
    let server = setup().start();
    register_by_sipp(&server, &["bosse"], 2);
    let device = Sipp::new(&server, "device_gets_a_text").port(2).start();
    Sipp::new(&server, "user_sends_a_text")
        .port(1)
        .account("anna")
        .key("number", "102")
        .run();
    device.expect_success();
}
