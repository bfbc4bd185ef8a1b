//! What a REGISTER asks for, read and judged by itself: what there is already is not looked at here.

use super::binding::Binding;
use super::{OUTBOUND, Refusal, Rules};
use crate::header::Headers;
use crate::header_name::HeaderName;
use crate::header_name_addr::NameAddr;
use crate::header_typed::Contacts;
use crate::message::Request;
use crate::transport::Flow;
use crate::uri::Uri;
use base::Time;
use std::time::Duration;

/// Longest User-Agent and instance id kept with a binding, in bytes: the one is only shown, the other is a
/// URN of 45.
const NOTE_BYTES_MAX: usize = 128;

/// Most contacts of one REGISTER: a phone sends one or two, and comparing all with all must stay cheap.
const CONTACTS_IN_REQUEST_MAX: usize = 16;

/// Most proxies of a Path: an edge and one or two within, with room. All of them ride in every request.
const PATH_HOPS_MAX: usize = 8;

/// Longest value of a Path, in bytes: an address and the token of an edge.
const PATH_BYTES_MAX: usize = 512;

/// Highest `reg-id` (RFC 5626 §4.2).
const REG_ID_MAX: u32 = (1 << 31) - 1;

/// A REGISTER as a registrar reads it.
pub(super) struct Asked<'a> {
    pub(super) call_id: &'a str,
    pub(super) cseq: u32,
    /// Values of Path, nearest to us first.
    pub(super) path: Vec<Box<str>>,
    /// Whether it makes a flow.
    pub(super) makes_flow: bool,
    request: &'a Request,
}

/// Which bindings are to change.
pub(super) enum Wishes {
    /// All shall end.
    EndAll,
    /// These; none for a question.
    Each(Vec<Wish>),
}

/// What one contact wants.
pub(super) struct Wish {
    pub(super) contact: Uri,
    /// How long; `None` where it wants to go.
    pub(super) lifetime: Option<Duration>,
    q: u16,
    instance: Option<Box<str>>,
    reg_id: Option<u32>,
}

impl<'a> Asked<'a> {
    pub(super) fn read(
        request: &'a Request,
        rules: &Rules,
    ) -> Result<(Asked<'a>, Wishes), Refusal> {
        let headers = &request.headers;
        let contacts = headers.contacts().map_err(|_| Refusal::BadRequest)?;
        // RFC 3261 §10.2.1.1: what can't be read counts as no wish.
        let expires_s = headers.expires().unwrap_or(None);
        let wishes = match contacts {
            Contacts::Star if expires_s != Some(0) => return Err(Refusal::BadRequest),
            Contacts::Star => Wishes::EndAll,
            Contacts::List(list) => Wishes::Each(wishes(headers, list, expires_s, rules)?),
        };
        let makes_flow = match &wishes {
            Wishes::EndAll => false,
            Wishes::Each(wishes) => wishes.iter().any(Wish::makes_flow),
        };
        let asked = Asked {
            call_id: headers.call_id().map_err(|_| Refusal::BadRequest)?,
            cseq: headers.cseq().map_err(|_| Refusal::BadRequest)?.number,
            path: path(headers)?,
            makes_flow,
            request,
        };
        match asked.makes_flow && !asked.first_hop_keeps_flows() {
            true => Err(Refusal::NoOutbound),
            false => Ok((asked, wishes)),
        }
    }

    /// RFC 5626 §6: through proxies a flow is kept by the first of them, which says so by `ob` in its Path. It is
    /// the last value, since each puts its own on top.
    fn first_hop_keeps_flows(&self) -> bool {
        let vias = self.request.headers.list(&HeaderName::Via);
        match self.path.last() {
            Some(hop) => {
                NameAddr::parse(hop.as_bytes()).is_ok_and(|hop| hop.uri.params().has("ob"))
            }
            None => vias.take(2).count() == 1,
        }
    }

    /// RFC 3261 §10.3 step 7: whether it may change this binding.
    pub(super) fn comes_after(&self, binding: &Binding) -> bool {
        *binding.call_id != *self.call_id || self.cseq > binding.cseq
    }

    /// Whether a wish only prolongs this binding.
    pub(super) fn leads_as_before(&self, wish: &Wish, binding: &Binding, flow: &Flow) -> bool {
        wish.lifetime.is_some()
            && binding.contact == wish.contact
            && binding.flow == *flow
            && binding.q == wish.q
            && (&binding.instance, binding.reg_id) == (&wish.instance, wish.reg_id)
            && *binding.path == *self.path
    }

