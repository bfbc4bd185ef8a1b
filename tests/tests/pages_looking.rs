//! Pages on which others' work is looked at, in a browser before a server that runs: the wallboard, the records of calls, the
//! audit log.

#![allow(clippy::unwrap_used, reason = "a test")]

use serde_json::json;
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

/// Support, with two agents who are done with each call when they say so.
fn server() -> Server {
    Setup::demo()
        .set("queues.support.members", "[\"anna\", \"bosse\"]")
        .set("queues.support.wrap_up", "\"10m\"")
        .start()
}

/// Anna takes a call of somebody's, who hangs up.
fn taken(server: &Server, anna: &Phone) {
    let caller = Phone::outside(server, ONE);
    let mut calling = caller.call(SUPPORT);
    calling.expect_answer(SOON);
    let mut called = anna.incoming(SOON);
    called.answer();
    server.wait_agent("anna", "in-call", SOON);
    calling.hang_up();
    called.expect_bye(SOON);
    server.wait_agent("anna", "wrap-up", SOON);
}

/// Somebody waits in support, until he hangs up.
fn waiting(server: &Server) -> (Phone, Call) {
    let caller = Phone::outside(server, OTHER);
    let mut calling = caller.call(SUPPORT);
    calling.expect_answer(SOON);
    (caller, calling)
}

#[test]
fn a_supervisor_sees_agents_as_they_stand_and_changes_that_and_nobody_moves_who_is_pointed_at() {
    let server = server();
    let mut pages = Pages::start(&server, "wallboard-agents");
    pages.does(&["open en light desktop", "log-in eva", "sees Wallboard"]);
    pages.does(&["sees Unreachable", "check unreachable"]);
    let anna = Phone::agent(&server, "anna");
    let _bosse = Phone::agent(&server, "bosse");
    server.wait_agent("anna", "free", SOON);
    server.wait_agent("bosse", "free", SOON);
    pages.does(&["point-away", "first Anna Åkesson", "sees Free", "point"]);
    let eva = Api::logged_in(server.http(), "eva", "demo-eva");
    let lunch = json!({ "agent": "demo/anna", "reason": "lunch" });
    assert_eq!(eva.post("/agents/pause", &lunch).status, 200);
    pages.does(&["sees lunch", "first Anna Åkesson", "check pointed-at"]);
    pages.does(&["point-away", "first Bosse Berg"]);
    pages.does(&["press Show Anna Åkesson", "press End the pause"]);
    server.wait_agent("anna", "free", SOON);
    pages.does(&["pick Why: möte", "press Pause", "sees End the pause"]);
    pages.does(&["check agent"]);
    server.wait_agent("anna", "paused", SOON);
    pages.does(&["press End the pause", "press Log out of support"]);
    server.wait_agent("anna", "logged-out", SOON);
    pages.does(&[
        "press Log in to all queues",
        "press Log out of support",
        "press Close",
    ]);
    server.wait_agent("anna", "logged-out", SOON);
    // Who takes no calls is shown to whoever asks.
    pages.does(&[
        "point-away",
        "sees-no Anna Åkesson",
        "press-box Also logged out",
    ]);
    pages.does(&["press Show Anna Åkesson", "press Log in to all queues"]);
    server.wait_agent("anna", "free", SOON);
    pages.does(&["press Close"]);
    let pause = json!({ "agent": "demo/bosse" });
    assert_eq!(eva.post("/agents/pause", &pause).status, 200);
    taken(&server, &anna);
    pages.does(&["press Show Anna Åkesson", "press More wrap-up time"]);
    pages.does(&["press End the wrap-up", "sees Free"]);
    server.wait_agent("anna", "free", SOON);
    pages.does(&["press Close", "reload", "sees Anna Åkesson", "check day"]);
}

