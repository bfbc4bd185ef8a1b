//! What is done with an entry. Each is a command that `control` permits and the lists carry out; what is checked here is only
//! what the request looks like.

use crate::body::Body;
use crate::caller::By;
use crate::desk::Desk;
use crate::lists::shown_to;
use crate::problem::Problem;
use crate::views::{CallbackView, Named, moment};
use axum::Json;
use axum::extract::{Path, State};
use base::UserId;
use callback::Done;
use control::{CallbackCommand, EntryAction, Note, Outcome, Then, WindowChoice, permit};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// For whom something is done, and on which version of the entry.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForAgent {
    /// The agent; whoever asks, where it is not said.
    #[schema(value_type = Option<String>, pattern = r"^[a-z0-9_.-]{1,64}/[a-z0-9_.-]{1,64}$")]
    agent: Option<Named<UserId>>,
    /// The version that was seen: nothing is done to a later one.
    version: Option<u32>,
}

/// On which version of the entry something is done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plain {
    /// The version that was seen: nothing is done to a later one.
    version: Option<u32>,
}

/// Something done for a reason.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Because {
    /// Why.
    #[schema(
        min_length = 1,
        max_length = 1000,
        pattern = r"[^\s\x00-\x1f\x7f-\x9f]"
    )]
    text: Option<String>,
    /// The version that was seen: nothing is done to a later one.
    version: Option<u32>,
}

/// What came of a call.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoteBody {
    /// The agent; whoever asks, where it is not said.
    #[schema(value_type = Option<String>, pattern = r"^[a-z0-9_.-]{1,64}/[a-z0-9_.-]{1,64}$")]
    agent: Option<Named<UserId>>,
    /// In his words.
    #[schema(
        min_length = 1,
        max_length = 1000,
        pattern = r"[^\s\x00-\x1f\x7f-\x9f]"
    )]
    text: String,
    /// What came of it, if it isn't what it seemed.
    outcome: Option<Said>,
    /// What becomes of the entry, if not what its queue has as a rule.
    then: Option<ThenBody>,
    /// The version that was seen: nothing is done to a later one.
    version: Option<u32>,
}

/// What an agent may say came of his call.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Said {
    Reached,
    Busy,
    NoAnswer,
    Voicemail,
    WrongNumber,
}

/// What becomes of an entry after a call.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ThenBody {
    /// The person is called again.
    Requeue,
    /// It is done with.
    Close,
}

/// Another time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveBody {
    /// A window that the list has; as soon as possible, where it is null or not said.
    #[serde(default, deserialize_with = "crate::body::object_within")]
    window: Option<WindowBody>,
    /// The version that was seen: nothing is done to a later one.
    version: Option<u32>,
}

/// A window.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WindowBody {
    /// What the administrator calls it.
    #[schema(max_length = 200)]
    name: String,
    /// When it begins.
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
}

/// What came of it, and how the entry stands then; `entry` is null where it can't be seen any more.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DoneView {
    callback: Option<CallbackView>,
    /// Until when it is the agent's, if nothing comes of it.
    #[schema(format = DateTime)]
    leased_until: Option<String>,
    /// What the caller keyed, whole.
    revealed: Option<String>,
}

/// Carries out what is to be done with an entry, and shows it as it is then.
async fn act(
    desk: &Desk,
    by: &By,
    callback: &str,
    version: Option<u32>,
    action: EntryAction,
) -> Result<Json<DoneView>, Problem> {
    let row = shown_to(desk, by, callback)?.row;
    let command = CallbackCommand::Entry {
        list: row.queue,
        entry: row.id,
        version,
        action,
    };
    let done = carry_out(desk, by, command).await?;
    let (leased_until, revealed) = match done {
        Done::Leased { until, .. } => (Some(moment(desk.office().utc(until))), None),
        Done::Revealed(whole) => (None, Some(whole)),
        Done::Done | Done::Calling { .. } | Done::Erased { .. } => (None, None),
    };
    let shown = shown_to(desk, by, callback).ok();
    Ok(Json(DoneView {
        callback: shown.as_ref().map(CallbackView::from),
        leased_until,
        revealed,
    }))
}

/// The one check, and then the lists.
pub(crate) async fn carry_out(
    desk: &Desk,
    by: &By,
    command: CallbackCommand,
) -> Result<Done, Problem> {
    let permitted = permit(by.principal().clone(), command)?;
    Ok(desk.office().command(permitted).await?)
}

