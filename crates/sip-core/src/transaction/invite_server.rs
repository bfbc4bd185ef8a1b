//! The INVITE server machine (RFC 3261 §17.2.1, with the Accepted state of RFC 6026 §7.1).

use super::step::{AckFor, CancelEffect, ServerStep};
use super::timers::{Due, Moment, Repeats, TimerReason};
use crate::status::StatusCode;
use base::Time;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// State of an INVITE that we received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum InviteServer {
    /// No final response yet; `last` is the latest provisional one.
    Proceeding { last: Bytes },
    /// The same, after a CANCEL: it is told once.
    Cancelled { last: Bytes },
    /// A final response other than 2xx is sent until its ACK comes.
    Completed {
        last: Bytes,
        /// Timers G and H.
        repeats: Repeats,
    },
    /// The ACK came; repeats of it are absorbed until Timer I.
    Confirmed { ends_at: Time },
    /// A 2xx was sent; the transaction user repeats it, and ACKs are handed on, until Timer L.
    Accepted { last: Bytes, ends_at: Time },
    /// Over.
    Terminated,
}

impl InviteServer {
    /// `trying` is the 100 that was sent.
    pub(super) fn start(trying: Bytes) -> InviteServer {
        InviteServer::Proceeding { last: trying }
    }

    pub(super) fn respond(&mut self, at: Moment, status: StatusCode, bytes: &Bytes) -> ServerStep {
        match self {
            InviteServer::Proceeding { last } | InviteServer::Cancelled { last }
                if status.is_provisional() =>
            {
                *last = bytes.clone();
            }
            InviteServer::Proceeding { .. } | InviteServer::Cancelled { .. } => {
                let last = bytes.clone();
                *self = if status.is_success() {
                    let ends_at = at.long();
                    InviteServer::Accepted { last, ends_at }
                } else {
                    let repeats = at.repeats(at.timers.t2);
                    InviteServer::Completed { last, repeats }
                };
            }
            InviteServer::Accepted { last, .. } if status.is_success() => {
                *last = bytes.clone();
            }
            // A response after the final one breaks §17.2.1 and is not sent.
            _ => return ServerStep::default(),
        }
        ServerStep::transmit(bytes.clone())
    }

    /// The transaction user's repeat of its 2xx (RFC 6026 §7.1) or of a provisional response.
    pub(super) fn repeat(&self) -> ServerStep {
        match self {
            InviteServer::Proceeding { last } | InviteServer::Accepted { last, .. } => {
                ServerStep::transmit(last.clone())
            }
            _ => ServerStep::default(),
        }
    }

    /// The INVITE came again.
    pub(super) fn receive_again(&self) -> ServerStep {
        match self {
            InviteServer::Proceeding { last }
            | InviteServer::Cancelled { last }
            | InviteServer::Completed { last, .. } => ServerStep::transmit(last.clone()),
            // RFC 6026 §7.1: absorbed; the 2xx is repeated by its own clock.
            _ => ServerStep::default(),
        }
    }

    pub(super) fn receive_ack(&mut self, at: Moment) -> AckFor {
        match self {
            InviteServer::Completed { .. } => {
                let ends_at = at.linger(at.timers.t4);
                *self = if ends_at > at.now {
                    InviteServer::Confirmed { ends_at }
                } else {
                    InviteServer::Terminated
                };
                AckFor::Machine
            }
            InviteServer::Accepted { .. } => AckFor::User,
            _ => AckFor::Machine,
        }
    }

    pub(super) fn receive_cancel(&mut self) -> CancelEffect {
        match self {
            InviteServer::Proceeding { last } => {
                let last = std::mem::take(last);
                *self = InviteServer::Cancelled { last };
                CancelEffect::Told
            }
            // RFC 3261 §9.2: after a final response CANCEL changes nothing.
            _ => CancelEffect::Nothing,
        }
    }

    /// The latest response, where it is still kept.
    pub(super) fn last_response(&self) -> Option<&Bytes> {
        match self {
            InviteServer::Proceeding { last }
            | InviteServer::Cancelled { last }
            | InviteServer::Completed { last, .. }
            | InviteServer::Accepted { last, .. } => Some(last),
            InviteServer::Confirmed { .. } | InviteServer::Terminated => None,
        }
    }

    pub(super) fn timeout(&mut self, now: Time) -> ServerStep {
        match self {
            InviteServer::Completed { last, repeats } => match repeats.step(now) {
                Some(Due::Again) => ServerStep::transmit(last.clone()),
                Some(Due::End) => {
                    *self = InviteServer::Terminated;
                    ServerStep::unacknowledged()
                }
                None => ServerStep::default(),
            },
            InviteServer::Confirmed { ends_at } | InviteServer::Accepted { ends_at, .. }
                if *ends_at <= now =>
            {
                *self = InviteServer::Terminated;
                ServerStep::default()
            }
            _ => ServerStep::default(),
        }
    }

    pub(super) fn deadline(&self) -> Option<(Time, TimerReason)> {
        match self {
            InviteServer::Proceeding { .. } | InviteServer::Cancelled { .. } => None,
            InviteServer::Completed { repeats, .. } => Some(match repeats.deadline() {
                (time, Due::Again) => (time, TimerReason::G),
                (time, Due::End) => (time, TimerReason::H),
            }),
            InviteServer::Confirmed { ends_at } => Some((*ends_at, TimerReason::I)),
            InviteServer::Accepted { ends_at, .. } => Some((*ends_at, TimerReason::L)),
            InviteServer::Terminated => None,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self, InviteServer::Terminated)
    }
}
