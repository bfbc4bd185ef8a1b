//! The wire's side of a task: reading its sockets, telling messages from garbage, finding their shard, and
//! sending.

use super::{BUDGET, Media, UNSENT_MAX, Worker, listener_of};
use crate::guard::Shut;
use crate::mailbox::Forwarded;
use crate::stream::Undelivered;
use base::{ShardId, Time};
use bytes::Bytes;
use sip_core::frame::ParseError;
use sip_core::{Flow, Message, Method, Rejected, Transport, parse_datagram};
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;
use tokio::io::Interest;

/// A keep-alive that asks for an answer (RFC 5626 §3.5.1 names it for streams; phones send it on UDP too).
const PING: &[u8] = b"\r\n\r\n";

/// The answer to it. Nothing else is answered so: two servers that answered each other's answers would
/// never stop, and anybody can start them with one datagram.
const PONG: &[u8] = b"\r\n";

/// When whoever asked too fast over a connection may ask again: his bucket is full after four seconds.
const TOO_FAST_WAIT: Duration = Duration::from_secs(4);
/// Errors of earlier datagrams that may stand before a datagram: one is pending at a time, and while others come in
/// there may be one more.
const PENDING_MAX: usize = 3;

/// How a response begins (RFC 3261 §7.2); no request does.
const RESPONSE_START: &[u8] = b"SIP/2.0 ";

/// How messages of ours begin that may be of a call: registrations, probes and subscriptions would leave them no room.
const CALLS_BEGIN: [&[u8]; 9] = [
    RESPONSE_START,
    b"INVITE ",
    b"ACK ",
    b"BYE ",
    b"CANCEL ",
    b"PRACK ",
    b"UPDATE ",
    b"INFO ",
    b"REFER ",
];

/// Whether a message may be of a call, and not of a registration, a probe, a subscription or a text.
pub(super) fn is_of_call(message: &Message) -> bool {
    let method = match message {
        Message::Request(request) => Ok(request.method.clone()),
        Message::Response(response) => response.method(),
    };
    let others = [
        Method::Register,
        Method::Options,
        Method::Subscribe,
        Method::Notify,
        Method::Publish,
        Method::Message,
    ];
    method.is_ok_and(|method| !others.contains(&method))
}

