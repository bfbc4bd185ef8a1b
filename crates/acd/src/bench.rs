//! The free agents of one queue, in the order in which its policy tries them: whoever is next for a caller is
//! found among 10,000 as fast as among ten.

use crate::fact::Moment;
use crate::policy::Turns;
use crate::settings::Policy;
use crate::table::Number;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Bound;

/// Where an agent sits. The order of the fields is the order of service among those whom a caller may get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Seat {
    /// The first step of widening in which callers may get him.
    pub(crate) step: u8,
    /// Lower is tried first, whatever the policy.
    pub(crate) priority: u8,
    /// What the policy goes by (`policy::turn`).
    pub(crate) turn: u64,
    /// Since when he is idle, which settles the rest.
    pub(crate) since: Moment,
}

impl Seat {
    /// Before all seats of that step.
    fn first_of(step: u8) -> Seat {
        Seat {
            step,
            priority: 0,
            turn: 0,
            since: Moment::default(),
        }
    }
}

/// Free agents by seat.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bench(BTreeMap<Seat, Number>);

impl Bench {
    pub(crate) fn insert(&mut self, seat: Seat, agent: Number) {
        self.0.insert(seat, agent);
    }

    pub(crate) fn remove(&mut self, seat: Seat) {
        self.0.remove(&seat);
    }

    /// The first step of widening in which a caller may get anybody who sits here.
    pub(crate) fn first_step(&self) -> Option<u8> {
        self.0.first_key_value().map(|(seat, _)| seat.step)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Seat, Number)> + '_ {
        self.0.iter().map(|(seat, agent)| (*seat, *agent))
    }

    /// Whom a caller in that step may get: of each step up to his the one whose turn it is, at the best
    /// priority there. One of them is next for him.
    pub(crate) fn candidates(
        &self,
        step: u8,
        policy: Policy,
        turns: &Turns,
    ) -> Vec<(Seat, Number)> {
        let mut candidates = Vec::with_capacity(1);
        // Mostly all sit under one step: the ends of the map are found without comparing anything.
        let last = self.0.last_key_value().map_or(0, |(seat, _)| seat.step);
        let mut next = self.0.first_key_value();
        while let Some((first, agent)) = next.filter(|(first, _)| first.step <= step) {
            let behind = match policy {
                Policy::RoundRobin => self.behind_the_last(*first, turns),
                _ => None,
            };
            candidates.push(behind.unwrap_or((*first, *agent)));
            let further = (first.step < last).then(|| Seat::first_of(first.step + 1));
            next = further.and_then(|from| self.0.range(from..).next());
        }
        candidates
    }

    /// Those a caller in that step may get, in the order of their seats.
    pub(crate) fn able(&self, step: u8) -> impl Iterator<Item = (Seat, Number)> + '_ {
        self.iter().take_while(move |(seat, _)| seat.step <= step)
    }

    /// Those a caller in that step may not get yet.
    pub(crate) fn unable(&self, step: u8) -> impl Iterator<Item = (Seat, Number)> + '_ {
        let last = self.0.last_key_value().map(|(seat, _)| seat.step);
        let any = last.is_some_and(|last| last > step);
        let from = any.then(|| Seat::first_of(step + 1));
        let unable = from.into_iter().flat_map(|from| self.0.range(from..));
        unable.map(|(seat, agent)| (*seat, *agent))
    }

    /// The first whose place in the circle is behind that of whoever was chosen last, of those who sit as
    /// `first` does.
    fn behind_the_last(&self, first: Seat, turns: &Turns) -> Option<(Seat, Number)> {
        let last = Seat {
            turn: turns.last(first.priority)?,
            since: Moment::LAST,
            ..first
        };
        let mut behind = self.0.range((Bound::Excluded(last), Bound::Unbounded));
        let (seat, agent) = behind.next()?;
        let alike = (seat.step, seat.priority) == (first.step, first.priority);
        alike.then_some((*seat, *agent))
    }
}
