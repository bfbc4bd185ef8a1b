//! Agents who are kept for a callback: from the moment an entry's turn comes until the agent is done with the call. The owner of
//! the list gives him the entry and has his device rung; the person is called only when he has taken it. What his device makes
//! of it counts as for an offer, and it has its number among offers.

use crate::agent::Engagement;
use crate::engine::{Deadline, Engine, OfferState, Step};
use crate::fact::{Fact, Moment, Outcome};
use crate::input::OfferEnd;
use crate::offers::{CONFIRM_WITHIN, DEFERRAL_MIN, PICKED_UP_MAX, outcome};
use crate::output::WithdrawCause;
use crate::policy::Reason;
use crate::share::Balance;
use crate::table::Number;
use crate::upkeep::deadline_of;
use base::{CallbackId, OfferId, QueueId, Time, UserId};
use serde::{Deserialize, Serialize};

/// An agent kept for an entry. It is over by one `CallbackOver`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Errand {
    pub(crate) entry: CallbackId,
    /// By name, since it may be removed meanwhile.
    pub(crate) queue: QueueId,
    pub(crate) agent: UserId,
    /// The agent's number, good while he is kept.
    pub(crate) to: Number,
    /// `Connected` from when he has taken it. It is never `Late`: whoever has called it off knows whether he was in time.
    pub(crate) state: OfferState,
    /// Whether whoever answered has been given longer already.
    pub(crate) prolonged: bool,
}

/// How an agent came to be done with a callback that he was kept for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CallbackEnd {
    /// He was not given it, since somebody else has it or it can't be made now. His device did not ring.
    NotDue,
    /// He was not given it, since he has another or owes what came of his last. His device did not ring.
    HasAnother,
    /// He did not take it.
    Unanswered(OfferEnd),
    /// He took it, and hung up before the person was called.
    HungUp,
    /// It was taken from him, or could not be begun, and that is not his doing.
    Broken,
    /// The person, who was called before he had taken it, was not reached or has gone. His device rings no more.
    PersonGone,
    /// The person was called.
    Called,
}

impl Step<'_> {
    pub(crate) fn errand_picked_up(&mut self, offer: OfferId) {
        let Some(errand) = self.engine.errands.get(&offer) else {
            return;
        };
        let ring_until = self.now + PICKED_UP_MAX;
        if let OfferState::Ringing { until } = errand.state
            && !errand.prolonged
            && until < ring_until
        {
            self.emit(Fact::RingProlonged { offer, ring_until });
        }
    }

    /// He took it. One that is called off goes on, if its owner has let it.
    pub(crate) fn errand_taken(&mut self, offer: OfferId) {
        let Some(errand) = self.engine.errands.get(&offer) else {
            return;
        };
        if errand.state != OfferState::Connected {
            let errand = errand.clone();
            self.emit(Fact::CallbackTaken {
                offer,
                queue: errand.queue,
                entry: errand.entry,
                agent: errand.agent,
            });
        }
    }

    pub(crate) fn errand_over(&mut self, offer: OfferId, end: CallbackEnd) {
        let Some(errand) = self.engine.errands.get(&offer).cloned() else {
            return;
        };
        let outcome = match end {
            CallbackEnd::NotDue
            | CallbackEnd::HasAnother
            | CallbackEnd::Broken
            | CallbackEnd::PersonGone
            | CallbackEnd::Called => Outcome::Nothing,
            CallbackEnd::Unanswered(end) => outcome(errand.state, end),
            // He let it go, as who declines does.
            CallbackEnd::HungUp => Outcome::Declined,
        };
        let settings = self.engine.settings.queues.get(&errand.queue);
        let deferred_until = match end {
            // What can't be begun must not be begun as fast as messages travel.
            CallbackEnd::Broken => {
                let error = settings.map(|queue| queue.deferral.error);
                Some(self.now + error.unwrap_or_default().max(DEFERRAL_MIN))
            }
            // His device has only just heard that it is to stop.
            CallbackEnd::PersonGone => Some(self.now + DEFERRAL_MIN),
            _ => self.deferred_until(&errand.queue, outcome),
        };
        let wrap_up = settings.map(|queue| queue.wrap_up);
        let wrap_up = wrap_up.filter(|span| end == CallbackEnd::Called && !span.is_zero());
        self.emit(Fact::CallbackOver {
            offer,
            queue: errand.queue,
            entry: errand.entry,
            agent: errand.agent.clone(),
            end,
            outcome,
            deferred_until,
            wrap_up_until: wrap_up.map(|span| self.now + span),
        });
        self.hold_to_limits(&errand.agent, outcome);
    }

    /// Has the device stop ringing; one that doesn't ring is left as it is.
    pub(crate) fn call_off(&mut self, offer: OfferId, cause: WithdrawCause) {
        let Some(errand) = self.engine.errands.get(&offer) else {
            return;
        };
        if matches!(errand.state, OfferState::Ringing { .. }) {
            let errand = errand.clone();
            self.emit(Fact::CallbackWithdrawn {
                offer,
                queue: errand.queue,
                entry: errand.entry,
                agent: errand.agent,
                cause,
                confirm_until: self.now + CONFIRM_WITHIN,
            });
        }
    }
}

impl Engine {
    /// The queue of an offer, whether of a caller's or a callback's.
    pub(crate) fn queue_of(&self, offer: OfferId) -> Option<&QueueId> {
        let of_caller = self.offers.get(&offer).map(|made| &made.queue);
        of_caller.or_else(|| self.errands.get(&offer).map(|errand| &errand.queue))
    }

