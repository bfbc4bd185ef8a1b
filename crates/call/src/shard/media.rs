//! Media sessions of legs: opened, told what was agreed, joined, held, closed.

use super::called_back::Key;
use super::hang_up::Gone;
use super::{Due, Shard};
use crate::call::{CONFIRMATION, Purpose};
use crate::input::{CallEvent, EndCause, Output, RefusedCause};
use crate::journey::{CallTimer, PLAYED_WITHIN_MAX};
use crate::keys::KeyWay;
use crate::leg::{Leg, Role};
use base::{CallId, LegId, Time};
use media_core::{Codec, Command, Direction, Event, Playlist, Remote, Session, StreamPlan, Then};
use sip_core::{Agreed, Format, StatusCode};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Payload type that we offer for RFC 4733 events; what phones use most.
pub(super) const EVENTS_PAYLOAD_TYPE: u8 = 101;

impl Shard {
    /// Asks for a media session; how our stream starts is drawn here, so that it belongs to the call.
    pub(super) fn open_media(&mut self, leg: LegId, out: &mut Vec<Output>) {
        let random = self.random().to_le_bytes();
        let [a, b, c, d, e, f, g, h] = random;
        let second = self.random();
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        entry.media_open = true;
        out.push(Output::OpenMedia(Session {
            leg,
            call: entry.media_home,
            plan: StreamPlan {
                ssrc: u32::from_le_bytes([a, b, c, d]),
                first_sequence: u16::from_le_bytes([e, f]),
                first_timestamp: u32::from_le_bytes([g, h, 0, 0]) ^ (second as u32),
            },
        }));
    }

    pub(super) fn media_opened(
        &mut self,
        now: Time,
        leg: LegId,
        address: Option<SocketAddr>,
        out: &mut Vec<Output>,
    ) {
        let directory = Arc::clone(&self.directory);
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        let (is_caller, call) = (entry.role == Role::Caller, entry.call);
        let shown = |real| directory.addresses.shown_media(&entry.flow, real);
        match address.map(shown) {
            Some(address) if is_caller => self.caller_media_ready(now, leg, address, out),
            Some(address) => self.device_media_ready(now, leg, address, out),
            None => {
                entry.media_open = false;
                out.push(Output::Event(CallEvent::Refused {
                    status: StatusCode::SERVICE_UNAVAILABLE.code(),
                    cause: RefusedCause::NoMediaPort,
                }));
                if is_caller {
                    let status = StatusCode::SERVICE_UNAVAILABLE;
                    self.end_call(now, call, EndCause::NotCompleted, status, out);
                } else {
                    self.leg_gone(now, leg, Gone::Unreachable, out);
                }
            }
        }
    }

    /// Something for a leg's media session, on the thread that has it.
    pub(super) fn media(&self, leg: LegId, command: Command, out: &mut Vec<Output>) {
        if let Some(entry) = self.leg(leg) {
            let call = entry.media_home;
            out.push(Output::Media { call, leg, command });
        }
    }

    pub(super) fn close_media(&mut self, leg: LegId, out: &mut Vec<Output>) {
        if let Some(entry) = self.leg_mut(leg)
            && std::mem::take(&mut entry.media_open)
        {
            self.media(leg, Command::Close, out);
        }
    }

    /// Tells media what offer and answer agreed on.
    pub(super) fn apply_media(&mut self, leg: LegId, out: &mut Vec<Output>) {
        let Some(entry) = self.leg(leg).filter(|leg| leg.media_open) else {
            return;
        };
        if let Some(remote) = entry.agreed().and_then(remote_of) {
            self.media(leg, Command::SetRemote(remote), out);
        }
    }

    /// Offer and answer agreed anew within the dialog: media follows, and hold or resume with it.
    pub(super) fn media_agreed(&mut self, leg: LegId, out: &mut Vec<Output>) {
        self.apply_media(leg, out);
        if let Some(call) = self.leg(leg).map(|leg| leg.call) {
            self.join_or_hold(call, out);
        }
    }

    /// The two parties hear each other; or, while one holds the other, they hear music.
    pub(super) fn join_or_hold(&mut self, call: CallId, out: &mut Vec<Output>) {
        let Some((caller, other)) = self.call(call).and_then(|call| call.talking()) else {
            return self.join_or_hold_far(call, out);
        };
        let holds = |leg| self.leg(leg).is_some_and(Leg::holds_us);
        if !holds(caller) && !holds(other) {
            // One command joins both ways.
            return self.media(caller, Command::Bridge { with: other }, out);
        }
        for leg in [caller, other] {
            self.play_while_held(call, leg, out);
        }
    }

