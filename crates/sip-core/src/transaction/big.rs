//! Requests that are too big for a datagram (RFC 3261 §18.1.1): they go over a connection, and by UDP after all where
//! the peer takes none. That is remembered, so that nobody waits for the same discovery twice.

use super::client::Client;
use super::machine::ClientMachine;
use super::matching::Branch;
use super::timers::Moment;
use super::{ClientKey, Output, Transactions};
use crate::frame::parse_saved;
use crate::header_name::HeaderName;
use crate::header_value::HeaderValue;
use crate::message::{Message, Request};
use crate::transport::{Flow, Listener, Transport};
use base::Time;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

/// RFC 3261 §18.1.1, where the path's MTU is not known: a datagram beyond it may be cut into pieces, of which address
/// translators lose all but the first.
pub const DATAGRAM_BYTES_MAX: usize = 1_300;

/// Peers remembered that take no connection: the phones of a shard. Beyond it the one that is soonest tried again goes.
const WITHOUT_MAX: usize = 1_024;

/// How long: a phone gets another setting now and then.
const WITHOUT_FOR: Duration = Duration::from_secs(600);

/// Who can be reached over a connection instead of by UDP.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Streams {
    /// Where we are connected to by TCP: without, the peer could not come back.
    ours: Vec<SocketAddr>,
    /// Who takes no connection, and until when that is believed.
    without: BTreeMap<SocketAddr, Time>,
}

impl Streams {
    /// The connection that a big request goes over.
    fn instead_of(&self, now: Time, flow: &Flow) -> Option<Flow> {
        let believed = self.without.get(&flow.remote);
        let takes_none = believed.is_some_and(|until| *until > now);
        if flow.transport != Transport::Udp || takes_none {
            return None;
        }
        let ip = flow.local.ip();
        let serves = |ours: &&SocketAddr| {
            ours.ip() == ip || ours.ip().is_unspecified() && ours.is_ipv4() == ip.is_ipv4()
        };
        let port = self.ours.iter().find(serves)?.port();
        Some(Flow {
            transport: Transport::Tcp,
            local: SocketAddr::new(ip, port),
            ..*flow
        })
    }

    fn takes_none(&mut self, now: Time, peer: SocketAddr) {
        self.without.retain(|_, until| *until > now);
        self.without.insert(peer, now + WITHOUT_FOR);
        if self.without.len() > WITHOUT_MAX {
            let soonest = self.without.iter().min_by_key(|(_, until)| **until);
            if let Some(peer) = soonest.map(|(peer, _)| *peer) {
                self.without.remove(&peer);
            }
        }
    }
}

/// Whether a transaction whose connection failed goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FellBack {
    ToUdp,
    Nowhere,
}

impl<U> Transactions<U> {
    /// Where we are listened to from now on.
    pub fn set_listeners(&mut self, listeners: &[Listener]) {
        let by_tcp = listeners.iter().filter(|it| it.transport == Transport::Tcp);
        self.streams.ours = by_tcp.map(|it| it.address).collect();
    }

    /// Nobody can connect to that peer: it sits behind an address translator.
    pub fn takes_no_connection(&mut self, now: Time, peer: SocketAddr) {
        self.streams.takes_none(now, peer);
    }
}

impl<U: Clone> Transactions<U> {
    /// A complete request of that size, and its way: what has no room in a datagram is written for a connection.
    pub(super) fn fitted(
        &self,
        now: Time,
        flow: Flow,
        request: &mut Request,
        random: u64,
    ) -> (Flow, Bytes) {
        let bytes = request.to_bytes();
        if bytes.len() <= DATAGRAM_BYTES_MAX {
            return (flow, bytes);
        }
        let Some(stream) = self.streams.instead_of(now, &flow) else {
            return (flow, bytes);
        };
        // §18.1.1: the Via names the transport that is really used.
        let via = self.own_via(&stream, random);
        request
            .headers
            .replace_first_value(&HeaderName::Via, HeaderValue::of(via));
        (stream, request.to_bytes())
    }

    /// §18.1.1: where the connection came to nothing before anything was heard, it is UDP after all, in the same
    /// transaction.
    pub(super) fn fall_back(
        &mut self,
        now: Time,
        key: ClientKey,
        out: &mut Vec<Output<U>>,
    ) -> FellBack {
        let Some(transaction) = self.clients.at(key.0) else {
            return FellBack::Nowhere;
        };
        let (Some(udp), Some(kept)) = (transaction.instead_of, transaction.machine.unanswered())
        else {
            return FellBack::Nowhere;
        };
        let Ok(Message::Request(mut request)) = parse_saved(kept.clone()) else {
            return FellBack::Nowhere;
        };
        let via = self.own_via(&udp, transaction.matched_by.random);
        request
            .headers
            .replace_first_value(&HeaderName::Via, HeaderValue::of(via));
        let bytes = request.to_bytes();
        self.streams.takes_none(now, udp.remote);
        let at = self.moment(now, &udp);
        if let Some(transaction) = self.clients.at_mut(key.0) {
            transaction.instead_of = None;
            transaction.flow = udp;
            transaction.machine.begin_again(at, bytes.clone());
        }
        self.settle_client(key);
        out.push(Output::Transmit { flow: udp, bytes });
        FellBack::ToUdp
    }

    /// Our Via for a request that goes that way. RFC 3581 §3: an empty `rport` asks to be answered where it comes from.
    pub(super) fn own_via(&self, flow: &Flow, random: u64) -> impl fmt::Display + use<U> {
        let (host, port) = self.addresses.shown(flow);
        let transport = flow.transport.via_token();
        let branch = Branch(self.shard, random);
        fmt::from_fn(move |f| write!(f, "SIP/2.0/{transport} {host}:{port};branch={branch};rport"))
    }
}

impl ClientMachine {
    /// The request, as long as nobody has answered it.
    fn unanswered(&self) -> Option<&Bytes> {
        match self {
            ClientMachine::Invite(machine) => machine.unanswered(),
            ClientMachine::Other(machine) => machine.unanswered(),
        }
    }

    /// Begins as if it had never begun, with the request as it goes another way.
    fn begin_again(&mut self, at: Moment, request: Bytes) {
        match self {
            ClientMachine::Invite(machine) => machine.begin_again(at, request),
            ClientMachine::Other(machine) => *machine = Client::start(at, request),
        }
    }
}
