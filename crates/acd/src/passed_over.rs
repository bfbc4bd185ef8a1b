//! "Why this agent, why not that one": who else there was when a caller was offered to somebody, kept in the
//! fact that says so.

use crate::agent::AgentState;
use crate::engine::Engine;
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
}

impl Engine {
    /// Those passed over for `chosen`, by a caller in that step.
    pub(crate) fn passed_over(
        &self,
        (own, queue): (Number, &Queue),
        step: u8,
        (chosen, priority): (Number, u8),
    ) -> Vec<PassedOver> {
        let mut passed_over = Vec::new();
        let mut pass = |agent: Number, cause: Obstacle| {
            let agent = self.agents.row(agent).map(|(id, _)| id.clone());
            passed_over.extend(agent.map(|agent| PassedOver { agent, cause }));
        };
        let able = queue.bench.able(step).filter(|(_, agent)| *agent != chosen);
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
        for (_, agent) in queue.bench.unable(step).take(FREE_MAX) {
            if let Some(lacking) = self.lacks(queue, step, agent) {
                pass(agent, Obstacle::Lacks(lacking));
            }
        }
        let mut room = PASSED_OVER_MAX - 2 * FREE_MAX;
        for agent in queue.logged_in.iter().copied().take(LOOKED_AT_MAX) {
            let Some(known) = self.agents.get(agent).filter(|_| agent != chosen) else {
                continue;
            };
            let cause = match &known.state {
                AgentState::Free if known.is_seated_at(own) => continue,
                AgentState::Free => self.lacks(queue, step, agent).map(Obstacle::Lacks),
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

    /// What an agent lacks for callers of a queue in that step.
    fn lacks(&self, queue: &Queue, step: u8, agent: Number) -> Option<Lacking> {
        lacking(queue.asked.at(step), &self.agents.get(agent)?.skills)
    }
}
