//! A registrar's bindings for one address of record (RFC 3261 §10.3). Who may register, and where all the
//! addresses of record are kept, is left to `sip`.

use crate::header_name::HeaderName;
use crate::header_name_addr::NameAddr;
use crate::header_typed::Contacts;
use crate::message::{Request, Response};
use crate::status::StatusCode;
use crate::transaction::stateless_tag;
use crate::transport::Flow;
use crate::uri::Uri;
use base::Time;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Longest User-Agent and instance id kept with a binding, in bytes: the one is only shown, the other is a
/// URN of 45.
const NOTE_BYTES_MAX: usize = 128;

/// Most contacts of one REGISTER: a phone sends one or two, and comparing all with all must stay cheap.
const CONTACTS_IN_REQUEST_MAX: usize = 16;

/// One place where a user can be reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// What to call.
    pub contact: Uri,
    /// Where the REGISTER came from.
    pub flow: Flow,
    /// When it ends unless refreshed.
    pub expires_at: Time,
    /// Call-ID of the REGISTER.
    pub call_id: Box<str>,
    /// CSeq number of the REGISTER.
    pub cseq: u32,
    /// What the phone calls itself.
    pub user_agent: Option<Box<str>>,
    /// The phone's preference among its user's contacts, in thousandths, 0 to 1000.
    pub q: u16,
    /// `+sip.instance` (RFC 5626 §4.1): the same device whatever its address.
    pub instance: Option<Box<str>>,
    /// Whether the phone sees another address of itself than we do: requests then go to `flow`, not to
    /// where the contact says.
    pub natted: bool,
}

/// How long and how many bindings may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Shorter wishes are refused with 423.
    pub expires_min: Duration,
    /// Longer wishes are shortened.
    pub expires_max: Duration,
    /// For those without a wish.
    pub expires_default: Duration,
    /// Beyond it the oldest give way. With 1 a new contact replaces the old one, as for a phone that
    /// lost its state and comes back on another port.
    pub contacts_max: usize,
}

/// The bindings of one address of record, oldest registration first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bindings(Vec<Binding>);

/// Why a REGISTER changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// Something in it can't be read, or `*` does not stand with `Expires: 0`.
    BadRequest,
    /// A lifetime below the least.
    TooBrief,
    /// A CSeq number not above the binding's own.
    OutOfOrder,
    /// A contact that no call can be sent to.
    Scheme,
    /// More than [`CONTACTS_IN_REQUEST_MAX`].
    TooMany,
}

impl Refusal {
    fn status(self) -> StatusCode {
        match self {
            Refusal::BadRequest => StatusCode::BAD_REQUEST,
            Refusal::TooBrief => StatusCode::INTERVAL_TOO_BRIEF,
            // §10.3 steps 6 and 7: "the update MUST be aborted and the request fails" with 500.
            Refusal::OutOfOrder => StatusCode::SERVER_INTERNAL_ERROR,
            Refusal::Scheme => StatusCode::UNSUPPORTED_URI_SCHEME,
            Refusal::TooMany => StatusCode::FORBIDDEN,
        }
    }
}

impl Bindings {
    /// Carries out a REGISTER that is allowed, whole or not at all, and makes its response: 200 with every
    /// binding there is then, or why not. `flow` is where it came from, and its Via has been stamped so.
    pub fn register(
        &mut self,
        now: Time,
        request: &Request,
        flow: &Flow,
        rules: &Rules,
    ) -> Response {
        self.expire(now);
        let tag = stateless_tag(request);
        match self.updated(now, request, flow, rules) {
            Ok(updated) => {
                *self = updated;
                let mut response = request.response_with_tag(StatusCode::OK, &tag);
                for binding in &self.0 {
                    response
                        .headers
                        .push(HeaderName::Contact, binding.shown(now));
                }
                response
            }
            Err(refusal) => {
                let mut response = request.response_with_tag(refusal.status(), &tag);
                if refusal == Refusal::TooBrief {
                    let least = rules.expires_min.as_secs();
                    response.headers.push(HeaderName::MinExpires, least);
                }
                response
            }
        }
    }

    /// Those that have not ended, newest registration first.
    pub fn current(&self, now: Time) -> impl Iterator<Item = &Binding> {
        let current = self.0.iter().rev();
        current.filter(move |binding| binding.expires_at > now)
    }

    /// Drops those that have ended; whether there were any.
    pub fn expire(&mut self, now: Time) -> bool {
        let before = self.0.len();
        self.0.retain(|binding| binding.expires_at > now);
        self.0.len() != before
    }

