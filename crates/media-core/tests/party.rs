//! A party hears one unbroken stream through a whole call: prompts, music, another party, hold, a third.

#![allow(clippy::unwrap_used)]

use base::{LegId, ShardId, Time};
use media_core::packet::{HEADER_BYTES, Header, Packet};
use media_core::{
    Clips, Codec, Direction, Dropped, Lengths, OWN_PACKET_BYTES, Party, Playlist, PromptId, Remote,
    ReportDue, StreamPlan, Then, Ticked,
};
use proptest::prelude::*;
use std::net::SocketAddr;

const PLAN: StreamPlan = StreamPlan {
    ssrc: 77,
    first_sequence: 65_530,
    first_timestamp: u32::MAX - 100,
};
const PHONE_SSRC: u32 = 1_234;

/// Clip 0 is a loud tone of three frames that starts and ends at zero; clip 1 one of a second whose frames
/// begin at all phases. Both in either codec.
struct Tones([[Vec<u8>; 2]; 2]);

impl Tones {
    fn new() -> Tones {
        let tone = |hertz: f32, samples: usize| {
            [Codec::Pcma, Codec::Pcmu].map(|codec| {
                let phase = |n: usize| std::f32::consts::TAU * hertz * n as f32 / 8_000.0;
                (0..samples)
                    .map(|n| codec.encode_sample((phase(n).sin() * 12_000.0) as i16))
                    .collect()
            })
        };
        Tones([tone(400.0, 480), tone(410.0, 8_000)])
    }
}

impl Clips for Tones {
    fn frame(&self, clip: usize, frame: u32, codec: Codec) -> Option<&[u8]> {
        let start = frame as usize * 160;
        self.0.get(clip)?[codec as usize].get(start..start + 160)
    }
}

struct Silence;

impl Clips for Silence {
    fn frame(&self, _: usize, _: u32, _: Codec) -> Option<&[u8]> {
        None
    }
}

/// A party that is saved, dropped and loaded before each step beside one that is not.
struct Desk {
    plain: Party,
    saved: Party,
    sent: Vec<(u64, Packet, Vec<u8>)>,
    played: Vec<(u64, u32)>,
}

impl Desk {
    fn new(remote: Remote) -> Desk {
        let mut desk = Desk {
            plain: Party::new(leg(1), PLAN),
            saved: Party::new(leg(1), PLAN),
            sent: Vec::new(),
            played: Vec::new(),
        };
        desk.step(|party| party.set_remote(Time::ZERO, remote.clone()));
        desk
    }

    fn step<T: PartialEq + std::fmt::Debug>(&mut self, mut step: impl FnMut(&mut Party) -> T) -> T {
        self.saved = postcard::from_bytes(&postcard::to_stdvec(&self.saved).unwrap()).unwrap();
        let (one, two) = (step(&mut self.plain), step(&mut self.saved));
        assert_eq!((&one, &self.plain), (&two, &self.saved));
        one
    }

    fn tick(&mut self, ms: u64, clips: &impl Clips) {
        let (ticked, bytes) = self.step(|party| {
            let mut bytes = [0; OWN_PACKET_BYTES];
            let ticked = party.tick(Time::from_millis(ms), clips, &mut bytes);
            (ticked, bytes.to_vec())
        });
        if ticked.bytes > 0 {
            self.keep(ms, &bytes[..ticked.bytes]);
        }
        self.played.extend(ticked.played.map(|token| (ms, token)));
    }

    /// What `other` sent at `ms` is passed on to this party.
    fn hear(&mut self, ms: u64, other: &mut Party, codec: Codec, datagram: &[u8]) {
        let now = Time::from_millis(ms);
        let received = other.receive(now, phone(2), datagram).unwrap();
        let part = self.step(|party| {
            let mut bytes = datagram.to_vec();
            party
                .forward(now, &received, codec, &mut bytes)
                .map(|part| bytes[part].to_vec())
        });
        if let Some(part) = part {
            self.keep(ms, &part);
        }
    }

    fn keep(&mut self, ms: u64, bytes: &[u8]) {
        let packet = Packet::parse(bytes).unwrap();
        let payload = bytes[packet.payload.clone()].to_vec();
        self.sent.push((ms, packet, payload));
    }

