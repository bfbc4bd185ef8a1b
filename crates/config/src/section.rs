//! Reads one table key by key. Each key that is asked for becomes a known one; what is left over at the
//! end is told as unknown, so the keys there are stand in one place: where they are read.

use crate::problems::{Problem, Problems};
use crate::source::{Place, Sources};
use crate::tree::{Node, Table, Value};

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

/// An entry of a table whose keys are names of the writer's own: its name, where that stands, and what it
/// stands for.
pub(crate) type Entry<'t> = (&'t str, Place, &'t Node);

/// What a reader of one value returns: it may find several things wrong with a list.
pub(crate) type Reading<T> = Result<T, Vec<Problem>>;

/// What every reader of settings needs at hand.
pub(crate) struct Context<'c> {
    pub(crate) sources: &'c Sources,
    pub(crate) problems: &'c mut Problems,
}

impl Context<'_> {
    pub(crate) fn add(&mut self, problem: Problem) {
        self.problems.add(self.sources, problem);
    }

    pub(crate) fn warn(&mut self, problem: Problem) {
        self.problems.warn(self.sources, problem);
    }

    /// "did you mean `x`?", or what there is to choose from.
    pub(crate) fn suggestion<'n>(
        &self,
        word: &str,
        kind: &str,
        names: impl Iterator<Item = &'n str> + Clone,
    ) -> String {
        self.problems.suggestion(word, kind, names)
    }

    /// The value, or `None` once what is wrong has been told.
    pub(crate) fn told<T>(&mut self, reading: Reading<T>) -> Option<T> {
        reading
            .map_err(|problems| problems.into_iter().for_each(|problem| self.add(problem)))
            .ok()
    }
}

/// A table being read.
pub(crate) struct Section<'t> {
    what: String,
    place: Place,
    table: &'t Table,
    known: Vec<&'static str>,
}

impl<'t> Section<'t> {
    /// `what` is what an error calls it: "queue `support`".
    pub(crate) fn new(what: impl Into<String>, place: Place, table: &'t Table) -> Section<'t> {
        Section {
            what: what.into(),
            place,
            table,
            known: Vec::new(),
        }
    }

    /// The same of a node that has to be a table.
    pub(crate) fn of(what: impl Into<String>, node: &'t Node) -> Reading<Section<'t>> {
        let what = what.into();
        match &node.value {
            Value::Table(table) => Ok(Section::new(what, node.place, table)),
            other => Err(vec![
                Problem::new(
                    node.place,
                    format!("expected the table of {what}, got {}", other.described()),
                )
                .mend("write its settings as `key = value` lines under a [heading]"),
            ]),
        }
    }

    /// What an error calls it.
    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    /// Where it is headed.
    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// Whether `key` is written here.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.entries.contains_key(key)
    }

    /// The node of `key`, which is known from now on.
    pub(crate) fn node(&mut self, key: &'static str) -> Option<&'t Node> {
        self.known.push(key);
        self.table.entries.get(key).map(|entry| &entry.node)
    }

    /// The value of `key` as `reader` reads it; `None` if it isn't there, or is wrong, which is then told.
    pub(crate) fn take<T>(
        &mut self,
        key: &'static str,
        reader: impl FnOnce(&Node) -> Reading<T>,
        context: &mut Context<'_>,
    ) -> Option<At<T>> {
        let node = self.node(key)?;
        let value = context.told(reader(node))?;
        Some(At {
            value,
            place: node.place,
        })
    }

    /// The same, where it being absent is told with `mend`.
    pub(crate) fn require<T>(
        &mut self,
        key: &'static str,
        mend: &str,
        reader: impl FnOnce(&Node) -> Reading<T>,
        context: &mut Context<'_>,
    ) -> Option<At<T>> {
        if !self.has(key) {
            let problem = format!("{} has no `{key}`", self.what);
            context.add(Problem::new(self.place, problem).mend(mend));
        }
        self.take(key, reader, context)
    }

    /// The table under `key`, which an error calls `what`.
    pub(crate) fn section(
        &mut self,
        key: &'static str,
        what: impl Into<String>,
        context: &mut Context<'_>,
    ) -> Option<Section<'t>> {
        let node = self.node(key)?;
        context.told(Section::of(what, node))
    }

    /// The entries of the table under `key`, whose keys are names of the writer's own.
    pub(crate) fn named(&mut self, key: &'static str, context: &mut Context<'_>) -> Vec<Entry<'t>> {
        let Some(section) = self.section(key, format!("`{key}`"), context) else {
            return Vec::new();
        };
        let entries = section.table.entries.iter();
        entries
            .map(|(name, entry)| (name.as_str(), entry.key, &entry.node))
            .collect()
    }

    /// Tells every key that nobody asked for.
    pub(crate) fn finish(self, context: &mut Context<'_>) {
        for (key, entry) in &self.table.entries {
            if self.known.contains(&key.as_str()) {
                continue;
            }
            let problem = format!("{} has no setting `{}`", self.what, key.escape_debug());
            let mend = context.suggestion(key, "settings here", self.known.iter().copied());
            context.add(Problem::new(entry.key, problem).mend(mend));
        }
    }
}
