//! Pairs of UDP ports: even for RTP, the odd one above for RTCP (RFC 3550 §11).
//!
//! To open, watch and close two sockets costs more than all the rest of a leg that says nothing. So the pair
//! of a session that is over stays open and watched by its thread, rests until nothing has come to it for a
//! while, so that late packets of that call are heard by nobody, and then serves the next.

use base::Time;
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Pairs tried for one session before giving up: others on the machine may hold a few ports of our range.
const TRIES_MAX: usize = 64;
/// Type of service of voice: expedited forwarding (RFC 4594 §4.1), shifted past the ECN bits.
const TOS_VOICE: u32 = 46 << 2;
/// Nothing may have come to a pair for so long before it serves another session, unless all others are
/// taken: far longer than a packet is under way, and than a phone goes on after its BYE.
const REST: Duration = Duration::from_secs(2);
/// A pair that rests so long is not needed at the pace of now, and is closed.
const REST_MAX: Duration = Duration::from_secs(10);

/// The pairs that have no session: those never opened or closed again, and those that rest.
///
/// The ports unopened are first in, first out, and so is the rest of each thread's.
#[derive(Debug)]
pub(crate) struct PortPool {
    bind: IpAddr,
    pairs: usize,
    free: Mutex<Free>,
}

#[derive(Debug)]
struct Free {
    unopened: VecDeque<u16>,
    /// By thread.
    resting: Vec<VecDeque<Resting>>,
}

#[derive(Debug)]
struct Resting {
    pair: Arc<PortPair>,
    line: usize,
    since: Time,
}

/// A bound pair; it closes its sockets and then gives its ports back when the last holder drops it.
#[derive(Debug)]
pub(crate) struct PortPair {
    pub(crate) rtp: UdpSocket,
    pub(crate) rtcp: UdpSocket,
    pub(crate) address: SocketAddr,
    /// When something last came while it was resting, in microseconds.
    disturbed_at: AtomicU64,
    _lease: Lease,
}

impl PortPair {
    /// Something came that is for no session: the rest starts anew.
    pub(crate) fn disturb(&self, now: Time) {
        self.disturbed_at.store(now.as_micros(), Ordering::Relaxed);
    }
}

/// A pair for a new session.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) pair: Arc<PortPair>,
    pub(crate) watched: Watched,
}

/// Which thread watches a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watched {
    /// None yet.
    Nowhere,
    /// That one, as that line.
    By { thread: usize, line: usize },
}

#[derive(Debug)]
struct Lease {
    pool: Arc<PortPool>,
    port: u16,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.pool.lock().unopened.push_back(self.port);
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
    /// All pairs of the range, for so many threads.
    pub(crate) fn new(bind: IpAddr, ports: &RangeInclusive<u16>, threads: usize) -> PortPool {
        let unopened: VecDeque<u16> = ports
            .clone()
            .filter(|port| port % 2 == 0 && *port > 0 && *port < *ports.end())
            .collect();
        PortPool {
            bind,
            pairs: unopened.len(),
            free: Mutex::new(Free {
                unopened,
                resting: (0..threads).map(|_| VecDeque::new()).collect(),
            }),
        }
    }

    /// A pair for a session of that thread: one that has rested, else one opened anew, else the one that has
    /// rested longest.
    pub(crate) fn take(self: &Arc<PortPool>, thread: usize, now: Time) -> Result<Taken, BindError> {
        if let Some(taken) = self.lock().rested(thread, now) {
            return Ok(taken);
        }
        match self.open() {
            Ok(pair) => Ok(Taken {
                pair: Arc::new(pair),
                watched: Watched::Nowhere,
            }),
            // No port is left, or the process has as many descriptors open as it may.
            Err(error) => self.lock().any(thread).ok_or(error),
        }
    }

