//! What of an agent outlives the process: read from the engine as it changes, kept elsewhere with times of day, and
//! given back at the start. Calls don't, so whoever talked comes back with the work after the call before him.

use crate::agent::{Agent, AgentState, Handled, Pause, Strikes};
use crate::commands::WRAP_UP_MAX;
use crate::engine::{Deadline, Engine, Step};
use crate::fact::{Fact, Moment, Origin};
use crate::step::AgentTotals;
use base::{QueueId, Time, UserId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// An agent as he is kept, with moments as `T`: [`Time`] within a process, a time of day outside of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried<T> {
    /// Queues that he is logged in to, and since when.
    pub logins: BTreeMap<QueueId, T>,
    /// His pause, where he has one.
    pub pause: Option<Pause>,
    /// The caller that he talks with or works after.
    pub work: Option<Work<T>>,
    /// Since when he is idle, or was last.
    pub idle_since: T,
    /// Since when he has been in the state that he is in; none if that state ends with the process.
    pub since: Option<T>,
    /// What came of the calls offered to him.
    pub totals: AgentTotals,
    /// What counts towards the limits on him.
    pub strikes: Strikes,
    /// At whose wish he is paused, or logged out of all.
    pub put_by: Option<Origin>,
    /// Calls that he has taken, by queue.
    pub taken: BTreeMap<QueueId, u64>,
}

/// What a caller is to an agent from the answer to the end of the wrap-up time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work<T> {
    /// The queue he came from.
    pub queue: QueueId,
    /// The answer.
    pub since: T,
    /// The end of the wrap-up time; none while they talk.
    pub until: Option<T>,
}

impl<T> Carried<T> {
    /// The same with all moments told in another way.
    pub fn map<U>(self, mut to: impl FnMut(T) -> U) -> Carried<U> {
        let logins = self.logins.into_iter();
        Carried {
            logins: logins.map(|(queue, at)| (queue, to(at))).collect(),
            pause: self.pause,
            work: self.work.map(|work| Work {
                queue: work.queue,
                since: to(work.since),
                until: work.until.map(&mut to),
            }),
            idle_since: to(self.idle_since),
            since: self.since.map(&mut to),
            totals: self.totals,
            strikes: self.strikes,
            put_by: self.put_by,
            taken: self.taken,
        }
    }
}

impl Engine {
    /// What is to be kept of an agent; none for who is none.
    pub fn carried(&self, agent: &UserId) -> Option<Carried<Time>> {
        let known = self.agents.named(agent).filter(|known| known.listed)?;
        let logins = known.logins.iter();
        Some(Carried {
            logins: logins
                .map(|(queue, it)| (queue.clone(), it.since.at))
                .collect(),
            pause: known.pause.clone(),
            work: known.handles.as_ref().map(|handled| Work {
                queue: handled.queue.clone(),
                since: handled.since,
                until: known.wrap_up_until,
            }),
            idle_since: known.idle_since.at,
            since: outlives(&known.state).then_some(known.since),
            totals: known.totals,
            strikes: known.strikes,
            put_by: known.put_by.clone(),
            taken: known.taken.clone(),
        })
    }

    pub(crate) fn apply_recalled(&mut self, now: Moment, id: &UserId, carried: &Carried<Time>) {
        let Some(own) = self.agents.number(id) else {
            return;
        };
        let before = self.agents.get(own).map(Agent::queues).unwrap_or_default();
        self.leave_queues(own, &before);
        if let Some(agent) = self.agents.get_mut(own) {
            agent.taken = carried.taken.clone();
        }
        let since = carried.logins.iter().map(|(queue, at)| {
            let seq = now.seq;
            (queue, Moment { at: *at, seq })
        });
        let logins = self.enter_queues(own, since);
        let until = carried.work.as_ref().and_then(|work| work.until);
        let deadline = until.map(|until| (until, Deadline::WrapUp(id.clone())));
        self.deadlines.extend(deadline);
        self.agent(now, own, |agent| {
            agent.logins = logins;
            agent.pause = carried.pause.clone();
            agent.wrap_up_until = until;
            agent.handles = carried.work.as_ref().map(|work| Handled {
                queue: work.queue.clone(),
                since: work.since,
            });
            agent.idle_since = Moment {
                at: carried.idle_since,
                seq: now.seq,
            };
            agent.totals = carried.totals;
            agent.strikes = carried.strikes;
            agent.put_by = carried.put_by.clone();
        });
        if let (Some(since), Some(agent)) = (carried.since, self.agents.get_mut(own))
            && outlives(&agent.state)
        {
            agent.since = since;
        }
    }
}

