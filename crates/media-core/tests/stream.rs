//! Our stream to a party stays one stream, whatever it is made of.

#![allow(clippy::unwrap_used)]

use base::Time;
use media_core::StreamPlan;
use media_core::packet::{Header, Packet};
use media_core::stream::{Carries, OutStream};
use proptest::prelude::*;
use std::collections::BTreeMap;

const PLAN: StreamPlan = StreamPlan {
    ssrc: 42,
    first_sequence: 65_530,
    first_timestamp: u32::MAX - 500,
};
const AUDIO: Carries = Carries::Audio { samples: 160 };

/// A stream that is saved, dropped and loaded before every step, and must do as one that is not.
struct Twice {
    plain: OutStream,
    saved: OutStream,
}

impl Twice {
    fn new() -> Twice {
        Twice {
            plain: OutStream::new(PLAN),
            saved: OutStream::new(PLAN),
        }
    }

    fn step<T: PartialEq + std::fmt::Debug>(
        &mut self,
        mut step: impl FnMut(&mut OutStream) -> T,
    ) -> T {
        self.saved = postcard::from_bytes(&postcard::to_stdvec(&self.saved).unwrap()).unwrap();
        let (one, two) = (step(&mut self.plain), step(&mut self.saved));
        assert_eq!((&one, &self.plain), (&two, &self.saved));
        one
    }

    fn own(&mut self, ms: u64) -> Header {
        self.step(|stream| stream.own_frame(Time::from_millis(ms), 8))
    }

    fn forward(&mut self, ms: u64, packet: &Packet, carries: Carries) -> Option<Header> {
        self.step(|stream| stream.forward(Time::from_millis(ms), packet, carries, 8))
    }
}

fn packet(ssrc: u32, sequence: u16, timestamp: u32) -> Packet {
    Packet {
        marker: false,
        payload_type: 8,
        sequence,
        timestamp,
        ssrc,
        payload: 12..172,
    }
}

fn places(headers: &[Header]) -> Vec<(u16, u32)> {
    headers
        .iter()
        .map(|header| {
            assert_eq!(header.ssrc, PLAN.ssrc);
            (
                header.sequence.wrapping_sub(PLAN.first_sequence),
                header.timestamp.wrapping_sub(PLAN.first_timestamp),
            )
        })
        .collect()
}

#[test]
fn prompts_then_a_party_then_silence_then_another_party_are_one_stream_without_a_seam() {
    let mut stream = Twice::new();
    let mut headers: Vec<Header> = (0..10).map(|n| stream.own(n * 20)).collect();
    for n in 0..10u16 {
        let anna = packet(
            7,
            65_533u16.wrapping_add(n),
            4_000_000_000u32.wrapping_add(u32::from(n) * 160),
        );
        headers.extend(stream.forward(207 + u64::from(n) * 20, &anna, AUDIO));
    }
    headers.extend((20..25).map(|n| stream.own(n * 20)));
    stream.step(OutStream::forget_source);
    for n in 0..10u16 {
        let bosse = packet(7, 9_000 + n, 55 + u32::from(n) * 160);
        headers.extend(stream.forward(500 + u64::from(n) * 20, &bosse, AUDIO));
    }
    let expected: Vec<(u16, u32)> = (0..35u16).map(|n| (n, u32::from(n) * 160)).collect();
    assert_eq!(places(&headers), expected);
    assert!(headers[0].marker, "a stream starts with a marker");
    assert!(headers[1..].iter().all(|header| !header.marker));
}

#[test]
fn a_sources_loss_and_reordering_are_passed_on_as_they_are() {
    let mut stream = Twice::new();
    let order = [0u16, 1, 4, 3, 5, 5, 9];
    let headers: Vec<Header> = order
        .iter()
        .zip(0u64..)
        .filter_map(|(n, place)| {
            stream.forward(place * 20, &packet(7, 100 + n, u32::from(*n) * 160), AUDIO)
        })
        .collect();
    let expected: Vec<(u16, u32)> = order.iter().map(|n| (*n, u32::from(*n) * 160)).collect();
    assert_eq!(places(&headers), expected);
}

