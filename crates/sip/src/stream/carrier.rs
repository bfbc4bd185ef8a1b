//! The task of one connection: hands what comes to the shards, sends what they have for the peer, and ends
//! when either side has had enough.

use super::outbox::Taken;
use super::patience::{Exhausted, FAREWELL_MAX, Patience};
use super::pinging::{Due, Pinging};
use super::wire::Wire;
use super::{Connection, Connections};
use crate::mailbox::Forwarded;
use bytes::Bytes;
use sip_core::frame_stream::Framed;
use sip_core::{Message, Rejected};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::time::Sleep;

/// A keep-alive on a stream (RFC 5626 §4.4.1).
const PING: Bytes = Bytes::from_static(b"\r\n\r\n");

/// The answer to one.
const PONG: Bytes = Bytes::from_static(b"\r\n");

/// Why a connection ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// The peer closed it.
    ByPeer,
    /// The network or the peer's system broke it.
    Failed(std::io::Error),
    /// TLS or the upgrade to WebSocket came to nothing.
    Handshake(std::io::Error),
    /// We could not connect.
    NotConnected(std::io::Error),
    /// Nobody proved himself on it in time.
    Unproven,
    /// A message was begun and not ended in time.
    SlowMessage,
    /// Nothing was said for too long.
    Silent,
    /// The peer did not read what we had for it.
    SlowReader,
    /// Where the next message starts is not known any more.
    Broken,
    /// Somebody unknown asked faster than he may, or is banned.
    TurnedAway,
}

impl Ended {
    /// What the system said, where it did.
    pub(super) fn error(&self) -> Option<&std::io::Error> {
        match self {
            Ended::Failed(error) | Ended::Handshake(error) | Ended::NotConnected(error) => {
                Some(error)
            }
            _ => None,
        }
    }

    /// A metric's label.
    pub(super) fn label(&self) -> &'static str {
        match self {
            Ended::ByPeer => "by-peer",
            Ended::Failed(_) => "failed",
            Ended::Handshake(_) => "handshake",
            Ended::NotConnected(_) => "not-connected",
            Ended::Unproven => "unproven",
            Ended::SlowMessage => "slow-message",
            Ended::Silent => "silent",
            Ended::SlowReader => "slow-reader",
            Ended::Broken => "broken",
            Ended::TurnedAway => "turned-away",
        }
    }
}

impl From<Exhausted> for Ended {
    fn from(exhausted: Exhausted) -> Ended {
        match exhausted {
            Exhausted::Unproven => Ended::Unproven,
            Exhausted::SlowMessage => Ended::SlowMessage,
            Exhausted::Silent => Ended::Silent,
        }
    }
}

/// One connection while it is carried.
pub(super) struct Carrier<W> {
    wire: W,
    connection: Arc<Connection>,
    connections: Arc<Connections>,
    /// What is being sent; empty when only its flushing is left.
    sending: Option<Bytes>,
    patience: Patience,
    /// Keep-alives of our own, where we connected.
    pinging: Option<Pinging>,
    /// When `sleep` wakes us: not later than patience ends, and seldom set anew.
    sleep: Pin<Box<Sleep>>,
    /// Nothing more is read; what is left is sent until then.
    leaving: Option<Instant>,
}

/// What a turn of the loop is about.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, on the stack, and most are messages"
)]
enum Turn {
    Came(Framed),
    /// A deadline may be over.
    Due,
    Over(Ended),
}

impl<W: Wire> Carrier<W> {
    pub(super) fn new(
        connections: Arc<Connections>,
        connection: Arc<Connection>,
        wire: W,
    ) -> Carrier<W> {
        let patience = Patience::new(Instant::now());
        let (wakes, _) = patience.ends(connection.standing());
        Carrier {
            wire,
            connection,
            connections,
            sending: None,
            patience,
            pinging: None,
            sleep: Box::pin(tokio::time::sleep_until(wakes.into())),
            leaving: None,
        }
    }

    /// With keep-alives of our own.
    pub(super) fn pinging(mut self, pinging: Pinging) -> Carrier<W> {
        let wakes = pinging.wakes().min(self.sleep.deadline().into_std());
        self.sleep.as_mut().reset(wakes.into());
        self.pinging = Some(pinging);
        self
    }

    /// Carries it to its end.
    pub(super) async fn run(mut self) -> Ended {
        loop {
            match poll_fn(|cx| self.poll(cx)).await {
                Turn::Came(framed) => self.take(framed).await,
                Turn::Due => {
                    if let Some(ended) = self.look_at_clock() {
                        return ended;
                    }
                }
                Turn::Over(ended) => return ended,
            }
        }
    }

