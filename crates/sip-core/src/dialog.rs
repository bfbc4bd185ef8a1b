//! A dialog (RFC 3261 §12): what both ends remember of one another, and the requests that follow from it.
//! Contact, bodies and when to send what are left to the one who uses it; Via to the transaction layer.

use crate::header::Headers;
use crate::header_name::HeaderName;
use crate::header_name_addr::NameAddr;
use crate::header_typed::{Contacts, HeaderError};
use crate::header_value::HeaderValue;
use crate::message::{Request, Response};
use crate::method::Method;
use crate::uri::Uri;
use serde::{Deserialize, Serialize};

/// One end's view of a dialog, early or confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialog {
    /// Call-ID.
    pub call_id: Box<str>,
    /// Our tag.
    pub local_tag: Box<str>,
    /// The peer's tag; empty for a peer older than tags (§12.1.1).
    pub remote_tag: Box<str>,
    /// Ourselves, without tag.
    pub local: NameAddr,
    /// The peer, without tag.
    pub remote: NameAddr,
    /// The CSeq number of our latest request; 0 before the first.
    pub local_cseq: u32,
    /// The CSeq number of the peer's latest request, once there was one.
    pub remote_cseq: Option<u32>,
    /// The proxies that want to see every request, nearest first.
    pub route_set: Vec<NameAddr>,
    /// The peer's Contact.
    pub remote_target: Uri,
    /// Whether it was begun with a `sips:` URI.
    pub secure: bool,
}

/// Why a request or response makes no dialog.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialogError {
    /// A header that a dialog needs is missing or malformed.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// A request that begins a dialog must say where the peer is.
    #[error("expected a Contact with one address, got none")]
    NoContact,
    /// A provisional response without a tag makes no dialog.
    #[error("expected a To tag, got none")]
    NoTag,
}

/// A request with a CSeq number below one that has come before: to be answered 500 (§12.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a CSeq number above {expected_above}, got {came}")]
pub struct OutOfOrder {
    /// The latest number before it.
    pub expected_above: u32,
    /// Its own.
    pub came: u32,
}

impl Dialog {
    /// The dialog that our response to `request` begins (§12.1.1); `local_tag` is the tag in it.
    pub fn from_invite(request: &Request, local_tag: &str) -> Result<Dialog, DialogError> {
        let headers = &request.headers;
        let from = headers.from()?;
        Ok(Dialog {
            call_id: headers.call_id()?.into(),
            local_tag: local_tag.into(),
            remote_tag: from.tag().unwrap_or_default().into(),
            local: headers.to()?.without_tag(),
            remote: from.without_tag(),
            local_cseq: 0,
            remote_cseq: Some(headers.cseq_parts()?.0),
            route_set: headers.record_routes()?,
            remote_target: contact(headers)?.ok_or(DialogError::NoContact)?,
            secure: is_secure(&request.uri),
        })
    }

    /// The dialog that a provisional or 2xx `response` to our `request` begins (§12.1.2). One that names
    /// no Contact, as some 180s don't, leaves the peer where the request went.
    pub fn from_response(request: &Request, response: &Response) -> Result<Dialog, DialogError> {
        Dialog::between(&request.headers, &request.uri, response)
    }

    /// The same by what `response` repeats of a request of ours, with To for the place that the request went to.
    pub fn from_response_alone(response: &Response) -> Result<Dialog, DialogError> {
        let uri = response.headers.to()?.uri;
        Dialog::between(&response.headers, &uri, response)
    }

    fn between(ours: &Headers, uri: &Uri, response: &Response) -> Result<Dialog, DialogError> {
        let from = ours.from()?;
        let to = response.headers.to()?;
        let remote_tag = to.tag().unwrap_or_default().into();
        if to.tag().is_none() && response.status.is_provisional() {
            return Err(DialogError::NoTag);
        }
        Ok(Dialog {
            call_id: ours.call_id()?.into(),
            local_tag: from.tag().unwrap_or_default().into(),
            remote_tag,
            local: from.without_tag(),
            remote: to.without_tag(),
            local_cseq: ours.cseq_parts()?.0,
            remote_cseq: None,
            route_set: reversed_record_routes(response)?,
            remote_target: contact(&response.headers)?.unwrap_or_else(|| uri.clone()),
            secure: is_secure(uri),
        })
    }