#[test]
fn a_packet_from_before_the_anchor_has_no_place() {
    let mut stream = Twice::new();
    stream.own(0);
    assert!(stream.forward(20, &packet(7, 100, 16_000), AUDIO).is_some());
    assert_eq!(stream.forward(25, &packet(7, 99, 15_840), AUDIO), None);
    assert!(stream.forward(40, &packet(7, 101, 16_160), AUDIO).is_some());
}

#[test]
fn a_sources_own_pause_keeps_its_length_and_its_marker() {
    let mut stream = Twice::new();
    stream.forward(0, &packet(7, 1, 0), AUDIO);
    stream.forward(20, &packet(7, 2, 160), AUDIO);
    let mut talk = packet(7, 3, 160 + 8_000);
    talk.marker = true;
    let header = stream.forward(1_020, &talk, AUDIO).unwrap();
    assert_eq!(places(&[header]), [(2, 8_160)]);
    assert!(header.marker);
    let mut stray = packet(7, 4, 320 + 8_000);
    stray.marker = true;
    assert!(
        !stream.forward(1_040, &stray, AUDIO).unwrap().marker,
        "no marker where audio runs on"
    );
}

#[test]
fn a_hold_without_packets_takes_its_time_on_resuming() {
    let mut stream = Twice::new();
    stream.own(0);
    stream.step(OutStream::forget_source);
    let header = stream.own(2_000);
    assert_eq!(places(&[header]), [(1, 16_000)]);
    assert!(header.marker, "after real silence");
}

#[test]
fn a_restarted_source_is_believed_from_its_second_packet() {
    let mut stream = Twice::new();
    stream.forward(0, &packet(7, 1, 0), AUDIO);
    assert_eq!(stream.forward(20, &packet(7, 30_000, 77), AUDIO), None);
    let header = stream.forward(40, &packet(7, 30_001, 237), AUDIO).unwrap();
    assert_eq!(places(&[header]), [(1, 320)]);
    let header = stream.forward(60, &packet(7, 30_002, 397), AUDIO).unwrap();
    assert_eq!(places(&[header]), [(2, 480)]);
}

#[test]
fn a_new_ssrc_and_a_wild_timestamp_take_the_next_place_at_once() {
    let mut stream = Twice::new();
    stream.forward(0, &packet(7, 1, 0), AUDIO);
    let header = stream.forward(20, &packet(8, 500, 12_345), AUDIO).unwrap();
    assert_eq!(places(&[header]), [(1, 160)]);
    let header = stream
        .forward(40, &packet(8, 501, 0x8000_0000), AUDIO)
        .unwrap();
    assert_eq!(places(&[header]), [(2, 320)]);
}

#[test]
fn a_burst_that_was_held_up_does_not_delay_what_follows_it() {
    let mut stream = Twice::new();
    for n in 0..5u16 {
        stream.forward(u64::from(n) * 20, &packet(7, n, u32::from(n) * 160), AUDIO);
    }
    // Nothing for 200 ms: silence from 160 ms on; then ten packets at once, and the stream as before.
    let filled: Vec<Header> = (8..14).map(|n| stream.own(n * 20)).collect();
    assert_eq!(places(&filled).last(), Some(&(10, 13 * 160)));
    let burst: Vec<Header> = (5..14u16)
        .filter_map(|n| stream.forward(281, &packet(7, n, u32::from(n) * 160), AUDIO))
        .collect();
    assert!(burst.len() <= 3, "most of it came too late: {burst:?}");
    let after = stream
        .forward(300, &packet(7, 14, 14 * 160), AUDIO)
        .unwrap();
    let ahead = places(&[after])[0].1 - 14 * 160;
    assert!(ahead <= 320, "{ahead} samples ahead of time");
}

#[test]
fn a_source_whose_timestamps_stand_still_while_it_is_mute_loses_no_more_than_a_packet() {
    let mut stream = Twice::new();
    stream.forward(0, &packet(7, 1, 0), AUDIO);
    for n in 4..50 {
        stream.own(n * 20);
    }
    let passed = (0..10u16)
        .filter_map(|n| {
            let back = packet(7, 2 + n, 160 + u32::from(n) * 160);
            stream.forward(1_000 + u64::from(n) * 20, &back, AUDIO)
        })
        .count();
    assert!(passed >= 9, "{passed} of 10");
}

