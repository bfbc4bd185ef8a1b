//! The latest rows of a journal, as many as are worth having at once. Who was at work before the first of them is told
//! by what follows: how agents stood at the end, less what they did until then.

use crate::record::{Does, Duty, Recorder, Row};
use acd::{Fact, Stamped};
use base::{QueueId, Time, UserId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Rows that are kept: three days of ten thousand callers in some megabytes, copied in a few milliseconds.
pub const ROWS_KEPT: usize = 30_000;

/// Ends of processes that are remembered: a server that ends more often has other troubles than who was at work.
const ENDS_KEPT: usize = 64;

/// The latest rows of a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tail {
    /// Its end.
    until: Time,
    recorder: Recorder,
    rows: VecDeque<Row>,
    /// How many have given way.
    gone: u64,
    ends: VecDeque<RunEnd>,
}

/// The end of a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct RunEnd {
    /// How many rows came before it.
    after: u64,
    /// How agents stood then, as the next process recalled.
    stood: Standings,
}

/// How agents stand.
pub type Standings = BTreeMap<UserId, Standing>;

/// How an agent stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Queues that he is logged in to.
    pub queues: BTreeSet<QueueId>,
    /// Whether he has paused.
    pub paused: bool,
}

impl Default for Tail {
    fn default() -> Tail {
        Tail::until(Time::NEVER)
    }
}

impl Tail {
    /// One that keeps what came about before then. Of what it hears later it takes how agents stood.
    pub fn until(until: Time) -> Tail {
        Tail {
            until,
            recorder: Recorder::default(),
            rows: VecDeque::new(),
            gone: 0,
            ends: VecDeque::new(),
        }
    }

    /// Keeps what a fact says; the oldest rows give way.
    pub fn hear(&mut self, fact: &Stamped) {
        if let (Fact::Recalled { agent, carried }, Some(end)) = (&fact.fact, self.ends.back_mut()) {
            let standing = Standing {
                queues: carried.logins.keys().cloned().collect(),
                paused: carried.pause.is_some(),
            };
            end.stood.insert(agent.clone(), standing);
        }
        let rows = self.recorder.hear(fact);
        self.keep(rows);
        self.give_way();
    }

    /// The process has ended whose facts were heard.
    pub fn run_ended(&mut self) {
        let rows = self.recorder.run_ended();
        self.keep(rows);
        self.ends.push_back(RunEnd {
            after: self.gone + self.rows.len() as u64,
            stood: Standings::new(),
        });
        if self.ends.len() > ENDS_KEPT {
            self.ends.pop_front();
        }
        self.give_way();
    }

    fn keep(&mut self, rows: impl IntoIterator<Item = Row>) {
        let until = self.until;
        let counts = |row: &Row| row.at() < until || matches!(row, Row::Duty(_));
        self.rows.extend(rows.into_iter().filter(counts));
    }

    fn give_way(&mut self) {
        while self.rows.len() > ROWS_KEPT {
            self.rows.pop_front();
            self.gone += 1;
        }
        while self.ends.front().is_some_and(|end| end.after <= self.gone) {
            self.ends.pop_front();
        }
    }

    /// The rows that are kept, and before them how agents stood; behind them those of callers whom agents work after at
    /// `at`, when agents stand as in `now`.
    pub fn rows(&self, at: Time, now: &Standings) -> Vec<Row> {
        let first_end = self.ends.front();
        let (many, stood) = first_end.map_or((self.rows.len(), now), |end| {
            ((end.after - self.gone) as usize, &end.stood)
        });
        let mut stood = stood.clone();
        for row in self.rows.iter().take(many).rev() {
            if let Row::Duty(duty) = row {
                undo(&mut stood, duty);
            }
        }
        let is_before = |row: &&Row| row.at() < self.until;
        let working: Vec<Row> = self.recorder.working(at).collect();
        let working = working.iter().filter(is_before);
        let told: Vec<Row> = self
            .rows
            .iter()
            .filter(is_before)
            .chain(working)
            .cloned()
            .collect();
        let first = told.iter().map(Row::at).min();
        let first = first.unwrap_or(at.min(self.until));
        let stood = stood.iter();
        let stood = stood.filter(|(_, standing)| !standing.queues.is_empty());
        let stood = stood.flat_map(|(agent, standing)| stands(agent, standing, first));
        stood.chain(told).collect()
    }
}

