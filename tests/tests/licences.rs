//! What a user is sold as: who may log in to a queue of Kö Plus, and who is billed for it.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;
use tests::hearing::hears;
use tests::phone::Phone;
use tests::server::{Server, Setup};

const SOON: Duration = Duration::from_secs(5);

fn with_basic_bosse() -> Setup {
    Setup::demo().set("users.bosse.licence", "\"basic\"")
}

/// The lines of a month's report, as whoever makes bills reads them.
fn report(server: &Server, month: &str) -> Vec<Vec<String>> {
    let output = server
        .setup()
        .output(&["report", "licences", "--month", month, "--csv"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.split_terminator("\r\n").skip(1);
    lines
        .map(|line| line.split(',').map(str::to_owned).collect())
        .collect()
}

// Changes: users.licence
#[test]
fn a_basic_user_is_refused_by_voice_by_ctl_and_at_the_start_and_others_are_not() {
    let server = with_basic_bosse().start();
    let bosse = Phone::agent(&server, "bosse");
    assert_eq!(server.agent_state("bosse"), "logged-out");
    assert_ne!(server.agent_state("anna"), "logged-out");
    let mut call = bosse.call("*11");
    call.expect_answer(SOON);
    hears(&server, &call, "sv/agent-no-licence");
    call.expect_bye(SOON);
    let output = server.ctl_output(&["agent", "log-in", "bosse"]);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("licence"), "{said}");
    assert_eq!(server.agent_state("bosse"), "logged-out");
    // Sold more at a reload, he may.
    server.edit("users.bosse.licence", "\"business\"");
    server.ctl(&["reload"]);
    server.ctl(&["agent", "log-in", "bosse"]);
    server.wait_agent("bosse", "free", SOON);
}

#[test]
fn activation_is_dated_once_kept_over_a_kill_and_billed_from_its_month_on() {
    let mut server = with_basic_bosse().start();
    let later = report(&server, "9000-01");
    let users: Vec<&str> = later.iter().map(|line| &*line[2]).collect();
    assert_eq!(users, ["anna", "cecilia", "david", ""]);
    let support = &later[3];
    assert_eq!((&*support[3], &*support[7]), ("callback", "support"));
    let anna = &later[0];
    assert_eq!((&*anna[3], &*anna[5], &*anna[6]), ("pro", "no", ""));
    let month = anna[4][..7].to_owned();
    let this = report(&server, &month);
    assert_eq!(this.len(), 4);
    assert!(this.iter().all(|line| line[5] == "yes"), "{this:?}");
    assert!(report(&server, "1999-12").is_empty());
    server.wait("activations are on disk", SOON, |server| {
        server.metric("kolapp_store_written_total{about=\"licences\"}") >= 4.0
    });
    server.kill_and_start_again();
    assert_eq!(report(&server, &month), this);
    server.edit("users.anna.licence", "\"basic\"");
    server.edit("queues.support.callback.enabled", "false");
    server.ctl(&["reload"]);
    let ended = report(&server, &month);
    assert_eq!(ended.len(), 4, "the month is billed whole");
    for line in [0, 3] {
        assert!(!ended[line][6].is_empty(), "{ended:?}");
    }
    assert_eq!(report(&server, "9000-01").len(), 2);
    let table = server
        .setup()
        .output(&["report", "licences", "--month", &month]);
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(
        table.contains("3 licences and 1 queue that calls back, 4 of them with a start fee"),
        "{table}"
    );
}
