//! What a supervisor does about one caller who waits: he puts him forward in his line, or gives him to an agent at once,
//! whoever's turn it is. Both are facts with whoever did it. An agent who is given a caller need not be free: he may have
//! paused, be logged out or in his wrap-up time, as long as he talks with nobody and can be rung. Nobody else is rung
//! for that caller meanwhile, and if he is not answered he stands where he stood.

use crate::agent::Engagement;
use crate::engine::{Engine, Step};
use crate::fact::{Fact, Moment, Origin};
use crate::line::Place;
use crate::output::{CommandRefusal, WithdrawCause};
use crate::policy::Reason;
use crate::queue::{Caller, Stage};
use base::{CallId, OfferId, QueueId, Time, UserId};
use control::{Principal, Queues};
use serde::{Deserialize, Serialize};

/// A caller who stands in a queue's line, as people look at him.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InLine {
    /// His call.
    pub call: CallId,
    /// His place, 1 being next in turn.
    pub place: u32,
    /// When he first came to any queue.
    pub arrived: Time,
    /// When he came to this one.
    pub entered: Time,
    /// How many steps he goes before others.
    pub priority: u8,
    /// Whose devices ring for him.
    pub offered_to: Vec<UserId>,
    /// He does something else, such as choosing when to be called back.
    pub chooses: bool,
}

impl Step<'_> {
    /// Puts a caller at that place, 1 being next in turn. Who stands there already, or ahead of it, stays; so how many
    /// were put forward is 1 or 0. Of several who came in the same microsecond none is parted from the others: he goes
    /// before all of them.
    pub(crate) fn put_forward(
        &mut self,
        queue: &QueueId,
        call: CallId,
        to: u32,
        by: &Principal,
    ) -> Result<u32, CommandRefusal> {
        let caller = self.in_line(queue, call)?;
        let line = self.engine.queues.get(caller.at).map(|queue| &queue.line);
        let ahead = usize::try_from(to.saturating_sub(1)).unwrap_or(usize::MAX);
        let behind = line.and_then(|line| line.iter().nth(ahead));
        let Some(behind) = behind.filter(|behind| *behind < caller.place) else {
            return Ok(0);
        };
        self.emit(Fact::PutForward {
            call,
            queue: queue.clone(),
            to,
            since: behind.since.saturating_sub(1),
            by: by.clone(),
        });
        Ok(1)
    }

    /// Rings an agent for a caller, and stops all others; how many were given to him anew is 1 or 0.
    pub(crate) fn give(
        &mut self,
        queue: &QueueId,
        call: CallId,
        agent: &UserId,
        by: &Principal,
    ) -> Result<u32, CommandRefusal> {
        let caller = self.in_line(queue, call)?;
        let (at, step) = (caller.at, caller.step);
        let is_choosing = matches!(caller.stage, Stage::Choosing(_));
        let ringing = caller.ringing().to_vec();
        let missing = || CommandRefusal::NoSuchCaller {
            call,
            queue: queue.clone(),
        };
        if is_choosing {
            return Err(missing());
        }
        self.queues_meant(agent, Queues::One(queue.clone()))?;
        let rules = self.engine.queues.get(at).and_then(|it| it.rules);
        let ring = rules.map(|rules| rules.ring).ok_or_else(missing)?;
        let known = self.listed_agent(agent)?;
        match known.engaged {
            Some(Engagement::Offered(offer)) if ringing.contains(&offer) => return Ok(0),
            None if known.own_calls.is_empty() => {}
            _ => return Err(CommandRefusal::Busy(agent.clone())),
        }
        if !known.reachable {
            return Err(CommandRefusal::Unreachable(agent.clone()));
        }
        if known.wrap_up_until.is_some() {
            self.emit(Fact::WrapUpEnded {
                agent: agent.clone(),
                by: Some(Origin::Person(by.clone())),
            });
        }
        self.withdraw_all(call, WithdrawCause::AnsweredElsewhere);
        self.emit(Fact::Given {
            call,
            queue: queue.clone(),
            agent: agent.clone(),
            by: by.clone(),
        });
        self.emit(Fact::Offered {
            offer: OfferId(self.engine.last_offer.0 + 1),
            call,
            queue: queue.clone(),
            agent: agent.clone(),
            reason: Reason::Given,
            step,
            passed_over: Vec::new(),
            ring_until: self.now + ring,
        });
        Ok(1)
    }

    /// A caller who stands in that queue's line.
    fn in_line(&self, queue: &QueueId, call: CallId) -> Result<&Caller, CommandRefusal> {
        if !self.engine.settings.queues.contains_key(queue) {
            return Err(CommandRefusal::NoSuchQueue(queue.clone()));
        }
        let caller = self.engine.callers.get(&call);
        let stands = |caller: &&Caller| {
            caller.queue == *queue && !matches!(caller.stage, Stage::Connected(_))
        };
        caller
            .filter(stands)
            .ok_or_else(|| CommandRefusal::NoSuchCaller {
                call,
                queue: queue.clone(),
            })
    }
}

impl Engine {
    /// A caller stands elsewhere in his line; where several go by the same moment, behind them.
    pub(crate) fn apply_put_forward(&mut self, now: Moment, call: CallId, since: i64) {
        let Some(caller) = self.callers.get_mut(&call) else {
            return;
        };
        if matches!(caller.stage, Stage::Connected(_)) {
            return;
        }
        let ticket = now.seq;
        let place = Place { since, ticket };
        let before = std::mem::replace(&mut caller.place, place);
        let (at, arrived, step) = (caller.at, caller.arrived, caller.step);
        let (requires, seeks) = (caller.requires.clone(), caller.seeks);
        let sought = seeks.and_then(|seeks| self.agents.get(seeks.agent));
        let faces = sought.is_some_and(|agent| agent.is_seated_at(at));
        self.queue(at, |queue| {
            queue.line.remove(before);
            queue.line.insert(place);
            queue.arrivals.remove(&(arrived, before.ticket));
            queue.arrivals.insert((arrived, ticket));
            let wanting = queue.wanting_mut(&requires);
            if wanting.has(step, before, call) {
                wanting.remove(step, before);
                wanting.insert(step, place, call);
            }
            if let Some(seeks) = seeks {
                queue.seekers.remove(seeks.agent, before);
                queue.seekers.insert(seeks.agent, place, call);
                if faces {
                    queue.seekers.face(seeks.agent);
                }
            }
        });
    }

    /// Whether a caller was given to an agent whose device rings: then nobody else's does.
    pub(crate) fn is_given(&self, ringing: &[OfferId]) -> bool {
        let only = ringing.first().and_then(|offer| self.offers.get(offer));
        only.is_some_and(|made| made.given)
    }

    /// Those who stand in a queue's line, first to last, `most` of them; and how many there are.
    pub fn in_line(&self, queue: &QueueId, most: usize) -> (Vec<InLine>, usize) {
        let Some(own) = self.queues.number(queue) else {
            return (Vec::new(), 0);
        };
        let standing = self.standing_in(own);
        let rows = standing.iter().zip(1..).take(most);
        let rows = rows.filter_map(|(call, place)| {
            let caller = self.callers.get(call)?;
            let ringing = caller.ringing().iter();
            let rung = ringing.filter_map(|offer| Some(self.offers.get(offer)?.agent.clone()));
            Some(InLine {
                call: *call,
                place,
                arrived: caller.arrived,
                entered: caller.entered,
                priority: caller.priority.steps(),
                offered_to: rung.collect(),
                chooses: matches!(caller.stage, Stage::Choosing(_)),
            })
        });
        (rows.collect(), standing.len())
    }
}
