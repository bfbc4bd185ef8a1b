//! In which order a queue's free agents are tried: candidates in, order out, with the reason kept.
//! A policy is a function of what it is shown, so a trace or a simulation can ask it again.

use crate::settings::Policy;
use base::{Time, UserId};
use serde::{Deserialize, Serialize};

/// A free agent whom a call could be offered to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub agent: UserId,
    /// Since when he is idle, as the queue sees it.
    pub idle_since: Time,
    /// Settles ties: lower became idle first. Unique among candidates.
    pub ticket: u64,
}

/// A candidate in his turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranked {
    /// Who.
    pub agent: UserId,
    /// Why he stands here.
    pub reason: Reason,
}

/// Why an agent got his turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// Of those free he was idle longest.
    LongestIdle {
        /// Since when.
        idle_since: Time,
    },
}

/// The candidates in the order in which they are to be tried.
pub fn rank(policy: Policy, candidates: &[Candidate]) -> Vec<Ranked> {
    match policy {
        Policy::LongestIdle => {
            let mut order: Vec<&Candidate> = candidates.iter().collect();
            order.sort_unstable_by_key(|candidate| (candidate.idle_since, candidate.ticket));
            order
                .into_iter()
                .map(|candidate| Ranked {
                    agent: candidate.agent.clone(),
                    reason: Reason::LongestIdle {
                        idle_since: candidate.idle_since,
                    },
                })
                .collect()
        }
    }
}

/// How many of the free agents, idle longest first, a policy must be shown to name the first in turn.
/// The bench is kept in that order, so a policy that asks for few costs the same among 10,000 as among ten.
pub(crate) fn reach(policy: Policy) -> usize {
    match policy {
        Policy::LongestIdle => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(name: &str, idle_since_ms: u64, ticket: u64) -> Candidate {
        Candidate {
            agent: format!("demo/{name}").parse().unwrap(),
            idle_since: Time::from_millis(idle_since_ms),
            ticket,
        }
    }

    #[test]
    fn longest_idle_goes_first_and_a_tie_goes_to_who_logged_in_first() {
        let order = rank(
            Policy::LongestIdle,
            &[
                candidate("anna", 7, 1),
                candidate("bosse", 5, 3),
                candidate("cecilia", 5, 2),
            ],
        );
        let names: Vec<&str> = order.iter().map(|ranked| ranked.agent.name()).collect();
        assert_eq!(names, ["cecilia", "bosse", "anna"]);
        assert_eq!(
            order[0].reason,
            Reason::LongestIdle {
                idle_since: Time::from_millis(5)
            }
        );
    }
}
