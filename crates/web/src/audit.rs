//! Who had what done, for those who administer an organisation, or run the server.

use crate::body::Asked;
use crate::caller::By;
use crate::desk::Desk;
use crate::problem::Problem;
use crate::views::{Named, moment_of_ms};
use axum::Json;
use axum::extract::State;
use base::OrgId;
use control::Principal;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Rows of a page where nothing is said.
const PAGE_ROWS: u32 = 50;
/// Rows of a page at most.
const PAGE_ROWS_MAX: u32 = 500;
/// Furthest page.
const PAGE_MAX: u32 = 1_000_000;
/// How long before now a page begins where nothing is said.
const DAYS_USUAL_MS: u64 = 30 * 86_400_000;

/// What somebody asks for, within what he may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditAsked {
    /// Only what is about this organisation; all for whoever runs the server.
    pub org: Option<OrgId>,
    /// Done then or later, in milliseconds of UTC.
    pub from_ms: u64,
    /// And earlier than this.
    pub until_ms: u64,
    /// Which page, the first being 0.
    pub page: u32,
    /// Rows of a page.
    pub rows: u32,
}

/// Some of it, the latest first.
#[derive(Clone, Debug, Default)]
pub struct AuditFound {
    /// Those of the page.
    pub rows: Vec<Audited>,
    /// How many there are on all pages.
    pub total: u64,
}

/// Something that somebody had done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// When, in milliseconds of UTC.
    pub at_ms: u64,
    /// Whose organisation it is about.
    pub org: Option<String>,
    /// Who wanted it.
    pub who: String,
    /// By which way he came.
    pub way: String,
    /// What.
    pub what: String,
    /// Why it was not done; none where it was.
    pub refused: Option<String>,
}

/// Something that somebody had done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditRowView {
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// Whose organisation it is about; null where it is about the server.
    organisation: Option<String>,
    /// Who wanted it.
    #[schema(example = "demo/eva")]
    who: String,
    /// By which way he came: socket, socket-as-user, phone, http.
    #[schema(example = "http")]
    way: String,
    /// What, in words.
    #[schema(example = "pauses demo/anna")]
    what: String,
    /// Why it was not done; null where it was.
    refused: Option<String>,
}

/// A page of what people had done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditView {
    audit: Vec<AuditRowView>,
    /// How many there are on all pages.
    total: u64,
}

/// What somebody wants to see of it.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// Done then or later; within the last thirty days, where it is not said.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Named<Timestamp>>,
    /// Done before; up to now, where it is not said.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Named<Timestamp>>,
    /// Which page, the first being 0.
    #[serde(default)]
    #[param(minimum = 0, maximum = 1_000_000)]
    page: u32,
    /// How many rows a page has.
    #[serde(default = "page_rows")]
    #[param(minimum = 1, maximum = 500, default = 50)]
    rows: u32,
}

fn page_rows() -> u32 {
    PAGE_ROWS
}

/// A page of what people had done, the latest first.
#[utoipa::path(
    get, path = "/audit", tag = "audit", params(AuditQuery),
    responses(
        (status = 200, body = AuditView),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 422, response = Problem),
        (status = 429, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn audit(
    State(desk): State<Desk>,
    by: By,
    Asked(query): Asked<AuditQuery>,
) -> Result<Json<AuditView>, Problem> {
    if query.rows == 0 || query.rows > PAGE_ROWS_MAX || query.page > PAGE_MAX {
        return Err(Problem::invalid(format!(
            "expected 1 to {PAGE_ROWS_MAX} rows, and a page up to {PAGE_MAX}"
        )));
    }
    let office = desk.office();
    let now = office.utc(office.now()).as_seconds();
    let now_ms = u64::try_from(now).unwrap_or(0) * 1_000;
    let ms = |at: Named<Timestamp>| u64::try_from(at.0.as_millisecond()).unwrap_or(0);
    let asked = AuditAsked {
        org: match by.principal() {
            Principal::Operator => None,
            Principal::User { user, .. } => Some(user.org()),
        },
        from_ms: query.from.map_or(now_ms.saturating_sub(DAYS_USUAL_MS), ms),
        // What was done in this moment is told too.
        until_ms: query.to.map_or(now_ms + 1_000, ms),
        page: query.page,
        rows: query.rows,
    };
    let found = office.audit(by.who().clone(), asked).await?;
    let rows = found.rows.into_iter().map(|row| AuditRowView {
        at: moment_of_ms(row.at_ms),
        organisation: row.org,
        who: row.who,
        way: row.way,
        what: row.what,
        refused: row.refused,
    });
    Ok(Json(AuditView {
        audit: rows.collect(),
        total: found.total,
    }))
}
