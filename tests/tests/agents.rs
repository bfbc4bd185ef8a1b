//! Agents say what they do from their phones, and hear that it is done.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;
use tests::hearing::{Hearing, hears};
use tests::phone::{Options, Phone};
use tests::server::{Server, Setup};
use tests::wire::Transport;

const SOON: Duration = Duration::from_secs(5);

/// Dials a feature code, hears its confirmation, and is hung up on.
fn dial(server: &Server, phone: &Phone, code: &str, confirmation: &str) {
    let mut call = phone.call(code);
    call.expect_answer(SOON);
    hears(server, &call, confirmation);
    call.expect_bye(SOON);
}

// Changes: feature_codes.log_in, feature_codes.log_out, feature_codes.pause, feature_codes.resume
#[test]
fn codes_log_out_and_in_pause_and_resume_and_each_is_confirmed_by_voice() {
    let server = Server::demo();
    let phone = Phone::agent(&server, "anna");
    server.wait_agent("anna", "free", SOON);
    for (code, confirmation, state) in [
        ("*12", "sv/agent-logged-out", "logged-out"),
        ("*11", "sv/agent-logged-in", "free"),
        ("*13", "sv/agent-paused", "paused"),
        ("*14", "sv/agent-resumed", "free"),
    ] {
        dial(&server, &phone, code, confirmation);
        server.wait_agent("anna", state, SOON);
    }
    server.wait_idle(SOON);
}

#[test]
fn a_caller_waits_for_a_paused_agent_and_reaches_him_when_he_resumes() {
    let server = Server::demo();
    let phone = Phone::agent(&server, "anna");
    dial(&server, &phone, "*13", "sv/agent-paused");
    let caller = Phone::outside(&server, "+46701234567");
    let mut calling = caller.call("+46850001000");
    calling.expect_answer(SOON);
    assert!(
        phone.try_incoming(Duration::from_millis(500)).is_none(),
        "a paused agent is not rung"
    );
    let mut code = phone.call("*14");
    code.expect_answer(SOON);
    let mut called = phone.incoming(Duration::from_secs(10));
    called.answer();
    calling.hang_up();
    called.expect_bye(SOON);
}

