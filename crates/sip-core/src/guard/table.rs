//! Tables of fixed size from a key to a moment: buckets of whoever asks, and who has proven himself. A look-up
//! costs the same however many there are, nothing is allocated for a newcomer, and where room runs out what
//! matters least gives way.

use super::rate::{Rate, TokenBucket};
use super::source::Source;
use crate::keyed::{Keyed, Mixed};
use base::Time;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Places a key may stand in: as many as share a few cache lines.
const WAYS: usize = 8;

/// What a table knows somebody by: 64 bits of a keyed hash, so that nobody outside can choose two that meet.
/// That two meet by chance takes billions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key(u64);

impl Key {
    /// Tells parts of a table apart that have locks of their own.
    pub fn part(self, parts: usize) -> usize {
        // The low bits choose the place within a table.
        (self.0 >> 48) as usize % parts
    }
}

/// Makes keys.
#[derive(Clone, Serialize, Deserialize)]
pub struct Keys(Keyed);

const SOURCE_KIND: u64 = 1;
const FLOW_KIND: u64 = 2;
const NAME_KIND: u64 = 3;

impl Keys {
    /// With a random seed.
    pub fn new(seed: [u64; 2]) -> Keys {
        Keys(Keyed::new(seed))
    }

    /// The key of a source.
    pub fn of_source(&self, source: Source) -> Key {
        let number = source.number();
        let mixed = self.0.word(self.0.begin(SOURCE_KIND), number as u64);
        self.finish(self.0.word(mixed, (number >> 64) as u64))
    }

    /// The key of one address and port.
    pub fn of_flow(&self, remote: SocketAddr) -> Key {
        let (high, low) = match remote.ip().to_canonical() {
            IpAddr::V4(address) => (0, u64::from(address.to_bits())),
            IpAddr::V6(address) => ((address.to_bits() >> 64) as u64, address.to_bits() as u64),
        };
        let mixed = self.0.word(self.0.begin(FLOW_KIND), high);
        let mixed = self.0.word(mixed, low);
        self.finish(self.0.word(mixed, remote.port().into()))
    }

    /// The key of what has a name, such as a user, for one kind of thing that it does.
    pub fn of_name(&self, kind: u8, name: &str) -> Key {
        let mixed = self.0.word(self.0.begin(NAME_KIND), kind.into());
        self.finish(self.0.bytes(mixed, name.as_bytes()))
    }

    /// Never zero, which marks an empty place.
    fn finish(&self, mixed: Mixed) -> Key {
        Key(self.0.finish(mixed).max(1))
    }
}

/// Sets of [`WAYS`] places each.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Table {
    /// Keys and moments in microseconds; plain numbers, since the system hands out zeroes untouched.
    places: Vec<(u64, u64)>,
}

impl Table {
    fn new(places: usize) -> Table {
        let places = places.next_power_of_two().max(WAYS);
        Table {
            places: vec![(0, 0); places],
        }
    }

    fn set(&self, key: Key) -> std::ops::Range<usize> {
        let sets = self.places.len() / WAYS;
        let first = key.0 as usize % sets * WAYS;
        first..first + WAYS
    }

    fn find(&self, key: Key) -> Option<Time> {
        let set = &self.places[self.set(key)];
        let found = set.iter().find(|(known, _)| *known == key.0)?;
        Some(Time::from_micros(found.1))
    }

    fn remove(&mut self, key: Key) {
        let range = self.set(key);
        let set = &mut self.places[range];
        if let Some(place) = set.iter_mut().find(|(known, _)| *known == key.0) {
            *place = (0, 0);
        }
    }

    /// The key's moment, in microseconds; a new key takes the place with the earliest.
    fn entry(&mut self, key: Key) -> &mut u64 {
        let range = self.set(key);
        let set = &mut self.places[range];
        let known = set.iter().position(|(known, _)| *known == key.0);
        let at = known.unwrap_or_else(|| {
            let earliest = set.iter().enumerate().min_by_key(|(_, (_, at))| *at);
            let (at, _) = earliest.expect("a set has places");
            set[at] = (key.0, 0);
            at
        });
        &mut set[at].1
    }
}

