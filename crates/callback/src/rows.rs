//! What a list shows of its entries: plain values that are read elsewhere, while the lists go on.

use crate::engine::Lists;
use crate::entry::{Entry, Status, Told, Wish};
use crate::moment::Utc;
use crate::number::{Given, Number};
use crate::text::Text;
use base::{CallbackId, QueueId, UserId};
use serde::Serialize;

/// An entry as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Which.
    pub id: CallbackId,
    /// When the caller's call came.
    pub arrived: Utc,
    /// When he wants to be called.
    pub wish: Wish,
    /// From when on he may be.
    pub due: Utc,
    /// How far the clock has gone past that.
    pub told: Told,
    /// The queue that he waited in.
    pub queue: QueueId,
    /// The number to call.
    pub number: Number,
    /// Where that came from.
    pub given: Given,
    /// What he keyed of himself, masked.
    pub input: Option<String>,
    /// Who tried last.
    pub tried_by: Option<UserId>,
    /// How often somebody tried.
    pub attempts: usize,
    /// How it stands.
    pub status: Status,
    /// Who has it, calls, or owes a description.
    pub held_by: Option<UserId>,
    /// Until when, if nothing comes of it, by the clock on the wall: whoever shows it counts down to that.
    pub held_until: Option<Utc>,
    /// The latest thing that somebody wrote of it.
    pub latest: Option<Text>,
    /// One more with each change.
    pub version: u32,
}

impl Lists {
    /// All entries as they are shown; not those whose callers have been promised nothing yet.
    pub fn rows(&self) -> Vec<Row> {
        let entries = self.entries.values();
        entries.filter_map(|entry| self.row(entry)).collect()
    }

    /// An entry as it is shown.
    pub fn row(&self, entry: &Entry) -> Option<Row> {
        let asked = &entry.asked;
        Some(Row {
            id: entry.id,
            arrived: asked.arrived,
            wish: asked.wish.clone(),
            due: entry.due,
            told: entry.told,
            queue: asked.queue.clone(),
            number: asked.number.clone(),
            given: asked.given,
            input: asked.input.as_ref().map(|input| input.masked()),
            tried_by: entry.attempts.last().map(|attempt| attempt.agent.clone()),
            attempts: entry.attempts.len(),
            status: entry.status()?,
            held_by: entry.agent().cloned(),
            held_until: entry.held_until().map(|until| self.utc(until)),
            latest: entry.latest.clone(),
            version: entry.version,
        })
    }
}
