//! The HTTP API of a running server. Callbacks are put into its store before it starts: how callers get there is others' to
//! test.

#![allow(clippy::unwrap_used, reason = "a test")]

use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tests::http::Api;
use tests::kept;
use tests::peers;
use tests::phone::Phone;
use tests::server::{Server, Setup, binary};

const SOON: Duration = Duration::from_secs(20);
const NUMBER: &str = "+46850001000";

/// A queue whose members may work on its list.
const LIST: &str = "{ key = \"2\", announcement = \"none\", members = [\"anna\", \"bosse\"] }";

/// A server with so many callbacks.
fn server_with(count: u64) -> Server {
    let setup = Setup::demo().set("queues.support.callback", LIST);
    kept::start_with(setup, (1..=count).map(kept::entry))
}

fn log_in(server: &Server, name: &str) -> Api {
    Api::logged_in(server.http(), name, &format!("demo-{name}"))
}

#[test]
fn agents_work_on_a_list_together_and_hear_of_all_that_changes_also_after_a_break() {
    let mut server = server_with(3);
    let (anna, bosse, eva) = (
        log_in(&server, "anna"),
        log_in(&server, "bosse"),
        log_in(&server, "eva"),
    );
    let page = anna.get("/callbacks?sort=number&order=descending&rows=2");
    assert_eq!((page.status, &page.json["total"]), (200, &json!(3)));
    assert_eq!(page.json["callbacks"][0]["number"], "+46701234503");
    let mut events = anna.events(page.json["event"].as_str().unwrap());
    // Who does not staff the list takes nothing from it.
    let lease = |api: &Api| api.post("/callbacks/b1/lease", &json!({}));
    assert_eq!(lease(&anna).status, 409);
    for api in [&anna, &bosse] {
        assert_eq!(api.post("/lists/log-in", &json!({})).status, 204);
    }
    let staffed = eva.get("/lists").json["lists"][0]["staffed_by"].clone();
    assert_eq!(staffed, json!(["demo/anna", "demo/bosse"]));
    // Both at once: one has it, and the other is told who.
    let answers = std::thread::scope(|scope| {
        let both = [&anna, &bosse].map(|api| scope.spawn(move || lease(api)));
        both.map(|one| one.join().unwrap())
    });
    let won = answers.iter().find(|answer| answer.status == 200).unwrap();
    let lost = answers.iter().find(|answer| answer.status == 409).unwrap();
    assert_eq!(lost.json["held_by"], won.json["callback"]["held_by"]);
    let (mark, data) = events.wait_for("callback", |_| true);
    assert_eq!(
        (&data["id"], &data["status"]),
        (&json!("b1"), &json!("leased"))
    );
    drop(events);
    // What happens while nobody listens is heard by whoever comes back.
    let cancelled = eva.post("/callbacks/b2/cancel", &json!({ "text": "Löst per mejl" }));
    assert_eq!(
        cancelled.json["callback"]["status"], "cancelled",
        "{cancelled:?}"
    );
    let (_, data) = anna.events(&mark).wait_for("callback", |_| true);
    assert_eq!(
        (&data["id"], &data["latest"]),
        (&json!("b2"), &json!("Löst per mejl"))
    );
    // What came about is told.
    let history = eva.get("/callbacks/b2").json["history"].clone();
    let mut told = history.as_array().unwrap().iter();
    assert!(
        told.any(|it| it["by"] == "demo/eva" && it["what"] == "cancelled"),
        "{history}"
    );
    // Sessions and tokens are kept over a restart, and a mark of the process before is worth nothing.
    let admin = log_in(&server, "admin");
    let made = admin.post(
        "/tokens",
        &json!({ "name": "rapport", "user": "demo/eva", "days": 1 }),
    );
    assert_eq!(made.status, 201, "{made:?}");
    let token = made.json["secret"].as_str().unwrap();
    server.kill_and_start_again();
    // Written before the token, whose maker was told that it is stored.
    assert_eq!(eva.get("/session").json["user"], "demo/eva");
    let program = Api::with_token(server.http(), token);
    let after = program.get("/callbacks?status=cancelled");
    assert_eq!(after.json["total"], 1, "{after:?}");
    program.events(&mark).wait_for("resync", |_| true);
    server.stop();
}

