//! The journal of facts: what queues and agents did, kept over a restart. Facts are handed to the store as they come
//! about (`keeper.rs`) and counted in memory (`memory.rs`); of what is older they are read back a part at a time
//! (`replay.rs`) and counted anew (`recall.rs`). Whoever asks does so here.

mod clock;
mod keeper;
mod memory;
mod reads;
mod recall;
mod replay;

pub(crate) use clock::follow_clock;
pub(crate) use keeper::FactKeeper;
pub(crate) use memory::{Kept, Memory, Since};
pub(crate) use recall::Recalled;

use recall::Before;

use crate::acd_task::{Acd, Gone};
use crate::keeping::utc_now_ms;
use acd::{Interval, LINES_KEPT, Stamped};
use base::{Time, UserId};
use config::FactsSettings;
use control::TrafficCommand;
use reads::Reads;
use replay::Missing;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use store::{Failure, Keep, Location};
use tokio::time::timeout;
use web::{Unread, Who};

/// How long it is waited for the latest facts to be on disk before they are read back.
const FLUSH_WAIT: Duration = Duration::from_secs(2);

/// What is said of times before the clock was set.
const CLOCK_SET: &str = "the clock was set while the server ran: what came about between its start and then is told by the clock as \
     it was, and whoever was there then counts as cut off";

/// Why what was kept can't be told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FactsError {
    #[error("what was kept can't be read: {0}")]
    Store(#[from] Failure),
    #[error("storage does not answer: what was kept was not read within {0} s")]
    Slow(u64),
    #[error(
        "what was kept is being read for {0} others, or storage does not answer them: try again later"
    )]
    Busy(usize),
    #[error("something else is being read for you: try again when it is done")]
    InTurn,
    #[error("what was kept can't be read: {0}")]
    Broken(String),
    #[error(transparent)]
    Gone(#[from] Gone),
}

/// What came to queues and agents, and what is lacking in it, if anything.
pub(crate) struct Told {
    pub(crate) intervals: BTreeMap<u64, Interval>,
    pub(crate) lacking: Vec<String>,
}

/// What is kept in the journal, for whoever asks. Clones lead to the same.
#[derive(Clone)]
pub(crate) struct Facts {
    location: Location,
    /// When the process's clock shows 0, in milliseconds of UTC, by the clock on the wall as it is.
    own_zero_ms: Arc<AtomicU64>,
    acd: Acd,
    reads: Reads,
}

impl Facts {
    pub(crate) fn new(location: Location, own_zero_ms: u64, acd: Acd) -> Facts {
        Facts {
            location,
            own_zero_ms: Arc::new(AtomicU64::new(own_zero_ms)),
            acd,
            reads: Reads::new(),
        }
    }

    /// Has remembered what came about before this process began. Calls don't wait for it.
    pub(crate) async fn recall(self) {
        if let Some(recalled) = self.read_back().await {
            // The task that has the other end lives as long as the process.
            let _ = self.acd.recalled(recalled).await;
        }
    }

    async fn read_back(&self) -> Option<Recalled> {
        match recall::recall(&self.location, self.own_zero_ms(), utc_now_ms()).await {
            Ok(recalled) => {
                if !recalled.missing.is_nothing() {
                    let Missing { lost, unread } = recalled.missing;
                    tracing::warn!(
                        lost,
                        unread,
                        "not all facts of the last days can be counted"
                    );
                }
                Some(recalled)
            }
            Err(error) => {
                tracing::warn!(%error, "figures begin anew: what was kept can't be read");
                None
            }
        }
    }

    /// When the process's clock shows 0, in milliseconds of UTC, by the clock on the wall as it is.
    pub(crate) fn own_zero_ms(&self) -> u64 {
        self.own_zero_ms.load(Ordering::Relaxed)
    }

    /// What `reading` comes to, which that account asks for by HTTP: one thing at a time of each, and a few in all.
    pub(crate) async fn read_for<T: Send + 'static>(
        &self,
        who: &Who,
        reading: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, Unread> {
        let read = self.reads.read_for(who, reading).await;
        read.map_err(|error| match error {
            FactsError::InTurn => Unread::InTurn,
            error => {
                tracing::warn!(%error, "what is kept can't be told by HTTP");
                Unread::Away
            }
        })
    }

