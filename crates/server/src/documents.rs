//! Answers as documents: what `ctl --json` prints, tables are drawn from, and pages will show. Their keys
//! are a promise to whoever reads them by machine.

use base::{OrgId, QueueId, UserId};
use calendar::{Effect, Waiting};
use callback::{Given, Outcome};
use control::Device;
use serde::{Deserialize, Serialize};
pub(crate) use web::{
    BanRow, ConfigStatus, ListenerRow, LogTail, MediaStatus, OrganisationRow, RegistrationRow,
    Status, TrunkRow,
};
use web::{CallersInLine, FiguresReport, ForecastRow, LadderOfCall, LeadsTo};

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
    Organisations(Vec<OrganisationRow>),
    Log(LogTail),
    /// Callers in a queue's line.
    Callers(CallersInLine),
    /// The SIP messages of a call.
    Ladder(LadderOfCall),
    Why(Vec<WhyRow>),
    /// Lines of a log, as `kolapp simulate --from-log` reads them.
    Traffic(Vec<String>),
    Doors(Vec<DoorRow>),
    QuickCloses(Vec<QuickRow>),
    QuickPreview(Vec<QuickPreviewRow>),
    /// Versions of prompts, or the one that was made.
    Prompts(Vec<PromptRow>),
    Licences(LicenceReport),
    Figures(Box<FiguresReport>),
    Reloaded(Reloaded),
    Moved(MovedRow),
    Callbacks(CallbackPage),
    Callback(Box<CallbackDocument>),
    /// All that is kept of a number.
    CallbackExport(Vec<CallbackDocument>),
    CallbackDone(CallbackDone),
    Setting(Setting),
    BackedUp(BackedUp),
    /// A change was made.
    Changed,
}

/// A page of callback lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CallbackPage {
    /// How many rows all pages have.
    pub(crate) total: usize,
    pub(crate) rows: Vec<CallbackRow>,
}

/// A callback. Moments are as RFC 3339 writes them, in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CallbackRow {
    pub(crate) id: String,
    pub(crate) list: QueueId,
    pub(crate) status: callback::Status,
    pub(crate) arrived: String,
    /// The window's name; none where the caller wants to be called as soon as possible.
    pub(crate) window: Option<String>,
    pub(crate) window_from: Option<String>,
    pub(crate) window_until: Option<String>,
    /// From when on he may be called.
    pub(crate) due: String,
    pub(crate) is_due: bool,
    pub(crate) is_overdue: bool,
    pub(crate) number: String,
    pub(crate) given: Given,
    /// What he keyed of himself: masked in a list.
    pub(crate) keyed: Option<String>,
    pub(crate) attempts: usize,
    pub(crate) tried_by: Option<UserId>,
    pub(crate) held_by: Option<UserId>,
    pub(crate) held_until: Option<String>,
    pub(crate) latest: Option<String>,
    pub(crate) version: u32,
}

/// A callback with all that is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CallbackDocument {
    #[serde(flatten)]
    pub(crate) row: CallbackRow,
    pub(crate) tries: Vec<CallbackAttempt>,
    pub(crate) history: Vec<CallbackEvent>,
}

/// An attempt to reach the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CallbackAttempt {
    pub(crate) at: String,
    pub(crate) agent: UserId,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) text: Option<String>,
}

/// Something that came about with a callback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CallbackEvent {
    pub(crate) at: String,
    pub(crate) by: String,
    pub(crate) what: String,
}

/// What came of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CallbackDone {
    Done,
    Leased {
        entry: String,
        until: String,
    },
    /// To which window, if to one, and from when on he may be called.
    Moved {
        entry: String,
        window: Option<String>,
        due: String,
    },
    Calling {
        entry: String,
    },
    Revealed {
        keyed: String,
    },
    Erased {
        erased: u32,
        left: u32,
    },
}

/// A copy of what is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BackedUp {
    pub(crate) file: String,
    pub(crate) bytes: u64,
}

/// Callers who wait in another queue now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MovedRow {
    pub(crate) from: QueueId,
    pub(crate) to: QueueId,
    /// How many they are: no more than there was room for.
    pub(crate) moved: u32,
}

/// Who is billed for licences in a month, and which queues for calling back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LicenceReport {
    pub(crate) month: String,
    pub(crate) rows: Vec<BilledRow>,
}

/// What is billed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum BilledTo {
    /// A user, for his licence.
    User(UserId),
    /// A queue, for calling back.
    Queue(QueueId),
}

/// One user with a licence, or one queue that calls back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BilledRow {
    pub(crate) organisation: OrgId,
    #[serde(flatten)]
    pub(crate) to: BilledTo,
    pub(crate) licence: String,
    /// By the organisation's clock, as are all moments here.
    pub(crate) activated: String,
    /// Whether it was activated in this month.
    pub(crate) start_fee: bool,
    /// When it ended, where that was in this month.
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
    /// Where callers go who find it closed; none where they are told that it is busy.
    #[serde(default)]
    pub(crate) leads_to: Option<LeadsTo>,
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
    /// It is no more, and serves whoever is in it.
    pub(crate) draining: bool,
    pub(crate) totals: QueueTotals,
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
    /// Left their place to be called back.
    pub(crate) called_back: u64,
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