    /// Every packet follows the one before: one SSRC, the next sequence number, the next timestamp.
    fn assert_seamless(&self) {
        for (n, (ms, packet, _)) in self.sent.iter().enumerate() {
            assert_eq!(packet.ssrc, PLAN.ssrc);
            assert_eq!(
                packet.sequence,
                PLAN.first_sequence.wrapping_add(n as u16),
                "at {ms} ms"
            );
            let timestamp = PLAN.first_timestamp.wrapping_add(n as u32 * 160);
            assert_eq!(packet.timestamp, timestamp, "at {ms} ms");
        }
    }

    /// The largest step from one sample to the next over all that was sent.
    fn largest_step(&self, codec: Codec) -> i32 {
        let samples: Vec<i32> = self
            .sent
            .iter()
            .flat_map(|(_, _, payload)| {
                payload
                    .iter()
                    .map(|byte| i32::from(codec.decode_sample(*byte)))
            })
            .collect();
        samples
            .windows(2)
            .map(|pair| (pair[0] - pair[1]).abs())
            .max()
            .unwrap_or(0)
    }
}

fn leg(slot: u32) -> LegId {
    LegId {
        shard: ShardId(0),
        slot,
        generation: 0,
    }
}

fn phone(number: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, number], 4_000))
}

fn remote(number: u8, codec: Codec) -> Remote {
    Remote {
        rtp: phone(number),
        codec,
        payload_type: codec_type(codec),
        event_payload_type: Some(100 + number),
        direction: Direction::SendRecv,
    }
}

fn codec_type(codec: Codec) -> u8 {
    match codec {
        Codec::Pcma => 8,
        Codec::Pcmu => 0,
    }
}

fn playlist(token: u32, prompts: usize, music: bool) -> (Playlist, Lengths) {
    let playlist = Playlist {
        token,
        prompts: (0..prompts)
            .map(|n| PromptId::new(&format!("sv/{n}")))
            .collect(),
        then: if music {
            Then::Music(PromptId::new("music/wait"))
        } else {
            Then::Silence
        },
    };
    let lengths = Lengths {
        prompts: vec![3; prompts],
        music: if music { 50 } else { 0 },
    };
    (playlist, lengths)
}

fn rtp(payload_type: u8, sequence: u16, timestamp: u32, payload: &[u8]) -> Vec<u8> {
    let header = Header {
        marker: false,
        payload_type,
        sequence,
        timestamp,
        ssrc: PHONE_SSRC,
    };
    let mut bytes = vec![0; HEADER_BYTES];
    header.write(bytes.first_chunk_mut().unwrap());
    bytes.extend_from_slice(payload);
    bytes
}

#[test]
fn welcome_music_bridge_silence_and_music_again_are_one_seamless_stream_without_a_click() {
    let tones = Tones::new();
    let mut desk = Desk::new(remote(1, Codec::Pcma));
    let (welcome, lengths) = playlist(1, 1, true);
    desk.step(|party| party.play(welcome.clone(), lengths.clone(), &Silence));
    for n in 0..30 {
        desk.tick(n * 20, &tones);
    }
    let mut other = Party::new(leg(2), PLAN);
    other.set_remote(Time::ZERO, remote(2, Codec::Pcma));
    desk.step(|party| party.bridge(leg(2), &tones));
    assert_eq!(desk.plain.bridged_with(), Some(leg(2)));
    // The music fades out; after that there is nothing to be sent before the other is heard.
    desk.tick(600, &Silence);
    for n in 0..20u64 {
        let voice = rtp(
            8,
            500 + n as u16,
            9_000 + n as u32 * 160,
            &[Codec::Pcma.silence(); 160],
        );
        desk.hear(620 + n * 20, &mut other, Codec::Pcma, &voice);
        desk.tick(625 + n * 20, &Silence);
    }
    let (again, lengths) = playlist(2, 0, true);
    desk.step(|party| party.play(again.clone(), lengths.clone(), &Silence));
    for n in 0..10 {
        desk.tick(1_020 + n * 20, &tones);
    }
    desk.assert_seamless();
    assert_eq!(desk.played, [(40, 1)]);
    // The tone's own steps are 12,000·2π·400/8,000 = 3,770; a seam without a fade would step by up to 21,000.
    let step = desk.largest_step(Codec::Pcma);
    assert!(step < 5_500, "a step of {step} is a click");
}

