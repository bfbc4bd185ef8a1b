//! Requests of ours within a dialog that change or refresh its session (re-INVITE, RFC 3261 §14; UPDATE, RFC
//! 3311): what is wanted, what has been sent, and what to make of the answer. Values and decisions; what is
//! done with them is in `shard/offer` and `shard/refresh`.

use crate::session_timer::Granted;
use base::Time;
use serde::{Deserialize, Serialize};
use sip_core::{HeaderName, Headers, Method, Response, StatusCode};
use std::time::Duration;

/// Longest Retry-After that a party is given: who wants more gets the refresh at its next turn.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(10);

/// What a request of ours is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Wanted {
    /// The session stands for another interval; nothing changes.
    Refresh,
    /// Offer and answer anew. Refreshes as well.
    Offer,
}

/// A request of ours that waits for its final response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sent {
    pub(crate) method: Method,
    pub(crate) cseq: u32,
    pub(crate) wanted: Wanted,
}

/// One leg's requests of ours, and its session timer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Exchange {
    /// Who began the dialog: that decides who waits how long after a glare.
    pub(crate) made_call_id: Owner,
    /// Whether the party takes UPDATE, by the latest Allow of its.
    pub(crate) updates: bool,
    /// Whether it takes INFO, by the same.
    pub(crate) infos: bool,
    pub(crate) wanted: Option<Wanted>,
    pub(crate) sent: Option<Sent>,
    /// Refused for now: not before `LegTimer::OfferAgain`.
    pub(crate) pausing: bool,
    /// What was agreed on how long the session stands.
    pub(crate) granted: Option<Granted>,
    /// When it ends without a refresh.
    pub(crate) ends_at: Option<Time>,
}

impl Exchange {
    /// Of a dialog that nothing has happened in.
    pub(crate) fn new(made_call_id: Owner) -> Exchange {
        Exchange {
            made_call_id,
            updates: false,
            infos: false,
            wanted: None,
            sent: None,
            pausing: false,
            granted: None,
            ends_at: None,
        }
    }

    /// Notes what the party can do, by a request or response of its.
    pub(crate) fn hear(&mut self, headers: &Headers) {
        if headers.has(&HeaderName::Allow) {
            let allows = |method: Method| headers.has_token(&HeaderName::Allow, method.as_str());
            (self.updates, self.infos) = (allows(Method::Update), allows(Method::Info));
        }
    }

    /// Notes that something is wanted; the greater wish holds the lesser.
    pub(crate) fn want(&mut self, wanted: Wanted) {
        self.wanted = self.wanted.max(Some(wanted));
    }

    /// How to ask for it: a refresh by UPDATE where the party takes that (RFC 4028 §7.4), since it can't fail over
    /// the session; an offer by re-INVITE, which may ask the user.
    pub(crate) fn method(&self, wanted: Wanted) -> Method {
        match wanted {
            Wanted::Refresh if self.updates => Method::Update,
            Wanted::Refresh | Wanted::Offer => Method::Invite,
        }
    }

    /// Takes the sent request that `response` finally answers.
    pub(crate) fn take_answered(&mut self, response: &Response) -> Option<Sent> {
        let cseq = response.headers.cseq().ok()?;
        let is_it = |sent: &mut Sent| sent.cseq == cseq.number && sent.method == cseq.method;
        match response.is_final() {
            true => self.sent.take_if(is_it),
            false => None,
        }
    }
}

/// What a final response to a request of ours means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Agreed,
    /// The interval is to be raised (RFC 4028 §7.3).
    TooBrief,
    /// Both asked at once (RFC 3261 §14.1).
    Glare,
    /// The party is in the middle of something (RFC 3311 §5.2).
    Later(Duration),
    /// It takes no UPDATE, whatever its Allow said.
    NoUpdate,
    /// There is no dialog any more (RFC 3261 §12.2.1.2).
    DialogOver,
    /// Not this time; the session stays as it was.
    Refused,
}

impl Verdict {
    pub(crate) fn of(method: &Method, response: &Response) -> Verdict {
        match response.status {
            status if status.is_success() => Verdict::Agreed,
            StatusCode::SESSION_INTERVAL_TOO_SMALL => Verdict::TooBrief,
            StatusCode::REQUEST_PENDING => Verdict::Glare,
            StatusCode::REQUEST_TIMEOUT | StatusCode::CALL_DOES_NOT_EXIST => Verdict::DialogOver,
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED
                if *method == Method::Update =>
            {
                Verdict::NoUpdate
            }
            StatusCode::SERVER_INTERNAL_ERROR => match retry_after(&response.headers) {
                Some(span) => Verdict::Later(span.min(RETRY_AFTER_MAX)),
                None => Verdict::Refused,
            },
            _ => Verdict::Refused,
        }
    }
}

