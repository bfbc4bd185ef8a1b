//! Deadlines with their reasons: at most one a reason, armed and disarmed in O(log n).

use base::Time;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Deadlines by reason and in order of time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Timers<R: Ord> {
    by_time: BTreeSet<(Time, R)>,
    by_reason: BTreeMap<R, Time>,
}

impl<R: Ord> Default for Timers<R> {
    fn default() -> Self {
        Timers {
            by_time: BTreeSet::new(),
            by_reason: BTreeMap::new(),
        }
    }
}

impl<R: Ord + Clone> Timers<R> {
    /// Sets the deadline for `reason`, replacing the one it had.
    pub(crate) fn arm(&mut self, reason: R, at: Time) {
        self.disarm(&reason);
        self.by_time.insert((at, reason.clone()));
        self.by_reason.insert(reason, at);
    }

    /// Forgets the deadline for `reason`, if it has one.
    pub(crate) fn disarm(&mut self, reason: &R) {
        if let Some(at) = self.by_reason.remove(reason) {
            self.by_time.remove(&(at, reason.clone()));
        }
    }

    /// Whether there is a deadline for `reason`.
    pub(crate) fn is_armed(&self, reason: &R) -> bool {
        self.by_reason.contains_key(reason)
    }

    /// The next deadline.
    pub(crate) fn next(&self) -> Option<(Time, R)> {
        self.by_time.first().cloned()
    }

    /// Takes out the next deadline if it is due.
    pub(crate) fn pop_due(&mut self, now: Time) -> Option<R> {
        if self.by_time.first()?.0 > now {
            return None;
        }
        let (_, reason) = self.by_time.pop_first()?;
        self.by_reason.remove(&reason);
        Some(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arming_again_replaces_the_deadline_and_disarming_forgets_it() {
        let mut timers = Timers::default();
        timers.arm('a', Time::from_millis(5));
        timers.arm('a', Time::from_millis(9));
        timers.arm('b', Time::from_millis(7));
        timers.arm('c', Time::from_millis(1));
        timers.disarm(&'c');
        assert_eq!(timers.next(), Some((Time::from_millis(7), 'b')));
        assert_eq!(timers.pop_due(Time::from_millis(6)), None);
        assert_eq!(timers.pop_due(Time::from_millis(9)), Some('b'));
        assert_eq!(timers.pop_due(Time::from_millis(9)), Some('a'));
        assert_eq!(timers.next(), None);
    }
}
