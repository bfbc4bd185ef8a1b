//! Calls to numbers outside: which trunk is tried, its INVITE, its challenges, and what is tried when it fails. Each
//! attempt is a leg of its own, so that what crosses a change of mind (a late 2xx of a trunk given up) ends
//! as any withdrawn leg does.

use super::calling_back::Told as ToldAgent;
use super::channels::vacate;
use super::forward::Forwarding;
use super::hang_up::Gone;
use super::requests::{ALLOW, SUPPORTED};
use super::{Due, Shard};
use crate::call::{Alternatives, Purpose};
use crate::diverted::{self, Told};
use crate::hunt::Ring;
use crate::identity::{NOT_SHOWN, Trust, anonymous};
use crate::input::{Asker, CallEvent, EndCause, Output, RefusedCause};
use crate::journey::CallTimer;
use crate::ledger::{Held, Urgency};
use crate::leg::{Leg, Role, State};
use crate::outward::{CallerId, Class, NotAllowed, Outside, Payer};
use crate::rest;
use crate::settings::{Organisation, Trunk};
use crate::trunk::{self, Outward, Way};
use base::{CallId, LegId, Time};
use media_core::PromptId;
use sip_core::{
    CSeq, Flow, HeaderName, HeaderValue, Host, Method, NameAddr, Request, StatusCode, Uri,
};
use std::sync::Arc;
use std::time::Duration;

/// How long a number outside may ring: what networks allow before they give a call up themselves (RFC 3261
/// §16.6, Timer C).
const OUTSIDE_RINGS_MAX: Duration = Duration::from_secs(180);

impl Shard {
    /// Goes about a call to a number outside: the check, then the first trunk.
    pub(super) fn call_outside(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        let Some(entry) = self.call(call) else {
            return;
        };
        let Purpose::Outside(outside) = &entry.purpose else {
            return;
        };
        let (outside, payer) = (outside.outside.clone(), outside.payer.clone());
        let way = match self.way_out(call, &outside, payer) {
            Ok(way) => way,
            Err(cause) => return self.refuse_outside(now, call, cause, out),
        };
        let rings_until = now + self.person_rings(call).unwrap_or(OUTSIDE_RINGS_MAX);
        self.timers
            .arm(Due::Call(call, CallTimer::RingTooLong), rings_until);
        if !self.set_out(call, Role::Outside, way, Held::default(), out) {
            self.refuse_outside(now, call, RefusedCause::TooManyCalls, out);
        }
    }

    /// The way to a number outside on that account, if it may be called: the check that every call out passes.
    pub(super) fn way_out(
        &mut self,
        call: CallId,
        outside: &Outside,
        payer: Payer,
    ) -> Result<Way, RefusedCause> {
        let directory = Arc::clone(&self.directory);
        // Where there is none, a reload took the organisation away while this was on its way.
        let (entry, organisation) = self
            .call(call)
            .and_then(|call| Some((call, directory.organisations.get(&call.org)?)))
            .ok_or(RefusedCause::NoTrunk)?;
        let checked = organisation.outward.check(&payer, outside);
        let allowed = checked.map_err(cause_of)?;
        // A wish is about its phone's own calls: others' on the same account go out as the settings say.
        let own = matches!(&payer, Payer::User(user) if Some(user) == entry.caller_user.as_ref());
        let wish = entry.wish.as_ref().filter(|_| own).cloned();
        let mut routes = trunk::routes(&organisation.trunks, &self.trunks_seen, &mut self.rng);
        if routes.is_empty() {
            return Err(RefusedCause::NoTrunk);
        }
        Ok(Way {
            trunk: routes.remove(0),
            urgency: match allowed.outside.class {
                Class::Emergency => Urgency::Emergency,
                _ => Urgency::Ordinary,
            },
            number: allowed.outside.number,
            shown: organisation.outward.shown_as(&payer, wish.as_ref()),
            payer,
            targets: Vec::new(),
            routes,
        })
    }

