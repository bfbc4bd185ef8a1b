//! What of a queue outlives the process: how long those who were answered lately had waited, and how long a caller keeps
//! an agent. Counted from facts, and given back to the engine once they have been read.

use crate::engine::Step as EngineStep;
use crate::estimate::{ANSWERED_KEPT, AVERAGE_OVER, Handling};
use crate::fact::Fact;
use crate::step::Step;
use crate::visits::Told;
use base::{QueueId, Time};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// What is carried over of one queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueCarried {
    /// When callers were answered within the time of the average wait, and how long each had waited since his first
    /// arrival; in the order of the answers.
    pub answered: VecDeque<(Time, Duration)>,
    pub(crate) handling: Handling,
}

impl QueueCarried {
    /// The same with all moments told in another way.
    pub fn map(self, mut to: impl FnMut(Time) -> Time) -> QueueCarried {
        let answered = self.answered.into_iter();
        QueueCarried {
            answered: answered.map(|(at, wait)| (to(at), wait)).collect(),
            handling: self.handling,
        }
    }

    fn forget(&mut self, now: Time) {
        let counts = |at: Time| at + AVERAGE_OVER > now;
        while self.answered.front().is_some_and(|(at, _)| !counts(*at)) {
            self.answered.pop_front();
        }
    }
}

/// What would be carried over of all queues.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lately {
    queues: BTreeMap<QueueId, QueueCarried>,
}

impl Lately {
    /// A caller has taken a step.
    pub fn hear(&mut self, now: Time, told: &Told) {
        match told.step {
            Step::Answered { .. } => {
                let queue = self.queues.entry(told.queue.clone()).or_default();
                queue.forget(now);
                if queue.answered.len() == ANSWERED_KEPT {
                    queue.answered.pop_front();
                }
                queue.answered.push_back((now, now - told.arrived));
            }
            Step::Handled { talk, wrap_up } => {
                let queue = self.queues.entry(told.queue.clone()).or_default();
                queue.handling.note(talk + wrap_up);
            }
            Step::Refused(_) | Step::Entered | Step::Gone { .. } | Step::CutOff => {}
        }
    }

    /// What is carried over at `now`.
    pub fn carried(mut self, now: Time) -> BTreeMap<QueueId, QueueCarried> {
        self.queues.values_mut().for_each(|it| it.forget(now));
        self.queues
    }
}

impl EngineStep<'_> {
    /// A queue knows what it knew before, unless it is none any more.
    pub(crate) fn recall_queue(&mut self, queue: QueueId, carried: QueueCarried) {
        if !self.engine.settings.queues.contains_key(&queue) {
            return;
        }
        // A clock on the wall that was put back makes nothing of the past come later than now.
        let now = self.now;
        let carried = Box::new(carried.map(|at| at.min(now)));
        self.emit(Fact::QueueRecalled { queue, carried });
    }
}