    /// What facts about callbacks do.
    pub(crate) fn apply_callback(&mut self, now: Moment, fact: &Fact) {
        match fact {
            Fact::CallbacksDue { queue, due } => self.apply_callbacks_due(queue, due),
            Fact::Indebted { agent, indebted } => {
                let own = self.agents.make(agent);
                self.agent(now, own, |agent| agent.indebted = *indebted);
            }
            Fact::TurnGiven { queue, balance, .. } => self.save_up(queue, *balance),
            Fact::CallbackOffered {
                offer,
                queue,
                entry,
                agent,
                reason,
                balance,
                ring_until,
                ..
            } => {
                if let Some(balance) = balance {
                    self.save_up(queue, *balance);
                }
                self.apply_entrusted(now, *offer, (queue, *entry), (agent, reason), *ring_until);
            }
            Fact::CallbackWithdrawn {
                offer,
                cause,
                confirm_until,
                ..
            } => {
                let state = OfferState::Withdrawn {
                    cause: *cause,
                    confirm_until: *confirm_until,
                };
                self.advance_errand(*offer, state);
            }
            Fact::CallbackTaken { offer, .. } => self.apply_errand_taken(now, *offer),
            Fact::CallbackOver {
                offer,
                end,
                outcome,
                deferred_until,
                wrap_up_until,
                ..
            } => {
                let over = (*end, *outcome);
                self.apply_errand_over(now, *offer, over, *deferred_until, *wrap_up_until);
            }
            _ => {}
        }
    }

    fn save_up(&mut self, queue: &QueueId, balance: Balance) {
        if let Some(own) = self.queues.number(queue) {
            self.queue(own, |queue| queue.callbacks.balance = balance);
        }
    }

    /// An agent is kept for an entry.
    pub(crate) fn apply_entrusted(
        &mut self,
        now: Moment,
        offer: OfferId,
        (queue, entry): (&QueueId, CallbackId),
        (agent, reason): (&UserId, &Reason),
        until: Time,
    ) {
        let Some(to) = self.agents.number(agent) else {
            return;
        };
        self.last_offer = offer;
        let at = self.queues.number(queue);
        if let Some(at) = at {
            self.note_turn(at, to, reason);
        }
        let errand = Errand {
            entry,
            queue: queue.clone(),
            agent: agent.clone(),
            to,
            state: OfferState::Ringing { until },
            prolonged: false,
        };
        self.deadlines.extend(deadline_of(offer, errand.state));
        self.errands.insert(offer, errand);
        // He gets up first: then the next entry faces nobody in vain.
        self.agent(now, to, |agent| {
            agent.engaged = Some(Engagement::Entrusted(offer));
        });
        if let Some(at) = at {
            self.queue(at, |queue| {
                queue.callbacks.entrusted.insert(entry);
            });
        }
    }

    /// Brings an errand one state further, with the deadline that goes with it.
    pub(crate) fn advance_errand(&mut self, offer: OfferId, state: OfferState) {
        let Some(errand) = self.errands.get_mut(&offer) else {
            return;
        };
        if let Some(deadline) = deadline_of(offer, errand.state) {
            self.deadlines.remove(&deadline);
        }
        errand.state = state;
        self.deadlines.extend(deadline_of(offer, state));
    }

    pub(crate) fn apply_errand_taken(&mut self, now: Moment, offer: OfferId) {
        self.advance_errand(offer, OfferState::Connected);
        let Some(errand) = self.errands.get(&offer) else {
            return;
        };
        let (to, of) = (errand.to, errand.queue.clone());
        self.agent(now, to, |agent| {
            agent.engaged = Some(Engagement::CallsBack(offer));
            agent.took_a_call();
            // It is a call of the queue's like another to whoever has taken fewest.
            let taken = agent.taken.entry(of.clone()).or_default();
            *taken += 1;
            let taken = *taken;
            if let Some(login) = agent.logins.get_mut(&of) {
                login.merit.taken = taken;
            }
        });
    }

    pub(crate) fn apply_errand_over(
        &mut self,
        now: Moment,
        offer: OfferId,
        (end, outcome): (CallbackEnd, Outcome),
        deferred_until: Option<Time>,
        wrap_up_until: Option<Time>,
    ) {
        let Some(errand) = self.errands.remove(&offer) else {
            return;
        };
        if let Some(deadline) = deadline_of(offer, errand.state) {
            self.deadlines.remove(&deadline);
        }
        if let Some(until) = wrap_up_until {
            self.deadlines
                .insert((until, Deadline::WrapUp(errand.agent.clone())));
        }
        // What can't be had is not asked for again before its owner says something new of it.
        if end == CallbackEnd::NotDue
            && let Some(due) = self.due.get_mut(&errand.queue)
        {
            due.retain(|due| due.entry != errand.entry);
        }
        // While he is not free yet: what is given back faces nobody in vain.
        if let Some(at) = self.queues.number(&errand.queue) {
            let known = self.callbacks_of(&errand.queue);
            self.queue(at, |queue| {
                queue.callbacks.due = known.due;
                queue.callbacks.entrusted = known.entrusted;
            });
        }
        if let Some(agent) = self.agents.get_mut(errand.to) {
            agent.engaged = None;
            agent.indebted |= end == CallbackEnd::HasAnother;
            agent.wrap_up_until = wrap_up_until;
            agent.strikes_for(outcome);
            agent.totals.count(outcome);
            let let_down = matches!(outcome, Outcome::Missed | Outcome::Declined | Outcome::Busy);
            if let_down || end == CallbackEnd::Called {
                agent.idle_from(now);
            }
        }
        self.defer(now, errand.to, deferred_until);
    }
}