#[test]
fn a_pause_of_the_other_party_is_filled_with_silence_after_60_ms_in_its_own_time() {
    let mut desk = Desk::new(remote(1, Codec::Pcma));
    let mut other = Party::new(leg(2), PLAN);
    other.set_remote(Time::ZERO, remote(2, Codec::Pcma));
    desk.step(|party| party.bridge(leg(2), &Silence));
    let voice = |n: u16| rtp(8, n, u32::from(n) * 160, &[0x2A; 160]);
    desk.hear(5, &mut other, Codec::Pcma, &voice(1));
    for n in 1..20 {
        desk.tick(n * 20, &Silence);
    }
    desk.hear(385, &mut other, Codec::Pcma, &voice(2));
    let at: Vec<u64> = desk.sent.iter().map(|(ms, ..)| *ms).collect();
    assert_eq!(at[..3], [5, 80, 100]);
    for (n, (ms, packet, _)) in desk.sent.iter().enumerate() {
        assert_eq!(packet.sequence, PLAN.first_sequence.wrapping_add(n as u16));
        let time = i64::from(packet.timestamp.wrapping_sub(PLAN.first_timestamp)) / 8;
        assert!(
            (time - (*ms as i64 - 5)).abs() <= 20,
            "{time} ms of audio at {ms} ms"
        );
    }
    let filler = &desk.sent[1].2;
    assert_ne!(
        filler[0], 0xD5,
        "the first silence comes down from where the voice stopped"
    );
    assert_eq!(filler[60..], [0xD5; 100]);
}

#[test]
fn a_bridge_on_which_nobody_was_heard_sends_one_frame_soon_and_one_each_five_seconds() {
    let mut desk = Desk::new(remote(1, Codec::Pcma));
    let mut other = Party::new(leg(2), PLAN);
    other.set_remote(Time::ZERO, remote(2, Codec::Pcma));
    desk.step(|party| party.bridge(leg(2), &Silence));
    assert_eq!(desk.plain.quiet_until(), None);
    for n in 0..600 {
        desk.tick(n * 20, &Silence);
        let until = desk.plain.quiet_until().unwrap();
        assert!(until > Time::from_millis(n * 20), "{until:?} has passed");
    }
    let at: Vec<u64> = desk.sent.iter().map(|(ms, ..)| *ms).collect();
    assert_eq!(at, [200, 5_200, 10_200]);
    for (ms, packet, _) in &desk.sent {
        let time = packet.timestamp.wrapping_sub(PLAN.first_timestamp);
        assert_eq!(u64::from(time) / 8, ms - 200, "time passed between them");
    }
    let voice = rtp(8, 1, 0, &[0x2A; 160]);
    desk.hear(12_005, &mut other, Codec::Pcma, &voice);
    assert_eq!(desk.plain.quiet_until(), None);
    for n in 601..610 {
        desk.tick(n * 20, &Silence);
    }
    let at: Vec<u64> = desk.sent[3..].iter().map(|(ms, ..)| *ms).collect();
    assert_eq!(at, [12_005, 12_080, 12_100, 12_120, 12_140, 12_160, 12_180]);
}

#[test]
fn a_party_that_has_heard_us_gets_every_frame_until_the_other_is_heard() {
    let mut desk = Desk::new(remote(1, Codec::Pcma));
    desk.step(|party| party.silence(&Silence));
    desk.tick(0, &Silence);
    desk.step(|party| party.bridge(leg(2), &Silence));
    for n in 1..50 {
        desk.tick(n * 20, &Silence);
    }
    let stamps: Vec<u32> = desk
        .sent
        .iter()
        .map(|(_, packet, _)| packet.timestamp)
        .collect();
    assert_eq!(stamps.len(), 50);
    assert!(
        stamps
            .windows(2)
            .all(|two| two[1].wrapping_sub(two[0]) == 160)
    );
}

