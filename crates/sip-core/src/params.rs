//! `;name=value` lists, as URIs and headers carry them. Values are kept as meant (unescaped, unquoted);
//! whoever writes them out says whether they stand in a URI or in a header.

use crate::text;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// Most parameters of one URI or header value: three times what trunks of telephone networks send. Lists are
/// searched from the front, so the limit also bounds what a comparison of two costs.
pub const PARAMS_MAX: usize = 64;

/// An ordered list of parameters. Names compare without case; a flag (`;lr`) has the value `""`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Params(Vec<(Box<str>, Box<str>)>);

/// A list of parameters that doesn't hold to its grammar.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected at most {PARAMS_MAX} of ;name or ;name=value, got {got:?}")]
pub struct ParamError {
    /// The start of what was refused.
    pub got: Box<str>,
}

impl Params {
    /// No parameters. Allocates nothing.
    pub const fn new() -> Params {
        Params(Vec::new())
    }

    /// The value of the first parameter called `name`; `Some("")` for a flag.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Whether there is a parameter called `name`.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Gives `name` a value in place of those it had; `""` makes it a flag.
    pub fn set(&mut self, name: &str, value: &str) {
        let same = |known: &str| known.eq_ignore_ascii_case(name);
        match self.0.iter().position(|(known, _)| same(known)) {
            None => self.0.push((name.into(), value.into())),
            Some(first) => {
                self.0[first].1 = value.into();
                let mut at = 0;
                self.0.retain(|(known, _)| {
                    at += 1;
                    at <= first + 1 || !same(known)
                });
            }
        }
    }

    /// The same list with `name` set.
    pub fn with(mut self, name: &str, value: &str) -> Params {
        self.set(name, value);
        self
    }

    /// Removes every parameter called `name`.
    pub fn remove(&mut self, name: &str) {
        self.0
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads what follows a URI's host: empty, or `;name=value;…`.
    pub(crate) fn of_uri(bytes: &[u8]) -> Result<Params, ParamError> {
        Params::each_of_uri(bytes)
            .map(|param| param.map(|(name, value)| (name.into(), value.into())))
            .collect::<Result<_, _>>()
            .map(Params)
    }

    /// Whether what follows a URI's host can be read.
    pub(crate) fn check_uri(bytes: &[u8]) -> Result<(), ParamError> {
        Params::each_of_uri(bytes).try_for_each(|param| param.map(drop))
    }

    fn each_of_uri(
        bytes: &[u8],
    ) -> impl Iterator<Item = Result<(Cow<'_, str>, Cow<'_, str>), ParamError>> {
        // Empty ones come from a stray `;` at the end, which some phones write and nobody minds.
        let pieces = bytes
            .split(|&byte| byte == b';')
            .filter(|piece| !piece.is_empty());
        pieces.enumerate().map(|(read, piece)| {
            let refused = || ParamError {
                got: text::snippet(piece),
            };
            if !piece.iter().copied().all(text::is_uri_byte) || read == PARAMS_MAX {
                return Err(refused());
            }
            let (name, value) = match memchr::memchr(b'=', piece) {
                Some(at) => (&piece[..at], &piece[at + 1..]),
                None => (piece, &[][..]),
            };
            if name.is_empty() {
                return Err(refused());
            }
            let read = |raw| text::unescape(raw).ok_or_else(refused);
            Ok((read(name)?, read(value)?))
        })
    }

    /// Reads the parameters of a header's value.
    pub(crate) fn of_header(bytes: &[u8]) -> Result<Params, ParamError> {
        let mut params = Params::new();
        for param in HeaderParams::new(bytes) {
            let param = param?;
            let value = param.text().ok_or_else(|| ParamError {
                got: text::snippet(param.whole),
            })?;
            params.0.push((named(param.name), value.into()));
        }
        Ok(params)
    }

    /// Writes the list as it stands in a URI.
    pub(crate) fn write_uri(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.iter() {
            f.write_str(";")?;
            text::write_escaped(name, text::plain_in_param, f)?;
            if !value.is_empty() {
                f.write_str("=")?;
                text::write_escaped(value, text::plain_in_param, f)?;
            }
        }
        Ok(())
    }

    /// Writes the list as it stands in a header.
    pub(crate) fn write_header(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.iter() {
            // A name comes from our own code or from a token that was read; anything else would be a bug
            // that must not reach the wire as a parameter of another meaning.
            if !text::is_token(name.as_bytes()) {
                continue;
            }
            f.write_str(";")?;
            f.write_str(name)?;
            if value.is_empty() {
                continue;
            }
            f.write_str("=")?;
            let bare = |byte: u8| byte.is_ascii() && byte != b'=' && is_bare_value_byte(byte);
            if value.bytes().all(bare) {
                f.write_str(value)?;
            } else {
                text::write_quoted(value, f)?;
            }
        }
        Ok(())
    }
}

/// One parameter as it stands in a header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeaderParam<'a> {
    /// All of it but the semicolon.
    pub(crate) whole: &'a [u8],
    name: &'a [u8],
    value: Value<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Value<'a> {
    /// None: a flag.
    None,
    Bare(&'a [u8]),
    /// With its quotes.
    Quoted(&'a [u8]),
}

impl<'a> HeaderParam<'a> {
    /// Whether it is called so.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// What its value means; `None` where it isn't UTF-8.
    pub(crate) fn text(&self) -> Option<Cow<'a, str>> {
        match self.value {
            Value::None => Some("".into()),
            Value::Bare(value) => std::str::from_utf8(value).ok().map(Into::into),
            Value::Quoted(value) => text::unquote(value),
        }
    }

    fn is_text(&self) -> bool {
        match self.value {
            Value::None => true,
            Value::Bare(value) | Value::Quoted(value) => {
                value.is_ascii() || std::str::from_utf8(value).is_ok()
            }
        }
    }
}

/// The parameters of a header's value, one after the other and nothing copied: empty, or `;` and what follows, blanks
/// allowed around each separator (RFC 3261 §25.1 `generic-param`). Ends with the first that can't be read.
#[derive(Clone, Debug)]
pub(crate) struct HeaderParams<'a> {
    rest: &'a [u8],
    read: usize,
}

