//! Closing by load as the naive model sees it: marks, and whether they hold at a moment.

use crate::waits::Waits;
use acd::{AVERAGE_OVER, Load, WaitOf};
use base::Time;
use std::time::Duration;

/// A closed queue is below the lower marks since then, if it is.
pub(crate) type Closed = Option<Time>;

/// One queue at one moment.
pub(crate) struct Moment<'a> {
    pub(crate) now: Time,
    pub(crate) load: Load,
    pub(crate) waits: &'a Waits,
    /// First arrivals of those in line.
    pub(crate) arrivals: &'a [Time],
}

impl Moment<'_> {
    fn wait(&self) -> Duration {
        let wait = match self.load.wait_of {
            WaitOf::Average => self.waits.average(self.now, self.arrivals),
            WaitOf::Longest => self.arrivals.iter().min().map(|first| self.now - *first),
        };
        wait.unwrap_or_default()
    }

    fn is_over(&self) -> bool {
        let close = self.load.close;
        close
            .waiting
            .is_some_and(|mark| self.arrivals.len() >= mark as usize)
            || close.wait.is_some_and(|mark| self.wait() >= mark)
    }

    fn is_below(&self) -> bool {
        let open = self.load.open;
        !self.is_over()
            && open
                .waiting
                .is_none_or(|mark| self.arrivals.len() < mark as usize)
            && open.wait.is_none_or(|mark| self.wait() < mark)
    }

    /// What the queue is by now.
    pub(crate) fn weigh(&self, closed: Option<Closed>) -> Option<Closed> {
        let closed = match closed {
            None if self.is_over() => Some(None),
            closed => closed,
        };
        let since = closed?;
        if !self.is_below() {
            return Some(None);
        }
        let since = since.unwrap_or(self.now);
        (since + self.load.held > self.now).then_some(Some(since))
    }

    /// When it is to be looked at again.
    pub(crate) fn due(&self, closed: Option<Closed>) -> Option<Time> {
        let mark = match closed {
            None => self.load.close.wait,
            Some(Some(_)) => {
                let marks = [self.load.open.wait, self.load.close.wait];
                marks.into_iter().flatten().min()
            }
            Some(None) => None,
        };
        let opens = closed.flatten().map(|since| since + self.load.held);
        let reached = mark.and_then(|mark| self.reaches(mark));
        [opens, reached, self.forgets()].into_iter().flatten().min()
    }

    fn reaches(&self, mark: Duration) -> Option<Time> {
        if self.load.wait_of == WaitOf::Longest {
            return self.arrivals.iter().min().map(|first| *first + mark);
        }
        let lately = self
            .waits
            .answered
            .iter()
            .filter(|(at, _)| self.now - *at < AVERAGE_OVER);
        let lately: Vec<u128> = lately.map(|(_, wait)| wait.as_micros()).collect();
        let callers = (lately.len() + self.arrivals.len()) as u128;
        let arrivals: u128 = self
            .arrivals
            .iter()
            .map(|at| u128::from(at.as_micros()))
            .sum();
        let needed = mark.as_micros() * callers + arrivals;
        let needed = needed.saturating_sub(lately.iter().sum());
        match self.arrivals.len() as u128 {
            0 => None,
            waiting => Some(Time::from_micros(needed.div_ceil(waiting) as u64)),
        }
    }

    fn forgets(&self) -> Option<Time> {
        if self.load.wait_of == WaitOf::Longest {
            return None;
        }
        self.load.close.wait.or(self.load.open.wait)?;
        let forgotten = self.waits.answered.iter().map(|(at, _)| *at + AVERAGE_OVER);
        forgotten.filter(|at| *at > self.now).min()
    }
}
