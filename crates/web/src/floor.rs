//! Queues and agents as they are at one moment, as pages show them. What only grows older is told as the moment when it began,
//! so that nothing has changed where nothing has happened.

use crate::views::moment;
use base::{QueueId, UserId};
use callback::Utc;
use control::{Device, Principal, Sight};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// Waits that are reckoned change with each second; so much of a change is told by itself.
const ESTIMATE_STEP_S: u64 = 10;

/// Moments are told in whole seconds of a clock that is read anew each time: so far apart they may be the same.
const SAME_MOMENT_S: i64 = 1;

/// The queues and agents of an organisation.
#[derive(Clone, Debug, Default)]
pub struct Floor {
    /// The moment.
    pub at: Utc,
    /// Every queue, in the order of their names.
    pub queues: Vec<QueueView>,
    /// Every agent, in the order of their names.
    pub agents: Vec<AgentView>,
}

/// Whether callers are let in, as the hours and what is closed by hand say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DoorView {
    /// They are.
    Open,
    /// They aren't.
    Closed,
}

/// A queue.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct QueueView {
    /// Which.
    #[schema(value_type = String, example = "demo/support")]
    pub name: QueueId,
    /// Whether it is open by its hours, and by what was closed or opened by hand.
    pub state: DoorView,
    /// Why.
    pub why: String,
    /// When that changes; null where it doesn't.
    #[serde(serialize_with = "maybe_written")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Utc>,
    /// It takes nobody in for now, by its load.
    pub closed_by_load: bool,
    /// It is no more, and serves whoever is in it.
    pub draining: bool,
    /// Callers in the queue: those for whom nobody is rung and those who are being offered.
    pub waiting: u32,
    /// Of those, being offered to an agent.
    pub offered: u32,
    /// Callers who talk with agents.
    pub connected: u32,
    /// Since when whoever waits longest has; null, where nobody waits.
    #[serde(serialize_with = "maybe_written")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub waiting_since: Option<Utc>,
    /// How long that is now.
    pub longest_wait_s: Option<u64>,
    /// Over those answered in the last 15 minutes and those who wait.
    pub average_wait_s: Option<u64>,
    /// Of a caller who comes now.
    pub expected_wait_s: Option<u64>,
    /// Mean of talk and wrap-up for a call.
    pub handling_s: Option<u64>,
    /// Agents logged in here; each counts in one of those below.
    pub agents_logged_in: u32,
    /// Next for a caller.
    pub free: u32,
    /// Talking, being rung, or in a call of their own.
    pub busy: u32,
    /// In wrap-up time.
    pub wrap_up: u32,
    /// Paused.
    pub paused: u32,
    /// Without a device that can be called.
    pub unreachable: u32,
    /// Passed over for a while after an offer that came to nothing.
    pub deferred: u32,
    /// What it came to today.
    pub today: QueueDay,
}

/// What a queue came to today, by the clock of its organisation: of the callers who came today, all that became of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct QueueDay {
    /// From when on is counted: midnight, or later where what was before could not be read.
    #[serde(serialize_with = "written")]
    #[schema(value_type = String, format = DateTime)]
    pub from: Utc,
    /// Callers who came.
    pub entered: u64,
    /// Answered.
    pub answered: u64,
    /// Hung up before they were answered.
    pub abandoned: u64,
    /// Went elsewhere by the queue's rules.
    pub overflowed: u64,
    /// Left their place to be called back.
    pub called_back: u64,
    /// Not taken in.
    pub refused: u64,
    /// The share answered in time, from 0 to 1.
    pub service_level: Option<f64>,
    /// Of those who were answered.
    pub mean_wait_s: Option<f64>,
    /// Of anybody.
    pub longest_wait_s: f64,
    /// Calls that agents are done with.
    pub handled: u64,
    /// Mean of talk and wrap-up of those.
    pub mean_handling_s: Option<f64>,
}

/// What an agent does: of several that are true, the one named earliest here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AgentStateView {
    /// Talks to a caller from a queue.
    InCall,
    /// His device rings for a caller.
    Offered,
    /// Has time for work after a call.
    WrapUp,
    /// Takes calls from no queue.
    LoggedOut,
    /// Takes no calls for a while.
    Paused,
    /// Talks to somebody else, outside the queues.
    OwnCall,
    /// Logged in, and can't be called.
    Unreachable,
    /// Passed over for a while after an offer that came to nothing.
    Deferred,
    /// Next for a caller.
    Free,
}

