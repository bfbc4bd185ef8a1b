//! What an edit leaves as it was: a property over made-up files, and the cases that it was made of.

use super::document::{self, Hindrance};
use proptest::prelude::*;
use toml_edit::Value;

/// One setting as somebody may have written it.
#[derive(Clone, Debug)]
struct Entry {
    comments_above: usize,
    blank: bool,
    value: &'static str,
    dotted: bool,
    comment_beside: bool,
}

/// A table with its header.
#[derive(Clone, Debug)]
struct Section {
    comments_above: usize,
    comment_beside: bool,
    entries: Vec<Entry>,
    comments_below: usize,
}

fn entry() -> impl Strategy<Value = Entry> {
    let values = vec![
        "\"15s\"",
        "'raw # no comment'",
        "100",
        "true",
        "[1, 2]",
        "[\n    \"anna\",\n    \"bosse\",\n]",
        "{ a = 1, b = \"# no comment\" }",
        "\"\"\"two\nlines\"\"\"",
    ];
    let value = prop::sample::select(values);
    (
        0..3_usize,
        any::<bool>(),
        value,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(
            |(comments_above, blank, value, dotted, comment_beside)| Entry {
                comments_above,
                blank,
                value,
                dotted,
                comment_beside,
            },
        )
}

fn section() -> impl Strategy<Value = Section> {
    let entries = prop::collection::vec(entry(), 1..5);
    (0..3_usize, any::<bool>(), entries, 0..3_usize).prop_map(
        |(comments_above, comment_beside, entries, comments_below)| Section {
            comments_above,
            comment_beside,
            entries,
            comments_below,
        },
    )
}

/// A text and the paths of its settings.
struct Written {
    text: String,
    paths: Vec<Vec<String>>,
}

fn write(sections: &[Section]) -> Written {
    let (mut text, mut paths, mut count) = (String::new(), Vec::new(), 0);
    let mut comment = |text: &mut String, before: &str| {
        count += 1;
        text.push_str(&format!("{before}# remark {count:03}\n"));
    };
    for (index, section) in sections.iter().enumerate() {
        text.push_str(if index > 0 { "\n" } else { "" });
        (0..section.comments_above).for_each(|_| comment(&mut text, ""));
        text.push_str(&format!("[queues.q{index}]"));
        match section.comment_beside {
            true => comment(&mut text, "  "),
            false => text.push('\n'),
        }
        for (number, entry) in section.entries.iter().enumerate() {
            text.push_str(if entry.blank { "\n" } else { "" });
            (0..entry.comments_above).for_each(|_| comment(&mut text, ""));
            let key = format!("key{number}{}", if entry.dotted { ".deep" } else { "" });
            text.push_str(&format!("{key} = {}", entry.value));
            match entry.comment_beside {
                true => comment(&mut text, " "),
                false => text.push('\n'),
            }
            let path = format!("queues.q{index}.{key}");
            paths.push(path.split('.').map(str::to_owned).collect());
        }
        (0..section.comments_below).for_each(|_| comment(&mut text, ""));
    }
    Written { text, paths }
}

fn remarks(text: &str) -> Vec<&str> {
    let mut remarks: Vec<&str> = text
        .split("# remark ")
        .skip(1)
        .map(|rest| &rest[..3])
        .collect();
    remarks.sort_unstable();
    remarks
}

/// What the text means, less what stands at `path`.
fn meaning_without(text: &str, path: &[String]) -> toml::Table {
    fn take(table: &mut toml::Table, path: &[String]) {
        let Some((key, rest)) = path.split_first() else {
            return;
        };
        if rest.is_empty() {
            table.remove(key);
            return;
        }
        let inner = table.get_mut(key).and_then(toml::Value::as_table_mut);
        inner.into_iter().for_each(|inner| take(inner, rest));
        // A table that only stood there by the key that went.
        if matches!(table.get(key), Some(toml::Value::Table(inner)) if inner.is_empty()) {
            table.remove(key);
        }
    }
    let mut table = text.parse().unwrap();
    take(&mut table, path);
    table
}

fn at<'t>(table: &'t toml::Table, path: &[String]) -> Option<&'t toml::Value> {
    let (key, rest) = path.split_first()?;
    match (table.get(key)?, rest.is_empty()) {
        (value, true) => Some(value),
        (value, false) => at(value.as_table()?, rest),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_edit_changes_the_named_key_and_no_other_and_loses_no_comment(
        sections in prop::collection::vec(section(), 1..4),
        which in any::<prop::sample::Index>(),
        line_end in prop::sample::select(vec!["\n", "\r\n"]),
    ) {
        let Written { text, paths } = write(&sections);
        let text = text.replace('\n', line_end);
        let path = which.get(&paths);
        let mut new = path.clone();
        *new.last_mut().unwrap() = "new".to_owned();

        let set = document::set(&text, path, 2, Value::from("other")).unwrap();
        let added = document::set(&text, &new, 2, Value::from("other")).unwrap();
        let unset = document::unset(&text, path).unwrap();

        for (after, path) in [(&set, path), (&added, &new), (&unset, path)] {
            prop_assert_eq!(remarks(&text), remarks(after), "of {}", after);
            prop_assert_eq!(meaning_without(&text, path), meaning_without(after, path));
            prop_assert_eq!(text.contains('\r'), after.contains('\r'));
        }
        let says = |text: &str, path: &[String]| at(&text.parse().unwrap(), path).cloned();
        prop_assert_eq!(says(&set, path), Some("other".into()));
        prop_assert_eq!(says(&added, &new), Some("other".into()));
        prop_assert_eq!(says(&unset, path), None);
        // Set back, each byte is as it was; and what was added leaves no trace when it goes.
        let old = says(&text, path).unwrap();
        if let (toml::Value::Integer(old), false) = (&old, text.contains("key0.deep")) {
            prop_assert_eq!(document::set(&set, path, 2, Value::from(*old)).unwrap(), text.clone());
        }
        prop_assert_eq!(document::unset(&added, &new).unwrap(), text);
    }
}

