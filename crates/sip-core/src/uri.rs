//! URIs (RFC 3261 §19.1, RFC 3966): `sip:`, `sips:` and `tel:` taken apart, any other scheme kept as text.
//! What a URI leads to is left to whoever routes.

use crate::params::Params;
use crate::text;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// Longest host name, in bytes (RFC 1035 §2.3.4).
pub const HOST_BYTES_MAX: usize = 255;

/// What is wrong with a URI. Each carries the start of what came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    /// No `scheme:` in front.
    #[error("expected scheme:…, got {got:?}")]
    Scheme {
        /// What came.
        got: Box<str>,
    },
    /// Blanks, control characters, angle brackets or quotes within.
    #[error("expected a URI without blanks, quotes or angle brackets, got {got:?}")]
    Character {
        /// What came.
        got: Box<str>,
    },
    /// More than one `@`, an empty user, or a user that isn't UTF-8.
    #[error("expected user@ or user:password@, got {got:?}")]
    User {
        /// What came.
        got: Box<str>,
    },
    /// Neither a name nor an address.
    #[error("expected a host name, an IPv4 address or an IPv6 address in brackets, got {got:?}")]
    Host {
        /// What came.
        got: Box<str>,
    },
    /// Not a number from 1 to 65535.
    #[error("expected a port from 1 to 65535, got {got:?}")]
    Port {
        /// What came.
        got: Box<str>,
    },
    /// Not `;name=value`.
    #[error("expected a bounded list of ;name or ;name=value, got {got:?}")]
    Param {
        /// What came.
        got: Box<str>,
    },
    /// Not a telephone number.
    #[error("expected a telephone number, got {got:?}")]
    Number {
        /// What came.
        got: Box<str>,
    },
}

/// A host: a name or an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Host {
    /// A domain name in lower case, as [`Host::parse`] makes it.
    Name(Box<str>),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address; written in brackets.
    V6(Ipv6Addr),
}

impl Host {
    /// Reads `example.com`, `192.0.2.1` or `[2001:db8::1]`.
    pub fn parse(bytes: &[u8]) -> Result<Host, UriError> {
        Ok(match HostText::read(bytes)? {
            HostText::Name(name) => Host::Name(name.to_ascii_lowercase().into()),
            HostText::V4(address) => Host::V4(address),
            HostText::V6(address) => Host::V6(address),
        })
    }

    /// The address, where it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Host::Name(_) => None,
            Host::V4(address) => Some((*address).into()),
            Host::V6(address) => Some((*address).into()),
        }
    }
}

/// A host that has been read and not copied.
enum HostText<'a> {
    Name(&'a str),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

impl<'a> HostText<'a> {
    fn read(bytes: &'a [u8]) -> Result<HostText<'a>, UriError> {
        let refused = || UriError::Host {
            got: text::snippet(bytes),
        };
        let host = std::str::from_utf8(bytes).map_err(|_| refused())?;
        if let Some(inner) = host.strip_prefix('[') {
            let inner = inner.strip_suffix(']').ok_or_else(refused)?;
            // RFC 5118 §4.10: the old grammar allowed three colons before an embedded IPv4 address.
            let mended = match inner.contains('.') {
                true => inner.replacen(":::", "::", 1).into(),
                false => Cow::Borrowed(inner),
            };
            return mended.parse().map(HostText::V6).map_err(|_| refused());
        }
        if let Ok(address) = host.parse() {
            return Ok(HostText::V4(address));
        }
        // `_` is no letter of a host name, but of the service names some networks use as such.
        let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if host.is_empty() || host.len() > HOST_BYTES_MAX || !host.bytes().all(fine) {
            return Err(refused());
        }
        // RFC 3261 §25.1: the last label starts with a letter. So 192.0.2.300 is no name.
        let last = host
            .trim_end_matches('.')
            .rsplit('.')
            .next()
            .unwrap_or_default();
        if !last.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
            return Err(refused());
        }
        Ok(HostText::Name(host))
    }
}

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Host {
        match address {
            IpAddr::V4(address) => Host::V4(address),
            IpAddr::V6(address) => Host::V6(address),
        }
    }
}

