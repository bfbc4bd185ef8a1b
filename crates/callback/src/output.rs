//! What the lists want done.

use crate::entry::{Closing, Order, PlacingId, Wish};
use crate::fact::{Broken, Stamped};
use crate::moment::Utc;
use crate::number::{InvalidNumber, Number};
use crate::text::InvalidText;
use base::{CallId, CallbackId, OfferId, QueueId, Time, UserId};
use control::Outcome;
use serde::{Deserialize, Serialize};

/// Facts and the commands that go with them, in the order they came about.
#[derive(Debug, Default)]
pub struct Output {
    /// What came about: to be stored in this order.
    pub facts: Vec<Stamped>,
    /// What to do.
    pub commands: Vec<Command>,
}

/// Something to be done, by the call or the person it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Say with `Input::Stored` when the fact with this number is stored, or with `Input::NotStored` that it can't be.
    Store {
        /// Which.
        token: u64,
    },
    /// Answer to `AskOffer`.
    Offer {
        /// Who asked.
        call: CallId,
        /// Whether it is to be offered.
        result: Result<(), Refusal>,
    },
    /// Answer to `AskChoices`.
    Choices {
        /// Who asked.
        call: CallId,
        /// The times that have room, the earliest first.
        choices: Vec<Wish>,
        /// What he has already.
        existing: Option<Existing>,
    },
    /// Answer to `Reserve`.
    Reserved {
        /// Who asked.
        call: CallId,
        /// Whether the place is held for him.
        result: Result<(), Refusal>,
    },
    /// Answer to `Accept` and `MoveOwn`: only now is he told that he will be called.
    Accepted {
        /// Who asked.
        call: CallId,
        /// His entry, or why there is none.
        result: Result<CallbackId, Refusal>,
    },
    /// Answer to `CancelOwn`: only now is he told that nobody will call.
    Cancelled {
        /// Who asked.
        call: CallId,
        /// Whether nobody will call.
        result: Result<(), Refusal>,
    },
    /// Answer to a person's command: where it must still hold after a restart, once that is stored.
    Answer {
        /// Who asked.
        ticket: u64,
        /// What came of it.
        result: Result<Done, Refusal>,
    },
    /// Answer to what was dialled on a phone.
    Dialled {
        /// The call of whoever dialled.
        call: CallId,
        /// What came of it.
        result: Result<Dialled, Refusal>,
    },
    /// Ring the agent's device.
    RingAgent {
        /// The call.
        placing: PlacingId,
        /// For which entry.
        entry: CallbackId,
        /// Whom.
        agent: UserId,
        /// By which number his queue keeps him for it, where it gave it to him.
        offer: Option<OfferId>,
        /// Whether the person is called meanwhile: with `RingPerson`, once that is stored.
        order: Order,
        /// Whom he is to call, as he is told before.
        errand: Box<Errand>,
    },
    /// Ring another agent's device for a person who is called ahead, in the place of one who has let it be.
    RingAnother {
        /// The call.
        placing: PlacingId,
        /// Whom.
        agent: UserId,
        /// By which number his queue keeps him for it.
        offer: OfferId,
    },
    /// The agent's device is to ring no more, and the person's call goes on; answered with `CallEvent::NotTaken`, unless he has
    /// taken it.
    StopAgent {
        /// The call.
        placing: PlacingId,
        /// By which number he is kept.
        offer: OfferId,
    },
    /// An agent who is kept for an entry can't be given it: answer to `Entrust`, where nobody is rung.
    NotGiven {
        /// By which number he is kept.
        offer: OfferId,
        /// For whose sake.
        why: Ungiven,
    },
    /// Ring the person: the agent is there, or rings, and the attempt is stored.
    RingPerson {
        /// The call.
        placing: PlacingId,
        /// For which entry.
        entry: CallbackId,
        /// The queue, whose number is shown.
        queue: QueueId,
        /// Whom.
        number: Number,
    },
    /// End the call, if there is one.
    HangUp {
        /// The call.
        placing: PlacingId,
        /// Why.
        why: HangUpCause,
    },
}

/// What an agent is told of an entry before the person is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errand {
    /// The queue that the caller had waited in.
    pub queue: QueueId,
    /// Whom to call.
    pub number: Number,
    /// When his call came.
    pub arrived: Utc,
}

/// Why an agent is not given the entry that he is kept for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ungiven {
    /// It can't be called now, or somebody else has it.
    Entry,
    /// He has another, or owes what came of his last.
    Agent,
}

/// Why a call to a person is ended by us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum HangUpCause {
    /// The attempt could not be stored: the agent is told, and nobody was rung.
    NotStored,
    /// Nothing was heard of it, or it is none that is known.
    Lost,
    /// A machine answered.
    Voicemail,
    /// The agent has it no more, since his queue took it back.
    TakenBack,
}

/// What came of a person's command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// It is done.
    Done,
    /// An entry is his.
    Leased {
        /// Which.
        entry: CallbackId,
        /// Until when, if nothing comes of it.
        until: Time,
    },
    /// His device rings.
    Calling {
        /// For which entry.
        entry: CallbackId,
        /// The call.
        placing: PlacingId,
    },
    /// What the caller keyed, whole.
    Revealed(String),
    /// So many entries were erased; of the others the person is being called, or a description is owed.
    Erased {
        /// How many were.
        erased: u32,
        /// How many are left.
        left: u32,
    },
}

/// What came of a code that was dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialled {
    /// It is done.
    Done,
    /// An entry is his.
    Leased {
        /// On which list.
        list: QueueId,
        /// Which.
        entry: CallbackId,
    },
}