/// An agent.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AgentView {
    /// Who.
    #[schema(value_type = String, example = "demo/anna")]
    pub name: UserId,
    /// What he is called.
    pub display_name: Option<String>,
    /// What he does.
    pub state: AgentStateView,
    /// Since when.
    #[serde(serialize_with = "written")]
    #[schema(value_type = String, format = DateTime)]
    pub since: Utc,
    /// When wrap-up or deferral ends.
    #[serde(serialize_with = "maybe_written")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ends: Option<Utc>,
    /// Why he has paused, where he said.
    pub pause_reason: Option<String>,
    /// The queue of the caller who is offered to him, with whom he talks, or after whom he works.
    #[schema(value_type = Option<String>, example = "demo/support")]
    pub queue: Option<QueueId>,
    /// Queues he is logged in to, as far as the reader sees them.
    #[schema(value_type = Vec<String>)]
    pub queues: Vec<QueueId>,
    /// Whether he can be called where he takes calls.
    pub reachable: bool,
    /// Where that is.
    #[schema(value_type = DeviceView)]
    pub device: Device,
    /// Who or what paused him or logged him out, where it wasn't he himself.
    pub put_by: Option<String>,
    /// Calls he has let ring since the last that he took.
    pub missed_in_a_row: u32,
    /// Offers that his device has failed since the last of which it made anything.
    pub errors_in_a_row: u32,
    /// What he did today.
    pub today: AgentDay,
}

/// What an agent did today, by the clock of his organisation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct AgentDay {
    /// From when on is counted: midnight, or later where what was before could not be read.
    #[serde(serialize_with = "written")]
    #[schema(value_type = String, format = DateTime)]
    pub from: Utc,
    /// Calls from queues that he took.
    pub taken: u64,
    /// That he let ring.
    pub missed: u64,
    /// That he declined.
    pub declined: u64,
    /// That his device or the network failed.
    pub device_errors: u64,
    /// That he is done with.
    pub handled: u64,
    /// How long he talked in those.
    pub talk_s: u64,
    /// How long he worked after them.
    pub wrap_up_s: u64,
}

/// Where an agent takes calls.
#[derive(ToSchema)]
#[schema(as = DeviceView, rename_all = "kebab-case")]
#[allow(
    dead_code,
    reason = "it names in the document what `control::Device` is"
)]
pub(crate) enum DeviceView {
    Phone,
    Mobile,
    Both,
    DeskPhone,
    Softphone,
    Browser,
}

impl Floor {
    /// The queue of that name.
    pub fn queue(&self, name: &QueueId) -> Option<&QueueView> {
        let found = self.queues.binary_search_by(|it| it.name.cmp(name));
        found.ok().map(|at| &self.queues[at])
    }

    /// The agent of that name.
    pub(crate) fn agent(&self, name: &UserId) -> Option<&AgentView> {
        let found = self.agents.binary_search_by(|it| it.name.cmp(name));
        found.ok().map(|at| &self.agents[at])
    }
}

impl QueueView {
    /// Whether nothing is to be told to whoever was told of `before`.
    pub(crate) fn is_like(&self, before: &QueueView) -> bool {
        let step = |seconds: Option<u64>| seconds.map(|it| it / ESTIMATE_STEP_S);
        step(self.average_wait_s) == step(before.average_wait_s)
            && step(self.expected_wait_s) == step(before.expected_wait_s)
            && are_same(self.waiting_since, before.waiting_since)
            && QueueView {
                average_wait_s: before.average_wait_s,
                expected_wait_s: before.expected_wait_s,
                longest_wait_s: before.longest_wait_s,
                waiting_since: before.waiting_since,
                ..self.clone()
            } == *before
    }
}

impl AgentView {
    /// Whether nothing is to be told to whoever was told of `before`.
    pub(crate) fn is_like(&self, before: &AgentView) -> bool {
        are_same(Some(self.since), Some(before.since))
            && are_same(self.ends, before.ends)
            && AgentView {
                since: before.since,
                ends: before.ends,
                ..self.clone()
            } == *before
    }

    /// Whether somebody sees him.
    pub(crate) fn is_seen_by(&self, by: &Principal, sight: &Sight) -> bool {
        sight.sees_agent(by, &self.name, &self.queues)
    }

    /// As somebody sees him, with his own queues each knows.
    pub(crate) fn shown_to(&self, by: &Principal, sight: &Sight) -> AgentView {
        let is_he = matches!(by, Principal::User { user, .. } if *user == self.name);
        let mut shown = self.clone();
        let sees = |queue: &QueueId| is_he || sight.sees(by, queue);
        shown.queues.retain(sees);
        shown.queue = shown.queue.filter(sees);
        shown
    }
}

fn are_same(one: Option<Utc>, other: Option<Utc>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => (one.as_seconds() - other.as_seconds()).abs() <= SAME_MOMENT_S,
        (one, other) => one == other,
    }
}

fn written<S: Serializer>(utc: &Utc, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&moment(*utc))
}

fn maybe_written<S: Serializer>(utc: &Option<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    match utc {
        Some(utc) => written(utc, serializer),
        None => serializer.serialize_none(),
    }
}
