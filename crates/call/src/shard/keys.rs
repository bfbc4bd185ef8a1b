//! Keys of one party of a conversation that the other is to hear. What the sound's stream carries goes its way there; the
//! rest is told here: as telephone events in the other's stream, or by INFO to one who has none.

use super::info::RELAY;
use super::{Mark, Shard};
use crate::call::Purpose;
use crate::crosswise::Crosswise;
use crate::input::Output;
use crate::keys::KeyWay;
use base::{CallId, LegId, Time};
use media_core::Command;
use sip_core::{Method, StatusCode};

/// How long a key is said to have been down, in ms: what phones say that do not measure it.
const PRESSED_MS: u32 = 160;

impl Shard {
    /// A party pressed a key: whoever he talks with is told.
    pub(super) fn pass_key_on(
        &mut self,
        now: Time,
        leg: LegId,
        key: char,
        way: KeyWay,
        out: &mut Vec<Output>,
    ) {
        let Some(call) = self.call_of(leg).filter(|call| call.ending.is_none()) else {
            return;
        };
        let to = match (call.talking(), &call.purpose) {
            (Some((caller, other)), _) if leg == caller => other,
            (Some((caller, other)), _) if leg == other => caller,
            (None, Purpose::Joined(joined)) => {
                let pressed = Crosswise::Pressed {
                    call: joined.far.call,
                    from: call.id,
                    key,
                    way,
                };
                return self.tell(pressed, out);
            }
            _ => return,
        };
        self.press(now, to, key, way, out);
    }

    /// The party in another call, with whom this call's talks, pressed a key.
    pub(super) fn far_pressed(
        &mut self,
        now: Time,
        (call, from): (CallId, CallId),
        key: char,
        way: KeyWay,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.live_call(call) else {
            return;
        };
        let caller = entry.caller;
        if matches!(&entry.purpose, Purpose::Joined(joined) if joined.far.call == from) {
            self.press(now, caller, key, way, out);
        }
    }

    /// Lets a party have a key that the other pressed.
    fn press(&mut self, now: Time, to: LegId, key: char, way: KeyWay, out: &mut Vec<Output>) {
        let Some(entry) = self.leg_mut(to).filter(|leg| leg.is_up() && !leg.bye_due) else {
            return;
        };
        if entry.holds_us() {
            return;
        }
        let has_events = entry.agreed().is_some_and(|agreed| agreed.events.is_some());
        match (has_events, way) {
            // Both have telephone events: it goes with the sound.
            (true, KeyWay::Media) => {}
            (true, KeyWay::Info) => self.media(to, Command::Press { digit: key }, out),
            (false, _) => {
                if entry.exchange.infos && entry.keys.tell(key) {
                    self.tell_key(now, to, out);
                }
            }
        }
    }

    /// Tells a party of the next key by INFO, in the words that phones understand.
    fn tell_key(&mut self, now: Time, leg: LegId, out: &mut Vec<Output>) {
        let Some(entry) = self.leg_mut(leg).filter(|leg| leg.is_up() && !leg.bye_due) else {
            return;
        };
        let flow = entry.request_flow();
        let key = entry.keys.on_its_way();
        let (Some(key), Some(dialog)) = (key, entry.dialog_mut()) else {
            return;
        };
        let mut request = dialog.request(Method::Info);
        let body = format!("Signal={key}\r\nDuration={PRESSED_MS}\r\n");
        request.set_body(RELAY, body.into_bytes().into());
        self.send(now, Mark::Info(leg), flow, request, out);
    }

    /// What a party says to that; none if nothing.
    pub(super) fn key_told(
        &mut self,
        now: Time,
        leg: LegId,
        status: Option<StatusCode>,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        match status {
            // RFC 3261 §12.2.1.2: there is no dialog any more.
            Some(StatusCode::CALL_DOES_NOT_EXIST) => return self.party_lost(now, leg, out),
            Some(status) if status.is_success() => entry.keys.taken(),
            // It knows no keys, or has no time for them.
            Some(_) | None => entry.keys.forget(),
        }
        self.tell_key(now, leg, out);
    }
}
