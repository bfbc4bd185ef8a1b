//! What an agent says of his call, and what becomes of the entry then.

use crate::engine::Step;
use crate::entry::{ATTEMPTS_MAX, Closing, Entry, Stage, Standing};
use crate::fact::{Fact, Origin, Resolution};
use crate::moment::Utc;
use crate::output::{Done, Refusal};
use crate::settings::{Rules, Settings};
use crate::text::Text;
use base::{CallbackId, QueueId, UserId};
use control::{Note, Outcome, Then};

/// What becomes of an entry after a call with this outcome, by the rule of its queue or the wish of its agent.
pub(crate) fn resolve(
    settings: &Settings,
    entry: &Entry,
    outcome: Outcome,
    wish: Option<Then>,
    now: Utc,
) -> Resolution {
    let list = settings.lists.get(&entry.asked.queue);
    let rules = list.map_or_else(Rules::default, |list| list.rules);
    let rule = rules.of(outcome);
    let tried = entry.attempts.len() >= ATTEMPTS_MAX;
    // The last attempt's outcome is this one, whatever it seemed to be.
    let before = entry.attempts.len().saturating_sub(1);
    let same = entry.attempts.iter().take(before);
    let same = same
        .filter(|attempt| attempt.outcome == Some(outcome))
        .count()
        + 1;
    match wish.unwrap_or(rule.then) {
        Then::Close if outcome == Outcome::Reached => Resolution::Closed(Closing::Done),
        Then::Close => Resolution::Closed(Closing::GivenUp),
        Then::Requeue if tried || same >= usize::from(rule.attempts_max) => {
            Resolution::Closed(Closing::GivenUp)
        }
        Then::Requeue => {
            let due = now + rule.delay;
            let starts = entry.asked.wish.starts();
            let due = starts.map_or(due, |starts| starts.max(due));
            Resolution::Requeued { due }
        }
    }
}

impl Step<'_> {
    pub(crate) fn note(
        &mut self,
        list: &QueueId,
        id: CallbackId,
        agent: UserId,
        note: Note,
        by: Origin,
    ) -> Result<Done, Refusal> {
        let entry = self.on_list(list, id)?;
        match &entry.stage {
            Stage::AwaitingNote { agent: owes, .. } if *owes == agent => {}
            Stage::AwaitingNote { .. } => return Err(Refusal::NotHis { agent, entry: id }),
            _ => return Err(Refusal::NoNoteOwed(id)),
        }
        if let Some(outcome @ (Outcome::Failed | Outcome::Interrupted | Outcome::Abandoned)) =
            note.outcome
        {
            return Err(Refusal::NotHisToSay(outcome));
        }
        let text = Text::new(&note.text)?;
        let seemed = seemed(entry);
        let outcome = note.outcome.unwrap_or(seemed);
        self.settle(id, agent, Some(text), outcome, note.then, by);
        Ok(Done::Done)
    }

    /// A supervisor lets the description be; the entry goes on by the rules.
    pub(crate) fn waive(
        &mut self,
        list: &QueueId,
        id: CallbackId,
        by: Origin,
    ) -> Result<Done, Refusal> {
        let entry = self.on_list(list, id)?;
        let Stage::AwaitingNote { agent, .. } = &entry.stage else {
            return Err(Refusal::NoNoteOwed(id));
        };
        let (agent, outcome) = (agent.clone(), seemed(entry));
        self.settle(id, agent, None, outcome, None, by);
        Ok(Done::Done)
    }

    fn settle(
        &mut self,
        id: CallbackId,
        agent: UserId,
        text: Option<Text>,
        outcome: Outcome,
        wish: Option<Then>,
        by: Origin,
    ) {
        let Some((then, merges)) = self.what_becomes(id, outcome, wish) else {
            return;
        };
        let fact = Fact::Noted {
            entry: id,
            agent,
            text,
            outcome,
            then,
        };
        self.emit(by.clone(), fact);
        self.merge_into(id, merges, by);
    }

    /// A call is over in which no agent was: the entry goes on by the rules, and nobody owes a description.
    pub(crate) fn unmet(&mut self, id: CallbackId, agent: UserId, outcome: Outcome, by: Origin) {
        let Some((then, merges)) = self.what_becomes(id, outcome, None) else {
            return;
        };
        let fact = Fact::Unmet {
            entry: id,
            agent,
            outcome,
            then,
        };
        self.emit(by.clone(), fact);
        self.merge_into(id, merges, by);
        let list = self.lists.entries.get(&id).map(|it| it.asked.queue.clone());
        let ahead =
            list.and_then(|list| Some((self.lists.settings.lists.get(&list)?.ahead?, list)));
        if let Some((most, list)) = ahead {
            self.look_at_abandoned(&list, most);
        }
    }

    /// What becomes of an entry, and the promise in which it goes on where that is another.
    fn what_becomes(
        &self,
        id: CallbackId,
        outcome: Outcome,
        wish: Option<Then>,
    ) -> Option<(Resolution, Option<(CallbackId, Utc)>)> {
        let entry = self.lists.entries.get(&id)?;
        let then = resolve(&self.lists.settings, entry, outcome, wish, self.utc);
        // The caller may have come again while an agent tried what he had begun: that goes on in what he accepted.
        let other = self
            .lists
            .promise_of(&entry.asked.queue, &entry.asked.number);
        let other = other.filter(|_| entry.standing == Standing::Started);
        let other = other.map(|other| (other.id, entry.asked.arrived));
        let merges = other.filter(|_| matches!(then, Resolution::Requeued { .. }));
        Some(match merges {
            Some(_) => (Resolution::Closed(Closing::Cancelled), merges),
            None => (then, None),
        })
    }

    fn merge_into(&mut self, gone: CallbackId, other: Option<(CallbackId, Utc)>, by: Origin) {
        if let Some((kept, arrived)) = other {
            let fact = Fact::Merged {
                kept,
                gone,
                arrived,
            };
            self.emit(by, fact);
        }
    }
}

/// What came of the last attempt, as far as the call could tell.
fn seemed(entry: &Entry) -> Outcome {
    let last = entry.attempts.last().and_then(|attempt| attempt.outcome);
    last.unwrap_or(Outcome::Interrupted)
}
