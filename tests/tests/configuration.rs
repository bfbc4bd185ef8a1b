//! An organisation's settings changed over the API of a running server, by several at once and by hand beside: what is answered is
//! in force, and nobody's work is lost.

#![allow(clippy::unwrap_used, reason = "a test")]

use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;
use tests::http::{Answer, Api};
use tests::phone::Phone;
use tests::server::{Server, Setup};

const SOON: Duration = Duration::from_secs(20);
const NUMBER: &str = "+46850001000";

fn log_in(server: &Server, name: &str) -> Api {
    Api::logged_in(server.http(), name, &format!("demo-{name}"))
}

fn version(api: &Api) -> String {
    let shown = api.get("/configuration");
    assert_eq!(shown.status, 200, "{shown:?}");
    shown.json["version"].as_str().unwrap().to_owned()
}

fn set(path: &[&str], value: Value) -> Value {
    json!({ "path": path, "value": value })
}

fn change(api: &Api, version: &str, edits: &[Value]) -> Answer {
    api.post(
        "/configuration/changes",
        &json!({ "version": version, "edits": edits }),
    )
}

fn file(server: &Server, name: &str) -> PathBuf {
    server
        .setup()
        .config()
        .join("organisations/demo")
        .join(name)
}

fn says(server: &Server, name: &str) -> String {
    std::fs::read_to_string(file(server, name)).unwrap()
}

#[test]
fn what_is_changed_by_the_api_is_in_force_when_it_answers_and_says_who_waits() {
    let server = Setup::demo().start();
    let admin = log_in(&server, "admin");
    let caller = Phone::outside(&server, "+46701234567");
    let mut waits = caller.call(NUMBER);
    waits.expect_answer(SOON);
    server.wait("he waits", SOON, |server| {
        server.ctl_row("queues", "name", "demo/support")["waiting"] == 1
    });
    let seen = version(&admin);
    let edits = [
        set(&["queues", "support", "members"], json!(["bosse"])),
        set(
            &["queues", "evening"],
            json!({ "extension": "1049", "members": ["eva"] }),
        ),
        set(&["numbers", "+46850001049"], json!({ "queue": "evening" })),
    ];
    let body = json!({ "version": seen, "edits": edits });
    let preview = admin.post("/configuration/preview", &body);
    assert_eq!(preview.status, 200, "{preview:?}");
    let told = json!([{ "queue": "demo/support", "waiting": 1, "what": "changed" }]);
    assert_eq!(preview.json["effects"], told);
    let files = preview.json["files"].as_array().unwrap().iter();
    let files: Vec<&str> = files.map(|file| file["name"].as_str().unwrap()).collect();
    assert_eq!(files, ["numbers.toml", "queues.toml"]);
    assert_eq!(version(&admin), seen, "nothing is changed by looking");
    let made = change(&admin, &seen, &edits);
    assert_eq!(made.status, 200, "{made:?}");
    assert_eq!(made.json["version"], preview.json["version"]);
    // At once, without waiting.
    let queues = server.ctl(&["queues"]).to_string();
    assert!(queues.contains("demo/evening"), "{queues}");
    let ring = server.ctl(&["config", "get", "demo", "queues.support.members"]);
    assert!(
        ring.to_string().contains("bosse") && !ring.to_string().contains("anna"),
        "{ring}"
    );
    let shown = admin.get("/configuration");
    assert_eq!(
        (&shown.json["in_force"], &shown.json["version"]),
        (&json!(true), &made.json["version"])
    );
    assert!(
        says(&server, "queues.toml").contains("# Who answers,"),
        "comments are kept"
    );
    let audit = |row: [&str; 3]| {
        server.wait(row[1], SOON, |server| {
            let audit = server.report("audit", &["--organisation", "demo"]);
            audit
                .iter()
                .any(|it| [&it["who"], &it["what"], &it["result"]] == row)
        });
    };
    let what = "changes settings: numbers.\"+46850001049\", queues.evening, queues.support.members";
    audit(["demo/admin", what, "done"]);
    // It would be wrong: nothing is another, and it is said where.
    let wrong = change(
        &admin,
        made.json["version"].as_str().unwrap(),
        &[
            set(&["queues", "evening", "ring"], json!("20s")),
            set(&["queues", "support", "ring"], json!("soon")),
        ],
    );
    assert_eq!(wrong.status, 422, "{wrong:?}");
    let problem = &wrong.json["problems"][0];
    assert_eq!(
        (&problem["path"], &problem["file"]),
        (&json!("queues.support.ring"), &json!("queues.toml"))
    );
    assert_eq!(version(&admin), made.json["version"].as_str().unwrap());
    audit([
        "demo/admin",
        "changes settings: queues.evening.ring, queues.support.ring",
        "the settings would be wrong",
    ]);
    waits.hang_up();
    server.stop();
}

