//! A name and an address, as From, To, Contact, Route and their like carry them (RFC 3261 §20.10).

use crate::params::{HeaderParams, Params};
use crate::registrar::Q_DEFAULT;
use crate::text;
use crate::uri::Uri;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// `"Anna" <sip:anna@example.com>;tag=1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameAddr {
    /// The display name, quotes resolved.
    pub display: Option<Box<str>>,
    /// The address.
    pub uri: Uri,
    /// The header's parameters: those behind the angle brackets.
    pub params: Params,
}

impl NameAddr {
    /// How much an address is preferred, in thousandths (RFC 3261 §20.10).
    pub fn q(&self) -> u16 {
        thousandths(self.params.get("q"))
    }

    /// An address without a name.
    pub fn new(uri: Uri) -> NameAddr {
        NameAddr {
            display: None,
            uri,
            params: Params::new(),
        }
    }

    /// An address with a name.
    pub fn named(display: &str, uri: Uri) -> NameAddr {
        NameAddr {
            display: Some(display.into()),
            uri,
            params: Params::new(),
        }
    }

    /// Reads one value; the error says what was expected.
    pub fn parse(bytes: &[u8]) -> Result<NameAddr, &'static str> {
        let parts = Parts::read(bytes)?;
        Ok(NameAddr {
            display: parts.display.map(Into::into),
            uri: Uri::parse(parts.uri).map_err(|_| "a URI")?,
            params: Params::of_header(parts.params).map_err(|_| "parameters behind the address")?,
        })
    }

    /// The tag.
    pub fn tag(&self) -> Option<&str> {
        self.params.get("tag").filter(|tag| !tag.is_empty())
    }

    /// As it is written with a tag; with none where that is empty.
    pub(crate) fn tagged<'a>(&'a self, tag: &'a str) -> Tagged<'a> {
        Tagged { party: self, tag }
    }

    /// The same with a tag.
    pub fn with_tag(mut self, tag: &str) -> NameAddr {
        self.params.set("tag", tag);
        self
    }

    /// The same without a tag.
    pub fn without_tag(mut self) -> NameAddr {
        self.params.remove("tag");
        self
    }
}

/// A party without a tag, and the tag that is to be written behind it.
pub(crate) struct Tagged<'a> {
    party: &'a NameAddr,
    tag: &'a str,
}

impl fmt::Display for Tagged<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.tag.is_empty() || !text::is_token(self.tag.as_bytes()) {
            return self.party.clone().with_tag(self.tag).fmt(f);
        }
        self.party.fmt(f)?;
        f.write_str(";tag=")?;
        f.write_str(self.tag)
    }
}

/// A value taken apart, nothing of it copied.
pub(crate) struct Parts<'a> {
    display: Option<Cow<'a, str>>,
    uri: &'a [u8],
    params: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Takes a value apart; URI and parameters have still to be read.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Parts<'a>, &'static str> {
        let bytes = text::trim(bytes);
        let (display, rest) = if bytes.first() == Some(&b'"') {
            let (quoted, rest) = bytes.split_at(text::quoted_len(bytes).ok_or("a closing quote")?);
            let display = text::unquote(quoted).ok_or("a display name in UTF-8")?;
            (Some(display), text::trim(rest))
        } else {
            match memchr::memchr(b'<', bytes) {
                Some(angle) => (bare_display(&bytes[..angle])?, &bytes[angle..]),
                None => return Self::read_addr_spec(bytes),
            }
        };
        let inner = rest.strip_prefix(b"<").ok_or("< before the address")?;
        let close = memchr::memchr(b'>', inner).ok_or("> behind the address")?;
        Ok(Parts {
            display,
            uri: &inner[..close],
            params: &inner[close + 1..],
        })
    }

    /// Without angle brackets all parameters are the header's, and the URI may hold neither a comma nor a
    /// question mark (RFC 3261 §20).
    fn read_addr_spec(bytes: &'a [u8]) -> Result<Parts<'a>, &'static str> {
        let uri_end = memchr::memchr(b';', bytes).unwrap_or(bytes.len());
        let (uri, params) = bytes.split_at(uri_end);
        let uri = text::trim(uri);
        if memchr::memchr2(b'?', b',', uri).is_some() {
            return Err("< and > around an address with ? or , in it");
        }
        Ok(Parts {
            display: None,
            uri,
            params,
        })
    }

    /// Whether URI and parameters can be read.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        Uri::check(self.uri).map_err(|_| "a URI")?;
        match HeaderParams::new(self.params).are_sound() {
            true => Ok(()),
            false => Err("parameters behind the address"),
        }
    }

    /// The tag, as [`NameAddr::tag`] finds it.
    pub(crate) fn tag(&self) -> Option<Cow<'a, str>> {
        self.param("tag").filter(|tag| !tag.is_empty())
    }

    /// The value of the first parameter called `name`.
    pub(crate) fn param(&self, name: &str) -> Option<Cow<'a, str>> {
        HeaderParams::new(self.params).value_of(name)
    }
}

