//! A keyed hash: numbers for texts and addresses, of which nobody outside can choose two that meet. Fast, the same in
//! every process that has the key, and no cryptography: nothing may be proven with it.

use serde::{Deserialize, Serialize};

/// Makes 64 bits of what it is given, one part after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Keyed {
    seed: [u64; 2],
}

/// What has been given so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mixed(u64);

impl Keyed {
    /// With a random key.
    pub(crate) fn new(seed: [u64; 2]) -> Keyed {
        Keyed { seed }
    }

    /// A beginning; each kind of thing has another.
    pub(crate) fn begin(&self, kind: u64) -> Mixed {
        self.word(Mixed(self.seed[0]), kind)
    }

    /// A product folded in half: each bit of it hangs on all bits of both.
    pub(crate) fn word(&self, so_far: Mixed, word: u64) -> Mixed {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        let product = u128::from(so_far.0 ^ ODD) * u128::from(word ^ self.seed[1]);
        Mixed((product >> 64) as u64 ^ product as u64)
    }

    /// A text, and where it ends.
    pub(crate) fn bytes(&self, so_far: Mixed, bytes: &[u8]) -> Mixed {
        let (words, rest) = bytes.as_chunks::<8>();
        let mixed = words.iter().fold(so_far, |mixed, word| {
            self.word(mixed, u64::from_le_bytes(*word))
        });
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        let mixed = self.word(mixed, u64::from_le_bytes(last));
        self.word(mixed, bytes.len() as u64)
    }

    /// The hash.
    pub(crate) fn finish(&self, so_far: Mixed) -> u64 {
        self.word(so_far, self.seed[0]).0
    }
}
