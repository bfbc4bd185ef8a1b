//! What follows from a change whatever fact brought it: deadlines go with their offers, free agents sit
//! on the benches of their queues, and what nothing hangs on any more is forgotten.

use crate::agent::Agent;
use crate::engine::{Deadline, Engine, OfferState};
use crate::fact::Moment;
use crate::queue::{Queue, QueueTotals, Stage};
use base::{CallId, OfferId, QueueId, Time, UserId};

impl Engine {
    /// Brings an offer one state further, with the deadline that goes with it.
    pub(crate) fn advance(&mut self, offer: OfferId, state: OfferState) {
        let Some(made) = self.offers.get_mut(&offer) else {
            return;
        };
        if let Some(deadline) = deadline_of(offer, made.state) {
            self.deadlines.remove(&deadline);
        }
        made.state = state;
        self.deadlines.extend(deadline_of(offer, state));
    }

    /// The caller is back among those nobody is being rung for, in the place he never left.
    pub(crate) fn back_to_waiting(&mut self, call: CallId, offer: OfferId) {
        let Some(caller) = self.callers.get_mut(&call) else {
            return;
        };
        // He may be offered elsewhere by now, or have come back as a caller anew.
        if caller.stage != Stage::Offered(offer) {
            return;
        }
        caller.stage = Stage::Waiting;
        let (queue, place) = (caller.queue.clone(), caller.place);
        self.queue(&queue, |queue| {
            queue.waiting.insert(place, call);
        });
    }

    pub(crate) fn take_out(&mut self, call: CallId, count: impl FnOnce(&mut QueueTotals)) {
        let Some(caller) = self.callers.remove(&call) else {
            return;
        };
        self.queue(&caller.queue, |queue| {
            queue.line.remove(caller.place);
            queue.waiting.remove(&caller.place);
            count(&mut queue.totals);
        });
    }

    pub(crate) fn defer(&mut self, now: Moment, id: &UserId, until: Option<Time>) {
        let Some(agent) = self.agents.get_mut(id) else {
            return;
        };
        if let Some(before) = agent.deferred_until {
            self.deadlines
                .remove(&(before, Deadline::Deferral(id.clone())));
        }
        agent.deferred_until = until;
        if let Some(until) = until {
            self.deadlines
                .insert((until, Deadline::Deferral(id.clone())));
        }
        self.settle(now, id);
    }

    /// Changes a queue and all that follows from the change.
    pub(crate) fn queue(&mut self, id: &QueueId, change: impl FnOnce(&mut Queue)) {
        let Some(queue) = self.queues.get_mut(id) else {
            return;
        };
        change(queue);
        queue.refresh(id, &mut self.ready);
        if queue.is_spent() && !self.settings.queues.contains_key(id) {
            self.queues.remove(id);
        }
    }

    /// Changes an agent and all that follows from the change.
    pub(crate) fn agent(&mut self, now: Moment, id: &UserId, change: impl FnOnce(&mut Agent)) {
        if let Some(agent) = self.agents.get_mut(id) {
            change(agent);
            self.settle(now, id);
        }
    }

    /// The record of an account, made if there is none.
    pub(crate) fn account(&mut self, id: &UserId) -> &mut Agent {
        self.agents.entry(id.clone()).or_default()
    }

    /// Seats an agent where he is free, takes him off the benches where he isn't, and forgets one who
    /// is no agent once nothing hangs on him.
    pub(crate) fn settle(&mut self, now: Moment, id: &UserId) {
        let Some(agent) = self.agents.get_mut(id) else {
            return;
        };
        let state = agent.state_now();
        if std::mem::discriminant(&state) != std::mem::discriminant(&agent.state) {
            agent.since = now.at;
        }
        agent.state = state;
        let (free, idle_since) = (agent.is_free(), agent.idle_since);
        for (queue_id, login) in &mut agent.logins {
            let wanted = free.then(|| idle_since.max(login.since));
            if login.seat == wanted {
                continue;
            }
            let Some(queue) = self.queues.get_mut(queue_id) else {
                continue;
            };
            if let Some(seat) = login.seat {
                queue.bench.remove(&seat);
            }
            if let Some(seat) = wanted {
                queue.bench.insert(seat, id.clone());
            }
            login.seat = wanted;
            queue.refresh(queue_id, &mut self.ready);
        }
        if agent.is_spent() && !self.settings.agents.contains_key(id) {
            self.agents.remove(id);
        }
    }
}

/// The deadline that goes with an offer's state.
pub(crate) fn deadline_of(offer: OfferId, state: OfferState) -> Option<(Time, Deadline)> {
    match state {
        OfferState::Ringing { until } => Some((until, Deadline::Ring(offer))),
        OfferState::Withdrawn { confirm_until, .. } | OfferState::Late { confirm_until } => {
            Some((confirm_until, Deadline::Confirm(offer)))
        }
        OfferState::Connected => None,
    }
}
