//! The layer's state, and how a transaction's deadline and end are kept in step with it.

use super::big::Streams;
use super::machine::{
    ClientEvent, ClientTransaction, ServerEvent, ServerMachine, ServerTransaction,
};
use super::matching::{ClientMatch, Matching, ServerMatch, branch_parts};
use super::step::{Acknowledged, ServerStep, Tell};
use super::table::Table;
use super::timers::{Moment, Reliability, TimerReason, Timers};
use super::{ClientKey, Input, Output, ServerKey};
use crate::addresses::Addresses;
use crate::header_name::HeaderName;
use crate::message::{Message, Response};
use crate::method::Method;
use crate::transport::Flow;
use base::{Core, ShardId, Time};
use bytes::Bytes;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Most transactions of one shard before it refuses new requests with 503: a shard at its share of the
/// goal of 3,000 calls a second, each leaving some six transactions for 32 s, holds about 9,000.
pub const TRANSACTIONS_MAX: usize = 16_384;

/// How many more may be begun by requests within a dialog: what ends a call is let in when new calls are
/// not.
pub(super) const IN_DIALOG_RESERVE: usize = TRANSACTIONS_MAX / 4;

/// What the layer did without telling anybody, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Requests that came again and were answered, or absorbed, here.
    pub repeated_requests: u64,
    /// Requests and final responses that were sent again because a timer said so.
    pub retransmissions: u64,
    /// Responses that belong to no request of ours.
    pub stray_responses: u64,
    /// CANCELs that belong to no INVITE, answered 481.
    pub stray_cancels: u64,
    /// Requests refused with 503 because of [`TRANSACTIONS_MAX`].
    pub refused: u64,
    /// Requests that lack what every request has, dropped.
    pub unreadable: u64,
}

/// Every transaction of one signalling shard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transactions<U> {
    pub(super) shard: ShardId,
    pub(super) timers: Timers,
    pub(super) random: ChaCha8Rng,
    pub(super) matching: Matching,
    pub(super) addresses: Addresses,
    pub(super) streams: Streams,
    pub(super) banner: Option<Box<str>>,
    pub(super) clients: Table<ClientTransaction<U>>,
    pub(super) servers: Table<ServerTransaction>,
    pub(super) client_of: BTreeMap<ClientMatch, ClientKey>,
    pub(super) server_of: BTreeMap<ServerMatch, ServerKey>,
    pub(super) deadlines: BTreeSet<(Time, Owner)>,
    pub(super) counters: Counters,
}

/// Whose deadline it is. Each transaction has its earliest one in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Owner {
    Client(ClientKey),
    Server(ServerKey),
}

impl<U> Transactions<U> {
    /// None yet. `seed` must be random and secret: branches come of it, and who can guess them can answer
    /// our requests.
    pub fn new(shard: ShardId, seed: [u8; 32]) -> Transactions<U> {
        Transactions::with_timers(shard, seed, Timers::default())
    }

    /// The same with other timers than the RFC's.
    pub fn with_timers(shard: ShardId, seed: [u8; 32], timers: Timers) -> Transactions<U> {
        let mut random = ChaCha8Rng::from_seed(seed);
        Transactions {
            shard,
            timers,
            matching: Matching::new(&mut random),
            random,
            addresses: Addresses::default(),
            streams: Streams::default(),
            banner: None,
            clients: Table::new(),
            servers: Table::new(),
            client_of: BTreeMap::new(),
            server_of: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            counters: Counters::default(),
        }
    }

    /// A new seed, for a state that was saved and is loaded by another process: it must not give a branch
    /// that was given after the save once more.
    pub fn reseed(&mut self, seed: [u8; 32]) {
        self.random = ChaCha8Rng::from_seed(seed);
    }

    /// What the Via of our requests names from now on.
    pub fn set_addresses(&mut self, addresses: Addresses) {
        self.addresses = addresses;
    }

    /// What our messages say of who made them, in User-Agent and Server (RFC 3261 §20.35, §20.41); nothing if `None`.
    pub fn set_banner(&mut self, banner: Option<Box<str>>) {
        self.banner = banner;
    }

