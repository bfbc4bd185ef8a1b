//! Callbacks that a queue distributes to its agents as it does callers: what of its list is due, as the owner of the
//! list tells, and which free agents may be given one. Whoever is chosen is kept for it (`errands.rs`) before anybody is rung, so
//! there are never more calls than agents.
//!
//! An entry asks for as little as callers who have waited longest: any agent of the queue may have it, but one who has another
//! entry or still owes what came of his last. He sits on the queue's bench for callers all the same.

use crate::agent::Login;
use crate::bench::{Bench, Seat};
use crate::engine::{Engine, Step};
use crate::fact::Fact;
use crate::line::Place;
use crate::queue::Queue;
use crate::share::Balance;
use crate::table::Number;
use base::{CallbackId, QueueId, Time, UserId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Due entries of one queue that are known here at once: the first to have come. As many agents as become free before the owner
/// of the list is heard again are fewer.
pub const DUE_MAX: usize = 16;

/// Whether somebody is kept waiting by an entry that no agent has.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Urgency {
    /// The person is being called, or is on the line: whoever is free next has to have it, whoever else waits.
    Called,
    /// It may be made.
    #[default]
    Due,
}

/// An entry that may be made now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DueCallback {
    /// First, so that whom nobody may keep waiting stands before all others.
    #[serde(default)]
    pub urgency: Urgency,
    /// When its caller came first.
    pub arrived: Time,
    /// Which.
    pub entry: CallbackId,
}

impl DueCallback {
    /// Where it would stand in line.
    pub(crate) fn place(self) -> Place {
        let since = match self.urgency {
            // Before anybody can have come.
            Urgency::Called => i64::MIN,
            Urgency::Due => i64::try_from(self.arrived.as_micros()).unwrap_or(i64::MAX),
        };
        let ticket = self.entry.0;
        Place { since, ticket }
    }
}

/// What a queue has to be called back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Callbacks {
    /// What is due, the first to have come first.
    pub(crate) due: BTreeSet<DueCallback>,
    /// Entries that agents are kept for, whether they still count as due or not.
    pub(crate) entrusted: BTreeSet<CallbackId>,
    /// Free agents who may be given one: there only where the queue distributes them.
    pub(crate) bench: Bench,
    /// What they have saved up of their share.
    pub(crate) balance: Balance,
}

impl Callbacks {
    /// The first that an agent could be given now.
    pub(crate) fn head(&self) -> Option<DueCallback> {
        self.bench.first_step()?;
        let mut due = self.due.iter();
        let first = due.find(|due| !self.entrusted.contains(&due.entry));
        first.copied()
    }
}

impl Login {
    /// Where he is to sit for callbacks, as he sits for callers; nowhere, where he may be given none.
    pub(crate) fn errand_wanted(&self, indebted: bool) -> Option<Seat> {
        let seat = self.seat.filter(|_| self.deals && !indebted);
        // Which step of widening callers get him in is of no account here.
        seat.map(|seat| Seat { step: 0, ..seat })
    }
}

impl Queue {
    /// An agent sits down for callbacks there, and where he sat no more.
    pub(crate) fn seat_for_errands(
        &mut self,
        agent: Number,
        sat: Option<Seat>,
        sits: Option<Seat>,
    ) {
        if sat == sits {
            return;
        }
        if let Some(seat) = sat {
            self.callbacks.bench.remove(seat);
        }
        if let Some(seat) = sits {
            self.callbacks.bench.insert(seat, agent);
        }
    }
}

impl Engine {
    /// What a queue has to be called back, as it was told last.
    pub(crate) fn callbacks_of(&self, queue: &QueueId) -> Callbacks {
        let errands = self.errands.values();
        let its = errands.filter(|errand| errand.queue == *queue);
        Callbacks {
            due: self.due.get(queue).cloned().unwrap_or_default(),
            entrusted: its.map(|errand| errand.entry).collect(),
            ..Callbacks::default()
        }
    }

    /// Whether a queue distributes callbacks.
    pub(crate) fn deals(&self, queue: &QueueId) -> bool {
        let settings = self.settings.queues.get(queue);
        settings.is_some_and(|settings| settings.callbacks.is_some())
    }

    pub(crate) fn apply_callbacks_due(&mut self, queue: &QueueId, due: &[DueCallback]) {
        let due: BTreeSet<DueCallback> = due.iter().copied().collect();
        match due.is_empty() {
            true => self.due.remove(queue),
            false => self.due.insert(queue.clone(), due.clone()),
        };
        if let Some(own) = self.queues.number(queue) {
            self.queue(own, |queue| queue.callbacks.due = due);
        }
    }
}

impl Step<'_> {
    /// The owner of a queue's list says what is due on it.
    pub(crate) fn callbacks_due(&mut self, queue: QueueId, mut due: Vec<DueCallback>) {
        due.sort_unstable();
        due.truncate(DUE_MAX);
        let known = self.engine.due.get(&queue);
        if !known.into_iter().flatten().eq(&due) {
            self.emit(Fact::CallbacksDue { queue, due });
        }
    }

    /// Whether an agent has an entry, or owes what came of one.
    pub(crate) fn indebted(&mut self, agent: UserId, indebted: bool) {
        let known = self.engine.agents.named(&agent);
        if known.is_some_and(|known| known.indebted) != indebted && self.has_room_for(&agent) {
            self.emit(Fact::Indebted { agent, indebted });
        }
    }
}
