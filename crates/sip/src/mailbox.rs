//! How the rest of the process reaches a shard: one task owns a set of shards, and each task has three
//! mailboxes. Datagrams may be dropped when theirs is full, since peers send again; everything else
//! waits for room.

use crate::ladder::Kept;
use base::{CallId, ShardId, SubscriptionId};
use call::QuickCloses;
use call::closing::CarriedOut;
use call::dictation::RecordingKept;
use call::settings::Directory;
use call::{Asker, CallView, Crosswise};
use control::{OwnCallCommand, OwnCallRefusal, Permitted};
use sip_core::next_hop::Target;
use sip_core::{Flow, Message};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Datagrams read by one task that wait for the task of their shard. A tenth of a second at 20,000/s:
/// older ones have been sent again already.
const FORWARDED_MAX: usize = 2_048;

/// Messages of connections that wait for the task of their shard. A connection has one of them at a time and
/// waits for room with it, so this is for smoothness only.
const STREAMED_MAX: usize = 256;

/// Room in the reliable mailbox for each call: media events and commands of the queue engine, of which a
/// call has a few under way at a time.
const INPUTS_PER_CALL: usize = 8;

/// Room for what belongs to no call.
const INPUTS_SPARE: usize = 1_024;

/// Something for a shard, or for all shards of a task, that must not be lost.
#[derive(Debug)]
pub enum ShardInput {
    /// A command of the queue engine for a call of this shard.
    Acd {
        /// The shard.
        shard: ShardId,
        /// The command.
        command: acd::Command,
    },
    /// A command of callback lists for a call of this shard, or one that it is to place.
    Callback {
        /// The shard.
        shard: ShardId,
        /// The command.
        command: callback::Command,
    },
    /// What a call, of whatever shard, tells one of this shard's.
    Told {
        /// The shard.
        shard: ShardId,
        /// What.
        message: Crosswise,
    },
    /// Something heard or done by a media session.
    Media(media_core::Event),
    /// Something that this subscription watches has changed.
    Changed(SubscriptionId),
    /// What a shard sent over that flow may not have got out.
    TransportFailed {
        /// The shard.
        shard: ShardId,
        /// The flow.
        flow: Flow,
    },
    /// Where a next hop is that this shard asked for.
    Resolved {
        /// The shard.
        shard: ShardId,
        /// Who asked there.
        asker: Asker,
        /// Where requests go, best first.
        targets: Vec<Target>,
    },
    /// Whether what a call had recorded was kept is known.
    RecordingKept {
        /// The call.
        call: CallId,
        /// Whether it was.
        kept: RecordingKept,
    },
    /// What came of what a call asked to have done is known.
    CarriedOut {
        /// The call.
        call: CallId,
        /// What.
        done: CarriedOut,
    },
    /// New settings for all.
    Configure(Arc<Directory>),
    /// What is closed by hand, for all.
    QuickCloses(Arc<QuickCloses>),
    /// All take no new calls from now on.
    Drain {
        /// What refused callers are told in Retry-After.
        retry_after: Duration,
    },
    /// All end every call.
    EndAll,
    /// What calls are there?
    Calls(oneshot::Sender<Vec<CallView>>),
    /// Which messages of lately are kept, and which Call-IDs have the legs of this call?
    Ladder(CallId, oneshot::Sender<Kept>),
    /// None of those is kept any more.
    ForgetMessages(oneshot::Sender<()>),
    /// How do these of them stand? Those of other tasks' shards are left out.
    CallsOf(Arc<[CallId]>, oneshot::Sender<Vec<CallView>>),
    /// A user does something with a call of his own.
    OwnCall {
        /// The shard that has the call, or is to.
        shard: ShardId,
        /// What.
        command: Permitted<OwnCallCommand>,
        /// Told what came of it.
        answer: oneshot::Sender<Result<(), OwnCallRefusal>>,
    },
}

/// What shards tell the queue engine's task.
#[derive(Debug)]
pub enum ToAcd {
    /// An input of the engine.
    Input(acd::Input),
    /// The user got his first binding or lost his last. Which of the two is looked up when this is read, so
    /// that two of these can't overtake each other.
    DeviceChanged(base::UserId),
}

/// What shards tell the task of callback lists: never dropped, as what they tell the queue engine.
#[derive(Debug)]
pub struct ToCallback(pub callback::Input);

/// A message read from the wire by another task, or by a connection's.
#[derive(Debug)]
pub(crate) struct Forwarded {
    pub(crate) shard: ShardId,
    pub(crate) flow: Flow,
    pub(crate) message: Message,
}

/// The senders' side of all mailboxes.
#[derive(Clone, Debug)]
pub struct Mailboxes {
    tasks: Arc<[Senders]>,
}

#[derive(Debug)]
struct Senders {
    inputs: mpsc::Sender<ShardInput>,
    forwarded: mpsc::Sender<Forwarded>,
    streamed: mpsc::Sender<Forwarded>,
}

