//! Transports, flows, and the two rules that tie a request to the flow it came on: what is noted in its Via,
//! and where its response goes.

use crate::header::Headers;
use crate::header_name::HeaderName;
use crate::header_via::Hop;
use crate::message::Request;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// A transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Transport {
    /// RFC 3261 §18.
    Udp,
    /// RFC 3261 §18.
    Tcp,
    /// RFC 3261 §26.2.1.
    Tls,
    /// RFC 7118.
    Ws,
    /// RFC 7118 over TLS.
    Wss,
}

impl Transport {
    /// The token in a Via.
    pub const fn via_token(self) -> &'static str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
            Transport::Ws => "WS",
            Transport::Wss => "WSS",
        }
    }

    /// The `transport` parameter of a URI that is to be reached by it (RFC 3261 §19.1.1, RFC 7118 §5.5); none
    /// where it needs none.
    pub const fn uri_param(self) -> Option<&'static str> {
        match self {
            Transport::Udp => None,
            Transport::Tcp => Some("tcp"),
            Transport::Tls => Some("tls"),
            Transport::Ws | Transport::Wss => Some("ws"),
        }
    }

    /// Whether it delivers or says that it couldn't: no request is sent again over it.
    pub const fn is_reliable(self) -> bool {
        !matches!(self, Transport::Udp)
    }

    /// The port where none is named (RFC 3261 §19.1.2, RFC 7118 §5.2).
    pub const fn default_port(self) -> u16 {
        match self {
            Transport::Udp | Transport::Tcp => 5060,
            Transport::Tls => 5061,
            Transport::Ws => 80,
            Transport::Wss => 443,
        }
    }
}

/// A place where we are listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    /// How.
    pub transport: Transport,
    /// At which address of ours; unspecified for all that the machine has.
    pub address: SocketAddr,
}

impl Listener {
    /// Whether something can be sent from here by that transport to that address.
    pub fn can_reach(&self, transport: Transport, peer: IpAddr) -> bool {
        self.transport == transport && self.address.is_ipv4() == peer.is_ipv4()
    }
}

/// Between which two addresses bytes go, and on which connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Flow {
    /// How.
    pub transport: Transport,
    /// Our end: the address we listen at, also where a connection of ours has another port.
    pub local: SocketAddr,
    /// Their end.
    pub remote: SocketAddr,
    /// Which connection; 0 for UDP, which has none. Where something is to be sent over a connection, 0 is
    /// any to `remote`, opened if there is none.
    pub connection: u64,
}

impl Flow {
    /// Whether what was to go over this flow can't, now that `lost` is no more: it is that very flow, or any
    /// connection to its other end would have done.
    pub fn is_lost_with(&self, lost: &Flow) -> bool {
        let by_it = match self.connection {
            0 => self.remote == lost.remote,
            connection => connection == lost.connection,
        };
        self.transport == lost.transport && by_it
    }

    /// Whether whoever was heard on this flow may send us to that address, by his Contact or what it is looked up as. What
    /// listens on our own machine is for whoever is on it himself, and what we listen at is no other party.
    pub fn may_lead_to(&self, address: &SocketAddr) -> bool {
        let ip = address.ip().to_canonical();
        let heard_here = self.remote.ip().to_canonical().is_loopback();
        let is_this_machine = ip.is_unspecified() || (ip.is_loopback() && !heard_here);
        *address == self.remote || !(is_this_machine || *address == self.local)
    }
}

/// Notes in the topmost Via where the request came from: `received` where that isn't what the Via says, or
/// where `rport` asks (RFC 3261 §18.2.1, RFC 3581 §4). What a sender claims to have been noted is overwritten.
/// A Via that can't be read stays as it is.
pub fn stamp_received(request: &mut Request, arrived: &Flow) {
    stamp_headers(&mut request.headers, arrived);
}

/// The same for the headers of a request, or of a response made before the request was stamped.
pub fn stamp_headers(headers: &mut Headers, arrived: &Flow) {
    let hop = headers.hop().ok();
    if let Some(stamped) = hop.and_then(|hop| hop.stamped(arrived.remote)) {
        headers.replace_first_value(&HeaderName::Via, stamped);
    }
}

/// Where the response to a request goes (RFC 3261 §18.2.2, RFC 3581 §4).
///
/// A reliable transport answers on the connection. UDP answers to the address the request came from; to the
/// port it came from where `rport` asks, else to the port the Via names. So nobody has an answer sent to a
/// third party. `maddr` is not followed for the same reason.
pub fn reply_flow(request: &Request, arrived: &Flow) -> Flow {
    reply_flow_of(&request.headers, arrived)
}

/// The same for the headers of a request or of the response to it. Where the Via can't be read, the
/// response goes back to where the request came from.
pub fn reply_flow_of(headers: &Headers, arrived: &Flow) -> Flow {
    if arrived.transport.is_reliable() {
        return *arrived;
    }
    let named = headers.hop().ok().filter(|hop| hop.rport().is_none());
    match named.filter(Hop::is_sound).and_then(|hop| hop.sent_by()) {
        Some((_, port)) => {
            let port = port.unwrap_or(arrived.transport.default_port());
            Flow {
                remote: SocketAddr::new(arrived.remote.ip(), port),
                ..*arrived
            }
        }
        None => *arrived,
    }
}

