//! What follows from a change whatever fact brought it: deadlines go with their offers, free agents sit
//! on the benches of their queues, and what nothing hangs on any more is forgotten.

use crate::agent::Agent;
use crate::engine::{Deadline, Engine, OfferState};
use crate::fact::Moment;
use crate::queue::{Queue, Stage};
use crate::step::{Gone, Step};
use crate::table::Number;
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
        // He may talk with another by now, or have come back as a caller anew.
        let Stage::Waiting(ringing) = &mut caller.stage else {
            return;
        };
        let before = ringing.len();
        ringing.retain(|other| *other != offer);
        if ringing.len() == before {
            return;
        }
        let (queue, none_rings) = (caller.at, ringing.is_empty());
        if none_rings && let Some(queue) = self.queues.get_mut(queue) {
            queue.rung = queue.rung.saturating_sub(1);
        }
        self.reconsider(call);
        // Whoever he waited for has let him down.
        self.seeks_no_more(call);
    }

    /// A caller is among those who want a phone to ring exactly while fewer ring than are to, and he waits for nobody
    /// alone and was given to nobody.
    pub(crate) fn reconsider(&mut self, call: CallId) {
        let Some(caller) = self.callers.get(&call) else {
            return;
        };
        let Stage::Waiting(ringing) = &caller.stage else {
            return;
        };
        let (ring, step, place) = (ringing.len(), caller.step, caller.place);
        let for_any = caller.seeks.is_none() && !self.is_given(ringing);
        let requires = caller.requires.clone();
        self.queue(caller.at, |queue| {
            let wants = for_any && ring < queue.at_once();
            let wanting = queue.wanting_mut(&requires);
            match wants {
                true => wanting.insert(step, place, call),
                false => wanting.remove(step, place),
            }
        });
    }

    /// What a caller asks for is in that step now; the next comes when it does.
    pub(crate) fn set_step(&mut self, call: CallId, step: u8) {
        let Some(caller) = self.callers.get_mut(&call) else {
            return;
        };
        for deadline in caller.deadlines(call) {
            self.deadlines.remove(&deadline);
        }
        if let Some(queue) = self.queues.get_mut(caller.at) {
            let wanting = queue.wanting_mut(&caller.requires);
            wanting.remove(caller.step, caller.place);
            caller.ask(&queue.asked, step);
        }
        self.deadlines.extend(caller.deadlines(call));
        self.reconsider(call);
    }

    pub(crate) fn take_out(&mut self, now: Moment, call: CallId, why: Gone) {
        let Some(caller) = self.callers.remove(&call) else {
            return;
        };
        for deadline in caller.deadlines(call) {
            self.deadlines.remove(&deadline);
        }
        self.queue(caller.at, |queue| {
            queue.step_out(&caller);
            queue.tally.count(&Step::Gone {
                why,
                waited: now.at - caller.entered,
                // Of no account here.
                soon: false,
            });
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
        queue.note_desertion(own, &mut self.deserted);
        self.weigh(own);
        if self.queues.get(own).is_some_and(Queue::is_spent) {
            self.queues.remove(own);
        }
    }

    /// What follows for a queue's load, and when it is to be looked at again.
    fn weigh(&mut self, own: Number) {
        let Some(queue) = self.queues.get_mut(own) else {
            return;
        };
        let before = queue.load_at;
        let after = queue.weigh(self.clock);
        queue.load_at = after;
        if before != after
            && let Some((id, _)) = self.queues.row(own)
        {
            let look = |at: Time| (at, id.clone());
            if let Some(before) = before.map(look) {
                self.loads.remove(&before);
            }
            self.loads.extend(after.map(look));
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
        let parts = agent.parts();
        let mut to_review = Vec::new();
        for login in agent.logins.values_mut() {
            let since = free.then(|| idle_since.max(login.since));
            let since = since.filter(|_| login.step.is_some());
            let part = parts(login.weight);
            let sits = login.seat.map(|seat| seat.since) == since;
            let serves = login.errand_seat == login.errand_wanted(agent.indebted);
            if sits && serves && login.part == Some(part) {
                continue;
            }
            let Some(queue) = self.queues.get_mut(login.at) else {
                continue;
            };
            if !sits {
                if let Some(seat) = login.seat {
                    queue.rise(seat, own);
                }
                login.seat = since.and_then(|since| queue.seat(now, own, login, since));
                if let Some(seat) = login.seat {
                    queue.sit(seat, own, &agent.skills, login.merit);
                }
            }
            let errand = login.errand_wanted(agent.indebted);
            let before = std::mem::replace(&mut login.errand_seat, errand);
            queue.seat_for_errands(own, before, errand);
            if login.part != Some(part) {
                if let Some(before) = login.part.replace(part) {
                    queue.staff.remove(before);
                }
                queue.staff.add(part);
                if !queue.seekers.is_empty() {
                    to_review.push(login.at);
                }
                queue.note_desertion(login.at, &mut self.deserted);
            }
            // Whose part of a queue changes alone faces nobody else by it.
            if !(sits && serves) {
                queue.refresh(login.at, &mut self.ready);
            }
        }
        if agent.is_spent() {
            self.agents.remove(own);
        }
        for at in to_review {
            self.review_seekers(at, own);
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
