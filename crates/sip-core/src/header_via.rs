//! One Via value (RFC 3261 §20.42): where a response goes back to.

use crate::header_value::Text;
use crate::params::{HeaderParam, HeaderParams, Params};
use crate::text;
use crate::transport::Transport;
use crate::uri::{self, Host};
use std::borrow::Cow;
use std::fmt::{self, Write};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// What every branch made by an RFC 3261 element starts with (§8.1.1.7).
pub const MAGIC_COOKIE: &str = "z9hG4bK";

/// One hop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via {
    /// The transport token, such as `UDP`, as it came.
    pub transport: Box<str>,
    /// The sent-by host.
    pub host: Host,
    /// The sent-by port, where one is named.
    pub port: Option<u16>,
    /// `branch`, `received`, `rport` and others.
    pub params: Params,
}

impl Via {
    /// A hop of ours with a branch and an empty `rport` (RFC 3581 §3).
    pub fn new(transport: Transport, sent_by: SocketAddr, branch: &str) -> Via {
        Via {
            transport: transport.via_token().into(),
            host: sent_by.ip().into(),
            port: Some(sent_by.port()),
            params: Params::new().with("branch", branch).with("rport", ""),
        }
    }

    /// Reads one value; `None` when it isn't one.
    pub fn parse(bytes: &[u8]) -> Option<Via> {
        let parts = Hop::read(bytes)?;
        let (host, port) = parts.sent_by()?;
        Some(Via {
            transport: parts.transport.into(),
            host,
            port,
            params: Params::of_header(parts.params).ok()?,
        })
    }

    /// The branch, where there is one (RFC 2543 elements gave none).
    pub fn branch(&self) -> Option<&str> {
        self.params
            .get("branch")
            .filter(|branch| !branch.is_empty())
    }

    /// The address that the receiver of the request saw; IPv6 with or without brackets (RFC 5118 §4.5).
    pub fn received(&self) -> Option<IpAddr> {
        received_in(self.params.get("received")?)
    }

    /// RFC 3581: `None` without `rport`, `Some(None)` where it asks for the port, `Some(Some(port))` where
    /// it was filled in.
    pub fn rport(&self) -> Option<Option<u16>> {
        let text = self.params.get("rport")?;
        Some(text::number(text.as_bytes()))
    }
}

fn received_in(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    match bare {
        Some(bare) => bare.parse::<Ipv6Addr>().ok().map(Into::into),
        None => text.parse().ok(),
    }
}

/// One hop as it stands in a message: taken apart, nothing copied. Each message is asked for it several times.
#[derive(Clone, Debug)]
pub struct Hop<'a> {
    transport: &'a str,
    sent_by: &'a [u8],
    params: &'a [u8],
}

