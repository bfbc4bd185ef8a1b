//! When a queue sends callers elsewhere, and where: `full`, `loaded`, `no_agents`, `none_reachable`, `all_paused`,
//! `timed_out` and `keys` under `[queues.<name>]`, with the marks of its load.

use crate::destination::{self, Place};
use crate::kinds::{Text, Within};
use crate::menu;
use crate::problems::Problem;
use crate::queue::NOTHING;
use crate::scope::Scope;
use crate::section::{Context, Section};
use crate::setting::Optional;
use crate::settings::{close_when, full, no_agents, open_when, queue, timed_out};
use acd::{Applies, Exits, Load, Marks, RefuseCause};
use call::settings::{Destination, Instead, Language};
use std::collections::BTreeMap;
use std::time::Duration;

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
    tables.plain(section, &queue::FULL, RefuseCause::Full, context);
    tables.plain(section, &queue::LOADED, RefuseCause::Loaded, context);
    for (setting, cause, applies) in [
        (
            &queue::NO_AGENTS,
            RefuseCause::NoAgents,
            &mut exits.no_agents,
        ),
        (
            &queue::NONE_REACHABLE,
            RefuseCause::NoneReachable,
            &mut exits.none_reachable,
        ),
        (
            &queue::ALL_PAUSED,
            RefuseCause::AllPaused,
            &mut exits.all_paused,
        ),
    ] {
        *applies = tables.empty(section, setting, cause, context);
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
        &queue::KEYS,
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
        setting: &Optional<Within>,
        cause: RefuseCause,
        context: &mut Context<'_>,
    ) {
        let its = (&full::MESSAGE, &full::THEN);
        self.table(section, setting, its, cause, context, |_, _| ());
    }

    /// Whom a rule on an empty queue is for.
    fn empty(
        &mut self,
        section: &mut Section<'_>,
        setting: &Optional<Within>,
        cause: RefuseCause,
        context: &mut Context<'_>,
    ) -> Applies {
        let its = (&no_agents::MESSAGE, &no_agents::THEN);
        let waiting = self.table(section, setting, its, cause, context, |table, context| {
            table.value(&no_agents::WAITING, context)
        });
        match waiting {
            None => Applies::Never,
            Some(true) => Applies::Everybody,
            Some(false) => Applies::Newcomers,
        }
    }

    fn timed_out(
        &mut self,
        section: &mut Section<'_>,
        context: &mut Context<'_>,
    ) -> Option<Duration> {
        let its = (&timed_out::MESSAGE, &timed_out::THEN);
        let (setting, cause) = (&queue::TIMED_OUT, RefuseCause::TimedOut);
        let after = self.table(section, setting, its, cause, context, |table, context| {
            table.require(&timed_out::AFTER, context)
        });
        after.flatten().map(|at| at.value)
    }

    /// The table under `key`, with what else is in it; `None` where there is none.
    fn table<T>(
        &mut self,
        section: &mut Section<'_>,
        setting: &Optional<Within>,
        (message, then): (&Optional<Text>, &Optional<Place>),
        cause: RefuseCause,
        context: &mut Context<'_>,
        more: impl FnOnce(&mut Section<'_>, &mut Context<'_>) -> T,
    ) -> Option<T> {
        let what = format!("`{}` of {}", setting.key, section.what());
        let mut table = section.section(setting, what, context)?;
        let name = table.take(message, context);
        let message = name.filter(|name| name.value != NOTHING).and_then(|name| {
            let found = self.scope.prompt_at(&name.value, self.language, name.place);
            found.map_err(|problem| context.add(problem)).ok()
        });
        let then = destination::under(&mut table, then, self.scope, context);
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
        .section(&queue::CLOSE_WHEN, close, context)
        .map(|mut table| {
            let marks = Marks {
                waiting: table.take(&close_when::WAITING, context).map(|at| at.value),
                wait: table.take(&close_when::WAIT, context).map(|at| at.value),
            };
            let of = table.value(&close_when::OF, context);
            let place = table.place();
            table.finish(context);
            (marks, of, place)
        });
    let open = section
        .section(&queue::OPEN_WHEN, open, context)
        .map(|mut table| {
            let marks = Marks {
                waiting: table.take(&open_when::WAITING, context).map(|at| at.value),
                wait: table.take(&open_when::WAIT, context).map(|at| at.value),
            };
            let held = table.value(&open_when::FOR, context);
            let place = table.place();
            table.finish(context);
            (marks, held, place)
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
    let (given, held, at) =
        open.unwrap_or_else(|| (Marks::default(), (open_when::FOR.otherwise.0)(), at));
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
