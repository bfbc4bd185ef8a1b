//! Texts of files without their secrets, and such texts with the secrets back in their places: whoever edits a text keeps
//! what he was not shown.

use super::snapshot::is_secret;
use crate::error::ConfigError;
use crate::problems::{Problem, Problems};
use crate::source::Sources;
use crate::tree::{self, Node, Table, Value};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

/// Stands for a secret that is kept.
pub(super) const KEPT: &str = "(kept secret)";

/// Stands for one that is not what it was.
const NEW: &str = "(new secret)";

/// Secrets as they are written, by their paths.
pub(super) type Secrets = BTreeMap<Vec<String>, String>;

/// Where a secret stands.
struct Spot {
    path: Vec<String>,
    place: Range<usize>,
    /// Whether it is the text that stands for a kept one.
    is_kept: bool,
}

/// The secrets of a text; none of one that is not TOML.
pub(super) fn secrets(path: &Path, text: &str) -> Secrets {
    let spots = spots(&Sources::one(path, text)).unwrap_or_default();
    let written = spots
        .into_iter()
        .map(|spot| (spot.path, text[spot.place].to_owned()));
    written.collect()
}

/// `text` without its secrets.
pub(super) fn masked(path: &Path, text: &str) -> Result<String, Vec<ConfigError>> {
    let spots = spots(&Sources::one(path, text))?;
    Ok(replaced(
        text,
        spots.iter().map(|spot| (spot, quoted(KEPT))),
    ))
}

/// The same, where secrets that are not what they were before are told from those that are.
pub(super) fn masked_beside(
    path: &Path,
    text: &str,
    before: &Secrets,
) -> Result<String, Vec<ConfigError>> {
    let spots = spots(&Sources::one(path, text))?;
    let mask = |spot: &Spot| {
        let old = before.get(&spot.path);
        let is_old = old.is_some_and(|old| *old == text[spot.place.clone()]);
        quoted(if is_old { KEPT } else { NEW })
    };
    Ok(replaced(text, spots.iter().map(|spot| (spot, mask(spot)))))
}

/// `text` with the secrets in the places that say so.
pub(super) fn unmasked(
    path: &Path,
    text: &str,
    kept: &Secrets,
) -> Result<String, Vec<ConfigError>> {
    let sources = Sources::one(path, text);
    let spots = spots(&sources)?;
    let mut problems = Problems::default();
    let mut written = Vec::new();
    for spot in spots.iter().filter(|spot| spot.is_kept) {
        match kept.get(&spot.path) {
            Some(secret) => written.push((spot, secret.clone())),
            None => {
                let place = crate::source::Place {
                    file: 0,
                    start: spot.place.start,
                    end: spot.place.end,
                };
                let problem = Problem::new(place, "there is no secret here that could be kept");
                problems.add(
                    &sources,
                    problem.mend("write a new one, or leave the line out"),
                );
            }
        }
    }
    problems.finish()?;
    Ok(replaced(text, written.into_iter()))
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

fn replaced<'s>(text: &str, spots: impl Iterator<Item = (&'s Spot, String)>) -> String {
    let mut spots: Vec<(&Spot, String)> = spots.collect();
    spots.sort_by_key(|(spot, _)| spot.place.start);
    let (mut written, mut from) = (String::with_capacity(text.len()), 0);
    for (spot, instead) in spots {
        written.push_str(&text[from..spot.place.start]);
        written.push_str(&instead);
        from = spot.place.end;
    }
    written.push_str(&text[from..]);
    written
}

fn spots(sources: &Sources) -> Result<Vec<Spot>, Vec<ConfigError>> {
    let mut problems = Problems::default();
    let table = tree::parse(sources, 0, &mut problems);
    problems.finish()?;
    let mut found = Vec::new();
    if let Some(table) = table {
        look_through(&table, &mut Vec::new(), &mut found);
    }
    Ok(found)
}

fn look_through(table: &Table, path: &mut Vec<String>, found: &mut Vec<Spot>) {
    for (key, entry) in &table.entries {
        path.push(key.clone());
        match is_secret(key, &entry.node) {
            true => found.push(Spot {
                path: path.clone(),
                place: entry.node.place.start..entry.node.place.end,
                is_kept: matches!(&entry.node.value, Value::Text(text) if text == KEPT),
            }),
            false => look_into(&entry.node, path, found),
        }
        path.pop();
    }
}

fn look_into(node: &Node, path: &mut Vec<String>, found: &mut Vec<Spot>) {
    match &node.value {
        Value::Table(table) => look_through(table, path, found),
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(index.to_string());
                look_into(item, path, found);
                path.pop();
            }
        }
        Value::Text(_) | Value::Integer(_) | Value::Boolean(_) | Value::Other(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\u{feff}# Who.\r\n[users.anna]\r\npassword = 'a # \"b\"' # hers\r\nname = \"Åsa\"\r\n\r\n[users]\r\n\
                        eva = { pin = 1234, ha1_md5 = \"ff\", extension = \"1\" }\r\n[trunks.p]\r\npassword = \"\"\"\r\ntwo\r\nlines\"\"\"\r\n";

    #[test]
    fn a_text_without_its_secrets_becomes_itself_when_they_are_kept() {
        let path = Path::new("a.toml");
        let masked = masked(path, TEXT).unwrap();
        for secret in ["# \"b\"", "1234", "ff", "lines"] {
            assert!(!masked.contains(secret), "{masked}");
        }
        for kept in ["# hers\r\n", "Åsa", "extension = \"1\"", "# Who."] {
            assert!(masked.contains(kept), "{masked}");
        }
        assert_eq!(masked.matches("\"(kept secret)\"").count(), 4);
        let secrets = secrets(path, TEXT);
        assert_eq!(unmasked(path, &masked, &secrets).unwrap(), TEXT);
        assert_eq!(masked_beside(path, TEXT, &secrets).unwrap(), masked);
        let other = TEXT.replace("1234", "1235");
        let told = masked_beside(path, &other, &secrets).unwrap();
        assert_eq!(told.matches("\"(new secret)\"").count(), 1, "{told}");
        assert!(!told.contains("1235"));
    }

    #[test]
    fn a_secret_is_kept_in_its_own_place_alone() {
        let path = Path::new("a.toml");
        let secrets = secrets(path, TEXT);
        let moved = "[users.bosse]\npassword = \"(kept secret)\"\n";
        let errors = unmasked(path, moved, &secrets).unwrap_err();
        let told = errors[0].to_string();
        assert!(
            told.starts_with("a.toml:2:12: there is no secret here"),
            "{told}"
        );
        // Where it would be shown it is a text as any other.
        let shown = "[users.anna]\nname = \"(kept secret)\"\n";
        assert_eq!(unmasked(path, shown, &secrets).unwrap(), shown);
        assert!(masked(path, "password = ").is_err());
    }
}