#[test]
fn a_queue_is_coloured_and_sounds_from_its_limits_on_and_a_board_that_is_cut_off_says_so() {
    let server = server();
    let mut pages = Pages::start(&server, "wallboard-queues");
    pages.does(&["open en light desktop", "log-in eva", "sees Wallboard"]);
    pages.does(&["press Limits", "limit Waiting callers: Look at it: 1"]);
    pages.does(&["limit Waiting callers: Do something: 2", "check limits"]);
    pages.does(&["limit Service level: Do something: 0"]);
    pages.does(&["press Close", "sees-no Look at it", "turn Sound"]);
    let anna = Phone::agent(&server, "anna");
    server.wait_agent("anna", "free", SOON);
    taken(&server, &anna);
    let first = waiting(&server);
    pages.does(&["sees Look at it", "check warned"]);
    let mut second = waiting(&server);
    pages.does(&["sees Do something", "rang", "check bad"]);
    // Limits are kept in the browser.
    pages.does(&["reload", "sees Do something"]);
    pages.does(&["press Full screen", "sees End full screen", "check full"]);
    pages.does(&["press End full screen", "sees Full screen"]);
    second.1.hang_up();
    pages.does(&["sees Look at it", "sees-no Do something"]);
    pages.does(&["deafen", "reload", "sees Reconnecting", "check cut-off"]);
    drop(first);
}

#[test]
fn calls_are_found_by_what_people_know_of_them_and_each_opens_to_its_way() {
    let server = server();
    let anna = Phone::agent(&server, "anna");
    server.wait_agent("anna", "free", SOON);
    taken(&server, &anna);
    let mut gave_up = waiting(&server);
    gave_up.1.hang_up();
    server.wait("both are recorded", ON_DISK, |server| {
        let records = server.call_records(&[]);
        records
            .iter()
            .filter(|call| !call["cause"].is_empty())
            .count()
            == 2
    });
    let mut pages = Pages::start(&server, "calls");
    pages.does(&["open en light desktop", "log-in eva", "go /calls Calls"]);
    pages.does(&["rows 2", "first +46 70 123 49 99", "check found"]);
    pages.does(&["sort Began", "first +46 70 123 45 67", "show"]);
    pages.does(&[
        "sees The way of the call",
        "sees To the queue",
        "sees Began to talk",
    ]);
    pages.does(&["check call", "press Close"]);
    pages.does(&["search 070-123 49 99", "rows 1", "first +46 70 123 49 99"]);
    pages.does(&["pick Days: All that is kept", "rows 1", "reload", "rows 1"]);
    pages.does(&[
        "press Clear",
        "rows 2",
        "pick Agent: Anna Åkesson",
        "rows 1",
    ]);
    pages.does(&[
        "press Clear",
        "pick Days: Yesterday",
        "sees There are no calls of these days.",
    ]);
    pages.does(&["pick Days: Other days …", "fill From: 2020-01-01"]);
    pages.does(&[
        "sees At most 92 days at a time",
        "check too-long",
        "press Clear",
    ]);
    // Whoever reads something else meanwhile waits for his turn.
    pages.does(&["rows 2", "keep-waiting", "press Search"]);
    pages.does(&[
        "sees It is asked again by itself",
        "sees-no It is asked again by itself",
    ]);
    pages.does(&["rows 2", "log-out", "log-in anna", "go /calls Calls"]);
    pages.does(&["rows 1", "first +46 70 123 45 67", "log-out"]);
    pages.does(&["open sv-SE dark phone", "log-in eva", "go /calls Samtal"]);
    pages.does(&[
        "first +46 70 123 49 99",
        "check found-phone",
        "show",
        "check call-phone",
    ]);
}

#[test]
fn an_administrator_reads_who_had_what_done_and_a_supervisor_has_no_such_page() {
    let server = server();
    let mut pages = Pages::start(&server, "audit");
    pages.does(&[
        "open en light desktop",
        "log-in admin",
        "go /audit Audit log",
    ]);
    let eva = Api::logged_in(server.http(), "eva", "demo-eva");
    let pause = json!({ "agent": "demo/anna", "reason": "lunch" });
    assert_eq!(eva.post("/agents/pause", &pause).status, 200);
    server.wait("it is kept who did so", ON_DISK, |server| {
        let kept = server.report("audit", &["--organisation", "demo"]);
        kept.iter().any(|row| row["what"].contains("pauses"))
    });
    // Both have logged in as well.
    pages.does(&[
        "press Search",
        "rows 3",
        "sees logs in from 127.0.0.1",
        "sees pauses demo/anna",
        "first eva",
        "check done",
    ]);
    pages.does(&[
        "pick Days: Yesterday",
        "sees Nothing was done on these days.",
        "check nothing",
        "log-out",
    ]);
    // An address that is not hers leads where she begins.
    pages.does(&["log-in eva", "go /audit Wallboard", "log-out"]);
    pages.does(&[
        "open sv-SE dark phone",
        "log-in admin",
        "go /audit Ändringslogg",
    ]);
    pages.does(&["sees pauses demo/anna", "check done-phone"]);
}
