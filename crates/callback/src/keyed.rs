//! Numbers that callers key. Nobody knows whose they are, so one caller can't fill the lists with others' numbers, and
//! nobody's telephone rings all day because others keyed his number.

use crate::engine::Step;
use crate::entry::{Draft, Entry};
use crate::index::Index;
use crate::number::{Given, Number};
use crate::output::Refusal;
use base::OrgId;
use std::time::Duration;

/// Most open entries with keyed numbers of whoever calls with one number: himself, his work and his home.
pub const KEYED_OPEN_MAX: usize = 3;
/// Most of all callers of an organisation who show no number together: many who do not know each other, and few enough
/// to call.
pub const KEYED_OPEN_UNKNOWN_MAX: usize = 100;
/// Most entries that are made by keying the same number within [`KEYED_WITHIN`]: more than anybody asks for himself.
pub const KEYED_OF_NUMBER_MAX: usize = 5;
/// How far back they count.
pub const KEYED_WITHIN: Duration = Duration::from_secs(86_400);

impl Index {
    /// Counts an open entry.
    pub(crate) fn add_keyed(&mut self, entry: &Entry) {
        if entry.asked.given == Given::Keyed {
            *self.keyed.entry(asker(&entry.asked)).or_default() += 1;
        }
    }

    /// Counts an open entry no more.
    pub(crate) fn remove_keyed(&mut self, entry: &Entry) {
        if entry.asked.given != Given::Keyed {
            return;
        }
        let asker = asker(&entry.asked);
        if let Some(open) = self.keyed.get_mut(&asker) {
            *open = open.saturating_sub(1);
            if *open == 0 {
                self.keyed.remove(&asker);
            }
        }
    }
}

impl Step<'_> {
    /// Whether whoever asks may have one more entry for that number, if he keyed it.
    pub(crate) fn may_key(&self, draft: &Draft) -> Result<(), Refusal> {
        if draft.given != Given::Keyed {
            return Ok(());
        }
        let most = match draft.asked_by {
            Some(_) => KEYED_OPEN_MAX,
            None => KEYED_OPEN_UNKNOWN_MAX,
        };
        let open = self.lists.index.keyed.get(&asker(draft));
        if open.is_some_and(|open| *open as usize >= most) {
            return Err(Refusal::TooManyKeyed(most));
        }
        let his = self
            .lists
            .index
            .of_number(&draft.queue.org(), &draft.number);
        let his = his.iter().filter_map(|id| self.lists.entries.get(id));
        let lately = his.filter(|entry| {
            entry.asked.given == Given::Keyed && self.utc.since(entry.asked.arrived) < KEYED_WITHIN
        });
        match lately.count() >= KEYED_OF_NUMBER_MAX {
            true => Err(Refusal::KeyedTooOften(KEYED_OF_NUMBER_MAX)),
            false => Ok(()),
        }
    }
}

/// Whom an entry with a keyed number counts for.
fn asker(draft: &Draft) -> (OrgId, Option<Number>) {
    (draft.queue.org(), draft.asked_by.clone())
}
