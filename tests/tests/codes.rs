//! Feature codes about one's own calls, dialled on phones.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;
use tests::phone::{Call, Phone};
use tests::server::{Server, Setup};

const SOON: Duration = Duration::from_secs(5);

fn with_codes() -> Setup {
    [
        ("do_not_disturb_on", "*78"),
        ("do_not_disturb_off", "*79"),
        ("forward_always", "*21"),
        ("pick_up", "*8"),
        ("intercom", "*80"),
    ]
    .into_iter()
    .fold(Setup::demo(), |setup, (name, code)| {
        setup.set(&format!("feature_codes.{name}"), &format!("\"{code}\""))
    })
}

/// Dials a code, and hears what is said until the server hangs up.
fn dial(phone: &Phone, code: &str) {
    let mut call = phone.call(code);
    call.expect_answer(SOON);
    call.expect_bye(Duration::from_secs(10));
}

fn end(mut by: Call, mut other: Call) {
    by.hang_up();
    other.expect_bye(SOON);
}

// Changes: feature_codes.do_not_disturb_on, feature_codes.do_not_disturb_off
#[test]
fn who_dials_do_not_disturb_is_busy_until_he_takes_it_back() {
    let server = with_codes().start();
    let anna = Phone::agent(&server, "anna");
    let bosse = Phone::agent(&server, "bosse");
    dial(&bosse, "*78");
    assert_eq!(anna.call("102").answered(SOON), 486);
    dial(&bosse, "*79");
    let mut calling = anna.call("102");
    let mut called = bosse.incoming(SOON);
    called.answer();
    calling.expect_answer(SOON);
    end(calling, called);
    server.wait_idle(SOON);
}

#[test]
fn a_forward_that_was_dialled_holds_over_kill_9_until_it_is_taken_back() {
    let mut server = with_codes().start();
    let anna = Phone::agent(&server, "anna");
    let bosse = Phone::agent(&server, "bosse");
    let cecilia = Phone::agent(&server, "cecilia");
    dial(&bosse, "*21103");
    let goes_to = |server: &Server, phone: &Phone| {
        let mut calling = anna.call("102");
        let mut called = phone.incoming(SOON);
        called.answer();
        calling.expect_answer(SOON);
        end(calling, called);
        server.wait_no_call(SOON);
    };
    goes_to(&server, &cecilia);
    server.kill_and_start_again();
    goes_to(&server, &cecilia);
    dial(&bosse, "*21");
    goes_to(&server, &bosse);
}

// Changes: feature_codes.pick_up
#[test]
fn a_call_that_rings_at_a_colleague_s_is_picked_up_by_code() {
    let server = with_codes().start();
    let anna = Phone::agent(&server, "anna");
    let bosse = Phone::agent(&server, "bosse");
    let cecilia = Phone::agent(&server, "cecilia");
    let mut calling = anna.call("102");
    let mut called = bosse.incoming(SOON);
    called.ring();
    calling.expect_provisional(180, SOON);
    let mut taking = cecilia.call("*8102");
    taking.expect_answer(SOON);
    calling.expect_answer(SOON);
    called.expect_cancel(SOON);
    end(taking, calling);
    server.wait_idle(SOON);
}

// Changes: feature_codes.intercom
#[test]
fn by_intercom_a_colleague_s_phone_is_asked_to_answer_by_itself() {
    let server = with_codes().start();
    let anna = Phone::agent(&server, "anna");
    let bosse = Phone::agent(&server, "bosse");
    let mut calling = anna.call("*80102");
    let mut called = bosse.incoming(SOON);
    let header = |name: &str| called.invite().header(name).map(str::to_owned);
    assert_eq!(header("Answer-Mode").as_deref(), Some("Auto"));
    assert!(header("Call-Info").unwrap().contains("answer-after=0"));
    called.answer();
    calling.expect_answer(SOON);
    end(calling, called);
    server.wait_idle(SOON);
}

#[test]
fn what_agents_key_about_their_work_is_in_the_audit_with_what_came_of_it() {
    let server = Setup::demo().start();
    let anna = Phone::agent(&server, "anna");
    dial(&anna, "*13");
    dial(&anna, "*14");
    // There is no such reason.
    dial(&anna, "*139");
    dial(&anna, "*41");
    let mut audit = Vec::new();
    server.wait("it is kept who did so", SOON, |server| {
        audit = server.report("audit", &["--organisation", "demo"]);
        audit.len() == 4
    });
    let of = |row: usize| ["who", "way", "what"].map(|name| audit[row][name].as_str());
    // The latest first.
    assert_eq!(
        of(0),
        ["demo/anna", "phone", "logs in demo/anna, all lists"]
    );
    assert_eq!(of(1), ["demo/anna", "phone", "pauses demo/anna"]);
    assert_ne!(audit[1]["result"].as_str(), "done");
    assert_eq!(of(2), ["demo/anna", "phone", "ends the pause of demo/anna"]);
    assert_eq!(of(3), ["demo/anna", "phone", "pauses demo/anna"]);
    assert_eq!(audit[3]["result"].as_str(), "done");
}

#[test]
fn what_people_key_about_their_own_calls_is_in_the_audit_without_the_number() {
    let setup = with_codes().set("feature_codes.forward_off", "\"*29\"");
    let server = setup.start();
    let anna = Phone::agent(&server, "anna");
    for code in ["*78", "*79", "*21103", "*21", "*29", "*193", "*190"] {
        dial(&anna, code);
    }
    let mut audit = Vec::new();
    server.wait("it is kept who did so", SOON, |server| {
        audit = server.report("audit", &["--organisation", "demo"]);
        audit.len() == 7
    });
    // The latest first.
    let told = audit.iter().rev().map(|row| {
        let of = |name: &str| row[name].as_str().to_owned();
        assert_eq!(of("who"), "demo/anna");
        assert_eq!(of("way"), "phone");
        assert_eq!(of("result"), "done");
        of("what")
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            "switches on do-not-disturb for demo/anna",
            "switches off do-not-disturb for demo/anna",
            "forwards calls to demo/anna, always",
            "ends the forward of calls to demo/anna, always",
            "ends every forward of calls to demo/anna",
            "demo/anna takes calls on DeskPhone",
            "demo/anna takes calls on Phone",
        ]
    );
}
