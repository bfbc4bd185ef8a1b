//! Transfers from the outside: whoever talks sends the other elsewhere, at once or after a consultation, and those who
//! are left hear each other; and calls taken over by an INVITE that replaces another.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::{Duration, Instant};
use tests::peers::{Sipp, pjsua, pjsua_python, register_by_sipp};
use tests::phone::{Call, Options, Phone};
use tests::rtp::{self, Sound};
use tests::server::{Server, Setup};
use tests::sound::{self, Codec};

const NUMBER: &str = "+46850001000";
const CECILIA: &str = "sip:103@demo.localhost";
const SOON: Duration = Duration::from_secs(5);
const A_WHILE: Duration = Duration::from_millis(600);
/// A tone sent at -12 dB, measured at the other end.
const HEARD_DB: f64 = -15.0;

/// A server with two media threads: calls that are made one after another are on different ones.
fn server() -> Server {
    Setup::demo()
        .set_server("rtp.threads", "2")
        .set("queues.support.wrap_up", "\"1s\"")
        .start()
}

fn with_codec(server: &Server, options: Options, codec: Codec) -> Phone {
    let codecs = vec![codec];
    Phone::new(server.sip(), Options { codecs, ..options })
}

/// A caller from outside and anna, who answered him; she has answered on that line.
fn conversation(server: &Server) -> (Phone, Call, Phone, Call) {
    let caller = with_codec(server, Options::outside("+46701234567"), Codec::Pcma);
    let anna = Phone::agent(server, "anna");
    let (calling, called) = converse(server, &caller, &anna);
    (caller, calling, anna, called)
}

fn converse(server: &Server, caller: &Phone, anna: &Phone) -> (Call, Call) {
    let mut calling = caller.call(NUMBER);
    calling.expect_answer(SOON);
    let mut called = anna.incoming(SOON);
    called.ring();
    called.answer();
    server.wait_agent("anna", "in-call", SOON);
    (calling, called)
}

/// Each hears the other's tone.
fn hear_each_other(one: &mut Call, other: &mut Call) {
    one.media.play(Sound::Tone(440.0));
    other.media.play(Sound::Tone(1_000.0));
    let level = |call: &Call, hertz| {
        let packets = call.media.listen(A_WHILE);
        sound::level_db(&rtp::samples(&packets), hertz)
    };
    let deadline = Instant::now() + Duration::from_secs(10);
    while level(one, 1_000.0) <= HEARD_DB || level(other, 440.0) <= HEARD_DB {
        assert!(Instant::now() < deadline, "they never heard each other");
    }
    for call in [one, other] {
        call.media.play(Sound::Silence);
    }
}

fn one_call_is_left(server: &Server) {
    server.wait("one call is left", SOON, |server| {
        server.ctl(&["calls"]).as_array().unwrap().len() == 1
    });
}

#[test]
fn an_agent_sends_his_caller_to_a_colleague_and_the_two_hear_each_other() {
    let server = server();
    let (_caller, mut calling, _anna, mut called) = conversation(&server);
    let cecilia = with_codec(&server, Options::account("cecilia"), Codec::Pcmu);
    let mut cecilia = cecilia;
    cecilia.register();
    assert_eq!(called.refer(CECILIA).status(), 202);
    let mut third = cecilia.incoming(SOON);
    let invite = third.invite().clone();
    assert!(invite.header("Referred-By").unwrap().contains("anna@"));
    assert!(invite.header("From").unwrap().contains("+46701234567"));
    third.ring();
    called.expect_notified(180, SOON);
    // He hears music meanwhile, not silence.
    let music = rtp::samples(&calling.media.listen(A_WHILE));
    assert!(sound::loudness_db(&music) > -40.0);
    third.answer();
    called.expect_notified(200, SOON);
    called.expect_bye(SOON);
    hear_each_other(&mut calling, &mut third);
    server.wait_agent("anna", "free", SOON);
    one_call_is_left(&server);
    third.hang_up();
    calling.expect_bye(SOON);
    server.wait_idle(SOON);
}

#[test]
fn a_caller_who_was_sent_to_a_busy_colleague_is_back_with_his_agent() {
    let server = server();
    let (_caller, mut calling, _anna, mut called) = conversation(&server);
    let cecilia = Phone::agent(&server, "cecilia");
    assert_eq!(called.refer(CECILIA).status(), 202);
    cecilia.incoming(SOON).refuse(486);
    called.expect_notified(486, SOON);
    hear_each_other(&mut calling, &mut called);
    calling.hang_up();
    called.expect_bye(SOON);
    server.wait_idle(SOON);
}

