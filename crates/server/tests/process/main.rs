//! The binary from outside: it starts with the demo's configuration on ports of its own, answers SIP, HTTP
//! and `ctl`, reloads, and ends when told to.

#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers fail as the test itself does"
)]

mod phone;
mod server;

use phone::Phone;
use server::{LOOK_EVERY, REPLY_MAX, START_MAX, Server, copy, kolapp, said};
use sip_core::{HeaderName, Message, Method};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Instant;

#[test]
fn a_phone_registers_garbage_is_ignored_and_sigterm_ends_it_well() {
    let mut server = Server::start();
    let mut phone = Phone::of(&server);
    assert_eq!(phone.ask("OPTIONS", "").status.code(), 200);

    assert_eq!(phone.register("wrong", 60).status.code(), 401);
    assert_eq!(phone.register("demo-anna", 60).status.code(), 200);
    let registrations = server.json("registrations");
    assert_eq!(registrations[0]["user"], "demo/anna");
    assert_eq!(
        registrations[0]["source"],
        format!("127.0.0.1:{}", phone.port)
    );
    let agents = server.json("agents");
    assert_eq!(agents[0]["name"], "demo/anna");
    assert_eq!(agents[0]["state"], "free");
    assert_eq!(agents[1]["state"], "unreachable");
    assert_eq!(phone.register("demo-anna", 0).status.code(), 200);
    assert_eq!(server.json("agents")[0]["state"], "unreachable");

    for garbage in [
        &b"\0\xff\xfe"[..],
        b"INVITE",
        b"SIP/2.0 200\r\n\r\n",
        &[b'x'; 60_000],
    ] {
        phone.socket.send(garbage).unwrap();
    }
    assert_eq!(
        phone.ask("OPTIONS", "").status.code(),
        200,
        "the first reply is to this"
    );

    let status = server.json("status");
    assert_eq!(status["draining"], false);
    assert_eq!(status["calls"], 0);
    assert!(
        server
            .http("/metrics")
            .contains("\nkolapp_sip_datagrams_total ")
    );
    server.signal("-TERM");
    assert_eq!(server.exit_code(), Some(0));
    assert!(!server.folder.path().join("state/kolapp.sock").exists());
}

#[test]
fn a_wrong_file_changes_nothing_and_says_where_and_a_right_one_is_taken_up() {
    let server = Server::start();
    let file = server.config("organisations/demo/queues.toml");
    let right = std::fs::read_to_string(&file).unwrap();
    let line = right
        .lines()
        .position(|line| line.starts_with("ring"))
        .unwrap()
        + 1;

    std::fs::write(&file, right.replacen("ring =", "rings =", 1)).unwrap();
    let output = server.ctl(&["reload"]);
    assert_eq!(output.status.code(), Some(1));
    let place = format!("queues.toml:{line}:");
    assert!(said(&output).contains(&place), "{}", said(&output));
    server.await_in_log(&place);
    let errors = &server.json("status")["config"]["last_errors"];
    assert!(errors[0].as_str().unwrap().contains(&place), "{errors}");

    // Saved as editors do: a new file in the place of the old one, and nobody calls reload.
    let changed = right.replacen("\"15s\"", "\"17s\"", 1);
    assert_ne!(changed, right);
    let beside = server.config("organisations/demo/queues.toml.new");
    std::fs::write(&beside, changed).unwrap();
    std::fs::rename(beside, &file).unwrap();
    server.await_in_log("15s -> 17s");
    assert_eq!(
        server.json("status")["config"]["last_errors"],
        serde_json::json!([])
    );
    let output = server.ctl(&["reload"]);
    assert_eq!(
        (output.status.code(), said(&output).as_str()),
        (Some(0), "Unchanged.\n")
    );
}

#[test]
fn a_killed_server_is_in_nobody_s_way_and_a_living_one_is_not_joined() {
    let mut server = Server::start();
    let second = kolapp(server.folder.path(), &["run"]).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(
        said(&second).contains("another kolapp is running"),
        "{}",
        said(&second)
    );

    server.process.kill().unwrap();
    server.process.wait().unwrap();
    assert!(
        server.folder.path().join("state/kolapp.sock").exists(),
        "it had no time to clean up"
    );
    let asked = server.ctl(&["status"]);
    assert_eq!(asked.status.code(), Some(1));
    assert!(
        said(&asked).contains("no kolapp is running"),
        "{}",
        said(&asked)
    );
    let folder = std::mem::replace(&mut server.folder, tempfile::tempdir().unwrap());
    let again = Server::start_in(folder);
    assert_eq!(again.ctl(&["status"]).status.code(), Some(0));
}

