//! What can happen to lists.

use crate::conditions::Seen;
use crate::entry::{Draft, Entry, PlacingId, Wish};
use crate::identity::CustomerInput;
use crate::number::Number;
use crate::settings::Settings;
use crate::windows::Hours;
use base::{CallId, CallbackId, OfferId, QueueId, UserId, WallClock};
use control::{CallbackCommand, Permitted};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// New settings, whole.
    Configure(Arc<Settings>),
    /// When a queue is open and its windows are, for the days to come: at the start, when either changes, and often
    /// enough that there are always days to come.
    Hours {
        /// Which.
        queue: QueueId,
        /// When.
        hours: Hours,
    },
    /// What the clock on the wall shows: first of all, and then every so often.
    Clock(WallClock),
    /// "Is this caller to be offered to be called back?"; answered with `Command::Offer`.
    AskOffer {
        /// His call.
        call: CallId,
        /// Where he waits.
        queue: QueueId,
        /// What is known of the queue and of him; none where he does not wait, since the queue is closed or takes him in
        /// no more: then the queue's conditions are not asked.
        seen: Option<Seen>,
    },
    /// "What may he choose, and has he an entry?"; answered with `Command::Choices`.
    AskChoices {
        /// His call.
        call: CallId,
        /// Where he waits.
        queue: QueueId,
        /// The number to call, as soon as it is known.
        number: Option<Number>,
    },
    /// He chooses a time, and a place is held for him; answered with `Command::Reserved`. A choice before is undone.
    Reserve {
        /// His call.
        call: CallId,
        /// Where he waits.
        queue: QueueId,
        /// When he wants to be called.
        wish: Wish,
    },
    /// He accepts; answered with `Command::Accepted`, once that is stored.
    Accept {
        /// His call.
        call: CallId,
        /// What.
        draft: Box<Draft>,
    },
    /// He moves the entry that he has; answered with `Command::Accepted`, once that is stored.
    MoveOwn {
        /// His call.
        call: CallId,
        /// Where.
        queue: QueueId,
        /// Which number's.
        number: Number,
        /// Where to.
        wish: Wish,
        /// What he keyed of himself this time.
        input: Option<CustomerInput>,
    },
    /// He takes the entry back that he has; answered with `Command::Cancelled`.
    CancelOwn {
        /// His call.
        call: CallId,
        /// Where.
        queue: QueueId,
        /// Which number's.
        number: Number,
    },
    /// He went before he had accepted: back to his place, or away.
    Gone {
        /// His call.
        call: CallId,
        /// What was known, if he hung up.
        started: Option<Box<Draft>>,
    },
    /// All facts up to the one with this number are stored.
    Stored {
        /// Which.
        token: u64,
    },
    /// The fact with this number, and what follows, can't be stored now.
    NotStored {
        /// Which.
        token: u64,
    },
    /// Whether anything can be stored: while not, nothing is promised.
    Storage(Health),
    /// A permitted command; answered with `Command::Answer`.
    Command {
        /// By which whoever asked knows the answer.
        ticket: u64,
        /// What.
        command: Permitted<CallbackCommand>,
    },
    /// A permitted command that was dialled on a phone; answered with `Command::Dialled`, at once: a code does nothing
    /// that must outlive a restart.
    Dialled {
        /// The call of whoever dialled.
        call: CallId,
        /// What.
        command: Permitted<CallbackCommand>,
    },
    /// A queue's turn falls to an entry, and an agent is kept for it: he is to have it, and his device to be rung. Whoever carries
    /// the call says what comes of that, or `Command::NotGiven` does.
    Entrust {
        /// By which number he is kept.
        offer: OfferId,
        /// The queue.
        list: QueueId,
        /// Which.
        entry: CallbackId,
        /// Who.
        agent: UserId,
    },
    /// He is to have it no more, unless he has taken it already.
    CallOff {
        /// By which number he is kept.
        offer: OfferId,
        /// Which.
        entry: CallbackId,
    },
    /// Something happened to a call to a person.
    Call {
        /// Which.
        placing: PlacingId,
        /// What.
        event: CallEvent,
    },
    /// An entry that was stored when another process ended, the first first. To be given before there are callers.
    Recall(Box<Entry>),
    /// The highest number that any entry had, also one that was erased. To be given with those that are recalled.
    RecallLast(CallbackId),
    /// An agent staffed these lists when another process ended.
    RecallStaff {
        /// Who.
        agent: UserId,
        /// Which.
        lists: BTreeSet<QueueId>,
    },
}

/// Whether storage works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Health {
    /// It does.
    #[default]
    Fine,
    /// It doesn't.
    Down,
}

/// What can happen to a call to a person. Every call that was begun ends by one of those that end it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum CallEvent {
    /// The agent's device answered.
    AgentAnswered,
    /// It did not, refused or failed. Ends it.
    AgentDidNotAnswer,
    /// It is alive: every so often (see [`CALL_ALIVE_WITHIN`](crate::CALL_ALIVE_WITHIN)).
    Alive,
    /// The person answered.
    PersonAnswered,
    /// The person's line is busy. Ends it.
    PersonBusy,
    /// The person didn't answer. Ends it.
    PersonNoAnswer,
    /// The person can't be called. Ends it.
    PersonFailed,
    /// The agent says, by key, that a machine answered. Ends it.
    Voicemail,
    /// The agent or the person hung up. Ends it.
    HungUp,
    /// Of a person who is called ahead: the agent has taken it who is kept by that number.
    Taken(OfferId),
    /// The same: he has let it be, and the call goes on.
    NotTaken(OfferId),
    /// The same: the person answered, and no agent was there before he hung up or had waited for too long. Ends it.
    MetNobody,
}
