//! A naive engine: plain lists, everything looked up anew each time, no facts and nothing kept that
//! could be worked out. It does what `requirements.md` says and is as slow as it likes.

use crate::model_callbacks::Told;
use crate::model_load::{Closed, Moment};
use crate::waits::Waits;
use acd::{
    AgentState, AgentTotals, Applies, CHOOSING_MAX, CONFIRM_WITHIN, Carried, Command,
    CommandRefusal, Counted, DEFERRAL_MIN, Deferral, Entrance, Input, KnownAs, LeaveCause, Licence,
    Member, OfferEnd, Outcome, PICKED_UP_MAX, Policy, Priority, Prospect, QueueKind, QueueTotals,
    RefuseCause, Settings, Sidelining, Skills, Standing, Strikes, WRAP_UP_MAX, WithdrawCause,
};
use base::{CallId, CallbackId, OfferId, QueueId, ShardId, Time, UserId};
use control::{AgentCommand, QueueCommand, Queues};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// When something came to be so, and as which of all things: nothing ties.
pub(crate) type When = (Time, u64);

/// Of an offer that is no caller's.
pub(crate) const NO_CALL: CallId = CallId {
    shard: ShardId(9),
    slot: u32::MAX,
    generation: u32::MAX,
};

#[derive(Default)]
pub(crate) struct Model {
    pub(crate) settings: Arc<Settings>,
    agents: Vec<Agent>,
    pub(crate) callers: Vec<Caller>,
    pub(crate) offers: Vec<Offer>,
    totals: BTreeMap<QueueId, QueueTotals>,
    waits: BTreeMap<QueueId, Waits>,
    /// Calls taken by members.
    pub(crate) taken: Vec<(UserId, QueueId)>,
    /// At each queue and priority, the place in the circle of whoever was rung last.
    circle: BTreeMap<(QueueId, u8), u32>,
    /// Whom the engine rang with which offer in this step: where chance decides, it is told here.
    picks: BTreeMap<OfferId, UserId>,
    /// Queues that are closed by their load.
    closed: BTreeMap<QueueId, Closed>,
    /// Who took whose call, first to last.
    talks: Vec<(QueueId, KnownAs, UserId, Time)>,
    pub(crate) told: Told,
    pub(crate) now: Time,
    things: u64,
    pub(crate) commands: Vec<Command>,
}

pub(crate) struct Agent {
    pub(crate) id: UserId,
    pub(crate) logins: Vec<(QueueId, When)>,
    pub(crate) pause: Option<Option<String>>,
    pub(crate) own_calls: Vec<CallId>,
    pub(crate) reachable: bool,
    pub(crate) wrap_up: Option<Time>,
    /// Whose caller he talks with or works for after the talk, and since when.
    pub(crate) handles: Option<(QueueId, Time)>,
    pub(crate) deferred: Option<Time>,
    pub(crate) idle: When,
    pub(crate) totals: AgentTotals,
    pub(crate) strikes: Strikes,
}

pub(crate) struct Caller {
    pub(crate) call: CallId,
    pub(crate) queue: QueueId,
    pub(crate) arrived: Time,
    pub(crate) priority: Priority,
    pub(crate) place: (i128, u64),
    pub(crate) entered: Time,
    pub(crate) expected: Option<Duration>,
    pub(crate) step: u8,
    pub(crate) leaves_at: Option<Time>,
    pub(crate) known_as: Option<KnownAs>,
    pub(crate) requires: Skills,
    /// The same before he let it go.
    pub(crate) wished: Skills,
    /// Whom he waits for alone, and until when.
    pub(crate) seeks: Option<(UserId, Time)>,
    /// Does something else, until then at most.
    pub(crate) chooses: Option<Time>,
}

#[derive(Clone)]
pub(crate) struct Offer {
    pub(crate) id: OfferId,
    pub(crate) call: CallId,
    /// What it is for, if it is no caller's.
    pub(crate) entry: Option<CallbackId>,
    pub(crate) queue: QueueId,
    pub(crate) agent: UserId,
    pub(crate) state: State,
    pub(crate) prolonged: bool,
    /// Somebody gave the caller to this agent.
    pub(crate) given: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    Ringing(Time),
    Withdrawn(WithdrawCause, Time),
    Late(Time),
    Connected,
    Lost,
    Over,
}

impl Model {
    /// The commands for this input, in no particular order; `told` are the engine's, for what chance decides.
    pub(crate) fn handle(&mut self, now: Time, input: &Input, told: &[Command]) -> Vec<Command> {
        self.begin(now, told);
        match input {
            Input::Configure(settings) => self.configure(settings),
            Input::Join(entrance) => self.join(entrance),
            Input::Leave { call, cause } => self.leave(*call, *cause),
            Input::OfferAnswered { offer } => self.answered(*offer),
            Input::OfferPickedUp { offer } => {
                let latest = now + PICKED_UP_MAX;
                for made in self.offers.iter_mut().filter(|made| made.id == *offer) {
                    if let State::Ringing(until) = made.state
                        && !made.prolonged
                        && until < latest
                    {
                        made.state = State::Ringing(latest);
                        made.prolonged = true;
                    }
                }
            }
            Input::OfferEnded { offer, end } => self.ended(*offer, *end),
            Input::ConversationEnded { call } => self.conversation_ended(*call),
            Input::AgentCommand { asker, command } => {
                let result = self.command(command.command());
                self.commands.push(Command::Answer {
                    asker: *asker,
                    result,
                });
            }
            Input::QueueCommand { ticket, command } => {
                let result = match command.command() {
                    QueueCommand::Move { from, to, callers } => {
                        self.move_callers(from, to, *callers)
                    }
                    QueueCommand::PutForward { queue, call, to } => {
                        self.put_forward(queue, *call, *to)
                    }
                    QueueCommand::Give { queue, call, agent } => self.give(queue, *call, agent),
                };
                let ticket = *ticket;
                self.commands.push(Command::Moved { ticket, result });
            }
            Input::DeviceReachable { agent, reachable } => {
                self.agent(agent).reachable = *reachable;
            }
            Input::OwnCall {
                agent,
                call,
                active,
            } => self.own_call(agent, *call, *active),
            Input::CalledFor { agent, queue } => self.called_for(agent, queue),
            Input::AskRoom { call, queue } => {
                let waits = self.callers.iter().any(|caller| caller.call == *call);
                let refusal = match waits {
                    true => None,
                    false => self.refusal(queue),
                };
                self.commands.push(match refusal {
                    None => Command::Room { call: *call },
                    Some(cause) => Command::Refuse {
                        call: *call,
                        queue: queue.clone(),
                        cause,
                    },
                });
            }
            Input::AskAgent { call, agent } => {
                let call = *call;
                let known = self.agents.iter().find(|other| other.id == *agent);
                let standing = known.map_or_else(Standing::default, |it| Standing {
                    state: self.state_of(agent),
                    queues: it.logins.iter().map(|(queue, _)| queue.clone()).collect(),
                });
                self.commands.push(Command::Standing { call, standing });
            }
            Input::Recall { agent, carried } => self.recall(agent, carried),
            Input::RecallQueue { .. } => unreachable!("no world has a past"),
            Input::RecallTalks { agent, talks } => self.recall_talks(agent, talks),
            Input::ForgetCaller(caller) => self.forget_caller(*caller),
            Input::CallbacksDue { queue, due } => self.callbacks_due(queue, due),
            Input::Indebted { agent, indebted } => self.indebted(agent, *indebted),
            Input::CallbackTaken { offer } => self.callback_taken(*offer),
            Input::CallbackOver { offer, end } => self.callback_over(*offer, *end),
            Input::Choosing { call } => self.choosing(*call),
            Input::Back { call } => self.back(|caller| caller.call == *call),
            Input::AskPosition { call } => {
                let prospect = self.prospect(*call);
                self.commands.push(Command::Position {
                    call: *call,
                    prospect,
                });
            }
        }
        self.finish()
    }

