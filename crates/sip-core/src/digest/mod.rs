//! HTTP digest for SIP: challenges, credentials, nonces that need no memory, nonce counts.
//!
//! MD5 and SHA-256 with `qop=auth` only (RFC 7616, RFC 8760). Which user may do what, whether the
//! credentials' URI is the request's, and how many [`NonceUse`] windows are kept, is the caller's.

mod challenge;
mod credentials;
mod nonce;
mod parameters;
#[cfg(test)]
mod properties;

pub use challenge::Challenge;
pub use credentials::{Credentials, Ha1};
pub use nonce::{Holder, NonceFault, NonceId, NonceKey, NonceUse};

use crate::header::Headers;
use crate::header_name::HeaderName;
use md5::Md5;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// Longest challenge or credentials that are read, in bytes: several times what phones send, and
/// short enough that reading one costs microseconds.
pub const VALUE_BYTES_MAX: usize = 4096;

/// Most parameters in one challenge or one set of credentials; RFC 7616 defines thirteen.
pub const PARAMETERS_MAX: usize = 24;

/// Most lines of one name that are read: a few realms and algorithms.
const VALUES_MAX: usize = 8;

/// Why a challenge or credentials could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// Longer than [`VALUE_BYTES_MAX`].
    #[error("expected at most {VALUE_BYTES_MAX} bytes, got {0}")]
    TooLong(usize),
    /// More parameters than [`PARAMETERS_MAX`].
    #[error("expected at most {PARAMETERS_MAX} parameters, got more")]
    TooMany,
    /// Another scheme than `Digest`.
    #[error("expected the scheme Digest, got {0:?}")]
    Scheme(Box<str>),
    /// Not `name=value` with commas between, from this byte on.
    #[error("expected name=value with commas between, got something else at byte {0}")]
    Syntax(usize),
    /// The same parameter twice: two readers might take one each.
    #[error("expected each parameter once, got {0} twice")]
    Duplicate(Box<str>),
    /// A parameter that must be there is not.
    #[error("expected {0}, got none")]
    Missing(&'static str),
    /// A parameter with a value it can't have.
    #[error("expected {expected} in {name}, got {came:?}")]
    Value {
        /// The parameter.
        name: &'static str,
        /// What may stand there.
        expected: &'static str,
        /// What stood there.
        came: Box<str>,
    },
    /// An algorithm or quality of protection that is not spoken here; such a challenge is passed over
    /// (RFC 8760 §2.4).
    #[error("expected {expected}, got {came:?}")]
    Unsupported {
        /// What is spoken here.
        expected: &'static str,
        /// What was asked for.
        came: Box<str>,
    },
}

impl Headers {
    /// The credentials in Authorization or Proxy-Authorization: those that are digest, whole, and in an
    /// algorithm spoken here. Others' are passed over.
    pub fn credentials(&self, name: &HeaderName) -> Vec<Credentials<'_>> {
        self.digests(name, Credentials::parse)
    }

    /// The challenges in WWW-Authenticate or Proxy-Authenticate that can be answered, in the challenger's
    /// order of preference (RFC 8760 §2.4).
    pub fn challenges(&self, name: &HeaderName) -> Vec<Challenge> {
        self.digests(name, Challenge::parse)
    }

    /// One value a line: the commas within belong to it (RFC 3261 §7.3.1).
    fn digests<'a, T>(
        &'a self,
        name: &HeaderName,
        read: fn(&'a str) -> Result<T, DigestError>,
    ) -> Vec<T> {
        let lines = self.all(name).take(VALUES_MAX);
        let texts = lines.filter_map(|line| std::str::from_utf8(line).ok());
        texts.filter_map(|text| read(text).ok()).collect()
    }
}

/// A hash that digest may use here (RFC 8760 §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Algorithm {
    /// For phones that know nothing newer.
    Md5,
    /// SHA-256.
    Sha256,
}

impl Algorithm {
    /// The token in `algorithm=`.
    pub fn as_str(self) -> &'static str {
        match self {
            Algorithm::Md5 => "MD5",
            Algorithm::Sha256 => "SHA-256",
        }
    }

    /// Reads the token, whatever its case. The `-sess` forms are not spoken here.
    pub fn from_token(token: &str) -> Result<Algorithm, DigestError> {
        [Algorithm::Md5, Algorithm::Sha256]
            .into_iter()
            .find(|known| known.as_str().eq_ignore_ascii_case(token))
            .ok_or_else(|| DigestError::Unsupported {
                expected: "algorithm MD5 or SHA-256",
                came: token.into(),
            })
    }

    /// Characters in one of its hashes.
    fn hex_len(self) -> usize {
        match self {
            Algorithm::Md5 => 32,
            Algorithm::Sha256 => 64,
        }
    }

    /// The hash of `parts` with colons between, as RFC 7616 writes `H(a ":" b)`.
    fn hash(self, parts: &[&str]) -> Hex {
        match self {
            Algorithm::Md5 => Hex::of(&joined::<Md5>(parts)),
            Algorithm::Sha256 => Hex::of(&joined::<Sha256>(parts)),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn joined<D: Digest>(parts: &[&str]) -> impl AsRef<[u8]> {
    let mut hash = D::new();
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            hash.update(b":");
        }
        hash.update(part.as_bytes());
    }
    hash.finalize()
}

/// A hash in lower-case hexadecimal, on the stack: a registrar makes three for each REGISTER.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Hex {
    digits: [u8; 64],
    len: u8,
}

impl Hex {
    fn of(hash: &impl AsRef<[u8]>) -> Hex {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut hex = Hex {
            digits: [0; 64],
            len: 0,
        };
        for (pair, byte) in hex.digits.chunks_exact_mut(2).zip(hash.as_ref()) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
            hex.len += 2;
        }
        hex
    }

    /// Reads what [`Hex::as_str`] writes, in either case.
    fn parse(text: &str) -> Option<Hex> {
        let mut hex = Hex {
            digits: [0; 64],
            len: u8::try_from(text.len()).ok()?,
        };
        let digits = hex.digits.get_mut(..text.len())?;
        for (digit, byte) in digits.iter_mut().zip(text.bytes()) {
            *digit = byte
                .is_ascii_hexdigit()
                .then_some(byte.to_ascii_lowercase())?;
        }
        Some(hex)
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.digits[..usize::from(self.len)]).expect("only hex digits")
    }
}

/// Whether two texts are the same, in a time that tells only their lengths.
fn same(ours: &str, theirs: &str) -> bool {
    let differing = ours
        .bytes()
        .zip(theirs.bytes())
        .fold(0, |seen, (a, b)| std::hint::black_box(seen | (a ^ b)));
    ours.len() == theirs.len() && differing == 0
}
