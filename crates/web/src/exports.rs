//! What is on lists, to be taken elsewhere: lists as tables, and all that is kept of one number.

use crate::body::{Asked, Body};
use crate::caller::By;
use crate::csv;
use crate::desk::Desk;
use crate::lists::PageQuery;
use crate::problem::Problem;
use crate::views::{CallbackRow, EventView, ToldView, histories};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use base::OrgId;
use callback::Number;
use control::{CallbackCommand, permit};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The columns, by the fields of a callback.
const COLUMNS: [&str; 16] = [
    "id",
    "list",
    "status",
    "arrived",
    "window",
    "window_from",
    "window_until",
    "due",
    "number",
    "input",
    "attempts",
    "tried_by",
    "held_by",
    "held_until",
    "latest",
    "version",
];

/// The callbacks that one may see, all pages of them, as a table (CSV, RFC 4180).
#[utoipa::path(
    get, path = "/callbacks/export", tag = "callbacks", params(PageQuery),
    responses(
        (status = 200, content_type = "text/csv", body = String),
        (status = 401, response = Problem),
        (status = 422, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn table(
    State(desk): State<Desk>,
    by: By,
    Asked(query): Asked<PageQuery>,
) -> Result<([(HeaderName, &'static str); 2], String), Problem> {
    let visible = desk.office().settings().visible_to(by.principal());
    let query = query.within(visible)?;
    let table = desk.read(move |office| {
        let rows = office.all_pages(&query);
        let lines = rows.iter().map(|row| CallbackRow::from(row).line());
        csv::line(COLUMNS) + &lines.collect::<String>()
    });
    let table = table.await?;
    tracing::info!(by = %by.who(), "exported callback lists");
    desk.did(&by, by.who().org(), "exports callback lists".into());
    let kind = (header::CONTENT_TYPE, "text/csv; charset=utf-8");
    let named = "attachment; filename=\"callbacks.csv\"";
    Ok(([kind, (header::CONTENT_DISPOSITION, named)], table))
}

/// Whose number it is about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NumberBody {
    /// In international form.
    #[schema(pattern = r"^\+[1-9][0-9]{4,14}$", example = "+46701234567")]
    number: String,
    /// In which organisation; the asker's own, where it is not said.
    #[schema(pattern = r"^[a-z0-9_.-]{1,64}$")]
    organisation: Option<String>,
}

impl NumberBody {
    /// The organisation that is meant, and the number.
    pub(crate) fn meant(self, by: &By) -> Result<(OrgId, String), Problem> {
        Ok((by.organisation(self.organisation.as_deref())?, self.number))
    }
}

/// All that is kept of a number.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NumberView {
    callbacks: Vec<ToldView>,
}

/// All that callback lists keep of a number, whole, for whoever has a right to know. It takes an administrator.
#[utoipa::path(
    post, path = "/exports", tag = "callbacks", request_body = NumberBody,
    responses(
        (status = 200, body = NumberView),
        (status = 400, response = Problem),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 413, response = Problem),
        (status = 415, response = Problem),
        (status = 422, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn of_number(
    State(desk): State<Desk>,
    by: By,
    Body(given): Body<NumberBody>,
) -> Result<Json<NumberView>, Problem> {
    let (org, number) = given.meant(&by)?;
    // Who may erase it may have it told.
    let may = CallbackCommand::Erase {
        org: org.clone(),
        number: number.clone(),
    };
    permit(by.principal().clone(), may)?;
    let number: Number = number.parse().map_err(|invalid: callback::InvalidNumber| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, invalid.to_string())
    })?;
    tracing::info!(by = %by.who(), %org, "has all told that is kept of a number");
    let what = "has all told that is kept of a number".to_owned();
    desk.did(&by, Some(org.clone()), what);
    let told = desk.office().of_number(org, number).await?;
    let entries = told.iter().map(|told| told.shown.row.id).collect();
    // Without its history it would not be all.
    let histories: Vec<Vec<EventView>> = histories(&desk, entries).await?;
    let callbacks = told.iter().zip(histories).map(ToldView::from);
    Ok(Json(NumberView {
        callbacks: callbacks.collect(),
    }))
}
