//! REFER within a dialog: a party sends the one he talks with elsewhere (RFC 3515), and hears how that goes. Here the
//! side of the one who asks; `transfer` has the side of the one who is sent.

use super::replaces::leg_named_by;
use super::requests::{ALLOW, Refused, no_dialog, no_extension_required};
use super::{Mark, Shard};
use crate::admission::organisation_of;
use crate::call::{Purpose, ReferringCall, Sending};
use crate::crosswise::{Crosswise, Holding, Onward, Party, Referral};
use crate::input::{EndCause, Output, RefusedCause};
use crate::leg::{HeldRefer, Role};
use crate::notifier::{Next, Notice, Notifier};
use crate::routing;
use crate::settings::Destination;
use base::{CallId, LegId, Time, UserId};
use bytes::Bytes;
use sip_core::transaction::ServerKey;
use sip_core::{
    Flow, HeaderName, HeaderValue, Method, NameAddr, Request, Response, StatusCode, Uri,
};
use std::sync::Arc;

/// What a REFER's progress is told in (RFC 3515 §2.4.5).
const SIPFRAG: &str = "message/sipfrag;version=2.0";

/// A REFER that may be done.
struct Wanted {
    to: Onward,
    user: UserId,
    reports: Reports,
}

/// Whether whoever sent a REFER wants to hear how it goes (RFC 4488).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reports {
    Wanted,
    Unwanted,
}

impl Shard {
    /// REFER from a party: the one he talks with is told to go, and he is left with a call of his own.
    pub(super) fn referred(
        &mut self,
        now: Time,
        key: &ServerKey,
        flow: &Flow,
        leg: LegId,
        request: &Request,
        out: &mut Vec<Output>,
    ) -> Result<(), Refused> {
        no_extension_required(request)?;
        let wanted = self.wanted(flow, leg, request)?;
        if self.is_being_connected(leg) {
            return self.hold_refer(key, flow, leg, request);
        }
        let sent = self.send_on(now, leg, wanted.user, wanted.to, out);
        sent.ok_or_else(nobody_to_send)?;
        self.respond(now, *key, self.accepted(leg, request, wanted.reports), out);
        if wanted.reports == Reports::Wanted {
            self.subscribe_referrer(now, leg, request, out);
        }
        Ok(())
    }

    /// The one whom this leg's party talks with is told to go; the party is left with a call of his own. None where he talks
    /// with nobody.
    pub(super) fn send_on(
        &mut self,
        now: Time,
        leg: LegId,
        user: UserId,
        to: Onward,
        out: &mut Vec<Output>,
    ) -> Option<()> {
        let (refers, sent) = self.part(now, leg, out)?;
        if let Some(call) = self.call_mut(refers) {
            call.purpose = Purpose::Referring(ReferringCall {
                sent,
                sending: Sending::UnderWay,
            });
        }
        let transfer = Crosswise::Transfer {
            call: sent,
            referral: Referral { by: refers, user },
            to,
        };
        self.tell(transfer, out);
        Some(())
    }

    /// Whether an agent has answered, and the queue engine has not said yet that he talks with the caller: phones that
    /// transfer by a macro ask within a millisecond of our ACK.
    fn is_being_connected(&self, leg: LegId) -> bool {
        let Some(entry) = self.leg(leg) else {
            return false;
        };
        let waits = self.call(entry.call).is_some_and(|call| {
            matches!(&call.purpose, Purpose::Queue(queue) if queue.joined && queue.agent.is_none())
        });
        waits && entry.is_up() && matches!(entry.role, Role::Agent { .. })
    }

    /// One at a time waits; it is answered once he is connected, or gone.
    fn hold_refer(
        &mut self,
        key: &ServerKey,
        flow: &Flow,
        leg: LegId,
        request: &Request,
    ) -> Result<(), Refused> {
        let entry = self.leg_mut(leg).ok_or_else(nobody_to_send)?;
        if entry.held_refer.is_some() {
            let pending = StatusCode::REQUEST_PENDING;
            return Err(Refused::new(pending, RefusedCause::Unsupported));
        }
        let held = HeldRefer {
            key: *key,
            flow: *flow,
            request: request.clone(),
        };
        entry.held_refer = Some(held.into());
        Ok(())
    }

