//! Answers as documents: what `ctl --json` prints, tables are drawn from, and pages will show. Their keys
//! are a promise to whoever reads them by machine.

use base::{OrgId, QueueId, TrunkId, UserId};
use calendar::{Effect, Waiting};
use control::Device;
use serde::{Deserialize, Serialize};

/// An answer to a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data", rename_all = "kebab-case")]
pub(crate) enum Answer {
    Status(Box<Status>),
    Calls(Vec<CallRow>),
    Queues(Vec<QueueRow>),
    Agents(Vec<AgentRow>),
    Registrations(Vec<RegistrationRow>),
    Bans(Vec<BanRow>),
    Trunks(Vec<TrunkRow>),
    Why(Vec<WhyRow>),
    /// Lines of a log, as `kolapp simulate --from-log` reads them.
    Traffic(Vec<String>),
    Doors(Vec<DoorRow>),
    QuickCloses(Vec<QuickRow>),
    QuickPreview(Vec<QuickPreviewRow>),
    /// Versions of prompts, or the one that was made.
    Prompts(Vec<PromptRow>),
    Licences(LicenceReport),
    Reloaded(Reloaded),
    Moved(MovedRow),
    Setting(Setting),
    /// A change was made.
    Changed,
}

/// Callers who wait in another queue now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MovedRow {
    pub(crate) from: QueueId,
    pub(crate) to: QueueId,
    /// How many they are: no more than there was room for.
    pub(crate) moved: u32,
}

/// Who is billed for licences in a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LicenceReport {
    pub(crate) month: String,
    pub(crate) rows: Vec<BilledRow>,
}

/// One user with a licence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BilledRow {
    pub(crate) organisation: OrgId,
    pub(crate) user: UserId,
    pub(crate) licence: String,
    /// By the organisation's clock, as are all moments here.
    pub(crate) activated: String,
    /// Whether he was activated in this month.
    pub(crate) start_fee: bool,
    /// When he ended, where that was in this month.
    pub(crate) ended: Option<String>,
}

/// Whether a queue lets callers in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DoorRow {
    pub(crate) queue: QueueId,
    pub(crate) state: String,
    pub(crate) why: String,
    /// By its own clock; none where it doesn't change.
    pub(crate) until: Option<String>,
}

/// What is closed or opened by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct QuickRow {
    pub(crate) id: u32,
    pub(crate) effect: Effect,
    pub(crate) state: String,
    pub(crate) queues: Vec<QueueId>,
    pub(crate) from: String,
    pub(crate) until: String,
    pub(crate) waiting: Waiting,
    pub(crate) message: Option<String>,
    pub(crate) by: String,
}

/// What a quick-close would do to a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct QuickPreviewRow {
    pub(crate) queue: QueueId,
    /// What it would be at that time without it.
    pub(crate) now: String,
    /// And with it.
    pub(crate) then: String,
    pub(crate) from: String,
    pub(crate) until: String,
    /// Callers who wait now.
    pub(crate) waiting: u32,
    /// What they would do.
    pub(crate) they: String,
}

/// The server as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Status {
    pub(crate) version: String,
    pub(crate) uptime_s: u64,
    pub(crate) draining: bool,
    pub(crate) calls: usize,
    pub(crate) registrations: usize,
    pub(crate) waiting: u32,
    pub(crate) agents_logged_in: usize,
    pub(crate) listeners: Vec<ListenerRow>,
    pub(crate) media: MediaStatus,
    pub(crate) shards: u32,
    pub(crate) shard_tasks: usize,
    pub(crate) config: ConfigStatus,
}

/// Something listened on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ListenerRow {
    /// `sip` or `http`.
    pub(crate) service: String,
    pub(crate) transport: String,
    pub(crate) address: String,
}

/// The media engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MediaStatus {
    pub(crate) sessions: u64,
    pub(crate) ports_used: u64,
    pub(crate) packets_in: u64,
    pub(crate) packets_out: u64,
    pub(crate) dropped: u64,
    pub(crate) late_ticks: u64,
}

/// The configuration in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ConfigStatus {
    pub(crate) folder: String,
    pub(crate) reloads: u64,
    /// Errors of the last attempt to load, if it failed and the one before is still in force.
    pub(crate) last_errors: Vec<String>,
    /// Settings that the files have changed and that wait for a restart.
    pub(crate) needs_restart: Vec<String>,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CallRow {
    pub(crate) id: String,
    pub(crate) sip_call_id: String,
    pub(crate) caller: String,
    pub(crate) dialled: String,
    pub(crate) queue: Option<QueueId>,
    pub(crate) agent: Option<UserId>,
    pub(crate) state: String,
    pub(crate) duration_s: u64,
    /// Seconds since the two parties were joined.
    pub(crate) talking_s: Option<u64>,
}

/// One thing that was decided about a call in a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WhyRow {
    /// Milliseconds since the first.
    pub(crate) after_ms: u64,
    /// In words.
    pub(crate) what: String,
    /// Some of the agents who were not chosen, where one was.
    pub(crate) passed_over: Vec<PassedOverRow>,
}

/// An agent who was not chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PassedOverRow {
    pub(crate) agent: UserId,
    /// In words.
    pub(crate) why: String,
}

