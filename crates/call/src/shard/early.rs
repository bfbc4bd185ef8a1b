//! What a party says before it answers our INVITE: that it rings, what its early media is, and what it wants
//! acknowledged (RFC 3262 §4). A proxy may have forked the INVITE: the newest early media is heard.

use super::{Mark, Shard};
use crate::early::{Taken, is_terminated};
use crate::input::Output;
use crate::leg::State;
use crate::unanswered::Sent;
use base::{CallId, LegId, Time};
use media_core::Command;
use sip_core::{Request, Response, StatusCode};

impl Shard {
    /// A provisional response other than 100 to an INVITE of ours that still rings.
    pub(super) fn device_progressed(
        &mut self,
        now: Time,
        leg: LegId,
        response: &Response,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        let State::Calling { invite } = &mut entry.state else {
            return;
        };
        let taken = invite.forks.take(response);
        if taken == Taken::No {
            return;
        }
        let mut prack = None;
        let mut heard = false;
        if let (Some(early), Some(offer)) = (invite.forks.of(response), &mut entry.negotiation) {
            heard = early.answer(offer, response, taken);
            if let Taken::Reliably(rseq) = taken {
                prack = early.prack(rseq, response);
            }
            let tag = early.dialog.remote_tag.clone();
            if heard {
                invite.forks.heard(&tag);
            }
        }
        let call = entry.call;
        if let Some(prack) = prack {
            self.send_prack(now, leg, response, prack, out);
        }
        if is_terminated(response) {
            return self.fork_over(leg, response, out);
        }
        if heard {
            self.early_media(now, call, leg, out);
        }
        self.device_rings(now, leg, response.status, out);
    }

    fn send_prack(
        &mut self,
        now: Time,
        leg: LegId,
        response: &Response,
        request: Request,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        let State::Calling { invite } = &mut entry.state else {
            return;
        };
        let Some(early) = invite.forks.of(response) else {
            return;
        };
        let dialog = early.dialog.clone();
        let sent = Sent::new(request, entry.flow_by(&dialog));
        self.send_early(now, Mark::Prack(leg), dialog.next_hop().clone(), sent, out);
    }

    /// One party of a forked INVITE is out of it; another may be heard again.
    fn fork_over(&mut self, leg: LegId, response: &Response, out: &mut Vec<Output>) {
        if let Some(State::Calling { invite }) = self.leg_mut(leg).map(|leg| &mut leg.state) {
            invite.forks.remove(response);
        }
        self.apply_media(leg, out);
    }

    /// A colleague's device is heard before it answers: by the caller, if nobody is yet.
    pub(super) fn early_media(
        &mut self,
        now: Time,
        call: CallId,
        leg: LegId,
        out: &mut Vec<Output>,
    ) {
        // Nobody is there yet who could hear it.
        if self.is_called_ahead(call) {
            return;
        }
        let is_callee = self
            .leg(leg)
            .is_some_and(|leg| leg.role.is_called() && !leg.settled);
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        let caller = entry.caller;
        let waits = entry.connected.is_none() && entry.ending.is_none();
        let Some(ringing_told) = entry.ringing_told() else {
            return;
        };
        if !is_callee || !waits {
            return;
        }
        // What the device lets him hear tells him more than that it rings.
        *ringing_told = true;
        self.progress(now, caller, StatusCode::SESSION_PROGRESS, out);
        if let Some(caller) = self.leg_mut(caller) {
            caller.early_media = true;
        }
        self.transfer_reached(call, StatusCode::SESSION_PROGRESS, out);
        self.apply_media(caller, out);
        self.apply_media(leg, out);
        self.media(caller, Command::Bridge { with: leg }, out);
    }

    /// A device says how it goes: a colleague's is passed on to the caller.
    fn device_rings(&mut self, now: Time, leg: LegId, status: StatusCode, out: &mut Vec<Output>) {
        let Some(entry) = self.leg(leg) else {
            return;
        };
        let call = entry.call;
        if !entry.role.is_called() {
            return;
        }
        match status {
            StatusCode::CALL_IS_BEING_FORWARDED | StatusCode::QUEUED => {
                if let Some(caller) = self.call(call).map(|call| call.caller) {
                    self.progress(now, caller, status, out);
                }
            }
            _ => self.colleague_rings(now, call, out),
        }
    }
}
