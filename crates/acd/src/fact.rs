//! What came about, said once and for good. Facts are the only thing that changes an engine, they are
//! what a journal keeps, and commands are read off them.

use crate::callbacks::DueCallback;
use crate::carried::Carried;
use crate::entrance::Priority;
use crate::errands::CallbackEnd;
use crate::input::{LeaveCause, OfferEnd};
use crate::lately::QueueCarried;
use crate::output::{Command, RefuseCause, WithdrawCause};
use crate::passed_over::PassedOver;
use crate::policy::Reason;
use crate::reunion::{KnownAs, Sought, Talk};
use crate::settings::{Settings, Yardstick};
use crate::share::Balance;
use crate::skills::Skills;
use base::{CallId, CallbackId, OfferId, QueueId, Time, UserId};
use control::Principal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Version of [`Fact`]'s saved form; a journal keeps it beside its facts and refuses a version it doesn't know.
pub const FACTS_VERSION: u16 = 1;

/// A fact with its time and its place in the one sequence of facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamped {
    /// When it came about.
    pub at: Time,
    /// Its number: one more than the fact before it; the first is 0.
    pub seq: u64,
    /// What came about.
    pub fact: Fact,
}

/// A moment as the facts number it: of two things in the same microsecond, it tells which came first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Moment {
    pub(crate) at: Time,
    /// Number of the fact that made it.
    pub(crate) seq: u64,
}

impl Moment {
    /// After all others.
    pub(crate) const LAST: Moment = Moment {
        at: Time::NEVER,
        seq: u64::MAX,
    };
}

/// At whose wish an agent's state changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// A person's (or program's) command.
    Person(Principal),
    /// The configuration says so.
    Configuration,
    /// He has let so many calls ring.
    MissedCalls(u32),
    /// His device has failed so many offers.
    DeviceErrors(u32),
    /// It was so when another process ended.
    Restart,
}

/// What an offer that came to nothing says of its agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// He let it ring: a missed call.
    Missed,
    /// He declined it.
    Declined,
    /// His device said busy. Many phones send this when a person presses "reject".
    Busy,
    /// The device or the network failed: no missed call.
    DeviceError,
    /// Nothing: the caller or the agent had gone, or the answer came too late.
    Nothing,
}

