//! One queue: who waits in it, in which order, and which free agents sit ready for it.

use crate::estimate::{Forecast, Handling, Waits};
use crate::fact::Moment;
use crate::line::{Line, Place};
use crate::named::Number;
use crate::settings::{Policy, QueueSettings};
use crate::staff::Staff;
use base::{CallId, OfferId, QueueId, Time};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What a queue has seen since the server first knew it.
///
/// `entered` = waiting + offered now, + `connected` + `abandoned` + `failed` + `shut_down` + `sent_on` + `expelled`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueTotals {
    /// Callers taken in.
    pub entered: u64,
    /// Callers connected to an agent, those still talking among them.
    pub connected: u64,
    /// Callers who hung up before.
    pub abandoned: u64,
    /// Callers whose call broke before.
    pub failed: u64,
    /// Callers sent away because the server went down.
    pub shut_down: u64,
    /// Callers who went elsewhere before, or left their place to another.
    pub sent_on: u64,
    /// Callers put out because the queue was removed.
    pub expelled: u64,
    /// Callers who were never taken in.
    pub refused: u64,
}

/// A queue's settings, as far as each decision needs them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rules {
    pub(crate) policy: Policy,
    pub(crate) ring: Duration,
    pub(crate) wrap_up: Duration,
    pub(crate) waiting_max: u32,
}

impl From<&QueueSettings> for Rules {
    fn from(settings: &QueueSettings) -> Rules {
        Rules {
            policy: settings.policy,
            ring: settings.ring,
            wrap_up: settings.wrap_up,
            waiting_max: settings.waiting_max,
        }
    }
}

/// The live state of one queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Queue {
    /// What holds for it; none once it was removed.
    pub(crate) rules: Option<Rules>,
    /// All who wait, those being offered among them: a caller being offered keeps his place.
    pub(crate) line: Line,
    /// The same by first arrival, which priority does not change: who has waited longest.
    pub(crate) arrivals: BTreeSet<(Time, u64)>,
    /// Those of `line` whom nobody is being rung for.
    pub(crate) waiting: BTreeMap<Place, CallId>,
    /// Agents logged in here and free, by the moment since when they are idle.
    pub(crate) bench: BTreeMap<Moment, Number>,
    /// How many of its callers are talking to agents.
    pub(crate) talking: u32,
    /// Under which place it stands in the engine's `ready`.
    ready_as: Option<Place>,
    pub(crate) totals: QueueTotals,
    pub(crate) staff: Staff,
    pub(crate) waits: Waits,
    pub(crate) handling: Handling,
    pub(crate) forecast: Forecast,
}

impl Queue {
    /// Enters the queue in `ready` exactly when a waiting caller and a free agent face each other.
    pub(crate) fn refresh(&mut self, own: Number, ready: &mut BTreeSet<(Place, Number)>) {
        let wanted = self.head().map(|(place, _)| place);
        let wanted = wanted.filter(|_| !self.bench.is_empty());
        if self.ready_as == wanted {
            return;
        }
        if let Some(place) = self.ready_as {
            ready.remove(&(place, own));
        }
        if let Some(place) = wanted {
            ready.insert((place, own));
        }
        self.ready_as = wanted;
    }

    /// A caller takes his place in line.
    pub(crate) fn stand(&mut self, arrived: Time, place: Place) {
        self.line.insert(place);
        self.arrivals.insert((arrived, place.ticket));
        self.waits.came(arrived);
    }

    /// A caller's place in line is no more his.
    pub(crate) fn step_out(&mut self, arrived: Time, place: Place) {
        self.line.remove(place);
        self.arrivals.remove(&(arrived, place.ticket));
        self.waits.went(arrived);
    }

    /// First arrival of whoever in line came first.
    pub(crate) fn longest_since(&self) -> Option<Time> {
        self.arrivals.first().map(|(arrived, _)| *arrived)
    }

    /// What whoever stands at this place, 1 being next in turn, may expect to wait.
    pub(crate) fn expected(&self, place: u32) -> Option<Duration> {
        self.handling.expected(place, self.staff.effective)
    }

    /// The first caller nobody is being rung for.
    pub(crate) fn head(&self) -> Option<(Place, CallId)> {
        self.waiting
            .first_key_value()
            .map(|(place, call)| (*place, *call))
    }

    /// It was removed, and nothing hangs on it any more.
    pub(crate) fn is_spent(&self) -> bool {
        self.rules.is_none() && self.line.is_empty() && self.bench.is_empty() && self.talking == 0
    }
}

/// A caller, from entering a queue to the end of his conversation. One who isn't there is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Caller {
    pub(crate) queue: QueueId,
    /// The queue's number.
    pub(crate) at: Number,
    /// His first arrival.
    pub(crate) arrived: Time,
    /// When he came to this queue.
    pub(crate) entered: Time,
    /// What he could expect then to wait.
    pub(crate) expected: Option<Duration>,
    pub(crate) place: Place,
    pub(crate) stage: Stage,
}

/// How far a caller has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// Nobody is being rung for him.
    Waiting,
    /// This offer rings.
    Offered(OfferId),
    /// He talks to the agent of this offer.
    Connected(OfferId),
}
