//! Every setting is changed by a test that sees what becomes of it. The test says so in a comment right before it, by
//! the setting's path: `Changes: queues.ring, queues.wrap_up`. So whoever adds a setting writes such a test too.

use config::settings;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const MARK: &str = "// Changes: ";

/// Every source that may hold tests.
fn sources() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut open = vec![root.join("tests/tests")];
    for room in std::fs::read_dir(root.join("crates")).unwrap() {
        let room = room.unwrap().path();
        open.extend([room.join("src"), room.join("tests")]);
    }
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                found.push(path);
            }
        }
    }
    found
}

/// The settings that tests say they change.
fn changed() -> BTreeSet<String> {
    let mut changed = BTreeSet::new();
    for path in sources() {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut lines = text.lines().map(str::trim).peekable();
        while let Some(line) = lines.next() {
            let Some(paths) = line.strip_prefix(MARK) else {
                continue;
            };
            let next = lines.peek().copied().unwrap_or_default();
            assert!(
                next == "#[test]" || next.starts_with(MARK),
                "{}: `{line}` stands before no test",
                path.display()
            );
            changed.extend(paths.split(", ").map(str::to_owned));
        }
    }
    changed
}

/// Sections are no settings: what stands in them is.
fn all() -> BTreeSet<String> {
    let settings = settings().into_iter();
    let settings = settings.filter(|it| !it.meaning.is_empty());
    settings.map(|it| it.path).collect()
}

#[test]
fn each_setting_is_changed_by_a_test_that_sees_what_becomes_of_it() {
    let changed = changed();
    let lacking: Vec<String> = all().difference(&changed).cloned().collect();
    assert_eq!(lacking, [""; 0]);
}

#[test]
fn no_test_says_that_it_changes_a_setting_that_is_not_there() {
    let (changed, all) = (changed(), all());
    let unknown: Vec<&String> = changed.difference(&all).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
