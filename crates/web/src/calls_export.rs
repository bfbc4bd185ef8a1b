//! Calls as a table, to be taken elsewhere. It is read at once and so has a most: of more calls than that a shorter time is
//! asked for.

use crate::body::Asked;
use crate::caller::By;
use crate::calls::{CallView, CallsQuery, now_ms};
use crate::csv;
use crate::desk::Desk;
use crate::problem::Problem;
use axum::extract::State;
use axum::http::{HeaderName, header};

/// Calls of a table at most: some megabytes, and more than anybody reads in a spreadsheet.
const CALLS_MAX: u32 = 20_000;

/// The columns, by the fields of a call.
const COLUMNS: [&str; 17] = [
    "id",
    "organisation",
    "direction",
    "caller",
    "caller_user",
    "dialled",
    "outside",
    "callback",
    "queue",
    "agent",
    "began",
    "answered",
    "joined",
    "ended",
    "waited_ms",
    "talked_ms",
    "cause",
];

/// The calls that one may see, all pages of them, as a table (CSV, RFC 4180): 20,000 at most, and none where there are more.
#[utoipa::path(
    get, path = "/calls/export", tag = "calls", params(CallsQuery),
    responses(
        (status = 200, content_type = "text/csv", body = String),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 422, response = Problem),
        (status = 429, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn table(
    State(desk): State<Desk>,
    by: By,
    Asked(query): Asked<CallsQuery>,
) -> Result<([(HeaderName, &'static str); 2], String), Problem> {
    let mut asked = query.within(by.principal(), now_ms(&desk))?;
    (asked.page, asked.rows) = (0, CALLS_MAX);
    let found = desk.office().calls(by.who().clone(), asked).await?;
    if found.total > u64::from(CALLS_MAX) {
        return Err(Problem::invalid(format!(
            "expected at most {CALLS_MAX} calls, got {}: ask for a shorter time",
            found.total
        )));
    }
    let lines = found
        .calls
        .into_iter()
        .map(|call| line(CallView::from(call)));
    let table = csv::line(COLUMNS) + &lines.collect::<String>();
    tracing::info!(by = %by.who(), "exported calls");
    desk.did(&by, by.who().org(), "exports calls".into());
    let kind = (header::CONTENT_TYPE, "text/csv; charset=utf-8");
    let named = "attachment; filename=\"calls.csv\"";
    Ok(([kind, (header::CONTENT_DISPOSITION, named)], table))
}

fn line(call: CallView) -> String {
    let fields: [String; COLUMNS.len()] = [
        call.id,
        call.organisation,
        call.direction,
        call.caller.unwrap_or_default(),
        call.caller_user.unwrap_or_default(),
        call.dialled.unwrap_or_default(),
        call.outside.unwrap_or_default(),
        call.callback.unwrap_or_default(),
        call.queue.unwrap_or_default(),
        call.agent.unwrap_or_default(),
        call.began,
        call.answered.unwrap_or_default(),
        call.joined.unwrap_or_default(),
        call.ended.unwrap_or_default(),
        call.waited_ms.map(|it| it.to_string()).unwrap_or_default(),
        call.talked_ms.to_string(),
        call.cause.unwrap_or_default(),
    ];
    csv::line(fields.iter().map(String::as_str))
}