    fn begin(&mut self, now: Time, told: &[Command]) {
        self.now = now;
        let rung = told.iter().filter_map(|command| match command {
            Command::Ring { offer, agent, .. } | Command::CallBack { offer, agent, .. } => {
                Some((*offer, agent.clone()))
            }
            _ => None,
        });
        self.picks = rung.collect();
    }

    pub(crate) fn handle_timeout(&mut self, now: Time, told: &[Command]) -> Vec<Command> {
        self.begin(now, told);
        // What rings too long and who waits too long, in the order of their moments.
        let rings = self.ringing().filter_map(|offer| match offer.state {
            State::Ringing(until) => Some((until, Some(offer.id), None)),
            _ => None,
        });
        let line = self.waiting_in_order(|_| true);
        let leave = line.iter().filter_map(|call| {
            let caller = self.caller(*call);
            // Who does something else is not put out before he is back.
            let at = caller.leaves_at?.max(caller.chooses.unwrap_or_default());
            Some((at, None, Some(*call)))
        });
        let mut due: Vec<_> = rings.chain(leave).filter(|(at, ..)| *at <= now).collect();
        // Of two in one moment the ringing comes first.
        due.sort_by_key(|(at, offer, call)| (*at, offer.is_none(), *offer, *call));
        for (_, offer, call) in due {
            if let Some(offer) = offer
                && matches!(self.offer(offer).state, State::Ringing(_))
            {
                self.withdraw(offer, WithdrawCause::NoAnswer);
            }
            if let Some(call) = call {
                self.expel(call, RefuseCause::TimedOut);
            }
        }
        for offer in self.offers.clone() {
            match offer.state {
                State::Withdrawn(_, until) | State::Late(until) if until <= now => {
                    self.offer(offer.id).state = State::Lost;
                    self.blame(&offer, Outcome::DeviceError);
                }
                _ => {}
            }
        }
        // Which of several wrap-ups that end in the same microsecond comes first is by name.
        let done = |agent: &&Agent| agent.wrap_up.is_some_and(|until| until <= now);
        let mut done: Vec<(Time, UserId)> = self
            .agents
            .iter()
            .filter(done)
            .filter_map(|agent| Some((agent.wrap_up?, agent.id.clone())))
            .collect();
        done.sort();
        for (until, agent) in done {
            self.handled(&agent, until);
        }
        self.agents
            .sort_by(|a, b| (a.wrap_up, &a.id).cmp(&(b.wrap_up, &b.id)));
        for at in 0..self.agents.len() {
            let thing = self.thing();
            let agent = &mut self.agents[at];
            if let Some(until) = agent.wrap_up.filter(|until| *until <= now) {
                agent.wrap_up = None;
                agent.idle = agent.idle.max((until, thing.1));
            }
            agent.deferred = agent.deferred.filter(|until| *until > now);
        }
        self.back(|caller| caller.chooses.is_some_and(|until| until <= now));
        for caller in &mut self.callers {
            caller.seeks = caller.seeks.take().filter(|(_, until)| *until > now);
        }
        for at in 0..self.callers.len() {
            if self
                .widens_at(&self.callers[at])
                .is_some_and(|at| at <= now)
            {
                self.callers[at].step = self.step_of(&self.callers[at]);
            }
        }
        self.finish()
    }

    fn finish(&mut self) -> Vec<Command> {
        self.review_seekers();
        self.dispatch();
        self.clear_deserted();
        while self.end_drained() {
            self.clear_deserted();
        }
        self.weigh_loads();
        let busy: BTreeSet<UserId> = self
            .offers
            .iter()
            .filter(|offer| !matches!(offer.state, State::Lost | State::Over))
            .map(|offer| offer.agent.clone())
            .collect();
        let settings = Arc::clone(&self.settings);
        let told = &self.told;
        self.agents.retain(|agent| {
            settings.agents.contains_key(&agent.id)
                || busy.contains(&agent.id)
                || agent.reachable
                || !agent.own_calls.is_empty()
                || agent.wrap_up.is_some()
                || agent.deferred.is_some()
                || told.indebted.contains(&agent.id)
        });
        let callers = &self.callers;
        self.totals.retain(|queue, _| {
            settings.queues.contains_key(queue)
                || callers.iter().any(|caller| caller.queue == *queue)
        });
        let totals = &self.totals;
        self.waits
            .retain(|queue, _| settings.queues.contains_key(queue) || totals.contains_key(queue));
        std::mem::take(&mut self.commands)
    }

    pub(crate) fn next_deadline(&self) -> Option<Time> {
        let offers = self.offers.iter().filter_map(|offer| match offer.state {
            State::Ringing(until) | State::Withdrawn(_, until) | State::Late(until) => Some(until),
            State::Connected | State::Lost | State::Over => None,
        });
        let agents = self
            .agents
            .iter()
            .flat_map(|agent| [agent.wrap_up, agent.deferred]);
        let widens = self.callers.iter();
        let widens = widens.filter_map(|caller| self.widens_at(caller));
        let line = self.waiting_in_order(|_| true);
        let leave = line.iter().filter_map(|call| {
            let caller = self.caller(*call);
            caller.chooses.or(caller.leaves_at)
        });
        let loads = self.settings.queues.keys().filter_map(|queue| {
            let closed = self.closed.get(queue).copied();
            self.at_load(queue, |moment| moment.due(closed)).flatten()
        });
        let agents = agents.flatten();
        let seeks = self.callers.iter();
        let seeks = seeks.filter_map(|caller| Some(caller.seeks.as_ref()?.1));
        offers
            .chain(agents)
            .chain(widens)
            .chain(leave)
            .chain(seeks)
            .chain(loads)
            .min()
    }

    fn widens_at(&self, caller: &Caller) -> Option<Time> {
        let asked = &self.settings.queues.get(&caller.queue)?.asked;
        let next = asked.widen.get(usize::from(caller.step))?;
        (!self.is_connected(caller.call)).then(|| caller.arrived + next.after)
    }

    fn step_of(&self, caller: &Caller) -> u8 {
        let queue = self.settings.queues.get(&caller.queue);
        let waited = self.now - caller.arrived;
        queue.map_or(0, |queue| queue.asked.step_after(waited))
    }

    /// Queues that are left out while somebody is in them go on, if one who may serve him is left and is there.
    fn configure(&mut self, new: &Arc<Settings>) {
        let mut settings = Settings::clone(new);
        for (queue, old) in &self.settings.queues {
            let is_left = |it: &UserId| new.agents.contains_key(it) || new.accounts.contains(it);
            let left: Vec<&UserId> = old.members.keys().filter(|it| is_left(it)).collect();
            let served = !left.is_empty() && self.is_served(queue, |it| left.contains(&it));
            if !new.queues.contains_key(queue) && served {
                settings.queues.insert(queue.clone(), old.clone());
                settings.draining.insert(queue.clone());
                for agent in old.members.keys().filter(|it| is_left(it)) {
                    let before = self.settings.agents.get(agent);
                    if let (None, Some(before)) = (new.agents.get(agent), before) {
                        settings.agents.insert(agent.clone(), before.clone());
                        settings.lent.insert(agent.clone());
                    }
                }
            }
        }
        self.take_up(&Arc::new(settings));
    }

