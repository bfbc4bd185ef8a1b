//! Who a request comes from: a session's cookie or a token, and for a cookie that no other site's page has sent it.

use crate::connections::Peer;
use crate::desk::Desk;
use crate::office::{Account, Who};
use crate::problem::Problem;
use crate::way::Way;
use axum::extract::{ConnectInfo, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use base::OrgId;
use control::Principal;

/// The session's cookie, where it came by HTTPS: browsers take one of that name from this very host by HTTPS alone
/// (RFC 6265bis §4.1.3.2), so nobody else can put one in its place.
pub(crate) const SECURE_COOKIE: &str = "__Host-kolapp-session";
/// The same where it came plainly.
pub(crate) const PLAIN_COOKIE: &str = "kolapp-session";

/// Whoever has proven who he is.
#[derive(Clone, Debug)]
pub(crate) struct By {
    pub(crate) account: Account,
    /// By what, so that it can be ended and asked after again.
    pub(crate) secret: String,
}

impl By {
    pub(crate) fn principal(&self) -> &Principal {
        &self.account.principal
    }

    pub(crate) fn who(&self) -> &Who {
        &self.account.who
    }

    /// The agent that he means: himself, where he names none.
    pub(crate) fn agent(&self, named: Option<base::UserId>) -> Result<base::UserId, Problem> {
        match (named, self.principal()) {
            (Some(agent), _) => Ok(agent),
            (None, Principal::User { user, .. }) => Ok(user.clone()),
            (None, Principal::Operator) => Err(Problem::invalid(
                "an operator is no agent: say with `agent` whom you mean",
            )),
        }
    }

    /// The organisation that he means: his own, where he names none.
    pub(crate) fn organisation(&self, named: Option<&str>) -> Result<OrgId, Problem> {
        match (named, self.principal()) {
            (Some(name), _) => {
                OrgId::new(name).map_err(|invalid| Problem::invalid(invalid.to_string()))
            }
            (None, Principal::User { user, .. }) => Ok(user.org()),
            (None, Principal::Operator) => Err(Problem::invalid("say in which `organisation`")),
        }
    }

    /// Whoever asks, as he has proven.
    pub(crate) fn of(desk: &Desk, request: &Request) -> Result<By, Problem> {
        let (headers, way) = (request.headers(), Way::of(request.extensions()));
        let (secret, from_cookie) = match bearer(headers) {
            Some(token) => (token.to_owned(), false),
            None => {
                let cookie = cookie(headers, way).ok_or_else(Problem::unauthorized)?;
                (cookie.to_owned(), true)
            }
        };
        let (pass, account) = desk.account_of(&secret).ok_or_else(Problem::unauthorized)?;
        // A session's secret is its cookie's alone, and a token is none of a browser's.
        if pass.is_session() != from_cookie {
            return Err(Problem::unauthorized());
        }
        if from_cookie && !request.method().is_safe() {
            must_be_same_site(request.method(), headers, way)?;
        }
        if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<Peer>>() {
            peer.proven();
        }
        Ok(By { account, secret })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for By {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<By, Problem> {
        // `roles` has put him there; on a way that is anybody's there is nobody.
        let by = parts.extensions.get::<By>().cloned();
        by.ok_or_else(Problem::unauthorized)
    }
}

/// A token (RFC 6750 §2.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    is_bearer.then(|| token.trim())
}

/// The session's secret. By HTTPS the one counts alone that nobody else can have put there; where a proxy doesn't say that it
/// was HTTPS, it goes first.
pub(crate) fn cookie(headers: &HeaderMap, way: Way) -> Option<&str> {
    let named = |wanted: &str| {
        let all = headers.get_all(header::COOKIE).into_iter();
        let pairs = all.filter_map(|value| value.to_str().ok());
        let pairs = pairs.flat_map(|value| value.split(';'));
        let mut named = pairs.filter_map(|pair| pair.trim().split_once('='));
        named
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| value)
    };
    let plain = || match way {
        Way::Secure => None,
        Way::Plain => named(PLAIN_COOKIE),
    };
    named(SECURE_COOKIE).or_else(plain)
}

/// Refuses what another site's page has a browser do. Browsers say with each such request whose page it is, and send the
/// cookie to no other site's anyway (`SameSite=Strict`); programs say nothing of the kind.
pub(crate) fn must_be_same_site(
    method: &Method,
    headers: &HeaderMap,
    way: Way,
) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let fetched = text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    let host = text("host").unwrap_or_default();
    let own = text("origin").is_none_or(|origin| {
        origin.split_once("://").is_some_and(|(scheme, authority)| {
            // A page that came plainly may be anybody's who is on the way.
            let scheme = way == Way::Plain || scheme.eq_ignore_ascii_case("https");
            scheme && authority.eq_ignore_ascii_case(host)
        })
    });
    match fetched && own {
        true => Ok(()),
        false => Err(Problem::forbidden(format!(
            "{method} was sent by a page of another site"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            let value = axum::http::HeaderValue::from_static(value);
            (axum::http::HeaderName::from_static(name), value)
        });
        pairs.collect()
    }

    #[test]
    fn a_page_of_another_site_has_nothing_done() {
        let by = |way, pairs: &[_]| must_be_same_site(&Method::POST, &headers(pairs), way).is_ok();
        let fine = |pairs: &[_]| by(Way::Plain, pairs);
        let host = ("host", "pbx.example.com:8080");
        assert!(fine(&[host]));
        assert!(fine(&[host, ("origin", "https://pbx.example.com:8080")]));
        for origin in [
            "https://evil.example",
            "https://pbx.example.com",
            "null",
            "",
        ] {
            assert!(!fine(&[host, ("origin", origin)]), "{origin}");
        }
        let origin = ("origin", "https://pbx.example.com:8080");
        assert!(fine(&[host, origin, ("sec-fetch-site", "same-origin")]));
        for site in ["cross-site", "same-site"] {
            assert!(!fine(&[host, origin, ("sec-fetch-site", site)]), "{site}");
        }
        // The same host, by another way.
        let plain = ("origin", "http://pbx.example.com:8080");
        assert!(fine(&[host, plain]) && !by(Way::Secure, &[host, plain]));
        assert!(by(Way::Secure, &[host, origin]));
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let several = headers(&[("cookie", "a=b; kolapp-session=secret;c=d")]);
        assert_eq!(cookie(&several, Way::Plain), Some("secret"));
        let other = headers(&[("cookie", "kolapp_sessio=x")]);
        assert_eq!(cookie(&other, Way::Plain), None);
        // By HTTPS one that another host or a plain page can have put there is none.
        assert_eq!(cookie(&several, Way::Secure), None);
        let both = "kolapp-session=x; __Host-kolapp-session=secret";
        for way in [Way::Plain, Way::Secure] {
            assert_eq!(cookie(&headers(&[("cookie", both)]), way), Some("secret"));
        }
        assert_eq!(
            bearer(&headers(&[("authorization", "bearer  x ")])),
            Some("x")
        );
        assert_eq!(bearer(&headers(&[("authorization", "Basic x")])), None);
    }
}
