//! The engine with real sockets on loopback: what a phone hears and what it can't do.

#![allow(clippy::unwrap_used)]

mod phone;

use base::{CallId, LegId, ShardId};
use media::{MediaConfig, MediaEngine, OpenError, Prompt, Prompts};
use media_core::{Codec, Command, Direction, Event, Playlist, PromptId, Session, StreamPlan, Then};
use phone::{Phone, goertzel_share};
use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const CALL: CallId = CallId {
    shard: ShardId(0),
    slot: 1,
    generation: 0,
};
/// A call whose sessions another of two threads has.
const OTHER_CALL: CallId = CallId {
    shard: ShardId(0),
    slot: 2,
    generation: 0,
};
/// Nothing in these tests takes this long; waiting ends earlier when what is awaited is there.
const PATIENCE: Duration = Duration::from_secs(10);

struct Bench {
    engine: MediaEngine,
    events: Receiver<Event>,
}

impl Bench {
    fn new(ports: RangeInclusive<u16>) -> Bench {
        Bench::on_threads(ports, 1)
    }

    fn on_threads(ports: RangeInclusive<u16>, threads: usize) -> Bench {
        let (sender, events) = channel();
        let config = MediaConfig {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            ports,
            threads,
        };
        let engine = MediaEngine::start(config, Arc::new(prompts()), move |event| {
            let _ = sender.send(event);
        })
        .unwrap();
        Bench { engine, events }
    }

    /// A leg and its phone, agreed on `codec`.
    fn leg(&self, slot: u32, codec: Codec) -> (LegId, Phone) {
        self.leg_of(CALL, slot, codec)
    }

    fn leg_of(&self, call: CallId, slot: u32, codec: Codec) -> (LegId, Phone) {
        let leg = LegId {
            shard: ShardId(0),
            slot,
            generation: 0,
        };
        let plan = StreamPlan {
            ssrc: 1_000 + slot,
            first_sequence: 65_500,
            first_timestamp: u32::MAX - 3_000,
        };
        let server = self.engine.open(&Session { leg, call, plan }).unwrap();
        let phone = Phone::new(server, codec, slot);
        let agreed = Command::SetRemote(phone.remote(Direction::SendRecv));
        self.engine.command(call, leg, agreed).unwrap();
        (leg, phone)
    }

    fn tell(&self, leg: LegId, command: Command) {
        self.engine.command(CALL, leg, command).unwrap();
    }

    fn play(&self, leg: LegId, token: u32, prompts: &[&str], music: Option<&str>) {
        let playlist = Playlist {
            token,
            prompts: prompts.iter().map(|name| PromptId::new(name)).collect(),
            then: music.map_or(Then::Silence, |name| Then::Music(PromptId::new(name))),
        };
        self.tell(leg, Command::Play(playlist));
    }

    fn event(&self) -> Event {
        self.events
            .recv_timeout(PATIENCE)
            .expect("an event was due")
    }

    fn until(&self, what: &str, condition: impl Fn(&media::Stats) -> bool) {
        let start = Instant::now();
        while !condition(&self.engine.stats()) {
            assert!(
                start.elapsed() < PATIENCE,
                "never: {what}; {:?}",
                self.engine.stats()
            );
            std::thread::yield_now();
        }
    }
}

/// `welcome` is 300 Hz, 0.2 s; `music` is 1,000 Hz, a second; `later` 2,000 Hz.
fn prompts() -> Prompts {
    [
        ("welcome", 300.0, 1_600),
        ("music", 1_000.0, 8_000),
        ("later", 2_000.0, 1_600),
    ]
    .into_iter()
    .map(|(name, hertz, samples)| {
        (
            PromptId::new(name),
            Prompt::from_linear(&phone::tone(hertz, samples)),
        )
    })
    .collect()
}

