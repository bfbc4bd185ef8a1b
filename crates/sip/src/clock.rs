//! The process's monotonic clock, in the cores' terms.

use base::Time;
use std::time::{Duration, Instant};

/// A clock whose zero is the moment it was started. All tasks of a process share one.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: Instant,
}

impl Clock {
    /// Starts it.
    pub fn start() -> Clock {
        Clock {
            started: Instant::now(),
        }
    }

    /// What it shows now.
    pub fn now(self) -> Time {
        Time::ZERO + self.started.elapsed()
    }

    /// The same moment for timers of the operating system; none if it never comes.
    pub fn instant(self, time: Time) -> Option<Instant> {
        if time == Time::NEVER {
            return None;
        }
        self.started
            .checked_add(Duration::from_micros(time.as_micros()))
    }
}
