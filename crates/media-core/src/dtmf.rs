//! Telephone events (RFC 4733): one digit a press, whatever is lost, repeated or reordered on the way.

use base::Time;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A press that has lasted so long is reported before its end: the person waits for an answer.
pub const LONG_PRESS: Duration = Duration::from_millis(500);
/// A press of which nothing more has come for so long has ended, its end packets lost. Senders repeat an
/// event at least every 50 ms (RFC 4733 §2.5.1.2), so this is three in a row.
pub const END_LOST: Duration = Duration::from_millis(160);

const LONG_PRESS_SAMPLES: u16 = (LONG_PRESS.as_millis() * 8) as u16;
/// A timestamp so little older than the newest belongs to a packet that came late, in samples (5 s).
const LATE_SAMPLES_MAX: i32 = 40_000;
/// Bytes of an event payload (RFC 4733 §2.3).
pub const EVENT_BYTES: usize = 4;
/// How loud the tone is that our events stand for: 10 dB below the reference, as phones say.
const EVENT_VOLUME: u8 = 10;
/// Keys by their codes (RFC 4733 §3.2).
const KEYS: [char; 16] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D',
];

/// One RFC 4733 payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TelephoneEvent {
    /// 0–9, 10 `*`, 11 `#`, 12–15 `A`–`D`; others are not digits.
    pub code: u8,
    /// The press is over.
    pub end: bool,
    /// How long it has lasted, in samples.
    pub duration: u16,
}

impl TelephoneEvent {
    /// Reads a payload; `None` if it is too short.
    pub fn parse(payload: &[u8]) -> Option<TelephoneEvent> {
        let bytes: [u8; EVENT_BYTES] = payload.get(..EVENT_BYTES)?.try_into().ok()?;
        Some(TelephoneEvent {
            code: bytes[0],
            end: bytes[1] & 0x80 != 0,
            duration: u16::from_be_bytes([bytes[2], bytes[3]]),
        })
    }

    /// Its payload (RFC 4733 §2.3).
    pub fn payload(self) -> [u8; EVENT_BYTES] {
        let [high, low] = self.duration.to_be_bytes();
        let end = if self.end { 0x80 } else { 0 };
        [self.code, end | EVENT_VOLUME, high, low]
    }

    /// The key it stands for.
    pub fn digit(self) -> Option<char> {
        KEYS.get(usize::from(self.code)).copied()
    }

    /// The code that stands for a key, `A`–`D` in capitals.
    pub fn code_of(digit: char) -> Option<u8> {
        let place = KEYS.iter().position(|key| *key == digit)?;
        u8::try_from(place).ok()
    }
}

/// Digits that one packet may bring to an end: an earlier press whose end was lost, and its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digits {
    /// The earlier press.
    pub earlier: Option<char>,
    /// The packet's own.
    pub this: Option<char>,
}

impl Iterator for Digits {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        self.earlier.take().or_else(|| self.this.take())
    }
}