#[test]
fn a_password_that_somebody_has_chosen_is_his_over_restarts_until_it_is_taken_back() {
    let mut server = Setup::demo().start();
    let (own, other) = (log_in(&server, "anna"), log_in(&server, "anna"));
    let chosen = json!({ "old": "demo-anna", "new": "correct horse battery" });
    assert_eq!(own.put("/me/password", &chosen).status, 204);
    assert_eq!(
        (own.get("/session").status, other.get("/session").status),
        (200, 401)
    );
    let is_kept = |server: &Server, row: [&str; 4]| {
        server.wait(row[2], SOON, |server| {
            let audit = server.report("audit", &["--organisation", "demo"]);
            let is_it = |it: &tests::server::Record| {
                [&it["who"], &it["way"], &it["what"], &it["result"]] == row
            };
            audit.iter().any(is_it)
        });
    };
    // Written by itself, a moment after the password.
    let chooses = "chooses another password from 127.0.0.1";
    is_kept(&server, ["demo/anna", "http", chooses, "done"]);
    server.kill_and_start_again();
    let tried = |server: &Server, password: &str| {
        let body = json!({ "user": "anna", "password": password });
        Api::at(server.http()).post("/session", &body).status
    };
    assert_eq!(tried(&server, "demo-anna"), 401);
    assert_eq!(tried(&server, "correct horse battery"), 200);
    server.ctl(&["user", "reset-password", "anna"]);
    assert_eq!(tried(&server, "correct horse battery"), 401);
    let taken_back = "takes back the password that demo/anna chose";
    is_kept(&server, ["the operator", "socket", taken_back, "done"]);
    server.kill_and_start_again();
    assert_eq!(tried(&server, "demo-anna"), 200);
    let admin = log_in(&server, "admin");
    assert_eq!(admin.delete("/users/demo/anna/password").status, 204);
    let wrong = "it is another password or nobody's name";
    let from = "logs in from 127.0.0.1";
    for row in [
        ["demo/anna", "http", from, "done"],
        ["demo/anna", "http", from, wrong],
        ["demo/admin", "http", taken_back, "done"],
    ] {
        is_kept(&server, row);
    }
    server.stop();
}

#[test]
fn an_agent_works_by_the_api_and_her_supervisor_sees_it_as_it_happens() {
    let server = Setup::demo()
        .set("queues.support.wrap_up", "\"10m\"")
        .start();
    let (anna, eva) = (log_in(&server, "anna"), log_in(&server, "eva"));
    let me = anna.get("/me");
    assert_eq!(
        (me.status, &me.json["agent"]["name"]),
        (200, &json!("demo/anna"))
    );
    let mut events = eva.events(eva.get("/agents").json["event"].as_str().unwrap());
    let mut hears = |state: &str| {
        let is = |it: &Value| it["name"] == "demo/anna" && it["state"] == state;
        events.wait_for("agent", is).1
    };
    let phone = Phone::agent(&server, "anna");
    server.wait_agent("anna", "free", SOON);
    let paused = anna.post("/agents/pause", &json!({ "reason": "lunch" }));
    assert_eq!(
        (paused.status, &paused.json["state"]),
        (200, &json!("paused")),
        "{paused:?}"
    );
    assert_eq!(hears("paused")["pause_reason"], "lunch");
    // Her supervisor has her take calls again, which she may not do to a colleague.
    assert_eq!(
        eva.post("/agents/resume", &json!({ "agent": "demo/anna" }))
            .json["state"],
        "free"
    );
    assert_eq!(
        anna.post("/agents/pause", &json!({ "agent": "demo/bosse" }))
            .status,
        403
    );
    let caller = Phone::outside(&server, "+46701234567");
    let mut calling = caller.call(NUMBER);
    calling.expect_answer(SOON);
    let mut called = phone.incoming(SOON);
    called.answer();
    assert_eq!(hears("in-call")["queue"], "demo/support");
    calling.hang_up();
    called.expect_bye(SOON);
    assert!(hears("wrap-up")["ends"].is_string());
    assert_eq!(
        anna.post("/agents/end-wrap-up", &json!({})).json["state"],
        "free"
    );
    server.wait("her call counts", SOON, |_| {
        let support = eva.get("/queues/demo/support").json;
        let today = &support["today"];
        (&today["answered"], &today["handled"]) == (&json!(1), &json!(1))
    });
    server.wait("and is hers", SOON, |_| {
        anna.get("/me").json["agent"]["today"]["taken"] == 1
    });
    // She has no browser that could ring.
    let chosen = anna.post("/agents/device", &json!({ "device": "browser" }));
    assert_eq!(chosen.json["device"], "browser", "{chosen:?}");
    server.wait_agent("anna", "unreachable", SOON);
    let devices = anna.get("/me").json["devices"].clone();
    assert_eq!(devices["phones"][0]["rings"], false, "{devices}");
    server.stop();
}