    /// What came to queues and agents, between these moments, in milliseconds of UTC. What is `held` is let go when nothing is
    /// read for it any more, also where nobody waits for that.
    pub(crate) async fn figures(
        &self,
        moments_ms: Vec<u64>,
        held: impl Send + 'static,
    ) -> Result<Told, FactsError> {
        let kept = self.acd.figures(moments_ms.clone()).await?;
        let mut told = Told {
            intervals: kept.intervals,
            lacking: Vec::new(),
        };
        if kept.clock_set_ms > moments_ms.first().copied() {
            told.lacking.push(CLOCK_SET.to_owned());
        }
        let mut older: Vec<u64> = moments_ms.clone();
        older.retain(|moment| *moment < kept.since_ms);
        let Some(last) = moments_ms.last().filter(|_| !older.is_empty()) else {
            told.lacks(kept.missing);
            return Ok(told);
        };
        older.push(kept.since_ms.min(*last));
        older.dedup();
        self.flush().await?;
        let reading = recall::figures_before(self.location.clone(), older.clone());
        let reading = async move {
            let read = reading.await;
            drop(held);
            read
        };
        match self.reads.read(reading).await {
            Ok(before) => told.take_in(before, &older),
            Err(error) => told
                .lacking
                .push(format!("what is older is left out: {error}")),
        }
        Ok(told)
    }

    /// The latest traffic of a time, on a clock that shows 0 in 1970.
    pub(crate) async fn traffic(&self, of: TrafficCommand) -> Result<Vec<sim::Row>, FactsError> {
        self.flush().await?;
        let now_ms = utc_now_ms();
        let reading = recall::traffic(self.location.clone(), of, now_ms);
        let tail = self.reads.read(reading).await?;
        let agents = self.acd.snapshot().await?.agents.into_iter();
        let standing = agents.map(|row| -> (UserId, sim::Standing) {
            let standing = sim::Standing {
                queues: row.queues.into_iter().collect(),
                paused: matches!(row.state, acd::AgentState::Paused { .. }),
            };
            (row.agent, standing)
        });
        Ok(tail.rows(Time::from_millis(now_ms), &standing.collect()))
    }

    async fn flush(&self) -> Result<(), Gone> {
        if let Some(latest) = self.acd.flush().await? {
            // Whoever asks is told of what is on disk.
            let _ = timeout(FLUSH_WAIT, latest.stored()).await;
        }
        Ok(())
    }
}

/// The same read from what is kept alone, whatever runs.
pub(crate) async fn figures_kept(
    location: Location,
    moments_ms: Vec<u64>,
) -> Result<Told, Failure> {
    let before = recall::figures_before(location, moments_ms.clone()).await?;
    let mut told = Told {
        intervals: BTreeMap::new(),
        lacking: Vec::new(),
    };
    told.take_in(before, &moments_ms);
    Ok(told)
}

impl Told {
    /// Adds what was read back.
    fn take_in(&mut self, before: Before, moments_ms: &[u64]) {
        self.lacks(before.missing);
        let forgotten = moments_ms
            .iter()
            .filter(|it| Some(**it) <= before.forgotten_ms);
        self.leaves_out(forgotten.count());
        for (start, interval) in &before.intervals {
            self.intervals.entry(*start).or_default().add(interval);
        }
    }

    /// The first so many of the intervals asked for had to be forgotten while the rest was counted.
    fn leaves_out(&mut self, intervals: usize) {
        if intervals > 0 {
            self.lacking.push(format!(
                "of the intervals the first {intervals} are left out, since no more than {LINES_KEPT} lines are counted at once: \
                 ask for a shorter time or longer intervals"
            ));
        }
    }

    fn lacks(&mut self, missing: Missing) {
        let Missing { lost, unread } = missing;
        if lost > 0 {
            let what = format!("{lost} facts were lost while storage was away, and don't count");
            self.lacking.push(what);
        }
        if unread > 0 {
            let what = format!("{unread} facts can't be read by this version, and don't count");
            self.lacking.push(what);
        }
    }
}

/// What is to be left at `now_ms`.
pub(crate) fn kept(facts: FactsSettings, now_ms: u64) -> Keep {
    let keep_ms = u64::try_from(facts.keep.as_millis()).unwrap_or(u64::MAX);
    Keep {
        since_ms: now_ms.saturating_sub(keep_ms),
        records: facts.most,
    }
}

/// A fact as it is kept: a text that a later version can read, which may have put more into facts by then.
fn written(fact: &Stamped) -> Vec<u8> {
    serde_json::to_vec(fact).expect("names, numbers and texts can be written")
}

/// A fact that was kept.
fn read(bytes: &[u8]) -> Result<Stamped, serde_json::Error> {
    serde_json::from_slice(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Changes: facts.keep_days, facts.most
    #[test]
    fn as_much_is_kept_as_is_set() {
        let facts = FactsSettings {
            keep: Duration::from_secs(30 * 86_400),
            most: 20_000,
        };
        let left = Keep {
            since_ms: 1_000,
            records: 20_000,
        };
        assert_eq!(kept(facts, 30 * 86_400 * 1_000 + 1_000), left);
        assert_eq!(kept(facts, 1_000).since_ms, 0, "a clock that is wrong");
    }
}
