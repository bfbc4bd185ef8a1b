//! Others' requests: new, again, ACK, CANCEL, and too many.

use super::invite_server::InviteServer;
use super::layer::{IN_DIALOG_RESERVE, TRANSACTIONS_MAX};
use super::machine::{ServerEvent, ServerMachine};
use super::made::stateless_tag;
use super::matching::ServerMatch;
use super::server::Server;
use super::step::{AckFor, CancelEffect};
use super::{Output, ServerKey, Transactions};
use crate::frame::parse_saved;
use crate::header_name::HeaderName;
use crate::message::{Message, Request};
use crate::method::Method;
use crate::status::StatusCode;
use crate::transport::{Flow, reply_flow, stamp_received};
use base::Time;
use bytes::Bytes;

/// What a peer refused for [`TRANSACTIONS_MAX`] is told to wait: about as long as an eighth of the
/// transactions take to end.
const RETRY_AFTER_S: u32 = 4;

impl<U: Clone> Transactions<U> {
    pub(super) fn receive_request(
        &mut self,
        now: Time,
        flow: Flow,
        mut request: Request,
        out: &mut Vec<Output<U>>,
    ) {
        stamp_received(&mut request, &flow);
        let Some(matched) = self.matching.of(&request) else {
            self.counters.unreadable += 1;
            return;
        };
        let known = self.server_of.get(&matched).copied();
        match (known, &request.method) {
            (Some(key), Method::Ack) => self.receive_ack(now, key, flow, request, out),
            (None, Method::Ack) => out.push(Output::Ack { flow, request }),
            (Some(key), _) => {
                self.counters.repeated_requests += 1;
                self.step_server(now, key, ServerEvent::Again, out);
            }
            (None, Method::Cancel) => self.receive_cancel(now, matched, flow, &request, out),
            (None, _) if self.is_full_for(&request) => {
                self.counters.refused += 1;
                let status = StatusCode::SERVICE_UNAVAILABLE;
                self.respond_stateless(&flow, &request, status, Some(RETRY_AFTER_S), out);
            }
            (None, _) => self.receive_new(now, matched, flow, request, out),
        }
    }

    fn is_full_for(&self, request: &Request) -> bool {
        let len = self.len();
        let may_use_reserve =
            || len < TRANSACTIONS_MAX + IN_DIALOG_RESERVE && request.is_in_dialog();
        len >= TRANSACTIONS_MAX && !may_use_reserve()
    }

    fn receive_new(
        &mut self,
        now: Time,
        matched: ServerMatch,
        flow: Flow,
        request: Request,
        out: &mut Vec<Output<U>>,
    ) {
        let reply = reply_flow(&request, &flow);
        let machine = if request.method == Method::Invite {
            // RFC 3261 §17.2.1 allows 200 ms for the 100; a B2BUA knows at once that more will take time.
            let bytes = self.written(request.response(StatusCode::TRYING));
            let machine = InviteServer::start(bytes.clone());
            out.push(Output::Transmit { flow: reply, bytes });
            ServerMachine::Invite(machine)
        } else {
            ServerMachine::Other(Server::start(self.moment(now, &reply)))
        };
        let key = self.insert_server(matched, reply, machine);
        out.push(Output::Request { key, flow, request });
    }

    fn receive_ack(
        &mut self,
        now: Time,
        key: ServerKey,
        flow: Flow,
        request: Request,
        out: &mut Vec<Output<U>>,
    ) {
        let Some(transaction) = self.servers.at(key.0) else {
            return;
        };
        let at = self.moment(now, &transaction.flow);
        let transaction = self
            .servers
            .at_mut(key.0)
            .expect("it was there a moment ago");
        let ServerMachine::Invite(machine) = &mut transaction.machine else {
            return;
        };
        match machine.receive_ack(at) {
            // RFC 6026 §7.1: a peer that gives the ACK to a 2xx the INVITE's branch.
            AckFor::User => out.push(Output::Ack { flow, request }),
            AckFor::Machine => self.settle_server(key),
        }
    }

    /// RFC 3261 §9.2. The CANCEL has a transaction of its own only where it found its INVITE, so that
    /// strays cost no memory.
    fn receive_cancel(
        &mut self,
        now: Time,
        matched: ServerMatch,
        flow: Flow,
        cancel: &Request,
        out: &mut Vec<Output<U>>,
    ) {
        let invite = self
            .matching
            .cancelled_by(cancel)
            .and_then(|matched| self.server_of.get(&matched).copied())
            .and_then(|key| Some((key, self.servers.at_mut(key.0)?)));
        let Some((invite_key, invite)) = invite else {
            self.counters.stray_cancels += 1;
            let status = StatusCode::CALL_DOES_NOT_EXIST;
            return self.respond_stateless(&flow, cancel, status, None, out);
        };
        let ServerMachine::Invite(machine) = &mut invite.machine else {
            return;
        };
        // RFC 3261 §9.2: the tag should be the one in the INVITE's own response.
        let tag = machine.last_response().and_then(to_tag);
        let tag = tag.unwrap_or_else(|| stateless_tag(cancel).into());
        let effect = machine.receive_cancel();
        let reply = reply_flow(cancel, &flow);
        let own = Server::start(self.moment(now, &reply));
        let key = self.insert_server(matched, reply, ServerMachine::Other(own));
        let bytes = self.written(cancel.response_with_tag(StatusCode::OK, &tag));
        self.step_server(now, key, ServerEvent::Respond(StatusCode::OK, &bytes), out);
        if effect == CancelEffect::Told {
            let reason = cancel.headers.text(&HeaderName::Reason).map(Into::into);
            out.push(Output::Cancelled {
                key: invite_key,
                reason,
            });
        }
    }

    fn respond_stateless(
        &self,
        flow: &Flow,
        request: &Request,
        status: StatusCode,
        retry_after_s: Option<u32>,
        out: &mut Vec<Output<U>>,
    ) {
        let mut response = request.response_with_tag(status, &stateless_tag(request));
        if let Some(seconds) = retry_after_s {
            response.headers.push(HeaderName::RetryAfter, seconds);
        }
        out.push(Output::Transmit {
            flow: reply_flow(request, flow),
            bytes: self.written(response),
        });
    }
}

fn to_tag(response: &Bytes) -> Option<Box<str>> {
    match parse_saved(response.clone()) {
        Ok(Message::Response(response)) => response.headers.to_tag().map(Into::into),
        _ => None,
    }
}
