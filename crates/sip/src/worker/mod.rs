//! A task that runs its share of the shards. One loop with a budget: what the rest of the process says,
//! what other tasks read for us, what our sockets hold, timers; and whatever the shards want done is done
//! at once. Nothing here waits in the middle of a step; a full channel to the queue engine stops the
//! reading of new inputs until there is room.

mod next_hops;
mod shards;
mod wake;
mod wire;

use crate::clock::Clock;
use crate::gate::Gate;
use crate::holders::{Holder, Stage};
use crate::ladder::Ladder;
use crate::ledgers::Ledgers;
use crate::local::LocalAddresses;
use crate::mailbox::{Forwarded, Inbox, Inboxes, Mailboxes, ShardInput, ToAcd, ToCallback};
use crate::measure::Counters;
use crate::registrations::Registrations;
use crate::resolver::Resolver;
use crate::sockets::Sockets;
use crate::stream::{ConnectionLimits, Connections, StreamParts, Tls};
use crate::trunks::Trunks;
use crate::udp;
use crate::unreachable;
use crate::watch::Watch;
use base::{CallId, Core, LegId, ShardId, SubscriptionId, Time, UserId};
use bytes::Bytes;
use call::CallRecord;
use call::settings::Directory;
use call::wishes::{Change, Wishes};
use call::{Input, Output, Shard};
use control::{OwnCallRefusal, Permitted, PromptCommand};
use media_core::{Command, Session};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use sip_core::transport::Listener as SipListener;
use sip_core::{Flow, Limits};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::future::poll_fn;
use std::net::{SocketAddr, UdpSocket};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::unix::AsyncFd;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Sleep;

/// Inputs taken from one source before the others are looked at.
const BUDGET: usize = 64;

/// Largest UDP payload there is.
const DATAGRAM_BYTES_MAX: usize = 65_535;

/// Datagrams that wait for room in a socket's send buffer; beyond it they are dropped, as the network
/// would.
const UNSENT_MAX: usize = 1_024;

/// How soon a full mailbox of another task is tried again. Tasks never wait for one another: two that did, each
/// with a full mailbox, would wait for ever.
const TELL_AGAIN_AFTER: Duration = Duration::from_millis(1);

/// How soon a full send buffer is tried again, of which the smallest holds some hundred datagrams.
const SEND_AGAIN_AFTER: Duration = Duration::from_millis(1);

/// The media engine, as a shard sees it.
pub trait Media: Send + Sync + 'static {
    /// Opens a session; our RTP address for it, or none if there is no port left.
    fn open(&self, session: &Session) -> Option<SocketAddr>;

    /// Something for a leg's session. Must not block.
    fn command(&self, call: CallId, leg: LegId, command: Command);

    /// Has what a leg's party said kept; [`ShardInput::RecordingKept`] says what came of it. Must not block.
    fn keep(&self, recording: Recorded);
}

/// What a party has said, to be kept as a prompt.
#[derive(Debug)]
pub struct Recorded {
    /// The call that asks.
    pub call: CallId,
    /// The call whose media thread has the leg's session.
    pub home: CallId,
    /// Whose recording.
    pub leg: LegId,
    /// As which prompt.
    pub command: Permitted<PromptCommand>,
}

/// How many calls are live, over all shards.
#[derive(Clone, Debug, Default)]
pub struct LiveCalls(Arc<AtomicUsize>);

