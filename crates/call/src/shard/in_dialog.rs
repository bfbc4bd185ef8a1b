//! Requests within a dialog: BYE, re-INVITE, OPTIONS, and those that are not done here.

use super::Shard;
use super::caller::status_of;
use super::hang_up::Gone;
use super::info::info_key;
use super::requests::{
    Refused, body_is_readable, capabilities, no_dialog, no_extension_required, not_ours,
};
use crate::input::{Output, RefusedCause};
use crate::keys::KeyWay;
use crate::leg::{Leg, State};
use base::{LegId, Time};
use sip_core::transaction::ServerKey;
use sip_core::{Direction, Flow, HeaderName, Method, Request, StatusCode};

impl Shard {
    pub(super) fn request_in_dialog(
        &mut self,
        now: Time,
        key: &ServerKey,
        flow: Flow,
        request: &Request,
        tag: &str,
        out: &mut Vec<Output>,
    ) -> Result<(), Refused> {
        let leg = self
            .leg_named(tag, request)
            .map(|leg| leg.id)
            .ok_or_else(no_dialog)?;
        let entry = self.leg_mut(leg).ok_or_else(no_dialog)?;
        if entry.pinned || flow.transport.is_reliable() {
            // A phone behind an address translator may come from a new port at any time, and one by a
            // connection from a new connection.
            entry.flow = flow;
        }
        let dialog = entry.dialog_with_mut(request).ok_or_else(no_dialog)?;
        // RFC 3261 §12.2.2: a lower CSeq is out of order.
        let out_of_order =
            |_| Refused::new(StatusCode::SERVER_INTERNAL_ERROR, RefusedCause::Malformed);
        dialog.accept(request).map_err(out_of_order)?;
        if matches!(request.method, Method::Invite | Method::Update) {
            entry.exchange.hear(&request.headers);
        }
        match request.method {
            // RFC 3261 §15: whoever was invited refuses, or is cancelled, and has nothing to say BYE to.
            Method::Bye if self.leg(leg).is_some_and(Leg::is_ringing) => Err(no_dialog()),
            Method::Bye => {
                self.bye(now, key, leg, request, out);
                Ok(())
            }
            Method::Invite => self.reinvited(now, key, leg, request, out),
            Method::Update => self.updated(now, key, leg, request, out),
            Method::Prack => self.pracked(now, key, leg, request, out),
            Method::Options => {
                no_extension_required(request)?;
                self.respond(now, *key, capabilities(request, tag), out);
                Ok(())
            }
            Method::Info => {
                let key_press = info_key(request)?;
                self.respond(now, *key, request.response(StatusCode::OK), out);
                if let Some(pressed) = key_press {
                    self.key_pressed(now, leg, pressed, KeyWay::Info, out);
                }
                Ok(())
            }
            Method::Refer => self.referred(now, key, &flow, leg, request, out),
            // We have subscribed to nothing.
            Method::Notify => Err(no_dialog()),
            _ => Err(not_ours(&request.method)),
        }
    }

    /// RFC 3261 §15.1.2. On an INVITE that we have not answered it also ends that.
    fn bye(
        &mut self,
        now: Time,
        key: &ServerKey,
        leg: LegId,
        request: &Request,
        out: &mut Vec<Output>,
    ) {
        self.respond(now, *key, request.response(StatusCode::OK), out);
        let unanswered = self.leg(leg).and_then(|leg| match &leg.state {
            State::Incoming { invite, .. } => {
                let status = StatusCode::REQUEST_TERMINATED;
                Some((invite.key, invite.response(status, &leg.local_tag)))
            }
            _ => None,
        });
        let call = self.leg(leg).map(|leg| leg.call);
        if let Some(call) = call.and_then(|call| self.call_mut(call)) {
            call.reasons = request.headers.reasons();
        }
        self.leg_gone(now, leg, Gone::HungUp, out);
        if let Some((invite, response)) = unanswered {
            self.respond(now, invite, response, out);
        }
    }

    /// RFC 3261 §14.2: the party changes the session: hold, resume, another address. Each side of a call is
    /// answered by us alone; the other party's session is untouched.
    fn reinvited(
        &mut self,
        now: Time,
        key: &ServerKey,
        leg: LegId,
        request: &Request,
        out: &mut Vec<Output>,
    ) -> Result<(), Refused> {
        no_extension_required(request)?;
        body_is_readable(request)?;
        let asked = self.session_asked(request)?;
        let entry = self.leg_mut(leg).ok_or_else(no_dialog)?;
        match &entry.state {
            State::Up { .. } if !entry.bye_due => {}
            // The first INVITE has no final response yet.
            State::Incoming { .. } => {
                let busy = StatusCode::SERVER_INTERNAL_ERROR;
                let refused = Refused::new(busy, RefusedCause::Malformed);
                return Err(refused.with(HeaderName::RetryAfter, "1"));
            }
            _ => return Err(no_dialog()),
        }
        // RFC 3261 §14.2: it crosses an INVITE or an offer of ours.
        let negotiation = entry.negotiation.as_mut().ok_or_else(no_dialog)?;
        if negotiation.is_offering() {
            let pending = StatusCode::REQUEST_PENDING;
            return Err(Refused::new(pending, RefusedCause::Malformed));
        }
        let offered = !request.body.is_empty();
        let sdp = if offered {
            let refused = |error| Refused::new(status_of(&error), RefusedCause::NoCommonCodec);
            negotiation
                .answer_to(&request.body, Direction::SendRecv)
                .map_err(refused)?
                .0
        } else {
            negotiation.offer(Direction::SendRecv)
        };
        let cseq = request.headers.cseq().map_or(0, |cseq| cseq.number);
        let mut response = request.response(StatusCode::OK);
        self.grant_session(now, leg, &asked, &mut response);
        self.answer_with(now, leg, *key, cseq, offered, (response, sdp), out);
        if offered {
            self.media_agreed(leg, out);
        }
        Ok(())
    }
}