#[test]
fn pauses_of_all_lengths_leave_our_timestamps_within_two_frames_of_time() {
    let mut stream = Twice::new();
    let mut now = 0;
    let mut sequence = 0u16;
    let mut last = PLAN.first_timestamp;
    for round in 0..200u64 {
        for _ in 0..5 {
            let talk = packet(7, sequence, (now * 8) as u32);
            last = stream
                .forward(now, &talk, AUDIO)
                .map_or(last, |header| header.timestamp);
            sequence = sequence.wrapping_add(1);
            now += 20;
        }
        let pause = 61 + round * 7 % 90;
        let mut tick = (now - 20 + 60).next_multiple_of(20);
        while tick < now - 20 + pause {
            last = stream.own(tick).timestamp;
            tick += 20;
        }
        now += pause - 20;
        let ours = i64::from(last.wrapping_sub(PLAN.first_timestamp));
        let drift = ours - (now as i64) * 8;
        assert!(
            drift.abs() <= 640,
            "{drift} samples off after {round} pauses"
        );
    }
}

#[test]
fn an_event_keeps_one_timestamp_and_its_sequence_runs_on_from_the_audio() {
    let mut stream = Twice::new();
    stream.forward(0, &packet(7, 10, 0), AUDIO);
    let mut headers = Vec::new();
    for n in 0..5u16 {
        let duration = u32::from(n + 1) * 160;
        let event = packet(7, 11 + n, 160);
        headers.extend(stream.forward(20 + u64::from(n) * 20, &event, Carries::Event { duration }));
    }
    headers.extend(stream.forward(120, &packet(7, 16, 160 + 800), AUDIO));
    let expected = [(1, 160), (2, 160), (3, 160), (4, 160), (5, 160), (6, 960)];
    assert_eq!(places(&headers), expected);
}

#[test]
fn an_event_that_silence_breaks_into_keeps_its_timestamp() {
    let mut stream = Twice::new();
    stream.forward(0, &packet(7, 10, 0), AUDIO);
    let first = stream
        .forward(20, &packet(7, 11, 160), Carries::Event { duration: 160 })
        .unwrap();
    let filled = stream.own(100);
    let rest = stream
        .forward(110, &packet(7, 15, 160), Carries::Event { duration: 800 })
        .unwrap();
    assert_eq!(rest.timestamp, first.timestamp);
    assert_eq!(rest.sequence, filled.sequence.wrapping_add(1));
    let audio = stream
        .forward(130, &packet(7, 16, 160 + 800), AUDIO)
        .unwrap();
    assert_eq!(audio.sequence, rest.sequence.wrapping_add(1));
    assert!(audio.timestamp.wrapping_sub(filled.timestamp) as i32 >= 160);
}

#[test]
fn packets_left_out_leave_no_hole() {
    let mut stream = Twice::new();
    stream.forward(0, &packet(7, 10, 0), AUDIO);
    stream.step(|stream| stream.leave_out(&packet(7, 11, 160)));
    stream.step(|stream| stream.leave_out(&packet(7, 12, 160)));
    let header = stream.forward(60, &packet(7, 13, 480), AUDIO).unwrap();
    assert_eq!(places(&[header]), [(1, 480)]);
}

#[derive(Clone, Debug)]
enum Happens {
    /// A packet of the source arrives as sent.
    Arrives,
    /// One is lost.
    Lost,
    /// One comes after the next.
    Swapped,
    /// One comes twice.
    Doubled,
    /// The source is silent for so many frames, its timestamps going on; we fill with silence.
    Filled(u8),
    /// Another source.
    Replaced(u32, u16, u32),
    /// The same source starts over.
    Restarted(u16, u32),
    /// We were held so long.
    Held(u8),
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        20 => Just(Happens::Arrives),
        3 => Just(Happens::Lost),
        2 => Just(Happens::Swapped),
        1 => Just(Happens::Doubled),
        3 => (3u8..30).prop_map(Happens::Filled),
        1 => (any::<u32>(), any::<u16>(), any::<u32>()).prop_map(|(a, b, c)| Happens::Replaced(a, b, c)),
        1 => (any::<u16>(), any::<u32>()).prop_map(|(a, b)| Happens::Restarted(a, b)),
        1 => (1u8..200).prop_map(Happens::Held),
    ]
}

