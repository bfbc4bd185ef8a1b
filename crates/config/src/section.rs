//! Reads one table setting by setting, as `settings` declares them under its heading. What stands there and is none of
//! them is told at the end.

use crate::kinds::{Kind, List, Named, Text, Within};
use crate::problems::{Problem, Problems};
use crate::setting::{
    Declared, Heading, Otherwise, Required, Setting, Usual, Usually, UsuallyMany,
};
use crate::source::{Place, Sources};
use crate::tree::{Node, Table, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;

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

/// Stands where a section is not written.
static EMPTY: Table = Table {
    entries: BTreeMap::new(),
};

/// A table being read.
pub(crate) struct Section<'t> {
    what: String,
    place: Place,
    table: &'t Table,
    heading: &'static Heading,
    /// What was asked for, so that a test tells of a setting that is declared and not read.
    asked: Vec<&'static str>,
}

impl<'t> Section<'t> {
    /// `what` is what an error calls it: "queue `support`".
    pub(crate) fn new(
        what: impl Into<String>,
        place: Place,
        table: &'t Table,
        heading: &'static Heading,
    ) -> Section<'t> {
        Section {
            what: what.into(),
            place,
            table,
            heading,
            asked: Vec::new(),
        }
    }

    /// The same of a node that has to be a table.
    pub(crate) fn of(
        what: impl Into<String>,
        node: &'t Node,
        heading: &'static Heading,
    ) -> Reading<Section<'t>> {
        let what = what.into();
        match &node.value {
            Value::Table(table) => Ok(Section::new(what, node.place, table, heading)),
            other => {
                let other = other.described();
                let problem = format!("expected the table of {what}, got {other}");
                let mend = "write its settings as `key = value` lines under a [heading]";
                Err(vec![Problem::new(node.place, problem).mend(mend)])
            }
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

    /// Where the first of some settings stands that is written, or the section where none is.
    pub(crate) fn place_of(&self, settings: &[&dyn Declared]) -> Place {
        let entries = |setting: &&dyn Declared| self.table.entries.get(setting.key());
        let first = settings.iter().find_map(entries);
        first.map_or(self.place, |entry| entry.node.place)
    }

    /// Whether a setting is written here.
    pub(crate) fn has(&self, setting: &dyn Declared) -> bool {
        self.table.entries.contains_key(setting.key())
    }

    /// How many of the ways that exclude each other are written.
    pub(crate) fn ways(&self) -> usize {
        let ways = self.heading.ways();
        ways.filter(|way| self.has(*way)).count()
    }

    /// The node of a setting.
    pub(crate) fn node(&mut self, setting: &dyn Declared) -> Option<&'t Node> {
        let key = setting.key();
        debug_assert!(
            self.heading.settings().any(|it| it.key() == key),
            "`{key}` is not declared under {}",
            self.heading.name
        );
        self.asked.push(key);
        self.table.entries.get(key).map(|entry| &entry.node)
    }

    /// The value of a setting; `None` if it isn't there, or is wrong, which is then told.
    pub(crate) fn take<K: Kind, D: Otherwise<K>>(
        &mut self,
        setting: &Setting<K, D>,
        context: &mut Context<'_>,
    ) -> Option<At<K::Value>> {
        let node = self.node(setting)?;
        let value = context.told(setting.kind.read(node))?;
        Some(At {
            value,
            place: node.place,
        })
    }

    /// The value of a setting, or what holds where it isn't written.
    pub(crate) fn value<K: Kind>(
        &mut self,
        setting: &Usually<K>,
        context: &mut Context<'_>,
    ) -> K::Value
    where
        Usual<K::Value>: Otherwise<K>,
    {
        let written = self.take(setting, context);
        written.map_or_else(setting.otherwise.0, |at| at.value)
    }

    /// The same with where it stands: at `start` where it isn't written.
    pub(crate) fn placed<K: Kind>(
        &mut self,
        setting: &Usually<K>,
        start: Place,
        context: &mut Context<'_>,
    ) -> At<K::Value>
    where
        Usual<K::Value>: Otherwise<K>,
    {
        self.take(setting, context).unwrap_or_else(|| At {
            value: (setting.otherwise.0)(),
            place: start,
        })
    }

    /// The same of a list.
    pub(crate) fn values<K: Kind>(
        &mut self,
        setting: &UsuallyMany<K>,
        context: &mut Context<'_>,
    ) -> Vec<K::Value>
    where
        Usual<Vec<K::Value>>: Otherwise<List<K>>,
    {
        let written = self.take(setting, context);
        let values = |at: At<Vec<At<K::Value>>>| at.value.into_iter().map(|at| at.value).collect();
        written.map_or_else(setting.otherwise.0, values)
    }

    /// The value of a setting that has to be written: where it isn't, that is told.
    pub(crate) fn require<K: Kind>(
        &mut self,
        setting: &Required<K>,
        context: &mut Context<'_>,
    ) -> Option<At<K::Value>> {
        self.require_or(setting, setting.otherwise.0, context)
    }

    /// The same, told with a mend of its own.
    pub(crate) fn require_or<K: Kind>(
        &mut self,
        setting: &Required<K>,
        mend: &str,
        context: &mut Context<'_>,
    ) -> Option<At<K::Value>> {
        if !self.has(setting) {
            self.tell_absent(setting, mend, context);
        }
        self.take(setting, context)
    }

    /// Tells that a setting isn't there.
    pub(crate) fn tell_absent(
        &self,
        setting: &dyn Declared,
        mend: &str,
        context: &mut Context<'_>,
    ) {
        let problem = format!("{} has no `{}`", self.what, setting.key());
        context.add(Problem::new(self.place, problem).mend(mend));
    }

    /// The path that a setting names, seen from the file it stands in.
    pub(crate) fn path<D: Otherwise<Text>>(
        &mut self,
        setting: &Setting<Text, D>,
        context: &mut Context<'_>,
    ) -> Option<At<PathBuf>> {
        let At { value, place } = self.take(setting, context)?;
        let value = context.sources.resolve(place.file, &value);
        Some(At { value, place })
    }

    /// The table of a setting, which an error calls `what`.
    pub(crate) fn section<D: Otherwise<Within>>(
        &mut self,
        setting: &Setting<Within, D>,
        what: impl Into<String>,
        context: &mut Context<'_>,
    ) -> Option<Section<'t>> {
        let node = self.node(setting)?;
        context.told(Section::of(what, node, setting.kind.0))
    }

    /// The same of a section with a heading of its own: `[sip]`.
    pub(crate) fn headed<D: Otherwise<Within>>(
        &mut self,
        setting: &Setting<Within, D>,
        context: &mut Context<'_>,
    ) -> Option<Section<'t>> {
        self.section(setting, setting.kind.0.name, context)
    }

    /// The same, as if it stood there empty where it doesn't.
    pub(crate) fn headed_or_empty<D: Otherwise<Within>>(
        &mut self,
        setting: &Setting<Within, D>,
        context: &mut Context<'_>,
    ) -> Section<'t> {
        self.section_or_empty(setting, setting.kind.0.name, context)
    }

    /// The same of one without a heading of its own, which an error calls `what`.
    pub(crate) fn section_or_empty<D: Otherwise<Within>>(
        &mut self,
        setting: &Setting<Within, D>,
        what: impl Into<String>,
        context: &mut Context<'_>,
    ) -> Section<'t> {
        let (what, place, heading) = (what.into(), self.place, setting.kind.0);
        self.section(setting, what.clone(), context)
            .unwrap_or_else(|| Section::new(what, place, &EMPTY, heading))
    }

    /// The entries of a table whose keys are names of the writer's own.
    pub(crate) fn named<D: Otherwise<Named>>(
        &mut self,
        setting: &Setting<Named, D>,
        context: &mut Context<'_>,
    ) -> Vec<Entry<'t>> {
        let Some(node) = self.node(setting) else {
            return Vec::new();
        };
        let Value::Table(table) = &node.value else {
            let described = node.value.described();
            let problem = format!("expected the table of `{}`, got {described}", setting.key);
            let mend = "write its settings as `key = value` lines under a [heading]";
            context.add(Problem::new(node.place, problem).mend(mend));
            return Vec::new();
        };
        let entries = table.entries.iter();
        entries
            .map(|(name, entry)| (name.as_str(), entry.key, &entry.node))
            .collect()
    }

    /// Tells every key that is no setting here.
    pub(crate) fn finish(self, context: &mut Context<'_>) {
        let keys = self.heading.settings().map(Declared::key);
        debug_assert!(
            keys.clone().all(|key| self.asked.contains(&key)),
            "of {} only {:?} are read",
            self.heading.name,
            self.asked
        );
        for (key, entry) in &self.table.entries {
            if keys.clone().any(|known| known == key) {
                continue;
            }
            let problem = format!("{} has no setting `{}`", self.what, key.escape_debug());
            let mend = context.suggestion(key, "settings here", keys.clone());
            context.add(Problem::new(entry.key, problem).mend(mend));
        }
    }
}
