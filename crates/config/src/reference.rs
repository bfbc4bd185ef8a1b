//! What settings there are, told: as a list that the reference in the documents is made from, and as JSON Schema by
//! which editors complete and check files while they are written.

use crate::describe::SECRETS;
use crate::setting::{Declared, Heading, TakenUp};
use crate::settings::{organisation_files, server_file};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// One setting.
#[derive(Clone, Debug)]
pub struct Described {
    /// The heading it stands under, as the reference names it: `[queues.<name>]`.
    pub heading: &'static str,
    /// Its key.
    pub key: &'static str,
    /// Where it is, without names of the writer's own: `queues.ring`.
    pub path: String,
    /// What may stand there: `time, 1s to 5m`.
    pub kind: String,
    /// What holds where it isn't written, in Markdown.
    pub otherwise: String,
    /// What it means, in Markdown; nothing of a section, which has a heading of its own.
    pub meaning: &'static str,
    /// Whether a running server takes a change up.
    pub is_fixed_at_start: bool,
}

/// Every setting there is, heading by heading.
pub fn settings() -> Vec<Described> {
    let headings = headings(&[&server_file::HEADING, &organisation_files::HEADING]);
    headings.into_iter().flat_map(own).collect()
}

fn described(heading: &Heading, setting: &'static dyn Declared) -> Described {
    let path = heading.path();
    let key = setting.key();
    Described {
        heading: heading.name,
        key,
        path: match path.is_empty() {
            true => key.to_owned(),
            false => format!("{path}.{key}"),
        },
        kind: setting.shape().words(),
        otherwise: match setting.usual() {
            Some(text) if text.starts_with(['"', '[']) => format!("`{text}`"),
            Some(text) => text,
            None if setting.is_needed() => "needed".to_owned(),
            None => setting.usual_in_words().to_owned(),
        },
        meaning: setting.meaning(),
        is_fixed_at_start: setting.taken_up() == TakenUp::Restarted,
    }
}

/// Those headings and all that are reached from there, each once and before those within it.
fn headings(from: &[&'static Heading]) -> Vec<&'static Heading> {
    let mut found: Vec<&'static Heading> = Vec::new();
    let mut open: Vec<&'static Heading> = from.iter().rev().copied().collect();
    while let Some(heading) = open.pop() {
        if found.iter().any(|it| it.name == heading.name) {
            continue;
        }
        found.push(heading);
        let within = heading.own.iter().flat_map(|it| it.shape().headings());
        let mut next: Vec<&'static Heading> = within.collect();
        next.extend(heading.also);
        open.extend(next.into_iter().rev());
    }
    found
}

/// Paths of the settings under a heading and all within it that a running server does not take up.
pub(crate) fn fixed_below(heading: &'static Heading) -> BTreeSet<String> {
    let fixed = below(heading).filter(|it| it.is_fixed_at_start);
    fixed.map(|it| it.path).collect()
}

/// Paths of all settings under a heading and within it.
#[cfg(test)]
pub(crate) fn paths_below(heading: &'static Heading) -> BTreeSet<String> {
    below(heading).map(|it| it.path).collect()
}

fn below(heading: &'static Heading) -> impl Iterator<Item = Described> {
    headings(&[heading]).into_iter().flat_map(own)
}

fn own(heading: &'static Heading) -> impl Iterator<Item = Described> {
    heading.own.iter().map(move |it| described(heading, *it))
}

/// A file that editors can be helped with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// `kolapp.toml`.
    Server,
    /// Any of an organisation's files.
    Organisation,
}

/// The schema as JSON (draft 7, which editors of TOML know).
pub fn schema(of: Schema) -> String {
    let (heading, title) = match of {
        Schema::Server => (&server_file::HEADING, "Kölapp: the server (kolapp.toml)"),
        Schema::Organisation => (
            &organisation_files::HEADING,
            "Kölapp: a file of an organisation",
        ),
    };
    // What stands at the top of an organisation's files may be spread over several of them.
    let spread: Vec<&str> = match of {
        Schema::Server => Vec::new(),
        Schema::Organisation => {
            let top = heading.own.iter().flat_map(|it| it.shape().headings());
            top.map(|heading| heading.name).collect()
        }
    };
    let mut root = table(heading);
    root.insert(
        "$schema".into(),
        "http://json-schema.org/draft-07/schema#".into(),
    );
    root.insert("title".into(), title.into());
    let mut definitions = Map::new();
    for within in headings(&[heading]).into_iter().skip(1) {
        let mut its = table(within);
        if spread.contains(&within.name) && !within.name.contains("<name>") {
            its.remove("required");
        }
        definitions.insert(within.path(), its.into());
    }
    root.insert("definitions".into(), definitions.into());
    let text = serde_json::to_string_pretty(&Value::Object(root));
    text.expect("every key of it is a text") + "\n"
}

/// What may stand under a heading.
fn table(heading: &Heading) -> Map<String, Value> {
    let settings = heading.settings();
    let properties = settings
        .clone()
        .map(|it| (it.key().to_owned(), property(it)));
    let needed: Vec<&str> = settings
        .filter(|it| it.is_needed())
        .map(Declared::key)
        .collect();
    let ways: Vec<Value> = heading
        .ways()
        .map(|way| json!({ "required": [way.key()] }))
        .collect();
    let mut table = Map::new();
    table.insert("type".into(), "object".into());
    table.insert("additionalProperties".into(), false.into());
    table.insert("properties".into(), Value::Object(properties.collect()));
    if !needed.is_empty() {
        table.insert("required".into(), needed.into());
    }
    if !ways.is_empty() {
        table.insert("oneOf".into(), ways.into());
    }
    table
}

fn property(setting: &'static dyn Declared) -> Value {
    let mut property = match setting.shape().schema() {
        // Beside a reference nothing else counts in draft 7.
        reference if reference.get("$ref").is_some() => json!({ "allOf": [reference] }),
        schema => schema,
    };
    if !setting.meaning().is_empty() {
        property["description"] = setting.meaning().into();
    }
    // For pages: what they are never shown, and what they are to say about a change.
    if SECRETS.contains(&setting.key()) {
        property["x-secret"] = true.into();
    }
    if setting.taken_up() == TakenUp::Restarted {
        property["x-restart"] = true.into();
    }
    // The ways that values are written in for the reference are JSON too.
    let usual = setting.usual();
    if let Some(usual) = usual.and_then(|text| serde_json::from_str::<Value>(&text).ok()) {
        property["default"] = usual;
    }
    property
}
