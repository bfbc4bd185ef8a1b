//! A message's headers: an index over the bytes they came in, and over values of our own that stand behind one
//! another in one text. What a value means is read on demand, in `header_typed`.

use crate::header_name::HeaderName;
use crate::header_name_addr::Parts;
use crate::header_value::{self, AsValue};
use crate::text;
use bytes::Bytes;
use std::fmt;

/// Lines that most messages have room in.
const USUAL_LINES: usize = 16;

/// Room for the values that a message of ours usually has, or that are added to one that came.
const USUAL_OWN_BYTES: usize = 512;

/// Headers in order.
///
/// `Content-Length` is never among those that were read: it belongs to the framing, which checks it against
/// the bytes there are, and writes it from the body.
#[derive(Clone, Default)]
pub struct Headers {
    /// What came.
    source: Bytes,
    /// Values that were added since, one behind the other; none has a line end in it.
    own: Vec<u8>,
    lines: Vec<Line>,
}

#[derive(Clone)]
struct Line {
    name: HeaderName,
    value: Value,
}

/// Where a value stands: from and to.
#[derive(Clone, Copy)]
enum Value {
    /// In `source`.
    Came(u32, u32),
    /// In `own`.
    Own(u32, u32),
}

impl Value {
    /// The last `length` bytes of it.
    fn end(self, length: usize) -> Value {
        let start = |end: u32| end - place(length);
        match self {
            Value::Came(_, end) => Value::Came(start(end), end),
            Value::Own(_, end) => Value::Own(start(end), end),
        }
    }
}

/// Where something stands in a message.
fn place(at: usize) -> u32 {
    u32::try_from(at).expect("a message is shorter than 4 GiB: most are 65,535 bytes at most, and a saved one has less than memory has")
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
            own: Vec::new(),
            lines: Vec::with_capacity(USUAL_LINES),
        }
    }

    /// Appends the header whose value is `source[start..end]`, line ends of folding included.
    pub(crate) fn push_span(&mut self, name: HeaderName, start: usize, end: usize) {
        let raw = &self.source[start..end];
        let value = match memchr::memchr2(b'\r', b'\n', raw) {
            None => Value::Came(place(start), place(end)),
            Some(_) => {
                let own = self.own.len();
                unfold(raw, &mut self.own);
                Value::Own(place(own), place(self.own.len()))
            }
        };
        self.lines.push(Line { name, value });
    }

    fn bytes(&self, value: Value) -> &[u8] {
        match value {
            Value::Came(start, end) => &self.source[start as usize..end as usize],
            Value::Own(start, end) => &self.own[start as usize..end as usize],
        }
    }

    /// Writes a value behind those that are there.
    fn keep(&mut self, value: impl AsValue) -> Value {
        if self.own.capacity() == 0 {
            self.own.reserve(USUAL_OWN_BYTES);
        }
        let kept = header_value::append(value, &mut self.own);
        Value::Own(place(kept.start), place(kept.end))
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
        // By name first: a message is asked for its headers some fifty times, mostly for one of a dozen.
        self.lines
            .iter()
            .filter(move |line| line.name == *name)
            .map(|line| self.bytes(line.value))
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
        self.lines
            .iter()
            .map(|line| (&line.name, self.bytes(line.value)))
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
    pub fn push(&mut self, name: HeaderName, value: impl AsValue) {
        let value = self.keep(value);
        self.push_line(Line { name, value });
    }

    /// Puts a line before all others.
    pub fn push_front(&mut self, name: HeaderName, value: impl AsValue) {
        let value = self.keep(value);
        self.lines.insert(0, Line { name, value });
    }

    fn push_line(&mut self, line: Line) {
        if self.lines.capacity() == 0 {
            self.lines.reserve(USUAL_LINES);
        }
        self.lines.push(line);
    }

    /// Puts one line in the place of all that are called `name`, or appends it.
    pub fn set(&mut self, name: HeaderName, value: impl AsValue) {
        let value = self.keep(value);
        match self.lines.iter().position(|line| line.name == name) {
            None => self.push_line(Line { name, value }),
            Some(first) => {
                let mut at = 0;
                self.lines.retain(|line| {
                    at += 1;
                    at <= first + 1 || line.name != name
                });
                self.lines[first] = Line { name, value };
            }
        }
    }

    /// Changes the first line called `name`; the others stay.
    pub fn set_first(&mut self, name: HeaderName, value: impl AsValue) {
        match self.lines.iter().position(|line| line.name == name) {
            None => self.push(name, value),
            Some(first) => self.lines[first].value = self.keep(value),
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
        let line = self.lines[at].value;
        let mut commas = Commas {
            rest: Some(self.bytes(line)),
        };
        let _removed = commas.by_ref().find(|value| !value.is_empty());
        // A value has no blanks at its end, so what is left is its last bytes.
        match commas.rest.map(text::trim).filter(|rest| !rest.is_empty()) {
            Some(rest) => self.lines[at].value = line.end(rest.len()),
            None => drop(self.lines.remove(at)),
        }
    }

    /// Puts `value` in the place of the topmost value called `name`; what shares its line stays behind it.
    pub fn replace_first_value(&mut self, name: &HeaderName, value: impl AsValue) {
        let Some(at) = self.lines.iter().position(|line| line.name == *name) else {
            return self.push(name.clone(), value);
        };
        let line = self.lines[at].value;
        let mut commas = Commas {
            rest: Some(self.bytes(line)),
        };
        let _replaced = commas.by_ref().find(|value| !value.is_empty());
        let rest = commas.rest.map(|rest| text::trim(rest).len());
        let mut replaced = self.keep(value);
        if let (Some(length), Value::Own(start, _)) = (rest, replaced) {
            self.own.extend_from_slice(b", ");
            self.copy(line.end(length));
            replaced = Value::Own(start, place(self.own.len()));
        }
        self.lines[at].value = replaced;
    }

    /// Puts a tag on To, where it can be read and has none.
    pub(crate) fn tag_to(&mut self, tag: &str) {
        let Some(at) = self
            .lines
            .iter()
            .position(|line| line.name == HeaderName::To)
        else {
            return;
        };
        let line = self.lines[at].value;
        match Parts::read(self.bytes(line)).map(|parts| parts.param("tag")) {
            // Behind what stands there: nothing of it is to be read for that.
            Ok(None) if text::is_token(tag.as_bytes()) => {
                let start = place(self.own.len());
                self.copy(line);
                self.own.extend_from_slice(b";tag=");
                self.own.extend_from_slice(tag.as_bytes());
                self.lines[at].value = Value::Own(start, place(self.own.len()));
            }
            _ => {
                if let Ok(to) = self.to()
                    && to.tag().is_none()
                {
                    self.set(HeaderName::To, to.with_tag(tag));
                }
            }
        }
    }

    /// Writes a value that stands here behind those of our own.
    fn copy(&mut self, value: Value) {
        match value {
            Value::Came(start, end) => self
                .own
                .extend_from_slice(&self.source[start as usize..end as usize]),
            Value::Own(start, end) => self.own.extend_from_within(start as usize..end as usize),
        }
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

/// RFC 3261 §7.3.1: a line end followed by blanks is one space.
fn unfold(raw: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    for piece in raw
        .split(|&byte| matches!(byte, b'\r' | b'\n'))
        .map(text::trim)
    {
        if out.len() > start && !piece.is_empty() {
            out.push(b' ');
        }
        out.extend_from_slice(piece);
    }
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
