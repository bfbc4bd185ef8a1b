//! SIP over connections. Each has a task of its own that reads, writes and keeps time; the shards' tasks see
//! a table of them, put messages in and never wait. What a connection brings goes the same way as datagrams;
//! when one ends, the shards that had sent requests over it are told.

mod carrier;
mod certificate;
mod door;
mod listener;
mod opening;
mod outbox;
mod patience;
mod pinging;
mod tls;
mod validity;
mod websocket;
mod wire;

pub use certificate::{Certificate, TlsError};
pub use door::ConnectionLimits;
pub(crate) use listener::bind;
pub use tls::{Tls, TlsFiles, TlsIdentity};
pub use validity::CertificateStanding;

use crate::mailbox::{Mailboxes, ShardInput, ToAcd};
use crate::measure::Counters;
use crate::registrations::Registrations;
use base::ShardId;
use bytes::Bytes;
use carrier::Ended;
use dashmap::DashMap;
use door::{Door, Ticket};
use metrics::{counter, gauge};
use opening::To;
use outbox::Outbox;
use patience::Standing;
use pinging::PING_EVERY;
use rustls::pki_types::ServerName;
use sip_core::{
    Flow, Host, Limits, Message, StatusCode, Transport, parse_datagram, reopened_reply_flow,
};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// Addresses of trunks that are remembered, and those whose name is: those that a large configuration has. Beyond it the
/// name in the message counts, and a connection for the share of its host.
const EXPECTED_MAX: usize = 4_096;

/// A message that could not be handed to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Undelivered;

/// All connections of the process.
pub(crate) struct Connections {
    live: DashMap<u64, Arc<Connection>, ahash::RandomState>,
    /// The newest connection to each peer. A hint: what it names may be gone, which is as if it named none.
    to_peer: DashMap<(Transport, SocketAddr), u64, ahash::RandomState>,
    next_id: AtomicU64,
    door: Arc<Door>,
    /// Whose certificate is to be shown at an address, where not the message but the configuration says so.
    expected: DashMap<SocketAddr, ServerName<'static>, ahash::RandomState>,
    /// Where trunks' servers are.
    trunks: DashMap<(Transport, SocketAddr), (), ahash::RandomState>,
    /// Where is listened, and for which transports: by others none is opened, since the peer could not come back.
    listeners: Vec<(Transport, SocketAddr)>,
    /// How often a peer that we connected to is pinged.
    ping_every: Duration,
    parts: StreamParts,
    counters: Counters,
}

/// Whom connections have something for.
pub(crate) struct StreamParts {
    pub(crate) mailboxes: Mailboxes,
    /// Who is reached by which connection.
    pub(crate) registrations: Arc<Registrations>,
    /// The queue engine's task.
    pub(crate) acd: mpsc::Sender<ToAcd>,
    /// What TLS is done with.
    pub(crate) tls: Tls,
}

/// One connection, as others see it.
#[derive(Debug)]
pub(crate) struct Connection {
    flow: Flow,
    outbox: Outbox,
    /// A bit for each shard that sent a request over it: it is told when the connection ends.
    asked_by: AtomicU64,
    known: AtomicBool,
}

const _: () = assert!(ShardId::COUNT as u32 <= u64::BITS, "a bit for each shard");

impl Connection {
    fn standing(&self) -> Standing {
        if self.known.load(Ordering::Relaxed) {
            Standing::Known
        } else {
            Standing::Unproven
        }
    }
}

impl Connections {
    /// Starts taking connections, on the current runtime.
    pub(crate) fn start(
        listeners: Vec<(Transport, std::net::TcpListener)>,
        limits: ConnectionLimits,
        parts: StreamParts,
    ) -> io::Result<Arc<Connections>> {
        Connections::start_pinging(listeners, limits, parts, PING_EVERY)
    }

    /// The same, with other keep-alives of ours.
    fn start_pinging(
        listeners: Vec<(Transport, std::net::TcpListener)>,
        limits: ConnectionLimits,
        parts: StreamParts,
        ping_every: Duration,
    ) -> io::Result<Arc<Connections>> {
        let connections = Arc::new(Connections {
            live: DashMap::default(),
            to_peer: DashMap::default(),
            // 0 is no connection.
            next_id: AtomicU64::new(1),
            expected: DashMap::default(),
            trunks: DashMap::default(),
            door: Door::new(limits),
            listeners: listeners
                .iter()
                .map(|(transport, socket)| Ok((*transport, socket.local_addr()?)))
                .collect::<io::Result<_>>()?,
            ping_every,
            parts,
            counters: Counters::new(),
        });
        for (transport, socket) in listeners {
            let socket = TcpListener::from_std(socket)?;
            let accept = listener::accept(connections.clone(), transport, socket);
            tokio::spawn(accept);
        }
        Ok(connections)
    }

