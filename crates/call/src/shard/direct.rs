//! Calls between colleagues.

use super::hang_up::Gone;
use super::{Due, OwnCall, Shard};
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
        let Some(leg) = self.new_device_leg(call, role, callee.clone(), out) else {
            return;
        };
        let ring = self
            .call(call)
            .and_then(|call| self.directory.organisations.get(&call.org))
            .map(|organisation| organisation.ring);
        if let Some(Purpose::Direct(direct)) = self.call_mut(call).map(|call| &mut call.purpose) {
            direct.leg = Some(leg);
        }
        if let Some(ring) = ring {
            self.timers
                .arm(Due::Call(call, CallTimer::RingTooLong), now + ring);
        }
        self.tell_own_call(Some(callee), call, OwnCall::Active, out);
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
        entry.connected = Some(now);
        let caller = entry.caller;
        self.timers.disarm(&Due::Call(call, CallTimer::RingTooLong));
        self.answer(now, caller, out);
        self.apply_media(leg, out);
        self.join_or_hold(call, out);
    }

    /// The colleague's device is gone: he hung up, or never answered.
    pub(super) fn colleague_gone(
        &mut self,
        now: Time,
        call: CallId,
        how: Gone,
        out: &mut Vec<Output>,
    ) {
        let talked = self.call(call).is_some_and(|call| call.connected.is_some());
        let cause = if talked {
            EndCause::CalleeHungUp
        } else {
            EndCause::NotCompleted
        };
        self.end_call(now, call, cause, status_for_caller(how), out);
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
