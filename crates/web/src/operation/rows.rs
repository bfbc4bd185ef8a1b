//! What the server tells of itself: rows that the API shows, and `kolapp ctl` too. Their keys are a promise to whoever reads
//! them by machine. Spans are in seconds before or after the moment at which they were read.

use crate::ladder::LadderOfCall;
use base::{OrgId, QueueId, TrunkId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What somebody looks at.
#[derive(Clone, Debug, PartialEq)]
pub enum Look {
    /// The server as a whole.
    Status(Box<Status>),
    /// Its organisations.
    Organisations(Vec<OrganisationRow>),
    /// Trunks, as far as he sees them.
    Trunks(Vec<TrunkRow>),
    /// Who is banned.
    Bans(Vec<BanRow>),
    /// The last lines of its log.
    Log(LogTail),
    /// Callers in a queue's line.
    Callers(CallersInLine),
    /// The SIP messages of a call.
    Ladder(LadderOfCall),
}

/// The server as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ServerView)]
pub struct Status {
    /// Its version.
    pub version: String,
    /// For how long it runs.
    pub uptime_s: u64,
    /// It takes no new calls, and ends when those that there are have.
    pub draining: bool,
    /// Live calls.
    pub calls: usize,
    /// Registered devices.
    pub registrations: usize,
    /// Callers in queues whom nobody has answered.
    pub waiting: u32,
    /// Agents who take calls from a queue.
    pub agents_logged_in: usize,
    /// `ok`, or in a word what is wrong with where things are kept. Calls go on without.
    #[schema(example = "ok")]
    pub storage: String,
    /// Queues that take nobody in for now, by their load.
    #[schema(value_type = Vec<String>)]
    pub closed_by_load: Vec<QueueId>,
    /// Everything that is listened on.
    pub listeners: Vec<ListenerRow>,
    /// Sound.
    pub media: MediaStatus,
    /// Into how many parts signalling is divided.
    pub shards: u32,
    /// And how many tasks have them.
    pub shard_tasks: usize,
    /// The configuration in force.
    pub config: ConfigStatus,
}

/// Something listened on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ListenerView)]
pub struct ListenerRow {
    /// `sip` or `http`.
    #[schema(example = "sip")]
    pub service: String,
    /// Such as UDP.
    #[schema(example = "UDP")]
    pub transport: String,
    /// Address and port.
    #[schema(example = "192.0.2.1:5060")]
    pub address: String,
}

/// The media engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = MediaView)]
pub struct MediaStatus {
    /// Streams that go on.
    pub sessions: u64,
    /// Ports that they take.
    pub ports_used: u64,
    /// RTP packets heard since the start.
    pub packets_in: u64,
    /// And sent.
    pub packets_out: u64,
    /// And not believed or not understood.
    pub dropped: u64,
    /// How often a thread was late for its 20 ms.
    pub late_ticks: u64,
}

/// The configuration in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ConfigView)]
pub struct ConfigStatus {
    /// Where its files are.
    pub folder: String,
    /// How often it was taken up since the start.
    pub reloads: u64,
    /// When the one in force was taken up.
    #[serde(default)]
    #[schema(format = DateTime)]
    pub in_force_since: String,
    /// When files were last refused, where the ones before are still in force for that.
    #[serde(default)]
    #[schema(format = DateTime)]
    pub refused_at: Option<String>,
    /// Errors of the last attempt to load, if it failed and the one before is still in force.
    pub last_errors: Vec<String>,
    /// Settings that the files have changed and that wait for a restart.
    pub needs_restart: Vec<String>,
}

/// An organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = OrganisationView)]
pub struct OrganisationRow {
    /// Which.
    #[schema(value_type = String, example = "demo")]
    pub name: OrgId,
    /// Its SIP domain.
    #[schema(example = "demo.localhost")]
    pub domain: String,
    /// Accounts.
    pub users: usize,
    /// Registered devices of theirs.
    pub registrations: usize,
    /// Queues.
    pub queues: usize,
    /// Callers in them whom nobody has answered.
    pub waiting: u32,
    /// And those who talk with agents.
    pub connected: u32,
    /// Agents who take calls from a queue.
    pub agents_logged_in: usize,
    /// Trunks.
    pub trunks: usize,
    /// Of those, down.
    pub trunks_down: usize,
}

/// One binding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = RegistrationView)]
pub struct RegistrationRow {
    /// Whose.
    #[schema(value_type = String, example = "demo/anna")]
    pub user: UserId,
    /// Where he says that he is.
    pub contact: String,
    /// Where its requests come from.
    pub source: String,
    /// Such as UDP.
    pub transport: String,
    /// How long it holds, unless it comes again.
    pub expires_in_s: u64,
    /// What the phone calls itself.
    pub user_agent: Option<String>,
    /// The phone's preference among its user's contacts, 0 to 1.
    pub q: f64,
    /// The proxies that it is reached by, nearest first.
    pub path: Vec<String>,
    /// Which of the device's flows it is, where it keeps any (RFC 5626).
    pub reg_id: Option<u32>,
}

/// One banned source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = BanView)]
pub struct BanRow {
    /// An address, or a block of IPv6.
    #[schema(example = "192.0.2.1")]
    pub source: String,
    /// `wrong-credentials`, `unknown-users`, `unknown-numbers`, `scanner` or `operator`.
    #[schema(example = "scanner")]
    pub cause: String,
    /// For how long.
    pub since_s: u64,
    /// For how long still.
    pub ends_in_s: u64,
    /// How many times it has been banned by now.
    pub times: u32,
}

/// One trunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = TrunkView)]
pub struct TrunkRow {
    /// Which.
    #[schema(value_type = String, example = "demo/provider")]
    pub name: TrunkId,
    /// `up`, `down` or `unknown`.
    #[schema(example = "up")]
    pub state: String,
    /// How long that is so, where anybody looks.
    pub since_s: Option<u64>,
    /// Calls over it, in and out.
    pub calls: u32,
    /// How long the provider has us registered unless we come again; none where it hasn't.
    pub registered_for_s: Option<u64>,
    /// The server that has us.
    pub registered_at: Option<String>,
    /// What went wrong last, while it is not put right.
    pub trouble: Option<String>,
}

/// The last lines of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = LogView)]
pub struct LogTail {
    /// The oldest first.
    pub lines: Vec<String>,
    /// How many were written since the start, those that are no longer kept among them.
    pub written: u64,
}

/// Callers in a queue's line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CallersView)]
pub struct CallersInLine {
    /// The first of them.
    pub callers: Vec<CallerRow>,
    /// How many there are in all.
    pub total: usize,
    /// When that was so.
    #[schema(format = DateTime)]
    pub at: String,
}

/// A caller in a queue's line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CallerView)]
pub struct CallerRow {
    /// His call.
    #[schema(example = "c3-0-17")]
    pub call: String,
    /// His place, 1 being next in turn.
    pub place: u32,
    /// Who calls; null where no number was shown.
    #[schema(example = "+46701234567")]
    pub caller: Option<String>,
    /// What he dialled.
    pub dialled: Option<String>,
    /// When he first came to any queue.
    #[schema(format = DateTime)]
    pub arrived: String,
    /// How long ago that was.
    pub waited_s: u64,
    /// How many steps he goes before others.
    pub priority: u8,
    /// Whose devices ring for him.
    #[schema(value_type = Vec<String>)]
    pub offered_to: Vec<UserId>,
    /// He is choosing when to be called back, and keeps his place.
    pub chooses: bool,
}
