//! Decisions about what is seen of an agent from outside the queues: his device, his own calls.

use crate::agent::{Engagement, OWN_CALLS_MAX, STRANGERS_MAX};
use crate::engine::Step;
use crate::fact::Fact;
use crate::output::WithdrawCause;
use base::{CallId, QueueId, UserId};

impl Step<'_> {
    pub(crate) fn device_changed(&mut self, agent: UserId, reachable: bool) {
        let known = self.engine.agents.named(&agent);
        if known.is_some_and(|known| known.reachable) != reachable && self.has_room_for(&agent) {
            self.emit(Fact::DeviceChanged { agent, reachable });
        }
    }

    pub(crate) fn own_call_began(&mut self, agent: UserId, call: CallId) {
        let known = self.engine.agents.named(&agent);
        let own_calls = known.map(|known| &known.own_calls);
        if own_calls.is_some_and(|own| own.contains(&call) || own.len() >= OWN_CALLS_MAX)
            || !self.has_room_for(&agent)
        {
            return;
        }
        // Nobody is rung while he talks; the caller need not wait for him either.
        self.withdraw_from(&agent, WithdrawCause::AgentGone);
        self.emit(Fact::OwnCallBegan { agent, call });
    }

    pub(crate) fn own_call_ended(&mut self, agent: UserId, call: CallId) {
        let known = self.engine.agents.named(&agent);
        if known.is_some_and(|known| known.own_calls.contains(&call)) {
            self.emit(Fact::OwnCallEnded { agent, call });
        }
    }

    /// Work after a call that he made for a queue is work for it, and no handling of a caller of its.
    pub(crate) fn called_for(&mut self, agent: UserId, queue: QueueId) {
        let known = self.engine.agents.named(&agent);
        let has_time = known.is_some_and(|known| {
            !known.logins.is_empty() && known.engaged.is_none() && known.wrap_up_until.is_none()
        });
        let rules = self
            .engine
            .queues
            .named(&queue)
            .and_then(|it| it.rules.as_ref());
        let span = rules.map(|rules| rules.wrap_up).filter(|it| !it.is_zero());
        if let Some(span) = span.filter(|_| has_time) {
            let until = self.now + span;
            self.emit(Fact::WrapUpBegan {
                agent,
                queue,
                until,
            });
        }
    }

    /// Withdraws the offer that rings at this agent's device, if one does.
    pub(crate) fn withdraw_from(&mut self, agent: &UserId, cause: WithdrawCause) {
        let engaged = self
            .engine
            .agents
            .named(agent)
            .and_then(|agent| agent.engaged);
        if let Some(Engagement::Offered(offer) | Engagement::Entrusted(offer)) = engaged {
            self.withdraw(offer, cause);
        }
    }

    pub(crate) fn has_room_for(&self, agent: &UserId) -> bool {
        let listed = self.engine.settings.agents.len();
        let strangers = self.engine.agents.len().saturating_sub(listed);
        self.engine.agents.contains(agent) || strangers < STRANGERS_MAX
    }
}
