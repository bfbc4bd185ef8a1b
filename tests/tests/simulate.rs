//! `kolapp simulate` as an administrator types it.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;
use tests::phone::Phone;
use tests::server::{Server, Setup, binary, finished};

/// A day takes less than a second; the binary under test is not optimised and the machine not idle.
const LIMIT: Duration = Duration::from_secs(60);

const SOON: Duration = Duration::from_secs(5);

fn simulate(setup: &Setup, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.arg("simulate").arg("--config").arg(setup.config());
    command.args(arguments).current_dir(setup.config());
    finished(&mut command, LIMIT)
}

fn table(setup: &Setup, arguments: &[&str]) -> String {
    let output = simulate(setup, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// The numbers of a table's row.
fn numbers(table: &str, name: &str) -> Vec<f64> {
    let row = table.lines().find(|row| row.contains(name));
    let row = row.unwrap_or_else(|| panic!("no {name} in\n{table}"));
    row.split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_same_seed_prints_the_same_table_and_agents_more_take_callers_more() {
    let setup = Setup::demo();
    let arguments = ["--queue", "support", "--calls", "600", "--seed", "4"];
    let usual = table(&setup, &arguments);
    assert_eq!(usual, table(&setup, &arguments));
    assert_ne!(usual, table(&setup, &["--calls", "600", "--seed", "5"]));

    let with_more = table(&setup, &[&arguments[..], &["--agents", "40"]].concat());
    let (usual, with_more) = (
        numbers(&usual, "demo/support"),
        numbers(&with_more, "demo/support"),
    );
    // Answered and abandoned.
    assert!(
        with_more[1] > usual[1] && with_more[2] < usual[2],
        "{usual:?}, {with_more:?}"
    );
}

#[test]
fn recorded_traffic_meets_other_settings_side_by_side_and_is_drawn() {
    let setup = Setup::demo();
    let in_config = |name: &str| setup.config().join(name);
    table(&setup, &["--calls", "400", "--log", "traffic.jsonl"]);
    assert!(
        read(&in_config("traffic.jsonl"))
            .matches("\"end\":")
            .count()
            >= 400
    );

    let slower = Setup::demo().set("queues.support.wrap_up", "\"10m\"");
    let beside = slower.config();
    let arguments = [
        "--from-log",
        "traffic.jsonl",
        "--plot",
        "day.svg",
        "--beside",
    ];
    let printed = table(
        &setup,
        &[&arguments[..], &[beside.to_str().unwrap()]].concat(),
    );
    let recorded = numbers(&printed, "recorded");
    let slower = numbers(&printed, beside.to_str().unwrap());
    let same = numbers(&printed, setup.config().to_str().unwrap());
    assert_eq!(
        (recorded[0], recorded[0]),
        (slower[0], same[0]),
        "{printed}"
    );
    assert!(slower[1] < same[1], "{printed}");
    assert!(
        printed
            .lines()
            .last()
            .unwrap()
            .trim_start()
            .starts_with("change"),
        "{printed}"
    );
    let drawn = read(&in_config("day.svg"));
    assert!(drawn.starts_with("<svg") && drawn.contains("recorded came"));
}

#[test]
fn what_the_running_server_saw_is_a_log_that_can_be_lived_again() {
    let server = Server::demo();
    let caller = Phone::outside(&server, "+46701234567");
    let agent = Phone::agent(&server, "anna");
    let mut calling = caller.call("+46850001000");
    calling.expect_answer(SOON);
    let mut called = agent.incoming(SOON);
    called.answer();
    server.wait_agent("anna", "in-call", SOON);
    calling.hang_up();
    server.wait_agent("anna", "wrap-up", SOON);

    let log = server.ctl_output(&["traffic"]).stdout;
    let log = String::from_utf8(log).unwrap();
    assert!(log.contains("\"does\":\"log-in\""), "{log}");
    assert!(log.contains("\"end\":\"answered\""), "{log}");
    assert!(!log.contains("46701234567"), "{log}");
    let setup = server.setup();
    std::fs::write(setup.config().join("seen.jsonl"), &log).unwrap();
    let printed = table(setup, &["--from-log", "seen.jsonl"]);
    // Callers and answered, of what was and of what would have been.
    assert_eq!(numbers(&printed, "recorded")[..2], [1.0, 1.0], "{printed}");
    let name = setup.config();
    assert_eq!(
        numbers(&printed, name.to_str().unwrap())[..2],
        [1.0, 1.0],
        "{printed}"
    );
}

#[test]
fn a_day_is_described_in_a_file_and_what_is_wrong_in_it_is_told_with_file_and_line() {
    let setup = Setup::demo();
    let day = setup.config().join("day.toml");
    std::fs::write(&day, "calls = 50\n[habits]\nmisses = 1.0\n").unwrap();
    let nobody_answers = numbers(&table(&setup, &["--day", "day.toml"]), "demo/support");
    assert_eq!(nobody_answers[1], 0.0, "{nobody_answers:?}");

    std::fs::write(&day, "calls = 50\n[habits]\nmises = 1.0\n").unwrap();
    for (arguments, words) in [
        (["--day", "day.toml"], ["day.toml", "line 3", "mises"]),
        (["--day", "none.toml"], ["none.toml", "No such file", ""]),
        (["--queue", "nowhere"], ["nowhere", "demo/support", ""]),
        (["--from-log", "kolapp.toml"], ["kolapp.toml", "line 1", ""]),
        (["--calls", "0"], ["calls: expected 1 to", "got 0", ""]),
    ] {
        let output = simulate(&setup, &arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {errors}");
        for word in words {
            assert!(
                errors.contains(word),
                "{arguments:?}: no {word:?} in {errors}"
            );
        }
    }
}

#[test]
fn queues_keep_their_hours_on_the_day_asked_for_and_lead_callers_on_to_others() {
    let closed = "{ then = { queue = \"support\" } }";
    let setup = Setup::demo()
        .set("queues.kontor.closed", closed)
        .set("queues.kontor.holiday", "{ then = { user = \"anna\" } }");
    let figures = |arguments: &[&str], queue: &str| {
        let table = table(&setup, &[&["--calls", "300"], arguments].concat());
        numbers(&table, queue)
    };
    const CLOSED: usize = 5;
    let always = figures(&[], "demo/kontor");
    assert_eq!(always[CLOSED], 0.0, "no day, no hours: {always:?}");
    // Friday until three, and a holiday.
    let friday = figures(&["--date", "2026-11-27"], "demo/kontor");
    assert!(
        0.0 < friday[CLOSED] && friday[CLOSED] < friday[0],
        "{friday:?}"
    );
    let led_on = figures(&["--date", "2026-11-27"], "demo/support")[0];
    let holiday = figures(&["--date", "2026-12-25"], "demo/kontor");
    assert_eq!(holiday[CLOSED], holiday[0], "{holiday:?}");
    let left_alone = figures(&["--date", "2026-12-25"], "demo/support")[0];
    assert!(
        led_on > left_alone + friday[CLOSED] / 2.0,
        "{led_on}, {left_alone}"
    );
    let wrong = simulate(&setup, &["--date", "today"]);
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn a_table_of_another_program_s_is_a_log() {
    let setup = Setup::demo();
    let rows: String = (10..50)
        .map(|minute| format!("2026-11-27T09:{minute}:00Z;demo/kontor;abandoned;\"3,5\"\r\n"))
        .collect();
    let text =
        format!("at;queue;end;waited_s\r\n{rows}2026-11-27T16:00:00Z;demo/kontor;abandoned;2\r\n");
    std::fs::write(setup.config().join("traffic.csv"), text).unwrap();
    let printed = table(&setup, &["--from-log", "traffic.csv"]);
    let recorded = numbers(&printed, "recorded");
    assert_eq!((recorded[0], recorded[2]), (41.0, 41.0), "{printed}");
    let lived = printed
        .lines()
        .find(|line| line.contains("config"))
        .unwrap();
    // The last came at five on a Friday, when the office has closed.
    let lived = numbers(lived, "config");
    assert_eq!((lived[0], lived[5]), (41.0, 1.0), "{printed}");
}
