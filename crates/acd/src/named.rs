//! Values by name: found by it, told in the order of names, and each also under a number (`table.rs`). Names are for
//! people, journals and settings; numbers are for what happens a thousand times a second.

use crate::index::Hashed;
use crate::table::{Number, Table};
use base::{NamesOf, OrgId};
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::ops::Bound;

/// Values by name, in the order of their names, and by number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Named<K: Ord, V> {
    rows: Table<K, V>,
    order: BTreeMap<K, Number>,
}

impl<K: Ord, V> Default for Named<K, V> {
    fn default() -> Self {
        Named {
            rows: Table::default(),
            order: BTreeMap::new(),
        }
    }
}

impl<K: Ord + Clone + Hashed, V: Default> Named<K, V> {
    /// The number under which a value of that name stands.
    pub(crate) fn number(&self, name: &K) -> Option<Number> {
        self.rows.number(name)
    }

    /// Whether there is one of that name.
    pub(crate) fn contains(&self, name: &K) -> bool {
        self.rows.contains_key(name)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The value of that name.
    pub(crate) fn named(&self, name: &K) -> Option<&V> {
        self.rows.get(name)
    }

    /// The value under that number.
    pub(crate) fn get(&self, number: Number) -> Option<&V> {
        self.rows.at(number)
    }

    /// The value under that number, to be changed.
    pub(crate) fn get_mut(&mut self, number: Number) -> Option<&mut V> {
        self.rows.at_mut(number)
    }

    /// The name and the value under that number.
    pub(crate) fn row(&self, number: Number) -> Option<(&K, &V)> {
        self.rows.row(number)
    }

    /// All, in the order of their names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.numbers().filter_map(|number| self.row(number))
    }

    /// Those among these names, in their order.
    pub(crate) fn among(&self, names: NamesOf) -> impl Iterator<Item = (&K, &V)>
    where
        K: Borrow<str>,
    {
        let numbers = self.order.range::<str, _>(names);
        numbers.filter_map(|(_, number)| self.row(*number))
    }

    /// The organisations that have any, in the order in which their names come.
    pub(crate) fn organisations(&self) -> impl Iterator<Item = OrgId>
    where
        K: Borrow<str>,
    {
        let mut from = String::new();
        std::iter::from_fn(move || {
            let rest = (Bound::Included(&*from), Bound::Unbounded);
            let (name, _) = self.order.range::<str, _>(rest).next()?;
            let name: &str = name.borrow();
            let (org, _) = name.split_once('/')?;
            let org = OrgId::new(org).ok()?;
            from = org.names().end().to_owned();
            Some(org)
        })
    }

    /// All numbers, in the order of the names.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = Number> {
        self.order.values().copied()
    }

    /// The number of the value of that name, made if there is none.
    pub(crate) fn make(&mut self, name: &K) -> Number {
        if let Some(number) = self.number(name) {
            return number;
        }
        let number = self.rows.insert(name.clone(), V::default());
        self.order.insert(name.clone(), number);
        number
    }

    /// Removes the value under that number.
    pub(crate) fn remove(&mut self, number: Number) {
        if let Some((name, _)) = self.rows.take(number) {
            self.order.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index;

    impl Hashed for &str {
        fn hash(&self) -> u64 {
            index::of_text(self)
        }
    }

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
