//! The server as its operator looks after it: how it is, its organisations, trunks, registrations, bans and its log. An
//! administrator sees trunks and registrations of his organisation.

mod rows;

pub use rows::{
    BanRow, CallerRow, CallersInLine, ConfigStatus, ListenerRow, LogTail, Look, MediaStatus,
    OrganisationRow, RegistrationRow, Status, TrunkRow,
};

use crate::body::{Asked, Body};
use crate::caller::By;
use crate::desk::Desk;
use crate::office::Declined;
use crate::problem::Problem;
use crate::views::{Named, moment};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use base::{OrgId, UserId};
use control::{BanCommand, Command, Principal, View, permit};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};

/// Registrations that are shown at once: who wants another searches.
const REGISTRATIONS_SHOWN_MAX: usize = 200;
/// Characters that are searched for.
const SEARCH_CHARS_MAX: usize = 100;
/// Longest ban by hand: a year.
const BAN_MINUTES_MAX: u32 = 525_600;

/// What somebody asks for of registrations, within what he may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationsAsked {
    /// Only this organisation's; all for whoever runs the server.
    pub org: Option<OrgId>,
    /// Only those that have it in their user, address, contact or device, whatever the case.
    pub search: String,
    /// How many are told.
    pub most: usize,
}

/// Some registrations, and how many there are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RegistrationsFound {
    /// The first of them.
    pub rows: Vec<RegistrationRow>,
    /// How many in all.
    pub total: usize,
}

/// The server as it was at a moment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServerAnswer {
    server: Status,
    /// When it was so.
    #[schema(format = DateTime)]
    at: String,
}

/// Its organisations.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrganisationsAnswer {
    organisations: Vec<OrganisationRow>,
    /// When they were so.
    #[schema(format = DateTime)]
    at: String,
}

/// Trunks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrunksAnswer {
    trunks: Vec<TrunkRow>,
    /// When they were so.
    #[schema(format = DateTime)]
    at: String,
}

/// Registrations.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RegistrationsAnswer {
    /// The first of them, by user.
    registrations: Vec<RegistrationRow>,
    /// How many there are in all.
    total: usize,
    /// When they were so.
    #[schema(format = DateTime)]
    at: String,
}

/// Who is banned.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BansAnswer {
    bans: Vec<BanRow>,
    /// When they were so.
    #[schema(format = DateTime)]
    at: String,
}

/// The last lines of the log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LogAnswer {
    log: LogTail,
    /// When it was read.
    #[schema(format = DateTime)]
    at: String,
}

/// Which registrations.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RegistrationsQuery {
    /// Only those that have it in their user, address, contact or device.
    #[serde(default)]
    #[param(max_length = 100)]
    search: String,
}

/// Whose registrations.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfUser {
    /// The user.
    #[schema(value_type = String, pattern = r"^[a-z0-9_.-]{1,64}/[a-z0-9_.-]{1,64}$")]
    user: Named<UserId>,
}

/// Whom to keep out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BanBody {
    /// An address; of IPv6 its block is kept out.
    #[schema(value_type = String, example = "192.0.2.1")]
    address: IpAddr,
    /// For how many minutes.
    #[schema(minimum = 1, maximum = 525_600, example = 60)]
    minutes: u32,
}

/// Whom to let in again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LiftBody {
    /// The address, or one of the block.
    #[schema(value_type = String, example = "192.0.2.1")]
    address: IpAddr,
}

/// What he looks at, if he may; with the moment.
pub(crate) async fn look(
    desk: &Desk,
    by: &By,
    command: Command,
) -> Result<(Look, String), Problem> {
    let permitted = permit(by.principal().clone(), command)?;
    let look = desk.office().look(permitted).await?;
    Ok((look, moment(desk.utc())))
}

/// Another thing was shown than was asked for.
pub(crate) fn mixed_up() -> Problem {
    Declined::Away.into()
}