    /// A session's pair is without one, from now on; `line` is what its thread knows it by.
    pub(crate) fn rest(&self, pair: Arc<PortPair>, thread: usize, line: usize, now: Time) {
        let resting = Resting {
            pair,
            line,
            since: now,
        };
        self.lock().resting[thread].push_back(resting);
    }

    /// A pair that was taken and not used.
    pub(crate) fn put_back(&self, taken: Taken, now: Time) {
        if let Watched::By { thread, line } = taken.watched {
            self.rest(taken.pair, thread, line, now);
        }
    }

    /// Lines of a thread that have rested for so long that they may be closed.
    pub(crate) fn expire(&self, thread: usize, now: Time) -> Vec<usize> {
        let mut free = self.lock();
        let resting = &mut free.resting[thread];
        let old = resting.partition_point(|it| it.since + REST_MAX <= now);
        let expired: Vec<Resting> = resting.drain(..old).collect();
        // A pair that closes takes the lock to give its port back.
        drop(free);
        expired.iter().map(|it| it.line).collect()
    }

    /// The thread ends: nothing of it rests any more.
    pub(crate) fn leave(&self, thread: usize) {
        let resting = std::mem::take(&mut self.lock().resting[thread]);
        drop(resting);
    }

    /// Pairs in the range.
    pub(crate) fn pairs(&self) -> usize {
        self.pairs
    }

    /// Pairs in use.
    pub(crate) fn in_use(&self) -> usize {
        let free = self.lock();
        let resting: usize = free.resting.iter().map(VecDeque::len).sum();
        self.pairs - free.unopened.len() - resting
    }