    /// The agent talks with the caller: what he asked for meanwhile is done.
    pub(super) fn do_held(&mut self, now: Time, leg: LegId, out: &mut Vec<Output>) {
        let held = self.leg_mut(leg).and_then(|leg| leg.held_refer.take());
        if let Some(held) = held {
            let HeldRefer { key, flow, request } = *held;
            if let Err(refused) = self.referred(now, &key, &flow, leg, &request, out) {
                self.refuse(now, key, &request, &refused, out);
            }
        }
    }

    /// He is gone.
    pub(super) fn refuse_held(&mut self, now: Time, leg: LegId, out: &mut Vec<Output>) {
        let held = self.leg_mut(leg).and_then(|leg| leg.held_refer.take());
        if let Some(held) = held {
            self.refuse(now, held.key, &held.request, &no_dialog(), out);
        }
    }

    /// Whether the party may ask for this, and what it means.
    fn wanted(&self, flow: &Flow, leg: LegId, request: &Request) -> Result<Wanted, Refused> {
        let target = refer_to(request)?;
        let entry = self.leg(leg).ok_or_else(nobody_to_send)?;
        let call = self.call(entry.call).ok_or_else(nobody_to_send)?;
        if !entry.is_up() || entry.bye_due {
            return Err(nobody_to_send());
        }
        // One at a time: the first may still come back.
        if self.sends_already(leg) {
            let pending = StatusCode::REQUEST_PENDING;
            return Err(Refused::new(pending, RefusedCause::Unsupported));
        }
        // Whoever has no account has no right to send anybody anywhere: a trunk's caller least of all.
        let forbidden = || Refused::new(StatusCode::FORBIDDEN, RefusedCause::Unsupported);
        // An agent's mobile is a trunk's too, whoever carries it.
        let own_phone = entry.way.is_none();
        let user = entry.user.clone().filter(|_| own_phone);
        let user = user.ok_or_else(forbidden)?;
        if self.calls.len() >= super::CALLS_PER_SHARD_MAX {
            return Err(Refused::try_later(
                RefusedCause::TooManyCalls,
                super::requests::RETRY_AFTER_NO_ROOM,
            ));
        }
        let reports = reports(request);
        if let Some(to) = dialog_in(&target)? {
            return Ok(Wanted { to, user, reports });
        }
        let organisation = self.directory.organisations.get(&call.org);
        let ours = organisation_of(&self.directory, flow, &target).map(|(org, _)| org);
        let unknown = || Refused::new(StatusCode::NOT_FOUND, RefusedCause::UnknownNumber);
        let dialled = target.dialled().ok_or_else(unknown)?;
        let organisation = organisation.filter(|_| ours == Some(&call.org));
        let organisation = organisation.ok_or_else(unknown)?;
        let onward = routing::onward(organisation, &user, &dialled).ok_or_else(unknown)?;
        if let Destination::Outside(outside, payer) = onward {
            let allowed = organisation.outward.check(&payer, &outside);
            allowed.map_err(|_| forbidden())?;
        }
        Ok(Wanted {
            to: Onward::Number(dialled.into()),
            user,
            reports,
        })
    }

    fn accepted(&self, leg: LegId, request: &Request, reports: Reports) -> Response {
        let mut response = request.response(StatusCode::ACCEPTED);
        if let Some(entry) = self.leg(leg) {
            let contact = HeaderValue::from(self.directory.addresses.contact(&entry.flow));
            response.headers.push(HeaderName::Contact, contact);
        }
        if reports == Reports::Unwanted {
            response.headers.push(HeaderName::ReferSub, "false");
        }
        response
    }

