//! What people and their devices do: ring, answer, decline, vanish, come back from lunch.

use super::{Being, Event, Step, World, index};
use crate::record::Does;
use acd::{Asker, Command, Fact, Input, OfferEnd, Origin, Stamped};
use base::{OfferId, QueueId, Time, UserId};
use control::{AgentCommand, Principal, Queues, permit};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long a message and its answer take between server and device: what is on its way crosses what comes.
pub(super) const ON_THE_WAY: Duration = Duration::from_millis(100);

/// Of the devices that have vanished, so many are refused by the network; the others are silent.
const REFUSED_BY_THE_NETWORK: f64 = 0.5;

/// An agent.
pub(super) struct Person {
    /// Queues that he takes calls of, by his shift; none outside of it.
    at_work: BTreeSet<QueueId>,
    /// Whether he is at lunch.
    at_lunch: bool,
    /// Whether his device is there.
    is_there: bool,
}

impl Default for Person {
    fn default() -> Person {
        Person {
            at_work: BTreeSet::new(),
            at_lunch: false,
            is_there: true,
        }
    }
}

/// An offer's leg at a device.
pub(super) struct Leg {
    /// What will come from there, and when; none where it rings until it is withdrawn.
    act: Option<(Time, Act)>,
}

impl Leg {
    /// Whether something is on its way from there that arrives by then.
    pub(super) fn acts_by(&self, by: Time) -> bool {
        self.act.is_some_and(|(at, _)| at <= by)
    }

    /// Nothing comes from there but that it is gone.
    pub(super) fn stop(&mut self) {
        self.act = None;
    }
}

#[derive(Clone, Copy)]
enum Act {
    Answer,
    End(OfferEnd),
}

impl World<'_, '_> {
    /// Does what the engine wants done.
    pub(super) fn obeys(&mut self, command: Command) -> Step {
        match command {
            Command::Ring { offer, agent, .. } => self.rings(offer, &agent),
            Command::Withdraw { offer, .. } => self.withdrawn(offer),
            Command::Release { offer, .. } => {
                self.plan_for(self.now + ON_THE_WAY, Event::Confirms(offer));
            }
            Command::Connect { offer, call, .. } => {
                self.legs.remove(&offer);
                let caller = &mut self.callers[index(call)];
                caller.state = Being::Talking;
                let ends = self.now + caller.attempt.talk;
                self.plan_for(ends, Event::TalkEnds(index(call)));
            }
            Command::Refuse { call, queue, cause } => {
                let ways = self.plan.ways;
                self.led_on(index(call), ways.instead(&queue, cause));
            }
            Command::CallBack {
                offer,
                queue,
                entry,
                agent,
            } => return self.entrusted(offer, queue, entry, agent),
            Command::CallOff { offer, .. } => self.called_off(offer),
            // Nobody moves callers or asks anything here.
            Command::Move { .. }
            | Command::Moved { .. }
            | Command::Room { .. }
            | Command::Position { .. }
            | Command::Standing { .. }
            | Command::Answer { .. } => {}
        }
        Ok(())
    }

    /// An agent who was taken off his queues will notice.
    pub(super) fn sees(&mut self, stamped: &Stamped) {
        let (agent, by, does) = match &stamped.fact {
            Fact::LoggedOut { agent, queues, by } => (agent, by, Does::LogIn(queues.clone())),
            Fact::Paused { agent, by, .. } => (agent, by, Does::Resume),
            _ => return,
        };
        if matches!(by, Origin::MissedCalls(_) | Origin::DeviceErrors(_)) {
            self.will_notice(agent.clone(), does);
        }
    }

    /// After settings changed everybody looks whether he is still logged in.
    pub(super) fn all_notice(&mut self) {
        let at_work = self
            .people
            .iter()
            .filter(|(_, person)| !person.at_work.is_empty());
        let at_work = at_work.map(|(agent, person)| (agent.clone(), person.at_work.clone()));
        for (agent, queues) in at_work.collect::<Vec<_>>() {
            self.will_notice(agent, Does::LogIn(queues));
        }
    }

    fn will_notice(&mut self, agent: UserId, does: Does) {
        let at = self.now + self.of_agents.span(self.plan.habits.notices);
        self.plan_for(at, Event::Notices(agent, does));
    }

    pub(super) fn rings(&mut self, offer: OfferId, agent: &UserId) {
        let decided = self.decides(agent);
        let act = decided.map(|(after, act)| (self.now + after, act));
        self.legs.insert(offer, Leg { act });
        if let Some((at, _)) = act {
            self.plan_for(at, Event::Acts(offer));
        }
    }

    fn decides(&mut self, agent: &UserId) -> Option<(Duration, Act)> {
        let habits = self.plan.habits;
        let soon = |end| Some((ON_THE_WAY, Act::End(end)));
        let is_there = self.people.get(agent).is_none_or(|person| person.is_there);
        if !is_there {
            let refused = self.of_faults.falls(REFUSED_BY_THE_NETWORK);
            return refused.then_some((ON_THE_WAY, Act::End(OfferEnd::DeviceError)));
        }
        if self.faults_go_on && self.of_faults.falls(self.plan.faults.errors) {
            return soon(OfferEnd::DeviceError);
        }
        let answers_after = self.of_agents.span(habits.answer);
        if self.of_agents.falls(habits.busy) {
            soon(OfferEnd::Busy)
        } else if self.of_agents.falls(habits.declines) {
            Some((answers_after, Act::End(OfferEnd::Declined)))
        } else if self.of_agents.falls(habits.misses) {
            None
        } else {
            Some((answers_after, Act::Answer))
        }
    }

