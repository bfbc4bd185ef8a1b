//! Somebody dials away from his telephone: his own devices ring first, and once he has answered on one his call goes where it
//! would if he had dialled there.

use super::enter::purpose_of;
use super::own_call::{Done, dialled};
use super::{Due, OwnCall, Shard};
use crate::call::{Call, Purpose};
use crate::identity::account;
use crate::input::{Admission, CallEvent, EndCause, Output, RefusedCause};
use crate::journey::CallTimer;
use crate::leg::Role;
use crate::menu::Keys;
use crate::record::CallDirection;
use crate::routing::{self, Target};
use crate::settings::PickUp;
use base::{CallId, LegId, Time, UserId};
use control::OwnCallRefusal;
use sip_core::StatusCode;
use std::sync::Arc;

impl Shard {
    /// His devices are rung, if he could call that number from them.
    pub(super) fn dial(
        &mut self,
        now: Time,
        user: &UserId,
        number: &str,
        admission: &Admission,
        out: &mut Vec<Output>,
    ) -> Done {
        let number = dialled(number)?;
        let room = self.room_for_a_call(admission);
        room.map_err(|refused| match refused.cause {
            RefusedCause::Draining => OwnCallRefusal::Draining,
            _ => OwnCallRefusal::TooManyCalls,
        })?;
        let directory = Arc::clone(&self.directory);
        let (org, organisation) =
            routing::organisation(&directory, admission).ok_or(OwnCallRefusal::UnknownNumber)?;
        let calling = account(organisation, user.clone()).ok_or(OwnCallRefusal::UnknownNumber)?;
        let asking = self.asking(now, &calling.number);
        let target = routing::target(organisation, admission, &number, &asking);
        let direction = match target.ok_or(OwnCallRefusal::UnknownNumber)? {
            Target::Outside(outside, payer) => {
                let allowed = organisation.outward.check(&payer, &outside);
                allowed.map_err(|_| OwnCallRefusal::NotAllowed)?;
                CallDirection::Outward
            }
            _ => CallDirection::Internal,
        };
        if self.calls.values().any(|call| is_dialling(call, user)) {
            return Err(OwnCallRefusal::DiallingAlready);
        }
        let purpose = Purpose::Dialling(direction);
        // It goes by the Call-ID of the device that he answers on.
        let call = self.new_call(now, org, calling, &number, "", purpose);
        self.timers.arm(
            Due::Call(call, CallTimer::RingTooLong),
            now + organisation.ring,
        );
        self.tell_own_call(Some(user.clone()), call, OwnCall::Active, out);
        self.call_began(call, None, out);
        let role = Role::CallsBack {
            agent: user.clone(),
            offer: None,
        };
        match self.ring_user(call, role, user, out) {
            Some(leg) => {
                if let Some(call) = self.call_mut(call) {
                    call.caller = leg;
                }
            }
            None => {
                let status = StatusCode::TEMPORARILY_UNAVAILABLE;
                self.end_call(now, call, EndCause::NotCompleted, status, out);
            }
        }
        Ok(())
    }

    /// Whether a call's caller dialled it so, and has not answered yet.
    pub(super) fn is_dialled_elsewhere(&self, call: CallId) -> bool {
        let purpose = self.call(call).map(|call| &call.purpose);
        matches!(purpose, Some(Purpose::Dialling(_)))
    }

    /// He has answered: his call begins.
    pub(super) fn goes_on_dialling(&mut self, now: Time, leg: LegId, out: &mut Vec<Output>) {
        let directory = Arc::clone(&self.directory);
        let Some(call) = self.leg(leg).map(|leg| leg.call) else {
            return;
        };
        self.is_caller_now(call, leg);
        self.apply_media(leg, out);
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        entry.is_answered(now);
        out.push(Output::Event(CallEvent::Answered(call)));
        self.call_goes_on(call, out);
        let Some(entry) = self.call(call) else {
            return;
        };
        let purpose = entry.caller_user.clone().and_then(|user| {
            let asking = self.asking(now, &entry.caller_number);
            let admission = Admission::User(user);
            let (_, organisation) = routing::organisation(&directory, &admission)?;
            let target = routing::target(organisation, &admission, &entry.dialled, &asking)?;
            let user = entry.caller_user.as_ref();
            Some(purpose_of(organisation, &target, user, entry.moves + 1))
        });
        let Some(purpose) = purpose else {
            // A reload took the number away while his device rang.
            let status = StatusCode::NOT_FOUND;
            return self.end_call(now, call, EndCause::NotCompleted, status, out);
        };
        if let Some(entry) = self.call_mut(call) {
            entry.purpose = purpose;
            entry.moves += 1;
            entry.keys = Keys::new();
        }
        self.begin(now, call, out);
    }

    /// Whoever was rung for what he asked for has answered on that leg: the call is his.
    pub(super) fn is_caller_now(&mut self, call: CallId, leg: LegId) {
        if let Some(role) = self.leg(leg).map(|leg| leg.role.clone()) {
            self.forget_ring(call, &role);
        }
        self.leads(call, leg);
        for timer in [CallTimer::RingTooLong, CallTimer::NextRound] {
            self.timers.disarm(&Due::Call(call, timer));
        }
    }

    /// Whether the telephone of somebody who dialled elsewhere answers by itself: where it does for colleagues.
    pub(super) fn pick_up_of_own(&self, user: Option<&UserId>) -> PickUp {
        let user = user.and_then(|user| self.directory.user(user));
        user.map_or(PickUp::ByHand, |user| user.intercom)
    }
}

fn is_dialling(call: &Call, user: &UserId) -> bool {
    let his = call.caller_user.as_ref() == Some(user);
    his && call.ending.is_none() && matches!(call.purpose, Purpose::Dialling(_))
}
