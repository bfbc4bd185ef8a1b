//! One's own calls in the pages, before a server that runs: what rings on a telephone is seen and declined there, calls are held,
//! sent on, dialled and ended there, colleagues are found, and another password is chosen.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;
use tests::http::Api;
use tests::pages::Pages;
use tests::phone::{Call, Phone};
use tests::server::{Server, Setup};

const SOON: Duration = Duration::from_secs(20);
const CALLER: &str = "+46 70 123 45 67";

/// The demo, whose agents have no work after a call.
fn server() -> Server {
    Setup::demo()
        .set("queues.support.wrap_up", "\"0s\"")
        .set("queues.support.members", "[\"anna\", \"bosse\"]")
        .start()
}

/// A caller of the queue, and the call as it comes to the telephone that has registered first.
fn offered(server: &Server, to: &Phone) -> (Phone, Call, Call) {
    let caller = Phone::outside(server, "+46701234567");
    let mut calling = caller.call("+46850001000");
    calling.expect_answer(SOON);
    let called = to.incoming(SOON);
    called.ring();
    (caller, calling, called)
}

#[test]
fn who_is_offered_is_seen_in_the_page_and_declined_there_and_the_next_agent_gets_him() {
    let server = server();
    let anna = Phone::agent(&server, "anna");
    server.wait_agent("anna", "free", SOON);
    let mut pages = Pages::start(&server, "calling-offer");
    pages.does(&["open en light desktop", "log-in anna", "sees Live"]);
    let (_caller, mut calling, mut called) = offered(&server, &anna);
    let seen = format!("sees {CALLER}");
    pages.does(&[
        &seen,
        "sees waits for you",
        "sees Answer on your telephone.",
    ]);
    pages.does(&["sees No earlier calls that you may see.", "check offered"]);
    let bosse = Phone::agent(&server, "bosse");
    server.wait_agent("bosse", "free", SOON);
    pages.does(&[&format!("press Decline the call from {CALLER}")]);
    called.expect_cancel(SOON);
    let mut taken = bosse.incoming(SOON);
    taken.answer();
    server.wait_agent("bosse", "in-call", SOON);
    pages.does(&["sees-no waits for you"]);
    calling.hang_up();
    taken.expect_bye(SOON);
}

#[test]
fn who_is_offered_is_taken_in_the_page_where_the_telephone_answers_when_it_is_told_to() {
    let server = server();
    let anna = Phone::agent(&server, "anna");
    server.wait_agent("anna", "free", SOON);
    let mut pages = Pages::start(&server, "calling-take");
    pages.does(&["open en light desktop", "log-in anna", "sees Live"]);
    let caller = Phone::outside(&server, "+46701234567");
    let mut calling = caller.call("+46850001000");
    calling.expect_answer(SOON);
    let mut called = anna.incoming(SOON);
    called.ring_allowing("hold, talk");
    let take = format!("press Answer the call from {CALLER}");
    pages.does(&["sees waits for you", "check takeable", &take]);
    called.answer_when_told(SOON);
    server.wait_agent("anna", "in-call", SOON);
    pages.does(&["sees Talking", "sees-no waits for you"]);
    calling.hang_up();
    called.expect_bye(SOON);
}

