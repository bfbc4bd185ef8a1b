//! One agent: what he is logged in to, what occupies him, since when he is idle.

use crate::bench::Seat;
use crate::fact::{Moment, Origin};
use crate::policy::Merit;
use crate::skills::Skills;
use crate::staff::Part;
use crate::step::AgentTotals;
use crate::table::Number;
use base::{CallId, OfferId, QueueId, Time};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Most calls of his own that are kept track of at once: more lines than any desk phone has.
pub const OWN_CALLS_MAX: usize = 16;

/// Longest pause reason kept, in characters: it is a code or a short word, and stands in tables.
pub const PAUSE_REASON_CHARS_MAX: usize = 64;

/// Most accounts kept track of (device, own calls) that are no agents: they may become agents at the
/// next change of configuration, and an administrator makes no more of them than this.
pub const STRANGERS_MAX: usize = 100_000;

/// What an agent is doing, the weightiest first: of several that are true, the one named earliest here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgentState {
    /// Talks to a caller from a queue, or calls one back whom his queue gave him.
    InCall,
    /// His device rings for a caller or a callback, or rang and is not yet known to have stopped.
    Offered,
    /// Has time for work after a call.
    WrapUp {
        /// Its end.
        until: Time,
    },
    /// Takes calls from no queue.
    #[default]
    LoggedOut,
    /// Takes no calls for a while.
    Paused {
        /// The reason code, where one was given.
        reason: Option<String>,
    },
    /// Talks to somebody else, outside the queues.
    OwnCall,
    /// Logged in, but a call to his device can't be tried.
    Unreachable,
    /// Passed over for a while after an offer that came to nothing.
    Deferred {
        /// Its end.
        until: Time,
    },
    /// Next for a caller.
    Free,
}

/// What counts towards the limits on an agent who lets callers down (`strikes.rs`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Strikes {
    /// Calls he has let ring since the last that he took.
    pub missed_in_a_row: u32,
    /// All that he has let ring since he logged in.
    pub missed_since_log_in: u32,
    /// Offers that his device has failed since the last of which it made anything.
    pub errors_in_a_row: u32,
}

/// One queue an agent is logged in to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Login {
    /// The queue's number.
    pub(crate) at: Number,
    /// An agent fresh from log-in goes behind those already idle, at this queue and no other.
    pub(crate) since: Moment,
    /// How he stands there.
    pub(crate) merit: Merit,
    /// The first step of widening in which callers ask for no more than he is able to; none if there is none.
    pub(crate) step: Option<u8>,
    /// The queue's weight, by which his queues share him.
    pub(crate) weight: u8,
    /// Where he sits on the queue's bench, while free.
    pub(crate) seat: Option<Seat>,
    /// Whether the queue distributes callbacks too.
    pub(crate) deals: bool,
    /// Where he sits for those.
    pub(crate) errand_seat: Option<Seat>,
    /// What he was last counted for in the queue's staff.
    pub(crate) part: Option<Part>,
}

/// A caller an agent is busy with, from the answer to the end of the wrap-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Handled {
    /// The queue he came from: by name, since it may be removed meanwhile.
    pub(crate) queue: QueueId,
    pub(crate) since: Time,
}

/// What ties an agent to a caller or to somebody who is called back: never more than one at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Engagement {
    /// An offer that rings, or whose end is not yet confirmed.
    Offered(OfferId),
    /// A conversation that came of this offer.
    Connected(OfferId),
    /// A callback that he is kept for, and has not taken.
    Entrusted(OfferId),
    /// A callback that he has taken.
    CallsBack(OfferId),
}

/// A pause, from its start to `Resumed` or log-out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// The reason, where one was given.
    pub reason: Option<String>,
}

/// The live state of one agent, or of an account that may become one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Agent {
    /// The configuration names him as an agent.
    pub(crate) listed: bool,
    /// What he is able to.
    pub(crate) skills: Skills,
    /// Queues that he may log in to.
    pub(crate) member_of: BTreeSet<QueueId>,
    pub(crate) logins: BTreeMap<QueueId, Login>,
    pub(crate) engaged: Option<Engagement>,
    pub(crate) wrap_up_until: Option<Time>,
    /// What his talk and his wrap-up are for.
    pub(crate) handles: Option<Handled>,
    pub(crate) pause: Option<Pause>,
    pub(crate) own_calls: BTreeSet<CallId>,
    pub(crate) reachable: bool,
    /// He has a callback, or owes what came of one.
    pub(crate) indebted: bool,
    pub(crate) deferred_until: Option<Time>,
    /// Latest end of wrap-up, pause, own call, missed or declined offer; each queue counts its own
    /// log-in besides.
    pub(crate) idle_since: Moment,
    pub(crate) totals: AgentTotals,
    pub(crate) strikes: Strikes,
    /// At whose wish he was last paused or logged out of all, until he logs in or resumes.
    pub(crate) put_by: Option<Origin>,
    /// Calls that he has taken of each queue that he is a member of.
    pub(crate) taken: BTreeMap<QueueId, u64>,
    /// His state after the last fact about him, and since when he has been in that kind of state.
    pub(crate) state: AgentState,
    pub(crate) since: Time,
}

impl Agent {
    /// His state, worked out from all that is known.
    pub(crate) fn state_now(&self) -> AgentState {
        match self.engaged {
            Some(Engagement::Connected(_) | Engagement::CallsBack(_)) => {
                return AgentState::InCall;
            }
            Some(Engagement::Offered(_) | Engagement::Entrusted(_)) => return AgentState::Offered,
            None => {}
        }
        if let Some(until) = self.wrap_up_until {
            AgentState::WrapUp { until }
        } else if self.logins.is_empty() {
            AgentState::LoggedOut
        } else if let Some(pause) = &self.pause {
            AgentState::Paused {
                reason: pause.reason.clone(),
            }
        } else if !self.own_calls.is_empty() {
            AgentState::OwnCall
        } else if !self.reachable {
            AgentState::Unreachable
        } else if let Some(until) = self.deferred_until {
            AgentState::Deferred { until }
        } else {
            AgentState::Free
        }
    }

    /// Those that he is logged in to.
    pub(crate) fn queues(&self) -> BTreeSet<QueueId> {
        self.logins.keys().cloned().collect()
    }

    /// Whether a caller can be offered to him.
    pub(crate) fn is_free(&self) -> bool {
        self.state == AgentState::Free
    }

    /// How he is logged in to the queue of that number. He is in few: comparing numbers is quicker than searching
    /// names.
    pub(crate) fn login(&self, queue: Number) -> Option<&Login> {
        self.logins.values().find(|login| login.at == queue)
    }

    /// The same, to be changed.
    pub(crate) fn login_mut(&mut self, queue: Number) -> Option<&mut Login> {
        self.logins.values_mut().find(|login| login.at == queue)
    }

    /// Whether callers of that queue can be offered to him now, or once they ask for less.
    pub(crate) fn is_seated_at(&self, queue: Number) -> bool {
        let login = self.login(queue);
        login.is_some_and(|login| login.seat.is_some())
    }

    /// He is idle since then, unless something later made him so.
    pub(crate) fn idle_from(&mut self, moment: Moment) {
        self.idle_since = self.idle_since.max(moment);
    }

    /// He is no agent, and nothing hangs on his record.
    pub(crate) fn is_spent(&self) -> bool {
        !self.listed
            && self.logins.is_empty()
            && self.engaged.is_none()
            && self.wrap_up_until.is_none()
            && self.deferred_until.is_none()
            && self.own_calls.is_empty()
            && !self.reachable
            && !self.indebted
    }
}
