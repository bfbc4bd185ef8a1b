//! A simulated day under way: what happens next, to whom, and what the engine wants done about it. Events are kept
//! in the order of their times; the engine's own deadlines come between them. Nothing here knows how a queue works.

mod callbacks;
mod people;

use crate::called_back::CallbackRow;
use crate::day::Habits;
use crate::dice::{Dice, Whose};
use crate::faults::{self, Faults};
use crate::record::{CallRow, Does, End, Recorder, Row};
use crate::staff;
use crate::traffic::{Attempt, Traffic};
use crate::ways::Ways;
use acd::{AgentState, CallbackEnd, Engine, Entrance, Input, LeaveCause, Output, Settings};
use base::{CallId, Core, OfferId, QueueId, ShardId, Time, UserId};
use callbacks::Lists;
use people::{Leg, Person};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Queues that a caller is sent on to at most, as many as the server has anybody go: settings may lead in a circle.
const MOVES_MAX: u8 = 8;

/// Steps for each caller and agent at most. An agent who lets it ring is tried every few seconds for as long as
/// somebody waits; beyond this the engine goes round in a circle.
const STEPS_EACH_MAX: u64 = 50_000;

/// All that a simulated day needs.
#[derive(Clone, Copy)]
pub struct Plan<'a> {
    /// Queues and agents. Nobody is logged in before the traffic says so.
    pub settings: &'a Settings,
    /// When queues are shut, and where they lead.
    pub ways: &'a Ways,
    /// Who comes when.
    pub traffic: &'a Traffic,
    /// What agents do when their devices ring.
    pub habits: Habits,
    /// What goes wrong until the day closes.
    pub faults: Faults,
    /// Where chance comes from.
    pub seed: u64,
    /// After every so many steps all that must hold is checked; never at 0.
    pub check_every: u64,
}

/// What came of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lived {
    /// What a log tells of it, in the order in which it was known.
    pub rows: Vec<Row>,
    /// Those who were to be called back, in the order in which they accepted it.
    pub callbacks: Vec<CallbackRow>,
    /// How many steps the engine took.
    pub steps: u64,
}

/// A day in which something came about that must not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("seed {seed}, step {step}, {at:?}: {what}")]
pub struct Broken {
    /// The day's seed: with the same plan it breaks again.
    pub seed: u64,
    /// After which step.
    pub step: u64,
    /// When, since the clock's start.
    pub at: Duration,
    /// What.
    pub what: String,
}

/// What made the engine take a step.
#[derive(Clone, Debug)]
pub enum Trigger {
    /// Something happened.
    Input(Input),
    /// A deadline was due.
    Deadline,
}

/// A step of the engine, as a witness sees it.
pub struct Seen<'a> {
    /// When.
    pub now: Time,
    /// Why.
    pub trigger: &'a Trigger,
    /// What came of it.
    pub out: &'a Output,
    /// The engine after it.
    pub engine: &'a Engine,
}

/// Lives through a day to its end, when all callers are gone and nothing is due any more.
pub fn live(plan: Plan<'_>) -> Result<Lived, Broken> {
    live_before(plan, &mut |_| Ok(()))
}

