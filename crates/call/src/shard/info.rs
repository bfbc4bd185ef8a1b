//! INFO within a dialog: keys as phones have long sent them, in bodies that no RFC defines (RFC 6086 §2 calls it
//! legacy usage). They mean the same as those of the sound's stream.

use super::requests::{Refused, no_extension_required};
use crate::input::RefusedCause;
use sip_core::{HeaderName, Request, StatusCode};

/// Bodies of keys that are read: what most phones send, and what some do.
pub(super) const RELAY: &str = "application/dtmf-relay";
const PLAIN: &str = "application/dtmf";
const ACCEPT: &str = "application/dtmf-relay, application/dtmf";

/// The key that an INFO tells of; none where it has no body.
pub(super) fn info_key(request: &Request) -> Result<Option<char>, Refused> {
    no_extension_required(request)?;
    if request.headers.count(&HeaderName::InfoPackage) > 0 {
        // RFC 6086 §4.2.2: no package was agreed on; Recv-Info says that none is taken.
        let status = StatusCode::BAD_INFO_PACKAGE;
        let refused = Refused::new(status, RefusedCause::Unsupported);
        return Err(refused.with(HeaderName::RecvInfo, ""));
    }
    if request.body.is_empty() {
        return Ok(None);
    }
    let malformed = || Refused::new(StatusCode::BAD_REQUEST, RefusedCause::Malformed);
    let kind = request.headers.content_type().map_err(|_| malformed())?;
    let body = std::str::from_utf8(&request.body).map_err(|_| malformed())?;
    let key = match kind.as_deref() {
        Some(RELAY) => signal(body).ok_or_else(malformed)?,
        Some(PLAIN) => signal(body).unwrap_or(body.trim()),
        _ => {
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            let refused = Refused::new(status, RefusedCause::Unsupported);
            return Err(refused.with(HeaderName::Accept, ACCEPT));
        }
    };
    key_of(key).map(Some).ok_or_else(malformed)
}

/// What stands behind `Signal=`.
fn signal(body: &str) -> Option<&str> {
    body.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        let is_signal = name.trim().eq_ignore_ascii_case("signal");
        is_signal.then(|| value.trim())
    })
}

/// Some phones number the keys beyond 9 as RFC 4733 §3.2 does.
fn key_of(text: &str) -> Option<char> {
    match text {
        "10" => return Some('*'),
        "11" => return Some('#'),
        _ => {}
    }
    let mut letters = text.chars();
    let key = letters.next()?.to_ascii_uppercase();
    let is_key = matches!(key, '0'..='9' | '*' | '#' | 'A'..='D');
    (is_key && letters.next().is_none()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip_core::{Method, Uri};

    fn info(kind: &str, body: &'static str) -> Result<Option<char>, u16> {
        let mut request =
            Request::new(Method::Info, "sip:kolapp@127.0.0.1".parse::<Uri>().unwrap());
        request.set_body(kind, bytes::Bytes::from_static(body.as_bytes()));
        info_key(&request).map_err(|refused| refused.status.code())
    }

    #[test]
    fn a_key_is_read_in_every_form_that_phones_send() {
        for (kind, body, key) in [
            (RELAY, "Signal=5\r\nDuration=160\r\n", '5'),
            (RELAY, "Signal= #\nDuration= 250", '#'),
            (RELAY, "Duration=100\r\nsignal=a", 'A'),
            (RELAY, "Signal=10\r\n", '*'),
            ("application/DTMF-Relay;charset=utf-8", "Signal=1", '1'),
            (PLAIN, "7", '7'),
            (PLAIN, "*\r\n", '*'),
            (PLAIN, "Signal=3", '3'),
        ] {
            assert_eq!(info(kind, body), Ok(Some(key)), "{kind} {body:?}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for (kind, body, status) in [
            (RELAY, "Signal=", 400),
            (RELAY, "Signal=55", 400),
            (RELAY, "Signal=x", 400),
            (RELAY, "Duration=160", 400),
            (PLAIN, "123", 400),
            ("application/media_control+xml", "<a/>", 415),
        ] {
            assert_eq!(info(kind, body), Err(status), "{kind} {body:?}");
        }
    }

    #[test]
    fn an_info_without_body_is_nothing_and_one_of_a_package_is_refused() {
        let uri = || "sip:kolapp@127.0.0.1".parse::<Uri>().unwrap();
        let mut request = Request::new(Method::Info, uri());
        assert!(matches!(info_key(&request), Ok(None)));
        request.headers.push(HeaderName::InfoPackage, "foo");
        assert_eq!(info_key(&request).unwrap_err().status.code(), 469);
    }
}
