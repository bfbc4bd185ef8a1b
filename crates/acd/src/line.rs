//! An ordered line of places in which the rank of any place is cheap to tell, however long the line:
//! "your place in the queue is number …" is asked for again and again by everyone who waits.

use base::Time;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Most places in one chunk: moving that many on insertion costs about as much as walking the
/// chunks of a line of 100,000.
const CHUNK_MAX: usize = 256;

/// A caller's place: lower is served first. It changes only where somebody puts him forward, so that a line keeps its
/// order by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Place {
    /// First arrival less what the caller's priority is worth, in microseconds on the clock of [`Time`]: before its
    /// start, where he is put further forward than the server has been up.
    pub(crate) since: i64,
    /// Number of the fact by which he entered: unique, and settles a tie by who came first.
    pub(crate) ticket: u64,
}

impl Place {
    /// Of a caller who first came at `arrived`, put forward by `head_start`, and entered with that ticket.
    pub(crate) fn of(arrived: Time, head_start: Duration, ticket: u64) -> Place {
        let micros = |span: u128| i64::try_from(span).unwrap_or(i64::MAX);
        let arrived = micros(arrived.as_micros().into());
        let since = arrived.saturating_sub(micros(head_start.as_micros()));
        Place { since, ticket }
    }

    /// What the wait of a caller in a queue of that weight counts for at `now`.
    pub(crate) fn weighed(self, weight: u8, now: Time) -> i128 {
        (i128::from(now.as_micros()) - i128::from(self.since)) * i128::from(weight)
    }
}

/// Places in order, in chunks that are never empty and never longer than [`CHUNK_MAX`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    chunks: Vec<Vec<Place>>,
    len: usize,
}

impl Line {
    /// How many stand in line.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether nobody does.
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All, first to last.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Place> + '_ {
        self.chunks.iter().flatten().copied()
    }

    /// How many stand ahead of this place, whether it is in the line or not.
    pub(crate) fn ahead_of(&self, place: Place) -> usize {
        let at = self.chunk_of(place);
        let before: usize = self.chunks[..at].iter().map(Vec::len).sum();
        let within = self
            .chunks
            .get(at)
            .map_or(0, |chunk| chunk.partition_point(|other| *other < place));
        before + within
    }

    /// Takes the place in. A place that is already there is not taken twice.
    pub(crate) fn insert(&mut self, place: Place) {
        // A place behind all others belongs at the end of the last chunk, not in a new one.
        let at = self
            .chunk_of(place)
            .min(self.chunks.len().saturating_sub(1));
        let Some(chunk) = self.chunks.get_mut(at) else {
            self.chunks.push(vec![place]);
            self.len = 1;
            return;
        };
        let Err(within) = chunk.binary_search(&place) else {
            return;
        };
        chunk.insert(within, place);
        self.len += 1;
        if chunk.len() > CHUNK_MAX {
            let tail = chunk.split_off(CHUNK_MAX / 2);
            self.chunks.insert(at + 1, tail);
        }
    }

    /// Strikes the place out, if it is there.
    pub(crate) fn remove(&mut self, place: Place) {
        let at = self.chunk_of(place);
        let Some(chunk) = self.chunks.get_mut(at) else {
            return;
        };
        let Ok(within) = chunk.binary_search(&place) else {
            return;
        };
        chunk.remove(within);
        self.len -= 1;
        if chunk.is_empty() {
            self.chunks.remove(at);
        }
    }

    /// The first chunk whose last place is not ahead of `place`.
    fn chunk_of(&self, place: Place) -> usize {
        self.chunks
            .partition_point(|chunk| chunk.last().is_some_and(|last| *last < place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn place(ms: u64, ticket: u64) -> Place {
        Place::of(Time::from_millis(ms), Duration::ZERO, ticket)
    }

    #[test]
    fn ranks_are_those_of_a_plain_set_through_thousands_of_insertions_and_removals() {
        let mut line = Line::default();
        let mut plain = BTreeSet::new();
        // A full-period linear congruential walk: every residue comes up, in scattered order.
        let mut x: u64 = 1;
        for ticket in 0..4_000 {
            x = (x * 4_005 + 1) % 8_192;
            line.insert(place(x, ticket));
            plain.insert(place(x, ticket));
            if x.is_multiple_of(3) {
                let victim = *plain.iter().nth(plain.len() / 2).unwrap();
                line.remove(victim);
                plain.remove(&victim);
            }
        }
        assert!(plain.len() > 5 * CHUNK_MAX, "several chunks are in play");
        assert_eq!(line.len(), plain.len());
        assert!(line.iter().eq(plain.iter().copied()));
        for (rank, place) in plain.iter().enumerate() {
            assert_eq!(line.ahead_of(*place), rank);
        }
        for place in plain {
            line.remove(place);
            line.remove(place);
        }
        assert!(line.is_empty());
        assert_eq!(line.ahead_of(place(u64::MAX, 0)), 0);
    }

    #[test]
    fn the_same_place_twice_stands_once() {
        let mut line = Line::default();
        line.insert(place(1, 1));
        line.insert(place(1, 1));
        assert_eq!(line.len(), 1);
        assert!(line.iter().eq([place(1, 1)]));
    }
}
