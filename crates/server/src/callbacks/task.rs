//! The task that owns callback lists. Like the queue engine's it never waits for a shard: what a full mailbox doesn't take
//! waits here, bounded by the calls there are.

use super::carried::Recalled;
use super::keeper::Keeper;
use super::shown::{Shown, Stand};
use super::{Callbacks, Request, counting};
use crate::acd_task::Acd;
use crate::audit::{Audit, Doing, Way};
use crate::forgetting::Forgetting;
use crate::outbox::Outbox;
use crate::quick::Quick;
use acd::{CallbackEnd, DUE_MAX, DueCallback, Urgency};
use arc_swap::ArcSwap;
use base::{Core, QueueId};
use calendar::QuickCloses;
use call::settings::Directory;
use callback::{
    Command, Dealing, Done, Health, Input, ListSettings, Lists, News, Offers, Output, Refusal,
    Settings, Ungiven,
};
use config::{CallbackWindows, Loaded};
use sip::{Clock, Mailboxes, ShardInput, ToAcd, ToCallback};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use web::Changes;

/// Inputs taken before timers and mailboxes are looked at.
const BUDGET: usize = 256;

/// Questions from people that may wait.
const REQUESTS_MAX: usize = 256;

/// How often storage is asked how it is, rows that are behind are written, and gauges are brought up to date.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often the lists are told what the clock on the wall shows, and what is closed by hand is looked at: an entry is due
/// so late at most where that clock was set.
const CLOCK_EVERY: Duration = Duration::from_secs(10);

/// How often they are told when queues are open and windows are: there are always days to come.
const HOURS_EVERY: Duration = Duration::from_secs(600);

/// How long closed entries are kept while nothing is forgotten.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);

/// With nothing due, the task looks again after this long.
const FAR: Duration = Duration::from_secs(3_600);

/// Where the lists' settings come from.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) settings: Arc<Settings>,
    pub(crate) windows: Arc<CallbackWindows>,
    pub(crate) directory: Arc<Directory>,
}

impl Source {
    pub(crate) fn of(loaded: &Loaded) -> Source {
        Source {
            settings: loaded.callback.clone(),
            windows: loaded.callback_windows.clone(),
            directory: loaded.directory.clone(),
        }
    }
}

/// What the task is made of.
pub(crate) struct Parts {
    pub(crate) clock: Clock,
    pub(crate) inputs: mpsc::Receiver<ToCallback>,
    pub(crate) mailboxes: Mailboxes,
    pub(crate) acd: mpsc::Sender<ToAcd>,
    /// The way to the queue engine, for people's questions.
    pub(crate) queues: Acd,
    pub(crate) source: Source,
    pub(crate) quick: Quick,
    pub(crate) store: Store,
    /// Keeps what people had done.
    pub(crate) audit: Audit,
    /// Says whether anything is forgotten.
    pub(crate) forgetting: Forgetting,
    /// When the clock showed 0, in milliseconds of UTC.
    pub(crate) zero_ms: u64,
}

/// Whether it is known what the lists were before this process.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Nobody knows which numbers were given to entries, so none are made and nothing is done to any.
    Unknown,
    Known,
}

/// What the task works with.
pub(crate) struct CallbackTask {
    clock: Clock,
    lists: Lists,
    inputs: mpsc::Receiver<ToCallback>,
    requests: mpsc::Receiver<Request>,
    mailboxes: Mailboxes,
    /// By task: what its mailbox had no room for, in order.
    undelivered: Vec<VecDeque<ShardInput>>,
    /// What the queue engine is told of entries that it gives to its agents.
    dealing: Dealing,
    acd: Outbox<ToAcd>,
    /// Who waits for the answer to a command.
    askers: BTreeMap<u64, oneshot::Sender<Result<Done, Refusal>>>,
    next_ticket: u64,
    audit: Audit,
    /// What somebody dialled, until it is known what came of it.
    dialled: Option<Doing>,
    source: Source,
    /// With those that are worked off.
    settings: Arc<Settings>,
    quick: Quick,
    /// What was closed by hand when the hours were told last.
    closes: Arc<QuickCloses>,
    hours_due: Instant,
    clock_due: Instant,
    forgetting: Forgetting,
    /// Whether the lists forget, as they have been told.
    forgets: bool,
    before: Before,
    keeper: Keeper,
    shown: Shown,
    health: Health,
    output: Output,
}