    /// Whether somebody talks in a queue, or waits and one of those agents is logged in to it.
    fn is_served(&self, queue: &QueueId, counts: impl Fn(&UserId) -> bool) -> bool {
        let his = self.callers.iter().filter(|it| it.queue == *queue);
        let (talking, waiting): (Vec<_>, Vec<_>) = his.partition(|it| self.is_connected(it.call));
        let there = self.agents.iter().any(|agent| {
            let mut logins = agent.logins.iter();
            counts(&agent.id) && logins.any(|(at, _)| at == queue)
        });
        !talking.is_empty() || !waiting.is_empty() && there
    }

    /// Whether a removed queue is gone now.
    fn end_drained(&mut self) -> bool {
        let mut settings = Settings::clone(&self.settings);
        settings
            .draining
            .retain(|queue| self.is_served(queue, |_| true));
        let over = &self.settings.draining - &settings.draining;
        if !over.is_empty() {
            settings.queues.retain(|queue, _| !over.contains(queue));
            for agent in settings.lent.clone() {
                let mut queues = settings.draining.iter();
                if !queues.any(|queue| settings.queues[queue].members.contains_key(&agent)) {
                    settings.lent.remove(&agent);
                    settings.agents.remove(&agent);
                }
            }
            self.take_up(&Arc::new(settings));
        }
        !over.is_empty()
    }

    fn take_up(&mut self, settings: &Arc<Settings>) {
        let before = Arc::clone(&self.settings);
        for agent in self.ids() {
            let lost: Vec<QueueId> = self
                .agent(&agent)
                .logins
                .iter()
                .map(|(queue, _)| queue.clone())
                .filter(|queue| !is_member(settings, &agent, queue))
                .collect();
            self.log_out(&agent, &lost);
            if !settings.agents.contains_key(&agent) && before.agents.contains_key(&agent) {
                self.withdraw_from(&agent);
            }
        }
        let gone = |queue: &QueueId| !settings.queues.contains_key(queue);
        let stranded: Vec<CallId> = self.waiting_in_order(|queue| gone(queue));
        for call in stranded {
            self.expel(call, RefuseCause::NoSuchQueue);
        }
        self.settings = Arc::clone(settings);
        self.told.shares_change(&before, settings);
        self.taken
            .retain(|(agent, queue)| is_member(settings, agent, queue));
        let changed = |queue: &QueueId| before.queues.get(queue) != settings.queues.get(queue);
        for at in 0..self.callers.len() {
            if changed(&self.callers[at].queue) {
                self.callers[at].step = self.step_of(&self.callers[at]);
            }
        }
        let policy =
            |settings: &Settings, queue: &QueueId| Some(settings.queues.get(queue)?.policy);
        let asks = |queue: &QueueId| settings.queues.get(queue)?.last_agent;
        self.talks.retain(|(queue, ..)| asks(queue).is_some());
        self.review_seekers();
        self.circle
            .retain(|(queue, _), _| policy(&before, queue) == policy(settings, queue));
        for (agent, new) in &settings.agents {
            self.agent(agent);
            if !before.agents.contains_key(agent) {
                self.log_in(agent, new.logged_in_at_start.iter());
            }
        }
    }

    fn refusal(&self, queue: &QueueId) -> Option<RefuseCause> {
        match self.settings.queues.get(queue) {
            None => Some(RefuseCause::NoSuchQueue),
            Some(_) if self.settings.draining.contains(queue) => Some(RefuseCause::NoSuchQueue),
            Some(settings) => {
                if let Some(absent) = self.absent(queue, Applies::Newcomers) {
                    return Some(absent);
                }
                if self.closed.contains_key(queue) {
                    return Some(RefuseCause::Loaded);
                }
                let waiting = self.waiting_in_order(|other| other == queue).len();
                (waiting >= settings.waiting_max as usize).then_some(RefuseCause::Full)
            }
        }
    }

    fn join(&mut self, entrance: &Entrance) {
        let (call, queue) = (entrance.call, &entrance.queue);
        if self.callers.iter().any(|caller| caller.call == call) {
            return;
        }
        if let Some(cause) = self.refusal(queue) {
            // A removed queue whose callers still talk counts on.
            if self.settings.queues.contains_key(queue) || self.totals.contains_key(queue) {
                self.totals.entry(queue.clone()).or_default().refused += 1;
            }
            self.commands.push(Command::Refuse {
                call,
                queue: queue.clone(),
                cause,
            });
            return;
        }
        self.totals.entry(queue.clone()).or_default().entered += 1;
        let (_, thing) = self.thing();
        let arrived = entrance.arrived.min(self.now);
        let steps = u32::from(entrance.priority.steps());
        let worth = self.settings.queues[queue].ageing * steps;
        // Of whole microseconds, so that what lies before the clock's start has its order too.
        let since = arrived.as_micros() as i128 - worth.as_micros() as i128;
        let mut caller = Caller {
            call,
            queue: queue.clone(),
            arrived,
            priority: entrance.priority,
            place: (since, thing),
            entered: self.now,
            expected: None,
            step: 0,
            known_as: entrance.known_as,
            requires: entrance.requires.clone(),
            wished: entrance.requires.clone(),
            seeks: None,
            chooses: None,
            leaves_at: self.settings.queues[queue]
                .exits
                .after
                .map(|after| self.now + after),
        };
        let set = &self.settings.queues[queue];
        let members: Vec<&UserId> = set.members.keys().collect();
        let listed = |it: &&&UserId| self.settings.agents.contains_key(**it);
        let last = u8::try_from(set.asked.widen.len()).unwrap_or(u8::MAX);
        let some_able = |caller: &Caller| {
            let mut members = members.iter().filter(listed);
            members.any(|it| (0..=last).any(|step| self.is_able(caller, it, step)))
        };
        if !some_able(&caller) {
            let asked_for = std::mem::take(&mut caller.requires);
            if !some_able(&caller) {
                caller.requires = asked_for;
            }
        }
        caller.step = self.step_of(&caller);
        caller.seeks = self.sought(&caller);
        self.callers.push(caller);
        let expected = self.prospect(call).expected;
        if let Some(caller) = self.callers.last_mut() {
            caller.expected = expected;
        }
    }

    /// Whom he waits for alone: the last who took his call here, if that may come to something.
    fn sought(&self, caller: &Caller) -> Option<(UserId, Time)> {
        let set = self.settings.queues[&caller.queue].last_agent?;
        let known_as = caller.known_as?;
        let his = |(queue, who, ..): &&(QueueId, KnownAs, UserId, Time)| {
            *queue == caller.queue && *who == known_as
        };
        let (.., agent, at) = self.talks.iter().rev().find(his)?;
        // Since he first came he is on this same call: who sent him on doesn't get him back.
        let recent = *at < caller.arrived && *at + set.within >= self.now;
        let waits = !set.wait.is_zero()
            || self.agents.iter().any(|it| it.id == *agent)
                && self.state_of(agent) == AgentState::Free;
        let seeks = (agent.clone(), self.now + set.wait);
        (recent && waits && self.may_come(caller, agent)).then_some(seeks)
    }

    /// Whether an agent may take that caller as soon as he is free.
    fn may_come(&self, caller: &Caller, id: &UserId) -> bool {
        let Some(settings) = self.settings.queues.get(&caller.queue) else {
            return false;
        };
        let Some(agent) = self.agents.iter().find(|agent| agent.id == *id) else {
            return false;
        };
        settings.last_agent.is_some()
            && agent.logins.iter().any(|(queue, _)| *queue == caller.queue)
            && agent.pause.is_none()
            && agent.reachable
            && (0..=caller.step).any(|step| self.is_able(caller, id, step))
    }

