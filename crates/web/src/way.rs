//! By which way a request came: so that nobody else reads it, or plainly. What comes plainly from another machine than this
//! one and a proxy's that is named is not answered: passwords and sessions are not to be read on their way.

use crate::came_from::proxys;
use crate::connections::{Carried, Peer};
use crate::desk::Desk;
use crate::problem::Problem;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Extensions, HeaderMap};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::IpAddr;

/// By which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// By HTTPS, with us or with the proxy.
    Secure,
    /// Plainly, from this machine; or by a proxy that does not say how it has it.
    Plain,
}

impl Way {
    /// As it was found out.
    pub(crate) fn of(extensions: &Extensions) -> Way {
        extensions.get().copied().unwrap_or(Way::Plain)
    }

    /// None where it is not to be answered. Without a connection it is from here.
    fn find(
        peer: Option<&Peer>,
        headers: &HeaderMap,
        is_proxy: impl Fn(IpAddr) -> bool,
    ) -> Option<Way> {
        let Some(peer) = peer else {
            return Some(Way::Plain);
        };
        let address = peer.address().ip();
        match peer.carried() {
            Carried::ByTls => Some(Way::Secure),
            Carried::Plainly if is_proxy(address) => Some(match proxys(headers, "proto") {
                Some(said) if said.eq_ignore_ascii_case("https") => Way::Secure,
                _ => Way::Plain,
            }),
            Carried::Plainly => address.is_loopback().then_some(Way::Plain),
        }
    }
}

/// Lets a request on that came by a way on which it may.
pub(crate) async fn come_by(
    State(desk): State<Desk>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<ConnectInfo<Peer>>();
    let peer = peer.map(|ConnectInfo(peer)| peer);
    let is_proxy = |address| desk.office().is_proxy(address);
    let Some(way) = Way::find(peer, request.headers(), is_proxy) else {
        metrics::counter!("kolapp_web_refused_plain_total").increment(1);
        let detail = "plain HTTP is for this machine, and for proxies that `[http] proxies` names: come by HTTPS";
        return Problem::forbidden(detail).into_response();
    };
    request.extensions_mut().insert(way);
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn found(
        carried: Carried,
        address: &str,
        pairs: &[(&'static str, &'static str)],
    ) -> Option<Way> {
        let peer = Peer::elsewhere(format!("{address}:4711").parse().unwrap(), carried);
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        let proxy: IpAddr = "10.0.0.1".parse().unwrap();
        Way::find(Some(&peer), &headers, |address| address == proxy)
    }

    #[tokio::test]
    async fn plain_http_is_for_this_machine_and_for_a_proxy_that_is_named() {
        let plain = |address: &str| found(Carried::Plainly, address, &[]);
        assert_eq!(plain("127.0.0.1"), Some(Way::Plain));
        assert_eq!(plain("10.0.0.1"), Some(Way::Plain));
        assert_eq!(plain("10.0.0.2"), None);
        assert_eq!(plain("192.0.2.7"), None);
        let secure = found(Carried::ByTls, "192.0.2.7", &[]);
        assert_eq!(secure, Some(Way::Secure));
    }

    #[tokio::test]
    async fn what_a_proxy_says_of_the_way_is_so_and_what_anybody_else_says_is_not() {
        let by = |address: &str, pairs: &[_]| found(Carried::Plainly, address, pairs);
        let usual = ("x-forwarded-proto", "https");
        assert_eq!(by("10.0.0.1", &[usual]), Some(Way::Secure));
        assert_eq!(by("127.0.0.1", &[usual]), Some(Way::Plain));
        assert_eq!(by("192.0.2.7", &[usual]), None);
        // What came before was said by whoever asks.
        let claimed = ("x-forwarded-proto", "https, http");
        assert_eq!(by("10.0.0.1", &[claimed]), Some(Way::Plain));
        let new = ("forwarded", "for=192.0.2.7;proto=https");
        assert_eq!(by("10.0.0.1", &[new]), Some(Way::Secure));
        let other = ("x-forwarded-proto", "http");
        assert_eq!(by("10.0.0.1", &[new, other]), Some(Way::Plain));
    }
}
