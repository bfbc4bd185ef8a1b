//! Looking at what queues and agents came to: by interval, hour, day or week, for whoever sees those queues, as JSON or as a table
//! for spreadsheets.

mod report;

pub use report::{AgentFigures, FiguresReport, FiguresRow, FiguresRows, ForecastRow};

use crate::body::Asked;
use crate::caller::By;
use crate::desk::Desk;
use crate::problem::Problem;
use crate::views::Named;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::QueueId;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use std::str::FromStr;
use utoipa::openapi::schema::{
    AnyOfBuilder, KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type,
};
use utoipa::{IntoParams, ToSchema};

const JSON: &str = "application/json";
const CSV: &str = "text/csv";

/// What somebody asks for, of what he sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FiguresAsked {
    /// Only this queue; all that he sees, where not given.
    pub queue: Option<QueueId>,
    /// From the interval of this moment on; today, where not given.
    pub from: Option<FiguresMoment>,
    /// Up to this moment; until now, where not given.
    pub to: Option<FiguresMoment>,
    /// How long intervals are; as the time that is asked for suggests, where not given.
    pub by: Option<FiguresStep>,
    /// Which rows.
    pub rows: FiguresRows,
    /// How moments are written.
    pub written: MomentsWritten,
}

/// A moment as somebody asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FiguresMoment {
    /// Midnight, by the clock of whose queues they are.
    Day(Date),
    /// That moment.
    At(Timestamp),
}

/// How long intervals are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FiguresStep {
    /// A quarter of an hour, by which call centres plan.
    Interval,
    /// An hour.
    Hour,
    /// A day, by the clock of whose queues they are.
    Day,
    /// A week, from Monday on.
    Week,
}

/// How moments are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MomentsWritten {
    /// RFC 3339, with the offset of the clock there, for programs.
    WithOffset,
    /// As that clock shows them, for spreadsheets.
    AsShown,
}

/// Why no figures are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoFigures {
    /// There is no such queue.
    NoQueue,
    /// What was asked for doesn't go together, or is more than is told at once; and why.
    Because(String),
    /// What was kept can't be read now, and why.
    Away(String),
}

impl From<NoFigures> for Problem {
    fn from(none: NoFigures) -> Problem {
        match none {
            NoFigures::NoQueue => Problem::new(
                StatusCode::NOT_FOUND,
                "there is no such queue that you may see",
            ),
            NoFigures::Because(why) => Problem::new(StatusCode::CONFLICT, why),
            NoFigures::Away(why) => Problem::unstored(&why),
        }
    }
}

/// How somebody wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    /// For programs.
    Json,
    /// For spreadsheets.
    Csv,
}

/// What somebody wants to see of figures.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FiguresQuery {
    /// From then on.
    #[param(schema_with = from_schema)]
    from: Option<Named<FiguresMoment>>,
    /// Up to then.
    #[param(schema_with = to_schema)]
    to: Option<Named<FiguresMoment>>,
    /// How long intervals are: quarters of an hour up to a day and days for longer times, where it is not said.
    #[param(inline)]
    by: Option<FiguresStep>,
    /// Only this queue.
    #[param(value_type = Option<String>, pattern = r"^[a-z0-9_.-]{1,64}/[a-z0-9_.-]{1,64}$")]
    queue: Option<Named<QueueId>>,
    /// Which rows: of each interval one for each queue (`queues`) or one for all (`together`), or one for each agent. As JSON
    /// this says whether `queues` is filled; all else is always there. As a table it says of whom it is.
    #[serde(default)]
    #[param(inline)]
    rows: FiguresRows,
    /// As JSON, or as a table for spreadsheets; as the header Accept says, where it is not said.
    #[param(inline)]
    format: Option<Format>,
}

fn from_schema() -> Schema {
    day_or_moment(
        "From the interval of that moment on: a day by the clock of whose queues they are, or a moment. From midnight, where it is not said.",
    )
}

fn to_schema() -> Schema {
    day_or_moment(
        "Up to that moment, or up to that day's midnight. Until now, where it is not said.",
    )
}

fn day_or_moment(says: &str) -> Schema {
    let text = |format| {
        let text = ObjectBuilder::new().schema_type(Type::String);
        text.format(Some(SchemaFormat::KnownFormat(format)))
    };
    let either = AnyOfBuilder::new()
        .item(text(KnownFormat::Date))
        .item(text(KnownFormat::DateTime));
    either.description(Some(says)).build().into()
}

/// What is neither a day nor a moment.
#[derive(Debug, thiserror::Error)]
#[error("expected a day such as 2026-12-24 or a moment such as 2026-12-24T10:00:00Z")]
pub struct NoMoment;

impl FromStr for FiguresMoment {
    type Err = NoMoment;

