//! Queues in which a caller and a free agent face each other, and which of them comes first: among queues
//! that share agents, the one whose caller has waited longest, times his queue's weight.

use crate::line::Place;
use crate::named::Number;
use base::Time;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The heaviest a queue may be: with ten times as much weight one caller's minute is as good as another's ten.
pub const WEIGHT_MAX: u8 = 10;

/// Queues by weight, and within a weight by the place of the caller at their head: whose wait is longest is
/// found by comparing one head a weight, whatever the time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ready(BTreeMap<u8, BTreeSet<(Place, Number)>>);

impl Ready {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn insert(&mut self, weight: u8, place: Place, queue: Number) {
        self.0.entry(weight).or_default().insert((place, queue));
    }

    pub(crate) fn remove(&mut self, weight: u8, place: Place, queue: Number) {
        if let Some(alike) = self.0.get_mut(&weight) {
            alike.remove(&(place, queue));
            if alike.is_empty() {
                self.0.remove(&weight);
            }
        }
    }

    /// The queue whose turn it is at `now`; of two waits that weigh the same, the longer comes first.
    pub(crate) fn first(&self, now: Time) -> Option<Number> {
        let heads = self.0.iter().filter_map(|(weight, alike)| {
            let (place, queue) = alike.first()?;
            Some((-place.weighed(*weight, now), *place, *queue))
        });
        heads.min().map(|(.., queue)| queue)
    }
}