impl LiveCalls {
    /// How many now.
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Keeps what users ask for by telephone over a restart.
pub trait WishKeeper: Send + Sync {
    /// A user has asked for a change by telephone, and this is all that he wishes now. Must not block.
    fn wished(&self, user: &UserId, change: &Change, wishes: &Wishes);
}

/// Keeps records of calls for good.
pub trait RecordKeeper: Send + Sync {
    /// A call is so now: when it begins, and when it is over. Must not block.
    fn keep(&self, record: &CallRecord);
}

/// What a call asks to have done, with permission; [`ShardInput::CarriedOut`] says what came of it.
#[derive(Debug)]
pub struct Wanted {
    /// The call.
    pub call: CallId,
    /// One after the other.
    pub commands: Vec<Permitted<control::Command>>,
    /// When it was asked for.
    pub asked_at: std::time::Instant,
}

/// What the tasks share.
pub struct Parts<M> {
    /// The process's clock.
    pub clock: Clock,
    /// Ways to the other tasks.
    pub mailboxes: Mailboxes,
    /// Who comes in.
    pub gate: Arc<Gate>,
    /// Who is where.
    pub registrations: Arc<Registrations>,
    /// Who does what, for those who watch it.
    pub watch: Arc<Watch>,
    /// Who asks the DNS.
    pub resolver: Arc<Resolver>,
    /// What is known of trunks.
    pub trunks: Arc<Trunks>,
    /// The media engine.
    pub media: Arc<M>,
    /// The queue engine's task.
    pub acd: mpsc::Sender<ToAcd>,
    /// The task of callback lists.
    pub callbacks: mpsc::Sender<ToCallback>,
    /// What connections may take.
    pub connections: ConnectionLimits,
    /// What TLS is done with.
    pub tls: Tls,
    /// Settings to start with.
    pub directory: Arc<Directory>,
    /// Random bytes from which each shard's own are drawn.
    pub seed: [u8; 32],
    /// Kept up to date by the tasks.
    pub live_calls: LiveCalls,
    /// What calls over trunks use.
    pub ledgers: Ledgers,
    /// Whoever keeps what users ask for by telephone.
    pub wish_keeper: Box<dyn WishKeeper>,
    /// Whoever keeps records of calls.
    pub record_keeper: Box<dyn RecordKeeper>,
    /// Whoever carries out what calls ask for.
    pub wanted: mpsc::Sender<Wanted>,
    /// Bytes of messages that are kept for whoever asks how a call went.
    pub ladder_bytes: usize,
}

/// Starts a task for each inbox, on the current runtime. They run until the senders of their mailboxes are
/// gone.
pub fn start<M: Media>(
    sockets: Sockets,
    inboxes: Inboxes,
    parts: Parts<M>,
) -> std::io::Result<Vec<JoinHandle<()>>> {
    let reach = StreamParts {
        mailboxes: parts.mailboxes.clone(),
        registrations: parts.registrations.clone(),
        acd: parts.acd.clone(),
        tls: parts.tls.clone(),
    };
    let ours: Arc<[SipListener]> = sockets.listeners().into();
    let connections = Connections::start(sockets.streams, parts.connections, reach)?;
    let parts = Arc::new(parts);
    let mut seeds = ChaCha8Rng::from_seed(parts.seed);
    let mut groups: Vec<_> = sockets.groups.into_iter().map(Vec::into_iter).collect();
    let mut tasks = Vec::new();
    for (index, inbox) in inboxes.tasks.into_iter().enumerate() {
        let mine = groups.iter_mut().filter_map(Iterator::next);
        let listeners = mine
            .map(Listener::new)
            .collect::<std::io::Result<Vec<_>>>()?;
        for Listener { socket, bound } in &listeners {
            let mailboxes = parts.mailboxes.clone();
            tokio::spawn(unreachable::report(socket.clone(), *bound, mailboxes));
        }
        let wires = Wires {
            listeners,
            connections: connections.clone(),
            ours: ours.clone(),
        };
        let worker = Worker::new(index, wires, inbox, parts.clone(), &mut seeds);
        tasks.push(tokio::spawn(worker.run()));
    }
    Ok(tasks)
}

/// Whether anybody is left who could send us something.
#[derive(Clone, Copy, PartialEq)]
enum Mailbox {
    Open,
    Closed,
}

struct Listener {
    socket: Arc<AsyncFd<UdpSocket>>,
    bound: SocketAddr,
}

impl Listener {
    fn new(socket: UdpSocket) -> std::io::Result<Listener> {
        let bound = socket.local_addr()?;
        let socket = Arc::new(udp::watched(socket)?);
        Ok(Listener { socket, bound })
    }

