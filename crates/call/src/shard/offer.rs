//! Our own requests that change or refresh the session of a leg: sent when nothing stands in their way, again
//! when both sides asked at once, and what becomes of them (RFC 3261 §14.1, RFC 3311, RFC 4028 §10).

use super::requests::{ACCEPT, ALLOW, SUPPORTED};
use super::{Due, Mark, Shard};
use crate::exchange::{Sent, Verdict, Wanted, glare_pause};
use crate::input::Output;
use crate::leg::LegTimer;
use base::{LegId, Time};
use sip_core::transaction::Failure;
use sip_core::{Direction, Flow, HeaderName, Method, Request, Response};
use std::sync::Arc;
use std::time::Duration;

impl Shard {
    /// Offers the party our description anew, as soon as nothing stands in the way.
    #[expect(dead_code, reason = "for whoever changes a leg's session")]
    pub(super) fn reoffer(&mut self, now: Time, leg: LegId, out: &mut Vec<Output>) {
        self.want(now, leg, Wanted::Offer, out);
    }

    pub(super) fn want(&mut self, now: Time, leg: LegId, wanted: Wanted, out: &mut Vec<Output>) {
        if let Some(entry) = self.leg_mut(leg) {
            entry.exchange.want(wanted);
        }
        self.pursue(now, leg, out);
    }

    /// Sends what is wanted, if it may be sent now; whatever stands in the way calls again when it is gone.
    pub(super) fn pursue(&mut self, now: Time, leg: LegId, out: &mut Vec<Output>) {
        let Some(entry) = self.leg(leg).filter(|leg| leg.is_up() && !leg.bye_due) else {
            return;
        };
        let exchange = &entry.exchange;
        let Some(wanted) = exchange.wanted else {
            return;
        };
        if exchange.pausing || exchange.sent.is_some() {
            return;
        }
        // RFC 3261 §14.1: no INVITE while another is in progress, in either direction.
        let method = exchange.method(wanted);
        if method == Method::Invite && entry.unacknowledged.is_some() {
            return;
        }
        let Some((flow, request)) = self.session_request(leg, wanted, method) else {
            return;
        };
        self.send(now, Mark::Session(leg), flow, request, out);
    }

    fn session_request(
        &mut self,
        leg: LegId,
        wanted: Wanted,
        method: Method,
    ) -> Option<(Flow, Request)> {
        let asked = self.session_wanted(leg)?;
        let directory = Arc::clone(&self.directory);
        let entry = self.leg_mut(leg)?;
        let (flow, contact) = (
            entry.request_flow(),
            directory.addresses.contact(&entry.flow),
        );
        let dialog = entry.dialog_mut()?;
        let mut request = dialog.request(method.clone());
        let cseq = dialog.local_cseq;
        let headers = &mut request.headers;
        headers.push(HeaderName::Contact, contact);
        headers.push(HeaderName::Allow, ALLOW);
        headers.push(HeaderName::Supported, SUPPORTED);
        asked.ask(headers);
        if method == Method::Invite {
            let negotiation = entry.negotiation.as_mut()?;
            let sdp = match wanted {
                Wanted::Refresh => negotiation.offer_again(),
                Wanted::Offer => negotiation.offer(Direction::SendRecv),
            };
            request.set_body(ACCEPT, sdp);
        }
        entry.exchange.wanted = None;
        entry.exchange.sent = Some(Sent {
            method,
            cseq,
            wanted,
        });
        Some((flow, request))
    }

    /// A response to one of those requests. A 2xx to a re-INVITE is acknowledged each time it comes.
    pub(super) fn session_answered(
        &mut self,
        now: Time,
        leg: LegId,
        flow: Flow,
        response: &Response,
        out: &mut Vec<Output>,
    ) {
        if response.is_success() && response.method() == Ok(Method::Invite) {
            self.acknowledge(now, leg, flow, response, out);
        }
        let Some(entry) = self.leg_mut(leg).filter(|leg| leg.is_up()) else {
            return;
        };
        let Some(sent) = entry.exchange.take_answered(response) else {
            return;
        };
        let verdict = Verdict::of(&sent.method, response);
        if verdict == Verdict::Agreed {
            self.session_agreed(now, leg, &sent, response, out);
        } else {
            self.session_refused(now, leg, &sent, verdict, response, out);
        }
        self.pursue(now, leg, out);
    }

