//! Credentials: what Authorization and Proxy-Authorization carry; made and verified here.

use super::parameters::{Parameters, Quoted};
use super::{Algorithm, Challenge, DigestError, Hex, same};
use crate::method::Method;
use crate::uri::Uri;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// `H(user:realm:password)`: as good as the password in that realm, so it is never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "SavedHa1", into = "SavedHa1")]
pub struct Ha1 {
    algorithm: Algorithm,
    hex: Hex,
}

/// One as it is saved.
#[derive(Serialize, Deserialize)]
struct SavedHa1(Algorithm, Box<str>);

impl From<Ha1> for SavedHa1 {
    fn from(ha1: Ha1) -> SavedHa1 {
        SavedHa1(ha1.algorithm, ha1.hex.as_str().into())
    }
}

impl TryFrom<SavedHa1> for Ha1 {
    type Error = DigestError;

    fn try_from(SavedHa1(algorithm, hex): SavedHa1) -> Result<Ha1, DigestError> {
        Ha1::from_hex(algorithm, &hex)
    }
}

impl Ha1 {
    /// The hash of an account's name, realm and password (RFC 7616 §3.4.2).
    pub fn of(algorithm: Algorithm, user: &str, realm: &str, password: &str) -> Ha1 {
        let hex = algorithm.hash(&[user, realm, password]);
        Ha1 { algorithm, hex }
    }

    /// A hash that was made before, in hexadecimal.
    pub fn from_hex(algorithm: Algorithm, text: &str) -> Result<Ha1, DigestError> {
        let hex = Hex::parse(text).filter(|hex| hex.as_str().len() == algorithm.hex_len());
        // It isn't repeated in the error: it may be right in all but one character.
        let hex = hex.ok_or_else(|| DigestError::Value {
            name: "HA1",
            expected: "a hash of the algorithm's length in hexadecimal",
            came: format!("{} characters", text.chars().count()).into(),
        })?;
        Ok(Ha1 { algorithm, hex })
    }

    /// The hash in lower-case hexadecimal. Not for logs.
    pub fn as_hex(&self) -> &str {
        self.hex.as_str()
    }

    /// The hash it was made with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl fmt::Debug for Ha1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ha1({}, …)", self.algorithm)
    }
}

/// `Authorization: Digest …` or its proxy form. Its Display is the header value. What was read stands in the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials<'a> {
    /// The account's name.
    pub username: Cow<'a, str>,
    /// Where the account is.
    pub realm: Cow<'a, str>,
    /// The challenger's nonce.
    pub nonce: Cow<'a, str>,
    /// The request's URI as its sender wrote it; see [`Credentials::uri_matches`].
    pub uri: Cow<'a, str>,
    /// The hash that proves the password, in lower case.
    pub response: Cow<'a, str>,
    /// The hash used.
    pub algorithm: Algorithm,
    /// Whether `qop=auth` was used; without it [`Credentials::verify`] refuses.
    pub qop: bool,
    /// How often this nonce has been used, this time included.
    pub nc: Option<u32>,
    /// The sender's own nonce.
    pub cnonce: Option<Cow<'a, str>>,
    /// The challenge's, returned.
    pub opaque: Option<Cow<'a, str>>,
}

