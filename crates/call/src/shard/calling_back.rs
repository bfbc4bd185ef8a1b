//! Agents who call people back: the agent's device is rung first, he hears whom he is to call, and when the callback lists say
//! so the person is called as any number outside is. From then on it is a call outside like others, with the agent as its
//! caller; the lists are told how it goes.

use super::{Due, OwnCall, Shard};
use crate::call::{Call, OutsideCall, Purpose};
use crate::calling_back::{self, ALIVE_EVERY, EndedBy, Keyed, Placing};
use crate::hunt::Ring;
use crate::identity::account;
use crate::input::{CallEvent, EndCause, Output, RefusedCause};
use crate::journey::CallTimer;
use crate::leg::Role;
use crate::outward::Payer;
use crate::settings::{CallingBack, PickUp};
use acd::{CallbackEnd, OfferEnd};
use base::{CallId, CallbackId, LegId, OfferId, QueueId, Time, UserId};
use callback::{Errand, HangUpCause, Input, Order, PlacingId, Utc};
use media_core::{Playlist, PromptId, Then};
use sip_core::StatusCode;
use std::sync::Arc;
use std::time::Duration;

/// Whether an agent who calls somebody back was told how that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Yes,
    /// It is no such call.
    No,
}

impl Shard {
    /// The agent's device is to be rung. Said twice, it rings once.
    pub(super) fn place(
        &mut self,
        now: Time,
        (placing, entry): (PlacingId, CallbackId),
        agent: &UserId,
        (offer, order): (Option<OfferId>, Order),
        errand: Errand,
        out: &mut Vec<Output>,
    ) {
        if self.placings.contains_key(&placing) {
            return;
        }
        let Some(call) = self.call_for(now, placing, agent, &errand, out) else {
            let event = callback::CallEvent::AgentDidNotAnswer;
            tell_queue(offer, CallbackEnd::Broken, out);
            return out.push(Output::Callback(Input::Call { placing, event }));
        };
        let placed = Placing::new(errand, call, offer, order);
        self.placings.insert(placing, placed);
        self.timers.arm(Due::Placing(placing), now + ALIVE_EVERY);
        // Whom his queue keeps for it is busy for it, and with no call of his own.
        if offer.is_none() {
            self.tell_own_call(Some(agent.clone()), call, OwnCall::Active, out);
        }
        self.call_began(call, Some(entry), out);
        self.ring_for_errand(now, call, agent, offer, out);
    }

    /// Rings an agent for a call to a person: until he answers it is his by the leg that looks for his devices.
    pub(super) fn ring_for_errand(
        &mut self,
        now: Time,
        call: CallId,
        agent: &UserId,
        offer: Option<OfferId>,
        out: &mut Vec<Output>,
    ) {
        let role = Role::CallsBack {
            agent: agent.clone(),
            offer,
        };
        match self.ring_user(call, role, agent, out) {
            Some(leg) => {
                if let Some(call) = self.call_mut(call) {
                    call.caller = leg;
                }
            }
            None => self.calls_back_on_none(now, call, OfferEnd::DeviceError, out),
        }
    }

    /// A call for it; none where no more may begin, or a reload took away what it needs.
    fn call_for(
        &mut self,
        now: Time,
        placing: PlacingId,
        agent: &UserId,
        errand: &Errand,
        out: &mut Vec<Output>,
    ) -> Option<CallId> {
        let directory = Arc::clone(&self.directory);
        let org = agent.org();
        let organisation = directory.organisations.get(&org)?;
        organisation.calling_back.get(&errand.queue)?;
        let calling = account(organisation, agent.clone())?;
        let refused = match self.draining {
            Some(_) => Some(RefusedCause::Draining),
            None if self.calls.len() >= super::CALLS_PER_SHARD_MAX => {
                Some(RefusedCause::TooManyCalls)
            }
            None => None,
        };
        if let Some(cause) = refused {
            let status = StatusCode::SERVICE_UNAVAILABLE.code();
            out.push(Output::Event(CallEvent::Refused { status, cause }));
            return None;
        }
        let purpose = Purpose::CallingBack;
        // It goes by the agent's Call-ID once he has answered.
        let call = self.new_call(now, org, calling, errand.number.as_str(), "", purpose);
        if let Some(call) = self.call_mut(call) {
            call.placing = Some(placing);
        }
        let rings_until = now + organisation.ring;
        self.timers
            .arm(Due::Call(call, CallTimer::RingTooLong), rings_until);
        Some(call)
    }

