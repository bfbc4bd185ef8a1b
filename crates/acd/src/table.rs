//! Values by key, each also under a number: for what happens a thousand times a second, where comparing keys would
//! be most of the work.

use crate::index::{Hashed, Index};
use serde::{Deserialize, Serialize};

/// Where a value stands. Good for as long as the value is there; then another may get it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Number(u32);

impl Number {
    /// As a plain number.
    pub(crate) fn index(self) -> u32 {
        self.0
    }
}

/// Values by key and by number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Table<K, V> {
    rows: Vec<Option<(K, V)>>,
    vacant: Vec<Number>,
    index: Index,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Table {
            rows: Vec::new(),
            vacant: Vec::new(),
            index: Index::default(),
        }
    }
}

impl<K: Eq + Hashed, V> Table<K, V> {
    /// The number under which the value of that key stands.
    pub(crate) fn number(&self, key: &K) -> Option<Number> {
        let is_meant = |row| self.row(Number(row)).is_some_and(|(other, _)| other == key);
        self.index.find(key.hash(), is_meant).map(Number)
    }

    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there is one of that key.
    pub(crate) fn contains_key(&self, key: &K) -> bool {
        self.number(key).is_some()
    }

    /// The value of that key.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.at(self.number(key)?)
    }

    /// The value of that key, to be changed.
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.at_mut(self.number(key)?)
    }

    /// The value under that number.
    pub(crate) fn at(&self, number: Number) -> Option<&V> {
        self.row(number).map(|(_, value)| value)
    }

    /// The value under that number, to be changed.
    pub(crate) fn at_mut(&mut self, number: Number) -> Option<&mut V> {
        let row = self.rows.get_mut(number.0 as usize)?;
        row.as_mut().map(|(_, value)| value)
    }

    /// The key and the value under that number.
    pub(crate) fn row(&self, number: Number) -> Option<(&K, &V)> {
        let row = self.rows.get(number.0 as usize)?.as_ref();
        row.map(|(key, value)| (key, value))
    }

    /// All, in an order that says nothing.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.rows.iter().flatten().map(|(key, value)| (key, value))
    }

    /// Puts a value under that key, in place of any that is there.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Number {
        if let Some(number) = self.number(&key) {
            self.rows[number.0 as usize] = Some((key, value));
            return number;
        }
        let hash = key.hash();
        let row = Some((key, value));
        let number = match self.vacant.pop() {
            Some(number) => {
                self.rows[number.0 as usize] = row;
                number
            }
            None => {
                self.rows.push(row);
                let last = u32::try_from(self.rows.len() - 1);
                Number(last.expect("memory runs out long before four thousand million values"))
            }
        };
        self.index.insert(hash, number.0);
        number
    }

    /// Takes out the value under that number.
    pub(crate) fn take(&mut self, number: Number) -> Option<(K, V)> {
        let (key, value) = self.rows.get_mut(number.0 as usize)?.take()?;
        self.index.remove(key.hash(), number.0);
        self.vacant.push(number);
        Some((key, value))
    }

    /// Takes out the value of that key.
    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let (_, value) = self.take(self.number(key)?)?;
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::OfferId;
    use std::collections::BTreeMap;

    #[test]
    fn it_holds_what_a_plain_map_holds_and_gives_numbers_anew_only_when_they_are_free() {
        let (mut table, mut plain) = (Table::default(), BTreeMap::new());
        for n in 0..3_000_u64 {
            let key = OfferId(n * 607 % 1_009);
            if n % 3 == 2 {
                assert_eq!(table.remove(&key), plain.remove(&key));
            } else {
                let before = table.number(&key);
                let number = table.insert(key, n);
                assert!(before.is_none_or(|before| before == number));
                plain.insert(key, n);
            }
            assert_eq!(table.len(), plain.len());
            assert_eq!(table.get(&key), plain.get(&key));
        }
        let mut rows: Vec<_> = table.iter().collect();
        rows.sort_unstable();
        assert!(rows.into_iter().eq(&plain));
        let bytes = postcard::to_allocvec(&table).unwrap();
        let loaded: Table<OfferId, u64> = postcard::from_bytes(&bytes).unwrap();
        assert_eq!(loaded, table);
        let (key, value) = plain.pop_first().unwrap();
        let number = loaded.number(&key).unwrap();
        assert_eq!(table.take(number), Some((key, value)));
        assert_eq!((table.take(number), table.at(number)), (None, None));
    }
}
