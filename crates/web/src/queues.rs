//! Looking at queues: those that somebody sees, with who waits, who is there, whether they are open, and what came today.

use crate::caller::By;
use crate::desk::Desk;
use crate::floor::QueueView;
use crate::problem::Problem;
use crate::views::moment;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use base::QueueId;
use serde::Serialize;
use utoipa::ToSchema;

/// The queues that somebody sees.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueuesView {
    queues: Vec<QueueView>,
    /// When they were so.
    #[schema(format = DateTime)]
    at: String,
    /// Where to begin with live events, so that nothing is missed after this: `GET /api/v1/events?since=…`.
    #[schema(example = "1764331200-17")]
    event: String,
}

/// The queues that one sees: his own, those he is shown, or all of his organisation.
#[utoipa::path(
    get, path = "/queues", tag = "queues",
    responses(
        (status = 200, body = QueuesView),
        (status = 401, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn queues(State(desk): State<Desk>, by: By) -> Result<Json<QueuesView>, Problem> {
    // Before the rows: what changes in between is told twice and not missed.
    let event = desk.office().changes().here().to_string();
    let (sight, by) = (desk.office().sight(), by.principal());
    let floors = desk.floors(by).await?;
    let all = floors.iter().flat_map(|floor| &floor.queues);
    let seen = all.filter(|queue| sight.sees(by, &queue.name));
    let mut queues: Vec<QueueView> = seen.cloned().collect();
    queues.sort_by(|one, other| one.name.cmp(&other.name));
    let at = floors.iter().map(|floor| floor.at).min();
    Ok(Json(QueuesView {
        queues,
        at: moment(at.unwrap_or_else(|| desk.utc())),
        event,
    }))
}

/// One queue.
#[utoipa::path(
    get, path = "/queues/{organisation}/{queue}", tag = "queues",
    params(
        ("organisation" = String, Path, pattern = "^[a-z0-9_.-]{1,64}$", example = "demo"),
        ("queue" = String, Path, pattern = "^[a-z0-9_.-]{1,64}$", example = "support"),
    ),
    responses(
        (status = 200, body = QueueView),
        (status = 401, response = Problem),
        (status = 404, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn queue(
    State(desk): State<Desk>,
    by: By,
    Path((organisation, queue)): Path<(String, String)>,
) -> Result<Json<QueueView>, Problem> {
    let name = format!("{organisation}/{queue}");
    let none = || {
        let detail = format!("there is no queue {name} that you may see");
        Problem::new(StatusCode::NOT_FOUND, detail)
    };
    let id: QueueId = name.parse().map_err(|_| none())?;
    if !desk.office().sight().sees(by.principal(), &id) {
        return Err(none());
    }
    let floor = desk.office().floor(&id.org(), None).await?;
    floor.queue(&id).cloned().map(Json).ok_or_else(none)
}
