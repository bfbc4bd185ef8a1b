//! What of queues and agents is told to whom: how they are, to whoever sees them, and that they are gone, to whoever saw them.

use crate::changes::Change;
use crate::floor::{AgentView, QueueView};
use crate::told::AgentTold;
use base::{OrgId, QueueId, UserId};
use control::{Principal, Sight};
use std::sync::Arc;

/// By which rights somebody looks.
#[derive(Clone, Debug)]
pub(crate) struct Eyes {
    by: Principal,
    sight: Arc<Sight>,
}

/// What somebody hears of a queue or an agent.
#[derive(Debug)]
pub(crate) enum Heard {
    /// The queue is like this now.
    Queue(Arc<QueueView>),
    /// He sees the queue no longer.
    QueueGone(QueueId),
    /// The agent is like this now.
    Agent(Box<AgentView>),
    /// He sees the agent no longer.
    AgentGone(UserId),
}

impl Eyes {
    pub(crate) fn new(by: &Principal, sight: Arc<Sight>) -> Eyes {
        let by = by.clone();
        Eyes { by, sight }
    }

    /// The organisation within which he may see something; none where there is no such bound.
    pub(crate) fn org(&self) -> Option<OrgId> {
        match &self.by {
            Principal::Operator => None,
            Principal::User { user, .. } => Some(user.org()),
        }
    }

    /// Whether it is he.
    pub(crate) fn is(&self, agent: &UserId) -> bool {
        matches!(&self.by, Principal::User { user, .. } if user == agent)
    }

    /// Whether both see the same of everything.
    pub(crate) fn see_as(&self, other: &Eyes) -> bool {
        let is_bounded = self.by != Principal::Operator;
        self.by == other.by && !(is_bounded && self.sight != other.sight)
    }

    /// What he hears of a change who has heard what came up to `since`, by his rights `before` where it is known what they were.
    pub(crate) fn hear(&self, change: &Change, since: u64, before: Option<&Eyes>) -> Option<Heard> {
        let any = |sees: &dyn Fn(&Eyes) -> bool| sees(self) || before.is_some_and(sees);
        match change {
            Change::Queue(queue) => {
                let sees = self.sees(&queue.name);
                sees.then(|| Heard::Queue(queue.clone()))
            }
            Change::QueueGone(queue) => {
                any(&|eyes| eyes.sees(queue)).then(|| Heard::QueueGone(queue.clone()))
            }
            Change::Agent(agent) => self.shown(agent).map(Heard::Agent).or_else(|| {
                let saw = any(&|eyes| eyes.sees_agent(&agent.name, agent.left_since(since)));
                saw.then(|| Heard::AgentGone(agent.name.clone()))
            }),
            Change::Entry(_) | Change::Erased { .. } | Change::Staff { .. } | Change::Sight => None,
        }
    }

    /// What he hears of a queue or an agent, whose last change has that number, when his rights become these: up to `since` he
    /// has heard what came by those `before`.
    pub(crate) fn hear_anew(
        &self,
        (number, change): (u64, &Change),
        since: u64,
        before: &Eyes,
    ) -> Option<Heard> {
        match change {
            Change::Queue(queue) => match (before.sees(&queue.name), self.sees(&queue.name)) {
                (true, false) => Some(Heard::QueueGone(queue.name.clone())),
                (false, true) => Some(Heard::Queue(queue.clone())),
                (true, true) | (false, false) => None,
            },
            Change::QueueGone(queue) => {
                let saw = number > since && before.sees(queue);
                saw.then(|| Heard::QueueGone(queue.clone()))
            }
            Change::Agent(agent) => {
                let is_in = agent.view.iter().flat_map(|it| &it.queues);
                let was_in = is_in.chain(agent.left_since(since));
                let is_known = agent.view.is_some() || number > since;
                let saw = is_known && before.sees_agent(&agent.name, was_in);
                match self.shown(agent) {
                    Some(now) if saw && before.shown(agent).as_ref() == Some(&now) => None,
                    Some(now) => Some(Heard::Agent(now)),
                    None => saw.then(|| Heard::AgentGone(agent.name.clone())),
                }
            }
            Change::Entry(_) | Change::Erased { .. } | Change::Staff { .. } | Change::Sight => None,
        }
    }

    fn sees(&self, queue: &QueueId) -> bool {
        self.sight.sees(&self.by, queue)
    }

    fn sees_agent<'q>(&self, agent: &UserId, queues: impl Iterator<Item = &'q QueueId>) -> bool {
        self.sight.sees_agent(&self.by, agent, queues)
    }

    /// The agent as he sees him; none where he doesn't.
    fn shown(&self, agent: &AgentTold) -> Option<Box<AgentView>> {
        let view = agent.view.as_ref()?;
        let is_seen = view.is_seen_by(&self.by, &self.sight);
        is_seen.then(|| Box::new(view.shown_to(&self.by, &self.sight)))
    }
}