#[test]
fn welcome_music_bridge_hold_resume_and_a_third_party_are_one_stream_to_the_caller() {
    let bench = Bench::new(31_100..=31_119);
    let (caller, mut phone) = bench.leg(1, Codec::Pcma);
    let (agent, mut desk) = bench.leg(2, Codec::Pcma);
    let (third, mut other) = bench.leg(3, Codec::Pcmu);

    bench.play(caller, 7, &["welcome"], Some("music"));
    let mut stream = phone.hear(30);
    assert_eq!(
        bench.event(),
        Event::Played {
            leg: caller,
            token: 7
        }
    );
    assert!(
        goertzel_share(&stream.linear(2..9, Codec::Pcma), 300.0) > 0.9,
        "the welcome is heard first"
    );
    assert!(
        goertzel_share(&stream.linear(12..28, Codec::Pcma), 1_000.0) > 0.9,
        "then the music"
    );

    bench.tell(caller, Command::Bridge { with: agent });
    // The agent talks, and the caller hears him.
    stream.append(phone::converse(&mut phone, &mut desk, 440.0, 25));
    assert!(goertzel_share(&stream.last_linear(10, Codec::Pcma), 440.0) > 0.9);

    // The caller is put on hold with music, and comes back.
    bench.play(caller, 8, &[], Some("music"));
    stream.append(phone.hear(10));
    assert!(goertzel_share(&stream.last_linear(5, Codec::Pcma), 1_000.0) > 0.9);
    bench.tell(caller, Command::Bridge { with: agent });
    stream.append(phone::converse(&mut phone, &mut desk, 440.0, 15));

    // And is transferred to a third party with the other codec.
    bench.tell(caller, Command::Bridge { with: third });
    stream.append(phone::converse(&mut phone, &mut other, 600.0, 25));
    assert!(
        goertzel_share(&stream.last_linear(10, Codec::Pcma), 600.0) > 0.9,
        "transcoded from µ-law"
    );

    stream.assert_one_stream(1_001, 65_500, u32::MAX - 3_000);
    // How many that is depends on how much of what the caller heard was silence filled in.
    let spoken = desk.sent + other.sent;
    assert!(spoken > 0);
    bench.until("all that the two said to have been taken", |stats| {
        stats.packets_received == spoken
    });
}

#[test]
fn a_session_goes_to_another_thread_and_back_and_to_its_phone_is_one_stream() {
    let bench = Bench::on_threads(31_460..=31_479, 2);
    let (caller, mut phone) = bench.leg_of(OTHER_CALL, 1, Codec::Pcma);
    let (agent, mut desk) = bench.leg(2, Codec::Pcmu);
    let tell_caller = |call, command| bench.engine.command(call, caller, command).unwrap();
    let music = || {
        Command::Play(Playlist {
            token: 0,
            prompts: Vec::new(),
            then: Then::Music(PromptId::new("music")),
        })
    };

    tell_caller(OTHER_CALL, music());
    let mut stream = phone.hear(15);
    // It goes, and what is said to it at once waits for it there.
    tell_caller(OTHER_CALL, Command::MoveTo { home: CALL });
    bench.tell(agent, Command::Bridge { with: caller });
    tell_caller(CALL, Command::Bridge { with: agent });
    stream.append(phone::converse(&mut phone, &mut desk, 440.0, 25));
    assert!(goertzel_share(&stream.last_linear(10, Codec::Pcma), 440.0) > 0.9);
    desk.forget();
    let heard = phone::converse(&mut desk, &mut phone, 700.0, 20);
    assert!(goertzel_share(&heard.last_linear(10, Codec::Pcmu), 700.0) > 0.9);
    phone.forget();

    // There and back and there again, faster than any thread could follow.
    tell_caller(CALL, Command::MoveTo { home: OTHER_CALL });
    tell_caller(OTHER_CALL, Command::MoveTo { home: CALL });
    tell_caller(CALL, Command::MoveTo { home: OTHER_CALL });
    tell_caller(OTHER_CALL, music());
    let heard = phone.hear(20);
    assert!(goertzel_share(&heard.last_linear(8, Codec::Pcma), 1_000.0) > 0.9);
    assert_eq!(heard.last().ssrc, 1_001);
    assert_eq!(bench.engine.stats().legs_unknown, 0);

    // Closed while it is on its way, it is closed.
    tell_caller(OTHER_CALL, Command::MoveTo { home: CALL });
    tell_caller(CALL, Command::Close);
    bench.tell(agent, Command::Close);
    bench.until("no session and no ports", |stats| {
        stats.sessions == 0 && stats.pairs_in_use == 0
    });
    stream.assert_one_stream(1_001, 65_500, u32::MAX - 3_000);
}

#[test]
fn both_sides_of_a_bridge_hear_each_other_also_across_codecs() {
    let bench = Bench::new(31_120..=31_139);
    let (one, mut anna) = bench.leg(1, Codec::Pcma);
    let (two, mut bosse) = bench.leg(2, Codec::Pcmu);
    bench.tell(one, Command::Bridge { with: two });
    let heard_by_anna = phone::converse(&mut anna, &mut bosse, 440.0, 20);
    assert!(goertzel_share(&heard_by_anna.last_linear(10, Codec::Pcma), 440.0) > 0.9);
    // The silence he was sent while she listened is not of interest.
    bosse.forget();
    let heard_by_bosse = phone::converse(&mut bosse, &mut anna, 700.0, 25);
    assert!(goertzel_share(&heard_by_bosse.last_linear(10, Codec::Pcmu), 700.0) > 0.9);
}

