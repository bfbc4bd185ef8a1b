//! A change of an organisation's files: some edits, or one file's whole text, taken together. It is a value, judged whole
//! with [`load_changed`](crate::load_changed) and landed whole, or it changes nothing.

use super::diff::{DiffLine, diff};
use super::document::{Draft, Hindrance};
use super::landing::{self, NotLanded};
use super::masks::{self, Secrets};
use super::snapshot::{Snapshot, SnapshotFile};
use super::told::Told;
use super::{Edited, KEYS_MAX, headers_of_things, hindered_words, is_main, named_files};
use crate::describe::THINGS;
use crate::environment::Environment;
use crate::source::FILE_BYTES_MAX;
use control::{Proposal, SettingEdit, SettingValue};
use std::path::Path;
use toml_edit::{Array, InlineTable, Item, Value};

/// Edits of one change at most: a matrix of all members and queues of a large organisation is set in a few.
pub const EDITS_MAX: usize = 500;

/// How deep a value may be: deeper than any setting.
const DEPTH_MAX: usize = 10;

/// A change of an organisation's files.
#[derive(Clone, Debug)]
pub struct Change {
    before: Snapshot,
    after: Snapshot,
}

/// What differs in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDiff {
    /// Its name.
    pub name: String,
    /// What goes and comes, without secrets.
    pub lines: Vec<DiffLine>,
}

impl Change {
    /// The change that is proposed to these files; or why it can't be made.
    pub fn of(before: &Snapshot, proposal: &Proposal) -> Result<Change, Vec<Told>> {
        let mut drafts = Drafts::of(before);
        match proposal {
            Proposal::Edits(edits) => {
                check_bounds(edits)?;
                for edit in edits {
                    drafts.edit(edit).map_err(|told| vec![told])?;
                }
            }
            Proposal::File { name, text } => drafts.replace(name, &text.0)?,
        }
        let after = drafts.into_snapshot()?;
        Ok(Change {
            before: before.clone(),
            after,
        })
    }

    /// The files as they would be.
    pub fn after(&self) -> &Snapshot {
        &self.after
    }

    /// What names files outside of the organisation's folder and did not before: those who run the server may do that, and
    /// they alone, since what is heard or shown of such a file may be another's.
    pub fn reaching_out(&self) -> Vec<Told> {
        named_files::reaching_out(&self.before, &self.after)
    }

    /// Paths of what it changes.
    pub fn changed(&self) -> Vec<Vec<String>> {
        let changed = self.after.changed_since(&self.before);
        changed.unwrap_or_default()
    }

    /// What differs in each file that it changes.
    pub fn diffs(&self) -> Vec<FileDiff> {
        let secrets = self.before.secrets();
        let diff_of = |(old, new): (&SnapshotFile, &SnapshotFile)| {
            // Where one is no TOML nobody can tell what in it is secret.
            let before = masks::masked_beside(&old.path, &old.text, &secrets).ok()?;
            let after = masks::masked_beside(&new.path, &new.text, &secrets).ok()?;
            Some(FileDiff {
                name: new.name.clone(),
                lines: diff(&before, &after),
            })
        };
        self.pairs().filter_map(diff_of).collect()
    }

    /// Puts the files in their places, if all of the organisation's are still as they were read. Each is whole at any
    /// moment. They follow one another in an order in which the configuration is right also in between, where there is one;
    /// where one can't be put in its place, those before it are put back.
    pub fn land(&self, dir: &Path, environment: &Environment) -> Result<(), NotLanded> {
        let edited = self.in_order(dir, environment);
        landing::land(&edited, dir, Some(&self.before))
    }

    fn pairs(&self) -> impl Iterator<Item = (&SnapshotFile, &SnapshotFile)> {
        let pairs = self.before.files.iter().zip(&self.after.files);
        pairs.filter(|(old, new)| old.text != new.text)
    }

    fn in_order(&self, dir: &Path, environment: &Environment) -> Vec<Edited> {
        let edited = self.pairs().map(|(old, new)| Edited {
            path: new.path.clone(),
            before: old.text.to_string(),
            after: new.text.to_string(),
        });
        let mut edited: Vec<Edited> = edited.collect();
        if edited.len() < 2 || self.is_right_in_between(&edited, dir, environment) {
            return edited;
        }
        edited.reverse();
        if !self.is_right_in_between(&edited, dir, environment) {
            edited.reverse();
        }
        edited
    }

    /// Whether the configuration is right after each of them but the last, with which it has been judged.
    fn is_right_in_between(
        &self,
        edited: &[Edited],
        dir: &Path,
        environment: &Environment,
    ) -> bool {
        (1..edited.len()).all(|count| {
            let mut between = self.before.clone();
            for edited in &edited[..count] {
                between.say(&edited.path, &edited.after);
            }
            crate::load_with(dir, environment, &between).is_ok()
        })
    }
}

