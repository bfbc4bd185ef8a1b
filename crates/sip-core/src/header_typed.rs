//! Headers read as what they mean, each when somebody asks.

use crate::header::Headers;
use crate::header_name::HeaderName;
use crate::header_name_addr::{self, NameAddr};
use crate::header_via::{Hop, Via};
use crate::method::Method;
use crate::text;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// Highest CSeq number (RFC 3261 §8.1.1.5: less than 2^31).
pub const CSEQ_MAX: u32 = (1 << 31) - 1;

/// What stands once at most in a message, and decides something, beside those that [`Headers`] reads one of.
const ONCE: [HeaderName; 7] = [
    HeaderName::ContentType,
    HeaderName::Event,
    HeaderName::Expires,
    HeaderName::ReferTo,
    HeaderName::ReferredBy,
    HeaderName::Replaces,
    HeaderName::SessionExpires,
];

/// A header that can't be read as what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {problem}")]
pub struct HeaderError {
    /// Which header.
    pub name: HeaderName,
    /// What is wrong with it.
    pub problem: HeaderProblem,
}

/// What is wrong with a header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderProblem {
    /// It isn't there.
    #[error("missing")]
    Missing,
    /// It stands there more than once, which is once too often.
    #[error("expected once, came more than once")]
    Repeated,
    /// It doesn't hold to its grammar or its range.
    #[error("expected {expected}, got {got:?}")]
    Malformed {
        /// What should have been there.
        expected: &'static str,
        /// The start of what was.
        got: Box<str>,
    },
}

impl HeaderError {
    /// The header isn't there.
    pub fn missing(name: HeaderName) -> HeaderError {
        HeaderError {
            name,
            problem: HeaderProblem::Missing,
        }
    }

    /// The header is there, but not as `expected`.
    pub fn malformed(name: HeaderName, expected: &'static str, got: &[u8]) -> HeaderError {
        HeaderError {
            name,
            problem: HeaderProblem::Malformed {
                expected,
                got: text::snippet(got),
            },
        }
    }
}

/// CSeq (RFC 3261 §20.16).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CSeq {
    /// At most [`CSEQ_MAX`].
    pub number: u32,
    /// The method of the request.
    pub method: Method,
}

impl fmt::Display for CSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.method)
    }
}

/// Contact: `*`, or addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contacts {
    /// All of them (RFC 3261 §10.2.2, only in a REGISTER).
    Star,
    /// These; empty where there is no Contact.
    List(Vec<NameAddr>),
}

impl Headers {
    /// The value of `name`, which must stand there once.
    fn only(&self, name: HeaderName) -> Result<&[u8], HeaderError> {
        let mut lines = self.all(&name);
        let found = (lines.next(), lines.next());
        drop(lines);
        match found {
            (Some(value), None) => Ok(value),
            (None, _) => Err(HeaderError::missing(name)),
            _ => Err(HeaderError {
                name,
                problem: HeaderProblem::Repeated,
            }),
        }
    }

    fn only_number(
        &self,
        name: HeaderName,
        expected: &'static str,
    ) -> Result<Option<u32>, HeaderError> {
        match self.only(name.clone()) {
            Err(HeaderError {
                problem: HeaderProblem::Missing,
                ..
            }) => Ok(None),
            Err(error) => Err(error),
            Ok(value) => match text::number(value) {
                Some(number) => Ok(Some(number)),
                None => Err(HeaderError::malformed(name, expected, value)),
            },
        }
    }

    fn name_addr(&self, name: HeaderName) -> Result<NameAddr, HeaderError> {
        let value = self.only(name.clone())?;
        NameAddr::parse(value).map_err(|expected| HeaderError::malformed(name, expected, value))
    }

    /// Whether what has one meaning for the whole message stands there once at most. Of two, one element might
    /// go by the first and the next by the last (RFC 3261 §7.3.1 allows several only where the grammar has a
    /// list).
    pub(crate) fn each_once(&self) -> Result<(), HeaderError> {
        let mut seen = [false; ONCE.len()];
        for (name, _) in self.iter() {
            let Some(at) = ONCE.iter().position(|once| once == name) else {
                continue;
            };
            if std::mem::replace(&mut seen[at], true) {
                return Err(HeaderError {
                    name: name.clone(),
                    problem: HeaderProblem::Repeated,
                });
            }
        }
        Ok(())
    }

    /// Every value called `name` as a name and an address: Route, Record-Route, Path, P-Asserted-Identity …
    pub fn name_addrs(&self, name: &HeaderName) -> Result<Vec<NameAddr>, HeaderError> {
        let read = |value| {
            NameAddr::parse(value)
                .map_err(|expected| HeaderError::malformed(name.clone(), expected, value))
        };
        self.list(name).map(read).collect()
    }

    /// The topmost Via.
    pub fn via(&self) -> Result<Via, HeaderError> {
        let value = self.top_via()?;
        Via::parse(value).ok_or_else(|| no_via(value))
    }

