//! The four transaction machines of RFC 3261 §17, with RFC 6026, and the layer that owns them: it matches
//! messages to machines, sends again what may be lost, absorbs what comes again, answers CANCEL, and stops
//! floods. What a request means is the transaction user's; who hears `Output::Transmit` owns the sockets.
//!
//! The user has to keep the repeats of its 2xx until the ACK comes, also after a BYE ([`Repeats`] says
//! when, [`Input::Repeat`] does it), and to know how long an INVITE may ring.

mod big;
mod client;
mod invite_client;
mod invite_server;
mod layer;
mod machine;
mod made;
mod matching;
mod receiving;
mod sending;
mod server;
mod step;
mod table;
#[cfg(test)]
mod tests;
mod timers;

pub use big::DATAGRAM_BYTES_MAX;
pub use layer::{Counters, TRANSACTIONS_MAX, Transactions};
pub use made::stateless_tag;
pub use step::Failure;
pub use timers::{C, D, Due, Repeats, T1, T2, T4, TimerReason, Timers};

use crate::message::{Message, Request, Response};
use crate::transport::Flow;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use table::Place;

/// A server transaction: a request that we received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ServerKey(Place);

/// A client transaction: a request that we sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ClientKey(Place);

/// What can happen to the layer. `U` is the transaction user's mark of who sent a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input<U> {
    /// A message arrived. A request's topmost Via is given `received` and `rport` here.
    Received {
        /// Where it came from.
        flow: Flow,
        /// The message.
        message: Message,
    },
    /// Send a request in a new transaction. The top Via is added, and Max-Forwards if it is missing. An
    /// ACK is treated as [`Input::SendAck`].
    Send {
        /// Returned with everything that comes of it.
        user: U,
        /// Where to.
        flow: Flow,
        /// The request, without our Via.
        request: Request,
    },
    /// Send the ACK to a 2xx: with a branch of its own, and no transaction. Once for each 2xx that comes, and the same one
    /// for the same.
    SendAck {
        /// Where to.
        flow: Flow,
        /// The ACK, without our Via.
        request: Request,
    },
    /// Answer a request.
    Respond {
        /// Its transaction.
        key: ServerKey,
        /// The response.
        response: Response,
    },
    /// Send the last response to an INVITE once more: a 2xx since its ACK has not come (RFC 3261 §13.3.1.4),
    /// a provisional one so that no proxy gives the INVITE up (§13.3.1.1).
    Repeat {
        /// The INVITE's transaction.
        key: ServerKey,
    },
    /// Cancel an INVITE: at once if a provisional response has come, else with the first one; not at all
    /// after a final one (RFC 3261 §9.1). If no final response follows in 64*T1, it fails.
    Cancel {
        /// The INVITE's transaction.
        key: ClientKey,
    },
    /// [`Input::Cancel`] with a Reason header (RFC 3326), such as `SIP;cause=200;text="Call completed
    /// elsewhere"`.
    CancelFor {
        /// The INVITE's transaction.
        key: ClientKey,
        /// The header's value.
        reason: Box<str>,
    },
    /// What was sent there did not get out.
    TransportFailed {
        /// Where to.
        flow: Flow,
    },
}

/// What the layer wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output<U> {
    /// Send this.
    Transmit {
        /// Where to.
        flow: Flow,
        /// One message.
        bytes: Bytes,
    },
    /// A new request, neither ACK nor CANCEL. An INVITE has been answered 100. A request other than INVITE
    /// has to be answered within 64*T1.
    Request {
        /// To answer it with.
        key: ServerKey,
        /// Where it came from.
        flow: Flow,
        /// The request.
        request: Request,
    },
    /// An ACK to a 2xx: one that ends no other final response's repeats.
    Ack {
        /// Where it came from.
        flow: Flow,
        /// The ACK.
        request: Request,
    },
    /// An INVITE was cancelled before its final response; said once. The CANCEL has been answered; the
    /// INVITE is to be answered 487.
    Cancelled {
        /// The INVITE's transaction.
        key: ServerKey,
        /// The CANCEL's Reason header.
        reason: Option<Box<str>>,
    },
    /// A request was sent.
    Started {
        /// Who sent it.
        user: U,
        /// Its transaction.
        key: ClientKey,
    },
    /// A response: provisional or final; a 2xx to INVITE each time it comes, from each that sends one.
    Response {
        /// Who sent the request.
        user: U,
        /// Its transaction.
        key: ClientKey,
        /// Where the response came from.
        flow: Flow,
        /// The response.
        response: Response,
    },
    /// There will be no final response.
    Failed {
        /// Who sent the request.
        user: U,
        /// Its transaction, which is over.
        key: ClientKey,
        /// Why.
        failure: Failure,
    },
    /// No ACK came to our final response other than 2xx (Timer H); the transaction is over.
    Unacknowledged {
        /// The INVITE's transaction.
        key: ServerKey,
    },
}