fn check_bounds(edits: &[SettingEdit]) -> Result<(), Vec<Told>> {
    let problem = match edits.len() {
        1..=EDITS_MAX => {
            let wrong = |edit: &&SettingEdit| !(1..=KEYS_MAX).contains(&edit.path.len());
            match edits.iter().find(wrong) {
                None => return Ok(()),
                Some(_) => format!("expected paths of 1 to {KEYS_MAX} keys"),
            }
        }
        count => format!("expected 1 to {EDITS_MAX} edits, got {count}"),
    };
    Err(vec![Told::elsewhere(
        &problem,
        "make several changes of it",
    )])
}

impl Snapshot {
    /// All secrets as they are written.
    fn secrets(&self) -> Secrets {
        let files = self.files.iter();
        files
            .flat_map(|file| masks::secrets(&file.path, &file.text))
            .collect()
    }

    fn say(&mut self, path: &Path, text: &str) {
        for file in self.files.iter_mut().filter(|file| file.path == path) {
            file.text = text.into();
        }
    }
}

/// The files while edits are made in them, one after another.
struct Drafts<'s> {
    before: &'s Snapshot,
    secrets: Secrets,
    files: Vec<SnapshotFile>,
    /// Of a file that was edited or looked into; why it can't be, where that is so.
    drafts: Vec<Option<Result<Draft, Hindrance>>>,
}