/// An unquoted display name is a row of tokens; letters beyond ASCII are let pass, since phones send them.
fn bare_display(bytes: &[u8]) -> Result<Option<Cow<'_, str>>, &'static str> {
    let bytes = text::trim(bytes);
    let fine = |&byte: &u8| text::is_token_byte(byte) || text::is_blank(byte) || !byte.is_ascii();
    if !bytes.iter().all(fine) {
        return Err("quotes around a display name that is no token");
    }
    let display = std::str::from_utf8(bytes).map_err(|_| "a display name in UTF-8")?;
    Ok(Some(display)
        .filter(|display| !display.is_empty())
        .map(Into::into))
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(display) = &self.display {
            text::write_quoted(display, f)?;
            f.write_str(" ")?;
        }
        f.write_str("<")?;
        self.uri.fmt(f)?;
        f.write_str(">")?;
        self.params.write_header(f)
    }
}

/// RFC 3261 §25.1 `qvalue`, in thousandths; what is none counts as not said.
fn thousandths(text: Option<&str>) -> u16 {
    let read = |text: &str| {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let is_read = part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit());
        let part: u16 = format!("{part:0<3}").parse().ok()?;
        match whole {
            "0" if is_read => Some(part),
            "1" if is_read && part == 0 => Some(1_000),
            _ => None,
        }
    };
    text.and_then(read).unwrap_or(Q_DEFAULT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> NameAddr {
        NameAddr::parse(text.as_bytes()).unwrap_or_else(|e| panic!("{text}: expected {e}"))
    }

    #[test]
    fn every_form_of_a_name_and_address_is_read() {
        let quoted = read(r#""J Rosenberg \"" <sip:jdrosen@example.com> ; tag = 98asjd8"#);
        assert_eq!(quoted.display.as_deref(), Some("J Rosenberg \""));
        assert_eq!(quoted.tag(), Some("98asjd8"));
        assert_eq!(
            read("caller<sip:caller@example.com>;tag=323")
                .display
                .as_deref(),
            Some("caller")
        );
        assert_eq!(
            read("Åsa Öman <sip:asa@example.com>").display.as_deref(),
            Some("Åsa Öman")
        );
        let bare = read("sip:a@example.com;tag=1;x");
        assert!(bare.uri.params().is_empty());
        assert_eq!(bare.tag(), Some("1"));
        let angled = read("<sip:a@example.com;transport=udp?x=y>;q=0.5");
        assert_eq!(angled.uri.params().get("transport"), Some("udp"));
        assert_eq!(angled.params.get("q"), Some("0.5"));
        assert_eq!(
            read(r#""a > b" <sip:a@b.se>"#).display.as_deref(),
            Some("a > b")
        );
    }

    #[test]
    fn what_is_no_name_and_address_is_refused() {
        for bad in [
            "",
            "<sip:a@b.se",
            "\"a <sip:a@b.se>",
            "Bell, Alexander <sip:a@b.se>;tag=43",
            "sip:user@example.com?Route=%3Csip:sip.example.com%3E",
            "\"W\" < sip:a@b.se >",
            "<sip:a@b.se> x",
            "<sip:a@b.se>;;",
            "<>",
            "a b",
            "\"a\" sip:a@b.se",
        ] {
            assert!(NameAddr::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_display_name_cannot_leave_its_quotes() {
        let evil = NameAddr::named(
            "a\" <sip:evil@x.se>\r\nEvil: 1",
            "sip:a@b.se".parse().unwrap(),
        );
        let written = evil.to_string();
        assert!(!written.contains('\n'));
        assert_eq!(read(&written).uri, evil.uri);
    }

    #[test]
    fn a_preference_is_read_in_thousandths() {
        for (text, read) in [
            ("0", 0),
            ("1", 1_000),
            ("0.7", 700),
            ("0.25", 250),
            ("1.000", 1_000),
            ("0.", 0),
            ("1.5", 1_000),
            ("2", 1_000),
            ("0.1234", 1_000),
            ("-1", 1_000),
            ("0.+1", 1_000),
            ("", 1_000),
        ] {
            assert_eq!(thousandths(Some(text)), read, "{text}");
        }
        assert_eq!(thousandths(None), 1_000);
    }
}
