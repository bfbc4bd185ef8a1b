//! What came about, said once and for good, with who and when. Facts are the only thing that changes lists, they are
//! what storage keeps, and commands are read off them.

use crate::ahead::{Abandoned, AheadStand};
use crate::entry::{Closing, Draft, Entry, Order, PlacingId, Wish};
use crate::identity::CustomerInput;
use crate::input::Health;
use crate::moment::Utc;
use crate::owed::Owed;
use crate::settings::Settings;
use crate::text::Text;
use crate::windows::Hours;
use base::{CallId, CallbackId, OfferId, QueueId, Time, UserId, WallClock};
use control::{Outcome, Principal};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Version of [`Fact`]'s saved form; storage keeps it beside its facts and refuses a version it doesn't know.
pub const FACTS_VERSION: u16 = 1;

/// A fact with who, when, and its place in the one sequence of facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamped {
    /// When it came about, by the clock of the process.
    pub at: Time,
    /// When, by the clock on the wall.
    pub utc: Utc,
    /// Its number: one more than the fact before it; the first is 0.
    pub seq: u64,
    /// Who made it so.
    pub by: Origin,
    /// What came about.
    pub fact: Fact,
}

/// Who makes something so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// The caller, in this call.
    Caller(CallId),
    /// A person's (or program's) command.
    Person(Principal),
    /// The call to the person.
    Call(PlacingId),
    /// What storage said.
    Storage,
    /// The queue, which gives what is due to its free agents.
    Distribution,
    /// The time that had been set for it.
    Clock,
    /// The configuration, or the calendar.
    Configuration,
    /// It was so when another process ended.
    Restart,
}

/// Why nothing is known of an entry any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ErasedFor {
    /// It was kept as long as it was to be.
    Retention,
    /// Somebody asked for it.
    Wish,
    /// There were too many closed ones.
    Room,
}

/// Why a promise came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Broken {
    /// Storage refused it.
    NotStored,
    /// Storage said nothing in time.
    TooSlow,
    /// What it was about had gone on meanwhile.
    Overtaken,
}

/// What becomes of an entry after a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Resolution {
    /// It is to be tried again, from then on.
    Requeued {
        /// From when on.
        due: Utc,
    },
    /// It is closed.
    Closed(Closing),
}

/// Why an agent has an entry no longer, and nothing was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Returned {
    /// He gave it back.
    Released,
    /// His time was over.
    RanOut,
    /// His device did not answer, refused or failed.
    DeviceDidNotAnswer,
    /// He hung up before the person was called.
    HungUp,
    /// Nothing was heard of his call.
    CallLost,
    /// He staffs the list no longer.
    LoggedOut,
    /// The queue that gave it to him took it back before he had taken it.
    TakenBack,
}