    fn review_seekers(&mut self) {
        let idle = |caller: &Caller| {
            let (agent, _) = caller.seeks.as_ref()?;
            let over = self.is_connected(caller.call) || !self.may_come(caller, agent);
            over.then_some(caller.call)
        };
        let idle: Vec<CallId> = self.callers.iter().filter_map(idle).collect();
        for caller in &mut self.callers {
            if idle.contains(&caller.call) {
                caller.seeks = None;
            }
        }
    }

    /// It came to nothing with whom he waited for.
    fn let_down(&mut self, call: CallId, by: &UserId) {
        for caller in self.callers.iter_mut().filter(|it| it.call == call) {
            caller.seeks = caller.seeks.take().filter(|(agent, _)| agent != by);
        }
    }

    fn note_talk(&mut self, offer: &Offer) {
        let caller = self.caller(offer.call);
        let asks = self.settings.queues.get(&offer.queue);
        if let (Some(known_as), Some(_)) = (caller.known_as, asks.and_then(|it| it.last_agent)) {
            let agent = offer.agent.clone();
            self.talks
                .push((offer.queue.clone(), known_as, agent, self.now));
        }
    }

    /// Counts where nobody is known to have talked with the same caller later.
    fn recall_talks(&mut self, by: &UserId, recalled: &[acd::Talk<Time>]) {
        if !self.settings.agents.contains_key(by) {
            return;
        }
        for talk in recalled {
            let at = talk.at.min(self.now);
            let known = self.talks.iter().any(|(queue, caller, _, known)| {
                (queue, caller) == (&talk.queue, &talk.caller) && *known > at
            });
            let settings = self.settings.queues.get(&talk.queue);
            if !known && settings.is_some_and(|it| it.last_agent.is_some()) {
                let talk = (talk.queue.clone(), talk.caller, by.clone(), at);
                self.talks.push(talk);
            }
        }
    }

    fn forget_caller(&mut self, who: KnownAs) {
        self.talks.retain(|(_, caller, ..)| *caller != who);
        let here = |caller: &&mut Caller| caller.known_as == Some(who);
        for caller in self.callers.iter_mut().filter(here) {
            (caller.known_as, caller.seeks) = (None, None);
        }
    }

    /// Whoever no phone rings for goes, in order, while there is room.
    fn move_callers(
        &mut self,
        from: &QueueId,
        to: &QueueId,
        callers: Option<u32>,
    ) -> Result<u32, CommandRefusal> {
        if from == to {
            return Err(CommandRefusal::SameQueue(from.clone()));
        }
        for queue in [from, to] {
            if !self.settings.queues.contains_key(queue) {
                return Err(CommandRefusal::NoSuchQueue(queue.clone()));
            }
        }
        if let Some(cause) = self.refusal(to) {
            let queue = to.clone();
            return Err(CommandRefusal::TakesNobody { queue, cause });
        }
        let mut moved = 0;
        for call in self.waiting_in_order(|queue| queue == from) {
            let rings = !self.ringing_for(call).is_empty();
            let chooses = self.caller(call).chooses.is_some();
            if rings || chooses || Some(moved) == callers || self.refusal(to).is_some() {
                continue;
            }
            let caller = self.take_out(call);
            self.totals.entry(from.clone()).or_default().sent_on += 1;
            self.commands.push(Command::Move {
                call,
                from: from.clone(),
                to: to.clone(),
            });
            self.join(&Entrance {
                priority: caller.priority,
                known_as: caller.known_as,
                requires: caller.wished.clone(),
                ..Entrance::new(call, to.clone(), caller.arrived)
            });
            moved += 1;
        }
        Ok(moved)
    }

    fn choosing(&mut self, call: CallId) {
        let waits = |caller: &Caller| caller.call == call && caller.chooses.is_none();
        if !self.callers.iter().any(waits) || self.is_connected(call) {
            return;
        }
        self.withdraw_for(call, WithdrawCause::CallerGone);
        let until = self.now + CHOOSING_MAX;
        for caller in self.callers.iter_mut().filter(|it| it.call == call) {
            (caller.chooses, caller.seeks) = (Some(until), None);
        }
    }

    fn back(&mut self, who: impl Fn(&Caller) -> bool) {
        for caller in self.callers.iter_mut().filter(|it| who(it)) {
            caller.chooses = None;
        }
    }

    fn leave(&mut self, call: CallId, cause: LeaveCause) {
        if !self.callers.iter().any(|caller| caller.call == call) {
            return;
        }
        if self.is_connected(call) {
            return self.conversation_ended(call);
        }
        self.withdraw_for(call, WithdrawCause::CallerGone);
        let caller = self.take_out(call);
        let totals = self.totals.entry(caller.queue).or_default();
        match cause {
            LeaveCause::Abandoned => totals.abandoned += 1,
            LeaveCause::Failed => totals.failed += 1,
            LeaveCause::Shutdown => totals.shut_down += 1,
            LeaveCause::SentOn => totals.sent_on += 1,
            LeaveCause::KeyPressed => totals.overflowed += 1,
            LeaveCause::ServerRestarted => totals.restarted += 1,
            LeaveCause::CalledBack => totals.called_back += 1,
        }
    }

    fn answered(&mut self, id: OfferId) {
        let his = |offer: &&Offer| offer.id == id && offer.entry.is_none();
        let Some(offer) = self.offers.iter().find(his).cloned() else {
            return;
        };
        let late_until = self.now + CONFIRM_WITHIN;
        let state = match offer.state {
            State::Ringing(_) => State::Connected,
            State::Withdrawn(..) => State::Late(late_until),
            State::Lost => State::Over,
            State::Late(_) | State::Connected | State::Over => return,
        };
        self.offer(id).state = state;
        if state == State::Connected {
            self.note_talk(&offer);
            self.note_answer(offer.call);
            let now = self.now;
            let agent = self.agent(&offer.agent);
            agent.totals.taken += 1;
            agent.handles = Some((offer.queue.clone(), now));
            (agent.strikes.missed_in_a_row, agent.strikes.errors_in_a_row) = (0, 0);
            self.taken.push((offer.agent.clone(), offer.queue.clone()));
            self.totals.entry(offer.queue).or_default().connected += 1;
            let (offer, call, agent) = (id, offer.call, offer.agent);
            self.commands.push(Command::Connect { offer, call, agent });
            self.withdraw_for(call, WithdrawCause::AnsweredElsewhere);
        } else {
            self.commands.push(Command::Release {
                offer: id,
                call: offer.call,
            });
        }
    }

    fn ended(&mut self, id: OfferId, end: OfferEnd) {
        let his = |offer: &&Offer| offer.id == id && offer.entry.is_none();
        let Some(offer) = self.offers.iter().find(his).cloned() else {
            return;
        };
        let missed = WithdrawCause::NoAnswer;
        let outcome = match (offer.state, end) {
            (State::Lost | State::Over, _) => return,
            (State::Connected, _) => return self.conversation_ended(offer.call),
            (State::Late(_), _) => Outcome::Nothing,
            (_, OfferEnd::DeviceError) => Outcome::DeviceError,
            (State::Withdrawn(cause, _), _) if cause != missed => Outcome::Nothing,
            (State::Ringing(_), OfferEnd::Withdrawn) => Outcome::DeviceError,
            (_, OfferEnd::Busy) => Outcome::Busy,
            (_, OfferEnd::Declined) => Outcome::Declined,
            (_, OfferEnd::NoAnswer | OfferEnd::Withdrawn) => Outcome::Missed,
        };
        self.offer(id).state = State::Over;
        self.let_down(offer.call, &offer.agent);
        self.blame(&offer, outcome);
    }