fn path(text: &str) -> Vec<String> {
    text.split('.').map(str::to_owned).collect()
}

fn set(text: &str, at: &str, value: &str) -> Result<String, Hindrance> {
    document::set(text, &path(at), 2, value.parse().unwrap())
}

#[test]
fn a_value_is_replaced_where_it_stands() {
    let text = "[queues.a]\nring   =  \"15s\"   # short\nweight = 1\n";
    let after = set(text, "queues.a.ring", "\"20s\"").unwrap();
    assert_eq!(after, text.replace("15s", "20s"));
}

#[test]
fn a_new_thing_gets_a_table_of_its_own_after_its_like() {
    let text = "[queues.a]\nweight = 1\n\n# The hours.\n[hours.x]\nzone = \"UTC\"\n";
    let after = set(
        text,
        "queues.b",
        "{ extension = \"1\", members = [\"anna\"] }",
    )
    .unwrap();
    assert_eq!(
        after,
        "[queues.a]\nweight = 1\n\n[queues.b]\nextension = \"1\"\nmembers = [\"anna\"]\n\n\
         # The hours.\n[hours.x]\nzone = \"UTC\"\n"
    );
}

#[test]
fn inline_tables_are_edited_inside() {
    let text = "[queues.a]\nfull = { message = \"all-busy\" } # sorry\n";
    let after = set(text, "queues.a.full.then", "{ user = \"anna\" }").unwrap();
    let both = "full = { message = \"all-busy\", then = { user = \"anna\" } } # sorry\n";
    assert_eq!(after, format!("[queues.a]\n{both}"));
    assert_eq!(
        document::unset(&after, &path("queues.a.full.then")).unwrap(),
        text
    );
}

#[test]
fn a_list_over_several_lines_keeps_its_lines_and_their_comments() {
    let text = "[queues.a]\nmembers = [\n    # first\n    \"anna\",\n    \"bosse\", # of Umeå\n]\n";
    let after = set(text, "queues.a.members", "[\"anna\", \"bosse\", \"eva\"]").unwrap();
    assert!(
        after.contains("    # first\n    \"anna\",\n    \"bosse\""),
        "{after}"
    );
    assert!(after.contains("# of Umeå"), "{after}");
    assert!(after.contains("\n    \"eva\""), "{after}");
    let fewer = set(text, "queues.a.members", "[\"bosse\"]").unwrap();
    assert!(fewer.contains("# first"), "{fewer}");
    assert!(fewer.contains("# of Umeå"), "{fewer}");
}

#[test]
fn a_removed_table_takes_what_is_in_it_and_leaves_what_is_around_it() {
    let text =
        "# Above.\n[queues.a] # beside\n# inside\nweight = 1\n\n# Below.\n[queues.b]\nweight = 2\n";
    let after = document::unset(text, &path("queues.a")).unwrap();
    assert_eq!(
        after,
        "# Above.\n# beside\n\n# Below.\n[queues.b]\nweight = 2\n"
    );
}

#[test]
fn what_would_not_be_kept_is_refused() {
    let mixed = "[queues.a]\r\nweight = 1\n";
    assert_eq!(set(mixed, "queues.a.weight", "2"), Err(Hindrance::NotKept));
    let text = "[queues.a]\nweight = 1\n";
    assert_eq!(set(text, "queues.a", "2"), Err(Hindrance::IsTable));
    assert_eq!(set(text, "queues.a.weight.x", "2"), Err(Hindrance::IsValue));
    let gone = document::unset(text, &path("queues"));
    assert_eq!(gone, Err(Hindrance::NothingToRemove));
}
