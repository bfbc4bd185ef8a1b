//! Endings: of a leg, of a call, of all calls; and what an ending means for whom.

use super::again::Again;
use super::requests::RETRY_AFTER_NO_ROOM;
use super::ringing::CallOff;
use super::{Due, Mark, OwnCall, Shard};
use crate::call::Standing;
use crate::calling_back::EndedBy;
use crate::cause;
use crate::crosswise::Crosswise;
use crate::input::{CallEvent, EndCause, Output};
pub(super) use crate::leg::Gone;
use crate::leg::{Leg, LegTimer, Role, State};
use crate::tag;
use acd::{LeaveCause, OfferEnd};
use base::{CallId, LegId, OfferId, Time};
use sip_core::transaction;
use sip_core::{HeaderName, Method, Reason, Reasons, StatusCode};

impl Shard {
    /// Takes a whole call down: each leg by what its state asks for. A caller who has no final response yet
    /// gets `status`.
    pub(super) fn end_call(
        &mut self,
        now: Time,
        call: CallId,
        cause: EndCause,
        status: StatusCode,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        if entry.ending.is_some() {
            return;
        }
        if self.may_come_back(call, cause) {
            return self.comes_back(now, call, status, out);
        }
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        entry.ending = Some(cause);
        self.call_over(now, call, cause, out);
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        let legs: Vec<LegId> = entry.legs.to_vec();
        let caller_user = entry.caller_user.clone();
        if let Some(placing) = entry.placing {
            self.placing_over(placing, None, EndedBy::Agent, out);
        }
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        if let Some(referral) = entry.referral.take() {
            self.tell(Crosswise::gone(referral.by, call), out);
        }
        self.stop_purpose(call, leave_cause(cause), out);
        self.tell_own_call(caller_user, call, OwnCall::Over, out);
        for leg in legs {
            self.hang_up(now, leg, status, out);
        }
        self.calls_the_next(now, call, out);
        self.remove_call_if_over(call, out);
    }

    /// Ends one leg by what its state asks for: a final response, CANCEL, BYE, or nothing.
    pub(super) fn hang_up(
        &mut self,
        now: Time,
        leg: LegId,
        status: StatusCode,
        out: &mut Vec<Output>,
    ) {
        let reasons = self.reasons_toward(leg, cause::for_status(status));
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        match &mut entry.state {
            State::Incoming { invite, .. } => {
                let key = invite.key;
                let mut response = invite.response(status, &entry.local_tag);
                if let Some(reasons) = reasons {
                    // RFC 6432 §4: why, as the other side said.
                    response
                        .headers
                        .push(HeaderName::Reason, reasons.to_string());
                }
                if status == StatusCode::SERVICE_UNAVAILABLE {
                    response
                        .headers
                        .push(HeaderName::RetryAfter, RETRY_AFTER_NO_ROOM.as_secs());
                }
                self.leg_gone(now, leg, Gone::Ended, out);
                self.respond(now, key, response, out);
            }
            State::Preparing { .. } => self.leg_gone(now, leg, Gone::Ended, out),
            State::Calling { .. } => self.call_off(now, leg, CallOff::Over, out),
            State::Up { .. } if entry.unacknowledged.is_some() => {
                // RFC 3261 §15: the callee's side must not send BYE before the ACK.
                entry.bye_due = true;
                self.close_media(leg, out);
            }
            State::Up { .. } => self.send_bye(now, leg, out),
            State::Cancelling { .. } | State::Leaving { .. } => {}
        }
    }

