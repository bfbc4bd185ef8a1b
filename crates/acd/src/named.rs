//! Values by name, each also under a number. Names are for people, journals and settings; numbers are
//! for what happens a thousand times a second, where comparing names would be most of the work.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where a value stands. Good for as long as the value is there; then another may get it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Number(u32);

impl Number {
    /// As a plain number.
    pub(crate) fn index(self) -> u32 {
        self.0
    }
}

/// Values by name, in the order of their names, and by number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Named<K: Ord, V> {
    numbers: BTreeMap<K, Number>,
    rows: Vec<Option<(K, V)>>,
    vacant: Vec<Number>,
}

impl<K: Ord, V> Default for Named<K, V> {
    fn default() -> Self {
        Named {
            numbers: BTreeMap::new(),
            rows: Vec::new(),
            vacant: Vec::new(),
        }
    }
}

impl<K: Ord + Clone, V: Default> Named<K, V> {
    /// The number under which a value of that name stands.
    pub(crate) fn number(&self, name: &K) -> Option<Number> {
        self.numbers.get(name).copied()
    }

    /// Whether there is one of that name.
    pub(crate) fn contains(&self, name: &K) -> bool {
        self.numbers.contains_key(name)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// The value of that name.
    pub(crate) fn named(&self, name: &K) -> Option<&V> {
        self.numbers.get(name).and_then(|number| self.get(*number))
    }

    /// The value under that number.
    pub(crate) fn get(&self, number: Number) -> Option<&V> {
        self.row(number).map(|(_, value)| value)
    }

    /// The value under that number, to be changed.
    pub(crate) fn get_mut(&mut self, number: Number) -> Option<&mut V> {
        let row = self.rows.get_mut(number.0 as usize)?;
        row.as_mut().map(|(_, value)| value)
    }

    /// The name and the value under that number.
    pub(crate) fn row(&self, number: Number) -> Option<(&K, &V)> {
        let row = self.rows.get(number.0 as usize)?.as_ref();
        row.map(|(name, value)| (name, value))
    }

    /// All, in the order of their names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.numbers.values().filter_map(|number| self.row(*number))
    }

    /// All numbers, in the order of the names.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = Number> {
        self.numbers.values().copied()
    }

    /// The number of the value of that name, made if there is none.
    pub(crate) fn make(&mut self, name: &K) -> Number {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let row = Some((name.clone(), V::default()));
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
        self.numbers.insert(name.clone(), number);
        number
    }

    /// Removes the value under that number.
    pub(crate) fn remove(&mut self, number: Number) {
        let row = self.rows.get_mut(number.0 as usize);
        if let Some((name, _)) = row.and_then(Option::take) {
            self.numbers.remove(&name);
            self.vacant.push(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_given_anew_only_after_its_value_has_gone() {
        let mut named: Named<&str, u8> = Named::default();
        let (b, a) = (named.make(&"b"), named.make(&"a"));
        assert_eq!(named.make(&"b"), b);
        *named.get_mut(a).unwrap() = 7;
        assert!(named.iter().eq([(&"a", &7), (&"b", &0)]));
        named.remove(b);
        named.remove(b);
        assert_eq!(
            (named.get(b), named.len(), named.number(&"b")),
            (None, 1, None)
        );
        let c = named.make(&"c");
        assert_eq!(
            (c, named.row(c), named.named(&"a")),
            (b, Some((&"c", &0)), Some(&7))
        );
        assert!(!named.contains(&"b"));
    }
}
