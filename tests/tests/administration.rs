//! What is administered over the HTTP API, as callers meet it: queues closed by hand, and prompts that are uploaded.

#![allow(clippy::unwrap_used, reason = "a test")]

use serde_json::json;
use std::time::{Duration, Instant};
use tests::hearing::hears;
use tests::http::Api;
use tests::moment::after_tomorrow;
use tests::phone::{Call, Phone};
use tests::rtp;
use tests::server::{Server, Setup, repository};
use tests::sound;

const SUPPORT: &str = "+46850001000";
const SOON: Duration = Duration::from_secs(5);
/// The longest prompt and then some.
const SAID: Duration = Duration::from_secs(15);
/// −19 LUFS of a tone near 440 Hz, in dB against a full-scale sine.
const LEVELLED_DB: f64 = -15.4;

fn log_in(server: &Server, name: &str) -> Api {
    Api::logged_in(server.http(), name, &format!("demo-{name}"))
}

/// Whoever calls is there as long as his phone is.
fn is_let_in(server: &Server) -> (Phone, Call) {
    let caller = Phone::outside(server, "+46701234567");
    let mut call = caller.call(SUPPORT);
    call.expect_answer(SOON);
    (caller, call)
}

#[test]
fn a_supervisor_closes_queues_by_the_api_and_the_next_caller_hears_it_until_that_is_undone() {
    let server = Server::demo();
    let (eva, anna) = (log_in(&server, "eva"), log_in(&server, "anna"));
    let (_his_phone, mut waits) = is_let_in(&server);
    let mut body = json!({ "group": "kundtjanst", "until": after_tomorrow() });
    assert_eq!(anna.post("/quick-closes", &body).status, 403);
    server.wait("he waits", SOON, |_| {
        let preview = eva.post("/quick-closes/preview", &body);
        let rows = preview.json.as_array().unwrap().clone();
        let support = rows.iter().find(|row| row["queue"] == "demo/support");
        support.is_some_and(|row| row["waiting"] == 1 && row["they_move"] == false)
    });
    let made = eva.post("/quick-closes", &body);
    assert_eq!(
        (made.status, &made.json["id"]),
        (201, &json!(1)),
        "{made:?}"
    );
    assert_eq!(made.json["by"], "demo/eva");
    let caller = Phone::outside(&server, "+46701234568");
    let mut call = caller.call(SUPPORT);
    call.expect_provisional(183, SOON);
    hears(&server, &call, "sv/closed-quick");
    assert_eq!(call.answered(SAID), 486);
    let why = anna.get("/queues/demo/support/hours").json["moment"].clone();
    assert_eq!(
        (&why["is_open"], &why["decided_by"]),
        (&json!(false), &json!("quick-close"))
    );
    assert_eq!(why["quick_close"]["by"], "demo/eva");
    assert_eq!(eva.delete("/quick-closes/1").status, 204);
    let (_phone, mut call) = is_let_in(&server);
    call.hang_up();
    // He has stayed all the while; the next time he does not.
    body["waiting"] = "move".into();
    let made = eva.post("/quick-closes", &body);
    assert_eq!(made.status, 201, "{made:?}");
    waits.expect_bye(SAID);
    server.wait("it is in the audit", SOON, |server| {
        let audit = server.report("audit", &["--organisation", "demo"]);
        let is_it = |row: &tests::server::Record| row["what"] == "ends the quick-close 1";
        audit
            .iter()
            .any(|row| is_it(row) && row["way"] == "http" && row["who"] == "demo/eva")
    });
    server.stop();
}

fn level(call: &Call, hertz: f64) -> f64 {
    let packets = call.media.listen(Duration::from_millis(400));
    sound::level_db(&rtp::samples(&packets), hertz)
}

/// A caller who is welcomed with a tone.
fn next_caller_hears(server: &Server, hertz: f64) {
    let (_phone, mut call) = is_let_in(server);
    let deadline = Instant::now() + SAID;
    let mut loudest = f64::MIN;
    while (loudest - LEVELLED_DB).abs() > 1.5 {
        assert!(
            Instant::now() < deadline,
            "{hertz} Hz was heard at {loudest:.1} dB"
        );
        loudest = loudest.max(level(&call, hertz));
    }
    call.hang_up();
}

#[test]
fn a_prompt_that_is_uploaded_is_what_the_next_caller_hears_and_an_older_one_again() {
    let server = Setup::demo().start();
    let (eva, admin) = (log_in(&server, "eva"), log_in(&server, "admin"));
    let path = "/prompts/demo/queue-welcome";
    let versions = |kind: &str| format!("{path}/versions?kind={kind}");
    let tone = sound::wav(&sound::tone(700.0, -30.0, 16_000));
    assert_eq!(eva.upload(&versions("wav"), &tone).status, 403);
    let made = admin.upload(&versions("wav"), &tone);
    assert_eq!(
        (made.status, &made.json["version"]),
        (201, &json!(1)),
        "{made:?}"
    );
    next_caller_hears(&server, 700.0);
    let mp3 = repository().join("crates/media/tests/files/stereo.mp3");
    let made = admin.upload(&versions("mp3"), &std::fs::read(mp3).unwrap());
    assert_eq!(made.json["version"], 2, "{made:?}");
    next_caller_hears(&server, 440.0);
    let letter = admin.upload(&versions("mp3"), b"this is a letter");
    assert_eq!(letter.status, 409, "{letter:?}");
    let why = letter.json["detail"].as_str().unwrap();
    assert!(
        why.starts_with("the file is not audio of a known kind"),
        "{why}"
    );
    let wav = eva.file(&format!("{path}/sound?version=1"));
    assert!(wav.starts_with(b"RIFF") && wav.len() > 8_000);
    assert!(eva.file("/prompts/demo/closed/sound").starts_with(b"RIFF"));
    assert_eq!(
        admin
            .post(&format!("{path}/restore"), &json!({ "version": 1 }))
            .status,
        201
    );
    next_caller_hears(&server, 700.0);
    let all = eva.get("/prompts").json["prompts"].clone();
    let rows = all.as_array().unwrap();
    let welcome = rows
        .iter()
        .find(|row| row["name"] == "queue-welcome")
        .unwrap();
    assert_eq!(welcome["from"], "versions");
    let heard: Vec<_> = welcome["versions"].as_array().unwrap().iter().collect();
    assert_eq!(heard.len(), 3);
    assert_eq!(
        (&heard[0]["version"], &heard[0]["heard"]),
        (&json!(3), &json!(true))
    );
    let left = std::fs::read_dir(server.folder().join("var/uploads"));
    assert_eq!(left.map_or(0, Iterator::count), 0, "what came is put away");
    server.stop();
}