/// What came about.
///
/// Every moment that was reckoned from settings (`ring_until`, `wrap_up_until` …) and every choice is
/// in the fact, so that replay never asks again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// These settings hold from now on.
    Configured {
        /// All of them.
        settings: Arc<Settings>,
    },
    /// A caller was not taken in.
    Refused {
        /// The caller's call.
        call: CallId,
        /// The queue he asked for.
        queue: QueueId,
        /// Why.
        cause: RefuseCause,
    },
    /// A caller waits.
    Entered {
        /// The caller's call.
        call: CallId,
        /// Where.
        queue: QueueId,
        /// His first arrival.
        arrived: Time,
        /// How far what he asks for has widened already.
        step: u8,
        /// How far he goes before others.
        priority: Priority,
        /// By how much that puts him forward here.
        head_start: Duration,
        /// What he may expect to wait; none where that can't be said.
        expected: Option<Duration>,
        /// When he has waited there as long as he may; never, if none.
        leaves_at: Option<Time>,
        /// As whom he is known again.
        known_as: Option<KnownAs>,
        /// Whom he waits for before anybody else may have him, since the two have talked.
        sought: Option<Sought>,
        /// What he asks for of his own.
        requires: Skills,
        /// What he would ask for elsewhere, and doesn't here, where nobody could ever do it.
        #[serde(default, skip_serializing_if = "Skills::is_empty")]
        let_go: Skills,
        /// By what the queue's figures will judge his wait.
        judged: Yardstick,
    },
    /// An agent's device is rung for a caller.
    Offered {
        /// The new offer.
        offer: OfferId,
        /// The caller's call.
        call: CallId,
        /// The queue it comes from.
        queue: QueueId,
        /// The agent chosen.
        agent: UserId,
        /// Why he was.
        reason: Reason,
        /// How far what the caller asks for had widened.
        step: u8,
        /// Some of those who were not, and why.
        passed_over: Vec<PassedOver>,
        /// When the next agent's turn comes.
        ring_until: Time,
    },
    /// A caller has waited long enough to ask for less.
    Widened {
        /// The caller's call.
        call: CallId,
        /// The queue he waits in.
        queue: QueueId,
        /// The step that he is in now.
        step: u8,
    },
    /// A caller who waited for one agent is from now on for whoever's turn it is.
    PatienceEnded {
        /// The caller's call.
        call: CallId,
        /// The queue he waits in.
        queue: QueueId,
    },
    /// The agent answered in time: the two talk. Closes the offer.
    Connected {
        /// The offer.
        offer: OfferId,
        /// The caller's call.
        call: CallId,
        /// The queue it came from.
        queue: QueueId,
        /// Who answered.
        agent: UserId,
    },
    /// The device was answered, and whoever answered has longer to say that he takes the call.
    RingProlonged {
        /// The offer.
        offer: OfferId,
        /// When the next agent's turn comes.
        ring_until: Time,
    },
    /// Ringing is to stop; the caller is back in his place. The offer stays open until it has ended.
    OfferWithdrawn {
        /// The offer.
        offer: OfferId,
        /// The caller's call.
        call: CallId,
        /// The queue it came from.
        queue: QueueId,
        /// Whose device rang.
        agent: UserId,
        /// Why.
        cause: WithdrawCause,
        /// Until when the confirmation is waited for.
        confirm_until: Time,
    },
    /// An answer came for an offer that was over.
    AnsweredLate {
        /// The offer.
        offer: OfferId,
        /// The call it was for.
        call: CallId,
        /// Until when the confirmation is waited for; none if the offer was already given up as lost.
        confirm_until: Option<Time>,
    },
    /// The agent's leg is gone. Closes the offer.
    OfferEnded {
        /// The offer.
        offer: OfferId,
        /// The call it was for.
        call: CallId,
        /// The queue it came from.
        queue: QueueId,
        /// Whose device rang.
        agent: UserId,
        /// How the leg ended.
        end: OfferEnd,
        /// What that says of the agent.
        outcome: Outcome,
        /// Until when he is passed over.
        deferred_until: Option<Time>,
    },
    /// The end of a withdrawn offer was never confirmed. Closes the offer; held to be the device's error.
    OfferLost {
        /// The offer.
        offer: OfferId,
        /// The call it was for.
        call: CallId,
        /// The queue it came from.
        queue: QueueId,
        /// Whose device rang.
        agent: UserId,
        /// Until when he is passed over.
        deferred_until: Option<Time>,
    },
    /// A caller left before he was connected.
    Left {
        /// The caller's call.
        call: CallId,
        /// The queue he left.
        queue: QueueId,
        /// Why.
        cause: LeaveCause,
    },
    /// A caller was put out of the queue.
    Expelled {
        /// The caller's call.
        call: CallId,
        /// The queue he waited in.
        queue: QueueId,
        /// Why.
        cause: RefuseCause,
    },
    /// A queue takes nobody in any more, by its load.
    LoadClosed {
        /// Which.
        queue: QueueId,
        /// How many waited.
        waiting: u32,
    },
    /// It takes callers in again.
    LoadOpened {
        /// Which.
        queue: QueueId,
    },
    /// A caller is taken out of a queue, to wait in another.
    Moved {
        /// The caller's call.
        call: CallId,
        /// Where he waited.
        queue: QueueId,
        /// Where he is to wait.
        to: QueueId,
        /// At whose wish.
        by: Principal,
    },
    /// A caller stands further forward in his line.
    PutForward {
        /// The caller's call.
        call: CallId,
        /// The queue he waits in.
        queue: QueueId,
        /// The place that was asked for, 1 being next in turn.
        to: u32,
        /// What his place goes by from now on, in microseconds on the clock of [`Time`]; before its start, where whoever
        /// he goes before was put forward that far.
        since: i64,
        /// At whose wish.
        by: Principal,
    },
    /// A caller is for one agent, whoever's turn it is: his offer follows.
    Given {
        /// The caller's call.
        call: CallId,
        /// The queue he waits in.
        queue: QueueId,
        /// Who gets him.
        agent: UserId,
        /// At whose wish.
        by: Principal,
    },
    /// By the time alone a queue's load has changed: an answer counts no more for the average, or the waits rose over
    /// a lower mark.
    LoadLooked {
        /// Which.
        queue: QueueId,
    },
    /// A conversation is over.
    ConversationEnded {
        /// The offer that led to it.
        offer: OfferId,
        /// The caller's call.
        call: CallId,
        /// The queue it came from.
        queue: QueueId,
        /// Whose conversation.
        agent: UserId,
        /// Until when the agent has wrap-up time; none if he has none.
        wrap_up_until: Option<Time>,
    },
    /// An agent's wrap-up time is over.
    WrapUpEnded {
        /// Whose.
        agent: UserId,
        /// At whose wish, where its time had not come.
        by: Option<Origin>,
    },
    /// An agent's wrap-up time lasts longer.
    WrapUpExtended {
        /// Whose.
        agent: UserId,
        /// Its new end.
        until: Time,
        /// At whose wish.
        by: Origin,
    },
    /// An agent may be offered calls again after one that came to nothing.
    DeferralEnded {
        /// Who.
        agent: UserId,
    },
    /// An agent takes calls from these queues too.
    LoggedIn {
        /// Who.
        agent: UserId,
        /// Those he was not logged in to before.
        queues: BTreeSet<QueueId>,
        /// At whose wish.
        by: Origin,
    },
    /// An agent takes no more calls from these queues.
    LoggedOut {
        /// Who.
        agent: UserId,
        /// Those he was logged in to before.
        queues: BTreeSet<QueueId>,
        /// At whose wish.
        by: Origin,
    },
    /// An agent takes no calls for a while.
    Paused {
        /// Who.
        agent: UserId,
        /// The reason code, where one was given.
        reason: Option<String>,
        /// At whose wish.
        by: Origin,
    },
    /// An agent takes calls again.
    Resumed {
        /// Who.
        agent: UserId,
        /// At whose wish.
        by: Origin,
    },
    /// A device became reachable or ceased to be.
    DeviceChanged {
        /// Whose.
        agent: UserId,
        /// Whether a call to it can be tried.
        reachable: bool,
    },
    /// A call outside the queues began.
    OwnCallBegan {
        /// Whose.
        agent: UserId,
        /// The call.
        call: CallId,
    },
    /// A call outside the queues ended.
    OwnCallEnded {
        /// Whose.
        agent: UserId,
        /// The call.
        call: CallId,
    },
    /// An agent is as he was when another process ended.
    Recalled {
        /// Who.
        agent: UserId,
        /// How he is.
        carried: Box<Carried<Time>>,
    },
    /// A queue knows what it knew when another process ended.
    QueueRecalled {
        /// Which.
        queue: QueueId,
        /// What it knew.
        carried: Box<QueueCarried>,
    },
    /// An agent talked with these when another process was there.
    TalksRecalled {
        /// Who.
        agent: UserId,
        /// Whom he was the last to talk with.
        talks: Vec<Talk<Time>>,
    },
    /// Nobody talked with a caller, and if he is here he is known no more.
    CallerForgotten {
        /// As whom he was known.
        caller: KnownAs,
    },
    /// A caller who waits does something else: no phone rings for him, and his place is kept.
    Chooses {
        /// The caller's call.
        call: CallId,
        /// The queue he waits in.
        queue: QueueId,
        /// Until when at most.
        until: Time,
    },
    /// He waits on.
    WaitsOn {
        /// The caller's call.
        call: CallId,
        /// The queue he waits in.
        queue: QueueId,
    },
    /// An agent has time for work after a call to somebody who did not wait any more.
    WrapUpBegan {
        /// Who.
        agent: UserId,
        /// The queue for which he called.
        queue: QueueId,
        /// Until when.
        until: Time,
    },
    /// This is due of a queue's callbacks, and nobody has it.
    CallbacksDue {
        /// Which queue's.
        queue: QueueId,
        /// The first to have come first.
        due: Vec<DueCallback>,
    },
    /// An agent has a callback or owes what came of one, or doesn't any more.
    Indebted {
        /// Who.
        agent: UserId,
        /// Whether he does.
        indebted: bool,
    },
    /// A callback that came before leaves this turn to a caller, whose offer follows.
    TurnGiven {
        /// The callback's queue.
        queue: QueueId,
        /// Which.
        entry: CallbackId,
        /// What its queue's callbacks have saved up by it.
        balance: Balance,
    },
    /// It is a callback's turn: an agent is kept for it, and his device is to be rung.
    CallbackOffered {
        /// Its number among offers.
        offer: OfferId,
        /// The callback's queue.
        queue: QueueId,
        /// Which.
        entry: CallbackId,
        /// When its caller came first.
        arrived: Time,
        /// The agent chosen.
        agent: UserId,
        /// Why he was.
        reason: Reason,
        /// Some of those who were not, and why.
        passed_over: Vec<PassedOver>,
        /// What is left of its share, where it went before a caller.
        balance: Option<Balance>,
        /// When he has had his time to answer.
        ring_until: Time,
    },
    /// Ringing for a callback is to stop.
    CallbackWithdrawn {
        /// Its number among offers.
        offer: OfferId,
        /// The callback's queue.
        queue: QueueId,
        /// Which.
        entry: CallbackId,
        /// Whose device rings.
        agent: UserId,
        /// Why.
        cause: WithdrawCause,
        /// Until when the confirmation is waited for.
        confirm_until: Time,
    },
    /// The agent has taken a callback that he was kept for.
    CallbackTaken {
        /// Its number among offers.
        offer: OfferId,
        /// The callback's queue.
        queue: QueueId,
        /// Which.
        entry: CallbackId,
        /// Who.
        agent: UserId,
    },
    /// The agent is done with it. Closes the offer.
    CallbackOver {
        /// Its number among offers.
        offer: OfferId,
        /// The callback's queue.
        queue: QueueId,
        /// Which.
        entry: CallbackId,
        /// Who.
        agent: UserId,
        /// How it ended.
        end: CallbackEnd,
        /// What that says of the agent.
        outcome: Outcome,
        /// Until when he is passed over.
        deferred_until: Option<Time>,
        /// Until when he has wrap-up time; none if he has none.
        wrap_up_until: Option<Time>,
    },
    /// The process whose facts these are had ended: the facts behind it, written by the next one, say who was cut off.
    ServerRestarted,
}

