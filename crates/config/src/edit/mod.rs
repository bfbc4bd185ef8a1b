//! Settings looked at and changed by program, in the files in which people write them. A setting is named
//! by whose it is and its keys, `queues.support.ring`; the file is found. An edit is a value: it is judged
//! with [`load_edited`](crate::load_edited) before it lands. Several of them, over several files, are a [`Change`].

mod change;
mod diff;
mod document;
mod landing;
mod masks;
mod named_files;
mod shown;
mod snapshot;
#[cfg(test)]
mod tests;
mod told;

pub use change::{Change, EDITS_MAX, FileDiff};
pub use diff::{DiffLine, LineKind};
pub use landing::NotLanded;
pub(crate) use snapshot::fingerprint;
pub use snapshot::{Snapshot, Touch, VersionKey, dotted, taking_a_restart};
pub use told::{Located, Told};

use crate::SERVER_FILE;
use crate::describe::{SECRETS, THINGS};
use crate::error::ConfigError;
use crate::problems::{Problem, Problems, quoted};
use crate::source::{FILE_BYTES_MAX, Place, Sources};
use crate::tree::{self, Entry, Table};
use control::{ConfigChange, ConfigScope};
use document::Hindrance;
use std::path::{Path, PathBuf};
use toml_edit::{Key, Value};

/// Keys of one path at most: more than any setting has.
const KEYS_MAX: usize = 10;

/// A file as it was, and as it would be.
#[derive(Clone, PartialEq, Eq)]
pub struct Edited {
    path: PathBuf,
    before: String,
    after: String,
}

/// The texts may hold passwords, so they are not printed.
impl std::fmt::Debug for Edited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Edited({})", self.path.display())
    }
}

impl Edited {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it would say anything else than it does.
    pub fn is_a_change(&self) -> bool {
        self.before != self.after
    }

    /// Puts it in the file's place: whole, and only if the file is still as it was read. `dir` is the configuration's
    /// folder.
    pub fn land(&self, dir: &Path) -> Result<(), Box<ConfigError>> {
        let landed = landing::land(std::slice::from_ref(self), dir, None);
        landed.map_err(|failure| match failure {
            NotLanded::Changed => Box::new(
                ConfigError::about(&self.path, "has been changed meanwhile")
                    .mend("nothing was written; look at it, and try again"),
            ),
            NotLanded::Failed(error) => error,
        })
    }

    pub(crate) fn sources(&self) -> Sources {
        Sources::with([(self.path.clone(), self.after.clone())])
    }
}

/// What the files say at `path`, without secrets.
pub fn show(dir: &Path, scope: &ConfigScope, path: &str) -> Result<String, Box<ConfigError>> {
    let files = Files::read(dir, scope)?;
    let keys = keys(path)?;
    let found = files.find(&keys);
    if found.depth < keys.len() {
        return Err(files.missing(&keys, &found).into());
    }
    let texts = files.trees.iter().filter_map(|(file, _)| {
        let text = files.sources.source(*file).text();
        shown::shown(text, &keys)
    });
    Ok(texts.collect())
}

/// The edit that `change` asks for: where a value may be read as a number or a text, each way, the likelier
/// first. Which one is right is known by the settings.
pub fn edits(
    dir: &Path,
    scope: &ConfigScope,
    path: &str,
    change: &ConfigChange,
) -> Result<Vec<Edited>, Box<ConfigError>> {
    let files = Files::read(dir, scope)?;
    let keys = keys(path)?;
    let found = files.find(&keys);
    let source = files.sources.source(found.file);
    let after = match change {
        ConfigChange::Unset if found.depth < keys.len() => {
            return Err(files.missing(&keys, &found).into());
        }
        ConfigChange::Unset if found.times > 1 => Err(Hindrance::NothingToRemove),
        ConfigChange::Unset => document::unset(source.text(), &keys).map(|after| vec![after]),
        ConfigChange::Set(written) => {
            let is_text = found.depth == keys.len() && found.is_text;
            let values = readings(&keys, &written.0, is_text);
            let headers = headers(scope, &keys);
            let set = |value| document::set(source.text(), &keys, headers, value);
            values.into_iter().map(set).collect()
        }
    };
    let after = after.map_err(|hindrance| files.hindered(&found, hindrance))?;
    let path = &files.paths[found.index];
    if after.iter().any(|text| text.len() as u64 > FILE_BYTES_MAX) {
        let problem = format!("would be larger than {FILE_BYTES_MAX} bytes");
        return Err(ConfigError::about(path, problem).mend("split it").into());
    }
    let edited = after.into_iter().map(|after| Edited {
        path: path.clone(),
        before: source.text().to_owned(),
        after,
    });
    Ok(edited.collect())
}

/// `queues.support.ring` taken apart; keys that have other signs stand in quotes, as in TOML.
fn keys(path: &str) -> Result<Vec<String>, Box<ConfigError>> {
    let keys = Key::parse(path).unwrap_or_default();
    if keys.is_empty() || keys.len() > KEYS_MAX {
        let problem = format!("expected 1 to {KEYS_MAX} keys with points between them");
        let mend = r#"write it as queues.support.ring, or numbers."+46850001000" where a key has other signs"#;
        return Err(ConfigError::named(&quoted(path), problem).mend(mend).into());
    }
    Ok(keys.iter().map(|key| key.get().to_owned()).collect())
}

/// How many of the keys are tables with headers of their own: `[queues.support]`, `[organisation]`.
fn headers(scope: &ConfigScope, keys: &[String]) -> usize {
    match scope {
        ConfigScope::Organisation(_) => headers_of_things(keys),
        ConfigScope::Server => 1,
    }
}

