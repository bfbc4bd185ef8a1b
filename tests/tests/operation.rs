//! What an operator does: check, look, change, reload, stop.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;
use std::time::{Duration, Instant};
use tests::hearing::hears;
use tests::http;
use tests::peers;
use tests::phone::{Call, Ending, Phone};
use tests::rtp;
use tests::server::{Server, Setup, repository};

const NUMBER: &str = "+46850001000";
const SOON: Duration = Duration::from_secs(5);

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// A caller and anna, talking.
fn conversation(server: &Server) -> (Phone, Call, Phone, Call) {
    let (caller, agent) = (
        Phone::outside(server, "+46701234567"),
        Phone::agent(server, "anna"),
    );
    let mut calling = caller.call(NUMBER);
    calling.expect_answer(SOON);
    let mut called = agent.incoming(SOON);
    called.answer();
    server.wait_agent("anna", "in-call", SOON);
    // The queue says so first, and then the call.
    server.wait("they talk", SOON, |server| {
        server.ctl(&["calls"])[0]["state"] == "connected"
    });
    (caller, calling, agent, called)
}

/// Threads of the server that are called so.
fn threads_called(server: &Server, name: &str) -> usize {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", server.pid())).unwrap();
    let called = tasks.filter(|task| {
        let path = task.as_ref().unwrap().path().join("comm");
        std::fs::read_to_string(path).is_ok_and(|comm| comm.starts_with(name))
    });
    called.count()
}