/// A queue and an agent that are there for a while.
const WHILE: &str = r#"
[queues.passing]
members = ["anna", "erik"]
logged_in_at_start = true

[users.erik]
password = "demo-erik"
"#;

#[test]
fn what_a_reload_takes_away_is_gone_for_whoever_saw_it() {
    let server = Setup::demo().add("while.toml", WHILE).start();
    let anna = log_in(&server, "anna");
    let mut events = anna.events(anna.get("/queues").json["event"].as_str().unwrap());
    let mut hears = |event: &str, name: &str| {
        events.wait_for(event, |it| it["name"] == name);
    };
    hears("agent", "demo/erik");
    let folder = server.setup().config().join("organisations/demo");
    std::fs::remove_file(folder.join("while.toml")).unwrap();
    server.ctl(&["reload"]);
    hears("queue-gone", "demo/passing");
    hears("agent-gone", "demo/erik");
    // The other queue is still there, and none of hers any more.
    server.edit("queues.support.members", "[\"bosse\"]");
    server.ctl(&["reload"]);
    hears("queue-gone", "demo/support");
    assert_eq!(anna.get("/queues").json["queues"], json!([]));
    let eva = log_in(&server, "eva");
    assert_eq!(eva.get("/queues/demo/support").status, 200);
    server.stop();
}

#[test]
fn however_many_read_queues_and_agents_are_looked_at_once_a_second_and_once_more_after_a_command() {
    let server = Setup::demo().start();
    let all = ["anna", "bosse", "eva"].map(|name| log_in(&server, name));
    let looked = || server.metric("kolapp_web_floors_total");
    let (began, before) = (Instant::now(), looked());
    for _ in 0..30 {
        for (api, path) in all.iter().flat_map(|api| PATHS.map(|path| (api, path))) {
            assert_eq!(api.get(path).status, 200, "{path}");
        }
    }
    let made = looked() - before;
    let seconds = began.elapsed().as_secs_f64();
    assert!(
        made >= 1.0 && made <= seconds + 1.0,
        "{made} in {seconds} s"
    );
    // Whoever gives a command sees what came of it, however soon he looks.
    let anna = &all[0];
    for _ in 0..10 {
        anna.post("/agents/pause", &json!({ "reason": "lunch" }));
        assert_eq!(anna.get("/me").json["agent"]["state"], "paused");
        anna.post("/agents/resume", &json!({}));
        assert_ne!(anna.get("/me").json["agent"]["state"], "paused");
    }
    server.stop();
}

/// What pages read of queues and agents.
const PATHS: [&str; 3] = ["/me", "/queues", "/agents"];

