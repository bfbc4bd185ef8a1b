//! A list as somebody looks at it: sorted by a heading, filtered, searched, a page at a time. Functions of rows and of
//! what is asked for, so that a reader holds nobody up.

use crate::entry::{Status, Told, Wish};
use crate::rows::Row;
use base::{QueueId, UserId};
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// Most rows of a page: more than anybody reads, and little to send.
pub const PAGE_ROWS_MAX: usize = 500;
/// Longest text that is searched for, in characters.
pub const SEARCH_CHARS_MAX: usize = 100;

/// What a list is sorted by: its headings.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Heading {
    /// When the call came.
    #[default]
    Arrived,
    /// When the person wants to be called.
    Wish,
    /// From when on he may be.
    Due,
    /// The queue.
    Queue,
    /// The number.
    Number,
    /// What the caller keyed, as it is shown.
    Input,
    /// Who tried last.
    TriedBy,
    /// How often somebody tried.
    Attempts,
    /// How it stands.
    Status,
    /// The latest text.
    Latest,
}

/// Which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// The smallest, earliest, first letter first.
    #[default]
    Ascending,
    /// The other way round.
    Descending,
}

/// Which rows by time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// All.
    #[default]
    Any,
    /// Those that may be called, also those that are late.
    Due,
    /// Those that are late.
    Overdue,
}

/// What somebody wants to see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// Of which lists: those that he may see.
    pub lists: BTreeSet<QueueId>,
    /// How they stand; all, where none is named.
    pub statuses: BTreeSet<Status>,
    /// By time.
    pub when: When,
    /// Whom an agent tried last, or has.
    pub agent: Option<UserId>,
    /// What is somewhere in a row, in letters of either case.
    pub search: String,
    /// Sorted by what.
    pub heading: Heading,
    /// Which way.
    pub direction: Direction,
    /// Which page, the first being 0.
    pub page: usize,
    /// How many rows a page has; [`PAGE_ROWS_MAX`] where it is none or more.
    pub page_rows: usize,
}

/// What he sees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Page {
    /// Its rows.
    pub rows: Vec<Row>,
    /// How many rows all pages have.
    pub total: usize,
}

/// The page that is asked for. Rows that are alike by the heading stand in the order of their numbers, whichever way,
/// so that none is on two pages. Rows may be shared: of thirty thousand most are as they were a step ago.
pub fn page<R: Borrow<Row>>(rows: &[R], query: &Query) -> Page {
    let meant = meant(rows, query);
    let page_rows = match query.page_rows {
        0 => PAGE_ROWS_MAX,
        rows => rows.min(PAGE_ROWS_MAX),
    };
    let first = query.page.saturating_mul(page_rows);
    let shown = meant.iter().skip(first).take(page_rows);
    Page {
        rows: shown.map(|row| (*row).clone()).collect(),
        total: meant.len(),
    }
}

/// The rows of all pages.
pub fn all_pages<R: Borrow<Row>>(rows: &[R], query: &Query) -> Vec<Row> {
    meant(rows, query).into_iter().cloned().collect()
}

fn meant<'r, R: Borrow<Row>>(rows: &'r [R], query: &Query) -> Vec<&'r Row> {
    let search = query.search.trim().to_lowercase();
    let search: String = search.chars().take(SEARCH_CHARS_MAX).collect();
    let rows = rows.iter().map(Borrow::borrow);
    let mut meant: Vec<&Row> = rows.filter(|row| query.means(row, &search)).collect();
    meant.sort_by(|one, other| {
        let order = query.heading.order(one, other);
        let order = match query.direction {
            Direction::Ascending => order,
            Direction::Descending => order.reverse(),
        };
        order.then(one.id.cmp(&other.id))
    });
    meant
}

/// Entries of a list that nobody has and that are to be called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// All.
    pub any: usize,
    /// Of those, how many may be called now.
    pub due: usize,
}

