//! One wish to be called back, from the caller's word until it is erased.

use crate::identity::CustomerInput;
use crate::moment::{Span, Utc};
use crate::number::{Given, Number};
use crate::settings::ListSettings;
use crate::text::Text;
use base::{BoundedVec, CallbackId, OfferId, QueueId, Time, UserId};
use control::Outcome;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// Version of [`Entry`]'s saved form; storage keeps it beside its rows and refuses a version it doesn't know.
pub const ENTRY_VERSION: u16 = 1;
/// Most attempts to reach a person, whatever the rules say: who hasn't answered by then won't, and a row stays small.
pub const ATTEMPTS_MAX: usize = 20;

/// A call to a person, from the ringing of the agent's device to its end; never used twice in a process's life.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct PlacingId(pub u64);

/// When a person wants to be called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Wish {
    /// As soon as somebody can.
    AsSoonAsPossible,
    /// In a time window.
    Window(Window),
}

/// One of the times that an administrator lets callers choose.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Window {
    /// From when until when. First, so that windows are in the order of time.
    pub span: Span,
    /// What he calls it.
    pub name: Arc<str>,
}

impl Wish {
    /// The earliest moment at which it asks for a call.
    pub fn starts(&self) -> Option<Utc> {
        match self {
            Wish::AsSoonAsPossible => None,
            Wish::Window(window) => Some(window.span.from),
        }
    }

    /// The moment after which a call comes too late.
    pub fn ends(&self) -> Option<Utc> {
        match self {
            Wish::AsSoonAsPossible => None,
            Wish::Window(window) => Some(window.span.until),
        }
    }
}

/// What a caller asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The queue that he waits in.
    pub queue: QueueId,
    /// The number to call.
    pub number: Number,
    /// Where that came from.
    pub given: Given,
    /// The number that his call showed, if any: by it is bounded how many numbers of others he keys.
    #[serde(default)]
    pub asked_by: Option<Number>,
    /// What he keyed of himself.
    pub input: Option<CustomerInput>,
    /// When his call came, into whichever queue it first did.
    pub arrived: Utc,
    /// When he wants to be called.
    pub wish: Wish,
}

/// A row of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Which.
    pub id: CallbackId,
    /// What the caller asked for. His arrival is never changed, but for an earlier one of an entry that was the same.
    pub asked: Draft,
    /// From when on it may be called.
    pub due: Utc,
    /// How far the clock has gone past it.
    pub told: Told,
    /// Seconds of an agent's time that it was reckoned to cost when a place was given to it.
    pub weighs_seconds: u32,
    /// What it is while nobody has it.
    pub standing: Standing,
    /// Who has it.
    pub stage: Stage,
    /// All attempts to reach the person, the first first.
    pub attempts: BoundedVec<Attempt, ATTEMPTS_MAX>,
    /// The latest thing that somebody wrote of it.
    pub latest: Option<Text>,
    /// One more with each change.
    pub version: u32,
}

/// How far the clock has gone past an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Told {
    /// It is not due.
    Nothing,
    /// It is due.
    Due,
    /// Its window is over.
    Overdue,
}

/// What an entry is while nobody has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Standing {
    /// Nobody has tried.
    NotHandled,
    /// The caller hung up before he had accepted: nothing was promised.
    Started,
    /// It is to be tried again.
    Requeued,
}

/// How far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// It is being stored; its caller has been promised nothing yet.
    Promised,
    /// Nobody has it.
    Waiting,
    /// An agent has it.
    Leased {
        /// Who.
        agent: UserId,
        /// Until when, if nothing comes of it.
        until: Time,
    },
    /// An agent's call is under way.
    InCall(Placed),
    /// The call is over, and its agent owes a description.
    AwaitingNote {
        /// Who.
        agent: UserId,
        /// When his call began.
        began: Utc,
    },
    /// It is done with.
    Closed {
        /// How.
        how: Closing,
        /// Since when.
        at: Utc,
    },
}

/// A call to the person that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// Which.
    pub placing: PlacingId,
    /// Whose.
    pub agent: UserId,
    /// When it began.
    pub began: Utc,
    /// When it is held for lost, unless something is heard of it.
    pub until: Time,
    /// How far it has come.
    pub progress: Progress,
    /// By which number his queue keeps him for it, where it gave it to him.
    #[serde(default)]
    pub offer: Option<OfferId>,
    /// Where he is, where the person is called ahead of him.
    #[serde(default)]
    pub beside: Option<Beside>,
}

/// Who is there first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Order {
    /// The agent: the person is called once he has taken it.
    #[default]
    AgentFirst,
    /// Whoever it may be: the person is called while the agent's device rings.
    Ahead,
}

/// Where the agent is, while a person is called ahead of him.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Beside {
    /// His device rings.
    Rings,
    /// He has taken it.
    There,
    /// He has let it be, and nobody is kept in his place yet.
    Nobody,
}

/// How far a call to a person has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Progress {
    /// The agent's own device rings.
    RingingAgent,
    /// He has answered, and the attempt is being stored: nobody is rung twice after a crash.
    Storing,
    /// The person's telephone rings.
    RingingPerson,
    /// The two talk.
    Talking,
}

/// How an entry was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Closing {
    /// The person was reached, or it is done with otherwise.
    Done,
    /// The person was not reached, and nobody tries again.
    GivenUp,
    /// Somebody took it back.
    Cancelled,
    /// Nobody tried in time.
    Expired,
}