/// What each of these is documented by; what differs is its path, its body and what it does.
macro_rules! act {
    ($(#[$doc:meta])* $name:ident, $path:literal, $body:ty as $shown:ty, |$by:ident, $given:ident| $action:expr) => {
        $(#[$doc])*
        #[utoipa::path(
            post, path = $path, tag = "callbacks", request_body = $shown,
            params(("callback" = String, Path, pattern = "^b[0-9]{1,18}$", example = "b17")),
            responses(
                (status = 200, body = DoneView),
                (status = 400, response = Problem),
                (status = 401, response = Problem),
                (status = 403, response = Problem),
                (status = 404, response = Problem),
                (status = 409, response = Problem),
                (status = 413, response = Problem),
                (status = 415, response = Problem),
                (status = 422, response = Problem),
                (status = 503, response = Problem),
            ),
        )]
        pub(crate) async fn $name(
            State(desk): State<Desk>,
            $by: By,
            Path(callback): Path<String>,
            Body($given): Body<$body>,
        ) -> Result<Json<DoneView>, Problem> {
            let version = $given.version;
            let action = $action;
            act(&desk, &$by, &callback, version, action).await
        }
    };
}

/// The agent, as it was said.
fn named(by: &By, agent: Option<Named<UserId>>) -> Result<UserId, Problem> {
    by.agent(agent.map(|agent| agent.0))
}

act!(
    /// An agent takes it for himself, for a while. Of two at once one has it, and the other is told who.
    lease, "/callbacks/{callback}/lease", ForAgent as Option<ForAgent>,
    |by, given| EntryAction::Lease(named(&by, given.agent)?)
);
act!(
    /// An agent gives it back.
    release, "/callbacks/{callback}/release", ForAgent as Option<ForAgent>,
    |by, given| EntryAction::Release(named(&by, given.agent)?)
);
act!(
    /// An agent calls: his device is rung, then the person. He takes it first, if he hasn't.
    call, "/callbacks/{callback}/call", ForAgent as Option<ForAgent>,
    |by, given| EntryAction::Call(named(&by, given.agent)?)
);
act!(
    /// An agent says what came of his call.
    note, "/callbacks/{callback}/note", NoteBody as NoteBody,
    |by, given| EntryAction::Note {
        agent: named(&by, given.agent)?,
        note: Note {
            text: given.text,
            outcome: given.outcome.map(Outcome::from),
            then: given.then.map(Then::from),
        },
    }
);
act!(
    /// It is to be called again, now, also if it was closed.
    requeue, "/callbacks/{callback}/requeue", Because as Option<Because>,
    |by, given| EntryAction::Requeue { text: given.text }
);
act!(
    /// The person wants to be called at another time.
    move_to, "/callbacks/{callback}/move", MoveBody as Option<MoveBody>,
    |by, given| EntryAction::Move(given.window.map(WindowChoice::from))
);
act!(
    /// Nobody is to be called.
    cancel, "/callbacks/{callback}/cancel", Because as Option<Because>,
    |by, given| EntryAction::Cancel { text: given.text }
);
act!(
    /// Its agent need not say what came of his call. It takes a supervisor.
    waive, "/callbacks/{callback}/waive", Plain as Option<Plain>,
    |by, given| EntryAction::Waive
);
act!(
    /// What the caller keyed of himself, whole. That it was asked for is kept.
    reveal, "/callbacks/{callback}/reveal", Plain as Option<Plain>,
    |by, given| EntryAction::Reveal
);

impl From<Said> for Outcome {
    fn from(said: Said) -> Outcome {
        match said {
            Said::Reached => Outcome::Reached,
            Said::Busy => Outcome::Busy,
            Said::NoAnswer => Outcome::NoAnswer,
            Said::Voicemail => Outcome::Voicemail,
            Said::WrongNumber => Outcome::WrongNumber,
        }
    }
}

impl From<ThenBody> for Then {
    fn from(then: ThenBody) -> Then {
        match then {
            ThenBody::Requeue => Then::Requeue,
            ThenBody::Close => Then::Close,
        }
    }
}

impl From<WindowBody> for WindowChoice {
    fn from(window: WindowBody) -> WindowChoice {
        WindowChoice {
            name: window.name,
            starts: Some(window.from.as_second()),
        }
    }
}
