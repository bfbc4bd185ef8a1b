//! What stands at a path, as somebody may see it: a text as it is, anything else as TOML, secrets not at all.

use crate::describe::SECRETS;
use toml_edit::{DocumentMut, Item, Key, Value};

/// What stands for a secret.
const HIDDEN: &str = "(secret)";

/// What `text` says at `keys`, in lines; none where it says nothing there.
pub(super) fn shown(text: &str, keys: &[String]) -> Option<String> {
    let document: DocumentMut = text.strip_prefix('\u{feff}').unwrap_or(text).parse().ok()?;
    let mut item = document.as_item();
    for key in keys {
        item = item.get(key)?;
    }
    let secret = keys.last().is_some_and(|key| is_secret(key));
    Some(match item {
        Item::Value(_) if secret => format!("{HIDDEN}\n"),
        Item::Value(Value::String(text)) => format!("{}\n", text.value()),
        Item::Value(value) => format!("{}\n", masked(value)),
        item => {
            let mut lines = String::new();
            list(item, "", &mut lines);
            lines
        }
    })
}

fn is_secret(key: &str) -> bool {
    SECRETS.contains(&key)
}

/// A line for each value of a table, with the keys that lead there.
fn list(item: &Item, before: &str, lines: &mut String) {
    match item {
        Item::Table(table) => {
            for (key, item) in table.iter() {
                let written = Key::new(key).to_string();
                let way = match before {
                    "" => written,
                    before => format!("{before}.{written}"),
                };
                match item {
                    Item::Value(_) if is_secret(key) => {
                        lines.push_str(&format!("{way} = \"{HIDDEN}\"\n"));
                    }
                    Item::Value(value) => lines.push_str(&format!("{way} = {}\n", masked(value))),
                    item => list(item, &way, lines),
                }
            }
        }
        Item::ArrayOfTables(tables) => {
            for table in tables.iter() {
                list(&Item::Table(table.clone()), before, lines);
            }
        }
        Item::Value(_) | Item::None => {}
    }
}

/// The value on its own, without its comments' surroundings and without secrets inside.
fn masked(value: &Value) -> String {
    let mut value = value.clone();
    mask(&mut value);
    value.decor_mut().clear();
    value.to_string()
}

fn mask(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(mask),
        Value::InlineTable(table) => {
            for (key, value) in table.iter_mut() {
                if is_secret(key.get()) {
                    *value = Value::from(HIDDEN);
                } else {
                    mask(value);
                }
            }
        }
        _ => {}
    }
}
