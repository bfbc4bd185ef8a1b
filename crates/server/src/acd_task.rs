//! The task that owns the queue engine. It never waits for a shard: what a full mailbox doesn't take waits
//! here, bounded by the calls there are, so that shards may safely wait for this task.

use crate::agents::AgentKeeper;
use crate::audit::{Audit, Doing, Way};
use crate::documents::WhyRow;
use crate::facts::{FactKeeper, Kept, Memory, Recalled, Since};
use crate::http::HealthCell;
use crate::keeping::moment;
use crate::outbox::Outbox;
use crate::queue_metrics;
use crate::why::Decisions;
use acd::{
    Asker, CallbackEnd, CommandRefusal, Engine, Fact, InLine, Origin, Outcome, Output, Settings,
    Snapshot,
};
use base::{Core, OrgId, QueueId, Time, UserId};
use call::phone_kind::takes_calls;
use call::settings::{CallersKey, Directory};
use callback::Number;
use control::{AgentCommand, Command, Device, Permitted, QueueCommand, Subject};
use sip::{Clock, Mailboxes, Registrations, ShardInput, ToAcd, ToCallback, Watch};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use store::{Acknowledgement, AgentRow, Store};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

/// Inputs taken before timers and mailboxes are looked at.
const BUDGET: usize = 256;

/// Questions from people that may wait.
const REQUESTS_MAX: usize = 256;

/// How often queues' gauges are brought up to date.
const GAUGES_EVERY: Duration = Duration::from_secs(1);

/// With nothing due, the task looks again after this long.
const FAR: Duration = Duration::from_secs(3_600);

/// Something that people ask of the engine.
pub(crate) enum Request {
    /// New settings.
    Configure(Arc<Settings>, Arc<Directory>),
    /// A change of an agent's state.
    Command {
        command: Permitted<AgentCommand>,
        answer: oneshot::Sender<Result<(), CommandRefusal>>,
    },
    /// Has all that came about been handed to the store?
    Settle(oneshot::Sender<()>),
    /// Something to be done to a queue's callers.
    Queue {
        command: Permitted<QueueCommand>,
        answer: oneshot::Sender<Result<u32, CommandRefusal>>,
    },
    /// How do things stand?
    Snapshot(oneshot::Sender<Snapshot>),
    /// Nobody of that organisation talked with whoever has that number. Answered with what says that no row says so any more.
    ForgetCaller(OrgId, Number, oneshot::Sender<Vec<Acknowledgement>>),
    /// Which organisations have queues or agents?
    Organisations(oneshot::Sender<BTreeSet<OrgId>>),
    /// How do things stand in that one?
    Stand {
        org: OrgId,
        /// What came to its queues and agents since then is told too, in milliseconds of UTC.
        since_ms: u64,
        answer: oneshot::Sender<Stand>,
    },
    /// Who stands in that queue's line? So many are told at most.
    InLine(QueueId, usize, oneshot::Sender<(Vec<InLine>, usize)>),
    /// What was decided about that call or callback?
    Why(Subject, oneshot::Sender<Vec<WhyRow>>),
    /// What queues and agents came to, between these moments.
    Figures(Vec<u64>, oneshot::Sender<Kept>),
    /// This came to them before this process began.
    Recalled(Box<Recalled>),
    /// The clock on the wall was set: this one shows 0 at that moment, in milliseconds of UTC.
    ClockSet(u64),
    /// Have facts so far kept.
    Flush(oneshot::Sender<Option<Acknowledgement>>),
    /// Agents are as they were kept, which could not be read at the start.
    TakeUp(Vec<AgentRow>, oneshot::Sender<()>),
}

/// How things stand in an organisation.
pub(crate) struct Stand {
    pub(crate) snapshot: Snapshot,
    pub(crate) since: Since,
}

/// The way to the task, for people's questions.
#[derive(Clone)]
pub(crate) struct Acd(mpsc::Sender<Request>);

