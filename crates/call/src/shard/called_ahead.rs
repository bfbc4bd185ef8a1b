//! People who are called ahead of the agent: his device rings while theirs does. Who answers first waits for the other, the agent
//! hearing it ring, the person a message at once and music. Where the agent lets it be another is rung, and a person for whom nobody
//! comes in time is told that he keeps his place.

use super::calling_back::{Told, tell_queue};
use super::ringing::CallOff;
use super::{Due, Shard};
use crate::call::{Alternatives, Purpose};
use crate::calling_back::{AGENT_WITHIN_DEFAULT, Begins, EndedBy, Placing};
use crate::input::Output;
use crate::journey::CallTimer;
use crate::leg::Role;
use acd::{CallbackEnd, OfferEnd};
use base::{CallId, LegId, OfferId, Time, UserId};
use callback::{CallEvent, PlacingId};
use media_core::{Command, Playlist, Then};
use sip_core::StatusCode;

impl Shard {
    /// Another agent is kept for a person whose call goes on.
    pub(super) fn ring_another(
        &mut self,
        now: Time,
        placing: PlacingId,
        agent: &UserId,
        offer: OfferId,
        out: &mut Vec<Output>,
    ) {
        let placed = self.placings.get_mut(&placing);
        let Some(placed) = placed.filter(|placed| placed.is_ahead()) else {
            // The person has gone while this was on its way, as the lists have been told.
            return tell_queue(Some(offer), CallbackEnd::PersonGone, out);
        };
        let call = placed.call;
        match placed.agent_rung(offer) {
            true => self.ring_for_errand(now, call, agent, Some(offer), out),
            false => tell_queue(Some(offer), CallbackEnd::PersonGone, out),
        }
    }

    /// His queue wants the agent no more for it. Who has taken it has it.
    pub(super) fn stop_agent(
        &mut self,
        now: Time,
        placing: PlacingId,
        offer: OfferId,
        out: &mut Vec<Output>,
    ) {
        let kept = |placed: &&Placing| placed.is_ahead() && placed.offer == Some(offer);
        if let Some(call) = self.placings.get(&placing).filter(kept).map(|it| it.call) {
            self.agent_lets_be(now, call, OfferEnd::Withdrawn, out);
        }
    }

    /// The agent's device is to ring no more, and the person's call goes on.
    pub(super) fn agent_lets_be(
        &mut self,
        now: Time,
        call: CallId,
        end: OfferEnd,
        out: &mut Vec<Output>,
    ) {
        let Some(offer) = self.placed(call).and_then(Placing::agent_out) else {
            return;
        };
        self.timers.disarm(&Due::Call(call, CallTimer::NextRound));
        self.free_agent(call, Some(offer), CallbackEnd::Unanswered(end), out);
        let is_his = |role: &Role| role.offer() == Some(offer);
        self.withdraw(now, call, CallOff::Over, is_his, out);
        self.tell_lists(call, Some(CallEvent::NotTaken(offer)), out);
    }

    /// The agent has answered: he talks with the person who waits, or hears whom he is to talk with while it rings.
    pub(super) fn takes_called(
        &mut self,
        now: Time,
        call: CallId,
        leg: LegId,
        out: &mut Vec<Output>,
    ) {
        if let Some(role) = self.leg(leg).map(|leg| leg.role.clone()) {
            self.forget_ring(call, &role);
        }
        self.becomes_caller(call, leg, out);
        self.timers.disarm(&Due::Call(call, CallTimer::NextRound));
        let Some(placed) = self.placed(call) else {
            return;
        };
        let (begins, offer) = (placed.agent_answered(), placed.offer);
        if let Some(offer) = offer {
            out.push(Output::Acd(acd::Input::CallbackTaken { offer }));
            self.tell_lists(call, Some(CallEvent::Taken(offer)), out);
        }
        if let Some(call) = self.call_mut(call) {
            call.is_answered(now);
        }
        self.call_goes_on(call, out);
        self.apply_media(leg, out);
        let person = match self.call(call).map(|call| &call.purpose) {
            Some(Purpose::Outside(outside)) => outside.leg,
            _ => None,
        };
        match person.filter(|_| begins == Begins::Talk) {
            Some(person) => self.outside_talks(now, call, person, out),
            None => self.play_until_answered(now, call, leg, out),
        }
    }

