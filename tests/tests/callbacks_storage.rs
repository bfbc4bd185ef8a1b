//! Callback lists while what they are kept in is away or slow, and lists of queues that are there no more: nothing is promised
//! that is not stored, and nothing is lost that was.

#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "../../crates/store/tests/store/cluster.rs"]
#[allow(dead_code, reason = "tests of the store do more with it")]
mod cluster;

use cluster::Cluster;
use serde_json::Value;
use std::time::Duration;
use tests::hearing::Hearing;
use tests::phone::{Call, Phone};
use tests::server::{Server, Setup};

const NUMBER: &str = "+46850002030";
const SOON: Duration = Duration::from_secs(5);
/// The longest prompt and then some; also until storage is looked at again.
const SAID: Duration = Duration::from_secs(20);
/// Long enough for a ring that must not come, where one that may would have come at once.
const A_WHILE: Duration = Duration::from_millis(400);

/// A queue without agents until one logs in, which says nothing but that callers may be called back.
const QUEUE: &str = r#"
[queues.again]
kind = "operator"
extension = "1030"
members = ["bosse", "cecilia"]
logged_in_at_start = false
welcome = "none"
first_message = "none"
position = "never"

[queues.again.callback]

[plans.home]
allow = ["mobile"]

[numbers]
"+46850002030" = { queue = "again" }
"#;

/// The same without a list.
fn without_list() -> String {
    QUEUE.replace("[queues.again.callback]\n", "")
}

fn setup() -> Setup {
    Setup::demo()
        .set("organisation.plan", "\"home\"")
        .add("callbacks.toml", QUEUE)
}

/// Name, number and status of each entry.
fn entries(server: &Server) -> Vec<[String; 3]> {
    let page = server.callbacks(&["list"]);
    let rows = page["rows"].as_array().unwrap().iter();
    let word = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    rows.map(|row| ["id", "number", "status"].map(|key| word(row, key)))
        .collect()
}

fn entry(id: &str, number: &str, status: &str) -> [String; 3] {
    [id, number, status].map(str::to_owned)
}

fn is_stored(server: &Server) {
    server.wait("it is on disk", SAID, |server| {
        server.metric("kolapp_store_pending") == 0.0
    });
}

fn storage_is(server: &Server, state: &str) -> bool {
    let (_, text) = server.healthz().unwrap();
    text.contains(&format!("\"storage\":\"{state}\""))
}

fn waits(server: &Server, number: &str) -> (Phone, Call) {
    let phone = Phone::outside(server, number);
    let mut call = phone.call(NUMBER);
    call.expect_answer(SOON);
    (phone, call)
}

fn key(call: &Call, digit: u8) {
    call.media.press(digit, Duration::from_millis(100));
}

/// He asks to be called back on the number that was shown, and has only to accept.
fn comes_to_the_summary<'a>(server: &'a Server, call: &'a Call) -> Hearing<'a> {
    let mut hearing = Hearing::of(server, call);
    asks_to_be_called(&mut hearing, call);
    hearing
}

fn asks_to_be_called(hearing: &mut Hearing<'_>, call: &Call) {
    hearing.says(&["sv/callback-offer"]);
    key(call, 2);
    hearing.says(&["sv/callback-on-number"]);
    key(call, 1);
    hearing.says(&["sv/callback-summary"]);
}

fn is_told_that_it_could_not_be(hearing: &mut Hearing<'_>) {
    hearing.says(&["sv/callback-refused", "sv/callback-place-kept"]);
}

fn accepts(server: &Server, number: &str) {
    let (_phone, mut call) = waits(server, number);
    let mut hearing = comes_to_the_summary(server, &call);
    key(&call, 1);
    hearing.says(&["sv/callback-accepted"]);
    call.expect_bye(SAID);
}

fn waiting(server: &Server) -> Value {
    server.ctl_row("queues", "name", "demo/again")["waiting"].clone()
}

