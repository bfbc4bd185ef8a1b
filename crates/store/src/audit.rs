//! What people had done, as it is kept: a row each, written once and never changed. Rows wait by themselves, so that whoever has
//! many things refused takes no room from what somebody was promised.

use crate::connection::{Connection, Row};
use crate::failure::Failure;
use crate::reader::Reader;
use crate::statement::Statement;
use std::collections::VecDeque;

/// Rows that may wait: an hour without storage of an organisation that has four things done a second, at some hundred bytes each.
pub const AUDIT_WAITING_MAX: usize = 1 << 14;

/// Rows that one step forgets: some milliseconds of work.
const FORGOTTEN_AT_ONCE: u64 = 1_000;

/// Something that somebody had done, or was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Which, of all that ever were.
    pub id: String,
    /// When, in milliseconds of UTC.
    pub at_ms: u64,
    /// Whose organisation it is about; none where it is about the server.
    pub org: Option<String>,
    /// Who wanted it.
    pub who: String,
    /// By which way he came, in a word of its writer's.
    pub way: String,
    /// What.
    pub what: String,
    /// Why it was not done; none where it was.
    pub result: Option<String>,
}

/// What somebody wants to see of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditQuery {
    /// Only what is about this organisation.
    pub org: Option<String>,
    /// Then or later, in milliseconds of UTC.
    pub from_ms: u64,
    /// And earlier than this.
    pub until_ms: u64,
    /// How many are left out at the beginning, of the latest.
    pub skip: u64,
    /// How many are told.
    pub most: u32,
}

/// Some of it, the latest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditPage {
    /// Those that were asked for.
    pub rows: Vec<AuditRow>,
    /// How many there are in all.
    pub total: u64,
}

pub(crate) fn put(row: &AuditRow) -> Statement<'_> {
    Statement::new(
        "INSERT INTO audit (id, at_ms, org, who, way, what, result)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING",
    )
    .bind(&row.id)
    .bind(row.at_ms)
    .bind(row.org.as_deref())
    .bind(&row.who)
    .bind(&row.way)
    .bind(&row.what)
    .bind(row.result.as_deref())
}

/// Forgets some of what was done before, the oldest; says whether nothing of it is left.
pub(crate) async fn forget(on: &mut Connection, before_ms: u64) -> Result<bool, Failure> {
    let forget = Statement::new(
        "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at_ms < $1 ORDER BY at_ms LIMIT $2)",
    );
    let forget = forget.bind(before_ms).bind(FORGOTTEN_AT_ONCE);
    Ok(on.execute(&forget).await? < FORGOTTEN_AT_ONCE)
}

/// Rows that wait to be written, in order.
#[derive(Debug)]
pub(crate) struct Audits {
    waiting: VecDeque<AuditRow>,
    max: usize,
    /// There was no room for some since all were written last.
    is_losing: bool,
}

/// There is no room for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lost {
    /// It is the first since all were written last.
    pub(crate) is_first: bool,
}

impl Audits {
    pub(crate) fn bounded(max: usize) -> Audits {
        Audits {
            waiting: VecDeque::new(),
            max,
            is_losing: false,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(crate) fn put(&mut self, row: AuditRow) -> Result<(), Lost> {
        if self.len() >= self.max {
            let is_first = !std::mem::replace(&mut self.is_losing, true);
            return Err(Lost { is_first });
        }
        self.waiting.push_back(row);
        Ok(())
    }

    /// Takes the oldest, `most` of them.
    pub(crate) fn take(&mut self, most: usize) -> Vec<AuditRow> {
        let taken = self.waiting.drain(..most.min(self.len())).collect();
        self.is_losing &= !self.waiting.is_empty();
        taken
    }

    /// Puts back what could not be written, before all others. Nothing is refused: there was room for it before.
    pub(crate) fn put_back(&mut self, rows: Vec<AuditRow>) {
        for row in rows.into_iter().rev() {
            self.waiting.push_front(row);
        }
    }
}

fn read(row: &Row) -> Result<AuditRow, Failure> {
    Ok(AuditRow {
        id: row.text(0)?,
        at_ms: row.number(1)?,
        org: row.maybe_text(2)?,
        who: row.text(3)?,
        way: row.text(4)?,
        what: row.text(5)?,
        result: row.maybe_text(6)?,
    })
}

impl Reader {
    /// What people had done.
    pub async fn audit(&mut self, query: &AuditQuery) -> Result<AuditPage, Failure> {
        let of_org = match query.org {
            Some(_) => " AND org = $3",
            None => "",
        };
        let asked = |sql: String| {
            let asked = Statement::built(sql)
                .bind(query.from_ms)
                .bind(query.until_ms);
            match query.org.as_deref() {
                Some(org) => asked.bind(org),
                None => asked,
            }
        };
        let meant = format!("FROM audit WHERE at_ms >= $1 AND at_ms < $2{of_org}");
        let counted = asked(format!("SELECT COUNT(*) {meant}"));
        let counted = self.connection().fetch(&counted).await?;
        let total = counted.first().map(|row| row.number(0)).transpose()?;
        let rows = asked(format!(
            "SELECT id, at_ms, org, who, way, what, result {meant}
            ORDER BY at_ms DESC, id DESC LIMIT {} OFFSET {}",
            query.most, query.skip
        ));
        let rows = self.connection().fetch(&rows).await?;
        Ok(AuditPage {
            rows: rows.iter().map(read).collect::<Result<_, _>>()?,
            total: total.unwrap_or(0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str) -> AuditRow {
        AuditRow {
            id: id.into(),
            at_ms: 1,
            org: None,
            who: "demo/anna".into(),
            way: "http".into(),
            what: "pauses demo/anna".into(),
            result: None,
        }
    }

    fn ids(rows: &[AuditRow]) -> Vec<&str> {
        rows.iter().map(|row| &*row.id).collect()
    }

    #[test]
    fn rows_stay_in_order_and_it_is_said_once_that_there_is_no_room_until_all_are_written() {
        let mut audits = Audits::bounded(2);
        let lost = |is_first| Err(Lost { is_first });
        audits.put(row("a")).unwrap();
        audits.put(row("b")).unwrap();
        assert_eq!(audits.put(row("c")), lost(true));
        assert_eq!(audits.put(row("d")), lost(false));
        let taken = audits.take(1);
        audits.put(row("e")).unwrap();
        assert_eq!(audits.put(row("f")), lost(false), "the same want of room");
        audits.put_back(taken);
        assert_eq!(ids(&audits.take(9)), ["a", "b", "e"]);
        audits.put(row("g")).unwrap();
        audits.put(row("h")).unwrap();
        assert_eq!(audits.put(row("i")), lost(true));
    }
}
