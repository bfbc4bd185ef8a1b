//! Callers who ask for something of their own beside what their queue asks for: Swedish, since they called that number.
//! Those of one queue who ask for the same see its free agents in an order of steps of their own, so they have a bench
//! of their own, which is there for as long as one of them stands in line.

use crate::agent::Agent;
use crate::bench::{Bench, Seat};
use crate::engine::Engine;
use crate::line::Place;
use crate::policy::{self, Merit};
use crate::queue::{Caller, Queue};
use crate::settings::Policy;
use crate::skills::{Asked, Skills};
use crate::table::Number;
use crate::wanting::Wanting;
use base::CallId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Callers of one queue who ask for the same of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Group {
    /// What they ask for.
    pub(crate) own: Skills,
    /// The same with what the queue asks for.
    pub(crate) asked: Asked,
    /// How many of them stand in line.
    pub(crate) callers: u32,
    /// Those for whom fewer phones ring than are to.
    pub(crate) wanting: Wanting,
    /// The queue's free agents as far as they are able, by the first step in which these callers may get them.
    pub(crate) bench: Bench,
    /// Where each of them sits.
    pub(crate) seats: BTreeMap<Number, Seat>,
}

impl Group {
    fn sit(&mut self, seat: Seat, policy: Policy, agent: (Number, &Skills, Merit)) {
        let (number, skills, merit) = agent;
        let Some(step) = self.asked.first_step(skills) else {
            return;
        };
        let turn = policy::turn(policy, &self.merit(skills, merit));
        let seat = Seat { step, turn, ..seat };
        self.bench.insert(seat, number);
        self.seats.insert(number, seat);
    }

    fn rise(&mut self, agent: Number) {
        if let Some(seat) = self.seats.remove(&agent) {
            self.bench.remove(seat);
        }
    }

    /// How an agent with these skills stands for these callers.
    pub(crate) fn merit(&self, skills: &Skills, merit: Merit) -> Merit {
        let skill = self.asked.score(skills);
        Merit { skill, ..merit }
    }

    /// The first of them who may get one of the free agents.
    pub(crate) fn head(&self) -> Option<(Place, CallId)> {
        let first = self.wanting.first_from(self.bench.first_step()?);
        first.map(|(_, place, call)| (place, call))
    }
}

/// All who ask for something of their own in one queue, by what that is: about as many groups as there are different
/// requirements among the numbers and menus that lead there, and never more than callers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Particular(Vec<Group>);

impl Particular {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Group> {
        self.0.iter()
    }

    /// The group of those who ask for that; none for who asks for nothing.
    pub(crate) fn of(&self, own: &Skills) -> Option<&Group> {
        self.0.iter().find(|group| group.own == *own)
    }

    fn of_mut(&mut self, own: &Skills) -> Option<&mut Group> {
        self.0.iter_mut().find(|group| group.own == *own)
    }

    /// The queue asks for something else now. Whoever sits rises, by and by, and sits down anew.
    pub(crate) fn ask_anew(&mut self, asked: &Asked) {
        for group in &mut self.0 {
            group.asked = asked.with(&group.own);
            group.wanting.clear();
        }
    }

    pub(crate) fn sit(&mut self, seat: Seat, policy: Policy, agent: (Number, &Skills, Merit)) {
        for group in &mut self.0 {
            group.sit(seat, policy, agent);
        }
    }

    pub(crate) fn rise(&mut self, agent: Number) {
        for group in &mut self.0 {
            group.rise(agent);
        }
    }

    fn leave(&mut self, own: &Skills) {
        if let Some(group) = self.of_mut(own) {
            group.callers = group.callers.saturating_sub(1);
        }
        self.0.retain(|group| group.callers > 0);
    }
}

impl Queue {
    /// Those who want a phone to ring and ask for the same as whoever asks for that of his own.
    pub(crate) fn wanting_mut(&mut self, own: &Skills) -> &mut Wanting {
        match self.particular.of_mut(own) {
            Some(group) => &mut group.wanting,
            None => &mut self.wanting,
        }
    }

    /// Whether a caller is among those who want a phone to ring.
    pub(crate) fn is_wanting(&self, call: CallId, caller: &Caller) -> bool {
        let group = self.particular.of(&caller.requires);
        let wanting = group.map_or(&self.wanting, |group| &group.wanting);
        wanting.has(caller.step, caller.place, call)
    }

    /// A caller stands in line no more.
    pub(crate) fn leave_particular(&mut self, caller: &Caller) {
        if !caller.requires.is_empty() {
            self.particular.leave(&caller.requires);
        }
    }

    /// What a caller asks for who asks for that of his own.
    pub(crate) fn asked_with(&self, own: &Skills) -> std::borrow::Cow<'_, Asked> {
        match own.is_empty() {
            true => std::borrow::Cow::Borrowed(&self.asked),
            false => std::borrow::Cow::Owned(self.asked.with(own)),
        }
    }
}

/// Free agents as a caller sees them.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) bench: &'a Bench,
    pub(crate) asked: &'a Asked,
    /// The group of the caller, if he asks for something of his own.
    pub(crate) group: Option<&'a Group>,
}

impl<'a> View<'a> {
    pub(crate) fn of(queue: &'a Queue, caller: &Caller) -> View<'a> {
        match queue.particular.of(&caller.requires) {
            None => View {
                bench: &queue.bench,
                asked: &queue.asked,
                group: None,
            },
            Some(group) => View {
                bench: &group.bench,
                asked: &group.asked,
                group: Some(group),
            },
        }
    }

    /// How an agent stands for the caller.
    pub(crate) fn merit(&self, agent: &Agent, merit: Merit) -> Merit {
        match self.group {
            None => merit,
            Some(group) => group.merit(&agent.skills, merit),
        }
    }

    /// Whether the caller may get an agent who is free, now or once he asks for less.
    pub(crate) fn has(&self, own: Number, number: Number, agent: &Agent) -> bool {
        match self.group {
            None => agent.is_seated_at(own),
            Some(group) => group.seats.contains_key(&number),
        }
    }
}

impl Engine {
    /// A caller who asks for something of his own comes to a queue: the first of his group has all who are free there
    /// looked at.
    pub(crate) fn join_particular(&mut self, at: Number, own: &Skills) {
        let Some(queue) = self.queues.get_mut(at).filter(|_| !own.is_empty()) else {
            return;
        };
        if let Some(group) = queue.particular.of_mut(own) {
            group.callers += 1;
            return;
        }
        let mut group = Group {
            own: own.clone(),
            asked: queue.asked.with(own),
            callers: 1,
            wanting: Wanting::default(),
            bench: Bench::default(),
            seats: BTreeMap::new(),
        };
        if let Some(rules) = &queue.rules {
            for (seat, number) in queue.bench.iter() {
                let agent = self.agents.get(number);
                let login = agent.and_then(|agent| agent.login(at));
                if let (Some(agent), Some(login)) = (agent, login) {
                    group.sit(seat, rules.policy, (number, &agent.skills, login.merit));
                }
            }
        }
        queue.particular.0.push(group);
    }
}
