//! What is forgotten of calls: rows that are too old, and a number that somebody has a right to have forgotten. Neither is
//! to be found on the disk afterwards, so pages near by are written anew (`wiping.rs`).

use crate::connection::Connection;
use crate::failure::Failure;
use crate::numbers;
use crate::statement::Statement;
use crate::wiping;

/// Rows that one step forgets: some milliseconds of work.
const STEP: u64 = 1_000;

/// Rows of one number that one step erases: the same of those that have it.
const ERASED_AT_ONCE: u64 = 2_000;

/// A number that is being erased from an organisation's records, as far as that is.
#[derive(Debug)]
pub(crate) struct Erasing {
    pub(crate) org: String,
    pub(crate) number: String,
    /// Rows up to this place have been looked at.
    after: u64,
    /// Rows that had it.
    pub(crate) erased: u64,
}

/// What one step has forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forgotten {
    /// There was nothing to be forgotten.
    Nothing,
    /// All that was left.
    All,
    /// Some, and more is left.
    Some,
}

/// Forgets some of the calls that began before, the oldest.
pub(crate) async fn forget(on: &mut Connection, before_ms: u64) -> Result<Forgotten, Failure> {
    let oldest = Statement::new(
        "SELECT place FROM call_records WHERE began_ms < $1 ORDER BY began_ms LIMIT $2",
    )
    .bind(before_ms)
    .bind(STEP);
    let mut places = places(on, &oldest).await?;
    places.sort_unstable();
    if places.is_empty() {
        return Ok(Forgotten::Nothing);
    }
    let is_all = (places.len() as u64) < STEP;
    let forget = format!(
        "DELETE FROM call_records WHERE place IN ({})",
        listed(&places)
    );
    let marks = wiping::marks_of_calls(on, &places);
    let marks = marks.iter().map(|mark| wiping::mark_of(mark));
    on.transact(std::iter::once(Statement::built(forget)).chain(marks))
        .await?;
    Ok(if is_all {
        Forgotten::All
    } else {
        Forgotten::Some
    })
}

impl Erasing {
    pub(crate) fn new(org: String, number: String) -> Erasing {
        Erasing {
            org,
            number,
            after: 0,
            erased: 0,
        }
    }

    /// Takes the number out of some records more; says whether none is left that has it.
    pub(crate) async fn step(&mut self, on: &mut Connection) -> Result<bool, Failure> {
        if self.after == 0 {
            // Whoever was known by it has gone out of agents' rows before, and is wiped off the disk from now on.
            on.transact([wiping::mark_of_agents()].into_iter()).await?;
        }
        let found = self.rows(on).await?;
        let is_last = (found.len() as u64) < ERASED_AT_ONCE;
        let Some(after) = found.last().map(|row| row.place) else {
            return Ok(true);
        };
        let has_it = |row: &&Found| row.has.iter().any(|has| *has);
        let places: Vec<u64> = found.iter().filter(has_it).map(|row| row.place).collect();
        if !places.is_empty() {
            let columns = COLUMNS.into_iter().enumerate();
            let erase = columns.filter_map(|(number, column)| {
                let of_column = found.iter().filter(|row| row.has[number]);
                let of_column: Vec<u64> = of_column.map(|row| row.place).collect();
                let set = format!(
                    "UPDATE call_records SET {column} = NULL, {column}_key = NULL WHERE place IN ({})",
                    listed(&of_column)
                );
                (!of_column.is_empty()).then(|| Statement::built(set))
            });
            let marks = wiping::marks_of_calls(on, &places);
            let marks = marks.iter().map(|mark| wiping::mark_of(mark));
            on.transact(erase.chain(marks)).await?;
        }
        self.after = after;
        self.erased += places.len() as u64;
        Ok(is_last)
    }

    /// The next rows that may have it: others have the same key.
    async fn rows(&self, on: &mut Connection) -> Result<Vec<Found>, Failure> {
        let key = numbers::key(&self.number);
        let is_it = |column: &str| match key {
            Some(_) => format!("{column}_key = $3"),
            None => format!("{column} = $3"),
        };
        let query = format!(
            "SELECT place, {} FROM call_records WHERE org = $1 AND place > $2 AND ({})
            ORDER BY place LIMIT {ERASED_AT_ONCE}",
            COLUMNS.join(", "),
            COLUMNS.map(is_it).join(" OR ")
        );
        let query = Statement::built(query).bind(&self.org).bind(self.after);
        let query = match key {
            Some(key) => query.bind(key),
            None => query.bind(&self.number),
        };
        let rows = on.fetch(&query).await?;
        let found = rows.iter().map(|row| {
            let mut has = [false; COLUMNS.len()];
            for (number, has) in has.iter_mut().enumerate() {
                let text = row.maybe_text(number + 1)?;
                *has = text.is_some_and(|it| numbers::are_same(&it, &self.number));
            }
            let place = row.number(0)?;
            Ok(Found { place, has })
        });
        found.collect()
    }
}

/// Where a record has numbers.
const COLUMNS: [&str; 3] = ["caller", "dialled", "outside"];

/// A row that may have the number.
struct Found {
    place: u64,
    /// By column, whether it has.
    has: [bool; COLUMNS.len()],
}

/// As a statement has them.
fn listed(places: &[u64]) -> String {
    let places: Vec<String> = places.iter().map(u64::to_string).collect();
    places.join(", ")
}

async fn places(on: &mut Connection, query: &Statement<'_>) -> Result<Vec<u64>, Failure> {
    let rows = on.fetch(query).await?;
    rows.iter().map(|row| row.number(0)).collect()
}
