//! Other people's phones and test tools against the server: SIPp for signalling, pjsua2 and baresip for sound too.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;
use tests::hearing::hears_tone;
use tests::peers::{Baresip, Sipp, pjsua, pjsua_python, register_by_sipp};
use tests::phone::Phone;
use tests::rtp::{self, Sound};
use tests::server::{Server, Setup};
use tests::sound;
use tests::wire::Transport;

const NUMBER: &str = "+46850001000";
const SOON: Duration = Duration::from_secs(5);
const HEARD_DB: f64 = -30.0;
const UNHEARD_DB: f64 = -50.0;

fn quick() -> Setup {
    Setup::demo()
        .set("queues.support.wrap_up", "\"1s\"")
        .set("queues.support.ring", "\"2s\"")
}

fn caller<'a>(server: &'a Server, scenario: &'static str) -> Sipp<'a> {
    Sipp::new(server, scenario).port(1).key("number", NUMBER)
}

fn agent<'a>(server: &'a Server, scenario: &'static str) -> Sipp<'a> {
    Sipp::new(server, scenario).port(2)
}

#[test]
fn sipp_registers_four_accounts() {
    let server = Server::demo();
    register_by_sipp(&server, &["anna", "bosse", "cecilia", "david"], 2);
    assert_eq!(server.ctl(&["registrations"]).as_array().unwrap().len(), 4);
}

#[test]
fn sipp_calls_the_queue_is_answered_by_an_agent_and_hangs_up() {
    let server = quick().start();
    register_by_sipp(&server, &["anna"], 2);
    let answering = agent(&server, "agent_answers")
        .pause(Duration::from_millis(200))
        .start();
    caller(&server, "caller_hangs_up")
        .pause(Duration::from_secs(1))
        .run();
    answering.expect_success();
    server.wait_idle(SOON);
    server.wait_agent("anna", "free", SOON);
}

#[test]
fn sipp_is_hung_up_on_when_its_agent_hangs_up() {
    let server = quick().start();
    register_by_sipp(&server, &["anna"], 2);
    let leaving = agent(&server, "agent_hangs_up").start();
    caller(&server, "caller_is_hung_up_on").run();
    leaving.expect_success();
    server.wait_idle(SOON);
    server.wait_agent("anna", "free", SOON);
}

#[test]
fn sipp_cancels_while_it_waits() {
    let server = quick()
        .set("queues.support.answer", "\"when-agent-answers\"")
        .start();
    caller(&server, "caller_cancels").run();
    server.wait_idle(SOON);
}

#[test]
fn sipp_cancels_while_an_agent_rings_and_the_agent_gets_cancel() {
    let server = quick()
        .set("queues.support.answer", "\"when-agent-answers\"")
        .set("queues.support.ring", "\"20s\"")
        .start();
    register_by_sipp(&server, &["anna"], 2);
    let ringing = agent(&server, "agent_does_not_answer").start();
    caller(&server, "caller_cancels").run();
    ringing.expect_success();
    server.wait_agent("anna", "free", SOON);
    server.wait_idle(SOON);
}

#[test]
fn sipp_agents_who_do_not_answer_lose_the_call_to_the_next() {
    let server = quick().start();
    register_by_sipp(&server, &["anna"], 2);
    let ringing = agent(&server, "agent_does_not_answer").start();
    let calling = caller(&server, "caller_hangs_up")
        .pause(Duration::from_secs(4))
        .start();
    ringing.expect_success();
    // Before he is registered, since he is called at once then.
    let answering = Sipp::new(&server, "agent_answers").port(3).start();
    register_by_sipp(&server, &["bosse"], 3);
    calling.expect_success();
    answering.expect_success();
    server.wait_idle(SOON);
}

/// One agent refuses; the call goes to the other.
fn refused_by(scenario: &'static str) {
    let server = quick().start();
    register_by_sipp(&server, &["anna"], 2);
    let refusing = agent(&server, scenario).start();
    let calling = caller(&server, "caller_hangs_up")
        .pause(Duration::from_secs(2))
        .start();
    refusing.expect_success();
    // Before he is registered, since he is called at once then.
    let answering = Sipp::new(&server, "agent_answers").port(3).start();
    register_by_sipp(&server, &["bosse"], 3);
    calling.expect_success();
    answering.expect_success();
    server.wait_idle(SOON);
}

#[test]
fn a_sipp_agent_who_declines_passes_the_call_on() {
    refused_by("agent_declines");
}

#[test]
fn a_sipp_agent_who_is_busy_passes_the_call_on() {
    refused_by("agent_is_busy");
}