    fn subscribe_referrer(
        &mut self,
        now: Time,
        leg: LegId,
        request: &Request,
        out: &mut Vec<Output>,
    ) {
        let cseq = request.headers.cseq().map(|cseq| cseq.number).ok();
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        // RFC 3515 §2.4.6: all but the first in a dialog are told apart by their CSeq number.
        let id = cseq.filter(|_| entry.referred > 0);
        entry.referred = entry.referred.saturating_add(1);
        let (notifier, notice) = Notifier::new(now, id);
        entry.notifier = Some(notifier.into());
        self.notify(now, leg, notice, out);
    }

    fn notify(&mut self, now: Time, leg: LegId, notice: Notice, out: &mut Vec<Output>) {
        let directory = Arc::clone(&self.directory);
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        let (flow, contact) = (
            entry.request_flow(),
            directory.addresses.contact(&entry.flow),
        );
        let Some(dialog) = entry.dialog_mut() else {
            return;
        };
        let mut request = dialog.request(Method::Notify);
        let headers = &mut request.headers;
        headers.push(HeaderName::MaxForwards, 70u32);
        headers.push(HeaderName::Contact, HeaderValue::from(contact));
        headers.push(HeaderName::Event, HeaderValue::from(notice.event));
        headers.push(
            HeaderName::SubscriptionState,
            HeaderValue::from(notice.state),
        );
        headers.push(HeaderName::Allow, HeaderValue::of(ALLOW));
        request.set_body(SIPFRAG, Bytes::from(notice.body));
        self.send(now, Mark::Notify(leg), flow, request, out);
    }

    /// Our NOTIFY was answered; none where no answer came.
    pub(super) fn notified(
        &mut self,
        now: Time,
        leg: LegId,
        status: Option<StatusCode>,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        let Some(notifier) = entry.notifier.as_mut() else {
            return;
        };
        // RFC 6665 §4.2.2: whoever does not take a NOTIFY wants no more of them.
        let next = match status {
            Some(status) if status.is_success() => notifier.taken(now),
            _ => Next::Over,
        };
        match next {
            Next::Tell(notice) => self.notify(now, leg, notice, out),
            Next::Wait => {}
            Next::Over => {
                entry.notifier = None;
                let call = entry.call;
                self.leave_if_done(now, call, out);
            }
        }
    }

    /// The transfer that this call's party asked for has come further.
    pub(super) fn transfer_progressed(
        &mut self,
        now: Time,
        call: CallId,
        from: CallId,
        status: StatusCode,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.live_call_mut(call) else {
            return;
        };
        let leg = entry.caller;
        match &mut entry.purpose {
            Purpose::Referring(refers) if refers.sent == from => {
                if status.is_final() {
                    refers.sending = Sending::Over;
                }
            }
            _ => return,
        }
        self.tell_referrer(now, leg, status, out);
        self.leave_if_done(now, call, out);
    }

    fn tell_referrer(&mut self, now: Time, leg: LegId, status: StatusCode, out: &mut Vec<Output>) {
        let notice = self
            .leg_mut(leg)
            .and_then(|leg| leg.notifier.as_mut()?.tell(now, status));
        if let Some(notice) = notice {
            self.notify(now, leg, notice, out);
        }
    }

    /// Whoever asked for a transfer is hung up on once it is done and he knows.
    fn leave_if_done(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        let Some(entry) = self.call(call) else {
            return;
        };
        let knows = self
            .leg(entry.caller)
            .is_none_or(|leg| leg.notifier.is_none());
        let done = matches!(entry.purpose, Purpose::Referring(it) if it.sending == Sending::Over);
        if knows && done {
            let status = StatusCode::REQUEST_TERMINATED;
            self.end_call(now, call, EndCause::Transferred, status, out);
        }
    }