/// What reached the party: the packets by our sequence number, with what was told apart by the source.
#[derive(Default)]
struct Wire {
    sent: BTreeMap<i64, (i64, Option<(u32, u16)>)>,
    last_sequence: i64,
    last_timestamp: i64,
}

impl Wire {
    fn add(&mut self, header: Header, of: Option<(u32, u16)>) {
        let sequence = self.last_sequence
            + i64::from(header.sequence.wrapping_sub(self.last_sequence as u16) as i16);
        let timestamp = self.last_timestamp
            + i64::from(header.timestamp.wrapping_sub(self.last_timestamp as u32) as i32);
        if let Some(before) = self.sent.insert(sequence, (timestamp, of)) {
            assert_eq!(
                before,
                (timestamp, of),
                "sequence {sequence} used for two things"
            );
            assert!(of.is_some(), "our own frame under a number already used");
        }
        self.last_sequence = self.last_sequence.max(sequence);
        self.last_timestamp = self.last_timestamp.max(timestamp);
    }
}

proptest! {
    #[test]
    fn no_number_is_used_twice_and_no_two_packets_overlap(story in prop::collection::vec(happens(), 1..150)) {
        let mut stream = Twice::new();
        let mut wire = Wire {
            last_sequence: i64::from(PLAN.first_sequence),
            last_timestamp: i64::from(PLAN.first_timestamp),
            ..Wire::default()
        };
        let (mut ssrc, mut sequence, mut timestamp) = (1u32, 65_500u16, 0u32);
        let mut now = 0u64;
        let mut lost = 0i64;
        for step in story {
            let mut next = || {
                let packet = packet(ssrc, sequence, timestamp);
                sequence = sequence.wrapping_add(1);
                timestamp = timestamp.wrapping_add(160);
                now += 20;
                (now, packet)
            };
            let mut arriving = Vec::new();
            match step {
                Happens::Arrives => arriving.push(next()),
                Happens::Lost => { next(); lost += 1; }
                Happens::Swapped => {
                    let (first, second) = (next(), next());
                    arriving.push(second.clone());
                    arriving.push((second.0 + 1, first.1));
                }
                Happens::Doubled => {
                    let one = next();
                    arriving.push(one.clone());
                    arriving.push(one);
                }
                Happens::Filled(frames) => {
                    for frame in 3..u64::from(frames) {
                        wire.add(stream.own(now + frame * 20 + 7), None);
                    }
                    now += u64::from(frames) * 20;
                    timestamp = timestamp.wrapping_add(u32::from(frames) * 160);
                }
                Happens::Replaced(a, b, c) => {
                    stream.step(OutStream::forget_source);
                    (ssrc, sequence, timestamp) = (a, b, c);
                }
                Happens::Restarted(a, b) => {
                    (sequence, timestamp) = (a, b);
                    lost += 4_000;
                }
                Happens::Held(frames) => {
                    stream.step(OutStream::forget_source);
                    now += u64::from(frames) * 20;
                    timestamp = timestamp.wrapping_add(u32::from(frames) * 160);
                    sequence = sequence.wrapping_add(u16::from(frames));
                }
            }
            for (at, packet) in arriving {
                if let Some(header) = stream.forward(at, &packet, AUDIO) {
                    wire.add(header, Some((packet.ssrc, packet.sequence)));
                }
            }
        }
        let sent: Vec<(i64, i64)> = wire.sent.iter().map(|(sequence, (timestamp, _))| (*sequence, *timestamp)).collect();
        for pair in sent.windows(2) {
            let ((a, at), (b, bt)) = (pair[0], pair[1]);
            prop_assert!(bt - at >= 160 * (b - a).min(1), "{pair:?}");
            prop_assert_eq!((bt - at) % 160, 0);
        }
        let holes: i64 = sent.windows(2).map(|pair| pair[1].0 - pair[0].0 - 1).sum();
        prop_assert!(holes <= lost, "{holes} holes for {lost} lost");
    }
}