/// The task has ended, which it does with the process.
#[derive(Debug, thiserror::Error)]
#[error("the queue engine is not running any more")]
pub(crate) struct Gone;

impl Acd {
    pub(crate) async fn configure(
        &self,
        settings: Arc<Settings>,
        directory: Arc<Directory>,
    ) -> Result<(), Gone> {
        self.0
            .send(Request::Configure(settings, directory))
            .await
            .map_err(|_| Gone)
    }

    pub(crate) async fn command(
        &self,
        command: Permitted<AgentCommand>,
    ) -> Result<Result<(), CommandRefusal>, Gone> {
        self.ask(|answer| Request::Command { command, answer })
            .await
    }

    /// How many callers it was done to.
    pub(crate) async fn queue_command(
        &self,
        command: Permitted<QueueCommand>,
    ) -> Result<Result<u32, CommandRefusal>, Gone> {
        self.ask(|answer| Request::Queue { command, answer }).await
    }

    /// What queues and agents came to, as far back as is remembered.
    pub(crate) async fn figures(&self, moments_ms: Vec<u64>) -> Result<Kept, Gone> {
        self.ask(|answer| Request::Figures(moments_ms, answer))
            .await
    }

    /// Has it remember what came before it.
    pub(crate) async fn recalled(&self, recalled: Recalled) -> Result<(), Gone> {
        let request = Request::Recalled(Box::new(recalled));
        self.0.send(request).await.map_err(|_| Gone)
    }

    /// Has what comes about dated by the clock on the wall as it is now: the process's shows 0 at `zero_ms` by it.
    pub(crate) async fn clock_set(&self, zero_ms: u64) -> Result<(), Gone> {
        let request = Request::ClockSet(zero_ms);
        self.0.send(request).await.map_err(|_| Gone)
    }

    /// Has agents be as they were kept, which could not be read at the start; back when their rows say so too.
    pub(crate) async fn take_up(&self, kept: Vec<AgentRow>) -> Result<(), Gone> {
        self.ask(|answer| Request::TakeUp(kept, answer)).await
    }

    /// To be awaited where the journal has to have what came about so far.
    pub(crate) async fn flush(&self) -> Result<Option<Acknowledgement>, Gone> {
        self.ask(Request::Flush).await
    }

    /// Forgets who of that organisation talked with whoever has that number; to be awaited for it to be on disk.
    pub(crate) async fn forget_caller(
        &self,
        org: OrgId,
        number: Number,
    ) -> Result<Vec<Acknowledgement>, Gone> {
        let (answer, answered) = oneshot::channel();
        let request = Request::ForgetCaller(org, number, answer);
        self.0.send(request).await.map_err(|_| Gone)?;
        answered.await.map_err(|_| Gone)
    }

    /// What was decided about a call or a callback; nothing where it is not known.
    pub(crate) async fn why(&self, subject: Subject) -> Result<Vec<WhyRow>, Gone> {
        self.ask(|answer| Request::Why(subject, answer)).await
    }

    /// Back when all that has come about so far has been handed to the store.
    pub(crate) async fn settle(&self) -> Result<(), Gone> {
        self.ask(Request::Settle).await
    }

    /// Who stands in a queue's line, at most so many of them; and how many there are.
    pub(crate) async fn in_line(
        &self,
        queue: QueueId,
        most: usize,
    ) -> Result<(Vec<InLine>, usize), Gone> {
        self.ask(|answer| Request::InLine(queue, most, answer))
            .await
    }

    pub(crate) async fn snapshot(&self) -> Result<Snapshot, Gone> {
        self.ask(Request::Snapshot).await
    }

    /// Every organisation that has queues or agents.
    pub(crate) async fn organisations(&self) -> Result<BTreeSet<OrgId>, Gone> {
        self.ask(Request::Organisations).await
    }

    /// How things stand in an organisation, and what came to it since then: it costs the task what that one is large.
    pub(crate) async fn stand(&self, org: OrgId, since_ms: u64) -> Result<Stand, Gone> {
        self.ask(|answer| Request::Stand {
            org,
            since_ms,
            answer,
        })
        .await
    }

    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Result<T, Gone> {
        let (answer, answered) = oneshot::channel();
        self.0.send(request(answer)).await.map_err(|_| Gone)?;
        answered.await.map_err(|_| Gone)
    }
}