#[test]
fn without_storage_nothing_is_promised_nobody_loses_his_place_and_the_list_is_as_it_was_once_it_is_back()
 {
    const KEPT: &str = "+46701234501";
    const FIRST: &str = "+46701234502";
    const SECOND: &str = "+46701234503";
    let mut database = Cluster::start();
    let mut server = setup().env("KOLAPP_STORE_URL", &database.url()).start();
    accepts(&server, KEPT);
    for agent in ["bosse", "cecilia"] {
        server.callbacks(&["log-in", agent]);
    }
    server.callbacks(&["lease", "b1", "bosse"]);
    is_stored(&server);

    // It goes away between the summary and the key that accepts.
    let (_first, mut first) = waits(&server, FIRST);
    let mut hearing = comes_to_the_summary(&server, &first);
    let (_second, mut second) = waits(&server, SECOND);
    database.crash();
    key(&first, 1);
    is_told_that_it_could_not_be(&mut hearing);
    hearing.never_said("sv/callback-accepted");
    assert_eq!(waiting(&server), 2);
    server.wait("it is known to be away", SAID, |server| {
        storage_is(server, "away")
    });
    assert_eq!(entries(&server), [entry("b1", KEPT, "leased")]);

    // An agent who presses call is told, and no device rings.
    let bosse = Phone::agent(&server, "bosse");
    let said = server.callbacks_refused(&["call", "b1", "bosse"]);
    assert!(said.contains("nothing can be stored now"), "{said}");
    assert!(bosse.try_incoming(A_WHILE).is_none(), "his phone rings");
    drop(bosse);

    // Calls go on, in the order in which they came.
    let cecilia = Phone::agent(&server, "cecilia");
    server.ctl(&["agent", "log-in", "cecilia"]);
    let mut taken = cecilia.incoming(SOON);
    let from = taken.invite().header("From").unwrap();
    assert!(from.contains(FIRST), "{from}");
    taken.answer();
    second.hang_up();
    first.hang_up();
    taken.expect_bye(SOON);

    // A process that never had it promises nothing and gives no numbers.
    server.kill_and_start_without_storage();
    assert!(entries(&server).is_empty());
    let said = server.callbacks_refused(&["lease", "b1", "cecilia"]);
    assert!(said.contains("there is no callback b1"), "{said}");
    let said = server.callbacks_refused(&["log-in", "cecilia"]);
    assert!(said.contains("nothing can be stored now"), "{said}");
    let (_phone, mut call) = waits(&server, SECOND);
    key(&call, 2);
    is_told_that_it_could_not_be(&mut Hearing::of(&server, &call));
    call.hang_up();

    database.resume();
    server.wait("the list is there", SAID, |server| {
        entries(server) == [entry("b1", KEPT, "not-handled")]
    });
    server.wait("storage is well", SAID, |server| storage_is(server, "ok"));
    accepts(&server, FIRST);
    let all = [
        entry("b1", KEPT, "not-handled"),
        entry("b2", FIRST, "not-handled"),
    ];
    assert_eq!(entries(&server), all);
    server.kill_and_start_again();
    assert_eq!(entries(&server), all);
    server.stop();
}

#[test]
fn a_caller_whom_slow_storage_keeps_waiting_is_promised_nothing_then_or_later() {
    const CALLER: &str = "+46701234504";
    let database = Cluster::start();
    let mut server = setup().env("KOLAPP_STORE_URL", &database.url()).start();
    is_stored(&server);
    let (_phone, call) = waits(&server, CALLER);
    let mut hearing = comes_to_the_summary(&server, &call);
    let held = database.session("BEGIN; LOCK TABLE callbacks");
    key(&call, 1);
    is_told_that_it_could_not_be(&mut hearing);
    assert_eq!(waiting(&server), 1);
    assert!(entries(&server).is_empty());
    held.end();
    is_stored(&server);
    let count = "SELECT COUNT(*) FROM callbacks";
    assert_eq!(database.sql("kolapp", count), "0");
    server.kill_and_start_again();
    assert!(entries(&server).is_empty());

    accepts(&server, CALLER);
    let [given] = &entries(&server)[..] else {
        panic!("he has one entry");
    };
    assert_eq!(given[1..], [CALLER, "not-handled"]);
    drop(call);
    server.stop();
}

