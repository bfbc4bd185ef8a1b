//! Decisions about offers: answered, withdrawn, ended, lost. Every offer closes exactly once, by
//! `Connected`, `OfferEnded` or `OfferLost`.

use crate::engine::{Offer, OfferState, Step};
use crate::errands::CallbackEnd;
use crate::fact::{Fact, Outcome};
use crate::input::OfferEnd;
use crate::output::WithdrawCause;
use base::{CallId, OfferId, QueueId, Time};
use std::time::Duration;

/// How long the end of a withdrawn offer is waited for. A CANCELled INVITE that nobody answers is given
/// up after 64·T1 = 32 s (RFC 3261 §9.1); the rest is for a slow shard.
pub const CONFIRM_WITHIN: Duration = Duration::from_secs(40);

/// Shortest time for which an agent is passed over after an offer that came to nothing, whatever the
/// settings say: a device that refuses at once must not be rung as fast as messages travel.
pub const DEFERRAL_MIN: Duration = Duration::from_millis(100);

/// How many offers that were given up as lost are remembered, so that an answer to one can still be
/// released: more than are lost in any outage that the agents of a large installation could be rung in.
pub const LOST_OFFERS_KEPT: usize = 4_096;

/// How long an offer may last on that was picked up by whoever is asked whether he takes the call. Whoever asks him
/// gives up before; this is for one that never says so.
pub const PICKED_UP_MAX: Duration = Duration::from_secs(20);

impl Step<'_> {
    /// It was answered, perhaps at the last moment: there must be time to say "yes", once.
    pub(crate) fn offer_picked_up(&mut self, offer: OfferId) {
        let Some(made) = self.engine.offers.get(&offer) else {
            return self.errand_picked_up(offer);
        };
        let ring_until = self.now + PICKED_UP_MAX;
        if let OfferState::Ringing { until } = made.state
            && !made.prolonged
            && until < ring_until
        {
            self.emit(Fact::RingProlonged { offer, ring_until });
        }
    }

    pub(crate) fn offer_answered(&mut self, offer: OfferId) {
        let Some(made) = self.engine.offers.get(&offer).cloned() else {
            // Any other unknown offer has no leg: its end was confirmed, or it was never made.
            if let Some(call) = self.engine.lost.get(&offer).copied() {
                self.emit(Fact::AnsweredLate {
                    offer,
                    call,
                    confirm_until: None,
                });
            }
            return;
        };
        match made.state {
            OfferState::Ringing { .. } => {
                let call = made.call;
                let caller = self.engine.callers.get(&call);
                let ringing = caller.map(|caller| caller.ringing().to_vec());
                self.emit(Fact::Connected {
                    offer,
                    call,
                    queue: made.queue,
                    agent: made.agent,
                });
                for other in ringing.into_iter().flatten() {
                    self.withdraw(other, WithdrawCause::AnsweredElsewhere);
                }
            }
            OfferState::Withdrawn { .. } => self.emit(Fact::AnsweredLate {
                offer,
                call: made.call,
                confirm_until: Some(self.now + CONFIRM_WITHIN),
            }),
            OfferState::Late { .. } | OfferState::Connected => {}
        }
    }

    pub(crate) fn offer_ended(&mut self, offer: OfferId, end: OfferEnd) {
        let Some(made) = self.engine.offers.get(&offer).cloned() else {
            return;
        };
        // The leg broke while the answer was on its way: what was begun is over.
        if made.state == OfferState::Connected {
            return self.end_conversation(offer);
        }
        let outcome = outcome(made.state, end);
        let deferred_until = self.deferred_until(&made.queue, outcome);
        let Offer {
            call, queue, agent, ..
        } = made;
        self.emit(Fact::OfferEnded {
            offer,
            call,
            queue,
            agent: agent.clone(),
            end,
            outcome,
            deferred_until,
        });
        self.hold_to_limits(&agent, outcome);
    }

    /// Stops all ringing for a caller.
    pub(crate) fn withdraw_all(&mut self, call: CallId, cause: WithdrawCause) {
        let caller = self.engine.callers.get(&call);
        let ringing = caller.map(|caller| caller.ringing().to_vec());
        for offer in ringing.into_iter().flatten() {
            self.withdraw(offer, cause);
        }
    }

    /// Stops the ringing of an offer; one that doesn't ring is left as it is.
    pub(crate) fn withdraw(&mut self, offer: OfferId, cause: WithdrawCause) {
        let Some(made) = self.engine.offers.get(&offer) else {
            return self.call_off(offer, cause);
        };
        if !matches!(made.state, OfferState::Ringing { .. }) {
            return;
        }
        let Offer {
            call, queue, agent, ..
        } = made.clone();
        let confirm_until = self.now + CONFIRM_WITHIN;
        self.emit(Fact::OfferWithdrawn {
            offer,
            call,
            queue,
            agent,
            cause,
            confirm_until,
        });
    }

    pub(crate) fn confirmation_overdue(&mut self, offer: OfferId) {
        let Some(made) = self.engine.offers.get(&offer).cloned() else {
            let lost = CallbackEnd::Unanswered(OfferEnd::DeviceError);
            return self.errand_over(offer, lost);
        };
        let deferred_until = self.deferred_until(&made.queue, Outcome::DeviceError);
        let Offer {
            call, queue, agent, ..
        } = made;
        self.emit(Fact::OfferLost {
            offer,
            call,
            queue,
            agent: agent.clone(),
            deferred_until,
        });
        self.hold_to_limits(&agent, Outcome::DeviceError);
    }

    pub(crate) fn deferred_until(&self, queue: &QueueId, outcome: Outcome) -> Option<Time> {
        let deferral = self
            .engine
            .settings
            .queues
            .get(queue)
            .map(|queue| queue.deferral);
        let span = match outcome {
            Outcome::Missed => deferral.map(|deferral| deferral.no_answer),
            Outcome::Declined => deferral.map(|deferral| deferral.declined),
            Outcome::Busy => deferral.map(|deferral| deferral.busy),
            Outcome::DeviceError => deferral.map(|deferral| deferral.error),
            Outcome::Nothing => return None,
        };
        Some(self.now + span.unwrap_or_default().max(DEFERRAL_MIN))
    }
}

/// What the end of an offer's leg says of the agent.
pub(crate) fn outcome(state: OfferState, end: OfferEnd) -> Outcome {
    let (ringing, withdrawn_for) = match state {
        OfferState::Ringing { .. } => (true, None),
        OfferState::Withdrawn { cause, .. } => (false, Some(cause)),
        // He did answer; that it was too late is the caller's or the clock's doing.
        OfferState::Late { .. } | OfferState::Connected => return Outcome::Nothing,
    };
    let his_to_answer = ringing || withdrawn_for == Some(WithdrawCause::NoAnswer);
    match end {
        OfferEnd::DeviceError => Outcome::DeviceError,
        _ if !his_to_answer => Outcome::Nothing,
        OfferEnd::Busy => Outcome::Busy,
        OfferEnd::Declined => Outcome::Declined,
        OfferEnd::NoAnswer => Outcome::Missed,
        // A leg that was dropped unasked broke on our side; rung again at once it might break again.
        OfferEnd::Withdrawn if ringing => Outcome::DeviceError,
        OfferEnd::Withdrawn => Outcome::Missed,
    }
}
