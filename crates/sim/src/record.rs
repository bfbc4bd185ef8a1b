//! What a log tells of a day: a row for each caller once he is gone, and one for each time that an agent comes or
//! goes. Rows are read off the engine's facts, so a server's day and a simulated one are told in the same words.

use acd::{Fact, LeaveCause, Priority, Stamped};
use base::{CallId, QueueId, Time, UserId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
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

/// Makes rows of facts. Keeps one entry for each caller who is there, and so is as bounded as the engine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorder {
    live: BTreeMap<CallId, Caller>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Caller {
    at: Time,
    queue: QueueId,
    priority: Priority,
    answered: Option<Time>,
}

impl Caller {
    fn row(self, now: Time, end: End) -> Row {
        Row::Call(CallRow {
            at: self.at,
            queue: self.queue,
            priority: self.priority,
            waited: self.answered.unwrap_or(now) - self.at,
            end,
        })
    }
}

impl Recorder {
    /// The row that comes of a fact, if one does.
    pub fn hear(&mut self, stamped: &Stamped) -> Option<Row> {
        let at = stamped.at;
        let duty = |agent: &UserId, does| {
            let agent = agent.clone();
            Some(Row::Duty(Duty { at, agent, does }))
        };
        match &stamped.fact {
            Fact::LoggedIn { agent, queues, .. } => duty(agent, Does::LogIn(queues.clone())),
            Fact::LoggedOut { agent, queues, .. } => duty(agent, Does::LogOut(queues.clone())),
            Fact::Paused { agent, .. } => duty(agent, Does::Pause),
            Fact::Resumed { agent, .. } => duty(agent, Does::Resume),
            _ => self.hear_of_caller(stamped),
        }
    }

    /// Callers who are there now.
    pub fn live(&self) -> usize {
        self.live.len()
    }

    fn hear_of_caller(&mut self, stamped: &Stamped) -> Option<Row> {
        let at = stamped.at;
        match &stamped.fact {
            Fact::Entered {
                call,
                queue,
                priority,
                ..
            } => {
                let caller = Caller {
                    at,
                    queue: queue.clone(),
                    priority: *priority,
                    answered: None,
                };
                self.live.insert(*call, caller);
                None
            }
            Fact::Connected { call, .. } => {
                self.live.get_mut(call)?.answered = Some(at);
                None
            }
            Fact::ConversationEnded {
                call,
                agent,
                wrap_up_until,
                ..
            } => {
                let caller = self.live.remove(call)?;
                let talk = at - caller.answered.unwrap_or(at);
                let wrap_up = wrap_up_until.map_or(Duration::ZERO, |until| until - at);
                let agent = agent.clone();
                Some(caller.row(
                    at,
                    End::Answered {
                        agent,
                        talk,
                        wrap_up,
                    },
                ))
            }
            Fact::Left { call, cause, .. } => {
                let end = match cause {
                    LeaveCause::Abandoned => End::Abandoned,
                    _ => End::Elsewhere,
                };
                Some(self.live.remove(call)?.row(at, end))
            }
            Fact::Expelled { call, .. } | Fact::Moved { call, .. } => {
                Some(self.live.remove(call)?.row(at, End::Elsewhere))
            }
            Fact::Refused { queue, .. } => Some(Row::Call(CallRow {
                at,
                queue: queue.clone(),
                priority: Priority::default(),
                waited: Duration::ZERO,
                end: End::Refused,
            })),
            _ => None,
        }
    }
}
