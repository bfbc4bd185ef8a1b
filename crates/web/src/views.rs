//! What is shown, as JSON. Moments are RFC 3339 in UTC; lists and people are named with their organisation
//! (`demo/support`), entries as `kolapp` shows them everywhere (`b17`).

use crate::csv;
use crate::desk::Desk;
use crate::office::{Happened, Shown, Told, Unread};
use base::{CallbackId, UserId};
use callback::{Given, Row, Status, Utc, Window, Wish};
use control::Outcome;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A moment as it is written.
pub(crate) fn moment(utc: Utc) -> String {
    let stamp = Timestamp::from_second(utc.as_seconds()).unwrap_or(Timestamp::UNIX_EPOCH);
    stamp.to_string()
}

/// The same of milliseconds.
pub(crate) fn moment_of_ms(utc_ms: u64) -> String {
    let stamp = Timestamp::from_millisecond(i64::try_from(utc_ms).unwrap_or(i64::MAX));
    stamp.unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

/// A callback as a list shows it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CallbackRow {
    /// Which.
    #[schema(example = "b17")]
    id: String,
    /// The list, named by its queue.
    #[schema(example = "demo/support")]
    list: String,
    /// When the caller's call came.
    #[schema(format = DateTime)]
    arrived: String,
    /// When he wants to be called; as soon as possible, where it is null.
    window: Option<WindowView>,
    /// From when on he may be called.
    #[schema(format = DateTime)]
    due: String,
    time: TimeView,
    /// The number to call.
    #[schema(example = "+46701234567")]
    number: String,
    number_is: GivenView,
    /// What he keyed of himself, masked.
    input: Option<String>,
    /// Who tried last.
    tried_by: Option<String>,
    /// How often somebody tried.
    attempts: usize,
    status: StatusView,
    /// Who has it, calls, or owes a description.
    held_by: Option<String>,
    /// Until when, if nothing comes of it.
    #[schema(format = DateTime)]
    held_until: Option<String>,
    /// The latest thing that somebody wrote of it.
    latest: Option<String>,
    /// One more with each change.
    version: u32,
}

/// A time that callers choose.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct WindowView {
    /// What the administrator calls it.
    name: String,
    /// When it begins.
    #[schema(format = DateTime)]
    from: String,
    /// When it is over.
    #[schema(format = DateTime)]
    until: String,
}

/// How far the clock has gone past an entry.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TimeView {
    /// It may not be called yet.
    Early,
    /// It may be called.
    Due,
    /// Its window is over.
    Overdue,
}

/// Where a number came from.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum GivenView {
    /// The caller's own, as it was shown.
    Shown,
    /// The caller keyed it.
    Keyed,
}

/// How an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum StatusView {
    NotHandled,
    Requeued,
    Started,
    Leased,
    InCall,
    AwaitingNote,
    Done,
    GivenUp,
    Cancelled,
    Expired,
}

/// What came of a call to a person.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OutcomeView {
    Reached,
    Busy,
    NoAnswer,
    Voicemail,
    WrongNumber,
    Failed,
    Interrupted,
    Abandoned,
}

/// One attempt to reach the person.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AttemptView {
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// Who tried.
    agent: String,
    /// What came of it; null while the call is under way.
    outcome: Option<OutcomeView>,
    /// What the agent wrote.
    text: Option<String>,
}

/// Something that came about with a callback.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct EventView {
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// Who or what did it, in words.
    by: String,
    /// What, in words.
    what: String,
}

/// A callback with all that came about with it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct WholeView {
    #[serde(flatten)]
    callback: CallbackView,
    /// All that came about, the first first; null where storage does not tell.
    history: Option<Vec<EventView>>,
}

/// A callback with all that is kept of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ToldView {
    #[serde(flatten)]
    callback: CallbackView,
    /// What the caller keyed of himself, whole.
    keyed: Option<String>,
    /// All that came about, the first first.
    history: Vec<EventView>,
}

/// A callback with all attempts.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CallbackView {
    #[serde(flatten)]
    row: CallbackRow,
    /// All attempts, the first first.
    tries: Vec<AttemptView>,
}

impl From<&Row> for CallbackRow {
    fn from(row: &Row) -> CallbackRow {
        let named = |user: &Option<UserId>| user.as_ref().map(ToString::to_string);
        CallbackRow {
            id: row.id.to_string(),
            list: row.queue.to_string(),
            arrived: moment(row.arrived),
            window: match &row.wish {
                Wish::AsSoonAsPossible => None,
                Wish::Window(window) => Some(WindowView::from(window)),
            },
            due: moment(row.due),
            time: match row.told {
                callback::Told::Nothing => TimeView::Early,
                callback::Told::Due => TimeView::Due,
                callback::Told::Overdue => TimeView::Overdue,
            },
            number: row.number.to_string(),
            number_is: match row.given {
                Given::Shown => GivenView::Shown,
                Given::Keyed => GivenView::Keyed,
            },
            input: row.input.clone(),
            tried_by: named(&row.tried_by),
            attempts: row.attempts,
            status: row.status.into(),
            held_by: named(&row.held_by),
            held_until: row.held_until.map(moment),
            latest: row.latest.as_ref().map(ToString::to_string),
            version: row.version,
        }
    }
}

fn or_nothing(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or_default()
}

