//! What an agent hears who dials a code of the callback lists.

use media_core::PromptId;
use serde::{Deserialize, Serialize};

/// What is said after those codes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListPrompts {
    /// "You are logged in for callbacks."
    pub logged_in: PromptId,
    /// "You are logged out of callbacks."
    pub logged_out: PromptId,
    /// "You have the next callback. Hang up, and your phone will ring."
    pub next: PromptId,
    /// "Nobody is to be called back right now."
    pub nothing_due: PromptId,
    /// "First say what came of your last callback."
    pub note_owed: PromptId,
}

impl ListPrompts {
    /// The standard ones, found by name.
    pub fn named(mut prompt: impl FnMut(&str) -> PromptId) -> ListPrompts {
        ListPrompts {
            logged_in: prompt("list-logged-in"),
            logged_out: prompt("list-logged-out"),
            next: prompt("list-next"),
            nothing_due: prompt("list-nothing-due"),
            note_owed: prompt("list-note-owed"),
        }
    }
}
