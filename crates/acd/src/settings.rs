//! What an administrator set, in the shape the engine works with.

use base::{QueueId, UserId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// All queues and agents. A new value replaces the old; the engine works out the difference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Every queue of every organisation.
    pub queues: BTreeMap<QueueId, QueueSettings>,
    /// Every agent of every organisation.
    pub agents: BTreeMap<UserId, AgentSettings>,
}

/// One queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueSettings {
    /// Who may log in to it.
    pub members: BTreeSet<UserId>,
    /// In which order free agents are offered a call.
    pub policy: Policy,
    /// How long an agent's device rings before the next agent is tried.
    pub ring: Duration,
    /// Time after a call before the agent is free again.
    pub wrap_up: Duration,
    /// By how much earlier one step of a caller's priority lets him count as having come.
    pub ageing: Duration,
    /// How many may wait; a caller beyond it is refused.
    pub waiting_max: u32,
    /// How long an agent is left in peace after an offer that came to nothing.
    pub deferral: Deferral,
}

/// How long an agent is passed over after an offer that came to nothing, so that the same device is not
/// rung over and over when nobody else is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deferral {
    /// After no answer in time.
    pub no_answer: Duration,
    /// After the agent declined.
    pub declined: Duration,
    /// After the device said busy.
    pub busy: Duration,
    /// After the device or the network failed.
    pub error: Duration,
}

/// Order in which a queue offers calls to its free agents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Policy {
    /// Whoever has been idle longest.
    #[default]
    LongestIdle,
}

/// One agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentSettings {
    /// Queues he is logged in to when the server first sees him.
    pub logged_in_at_start: BTreeSet<QueueId>,
}