    pub(crate) fn blame(&mut self, offer: &Offer, outcome: Outcome) {
        let thing = self.thing();
        let none = Deferral {
            no_answer: DEFERRAL_MIN,
            declined: DEFERRAL_MIN,
            busy: DEFERRAL_MIN,
            error: DEFERRAL_MIN,
        };
        let settings = self.settings.queues.get(&offer.queue);
        let deferral = settings.map_or(none, |settings| settings.deferral);
        let agent = self.agent(&offer.agent);
        let span = match outcome {
            Outcome::Missed => {
                agent.totals.missed += 1;
                agent.strikes.missed_in_a_row += 1;
                agent.strikes.missed_since_log_in += 1;
                agent.strikes.errors_in_a_row = 0;
                agent.idle = thing;
                deferral.no_answer
            }
            Outcome::Declined => {
                agent.totals.declined += 1;
                agent.strikes.errors_in_a_row = 0;
                agent.idle = thing;
                deferral.declined
            }
            Outcome::Busy => {
                agent.totals.declined += 1;
                agent.strikes.errors_in_a_row = 0;
                agent.idle = thing;
                deferral.busy
            }
            Outcome::DeviceError => {
                agent.totals.device_errors += 1;
                agent.strikes.errors_in_a_row += 1;
                deferral.error
            }
            Outcome::Nothing => return,
        };
        agent.deferred = Some(thing.0 + span.max(DEFERRAL_MIN));
        self.hold_to_limits(&offer.agent, outcome);
    }

    fn hold_to_limits(&mut self, id: &UserId, outcome: Outcome) {
        let Some(rules) = self.settings.rules.get(id.org_name()).cloned() else {
            return;
        };
        let agent = self.agent(id);
        let strikes = agent.strikes;
        let then = match (outcome, rules.missed, rules.errors) {
            (Outcome::Missed, Some(limit), _) => {
                let missed = match limit.counted {
                    Counted::InARow => strikes.missed_in_a_row,
                    Counted::SinceLogIn => strikes.missed_since_log_in,
                };
                (missed >= limit.max).then_some(limit.then)
            }
            (Outcome::DeviceError, _, Some(limit)) => {
                (strikes.errors_in_a_row >= limit.max).then_some(limit.then)
            }
            _ => None,
        };
        // Nobody is sidelined twice, and one who isn't keeps his count.
        let fresh =
            !agent.logins.is_empty() && (agent.pause.is_none() || then == Some(Sidelining::LogOut));
        let Some(then) = then.filter(|_| fresh) else {
            return;
        };
        if outcome == Outcome::Missed {
            (
                agent.strikes.missed_in_a_row,
                agent.strikes.missed_since_log_in,
            ) = (0, 0);
        } else {
            agent.strikes.errors_in_a_row = 0;
        }
        agent.pause = None;
        match then {
            Sidelining::LogOut => agent.logins.clear(),
            Sidelining::Pause => agent.pause = Some(None),
        }
    }

    fn conversation_ended(&mut self, call: CallId) {
        let talking = |offer: &&mut Offer| offer.call == call && offer.state == State::Connected;
        let Some(offer) = self.offers.iter_mut().find(talking) else {
            return;
        };
        offer.state = State::Over;
        let (id, queue) = (offer.agent.clone(), offer.queue.clone());
        self.take_out(call);
        let settings = self.settings.queues.get(&queue);
        let wrap_up = settings
            .map(|settings| settings.wrap_up)
            .filter(|span| !span.is_zero());
        let (until, thing) = (wrap_up.map(|span| self.now + span), self.thing());
        if until.is_none() {
            self.handled(&id, self.now);
        }
        let agent = self.agent(&id);
        agent.wrap_up = until;
        agent.idle = thing;
    }

    fn command(&mut self, command: &AgentCommand) -> Result<(), CommandRefusal> {
        let id = command.agent().clone();
        if !self.settings.agents.contains_key(&id) {
            return Err(CommandRefusal::NoSuchAgent(id));
        }
        let thing = self.thing();
        match command {
            AgentCommand::LogIn { queues, .. } => {
                let queues = self.meant(&id, queues)?;
                self.log_in(&id, queues.iter());
            }
            AgentCommand::LogOut { queues, .. } => {
                let queues = self.meant(&id, queues)?;
                self.log_out(&id, &queues);
            }
            AgentCommand::Resume { .. } if self.agent(&id).logins.is_empty() => {
                return Err(CommandRefusal::NotLoggedIn(id));
            }
            AgentCommand::Pause { reason, .. } => {
                let reason = self.reason_meant(&id, reason)?;
                if self.agent(&id).logins.is_empty() {
                    return Err(CommandRefusal::NotLoggedIn(id));
                }
                // To pause again as before changes nothing, also for who was given a caller meanwhile.
                let before = self.agent(&id).pause.clone();
                let same = before.is_some_and(|before| reason.is_none() || before == reason);
                if !same {
                    self.withdraw_from(&id);
                }
                let agent = self.agent(&id);
                let kept = agent.pause.take().flatten();
                agent.pause = Some(reason.or(kept));
            }
            AgentCommand::Resume { .. } => {
                let agent = self.agent(&id);
                if agent.pause.take().is_some() {
                    agent.idle = thing;
                }
            }
            AgentCommand::EndWrapUp { .. } => {
                self.end_wrap_up(&id, thing);
            }
            AgentCommand::ExtendWrapUp { span, .. } => {
                let rules = self.settings.rules.get(id.org_name()).cloned();
                let set = rules.unwrap_or_default().wrap_up_extension;
                let now = self.now;
                let Some(until) = &mut self.agent(&id).wrap_up else {
                    return Err(CommandRefusal::NoWrapUp(id));
                };
                let latest = (*until).max(now + WRAP_UP_MAX);
                *until = (*until + span.unwrap_or(set)).min(latest);
            }
        }
        Ok(())
    }

    pub(crate) fn end_wrap_up(&mut self, id: &UserId, thing: When) {
        let agent = self.agent(id);
        if let Some(until) = agent.wrap_up.take() {
            // It may have been over, and nobody had noticed.
            let end = until.min(thing.0);
            agent.idle = agent.idle.max((end, thing.1));
            self.handled(id, end);
        }
    }

    fn reason_meant(
        &self,
        id: &UserId,
        reason: &Option<String>,
    ) -> Result<Option<String>, CommandRefusal> {
        let rules = self.settings.rules.get(id.org_name()).cloned();
        let reasons = rules.unwrap_or_default().pause_reasons;
        let Some(reason) = reason.clone().filter(|_| !reasons.is_empty()) else {
            return Ok(reason.clone());
        };
        for (code, word) in &reasons {
            if **code == *reason || **word == *reason {
                return Ok(Some(String::from(&**word)));
            }
        }
        let known: Vec<String> = reasons
            .iter()
            .map(|(code, word)| format!("{code} {word}"))
            .collect();
        let known = known.join(", ");
        Err(CommandRefusal::NoSuchReason { reason, known })
    }

    pub(crate) fn meant(
        &self,
        id: &UserId,
        queues: &Queues,
    ) -> Result<Vec<QueueId>, CommandRefusal> {
        let all = self.settings.queues.keys();
        let his: Vec<QueueId> = all
            .filter(|queue| is_member(&self.settings, id, queue))
            .cloned()
            .collect();
        let names = |queue: &&QueueId| self.settings.queues[*queue].members.contains_key(id);
        let named: Vec<&QueueId> = self.settings.queues.keys().filter(names).collect();
        let no_licence = |queue: &QueueId| CommandRefusal::NoLicence {
            agent: id.clone(),
            queue: queue.clone(),
        };
        match queues {
            Queues::All if his.is_empty() => Err(match named.first() {
                Some(queue) => no_licence(queue),
                None => CommandRefusal::NoQueue(id.clone()),
            }),
            Queues::All => Ok(his),
            Queues::One(queue) if his.contains(queue) => Ok(vec![queue.clone()]),
            Queues::One(queue) if named.contains(&queue) => Err(no_licence(queue)),
            Queues::One(queue) => Err(CommandRefusal::NotAMember {
                agent: id.clone(),
                queue: queue.clone(),
            }),
        }
    }