impl FromStr for Host {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Host, UriError> {
        Host::parse(text.as_bytes())
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(name) => f.write_str(name),
            Host::V4(address) => text::write_v4(*address, f),
            Host::V6(address) => write!(f, "[{address}]"),
        }
    }
}

/// Reads `host` or `host:port`, as it stands in a URI and in a Via.
pub(crate) fn host_and_port(bytes: &[u8]) -> Result<(Host, Option<u16>), UriError> {
    let (host, port) = split_port(bytes);
    Ok((Host::parse(host)?, read_port(port)?))
}

/// The same, only to know whether it can be read.
pub(crate) fn check_host_and_port(bytes: &[u8]) -> Result<(), UriError> {
    let (host, port) = split_port(bytes);
    HostText::read(host)?;
    read_port(port).map(drop)
}

fn split_port(bytes: &[u8]) -> (&[u8], &[u8]) {
    let host_end = match bytes.first() {
        Some(b'[') => memchr::memchr(b']', bytes).map_or(bytes.len(), |at| at + 1),
        _ => memchr::memchr(b':', bytes).unwrap_or(bytes.len()),
    };
    let (host, port) = bytes.split_at(host_end);
    (text::trim(host), text::trim(port))
}

/// What follows a host: nothing, or a colon and a port.
fn read_port(port: &[u8]) -> Result<Option<u16>, UriError> {
    if port.is_empty() {
        return Ok(None);
    }
    let number = port
        .strip_prefix(b":")
        .and_then(|digits| text::number(text::trim(digits)));
    match number.filter(|&port: &u16| port != 0) {
        Some(port) => Ok(Some(port)),
        None => Err(UriError::Port {
            got: text::snippet(port),
        }),
    }
}

/// A `sip:` or `sips:` URI.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SipUri {
    /// Whether it is a `sips:` one.
    pub secure: bool,
    /// The user, escapes resolved.
    pub user: Option<Box<str>>,
    /// The password, escapes resolved. Never sent by us, kept so that others' URIs compare right.
    pub password: Option<Box<str>>,
    /// Where it leads.
    pub host: Host,
    /// The port, where one is named.
    pub port: Option<u16>,
    /// `;transport=udp` and its like.
    pub params: Params,
    /// What follows `?`, as it stands.
    pub headers: Option<Box<str>>,
}

/// A `tel:` URI (RFC 3966).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TelUri {
    /// The number without visual separators; a leading `+` is kept.
    pub number: Box<str>,
    /// `;phone-context=…` and its like.
    pub params: Params,
}

/// A URI.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Uri {
    /// `sip:` and `sips:`.
    Sip(SipUri),
    /// `tel:`.
    Tel(TelUri),
    /// Any other scheme, as it stands.
    Other(Box<str>),
}

