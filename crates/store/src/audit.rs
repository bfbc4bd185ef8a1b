//! What people had done, as it is kept: a row each, written once and never changed.

use crate::connection::Row;
use crate::failure::Failure;
use crate::reader::Reader;
use crate::statement::Statement;

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

pub(crate) fn forget<'a>(before_ms: u64) -> Statement<'a> {
    Statement::new("DELETE FROM audit WHERE at_ms < $1").bind(before_ms)
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
