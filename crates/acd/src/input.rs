//! What can happen to the engine.

use crate::callbacks::DueCallback;
use crate::carried::Carried;
use crate::entrance::Entrance;
use crate::errands::CallbackEnd;
use crate::lately::QueueCarried;
use crate::reunion::{KnownAs, Talk};
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
    /// An agent has called somebody for a queue who did not wait there any more: he gets wrap-up time as after its callers.
    CalledFor {
        /// Who.
        agent: UserId,
        /// For which.
        queue: QueueId,
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
    /// A queue knew this when another process ended; may be given late.
    RecallQueue {
        /// Which.
        queue: QueueId,
        /// What it knew.
        carried: Box<QueueCarried>,
    },
    /// An agent was the last to talk with these when another process was there; may be given late, and whatever he does.
    RecallTalks {
        /// Who.
        agent: UserId,
        /// With whom, and when.
        talks: Vec<Talk<Time>>,
    },
    /// A caller is to be forgotten: nobody talked with whoever is known so, and if he is here he is known no more.
    ForgetCaller(KnownAs),
    /// A caller who waits does something else for a moment, such as choosing when to be called back: he keeps his
    /// place, and nobody is offered him until `Input::Back`, or for [`CHOOSING_MAX`](crate::CHOOSING_MAX).
    Choosing {
        /// The caller's call.
        call: CallId,
    },
    /// He waits on.
    Back {
        /// The caller's call.
        call: CallId,
    },
    /// What of a queue's callbacks may be made now and nobody has, the first to have come first: as many as
    /// [`DUE_MAX`](crate::DUE_MAX).
    CallbacksDue {
        /// Which queue's.
        queue: QueueId,
        /// Those.
        due: Vec<DueCallback>,
    },
    /// An agent has a callback or owes what came of one, so that he can't be given another; or not any more.
    Indebted {
        /// Who.
        agent: UserId,
        /// Whether he does.
        indebted: bool,
    },
    /// An agent who is kept for a callback has taken it on his device.
    CallbackTaken {
        /// By which number he is kept.
        offer: OfferId,
    },
    /// He is done with it, whatever came of it. Every `Command::CallBack` is followed by exactly one of these.
    CallbackOver {
        /// By which number he is kept.
        offer: OfferId,
        /// How it ended.
        end: CallbackEnd,
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
    /// The process ended that had his call, as the next one found.
    ServerRestarted,
    /// He is called back instead.
    CalledBack,
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
