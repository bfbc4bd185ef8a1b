//! Looking at calls: a page of their records, one call. An agent sees those in which he called or talked, others all of their
//! organisation's.

use crate::body::Asked;
use crate::caller::By;
use crate::desk::Desk;
use crate::problem::Problem;
use crate::views::{Named, moment_of_ms};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use base::{CallbackId, OrgId, QueueId, UserId};
use control::{Principal, Role};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Rows of a page where nothing is said.
const PAGE_ROWS: u32 = 50;
/// Rows of a page at most.
const PAGE_ROWS_MAX: u32 = 199;
/// Furthest page.
const PAGE_MAX: u32 = 1_000_000;
/// How long before its end a page begins where nothing is said.
const DAYS_USUAL_MS: u64 = 7 * DAY_MS;
/// Days of a page at most: a quarter of a year, with room. All calls of that time are gone through for each.
const DAYS_MAX: u64 = 92;
/// Digits of a number that is found without that.
const NUMBER_DIGITS: usize = 7;
const DAY_MS: u64 = 86_400_000;
/// Characters of the word for why a call ended.
const CAUSE_CHARS_MAX: usize = 40;
/// Characters of a number that is looked for.
const NUMBER_CHARS_MAX: usize = 40;

/// What somebody asks for of calls, within what he may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallsAsked {
    /// Only this organisation's; all for whoever runs the server.
    pub org: Option<OrgId>,
    /// Only those in which this user called or talked: himself, for whoever sees no others.
    pub whose: Option<UserId>,
    /// That began then or later, in milliseconds of UTC.
    pub from_ms: u64,
    /// And earlier than this.
    pub until_ms: u64,
    /// From or to this number, however it is written.
    pub number: Option<String>,
    /// That came to this queue.
    pub queue: Option<QueueId>,
    /// In which this user called or talked.
    pub agent: Option<UserId>,
    /// That ended so, as `CallShown::cause` says it.
    pub cause: Option<String>,
    /// What they are sorted by.
    pub sort: CallSort,
    /// Which way.
    pub order: SortOrder,
    /// Which page, the first being 0.
    pub page: u32,
    /// Rows of a page.
    pub rows: u32,
}

/// What calls are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CallSort {
    /// When they began.
    #[default]
    Began,
    /// How long the caller waited for somebody to talk with.
    Waited,
    /// How long he talked.
    Talked,
    /// Who called.
    Caller,
    /// What was dialled.
    Dialled,
    /// The last queue.
    Queue,
    /// The last user talked with.
    Agent,
    /// How they came about.
    Direction,
    /// Why they ended.
    Cause,
}

/// Which way calls are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SortOrder {
    /// The least, or the oldest, first.
    Ascending,
    /// The other way round.
    #[default]
    Descending,
}

/// Some calls, and how many there are.
#[derive(Clone, Debug, Default)]
pub struct CallsFound {
    /// Those of the page.
    pub calls: Vec<CallShown>,
    /// How many there are on all pages.
    pub total: u64,
}

/// A call's record. Moments are in milliseconds of UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallShown {
    /// Which, of all calls that ever were.
    pub id: String,
    /// Whose.
    pub org: String,
    /// How it came about.
    pub direction: String,
    /// Who called.
    pub caller: Option<String>,
    /// The user that is, where it is one.
    pub caller_user: Option<String>,
    /// What was dialled.
    pub dialled: Option<String>,
    /// The last number outside that was called for it.
    pub outside: Option<String>,
    /// The entry of a callback list that it is about.
    pub callback: Option<u64>,
    /// The last queue.
    pub queue: Option<String>,
    /// The last user talked with.
    pub agent: Option<String>,
    /// Where it was led: what each place is, and its name where it has one.
    pub way: Vec<(String, Option<String>)>,
    /// When it began.
    pub began_ms: u64,
    /// When the caller was answered.
    pub answered_ms: Option<u64>,
    /// When he first had somebody to talk with.
    pub joined_ms: Option<u64>,
    /// When it ended.
    pub ended_ms: Option<u64>,
    /// How long he talked.
    pub talked_ms: u64,
    /// Why it ended; none while it goes on.
    pub cause: Option<String>,
}

