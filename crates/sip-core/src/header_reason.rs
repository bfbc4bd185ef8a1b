//! Reason (RFC 3326): why a request ends something, as the one who ended it says.

use crate::header::Headers;
use crate::header_name::HeaderName;
use crate::params::Params;
use crate::text;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest text passed on, in characters: what is meant for a person's display.
const TEXT_CHARS_MAX: usize = 128;

/// Whose numbers a cause is one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Protocol {
    /// A SIP status.
    Sip,
    /// A cause of the telephone network (ITU-T Q.850).
    Q850,
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Whose number `cause` is.
    pub protocol: Protocol,
    /// The number.
    pub cause: u16,
    /// In words.
    pub text: Option<Box<str>>,
}

/// Reasons, at most one a protocol (RFC 3326 §2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reasons(Vec<Reason>);

impl Reason {
    /// Reads one value; none if it is of another protocol or can't be read.
    fn parse(value: &[u8]) -> Option<Reason> {
        let end = memchr::memchr(b';', value).unwrap_or(value.len());
        let (protocol, params) = value.split_at(end);
        let protocol = match text::trim(protocol) {
            sip if sip.eq_ignore_ascii_case(b"SIP") => Protocol::Sip,
            q850 if q850.eq_ignore_ascii_case(b"Q.850") => Protocol::Q850,
            _ => return None,
        };
        let params = Params::of_header(params).ok()?;
        let cut = |text: &str| text.chars().take(TEXT_CHARS_MAX).collect::<String>().into();
        Some(Reason {
            protocol,
            cause: text::number(params.get("cause")?.as_bytes()).filter(|cause| *cause < 1_000)?,
            text: params.get("text").filter(|text| !text.is_empty()).map(cut),
        })
    }
}

impl Reasons {
    /// Reads the values of a Reason header. What can't be read is left out: a reason only explains.
    pub fn parse<'a>(values: impl Iterator<Item = &'a [u8]>) -> Reasons {
        let mut reasons: Vec<Reason> = Vec::new();
        for reason in values.filter_map(Reason::parse) {
            if reasons
                .iter()
                .all(|known| known.protocol != reason.protocol)
            {
                reasons.push(reason);
            }
        }
        Reasons(reasons)
    }

    /// The cause in that protocol's numbers.
    pub fn cause(&self, protocol: Protocol) -> Option<u16> {
        let given = self.0.iter().find(|reason| reason.protocol == protocol);
        given.map(|reason| reason.cause)
    }

    /// The same, with a reason where there is none of its protocol.
    pub fn or(mut self, reason: Reason) -> Reasons {
        if self.cause(reason.protocol).is_none() {
            self.0.push(reason);
        }
        self
    }

    /// Whether none is given.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Reason> for Reasons {
    fn from(reason: Reason) -> Reasons {
        Reasons(vec![reason])
    }
}

impl Headers {
    /// Reason.
    pub fn reasons(&self) -> Reasons {
        Reasons::parse(self.list(&HeaderName::Reason))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.protocol {
            Protocol::Sip => "SIP",
            Protocol::Q850 => "Q.850",
        })?;
        write!(f, ";cause={}", self.cause)?;
        if let Some(text) = &self.text {
            f.write_str(";text=")?;
            text::write_quoted(text, f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Reasons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, reason) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            reason.fmt(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> String {
        let mut headers = Headers::new();
        for value in values {
            headers.push(HeaderName::Reason, *value);
        }
        headers.reasons().to_string()
    }

    #[test]
    fn sip_and_q850_reasons_are_read_and_written_again() {
        let elsewhere = "SIP;cause=200;text=\"Call completed elsewhere\"";
        assert_eq!(
            read(&["SIP ;cause=200 ;text=\"Call completed elsewhere\""]),
            elsewhere
        );
        assert_eq!(
            read(&["q.850; cause=16, sip;cause=200"]),
            "Q.850;cause=16, SIP;cause=200"
        );
        assert_eq!(
            read(&["Q.850;cause=17", "SIP;cause=486"]),
            "Q.850;cause=17, SIP;cause=486"
        );
    }

    #[test]
    fn what_can_t_be_read_explains_nothing() {
        for none in [
            "",
            "SIP",
            "SIP;cause=x",
            "SIP;cause=1000",
            "X;cause=1",
            "SIP;text=\"a\"",
        ] {
            assert_eq!(read(&[none]), "", "{none}");
        }
        assert_eq!(read(&["SIP;cause=1, SIP;cause=2"]), "SIP;cause=1");
    }

    #[test]
    fn a_text_is_cut_and_quoted_anew() {
        let long = "å".repeat(500);
        let cut = read(&[&format!("SIP;cause=1;text=\"{long}\"")]);
        assert_eq!(cut.chars().filter(|c| *c == 'å').count(), TEXT_CHARS_MAX);
        assert_eq!(
            read(&["SIP;cause=1;text=\"a\\\"b\""]),
            "SIP;cause=1;text=\"a\\\"b\""
        );
    }
}
