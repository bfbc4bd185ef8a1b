//! A caller at the door of a queue: what is known of him, and what that makes of his place in line.

use crate::reunion::KnownAs;
use crate::skills::Skills;
use base::{CallId, QueueId, Time};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How far a caller goes before others who came about when he did. Each step counts as if he had come one
/// `ageing` of his queue's earlier: priority is strict among those who came that close together, and
/// whoever has waited long enough comes before all who are new.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Priority(u8);

impl Priority {
    /// The highest there is: more steps than people tell apart, and few enough to write with one digit.
    pub const MAX: u8 = 9;

    /// That many steps above everybody's, at most [`Priority::MAX`].
    pub const fn new(steps: u8) -> Priority {
        Priority(if steps > Self::MAX { Self::MAX } else { steps })
    }

    /// Steps above everybody's.
    pub const fn steps(self) -> u8 {
        self.0
    }

    /// By how much whoever has it comes earlier, where a step is worth `ageing`.
    pub fn head_start(self, ageing: Duration) -> Duration {
        ageing.saturating_mul(u32::from(self.0))
    }
}

/// A caller who wants to wait in a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entrance {
    /// The caller's call.
    pub call: CallId,
    /// Which queue.
    pub queue: QueueId,
    /// His first arrival: kept through transfers and overflow.
    pub arrived: Time,
    /// How far he goes before others.
    pub priority: Priority,
    /// As whom he is known again; nobody who shows no number is.
    pub known_as: Option<KnownAs>,
    /// What he asks for of his own, beside what the queue asks for.
    pub requires: Skills,
}

impl Entrance {
    /// One of whom no more is known.
    pub fn new(call: CallId, queue: QueueId, arrived: Time) -> Entrance {
        Entrance {
            call,
            queue,
            arrived,
            priority: Priority::default(),
            known_as: None,
            requires: Skills::new(),
        }
    }
}
