//! The engine as people look at it: one row a queue, one row an agent.

use crate::agent::{Agent, AgentState, Engagement, Strikes};
use crate::engine::Engine;
use crate::estimate::Forecast;
use crate::fact::Origin;
use crate::load::Gate;
use crate::queue::Queue;
use crate::step::{AgentTotals, QueueTotals};
use base::{OrgId, QueueId, Time, UserId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// All queues and agents at one moment, in the order of their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The moment.
    pub at: Time,
    /// Every configured queue, and removed ones that callers are in.
    pub queues: Vec<QueueSnapshot>,
    /// Every configured agent, and removed ones who still talk.
    pub agents: Vec<AgentSnapshot>,
}

/// One queue. An agent who is logged in counts in exactly one of `free` to `deferred`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueSnapshot {
    /// Which.
    pub queue: QueueId,
    /// Callers nobody is being rung for.
    pub waiting: u32,
    /// Callers for whom an agent's device rings.
    pub offered: u32,
    /// Callers talking to agents.
    pub connected: u32,
    /// Milliseconds since the arrival of whoever waits or is offered and arrived first; none if nobody.
    pub longest_wait_ms: Option<u64>,
    /// The mean wait of those answered lately and of those who wait, in milliseconds; none where there is neither.
    pub average_wait_ms: Option<u64>,
    /// What a caller who comes now may expect to wait; none where that can't be said.
    pub expected_wait_ms: Option<u64>,
    /// Mean of talk and wrap-up for a call; none while too few have been handled.
    pub handling_ms: Option<u64>,
    /// How far what was expected was from what came.
    pub forecast: Forecast,
    /// Agents logged in here.
    pub logged_in: u32,
    /// Of those, free.
    pub free: u32,
    /// Talking, being rung, or in a call of their own.
    pub busy: u32,
    /// In wrap-up time.
    pub wrap_up: u32,
    /// Paused.
    pub paused: u32,
    /// Without a device that can be tried.
    pub unreachable: u32,
    /// Passed over for a while after an offer that came to nothing.
    pub deferred: u32,
    /// It takes nobody in, by its load.
    pub closed_by_load: bool,
    /// It is no more, and serves whoever is in it.
    pub draining: bool,
    /// What the queue has seen so far.
    pub totals: QueueTotals,
}

/// One agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentSnapshot {
    /// Who.
    pub agent: UserId,
    /// What he is doing.
    pub state: AgentState,
    /// Since when.
    pub since: Time,
    /// The same as a span, in milliseconds.
    pub since_ms: u64,
    /// The queue of the caller who is offered to him, with whom he talks, or after whom he works.
    pub queue: Option<QueueId>,
    /// Queues he is logged in to.
    pub queues: Vec<QueueId>,
    /// Whether a call to his device can be tried.
    pub reachable: bool,
    /// What came of the calls offered to him.
    pub totals: AgentTotals,
    /// What counts towards the limits on him.
    pub strikes: Strikes,
    /// At whose wish he is paused, or logged out of all.
    pub put_by: Option<Origin>,
}

/// An agent's switches, as lamps on phones show them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switches {
    /// Queues he is logged in to.
    pub queues: BTreeSet<QueueId>,
    /// Whether he is paused.
    pub paused: bool,
}

/// How an agent stands, as he is told himself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// What he is doing.
    pub state: AgentState,
    /// Queues he is logged in to.
    pub queues: BTreeSet<QueueId>,
}

impl Engine {
    /// How an agent stands; logged out, for who is none.
    pub fn standing(&self, agent: &UserId) -> Standing {
        self.agents
            .named(agent)
            .map_or_else(Standing::default, |it| Standing {
                state: it.state.clone(),
                queues: it.logins.keys().cloned().collect(),
            })
    }

    /// An agent's switches; all off for who is none.
    pub fn switches(&self, agent: &UserId) -> Switches {
        self.agents
            .named(agent)
            .map_or_else(Switches::default, |it| Switches {
                queues: it.logins.keys().cloned().collect(),
                paused: it.pause.is_some(),
            })
    }

    /// Everybody of whom something is known.
    pub fn agents(&self) -> impl Iterator<Item = &UserId> {
        self.agents.iter().map(|(id, _)| id)
    }

