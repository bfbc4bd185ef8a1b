//! Pages and API by HTTPS: with a certificate that is changed under way, and what is told of one that will not do.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;
use tests::certificates::{Authority, Validity};
use tests::http::{self, Api, Place};
use tests::server::{Server, Setup};

const SOON: Duration = Duration::from_secs(5);

fn place(server: &Server, authority: &Authority) -> Place {
    Place::by_tls(server.http(), authority.pem().to_owned())
}

fn answers(place: &Place) -> bool {
    matches!(http::get(place.clone(), "/healthz"), Ok((200, _)))
}

// Changes: http.certificate, http.key
#[test]
fn pages_and_api_are_there_by_https_alone_and_a_session_is_kept_to_it() {
    let server = Setup::with_https().start();
    let nobody = Api::at(server.web());
    let body = serde_json::json!({ "user": "anna", "password": "demo-anna" });
    let answer = nobody.post("/session", &body);
    assert_eq!(answer.status, 200, "{answer:?}");
    let head = answer.head.to_ascii_lowercase();
    assert!(
        head.contains("set-cookie: __host-kolapp-session="),
        "{head}"
    );
    assert!(
        head.contains("strict-transport-security: max-age="),
        "{head}"
    );
    let anna = Api::logged_in(server.web(), "anna", "demo-anna");
    assert_eq!(anna.get("/me").json["user"], "demo/anna");
    let (status, page) = http::get(server.web(), "/").unwrap();
    assert_eq!(status, 200, "{page}");
    // Nothing is said plainly there.
    let plain = http::get(server.http(), "/healthz");
    assert!(!matches!(plain, Ok((200, _))), "{plain:?}");
    let ends = server.metric("kolapp_certificate_ends_seconds{of=\"http\"}");
    assert_eq!(ends, 4_102_444_800.0, "the start of 2100");
}

#[test]
fn a_new_certificate_is_shown_to_browsers_while_they_are_connected_and_a_bad_one_never() {
    let server = Setup::with_https().start();
    let anna = Api::logged_in(server.web(), "anna", "demo-anna");
    let event = anna.get("/me").json["event"].as_str().unwrap().to_owned();
    let mut events = anna.events(&event);
    let second = Authority::default();
    assert!(
        !answers(&place(&server, &second)),
        "not vouched for by that one yet"
    );
    server.setup().show_certificate(&second);
    server.wait("the new certificate is shown", SOON, |server| {
        answers(&place(server, &second))
    });
    std::fs::write(server.setup().config().join("server.pem"), "gone\n").unwrap();
    server.wait_log("server.pem: holds no certificate");
    let other = second.issue("127.0.0.1", Validity::Current);
    std::fs::write(
        server.setup().config().join("server.pem"),
        other.certificate,
    )
    .unwrap();
    server.wait_log("server.pem: can't be used with");
    assert!(
        answers(&place(&server, &second)),
        "the one before stays in force"
    );
    // The stream that began by the first certificate goes on: what is done by the second is told there.
    let paused = Api::logged_in(place(&server, &second), "anna", "demo-anna");
    let answer = paused.post("/agents/pause", &serde_json::json!({ "reason": "lunch" }));
    assert_eq!(answer.status, 200, "{answer:?}");
    events.wait_for("agent", |agent| agent["state"] == "paused");
}

#[test]
fn check_and_the_log_tell_of_a_certificate_that_has_ended_and_of_plain_http_for_others() {
    let setup = Setup::with_https();
    let ended = Authority::default().issue("127.0.0.1", Validity::Expired);
    let config = setup.config();
    std::fs::write(config.join("server.pem"), ended.certificate).unwrap();
    std::fs::write(config.join("server.key"), ended.key).unwrap();
    let output = setup.output(&["check"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "it can be used all the same");
    assert!(
        told.contains("server.pem: the certificate has ended on 2021-01-01 00:00 UTC; renew it"),
        "{told}"
    );
    let plain = Setup::demo().set_server("http.listen", "\"192.0.2.1:8080\"");
    let output = plain.output(&["check"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(told.contains("kolapp.toml:"), "{told}");
    assert!(told.contains("refuses plain HTTP at 192.0.2.1:"), "{told}");
}

#[test]
fn a_certificate_that_is_named_while_the_server_runs_is_shown_and_its_files_are_watched() {
    let elsewhere = tempfile::tempdir().unwrap();
    let write = |authority: &Authority| {
        let issued = authority.issue("127.0.0.1", Validity::Current);
        std::fs::write(elsewhere.path().join("key.pem"), issued.key).unwrap();
        std::fs::write(elsewhere.path().join("chain.pem"), issued.certificate).unwrap();
    };
    let first = Authority::default();
    write(&first);
    let server = Setup::demo().start();
    let edit = |path: &str, file: &str| {
        let file = elsewhere.path().join(file);
        server.edit_server(path, &format!("\"{}\"", file.display()));
    };
    edit("http.key", "key.pem");
    edit("http.certificate", "chain.pem");
    server_speaks(&server, &first);
    let second = Authority::default();
    write(&second);
    server_speaks(&server, &second);
}

fn server_speaks(server: &Server, authority: &Authority) {
    server.wait("the certificate is shown", 2 * SOON, |server| {
        answers(&place(server, authority))
    });
}
