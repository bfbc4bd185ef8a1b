//! What is erased is to be found nowhere on our disk any more. A file's pages keep copies of rows that were moved about in it,
//! whatever is deleted later, and what is written ahead keeps all that was; so the tables are written anew and the file of
//! what is written ahead is emptied. A PostgreSQL server overwrites what is gone when it cleans a table (autovacuum): that is done for
//! the small tables of callback lists, and never by us for records of calls, whose table takes so long that whoever is promised
//! something would wait.

use crate::connection::Connection;
use crate::failure::Failure;
use crate::statement::Statement;
use std::time::{Duration, Instant};

/// How often the tables are written anew at most: it costs some tens of milliseconds for a thousand rows, for which everybody
/// waits.
const WIPE_EVERY: Duration = Duration::from_secs(60);

/// What the tables are called among those to be wiped.
const TABLES: &str = "callbacks";

/// What the table of agents is called there.
const AGENTS: &str = "agents";

/// What a place among records of calls is called there, before its number.
const CALLS: &str = "call-records ";

/// Rows on each side of one that are written anew with it: more than the pages hold between which a page's rows are ever
/// moved at once.
const AROUND: u64 = 256;

/// Places of calls that are wiped at once: some ten milliseconds of work.
const CALLS_AT_ONCE: u32 = 16;

/// How often.
const WIPE_CALLS_EVERY: Duration = Duration::from_secs(1);

/// What there is to do, and when it may be done.
#[derive(Debug, Default)]
pub(crate) struct Wiping {
    /// Rows were erased since the tables were written anew.
    tables: bool,
    /// Callers were erased from agents' rows since those were written anew.
    agents: bool,
    /// Rows of calls were erased, or numbers in them.
    calls: bool,
    /// The file of what is written ahead has something in it that was erased.
    ahead: bool,
    wiped_at: Option<Instant>,
    agents_wiped_at: Option<Instant>,
    calls_wiped_at: Option<Instant>,
}

/// To be written with each batch that erases something.
pub(crate) fn mark<'a>() -> Statement<'a> {
    mark_of(TABLES)
}

/// The same where a caller has been erased from agents' rows.
pub(crate) fn mark_of_agents<'a>() -> Statement<'a> {
    mark_of(AGENTS)
}

/// The same of something else that is to be wiped.
pub(crate) fn mark_of(what: &str) -> Statement<'_> {
    let mark = "INSERT INTO to_be_wiped (what) VALUES ($1) ON CONFLICT (what) DO NOTHING";
    Statement::new(mark).bind(what)
}

/// What is to be wiped where these rows of calls are or were, which are in order: each is near enough to a place that is named.
/// Nothing, where somebody else cleans.
pub(crate) fn marks_of_calls(on: &Connection, places: &[u64]) -> Vec<String> {
    if let Connection::Postgres(_) = on {
        return Vec::new();
    }
    let mut centres: Vec<u64> = places.iter().map(|place| place / AROUND * AROUND).collect();
    centres.dedup();
    // What all databases sort alike.
    let named = centres.iter().map(|centre| format!("{CALLS}{centre:020}"));
    named.collect()
}

fn unmark(what: &str) -> Statement<'_> {
    Statement::new("DELETE FROM to_be_wiped WHERE what = $1").bind(what)
}

async fn is_marked(on: &mut Connection, what: &str) -> Result<bool, Failure> {
    let marked = Statement::new("SELECT what FROM to_be_wiped WHERE what = $1").bind(what);
    Ok(!on.fetch(&marked).await?.is_empty())
}

impl Wiping {
    /// What the process before had left to do; it may have been killed before it could.
    pub(crate) async fn begun(on: &mut Connection) -> Result<Wiping, Failure> {
        let tables = is_marked(on, TABLES).await?;
        let agents = is_marked(on, AGENTS).await?;
        let calls = !calls_to_wipe(on).await?.is_empty();
        let ahead = !empty_ahead(on).await?;
        Ok(Wiping {
            tables,
            agents,
            calls,
            ahead,
            wiped_at: None,
            agents_wiped_at: None,
            calls_wiped_at: None,
        })
    }

    /// Something was erased.
    pub(crate) fn is_needed(&mut self) {
        self.tables = true;
    }

    /// Callers were erased from agents' rows.
    pub(crate) fn is_needed_of_agents(&mut self) {
        self.agents = true;
    }

    /// Something was erased of calls.
    pub(crate) fn is_needed_of_calls(&mut self) {
        self.calls = true;
    }