    /// Somebody outside is rung as one of several. False where that can't be.
    pub(super) fn ring_outside(
        &mut self,
        call: CallId,
        role: Role,
        outside: &Outside,
        payer: Payer,
        out: &mut Vec<Output>,
    ) -> bool {
        let way = match self.way_out(call, outside, payer) {
            Ok(way) => way,
            Err(cause) => {
                self.tell_refused(call, cause, out);
                return false;
            }
        };
        let ring = Ring::new(role.clone());
        let rung = self.call_mut(call).map(|call| call.rings.push(ring));
        if !matches!(rung, Some(Ok(()))) {
            return false;
        }
        let rung = self.set_out(call, role.clone(), way, Held::default(), out);
        if !rung {
            self.forget_ring(call, &role);
        }
        rung
    }

    pub(super) fn tell_refused(&self, call: CallId, cause: RefusedCause, out: &mut Vec<Output>) {
        if let Some(entry) = self.call(call) {
            let call = self.view(entry);
            out.push(Output::Event(CallEvent::OutsideRefused { call, cause }));
        }
    }

    fn refuse_outside(
        &mut self,
        now: Time,
        call: CallId,
        cause: RefusedCause,
        out: &mut Vec<Output>,
    ) {
        let status = match cause {
            RefusedCause::NoPlan | RefusedCause::NumberNotAllowed => StatusCode::FORBIDDEN,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        self.tell_refused(call, cause, out);
        self.outside_fails(now, call, status, out);
    }

    /// A leg that goes that way, with what an attempt before it had. False where the call has too many legs.
    pub(super) fn set_out(
        &mut self,
        call: CallId,
        role: Role,
        way: Way,
        held: Held,
        out: &mut Vec<Output>,
    ) -> bool {
        let Some(leg) = self.new_leg(call, role, None) else {
            vacate(held, out);
            return false;
        };
        if let Some(Purpose::Outside(outside)) = self.call_mut(call).map(|call| &mut call.purpose) {
            outside.leg = Some(leg);
        }
        let has_channel = held.trunk.is_some();
        if let Some(entry) = self.leg_mut(leg) {
            entry.way = Some(way.into());
            entry.held = held;
        }
        match has_channel {
            true => self.seek(leg, out),
            false => self.occupy_outward(leg, out),
        }
        true
    }

    /// A leg has its channel: it goes to the first address that its way has left; asks for that of its trunk if
    /// there is none.
    pub(super) fn seek(&mut self, leg: LegId, out: &mut Vec<Output>) {
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        let call = entry.call;
        let Some(way) = entry.way.as_mut() else {
            return;
        };
        let target = (!way.targets.is_empty()).then(|| way.targets.remove(0));
        let next_hop = self
            .leg(leg)
            .and_then(|leg| self.outward(call, leg.way.as_ref()?))
            .map(|(_, outward)| outward.next_hop.clone());
        match (target, next_hop) {
            (Some(target), _) => self.aim(leg, target, out),
            (None, Some(uri)) => out.push(Output::Resolve {
                asker: Asker::Leg(leg),
                uri,
            }),
            // A reload took the trunk away: the same as one that has no address.
            (None, None) => out.push(Output::Resolve {
                asker: Asker::Leg(leg),
                uri: Uri::sip(None, Host::Name("invalid".into()), None),
            }),
        }
    }

    pub(super) fn aim(&mut self, leg: LegId, target: Flow, out: &mut Vec<Output>) {
        if let Some(entry) = self.leg_mut(leg) {
            entry.flow = target;
            self.open_media(leg, out);
        }
    }

    /// Where a trunk's next hop, or a device's, can be reached is known.
    pub(super) fn resolved(
        &mut self,
        now: Time,
        leg: LegId,
        mut targets: Vec<Flow>,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        if let (State::Preparing { binding: Some(it) }, None) = (&entry.state, &entry.way) {
            // A Contact is anybody's word; where a trunk is, the administrator says.
            targets.retain(|target| it.flow.may_lead_to(&target.remote));
        }
        if targets.is_empty() {
            return self.nowhere_to_send(now, leg, out);
        }
        match (&entry.state, &mut entry.way) {
            (State::Preparing { .. }, Some(way)) => {
                let first = targets.remove(0);
                way.targets = targets;
                self.aim(leg, first, out);
            }
            (State::Preparing { binding: Some(it) }, None) => {
                let device = it.clone();
                self.reach(leg, device, targets, out);
            }
            _ => {}
        }
    }

    /// A trunk that has no address is a trunk given up. A device that wants to be reached in another way than it came
    /// by, which we have not, is reached as it came.
    fn nowhere_to_send(&mut self, now: Time, leg: LegId, out: &mut Vec<Output>) {
        let came_by = match self.leg(leg).map(|leg| (&leg.state, &leg.way)) {
            Some((State::Preparing { .. }, Some(_))) => None,
            Some((State::Preparing { binding: Some(it) }, None)) => Some(it.flow),
            _ => return,
        };
        match came_by {
            None => self.leg_gone(now, leg, Gone::Unreachable, out),
            Some(flow) => self.aim(leg, flow, out),
        }
    }

    fn outward<'a>(&'a self, call: CallId, way: &Way) -> Option<(&'a Organisation, &'a Outward)> {
        let org = &self.call(call)?.org;
        let organisation = self.directory.organisations.get(org)?;
        let Trunk { outward, .. } = organisation.trunks.get(&way.trunk)?;
        Some((organisation, outward.as_ref()?))
    }