/// What the task works with.
pub(crate) struct AcdTask {
    clock: Clock,
    engine: Engine,
    inputs: mpsc::Receiver<ToAcd>,
    requests: mpsc::Receiver<Request>,
    mailboxes: Mailboxes,
    registrations: Arc<Registrations>,
    watch: Arc<Watch>,
    /// Says who has a mobile.
    directory: Arc<Directory>,
    /// By task: what its mailbox had no room for, in order.
    undelivered: Vec<VecDeque<ShardInput>>,
    callbacks: Outbox<ToCallback>,
    /// Who waits for the answer to a command.
    askers: BTreeMap<u64, oneshot::Sender<Result<(), CommandRefusal>>>,
    /// Who waits for the answer to a queue's command.
    movers: BTreeMap<u64, oneshot::Sender<Result<u32, CommandRefusal>>>,
    next_ticket: u64,
    audit: Audit,
    /// What an agent keyed on his telephone, until it is known what came of it.
    keyed: Option<Doing>,
    decisions: Decisions,
    memory: Memory,
    facts: FactKeeper,
    keeper: AgentKeeper,
    output: Output,
}

/// What the task is made of.
pub(crate) struct Parts {
    pub(crate) clock: Clock,
    pub(crate) inputs: mpsc::Receiver<ToAcd>,
    pub(crate) mailboxes: Mailboxes,
    pub(crate) callbacks: mpsc::Sender<ToCallback>,
    pub(crate) registrations: Arc<Registrations>,
    pub(crate) watch: Arc<Watch>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) store: Store,
    /// Keeps what people key on telephones.
    pub(crate) audit: Audit,
    /// When the clock showed 0, in milliseconds of UTC.
    pub(crate) zero_ms: u64,
}

impl AcdTask {
    /// With agents as they were kept, if that is known; `reachable` are those of whom something is known that they can be reached by.
    pub(crate) fn new(
        parts: Parts,
        kept: Option<Vec<AgentRow>>,
        reachable: impl IntoIterator<Item = UserId>,
    ) -> (AcdTask, Acd) {
        let Parts {
            clock,
            inputs,
            mailboxes,
            callbacks,
            registrations,
            watch,
            settings,
            directory,
            store,
            audit,
            zero_ms,
        } = parts;
        let (to_requests, requests) = mpsc::channel(REQUESTS_MAX);
        let callers_key = directory.callers_key.as_ref().map(CallersKey::mark);
        let mut keeper = AgentKeeper::new(clock, store.clone(), callers_key);
        let recalled = kept.map(|kept| keeper.take_up(kept)).unwrap_or_default();
        let undelivered = (0..mailboxes.tasks()).map(|_| VecDeque::new()).collect();
        let mut task = AcdTask {
            clock,
            engine: Engine::new(),
            inputs,
            requests,
            mailboxes,
            registrations,
            watch,
            directory,
            undelivered,
            callbacks: Outbox::new(callbacks),
            askers: BTreeMap::new(),
            movers: BTreeMap::new(),
            next_ticket: 0,
            audit,
            keyed: None,
            decisions: Decisions::default(),
            memory: Memory::new(zero_ms, clock.now()),
            facts: FactKeeper::new(store, zero_ms),
            keeper,
            output: Output::default(),
        };
        task.step(acd::Input::Configure(settings));
        for agent in reachable {
            task.take(ToAcd::DeviceChanged(agent));
        }
        recalled.into_iter().for_each(|input| task.step(input));
        (task, Acd(to_requests))
    }