    /// Does what can be done now.
    pub(crate) async fn step(&mut self, on: &mut Connection) -> Result<(), Failure> {
        let may = |at: Option<Instant>| at.is_none_or(|at| at.elapsed() > WIPE_EVERY);
        if self.agents && may(self.agents_wiped_at) {
            self.agents_wiped_at = Some(Instant::now());
            rewrite_agents(on).await?;
            self.agents = false;
            self.ahead = true;
        }
        if self.tables && may(self.wiped_at) {
            self.wiped_at = Some(Instant::now());
            rewrite(on).await?;
            self.tables = false;
            self.ahead = true;
        }
        let calls_at = self.calls_wiped_at;
        if self.calls && calls_at.is_none_or(|at| at.elapsed() > WIPE_CALLS_EVERY) {
            self.calls_wiped_at = Some(Instant::now());
            self.calls = rewrite_calls(on).await?;
            self.ahead = true;
        }
        if self.ahead {
            self.ahead = !empty_ahead(on).await?;
        }
        Ok(())
    }
}

async fn rewrite(on: &mut Connection) -> Result<(), Failure> {
    if let Connection::Postgres(_) = on {
        // Where autovacuum is at it already, it does it.
        let vacuum = Statement::new("VACUUM (SKIP_LOCKED) callbacks, callback_attempts");
        on.execute(&vacuum).await?;
        on.execute(&unmark(TABLES)).await?;
        return Ok(());
    }
    // Pages that are freed are filled with noughts, and rows that come in their order leave no copies of themselves.
    let anew = [
        "CREATE TEMP TABLE rows_anew AS SELECT * FROM callbacks ORDER BY id",
        "DELETE FROM callbacks",
        "INSERT INTO callbacks SELECT * FROM temp.rows_anew",
        "DROP TABLE temp.rows_anew",
        "CREATE TEMP TABLE rows_anew AS SELECT * FROM callback_attempts ORDER BY callback, number",
        "DELETE FROM callback_attempts",
        "INSERT INTO callback_attempts SELECT * FROM temp.rows_anew",
        "DROP TABLE temp.rows_anew",
    ];
    let statements = anew.into_iter().map(Statement::new).chain([unmark(TABLES)]);
    on.transact(statements).await
}

async fn rewrite_agents(on: &mut Connection) -> Result<(), Failure> {
    if let Connection::Postgres(_) = on {
        on.execute(&Statement::new("VACUUM agents")).await?;
        on.execute(&unmark(AGENTS)).await?;
        return Ok(());
    }
    let anew = [
        r#"CREATE TEMP TABLE agents_anew AS SELECT * FROM agents ORDER BY "user""#,
        "DELETE FROM agents",
        "INSERT INTO agents SELECT * FROM temp.agents_anew",
        "DROP TABLE temp.agents_anew",
    ];
    let statements = anew.into_iter().map(Statement::new);
    on.transact(statements.chain([unmark(AGENTS)])).await
}

async fn calls_to_wipe(on: &mut Connection) -> Result<Vec<String>, Failure> {
    let query =
        Statement::new("SELECT what FROM to_be_wiped WHERE what LIKE $1 ORDER BY what LIMIT $2")
            .bind("call-records %")
            .bind(CALLS_AT_ONCE);
    let rows = on.fetch(&query).await?;
    rows.iter().map(|row| row.text(0)).collect()
}

/// Writes rows anew that are near such as are no more, or had a number; says whether more of that is left. A table of years is
/// never written anew whole: nobody could wait for it.
async fn rewrite_calls(on: &mut Connection) -> Result<bool, Failure> {
    let marks = calls_to_wipe(on).await?;
    if let Connection::Postgres(_) = on {
        // Of an earlier version.
        let done =
            Statement::new("DELETE FROM to_be_wiped WHERE what LIKE $1").bind("call-records %");
        on.execute(&done).await?;
        return Ok(false);
    }
    let mut statements = Vec::new();
    for mark in &marks {
        let centre: u64 = mark.trim_start_matches(CALLS).parse().unwrap_or(0);
        let near = format!(
            "BETWEEN {} AND {}",
            centre.saturating_sub(AROUND),
            centre + 2 * AROUND
        );
        for sql in [
            format!(
                "CREATE TEMP TABLE calls_anew AS SELECT * FROM call_records WHERE place {near} ORDER BY place"
            ),
            format!("DELETE FROM call_records WHERE place {near}"),
            "INSERT INTO call_records SELECT * FROM temp.calls_anew".to_owned(),
            "DROP TABLE temp.calls_anew".to_owned(),
        ] {
            statements.push(Statement::built(sql));
        }
        statements.push(unmark(mark));
    }
    on.transact(statements.into_iter()).await?;
    Ok(marks.len() as u32 == CALLS_AT_ONCE)
}

/// Empties the file of what is written ahead into the one file, which can be done while nobody reads what was; says whether it
/// was.
async fn empty_ahead(on: &mut Connection) -> Result<bool, Failure> {
    if let Connection::Postgres(_) = on {
        return Ok(true);
    }
    let empty = Statement::new("PRAGMA wal_checkpoint(TRUNCATE)");
    let rows = on.fetch(&empty).await?;
    let is_busy = rows.first().map(|row| row.number(0)).transpose()?;
    Ok(is_busy == Some(0))
}
