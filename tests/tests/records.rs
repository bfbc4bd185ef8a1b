//! Records of calls from the outside: one a call, whatever becomes of the server, found by whatever people know of a call.

#![allow(clippy::unwrap_used, reason = "a test")]

use callback::{Closing, Stage, Utc};
use std::time::Duration;
use tests::kept;
use tests::phone::Phone;
use tests::server::{Record, Server, Setup};

const SOON: Duration = Duration::from_secs(10);
/// A disk that others write to takes its time.
const ON_DISK: Duration = Duration::from_secs(30);
const NUMBER: &str = "+46850001000";
const CALLER: &str = "+46701234567";

/// All calls that there were, once so many of them stand so.
fn recorded(server: &Server, count: usize, stand_so: impl Fn(&Record) -> bool) -> Vec<Record> {
    let mut records = Vec::new();
    server.wait("it is recorded", ON_DISK, |server| {
        records = server.call_records(&[]);
        records.iter().filter(|record| stand_so(record)).count() == count
    });
    records
}

#[test]
fn a_call_has_one_record_over_a_kill_and_is_found_and_erased_by_its_number() {
    let mut server = Setup::demo()
        .set("queues.support.members", "[\"anna\"]")
        .set("queues.support.wrap_up", "\"10m\"")
        .start();
    let caller = Phone::outside(&server, CALLER);
    let anna = Phone::agent(&server, "anna");
    server.wait_agent("anna", "free", SOON);
    let mut answered = caller.call(NUMBER);
    answered.expect_answer(SOON);
    let mut called = anna.incoming(SOON);
    called.answer();
    server.wait_agent("anna", "in-call", SOON);
    let begun = recorded(&server, 1, |record| record["cause"].is_empty());
    assert_eq!(begun[0]["caller"], CALLER, "recorded when it begins");
    answered.hang_up();
    called.expect_bye(SOON);
    let records = recorded(&server, 1, |record| record["cause"] == "caller-hung-up");
    let of = |name: &str| records[0][name].as_str();
    assert_eq!(records.len(), 1);
    assert_eq!((of("direction"), of("caller")), ("inward", CALLER));
    assert_eq!((of("dialled"), of("organisation")), (NUMBER, "demo"));
    assert_eq!(of("agent"), "demo/anna");
    assert_eq!(of("way"), "queue demo/support > talked demo/anna");
    for name in ["began", "answered", "joined", "ended"] {
        assert!(!of(name).is_empty(), "{name}");
    }
    // Anna has something to write down: he waits.
    let mut waits = caller.call(NUMBER);
    waits.expect_answer(SOON);
    recorded(&server, 1, |record| {
        record["cause"].is_empty() && record["queue"] == "demo/support"
    });
    server.kill_and_start_again();
    let records = server.call_records(&[]);
    assert_eq!(records.len(), 2);
    let causes = records.iter().map(|record| record["cause"].as_str());
    assert_eq!(causes.collect::<Vec<_>>(), ["caller-hung-up", "cut-off"]);
    assert_eq!(records[1]["ended"], "", "nobody knows when");
    server.terminate();
    server.wait_end(SOON);
    // Nobody runs: they are told all the same.
    for (asked, count) in [
        (["--number", "070-123 45 67"], 2),
        (["--number", "0046701234568"], 0),
        (["--queue", "support"], 2),
        (["--queue", "demo/support"], 2),
        (["--agent", "anna"], 1),
        (["--to", "2021-01-01"], 0),
    ] {
        assert_eq!(server.call_records(&asked).len(), count, "{asked:?}");
    }
    server.start_again();
    server.callbacks(&["erase", CALLER]);
    let records = server.call_records(&[]);
    assert_eq!(records.len(), 2);
    for record in records {
        assert_eq!(
            (record["caller"].as_str(), record["dialled"].as_str()),
            ("", NUMBER)
        );
    }
    server.ctl(&["agent", "pause", "anna"]);
    let refused = server.ctl_output(&["--as-user", "anna", "agent", "pause", "cecilia"]);
    assert!(!refused.status.success(), "no agent pauses another");
    let mut audit = Vec::new();
    server.wait("it is kept who did so", ON_DISK, |server| {
        audit = server.report("audit", &["--organisation", "demo"]);
        audit.len() == 2
    });
    let of = |row: usize| ["who", "way", "what", "result"].map(|name| audit[row][name].as_str());
    // The latest first.
    let paused = ["the operator", "socket", "pauses demo/anna", "done"];
    assert_eq!(of(0), paused, "what is not permitted is no command");
    let erased = ["the operator", "socket", "erases a number in demo", "done"];
    assert_eq!(of(1), erased);
    server.stop();
}

/// A call and a command of 2020.
const OLD: &str = "
INSERT INTO call_records (id, org, direction, way, began_ms, talked_ms, cause)
    VALUES ('0f-c0-0-1', 'demo', 'inward', '', 1600000000000, 0, 'caller-hung-up');
INSERT INTO audit VALUES ('0f-1', 1600000000000, 'demo', 'demo/eva', 'http', 'pauses demo/bosse', NULL);
";

/// A server before this one believed its clock a moment ago.
const BELIEVED: &str =
    "INSERT INTO highest VALUES ('believed-clock', strftime('%s', 'now') * 1000)";

#[test]
fn nothing_is_forgotten_by_a_clock_that_nobody_knows_and_all_that_is_too_old_by_one_that_is_believed()
 {
    let list = "{ key = \"2\", announcement = \"none\" }";
    let setup = Setup::demo().set("queues.support.callback", list);
    let mut closed = kept::entry(1);
    let years_ago = Utc::from_seconds(closed.due.as_seconds() - 3 * 365 * 86_400);
    closed.stage = Stage::Closed {
        how: Closing::Done,
        at: years_ago,
    };
    let mut server = kept::start_with(setup, [closed].into_iter());
    kept::restart_after(&mut server, OLD);
    let audit_of = |server: &Server, who: &str| {
        let audit = server.report("audit", &[]);
        audit.iter().filter(|row| row["who"] == who).count()
    };
    let there = |server: &Server| {
        let callbacks = server.callbacks(&["list"])["total"].clone();
        let calls = server.call_records(&[]).len();
        (callbacks, calls, audit_of(server, "demo/eva"))
    };
    // Whatever the store was asked to forget at the start is forgotten before the second of these is written.
    for done in 1..=2 {
        server.ctl(&["agent", "pause", "anna"]);
        server.wait("it is kept", ON_DISK, |server| {
            audit_of(server, "the operator") == done
        });
    }
    assert_eq!(there(&server), (1.into(), 1, 1));
    kept::restart_after(&mut server, BELIEVED);
    server.wait("all of it is forgotten", ON_DISK, |server| {
        there(server) == (0.into(), 0, 0)
    });
    server.stop();
}
