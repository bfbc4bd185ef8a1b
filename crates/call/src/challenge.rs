//! Challenges to our own requests (RFC 3261 §22): which of them an account answers, and the credentials for it.

use crate::trunk::Account;
use serde::{Deserialize, Serialize};
use sip_core::digest::{Challenge, Credentials};
use sip_core::{HeaderName, HeaderValue, Request, Response, StatusCode};

/// Who asks for credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum By {
    /// The one the request is for, with 401.
    Server,
    /// A proxy on the way, with 407.
    Proxy,
}

/// A challenge that is to be answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) challenge: Challenge,
    pub(crate) by: By,
}

/// The challenge in a response that an account is to answer: of its own realm and of no other, whoever names it. Else
/// the realms that were named.
pub(crate) fn for_account(
    account: Option<&Account>,
    response: &Response,
) -> Result<Asked, Box<str>> {
    let (by, asks) = match response.status {
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => (By::Proxy, HeaderName::ProxyAuthenticate),
        _ => (By::Server, HeaderName::WwwAuthenticate),
    };
    let challenges = response.headers.challenges(&asks);
    let ours = challenges
        .iter()
        .find(|challenge| account.is_some_and(|account| account.realm == challenge.realm));
    match ours.cloned() {
        Some(challenge) => Ok(Asked { challenge, by }),
        None => {
            let realms: Vec<&str> = challenges.iter().map(|it| &*it.realm).collect();
            Err(realms.join(", ").into())
        }
    }
}

/// Adds the answer to a request; `count` is how often this nonce has been answered, this time included.
pub(crate) fn answer(
    asked: &Asked,
    account: &Account,
    count: u32,
    cnonce: &str,
    request: &mut Request,
) {
    let Asked { challenge, by } = asked;
    let credentials = Credentials::answer_by_hash(
        challenge,
        &account.username,
        account.ha1(challenge.algorithm),
        &request.method,
        &request.uri.to_string(),
        count,
        cnonce,
    );
    let header = match by {
        By::Server => HeaderName::Authorization,
        By::Proxy => HeaderName::ProxyAuthorization,
    };
    request
        .headers
        .push(header, HeaderValue::from(credentials.to_string()));
}
