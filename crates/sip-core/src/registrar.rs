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
}

impl Refusal {
    fn status(self) -> StatusCode {
        match self {
            Refusal::BadRequest => StatusCode::BAD_REQUEST,
            Refusal::TooBrief => StatusCode::INTERVAL_TOO_BRIEF,
            // §10.3 steps 6 and 7: "the update MUST be aborted and the request fails" with 500.
            Refusal::OutOfOrder => StatusCode::SERVER_INTERNAL_ERROR,
            Refusal::Scheme => StatusCode::UNSUPPORTED_URI_SCHEME,
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
        Some(unreadable_or_not) => unreadable_or_not,
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
mod tests {
    use super::*;
    use crate::method::Method;
    use crate::transport::Transport;

    const RULES: Rules = Rules {
        expires_min: Duration::from_secs(60),
        expires_max: Duration::from_secs(3_600),
        expires_default: Duration::from_secs(600),
        contacts_max: 2,
    };
    const NOW: Time = Time::from_millis(1_000);

    fn flow() -> Flow {
        Flow {
            transport: Transport::Udp,
            local: "192.0.2.1:5060".parse().unwrap(),
            remote: "192.0.2.7:5060".parse().unwrap(),
            connection: 0,
        }
    }

    /// Call-ID, CSeq and the values of Contact and Expires.
    fn register(call_id: &str, cseq: u32, contacts: &[&str], expires: Option<&str>) -> Request {
        let mut request = Request::new(Method::Register, "sip:demo.localhost".parse().unwrap());
        let headers = &mut request.headers;
        headers.push(
            HeaderName::Via,
            "SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK1",
        );
        headers.push(HeaderName::From, "<sip:anna@demo.localhost>;tag=1");
        headers.push(HeaderName::To, "<sip:anna@demo.localhost>");
        headers.push(HeaderName::CallId, call_id);
        headers.push(HeaderName::CSeq, format!("{cseq} REGISTER"));
        for contact in contacts {
            headers.push(HeaderName::Contact, *contact);
        }
        if let Some(expires) = expires {
            headers.push(HeaderName::Expires, expires);
        }
        request
    }

    fn ok(bindings: &mut Bindings, now: Time, request: &Request) -> Vec<String> {
        let response = bindings.register(now, request, &flow(), &RULES);
        assert_eq!(response.status, StatusCode::OK);
        let name = HeaderName::Contact;
        let shown = response.headers.all(&name);
        shown
            .map(|value| String::from_utf8_lossy(value).into())
            .collect()
    }

    fn refused(bindings: &mut Bindings, request: &Request) -> Response {
        let before = bindings.clone();
        let response = bindings.register(NOW, request, &flow(), &RULES);
        assert!(response.status.code() >= 400);
        assert_eq!(*bindings, before, "a refused REGISTER changes nothing");
        response
    }

    const DESK: &str = "<sip:anna@192.0.2.7:5060>";

    #[test]
    fn a_contact_is_bound_shown_with_its_remaining_time_and_ends() {
        let mut bindings = Bindings::default();
        assert!(ok(&mut bindings, NOW, &register("a", 1, &[], None)).is_empty());
        let shown = ok(&mut bindings, NOW, &register("a", 2, &[DESK], Some("120")));
        assert_eq!(shown, ["<sip:anna@192.0.2.7:5060>;expires=120"]);
        let later = NOW + Duration::from_millis(30_500);
        let asked = ok(&mut bindings, later, &register("a", 3, &[], None));
        assert_eq!(asked, ["<sip:anna@192.0.2.7:5060>;expires=90"]);
        let end = NOW + Duration::from_secs(120);
        assert_eq!(bindings.next_expiry(), Some(end));
        assert_eq!(bindings.current(end).count(), 0);
        assert!(bindings.expire(end) && bindings.is_empty());
        assert!(!bindings.expire(end));
    }

    #[test]
    fn the_contacts_own_lifetime_counts_before_the_header_and_both_within_the_rules() {
        for (contact, header, left) in [
            (";expires=90", Some("120"), 90),
            ("", Some("120"), 120),
            ("", None, 600),
            ("", Some("99999"), 3_600),
            (";expires=soon", Some("120"), 600),
            ("", Some("soon"), 600),
        ] {
            let contact = format!("{DESK}{contact}");
            let shown = ok(
                &mut Bindings::default(),
                NOW,
                &register("a", 1, &[&contact], header),
            );
            assert_eq!(shown, [format!("{DESK};expires={left}")]);
        }
        let brief = register("a", 1, &[DESK], Some("59"));
        let response = refused(&mut Bindings::default(), &brief);
        assert_eq!(response.status, StatusCode::INTERVAL_TOO_BRIEF);
        assert_eq!(response.headers.text(&HeaderName::MinExpires), Some("60"));
    }

    #[test]
    fn zero_removes_one_contact_and_a_star_all() {
        let mut bindings = Bindings::default();
        let both = [DESK, "<sip:anna@192.0.2.8>"];
        assert_eq!(
            ok(&mut bindings, NOW, &register("a", 1, &both, None)).len(),
            2
        );
        let gone = format!("{DESK};expires=0");
        let left = ok(&mut bindings, NOW, &register("a", 2, &[&gone], None));
        assert_eq!(left, ["<sip:anna@192.0.2.8>;expires=600"]);
        assert!(ok(&mut bindings, NOW, &register("a", 3, &["*"], Some("0"))).is_empty());
    }

    #[test]
    fn a_star_without_expires_zero_or_beside_a_contact_is_refused() {
        let mut bindings = Bindings::default();
        ok(&mut bindings, NOW, &register("a", 1, &[DESK], None));
        for bad in [
            register("a", 2, &["*"], None),
            register("a", 2, &["*"], Some("60")),
            register("a", 2, &["*", DESK], Some("0")),
            register("a", 2, &["<sip:anna@"], None),
        ] {
            let response = refused(&mut bindings, &bad);
            assert_eq!(response.status, StatusCode::BAD_REQUEST);
        }
        let response = refused(&mut bindings, &register("a", 2, &["<tel:+4685>"], None));
        assert_eq!(response.status, StatusCode::UNSUPPORTED_URI_SCHEME);
    }

    #[test]
    fn a_register_that_comes_late_is_refused_whole() {
        let mut bindings = Bindings::default();
        ok(&mut bindings, NOW, &register("a", 5, &[DESK], None));
        let other = "<sip:anna@192.0.2.8>";
        for late in [
            register("a", 5, &[DESK], None),
            register("a", 4, &[other, DESK], None),
            register("a", 4, &["*"], Some("0")),
        ] {
            let response = refused(&mut bindings, &late);
            assert_eq!(response.status, StatusCode::SERVER_INTERNAL_ERROR);
        }
        assert_eq!(
            ok(&mut bindings, NOW, &register("b", 1, &[DESK], None)).len(),
            1
        );
    }

    #[test]
    fn beyond_the_limit_the_oldest_contact_gives_way() {
        let mut bindings = Bindings::default();
        for (cseq, port) in [(1, 5061), (2, 5062), (3, 5063)] {
            let contact = format!("<sip:anna@192.0.2.7:{port}>");
            ok(&mut bindings, NOW, &register("a", cseq, &[&contact], None));
        }
        let ports: Vec<_> = bindings
            .current(NOW)
            .map(|binding| binding.contact.port())
            .collect();
        assert_eq!(ports, [Some(5063), Some(5062)]);
    }

    #[test]
    fn a_device_that_comes_back_on_another_port_has_one_binding() {
        let mut bindings = Bindings::default();
        let instance = ";+sip.instance=\"<urn:uuid:0000>\";q=0.5";
        let before = format!("<sip:anna@192.0.2.7:5061>{instance}");
        let after = format!("<sip:anna@192.0.2.7:5062>{instance}");
        ok(&mut bindings, NOW, &register("a", 1, &[&before], None));
        let shown = ok(&mut bindings, NOW, &register("b", 1, &[&after], None));
        assert_eq!(
            shown,
            ["<sip:anna@192.0.2.7:5062>;q=0.500;+sip.instance=\"<urn:uuid:0000>\";expires=600"]
        );
    }

    #[test]
    fn a_phone_behind_a_translator_is_known_by_its_via() {
        let mut bindings = Bindings::default();
        ok(&mut bindings, NOW, &register("a", 1, &[DESK], None));
        assert!(!bindings.current(NOW).next().unwrap().natted);
        let mut hidden = register("a", 2, &[DESK], None);
        hidden
            .headers
            .set(HeaderName::Via, "SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bK2");
        ok(&mut bindings, NOW, &hidden);
        assert!(bindings.current(NOW).next().unwrap().natted);
    }

    #[test]
    fn a_preference_is_read_in_thousandths() {
        for (text, read) in [
            ("0", 0),
            ("1", 1_000),
            ("0.7", 700),
            ("0.25", 250),
            ("1.000", 1_000),
            ("0.", 0),
            ("1.5", 1_000),
            ("2", 1_000),
            ("0.1234", 1_000),
            ("-1", 1_000),
            ("0.+1", 1_000),
            ("", 1_000),
        ] {
            assert_eq!(thousandths(Some(text)), read, "{text}");
        }
        assert_eq!(thousandths(None), 1_000);
    }
}
