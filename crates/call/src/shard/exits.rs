//! Where callers go whom a queue does not take in or keeps no longer, and where their keys lead while they wait.

use super::Shard;
use crate::call::{MessageCall, Purpose, WayOut};
use crate::called_back::Besides;
use crate::input::{CallEvent, EndCause, Output, RefusedCause};
use crate::journey::{Journey, Leaving};
use crate::settings::{Destination, Door};
use acd::{LeaveCause, RefuseCause};
use base::{CallId, QueueId, Time};
use sip_core::StatusCode;

impl Shard {
    /// The queue engine has put the caller out: no agent rings for him any more.
    pub(super) fn queue_refused(
        &mut self,
        now: Time,
        call: CallId,
        queue: &QueueId,
        cause: RefuseCause,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.live_call_mut(call) else {
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
        // Whatever he was to leave for before: he is in the queue no more.
        waits.way_out = Some(WayOut::Refused(cause));
        self.leave_once_said(now, call, out);
    }

    /// The queue is closed by hand, and he is to meet what new callers meet. An agent who answers first has him.
    pub(super) fn leave_closed(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        let purpose = self.live_call_mut(call).map(|call| &mut call.purpose);
        if let Some(Purpose::Queue(waits)) = purpose {
            waits.way_out.get_or_insert(WayOut::Closed);
            self.leave_once_said(now, call, out);
        }
    }

    /// He goes when what is being said to him is over: at once from music.
    fn leave_once_said(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        let purpose = self.live_call_mut(call).map(|call| &mut call.purpose);
        if let Some(Purpose::Queue(waits)) = purpose
            && waits.journey.is_to_leave() == Leaving::Now
        {
            self.take_way_out(now, call, out);
        }
    }

    /// Nothing is being said to him any more: he goes.
    pub(super) fn take_way_out(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        let Some(Purpose::Queue(waits)) = self.live_call_mut(call).map(|call| &mut call.purpose)
        else {
            return;
        };
        let queue = waits.queue.clone();
        match waits.way_out.take() {
            Some(WayOut::Refused(cause)) => self.put_out(now, call, &queue, cause, out),
            Some(WayOut::Closed) if self.sends_away(now, &queue) => {
                let queue = Destination::Queue(queue);
                self.enter_or_end(now, call, &queue, StatusCode::BUSY_HERE, out);
            }
            // It has been opened again while he was being told something.
            Some(WayOut::Closed) | None => self.step_journey(now, call, out, Journey::stays),
        }
    }

    /// He goes where the queue's settings send him for that, else it is busy.
    fn put_out(
        &mut self,
        now: Time,
        call: CallId,
        queue: &QueueId,
        cause: RefuseCause,
        out: &mut Vec<Output>,
    ) {
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
        let offers = self.callback_offer(queue);
        let offers = offers.filter(|it| it.besides.contains(&Besides::Overflowing));
        let offers = offers.map(|_| queue.clone());
        match (message, then) {
            (None, None) if offers.is_none() => {
                self.end_call(now, call, EndCause::NotCompleted, status, out);
            }
            (None, Some(then)) if offers.is_none() => {
                self.enter_or_end(now, call, &then, status, out);
            }
            (message, then) => {
                let saying = MessageCall {
                    message,
                    more: Vec::new(),
                    shut: None,
                    offers,
                    then,
                    status,
                };
                self.say_instead(now, call, saying, out);
            }
        }
    }

    /// Says something to a caller who waits no more, as early media to one who was not answered; then he goes on, or
    /// his call ends.
    fn say_instead(&mut self, now: Time, call: CallId, saying: MessageCall, out: &mut Vec<Output>) {
        self.leave(now, call, LeaveCause::SentOn, out);
        if let Some(call) = self.call_mut(call) {
            call.purpose = Purpose::Message(saying);
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
        let entry = self.live_call(call)?;
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
