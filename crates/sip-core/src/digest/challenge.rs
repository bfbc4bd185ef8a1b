//! A challenge: what WWW-Authenticate and Proxy-Authenticate carry.

use super::parameters::{Parameters, Quoted};
use super::{Algorithm, DigestError};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// `WWW-Authenticate: Digest …` or its proxy form. Its Display is the header value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// Where the account is.
    pub realm: Box<str>,
    /// The challenger's nonce.
    pub nonce: Box<str>,
    /// The hash to answer with.
    pub algorithm: Algorithm,
    /// The nonce was too old or used; the password was not judged wrong.
    pub stale: bool,
    /// Whether `qop=auth` is offered. Without it the answer has the form of RFC 2069, and only a peer's
    /// challenge may be so.
    pub qop: bool,
    /// To be returned as it is.
    pub opaque: Option<Box<str>>,
}

impl Challenge {
    /// A challenge of ours, with `qop=auth`.
    pub fn new(realm: &str, nonce: &str, algorithm: Algorithm) -> Challenge {
        Challenge {
            realm: realm.into(),
            nonce: nonce.into(),
            algorithm,
            stale: false,
            qop: true,
            opaque: None,
        }
    }

    /// The same, saying that only the nonce was at fault (RFC 7616 §3.3 `stale`).
    pub fn stale(self) -> Challenge {
        Challenge {
            stale: true,
            ..self
        }
    }

    /// Reads one header value. An algorithm that is not spoken here is
    /// [`DigestError::Unsupported`], so that the next challenge may be tried.
    pub fn parse(text: &str) -> Result<Challenge, DigestError> {
        let read = Parameters::parse(text)?;
        let qop = match read.text("qop") {
            None => false,
            Some(offered) => {
                let mut kinds = offered.split(',').map(str::trim);
                if !kinds.any(|kind| kind.eq_ignore_ascii_case("auth")) {
                    return Err(DigestError::Unsupported {
                        expected: "qop auth",
                        came: offered.into(),
                    });
                }
                true
            }
        };
        let algorithm = read.text("algorithm").map(Algorithm::from_token);
        let stale = read.text("stale");
        Ok(Challenge {
            realm: read.required("realm")?.into(),
            nonce: read.required("nonce")?.into(),
            algorithm: algorithm.transpose()?.unwrap_or(Algorithm::Md5),
            stale: stale.is_some_and(|value| value.eq_ignore_ascii_case("true")),
            qop,
            opaque: read.text("opaque").map(Into::into),
        })
    }
}

impl FromStr for Challenge {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Challenge, DigestError> {
        Challenge::parse(text)
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (realm, nonce) = (Quoted(&self.realm), Quoted(&self.nonce));
        write!(
            f,
            "Digest realm={realm}, nonce={nonce}, algorithm={}",
            self.algorithm
        )?;
        if self.qop {
            // RFC 7616 §3.3: in a challenge the list is quoted, in credentials the choice is not.
            f.write_str(", qop=\"auth\"")?;
        }
        if self.stale {
            f.write_str(", stale=true")?;
        }
        match &self.opaque {
            Some(opaque) => write!(f, ", opaque={}", Quoted(opaque)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_reads_back_as_it_was_written() {
        let mut made = Challenge::new("demo \"x\"", "abc", Algorithm::Sha256).stale();
        made.opaque = Some("o\\p".into());
        assert_eq!(made.to_string().parse(), Ok(made));
    }

    #[test]
    fn the_algorithm_is_md5_unless_said_and_any_case_will_do() {
        let read = |text: &str| Challenge::parse(text).map(|read| read.algorithm);
        let plain = "Digest realm=\"a\", nonce=\"b\"";
        assert_eq!(read(plain), Ok(Algorithm::Md5));
        assert_eq!(
            read(&format!("{plain}, algorithm=sha-256")),
            Ok(Algorithm::Sha256)
        );
        let other = read(&format!("{plain}, algorithm=SHA-512-256"));
        assert!(
            matches!(other, Err(DigestError::Unsupported { .. })),
            "{other:?}"
        );
    }

    #[test]
    fn a_challenge_that_wants_only_auth_int_is_not_spoken_here() {
        let plain = "digest realm=\"a\", nonce=\"b\"";
        let both = Challenge::parse(&format!("{plain}, qop=\"auth-int, AUTH\"")).unwrap();
        assert!(both.qop);
        let only = Challenge::parse(&format!("{plain}, qop=\"auth-int\""));
        assert!(
            matches!(only, Err(DigestError::Unsupported { .. })),
            "{only:?}"
        );
    }
}
