//! What must always hold between steps, checked against a recount of everything. For tests and for simulations; a live
//! server has no need to pay for it.

use crate::engine::Lists;
use crate::entry::{ATTEMPTS_MAX, Entry, Progress, Stage};
use crate::index::Index;
use crate::promises::Promise;
use base::{CallbackId, OrgId, QueueId, UserId};
use std::collections::BTreeSet;

/// Fails with the words when the condition doesn't hold.
macro_rules! holds {
    ($condition:expr, $($words:tt)*) => {
        if !$condition {
            return Err(format!($($words)*));
        }
    };
}

impl Lists {
    /// Whether all that must hold between two steps does; if not, the first thing found that doesn't.
    pub fn check_invariants(&self) -> Result<(), String> {
        let mut agents: BTreeSet<&UserId> = BTreeSet::new();
        let mut ringing: BTreeSet<(OrgId, &str)> = BTreeSet::new();
        let mut promises: BTreeSet<(&QueueId, &str)> = BTreeSet::new();
        for (id, entry) in &self.entries {
            holds!(entry.id == *id, "{id} says that it is {}", entry.id);
            holds!(*id <= self.last_entry, "{id} is from the future");
            let asked = &entry.asked;
            if let Some(agent) = entry.agent() {
                holds!(agents.insert(agent), "{agent} has two entries, one is {id}");
            }
            if entry.rings_by().is_some() {
                let number = (asked.queue.org(), asked.number.as_str());
                holds!(
                    ringing.insert(number),
                    "{id}'s number is rung twice at once"
                );
            }
            if entry.is_promise() {
                let promise = (&asked.queue, asked.number.as_str());
                holds!(promises.insert(promise), "{id} was promised twice");
            }
            self.check_entry(entry)?;
        }
        for (token, pending) in &self.pending {
            holds!(*token < self.next_seq, "promise {token} is from the future");
            let known = self.entries.contains_key(&pending.entry);
            holds!(
                known,
                "promise {token} is about {}, which is gone",
                pending.entry
            );
        }
        let last_owed = self.owed.last_key_value();
        holds!(
            last_owed.is_none_or(|(token, _)| *token < self.next_seq),
            "an answer is owed for what is to come"
        );
        let counted = Index::of(self);
        holds!(
            counted == self.index,
            "the index is {:?}, and should be {counted:?}",
            self.index
        );
        Ok(())
    }

    fn check_entry(&self, entry: &Entry) -> Result<(), String> {
        let id = entry.id;
        let under_way = entry.attempts.iter().filter(|it| it.outcome.is_none());
        let under_way = under_way.count();
        let expected = match &entry.stage {
            Stage::InCall(placed) => usize::from(placed.progress != Progress::RingingAgent),
            _ => 0,
        };
        holds!(
            under_way == expected,
            "{id} has {under_way} attempts under way, not {expected}"
        );
        holds!(
            entry.attempts.len() <= ATTEMPTS_MAX,
            "{id} was tried too often"
        );
        if let Stage::InCall(placed) = &entry.stage
            && placed.is_unmet()
        {
            let called = matches!(placed.progress, Progress::Storing | Progress::RingingPerson);
            holds!(called, "{id} is {:?} and has met nobody", placed.progress);
            holds!(placed.offer.is_some(), "{id} is called for no queue");
        }
        let starts = entry.asked.wish.starts();
        holds!(
            starts.is_none_or(|starts| starts <= entry.due),
            "{id} is due before its window"
        );
        let stored = entry.stage != Stage::Promised;
        holds!(
            stored != self.is_pending(id, |promise| matches!(promise, Promise::New { .. })),
            "{id} is {:?}, and its storing says otherwise",
            entry.stage
        );
        let storing = match &entry.stage {
            Stage::InCall(placed) => placed.progress == Progress::Storing,
            _ => false,
        };
        holds!(
            storing == self.is_pending(id, |promise| matches!(promise, Promise::Dial { .. })),
            "{id} is {:?}, and its storing says otherwise",
            entry.stage
        );
        Ok(())
    }

    fn is_pending(&self, entry: CallbackId, of: impl Fn(&Promise) -> bool) -> bool {
        let mut its = self.pending.values().filter(|it| it.entry == entry);
        its.any(|it| of(&it.promise))
    }
}
