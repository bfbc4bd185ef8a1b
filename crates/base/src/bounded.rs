//! A vector with a limit, so that "bounded everything" is a type and not a habit.

use serde::{Deserialize, Serialize};

/// The container was full; the value comes back to whoever pushed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full<T>(pub T);

/// At most `N` values, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoundedVec<T, const N: usize>(Vec<T>);

impl<T, const N: usize> BoundedVec<T, N> {
    /// An empty one. Allocates nothing.
    pub const fn new() -> Self {
        BoundedVec(Vec::new())
    }

    /// Appends, or hands the value back.
    pub fn push(&mut self, value: T) -> Result<(), Full<T>> {
        if self.0.len() >= N {
            return Err(Full(value));
        }
        self.0.push(value);
        Ok(())
    }

    /// Keeps the values for which `keep` holds.
    pub fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        self.0.retain(keep);
    }

    /// Removes and returns the value at `index`, shifting those behind it.
    pub fn remove(&mut self, index: usize) -> T {
        self.0.remove(index)
    }
}

impl<T, const N: usize> Default for BoundedVec<T, N> {
    fn default() -> Self {
        BoundedVec::new()
    }
}

impl<T, const N: usize> std::ops::Deref for BoundedVec<T, N> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T, const N: usize> std::ops::DerefMut for BoundedVec<T, N> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_one_hands_the_value_back_and_keeps_what_it_has() {
        let mut few: BoundedVec<u8, 2> = BoundedVec::new();
        assert_eq!(few.push(1), Ok(()));
        assert_eq!(few.push(2), Ok(()));
        assert_eq!(few.push(3), Err(Full(3)));
        assert_eq!(&*few, &[1, 2]);
    }
}
