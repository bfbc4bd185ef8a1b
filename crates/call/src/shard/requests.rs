//! Requests: those within a dialog find their leg, those outside start something or are refused.

use super::Shard;
use crate::input::{Admission, CallEvent, Output, RefusedCause};
use crate::subscription::ALLOW_EVENTS;
use crate::tag;
use base::{Time, UserId};
use sip_core::registrar;
use sip_core::transaction::{ServerKey, stateless_tag};
use sip_core::{
    Flow, HeaderName, HeaderValue, Message, Method, Request, Response, StatusCode, Uri, reply_flow,
    stamp_received,
};
use std::time::Duration;

/// What this server takes part in (RFC 3261 §20.5).
pub(crate) const ALLOW: &str =
    "INVITE, ACK, BYE, CANCEL, OPTIONS, REGISTER, REFER, UPDATE, INFO, PRACK, SUBSCRIBE, MESSAGE";
/// What extensions it knows (RFC 3261 §20.37).
pub(crate) const SUPPORTED: &str = "timer, 100rel, replaces, norefersub";
/// What bodies it reads.
pub(crate) const ACCEPT: &str = "application/sdp";
/// What a caller is told when there is no room, or no server, for him now.
pub(super) const RETRY_AFTER_NO_ROOM: Duration = Duration::from_secs(5);

/// A request that will not be done, and what to say.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    pub(crate) cause: RefusedCause,
    pub(crate) header: Option<(HeaderName, String)>,
}

impl Refused {
    pub(crate) fn new(status: StatusCode, cause: RefusedCause) -> Refused {
        Refused {
            status,
            cause,
            header: None,
        }
    }

    pub(crate) fn with(self, name: HeaderName, value: impl Into<String>) -> Refused {
        Refused {
            header: Some((name, value.into())),
            ..self
        }
    }

    pub(crate) fn try_later(cause: RefusedCause, after: Duration) -> Refused {
        Refused::new(StatusCode::SERVICE_UNAVAILABLE, cause)
            .with(HeaderName::RetryAfter, after.as_secs().max(1).to_string())
    }

    fn response_to(&self, request: &Request, tag: &str) -> Response {
        let mut response = request.response_with_tag(self.status, tag);
        if let Some((name, value)) = &self.header {
            response.headers.push(name.clone(), HeaderValue::of(value));
        }
        response
    }

    fn event(&self) -> CallEvent {
        CallEvent::Refused {
            status: self.status.code(),
            cause: self.cause,
        }
    }
}

/// Whether a request still needs an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    Yes,
    NotYet,
}

impl Shard {
    /// Answers what anybody may send, and what belongs to no dialog of ours, with no transaction made for it
    /// (RFC 3261 §8.2.7): a flood of it shall take no room from those who proved who they are.
    pub(super) fn answer_stateless(
        &self,
        flow: &Flow,
        message: &Message,
        admission: &Admission,
        out: &mut Vec<Output>,
    ) -> Answered {
        let Message::Request(request) = message else {
            return Answered::NotYet;
        };
        if *admission != Admission::Anyone || matches!(request.method, Method::Ack | Method::Cancel)
        {
            return Answered::NotYet;
        }
        let result = match request.headers.to_tag() {
            Some(tag) if self.is_dialog_of_ours(&tag, request) => return Answered::NotYet,
            Some(_) => Err(no_dialog()),
            None => unvouched(request),
        };
        if self.knows(message) {
            return Answered::NotYet;
        }
        let mut request = request.clone();
        stamp_received(&mut request, flow);
        let tag = stateless_tag(&request);
        let mut response = match result {
            Ok(()) => capabilities(&request, &tag),
            Err(refused) => {
                out.push(Output::Event(refused.event()));
                refused.response_to(&request, &tag)
            }
        };
        if let Some(banner) = &self.directory.server_header {
            response.headers.push(HeaderName::Server, &**banner);
        }
        out.push(Output::Transmit {
            flow: reply_flow(&request, flow),
            bytes: response.to_bytes(),
        });
        Answered::Yes
    }

    pub(super) fn request(
        &mut self,
        now: Time,
        key: ServerKey,
        flow: Flow,
        request: Request,
        admission: &Admission,
        out: &mut Vec<Output>,
    ) {
        let done = match request.headers.to_tag() {
            Some(tag) => match self.subscription_named(&tag, &request) {
                Some(id) => self.resubscribe(now, &key, flow, &request, id, out),
                None => self.request_in_dialog(now, &key, flow, &request, &tag, out),
            },
            None if request.method == Method::Register => match may_register(&request, admission) {
                Ok(user) => {
                    out.push(Output::Register {
                        key,
                        flow,
                        request,
                        user,
                    });
                    return;
                }
                Err(refused) => Err(refused),
            },
            None => self.request_outside(now, &key, flow, &request, admission, out),
        };
        if let Err(refused) = done {
            self.refuse(now, key, &request, &refused, out);
        }
    }

    pub(super) fn refuse(
        &mut self,
        now: Time,
        key: ServerKey,
        request: &Request,
        refused: &Refused,
        out: &mut Vec<Output>,
    ) {
        let tag = format!("{:016x}", self.random());
        let response = refused.response_to(request, &tag);
        out.push(Output::Event(refused.event()));
        self.respond(now, key, response, out);
    }

    fn request_outside(
        &mut self,
        now: Time,
        key: &ServerKey,
        flow: Flow,
        request: &Request,
        admission: &Admission,
        out: &mut Vec<Output>,
    ) -> Result<(), Refused> {
        match request.method {
            Method::Invite => self.invited(now, key, flow, request, admission, out),
            Method::Subscribe => {
                no_extension_required(request)?;
                self.subscribe(now, key, flow, request, admission, out)
            }
            Method::Message => {
                no_extension_required(request)?;
                self.text_message(key, request, admission, out)
            }
            // All others are answered before a transaction is made: see `answer_stateless`.
            _ => Err(not_ours(&request.method)),
        }
    }