#[test]
fn what_a_party_would_do_at_a_tick_it_does_not_do_while_it_is_quiet() {
    let tones = Tones::new();
    let (music, lengths) = playlist(1, 1, true);
    let held = Remote {
        direction: Direction::RecvOnly,
        ..remote(1, Codec::Pcma)
    };
    type Step<'a> = &'a dyn Fn(&mut Party);
    let steps: [Step<'_>; 6] = [
        &|_| {},
        &|party| party.bridge(leg(2), &tones),
        &|party| party.play(music.clone(), lengths.clone(), &tones),
        &|party| party.bridge(leg(2), &tones),
        &|party| party.set_remote(Time::from_millis(20_000), held.clone()),
        &|party| party.silence(&tones),
    ];
    let mut party = Party::new(leg(1), PLAN);
    let mut quiet = 0;
    for (n, step) in steps.iter().enumerate() {
        step(&mut party);
        if n == 0 {
            assert_eq!(party.quiet_until(), Some(Time::NEVER));
            party.set_remote(Time::ZERO, remote(1, Codec::Pcma));
        }
        for tick in 0..250 {
            let now = Time::from_millis(n as u64 * 5_000 + tick * 20);
            let (before, until) = (party.clone(), party.quiet_until());
            let mut bytes = [0; OWN_PACKET_BYTES];
            let ticked = party.tick(now, &tones, &mut bytes);
            if until.is_some_and(|until| now < until) {
                quiet += 1;
                assert_eq!(ticked, Ticked::default());
                assert_eq!(party, before);
            }
        }
    }
    // Held, and the five seconds before there was anybody to send to; a bridge is quiet only before anything was sent.
    assert!(quiet > 400, "quiet at {quiet} ticks only");
}

#[test]
fn each_piece_of_music_goes_on_where_the_session_left_it() {
    struct Numbered;
    impl Clips for Numbered {
        fn frame(&self, clip: usize, frame: u32, _: Codec) -> Option<&[u8]> {
            static FRAMES: [[u8; 160]; 256] = {
                let mut frames = [[0; 160]; 256];
                let mut n = 0;
                while n < 256 {
                    frames[n] = [n as u8; 160];
                    n += 1;
                }
                frames
            };
            FRAMES
                .get(clip * 100 + frame as usize)
                .map(|frame| &frame[..])
        }
    }
    let mut desk = Desk::new(remote(1, Codec::Pcma));
    let (music, lengths) = playlist(1, 0, true);
    desk.step(|party| party.play(music.clone(), lengths.clone(), &Silence));
    for n in 0..7 {
        desk.tick(n * 20, &Numbered);
    }
    let (message, message_lengths) = playlist(2, 1, true);
    desk.step(|party| party.play(message.clone(), message_lengths.clone(), &Numbered));
    for n in 7..12 {
        desk.tick(n * 20, &Numbered);
    }
    let last = &desk.sent[11].2;
    assert_eq!(
        last[0],
        100 + 8,
        "music frames 0 to 6, three of the message, 7 and 8"
    );
    assert_eq!(desk.played, [(180, 2)]);
}

#[test]
fn while_the_party_holds_us_nothing_is_sent_and_time_goes_on() {
    let tones = Tones::new();
    let mut desk = Desk::new(remote(1, Codec::Pcmu));
    desk.tick(0, &Silence);
    let held = Remote {
        direction: Direction::RecvOnly,
        ..remote(1, Codec::Pcmu)
    };
    desk.step(|party| party.set_remote(Time::from_millis(10), held.clone()));
    let (prompt, lengths) = playlist(9, 1, false);
    desk.step(|party| party.play(prompt.clone(), lengths.clone(), &Silence));
    for n in 1..50 {
        desk.tick(n * 20, &tones);
    }
    assert_eq!(desk.sent.len(), 1);
    assert_eq!(
        desk.played,
        [(60, 9)],
        "a prompt that is not heard still comes to its end"
    );
    desk.step(|party| party.set_remote(Time::from_millis(990), remote(1, Codec::Pcmu)));
    desk.tick(1_000, &Silence);
    let resumed = &desk.sent[1].1;
    assert_eq!(resumed.sequence, PLAN.first_sequence.wrapping_add(1));
    assert_eq!(resumed.timestamp.wrapping_sub(PLAN.first_timestamp), 8_000);
    assert!(resumed.marker);
}

#[test]
fn a_playlist_waits_for_the_first_answer_and_is_then_heard_from_its_start() {
    let tones = Tones::new();
    let mut desk = Desk::new(remote(1, Codec::Pcma));
    desk.plain = Party::new(leg(1), PLAN);
    desk.saved = desk.plain.clone();
    let (prompt, lengths) = playlist(3, 1, false);
    desk.step(|party| party.play(prompt.clone(), lengths.clone(), &Silence));
    for n in 0..10 {
        desk.tick(n * 20, &tones);
    }
    assert_eq!((desk.sent.len(), desk.played.len()), (0, 0));
    desk.step(|party| party.set_remote(Time::from_millis(200), remote(1, Codec::Pcma)));
    for n in 10..14 {
        desk.tick(n * 20, &tones);
    }
    assert_eq!(desk.played, [(240, 3)]);
    assert_eq!(desk.sent[0].2, tones.frame(0, 0, Codec::Pcma).unwrap());
}

