//! One's own calls: those that go on now, and what one does with them. Each act is one that the telephone could have done; it is
//! permitted by `control` to nobody but the one whose call it is.

use crate::body::Body;
use crate::caller::By;
use crate::desk::Desk;
use crate::problem::Problem;
use crate::views::{Named, moment};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use base::{LegId, QueueId, UserId};
use callback::Utc;
use control::{
    CallAct, Command, DIALLED_CHARS_MAX, OwnCallCommand, OwnCallRefusal, Principal, permit,
};
use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

/// How far a call of one's own is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CallStageView {
    /// One's telephone rings: a queue offers its caller.
    Offered,
    /// One's telephone rings: somebody calls.
    Ringing,
    /// One's telephone rings, because one dialled elsewhere or is to call somebody back.
    Dialling,
    /// On the way to somebody.
    Calling,
    /// One talks.
    Talking,
    /// One has sent the other elsewhere, which is still under way.
    Sending,
}

/// Whether one lets the other wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HeldView {
    /// One does not.
    No,
    /// On the telephone, where alone it can be ended.
    OnPhone,
    /// By a command.
    ByCommand,
}

/// Whether one can take a call that rings away from the telephone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TakingView {
    /// On the telephone alone: it has not said that it answers when it is told to, or it does not ring.
    OnPhone,
    /// The telephone was told to answer and would not: on it alone, therefore.
    Refused,
    /// The telephone answers when it is told to.
    Possible,
    /// It has been told to.
    Asked,
}

/// A call of one's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OwnCallView {
    /// Which: the leg to one's own telephone.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String, example = "l3-1-2")]
    pub id: LegId,
    /// How far it is.
    pub stage: CallStageView,
    /// The other's number; null where it isn't shown.
    #[schema(example = "+46701234567")]
    pub number: Option<String>,
    /// The other's name, where there is one.
    pub name: Option<String>,
    /// Who that is, where it is a colleague.
    #[schema(value_type = Option<String>, example = "demo/bosse")]
    pub colleague: Option<UserId>,
    /// The queue that it came by, or for which somebody is called.
    #[schema(value_type = Option<String>, example = "demo/support")]
    pub queue: Option<QueueId>,
    /// When its caller came: he has waited since then.
    #[serde(serialize_with = "as_moment")]
    #[schema(value_type = String, format = DateTime)]
    pub arrived: Utc,
    /// Since when the two talk.
    #[serde(serialize_with = "as_maybe_moment")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub connected: Option<Utc>,
    /// Whether one lets the other wait.
    pub held: HeldView,
    /// Whether one can take it away from the telephone.
    pub taking: TakingView,
}

fn as_text<S: Serializer>(leg: &LegId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(leg)
}

fn as_moment<S: Serializer>(utc: &Utc, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&moment(*utc))
}

fn as_maybe_moment<S: Serializer>(utc: &Option<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    utc.map(moment).serialize(serializer)
}

/// One's own calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct OwnCallsView {
    calls: Vec<OwnCallView>,
}

impl OwnCallsView {
    /// Those of whoever asks. Whoever runs the server has none.
    pub(crate) fn of(desk: &Desk, by: &Principal) -> OwnCallsView {
        let calls = match by {
            Principal::Operator => Vec::new(),
            Principal::User { user, .. } => desk.office().own_calls(user),
        };
        OwnCallsView { calls }
    }
}

/// The calls that one has now: those that ring, and those that go on.
#[utoipa::path(
    get, path = "/me/calls", tag = "me",
    responses(
        (status = 200, body = OwnCallsView),
        (status = 401, response = Problem),
    ),
)]
pub(crate) async fn own_calls(State(desk): State<Desk>, by: By) -> Json<OwnCallsView> {
    Json(OwnCallsView::of(&desk, by.principal()))
}

/// Whom one calls.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DialBody {
    /// What one would dial on the telephone: a number outside, a colleague's, a queue's, a code.
    #[schema(min_length = 1, max_length = 64, example = "102")]
    number: String,
}

/// Where somebody is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TransferBody {
    /// What one would dial to get there.
    #[schema(min_length = 1, max_length = 64, example = "102")]
    to: String,
}

