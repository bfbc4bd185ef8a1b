//! The INVITE client machine (RFC 3261 §17.1.1, with the Accepted state of RFC 6026 §7.2).

use super::made::{ack_for, cancel_for};
use super::step::{CancelWish, ClientStep, Failure, Tell};
use super::timers::{Due, Moment, Repeats, TimerReason};
use crate::message::Response;
use base::Time;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::mem;
use std::time::Duration;

/// State of an INVITE that we sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum InviteClient {
    /// Sent; no response yet.
    Calling {
        request: Bytes,
        /// Timers A and B.
        repeats: Repeats,
        /// RFC 3261 §9.1: CANCEL waits for the first response.
        wish: Option<CancelWish>,
    },
    /// A provisional response came. It is cancelled if Timer C passes without another.
    Proceeding { request: Bytes, ends_at: Time },
    /// CANCEL was sent: the final response must come by then.
    Cancelled { request: Bytes, ends_at: Time },
    /// A final response other than 2xx came, and is acknowledged each time it comes until Timer D.
    Completed { ack: Bytes, ends_at: Time },
    /// A 2xx came; each further one is handed on until Timer M.
    Accepted { ends_at: Time },
    /// Over.
    Terminated,
}

impl InviteClient {
    pub(super) fn start(at: Moment, request: Bytes) -> InviteClient {
        InviteClient::Calling {
            request,
            // Timer A has no upper bound but Timer B.
            repeats: at.repeats(Duration::MAX),
            wish: None,
        }
    }

    /// The request, as long as nobody has answered it.
    pub(super) fn unanswered(&self) -> Option<&Bytes> {
        match self {
            InviteClient::Calling { request, .. } => Some(request),
            _ => None,
        }
    }

    /// Begins as if it had never begun, with the request as it goes another way. A wish to cancel it stands.
    pub(super) fn begin_again(&mut self, at: Moment, request: Bytes) {
        let wished = match self {
            InviteClient::Calling { wish, .. } => wish.take(),
            _ => None,
        };
        *self = InviteClient::start(at, request);
        if let InviteClient::Calling { wish, .. } = self {
            *wish = wished;
        }
    }

    pub(super) fn receive(&mut self, at: Moment, response: &Response) -> ClientStep {
        if response.status.is_provisional() {
            return self.receive_provisional(at);
        }
        match mem::replace(self, InviteClient::Terminated) {
            InviteClient::Calling { request, .. }
            | InviteClient::Proceeding { request, .. }
            | InviteClient::Cancelled { request, .. } => {
                if response.status.is_success() {
                    *self = InviteClient::Accepted { ends_at: at.long() };
                    return ClientStep::tell(Tell::Response);
                }
                self.complete(at, &request, response)
            }
            InviteClient::Completed { ack, ends_at } => {
                let repeated = !response.status.is_success();
                let transmit = repeated.then(|| ack.clone());
                *self = InviteClient::Completed { ack, ends_at };
                ClientStep {
                    transmit,
                    ..ClientStep::default()
                }
            }
            InviteClient::Accepted { ends_at } => {
                *self = InviteClient::Accepted { ends_at };
                let another = response.status.is_success();
                ClientStep {
                    tell: another.then_some(Tell::Response),
                    ..ClientStep::default()
                }
            }
            InviteClient::Terminated => ClientStep::default(),
        }
    }

    fn receive_provisional(&mut self, at: Moment) -> ClientStep {
        let again_until = at.now + at.timers.c;
        match mem::replace(self, InviteClient::Terminated) {
            InviteClient::Calling { request, wish, .. } => {
                let ends_at = again_until;
                *self = InviteClient::Proceeding { request, ends_at };
                let cancel = wish.and_then(|wish| self.cancel(at, wish).cancel);
                ClientStep {
                    cancel,
                    ..ClientStep::tell(Tell::Response)
                }
            }
            InviteClient::Proceeding { request, .. } => {
                let ends_at = again_until;
                *self = InviteClient::Proceeding { request, ends_at };
                ClientStep::tell(Tell::Response)
            }
            InviteClient::Cancelled { request, ends_at } => {
                *self = InviteClient::Cancelled { request, ends_at };
                ClientStep::tell(Tell::Response)
            }
            over => {
                *self = over;
                ClientStep::default()
            }
        }
    }

