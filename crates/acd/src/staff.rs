//! Who is there for a queue's callers. Counted as agents come and go, so that asking costs nothing.

use crate::agent::Agent;
use crate::estimate::WHOLE;
use serde::{Deserialize, Serialize};

/// Of the agents logged in to one queue, those who count for its callers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Staff {
    /// With a device that can be called.
    pub(crate) reachable: u32,
    /// Not paused.
    pub(crate) unpaused: u32,
    /// Time of theirs that is this queue's, in parts of [`WHOLE`]: the `c` of the expected wait.
    pub(crate) effective: u64,
}

/// What one agent adds to the staff of one of his queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    reachable: bool,
    unpaused: bool,
    share: u32,
}

impl Agent {
    /// What he adds to each of his queues: they share him alike, and one who takes no calls shortens nobody's wait.
    pub(crate) fn part(&self) -> Part {
        let queues = u32::try_from(self.logins.len()).unwrap_or(u32::MAX);
        let share = WHOLE.checked_div(queues).unwrap_or_default();
        Part {
            reachable: self.reachable,
            unpaused: self.pause.is_none(),
            share: match self.reachable && self.pause.is_none() {
                true => share,
                false => 0,
            },
        }
    }
}

impl Staff {
    pub(crate) fn add(&mut self, part: Part) {
        self.reachable += u32::from(part.reachable);
        self.unpaused += u32::from(part.unpaused);
        self.effective += u64::from(part.share);
    }

    pub(crate) fn remove(&mut self, part: Part) {
        self.reachable -= u32::from(part.reachable);
        self.unpaused -= u32::from(part.unpaused);
        self.effective -= u64::from(part.share);
    }
}