    /// The INVITE over a trunk, without its body.
    pub(super) fn invite_over_trunk(&self, leg: &Leg, way: &Way) -> Option<Request> {
        let (organisation, outward) = self.outward(leg.call, way)?;
        let trunk = organisation.trunks.get(&way.trunk)?;
        let written = |number: &crate::outward::Number| {
            number.written(outward.number_format, &organisation.outward.numbering)
        };
        let called = outward.uri_of(&written(&way.number));
        let own = |number: &str| {
            let own = organisation.outward.numbering.read(number)?;
            Some(NameAddr {
                display: way.shown.name.clone(),
                ..NameAddr::new(outward.uri_of(&written(&own.number)))
            })
        };
        let from = match &way.shown.caller_id {
            CallerId::Number(number) => own(number)?,
            CallerId::Withheld => NameAddr::named(NOT_SHOWN, anonymous()),
        };
        let mut request = Request::new(Method::Invite, called.clone());
        let headers = &mut request.headers;
        headers.push(HeaderName::MaxForwards, self.call(leg.call)?.hops);
        headers.push(HeaderName::From, from.with_tag(&leg.local_tag));
        headers.push(HeaderName::To, NameAddr::new(called.clone()));
        headers.push(HeaderName::CallId, leg.sip_call_id.clone());
        headers.push(
            HeaderName::CSeq,
            CSeq {
                number: 1,
                method: Method::Invite,
            },
        );
        let contact = self.directory.addresses.contact(&leg.flow);
        headers.push(HeaderName::Contact, HeaderValue::from(contact));
        headers.push(HeaderName::Allow, ALLOW);
        headers.push(HeaderName::Supported, SUPPORTED);
        self.session_wanted(leg.id)?.ask(headers);
        if trunk.identity.trust == Trust::Yes
            && let Some(asserted) = way.shown.asserted.as_deref().and_then(own)
        {
            headers.push(HeaderName::PAssertedIdentity, asserted);
        }
        let call = self.call(leg.call)?;
        let number = |number: &str| Some(own(number)?.uri);
        let identity = &trunk.identity;
        let diverted =
            diverted::toward_trunk(call, organisation, &way.payer, identity.trust, number);
        if !diverted.is_empty() {
            if matches!(identity.diversion, Told::Diversion | Told::Both) {
                headers.push_diversions(&diverted);
            }
            if matches!(identity.diversion, Told::History | Told::Both) {
                headers.push_history(&diverted, &called);
            }
        }
        if way.shown.caller_id == CallerId::Withheld {
            // RFC 3323 §4.2, RFC 3325 §9.3.
            headers.push(HeaderName::Privacy, HeaderValue::of("id"));
        }
        Some(request)
    }