/// One queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct QueueRow {
    pub(crate) name: QueueId,
    /// Callers in the queue: those for whom nobody is rung and those who are being offered.
    pub(crate) waiting: u32,
    /// Of those, being offered to an agent.
    pub(crate) offered: u32,
    pub(crate) connected: u32,
    pub(crate) longest_wait_s: Option<u64>,
    /// Over those answered in the last 15 minutes and those who wait.
    pub(crate) average_wait_s: Option<u64>,
    /// Of a caller who comes now.
    pub(crate) expected_wait_s: Option<u64>,
    /// Mean of talk and wrap-up for a call.
    pub(crate) handling_s: Option<u64>,
    pub(crate) forecast: ForecastRow,
    pub(crate) agents_logged_in: u32,
    pub(crate) free: u32,
    pub(crate) busy: u32,
    pub(crate) wrap_up: u32,
    pub(crate) paused: u32,
    pub(crate) unreachable: u32,
    pub(crate) deferred: u32,
    /// It takes nobody in, by its load.
    pub(crate) closed_by_load: bool,
    pub(crate) totals: QueueTotals,
}

/// What callers could expect to wait when they came, and what they waited: means over those who were answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ForecastRow {
    /// Over how many.
    pub(crate) calls: u64,
    pub(crate) expected_s: Option<u64>,
    pub(crate) waited_s: Option<u64>,
    /// How far apart the two were.
    pub(crate) error_s: Option<u64>,
}

/// What a queue has seen since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct QueueTotals {
    pub(crate) entered: u64,
    pub(crate) connected: u64,
    pub(crate) abandoned: u64,
    /// Sent elsewhere from the queue, or gave their place to another.
    pub(crate) sent_on: u64,
    pub(crate) refused: u64,
    /// Went elsewhere by the queue's rules: they waited too long, pressed a key, or nobody was there.
    pub(crate) overflowed: u64,
}

/// One agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AgentRow {
    pub(crate) name: UserId,
    /// `free`, `offered`, `in-call`, `own-call`, `wrap-up`, `paused`, `deferred`, `unreachable` or
    /// `logged-out`.
    pub(crate) state: String,
    pub(crate) since_s: u64,
    /// Seconds until wrap-up or deferral ends.
    pub(crate) ends_in_s: Option<u64>,
    pub(crate) pause_reason: Option<String>,
    /// Queues he is logged in to.
    pub(crate) queues: Vec<QueueId>,
    pub(crate) reachable: bool,
    /// Where calls from queues reach him: `phone`, `mobile` or `both`.
    pub(crate) device: Device,
    pub(crate) taken: u64,
    pub(crate) missed: u64,
    pub(crate) declined: u64,
    pub(crate) device_errors: u64,
    /// Who or what paused him or logged him out, where it wasn't he himself.
    pub(crate) put_by: Option<String>,
    /// What counts towards the limits on him.
    pub(crate) missed_in_a_row: u32,
    pub(crate) missed_since_log_in: u32,
    pub(crate) errors_in_a_row: u32,
}

/// One binding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RegistrationRow {
    pub(crate) user: UserId,
    pub(crate) contact: String,
    /// Where its requests come from.
    pub(crate) source: String,
    pub(crate) transport: String,
    pub(crate) expires_in_s: u64,
    pub(crate) user_agent: Option<String>,
    /// The phone's preference among its user's contacts, 0 to 1.
    pub(crate) q: f64,
    /// The proxies that it is reached by, nearest first.
    pub(crate) path: Vec<String>,
    /// Which of the device's flows it is, where it keeps any (RFC 5626).
    pub(crate) reg_id: Option<u32>,
}

/// One banned source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BanRow {
    /// An address, or a block of IPv6.
    pub(crate) source: String,
    /// `wrong-credentials`, `unknown-users`, `unknown-numbers`, `scanner` or `operator`.
    pub(crate) cause: String,
    pub(crate) since_s: u64,
    pub(crate) ends_in_s: u64,
    /// How many times it has been banned by now.
    pub(crate) times: u32,
}

/// One trunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TrunkRow {
    pub(crate) name: TrunkId,
    /// `up`, `down` or `unknown`.
    pub(crate) state: String,
    /// How long that is so, where anybody looks.
    pub(crate) since_s: Option<u64>,
    /// Calls over it, in and out.
    pub(crate) calls: u32,
    /// How long the provider has us registered unless we come again; none where it hasn't.
    pub(crate) registered_for_s: Option<u64>,
    /// The server that has us.
    pub(crate) registered_at: Option<String>,
    /// What went wrong last, while it is not put right.
    pub(crate) trouble: Option<String>,
}

/// One version of a prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PromptRow {
    pub(crate) name: String,
    pub(crate) version: u32,
    /// Whether it is the one that callers hear.
    pub(crate) heard: bool,
    pub(crate) file: String,
}

/// What the configuration's files say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Setting {
    pub(crate) path: String,
    /// A text as it is; otherwise TOML, a line for each setting of a table. Without secrets.
    pub(crate) says: String,
}

/// What a reload did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reloaded {
    /// One line each.
    pub(crate) changes: Vec<String>,
    pub(crate) warnings: Vec<String>,
    /// Settings that differ now and take a restart.
    pub(crate) needs_restart: Vec<String>,
}
