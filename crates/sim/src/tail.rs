//! The latest rows of a live engine, as many as are worth keeping in memory. What agents did in rows that have given
//! way still counts: it stands at the beginning.

use crate::record::{Does, Duty, Recorder, Row};
use acd::Stamped;
use base::{QueueId, Time, UserId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Rows that are kept: three days of ten thousand callers in some megabytes, copied in a few milliseconds.
pub const ROWS_KEPT: usize = 30_000;

/// The latest rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tail {
    recorder: Recorder,
    rows: VecDeque<Row>,
    /// How agents stood before the first row.
    before: BTreeMap<UserId, Standing>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Standing {
    queues: BTreeSet<QueueId>,
    paused: bool,
}

impl Tail {
    /// Keeps what a fact says; the oldest rows give way.
    pub fn hear(&mut self, fact: &Stamped) {
        let Some(row) = self.recorder.hear(fact) else {
            return;
        };
        self.rows.push_back(row);
        if self.rows.len() > ROWS_KEPT
            && let Some(Row::Duty(duty)) = self.rows.pop_front()
        {
            self.forget(duty);
        }
    }

    fn forget(&mut self, duty: Duty) {
        let standing = self.before.entry(duty.agent.clone()).or_default();
        match duty.does {
            Does::LogIn(queues) => standing.queues.extend(queues),
            Does::LogOut(queues) => standing.queues.retain(|queue| !queues.contains(queue)),
            Does::Pause => standing.paused = true,
            Does::Resume => standing.paused = false,
        }
        if standing.queues.is_empty() {
            self.before.remove(&duty.agent);
        }
    }

    /// The rows that are kept, and before them how agents stood.
    pub fn rows(&self) -> Vec<Row> {
        let at = self.rows.iter().map(Row::at).min().unwrap_or_default();
        let stood = self.before.iter();
        let stood = stood.flat_map(|(agent, standing)| stands(agent, standing, at));
        stood.chain(self.rows.iter().cloned()).collect()
    }
}

fn stands(agent: &UserId, standing: &Standing, at: Time) -> impl Iterator<Item = Row> {
    let row = |does| {
        let agent = agent.clone();
        Row::Duty(Duty { at, agent, does })
    };
    let logged_in = row(Does::LogIn(standing.queues.clone()));
    let paused = standing.paused.then(|| row(Does::Pause));
    [logged_in].into_iter().chain(paused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use acd::{Fact, Origin};

    fn fact(seq: u64, fact: Fact) -> Stamped {
        let at = Time::from_millis(seq);
        Stamped { at, seq, fact }
    }

    #[test]
    fn what_agents_did_in_rows_that_gave_way_stands_at_the_beginning() {
        let agent = |name: &str| name.parse::<UserId>().unwrap();
        let queues = BTreeSet::from(["demo/support".parse().unwrap()]);
        let by = Origin::Configuration;
        let mut tail = Tail::default();
        let mut seq = 0;
        let mut hear = |what: Fact| {
            seq += 1;
            tail.hear(&fact(seq, what));
        };
        for name in ["demo/anna", "demo/bosse"] {
            hear(Fact::LoggedIn {
                agent: agent(name),
                queues: queues.clone(),
                by: by.clone(),
            });
        }
        hear(Fact::LoggedOut {
            agent: agent("demo/bosse"),
            queues: queues.clone(),
            by: by.clone(),
        });
        for _ in 0..ROWS_KEPT {
            hear(Fact::Paused {
                agent: agent("demo/cecilia"),
                reason: None,
                by: by.clone(),
            });
        }
        let rows = tail.rows();
        assert_eq!(rows.len(), ROWS_KEPT + 1);
        let stood = Duty {
            at: Time::from_millis(4),
            agent: agent("demo/anna"),
            does: Does::LogIn(queues),
        };
        assert_eq!(rows[0], Row::Duty(stood));
    }
}