/// How many wait on each list that has any.
pub fn waiting<R: Borrow<Row>>(rows: &[R]) -> BTreeMap<QueueId, Waiting> {
    let mut waiting: BTreeMap<QueueId, Waiting> = BTreeMap::new();
    for row in rows.iter().map(Borrow::borrow) {
        if !matches!(row.status, Status::NotHandled | Status::Requeued) {
            continue;
        }
        let of = match waiting.get_mut(&row.queue) {
            Some(of) => of,
            None => waiting.entry(row.queue.clone()).or_default(),
        };
        of.any += 1;
        of.due += usize::from(row.told != Told::Nothing);
    }
    waiting
}

impl Query {
    fn means(&self, row: &Row, search: &str) -> bool {
        let by_time = match self.when {
            When::Any => true,
            When::Due => row.told != Told::Nothing,
            When::Overdue => row.told == Told::Overdue,
        };
        let his = |agent: &UserId| {
            row.held_by.as_ref() == Some(agent) || row.tried_by.as_ref() == Some(agent)
        };
        self.lists.contains(&row.queue)
            && (self.statuses.is_empty() || self.statuses.contains(&row.status))
            && by_time
            && self.agent.as_ref().is_none_or(his)
            && (search.is_empty() || row.has(search))
    }
}

impl Row {
    /// Whether it says that somewhere. What is masked is searched as it is shown, so that nobody finds out by searching
    /// what he may not see.
    fn has(&self, search: &str) -> bool {
        let within = |text: &str| text.to_lowercase().contains(search);
        let person = |user: &Option<UserId>| user.as_ref().is_some_and(|user| within(user.name()));
        within(self.number.as_str())
            || self.is_number(search)
            || self.id.to_string() == search
            || self.is_wished(search)
            || within(self.queue.name())
            || self.input.as_deref().is_some_and(within)
            || person(&self.held_by)
            || person(&self.tried_by)
            || self
                .latest
                .as_ref()
                .is_some_and(|text| within(text.as_str()))
            || self.is_status(search)
    }

    /// Whether it is wished for in a window of that name.
    fn is_wished(&self, search: &str) -> bool {
        match &self.wish {
            Wish::AsSoonAsPossible => false,
            Wish::Window(window) => window.name.to_lowercase().contains(search),
        }
    }

    /// Whether it stands so: in words, or in the one word that others' programs are told.
    fn is_status(&self, search: &str) -> bool {
        let words = self.status.to_string();
        words.contains(search) || words.replace(' ', "-").contains(search)
    }

    /// Whether its number is meant, as people write one: with blanks, and a 0 in place of the country or 00 before it.
    fn is_number(&self, search: &str) -> bool {
        let plain = |sign: &char| !matches!(sign, ' ' | '-' | '/' | '(' | ')');
        let written: String = search.chars().filter(plain).collect();
        if let Some(international) = written.strip_prefix("00")
            && !international.is_empty()
        {
            let number = self.number.as_str().strip_prefix('+');
            return number.is_some_and(|number| number.starts_with(international));
        }
        let national = written.strip_prefix('0').unwrap_or(&written);
        let digits = national.trim_start_matches('+');
        // Three digits at least: fewer are in every number.
        digits.len() >= 3
            && digits.bytes().all(|it| it.is_ascii_digit())
            && self.number.as_str().contains(digits)
    }
}

impl Heading {
    fn order(self, one: &Row, other: &Row) -> Ordering {
        match self {
            Heading::Arrived => one.arrived.cmp(&other.arrived),
            Heading::Wish => one.wish.cmp(&other.wish),
            Heading::Due => one.due.cmp(&other.due),
            Heading::Queue => one.queue.cmp(&other.queue),
            Heading::Number => one.number.cmp(&other.number),
            Heading::Input => one.input.cmp(&other.input),
            Heading::TriedBy => one.tried_by.cmp(&other.tried_by),
            Heading::Attempts => one.attempts.cmp(&other.attempts),
            Heading::Status => one.status.cmp(&other.status),
            Heading::Latest => one.latest.cmp(&other.latest),
        }
    }
}
