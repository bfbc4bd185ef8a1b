//! TOML as a tree in which every key and value knows its place, and the trees of an organisation's files
//! laid together. What keys mean is left to those who read sections.

use crate::problems::{Problem, Problems, quoted};
use crate::source::{Place, Source, Sources};
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What the parser calls a key that is given twice.
const DUPLICATE: &str = "duplicate key";

/// For how many keys given twice the first place is looked up: each look-up reads the file up to there.
const FIRST_PLACES_MAX: usize = 20;

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

/// A TOML value.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    Boolean(bool),
    List(Vec<Node>),
    Table(Table),
    /// A kind that no setting takes: a float, a date. With the words for it.
    Other(String),
}

impl Value {
    /// What an error calls it.
    pub(crate) fn described(&self) -> String {
        match self {
            Value::Text(text) => quoted(text),
            Value::Integer(number) => format!("the number {number}"),
            Value::Boolean(value) => format!("{value}"),
            Value::List(_) => "a list".to_owned(),
            Value::Table(_) => "a table".to_owned(),
            Value::Other(words) => words.clone(),
        }
    }
}

/// Keys and what they stand for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) entries: BTreeMap<String, Entry>,
}

/// A key's place and its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Place,
    pub(crate) node: Node,
}

/// Reads one file; `None` if it is not TOML, which has then been told.
pub(crate) fn parse(sources: &Sources, file: usize, problems: &mut Problems) -> Option<Table> {
    let source = sources.source(file);
    let (document, errors) = DeTable::parse_recoverable(source.text());
    for (index, error) in errors.iter().enumerate() {
        let span = error.span().unwrap_or(0..0);
        let at = Place {
            file,
            start: span.start,
            end: span.end,
        };
        if error.message() != DUPLICATE {
            let problem = Problem::new(at, format!("not TOML: {}", error.message()));
            let mend = "texts stand in quotes, lists in brackets, and each setting on its own line";
            problems.add(sources, problem.mend(mend));
            continue;
        }
        let key = quoted(source.text().get(span.clone()).unwrap_or_default());
        let mut problem =
            Problem::new(at, format!("{key} is given twice")).mend("keep one of them");
        let first = (index < FIRST_PLACES_MAX).then(|| first_of(source, span.start));
        if let Some(first) = first.flatten() {
            problem = problem.see(Place { file, ..first }, "the first is here");
        }
        problems.add(sources, problem);
    }
    errors.is_empty().then(|| table(file, document.get_ref()))
}

fn table(file: usize, table: &DeTable<'_>) -> Table {
    let entries = table.iter().map(|(key, value)| {
        let place = place(file, key);
        (
            key.get_ref().to_string(),
            Entry {
                key: place,
                node: node(file, value),
            },
        )
    });
    Table {
        entries: entries.collect(),
    }
}

fn node(file: usize, value: &Spanned<DeValue<'_>>) -> Node {
    let kind = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::Integer(number),
            Err(_) => Value::Other("a number that is too large".to_owned()),
        },
        DeValue::Float(number) => Value::Other(format!("the number {}", number.as_str())),
        DeValue::Boolean(value) => Value::Boolean(*value),
        DeValue::Datetime(when) => Value::Other(format!("the time {when}")),
        DeValue::Array(list) => Value::List(list.iter().map(|item| node(file, item)).collect()),
        DeValue::Table(inner) => Value::Table(table(file, inner)),
    };
    Node {
        place: place(file, value),
        value: kind,
    }
}

fn place<T>(file: usize, spanned: &Spanned<T>) -> Place {
    let span = spanned.span();
    Place {
        file,
        start: span.start,
        end: span.end,
    }
}

/// Where the key that stands again at `offset` stood first, by reading the file as far as the line
/// before: the whole tree no longer knows it. `None` inside a value of several lines.
fn first_of(source: &Source, offset: usize) -> Option<Place> {
    let (line_start, line) = source.line_at(offset);
    let (before, errors) = DeTable::parse_recoverable(&source.text()[..line_start]);
    let again = DeTable::parse(line).ok()?;
    if errors.iter().any(|error| error.message() != DUPLICATE) {
        return None;
    }
    let before = before.get_ref();
    // A heading tells its path from the top; a setting belongs to the last heading before it.
    let table = match line.trim_start().starts_with('[') {
        true => before,
        false => last_header_before(before, offset).unwrap_or(before),
    };
    first_along(table, again.get_ref())
}

/// Follows `path`, a table of one key in a table of one key …, down through `table` as far as it goes.
fn first_along(table: &DeTable<'_>, path: &DeTable<'_>) -> Option<Place> {
    let (name, rest) = path.iter().next()?;
    let (key, value) = table.get_key_value(name.get_ref().as_ref())?;
    match (value.get_ref(), rest.get_ref()) {
        (DeValue::Table(table), DeValue::Table(rest)) if !rest.is_empty() => {
            first_along(table, rest)
        }
        _ => Some(place(0, key)),
    }
}

fn last_header_before<'t, 'i>(table: &'t DeTable<'i>, offset: usize) -> Option<&'t DeTable<'i>> {
    let mut last: Option<(usize, &'t DeTable<'i>)> = None;
    let mut open = vec![table];
    while let Some(table) = open.pop() {
        for (key, value) in table.iter() {
            let DeValue::Table(inner) = value.get_ref() else {
                continue;
            };
            open.push(inner);
            let start = key.span().start.max(value.span().start);
            if start < offset && last.is_none_or(|(best, _)| best < start) {
                last = Some((start, inner));
            }
        }
    }
    last.map(|(_, table)| table)
}

/// Lays `more` into `table`: sections of the same name are laid together, and what stands in both is told.
pub(crate) fn merge(sources: &Sources, table: &mut Table, more: Table, problems: &mut Problems) {
    for (name, entry) in more.entries {
        let Some(there) = table.entries.get_mut(&name) else {
            table.entries.insert(name, entry);
            continue;
        };
        match (&mut there.node.value, entry.node.value) {
            (Value::Table(there), Value::Table(more)) => {
                for (key, entry) in more.entries {
                    match there.entries.get(&key) {
                        Some(first) => {
                            let problem = twice(&format!("{name}.{key}"), entry.key, first.key);
                            problems.add(sources, problem);
                        }
                        None => drop(there.entries.insert(key, entry)),
                    }
                }
            }
            _ => problems.add(sources, twice(&name, entry.key, there.key)),
        }
    }
}

fn twice(key: &str, again: Place, first: Place) -> Problem {
    Problem::new(again, format!("`{key}` is given twice"))
        .mend("keep one of them")
        .see(first, "the first is here")
}
