//! Which of our addresses a peer sees. A socket bound to every address (`0.0.0.0`) does not say on which one
//! a datagram came, and Via and Contact must name one that the peer can reach.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Peers remembered; the answer costs three system calls.
const REMEMBERED_MAX: usize = 256;

/// Our address towards each peer, as the kernel's routing table has it.
#[derive(Debug, Default)]
pub(crate) struct LocalAddresses {
    remembered: VecDeque<(IpAddr, IpAddr)>,
}

impl LocalAddresses {
    /// The address a socket bound to `bound` has towards `peer`.
    pub(crate) fn towards(&mut self, bound: SocketAddr, peer: IpAddr) -> SocketAddr {
        if !bound.ip().is_unspecified() {
            return bound;
        }
        let known = self.remembered.iter().find(|(of, _)| *of == peer);
        let ours = known.map_or_else(|| routed(peer).unwrap_or(bound.ip()), |(_, ours)| *ours);
        if known.is_none() {
            if self.remembered.len() == REMEMBERED_MAX {
                self.remembered.pop_front();
            }
            self.remembered.push_back((peer, ours));
        }
        SocketAddr::new(ours, bound.port())
    }
}

/// Connecting a UDP socket sends nothing; it makes the kernel choose the address it would send from.
fn routed(peer: IpAddr) -> std::io::Result<IpAddr> {
    let any: IpAddr = match peer {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    // Any port will do: nothing is sent to it.
    socket.connect((peer, 5060))?;
    Ok(socket.local_addr()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_on_one_address_has_that_and_one_on_all_has_the_one_routed_to_the_peer() {
        let mut local = LocalAddresses::default();
        let peer = "127.0.0.9".parse().unwrap();
        let one = "127.0.0.1:5060".parse().unwrap();
        assert_eq!(local.towards(one, peer), one);
        let all = "0.0.0.0:5060".parse().unwrap();
        for _ in 0..2 {
            let ours = local.towards(all, peer);
            assert!(ours.ip().is_loopback() && ours.port() == 5060, "{ours}");
        }
        assert_eq!(local.remembered.len(), 1);
    }
}
