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
    /// What he adds to each of his queues by its weight: they share him as their weights are, since that is how he is
    /// shared out while callers wait in all of them. One who takes no calls shortens nobody's wait.
    pub(crate) fn parts(&self) -> impl Fn(u8) -> Part + use<> {
        let weights: u32 = self.logins.values().map(|it| u32::from(it.weight)).sum();
        let (reachable, unpaused) = (self.reachable, self.pause.is_none());
        let whole = if reachable && unpaused { WHOLE } else { 0 };
        move |weight| Part {
            reachable,
            unpaused,
            // A million times ten is well within.
            share: (whole * u32::from(weight))
                .checked_div(weights)
                .unwrap_or_default(),
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
