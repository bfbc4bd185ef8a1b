//! Facts read back in their order, a part at a time, while the server does its work. Their moments are told on one clock
//! for all processes: the one on the wall, as each process saw it when its run in the journal began.

use super::read;
use acd::{FACTS_VERSION, Fact, Stamped};
use base::Time;
use std::time::Duration;
use store::{Failure, Location, Reader, Record, RunRow};

/// Facts that are read at once: about a millisecond's work, after which others have their turn.
const PART: u32 = 500;

/// What a journal tells.
pub(crate) enum Tells<'f> {
    /// The next fact, with its moment since 1970 (UTC).
    Fact(&'f Stamped),
    /// The run whose facts were told has ended, with its process or since the clock on the wall was set; those of the next
    /// follow, or it is this one.
    RunEnded,
}

/// What can't be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Missing {
    /// Facts that were lost, since storage was away for too long.
    pub(crate) lost: u64,
    /// Facts of a version that isn't known, or that can't be read.
    pub(crate) unread: u64,
}

impl Missing {
    pub(crate) fn is_nothing(self) -> bool {
        self == Missing::default()
    }
}

/// Which part of a journal is to be told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    /// From this moment on, in milliseconds of UTC.
    pub(crate) from_ms: u64,
    /// Up to this one.
    pub(crate) until_ms: u64,
    /// Of runs before the one whose clock showed 0 then; of all, where not given.
    pub(crate) before_run: Option<u64>,
}

impl Part {
    /// Whether anything of a run belongs to it. Each is judged by itself: one whose clock was wrong must hide no other.
    fn has(self, run: &RunRow) -> bool {
        let is_within = |(first, last)| first <= self.until_ms && last >= self.from_ms;
        run.moments_ms.is_some_and(is_within) && self.before_run != Some(run.zero_ms)
    }
}

/// Tells what a journal has.
pub(crate) async fn replay(
    location: &Location,
    part: Part,
    hear: &mut (dyn FnMut(Tells<'_>) + Send),
) -> Result<Missing, Failure> {
    let mut reader = Reader::open(location.clone()).await?;
    let runs = reader.runs().await?;
    let mut telling = Telling {
        missing: Missing::default(),
        last: None,
    };
    for run in runs.iter().filter(|run| part.has(run)) {
        let mut at = reader.since(run.run, part.from_ms).await?;
        loop {
            let records = reader.records(at, PART).await?;
            let Some(last) = records.last() else {
                break;
            };
            at = last.place.next();
            let asked_for = records.iter().take_while(|it| it.at_ms <= part.until_ms);
            for record in asked_for {
                telling.tell(run, record, hear);
            }
            if last.at_ms > part.until_ms {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    // What is asked for ended before this run began.
    if part.before_run.is_some() && telling.last.is_some() {
        hear(Tells::RunEnded);
    }
    reader.close().await?;
    Ok(telling.missing)
}

struct Telling {
    missing: Missing,
    /// The last record's run and number.
    last: Option<(RunRow, u64)>,
}

impl Telling {
    fn tell(&mut self, run: &RunRow, record: &Record, hear: &mut (dyn FnMut(Tells<'_>) + Send)) {
        let seq = record.place.seq;
        match self.last.replace((*run, seq)) {
            // The same process may have begun another with the same clock, where its database was taken over.
            Some((last, last_seq)) if last.zero_ms == run.zero_ms => {
                self.missing.lost += seq.saturating_sub(last_seq + 1);
            }
            Some(_) => hear(Tells::RunEnded),
            None => {}
        }
        let known = run.version == FACTS_VERSION;
        match known.then(|| read(&record.bytes)) {
            Some(Ok(fact)) => hear(Tells::Fact(&on_the_wall(fact, run.zero_ms))),
            _ => self.missing.unread += 1,
        }
    }
}

/// With the moments that readers go by told since 1970.
fn on_the_wall(mut stamped: Stamped, zero_ms: u64) -> Stamped {
    let zero = Duration::from_millis(zero_ms);
    let on_the_wall = |at: Time| at + zero;
    stamped.at = on_the_wall(stamped.at);
    if let Fact::Entered { arrived, .. } = &mut stamped.fact {
        *arrived = on_the_wall(*arrived);
    }
    stamped
}