    /// RFC 3261 §17.1.1.2: Completed lasts for Timer D, which is zero on reliable transports.
    fn complete(&mut self, at: Moment, request: &Bytes, response: &Response) -> ClientStep {
        let ack = ack_for(request, response);
        let ends_at = at.linger(at.timers.d);
        if let (Some(ack), true) = (&ack, ends_at > at.now) {
            *self = InviteClient::Completed {
                ack: ack.clone(),
                ends_at,
            };
        }
        ClientStep {
            transmit: ack,
            ..ClientStep::tell(Tell::Response)
        }
    }

    /// RFC 3261 §9.1: at once if a provisional response has come, else with the first one; never after a
    /// final one.
    pub(super) fn cancel(&mut self, at: Moment, wanted: CancelWish) -> ClientStep {
        match self {
            InviteClient::Calling { wish, .. } => {
                wish.get_or_insert(wanted);
                ClientStep::default()
            }
            InviteClient::Proceeding { request, .. } => {
                let cancel = cancel_for(request, &wanted);
                *self = InviteClient::Cancelled {
                    request: mem::take(request),
                    ends_at: at.long(),
                };
                ClientStep {
                    cancel,
                    ..ClientStep::default()
                }
            }
            _ => ClientStep::default(),
        }
    }

    pub(super) fn transport_failed(&mut self) -> ClientStep {
        match self {
            InviteClient::Calling { .. }
            | InviteClient::Proceeding { .. }
            | InviteClient::Cancelled { .. } => {
                *self = InviteClient::Terminated;
                ClientStep::tell(Tell::Failed(Failure::Transport))
            }
            // RFC 3261 §17.1.1.2: the final response has been told; an ACK lost is for its timers.
            _ => ClientStep::default(),
        }
    }

    pub(super) fn timeout(&mut self, at: Moment) -> ClientStep {
        match self {
            InviteClient::Calling {
                request, repeats, ..
            } => match repeats.step(at.now) {
                Some(Due::Again) => ClientStep {
                    transmit: Some(request.clone()),
                    ..ClientStep::default()
                },
                Some(Due::End) => self.fail(),
                None => ClientStep::default(),
            },
            // §16.8, as a proxy does: whoever still listens is told to stop.
            InviteClient::Proceeding { ends_at, .. } if *ends_at <= at.now => {
                self.cancel(at, CancelWish { reason: None })
            }
            InviteClient::Cancelled { ends_at, .. } if *ends_at <= at.now => self.fail(),
            InviteClient::Completed { ends_at, .. } | InviteClient::Accepted { ends_at }
                if *ends_at <= at.now =>
            {
                *self = InviteClient::Terminated;
                ClientStep::default()
            }
            _ => ClientStep::default(),
        }
    }

    fn fail(&mut self) -> ClientStep {
        *self = InviteClient::Terminated;
        ClientStep::tell(Tell::Failed(Failure::Timeout))
    }

    pub(super) fn deadline(&self) -> Option<(Time, TimerReason)> {
        match self {
            InviteClient::Calling { repeats, .. } => Some(match repeats.deadline() {
                (time, Due::Again) => (time, TimerReason::A),
                (time, Due::End) => (time, TimerReason::B),
            }),
            InviteClient::Proceeding { ends_at, .. } => Some((*ends_at, TimerReason::C)),
            InviteClient::Cancelled { ends_at, .. } => {
                Some((*ends_at, TimerReason::CancelUnanswered))
            }
            InviteClient::Completed { ends_at, .. } => Some((*ends_at, TimerReason::D)),
            InviteClient::Accepted { ends_at } => Some((*ends_at, TimerReason::M)),
            InviteClient::Terminated => None,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self, InviteClient::Terminated)
    }
}
