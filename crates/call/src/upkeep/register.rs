//! One REGISTER on its way out (RFC 3261 §10.2), and what its 2xx grants.

use super::{Around, Register, contact_user};
use sip_core::{
    CSeq, Contacts, Flow, HeaderName, HeaderValue, Method, NameAddr, Request, Response, Uri,
};

/// What a REGISTER says besides what the settings say.
pub(super) struct Said<'a> {
    pub(super) contact: &'a Uri,
    pub(super) call_id: &'a str,
    pub(super) tag: &'a str,
    pub(super) cseq: u32,
    /// How long it is to last; none to end it.
    pub(super) expires_s: u32,
    /// The Contact that was registered last.
    pub(super) before: Option<&'a Uri>,
}

pub(super) fn request(around: &Around<'_>, register: &Register, said: &Said<'_>) -> Request {
    let record = NameAddr::new(around.outward.at_domain(Some(&register.user)));
    let mut request = Request::new(Method::Register, around.outward.at_domain(None));
    let headers = &mut request.headers;
    headers.push(HeaderName::From, record.clone().with_tag(said.tag));
    headers.push(HeaderName::To, record);
    headers.push(HeaderName::CallId, said.call_id);
    headers.push(
        HeaderName::CSeq,
        CSeq {
            number: said.cseq,
            method: Method::Register,
        },
    );
    let contact = said.contact;
    let moved = said.before.filter(|before| !before.is_equivalent(contact));
    headers.push(HeaderName::Contact, lasting(contact, said.expires_s));
    // Our address has changed: nobody is to call us at the one before.
    if let Some(before) = moved {
        headers.push(HeaderName::Contact, lasting(before, 0));
    }
    headers.push(HeaderName::Expires, said.expires_s);
    request
}

/// Our Contact at that server, by what we know ourselves.
pub(super) fn our_contact(around: &Around<'_>, at: &Flow) -> Uri {
    let user = contact_user(around.trunk);
    around.addresses.contact_of(&user, at)
}

fn lasting(contact: &Uri, expires_s: u32) -> HeaderValue<String> {
    HeaderValue::of(format!("<{contact}>;expires={expires_s}"))
}

/// What a registrar grants us: what it says of our Contact, else what it says of all (RFC 3261 §10.2.4).
pub(super) fn granted_s(response: &Response, ours: &Uri) -> Option<u32> {
    let listed = match response.headers.contacts() {
        Ok(Contacts::List(listed)) => listed,
        Ok(Contacts::Star) | Err(_) => Vec::new(),
    };
    // Some write our address as they see it: then the user is ours alone.
    let same = |contact: &&NameAddr| contact.uri.is_equivalent(ours);
    let same_user = |contact: &&NameAddr| contact.uri.user() == ours.user();
    let contact = listed
        .iter()
        .find(same)
        .or_else(|| listed.iter().find(same_user));
    contact
        .and_then(|contact| contact.params.get("expires")?.parse().ok())
        .or_else(|| response.headers.expires().ok().flatten())
}
