//! `[queues.<name>.callback.windows.<name>]`: the times that callers may choose to be called at, and when they are in the days
//! to come.

use crate::called_back::read_room;
use crate::hours::read_recurrence;
use crate::problems::Problem;
use crate::scope::{Scope, bad_name};
use crate::section::{Context, Entry, Section};
use crate::settings::{WINDOWS_MAX, callback as list, window};
use base::{BoundedVec, QueueId};
use calendar::{Hours, Interval, OpenSpan, QuickCloses, Recurrence, Rule, Standing};
use call::settings::{Directory, Language, Organisation};
use callback::{Capacity, OPEN_SPANS_MAX, Span, Utc, Window};
use media_core::PromptId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A window is offered on its day and on the day before, unless it says otherwise.
const AHEAD_USUAL: [u16; 2] = [0, 1];

/// How far opening hours are told ahead: the last day on which a window may begin, and the night that it may end in.
const TOLD_AHEAD_SECONDS: i64 = 16 * 24 * 3_600;

/// When a window is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Occurs {
    pub(crate) name: Arc<str>,
    pub(crate) room: Capacity,
    /// A recording of its name.
    pub(crate) prompt: Option<PromptId>,
    days: Recurrence,
    intervals: Vec<Interval>,
    ahead: BTreeSet<u16>,
}

/// When the windows of all queues are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallbackWindows(pub(crate) BTreeMap<QueueId, Vec<Occurs>>);

impl CallbackWindows {
    /// When a queue is open and its windows are in the days to come, seen from a moment in seconds since 1970 (UTC). What
    /// was closed by hand is closed.
    pub fn hours(
        &self,
        queue: &QueueId,
        directory: &Directory,
        quick: &QuickCloses,
        unix_seconds: i64,
    ) -> callback::Hours {
        let Some(organisation) = directory.organisations.get(queue.org_name()) else {
            return callback::Hours::default();
        };
        let standing = Standing {
            queue,
            hours: organisation.hours_of(queue),
            quick,
        };
        let until = unix_seconds.saturating_add(TOLD_AHEAD_SECONDS);
        let open = standing.open_spans(unix_seconds, until, OPEN_SPANS_MAX);
        let open: Vec<Span> = open.into_iter().map(span).collect();
        let mut windows = self.coming(queue, organisation, unix_seconds);
        windows.retain(|window| window.span.lies_in(&open));
        callback::Hours {
            open: Some(bounded(open)),
            windows: bounded(windows),
        }
    }

    /// Those that have not begun, the first first.
    fn coming(&self, queue: &QueueId, organisation: &Organisation, now: i64) -> Vec<Window> {
        let clock = organisation.clock_of(queue);
        let Some((occurs, clock)) = self.0.get(queue).zip(clock) else {
            return Vec::new();
        };
        let windows = occurs.iter().flat_map(|it| it.coming(&clock, now));
        let mut windows: Vec<Window> = windows.collect();
        windows.sort_unstable();
        windows
    }
}

impl Occurs {
    fn coming(&self, clock: &Hours, now: i64) -> Vec<Window> {
        let mut hours = clock.bare();
        hours.add_rule(Rule {
            days: self.days.clone(),
            hours: self.intervals.clone(),
            written: "".into(),
        });
        let slots = self.ahead.iter().flat_map(|ahead| hours.slots(now, *ahead));
        let coming = slots.filter(|slot| slot.from > now);
        let window = |slot| Window {
            span: span(slot),
            name: self.name.clone(),
        };
        coming.map(window).collect()
    }
}

fn span(OpenSpan { from, until }: OpenSpan) -> Span {
    Span {
        from: Utc::from_seconds(from),
        until: Utc::from_seconds(until),
    }
}

/// The first of them, as many as there may be.
fn bounded<T, const N: usize>(all: Vec<T>) -> BoundedVec<T, N> {
    let mut first = BoundedVec::new();
    for one in all {
        if first.push(one).is_err() {
            break;
        }
    }
    first
}

/// Every window of a queue's list.
pub(crate) fn read(
    section: &mut Section<'_>,
    language: Language,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Vec<Occurs> {
    let (what, place) = (section.what().to_owned(), section.place());
    let tables = section.named(&list::WINDOWS, context);
    if tables.len() > WINDOWS_MAX {
        let problem = format!(
            "expected at most {WINDOWS_MAX} windows, got {}",
            tables.len()
        );
        context
            .add(Problem::new(place, problem).mend("leave some out: a caller chooses among eight"));
    }
    let tables = tables.into_iter();
    tables
        .filter_map(|entry| read_window(&what, entry, language, scope, context))
        .collect()
}

fn read_window(
    what: &str,
    (name, place, node): Entry<'_>,
    language: Language,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Option<Occurs> {
    // Windows are named as queues are.
    if let Err(error) = QueueId::new(scope.org, name) {
        context.add(bad_name(place, "window", &error));
    }
    let what = format!("window `{name}` of {what}");
    let mut section = context.told(Section::of(what, node, &window::HEADING))?;
    let days = read_recurrence(&mut section, None, context);
    let hours = section.require(&window::HOURS, context);
    let ahead = section.take(&window::DAYS_AHEAD, context);
    let prompt = section.take(&window::PROMPT, context).and_then(|at| {
        let found = scope.prompt_at(&at.value, language, at.place);
        found.map_err(|problem| context.add(problem)).ok()
    });
    let room = read_room(
        &mut section,
        &window::ENTRIES,
        &window::AGENT_MINUTES,
        context,
    );
    if let Some(at) = hours.as_ref().filter(|at| at.value.is_empty()) {
        let problem = format!("{} is never", section.what());
        context.add(Problem::new(at.place, problem).mend(window::HOURS.otherwise.0));
    }
    if let Some(at) = ahead.as_ref().filter(|at| at.value.is_empty()) {
        let problem = format!("{} is offered on no day", section.what());
        let mend = "say how many days before it: days_ahead = [0, 1]";
        context.add(Problem::new(at.place, problem).mend(mend));
    }
    section.finish(context);
    let ahead = match ahead {
        None => AHEAD_USUAL.into(),
        Some(written) => {
            let days = written.value.into_iter();
            days.filter_map(|at| u16::try_from(at.value).ok()).collect()
        }
    };
    let (days, _) = days?;
    Some(Occurs {
        name: name.into(),
        room,
        prompt,
        days,
        intervals: hours?.value,
        ahead,
    })
}
