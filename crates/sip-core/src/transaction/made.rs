//! Requests and tags that the layer makes by itself: ACK, CANCEL, and tags that need no memory.

use super::matching::stable_hash;
use super::step::CancelWish;
use crate::frame::parse_saved;
use crate::header_name::HeaderName;
use crate::message::{Message, Request, Response};
use crate::method::Method;
use bytes::Bytes;

/// RFC 3261 §17.1.1.3: the ACK to a final response other than 2xx. `None` if `invite` is no request.
pub(super) fn ack_for(invite: &Bytes, response: &Response) -> Option<Bytes> {
    let invite = request_of(invite)?;
    let mut ack = same_place(&invite, Method::Ack)?;
    ack.headers.remove(&HeaderName::To);
    ack.headers.copy_from(&response.headers, &HeaderName::To);
    Some(ack.to_bytes())
}

/// RFC 3261 §9.1: the CANCEL of an INVITE. `None` if `invite` is no request.
pub(super) fn cancel_for(invite: &Bytes, wish: &CancelWish) -> Option<Bytes> {
    let invite = request_of(invite)?;
    let mut cancel = same_place(&invite, Method::Cancel)?;
    if let Some(reason) = &wish.reason {
        cancel.headers.push(HeaderName::Reason, &**reason);
    }
    Some(cancel.to_bytes())
}

/// A tag for a response that is sent without keeping state: the same each time the same request is
/// answered (RFC 3261 §8.2.7).
pub fn stateless_tag(request: &Request) -> String {
    let headers = &request.headers;
    let text = |name| headers.text(&name).unwrap_or("");
    let hash = stable_hash(&[
        text(HeaderName::Via),
        text(HeaderName::CallId),
        text(HeaderName::CSeq),
        text(HeaderName::From),
    ]);
    format!("{hash:016x}")
}

/// The request whose bytes we kept.
fn request_of(kept: &Bytes) -> Option<Request> {
    match parse_saved(kept.clone()) {
        Ok(Message::Request(request)) => Some(request),
        _ => None,
    }
}

/// What ACK and CANCEL have in common with their INVITE: Request-URI, the top Via, Route, From, To,
/// Call-ID and the CSeq number; and what we call ourselves, where we say it.
fn same_place(invite: &Request, method: Method) -> Option<Request> {
    let number = invite.headers.cseq_parts().ok()?.0;
    let via = invite.headers.via().ok()?;
    let mut made = Request::new(method.clone(), invite.uri.clone());
    made.headers.push(HeaderName::Via, &via);
    made.headers.push(HeaderName::MaxForwards, "70");
    for name in [
        HeaderName::Route,
        HeaderName::From,
        HeaderName::To,
        HeaderName::CallId,
    ] {
        made.headers.copy_from(&invite.headers, &name);
    }
    made.headers
        .push(HeaderName::CSeq, format!("{number} {method}"));
    made.headers
        .copy_from(&invite.headers, &HeaderName::UserAgent);
    Some(made)
}
