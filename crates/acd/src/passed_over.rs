//! "Why this agent, why not that one": who else there was when a caller was offered to somebody, kept in the
//! fact that says so.

use crate::agent::AgentState;
use crate::engine::Engine;
use crate::particular::View;
use crate::queue::Queue;
use crate::skills::{Lacking, lacking};
use crate::table::Number;
use base::UserId;
use serde::{Deserialize, Serialize};

/// Agents named in one fact who were passed over: enough to see what decided, few enough that a journal
/// holds them and a decision costs the same among any number of agents.
pub const PASSED_OVER_MAX: usize = 8;

/// Of those, the ones who were free and able, and the ones who were free and not able.
const FREE_MAX: usize = 3;

/// Agents of a queue who are looked at for the rest.
const LOOKED_AT_MAX: usize = 16;

/// An agent logged in to the queue who was not offered the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedOver {
    /// Who.
    pub agent: UserId,
    /// Why not he.
    pub cause: Obstacle,
}

/// Why an agent was not offered a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Obstacle {
    /// By the queue's policy his turn comes later.
    LaterTurn,
    /// Those of a better priority are tried first.
    Priority {
        /// His.
        priority: u8,
    },
    /// The caller asks for more than he is able to.
    Lacks(Lacking),
    /// He is not free.
    NotFree(AgentState),
    /// He has another callback, or owes what came of his last.
    Indebted,
}

impl Engine {
    /// Those passed over for `chosen`, by a caller in that step.
    pub(crate) fn passed_over(
        &self,
        (own, queue): (Number, &Queue),
        view: View<'_>,
        step: u8,
        (chosen, priority): (Number, u8),
    ) -> Vec<PassedOver> {
        let mut passed_over = Vec::new();
        let mut pass = |agent: Number, cause: Obstacle| {
            let agent = self.agents.row(agent).map(|(id, _)| id.clone());
            passed_over.extend(agent.map(|agent| PassedOver { agent, cause }));
        };
        let able = view.bench.able(step).filter(|(_, agent)| *agent != chosen);
        for (seat, agent) in able.take(FREE_MAX) {
            pass(
                agent,
                match seat.priority > priority {
                    true => Obstacle::Priority {
                        priority: seat.priority,
                    },
                    false => Obstacle::LaterTurn,
                },
            );
        }
        for (_, agent) in view.bench.unable(step).take(FREE_MAX) {
            if let Some(lacking) = self.lacks(view, step, agent) {
                pass(agent, Obstacle::Lacks(lacking));
            }
        }
        let mut room = PASSED_OVER_MAX - 2 * FREE_MAX;
        for agent in queue.logged_in.iter().copied().take(LOOKED_AT_MAX) {
            let Some(known) = self.agents.get(agent).filter(|_| agent != chosen) else {
                continue;
            };
            let cause = match &known.state {
                AgentState::Free if view.has(own, agent, known) => continue,
                AgentState::Free => self.lacks(view, step, agent).map(Obstacle::Lacks),
                state => Some(Obstacle::NotFree(state.clone())),
            };
            if let Some(cause) = cause {
                pass(agent, cause);
                room -= 1;
            }
            if room == 0 {
                break;
            }
        }
        passed_over
    }

    /// Those passed over for `chosen`, by a callback: it asks for no more than any agent of the queue is able to.
    pub(crate) fn passed_over_for_callback(
        &self,
        queue: &Queue,
        (chosen, priority): (Number, u8),
    ) -> Vec<PassedOver> {
        let bench = queue.callbacks.bench.iter();
        let free = bench.filter(|(_, agent)| *agent != chosen).take(FREE_MAX);
        let free = free.map(|(seat, agent)| {
            let cause = match seat.priority > priority {
                true => Obstacle::Priority {
                    priority: seat.priority,
                },
                false => Obstacle::LaterTurn,
            };
            (agent, cause)
        });
        let others = queue.logged_in.iter().copied().take(LOOKED_AT_MAX);
        let others = others.filter(|agent| *agent != chosen).filter_map(|agent| {
            let known = self.agents.get(agent)?;
            let cause = match &known.state {
                AgentState::Free if known.indebted => Obstacle::Indebted,
                AgentState::Free => return None,
                state => Obstacle::NotFree(state.clone()),
            };
            Some((agent, cause))
        });
        let all = free.chain(others).take(PASSED_OVER_MAX);
        let named = all.filter_map(|(agent, cause)| {
            let (agent, _) = self.agents.row(agent)?;
            let agent = agent.clone();
            Some(PassedOver { agent, cause })
        });
        named.collect()
    }

    /// What an agent lacks for callers of a queue in that step.
    fn lacks(&self, view: View<'_>, step: u8, agent: Number) -> Option<Lacking> {
        lacking(view.asked.at(step), &self.agents.get(agent)?.skills)
    }
}