    /// Opens the pair that has been closed longest.
    fn open(self: &Arc<PortPool>) -> Result<PortPair, BindError> {
        for _ in 0..TRIES_MAX.min(self.pairs) {
            let port = self.lock().unopened.pop_front();
            let lease = Lease {
                pool: Arc::clone(self),
                port: port.ok_or(BindError::Exhausted)?,
            };
            let address = SocketAddr::new(self.bind, lease.port);
            let rtcp_address = SocketAddr::new(self.bind, lease.port + 1);
            match bind_socket(address).and_then(|rtp| Ok((rtp, bind_socket(rtcp_address)?))) {
                Ok((rtp, rtcp)) => {
                    return Ok(PortPair {
                        rtp,
                        rtcp,
                        address,
                        disturbed_at: AtomicU64::new(0),
                        _lease: lease,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(BindError::Io(error)),
            }
        }
        Err(BindError::Exhausted)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Free> {
        // Queues of numbers and pairs are whole whatever their last holder did.
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Free {
    /// The pair that has rested longest, if that is long enough.
    fn rested(&mut self, thread: usize, now: Time) -> Option<Taken> {
        let resting = &mut self.resting[thread];
        for _ in 0..TRIES_MAX {
            let longest = resting.front_mut()?;
            let disturbed_at = Time::from_micros(longest.pair.disturbed_at.load(Ordering::Relaxed));
            if longest.since.max(disturbed_at) + REST <= now {
                return resting.pop_front().map(|it| it.taken(thread));
            }
            if disturbed_at <= longest.since {
                // Those behind it have rested less.
                return None;
            }
            longest.since = now;
            resting.rotate_left(1);
        }
        None
    }

    /// A pair that rests, on this thread or another.
    fn any(&mut self, thread: usize) -> Option<Taken> {
        let threads = self.resting.len();
        (0..threads)
            .map(|offset| (thread + offset) % threads)
            .find_map(|thread| Some(self.resting[thread].pop_front()?.taken(thread)))
    }
}

impl Resting {
    fn taken(self, thread: usize) -> Taken {
        Taken {
            pair: self.pair,
            watched: Watched::By {
                thread,
                line: self.line,
            },
        }
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
        Arc::new(PortPool::new(IpAddr::V4(Ipv4Addr::LOCALHOST), &ports, 2))
    }

    #[test]
    fn only_whole_pairs_of_the_range_are_used_and_each_once() {
        let pool = pool(31_001..=31_006);
        assert_eq!(pool.pairs(), 2);
        let first = pool.open().unwrap();
        let second = pool.open().unwrap();
        assert_eq!(
            (first.address.port(), second.address.port()),
            (31_002, 31_004)
        );
        assert_eq!(first.rtcp.local_addr().unwrap().port(), 31_003);
        assert!(matches!(pool.open(), Err(BindError::Exhausted)));
        assert_eq!(pool.in_use(), 2);
    }

    #[test]
    fn a_pair_given_back_is_the_last_to_be_used_again() {
        let pool = pool(31_010..=31_015);
        drop(pool.open().unwrap());
        assert_eq!(pool.in_use(), 0);
        let ports: Vec<u16> = (0..3)
            .map(|_| pool.open().unwrap().address.port())
            .collect();
        assert_eq!(ports, [31_012, 31_014, 31_010]);
    }

    #[test]
    fn a_pair_of_which_another_process_holds_one_port_is_passed_over() {
        let _other = UdpSocket::bind((Ipv4Addr::LOCALHOST, 31_021)).unwrap();
        let pool = pool(31_020..=31_023);
        let pair = pool.open().unwrap();
        assert_eq!(pair.address.port(), 31_022);
        assert!(matches!(pool.open(), Err(BindError::Exhausted)));
        drop(pair);
        assert_eq!(pool.in_use(), 0);
    }

    fn port(taken: &Taken) -> u16 {
        taken.pair.address.port()
    }

    #[test]
    fn a_pair_serves_again_when_nothing_has_come_to_it_for_two_seconds() {
        let pool = pool(31_030..=31_035);
        let mut now = Time::from_millis(500);
        let first = pool.take(0, now).unwrap();
        assert_eq!((port(&first), first.watched), (31_030, Watched::Nowhere));
        pool.rest(first.pair, 0, 7, now);
        assert_eq!(pool.in_use(), 0);
        now += REST - Duration::from_millis(1);
        let second = pool.take(0, now).unwrap();
        assert_eq!(port(&second), 31_032, "the first has not rested enough");
        now += Duration::from_millis(1);
        let again = pool.take(0, now).unwrap();
        let line = Watched::By { thread: 0, line: 7 };
        assert_eq!((port(&again), again.watched), (31_030, line));
        again.pair.disturb(now + REST / 2);
        pool.rest(again.pair, 0, 7, now);
        pool.rest(second.pair, 0, 8, now);
        now += REST;
        let quiet = pool.take(0, now).unwrap();
        assert_eq!(port(&quiet), 31_032, "the other was sent something");
        assert_eq!(pool.in_use(), 1);
    }

    #[test]
    fn with_no_port_left_a_pair_is_taken_from_its_rest_also_from_another_thread() {
        let pool = pool(31_036..=31_037);
        let now = Time::ZERO;
        let taken = pool.take(0, now).unwrap();
        assert!(matches!(pool.take(1, now), Err(BindError::Exhausted)));
        pool.rest(taken.pair, 0, 3, now);
        let moved = pool.take(1, now).unwrap();
        assert_eq!(moved.watched, Watched::By { thread: 0, line: 3 });
        pool.put_back(moved, now);
        assert_eq!(pool.in_use(), 0);
    }

    #[test]
    fn a_pair_that_nobody_needs_is_closed_and_its_port_can_be_had_again() {
        let pool = pool(31_038..=31_039);
        let taken = pool.take(0, Time::ZERO).unwrap();
        pool.rest(taken.pair, 0, 3, Time::ZERO);
        assert_eq!(pool.expire(0, Time::ZERO + REST_MAX / 2), []);
        assert_eq!(pool.expire(0, Time::ZERO + REST_MAX), [3]);
        assert_eq!(pool.in_use(), 0);
        assert_eq!(pool.take(1, Time::ZERO).unwrap().watched, Watched::Nowhere);
    }
}
