//! One's own calls away from one's telephone, by the HTTP API: who is offered is seen and declined, a call is held, sent on and
//! ended, and a number is called from one's own telephone.

#![allow(clippy::unwrap_used, reason = "a test")]

use serde_json::{Value, json};
use std::time::Duration;
use tests::http::Api;
use tests::phone::Phone;
use tests::server::{Server, Setup};

const SUPPORT: &str = "+46850001000";
const CALLER: &str = "+46701234567";
const SOON: Duration = Duration::from_secs(10);

fn server() -> Server {
    Setup::demo()
        .set("queues.support.members", "[\"anna\", \"bosse\"]")
        .set("queues.support.wrap_up", "\"0s\"")
        .start()
}

fn log_in(server: &Server, name: &str) -> Api {
    Api::logged_in(server.http(), name, &format!("demo-{name}"))
}

/// The only call that somebody has, once it is at that stage.
fn at_stage(server: &Server, api: &Api, stage: &str) -> Value {
    let mut only = Value::Null;
    server.wait(&format!("a call is {stage}"), SOON, |_| {
        let calls = api.get("/me/calls").json["calls"].clone();
        only = calls[0].clone();
        calls.as_array().is_some_and(|it| it.len() == 1) && only["stage"] == stage
    });
    only
}

fn act(api: &Api, call: &Value, act: &str, body: Value) {
    let path = format!("/me/calls/{}/{act}", call["id"].as_str().unwrap());
    let done = api.post(&path, &body);
    assert!(matches!(done.status, 200..=204), "{act}: {done:?}");
}

#[test]
fn who_is_offered_is_seen_live_and_declined_and_the_next_agent_gets_him_whose_call_is_held_and_ended()
 {
    let server = server();
    let (anna, caller) = (
        Phone::agent(&server, "anna"),
        Phone::outside(&server, CALLER),
    );
    server.wait_agent("anna", "free", SOON);
    let (annas, bosses) = (log_in(&server, "anna"), log_in(&server, "bosse"));
    let mut events = annas.events("");
    let mut call = caller.call(SUPPORT);
    let mut rung = anna.incoming(SOON);
    rung.ring();
    let (_, told) = events.wait_for("own-calls", |it| it["calls"][0]["stage"] == "offered");
    let offered = told["calls"][0].clone();
    assert_eq!(offered["number"], CALLER);
    assert_eq!(offered["queue"], "demo/support");
    // Nobody does anything with another's call.
    let path = format!("/me/calls/{}/decline", offered["id"].as_str().unwrap());
    assert_eq!(bosses.post(&path, &json!({})).status, 404);
    let bosse = Phone::agent(&server, "bosse");
    server.wait_agent("bosse", "free", SOON);
    act(&annas, &offered, "decline", json!({}));
    rung.expect_cancel(SOON);
    let mut taken = bosse.incoming(SOON);
    taken.answer();
    call.expect_answer(SOON);
    let talking = at_stage(&server, &bosses, "talking");
    act(&bosses, &talking, "hold", json!({}));
    server.wait("it is held", SOON, |_| {
        bosses.get("/me/calls").json["calls"][0]["held"] == "by-command"
    });
    act(&bosses, &talking, "resume", json!({}));
    act(&bosses, &talking, "hang-up", json!({}));
    taken.expect_bye(SOON);
    call.expect_bye(SOON);
    server.wait("nothing is left", SOON, |_| {
        bosses.get("/me/calls").json["calls"] == json!([])
    });
}

#[test]
fn a_call_is_taken_elsewhere_where_the_telephone_answers_when_told_to_and_elsewhere_it_says_why_not()
 {
    let server = server();
    let anna = Phone::agent(&server, "anna");
    server.wait_agent("anna", "free", SOON);
    let (annas, bosses) = (log_in(&server, "anna"), log_in(&server, "bosse"));
    let mut events = annas.events("");
    let take = |api: &Api, call: &Value| {
        let path = format!("/me/calls/{}/take", call["id"].as_str().unwrap());
        api.post(&path, &json!({}))
    };
    // A telephone that does not say so.
    let caller = Phone::outside(&server, CALLER);
    let mut call = caller.call(SUPPORT);
    let mut rung = anna.incoming(SOON);
    rung.ring();
    let (_, told) = events.wait_for("own-calls", |it| it["calls"][0]["stage"] == "offered");
    assert_eq!(told["calls"][0]["taking"], "on-phone");
    let refused = take(&annas, &told["calls"][0]);
    assert_eq!(
        (refused.status, &refused.json["reason"]),
        (409, &json!("answered-on-phone"))
    );
    call.expect_answer(SOON);
    call.hang_up();
    rung.expect_cancel(SOON);
    server.wait_agent("anna", "free", SOON);
    // And one that does.
    let mut call = caller.call(SUPPORT);
    let mut rung = anna.incoming(SOON);
    rung.ring_allowing("talk, hold");
    let (_, told) = events.wait_for("own-calls", |it| it["calls"][0]["taking"] == "possible");
    let offered = &told["calls"][0];
    assert_eq!(take(&bosses, offered).status, 404, "it is not his");
    act(&annas, offered, "take", json!({}));
    rung.answer_when_told(SOON);
    call.expect_answer(SOON);
    let talking = at_stage(&server, &annas, "talking");
    act(&annas, &talking, "hang-up", json!({}));
    rung.expect_bye(SOON);
    call.expect_bye(SOON);
}

#[test]
fn a_number_that_is_dialled_rings_ones_own_telephone_first_and_who_is_called_is_sent_on() {
    let server = server();
    let (anna, bosse) = (
        Phone::agent(&server, "anna"),
        Phone::agent(&server, "bosse"),
    );
    let cecilia = Phone::agent(&server, "cecilia");
    let annas = log_in(&server, "anna");
    let dialled = annas.post("/me/calls", &json!({ "number": "102" }));
    assert!(matches!(dialled.status, 200..=204), "{dialled:?}");
    let mut own = anna.incoming(SOON);
    own.ring();
    at_stage(&server, &annas, "dialling");
    own.answer();
    let mut called = bosse.incoming(SOON);
    called.answer();
    let talking = at_stage(&server, &annas, "talking");
    act(&annas, &talking, "transfer", json!({ "to": "103" }));
    let mut third = cecilia.incoming(SOON);
    third.answer();
    own.expect_bye(SOON);
    called.hang_up();
    third.expect_bye(SOON);
}
