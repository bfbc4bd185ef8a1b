//! Callback lists: what one step of theirs changes is written in one transaction, with what came about in it, and steps in
//! their order. Numbers, what callers keyed and what people wrote are in the entries' own rows and nowhere else, so that
//! they are gone with them.

use crate::connection::Connection;
use crate::failure::Failure;
use crate::statement::{Statement, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// An entry as it is to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackRow {
    /// Its number.
    pub id: u64,
    /// Whose it is.
    pub org: String,
    /// The list that it is on.
    pub list: String,
    /// How it stands.
    pub status: String,
    /// From when on the person may be called, in seconds of UTC.
    pub due_s: i64,
    /// When his call came, in seconds of UTC.
    pub arrived_s: i64,
    /// Where he is called.
    pub number: String,
    /// One more with each change.
    pub version: u32,
    /// The version of what `entry` says.
    pub format: u16,
    /// All of it but its attempts, in JSON that is for whoever wrote it to read.
    pub entry: String,
    /// Attempts to reach the person, the first first. None is ever taken away, but the last.
    pub attempts: Vec<AttemptRow>,
}

/// An attempt to reach a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRow {
    /// When, in seconds of UTC.
    pub at_s: i64,
    /// Who tried.
    pub agent: String,
    /// What came of it, once that is known.
    pub outcome: Option<String>,
    /// What he wrote.
    pub text: Option<String>,
}

/// What becomes of an entry's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallbackChange {
    /// It is this.
    Put(Box<CallbackRow>),
    /// It is erased.
    Erase(u64),
}

/// Something that came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackFact {
    /// Its number in its process.
    pub seq: u64,
    /// When, in milliseconds of UTC.
    pub at_ms: u64,
    /// The entry that it is about, if it is about one.
    pub callback: Option<u64>,
    /// The version of what `fact` says.
    pub format: u16,
    /// What, in JSON that is for whoever wrote it to read.
    pub fact: String,
}

/// One step of the lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallbackStep {
    /// By which the process is known that says so: when it began, in milliseconds of UTC.
    pub began_ms: u64,
    /// What came about.
    pub facts: Vec<CallbackFact>,
    /// What it changed, each entry once.
    pub changes: Vec<CallbackChange>,
}

/// Callback lists as they were kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptCallbacks {
    /// Entries, by their numbers.
    pub entries: Vec<CallbackRow>,
    /// The highest number that any had.
    pub last: u64,
}

/// Rows that one statement writes, from the most.
const TOGETHER: [usize; 3] = [64, 8, 1];

/// What the highest number of an entry is called among the highest numbers.
const HIGHEST: &str = "callbacks";

const ROW: [&str; 10] = [
    "id",
    "org",
    "list",
    "status",
    "due_s",
    "arrived_s",
    "number",
    "version",
    "format",
    "entry",
];

const ATTEMPT: [&str; 6] = ["callback", "number", "at_s", "agent", "outcome", "text"];

const FACT: [&str; 6] = ["began_ms", "seq", "at_ms", "callback", "format", "fact"];

impl CallbackChange {
    pub(crate) fn id(&self) -> u64 {
        match self {
            CallbackChange::Put(row) => row.id,
            CallbackChange::Erase(id) => *id,
        }
    }
}

