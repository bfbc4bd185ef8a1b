//! Looking at lists: which there are, a page of their entries, one entry with its attempts.

use crate::body::Asked;
use crate::caller::By;
use crate::desk::Desk;
use crate::office::{Office, Shown};
use crate::problem::Problem;
use crate::views::{CallbackRow, Named, StatusView, WholeView, WindowView, entry_named};
use axum::Json;
use axum::extract::{Path, State};
use base::{QueueId, UserId};
use callback::{AheadStand, Direction, Heading, Query, Status, When};
use control::Principal;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeSet;
use utoipa::{IntoParams, ToSchema};

/// Rows of a page where nothing is said.
const PAGE_ROWS: u32 = 50;
/// Furthest page: more rows than lists have.
const PAGE_MAX: u32 = 1_000_000;

/// Lists that somebody names at once.
const LISTS_MAX: usize = 100;
/// Statuses that somebody names at once: more than there are.
const STATUSES_MAX: usize = 20;

/// A callback list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListView {
    /// Named by its queue.
    #[schema(example = "demo/support")]
    list: String,
    /// Who may staff it.
    members: Vec<String>,
    /// Who does.
    staffed_by: Vec<String>,
    /// Entries that nobody has and that are to be called.
    waiting: usize,
    /// Of those, how many may be called now.
    due: usize,
    /// Of a list whose people are called before an agent has taken them: how many met none; else null.
    called_before: Option<CalledBeforeView>,
    /// Times that a callback on it can be moved to, beside as soon as possible; the first first.
    windows: Vec<WindowView>,
}

/// How it goes with people who are called before an agent has taken it, of those who answered within 24 hours.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CalledBeforeView {
    /// All who answered.
    answered: u32,
    /// Those who met no agent in time.
    abandoned: u32,
    /// Whether as many have as may: then the others are called once an agent has taken it.
    held_back: bool,
}

/// All lists that somebody may see.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListsView {
    lists: Vec<ListView>,
}

/// Callback lists that one may see.
#[utoipa::path(
    get, path = "/lists", tag = "lists",
    responses(
        (status = 200, body = ListsView),
        (status = 401, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn lists(State(desk): State<Desk>, by: By) -> Result<Json<ListsView>, Problem> {
    let lists = desk.read(move |office| lists_for(office, by.principal()));
    Ok(Json(ListsView {
        lists: lists.await?,
    }))
}

fn lists_for(office: &dyn Office, by: &Principal) -> Vec<ListView> {
    let (settings, staff, waiting) = (office.settings(), office.staff(), office.waiting());
    let ahead = office.ahead();
    let lists = settings.visible_to(by).into_iter().map(|list| {
        let members = settings.lists.get(&list).map(|it| &it.members);
        let staffed = staff.iter().filter(|(_, lists)| lists.contains(&list));
        let waiting = waiting.get(&list).copied().unwrap_or_default();
        ListView {
            members: members
                .into_iter()
                .flatten()
                .map(UserId::to_string)
                .collect(),
            staffed_by: staffed.map(|(agent, _)| agent.to_string()).collect(),
            waiting: waiting.any,
            due: waiting.due,
            called_before: ahead.get(&list).map(|row| CalledBeforeView {
                answered: row.counted.answered,
                abandoned: row.counted.abandoned,
                held_back: row.stand == AheadStand::HeldBack,
            }),
            windows: office.windows(&list).iter().map(WindowView::from).collect(),
            list: list.to_string(),
        }
    });
    lists.collect()
}

/// What somebody wants to see of lists.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// Only these lists, with commas between: `demo/support,demo/sales`.
    #[serde(default, deserialize_with = "separated")]
    #[param(value_type = Vec<String>, style = Form, explode = false, max_items = 100, pattern = r"^[a-z0-9_.-]{1,64}/[a-z0-9_.-]{1,64}$")]
    list: Vec<Named<QueueId>>,
    /// Only those that stand so, with commas between.
    #[serde(default, deserialize_with = "separated")]
    #[param(value_type = Vec<StatusView>, style = Form, explode = false, max_items = 20)]
    status: Vec<StatusView>,
    /// By time: all, those that may be called, those that are late.
    #[serde(default)]
    #[param(inline)]
    when: WhenView,
    /// Only those that he tried last, or has.
    #[param(value_type = Option<String>, pattern = r"^[a-z0-9_.-]{1,64}/[a-z0-9_.-]{1,64}$")]
    agent: Option<Named<UserId>>,
    /// What is somewhere in a row, in letters of either case; a number as people write one.
    #[serde(default)]
    #[param(max_length = 100)]
    search: String,
    /// The heading to sort by.
    #[serde(default)]
    #[param(inline)]
    sort: HeadingView,
    /// Which way.
    #[serde(default)]
    #[param(inline)]
    order: OrderView,
    /// Which page, the first being 0.
    #[serde(default)]
    #[param(minimum = 0, maximum = 1_000_000)]
    page: u32,
    /// How many rows a page has.
    #[serde(default = "page_rows")]
    #[param(minimum = 1, maximum = 500, default = 50)]
    rows: u32,
}

/// Which rows by time.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WhenView {
    #[default]
    Any,
    Due,
    Overdue,
}

/// A heading.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum HeadingView {
    #[default]
    Arrived,
    Window,
    Due,
    List,
    Number,
    Input,
    TriedBy,
    Attempts,
    Status,
    Latest,
}

