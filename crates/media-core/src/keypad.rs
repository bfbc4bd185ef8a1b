//! Keys that a party hears from us as telephone events (RFC 4733): those that the other party of its bridge pressed by
//! other means. And which of his keys come both ways, and are to be heard once.

use crate::dtmf::TelephoneEvent;
use base::{BoundedVec, Time};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Frames that a press lasts: 100 ms, as phones send them; the shortest that all equipment knows for a digit is 40.
const PRESS_FRAMES: u8 = 5;
/// How often the last packet of a press is sent (RFC 4733 §2.5.1.4), a frame apart.
const ENDS: u8 = 3;
/// Frames between two presses, 60 ms with none of the first: what takes them for tones must tell two of one key apart.
const PAUSE_FRAMES: u8 = 3;
/// Keys that wait for their turn. A person types slower than they are sent; what is more than these is forgotten.
const WAITING_MAX: usize = 32;
/// Whoever sends each key both in his stream and by other means does so within this time: it is one key.
pub const SAME_KEY_WITHIN: Duration = Duration::from_millis(500);

/// Samples in a frame, as the duration field counts.
const FRAME: u16 = crate::g711::FRAME_SAMPLES as u16;

/// The keys that one party is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Keypad {
    waiting: BoundedVec<u8, WAITING_MAX>,
    step: Step,
    /// The latest key that we pressed, and when.
    pressed: Option<(u8, Time)>,
    /// The latest that came in the other party's stream, and when.
    passed_on: Option<(u8, Time)>,
    /// SSRC and timestamp of an event that is not passed on, since we have pressed its key.
    kept_back: Option<(u32, u32)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Step {
    #[default]
    Idle,
    /// A key is down, or its end is being repeated: frames sent, and the timestamp that all have.
    Down {
        code: u8,
        sent: u8,
        timestamp: Option<u32>,
    },
    /// Frames until the next may go down.
    Up { left: u8 },
}

/// One packet of a press.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventFrame {
    pub(crate) event: TelephoneEvent,
    /// Of the press; none in its first packet.
    pub(crate) timestamp: Option<u32>,
}

impl Keypad {
    /// Presses a key as soon as those before it are through. One that has just come in the other's stream has been
    /// heard already.
    pub(crate) fn press(&mut self, now: Time, code: u8) {
        if self
            .passed_on
            .is_some_and(|(last, at)| last == code && now < at + SAME_KEY_WITHIN)
        {
            return;
        }
        self.pressed = Some((code, now));
        // One too many is forgotten.
        let _ = self.waiting.push(code);
    }

    /// Nothing more is pressed; what is down comes up.
    pub(crate) fn clear(&mut self) {
        self.waiting = BoundedVec::new();
    }

    /// Nothing can be sent any more, not even an end.
    pub(crate) fn break_off(&mut self) {
        self.clear();
        self.step = Step::Idle;
    }

    /// Whether there is something to be done each frame.
    pub(crate) fn is_busy(&self) -> bool {
        self.step != Step::Idle || !self.waiting.is_empty()
    }

    /// Whether a key is down: then nothing else is heard.
    pub(crate) fn is_down(&self) -> bool {
        matches!(self.step, Step::Down { .. })
    }

    /// A frame's time has passed: what is to be sent in place of sound, if anything is.
    pub(crate) fn step(&mut self) -> Option<EventFrame> {
        match self.step {
            Step::Up { left } if left > 0 => {
                self.step = Step::Up { left: left - 1 };
                return None;
            }
            Step::Idle | Step::Up { .. } if self.waiting.is_empty() => {
                self.step = Step::Idle;
                return None;
            }
            Step::Idle | Step::Up { .. } => {
                self.step = Step::Down {
                    code: self.waiting.remove(0),
                    sent: 0,
                    timestamp: None,
                };
            }
            Step::Down { .. } => {}
        }
        let Step::Down {
            code,
            sent,
            timestamp,
        } = self.step
        else {
            return None;
        };
        let sent = sent + 1;
        let frame = EventFrame {
            event: TelephoneEvent {
                code,
                end: sent >= PRESS_FRAMES,
                duration: FRAME * u16::from(sent.min(PRESS_FRAMES)),
            },
            timestamp,
        };
        self.step = match sent + 1 < PRESS_FRAMES + ENDS {
            true => Step::Down {
                code,
                sent,
                timestamp,
            },
            false => Step::Up { left: PAUSE_FRAMES },
        };
        Some(frame)
    }

    /// The timestamp that the first packet of the press was given.
    pub(crate) fn began_at(&mut self, begun: u32) {
        if let Step::Down { timestamp, .. } = &mut self.step {
            *timestamp = Some(begun);
        }
    }

    /// Whether a packet of an event in the other party's stream is to be passed on: not if its key is, or was just,
    /// pressed by us.
    pub(crate) fn lets_pass(&mut self, now: Time, code: u8, ssrc: u32, timestamp: u32) -> bool {
        if self.kept_back == Some((ssrc, timestamp)) {
            return false;
        }
        let same = |(last, at): &mut (u8, Time)| *last == code && now < *at + SAME_KEY_WITHIN;
        if self.pressed.take_if(same).is_some() {
            self.kept_back = Some((ssrc, timestamp));
            return false;
        }
        self.passed_on = Some((code, now));
        true
    }
}
