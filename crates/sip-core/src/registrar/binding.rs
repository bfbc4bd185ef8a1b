//! One place where a user can be reached, and the way there.

use crate::header_name_addr::NameAddr;
use crate::transport::{Flow, Transport};
use crate::uri::Uri;
use base::Time;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// RFC 3261 §16.6: contacts that don't say are equal.
pub const Q_DEFAULT: u16 = 1_000;

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
    /// Which of the device's flows it is (RFC 5626 §4.2), where it keeps any: it is then reached by the flow.
    pub reg_id: Option<u32>,
    /// Values of Path, nearest to us first (RFC 3327): the Route of every request to this contact.
    pub path: Box<[Box<str>]>,
    /// Whether the phone sees another address of itself than we do: requests then go to `flow`, not to
    /// where the contact says.
    pub natted: bool,
}

impl Binding {
    /// Whether requests go back the way the REGISTER came, whatever the contact says: an address translator is
    /// on the way, the phone asked for it, or there is a connection, which the phone may be unable to take
    /// anew.
    pub fn is_pinned(&self) -> bool {
        self.path.is_empty() && (self.natted || self.reg_id.is_some() || self.flow.connection != 0)
    }

    /// Where a request to this contact is sent: to the first proxy of its path, back the way the REGISTER came,
    /// or to the contact's address, if it may lead there.
    pub fn way(&self) -> Flow {
        match self.next_hop() {
            Some((transport, remote))
                if !self.is_pinned()
                    && remote != self.flow.remote
                    && self.flow.may_lead_to(&remote) =>
            {
                Flow {
                    transport,
                    remote,
                    connection: 0,
                    ..self.flow
                }
            }
            _ => self.flow,
        }
    }

    /// The URI by which this contact is to be reached, where that has to be looked up: it is a name, or asks for another
    /// transport than the REGISTER came by, which takes another of our listeners.
    pub fn elsewhere(&self) -> Option<Uri> {
        let hop = self.hop_uri().filter(|_| !self.is_pinned())?;
        let is_name = hop.host()?.ip().is_none();
        (is_name || !self.agrees(&hop)).then(|| hop.into_owned())
    }

    /// The address that the path or the contact names, if it is one.
    fn next_hop(&self) -> Option<(Transport, std::net::SocketAddr)> {
        let hop = self.hop_uri().filter(|hop| self.agrees(hop))?;
        Some((self.flow.transport, hop.socket_addr()?))
    }

    /// Where the path or the contact leads.
    fn hop_uri(&self) -> Option<Cow<'_, Uri>> {
        match self.path.first() {
            None => Some(Cow::Borrowed(&self.contact)),
            Some(first) => Some(Cow::Owned(NameAddr::parse(first.as_bytes()).ok()?.uri)),
        }
    }

    /// Whether that URI can be reached by the transport that the REGISTER came by.
    fn agrees(&self, hop: &Uri) -> bool {
        let named = hop.params().get("transport");
        named.is_none_or(|token| token.eq_ignore_ascii_case(self.flow.transport.via_token()))
    }

    /// Its connection is closed; whether it can still be reached. It then is by a new connection.
    pub fn outlives_connection(&mut self) -> bool {
        // A browser can't be connected to (RFC 7118 §5), and a phone has no certificate to show us.
        let takes_connections = matches!(self.flow.transport, Transport::Udp | Transport::Tcp);
        let on_its_own = self.reg_id.is_none() && takes_connections || !self.path.is_empty();
        self.flow.connection = 0;
        on_its_own && !self.natted && self.next_hop().is_some()
    }

    /// As a Contact of the 200, with what is left of its time in whole seconds, rounded up.
    pub(super) fn shown(&self, now: Time) -> NameAddr {
        let left = self.expires_at.since(now).as_micros().div_ceil(1_000_000);
        let mut shown = NameAddr::new(self.contact.clone());
        if self.q != Q_DEFAULT {
            let q = format!("{}.{:03}", self.q / 1_000, self.q % 1_000);
            shown.params.set("q", &q);
        }
        if let Some(instance) = &self.instance {
            shown.params.set("+sip.instance", instance);
        }
        if let Some(reg_id) = self.reg_id {
            shown.params.set("reg-id", &reg_id.to_string());
        }
        shown.params.set("expires", &left.to_string());
        shown
    }
}
