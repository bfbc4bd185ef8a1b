//! Where a request comes from: the address that has the connection, or, where that is a proxy that the configuration names,
//! the one that the proxy says it had the request from. What anybody else says of it is worth nothing.

use crate::connections::Peer;
use crate::desk::Desk;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use sip_core::guard::Source;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Proxies in a row that are looked behind: more than anybody has.
const HOPS_MAX: usize = 16;

/// Where a request comes from; from here, where nobody says.
pub(crate) struct CameFrom(pub(crate) Source);

impl FromRequestParts<Desk> for CameFrom {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<CameFrom, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<Peer>>();
        let address = peer.map_or(Ipv4Addr::LOCALHOST.into(), |ConnectInfo(peer)| {
            peer.address().ip()
        });
        let is_proxy = |address| desk.office().is_proxy(address);
        Ok(CameFrom(Source::of(behind(
            address,
            &parts.headers,
            is_proxy,
        ))))
    }
}

/// Each proxy writes last whom it had the request from, so the last that is none of ours is who asks.
fn behind(peer: IpAddr, headers: &HeaderMap, is_proxy: impl Fn(IpAddr) -> bool) -> IpAddr {
    let mut address = peer;
    for hop in hops(headers).into_iter().rev().take(HOPS_MAX) {
        if !is_proxy(address) {
            break;
        }
        match hop {
            Some(hop) => address = hop,
            // It doesn't say (RFC 7239 §6.3), or not so that we can read it.
            None => break,
        }
    }
    address
}

/// Those that the request went through, the first first. Of the two headers the one counts that proxies write of themselves: they hand the
/// other on as whoever asks wrote it.
fn hops(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let said = said(headers, "for").into_iter();
    said.map(|hop| hop.and_then(address)).collect()
}

/// What the proxy that we have the request from says of it, under one of the parameters of RFC 7239.
pub(crate) fn proxys<'h>(headers: &'h HeaderMap, what: &str) -> Option<&'h str> {
    let last = said(headers, what).pop()??;
    Some(last.trim_matches('"'))
}

/// What each proxy says, the first first; none where one doesn't.
fn said<'h>(headers: &'h HeaderMap, what: &str) -> Vec<Option<&'h str>> {
    let values = |name: &str| -> Vec<&'h str> {
        let all = headers.get_all(name).into_iter();
        let texts = all.map(|value| value.to_str().unwrap_or_default());
        let parts = texts.flat_map(|text| text.split(','));
        parts.map(str::trim).collect()
    };
    let usual = values(&format!("x-forwarded-{what}"));
    if !usual.is_empty() {
        return usual.into_iter().map(Some).collect();
    }
    let of = |element: &'h str| {
        let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
        let mut named = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case(what));
        named.next().map(|(_, value)| value.trim())
    };
    values("forwarded").into_iter().map(of).collect()
}

/// An address, maybe with a port, in quotes or brackets (RFC 7239 §6).
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches('"');
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let plain = bare.unwrap_or(text).parse().ok();
    plain.or_else(|| text.parse().ok().map(|it: SocketAddr| it.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn seen(peer: &str, pairs: &[(&'static str, &'static str)]) -> String {
        let pairs = pairs.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value);
        }
        let proxies = ["127.0.0.1", "10.0.0.1"].map(|it| it.parse().unwrap());
        let is_proxy = |address: IpAddr| proxies.contains(&address);
        behind(peer.parse().unwrap(), &headers, is_proxy).to_string()
    }

    #[test]
    fn a_proxy_that_is_named_says_whom_it_had_a_request_from_and_nobody_else_does() {
        let usual = "x-forwarded-for";
        assert_eq!(seen("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(seen("127.0.0.1", &[(usual, "192.0.2.7")]), "192.0.2.7");
        assert_eq!(seen("192.0.2.1", &[(usual, "192.0.2.7")]), "192.0.2.1");
        // What came before was said by whoever asks.
        let claimed = [(usual, "203.0.113.9"), (usual, "192.0.2.7")];
        assert_eq!(seen("127.0.0.1", &claimed), "192.0.2.7");
        assert_eq!(
            seen("127.0.0.1", &[(usual, "203.0.113.9, 192.0.2.7, 10.0.0.1")]),
            "192.0.2.7"
        );
        assert_eq!(
            seen("127.0.0.1", &[(usual, "192.0.2.7, nonsense")]),
            "127.0.0.1"
        );
        assert_eq!(seen("127.0.0.1", &[(usual, "192.0.2.7:4711")]), "192.0.2.7");
    }

    #[test]
    fn forwarded_is_read_where_there_is_no_other() {
        let new = "forwarded";
        let written = "for=203.0.113.9, for=\"[2001:db8::1]:4711\";proto=https;by=10.0.0.1";
        assert_eq!(seen("127.0.0.1", &[(new, written)]), "2001:db8::1");
        assert_eq!(
            seen("127.0.0.1", &[(new, "proto=https; For=\"[2001:db8::2]\"")]),
            "2001:db8::2"
        );
        assert_eq!(seen("127.0.0.1", &[(new, "for=unknown")]), "127.0.0.1");
        let both = [(new, "for=203.0.113.9"), ("x-forwarded-for", "192.0.2.7")];
        assert_eq!(seen("127.0.0.1", &both), "192.0.2.7");
    }
}
