//! A configuration as flat lines of thing, setting and value, in the words of the files; and what differs
//! between two. Made from the tree, so a new setting needs no line here.

use crate::fixed::needs_restart;
use crate::loaded::Loaded;
use crate::tree::{Table, Value};
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{Hash, Hasher};

/// Sections whose entries are things of their own, and what one is called.
pub(crate) const THINGS: [(&str, &str); 7] = [
    ("groups", "group"),
    ("hours", "hours"),
    ("menus", "menu"),
    ("plans", "plan"),
    ("queues", "queue"),
    ("trunks", "trunk"),
    ("users", "user"),
];

/// Settings whose value is not for logs.
pub(crate) const SECRETS: [&str; 7] = [
    "password",
    "password_hash",
    "web_password_hash",
    "ha1_md5",
    "ha1_sha256",
    "pin",
    "url",
];

/// Each thing's settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Description {
    things: BTreeMap<String, BTreeMap<String, Shown>>,
}

/// A value, as far as it may be shown.
#[derive(Clone, PartialEq, Eq)]
enum Shown {
    Text(String),
    List(Vec<String>),
    /// Tells two secrets apart.
    Secret(u64),
}

impl Description {
    /// Adds the server's file.
    pub(crate) fn add_server(&mut self, table: &Table) {
        let settings = self.things.entry("server".to_owned()).or_default();
        flatten(table, "", settings);
    }

    /// Adds an organisation.
    pub(crate) fn add_organisation(&mut self, org: &str, table: &Table) {
        let whole = format!("organisation {org}");
        self.things.entry(whole.clone()).or_default();
        for (section, entry) in &table.entries {
            let Value::Table(inner) = &entry.node.value else {
                continue;
            };
            let thing = THINGS.iter().find(|(name, _)| name == section);
            if let Some((_, kind)) = thing {
                for (name, entry) in &inner.entries {
                    let Value::Table(table) = &entry.node.value else {
                        continue;
                    };
                    let settings = self
                        .things
                        .entry(format!("{kind} {org}/{name}"))
                        .or_default();
                    flatten(table, "", settings);
                }
            } else if let Some(settings) = self.things.get_mut(&whole) {
                let prefix = if section == "organisation" {
                    ""
                } else {
                    section
                };
                flatten(inner, prefix, settings);
            }
        }
    }
}

fn flatten(table: &Table, prefix: &str, settings: &mut BTreeMap<String, Shown>) {
    for (name, entry) in &table.entries {
        let key = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix} {name}")
        };
        let shown = match &entry.node.value {
            Value::Table(table) => {
                flatten(table, &key, settings);
                continue;
            }
            Value::List(items) => Shown::List(items.iter().map(|i| plain(&i.value)).collect()),
            value if SECRETS.contains(&name.as_str()) => {
                let mut hasher = DefaultHasher::new();
                plain(value).hash(&mut hasher);
                Shown::Secret(hasher.finish())
            }
            value => Shown::Text(plain(value)),
        };
        settings.insert(key, shown);
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Text(text) if text.contains(char::is_whitespace) => format!("{text:?}"),
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        other => other.described(),
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shown::Text(text) => f.write_str(text),
            Shown::List(items) => write!(f, "[{}]", items.join(", ")),
            Shown::Secret(_) => f.write_str("(secret)"),
        }
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What differs between two configurations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// A line each, such as `queue demo/support: ring 15s -> 20s`.
    pub lines: Vec<String>,
    /// Settings that only a restart takes up, such as `sip.udp 127.0.0.1:5060 -> 127.0.0.1:5070`.
    pub needs_restart: Vec<String>,
}

impl Difference {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.needs_restart.is_empty()
    }
}

/// What differs between two configurations.
pub fn diff(old: &Loaded, new: &Loaded) -> Difference {
    let mut lines = Vec::new();
    let (before, after) = (&old.description.things, &new.description.things);
    let things: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for thing in things {
        match (before.get(thing), after.get(thing)) {
            (None, _) => lines.push(format!("{thing}: added")),
            (_, None) => lines.push(format!("{thing}: removed")),
            (Some(before), Some(after)) => compare(thing, before, after, &mut lines),
        }
    }
    compare_prompts(old, new, &mut lines);
    let (then, now) = (old.server.fixed_at_start(), new.server.fixed_at_start());
    Difference {
        lines,
        needs_restart: needs_restart(&then, &now),
    }
}

fn compare(
    thing: &str,
    before: &BTreeMap<String, Shown>,
    after: &BTreeMap<String, Shown>,
    lines: &mut Vec<String>,
) {
    const UNSET: &str = "(default)";
    let settings: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for setting in settings {
        let change = match (before.get(setting), after.get(setting)) {
            (old, new) if old == new => continue,
            (Some(Shown::Secret(_)), _) | (_, Some(Shown::Secret(_))) => "changed".to_owned(),
            (Some(Shown::List(old)), Some(Shown::List(new))) => compare_lists(old, new),
            (old, new) => {
                let shown = |value: Option<&Shown>| value.map_or(UNSET.into(), Shown::to_string);
                format!("{} -> {}", shown(old), shown(new))
            }
        };
        lines.push(format!("{thing}: {setting} {change}"));
    }
}

/// What was added and removed; both lists in full where only the order differs.
fn compare_lists(old: &[String], new: &[String]) -> String {
    let (before, after) = (BTreeSet::from_iter(old), BTreeSet::from_iter(new));
    let added = after.difference(&before).map(|item| format!("+{item}"));
    let removed = before.difference(&after).map(|item| format!("-{item}"));
    let changes: Vec<String> = added.chain(removed).collect();
    match changes.is_empty() {
        true => format!("[{}] -> [{}]", old.join(", "), new.join(", ")),
        false => changes.join(" "),
    }
}

/// Files that came and went in the folder of standard prompts: those have no line in any TOML file.
fn compare_prompts(old: &Loaded, new: &Loaded, lines: &mut Vec<String>) {
    let standard = |loaded: &Loaded| -> BTreeSet<String> {
        let owned = |id: &str| {
            loaded.directory.organisations.keys().any(|org| {
                id.strip_prefix(org.as_str())
                    .is_some_and(|rest| rest.starts_with('/'))
            })
        };
        let ids = loaded.prompts.iter().map(|(id, _)| id.as_str());
        ids.filter(|id| !owned(id)).map(str::to_owned).collect()
    };
    let (before, after) = (standard(old), standard(new));
    lines.extend(
        after
            .difference(&before)
            .map(|id| format!("prompt {id}: added")),
    );
    lines.extend(
        before
            .difference(&after)
            .map(|id| format!("prompt {id}: removed")),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_says_what_came_and_went_and_shows_both_where_only_the_order_changed() {
        let list = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(compare_lists(&list("a b"), &list("b c")), "+c -a");
        assert_eq!(
            compare_lists(&list("a b"), &list("b a")),
            "[a, b] -> [b, a]"
        );
    }
}