    /// Ends a leg that was invited and has not answered, and says why; others by what their state asks for.
    pub(super) fn call_off(&mut self, now: Time, leg: LegId, why: CallOff, out: &mut Vec<Output>) {
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        let State::Calling { invite } = &entry.state else {
            return self.hang_up(now, leg, StatusCode::REQUEST_TERMINATED, out);
        };
        let invite = invite.clone();
        let key = invite.key;
        entry.state = State::Cancelling { invite };
        self.timers.disarm(&Due::Leg(leg, LegTimer::DeviceSilent));
        let Some(key) = key else {
            return;
        };
        let reason = match self.reasons_of(leg) {
            Some(reasons) if why == CallOff::Over => reasons.to_string().into(),
            _ => why.reason().into(),
        };
        self.transact(now, transaction::Input::CancelFor { key, reason }, out);
    }

    /// Why a leg's call ends, as whoever ended it said.
    fn reasons_of(&self, leg: LegId) -> Option<Reasons> {
        let call = self.call_of(leg)?;
        Some(call.reasons.clone()).filter(|reasons| !reasons.is_empty())
    }

    /// The same as that leg's party is told: a trunk also in the telephone network's words, by `default` where nobody
    /// has said any.
    fn reasons_toward(&self, leg: LegId, default: Option<Reason>) -> Option<Reasons> {
        let said = self.reasons_of(leg);
        let default = default.filter(|_| self.leg(leg).is_some_and(Leg::is_over_trunk));
        match default {
            Some(reason) => Some(said.unwrap_or_default().or(reason)),
            None => said,
        }
    }

    pub(super) fn send_bye(&mut self, now: Time, leg: LegId, out: &mut Vec<Output>) {
        self.close_media(leg, out);
        let passed_on = self.reasons_toward(leg, Some(cause::cleared()));
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        let flow = entry.request_flow();
        let State::Up { dialog } = &mut entry.state else {
            return;
        };
        let mut request = dialog.request(Method::Bye);
        let dialog = dialog.clone();
        let own = entry.bye_reason.take();
        if let Some(reason) = own.or_else(|| passed_on.map(|it| it.to_string().into())) {
            request.headers.push(HeaderName::Reason, reason);
        }
        entry.state = State::Leaving { dialog };
        self.send(now, Mark::Bye(leg), flow, request, out);
    }

    /// Our BYE was answered, or never will be.
    pub(super) fn left(&mut self, now: Time, leg: LegId, out: &mut Vec<Output>) {
        if self
            .leg(leg)
            .is_some_and(|leg| matches!(leg.state, State::Leaving { .. }))
        {
            self.leg_gone(now, leg, Gone::Ended, out);
        }
    }

    /// A leg is over: sees to what that means for its call, and forgets it.
    pub(super) fn leg_gone(&mut self, now: Time, leg: LegId, how: Gone, out: &mut Vec<Output>) {
        self.close_media(leg, out);
        let Some(entry) = self.leg(leg) else {
            return;
        };
        let (call, key) = (entry.call, entry.pending_key());
        self.refuse_held(now, leg, out);
        if let Some(key) = key {
            self.pending.remove(&key);
        }
        for timer in LegTimer::ALL {
            self.timers.disarm(&Due::Leg(leg, timer));
        }
        // Off the call's list first: what ends the rest of the call has nothing left to say to this party.
        if let Some(call) = self.call_mut(call) {
            call.legs.retain(|other| *other != leg);
        }
        self.vacate_trunk(leg, out);
        self.settle(now, leg, how, out);
        self.vacate(leg, out);
        self.legs.remove(leg.slot, leg.generation);
        self.remove_call_if_over(call, out);
    }

