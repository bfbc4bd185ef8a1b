//! Callers who accept to be called back, and the agents who are given them: the part of whoever owns the lists, as far as the engine
//! sees it. Which entry is next and who gets it is the engine's to say.

use super::people::ON_THE_WAY;
use super::{Being, Event, Step, World, call};
use crate::called_back::CallbackRow;
use crate::traffic::Attempt;
use acd::{CallbackEnd, DUE_MAX, DueCallback, Input, LeaveCause, OfferEnd, Urgency};
use base::{CallbackId, OfferId, QueueId, UserId};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What is on the lists.
#[derive(Default)]
pub(super) struct Lists {
    /// Everybody who accepted, in that order: an entry's number is his place.
    pub(super) rows: Vec<CallbackRow>,
    /// Which caller each is.
    callers: Vec<usize>,
    /// What nobody has, by when its caller came.
    due: BTreeMap<QueueId, BTreeSet<DueCallback>>,
    /// Of each list what the engine was told.
    told: BTreeMap<QueueId, Vec<DueCallback>>,
    /// Agents who have one.
    errands: BTreeMap<OfferId, Errand>,
}

#[derive(Clone)]
struct Errand {
    queue: QueueId,
    due: DueCallback,
    agent: UserId,
}

impl Lists {
    fn due(&mut self, queue: &QueueId) -> &mut BTreeSet<DueCallback> {
        self.due.entry(queue.clone()).or_default()
    }

    /// Whether that number is an entry's, and not a caller's.
    pub(super) fn has(&self, offer: OfferId) -> bool {
        self.errands.contains_key(&offer)
    }
}

impl World<'_, '_> {
    /// He has waited as long as he does before he would rather be called back, where his queue has that.
    pub(super) fn accepts(&mut self, index: usize) -> Step {
        let caller = &self.callers[index];
        let (queue, arrived) = (caller.waits_in.clone(), caller.attempt.at);
        let queue = queue.filter(|_| caller.state == Being::Waiting);
        let deals = |queue: &QueueId| {
            let settings = self.settings.queues.get(queue);
            settings.is_some_and(|queue| queue.callbacks.is_some())
        };
        let Some(queue) = queue.filter(deals) else {
            return Ok(());
        };
        self.callers[index].state = Being::Gone;
        let (call, cause) = (call(index), LeaveCause::CalledBack);
        self.give(Input::Leave { call, cause })?;
        let entry = CallbackId(self.lists.rows.len() as u64);
        self.lists.rows.push(CallbackRow {
            queue: queue.clone(),
            arrived,
            accepted: self.now,
            reached: None,
        });
        self.lists.callers.push(index);
        let due = DueCallback {
            urgency: Urgency::Due,
            arrived,
            entry,
        };
        self.lists.due(&queue).insert(due);
        self.tell_due(&queue)
    }

    /// Tells the engine what is next on a list, where that has changed.
    pub(super) fn tell_due(&mut self, queue: &QueueId) -> Step {
        let due: Vec<DueCallback> = self
            .lists
            .due(queue)
            .iter()
            .take(DUE_MAX)
            .copied()
            .collect();
        if self.lists.told.get(queue) == Some(&due) {
            return Ok(());
        }
        self.lists.told.insert(queue.clone(), due.clone());
        let queue = queue.clone();
        self.give(Input::CallbacksDue { queue, due })
    }

    /// The engine keeps an agent for an entry: he has it, and his device rings.
    pub(super) fn entrusted(
        &mut self,
        offer: OfferId,
        queue: QueueId,
        entry: CallbackId,
        agent: UserId,
    ) -> Step {
        let waiting = self.lists.due(&queue);
        let Some(due) = waiting.iter().find(|due| due.entry == entry).copied() else {
            return Err(format!(
                "{entry} of {queue} is given to {agent}, and not due"
            ));
        };
        if let Some(first) = waiting.first().filter(|first| first.arrived < due.arrived) {
            return Err(format!("{entry} of {queue} overtakes {}", first.entry));
        }
        waiting.remove(&due);
        let errand = Errand {
            queue: queue.clone(),
            due,
            agent: agent.clone(),
        };
        self.lists.errands.insert(offer, errand);
        self.rings(offer, &agent);
        self.plan_for(self.now, Event::Has(agent, queue));
        Ok(())
    }

    /// What the engine hears of an agent who has been given an entry.
    pub(super) fn has(&mut self, agent: UserId, queue: &QueueId) -> Step {
        let indebted = self.lists.errands.values().any(|it| it.agent == agent);
        self.give(Input::Indebted { agent, indebted })?;
        self.tell_due(queue)
    }

    /// He has taken it: he hears whom he is to call, and then talks with him.
    pub(super) fn taken(&mut self, offer: OfferId) -> Step {
        let Some(errand) = self.lists.errands.get(&offer) else {
            return Ok(());
        };
        let entry = errand.due.entry.0 as usize;
        let Attempt { talk, accepts, .. } = self.callers[self.lists.callers[entry]].attempt;
        let reached = self.now + accepts.map_or(Duration::ZERO, |wish| wish.reach);
        self.lists.rows[entry].reached = Some(reached);
        self.plan_for(reached + talk, Event::CalledBack(offer));
        self.give(Input::CallbackTaken { offer })
    }

    /// He is called off, unless he takes it in this moment.
    pub(super) fn called_off(&mut self, offer: OfferId) {
        let crosses_by = self.now + ON_THE_WAY;
        if let Some(leg) = self.legs.get_mut(&offer)
            && !leg.acts_by(crosses_by)
        {
            leg.stop();
            self.plan_for(crosses_by, Event::Confirms(offer));
        }
    }

    /// He is done with it: it is made, or back in its place.
    pub(super) fn errand_over(&mut self, offer: OfferId, end: CallbackEnd) -> Step {
        self.legs.remove(&offer);
        let Some(Errand { queue, due, agent }) = self.lists.errands.remove(&offer) else {
            return Ok(());
        };
        if matches!(end, CallbackEnd::Unanswered(_)) {
            self.lists.due(&queue).insert(due);
        }
        // Before he is free: nobody is to get one that came after it.
        self.tell_due(&queue)?;
        self.has(agent, &queue)?;
        self.give(Input::CallbackOver { offer, end })
    }

    /// None of his devices was answered.
    pub(super) fn not_taken(&mut self, offer: OfferId, end: OfferEnd) -> Step {
        self.errand_over(offer, CallbackEnd::Unanswered(end))
    }
}
