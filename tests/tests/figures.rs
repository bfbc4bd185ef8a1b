//! Figures of queues over restarts and kills: they are there again, and everybody who came is accounted for.

#![allow(clippy::unwrap_used, reason = "a test")]

use serde_json::Value;
use std::time::Duration;
use tests::phone::Phone;
use tests::server::{Server, Setup};

const SOON: Duration = Duration::from_secs(5);
const NUMBER: &str = "+46850001000";

/// The queue's sums of today; nothing where nobody has come.
fn sums(server: &Server) -> Value {
    let output = server.ctl_output(&["figures", "--queue", "support", "--json"]);
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["lacking"], Value::Array(vec![]));
    report["sums"][0].clone()
}

fn counts(sums: &Value, names: &[&str]) -> Vec<u64> {
    let count = |name: &&str| sums[*name].as_u64().unwrap_or(0);
    names.iter().map(count).collect()
}

/// Facts so far have been written: some may be under way, some wait behind them, and the last are handed on a moment later,
/// with one that is made here.
fn on_disk(server: &Server) {
    let written = |server: &Server| server.metric("kolapp_store_written_total{about=\"journal\"}");
    for what in ["pause", "resume", "pause", "resume"] {
        let before = written(server);
        server.ctl(&["agent", what, "cecilia"]);
        server.wait("facts are on disk", SOON, |server| written(server) > before);
    }
}

#[test]
fn whoever_came_is_accounted_for_over_a_restart_and_a_kill_and_yesterday_can_be_simulated() {
    let mut server = Setup::demo()
        .set("queues.support.members", "[\"anna\", \"cecilia\"]")
        .set("queues.support.wrap_up", "\"1s\"")
        .set("queues.support.service_level", "\"1m\"")
        .start();
    let caller = Phone::outside(&server, "+46701234567");
    let anna = Phone::agent(&server, "anna");
    server.wait_agent("anna", "free", SOON);
    let mut answered = caller.call(NUMBER);
    answered.expect_answer(SOON);
    let mut called = anna.incoming(SOON);
    called.answer();
    server.wait_agent("anna", "in-call", SOON);
    let mut gives_up = caller.call(NUMBER);
    gives_up.expect_answer(SOON);
    server.wait("he waits", SOON, |server| {
        counts(&sums(server), &["entered", "waiting"]) == [2, 1]
    });
    gives_up.hang_up();
    answered.hang_up();
    called.expect_bye(SOON);
    let names = [
        "entered",
        "answered",
        "abandoned",
        "abandoned_soon",
        "handled",
        "waiting",
        "restarted",
        "cut_off",
    ];
    server.wait("all is done", SOON, |server| {
        counts(&sums(server), &names) == [2, 1, 1, 1, 1, 0, 0, 0]
    });
    let before = sums(&server);
    assert_eq!(before["service_level"], 1.0);

    server.terminate();
    assert!(server.wait_end(SOON).success());
    server.start_again();
    server.wait("what was is read", SOON, |server| sums(server) == before);

    // One talks and one waits when it is killed.
    server.wait_agent("anna", "free", SOON);
    let mut talks = caller.call(NUMBER);
    talks.expect_answer(SOON);
    let mut called = anna.incoming(SOON);
    called.answer();
    server.wait_agent("anna", "in-call", SOON);
    let mut waits = caller.call(NUMBER);
    waits.expect_answer(SOON);
    server.wait("he waits", SOON, |server| {
        counts(&sums(server), &["entered", "waiting"]) == [4, 1]
    });
    on_disk(&server);
    server.kill_and_start_again();
    server.wait("all are accounted for", SOON, |server| {
        counts(&sums(server), &names) == [4, 2, 1, 1, 1, 0, 1, 1]
    });

    let csv = server.ctl_output(&["figures", "--queue", "support", "--by", "day", "--csv"]);
    let csv = String::from_utf8(csv.stdout).unwrap();
    assert!(csv.contains(",demo,support,4,2,1,1,"), "{csv}");
    let agents = server.ctl_output(&["figures", "--agents", "--csv"]);
    let agents = String::from_utf8(agents.stdout).unwrap();
    assert!(agents.contains(",demo,anna,2,"), "{agents}");

    on_disk(&server);
    // What is kept says the same, whether the server runs or not; by weeks, so that no midnight comes between.
    let years = ["--from", "2020-01-01", "--to", "2030-01-01", "--by", "week"];
    let told = |server: &Server, more: &[&str]| {
        let arguments = [&["figures", "--csv"], &years[..], more].concat();
        String::from_utf8(server.ctl_output(&arguments).stdout).unwrap()
    };
    let (queues, agents) = (told(&server, &[]), told(&server, &["--agents"]));
    assert!(queues.contains(",demo,support,4,2,1,1,"), "{queues}");
    let report = |more: &[&str]| {
        let arguments = [&["report", "queues", "--csv"], &years[..], more].concat();
        let output = server.setup().command(&arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!((report(&[]), report(&["--agents"])), (queues, agents));

    let before = server.ctl_output(&["traffic", "--from", "2020-01-01", "--to", "2021-01-01"]);
    assert!(before.status.success(), "{before:?}");
    assert_eq!(
        String::from_utf8_lossy(&before.stdout)
            .matches("\"end\":")
            .count(),
        0
    );
    let log = server.ctl_output(&["traffic"]).stdout;
    let log = String::from_utf8(log).unwrap();
    let rows = |end: &str| log.matches(&format!("\"end\":\"{end}\"")).count();
    assert_eq!((rows("answered"), rows("abandoned")), (1, 1), "{log}");
    assert_eq!(rows("elsewhere"), 2, "those who were cut off: {log}");
    assert!(!log.contains("46701234567"), "{log}");
}

#[test]
fn with_its_storage_away_a_server_takes_calls_and_counts_them_and_keeps_them_once_it_is_back() {
    let mut server = Setup::demo()
        .set("queues.support.members", "[\"anna\", \"cecilia\"]")
        .start();
    let caller = Phone::outside(&server, "+46701234567");
    let call = |server: &Server| {
        let mut gives_up = caller.call(NUMBER);
        gives_up.expect_answer(SOON);
        gives_up.hang_up();
        server.wait_no_call(SOON);
    };
    call(&server);
    // Else it is written into the file that comes after.
    on_disk(&server);
    let state = server.setup().config().join("../var");
    for name in ["kolapp.db", "kolapp.db-wal", "kolapp.db-shm"] {
        let _ = std::fs::remove_file(state.join(name));
    }
    call(&server);
    let both = [2, 2];
    server.wait("both count", SOON, |server| {
        counts(&sums(server), &["entered", "abandoned"]) == both
    });
    assert_eq!(server.metric("kolapp_journal_lost_total"), 0.0);
    on_disk(&server);
    server.kill_and_start_again();
    // What the lost file had is lost with it, and what came after its loss is there.
    server.wait("the second is kept", SOON, |server| {
        counts(&sums(server), &["entered", "abandoned"]) == [1, 1]
    });
}