/// How he stood before.
fn undo(stood: &mut Standings, duty: &Duty) {
    let standing = stood.entry(duty.agent.clone()).or_default();
    match &duty.does {
        Does::LogIn(queues) => standing.queues.retain(|queue| !queues.contains(queue)),
        Does::LogOut(queues) => standing.queues.extend(queues.iter().cloned()),
        Does::Pause => standing.paused = false,
        Does::Resume => standing.paused = true,
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
    use acd::{Carried, Origin};

    fn agent(name: &str) -> UserId {
        name.parse().unwrap()
    }

    fn queues() -> BTreeSet<QueueId> {
        BTreeSet::from(["demo/support".parse().unwrap()])
    }

    fn hear(tail: &mut Tail, seq: u64, fact: Fact) {
        let at = Time::from_millis(seq);
        tail.hear(&Stamped { at, seq, fact });
    }

    fn log_in(name: &str) -> Fact {
        Fact::LoggedIn {
            agent: agent(name),
            queues: queues(),
            by: Origin::Configuration,
        }
    }

    fn log_out(name: &str) -> Fact {
        Fact::LoggedOut {
            agent: agent(name),
            queues: queues(),
            by: Origin::Configuration,
        }
    }

    fn stood(rows: &[Row], name: &str) -> bool {
        let first = rows.first().map(Row::at);
        rows.iter().any(|row| match row {
            Row::Duty(duty) => {
                let logs_in = matches!(duty.does, Does::LogIn(_));
                duty.agent == agent(name) && logs_in && Some(duty.at) == first
            }
            Row::Call(_) => false,
        })
    }

    #[test]
    fn what_agents_did_in_rows_that_gave_way_stands_at_the_beginning() {
        let mut tail = Tail::default();
        hear(&mut tail, 1, log_in("demo/anna"));
        hear(&mut tail, 2, log_in("demo/bosse"));
        hear(&mut tail, 3, log_out("demo/bosse"));
        for seq in 0..ROWS_KEPT as u64 {
            let paused = Fact::Paused {
                agent: agent("demo/cecilia"),
                reason: None,
                by: Origin::Configuration,
            };
            hear(&mut tail, 4 + seq, paused);
        }
        let standing = Standing {
            queues: queues(),
            paused: false,
        };
        let now = [(agent("demo/anna"), standing)].into();
        let rows = tail.rows(Time::NEVER, &now);
        assert_eq!(rows.len(), ROWS_KEPT + 1);
        let stood = Duty {
            at: Time::from_millis(4),
            agent: agent("demo/anna"),
            does: Does::LogIn(queues()),
        };
        assert_eq!(rows[0], Row::Duty(stood));
    }

    #[test]
    fn who_was_at_work_before_is_told_by_what_the_next_process_recalls() {
        let mut tail = Tail::default();
        // Anna has been at work since before the beginning, and goes; david has, and stays.
        hear(&mut tail, 1, log_out("demo/anna"));
        hear(&mut tail, 2, log_in("demo/bosse"));
        tail.run_ended();
        for (seq, name) in [(3, "demo/bosse"), (4, "demo/david")] {
            hear(&mut tail, seq, log_in(name));
            let carried = Carried {
                logins: queues().into_iter().map(|it| (it, Time::ZERO)).collect(),
                ..Carried::default()
            };
            let recalled = Fact::Recalled {
                agent: agent(name),
                carried: Box::new(carried),
            };
            hear(&mut tail, seq, recalled);
        }
        hear(&mut tail, 5, log_out("demo/david"));
        let rows = tail.rows(Time::NEVER, &Standings::new());
        let named = ["demo/anna", "demo/bosse", "demo/david"];
        assert_eq!(named.map(|name| stood(&rows, name)), [true, false, true]);
    }
}
