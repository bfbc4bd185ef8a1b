//! How a call went in SIP messages: those that the server still has in memory. They have numbers in them and where people are, so
//! they are for administrators, and each look is kept in the audit.

use crate::caller::By;
use crate::calls::seen;
use crate::desk::Desk;
use crate::operation::{Look, look, mixed_up};
use crate::problem::Problem;
use axum::Json;
use axum::extract::{Path, State};
use base::OrgId;
use control::Command;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The messages of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = LadderView)]
pub struct LadderOfCall {
    /// The first first.
    pub messages: Vec<LadderMessage>,
    /// How many there are, those that are not told among them.
    pub total: usize,
    /// From when on messages are kept, of any call; null where none is.
    #[schema(format = DateTime)]
    pub kept_since: Option<String>,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = LadderMessageView)]
pub struct LadderMessage {
    /// When it was read or sent, to the millisecond.
    #[schema(format = DateTime)]
    pub at: String,
    /// Whether the server sent it.
    pub is_ours: bool,
    /// Such as UDP.
    #[schema(example = "UDP")]
    pub transport: String,
    /// The server's address.
    pub local: String,
    /// The other's.
    pub remote: String,
    /// What it is.
    #[schema(example = "INVITE sip:1000@192.0.2.1 SIP/2.0")]
    pub first_line: String,
    /// Of which leg.
    pub call_id: String,
    /// All of it, without credentials, keys of encrypted sound and keys that were pressed.
    pub text: String,
}

/// The SIP messages of a call, as far as the server still has them in memory: of lately, and since it was started.
#[utoipa::path(
    get, path = "/calls/{call}/ladder", tag = "calls",
    params((
        "call" = String, Path,
        pattern = "^[0-9a-f]{16}-c[0-9]{1,2}-[0-9]{1,9}-[0-9]{1,9}$",
        example = "9f86d081884c7d65-c3-0-17",
    )),
    responses(
        (status = 200, body = LadderOfCall),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 404, response = Problem),
        (status = 409, response = Problem),
        (status = 429, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn ladder(
    State(desk): State<Desk>,
    by: By,
    Path(call): Path<String>,
) -> Result<Json<LadderOfCall>, Problem> {
    let record = seen(&desk, &by, &call).await?;
    let command = Command::ShowLadder {
        org: OrgId::new(&record.org).ok(),
        call: call.into(),
    };
    match look(&desk, &by, command).await? {
        (Look::Ladder(ladder), _) => Ok(Json(ladder)),
        _ => Err(mixed_up()),
    }
}