/// The receivers' side, for [`crate::start`].
#[derive(Debug)]
pub struct Inboxes {
    pub(crate) tasks: Vec<Inbox>,
}

#[derive(Debug)]
pub(crate) struct Inbox {
    pub(crate) inputs: mpsc::Receiver<ShardInput>,
    pub(crate) forwarded: mpsc::Receiver<Forwarded>,
    pub(crate) streamed: mpsc::Receiver<Forwarded>,
}

/// Mailboxes for `tasks` tasks that have `calls_max` calls in all.
pub fn mailboxes(tasks: usize, calls_max: u32) -> (Mailboxes, Inboxes) {
    let tasks = tasks.clamp(1, usize::from(ShardId::COUNT));
    let room = calls_max as usize * INPUTS_PER_CALL + INPUTS_SPARE;
    let (senders, inboxes): (Vec<Senders>, Vec<Inbox>) = (0..tasks)
        .map(|_| {
            let (to_inputs, inputs) = mpsc::channel(room);
            let (to_forwarded, forwarded) = mpsc::channel(FORWARDED_MAX);
            let (to_streamed, streamed) = mpsc::channel(STREAMED_MAX);
            let senders = Senders {
                inputs: to_inputs,
                forwarded: to_forwarded,
                streamed: to_streamed,
            };
            let inbox = Inbox {
                inputs,
                forwarded,
                streamed,
            };
            (senders, inbox)
        })
        .unzip();
    let mailboxes = Mailboxes {
        tasks: senders.into(),
    };
    (mailboxes, Inboxes { tasks: inboxes })
}

impl Mailboxes {
    /// How many tasks there are.
    pub fn tasks(&self) -> usize {
        self.tasks.len()
    }

    /// The task that owns a shard.
    pub fn task_of(&self, shard: ShardId) -> usize {
        usize::from(shard.0) % self.tasks.len()
    }

    /// The reliable mailbox of a task.
    pub fn inputs(&self, task: usize) -> &mpsc::Sender<ShardInput> {
        &self.tasks[task].inputs
    }

    /// Hands a media event to the shard of its leg, without waiting: media threads must not. If there is no
    /// room, which takes a task that is stuck, the event is lost and counted.
    pub fn media_event(&self, event: media_core::Event) {
        let task = self.task_of(event.leg().shard);
        if self
            .inputs(task)
            .try_send(ShardInput::Media(event))
            .is_err()
        {
            metrics::counter!("kolapp_sip_media_events_lost_total").increment(1);
        }
    }

    /// Hands the same to every task.
    pub async fn broadcast(&self, input: impl Fn() -> ShardInput) {
        for senders in self.tasks.iter() {
            // A task that is gone has no shards left to tell.
            let _ = senders.inputs.send(input()).await;
        }
    }

    /// All live calls, in the order of their ids.
    pub async fn calls(&self) -> Vec<CallView> {
        let mut calls = Vec::new();
        for senders in self.tasks.iter() {
            let (answer, answered) = oneshot::channel();
            if senders.inputs.send(ShardInput::Calls(answer)).await.is_ok() {
                calls.extend(answered.await.unwrap_or_default());
            }
        }
        calls.sort_by_key(|call: &CallView| call.id);
        calls
    }

    /// Those of these calls that are live, in the order of their ids.
    pub async fn calls_of(&self, ids: Arc<[CallId]>) -> Vec<CallView> {
        let mut calls = Vec::new();
        for (task, senders) in self.tasks.iter().enumerate() {
            if !ids.iter().any(|id| self.task_of(id.shard) == task) {
                continue;
            }
            let (answer, answered) = oneshot::channel();
            let asked = ShardInput::CallsOf(ids.clone(), answer);
            if senders.inputs.send(asked).await.is_ok() {
                calls.extend(answered.await.unwrap_or_default());
            }
        }
        calls.sort_by_key(|call: &CallView| call.id);
        calls
    }

    /// Has every task forget the messages that it keeps, and waits until they have.
    pub async fn forget_messages(&self) {
        for senders in self.tasks.iter() {
            let (answer, answered) = oneshot::channel();
            let sent = senders
                .inputs
                .send(ShardInput::ForgetMessages(answer))
                .await;
            if sent.is_ok() {
                // A task that has ended keeps nothing.
                let _ = answered.await;
            }
        }
    }

    /// What each task keeps of messages that may be of that call.
    pub async fn ladder(&self, call: CallId) -> Vec<Kept> {
        let mut all = Vec::new();
        for senders in self.tasks.iter() {
            let (answer, answered) = oneshot::channel();
            let asked = ShardInput::Ladder(call, answer);
            if senders.inputs.send(asked).await.is_ok() {
                all.extend(answered.await);
            }
        }
        all
    }