    fn serves(&self, local: SocketAddr) -> bool {
        self.bound == local
            || self.bound.ip().is_unspecified()
                && self.bound.port() == local.port()
                && self.bound.is_ipv4() == local.is_ipv4()
    }
}

/// What a task sends by.
struct Wires {
    listeners: Vec<Listener>,
    connections: Arc<Connections>,
    ours: Arc<[SipListener]>,
}

struct Owned {
    id: ShardId,
    shard: Shard,
    /// When the shard is to be woken, by its `poll_timeout`; kept here so that a turn of the loop asks
    /// only the shards that it touched.
    wakes_at: Time,
}

struct Worker<M> {
    /// Which of the tasks it is.
    index: usize,
    parts: Arc<Parts<M>>,
    listeners: Vec<Listener>,
    connections: Arc<Connections>,
    /// Every address that SIP is listened for at, by whatever transport.
    ours: Arc<[SipListener]>,
    inbox: Inbox,
    /// By place: shard number divided by the number of tasks.
    shards: Vec<Owned>,
    directory: Arc<Directory>,
    /// When the shards are next told what the clock on the wall shows.
    wall_due: Time,
    rng: ChaCha8Rng,
    local: LocalAddresses,
    limits: Limits,
    counters: Counters,
    /// Whose the calls of our shards are, and how far they have come.
    held: HashMap<CallId, (Holder, Stage), ahash::RandomState>,
    /// On whose word the INVITE came that is being handled.
    admitting: Option<Holder>,
    /// Who is to be told what comes of what a user does with his own call, while a shard does it.
    asks: Option<oneshot::Sender<Result<(), OwnCallRefusal>>>,
    /// For the queue engine, of the step that is under way.
    unheard: Vec<acd::Input>,
    /// For callback lists, of the step that is under way.
    unasked: Vec<callback::Input>,
    /// For the queue engine, when its channel had no room.
    for_acd: VecDeque<ToAcd>,
    /// For the task of callback lists, when its channel had no room.
    for_callbacks: VecDeque<ToCallback>,
    /// For other shards, when the mailbox of the first one's task had no room; all in order.
    untold: VecDeque<ShardInput>,
    unsent: VecDeque<(Flow, Bytes)>,
    /// Subscriptions that are to look again; those of other tasks stay here while their mailbox is full.
    changed: BTreeSet<SubscriptionId>,
    /// Messages of lately.
    ladder: Ladder,
    /// Whether what is sent just now may answer a message of a call: not what answers a registration.
    answers_call: bool,
    buffer: Box<[u8]>,
    // Kept to be used again: their allocations.
    outputs: Vec<Output>,
    inputs: Vec<ShardInput>,
    forwarded: Vec<Forwarded>,
    streamed: Vec<Forwarded>,
}

impl<M: Media> Worker<M> {
    fn new(
        index: usize,
        wires: Wires,
        inbox: Inbox,
        parts: Arc<Parts<M>>,
        seeds: &mut ChaCha8Rng,
    ) -> Worker<M> {
        let owned = (0..ShardId::COUNT)
            .map(ShardId)
            .filter(|id| parts.mailboxes.task_of(*id) == index);
        let shards = owned
            .map(|id| {
                let shard = Shard::new(id, seed(seeds), parts.directory.clone());
                // Trunks that are to be kept up are begun with at once.
                let wakes_at = wake::wakes_at(shard.poll_timeout());
                Owned {
                    id,
                    shard,
                    wakes_at,
                }
            })
            .collect();
        Worker {
            index,
            listeners: wires.listeners,
            connections: wires.connections,
            ours: wires.ours,
            inbox,
            shards,
            directory: parts.directory.clone(),
            wall_due: Time::ZERO,
            rng: ChaCha8Rng::from_seed(seed(seeds)),
            local: LocalAddresses::default(),
            limits: Limits::default(),
            counters: Counters::new(),
            held: HashMap::default(),
            admitting: None,
            asks: None,
            unheard: Vec::new(),
            unasked: Vec::new(),
            for_acd: VecDeque::new(),
            for_callbacks: VecDeque::new(),
            untold: VecDeque::new(),
            unsent: VecDeque::new(),
            changed: BTreeSet::new(),
            ladder: Ladder::of(parts.ladder_bytes / parts.mailboxes.tasks()),
            answers_call: true,
            buffer: vec![0; DATAGRAM_BYTES_MAX].into(),
            outputs: Vec::new(),
            inputs: Vec::with_capacity(BUDGET),
            forwarded: Vec::with_capacity(BUDGET),
            streamed: Vec::with_capacity(BUDGET),
            parts,
        }
    }