impl Fact {
    /// The agent whom it changes, if any.
    pub fn agent(&self) -> Option<&UserId> {
        match self {
            Fact::Offered { agent, .. }
            | Fact::Connected { agent, .. }
            | Fact::OfferWithdrawn { agent, .. }
            | Fact::OfferEnded { agent, .. }
            | Fact::OfferLost { agent, .. }
            | Fact::ConversationEnded { agent, .. }
            | Fact::WrapUpEnded { agent, .. }
            | Fact::WrapUpBegan { agent, .. }
            | Fact::WrapUpExtended { agent, .. }
            | Fact::DeferralEnded { agent }
            | Fact::LoggedIn { agent, .. }
            | Fact::LoggedOut { agent, .. }
            | Fact::Paused { agent, .. }
            | Fact::Resumed { agent, .. }
            | Fact::DeviceChanged { agent, .. }
            | Fact::OwnCallBegan { agent, .. }
            | Fact::OwnCallEnded { agent, .. }
            | Fact::Indebted { agent, .. }
            | Fact::CallbackOffered { agent, .. }
            | Fact::CallbackWithdrawn { agent, .. }
            | Fact::CallbackTaken { agent, .. }
            | Fact::CallbackOver { agent, .. }
            | Fact::Recalled { agent, .. }
            | Fact::TalksRecalled { agent, .. } => Some(agent),
            Fact::Configured { .. }
            | Fact::Refused { .. }
            | Fact::Entered { .. }
            | Fact::Widened { .. }
            | Fact::PatienceEnded { .. }
            | Fact::AnsweredLate { .. }
            | Fact::Left { .. }
            | Fact::Expelled { .. }
            | Fact::Moved { .. }
            | Fact::PutForward { .. }
            | Fact::Given { .. }
            | Fact::LoadClosed { .. }
            | Fact::LoadOpened { .. }
            | Fact::LoadLooked { .. }
            | Fact::RingProlonged { .. }
            | Fact::QueueRecalled { .. }
            | Fact::Chooses { .. }
            | Fact::WaitsOn { .. }
            | Fact::CallbacksDue { .. }
            | Fact::TurnGiven { .. }
            | Fact::CallerForgotten { .. }
            | Fact::ServerRestarted => None,
        }
    }