/// What came about. Every moment and choice that was reckoned from settings is in the fact, so that replay never asks
/// again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// These settings hold from now on.
    Configured {
        /// All of them.
        settings: Arc<Settings>,
    },
    /// This is when a queue is open and its windows are.
    HoursKnown {
        /// Which.
        queue: QueueId,
        /// When.
        hours: Hours,
    },
    /// The clock on the wall shows this.
    ClockSet {
        /// What.
        wall: WallClock,
    },
    /// Storage works, or doesn't.
    StorageIs {
        /// Which.
        health: Health,
    },
    /// All entries up to this number were given to others, by another process.
    NumbersTaken {
        /// The last.
        last: CallbackId,
    },
    /// A place is held for a caller who has not accepted.
    Reserved {
        /// Whose call.
        call: CallId,
        /// On which list.
        queue: QueueId,
        /// Where.
        wish: Wish,
        /// Seconds of an agent's time that it is reckoned to cost.
        weighs_seconds: u32,
        /// Until when.
        until: Time,
    },
    /// It is held no longer.
    ReservationEnded {
        /// Whose call.
        call: CallId,
    },
    /// A caller has accepted, and it is being stored. The fact's number is its token.
    Promised {
        /// Whose call.
        call: CallId,
        /// What.
        entry: Box<Entry>,
        /// Until when storage has time.
        until: Time,
    },
    /// A caller moves his entry, and it is being stored. The fact's number is its token.
    MovePromised {
        /// Whose call.
        call: CallId,
        /// Which.
        entry: CallbackId,
        /// Where to.
        wish: Wish,
        /// What he keyed of himself this time.
        input: Option<CustomerInput>,
        /// Until when storage has time.
        until: Time,
    },
    /// A caller takes his entry back, and that is being stored. The fact's number is its token.
    CancelPromised {
        /// Whose call.
        call: CallId,
        /// Which.
        entry: CallbackId,
        /// Until when storage has time.
        until: Time,
    },
    /// A person is about to be called, and that is being stored. The fact's number is its token.
    DialPromised {
        /// Which.
        entry: CallbackId,
        /// Who calls.
        agent: UserId,
        /// The call.
        placing: PlacingId,
        /// Until when storage has time.
        until: Time,
    },
    /// It is stored: the promise holds.
    PromiseKept {
        /// Which.
        token: u64,
        /// What it was about.
        entry: CallbackId,
    },
    /// The promise is none.
    PromiseBroken {
        /// Which.
        token: u64,
        /// What it was about.
        entry: CallbackId,
        /// Why.
        why: Broken,
    },
    /// A caller hung up before he had accepted, and that is kept.
    Started {
        /// What.
        entry: Box<Entry>,
    },
    /// Two entries were the same: what is left came when the first did.
    Merged {
        /// What is left.
        kept: CallbackId,
        /// What is closed for it.
        gone: CallbackId,
        /// When the first came.
        arrived: Utc,
    },
    /// An agent staffs lists.
    LoggedIn {
        /// Who.
        agent: UserId,
        /// Which.
        lists: BTreeSet<QueueId>,
    },
    /// An agent staffs lists no longer.
    LoggedOut {
        /// Who.
        agent: UserId,
        /// Which.
        lists: BTreeSet<QueueId>,
    },
    /// An agent has an entry.
    Leased {
        /// Which.
        entry: CallbackId,
        /// Who.
        agent: UserId,
        /// Until when, if nothing comes of it.
        until: Time,
    },
    /// He has it no longer, and nothing was tried.
    Returned {
        /// Which.
        entry: CallbackId,
        /// Who.
        agent: UserId,
        /// Why.
        why: Returned,
    },
    /// An agent's device is rung.
    CallBegun {
        /// Which.
        entry: CallbackId,
        /// Whose.
        agent: UserId,
        /// The call.
        placing: PlacingId,
        /// By which number his queue keeps him for it, where it gave it to him.
        #[serde(default)]
        offer: Option<OfferId>,
        /// Whether the person is called meanwhile.
        #[serde(default)]
        order: Order,
        /// When it is held for lost.
        until: Time,
    },
    /// The agent has taken it, whose person is called ahead of him.
    AgentThere {
        /// Which.
        entry: CallbackId,
        /// Who.
        agent: UserId,
    },
    /// He has let it be; the person's call goes on.
    AgentOut {
        /// Which.
        entry: CallbackId,
        /// Who.
        agent: UserId,
    },
    /// Another agent's device rings in his place.
    AgentRung {
        /// Which.
        entry: CallbackId,
        /// Who.
        agent: UserId,
        /// By which number his queue keeps him for it.
        offer: OfferId,
    },
    /// The call to the person is over, and no agent was in it who could say what came of it.
    Unmet {
        /// Which.
        entry: CallbackId,
        /// Whose device rang last.
        agent: UserId,
        /// What came of it.
        outcome: Outcome,
        /// What becomes of the entry.
        then: Resolution,
    },
    /// A list's people are called ahead of agents no more, or again.
    AheadIs {
        /// Which.
        list: QueueId,
        /// Whether they are.
        stand: AheadStand,
        /// Of those who answered lately.
        counted: Abandoned,
    },
    /// His call is alive.
    CallAlive {
        /// Which.
        entry: CallbackId,
        /// When it is held for lost.
        until: Time,
    },
    /// The person answered.
    PersonAnswered {
        /// Which.
        entry: CallbackId,
        /// When the call is held for lost.
        until: Time,
    },
    /// The call to the person is over, and its agent owes a description.
    CallOver {
        /// Which.
        entry: CallbackId,
        /// Whose.
        agent: UserId,
        /// What came of it.
        outcome: Outcome,
    },
    /// An agent said what came of his call.
    Noted {
        /// Which.
        entry: CallbackId,
        /// Who.
        agent: UserId,
        /// In his words; none where a supervisor let it be.
        text: Option<Text>,
        /// What came of it.
        outcome: Outcome,
        /// What becomes of the entry.
        then: Resolution,
    },
    /// It is to be called again, by somebody's wish.
    Requeued {
        /// Which.
        entry: CallbackId,
        /// From when on.
        due: Utc,
        /// Why.
        text: Option<Text>,
    },
    /// The person is to be called at another time.
    Moved {
        /// Which.
        entry: CallbackId,
        /// When.
        wish: Wish,
    },
    /// Nobody is to be called.
    Closed {
        /// Which.
        entry: CallbackId,
        /// How.
        how: Closing,
        /// Why.
        text: Option<Text>,
    },
    /// It may be called from now on.
    BecameDue {
        /// Which.
        entry: CallbackId,
    },
    /// Its window is over.
    BecameOverdue {
        /// Which.
        entry: CallbackId,
    },
    /// Somebody was shown what the caller keyed.
    Revealed {
        /// Which.
        entry: CallbackId,
    },
    /// Nothing is known of it any more.
    Erased {
        /// Which.
        entry: CallbackId,
        /// Why.
        why: ErasedFor,
    },
    /// It was so when another process ended, and is so now.
    Recalled {
        /// What.
        entry: Box<Entry>,
    },
    /// What came about before it was done by a person, who is told when it is stored. The fact's number is its token.
    AnswerOwed {
        /// What he is told.
        owed: Owed,
        /// Until when storage has time.
        until: Time,
    },
    /// He was told.
    Answered {
        /// Of which.
        token: u64,
    },
}