impl<'a> Credentials<'a> {
    /// Reads one header value.
    pub fn parse(text: &'a str) -> Result<Credentials<'a>, DigestError> {
        let mut read = Parameters::parse(text)?;
        let algorithm = read.text("algorithm").map(Algorithm::from_token);
        let algorithm = algorithm.transpose()?.unwrap_or(Algorithm::Md5);
        let qop = match read.text("qop") {
            None => false,
            Some(kind) if kind.eq_ignore_ascii_case("auth") => true,
            Some(other) => {
                return Err(DigestError::Unsupported {
                    expected: "qop auth",
                    came: other.into(),
                });
            }
        };
        let nc = read.text("nc").map(nonce_count).transpose()?;
        if qop && nc.is_none() {
            return Err(DigestError::Missing("nc"));
        }
        if qop && read.text("cnonce").is_none() {
            return Err(DigestError::Missing("cnonce"));
        }
        let mut response = read.take_required("response")?;
        let is_hex = response.bytes().all(|byte| byte.is_ascii_hexdigit());
        if response.len() != algorithm.hex_len() || !is_hex {
            return Err(DigestError::Value {
                name: "response",
                expected: "a hash of the algorithm's length in hexadecimal",
                came: response.into(),
            });
        }
        if response.bytes().any(|byte| byte.is_ascii_uppercase()) {
            response = response.to_ascii_lowercase().into();
        }
        Ok(Credentials {
            username: read.take_required("username")?,
            realm: read.take_required("realm")?,
            nonce: read.take_required("nonce")?,
            uri: read.take_required("uri")?,
            response,
            algorithm,
            qop,
            nc,
            cnonce: read.take("cnonce"),
            opaque: read.take("opaque"),
        })
    }

    /// Whether they prove the password behind `ha1` for a request of this method. Refuses what has no
    /// `qop=auth`, since without its nonce count a replay can't be told. Whether nonce, count, realm
    /// and URI are the right ones is the caller's to ask.
    pub fn verify(&self, method: &Method, ha1: &Ha1) -> bool {
        let (true, Some(_), Some(_)) = (self.qop, self.nc, &self.cnonce) else {
            return false;
        };
        // RFC 8760 §2.6: the answer is in the challenge's algorithm, never a weaker one by the
        // sender's choice; the caller's `ha1` says which was meant.
        self.algorithm == ha1.algorithm && same(self.proof(method, ha1).as_str(), &self.response)
    }
}

impl Credentials<'static> {
    /// The answer to a challenge: `nc` counts this nonce's uses from 1, `cnonce` is random text.
    pub fn answer(
        challenge: &Challenge,
        user: &str,
        password: &str,
        method: &Method,
        uri: &str,
        nc: u32,
        cnonce: &str,
    ) -> Credentials<'static> {
        let ha1 = Ha1::of(challenge.algorithm, user, &challenge.realm, password);
        Credentials::answer_by_hash(challenge, user, &ha1, method, uri, nc, cnonce)
    }

    /// The same by the hash of an account, which has to be of the challenge's algorithm and realm.
    pub fn answer_by_hash(
        challenge: &Challenge,
        user: &str,
        ha1: &Ha1,
        method: &Method,
        uri: &str,
        nc: u32,
        cnonce: &str,
    ) -> Credentials<'static> {
        let mut made = Credentials {
            username: user.to_owned().into(),
            realm: challenge.realm.to_string().into(),
            nonce: challenge.nonce.to_string().into(),
            uri: uri.to_owned().into(),
            response: "".into(),
            algorithm: challenge.algorithm,
            qop: challenge.qop,
            nc: challenge.qop.then_some(nc),
            cnonce: challenge.qop.then(|| cnonce.to_owned().into()),
            opaque: challenge
                .opaque
                .as_ref()
                .map(|text| text.to_string().into()),
        };
        made.response = made.proof(method, ha1).as_str().to_owned().into();
        made
    }
}

impl Credentials<'_> {
    /// Whether they were made for a request to `request_uri` (RFC 7616 §3.4.6): equivalent URIs will
    /// do, since proxies and phones rewrite ports and parameters they may.
    pub fn uri_matches(&self, request_uri: &Uri) -> bool {
        is_written(request_uri, &self.uri)
            || Uri::parse(self.uri.as_bytes()).is_ok_and(|uri| uri.is_equivalent(request_uri))
    }

    /// RFC 7616 §3.4.1.
    fn proof(&self, method: &Method, ha1: &Ha1) -> Hex {
        let ha1 = ha1.hex.as_str();
        let ha2 = self.algorithm.hash(&[method.as_str(), &self.uri]);
        match (self.qop, self.nc, &self.cnonce) {
            (true, Some(nc), Some(cnonce)) => {
                let nc = Hex::of(&nc.to_be_bytes());
                let nc = nc.as_str();
                let parts = [ha1, &self.nonce, nc, cnonce, "auth", ha2.as_str()];
                self.algorithm.hash(&parts)
            }
            // RFC 2617 §3.2.2.1: what RFC 2069 peers expect.
            _ => self.algorithm.hash(&[ha1, &self.nonce, ha2.as_str()]),
        }
    }
}