/// Whom somebody is to talk with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JoinBody {
    /// Another of one's own calls.
    #[schema(value_type = String, pattern = "^l[0-9]{1,2}-[0-9]{1,9}-[0-9]{1,9}$", example = "l3-1-2")]
    with: Named<LegId>,
}

fn number(text: String) -> Result<Box<str>, Problem> {
    match (1..=DIALLED_CHARS_MAX).contains(&text.chars().count()) {
        true => Ok(text.into()),
        false => Err(Problem::invalid(OwnCallRefusal::NoNumber.to_string())),
    }
}

async fn carry_out(desk: &Desk, by: &By, act: CallAct) -> Result<StatusCode, Problem> {
    let Principal::User { user, .. } = by.principal() else {
        let detail = "an operator has no calls of his own";
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    };
    let user = user.clone();
    let command = Command::OwnCall(OwnCallCommand { user, act });
    let permitted = permit(by.principal().clone(), command)?;
    desk.office().carry_out(permitted).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Calls a number: one's own telephone rings, and once it is answered the number is called as if it had been dialled there.
#[utoipa::path(
    post, path = "/me/calls", tag = "me", request_body = DialBody,
    responses(
        (status = 204, description = "the telephone rings"),
        (status = 400, response = Problem),
        (status = 401, response = Problem),
        (status = 409, response = Problem),
        (status = 413, response = Problem),
        (status = 415, response = Problem),
        (status = 422, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn dial(
    State(desk): State<Desk>,
    by: By,
    Body(given): Body<DialBody>,
) -> Result<StatusCode, Problem> {
    let number = number(given.number)?;
    carry_out(&desk, &by, CallAct::Dial { number }).await
}

/// One of one's calls, from a path.
fn named(leg: &str) -> Result<LegId, OwnCallRefusal> {
    leg.parse().map_err(|_| OwnCallRefusal::NoSuchCall)
}

/// What each of these is documented by; what differs is its path, what it is told beside, and what it does.
macro_rules! act {
    ($(#[$doc:meta])* $name:ident, $path:literal, $(|$given:ident: $body:ty|)? $leg:ident => $act:expr) => {
        $(#[$doc])*
        #[utoipa::path(
            post, path = $path, tag = "me", $(request_body = $body,)?
            params(("leg" = String, Path, pattern = "^l[0-9]{1,2}-[0-9]{1,9}-[0-9]{1,9}$", example = "l3-1-2")),
            responses(
                (status = 204, description = "it is done"),
                (status = 400, response = Problem),
                (status = 401, response = Problem),
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
            by: By,
            Path(leg): Path<String>,
            $(Body($given): Body<$body>,)?
        ) -> Result<StatusCode, Problem> {
            let $leg = named(&leg)?;
            let act = $act;
            carry_out(&desk, &by, act).await
        }
    };
}

act!(
    /// Ends a call; declines it, while it rings.
    hang_up, "/me/calls/{leg}/hang-up", leg => CallAct::HangUp { leg }
);
act!(
    /// Takes a call that rings: one's telephone answers it, where it says that it does so when it is told to (`taking`). That it
    /// would not is told with the call, which rings on.
    take_call, "/me/calls/{leg}/take", leg => CallAct::Take { leg }
);
act!(
    /// Does not take a call that rings: the next agent gets it, or whoever gets it when one declines on the telephone.
    decline, "/me/calls/{leg}/decline", leg => CallAct::Decline { leg }
);
act!(
    /// Lets the other wait, with music.
    hold_call, "/me/calls/{leg}/hold", leg => CallAct::Hold { leg }
);
act!(
    /// Talks with him again.
    resume_call, "/me/calls/{leg}/resume", leg => CallAct::Resume { leg }
);
act!(
    /// Sends the other elsewhere. He comes back where he can't be had there.
    transfer, "/me/calls/{leg}/transfer", |given: TransferBody| leg => {
        CallAct::Transfer { leg, to: number(given.to)? }
    }
);
act!(
    /// Has the others of two of one's calls talk with each other.
    join, "/me/calls/{leg}/join", |given: JoinBody| leg => {
        CallAct::Join { leg, with: given.with.0 }
    }
);