#[test]
fn entries_of_a_list_or_a_queue_that_was_removed_before_a_start_are_there_and_are_again_when_it_is()
{
    const CALLER: &str = "+46701234505";
    let mut server = setup().start();
    accepts(&server, CALLER);
    server.callbacks(&["log-in", "bosse"]);
    is_stored(&server);
    let kept = [entry("b1", CALLER, "not-handled")];
    let file = server
        .setup()
        .config()
        .join("organisations/demo/callbacks.toml");
    let write = |text: &str| std::fs::write(&file, text).unwrap();

    // Removed while it runs: who had the list works it off.
    write(&without_list());
    server.ctl(&["reload"]);
    assert_eq!(entries(&server), kept);
    server.callbacks(&["lease", "b1", "bosse"]);
    server.callbacks(&["release", "b1", "bosse"]);
    let (_phone, mut call) = waits(&server, CALLER);
    key(&call, 2);
    assert!(call.stands_for(A_WHILE));
    call.hang_up();
    is_stored(&server);

    for text in [
        without_list(),
        "[plans.home]\nallow = [\"mobile\"]\n".to_owned(),
    ] {
        write(&text);
        server.kill_and_start_again();
        assert_eq!(entries(&server), kept, "after {text:?}");
        // He who staffed it does so still, and calls.
        server.callbacks(&["lease", "b1", "bosse"]);
        let bosse = Phone::agent(&server, "bosse");
        server.callbacks(&["call", "b1", "bosse"]);
        let mut rings = bosse.incoming(SOON);
        rings.refuse(486);
        server.wait("it is nobody's again", SOON, |server| {
            entries(server) == kept
        });
        // A reload keeps it too.
        server.ctl(&["reload"]);
        assert_eq!(entries(&server), kept, "after {text:?}");
        server.callbacks(&["lease", "b1", "bosse"]);
        server.callbacks(&["release", "b1", "bosse"]);
        is_stored(&server);
    }
    write(QUEUE);
    server.ctl(&["reload"]);
    server.callbacks(&["log-in", "bosse"]);
    server.callbacks(&["lease", "b1", "bosse"]);
    server.callbacks(&["release", "b1", "bosse"]);
    server.callbacks(&["cancel", "b1", "--text", "Asked for it."]);
    assert_eq!(entries(&server), [entry("b1", CALLER, "cancelled")]);
    server.stop();
}

#[test]
fn on_a_full_disk_nobody_is_promised_anything_and_the_list_is_whole_once_there_is_room() {
    const KEPT: &str = "+46701234506";
    const LATER: &str = "+46701234507";
    let mut server = setup().on_a_small_disk().start();
    accepts(&server, KEPT);
    is_stored(&server);
    let (_phone, mut call) = waits(&server, LATER);
    let mut hearing = comes_to_the_summary(&server, &call);
    server.disk_is_full();
    key(&call, 1);
    is_told_that_it_could_not_be(&mut hearing);
    hearing.never_said("sv/callback-accepted");
    assert_eq!(waiting(&server), 1, "he keeps his place");
    let kept = [entry("b1", KEPT, "not-handled")];
    assert_eq!(entries(&server), kept);
    assert!(server.metric("kolapp_callback_refused_total") >= 1.0);
    server.wait("it is known that nothing can be kept", SAID, |server| {
        !storage_is(server, "ok")
    });
    let said = server.callbacks_refused(&["cancel", "b1"]);
    assert!(said.contains("nothing can be stored now"), "{said}");
    let said = server.callbacks_refused(&["erase", KEPT]);
    assert!(said.contains("nothing can be stored now"), "{said}");

    server.disk_has_room();
    server.wait("storage is well", SAID, |server| storage_is(server, "ok"));
    call.hang_up();
    server.wait_no_call(SOON);
    accepts(&server, LATER);
    let all: Vec<[String; 2]> = entries(&server)
        .into_iter()
        .map(|[_, number, status]| [number, status])
        .collect();
    let expected = [KEPT, LATER].map(|number| [number, "not-handled"].map(str::to_owned));
    assert_eq!(all, expected);
    let before = entries(&server);
    server.kill_and_start_again();
    assert_eq!(entries(&server), before);
    server.stop();
}
