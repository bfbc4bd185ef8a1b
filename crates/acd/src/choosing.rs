//! Callers who do something else for a moment while they wait, such as choosing when to be called back: they keep their
//! place, no phone rings for them, and nobody is put out for having waited too long meanwhile.

use crate::engine::{Engine, Step};
use crate::fact::Fact;
use crate::output::WithdrawCause;
use crate::queue::{Ringing, Stage};
use base::{CallId, Time};
use std::time::Duration;

/// How long a caller may do something else. Whoever lets him ends it before; this is for one that never says so.
pub const CHOOSING_MAX: Duration = Duration::from_secs(600);

impl Step<'_> {
    /// A caller who waits is busy with something else: phones that ring for him stop.
    pub(crate) fn choosing(&mut self, call: CallId) {
        let caller = self.engine.callers.get(&call);
        let Some(caller) = caller.filter(|it| matches!(it.stage, Stage::Waiting(_))) else {
            return;
        };
        let queue = caller.queue.clone();
        self.withdraw_all(call, WithdrawCause::CallerGone);
        let until = self.now + CHOOSING_MAX;
        self.emit(Fact::Chooses { call, queue, until });
    }

    /// He waits on, or has been busy for too long.
    pub(crate) fn waits_on(&mut self, call: CallId) {
        let caller = self.engine.callers.get(&call);
        if let Some(caller) = caller.filter(|it| matches!(it.stage, Stage::Choosing(_))) {
            let queue = caller.queue.clone();
            self.emit(Fact::WaitsOn { call, queue });
        }
    }
}

impl Engine {
    /// Nobody is rung for him; when he is back he is for whoever's turn it is.
    pub(crate) fn apply_chooses(&mut self, call: CallId, until: Time) {
        self.seeks_no_more(call);
        self.set_stage(call, Stage::Choosing(until));
        let Some(caller) = self.callers.get(&call) else {
            return;
        };
        let (step, place, requires) = (caller.step, caller.place, caller.requires.clone());
        self.queue(caller.at, |queue| {
            queue.wanting_mut(&requires).remove(step, place);
        });
    }

    /// He wants a phone to ring again, in the place he never left.
    pub(crate) fn apply_waits_on(&mut self, call: CallId) {
        self.set_stage(call, Stage::Waiting(Ringing::new()));
        self.reconsider(call);
    }

    fn set_stage(&mut self, call: CallId, stage: Stage) {
        let Some(caller) = self.callers.get_mut(&call) else {
            return;
        };
        for deadline in caller.deadlines(call) {
            self.deadlines.remove(&deadline);
        }
        caller.stage = stage;
        self.deadlines.extend(caller.deadlines(call));
    }
}
