//! The non-INVITE server machine (RFC 3261 §17.2.2).

use super::step::ServerStep;
use super::timers::{Moment, TimerReason};
use crate::status::StatusCode;
use base::Time;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// State of a request other than INVITE and ACK that we received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Server {
    /// No response yet.
    Trying { ends_at: Time },
    /// A provisional response was sent.
    Proceeding { last: Bytes, ends_at: Time },
    /// The final response was sent, and is again for each repeat of the request until Timer J.
    Completed { last: Bytes, ends_at: Time },
    /// Over.
    Terminated,
}

impl Server {
    pub(super) fn start(at: Moment) -> Server {
        Server::Trying { ends_at: at.long() }
    }

    pub(super) fn respond(&mut self, at: Moment, status: StatusCode, bytes: &Bytes) -> ServerStep {
        let (Server::Trying { ends_at } | Server::Proceeding { ends_at, .. }) = *self else {
            return ServerStep::default();
        };
        let last = bytes.clone();
        *self = if status.is_provisional() {
            Server::Proceeding { last, ends_at }
        } else {
            let ends_at = at.linger(at.timers.long());
            if ends_at > at.now {
                Server::Completed { last, ends_at }
            } else {
                Server::Terminated
            }
        };
        ServerStep::transmit(bytes.clone())
    }

    /// The request came again.
    pub(super) fn receive_again(&self) -> ServerStep {
        match self {
            Server::Proceeding { last, .. } | Server::Completed { last, .. } => {
                ServerStep::transmit(last.clone())
            }
            Server::Trying { .. } | Server::Terminated => ServerStep::default(),
        }
    }

    pub(super) fn timeout(&mut self, now: Time) -> ServerStep {
        if self.deadline().is_some_and(|(time, _)| time <= now) {
            *self = Server::Terminated;
        }
        ServerStep::default()
    }

    pub(super) fn deadline(&self) -> Option<(Time, TimerReason)> {
        match self {
            Server::Trying { ends_at } | Server::Proceeding { ends_at, .. } => {
                Some((*ends_at, TimerReason::Unanswered))
            }
            Server::Completed { ends_at, .. } => Some((*ends_at, TimerReason::J)),
            Server::Terminated => None,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self, Server::Terminated)
    }
}