/// Retry-After's seconds; a comment or parameters may stand behind them (RFC 3261 §20.33).
fn retry_after(headers: &Headers) -> Option<Duration> {
    let value = headers.text(&HeaderName::RetryAfter)?;
    let digits = value.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok().map(Duration::from_secs)
}

/// How long a side waits after a 491 (RFC 3261 §14.1): whoever made the Call-ID 2.1 to 4 s, the other 0 to 2 s, in
/// steps of 10 ms.
pub(crate) fn glare_pause(made_call_id: Owner, random: u64) -> Duration {
    let steps_of_10_ms = match made_call_id {
        Owner::Us => 210 + random % 191,
        Owner::Them => random % 201,
    };
    Duration::from_millis(steps_of_10_ms * 10)
}

/// Whose Call-ID a dialog has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Owner {
    Us,
    Them,
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip_core::Request;

    fn response(status: u16, lines: &[(HeaderName, &str)]) -> Response {
        let mut request = Request::new(Method::Invite, "sip:a@b.example".parse().unwrap());
        request.headers.push(HeaderName::CSeq, "7 INVITE");
        let mut response = request.response(StatusCode::new(status).unwrap());
        for (name, value) in lines {
            response.headers.push(name.clone(), *value);
        }
        response
    }

    #[test]
    fn pauses_after_a_glare_lie_where_the_rfc_wants_them() {
        for random in (0..100_000).chain([u64::MAX]) {
            let ours = glare_pause(Owner::Us, random).as_millis();
            assert!((2_100..=4_000).contains(&ours) && ours.is_multiple_of(10));
            let theirs = glare_pause(Owner::Them, random).as_millis();
            assert!(theirs <= 2_000 && theirs.is_multiple_of(10));
        }
        assert_eq!(glare_pause(Owner::Us, 190).as_millis(), 4_000);
        assert_eq!(glare_pause(Owner::Them, 200).as_millis(), 2_000);
    }

    #[test]
    fn each_answer_has_its_meaning() {
        let later = (HeaderName::RetryAfter, "3 (busy);duration=9");
        for (method, status, lines, verdict) in [
            (Method::Update, 200, vec![], Verdict::Agreed),
            (Method::Invite, 422, vec![], Verdict::TooBrief),
            (Method::Update, 491, vec![], Verdict::Glare),
            (
                Method::Update,
                500,
                vec![later],
                Verdict::Later(Duration::from_secs(3)),
            ),
            (
                Method::Update,
                500,
                vec![(HeaderName::RetryAfter, "3600")],
                Verdict::Later(RETRY_AFTER_MAX),
            ),
            (Method::Update, 500, vec![], Verdict::Refused),
            (Method::Update, 405, vec![], Verdict::NoUpdate),
            (Method::Update, 501, vec![], Verdict::NoUpdate),
            (Method::Invite, 405, vec![], Verdict::Refused),
            (Method::Invite, 408, vec![], Verdict::DialogOver),
            (Method::Invite, 481, vec![], Verdict::DialogOver),
            (Method::Invite, 488, vec![], Verdict::Refused),
            (Method::Invite, 603, vec![], Verdict::Refused),
        ] {
            assert_eq!(
                Verdict::of(&method, &response(status, &lines)),
                verdict,
                "{status}"
            );
        }
    }

    #[test]
    fn an_answer_is_taken_once_and_only_by_the_request_it_answers() {
        let sent = Sent {
            method: Method::Invite,
            cseq: 7,
            wanted: Wanted::Offer,
        };
        let mut exchange = Exchange {
            sent: Some(Sent {
                cseq: 8,
                ..sent.clone()
            }),
            ..Exchange::new(Owner::Us)
        };
        assert_eq!(exchange.take_answered(&response(200, &[])), None);
        exchange.sent = Some(sent.clone());
        assert_eq!(exchange.take_answered(&response(180, &[])), None);
        assert_eq!(exchange.take_answered(&response(200, &[])), Some(sent));
        assert_eq!(exchange.take_answered(&response(200, &[])), None);
    }

    #[test]
    fn a_greater_wish_holds_the_lesser() {
        let mut exchange = Exchange::new(Owner::Us);
        exchange.want(Wanted::Offer);
        exchange.want(Wanted::Refresh);
        assert_eq!(exchange.wanted, Some(Wanted::Offer));
    }
}
