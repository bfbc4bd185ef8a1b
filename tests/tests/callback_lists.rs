//! Callback lists as people work on them from the command line, and what is left of an entry that was erased.

#![allow(clippy::unwrap_used, reason = "a test")]

use serde_json::Value;
use std::time::Duration;
use tests::hearing::hears;
use tests::kept::is_found;
use tests::phone::{Call, Phone};
use tests::server::{Server, Setup};

const NUMBER: &str = "+46850002030";
const CALLER: &str = "+46701234987";
const SOON: Duration = Duration::from_secs(5);
/// The longest prompt and then some.
const SAID: Duration = Duration::from_secs(12);

/// A queue in which nobody answers, and which says nothing but that callers may be called back.
const QUEUE: &str = r#"
[queues.again]
kind = "operator"
extension = "1030"
members = ["bosse", "cecilia"]
welcome = "none"
first_message = "none"
position = "never"

[queues.again.callback]

[plans.home]
allow = ["mobile"]

[numbers]
"+46850002030" = { queue = "again" }
"#;

/// One that is always to come.
const WINDOW: &str = r#"
[queues.again.callback.windows.morning]
daily = true
days_ahead = [2]
hours = ["08:00-10:00"]
"#;

fn rows(server: &Server) -> Vec<Value> {
    let page = server.callbacks(&["list"]);
    page["rows"].as_array().unwrap().clone()
}

fn key(call: &Call, digit: u8) {
    call.media.press(digit, Duration::from_millis(100));
}

/// He asks to be called back on the number that was shown; there is one time only, so he is not asked for that.
fn accepts(server: &Server) {
    let phone = Phone::outside(server, CALLER);
    let mut call = phone.call(NUMBER);
    call.expect_answer(SOON);
    hears(server, &call, "sv/callback-offer");
    key(&call, 2);
    hears(server, &call, "sv/callback-on-number");
    key(&call, 1);
    hears(server, &call, "sv/callback-summary");
    key(&call, 1);
    hears(server, &call, "sv/callback-accepted");
    call.expect_bye(SAID);
}

/// His list has a window from now on, which he could not choose.
fn is_moved_to_a_window_and_back(server: &Server) {
    let said = server.callbacks_refused(&["move", "b1", "--window", "morning"]);
    assert!(said.contains("demo/again has no windows"), "{said}");
    let folder = server.setup().config().join("organisations/demo");
    std::fs::write(folder.join("callbacks.toml"), QUEUE.to_owned() + WINDOW).unwrap();
    server.ctl(&["reload"]);
    let said = server.callbacks_refused(&["move", "b1", "--window", "evening"]);
    assert!(said.contains("demo/again has morning from"), "{said}");
    let moved = server.callbacks(&["move", "b1", "--window", "morning"]);
    let (window, due) = (&moved["moved"]["window"], &moved["moved"]["due"]);
    assert_eq!(window, "morning");
    let table = server.callbacks_output(&["list"]);
    let table = String::from_utf8(table.stdout).unwrap();
    let column = |name: &str| table.find(name).unwrap();
    let shown = table.lines().nth(1).unwrap();
    assert!(shown[column("WINDOW")..].starts_with("morning "), "{table}");
    let until = rows(server)[0]["window_until"].clone();
    assert!(shown[column("UNTIL")..].starts_with(until.as_str().unwrap()));
    // By its beginning it is found too, where it has room.
    let from = due.as_str().unwrap();
    server.callbacks(&["move", "b1", "--window", "morning", "--from", from]);
    let moved = server.callbacks(&["move", "b1", "--soon"]);
    assert!(moved["moved"]["window"].is_null(), "{moved}");
    std::fs::write(folder.join("callbacks.toml"), QUEUE).unwrap();
    server.ctl(&["reload"]);
}

