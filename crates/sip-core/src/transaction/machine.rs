//! One transaction of either side: its machine, and what the layer must know to act in its name.

use super::client::Client;
use super::invite_client::InviteClient;
use super::invite_server::InviteServer;
use super::matching::{ClientMatch, ServerMatch};
use super::server::Server;
use super::step::{CancelWish, ClientStep, ServerStep};
use super::timers::{Moment, TimerReason};
use crate::message::Response;
use crate::method::Method;
use crate::status::StatusCode;
use crate::transport::Flow;
use base::Time;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// A request that we sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ClientTransaction<U> {
    /// Who sent it; nobody for the layer's own CANCEL.
    pub(super) user: Option<U>,
    pub(super) flow: Flow,
    /// The way by UDP that a request too big for it has still left.
    pub(super) instead_of: Option<Flow>,
    pub(super) matched_by: ClientMatch,
    pub(super) machine: ClientMachine,
    /// The deadline that stands in the layer's order of deadlines.
    pub(super) armed: Option<Time>,
}

/// A request that we received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ServerTransaction {
    /// Where its responses go (RFC 3261 §18.2.2).
    pub(super) flow: Flow,
    pub(super) matched_by: ServerMatch,
    pub(super) machine: ServerMachine,
    /// The deadline that stands in the layer's order of deadlines.
    pub(super) armed: Option<Time>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum ClientMachine {
    Invite(InviteClient),
    Other(Client),
}

/// What can happen to a client machine.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, on the stack, and most are responses"
)]
pub(super) enum ClientEvent {
    Response(Flow, Response),
    Cancel(CancelWish),
    TransportFailed,
    Timeout,
}

impl ClientMachine {
    pub(super) fn start(at: Moment, method: &Method, request: Bytes) -> ClientMachine {
        match method {
            Method::Invite => ClientMachine::Invite(InviteClient::start(at, request)),
            _ => ClientMachine::Other(Client::start(at, request)),
        }
    }

    pub(super) fn step(&mut self, at: Moment, event: &ClientEvent) -> ClientStep {
        match (self, event) {
            (ClientMachine::Invite(machine), ClientEvent::Response(_, response)) => {
                machine.receive(at, response)
            }
            (ClientMachine::Invite(machine), ClientEvent::Cancel(wish)) => {
                machine.cancel(at, wish.clone())
            }
            (ClientMachine::Invite(machine), ClientEvent::TransportFailed) => {
                machine.transport_failed()
            }
            (ClientMachine::Invite(machine), ClientEvent::Timeout) => machine.timeout(at),
            (ClientMachine::Other(machine), ClientEvent::Response(_, response)) => {
                machine.receive(at, response)
            }
            // RFC 3261 §9.1: only INVITE can be cancelled.
            (ClientMachine::Other(_), ClientEvent::Cancel(_)) => ClientStep::default(),
            (ClientMachine::Other(machine), ClientEvent::TransportFailed) => {
                machine.transport_failed()
            }
            (ClientMachine::Other(machine), ClientEvent::Timeout) => machine.timeout(at.now),
        }
    }

    pub(super) fn deadline(&self) -> Option<(Time, TimerReason)> {
        match self {
            ClientMachine::Invite(machine) => machine.deadline(),
            ClientMachine::Other(machine) => machine.deadline(),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        match self {
            ClientMachine::Invite(machine) => machine.is_over(),
            ClientMachine::Other(machine) => machine.is_over(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum ServerMachine {
    Invite(InviteServer),
    Other(Server),
}

/// What can happen to a server machine, save ACK and CANCEL, which concern INVITE only.
pub(super) enum ServerEvent<'a> {
    /// The same request again.
    Again,
    Respond(StatusCode, &'a Bytes),
    Repeat,
    Timeout,
}

impl ServerMachine {
    pub(super) fn step(&mut self, at: Moment, event: ServerEvent<'_>) -> ServerStep {
        match (self, event) {
            (ServerMachine::Invite(machine), ServerEvent::Again) => machine.receive_again(),
            (ServerMachine::Invite(machine), ServerEvent::Respond(status, bytes)) => {
                machine.respond(at, status, bytes)
            }
            (ServerMachine::Invite(machine), ServerEvent::Repeat) => machine.repeat(),
            (ServerMachine::Invite(machine), ServerEvent::Timeout) => machine.timeout(at.now),
            (ServerMachine::Other(machine), ServerEvent::Again) => machine.receive_again(),
            (ServerMachine::Other(machine), ServerEvent::Respond(status, bytes)) => {
                machine.respond(at, status, bytes)
            }
            // Only a 2xx to INVITE is repeated without being asked for.
            (ServerMachine::Other(_), ServerEvent::Repeat) => ServerStep::default(),
            (ServerMachine::Other(machine), ServerEvent::Timeout) => machine.timeout(at.now),
        }
    }

    pub(super) fn deadline(&self) -> Option<(Time, TimerReason)> {
        match self {
            ServerMachine::Invite(machine) => machine.deadline(),
            ServerMachine::Other(machine) => machine.deadline(),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        match self {
            ServerMachine::Invite(machine) => machine.is_over(),
            ServerMachine::Other(machine) => machine.is_over(),
        }
    }
}
