//! Queues that new settings leave out while callers are in them: those are served to the end, by the agents and the
//! settings that the queue had; it takes nobody in any more, and is gone with the last of them. Until then the settings
//! in force have it still, marked. Nobody comes to such a queue for whom one could wait, so where no agent is logged in
//! to it, or the last logs out, those who wait are let go.

use crate::engine::{Engine, Step};
use crate::queue::Queue;
use crate::settings::{QueueSettings, Settings};
use crate::table::Number;
use base::{QueueId, UserId};
use std::collections::BTreeSet;
use std::sync::Arc;

impl Engine {
    /// New settings, with those queues beside them in which members who are left serve callers.
    pub(crate) fn with_draining(&self, new: Arc<Settings>) -> Arc<Settings> {
        let before = self.settings.queues.iter();
        let left_out = before.filter(|(queue, _)| !new.queues.contains_key(*queue));
        let is_served = |(queue, old): &(&QueueId, &QueueSettings)| {
            let left: Vec<&UserId> = old.members.keys().filter(|it| is_left(&new, it)).collect();
            let stays = |agent| {
                let agent = self.agents.row(agent).map(|(id, _)| id);
                agent.is_some_and(|agent| left.contains(&agent))
            };
            let queue = self.queues.named(queue);
            !left.is_empty() && queue.is_some_and(|queue| is_served(queue, stays))
        };
        let draining: Vec<_> = left_out.filter(is_served).collect();
        if draining.is_empty() {
            return new;
        }
        let mut settings = Settings::clone(&new);
        for (queue, old) in draining {
            settings.draining.insert(queue.clone());
            settings.queues.insert(queue.clone(), old.clone());
            for agent in old.members.keys().filter(|it| is_left(&new, it)) {
                let before = self.settings.agents.get(agent);
                if let Some(before) = before.filter(|_| !new.agents.contains_key(agent)) {
                    settings.lent.insert(agent.clone());
                    settings.agents.insert(agent.clone(), before.clone());
                }
            }
        }
        Arc::new(settings)
    }
}

/// Whether somebody talks in a queue, or waits there and one of those agents is logged in to it.
fn is_served(queue: &Queue, counts: impl Fn(Number) -> bool) -> bool {
    let waited_for = || queue.logged_in.iter().any(|agent| counts(*agent));
    queue.talking > 0 || !queue.line.is_empty() && waited_for()
}

/// Whether somebody has an account still, or is an agent without one.
fn is_left(new: &Settings, agent: &UserId) -> bool {
    new.agents.contains_key(agent) || new.accounts.contains(agent)
}

impl Step<'_> {
    /// Lets go of removed queues whose last caller has gone, or in which nobody is left who could serve one;
    /// whether there were such.
    pub(crate) fn end_drained(&mut self) -> bool {
        let draining = self.engine.settings.draining.iter();
        let is_over = |queue: &&QueueId| {
            let queue = self.engine.queues.named(queue);
            !queue.is_some_and(|queue| is_served(queue, |_| true))
        };
        let drained: BTreeSet<QueueId> = draining.filter(is_over).cloned().collect();
        if drained.is_empty() {
            return false;
        }
        let mut settings = Settings::clone(&self.engine.settings);
        settings.queues.retain(|queue, _| !drained.contains(queue));
        settings.draining.retain(|queue| !drained.contains(queue));
        let Settings {
            queues,
            agents,
            draining,
            lent,
            ..
        } = &mut settings;
        let serves = |agent: &UserId| {
            let mut still = draining.iter().filter_map(|queue| queues.get(queue));
            still.any(|queue| queue.members.contains_key(agent))
        };
        agents.retain(|agent, _| !lent.contains(agent) || serves(agent));
        lent.retain(serves);
        self.take_up(Arc::new(settings));
        true
    }
}