// Changes: http.proxies, operators.password, operators.password_hash, users.web_password_hash
#[test]
fn operators_and_users_log_in_with_the_passwords_that_the_configuration_has() {
    let mut secret = Command::new(binary())
        .args(["secret", "--web"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = secret.stdin.take().unwrap();
    input.write_all(b"correct horse battery\n").unwrap();
    drop(input);
    let printed = secret.wait_with_output().unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    let hash = printed
        .lines()
        .find_map(|line| line.strip_prefix("password_hash = "))
        .unwrap();
    let server = Setup::demo()
        .set_server("operators.drift", &format!("{{ password_hash = {hash} }}"))
        .set_server("http.proxies", "[\"127.0.0.0/8\"]")
        .set("users.cecilia.web_password_hash", hash)
        .start();
    let session = |user: &str, password: &str| {
        Api::at(server.http()).post("/session", &json!({ "user": user, "password": password }))
    };
    let right = "correct horse battery";
    assert_eq!(session("drift", right).json["role"], "operator");
    assert_eq!(
        session("operator", "demo-operator").json["role"],
        "operator"
    );
    assert_eq!(session("admin", "demo-admin").json["role"], "administrator");
    assert_eq!(
        session("eva@demo.localhost", "demo-eva").json["role"],
        "supervisor"
    );
    assert_eq!(session("cecilia", right).json["user"], "demo/cecilia");
    // The phone's is no longer hers here.
    for (user, password) in [
        ("cecilia", "demo-cecilia"),
        ("drift", "demo-drift"),
        ("drift@demo.localhost", right),
    ] {
        assert_eq!(session(user, password).status, 401, "{user}");
    }
    // Whoever guesses elsewhere, behind the same proxy, keeps her out neither here nor there.
    let by_proxy = |from: &str, password: &str| {
        let body = json!({ "user": "eva", "password": password });
        Api::forwarded(server.http(), from).post("/session", &body)
    };
    let guesses = (0..60).map(|_| by_proxy("192.0.2.1", "guess").status);
    let refused: Vec<u16> = guesses.take_while(|status| *status != 429).collect();
    assert!(refused.len() < 60 && refused.iter().all(|status| *status == 401));
    assert_eq!(by_proxy("192.0.2.2", "demo-eva").status, 200);
    server.stop();
}

#[test]
fn schemathesis_finds_nothing() {
    let server = server_with(9);
    let admin = log_in(&server, "admin");
    let url = format!("http://{}", server.http());
    // As whoever comes plainly has it, whose cookie has the other name.
    let (_, described) = tests::http::get(server.http(), "/api/v1/openapi.json").unwrap();
    let document = server.folder().join("openapi.json");
    let plainly = described.replace("__Host-kolapp-session", "kolapp-session");
    std::fs::write(&document, plainly).unwrap();
    // How far two fields may be apart, which of two there are, and whether a day is one, is said by no schema; a token that is
    // made up lets nobody in, as everywhere.
    let allowed = [
        "GET /api/v1/calls",
        "GET /api/v1/calls/export",
        "GET /api/v1/queues/{organisation}/{queue}/hours",
        "POST /api/v1/configuration/changes",
        "POST /api/v1/configuration/preview",
        "POST /api/v1/me/calls/{leg}/join",
        "POST /api/v1/quick-closes",
        "POST /api/v1/quick-closes/preview",
    ]
    .map(|operation| {
        format!(
            "[[operations]]\ninclude-name = \"{operation}\"\nchecks.positive_data_acceptance.expected-statuses = \
             [\"2xx\", \"401\", \"403\", \"404\", \"409\", \"422\", \"429\"]\n\n"
        )
    })
    .concat();
    std::fs::write(server.folder().join("schemathesis.toml"), allowed).unwrap();
    // Streams have no end, and who fails to log in too often is kept out for a while.
    let tried = peers::schemathesis(
        server.folder(),
        &[
            "run",
            document.to_str().unwrap(),
            "--url",
            &url,
            "--header",
            admin.pass(),
            "--exclude-path-regex",
            "/events|/session",
            "--phases",
            "examples,coverage,fuzzing",
            "--max-examples",
            "10",
            "--seed",
            "1",
            "--no-color",
        ],
    );
    let said = String::from_utf8_lossy(&tried.stdout);
    assert!(tried.status.success(), "{said}");
    assert_eq!(server.healthz().unwrap().0, 200);
    server.stop();
}