    pub(super) fn outside_answered(
        &mut self,
        now: Time,
        call: CallId,
        leg: LegId,
        out: &mut Vec<Output>,
    ) {
        if self.waits_for_agent(now, call, leg, out) == ToldAgent::Yes {
            return;
        }
        self.outside_talks(now, call, leg, out);
        self.pay_a_minute(leg, out);
    }

    /// The caller and whoever answered outside are put together.
    pub(super) fn outside_talks(
        &mut self,
        now: Time,
        call: CallId,
        leg: LegId,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        entry.talks(now, None);
        entry.alternatives = Alternatives::new();
        let caller = entry.caller;
        self.call_goes_on(call, out);
        self.timers.disarm(&Due::Call(call, CallTimer::RingTooLong));
        self.answer(now, caller, out);
        self.transfer_reached(call, StatusCode::OK, out);
        self.apply_media(leg, out);
        self.join_or_hold(call, out);
        self.person_answered(call, out);
    }

    /// What is said of a call outside that came to nothing, where the organisation wants that and there is something
    /// to say beside that nobody answers.
    fn why_not_outside(&self, call: CallId, status: StatusCode) -> Option<PromptId> {
        let org = &self.call(call)?.org;
        let ways = &self.directory.organisations.get(org)?.ways;
        let said = ways.outside_refused.as_ref()?;
        match status.code() {
            403 => Some(said.not_allowed.clone()),
            503 => Some(said.no_trunk.clone()),
            404 | 410 | 484 | 604 => Some(said.no_such_number.clone()),
            _ => None,
        }
    }

    /// The number outside is not reached: a caller who hears us already is told so.
    pub(super) fn outside_fails(
        &mut self,
        now: Time,
        call: CallId,
        status: StatusCode,
        out: &mut Vec<Output>,
    ) {
        if self.try_alternative(now, call, out) == Forwarding::Done
            || self.person_not_reached(now, call, status, out) == ToldAgent::Yes
        {
            return;
        }
        match self.why_not_outside(call, status) {
            Some(prompt) => self.end_telling(now, call, prompt, status, out),
            None => {
                let prompt = self.not_available(call);
                self.end_saying(now, call, prompt, status, out);
            }
        }
    }

    /// A leg over a trunk is gone: somebody hung up, or it never got anywhere and the next way is tried.
    pub(super) fn outside_gone(&mut self, now: Time, leg: LegId, how: Gone, out: &mut Vec<Output>) {
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        let id = entry.call;
        let way = entry.way.take();
        self.note_silence(leg, how, way.as_deref(), out);
        let Some(call) = self.call(id) else {
            return;
        };
        let Purpose::Outside(outside) = &call.purpose else {
            return;
        };
        if outside.leg != Some(leg) || call.ending.is_some() {
            return;
        }
        if call.connected.is_some() {
            let status = StatusCode::REQUEST_TERMINATED;
            let cause = how.cause_or(EndCause::CalleeHungUp);
            return self.end_call(now, id, cause, status, out);
        }
        // Whoever heard it ring has been put through: the far end's trouble is not the trunk's.
        let next = way
            .filter(|_| !outside.ringing_told)
            .and_then(|way| next_way(*way, how));
        if let Some(way) = next {
            let held = self.hand_over(leg, &way);
            if self.set_out(id, Role::Outside, way, held, out) {
                return;
            }
        }
        self.vacate_seat(leg, out);
        self.outside_fails(now, id, status_for_caller(how), out);
    }