/// The same, before a witness, who may say that a step was wrong.
pub fn live_before(
    plan: Plan<'_>,
    witness: &mut dyn FnMut(&Seen<'_>) -> Result<(), String>,
) -> Result<Lived, Broken> {
    let mut world = World::new(plan, witness);
    let lived = world.open().and_then(|()| world.live());
    lived.map_err(|what| Broken {
        seed: plan.seed,
        step: world.steps,
        at: world.now - Time::ZERO,
        what,
    })?;
    Ok(Lived {
        rows: world.rows,
        callbacks: world.lists.rows,
        steps: world.steps,
    })
}

/// Something that will happen.
#[derive(Clone, Debug)]
enum Event {
    Comes(usize),
    /// A caller whom one queue did not take in or kept no longer comes to another.
    GoesOn(usize, QueueId),
    GivesUp(usize),
    /// A caller would rather be called back.
    Accepts(usize),
    /// An agent has an entry of that list, or none any more.
    Has(UserId, QueueId),
    /// An agent has talked with somebody who was called back.
    CalledBack(OfferId),
    TalkEnds(usize),
    /// A device does what its person decided on.
    Acts(OfferId),
    /// The leg of a withdrawn offer is gone.
    Confirms(OfferId),
    /// An agent comes or goes by his shift.
    Duty(UserId, Does),
    /// An agent sets right what was done to him.
    Notices(UserId, Does),
    Vanishes,
    /// The server sees that a device is gone.
    Missed(UserId),
    Returns(UserId),
    Reload,
    FaultsStop,
}

struct Caller {
    attempt: Attempt,
    state: Being,
    moves: u8,
    /// The queue that has taken him in.
    waits_in: Option<QueueId>,
}

#[derive(Clone, Copy, PartialEq)]
enum Being {
    Waiting,
    Talking,
    Gone,
}

/// What the engine's next step made the world do wrong, in words.
type Step = Result<(), String>;

struct World<'a, 'w> {
    plan: Plan<'a>,
    settings: Arc<Settings>,
    /// Whether other settings than those hold now.
    altered: bool,
    faults_go_on: bool,
    engine: Engine,
    now: Time,
    agenda: BTreeMap<(Time, u64), Event>,
    planned: u64,
    callers: Vec<Caller>,
    legs: BTreeMap<OfferId, Leg>,
    lists: Lists,
    people: BTreeMap<UserId, Person>,
    of_agents: Dice,
    of_faults: Dice,
    recorder: Recorder,
    rows: Vec<Row>,
    steps: u64,
    witness: &'w mut dyn FnMut(&Seen<'_>) -> Result<(), String>,
}