// Changes: http.listen, rtp.address, rtp.ports, rtp.threads, shard_tasks, sip.connections_max, state_dir
#[test]
fn the_file_says_where_the_server_listens_what_it_works_with_and_where_it_keeps_things() {
    let setup = Setup::demo().by_file_alone();
    let first = setup.rtp_ports().start() + 100;
    let server = setup
        .set_server("rtp.ports", &format!("\"{first}-{}\"", first + 19))
        .set_server("rtp.address", "\"127.0.0.3\"")
        .set_server("rtp.threads", "2")
        .set_server("shard_tasks", "3")
        .set_server("sip.connections_max", "2")
        .set_server("state_dir", "\"../elsewhere\"")
        .start();
    assert_eq!(
        server.healthz().unwrap().0,
        200,
        "it listens where it is told to"
    );
    assert!(server.folder().join("elsewhere/kolapp.db").exists());
    assert!(!server.folder().join("var").exists());
    assert_eq!(server.ctl(&["status"])["shard_tasks"], 3);
    assert_eq!(threads_called(&server, "kolapp-media-"), 2);
    let caller = Phone::outside(&server, "+46701234567");
    let mut call = caller.call(NUMBER);
    call.expect_answer(SOON);
    let told = call.media.target().unwrap().address;
    assert_eq!(told.ip().to_string(), "127.0.0.3");
    assert!((first..first + 20).contains(&told.port()), "{told}");
    hears(&server, &call, "sv/queue-welcome");
    call.hang_up();
    server.wait_idle(SOON);
    let connections: Vec<TcpStream> = (0..3)
        .map(|_| {
            let connection = TcpStream::connect(server.sip()).unwrap();
            connection.set_read_timeout(Some(SOON)).unwrap();
            connection
        })
        .collect();
    let [one, two, mut third] = <[TcpStream; 3]>::try_from(connections).unwrap();
    match third.read(&mut [0]) {
        Ok(read) => assert_eq!(read, 0, "it is closed"),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    for mut kept in [one, two] {
        // RFC 5626 §4.4.1: a ping and its pong.
        kept.write_all(b"\r\n\r\n").unwrap();
        kept.read_exact(&mut [0; 2]).unwrap();
    }
    server.stop();
}

#[test]
fn start_says_what_listens_where_what_to_dial_and_which_accounts_there_are() {
    let server = Server::demo();
    let printed = server.printed();
    for word in [
        server.sip().to_string(),
        server.http().to_string(),
        "1000".to_owned(),
        NUMBER.to_owned(),
        "*11".to_owned(),
        "anna".to_owned(),
        "demo-anna".to_owned(),
        "demo.localhost".to_owned(),
    ] {
        assert!(printed.contains(&word), "{word} is not in:\n{printed}");
    }
    let mode = std::fs::metadata(server.folder().join("var"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn health_is_200_when_ready_and_metrics_are_told() {
    let server = Server::demo();
    assert_eq!(server.healthz().unwrap().0, 200);
    let (status, metrics) = http::get(server.http(), "/metrics").unwrap();
    assert_eq!(status, 200);
    assert!(metrics.contains("kolapp_calls"), "{metrics}");
    assert_eq!(http::get(server.http(), "/nothing").unwrap().0, 404);
}

#[test]
fn ctl_prints_tables_for_people_and_json_for_machines() {
    let server = Server::demo();
    let (_caller, mut calling, _agent, mut called) = conversation(&server);
    for (view, words) in [
        ("status", ["calls", "serving"]),
        ("calls", ["+46701234567", "connected"]),
        ("queues", ["demo/support", "waiting"]),
        ("agents", ["demo/anna", "in-call"]),
        ("registrations", ["demo/anna", "127.0.0.1"]),
    ] {
        let output = server.ctl_output(&[view]);
        assert!(output.status.success(), "{}", text(&output));
        let table = text(&output).to_lowercase();
        for word in words {
            assert!(table.contains(word), "{view}: {word} is not in:\n{table}");
        }
        assert!(
            serde_json::from_str::<serde_json::Value>(&table).is_err(),
            "{view} is for people"
        );
        server.ctl(&[view]);
    }
    let status = server.ctl(&["status"]);
    assert_eq!(status["calls"], 1);
    assert_eq!(status["media"]["sessions"], 2);
    let queue = server.ctl_row("queues", "name", "demo/support");
    assert_eq!(queue["agents_logged_in"], 4);
    assert_eq!(queue["connected"], 1);
    assert_eq!(queue["waiting"], 0);
    calling.hang_up();
    called.expect_bye(SOON);
    server.wait_idle(SOON);
}

// Changes: users.extension
#[test]
fn a_change_that_is_reloaded_takes_effect_and_touches_no_call() {
    let server = Server::demo();
    let (_caller, mut calling, _agent, mut called) = conversation(&server);
    server.setup().config();
    std::fs::write(
        server.setup().config().join("organisations/demo/more.toml"),
        "[users.erik]\npassword = \"demo-erik\"\nextension = \"109\"\n",
    )
    .unwrap();
    let output = server.ctl_output(&["reload"]);
    assert!(output.status.success(), "{}", text(&output));
    assert!(
        text(&output).contains("erik"),
        "says what changed: {}",
        text(&output)
    );
    let _erik = Phone::agent(&server, "erik");
    assert!(calling.stands_for(Duration::from_millis(300)));
    assert!(called.stands_for(Duration::from_millis(10)));
    rtp::check_continuity(&calling.media.packets()).unwrap();
    called.hang_up();
    calling.expect_bye(SOON);
}

#[test]
fn a_saved_file_is_noticed_without_being_asked() {
    let server = Server::demo();
    server.edit("queues.support.wrap_up", "\"1s\"");
    server.wait("the log tells of it", SOON, |server| {
        server.log().contains("wrap_up")
    });
}

#[test]
fn a_wrong_file_changes_nothing_and_says_where_it_is_wrong() {
    let server = Server::demo();
    let (_caller, mut calling, _agent, _called) = conversation(&server);
    let file = server
        .setup()
        .config()
        .join("organisations/demo/queues.toml");
    let good = std::fs::read_to_string(&file).unwrap();
    let line = good
        .lines()
        .position(|line| line.starts_with("ring"))
        .unwrap()
        + 1;
    std::fs::write(&file, good.replace("ring = \"15s\"", "rnig = \"15s\"")).unwrap();
    let output = server.ctl_output(&["reload"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let told = text(&output);
    assert!(
        told.contains(&format!("queues.toml:{line}:1")),
        "file, line, column: {told}"
    );
    assert!(told.contains("`ring`"), "and the mend: {told}");
    server.wait("the log says so too", SOON, |server| {
        server.log().contains("rnig")
    });
    assert!(calling.stands_for(Duration::from_millis(200)));
    // New calls meet the old configuration.
    let (second, bosse) = (
        Phone::outside(&server, "+46700000002"),
        Phone::agent(&server, "bosse"),
    );
    let mut next = second.call(NUMBER);
    next.expect_answer(SOON);
    bosse.incoming(SOON).answer();
    std::fs::write(&file, good).unwrap();
    let output = server.ctl_output(&["reload"]);
    assert!(output.status.success(), "{}", text(&output));
}

// Changes: prompts
#[test]
fn a_prompt_file_that_cannot_be_read_is_refused_at_check_at_start_and_at_reload() {
    let setup = Setup::demo();
    let bad = setup.config().join("organisations/demo/broken.wav");
    std::fs::write(&bad, b"RIFF, or so it says").unwrap();
    let setup = setup.add("more.toml", "[prompts]\nbroken = \"broken.wav\"\n");
    let setup = setup.set("queues.support.welcome", "\"broken\"");
    let output = setup.output(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("broken.wav"), "{}", text(&output));
    let output = setup.output(&["run"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("broken.wav"), "{}", text(&output));

    let server = Server::demo();
    std::fs::copy(
        &bad,
        server
            .setup()
            .config()
            .join("organisations/demo/broken.wav"),
    )
    .unwrap();
    let folder = server.setup().config().join("organisations/demo");
    std::fs::write(
        folder.join("more.toml"),
        "[prompts]\nbroken = \"broken.wav\"\n",
    )
    .unwrap();
    server.edit("queues.support.welcome", "\"broken\"");
    let output = server.ctl_output(&["reload"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("broken.wav"), "{}", text(&output));
    let caller = Phone::outside(&server, "+46701234567");
    let mut calling = caller.call(NUMBER);
    calling.expect_answer(SOON);
    calling
        .media
        .hear(&server.prompt("sv/queue-welcome"), 0, SOON);
}

#[test]
fn check_prints_a_summary_of_what_is_right() {
    let output = Setup::demo().output(&["check"]);
    assert!(output.status.success(), "{}", text(&output));
    for word in [
        "1 organisation",
        "6 users",
        "3 queues",
        "3 numbers",
        "1 trunk",
    ] {
        assert!(
            text(&output).contains(word),
            "{word} is not in {}",
            text(&output)
        );
    }
}

#[test]
fn check_prints_each_error_with_file_line_column_and_mend() {
    let setup = Setup::demo();
    let setup = setup
        .set("queues.support.members", "[\"anna\", \"bose\"]")
        .set("queues.support.ring", "\"soon\"")
        .set_server("sip.udp", "[\"127.0.0.1\"]");
    let output = setup.output(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output);
    let queues =
        std::fs::read_to_string(setup.config().join("organisations/demo/queues.toml")).unwrap();
    for (key, mend) in [("members", "bosse"), ("ring", "15s")] {
        let (index, line) = queues
            .lines()
            .enumerate()
            .find(|(_, line)| line.starts_with(key))
            .unwrap();
        let wrong = if key == "members" {
            "\"bose\""
        } else {
            "\"soon\""
        };
        let place = format!(
            "queues.toml:{}:{}",
            index + 1,
            line.find(wrong).unwrap() + 1
        );
        assert!(told.contains(&place), "{place} is not in:\n{told}");
        assert!(told.contains(mend), "{mend} is not in:\n{told}");
    }
    assert!(
        told.contains("kolapp.toml:"),
        "all files' errors at once:\n{told}"
    );
}

// Changes: organisation.demo
#[test]
fn demo_passwords_are_not_served_beyond_loopback() {
    let setup = Setup::demo().set_server("sip.udp", "[\"0.0.0.0:5060\"]");
    let output = setup.output(&["run"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("loopback"), "{}", text(&output));
    assert!(text(&output).contains("kolapp.toml:"), "{}", text(&output));
    assert_eq!(setup.output(&["check"]).status.code(), Some(1));
}

#[test]
fn a_stopping_server_refuses_new_calls_lets_old_ones_end_and_then_ends_itself() {
    let mut server = Server::demo();
    let (_caller, mut calling, _agent, mut called) = conversation(&server);
    server.terminate();
    server.wait("it says that it stops", SOON, |server| {
        server.healthz().is_ok_and(|(status, _)| status == 503)
    });
    let second = Phone::outside(&server, "+46700000002");
    let mut refused = second.call(NUMBER);
    assert_eq!(refused.answered(SOON), 503);
    let after = refused
        .last
        .as_ref()
        .unwrap()
        .header("Retry-After")
        .expect("Retry-After");
    assert!(
        after.parse::<u32>().is_ok_and(|seconds| seconds > 0),
        "{after}"
    );
    assert!(calling.stands_for(Duration::from_millis(500)));
    assert!(called.stands_for(Duration::from_millis(10)));
    rtp::check_continuity(&calling.media.packets()).unwrap();
    called.hang_up();
    calling.expect_bye(SOON);
    assert_eq!(server.wait_end(SOON).code(), Some(0));
}

// Changes: drain_limit
#[test]
fn at_the_limit_a_stopping_server_says_bye_to_all() {
    let mut server = Setup::demo().set_server("drain_limit", "\"1s\"").start();
    let (_caller, mut calling, _agent, mut called) = conversation(&server);
    let second = Phone::outside(&server, "+46700000002");
    let mut waiting = second.call(NUMBER);
    waiting.expect_answer(SOON);
    let began = Instant::now();
    server.terminate();
    calling.expect_bye(SOON);
    assert!(
        began.elapsed() > Duration::from_millis(900),
        "not before the limit"
    );
    called.expect_bye(SOON);
    waiting.expect_bye(SOON);
    assert_eq!(
        [calling.ended, called.ended, waiting.ended],
        [Some(Ending::Bye); 3]
    );
    assert_eq!(server.wait_end(SOON).code(), Some(0));
    assert!(
        !server.folder().join("var/kolapp.sock").exists(),
        "no socket is left behind"
    );
}

/// A process that ends with the test, however that ends.
struct Ended(std::process::Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_server_that_was_killed_starts_again_in_the_same_place() {
    let mut server = Server::demo();
    let pid = rustix::process::Pid::from_raw(server.pid() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    server.wait_end(SOON);
    let _again = Ended(
        server
            .setup()
            .command(&["run"])
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap(),
    );
    server.wait("it is ready again", Duration::from_secs(20), |server| {
        server.healthz().is_ok_and(|(status, _)| status == 200)
    });
    assert_eq!(server.ctl(&["status"])["calls"], 0);
    // And a second one beside it is refused, with a word on why.
    let output = server.setup().output(&["run"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!text(&output).is_empty());
}

#[test]
fn the_demo_holds_to_the_schemas_that_editors_check_it_by_and_what_is_wrong_does_not() {
    let demo = repository().join("config");
    let checked = peers::hold_to_schemas(&demo);
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(checked.status.success(), "{said} {checked:?}");
    for (path, value) in [
        ("queues.support.ring", "\"soon\""),
        ("queues.support.rings", "\"5s\""),
        ("feature_codes.log_in", "11"),
    ] {
        let setup = Setup::demo().set(path, value);
        let checked = peers::hold_to_schemas(&setup.config());
        let said = String::from_utf8_lossy(&checked.stdout).into_owned();
        assert!(
            !checked.status.success() && !said.is_empty(),
            "{path} {checked:?}"
        );
    }
    let setup = Setup::demo().set_server("http.listened", "1");
    let checked = peers::hold_to_schemas(&setup.config());
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(said.starts_with("kolapp.toml: http: "), "{checked:?}");
}