    /// Sends over the flow's connection; where it names none, over any to that peer, opened if need be.
    /// `asker` is the shard whose request it is, if it is one.
    pub(crate) fn send(
        self: &Arc<Self>,
        asker: Option<ShardId>,
        flow: &Flow,
        message: Bytes,
    ) -> Result<(), Undelivered> {
        let connection = match flow.connection {
            0 => self.to_peer(flow).or_else(|| self.open(flow, &message)),
            id => self.find(id),
        };
        let connection = connection.ok_or(Undelivered)?;
        if let Some(shard) = asker {
            // Before the message, so that a connection that ends with it in its outbox tells the shard.
            let bit = 1 << shard.0;
            connection.asked_by.fetch_or(bit, Ordering::Relaxed);
        }
        connection.outbox.push(message).map_err(|_| Undelivered)
    }

    /// Sends a response whose request's connection has ended over a new one (RFC 3261 §18.2.2). That is its sender's:
    /// it counts for his share, and has to be proved as one that he opened. What waited in the old one is lost with it.
    pub(crate) fn answer_anew(
        self: &Arc<Self>,
        ended: &Flow,
        response: Bytes,
    ) -> Result<(), Undelivered> {
        if self.is_live(ended.connection) {
            // It takes no more, since it is about to be closed for what he did.
            return Err(Undelivered);
        }
        let flow = match parse_datagram(response.clone(), &Limits::default()) {
            Ok(Message::Response(it)) if it.status != StatusCode::TRYING => {
                reopened_reply_flow(&it.headers, ended).ok_or(Undelivered)?
            }
            _ => return Err(Undelivered),
        };
        let connection = self.to_peer(&flow).or_else(|| {
            let ticket = self.door.enter(flow.remote.ip()).ok()?;
            self.open_by(ticket, Standing::Unproven, &flow, &response)
        });
        let connection = connection.ok_or(Undelivered)?;
        connection.outbox.push(response).map_err(|_| Undelivered)
    }

    /// From now on whoever is connected to at that address has to show this host's certificate. It is the next hop
    /// that was looked up (RFC 5922 §7.1), where messages name only the domain that it serves.
    pub(crate) fn expect(&self, address: SocketAddr, host: &Host) {
        let has_room = self.expected.len() < EXPECTED_MAX || self.expected.contains_key(&address);
        if has_room && let Ok(name) = ServerName::try_from(host.to_string()) {
            self.expected.insert(address, name);
        }
    }

    /// A trunk's server is there: a connection of ours to it counts for nobody's share.
    pub(crate) fn know_trunk(&self, transport: Transport, address: SocketAddr) {
        let trunk = (transport, address);
        if self.trunks.len() < EXPECTED_MAX {
            self.trunks.insert(trunk, ());
        }
    }

    /// Somebody proved who he is by a request that came over this connection.
    pub(crate) fn make_known(&self, id: u64) {
        if let Some(connection) = self.find(id) {
            connection.known.store(true, Ordering::Relaxed);
        }
    }

    /// What came over this connection is not let in. Somebody known goes on; anybody else's ends once what waits
    /// for him has been sent.
    pub(crate) fn turn_away(&self, id: u64) {
        if let Some(connection) = self.find(id)
            && connection.standing() == Standing::Unproven
        {
            connection.outbox.finish();
        }
    }

    /// Whether that connection has not ended.
    pub(crate) fn is_live(&self, id: u64) -> bool {
        self.live.contains_key(&id)
    }

    fn find(&self, id: u64) -> Option<Arc<Connection>> {
        self.live.get(&id).map(|entry| entry.clone())
    }

    fn to_peer(&self, flow: &Flow) -> Option<Arc<Connection>> {
        let id = *self.to_peer.get(&(flow.transport, flow.remote))?;
        self.find(id)
    }

    /// A peer has connected.
    fn accepted(self: &Arc<Self>, transport: Transport, stream: TcpStream, remote: SocketAddr) {
        let ticket = match self.door.enter(remote.ip()) {
            Ok(ticket) => ticket,
            Err(full) => {
                count_refused(full.label());
                return listener::turn_away(&stream);
            }
        };
        // A peer that is gone already has no addresses.
        let Ok(local) = stream.local_addr() else {
            return;
        };
        let flow = Flow {
            transport,
            local,
            remote,
            connection: 0,
        };
        let connection = self.insert(&flow, Standing::Unproven);
        let connections = self.clone();
        tokio::spawn(async move {
            let ended = connections.carry_accepted(&connection, stream).await;
            connections.ended(&connection, ended, ticket).await;
        });
    }

