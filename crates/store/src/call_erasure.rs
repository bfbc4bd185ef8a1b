//! What is forgotten of calls: rows that are too old, and a number that somebody has a right to have forgotten. Neither is
//! to be found on the disk afterwards, so pages near by are written anew (`wiping.rs`).

use crate::connection::Connection;
use crate::failure::Failure;
use crate::numbers;
use crate::statement::Statement;
use crate::wiping;

/// Rows that one step forgets: some milliseconds of work.
const STEP: u64 = 1_000;

/// Rows of one number that one transaction erases: nobody has called as often.
const ERASED_MAX: u64 = 10_000;

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
    let forget = places
        .iter()
        .map(|place| Statement::new("DELETE FROM call_records WHERE place = $1").bind(*place));
    let marks = wiping::marks_of_calls(on, &places);
    let marks = marks.iter().map(|mark| wiping::mark_of(mark));
    on.transact(forget.chain(marks)).await?;
    Ok(if is_all {
        Forgotten::All
    } else {
        Forgotten::Some
    })
}

/// Takes a number out of all records of an organisation's calls; says how many those were.
pub(crate) async fn erase(on: &mut Connection, org: &str, number: &str) -> Result<u64, Failure> {
    let mut erased = Vec::new();
    let mut places = Vec::new();
    for column in ["caller", "dialled", "outside"] {
        let found = rows_with(on, org, column, number).await?;
        for place in found {
            erased.push(format!(
                "UPDATE call_records SET {column} = NULL, {column}_key = NULL WHERE place = {place}"
            ));
            places.push(place);
        }
    }
    places.sort_unstable();
    places.dedup();
    if places.is_empty() {
        return Ok(0);
    }
    let marks = wiping::marks_of_calls(on, &places);
    let marks = marks.iter().map(|mark| wiping::mark_of(mark));
    on.transact(erased.into_iter().map(Statement::built).chain(marks))
        .await?;
    Ok(places.len() as u64)
}

/// The places of rows whose column has that number, however it is written.
async fn rows_with(
    on: &mut Connection,
    org: &str,
    column: &str,
    number: &str,
) -> Result<Vec<u64>, Failure> {
    let key = numbers::key(number);
    let condition = match key {
        Some(_) => format!("{column}_key = $2"),
        None => format!("{column} = $2"),
    };
    let query = format!(
        "SELECT place, {column} FROM call_records WHERE org = $1 AND {condition} LIMIT {ERASED_MAX}"
    );
    let query = Statement::built(query).bind(org);
    let query = match key {
        Some(key) => query.bind(key),
        None => query.bind(number),
    };
    let mut found = Vec::new();
    for row in on.fetch(&query).await? {
        let is_it = row
            .maybe_text(1)?
            .is_some_and(|it| numbers::are_same(&it, number));
        if is_it {
            found.push(row.number(0)?);
        }
    }
    Ok(found)
}

async fn places(on: &mut Connection, query: &Statement<'_>) -> Result<Vec<u64>, Failure> {
    let rows = on.fetch(query).await?;
    rows.iter().map(|row| row.number(0)).collect()
}
