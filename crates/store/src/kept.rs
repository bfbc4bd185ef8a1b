//! What was kept, as it is read at the start: table by table.

use crate::callbacks::{self, KeptCallbacks};
use crate::calls;
use crate::connection::{Connection, Row};
use crate::failure::{Failure, FailureKind};
use crate::statement::Statement;
use crate::write::{
    ActivationRow, AgentRow, BELIEVED_CLOCK, BanRow, BindingsRow, CredentialRow, LicenceRow,
    QuickCloseRow, SecondFactorRow, SessionRow, StaffRow, TokenRow, WishesRow,
};
use base::UserId;
use metrics::counter;

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
    /// When queues called back, and those that do.
    pub activations: Vec<ActivationRow>,
    /// Callback lists.
    pub callbacks: KeptCallbacks,
    /// Who staffed them.
    pub staff: Vec<StaffRow>,
    /// What lets programs in by HTTP.
    pub tokens: Vec<TokenRow>,
    /// What lets people in by HTTP who had logged in, and has not ended.
    pub sessions: Vec<SessionRow>,
    /// The passwords that users have chosen for HTTP.
    pub credentials: Vec<CredentialRow>,
    /// The second steps of log-ins by HTTP.
    pub second_factors: Vec<SecondFactorRow>,
    /// When the clock on the wall was believed last, in milliseconds of UTC.
    pub believed_ms: Option<u64>,
}

/// Reads everything, and forgets what has ended.
pub(crate) async fn load(from: &mut Connection, now_ms: u64) -> Result<Kept, Failure> {
    for ended in [
        "DELETE FROM bindings WHERE ends_at_ms <= $1",
        "DELETE FROM bans WHERE until_ms <= $1",
        "DELETE FROM sessions WHERE ends_at_ms <= $1",
        // The newest stays, so that its id is not used again.
        "DELETE FROM quick_closes WHERE until_ms <= $1 AND id < (SELECT MAX(id) FROM quick_closes)",
    ] {
        from.execute(&Statement::new(ended).bind(now_ms)).await?;
    }
    calls::close_lost(from).await?;
    Ok(Kept {
        bindings: bindings(from).await?,
        bans: bans(from).await?,
        wishes: wishes(from).await?,
        quick_closes: quick_closes(from).await?,
        agents: agents(from).await?,
        licences: licences(from).await?,
        activations: activations(from).await?,
        callbacks: callbacks::load(from).await?,
        staff: staff(from).await?,
        tokens: tokens(from).await?,
        sessions: sessions(from).await?,
        credentials: credentials(from).await?,
        second_factors: second_factors(from).await?,
        believed_ms: believed_ms(from).await?,
    })
}

async fn believed_ms(from: &mut Connection) -> Result<Option<u64>, Failure> {
    let query = Statement::new("SELECT number FROM highest WHERE what = $1").bind(BELIEVED_CLOCK);
    let rows = from.fetch(&query).await?;
    rows.first().map(|row| row.number(0)).transpose()
}

async fn bindings(from: &mut Connection) -> Result<Vec<BindingsRow>, Failure> {
    let query = r#"SELECT "user", ends_at_ms, contacts FROM bindings"#;
    each(from, query, |row| {
        let Some(user) = user(row)? else {
            return Ok(None);
        };
        Ok(Some(BindingsRow {
            user,
            ends_at_ms: row.number(1)?,
            contacts: row.text(2)?,
        }))
    })
    .await
}

async fn bans(from: &mut Connection) -> Result<Vec<BanRow>, Failure> {
    let query = "SELECT source, cause, since_ms, until_ms, times FROM bans";
    each(from, query, |row| {
        Ok(Some(BanRow {
            source: row.text(0)?,
            cause: row.text(1)?,
            since_ms: row.number(2)?,
            until_ms: row.number(3)?,
            times: small(row, 4)?,
        }))
    })
    .await
}

async fn tokens(from: &mut Connection) -> Result<Vec<TokenRow>, Failure> {
    let query = "SELECT id, token FROM tokens ORDER BY id";
    each(from, query, |row| {
        Ok(Some(TokenRow {
            id: row.text(0)?,
            token: row.text(1)?,
        }))
    })
    .await
}

async fn sessions(from: &mut Connection) -> Result<Vec<SessionRow>, Failure> {
    let query = "SELECT id, ends_at_ms, session FROM sessions ORDER BY id";
    each(from, query, |row| {
        Ok(Some(SessionRow {
            id: row.text(0)?,
            ends_at_ms: row.number(1)?,
            session: row.text(2)?,
        }))
    })
    .await
}