    /// Lets one of the call's parties hear music.
    pub(super) fn play_hold_music(&self, call: CallId, leg: LegId, out: &mut Vec<Output>) {
        if let Some(then) = self.hold_music(call) {
            self.play_nothing_but(leg, then, out);
        }
    }

    pub(super) fn play_nothing_but(&self, leg: LegId, then: Then, out: &mut Vec<Output>) {
        let playlist = Playlist {
            token: 0,
            prompts: Vec::new(),
            then,
        };
        self.media(leg, Command::Play(playlist), out);
    }

    fn hold_music(&self, call: CallId) -> Option<Then> {
        let call = self.call(call)?;
        let music = match &call.purpose {
            Purpose::Queue(queue) => queue.journey.settings().music.clone(),
            _ => self
                .directory
                .organisations
                .get(&call.org)?
                .hold_music
                .clone(),
        };
        Some(Then::Music(music))
    }

    /// What has begun takes so long: until then its end is not missed. Late news of what was cut off meanwhile only has the
    /// end of what came after it missed later.
    fn plays_long(&mut self, now: Time, leg: LegId, span: Duration) {
        let Some(call) = self.leg(leg).map(|leg| leg.call) else {
            return;
        };
        let lost = Due::Call(call, CallTimer::PlayedLost);
        if self.timers.is_armed(&lost) {
            self.timers.arm(lost, now + span + PLAYED_WITHIN_MAX);
        }
    }

    pub(super) fn media_event(&mut self, now: Time, event: &Event, out: &mut Vec<Output>) {
        let (leg, token) = match *event {
            Event::Played { leg, token } => (leg, token),
            Event::Digit { leg, digit } => {
                return self.key_pressed(now, leg, digit, KeyWay::Media, out);
            }
            Event::Recorded { leg, token, length } => {
                return self.recorded(now, leg, token, length, out);
            }
            Event::Lasts { leg, span } => return self.plays_long(now, leg, span),
        };
        let Some(call) = self.leg(leg).map(|leg| leg.call) else {
            return;
        };
        if self.callback_played(now, call, Some(token), out) == Key::Taken {
            return;
        }
        match self.call(call).map(|call| &call.purpose) {
            Some(Purpose::Queue(_)) => self.journey_played(now, call, token, out),
            Some(Purpose::Feature(_)) if token == CONFIRMATION => {
                let status = StatusCode::OK;
                self.end_call(now, call, EndCause::Completed, status, out);
            }
            Some(Purpose::Message(_)) => self.message_played(now, call, token, out),
            Some(Purpose::Menu(_)) => self.menu_played(now, call, token, out),
            Some(Purpose::Dictation(_)) => {
                self.step_dictation(now, call, out, |dictation, steps| {
                    dictation.played(token, steps);
                });
            }
            Some(Purpose::CallingBack) => self.errand_played(call, token, out),
            Some(Purpose::Closing(_)) => {
                self.step_closing(now, call, out, |closing, _, steps| {
                    closing.played(token, steps);
                });
            }
            _ => {}
        }
    }
}

/// A codec as SDP names it (RFC 3551 §6).
pub(super) fn format(codec: Codec) -> Format {
    let (payload_type, encoding) = match codec {
        Codec::Pcma => (8, "PCMA"),
        Codec::Pcmu => (0, "PCMU"),
    };
    Format::new(payload_type, encoding, 8_000)
}

fn remote_of(agreed: &Agreed) -> Option<Remote> {
    let named = |name: &str| agreed.format.encoding.eq_ignore_ascii_case(name);
    let codec = match () {
        () if named("PCMA") => Codec::Pcma,
        () if named("PCMU") => Codec::Pcmu,
        () => return None,
    };
    Some(Remote {
        rtp: agreed.rtp,
        codec,
        payload_type: agreed.format.payload_type,
        event_payload_type: agreed.events,
        direction: direction(agreed.direction),
    })
}

fn direction(agreed: sip_core::Direction) -> Direction {
    match agreed {
        sip_core::Direction::SendRecv => Direction::SendRecv,
        sip_core::Direction::SendOnly => Direction::SendOnly,
        sip_core::Direction::RecvOnly => Direction::RecvOnly,
        sip_core::Direction::Inactive => Direction::Inactive,
    }
}
