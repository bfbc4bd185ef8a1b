//! What each fact does to the engine: with `upkeep.rs`, the only code that changes its state. It decides
//! nothing, and a fact about something unknown changes nothing.

use crate::agent::{Agent, Engagement, Handled, Login, Pause};
use crate::engine::{Deadline, Engine, Offer, OfferState};
use crate::fact::{Fact, Moment, Origin, Outcome, Stamped};
use crate::line::Place;
use crate::load::Gate;
use crate::offers::LOST_OFFERS_KEPT;
use crate::policy::Reason;
use crate::queue::{Caller, Ringing, Stage};
use crate::step::{Gone, Step};
use crate::table::Number;
use crate::upkeep::deadline_of;
use base::{CallId, OfferId, QueueId, Time, UserId};
use std::collections::{BTreeMap, BTreeSet};

impl Engine {
    /// Changes the state as the fact says. To what each fact happens is said here, what it does below.
    pub fn apply(&mut self, stamped: &Stamped) {
        let now = Moment {
            at: stamped.at,
            seq: stamped.seq,
        };
        self.next_seq = stamped.seq + 1;
        self.clock = stamped.at;
        let fact = &stamped.fact;
        match fact {
            Fact::Configured { settings } => self.apply_configured(now, settings),
            Fact::Refused { .. }
            | Fact::LoadClosed { .. }
            | Fact::LoadOpened { .. }
            | Fact::LoadLooked { .. }
            | Fact::QueueRecalled { .. } => self.apply_to_queue(fact),
            Fact::Entered { .. }
            | Fact::Widened { .. }
            | Fact::PatienceEnded { .. }
            | Fact::Left { .. }
            | Fact::Expelled { .. }
            | Fact::Moved { .. }
            | Fact::PutForward { .. }
            | Fact::Given { .. }
            | Fact::Chooses { .. }
            | Fact::WaitsOn { .. } => self.apply_to_caller(now, fact),
            Fact::Offered { .. }
            | Fact::Connected { .. }
            | Fact::RingProlonged { .. }
            | Fact::OfferWithdrawn { .. }
            | Fact::AnsweredLate { .. }
            | Fact::OfferEnded { .. }
            | Fact::OfferLost { .. }
            | Fact::ConversationEnded { .. } => self.apply_to_offer(now, fact),
            Fact::WrapUpEnded { .. }
            | Fact::WrapUpBegan { .. }
            | Fact::WrapUpExtended { .. }
            | Fact::DeferralEnded { .. }
            | Fact::LoggedIn { .. }
            | Fact::LoggedOut { .. }
            | Fact::Paused { .. }
            | Fact::Resumed { .. }
            | Fact::DeviceChanged { .. }
            | Fact::OwnCallBegan { .. }
            | Fact::OwnCallEnded { .. }
            | Fact::Recalled { .. }
            | Fact::TalksRecalled { .. } => self.apply_to_agent(now, fact),
            Fact::CallerForgotten { caller } => self.apply_caller_forgotten(*caller),
            Fact::CallbacksDue { .. }
            | Fact::Indebted { .. }
            | Fact::TurnGiven { .. }
            | Fact::CallbackOffered { .. }
            | Fact::CallbackWithdrawn { .. }
            | Fact::CallbackTaken { .. }
            | Fact::CallbackOver { .. } => self.apply_callback(now, fact),
            // What it meant for whom follows.
            Fact::ServerRestarted => {}
        }
    }

    /// What happens to a queue as such.
    fn apply_to_queue(&mut self, fact: &Fact) {
        match fact {
            Fact::Refused { queue, cause, .. } => {
                if let Some(queue) = self.queues.number(queue) {
                    self.queue(queue, |queue| {
                        queue.tally.count(&Step::Refused(Some(*cause)))
                    });
                }
            }
            Fact::LoadClosed { queue, .. } => {
                self.set_gate(queue, Some(Gate::Closed { below_since: None }));
            }
            Fact::LoadOpened { queue } => self.set_gate(queue, Some(Gate::Open)),
            Fact::LoadLooked { queue } => self.set_gate(queue, None),
            Fact::QueueRecalled { queue, carried } => {
                if let Some(own) = self.queues.number(queue) {
                    self.queue(own, |queue| {
                        queue.waits.recall(&carried.answered);
                        queue.handling.recall(carried.handling);
                    });
                }
            }
            _ => {}
        }
    }