#[test]
fn after_a_consultation_the_caller_and_the_colleague_hear_each_other_on_two_media_threads() {
    let server = server();
    let caller = with_codec(&server, Options::outside("+46701234567"), Codec::Pcma);
    let anna = Phone::agent(&server, "anna");
    let mut cecilia = with_codec(&server, Options::account("cecilia"), Codec::Pcmu);
    cecilia.register();
    // Cecilia is an agent too: only anna shall be offered the caller.
    let paused = server.ctl_output(&["agent", "pause", "demo/cecilia"]);
    assert!(paused.status.success());
    // Several times, so that every pair of shards and threads has its turn; on either of the agent's two calls.
    for turn in 0..4 {
        let (mut calling, mut called) = converse(&server, &caller, &anna);
        called.hold();
        let mut asking = anna.call("103");
        let mut third = cecilia.incoming(SOON);
        third.ring();
        third.answer();
        asking.expect_answer(SOON);
        hear_each_other(&mut asking, &mut third);
        let (on, names) = match turn % 2 {
            0 => (&mut called, &mut asking),
            _ => (&mut asking, &mut called),
        };
        assert_eq!(on.refer(&names.replaced()).status(), 202);
        on.expect_notified(200, SOON);
        on.expect_bye(SOON);
        names.expect_bye(SOON);
        hear_each_other(&mut calling, &mut third);
        one_call_is_left(&server);
        // To each it was one stream, whoever was heard and whichever thread sent it.
        for call in [&calling, &third] {
            rtp::check_joined(&call.media.packets()).unwrap();
        }
        // Hold reaches across.
        third.hold();
        calling.stands_for(A_WHILE);
        third.resume();
        hear_each_other(&mut calling, &mut third);
        calling.hang_up();
        third.expect_bye(SOON);
        server.wait_idle(SOON);
        server.wait_agent("anna", "free", SOON);
    }
}

#[test]
fn pjsua_sends_a_caller_on_at_once_and_those_who_are_left_hear_each_other() {
    pjsua_transfer("blind");
}

#[test]
fn pjsua_hands_a_caller_over_after_a_consultation_and_those_who_are_left_hear_each_other() {
    pjsua_transfer("attended");
}

fn pjsua_transfer(way: &str) {
    let Some(python) = pjsua_python() else {
        println!("pjsua2 has no wheel for this Python; our own phone's tests stand for it");
        return;
    };
    let server = server();
    let folder = server.folder().join("pjsua");
    std::fs::create_dir_all(&folder).unwrap();
    let address = server.sip().to_string();
    let arguments = [&address, folder.to_str().unwrap(), way];
    let output = pjsua(&python, "transfer.py", &arguments);
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stderr),
        server.log()
    );
    for (name, hertz) in [("caller.wav", 1_000.0), ("cecilia.wav", 440.0)] {
        let heard = sound::read_wav(&folder.join(name));
        let level = sound::level_db(&heard, hertz);
        assert!(level > -30.0, "{hertz} Hz in {name}: {level:.1} dB");
    }
    server.wait_idle(SOON);
}

#[test]
fn sipp_as_an_agent_sends_the_caller_to_a_colleague_and_is_told_and_hung_up_on() {
    let server = server();
    register_by_sipp(&server, &["anna"], 2);
    let cecilia = Phone::agent(&server, "cecilia");
    let answering = Sipp::new(&server, "agent_transfers").port(2).start();
    let caller = Phone::outside(&server, "+46701234567");
    let mut calling = caller.call(NUMBER);
    calling.expect_answer(SOON);
    // SIPp takes its time to start.
    let mut third = cecilia.incoming(Duration::from_secs(20));
    third.ring();
    third.answer();
    answering.expect_success();
    assert!(calling.stands_for(A_WHILE));
    third.hang_up();
    calling.expect_bye(SOON);
    server.wait_idle(SOON);
}

#[test]
fn a_refer_outside_a_call_is_forbidden_and_a_notify_for_nothing_gets_481() {
    let server = server();
    let anna = Phone::agent(&server, "anna");
    for (method, status) in [("REFER", 403), ("NOTIFY", 481)] {
        let request = anna.new_request(method, CECILIA, "out-of-the-blue", 1);
        let reply = anna.request(&request);
        assert_eq!(reply.status(), status, "{method}");
    }
}