impl<'a, 'w> World<'a, 'w> {
    fn new(
        plan: Plan<'a>,
        witness: &'w mut dyn FnMut(&Seen<'_>) -> Result<(), String>,
    ) -> World<'a, 'w> {
        let settings = Arc::new(staff::before_work(plan.settings));
        let people = settings
            .agents
            .keys()
            .map(|agent| (agent.clone(), Person::default()));
        World {
            people: people.collect(),
            settings,
            altered: false,
            faults_go_on: true,
            engine: Engine::new(),
            now: Time::ZERO,
            agenda: BTreeMap::new(),
            planned: 0,
            callers: Vec::new(),
            legs: BTreeMap::new(),
            lists: Lists::default(),
            of_agents: Dice::new(plan.seed, Whose::Agents),
            of_faults: Dice::new(plan.seed, Whose::Faults),
            recorder: Recorder::default(),
            rows: Vec::new(),
            steps: 0,
            witness,
            plan,
        }
    }

    fn open(&mut self) -> Step {
        self.give(Input::Configure(Arc::clone(&self.settings)))?;
        for agent in self.people.keys().cloned().collect::<Vec<UserId>>() {
            let reachable = true;
            self.give(Input::DeviceReachable { agent, reachable })?;
        }
        for duty in &self.plan.traffic.duties {
            self.plan_for(duty.at, Event::Duty(duty.agent.clone(), duty.does.clone()));
        }
        for attempt in &self.plan.traffic.attempts {
            self.plan_caller(attempt.clone());
        }
        let Faults {
            vanishing, reloads, ..
        } = self.plan.faults;
        let first = self.plan.traffic.attempts.first();
        let opens = first.map_or(Time::ZERO, |first| first.at);
        let open = self.plan.traffic.closes - opens;
        for (many, event) in [(vanishing, Event::Vanishes), (reloads, Event::Reload)] {
            for _ in 0..many {
                let at = opens + self.of_faults.within(open);
                self.plan_for(at, event.clone());
            }
        }
        self.plan_for(self.plan.traffic.closes, Event::FaultsStop);
        Ok(())
    }

    fn live(&mut self) -> Step {
        loop {
            let due = self.engine.poll_timeout().map(|(at, _)| at);
            let next = self.agenda.first_key_value().map(|((at, _), _)| *at);
            match (due, next) {
                (None, None) => return self.check_rest(),
                (Some(due), next) if next.is_none_or(|next| due <= next) => {
                    self.now = self.now.max(due);
                    self.step(Trigger::Deadline)?;
                }
                _ => {
                    let Some(((at, _), event)) = self.agenda.pop_first() else {
                        return Ok(());
                    };
                    self.now = self.now.max(at);
                    self.happens(event)?;
                }
            }
        }
    }

    fn happens(&mut self, event: Event) -> Step {
        match event {
            Event::Comes(index) => self.comes(index),
            Event::GoesOn(index, queue) => self.goes_on(index, queue),
            Event::GivesUp(index) => self.gives_up(index),
            Event::Accepts(index) => self.accepts(index),
            Event::Has(agent, queue) => self.has(agent, &queue),
            Event::CalledBack(offer) => self.errand_over(offer, CallbackEnd::Called),
            Event::TalkEnds(index) => {
                self.callers[index].state = Being::Gone;
                let call = call(index);
                self.give(Input::ConversationEnded { call })
            }
            Event::Acts(offer) => self.acts(offer),
            Event::Confirms(offer) => self.confirms(offer),
            Event::Duty(agent, does) => self.duty(agent, does),
            Event::Notices(agent, does) => self.notices(agent, does),
            Event::Vanishes => {
                self.vanishes();
                Ok(())
            }
            Event::Missed(agent) => self.missed(agent),
            Event::Returns(agent) => self.returns(agent),
            Event::Reload => self.reload(),
            Event::FaultsStop => self.faults_stop(),
        }
    }

    fn comes(&mut self, index: usize) -> Step {
        let Attempt {
            queue,
            patience,
            accepts,
            ..
        } = self.callers[index].attempt.clone();
        self.callers[index].state = Being::Waiting;
        if let Some(wish) = accepts.filter(|wish| wish.after < patience) {
            self.plan_for(self.now + wish.after, Event::Accepts(index));
        }
        self.plan_for(self.now + patience, Event::GivesUp(index));
        self.enters(index, queue)
    }

    /// He comes to a queue, at first or from another, with all that he has waited.
    fn enters(&mut self, index: usize, queue: QueueId) -> Step {
        let Attempt { at, priority, .. } = self.callers[index].attempt;
        let ways = self.plan.ways;
        if let Some(shut) = ways.shut_at(&queue, self.now) {
            self.rows.push(Row::Call(CallRow {
                at: self.now,
                queue,
                priority,
                waited: Duration::ZERO,
                before: self.now - at,
                end: End::Closed,
            }));
            self.led_on(index, shut.then.as_ref());
            return Ok(());
        }
        let entrance = Entrance {
            priority,
            ..Entrance::new(call(index), queue, at)
        };
        self.callers[index].waits_in = Some(entrance.queue.clone());
        self.give(Input::Join(entrance))
    }

    fn goes_on(&mut self, index: usize, queue: QueueId) -> Step {
        match self.callers[index].state {
            Being::Waiting => self.enters(index, queue),
            // His patience ended meanwhile.
            Being::Talking | Being::Gone => Ok(()),
        }
    }

    /// He is let in no more: he comes to another queue in a moment, or is gone.
    fn led_on(&mut self, index: usize, to: Option<&QueueId>) {
        let caller = &mut self.callers[index];
        caller.waits_in = None;
        match to {
            Some(to) if caller.moves < MOVES_MAX => {
                caller.moves += 1;
                let at = self.now + people::ON_THE_WAY;
                self.plan_for(at, Event::GoesOn(index, to.clone()));
            }
            _ => self.gone(index),
        }
    }

    fn gives_up(&mut self, index: usize) -> Step {
        if self.callers[index].state != Being::Waiting {
            return Ok(());
        }
        self.gone(index);
        let (call, cause) = (call(index), LeaveCause::Abandoned);
        self.give(Input::Leave { call, cause })
    }

    /// Nothing came of it: he may come once more, as another call.
    fn gone(&mut self, index: usize) {
        let caller = &mut self.callers[index];
        caller.state = Being::Gone;
        let again = caller.attempt.again.map(|after| self.now + after);
        // Nobody calls after the day has closed.
        if let Some(at) = again.filter(|at| *at <= self.plan.traffic.closes) {
            let again = Attempt {
                at,
                again: None,
                ..caller.attempt.clone()
            };
            self.plan_caller(again);
        }
    }

    fn reload(&mut self) -> Step {
        if !self.faults_go_on {
            return Ok(());
        }
        self.altered = !self.altered;
        let settings = match self.altered {
            true => Arc::new(faults::changed(&self.settings, &mut self.of_faults)),
            false => Arc::clone(&self.settings),
        };
        self.give(Input::Configure(settings))?;
        self.all_notice();
        Ok(())
    }

    fn faults_stop(&mut self) -> Step {
        self.faults_go_on = false;
        if self.altered {
            self.altered = false;
            self.give(Input::Configure(Arc::clone(&self.settings)))?;
            self.all_notice();
        }
        for agent in self.people.keys().cloned().collect::<Vec<UserId>>() {
            self.returns(agent)?;
        }
        Ok(())
    }

    fn plan_for(&mut self, at: Time, event: Event) {
        self.planned += 1;
        self.agenda.insert((at, self.planned), event);
    }

    fn plan_caller(&mut self, attempt: Attempt) {
        let at = attempt.at;
        let state = Being::Gone;
        let moves = 0;
        self.callers.push(Caller {
            attempt,
            state,
            moves,
            waits_in: None,
        });
        self.plan_for(at, Event::Comes(self.callers.len() - 1));
    }

    fn give(&mut self, input: Input) -> Step {
        self.step(Trigger::Input(input))
    }

    fn step(&mut self, trigger: Trigger) -> Step {
        self.steps += 1;
        let those_there = (self.callers.len() + self.people.len() + 1) as u64;
        if self.steps > those_there.saturating_mul(STEPS_EACH_MAX) {
            return Err(format!("comes to no end after {} steps", self.steps));
        }
        let mut out = Output::default();
        match &trigger {
            Trigger::Input(input) => self.engine.handle(self.now, input.clone(), &mut out),
            Trigger::Deadline => self.engine.handle_timeout(self.now, &mut out),
        }
        if self.plan.check_every > 0 && self.steps.is_multiple_of(self.plan.check_every) {
            self.engine.check_invariants()?;
        }
        (self.witness)(&Seen {
            now: self.now,
            trigger: &trigger,
            out: &out,
            engine: &self.engine,
        })?;
        for fact in &out.facts {
            self.rows.extend(self.recorder.hear(fact));
            self.sees(fact);
        }
        for command in out.commands {
            self.obeys(command)?;
        }
        Ok(())
    }

    /// Nobody is left over, and nothing is owed to anybody.
    fn check_rest(&self) -> Step {
        self.engine.check_invariants()?;
        if self.recorder.live() > 0 {
            return Err(format!(
                "{} callers are neither gone nor there",
                self.recorder.live()
            ));
        }
        let snapshot = self.engine.snapshot(self.now);
        for row in snapshot.queues {
            if (row.waiting, row.offered, row.connected) != (0, 0, 0) {
                return Err(format!("{} still has callers", row.queue));
            }
        }
        for row in snapshot.agents {
            let at_rest = matches!(
                row.state,
                AgentState::Free | AgentState::LoggedOut | AgentState::Paused { .. }
            );
            if !at_rest {
                return Err(format!("{} never came to rest: {:?}", row.agent, row.state));
            }
        }
        Ok(())
    }
}

/// The call of the caller with that number.
fn call(index: usize) -> CallId {
    CallId {
        shard: ShardId(0),
        slot: u32::try_from(index).expect("callers are bounded far below"),
        generation: 0,
    }
}

fn index(call: CallId) -> usize {
    call.slot as usize
}