    /// When the next one ends.
    pub fn next_expiry(&self) -> Option<Time> {
        self.0.iter().map(|binding| binding.expires_at).min()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn updated(
        &self,
        now: Time,
        request: &Request,
        flow: &Flow,
        rules: &Rules,
    ) -> Result<Bindings, Refusal> {
        let headers = &request.headers;
        let contacts = headers.contacts().map_err(|_| Refusal::BadRequest)?;
        let cseq = headers.cseq().map_err(|_| Refusal::BadRequest)?.number;
        let call_id = headers.call_id().map_err(|_| Refusal::BadRequest)?;
        // RFC 3261 §10.2.1.1: what can't be read counts as no wish.
        let expires_s = headers.expires().unwrap_or(None);
        let comes_after = |binding: &Binding| &*binding.call_id != call_id || cseq > binding.cseq;
        let contacts = match contacts {
            Contacts::List(list) if list.len() > CONTACTS_IN_REQUEST_MAX => {
                return Err(Refusal::TooMany);
            }
            Contacts::List(list) => list,
            Contacts::Star if expires_s != Some(0) => return Err(Refusal::BadRequest),
            Contacts::Star if self.0.iter().all(comes_after) => return Ok(Bindings::default()),
            Contacts::Star => return Err(Refusal::OutOfOrder),
        };
        let mut updated = self.clone();
        for contact in contacts {
            if contact.uri.as_sip().is_none() {
                return Err(Refusal::Scheme);
            }
            let lifetime = lifetime(&contact, expires_s, rules)?;
            let instance = note(contact.params.get("+sip.instance"));
            let is_same = |binding: &Binding| {
                binding.contact.is_equivalent(&contact.uri)
                    || instance.is_some() && binding.instance == instance
            };
            if !self
                .0
                .iter()
                .filter(|binding| is_same(binding))
                .all(comes_after)
            {
                return Err(Refusal::OutOfOrder);
            }
            updated.0.retain(|binding| !is_same(binding));
            if let Some(lifetime) = lifetime {
                updated.0.push(Binding {
                    q: thousandths(contact.params.get("q")),
                    contact: contact.uri,
                    flow: *flow,
                    expires_at: now + lifetime,
                    call_id: call_id.into(),
                    cseq,
                    user_agent: note(headers.text(&HeaderName::UserAgent)),
                    instance,
                    natted: is_natted(request, flow),
                });
            }
        }
        let too_many = updated.0.len().saturating_sub(rules.contacts_max);
        updated.0.drain(..too_many);
        Ok(updated)
    }
}

impl Binding {
    /// As a Contact of the 200, with what is left of its time in whole seconds, rounded up.
    fn shown(&self, now: Time) -> NameAddr {
        let left = self.expires_at.since(now).as_micros().div_ceil(1_000_000);
        let mut shown = NameAddr::new(self.contact.clone());
        if self.q != Q_DEFAULT {
            let q = format!("{}.{:03}", self.q / 1_000, self.q % 1_000);
            shown.params.set("q", &q);
        }
        if let Some(instance) = &self.instance {
            shown.params.set("+sip.instance", instance);
        }
        shown.params.set("expires", &left.to_string());
        shown
    }
}

/// How long a contact wants to be bound; `None` where it wants to go.
fn lifetime(
    contact: &NameAddr,
    expires_s: Option<u32>,
    rules: &Rules,
) -> Result<Option<Duration>, Refusal> {
    let own = contact.params.get("expires");
    let wish = match own.map(|text| crate::text::number(text.as_bytes())) {
        // RFC 3261 §10.2.1.1: what can't be read counts as no wish.
        Some(own) => own,
        None => expires_s,
    };
    let wish = match wish {
        Some(0) => return Ok(None),
        Some(seconds) => Duration::from_secs(u64::from(seconds)),
        None => rules.expires_default,
    };
    if wish < rules.expires_min {
        return Err(Refusal::TooBrief);
    }
    Ok(Some(wish.min(rules.expires_max)))
}

/// RFC 3261 §16.6: contacts that don't say are equal.
const Q_DEFAULT: u16 = 1_000;

/// RFC 3261 §25.1 `qvalue`, in thousandths; what is none counts as not said.
fn thousandths(text: Option<&str>) -> u16 {
    let read = |text: &str| {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let is_read = part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit());
        let part: u16 = format!("{part:0<3}").parse().ok()?;
        match whole {
            "0" if is_read => Some(part),
            "1" if is_read && part == 0 => Some(1_000),
            _ => None,
        }
    };
    text.and_then(read).unwrap_or(Q_DEFAULT)
}

/// RFC 3581: the phone's idea of its address against the one its packets came from.
fn is_natted(request: &Request, flow: &Flow) -> bool {
    request.headers.via().is_ok_and(|via| {
        let port = via.port.unwrap_or(flow.transport.default_port());
        via.host.ip() != Some(flow.remote.ip()) || port != flow.remote.port()
    })
}

/// Text kept for showing and comparing; what is too long is not kept.
fn note(text: Option<&str>) -> Option<Box<str>> {
    let fits = text.filter(|text| !text.is_empty() && text.len() <= NOTE_BYTES_MAX);
    fits.map(Into::into)
}

#[cfg(test)]
mod tests;