    fn from_str(text: &str) -> Result<FiguresMoment, NoMoment> {
        let day = text.len() == "2026-12-24".len();
        let read = match day {
            true => text.parse().map(FiguresMoment::Day),
            false => text.parse().map(FiguresMoment::At),
        };
        read.map_err(|_| NoMoment)
    }
}

impl Format {
    /// The one that is said, or the one that the header Accept wants most.
    pub(crate) fn wanted(said: Option<Format>, headers: &HeaderMap) -> Format {
        let accept = headers.get_all(header::ACCEPT).into_iter();
        let accept = accept.filter_map(|value| value.to_str().ok());
        said.unwrap_or_else(|| preferred(accept))
    }
}

impl FiguresQuery {
    fn asked(self, format: Format) -> FiguresAsked {
        FiguresAsked {
            queue: self.queue.map(|queue| queue.0),
            from: self.from.map(|from| from.0),
            to: self.to.map(|to| to.0),
            by: self.by,
            rows: self.rows,
            written: match format {
                Format::Json => MomentsWritten::WithOffset,
                Format::Csv => MomentsWritten::AsShown,
            },
        }
    }
}

/// What is wanted most, by RFC 9110 §12.5.1; JSON, where a table is not wanted more.
fn preferred<'h>(accept: impl Iterator<Item = &'h str>) -> Format {
    let mut wanted = [0.0_f32; 2];
    for range in accept.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        let quality = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok());
        let quality: f32 = quality.unwrap_or(1.0);
        let of = match kind.to_ascii_lowercase().as_str() {
            CSV | "text/*" => 1,
            JSON | "application/*" | "*/*" => 0,
            _ => continue,
        };
        wanted[of] = wanted[of].max(quality);
    }
    match wanted[1] > wanted[0] {
        true => Format::Csv,
        false => Format::Json,
    }
}

/// What queues and agents came to, of those that one sees: service level, abandons, waits and handling times by interval, hour, day or week. A
/// caller counts in the interval in which he came, with all that became of him. As JSON, or as a table (CSV, RFC 4180).
#[utoipa::path(
    get, path = "/figures", tag = "figures", params(FiguresQuery),
    responses(
        (status = 200, content((FiguresReport = "application/json"), (String = "text/csv"))),
        (status = 401, response = Problem),
        (status = 404, response = Problem),
        (status = 409, response = Problem),
        (status = 422, response = Problem),
        (status = 429, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn figures(
    State(desk): State<Desk>,
    by: By,
    headers: HeaderMap,
    Asked(query): Asked<FiguresQuery>,
) -> Result<Response, Problem> {
    let format = Format::wanted(query.format, &headers);
    let asked = query.asked(format);
    let sees = |queue: &QueueId| desk.office().sight().sees(by.principal(), queue);
    if !asked.queue.as_ref().is_none_or(sees) {
        return Err(NoFigures::NoQueue.into());
    }
    let rows = asked.rows;
    let turn = desk.own_turn(by.who()).await?;
    let report = desk.office().figures(by.principal(), asked, turn).await?;
    // So many rows take a while to be written.
    let text = desk.read(move |_| match format {
        Format::Json => serde_json::to_string(&report).expect("texts and numbers can be written"),
        Format::Csv => report.csv(rows),
    });
    let text = text.await?;
    Ok(match format {
        Format::Json => ([(header::CONTENT_TYPE, JSON)], text).into_response(),
        Format::Csv => {
            tracing::info!(by = %by.who(), "exported figures");
            let kind = (header::CONTENT_TYPE, "text/csv; charset=utf-8");
            let named = "attachment; filename=\"figures.csv\"";
            ([kind, (header::CONTENT_DISPOSITION, named)], text).into_response()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_given_to_whoever_wants_one_more_than_json() {
        for (accept, format) in [
            ("", Format::Json),
            ("*/*", Format::Json),
            ("text/csv", Format::Csv),
            ("text/csv, application/json", Format::Json),
            ("Text/CSV;q=0.9, application/json; q=0.8", Format::Csv),
            ("text/html, */*;q=0.8, text/csv;q=0.7", Format::Json),
            ("text/csv;q=0", Format::Json),
        ] {
            assert_eq!(preferred([accept].into_iter()), format, "{accept}");
        }
    }

    #[test]
    fn a_moment_is_a_day_or_has_an_offset() {
        let read = |text: &str| text.parse::<FiguresMoment>().ok();
        let day = Date::new(2026, 12, 24).ok().map(FiguresMoment::Day);
        assert_eq!(read("2026-12-24"), day);
        let moment = Timestamp::from_second(1_798_102_800).ok();
        assert_eq!(
            read("2026-12-24T10:00:00+01:00"),
            moment.map(FiguresMoment::At)
        );
        for text in ["", "20261224", "2026-13-01", "2026-12-24T10:00", "10:00"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