    /// What happens to a caller.
    fn apply_to_caller(&mut self, now: Moment, fact: &Fact) {
        match fact {
            Fact::Entered {
                call,
                queue,
                arrived,
                step,
                priority,
                head_start,
                expected,
                leaves_at,
                known_as,
                sought,
                requires,
                let_go,
                ..
            } => {
                let seeks = self.seeking(sought.as_ref());
                let caller = |at, asked| {
                    let mut caller = Caller {
                        queue: queue.clone(),
                        at,
                        arrived: *arrived,
                        priority: *priority,
                        entered: now.at,
                        expected: *expected,
                        leaves_at: *leaves_at,
                        place: Place::of(*arrived, *head_start, now.seq),
                        step: 0,
                        widen_at: None,
                        known_as: *known_as,
                        requires: requires.clone(),
                        let_go: let_go.clone(),
                        seeks,
                        stage: Stage::Waiting(Ringing::new()),
                    };
                    caller.ask(asked, *step);
                    caller
                };
                if let Some(at) = self.queues.number(queue)
                    && let Some(known) = self.queues.get(at)
                {
                    self.apply_entered(*call, caller(at, &known.asked));
                }
            }
            Fact::Widened { call, step, .. } => self.set_step(*call, *step),
            Fact::PatienceEnded { call, .. } => self.seeks_no_more(*call),
            Fact::Left { call, cause, .. } => self.take_out(now, *call, Gone::Left(*cause)),
            Fact::Expelled { call, cause, .. } => {
                self.take_out(now, *call, Gone::Expelled(*cause));
            }
            Fact::Moved { call, .. } => self.take_out(now, *call, Gone::Moved),
            Fact::PutForward { call, since, .. } => self.apply_put_forward(now, *call, *since),
            // Whom he waited for is not whom he gets.
            Fact::Given { call, .. } => self.seeks_no_more(*call),
            Fact::Chooses { call, until, .. } => self.apply_chooses(*call, *until),
            Fact::WaitsOn { call, .. } => self.apply_waits_on(*call),
            _ => {}
        }
    }

    /// What becomes of an offer, and of the conversation that it led to.
    fn apply_to_offer(&mut self, now: Moment, fact: &Fact) {
        match fact {
            Fact::Offered {
                offer,
                call,
                queue,
                agent,
                ring_until,
                reason,
                ..
            } => {
                let numbers = (self.queues.number(queue), self.agents.number(agent));
                if let (Some(at), Some(to)) = numbers {
                    let made = Offer {
                        call: *call,
                        queue: queue.clone(),
                        at,
                        agent: agent.clone(),
                        to,
                        state: OfferState::Ringing { until: *ring_until },
                        prolonged: false,
                        given: matches!(reason, Reason::Given),
                    };
                    self.note_turn(at, to, reason);
                    self.apply_offered(now, *offer, made);
                }
            }
            Fact::Connected { offer, .. } => self.apply_connected(now, *offer),
            Fact::RingProlonged { offer, ring_until } => {
                let state = OfferState::Ringing { until: *ring_until };
                self.advance(*offer, state);
                self.advance_errand(*offer, state);
                if let Some(made) = self.offers.get_mut(offer) {
                    made.prolonged = true;
                }
                if let Some(errand) = self.errands.get_mut(offer) {
                    errand.prolonged = true;
                }
            }
            Fact::OfferWithdrawn {
                offer,
                call,
                cause,
                confirm_until,
                ..
            } => {
                let state = OfferState::Withdrawn {
                    cause: *cause,
                    confirm_until: *confirm_until,
                };
                self.advance(*offer, state);
                self.back_to_waiting(*call, *offer);
            }
            Fact::AnsweredLate {
                offer,
                confirm_until,
                ..
            } => match *confirm_until {
                Some(confirm_until) => self.advance(*offer, OfferState::Late { confirm_until }),
                None => {
                    self.lost.remove(offer);
                }
            },
            Fact::OfferEnded {
                offer,
                outcome,
                deferred_until,
                ..
            } => {
                self.close_offer(now, *offer, *outcome, *deferred_until);
            }
            Fact::OfferLost {
                offer,
                call,
                deferred_until,
                ..
            } => {
                self.close_offer(now, *offer, Outcome::DeviceError, *deferred_until);
                self.lost.insert(*offer, *call);
                if self.lost.len() > LOST_OFFERS_KEPT {
                    self.lost.pop_first();
                }
            }
            Fact::ConversationEnded {
                offer,
                wrap_up_until,
                ..
            } => {
                self.apply_conversation_ended(now, *offer, *wrap_up_until);
            }
            _ => {}
        }
    }