#[test]
fn audio_is_transcoded_only_where_codecs_differ_and_extensions_are_left_out() {
    for codec in [Codec::Pcma, Codec::Pcmu] {
        let mut desk = Desk::new(remote(1, Codec::Pcma));
        let mut other = Party::new(leg(2), PLAN);
        other.set_remote(Time::ZERO, remote(2, codec));
        desk.step(|party| party.bridge(leg(2), &Silence));
        let voice: Vec<u8> = (0..160)
            .map(|n| codec.encode_sample((n - 80) * 300))
            .collect();
        let mut datagram = rtp(codec_type(codec), 5, 0, &[]);
        datagram[0] |= 0x10;
        datagram.extend([0xBE, 0xDE, 0, 1, 1, 2, 3, 4]);
        datagram.extend_from_slice(&voice);
        desk.hear(0, &mut other, codec, &datagram);
        let (_, packet, payload) = &desk.sent[0];
        assert_eq!((packet.payload_type, packet.payload.clone()), (8, 12..172));
        let mut expected = voice.clone();
        codec.transcode(Codec::Pcma, &mut expected);
        assert_eq!(payload, &expected);
    }
}

#[test]
fn telephone_events_get_the_partys_own_payload_type_and_are_digits_once() {
    let mut desk = Desk::new(remote(1, Codec::Pcma));
    let mut other = Party::new(leg(2), PLAN);
    other.set_remote(Time::ZERO, remote(2, Codec::Pcma));
    desk.step(|party| party.bridge(leg(2), &Silence));
    let mut digits = String::new();
    for n in 0..5u16 {
        let now = Time::from_millis(u64::from(n) * 20);
        let end = if n >= 3 { 0x80 } else { 0 };
        let duration = (n.min(3) + 1) * 160;
        let payload = [5, end | 10, (duration >> 8) as u8, duration as u8];
        let mut datagram = rtp(102, 40 + n, 3_000, &payload);
        let received = other.receive(now, phone(2), &datagram).unwrap();
        digits.extend(received.digits);
        let part = desk
            .step(|party| party.forward(now, &received, Codec::Pcma, &mut datagram.clone()))
            .unwrap();
        desk.plain
            .forward(now, &received, Codec::Pcma, &mut datagram);
        desk.saved = desk.plain.clone();
        desk.keep(now.as_micros() / 1_000, &datagram[part]);
    }
    assert_eq!(digits, "5");
    for (_, packet, payload) in &desk.sent {
        assert_eq!(
            (packet.payload_type, packet.timestamp),
            (101, PLAN.first_timestamp)
        );
        assert_eq!(payload[0], 5);
    }
}

#[test]
fn a_party_without_events_hears_silence_instead_of_them() {
    let deaf = Remote {
        event_payload_type: None,
        ..remote(1, Codec::Pcma)
    };
    let mut desk = Desk::new(deaf);
    let mut other = Party::new(leg(2), PLAN);
    other.set_remote(Time::ZERO, remote(2, Codec::Pcma));
    desk.step(|party| party.bridge(leg(2), &Silence));
    desk.hear(0, &mut other, Codec::Pcma, &rtp(8, 1, 0, &[0xD5; 160]));
    for n in 1..8u16 {
        desk.hear(
            u64::from(n) * 20,
            &mut other,
            Codec::Pcma,
            &rtp(102, 1 + n, 160, &[5, 10, 0, 160]),
        );
        desk.tick(u64::from(n) * 20 + 1, &Silence);
    }
    let sequences: Vec<u16> = desk
        .sent
        .iter()
        .map(|(_, packet, _)| packet.sequence.wrapping_sub(PLAN.first_sequence))
        .collect();
    assert_eq!(sequences, [0, 1, 2, 3, 4, 5]);
    assert_eq!(desk.sent[1].0, 61);
}

