//! What has been closed by hand while callers wait: where so decided, they meet what new callers meet.

use super::Shard;
use crate::call::Purpose;
use crate::input::Output;
use crate::settings::Destination;
use base::{CallId, QueueId, Time};
use calendar::{Effect, QuickCloses, Waiting};
use sip_core::StatusCode;

impl Shard {
    /// This is closed or opened by hand now.
    pub(super) fn quick_closed(&mut self, now: Time, closes: &QuickCloses, out: &mut Vec<Output>) {
        self.quick = closes.clone();
        let Some(wall) = self.wall else {
            return;
        };
        let at = wall.unix_seconds(now);
        let moves = |queue: &QueueId| {
            let decided = closes.at(queue, at);
            decided.is_some_and(|it| it.effect == Effect::Close && it.waiting == Waiting::Move)
        };
        let live = self.calls.values().filter(|call| call.ending.is_none());
        let waiting = live.filter_map(|call| match &call.purpose {
            // Whoever talks with an agent waits no more.
            Purpose::Queue(queue) if queue.agent.is_none() && moves(&queue.queue) => {
                Some((call.id, queue.queue.clone()))
            }
            _ => None,
        });
        let waiting: Vec<(CallId, QueueId)> = waiting.collect();
        for (call, queue) in waiting {
            let queue = Destination::Queue(queue);
            self.enter_or_end(now, call, &queue, StatusCode::BUSY_HERE, out);
        }
    }
}