/// How the server is: what it listens on, its configuration, what it does.
#[utoipa::path(
    get, path = "/server", tag = "operation",
    responses(
        (status = 200, body = ServerAnswer),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn server(
    State(desk): State<Desk>,
    by: By,
) -> Result<Json<ServerAnswer>, Problem> {
    match look(&desk, &by, Command::Show(View::Status)).await? {
        (Look::Status(server), at) => Ok(Json(ServerAnswer {
            server: *server,
            at,
        })),
        _ => Err(mixed_up()),
    }
}

/// The organisations that the server serves.
#[utoipa::path(
    get, path = "/organisations", tag = "operation",
    responses(
        (status = 200, body = OrganisationsAnswer),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn organisations(
    State(desk): State<Desk>,
    by: By,
) -> Result<Json<OrganisationsAnswer>, Problem> {
    match look(&desk, &by, Command::Show(View::Organisations)).await? {
        (Look::Organisations(organisations), at) => {
            Ok(Json(OrganisationsAnswer { organisations, at }))
        }
        _ => Err(mixed_up()),
    }
}

/// Trunks, whether they are up, and their registrations: an administrator's those of his organisation.
#[utoipa::path(
    get, path = "/trunks", tag = "operation",
    responses(
        (status = 200, body = TrunksAnswer),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn trunks(
    State(desk): State<Desk>,
    by: By,
) -> Result<Json<TrunksAnswer>, Problem> {
    match look(&desk, &by, Command::Show(View::Trunks)).await? {
        (Look::Trunks(trunks), at) => Ok(Json(TrunksAnswer { trunks, at })),
        _ => Err(mixed_up()),
    }
}

/// Registered devices, the first 200 by user: an administrator's those of his organisation.
#[utoipa::path(
    get, path = "/registrations", tag = "operation", params(RegistrationsQuery),
    responses(
        (status = 200, body = RegistrationsAnswer),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 422, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn registrations(
    State(desk): State<Desk>,
    by: By,
    Asked(query): Asked<RegistrationsQuery>,
) -> Result<Json<RegistrationsAnswer>, Problem> {
    if query.search.chars().count() > SEARCH_CHARS_MAX {
        return Err(Problem::invalid(format!(
            "expected at most {SEARCH_CHARS_MAX} characters to search for"
        )));
    }
    // He sees those of his organisation: the check is the one that `ctl` passes.
    permit(by.principal().clone(), Command::Show(View::Registrations))?;
    let asked = RegistrationsAsked {
        org: match by.principal() {
            Principal::Operator => None,
            Principal::User { user, .. } => Some(user.org()),
        },
        search: query.search.trim().to_lowercase(),
        most: REGISTRATIONS_SHOWN_MAX,
    };
    let found = desk
        .read(move |office| office.registrations(&asked))
        .await?;
    Ok(Json(RegistrationsAnswer {
        registrations: found.rows,
        total: found.total,
        at: moment(desk.utc()),
    }))
}

/// Ends every registration of a user: his phones are reached again once they register anew.
#[utoipa::path(
    post, path = "/registrations/end", tag = "operation", request_body = OfUser,
    responses(
        (status = 204, description = "they are ended"),
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
pub(crate) async fn end_registrations(
    State(desk): State<Desk>,
    by: By,
    Body(OfUser { user: Named(user) }): Body<OfUser>,
) -> Result<StatusCode, Problem> {
    if let Principal::User { user: own, .. } = by.principal()
        && !user.is_of(&own.org())
    {
        let detail = format!("there is no user {user}");
        return Err(Problem::new(StatusCode::NOT_FOUND, detail));
    }
    carry_out(&desk, &by, Command::EndRegistrations { user }).await
}

/// Who is banned, by the guard or by hand.
#[utoipa::path(
    get, path = "/bans", tag = "operation",
    responses(
        (status = 200, body = BansAnswer),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn bans(State(desk): State<Desk>, by: By) -> Result<Json<BansAnswer>, Problem> {
    match look(&desk, &by, Command::Show(View::Bans)).await? {
        (Look::Bans(bans), at) => Ok(Json(BansAnswer { bans, at })),
        _ => Err(mixed_up()),
    }
}

/// Keeps an address out for a while.
#[utoipa::path(
    post, path = "/bans", tag = "operation", request_body = BanBody,
    responses(
        (status = 204, description = "it is kept out"),
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
pub(crate) async fn ban(
    State(desk): State<Desk>,
    by: By,
    Body(BanBody { address, minutes }): Body<BanBody>,
) -> Result<StatusCode, Problem> {
    if !(1..=BAN_MINUTES_MAX).contains(&minutes) {
        return Err(Problem::invalid(format!(
            "expected 1 to {BAN_MINUTES_MAX} minutes"
        )));
    }
    let lasts = Duration::from_secs(u64::from(minutes) * 60);
    let command = Command::Ban(BanCommand::Add { address, lasts });
    carry_out(&desk, &by, command).await
}

/// Lets an address in again, and forgets what it did.
#[utoipa::path(
    post, path = "/bans/lift", tag = "operation", request_body = LiftBody,
    responses(
        (status = 204, description = "it is let in"),
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
pub(crate) async fn lift_ban(
    State(desk): State<Desk>,
    by: By,
    Body(LiftBody { address }): Body<LiftBody>,
) -> Result<StatusCode, Problem> {
    let command = Command::Ban(BanCommand::Remove { address });
    carry_out(&desk, &by, command).await
}

/// The last lines of the server's log. That they were read is kept in the audit.
#[utoipa::path(
    get, path = "/log", tag = "operation",
    responses(
        (status = 200, body = LogAnswer),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn log(State(desk): State<Desk>, by: By) -> Result<Json<LogAnswer>, Problem> {
    match look(&desk, &by, Command::Show(View::Log)).await? {
        (Look::Log(log), at) => {
            desk.did(&by, None, "reads the log".into());
            Ok(Json(LogAnswer { log, at }))
        }
        _ => Err(mixed_up()),
    }
}

async fn carry_out(desk: &Desk, by: &By, command: Command) -> Result<StatusCode, Problem> {
    let permitted = permit(by.principal().clone(), command)?;
    desk.office().carry_out(permitted).await?;
    Ok(StatusCode::NO_CONTENT)
}