    /// What a leg's end means for its call; once a leg.
    pub(super) fn settle(&mut self, now: Time, leg: LegId, how: Gone, out: &mut Vec<Output>) {
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        if std::mem::replace(&mut entry.settled, true) {
            return;
        }
        let withdrawn = matches!(
            entry.state,
            State::Cancelling { .. } | State::Leaving { .. }
        );
        let (call, role) = (entry.call, entry.role.clone());
        match role {
            Role::Caller => {
                let status = StatusCode::REQUEST_TERMINATED;
                let cause = how.cause_or(EndCause::CallerHungUp);
                self.end_call(now, call, cause, status, out);
            }
            Role::Agent { .. } | Role::Callee { .. } | Role::Member(_)
                if self.talks_with(call, leg) =>
            {
                let status = StatusCode::REQUEST_TERMINATED;
                let cause = how.cause_or(EndCause::CalleeHungUp);
                self.end_call(now, call, cause, status, out);
            }
            Role::Agent { .. } | Role::CallsBack { .. }
                if self.leg(leg).is_some_and(|leg| leg.way.is_some()) =>
            {
                let how = self.end_at_mobile(leg, how);
                let how = (!withdrawn).then_some(how);
                self.member_gone(now, leg, &role, how, out);
            }
            Role::Agent { .. } | Role::CallsBack { .. } | Role::Callee { .. } => {
                if !withdrawn && self.tried_at_next_place(leg, how, out) == Again::Sent {
                    return;
                }
                let how = (!withdrawn).then_some(how);
                self.device_over(now, call, &role, how, out);
            }
            Role::Outside => self.outside_gone(now, leg, how, out),
            Role::Member(_) => {
                let how = (!withdrawn).then_some(how);
                self.member_gone(now, leg, &role, how, out);
            }
        }
    }

    /// None of an agent's devices is left that was rung for an offer.
    pub(super) fn offer_over(&self, offer: OfferId, how: Gone, out: &mut Vec<Output>) {
        let end = offer_end(how);
        out.push(Output::Acd(acd::Input::OfferEnded { offer, end }));
    }

    fn talks_with(&self, call: CallId, leg: LegId) -> bool {
        self.call(call)
            .and_then(|call| call.talking())
            .is_some_and(|(_, other)| other == leg)
    }

    fn remove_call_if_over(&mut self, id: CallId, out: &mut Vec<Output>) {
        let Some(call) = self.call(id) else {
            return;
        };
        let Some(cause) = call.ending.filter(|_| call.legs.is_empty()) else {
            return;
        };
        let hash = tag::hash(call.sip_call_id.as_bytes());
        if call.standing == Standing::Counted {
            let reasons = call.reasons.clone();
            let call = self.view(call);
            out.push(Output::Event(CallEvent::Ended {
                call,
                cause,
                reasons,
            }));
        }
        self.calls_by_sip_id.remove(&(hash, id));
        self.calls.remove(id.slot, id.generation);
    }

    /// The server goes down: every call ends now.
    pub(super) fn end_all(&mut self, now: Time, out: &mut Vec<Output>) {
        let calls: Vec<CallId> = self.calls.values().map(|call| call.id).collect();
        for call in calls {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            self.end_call(now, call, EndCause::Shutdown, status, out);
        }
        self.end_subscriptions(now, out);
    }
}

fn leave_cause(cause: EndCause) -> LeaveCause {
    match cause {
        EndCause::CallerHungUp
        | EndCause::CalleeHungUp
        | EndCause::Completed
        | EndCause::MinutesUsedUp => LeaveCause::Abandoned,
        EndCause::Transferred => LeaveCause::SentOn,
        EndCause::NotCompleted | EndCause::SignallingFailed | EndCause::PartyLost => {
            LeaveCause::Failed
        }
        EndCause::Shutdown => LeaveCause::Shutdown,
    }
}

/// What an agent's device said, in the words of the queue.
pub(super) fn offer_end(how: Gone) -> OfferEnd {
    match how {
        Gone::HungUp | Gone::Ended => OfferEnd::Withdrawn,
        Gone::NotTaken => OfferEnd::Declined,
        Gone::Unreachable | Gone::Lost => OfferEnd::DeviceError,
        Gone::Refused(status) => match status.code() {
            486 | 600 => OfferEnd::Busy,
            // Phones decline with either.
            603 | 480 => OfferEnd::Declined,
            408 | 487 => OfferEnd::NoAnswer,
            _ => OfferEnd::DeviceError,
        },
    }
}
