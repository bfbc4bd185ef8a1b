//! Decisions on new settings: what they take away goes first, then they hold, then who is new starts.

use crate::engine::Step;
use crate::fact::{Fact, Origin};
use crate::output::{RefuseCause, WithdrawCause};
use crate::queue::Stage;
use crate::settings::Settings;
use base::{CallId, QueueId, UserId};
use std::collections::BTreeSet;
use std::sync::Arc;

impl Step<'_> {
    pub(crate) fn configure(&mut self, settings: Arc<Settings>) {
        let settings = self.engine.with_draining(settings);
        self.take_up(settings);
    }

    /// From now on these settings hold, which have all that is still to be served.
    pub(crate) fn take_up(&mut self, settings: Arc<Settings>) {
        for (agent, queues) in self.logins_lost(&settings) {
            self.log_out(&agent, &queues, Origin::Configuration);
        }
        for agent in self.agents_removed(&settings) {
            self.withdraw_from(&agent, WithdrawCause::AgentGone);
        }
        for call in self.callers_stranded(&settings) {
            self.expel(call, RefuseCause::NoSuchQueue);
        }
        let before = Arc::clone(&self.engine.settings);
        if before != settings {
            self.emit(Fact::Configured {
                settings: Arc::clone(&settings),
            });
        }
        for (agent, new) in &settings.agents {
            if !before.agents.contains_key(agent) {
                self.log_in(agent, &new.logged_in_at_start, Origin::Configuration);
            }
        }
    }

    /// Who is logged in to queues that he may not be in under the new settings.
    fn logins_lost(&self, settings: &Settings) -> Vec<(UserId, BTreeSet<QueueId>)> {
        let mut lost = Vec::new();
        for (agent, known) in self.engine.agents.iter() {
            let queues: BTreeSet<QueueId> = known
                .logins
                .keys()
                .filter(|queue| !settings.admits(agent, queue))
                .cloned()
                .collect();
            if !queues.is_empty() {
                lost.push((agent.clone(), queues));
            }
        }
        lost
    }

    fn agents_removed(&self, settings: &Settings) -> Vec<UserId> {
        let listed = self.engine.settings.agents.keys();
        listed
            .filter(|agent| !settings.agents.contains_key(*agent))
            .cloned()
            .collect()
    }

    /// Who waits in a queue that is no more and that nobody is left of, in the order of the lines.
    fn callers_stranded(&self, settings: &Settings) -> Vec<CallId> {
        let waits = |stage: &Stage| !matches!(stage, Stage::Connected(_));
        let mut stranded: Vec<_> = self
            .engine
            .callers
            .iter()
            .filter(|(_, caller)| {
                waits(&caller.stage) && !settings.queues.contains_key(&caller.queue)
            })
            .map(|(call, caller)| (caller.place, *call))
            .collect();
        stranded.sort_unstable();
        stranded.into_iter().map(|(_, call)| call).collect()
    }
}
