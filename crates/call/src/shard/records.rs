//! What is told of calls for good: when people begin to see one, and when it is over.

use super::Shard;
use crate::call::{Call, Purpose, Standing};
use crate::input::{CallEvent, EndCause, Output};
use crate::leg::Leg;
use crate::record::CallDirection;
use base::{CallId, CallbackId, Time};

impl Shard {
    /// People see this call from now on. `callback` is the entry of a callback list that it is about.
    pub(super) fn call_began(
        &mut self,
        call: CallId,
        callback: Option<CallbackId>,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.call(call) else {
            return;
        };
        let direction = self.direction(entry);
        out.push(Output::Event(CallEvent::Started(self.view(entry))));
        if let Some(entry) = self.call_mut(call) {
            let record = entry.is_recorded(direction, callback);
            out.push(Output::Event(CallEvent::Recorded(record.into())));
        }
    }

    /// Its caller was answered, or talks: what is known of it so far is not to be lost with the process.
    pub(super) fn call_goes_on(&self, call: CallId, out: &mut Vec<Output>) {
        let record = self.call(call).and_then(Call::record_so_far);
        out.extend(record.map(|it| Output::Event(CallEvent::Recorded(it.into()))));
    }

    /// It is over in people's eyes, where they saw it.
    pub(super) fn call_over(
        &mut self,
        now: Time,
        call: CallId,
        cause: EndCause,
        out: &mut Vec<Output>,
    ) {
        let seen = |call: &&mut Call| call.standing == Standing::Counted;
        let entry = self.call_mut(call).filter(seen);
        if let Some(record) = entry.and_then(|entry| entry.is_over(now, cause)) {
            out.push(Output::Event(CallEvent::Recorded(record.into())));
        }
    }

    fn direction(&self, call: &Call) -> CallDirection {
        if call.placing.is_some() {
            return CallDirection::Callback;
        }
        let from_outside = self.leg(call.caller).is_some_and(Leg::is_over_trunk);
        match &call.purpose {
            _ if from_outside => CallDirection::Inward,
            Purpose::Outside(_) => CallDirection::Outward,
            Purpose::Dialling(direction) => *direction,
            _ => CallDirection::Internal,
        }
    }
}
