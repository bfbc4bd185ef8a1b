//! A party that was called says where to call instead (3xx, RFC 3261 §8.1.3.4). That is followed only where the plan of
//! whoever would pay for it says so: a stolen phone that may ring nobody else's number could else send every caller
//! wherever it likes.

use super::Shard;
use super::forward::Forwarding;
use super::hang_up::Gone;
use crate::admission::organisation_of;
use crate::call::{ALTERNATIVES_MAX, Alternatives, Purpose, REDIRECTS_MAX};
use crate::forward::{self, By, ForwardCause, Forwarded};
use crate::input::Output;
use crate::leg::{Leg, Role};
use crate::outward::{Class, Number, Payer};
use crate::settings::{Destination, Organisation};
use acd::LeaveCause;
use base::{CallId, LegId, Time, UserId};
use sip_core::{Contacts, Flow, Response, StatusCode, Uri};
use std::cmp::Reverse;
use std::sync::Arc;

/// Who says that his calls are to go elsewhere.
enum Redirecting {
    /// A user's device, when he is called by himself: as if he forwarded.
    User(UserId),
    /// The network, of this number outside that is called on this account.
    Network(Number, Payer),
}

impl Shard {
    /// Goes where a response says, in the order of its q, if that may be.
    pub(super) fn redirected(
        &mut self,
        now: Time,
        leg: LegId,
        response: &Response,
        out: &mut Vec<Output>,
    ) -> Forwarding {
        if !(300..400).contains(&response.status.code()) {
            return Forwarding::No;
        }
        let Some((call, mut destinations)) = self.redirects_of(leg, response) else {
            return Forwarding::No;
        };
        if destinations.is_empty() || !self.may_be_redirected(call, leg) {
            return Forwarding::No;
        }
        let first = destinations.remove(0);
        let mut alternatives = Alternatives::new();
        for destination in destinations {
            // There are no more of them than fit.
            let _room = alternatives.push(destination);
        }
        if let Some(call) = self.call_mut(call) {
            call.alternatives = alternatives;
        }
        self.settle_silently(leg);
        self.leg_gone(now, leg, Gone::Refused(response.status), out);
        let status = StatusCode::TEMPORARILY_UNAVAILABLE;
        self.enter_or_end(now, call, &first, status, out);
        Forwarding::Done
    }

    /// Where a call goes next that was redirected to several places, when the one before could not be had.
    pub(super) fn try_alternative(
        &mut self,
        now: Time,
        call: CallId,
        out: &mut Vec<Output>,
    ) -> Forwarding {
        loop {
            let Some(entry) = self.call_mut(call) else {
                return Forwarding::No;
            };
            if entry.ending.is_some() || entry.alternatives.is_empty() {
                return Forwarding::No;
            }
            let next = entry.alternatives.remove(0);
            let entered = self.enter(now, call, &next, LeaveCause::SentOn, out);
            if entered.is_ok() {
                return Forwarding::Done;
            }
        }
    }

    /// The places that a response names, best first, of those that may be gone to.
    fn redirects_of(&self, leg: LegId, response: &Response) -> Option<(CallId, Vec<Destination>)> {
        let entry = self.leg(leg)?;
        let call = self.live_call(entry.call)?;
        let who = match (&entry.role, &call.purpose) {
            (Role::Callee { user }, Purpose::Direct(direct)) => {
                let alone = direct.hunt.callee.as_ref()?;
                Redirecting::User(Some(user).filter(|it| **it == alone.user)?.clone())
            }
            (Role::Outside, Purpose::Outside(outside)) => {
                Redirecting::Network(outside.outside.number.clone(), outside.payer.clone())
            }
            _ => return None,
        };
        let directory = Arc::clone(&self.directory);
        let organisation = directory.organisations.get(&call.org)?;
        let payer = match &who {
            Redirecting::User(user) => &Payer::User(user.clone()),
            Redirecting::Network(_, payer) => payer,
        };
        if !organisation.outward.follows_redirects(payer) {
            return None;
        }
        let Ok(Contacts::List(mut contacts)) = response.headers.contacts() else {
            return None;
        };
        contacts.sort_by_key(|contact| Reverse(contact.q()));
        let places = contacts.iter().filter_map(|contact| match &who {
            Redirecting::User(user) => {
                self.place_of_user(organisation, user, &entry.flow, &contact.uri)
            }
            Redirecting::Network(of, payer) => {
                place_of_network(organisation, of, payer, &contact.uri)
            }
        });
        Some((call.id, places.take(ALTERNATIVES_MAX + 1).collect()))
    }

    /// A user's device names an extension, or what he would dial, at our own domain.
    fn place_of_user(
        &self,
        organisation: &Organisation,
        user: &UserId,
        flow: &Flow,
        uri: &Uri,
    ) -> Option<Destination> {
        let (org, _) = organisation_of(&self.directory, flow, uri)?;
        if *org != user.org() {
            return None;
        }
        forward::destination(organisation, user, &uri.dialled()?)
    }

    /// Notes it. Not where it leads round in a circle, or on and on.
    fn may_be_redirected(&mut self, call: CallId, leg: LegId) -> bool {
        let role = self.leg(leg).map(|leg: &Leg| leg.role.clone());
        let Some(entry) = self.call_mut(call) else {
            return false;
        };
        let by = match (role, &entry.purpose) {
            (Some(Role::Callee { user }), _) => By::User(user),
            (_, Purpose::Outside(call)) => By::Network(call.outside.number.to_string().into()),
            _ => return false,
        };
        entry.redirects = entry.redirects.saturating_add(1);
        if entry.redirects > REDIRECTS_MAX {
            return false;
        }
        let cause = ForwardCause::Deflected;
        self.may_be_forwarded(call, Forwarded { by, cause })
    }
}

/// The network names another number than the one that was called: never an extension, whatever it writes.
fn place_of_network(
    organisation: &Organisation,
    of: &Number,
    payer: &Payer,
    uri: &Uri,
) -> Option<Destination> {
    let dialled = uri.dialled()?;
    let outside = organisation.outward.numbering.read(&dialled)?;
    let number = outside.number.to_string();
    if let Some((own, _)) = organisation.numbers.get_key_value(number.as_str()) {
        return Some(Destination::Number(own.clone()));
    }
    let called = outside.class != Class::Emergency && outside.number != *of;
    called.then(|| Destination::Outside(outside, payer.clone()))
}
