//! Our provisional responses, and the PRACKs that some of them need (RFC 3262 §3).

use super::caller::status_of;
use super::requests::{ACCEPT, ALLOW, Refused, body_is_readable, no_dialog};
use super::{Due, Shard};
use crate::input::{EndCause, Output, RefusedCause};
use crate::leg::{LegTimer, PROGRESS_EVERY, State};
use crate::reliable::{Carries, Described, RELIABLE, Reliability};
use base::{LegId, Time};
use bytes::Bytes;
use sip_core::transaction::{self, Due as Repeat, ServerKey};
use sip_core::{Direction, HeaderName, Request, SdpError, StatusCode};
use std::sync::Arc;

impl Shard {
    /// A provisional response to a caller who is not answered yet; 183 carries our answer to his offer, or our
    /// offer where he made none and knows PRACK. While one waits for its PRACK the next waits too.
    pub(super) fn progress(
        &mut self,
        now: Time,
        leg: LegId,
        status: StatusCode,
        out: &mut Vec<Output>,
    ) {
        let random = self.random();
        let directory = Arc::clone(&self.directory);
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        let State::Incoming { invite, .. } = &mut entry.state else {
            return;
        };
        if invite.provisionals.is_waiting() {
            return invite.provisionals.put_off(status);
        }
        let offered = invite.offered;
        let ours = &mut invite.provisionals;
        let (mut carries, mut sdp) = (Carries::Nothing, None);
        if status == StatusCode::SESSION_PROGRESS
            && ours.described == Described::Not
            && let Some(negotiation) = &mut entry.negotiation
        {
            if offered {
                sdp = negotiation.local().map(Bytes::copy_from_slice);
                carries = Carries::Answer;
            } else if ours.reliability != Reliability::Never {
                sdp = Some(negotiation.offer_again());
                carries = Carries::Offer;
            }
        }
        let reliable = ours.is_reliable(carries);
        let cseq = invite.cseq;
        let rseq = reliable.then(|| ours.send(now, cseq, carries, random));
        let key = invite.key;
        let mut response = invite.response(status, &entry.local_tag);
        response.headers.push(
            HeaderName::Contact,
            directory.addresses.contact(&entry.flow),
        );
        if let Some(rseq) = rseq {
            response.headers.push(HeaderName::Require, RELIABLE);
            response.headers.push(HeaderName::RSeq, rseq);
            response.headers.push(HeaderName::Allow, ALLOW);
        }
        if let Some(sdp) = sdp {
            response.set_body(ACCEPT, sdp);
        }
        let again = Due::Leg(leg, LegTimer::RepeatProgress);
        self.timers.arm(again, now + PROGRESS_EVERY);
        self.await_prack(leg);
        self.respond(now, key, response, out);
    }

    fn await_prack(&mut self, leg: LegId) {
        let deadline = match self.leg(leg).map(|leg| &leg.state) {
            Some(State::Incoming { invite, .. }) => invite.provisionals.deadline(),
            _ => None,
        };
        let due = Due::Leg(leg, LegTimer::RetransmitProgress);
        match deadline {
            Some(at) => self.timers.arm(due, at),
            None => self.timers.disarm(&due),
        }
    }

    /// Tells those on the way to a caller who is not answered yet that his INVITE is alive. Where he knows PRACK it
    /// is a new response, so that a caller who must acknowledge it shows that he is alive too.
    pub(super) fn progress_again(&mut self, now: Time, leg: LegId, out: &mut Vec<Output>) {
        let Some(State::Incoming { invite, .. }) = self.leg(leg).map(|leg| &leg.state) else {
            return;
        };
        let key = invite.key;
        if invite.provisionals.reliability != Reliability::Never {
            return self.progress(now, leg, StatusCode::SESSION_PROGRESS, out);
        }
        let again = Due::Leg(leg, LegTimer::RepeatProgress);
        self.timers.arm(again, now + PROGRESS_EVERY);
        self.transact(now, transaction::Input::Repeat { key }, out);
    }

    /// Time to send a reliable provisional response again, or to give up on its PRACK.
    pub(super) fn progress_unacknowledged(&mut self, now: Time, leg: LegId, out: &mut Vec<Output>) {
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        let State::Incoming { invite, .. } = &mut entry.state else {
            return;
        };
        let (key, call, due) = (invite.key, entry.call, invite.provisionals.step(now));
        if due == Some(Repeat::End) {
            // RFC 3262 §3: the INVITE is refused with a 5xx.
            let status = StatusCode::SERVER_TIME_OUT;
            return self.end_call(now, call, EndCause::PartyLost, status, out);
        }
        self.await_prack(leg);
        if due.is_some() {
            self.transact(now, transaction::Input::Repeat { key }, out);
        }
    }

    /// PRACK: acknowledges the response that waits for it, and may bring the answer to our offer, or an offer.
    pub(super) fn pracked(
        &mut self,
        now: Time,
        key: &ServerKey,
        leg: LegId,
        request: &Request,
        out: &mut Vec<Output>,
    ) -> Result<(), Refused> {
        body_is_readable(request)?;
        let malformed = |_| Refused::new(StatusCode::BAD_REQUEST, RefusedCause::Malformed);
        let rack = request.headers.rack().map_err(malformed)?;
        let entry = self.leg_mut(leg).ok_or_else(no_dialog)?;
        let State::Incoming { invite, .. } = &mut entry.state else {
            // The final response went out first; whoever acknowledges what went before it is right to.
            self.respond(now, *key, request.response(StatusCode::OK), out);
            return Ok(());
        };
        let carried = invite.provisionals.acknowledged(&rack);
        let carried = carried.ok_or_else(no_dialog)?;
        let (call, has_body) = (entry.call, !request.body.is_empty());
        let mut response = request.response(StatusCode::OK);
        let negotiation = entry.negotiation.as_mut().ok_or_else(no_dialog)?;
        let agreed: Result<(), SdpError> = match (carried, has_body) {
            (Carries::Offer, _) => negotiation.conclude(&request.body).map(|_| ()),
            (Carries::Answer | Carries::Nothing, false) => Ok(()),
            (Carries::Answer | Carries::Nothing, true) => negotiation
                .answer_to(&request.body, Direction::SendRecv)
                .map(|(sdp, _)| response.set_body(ACCEPT, sdp)),
        };
        let changed = agreed.is_ok() && (has_body || carried == Carries::Offer);
        if changed {
            invite.provisionals.described = Described::Since;
        } else if carried == Carries::Answer {
            invite.provisionals.described = Described::Reliably;
        }
        if let Err(error) = &agreed {
            response = request.response(status_of(error));
        }
        self.await_prack(leg);
        self.respond(now, *key, response, out);
        if agreed.is_err() && carried == Carries::Offer {
            let status = StatusCode::NOT_ACCEPTABLE_HERE;
            self.end_call(now, call, EndCause::SignallingFailed, status, out);
            return Ok(());
        }
        if changed {
            self.media_agreed(leg, out);
        }
        self.say_what_waited(now, leg, out);
        Ok(())
    }

    /// The PRACK is here: what waited behind it goes out.
    fn say_what_waited(&mut self, now: Time, leg: LegId, out: &mut Vec<Output>) {
        let Some(State::Incoming { invite, .. }) = self.leg_mut(leg).map(|leg| &mut leg.state)
        else {
            return;
        };
        let waiting = invite.provisionals.waiting.take();
        if std::mem::take(&mut invite.provisionals.final_waits) {
            self.answer(now, leg, out);
        } else if let Some(status) = waiting {
            self.progress(now, leg, status, out);
        }
    }
}
