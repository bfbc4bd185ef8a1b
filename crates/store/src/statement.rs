//! A statement as a value: its text, which both kinds of database read, and what is bound to its `$1`, `$2` … Borrowed
//! from what is to be written, so that nothing is copied before it is bound.

use std::borrow::Cow;

/// What is bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Text(&'a str),
    Integer(i64),
    /// An integer, or NULL.
    Maybe(Option<i64>),
    /// A text, or NULL.
    MaybeText(Option<&'a str>),
    Bytes(&'a [u8]),
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Value<'a> {
        Value::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Value<'a> {
        Value::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Value<'a> {
        Value::Bytes(bytes)
    }
}

/// Databases' integers are signed; times and counts beyond what they hold never come.
impl From<u64> for Value<'_> {
    fn from(number: u64) -> Self {
        Value::Integer(signed(number))
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Value::Integer(number.into())
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Value::Integer(number)
    }
}

impl From<Option<u64>> for Value<'_> {
    fn from(number: Option<u64>) -> Self {
        Value::Maybe(number.map(signed))
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Value<'a> {
        Value::MaybeText(text)
    }
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement<'a> {
    pub(crate) sql: Cow<'static, str>,
    pub(crate) values: Vec<Value<'a>>,
}

impl<'a> Statement<'a> {
    pub(crate) fn new(sql: &'static str) -> Statement<'a> {
        Statement {
            sql: sql.into(),
            values: Vec::new(),
        }
    }

    /// One that is put together from pieces of ours.
    pub(crate) fn built(sql: String) -> Statement<'a> {
        Statement {
            sql: sql.into(),
            values: Vec::new(),
        }
    }

    /// Binds the next.
    pub(crate) fn bind(mut self, value: impl Into<Value<'a>>) -> Statement<'a> {
        self.values.push(value.into());
        self
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What [`Value::from`] made of it; what is below nought was not ours.
pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