    /// Runs until nobody is left who could ask for anything.
    pub(crate) async fn run(mut self, health: HealthCell) {
        let mut inputs = Vec::with_capacity(BUDGET);
        let mut gauges = tokio::time::interval(GAUGES_EVERY);
        gauges.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let wakes_at = self.wakes_at();
            let stuck = self.undelivered.iter().position(|queue| !queue.is_empty());
            tokio::select! {
                many = self.inputs.recv_many(&mut inputs, BUDGET) => {
                    if many == 0 {
                        return;
                    }
                    inputs.drain(..).for_each(|input| self.take(input));
                }
                Some(request) = self.requests.recv() => self.answer(request),
                () = sleep_until(wakes_at) => self.run_timers(),
                // The permit is given back at once: `deliver` below takes the room.
                _ = has_room(&self.mailboxes, stuck) => {}
                () = self.callbacks.has_room() => {}
                () = self.keeper.renewed() => {}
                _ = gauges.tick() => self.show_gauges(&health),
            }
            self.deliver();
            self.keeper.hand_over(&self.engine);
            self.facts.hand_over();
        }
    }

    fn wakes_at(&self) -> Instant {
        let due = self.engine.poll_timeout();
        let due = due.and_then(|(at, _)| self.clock.instant(at));
        let due = due.map(Instant::from).into_iter();
        let kept = self.keeper.due().into_iter().chain(self.facts.due());
        let first = due.chain(kept).min();
        first.unwrap_or_else(|| Instant::now() + FAR)
    }

    fn take(&mut self, input: ToAcd) {
        let input = match input {
            ToAcd::Input(input) => input,
            ToAcd::DeviceChanged(agent) => {
                let reachable = self.is_reachable(&agent);
                acd::Input::DeviceReachable { agent, reachable }
            }
        };
        if let acd::Input::AgentCommand {
            asker: Asker::Call(_),
            command,
        } = &input
        {
            let asked = Command::Agent(command.command().clone());
            self.keyed = Doing::of(command.by(), Way::Phone, &asked);
        }
        self.step(input);
    }

    fn answer(&mut self, request: Request) {
        match request {
            Request::Configure(settings, directory) => {
                self.directory = directory;
                let agents: Vec<UserId> = settings.agents.keys().cloned().collect();
                self.step(acd::Input::Configure(settings));
                // Mobiles may have come or gone.
                for agent in agents {
                    if self.watch.wishes(&agent).device != Device::Phone {
                        self.take(ToAcd::DeviceChanged(agent));
                    }
                }
            }
            Request::Command { command, answer } => {
                self.next_ticket += 1;
                self.askers.insert(self.next_ticket, answer);
                let asker = Asker::Control(self.next_ticket);
                self.step(acd::Input::AgentCommand { asker, command });
            }
            Request::Queue { command, answer } => {
                self.next_ticket += 1;
                let ticket = self.next_ticket;
                self.movers.insert(ticket, answer);
                self.step(acd::Input::QueueCommand { ticket, command });
            }
            Request::ForgetCaller(org, number, answer) => {
                if let Some(caller) = self.directory.known_as(&org, number.as_str()) {
                    self.step(acd::Input::ForgetCaller(caller));
                }
                let _ = answer.send(self.keeper.hand_over_now(&self.engine));
            }
            Request::Why(subject, answer) => {
                let _ = answer.send(self.decisions.about(subject));
            }
            Request::InLine(queue, most, answer) => {
                self.take_waiting();
                let _ = answer.send(self.engine.in_line(&queue, most));
            }
            Request::Figures(moments_ms, answer) => {
                let _ = answer.send(self.memory.between(&moments_ms));
            }
            Request::Recalled(recalled) => self.recall(*recalled),
            Request::TakeUp(kept, answer) => {
                let recalled = self.keeper.take_up(kept);
                recalled.into_iter().for_each(|input| self.step(input));
                // Their rows wait to be written as they were before they were recalled, and who is no agent is forgotten.
                self.keeper.all_have_changed();
                self.keeper.hand_over_all(&self.engine);
                let _ = answer.send(());
            }
            Request::ClockSet(zero_ms) => {
                self.memory.clock_set(zero_ms, self.clock.now());
                self.facts.clock_set(zero_ms);
            }
            Request::Flush(answer) => {
                let _ = answer.send(self.facts.flush());
            }
            Request::Settle(answer) => {
                while let Ok(input) = self.inputs.try_recv() {
                    self.take(input);
                }
                self.keeper.hand_over_all(&self.engine);
                self.facts.hand_over_all();
                let _ = answer.send(());
            }
            Request::Snapshot(answer) => {
                // Whoever asked may have gone away.
                let _ = answer.send(self.engine.snapshot(self.clock.now()));
            }
            Request::Organisations(answer) => {
                let _ = answer.send(self.engine.organisations());
            }
            Request::Stand {
                org,
                since_ms,
                answer,
            } => {
                self.take_waiting();
                let _ = answer.send(Stand {
                    snapshot: self.engine.snapshot_of(&org, self.clock.now()),
                    since: self.memory.since(&org, since_ms),
                });
            }
        }
    }

    /// What was sent before something was asked is known when it is answered, as far as the budget reaches.
    fn take_waiting(&mut self) {
        for _ in 0..BUDGET {
            let Ok(input) = self.inputs.try_recv() else {
                return;
            };
            self.take(input);
        }
    }

    /// What came about before this process counts as if it had been here then.
    fn recall(&mut self, recalled: Recalled) {
        self.memory.recall(&recalled);
        let at = moment(self.clock);
        for (queue, carried) in recalled.lately {
            let here = |wall: Time| at.time_of(wall.as_micros() / 1_000);
            let carried = Box::new(carried.map(here));
            self.step(acd::Input::RecallQueue { queue, carried });
        }
    }

    /// Whether an agent can be reached where he takes calls. A mobile is outside: whether it is on shows when it is called.
    fn is_reachable(&self, agent: &UserId) -> bool {
        let device = self.watch.wishes(agent).device;
        let has_mobile = || {
            let user = self.directory.user(agent);
            user.is_some_and(|user| user.mobile.is_some())
        };
        if device.is_on_mobile() && has_mobile() {
            return true;
        }
        let (now, softphones) = (self.clock.now(), &self.directory.softphones);
        self.registrations.is_reachable(now, agent, |phone| {
            // Without a mobile he takes them on his phones, whatever he has chosen.
            device.is_on_mobile() || takes_calls(device, phone, softphones)
        })
    }

    fn run_timers(&mut self) {
        let now = self.clock.now();
        self.engine.handle_timeout(now, &mut self.output);
        self.carry_out();
    }

    fn step(&mut self, input: acd::Input) {
        let now: Time = self.clock.now();
        self.engine.handle(now, input, &mut self.output);
        self.carry_out();
    }

    fn carry_out(&mut self) {
        let mut switched = BTreeSet::new();
        for fact in self.output.facts.drain(..) {
            match &fact.fact {
                Fact::LoggedIn { agent, .. }
                | Fact::LoggedOut { agent, .. }
                | Fact::Paused { agent, .. }
                | Fact::Resumed { agent, .. }
                | Fact::Recalled { agent, .. } => {
                    count_sidelined(&fact.fact);
                    switched.insert(agent.clone());
                }
                Fact::Configured { .. } => switched.extend(self.engine.agents().cloned()),
                _ => {}
            }
            count_given(&fact.fact);
            self.keeper.note(&fact.fact);
            if let Some(told) = self.memory.hear(&fact) {
                queue_metrics::count(&told);
            }
            tracing::debug!(seq = fact.seq, fact = ?fact.fact, "queue");
            self.facts.note(&fact);
            self.decisions.keep(fact);
        }
        for agent in switched {
            self.show_switches(agent);
        }
        for command in self.output.commands.drain(..) {
            // Said in the step in which it was asked for.
            if let acd::Command::Answer {
                asker: Asker::Call(_),
                result,
            } = &command
                && let Some(doing) = self.keyed.take()
            {
                let refused = result.as_ref().err().map(ToString::to_string);
                self.audit.keep(doing, refused.as_deref());
            }
            match ShardInput::acd(command) {
                Ok(input) => {
                    let task = input.task(&self.mailboxes);
                    self.undelivered[task].push_back(input);
                }
                Err(acd::Command::Answer {
                    asker: Asker::Control(ticket),
                    result,
                }) => {
                    if let Some(answer) = self.askers.remove(&ticket) {
                        let _ = answer.send(result);
                    }
                }
                Err(acd::Command::Moved { ticket, result }) => {
                    if let Some(answer) = self.movers.remove(&ticket) {
                        let _ = answer.send(result);
                    }
                }
                Err(acd::Command::CallBack {
                    offer,
                    queue,
                    entry,
                    agent,
                }) => self.callbacks.push(ToCallback(callback::Input::Entrust {
                    offer,
                    list: queue,
                    entry,
                    agent,
                })),
                Err(acd::Command::CallOff { offer, entry }) => {
                    let input = callback::Input::CallOff { offer, entry };
                    self.callbacks.push(ToCallback(input));
                }
                Err(other) => tracing::error!(?other, "a command for nobody"),
            }
        }
    }

    /// The lamps of those who watch this agent follow.
    fn show_switches(&mut self, agent: UserId) {
        let switches = self.engine.switches(&agent);
        for subscription in self.watch.switches(agent, switches) {
            let poke = ShardInput::Changed(subscription);
            let task = poke.task(&self.mailboxes);
            self.undelivered[task].push_back(poke);
        }
    }

    /// Hands over what there is room for, in order.
    fn deliver(&mut self) {
        self.callbacks.deliver();
        for (task, queue) in self.undelivered.iter_mut().enumerate() {
            let mailbox = self.mailboxes.inputs(task);
            while let Some(input) = queue.pop_front() {
                match mailbox.try_send(input) {
                    Ok(()) => {}
                    Err(mpsc::error::TrySendError::Full(input)) => {
                        queue.push_front(input);
                        break;
                    }
                    // The task has ended with the process.
                    Err(mpsc::error::TrySendError::Closed(_)) => queue.clear(),
                }
            }
        }
    }

    fn show_gauges(&self, health: &HealthCell) {
        let snapshot = self.engine.snapshot(self.clock.now());
        snapshot.queues.iter().for_each(queue_metrics::show);
        let closed = snapshot.queues.into_iter().filter(|it| it.closed_by_load);
        health.set_closed_by_load(closed.map(|it| it.queue).collect());
    }
}