/// Which way.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OrderView {
    #[default]
    Ascending,
    Descending,
}

fn page_rows() -> u32 {
    PAGE_ROWS
}

/// Several with commas between.
fn separated<'de, T: DeserializeOwned, D: Deserializer<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    let text = String::deserialize(from)?;
    let parts = text.split(',').filter(|part| !part.is_empty());
    let value =
        |part: &str| T::deserialize(serde_json::Value::from(part)).map_err(D::Error::custom);
    parts.map(value).collect()
}

impl PageQuery {
    /// As the lists take it: of the lists that are meant, those that he may see.
    pub(crate) fn within(self, visible: BTreeSet<QueueId>) -> Result<Query, Problem> {
        if self.rows == 0 || self.rows as usize > callback::PAGE_ROWS_MAX || self.page > PAGE_MAX {
            let most = callback::PAGE_ROWS_MAX;
            return Err(Problem::invalid(format!(
                "expected 1 to {most} rows, and a page up to {PAGE_MAX}"
            )));
        }
        if self.search.chars().count() > callback::SEARCH_CHARS_MAX {
            let most = callback::SEARCH_CHARS_MAX;
            return Err(Problem::invalid(format!(
                "expected {most} characters to search for at most"
            )));
        }
        if self.list.len() > LISTS_MAX || self.status.len() > STATUSES_MAX {
            return Err(Problem::invalid(format!(
                "expected {LISTS_MAX} lists and {STATUSES_MAX} statuses at most"
            )));
        }
        let meant: BTreeSet<QueueId> = self.list.into_iter().map(|list| list.0).collect();
        let is_meant = |list: &QueueId| meant.is_empty() || meant.contains(list);
        Ok(Query {
            lists: visible.into_iter().filter(is_meant).collect(),
            statuses: self.status.into_iter().map(Status::from).collect(),
            when: match self.when {
                WhenView::Any => When::Any,
                WhenView::Due => When::Due,
                WhenView::Overdue => When::Overdue,
            },
            agent: self.agent.map(|agent| agent.0),
            search: self.search,
            heading: match self.sort {
                HeadingView::Arrived => Heading::Arrived,
                HeadingView::Window => Heading::Wish,
                HeadingView::Due => Heading::Due,
                HeadingView::List => Heading::Queue,
                HeadingView::Number => Heading::Number,
                HeadingView::Input => Heading::Input,
                HeadingView::TriedBy => Heading::TriedBy,
                HeadingView::Attempts => Heading::Attempts,
                HeadingView::Status => Heading::Status,
                HeadingView::Latest => Heading::Latest,
            },
            direction: match self.order {
                OrderView::Ascending => Direction::Ascending,
                OrderView::Descending => Direction::Descending,
            },
            page: self.page as usize,
            page_rows: self.rows as usize,
        })
    }
}

/// A page of callbacks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PageView {
    callbacks: Vec<CallbackRow>,
    /// How many there are on all pages.
    total: usize,
    /// Where to begin with live events, so that nothing is missed after this page: `GET /api/v1/events?since=…`.
    #[schema(example = "1764331200-17")]
    event: String,
}

/// A page of the callbacks that one may see.
#[utoipa::path(
    get, path = "/callbacks", tag = "callbacks", params(PageQuery),
    responses(
        (status = 200, body = PageView),
        (status = 401, response = Problem),
        (status = 422, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn page(
    State(desk): State<Desk>,
    by: By,
    Asked(query): Asked<PageQuery>,
) -> Result<Json<PageView>, Problem> {
    // Before the rows: what changes in between is told twice and not missed.
    let event = desk.office().changes().here().to_string();
    let visible = desk.office().settings().visible_to(by.principal());
    let query = query.within(visible)?;
    let page = desk.read(move |office| office.page(&query)).await?;
    Ok(Json(PageView {
        callbacks: page.rows.iter().map(CallbackRow::from).collect(),
        total: page.total,
        event,
    }))
}

/// One callback with all attempts, and all that came about with it.
#[utoipa::path(
    get, path = "/callbacks/{callback}", tag = "callbacks",
    params(("callback" = String, Path, pattern = "^b[0-9]{1,18}$", example = "b17")),
    responses(
        (status = 200, body = WholeView),
        (status = 401, response = Problem),
        (status = 404, response = Problem),
    ),
)]
pub(crate) async fn entry(
    State(desk): State<Desk>,
    by: By,
    Path(callback): Path<String>,
) -> Result<Json<WholeView>, Problem> {
    let shown = shown_to(&desk, &by, &callback)?;
    Ok(Json(WholeView::of(&desk, &shown).await))
}

/// The entry, if he may see it: it is on a list that he may see, or it is he who has it.
pub(crate) fn shown_to(desk: &Desk, by: &By, callback: &str) -> Result<Shown, Problem> {
    let none = || Problem::no_entry(callback);
    let entry = entry_named(callback).ok_or_else(none)?;
    let shown = desk.office().entry(entry).ok_or_else(none)?;
    let visible = desk.office().settings().visible_to(by.principal());
    let has_it = match by.principal() {
        Principal::User { user, .. } => shown.row.held_by.as_ref() == Some(user),
        Principal::Operator => false,
    };
    match has_it || visible.contains(&shown.row.queue) {
        true => Ok(shown),
        false => Err(none()),
    }
}