/// The same of an organisation's.
fn headers_of_things(keys: &[String]) -> usize {
    let is_thing = |key: &String| THINGS.iter().any(|(section, _)| section == key);
    if keys.first().is_some_and(is_thing) {
        2
    } else {
        1
    }
}

/// Whether it is the file in which an organisation's new things stand that have no like.
fn is_main(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name == "organisation.toml")
}

/// A value as TOML, or as the text itself where quotes were left out.
fn readings(keys: &[String], written: &str, is_text: bool) -> Vec<Value> {
    let text = || Value::from(written);
    let Ok(mut value) = written.trim().parse::<Value>() else {
        return vec![text()];
    };
    value.decor_mut().clear();
    let is_secret = keys
        .last()
        .is_some_and(|key| SECRETS.contains(&key.as_str()));
    match value {
        Value::String(_) => vec![value],
        // What opens with a bracket is no text that anybody would set, but for a password.
        _ if is_secret => vec![text()],
        Value::Array(_) | Value::InlineTable(_) => vec![value],
        _ if is_text => vec![text(), value],
        _ => vec![value, text()],
    }
}

/// The files that a scope has.
struct Files {
    sources: Sources,
    paths: Vec<PathBuf>,
    trees: Vec<(usize, Table)>,
}

/// How far the keys of a path lead.
struct Found {
    /// Of the file that leads furthest.
    index: usize,
    file: usize,
    /// So many of the keys are there.
    depth: usize,
    /// In so many files.
    times: usize,
    /// Where the last of them stands; none where none does.
    place: Option<Place>,
    is_text: bool,
}

impl Files {
    fn read(dir: &Path, scope: &ConfigScope) -> Result<Files, Box<ConfigError>> {
        let paths = match scope {
            ConfigScope::Server => vec![dir.join(SERVER_FILE)],
            ConfigScope::Organisation(org) => snapshot::paths(&snapshot::folder_of(dir, org))?,
        };
        let (mut sources, mut problems) = (Sources::default(), Problems::default());
        let mut trees = Vec::new();
        for path in &paths {
            let file = sources.read(path)?;
            trees.extend(tree::parse(&sources, file, &mut problems).map(|tree| (file, tree)));
        }
        match problems.finish() {
            Err(errors) if !errors.is_empty() => {
                Err(errors.into_iter().next().expect("not empty").into())
            }
            _ => Ok(Files {
                sources,
                paths,
                trees,
            }),
        }
    }

    /// The file in which the most of the keys are; where none is, the organisation's own.
    fn find(&self, keys: &[String]) -> Found {
        let ways: Vec<Vec<&Entry>> = self
            .trees
            .iter()
            .map(|(_, tree)| walk(tree, keys))
            .collect();
        let depth = ways.iter().map(Vec::len).max().unwrap_or(0);
        let index = match depth {
            0 => self.paths.iter().position(|path| is_main(path)),
            _ => ways.iter().position(|way| way.len() == depth),
        };
        let index = index.unwrap_or(0);
        let last = ways.get(index).and_then(|way| way.last());
        Found {
            index,
            file: self.trees.get(index).map_or(0, |(file, _)| *file),
            depth,
            times: ways.iter().filter(|way| way.len() == depth).count(),
            place: last.map(|entry| entry.key),
            is_text: last.is_some_and(|entry| matches!(entry.node.value, tree::Value::Text(_))),
        }
    }

    fn missing(&self, keys: &[String], found: &Found) -> ConfigError {
        let problem = format!("{} is not written here", quoted(&keys.join(".")));
        let mend = "the default holds; docs/configuration.md has the settings and their names";
        match found.place {
            Some(place) => Problem::new(place, problem).mend(mend).told(&self.sources),
            None => ConfigError::about(&self.paths[found.index], problem).mend(mend),
        }
    }

    fn hindered(&self, found: &Found, hindrance: Hindrance) -> ConfigError {
        let (problem, mend) = hindered_words(hindrance);
        match found.place {
            Some(place) if hindrance != Hindrance::NotKept => {
                Problem::new(place, problem).mend(mend).told(&self.sources)
            }
            _ => ConfigError::about(&self.paths[found.index], problem).mend(mend),
        }
    }
}

/// What keeps an edit from being made, and how to mend it.
fn hindered_words(hindrance: Hindrance) -> (&'static str, &'static str) {
    match hindrance {
        Hindrance::NotKept => (
            "is written in a way that an edit by program would not keep",
            "end its lines all alike, or edit it by hand",
        ),
        Hindrance::IsTable => (
            "this is a table",
            "set what is in it one by one, or unset it first",
        ),
        Hindrance::IsValue => (
            "this is a value, in which nothing can be set",
            "set this as a whole, or leave its last keys out",
        ),
        Hindrance::CommentsInside => (
            "this table has comments between its braces, which might be lost",
            "edit it by hand",
        ),
        Hindrance::NothingToRemove => (
            "this does not stand in one place of its own",
            "unset what is in it one by one",
        ),
    }
}

/// The entries that keys lead through, as far as they are there.
fn walk<'t>(table: &'t Table, keys: &[String]) -> Vec<&'t Entry> {
    let mut way = Vec::new();
    let mut table = Some(table);
    for key in keys {
        let Some(entry) = table.and_then(|table| table.entries.get(key)) else {
            break;
        };
        way.push(entry);
        table = match &entry.node.value {
            tree::Value::Table(inner) => Some(inner),
            _ => None,
        };
    }
    way
}