#[test]
fn sipp_gets_404_for_an_extension_that_is_not_there() {
    let server = Server::demo();
    Sipp::new(&server, "caller_gets_404")
        .key("number", "199")
        .account("anna")
        .run();
    server.wait_idle(SOON);
}

#[test]
fn a_hundred_calls_of_sipp_are_all_answered() {
    let server = Setup::demo()
        .set("queues.support.wrap_up", "\"0s\"")
        .start();
    register_by_sipp(&server, &["anna", "bosse", "cecilia", "david"], 2);
    let answering = agent(&server, "agent_hangs_up")
        .calls(100)
        .pause(Duration::from_millis(100))
        .start();
    caller(&server, "caller_is_hung_up_on")
        .calls(100)
        .per_second(20)
        .run();
    answering.expect_success();
    server.wait_idle(SOON);
}

#[test]
fn pjsua_phones_hear_the_welcome_and_each_other_before_and_after_the_caller_holds() {
    pjsua_conversation("caller");
}

#[test]
fn pjsua_phones_hear_the_welcome_and_each_other_before_and_after_the_agent_holds() {
    pjsua_conversation("agent");
}

fn pjsua_conversation(held_by: &str) {
    let Some(python) = pjsua_python() else {
        println!("pjsua2 has no wheel for this Python; baresip's tests stand for it");
        return;
    };
    let server = Server::demo();
    let folder = server.folder().join("pjsua");
    std::fs::create_dir_all(&folder).unwrap();
    let arguments = [
        server.sip().to_string(),
        folder.display().to_string(),
        held_by.to_owned(),
    ];
    let output = pjsua(
        &python,
        "conversation.py",
        &arguments.each_ref().map(String::as_str),
    );
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let recording = |name: &str| sound::read_wav(&folder.join(name));
    // The recorder starts a little after the answer, and so after the welcome has.
    let welcome = server.prompt("sv/queue-welcome");
    let (found, quarters) = sound::recognised_quarters(&recording("caller.wav"), &welcome);
    assert!(
        found + 3 >= quarters,
        "{found} of the welcome's {quarters} quarter seconds"
    );
    for (name, own, other) in [
        ("agent.wav", 1_000.0, 440.0),
        ("agent-after.wav", 1_000.0, 440.0),
        ("caller-after.wav", 440.0, 1_000.0),
    ] {
        let heard = recording(name);
        let middle = &heard[heard.len() / 4..heard.len() * 3 / 4];
        let level = sound::level_db(middle, other);
        assert!(level > HEARD_DB, "{name}: {other} Hz at {level:.1} dB");
        let own = sound::level_db(middle, own);
        assert!(own < UNHEARD_DB, "{name}: hears itself at {own:.1} dB");
    }
    let caller = recording("caller.wav");
    let level = sound::level_db(&caller[caller.len() - 8_000..], 1_000.0);
    assert!(level > HEARD_DB, "caller.wav: 1000 Hz at {level:.1} dB");
    server.wait_idle(SOON);
}

#[test]
fn a_baresip_agent_takes_a_call_and_is_heard_and_hears() {
    let server = Server::demo();
    let peer = Baresip {
        account: "<sip:anna@demo.localhost;transport=udp>;auth_user=anna;auth_pass=demo-anna;answermode=auto;regint=60",
        hertz: 440,
        port: 5,
        transport: Transport::Udp,
    };
    let (running, folder) = peer.start(&server);
    server.wait("baresip is registered", Duration::from_secs(10), |server| {
        !server
            .ctl(&["registrations"])
            .as_array()
            .unwrap()
            .is_empty()
    });
    let phone = Phone::outside(&server, "+46701234567");
    let mut calling = phone.call(NUMBER);
    calling.media.play(Sound::Tone(1_000.0));
    calling.expect_answer(SOON);
    server.wait_agent("anna", "in-call", SOON);
    hears_tone(&calling, 440.0);
    let packets = calling.media.listen(Duration::from_secs(2));
    let level = sound::level_db(&rtp::samples(&packets), 440.0);
    assert!(
        level > HEARD_DB,
        "440 Hz at {level:.1} dB\n{}",
        running.told()
    );
    rtp::check_continuity(&calling.media.packets()).unwrap();
    calling.hang_up();
    server.wait_idle(SOON);
    drop(running);
    let recorded = tests::peers::recording(&folder);
    let heard = sound::read_wav(&recorded);
    let level = sound::level_db(&heard[heard.len() / 2..heard.len() * 3 / 4], 1_000.0);
    assert!(level > HEARD_DB, "1000 Hz at {level:.1} dB");
}
