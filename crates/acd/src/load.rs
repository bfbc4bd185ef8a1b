//! Closing by load: a queue that fills up, or whose callers wait too long, takes nobody in until it has been below a
//! lower pair of marks for a while. Callers inside stay.
//!
//! Between two facts about a queue its waits grow evenly, so the moment at which a mark will be reached is known
//! beforehand and needs no looking again and again.

use crate::engine::Step;
use crate::fact::Fact;
use crate::queue::Queue;
use crate::settings::{Load, WaitOf};
use base::{QueueId, Time};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Whether a queue takes callers in, as far as its load says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Gate {
    /// It does.
    #[default]
    Open,
    /// It does not, and has been below the lower marks since then, if it is.
    Closed { below_since: Option<Time> },
}

/// What comes of a look at a queue's load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Closes,
    Opens,
    /// Nothing but that time has passed: somebody's answer counts no more, or the waits rose over the lower mark again.
    Stays,
}

impl Queue {
    /// The wait that the marks are about.
    fn wait_of(&self, of: WaitOf, now: Time) -> Duration {
        let wait = match of {
            WaitOf::Average => self.waits.average(now),
            WaitOf::Longest => self.longest_since().map(|first| now - first),
        };
        wait.unwrap_or_default()
    }

    /// When that wait reaches `mark` if nothing happens meanwhile; never, where nobody waits.
    fn reaches(&self, of: WaitOf, mark: Duration) -> Option<Time> {
        match of {
            WaitOf::Longest => self.longest_since().map(|first| first + mark),
            WaitOf::Average => self.waits.reaches(mark),
        }
    }

    fn is_over(&self, load: &Load, now: Time) -> bool {
        let waiting = load
            .close
            .waiting
            .is_some_and(|mark| self.line.len() >= mark as usize);
        let wait = load
            .close
            .wait
            .is_some_and(|mark| self.wait_of(load.wait_of, now) >= mark);
        waiting || wait
    }

    fn is_below(&self, load: &Load, now: Time) -> bool {
        let waiting = load
            .open
            .waiting
            .is_none_or(|mark| self.line.len() < mark as usize);
        let wait = load
            .open
            .wait
            .is_none_or(|mark| self.wait_of(load.wait_of, now) < mark);
        waiting && wait && !self.is_over(load, now)
    }

    /// Brings what follows from the load up to date after a change, and says when it is to be looked at.
    pub(crate) fn weigh(&mut self, now: Time) -> Option<Time> {
        let Some(load) = self.rules.and_then(|rules| rules.exits.load) else {
            self.gate = Gate::Open;
            return None;
        };
        self.waits.forget(now);
        if let Gate::Closed { below_since } = self.gate {
            let below_since = match self.is_below(&load, now) {
                true => below_since.or(Some(now)),
                false => None,
            };
            self.gate = Gate::Closed { below_since };
        }
        self.load_due(&load, now)
    }

    pub(crate) fn load_due(&self, load: &Load, now: Time) -> Option<Time> {
        // An average also falls without anything that happens: an answer counts no more.
        let marks = load.close.wait.or(load.open.wait);
        let by_average = marks.is_some() && load.wait_of == WaitOf::Average;
        let forgets = self.waits.forgets_at().filter(|_| by_average);
        let reaches = |mark: Option<Duration>| self.reaches(load.wait_of, mark?);
        match self.gate {
            Gate::Open if self.is_over(load, now) => Some(now),
            Gate::Open => reaches(load.close.wait).into_iter().chain(forgets).min(),
            Gate::Closed { below_since: None } => forgets,
            Gate::Closed {
                below_since: Some(since),
            } => {
                // Whoever is over the upper mark is not below, wherever the lower one lies.
                let marks = [load.open.wait, load.close.wait];
                let rises = reaches(marks.into_iter().flatten().min());
                let due = [Some(since + load.held), rises, forgets];
                due.into_iter().flatten().min()
            }
        }
    }

    fn turn(&self, now: Time) -> Turn {
        let Some(load) = self.rules.and_then(|rules| rules.exits.load) else {
            return Turn::Stays;
        };
        match self.gate {
            Gate::Open if self.is_over(&load, now) => Turn::Closes,
            Gate::Closed {
                below_since: Some(since),
            } if since + load.held <= now && self.is_below(&load, now) => Turn::Opens,
            Gate::Open | Gate::Closed { .. } => Turn::Stays,
        }
    }
}

impl Step<'_> {
    /// Closes and opens queues whose load says so by now: the last thing in a step, when all else has been decided.
    pub(crate) fn weigh_loads(&mut self) {
        while let Some(queue) = self.load_due() {
            let Some(it) = self.engine.queues.named(&queue) else {
                return;
            };
            let (turn, waiting) = (it.turn(self.now), it.line.len());
            self.emit(match turn {
                Turn::Closes => Fact::LoadClosed {
                    queue,
                    waiting: u32::try_from(waiting).unwrap_or(u32::MAX),
                },
                Turn::Opens => Fact::LoadOpened { queue },
                Turn::Stays => Fact::LoadLooked { queue },
            });
        }
    }

    fn load_due(&self) -> Option<QueueId> {
        let first = self.engine.loads.first();
        let due = first.filter(|(at, _)| *at <= self.now);
        due.map(|(_, queue)| queue.clone())
    }
}
