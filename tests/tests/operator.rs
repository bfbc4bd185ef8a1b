//! What is seen to by whoever runs the server or supervises a queue: callers put forward and given to agents, registrations
//! ended, addresses banned; by HTTP, by `kolapp ctl` and on the pages.

#![allow(clippy::unwrap_used, reason = "a test")]

use serde_json::{Value, json};
use std::time::Duration;
use tests::http::Api;
use tests::pages::Pages;
use tests::phone::{Call, Phone};
use tests::server::{Server, Setup};

const SOON: Duration = Duration::from_secs(20);
/// A disk that others write to takes its time.
const ON_DISK: Duration = Duration::from_secs(30);
const SUPPORT: &str = "+46850001000";
const ONE: &str = "+46701234567";
const OTHER: &str = "+46701234999";
const LINE: &str = "/queues/demo/support/callers";

/// Support, of which anna is the only member, and nobody there.
fn server() -> Server {
    Setup::demo()
        .set("queues.support.members", "[\"anna\"]")
        .set("queues.support.wrap_up", "\"1s\"")
        .start()
}

fn waits(server: &Server, number: &str) -> (Phone, Call) {
    let caller = Phone::outside(server, number);
    let mut call = caller.call(SUPPORT);
    call.expect_answer(SOON);
    (caller, call)
}

/// The numbers in a line, first to last.
fn numbers(line: &Value) -> Vec<&str> {
    let callers = line["callers"].as_array().unwrap().iter();
    callers.map(|it| it["caller"].as_str().unwrap()).collect()
}

#[test]
fn a_supervisor_puts_a_caller_forward_and_gives_him_to_an_agent_who_has_paused() {
    let server = server();
    let eva = Api::logged_in(server.http(), "eva", "demo-eva");
    let (_one, _first) = waits(&server, ONE);
    server.wait("the first waits", SOON, |_| {
        numbers(&eva.get(LINE).json) == [ONE]
    });
    let (_other, mut second) = waits(&server, OTHER);
    server.wait("both wait", SOON, |_| {
        numbers(&eva.get(LINE).json) == [ONE, OTHER]
    });
    let line = eva.get(LINE).json;
    let of_second = line["callers"][1]["call"].as_str().unwrap().to_owned();
    let forward = eva.post(&format!("{LINE}/{of_second}/put-forward"), &json!({}));
    assert_eq!(forward.status, 200, "{forward:?}");
    assert_eq!(numbers(&forward.json), [OTHER, ONE]);
    let shown = server.ctl(&["queue", "callers", "support"]);
    assert_eq!(numbers(&shown), [OTHER, ONE]);

    server.ctl(&["agent", "pause", "anna"]);
    let anna = Phone::agent(&server, "anna");
    server.wait("anna can be reached", SOON, |server| {
        server.ctl_row("agents", "name", "demo/anna")["reachable"] == true
    });
    let give = format!("{LINE}/{of_second}/give");
    let nobody = eva.post(&give, &json!({ "agent": "demo/bosse" }));
    assert_eq!(nobody.status, 409, "{nobody:?}");
    let given = eva.post(&give, &json!({ "agent": "demo/anna" }));
    assert_eq!(given.status, 200, "{given:?}");
    assert_eq!(given.json["callers"][0]["offered_to"], json!(["demo/anna"]));
    let mut rung = anna.incoming(SOON);
    assert!(
        rung.remote_uri().contains("46701234999"),
        "{}",
        rung.remote_uri()
    );
    rung.answer();
    server.wait_agent("anna", "in-call", SOON);
    assert_eq!(numbers(&eva.get(LINE).json), [ONE]);
    let why = server.ctl(&["why", &of_second]).to_string();
    assert!(why.contains("put forward to place 1 by demo/eva"), "{why}");
    assert!(why.contains("given to demo/anna by demo/eva"), "{why}");
    second.hang_up();
    rung.expect_bye(SOON);
    server.wait_agent("anna", "paused", SOON);
    let admin = Api::logged_in(server.http(), "admin", "demo-admin");
    server.wait("it is kept who did it", ON_DISK, |_| {
        let audit = admin.get("/audit").json.to_string();
        audit.contains("forward in demo/support") && audit.contains("to demo/anna")
    });
}

#[test]
fn an_operator_ends_registrations_and_keeps_an_address_out_for_a_while() {
    let server = server();
    let operator = Api::logged_in(server.http(), "operator", "demo-operator");
    let admin = Api::logged_in(server.http(), "admin", "demo-admin");
    let _anna = Phone::agent(&server, "anna");
    let listed = |api: &Api| {
        let found = api.get("/registrations?search=anna").json;
        found["total"].as_u64().unwrap()
    };
    assert_eq!((listed(&operator), listed(&admin)), (1, 1));
    let ended = admin.post("/registrations/end", &json!({ "user": "demo/anna" }));
    assert_eq!(ended.status, 204, "{ended:?}");
    assert_eq!(listed(&operator), 0);
    let ban = json!({ "address": "192.0.2.77", "minutes": 60 });
    assert_eq!(admin.post("/bans", &ban).status, 403);
    assert_eq!(operator.post("/bans", &ban).status, 204);
    let bans = operator.get("/bans").json;
    assert_eq!(bans["bans"][0]["source"], "192.0.2.77");
    assert_eq!(bans["bans"][0]["cause"], "operator");
    let lift = json!({ "address": "192.0.2.77" });
    assert_eq!(operator.post("/bans/lift", &lift).status, 204);
    assert_eq!(operator.post("/bans/lift", &lift).status, 409);
    let told = operator.get("/server").json;
    assert_eq!(told["server"]["storage"], "ok");
    let organisations = operator.get("/organisations").json;
    assert_eq!(organisations["organisations"][0]["name"], "demo");
    let log = operator.get("/log").json["log"]["lines"].to_string();
    assert!(log.contains("registrations ended"), "{log}");
    server.stop();
}

