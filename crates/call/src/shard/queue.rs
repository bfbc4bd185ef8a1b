//! Calls to queues: the caller's journey, and the queue engine's commands.

use super::called_back::{Begun, Key};
use super::feature::Came;
use super::ringing::CallOff;
use super::{Due, Shard};
use crate::call::{Call, Purpose, QueueCall};
use crate::called_back::Wanted;
use crate::dictation::Dictation;
use crate::input::{EndCause, Output};
use crate::journey::{CallTimer, Journey, PLAYED_WITHIN_MAX, Step};
use crate::leg::{Leg, Role, State};
use acd::{Asker, Entrance, OfferEnd, WithdrawCause};
use base::{CallId, LegId, OfferId, QueueId, Time, UserId};
use media_core::Command;
use sip_core::StatusCode;
use std::sync::Arc;

impl Shard {
    /// A caller comes to a queue. He is answered once the queue engine has said that there is room for him.
    pub(super) fn arrive(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        self.step_journey(now, call, out, Journey::arrive);
    }

    /// There is: he is let hear, and his journey begins.
    fn has_room(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        let Some(entry) = self.live_call(call) else {
            return;
        };
        let caller = entry.caller;
        let Purpose::Queue(queue) = &entry.purpose else {
            return;
        };
        if queue.journey.is_arriving() {
            let answering = queue.journey.settings().answer;
            self.transfer_reached(call, StatusCode::OK, out);
            self.let_hear(now, caller, answering, out);
            self.step_journey(now, call, out, Journey::start);
        }
    }

    pub(super) fn journey_played(
        &mut self,
        now: Time,
        call: CallId,
        token: u32,
        out: &mut Vec<Output>,
    ) {
        self.step_journey(now, call, out, |journey, steps| {
            journey.played(token, steps)
        });
    }

    /// No news of what is being played has come for too long.
    pub(super) fn played_lost(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        if self.callback_played(now, call, None, out) == Key::Taken {
            return;
        }
        match self.call(call).map(|call| &call.purpose) {
            Some(Purpose::Feature(_)) => {
                let status = StatusCode::OK;
                self.end_call(now, call, EndCause::Completed, status, out);
            }
            Some(Purpose::Message(_)) => self.message_said(now, call, out),
            Some(Purpose::Menu(_)) => self.menu_played_unnoticed(now, call, out),
            Some(Purpose::Dictation(_)) => {
                self.step_dictation(now, call, out, Dictation::played_unnoticed);
            }
            Some(Purpose::CallingBack) => self.errand_heard(call, out),
            Some(Purpose::Closing(_)) => {
                self.step_closing(now, call, out, |closing, _, steps| {
                    closing.played_unnoticed(steps);
                });
            }
            _ => self.step_journey(now, call, out, Journey::played_unnoticed),
        }
    }

    pub(super) fn repeat_due(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        self.step_journey(now, call, out, Journey::repeat_due);
    }

    pub(super) fn step_journey(
        &mut self,
        now: Time,
        call: CallId,
        out: &mut Vec<Output>,
        step: impl FnOnce(&mut Journey, &mut Vec<Step>),
    ) {
        let directory = Arc::clone(&self.directory);
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        let caller = entry.caller;
        let arrived = entry.arrived;
        let Purpose::Queue(queue) = &mut entry.purpose else {
            return;
        };
        let mut steps = Vec::new();
        step(&mut queue.journey, &mut steps);
        let joins = steps.contains(&Step::Join);
        queue.joined |= joins;
        let priority = queue.terms.priority.unwrap_or(entry.priority);
        entry.priority = priority;
        if let Some(requires) = queue.terms.requires.take() {
            entry.requires = requires;
        }
        let queue = queue.queue.clone();
        let requires = entry.requires.clone();
        // Who he is takes a look at his country's numbers: not at each end of a prompt.
        let known_as = joins
            .then(|| directory.known_as(&entry.org, &entry.caller_number))
            .flatten();
        for step in steps {
            match step {
                Step::Play(playlist) => {
                    let lost = Due::Call(call, CallTimer::PlayedLost);
                    match playlist.prompts.is_empty() {
                        true => self.timers.disarm(&lost),
                        false => self.timers.arm(lost, now + PLAYED_WITHIN_MAX),
                    }
                    self.media(caller, Command::Play(playlist), out);
                }
                Step::Join => out.push(Output::Acd(acd::Input::Join(Entrance {
                    priority,
                    known_as,
                    requires: requires.clone(),
                    ..Entrance::new(call, queue.clone(), arrived)
                }))),
                Step::AskRoom => out.push(Output::Acd(acd::Input::AskRoom {
                    call,
                    queue: queue.clone(),
                })),
                Step::AskOffer => self.ask_offer(now, call, queue.clone(), Wanted::ToTell, out),
                Step::AskProspect => out.push(Output::Acd(acd::Input::AskPosition { call })),
                Step::Leave => self.take_way_out(now, call, out),
                Step::WaitForRepeat(span) => {
                    self.timers
                        .arm(Due::Call(call, CallTimer::RepeatMessage), now + span);
                }
            }
        }
    }