/// One attempt to reach the person: his telephone rang, or was to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When.
    pub at: Utc,
    /// Who tried.
    pub agent: UserId,
    /// What came of it; none while the call is under way.
    pub outcome: Option<Outcome>,
    /// What the agent wrote.
    pub text: Option<Text>,
}

/// What a list shows of how an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Nobody has tried.
    NotHandled,
    /// It is to be tried again.
    Requeued,
    /// The caller hung up before he had accepted.
    Started,
    /// An agent has it.
    Leased,
    /// An agent's call is under way.
    InCall,
    /// Its agent owes a description.
    AwaitingNote,
    /// Done.
    Done,
    /// The person was not reached, and nobody tries again.
    GivenUp,
    /// Taken back.
    Cancelled,
    /// Nobody tried in time.
    Expired,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Status::NotHandled => "not handled",
            Status::Requeued => "requeued",
            Status::Started => "started",
            Status::Leased => "leased",
            Status::InCall => "in call",
            Status::AwaitingNote => "awaiting note",
            Status::Done => "done",
            Status::GivenUp => "given up",
            Status::Cancelled => "cancelled",
            Status::Expired => "expired",
        })
    }
}

/// What the clock on the wall will do to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Turn {
    /// It becomes due.
    Due,
    /// Its window is over.
    Overdue,
    /// It has waited in vain.
    Expire,
    /// Nothing is to be known of it any more.
    Erase,
}

impl Entry {
    /// One that was just asked for.
    pub(crate) fn new(id: CallbackId, asked: Draft, now: Utc, weighs_seconds: u32) -> Entry {
        Entry {
            id,
            due: asked.wish.starts().map_or(now, |starts| starts.max(now)),
            asked,
            told: Told::Nothing,
            weighs_seconds,
            standing: Standing::NotHandled,
            stage: Stage::Promised,
            attempts: BoundedVec::new(),
            latest: None,
            version: 0,
        }
    }

    /// What a list shows of how it stands; none while its caller has been promised nothing.
    pub fn status(&self) -> Option<Status> {
        Some(match &self.stage {
            Stage::Promised => return None,
            Stage::Waiting => match self.standing {
                Standing::NotHandled => Status::NotHandled,
                Standing::Started => Status::Started,
                Standing::Requeued => Status::Requeued,
            },
            Stage::Leased { .. } => Status::Leased,
            Stage::InCall(_) => Status::InCall,
            Stage::AwaitingNote { .. } => Status::AwaitingNote,
            Stage::Closed { how, .. } => match how {
                Closing::Done => Status::Done,
                Closing::GivenUp => Status::GivenUp,
                Closing::Cancelled => Status::Cancelled,
                Closing::Expired => Status::Expired,
            },
        })
    }

    /// Whether somebody is still to be called, or is being.
    pub fn is_open(&self) -> bool {
        !matches!(self.stage, Stage::Closed { .. })
    }

    /// Whether the caller was promised it, or is about to be.
    pub(crate) fn is_promise(&self) -> bool {
        self.is_open() && self.standing != Standing::Started
    }

    /// The agent who has it, calls, or owes a description.
    pub fn agent(&self) -> Option<&UserId> {
        match &self.stage {
            Stage::Leased { agent, .. } | Stage::AwaitingNote { agent, .. } => Some(agent),
            // Who has let it be may have another.
            Stage::InCall(placed) if placed.beside == Some(Beside::Nobody) => None,
            Stage::InCall(placed) => Some(&placed.agent),
            Stage::Promised | Stage::Waiting | Stage::Closed { .. } => None,
        }
    }

    /// The same; or who had it last, while its person is being called and nobody does.
    pub(crate) fn occupied_by(&self) -> Option<&UserId> {
        self.agent().or_else(|| self.rings_by())
    }

    /// Whoever may be about to ring the number.
    pub(crate) fn rings_by(&self) -> Option<&UserId> {
        match &self.stage {
            Stage::Leased { agent, .. } => Some(agent),
            Stage::InCall(placed) => Some(&placed.agent),
            _ => None,
        }
    }

    /// The moment at which it is given back, or held for lost, by the monotonic clock.
    pub(crate) fn held_until(&self) -> Option<Time> {
        match &self.stage {
            Stage::Leased { until, .. } => Some(*until),
            Stage::InCall(placed) => Some(placed.until),
            _ => None,
        }
    }

    /// What the clock on the wall will do to it next, and when. The list's settings are none where the list is gone.
    pub(crate) fn next_turn(&self, list: Option<&ListSettings>) -> Option<(Utc, Turn)> {
        match &self.stage {
            Stage::Waiting => {
                let overdue = self.asked.wish.ends().map(|ends| ends.max(self.due));
                let expires = list.and_then(|list| list.expire_after);
                let expires = expires.map(|after| overdue.unwrap_or(self.due) + after);
                let expires = expires.map(|at| (at, Turn::Expire));
                match (self.told, overdue) {
                    (Told::Nothing, _) => Some((self.due, Turn::Due)),
                    (Told::Due, Some(overdue)) => Some((overdue, Turn::Overdue)),
                    (Told::Due, None) | (Told::Overdue, _) => expires,
                }
            }
            Stage::Closed { at, .. } => {
                let keep = list.map_or(crate::settings::RETENTION, |list| list.retention);
                Some((*at + keep, Turn::Erase))
            }
            _ => None,
        }
    }
}
