//! Keys that one party presses and those that he is told of: values. What is done with them is in `shard/keys`.

use base::{BoundedVec, Time};
use media_core::SAME_KEY_WITHIN;
use serde::{Deserialize, Serialize};

/// Keys that wait to be told by INFO, one request at a time so that they keep their order. A person types slower than
/// most parties answer; what is more than these is forgotten.
const TOLD_MAX: usize = 32;

/// How a key came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyWay {
    /// In the sound's stream (RFC 4733).
    Media,
    /// In an INFO request.
    Info,
}

/// A key that a party pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Key {
    at: Time,
    key: char,
    way: KeyWay,
}

/// One party's keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Keying {
    /// The newest that he pressed.
    last: Option<Key>,
    /// Those of the other party that he is being told of: the first is on its way.
    told: BoundedVec<char, TOLD_MAX>,
}

impl Keying {
    /// Whether a key is another than the one before: a phone that sends each both in its stream and by INFO presses
    /// it once.
    pub(crate) fn is_new(&mut self, at: Time, key: char, way: KeyWay) -> bool {
        let last = self.last.replace(Key { at, key, way });
        !last.is_some_and(|last| {
            last.key == key && last.way != way && at < last.at + SAME_KEY_WITHIN
        })
    }

    /// He is to be told of a key. True if none is on its way to him.
    pub(crate) fn tell(&mut self, key: char) -> bool {
        self.told.push(key).is_ok() && self.told.len() == 1
    }

    /// The key to tell him of now.
    pub(crate) fn on_its_way(&self) -> Option<char> {
        self.told.first().copied()
    }

    /// He has taken that key.
    pub(crate) fn taken(&mut self) {
        if !self.told.is_empty() {
            self.told.remove(0);
        }
    }

    /// He takes none.
    pub(crate) fn forget(&mut self) {
        self.told = BoundedVec::new();
    }
}