    /// A response of ours as it goes out: it says what we are where that is wanted.
    pub(super) fn written(&self, mut response: Response) -> Bytes {
        if let Some(banner) = &self.banner {
            response.headers.push(HeaderName::Server, &**banner);
        }
        response.to_bytes()
    }

    /// How many transactions there are, of both sides.
    pub fn len(&self) -> usize {
        self.clients.len() + self.servers.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What has been done in silence so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Whether a message belongs to a transaction that exists: it needs no admission. An ACK to a 2xx has
    /// none.
    pub fn knows(&self, message: &Message) -> bool {
        match message {
            Message::Response(response) => ClientMatch::of(response, self.shard)
                .is_some_and(|matched| self.client_of.contains_key(&matched)),
            Message::Request(request) => {
                let matches = |found: Option<ServerMatch>| {
                    found.is_some_and(|matched| self.server_of.contains_key(&matched))
                };
                matches(self.matching.of(request))
                    || request.method == Method::Cancel
                        && matches(self.matching.cancelled_by(request))
            }
        }
    }

    /// The shard whose request carried this branch, if it is one of ours: where a response belongs.
    pub fn shard_of_branch(branch: &str) -> Option<ShardId> {
        branch_parts(branch).map(|(shard, _)| shard)
    }

    pub(super) fn moment(&self, now: Time, flow: &Flow) -> Moment {
        let reliability = match flow.transport.is_reliable() {
            true => Reliability::Reliable,
            false => Reliability::Unreliable,
        };
        Moment {
            now,
            timers: self.timers,
            reliability,
        }
    }

    /// Puts a client transaction's deadline in order, or the transaction away if it is over.
    pub(super) fn settle_client(&mut self, key: ClientKey) {
        let Some(transaction) = self.clients.at_mut(key.0) else {
            return;
        };
        let wanted = transaction.machine.deadline().map(|(time, _)| time);
        let armed = std::mem::replace(&mut transaction.armed, wanted);
        let is_over = transaction.machine.is_over();
        self.arm(Owner::Client(key), armed, wanted);
        if is_over && let Some(gone) = self.clients.remove(key.0) {
            self.client_of.remove(&gone.matched_by);
        }
    }

    /// The same for a server transaction.
    pub(super) fn settle_server(&mut self, key: ServerKey) {
        let Some(transaction) = self.servers.at_mut(key.0) else {
            return;
        };
        let wanted = transaction.machine.deadline().map(|(time, _)| time);
        let armed = std::mem::replace(&mut transaction.armed, wanted);
        let is_over = transaction.machine.is_over();
        self.arm(Owner::Server(key), armed, wanted);
        if is_over && let Some(gone) = self.servers.remove(key.0) {
            self.server_of.remove(&gone.matched_by);
        }
    }

    fn arm(&mut self, owner: Owner, armed: Option<Time>, wanted: Option<Time>) {
        if armed == wanted {
            return;
        }
        if let Some(time) = armed {
            self.deadlines.remove(&(time, owner));
        }
        if let Some(time) = wanted {
            self.deadlines.insert((time, owner));
        }
    }
}

impl<U: Clone> Transactions<U> {
    /// One thing happens to a client transaction; what comes of it goes out in its name.
    pub(super) fn step_client(
        &mut self,
        now: Time,
        key: ClientKey,
        event: ClientEvent,
        out: &mut Vec<Output<U>>,
    ) {
        let Some(transaction) = self.clients.at(key.0) else {
            return;
        };
        let at = self.moment(now, &transaction.flow);
        let transaction = self
            .clients
            .at_mut(key.0)
            .expect("it was there a moment ago");
        let step = transaction.machine.step(at, &event);
        let flow = transaction.flow;
        if let Some(bytes) = step.transmit {
            if matches!(event, ClientEvent::Timeout) {
                self.counters.retransmissions += 1;
            }
            out.push(Output::Transmit { flow, bytes });
        }
        let told = transaction.user.clone().zip(step.tell);
        let random = transaction.matched_by.random;
        self.settle_client(key);
        match (told, event) {
            (Some((user, Tell::Response)), ClientEvent::Response(flow, response)) => {
                out.push(Output::Response {
                    user,
                    key,
                    flow,
                    response,
                });
            }
            (Some((user, Tell::Failed(failure))), _) => {
                out.push(Output::Failed { user, key, failure });
            }
            _ => {}
        }
        if let Some(bytes) = step.cancel {
            let matched_by = ClientMatch {
                random,
                method: Method::Cancel,
            };
            self.start_client(now, None, (flow, None), matched_by, bytes, out);
        }
    }

