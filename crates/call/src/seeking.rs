//! Where requests within a dialog go when that has to be looked up (RFC 3261 §12.2.1.1, RFC 3263): values. What is done
//! with them is in `shard/seek`.

use crate::early::EARLY_MAX;
use crate::shard::Mark;
use crate::unanswered::{Sent, Tried};
use base::BoundedVec;
use serde::{Deserialize, Serialize};
use sip_core::{Flow, Transport, Uri};

/// Requests to one party that wait until it is known where they go: as many as may be unanswered, and the ACKs of two
/// INVITEs. One too many is given up, as if it had been lost.
const WAITING_MAX: usize = 6;

/// The same of parties that ring for one INVITE: a PRACK to each, since it sends one reliable response at a time
/// (RFC 3262 §3), and to one of them that it is to answer.
const EARLY_WAITING_MAX: usize = EARLY_MAX + 1;

/// A request that waits.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Waiting {
    /// Whose it is; none of an ACK.
    pub(crate) user: Option<Mark>,
    pub(crate) sent: Sent,
}

/// What is known of where a party is to be sought.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Seeking {
    /// The next hop that was looked up last: the leg's flow leads there.
    pub(crate) found: Option<Box<Uri>>,
    /// The one that is being looked up.
    pub(crate) asked: Option<Box<Uri>>,
    pub(crate) waiting: BoundedVec<Waiting, WAITING_MAX>,
    /// The same of parties that ring.
    pub(crate) early: Option<Box<SeekingEarly>>,
}

/// What is known of where parties are to be sought that ring for one INVITE. One next hop is looked up at a time.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct SeekingEarly {
    /// What was looked up last.
    pub(crate) found: Option<Found>,
    /// Requests, each with its next hop and whose it is; the first one's is being looked up.
    pub(crate) waiting: BoundedVec<(Uri, Mark, Sent), EARLY_WAITING_MAX>,
}

impl Seeking {
    /// One of those that wait could not go over the connection that its party came by.
    pub(crate) fn is_for_one_who_is_gone(&self) -> bool {
        let looked_up = |waiting: &Waiting| waiting.sent.tried == Tried::LookedUp;
        self.waiting.iter().any(looked_up)
    }
}

/// Where a next hop was found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) next_hop: Uri,
    pub(crate) flow: Flow,
}

impl Found {
    /// The way there, if it is this one that was looked for.
    pub(crate) fn way_to(&self, next_hop: &Uri) -> Option<Flow> {
        (self.next_hop == *next_hop).then_some(self.flow)
    }
}

/// Of the places where a next hop was found, best first, the one to send to: whoever was heard at one of them is still
/// there. None that he may not lead us to.
pub(crate) fn place_of(heard: &Flow, found: &[Flow]) -> Option<Flow> {
    let mut allowed = found.iter().filter(|it| heard.may_lead_to(&it.remote));
    let is_heard = |it: &&Flow| {
        heard.connection == 0 && it.transport == heard.transport && it.remote == heard.remote
    };
    let place = allowed.clone().find(is_heard).or_else(|| allowed.next());
    place.copied()
}

/// Whether requests to that next hop have to be looked up, of a party that was heard so. Whoever came by a connection
/// is reached by it.
pub(crate) fn is_to_be_sought(heard: &Flow, next_hop: &Uri) -> bool {
    heard.transport == Transport::Udp && leads_elsewhere(next_hop)
}

/// Whether requests to that next hop can't just go where the party was last heard by UDP: it is a name, or wants
/// another transport.
fn leads_elsewhere(next_hop: &Uri) -> bool {
    let Some(sip) = next_hop.as_sip() else {
        return false;
    };
    let names_transport = match sip.params.get("transport") {
        Some(named) => !named.eq_ignore_ascii_case(Transport::Udp.via_token()),
        None => sip.secure,
    };
    names_transport || sip.host.ip().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_by_udp_leads_where_the_party_was_heard_and_all_else_is_looked_up() {
        for (uri, elsewhere) in [
            ("sip:a@192.0.2.1", false),
            ("sip:a@192.0.2.1:5070;transport=UDP", false),
            ("sip:[2001:db8::1];lr", false),
            ("sip:a@192.0.2.1;transport=tcp", true),
            ("sips:a@192.0.2.1", true),
            ("sip:proxy.example.com;lr", true),
            ("tel:+46850001000", false),
        ] {
            assert_eq!(leads_elsewhere(&uri.parse().unwrap()), elsewhere, "{uri}");
        }
    }
}