/// Whether a URI is written exactly so, as phones do: found without writing it anywhere.
fn is_written(uri: &Uri, text: &str) -> bool {
    struct Rest<'a>(&'a str);
    impl fmt::Write for Rest<'_> {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            self.0 = self.0.strip_prefix(part).ok_or(fmt::Error)?;
            Ok(())
        }
    }
    let mut rest = Rest(text);
    fmt::write(&mut rest, format_args!("{uri}")).is_ok() && rest.0.is_empty()
}

/// RFC 7616 §3.4: `nc-value = 8LHEX`.
fn nonce_count(text: &str) -> Result<u32, DigestError> {
    let fault = || DigestError::Value {
        name: "nc",
        expected: "8 hexadecimal digits",
        came: text.into(),
    };
    if text.len() != 8 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(fault());
    }
    u32::from_str_radix(text, 16).map_err(|_| fault())
}

impl fmt::Display for Credentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest username={}", Quoted(&self.username))?;
        write!(f, ", realm={}", Quoted(&self.realm))?;
        write!(f, ", nonce={}", Quoted(&self.nonce))?;
        write!(f, ", uri={}", Quoted(&self.uri))?;
        write!(
            f,
            ", response=\"{}\", algorithm={}",
            self.response, self.algorithm
        )?;
        if let (true, Some(nc), Some(cnonce)) = (self.qop, self.nc, &self.cnonce) {
            write!(f, ", qop=auth, nc={nc:08x}, cnonce={}", Quoted(cnonce))?;
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

    const NONCE: &str = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
    const CNONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

    fn get() -> Method {
        Method::Other("GET".into())
    }

    /// RFC 7616 §3.9.1, the client's answer.
    fn published(algorithm: &str, response: &str) -> String {
        format!(
            "Digest username=\"Mufasa\",\r\n realm=\"http-auth@example.org\", uri=\"/dir/index.html\", \
             algorithm={algorithm}, nonce=\"{NONCE}\", nc=00000001, cnonce=\"{CNONCE}\", qop=auth, \
             response=\"{response}\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        )
    }

    fn mufasa(algorithm: Algorithm) -> Ha1 {
        Ha1::of(
            algorithm,
            "Mufasa",
            "http-auth@example.org",
            "Circle of Life",
        )
    }

    const MD5: &str = "8ca523f5e9506fed4657c9700eebdbec";
    const SHA: &str = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";

    #[test]
    fn the_published_examples_of_rfc_7616_verify_and_read_back() {
        for (algorithm, response) in [(Algorithm::Md5, MD5), (Algorithm::Sha256, SHA)] {
            let text = published(algorithm.as_str(), response);
            let read = Credentials::parse(&text).unwrap();
            assert!(read.verify(&get(), &mufasa(algorithm)), "{algorithm}");
            let written = read.to_string();
            assert_eq!(Credentials::parse(&written), Ok(read));
        }
    }

    #[test]
    fn the_published_answer_is_made_from_the_published_challenge() {
        let challenge = Challenge::parse(&format!(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=SHA-256, \
             nonce=\"{NONCE}\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        ))
        .unwrap();
        let (user, password) = ("Mufasa", "Circle of Life");
        let uri = "/dir/index.html";
        let made = Credentials::answer(&challenge, user, password, &get(), uri, 1, CNONCE);
        assert_eq!(Ok(made), Credentials::parse(&published("SHA-256", SHA)));
    }

    #[test]
    fn an_answer_without_qop_is_made_for_old_peers_as_rfc_2617_says() {
        let challenge = Challenge::parse(
            "Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"",
        )
        .unwrap();
        let (user, password) = ("Mufasa", "CircleOfLife");
        let uri = "/dir/index.html";
        let made = Credentials::answer(&challenge, user, password, &get(), uri, 1, CNONCE);
        assert_eq!(&*made.response, "1949323746fe6a43ef61f9606e7febea");
        assert!(!made.to_string().contains("cnonce"));
    }

    #[test]
    fn an_answer_without_qop_is_never_believed() {
        let challenge = Challenge {
            qop: false,
            ..Challenge::new("http-auth@example.org", NONCE, Algorithm::Md5)
        };
        let made = Credentials::answer(
            &challenge,
            "Mufasa",
            "Circle of Life",
            &get(),
            "/",
            1,
            CNONCE,
        );
        assert!(!made.verify(&get(), &mufasa(Algorithm::Md5)));
    }

    #[test]
    fn a_change_to_anything_that_is_hashed_is_found() {
        let text = published("MD5", MD5);
        let good = Credentials::parse(&text).unwrap();
        let ha1 = mufasa(Algorithm::Md5);
        let changes: [fn(&mut Credentials); 5] = [
            |c| c.nonce = "other".into(),
            |c| c.uri = "/other".into(),
            |c| c.nc = Some(2),
            |c| c.cnonce = Some("other".into()),
            |c| c.response = "0ca523f5e9506fed4657c9700eebdbec".into(),
        ];
        for (at, change) in changes.iter().enumerate() {
            let mut bad = good.clone();
            change(&mut bad);
            assert!(!bad.verify(&get(), &ha1), "change {at}");
        }
        assert!(!good.verify(&Method::Register, &ha1));
        assert!(!good.verify(&get(), &mufasa(Algorithm::Sha256)));
        let wrong = Ha1::of(
            Algorithm::Md5,
            "Mufasa",
            "http-auth@example.org",
            "circle of life",
        );
        assert!(!good.verify(&get(), &wrong));
    }

    #[test]
    fn an_equivalent_uri_will_do_and_another_will_not() {
        let published = published("MD5", MD5);
        let mut made = Credentials::parse(&published).unwrap();
        let asked: Uri = "sip:anna@demo.localhost;transport=udp".parse().unwrap();
        for (text, same) in [
            ("sip:anna@demo.localhost;transport=udp", true),
            ("SIP:anna@Demo.localhost;transport=UDP", true),
            ("sip:%61nna@demo.localhost;transport=udp", true),
            ("sip:anna@demo.localhost;transport=ud", false),
            ("sip:anna@demo.localhost;transport=udp;", false),
            ("sip:anna@demo.localhost;transport=udpx", false),
            ("sip:bosse@demo.localhost;transport=udp", false),
            ("", false),
        ] {
            made.uri = text.into();
            let expected = same || Uri::parse(text.as_bytes()).as_ref() == Ok(&asked);
            assert_eq!(made.uri_matches(&asked), expected, "{text}");
        }
    }

    #[test]
    fn credentials_that_lack_or_bend_a_field_are_refused_by_name() {
        let good = published("MD5", MD5);
        let without = |field: &str| {
            let start = good.find(field).unwrap();
            let end = good[start..]
                .find(',')
                .map_or(good.len(), |at| start + at + 1);
            format!("{}{}", &good[..start], &good[end..])
        };
        for name in [
            "username", "realm", "nonce", "uri", "response", "nc", "cnonce",
        ] {
            let field = format!("{name}=");
            let without = without(&field);
            let refused = Credentials::parse(&without).unwrap_err();
            assert_eq!(refused, DigestError::Missing(name));
        }
        for (from, to) in [
            ("nc=00000001", "nc=1"),
            ("nc=00000001", "nc=+0000001"),
            ("nc=00000001", "nc=0000000g"),
            (MD5, "8ca523"),
            (MD5, "zca523f5e9506fed4657c9700eebdbec"),
            ("qop=auth", "qop=auth-int"),
            ("algorithm=MD5", "algorithm=MD5-sess"),
        ] {
            let bent = good.replacen(from, to, 1);
            assert!(Credentials::parse(&bent).is_err(), "{to}");
        }
    }
}