    /// None of the agent's devices was answered.
    pub(super) fn calls_back_on_none(
        &mut self,
        now: Time,
        call: CallId,
        end: OfferEnd,
        out: &mut Vec<Output>,
    ) {
        if self.placed(call).is_some_and(|placed| placed.is_ahead()) {
            return self.agent_lets_be(now, call, end, out);
        }
        if let Some(placed) = self.placed(call) {
            placed.not_answered(end);
        }
        let status = StatusCode::TEMPORARILY_UNAVAILABLE;
        self.end_call(now, call, EndCause::NotCompleted, status, out);
    }

    /// The agent has taken it on one of his devices: the call is his from now on, and he hears whom he is to call.
    pub(super) fn calls_back(&mut self, now: Time, leg: LegId, out: &mut Vec<Output>) {
        let Some(call) = self.leg(leg).map(|leg| leg.call) else {
            return;
        };
        if self.is_dialled_elsewhere(call) {
            return self.goes_on_dialling(now, leg, out);
        }
        if self.placed(call).is_some_and(|placed| placed.is_ahead()) {
            return self.takes_called(now, call, leg, out);
        }
        self.is_caller_now(call, leg);
        let Some(token) = self.call(call).map(Call::token) else {
            return;
        };
        let playlist = Playlist {
            token: token + 1,
            // A reload took the words away while his device rang: there is nothing to hear.
            prompts: self.announced(now, call).unwrap_or_default(),
            then: Then::Silence,
        };
        if let Some(placed) = self.placed(call) {
            placed.agent_answered();
            if let Some(offer) = placed.offer {
                out.push(Output::Acd(acd::Input::CallbackTaken { offer }));
            }
        }
        if let Some(call) = self.call_mut(call) {
            call.is_answered(now);
        }
        self.call_goes_on(call, out);
        self.apply_media(leg, out);
        match playlist.prompts.is_empty() {
            true => self.errand_heard(call, out),
            false => self.play_awaited(now, call, leg, playlist, out),
        }
    }

    /// Whom the agent of that call is to call, as he hears it.
    pub(super) fn announced(&self, now: Time, call: CallId) -> Option<Vec<PromptId>> {
        let entry = self.call(call)?;
        let placed = self.placings.get(&entry.placing?)?;
        let organisation = self.directory.organisations.get(&entry.org)?;
        let queue = &placed.errand.queue;
        let settings = organisation.calling_back.get(queue)?;
        let seconds = self.wall.map(|wall| wall.unix_seconds(now));
        Some(calling_back::announcement(
            settings,
            &placed.errand,
            organisation.extension_of(queue),
            seconds.map(Utc::from_seconds),
        ))
    }

    pub(super) fn errand_played(&mut self, call: CallId, token: u32, out: &mut Vec<Output>) {
        let is_it = |call: &Call| token == call.token() + 1;
        if self.call(call).is_some_and(is_it) {
            self.errand_heard(call, out);
        }
    }

    /// He has heard whom he is to call: once that he will is stored, the lists say so.
    pub(super) fn errand_heard(&mut self, call: CallId, out: &mut Vec<Output>) {
        self.timers.disarm(&Due::Call(call, CallTimer::PlayedLost));
        let event = self.placed(call).and_then(Placing::announced);
        self.tell_lists(call, event, out);
    }

    /// It is stored: the person is called on the queue's account, by the check that every call out passes.
    pub(super) fn ring_person(&mut self, now: Time, placing: PlacingId, out: &mut Vec<Output>) {
        // The agent may have hung up while this was on its way: then nobody is called.
        let Some(placed) = self.placings.get_mut(&placing) else {
            return;
        };
        if !placed.rings_person() {
            return;
        }
        let (call, errand) = (placed.call, placed.errand.clone());
        let payer = Payer::Queue(errand.queue);
        let org = self.call(call).map(|call| &call.org);
        let organisation = org.and_then(|org| self.directory.organisations.get(org));
        let outside = organisation.and_then(|it| it.outward.numbering.read(errand.number.as_str()));
        let Some(outside) = outside else {
            self.person_not_reached(now, call, StatusCode::NOT_FOUND, out);
            return;
        };
        if let Some(call) = self.call_mut(call) {
            call.moves = call.moves.saturating_add(1);
            call.purpose = Purpose::Outside(OutsideCall {
                outside,
                payer,
                leg: None,
                ringing_told: false,
            });
            call.comes_to_purpose();
        }
        self.call_outside(now, call, out);
    }