    /// A 2xx to the INVITE that we began this dialog with: target and route set are taken from it, the
    /// rest stays (§13.2.2.4). What can't be read in it changes nothing.
    pub fn confirm(&mut self, response: &Response) {
        self.refresh(response);
        if let Ok(routes) = reversed_record_routes(response) {
            self.route_set = routes;
        }
    }

    /// A 2xx to our re-INVITE or UPDATE: the peer may have moved (§12.2.1.2).
    pub fn refresh(&mut self, response: &Response) {
        if let Ok(Some(target)) = contact(&response.headers) {
            self.remote_target = target;
        }
    }

    /// Our next request (§12.2.1.1). ACK and CANCEL, which have another request's number, are not made
    /// here.
    pub fn request(&mut self, method: Method) -> Request {
        self.local_cseq = self.local_cseq.saturating_add(1);
        self.numbered(method, self.local_cseq)
    }

    /// The ACK to a 2xx to our INVITE with that CSeq number (§13.2.2.4).
    pub fn ack(&self, cseq: u32) -> Request {
        self.numbered(Method::Ack, cseq)
    }

    /// A request of the peer's in this dialog: refuses one out of order, and notes where the peer is now
    /// (§12.2.2).
    pub fn accept(&mut self, request: &Request) -> Result<(), OutOfOrder> {
        if matches!(request.method, Method::Ack | Method::Cancel) {
            return Ok(());
        }
        if let Ok((came, _)) = request.headers.cseq_parts() {
            match self.remote_cseq {
                Some(latest) if came < latest => {
                    return Err(OutOfOrder {
                        expected_above: latest,
                        came,
                    });
                }
                _ => self.remote_cseq = Some(came),
            }
        }
        // RFC 3311 §5.1: UPDATE refreshes the target as re-INVITE does.
        if matches!(request.method, Method::Invite | Method::Update)
            && let Ok(Some(target)) = contact(&request.headers)
        {
            self.remote_target = target;
        }
        Ok(())
    }

    /// Whether the peer's request belongs to this dialog (§12.2.2).
    pub fn matches(&self, request: &Request) -> bool {
        let headers = &request.headers;
        headers.call_id().is_ok_and(|id| id == &*self.call_id)
            && headers.to_tag().unwrap_or_default() == *self.local_tag
            && headers.from_tag().unwrap_or_default() == *self.remote_tag
    }

    /// The URI whose address our requests go to.
    pub fn next_hop(&self) -> &Uri {
        match self.route_set.first() {
            Some(route) => &route.uri,
            None => &self.remote_target,
        }
    }

    fn numbered(&self, method: Method, cseq: u32) -> Request {
        let mut request = Request::new(method, self.remote_target.clone());
        let mut routes = self.route_set.clone();
        if let Some(first) = self.route_set.first()
            && !first.uri.params().has("lr")
        {
            // §12.2.1.1: a strict router wants itself in the Request-URI and the target at the end.
            request.uri = as_request_uri(&first.uri);
            routes.remove(0);
            routes.push(NameAddr::new(self.remote_target.clone()));
        }
        let headers = &mut request.headers;
        for route in routes {
            headers.push(HeaderName::Route, route);
        }
        let local = self.local.tagged(&self.local_tag);
        headers.push(HeaderName::From, HeaderValue::of(local));
        let remote = self.remote.tagged(&self.remote_tag);
        headers.push(HeaderName::To, HeaderValue::of(remote));
        headers.push(HeaderName::CallId, &*self.call_id);
        headers.push(
            HeaderName::CSeq,
            HeaderValue::of(format_args!("{cseq} {}", request.method)),
        );
        request
    }
}

fn is_secure(uri: &Uri) -> bool {
    uri.as_sip().is_some_and(|sip| sip.secure)
}

fn contact(headers: &Headers) -> Result<Option<Uri>, HeaderError> {
    match headers.contacts()? {
        Contacts::List(list) => Ok(list.into_iter().next().map(|contact| contact.uri)),
        Contacts::Star => Ok(None),
    }
}

