//! Calls to colleagues: one, all of a group at once, or its members in order.

use super::calling_back::Told;
use super::forward::Forwarding;
use super::hang_up::Gone;
use super::ringing::CallOff;
use super::{Due, Shard};
use crate::call::{Alternatives, Purpose};
use crate::hunt::Hunt;
use crate::input::Output;
use crate::journey::CallTimer;
use crate::leg::Role;
use crate::outward::Payer;
use crate::settings::Member;
use acd::OfferEnd;
use base::{CallId, LegId, Time};
use media_core::{PromptId, Then};
use sip_core::StatusCode;

impl Shard {
    /// Rings whoever is next; sees to what follows where nobody is.
    pub(super) fn ring_colleagues(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        while let Some(hunt) = self.hunt(call) {
            let ring = hunt.ring;
            let members = hunt.next();
            if members.is_empty() {
                return self.nobody_answered(now, call, out);
            }
            let mut rung = false;
            for (number, member) in members {
                rung |= self.ring_member(call, number, member, out);
            }
            if rung {
                self.timers
                    .arm(Due::Call(call, CallTimer::RingTooLong), now + ring);
                return;
            }
        }
    }

    fn ring_member(
        &mut self,
        call: CallId,
        number: u8,
        member: Member,
        out: &mut Vec<Output>,
    ) -> bool {
        match member {
            Member::User(user) => {
                let role = Role::Callee { user: user.clone() };
                self.ring_user(call, role, &user, out).is_some()
            }
            Member::Outside(outside) => {
                let (role, payer) = (Role::Member(number), Payer::Organisation);
                self.ring_outside(call, role, &outside, payer, out)
            }
        }
    }

    pub(super) fn colleague_rings(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        let caller = entry.caller;
        if let Some(told) = entry.ringing_told()
            && !std::mem::replace(told, true)
        {
            self.progress(now, caller, StatusCode::RINGING, out);
            self.transfer_reached(call, StatusCode::RINGING, out);
            self.play_ringing_tone(call, out);
        }
    }

    /// A caller whom we answered hears from us that it rings; for others their own phone or exchange says so.
    fn play_ringing_tone(&self, call: CallId, out: &mut Vec<Output>) {
        let Some(entry) = self.call(call).filter(|call| self.hears_us(call.caller)) else {
            return;
        };
        let organisation = self.directory.organisations.get(&entry.org);
        if let Some(tone) = organisation.and_then(|it| it.ways.ringing_tone.clone()) {
            self.play_nothing_but(entry.caller, Then::Music(tone), out);
        }
    }

    pub(super) fn colleague_answered(
        &mut self,
        now: Time,
        call: CallId,
        leg: LegId,
        out: &mut Vec<Output>,
    ) {
        let role = self.leg(leg).map(|leg| leg.role.clone());
        self.stop_colleagues(now, call, role.as_ref(), CallOff::Elsewhere, out);
        let user = self.user_of(leg);
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        if let Purpose::Direct(direct) = &mut entry.purpose {
            direct.leg = Some(leg);
        }
        entry.talks(now, user);
        entry.alternatives = Alternatives::new();
        let caller = entry.caller;
        self.call_goes_on(call, out);
        self.timers.disarm(&Due::Call(call, CallTimer::RingTooLong));
        self.timers.disarm(&Due::Call(call, CallTimer::NextRound));
        self.answer(now, caller, out);
        self.transfer_reached(call, StatusCode::OK, out);
        self.apply_media(leg, out);
        self.join_or_hold(call, out);
    }

    /// None of a colleague's devices is left, and none was answered.
    pub(super) fn colleague_gone(
        &mut self,
        now: Time,
        call: CallId,
        how: Gone,
        out: &mut Vec<Output>,
    ) {
        if let Some(hunt) = self.hunt(call) {
            hunt.over(how);
        }
        if !self.colleagues_ring(call) {
            self.ring_colleagues(now, call, out);
        }
    }

    /// Those who ring have had their time.
    pub(super) fn rang_too_long(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        if matches!(
            self.call(call).map(|call| &call.purpose),
            Some(Purpose::Outside(_))
        ) {
            if self.nobody_came(now, call, out) == Told::Yes {
                return;
            }
            return self.outside_fails(now, call, StatusCode::TEMPORARILY_UNAVAILABLE, out);
        }
        if matches!(
            self.call(call).map(|call| &call.purpose),
            Some(Purpose::CallingBack | Purpose::Dialling(_))
        ) {
            return self.calls_back_on_none(now, call, OfferEnd::NoAnswer, out);
        }
        self.stop_colleagues(now, call, None, CallOff::Over, out);
        self.timers.disarm(&Due::Call(call, CallTimer::NextRound));
        let unanswered = Gone::Refused(StatusCode::TEMPORARILY_UNAVAILABLE);
        self.colleague_gone(now, call, unanswered, out);
    }

    /// Everybody has been tried.
    fn nobody_answered(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        let Some(hunt) = self.hunt(call) else {
            return;
        };
        let verdict = hunt.verdict();
        if self.forward_after(now, call, verdict, out) == Forwarding::Done {
            return;
        }
        if self.try_alternative(now, call, out) == Forwarding::Done {
            return;
        }
        let Some(hunt) = self.hunt(call) else {
            return;
        };
        let status = status_for_caller(verdict);
        match hunt.then.take() {
            Some(then) => self.enter_or_end(now, call, &then, status, out),
            None => {
                let prompt = self.not_available(call);
                self.end_saying(now, call, prompt, status, out);
            }
        }
    }

    pub(super) fn not_available(&self, call: CallId) -> Option<PromptId> {
        let org = &self.call(call)?.org;
        self.directory
            .organisations
            .get(org)?
            .ways
            .not_available
            .clone()
    }

    fn hunt(&mut self, call: CallId) -> Option<&mut Hunt> {
        match &mut self.call_mut(call)?.purpose {
            Purpose::Direct(direct) => Some(&mut direct.hunt),
            _ => None,
        }
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
