//! Names that differ between calls, tests and processes: tags, branches, Call-IDs.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

/// Sixteen hexadecimal digits not seen before.
pub fn token() -> String {
    format!("{:016x}", number())
}

/// A number not seen before.
pub fn number() -> u64 {
    // Each RandomState has fresh keys of the process's random seed; no crate is needed for names that are only
    // to differ.
    RandomState::new().build_hasher().finish()
}

/// A small generator with a seed that can be printed, for inputs that must be repeatable (splitmix64).
#[derive(Clone, Debug)]
pub struct Seeded(u64);

impl Seeded {
    /// The generator of a seed.
    pub fn new(seed: u64) -> Seeded {
        Seeded(seed)
    }

    /// Next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.number() % bound as u64) as usize
    }

    /// `length` random bytes.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.number() as u8).collect()
    }
}
