//! What becomes of a caller in a queue, step by step, and the one place where it is counted: for the engine's own
//! totals, for figures, for metrics and for logs of traffic.

use crate::estimate::Forecast;
use crate::fact::Outcome;
use crate::input::LeaveCause;
use crate::output::RefuseCause;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A step of a caller's way through one queue. Whoever entered is answered or gone later, once; whoever was answered
/// is handled or cut off later, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// He was not taken in; why not, where that is known.
    Refused(Option<RefuseCause>),
    /// He waits.
    Entered,
    /// An agent took him.
    Answered {
        /// How long he had waited in this queue.
        waited: Duration,
        /// What he could expect to wait when he came.
        expected: Option<Duration>,
        /// Whether that was within the queue's time for it.
        in_time: bool,
    },
    /// He waits no more, and nobody took him.
    Gone {
        /// Why.
        why: Gone,
        /// How long he had waited in this queue.
        waited: Duration,
        /// Whether that was so short that nobody could have helped it.
        soon: bool,
    },
    /// The agent is done with him.
    Handled {
        /// How long they talked.
        talk: Duration,
        /// How long the agent worked after it.
        wrap_up: Duration,
    },
    /// The server's process ended while they talked.
    CutOff,
}

/// Why a caller waits no more whom nobody took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gone {
    /// He left.
    Left(LeaveCause),
    /// He was put out.
    Expelled(RefuseCause),
    /// He was moved to another queue.
    Moved,
}

/// What a queue has seen since the server first knew it, or within an interval.
///
/// `entered` = waiting + offered now, + `connected` + `abandoned` + `failed` + `shut_down` + `sent_on` + `expelled` +
/// `overflowed` + `restarted` + `called_back`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueTotals {
    /// Callers taken in.
    pub entered: u64,
    /// Callers connected to an agent, those still talking among them.
    pub connected: u64,
    /// Callers who hung up before.
    pub abandoned: u64,
    /// Callers whose call broke before.
    pub failed: u64,
    /// Callers sent away because the server went down.
    pub shut_down: u64,
    /// Callers who went elsewhere before, or left their place to another.
    pub sent_on: u64,
    /// Callers put out because the queue was removed, and nobody was left to serve them.
    pub expelled: u64,
    /// Callers who went elsewhere by the queue's rules: they waited too long, pressed a key, or nobody was there.
    pub overflowed: u64,
    /// Callers who were cut off by the end of the server's process, as the next one found.
    pub restarted: u64,
    /// Callers who left their place to be called back.
    pub called_back: u64,
    /// Callers who were never taken in.
    pub refused: u64,
}

impl QueueTotals {
    /// Counts a step.
    pub fn count(&mut self, step: &Step) {
        match step {
            Step::Refused(_) => self.refused += 1,
            Step::Entered => self.entered += 1,
            Step::Answered { .. } => self.connected += 1,
            Step::Gone { why, .. } => *self.of(*why) += 1,
            Step::Handled { .. } | Step::CutOff => {}
        }
    }

    fn of(&mut self, why: Gone) -> &mut u64 {
        match why {
            Gone::Left(LeaveCause::Abandoned) => &mut self.abandoned,
            Gone::Left(LeaveCause::Failed) => &mut self.failed,
            Gone::Left(LeaveCause::Shutdown) => &mut self.shut_down,
            Gone::Left(LeaveCause::SentOn) | Gone::Moved => &mut self.sent_on,
            Gone::Left(LeaveCause::KeyPressed) => &mut self.overflowed,
            Gone::Left(LeaveCause::ServerRestarted) => &mut self.restarted,
            Gone::Left(LeaveCause::CalledBack) => &mut self.called_back,
            Gone::Expelled(RefuseCause::NoSuchQueue) => &mut self.expelled,
            Gone::Expelled(_) => &mut self.overflowed,
        }
    }

    /// Callers who came in and left with nobody having taken them.
    pub fn gone(&self) -> u64 {
        self.abandoned
            + self.failed
            + self.shut_down
            + self.sent_on
            + self.expelled
            + self.overflowed
            + self.restarted
            + self.called_back
    }

    /// Callers who came in and neither were taken nor are gone.
    pub fn waiting(&self) -> u64 {
        self.entered.saturating_sub(self.connected + self.gone())
    }

    /// Adds what another has counted.
    pub fn add(&mut self, other: &QueueTotals) {
        self.entered += other.entered;
        self.connected += other.connected;
        self.abandoned += other.abandoned;
        self.failed += other.failed;
        self.shut_down += other.shut_down;
        self.sent_on += other.sent_on;
        self.expelled += other.expelled;
        self.overflowed += other.overflowed;
        self.restarted += other.restarted;
        self.called_back += other.called_back;
        self.refused += other.refused;
    }
}

/// A queue's totals, and what was expected beside what came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// What it has seen.
    pub totals: QueueTotals,
    /// How far what was expected was from what came.
    pub forecast: Forecast,
}

impl Tally {
    /// Counts a step.
    pub fn count(&mut self, step: &Step) {
        self.totals.count(step);
        if let Step::Answered {
            waited,
            expected: Some(expected),
            ..
        } = step
        {
            self.forecast.note(*expected, *waited);
        }
    }

    /// Adds what another has counted.
    pub fn add(&mut self, other: &Tally) {
        self.totals.add(&other.totals);
        self.forecast.add(&other.forecast);
    }
}

/// What came of the calls offered to an agent since the server first knew him, or within an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentTotals {
    /// Calls he took.
    pub taken: u64,
    /// Calls he let ring.
    pub missed: u64,
    /// Calls he, or his device for him, refused (declined or busy).
    pub declined: u64,
    /// Offers his device or the network failed. Never missed calls.
    pub device_errors: u64,
}

impl AgentTotals {
    /// Counts an offer that came to nothing.
    pub fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Missed => self.missed += 1,
            Outcome::Declined | Outcome::Busy => self.declined += 1,
            Outcome::DeviceError => self.device_errors += 1,
            Outcome::Nothing => {}
        }
    }

    /// Adds what another has counted.
    pub fn add(&mut self, other: &AgentTotals) {
        self.taken += other.taken;
        self.missed += other.missed;
        self.declined += other.declined;
        self.device_errors += other.device_errors;
    }
}
