//! What can happen to the engine.

use crate::carried::Carried;
use crate::entrance::Entrance;
use crate::settings::Settings;
use base::{CallId, OfferId, QueueId, Time, UserId};
use control::{AgentCommand, Permitted, QueueCommand};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// New settings, whole.
    Configure(Arc<Settings>),
    /// A caller wants to wait in a queue.
    Join(Entrance),
    /// A caller who has not been connected leaves, or the whole call is over.
    Leave {
        /// The caller's call.
        call: CallId,
        /// Why.
        cause: LeaveCause,
    },
    /// An agent's device answered.
    OfferAnswered {
        /// Which offer.
        offer: OfferId,
    },
    /// An agent's device was answered, and whoever answered is asked whether he takes the call.
    OfferPickedUp {
        /// Which offer.
        offer: OfferId,
    },
    /// The agent's leg of an offer is gone: it failed, or it was withdrawn and that is now confirmed.
    /// Every offer that was rung and not connected ends with exactly one of these.
    OfferEnded {
        /// Which offer.
        offer: OfferId,
        /// How.
        end: OfferEnd,
    },
    /// The conversation of a connected call is over, whoever hung up.
    ConversationEnded {
        /// The caller's call.
        call: CallId,
    },
    /// A permitted command; answered with `Command::Answer`.
    AgentCommand {
        /// Who gets the answer.
        asker: Asker,
        /// The command.
        command: Permitted<AgentCommand>,
    },
    /// A permitted command; answered with `Command::Moved`.
    QueueCommand {
        /// By which whoever asked knows the answer.
        ticket: u64,
        /// The command.
        command: Permitted<QueueCommand>,
    },
    /// The agent's device became reachable (registered) or ceased to be.
    DeviceReachable {
        /// Whose.
        agent: UserId,
        /// Whether a call to it can be tried.
        reachable: bool,
    },
    /// A call outside the queues, on the agent's own device, began or ended.
    OwnCall {
        /// Whose.
        agent: UserId,
        /// The call.
        call: CallId,
        /// Whether it is now going on.
        active: bool,
    },
    /// "May this caller wait there?"; answered with `Command::Room` or `Command::Refuse`. It keeps no place.
    AskRoom {
        /// The caller's call; one who waits already may.
        call: CallId,
        /// Where.
        queue: QueueId,
    },
    /// "How does this agent stand?"; answered with `Command::Standing`.
    AskAgent {
        /// Who gets the answer.
        call: CallId,
        /// Who is meant.
        agent: UserId,
    },
    /// "Which place has this caller now, and how long may it take?"; answered with `Command::Position`.
    AskPosition {
        /// The caller's call.
        call: CallId,
    },
    /// An agent was so when another process ended. To be given in the order in which agents were idle, once their
    /// devices are known and before there are callers.
    Recall {
        /// Who.
        agent: UserId,
        /// How he was.
        carried: Box<Carried<Time>>,
    },
}

/// Why a caller left before he was connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LeaveCause {
    /// He hung up.
    Abandoned,
    /// The call broke: transport, media or a protocol error.
    Failed,
    /// The server is going down.
    Shutdown,
    /// He goes elsewhere, or another has his place.
    SentOn,
    /// He pressed a key that leads elsewhere.
    KeyPressed,
}

/// How an offer's leg ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OfferEnd {
    /// The device said busy (486, 600).
    Busy,
    /// The agent declined (603, 480 by a person's hand and the like).
    Declined,
    /// The device gave up ringing by itself (408).
    NoAnswer,
    /// No device, no answer from it, no common codec, or an error of its own. Never a missed call.
    DeviceError,
    /// It was withdrawn, and the leg is confirmed gone.
    Withdrawn,
}

/// Who asked, and so gets the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Asker {
    /// A call: a feature code was dialled.
    Call(CallId),
    /// A command from outside, by its ticket.
    Control(u64),
}
