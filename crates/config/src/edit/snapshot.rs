//! An organisation's files as they are at one moment: what they say, without secrets, and what differs between two such
//! moments.

use super::masks;
use crate::describe::{SECRETS, THINGS};
use crate::error::ConfigError;
use crate::problems::Problems;
use crate::settings::organisation_files;
use crate::source::{Sources, read_text};
use crate::tree::{self, Node, Table, Value};
use crate::{FILES_MAX, ORGANISATIONS_FOLDER, is_toml, library, reference};
use base::OrgId;
use serde_json::{Map, json};
use sha2::{Digest, Sha256};
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use toml_edit::Key;

/// Bytes of a version: nobody finds two texts of the same.
const VERSION_BYTES: usize = 16;

/// The key by which versions are made, so that nobody finds out by trial what secret a version stands for.
pub type VersionKey = [u8; 32];

/// An organisation's files as they are at one moment.
#[derive(Clone)]
pub struct Snapshot {
    pub(super) folder: PathBuf,
    pub(super) files: Vec<SnapshotFile>,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct SnapshotFile {
    pub(super) path: PathBuf,
    pub(super) name: String,
    pub(super) text: Arc<str>,
}

/// The texts may hold passwords, so they are not printed.
impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Snapshot({})", self.folder.display())
    }
}

/// What becomes of a queue by a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Touch {
    /// It is set otherwise.
    Changed,
    /// It is no more.
    Removed,
}

impl Snapshot {
    /// Reads them, while nobody changes them by program.
    pub fn read(dir: &Path, org: &OrgId) -> Result<Snapshot, Box<ConfigError>> {
        // Where that can't be had they are read without: whoever edits by hand keeps it from nobody either.
        let lock = File::open(dir);
        let _locked = lock.as_ref().map(File::lock_shared);
        Snapshot::read_folder(&folder_of(dir, org))
    }

    /// The same for whoever keeps others from changing them.
    pub(super) fn read_folder(folder: &Path) -> Result<Snapshot, Box<ConfigError>> {
        let paths = paths(folder)?;
        let files = paths.into_iter().map(|path| {
            let name = path.file_name().unwrap_or_default();
            Ok(SnapshotFile {
                name: name.to_string_lossy().into_owned(),
                text: read_text(&path)?.into(),
                path,
            })
        });
        Ok(Snapshot {
            files: files.collect::<Result<_, Box<ConfigError>>>()?,
            folder: folder.to_owned(),
        })
    }