#[test]
fn an_entry_is_worked_on_by_one_agent_at_a_time_and_erased_from_every_file() {
    let mut server = Setup::demo()
        .set("organisation.plan", "\"home\"")
        .add("callbacks.toml", QUEUE)
        .start();
    accepts(&server);
    let listed = rows(&server);
    assert_eq!(listed.len(), 1);
    let (id, number, status) = (&listed[0]["id"], &listed[0]["number"], &listed[0]["status"]);
    assert_eq!(
        (id.as_str(), number.as_str(), status.as_str()),
        (Some("b1"), Some(CALLER), Some("not-handled"))
    );
    // Whoever may not see the list sees nothing of it, and does nothing to it.
    let of_anna = server.callbacks(&["--as-user", "anna", "list"]);
    assert_eq!(of_anna["total"], 0);
    let said = server.callbacks_refused(&["--as-user", "anna", "lease", "b1", "anna"]);
    assert!(said.contains("there is no callback b1"), "{said}");
    let said = server.callbacks_refused(&["--as-user", "bosse", "lease", "b1", "cecilia"]);
    assert!(!said.is_empty());
    for agent in ["bosse", "cecilia"] {
        server.callbacks(&["--as-user", agent, "log-in", agent]);
    }
    let leased = server.callbacks(&["--as-user", "bosse", "next", "bosse"]);
    assert_eq!(leased["leased"]["entry"], "b1");
    let said = server.callbacks_refused(&["--as-user", "cecilia", "lease", "b1", "cecilia"]);
    assert!(said.contains("demo/bosse has b1"), "{said}");
    server.callbacks(&["release", "b1", "bosse"]);
    is_moved_to_a_window_and_back(&server);
    server.callbacks(&["cancel", "b1", "--text", "Asked for it."]);
    // A crash forgets none of it.
    server.wait("it is on disk", SOON, |server| {
        server.metric("kolapp_store_pending") == 0.0
    });
    server.kill_and_start_again();
    // The restart is a line of its history too, which comes when it is stored.
    server.wait("it is known again", SOON, |server| {
        let shown = server.callbacks(&["show", "b1"]);
        let last = shown["history"].as_array().unwrap().last();
        last.is_some_and(|event| event["what"] == "known again")
    });
    let shown = server.callbacks(&["show", "b1"]);
    assert_eq!(shown["status"], "cancelled");
    assert_eq!(shown["latest"], "Asked for it.");
    let what: Vec<&str> = shown["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["what"].as_str().unwrap())
        .collect();
    assert!(what.contains(&"demo/bosse has it"), "{what:?}");
    let export = server.callbacks_output(&["export"]);
    let export = String::from_utf8(export.stdout).unwrap();
    assert!(
        export
            .lines()
            .nth(1)
            .unwrap()
            .starts_with("b1,demo/again,cancelled,"),
        "{export}"
    );
    let folder = server.folder().join("var");
    assert!(is_found(&folder, CALLER), "the entry is kept nowhere");
    let told = server.callbacks(&["export", "--number", CALLER]);
    assert_eq!(told[0]["number"], CALLER);
    assert_eq!(told[0]["history"], shown["history"]);
    let erased = server.callbacks(&["erase", CALLER]);
    assert_eq!(erased["erased"]["erased"], 1);
    assert_eq!(rows(&server), [] as [Value; 0]);
    server.wait("it is found nowhere", SAID, |_| !is_found(&folder, CALLER));
    // Its number is given to nobody else.
    server.kill_and_start_again();
    accepts(&server);
    assert_eq!(rows(&server)[0]["id"], "b2");
}

/// Dials a code and hears that, until the server hangs up.
fn dials(server: &Server, phone: &Phone, code: &str, prompt: &str) {
    let mut call = phone.call(code);
    call.expect_answer(SOON);
    hears(server, &call, prompt);
    call.expect_bye(SAID);
}

// Changes: feature_codes.list_log_in, feature_codes.list_log_out, feature_codes.list_next
#[test]
fn an_agent_staffs_his_lists_and_takes_the_next_callback_by_code() {
    let server = Setup::demo()
        .set("organisation.plan", "\"home\"")
        .set("feature_codes.list_log_in", "\"*51\"")
        .set("feature_codes.list_log_out", "\"*52\"")
        .set("feature_codes.list_next", "\"*53\"")
        .add("callbacks.toml", QUEUE)
        .start();
    accepts(&server);
    let bosse = Phone::agent(&server, "bosse");
    dials(&server, &bosse, "*511030", "sv/list-logged-in");
    dials(&server, &bosse, "*53", "sv/list-next");
    let mut rings = bosse.incoming(SOON);
    let from = rings.invite().header("From").unwrap();
    assert!(from.contains("Återuppringning"), "{from}");
    assert_eq!(rows(&server)[0]["held_by"], "demo/bosse");
    rings.refuse(486);
    server.wait("it is nobody's again", SOON, |server| {
        rows(server)[0]["status"] == "not-handled"
    });
    dials(&server, &bosse, "*52", "sv/list-logged-out");
    dials(&server, &bosse, "*53", "sv/agent-refused");
}
