//! Something is said to the caller, and then the call ends or goes on.

use super::{Due, Shard};
use crate::call::{MessageCall, Purpose};
use crate::called_back::Wanted;
use crate::input::{CallEvent, EndCause, Output, RefusedCause};
use crate::journey::{CallTimer, PLAYED_WITHIN_MAX};
use crate::settings::{Answering, Message};
use acd::LeaveCause;
use base::{CallId, Time};
use media_core::{Command, Playlist, PromptId, Then};
use sip_core::StatusCode;

impl Shard {
    /// A call was led to something that is said, or to a queue that lets nobody in and has nothing to say.
    pub(super) fn begin_message(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        let Some(Purpose::Message(saying)) = self.call(call).map(|call| &call.purpose) else {
            return;
        };
        let status = saying.status;
        let says = saying.message.is_some();
        let saying_offers = saying.offers.is_some();
        if saying.shut.is_some() {
            out.push(Output::Event(CallEvent::Refused {
                status: status.code(),
                cause: RefusedCause::QueueClosed,
            }));
        }
        match says {
            false if saying_offers => self.message_said(now, call, out),
            true => {
                self.transfer_reached(call, StatusCode::OK, out);
                self.say_message(now, call, out);
            }
            false => self.end_call(now, call, EndCause::NotCompleted, status, out),
        }
    }

    pub(super) fn say_message(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        let Some(entry) = self.call(call) else {
            return;
        };
        let (caller, token) = (entry.caller, entry.token() + 1);
        let Purpose::Message(saying) = &entry.purpose else {
            return;
        };
        let Some(message) = &saying.message else {
            return;
        };
        let mut prompts = vec![message.prompt.clone()];
        prompts.extend_from_slice(&saying.more);
        self.transfer_reached(call, StatusCode::OK, out);
        self.let_hear(now, caller, Answering::WhenAgentAnswers, out);
        let lost = Due::Call(call, CallTimer::PlayedLost);
        self.timers.arm(lost, now + PLAYED_WITHIN_MAX);
        let playlist = Playlist {
            token,
            prompts,
            then: Then::Silence,
        };
        self.media(caller, Command::Play(playlist), out);
    }

    /// A playlist is through: the message has been heard, or what came before it.
    pub(super) fn message_played(
        &mut self,
        now: Time,
        call: CallId,
        token: u32,
        out: &mut Vec<Output>,
    ) {
        if self
            .call(call)
            .is_some_and(|call| token == call.token() + 1)
        {
            self.message_said(now, call, out);
        }
    }

    /// The message has been heard: who may be called back instead of what follows is told so.
    pub(super) fn message_said(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        let Purpose::Message(saying) = &mut entry.purpose else {
            return;
        };
        match (saying.offers.clone(), &entry.asks_back) {
            (Some(queue), None) => self.ask_offer(now, call, queue, Wanted::ToTell, out),
            // He has pressed the key for it already.
            (_, Some(_)) => {}
            (None, None) => self.message_over(now, call, out),
        }
    }

    /// Nothing more is said.
    pub(super) fn message_over(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        let Some(Purpose::Message(saying)) = self.call(call).map(|call| &call.purpose) else {
            return;
        };
        let status = saying.status;
        let cause = match saying.message {
            Some(_) => EndCause::Completed,
            None => EndCause::NotCompleted,
        };
        let then = saying.message.as_ref().and_then(|it| it.then.clone());
        let then = then.map(|then| *then).or_else(|| saying.then.clone());
        match then {
            Some(then) => self.enter_or_end(now, call, &then, status, out),
            None => self.end_call(now, call, cause, status, out),
        }
    }

    /// The call ends with this: said first to a caller who hears us, where there is something to say.
    pub(super) fn end_saying(
        &mut self,
        now: Time,
        call: CallId,
        prompt: Option<PromptId>,
        status: StatusCode,
        out: &mut Vec<Output>,
    ) {
        let hears = self
            .call(call)
            .is_some_and(|call| call.ending.is_none() && self.hears_us(call.caller));
        match prompt.filter(|_| hears) {
            Some(prompt) => self.end_telling(now, call, prompt, status, out),
            None => self.end_call(now, call, EndCause::NotCompleted, status, out),
        }
    }

    /// The same, said also to a caller who hears nothing from us yet.
    pub(super) fn end_telling(
        &mut self,
        now: Time,
        call: CallId,
        prompt: PromptId,
        status: StatusCode,
        out: &mut Vec<Output>,
    ) {
        // One who was sent here goes back to whoever sent him.
        let over = self.call(call).is_none_or(|call| call.ending.is_some());
        if over || self.may_come_back(call, EndCause::NotCompleted) {
            return self.end_call(now, call, EndCause::NotCompleted, status, out);
        }
        self.leave(now, call, LeaveCause::Failed, out);
        if let Some(call) = self.call_mut(call) {
            let message = Message { prompt, then: None };
            call.purpose = Purpose::Message(MessageCall::of(message, status));
            call.moves = call.moves.saturating_add(1);
        }
        self.say_message(now, call, out);
    }
}
