//! When a queue sends callers elsewhere, and where: `full`, `loaded`, `no_agents`, `none_reachable`, `all_paused`,
//! `timed_out` and `keys` under `[queues.<name>]`, with the marks of its load.

use crate::destination;
use crate::menu;
use crate::problems::Problem;
use crate::queue::NOTHING;
use crate::scope::Scope;
use crate::section::{Context, Section};
use crate::value;
use acd::{Applies, Exits, Load, Marks, RefuseCause, WaitOf};
use call::settings::{Destination, Instead, Language};
use std::collections::BTreeMap;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const HOURS: Duration = Duration::from_secs(4 * 3_600);

/// How long a queue stays below its lower marks before it opens, unless set: a few callers who give up at once are
/// no sign that it has become calm.
const HELD: Duration = Duration::from_secs(60);

const WAITS: [(&str, WaitOf); 2] = [("average", WaitOf::Average), ("longest", WaitOf::Longest)];

/// What is said of a queue's callers who go elsewhere.
pub(crate) struct Read {
    pub(crate) exits: Exits,
    pub(crate) instead: BTreeMap<RefuseCause, Instead>,
    pub(crate) keys: BTreeMap<char, Destination>,
}

pub(crate) fn read(
    section: &mut Section<'_>,
    language: Language,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Read {
    let mut tables = Tables {
        scope,
        language,
        instead: BTreeMap::new(),
    };
    let mut exits = Exits::default();
    tables.plain(section, "full", RefuseCause::Full, context);
    tables.plain(section, "loaded", RefuseCause::Loaded, context);
    for (key, cause, applies) in [
        ("no_agents", RefuseCause::NoAgents, &mut exits.no_agents),
        (
            "none_reachable",
            RefuseCause::NoneReachable,
            &mut exits.none_reachable,
        ),
        ("all_paused", RefuseCause::AllPaused, &mut exits.all_paused),
    ] {
        *applies = tables.empty(section, key, cause, context);
    }
    exits.after = tables.timed_out(section, context);
    exits.load = read_load(section, context);
    if exits.load.is_none() && tables.instead.contains_key(&RefuseCause::Loaded) {
        let problem = format!(
            "`loaded` of {} is for nobody: it never closes",
            section.what()
        );
        let mend = "say when it does: close_when = { waiting = 40 }";
        context.warn(Problem::new(section.place(), problem).mend(mend));
    }
    let keys = menu::lettered(
        section,
        |letter, what, node, context| {
            let what = format!("key {letter} of {what}");
            destination::read(&what, node, scope, context)
        },
        context,
    );
    Read {
        exits,
        instead: tables.instead,
        keys,
    }
}

/// The tables of the causes.
struct Tables<'s> {
    scope: &'s Scope<'s>,
    language: Language,
    instead: BTreeMap<RefuseCause, Instead>,
}

impl Tables<'_> {
    fn plain(
        &mut self,
        section: &mut Section<'_>,
        key: &'static str,
        cause: RefuseCause,
        context: &mut Context<'_>,
    ) {
        self.table(section, key, cause, context, |_, _| ());
    }

    /// Whom a rule on an empty queue is for.
    fn empty(
        &mut self,
        section: &mut Section<'_>,
        key: &'static str,
        cause: RefuseCause,
        context: &mut Context<'_>,
    ) -> Applies {
        let waiting = self.table(section, key, cause, context, |table, context| {
            table.take("waiting", value::boolean, context)
        });
        match waiting {
            None => Applies::Never,
            Some(Some(waiting)) if waiting.value => Applies::Everybody,
            Some(_) => Applies::Newcomers,
        }
    }

    fn timed_out(
        &mut self,
        section: &mut Section<'_>,
        context: &mut Context<'_>,
    ) -> Option<Duration> {
        let cause = RefuseCause::TimedOut;
        let after = self.table(section, "timed_out", cause, context, |table, context| {
            let mend = "say how long he may wait: after = \"5m\"";
            table.require("after", mend, value::duration(SECOND..=HOURS), context)
        });
        after.flatten().map(|at| at.value)
    }

    /// The table under `key`, with what else is in it; `None` where there is none.
    fn table<T>(
        &mut self,
        section: &mut Section<'_>,
        key: &'static str,
        cause: RefuseCause,
        context: &mut Context<'_>,
        more: impl FnOnce(&mut Section<'_>, &mut Context<'_>) -> T,
    ) -> Option<T> {
        let what = format!("`{key}` of {}", section.what());
        let mut table = section.section(key, what, context)?;
        let name = table.take("message", value::text, context);
        let message = name.filter(|name| name.value != NOTHING).and_then(|name| {
            let found = self.scope.prompt_at(&name.value, self.language, name.place);
            found.map_err(|problem| context.add(problem)).ok()
        });
        let then = destination::under(&mut table, "then", self.scope, context);
        let more = more(&mut table, context);
        table.finish(context);
        self.instead.insert(
            cause,
            Instead {
                message,
                then,
                ..Instead::default()
            },
        );
        Some(more)
    }
}