/// A token bucket for each of very many. Where room runs out the fullest gives way: what is forgotten of it
/// is the least.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Buckets(Table);

impl Buckets {
    /// Room for so many that are not full.
    pub fn new(places: usize) -> Buckets {
        Buckets(Table::new(places))
    }

    /// Takes one from the bucket of `key`, or says how long until there is one.
    pub fn take(&mut self, now: Time, key: Key, rate: Rate) -> Result<(), Duration> {
        let whole_at = self.0.entry(key);
        let mut bucket = TokenBucket {
            whole_at: Time::from_micros(*whole_at),
        };
        let taken = bucket.take(now, rate);
        *whole_at = bucket.whole_at.as_micros();
        taken
    }
}

/// Who has proven who he is, and until when that is believed. Where room runs out the oldest proof gives way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Proven(Table);

impl Proven {
    /// Room for so many.
    pub fn new(places: usize) -> Proven {
        Proven(Table::new(places))
    }

    /// Whether a proof of `key` still holds.
    pub fn holds(&self, now: Time, key: Key) -> bool {
        self.0.find(key).is_some_and(|until| until > now)
    }

    /// Notes a proof.
    pub fn note(&mut self, key: Key, until: Time) {
        *self.0.entry(key) = until.as_micros();
    }

    /// Takes a proof back.
    pub fn forget(&mut self, key: Key) {
        self.0.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn keys() -> Keys {
        Keys::new([0x1234_5678_9abc_def0, 0x0fed_cba9_8765_4321])
    }

    fn source(n: u32) -> Source {
        Source::V4(std::net::Ipv4Addr::from_bits(n))
    }

    #[test]
    fn each_source_has_a_bucket_of_its_own() {
        let (keys, rate) = (keys(), Rate::per_second(1));
        let mut buckets = Buckets::new(1_024);
        for n in 0..100 {
            let key = keys.of_source(source(n));
            let passed = (0..10).filter(|_| buckets.take(Time::ZERO, key, rate).is_ok());
            assert_eq!(passed.count(), 4, "{n}");
        }
    }

    #[test]
    fn a_flood_of_sources_takes_no_room_and_those_in_debt_are_forgotten_last() {
        let (keys, rate) = (keys(), Rate::per_second(1));
        let mut buckets = Buckets::new(1_024);
        let debtor = keys.of_source(source(u32::MAX));
        while buckets.take(Time::ZERO, debtor, rate).is_ok() {}
        let size = buckets.0.places.len();
        for n in 0..5_000 {
            // Each asks once only, so it owes less than the debtor does.
            let _ = buckets.take(Time::ZERO, keys.of_source(source(n)), rate);
        }
        assert_eq!(buckets.0.places.len(), size);
        assert!(buckets.take(Time::ZERO, debtor, rate).is_err());
    }

    #[test]
    fn a_proof_holds_until_its_time_or_until_it_is_taken_back() {
        let keys = keys();
        let mut proven = Proven::new(64);
        let flow = |port| keys.of_flow(SocketAddr::from(([192, 0, 2, 1], port)));
        let until = Time::from_millis(1_000);
        proven.note(flow(1), until);
        proven.note(flow(2), until);
        assert!(proven.holds(Time::ZERO, flow(1)));
        assert!(!proven.holds(Time::ZERO, flow(3)));
        assert!(!proven.holds(until, flow(1)));
        proven.forget(flow(2));
        assert!(!proven.holds(Time::ZERO, flow(2)));
    }

    #[test]
    fn keys_of_different_things_differ() {
        let keys = keys();
        let mut seen = BTreeSet::new();
        for n in 0..10_000 {
            assert!(seen.insert(keys.of_source(source(n)).0));
            let port = SocketAddr::from((std::net::Ipv4Addr::from_bits(n), 5060));
            assert!(seen.insert(keys.of_flow(port).0));
            assert!(seen.insert(keys.of_name(0, &format!("demo/{n}")).0));
            assert!(seen.insert(keys.of_name(1, &format!("demo/{n}")).0));
        }
        assert!(seen.insert(keys.of_name(0, "").0));
        assert!(seen.insert(keys.of_name(0, "\0").0));
    }
}
