//! A registrar's bindings for one address of record (RFC 3261 §10.3, with Path of RFC 3327 and the flows of
//! RFC 5626). Who may register, and where all the addresses of record are kept, is left to `sip`.

mod asked;
mod binding;

pub use binding::{Binding, Q_DEFAULT};

use crate::header_name::HeaderName;
use crate::message::{Request, Response};
use crate::status::StatusCode;
use crate::transaction::stateless_tag;
use crate::transport::Flow;
use asked::{Asked, Wish, Wishes};
use base::Time;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Option tags that a REGISTER may require: RFC 3327 and RFC 5626.
pub const OPTIONS: [&str; 2] = ["path", OUTBOUND];

/// The option tag of RFC 5626.
const OUTBOUND: &str = "outbound";

/// How long and how many bindings may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Shorter wishes are refused with 423.
    pub expires_min: Duration,
    /// Longer wishes are shortened.
    pub expires_max: Duration,
    /// For those without a wish.
    pub expires_default: Duration,
    /// Contacts of one user at once.
    pub contacts_max: usize,
    /// What a contact beyond them meets.
    pub beyond: Beyond,
}

/// What a contact beyond those that a user may have meets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Beyond {
    /// The oldest gives way. With one contact a user the new one replaces the old, as is right for a phone
    /// that lost its state and comes back on another port.
    #[default]
    ReplaceOldest,
    /// It is refused with 403.
    Refuse,
}

/// The bindings of one address of record, oldest registration first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bindings(Vec<Binding>);

/// What a REGISTER did to the bindings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// Nothing: it only asked, came again or was refused.
    Nothing,
    /// They last longer, and are the same otherwise.
    Prolonged,
    /// There are others now, or other ways to them.
    Changed,
}

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
    /// More contacts than one request or one user may have.
    TooMany,
    /// A flow is asked for through a proxy that keeps none.
    NoOutbound,
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
            Refusal::NoOutbound => StatusCode::FIRST_HOP_LACKS_OUTBOUND_SUPPORT,
        }
    }
}

impl Bindings {
    /// Bindings that were kept elsewhere, oldest registration first.
    pub fn of(bindings: Vec<Binding>) -> Bindings {
        Bindings(bindings)
    }

    /// Carries out a REGISTER that is allowed, whole or not at all, and makes its response: 200 with every
    /// binding there is then, or why not. `flow` is where it came from, and its Via has been stamped so.
    pub fn register(
        &mut self,
        now: Time,
        request: &Request,
        flow: &Flow,
        rules: &Rules,
    ) -> (Response, Update) {
        self.expire(now);
        let tag = stateless_tag(request);
        let (asked, update) = match self.update(now, request, flow, rules) {
            Ok(done) => done,
            Err(refusal) => {
                let mut response = request.response_with_tag(refusal.status(), &tag);
                if refusal == Refusal::TooBrief {
                    let least = rules.expires_min.as_secs();
                    response.headers.push(HeaderName::MinExpires, least);
                }
                return (response, Update::Nothing);
            }
        };
        let mut response = request.response_with_tag(StatusCode::OK, &tag);
        let headers = &mut response.headers;
        for binding in &self.0 {
            headers.push(HeaderName::Contact, binding.shown(now));
        }
        // RFC 3327 §5.3: the phone sees which way it is reached.
        for hop in &asked.path {
            headers.push(HeaderName::Path, hop.clone());
        }
        if asked.makes_flow {
            // RFC 5626 §6: so the phone knows that its flows are kept apart.
            headers.push(HeaderName::Require, OUTBOUND);
        }
        (response, update)
    }

    /// Those that have not ended, newest registration first.
    pub fn current(&self, now: Time) -> impl Iterator<Item = &Binding> {
        let current = self.0.iter().rev();
        current.filter(move |binding| binding.expires_at > now)
    }

    /// The same, a device that keeps several flows only by the newest (RFC 5626 §5.3: it is called once).
    pub fn devices(&self, now: Time) -> Vec<Binding> {
        let mut devices: Vec<Binding> = Vec::with_capacity(self.0.len());
        for binding in self.current(now) {
            let same = |known: &Binding| {
                known.reg_id.is_some()
                    && binding.reg_id.is_some()
                    && known.instance == binding.instance
            };
            if !devices.iter().any(same) {
                devices.push(binding.clone());
            }
        }
        devices
    }

