//! One queue: who waits in it, in which order, and which free agents sit ready for it.

use crate::fact::Moment;
use crate::line::{Line, Place};
use base::{CallId, OfferId, QueueId, UserId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a queue has seen since the server first knew it.
///
/// `entered` = waiting + offered now, + `connected` + `abandoned` + `failed` + `shut_down` + `expelled`.
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
    /// Callers put out because the queue was removed.
    pub expelled: u64,
    /// Callers who were never taken in.
    pub refused: u64,
}

/// The live state of one queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Queue {
    /// All who wait, those being offered among them: a caller being offered keeps his place.
    pub(crate) line: Line,
    /// Those of `line` whom nobody is being rung for.
    pub(crate) waiting: BTreeMap<Place, CallId>,
    /// Agents logged in here and free, by the moment since when they are idle.
    pub(crate) bench: BTreeMap<Moment, UserId>,
    /// How many of its callers are talking to agents.
    pub(crate) talking: u32,
    /// Under which place it stands in the engine's `ready`.
    ready_as: Option<Place>,
    pub(crate) totals: QueueTotals,
}

impl Queue {
    /// Enters the queue in `ready` exactly when a waiting caller and a free agent face each other.
    pub(crate) fn refresh(&mut self, id: &QueueId, ready: &mut BTreeSet<(Place, QueueId)>) {
        let wanted = self.head().map(|(place, _)| place);
        let wanted = wanted.filter(|_| !self.bench.is_empty());
        if self.ready_as == wanted {
            return;
        }
        if let Some(place) = self.ready_as {
            ready.remove(&(place, id.clone()));
        }
        if let Some(place) = wanted {
            ready.insert((place, id.clone()));
        }
        self.ready_as = wanted;
    }

    /// The first caller nobody is being rung for.
    pub(crate) fn head(&self) -> Option<(Place, CallId)> {
        self.waiting
            .first_key_value()
            .map(|(place, call)| (*place, *call))
    }

    /// Nothing hangs on it any more.
    pub(crate) fn is_spent(&self) -> bool {
        self.line.is_empty() && self.bench.is_empty() && self.talking == 0
    }
}

/// A caller, from entering a queue to the end of his conversation. One who isn't there is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Caller {
    pub(crate) queue: QueueId,
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