    fn log_in<'a>(&mut self, id: &UserId, queues: impl Iterator<Item = &'a QueueId>) {
        let settings = Arc::clone(&self.settings);
        let thing = self.thing();
        let agent = self.agent(id);
        let from_nowhere = agent.logins.is_empty();
        for queue in queues {
            let already = agent.logins.iter().any(|(other, _)| other == queue);
            if is_member(&settings, id, queue) && !already {
                agent.logins.push((queue.clone(), thing));
            }
        }
        if from_nowhere && !agent.logins.is_empty() {
            agent.strikes = Strikes::default();
        }
    }

    fn log_out(&mut self, id: &UserId, queues: &[QueueId]) {
        let rings = self
            .ringing_at(id)
            .filter(|offer| queues.contains(&offer.queue));
        let agent = self.agent(id);
        // Who was given a caller from where he isn't logged in doesn't log out there.
        let is_in = |offer: &Offer| agent.logins.iter().any(|(at, _)| *at == offer.queue);
        if let Some(offer) = rings.filter(is_in) {
            self.withdraw(offer.id, WithdrawCause::AgentGone);
        }
        let agent = self.agent(id);
        agent.logins.retain(|(queue, _)| !queues.contains(queue));
        if agent.logins.is_empty() {
            agent.pause = None;
        }
    }

    fn own_call(&mut self, id: &UserId, call: CallId, active: bool) {
        let known = self.agent(id).own_calls.contains(&call);
        if active && !known {
            self.withdraw_from(id);
            self.agent(id).own_calls.push(call);
        } else if !active && known {
            let thing = self.thing();
            let agent = self.agent(id);
            agent.own_calls.retain(|other| *other != call);
            agent.idle = thing;
        }
    }

    fn called_for(&mut self, id: &UserId, queue: &QueueId) {
        let open = |offer: &Offer| !matches!(offer.state, State::Lost | State::Over);
        let engaged = self.offers.iter().any(|it| it.agent == *id && open(it));
        let until = self.settings.queues.get(queue).map(|it| it.wrap_up);
        let until = until.filter(|it| !it.is_zero()).map(|it| self.now + it);
        let known = self.agents.iter_mut().find(|it| it.id == *id);
        if let Some(agent) = known.filter(|it| !engaged && !it.logins.is_empty()) {
            agent.wrap_up = agent.wrap_up.or(until);
        }
    }

    fn recall(&mut self, id: &UserId, was: &Carried<Time>) {
        let open = |offer: &Offer| !matches!(offer.state, State::Lost | State::Over);
        let engaged = self.offers.iter().any(|it| it.agent == *id && open(it));
        if !self.settings.agents.contains_key(id) || engaged || self.agent(id).wrap_up.is_some() {
            return;
        }
        let settings = Arc::clone(&self.settings);
        let (now, (_, thing)) = (self.now, self.thing());
        self.taken.retain(|(agent, _)| agent != id);
        for (queue, many) in &was.taken {
            let many = if is_member(&settings, id, queue) {
                *many
            } else {
                0
            };
            let one = (id.clone(), queue.clone());
            self.taken.extend(std::iter::repeat_n(one, many as usize));
        }
        for caller in &mut self.callers {
            caller.seeks = caller.seeks.take().filter(|(agent, _)| agent != id);
        }
        let agent = self.agent(id);
        agent.logins.clear();
        for (queue, at) in &was.logins {
            if is_member(&settings, id, queue) {
                agent.logins.push((queue.clone(), ((*at).min(now), thing)));
            }
        }
        let pause = was.pause.clone().map(|pause| pause.reason);
        agent.pause = pause.filter(|_| !agent.logins.is_empty());
        (agent.totals, agent.strikes) = (was.totals, was.strikes);
        agent.idle = (was.idle_since.min(now), thing);
        let Some(work) = &was.work else {
            return;
        };
        let queue = settings.queues.get(&work.queue);
        let wrap_up = queue.map_or(Duration::ZERO, |queue| queue.wrap_up);
        let (since, until) = match work.until {
            Some(until) => (
                work.since.min(now),
                until.min(now + wrap_up.max(WRAP_UP_MAX)),
            ),
            None => (now, now + wrap_up),
        };
        if until > now {
            agent.wrap_up = Some(until);
            agent.handles = Some((work.queue.clone(), since));
        } else {
            agent.idle = agent.idle.max((until, thing));
        }
    }

    fn dispatch(&mut self) {
        loop {
            let caller = self.next_caller();
            let weighed = caller.as_ref().map(|(call, ..)| self.weighed(*call));
            if self.callback_goes_first(weighed) {
                continue;
            }
            let Some((call, agent, in_turn)) = caller else {
                return;
            };
            let queue = self.caller(call).queue.clone();
            if in_turn {
                self.count_turn(&queue, &agent);
            }
            self.ring(call, queue, agent);
        }
    }

    /// The caller who would get an agent, whom, and whether it is that one's turn.
    fn next_caller(&self) -> Option<(CallId, UserId, bool)> {
        for call in self.waiting_by_weight() {
            let caller = self.caller(call);
            let policy = self.settings.queues[&caller.queue].policy;
            let given = |offer: &Offer| offer.given;
            if caller.chooses.is_some() || self.ringing_for(call).iter().any(given) {
                continue;
            }
            if let Some((agent, _)) = caller.seeks.clone() {
                if self.state_of(&agent) == AgentState::Free {
                    return Some((call, agent, false));
                }
                continue;
            }
            if self.ringing_for(call).len() >= at_once(policy) {
                continue;
            }
            if let Some(agent) = self.choose(&caller.queue, policy, caller, |_| true) {
                return Some((call, agent, true));
            }
        }
        None
    }

    /// What a caller's wait counts for.
    fn weighed(&self, call: CallId) -> i128 {
        let caller = self.caller(call);
        let weight = self.settings.queues[&caller.queue].weight;
        (i128::from(self.now.as_micros()) - caller.place.0) * i128::from(weight)
    }

    fn waiting_by_weight(&self) -> Vec<CallId> {
        let mut calls = self.waiting_in_order(|_| true);
        calls.sort_by_key(|call| Reverse(self.weighed(*call)));
        calls
    }

    /// Of the free who are able, those of the best priority; of them whoever comes first by the policy, then by
    /// how long he is idle.
    pub(crate) fn choose(
        &self,
        id: &QueueId,
        policy: Policy,
        caller: &Caller,
        may: impl Fn(&UserId) -> bool,
    ) -> Option<UserId> {
        let queue = &self.settings.queues[id];
        let mut free: Vec<(u8, u64, When, UserId)> = Vec::new();
        for agent in &self.agents {
            let login = agent.logins.iter().find(|(other, _)| other == id);
            let Some((_, login)) = login else {
                continue;
            };
            let able = (0..=caller.step).any(|step| self.is_able(caller, &agent.id, step));
            if !able || !may(&agent.id) || self.state_of(&agent.id) != AgentState::Free {
                continue;
            }
            let Member { priority, rank, .. } = queue.members[&agent.id];
            let turn = match policy {
                Policy::LongestIdle | Policy::Parallel(_) | Policy::RingAll | Policy::Random => 0,
                Policy::FixedOrder => rank.into(),
                Policy::RoundRobin => match self.circle.get(&(id.clone(), priority)) {
                    Some(last) if rank <= *last => 1_000_000 + u64::from(rank),
                    _ => rank.into(),
                },
                Policy::FewestCalls => {
                    let his = |(who, of): &&(UserId, QueueId)| *who == agent.id && of == id;
                    self.taken.iter().filter(his).count() as u64
                }
                Policy::BySkill => 1_000_000 - self.ability(caller, &agent.id),
            };
            free.push((priority, turn, agent.idle.max(*login), agent.id.clone()));
        }
        free.sort();
        let best = free.first()?.clone();
        if policy == Policy::Random {
            // Whom chance fell on, if it is this one's turn; who else it could be is of no account.
            let free = free.iter().filter(|(priority, ..)| *priority == best.0);
            let mut free = free.map(|(.., id)| id);
            let picked = self.picks.get(&self.next_offer());
            let picked = picked.filter(|picked| free.any(|id| id == *picked));
            return Some(picked.unwrap_or(&best.3).clone());
        }
        Some(best.3)
    }

    /// What the queue asks for in that step, and the caller too, unless it is the last that there is after the first.
    fn asked(&self, caller: &Caller, step: u8) -> Skills {
        let asked = &self.settings.queues[&caller.queue].asked;
        let mut all = asked.at(step).clone();
        let waived = !asked.widen.is_empty() && usize::from(step) >= asked.widen.len();
        for (skill, level) in caller.requires.iter().filter(|_| !waived) {
            if all.get(skill).is_none_or(|asked| asked < level) {
                all.insert(skill.clone(), *level);
            }
        }
        all
    }

    fn is_able(&self, caller: &Caller, agent: &UserId, step: u8) -> bool {
        let has = &self.settings.agents[agent].skills;
        let asked = self.asked(caller, step);
        let mut asked = asked.iter();
        asked.all(|(skill, level)| has.get(skill).is_some_and(|has| has >= level))
    }

    fn ability(&self, caller: &Caller, agent: &UserId) -> u64 {
        let has = &self.settings.agents[agent].skills;
        let asked = self.asked(caller, 0);
        let asked = asked.keys();
        asked
            .map(|skill| u64::from(has.get(skill).copied().unwrap_or(0)))
            .sum()
    }

    pub(crate) fn next_offer(&self) -> OfferId {
        OfferId(self.offers.len() as u64 + 1)
    }

    /// Where the circle goes on.
    pub(crate) fn count_turn(&mut self, queue: &QueueId, agent: &UserId) {
        let settings = &self.settings.queues[queue];
        if settings.policy == Policy::RoundRobin {
            let Member { priority, rank, .. } = settings.members[agent];
            self.circle.insert((queue.clone(), priority), rank);
        }
    }

    pub(crate) fn ring(&mut self, call: CallId, queue: QueueId, agent: UserId) {
        let id = self.next_offer();
        let settings = &self.settings.queues[&queue];
        let state = State::Ringing(self.now + settings.ring);
        let command = Command::Ring {
            offer: id,
            call,
            queue: queue.clone(),
            agent: agent.clone(),
        };
        self.commands.push(command);
        self.offers.push(Offer {
            id,
            call,
            entry: None,
            queue,
            agent,
            state,
            prolonged: false,
            given: false,
        });
    }

    fn withdraw(&mut self, id: OfferId, cause: WithdrawCause) {
        let until = self.now + CONFIRM_WITHIN;
        let offer = self.offer(id);
        offer.state = State::Withdrawn(cause, until);
        let (call, agent) = (offer.call, offer.agent.clone());
        if let Some(entry) = offer.entry {
            self.commands.push(Command::CallOff { offer: id, entry });
            return;
        }
        self.let_down(call, &agent);
        self.commands.push(Command::Withdraw {
            offer: id,
            call,
            cause,
        });
    }

    fn withdraw_from(&mut self, agent: &UserId) {
        if let Some(offer) = self.ringing_at(agent) {
            self.withdraw(offer.id, WithdrawCause::AgentGone);
        }
    }

    pub(crate) fn withdraw_for(&mut self, call: CallId, cause: WithdrawCause) {
        for offer in self.ringing_for(call) {
            self.withdraw(offer.id, cause);
        }
    }

    fn expel(&mut self, call: CallId, cause: RefuseCause) {
        self.withdraw_for(call, WithdrawCause::CallerGone);
        let queue = self.take_out(call).queue;
        let totals = self.totals.entry(queue.clone()).or_default();
        match cause {
            RefuseCause::NoSuchQueue => totals.expelled += 1,
            _ => totals.overflowed += 1,
        }
        self.commands.push(Command::Refuse { call, queue, cause });
    }

    /// Why nobody is there for a queue's callers, by a rule for those who come or for all.
    fn absent(&self, queue: &QueueId, at_least: Applies) -> Option<RefuseCause> {
        let exits = self.settings.queues.get(queue)?.exits;
        let here = |agent: &&Agent| agent.logins.iter().any(|(other, _)| other == queue);
        let there = |is: &dyn Fn(&Agent) -> bool| self.agents.iter().filter(here).any(is);
        let holds = |applies: Applies| match at_least {
            Applies::Everybody => applies == Applies::Everybody,
            _ => applies != Applies::Never,
        };
        if holds(exits.no_agents) && !there(&|_| true) {
            Some(RefuseCause::NoAgents)
        } else if holds(exits.none_reachable) && !there(&|agent| agent.reachable) {
            Some(RefuseCause::NoneReachable)
        } else if holds(exits.all_paused) && !there(&|agent| agent.pause.is_none()) {
            Some(RefuseCause::AllPaused)
        } else {
            None
        }
    }

    fn clear_deserted(&mut self) {
        for queue in self.settings.queues.clone().into_keys() {
            let Some(cause) = self.absent(&queue, Applies::Everybody) else {
                continue;
            };
            for call in self.waiting_in_order(|other| *other == queue) {
                self.expel(call, cause);
            }
        }
    }

    fn weigh_loads(&mut self) {
        let mut closed = BTreeMap::new();
        for queue in self.settings.queues.keys() {
            let before = self.closed.get(queue).copied();
            let after = self.at_load(queue, |moment| moment.weigh(before)).flatten();
            closed.extend(after.map(|after| (queue.clone(), after)));
        }
        self.closed = closed;
    }

    fn at_load<T>(&self, queue: &QueueId, look: impl FnOnce(&Moment<'_>) -> T) -> Option<T> {
        let load = self.settings.queues.get(queue)?.exits.load?;
        let line = self.waiting_in_order(|other| other == queue);
        let arrivals: Vec<Time> = line.iter().map(|call| self.caller(*call).arrived).collect();
        let none = Waits::default();
        let moment = Moment {
            now: self.now,
            load,
            waits: self.waits(queue).unwrap_or(&none),
            arrivals: &arrivals,
        };
        Some(look(&moment))
    }

    pub(crate) fn is_closed(&self, queue: &QueueId) -> bool {
        self.closed.contains_key(queue)
    }

    fn take_out(&mut self, call: CallId) -> Caller {
        let at = self.callers.iter().position(|caller| caller.call == call);
        self.callers
            .remove(at.expect("whoever asks has seen the caller"))
    }

    /// An agent answered the caller.
    fn note_answer(&mut self, call: CallId) {
        let now = self.now;
        let caller = self.caller(call);
        let (arrived, entered, expected) = (caller.arrived, caller.entered, caller.expected);
        let waits = self.waits.entry(caller.queue.clone()).or_default();
        waits.answered.push((now, now - arrived));
        waits
            .forecasts
            .extend(expected.map(|expected| (expected, now - entered)));
    }

    /// An agent is done with a caller and what there was to do after him.
    fn handled(&mut self, agent: &UserId, at: Time) {
        if let Some((queue, since)) = self.agent(agent).handles.take() {
            let waits = self.waits.entry(queue).or_default();
            waits.handled.push(at - since);
        }
    }

    pub(crate) fn thing(&mut self) -> When {
        self.things += 1;
        (self.now, self.things)
    }

    pub(crate) fn offer(&mut self, id: OfferId) -> &mut Offer {
        self.offers.iter_mut().find(|offer| offer.id == id).unwrap()
    }

    pub(crate) fn caller(&self, call: CallId) -> &Caller {
        self.callers
            .iter()
            .find(|caller| caller.call == call)
            .unwrap()
    }

    pub(crate) fn agent(&mut self, id: &UserId) -> &mut Agent {
        if !self.agents.iter().any(|agent| agent.id == *id) {
            self.agents.push(Agent {
                id: id.clone(),
                logins: Vec::new(),
                pause: None,
                own_calls: Vec::new(),
                reachable: false,
                wrap_up: None,
                handles: None,
                deferred: None,
                idle: (Time::ZERO, 0),
                totals: AgentTotals::default(),
                strikes: Strikes::default(),
            });
        }
        self.agents
            .iter_mut()
            .find(|agent| agent.id == *id)
            .unwrap()
    }

    fn ids(&self) -> BTreeSet<UserId> {
        self.agents.iter().map(|agent| agent.id.clone()).collect()
    }

    fn ringing(&self) -> impl Iterator<Item = &Offer> {
        self.offers
            .iter()
            .filter(|offer| matches!(offer.state, State::Ringing(_)))
    }

    fn ringing_at(&self, agent: &UserId) -> Option<Offer> {
        self.ringing().find(|offer| offer.agent == *agent).cloned()
    }

    fn ringing_for(&self, call: CallId) -> Vec<Offer> {
        let offers = self.ringing().filter(|offer| offer.call == call);
        offers.cloned().collect()
    }

    fn is_connected(&self, call: CallId) -> bool {
        let connected = |offer: &Offer| offer.call == call && offer.state == State::Connected;
        self.offers.iter().any(connected)
    }

    pub(crate) fn waiting_in_order(&self, of: impl Fn(&QueueId) -> bool) -> Vec<CallId> {
        let mut waiting: Vec<&Caller> = self
            .callers
            .iter()
            .filter(|caller| of(&caller.queue) && !self.is_connected(caller.call))
            .collect();
        waiting.sort_by_key(|caller| caller.place);
        waiting.into_iter().map(|caller| caller.call).collect()
    }
}

