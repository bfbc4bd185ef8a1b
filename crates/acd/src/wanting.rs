//! Callers of one queue who want a phone to ring, and who of them is first for whoever is free: apart by how far what
//! they ask for has widened, since that decides who can be got for them.

use crate::line::Place;
use base::CallId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Callers by step of widening, and by place within it. Steps are as few as their settings'.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wanting(Vec<Row>);

/// Callers in one step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    callers: BTreeMap<Place, CallId>,
    /// The first of them: asked for with every agent who comes or goes, mostly in vain.
    first: Option<(Place, CallId)>,
}

impl Wanting {
    /// A caller in that step wants a phone to ring.
    pub(crate) fn insert(&mut self, step: u8, place: Place, call: CallId) {
        let step = usize::from(step);
        if self.0.len() <= step {
            self.0.resize_with(step + 1, Row::default);
        }
        let row = &mut self.0[step];
        row.callers.insert(place, call);
        if row.first.is_none_or(|(first, _)| place <= first) {
            row.first = Some((place, call));
        }
    }

    /// He does no more.
    pub(crate) fn remove(&mut self, step: u8, place: Place) {
        let Some(row) = self.0.get_mut(usize::from(step)) else {
            return;
        };
        row.callers.remove(&place);
        if row.first.is_some_and(|(first, _)| place == first) {
            let first = row.callers.first_key_value();
            row.first = first.map(|(place, call)| (*place, *call));
        }
    }

    /// The first in that step and those after it; with his step.
    pub(crate) fn first_from(&self, step: u8) -> Option<(u8, Place, CallId)> {
        let rows = (0..).zip(&self.0).skip(step.into());
        let firsts = rows.filter_map(|(step, row)| Some((step, row.first?)));
        let first = firsts.min_by_key(|(_, (place, _))| *place);
        first.map(|(step, (place, call))| (step, place, call))
    }

    /// Whether that caller does, in that step and at that place.
    pub(crate) fn has(&self, step: u8, place: Place, call: CallId) -> bool {
        let row = self.0.get(usize::from(step));
        row.is_some_and(|row| row.callers.get(&place) == Some(&call))
    }

    /// Nobody wants one any more.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// All: step, place and caller.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u8, Place, CallId)> {
        let rows = (0..).zip(&self.0);
        rows.flat_map(|(step, row)| row.callers.iter().map(move |it| (step, *it.0, *it.1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{ShardId, Time};
    use std::time::Duration;

    #[test]
    fn the_first_is_that_of_a_plain_recount_through_thousands_of_comings_and_goings() {
        let (mut wanting, mut plain) = (Wanting::default(), BTreeMap::new());
        for n in 0..4_000_u64 {
            let place = Place::of(Time::from_millis(n * 607 % 1_009), Duration::ZERO, 0);
            let step = (n * 607 % 1_009 % 4) as u8;
            if plain.remove(&(step, place)).is_some() {
                wanting.remove(step, place);
            } else {
                let call = CallId {
                    shard: ShardId(0),
                    slot: n as u32,
                    generation: 0,
                };
                wanting.insert(step, place, call);
                plain.insert((step, place), call);
            }
            let all = plain
                .iter()
                .map(|((step, place), call)| (*step, *place, *call));
            assert!(wanting.iter().eq(all.clone()));
            for from in 0..5 {
                let able = all.clone().filter(|(step, ..)| *step >= from);
                assert_eq!(
                    wanting.first_from(from),
                    able.min_by_key(|(_, place, _)| *place)
                );
            }
        }
    }
}
