//! Requests of ours to one party that have no final response yet, kept where that may ask for the same in other words:
//! with credentials, or for a longer session.

use serde::{Deserialize, Serialize};
use sip_core::{CSeq, Flow, HeaderName, Headers, Method, Request, Response};

/// Requests to one party that are kept at once: an INVITE, its PRACK, and two of UPDATE, NOTIFY, INFO and BYE. The
/// oldest gives way: its party is then asked once only.
const KEPT_MAX: usize = 4;

/// One request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Sent {
    pub(crate) request: Request,
    pub(crate) flow: Flow,
    /// Challenges to it that have been answered.
    pub(crate) challenges: u8,
    pub(crate) tried: Tried,
}

/// Where a request has been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Tried {
    /// Where its party was to be expected.
    Expected,
    /// Where its party is to be sought, after it could not be sent there.
    LookedUp,
}

/// What one party has not answered.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Unanswered {
    sent: Vec<Sent>,
    /// What our latest INVITE was vouched for with: its ACK repeats it (RFC 3261 §13.2.2.4).
    credentials: Vec<(HeaderName, Box<str>)>,
}

impl Unanswered {
    /// Keeps a request.
    pub(crate) fn keep(&mut self, sent: Sent) {
        if sent.request.method == Method::Invite {
            self.credentials = credentials_of(&sent.request.headers);
        }
        if self.sent.len() == KEPT_MAX {
            self.sent.remove(0);
        }
        self.sent.push(sent);
    }

    /// Gives back the request that `response` answers.
    pub(crate) fn take(&mut self, response: &Response) -> Option<Sent> {
        let cseq = response.headers.cseq().ok()?;
        let index = self.sent.iter().position(|sent| {
            let headers = &sent.request.headers;
            headers.cseq().is_ok_and(|it| it == cseq)
        })?;
        Some(self.sent.remove(index))
    }

    /// Gives back the latest of that method.
    pub(crate) fn take_latest(&mut self, method: &Method) -> Option<Sent> {
        let is_it = |sent: &Sent| sent.request.method == *method;
        let index = self.sent.iter().rposition(is_it)?;
        Some(self.sent.remove(index))
    }

    /// Adds to an ACK what its INVITE was vouched for with.
    pub(crate) fn vouch(&self, ack: &mut Request) {
        for (name, value) in &self.credentials {
            ack.headers.push(name.clone(), value.clone());
        }
    }
}

impl Sent {
    /// A request on its first way.
    pub(crate) fn new(request: Request, flow: Flow) -> Sent {
        Sent {
            request,
            flow,
            challenges: 0,
            tried: Tried::Expected,
        }
    }

    /// The same request under another number.
    pub(crate) fn number(&mut self, number: u32) {
        let method = self.request.method.clone();
        let cseq = CSeq { number, method };
        self.request.headers.set(HeaderName::CSeq, cseq);
    }
}

fn credentials_of(headers: &Headers) -> Vec<(HeaderName, Box<str>)> {
    let names = [HeaderName::Authorization, HeaderName::ProxyAuthorization];
    let with_value = |name: HeaderName| {
        let value = headers.text(&name)?.into();
        Some((name, value))
    };
    names.into_iter().filter_map(with_value).collect()
}