#[test]
fn a_key_is_passed_on_under_one_timestamp_and_reported_once() {
    let bench = Bench::new(31_140..=31_159);
    let (one, mut anna) = bench.leg(1, Codec::Pcma);
    let (two, mut bosse) = bench.leg(2, Codec::Pcma);
    bench.tell(one, Command::Bridge { with: two });
    phone::converse(&mut bosse, &mut anna, 440.0, 5);
    anna.press(11, 5);
    let mut events = Vec::new();
    while events.len() < 7 {
        let packet = bosse.receive();
        if packet.payload_type == bosse.event_payload_type() {
            events.push(packet);
        }
    }
    assert!(
        events
            .iter()
            .all(|event| event.timestamp == events[0].timestamp),
        "{events:?}"
    );
    assert!(
        events
            .windows(2)
            .all(|pair| pair[1].sequence == pair[0].sequence.wrapping_add(1))
    );
    assert_eq!(
        bench.event(),
        Event::Digit {
            leg: one,
            digit: '#'
        }
    );
    assert!(bench.events.try_recv().is_err(), "one digit a press");
}

#[test]
fn packets_from_elsewhere_reach_nobody_once_the_party_is_known() {
    let bench = Bench::new(31_160..=31_179);
    let (one, mut anna) = bench.leg(1, Codec::Pcma);
    let (two, mut bosse) = bench.leg(2, Codec::Pcma);
    bench.tell(one, Command::Bridge { with: two });
    phone::converse(&mut bosse, &mut anna, 440.0, 3);
    let mut attacker = Phone::new(anna.server(), Codec::Pcma, 66);
    for _ in 0..500 {
        attacker.send(&[0x2A; 160]);
    }
    let heard = phone::converse(&mut bosse, &mut anna, 440.0, 20);
    let leaked = heard
        .payloads()
        .filter(|payload| *payload == [0x2A; 160])
        .count();
    assert_eq!(leaked, 0);
    assert!(goertzel_share(&heard.last_linear(10, Codec::Pcma), 440.0) > 0.9);
}

#[test]
fn before_the_party_is_known_a_spray_leaks_nothing_and_does_not_keep_it_out() {
    let bench = Bench::new(31_180..=31_199);
    let (one, mut anna) = bench.leg(1, Codec::Pcma);
    let (two, mut bosse) = bench.leg(2, Codec::Pcma);
    bench.tell(one, Command::Bridge { with: two });
    bosse.hear(1);
    let mut attacker = Phone::new(anna.server(), Codec::Pcma, 66);
    for n in 0..100u16 {
        attacker.sequence = attacker.sequence.wrapping_add(n * 37 + 11);
        attacker.send(&[0x2A; 160]);
    }
    bench.until("the spray to be dropped", |stats| {
        stats.packets_foreign >= 100
    });
    let heard = phone::converse(&mut bosse, &mut anna, 440.0, 20);
    assert_eq!(
        heard
            .payloads()
            .filter(|payload| *payload == [0x2A; 160])
            .count(),
        0
    );
    assert!(goertzel_share(&heard.last_linear(10, Codec::Pcma), 440.0) > 0.9);
}

#[test]
fn rubbish_is_ignored_and_counted() {
    let bench = Bench::new(31_200..=31_219);
    let (leg, mut phone) = bench.leg(1, Codec::Pcma);
    for length in 0..64usize {
        phone.send_raw(&vec![length as u8 * 3; length]);
    }
    phone.send_raw(&[0x80; 1_400]);
    phone.send_rtcp(&[0x81, 203, 0, 1, 0, 0, 0, 7]);
    phone.send_rtcp(b"not a report");
    bench.until("rubbish to be counted", |stats| {
        stats.packets_dropped >= 60 && stats.rtcp_invalid >= 2
    });
    bench.play(leg, 1, &["welcome", "no such prompt"], None);
    assert_eq!(bench.event(), Event::Played { leg, token: 1 });
    assert_eq!(bench.engine.stats().prompts_missing, 1);
    phone.hear(3);
}

