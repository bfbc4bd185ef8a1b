//! The call to a person: the agent's device first, then, when he is there and the attempt is stored, the person. So there are never
//! more calls than agents who asked for one, nobody is rung for no one, and after a crash it is known who was rung. Where a queue
//! has people called ahead (`ahead.rs`), the agent's device rings while the person's does, and another's where he lets it be.

use crate::engine::Step;
use crate::entry::{ATTEMPTS_MAX, Entry, Order, Placed, PlacingId, Progress, Stage};
use crate::fact::{Fact, Origin, Returned};
use crate::input::{CallEvent, Health};
use crate::output::{Command, Done, Errand, HangUpCause, Refusal, Ungiven};
use crate::promises::PROMISE_WITHIN;
use crate::settings::Distribution;
use base::{CallbackId, OfferId, QueueId, UserId};
use control::Outcome;
use std::time::Duration;

/// How long nothing may be heard of a call before it is held for lost. Whoever carries it says that it is alive three
/// times as often.
pub const CALL_ALIVE_WITHIN: Duration = Duration::from_secs(90);

impl Step<'_> {
    pub(crate) fn begin_call(
        &mut self,
        list: &QueueId,
        id: CallbackId,
        agent: UserId,
        by: Origin,
    ) -> Result<Done, Refusal> {
        // What can't be stored will not be dialled: better said before his device rings.
        if self.lists.storage == Health::Down {
            return Err(Refusal::Storage);
        }
        let entry = self.on_list(list, id)?;
        if entry.attempts.len() >= ATTEMPTS_MAX {
            return Err(Refusal::TriedOut(id));
        }
        // Whoever has it may call; whoever hasn't takes it first.
        self.lease(list, id, agent.clone(), by.clone())?;
        self.ring_agent(id, agent, None, Order::AgentFirst, by)
            .ok_or(Refusal::NoSuchEntry(id))
    }

    /// An agent who has an entry has his device rung.
    fn ring_agent(
        &mut self,
        id: CallbackId,
        agent: UserId,
        offer: Option<OfferId>,
        order: Order,
        by: Origin,
    ) -> Option<Done> {
        let asked = &self.lists.entries.get(&id)?.asked;
        let errand = Errand {
            queue: asked.queue.clone(),
            number: asked.number.clone(),
            arrived: asked.arrived,
        };
        let placing = PlacingId(self.lists.last_placing.0 + 1);
        let fact = Fact::CallBegun {
            entry: id,
            agent: agent.clone(),
            placing,
            offer,
            order,
            until: self.now + CALL_ALIVE_WITHIN,
        };
        self.emit(by, fact);
        self.out.commands.push(Command::RingAgent {
            placing,
            entry: id,
            agent,
            offer,
            order,
            errand: errand.into(),
        });
        Some(Done::Calling { entry: id, placing })
    }

    /// A queue's turn falls to an entry: the agent who is kept for it has it, and his device rings. He need not staff the list.
    pub(crate) fn entrust(
        &mut self,
        offer: OfferId,
        list: &QueueId,
        id: CallbackId,
        agent: UserId,
    ) {
        let by = Origin::Distribution;
        if self.lists.entries.get(&id).is_some_and(Entry::lacks_agent) {
            return self.entrust_called(offer, list, id, agent);
        }
        let why = match self.may_be_entrusted(list, id, &agent) {
            Ok(()) => {
                let order = self.order_for(list, id);
                self.take(id, agent.clone(), by.clone());
                self.ring_agent(id, agent, Some(offer), order, by);
                if order == Order::Ahead {
                    self.dial_ahead(id);
                }
                return;
            }
            Err(Refusal::HasAnother { .. } | Refusal::OwesNote { .. }) => Ungiven::Agent,
            Err(_) => Ungiven::Entry,
        };
        self.out.commands.push(Command::NotGiven { offer, why });
    }

    /// The person of an entry is called already, and whoever was kept for him has let it be.
    fn entrust_called(&mut self, offer: OfferId, list: &QueueId, id: CallbackId, agent: UserId) {
        let placing = match (self.on_list(list, id), self.is_idle(&agent)) {
            (Ok(entry), Ok(())) => match &entry.stage {
                Stage::InCall(placed) => Ok(placed.placing),
                _ => Err(Ungiven::Entry),
            },
            (_, Err(_)) => Err(Ungiven::Agent),
            (Err(_), _) => Err(Ungiven::Entry),
        };
        let placing = match placing {
            Ok(placing) => placing,
            Err(why) => return self.out.commands.push(Command::NotGiven { offer, why }),
        };
        let fact = Fact::AgentRung {
            entry: id,
            agent: agent.clone(),
            offer,
        };
        self.emit(Origin::Distribution, fact);
        self.out.commands.push(Command::RingAnother {
            placing,
            agent,
            offer,
        });
    }

    /// The attempt is stored while the agent's device rings: the person is called when it is.
    fn dial_ahead(&mut self, id: CallbackId) {
        let stage = self.lists.entries.get(&id).map(|entry| entry.stage.clone());
        if let Some(Stage::InCall(placed)) = stage {
            self.dial(id, placed);
        }
    }

    fn may_be_entrusted(
        &self,
        list: &QueueId,
        id: CallbackId,
        agent: &UserId,
    ) -> Result<(), Refusal> {
        if self.lists.storage == Health::Down {
            return Err(Refusal::Storage);
        }
        let settings = self.lists.settings.lists.get(list);
        if settings.is_none_or(|it| it.distribution == Distribution::ByHand) {
            return Err(Refusal::NoList(list.clone()));
        }
        let entry = self.on_list(list, id)?;
        if entry.attempts.len() >= ATTEMPTS_MAX {
            return Err(Refusal::TriedOut(id));
        }
        self.may_take(entry, agent)
    }

    /// His queue has it back, unless he has answered: then it is his.
    pub(crate) fn take_back(&mut self, offer: OfferId, id: CallbackId) {
        let stage = self.lists.entries.get(&id).map(|entry| entry.stage.clone());
        let Some(Stage::InCall(placed)) = stage else {
            return;
        };
        if placed.rings_for(offer) {
            // Whoever carries the call knows whether he has taken it by now, and says so.
            let placing = placed.placing;
            return self
                .out
                .commands
                .push(Command::StopAgent { placing, offer });
        }
        if placed.offer != Some(offer) || placed.progress != Progress::RingingAgent {
            return;
        }
        let placing = placed.placing;
        self.return_call(id, placed, Returned::TakenBack, Origin::Distribution);
        self.out.commands.push(Command::HangUp {
            placing,
            why: HangUpCause::TakenBack,
        });
    }

    pub(crate) fn call(&mut self, placing: PlacingId, event: CallEvent) {
        let entry = self.lists.index.placed.get(&placing).copied();
        let known = entry.and_then(|id| self.lists.entries.get(&id));
        let Some((entry, Stage::InCall(placed))) = known.map(|it| (it.id, it.stage.clone())) else {
            return self.stray(placing, event);
        };
        let by = Origin::Call(placing);
        let until = self.now + CALL_ALIVE_WITHIN;
        match (event, placed.progress) {
            (CallEvent::AgentAnswered, Progress::RingingAgent) => self.dial(entry, placed),
            (CallEvent::Taken(offer), _) if placed.rings_for(offer) => {
                let agent = placed.agent;
                self.emit(by, Fact::AgentThere { entry, agent });
            }
            (CallEvent::NotTaken(offer), _) if placed.rings_for(offer) => {
                let agent = placed.agent;
                self.emit(by, Fact::AgentOut { entry, agent });
            }
            (CallEvent::Taken(_) | CallEvent::NotTaken(_), _) => {}
            // It could not be begun, so nobody was called.
            (CallEvent::AgentDidNotAnswer, Progress::Storing) if placed.is_unmet() => {
                self.return_call(entry, placed, Returned::DeviceDidNotAnswer, by);
            }
            // His own device is no attempt, whatever it did.
            (CallEvent::AgentDidNotAnswer, Progress::RingingAgent) => {
                self.return_call(entry, placed, Returned::DeviceDidNotAnswer, by);
            }
            (CallEvent::HungUp, Progress::RingingAgent | Progress::Storing) => {
                self.return_call(entry, placed, Returned::HungUp, by);
            }
            (CallEvent::Alive, _) => {
                self.emit(by, Fact::CallAlive { entry, until });
            }
            (CallEvent::PersonAnswered, Progress::RingingPerson) if !placed.is_unmet() => {
                self.emit(by, Fact::PersonAnswered { entry, until });
            }
            (event, Progress::RingingPerson | Progress::Talking) => {
                if let Some(outcome) = outcome(event, &placed) {
                    self.over(entry, placed, outcome, by);
                    self.end_at_voicemail(placing, event);
                }
            }
            // Of a person who has not been rung nothing is to be heard.
            _ => {}
        }
    }

    /// The call is over: what came of it is for its agent to say, where there was one.
    fn over(&mut self, entry: CallbackId, placed: Placed, outcome: Outcome, by: Origin) {
        match placed.is_unmet() {
            true => self.unmet(entry, placed.agent, outcome, by),
            false => self.call_over(entry, placed, outcome, by),
        }
    }

    /// A machine need not be told that nobody speaks any more.
    fn end_at_voicemail(&mut self, placing: PlacingId, event: CallEvent) {
        if event == CallEvent::Voicemail {
            self.out.commands.push(Command::HangUp {
                placing,
                why: HangUpCause::Voicemail,
            });
        }
    }

    /// A call that is none of ours any more must not go on.
    fn stray(&mut self, placing: PlacingId, event: CallEvent) {
        let goes_on = match event {
            CallEvent::AgentAnswered
            | CallEvent::Alive
            | CallEvent::PersonAnswered
            | CallEvent::Taken(_) => true,
            CallEvent::AgentDidNotAnswer
            | CallEvent::PersonBusy
            | CallEvent::PersonNoAnswer
            | CallEvent::PersonFailed
            | CallEvent::Voicemail
            | CallEvent::HungUp
            | CallEvent::NotTaken(_)
            | CallEvent::MetNobody => false,
        };
        if goes_on {
            self.out.commands.push(Command::HangUp {
                placing,
                why: HangUpCause::Lost,
            });
        }
    }

    fn dial(&mut self, entry: CallbackId, placed: Placed) {
        let placing = placed.placing;
        let by = Origin::Call(placing);
        if self.lists.storage == Health::Down {
            self.return_call(entry, placed, Returned::HungUp, Origin::Storage);
            return self.out.commands.push(Command::HangUp {
                placing,
                why: HangUpCause::NotStored,
            });
        }
        let until = self.now + PROMISE_WITHIN;
        let agent = placed.agent;
        let fact = Fact::DialPromised {
            entry,
            agent,
            placing,
            until,
        };
        self.promise(by, fact);
    }

    pub(crate) fn return_call(
        &mut self,
        entry: CallbackId,
        placed: Placed,
        why: Returned,
        by: Origin,
    ) {
        let agent = placed.agent;
        self.emit(by, Fact::Returned { entry, agent, why });
    }

    fn call_over(&mut self, entry: CallbackId, placed: Placed, outcome: Outcome, by: Origin) {
        let agent = placed.agent;
        let fact = Fact::CallOver {
            entry,
            agent,
            outcome,
        };
        self.emit(by, fact);
    }

    /// Nothing was heard of a call.
    pub(crate) fn call_lost(&mut self, entry: CallbackId, placed: Placed) {
        match placed.progress {
            Progress::RingingAgent | Progress::Storing => {
                self.return_call(entry, placed, Returned::CallLost, Origin::Clock);
            }
            Progress::RingingPerson | Progress::Talking => {
                self.over(entry, placed, Outcome::Interrupted, Origin::Clock);
            }
        }
    }
}

/// What came of an attempt that an event ends.
fn outcome(event: CallEvent, placed: &Placed) -> Option<Outcome> {
    use CallEvent::{HungUp, MetNobody};
    match (event, placed.progress) {
        (MetNobody, _) if placed.is_unmet() => Some(Outcome::Abandoned),
        // It could not be begun, which was not heard of before he was to be called.
        (CallEvent::AgentDidNotAnswer, _) if placed.is_unmet() => Some(Outcome::Failed),
        (HungUp | MetNobody, Progress::Talking) => Some(Outcome::Reached),
        // The agent gave up while it rang.
        (HungUp | MetNobody | CallEvent::PersonNoAnswer, _) => Some(Outcome::NoAnswer),
        (CallEvent::PersonBusy, _) => Some(Outcome::Busy),
        (CallEvent::PersonFailed, _) => Some(Outcome::Failed),
        (CallEvent::Voicemail, _) => Some(Outcome::Voicemail),
        _ => None,
    }
}