    /// Drops those that have ended; whether there were any.
    pub fn expire(&mut self, now: Time) -> bool {
        self.keep(|binding| binding.expires_at > now)
    }

    /// A connection has closed: those that can only be reached by it end, the others are called anew. Whether
    /// there were any.
    pub fn close(&mut self, connection: u64) -> bool {
        let mut any = false;
        self.keep(|binding| {
            let is_its = connection != 0 && binding.flow.connection == connection;
            any |= is_its;
            !is_its || binding.outlives_connection()
        });
        any
    }

    /// Drops those that `keep` doesn't want; whether there were any.
    fn keep(&mut self, keep: impl FnMut(&mut Binding) -> bool) -> bool {
        let before = self.0.len();
        self.0.retain_mut(keep);
        self.0.len() != before
    }

    /// When the next one ends.
    pub fn next_expiry(&self) -> Option<Time> {
        self.0.iter().map(|binding| binding.expires_at).min()
    }

    /// All there are, those included that have expired and are still kept.
    pub fn iter(&self) -> impl Iterator<Item = &Binding> {
        self.0.iter()
    }

    /// How many there are, those included that have expired and are still kept.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn update<'a>(
        &mut self,
        now: Time,
        request: &'a Request,
        flow: &Flow,
        rules: &Rules,
    ) -> Result<(Asked<'a>, Update), Refusal> {
        let (asked, wishes) = Asked::read(request, rules)?;
        let wishes = match wishes {
            Wishes::EndAll if self.0.iter().all(|binding| asked.comes_after(binding)) => {
                self.0.clear();
                return Ok((asked, Update::Changed));
            }
            Wishes::EndAll => return Err(Refusal::OutOfOrder),
            Wishes::Each(wishes) => wishes,
        };
        if wishes.is_empty() || self.has_done(&asked, &wishes, flow) {
            return Ok((asked, Update::Nothing));
        }
        self.check_order(&asked, &wishes)?;
        let as_before = |wish: &Wish| {
            let mut bindings = self.0.iter();
            bindings.any(|binding| asked.leads_as_before(wish, binding, flow))
        };
        let update = match wishes.iter().all(as_before) {
            true => Update::Prolonged,
            false => Update::Changed,
        };
        match rules.beyond {
            Beyond::ReplaceOldest => {
                self.apply(now, &asked, wishes, flow);
                let too_many = self.0.len().saturating_sub(rules.contacts_max);
                self.0.drain(..too_many);
            }
            Beyond::Refuse => {
                let mut updated = self.clone();
                updated.apply(now, &asked, wishes, flow);
                // What there was before the limit was lowered may be refreshed.
                if updated.0.len() > rules.contacts_max.max(self.0.len()) {
                    return Err(Refusal::TooMany);
                }
                *self = updated;
            }
        }
        Ok((asked, update))
    }

    /// Whether this very request has been carried out already: it came again after its transaction was
    /// forgotten, as when this process was started anew in between. It is answered as the first time.
    fn has_done(&self, asked: &Asked<'_>, wishes: &[Wish], flow: &Flow) -> bool {
        let is_done = |wish: &Wish| {
            wish.lifetime.is_some()
                && self.0.iter().any(|binding| {
                    binding.cseq == asked.cseq
                        && *binding.call_id == *asked.call_id
                        && binding.contact == wish.contact
                        && binding.flow == *flow
                })
        };
        wishes.iter().all(is_done)
    }

    fn check_order(&self, asked: &Asked<'_>, wishes: &[Wish]) -> Result<(), Refusal> {
        let late = |wish: &Wish| {
            let mut same = self.0.iter().filter(|binding| wish.is_about(binding));
            same.any(|binding| !asked.comes_after(binding))
        };
        match wishes.iter().any(late) {
            true => Err(Refusal::OutOfOrder),
            false => Ok(()),
        }
    }

    fn apply(&mut self, now: Time, asked: &Asked<'_>, wishes: Vec<Wish>, flow: &Flow) {
        for wish in wishes {
            self.0.retain(|binding| !wish.is_about(binding));
            if let Some(binding) = asked.binding(now, wish, flow) {
                // Most users have one phone: a list that grows by itself would keep room for four.
                self.0.reserve_exact(1);
                self.0.push(binding);
            }
        }
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