/// What there is to see, for comparison.
impl Model {
    pub(crate) fn position(&self, call: CallId) -> Option<u32> {
        let queue = &self
            .callers
            .iter()
            .find(|caller| caller.call == call)?
            .queue;
        let line = self.waiting_in_order(|other| other == queue);
        line.iter()
            .position(|other| *other == call)
            .map(|ahead| ahead as u32 + 1)
    }

    pub(crate) fn prospect(&self, call: CallId) -> Prospect {
        let caller = self.callers.iter().find(|caller| caller.call == call);
        let (Some(place), Some(caller)) = (self.position(call), caller) else {
            return Prospect::default();
        };
        Prospect {
            place: Some(place),
            expected: self.expected(&caller.queue, place),
            average: self.average(&caller.queue),
            waiting: self.waiting_in_order(|it| *it == caller.queue).len() as u32,
        }
    }

    pub(crate) fn average(&self, queue: &QueueId) -> Option<Duration> {
        let line = self.waiting_in_order(|other| other == queue);
        let arrivals: Vec<Time> = line.iter().map(|call| self.caller(*call).arrived).collect();
        let none = Waits::default();
        self.waits(queue)
            .unwrap_or(&none)
            .average(self.now, &arrivals)
    }

    pub(crate) fn expected(&self, queue: &QueueId, place: u32) -> Option<Duration> {
        let at_work = |agent: &&Agent| {
            let here = agent.logins.iter().any(|(other, _)| other == queue);
            here && agent.reachable && agent.pause.is_none()
        };
        let weight = |queue: &QueueId| u32::from(self.settings.queues[queue].weight);
        let of_all = |agent: &Agent| agent.logins.iter().map(|(queue, _)| weight(queue)).sum();
        let at_work = self.agents.iter().filter(at_work);
        let shares: Vec<(u32, u32)> = at_work
            .map(|agent| (weight(queue), of_all(agent)))
            .collect();
        self.waits(queue)?.expected(place, &shares)
    }

