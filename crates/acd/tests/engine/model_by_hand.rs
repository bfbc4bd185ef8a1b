//! What the naive engine does where somebody sees to one caller.

use crate::model::{Model, State};
use acd::{CommandRefusal, WithdrawCause};
use base::{CallId, QueueId, UserId};
use control::Queues;

impl Model {
    pub(crate) fn put_forward(
        &mut self,
        queue: &QueueId,
        call: CallId,
        to: u32,
    ) -> Result<u32, CommandRefusal> {
        let line = self.line_with(queue, call)?;
        let to = to.max(1) as usize - 1;
        let Some(behind) = line.iter().take_while(|other| **other != call).nth(to) else {
            return Ok(0);
        };
        let since = self.caller(*behind).place.0 - 1;
        let (_, thing) = self.thing();
        for caller in self.callers.iter_mut().filter(|it| it.call == call) {
            caller.place = (since, thing);
        }
        Ok(1)
    }

    pub(crate) fn give(
        &mut self,
        queue: &QueueId,
        call: CallId,
        agent: &UserId,
    ) -> Result<u32, CommandRefusal> {
        self.line_with(queue, call)?;
        if self.caller(call).chooses.is_some() {
            return Err(missing(queue, call));
        }
        if !self.settings.agents.contains_key(agent) {
            return Err(CommandRefusal::NoSuchAgent(agent.clone()));
        }
        self.meant(agent, &Queues::One(queue.clone()))?;
        for offer in self.offers.iter().filter(|it| it.agent == *agent) {
            match offer.state {
                State::Lost | State::Over => {}
                State::Ringing(_) if offer.entry.is_none() && offer.call == call => return Ok(0),
                _ => return Err(CommandRefusal::Busy(agent.clone())),
            }
        }
        if !self.agent(agent).own_calls.is_empty() {
            return Err(CommandRefusal::Busy(agent.clone()));
        }
        if !self.agent(agent).reachable {
            return Err(CommandRefusal::Unreachable(agent.clone()));
        }
        let thing = self.thing();
        self.end_wrap_up(agent, thing);
        self.withdraw_for(call, WithdrawCause::AnsweredElsewhere);
        for caller in self.callers.iter_mut().filter(|it| it.call == call) {
            caller.seeks = None;
        }
        self.ring(call, queue.clone(), agent.clone());
        if let Some(offer) = self.offers.last_mut() {
            offer.given = true;
        }
        Ok(1)
    }

    /// The line in which that caller stands.
    fn line_with(&self, queue: &QueueId, call: CallId) -> Result<Vec<CallId>, CommandRefusal> {
        if !self.settings.queues.contains_key(queue) {
            return Err(CommandRefusal::NoSuchQueue(queue.clone()));
        }
        let line = self.line(queue);
        match line.contains(&call) {
            true => Ok(line),
            false => Err(missing(queue, call)),
        }
    }

    pub(crate) fn line(&self, queue: &QueueId) -> Vec<CallId> {
        self.waiting_in_order(|other| other == queue)
    }

    pub(crate) fn queue_of(&self, call: CallId) -> Option<QueueId> {
        let caller = self.callers.iter().find(|caller| caller.call == call);
        caller.map(|caller| caller.queue.clone())
    }
}

fn missing(queue: &QueueId, call: CallId) -> CommandRefusal {
    let queue = queue.clone();
    CommandRefusal::NoSuchCaller { call, queue }
}