/// Whether a state is there again after a restart, and goes on.
fn outlives(state: &AgentState) -> bool {
    match state {
        AgentState::WrapUp { .. }
        | AgentState::LoggedOut
        | AgentState::Paused { .. }
        | AgentState::Free => true,
        AgentState::InCall
        | AgentState::Offered
        | AgentState::OwnCall
        | AgentState::Unreachable
        | AgentState::Deferred { .. } => false,
    }
}

impl Step<'_> {
    /// An agent is as he was kept, as far as he may be so now. One who is at work already is let be.
    pub(crate) fn recall(&mut self, agent: UserId, carried: Carried<Time>) {
        let known = self.engine.agents.named(&agent);
        let Some(known) = known.filter(|known| {
            known.listed && known.engaged.is_none() && known.wrap_up_until.is_none()
        }) else {
            return;
        };
        // A clock on the wall that was put back makes nothing of the past come later than now.
        let until = carried.work.as_ref().map(|work| work.until);
        let mut carried = carried.map(|at| at.min(self.now));
        if let (Some(work), Some(until)) = (&mut carried.work, until) {
            work.until = until;
        }
        carried
            .logins
            .retain(|queue, _| known.member_of.contains(queue));
        carried
            .taken
            .retain(|queue, _| known.member_of.contains(queue));
        if carried.logins.is_empty() {
            carried.pause = None;
        }
        self.go_on_with_work(&mut carried);
        self.tell_switches(&agent, &carried);
        let carried = Box::new(carried);
        self.emit(Fact::Recalled { agent, carried });
    }

    /// His log-ins and his pause, as whoever reads the facts knows them from everybody else.
    fn tell_switches(&mut self, agent: &UserId, carried: &Carried<Time>) {
        let known = self.engine.agents.named(agent);
        let before = known.map(Agent::queues).unwrap_or_default();
        let after: BTreeSet<QueueId> = carried.logins.keys().cloned().collect();
        self.log_out(agent, &(&before - &after), Origin::Restart);
        self.log_in(agent, &after, Origin::Restart);
        let known = self.engine.agents.named(agent);
        let is_paused = known.is_some_and(|known| known.pause.is_some());
        match &carried.pause {
            Some(Pause { reason }) => self.emit(Fact::Paused {
                agent: agent.clone(),
                reason: reason.clone(),
                by: Origin::Restart,
            }),
            None if is_paused => self.emit(Fact::Resumed {
                agent: agent.clone(),
                by: Origin::Restart,
            }),
            None => {}
        }
    }

    /// What is left of his work. A talk that the restart cut short has the same wrap-up time as any other; of how
    /// long that caller kept him only this is known.
    fn go_on_with_work(&self, carried: &mut Carried<Time>) {
        let Some(work) = &mut carried.work else {
            return;
        };
        let settings = self.engine.settings.queues.get(&work.queue);
        let wrap_up = settings.map_or(Duration::ZERO, |settings| settings.wrap_up);
        let until = match work.until {
            Some(until) => until.min(self.now + wrap_up.max(WRAP_UP_MAX)),
            None => {
                work.since = self.now;
                carried.since = None;
                self.now + wrap_up
            }
        };
        work.until = Some(until);
        if until <= self.now {
            carried.work = None;
            carried.idle_since = carried.idle_since.max(until);
            carried.since = carried.since.map(|since| since.max(until));
        }
    }
}