    pub(crate) fn waits(&self, queue: &QueueId) -> Option<&Waits> {
        self.waits.get(queue)
    }

    pub(crate) fn state_of(&self, id: &UserId) -> AgentState {
        let agent = self.agents.iter().find(|agent| agent.id == *id).unwrap();
        for offer in self.offers.iter().filter(|offer| offer.agent == *id) {
            match offer.state {
                State::Connected => return AgentState::InCall,
                State::Ringing(_) | State::Withdrawn(..) | State::Late(_) => {
                    return AgentState::Offered;
                }
                State::Lost | State::Over => {}
            }
        }
        match agent {
            Agent {
                wrap_up: Some(until),
                ..
            } => AgentState::WrapUp { until: *until },
            Agent { logins, .. } if logins.is_empty() => AgentState::LoggedOut,
            Agent {
                pause: Some(reason),
                ..
            } => AgentState::Paused {
                reason: reason.clone(),
            },
            Agent { own_calls, .. } if !own_calls.is_empty() => AgentState::OwnCall,
            Agent {
                reachable: false, ..
            } => AgentState::Unreachable,
            Agent {
                deferred: Some(until),
                ..
            } => AgentState::Deferred { until: *until },
            _ => AgentState::Free,
        }
    }

    pub(crate) fn agent_totals(&self, id: &UserId) -> AgentTotals {
        self.agents
            .iter()
            .find(|agent| agent.id == *id)
            .unwrap()
            .totals
    }

    pub(crate) fn strikes(&self, id: &UserId) -> Strikes {
        self.agents
            .iter()
            .find(|agent| agent.id == *id)
            .unwrap()
            .strikes
    }

    pub(crate) fn queue_totals(&self, id: &QueueId) -> QueueTotals {
        self.totals.get(id).copied().unwrap_or_default()
    }

    pub(crate) fn offers(&self) -> &[Offer] {
        &self.offers
    }

    /// Callers in a queue: waiting, offered, talking.
    pub(crate) fn counts(&self, queue: &QueueId) -> (u32, u32, u32) {
        let line = self.waiting_in_order(|other| other == queue);
        let offered = line
            .iter()
            .filter(|call| !self.ringing_for(**call).is_empty())
            .count();
        let all = self
            .callers
            .iter()
            .filter(|caller| caller.queue == *queue)
            .count();
        (
            (line.len() - offered) as u32,
            offered as u32,
            (all - line.len()) as u32,
        )
    }

    pub(crate) fn calls(&self) -> Vec<CallId> {
        self.callers.iter().map(|caller| caller.call).collect()
    }
}

fn at_once(policy: Policy) -> usize {
    match policy {
        Policy::Parallel(many) => usize::from(many.get()),
        Policy::RingAll => usize::MAX,
        _ => 1,
    }
}

/// A member whom his licence lets in.
fn is_member(settings: &Settings, agent: &UserId, queue: &QueueId) -> bool {
    let (Some(known), Some(queue)) = (settings.agents.get(agent), settings.queues.get(queue))
    else {
        return false;
    };
    let is_basic = known.licence == Licence::Basic;
    queue.members.contains_key(agent) && !(is_basic && queue.kind == QueueKind::KoPlus)
}
