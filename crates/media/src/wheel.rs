//! When each session's frame is due: 20 slots of 1 ms, so that a thousand sessions don't all send at once.

use base::Time;
use std::time::Duration;

/// Slots in a frame of 20 ms.
const SLOTS: usize = 20;
/// Length of a slot, in microseconds.
pub(crate) const SLOT_MICROS: u64 = 1_000;
/// A thread that is further behind than this many slots lets them go: to make up for more would flood
/// the phones.
const BEHIND_MAX: u64 = 100;

/// The sessions of a thread by slot, and where the thread is.
#[derive(Debug)]
pub(crate) struct Wheel {
    slots: [Vec<usize>; SLOTS],
    /// The next slot to be served, counted from the clock's start.
    next: u64,
}

/// A slot that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// Its place in the wheel.
    pub(crate) slot: usize,
    /// When it was due.
    pub(crate) at: Time,
    /// Slots passed over right before it.
    pub(crate) skipped: u64,
}

impl Wheel {
    /// An empty one at `now`.
    pub(crate) fn new(now: Time) -> Wheel {
        Wheel {
            slots: std::array::from_fn(|_| Vec::new()),
            next: now.as_micros() / SLOT_MICROS + 1,
        }
    }

    /// Gives a session the slot with the fewest; returns the slot.
    pub(crate) fn add(&mut self, session: usize) -> usize {
        // From the slot furthest away: the new session's first frame has a whole turn to be prepared.
        let start = self.next as usize;
        let slot = (0..SLOTS)
            .map(|offset| (start + SLOTS - 1 - offset) % SLOTS)
            .min_by_key(|slot| self.slots[*slot].len())
            .unwrap_or(0);
        self.slots[slot].push(session);
        slot
    }

    /// Gives a session the slot that it had on another thread: all threads count from the same moment, so its frames
    /// keep their distance.
    pub(crate) fn keep(&mut self, slot: usize, session: usize) {
        self.slots[slot].push(session);
    }

    /// Whether what was due at `at` will not be served here any more.
    pub(crate) fn has_passed(&self, at: Time) -> bool {
        at.as_micros() / SLOT_MICROS < self.next
    }

    /// Takes a session out of its slot.
    pub(crate) fn remove(&mut self, slot: usize, session: usize) {
        self.slots[slot].retain(|other| *other != session);
    }

    /// The sessions of a slot.
    pub(crate) fn sessions(&self, slot: usize) -> &[usize] {
        &self.slots[slot]
    }

    /// How long until a slot with sessions is due; `None` if there are none.
    pub(crate) fn wait(&self, now: Time) -> Option<Duration> {
        let next = (self.next..self.next + SLOTS as u64)
            .find(|slot| !self.slots[(slot % SLOTS as u64) as usize].is_empty())?;
        Some(Time::from_micros(next * SLOT_MICROS) - now)
    }

    /// The next slot with sessions that is due at `now`.
    pub(crate) fn pop_due(&mut self, now: Time) -> Option<Due> {
        let current = now.as_micros() / SLOT_MICROS;
        let mut skipped = 0;
        if current.saturating_sub(self.next) > BEHIND_MAX {
            let occupied = self.slots.iter().any(|slot| !slot.is_empty());
            skipped = if occupied { current - self.next } else { 0 };
            self.next = current;
        }
        while self.next <= current {
            let slot = (self.next % SLOTS as u64) as usize;
            let at = Time::from_micros(self.next * SLOT_MICROS);
            self.next += 1;
            if !self.slots[slot].is_empty() {
                return Some(Due { slot, at, skipped });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_spread_evenly_over_the_slots() {
        let mut wheel = Wheel::new(Time::ZERO);
        for session in 0..45 {
            wheel.add(session);
        }
        assert!((0..SLOTS).all(|slot| (2..=3).contains(&wheel.sessions(slot).len())));
        let slot = wheel.add(99);
        wheel.remove(slot, 99);
        assert!(!wheel.sessions(slot).contains(&99));
    }

    #[test]
    fn a_session_is_due_every_20_ms_to_the_microsecond() {
        let mut wheel = Wheel::new(Time::from_micros(12_345_678));
        wheel.add(0);
        let mut now = Time::from_micros(12_345_678);
        let mut due = Vec::new();
        for _ in 0..5 {
            now += wheel.wait(now).unwrap();
            due.push(wheel.pop_due(now).unwrap().at);
            assert_eq!(wheel.pop_due(now), None);
        }
        assert!(
            due.windows(2)
                .all(|pair| pair[1] - pair[0] == Duration::from_millis(20))
        );
    }

    #[test]
    fn a_thread_a_little_late_catches_up_and_one_far_behind_lets_slots_go() {
        let mut wheel = Wheel::new(Time::ZERO);
        wheel.add(0);
        let first = wheel.wait(Time::ZERO).unwrap();
        let now = Time::ZERO + first + Duration::from_millis(45);
        let caught_up = std::iter::from_fn(|| wheel.pop_due(now)).count();
        assert_eq!(caught_up, 3);
        let late = now + Duration::from_secs(10);
        let due: Vec<Due> = std::iter::from_fn(|| wheel.pop_due(late)).collect();
        assert!(due.len() <= 1, "{due:?}");
        let later = late + Duration::from_millis(20);
        let due: Vec<Due> = std::iter::from_fn(|| wheel.pop_due(later)).collect();
        assert_eq!(due.len(), 1);
    }

    #[test]
    fn an_empty_wheel_waits_for_nothing() {
        let mut wheel = Wheel::new(Time::ZERO);
        assert_eq!(wheel.wait(Time::ZERO), None);
        assert_eq!(wheel.pop_due(Time::from_millis(50_000)), None);
        wheel.add(1);
        assert!(wheel.wait(Time::from_millis(50_000)).unwrap() <= Duration::from_millis(20));
    }
}
