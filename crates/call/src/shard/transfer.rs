//! A party is sent elsewhere on the word of the one he talked with: he goes where that one's dialling leads, and comes
//! back where he can't be had there. Here the side of the one who is sent; `refer` has the side of the one who asks.

use super::{OwnCall, Shard};
use crate::call::{Between, Call, Purpose, Standing, TRANSFERS_MAX};
use crate::crosswise::{Crosswise, Named, Onward, Party, Referral, Rules};
use crate::identity::{Calling, account};
use crate::input::{EndCause, Output};
use crate::leg::{Leg, Role};
use crate::routing;
use crate::settings::{Destination, TransferFailed};
use crate::tag;
use acd::LeaveCause;
use base::{CallId, LegId, Time};
use media_core::Then;
use sip_core::{Reasons, StatusCode};
use std::sync::Arc;

impl Shard {
    /// Parts the two who talk: `leg` is left with a call of its own, the other is sent from the call he is in. Says
    /// which calls these are; none where the leg talks with nobody.
    pub(super) fn part(
        &mut self,
        now: Time,
        leg: LegId,
        out: &mut Vec<Output>,
    ) -> Option<(CallId, CallId)> {
        let call = self.leg(leg)?.call;
        let entry = self.call(call)?;
        if let Purpose::Joined(joined) = &entry.purpose {
            return Some((call, joined.far.call));
        }
        let (caller, other) = entry.talking()?;
        let stays = if leg == caller { other } else { caller };
        let own = self.new_part(now, call, leg)?;
        let (leaver, stayer) = (self.user_of(leg), self.user_of(stays));
        // Told first, so that neither looks free for a moment.
        self.tell_own_call(leaver, own, OwnCall::Active, out);
        self.tell_own_call(stayer.clone(), own, OwnCall::Active, out);
        self.stop_purpose(call, LeaveCause::SentOn, out);
        if stays != caller {
            self.becomes_caller(call, stays, out);
        }
        self.tell_own_call(stayer.clone(), call, OwnCall::Active, out);
        self.tell_own_call(stayer, own, OwnCall::Over, out);
        if let Some(call) = self.call_mut(call) {
            call.parts(now);
            call.purpose = Purpose::Between(Between::Leaving);
        }
        self.play_hold_music(call, stays, out);
        self.play_nothing_but(leg, Then::Silence, out);
        Some((own, call))
    }

    /// A call for a leg that leaves another.
    fn new_part(&mut self, now: Time, call: CallId, leg: LegId) -> Option<CallId> {
        let calling = self.calling(call, leg)?;
        let entry = self.call(call)?;
        let (org, dialled) = (entry.org.clone(), entry.dialled.clone());
        let sip_call_id = self.leg(leg)?.sip_call_id.clone();
        let purpose = Purpose::Between(Between::Leaving);
        let own = self.new_call(now, org, calling, &dialled, &sip_call_id, purpose);
        if let Some(call) = self.call_mut(call) {
            call.legs.retain(|other| *other != leg);
        }
        if let Some(own) = self.call_mut(own) {
            own.caller = leg;
            own.standing = Standing::Part;
            // A new call has room for its first leg.
            let _room = own.legs.push(leg);
        }
        let entry = self.leg_mut(leg)?;
        entry.call = own;
        entry.role = Role::Caller;
        self.keeps_placing(call, own, leg);
        Some(own)
    }

    /// The one who was called is all that is left of a call: from now on it is his.
    pub(super) fn becomes_caller(&mut self, call: CallId, leg: LegId, out: &mut Vec<Output>) {
        let Some(calling) = self.calling(call, leg) else {
            return;
        };
        self.leads(call, leg);
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        entry.caller_number = calling.number;
        entry.caller_name = calling.name;
        let before = std::mem::replace(&mut entry.caller_user, calling.user);
        self.tell_own_call(before, call, OwnCall::Over, out);
    }

    /// A leg that we made is the caller's from now on, and the call goes by its Call-ID.
    pub(super) fn leads(&mut self, call: CallId, leg: LegId) {
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        entry.role = Role::Caller;
        let sip_call_id = entry.sip_call_id.clone();
        let hashed = tag::hash(sip_call_id.as_bytes());
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        entry.caller = leg;
        let before = std::mem::replace(&mut entry.sip_call_id, sip_call_id);
        let before = tag::hash(before.as_bytes());
        self.calls_by_sip_id.remove(&(before, call));
        self.calls_by_sip_id.insert((hashed, call));
    }

