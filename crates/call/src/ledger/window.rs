//! How much of something came to pass within the last hour or day: a sliding sum in little memory.

use base::Time;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Parts that a window is cut into.
const PARTS: u64 = 12;

/// One more than the window has parts: the oldest counts until it is wholly past, so no span of the window's length
/// ever has more in it than was let through, and what was used comes back a twelfth late.
const SLOTS: usize = PARTS as usize + 1;

/// A sum over the last so long. Its length is named at each use, since only the setting knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Window {
    slots: [u32; SLOTS],
    /// The number of the newest slot since the clock began.
    newest: u64,
}

impl Window {
    /// What came within the last `span`.
    pub(crate) fn sum(&mut self, now: Time, span: Duration) -> u32 {
        self.go_on(now, span);
        self.slots.iter().copied().fold(0, u32::saturating_add)
    }

    /// One more.
    pub(crate) fn count(&mut self, now: Time, span: Duration) {
        self.go_on(now, span);
        let slot = &mut self.slots[index(self.newest)];
        *slot = slot.saturating_add(1);
    }

    fn go_on(&mut self, now: Time, span: Duration) {
        let part = (span.as_micros() as u64 / PARTS).max(1);
        let newest = now.as_micros() / part;
        // A clock that stands is one slot; one that runs by more than all slots forgets them all.
        let passed = newest.saturating_sub(self.newest).min(SLOTS as u64);
        for _ in 0..passed {
            self.newest += 1;
            self.slots[index(self.newest)] = 0;
        }
        self.newest = self.newest.max(newest);
    }
}

fn index(slot: u64) -> usize {
    (slot % SLOTS as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn minute(minute: u64) -> Time {
        Time::from_millis(minute * 60_000)
    }

    #[test]
    fn what_was_counted_is_forgotten_after_the_span_and_at_most_a_twelfth_of_it() {
        let mut window = Window::default();
        window.count(minute(100), HOUR);
        window.count(minute(130), HOUR);
        assert_eq!(window.sum(minute(131), HOUR), 2);
        assert_eq!(window.sum(minute(159), HOUR), 2);
        assert_eq!(window.sum(minute(165), HOUR), 1);
        assert_eq!(window.sum(minute(189), HOUR), 1);
        assert_eq!(window.sum(minute(195), HOUR), 0);
    }

    #[test]
    fn no_hour_ever_has_more_in_it_than_was_let_through() {
        let mut window = Window::default();
        let mut counted: Vec<u64> = Vec::new();
        for at in 0..1_000 {
            if window.sum(minute(at), HOUR) < 7 {
                window.count(minute(at), HOUR);
                counted.push(at);
            }
            let within = counted.iter().filter(|then| at - **then < 60).count();
            assert!(within <= 7, "{within} in the hour before {at}");
        }
        assert!(
            counted.len() > 90,
            "and it is let through: {}",
            counted.len()
        );
    }
}