    /// The binding that a wish makes, if it wants one.
    pub(super) fn binding(&self, now: Time, wish: Wish, flow: &Flow) -> Option<Binding> {
        Some(Binding {
            expires_at: now + wish.lifetime?,
            contact: wish.contact,
            flow: *flow,
            call_id: self.call_id.into(),
            cseq: self.cseq,
            user_agent: note(self.request.headers.text(&HeaderName::UserAgent)),
            q: wish.q,
            instance: wish.instance,
            reg_id: wish.reg_id,
            path: self.path.clone().into(),
            natted: is_natted(self.request, flow),
        })
    }
}

impl Wish {
    /// Whether it asks for a flow to be kept.
    pub(super) fn makes_flow(&self) -> bool {
        self.reg_id.is_some() && self.lifetime.is_some()
    }

    /// Whether it is about this binding: a flow is known by its device and number (RFC 5626 §6), any other by its
    /// contact (RFC 3261 §10.3 step 7) or, where the device has moved, by that.
    pub(super) fn is_about(&self, binding: &Binding) -> bool {
        let same_device = || self.instance.is_some() && self.instance == binding.instance;
        let same_contact = || binding.contact.is_equivalent(&self.contact);
        match (self.reg_id, binding.reg_id) {
            (Some(id), Some(known)) => id == known && same_device(),
            (None, None) => same_contact() || same_device(),
            _ => same_contact(),
        }
    }
}

fn wishes(
    headers: &Headers,
    contacts: Vec<NameAddr>,
    expires_s: Option<u32>,
    rules: &Rules,
) -> Result<Vec<Wish>, Refusal> {
    if contacts.len() > CONTACTS_IN_REQUEST_MAX {
        return Err(Refusal::TooMany);
    }
    let outbound = [HeaderName::Supported, HeaderName::Require]
        .iter()
        .any(|name| headers.has_token(name, OUTBOUND));
    let mut wishes = Vec::with_capacity(contacts.len());
    for contact in contacts {
        if contact.uri.as_sip().is_none() {
            return Err(Refusal::Scheme);
        }
        let lifetime = lifetime(&contact, expires_s, rules)?;
        let instance = note(contact.params.get("+sip.instance"));
        // RFC 5626 §6: without instance or the option tag it is a contact like any other.
        let reg_id = contact.params.get("reg-id").filter(|_| outbound);
        wishes.push(Wish {
            q: contact.q(),
            lifetime,
            reg_id: reg_id.filter(|_| instance.is_some()).and_then(reg_id_of),
            instance,
            contact: contact.uri,
        });
    }
    // RFC 5626 §6: one REGISTER makes one flow.
    match wishes.iter().filter(|wish| wish.makes_flow()).count() {
        0 | 1 => Ok(wishes),
        _ => Err(Refusal::BadRequest),
    }
}

fn reg_id_of(text: &str) -> Option<u32> {
    crate::text::number(text.as_bytes()).filter(|id| (1..=REG_ID_MAX).contains(id))
}

fn path(headers: &Headers) -> Result<Vec<Box<str>>, Refusal> {
    let mut path = Vec::new();
    for hop in headers.list(&HeaderName::Path) {
        let is_sip = NameAddr::parse(hop).is_ok_and(|hop| hop.uri.as_sip().is_some());
        let text = std::str::from_utf8(hop).map_err(|_| Refusal::BadRequest)?;
        if !is_sip || hop.len() > PATH_BYTES_MAX || path.len() == PATH_HOPS_MAX {
            return Err(Refusal::BadRequest);
        }
        path.push(text.into());
    }
    Ok(path)
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

/// RFC 3581: the phone's idea of its address against the one its packets came from. The port says nothing where
/// there are connections: each has one of its own.
fn is_natted(request: &Request, flow: &Flow) -> bool {
    let sent_by = request.headers.hop().ok().and_then(|hop| hop.sent_by());
    sent_by.is_some_and(|(host, port)| {
        let port = port.unwrap_or(flow.transport.default_port());
        let same_port = flow.transport.is_reliable() || port == flow.remote.port();
        host.ip() != Some(flow.remote.ip()) || !same_port
    })
}

/// Text kept for showing and comparing; what is too long is not kept.
fn note(text: Option<&str>) -> Option<Box<str>> {
    let fits = text.filter(|text| !text.is_empty() && text.len() <= NOTE_BYTES_MAX);
    fits.map(Into::into)
}