#[test]
fn what_was_not_agreed_is_dropped_for_its_reason() {
    let now = Time::ZERO;
    let mut party = Party::new(leg(1), PLAN);
    let good = rtp(8, 1, 0, &[0xD5; 160]);
    assert_eq!(party.receive(now, phone(1), &good), Err(Dropped::NotAgreed));
    party.set_remote(now, remote(1, Codec::Pcma));
    assert_eq!(
        party.receive(now, phone(1), &good[..11]),
        Err(Dropped::Malformed)
    );
    assert_eq!(
        party.receive(now, phone(1), &rtp(8, 1, 0, &[])),
        Err(Dropped::Malformed)
    );
    assert_eq!(
        party.receive(now, phone(1), &rtp(8, 1, 0, &[0; 1_281])),
        Err(Dropped::Malformed)
    );
    assert_eq!(
        party.receive(now, phone(1), &rtp(101, 1, 0, &[1, 2, 3])),
        Err(Dropped::Malformed)
    );
    assert_eq!(
        party.receive(now, phone(1), &rtp(0, 1, 0, &[0; 160])),
        Err(Dropped::PayloadType)
    );
    assert_eq!(party.receive(now, phone(9), &good), Err(Dropped::Probation));
    assert!(party.receive(now, phone(1), &good).is_ok());
    assert_eq!(party.settled_peer(), Some(phone(1)));
    assert_eq!(party.receive(now, phone(9), &good), Err(Dropped::Source));
    party.set_remote(
        now,
        Remote {
            direction: Direction::SendOnly,
            ..remote(1, Codec::Pcma)
        },
    );
    assert_eq!(party.receive(now, phone(1), &good), Err(Dropped::Direction));
}

#[test]
fn a_party_whose_address_says_nothing_is_sent_nothing() {
    let nowhere = Remote {
        rtp: SocketAddr::from(([0, 0, 0, 0], 0)),
        ..remote(1, Codec::Pcma)
    };
    let mut desk = Desk::new(nowhere);
    desk.tick(0, &Silence);
    assert!(desk.sent.is_empty());
    assert_eq!(desk.plain.peer(), None);
}

#[test]
fn reports_come_every_five_seconds_on_average_and_never_in_step() {
    let mut times = Vec::new();
    for ssrc in 1..40 {
        let mut party = Party::new(leg(1), StreamPlan { ssrc, ..PLAN });
        party.set_remote(Time::ZERO, remote(1, Codec::Pcma));
        let mut bytes = [0; OWN_PACKET_BYTES];
        for n in 0..5_000 {
            let now = Time::from_millis(n * 20);
            if party.tick(now, &Silence, &mut bytes).report == ReportDue::Yes {
                times.push((ssrc, n * 20));
                let report = party.report(now);
                assert_eq!(
                    (report.packets, report.octets),
                    (n as u32 + 1, (n as u32 + 1) * 160)
                );
            }
        }
    }
    let gaps: Vec<u64> = times
        .windows(2)
        .filter(|pair| pair[0].0 == pair[1].0)
        .map(|pair| pair[1].1 - pair[0].1)
        .collect();
    assert!(gaps.iter().all(|gap| (2_480..=7_520).contains(gap)));
    let mean = gaps.iter().sum::<u64>() / gaps.len() as u64;
    assert!((4_700..=5_300).contains(&mean), "{mean} ms");
}

proptest! {
    #[test]
    fn no_datagram_makes_a_party_panic_and_what_is_passed_on_is_whole(
        datagrams in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 0..300), 0u8..3, any::<bool>(), 0u64..100),
            1..40,
        ),
    ) {
        let mut desk = Desk::new(remote(1, Codec::Pcmu));
        let mut other = Party::new(leg(2), PLAN);
        other.set_remote(Time::ZERO, remote(2, Codec::Pcma));
        desk.step(|party| party.bridge(leg(2), &Silence));
        let mut ms = 0;
        for (mut datagram, kind, from_the_phone, later) in datagrams {
            ms += later;
            // Two thirds look like what was agreed, so that they get past the first check.
            if let (1.., [first, second, ..]) = (kind, &mut datagram[..]) {
                *first = (*first & 0x3F) | 0x80;
                *second = (*second & 0x80) | if kind == 1 { 8 } else { 102 };
            }
            let now = Time::from_millis(ms);
            let from = phone(if from_the_phone { 2 } else { 3 });
            if let Ok(received) = other.receive(now, from, &datagram) {
                let part = desk.step(|party| {
                    let mut bytes = datagram.clone();
                    let part = party.forward(now, &received, Codec::Pcma, &mut bytes);
                    part.map(|part| bytes[part].to_vec())
                });
                if let Some(bytes) = part {
                    let packet = Packet::parse(&bytes).unwrap();
                    prop_assert_eq!(packet.ssrc, PLAN.ssrc);
                    prop_assert_eq!(packet.payload.len(), received.packet.payload.len());
                }
            }
            desk.tick(ms, &Silence);
        }
    }
}