    /// What happens to an agent beside his offers.
    fn apply_to_agent(&mut self, now: Moment, fact: &Fact) {
        match fact {
            Fact::WrapUpEnded { agent, .. } => self.apply_wrap_up_ended(now, agent),
            Fact::WrapUpBegan { agent, until, .. } => {
                let own = self.agents.make(agent);
                let deadline = Deadline::WrapUp(agent.clone());
                self.deadlines.insert((*until, deadline));
                self.agent(now, own, |agent| agent.wrap_up_until = Some(*until));
            }
            Fact::WrapUpExtended { agent, until, .. } => {
                self.apply_wrap_up_extended(now, agent, *until);
            }
            Fact::DeferralEnded { agent } => {
                if let Some(agent) = self.agents.number(agent) {
                    self.defer(now, agent, None);
                }
            }
            Fact::LoggedIn { agent, queues, .. } => {
                self.apply_logged_in(now, agent, queues);
            }
            Fact::LoggedOut { agent, queues, by } => self.apply_logged_out(now, agent, queues, by),
            Fact::Paused { agent, reason, by } => self.agent_named(now, agent, |agent| {
                let reason = reason.clone();
                agent.pause = Some(Pause { reason });
                agent.put_aside(by);
            }),
            Fact::Resumed { agent, .. } => self.agent_named(now, agent, |agent| {
                agent.pause = None;
                agent.put_by = None;
                agent.idle_from(now);
            }),
            Fact::DeviceChanged { agent, reachable } => {
                let own = self.agents.make(agent);
                self.agent(now, own, |agent| agent.reachable = *reachable);
            }
            Fact::OwnCallBegan { agent, call } => {
                let own = self.agents.make(agent);
                self.agent(now, own, |agent| {
                    agent.own_calls.insert(*call);
                });
            }
            Fact::OwnCallEnded { agent, call } => self.agent_named(now, agent, |agent| {
                agent.own_calls.remove(call);
                agent.idle_from(now);
            }),
            Fact::Recalled { agent, carried } => self.apply_recalled(now, agent, carried),
            Fact::TalksRecalled { agent, talks } => {
                self.apply_talks_recalled(now.at, agent, talks);
            }
            _ => {}
        }
    }

    fn set_gate(&mut self, queue: &QueueId, gate: Option<Gate>) {
        if let Some(queue) = self.queues.number(queue) {
            self.queue(queue, |queue| queue.gate = gate.unwrap_or(queue.gate));
        }
    }

    fn apply_entered(&mut self, call: CallId, caller: Caller) {
        let (at, arrived, step, place) = (caller.at, caller.arrived, caller.step, caller.place);
        let seeks = caller.seeks.map(|seeks| seeks.agent);
        let sits = |agent: &Agent| agent.is_seated_at(at);
        let faces = seeks
            .and_then(|agent| self.agents.get(agent))
            .is_some_and(sits);
        self.deadlines.extend(caller.deadlines(call));
        let requires = caller.requires.clone();
        self.join_particular(at, &requires);
        self.callers.insert(call, caller);
        self.queue(at, |queue| {
            queue.tally.count(&Step::Entered);
            queue.stand(arrived, place);
            match seeks {
                None if queue.at_once() > 0 => {
                    queue.wanting_mut(&requires).insert(step, place, call);
                }
                None => {}
                Some(agent) => {
                    queue.seekers.insert(agent, place, call);
                    if faces {
                        queue.seekers.face(agent);
                    }
                }
            }
        });
    }

