//! What one step of a machine wants done. The layer gives it to the world in the transaction's name.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Why a request got no final response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// Nobody answered in time (Timer B or F, or 64*T1 after CANCEL); to be treated as 408
    /// (RFC 3261 §8.1.3.1).
    Timeout,
    /// The transport could not deliver it; to be treated as 503.
    Transport,
}

/// That an INVITE is to be cancelled, and what its Reason header is to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CancelWish {
    pub(super) reason: Option<Box<str>>,
}

/// What the transaction user is told by a client machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tell {
    /// The response just received.
    Response,
    /// There will be none.
    Failed(Failure),
}

/// Of a client machine.
#[derive(Debug, Default)]
pub(super) struct ClientStep {
    pub(super) transmit: Option<Bytes>,
    /// A CANCEL, for a transaction of its own.
    pub(super) cancel: Option<Bytes>,
    pub(super) tell: Option<Tell>,
}

impl ClientStep {
    pub(super) fn tell(tell: Tell) -> ClientStep {
        ClientStep {
            tell: Some(tell),
            ..ClientStep::default()
        }
    }
}

/// Whether the transaction user hears that no ACK came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Acknowledged {
    #[default]
    NothingToSay,
    Never,
}

/// Of a server machine.
#[derive(Debug, Default)]
pub(super) struct ServerStep {
    pub(super) transmit: Option<Bytes>,
    pub(super) acknowledged: Acknowledged,
}

impl ServerStep {
    pub(super) fn transmit(bytes: Bytes) -> ServerStep {
        ServerStep {
            transmit: Some(bytes),
            ..ServerStep::default()
        }
    }

    pub(super) fn unacknowledged() -> ServerStep {
        ServerStep {
            acknowledged: Acknowledged::Never,
            ..ServerStep::default()
        }
    }
}

/// Whom an ACK is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AckFor {
    /// It ends the repeats of a final response, or is a repeat itself.
    Machine,
    /// It acknowledges a 2xx.
    User,
}

/// What a CANCEL did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CancelEffect {
    /// The transaction user is to be told.
    Told,
    /// It came after a final response, or again.
    Nothing,
}