#[test]
fn pages_show_who_waits_and_give_him_away_and_what_the_operator_looks_after() {
    let server = server();
    server.ctl(&["agent", "pause", "anna"]);
    let anna = Phone::agent(&server, "anna");
    let (_one, _first) = waits(&server, ONE);
    let (_other, _second) = waits(&server, OTHER);
    let mut pages = Pages::start(&server, "operator");
    pages.does(&["open en light desktop", "log-in eva", "sees Wallboard"]);
    pages.does(&["press Who waits in support", "sees +46 70 123 49 99"]);
    pages.does(&["check callers", "press First: +46 70 123 49 99"]);
    let eva = Api::logged_in(server.http(), "eva", "demo-eva");
    server.wait("he is first", SOON, |_| {
        numbers(&eva.get(LINE).json) == [OTHER, ONE]
    });
    pages.does(&["pick Calls are given to: Anna Åkesson · Paused"]);
    pages.does(&["press Give away: +46 70 123 49 99", "sees Rings at anna"]);
    let mut rung = anna.incoming(SOON);
    rung.answer();
    server.wait_agent("anna", "in-call", SOON);
    pages.does(&[
        "press Close",
        "log-out",
        "log-in operator",
        "sees Wallboard",
    ]);
    pages.does(&[
        "go /server Server",
        "sees Storage works",
        "press Read the log",
    ]);
    pages.does(&["sees INFO", "check server"]);
    pages.does(&[
        "go /connections Connections",
        "sees demo/anna",
        "check connections",
    ]);
    pages.does(&["press End the registrations of demo/anna", "check ending"]);
    pages.does(&["press End them", "sees No device is registered."]);
}

/// A call through the queue to anna, who answers and is hung up on; its id as live calls are named.
fn through_the_queue(server: &Server) -> String {
    let anna = Phone::agent(server, "anna");
    let (_caller, mut call) = waits(server, ONE);
    let mut rung = anna.incoming(SOON);
    rung.answer();
    server.wait_agent("anna", "in-call", SOON);
    let id = server.ctl(&["calls"])[0]["id"].as_str().unwrap().to_owned();
    call.hang_up();
    rung.expect_bye(SOON);
    server.wait_no_call(SOON);
    id
}

#[test]
fn the_messages_of_a_call_are_told_of_all_its_legs_and_that_they_were_read_is_kept() {
    let server = server();
    let id = through_the_queue(&server);
    let admin = Api::logged_in(server.http(), "admin", "demo-admin");
    let record = || {
        let calls = admin.get("/calls").json;
        let first = calls["calls"].as_array()?.first()?.clone();
        Some(first["id"].as_str()?.to_owned())
    };
    server.wait("there is a record", ON_DISK, |_| record().is_some());
    let ladder = admin.get(&format!("/calls/{}/ladder", record().unwrap()));
    assert_eq!(ladder.status, 200, "{ladder:?}");
    let messages = ladder.json["messages"].as_array().unwrap().clone();
    let legs: std::collections::BTreeSet<&str> = messages
        .iter()
        .map(|it| it["call_id"].as_str().unwrap())
        .collect();
    assert_eq!(legs.len(), 2, "{legs:?}");
    let many = |what: &str, is_ours: bool| {
        let are = messages.iter().filter(|it| {
            it["first_line"].as_str().unwrap().starts_with(what) && it["is_ours"] == is_ours
        });
        are.count()
    };
    assert!(many("INVITE ", false) >= 1 && many("INVITE ", true) >= 1);
    assert!(many("SIP/2.0 200", false) >= 1 && many("SIP/2.0 200", true) >= 1);
    assert!(many("BYE ", false) >= 1 && many("BYE ", true) >= 1);
    assert_eq!(many("REGISTER ", false), 0);
    let eva = Api::logged_in(server.http(), "eva", "demo-eva");
    let refused = eva.get(&format!("/calls/{}/ladder", record().unwrap()));
    assert_eq!(refused.status, 403);
    let told = server.ctl(&["ladder", &id]);
    assert_eq!(told["total"], ladder.json["total"]);
    server.wait("it is kept who looked", ON_DISK, |_| {
        let audit = admin.get("/audit").json.to_string();
        audit.contains("reads the SIP messages of the call")
    });
    // Whose number is erased is found there neither.
    let erased = admin.post("/erasures", &json!({ "number": ONE }));
    assert!(matches!(erased.status, 200..=204), "{erased:?}");
    let told = server.ctl(&["ladder", &id]);
    assert_eq!(told["messages"], json!([]));
    server.stop();
}

// Changes: sip.ladder_mib
#[test]
fn no_messages_are_kept_where_that_is_set() {
    let setup = Setup::demo().set("queues.support.members", "[\"anna\"]");
    let server = setup.set_server("sip.ladder_mib", "0").start();
    let id = through_the_queue(&server);
    let told = server.ctl(&["ladder", &id]);
    assert_eq!(told["messages"], json!([]));
    server.stop();
}
