//! What is forgotten, and what can be said of a number until then.

use crate::engine::{Lists, Step};
use crate::entry::{Entry, Stage};
use crate::fact::{Broken, ErasedFor, Fact, Origin};
use crate::number::Number;
use crate::output::{Done, Refusal};
use base::{CallbackId, OrgId};
use control::Principal;
use std::collections::BTreeSet;

/// Most closed entries of an organisation that are kept; beyond it the oldest go before their time.
pub const CLOSED_MAX: usize = 20_000;

impl Lists {
    /// All entries of a number, for whoever has a right to know what is kept of him.
    pub fn export(&self, org: &OrgId, number: &Number) -> Vec<&Entry> {
        let his = self.index.of_number(org, number);
        his.iter().filter_map(|id| self.entries.get(id)).collect()
    }
}

impl Step<'_> {
    pub(crate) fn erase(
        &mut self,
        org: &OrgId,
        number: &str,
        by: Principal,
    ) -> Result<Done, Refusal> {
        let number: Number = number.parse()?;
        // What is only forgotten here would be there again after a restart.
        self.can_store()?;
        let (mut erased, mut left) = (0, 0);
        for entry in self.lists.index.of_number(org, &number) {
            let stage = self.lists.entries.get(&entry).map(|entry| &entry.stage);
            if !matches!(stage, Some(Stage::Waiting | Stage::Closed { .. })) {
                left += 1;
                continue;
            }
            self.forget(entry, ErasedFor::Wish, Origin::Person(by.clone()));
            erased += 1;
        }
        Ok(Done::Erased { erased, left })
    }

    /// Nothing is known of it any more. A caller who was just moving it is told that he was too late.
    pub(crate) fn forget(&mut self, entry: CallbackId, why: ErasedFor, by: Origin) {
        let moves = self
            .lists
            .pending
            .iter()
            .filter(|(_, it)| it.entry == entry);
        for token in moves.map(|(token, _)| *token).collect::<Vec<u64>>() {
            self.promise_broken(token, Broken::Overtaken);
        }
        self.emit(by, Fact::Erased { entry, why });
    }

    /// Makes room where an organisation has more closed entries than may be kept.
    pub(crate) fn forget_beyond(&mut self) {
        let about = self.out.facts.iter().flat_map(|it| it.fact.entries());
        let entries = about.filter_map(|id| self.lists.entries.get(&id));
        let orgs: BTreeSet<OrgId> = entries.map(|entry| entry.asked.queue.org()).collect();
        for org in orgs {
            while let Some(entry) = self.lists.index.closed_beyond(&org, CLOSED_MAX) {
                self.forget(entry, ErasedFor::Room, Origin::Configuration);
            }
        }
    }
}