/// Counts an agent whom his limits took off the floor.
fn count_sidelined(fact: &Fact) {
    let (Fact::LoggedOut { by, .. } | Fact::Paused { by, .. }) = fact else {
        return;
    };
    let cause = match by {
        Origin::MissedCalls(_) => "missed-calls",
        Origin::DeviceErrors(_) => "device-errors",
        Origin::Person(_) | Origin::Configuration | Origin::Restart => return,
    };
    metrics::counter!("kolapp_agents_sidelined_total", "cause" => cause).increment(1);
}

/// Counts a callback that a queue gave to an agent, once it is known what came of it.
fn count_given(fact: &Fact) {
    let Fact::CallbackOver { end, outcome, .. } = fact else {
        return;
    };
    let end = match (end, outcome) {
        (CallbackEnd::Called, _) => "called",
        (CallbackEnd::NotDue | CallbackEnd::HasAnother, _) => "not-given",
        (CallbackEnd::Broken, _) => "broken",
        (_, Outcome::Declined | Outcome::Busy) => "declined",
        (_, Outcome::Missed) => "missed",
        (_, Outcome::DeviceError) => "device-error",
        (_, Outcome::Nothing) => "withdrawn",
    };
    metrics::counter!("kolapp_callback_given_total", "end" => end).increment(1);
}

async fn has_room(mailboxes: &Mailboxes, stuck: Option<usize>) {
    match stuck {
        Some(task) => drop(mailboxes.inputs(task).reserve().await),
        None => std::future::pending().await,
    }
}