    /// The topmost Via, to look at; its sent-by and parameters may turn out to be unsound.
    pub fn hop(&self) -> Result<Hop<'_>, HeaderError> {
        let value = self.top_via()?;
        Hop::read(value).ok_or_else(|| no_via(value))
    }

    fn top_via(&self) -> Result<&[u8], HeaderError> {
        self.list(&HeaderName::Via)
            .next()
            .ok_or_else(|| HeaderError::missing(HeaderName::Via))
    }

    /// Whether the topmost Via, From and To can be read.
    pub(crate) fn check_route_and_parties(&self) -> Result<(), HeaderError> {
        let via = self.top_via()?;
        if !Hop::read(via).is_some_and(|hop| hop.is_sound()) {
            return Err(no_via(via));
        }
        for name in [HeaderName::From, HeaderName::To] {
            let value = self.only(name.clone())?;
            header_name_addr::Parts::read(value)
                .and_then(|parts| parts.check())
                .map_err(|expected| HeaderError::malformed(name, expected, value))?;
        }
        Ok(())
    }

    /// Every Via, topmost first.
    pub fn vias(&self) -> Result<Vec<Via>, HeaderError> {
        self.list(&HeaderName::Via)
            .map(|value| Via::parse(value).ok_or_else(|| no_via(value)))
            .collect()
    }

    /// From.
    pub fn from(&self) -> Result<NameAddr, HeaderError> {
        self.name_addr(HeaderName::From)
    }

    /// To.
    pub fn to(&self) -> Result<NameAddr, HeaderError> {
        self.name_addr(HeaderName::To)
    }

    /// The tag in To.
    pub fn to_tag(&self) -> Option<Cow<'_, str>> {
        self.tag(HeaderName::To)
    }

    /// The tag in From.
    pub fn from_tag(&self) -> Option<Cow<'_, str>> {
        self.tag(HeaderName::From)
    }

    /// Looked for without reading what stands before it: each message is asked several times.
    fn tag(&self, name: HeaderName) -> Option<Cow<'_, str>> {
        header_name_addr::Parts::read(self.only(name).ok()?)
            .ok()?
            .tag()
    }

    /// Call-ID.
    pub fn call_id(&self) -> Result<&str, HeaderError> {
        let value = self.only(HeaderName::CallId)?;
        let malformed = || HeaderError::malformed(HeaderName::CallId, "one word in UTF-8", value);
        let word = std::str::from_utf8(value).map_err(|_| malformed())?;
        let broken = |byte: u8| byte.is_ascii_control() || byte == b' ';
        if word.is_empty() || word.bytes().any(broken) {
            return Err(malformed());
        }
        Ok(word)
    }

    /// CSeq.
    pub fn cseq(&self) -> Result<CSeq, HeaderError> {
        let (number, method) = self.cseq_parts()?;
        let method = Method::from(method);
        Ok(CSeq { number, method })
    }

    /// The number in CSeq, and the method as it stands there.
    pub(crate) fn cseq_parts(&self) -> Result<(u32, &str), HeaderError> {
        let value = self.only(HeaderName::CSeq)?;
        let malformed =
            || HeaderError::malformed(HeaderName::CSeq, "a number below 2^31 and a method", value);
        let digits = value
            .iter()
            .position(|byte| !byte.is_ascii_digit())
            .ok_or_else(malformed)?;
        let (number, rest) = value.split_at(digits);
        let method = text::trim(rest);
        let number = text::number(number)
            .filter(|&number| number <= CSEQ_MAX)
            .ok_or_else(malformed)?;
        if !text::is_blank(rest[0]) || !text::is_token(method) {
            return Err(malformed());
        }
        let method = std::str::from_utf8(method).map_err(|_| malformed())?;
        Ok((number, method))
    }

    /// Max-Forwards, 0 to 255 (RFC 3261 §20.22); `None` where it is missing.
    pub fn max_forwards(&self) -> Result<Option<u32>, HeaderError> {
        const EXPECTED: &str = "a number from 0 to 255";
        match self.only_number(HeaderName::MaxForwards, EXPECTED)? {
            Some(hops) if hops > 255 => Err(HeaderError::malformed(
                HeaderName::MaxForwards,
                EXPECTED,
                hops.to_string().as_bytes(),
            )),
            hops => Ok(hops),
        }
    }

    /// Expires, in seconds; `None` where it is missing.
    pub fn expires(&self) -> Result<Option<u32>, HeaderError> {
        self.only_number(HeaderName::Expires, "seconds below 2^32")
    }

    /// Contact.
    pub fn contacts(&self) -> Result<Contacts, HeaderError> {
        let name = HeaderName::Contact;
        if self.list(&name).any(|value| value == b"*") {
            return match self.list(&name).count() {
                1 => Ok(Contacts::Star),
                _ => Err(HeaderError::malformed(
                    HeaderName::Contact,
                    "* alone, or addresses",
                    b"*, ...",
                )),
            };
        }
        self.name_addrs(&name).map(Contacts::List)
    }

    /// Route, topmost first.
    pub fn routes(&self) -> Result<Vec<NameAddr>, HeaderError> {
        self.name_addrs(&HeaderName::Route)
    }

    /// Record-Route, topmost first.
    pub fn record_routes(&self) -> Result<Vec<NameAddr>, HeaderError> {
        self.name_addrs(&HeaderName::RecordRoute)
    }

    /// Content-Type without its parameters, in lower case: `application/sdp`.
    pub fn content_type(&self) -> Result<Option<String>, HeaderError> {
        let name = HeaderName::ContentType;
        let Some(value) = self.first(&name) else {
            return Ok(None);
        };
        let malformed = || HeaderError::malformed(HeaderName::ContentType, "type/subtype", value);
        let end = memchr::memchr(b';', value).unwrap_or(value.len());
        let slash = memchr::memchr(b'/', &value[..end]).ok_or_else(malformed)?;
        let (kind, subtype) = (
            text::trim(&value[..slash]),
            text::trim(&value[slash + 1..end]),
        );
        if !text::is_token(kind) || !text::is_token(subtype) {
            return Err(malformed());
        }
        let lower = |token| String::from_utf8_lossy(token).to_ascii_lowercase();
        Ok(Some(format!("{}/{}", lower(kind), lower(subtype))))
    }

    /// The words of a comma-separated header such as Require, Supported or Allow, their parameters left out.
    /// What isn't text is left out too.
    pub fn tokens<'a>(&'a self, name: &HeaderName) -> Vec<&'a str> {
        self.each_token(name).collect()
    }

    fn each_token<'a>(&'a self, name: &HeaderName) -> impl Iterator<Item = &'a str> {
        self.list(name)
            .filter_map(|value| {
                let end = memchr::memchr(b';', value).unwrap_or(value.len());
                std::str::from_utf8(text::trim(&value[..end])).ok()
            })
            .filter(|token| !token.is_empty())
    }

    /// Whether the words of `name` hold `token`, in any case.
    pub fn has_token(&self, name: &HeaderName, token: &str) -> bool {
        self.each_token(name)
            .any(|known| known.eq_ignore_ascii_case(token))
    }
}

