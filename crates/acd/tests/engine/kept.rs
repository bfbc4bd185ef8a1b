//! Facts in a journal outlive the version that wrote them.

use crate::worlds::facts_of;
use acd::Stamped;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// Worlds in which everything comes about that comes about in worlds.
const WORLDS: u64 = 60;

/// A line for each kind of fact, as a server wrote it. Lines are added (`UPDATE=1`) and never changed: what a line here
/// says was kept by somebody. A fact that can't be read any more takes another `FACTS_VERSION`.
const KEPT: &str = "tests/engine/facts_v1.jsonl";

/// Which kind of fact it is.
fn kind(line: &str) -> String {
    let value: Value = serde_json::from_str(line).unwrap();
    match &value["fact"] {
        Value::String(kind) => kind.clone(),
        Value::Object(fields) => fields.keys().next().unwrap().clone(),
        other => panic!("no fact: {other}"),
    }
}

#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "lines are added from outside, and kept beside the tests"
)]
fn every_kind_of_fact_that_was_ever_kept_can_be_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(KEPT);
    let mut kept = std::fs::read_to_string(&path).unwrap_or_default();
    let mut kinds: BTreeSet<String> = kept.lines().map(kind).collect();
    let mut fresh = String::new();
    for fact in (0..WORLDS).flat_map(facts_of) {
        let line = serde_json::to_string(&fact).unwrap();
        // The configuration is not kept, nor who talked with whom, nor who is to be forgotten.
        let kind = kind(&line);
        let is_kept = !["Configured", "TalksRecalled", "CallerForgotten"].contains(&kind.as_str());
        if is_kept && kinds.insert(kind) {
            fresh.push_str(&line);
            fresh.push('\n');
        }
    }
    if std::env::var_os("UPDATE").is_some() {
        kept.push_str(&fresh);
        std::fs::write(&path, &kept).unwrap();
        fresh.clear();
    }
    assert_eq!(fresh, "", "no line in {KEPT}: UPDATE=1 adds it");
    for line in kept.lines() {
        let read: Result<Stamped, _> = serde_json::from_str(line);
        assert!(read.is_ok(), "{read:?} of {line}");
    }
}