#[test]
fn a_closed_session_says_goodbye_and_gives_its_ports_back_last_in_line() {
    let bench = Bench::new(31_220..=31_223);
    let (leg, mut phone) = bench.leg(1, Codec::Pcma);
    let (_kept, _) = bench.leg(2, Codec::Pcma);
    let session = Session {
        leg: LegId {
            shard: ShardId(0),
            slot: 9,
            generation: 0,
        },
        call: CALL,
        plan: StreamPlan {
            ssrc: 1,
            first_sequence: 1,
            first_timestamp: 1,
        },
    };
    assert!(matches!(
        bench.engine.open(&session),
        Err(OpenError::NoPort { pairs: 2 })
    ));
    phone.hear(2);
    bench.tell(leg, Command::Close);
    let report = phone.receive_rtcp();
    assert_eq!(report[1], 200, "a sender report");
    assert!(report.windows(2).any(|pair| pair == [0x81, 203]), "and BYE");
    bench.until("the ports to be free", |stats| {
        stats.pairs_in_use == 1 && stats.sessions == 1
    });
    assert_eq!(bench.engine.open(&session).unwrap(), phone.server());
    bench.engine.shutdown();
    assert_eq!(bench.engine.stats().pairs_in_use, 0);
    assert!(bench.engine.command(CALL, leg, Command::Close).is_err());
}

#[test]
fn a_party_that_holds_us_is_sent_nothing_until_it_resumes() {
    let bench = Bench::new(31_240..=31_259);
    let (leg, mut phone) = bench.leg(1, Codec::Pcma);
    let first = phone.hear(3);
    bench.tell(leg, Command::SetRemote(phone.remote(Direction::RecvOnly)));
    phone.wait_for_quiet();
    let before = Instant::now();
    assert!(!phone.hears_within(Duration::from_millis(200)));
    bench.tell(leg, Command::SetRemote(phone.remote(Direction::SendRecv)));
    let back = phone.receive();
    let quiet_ms = before.elapsed().as_millis() as u32;
    let last = first.last();
    let gap_ms = back.timestamp.wrapping_sub(last.timestamp) / 8;
    assert!(
        (quiet_ms.saturating_sub(40)..quiet_ms + 150).contains(&gap_ms),
        "{gap_ms} ms of {quiet_ms}"
    );
    assert!(
        back.sequence.wrapping_sub(last.sequence) < 5,
        "time passed, no packet was lost"
    );
}

#[test]
fn replaced_prompts_are_heard_in_the_next_playlist_and_not_in_the_one_playing() {
    let bench = Bench::new(31_260..=31_279);
    let (leg, mut phone) = bench.leg(1, Codec::Pcmu);
    bench.play(leg, 1, &[], Some("music"));
    phone.hear(5);
    let new: Prompts = [(
        PromptId::new("music"),
        Prompt::from_linear(&phone::tone(500.0, 8_000)),
    )]
    .into_iter()
    .collect();
    bench.engine.replace_prompts(Arc::new(new));
    let heard = phone.hear(10);
    assert!(goertzel_share(&heard.last_linear(8, Codec::Pcmu), 1_000.0) > 0.9);
    bench.play(leg, 2, &[], Some("music"));
    let heard = phone.hear(15);
    assert!(goertzel_share(&heard.last_linear(8, Codec::Pcmu), 500.0) > 0.9);
}

#[test]
fn a_phone_behind_address_translation_is_found_where_it_sends_from() {
    let bench = Bench::new(31_280..=31_299);
    let (leg, phone) = bench.leg(1, Codec::Pcma);
    let mut moved = Phone::new(phone.server(), Codec::Pcma, 8);
    // It says the first phone's address in its SDP and sends from another.
    bench.tell(leg, Command::SetRemote(phone.remote(Direction::SendRecv)));
    for _ in 0..5 {
        moved.send(&[0xD5; 160]);
    }
    let heard = moved.hear(3);
    assert_eq!(heard.last().ssrc, 1_001);
}

#[test]
fn a_phone_that_moves_by_a_new_sdp_is_heard_and_sent_to_at_its_new_address_alone() {
    let bench = Bench::new(31_300..=31_319);
    let (one, mut anna) = bench.leg(1, Codec::Pcma);
    let (two, mut bosse) = bench.leg(2, Codec::Pcma);
    bench.tell(one, Command::Bridge { with: two });
    let mut stream = phone::converse(&mut bosse, &mut anna, 440.0, 10);
    anna.send_tone(440.0);
    let mut mobile = Phone::new(anna.server(), Codec::Pcmu, 5);
    bench.tell(one, Command::SetRemote(mobile.remote(Direction::SendRecv)));
    anna.wait_for_quiet();
    for _ in 0..20 {
        anna.send(&[0x2A; 160]);
    }
    stream.append(phone::converse(&mut bosse, &mut mobile, 900.0, 40));
    assert!(goertzel_share(&stream.last_linear(10, Codec::Pcma), 900.0) > 0.9);
    let stale = stream
        .payloads()
        .filter(|payload| *payload == [0x2A; 160])
        .count();
    assert_eq!(stale, 0, "the old address is a stranger now");
    mobile.hear(1);
}