/// A call.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallView {
    /// Which, of all calls that ever were.
    #[schema(example = "9f86d081884c7d65-c3-0-17")]
    pub(crate) id: String,
    /// Whose.
    #[schema(example = "demo")]
    pub(crate) organisation: String,
    /// How it came about: inward, outward, internal, callback.
    #[schema(example = "inward")]
    pub(crate) direction: String,
    /// Who called; null where no number was shown, and where it was erased.
    pub(crate) caller: Option<String>,
    /// The user that is, where it is one.
    pub(crate) caller_user: Option<String>,
    /// What was dialled; null where it was erased.
    pub(crate) dialled: Option<String>,
    /// The last number outside that was called for it.
    pub(crate) outside: Option<String>,
    /// The callback that it is about.
    #[schema(example = "b17")]
    pub(crate) callback: Option<String>,
    /// The last queue that it came to.
    #[schema(example = "demo/support")]
    pub(crate) queue: Option<String>,
    /// The last user whom the caller talked with.
    #[schema(example = "demo/anna")]
    pub(crate) agent: Option<String>,
    /// Where it was led, in order.
    way: Vec<PlaceView>,
    /// When it began.
    #[schema(format = DateTime)]
    pub(crate) began: String,
    /// When the caller was answered, if only by an announcement.
    #[schema(format = DateTime)]
    pub(crate) answered: Option<String>,
    /// When he first had somebody to talk with.
    #[schema(format = DateTime)]
    pub(crate) joined: Option<String>,
    /// When it ended; null while it goes on, and where its server was lost.
    #[schema(format = DateTime)]
    pub(crate) ended: Option<String>,
    /// How long the caller waited for somebody to talk with, or until the end.
    pub(crate) waited_ms: Option<u64>,
    /// How long he talked.
    pub(crate) talked_ms: u64,
    /// Why it ended; null while it goes on, `cut-off` where its server was lost.
    #[schema(example = "caller-hung-up")]
    pub(crate) cause: Option<String>,
}

/// A place on a call's way.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlaceView {
    /// What it is: queue, user (who was rung), group, menu, message, code, outside, talked; left-out where places are not told, of a
    /// way with more than 24.
    #[schema(example = "queue")]
    place: String,
    /// Which, where it has a name; with whom, where he talked with a user; how many, where they are left out.
    #[schema(example = "demo/support")]
    name: Option<String>,
}

/// A page of calls.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallsView {
    calls: Vec<CallView>,
    /// How many there are on all pages.
    total: u64,
}

/// What somebody wants to see of calls.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CallsQuery {
    /// That began then or later; a week before `to`, where it is not said. At most 92 days before it, unless a `number` of at
    /// least 7 digits is looked for.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Named<Timestamp>>,
    /// That began before; up to now, where it is not said.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Named<Timestamp>>,
    /// From or to this number, however it is written: `070-123 45 67` finds `+46701234567`.
    #[param(max_length = 40, pattern = r"^[0-9+*# ()./-]*$")]
    number: Option<String>,
    /// That came to this queue.
    #[param(value_type = Option<String>, pattern = r"^[a-z0-9_.-]{1,64}/[a-z0-9_.-]{1,64}$")]
    queue: Option<Named<QueueId>>,
    /// In which this user called or talked.
    #[param(value_type = Option<String>, pattern = r"^[a-z0-9_.-]{1,64}/[a-z0-9_.-]{1,64}$")]
    agent: Option<Named<UserId>>,
    /// That ended so: `caller-hung-up`, `cut-off` and so on, as calls are told.
    #[param(pattern = "^[a-z-]{0,40}$")]
    cause: Option<String>,
    /// What to sort by.
    #[serde(default)]
    #[param(inline)]
    sort: CallSort,
    /// Which way.
    #[serde(default)]
    #[param(inline)]
    order: SortOrder,
    /// Which page, the first being 0.
    #[serde(default)]
    #[param(minimum = 0, maximum = 1_000_000)]
    page: u32,
    /// How many rows a page has.
    #[serde(default = "page_rows")]
    #[param(minimum = 1, maximum = 199, default = 50)]
    rows: u32,
}

fn page_rows() -> u32 {
    PAGE_ROWS
}

impl CallsQuery {
    pub(crate) fn within(self, by: &Principal, now_ms: u64) -> Result<CallsAsked, Problem> {
        if self.rows == 0 || self.rows > PAGE_ROWS_MAX || self.page > PAGE_MAX {
            return Err(Problem::invalid(format!(
                "expected 1 to {PAGE_ROWS_MAX} rows, and a page up to {PAGE_MAX}"
            )));
        }
        let is_sign = |sign: char| sign.is_ascii_digit() || "+*# ()./-".contains(sign);
        let number = self.number.filter(|number| !number.is_empty());
        if let Some(number) = &number
            && (number.len() > NUMBER_CHARS_MAX || !number.chars().all(is_sign))
        {
            return Err(Problem::invalid(format!(
                "expected a number of up to {NUMBER_CHARS_MAX} digits and signs"
            )));
        }
        let cause = self.cause.filter(|cause| !cause.is_empty());
        let is_word = |word: &String| {
            let mut signs = word.bytes();
            word.len() <= CAUSE_CHARS_MAX && signs.all(|it| it.is_ascii_lowercase() || it == b'-')
        };
        if !cause.as_ref().is_none_or(is_word) {
            return Err(Problem::invalid(format!(
                "expected a cause of up to {CAUSE_CHARS_MAX} small letters and hyphens"
            )));
        }
        let ms = |at: Named<Timestamp>| u64::try_from(at.0.as_millisecond()).unwrap_or(0);
        let to_ms = self.to.map(ms);
        let ends_ms = to_ms.unwrap_or(now_ms);
        let from_ms = self.from.map(ms);
        let from_ms = from_ms.unwrap_or(ends_ms.saturating_sub(DAYS_USUAL_MS));
        let is_long = ends_ms.saturating_sub(from_ms) > DAYS_MAX * DAY_MS;
        if is_long && !number.as_deref().is_some_and(is_found_alone) {
            return Err(Problem::invalid(format!(
                "expected at most {DAYS_MAX} days from `from` to `to`, or a `number` of at least {NUMBER_DIGITS} digits"
            )));
        }
        let (org, whose) = scope(by);
        Ok(CallsAsked {
            org,
            whose,
            from_ms,
            // What begins in this moment is told too.
            until_ms: to_ms.unwrap_or(now_ms + 1_000),
            number,
            queue: self.queue.map(|queue| queue.0),
            agent: self.agent.map(|agent| agent.0),
            cause,
            sort: self.sort,
            order: self.order,
            page: self.page,
            rows: self.rows,
        })
    }
}

