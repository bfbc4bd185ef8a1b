//! What callers and agents hear: prompts, music, each other, keys; one stream without a break whatever happens.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::{Duration, Instant};
use tests::hearing::Hearing;
use tests::load::calls::{Generator, Plan, Route};
use tests::phone::{Call, Options, Phone};
use tests::rtp::{self, Sound};
use tests::server::{Server, Setup};
use tests::sound::{self, Codec};

const NUMBER: &str = "+46850001000";
const SOON: Duration = Duration::from_secs(5);
/// Long enough to measure a tone.
const A_WHILE: Duration = Duration::from_millis(600);
/// A tone sent at -12 dB, measured at the other end.
const HEARD_DB: f64 = -15.0;
const UNHEARD_DB: f64 = -45.0;

fn with_codec(server: &Server, options: Options, codec: Codec) -> Phone {
    Phone::new(
        server.sip(),
        Options {
            codecs: vec![codec],
            ..options
        },
    )
}

/// A caller and an agent in conversation, each with the one codec it has.
fn conversation(server: &Server, outside: Codec, inside: Codec) -> (Phone, Call, Phone, Call) {
    let caller = with_codec(server, Options::outside("+46701234567"), outside);
    let mut agent = with_codec(server, Options::account("anna"), inside);
    agent.register();
    let mut calling = caller.call(NUMBER);
    calling.expect_answer(SOON);
    let mut called = agent.incoming(SOON);
    called.ring();
    called.answer();
    server.wait_agent("anna", "in-call", SOON);
    (caller, calling, agent, called)
}

fn level(call: &Call, hertz: f64) -> f64 {
    sound::level_db(&rtp::samples(&call.media.listen(A_WHILE)), hertz)
}

/// Waits until a tone has come through; a bridge has its first packets to learn from.
fn wait_until_heard(call: &Call, hertz: f64) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while level(call, hertz) <= HEARD_DB {
        assert!(Instant::now() < deadline, "{hertz} Hz never came through");
    }
}

fn each_hears_the_other(outside: Codec, inside: Codec) {
    let server = Server::demo();
    let (_caller, calling, _agent, called) = conversation(&server, outside, inside);
    calling.media.play(Sound::Tone(440.0));
    called.media.play(Sound::Tone(1_000.0));
    wait_until_heard(&called, 440.0);
    wait_until_heard(&calling, 1_000.0);
    let (at_agent, at_caller) = (level(&called, 440.0), level(&calling, 1_000.0));
    assert!(at_agent > HEARD_DB, "440 Hz at the agent: {at_agent:.1} dB");
    assert!(
        at_caller > HEARD_DB,
        "1000 Hz at the caller: {at_caller:.1} dB"
    );
    assert!(level(&called, 1_000.0) < UNHEARD_DB, "nobody hears himself");
    for call in [&calling, &called] {
        let packets = call.media.packets();
        rtp::check_continuity(&packets).unwrap();
        let expected = if std::ptr::eq(call, &calling) {
            outside
        } else {
            inside
        };
        assert!(
            packets
                .iter()
                .all(|packet| packet.payload_type == expected.payload_type())
        );
    }
}

#[test]
fn caller_and_agent_hear_each_other_in_a_law() {
    each_hears_the_other(Codec::Pcma, Codec::Pcma);
}

#[test]
fn caller_and_agent_hear_each_other_in_mu_law() {
    each_hears_the_other(Codec::Pcmu, Codec::Pcmu);
}

#[test]
fn an_a_law_caller_and_a_mu_law_agent_hear_each_other() {
    each_hears_the_other(Codec::Pcma, Codec::Pcmu);
}

#[test]
fn a_mu_law_caller_and_an_a_law_agent_hear_each_other() {
    each_hears_the_other(Codec::Pcmu, Codec::Pcma);
}