fn no_via(value: &[u8]) -> HeaderError {
    HeaderError::malformed(HeaderName::Via, "SIP/2.0/transport host;…", value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, values: &[&str]) -> Headers {
        let mut headers = Headers::new();
        for value in values {
            headers.push(name.clone(), *value);
        }
        headers
    }

    #[test]
    fn a_cseq_is_a_number_below_two_to_the_31_and_a_method() {
        let read = |text: &str| headers(HeaderName::CSeq, &[text]).cseq();
        let fine = read("0009 \t INVITE").unwrap();
        assert_eq!((fine.number, fine.method), (9, Method::Invite));
        assert_eq!(read("2147483647 X").unwrap().number, CSEQ_MAX);
        for bad in [
            "2147483648 INVITE",
            "36893488147419103232 REGISTER",
            "1",
            "INVITE",
            "1INVITE",
            "1 A B",
            "-1 A",
            "",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_header_that_may_stand_once_is_refused_twice() {
        let twice = headers(HeaderName::From, &["<sip:a@b.se>", "<sip:c@b.se>"])
            .from()
            .unwrap_err();
        assert_eq!(
            twice.to_string(),
            "From: expected once, came more than once"
        );
        assert_eq!(Headers::new().to().unwrap_err().to_string(), "To: missing");
    }

    #[test]
    fn contacts_are_a_star_alone_or_addresses() {
        let read = |values: &[&str]| headers(HeaderName::Contact, values).contacts();
        assert_eq!(read(&["*"]).unwrap(), Contacts::Star);
        assert!(read(&["*, <sip:a@b.se>"]).is_err());
        assert!(read(&["*", "*"]).is_err());
        let Ok(Contacts::List(list)) = read(&["<sip:a@b.se>, <sip:c@b.se>", "sip:d@b.se"]) else {
            panic!("addresses were expected");
        };
        assert_eq!(list.len(), 3);
        assert_eq!(read(&[]).unwrap(), Contacts::List(vec![]));
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        assert_eq!(
            headers(HeaderName::MaxForwards, &["70"])
                .max_forwards()
                .unwrap(),
            Some(70)
        );
        assert!(
            headers(HeaderName::MaxForwards, &["300"])
                .max_forwards()
                .is_err()
        );
        assert_eq!(
            headers(HeaderName::Expires, &["4294967295"])
                .expires()
                .unwrap(),
            Some(u32::MAX)
        );
        assert!(
            headers(HeaderName::Expires, &["10000000000"])
                .expires()
                .is_err()
        );
        assert_eq!(Headers::new().expires().unwrap(), None);
    }

    #[test]
    fn a_content_type_is_read_without_case_and_parameters() {
        let read = |text: &str| headers(HeaderName::ContentType, &[text]).content_type();
        assert_eq!(
            read("Application / SDP ;charset=x").unwrap().as_deref(),
            Some("application/sdp")
        );
        assert!(read("text").is_err());
    }

    #[test]
    fn tokens_come_from_all_lines() {
        let supported = headers(HeaderName::Supported, &["100rel, timer", "Replaces;x=1,"]);
        assert_eq!(
            supported.tokens(&HeaderName::Supported),
            ["100rel", "timer", "Replaces"]
        );
        assert!(supported.has_token(&HeaderName::Supported, "TIMER"));
    }
}
