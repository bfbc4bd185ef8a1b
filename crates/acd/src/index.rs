//! Under which row a key stands, found by hashing: among 100,000 as fast as among ten, and with one or two misses of
//! the processor's cache, where a tree has some on each of its levels.
//!
//! Hashes have no seed, so that the same facts leave the same index behind. Keys are names that administrators wrote
//! and numbers that the server gave out: nobody outside chooses them.

use base::{CallId, OfferId, QueueId, UserId};
use serde::{Deserialize, Serialize};

/// What can be found by its hash.
pub(crate) trait Hashed {
    /// The same for equal keys, scattered for others.
    fn hash(&self) -> u64;
}

impl Hashed for QueueId {
    fn hash(&self) -> u64 {
        of_text(self.as_str())
    }
}

impl Hashed for UserId {
    fn hash(&self) -> u64 {
        of_text(self.as_str())
    }
}

impl Hashed for CallId {
    fn hash(&self) -> u64 {
        let slot = u64::from(self.slot) << 8 | u64::from(self.shard.0);
        mixed(slot ^ u64::from(self.generation).rotate_right(24))
    }
}

impl Hashed for OfferId {
    fn hash(&self) -> u64 {
        mixed(self.0)
    }
}

/// Eight bytes at a time.
pub(crate) fn of_text(text: &str) -> u64 {
    const ODD: u64 = 0x517c_c1b7_2722_0a95;
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let take_in = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(ODD);
    let hash = words
        .iter()
        .fold(0, |hash, word| take_in(hash, u64::from_le_bytes(*word)));
    let rest = rest
        .iter()
        .fold(1, |rest: u64, byte| rest << 8 | u64::from(*byte));
    mixed(take_in(hash, rest))
}

/// Every bit of the seed in every bit of the number (SplitMix64's finaliser).
pub(crate) fn mixed(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Slots of the smallest index that holds anything.
const SLOTS_MIN: usize = 16;

/// One place of the index: of a row, or of none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Slot {
    hash: u32,
    row: u32,
}

impl Slot {
    const VACANT: Slot = Slot {
        hash: 0,
        row: u32::MAX,
    };

    fn is_vacant(self) -> bool {
        self.row == u32::MAX
    }
}

/// Rows by the hash of their keys, at most half full: whoever's slot is taken goes into the next vacant one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Index {
    /// Their number is zero or a power of two.
    slots: Vec<Slot>,
    len: usize,
}

impl Index {
    /// How many rows are in it.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The row of that hash for which `is_meant` holds.
    pub(crate) fn find(&self, hash: u64, is_meant: impl Fn(u32) -> bool) -> Option<u32> {
        let slot = self.slot(hash, is_meant)?;
        Some(self.slots[slot].row)
    }

    /// Takes in a row that isn't there.
    pub(crate) fn insert(&mut self, hash: u64, row: u32) {
        if (self.len + 1) * 2 > self.slots.len() {
            self.grow();
        }
        self.len += 1;
        self.put(Slot {
            hash: shortened(hash),
            row,
        });
    }

    /// Strikes a row out, if it is there.
    pub(crate) fn remove(&mut self, hash: u64, row: u32) {
        let Some(mut gap) = self.slot(hash, |other| other == row) else {
            return;
        };
        self.len -= 1;
        // Whoever was driven off by what stood in the gap moves up into it, so that no search ends there too early.
        let mut at = gap;
        loop {
            at = self.after(at);
            let slot = self.slots[at];
            if slot.is_vacant() {
                break;
            }
            let mask = self.slots.len() - 1;
            let driven_off = at.wrapping_sub(slot.hash as usize) & mask;
            if driven_off >= at.wrapping_sub(gap) & mask {
                self.slots[gap] = slot;
                gap = at;
            }
        }
        self.slots[gap] = Slot::VACANT;
    }

    fn slot(&self, hash: u64, is_meant: impl Fn(u32) -> bool) -> Option<usize> {
        let hash = shortened(hash);
        let mut at = hash as usize & self.slots.len().checked_sub(1)?;
        // There is always a vacant slot.
        loop {
            let slot = self.slots[at];
            if slot.is_vacant() {
                return None;
            }
            if slot.hash == hash && is_meant(slot.row) {
                return Some(at);
            }
            at = self.after(at);
        }
    }

    fn after(&self, at: usize) -> usize {
        (at + 1) & (self.slots.len() - 1)
    }

    fn put(&mut self, slot: Slot) {
        let mut at = slot.hash as usize & (self.slots.len() - 1);
        while !self.slots[at].is_vacant() {
            at = self.after(at);
        }
        self.slots[at] = slot;
    }

    fn grow(&mut self) {
        let wider = vec![Slot::VACANT; (self.slots.len() * 2).max(SLOTS_MIN)];
        let slots = std::mem::replace(&mut self.slots, wider);
        for slot in slots.into_iter().filter(|slot| !slot.is_vacant()) {
            self.put(slot);
        }
    }
}

/// The part of a hash that an index keeps: enough to tell keys apart without looking at them.
fn shortened(hash: u64) -> u32 {
    (hash >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn what_it_finds_is_what_a_plain_set_has_through_thousands_of_insertions_and_removals() {
        // Few hashes, so that many rows want the same slots, and some wrap round the end.
        let hash = |row: u32| u64::from(row % 7).wrapping_neg() << 32;
        let (mut index, mut plain) = (Index::default(), BTreeSet::new());
        let mut x: u64 = 1;
        for _ in 0..4_000 {
            x = mixed(x);
            let row = (x % 61) as u32;
            if plain.remove(&row) {
                index.remove(hash(row), row);
            } else {
                plain.insert(row);
                index.insert(hash(row), row);
            }
            assert_eq!(index.len(), plain.len());
            for row in 0..61 {
                let found = index.find(hash(row), |other| other == row);
                assert_eq!(found, plain.contains(&row).then_some(row));
            }
        }
        index.remove(hash(1_000), 1_000);
        assert_eq!(index.len(), plain.len());
    }

    #[test]
    fn names_that_differ_in_their_last_letter_or_their_length_hash_apart() {
        let names = [
            "a",
            "b",
            "aa",
            "demo/agent-1",
            "demo/agent-2",
            "demo/agent-12",
            "",
        ];
        let hashes: BTreeSet<u32> = names.iter().map(|name| shortened(of_text(name))).collect();
        assert_eq!(hashes.len(), names.len());
    }
}
