//! The process's monotonic clock, in the cores' terms.

use base::{Time, WallClock};
use std::time::{Duration, Instant, SystemTime};

/// What the clock shows when it is started: what was kept of processes before this one has moments too, and their
/// order, unless it is older than this.
const STARTS_AT: Time = Time::from_millis(30 * 24 * 3_600 * 1_000);

/// The process's clock. All its tasks share one.
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
        STARTS_AT + self.started.elapsed()
    }

    /// For how long it has run.
    pub fn runs_for(self) -> Duration {
        self.started.elapsed()
    }

    /// What the clock on the wall shows at `now`.
    pub fn wall(self, now: Time) -> WallClock {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        // A clock set before 1970 shows nothing that hours could go by.
        let unix_ms = since_1970.map_or(0, |span| span.as_millis());
        WallClock::new(now, i64::try_from(unix_ms).unwrap_or(i64::MAX))
    }

    /// The same moment for timers of the operating system, none before the start; none if it never comes.
    pub fn instant(self, time: Time) -> Option<Instant> {
        if time == Time::NEVER {
            return None;
        }
        self.started.checked_add(time.since(STARTS_AT))
    }
}
