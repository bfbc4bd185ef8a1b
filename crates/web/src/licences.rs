//! Who is billed for Kö Plus and which queues for calling back, by month: for whoever administers an organisation, as JSON or as
//! a table for spreadsheets.

use crate::body::Asked;
use crate::caller::By;
use crate::csv;
use crate::desk::Desk;
use crate::figures::Format;
use crate::problem::Problem;
use crate::views::Named;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use base::{OrgId, QueueId, UserId};
use control::{Command, Month, permit};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The columns.
const COLUMNS: [&str; 8] = [
    "month",
    "organisation",
    "user",
    "licence",
    "activated",
    "start_fee",
    "ended",
    "queue",
];

/// What is billed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Billed {
    /// A user, for his licence.
    User(UserId),
    /// A queue, for calling back.
    Queue(QueueId),
}

/// Something that is billed in a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenceRow {
    /// Whose.
    pub org: OrgId,
    /// What.
    pub billed: Billed,
    /// The licence's word.
    pub licence: String,
    /// When it was activated, by the organisation's clock, as is the next.
    pub activated: String,
    /// Whether it was activated in this month.
    pub start_fee: bool,
    /// When it ended, where that was in this month.
    pub ended: Option<String>,
}

/// All that is billed in a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenceReport {
    /// Which month: `2026-11`.
    pub month: String,
    /// Users, and then queues.
    pub rows: Vec<LicenceRow>,
}

impl LicenceReport {
    /// As CSV (RFC 4180).
    pub fn csv(&self) -> String {
        let lines = self.rows.iter().map(|row| {
            let (user, queue) = match &row.billed {
                Billed::User(user) => (user.name(), ""),
                Billed::Queue(queue) => ("", queue.name()),
            };
            csv::line([
                self.month.as_str(),
                row.org.as_str(),
                user,
                row.licence.as_str(),
                row.activated.as_str(),
                if row.start_fee { "yes" } else { "no" },
                row.ended.as_deref().unwrap_or_default(),
                queue,
            ])
        });
        csv::line(COLUMNS) + &lines.collect::<String>()
    }
}

/// Something that is billed in a month.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LicenceRowView {
    #[schema(value_type = String, example = "demo")]
    organisation: OrgId,
    /// The user who has the licence; null where a queue has it.
    #[schema(value_type = Option<String>, example = "demo/anna")]
    user: Option<UserId>,
    /// The queue that calls back; null where a user has the licence.
    #[schema(value_type = Option<String>)]
    queue: Option<QueueId>,
    /// Which.
    #[schema(example = "pro")]
    licence: String,
    /// When it was activated, by the organisation's clock, as are all moments here.
    #[schema(example = "2026-11-03 09:12")]
    activated: String,
    /// Whether it was activated in this month.
    start_fee: bool,
    /// When it ended, where that was in this month.
    ended: Option<String>,
}

/// What is billed in a month.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LicencesView {
    #[schema(example = "2026-11")]
    month: String,
    licences: Vec<LicenceRowView>,
}

/// Of which month, and how.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LicencesQuery {
    /// Which month.
    #[param(value_type = String, pattern = "^[0-9]{4}-[0-9]{2}$", example = "2026-11")]
    month: Named<Month>,
    /// As JSON, or as a table for spreadsheets; as the header Accept says, where it is not said.
    #[param(inline)]
    format: Option<Format>,
}

/// Who is billed for licences in a month, and which queues for calling back: of one's own organisation, or of all for whoever runs the
/// server. As JSON, or as a table (CSV, RFC 4180). It takes an administrator.
#[utoipa::path(
    get, path = "/licences", operation_id = "licences", tag = "licences", params(LicencesQuery),
    responses(
        (status = 200, content((LicencesView = "application/json"), (String = "text/csv"))),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 409, response = Problem),
        (status = 422, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn licences(
    State(desk): State<Desk>,
    by: By,
    headers: HeaderMap,
    Asked(query): Asked<LicencesQuery>,
) -> Result<Response, Problem> {
    let month = query.month.0;
    let permitted = permit(by.principal().clone(), Command::ReportLicences { month })?;
    let report = desk.office().licences(permitted).await?;
    Ok(match Format::wanted(query.format, &headers) {
        Format::Json => Json(LicencesView::from(report)).into_response(),
        Format::Csv => {
            tracing::info!(by = %by.who(), "exported licences");
            desk.did(
                &by,
                by.who().org(),
                format!("exports the licences of {month}"),
            );
            let kind = (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned());
            let named = format!("attachment; filename=\"licences-{month}.csv\"");
            ([kind, (header::CONTENT_DISPOSITION, named)], report.csv()).into_response()
        }
    })
}

impl From<LicenceReport> for LicencesView {
    fn from(report: LicenceReport) -> LicencesView {
        let licences = report.rows.into_iter().map(|row| {
            let (user, queue) = match row.billed {
                Billed::User(user) => (Some(user), None),
                Billed::Queue(queue) => (None, Some(queue)),
            };
            LicenceRowView {
                organisation: row.org,
                user,
                queue,
                licence: row.licence,
                activated: row.activated,
                start_fee: row.start_fee,
                ended: row.ended,
            }
        });
        LicencesView {
            month: report.month,
            licences: licences.collect(),
        }
    }
}
