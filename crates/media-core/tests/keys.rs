//! Keys that a party of a bridge hears as telephone events of ours, within its one unbroken stream.

#![allow(clippy::unwrap_used)]

use base::{LegId, ShardId, Time};
use media_core::dtmf::{DigitReceiver, TelephoneEvent};
use media_core::packet::{HEADER_BYTES, Header, Packet};
use media_core::{
    Clips, Codec, Direction, OWN_PACKET_BYTES, Party, Remote, SAME_KEY_WITHIN, StreamPlan,
};
use std::net::SocketAddr;

const PLAN: StreamPlan = StreamPlan {
    ssrc: 77,
    first_sequence: 65_530,
    first_timestamp: u32::MAX - 500,
};
const EVENTS: u8 = 96;

struct Silence;

impl Clips for Silence {
    fn frame(&self, _: usize, _: u32, _: Codec) -> Option<&[u8]> {
        None
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

fn remote(number: u8) -> Remote {
    Remote {
        rtp: phone(number),
        codec: Codec::Pcma,
        payload_type: 8,
        event_payload_type: Some(EVENTS),
        direction: Direction::SendRecv,
    }
}

/// A party, saved and loaded before each step, bridged with one who talks all the time.
struct Bridge {
    party: Party,
    other: Party,
    sequence: u16,
    sent: Vec<(u64, Packet, Vec<u8>)>,
}

impl Bridge {
    fn new() -> Bridge {
        let mut party = Party::new(leg(1), PLAN);
        let mut other = Party::new(leg(2), PLAN);
        party.set_remote(Time::ZERO, remote(1));
        other.set_remote(Time::ZERO, remote(2));
        party.bridge(leg(2), &Silence);
        Bridge {
            party,
            other,
            sequence: 0,
            sent: Vec::new(),
        }
    }

    fn party(&mut self) -> &mut Party {
        let saved = postcard::to_stdvec(&self.party).unwrap();
        self.party = postcard::from_bytes(&saved).unwrap();
        &mut self.party
    }

    /// The other sends a packet, and a frame's time later the party's turn comes.
    fn frame(&mut self, ms: u64, payload_type: u8, timestamp: u32, payload: &[u8]) {
        let header = Header {
            marker: false,
            payload_type,
            sequence: self.sequence,
            timestamp,
            ssrc: 1_234,
        };
        self.sequence += 1;
        let mut datagram = vec![0; HEADER_BYTES];
        header.write(datagram.first_chunk_mut().unwrap());
        datagram.extend_from_slice(payload);
        let now = Time::from_millis(ms);
        let received = self.other.receive(now, phone(2), &datagram).unwrap();
        let part = self
            .party()
            .forward(now, &received, Codec::Pcma, &mut datagram);
        if let Some(part) = part {
            self.keep(ms, &datagram[part]);
        }
        let mut bytes = [0; OWN_PACKET_BYTES];
        let at = Time::from_millis(ms + 5);
        let ticked = self.party().tick(at, &Silence, &mut bytes);
        if ticked.bytes > 0 {
            self.keep(ms + 5, &bytes[..ticked.bytes]);
        }
    }

    fn keep(&mut self, ms: u64, bytes: &[u8]) {
        let packet = Packet::parse(bytes).unwrap();
        let payload = bytes[packet.payload.clone()].to_vec();
        self.sent.push((ms, packet, payload));
    }

    /// Talks from one moment to another.
    fn talk(&mut self, from_ms: u64, to_ms: u64) {
        for ms in (from_ms..to_ms).step_by(20) {
            self.frame(ms, 8, ms as u32 * 8, &[0x55; 160]);
        }
    }

    fn press(&mut self, ms: u64, digit: char) {
        self.party().press(Time::from_millis(ms), digit);
    }

    /// Presses a key of his own, for 80 ms.
    fn press_in_stream(&mut self, from_ms: u64, code: u8) {
        for n in 0..4u16 {
            let end = n == 3;
            let duration = (n + 1) * 160;
            let event = TelephoneEvent {
                code,
                end,
                duration,
            };
            let ms = from_ms + u64::from(n) * 20;
            self.frame(ms, EVENTS, from_ms as u32 * 8, &event.payload());
        }
    }

    fn events(&self) -> Vec<(u64, &Packet, TelephoneEvent)> {
        let events = self
            .sent
            .iter()
            .filter(|(_, packet, _)| packet.payload_type == EVENTS);
        events
            .map(|(ms, packet, payload)| (*ms, packet, TelephoneEvent::parse(payload).unwrap()))
            .collect()
    }

    /// What the party's phone makes of all events.
    fn digits(&self) -> String {
        let mut receiver = DigitReceiver::default();
        let mut digits = String::new();
        for (ms, packet, event) in self.events() {
            let now = Time::from_millis(ms);
            digits.extend(receiver.packet(now, packet.ssrc, packet.timestamp, event));
        }
        digits
    }

    /// No number is missing or used twice, and each packet's timestamp is the moment it is sent, give or take
    /// a frame or two of jitter: all but those of events, whose packets have the timestamp of their first.
    fn assert_one_stream(&self) {
        for (n, (ms, packet, _)) in self.sent.iter().enumerate() {
            let sequence = PLAN.first_sequence.wrapping_add(n as u16);
            assert_eq!(
                (packet.ssrc, packet.sequence),
                (PLAN.ssrc, sequence),
                "at {ms} ms"
            );
            if packet.payload_type == 8 {
                let due = PLAN.first_timestamp.wrapping_add(*ms as u32 * 8);
                let off = packet.timestamp.wrapping_sub(due) as i32;
                assert!(off.abs() <= 320, "at {ms} ms: {off}");
            }
        }
    }
}

#[test]
fn a_key_is_one_event_with_three_ends_in_place_of_the_voice_and_the_voice_goes_on_after_it() {
    let mut bridge = Bridge::new();
    bridge.talk(0, 200);
    bridge.press(200, '#');
    bridge.talk(200, 600);
    bridge.assert_one_stream();
    let events = bridge.events();
    let durations: Vec<u16> = events.iter().map(|(_, _, event)| event.duration).collect();
    assert_eq!(durations, [160, 320, 480, 640, 800, 800, 800]);
    let ends: Vec<bool> = events.iter().map(|(_, _, event)| event.end).collect();
    assert_eq!(ends, [false, false, false, false, true, true, true]);
    let markers: Vec<bool> = events.iter().map(|(_, packet, _)| packet.marker).collect();
    assert_eq!(markers, [true, false, false, false, false, false, false]);
    let begun = events[0].1.timestamp;
    assert!(
        events
            .iter()
            .all(|(_, packet, _)| packet.timestamp == begun)
    );
    assert_eq!(bridge.digits(), "#");
    let voice = |from: u64, to: u64| {
        let within =
            |it: &&(u64, Packet, Vec<u8>)| it.1.payload_type == 8 && (from..to).contains(&it.0);
        bridge.sent.iter().filter(within).count()
    };
    assert_eq!(
        (voice(0, 201), voice(206, 330), voice(360, 600)),
        (11, 0, 12)
    );
}

#[test]
fn keys_follow_one_another_in_their_order_with_a_pause_between() {
    let mut bridge = Bridge::new();
    bridge.talk(0, 100);
    for digit in ['1', '1', 'D'] {
        bridge.press(100, digit);
    }
    bridge.talk(100, 1_200);
    bridge.assert_one_stream();
    assert_eq!(bridge.digits(), "11D");
    let firsts = bridge.events().into_iter().filter(|it| it.1.marker);
    let firsts: Vec<u64> = firsts.map(|(ms, ..)| ms).collect();
    assert_eq!(firsts, [105, 305, 505]);
}

#[test]
fn a_key_that_comes_in_the_stream_and_by_other_means_is_heard_once_whichever_is_first() {
    let mut bridge = Bridge::new();
    bridge.talk(0, 100);
    bridge.press(100, '5');
    bridge.talk(100, 320);
    bridge.press_in_stream(320, 5);
    bridge.talk(400, 1_000);
    bridge.press_in_stream(1_000, 6);
    bridge.press(1_090, '6');
    bridge.talk(1_080, 1_600);
    bridge.assert_one_stream();
    assert_eq!(bridge.digits(), "56");
}

#[test]
fn the_same_key_again_is_another_key() {
    let mut bridge = Bridge::new();
    bridge.talk(0, 100);
    bridge.press(100, '5');
    let again = 100 + SAME_KEY_WITHIN.as_millis() as u64;
    bridge.talk(100, again);
    bridge.press_in_stream(again, 5);
    bridge.talk(again + 80, 2_000);
    bridge.press(2_000, '5');
    bridge.talk(2_000, 2_400);
    assert_eq!(bridge.digits(), "555");
}

#[test]
fn a_party_without_events_or_on_hold_or_without_another_hears_no_key() {
    let mut deaf = Bridge::new();
    let without = Remote {
        event_payload_type: None,
        ..remote(1)
    };
    deaf.party().set_remote(Time::ZERO, without);
    let mut holding = Bridge::new();
    let held = Remote {
        direction: Direction::RecvOnly,
        ..remote(1)
    };
    holding.party().set_remote(Time::ZERO, held);
    let mut alone = Bridge::new();
    alone.party().silence(&Silence);
    for mut bridge in [deaf, holding, alone] {
        bridge.talk(0, 100);
        bridge.press(100, '5');
        bridge.talk(100, 400);
        let rtp = |it: &(u64, Packet, Vec<u8>)| it.1.payload_type == 8;
        assert!(bridge.sent.iter().all(rtp));
        bridge.party().set_remote(Time::from_millis(400), remote(1));
        bridge.talk(400, 800);
        assert_eq!(bridge.digits(), "");
    }
}