#[test]
fn of_two_who_change_settings_at_once_and_one_who_edits_by_hand_nobody_s_work_is_lost() {
    let server = Setup::demo().start();
    let (admin, david) = (log_in(&server, "admin"), log_in(&server, "david"));
    let seen = version(&admin);
    // Both at once: one is told what the other has changed.
    let answers = std::thread::scope(|scope| {
        let both = [(&admin, "ring", "21s"), (&david, "wrap_up", "22s")];
        let seen = seen.as_str();
        let both = both.map(|(api, key, value)| {
            let edit = set(&["queues", "support", key], json!(value));
            scope.spawn(move || change(api, seen, &[edit]))
        });
        both.map(|one| one.join().unwrap())
    });
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    let lost = statuses.iter().position(|status| *status == 409).unwrap();
    assert_eq!(statuses[1 - lost], 200, "{answers:?}");
    let keys = ["ring", "wrap_up"];
    let told = json!([format!("queues.support.{}", keys[1 - lost])]);
    assert_eq!(answers[lost].json["changed"], told);
    // He does it again, on top of that.
    let now = answers[lost].json["version"].as_str().unwrap().to_owned();
    let values = ["21s", "22s"];
    let again = set(&["queues", "support", keys[lost]], json!(values[lost]));
    let made = change([&admin, &david][lost], &now, &[again]);
    assert_eq!(made.status, 200, "{made:?}");
    // Somebody edits a file by hand, which nobody has read yet.
    let text = says(&server, "organisation.toml");
    let by_hand = text.replace("errors_max = 10", "errors_max = 11 # by hand");
    std::fs::write(file(&server, "organisation.toml"), &by_hand).unwrap();
    let seen = made.json["version"].as_str().unwrap();
    let weight = set(&["queues", "support", "weight"], json!(6));
    let refused = change(&admin, seen, std::slice::from_ref(&weight));
    assert_eq!(refused.status, 409, "{refused:?}");
    assert_eq!(refused.json["changed"], json!(["agents.errors_max"]));
    let now = refused.json["version"].as_str().unwrap();
    assert_eq!(change(&admin, now, &[weight]).status, 200);
    assert_eq!(says(&server, "organisation.toml"), by_hand);
    let queues = says(&server, "queues.toml");
    for written in ["ring = \"21s\"", "wrap_up = \"22s\"", "weight = 6"] {
        assert!(queues.contains(written), "{written}");
    }
    server.stop();
}

#[test]
fn a_file_is_edited_as_a_text_and_its_secrets_stay_where_they_are() {
    let server = Setup::demo().start();
    let admin = log_in(&server, "admin");
    let shown = admin.get("/configuration/files/users.toml");
    let text = shown.json["text"].as_str().unwrap();
    assert!(!text.contains("\"demo-anna\""), "{text}");
    assert!(text.contains("\"(kept secret)\""), "{text}");
    let before = says(&server, "users.toml");
    let with = |text: &str| json!({ "version": shown.json["version"], "file": { "name": "users.toml", "text": text } });
    let edited = format!("{text}\n# Edited in a page.\n");
    let made = admin.post("/configuration/changes", &with(&edited));
    assert_eq!(made.status, 200, "{made:?}");
    assert_eq!(
        says(&server, "users.toml"),
        format!("{before}\n# Edited in a page.\n")
    );
    assert_eq!(
        log_in(&server, "anna").get("/me").status,
        200,
        "her password is what it was"
    );
    // What isn't TOML is told by its line, and changes nothing.
    let again = json!({ "version": made.json["version"], "file": { "name": "users.toml", "text": "[users.anna\n" } });
    let refused = admin.post("/configuration/changes", &again);
    assert_eq!(
        (refused.status, &refused.json["problems"][0]["line"]),
        (422, &json!(1)),
        "{refused:?}"
    );
    let gone = admin.get("/configuration/files/kolapp.toml");
    assert_eq!(gone.status, 404);
    // A hand that breaks a file: what runs is another, and that is said.
    let broken = says(&server, "queues.toml").replacen("ring = \"15s\"", "ring = \"soon\"", 1);
    std::fs::write(file(&server, "queues.toml"), broken).unwrap();
    let shown = admin.get("/configuration");
    assert_eq!(shown.json["in_force"], false);
    assert_eq!(shown.json["problems"][0]["path"], "queues.support.ring");
    server.stop();
}
