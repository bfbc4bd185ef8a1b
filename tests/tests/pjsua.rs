//! pjsua2's phones against the server: reliable ringing, session timers, late offers, connections. How they talk, hold
//! and transfer is in `peers` and `transfer`.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;
use tests::certificates::Authority;
use tests::peers::{pjsua, pjsua_python};
use tests::server::{Server, Setup};
use tests::wire::Transport;

const SOON: Duration = Duration::from_secs(5);
/// A number that leads to bosse.
const DIRECT: &str = "+46850001009";

fn setup() -> Setup {
    Setup::demo().set(&format!("numbers.{DIRECT}"), "{ user = \"bosse\" }")
}

/// Runs a case of `signalling.py`, if there is a pjsua2.
fn run(server: &Server, case: &str, arguments: &[&str]) {
    let Some(python) = pjsua_python() else {
        println!(
            "pjsua2 has no wheel for this Python; SIPp's and our own phone's tests stand for it"
        );
        return;
    };
    let all: Vec<&str> = [case]
        .into_iter()
        .chain(arguments.iter().copied())
        .collect();
    let output = pjsua(&python, "signalling.py", &all);
    assert!(
        output.status.success(),
        "{case}: {}\n{}",
        String::from_utf8_lossy(&output.stderr),
        server.log()
    );
    server.wait_no_call(SOON);
}

#[test]
fn pjsua_phones_that_require_prack_call_each_other() {
    let server = setup().start();
    run(&server, "prack", &[&server.sip().to_string(), DIRECT]);
}

// Changes: sip.session_expires_min
#[test]
fn a_pjsua_that_asks_for_too_brief_a_session_is_told_and_asks_again() {
    let server = setup()
        .set_server("sip.session_expires_min", "\"2m\"")
        .start();
    run(&server, "timer", &[&server.sip().to_string(), DIRECT]);
}

#[test]
fn a_pjsua_without_an_offer_gets_the_servers_and_has_sound() {
    let server = setup().start();
    run(&server, "late_offer", &[&server.sip().to_string(), DIRECT]);
}

#[test]
fn pjsua_phones_by_tcp_and_tls_call_each_other() {
    let server = Setup::with_tls().start();
    let trusted = server.folder().join("ca.pem").display().to_string();
    let addresses = [Transport::Tcp, Transport::Tls].map(|by| server.sip_by(by).to_string());
    run(
        &server,
        "connections",
        &[&addresses[0], &addresses[1], &trusted],
    );
}

#[test]
fn a_pjsua_by_tls_believes_no_certificate_of_another_authority() {
    let server = Setup::with_tls().start();
    let other = server.folder().join("other.pem");
    std::fs::write(&other, Authority::default().pem()).unwrap();
    let address = server.sip_by(Transport::Tls).to_string();
    run(
        &server,
        "distrust",
        &[&address, &other.display().to_string()],
    );
    assert_eq!(server.ctl(&["registrations"]).as_array().unwrap().len(), 0);
}