impl Fact {
    /// The entries that it changes: what is stored of each is to be replaced by what
    /// [`Lists::to_store`](crate::Lists::to_store) says of it, or, where that is nothing, taken away.
    pub fn entries(&self) -> impl Iterator<Item = CallbackId> {
        let (first, second) = match self {
            Fact::Promised { entry, .. } | Fact::Started { entry } | Fact::Recalled { entry } => {
                (Some(entry.id), None)
            }
            Fact::MovePromised { entry, .. }
            | Fact::CancelPromised { entry, .. }
            | Fact::DialPromised { entry, .. }
            | Fact::PromiseKept { entry, .. }
            | Fact::PromiseBroken { entry, .. }
            | Fact::Leased { entry, .. }
            | Fact::Returned { entry, .. }
            | Fact::CallBegun { entry, .. }
            | Fact::AgentThere { entry, .. }
            | Fact::AgentOut { entry, .. }
            | Fact::AgentRung { entry, .. }
            | Fact::Unmet { entry, .. }
            | Fact::PersonAnswered { entry, .. }
            | Fact::CallOver { entry, .. }
            | Fact::Noted { entry, .. }
            | Fact::Requeued { entry, .. }
            | Fact::Moved { entry, .. }
            | Fact::Closed { entry, .. }
            | Fact::BecameDue { entry }
            | Fact::BecameOverdue { entry }
            | Fact::Erased { entry, .. } => (Some(*entry), None),
            Fact::Merged { kept, gone, .. } => (Some(*kept), Some(*gone)),
            Fact::Configured { .. }
            | Fact::HoursKnown { .. }
            | Fact::ClockSet { .. }
            | Fact::StorageIs { .. }
            | Fact::NumbersTaken { .. }
            | Fact::Reserved { .. }
            | Fact::ReservationEnded { .. }
            | Fact::AheadIs { .. }
            | Fact::LoggedIn { .. }
            | Fact::LoggedOut { .. }
            // Nothing that outlives the process.
            | Fact::CallAlive { .. }
            | Fact::AnswerOwed { .. }
            | Fact::Answered { .. }
            | Fact::Revealed { .. } => (None, None),
        };
        first.into_iter().chain(second)
    }

    /// The number, what the caller keyed and all texts taken out of a stored fact, for when its entry is erased: the
    /// rest still says what came about.
    pub fn scrub(&mut self) {
        match self {
            Fact::Promised { entry, .. } | Fact::Started { entry } | Fact::Recalled { entry } => {
                entry.scrub();
            }
            Fact::MovePromised { input, .. } => *input = None,
            Fact::Noted { text, .. } | Fact::Requeued { text, .. } | Fact::Closed { text, .. } => {
                *text = None
            }
            _ => {}
        }
    }
}

impl Entry {
    /// The numbers, what the caller keyed and all texts taken out.
    pub fn scrub(&mut self) {
        let Draft {
            number,
            input,
            asked_by,
            ..
        } = &mut self.asked;
        *number = crate::number::Number::nobody();
        *asked_by = None;
        *input = None;
        self.latest = None;
        for attempt in self.attempts.iter_mut() {
            attempt.text = None;
        }
    }
}