    /// Has something done with a user's own call; none where nobody is there to do it.
    pub async fn own_call(
        &self,
        command: Permitted<OwnCallCommand>,
    ) -> Option<Result<(), OwnCallRefusal>> {
        let asked = command.command();
        let shard = match asked.act.leg() {
            Some(leg) => leg.shard,
            None => call::shard_of_dialling(&asked.user),
        };
        let (answer, answered) = oneshot::channel();
        let input = ShardInput::OwnCall {
            shard,
            command,
            answer,
        };
        let sent = self.inputs(self.task_of(shard)).send(input).await;
        sent.ok()?;
        answered.await.ok()
    }

    /// Hands a message to the task of its shard, or says that there is no room.
    pub(crate) fn forward(&self, message: Forwarded) -> Result<(), ()> {
        let task = self.task_of(message.shard);
        self.tasks[task].forwarded.try_send(message).map_err(drop)
    }

    /// Hands a connection's message to the task of its shard, as soon as there is room.
    pub(crate) async fn deliver(&self, message: Forwarded) {
        let task = self.task_of(message.shard);
        // A task that is gone answers nobody any more.
        let _ = self.tasks[task].streamed.send(message).await;
    }
}

/// The call that a command of the queue engine is about; none for the answer to somebody outside.
pub(crate) fn call_of(command: &acd::Command) -> Option<CallId> {
    match command {
        acd::Command::Ring { call, .. }
        | acd::Command::Withdraw { call, .. }
        | acd::Command::Connect { call, .. }
        | acd::Command::Release { call, .. }
        | acd::Command::Refuse { call, .. }
        | acd::Command::Move { call, .. }
        | acd::Command::Room { call }
        | acd::Command::Position { call, .. }
        | acd::Command::Standing { call, .. } => Some(*call),
        acd::Command::Moved { .. }
        | acd::Command::CallBack { .. }
        | acd::Command::CallOff { .. } => None,
        acd::Command::Answer { asker, .. } => match asker {
            acd::Asker::Call(call) => Some(*call),
            acd::Asker::Control(_) => None,
        },
    }
}

/// The shard that a command of callback lists is for: a caller's own, or the one that places the call to a person; none for
/// what concerns the owner of the lists.
pub(crate) fn shard_of(command: &callback::Command) -> Option<ShardId> {
    use callback::Command;
    match command {
        Command::Offer { call, .. }
        | Command::Choices { call, .. }
        | Command::Reserved { call, .. }
        | Command::Accepted { call, .. }
        | Command::Cancelled { call, .. }
        | Command::Dialled { call, .. } => Some(call.shard),
        Command::RingAgent { placing, .. }
        | Command::RingAnother { placing, .. }
        | Command::StopAgent { placing, .. }
        | Command::RingPerson { placing, .. }
        | Command::HangUp { placing, .. } => {
            let shard = placing.0 % u64::from(ShardId::COUNT);
            Some(ShardId(u8::try_from(shard).unwrap_or_default()))
        }
        Command::Store { .. } | Command::Answer { .. } | Command::NotGiven { .. } => None,
    }
}

impl ShardInput {
    /// The task it is for; the first, if it is for all.
    pub fn task(&self, mailboxes: &Mailboxes) -> usize {
        match self {
            ShardInput::Acd { shard, .. }
            | ShardInput::Callback { shard, .. }
            | ShardInput::Told { shard, .. } => mailboxes.task_of(*shard),
            ShardInput::Media(event) => mailboxes.task_of(event.leg().shard),
            ShardInput::RecordingKept { call, .. } | ShardInput::CarriedOut { call, .. } => {
                mailboxes.task_of(call.shard)
            }
            ShardInput::Changed(subscription) => mailboxes.task_of(subscription.shard),
            ShardInput::TransportFailed { shard, .. }
            | ShardInput::Resolved { shard, .. }
            | ShardInput::OwnCall { shard, .. } => mailboxes.task_of(*shard),
            ShardInput::Configure(_)
            | ShardInput::QuickCloses(_)
            | ShardInput::Drain { .. }
            | ShardInput::EndAll
            | ShardInput::Calls(_)
            | ShardInput::CallsOf(..)
            | ShardInput::Ladder(..)
            | ShardInput::ForgetMessages(_) => 0,
        }
    }

    /// A command of the queue engine on its way to its call; or the command back, when it is the answer to
    /// somebody outside.
    pub fn acd(command: acd::Command) -> Result<ShardInput, acd::Command> {
        match call_of(&command) {
            Some(call) => Ok(ShardInput::Acd {
                shard: call.shard,
                command,
            }),
            None => Err(command),
        }
    }

    /// A command of callback lists on its way to its call; or the command back, when it is for whoever owns the lists.
    pub fn callback(command: callback::Command) -> Result<ShardInput, callback::Command> {
        match shard_of(&command) {
            Some(shard) => Ok(ShardInput::Callback { shard, command }),
            None => Err(command),
        }
    }
}