impl<M: Media> Worker<M> {
    /// Reads each socket until it is empty or its budget is used up.
    pub(super) fn read_sockets(&mut self) {
        let now = self.parts.clock.now();
        for index in 0..self.listeners.len() {
            for _ in 0..BUDGET {
                let listener = &self.listeners[index];
                let buffer = &mut self.buffer;
                let receive = |socket: &UdpSocket| socket.recv_from(buffer);
                match listener.socket.try_io(Interest::READABLE, receive) {
                    Ok((length, from)) => {
                        // Before anything is copied or read: a flood costs little more than its receiving.
                        let door = self.parts.gate.guard.door(now, from, &self.directory);
                        if let Err(shut) = door {
                            self.counters.datagrams.increment(1);
                            self.counters.kept_out(shut);
                            continue;
                        }
                        let bytes = Bytes::copy_from_slice(&self.buffer[..length]);
                        let bound = listener.bound;
                        self.datagram(bound, from, bytes);
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    // Of something sent earlier, such as an unreachable peer: `unreachable` hears of it too.
                    Err(error) => tracing::debug!(%error, "receiving"),
                }
            }
        }
    }

    fn datagram(&mut self, bound: SocketAddr, from: SocketAddr, bytes: Bytes) {
        self.counters.datagrams.increment(1);
        let flow = Flow {
            transport: Transport::Udp,
            local: self.local.towards(bound, from.ip()),
            remote: from,
            connection: 0,
        };
        let pong = pong_to(&bytes);
        let kept = self.ladder.is_on().then(|| bytes.clone());
        match parse_datagram(bytes, &self.limits) {
            Ok(message) => {
                if let Some(bytes) = kept.filter(|_| is_of_call(&message)) {
                    self.ladder
                        .keep(self.parts.clock.now(), &flow, false, bytes);
                }
                self.message(flow, message);
            }
            Err(rejected) if rejected.error == ParseError::KeepAlive => {
                self.counters.keep_alives.increment(1);
                if let Some(pong) = pong {
                    // Nobody waits to hear that it did not go.
                    let _ = self.transmit_datagram(flow, pong);
                }
            }
            Err(rejected) => self.rejected(flow, rejected),
        }
    }

    fn message(&mut self, flow: Flow, message: Message) {
        match &message {
            Message::Request(request) => self.counters.request(&request.method),
            Message::Response(response) => self.counters.response_in(response.status),
        }
        let shard = call::shard_of(&message);
        if self.place_of(shard).is_some() {
            let now = self.parts.clock.now();
            self.deliver(now, shard, flow, message);
            return;
        }
        let forwarded = Forwarded {
            shard,
            flow,
            message,
        };
        if self.parts.mailboxes.forward(forwarded).is_err() {
            self.counters.mailbox_full.increment(1);
        }
    }

    fn rejected(&mut self, flow: Flow, rejected: Rejected) {
        tracing::debug!(from = %flow.remote, error = %rejected.error, "no acceptable SIP message");
        match rejected.reply(&flow) {
            Some((back, response)) => {
                self.counters.rejected_answered.increment(1);
                let response = response.to_bytes();
                self.counters.sent(&response);
                // Nor to hear that this did not.
                let _ = self.transmit_datagram(back, response);
            }
            None => self.counters.rejected_silent.increment(1),
        }
    }

    /// Takes what other tasks, and those of connections, read for our shards.
    pub(super) fn take_messages(&mut self) {
        let mut forwarded = std::mem::take(&mut self.forwarded);
        let mut streamed = std::mem::take(&mut self.streamed);
        let now: Time = self.parts.clock.now();
        for Forwarded {
            shard,
            flow,
            message,
        } in forwarded.drain(..).chain(streamed.drain(..))
        {
            // A connection is read by its own task: here its messages meet the door that datagrams have passed.
            if flow.connection != 0
                && let Err(shut) = self
                    .parts
                    .gate
                    .guard
                    .door(now, flow.remote, &self.directory)
            {
                self.keep_out(shut, flow, message);
                continue;
            }
            // Its bytes stand among others of its connection, which are not kept for it.
            if flow.connection != 0 && self.ladder.is_on() && is_of_call(&message) {
                self.ladder.keep(now, &flow, false, message.to_bytes());
            }
            self.deliver(now, shard, flow, message);
        }
        self.forwarded = forwarded;
        self.streamed = streamed;
    }

    /// Something over a connection is not let in. Who sends a datagram repeats what is dropped; here nobody does
    /// (RFC 3261 §17.1.2.1), so whoever asks too fast is told so, and where nobody knows him his connection ends.
    fn keep_out(&mut self, shut: Shut, flow: Flow, message: Message) {
        self.counters.kept_out(shut);
        if let Message::Request(mut request) = message
            && shut == Shut::TooFast
            && request.method != Method::Ack
        {
            sip_core::stamp_received(&mut request, &flow);
            let gate = &self.parts.gate;
            let response = gate.too_fast(&self.directory, &request, TOO_FAST_WAIT);
            // Whoever has gone needs no answer.
            let _ = self.transmit(None, flow, response.to_bytes());
        }
        self.connections.turn_away(flow.connection);
    }

    /// Sends now, or as soon as there is room. `asker` is the shard that is to know if it can't be sent.
    pub(super) fn transmit(
        &mut self,
        asker: Option<ShardId>,
        flow: Flow,
        bytes: Bytes,
    ) -> Result<(), Undelivered> {
        self.counters.sent(&bytes);
        if self.ladder.is_on()
            && self.answers_call
            && CALLS_BEGIN.iter().any(|it| bytes.starts_with(it))
        {
            let now = self.parts.clock.now();
            self.ladder.keep(now, &flow, true, bytes.clone());
        }
        if flow.transport.is_reliable() {
            let is_request = !bytes.starts_with(RESPONSE_START);
            let asker = asker.filter(|_| is_request);
            let mut sent = self.connections.send(asker, &flow, bytes.clone());
            if sent.is_err() && !is_request {
                sent = self.connections.answer_anew(&flow, bytes);
            }
            return sent.inspect_err(|_| self.counters.send_failed.increment(1));
        }
        self.transmit_datagram(flow, bytes)
    }

    fn transmit_datagram(&mut self, flow: Flow, bytes: Bytes) -> Result<(), Undelivered> {
        let sent = match self.unsent.is_empty() {
            true => self.try_send(&flow, &bytes),
            false => Sent::NoRoom,
        };
        if sent == Sent::NoRoom {
            if self.unsent.len() < UNSENT_MAX {
                self.unsent.push_back((flow, bytes));
            } else {
                self.counters.send_queue_full.increment(1);
            }
        }
        match sent {
            Sent::Never => Err(Undelivered),
            Sent::Whole | Sent::NoRoom => Ok(()),
        }
    }

    pub(super) fn send_unsent(&mut self) {
        while let Some((flow, bytes)) = self.unsent.pop_front() {
            if self.try_send(&flow, &bytes) == Sent::NoRoom {
                self.unsent.push_front((flow, bytes));
                return;
            }
        }
    }

    /// Sends now. What can't be sent at all is counted.
    fn try_send(&self, flow: &Flow, bytes: &[u8]) -> Sent {
        let Some(listener) = listener_of(&self.listeners, flow) else {
            // A flow of a listener that is there no more.
            self.counters.send_failed.increment(1);
            return Sent::Never;
        };
        let socket = listener.socket.get_ref();
        let mut sent = socket.send_to(bytes, flow.remote);
        for _ in 0..PENDING_MAX {
            match &sent {
                // What the network said of another datagram may be told to this one.
                Err(error) if error.kind() != ErrorKind::WouldBlock => {
                    sent = socket.send_to(bytes, flow.remote);
                }
                _ => break,
            }
        }
        match sent {
            Ok(_) => Sent::Whole,
            Err(error) if error.kind() == ErrorKind::WouldBlock => Sent::NoRoom,
            Err(error) => {
                tracing::debug!(to = %flow.remote, %error, "sending");
                self.counters.send_failed.increment(1);
                Sent::Never
            }
        }
    }
}

/// What became of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Whole,
    /// The socket has no room just now.
    NoRoom,
    /// There is no way to send it.
    Never,
}

/// What a datagram of line ends is answered with, if with anything.
fn pong_to(datagram: &[u8]) -> Option<Bytes> {
    (datagram == PING).then_some(Bytes::from_static(PONG))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keep_alive_that_asks_is_answered_and_an_answer_never_is() {
        let pong = pong_to(PING).unwrap();
        assert_eq!(pong_to(&pong), None);
        for silent in [&b""[..], b"\0\0\0\0", b"\r\n\r\n\r\n"] {
            assert_eq!(pong_to(silent), None);
        }
    }
}
