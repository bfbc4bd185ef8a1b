//! A telephone that knows PRACK (RFC 3262): rings with early media, reliably or not, and acknowledges what the
//! server says before it answers.

use super::{Phone, Seen, Side, dialog_of, negotiation};
use base::Time;
use bytes::Bytes;
use sip_core::dialog::Dialog;
use sip_core::transaction::{Due, Input, Repeats, ServerKey, Timers};
use sip_core::{Direction, HeaderName, Method, RAck, Request, Response, StatusCode};
use std::time::Duration;

/// What a phone says when it is rung.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Rings {
    /// 180.
    #[default]
    Plainly,
    /// 183 with its answer.
    WithMedia,
    /// The same, and asks for PRACK.
    Reliably,
}

/// What it remembers of it.
#[derive(Default)]
pub(super) struct Reliable {
    rseq: u32,
    unpracked: Option<(ServerKey, Repeats)>,
    /// As the caller: the early dialog, and the RSeq of the latest response in it.
    early: Option<(Dialog, u32)>,
    described: bool,
}

impl Phone {
    pub(super) fn ring(
        &mut self,
        now: Time,
        key: ServerKey,
        request: &Request,
        out: &mut Vec<Bytes>,
    ) {
        let status = match self.rings {
            Rings::Plainly => StatusCode::RINGING,
            Rings::WithMedia | Rings::Reliably => StatusCode::SESSION_PROGRESS,
        };
        let mut response = request.response_with_tag(status, "phone");
        let contact = format!("<sip:{}@{}>", self.name, self.address);
        response.headers.push(HeaderName::Contact, contact);
        self.allow_events(&mut response.headers);
        if self.rings != Rings::Plainly {
            self.negotiation = negotiation(self.address);
            let answer = self
                .negotiation
                .answer_to(&request.body, Direction::SendRecv);
            let (sdp, _) = answer.expect("the server offers what phones have");
            response.set_body("application/sdp", sdp);
        }
        if self.rings == Rings::Reliably {
            let knows = request.headers.has_token(&HeaderName::Supported, "100rel");
            assert!(knows, "the server knows PRACK");
            self.reliable.rseq += 1;
            response.headers.push(HeaderName::Require, "100rel");
            response.headers.push(HeaderName::RSeq, self.reliable.rseq);
            let repeats = Repeats::of_provisional(now, &Timers::default());
            self.reliable.unpracked = Some((key, repeats));
        }
        self.step(now, Input::Respond { key, response }, out);
    }

    /// The call that rang is over, or answered.
    pub(super) fn rings_no_more(&mut self) {
        self.reliable.unpracked = None;
    }

    /// Whether the answer has to wait for a PRACK; then it is tried again a little later.
    pub(super) fn waits_for_prack(&mut self, now: Time) -> bool {
        let waits = self.reliable.unpracked.is_some();
        if waits && let Side::Called { answer_at, .. } = &mut self.side {
            *answer_at = Some(now + Duration::from_millis(100));
        }
        waits
    }

    pub(super) fn prack_deadline(&self) -> Option<Time> {
        Some(self.reliable.unpracked.as_ref()?.1.deadline().0)
    }

    pub(super) fn ring_again(&mut self, now: Time, out: &mut Vec<Bytes>) {
        let Some((key, repeats)) = &mut self.reliable.unpracked else {
            return;
        };
        let key = *key;
        match repeats.step(now) {
            Some(Due::Again) => self.step(now, Input::Repeat { key }, out),
            Some(Due::End) => {
                self.reliable.unpracked = None;
                if let Side::Called { request, .. } = &self.side {
                    let response = request.response_with_tag(StatusCode::SERVER_TIME_OUT, "phone");
                    self.side = Side::Idle;
                    self.step(now, Input::Respond { key, response }, out);
                }
            }
            None => {}
        }
    }

    /// PRACK to a response of ours.
    pub(super) fn pracked(
        &mut self,
        now: Time,
        key: ServerKey,
        request: &Request,
        out: &mut Vec<Bytes>,
    ) {
        let rack = request.headers.rack().expect("the server writes RAck");
        let right = self.reliable.unpracked.is_some() && rack.rseq == self.reliable.rseq;
        let status = match right {
            true => StatusCode::OK,
            false => StatusCode::CALL_DOES_NOT_EXIST,
        };
        if right {
            self.reliable.unpracked = None;
            self.seen.push(Seen::Pracked);
        }
        let response = request.response_with_tag(status, "phone");
        self.step(now, Input::Respond { key, response }, out);
    }

    pub(super) fn calls_anew(&mut self) {
        self.reliable.early = None;
        self.reliable.described = false;
    }

    /// As the caller: a provisional response. False for one that has been seen.
    pub(super) fn progressed(
        &mut self,
        now: Time,
        response: &Response,
        out: &mut Vec<Bytes>,
    ) -> bool {
        let reliable = response.headers.has_token(&HeaderName::Require, "100rel");
        let Some(rseq) = response.headers.rseq().unwrap().filter(|_| reliable) else {
            return true;
        };
        let (mut dialog, latest) = self
            .reliable
            .early
            .take()
            .unwrap_or_else(|| (dialog_of(response), rseq - 1));
        if rseq <= latest {
            self.reliable.early = Some((dialog, latest));
            return false;
        }
        assert_eq!(rseq, latest + 1, "the server waits for each PRACK");
        let mut prack = dialog.request(Method::Prack);
        let rack = RAck {
            rseq,
            cseq: response.headers.cseq().unwrap(),
        };
        prack.headers.push(HeaderName::RAck, rack.to_string());
        if !response.body.is_empty() && !std::mem::replace(&mut self.reliable.described, true) {
            if self.offers_in_ack {
                let answer = self
                    .negotiation
                    .answer_to(&response.body, Direction::SendRecv);
                let (sdp, _) = answer.expect("the server offers what phones have");
                prack.set_body("application/sdp", sdp);
            } else {
                self.negotiation
                    .conclude(&response.body)
                    .expect("an answer to our offer");
            }
        }
        self.reliable.early = Some((dialog, rseq));
        self.send(now, Method::Prack, prack, out);
        true
    }

    /// As the caller: the dialog that a 2xx confirms, and whether its description counts.
    pub(super) fn confirmed(&mut self, response: &Response) -> (Dialog, bool) {
        let early = self.reliable.early.take().map(|(dialog, _)| dialog);
        let mut dialog = early.unwrap_or_else(|| dialog_of(response));
        dialog.confirm(response);
        (dialog, !self.reliable.described)
    }
}
