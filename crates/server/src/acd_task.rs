//! The task that owns the queue engine. It never waits for a shard: what a full mailbox doesn't take waits
//! here, bounded by the calls there are, so that shards may safely wait for this task.

use crate::agents::AgentKeeper;
use crate::documents::WhyRow;
use crate::http::HealthCell;
use crate::queue_metrics;
use crate::why::Decisions;
use acd::{Asker, CommandRefusal, Engine, Fact, Origin, Output, Settings, Snapshot};
use base::{CallId, Core, Time, UserId};
use call::settings::Directory;
use control::{AgentCommand, Device, Permitted, QueueCommand};
use sip::{Clock, Mailboxes, Registrations, ShardInput, ToAcd, Watch};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use store::{AgentRow, Store};
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
    /// What was decided about that call?
    Why(CallId, oneshot::Sender<Vec<WhyRow>>),
    /// What callers and agents did lately.
    Traffic(oneshot::Sender<Vec<sim::Row>>),
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
        let (answer, answered) = oneshot::channel();
        let request = Request::Command { command, answer };
        self.0.send(request).await.map_err(|_| Gone)?;
        answered.await.map_err(|_| Gone)
    }

    /// How many callers it was done to.
    pub(crate) async fn queue_command(
        &self,
        command: Permitted<QueueCommand>,
    ) -> Result<Result<u32, CommandRefusal>, Gone> {
        let (answer, answered) = oneshot::channel();
        let request = Request::Queue { command, answer };
        self.0.send(request).await.map_err(|_| Gone)?;
        answered.await.map_err(|_| Gone)
    }

    /// What was decided about a call; nothing where it is not known.
    pub(crate) async fn traffic(&self) -> Result<Vec<sim::Row>, Gone> {
        let (answer, answered) = oneshot::channel();
        let request = Request::Traffic(answer);
        self.0.send(request).await.map_err(|_| Gone)?;
        answered.await.map_err(|_| Gone)
    }

    pub(crate) async fn why(&self, call: CallId) -> Result<Vec<WhyRow>, Gone> {
        let (answer, answered) = oneshot::channel();
        let request = Request::Why(call, answer);
        self.0.send(request).await.map_err(|_| Gone)?;
        answered.await.map_err(|_| Gone)
    }

    /// Back when all that has come about so far has been handed to the store.
    pub(crate) async fn settle(&self) -> Result<(), Gone> {
        let (answer, answered) = oneshot::channel();
        self.0
            .send(Request::Settle(answer))
            .await
            .map_err(|_| Gone)?;
        answered.await.map_err(|_| Gone)
    }

    pub(crate) async fn snapshot(&self) -> Result<Snapshot, Gone> {
        let (answer, answered) = oneshot::channel();
        self.0
            .send(Request::Snapshot(answer))
            .await
            .map_err(|_| Gone)?;
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
    /// Who waits for the answer to a command.
    askers: BTreeMap<u64, oneshot::Sender<Result<(), CommandRefusal>>>,
    /// Who waits for the answer to a queue's command.
    movers: BTreeMap<u64, oneshot::Sender<Result<u32, CommandRefusal>>>,
    next_ticket: u64,
    decisions: Decisions,
    traffic: sim::Tail,
    keeper: AgentKeeper,
    output: Output,
}

/// What the task is made of.
pub(crate) struct Parts {
    pub(crate) clock: Clock,
    pub(crate) inputs: mpsc::Receiver<ToAcd>,
    pub(crate) mailboxes: Mailboxes,
    pub(crate) registrations: Arc<Registrations>,
    pub(crate) watch: Arc<Watch>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) store: Store,
}

impl AcdTask {
    /// With agents as they were kept; `reachable` are those of whom something is known that they can be reached by.
    pub(crate) fn new(
        parts: Parts,
        kept: Vec<AgentRow>,
        reachable: impl IntoIterator<Item = UserId>,
    ) -> (AcdTask, Acd) {
        let Parts {
            clock,
            inputs,
            mailboxes,
            registrations,
            watch,
            settings,
            directory,
            store,
        } = parts;
        let (to_requests, requests) = mpsc::channel(REQUESTS_MAX);
        let (keeper, recalled) = AgentKeeper::restore(clock, store, kept, &settings);
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
            askers: BTreeMap::new(),
            movers: BTreeMap::new(),
            next_ticket: 0,
            decisions: Decisions::default(),
            traffic: sim::Tail::default(),
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
                () = self.keeper.renewed() => {}
                _ = gauges.tick() => self.show_gauges(&health),
            }
            self.deliver();
            self.keeper.hand_over(&self.engine);
        }
    }

    fn wakes_at(&self) -> Instant {
        let due = self.engine.poll_timeout();
        let due = due.and_then(|(at, _)| self.clock.instant(at));
        let due = due.map(Instant::from).into_iter();
        let first = due.chain(self.keeper.due()).min();
        first.unwrap_or_else(|| Instant::now() + FAR)
    }

    fn take(&mut self, input: ToAcd) {
        let input = match input {
            ToAcd::Input(input) => input,
            ToAcd::DeviceChanged(agent) => {
                let reachable = self.is_on_mobile(&agent)
                    || self.registrations.is_reachable(self.clock.now(), &agent);
                acd::Input::DeviceReachable { agent, reachable }
            }
        };
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
            Request::Why(call, answer) => {
                let _ = answer.send(self.decisions.about(call));
            }
            Request::Traffic(answer) => {
                let _ = answer.send(self.traffic.rows());
            }
            Request::Settle(answer) => {
                while let Ok(input) = self.inputs.try_recv() {
                    self.take(input);
                }
                self.keeper.hand_over_all(&self.engine);
                let _ = answer.send(());
            }
            Request::Snapshot(answer) => {
                // Whoever asked may have gone away.
                let _ = answer.send(self.engine.snapshot(self.clock.now()));
            }
        }
    }

    /// Whether an agent takes calls on a mobile, which is outside: whether it is on shows when it is called.
    fn is_on_mobile(&self, agent: &UserId) -> bool {
        let has_one = self
            .directory
            .user(agent)
            .is_some_and(|it| it.mobile.is_some());
        has_one && self.watch.wishes(agent).device != Device::Phone
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
            self.keeper.note(&fact.fact);
            queue_metrics::count(&fact.fact);
            tracing::debug!(seq = fact.seq, fact = ?fact.fact, "queue");
            self.traffic.hear(&fact);
            self.decisions.keep(fact);
        }
        for agent in switched {
            self.show_switches(agent);
        }
        for command in self.output.commands.drain(..) {
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

async fn has_room(mailboxes: &Mailboxes, stuck: Option<usize>) {
    match stuck {
        Some(task) => drop(mailboxes.inputs(task).reserve().await),
        None => std::future::pending().await,
    }
}
