//! Replaces (RFC 3891): which dialog a new one takes the place of. It stands in an INVITE, and, escaped, in the URI
//! that a REFER sends somebody to.

use crate::header::Headers;
use crate::header_name::HeaderName;
use crate::header_typed::{HeaderError, HeaderProblem};
use crate::params::Params;
use crate::text;
use crate::uri::SipUri;
use serde::{Deserialize, Serialize};

const EXPECTED: &str = "callid;to-tag=…;from-tag=…";

/// A dialog, as its peer names it to others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaces {
    /// Call-ID.
    pub call_id: Box<str>,
    /// The tag of the one who is to replace it.
    pub to_tag: Box<str>,
    /// The tag of his peer.
    pub from_tag: Box<str>,
    /// Whether only an early dialog is meant.
    pub meant: Meant,
}

/// Which state of a dialog is meant (RFC 3891 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Meant {
    /// Any.
    Any,
    /// Not if it is confirmed: `early-only`.
    EarlyOnly,
}

impl Replaces {
    /// Reads one value.
    pub fn parse(value: &[u8]) -> Option<Replaces> {
        let end = memchr::memchr(b';', value).unwrap_or(value.len());
        let (call_id, params) = value.split_at(end);
        let call_id = std::str::from_utf8(text::trim(call_id)).ok()?;
        let broken = |byte: u8| byte.is_ascii_control() || byte == b' ';
        let params = Params::of_header(params).ok()?;
        let tag = |name| params.get(name).filter(|tag| !tag.is_empty());
        if call_id.is_empty() || call_id.bytes().any(broken) {
            return None;
        }
        Some(Replaces {
            call_id: call_id.into(),
            to_tag: tag("to-tag")?.into(),
            from_tag: tag("from-tag")?.into(),
            meant: match params.has("early-only") {
                true => Meant::EarlyOnly,
                false => Meant::Any,
            },
        })
    }
}

impl Headers {
    /// Replaces, where there is one. More than one is an error (RFC 3891 §3).
    pub fn replaces(&self) -> Result<Option<Replaces>, HeaderError> {
        let name = HeaderName::Replaces;
        let Some(value) = self.first(&name) else {
            return Ok(None);
        };
        if self.count(&name) > 1 {
            let problem = HeaderProblem::Repeated;
            return Err(HeaderError { name, problem });
        }
        match Replaces::parse(value) {
            Some(replaces) => Ok(Some(replaces)),
            None => Err(HeaderError::malformed(name, EXPECTED, value)),
        }
    }
}

impl SipUri {
    /// The Replaces that a request to this URI shall carry.
    pub fn replaces(&self) -> Result<Option<Replaces>, HeaderError> {
        let name = HeaderName::Replaces;
        let Some(headers) = self.headers.as_deref() else {
            return Ok(None);
        };
        let values = headers
            .split('&')
            .filter_map(|header| header.split_once('='));
        let mut named = values.filter(|(key, _)| key.eq_ignore_ascii_case("replaces"));
        let Some((_, raw)) = named.next() else {
            return Ok(None);
        };
        if named.next().is_some() {
            let problem = HeaderProblem::Repeated;
            return Err(HeaderError { name, problem });
        }
        let read = |raw: &str| Replaces::parse(text::unescape(raw.as_bytes())?.as_bytes());
        match read(raw) {
            Some(replaces) => Ok(Some(replaces)),
            None => Err(HeaderError::malformed(name, EXPECTED, raw.as_bytes())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uri::Uri;

    #[test]
    fn a_replaces_names_a_dialog_by_call_id_and_both_tags() {
        let read = |text: &str| Replaces::parse(text.as_bytes());
        let fine = read("98732@sip.example.com ;from-tag=r33th4x0r;to-tag=ff87ff").unwrap();
        assert_eq!(&*fine.call_id, "98732@sip.example.com");
        assert_eq!((&*fine.to_tag, &*fine.from_tag), ("ff87ff", "r33th4x0r"));
        assert_eq!(fine.meant, Meant::Any);
        let early = read("a;to-tag=1;from-tag=2;early-only").unwrap();
        assert_eq!(early.meant, Meant::EarlyOnly);
        for bad in [
            "",
            "a",
            "a;to-tag=1",
            "a;from-tag=1",
            "a;to-tag=;from-tag=1",
            "a b;to-tag=1;from-tag=2",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn it_stands_in_a_header_once() {
        let mut headers = Headers::new();
        assert_eq!(headers.replaces(), Ok(None));
        headers.push(HeaderName::Replaces, "a;to-tag=1;from-tag=2");
        assert_eq!(&*headers.replaces().unwrap().unwrap().call_id, "a");
        headers.push(HeaderName::Replaces, "b;to-tag=1;from-tag=2");
        assert!(headers.replaces().is_err());
    }

    #[test]
    fn it_stands_escaped_in_a_uri_among_other_headers() {
        let read = |text: &str| {
            let uri: Uri = text.parse().unwrap();
            uri.as_sip().unwrap().replaces()
        };
        let found = read("sip:b@c.example?Subject=x&Replaces=a%40d%3Bto-tag%3D1%3Bfrom-tag%3D2");
        let found = found.unwrap().unwrap();
        assert_eq!(
            (&*found.call_id, &*found.to_tag, &*found.from_tag),
            ("a@d", "1", "2")
        );
        assert_eq!(read("sip:b@c.example?Subject=x"), Ok(None));
        assert_eq!(read("sip:b@c.example"), Ok(None));
        assert!(read("sip:b@c.example?Replaces=a").is_err());
        let twice = "a%3Bto-tag%3D1%3Bfrom-tag%3D2";
        assert!(
            read(&format!(
                "sip:b@c.example?Replaces={twice}&replaces={twice}"
            ))
            .is_err()
        );
    }
}