/// Turns the event packets of one party into digits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigitReceiver {
    newest: Option<Press>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Press {
    ssrc: u32,
    timestamp: u32,
    code: u8,
    digit: Option<char>,
    duration: u16,
    last_packet: Time,
    state: PressState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum PressState {
    /// Not reported yet.
    Down,
    /// Reported; what still comes of it changes nothing.
    Reported,
}

impl DigitReceiver {
    /// An event packet came. `timestamp` is the packet's: when the press began.
    pub fn packet(
        &mut self,
        now: Time,
        ssrc: u32,
        timestamp: u32,
        event: TelephoneEvent,
    ) -> Digits {
        let mut digits = Digits::default();
        match self.place(ssrc, timestamp, event) {
            Place::Late => return digits,
            Place::Same => {}
            Place::Segment => {
                if let Some(press) = &mut self.newest {
                    press.timestamp = timestamp;
                    press.duration = 0;
                }
            }
            Place::New => {
                digits.earlier = self.newest.as_mut().and_then(Press::report);
                self.newest = Some(Press {
                    ssrc,
                    timestamp,
                    code: event.code,
                    digit: event.digit(),
                    duration: 0,
                    last_packet: now,
                    state: PressState::Down,
                });
            }
        }
        if let Some(press) = &mut self.newest {
            press.last_packet = now;
            press.duration = press.duration.max(event.duration);
            if event.end || press.duration >= LONG_PRESS_SAMPLES {
                digits.this = press.report();
            }
        }
        digits
    }

    /// When a press whose packets have stopped coming counts as ended.
    pub fn poll_timeout(&self) -> Option<Time> {
        let press = self.newest.as_ref()?;
        (press.state == PressState::Down).then(|| press.last_packet + END_LOST)
    }

    /// Ends the press that is due. Calling it early does nothing.
    pub fn handle_timeout(&mut self, now: Time) -> Option<char> {
        self.poll_timeout().filter(|due| *due <= now)?;
        self.newest.as_mut()?.report()
    }

    fn place(&self, ssrc: u32, timestamp: u32, event: TelephoneEvent) -> Place {
        let Some(newest) = &self.newest else {
            return Place::New;
        };
        if newest.ssrc != ssrc {
            return Place::New;
        }
        let ahead = timestamp.wrapping_sub(newest.timestamp) as i32;
        if ahead == 0 {
            return Place::Same;
        }
        if (-LATE_SAMPLES_MAX..0).contains(&ahead) {
            return Place::Late;
        }
        // RFC 4733 §2.5.1.3: what lasts longer than the duration field holds goes on in a new segment
        // that starts where the last one ended.
        if newest.code == event.code && newest.duration == u16::MAX && ahead == i32::from(u16::MAX)
        {
            return Place::Segment;
        }
        Place::New
    }
}

enum Place {
    New,
    Same,
    Segment,
    Late,
}

impl Press {
    fn report(&mut self) -> Option<char> {
        match std::mem::replace(&mut self.state, PressState::Reported) {
            PressState::Down => self.digit,
            PressState::Reported => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SSRC: u32 = 7;

    fn event(code: u8, duration: u16, end: bool) -> TelephoneEvent {
        TelephoneEvent {
            code,
            end,
            duration,
        }
    }

    /// Feeds packets `(ms, timestamp, event)`, reloading the receiver between steps, then lets time run out.
    fn digits_of(packets: &[(u64, u32, TelephoneEvent)]) -> String {
        let mut plain = DigitReceiver::default();
        let mut saved = DigitReceiver::default();
        let mut heard = String::new();
        for (ms, timestamp, event) in packets {
            let now = Time::from_millis(*ms);
            let mut step = String::new();
            step.extend(plain.handle_timeout(now));
            step.extend(plain.packet(now, SSRC, *timestamp, *event));
            let mut again = String::new();
            saved = postcard::from_bytes(&postcard::to_stdvec(&saved).unwrap()).unwrap();
            again.extend(saved.handle_timeout(now));
            saved = postcard::from_bytes(&postcard::to_stdvec(&saved).unwrap()).unwrap();
            again.extend(saved.packet(now, SSRC, *timestamp, *event));
            assert_eq!((&step, &plain), (&again, &saved));
            heard += &step;
        }
        heard.extend(plain.handle_timeout(Time::from_millis(1_000_000)));
        heard
    }

    /// A press of `ms`, a packet every 20 ms and the end three times, as phones send it.
    fn press(at_ms: u64, code: u8, ms: u64) -> Vec<(u64, u32, TelephoneEvent)> {
        let timestamp = (at_ms * 8) as u32;
        let mut packets = Vec::new();
        for t in (0..ms).step_by(20) {
            packets.push((
                at_ms + t,
                timestamp,
                event(code, ((t + 20) * 8) as u16, false),
            ));
        }
        for _ in 0..3 {
            packets.push((at_ms + ms, timestamp, event(code, (ms * 8) as u16, true)));
        }
        packets
    }

    #[test]
    fn a_press_is_one_digit_though_its_end_is_sent_three_times() {
        assert_eq!(digits_of(&press(0, 5, 100)), "5");
        assert_eq!(
            digits_of(&[press(0, 10, 100), press(200, 11, 100), press(400, 15, 60)].concat()),
            "*#D"
        );
    }

    #[test]
    fn the_same_key_twice_is_two_digits() {
        assert_eq!(
            digits_of(&[press(0, 1, 80), press(160, 1, 80)].concat()),
            "11"
        );
    }

    #[test]
    fn a_press_whose_ends_are_lost_is_reported_when_its_packets_stop() {
        let mut packets = press(0, 3, 100);
        packets.retain(|(_, _, event)| !event.end);
        assert_eq!(digits_of(&packets), "3");
        let mut receiver = DigitReceiver::default();
        for (ms, timestamp, event) in packets {
            receiver.packet(Time::from_millis(ms), SSRC, timestamp, event);
        }
        let due = receiver.poll_timeout().unwrap();
        assert_eq!(due, Time::from_millis(80) + END_LOST);
        assert_eq!(receiver.handle_timeout(Time::from_millis(239)), None);
        assert_eq!(receiver.handle_timeout(due), Some('3'));
        assert_eq!(receiver.poll_timeout(), None);
    }

    #[test]
    fn a_press_known_only_by_one_end_packet_is_a_digit() {
        assert_eq!(digits_of(&[(0, 0, event(9, 800, true))]), "9");
    }

    #[test]
    fn a_long_press_is_reported_once_before_its_end() {
        let packets = press(0, 7, 3_000);
        let mut receiver = DigitReceiver::default();
        let heard: Vec<(u64, char)> = packets
            .iter()
            .flat_map(|(ms, ts, e)| {
                receiver
                    .packet(Time::from_millis(*ms), SSRC, *ts, *e)
                    .map(|digit| (*ms, digit))
                    .collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(heard, [(480, '7')]);
    }

    #[test]
    fn a_press_longer_than_the_duration_field_is_still_one_digit() {
        let packets = [
            (0, 0, event(2, 160, false)),
            (8_191, 0, event(2, u16::MAX, false)),
            (8_211, 65_535, event(2, 160, false)),
            (8_300, 65_535, event(2, 800, true)),
        ];
        assert_eq!(digits_of(&packets), "2");
    }

    #[test]
    fn events_that_are_no_digits_are_not_reported() {
        assert_eq!(digits_of(&press(0, 16, 100)), "");
        assert_eq!(TelephoneEvent::parse(&[1, 2, 3]), None);
    }

    proptest! {
        #[test]
        fn loss_duplication_and_reordering_of_neighbours_neither_add_nor_change_digits(
            keys in prop::collection::vec((0u8..16, 3u64..15, 3u64..20), 1..12),
            fate in prop::collection::vec(0u8..10, 400),
        ) {
            let mut at_ms = 1_000;
            let mut expected = String::new();
            let mut packets = Vec::new();
            for (code, length, pause) in keys {
                let mut sent = press(at_ms, code, length * 20);
                at_ms += (length + pause) * 20;
                // At least one packet of each press arrives.
                let keep = usize::from(fate[packets.len() % 400]) % sent.len();
                let mut index = 0;
                sent.retain(|_| { index += 1; index - 1 == keep || fate[(packets.len() + index) % 400] > 3 });
                let doubled: Vec<_> = sent.iter().flat_map(|p| if fate[p.0 as usize % 400] == 9 { vec![*p, *p] } else { vec![*p] }).collect();
                packets.extend(doubled);
                expected.push(event(code, 0, false).digit().unwrap());
            }
            for at in 1..packets.len() {
                if fate[at % 400] == 8 {
                    let (a, b) = (packets[at - 1].0, packets[at].0);
                    if b - a < 60 {
                        packets.swap(at - 1, at);
                        packets[at - 1].0 = a;
                        packets[at].0 = b;
                    }
                }
            }
            prop_assert_eq!(digits_of(&packets), expected);
        }
    }
}
