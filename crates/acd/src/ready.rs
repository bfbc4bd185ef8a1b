//! Queues in which a caller and a free agent face each other, and which of them comes first: among queues
//! that share agents, the one whose caller has waited longest, times his queue's weight.

use crate::line::Place;
use crate::table::Number;
use base::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The heaviest a queue may be: with ten times as much weight one caller's minute is as good as another's ten.
pub const WEIGHT_MAX: u8 = 10;

/// Queues by weight, and within a weight by the place of the caller at their head: whose wait is longest is
/// found by comparing one head a weight, whatever the time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ready([BTreeSet<(Place, Number)>; WEIGHT_MAX as usize + 1]);

impl Ready {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(BTreeSet::is_empty)
    }

    pub(crate) fn insert(&mut self, weight: u8, place: Place, queue: Number) {
        self.0[of(weight)].insert((place, queue));
    }

    pub(crate) fn remove(&mut self, weight: u8, place: Place, queue: Number) {
        self.0[of(weight)].remove(&(place, queue));
    }

    /// The queue whose turn it is at `now`; of two waits that weigh the same, the longer comes first.
    pub(crate) fn first(&self, now: Time) -> Option<Number> {
        let heads = (0..).zip(&self.0).filter_map(|(weight, alike)| {
            let (place, queue) = alike.first()?;
            Some((-place.weighed(weight, now), *place, *queue))
        });
        heads.min().map(|(.., queue)| queue)
    }
}

/// Under which weight a queue stands: a heavier one than may be is as heavy as any.
fn of(weight: u8) -> usize {
    weight.min(WEIGHT_MAX).into()
}
