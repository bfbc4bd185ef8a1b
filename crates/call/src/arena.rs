//! Values in numbered slots, each slot with a generation, so that an id of a value that is gone never names
//! the next tenant of its slot. Order of slots is the same after a save and load.

use serde::{Deserialize, Serialize};

/// A place in an [`Arena`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

/// Slots and which of them are free.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Arena<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Arena {
            slots: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Arena<T> {
    /// Puts in the value that `make` makes of its own place.
    pub(crate) fn insert_with(&mut self, make: impl FnOnce(Place) -> T) -> Place {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot {
                generation: 0,
                value: None,
            });
            u32::try_from(self.slots.len() - 1).expect("calls are bounded far below 2^32")
        });
        let entry = &mut self.slots[slot as usize];
        entry.generation = entry.generation.wrapping_add(1);
        let place = Place {
            slot,
            generation: entry.generation,
        };
        entry.value = Some(make(place));
        place
    }

    pub(crate) fn at(&self, slot: u32, generation: u32) -> Option<&T> {
        let entry = self.slots.get(slot as usize)?;
        entry
            .value
            .as_ref()
            .filter(|_| entry.generation == generation)
    }

    pub(crate) fn at_mut(&mut self, slot: u32, generation: u32) -> Option<&mut T> {
        let entry = self.slots.get_mut(slot as usize)?;
        entry
            .value
            .as_mut()
            .filter(|_| entry.generation == generation)
    }

    pub(crate) fn remove(&mut self, slot: u32, generation: u32) -> Option<T> {
        let entry = self.slots.get_mut(slot as usize)?;
        if entry.generation != generation {
            return None;
        }
        let value = entry.value.take()?;
        self.free.push(slot);
        Some(value)
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().filter_map(|slot| slot.value.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_of_a_value_that_is_gone_never_names_the_next_tenant() {
        let mut arena = Arena::default();
        let first = arena.insert_with(|_| "first");
        assert_eq!(arena.remove(first.slot, first.generation), Some("first"));
        let second = arena.insert_with(|_| "second");
        assert_eq!(first.slot, second.slot);
        assert_eq!(arena.at(first.slot, first.generation), None);
        assert_eq!(arena.remove(first.slot, first.generation), None);
        assert_eq!(arena.at(second.slot, second.generation), Some(&"second"));
        assert_eq!(arena.len(), 1);
    }
}