    /// An address that said nothing is left alone for a while, and its trunk may be down.
    pub(super) fn note_silence(
        &self,
        leg: LegId,
        how: Gone,
        way: Option<&Way>,
        out: &mut Vec<Output>,
    ) {
        if how != Gone::Unreachable {
            return;
        }
        if let Some(hop) = self.leg(leg).map(|leg| leg.flow)
            && hop.remote.port() != 0
        {
            let span = rest::SILENT_RESTS;
            out.push(Output::Rest { hop, span });
        }
        if let Some(way) = way {
            self.doubt_trunk(&way.trunk, out);
        }
    }

    /// The same of somebody who was rung as one of several: his next trunk, or he is out of it.
    pub(super) fn member_gone(
        &mut self,
        now: Time,
        leg: LegId,
        role: &Role,
        how: Option<Gone>,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        let (call, way) = (entry.call, entry.way.take());
        if let Some(how) = how {
            self.note_silence(leg, how, way.as_deref(), out);
        }
        let is_rung = self.ring(call, role).is_some_and(|ring| ring.is_wanted());
        let next = how.filter(|_| is_rung).and_then(|how| next_way(*way?, how));
        if let Some(way) = next {
            let held = self.hand_over(leg, &way);
            if self.set_out(call, role.clone(), way, held, out) {
                return;
            }
        }
        self.vacate_seat(leg, out);
        // A network's 480 says that nobody answered (RFC 3398 §8.2.6.1); only a phone's own means that its agent declines.
        let nobody_answered = Gone::Refused(StatusCode::TEMPORARILY_UNAVAILABLE);
        let how = match role {
            role if role.is_at_work() && how == Some(nobody_answered) => {
                Some(Gone::Refused(StatusCode::REQUEST_TIMEOUT))
            }
            _ => how,
        };
        self.device_over(now, call, role, how, out);
    }
}

/// What is tried after a way that came to nothing: the trunk's next address, then the next trunk. Nothing where
/// the answer was about the number or the caller: another trunk would say the same.
fn next_way(mut way: Way, how: Gone) -> Option<Way> {
    let same_trunk = match how {
        Gone::Unreachable => true,
        // RFC 3263 §4.3; 408 is a proxy's word for the same, and 500, 502 and 504 are the next hop's trouble.
        Gone::Refused(status) => match status.code() {
            408 | 500 | 502 | 503 | 504 => true,
            // It does not know us: its other addresses won't either.
            401 | 407 => false,
            _ => return None,
        },
        Gone::HungUp | Gone::Ended | Gone::Lost | Gone::NotTaken => return None,
    };
    if !same_trunk || way.targets.is_empty() {
        way.targets.clear();
        if way.routes.is_empty() {
            return None;
        }
        way.trunk = way.routes.remove(0);
    }
    Some(way)
}

fn cause_of(why: NotAllowed) -> RefusedCause {
    match why {
        NotAllowed::NoPlan => RefusedCause::NoPlan,
        NotAllowed::Class(_) => RefusedCause::NumberNotAllowed,
    }
}

/// What the caller is told: what the network said of the number, or that no trunk works.
fn status_for_caller(how: Gone) -> StatusCode {
    match how {
        Gone::Refused(status) => match status.code() {
            401 | 407 | 408 | 500..=599 => StatusCode::SERVICE_UNAVAILABLE,
            // Where the callee has moved to is not followed.
            300..=399 => StatusCode::TEMPORARILY_UNAVAILABLE,
            _ => status,
        },
        Gone::Unreachable => StatusCode::SERVICE_UNAVAILABLE,
        Gone::HungUp | Gone::Ended | Gone::Lost | Gone::NotTaken => {
            StatusCode::TEMPORARILY_UNAVAILABLE
        }
    }
}
