//! The client's half of digest authentication (RFC 7616, RFC 8760), so that the server's half is checked against
//! something that is not itself.

use md5::Md5;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// Hash used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// MD5, which most phones speak.
    Md5,
    /// SHA-256.
    Sha256,
}

impl Algorithm {
    /// Token in headers.
    pub fn token(self) -> &'static str {
        match self {
            Algorithm::Md5 => "MD5",
            Algorithm::Sha256 => "SHA-256",
        }
    }

    fn hash(self, text: &str) -> String {
        match self {
            Algorithm::Md5 => hex(&Md5::digest(text.as_bytes())),
            Algorithm::Sha256 => hex(&Sha256::digest(text.as_bytes())),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What a 401 or 407 asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Realm.
    pub realm: String,
    /// Nonce.
    pub nonce: String,
    /// Algorithm.
    pub algorithm: Algorithm,
    /// Whether the nonce was too old and nothing else was wrong.
    pub stale: bool,
    /// Whether `qop="auth"` is offered.
    pub qop_auth: bool,
    /// Given back as it came.
    pub opaque: Option<String>,
}

impl Challenge {
    /// Reads a `WWW-Authenticate` or `Proxy-Authenticate` value.
    pub fn parse(value: &str) -> Option<Challenge> {
        let parameters = value.trim().strip_prefix("Digest ")?;
        let find = |name: &str| parameter(parameters, name);
        let algorithm = match find("algorithm")
            .unwrap_or_else(|| "MD5".to_owned())
            .to_ascii_uppercase()
            .as_str()
        {
            "MD5" => Algorithm::Md5,
            "SHA-256" => Algorithm::Sha256,
            _ => return None,
        };
        Some(Challenge {
            realm: find("realm")?,
            nonce: find("nonce")?,
            algorithm,
            stale: find("stale").is_some_and(|value| value.eq_ignore_ascii_case("true")),
            qop_auth: find("qop")
                .is_some_and(|value| value.split(',').any(|each| each.trim() == "auth")),
            opaque: find("opaque"),
        })
    }
}

fn parameter(parameters: &str, name: &str) -> Option<String> {
    split_outside_quotes(parameters)
        .into_iter()
        .find_map(|part| {
            let (key, value) = part.split_once('=')?;
            key.trim()
                .eq_ignore_ascii_case(name)
                .then(|| value.trim().trim_matches('"').to_owned())
        })
}

fn split_outside_quotes(text: &str) -> Vec<&str> {
    let mut quoted = false;
    text.split(|letter: char| {
        if letter == '"' {
            quoted = !quoted;
        }
        letter == ',' && !quoted
    })
    .collect()
}

/// Who answers a challenge, and for what.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// Account.
    pub user: &'a str,
    /// Its password.
    pub password: &'a str,
    /// Method of the request.
    pub method: &'a str,
    /// URI of the request.
    pub uri: &'a str,
    /// Nonce count, from 1.
    pub count: u32,
    /// Client nonce.
    pub cnonce: &'a str,
}

/// Value of `Authorization` that answers `challenge` (RFC 7616 §3.4.1 with `qop=auth`).
pub fn authorization(challenge: &Challenge, answer: &Answer<'_>) -> String {
    let Answer {
        user,
        password,
        method,
        uri,
        count,
        cnonce,
    } = answer;
    let Challenge {
        realm,
        nonce,
        algorithm,
        ..
    } = challenge;
    let ha1 = algorithm.hash(&format!("{user}:{realm}:{password}"));
    let ha2 = algorithm.hash(&format!("{method}:{uri}"));
    let response = algorithm.hash(&format!("{ha1}:{nonce}:{count:08x}:{cnonce}:auth:{ha2}"));
    let opaque = challenge
        .opaque
        .as_ref()
        .map_or(String::new(), |value| format!(", opaque=\"{value}\""));
    format!(
        "Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", response=\"{response}\", \
         algorithm={}, qop=auth, nc={count:08x}, cnonce=\"{cnonce}\"{opaque}",
        algorithm.token()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7616_is_answered_as_printed_there() {
        let realm = "http-auth@example.org".to_owned();
        let nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v".to_owned();
        let answer = Answer {
            user: "Mufasa",
            password: "Circle of Life",
            method: "GET",
            uri: "/dir/index.html",
            count: 1,
            cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        };
        let mut challenge = Challenge {
            realm,
            nonce,
            algorithm: Algorithm::Md5,
            stale: false,
            qop_auth: true,
            opaque: None,
        };
        assert!(authorization(&challenge, &answer).contains("8ca523f5e9506fed4657c9700eebdbec"));
        challenge.algorithm = Algorithm::Sha256;
        assert!(
            authorization(&challenge, &answer)
                .contains("753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1")
        );
    }

    #[test]
    fn a_challenge_with_commas_in_quotes_is_read() {
        let read = Challenge::parse(
            "Digest realm=\"a, b\", nonce=\"n\", algorithm=SHA-256, qop=\"auth,auth-int\", stale=TRUE",
        )
        .unwrap();
        assert_eq!(read.realm, "a, b");
        assert_eq!(read.algorithm, Algorithm::Sha256);
        assert!(read.stale && read.qop_auth);
    }
}