impl CallbackRow {
    /// As a line of a table.
    pub(crate) fn line(&self) -> String {
        let (attempts, version) = (self.attempts.to_string(), self.version.to_string());
        let window = self.window.as_ref();
        csv::line([
            self.id.as_str(),
            &self.list,
            self.status.word(),
            &self.arrived,
            window.map_or("", |window| &window.name),
            window.map_or("", |window| &window.from),
            window.map_or("", |window| &window.until),
            &self.due,
            &self.number,
            or_nothing(&self.input),
            &attempts,
            or_nothing(&self.tried_by),
            or_nothing(&self.held_by),
            or_nothing(&self.held_until),
            or_nothing(&self.latest),
            &version,
        ])
    }
}

impl From<&Window> for WindowView {
    fn from(window: &Window) -> WindowView {
        WindowView {
            name: window.name.to_string(),
            from: moment(window.span.from),
            until: moment(window.span.until),
        }
    }
}

/// What came about with each of these.
pub(crate) async fn histories(
    desk: &Desk,
    entries: Vec<CallbackId>,
) -> Result<Vec<Vec<EventView>>, Unread> {
    let histories = desk.office().histories(entries).await?;
    let view = |happened: &Happened| EventView {
        at: moment(happened.at),
        by: happened.by.clone(),
        what: happened.what.clone(),
    };
    let histories = histories.iter().map(|it| it.iter().map(view).collect());
    Ok(histories.collect())
}

impl WholeView {
    pub(crate) async fn of(desk: &Desk, shown: &Shown) -> WholeView {
        let histories = histories(desk, vec![shown.row.id]).await;
        WholeView {
            callback: CallbackView::from(shown),
            history: histories.ok().and_then(|mut histories| histories.pop()),
        }
    }
}

impl From<(&Told, Vec<EventView>)> for ToldView {
    fn from((told, history): (&Told, Vec<EventView>)) -> ToldView {
        ToldView {
            callback: CallbackView::from(&told.shown),
            keyed: told.keyed.clone(),
            history,
        }
    }
}

impl From<&Shown> for CallbackView {
    fn from(shown: &Shown) -> CallbackView {
        let tries = shown.attempts.iter().map(|attempt| AttemptView {
            at: moment(attempt.at),
            agent: attempt.agent.to_string(),
            outcome: attempt.outcome.map(Into::into),
            text: attempt.text.as_ref().map(ToString::to_string),
        });
        CallbackView {
            row: CallbackRow::from(&shown.row),
            tries: tries.collect(),
        }
    }
}

impl From<Status> for StatusView {
    fn from(status: Status) -> StatusView {
        match status {
            Status::NotHandled => StatusView::NotHandled,
            Status::Requeued => StatusView::Requeued,
            Status::Started => StatusView::Started,
            Status::Leased => StatusView::Leased,
            Status::InCall => StatusView::InCall,
            Status::AwaitingNote => StatusView::AwaitingNote,
            Status::Done => StatusView::Done,
            Status::GivenUp => StatusView::GivenUp,
            Status::Cancelled => StatusView::Cancelled,
            Status::Expired => StatusView::Expired,
        }
    }
}

impl StatusView {
    /// As it is written.
    fn word(self) -> &'static str {
        match self {
            StatusView::NotHandled => "not-handled",
            StatusView::Requeued => "requeued",
            StatusView::Started => "started",
            StatusView::Leased => "leased",
            StatusView::InCall => "in-call",
            StatusView::AwaitingNote => "awaiting-note",
            StatusView::Done => "done",
            StatusView::GivenUp => "given-up",
            StatusView::Cancelled => "cancelled",
            StatusView::Expired => "expired",
        }
    }
}

impl From<StatusView> for Status {
    fn from(status: StatusView) -> Status {
        match status {
            StatusView::NotHandled => Status::NotHandled,
            StatusView::Requeued => Status::Requeued,
            StatusView::Started => Status::Started,
            StatusView::Leased => Status::Leased,
            StatusView::InCall => Status::InCall,
            StatusView::AwaitingNote => Status::AwaitingNote,
            StatusView::Done => Status::Done,
            StatusView::GivenUp => Status::GivenUp,
            StatusView::Cancelled => Status::Cancelled,
            StatusView::Expired => Status::Expired,
        }
    }
}

impl From<Outcome> for OutcomeView {
    fn from(outcome: Outcome) -> OutcomeView {
        match outcome {
            Outcome::Reached => OutcomeView::Reached,
            Outcome::Busy => OutcomeView::Busy,
            Outcome::NoAnswer => OutcomeView::NoAnswer,
            Outcome::Voicemail => OutcomeView::Voicemail,
            Outcome::WrongNumber => OutcomeView::WrongNumber,
            Outcome::Failed => OutcomeView::Failed,
            Outcome::Interrupted => OutcomeView::Interrupted,
            Outcome::Abandoned => OutcomeView::Abandoned,
        }
    }
}

/// A list or a person, as it is named: parsed where it comes in.
#[derive(Clone, Debug)]
pub(crate) struct Named<T>(pub(crate) T);

impl<'de, T: std::str::FromStr<Err: std::fmt::Display>> Deserialize<'de> for Named<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Named<T>, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Named).map_err(serde::de::Error::custom)
    }
}

/// An entry's number from a path.
pub(crate) fn entry_named(text: &str) -> Option<CallbackId> {
    text.parse().ok()
}
