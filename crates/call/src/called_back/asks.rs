//! How far a caller is on his way to being called back.

use super::Dialogue;
use base::QueueId;
use serde::{Deserialize, Serialize};

/// A caller of a queue who may be offered to be called back, or has asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AsksBack {
    /// Which queue's list it is about.
    pub(crate) queue: QueueId,
    pub(crate) stage: Stage,
}

/// How far he is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// How long he may expect to wait is asked for, since that decides whether he is offered it.
    AsksWait(Wanted),
    /// Whether he is offered it is asked for.
    AsksOffer(Wanted),
    /// He who does not wait has been told of it, and may press the key.
    Told,
    /// He has asked for it.
    Talks(Box<Dialogue>),
}

/// What the answer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Wanted {
    /// To tell him of it.
    ToTell,
    /// To begin: he has pressed the key.
    ToBegin,
}
