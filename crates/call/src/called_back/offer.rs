//! How a queue offers its callers to be called back, as its administrator set it.

use super::Asking;
use media_core::PromptId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How the callers of one queue are offered to be called back. Whether one of them is, the callback lists say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackOffer {
    /// The key for it, at any moment of the wait.
    pub key: char,
    /// "To be called back, press two": said in the wait while the offer holds.
    pub announcement: Option<PromptId>,
    /// What those hear and are asked who press it.
    pub asking: Asking,
    /// Recordings of windows' names; those of others are said by the clock.
    pub windows: BTreeMap<Arc<str>, PromptId>,
    /// Who is offered it besides those who wait.
    pub besides: BTreeSet<Besides>,
}

/// Callers who don't wait, and are offered to be called back all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Besides {
    /// Those who find the queue closed.
    Closed,
    /// Those whom the queue does not take in, or keeps no longer.
    Overflowing,
}