#[test]
fn what_ctl_does_to_an_agent_is_what_his_phone_would_do() {
    let server = Server::demo();
    let _phone = Phone::agent(&server, "bosse");
    for (command, state) in [
        ("log-out", "logged-out"),
        ("log-in", "free"),
        ("pause", "paused"),
        ("resume", "free"),
    ] {
        let output = server.ctl_output(&["agent", command, "demo/bosse"]);
        assert!(
            output.status.success(),
            "{command}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        server.wait_agent("bosse", state, SOON);
    }
    let output = server.ctl_output(&["agent", "pause", "demo/nobody"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("nobody"));
}

#[test]
fn agents_are_not_rung_while_busy_with_calls_of_their_own() {
    let server = Server::demo();
    let (anna, david) = (
        Phone::agent(&server, "anna"),
        Phone::agent(&server, "david"),
    );
    let mut talking = anna.call("104");
    let mut colleague = david.incoming(SOON);
    colleague.answer_without_ack();
    talking.expect_answer(SOON);
    colleague.expect_request("ACK", SOON);
    server.wait_agent("anna", "own-call", SOON);
    server.wait_agent("david", "own-call", SOON);
    let caller = Phone::outside(&server, "+46701234567");
    let mut calling = caller.call("+46850001000");
    calling.expect_answer(SOON);
    assert!(anna.try_incoming(Duration::from_millis(300)).is_none());
    assert!(david.try_incoming(Duration::from_millis(300)).is_none());
    talking.hang_up();
    colleague.expect_bye(SOON);
    let rung = anna
        .try_incoming(Duration::from_secs(2))
        .or_else(|| david.try_incoming(Duration::from_secs(2)));
    rung.expect("one of them is free now").answer();
    calling.hang_up();
}

// Changes: users.role
#[test]
fn a_supervisor_s_codes_change_colleagues_and_an_agent_s_are_refused() {
    let server = Setup::demo()
        .set("users.bosse.role", "\"supervisor\"")
        .start();
    let (anna, bosse) = (
        Phone::agent(&server, "anna"),
        Phone::agent(&server, "bosse"),
    );
    for (code, confirmation, state) in [
        ("*12101", "sv/agent-logged-out", "logged-out"),
        ("*11101", "sv/agent-logged-in", "free"),
        ("*13101", "sv/agent-paused", "paused"),
        ("*14101", "sv/agent-resumed", "free"),
    ] {
        dial(&server, &bosse, code, confirmation);
        server.wait_agent("anna", state, SOON);
        server.wait_agent("bosse", "free", SOON);
    }
    dial(&server, &anna, "*12102", "sv/agent-refused");
    server.wait_agent("anna", "free", SOON);
    assert_eq!(server.agent_state("bosse"), "free");
    server.wait_idle(SOON);
}

// Changes: pause_reasons
#[test]
fn a_pause_has_the_administrator_s_reason_and_one_that_there_is_not_is_refused_by_voice() {
    let server = Server::demo();
    let phone = Phone::agent(&server, "anna");
    server.wait_agent("anna", "free", SOON);
    dial(&server, &phone, "*139", "sv/agent-no-such-reason");
    // Refused is not paused: she is rung for whoever calls next.
    let caller = Phone::outside(&server, "+46701234567");
    let mut calling = caller.call("+46850001000");
    calling.expect_answer(SOON);
    let mut called = phone.incoming(SOON);
    called.ring();
    calling.hang_up();
    called.expect_cancel(SOON);
    server.wait_agent("anna", "free", SOON);
    dial(&server, &phone, "*131", "sv/agent-paused");
    server.wait_agent("anna", "paused", SOON);
    let reason =
        |server: &Server| server.ctl_row("agents", "name", "demo/anna")["pause_reason"].clone();
    assert_eq!(reason(&server), "lunch");
    let by_word = server.ctl_output(&["agent", "pause", "anna", "--reason", "möte"]);
    assert!(by_word.status.success());
    assert_eq!(reason(&server), "möte");
    let refused = server.ctl_output(&["agent", "pause", "anna", "--reason", "fika"]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(told.contains("1 lunch, 2 möte"), "{told}");
    let mut call = phone.call("*10");
    call.expect_answer(SOON);
    let mut queue = vec!["sv/agent-logged-in-to", "sv/number-1"];
    queue.extend(["sv/number-0"; 3]);
    Hearing::of(&server, &call)
        .says(&queue)
        .says(&["sv/agent-paused"]);
    call.expect_bye(SOON);
    server.wait_idle(SOON);
}

// Changes: agents.missed_max
#[test]
fn an_agent_who_lets_a_call_ring_too_often_is_logged_out_and_ctl_says_why() {
    let server = Setup::demo()
        .set("agents.missed_max", "1")
        .set("queues.support.ring", "\"1s\"")
        .set("queues.support.deferral", "{ no_answer = \"0s\" }")
        .start();
    let phone = Phone::agent(&server, "anna");
    server.wait_agent("anna", "free", SOON);
    let caller = Phone::outside(&server, "+46701234567");
    let mut calling = caller.call("+46850001000");
    calling.expect_answer(SOON);
    let mut called = phone.incoming(SOON);
    called.ring();
    called.expect_cancel(SOON);
    server.wait_agent("anna", "logged-out", SOON);
    let sidelined = "kolapp_agents_sidelined_total{cause=\"missed-calls\"}";
    assert_eq!(server.metric(sidelined), 1.0);
    let row = server.ctl_row("agents", "name", "demo/anna");
    assert_eq!(
        (&row["put_by"], &row["missed"]),
        (&"1 missed call".into(), &1.into())
    );
    dial(&server, &phone, "*11", "sv/agent-logged-in");
    let mut called = phone.incoming(SOON);
    called.answer();
    calling.hang_up();
    called.expect_bye(SOON);
    server.wait_idle(SOON);
}

// Changes: queues.wrap_up, feature_codes.wrap_up_end, feature_codes.wrap_up_extend
#[test]
fn wrap_up_is_seen_extended_and_ended_by_code_and_by_ctl() {
    let server = Setup::demo()
        .set("queues.support.wrap_up", "\"1m\"")
        .start();
    let phone = Phone::agent(&server, "anna");
    server.wait_agent("anna", "free", SOON);
    let caller = Phone::outside(&server, "+46701234567");
    let mut calling = caller.call("+46850001000");
    calling.expect_answer(SOON);
    let mut called = phone.incoming(SOON);
    called.answer();
    server.wait_agent("anna", "in-call", SOON);
    calling.hang_up();
    called.expect_bye(SOON);
    server.wait_agent("anna", "wrap-up", SOON);
    let left = |server: &Server| {
        let row = server.ctl_row("agents", "name", "demo/anna");
        row["ends_in_s"].as_u64().unwrap()
    };
    assert!(left(&server) <= 60);
    dial(&server, &phone, "*18", "sv/agent-wrap-up-extended");
    assert!((61..=90).contains(&left(&server)));
    let extended = server.ctl_output(&["agent", "extend-wrap-up", "anna", "--seconds", "600"]);
    assert!(extended.status.success());
    assert!(left(&server) > 600);
    dial(&server, &phone, "*17", "sv/agent-wrap-up-ended");
    server.wait_agent("anna", "free", SOON);
    let refused = server.ctl_output(&["agent", "extend-wrap-up", "anna"]);
    assert_eq!(refused.status.code(), Some(1));
    server.wait_idle(SOON);
}

#[test]
fn unregistered_phones_do_not_stay_available() {
    let server = Server::demo();
    let phone = Phone::agent(&server, "anna");
    server.wait_agent("anna", "free", SOON);
    let removed = server.ctl_output(&["registrations", "remove", "demo/anna"]);
    assert!(removed.status.success());
    server.wait_agent("anna", "unreachable", SOON);
    let caller = Phone::outside(&server, "+46701234567");
    let mut calling = caller.call("+46850001000");
    calling.expect_answer(SOON);
    assert!(phone.try_incoming(Duration::from_millis(500)).is_none());
    calling.hang_up();
    server.wait_idle(SOON);
}

/// Anna's mobile, behind a trunk, and a server that has a way to it.
fn with_mobile(more: impl FnOnce(Setup) -> Setup) -> (Server, Phone) {
    let setup = Setup::demo()
        .set("organisation.caller_id", "\"+46850001000\"")
        .set("organisation.plan", "\"home\"")
        .set("users.anna.mobile", "\"070-1234567\"");
    let server = format!("127.0.0.1:{}", setup.sip_port()).parse().unwrap();
    let mobile = Phone::new(server, Options::outside("+46701234567"));
    let trunk = format!(
        "[plans.home]\nallow = [\"mobile\"]\n[trunks.out]\naddress = \"{}\"\n",
        mobile.local()
    );
    (more(setup.add("trunks.toml", &trunk)).start(), mobile)
}

fn choose(server: &Server, name: &str, device: &str) {
    let chosen = server.ctl_output(&["agent", "device", name, device]);
    let told = String::from_utf8_lossy(&chosen.stderr).into_owned();
    assert!(chosen.status.success(), "{told}");
}

// Changes: users.mobile
#[test]
fn an_agent_takes_a_caller_on_his_mobile_by_pressing_one() {
    let (mut server, mobile) = with_mobile(|setup| setup);
    server.wait_agent("anna", "unreachable", SOON);
    choose(&server, "anna", "mobile");
    server.wait_agent("anna", "free", SOON);
    server.terminate();
    assert!(server.wait_end(SOON).success());
    server.start_again();
    server.wait_agent("anna", "free", SOON);
    assert_eq!(
        server.ctl_row("agents", "name", "demo/anna")["device"],
        "mobile"
    );
    let caller = Phone::outside(&server, "+46709999999");
    let mut calling = caller.call("+46850001000");
    calling.expect_answer(SOON);
    let mut called = mobile.incoming(SOON);
    called.answer();
    hears(&server, &called, "sv/agent-accept");
    assert_eq!(server.agent_state("anna"), "offered");
    called.media.press(1, Duration::from_millis(100));
    server.wait_agent("anna", "in-call", SOON);
    calling.hang_up();
    called.expect_bye(SOON);
    server.wait_idle(SOON);
    choose(&server, "anna", "phone");
    server.wait_agent("anna", "unreachable", SOON);
    let refused = server.ctl_output(&["agent", "device", "bosse", "mobile"]);
    assert_eq!(refused.status.code(), Some(1), "he has none");
}

/// One of anna's phones that calls itself that.
fn phone_of_anna(server: &Server, user_agent: &str, transport: Transport) -> Phone {
    let options = Options {
        transport,
        user_agent: user_agent.to_owned(),
        ..Options::account("anna")
    };
    let mut phone = Phone::new(server.sip_by(transport), options);
    phone.register();
    phone
}

// Changes: registrations.softphones, feature_codes.device_desk_phone, feature_codes.device_softphone
// Changes: feature_codes.device_browser
#[test]
fn an_agent_takes_calls_on_desk_phone_softphone_or_browser_alone() {
    let server = Setup::demo()
        .set_server("registrations.softphones", "[\"NordTel Soft\"]")
        .start();
    let desk = phone_of_anna(&server, "Desktop 300", Transport::Udp);
    server.wait_agent("anna", "free", SOON);
    let caller = Phone::outside(&server, "+46709999999");
    let rings_alone = |phone: &Phone, others: &[&Phone]| {
        let mut calling = caller.call("+46850001000");
        calling.expect_answer(SOON);
        let mut called = phone.incoming(SOON);
        called.answer();
        server.wait_agent("anna", "in-call", SOON);
        for other in others {
            assert!(other.try_incoming(Duration::ZERO).is_none());
        }
        calling.hang_up();
        called.expect_bye(SOON);
        server.ctl(&["agent", "end-wrap-up", "anna"]);
        server.wait_agent("anna", "free", SOON);
    };
    dial(&server, &desk, "*194", "sv/agent-on-softphone");
    server.wait_agent("anna", "unreachable", SOON);
    let mut soft = phone_of_anna(&server, "nordtel softphone 2.1", Transport::Udp);
    server.wait_agent("anna", "free", SOON);
    rings_alone(&soft, &[&desk]);
    let browser = phone_of_anna(&server, "nordtel softphone 2.1", Transport::Ws);
    dial(&server, &browser, "*195", "sv/agent-on-browser");
    rings_alone(&browser, &[&desk, &soft]);
    let told = &server.ctl_row("agents", "name", "demo/anna")["device"];
    assert_eq!(told, "browser");
    dial(&server, &soft, "*193", "sv/agent-on-desk-phone");
    rings_alone(&desk, &[&browser, &soft]);
    choose(&server, "anna", "softphone");
    server.wait_agent("anna", "free", SOON);
    assert_eq!(soft.register_for(0).status(), 200);
    server.wait_agent("anna", "unreachable", SOON);
    choose(&server, "anna", "phone");
    server.wait_agent("anna", "free", SOON);
    server.wait_idle(SOON);
}

#[test]
fn the_code_that_says_how_an_agent_stands_says_where_his_calls_come_to_if_he_has_the_choice() {
    let (server, _mobile) = with_mobile(|setup| setup);
    let (anna, bosse) = (
        Phone::agent(&server, "anna"),
        Phone::agent(&server, "bosse"),
    );
    let said = |phone: &Phone, last: &str| {
        let mut call = phone.call("*10");
        call.expect_answer(SOON);
        let mut heard = Hearing::of(&server, &call);
        heard.says(&["sv/agent-logged-in-to"]).says(&[last]);
        call.expect_bye(SOON);
        call
    };
    let call = said(&bosse, "sv/agent-free");
    Hearing::of(&server, &call).never_said("sv/agent-on-phone");
    said(&anna, "sv/agent-on-phone");
    for (device, said_so) in [
        ("both", "sv/agent-on-both"),
        ("mobile", "sv/agent-on-mobile"),
    ] {
        choose(&server, "anna", device);
        said(&anna, said_so);
    }
    server.wait_idle(SOON);
}

#[test]
fn voicemail_of_a_mobile_does_not_swallow_a_caller() {
    let (server, mobile) = with_mobile(|setup| setup.set("queues.support.ring", "\"4s\""));
    choose(&server, "anna", "mobile");
    server.wait_agent("anna", "free", SOON);
    let caller = Phone::outside(&server, "+46709999999");
    let mut calling = caller.call("+46850001000");
    calling.expect_answer(SOON);
    let mut called = mobile.incoming(SOON);
    called.answer();
    // However short the phones ring: there must be time to press.
    called.expect_bye(Duration::from_secs(18));
    server.wait("a missed call", SOON, |server| {
        server.ctl_row("agents", "name", "demo/anna")["missed"] == 1
    });
    let bosse = Phone::agent(&server, "bosse");
    let mut called = bosse.incoming(SOON);
    called.answer();
    server.wait_agent("bosse", "in-call", SOON);
    calling.hang_up();
    called.expect_bye(SOON);
    server.wait_idle(SOON);
}