    fn play_until_answered(&mut self, now: Time, call: CallId, leg: LegId, out: &mut Vec<Output>) {
        let Some(entry) = self.call(call) else {
            return;
        };
        let organisation = self.directory.organisations.get(&entry.org);
        let tone = organisation.and_then(|it| it.ways.ringing_tone.clone());
        let playlist = Playlist {
            // Nobody waits for its end.
            token: 0,
            prompts: self.announced(now, call).unwrap_or_default(),
            then: tone.map_or(Then::Silence, Then::Music),
        };
        self.media(leg, Command::Play(playlist), out);
    }

    /// Whether a person has answered for whom no agent is there yet: he hears so at once.
    pub(super) fn waits_for_agent(
        &mut self,
        now: Time,
        call: CallId,
        leg: LegId,
        out: &mut Vec<Output>,
    ) -> Told {
        if !self.placed(call).is_some_and(Placing::person_waits) {
            return Told::No;
        }
        let settings = self.call(call).and_then(|call| self.calling_back(call));
        let within = settings.map_or(AGENT_WITHIN_DEFAULT, |it| it.agent_within);
        let prompts = settings.map(|it| it.prompts.wait.clone());
        let playlist = Playlist {
            token: 0,
            prompts: prompts.into_iter().collect(),
            then: self.music_of_list(call).unwrap_or(Then::Silence),
        };
        if let Some(call) = self.call_mut(call) {
            call.alternatives = Alternatives::new();
        }
        let too_long = Due::Call(call, CallTimer::RingTooLong);
        self.timers.arm(too_long, now + within);
        self.apply_media(leg, out);
        self.media(leg, Command::Play(playlist), out);
        self.pay_a_minute(leg, out);
        Told::Yes
    }

    /// What callers of the queue hear.
    fn music_of_list(&self, call: CallId) -> Option<Then> {
        let entry = self.call(call)?;
        let organisation = self.directory.organisations.get(&entry.org)?;
        let queue = organisation.queues.get(self.list_of(entry)?);
        let music = queue.map_or(&organisation.hold_music, |queue| &queue.music);
        Some(Then::Music(music.clone()))
    }

    /// A person has waited for an agent as long as he is to: he hears that he keeps his place, and the call ends.
    pub(super) fn nobody_came(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) -> Told {
        if !self
            .placed(call)
            .is_some_and(|placed| placed.is_waited_for())
        {
            return Told::No;
        }
        let Some((placing, person)) = self.live_call(call).and_then(|entry| {
            let Purpose::Outside(outside) = &entry.purpose else {
                return None;
            };
            Some((entry.placing?, outside.leg?))
        }) else {
            return Told::No;
        };
        let settings = self.call(call).and_then(|call| self.calling_back(call));
        let prompt = settings.map(|it| it.prompts.sorry.clone());
        let event = CallEvent::MetNobody;
        self.placing_over(placing, Some(event), EndedBy::Agent, out);
        self.leads(call, person);
        let status = StatusCode::TEMPORARILY_UNAVAILABLE;
        self.end_saying(now, call, prompt, status, out);
        Told::Yes
    }

    /// Whether a person is called in that call and no agent is in it yet.
    pub(super) fn is_called_ahead(&self, call: CallId) -> bool {
        let placing = self.call(call).and_then(|call| call.placing);
        let placed = placing.and_then(|placing| self.placings.get(&placing));
        placed.is_some_and(Placing::is_ahead)
    }
}
