//! The non-INVITE client machine (RFC 3261 §17.1.2).

use super::step::{ClientStep, Failure, Tell};
use super::timers::{Due, Moment, Repeats, TimerReason};
use crate::message::Response;
use base::Time;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// State of a request other than INVITE and ACK that we sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Client {
    /// Sent; no response yet.
    Trying {
        request: Bytes,
        /// Timers E and F.
        repeats: Repeats,
    },
    /// A provisional response came; still sent again, at T2, for the final one may be lost.
    Proceeding { request: Bytes, repeats: Repeats },
    /// A final response came; further ones are absorbed until Timer K.
    Completed { ends_at: Time },
    /// Over.
    Terminated,
}

impl Client {
    pub(super) fn start(at: Moment, request: Bytes) -> Client {
        Client::Trying {
            request,
            repeats: at.repeats(at.timers.t2),
        }
    }

    /// The request, as long as nobody has answered it.
    pub(super) fn unanswered(&self) -> Option<&Bytes> {
        match self {
            Client::Trying { request, .. } => Some(request),
            _ => None,
        }
    }

    pub(super) fn receive(&mut self, at: Moment, response: &Response) -> ClientStep {
        let (Client::Trying { request, repeats } | Client::Proceeding { request, repeats }) = self
        else {
            return ClientStep::default();
        };
        if response.status.is_provisional() {
            repeats.slow_down();
            *self = Client::Proceeding {
                request: std::mem::take(request),
                repeats: *repeats,
            };
        } else {
            let ends_at = at.linger(at.timers.t4);
            *self = if ends_at > at.now {
                Client::Completed { ends_at }
            } else {
                Client::Terminated
            };
        }
        ClientStep::tell(Tell::Response)
    }

    pub(super) fn transport_failed(&mut self) -> ClientStep {
        match self {
            Client::Trying { .. } | Client::Proceeding { .. } => {
                *self = Client::Terminated;
                ClientStep::tell(Tell::Failed(Failure::Transport))
            }
            _ => ClientStep::default(),
        }
    }

    pub(super) fn timeout(&mut self, now: Time) -> ClientStep {
        match self {
            Client::Trying { request, repeats } | Client::Proceeding { request, repeats } => {
                match repeats.step(now) {
                    Some(Due::Again) => ClientStep {
                        transmit: Some(request.clone()),
                        ..ClientStep::default()
                    },
                    Some(Due::End) => {
                        *self = Client::Terminated;
                        ClientStep::tell(Tell::Failed(Failure::Timeout))
                    }
                    None => ClientStep::default(),
                }
            }
            Client::Completed { ends_at } if *ends_at <= now => {
                *self = Client::Terminated;
                ClientStep::default()
            }
            _ => ClientStep::default(),
        }
    }

    pub(super) fn deadline(&self) -> Option<(Time, TimerReason)> {
        match self {
            Client::Trying { repeats, .. } | Client::Proceeding { repeats, .. } => {
                Some(match repeats.deadline() {
                    (time, Due::Again) => (time, TimerReason::E),
                    (time, Due::End) => (time, TimerReason::F),
                })
            }
            Client::Completed { ends_at } => Some((*ends_at, TimerReason::K)),
            Client::Terminated => None,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self, Client::Terminated)
    }
}