    /// The names of the files.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.name.as_str())
    }

    /// How much memory it takes, in bytes.
    pub fn bytes(&self) -> usize {
        self.files.iter().map(|file| file.text.len()).sum()
    }

    /// The version of all files: another where any of them is another.
    pub fn version(&self, key: &VersionKey) -> String {
        version(key, &self.files)
    }

    /// The version of one file.
    pub fn version_of(&self, key: &VersionKey, name: &str) -> Option<String> {
        let file = self.files.iter().find(|file| file.name == name)?;
        Some(version(key, std::slice::from_ref(file)))
    }

    /// A file's text without its secrets; or why they can't be told from the rest.
    pub fn text(&self, name: &str) -> Option<Result<String, Vec<ConfigError>>> {
        let file = self.files.iter().find(|file| file.name == name)?;
        Some(masks::masked(&file.path, &file.text))
    }

    /// What the files say as they are laid together, without secrets and without defaults: of those that are TOML.
    pub fn settings(&self) -> serde_json::Value {
        json_of(&self.tree(&mut Problems::default()))
    }

    /// Paths of what has been changed since another moment; none where one of them can't be read.
    pub fn changed_since(&self, before: &Snapshot) -> Option<Vec<Vec<String>>> {
        let (mut problems, mut changed) = (Problems::default(), Vec::new());
        let (old, new) = (before.tree(&mut problems), self.tree(&mut problems));
        if problems.any() {
            return None;
        }
        compare(&old, &new, &mut Vec::new(), &mut changed);
        Some(changed)
    }

    /// The queues that are set otherwise than at another moment, themselves or by their opening hours, or are no more. New
    /// ones have nobody who waits.
    pub fn touched_queues(&self, before: &Snapshot) -> BTreeMap<String, Touch> {
        let mut problems = Problems::default();
        let (old, new) = (before.tree(&mut problems), self.tree(&mut problems));
        let mut changed = Vec::new();
        compare(&old, &new, &mut Vec::new(), &mut changed);
        let of = |section: &str| -> BTreeSet<&str> {
            let within = changed.iter().filter(|path| path[0] == section);
            within
                .filter_map(|path| Some(path.get(1)?.as_str()))
                .collect()
        };
        let (queues, hours) = (of("queues"), of("hours"));
        let mut touched = BTreeMap::new();
        for (name, entry) in things(&old, "queues") {
            let now = things(&new, "queues").find(|(other, _)| *other == name);
            let opens_by = |entry: &tree::Entry| match &entry.node.value {
                Value::Table(queue) => match &queue.entries.get("hours")?.node.value {
                    Value::Text(hours) => Some(hours.clone()),
                    _ => None,
                },
                _ => None,
            };
            let by_hours = opens_by(entry).is_some_and(|name| hours.contains(name.as_str()));
            match now {
                None => drop(touched.insert(name.to_owned(), Touch::Removed)),
                Some(_) if by_hours || queues.contains(name) => {
                    touched.insert(name.to_owned(), Touch::Changed);
                }
                Some(_) => {}
            }
        }
        touched
    }

    /// All files laid together.
    pub(super) fn tree(&self, problems: &mut Problems) -> Table {
        let mut all = Table::default();
        for file in &self.files {
            let sources = Sources::one(&file.path, &file.text);
            if let Some(table) = tree::parse(&sources, 0, problems) {
                tree::merge(&sources, &mut all, table, problems);
            }
        }
        all
    }

    /// Where they are read, they say this.
    pub(crate) fn sources(&self) -> Sources {
        let files = self.files.iter();
        Sources::with(files.map(|file| (file.path.clone(), file.text.to_string())))
    }

    /// By which it is known that a configuration was made of these files.
    pub(crate) fn fingerprint(&self) -> u64 {
        fingerprint(self.files.iter().map(|file| (&*file.path, &*file.text)))
    }
}

/// Tells texts of one process apart.
pub(crate) fn fingerprint<'t>(files: impl Iterator<Item = (&'t Path, &'t str)>) -> u64 {
    let mut hasher = DefaultHasher::new();
    files.for_each(|file| file.hash(&mut hasher));
    hasher.finish()
}

/// The folder of an organisation.
pub(super) fn folder_of(dir: &Path, org: &OrgId) -> PathBuf {
    dir.join(ORGANISATIONS_FOLDER).join(org.as_str())
}

/// The files in it.
pub(super) fn paths(folder: &Path) -> Result<Vec<PathBuf>, Box<ConfigError>> {
    let mut paths = library::entries(folder).unwrap_or_default();
    paths.retain(|path| is_toml(path));
    if paths.is_empty() || paths.len() > FILES_MAX {
        let problem = format!("expected 1 to {FILES_MAX} TOML files");
        let mend = "name an organisation that is there, or kolapp.toml for the server";
        return Err(ConfigError::about(folder, problem).mend(mend).into());
    }
    Ok(paths)
}

