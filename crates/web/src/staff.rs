//! Staffing lists, taking what comes next, and forgetting a number.

use crate::acts::carry_out;
use crate::body::Body;
use crate::caller::By;
use crate::desk::Desk;
use crate::exports::NumberBody;
use crate::lists::shown_to;
use crate::problem::Problem;
use crate::views::{CallbackView, Named, moment};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use base::{QueueId, UserId};
use callback::Done;
use control::{CallbackCommand, Queues, StaffAction};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who staffs what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StaffBody {
    /// The agent; whoever asks, where it is not said.
    #[schema(value_type = Option<String>, pattern = r"^[a-z0-9_.-]{1,64}/[a-z0-9_.-]{1,64}$")]
    agent: Option<Named<UserId>>,
    /// The list; all that he may work on, where it is not said.
    #[schema(value_type = Option<String>, pattern = r"^[a-z0-9_.-]{1,64}/[a-z0-9_.-]{1,64}$")]
    list: Option<Named<QueueId>>,
}

/// What an agent has taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TakenView {
    callback: CallbackView,
    /// Until when it is his, if nothing comes of it.
    #[schema(format = DateTime)]
    leased_until: String,
}

impl StaffBody {
    fn command(
        self,
        by: &By,
        action: impl FnOnce(Queues) -> StaffAction,
    ) -> Result<CallbackCommand, Problem> {
        let queues = self.list.map_or(Queues::All, |list| Queues::One(list.0));
        Ok(CallbackCommand::Staff {
            agent: by.agent(self.agent.map(|agent| agent.0))?,
            action: action(queues),
        })
    }
}

/// An agent begins to staff lists.
#[utoipa::path(
    post, path = "/lists/log-in", operation_id = "staff", tag = "lists", request_body = Option<StaffBody>,
    responses(
        (status = 204, description = "he does"),
        (status = 400, response = Problem),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 413, response = Problem),
        (status = 415, response = Problem),
        (status = 422, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn log_in(
    State(desk): State<Desk>,
    by: By,
    Body(given): Body<StaffBody>,
) -> Result<StatusCode, Problem> {
    let command = given.command(&by, StaffAction::LogIn)?;
    carry_out(&desk, &by, command).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An agent staffs lists no longer. What he has there and has not begun to call goes back.
#[utoipa::path(
    post, path = "/lists/log-out", operation_id = "unstaff", tag = "lists", request_body = Option<StaffBody>,
    responses(
        (status = 204, description = "he does no longer"),
        (status = 400, response = Problem),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 413, response = Problem),
        (status = 415, response = Problem),
        (status = 422, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn log_out(
    State(desk): State<Desk>,
    by: By,
    Body(given): Body<StaffBody>,
) -> Result<StatusCode, Problem> {
    let command = given.command(&by, StaffAction::LogOut)?;
    carry_out(&desk, &by, command).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An agent takes the callback whose turn it is.
#[utoipa::path(
    post, path = "/lists/next", tag = "lists", request_body = Option<StaffBody>,
    responses(
        (status = 200, body = TakenView),
        (status = 400, response = Problem),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 409, response = Problem),
        (status = 413, response = Problem),
        (status = 415, response = Problem),
        (status = 422, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn next(
    State(desk): State<Desk>,
    by: By,
    Body(given): Body<StaffBody>,
) -> Result<Json<TakenView>, Problem> {
    let command = given.command(&by, StaffAction::TakeNext)?;
    match carry_out(&desk, &by, command).await? {
        Done::Leased { entry, until } => {
            let shown = shown_to(&desk, &by, &entry.to_string())?;
            Ok(Json(TakenView {
                callback: CallbackView::from(&shown),
                leased_until: moment(desk.office().utc(until)),
            }))
        }
        _ => Err(Problem::new(StatusCode::CONFLICT, "nothing was taken")),
    }
}

/// What was forgotten.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErasedView {
    /// Entries that are gone.
    erased: u32,
    /// Entries that are left: the person is being called, or a description is owed.
    left: u32,
}

/// All that the lists know of a number is forgotten. It takes an administrator.
#[utoipa::path(
    post, path = "/erasures", tag = "callbacks", request_body = NumberBody,
    responses(
        (status = 200, body = ErasedView),
        (status = 400, response = Problem),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 413, response = Problem),
        (status = 415, response = Problem),
        (status = 422, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn erase(
    State(desk): State<Desk>,
    by: By,
    Body(given): Body<NumberBody>,
) -> Result<Json<ErasedView>, Problem> {
    let (org, number) = given.meant(&by)?;
    match carry_out(&desk, &by, CallbackCommand::Erase { org, number }).await? {
        Done::Erased { erased, left } => Ok(Json(ErasedView { erased, left })),
        _ => Ok(Json(ErasedView { erased: 0, left: 0 })),
    }
}