impl CallbackTask {
    /// With the lists as they were kept, if that is known.
    pub(crate) fn new(parts: Parts, kept: Option<Recalled>) -> (CallbackTask, Callbacks) {
        let (to_requests, requests) = mpsc::channel(REQUESTS_MAX);
        let stand: Arc<ArcSwap<Stand>> = Arc::default();
        // Another number with each process, so that no reader takes one's changes for another's.
        let changes = Arc::new(Changes::new(parts.zero_ms));
        let tasks = parts.mailboxes.tasks();
        let mut task = CallbackTask {
            clock: parts.clock,
            lists: Lists::new(),
            inputs: parts.inputs,
            requests,
            mailboxes: parts.mailboxes.clone(),
            undelivered: (0..tasks).map(|_| VecDeque::new()).collect(),
            dealing: Dealing::default(),
            acd: Outbox::new(parts.acd),
            askers: BTreeMap::new(),
            next_ticket: 0,
            audit: parts.audit.clone(),
            dialled: None,
            settings: parts.source.settings.clone(),
            source: parts.source,
            closes: parts.quick.all(),
            quick: parts.quick,
            hours_due: Instant::now(),
            clock_due: Instant::now(),
            forgets: parts.forgetting.believed_ms().is_some(),
            forgetting: parts.forgetting,
            before: Before::Unknown,
            keeper: Keeper::new(parts.clock, parts.store.clone(), parts.zero_ms),
            shown: Shown::new(stand.clone(), changes.clone()),
            health: Health::Fine,
            output: Output::default(),
        };
        task.tell_clock();
        task.configure();
        if let Some(kept) = kept {
            task.recall(kept);
        }
        task.shown.publish(&task.settings);
        let callbacks = Callbacks {
            requests: to_requests,
            stand,
            changes,
            queues: parts.queues,
            store: parts.store,
            audit: parts.audit,
            mailboxes: parts.mailboxes,
        };
        (task, callbacks)
    }

