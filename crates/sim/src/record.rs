//! What a log tells of a day: a row for each caller once he is gone, and one for each time that an agent comes or
//! goes. Rows are read off the engine's facts, so a server's day and a simulated one are told in the same words.

use acd::{Fact, Gone, LeaveCause, Priority, Stamped, Step, Told, Visits};
use base::{QueueId, Time, UserId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// One thing that a log tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Row {
    /// A caller came, and this came of it.
    Call(CallRow),
    /// An agent came or went.
    Duty(Duty),
}

/// A caller in one queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRow {
    /// When he came.
    pub at: Time,
    /// Where.
    pub queue: QueueId,
    /// How far he goes before others.
    pub priority: Priority,
    /// How long he waited.
    pub waited: Duration,
    /// How long he had waited elsewhere before he came here.
    pub before: Duration,
    /// What came of it.
    pub end: End,
}

/// What came of a caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// An agent took him.
    Answered {
        /// Who.
        agent: UserId,
        /// How long they talked.
        talk: Duration,
        /// What the agent had to do after it.
        wrap_up: Duration,
    },
    /// He hung up.
    Abandoned,
    /// He left in another way: sent on, put out, the call broke.
    Elsewhere,
    /// He was not taken in.
    Refused,
    /// He came outside of its hours.
    Closed,
}

/// An agent comes or goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duty {
    /// When.
    pub at: Time,
    /// Who.
    pub agent: UserId,
    /// What he does.
    pub does: Does,
}

/// How an agent comes or goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Does {
    /// He takes calls of these queues.
    LogIn(BTreeSet<QueueId>),
    /// He takes no more of theirs.
    LogOut(BTreeSet<QueueId>),
    /// He takes none for a while.
    Pause,
    /// He takes calls again.
    Resume,
}

impl CallRow {
    /// The same as steps; an answer within `within` counts as in time.
    pub fn steps(&self, within: Duration) -> impl Iterator<Item = Step> {
        let waited = self.waited;
        let gone = |cause| Step::Gone {
            why: Gone::Left(cause),
            waited,
            soon: false,
        };
        let steps = match &self.end {
            End::Refused => [Some(Step::Refused(None)), None, None],
            // He came to the door, and never to the queue.
            End::Closed => [None; 3],
            End::Abandoned => {
                let gone = gone(LeaveCause::Abandoned);
                [Some(Step::Entered), Some(gone), None]
            }
            End::Elsewhere => [Some(Step::Entered), Some(gone(LeaveCause::SentOn)), None],
            End::Answered { talk, wrap_up, .. } => {
                let answered = Step::Answered {
                    waited,
                    expected: None,
                    in_time: waited <= within,
                };
                let (talk, wrap_up) = (*talk, *wrap_up);
                let handled = Step::Handled { talk, wrap_up };
                [Some(Step::Entered), Some(answered), Some(handled)]
            }
        };
        steps.into_iter().flatten()
    }
}

/// Makes rows of facts. Keeps one entry for each caller who is there, and so is as bounded as the engine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorder {
    visits: Visits,
    /// The time of the last fact.
    last: Time,
}

impl Recorder {
    /// The row that comes of a fact, if one does.
    pub fn hear(&mut self, stamped: &Stamped) -> Option<Row> {
        let at = stamped.at;
        self.last = at;
        let duty = |agent: &UserId, does| {
            let agent = agent.clone();
            Some(Row::Duty(Duty { at, agent, does }))
        };
        match &stamped.fact {
            Fact::LoggedIn { agent, queues, .. } => duty(agent, Does::LogIn(queues.clone())),
            Fact::LoggedOut { agent, queues, .. } => duty(agent, Does::LogOut(queues.clone())),
            Fact::Paused { agent, .. } => duty(agent, Does::Pause),
            Fact::Resumed { agent, .. } => duty(agent, Does::Resume),
            _ => row(self.visits.hear(stamped)?),
        }
    }

    /// The process has ended whose facts were heard: the rows of those who were there still.
    pub fn run_ended(&mut self) -> Vec<Row> {
        let (at, seq) = (self.last, 0);
        let mut visits = std::mem::take(&mut self.visits);
        let cut_off = visits.cut_off().into_iter();
        let told = cut_off.filter_map(|fact| visits.hear(&Stamped { at, seq, fact }));
        told.filter_map(row).collect()
    }

    /// The rows of callers whom agents work after, as if they were done with them now.
    pub fn working(&self, now: Time) -> impl Iterator<Item = Row> {
        self.visits.working(now).filter_map(row)
    }

    /// Callers who are there now, and agents who work after one.
    pub fn live(&self) -> usize {
        self.visits.count()
    }
}

/// The row of a caller with whom all is done.
fn row(told: Told) -> Option<Row> {
    let end = match told.step {
        Step::Entered | Step::Answered { .. } => return None,
        Step::Refused(_) => End::Refused,
        Step::Gone {
            why: Gone::Left(LeaveCause::Abandoned),
            ..
        } => End::Abandoned,
        // Of how long they would have talked nothing is known.
        Step::Gone { .. } | Step::CutOff => End::Elsewhere,
        Step::Handled { talk, wrap_up } => End::Answered {
            agent: told.agent?,
            talk,
            wrap_up,
        },
    };
    Some(Row::Call(CallRow {
        at: told.came,
        queue: told.queue,
        priority: told.priority,
        waited: told.waited,
        before: told.came - told.arrived,
        end,
    }))
}
