//! What has been closed by hand while callers wait: where so decided, they meet what new callers meet.

use super::Shard;
use crate::call::Purpose;
use crate::input::Output;
use base::{CallId, QueueId, Time};
use calendar::{Effect, QuickCloses, Waiting};
use std::sync::Arc;

impl Shard {
    /// This is closed or opened by hand now.
    pub(super) fn quick_closed(
        &mut self,
        now: Time,
        closes: Arc<QuickCloses>,
        out: &mut Vec<Output>,
    ) {
        self.quick = closes;
        let live = self.calls.values().filter(|call| call.ending.is_none());
        let waiting = live.filter_map(|call| match &call.purpose {
            // Whoever talks with an agent waits no more.
            Purpose::Queue(it) if it.agent.is_none() && self.sends_away(now, &it.queue) => {
                Some(call.id)
            }
            _ => None,
        });
        let waiting: Vec<CallId> = waiting.collect();
        for call in waiting {
            self.leave_closed(now, call, out);
        }
    }

    /// Whether a queue is closed by hand now, also for those who wait in it.
    pub(super) fn sends_away(&self, now: Time, queue: &QueueId) -> bool {
        let at = self.wall.map(|wall| wall.unix_seconds(now));
        let decided = at.and_then(|at| self.quick.at(queue, at));
        decided.is_some_and(|it| it.effect == Effect::Close && it.waiting == Waiting::Move)
    }
}