    /// How long the person of such a call is rung.
    pub(super) fn person_rings(&self, call: CallId) -> Option<Duration> {
        let settings = self.calling_back(self.call(call)?)?;
        Some(settings.person_rings)
    }

    pub(super) fn person_answered(&mut self, call: CallId, out: &mut Vec<Output>) {
        let event = self.placed(call).and_then(Placing::person_answered);
        self.tell_lists(call, event, out);
    }

    /// The person was not reached: the lists are told, then the agent.
    pub(super) fn person_not_reached(
        &mut self,
        now: Time,
        call: CallId,
        status: StatusCode,
        out: &mut Vec<Output>,
    ) -> Told {
        let Some(placing) = self.live_call(call).and_then(|call| call.placing) else {
            return Told::No;
        };
        let waits = self
            .placings
            .get(&placing)
            .is_some_and(Placing::is_waited_for);
        let event = match waits {
            // He has answered, and gave up waiting for an agent.
            true => callback::CallEvent::MetNobody,
            false => calling_back::event_of(status),
        };
        self.placing_ends(now, placing, event, out);
        Told::Yes
    }

    /// The agent keys that a machine has answered.
    pub(super) fn key_while_calling_back(
        &mut self,
        now: Time,
        call: CallId,
        key: char,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.live_call(call) else {
            return;
        };
        let code = self.calling_back(entry).map(|it| it.voicemail_keys.clone());
        let (Some(placing), Some(code)) = (entry.placing, code) else {
            return;
        };
        let keyed = self.placed(call).map(|placed| placed.key(key, &code));
        if keyed == Some(Keyed::Whole) {
            self.placing_ends(now, placing, callback::CallEvent::Voicemail, out);
        }
    }

    /// It ends so, which the agent hears.
    fn placing_ends(
        &mut self,
        now: Time,
        placing: PlacingId,
        event: callback::CallEvent,
        out: &mut Vec<Output>,
    ) {
        let Some(call) = self.placings.get(&placing).map(|placed| placed.call) else {
            return;
        };
        let settings = self.call(call).and_then(|call| self.calling_back(call));
        let prompt = settings.and_then(|it| it.prompts.of_event(event).cloned());
        self.placing_over(placing, Some(event), EndedBy::Agent, out);
        self.end_with(now, call, prompt, out);
    }

    /// The lists end it: they know why, and have told whoever waits for it.
    pub(super) fn end_placing(
        &mut self,
        now: Time,
        placing: PlacingId,
        why: HangUpCause,
        out: &mut Vec<Output>,
    ) {
        let Some(placed) = self.placings.get(&placing) else {
            return;
        };
        let (call, hears) = (placed.call, placed.is_answered());
        let settings = self.call(call).and_then(|call| self.calling_back(call));
        let prompt = settings.map(|it| it.prompts.of_cause(why).clone());
        self.placing_over(placing, None, EndedBy::Lists, out);
        self.end_with(now, call, prompt.filter(|_| hears), out);
    }

    fn end_with(
        &mut self,
        now: Time,
        call: CallId,
        prompt: Option<PromptId>,
        out: &mut Vec<Output>,
    ) {
        let status = StatusCode::TEMPORARILY_UNAVAILABLE;
        self.end_saying(now, call, prompt, status, out);
    }

    /// The one ending that the lists hear of it: this, or what it is that the agent's call ends.
    pub(super) fn placing_over(
        &mut self,
        placing: PlacingId,
        event: Option<callback::CallEvent>,
        by: EndedBy,
        out: &mut Vec<Output>,
    ) {
        let Some(placed) = self.placings.remove(&placing) else {
            return;
        };
        self.timers.disarm(&Due::Placing(placing));
        let agent = self.call_mut(placed.call).and_then(|call| {
            call.placing = None;
            call.caller_user.clone()
        });
        self.free_agent(placed.call, placed.offer, placed.ended_for_queue(by), out);
        // Whom his queue kept for it has his work after it by that.
        let by_hand = placed.offer.is_none();
        if let Some(agent) = agent.filter(|_| by_hand && placed.has_called()) {
            let queue = placed.errand.queue.clone();
            out.push(Output::Acd(acd::Input::CalledFor { agent, queue }));
        }
        let event = event.unwrap_or_else(|| placed.ended());
        out.push(Output::Callback(Input::Call { placing, event }));
    }