    async fn run(mut self) {
        let mut sleep = Box::pin(tokio::time::sleep(std::time::Duration::ZERO));
        let mut sleeps_until = Time::ZERO;
        let ours = self.ours.clone();
        self.step_all(self.parts.clock.now(), || Input::Listening(ours.clone()));
        loop {
            self.tell_acd().await;
            self.tell_callbacks().await;
            self.tell_shards();
            let wakes_at = self.wakes_at();
            // A deadline that moves away, as most do with each message, is left to come: waking for nothing then
            // costs less than to set it anew each time.
            if (wakes_at < sleeps_until || sleep.is_elapsed())
                && let Some(instant) = self.parts.clock.instant(wakes_at)
            {
                sleep.as_mut().reset(instant.into());
                sleeps_until = wakes_at;
            }
            let timed = wakes_at != Time::NEVER;
            let ready = |cx: &mut Context<'_>| self.poll_ready(cx, timed.then_some(sleep.as_mut()));
            let mailbox = poll_fn(ready).await;
            self.tell_wall_clock();
            self.take_inputs();
            self.take_messages();
            self.read_sockets();
            self.run_timers();
            self.tell_changed();
            self.send_unsent();
            if mailbox == Mailbox::Closed {
                return;
            }
        }
    }

    /// Ready when any source has something, with as much of the mailboxes as the budget lets through.
    fn poll_ready(
        &mut self,
        cx: &mut Context<'_>,
        sleep: Option<Pin<&mut Sleep>>,
    ) -> Poll<Mailbox> {
        let mut any = false;
        let mut mailbox = Mailbox::Open;
        if let Poll::Ready(many) = self
            .inbox
            .inputs
            .poll_recv_many(cx, &mut self.inputs, BUDGET)
        {
            any = true;
            if many == 0 {
                mailbox = Mailbox::Closed;
            }
        }
        let forwarded = &mut self.forwarded;
        any |= self
            .inbox
            .forwarded
            .poll_recv_many(cx, forwarded, BUDGET)
            .is_ready();
        let streamed = &mut self.streamed;
        any |= self
            .inbox
            .streamed
            .poll_recv_many(cx, streamed, BUDGET)
            .is_ready();
        for listener in &self.listeners {
            any |= listener.socket.poll_read_ready(cx).is_ready();
        }
        if let Some(sleep) = sleep {
            any |= sleep.poll(cx).is_ready();
        }
        if any {
            Poll::Ready(mailbox)
        } else {
            Poll::Pending
        }
    }

    fn wakes_at(&self) -> Time {
        let wakes = self.shards.iter().map(|owned| owned.wakes_at);
        let mut next = wakes.min().unwrap_or(Time::NEVER);
        if !self.untold.is_empty() || !self.changed.is_empty() {
            next = next.min(self.parts.clock.now() + TELL_AGAIN_AFTER);
        }
        if !self.unsent.is_empty() {
            next = next.min(self.parts.clock.now() + SEND_AGAIN_AFTER);
        }
        next
    }

    /// Hands over what had no room in the queue engine's channel. While it waits no input is taken, so
    /// what waits is what one turn of the loop produced.
    async fn tell_acd(&mut self) {
        while let Some(message) = self.for_acd.pop_front() {
            if self.parts.acd.send(message).await.is_err() {
                // The engine's task ends last of all, with the process.
                return;
            }
        }
    }

    /// The same for the task of callback lists, which never waits for us either.
    async fn tell_callbacks(&mut self) {
        while let Some(message) = self.for_callbacks.pop_front() {
            if self.parts.callbacks.send(message).await.is_err() {
                return;
            }
        }
    }
}

fn seed(rng: &mut ChaCha8Rng) -> [u8; 32] {
    let mut seed = [0; 32];
    rng.fill_bytes(&mut seed);
    seed
}

fn listener_of<'a>(listeners: &'a [Listener], flow: &Flow) -> Option<&'a Listener> {
    listeners
        .iter()
        .find(|listener| listener.serves(flow.local))
}
