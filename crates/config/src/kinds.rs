//! Kinds of values that settings take: each reads a value, says in words for the reference what it is, and tells
//! editors the same as JSON Schema. How single values are read is `value`'s and `address`'s.

use crate::section::{At, Reading};
use crate::setting::{Heading, Otherwise, Usual};
use crate::tree::Node;
use crate::value;
use serde_json::{Value, json};
use sip_core::digest::{Algorithm, Ha1};
use sip_core::guard::{PER_SECOND_MAX, Rate};
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

/// What may stand somewhere, for people and for editors.
pub(crate) trait Shape: Sync {
    /// In the words of the reference: `time, 1s to 5m`.
    fn words(&self) -> String;

    /// As JSON Schema.
    fn schema(&self) -> Value;

    /// Headings of the tables that may stand there.
    fn headings(&self) -> Vec<&'static Heading> {
        Vec::new()
    }
}

/// A shape that values are read by.
pub(crate) trait Kind: Shape {
    type Value;

    fn read(&self, node: &Node) -> Reading<Self::Value>;
}

/// A kind whose values can be written.
pub(crate) trait Shown: Kind {
    /// As TOML, of the sort that is JSON too.
    fn shown(&self, value: &Self::Value) -> String;
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// A text of one line, and what the reference calls it.
#[derive(Clone, Copy)]
pub(crate) struct Text(pub(crate) &'static str);

impl Shape for Text {
    fn words(&self) -> String {
        self.0.to_owned()
    }

    fn schema(&self) -> Value {
        json!({ "type": "string", "minLength": 1, "maxLength": value::TEXT_CHARS_MAX })
    }
}

impl Kind for Text {
    type Value = String;

    fn read(&self, node: &Node) -> Reading<String> {
        value::text(node)
    }
}

impl Shown for Text {
    fn shown(&self, value: &String) -> String {
        quoted(value)
    }
}

/// Yes or no.
#[derive(Clone, Copy)]
pub(crate) struct Boolean;

impl Shape for Boolean {
    fn words(&self) -> String {
        "true or false".to_owned()
    }

    fn schema(&self) -> Value {
        json!({ "type": "boolean" })
    }
}

impl Kind for Boolean {
    type Value = bool;

    fn read(&self, node: &Node) -> Reading<bool> {
        value::boolean(node)
    }
}

impl Shown for Boolean {
    fn shown(&self, value: &bool) -> String {
        value.to_string()
    }
}

/// A whole number within bounds.
#[derive(Clone, Copy)]
pub(crate) struct Whole {
    least: u32,
    most: u32,
}

pub(crate) const fn whole(range: RangeInclusive<u32>) -> Whole {
    Whole {
        least: *range.start(),
        most: *range.end(),
    }
}

/// With a comma at each thousand.
fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl Shape for Whole {
    fn words(&self) -> String {
        format!("{} to {}", grouped(self.least), grouped(self.most))
    }

    fn schema(&self) -> Value {
        json!({ "type": "integer", "minimum": self.least, "maximum": self.most })
    }
}

impl Kind for Whole {
    type Value = u32;

    fn read(&self, node: &Node) -> Reading<u32> {
        value::whole(self.least..=self.most)(node)
    }
}

impl Shown for Whole {
    fn shown(&self, value: &u32) -> String {
        value.to_string()
    }
}

/// How much may come in a second.
#[derive(Clone, Copy)]
pub(crate) struct PerSecond;

const PER_SECOND: Whole = whole(1..=PER_SECOND_MAX);

impl Shape for PerSecond {
    fn words(&self) -> String {
        PER_SECOND.words()
    }

    fn schema(&self) -> Value {
        PER_SECOND.schema()
    }
}

impl Kind for PerSecond {
    type Value = Rate;

    fn read(&self, node: &Node) -> Reading<Rate> {
        PER_SECOND.read(node).map(Rate::per_second)
    }
}

impl Shown for PerSecond {
    fn shown(&self, value: &Rate) -> String {
        value.in_a_second().to_string()
    }
}

/// A span of time within bounds.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    least: Duration,
    most: Duration,
}

pub(crate) const fn span(range: RangeInclusive<Duration>) -> Span {
    Span {
        least: *range.start(),
        most: *range.end(),
    }
}

impl Shape for Span {
    fn words(&self) -> String {
        let (least, most) = (value::spoken(self.least), value::spoken(self.most));
        format!("time, {least} to {most}")
    }

    fn schema(&self) -> Value {
        json!({ "type": "string", "pattern": r"^\s*([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?\s*$" })
    }
}

impl Kind for Span {
    type Value = Duration;