fn version(key: &VersionKey, files: &[SnapshotFile]) -> String {
    let mut digest = Sha256::new();
    digest.update(key);
    for file in files {
        for part in [file.name.as_bytes(), file.text.as_bytes()] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
    }
    let bytes = digest.finalize();
    let bytes = bytes.iter().take(VERSION_BYTES);
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

/// A path in the form in which files have it: `numbers."+46850001000".queue`.
pub fn dotted(path: &[String]) -> String {
    let keys: Vec<String> = path.iter().map(|key| Key::new(key).to_string()).collect();
    keys.join(".")
}

/// Which of these paths are of settings that only a restart takes up.
pub fn taking_a_restart(paths: &[Vec<String>]) -> Vec<String> {
    let fixed = reference::fixed_below(&organisation_files::HEADING);
    let is_fixed = |path: &&Vec<String>| {
        let mut plain = path.to_vec();
        let is_thing =
            |(section, _): &(&str, &str)| plain.first().is_some_and(|key| key == section);
        if plain.len() > 1 && THINGS.iter().any(is_thing) {
            plain.remove(1);
        }
        fixed.contains(&plain.join("."))
    };
    let fixed = paths.iter().filter(is_fixed);
    fixed.map(|path| dotted(path)).collect()
}

fn things<'t>(table: &'t Table, section: &str) -> impl Iterator<Item = (&'t str, &'t tree::Entry)> {
    let things = match table.entries.get(section).map(|entry| &entry.node.value) {
        Some(Value::Table(things)) => Some(things),
        _ => None,
    };
    let entries = things.into_iter().flat_map(|things| &things.entries);
    entries.map(|(name, entry)| (name.as_str(), entry))
}

/// Whether a key's value is for nobody to see. Of a table with such a name only what is in it is asked.
pub(super) fn is_secret(key: &str, node: &Node) -> bool {
    SECRETS.contains(&key) && !matches!(node.value, Value::Table(_))
}

fn json_of(table: &Table) -> serde_json::Value {
    let entries = table.entries.iter().map(|(key, entry)| {
        let value = match is_secret(key, &entry.node) {
            true => json!({ "secret": true }),
            false => json_value(&entry.node.value),
        };
        (key.clone(), value)
    });
    serde_json::Value::Object(entries.collect::<Map<_, _>>())
}

fn json_value(value: &Value) -> serde_json::Value {
    match value {
        Value::Text(text) | Value::Other(text) => json!(text),
        Value::Integer(number) => json!(number),
        Value::Boolean(value) => json!(value),
        Value::List(items) => items.iter().map(|item| json_value(&item.value)).collect(),
        Value::Table(table) => json_of(table),
    }
}

/// The shortest paths that lead to what differs, within the same sections.
fn compare(old: &Table, new: &Table, path: &mut Vec<String>, changed: &mut Vec<Vec<String>>) {
    static NONE: Table = Table {
        entries: BTreeMap::new(),
    };
    let keys: BTreeSet<&String> = old.entries.keys().chain(new.entries.keys()).collect();
    for key in keys {
        path.push(key.clone());
        let was = old.entries.get(key).map(|entry| &entry.node.value);
        let is = new.entries.get(key).map(|entry| &entry.node.value);
        match (was, is) {
            (Some(Value::Table(old)), Some(Value::Table(new))) => {
                compare(old, new, path, changed);
            }
            // A section that comes or goes is what was in it.
            (Some(Value::Table(old)), None) if path.len() == 1 => {
                compare(old, &NONE, path, changed);
            }
            (None, Some(Value::Table(new))) if path.len() == 1 => {
                compare(&NONE, new, path, changed);
            }
            (Some(old), Some(new)) if are_same(old, new) => {}
            _ => changed.push(path.clone()),
        }
        path.pop();
    }
}

pub(super) fn are_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Text(one), Value::Text(other)) | (Value::Other(one), Value::Other(other)) => {
            one == other
        }
        (Value::Integer(one), Value::Integer(other)) => one == other,
        (Value::Boolean(one), Value::Boolean(other)) => one == other,
        (Value::List(one), Value::List(other)) => {
            let mut pairs = one.iter().zip(other);
            one.len() == other.len() && pairs.all(|(one, other)| are_same(&one.value, &other.value))
        }
        (Value::Table(one), Value::Table(other)) => {
            one.entries.len() == other.entries.len()
                && one.entries.iter().all(|(key, entry)| {
                    let other = other.entries.get(key);
                    other.is_some_and(|other| are_same(&entry.node.value, &other.node.value))
                })
        }
        _ => false,
    }
}
