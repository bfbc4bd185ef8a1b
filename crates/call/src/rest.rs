//! For how long a next hop that failed is tried last (RFC 3263 §4.3), where there are others: a provider's dead address
//! then costs one caller his patience and not all. Who rests is kept by whoever finds next hops, for all shards.

use sip_core::{HeaderName, Response, StatusCode};
use std::time::Duration;

/// How long one rests that did not answer at all.
pub(crate) const SILENT_RESTS: Duration = Duration::from_secs(30);

/// The longest that one rests because it asked for it: it may be in better health than it thought.
const ASKED_REST_MAX: Duration = Duration::from_secs(300);

/// How long one rests that gave this answer: a 503 that names a time is taken at its word (RFC 3261 §21.5.4).
pub(crate) fn asked_by(response: &Response) -> Option<Duration> {
    if response.status != StatusCode::SERVICE_UNAVAILABLE {
        return None;
    }
    let asked = response.headers.text(&HeaderName::RetryAfter)?;
    // RFC 3261 §20.33: a comment or parameters may follow.
    let digits = asked.split(|c: char| !c.is_ascii_digit()).next()?;
    let seconds = digits.parse().ok()?;
    Some(Duration::from_secs(seconds).min(ASKED_REST_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip_core::{Method, Request};

    #[test]
    fn one_that_asks_for_a_rest_gets_it_within_reason() {
        let request = Request::new(Method::Invite, "sip:a@b.se".parse().unwrap());
        let with = |status, value: Option<&'static str>| {
            let mut response = request.response_with_tag(status, "t");
            if let Some(value) = value {
                response.headers.push(HeaderName::RetryAfter, value);
            }
            asked_by(&response)
        };
        let unavailable = StatusCode::SERVICE_UNAVAILABLE;
        assert_eq!(with(unavailable, None), None);
        assert_eq!(with(StatusCode::BUSY_HERE, Some("10")), None);
        let ten = with(unavailable, Some("10 (in a meeting)"));
        assert_eq!(ten, Some(Duration::from_secs(10)));
        let ever = with(unavailable, Some("999999999;duration=3600"));
        assert_eq!(ever, Some(ASKED_REST_MAX));
        assert_eq!(with(unavailable, Some("later")), None);
    }
}