#[test]
fn the_callers_stream_is_one_from_the_welcome_through_music_conversation_and_hold_to_the_end() {
    let server = Server::demo();
    let caller = Phone::outside(&server, "+46701234567");
    let mut calling = caller.call(NUMBER);
    calling.expect_answer(SOON);
    calling
        .media
        .hear(&server.prompt("sv/queue-welcome"), 0, SOON);
    let agent = Phone::agent(&server, "anna");
    let mut called = agent.incoming(SOON);
    called.ring();
    calling.media.listen(A_WHILE);
    called.answer();
    called.media.play(Sound::Tone(440.0));
    wait_until_heard(&calling, 440.0);
    called.hold();
    calling.stands_for(A_WHILE);
    called.resume();
    wait_until_heard(&calling, 440.0);
    let packets = calling.media.packets();
    rtp::check_continuity(&packets).unwrap();
    let span = packets.last().unwrap().at - packets[0].at;
    let expected = span.as_millis() as f64 / 20.0;
    let part = packets.len() as f64 / expected;
    assert!(
        (0.97..1.03).contains(&part),
        "{} packets in {span:?}",
        packets.len()
    );
    called.hang_up();
    calling.expect_bye(SOON);
}

#[test]
fn there_is_sound_at_every_moment_of_the_wait() {
    let server = Server::demo();
    let caller = Phone::outside(&server, "+46701234567");
    let mut calling = caller.call(NUMBER);
    calling.expect_answer(SOON);
    calling
        .media
        .hear(&server.prompt("sv/queue-first"), 0, Duration::from_secs(15));
    let packets = calling.media.listen_from(0, Duration::from_secs(14));
    rtp::check_continuity(&packets).unwrap();
    let heard = rtp::samples(&packets);
    for (second, part) in heard.chunks_exact(sound::RATE).enumerate() {
        let loudness = sound::loudness_db(part);
        assert!(loudness > -45.0, "second {second}: {loudness:.0} dB");
    }
}

#[test]
fn keys_pressed_on_one_side_reach_the_other() {
    let server = Server::demo();
    let (_caller, calling, _agent, called) = conversation(&server, Codec::Pcma, Codec::Pcmu);
    // Sound first, so that the server knows where it comes from.
    for call in [&calling, &called] {
        call.media.listen(Duration::from_millis(300));
    }
    for (from, to, keys) in [
        (&calling, &called, [1, 2, 11]),
        (&called, &calling, [9, 0, 10]),
    ] {
        let before = to.media.count();
        for key in keys {
            from.media.press(key, Duration::from_millis(100));
        }
        let events = to
            .theirs
            .as_ref()
            .unwrap()
            .events
            .expect("telephone events were agreed");
        let packets = to.media.listen_from(before, Duration::from_millis(1_200));
        assert_eq!(rtp::digits(&packets, events), keys);
        rtp::check_continuity(&to.media.packets()).unwrap();
    }
}

#[test]
fn a_call_held_and_resumed_by_the_agent_keeps_its_sound() {
    hold_keeps_the_call(Side::Agent);
}

#[test]
fn a_call_held_and_resumed_by_the_caller_keeps_its_sound() {
    hold_keeps_the_call(Side::Caller);
}

#[derive(PartialEq)]
enum Side {
    Caller,
    Agent,
}

fn hold_keeps_the_call(side: Side) {
    let server = Server::demo();
    let (_caller, mut calling, _agent, mut called) =
        conversation(&server, Codec::Pcma, Codec::Pcma);
    let (holder, held) = match side {
        Side::Caller => (&mut calling, &mut called),
        Side::Agent => (&mut called, &mut calling),
    };
    holder.media.play(Sound::Tone(440.0));
    held.media.play(Sound::Tone(1_000.0));
    for _ in 0..2 {
        holder.hold();
        held.stands_for(A_WHILE);
        assert!(
            level(held, 440.0) < UNHEARD_DB,
            "one who is held hears nothing of the holder"
        );
        holder.resume();
        held.stands_for(Duration::from_millis(200));
        wait_until_heard(held, 440.0);
        wait_until_heard(holder, 1_000.0);
    }
    rtp::check_continuity(&held.media.packets()).unwrap();
    holder.hang_up();
    held.expect_bye(SOON);
}

