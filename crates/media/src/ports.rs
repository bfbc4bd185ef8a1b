//! Pairs of UDP ports: even for RTP, the odd one above for RTCP (RFC 3550 §11).

use socket2::{Domain, Protocol, Socket, Type};
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};

/// Pairs tried for one session before giving up: others on the machine may hold a few ports of our range.
const TRIES_MAX: usize = 64;
/// Type of service of voice: expedited forwarding (RFC 4594 §4.1), shifted past the ECN bits.
const TOS_VOICE: u32 = 46 << 2;

/// The free pairs. First in, first out: late packets of a call that has ended shall not reach the next.
#[derive(Debug)]
pub(crate) struct PortPool {
    bind: IpAddr,
    free: Mutex<VecDeque<u16>>,
    pairs: usize,
}

/// A bound pair; it closes its sockets and then gives its ports back when dropped.
#[derive(Debug)]
pub(crate) struct PortPair {
    pub(crate) rtp: UdpSocket,
    pub(crate) rtcp: UdpSocket,
    pub(crate) address: SocketAddr,
    _lease: Lease,
}

#[derive(Debug)]
struct Lease {
    pool: Arc<PortPool>,
    port: u16,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.pool.give_back(self.port);
    }
}

/// Why there is no pair.
#[derive(Debug)]
pub(crate) enum BindError {
    /// All are taken.
    Exhausted,
    /// The kernel refused for another reason than a port in use.
    Io(io::Error),
}

impl PortPool {
    /// All pairs of the range.
    pub(crate) fn new(bind: IpAddr, ports: &RangeInclusive<u16>) -> PortPool {
        let free: VecDeque<u16> = ports
            .clone()
            .filter(|port| port % 2 == 0 && *port > 0 && *port < *ports.end())
            .collect();
        PortPool {
            bind,
            pairs: free.len(),
            free: Mutex::new(free),
        }
    }

    /// Binds the pair that has been free longest.
    pub(crate) fn bind(self: &Arc<PortPool>) -> Result<PortPair, BindError> {
        for _ in 0..TRIES_MAX.min(self.pairs) {
            let port = self.lock().pop_front().ok_or(BindError::Exhausted)?;
            let lease = Lease {
                pool: Arc::clone(self),
                port,
            };
            let address = SocketAddr::new(self.bind, port);
            let rtcp_address = SocketAddr::new(self.bind, port + 1);
            match bind_socket(address).and_then(|rtp| Ok((rtp, bind_socket(rtcp_address)?))) {
                Ok((rtp, rtcp)) => {
                    return Ok(PortPair {
                        rtp,
                        rtcp,
                        address,
                        _lease: lease,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(BindError::Io(error)),
            }
        }
        Err(BindError::Exhausted)
    }

    /// Pairs in the range.
    pub(crate) fn pairs(&self) -> usize {
        self.pairs
    }

    /// Pairs in use.
    pub(crate) fn in_use(&self) -> usize {
        self.pairs - self.lock().len()
    }

    fn give_back(&self, port: u16) {
        self.lock().push_back(port);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<u16>> {
        // A queue of numbers is whole whatever its last holder did.
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bind_socket(address: SocketAddr) -> io::Result<UdpSocket> {
    let kind = Type::DGRAM.nonblocking().cloexec();
    let socket = Socket::new(Domain::for_address(address), kind, Some(Protocol::UDP))?;
    socket.bind(&address.into())?;
    // Only a wish to the network: a system that refuses it still carries voice.
    let _ = match address {
        SocketAddr::V4(_) => socket.set_tos_v4(TOS_VOICE),
        SocketAddr::V6(_) => socket.set_tclass_v6(TOS_VOICE),
    };
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn pool(ports: RangeInclusive<u16>) -> Arc<PortPool> {
        Arc::new(PortPool::new(IpAddr::V4(Ipv4Addr::LOCALHOST), &ports))
    }

    #[test]
    fn only_whole_pairs_of_the_range_are_used_and_each_once() {
        let pool = pool(21_001..=21_006);
        assert_eq!(pool.pairs(), 2);
        let first = pool.bind().unwrap();
        let second = pool.bind().unwrap();
        assert_eq!(
            (first.address.port(), second.address.port()),
            (21_002, 21_004)
        );
        assert_eq!(first.rtcp.local_addr().unwrap().port(), 21_003);
        assert!(matches!(pool.bind(), Err(BindError::Exhausted)));
        assert_eq!(pool.in_use(), 2);
    }

    #[test]
    fn a_pair_given_back_is_the_last_to_be_used_again() {
        let pool = pool(21_010..=21_015);
        drop(pool.bind().unwrap());
        assert_eq!(pool.in_use(), 0);
        let ports: Vec<u16> = (0..3)
            .map(|_| pool.bind().unwrap().address.port())
            .collect();
        assert_eq!(ports, [21_012, 21_014, 21_010]);
    }

    #[test]
    fn a_pair_of_which_another_process_holds_one_port_is_passed_over() {
        let _other = UdpSocket::bind((Ipv4Addr::LOCALHOST, 21_021)).unwrap();
        let pool = pool(21_020..=21_023);
        let pair = pool.bind().unwrap();
        assert_eq!(pair.address.port(), 21_022);
        assert!(matches!(pool.bind(), Err(BindError::Exhausted)));
        drop(pair);
        assert_eq!(pool.in_use(), 0);
    }
}