    /// Who is at the end of a leg, as others are told.
    pub(super) fn calling(&self, call: CallId, leg: LegId) -> Option<Calling> {
        let entry = self.call(call)?;
        let organisation = self.directory.organisations.get(&entry.org);
        let user = self.user_of(leg);
        let known = organisation.and_then(|it| account(it, user.clone()?));
        Some(known.unwrap_or_else(|| match leg == entry.caller {
            true => Calling {
                user,
                number: entry.caller_number.clone(),
                name: entry.caller_name.clone(),
            },
            false => Calling {
                user,
                number: self.number_at(leg).unwrap_or_else(|| entry.dialled.clone()),
                name: None,
            },
        }))
    }

    /// The number outside that a leg of ours reached.
    fn number_at(&self, leg: LegId) -> Option<Box<str>> {
        let way = self.leg(leg)?.way.as_ref()?;
        Some(way.number.to_string().into())
    }

    pub(super) fn user_of(&self, leg: LegId) -> Option<base::UserId> {
        self.leg(leg).and_then(|leg| leg.user.clone())
    }

    /// The party of this call is to go elsewhere.
    pub(super) fn transfer(
        &mut self,
        now: Time,
        call: CallId,
        referral: Referral,
        to: Onward,
        out: &mut Vec<Output>,
    ) {
        let by = referral.by;
        let Some(entry) = self.live_call_mut(call) else {
            return self.tell(Crosswise::gone(by, call), out);
        };
        let talks = match &entry.purpose {
            Purpose::Between(between) => *between == Between::Leaving,
            Purpose::Joined(joined) => joined.far.call == by,
            _ => false,
        };
        if !talks {
            // He has just sent the other elsewhere himself: neither goes.
            let status = StatusCode::REQUEST_PENDING;
            return self.hand_back(call, by, status, out);
        }
        entry.purpose = Purpose::Between(Between::Leaving);
        entry.parts(now);
        let by_user = referral.user.clone();
        entry.referred_by = Some(by_user.clone());
        entry.referral = Some(referral);
        entry.transfers = entry.transfers.saturating_add(1);
        let spent = entry.transfers > TRANSFERS_MAX;
        let counted = std::mem::replace(&mut entry.standing, Standing::Counted);
        if counted == Standing::Part {
            self.call_began(call, None, out);
        }
        if spent {
            return self.comes_back(now, call, StatusCode::LOOP_DETECTED, out);
        }
        match to {
            Onward::Number(number) => self.goes_to(now, call, &number, out),
            Onward::Dialog(replaces) => {
                self.claim_in_transfer(now, call, Named::Dialog(replaces), out);
            }
            Onward::Leg(leg) => self.claim_in_transfer(now, call, Named::Own(leg, by_user), out),
        }
    }

    fn claim_in_transfer(&mut self, now: Time, call: CallId, named: Named, out: &mut Vec<Output>) {
        if let Some(call) = self.call_mut(call) {
            let rules = Rules::OfTransfer;
            call.purpose = Purpose::Between(Between::Claiming { named, rules });
        }
        self.claim(now, call, out);
    }

    /// Goes where the number leads for the one who sends him; his right to that was looked at when he asked.
    fn goes_to(&mut self, now: Time, call: CallId, number: &str, out: &mut Vec<Output>) {
        let directory = Arc::clone(&self.directory);
        let destination = self.call(call).and_then(|call| {
            let organisation = directory.organisations.get(&call.org)?;
            routing::onward(organisation, &call.referral.as_ref()?.user, number)
        });
        if let Some(call) = self.call_mut(call) {
            call.dialled = number.into();
        }
        let gone = match destination {
            Some(destination) => self.enter(now, call, &destination, LeaveCause::SentOn, out),
            None => return self.comes_back(now, call, StatusCode::NOT_FOUND, out),
        };
        if gone.is_err() {
            self.comes_back(now, call, StatusCode::NOT_FOUND, out);
        }
    }

    /// The new destination rings, or has taken the party: whoever sent him hears it.
    pub(super) fn transfer_reached(
        &mut self,
        call: CallId,
        status: StatusCode,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        let referral = match status.is_final() {
            true => entry.referral.take(),
            false => entry.referral.clone(),
        };
        if let Some(referral) = referral {
            let told = Crosswise::Progress {
                call: referral.by,
                from: call,
                status,
            };
            self.tell(told, out);
        }
    }