/// §12.1.2: the response lists the proxies from the far end.
fn reversed_record_routes(response: &Response) -> Result<Vec<NameAddr>, HeaderError> {
    let mut routes = response.headers.record_routes()?;
    routes.reverse();
    Ok(routes)
}

/// §19.1.1: a Request-URI carries neither headers nor a method.
fn as_request_uri(uri: &Uri) -> Uri {
    let mut uri = uri.clone();
    if let Uri::Sip(sip) = &mut uri {
        sip.headers = None;
        sip.params.remove("method");
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::StatusCode;

    fn invite(extra: &[(HeaderName, &str)]) -> Request {
        let mut request = Request::new(Method::Invite, "sip:bob@biloxi.example".parse().unwrap());
        let fixed = [
            (
                HeaderName::Via,
                "SIP/2.0/UDP pc33.atlanta.example;branch=z9hG4bK776",
            ),
            (
                HeaderName::From,
                "\"Alice\" <sip:alice@atlanta.example>;tag=1928301774",
            ),
            (HeaderName::To, "Bob <sip:bob@biloxi.example>"),
            (HeaderName::CallId, "a84b4c76e66710@pc33"),
            (HeaderName::CSeq, "314159 INVITE"),
        ];
        for (name, value) in fixed.iter().chain(extra) {
            request.headers.push(name.clone(), *value);
        }
        request
    }

    fn answer(to: &Request, extra: &[(HeaderName, &str)]) -> Response {
        let mut response = to.response_with_tag(StatusCode::OK, "a6c85cf");
        for (name, value) in extra {
            response.headers.push(name.clone(), *value);
        }
        response
    }

    const ALICE: (HeaderName, &str) = (HeaderName::Contact, "<sip:alice@192.0.2.33>");
    const BOB: (HeaderName, &str) = (HeaderName::Contact, "<sip:bob@192.0.2.4:5080>");

    fn lines(request: &Request) -> Vec<String> {
        let text = String::from_utf8(request.to_bytes().to_vec()).unwrap();
        text.lines().map(Into::into).collect()
    }

    #[test]
    fn both_ends_of_a_dialog_take_each_others_requests_for_their_own() {
        let invite = invite(&[ALICE]);
        let mut bob = Dialog::from_invite(&invite, "a6c85cf").unwrap();
        let mut alice = Dialog::from_response(&invite, &answer(&invite, &[BOB])).unwrap();
        let from_alice = alice.request(Method::Bye);
        let from_bob = bob.request(Method::Bye);
        assert!(bob.matches(&from_alice) && alice.matches(&from_bob));
        assert!(!alice.matches(&from_alice) && !bob.matches(&from_bob));
        assert_eq!(from_alice.headers.cseq().unwrap().number, 314160);
        assert_eq!(from_bob.headers.cseq().unwrap().number, 1);
        assert_eq!(from_alice.uri.to_string(), "sip:bob@192.0.2.4:5080");
        assert_eq!(from_bob.uri.to_string(), "sip:alice@192.0.2.33");
        let ack = alice.ack(314159);
        assert_eq!(ack.headers.text(&HeaderName::CSeq), Some("314159 ACK"));
        assert!(bob.matches(&ack));
    }

    #[test]
    fn a_dialog_that_was_saved_and_loaded_goes_on_as_it_was() {
        let routes = [
            (HeaderName::RecordRoute, "<sip:p2.example;lr>"),
            (HeaderName::RecordRoute, "\"Å b\" <sip:p1.example>"),
            BOB,
        ];
        let invite = invite(&[ALICE]);
        let mut kept = Dialog::from_response(&invite, &answer(&invite, &routes)).unwrap();
        let saved = postcard::to_stdvec(&kept).unwrap();
        let mut loaded: Dialog = postcard::from_bytes(&saved).unwrap();
        assert_eq!(loaded, kept);
        assert_eq!(loaded.request(Method::Bye), kept.request(Method::Bye));
    }

    #[test]
    fn loose_routers_stand_in_route_nearest_first() {
        let routes = [
            (
                HeaderName::RecordRoute,
                "<sip:p2.example;lr>, <sip:p1.example;lr>",
            ),
            BOB,
        ];
        let invite = invite(&[ALICE]);
        let mut alice = Dialog::from_response(&invite, &answer(&invite, &routes)).unwrap();
        assert_eq!(alice.next_hop().to_string(), "sip:p1.example;lr");
        let bye = lines(&alice.request(Method::Bye));
        assert_eq!(bye[0], "BYE sip:bob@192.0.2.4:5080 SIP/2.0");
        assert_eq!(
            bye[1..3],
            ["Route: <sip:p1.example;lr>", "Route: <sip:p2.example;lr>"]
        );
    }

    #[test]
    fn a_strict_router_stands_in_the_request_uri_and_the_target_last() {
        let invite = invite(&[
            ALICE,
            (
                HeaderName::RecordRoute,
                "<sip:p1.example;method=INVITE?x=y>",
            ),
            (HeaderName::RecordRoute, "<sip:p2.example;lr>"),
        ]);
        let mut bob = Dialog::from_invite(&invite, "t").unwrap();
        assert_eq!(bob.next_hop().host().unwrap().to_string(), "p1.example");
        let bye = lines(&bob.request(Method::Bye));
        assert_eq!(bye[0], "BYE sip:p1.example SIP/2.0");
        assert_eq!(
            bye[1..3],
            [
                "Route: <sip:p2.example;lr>",
                "Route: <sip:alice@192.0.2.33>"
            ]
        );
    }

    #[test]
    fn a_lower_cseq_is_out_of_order_and_changes_nothing() {
        let invite = invite(&[ALICE]);
        let mut bob = Dialog::from_invite(&invite, "a6c85cf").unwrap();
        let mut late = invite.clone();
        late.headers.set(HeaderName::CSeq, "314158 INVITE");
        late.headers
            .set(HeaderName::Contact, "<sip:elsewhere@192.0.2.99>");
        let before = bob.clone();
        let refused = bob.accept(&late);
        assert_eq!(
            refused,
            Err(OutOfOrder {
                expected_above: 314159,
                came: 314158
            })
        );
        assert_eq!(bob, before);
        late.headers.set(HeaderName::CSeq, "314160 INVITE");
        assert_eq!(bob.accept(&late), Ok(()));
        assert_eq!(bob.remote_target.to_string(), "sip:elsewhere@192.0.2.99");
        assert_eq!(bob.remote_cseq, Some(314160));
    }

    #[test]
    fn only_target_refresh_requests_move_the_target() {
        let invite = invite(&[ALICE]);
        let mut bob = Dialog::from_invite(&invite, "a6c85cf").unwrap();
        let mut info = invite.clone();
        info.method = Method::Info;
        info.headers.set(HeaderName::CSeq, "314170 INFO");
        info.headers
            .set(HeaderName::Contact, "<sip:elsewhere@192.0.2.99>");
        assert_eq!(bob.accept(&info), Ok(()));
        assert_eq!(bob.remote_target.to_string(), "sip:alice@192.0.2.33");
    }

    #[test]
    fn an_early_dialog_is_confirmed_with_the_2xxs_own_target_and_routes() {
        let invite = invite(&[ALICE]);
        let ringing = invite.response_with_tag(StatusCode::RINGING, "a6c85cf");
        let mut alice = Dialog::from_response(&invite, &ringing).unwrap();
        assert_eq!(alice.remote_target, invite.uri);
        let routes = [(HeaderName::RecordRoute, "<sip:p1.example;lr>"), BOB];
        alice.confirm(&answer(&invite, &routes));
        assert_eq!(alice.remote_target.to_string(), "sip:bob@192.0.2.4:5080");
        assert_eq!(alice.route_set.len(), 1);
        let moved = answer(&invite, &[(HeaderName::Contact, "<sip:bob@192.0.2.5>")]);
        alice.refresh(&moved);
        assert_eq!(alice.remote_target.to_string(), "sip:bob@192.0.2.5");
        assert_eq!(alice.route_set.len(), 1);
    }

    #[test]
    fn what_begins_no_dialog_says_why() {
        let bare = invite(&[]);
        assert_eq!(Dialog::from_invite(&bare, "t"), Err(DialogError::NoContact));
        let trying = bare.response(StatusCode::TRYING);
        assert_eq!(
            Dialog::from_response(&bare, &trying),
            Err(DialogError::NoTag)
        );
    }
}