    /// What is on its way from the device already still arrives; otherwise it stops, and says so.
    fn withdrawn(&mut self, offer: OfferId) {
        let crosses_by = self.now + ON_THE_WAY;
        let Some(leg) = self.legs.get_mut(&offer) else {
            return;
        };
        if leg.acts_by(crosses_by) {
            return;
        }
        leg.stop();
        if self.faults_go_on && self.of_faults.falls(self.plan.faults.unconfirmed) {
            self.legs.remove(&offer);
            return;
        }
        self.plan_for(crosses_by, Event::Confirms(offer));
    }

    pub(super) fn acts(&mut self, offer: OfferId) -> Step {
        let act = self.legs.get_mut(&offer).and_then(|leg| leg.act.take());
        match act {
            None => Ok(()),
            Some((_, Act::Answer)) if self.lists.has(offer) => self.taken(offer),
            Some((_, Act::End(end))) if self.lists.has(offer) => self.not_taken(offer, end),
            Some((_, Act::Answer)) => self.give(Input::OfferAnswered { offer }),
            Some((_, Act::End(end))) => {
                self.legs.remove(&offer);
                self.give(Input::OfferEnded { offer, end })
            }
        }
    }

    pub(super) fn confirms(&mut self, offer: OfferId) -> Step {
        self.legs.remove(&offer);
        let end = OfferEnd::Withdrawn;
        if self.lists.has(offer) {
            return self.not_taken(offer, end);
        }
        self.give(Input::OfferEnded { offer, end })
    }

    pub(super) fn duty(&mut self, agent: UserId, does: Does) -> Step {
        if let Some(person) = self.people.get_mut(&agent) {
            match &does {
                Does::LogIn(queues) => person.at_work.extend(queues.iter().cloned()),
                Does::LogOut(queues) => person.at_work.retain(|queue| !queues.contains(queue)),
                Does::Pause => person.at_lunch = true,
                Does::Resume => person.at_lunch = false,
            }
        }
        self.does(&agent, does)
    }

    /// He sets right what was done to him, if he is still there.
    pub(super) fn notices(&mut self, agent: UserId, does: Does) -> Step {
        let Some(person) = self.people.get(&agent) else {
            return Ok(());
        };
        match does {
            Does::LogIn(queues) => {
                let still = queues.intersection(&person.at_work).cloned().collect();
                self.does(&agent, Does::LogIn(still))
            }
            Does::Resume if person.at_lunch || person.at_work.is_empty() => Ok(()),
            other => self.does(&agent, other),
        }
    }

    fn does(&mut self, agent: &UserId, does: Does) -> Step {
        let of_one = |queue: QueueId| (agent.clone(), Queues::One(queue));
        let commands: Vec<AgentCommand> = match does {
            Does::LogIn(queues) => {
                let each = queues.into_iter().map(of_one);
                each.map(|(agent, queues)| AgentCommand::LogIn { agent, queues })
                    .collect()
            }
            Does::LogOut(queues) => {
                let each = queues.into_iter().map(of_one);
                each.map(|(agent, queues)| AgentCommand::LogOut { agent, queues })
                    .collect()
            }
            Does::Pause => vec![AgentCommand::Pause {
                agent: agent.clone(),
                reason: None,
            }],
            Does::Resume => vec![AgentCommand::Resume {
                agent: agent.clone(),
            }],
        };
        for command in commands {
            let command = permit(Principal::Operator, command).map_err(|no| no.to_string())?;
            let asker = Asker::Control(self.steps);
            self.give(Input::AgentCommand { asker, command })?;
        }
        Ok(())
    }

    pub(super) fn vanishes(&mut self) {
        let whose = self.of_faults.below(self.people.len());
        let Some((agent, person)) = self.people.iter_mut().nth(whose) else {
            return;
        };
        if !self.faults_go_on || !person.is_there {
            return;
        }
        person.is_there = false;
        let agent = agent.clone();
        let noticed = self.now + self.of_faults.span(self.plan.faults.noticed);
        let back = self.now + self.of_faults.span(self.plan.faults.vanished);
        self.plan_for(noticed, Event::Missed(agent.clone()));
        self.plan_for(back, Event::Returns(agent));
    }

    /// A device that came back before is there when it would have been missed.
    pub(super) fn missed(&mut self, agent: UserId) -> Step {
        if self.people.get(&agent).is_none_or(|person| person.is_there) {
            return Ok(());
        }
        let reachable = false;
        self.give(Input::DeviceReachable { agent, reachable })
    }

    pub(super) fn returns(&mut self, agent: UserId) -> Step {
        if let Some(person) = self.people.get_mut(&agent) {
            person.is_there = true;
        }
        let reachable = true;
        self.give(Input::DeviceReachable { agent, reachable })
    }
}
