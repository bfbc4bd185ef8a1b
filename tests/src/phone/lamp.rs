//! A busy lamp: a subscription of a phone's to what a colleague does (RFC 6665, RFC 4235).

use super::{ANSWER_LIMIT, Inner, Phone};
use crate::random;
use crate::sip::Msg;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

/// A subscription.
#[derive(Debug)]
pub struct Lamp {
    inner: Arc<Inner>,
    inbox: Receiver<Msg>,
    /// NOTIFYs that came before the answer to the SUBSCRIBE.
    early: VecDeque<Msg>,
}

impl Phone {
    /// Subscribes to what `target` does; the lamp, or the status of the refusal.
    ///
    /// # Panics
    /// When no answer comes.
    pub fn watch(&self, target: &str) -> Result<Lamp, u16> {
        let call_id = random::token();
        let uri = format!("sip:{target}@{}", super::DOMAIN);
        let request = self
            .new_request("SUBSCRIBE", &uri, &call_id, 1)
            .with("Contact", self.inner.contact())
            .with("Event", "dialog")
            .with("Accept", "application/dialog-info+xml")
            .with("Expires", "600");
        let mut lamp = Lamp {
            inner: self.inner.clone(),
            inbox: self.inner.route(&call_id),
            early: VecDeque::new(),
        };
        let reply = lamp.ask(&request);
        let reply = match self.inner.with_credentials(&request, &reply) {
            Some(again) => lamp.ask(&again),
            None => reply,
        };
        match reply.status() {
            200 => Ok(lamp),
            refused => Err(refused),
        }
    }
}

impl Lamp {
    /// Waits until a notification shows just these states, such as `["early"]`; none for a dark lamp.
    ///
    /// # Panics
    /// When none does in `limit`.
    pub fn expect(&mut self, states: &[&str], limit: Duration) {
        let deadline = Instant::now() + limit;
        let mut shown = Vec::new();
        while let Some(notify) = self.next(deadline) {
            let body = notify.body_text();
            let now: Vec<&str> = body
                .split("<state>")
                .skip(1)
                .filter_map(|rest| rest.split('<').next())
                .collect();
            if now == states {
                return;
            }
            shown.push(now.join("+"));
        }
        panic!("a lamp never showed {states:?}; it showed {shown:?}");
    }

    /// Waits until the subscription ends; why.
    ///
    /// # Panics
    /// When it does not in `limit`.
    pub fn ended(&mut self, limit: Duration) -> String {
        let deadline = Instant::now() + limit;
        while let Some(notify) = self.next(deadline) {
            let state = notify.header("Subscription-State").unwrap_or_default();
            if let Some(reason) = state.strip_prefix("terminated;reason=") {
                return reason.to_owned();
            }
        }
        panic!("the subscription did not end in {limit:?}");
    }

    fn next(&mut self, deadline: Instant) -> Option<Msg> {
        if let Some(early) = self.early.pop_front() {
            return Some(early);
        }
        let left = deadline.checked_duration_since(Instant::now())?;
        let notify = self.inbox.recv_timeout(left).ok()?;
        self.answer(&notify);
        Some(notify)
    }

    fn answer(&self, notify: &Msg) {
        assert_eq!(notify.method(), "NOTIFY", "{}", notify.start);
        let reply = notify.reply(200, "OK", &random::token());
        self.inner.respond(notify, &reply);
    }

    fn ask(&mut self, request: &Msg) -> Msg {
        self.inner.send(request);
        let deadline = Instant::now() + ANSWER_LIMIT;
        while let Some(left) = deadline.checked_duration_since(Instant::now()) {
            match self.inbox.recv_timeout(left) {
                Ok(message) if message.is_request() => {
                    self.answer(&message);
                    self.early.push_back(message);
                }
                Ok(reply) if reply.status() >= 200 && reply.cseq() == request.cseq() => {
                    return reply;
                }
                _ => {}
            }
        }
        panic!("no answer to {} in {ANSWER_LIMIT:?}", request.start);
    }
}
