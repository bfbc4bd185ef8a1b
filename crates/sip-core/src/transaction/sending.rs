//! Our requests on their way out, their responses, and what ends them early.

use super::big::FellBack;
use super::machine::{ClientEvent, ClientMachine, ClientTransaction};
use super::matching::{ClientMatch, stable_hash};
use super::step::CancelWish;
use super::{ClientKey, Output, Transactions};
use crate::header_name::HeaderName;
use crate::header_value::HeaderValue;
use crate::message::{Request, Response};
use crate::method::Method;
use crate::transport::{Flow, Transport};
use base::Time;
use bytes::Bytes;
use rand_core::Rng;

/// RFC 3261 §8.1.1.6.
const MAX_FORWARDS: u32 = 70;

impl<U: Clone> Transactions<U> {
    pub(super) fn send(
        &mut self,
        now: Time,
        user: U,
        flow: Flow,
        mut request: Request,
        out: &mut Vec<Output<U>>,
    ) {
        if request.method == Method::Ack {
            return self.send_ack(now, flow, request, out);
        }
        let random = self.random.next_u64();
        self.stamp(&flow, &mut request, random);
        let (way, bytes) = self.fitted(now, flow, &mut request, random);
        let method = request.method;
        let matched_by = ClientMatch { random, method };
        let instead_of = (way != flow).then_some(flow);
        let ways = (way, instead_of);
        self.start_client(now, Some(user), ways, matched_by, bytes, out);
    }

    /// RFC 3261 §13.2.2.4: the ACK to a 2xx is no part of the INVITE's transaction. The one to a 2xx that comes again is the
    /// first one again, byte for byte: there are phones that take another for a request that nobody expects.
    pub(super) fn send_ack(
        &mut self,
        now: Time,
        flow: Flow,
        mut request: Request,
        out: &mut Vec<Output<U>>,
    ) {
        let random = ack_number(&request);
        self.stamp(&flow, &mut request, random);
        let (flow, bytes) = self.fitted(now, flow, &mut request, random);
        out.push(Output::Transmit { flow, bytes });
    }

    /// A client transaction for a request that is complete, Via and all; its way, and the one that is left if that
    /// fails.
    pub(super) fn start_client(
        &mut self,
        now: Time,
        user: Option<U>,
        (flow, instead_of): (Flow, Option<Flow>),
        matched_by: ClientMatch,
        bytes: Bytes,
        out: &mut Vec<Output<U>>,
    ) {
        let at = self.moment(now, &flow);
        let machine = ClientMachine::start(at, &matched_by.method, bytes.clone());
        let key = self.insert_client(ClientTransaction {
            user: user.clone(),
            flow,
            instead_of,
            matched_by,
            machine,
            armed: None,
        });
        if let Some(user) = user {
            out.push(Output::Started { user, key });
        }
        out.push(Output::Transmit { flow, bytes });
    }

    /// Adds our Via, whose branch has that number, and Max-Forwards.
    fn stamp(&self, flow: &Flow, request: &mut Request, random: u64) {
        if !request.headers.has(&HeaderName::MaxForwards) {
            request
                .headers
                .push_front(HeaderName::MaxForwards, MAX_FORWARDS);
        }
        let via = self.own_via(flow, random);
        request
            .headers
            .push_front(HeaderName::Via, HeaderValue::of(via));
        if let Some(banner) = &self.banner {
            request.headers.push(HeaderName::UserAgent, &**banner);
        }
    }

    pub(super) fn receive_response(
        &mut self,
        now: Time,
        flow: Flow,
        response: Response,
        out: &mut Vec<Output<U>>,
    ) {
        let matched = ClientMatch::of(&response, self.shard);
        match matched.and_then(|matched| self.client_of.get(&matched).copied()) {
            Some(key) => self.step_client(now, key, ClientEvent::Response(flow, response), out),
            None => self.counters.stray_responses += 1,
        }
    }

    pub(super) fn cancel(
        &mut self,
        now: Time,
        key: ClientKey,
        reason: Option<Box<str>>,
        out: &mut Vec<Output<U>>,
    ) {
        let wish = CancelWish { reason };
        self.step_client(now, key, ClientEvent::Cancel(wish), out);
    }

    /// Every request that waits for an answer over `flow` fails. Server transactions live on: their
    /// timers end them, and a response may yet get through.
    pub(super) fn fail_flow(&mut self, now: Time, flow: &Flow, out: &mut Vec<Output<U>>) {
        if flow.transport == Transport::Tcp && flow.connection == 0 {
            // Nobody waits for what an ACK comes to: it goes by UDP when the 2xx comes again.
            self.takes_no_connection(now, flow.remote);
        }
        let on_it = self
            .clients
            .iter()
            .filter(|(_, one)| one.flow.is_lost_with(flow));
        let keys: Vec<ClientKey> = on_it.map(|(place, _)| ClientKey(place)).collect();
        for key in keys {
            if self.fall_back(now, key, out) == FellBack::Nowhere {
                self.step_client(now, key, ClientEvent::TransportFailed, out);
            }
        }
    }
}

/// The number in the branch of an ACK to a 2xx, made of what tells one such ACK from another. No response comes to it, so nobody
/// gains by guessing it.
fn ack_number(ack: &Request) -> u64 {
    let text = |name| ack.headers.text(&name).unwrap_or("");
    stable_hash(&[
        &ack.uri.to_string(),
        text(HeaderName::CallId),
        text(HeaderName::CSeq),
        text(HeaderName::From),
        text(HeaderName::To),
    ])
}