/// An open entry of somebody who asks for another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Existing {
    /// Which.
    pub entry: CallbackId,
    /// When he wants to be called.
    pub wish: Wish,
    /// Whether he can still move or cancel it: not while an agent has it.
    pub held: bool,
}

/// Why something can't be done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Refusal {
    /// The queue has no callback list.
    #[error("{0} has no callback list")]
    NoList(QueueId),
    /// The list takes no more entries.
    #[error("callers to {0} are not offered to be called back")]
    NotOffered(QueueId),
    /// Conditions of the offer don't hold.
    #[error("the conditions for callbacks in {0} do not hold now")]
    Conditions(QueueId),
    /// No window has room.
    #[error("no time for callbacks in {0} has room left")]
    NoRoom(QueueId),
    /// The time chosen has no room any more, is over, or lies outside the opening hours.
    #[error("the time that was chosen cannot be had any more")]
    ChoiceGone,
    /// The organisation has as many entries as it may.
    #[error("the organisation has {0} open callbacks, which is as many as it may have")]
    Full(usize),
    /// As many callers as may are choosing.
    #[error("{0} callers are choosing a time just now, which is as many as may")]
    TooManyChoosing(usize),
    /// Whoever asks has as many open entries with keyed numbers as he may.
    #[error(
        "whoever asks has {0} open callbacks to numbers that were keyed, which is as many as he may have"
    )]
    TooManyKeyed(usize),
    /// The number was keyed as often as it may be.
    #[error(
        "{0} callbacks to that number were asked for by keying it within a day, which is as many as may be"
    )]
    KeyedTooOften(usize),
    /// Nothing can be stored.
    #[error("nothing can be stored now, so nothing is promised or changed")]
    Storage,
    /// What was done is not stored.
    #[error("it is done, but not stored yet: should the server go down before it is, it is undone")]
    Unstored,
    /// What was being stored came to nothing.
    #[error("it could not be stored, so nothing was promised ({0:?})")]
    Broken(Broken),
    /// The caller accepts twice.
    #[error("that call's wish is being stored already")]
    BeingStored,
    /// There is an open entry of that number.
    #[error("{0} is open for the same number in the same queue")]
    Already(CallbackId),
    /// No such entry is on that list.
    #[error("there is no {0} on that list")]
    NoSuchEntry(CallbackId),
    /// The caller has no open entry.
    #[error("there is no open callback for that number")]
    NothingToChange,
    /// Another agent has it.
    #[error("{by} has {entry}")]
    Held {
        /// Which.
        entry: CallbackId,
        /// Who.
        by: UserId,
    },
    /// It has changed since it was looked at.
    #[error("{entry} has changed since: it is at version {version} now")]
    Changed {
        /// Which.
        entry: CallbackId,
        /// What it is at.
        version: u32,
        /// Who has it, or tried last.
        by: Option<UserId>,
    },
    /// Another agent has an entry with the same number.
    #[error("{by} is calling the same number for {entry}")]
    NumberHeld {
        /// Which.
        entry: CallbackId,
        /// Who.
        by: UserId,
    },
    /// He has another.
    #[error("{agent} has {entry}: one at a time")]
    HasAnother {
        /// Who.
        agent: UserId,
        /// Which.
        entry: CallbackId,
    },
    /// He owes a description.
    #[error("{agent} has not said what came of {entry}")]
    OwesNote {
        /// Who.
        agent: UserId,
        /// Of which.
        entry: CallbackId,
    },
    /// It is not his.
    #[error("{agent} does not have {entry}")]
    NotHis {
        /// Who.
        agent: UserId,
        /// Which.
        entry: CallbackId,
    },
    /// No description is owed.
    #[error("nothing is to be said of {0}: no call of its is over")]
    NoNoteOwed(CallbackId),
    /// It may not be called yet.
    #[error("{entry} may not be called before {}", due.as_seconds())]
    NotDue {
        /// Which.
        entry: CallbackId,
        /// When.
        due: Utc,
    },
    /// It is closed.
    #[error("{entry} is closed: {how:?}")]
    Closed {
        /// Which.
        entry: CallbackId,
        /// How.
        how: Closing,
    },
    /// It was tried as often as any may be.
    #[error("{0} was tried as often as an entry may be")]
    TriedOut(CallbackId),
    /// Nothing on his lists may be called now.
    #[error("nothing on those lists is due")]
    NothingDue,
    /// He may not work on that list.
    #[error("{agent} may not work on the callbacks of {list}")]
    NotAMember {
        /// Who.
        agent: UserId,
        /// Which list.
        list: QueueId,
    },
    /// He may work on no list at all.
    #[error("{0} may work on no callback list")]
    NoListOfHis(UserId),
    /// He doesn't staff that list.
    #[error("{agent} is not logged in to the callbacks of {list}")]
    NotLoggedIn {
        /// Who.
        agent: UserId,
        /// Which list.
        list: QueueId,
    },
    /// It is done otherwise.
    #[error("that is not done by dialling a code")]
    NotByCode,
    /// What came of a call is not for an agent to say.
    #[error("{0:?} is not an outcome that an agent may choose")]
    NotHisToSay(Outcome),
    /// The caller keyed nothing.
    #[error("the caller of {0} keyed nothing")]
    NothingKeyed(CallbackId),
    /// The text can't be taken.
    #[error(transparent)]
    Text(#[from] InvalidText),
    /// The number can't be read.
    #[error(transparent)]
    Number(#[from] InvalidNumber),
}