#[test]
fn calls_on_different_threads_each_bridge_within_their_own() {
    let bench = Bench::on_threads(31_320..=31_339, 2);
    let legs: Vec<(CallId, LegId, Phone)> = (0..4)
        .map(|slot| {
            let call = CallId {
                slot: slot / 2,
                ..CALL
            };
            let leg = LegId {
                shard: ShardId(0),
                slot,
                generation: 0,
            };
            let plan = StreamPlan {
                ssrc: slot,
                first_sequence: 0,
                first_timestamp: 0,
            };
            let server = bench.engine.open(&Session { leg, call, plan }).unwrap();
            let phone = Phone::new(server, Codec::Pcmu, slot);
            let remote = phone.remote(Direction::SendRecv);
            bench
                .engine
                .command(call, leg, Command::SetRemote(remote))
                .unwrap();
            (call, leg, phone)
        })
        .collect();
    for pair in legs.chunks(2) {
        let bridge = Command::Bridge { with: pair[1].1 };
        bench.engine.command(pair[0].0, pair[0].1, bridge).unwrap();
    }
    let mut phones: Vec<Phone> = legs.into_iter().map(|(_, _, phone)| phone).collect();
    for (pair, hertz) in phones.chunks_mut(2).zip([500.0, 1_200.0]) {
        let (talker, listener) = pair.split_at_mut(1);
        listener[0].forget();
        let heard = phone::converse(&mut listener[0], &mut talker[0], hertz, 25);
        assert!(goertzel_share(&heard.last_linear(10, Codec::Pcmu), hertz.into()) > 0.9);
    }
    bench.until("both threads to count", |stats| stats.sessions == 4);
    bench.engine.shutdown();
    assert_eq!(bench.engine.stats().pairs_in_use, 0);
}

#[test]
fn prompts_that_take_longer_than_two_minutes_are_told_of_as_they_begin() {
    let bench = Bench::new(31_550..=31_559);
    let (leg, _phone) = bench.leg(1, Codec::Pcma);
    bench.play(leg, 1, &["welcome"; 600], None);
    bench.play(leg, 2, &["welcome"; 601], None);
    let span = Duration::from_millis(601 * 200);
    assert_eq!(
        bench.event(),
        Event::Lasts { leg, span },
        "two minutes are not"
    );
}

#[test]
fn what_a_party_says_is_recorded_and_heard_by_it_and_given_out_until_it_leaves() {
    let bench = Bench::new(31_340..=31_349);
    let (leg, mut phone) = bench.leg(1, Codec::Pcmu);
    assert_eq!(bench.engine.recording(CALL, leg).recv().unwrap(), None);
    bench.play(leg, 1, &["welcome"], None);
    phone.hear(10);
    // Its end is told in the slot after its last packet.
    assert_eq!(bench.event(), Event::Played { leg, token: 1 });
    bench.tell(leg, Command::Record { token: 2 });
    for _ in 0..30 {
        phone.send_tone(700.0);
    }
    let taken = |stats: &media::Stats| stats.packets_received >= 30;
    bench.until("all that was said to be taken", taken);
    bench.tell(leg, Command::StopRecording);
    let length = Duration::from_millis(600);
    assert_eq!(
        bench.event(),
        Event::Recorded {
            leg,
            token: 2,
            length
        }
    );

    let recording = bench.engine.recording(CALL, leg).recv().unwrap().unwrap();
    assert_eq!(recording.frames(), 30);
    assert_eq!(recording.to_wav().len(), 44 + 30 * 320);
    phone.forget();
    bench.play(leg, 3, &[media_core::OWN_RECORDING], None);
    assert_eq!(bench.event(), Event::Played { leg, token: 3 });
    let heard = phone.hear(30).linear(5..28, Codec::Pcmu);
    assert!(goertzel_share(&heard, 700.0) > 0.9);
    bench.tell(leg, Command::Close);
    assert_eq!(bench.engine.recording(CALL, leg).recv().unwrap(), None);
}

#[test]
fn a_thread_that_records_as_many_as_it_may_ends_one_more_at_once_with_nothing() {
    let bench = Bench::new(31_350..=31_449);
    let mut phones = Vec::new();
    for slot in 1..=33 {
        let (leg, phone) = bench.leg(slot, Codec::Pcma);
        phones.push(phone);
        bench.tell(leg, Command::Record { token: slot });
    }
    let leg = LegId {
        shard: ShardId(0),
        slot: 33,
        generation: 0,
    };
    assert_eq!(
        bench.event(),
        Event::Recorded {
            leg,
            token: 33,
            length: Duration::ZERO
        }
    );
}
