//! Entries and agents' lists as rows of the store, and back.

use base::{CallbackId, QueueId, UserId};
use callback::{Attempt, ENTRY_VERSION, Entry, FACTS_VERSION, Fact, Outcome, Stamped, Text, Utc};
use std::collections::BTreeSet;
use store::{AttemptRow, CallbackFact, CallbackRow, KeptCallbacks, StaffRow};

/// Lists as they were before this process.
#[derive(Debug, Default)]
pub(crate) struct Recalled {
    pub(crate) entries: Vec<Entry>,
    pub(crate) last: CallbackId,
    pub(crate) staff: Vec<(UserId, BTreeSet<QueueId>)>,
}

/// Why a row can't be read.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error("it is of version {0}, and this server knows {ENTRY_VERSION}")]
    Version(u16),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error("it has more attempts than an entry has")]
    Attempts,
    #[error("{0:?} can't stand in an attempt")]
    Attempt(String),
}

impl Recalled {
    /// The lists that entries are on.
    pub(crate) fn lists(&self) -> impl Iterator<Item = QueueId> {
        let lists = self.entries.iter().map(|entry| entry.asked.queue.clone());
        lists.collect::<BTreeSet<QueueId>>().into_iter()
    }

    /// What can be read of it. The rest stays in the store as it is: its number is given to nobody else.
    pub(crate) fn of(kept: KeptCallbacks, staff: Vec<StaffRow>) -> Recalled {
        let mut recalled = Recalled {
            last: CallbackId(kept.last),
            ..Recalled::default()
        };
        for row in kept.entries {
            let id = CallbackId(row.id);
            match entry_of(row) {
                Ok(entry) => recalled.entries.push(entry),
                Err(error) => {
                    tracing::error!(callback = %id, %error, "a callback that was kept can't be read");
                }
            }
        }
        for row in staff {
            match serde_json::from_str(&row.lists) {
                Ok(lists) => recalled.staff.push((row.user, lists)),
                Err(error) => {
                    tracing::warn!(user = %row.user, %error, "whom an agent calls back can't be read");
                }
            }
        }
        recalled
    }
}

fn entry_of(row: CallbackRow) -> Result<Entry, Unreadable> {
    if row.format != ENTRY_VERSION {
        return Err(Unreadable::Version(row.format));
    }
    let mut entry: Entry = serde_json::from_str(&row.entry)?;
    for attempt in row.attempts {
        let attempt = attempt_of(attempt)?;
        let has_room = entry.attempts.push(attempt).is_ok();
        has_room.then_some(()).ok_or(Unreadable::Attempts)?;
    }
    Ok(entry)
}

fn attempt_of(row: AttemptRow) -> Result<Attempt, Unreadable> {
    let wrong = |text: &str| Unreadable::Attempt(text.to_owned());
    let outcome = |word: &str| {
        let read = serde_json::from_value(word.into());
        read.map_err(|_| wrong(word))
    };
    let text = |text: &str| Text::new(text).map_err(|_| wrong(text));
    Ok(Attempt {
        at: Utc::from_seconds(row.at_s),
        agent: row.agent.parse().map_err(|_| wrong(&row.agent))?,
        outcome: row.outcome.as_deref().map(outcome).transpose()?,
        text: row.text.as_deref().map(text).transpose()?,
    })
}

/// An entry as it is kept.
pub(crate) fn row_of(mut entry: Entry) -> CallbackRow {
    let attempts = std::mem::take(&mut entry.attempts);
    let attempt = |it: &Attempt| AttemptRow {
        at_s: it.at.as_seconds(),
        agent: it.agent.to_string(),
        outcome: it.outcome.map(word),
        text: it.text.as_ref().map(|text| text.as_str().to_owned()),
    };
    let status = entry.status().map(|status| status.to_string());
    CallbackRow {
        id: entry.id.0,
        org: entry.asked.queue.org().to_string(),
        list: entry.asked.queue.to_string(),
        status: status.unwrap_or_else(|| "being stored".to_owned()),
        due_s: entry.due.as_seconds(),
        arrived_s: entry.asked.arrived.as_seconds(),
        number: entry.asked.number.as_str().to_owned(),
        version: entry.version,
        format: ENTRY_VERSION,
        entry: serde_json::to_string(&entry).expect("names, numbers and texts can be written"),
        attempts: attempts.iter().map(attempt).collect(),
    }
}

/// What came of an attempt, in the word that is written for it.
pub(crate) fn word(outcome: Outcome) -> String {
    let word = serde_json::to_value(outcome).ok();
    let word = word.as_ref().and_then(|word| word.as_str());
    word.unwrap_or_default().to_owned()
}

/// What came about as it is kept: nothing of it says who the caller is, so that nothing is left to be erased.
pub(crate) fn fact_row(mut stamped: Stamped, utc_ms: u64) -> CallbackFact {
    stamped.fact.scrub();
    let callback = match &stamped.fact {
        Fact::Revealed { entry } => Some(*entry),
        other => other.entries().next(),
    };
    CallbackFact {
        seq: stamped.seq,
        at_ms: utc_ms,
        callback: callback.map(|id| id.0),
        format: FACTS_VERSION,
        fact: serde_json::to_string(&stamped).expect("names, numbers and texts can be written"),
    }
}

/// Whether it is kept: what is of no entry, no agent and no list is of this process alone.
pub(crate) fn is_kept(fact: &Fact) -> bool {
    let is_about_others = matches!(
        fact,
        Fact::LoggedIn { .. }
            | Fact::LoggedOut { .. }
            | Fact::Revealed { .. }
            | Fact::AheadIs { .. }
    );
    is_about_others || fact.entries().next().is_some()
}
