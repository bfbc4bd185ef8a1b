//! The word that something is done, which a person waits for. It is done at once, so that nobody works with what is over; said it
//! is when it is stored, since a crash before that undoes it.

use crate::engine::{Lists, Step};
use crate::fact::{Fact, Origin};
use crate::output::{Command, Done, Refusal};
use crate::promises::PROMISE_WITHIN;
use base::{CallbackId, Time};
use serde::{Deserialize, Serialize};

/// What somebody is told once it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Owed {
    /// It is done.
    Done {
        /// Who asked.
        ticket: u64,
    },
    /// What the caller keyed, whole: it is looked up when it is told, so that it stands in no fact.
    Revealed {
        /// Who asked.
        ticket: u64,
        /// Of which entry.
        entry: CallbackId,
    },
    /// So many entries were erased.
    Erased {
        /// Who asked.
        ticket: u64,
        /// How many were.
        erased: u32,
        /// How many are left.
        left: u32,
    },
}

/// Such a word, and until when storage has time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owing {
    pub(crate) owed: Owed,
    pub(crate) until: Time,
}

impl Owed {
    fn ticket(self) -> u64 {
        match self {
            Owed::Done { ticket } | Owed::Revealed { ticket, .. } | Owed::Erased { ticket, .. } => {
                ticket
            }
        }
    }

    fn told(self, lists: &Lists) -> Result<Done, Refusal> {
        match self {
            Owed::Done { .. } => Ok(Done::Done),
            Owed::Erased { erased, left, .. } => Ok(Done::Erased { erased, left }),
            Owed::Revealed { entry, .. } => {
                let known = lists.entries.get(&entry);
                let known = known.ok_or(Refusal::NoSuchEntry(entry))?;
                let input = known.asked.input.as_ref();
                let input = input.ok_or(Refusal::NothingKeyed(entry))?;
                Ok(Done::Revealed(input.revealed()))
            }
        }
    }
}

impl Step<'_> {
    /// What was done in this step is stored, and then said.
    pub(crate) fn owe(&mut self, by: Origin, owed: Owed) {
        let until = self.now + PROMISE_WITHIN;
        self.promise(by, Fact::AnswerOwed { owed, until });
    }

    /// All facts up to that one are stored: what waited for it is said.
    pub(crate) fn say_owed(&mut self, token: u64) {
        let due = self.lists.owed.range(..=token);
        for token in due.map(|(token, _)| *token).collect::<Vec<u64>>() {
            self.answer_owed(token, Origin::Storage, |owed, lists| owed.told(lists));
        }
    }

    /// That fact is not stored, nor is any after it: whoever waits is told that it is done and may be undone.
    pub(crate) fn break_owed(&mut self, token: u64) {
        let lost = self.lists.owed.range(token..);
        for token in lost.map(|(token, _)| *token).collect::<Vec<u64>>() {
            self.answer_owed(token, Origin::Storage, |_, _| Err(Refusal::Unstored));
        }
    }

    /// Storage has had its time for it.
    pub(crate) fn owed_overdue(&mut self, token: u64) {
        self.answer_owed(token, Origin::Clock, |_, _| Err(Refusal::Unstored));
    }

    fn answer_owed(
        &mut self,
        token: u64,
        by: Origin,
        told: impl FnOnce(Owed, &Lists) -> Result<Done, Refusal>,
    ) {
        let Some(Owing { owed, .. }) = self.lists.owed.get(&token).copied() else {
            return;
        };
        let result = told(owed, self.lists);
        self.emit(by, Fact::Answered { token });
        let ticket = owed.ticket();
        self.out.commands.push(Command::Answer { ticket, result });
    }
}