async fn credentials(from: &mut Connection) -> Result<Vec<CredentialRow>, Failure> {
    let query = r#"SELECT "user", credential FROM credentials"#;
    each(from, query, |row| {
        let Some(user) = user(row)? else {
            return Ok(None);
        };
        let credential = row.text(1)?;
        Ok(Some(CredentialRow { user, credential }))
    })
    .await
}

async fn second_factors(from: &mut Connection) -> Result<Vec<SecondFactorRow>, Failure> {
    each(from, "SELECT who, factor FROM second_factors", |row| {
        Ok(Some(SecondFactorRow {
            who: row.text(0)?,
            factor: row.text(1)?,
        }))
    })
    .await
}

async fn wishes(from: &mut Connection) -> Result<Vec<WishesRow>, Failure> {
    let query = r#"SELECT "user", wishes FROM wishes"#;
    each(from, query, |row| {
        let Some(user) = user(row)? else {
            return Ok(None);
        };
        let wishes = row.text(1)?;
        Ok(Some(WishesRow { user, wishes }))
    })
    .await
}

async fn quick_closes(from: &mut Connection) -> Result<Vec<QuickCloseRow>, Failure> {
    each(from, "SELECT id, until_ms, text FROM quick_closes", |row| {
        Ok(Some(QuickCloseRow {
            id: small(row, 0)?,
            until_ms: row.number(1)?,
            text: row.text(2)?,
        }))
    })
    .await
}

async fn agents(from: &mut Connection) -> Result<Vec<AgentRow>, Failure> {
    let query = r#"SELECT "user", state FROM agents"#;
    each(from, query, |row| {
        let Some(user) = user(row)? else {
            return Ok(None);
        };
        let state = row.text(1)?;
        Ok(Some(AgentRow { user, state }))
    })
    .await
}

async fn licences(from: &mut Connection) -> Result<Vec<LicenceRow>, Failure> {
    let query = r#"SELECT "user", since_ms, until_ms, licence FROM licences"#;
    each(from, query, |row| {
        let Some(user) = user(row)? else {
            return Ok(None);
        };
        Ok(Some(LicenceRow {
            user,
            since_ms: row.number(1)?,
            until_ms: row.maybe(2)?,
            licence: row.text(3)?,
        }))
    })
    .await
}

/// Rows as `read` makes them out, those of use. One that it can't is left out and stays as it is, with a line in the log:
/// whatever wrote into it, the others are none the worse.
async fn activations(from: &mut Connection) -> Result<Vec<ActivationRow>, Failure> {
    let query = "SELECT queue, since_ms, until_ms FROM callback_activations";
    each(from, query, |row| {
        let Ok(queue) = row.text(0)?.parse() else {
            return Ok(None);
        };
        Ok(Some(ActivationRow {
            queue,
            since_ms: row.number(1)?,
            until_ms: row.maybe(2)?,
        }))
    })
    .await
}

async fn each<T>(
    from: &mut Connection,
    query: &'static str,
    read: impl Fn(&Row) -> Result<Option<T>, Failure>,
) -> Result<Vec<T>, Failure> {
    let mut rows = Vec::new();
    for row in from.fetch(&Statement::new(query)).await? {
        match read(&row) {
            Ok(read) => rows.extend(read),
            Err(failure) if failure.kind == FailureKind::Row => {
                counter!("kolapp_store_failures_total", "kind" => failure.kind.label())
                    .increment(1);
                let about = row.text(0).unwrap_or_default();
                tracing::error!(error = %failure, about, query, "a row can't be read and is left out");
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(rows)
}

async fn staff(from: &mut Connection) -> Result<Vec<StaffRow>, Failure> {
    let query = Statement::new(r#"SELECT "user", lists FROM callback_staff"#);
    let mut staff = Vec::new();
    for row in from.fetch(&query).await? {
        if let Some(user) = user(&row)? {
            let lists = row.text(1)?;
            staff.push(StaffRow { user, lists });
        }
    }
    Ok(staff)
}

/// Whose row it is, which its first column says; none where the name is one that no configuration can have.
fn user(row: &Row) -> Result<Option<UserId>, Failure> {
    Ok(row.text(0)?.parse().ok())
}

/// A number that its writer had in fewer bits.
fn small(row: &Row, column: usize) -> Result<u32, Failure> {
    Ok(u32::try_from(row.number(column)?).unwrap_or(u32::MAX))
}
