//! The headers of session timers (RFC 4028) and of reliable provisional responses (RFC 3262), read as what
//! they mean.

use crate::header::Headers;
use crate::header_name::HeaderName;
use crate::header_typed::{CSeq, HeaderError};
use crate::params::Params;
use crate::text;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Who sends the refreshes, in the roles of the request that the header stands in or answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refresher {
    /// Whoever sent that request.
    Uac,
    /// Whoever answered it.
    Uas,
}

/// Session-Expires (RFC 4028 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionExpires {
    /// How long the session stands without a refresh, in seconds.
    pub interval_s: u32,
    /// Who refreshes; in a request it may be left to the other side.
    pub refresher: Option<Refresher>,
}

impl fmt::Display for SessionExpires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.refresher {
            None => write!(f, "{}", self.interval_s),
            Some(Refresher::Uac) => write!(f, "{};refresher=uac", self.interval_s),
            Some(Refresher::Uas) => write!(f, "{};refresher=uas", self.interval_s),
        }
    }
}

/// RAck (RFC 3262 §7.2): which provisional response a PRACK is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RAck {
    /// The response's RSeq.
    pub rseq: u32,
    /// The response's CSeq.
    pub cseq: CSeq,
}

impl fmt::Display for RAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.rseq, self.cseq)
    }
}

impl Headers {
    /// Session-Expires; `None` where it is missing.
    pub fn session_expires(&self) -> Result<Option<SessionExpires>, HeaderError> {
        let name = HeaderName::SessionExpires;
        let Some(value) = self.first(&name) else {
            return Ok(None);
        };
        let malformed = || HeaderError::malformed(name.clone(), "seconds;refresher=uac", value);
        let (interval, params) = delta(value).ok_or_else(malformed)?;
        let refresher = match params.get("refresher") {
            None => None,
            Some(word) if word.eq_ignore_ascii_case("uac") => Some(Refresher::Uac),
            Some(word) if word.eq_ignore_ascii_case("uas") => Some(Refresher::Uas),
            Some(_) => return Err(malformed()),
        };
        Ok(Some(SessionExpires {
            interval_s: interval,
            refresher,
        }))
    }

    /// Min-SE, in seconds; `None` where it is missing.
    pub fn min_se(&self) -> Result<Option<u32>, HeaderError> {
        let name = HeaderName::MinSe;
        let Some(value) = self.first(&name) else {
            return Ok(None);
        };
        let malformed = || HeaderError::malformed(name.clone(), "seconds", value);
        delta(value)
            .map(|(seconds, _)| Some(seconds))
            .ok_or_else(malformed)
    }

    /// RSeq; `None` where it is missing.
    pub fn rseq(&self) -> Result<Option<u32>, HeaderError> {
        let name = HeaderName::RSeq;
        let Some(value) = self.first(&name) else {
            return Ok(None);
        };
        match text::number(value) {
            // RFC 3262 §7.1: from 1 on.
            Some(number) if number > 0 => Ok(Some(number)),
            _ => Err(HeaderError::malformed(
                name,
                "a number from 1 to 2^32-1",
                value,
            )),
        }
    }

    /// RAck.
    pub fn rack(&self) -> Result<RAck, HeaderError> {
        let name = HeaderName::RAck;
        let Some(value) = self.first(&name) else {
            return Err(HeaderError::missing(name));
        };
        let malformed = || HeaderError::malformed(name.clone(), "two numbers and a method", value);
        let words: Vec<&[u8]> = value
            .split(|byte| text::is_blank(*byte))
            .filter(|word| !word.is_empty())
            .collect();
        let [rseq, cseq, method] = words[..] else {
            return Err(malformed());
        };
        let method = std::str::from_utf8(method)
            .ok()
            .filter(|method| text::is_token(method.as_bytes()))
            .ok_or_else(malformed)?;
        Ok(RAck {
            rseq: text::number(rseq).ok_or_else(malformed)?,
            cseq: CSeq {
                number: text::number(cseq).ok_or_else(malformed)?,
                method: method.into(),
            },
        })
    }
}

/// Seconds and the parameters behind them.
fn delta(value: &[u8]) -> Option<(u32, Params)> {
    let end = memchr::memchr(b';', value).unwrap_or(value.len());
    let seconds = text::number(text::trim(&value[..end]))?;
    Some((seconds, Params::of_header(&value[end..]).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::Method;

    fn with(name: HeaderName, value: &str) -> Headers {
        let mut headers = Headers::new();
        headers.push(name, value);
        headers
    }

    #[test]
    fn session_expires_says_how_long_and_who_refreshes() {
        let read = |value| with(HeaderName::SessionExpires, value).session_expires();
        let expected = |interval_s, refresher| {
            Ok(Some(SessionExpires {
                interval_s,
                refresher,
            }))
        };
        assert_eq!(read("1800"), expected(1800, None));
        assert_eq!(read("90;refresher=uac"), expected(90, Some(Refresher::Uac)));
        assert_eq!(
            read("90 ; a=b; Refresher=UAS"),
            expected(90, Some(Refresher::Uas))
        );
        assert_eq!(Headers::new().session_expires(), Ok(None));
        for bad in ["", "soon", "-1", "4294967296", "90;refresher=me"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for refresher in [None, Some(Refresher::Uac), Some(Refresher::Uas)] {
            let written = SessionExpires {
                interval_s: 1_800,
                refresher,
            };
            let headers = with(HeaderName::SessionExpires, &written.to_string());
            assert_eq!(headers.session_expires(), Ok(Some(written)));
        }
        let written = RAck {
            rseq: 776656,
            cseq: CSeq {
                number: 1,
                method: Method::Invite,
            },
        };
        assert_eq!(
            with(HeaderName::RAck, &written.to_string()).rack(),
            Ok(written)
        );
    }

    #[test]
    fn numbers_out_of_range_are_no_rseq_and_no_rack() {
        for bad in ["0", "4294967296", "x", ""] {
            assert!(with(HeaderName::RSeq, bad).rseq().is_err(), "{bad}");
        }
        assert_eq!(
            with(HeaderName::RSeq, "4294967295").rseq(),
            Ok(Some(u32::MAX))
        );
        for bad in ["", "1", "1 2", "1 2 INVITE x", "a 2 INVITE", "1 2 ()"] {
            assert!(with(HeaderName::RAck, bad).rack().is_err(), "{bad}");
        }
        assert_eq!(with(HeaderName::MinSe, "120").min_se(), Ok(Some(120)));
    }
}