    fn session_agreed(
        &mut self,
        now: Time,
        leg: LegId,
        sent: &Sent,
        response: &Response,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        entry.exchange.hear(&response.headers);
        if let Some(dialog) = entry.dialog_mut() {
            dialog.refresh(response);
        }
        let mut changed = false;
        if sent.method == Method::Invite
            && let Some(negotiation) = &mut entry.negotiation
        {
            let before = negotiation.agreed().cloned();
            match negotiation.conclude(&response.body) {
                Ok(agreed) => changed = Some(agreed) != before,
                // The session goes on as it was; a party whose answer can't be read has said yes to it.
                Err(_) => negotiation.cancel_offer(),
            }
        }
        self.session_granted(now, leg, response);
        if changed {
            self.media_agreed(leg, out);
        }
    }

    /// RFC 3261 §14.1: a session whose change was refused stands as it was.
    fn session_refused(
        &mut self,
        now: Time,
        leg: LegId,
        sent: &Sent,
        verdict: Verdict,
        response: &Response,
        out: &mut Vec<Output>,
    ) {
        let random = self.random();
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        if sent.method == Method::Invite
            && let Some(negotiation) = &mut entry.negotiation
        {
            negotiation.cancel_offer();
        }
        let made_call_id = entry.exchange.made_call_id;
        match verdict {
            Verdict::Glare => self.pause(now, leg, sent.wanted, glare_pause(made_call_id, random)),
            Verdict::Later(span) => self.pause(now, leg, sent.wanted, span),
            Verdict::NoUpdate => {
                entry.exchange.updates = false;
                entry.exchange.want(sent.wanted);
            }
            Verdict::TooBrief => {
                let asked = self.session_wanted(leg);
                match asked.and_then(|asked| asked.raised_by(&response.headers)) {
                    Some(raised) => self.ask_again_for(leg, raised, sent.wanted),
                    None => self.refresh_later(now, leg),
                }
            }
            Verdict::DialogOver => self.party_lost(now, leg, out),
            Verdict::Refused => self.refresh_later(now, leg),
            Verdict::Agreed => {}
        }
    }

    fn pause(&mut self, now: Time, leg: LegId, wanted: Wanted, span: Duration) {
        if let Some(entry) = self.leg_mut(leg) {
            entry.exchange.want(wanted);
            entry.exchange.pausing = true;
            let again = Due::Leg(leg, LegTimer::OfferAgain);
            self.timers.arm(again, now + span);
        }
    }

    /// The pause is over.
    pub(super) fn offer_again(&mut self, now: Time, leg: LegId, out: &mut Vec<Output>) {
        if let Some(entry) = self.leg_mut(leg) {
            entry.exchange.pausing = false;
        }
        self.pursue(now, leg, out);
    }

    /// One of those requests got no final response at all.
    pub(super) fn session_unanswered(
        &mut self,
        now: Time,
        leg: LegId,
        failure: Failure,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.leg_mut(leg).filter(|leg| leg.is_up()) else {
            return;
        };
        let Some(sent) = entry.exchange.sent.take() else {
            return;
        };
        if sent.method == Method::Invite
            && let Some(negotiation) = &mut entry.negotiation
        {
            negotiation.cancel_offer();
        }
        match failure {
            // RFC 3261 §12.2.1.2: as if 408 had come.
            Failure::Timeout => self.party_lost(now, leg, out),
            // As if 503 had: the road may be mended before the session ends.
            Failure::Transport => self.refresh_later(now, leg),
        }
    }
}
