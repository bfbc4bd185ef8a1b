//! What is known from the process before. A list is durable, a call is not: whoever had an entry has it no longer, and a person who
//! was being rung is not rung again before his agent has said what came of it.

use crate::engine::Step;
use crate::entry::{Closing, Entry, Stage, Standing};
use crate::fact::{Fact, Origin, Resolution};
use crate::moment::Utc;
use crate::notes::resolve;
use base::{CallbackId, QueueId, UserId};
use control::Outcome;
use std::collections::BTreeSet;

impl Step<'_> {
    pub(crate) fn recall(&mut self, mut entry: Entry) {
        if self.lists.entries.contains_key(&entry.id) {
            return;
        }
        let stored = entry.clone();
        self.wake(&mut entry);
        let mut merged = None;
        if entry.is_promise() {
            let asked = &entry.asked;
            let other = self.lists.promise_of(&asked.queue, &asked.number);
            if let Some(other) = other.map(|other| (other.id, other.asked.arrived)) {
                merged = self.merge(&mut entry, other);
            }
        }
        if entry != stored {
            entry.version += 1;
        }
        let (gone, arrived) = (entry.id, entry.asked.arrived);
        let entry = Box::new(entry);
        self.emit(Origin::Restart, Fact::Recalled { entry });
        if let Some(kept) = merged {
            let fact = Fact::Merged {
                kept,
                gone,
                arrived,
            };
            self.emit(Origin::Restart, fact);
        }
    }

    /// Nobody has it any more.
    fn wake(&self, entry: &mut Entry) {
        let mut is_owed = true;
        match entry.stage.clone() {
            // It was stored, so it may have been promised.
            Stage::Promised | Stage::Leased { .. } => entry.stage = Stage::Waiting,
            Stage::InCall(placed) => match entry.attempts.last_mut() {
                Some(attempt) if attempt.outcome.is_none() => {
                    attempt.outcome = Some(Outcome::Interrupted);
                    // An agent who was not there has nothing to say of it.
                    is_owed = !placed.is_unmet();
                    let (agent, began) = (placed.agent, placed.began);
                    entry.stage = Stage::AwaitingNote { agent, began };
                }
                _ => entry.stage = Stage::Waiting,
            },
            Stage::Waiting | Stage::AwaitingNote { .. } | Stage::Closed { .. } => {}
        }
        // An agent owes one description at most: what he can't have owed goes on by the rules.
        if let Some(agent) = entry.agent()
            && (!is_owed || self.lists.index.agents.contains_key(agent))
        {
            let settings = &self.lists.settings;
            match resolve(settings, entry, Outcome::Interrupted, None, self.utc) {
                Resolution::Requeued { due } => {
                    entry.stage = Stage::Waiting;
                    entry.standing = Standing::Requeued;
                    entry.due = due;
                }
                Resolution::Closed(how) => {
                    let at = self.utc;
                    entry.stage = Stage::Closed { how, at };
                }
            }
        }
    }

    /// Two promises for the same number are one. Gives the other, if that is what is left; else it was closed.
    fn merge(
        &mut self,
        entry: &mut Entry,
        (other, arrived): (CallbackId, Utc),
    ) -> Option<CallbackId> {
        let known = self.lists.entries.get(&other);
        let waits = known.is_some_and(|it| it.stage == Stage::Waiting);
        let (how, text) = (Closing::Cancelled, None);
        if waits && entry.stage != Stage::Waiting {
            let fact = Fact::Closed {
                entry: other,
                how,
                text,
            };
            self.emit(Origin::Restart, fact);
            entry.asked.arrived = entry.asked.arrived.min(arrived);
            return None;
        }
        let at = self.utc;
        entry.stage = Stage::Closed { how, at };
        Some(other)
    }

    pub(crate) fn recall_last(&mut self, last: CallbackId) {
        if last > self.lists.last_entry {
            self.emit(Origin::Restart, Fact::NumbersTaken { last });
        }
    }

    pub(crate) fn recall_staff(&mut self, agent: &UserId, lists: &BTreeSet<QueueId>) {
        let may = lists.iter().filter(|list| self.is_member(agent, list));
        let may: BTreeSet<QueueId> = may.cloned().collect();
        self.join(agent.clone(), may, Origin::Restart);
    }
}
