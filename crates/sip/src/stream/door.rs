//! How many connections there may be, in all and from one source. Whoever holds very many keeps nobody else
//! out: beyond a source's share its connections are closed as soon as they come, and whoever has us connect, by what
//! his Contact says, has us open no more than so many to one address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many connections there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections at once.
    pub in_all: u32,
    /// Of them from one source.
    pub per_source: u32,
}

/// Why a connection was not let in; a metric's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// There are as many as there may be.
    InAll,
    /// Its source has its share.
    FromSource,
    /// There are as many of ours to that address as there may be.
    ToPeer,
}

/// Connections of ours to one address at once. A peer is reached by one for each port and transport that it names, and
/// phones behind one address come by connections of their own: whoever has us open more is trying its ports.
const TO_PEER_MAX: u32 = 64;

impl Full {
    pub(super) fn label(self) -> &'static str {
        match self {
            Full::InAll => "too-many",
            Full::FromSource => "too-many-from-source",
            Full::ToPeer => "too-many-to-peer",
        }
    }
}

/// Counts connections.
#[derive(Debug)]
pub(super) struct Door {
    limits: ConnectionLimits,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    in_all: u32,
    shares: HashMap<Share, u32, ahash::RandomState>,
}

/// Whose share a connection counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Share {
    /// Of whoever opened it there.
    From(IpAddr),
    /// Of whoever is there and had it opened.
    To(IpAddr),
    /// Of the trunk whose server listens there. One at a time goes to one address and port, so that it needs no limit of its
    /// own, and nobody else's take its place.
    Trunk(SocketAddr),
}

impl Inside {
    fn take(&mut self, share: Share, most: u32, full: Full) -> Result<(), Full> {
        let taken = self.shares.get(&share).copied().unwrap_or(0);
        if taken >= most {
            return Err(full);
        }
        self.shares.insert(share, taken + 1);
        self.in_all += 1;
        Ok(())
    }
}

impl Door {
    pub(super) fn new(limits: ConnectionLimits) -> Arc<Door> {
        Arc::new(Door {
            limits,
            inside: Mutex::default(),
        })
    }

    /// Lets a connection from there in, as long as the ticket is held.
    pub(super) fn enter(self: &Arc<Door>, from: IpAddr) -> Result<Ticket, Full> {
        let share = Share::From(source_of(from));
        self.let_through(share, self.limits.per_source, Full::FromSource)
    }

    /// Lets a connection of our own out to there. Its other end is chosen by us, or by what a peer says of itself.
    pub(super) fn leave(self: &Arc<Door>, to: IpAddr) -> Result<Ticket, Full> {
        let source = source_of(to);
        let most = match source {
            IpAddr::V4(_) => TO_PEER_MAX,
            // A whole site may be in it, each phone of which is a peer of its own.
            IpAddr::V6(_) => TO_PEER_MAX.max(self.limits.per_source),
        };
        self.let_through(Share::To(source), most, Full::ToPeer)
    }

    /// The same, to where the configuration has a trunk's server: whoever fills the share of that host with connections of
    /// his own keeps no trunk down.
    pub(super) fn leave_to_trunk(self: &Arc<Door>, to: SocketAddr) -> Result<Ticket, Full> {
        self.let_through(Share::Trunk(to), TO_PEER_MAX, Full::ToPeer)
    }

    fn let_through(self: &Arc<Door>, share: Share, most: u32, full: Full) -> Result<Ticket, Full> {
        let mut inside = self.inside();
        if inside.in_all >= self.limits.in_all {
            return Err(Full::InAll);
        }
        inside.take(share, most, full)?;
        Ok(Ticket {
            door: self.clone(),
            share,
        })
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        // Numbers are whole also after a panic elsewhere.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to be a connection; given back when dropped.
#[derive(Debug)]
pub(super) struct Ticket {
    door: Arc<Door>,
    share: Share,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut inside = self.door.inside();
        inside.in_all -= 1;
        if let Some(taken) = inside.shares.get_mut(&self.share) {
            *taken -= 1;
            if *taken == 0 {
                inside.shares.remove(&self.share);
            }
        }
    }
}

/// Whom an address counts for. A host on IPv6 has a whole /64 to choose from (RFC 4291 §2.5.4).
fn source_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(in_all: u32, per_source: u32) -> Arc<Door> {
        Door::new(ConnectionLimits { in_all, per_source })
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_source_with_its_share_keeps_nobody_else_out() {
        let door = door(10, 2);
        let held: Vec<_> = (0..2).map(|_| door.enter(ip("192.0.2.1"))).collect();
        assert!(held.iter().all(Result::is_ok));
        assert_eq!(door.enter(ip("192.0.2.1")).err(), Some(Full::FromSource));
        assert!(door.enter(ip("192.0.2.2")).is_ok());
        drop(held);
        assert!(door.enter(ip("192.0.2.1")).is_ok());
        assert!(door.inside().shares.is_empty());
    }

    #[test]
    fn whoever_has_us_connect_to_ever_more_ports_of_a_host_gets_so_many_and_keeps_nobody_out() {
        let door = door(1_000, 2);
        let held: Vec<_> = (0..TO_PEER_MAX)
            .map(|_| door.leave(ip("192.0.2.1")))
            .collect();
        assert!(held.iter().all(Result::is_ok));
        assert_eq!(door.leave(ip("192.0.2.1")).err(), Some(Full::ToPeer));
        assert!(door.leave(ip("192.0.2.2")).is_ok());
        assert!(door.enter(ip("192.0.2.1")).is_ok(), "it may come itself");
        drop(held);
        assert!(door.inside().shares.is_empty());
    }

    #[test]
    fn as_many_phones_of_a_site_on_ipv6_are_connected_to_as_may_come_from_there() {
        let door = door(1_000, 100);
        let phone = |number: u32| ip(&format!("2001:db8::{number:x}"));
        let held: Vec<_> = (0..100).map(|number| door.leave(phone(number))).collect();
        assert!(held.iter().all(Result::is_ok));
        assert_eq!(door.leave(phone(100)).err(), Some(Full::ToPeer));
    }

    #[test]
    fn there_are_never_more_than_all_and_ours_count() {
        let door = door(2, 2);
        let ours = door.leave(ip("192.0.2.9")).unwrap();
        let theirs = door.enter(ip("192.0.2.1")).unwrap();
        assert_eq!(door.enter(ip("192.0.2.2")).err(), Some(Full::InAll));
        assert_eq!(door.leave(ip("192.0.2.9")).err(), Some(Full::InAll));
        drop((ours, theirs));
        assert_eq!(door.inside().in_all, 0);
    }

    #[test]
    fn a_network_of_ipv6_is_one_source_and_a_mapped_address_is_ipv4() {
        assert_eq!(source_of(ip("2001:db8::1")), source_of(ip("2001:db8::2:3")));
        assert_ne!(
            source_of(ip("2001:db8::1")),
            source_of(ip("2001:db8:0:1::1"))
        );
        assert_eq!(source_of(ip("::ffff:192.0.2.1")), ip("192.0.2.1"));
    }
}