/// Whether calls with that number are found by it, rather than among all of a time. What stands behind a feature code is not
/// told apart here.
fn is_found_alone(number: &str) -> bool {
    let digits = number.chars().filter(char::is_ascii_digit).count();
    digits >= NUMBER_DIGITS && !number.contains(['*', '#'])
}

/// Whose calls he may see: of which organisation, and of whom alone.
fn scope(by: &Principal) -> (Option<OrgId>, Option<UserId>) {
    match by {
        Principal::Operator => (None, None),
        Principal::User { user, role } => {
            let whose = (*role < Role::Supervisor).then(|| user.clone());
            (Some(user.org()), whose)
        }
    }
}

fn may_see(by: &Principal, call: &CallShown) -> bool {
    let (org, whose) = scope(by);
    let is_his = |user: &UserId| {
        let talked = call
            .way
            .iter()
            .any(|(place, name)| place == "talked" && name.as_deref() == Some(user.as_str()));
        talked || call.caller_user.as_deref() == Some(user.as_str())
    };
    org.is_none_or(|org| call.org == org.as_str()) && whose.is_none_or(|user| is_his(&user))
}

pub(crate) fn now_ms(desk: &Desk) -> u64 {
    u64::try_from(desk.utc().as_seconds()).unwrap_or(0) * 1_000
}

/// A page of the calls that one may see, the latest first.
#[utoipa::path(
    get, path = "/calls", tag = "calls", params(CallsQuery),
    responses(
        (status = 200, body = CallsView),
        (status = 401, response = Problem),
        (status = 422, response = Problem),
        (status = 429, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn calls(
    State(desk): State<Desk>,
    by: By,
    Asked(query): Asked<CallsQuery>,
) -> Result<Json<CallsView>, Problem> {
    let office = desk.office();
    let asked = query.within(by.principal(), now_ms(&desk))?;
    let found = office.calls(by.who().clone(), asked).await?;
    Ok(Json(CallsView {
        calls: found.calls.into_iter().map(CallView::from).collect(),
        total: found.total,
    }))
}

/// One call.
#[utoipa::path(
    get, path = "/calls/{call}", tag = "calls",
    params((
        "call" = String, Path,
        pattern = "^[0-9a-f]{16}-c[0-9]{1,2}-[0-9]{1,9}-[0-9]{1,9}$",
        example = "9f86d081884c7d65-c3-0-17",
    )),
    responses(
        (status = 200, body = CallView),
        (status = 401, response = Problem),
        (status = 404, response = Problem),
        (status = 429, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn call_record(
    State(desk): State<Desk>,
    by: By,
    Path(call): Path<String>,
) -> Result<Json<CallView>, Problem> {
    let seen = seen(&desk, &by, &call).await?;
    Ok(Json(CallView::from(seen)))
}

/// A call that he may see.
pub(crate) async fn seen(desk: &Desk, by: &By, call: &str) -> Result<CallShown, Problem> {
    let is_one = call.len() <= 64
        && call
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || it == b'-');
    let found = match is_one {
        true => {
            desk.office()
                .call(by.who().clone(), call.to_owned())
                .await?
        }
        false => None,
    };
    let seen = found.filter(|found| may_see(by.principal(), found));
    seen.ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            format!("there is no call {call} that you may see"),
        )
    })
}

impl From<CallShown> for CallView {
    fn from(call: CallShown) -> CallView {
        let until = call.joined_ms.or(call.ended_ms);
        let way = call.way.into_iter();
        CallView {
            organisation: call.org,
            callback: call.callback.map(|entry| CallbackId(entry).to_string()),
            way: way.map(|(place, name)| PlaceView { place, name }).collect(),
            began: moment_of_ms(call.began_ms),
            answered: call.answered_ms.map(moment_of_ms),
            joined: call.joined_ms.map(moment_of_ms),
            ended: call.ended_ms.map(moment_of_ms),
            waited_ms: until.map(|until| until.saturating_sub(call.began_ms)),
            talked_ms: call.talked_ms,
            id: call.id,
            direction: call.direction,
            caller: call.caller,
            caller_user: call.caller_user,
            dialled: call.dialled,
            outside: call.outside,
            queue: call.queue,
            agent: call.agent,
            cause: call.cause,
        }
    }
}