    pub(super) fn acd_command(&mut self, now: Time, command: acd::Command, out: &mut Vec<Output>) {
        match command {
            acd::Command::Ring {
                offer,
                call,
                queue,
                agent,
            } => match self.waits_in(call, &queue) {
                true => self.ring_agent(call, offer, agent, out),
                // He has gone elsewhere while this was on its way.
                false => never_rang(offer, out),
            },
            acd::Command::Withdraw { offer, call, cause } => {
                let why = match cause {
                    WithdrawCause::AnsweredElsewhere => CallOff::Elsewhere,
                    WithdrawCause::CallerGone
                    | WithdrawCause::NoAnswer
                    | WithdrawCause::AgentGone => CallOff::Over,
                };
                self.withdraw_offer(now, call, offer, why, out);
            }
            acd::Command::Release { offer, call } => {
                self.withdraw_offer(now, call, offer, CallOff::Over, out);
            }
            acd::Command::Connect { offer, call, .. } => self.connect(now, call, offer, out),
            acd::Command::Room { call } => self.has_room(now, call, out),
            acd::Command::Refuse { call, queue, cause } => {
                self.queue_refused(now, call, &queue, cause, out);
            }
            acd::Command::Move { call, from, to } => self.moved(now, call, &from, &to, out),
            acd::Command::Position { call, prospect } => {
                let step = |journey: &mut Journey, steps: &mut Vec<Step>| {
                    journey.prospect_known(prospect, steps);
                };
                self.step_journey(now, call, out, step);
                self.wait_known(now, call, prospect, out);
            }
            acd::Command::Answer {
                asker: Asker::Call(call),
                result,
            } => self.feature_done(now, call, Came::of(&result), out),
            acd::Command::Standing { call, standing } => {
                self.tell_standing(now, call, &standing, out);
            }
            // Answered by whoever runs the shards.
            acd::Command::Moved { .. }
            | acd::Command::CallBack { .. }
            | acd::Command::CallOff { .. }
            | acd::Command::Answer {
                asker: Asker::Control(_),
                ..
            } => {}
        }
    }

    fn withdraw_offer(
        &mut self,
        now: Time,
        call: CallId,
        offer: OfferId,
        why: CallOff,
        out: &mut Vec<Output>,
    ) {
        let of_offer = |role: &Role| matches!(role, Role::Agent { offer: of, .. } if *of == offer);
        if !self.withdraw(now, call, why, of_offer, out) {
            never_rang(offer, out);
        }
    }

    fn waits_in(&self, call: CallId, queue: &QueueId) -> bool {
        let purpose = self.call(call).map(|call| &call.purpose);
        matches!(purpose, Some(Purpose::Queue(waits)) if waits.queue == *queue && waits.joined)
    }

    fn ring_agent(&mut self, call: CallId, offer: OfferId, agent: UserId, out: &mut Vec<Output>) {
        let waits = self.live_call(call).is_some();
        let role = Role::Agent {
            offer,
            agent: agent.clone(),
        };
        if let Some(Purpose::Queue(waits)) = self.call_mut(call).map(|call| &mut call.purpose) {
            waits.first_offer.get_or_insert(offer);
        }
        let rung = waits
            .then(|| self.ring_user(call, role, &agent, out))
            .flatten();
        if rung.is_none() {
            never_rang(offer, out);
        }
    }

    /// The device on which the agent answered.
    fn answered_leg(&self, call: CallId, offer: OfferId) -> Option<LegId> {
        let answered = |leg: &&Leg| {
            let of_offer = matches!(leg.role, Role::Agent { offer: of, .. } if of == offer);
            of_offer && leg.is_up() && !leg.settled
        };
        let legs = self.call(call)?.legs.iter();
        legs.filter_map(|leg| self.leg(*leg))
            .find(answered)
            .map(|leg| leg.id)
    }

    /// The agent's answer counts: the two talk.
    fn connect(&mut self, now: Time, call: CallId, offer: OfferId, out: &mut Vec<Output>) {
        let leg = self.answered_leg(call, offer);
        // The caller hung up or went elsewhere while this was on its way; the engine has been told.
        let waits = |call: &&mut Call| {
            let of_stay = |waits: &QueueCall| waits.first_offer.is_some_and(|it| it <= offer);
            call.ending.is_none() && matches!(&call.purpose, Purpose::Queue(it) if of_stay(it))
        };
        if self.call_mut(call).filter(waits).is_none() {
            return;
        }
        let agent = leg.and_then(|leg| self.user_of(leg));
        // Whatever he was choosing: he is answered.
        self.drop_callback(call, Begun::Forgotten, out);
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        let caller = entry.caller;
        let Purpose::Queue(queue) = &mut entry.purpose else {
            return;
        };
        queue.journey.stop();
        let Some(leg) = leg else {
            // The agent hung up while this was on its way: the conversation was over before it began.
            if std::mem::take(&mut queue.joined) {
                out.push(Output::Acd(acd::Input::ConversationEnded { call }));
            }
            let status = StatusCode::TEMPORARILY_UNAVAILABLE;
            return self.end_call(now, call, EndCause::CalleeHungUp, status, out);
        };
        queue.agent = Some((offer, leg));
        entry.talks(now, agent);
        self.call_goes_on(call, out);
        self.timers
            .disarm(&Due::Call(call, CallTimer::RepeatMessage));
        if self
            .leg(caller)
            .is_some_and(|leg| matches!(leg.state, State::Incoming { .. }))
        {
            self.answer(now, caller, out);
        }
        self.apply_media(leg, out);
        self.join_or_hold(call, out);
        self.do_held(now, leg, out);
    }
}

/// An offer whose leg is not there any more, or never was.
fn never_rang(offer: OfferId, out: &mut Vec<Output>) {
    out.push(Output::Acd(acd::Input::OfferEnded {
        offer,
        end: OfferEnd::Withdrawn,
    }));
}
