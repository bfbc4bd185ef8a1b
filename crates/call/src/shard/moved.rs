//! A caller whom somebody has moved to another queue, in which the queue engine has already given him his place.

use super::called_back::Begun;
use super::enter::announcement;
use super::{Due, Shard};
use crate::call::{Purpose, QueueCall};
use crate::input::Output;
use crate::journey::{CallTimer, Journey};
use crate::settings::Terms;
use base::{CallId, QueueId, Time};
use std::sync::Arc;

impl Shard {
    /// He hears the other queue from its beginning, and its agents may be offered him meanwhile. Its hours are not
    /// asked: whoever moves callers there knows that somebody is.
    pub(super) fn moved(
        &mut self,
        now: Time,
        call: CallId,
        from: &QueueId,
        to: &QueueId,
        out: &mut Vec<Output>,
    ) {
        let directory = Arc::clone(&self.directory);
        let Some(entry) = self.live_call_mut(call) else {
            return;
        };
        let organisation = directory.organisations.get(&entry.org);
        let Some(settings) = organisation.and_then(|it| it.queues.get(to)) else {
            // Removed meanwhile: the engine puts him out of it.
            return;
        };
        let Purpose::Queue(waits) = &mut entry.purpose else {
            return;
        };
        // He may have gone elsewhere while this was on its way; the engine has been told.
        if waits.queue != *from || !waits.joined {
            return;
        }
        let announcement = organisation.and_then(|it| announcement(it, to));
        let journey = waits.journey.elsewhere(settings.clone());
        let journey = journey.announcing(announcement);
        // One who was just let in is still to be told whether there is room, and is let hear then.
        let arriving = waits.journey.is_arriving();
        entry.purpose = Purpose::Queue(QueueCall {
            queue: to.clone(),
            terms: Terms::default(),
            journey,
            joined: true,
            first_offer: None,
            agent: None,
            way_out: None,
        });
        entry.comes_to_purpose();
        if self.call(call).is_some_and(|it| it.asks_back.is_some()) {
            // What he was asked was about the other queue's list.
            self.drop_callback(call, Begun::Forgotten, out);
            out.push(Output::Acd(acd::Input::Back { call }));
        }
        self.timers
            .disarm(&Due::Call(call, CallTimer::RepeatMessage));
        if !arriving {
            self.step_journey(now, call, out, Journey::start);
        }
    }
}
