//! Our 2xx to an INVITE or re-INVITE, its repeats, and the ACK. Provisional responses are in `reliable`.

use super::requests::{ACCEPT, ALLOW, SUPPORTED};
use super::{Due, Shard};
use crate::input::{CallEvent, EndCause, Output};
use crate::leg::{Leg, LegTimer, State, Unacknowledged};
use crate::reliable::Described;
use base::{LegId, Time};
use bytes::Bytes;
use sip_core::transaction::{self, Due as Repeat, Repeats, ServerKey, Timers};
use sip_core::{HeaderName, HeaderValue, Request, Response, StatusCode};

impl Shard {
    /// 200: with our answer, or with our offer if the INVITE had none. Sent again until the ACK comes.
    pub(super) fn answer(&mut self, now: Time, leg: LegId, out: &mut Vec<Output>) {
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        let State::Incoming { invite, .. } = &mut entry.state else {
            return;
        };
        if invite.provisionals.keeps_the_2xx() {
            invite.provisionals.final_waits = true;
            return;
        }
        if entry.negotiation.is_none() {
            return;
        }
        let (Some((invite, dialog)), Some(negotiation)) =
            (entry.state.take_incoming(), entry.negotiation.as_mut())
        else {
            return;
        };
        let described = invite.provisionals.described;
        let sdp = match (described, invite.offered) {
            (Described::Since, _) => Bytes::new(),
            (_, true) => Bytes::copy_from_slice(negotiation.local().unwrap_or_default()),
            (_, false) => negotiation.offer(sip_core::Direction::SendRecv),
        };
        let offers = described != Described::Since && !invite.offered;
        let cseq = invite.cseq;
        entry.state = State::Up { dialog };
        let call = entry.call;
        out.push(Output::Event(CallEvent::Answered(call)));
        let tag = entry.local_tag.clone();
        let mut response = invite.response(StatusCode::OK, &tag);
        self.grant_session(now, leg, &invite.asked, &mut response);
        self.pending.remove(&invite.key);
        for timer in [LegTimer::RepeatProgress, LegTimer::RetransmitProgress] {
            self.timers.disarm(&Due::Leg(leg, timer));
        }
        self.answer_with(now, leg, invite.key, cseq, !offers, (response, sdp), out);
        if invite.offered {
            self.apply_media(leg, out);
        }
        if let Some(call) = self.call_mut(call) {
            call.is_answered(now);
        }
        self.call_goes_on(call, out);
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
        if !sdp.is_empty() {
            response.set_body(ACCEPT, sdp);
        }
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
        response.headers.push(
            HeaderName::Contact,
            HeaderValue::from(self.directory.addresses.contact(&leg.flow)),
        );
    }

    /// An ACK to a 2xx of ours.
    pub(super) fn acknowledged(&mut self, now: Time, request: &Request, out: &mut Vec<Output>) {
        let tag = request.headers.to_tag();
        let Some(leg) = tag
            .and_then(|tag| self.leg_named(&tag, request))
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
