//! Our answers to an INVITE or re-INVITE: provisional ones, the 2xx and its repeats, and the ACK.

use super::requests::{ACCEPT, ALLOW, SUPPORTED};
use super::{Due, Shard};
use crate::input::{EndCause, Output};
use crate::leg::{Leg, LegTimer, PROGRESS_EVERY, State, Unacknowledged};
use base::{LegId, Time};
use bytes::Bytes;
use sip_core::transaction::{self, Due as Repeat, Repeats, ServerKey, Timers};
use sip_core::{HeaderName, HeaderValue, Host, Request, Response, StatusCode, Uri};

impl Shard {
    /// A provisional response; 183 carries our answer to his offer.
    pub(super) fn progress(
        &mut self,
        now: Time,
        leg: LegId,
        status: StatusCode,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.leg(leg) else {
            return;
        };
        let State::Incoming { invite, .. } = &entry.state else {
            return;
        };
        let key = invite.key;
        let mut response = invite.response(status, &entry.local_tag);
        self.complete(entry, &mut response);
        if status == StatusCode::SESSION_PROGRESS
            && let Some(sdp) = entry.negotiation.as_ref().and_then(|it| it.local())
        {
            let sdp = Bytes::copy_from_slice(sdp);
            response.set_body(ACCEPT, sdp);
        }
        self.timers.arm(
            Due::Leg(leg, LegTimer::RepeatProgress),
            now + PROGRESS_EVERY,
        );
        self.respond(now, key, response, out);
    }

    /// Tells those on the way to a caller who is not answered yet that his INVITE is alive.
    pub(super) fn progress_again(&mut self, now: Time, leg: LegId, out: &mut Vec<Output>) {
        let Some(key) = self.leg(leg).and_then(Leg::pending_key) else {
            return;
        };
        self.timers.arm(
            Due::Leg(leg, LegTimer::RepeatProgress),
            now + PROGRESS_EVERY,
        );
        self.transact(now, transaction::Input::Repeat { key }, out);
    }

    /// 200: with our answer, or with our offer if the INVITE had none. Sent again until the ACK comes.
    pub(super) fn answer(&mut self, now: Time, leg: LegId, out: &mut Vec<Output>) {
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        let State::Incoming { invite, dialog } = &entry.state else {
            return;
        };
        let (invite, dialog) = (invite.clone(), dialog.clone());
        let Some(negotiation) = entry.negotiation.as_mut() else {
            return;
        };
        let sdp = if invite.offered {
            Bytes::copy_from_slice(negotiation.local().unwrap_or_default())
        } else {
            negotiation.offer(sip_core::Direction::SendRecv)
        };
        let cseq = dialog.remote_cseq.unwrap_or_default();
        entry.state = State::Up { dialog };
        let (tag, offered) = (entry.local_tag.clone(), invite.offered);
        let mut response = invite.response(StatusCode::OK, &tag);
        self.grant_session(now, leg, &invite.asked, &mut response);
        self.pending.remove(&invite.key);
        self.timers.disarm(&Due::Leg(leg, LegTimer::RepeatProgress));
        self.answer_with(now, leg, invite.key, cseq, offered, (response, sdp), out);
        if offered {
            self.apply_media(leg, out);
        }
    }

    /// Sends a 2xx to an INVITE or re-INVITE, and again until its ACK comes.
    #[expect(clippy::too_many_arguments, reason = "one 2xx, named parts")]
    pub(super) fn answer_with(
        &mut self,
        now: Time,
        leg: LegId,
        key: ServerKey,
        cseq: u32,
        offered: bool,
        (mut response, sdp): (Response, Bytes),
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.leg(leg) else {
            return;
        };
        self.complete(entry, &mut response);
        response
            .headers
            .push(HeaderName::Allow, HeaderValue::of(ALLOW));
        response
            .headers
            .push(HeaderName::Supported, HeaderValue::of(SUPPORTED));
        response.set_body(ACCEPT, sdp);
        let repeats = Repeats::of_success(now, &Timers::default());
        let (at, _) = repeats.deadline();
        self.timers
            .arm(Due::Leg(leg, LegTimer::RetransmitAnswer), at);
        if let Some(entry) = self.leg_mut(leg) {
            entry.unacknowledged = Some(Unacknowledged {
                key,
                cseq,
                expects_answer: !offered,
                repeats,
            });
        }
        self.respond(now, key, response, out);
    }

    /// Contact, so that requests within the dialog come here.
    fn complete(&self, leg: &Leg, response: &mut Response) {
        response
            .headers
            .push(HeaderName::Contact, HeaderValue::from(contact(leg)));
    }

    /// An ACK to a 2xx of ours.
    pub(super) fn acknowledged(&mut self, now: Time, request: &Request, out: &mut Vec<Output>) {
        let to = request.headers.to().ok();
        let Some(leg) = to
            .as_ref()
            .and_then(|to| self.leg_named(to.tag()?, request))
            .map(|leg| leg.id)
        else {
            return;
        };
        let cseq = request.headers.cseq().map(|cseq| cseq.number).ok();
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        let Some(answered) = entry.unacknowledged.take_if(|it| Some(it.cseq) == cseq) else {
            return;
        };
        let concluded = match (&mut entry.negotiation, answered.expects_answer) {
            (Some(negotiation), true) => negotiation.conclude(&request.body).map(|_| ()),
            _ => Ok(()),
        };
        let (call, bye_due) = (entry.call, entry.bye_due);
        self.timers
            .disarm(&Due::Leg(leg, LegTimer::RetransmitAnswer));
        if bye_due {
            return self.send_bye(now, leg, out);
        }
        match concluded {
            Ok(()) if answered.expects_answer => self.media_agreed(leg, out),
            Ok(()) => {}
            Err(_) => {
                let status = StatusCode::NOT_ACCEPTABLE_HERE;
                self.end_call(now, call, EndCause::SignallingFailed, status, out);
            }
        }
        self.pursue(now, leg, out);
    }

    /// Time to send our 2xx again, or to give up on its ACK.
    pub(super) fn answer_unacknowledged(&mut self, now: Time, leg: LegId, out: &mut Vec<Output>) {
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        let Some(answered) = entry.unacknowledged.as_mut() else {
            return;
        };
        let due = answered.repeats.step(now);
        let (at, key) = (answered.repeats.deadline().0, answered.key);
        if due == Some(Repeat::End) {
            // RFC 3261 §13.3.1.4: the dialog is confirmed, the session is ended with BYE.
            entry.unacknowledged = None;
            let (call, bye_due) = (entry.call, entry.bye_due);
            if bye_due {
                return self.send_bye(now, leg, out);
            }
            let status = StatusCode::REQUEST_TIMEOUT;
            return self.end_call(now, call, EndCause::SignallingFailed, status, out);
        }
        self.timers
            .arm(Due::Leg(leg, LegTimer::RetransmitAnswer), at);
        if due.is_some() {
            self.transact(now, transaction::Input::Repeat { key }, out);
        }
    }
}

/// Our Contact on a leg: the server's address on that leg's flow.
pub(super) fn contact(leg: &Leg) -> String {
    let host = Host::from(leg.flow.local.ip());
    let uri = Uri::sip(Some("kolapp"), host, Some(leg.flow.local.port()));
    format!("<{uri}>")
}
