//! What the engine wants done.

use crate::estimate::Prospect;
use crate::fact::Stamped;
use crate::input::Asker;
use crate::snapshot::Standing;
use base::{CallId, CallbackId, OfferId, QueueId, UserId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Facts and the commands derived from them, in the order they came about.
#[derive(Debug, Default)]
pub struct Output {
    /// What came about: to be journalled in this order.
    pub facts: Vec<Stamped>,
    /// What to do. Answers (`Room`, `Position`, `Standing`, `Answer`, `Moved`) come of no fact; all others are read off one.
    pub commands: Vec<Command>,
}

/// Something to be done, by the shard that owns the call or by whoever asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Ring this agent's device for this caller.
    Ring {
        /// The new offer.
        offer: OfferId,
        /// The caller's call.
        call: CallId,
        /// The queue it comes from.
        queue: QueueId,
        /// Whom to ring.
        agent: UserId,
    },
    /// Stop ringing; confirm with `Input::OfferEnded { end: Withdrawn }` once the leg is gone.
    Withdraw {
        /// Which offer.
        offer: OfferId,
        /// The caller's call.
        call: CallId,
        /// Why.
        cause: WithdrawCause,
    },
    /// The answer counts: join the two.
    Connect {
        /// Which offer.
        offer: OfferId,
        /// The caller's call.
        call: CallId,
        /// Who answered.
        agent: UserId,
    },
    /// The answer came too late: BYE the agent's leg, and confirm as for `Withdraw`.
    Release {
        /// Which offer.
        offer: OfferId,
        /// The call it was for.
        call: CallId,
    },
    /// The caller could not be taken in, or is to wait there no longer.
    Refuse {
        /// The caller's call.
        call: CallId,
        /// Which queue.
        queue: QueueId,
        /// Why.
        cause: RefuseCause,
    },
    /// The caller waits in another queue from now on.
    Move {
        /// The caller's call.
        call: CallId,
        /// Where he waited.
        from: QueueId,
        /// Where he waits.
        to: QueueId,
    },
    /// Give this agent this callback and ring his device, for the owner of the list.
    CallBack {
        /// By which number he is kept for it.
        offer: OfferId,
        /// Whose list it is on.
        queue: QueueId,
        /// Which.
        entry: CallbackId,
        /// Whom to ring.
        agent: UserId,
    },
    /// Stop ringing for it, unless he has taken it; confirmed with `Input::CallbackOver`.
    CallOff {
        /// By which number he is kept for it.
        offer: OfferId,
        /// Which.
        entry: CallbackId,
    },
    /// Answer to `AskRoom`: he may wait, or does so already.
    Room {
        /// The caller's call.
        call: CallId,
    },
    /// Answer to `AskPosition`.
    Position {
        /// The caller's call.
        call: CallId,
        /// His place, and how long it may take.
        prospect: Prospect,
    },
    /// Answer to `AskAgent`.
    Standing {
        /// Who asked.
        call: CallId,
        /// How he stands.
        standing: Standing,
    },
    /// Answer to a queue command.
    Moved {
        /// Who asked.
        ticket: u64,
        /// How many callers were moved, put forward or given.
        result: Result<u32, CommandRefusal>,
    },
    /// Answer to an agent command.
    Answer {
        /// Who asked.
        asker: Asker,
        /// What came of it.
        result: Result<(), CommandRefusal>,
    },
}

/// Why ringing stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WithdrawCause {
    /// The caller hung up or left the queue.
    CallerGone,
    /// The agent did not answer in time.
    NoAnswer,
    /// The agent logged out, paused or began a call of his own while it rang, or was removed from the
    /// configuration.
    AgentGone,
    /// Another agent answered (RFC 3326 "Call completed elsewhere").
    AnsweredElsewhere,
}

/// Why a caller can't wait in a queue, or no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RefuseCause {
    /// The configuration has no such queue (any more).
    NoSuchQueue,
    /// As many as may are waiting.
    Full,
    /// No agent is logged in.
    NoAgents,
    /// None of those who are can be called.
    NoneReachable,
    /// All of those who are have paused.
    AllPaused,
    /// It is closed by its load.
    Loaded,
    /// He has waited as long as he may.
    TimedOut,
}

impl fmt::Display for RefuseCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RefuseCause::NoSuchQueue => "there is no such queue",
            RefuseCause::Full => "as many as may wait already",
            RefuseCause::NoAgents => "no agent is logged in",
            RefuseCause::NoneReachable => "no agent can be reached",
            RefuseCause::AllPaused => "all agents have paused",
            RefuseCause::Loaded => "the queue is closed by its load",
            RefuseCause::TimedOut => "the caller has waited as long as he may",
        })
    }
}

/// Why a command changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum CommandRefusal {
    /// Nobody of that name is an agent.
    #[error("no agent is called {0}")]
    NoSuchAgent(UserId),
    /// The agent is not a member of that queue.
    #[error("{agent} is no member of {queue}")]
    NotAMember {
        /// Who.
        agent: UserId,
        /// Of what.
        queue: QueueId,
    },
    /// The agent is a member of no queue at all.
    #[error("{0} is a member of no queue")]
    NoQueue(UserId),
    /// The agent is logged in nowhere, so can't pause or resume.
    #[error("{0} is not logged in")]
    NotLoggedIn(UserId),
    /// The agent has no wrap-up time that could be extended.
    #[error("{0} has no wrap-up time now")]
    NoWrapUp(UserId),
    /// The configuration has no such queue.
    #[error("there is no queue {0}")]
    NoSuchQueue(QueueId),
    /// Callers can only be moved to another queue.
    #[error("callers of {0} can only be moved to another queue")]
    SameQueue(QueueId),
    /// That caller does not wait there (any more), or does something else meanwhile.
    #[error("no caller {call} waits in {queue}")]
    NoSuchCaller {
        /// The caller's call.
        call: CallId,
        /// Where he was looked for.
        queue: QueueId,
    },
    /// The agent talks, or is being rung.
    #[error("{0} has a call")]
    Busy(UserId),
    /// A call to the agent's device can't be tried.
    #[error("{0} has no device that can be called")]
    Unreachable(UserId),
    /// Organisations are closed to each other.
    #[error("{from} and {to} are of different organisations")]
    OtherOrganisation {
        /// Where the callers wait.
        from: QueueId,
        /// Where they were to.
        to: QueueId,
    },
    /// That queue takes nobody in now.
    #[error("{queue} takes nobody in now: {cause}")]
    TakesNobody {
        /// Which.
        queue: QueueId,
        /// Why.
        cause: RefuseCause,
    },
    /// The organisation has reasons for pauses, and this is none of them.
    #[error("there is no pause reason {reason:?}: choose one of {known}")]
    NoSuchReason {
        /// What was asked for.
        reason: String,
        /// Those there are.
        known: String,
    },
    /// The agent is a member, and his licence does not go for queues of that kind.
    #[error(
        "{agent} has a licence that does not go for {queue}: it takes Pro, Business or Enterprise"
    )]
    NoLicence {
        /// Who.
        agent: UserId,
        /// Of what.
        queue: QueueId,
    },
}