impl<'a> HeaderParams<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> HeaderParams<'a> {
        HeaderParams {
            rest: text::trim(bytes),
            read: 0,
        }
    }

    /// The value of the first parameter called `name`, as [`Params::get`] finds it.
    pub(crate) fn value_of(mut self, name: &str) -> Option<Cow<'a, str>> {
        self.find_map(|param| param.ok().filter(|param| param.is(name)))?
            .text()
    }

    /// Whether all can be read.
    pub(crate) fn are_sound(mut self) -> bool {
        self.all(|param| param.is_ok_and(|param| param.is_text()))
    }

    fn one(&mut self) -> Option<HeaderParam<'a>> {
        let whole = text::trim(self.rest.strip_prefix(b";")?);
        let name_end = whole
            .iter()
            .position(|&b| !text::is_token_byte(b))
            .unwrap_or(whole.len());
        if name_end == 0 {
            return None;
        }
        let (name, after) = whole.split_at(name_end);
        let after = text::trim(after);
        let (value, after) = match after.strip_prefix(b"=") {
            None => (Value::None, after),
            Some(value) => {
                let value = text::trim(value);
                if value.first() == Some(&b'"') {
                    let (quoted, after) = value.split_at(text::quoted_len(value)?);
                    (Value::Quoted(quoted), after)
                } else {
                    let end = value
                        .iter()
                        .position(|&b| !is_bare_value_byte(b))
                        .unwrap_or(value.len());
                    let (bare, after) = value.split_at(end);
                    (Value::Bare(bare), after)
                }
            }
        };
        self.rest = text::trim(after);
        let whole = &whole[..whole.len() - after.len()];
        Some(HeaderParam { whole, name, value })
    }
}

impl<'a> Iterator for HeaderParams<'a> {
    type Item = Result<HeaderParam<'a>, ParamError>;

    fn next(&mut self) -> Option<Self::Item> {
        let before = self.rest;
        if before.is_empty() {
            return None;
        }
        self.read += 1;
        match self.one().filter(|_| self.read <= PARAMS_MAX) {
            Some(param) => Some(Ok(param)),
            None => {
                self.rest = &[];
                let got = text::snippet(before);
                Some(Err(ParamError { got }))
            }
        }
    }
}

/// The name as text; it is a token, so ASCII.
fn named(token: &[u8]) -> Box<str> {
    String::from_utf8_lossy(token).into()
}

text::byte_class! {
    /// Tokens, hosts with their brackets and ports, and what phones put bare beside them.
    const fn is_bare_value_byte(byte) {
        !byte.is_ascii_control() && !matches!(byte, b' ' | b';' | b',' | b'"' | b'<' | b'>')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct InHeader<'a>(&'a Params);

    impl fmt::Display for InHeader<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.write_header(f)
        }
    }

    #[test]
    fn blanks_quotes_and_flags_of_a_header_are_read() {
        let params =
            Params::of_header(b" ; newparam =\t newvalue ;secondparam ; q = 0.33;x=\"a;b\"")
                .unwrap();
        assert_eq!(params.get("NewParam"), Some("newvalue"));
        assert_eq!(params.get("secondparam"), Some(""));
        assert_eq!(params.get("q"), Some("0.33"));
        assert_eq!(params.get("x"), Some("a;b"));
        assert_eq!(
            InHeader(&params).to_string(),
            ";newparam=newvalue;secondparam;q=0.33;x=\"a;b\""
        );
    }

    #[test]
    fn stray_separators_in_a_header_are_refused() {
        for bad in [";;", "; ;a", ";=b", "a=b", ";a=b c", ";a=\"b", ";a=b,c"] {
            assert!(Params::of_header(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn more_parameters_than_the_limit_are_refused() {
        let most = ";a".repeat(PARAMS_MAX);
        let more = format!("{most};a");
        assert_eq!(Params::of_uri(most.as_bytes()).unwrap().len(), PARAMS_MAX);
        assert_eq!(
            Params::of_header(most.as_bytes()).unwrap().len(),
            PARAMS_MAX
        );
        assert!(Params::of_uri(more.as_bytes()).is_err());
        assert!(Params::of_header(more.as_bytes()).is_err());
    }

    #[test]
    fn setting_a_parameter_replaces_every_earlier_one() {
        let mut params = Params::of_header(b";tag=1;x;TAG=2").unwrap();
        params.set("tag", "3");
        assert_eq!(InHeader(&params).to_string(), ";tag=3;x");
    }

    #[test]
    fn a_value_cannot_start_a_header_of_its_own() {
        let params = Params::new()
            .with("a", "1\r\nEvil: 2")
            .with("b\r\nEvil: 2", "1");
        assert_eq!(InHeader(&params).to_string(), ";a=\"1  Evil: 2\"");
    }
}
