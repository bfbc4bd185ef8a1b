//! What the journal forgets: the oldest records, a small step at a time, so that nobody who waits for a write waits for
//! long. From the front of a run only, so that what is left has no holes that mean something else.

use crate::callbacks;
use crate::connection::Connection;
use crate::failure::Failure;
use crate::journal::Keep;
use crate::statement::Statement;

/// Records that one step forgets: some milliseconds of work.
const STEP: u64 = 1_000;

/// The numbers that a run's records have, if it has any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Extent {
    run: u64,
    numbers: Option<(u64, u64)>,
    /// When the first was.
    first_ms: Option<u64>,
}

/// Whether something is left to be forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    More,
    Done,
}

/// Forgets a little of what goes beyond.
pub(crate) async fn step(on: &mut Connection, keep: Keep) -> Result<Progress, Failure> {
    let extents = extents(on).await?;
    let count: u64 = extents.iter().map(Extent::count).sum();
    let excess = count.saturating_sub(keep.records);
    // The newest run is the one that is being written.
    let newest = extents.last().map(|extent| extent.run);
    for Extent {
        run,
        numbers,
        first_ms,
    } in extents
    {
        let Some((first, _)) = numbers else {
            if Some(run) != newest {
                let forget = Statement::new("DELETE FROM runs WHERE run = $1").bind(run);
                on.execute(&forget).await?;
            }
            continue;
        };
        // Whatever is beyond the number goes from the oldest run, each time anew.
        if excess > 0 {
            let beyond = Statement::new("DELETE FROM journal WHERE run = $1 AND seq < $2")
                .bind(run)
                .bind(first + excess.min(STEP));
            on.execute(&beyond).await?;
            return Ok(Progress::More);
        }
        // A run whose clock was ahead has nothing that is too old, and those after it may.
        if first_ms.is_some_and(|first_ms| first_ms < keep.since_ms) {
            let too_old =
                Statement::new("DELETE FROM journal WHERE run = $1 AND seq < $2 AND at_ms < $3")
                    .bind(run)
                    .bind(first + STEP)
                    .bind(keep.since_ms);
            on.execute(&too_old).await?;
            return Ok(Progress::More);
        }
    }
    // Of entries that are erased a handful a day.
    on.execute(&callbacks::forget_facts(keep.since_ms)).await?;
    Ok(Progress::Done)
}

impl Extent {
    fn count(&self) -> u64 {
        self.numbers
            .map_or(0, |(first, last)| last.saturating_sub(first) + 1)
    }
}

/// Three look-ups a run, of which there is one for each start of the process.
async fn extents(on: &mut Connection) -> Result<Vec<Extent>, Failure> {
    let query = Statement::new(
        "SELECT run, (SELECT MIN(seq) FROM journal WHERE journal.run = runs.run),
            (SELECT MAX(seq) FROM journal WHERE journal.run = runs.run),
            (SELECT at_ms FROM journal WHERE journal.run = runs.run ORDER BY seq LIMIT 1)
        FROM runs ORDER BY run",
    );
    let rows = on.fetch(&query).await?;
    rows.iter()
        .map(|row| {
            Ok(Extent {
                run: row.number(0)?,
                numbers: row.maybe(1)?.zip(row.maybe(2)?),
                first_ms: row.maybe(3)?,
            })
        })
        .collect()
}
