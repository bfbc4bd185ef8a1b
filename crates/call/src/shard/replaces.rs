//! Replaces (RFC 3891): a party takes the place of another in a dialog of ours, whatever shard has it. He asks for it
//! by an INVITE of his own, or is sent there by a REFER after a consultation.

use super::Shard;
use super::feature::Came;
use super::requests::Refused;
use super::ringing::CallOff;
use crate::call::{About, Between, Call, FeatureCall, Purpose, Standing};
use crate::crosswise::{Claim, Crosswise, Named, Party, Rules};
use crate::input::{Admission, CallEvent, EndCause, Output, RefusedCause};
use crate::leg::{Leg, Role, State};
use crate::settings::{Destination, FeatureCode, Terms};
use crate::tag;
use acd::LeaveCause;
use base::{CallId, LegId, Time};
use sip_core::{Meant, Reasons, Replaces, Request, StatusCode};

/// There is no such dialog: also said of those of other organisations.
const NONE_SUCH: StatusCode = StatusCode::CALL_DOES_NOT_EXIST;

/// What the place of a party in a call is, when another is to have it.
enum Place {
    /// He talks with somebody.
    Talk,
    /// His device rings.
    Ringing,
    /// He waits to be put through to there.
    Waiting(Destination),
}

/// The dialog that an INVITE wants to replace, if it does.
pub(super) fn replaced_by(
    request: &Request,
    admission: &Admission,
) -> Result<Option<Replaces>, Refused> {
    let malformed = |_| Refused::new(StatusCode::BAD_REQUEST, RefusedCause::Malformed);
    let replaces = request.headers.replaces().map_err(malformed)?;
    if replaces.is_some() && !matches!(admission, Admission::User(_)) {
        // RFC 3891 §3: only whoever is known may take a call over.
        let forbidden = StatusCode::FORBIDDEN;
        return Err(Refused::new(forbidden, RefusedCause::Unsupported));
    }
    Ok(replaces)
}

/// The leg of ours that a Replaces names: the receiver's tag is ours, but some phones see it from the other end.
pub(super) fn leg_named_by(replaces: &Replaces) -> Option<LegId> {
    tag::leg_of(&replaces.to_tag).or_else(|| tag::leg_of(&replaces.from_tag))
}

impl Shard {
    /// Asks whoever has the dialog for its place.
    pub(super) fn claim(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        let Some(by) = self.party(call) else {
            return;
        };
        let Some(entry) = self.call(call) else {
            return;
        };
        let Purpose::Between(Between::Claiming { named, rules }) = &entry.purpose else {
            return;
        };
        let leg = match named {
            Named::Dialog(replaces) => leg_named_by(replaces),
            Named::Leg(leg) | Named::Own(leg, _) => Some(*leg),
        };
        let Some(leg) = leg else {
            return self.claim_refused(now, call, NONE_SUCH, out);
        };
        let claim = Claim {
            by,
            org: entry.org.clone(),
            named: named.clone(),
            rules: *rules,
        };
        self.tell(Crosswise::Claim { leg, claim }, out);
    }

    /// Another call's party wants the place of the one at this leg.
    pub(super) fn claimed(&mut self, now: Time, leg: LegId, claim: Claim, out: &mut Vec<Output>) {
        let call = claim.by.call;
        if let Err(status) = self.give_place(now, leg, claim, out) {
            self.tell(Crosswise::Refused { call, status }, out);
        }
    }

