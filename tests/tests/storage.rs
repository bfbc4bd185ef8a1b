//! Where what outlives the server is kept: copies of its file, and a PostgreSQL database in its place.

#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "../../crates/store/tests/store/cluster.rs"]
#[allow(dead_code, reason = "tests of the store do more with it")]
mod cluster;

use cluster::Cluster;
use std::time::Duration;
use tests::moment::after_tomorrow;
use tests::server::{Server, Setup};

const SOON: Duration = Duration::from_secs(20);

/// Agents of the demo, each of whom is logged in when the server first starts.
const AGENTS: f64 = 4.0;

/// Agents' rows that have been written since the start.
fn rows(server: &Server) -> f64 {
    server.metric("kolapp_store_written_total{about=\"agents\"}")
}

fn pause(server: &Server, name: &str) {
    server.ctl(&["agent", "pause", name, "--reason", "lunch"]);
}

/// The same, and waits until it is on disk.
fn pause_for_good(server: &Server, name: &str) {
    let before = rows(server);
    pause(server, name);
    server.wait("it is stored", SOON, |server| rows(server) > before);
}

fn all_stored(server: &Server) {
    server.wait("all agents are stored", SOON, |server| {
        rows(server) >= AGENTS
    });
}

fn storage_is(server: &Server, state: &str) -> bool {
    let (_, text) = server.healthz().unwrap();
    text.contains(&format!("\"storage\":\"{state}\""))
}

#[test]
fn a_copy_is_made_while_the_server_runs_and_another_server_starts_from_it() {
    let server = Setup::demo().start();
    all_stored(&server);
    pause_for_good(&server, "david");
    let copy = server.folder().join("copy.db");
    let path = copy.to_str().unwrap();
    let back_up = || server.setup().output(&["backup", path]);
    let done = back_up();
    assert!(done.status.success(), "{done:?}");
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(
        said.starts_with(path) && said.ends_with(" bytes\n"),
        "{said}"
    );
    let refused = String::from_utf8(back_up().stderr).unwrap();
    assert!(refused.contains("can't be made: File exists"), "{refused}");

    let other = Setup::demo();
    let var = other.config().parent().unwrap().join("var");
    std::fs::create_dir_all(&var).unwrap();
    std::fs::copy(&copy, var.join("kolapp.db")).unwrap();
    let other = other.start();
    other.wait_agent("david", "paused", SOON);
    assert_ne!(other.agent_state("anna"), "paused");
}

// Changes: store.url
#[test]
fn what_is_kept_may_be_in_postgresql_and_the_server_goes_on_without_it() {
    let mut database = Cluster::start();
    // A socket needs no host before the database.
    let url = database.url().replace("@localhost/", "@/");
    let mut server = Setup::demo()
        .set_server("store.url", &format!("{url:?}"))
        .start();
    all_stored(&server);
    pause_for_good(&server, "david");
    server.kill_and_start_again();
    server.wait_agent("david", "paused", SOON);
    let count = "SELECT COUNT(*) FROM agents WHERE state LIKE '%lunch%'";
    assert_eq!(database.sql("kolapp", count), "1");
    assert!(!server.folder().join("var/kolapp.db").exists());
    let refused = server.setup().output(&["backup", "copy.db"]);
    let refused = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.contains("pg_dump"), "{refused}");

    database.crash();
    server.wait("it is known to be away", SOON, |server| {
        storage_is(server, "away")
    });
    pause(&server, "cecilia");
    server.wait_agent("cecilia", "paused", SOON);
    let close = [
        "quick-close",
        "set",
        "--queues",
        "support",
        "--until",
        "23:59",
    ];
    let promised = server.ctl_output(&close);
    let promised = String::from_utf8(promised.stderr).unwrap();
    assert!(promised.contains("storage does not answer"), "{promised}");
    database.resume();
    server.wait("both are stored", SOON, |server| {
        storage_is(server, "ok") && database.sql("kolapp", count) == "2"
    });
    assert_eq!(
        database.sql("kolapp", "SELECT COUNT(*) FROM quick_closes"),
        "0"
    );
    server.stop();
}

#[test]
fn what_could_not_be_read_at_the_start_is_taken_up_late_and_nothing_is_written_over_it() {
    let mut database = Cluster::start();
    let mut server = Setup::demo()
        .env("KOLAPP_STORE_URL", &database.url())
        .start();
    all_stored(&server);
    pause_for_good(&server, "david");
    let until = after_tomorrow();
    let close = |queue| ["quick-close", "set", "--queues", queue, "--until", &until];
    let promised = server.ctl(&close("support"));
    assert_eq!(promised[0]["id"], 1);

    database.crash();
    server.kill_and_start_without_storage();
    assert_ne!(server.agent_state("david"), "paused");
    pause(&server, "cecilia");
    let refused = server.ctl_output(&close("kontor"));
    let refused = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.contains("has not been read yet"), "{refused}");

    database.resume();
    server.wait_agent("david", "paused", SOON);
    // Whom somebody has changed meanwhile stays as he is.
    assert_eq!(server.agent_state("cecilia"), "paused");
    server.wait("the queue is closed", SOON, |server| {
        server.ctl_row("hours", "queue", "demo/support")["state"] == "closed"
    });
    server.wait("storage is well", SOON, |server| storage_is(server, "ok"));
    let next = server.ctl(&close("kontor"));
    assert_eq!(next[0]["id"], 2, "the first has its id still");
    server.kill_and_start_again();
    for name in ["david", "cecilia"] {
        server.wait_agent(name, "paused", SOON);
    }
    let list = server.ctl(&["quick-close", "list"]);
    assert_eq!(list.as_array().unwrap().len(), 2);
    server.stop();
}