    /// The call in a queue that the fact is about, if it is about one.
    pub fn call(&self) -> Option<CallId> {
        match self {
            Fact::Refused { call, .. }
            | Fact::Entered { call, .. }
            | Fact::Widened { call, .. }
            | Fact::PatienceEnded { call, .. }
            | Fact::Chooses { call, .. }
            | Fact::WaitsOn { call, .. }
            | Fact::Offered { call, .. }
            | Fact::Connected { call, .. }
            | Fact::OfferWithdrawn { call, .. }
            | Fact::AnsweredLate { call, .. }
            | Fact::OfferEnded { call, .. }
            | Fact::OfferLost { call, .. }
            | Fact::Left { call, .. }
            | Fact::Expelled { call, .. }
            | Fact::Moved { call, .. }
            | Fact::PutForward { call, .. }
            | Fact::Given { call, .. }
            | Fact::ConversationEnded { call, .. } => Some(*call),
            _ => None,
        }
    }

    /// The callback that the fact is about, if it is about one.
    pub fn callback(&self) -> Option<CallbackId> {
        match self {
            Fact::TurnGiven { entry, .. }
            | Fact::CallbackOffered { entry, .. }
            | Fact::CallbackWithdrawn { entry, .. }
            | Fact::CallbackTaken { entry, .. }
            | Fact::CallbackOver { entry, .. } => Some(*entry),
            _ => None,
        }
    }

