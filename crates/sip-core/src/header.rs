//! A message's headers: an index over the bytes they came in, and values of our own beside it.
//! What a value means is read on demand, in `header_typed`.

use crate::header_name::HeaderName;
use crate::header_value::HeaderValue;
use crate::text;
use bytes::Bytes;
use std::fmt;

/// Headers in order.
///
/// `Content-Length` is never among those that were read: it belongs to the framing, which checks it against
/// the bytes there are, and writes it from the body.
#[derive(Clone, Default)]
pub struct Headers {
    source: Bytes,
    lines: Vec<Line>,
}

#[derive(Clone)]
struct Line {
    name: HeaderName,
    value: Value,
}

#[derive(Clone)]
enum Value {
    /// From and to, in `source`.
    Span(u32, u32),
    Own(Box<[u8]>),
}

impl Headers {
    /// No headers.
    pub fn new() -> Headers {
        Headers::default()
    }

    /// An index over `source`, to be filled by the framing.
    pub(crate) fn over(source: Bytes) -> Headers {
        Headers {
            source,
            lines: Vec::with_capacity(16),
        }
    }

    /// Appends the header whose value is `source[start..end]`, line ends of folding included.
    pub(crate) fn push_span(&mut self, name: HeaderName, start: usize, end: usize) {
        let raw = &self.source[start..end];
        let value = match (
            memchr::memchr2(b'\r', b'\n', raw),
            u32::try_from(start),
            u32::try_from(end),
        ) {
            (None, Ok(start), Ok(end)) => Value::Span(start, end),
            _ => Value::Own(unfolded(raw)),
        };
        self.lines.push(Line { name, value });
    }

    fn bytes<'a>(&'a self, line: &'a Line) -> &'a [u8] {
        match &line.value {
            Value::Span(start, end) => &self.source[*start as usize..*end as usize],
            Value::Own(value) => value,
        }
    }

    /// The value of the first line called `name`, unfolded and trimmed.
    pub fn first<'a>(&'a self, name: &HeaderName) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// The same as text; `None` also when it isn't UTF-8.
    pub fn text<'a>(&'a self, name: &HeaderName) -> Option<&'a str> {
        self.first(name)
            .and_then(|value| std::str::from_utf8(value).ok())
    }

    /// The value of every line called `name`, as it stands.
    pub fn all<'a>(&'a self, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
        self.iter()
            .filter(move |(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// Every value called `name`, those that share a line taken apart at its commas (RFC 3261 §7.3.1);
    /// commas in quotes and angle brackets stay. Empty values are skipped.
    pub fn list<'a>(&'a self, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
        self.all(name)
            .flat_map(|line| Commas { rest: Some(line) })
            .filter(|value| !value.is_empty())
    }

    /// Names and values of all lines in order.
    pub fn iter(&self) -> impl Iterator<Item = (&HeaderName, &[u8])> {
        self.lines.iter().map(|line| (&line.name, self.bytes(line)))
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// How many lines are called `name`.
    pub fn count(&self, name: &HeaderName) -> usize {
        self.all(name).count()
    }

    /// Whether a line is called `name`.
    pub fn has(&self, name: &HeaderName) -> bool {
        self.first(name).is_some()
    }

    /// Appends a line.
    pub fn push(&mut self, name: HeaderName, value: impl Into<HeaderValue>) {
        self.lines.push(Line::own(name, value.into()));
    }

    /// Puts a line before all others.
    pub fn push_front(&mut self, name: HeaderName, value: impl Into<HeaderValue>) {
        self.lines.insert(0, Line::own(name, value.into()));
    }

    /// Puts one line in the place of all that are called `name`, or appends it.
    pub fn set(&mut self, name: HeaderName, value: impl Into<HeaderValue>) {
        let value = value.into();
        match self.lines.iter().position(|line| line.name == name) {
            None => self.push(name, value),
            Some(first) => {
                let mut at = 0;
                self.lines.retain(|line| {
                    at += 1;
                    at <= first + 1 || line.name != name
                });
                self.lines[first] = Line::own(name, value);
            }
        }
    }

    /// Changes the first line called `name`; the others stay.
    pub fn set_first(&mut self, name: HeaderName, value: impl Into<HeaderValue>) {
        match self.lines.iter().position(|line| line.name == name) {
            None => self.push(name, value),
            Some(first) => self.lines[first] = Line::own(name, value.into()),
        }
    }

    /// Removes every line called `name`.
    pub fn remove(&mut self, name: &HeaderName) {
        self.lines.retain(|line| line.name != *name);
    }

    /// Removes the topmost value called `name`, the first of its line or the line itself: what is done to
    /// the Via of a response that is passed on, or to a Route that has been reached.
    pub fn remove_first_value(&mut self, name: &HeaderName) {
        let Some(at) = self.lines.iter().position(|line| line.name == *name) else {
            return;
        };
        let mut commas = Commas {
            rest: Some(self.bytes(&self.lines[at])),
        };
        let _removed = commas.by_ref().find(|value| !value.is_empty());
        match commas.rest.map(text::trim).filter(|rest| !rest.is_empty()) {
            Some(rest) => self.lines[at].value = Value::Own(rest.into()),
            None => drop(self.lines.remove(at)),
        }
    }

    /// Puts `value` in the place of the topmost value called `name`; what shares its line stays behind it.
    pub fn replace_first_value(&mut self, name: &HeaderName, value: impl Into<HeaderValue>) {
        let Some(at) = self.lines.iter().position(|line| line.name == *name) else {
            return self.push(name.clone(), value);
        };
        let mut commas = Commas {
            rest: Some(self.bytes(&self.lines[at])),
        };
        let _replaced = commas.by_ref().find(|value| !value.is_empty());
        let mut line = value.into().into_bytes().into_vec();
        if let Some(rest) = commas.rest {
            line.extend_from_slice(b", ");
            line.extend_from_slice(text::trim(rest));
        }
        self.lines[at].value = Value::Own(line.into());
    }

    /// Appends every line of `other` called `name`.
    pub fn copy_from(&mut self, other: &Headers, name: &HeaderName) {
        for value in other.all(name) {
            self.push(name.clone(), value);
        }
    }

    /// Writes all lines but `Content-Length`.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        for (name, value) in self
            .iter()
            .filter(|(name, _)| **name != HeaderName::ContentLength)
        {
            match name {
                HeaderName::Other(token) if !text::is_token(token.as_bytes()) => continue,
                _ => out.extend_from_slice(name.as_str().as_bytes()),
            }
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        }
    }

    /// About how many bytes [`Headers::write`] will write.
    pub(crate) fn size_hint(&self) -> usize {
        self.iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 4)
            .sum()
    }
}

