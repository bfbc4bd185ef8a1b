//! Callers who are in queues, and agents who work after them, as facts tell of them: what a fact is a step of, and
//! whom the end of a process cut off. Nothing but facts goes in, so the same facts tell the same anywhere.

use crate::entrance::Priority;
use crate::fact::{Fact, Origin, Stamped};
use crate::input::LeaveCause;
use crate::settings::Yardstick;
use crate::step::{Gone, Step};
use base::{CallId, OfferId, QueueId, Time, UserId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Whoever is there. Keeps one entry a caller and one an agent, and so is as bounded as the engine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visits {
    callers: BTreeMap<CallId, Caller>,
    /// Agents in their wrap-up time.
    working: BTreeMap<UserId, Worked>,
    /// The process whose facts they are has ended: who still talked was cut off.
    ended: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Caller {
    came: Time,
    arrived: Time,
    queue: QueueId,
    priority: Priority,
    expected: Option<Duration>,
    judged: Yardstick,
    answered: Option<Answered>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Answered {
    at: Time,
    agent: UserId,
    offer: OfferId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Worked {
    caller: Caller,
    since: Time,
    talk: Duration,
}

/// A step, and whose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// When the caller came to this queue.
    pub came: Time,
    /// When he first came to any.
    pub arrived: Time,
    /// Which it is.
    pub queue: QueueId,
    /// How far he goes before others.
    pub priority: Priority,
    /// Who took him, if anybody has.
    pub agent: Option<UserId>,
    /// How long he waited here: until he was taken, or up to now.
    pub waited: Duration,
    /// The step.
    pub step: Step,
}

impl Caller {
    fn told(&self, now: Time, step: Step) -> Told {
        let answered = self.answered.as_ref();
        Told {
            came: self.came,
            arrived: self.arrived,
            queue: self.queue.clone(),
            priority: self.priority,
            agent: answered.map(|it| it.agent.clone()),
            waited: answered.map_or(now, |it| it.at) - self.came,
            step,
        }
    }
}

impl Visits {
    /// The step that a fact is, if it is one.
    pub fn hear(&mut self, stamped: &Stamped) -> Option<Told> {
        let at = stamped.at;
        match &stamped.fact {
            Fact::Entered {
                call,
                queue,
                arrived,
                priority,
                expected,
                judged,
                ..
            } => {
                let caller = Caller {
                    came: at,
                    arrived: *arrived,
                    queue: queue.clone(),
                    priority: *priority,
                    expected: *expected,
                    judged: *judged,
                    answered: None,
                };
                let told = caller.told(at, Step::Entered);
                self.callers.insert(*call, caller);
                Some(told)
            }
            Fact::Refused { queue, cause, .. } => Some(Told {
                came: at,
                arrived: at,
                queue: queue.clone(),
                priority: Priority::default(),
                agent: None,
                waited: Duration::ZERO,
                step: Step::Refused(Some(*cause)),
            }),
            Fact::Connected {
                call, agent, offer, ..
            } => {
                let caller = self.callers.get_mut(call)?;
                caller.answered = Some(Answered {
                    at,
                    agent: agent.clone(),
                    offer: *offer,
                });
                let (waited, expected) = (at - caller.came, caller.expected);
                let step = Step::Answered {
                    waited,
                    expected,
                    in_time: waited <= caller.judged.within,
                };
                Some(caller.told(at, step))
            }
            Fact::Left { call, cause, .. } => self.gone(at, *call, Gone::Left(*cause)),
            Fact::Expelled { call, cause, .. } => self.gone(at, *call, Gone::Expelled(*cause)),
            Fact::Moved { call, .. } => self.gone(at, *call, Gone::Moved),
            Fact::ServerRestarted => {
                self.ended = true;
                None
            }
            Fact::ConversationEnded { call, .. } if self.ended => {
                Some(self.callers.remove(call)?.told(at, Step::CutOff))
            }
            Fact::ConversationEnded {
                call,
                agent,
                wrap_up_until,
                ..
            } => {
                let caller = self.callers.remove(call)?;
                let talk = at - caller.answered.as_ref().map_or(at, |it| it.at);
                let worked = Worked {
                    caller,
                    since: at,
                    talk,
                };
                if wrap_up_until.is_none() {
                    return Some(worked.told(at));
                }
                let before = self.working.insert(agent.clone(), worked);
                before.map(|worked| worked.told(at))
            }
            Fact::WrapUpEnded { agent, .. } => Some(self.working.remove(agent)?.told(at)),
            _ => None,
        }
    }

    /// How many callers there are, and agents who work after one.
    pub fn count(&self) -> usize {
        self.callers.len() + self.working.len()
    }

    /// The last step, so far, of those whom agents work after.
    pub fn working(&self, now: Time) -> impl Iterator<Item = Told> {
        self.working.values().map(move |worked| worked.told(now))
    }

    /// What came about when the process that had them ended, in the order of the calls: those who waited have left
    /// with it, and no conversation, nor wrap-up time after one, went on. Nothing, where nobody was there.
    pub fn cut_off(&self) -> Vec<Fact> {
        if self.count() == 0 {
            return Vec::new();
        }
        let callers = self.callers.iter().map(|(call, caller)| {
            let queue = caller.queue.clone();
            match &caller.answered {
                None => Fact::Left {
                    call: *call,
                    queue,
                    cause: LeaveCause::ServerRestarted,
                },
                Some(answered) => Fact::ConversationEnded {
                    offer: answered.offer,
                    call: *call,
                    queue,
                    agent: answered.agent.clone(),
                    wrap_up_until: None,
                },
            }
        });
        let agents = self.working.keys().map(|agent| Fact::WrapUpEnded {
            agent: agent.clone(),
            by: Some(Origin::Restart),
        });
        let ended = [Fact::ServerRestarted];
        ended.into_iter().chain(callers).chain(agents).collect()
    }

    fn gone(&mut self, at: Time, call: CallId, why: Gone) -> Option<Told> {
        let caller = self.callers.remove(&call)?;
        let waited = at - caller.came;
        let soon = waited < caller.judged.soon;
        Some(caller.told(at, Step::Gone { why, waited, soon }))
    }
}

impl Worked {
    fn told(&self, now: Time) -> Told {
        let (talk, wrap_up) = (self.talk, now - self.since);
        self.caller.told(now, Step::Handled { talk, wrap_up })
    }
}