    /// What the fact asks to be done, if anything.
    pub fn command(&self) -> Option<Command> {
        Some(match self {
            Fact::Offered {
                offer,
                call,
                queue,
                agent,
                ..
            } => Command::Ring {
                offer: *offer,
                call: *call,
                queue: queue.clone(),
                agent: agent.clone(),
            },
            Fact::OfferWithdrawn {
                offer, call, cause, ..
            } => Command::Withdraw {
                offer: *offer,
                call: *call,
                cause: *cause,
            },
            Fact::Connected {
                offer, call, agent, ..
            } => Command::Connect {
                offer: *offer,
                call: *call,
                agent: agent.clone(),
            },
            Fact::AnsweredLate { offer, call, .. } => Command::Release {
                offer: *offer,
                call: *call,
            },
            Fact::Moved {
                call, queue, to, ..
            } => Command::Move {
                call: *call,
                from: queue.clone(),
                to: to.clone(),
            },
            Fact::Refused { call, queue, cause } | Fact::Expelled { call, queue, cause } => {
                Command::Refuse {
                    call: *call,
                    queue: queue.clone(),
                    cause: *cause,
                }
            }
            Fact::CallbackOffered {
                offer,
                queue,
                entry,
                agent,
                ..
            } => Command::CallBack {
                offer: *offer,
                queue: queue.clone(),
                entry: *entry,
                agent: agent.clone(),
            },
            Fact::CallbackWithdrawn { offer, entry, .. } => Command::CallOff {
                offer: *offer,
                entry: *entry,
            },
            Fact::Configured { .. }
            | Fact::Entered { .. }
            | Fact::Widened { .. }
            | Fact::PatienceEnded { .. }
            | Fact::RingProlonged { .. }
            | Fact::OfferEnded { .. }
            | Fact::OfferLost { .. }
            | Fact::Left { .. }
            | Fact::PutForward { .. }
            | Fact::Given { .. }
            | Fact::LoadClosed { .. }
            | Fact::LoadOpened { .. }
            | Fact::LoadLooked { .. }
            | Fact::ConversationEnded { .. }
            | Fact::WrapUpEnded { .. }
            | Fact::WrapUpBegan { .. }
            | Fact::WrapUpExtended { .. }
            | Fact::DeferralEnded { .. }
            | Fact::LoggedIn { .. }
            | Fact::LoggedOut { .. }
            | Fact::Paused { .. }
            | Fact::Resumed { .. }
            | Fact::DeviceChanged { .. }
            | Fact::OwnCallBegan { .. }
            | Fact::OwnCallEnded { .. }
            | Fact::Recalled { .. }
            | Fact::QueueRecalled { .. }
            | Fact::TalksRecalled { .. }
            | Fact::CallerForgotten { .. }
            | Fact::Chooses { .. }
            | Fact::WaitsOn { .. }
            | Fact::CallbacksDue { .. }
            | Fact::Indebted { .. }
            | Fact::TurnGiven { .. }
            | Fact::CallbackTaken { .. }
            | Fact::CallbackOver { .. }
            | Fact::ServerRestarted => return None,
        })
    }
}