// Changes: queues.first_message, queues.repeated, queues.repeat_every
#[test]
fn the_place_spoken_is_the_true_one_also_when_it_is_twenty_one() {
    let server = Setup::demo()
        .set("queues.support.first_message", "\"none\"")
        .set("queues.support.repeated", "[]")
        .set("queues.support.repeat_every", "\"3s\"")
        .start();
    let plan = Plan {
        total: 20,
        per_second: 100.0,
        hold: None,
        ring: Duration::ZERO,
    };
    let nowhere = "127.0.0.1:9".parse().unwrap();
    let mut ahead = Generator::new(
        server.sip(),
        Route::Trunk {
            number: NUMBER.to_owned(),
        },
        nowhere,
    );
    assert_eq!(ahead.run(&plan).answered, 20);
    let caller = Phone::outside(&server, "+46701234567");
    let mut calling = caller.call(NUMBER);
    calling.expect_answer(SOON);
    let said = |from: usize| {
        let intro = server.prompt("sv/queue-position-is");
        let at = calling.media.hear(&intro, from, Duration::from_secs(12)).at;
        let start = from + (at + intro.len()) / sound::FRAME - 5;
        let heard = rtp::samples(
            &calling
                .media
                .listen_from(start, Duration::from_millis(1_500)),
        );
        let likeness = |number: &usize| {
            (sound::recognise(&heard, &server.prompt(&format!("sv/number-{number}"))).likeness
                * 1e6) as u64
        };
        (0..100).max_by_key(likeness).unwrap()
    };
    assert_eq!(said(0), 21);
    let before = calling.media.count();
    assert_eq!(ahead.hang_up_all().ended, 20);
    assert_eq!(said(before), 1);
}

// Changes: queues.language
#[test]
fn an_english_queue_speaks_english() {
    let server = Setup::demo()
        .set("queues.support.language", "\"en\"")
        .set("queues.support.first_message", "\"none\"")
        .start();
    let caller = Phone::outside(&server, "+46701234567");
    let mut calling = caller.call(NUMBER);
    calling.expect_answer(SOON);
    Hearing::of(&server, &calling)
        .says(&["en/queue-welcome"])
        .says(&["en/queue-position-is", "en/number-1"]);
}

// Changes: queues.answer
#[test]
fn a_queue_may_play_early_media_and_answer_when_its_agent_does() {
    let server = Setup::demo()
        .set("queues.support.answer", "\"when-agent-answers\"")
        .start();
    let caller = Phone::outside(&server, "+46701234567");
    let mut calling = caller.call(NUMBER);
    calling.expect_provisional(183, SOON);
    calling
        .media
        .hear(&server.prompt("sv/queue-welcome"), 0, SOON);
    let agent = Phone::agent(&server, "anna");
    let mut called = agent.incoming(SOON);
    called.answer_without_ack();
    calling.expect_answer(SOON);
    called.expect_request("ACK", SOON);
    called.media.play(Sound::Tone(440.0));
    wait_until_heard(&calling, 440.0);
    rtp::check_continuity(&calling.media.packets()).unwrap();
    calling.hang_up();
    called.expect_bye(SOON);
}

#[test]
fn rtp_from_strangers_is_not_heard() {
    let server = Server::demo();
    let (_caller, calling, _agent, called) = conversation(&server, Codec::Pcma, Codec::Pcma);
    calling.media.play(Sound::Tone(440.0));
    wait_until_heard(&called, 440.0);
    let stranger = tests::rtp::Media::open([127, 0, 0, 1].into());
    stranger.play(Sound::Tone(1_000.0));
    stranger.aim(calling.media.target());
    // For longer than what is measured of the caller first.
    assert!(level(&called, 440.0) > HEARD_DB);
    assert!(level(&called, 1_000.0) < UNHEARD_DB);
    assert_eq!(stranger.count(), 0, "and strangers are sent nothing");
    rtp::check_continuity(&called.media.packets()).unwrap();
}