/// Where a response goes whose request came over a connection that has ended: by a new one to the address that the
/// request came from, at the port that its sender says he takes connections at (RFC 3261 §18.2.2). `headers` are the
/// response's. None where nobody takes any (RFC 7118 §5) or the Via can't be read.
///
/// The Via is not followed to another address than the request's own, nor to its `maddr`: nobody has an answer sent to
/// a third party.
pub fn reopened_reply_flow(headers: &Headers, arrived: &Flow) -> Option<Flow> {
    if !matches!(arrived.transport, Transport::Tcp | Transport::Tls) {
        return None;
    }
    let hop = headers.hop().ok().filter(Hop::is_sound)?;
    let (_, port) = hop.sent_by()?;
    let port = port.unwrap_or(arrived.transport.default_port());
    Some(Flow {
        remote: SocketAddr::new(arrived.remote.ip(), port),
        connection: 0,
        ..*arrived
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_elsewhere_leads_us_to_our_own_machine_or_to_what_we_listen_at() {
        let flow = |local: &str, remote: &str| Flow {
            transport: Transport::Tcp,
            local: local.parse().unwrap(),
            remote: remote.parse().unwrap(),
            connection: 1,
        };
        let outside = flow("192.0.2.1:5060", "198.51.100.7:40000");
        let inside = flow("127.0.0.1:5060", "127.0.0.1:40000");
        for (address, by_outside, by_inside) in [
            ("198.51.100.7:40000", true, true),
            ("203.0.113.9:22", true, true),
            ("127.0.0.1:5432", false, true),
            ("127.0.0.1:5060", false, false),
            ("192.0.2.1:5060", false, true),
            ("0.0.0.0:80", false, false),
            ("[::1]:80", false, true),
            ("[::ffff:127.0.0.1]:80", false, true),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(outside.may_lead_to(&address), by_outside, "{address}");
            assert_eq!(inside.may_lead_to(&address), by_inside, "{address}");
        }
    }
    use crate::method::Method;

    fn arrived() -> Flow {
        Flow {
            transport: Transport::Udp,
            local: "192.0.2.1:5060".parse().unwrap(),
            remote: "198.51.100.7:40000".parse().unwrap(),
            connection: 0,
        }
    }

    fn request(via: &str) -> Request {
        let mut request = Request::new(Method::Options, "sip:a@b.se".parse().unwrap());
        request.headers.push(HeaderName::Via, via);
        stamp_received(&mut request, &arrived());
        request
    }

    #[test]
    fn a_phone_that_asks_for_its_port_is_answered_where_it_sent_from() {
        let request = request("SIP/2.0/UDP 10.0.0.5:5060;rport;branch=z9hG4bK1, SIP/2.0/UDP x.se");
        assert_eq!(
            request.headers.first(&HeaderName::Via).unwrap(),
            b"SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bK1;received=198.51.100.7;rport=40000, SIP/2.0/UDP x.se"
        );
        assert_eq!(reply_flow(&request, &arrived()), arrived());
    }

    #[test]
    fn a_phone_that_does_not_ask_is_answered_at_the_port_it_names() {
        let named = request("SIP/2.0/UDP 10.0.0.5:5070;branch=z9hG4bK1");
        assert_eq!(
            reply_flow(&named, &arrived()).remote,
            "198.51.100.7:5070".parse().unwrap()
        );
        let unnamed = request("SIP/2.0/UDP phone.example.com;branch=z9hG4bK1");
        assert_eq!(
            reply_flow(&unnamed, &arrived()).remote,
            "198.51.100.7:5060".parse().unwrap()
        );
    }

    #[test]
    fn a_claimed_received_is_overwritten() {
        let claimed = request("SIP/2.0/UDP 198.51.100.7;received=203.0.113.9;branch=z9hG4bK1");
        assert_eq!(
            claimed.headers.via().unwrap().received(),
            Some(arrived().remote.ip())
        );
    }

    #[test]
    fn a_via_that_says_the_truth_is_left_alone() {
        let honest = request("SIP/2.0/UDP 198.51.100.7:40000;branch=z9hG4bK1");
        assert_eq!(
            honest.headers.first(&HeaderName::Via).unwrap(),
            b"SIP/2.0/UDP 198.51.100.7:40000;branch=z9hG4bK1"
        );
    }

    #[test]
    fn a_connection_is_answered_on_itself() {
        let flow = Flow {
            transport: Transport::Tcp,
            connection: 3,
            ..arrived()
        };
        let request = request("SIP/2.0/TCP 10.0.0.5:5070;branch=z9hG4bK1");
        assert_eq!(reply_flow(&request, &flow), flow);
    }

    #[test]
    fn once_a_connection_has_ended_its_sender_is_answered_at_the_port_he_names_and_at_no_other_address()
     {
        let by = |transport| Flow {
            transport,
            connection: 3,
            ..arrived()
        };
        let anew = |via: &str, transport| {
            let flow = reopened_reply_flow(&request(via).headers, &by(transport))?;
            assert_eq!((flow.connection, flow.local), (0, arrived().local));
            Some(flow.remote.to_string())
        };
        for (via, transport, remote) in [
            (
                "SIP/2.0/TCP 10.0.0.5:5070;rport;branch=z9hG4bK1",
                Transport::Tcp,
                Some("198.51.100.7:5070"),
            ),
            (
                "SIP/2.0/TLS pc.example.com;maddr=203.0.113.9;branch=z9hG4bK1",
                Transport::Tls,
                Some("198.51.100.7:5061"),
            ),
            (
                "SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bK1",
                Transport::Ws,
                None,
            ),
        ] {
            assert_eq!(anew(via, transport).as_deref(), remote, "{via}");
        }
    }
}