    /// The party who was sent could not be had there, and comes back to the one who sent him.
    pub(super) fn returned(
        &mut self,
        now: Time,
        call: CallId,
        party: Party,
        status: StatusCode,
        out: &mut Vec<Output>,
    ) {
        let waits =
            |purpose: &Purpose| matches!(purpose, Purpose::Referring(it) if it.sent == party.call);
        let entry = self
            .call(call)
            .filter(|it| it.ending.is_none() && waits(&it.purpose));
        let Some(entry) = entry else {
            return self.tell(Crosswise::gone(party.call, call), out);
        };
        let (leg, back) = (entry.caller, party.call);
        self.join_leads(now, call, party, out);
        if let Some(party) = self.party(call) {
            self.tell(Crosswise::Joined { call: back, party }, out);
        }
        self.tell_referrer(now, leg, status, out);
    }

    /// The call of the one who was sent is over: nothing can come back of it.
    pub(super) fn sent_is_gone(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        let Some(entry) = self.call(call) else {
            return;
        };
        let sent = match entry.purpose {
            Purpose::Referring(refers) if refers.sending == Sending::UnderWay => refers.sent,
            _ => return,
        };
        let status = StatusCode::REQUEST_TERMINATED;
        self.transfer_progressed(now, call, sent, status, out);
    }

    /// A call's only party, as another call is told of him.
    pub(super) fn party(&self, call: CallId) -> Option<Party> {
        let entry = self.call(call)?;
        let leg = self.leg(entry.caller)?;
        let holding = match leg.holds_us() {
            true => Holding::Yes,
            false => Holding::No,
        };
        Some(Party {
            call,
            leg: leg.id,
            media: leg.media_home,
            user: entry.caller_user.clone(),
            number: entry.caller_number.clone(),
            name: entry.caller_name.clone(),
            holding,
        })
    }
}

/// Where a REFER sends the other party.
fn refer_to(request: &Request) -> Result<Uri, Refused> {
    let bad = || Refused::new(StatusCode::BAD_REQUEST, RefusedCause::Malformed);
    // RFC 3515 §2.4.2: exactly one.
    if request.headers.count(&HeaderName::ReferTo) != 1 {
        return Err(bad());
    }
    let value = request
        .headers
        .first(&HeaderName::ReferTo)
        .ok_or_else(bad)?;
    let uri = NameAddr::parse(value).map_err(|_| bad())?.uri;
    if matches!(uri, Uri::Other(_)) {
        let scheme = StatusCode::UNSUPPORTED_URI_SCHEME;
        return Err(Refused::new(scheme, RefusedCause::Unsupported));
    }
    let method = uri.params().get("method");
    if method.is_some_and(|method| !method.eq_ignore_ascii_case("INVITE")) {
        let forbidden = StatusCode::FORBIDDEN;
        return Err(Refused::new(forbidden, RefusedCause::Unsupported));
    }
    Ok(uri)
}

/// The dialog of ours whose peer the other party shall talk with, if one is named.
fn dialog_in(target: &Uri) -> Result<Option<Onward>, Refused> {
    let bad = |_| Refused::new(StatusCode::BAD_REQUEST, RefusedCause::Malformed);
    let replaces = match target.as_sip() {
        Some(uri) => uri.replaces().map_err(bad)?,
        None => None,
    };
    match replaces {
        // A dialog that others have can't be reached for him; 481 would say that this one is gone.
        Some(replaces) if leg_named_by(&replaces).is_none() => Err(Refused::new(
            StatusCode::NOT_FOUND,
            RefusedCause::UnknownNumber,
        )),
        replaces => Ok(replaces.map(Onward::Dialog)),
    }
}

fn reports(request: &Request) -> Reports {
    let value = request.headers.first(&HeaderName::ReferSub);
    match value.map(|value| value.to_ascii_lowercase()) {
        Some(value) if value.starts_with(b"false") => Reports::Unwanted,
        _ => Reports::Wanted,
    }
}

fn nobody_to_send() -> Refused {
    Refused::new(StatusCode::FORBIDDEN, RefusedCause::Unsupported)
}
