//! Figures of queues over restarts and kills: they are there again, and everybody who came is accounted for.

#![allow(clippy::unwrap_used, reason = "a test")]

use serde_json::{Value, json};
use std::time::Duration;
use tests::http::Api;
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
fn by_http_each_is_told_of_the_queues_that_he_sees_as_rows_and_as_a_table() {
    let server = Setup::demo()
        .set("queues.support.members", "[\"anna\", \"cecilia\"]")
        .start();
    let caller = Phone::outside(&server, "+46701234567");
    let mut gives_up = caller.call(NUMBER);
    gives_up.expect_answer(SOON);
    gives_up.hang_up();
    let log_in = |name: &str| Api::logged_in(server.http(), name, &format!("demo-{name}"));
    let (anna, bosse, eva) = (log_in("anna"), log_in("bosse"), log_in("eva"));
    // By weeks, so that no midnight comes between.
    server.wait("he counts", SOON, |_| {
        let told = eva.get("/figures?by=week").json;
        let total = &told["total"];
        (&total["entered"], &total["abandoned"]) == (&json!(1), &json!(1))
    });
    let told = eva.get("/figures?by=week").json;
    assert_eq!(told["queues"], told["sums"]);
    assert_eq!(told["queues"][0]["queue"], "demo/support");
    assert_eq!(told["together"][0]["queue"], Value::Null);
    assert_eq!(told["zone"], "Europe/Stockholm");
    let from = told["from"].as_str().unwrap();
    assert!(from.contains("T00:00:00+0"), "midnight there: {from}");
    let own = anna.get("/figures?by=week&rows=together").json;
    assert_eq!(
        (&own["queues"], &own["total"]),
        (&json!([]), &told["total"])
    );
    // He is no member, and sees nothing of it.
    let others = bosse.get("/figures?by=week").json;
    assert_eq!(
        (&others["sums"], &others["total"]["entered"]),
        (&json!([]), &json!(0))
    );
    for (api, queue, status) in [
        (&eva, "demo/support", 200),
        (&anna, "demo/support", 200),
        (&bosse, "demo/support", 404),
        (&eva, "demo/nowhere", 404),
        (&eva, "other/support", 404),
    ] {
        let answer = api.get(&format!("/figures?queue={queue}"));
        assert_eq!(answer.status, status, "{queue}: {answer:?}");
    }
    let table = eva.get("/figures?by=week&format=csv").text;
    assert!(
        table.contains(" 00:00,Europe/Stockholm,demo,support,1,0,1,"),
        "{table}"
    );
    // Of days that are in no memory any more the journal tells.
    let year: u32 = from[..4].parse().unwrap();
    let since_last_year = format!("/figures?from={}-01-01&by=week", year - 1);
    server.wait("it is read back", SOON, |_| {
        let years = eva.get(&since_last_year).json;
        (&years["total"]["entered"], &years["lacking"]) == (&json!(1), &json!([]))
    });
    for (query, words) in [
        ("from=2020-01-01", "732 days"),
        ("from=2026-01-01&to=2026-12-31&by=hour", "2016 intervals"),
        (
            "from=2026-11-27&to=2026-11-26",
            "a beginning before the end",
        ),
    ] {
        let refused = eva.get(&format!("/figures?{query}"));
        let detail = refused.json["detail"].as_str().unwrap();
        assert!(
            refused.status == 409 && detail.contains(words),
            "{refused:?}"
        );
    }
    server.stop();
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