    /// What keeps new calls out for now.
    pub(super) fn room_for_a_call(&self, admission: &Admission) -> Result<(), Refused> {
        if let Some(after) = self.draining {
            return Err(Refused::try_later(RefusedCause::Draining, after));
        }
        let full = self.calls.len() >= super::CALLS_PER_SHARD_MAX;
        if full || *admission == Admission::NoRoom {
            return Err(Refused::try_later(
                RefusedCause::TooManyCalls,
                RETRY_AFTER_NO_ROOM,
            ));
        }
        Ok(())
    }

    fn is_dialog_of_ours(&self, tag: &str, request: &Request) -> bool {
        self.leg_named(tag, request).is_some() || self.subscription_named(tag, request).is_some()
    }

    /// The leg that a tag of ours names, if the rest of the request agrees.
    pub(super) fn leg_named(&self, tag: &str, request: &Request) -> Option<&crate::leg::Leg> {
        let leg = self.leg(tag::leg_of(tag)?)?;
        leg.dialog_with(request)
            .is_some_and(|dialog| *dialog.local_tag == *tag)
            .then_some(leg)
    }
}

/// Whose bindings a REGISTER is about.
fn may_register(request: &Request, admission: &Admission) -> Result<UserId, Refused> {
    no_extension_required_but(request, &registrar::OPTIONS)?;
    match admission {
        Admission::User(user) => Ok(user.clone()),
        _ => Err(Refused::new(
            StatusCode::FORBIDDEN,
            RefusedCause::Unsupported,
        )),
    }
}

/// A request outside a dialog that nobody vouches for: OPTIONS is answered, all else is not done.
fn unvouched(request: &Request) -> Result<(), Refused> {
    match request.method {
        Method::Options if matches!(request.uri, Uri::Other(_)) => {
            // RFC 3261 §11.2: the status is what an INVITE would have got.
            let status = StatusCode::UNSUPPORTED_URI_SCHEME;
            Err(Refused::new(status, RefusedCause::Unsupported))
        }
        Method::Options => no_extension_required(request),
        // A transfer is asked for by those who talk; nobody places calls for others.
        Method::Invite | Method::Register | Method::Refer | Method::Subscribe | Method::Message => {
            let forbidden = StatusCode::FORBIDDEN;
            Err(Refused::new(forbidden, RefusedCause::Unsupported))
        }
        Method::Bye | Method::Prack | Method::Update | Method::Info | Method::Notify => {
            Err(no_dialog())
        }
        _ => Err(not_ours(&request.method)),
    }
}

/// 200 to OPTIONS: what an INVITE would find here (RFC 3261 §11.2).
pub(super) fn capabilities(request: &Request, tag: &str) -> Response {
    let mut response = request.response_with_tag(StatusCode::OK, tag);
    let headers = &mut response.headers;
    headers.push(HeaderName::Allow, HeaderValue::of(ALLOW));
    headers.push(HeaderName::Accept, HeaderValue::of(ACCEPT));
    headers.push(HeaderName::AcceptEncoding, HeaderValue::of("identity"));
    headers.push(HeaderName::AllowEvents, HeaderValue::of(ALLOW_EVENTS));
    headers.push(HeaderName::Supported, HeaderValue::of(SUPPORTED));
    response
}

pub(super) fn no_dialog() -> Refused {
    Refused::new(StatusCode::CALL_DOES_NOT_EXIST, RefusedCause::NoDialog)
}

/// 501 for what nobody defined, 405 for what is defined and not done here (RFC 3261 §8.2.1).
pub(crate) fn not_ours(method: &Method) -> Refused {
    let status = match method {
        Method::Other(_) => StatusCode::NOT_IMPLEMENTED,
        _ => StatusCode::METHOD_NOT_ALLOWED,
    };
    Refused::new(status, RefusedCause::Unsupported).with(HeaderName::Allow, ALLOW)
}

/// RFC 3261 §8.2.2.3: what the sender insists on and we do not have.
pub(crate) fn no_extension_required(request: &Request) -> Result<(), Refused> {
    no_extension_required_but(request, &[])
}

/// The same, where these are known.
fn no_extension_required_but(request: &Request, known: &[&str]) -> Result<(), Refused> {
    let mut unknown = request.headers.tokens(&HeaderName::Require);
    if unknown.is_empty() {
        return Ok(());
    }
    let ours = SUPPORTED.split(", ").chain(known.iter().copied());
    let ours: Vec<&str> = ours.collect();
    unknown.retain(|token| !ours.iter().any(|known| known.eq_ignore_ascii_case(token)));
    if unknown.is_empty() {
        return Ok(());
    }
    Err(
        Refused::new(StatusCode::BAD_EXTENSION, RefusedCause::Unsupported)
            .with(HeaderName::Unsupported, unknown.join(", ")),
    )
}

/// RFC 3261 §8.2.3: a body must be one we read.
pub(crate) fn body_is_readable(request: &Request) -> Result<(), Refused> {
    if request.body.is_empty() {
        return Ok(());
    }
    let unsupported = || {
        Refused::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            RefusedCause::Unsupported,
        )
    };
    let encoded = request
        .headers
        .list(&HeaderName::ContentEncoding)
        .any(|coding| !coding.eq_ignore_ascii_case(b"identity"));
    if encoded {
        return Err(unsupported().with(HeaderName::AcceptEncoding, "identity"));
    }
    match request.headers.content_type() {
        Ok(Some(kind)) if kind == ACCEPT => Ok(()),
        _ => Err(unsupported().with(HeaderName::Accept, ACCEPT)),
    }
}