impl<'s> Drafts<'s> {
    fn of(before: &'s Snapshot) -> Drafts<'s> {
        let drafts = before.files.iter().map(|_| None);
        Drafts {
            before,
            secrets: before.secrets(),
            files: before.files.clone(),
            drafts: drafts.collect(),
        }
    }

    fn draft(&mut self, index: usize) -> &mut Result<Draft, Hindrance> {
        let text = &self.files[index].text;
        self.drafts[index].get_or_insert_with(|| Draft::of(text))
    }

    /// The file in which the most of the keys are; where none is, the organisation's own.
    fn find(&mut self, path: &[String]) -> usize {
        let depths = (0..self.files.len()).map(|index| match self.draft(index) {
            Ok(draft) => draft.depth(path),
            Err(_) => 0,
        });
        let depths: Vec<usize> = depths.collect();
        let most = depths.iter().copied().max().unwrap_or(0);
        let index = match most {
            0 => self.files.iter().position(|file| is_main(&file.path)),
            _ => depths.iter().position(|depth| *depth == most),
        };
        index.unwrap_or(0)
    }

    fn edit(&mut self, edit: &SettingEdit) -> Result<(), Told> {
        let path = &edit.path;
        let index = self.find(path);
        let resolved = match &edit.value {
            Some(value) => Some(self.resolved(path, value, 0)?),
            None => None,
        };
        let name = self.files[index].name.clone();
        let result = match self.draft(index) {
            Err(hindrance) => Err(*hindrance),
            Ok(draft) => match &resolved {
                Some(value) => write(draft, path, value),
                None => remove(draft, path),
            },
        };
        result.map_err(|hindrance| {
            let (problem, mend) = hindered_words(hindrance);
            Told::about(Some(name), path, problem, mend)
        })
    }

    /// The value with the secrets that are kept.
    fn resolved(
        &self,
        path: &[String],
        value: &SettingValue,
        depth: usize,
    ) -> Result<Resolved, Told> {
        if depth > DEPTH_MAX {
            let mend = "no setting has so many tables within one another";
            return Err(Told::about(None, path, "this is too deep", mend));
        }
        let within = |key: String, value| {
            let mut path = path.to_vec();
            path.push(key);
            self.resolved(&path, value, depth + 1)
        };
        Ok(match value {
            SettingValue::Text(text) => Resolved::Plain(Value::from(text.as_str())),
            SettingValue::Whole(number) => Resolved::Plain(Value::from(*number)),
            SettingValue::YesNo(is) => Resolved::Plain(Value::from(*is)),
            SettingValue::List(items) => {
                let items = items.iter().enumerate();
                let items = items.map(|(index, item)| within(index.to_string(), item));
                let items: Vec<Resolved> = items.collect::<Result<_, Told>>()?;
                let array: Array = items.iter().map(Resolved::inline).collect();
                Resolved::Plain(Value::Array(array))
            }
            SettingValue::Table(entries) => {
                let entries = entries
                    .iter()
                    .map(|(key, value)| Ok((key.clone(), within(key.clone(), value)?)));
                Resolved::Table(entries.collect::<Result<_, Told>>()?)
            }
            SettingValue::KeptSecret => {
                let written = self.secrets.get(path).and_then(|raw| raw.parse().ok());
                let mend = "write a new one, or leave it out";
                let none = "there is no secret here that could be kept";
                let mut secret: Value =
                    written.ok_or_else(|| Told::about(None, path, none, mend))?;
                secret.decor_mut().clear();
                Resolved::Plain(secret)
            }
        })
    }

    fn replace(&mut self, name: &str, text: &str) -> Result<(), Vec<Told>> {
        let file = self.files.iter_mut().find(|file| file.name == name);
        let Some(file) = file else {
            let mend = "name one of those that are there";
            return Err(vec![Told::about(None, &[], "there is no such file", mend)]);
        };
        let path = file.path.clone();
        let whole = masks::unmasked(&path, text, &self.secrets);
        match whole {
            Ok(whole) => {
                file.text = whole.into();
                Ok(())
            }
            Err(errors) => {
                file.text = text.into();
                let as_written = Snapshot {
                    folder: self.before.folder.clone(),
                    files: self.files.clone(),
                };
                Err(as_written.told(&errors).inside)
            }
        }
    }

    fn into_snapshot(self) -> Result<Snapshot, Vec<Told>> {
        let mut files = self.files;
        for (file, draft) in files.iter_mut().zip(&self.drafts) {
            if let Some(Ok(draft)) = draft {
                let text = draft.text();
                // A file that was only looked into is as it was to the last byte.
                if Draft::of(&file.text).map(|draft| draft.text()) != Ok(text.clone()) {
                    file.text = text.into();
                }
            }
            if file.text.len() as u64 > FILE_BYTES_MAX {
                let problem = format!("would be larger than {FILE_BYTES_MAX} bytes");
                let name = Some(file.name.clone());
                return Err(vec![Told::about(
                    name,
                    &[],
                    &problem,
                    "leave something out",
                )]);
            }
        }
        Ok(Snapshot {
            folder: self.before.folder.clone(),
            files,
        })
    }
}

/// A value as it is to be written.
enum Resolved {
    Plain(Value),
    Table(Vec<(String, Resolved)>),
}

impl Resolved {
    fn inline(&self) -> Value {
        match self {
            Resolved::Plain(value) => value.clone(),
            Resolved::Table(entries) => {
                let entries = entries
                    .iter()
                    .map(|(key, value)| (key.as_str(), value.inline()));
                Value::InlineTable(entries.collect::<InlineTable>())
            }
        }
    }
}

/// Sets what stands at `path`. A table that stands there already becomes that one key by key, so that what stays keeps its
/// comments; one that is new is written with a header where people would write one.
fn write(draft: &mut Draft, path: &[String], value: &Resolved) -> Result<(), Hindrance> {
    let Resolved::Table(entries) = value else {
        return draft.set(path, headers_of_things(path), value.inline());
    };
    let inside = |key: &str| {
        let mut path = path.to_vec();
        path.push(key.to_owned());
        path
    };
    if let Some(Item::Table(table)) = draft.at(path) {
        let gone = table.iter().map(|(key, _)| key.to_owned());
        let gone = gone.filter(|key| entries.iter().all(|(kept, _)| kept != key));
        for key in gone.collect::<Vec<_>>() {
            remove(draft, &inside(&key))?;
        }
        for (key, value) in entries {
            // A table that is to be a value, or a value that is to be a table.
            let stands = draft.at(&inside(key));
            let is_other = match (stands, value) {
                (Some(Item::Table(_)), Resolved::Plain(_)) => true,
                (Some(Item::ArrayOfTables(_)), Resolved::Table(_)) => true,
                (Some(Item::Value(it)), Resolved::Table(_)) => !it.is_inline_table(),
                _ => false,
            };
            if is_other {
                remove(draft, &inside(key))?;
            }
            write(draft, &inside(key), value)?;
        }
        return Ok(());
    }
    if draft.at(path).is_some() || !has_header(path, value) {
        return draft.set(path, headers_of_things(path), value.inline());
    }
    let (headed, plain): (Vec<_>, Vec<_>) = entries
        .iter()
        .partition(|(key, value)| has_header(&inside(key), value));
    let plain = plain
        .into_iter()
        .map(|(key, value)| (key.as_str(), value.inline()));
    let plain = Value::InlineTable(plain.collect::<InlineTable>());
    draft.set(path, path.len(), plain)?;
    for (key, value) in headed {
        write(draft, &inside(key), value)?;
    }
    Ok(())
}

/// Entries of a table within a thing that still stand on one line.
const ON_ONE_LINE_MAX: usize = 3;

/// Whether a new table is written with a header of its own: a thing is, and a large table within one.
fn has_header(path: &[String], value: &Resolved) -> bool {
    let Resolved::Table(entries) = value else {
        return false;
    };
    let is_thing = path
        .first()
        .is_some_and(|key| THINGS.iter().any(|(section, _)| section == key));
    let is_large = || {
        let has_tables = entries
            .iter()
            .any(|(_, value)| matches!(value, Resolved::Table(_)));
        has_tables || entries.len() > ON_ONE_LINE_MAX
    };
    match path.len() {
        1 => true,
        2 => is_thing,
        3 => is_thing && is_large(),
        _ => false,
    }
}

/// Removes what stands at `path`; a table without a header of its own by all that is in it.
fn remove(draft: &mut Draft, path: &[String]) -> Result<(), Hindrance> {
    let inside = match draft.at(path) {
        None => return Err(Hindrance::NothingToRemove),
        Some(Item::Table(table)) if table.is_implicit() || table.is_dotted() => {
            table.iter().map(|(key, _)| key.to_owned()).collect()
        }
        Some(_) => Vec::new(),
    };
    if inside.is_empty() {
        return draft.unset(path);
    }
    for key in inside {
        let mut path = path.to_vec();
        path.push(key);
        remove(draft, &path)?;
    }
    Ok(())
}