    /// Opens a connection for a message, which waits in its outbox meanwhile.
    fn open(self: &Arc<Self>, flow: &Flow, message: &Bytes) -> Option<Arc<Connection>> {
        if self.is_ours(flow) {
            count_refused("to-ourselves");
            return None;
        }
        let trunk = (flow.transport, flow.remote);
        let ticket = match self.trunks.contains_key(&trunk) {
            true => self.door.leave_to_trunk(flow.remote),
            false => self.door.leave(flow.remote.ip()),
        };
        let ticket = ticket
            .inspect_err(|full| count_refused(full.label()))
            .ok()?;
        self.open_by(ticket, Standing::Known, flow, message)
    }

    /// Whether it would lead to a listener of our own: whoever says that he is there has us talk with ourselves.
    fn is_ours(&self, flow: &Flow) -> bool {
        let (ip, port) = (flow.remote.ip(), flow.remote.port());
        let is_this_machine = ip.is_loopback() || ip == flow.local.ip();
        let mut listeners = self.listeners.iter().map(|(_, address)| address);
        listeners.any(|ours| {
            let everywhere = ours.ip().is_unspecified() && is_this_machine;
            ours.port() == port && (ours.ip() == ip || everywhere)
        })
    }

    fn open_by(
        self: &Arc<Self>,
        ticket: Ticket,
        standing: Standing,
        flow: &Flow,
        message: &Bytes,
    ) -> Option<Arc<Connection>> {
        let listened_for = |(transport, _): &(Transport, SocketAddr)| *transport == flow.transport;
        if !self.listeners.iter().any(listened_for) {
            return None;
        }
        let expected = self.expected.get(&flow.remote).map(|name| name.clone());
        let to = To::for_message(flow, message, expected)?;
        let connection = self.insert(flow, standing);
        let (connections, opened) = (self.clone(), connection.clone());
        tokio::spawn(async move {
            let ended = connections.carry_opened(&opened, to).await;
            connections.ended(&opened, ended, ticket).await;
        });
        Some(connection)
    }

    fn insert(&self, flow: &Flow, standing: Standing) -> Arc<Connection> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let connection = Arc::new(Connection {
            flow: Flow {
                connection: id,
                ..*flow
            },
            outbox: Outbox::default(),
            asked_by: AtomicU64::new(0),
            known: AtomicBool::new(standing == Standing::Known),
        });
        self.live.insert(id, connection.clone());
        self.to_peer.insert((flow.transport, flow.remote), id);
        gauge_of(flow.transport).increment(1.0);
        connection
    }

    /// Strikes a connection off, and tells whoever waits for an answer over it.
    async fn ended(&self, connection: &Connection, ended: Ended, ticket: Ticket) {
        let flow = connection.flow;
        connection.outbox.close();
        self.live.remove(&flow.connection);
        self.to_peer
            .remove_if(&(flow.transport, flow.remote), |_, id| {
                *id == flow.connection
            });
        drop(ticket);
        gauge_of(flow.transport).decrement(1.0);
        counter!("kolapp_sip_connections_ended_total", "cause" => ended.label()).increment(1);
        tracing::debug!(
            peer = %flow.remote, transport = flow.transport.via_token(), cause = ended.label(),
            error = ended.error().map(tracing::field::display), "connection over"
        );
        let asked_by = connection.asked_by.load(Ordering::Relaxed);
        let shards = (0..ShardId::COUNT).filter(|shard| asked_by & 1 << shard != 0);
        let mailboxes = &self.parts.mailboxes;
        // Whoever is gone has nobody waiting.
        for shard in shards.map(ShardId) {
            let task = mailboxes.task_of(shard);
            let failed = ShardInput::TransportFailed { shard, flow };
            let _ = mailboxes.inputs(task).send(failed).await;
        }
        for user in self.parts.registrations.flow_closed(flow.connection) {
            tracing::info!(%user, "registration ended with its connection");
            let _ = self.parts.acd.send(ToAcd::DeviceChanged(user)).await;
        }
    }
}

fn count_refused(cause: &'static str) {
    counter!("kolapp_sip_connections_refused_total", "cause" => cause).increment(1);
}

fn gauge_of(transport: Transport) -> metrics::Gauge {
    gauge!("kolapp_sip_connections", "transport" => transport.via_token())
}

#[cfg(test)]
mod tests;