/// How steps that follow on one another are written: of each entry only what it is after the last, since nobody sees it
/// between them.
pub(crate) fn statements<'a>(
    steps: impl Iterator<Item = &'a CallbackStep>,
) -> impl Iterator<Item = Statement<'a>> {
    let (mut changes, mut facts) = (BTreeMap::new(), Vec::new());
    for step in steps {
        changes.extend(step.changes.iter().map(|change| (change.id(), change)));
        let values = |fact: &'a CallbackFact| values_of_fact(step.began_ms, fact);
        facts.extend(step.facts.iter().map(values));
    }
    let (mut rows, mut attempts, mut others) = (Vec::new(), Vec::new(), Vec::new());
    let highest = changes.last_key_value().map(|(id, _)| *id);
    for (id, change) in changes {
        let first_gone = match change {
            CallbackChange::Put(row) => {
                rows.push(values_of(row));
                let numbered = (0u64..).zip(&row.attempts);
                attempts.extend(numbered.map(|(number, it)| values_of_attempt(id, number, it)));
                row.attempts.len() as u64
            }
            CallbackChange::Erase(id) => {
                others.push(Statement::new("DELETE FROM callbacks WHERE id = $1").bind(*id));
                0
            }
        };
        // An attempt that could not be stored in time was none.
        let forget = "DELETE FROM callback_attempts WHERE callback = $1 AND number >= $2";
        others.push(Statement::new(forget).bind(id).bind(first_gone));
    }
    others.extend(highest.map(put_highest));
    let put_rows = put("callbacks", &ROW, 1, rows);
    let put_attempts = put("callback_attempts", &ATTEMPT, 2, attempts);
    let put_facts = put("callback_facts", &FACT, 2, facts);
    others
        .into_iter()
        .chain(put_rows)
        .chain(put_attempts)
        .chain(put_facts)
}

fn put_highest<'a>(number: u64) -> Statement<'a> {
    Statement::new(
        "INSERT INTO highest (what, number) VALUES ($1, $2)
        ON CONFLICT (what) DO UPDATE SET number = excluded.number
            WHERE highest.number < excluded.number",
    )
    .bind(HIGHEST)
    .bind(number)
}

fn values_of(row: &CallbackRow) -> Vec<Value<'_>> {
    vec![
        row.id.into(),
        (&row.org).into(),
        (&row.list).into(),
        (&row.status).into(),
        row.due_s.into(),
        row.arrived_s.into(),
        (&row.number).into(),
        row.version.into(),
        u32::from(row.format).into(),
        (&row.entry).into(),
    ]
}

fn values_of_attempt(callback: u64, number: u64, attempt: &AttemptRow) -> Vec<Value<'_>> {
    vec![
        callback.into(),
        number.into(),
        attempt.at_s.into(),
        (&attempt.agent).into(),
        attempt.outcome.as_deref().into(),
        attempt.text.as_deref().into(),
    ]
}

fn values_of_fact(began_ms: u64, fact: &CallbackFact) -> Vec<Value<'_>> {
    vec![
        began_ms.into(),
        fact.seq.into(),
        fact.at_ms.into(),
        fact.callback.into(),
        u32::from(fact.format).into(),
        (&fact.fact).into(),
    ]
}

/// Rows of a table whose first `keys` columns say which they are, many by one statement.
pub(crate) fn put<'a>(
    table: &'static str,
    columns: &'static [&'static str],
    keys: usize,
    rows: Vec<Vec<Value<'a>>>,
) -> impl Iterator<Item = Statement<'a>> {
    let mut rows = rows.into_iter();
    std::iter::from_fn(move || {
        let together = TOGETHER.into_iter().find(|count| *count <= rows.len())?;
        let mut statement = Statement::built(upsert(table, columns, keys, together));
        statement.values = rows.by_ref().take(together).flatten().collect();
        Some(statement)
    })
}

fn upsert(table: &str, columns: &[&str], keys: usize, rows: usize) -> String {
    let width = columns.len();
    let mut sql = format!("INSERT INTO {table} ({}) VALUES ", columns.join(", "));
    for row in 0..rows {
        let places = (1..=width).map(|column| format!("${}", row * width + column));
        let places = places.collect::<Vec<_>>().join(", ");
        let separator = if row == 0 { "" } else { ", " };
        write!(sql, "{separator}({places})").expect("a string takes everything");
    }
    let (key, rest) = columns.split_at(keys);
    let set: Vec<_> = rest
        .iter()
        .map(|column| format!("{column} = excluded.{column}"))
        .collect();
    write!(
        sql,
        " ON CONFLICT ({}) DO UPDATE SET {}",
        key.join(", "),
        set.join(", ")
    )
    .expect("a string takes everything");
    sql
}