    /// A call that was sent elsewhere comes to its end there: does its party come back from it?
    pub(super) fn may_come_back(&self, call: CallId, cause: EndCause) -> bool {
        let failed = matches!(cause, EndCause::NotCompleted | EndCause::CalleeHungUp);
        let is_sent = |call: &&Call| call.referral.is_some() && call.ending.is_none();
        failed
            && self
                .call(call)
                .filter(is_sent)
                .is_some_and(|call| self.leg(call.caller).is_some_and(Leg::is_up))
    }

    /// The party could not be had where he was sent: back to whoever sent him.
    pub(super) fn comes_back(
        &mut self,
        now: Time,
        call: CallId,
        status: StatusCode,
        out: &mut Vec<Output>,
    ) {
        let Some(referral) = self.call_mut(call).and_then(|it| it.referral.take()) else {
            return;
        };
        self.leave(now, call, LeaveCause::SentOn, out);
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        let caller = entry.caller;
        entry.purpose = Purpose::Between(Between::Returning {
            to: referral.by,
            user: referral.user,
            status,
        });
        self.play_hold_music(call, caller, out);
        self.hand_back(call, referral.by, status, out);
    }

    fn hand_back(&self, call: CallId, to: CallId, status: StatusCode, out: &mut Vec<Output>) {
        if let Some(party) = self.party(call) {
            let returned = Crosswise::Returned {
                call: to,
                party,
                status,
            };
            self.tell(returned, out);
        }
    }

    /// Another call's party talks with this one's.
    pub(super) fn joined(&mut self, now: Time, call: CallId, far: Party, out: &mut Vec<Output>) {
        enum Told {
            /// He asked for it, and leads.
            Leads,
            Follows,
        }
        let expects = |call: &Call| match &call.purpose {
            _ if call.ending.is_some() => None,
            Purpose::Between(Between::Claiming { .. }) => Some(Told::Leads),
            Purpose::Between(Between::Returning { to, .. }) if *to == far.call => {
                Some(Told::Follows)
            }
            Purpose::Referring(refers) if refers.sent == far.call => Some(Told::Follows),
            Purpose::Joined(joined) if joined.far.call == far.call => Some(Told::Follows),
            _ => None,
        };
        match self.call(call).and_then(expects) {
            Some(Told::Leads) => self.join_leads(now, call, far, out),
            Some(Told::Follows) => self.join_follows(now, call, far, out),
            None => {
                self.tell(Crosswise::gone(far.call, call), out);
            }
        }
    }

    /// Whoever sent the party on is gone: his phone is rung, so that the party is not lost.
    fn ring_back(
        &mut self,
        now: Time,
        call: CallId,
        user: base::UserId,
        status: StatusCode,
        out: &mut Vec<Output>,
    ) {
        let organisation = self
            .call(call)
            .and_then(|it| self.directory.organisations.get(&it.org));
        let rings = organisation.is_some_and(|it| it.transfer_failed == TransferFailed::RingBack);
        if !rings {
            return self.end_call(now, call, EndCause::NotCompleted, status, out);
        }
        let back = Destination::User(user);
        if self
            .enter(now, call, &back, LeaveCause::SentOn, out)
            .is_err()
        {
            self.end_call(now, call, EndCause::NotCompleted, status, out);
        }
    }

    /// A call that this one deals with is over.
    pub(super) fn other_gone(
        &mut self,
        now: Time,
        call: CallId,
        from: CallId,
        reasons: Reasons,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.live_call_mut(call) else {
            return;
        };
        match &entry.purpose {
            Purpose::Joined(joined) if joined.far.call == from => {
                entry.reasons = reasons;
                let status = StatusCode::REQUEST_TERMINATED;
                self.end_call(now, call, EndCause::CalleeHungUp, status, out);
            }
            Purpose::Between(Between::Returning { to, user, status }) if *to == from => {
                let (user, status) = (user.clone(), *status);
                self.ring_back(now, call, user, status, out);
            }
            Purpose::Between(Between::Claiming { .. }) => {
                self.claim_refused(now, call, StatusCode::CALL_DOES_NOT_EXIST, out);
            }
            Purpose::Referring(refers) if refers.sent == from => self.sent_is_gone(now, call, out),
            _ => {}
        }
    }
}
