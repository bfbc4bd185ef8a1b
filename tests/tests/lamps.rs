//! Busy lamps on desk phones: who may watch whom, and what is seen.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;
use tests::phone::Phone;
use tests::server::{Server, Setup};

const SOON: Duration = Duration::from_secs(10);

#[test]
fn a_lamp_shows_a_colleague_ringing_and_talking_also_to_callers_from_a_queue() {
    let server = Server::demo();
    let anna = Phone::agent(&server, "anna");
    let bosse = Phone::agent(&server, "bosse");
    let david = Phone::agent(&server, "david");
    let mut lamp = david.watch("101").unwrap();
    lamp.expect(&[], SOON);

    let mut calling = bosse.call("101");
    let mut called = anna.incoming(SOON);
    called.ring();
    lamp.expect(&["early"], SOON);
    called.answer();
    calling.expect_answer(SOON);
    lamp.expect(&["confirmed"], SOON);
    calling.hang_up();
    called.expect_bye(SOON);
    lamp.expect(&[], SOON);

    server.ctl(&["agent", "log-out", "bosse"]);
    server.ctl(&["agent", "log-out", "david"]);
    let outside = Phone::outside(&server, "+46701234567");
    let mut waiting = outside.call("+46850001000");
    waiting.expect_answer(SOON);
    let mut offered = anna.incoming(SOON);
    offered.ring();
    lamp.expect(&["early"], SOON);
    offered.answer();
    lamp.expect(&["confirmed"], SOON);
    waiting.hang_up();
    offered.expect_bye(SOON);
    lamp.expect(&[], SOON);
}

#[test]
fn the_code_for_logging_in_is_lit_while_its_owner_is_logged_in() {
    let server = Server::demo();
    let anna = Phone::agent(&server, "anna");
    let mut all = anna.watch("*11").unwrap();
    let mut support = anna.watch("*111000").unwrap();
    let mut pause = anna.watch("*13").unwrap();
    all.expect(&["confirmed"], SOON);
    support.expect(&["confirmed"], SOON);
    pause.expect(&[], SOON);
    server.ctl(&["agent", "pause", "anna"]);
    pause.expect(&["confirmed"], SOON);
    server.ctl(&["agent", "log-out", "anna"]);
    all.expect(&[], SOON);
    support.expect(&[], SOON);
}

#[test]
fn only_the_organisation_s_own_people_watch_and_only_what_is_there() {
    let server = Setup::demo().start();
    let anna = Phone::agent(&server, "anna");
    assert_eq!(anna.watch("999").unwrap_err(), 404);
    assert_eq!(anna.watch("1000").unwrap_err(), 404);
    let stranger = Phone::outside(&server, "anna");
    assert_eq!(stranger.watch("101").unwrap_err(), 401);
}

#[test]
fn a_server_that_stops_ends_its_subscriptions_and_says_so() {
    let server = Setup::demo().set_server("drain_limit", "\"0s\"").start();
    let anna = Phone::agent(&server, "anna");
    let mut lamp = anna.watch("102").unwrap();
    lamp.expect(&[], SOON);
    server.terminate();
    assert_eq!(lamp.ended(SOON), "deactivated");
}