#[test]
fn a_call_is_held_sent_on_and_ended_in_the_page_and_who_called_before_is_known_again() {
    let server = server();
    let anna = Phone::agent(&server, "anna");
    server.wait_agent("anna", "free", SOON);
    let mut pages = Pages::start(&server, "calling-talk");
    pages.does(&["open en light desktop", "log-in anna", "sees Live"]);
    let (_caller, mut calling, mut called) = offered(&server, &anna);
    called.answer();
    server.wait_agent("anna", "in-call", SOON);
    let put = format!("press Put {CALLER} on hold");
    let again = format!("press Resume the call with {CALLER}");
    pages.does(&["sees Talking", "check talking", &put, "sees On hold"]);
    pages.does(&["check held", &again, "sees Talking"]);
    // To a colleague, by his name.
    let bosse = Phone::agent(&server, "bosse");
    let transfer = format!("press Transfer {CALLER}");
    pages.does(&[
        &transfer,
        "to Bosse Berg",
        "check transfer",
        "press Transfer now",
    ]);
    let mut taken = bosse.incoming(SOON);
    taken.answer();
    called.expect_bye(SOON);
    pages.does(&["sees-no Talking"]);
    calling.hang_up();
    taken.expect_bye(SOON);
    // He calls again.
    server.wait_agent("anna", "free", SOON);
    let (_caller, mut calling, mut called) = offered(&server, &anna);
    pages.does(&["sees-no No earlier calls that you may see.", "check known"]);
    called.answer();
    server.wait_agent("anna", "in-call", SOON);
    // What has only just come under the pointer is not pressed.
    let hang_up = format!("press Hang up the call with {CALLER}");
    pages.does(&["sees Talking", "check talking-again", &hang_up]);
    called.expect_bye(SOON);
    calling.expect_bye(SOON);
}

#[test]
fn a_number_dialled_in_the_page_rings_ones_own_telephone_first_and_two_are_joined_there() {
    let server = server();
    let (anna, bosse) = (
        Phone::agent(&server, "anna"),
        Phone::agent(&server, "bosse"),
    );
    let mut pages = Pages::start(&server, "calling-dial");
    pages.does(&["open sv-SE dark phone", "log-in anna"]);
    pages.does(&["go /directory Katalog", "sees Ledig", "check directory"]);
    pages.does(&["search 102", "press Ring Bosse Berg"]);
    let mut own = anna.incoming(SOON);
    own.ring();
    pages.does(&["sees Din telefon ringer", "check dialling"]);
    own.answer();
    let mut called = bosse.incoming(SOON);
    called.answer();
    pages.does(&["sees Samtal pågår", "sees I samtal", "check talking"]);
    // Another, while he waits.
    let cecilia = Phone::agent(&server, "cecilia");
    pages.does(&["press Koppla Bosse Berg", "to 103", "press Ring först"]);
    let mut second = anna.incoming(SOON);
    second.answer();
    let mut asked = cecilia.incoming(SOON);
    asked.answer();
    pages.does(&["check two", "press Koppla ihop med Cecilia Ström"]);
    own.expect_bye(SOON);
    second.expect_bye(SOON);
    called.hang_up();
    asked.expect_bye(SOON);
    pages.does(&["sees-no Samtal pågår"]);
}

#[test]
fn another_password_is_chosen_in_the_page_and_what_is_wrong_with_one_is_said_in_words() {
    let server = server();
    let mut pages = Pages::start(&server, "password");
    pages.does(&["open en light desktop", "log-in anna", "sees Live"]);
    pages.does(&["go /password Change password", "check password"]);
    let choose = |old: &str, new: &str, again: &str| {
        [
            format!("fill The password that you have: {old}"),
            format!("fill New password, of at least 8 characters: {new}"),
            format!("fill New password once more: {again}"),
            "press Change password".to_owned(),
        ]
    };
    for (old, new, again, said) in [
        ("demo-anna", "short", "short", "too short"),
        (
            "demo-anna",
            "horse battery",
            "horse",
            "not the same in both",
        ),
        (
            "demo-bosse",
            "horse battery",
            "horse battery",
            "is another one",
        ),
    ] {
        choose(old, new, again)
            .iter()
            .for_each(|step| drop(pages.tell(step)));
        pages.does(&[&format!("sees {said}")]);
    }
    let steps = choose("demo-anna", "horse battery", "horse battery");
    steps.iter().for_each(|step| drop(pages.tell(step)));
    pages.does(&["sees Your password is changed.", "check changed"]);
    let anna = Api::logged_in(server.http(), "anna", "horse battery");
    assert_eq!(anna.get("/me").status, 200);
}
