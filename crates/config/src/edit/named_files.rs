//! Files that settings name. Whoever may write an organisation's settings and is not who runs the server may name those in the
//! organisation's own folder: what is in others is not his to hear or to be told of.

use super::snapshot::Snapshot;
use super::told::Told;
use crate::problems::Problems;
use crate::tree::{Node, Table, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

/// The settings that name files, as the reference has them.
#[cfg(test)]
const NAMING: [&str; 3] = ["hours.import", "hours.import.file", "prompts"];

/// Those that lead out of the folder and were not there before.
pub(super) fn reaching_out(before: &Snapshot, after: &Snapshot) -> Vec<Told> {
    let of = |files: &Snapshot| named(&files.tree(&mut Problems::default()));
    let before: BTreeSet<String> = of(before).into_values().collect();
    let new = of(after).into_iter();
    let new = new.filter(|(_, file)| leads_out(file) && !before.contains(file));
    let told = new.map(|(path, _)| {
        let problem = "expected a file in the organisation's own folder";
        let mend = "write its name alone; whoever runs the server can name others";
        Told::about(None, &path, problem, mend)
    });
    told.collect()
}

fn leads_out(file: &str) -> bool {
    let mut parts = Path::new(file).components();
    !parts.all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

/// What is named, by the settings' paths.
fn named(table: &Table) -> BTreeMap<Vec<String>, String> {
    let mut named = BTreeMap::new();
    let mut add = |path: Vec<String>, node: &Node| {
        if let Value::Text(file) = &node.value {
            named.insert(path, file.clone());
        }
    };
    for (name, node) in entries(table, "prompts") {
        add(vec!["prompts".into(), name.into()], node);
    }
    for (name, node) in entries(table, "hours") {
        let Value::Table(hours) = &node.value else {
            continue;
        };
        let Some(import) = hours.entries.get("import") else {
            continue;
        };
        let Value::List(items) = &import.node.value else {
            continue;
        };
        for (index, item) in items.iter().enumerate() {
            let path = || {
                vec![
                    "hours".into(),
                    name.into(),
                    "import".into(),
                    index.to_string(),
                ]
            };
            match &item.value {
                Value::Table(table) => {
                    let file = table.entries.get("file");
                    file.into_iter().for_each(|file| add(path(), &file.node));
                }
                _ => add(path(), item),
            }
        }
    }
    named
}

fn entries<'t>(table: &'t Table, section: &str) -> impl Iterator<Item = (&'t str, &'t Node)> {
    let section = table.entries.get(section).map(|entry| &entry.node.value);
    let inner = match section {
        Some(Value::Table(inner)) => Some(inner),
        _ => None,
    };
    let entries = inner.into_iter().flat_map(|inner| &inner.entries);
    entries.map(|(name, entry)| (name.as_str(), &entry.node))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference;
    use crate::settings::{organisation_files, server_file};

    #[test]
    fn all_settings_of_an_organisation_that_name_files_are_looked_at() {
        let of_server = reference::paths_below(&server_file::HEADING);
        let of_organisation = reference::paths_below(&organisation_files::HEADING);
        // `prompts` is a setting of both.
        let is_own = |path: &String| of_organisation.contains(path) || !of_server.contains(path);
        let says_so = |kind: &str| kind.contains("path") || kind.contains("file");
        let naming = crate::settings()
            .into_iter()
            .filter(|it| says_so(&it.kind) && is_own(&it.path));
        let naming: BTreeSet<String> = naming.map(|it| it.path).collect();
        assert_eq!(naming, NAMING.map(str::to_owned).into());
        assert!(of_organisation.is_superset(&naming));
    }

    #[test]
    fn a_file_of_the_own_folder_is_named_without_a_way_out() {
        for file in ["a.wav", "recordings/a.wav", "./a.wav"] {
            assert!(!leads_out(file), "{file}");
        }
        for file in ["../other/a.wav", "/etc/passwd", "recordings/../../a.wav"] {
            assert!(leads_out(file), "{file}");
        }
    }
}