    fn give_place(
        &mut self,
        now: Time,
        leg: LegId,
        claim: Claim,
        out: &mut Vec<Output>,
    ) -> Result<(), StatusCode> {
        let place = self.place_of(leg, &claim)?;
        let call = self.leg(leg).ok_or(NONE_SUCH)?.call;
        match place {
            Place::Talk => {
                let (own, other) = self.part(now, leg, out).ok_or(NONE_SUCH)?;
                if let Some(own) = self.call_mut(own) {
                    // It has nothing more to do with the other party.
                    own.purpose = Purpose::Between(Between::Leaving);
                }
                let handed_over = Crosswise::HandedOver {
                    call: other,
                    from: own,
                    to: claim.by,
                };
                self.tell(handed_over, out);
                let status = StatusCode::REQUEST_TERMINATED;
                self.end_call(now, own, EndCause::Transferred, status, out);
            }
            Place::Ringing => {
                self.call_off_all(now, call, out);
                let handed_over = Crosswise::HandedOver {
                    call,
                    from: call,
                    to: claim.by,
                };
                self.tell(handed_over, out);
            }
            Place::Waiting(destination) => {
                let arrived = self.call(call).map_or(now, |call| call.arrived);
                let place = Crosswise::Place {
                    call: claim.by.call,
                    destination,
                    arrived,
                };
                self.tell(place, out);
                let status = StatusCode::REQUEST_TERMINATED;
                self.end_call(now, call, EndCause::Transferred, status, out);
            }
        }
        Ok(())
    }

    /// What the place at this leg is, if the one who wants it may have it.
    fn place_of(&self, leg: LegId, claim: &Claim) -> Result<Place, StatusCode> {
        let entry = self
            .leg(leg)
            .filter(|leg| match &claim.named {
                Named::Dialog(replaces) => is_named(leg, replaces),
                Named::Leg(named) => leg.id == *named,
                Named::Own(named, user) => leg.id == *named && leg.user.as_ref() == Some(user),
            })
            .ok_or(NONE_SUCH)?;
        let call = self
            .call(entry.call)
            .filter(|call| call.org == claim.org && call.id != claim.by.call)
            .ok_or(NONE_SUCH)?;
        // RFC 3891 §3: a dialog that is over is declined, a confirmed one is busy for whoever wants early ones only.
        let over = matches!(
            entry.state,
            State::Leaving { .. } | State::Cancelling { .. }
        );
        if over || entry.bye_due || call.ending.is_some() {
            return Err(StatusCode::DECLINE);
        }
        let confirmed = entry.is_up();
        let early_only = match &claim.named {
            Named::Dialog(replaces) => replaces.meant == Meant::EarlyOnly,
            Named::Leg(_) => true,
            Named::Own(..) => false,
        };
        if confirmed && early_only {
            return Err(StatusCode::BUSY_HERE);
        }
        let talks = match call.talking() {
            Some((caller, other)) => leg == caller || leg == other,
            None => matches!(call.purpose, Purpose::Joined(_)),
        };
        match (&entry.state, &entry.role) {
            (State::Up { .. }, _) if talks => Ok(Place::Talk),
            (State::Calling { .. }, Role::Callee { .. }) => Ok(Place::Ringing),
            // RFC 3891 §3: an early dialog that the other side began is nothing for an INVITE.
            (State::Incoming { .. }, Role::Caller) if claim.rules == Rules::OfInvite => {
                Err(NONE_SUCH)
            }
            (State::Up { .. } | State::Incoming { .. }, Role::Caller) => {
                waits_for(call).map(Place::Waiting).ok_or(NONE_SUCH)
            }
            _ => Err(NONE_SUCH),
        }
    }

    /// Nobody is rung for the call any more; whoever was sees no missed call.
    fn call_off_all(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        let Some(entry) = self.call(call) else {
            return;
        };
        let caller = entry.caller;
        let legs: Vec<LegId> = entry.legs.to_vec();
        for leg in legs.into_iter().filter(|leg| *leg != caller) {
            self.settle_silently(leg);
            self.call_off(now, leg, CallOff::Elsewhere, out);
        }
        self.stop_purpose(call, LeaveCause::SentOn, out);
        if let Some(call) = self.call_mut(call) {
            call.purpose = Purpose::Between(Between::Leaving);
        }
    }

