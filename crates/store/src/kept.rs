//! What was kept, as it is read at the start: table by table.

use crate::failure::Failure;
use crate::write::{AgentRow, BanRow, BindingsRow, LicenceRow, QuickCloseRow, WishesRow};
use base::UserId;
use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

/// Everything that was kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Where users can be reached; those rows are left out of which all has ended.
    pub bindings: Vec<BindingsRow>,
    /// Who is kept out still.
    pub bans: Vec<BanRow>,
    /// What users have asked for by telephone.
    pub wishes: Vec<WishesRow>,
    /// What is closed or opened by hand still.
    pub quick_closes: Vec<QuickCloseRow>,
    /// How agents stood in the queues.
    pub agents: Vec<AgentRow>,
    /// Licences in use, and those that were.
    pub licences: Vec<LicenceRow>,
}

/// Reads everything, and forgets what has ended.
pub(crate) async fn load(from: &mut SqliteConnection, now_ms: u64) -> Result<Kept, Failure> {
    for ended in [
        "DELETE FROM bindings WHERE ends_at_ms <= ?",
        "DELETE FROM bans WHERE until_ms <= ?",
        // The newest stays, so that its id is not used again.
        "DELETE FROM quick_closes WHERE until_ms <= ? AND id < (SELECT MAX(id) FROM quick_closes)",
    ] {
        let query = sqlx::query(ended).bind(signed(now_ms));
        query.execute(&mut *from).await?;
    }
    Ok(Kept {
        bindings: bindings(from).await?,
        bans: bans(from).await?,
        wishes: wishes(from).await?,
        quick_closes: quick_closes(from).await?,
        agents: agents(from).await?,
        licences: licences(from).await?,
    })
}

async fn bindings(from: &mut SqliteConnection) -> Result<Vec<BindingsRow>, Failure> {
    let query = sqlx::query("SELECT user, ends_at_ms, contacts FROM bindings");
    let mut bindings = Vec::new();
    for row in query.fetch_all(from).await? {
        if let Some(user) = user(&row)? {
            bindings.push(BindingsRow {
                user,
                ends_at_ms: unsigned(row.try_get(1)?),
                contacts: row.try_get(2)?,
            });
        }
    }
    Ok(bindings)
}

async fn bans(from: &mut SqliteConnection) -> Result<Vec<BanRow>, Failure> {
    let query = sqlx::query("SELECT source, cause, since_ms, until_ms, times FROM bans");
    let mut bans = Vec::new();
    for row in query.fetch_all(from).await? {
        bans.push(BanRow {
            source: row.try_get(0)?,
            cause: row.try_get(1)?,
            since_ms: unsigned(row.try_get(2)?),
            until_ms: unsigned(row.try_get(3)?),
            times: row.try_get(4)?,
        });
    }
    Ok(bans)
}

async fn wishes(from: &mut SqliteConnection) -> Result<Vec<WishesRow>, Failure> {
    let query = sqlx::query("SELECT user, wishes FROM wishes");
    let mut all = Vec::new();
    for row in query.fetch_all(from).await? {
        if let Some(user) = user(&row)? {
            let wishes = row.try_get(1)?;
            all.push(WishesRow { user, wishes });
        }
    }
    Ok(all)
}

async fn quick_closes(from: &mut SqliteConnection) -> Result<Vec<QuickCloseRow>, Failure> {
    let query = sqlx::query("SELECT id, until_ms, text FROM quick_closes");
    let mut quick_closes = Vec::new();
    for row in query.fetch_all(from).await? {
        quick_closes.push(QuickCloseRow {
            id: row.try_get(0)?,
            until_ms: unsigned(row.try_get(1)?),
            text: row.try_get(2)?,
        });
    }
    Ok(quick_closes)
}

async fn agents(from: &mut SqliteConnection) -> Result<Vec<AgentRow>, Failure> {
    let query = sqlx::query("SELECT user, state FROM agents");
    let mut agents = Vec::new();
    for row in query.fetch_all(from).await? {
        if let Some(user) = user(&row)? {
            let state = row.try_get(1)?;
            agents.push(AgentRow { user, state });
        }
    }
    Ok(agents)
}

async fn licences(from: &mut SqliteConnection) -> Result<Vec<LicenceRow>, Failure> {
    let query = sqlx::query("SELECT user, since_ms, until_ms, licence FROM licences");
    let mut licences = Vec::new();
    for row in query.fetch_all(from).await? {
        if let Some(user) = user(&row)? {
            licences.push(LicenceRow {
                user,
                since_ms: unsigned(row.try_get(1)?),
                until_ms: row.try_get::<Option<i64>, _>(2)?.map(unsigned),
                licence: row.try_get(3)?,
            });
        }
    }
    Ok(licences)
}

/// Whose row it is, which its first column says; none where the name is one that no configuration can have.
fn user(row: &SqliteRow) -> Result<Option<UserId>, Failure> {
    Ok(row.try_get::<String, _>(0)?.parse().ok())
}

/// SQLite's integers are signed; times beyond what they hold never come.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