    /// An agent is wanted no more for a callback that his queue kept him for. While his device is still to be given up his queue
    /// is told when it is gone, as of an offer: who is free sooner would be rung twice at once.
    pub(super) fn free_agent(
        &mut self,
        call: CallId,
        offer: Option<OfferId>,
        end: CallbackEnd,
        out: &mut Vec<Output>,
    ) {
        let is_his = |ring: &&mut Ring| offer.is_some() && ring.role.offer() == offer;
        let ring = self
            .call_mut(call)
            .and_then(|call| call.rings.iter_mut().find(is_his));
        match ring {
            Some(ring) => ring.give_up(end),
            None => tell_queue(offer, end, out),
        }
    }

    pub(super) fn placing_is_alive(
        &mut self,
        now: Time,
        placing: PlacingId,
        out: &mut Vec<Output>,
    ) {
        if self.placings.contains_key(&placing) {
            self.timers.arm(Due::Placing(placing), now + ALIVE_EVERY);
            let event = callback::CallEvent::Alive;
            out.push(Output::Callback(Input::Call { placing, event }));
        }
    }

    /// The agent leaves a call for one of his own: what he does for the lists goes with him.
    pub(super) fn keeps_placing(&mut self, call: CallId, own: CallId, leg: LegId) {
        let Some(entry) = self.call_mut(call).filter(|call| call.caller == leg) else {
            return;
        };
        let Some(placing) = entry.placing.take() else {
            return;
        };
        if let Some(own) = self.call_mut(own) {
            own.placing = Some(placing);
        }
        if let Some(placed) = self.placings.get_mut(&placing) {
            placed.call = own;
        }
    }

    pub(super) fn tell_lists(
        &self,
        call: CallId,
        event: Option<callback::CallEvent>,
        out: &mut Vec<Output>,
    ) {
        let placing = self.call(call).and_then(|call| call.placing);
        if let (Some(placing), Some(event)) = (placing, event) {
            out.push(Output::Callback(Input::Call { placing, event }));
        }
    }

    pub(super) fn placed(&mut self, call: CallId) -> Option<&mut Placing> {
        let placing = self.live_call(call)?.placing?;
        self.placings.get_mut(&placing)
    }

    /// The queue for which somebody is called back in that call.
    pub(super) fn list_of(&self, call: &Call) -> Option<&QueueId> {
        let placed = self.placings.get(&call.placing?)?;
        Some(&placed.errand.queue)
    }

    /// How that is done there.
    pub(super) fn calling_back(&self, call: &Call) -> Option<&CallingBack> {
        let organisation = self.directory.organisations.get(&call.org)?;
        let settings = organisation.calling_back.get(self.list_of(call)?)?;
        Some(settings)
    }

    /// The queue's internal number, or its name where it has none.
    pub(super) fn number_of_list<'a>(&'a self, call: &'a Call) -> &'a str {
        let Some(queue) = self.list_of(call) else {
            return &call.caller_number;
        };
        let organisation = self.directory.organisations.get(&call.org);
        let extension = organisation.and_then(|it| it.extension_of(queue));
        extension.unwrap_or(queue.name())
    }

    /// Whether its agents' phones answer by themselves.
    pub(super) fn pick_up_of_list(&self, call: &Call) -> PickUp {
        let organisation = self.directory.organisations.get(&call.org);
        let queue = organisation.and_then(|it| it.queues.get(self.list_of(call)?));
        queue.map_or(PickUp::ByHand, |queue| queue.pick_up)
    }
}

/// The queue that gave a callback to an agent is told how it ended.
pub(super) fn tell_queue(offer: Option<OfferId>, end: CallbackEnd, out: &mut Vec<Output>) {
    if let Some(offer) = offer {
        out.push(Output::Acd(acd::Input::CallbackOver { offer, end }));
    }
}
