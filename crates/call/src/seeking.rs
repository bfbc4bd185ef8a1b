//! Where requests within a dialog go when that has to be looked up (RFC 3261 §12.2.1.1, RFC 3263): values. What is done
//! with them is in `shard/seek`.

use crate::shard::Mark;
use crate::unanswered::Sent;
use base::BoundedVec;
use serde::{Deserialize, Serialize};
use sip_core::{Transport, Uri};

/// Requests to one party that wait until it is known where they go: as many as may be unanswered, and the ACKs of two
/// INVITEs. One too many is given up, as if it had been lost.
const WAITING_MAX: usize = 6;

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
    pub(crate) waiting: BoundedVec<Waiting, WAITING_MAX>,
}

/// Whether requests to that next hop can't just go where the party was last heard by UDP: it is a name, or wants
/// another transport.
pub(crate) fn leads_elsewhere(next_hop: &Uri) -> bool {
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