    /// Sends what can be sent, then looks for something to do.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        if let Poll::Ready(ended) = self.poll_send(cx) {
            return Poll::Ready(Turn::Over(ended));
        }
        if self.leaving.is_some() {
            if self.sending.is_none() {
                return Poll::Ready(Turn::Over(Ended::Broken));
            }
        } else if self.connection.outbox.is_at_ease() {
            match self.wire.poll_receive(cx) {
                Poll::Ready(Ok(Some(framed))) => return Poll::Ready(Turn::Came(framed)),
                Poll::Ready(Ok(None)) => return Poll::Ready(Turn::Over(Ended::ByPeer)),
                Poll::Ready(Err(error)) => return Poll::Ready(Turn::Over(Ended::Failed(error))),
                Poll::Pending => {
                    self.take_pong();
                    self.note_midway();
                }
            }
        }
        self.sleep.as_mut().poll(cx).map(|()| Turn::Due)
    }

    /// Ready only when the connection is over.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        loop {
            let Some(sending) = &mut self.sending else {
                match self.connection.outbox.take(cx) {
                    Taken::Message(message) => self.sending = Some(message),
                    Taken::Nothing => return Poll::Pending,
                    Taken::Overflowed => return Poll::Ready(Ended::SlowReader),
                    Taken::Finished => return Poll::Ready(Ended::TurnedAway),
                }
                continue;
            };
            match self.wire.poll_send(cx, sending) {
                Poll::Ready(Ok(())) => self.sending = None,
                Poll::Ready(Err(error)) => return Poll::Ready(Ended::Failed(error)),
                Poll::Pending if self.connection.outbox.has_overflowed(cx) => {
                    return Poll::Ready(Ended::SlowReader);
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn take_pong(&mut self) {
        if let Some(pinging) = &mut self.pinging
            && pinging.awaits()
            && self.wire.take_pong()
        {
            pinging.ponged();
        }
    }

    fn note_midway(&mut self) {
        self.patience
            .note_midway(Instant::now(), self.wire.is_midway());
        let (ends, _) = self.patience.ends(self.connection.standing());
        // Later deadlines are looked at when the timer wakes us: setting it anew for each message costs more.
        if ends < self.sleep.deadline().into_std() {
            self.sleep.as_mut().reset(ends.into());
        }
    }

    fn look_at_clock(&mut self) -> Option<Ended> {
        let now = Instant::now();
        if let Some(until) = self.leaving {
            if until <= now {
                return Some(Ended::Broken);
            }
            self.sleep.as_mut().reset(until.into());
            return None;
        }
        let (ends, why) = self.patience.ends(self.connection.standing());
        if ends <= now {
            return Some(why.into());
        }
        let mut wakes = ends;
        if let Some(pinging) = &mut self.pinging {
            let due = pinging.due(now);
            wakes = wakes.min(pinging.wakes());
            match due {
                Due::Nothing => {}
                Due::Ping => self.answer(PING),
                Due::Dead => return Some(Ended::Silent),
            }
        }
        self.sleep.as_mut().reset(wakes.into());
        None
    }

    async fn take(&mut self, framed: Framed) {
        self.patience.heard(Instant::now());
        if let Some(pinging) = &mut self.pinging {
            pinging.heard();
        }
        let counters = &self.connections.counters;
        match framed {
            Framed::Message(message) => {
                match &message {
                    Message::Request(request) => counters.request(&request.method),
                    Message::Response(response) => counters.response_in(response.status),
                }
                let forwarded = Forwarded {
                    shard: call::shard_of(&message),
                    flow: self.connection.flow,
                    message,
                };
                // Waits for room: meanwhile nothing more is read, and the peer is held up by its own
                // system.
                self.connections.parts.mailboxes.deliver(forwarded).await;
            }
            Framed::Ping => {
                counters.keep_alives.increment(1);
                self.answer(PONG);
            }
            Framed::Refused(rejected) => self.refuse(rejected),
            Framed::Broken(rejected) => {
                self.refuse(rejected);
                let until = Instant::now() + FAREWELL_MAX;
                self.leaving = Some(until);
                self.sleep.as_mut().reset(until.into());
            }
        }
    }

    fn refuse(&self, rejected: Rejected) {
        let flow = &self.connection.flow;
        tracing::debug!(from = %flow.remote, error = %rejected.error, "no acceptable SIP message");
        let counters = &self.connections.counters;
        match rejected.reply(flow) {
            Some((_, response)) => {
                counters.rejected_answered.increment(1);
                self.answer(response.to_bytes());
            }
            None => counters.rejected_silent.increment(1),
        }
    }

    fn answer(&self, message: Bytes) {
        self.connections.counters.sent(&message);
        // Where it has no room the connection ends, at the next turn.
        let _ = self.connection.outbox.push(message);
    }
}