    fn apply_offered(&mut self, now: Moment, offer: OfferId, made: Offer) {
        self.last_offer = offer;
        if let Some(caller) = self.callers.get_mut(&made.call)
            && let Stage::Waiting(ringing) = &mut caller.stage
            && ringing.push(offer).is_ok()
            && ringing.len() == 1
            && let Some(queue) = self.queues.get_mut(made.at)
        {
            queue.rung += 1;
        }
        // He gets up first: then the next caller faces nobody in vain.
        self.agent(now, made.to, |agent| {
            agent.engaged = Some(Engagement::Offered(offer))
        });
        let call = made.call;
        self.deadlines.extend(deadline_of(offer, made.state));
        self.offers.insert(offer, made);
        self.reconsider(call);
    }

    /// Who was chosen is who was chosen last, unless it was not his turn.
    pub(crate) fn note_turn(&mut self, at: Number, to: Number, reason: &Reason) {
        let login = self.agents.get(to).and_then(|agent| agent.login(at));
        if !matches!(reason, Reason::LastAgent { .. } | Reason::Given)
            && let Some(seat) = login.and_then(|login| login.seat)
            && let Some(queue) = self.queues.get_mut(at)
            && let Some(rules) = &queue.rules
            && rules.policy.has_turns()
        {
            queue.turns.chosen(seat.priority, seat.turn);
        }
    }

    fn apply_connected(&mut self, now: Moment, offer: OfferId) {
        self.advance(offer, OfferState::Connected);
        let Some(made) = self.offers.get(&offer) else {
            return;
        };
        let (call, at, to) = (made.call, made.at, made.to);
        let of = made.queue.clone();
        if let Some(caller) = self.callers.get_mut(&call) {
            for deadline in caller.deadlines(call) {
                self.deadlines.remove(&deadline);
            }
            caller.widen_at = None;
            caller.leaves_at = None;
            if let Some(queue) = self.queues.get_mut(at) {
                queue.step_out(caller);
                queue.waits.answered(now.at, caller.arrived);
                queue.tally.count(&Step::Answered {
                    waited: now.at - caller.entered,
                    expected: caller.expected,
                    // Of no account here.
                    in_time: false,
                });
            }
            caller.seeks = None;
            caller.stage = Stage::Connected(offer);
            self.queue(at, |queue| {
                queue.talking += 1;
            });
        }
        self.note_talk(now.at, call, to);
        self.agent(now, to, |agent| {
            agent.engaged = Some(Engagement::Connected(offer));
            agent.totals.taken += 1;
            agent.took_a_call();
            let taken = match agent.taken.get_mut(&of) {
                Some(taken) => taken,
                None => agent.taken.entry(of.clone()).or_default(),
            };
            *taken += 1;
            let taken = *taken;
            if let Some(login) = agent.login_mut(at) {
                login.merit.taken = taken;
            }
            agent.handles = Some(Handled {
                queue: of,
                since: now.at,
            });
        });
    }

    fn apply_conversation_ended(&mut self, now: Moment, offer: OfferId, until: Option<Time>) {
        let Some(made) = self.offers.remove(&offer) else {
            return;
        };
        self.callers.remove(&made.call);
        self.queue(made.at, |queue| {
            queue.talking = queue.talking.saturating_sub(1)
        });
        if let Some(until) = until {
            self.deadlines
                .insert((until, Deadline::WrapUp(made.agent.clone())));
        }
        if until.is_none() {
            self.handled(now.at, made.to);
        }
        self.agent(now, made.to, |agent| {
            agent.engaged = None;
            agent.wrap_up_until = until;
            agent.idle_from(now);
        });
    }

    /// An agent is done with a caller and the work after him.
    fn handled(&mut self, at: Time, own: Number) {
        let agent = self.agents.get_mut(own);
        let Some(done) = agent.and_then(|agent| agent.handles.take()) else {
            return;
        };
        if let Some(queue) = self.queues.number(&done.queue) {
            self.queue(queue, |queue| queue.handling.note(at - done.since));
        }
    }

    fn apply_wrap_up_ended(&mut self, now: Moment, id: &UserId) {
        let Some(own) = self.agents.number(id) else {
            return;
        };
        let until = self.agents.get(own).and_then(|agent| agent.wrap_up_until);
        let Some(until) = until else {
            return;
        };
        self.deadlines
            .remove(&(until, Deadline::WrapUp(id.clone())));
        self.handled(until.min(now.at), own);
        self.agent(now, own, |agent| {
            agent.wrap_up_until = None;
            // Its end, not the moment it was noticed: agents whose ends were noticed together keep
            // their order.
            agent.idle_from(Moment {
                at: until.min(now.at),
                ..now
            });
        });
    }