/// What was kept.
pub(crate) async fn load(from: &mut Connection) -> Result<KeptCallbacks, Failure> {
    let query = format!("SELECT {} FROM callbacks ORDER BY id", ROW.join(", "));
    let mut entries: BTreeMap<u64, CallbackRow> = BTreeMap::new();
    for row in from.fetch(&Statement::built(query)).await? {
        let id = row.number(0)?;
        entries.insert(
            id,
            CallbackRow {
                id,
                org: row.text(1)?,
                list: row.text(2)?,
                status: row.text(3)?,
                due_s: row.signed(4)?,
                arrived_s: row.signed(5)?,
                number: row.text(6)?,
                version: u32::try_from(row.number(7)?).unwrap_or(u32::MAX),
                format: u16::try_from(row.number(8)?).unwrap_or(u16::MAX),
                entry: row.text(9)?,
                attempts: Vec::new(),
            },
        );
    }
    let query = format!(
        "SELECT {} FROM callback_attempts ORDER BY callback, number",
        ATTEMPT.join(", ")
    );
    for row in from.fetch(&Statement::built(query)).await? {
        if let Some(entry) = entries.get_mut(&row.number(0)?) {
            entry.attempts.push(AttemptRow {
                at_s: row.signed(2)?,
                agent: row.text(3)?,
                outcome: row.maybe_text(4)?,
                text: row.maybe_text(5)?,
            });
        }
    }
    let query = Statement::new("SELECT number FROM highest WHERE what = $1").bind(HIGHEST);
    let rows = from.fetch(&query).await?;
    let last = rows.first().map(|row| row.number(0)).transpose()?;
    Ok(KeptCallbacks {
        entries: entries.into_values().collect(),
        last: last.unwrap_or(0),
    })
}

/// What came about with an entry, in order.
pub(crate) async fn facts_of(
    from: &mut Connection,
    callback: u64,
) -> Result<Vec<CallbackFact>, Failure> {
    let query = Statement::new(
        "SELECT seq, at_ms, callback, format, fact FROM callback_facts WHERE callback = $1
        ORDER BY began_ms, seq",
    )
    .bind(callback);
    let rows = from.fetch(&query).await?;
    rows.iter()
        .map(|row| {
            Ok(CallbackFact {
                seq: row.number(0)?,
                at_ms: row.number(1)?,
                callback: row.maybe(2)?,
                format: u16::try_from(row.number(3)?).unwrap_or(u16::MAX),
                fact: row.text(4)?,
            })
        })
        .collect()
}

/// What came about before that moment with entries of which nothing else is known.
pub(crate) fn forget_facts<'a>(before_ms: u64) -> Statement<'a> {
    Statement::new(
        "DELETE FROM callback_facts WHERE at_ms < $1 AND (callback IS NULL OR NOT EXISTS
            (SELECT 1 FROM callbacks WHERE callbacks.id = callback_facts.callback))",
    )
    .bind(before_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: u64, version: u32) -> CallbackChange {
        CallbackChange::Put(Box::new(CallbackRow {
            id,
            org: "demo".into(),
            list: "demo/support".into(),
            status: "not handled".into(),
            due_s: 1,
            arrived_s: 1,
            number: "+46701740600".into(),
            version,
            format: 1,
            entry: "{}".into(),
            attempts: Vec::new(),
        }))
    }

    #[test]
    fn of_an_entry_that_several_steps_change_only_the_last_is_written() {
        let steps = [
            vec![row(1, 1), row(2, 1)],
            vec![row(1, 2)],
            vec![CallbackChange::Erase(2)],
        ];
        let steps = steps.map(|changes| CallbackStep {
            changes,
            ..CallbackStep::default()
        });
        let written: Vec<_> = statements(steps.iter()).collect();
        let puts: Vec<_> = written
            .iter()
            .filter(|it| it.sql.starts_with("INSERT INTO callbacks "))
            .collect();
        assert_eq!(puts.len(), 1);
        assert_eq!(puts[0].values[0], 1u64.into());
        assert_eq!(puts[0].values[7], 2u32.into());
        let erased = written
            .iter()
            .find(|it| it.sql == "DELETE FROM callbacks WHERE id = $1");
        assert_eq!(erased.unwrap().values, [2u64.into()]);
    }
}
