//! Calls between colleagues.

use super::hang_up::Gone;
use super::{Due, Shard};
use crate::call::Purpose;
use crate::input::{EndCause, Output};
use crate::journey::CallTimer;
use crate::leg::Role;
use base::{CallId, LegId, Time, UserId};
use sip_core::StatusCode;

impl Shard {
    pub(super) fn ring_colleague(
        &mut self,
        now: Time,
        call: CallId,
        callee: UserId,
        out: &mut Vec<Output>,
    ) {
        let role = Role::Callee {
            user: callee.clone(),
        };
        if self.ring_user(call, role, &callee, out).is_none() {
            return;
        }
        let ring = self
            .call(call)
            .and_then(|call| self.directory.organisations.get(&call.org))
            .map(|organisation| organisation.ring);
        if let Some(ring) = ring {
            self.timers
                .arm(Due::Call(call, CallTimer::RingTooLong), now + ring);
        }
    }

    pub(super) fn colleague_rings(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        let caller = entry.caller;
        if let Purpose::Direct(direct) = &mut entry.purpose
            && !std::mem::replace(&mut direct.ringing_told, true)
        {
            self.progress(now, caller, StatusCode::RINGING, out);
            self.transfer_reached(call, StatusCode::RINGING, out);
        }
    }

    pub(super) fn colleague_answered(
        &mut self,
        now: Time,
        call: CallId,
        leg: LegId,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        if let Purpose::Direct(direct) = &mut entry.purpose {
            direct.leg = Some(leg);
        }
        entry.connected = Some(now);
        let caller = entry.caller;
        self.timers.disarm(&Due::Call(call, CallTimer::RingTooLong));
        self.answer(now, caller, out);
        self.transfer_reached(call, StatusCode::OK, out);
        self.apply_media(leg, out);
        self.join_or_hold(call, out);
    }

    /// None of the colleague's devices is left, and none was answered.
    pub(super) fn colleague_gone(
        &mut self,
        now: Time,
        call: CallId,
        how: Gone,
        out: &mut Vec<Output>,
    ) {
        let status = status_for_caller(how);
        self.end_call(now, call, EndCause::NotCompleted, status, out);
    }

    pub(super) fn rang_too_long(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        let status = StatusCode::TEMPORARILY_UNAVAILABLE;
        self.end_call(now, call, EndCause::NotCompleted, status, out);
    }
}

/// What the caller is told of a colleague's device. Trouble of the device's own is not the caller's to know,
/// and a 503 would make him think that we are down.
fn status_for_caller(how: Gone) -> StatusCode {
    match how {
        Gone::Refused(
            status @ (StatusCode::BUSY_HERE
            | StatusCode::BUSY_EVERYWHERE
            | StatusCode::DECLINE
            | StatusCode::NOT_ACCEPTABLE_HERE
            | StatusCode::NOT_ACCEPTABLE_GLOBAL),
        ) => status,
        _ => StatusCode::TEMPORARILY_UNAVAILABLE,
    }
}