/// What is before the first colon of a URI, as far as it is known here, and what is behind.
enum Scheme<'a> {
    Sip(&'a [u8]),
    Sips(&'a [u8]),
    Tel(&'a [u8]),
    Other(&'a str),
}

impl<'a> Scheme<'a> {
    fn read(bytes: &'a [u8]) -> Result<Scheme<'a>, UriError> {
        let got = || text::snippet(bytes);
        if !bytes.iter().copied().all(text::is_uri_byte) {
            return Err(UriError::Character { got: got() });
        }
        let colon = memchr::memchr(b':', bytes).ok_or_else(|| UriError::Scheme { got: got() })?;
        let (scheme, rest) = (&bytes[..colon], &bytes[colon + 1..]);
        let scheme_byte = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        if !scheme.first().is_some_and(u8::is_ascii_alphabetic) || !scheme.iter().all(scheme_byte) {
            return Err(UriError::Scheme { got: got() });
        }
        if scheme.eq_ignore_ascii_case(b"sip") {
            Ok(Scheme::Sip(rest))
        } else if scheme.eq_ignore_ascii_case(b"sips") {
            Ok(Scheme::Sips(rest))
        } else if scheme.eq_ignore_ascii_case(b"tel") {
            Ok(Scheme::Tel(rest))
        } else {
            let whole = std::str::from_utf8(bytes);
            let whole = whole.map_err(|_| UriError::Character { got: got() })?;
            Ok(Scheme::Other(whole))
        }
    }
}

impl Uri {
    /// Reads a whole URI.
    pub fn parse(bytes: &[u8]) -> Result<Uri, UriError> {
        match Scheme::read(bytes)? {
            Scheme::Sip(rest) => SipUri::parse_after_scheme(rest, false).map(Uri::Sip),
            Scheme::Sips(rest) => SipUri::parse_after_scheme(rest, true).map(Uri::Sip),
            Scheme::Tel(rest) => TelUri::parse_after_scheme(rest).map(Uri::Tel),
            Scheme::Other(whole) => Ok(Uri::Other(whole.into())),
        }
    }

    /// Whether a whole URI can be read, without copying what it says.
    pub(crate) fn check(bytes: &[u8]) -> Result<(), UriError> {
        match Scheme::read(bytes)? {
            Scheme::Sip(rest) | Scheme::Sips(rest) => SipParts::read(rest)?.check(),
            Scheme::Tel(rest) => TelUri::parse_after_scheme(rest).map(drop),
            Scheme::Other(_) => Ok(()),
        }
    }

    /// `sip:user@host:port` without parameters.
    pub fn sip(user: Option<&str>, host: Host, port: Option<u16>) -> Uri {
        Uri::Sip(SipUri {
            secure: false,
            user: user.map(Into::into),
            password: None,
            host,
            port,
            params: Params::new(),
            headers: None,
        })
    }

    /// The user; of a `tel:` URI its number.
    pub fn user(&self) -> Option<&str> {
        match self {
            Uri::Sip(sip) => sip.user.as_deref(),
            Uri::Tel(tel) => Some(&tel.number),
            Uri::Other(_) => None,
        }
    }

    /// What a call to this URI dials: the user, or the telephone number that stands there (RFC 3261 §19.1.6),
    /// without visual separators and parameters, in full where its context says how. Carriers write `;npdi` and `;rn=` there, with and without
    /// `user=phone`; a leading plus says number enough.
    pub fn dialled(&self) -> Option<Cow<'_, str>> {
        let user = self.user()?;
        let kind = self.params().get("user");
        let is_number =
            user.starts_with('+') || kind.is_some_and(|kind| kind.eq_ignore_ascii_case("phone"));
        let number = match self {
            Uri::Sip(_) if is_number => TelUri::parse_after_scheme(user.as_bytes()).ok(),
            _ => None,
        };
        let tel = match self {
            Uri::Tel(tel) => Some(tel),
            _ => number.as_ref(),
        };
        Some(match tel {
            Some(tel) => tel.global().into(),
            None => Cow::Borrowed(user),
        })
    }

    /// The host of a SIP URI.
    pub fn host(&self) -> Option<&Host> {
        self.as_sip().map(|sip| &sip.host)
    }

    /// The port a SIP URI names.
    pub fn port(&self) -> Option<u16> {
        self.as_sip().and_then(|sip| sip.port)
    }

    /// The parameters; empty for an unknown scheme.
    pub fn params(&self) -> &Params {
        const NONE: &Params = &Params::new();
        match self {
            Uri::Sip(sip) => &sip.params,
            Uri::Tel(tel) => &tel.params,
            Uri::Other(_) => NONE,
        }
    }

    /// The SIP URI that it is.
    pub fn as_sip(&self) -> Option<&SipUri> {
        match self {
            Uri::Sip(sip) => Some(sip),
            _ => None,
        }
    }

    /// The scheme in front of the colon, in the case it came in.
    pub fn scheme(&self) -> &str {
        match self {
            Uri::Sip(sip) if sip.secure => "sips",
            Uri::Sip(_) => "sip",
            Uri::Tel(_) => "tel",
            Uri::Other(whole) => whole.split(':').next().unwrap_or_default(),
        }
    }

    /// The transport address of a SIP URI whose host is one; the default port is 5060, of `sips:` 5061.
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        let sip = self.as_sip()?;
        let port = sip.port.unwrap_or(if sip.secure { 5061 } else { 5060 });
        Some(SocketAddr::new(sip.host.ip()?, port))
    }

    /// Whether both name the same resource, by RFC 3261 §19.1.4 (for `tel:` RFC 3966 §4).
    pub fn is_equivalent(&self, other: &Uri) -> bool {
        match (self, other) {
            (Uri::Sip(a), Uri::Sip(b)) => a.is_equivalent(b),
            (Uri::Tel(a), Uri::Tel(b)) => {
                a.number.eq_ignore_ascii_case(&b.number)
                    && a.params.len() == b.params.len()
                    && common_params_agree(&a.params, &b.params)
                    && a.params.iter().all(|(name, _)| b.params.has(name))
            }
            (Uri::Other(a), Uri::Other(b)) => a == b,
            _ => false,
        }
    }
}

/// Parameters that make a difference also where only one of the two URIs has them (RFC 3261 §19.1.4, its
/// rules and, for `transport`, its examples).
const TELLING_PARAMS: [&str; 5] = ["transport", "user", "ttl", "method", "maddr"];

/// A name may stand once in a URI (RFC 3261 §19.1.1); of one that stands there again the first value counts.
fn common_params_agree(a: &Params, b: &Params) -> bool {
    a.iter().all(|(name, _)| match (a.get(name), b.get(name)) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        _ => true,
    })
}

/// User and password.
type UserInfo<'a> = (Option<Cow<'a, str>>, Option<Cow<'a, str>>);

/// A SIP URI behind its scheme taken apart; host and parameters have still to be read.
struct SipParts<'a> {
    user: Option<Cow<'a, str>>,
    password: Option<Cow<'a, str>>,
    host: &'a [u8],
    params: &'a [u8],
    headers: Option<&'a str>,
}

