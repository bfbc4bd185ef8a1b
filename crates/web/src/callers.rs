//! Callers in a queue's line, as its supervisor sees them, and what he does about one: puts him forward, or gives him to an
//! agent, who may be himself.

use crate::body::Body;
use crate::caller::By;
use crate::desk::Desk;
use crate::operation::{CallersInLine, Look, look, mixed_up};
use crate::problem::Problem;
use crate::views::Named;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use base::{CallId, QueueId, UserId};
use control::{Command, Principal, QueueCommand, permit};
use serde::Deserialize;
use utoipa::ToSchema;

/// Where a caller is to stand.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutForwardBody {
    /// At which place, 1 being next in turn: that, where it is not said. Whoever stands there or ahead of it stays.
    #[schema(minimum = 1)]
    place: Option<u32>,
}

/// Who gets a caller.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GiveBody {
    /// The agent; whoever asks, where it is not said.
    #[schema(value_type = Option<String>, pattern = r"^[a-z0-9_.-]{1,64}/[a-z0-9_.-]{1,64}$")]
    agent: Option<Named<UserId>>,
}

/// The queue of a request, of which somebody who sees it may be told.
fn queue_of(desk: &Desk, by: &By, org: &str, queue: &str) -> Result<QueueId, Problem> {
    let name = format!("{org}/{queue}");
    let seen = name.parse().ok();
    let seen = seen.filter(|id| desk.office().sight().sees(by.principal(), id));
    seen.ok_or_else(|| {
        let detail = format!("there is no queue {name} that you may see");
        Problem::new(StatusCode::NOT_FOUND, detail)
    })
}

fn call_of(call: &str) -> Result<CallId, Problem> {
    call.parse().map_err(|_| {
        let detail = format!("there is no caller {call}");
        Problem::new(StatusCode::NOT_FOUND, detail)
    })
}

/// The callers in a queue's line, the first 100 of them, first to last.
#[utoipa::path(
    get, path = "/queues/{organisation}/{queue}/callers", tag = "queues",
    params(
        ("organisation" = String, Path, pattern = "^[a-z0-9_.-]{1,64}$", example = "demo"),
        ("queue" = String, Path, pattern = "^[a-z0-9_.-]{1,64}$", example = "support"),
    ),
    responses(
        (status = 200, body = CallersInLine),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 404, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn callers(
    State(desk): State<Desk>,
    by: By,
    Path((organisation, queue)): Path<(String, String)>,
) -> Result<Json<CallersInLine>, Problem> {
    let queue = queue_of(&desk, &by, &organisation, &queue)?;
    line(&desk, &by, queue).await
}

async fn line(desk: &Desk, by: &By, queue: QueueId) -> Result<Json<CallersInLine>, Problem> {
    match look(desk, by, Command::ShowCallers { queue }).await? {
        (Look::Callers(line), _) => Ok(Json(line)),
        _ => Err(mixed_up()),
    }
}

/// A caller stands further forward in his line.
#[utoipa::path(
    post, path = "/queues/{organisation}/{queue}/callers/{caller}/put-forward", tag = "queues",
    request_body = Option<PutForwardBody>,
    params(
        ("organisation" = String, Path, pattern = "^[a-z0-9_.-]{1,64}$", example = "demo"),
        ("queue" = String, Path, pattern = "^[a-z0-9_.-]{1,64}$", example = "support"),
        ("caller" = String, Path, pattern = "^c[0-9]{1,2}-[0-9]{1,9}-[0-9]{1,9}$", example = "c3-0-17"),
    ),
    responses(
        (status = 200, body = CallersInLine, description = "the line as it is then"),
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
pub(crate) async fn put_forward(
    State(desk): State<Desk>,
    by: By,
    Path((organisation, queue, caller)): Path<(String, String, String)>,
    Body(given): Body<PutForwardBody>,
) -> Result<Json<CallersInLine>, Problem> {
    let queue = queue_of(&desk, &by, &organisation, &queue)?;
    let to = given.place.unwrap_or(1);
    if to == 0 {
        return Err(Problem::invalid("expected a place of 1 or more"));
    }
    let command = QueueCommand::PutForward {
        queue: queue.clone(),
        call: call_of(&caller)?,
        to,
    };
    have_done(&desk, &by, queue, command).await
}

/// A caller is offered to an agent now, whoever's turn it is. The agent is a member of the queue, and need not be free: he may
/// have paused or be logged out, as long as he has no call.
#[utoipa::path(
    post, path = "/queues/{organisation}/{queue}/callers/{caller}/give", tag = "queues",
    request_body = Option<GiveBody>,
    params(
        ("organisation" = String, Path, pattern = "^[a-z0-9_.-]{1,64}$", example = "demo"),
        ("queue" = String, Path, pattern = "^[a-z0-9_.-]{1,64}$", example = "support"),
        ("caller" = String, Path, pattern = "^c[0-9]{1,2}-[0-9]{1,9}-[0-9]{1,9}$", example = "c3-0-17"),
    ),
    responses(
        (status = 200, body = CallersInLine, description = "the line as it is then"),
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
pub(crate) async fn give(
    State(desk): State<Desk>,
    by: By,
    Path((organisation, queue, caller)): Path<(String, String, String)>,
    Body(given): Body<GiveBody>,
) -> Result<Json<CallersInLine>, Problem> {
    let queue = queue_of(&desk, &by, &organisation, &queue)?;
    let agent = by.agent(given.agent.map(|agent| agent.0))?;
    // Nobody is there whom another organisation has.
    if let Principal::User { user, .. } = by.principal()
        && !agent.is_of(&user.org())
    {
        let detail = format!("there is no agent {agent}");
        return Err(Problem::new(StatusCode::NOT_FOUND, detail));
    }
    let command = QueueCommand::Give {
        queue: queue.clone(),
        call: call_of(&caller)?,
        agent,
    };
    have_done(&desk, &by, queue, command).await
}

/// Has it done, and shows the line as it is then.
async fn have_done(
    desk: &Desk,
    by: &By,
    queue: QueueId,
    command: QueueCommand,
) -> Result<Json<CallersInLine>, Problem> {
    let permitted = permit(by.principal().clone(), Command::Queue(command))?;
    desk.office().carry_out(permitted).await?;
    line(desk, by, queue).await
}
