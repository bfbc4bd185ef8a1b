//! What follows from a change whatever fact brought it: deadlines go with their offers, free agents sit
//! on the benches of their queues, and what nothing hangs on any more is forgotten.

use crate::agent::Agent;
use crate::engine::{Deadline, Engine, OfferState};
use crate::fact::Moment;
use crate::named::Number;
use crate::queue::{Queue, QueueTotals, Stage};
use base::{CallId, OfferId, Time, UserId};

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
        let (queue, place) = (caller.at, caller.place);
        self.queue(queue, |queue| {
            queue.waiting.insert(place, call);
        });
    }

    pub(crate) fn take_out(&mut self, call: CallId, count: impl FnOnce(&mut QueueTotals)) {
        let Some(caller) = self.callers.remove(&call) else {
            return;
        };
        self.queue(caller.at, |queue| {
            queue.step_out(caller.arrived, caller.place);
            queue.waiting.remove(&caller.place);
            count(&mut queue.totals);
        });
    }

    pub(crate) fn defer(&mut self, now: Moment, own: Number, until: Option<Time>) {
        let Some((id, agent)) = self.agents.row(own) else {
            return;
        };
        let deferral = |at: Time| (at, Deadline::Deferral(id.clone()));
        let (before, after) = (agent.deferred_until.map(deferral), until.map(deferral));
        if let Some(before) = before {
            self.deadlines.remove(&before);
        }
        self.deadlines.extend(after);
        self.agent(now, own, |agent| agent.deferred_until = until);
    }

    /// Changes a queue and all that follows from the change.
    pub(crate) fn queue(&mut self, own: Number, change: impl FnOnce(&mut Queue)) {
        let Some(queue) = self.queues.get_mut(own) else {
            return;
        };
        change(queue);
        queue.refresh(own, &mut self.ready);
        if queue.is_spent() {
            self.queues.remove(own);
        }
    }

    /// Changes an agent and all that follows from the change: seats him where he is free, takes him off
    /// the benches where he isn't, and forgets one who is no agent once nothing hangs on him.
    pub(crate) fn agent(&mut self, now: Moment, own: Number, change: impl FnOnce(&mut Agent)) {
        let Some(agent) = self.agents.get_mut(own) else {
            return;
        };
        change(agent);
        let state = agent.state_now();
        if std::mem::discriminant(&state) != std::mem::discriminant(&agent.state) {
            agent.since = now.at;
        }
        agent.state = state;
        let (free, idle_since) = (agent.is_free(), agent.idle_since);
        let part = agent.part();
        for login in agent.logins.values_mut() {
            let wanted = free.then(|| idle_since.max(login.since));
            if login.seat == wanted && login.part == Some(part) {
                continue;
            }
            let Some(queue) = self.queues.get_mut(login.at) else {
                continue;
            };
            if let Some(seat) = login.seat {
                queue.bench.remove(&seat);
            }
            if let Some(seat) = wanted {
                queue.bench.insert(seat, own);
            }
            login.seat = wanted;
            if let Some(before) = login.part.replace(part) {
                queue.staff.remove(before);
            }
            queue.staff.add(part);
            queue.refresh(login.at, &mut self.ready);
        }
        if agent.is_spent() {
            self.agents.remove(own);
        }
    }

    /// The same for an agent of that name, if there is one.
    pub(crate) fn agent_named(
        &mut self,
        now: Moment,
        id: &UserId,
        change: impl FnOnce(&mut Agent),
    ) {
        if let Some(own) = self.agents.number(id) {
            self.agent(now, own, change);
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