impl<'a> SipParts<'a> {
    fn read(rest: &'a [u8]) -> Result<SipParts<'a>, UriError> {
        let (userinfo, rest) = match memchr::memchr(b'@', rest) {
            Some(at) => (Some(&rest[..at]), &rest[at + 1..]),
            None => (None, rest),
        };
        // A second `@` would let two readers see two hosts.
        if userinfo.is_some() && memchr::memchr(b'@', rest).is_some() {
            return Err(UriError::User {
                got: text::snippet(rest),
            });
        }
        let (user, password) = match userinfo {
            Some(userinfo) => Self::read_userinfo(userinfo)?,
            None => (None, None),
        };
        let (rest, headers) = match memchr::memchr(b'?', rest) {
            Some(at) => (&rest[..at], &rest[at + 1..]),
            None => (rest, &[][..]),
        };
        let host_end = memchr::memchr(b';', rest).unwrap_or(rest.len());
        let headers = std::str::from_utf8(headers).map_err(|_| UriError::Character {
            got: text::snippet(headers),
        })?;
        Ok(SipParts {
            user,
            password,
            host: &rest[..host_end],
            params: &rest[host_end..],
            headers: Some(headers).filter(|headers| !headers.is_empty()),
        })
    }

    fn read_userinfo(userinfo: &'a [u8]) -> Result<UserInfo<'a>, UriError> {
        let refused = || UriError::User {
            got: text::snippet(userinfo),
        };
        let (user, password) = match memchr::memchr(b':', userinfo) {
            Some(at) => (&userinfo[..at], Some(&userinfo[at + 1..])),
            None => (userinfo, None),
        };
        if user.is_empty() {
            return Err(refused());
        }
        let user = text::unescape(user).ok_or_else(refused)?;
        let password = match password {
            Some(raw) => Some(text::unescape(raw).ok_or_else(refused)?),
            None => None,
        };
        Ok((Some(user), password))
    }

    fn check(&self) -> Result<(), UriError> {
        check_host_and_port(self.host)?;
        Params::check_uri(self.params).map_err(|refused| UriError::Param { got: refused.got })
    }
}

impl SipUri {
    fn parse_after_scheme(rest: &[u8], secure: bool) -> Result<SipUri, UriError> {
        let parts = SipParts::read(rest)?;
        let (host, port) = host_and_port(parts.host)?;
        let params =
            Params::of_uri(parts.params).map_err(|refused| UriError::Param { got: refused.got })?;
        Ok(SipUri {
            secure,
            user: parts.user.map(Into::into),
            password: parts.password.map(Into::into),
            host,
            port,
            params,
            headers: parts.headers.map(Into::into),
        })
    }

    /// Whether both name the same resource, by RFC 3261 §19.1.4.
    pub fn is_equivalent(&self, other: &SipUri) -> bool {
        let telling = |name: &&str| self.params.has(name) == other.params.has(name);
        self.secure == other.secure
            && self.user == other.user
            && self.password == other.password
            && self.host == other.host
            && self.port == other.port
            && TELLING_PARAMS.iter().all(telling)
            && common_params_agree(&self.params, &other.params)
            && self.same_headers(other)
    }

    fn same_headers(&self, other: &SipUri) -> bool {
        fn sorted(headers: Option<&str>) -> Vec<&str> {
            let mut parts: Vec<&str> = headers.into_iter().flat_map(|h| h.split('&')).collect();
            parts.sort_unstable();
            parts
        }
        self.headers == other.headers
            || sorted(self.headers.as_deref()) == sorted(other.headers.as_deref())
    }
}

impl TelUri {
    /// The number with the prefix that a local one's context names (RFC 3966 §5.1.5), if that is one.
    fn global(&self) -> String {
        let context = self.params.get("phone-context").unwrap_or_default();
        let prefix: String = context
            .chars()
            .filter(|c| !matches!(c, '-' | '.' | '(' | ')'))
            .collect();
        let is_prefix = prefix
            .strip_prefix('+')
            .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        match is_prefix && !self.number.starts_with('+') {
            true => format!("{prefix}{}", self.number),
            false => self.number.to_string(),
        }
    }

    fn parse_after_scheme(rest: &[u8]) -> Result<TelUri, UriError> {
        let refused = || UriError::Number {
            got: text::snippet(rest),
        };
        let number_end = memchr::memchr(b';', rest).unwrap_or(rest.len());
        let raw = std::str::from_utf8(&rest[..number_end]).map_err(|_| refused())?;
        let number: String = raw
            .chars()
            .filter(|c| !matches!(c, '-' | '.' | '(' | ')'))
            .collect();
        // RFC 3966 §3: global numbers are decimal, local ones may hold hexadecimal digits, `*` and `#`.
        let fine = match number.strip_prefix('+') {
            Some(global) => !global.is_empty() && global.bytes().all(|b| b.is_ascii_digit()),
            None => {
                let digit = |b: u8| b.is_ascii_hexdigit() || matches!(b, b'*' | b'#');
                !number.is_empty() && number.bytes().all(digit)
            }
        };
        if !fine {
            return Err(refused());
        }
        let params = Params::of_uri(&rest[number_end..])
            .map_err(|refused| UriError::Param { got: refused.got })?;
        Ok(TelUri {
            number: number.into(),
            params,
        })
    }
}

impl FromStr for Uri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Uri, UriError> {
        Uri::parse(text.as_bytes())
    }
}

impl fmt::Display for SipUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.secure { "sips:" } else { "sip:" })?;
        if let Some(user) = &self.user {
            text::write_escaped(user, text::plain_in_user, f)?;
            if let Some(password) = &self.password {
                f.write_str(":")?;
                text::write_escaped(password, text::plain_in_password, f)?;
            }
            f.write_str("@")?;
        }
        self.host.fmt(f)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        self.params.write_uri(f)?;
        match &self.headers {
            Some(headers) => write!(f, "?{headers}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Uri::Sip(sip) => sip.fmt(f),
            Uri::Tel(tel) => {
                f.write_str("tel:")?;
                f.write_str(&tel.number)?;
                tel.params.write_uri(f)
            }
            Uri::Other(whole) => f.write_str(whole),
        }
    }
}

#[cfg(test)]
#[path = "uri_tests.rs"]
mod tests;