    /// The party that this call's talked with has handed his place to another.
    pub(super) fn handed_over(
        &mut self,
        now: Time,
        call: CallId,
        from: CallId,
        to: Party,
        out: &mut Vec<Output>,
    ) {
        let expects = |call: &&mut Call| match &call.purpose {
            Purpose::Joined(joined) => joined.far.call == from,
            Purpose::Between(between) => *between == Between::Leaving,
            _ => false,
        };
        let entry = self
            .call_mut(call)
            .filter(|call| call.ending.is_none())
            .filter(expects);
        let Some(entry) = entry else {
            return self.tell(Crosswise::gone(to.call, call), out);
        };
        entry.purpose = Purpose::Between(Between::Leaving);
        // From here on the call is a part of the other, which goes on in people's eyes.
        let cause = EndCause::Transferred;
        self.call_over(now, call, cause, out);
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        let before = std::mem::replace(&mut entry.standing, Standing::Part);
        if before == Standing::Counted
            && let Some(entry) = self.call(call)
        {
            out.push(Output::Event(CallEvent::Ended {
                call: self.view(entry),
                cause,
                reasons: Reasons::default(),
            }));
        }
        let other = to.call;
        self.join_follows(now, call, to, out);
        if let Some(party) = self.party(call) {
            let joined = Crosswise::Joined { call: other, party };
            self.tell(joined, out);
        }
    }

    /// The place that was claimed leads on.
    pub(super) fn place_found(
        &mut self,
        now: Time,
        call: CallId,
        destination: &Destination,
        arrived: Time,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.call_mut(call).filter(|call| claims(call)) else {
            return;
        };
        entry.arrived = entry.arrived.min(arrived);
        let entered = self.enter(now, call, destination, LeaveCause::SentOn, out);
        if entered.is_err() {
            self.claim_refused(now, call, StatusCode::NOT_FOUND, out);
        }
    }

    /// What was claimed can't be had.
    pub(super) fn claim_refused(
        &mut self,
        now: Time,
        call: CallId,
        status: StatusCode,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.live_call_mut(call).filter(|entry| claims(entry)) else {
            return;
        };
        if is_dialled(entry) {
            // A phone that rings for a callback, say, is its agent's alone.
            entry.purpose = Purpose::Feature(FeatureCall {
                code: FeatureCode::PickUp,
                about: About::Nothing,
                answered: false,
            });
            return self.feature_done(now, call, Came::ToNothing, out);
        }
        self.end_call(now, call, EndCause::NotCompleted, status, out);
    }
}

fn claims(call: &Call) -> bool {
    matches!(call.purpose, Purpose::Between(Between::Claiming { .. }))
}

/// Whether it was asked for by a code, whose dialler hears what came of it.
fn is_dialled(call: &Call) -> bool {
    let claiming = &call.purpose;
    matches!(
        claiming,
        Purpose::Between(Between::Claiming {
            named: Named::Leg(_),
            ..
        })
    )
}

/// Where a caller who talks with nobody yet is going.
fn waits_for(call: &Call) -> Option<Destination> {
    match &call.purpose {
        Purpose::Queue(queue) => {
            let terms = Terms {
                priority: Some(call.priority),
                requires: Some(call.requires.clone()),
            };
            Some(Destination::QueueAs(queue.queue.clone(), terms))
        }
        Purpose::Direct(_) => {
            // A group has begun with some of its people, and can't be begun with again.
            let only = call.rings.first().filter(|_| call.rings.len() == 1)?;
            only.role.user().cloned().map(Destination::User)
        }
        _ => None,
    }
}

/// Whether a Replaces names this leg's dialog, by its Call-ID and both tags.
fn is_named(leg: &Leg, replaces: &Replaces) -> bool {
    let tags = (&*replaces.to_tag, &*replaces.from_tag);
    let remote = match tags {
        (local, remote) | (remote, local) if *local == *leg.local_tag => remote,
        _ => return false,
    };
    *leg.sip_call_id == *replaces.call_id && leg.is_known_as(remote)
}
