//! What peers are told our addresses are. Behind an address translator those outside reach us by another address
//! than the one we listen at; those inside do not, and are told the real one. Via, Contact and session
//! descriptions all ask here.

use crate::network::Network;
use crate::transport::Flow;
use crate::uri::{Host, Uri};
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

/// What peers are told our addresses are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    /// Where those outside reach us with signalling, at the ports we listen at; the real address if none.
    pub external: Option<Host>,
    /// Where they reach us with audio.
    pub external_media: Option<IpAddr>,
    /// Whoever is not outside.
    pub local_networks: Vec<Network>,
}

impl Addresses {
    /// Host and port for a peer: what Via and Contact name on this flow.
    pub fn shown(&self, flow: &Flow) -> (Host, u16) {
        let port = flow.local.port();
        match &self.external {
            Some(host) if self.fits(host.ip(), flow) && self.is_outside(flow) => {
                (host.clone(), port)
            }
            _ => (flow.local.ip().into(), port),
        }
    }

    /// Our Contact for a peer, so that its requests within a dialog come here.
    pub fn contact(&self, flow: &Flow) -> String {
        let (host, port) = self.shown(flow);
        // Room for an IPv6 address.
        let mut contact = String::with_capacity(80);
        // A string takes all that it is given.
        let _ = write!(contact, "<sip:kolapp@{host}:{port}");
        if let Some(transport) = flow.transport.uri_param() {
            let _ = write!(contact, ";transport={transport}");
        }
        contact.push('>');
        contact
    }

    /// Our address as a hop that the peer's requests are to pass (RFC 3608).
    pub fn route(&self, flow: &Flow) -> String {
        let (host, port) = self.shown(flow);
        match flow.transport.uri_param() {
            Some(transport) => format!("<sip:{host}:{port};transport={transport};lr>"),
            None => format!("<sip:{host}:{port};lr>"),
        }
    }

    /// The same address with a user of its own, by which the requests that come here can be told apart.
    pub fn contact_of(&self, user: &str, flow: &Flow) -> Uri {
        let (host, port) = self.shown(flow);
        let mut uri = Uri::sip(Some(user), host, Some(port));
        if let (Uri::Sip(sip), Some(transport)) = (&mut uri, flow.transport.uri_param()) {
            sip.params.set("transport", transport);
        }
        uri
    }

    /// Our address for audio, as the peer of that flow is told it.
    pub fn shown_media(&self, flow: &Flow, real: SocketAddr) -> SocketAddr {
        match self.external_media {
            Some(address) if address.is_ipv4() == real.is_ipv4() && self.is_outside(flow) => {
                SocketAddr::new(address, real.port())
            }
            _ => real,
        }
    }

    /// Whether whoever writes this host on that flow means us.
    pub fn is_ours(&self, flow: &Flow, host: &Host) -> bool {
        host.ip() == Some(flow.local.ip()) || self.external.as_ref() == Some(host)
    }

    fn is_outside(&self, flow: &Flow) -> bool {
        let peer = flow.remote.ip();
        !self
            .local_networks
            .iter()
            .any(|network| network.contains(peer))
    }

    /// An IPv4 address is of no use to who talks IPv6 with us; a name may stand for both.
    fn fits(&self, address: Option<IpAddr>, flow: &Flow) -> bool {
        address.is_none_or(|address| address.is_ipv4() == flow.local.is_ipv4())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Transport;

    fn flow(local: &str, remote: &str) -> Flow {
        Flow {
            transport: Transport::Udp,
            local: local.parse().unwrap(),
            remote: remote.parse().unwrap(),
            connection: 0,
        }
    }

    fn ip(text: &str) -> Host {
        Host::from(text.parse::<IpAddr>().unwrap())
    }

    #[test]
    fn those_outside_are_told_the_external_address_and_those_inside_the_real_one() {
        let addresses = Addresses {
            external: Some(ip("203.0.113.7")),
            external_media: Some("203.0.113.8".parse().unwrap()),
            local_networks: vec!["10.0.0.0/8".parse().unwrap()],
        };
        let inside = flow("10.0.0.1:5060", "10.0.0.9:5070");
        let outside = flow("10.0.0.1:5060", "198.51.100.9:5070");
        let media = "10.0.0.1:30000".parse().unwrap();
        assert_eq!(addresses.shown(&inside), (ip("10.0.0.1"), 5060));
        assert_eq!(addresses.shown(&outside), (ip("203.0.113.7"), 5060));
        assert_eq!(addresses.shown_media(&inside, media), media);
        let shown = addresses.shown_media(&outside, media);
        assert_eq!(shown, "203.0.113.8:30000".parse().unwrap());
        for host in ["203.0.113.7", "10.0.0.1"] {
            assert!(addresses.is_ours(&outside, &ip(host)));
        }
        assert!(!addresses.is_ours(&outside, &ip("203.0.113.8")));
        let six = flow("[2001:db8::1]:5060", "[2001:db8:1::1]:5060");
        assert_eq!(addresses.shown(&six), (ip("2001:db8::1"), 5060));
    }

    #[test]
    fn without_an_external_address_everybody_is_told_the_real_one() {
        let addresses = Addresses::default();
        let flow = flow("10.0.0.1:5060", "198.51.100.9:5070");
        assert_eq!(addresses.shown(&flow), (ip("10.0.0.1"), 5060));
    }
}