fn read_load(section: &mut Section<'_>, context: &mut Context<'_>) -> Option<Load> {
    let (what, place) = (section.what().to_owned(), section.place());
    let close = format!("`close_when` of {what}");
    let open = format!("`open_when` of {what}");
    let close = section
        .section("close_when", close, context)
        .map(|mut table| {
            let marks = read_marks(&mut table, context);
            let of = table.take("of", value::choice(&WAITS), context);
            let place = table.place();
            table.finish(context);
            (marks, of.map_or(WaitOf::default(), |at| at.value), place)
        });
    let open = section
        .section("open_when", open, context)
        .map(|mut table| {
            let marks = read_marks(&mut table, context);
            let held = table.take("for", value::duration(Duration::ZERO..=HOURS), context);
            let place = table.place();
            table.finish(context);
            (marks, held.map_or(HELD, |at| at.value), place)
        });
    let Some((close, wait_of, at)) = close else {
        if open.is_some() {
            let problem = format!("`open_when` of {what} is for nothing: it never closes");
            let mend = "say when it does: close_when = { waiting = 40 }";
            context.warn(Problem::new(place, problem).mend(mend));
        }
        return None;
    };
    if close == Marks::default() {
        let problem = format!("`close_when` of {what} has no mark");
        let mend =
            "write how many wait, or how long: close_when = { waiting = 40, wait = \"15m\" }";
        context.add(Problem::new(at, problem).mend(mend));
    }
    let (given, held, at) = open.unwrap_or((Marks::default(), HELD, at));
    let marks = below(close, given);
    if !is_lower(close, given) {
        let problem = format!("`open_when` of {what} is not below `close_when`");
        let mend =
            "write lower marks of the same kinds, or leave it out for three quarters of them";
        context.add(Problem::new(at, problem).mend(mend));
    }
    Some(Load {
        close,
        open: marks,
        held,
        wait_of,
    })
}

fn read_marks(table: &mut Section<'_>, context: &mut Context<'_>) -> Marks {
    let waiting = table.take("waiting", value::whole(1..=100_000), context);
    let wait = table.take("wait", value::duration(SECOND..=HOURS), context);
    Marks {
        waiting: waiting.map(|at| at.value),
        wait: wait.map(|at| at.value),
    }
}

/// The lower marks: three quarters of the upper, where not given.
fn below(close: Marks, given: Marks) -> Marks {
    Marks {
        waiting: given
            .waiting
            .or(close.waiting.map(|mark| (mark * 3 / 4).max(1))),
        wait: given.wait.or(close.wait.map(|mark| mark * 3 / 4)),
    }
}

/// A mark that is no lower than its upper one, or has none, is wrong.
fn is_lower(close: Marks, open: Marks) -> bool {
    let waiting = open
        .waiting
        .is_none_or(|mark| close.waiting.is_some_and(|it| mark <= it));
    let wait = open
        .wait
        .is_none_or(|mark| close.wait.is_some_and(|it| mark <= it));
    waiting && wait
}
