//! Queues in which somebody who is next and a free agent face each other, and which of them comes first: among queues
//! that share agents, the one whose first has waited longest, times his queue's weight. Callers and people who are to
//! be called back stand apart, since between them it goes by shares (`share.rs`).

use crate::line::Place;
use crate::table::Number;
use base::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The heaviest a queue may be: with ten times as much weight one caller's minute is as good as another's ten.
pub const WEIGHT_MAX: u8 = 10;

/// Queues in which a free agent faces somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ready {
    /// A caller who wants a phone to ring.
    pub(crate) callers: Heads,
    /// A person who is to be called back.
    pub(crate) callbacks: Heads,
}

impl Ready {
    pub(crate) fn is_empty(&self) -> bool {
        self.callers.is_empty() && self.callbacks.is_empty()
    }
}

/// Under which weight and place a queue stands among others, if it does.
pub(crate) type ReadyAs = Option<(u8, Place)>;

/// Queues by weight, and within a weight by the place of whoever is at their head: whose wait is longest is
/// found by comparing one head a weight, whatever the time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Heads([BTreeSet<(Place, Number)>; WEIGHT_MAX as usize + 1]);

/// The queue whose turn it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct First {
    pub(crate) queue: Number,
    /// What the wait of whoever is at its head counts for.
    pub(crate) weighed: i128,
}

impl Heads {
    fn is_empty(&self) -> bool {
        self.0.iter().all(BTreeSet::is_empty)
    }

    /// The queue stands as `wanted` from now on, and as `stands` no more.
    pub(crate) fn change(&mut self, queue: Number, stands: &mut ReadyAs, wanted: ReadyAs) {
        if *stands == wanted {
            return;
        }
        if let Some((weight, place)) = *stands {
            self.0[of(weight)].remove(&(place, queue));
        }
        if let Some((weight, place)) = wanted {
            self.0[of(weight)].insert((place, queue));
        }
        *stands = wanted;
    }

    /// The queue whose turn it is at `now`; of two waits that weigh the same, the longer comes first.
    pub(crate) fn first(&self, now: Time) -> Option<First> {
        let heads = (0..).zip(&self.0).filter_map(|(weight, alike)| {
            let (place, queue) = alike.first()?;
            Some((-place.weighed(weight, now), *place, *queue))
        });
        let first = heads.min();
        first.map(|(weighed, _, queue)| First {
            queue,
            weighed: -weighed,
        })
    }
}

/// Under which weight a queue stands: a heavier one than may be is as heavy as any.
fn of(weight: u8) -> usize {
    weight.min(WEIGHT_MAX).into()
}