    fn read(&self, node: &Node) -> Reading<Duration> {
        value::duration(self.least..=self.most)(node)
    }
}

impl Shown for Span {
    fn shown(&self, value: &Duration) -> String {
        quoted(&value::spoken(*value))
    }
}

/// One of some words, and what each stands for.
pub(crate) struct Choice<T: 'static>(pub(crate) &'static [(&'static str, T)]);

impl<T> Clone for Choice<T> {
    fn clone(&self) -> Choice<T> {
        *self
    }
}

impl<T> Copy for Choice<T> {}

impl<T: Sync> Shape for Choice<T> {
    fn words(&self) -> String {
        let words: Vec<String> = self.0.iter().map(|(it, _)| format!("`\"{it}\"`")).collect();
        match words.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
            _ => words.concat(),
        }
    }

    fn schema(&self) -> Value {
        let words: Vec<&str> = self.0.iter().map(|(word, _)| *word).collect();
        json!({ "enum": words })
    }
}

impl<T: Copy + Sync> Kind for Choice<T> {
    type Value = T;

    fn read(&self, node: &Node) -> Reading<T> {
        value::choice(self.0)(node)
    }
}

impl<T: Copy + PartialEq + Sync> Shown for Choice<T> {
    fn shown(&self, value: &T) -> String {
        quoted(value::word_of(self.0, *value))
    }
}

/// A digest hash of an account.
#[derive(Clone, Copy)]
pub(crate) struct Hash(pub(crate) Algorithm);

impl Shape for Hash {
    fn words(&self) -> String {
        "hash".to_owned()
    }

    fn schema(&self) -> Value {
        json!({ "type": "string", "pattern": "^[0-9a-fA-F]+$" })
    }
}

impl Kind for Hash {
    type Value = Ha1;

    fn read(&self, node: &Node) -> Reading<Ha1> {
        value::ha1(self.0)(node)
    }
}

/// What has a reader of its own.
pub(crate) struct Own<T: 'static> {
    pub(crate) words: &'static str,
    pub(crate) schema: fn() -> Value,
    pub(crate) read: fn(&Node) -> Reading<T>,
}

/// The schema of texts of such a form.
pub(crate) fn form(pattern: &str) -> Value {
    json!({ "type": "string", "pattern": pattern })
}

impl<T> Clone for Own<T> {
    fn clone(&self) -> Own<T> {
        *self
    }
}

impl<T> Copy for Own<T> {}

impl<T> Shape for Own<T> {
    fn words(&self) -> String {
        self.words.to_owned()
    }

    fn schema(&self) -> Value {
        (self.schema)()
    }
}

impl<T> Kind for Own<T> {
    type Value = T;

    fn read(&self, node: &Node) -> Reading<T> {
        (self.read)(node)
    }
}

impl<T: Display> Shown for Own<T> {
    fn shown(&self, value: &T) -> String {
        quoted(&value.to_string())
    }
}

/// A list of at most `max` of a kind.
#[derive(Clone, Copy)]
pub(crate) struct List<K> {
    words: &'static str,
    pub(crate) max: usize,
    of: K,
}

pub(crate) const fn list<K: Copy>(words: &'static str, max: usize, of: K) -> List<K> {
    List { words, max, of }
}

impl<K: Shape> Shape for List<K> {
    fn words(&self) -> String {
        self.words.to_owned()
    }

    fn schema(&self) -> Value {
        json!({ "type": "array", "maxItems": self.max, "items": self.of.schema() })
    }

    fn headings(&self) -> Vec<&'static Heading> {
        self.of.headings()
    }
}

impl<K: Kind> Kind for List<K> {
    type Value = Vec<At<K::Value>>;

    fn read(&self, node: &Node) -> Reading<Self::Value> {
        value::list(self.max, |item| self.of.read(item))(node)
    }
}

/// Defaults stand in no file, so they have no places.
impl<K: Shown> Otherwise<List<K>> for Usual<Vec<K::Value>> {
    fn value(&self, kind: &List<K>) -> Option<String> {
        let items = (self.0)();
        let items: Vec<String> = items.iter().map(|item| kind.of.shown(item)).collect();
        Some(format!("[{}]", items.join(", ")))
    }
}

/// A table, under a heading of its own.
#[derive(Clone, Copy)]
pub(crate) struct Within(pub(crate) &'static Heading);

impl Shape for Within {
    fn words(&self) -> String {
        "table".to_owned()
    }

    fn schema(&self) -> Value {
        json!({ "$ref": format!("#/definitions/{}", self.0.path()) })
    }

    fn headings(&self) -> Vec<&'static Heading> {
        vec![self.0]
    }
}

/// A table whose keys are names of the writer's own.
#[derive(Clone, Copy)]
pub(crate) struct Named {
    words: &'static str,
    /// What the names look like.
    names: &'static str,
    of: Entries,
}

/// What each name stands for.
#[derive(Clone, Copy)]
enum Entries {
    Tables(&'static Heading),
    Values(&'static dyn Shape),
}

/// As names of things are written.
const NAMES: &str = "^[a-z0-9._-]{1,64}$";

impl Named {
    /// Names, each of a table under such a heading.
    pub(crate) const fn tables(heading: &'static Heading) -> Named {
        Named {
            words: "tables by name",
            names: NAMES,
            of: Entries::Tables(heading),
        }
    }

    /// Names, each with such a value.
    pub(crate) const fn values(words: &'static str, of: &'static dyn Shape) -> Named {
        Named {
            words,
            names: NAMES,
            of: Entries::Values(of),
        }
    }

    /// Says what its names look like, where they are no names of things.
    pub(crate) const fn called(self, names: &'static str) -> Named {
        Named { names, ..self }
    }
}

impl Shape for Named {
    fn words(&self) -> String {
        self.words.to_owned()
    }

    fn schema(&self) -> Value {
        let of = match self.of {
            Entries::Tables(heading) => Within(heading).schema(),
            Entries::Values(shape) => shape.schema(),
        };
        json!({
            "type": "object",
            "patternProperties": { self.names: of },
            "additionalProperties": false,
        })
    }

    fn headings(&self) -> Vec<&'static Heading> {
        match self.of {
            Entries::Tables(heading) => vec![heading],
            Entries::Values(shape) => shape.headings(),
        }
    }
}

/// One of several shapes.
#[derive(Clone, Copy)]
pub(crate) struct Either {
    pub(crate) one: &'static dyn Shape,
    pub(crate) other: &'static dyn Shape,
}

impl Shape for Either {
    fn words(&self) -> String {
        format!("{}, or {}", self.one.words(), self.other.words())
    }

    fn schema(&self) -> Value {
        json!({ "anyOf": [self.one.schema(), self.other.schema()] })
    }

    fn headings(&self) -> Vec<&'static Heading> {
        let mut headings = self.one.headings();
        headings.extend(self.other.headings());
        headings
    }
}