    /// One thing happens to a server transaction.
    pub(super) fn step_server(
        &mut self,
        now: Time,
        key: ServerKey,
        event: ServerEvent<'_>,
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
        let is_timer = matches!(event, ServerEvent::Timeout);
        let ServerStep {
            transmit,
            acknowledged,
        } = transaction.machine.step(at, event);
        if let Some(bytes) = transmit {
            self.counters.retransmissions += u64::from(is_timer);
            let flow = transaction.flow;
            out.push(Output::Transmit { flow, bytes });
        }
        self.settle_server(key);
        if acknowledged == Acknowledged::Never {
            out.push(Output::Unacknowledged { key });
        }
    }

    pub(super) fn insert_client(&mut self, transaction: ClientTransaction<U>) -> ClientKey {
        let matched_by = transaction.matched_by.clone();
        let key = ClientKey(self.clients.insert(transaction));
        self.client_of.insert(matched_by, key);
        self.settle_client(key);
        key
    }

    pub(super) fn insert_server(
        &mut self,
        matched_by: ServerMatch,
        flow: Flow,
        machine: ServerMachine,
    ) -> ServerKey {
        let key = ServerKey(self.servers.insert(ServerTransaction {
            flow,
            matched_by,
            machine,
            armed: None,
        }));
        self.server_of.insert(matched_by, key);
        self.settle_server(key);
        key
    }
}

impl<U: Clone> Core for Transactions<U> {
    type Input = Input<U>;
    type Output = Vec<Output<U>>;
    type Reason = TimerReason;

    fn handle(&mut self, now: Time, input: Input<U>, out: &mut Vec<Output<U>>) {
        match input {
            Input::Received { flow, message } => match message {
                Message::Request(request) => self.receive_request(now, flow, request, out),
                Message::Response(response) => self.receive_response(now, flow, response, out),
            },
            Input::Send {
                user,
                flow,
                request,
            } => self.send(now, user, flow, request, out),
            Input::SendAck { flow, request } => self.send_ack(now, flow, request, out),
            Input::Respond { key, response } => {
                let status = response.status;
                let bytes = self.written(response);
                let event = ServerEvent::Respond(status, &bytes);
                self.step_server(now, key, event, out);
            }
            Input::Repeat { key } => self.step_server(now, key, ServerEvent::Repeat, out),
            Input::Cancel { key } => self.cancel(now, key, None, out),
            Input::CancelFor { key, reason } => self.cancel(now, key, Some(reason), out),
            Input::TransportFailed { flow } => self.fail_flow(now, &flow, out),
        }
    }

    fn poll_timeout(&self) -> Option<(Time, TimerReason)> {
        let (_, owner) = self.deadlines.first()?;
        match owner {
            Owner::Client(ClientKey(place)) => self.clients.at(*place)?.machine.deadline(),
            Owner::Server(ServerKey(place)) => self.servers.at(*place)?.machine.deadline(),
        }
    }

    fn handle_timeout(&mut self, now: Time, out: &mut Vec<Output<U>>) {
        // Each round puts one transaction's deadline behind `now` or ends it, so this ends.
        while let Some(&(time, owner)) = self.deadlines.first()
            && time <= now
        {
            match owner {
                Owner::Client(key) => self.step_client(now, key, ClientEvent::Timeout, out),
                Owner::Server(key) => self.step_server(now, key, ServerEvent::Timeout, out),
            }
        }
    }
}