#[test]
fn an_agent_is_paused_and_resumed_by_command_and_a_stranger_refused() {
    let server = Server::start();
    let mut phone = Phone::of(&server);
    phone.register("demo-anna", 60);
    assert!(
        server
            .ctl(&["agent", "pause", "anna", "--reason", "lunch"])
            .status
            .success()
    );
    assert_eq!(server.json("agents")[0]["state"], "paused");
    assert_eq!(server.json("agents")[0]["pause_reason"], "lunch");
    assert!(
        server
            .ctl(&["agent", "resume", "demo/anna"])
            .status
            .success()
    );
    assert_eq!(server.json("agents")[0]["state"], "free");
    assert!(
        server
            .ctl(&["agent", "log-out", "anna", "--queue", "support"])
            .status
            .success()
    );
    assert_eq!(server.json("agents")[0]["state"], "logged-out");
    for wrong in [
        ["agent", "log-in", "nobody"].as_slice(),
        &["agent", "log-in", "anna", "--queue", "nowhere"],
        &["agent", "pause", "anna"],
    ] {
        let output = server.ctl(wrong);
        assert_eq!(
            output.status.code(),
            Some(1),
            "{wrong:?}: {}",
            said(&output)
        );
    }
    assert_eq!(
        server.ctl(&["agent", "promote", "anna"]).status.code(),
        Some(2)
    );
}

#[test]
fn check_sums_up_a_right_configuration_and_names_the_line_of_a_wrong_one() {
    let folder = tempfile::tempdir().unwrap();
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    copy(&project.join("config"), &folder.path().join("config"));
    std::os::unix::fs::symlink(project.join("prompts"), folder.path().join("prompts")).unwrap();
    let right = kolapp(folder.path(), &["check"]).output().unwrap();
    assert_eq!(right.status.code(), Some(0), "{}", said(&right));
    assert!(
        said(&right).contains("1 organisation, 6 users, 3 queues"),
        "{}",
        said(&right)
    );

    let file = folder.path().join("config/kolapp.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(
        &file,
        text.replace("[\"127.0.0.1:5060\"]", "[\"0.0.0.0:5060\"]"),
    )
    .unwrap();
    for what in ["check", "run"] {
        let exposed = kolapp(folder.path(), &[what]).output().unwrap();
        assert_eq!(exposed.status.code(), Some(1));
        assert!(
            said(&exposed).contains("kolapp.toml:"),
            "{}",
            said(&exposed)
        );
        assert!(
            said(&exposed).contains("demo password"),
            "{}",
            said(&exposed)
        );
    }
    std::fs::write(&file, "[sip]\nudp = 5060\n").unwrap();
    let wrong = kolapp(folder.path(), &["check"]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(1));
    assert!(said(&wrong).contains("kolapp.toml:2:7"), "{}", said(&wrong));
}

#[test]
fn a_draining_server_refuses_new_calls_and_a_second_signal_ends_those_it_has() {
    let mut server = Server::start();
    let mut caller = Phone::of(&server);
    caller.invite("standing");
    let ok = caller.final_response();
    assert_eq!(ok.status.code(), 200);
    caller.acknowledge(&ok);
    assert_eq!(server.json("calls")[0]["state"], "waiting");
    let queues = server.json("queues");
    let support = queues.as_array().unwrap();
    let support = support.iter().find(|queue| queue["name"] == "demo/support");
    assert_eq!(support.unwrap()["waiting"], 1, "{queues}");
    assert_eq!(server.json("status")["media"]["sessions"], 1);

    server.signal("-TERM");
    let started = Instant::now();
    while server.json("status")["draining"] != true {
        assert!(started.elapsed() < REPLY_MAX);
    }
    assert!(server.http("/healthz").starts_with("HTTP/1.1 503"));
    let mut late = Phone::of(&server);
    late.invite("late");
    let refused = late.final_response();
    assert_eq!(refused.status.code(), 503);
    assert!(refused.headers.has(&HeaderName::RetryAfter));

    assert!(
        server.process.try_wait().unwrap().is_none(),
        "the standing call is waited for"
    );
    server.signal("-TERM");
    match caller.next() {
        Message::Request(request) => assert_eq!(request.method, Method::Bye),
        Message::Response(response) => panic!("expected BYE, got {response:?}"),
    }
    assert_eq!(server.exit_code(), Some(0));
}

#[test]
fn hanging_up_on_the_server_makes_it_read_its_configuration_anew() {
    let server = Server::start();
    assert_eq!(server.json("status")["config"]["reloads"], 0);
    server.signal("-HUP");
    let started = Instant::now();
    while server.json("status")["config"]["reloads"] != 1 {
        assert!(started.elapsed() < START_MAX, "{}", server.log());
        std::thread::sleep(LOOK_EVERY);
    }
}