impl Line {
    fn own(name: HeaderName, value: HeaderValue) -> Line {
        Line {
            name,
            value: Value::Own(value.into_bytes()),
        }
    }
}

/// RFC 3261 §7.3.1: a line end followed by blanks is one space.
fn unfolded(raw: &[u8]) -> Box<[u8]> {
    let mut value = Vec::with_capacity(raw.len());
    for piece in raw
        .split(|&byte| matches!(byte, b'\r' | b'\n'))
        .map(text::trim)
    {
        if !value.is_empty() && !piece.is_empty() {
            value.push(b' ');
        }
        value.extend_from_slice(piece);
    }
    value.into()
}

/// Takes a value apart at its commas; only the last value may be empty. An unclosed quote or bracket holds all that follows.
struct Commas<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Iterator for Commas<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let bytes = self.rest.take()?;
        // Empty values are skipped by the row, not one search each.
        let values = |byte: &u8| !matches!(byte, b',' | b' ' | b'\t');
        let bytes = &bytes[bytes.iter().position(values).unwrap_or(bytes.len())..];
        let mut at = 0;
        while let Some(found) = memchr::memchr3(b',', b'"', b'<', &bytes[at..]) {
            at += found;
            let held = match bytes[at] {
                b',' => {
                    self.rest = Some(&bytes[at + 1..]);
                    return Some(text::trim(&bytes[..at]));
                }
                b'"' => text::quoted_len(&bytes[at..]),
                _ => memchr::memchr(b'>', &bytes[at..]).map(|end| end + 1),
            };
            match held {
                Some(held) => at += held,
                None => break,
            }
        }
        Some(text::trim(bytes))
    }
}

impl PartialEq for Headers {
    fn eq(&self, other: &Headers) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Headers {}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = self
            .iter()
            .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value)));
        f.debug_map().entries(texts).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(line: &str) -> Vec<String> {
        let mut headers = Headers::new();
        headers.push(HeaderName::Route, line);
        let list = headers.list(&HeaderName::Route);
        list.map(|value| String::from_utf8_lossy(value).into())
            .collect()
    }

    #[test]
    fn a_line_is_taken_apart_at_its_own_commas_only() {
        assert_eq!(
            values("<sip:a,b@c>, \"x, y\" <sip:d>;q=1 ,e"),
            ["<sip:a,b@c>", "\"x, y\" <sip:d>;q=1", "e"]
        );
        assert_eq!(values("a,,b,"), ["a", "b"]);
        assert_eq!(values("\"open, a"), ["\"open, a"]);
    }

    #[test]
    fn the_topmost_value_is_replaced_and_removed_alone() {
        let mut headers = Headers::new();
        headers.push(HeaderName::Via, "a, b");
        headers.push(HeaderName::Via, "c");
        headers.replace_first_value(&HeaderName::Via, "A");
        assert_eq!(
            headers.list(&HeaderName::Via).collect::<Vec<_>>(),
            [b"A", b"b", b"c"]
        );
        headers.remove_first_value(&HeaderName::Via);
        assert_eq!(
            headers.list(&HeaderName::Via).collect::<Vec<_>>(),
            [b"b", b"c"]
        );
        headers.remove_first_value(&HeaderName::Via);
        assert_eq!(headers.count(&HeaderName::Via), 1);
    }

    #[test]
    fn setting_a_header_keeps_its_place_and_drops_the_others() {
        let mut headers = Headers::new();
        headers.push(HeaderName::Expires, 1_u32);
        headers.push(HeaderName::Subject, "x");
        headers.push(HeaderName::Expires, 2_u32);
        headers.set(HeaderName::Expires, 3_u32);
        let mut written = Vec::new();
        headers.write(&mut written);
        assert_eq!(written, b"Expires: 3\r\nSubject: x\r\n");
    }

    #[test]
    fn a_name_or_value_that_would_make_another_header_is_not_written() {
        let mut headers = Headers::new();
        headers.push(HeaderName::Other("X\r\nEvil".into()), "1");
        headers.push(HeaderName::Subject, "a\r\nEvil: 1");
        let mut written = Vec::new();
        headers.write(&mut written);
        assert_eq!(written, b"Subject: a  Evil: 1\r\n");
    }
}
