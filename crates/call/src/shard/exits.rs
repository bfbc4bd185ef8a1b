//! Where callers go whom a queue does not take in or keeps no longer, and where their keys lead while they wait.

use super::Shard;
use crate::call::{MessageCall, Purpose};
use crate::input::{CallEvent, EndCause, Output, RefusedCause};
use crate::settings::{Destination, Door, Message};
use acd::{LeaveCause, RefuseCause};
use base::{CallId, QueueId, Time};
use sip_core::StatusCode;

impl Shard {
    /// The queue engine has put the caller out: he goes where the queue's settings send him for that, else it is busy.
    pub(super) fn queue_refused(
        &mut self,
        now: Time,
        call: CallId,
        queue: &QueueId,
        cause: RefuseCause,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.call_mut(call).filter(|call| call.ending.is_none()) else {
            return;
        };
        let Purpose::Queue(waits) = &mut entry.purpose else {
            return;
        };
        // He may have gone to another queue while this was on its way.
        if waits.queue != *queue || waits.agent.is_some() {
            return;
        }
        waits.joined = false;
        let instead = self
            .door(call, queue)
            .and_then(|door| door.exits.get(&cause));
        let (message, then) = match instead {
            Some(instead) => (instead.to_say(), instead.then.clone()),
            None => (None, None),
        };
        let status = StatusCode::BUSY_HERE;
        if then.is_none() {
            out.push(Output::Event(CallEvent::Refused {
                status: status.code(),
                cause: RefusedCause::QueueRefused,
            }));
        }
        match (message, then) {
            (Some(message), _) => self.say_instead(now, call, message, status, out),
            (None, Some(then)) => self.enter_or_end(now, call, &then, status, out),
            (None, None) => self.end_call(now, call, EndCause::NotCompleted, status, out),
        }
    }

    /// Says something to a caller who waits no more, as early media to one who was not answered; then he goes on, or
    /// his call ends with `status`.
    fn say_instead(
        &mut self,
        now: Time,
        call: CallId,
        message: Message,
        status: StatusCode,
        out: &mut Vec<Output>,
    ) {
        self.leave(now, call, LeaveCause::SentOn, out);
        if let Some(call) = self.call_mut(call) {
            call.purpose = Purpose::Message(MessageCall {
                message: Some(message),
                more: Vec::new(),
                shut: None,
                status,
            });
            call.moves = call.moves.saturating_add(1);
        }
        self.begin_message(now, call, out);
    }

    /// A caller pressed a key while he waits: it may lead elsewhere. Where it leads nowhere, he waits on.
    pub(super) fn key_while_waiting(
        &mut self,
        now: Time,
        call: CallId,
        key: char,
        out: &mut Vec<Output>,
    ) {
        let Some(destination) = self.led_by_key(call, key) else {
            return;
        };
        // What is there no more keeps him where he is.
        let _waits_on = self.enter(now, call, &destination, LeaveCause::KeyPressed, out);
    }

    fn led_by_key(&self, call: CallId, key: char) -> Option<Destination> {
        let entry = self.call(call).filter(|call| call.ending.is_none())?;
        let Purpose::Queue(waits) = &entry.purpose else {
            return None;
        };
        if waits.agent.is_some() {
            return None;
        }
        self.door(call, &waits.queue)?.keys.get(&key).cloned()
    }

    /// What the settings of now say of a queue's callers.
    fn door(&self, call: CallId, queue: &QueueId) -> Option<&Door> {
        let organisation = self.directory.organisations.get(&self.call(call)?.org)?;
        organisation.ways.doors.get(queue)
    }
}
