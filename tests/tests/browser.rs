//! A phone in a browser (JsSIP in Chromium) by WebSocket: registration, text messages, and the signalling of calls. A
//! browser's audio is DTLS-SRTP only, which the server does not speak yet.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;
use tests::browser::Browser;
use tests::phone::{DOMAIN, Phone};
use tests::random;
use tests::server::{Server, Setup};
use tests::wire::Transport;

const SOON: Duration = Duration::from_secs(5);

/// A registered browser of cecilia's, and bosse's phone.
fn registered(server: &Server) -> (Browser, Phone) {
    let mut browser = Browser::start(server, "cecilia", Transport::Ws);
    browser.tell("register");
    browser.expect("registered");
    (browser, Phone::agent(server, "bosse"))
}

#[test]
fn a_browser_registers_by_websocket_and_takes_its_registration_back() {
    let server = Server::demo();
    let (mut browser, _bosse) = registered(&server);
    let row = server.ctl_row("registrations", "user", "demo/cecilia");
    let contact = row["contact"].as_str().unwrap();
    assert!(contact.contains(".invalid;transport=ws"), "{row}");
    browser.tell("unregister");
    browser.expect("unregistered");
    assert_eq!(server.ctl(&["registrations"]).as_array().unwrap().len(), 1);
}

#[test]
fn a_browser_that_asks_what_the_server_can_do_is_told_registered_or_not() {
    let server = Server::demo();
    let mut browser = Browser::start(&server, "cecilia", Transport::Ws);
    let can = "answers 200 INVITE, ACK, BYE, CANCEL, OPTIONS, REGISTER, REFER, UPDATE, INFO, PRACK, SUBSCRIBE, MESSAGE";
    browser.tell("ask 102");
    browser.expect(can);
    browser.tell("register");
    browser.expect("registered");
    browser.tell("ask 102");
    browser.expect(can);
}

#[test]
fn a_browser_registers_by_secure_websocket_and_its_phone_rings() {
    let server = Setup::with_tls().start();
    let mut browser = Browser::start(&server, "cecilia", Transport::Wss);
    browser.tell("register");
    browser.expect("registered");
    let bosse = Phone::agent(&server, "bosse");
    let mut calling = bosse.call("103");
    browser.expect("called 102");
    calling.expect_provisional(180, SOON);
    browser.tell("decline");
    assert_eq!(calling.answered(SOON), 486);
}

#[test]
fn a_browser_s_phone_rings_and_the_caller_gives_up() {
    let server = Server::demo();
    let (mut browser, bosse) = registered(&server);
    let mut calling = bosse.call("103");
    browser.expect("called 102");
    calling.expect_provisional(180, SOON);
    calling.cancel();
    browser.expect("failed Canceled");
    server.wait_no_call(SOON);
}

#[test]
fn a_browser_answers_a_call_and_either_side_hangs_up() {
    let server = Server::demo();
    let (mut browser, bosse) = registered(&server);
    let mut calling = bosse.call("103");
    browser.expect("called 102");
    browser.tell("answer");
    calling.expect_answer(SOON);
    browser.expect("confirmed");
    calling.hang_up();
    browser.expect("ended remote");
    let mut calling = bosse.call("103");
    browser.expect("called 102");
    browser.tell("answer");
    calling.expect_answer(SOON);
    browser.expect("confirmed");
    browser.tell("end");
    calling.expect_bye(SOON);
    server.wait_no_call(SOON);
}

#[test]
fn a_browser_calls_a_phone_that_answers_and_one_that_declines() {
    let server = Server::demo();
    let (mut browser, bosse) = registered(&server);
    browser.tell("call 102 plain");
    let mut called = bosse.incoming(SOON);
    called.ring();
    browser.expect("progress 180");
    called.answer();
    browser.expect("confirmed");
    browser.tell("end");
    called.expect_bye(SOON);
    browser.tell("call 102 plain");
    bosse.incoming(SOON).refuse(486);
    browser.expect("failed 486");
    browser.tell("call 102 plain");
    let mut called = bosse.incoming(SOON);
    called.ring();
    browser.expect("progress 180");
    browser.tell("end");
    called.expect_cancel(SOON);
    server.wait_no_call(SOON);
}

#[test]
fn an_offer_of_dtls_alone_is_not_acceptable_here() {
    let server = Server::demo();
    let (mut browser, _bosse) = registered(&server);
    browser.tell("call 102 secure");
    browser.expect("failed 488");
    server.wait_no_call(SOON);
}

#[test]
fn texts_go_from_a_browser_to_a_phone_and_back() {
    let server = Server::demo();
    let mut anna = Browser::start(&server, "anna", Transport::Ws);
    let (mut browser, bosse) = registered(&server);
    anna.tell("register");
    anna.expect("registered");
    anna.tell("message 103 Coffee at three?");
    browser.expect("message 101 Coffee at three?");
    anna.expect("delivered 200");
    let text = bosse
        .new_request("MESSAGE", &format!("sip:103@{DOMAIN}"), &random::token(), 1)
        .with_body("text/plain", "At four".to_owned());
    assert_eq!(bosse.request(&text).status(), 200);
    browser.expect("message 102 At four");
}