    fn apply_logged_in(&mut self, now: Moment, id: &UserId, queues: &BTreeSet<QueueId>) {
        let Some(own) = self.agents.number(id) else {
            return;
        };
        let logins = self.enter_queues(own, queues.iter().map(|queue| (queue, now)));
        self.agent(now, own, |agent| {
            if agent.logins.is_empty() {
                agent.starts_afresh();
            }
            agent.logins.extend(logins);
        });
    }

    /// The log-ins of an agent to these queues since then, which the queues know of.
    pub(crate) fn enter_queues<'a>(
        &mut self,
        own: Number,
        queues: impl Iterator<Item = (&'a QueueId, Moment)>,
    ) -> BTreeMap<QueueId, Login> {
        let mut logins = BTreeMap::new();
        for (queue, since) in queues {
            let Some(at) = self.queues.number(queue) else {
                continue;
            };
            let (merit, step) = self.merit(own, queue);
            let (weight, deals) = (self.weight_of(queue), self.deals(queue));
            self.queue(at, |queue| {
                queue.logged_in.insert(own);
            });
            let login = Login {
                at,
                since,
                merit,
                step,
                weight,
                seat: None,
                deals,
                errand_seat: None,
                part: None,
            };
            logins.insert(queue.clone(), login);
        }
        logins
    }

    fn apply_wrap_up_extended(&mut self, now: Moment, id: &UserId, until: Time) {
        let Some(own) = self.agents.number(id) else {
            return;
        };
        let before = self.agents.get(own).and_then(|agent| agent.wrap_up_until);
        let Some(before) = before else {
            return;
        };
        self.deadlines
            .remove(&(before, Deadline::WrapUp(id.clone())));
        self.deadlines.insert((until, Deadline::WrapUp(id.clone())));
        self.agent(now, own, |agent| agent.wrap_up_until = Some(until));
    }

    fn apply_logged_out(
        &mut self,
        now: Moment,
        id: &UserId,
        queues: &BTreeSet<QueueId>,
        by: &Origin,
    ) {
        let Some(own) = self.agents.number(id) else {
            return;
        };
        self.leave_queues(own, queues);
        self.agent(now, own, |agent| {
            // A pause is a state of one who is logged in: he who comes back comes to work.
            if agent.logins.is_empty() {
                agent.pause = None;
                agent.put_aside(by);
            }
        });
    }

    /// Takes an agent out of these queues.
    pub(crate) fn leave_queues(&mut self, own: Number, queues: &BTreeSet<QueueId>) {
        for queue in queues {
            let agent = self.agents.get_mut(own);
            let login = agent.and_then(|agent| agent.logins.remove(queue));
            if let Some(login) = login {
                self.queue(login.at, |queue| {
                    queue.logged_in.remove(&own);
                    if let Some(seat) = login.seat {
                        queue.rise(seat, own);
                    }
                    queue.seat_for_errands(own, login.errand_seat, None);
                    if let Some(part) = login.part {
                        queue.staff.remove(part);
                    }
                });
                self.review_seekers(login.at, own);
            }
        }
    }

    /// The offer's leg is gone. The agent is as idle as before, unless he let a caller down.
    fn close_offer(
        &mut self,
        now: Moment,
        offer: OfferId,
        outcome: Outcome,
        deferred_until: Option<Time>,
    ) {
        let Some(made) = self.offers.remove(&offer) else {
            return;
        };
        if let Some(deadline) = deadline_of(offer, made.state) {
            self.deadlines.remove(&deadline);
        }
        self.back_to_waiting(made.call, offer);
        let mut until = deferred_until;
        if let Some(agent) = self.agents.get_mut(made.to) {
            // Who was given a caller while he was left in peace is so for the rest of that time.
            until = until.or(agent.deferred_until);
            agent.engaged = None;
            agent.strikes_for(outcome);
            agent.totals.count(outcome);
            if matches!(outcome, Outcome::Missed | Outcome::Declined | Outcome::Busy) {
                agent.idle_from(now);
            }
        }
        self.defer(now, made.to, until);
    }
}
