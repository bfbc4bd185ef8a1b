//! Callers who would rather be called back, in queues that give callbacks to their agents by themselves: what is supposed of them,
//! and a row for each of what came of it. Nothing here knows in which order it goes; the engine does.

use crate::day::{DayError, share, spread};
use crate::dice::Spread;
use base::{QueueId, Time};
use serde::Deserialize;
use std::time::Duration;

/// What is supposed of callers who are called back.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CalledBack {
    /// The share of callers who accept it.
    pub share: f64,
    /// How long they wait before they do.
    pub after: Spread,
    /// How long it takes from an agent's answer until the person is there: whom he is to call is said, and it rings.
    pub reach: Spread,
}

impl Default for CalledBack {
    fn default() -> CalledBack {
        CalledBack {
            share: 0.0,
            after: Spread::exponential(Duration::from_secs(60)),
            reach: Spread::lognormal(Duration::from_secs(20), 0.4),
        }
    }
}

impl CalledBack {
    pub(crate) fn check(&self) -> Result<(), DayError> {
        share("callbacks.share", self.share)?;
        spread("callbacks.after", self.after)?;
        spread("callbacks.reach", self.reach)
    }
}

/// Somebody who was to be called back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackRow {
    /// Where he had waited.
    pub queue: QueueId,
    /// When he first came.
    pub arrived: Time,
    /// When he accepted it.
    pub accepted: Time,
    /// When an agent began to talk with him; none where the day ended before.
    pub reached: Option<Time>,
}