impl<'a> Hop<'a> {
    /// Takes one value apart; `None` where that fails. Sent-by and parameters are read when they are asked for.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Hop<'a>> {
        // sent-protocol = protocol-name SLASH protocol-version SLASH transport, blanks around each slash.
        let (name, rest) = split(bytes, b'/')?;
        let (version, rest) = split(rest, b'/')?;
        let rest = text::trim(rest);
        if !name.eq_ignore_ascii_case(b"SIP") || !text::is_token(version) {
            return None;
        }
        let transport_end = rest.iter().position(|&b| !text::is_token_byte(b))?;
        let (transport, rest) = rest.split_at(transport_end);
        if transport.is_empty() || !rest.first().is_some_and(|&b| text::is_blank(b)) {
            return None;
        }
        let sent_by_end = memchr::memchr(b';', rest).unwrap_or(rest.len());
        let (sent_by, params) = rest.split_at(sent_by_end);
        Some(Hop {
            transport: std::str::from_utf8(transport).ok()?,
            sent_by: text::trim(sent_by),
            params,
        })
    }

    /// Whether all of it can be read.
    pub(crate) fn is_sound(&self) -> bool {
        uri::check_host_and_port(self.sent_by).is_ok() && HeaderParams::new(self.params).are_sound()
    }

    /// Host and port, where they can be read.
    pub fn sent_by(&self) -> Option<(Host, Option<u16>)> {
        uri::host_and_port(self.sent_by).ok()
    }

    /// The value of the first parameter called `name`.
    fn param(&self, name: &str) -> Option<Cow<'a, str>> {
        HeaderParams::new(self.params).value_of(name)
    }

    /// The branch, as [`Via::branch`].
    pub fn branch(&self) -> Option<Cow<'a, str>> {
        self.param("branch").filter(|branch| !branch.is_empty())
    }

    /// The value that says where the request came from: `None` where this one says it, needs not say it, or can't be
    /// read (RFC 3261 §18.2.1, RFC 3581 §4).
    pub(crate) fn stamped(&self, remote: SocketAddr) -> Option<Vec<u8>> {
        let (mut received, mut rport) = (None, None);
        for param in HeaderParams::new(self.params).flatten() {
            if param.is("received") {
                received.get_or_insert_with(|| param.text());
            } else if param.is("rport") {
                rport.get_or_insert_with(|| param.text());
            }
        }
        let says = |noted: Option<Cow<'_, str>>| noted.and_then(|text| received_in(&text));
        let is_noted = match (received, &rport) {
            (None, None) => self.sent_by()?.0.ip() == Some(remote.ip()),
            (Some(noted), None) => says(noted) == Some(remote.ip()),
            // It was stamped before: by the gate, for the shard that it let it in to.
            (Some(noted), Some(Some(port))) => {
                says(noted) == Some(remote.ip())
                    && text::number(port.as_bytes()) == Some(remote.port())
            }
            _ => false,
        };
        // Whether all of it can be read is asked last: once it is stamped, each later reader finds it noted.
        match is_noted || !self.is_sound() {
            true => None,
            false => Some(self.saying(remote, rport.is_some())),
        }
    }

    /// The same hop, saying where the request came from.
    fn saying(&self, remote: SocketAddr, asks_for_port: bool) -> Vec<u8> {
        const NOTE: usize = ";received=;rport=65535".len() + 39;
        let mut out = Vec::with_capacity(16 + self.sent_by.len() + self.params.len() + NOTE);
        out.extend_from_slice(b"SIP/2.0/");
        out.extend_from_slice(self.transport.as_bytes());
        out.push(b' ');
        out.extend_from_slice(self.sent_by);
        let noted = |param: &HeaderParam<'_>| param.is("received") || param.is("rport");
        for param in HeaderParams::new(self.params).flatten() {
            if !noted(&param) {
                out.push(b';');
                out.extend_from_slice(param.whole);
            }
        }
        let mut written = Text(&mut out);
        // Bytes take all that they are given.
        let _ = written.write_str(";received=");
        let _ = match remote.ip() {
            IpAddr::V4(address) => text::write_v4(address, &mut written),
            IpAddr::V6(address) => write!(written, "{address}"),
        };
        if asks_for_port {
            let _ = write!(written, ";rport={}", remote.port());
        }
        out
    }

    /// As [`Via::rport`].
    pub fn rport(&self) -> Option<Option<u16>> {
        let text = self.param("rport")?;
        Some(text::number(text.as_bytes()))
    }
}

fn split(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(separator, bytes)?;
    Some((text::trim(&bytes[..at]), &bytes[at + 1..]))
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SIP/2.0/")?;
        f.write_str(&self.transport)?;
        f.write_str(" ")?;
        self.host.fmt(f)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        self.params.write_header(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn via(text: &str) -> Via {
        Via::parse(text.as_bytes()).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn blanks_around_every_separator_are_allowed() {
        let read = via("SIP  / 2.0  / TCP     spindle.example.com   ; branch  =   z9hG4bK9ikj8  ");
        assert_eq!(
            read.to_string(),
            "SIP/2.0/TCP spindle.example.com;branch=z9hG4bK9ikj8"
        );
        assert_eq!(read.branch(), Some("z9hG4bK9ikj8"));
        assert_eq!(via("SIP/2.0/UDP h.example : 5070").port, Some(5070));
    }

    #[test]
    fn received_is_read_with_and_without_brackets() {
        let address: IpAddr = "2001:db8::9:255".parse().unwrap();
        let plain = via("SIP/2.0/UDP [2001:db8::9:1]:7;received=2001:db8::9:255;branch=z9hG4bKas3");
        let bracketed =
            via("SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3");
        assert_eq!(plain.received(), Some(address));
        assert_eq!(bracketed.received(), Some(address));
        assert_eq!(plain.port, Some(7));
    }

    #[test]
    fn rport_tells_asking_from_filled_in() {
        assert_eq!(via("SIP/2.0/UDP h.example").rport(), None);
        assert_eq!(via("SIP/2.0/UDP h.example;rport").rport(), Some(None));
        assert_eq!(via("SIP/2.0/UDP h.example;rport=9").rport(), Some(Some(9)));
    }

    #[test]
    fn what_is_no_via_is_refused() {
        for bad in [
            "",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP ",
            "SIP/2.0 h.example",
            "HTTP/2.0/UDP h.example",
            "SIP/2.0/UDP 192.0.2.15;;,;,,",
            "SIP/2.0/UDP h.example:0",
            "SIP/2.0/UDP h.example:x",
            "SIP/2.0/UDP 2001:db8::1",
            "SIP/2.0/UDP [2001:db8::1",
            "SIP/2.0/UDP a b",
        ] {
            assert!(Via::parse(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