    /// Runs until nobody is left who could ask for anything.
    pub(crate) async fn run(mut self) {
        let mut inputs = Vec::with_capacity(BUDGET);
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let wakes_at = self.wakes_at();
            let stuck = self.undelivered.iter().position(|queue| !queue.is_empty());
            tokio::select! {
                many = self.inputs.recv_many(&mut inputs, BUDGET) => {
                    if many == 0 {
                        return;
                    }
                    inputs.drain(..).for_each(|ToCallback(input)| self.take(input));
                }
                Some(request) = self.requests.recv() => self.answer(request),
                heard = self.keeper.heard() => {
                    if let Some(input) = self.keeper.take(heard, &self.lists) {
                        self.step(input);
                    }
                }
                () = sleep_until(wakes_at) => self.run_timers(),
                // The permit is given back at once: `deliver` below takes the room.
                _ = has_room(&self.mailboxes, stuck) => {}
                () = self.acd.has_room() => {}
                _ = look.tick() => self.look(),
            }
            self.deliver();
            self.shown.publish(&self.settings);
        }
    }

    fn wakes_at(&self) -> Instant {
        let due = self.lists.poll_timeout();
        let due = due.and_then(|(at, _)| self.clock.instant(at));
        due.map_or_else(|| Instant::now() + FAR, Instant::from)
    }

    /// What a shard says. Whether anything can be promised is asked before each, so that a caller is told at once.
    fn take(&mut self, input: Input) {
        self.look_at_storage();
        if let Input::Dialled { command, .. } = &input {
            let (by, command) = (command.by(), command.command());
            let org = super::org_of(command).to_string();
            let what = super::asking::in_words(command);
            self.dialled = Some(Doing::new(by, Way::Phone, Some(org), what));
        }
        self.step(match input {
            // It would be given a number that another has.
            Input::Gone { call, .. } if self.before == Before::Unknown => Input::Gone {
                call,
                started: None,
            },
            other => other,
        });
    }

    fn answer(&mut self, request: Request) {
        match request {
            Request::Configure(source) => {
                self.source = source;
                self.configure();
            }
            Request::Drain => {
                let news = self.dealing.end();
                self.tell_acd(news);
            }
            // Whoever asked may have gone away, here and below.
            Request::Command { answer, .. } if self.before == Before::Unknown => {
                let _ = answer.send(Err(Refusal::Storage));
            }
            Request::Command { command, answer } => {
                self.look_at_storage();
                self.next_ticket += 1;
                let ticket = self.next_ticket;
                self.askers.insert(ticket, answer);
                self.step(Input::Command { ticket, command });
            }
            Request::Export(org, number, answer) => {
                let his = self.lists.export(&org, &number);
                let _ = answer.send(his.into_iter().cloned().collect());
            }
            Request::TakeUp(kept, answer) => {
                self.recall(kept);
                let _ = answer.send(());
            }
            Request::Settle(answer) => {
                while let Ok(ToCallback(input)) = self.inputs.try_recv() {
                    self.take(input);
                }
                let _ = answer.send(());
            }
        }
    }

    /// As it was before this process.
    fn recall(&mut self, kept: Recalled) {
        self.before = Before::Known;
        self.look_at_storage();
        self.step(Input::RecallLast(kept.last));
        let queues: BTreeSet<QueueId> = kept
            .entries
            .iter()
            .map(|entry| entry.asked.queue.clone())
            .collect();
        for entry in kept.entries {
            self.step(Input::Recall(Box::new(entry)));
        }
        if !queues.iter().all(|it| self.settings.lists.contains_key(it)) {
            self.configure();
        }
        for (agent, lists) in kept.staff {
            self.step(Input::RecallStaff { agent, lists });
        }
    }

    /// Settings as they are, with the lists that are configured no more and have entries left: those are worked off.
    fn configure(&mut self) {
        let mut settings = self.source.settings.clone();
        let rows = self.shown.rows().map(|row| &row.queue);
        let left: BTreeSet<&QueueId> = rows
            .filter(|queue| !settings.lists.contains_key(*queue))
            .collect();
        for queue in left {
            let worked_off = || ListSettings {
                offers: Offers::Never,
                ..ListSettings::default()
            };
            let lists = &mut Arc::make_mut(&mut settings).lists;
            lists.entry(queue.clone()).or_insert_with(worked_off);
        }
        if !self.forgets {
            for list in Arc::make_mut(&mut settings).lists.values_mut() {
                list.retention = FOR_EVER;
            }
        }
        self.settings = settings.clone();
        self.step(Input::Configure(settings));
        self.tell_hours();
    }

    fn tell_hours(&mut self) {
        self.hours_due = Instant::now() + HOURS_EVERY;
        self.closes = self.quick.all();
        let unix_seconds = self.lists.utc(self.clock.now()).as_seconds();
        let queues: Vec<QueueId> = self.settings.lists.keys().cloned().collect();
        for queue in queues {
            let Source {
                windows, directory, ..
            } = &self.source;
            let hours = windows.hours(&queue, directory, &self.closes, unix_seconds);
            self.step(Input::Hours { queue, hours });
        }
    }

    fn tell_clock(&mut self) {
        self.clock_due = Instant::now() + CLOCK_EVERY;
        let forgets = self.forgetting.believed_ms().is_some();
        if forgets != self.forgets {
            self.forgets = forgets;
            // Before the lists know of a clock by which they would forget.
            self.configure();
        }
        let now = self.clock.now();
        self.step(Input::Clock(self.clock.wall(now)));
    }

    fn look(&mut self) {
        self.look_at_storage();
        self.keeper.catch_up(&self.lists);
        let now = Instant::now();
        if self.clock_due <= now {
            self.tell_clock();
        }
        if self.hours_due <= now || !Arc::ptr_eq(&self.closes, &self.quick.all()) {
            self.tell_hours();
        }
        counting::show(self.shown.rows(), &self.settings);
        // It changes with time alone.
        let now = self.clock.now();
        self.shown.note_ahead(&self.lists, now, &self.settings);
        counting::show_ahead(self.shown.ahead());
    }

    fn look_at_storage(&mut self) {
        let health = match self.before {
            Before::Known => self.keeper.health(),
            Before::Unknown => Health::Down,
        };
        if health != self.health {
            self.health = health;
            self.step(Input::Storage(health));
        }
    }

    fn run_timers(&mut self) {
        let now = self.clock.now();
        self.lists.handle_timeout(now, &mut self.output);
        self.carry_out();
    }

    fn step(&mut self, input: Input) {
        let now = self.clock.now();
        self.lists.handle(now, input, &mut self.output);
        self.carry_out();
    }

    fn carry_out(&mut self) {
        let Output { facts, commands } = std::mem::take(&mut self.output);
        for stamped in &facts {
            tracing::debug!(seq = stamped.seq, fact = ?stamped.fact, "callbacks");
            counting::count(&stamped.fact);
        }
        self.shown.note(&self.lists, &facts);
        let now = self.clock.now();
        let news = self.dealing.tell(now, &self.lists, &facts, DUE_MAX);
        self.tell_acd(news);
        let mut token = None;
        for command in commands {
            counting::count_refused(&command);
            match command {
                // A step makes one promise: it is about one input.
                Command::Store { token: of } => token = Some(of),
                Command::NotGiven { offer, why } => {
                    let end = match why {
                        Ungiven::Entry => CallbackEnd::NotDue,
                        Ungiven::Agent => CallbackEnd::HasAnother,
                    };
                    let over = acd::Input::CallbackOver { offer, end };
                    self.acd.push(ToAcd::Input(over));
                }
                Command::Dialled { call, result } => {
                    // Said in the step in which it was asked for.
                    if let Some(doing) = self.dialled.take() {
                        let refused = result.as_ref().err().map(ToString::to_string);
                        self.audit.keep(doing, refused.as_deref());
                    }
                    self.post(Command::Dialled { call, result });
                }
                Command::Answer { ticket, result } => {
                    self.shown.publish(&self.settings);
                    if let Some(answer) = self.askers.remove(&ticket) {
                        let _ = answer.send(result);
                    }
                }
                other => self.post(other),
            }
        }
        self.keeper.hand_in(&self.lists, &facts, token);
    }

    fn tell_acd(&mut self, news: Vec<News>) {
        let told = news.into_iter().map(|news| match news {
            News::Due { list, entries } => {
                let due = entries.into_iter();
                let due = due.map(|due| DueCallback {
                    urgency: match due.is_called {
                        true => Urgency::Called,
                        false => Urgency::Due,
                    },
                    arrived: due.arrived,
                    entry: due.entry,
                });
                acd::Input::CallbacksDue {
                    queue: list,
                    due: due.collect(),
                }
            }
            News::Indebted { agent, indebted } => acd::Input::Indebted { agent, indebted },
        });
        told.for_each(|input| self.acd.push(ToAcd::Input(input)));
    }

    fn post(&mut self, command: Command) {
        match ShardInput::callback(command) {
            Ok(input) => {
                let task = input.task(&self.mailboxes);
                self.undelivered[task].push_back(input);
            }
            Err(other) => tracing::error!(?other, "a command for nobody"),
        }
    }

    /// Hands over what there is room for, in order.
    fn deliver(&mut self) {
        self.acd.deliver();
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
}

async fn has_room(mailboxes: &Mailboxes, stuck: Option<usize>) {
    match stuck {
        Some(task) => drop(mailboxes.inputs(task).reserve().await),
        None => std::future::pending().await,
    }
}