    /// Every organisation that has queues or agents here.
    pub fn organisations(&self) -> BTreeSet<OrgId> {
        let of_queues = self.queues.organisations();
        of_queues.chain(self.agents.organisations()).collect()
    }

    /// What there is to see at `now`.
    pub fn snapshot(&self, now: Time) -> Snapshot {
        self.rows(now, self.queues.iter(), self.agents.iter())
    }

    /// The same of one organisation: it costs what that one is large. Its agents serve its queues and no others.
    pub fn snapshot_of(&self, org: &OrgId, now: Time) -> Snapshot {
        let queues = self.queues.among(org.names());
        self.rows(now, queues, self.agents.among(org.names()))
    }

    fn rows<'e>(
        &'e self,
        now: Time,
        queues_shown: impl Iterator<Item = (&'e QueueId, &'e Queue)>,
        agents_shown: impl Iterator<Item = (&'e UserId, &'e Agent)>,
    ) -> Snapshot {
        let mut queues: BTreeMap<&QueueId, QueueSnapshot> = BTreeMap::new();
        for (id, queue) in queues_shown {
            let mut row = queue_snapshot(id, queue, now);
            row.draining = queue.rules.is_none() || self.settings.draining.contains(id);
            queues.insert(id, row);
        }
        let mut agents = Vec::new();
        for (id, agent) in agents_shown {
            for queue in agent.logins.keys() {
                if let Some(queue) = queues.get_mut(queue) {
                    queue.count(&agent.state);
                }
            }
            // An account of which no more is known than its device is no agent.
            if agent.listed || agent.engaged.is_some() || agent.wrap_up_until.is_some() {
                agents.push(AgentSnapshot {
                    agent: id.clone(),
                    state: agent.state.clone(),
                    since: agent.since,
                    since_ms: millis(now, agent.since),
                    queue: self.serves(agent),
                    queues: agent.logins.keys().cloned().collect(),
                    reachable: agent.reachable,
                    totals: agent.totals,
                    strikes: agent.strikes,
                    put_by: agent.put_by.clone(),
                });
            }
        }
        Snapshot {
            at: now,
            queues: queues.into_values().collect(),
            agents,
        }
    }
}

impl Engine {
    /// The queue whose caller or callback keeps an agent.
    fn serves(&self, agent: &Agent) -> Option<QueueId> {
        match agent.engaged {
            Some(
                Engagement::Offered(offer)
                | Engagement::Entrusted(offer)
                | Engagement::CallsBack(offer),
            ) => self.queue_of(offer).cloned(),
            Some(Engagement::Connected(_)) | None => {
                agent.handles.as_ref().map(|it| it.queue.clone())
            }
        }
    }
}

fn queue_snapshot(id: &QueueId, queue: &Queue, now: Time) -> QueueSnapshot {
    let waiting = queue.line.len().saturating_sub(queue.rung as usize);
    QueueSnapshot {
        queue: id.clone(),
        waiting: count(waiting),
        offered: queue.rung,
        connected: queue.talking,
        longest_wait_ms: queue.longest_since().map(|first| millis(now, first)),
        average_wait_ms: queue.waits.average(now).map(span_millis),
        expected_wait_ms: queue.expected(count(queue.line.len() + 1)).map(span_millis),
        handling_ms: queue.handling.mean().map(span_millis),
        forecast: queue.tally.forecast,
        logged_in: 0,
        free: 0,
        busy: 0,
        wrap_up: 0,
        paused: 0,
        unreachable: 0,
        deferred: 0,
        closed_by_load: queue.gate != Gate::Open,
        draining: false,
        totals: queue.tally.totals,
    }
}

impl QueueSnapshot {
    fn count(&mut self, state: &AgentState) {
        self.logged_in += 1;
        match state {
            AgentState::InCall | AgentState::Offered | AgentState::OwnCall => self.busy += 1,
            AgentState::WrapUp { .. } => self.wrap_up += 1,
            AgentState::Paused { .. } => self.paused += 1,
            AgentState::Unreachable => self.unreachable += 1,
            AgentState::Deferred { .. } => self.deferred += 1,
            AgentState::Free => self.free += 1,
            AgentState::LoggedOut => {}
        }
    }
}

fn count(many: usize) -> u32 {
    u32::try_from(many).unwrap_or(u32::MAX)
}

fn millis(now: Time, then: Time) -> u64 {
    span_millis(now - then)
}

fn span_millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
