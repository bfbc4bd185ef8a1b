//! How many connections there may be, in all and from one source. Whoever holds very many keeps nobody else
//! out: beyond a source's share its connections are closed as soon as they come.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
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
}

impl Full {
    pub(super) fn label(self) -> &'static str {
        match self {
            Full::InAll => "too-many",
            Full::FromSource => "too-many-from-source",
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
    by_source: HashMap<IpAddr, u32, ahash::RandomState>,
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
        let source = source_of(from);
        let mut inside = self.inside();
        if inside.in_all >= self.limits.in_all {
            return Err(Full::InAll);
        }
        let of_source = inside.by_source.entry(source).or_default();
        if *of_source >= self.limits.per_source {
            return Err(Full::FromSource);
        }
        *of_source += 1;
        inside.in_all += 1;
        Ok(Ticket {
            door: self.clone(),
            source: Some(source),
        })
    }

    /// Lets a connection of our own out: its other end was chosen by us, and has no share.
    pub(super) fn leave(self: &Arc<Door>) -> Result<Ticket, Full> {
        let mut inside = self.inside();
        if inside.in_all >= self.limits.in_all {
            return Err(Full::InAll);
        }
        inside.in_all += 1;
        Ok(Ticket {
            door: self.clone(),
            source: None,
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
    source: Option<IpAddr>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut inside = self.door.inside();
        inside.in_all -= 1;
        let Some(source) = self.source else {
            return;
        };
        if let Some(of_source) = inside.by_source.get_mut(&source) {
            *of_source -= 1;
            if *of_source == 0 {
                inside.by_source.remove(&source);
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
        assert!(door.inside().by_source.is_empty());
    }

    #[test]
    fn there_are_never_more_than_all_and_ours_count() {
        let door = door(2, 2);
        let ours = door.leave().unwrap();
        let theirs = door.enter(ip("192.0.2.1")).unwrap();
        assert_eq!(door.enter(ip("192.0.2.2")).err(), Some(Full::InAll));
        assert_eq!(door.leave().err(), Some(Full::InAll));
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
