//! What waits to be written: in order, the latest of each row only, bounded. Whoever waits for a write that a
//! later one replaced is told when the later one is in.

use crate::write::{Key, Write};
use std::collections::BTreeMap;
use std::mem;

/// Rows that may wait: those of as many users as a configuration may have, with room. At some hundred bytes each
/// it is what minutes without storage cost at most.
pub const PENDING_MAX: usize = 1 << 18;

/// One write, and who waits for it.
#[derive(Debug)]
pub(crate) struct Entry<W> {
    /// Its place in the order.
    place: u64,
    pub(crate) write: Write,
    pub(crate) waiters: Vec<W>,
}

/// There is no room for another row; whoever would have waited for it is given back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full<W>(pub(crate) Option<W>);

/// Writes that wait.
#[derive(Debug)]
pub(crate) struct Pending<W> {
    by_place: BTreeMap<u64, Entry<W>>,
    places: BTreeMap<Key, u64>,
    next: u64,
    max: usize,
}

impl<W> Pending<W> {
    pub(crate) fn bounded(max: usize) -> Pending<W> {
        Pending {
            by_place: BTreeMap::new(),
            places: BTreeMap::new(),
            next: 0,
            max,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_place.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_place.is_empty()
    }

    /// Whether something waits for that row.
    pub(crate) fn has(&self, key: &Key) -> bool {
        self.places.contains_key(key)
    }

    /// Adds a write, in the place of one for the same row if there is one.
    pub(crate) fn put(&mut self, write: Write, waiter: Option<W>) -> Result<(), Full<W>> {
        let key = write.key();
        if let Some(entry) = self.waiting(&key) {
            entry.write = write;
            entry.waiters.extend(waiter);
            return Ok(());
        }
        if self.len() >= self.max {
            return Err(Full(waiter));
        }
        let entry = Entry {
            place: self.next,
            write,
            waiters: waiter.into_iter().collect(),
        };
        self.next += 1;
        self.insert(key, entry);
        Ok(())
    }

    /// Takes the oldest, `most` of them.
    pub(crate) fn take(&mut self, most: usize) -> Vec<Entry<W>> {
        let mut taken = Vec::with_capacity(most.min(self.len()));
        while taken.len() < most
            && let Some((_, entry)) = self.by_place.pop_first()
        {
            self.places.remove(&entry.write.key());
            taken.push(entry);
        }
        taken
    }

    /// Puts back what could not be written: into its old place, or behind what has replaced it since. Nothing
    /// is refused: there was room for it before.
    pub(crate) fn put_back(&mut self, entries: Vec<Entry<W>>) {
        for mut entry in entries {
            let key = entry.write.key();
            match self.waiting(&key) {
                Some(later) => {
                    let waiters = mem::take(&mut later.waiters);
                    entry.waiters.extend(waiters);
                    later.waiters = entry.waiters;
                }
                None => self.insert(key, entry),
            }
        }
    }

    fn waiting(&mut self, key: &Key) -> Option<&mut Entry<W>> {
        self.by_place.get_mut(self.places.get(key)?)
    }

    fn insert(&mut self, key: Key, entry: Entry<W>) {
        self.places.insert(key, entry.place);
        self.by_place.insert(entry.place, entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write::BanRow;
    use proptest::prelude::*;

    fn ban(source: u8, times: u32) -> Write {
        Write::PutBan(BanRow {
            source: source.to_string(),
            cause: "test".into(),
            since_ms: 0,
            until_ms: 0,
            times,
        })
    }

    #[test]
    fn of_several_writes_to_a_row_the_latest_waits_in_the_place_of_the_first() {
        let mut pending = Pending::bounded(10);
        for (source, times) in [(1, 1), (2, 1), (1, 2), (1, 3)] {
            pending.put(ban(source, times), Some(times)).unwrap();
        }
        let taken = pending.take(10);
        let writes: Vec<_> = taken.iter().map(|entry| entry.write.clone()).collect();
        assert_eq!(writes, [ban(1, 3), ban(2, 1)]);
        assert_eq!(taken[0].waiters, [1, 2, 3]);
        assert!(pending.is_empty());
    }

    #[test]
    fn a_row_too_many_is_refused_and_one_that_waits_already_never() {
        let mut pending = Pending::<()>::bounded(2);
        pending.put(ban(1, 1), None).unwrap();
        pending.put(ban(2, 1), None).unwrap();
        assert_eq!(pending.put(ban(3, 1), None), Err(Full(None)));
        assert_eq!(pending.put(ban(2, 2), None), Ok(()));
        assert_eq!(pending.len(), 2);
    }

    proptest! {
        /// Against a naive model: whatever fails and comes back, at the end each row is as it was last written,
        /// and everybody who waited was told exactly once and not before a write as late as his own.
        #[test]
        fn what_fails_and_is_tried_again_ends_as_it_was_written(
            steps in proptest::collection::vec((0u8..6, 0usize..4, any::<bool>()), 1..80)
        ) {
            let mut pending = Pending::bounded(100);
            let mut wanted = BTreeMap::new();
            let mut stored = BTreeMap::new();
            let mut told = Vec::new();
            let mut written = 0u32;
            let mut under_way: Vec<Entry<u32>> = Vec::new();
            let mut store = |entries: Vec<Entry<u32>>, told: &mut Vec<u32>| {
                for entry in entries {
                    let Write::PutBan(row) = entry.write else { unreachable!() };
                    for waiter in &entry.waiters {
                        assert!(*waiter <= row.times, "told before his own was in");
                    }
                    told.extend(entry.waiters);
                    stored.insert(row.source, row.times);
                }
            };
            for (source, take, fails) in steps {
                written += 1;
                pending.put(ban(source, written), Some(written)).unwrap();
                wanted.insert(source.to_string(), written);
                if under_way.is_empty() {
                    under_way = pending.take(take);
                } else if fails {
                    pending.put_back(std::mem::take(&mut under_way));
                } else {
                    store(std::mem::take(&mut under_way), &mut told);
                }
            }
            pending.put_back(under_way);
            store(pending.take(100), &mut told);
            prop_assert_eq!(&stored, &wanted);
            told.sort_unstable();
            prop_assert_eq!(told, (1..=written).collect::<Vec<_>>());
        }
    }
}
