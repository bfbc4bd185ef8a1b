//! Values at places that are never mistaken for one another: a slab whose places carry a generation.

use serde::{Deserialize, Serialize};

/// Where a value is; no longer valid once it is removed, also when the slot has a new tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Place {
    slot: u32,
    generation: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Slot<T> {
    generation: u32,
    /// Boxed, so that a table that was once large is small again when empty.
    value: Option<Box<T>>,
}

/// Values by place. Places are given out in the same order after a save and a load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Table<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

impl<T> Table<T> {
    pub(super) const fn new() -> Table<T> {
        Table {
            slots: Vec::new(),
            free: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(super) fn insert(&mut self, value: T) -> Place {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot {
                generation: 0,
                value: None,
            });
            u32::try_from(self.slots.len() - 1).expect("memory ends before 2^32 transactions")
        });
        let tenant = &mut self.slots[slot as usize];
        tenant.value = Some(Box::new(value));
        Place {
            slot,
            generation: tenant.generation,
        }
    }

    pub(super) fn at(&self, place: Place) -> Option<&T> {
        let slot = self.slots.get(place.slot as usize)?;
        let value = slot.value.as_deref()?;
        (slot.generation == place.generation).then_some(value)
    }

    pub(super) fn at_mut(&mut self, place: Place) -> Option<&mut T> {
        let slot = self.slots.get_mut(place.slot as usize)?;
        let value = slot.value.as_deref_mut()?;
        (slot.generation == place.generation).then_some(value)
    }

    pub(super) fn remove(&mut self, place: Place) -> Option<T> {
        self.at(place)?;
        let slot = &mut self.slots[place.slot as usize];
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(place.slot);
        slot.value.take().map(|boxed| *boxed)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Place, &T)> {
        self.slots.iter().enumerate().filter_map(|(at, slot)| {
            let place = Place {
                slot: at as u32,
                generation: slot.generation,
            };
            Some((place, slot.value.as_deref()?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_not_the_next_tenants() {
        let mut table = Table::new();
        let first = table.insert('a');
        assert_eq!(table.remove(first), Some('a'));
        let second = table.insert('b');
        assert_eq!(table.at(first), None);
        assert_eq!(table.at_mut(first), None);
        assert_eq!(table.remove(first), None);
        assert_eq!(table.at(second), Some(&'b'));
        assert_eq!(table.len(), 1);
        assert_eq!(table.iter().collect::<Vec<_>>(), [(second, &'b')]);
    }
}
