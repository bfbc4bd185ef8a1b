//! Callers choose in the demo's menu by the keys of their phones, and numbers lead by opening hours, all as it is heard.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;
use tests::hearing::hears;
use tests::phone::Phone;
use tests::server::{Server, Setup};

const MENU: &str = "+46850001001";
const SOON: Duration = Duration::from_secs(5);
/// The longest prompt and then some.
const SAID: Duration = Duration::from_secs(12);

// Changes: menus.prompt, menus.keys, place.queue, place.menu
#[test]
fn a_caller_chooses_the_queue_by_a_key_in_his_stream() {
    let server = Server::demo();
    let caller = Phone::outside(&server, "+46701234567");
    let mut call = caller.call(MENU);
    call.expect_answer(SOON);
    hears(&server, &call, "sv/menu-demo");
    call.media.press(1, Duration::from_millis(100));
    hears(&server, &call, "sv/queue-welcome");
    call.hang_up();
    server.wait_idle(SOON);
}

// Changes: place.user
#[test]
fn a_caller_chooses_a_person_by_info_and_hears_that_it_rings() {
    let server = Server::demo();
    let anna = Phone::agent(&server, "anna");
    let caller = Phone::outside(&server, "+46701234567");
    let mut call = caller.call(MENU);
    call.expect_answer(SOON);
    let unknown = call.transact_with("INFO", Some(("application/xml", "<a/>".to_owned())));
    assert_eq!(unknown.status(), 415);
    let key = "Signal=2\r\nDuration=160\r\n".to_owned();
    let told = call.transact_with("INFO", Some(("application/dtmf-relay", key)));
    assert_eq!(told.status(), 200);
    let mut called = anna.incoming(SOON);
    called.ring();
    let ringing = &server.prompt("music/ringing")[..6_400];
    call.media.hear(ringing, 0, SAID);
    called.answer();
    call.hang_up();
    called.expect_bye(SOON);
    server.wait_idle(SOON);
}

// Changes: menus.dial_extensions
#[test]
fn a_key_that_means_nothing_is_told_and_an_extension_may_be_dialled() {
    let server = Server::demo();
    let bosse = Phone::agent(&server, "bosse");
    let caller = Phone::outside(&server, "+46701234567");
    let mut call = caller.call(MENU);
    call.expect_answer(SOON);
    call.media.press(7, Duration::from_millis(100));
    hears(&server, &call, "sv/menu-invalid");
    for key in [1, 0, 2] {
        call.media.press(key, Duration::from_millis(100));
    }
    let mut called = bosse.incoming(SOON);
    called.answer();
    call.hang_up();
    called.expect_bye(SOON);
    server.wait_idle(SOON);
}

/// A number that is open or closed the whole week, whatever day it is.
fn number_with_hours(week: &str) -> Setup {
    Setup::demo().add(
        "hours.toml",
        &format!(
            "[numbers.\"+46850001009\"]\n\
             routes = [{{ closed = \"office\", message = \"closed\" }}]\n\
             queue = \"support\"\n\
             [hours.office]\nzone = \"Europe/Stockholm\"\nrules = [{{ daily = true, hours = [{week}] }}]\n"
        ),
    )
}

// Changes: numbers.routes, numbers.routes.closed, place.message
#[test]
fn a_number_leads_to_its_queue_while_it_is_open_and_says_that_it_is_closed_else() {
    let server = number_with_hours("\"00:00-24:00\"").start();
    let caller = Phone::outside(&server, "+46701234567");
    let mut call = caller.call("+46850001009");
    call.expect_answer(SOON);
    hears(&server, &call, "sv/queue-welcome");
    call.hang_up();
    server.wait_idle(SOON);

    let server = number_with_hours("").start();
    let caller = Phone::outside(&server, "+46701234567");
    let mut call = caller.call("+46850001009");
    call.expect_provisional(183, SOON);
    hears(&server, &call, "sv/closed");
    assert_eq!(call.answered(SAID), 480);
    server.wait_idle(SOON);
}

// Changes: queues.extension
#[test]
fn an_agent_logs_out_of_one_queue_by_its_extension() {
    let server = Server::demo();
    let anna = Phone::agent(&server, "anna");
    server.wait_agent("anna", "free", SOON);
    let mut call = anna.call("*121000");
    call.expect_answer(SOON);
    server.wait_agent("anna", "logged-out", SOON);
    call.expect_bye(SAID);
    server.wait_idle(SOON);
}

// Changes: queues.auto_answer
#[test]
fn an_agents_phone_is_asked_to_answer_by_itself_where_the_queue_wants_it_so() {
    let server = Setup::demo()
        .set("queues.support.auto_answer", "true")
        .start();
    let anna = Phone::agent(&server, "anna");
    let caller = Phone::outside(&server, "+46701234567");
    let mut call = caller.call("+46850001000");
    call.expect_answer(SOON);
    let mut called = anna.incoming(SOON);
    let header = |name| called.invite().header(name).unwrap_or_default().to_owned();
    assert_eq!(header("Answer-Mode"), "Auto");
    assert!(header("Call-Info").ends_with(";answer-after=0"));
    called.answer();
    call.hang_up();
    called.expect_bye(SOON);
    server.wait_idle(Duration::from_secs(10));
}