#[test]
fn a_database_that_can_t_be_connected_to_is_refused_before_a_restart_with_its_place_and_its_password_kept()
 {
    let server = Server::start();
    let file = server.config("kolapp.toml");
    let right = std::fs::read_to_string(&file).unwrap();
    let set = |url: &str| {
        let text = format!("{right}\n[store]\nurl = \"{url}\"\n");
        std::fs::write(&file, &text).unwrap();
        text.lines().count()
    };
    let check = || kolapp(server.folder.path(), &["check"]).output().unwrap();
    // What is behind # belongs to no URL of a database, so `pa` would be its port.
    let line = set("postgres://kolapp:pa#ss@db.example/kolapp");
    for output in [check(), server.ctl(&["reload"])] {
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        let place = format!("kolapp.toml:{line}:7: expected a URL such as");
        assert!(said.contains(&place), "{said}");
        assert!(said.contains("write %23 for #"), "{said}");
        assert!(!said.contains("pa#ss"), "{said}");
    }
    set("postgres://kolapp@/calls?host=/run/postgresql");
    let output = check();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    std::fs::write(&file, &right).unwrap();
    let edit = [
        "config",
        "set",
        "kolapp.toml",
        "store.url",
        "postgres://kolapp:pa#ss@db.example/kolapp",
    ];
    let output = server.ctl(&edit);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let wrong = said(&output);
    assert!(
        wrong.contains("expected a URL such as") && !wrong.contains("pa#ss"),
        "{wrong}"
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), right);
}

#[test]
fn figures_as_csv_warn_beside_their_rows_of_what_is_lacking() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.sock");
    let socket = UnixListener::bind(&path).unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = socket.accept().unwrap();
        let mut asked = String::new();
        BufReader::new(&stream).read_line(&mut asked).unwrap();
        let report = web::FiguresReport {
            lacking: vec!["3 facts were lost".into()],
            ..web::FiguresReport::default()
        };
        let report = serde_json::to_string(&report).unwrap();
        let reply = format!(r#"{{"result":"done","answer":{{"kind":"figures","data":{report}}}}}"#);
        writeln!(stream, "{reply}").unwrap();
    });
    let socket = path.to_str().unwrap();
    let asked = ["ctl", "--socket", socket, "figures", "--csv"];
    let output = kolapp(folder.path(), &asked).output().unwrap();
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let rows = String::from_utf8(output.stdout).unwrap();
    assert!(
        rows.starts_with("from,to,") && rows.lines().count() == 1,
        "{rows}"
    );
    let warned = String::from_utf8(output.stderr).unwrap();
    assert_eq!(warned, "warning: 3 facts were lost\n");
}

// Changes: queues.seen_by
#[test]
fn an_agent_is_shown_his_queues_and_those_that_name_him_and_may_do_what_is_his() {
    let server = Server::start();
    let names = |user: &str, view: &str, key: &str| -> Vec<String> {
        let output = server.ctl(&["--as-user", user, "--json", view]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let rows = answer.as_array().unwrap().iter();
        rows.map(|row| row[key].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names("anna", "queues", "name"), ["demo/support"]);
    let edit = [
        "config",
        "set",
        "demo",
        "queues.kontor.seen_by",
        r#"["anna"]"#,
    ];
    let output = server.ctl(&edit);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let both = ["demo/kontor", "demo/support"];
    assert_eq!(names("anna", "queues", "name"), both);
    assert_eq!(names("demo/anna", "hours", "queue"), both);
    assert_eq!(names("bosse", "queues", "name"), ["demo/support"]);
    let all = server.json("queues").as_array().unwrap().len();
    let administrator = names("david", "queues", "name");
    assert_eq!(administrator.len(), all);
    for refused in [
        &["--as-user", "anna", "calls"][..],
        &["--as-user", "anna", "reload"],
        &["--as-user", "anna", "agent", "pause", "bosse"],
        &["--as-user", "nobody", "queues"],
    ] {
        let output = server.ctl(refused);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    }
    // Figures and traffic are those of the queues that he sees.
    for (arguments, status) in [
        (&["--as-user", "bosse", "figures"][..], 0),
        (&["--as-user", "bosse", "figures", "--queue", "support"], 0),
        (&["--as-user", "bosse", "figures", "--queue", "kontor"], 1),
        (&["--as-user", "anna", "figures", "--queue", "kontor"], 0),
        (
            &["traffic", "--from", "2026-11-02", "--to", "2026-11-01"],
            1,
        ),
    ] {
        let output = server.ctl(arguments);
        assert_eq!(
            output.status.code(),
            Some(status),
            "{arguments:?} {}",
            said(&output)
        );
    }
    let output = server.ctl(&["agent", "log-in", "david", "--queue", "kontor"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let queues = |user: &str| {
        let output = server.ctl(&["--as-user", user, "traffic"]);
        let log = String::from_utf8(output.stdout).unwrap();
        (log.contains("demo/support"), log.contains("demo/kontor"))
    };
    assert_eq!(queues("david"), (true, true));
    assert_eq!(queues("bosse"), (true, false));
    let output = server.ctl(&["--as-user", "anna", "agent", "pause", "anna"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    // David and Cecilia take calls from other queues too, of which Bosse knows nothing.
    let agents = server.ctl(&["--as-user", "bosse", "--json", "agents"]);
    let agents: serde_json::Value = serde_json::from_slice(&agents.stdout).unwrap();
    let agents = agents.as_array().unwrap();
    assert!(agents.iter().any(|row| row["name"] == "demo/cecilia"));
    let is_known = |row: &serde_json::Value| {
        let queues = row["queues"].as_array().unwrap();
        queues.iter().all(|queue| queue == "demo/support")
    };
    assert!(agents.iter().all(is_known), "{agents:?}");
}
