//! The PostgreSQL database: connected to, taken for this process, and brought up to date. What it is said to keep it
//! keeps, so it is asked about its durability.

use crate::connection::Connection;
use crate::failure::{Failure, FailureKind};
use crate::migrations;
use crate::statement::Statement;
use sqlx::postgres::PgConnectOptions;

/// What a session of ours is told. A statement has its limit here too, so that the server gives up as we do; a
/// transaction whose client vanished ends, and gives its locks back; a peer that is gone is noticed within half a
/// minute; and a commit is on disk when it is said to be.
const SESSION: [&str; 5] = [
    "SELECT set_config('statement_timeout', '10s', false),
        set_config('idle_in_transaction_session_timeout', '15s', false)",
    "SELECT set_config('tcp_keepalives_idle', '10', false),
        set_config('tcp_keepalives_interval', '5', false),
        set_config('tcp_keepalives_count', '3', false)",
    "SELECT set_config('tcp_user_timeout', '25s', false)",
    "SELECT set_config('client_min_messages', 'warning', false)",
    "SELECT set_config('synchronous_commit', 'on', false)
        WHERE current_setting('synchronous_commit') = 'off'",
];

/// What a writer's session holds, so that two servers don't write to one database: "kölapp" in bytes.
const WRITER: i64 = 0x006b_c3b6_6c61_7070;

/// Connects, takes the database for this process, and brings it up to date.
pub(crate) async fn open(options: &PgConnectOptions) -> Result<Connection, Failure> {
    let mut connection = session(options).await?;
    let take =
        Statement::new("SELECT CASE WHEN pg_try_advisory_lock($1) THEN 1 ELSE 0 END::bigint")
            .bind(WRITER);
    let rows = connection.fetch(&take).await?;
    let is_taken = rows.first().map(|row| row.number(0)).transpose()?;
    if is_taken != Some(1) {
        return Err(Failure {
            kind: FailureKind::Locked,
            message: "another server writes to this database".into(),
        });
    }
    connection.migrate(migrations::postgres()).await?;
    Ok(connection)
}

/// Connects for reading.
pub(crate) async fn open_to_read(options: &PgConnectOptions) -> Result<Connection, Failure> {
    let mut connection = session(options).await?;
    let read_only = "SELECT set_config('default_transaction_read_only', 'on', false)";
    connection.fetch(&Statement::new(read_only)).await?;
    Ok(connection)
}

/// Which database it is: one that was begun anew is another. So is one that a standby has taken over, which may lack the
/// last of what was committed: its timeline tells, the first eight digits of where it writes.
pub(crate) async fn id_of(connection: &mut Connection) -> Result<String, Failure> {
    let query = Statement::new(
        "SELECT id::text || '/' || CASE WHEN pg_is_in_recovery() THEN 'standby'
            ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END FROM identity",
    );
    let rows = connection.fetch(&query).await?;
    let first = rows.first();
    let first = first.ok_or_else(|| Failure::lost("the database does not say which it is"))?;
    first.text(0)
}

async fn session(options: &PgConnectOptions) -> Result<Connection, Failure> {
    let mut connection = Connection::postgres(options).await?;
    for setting in SESSION {
        connection.fetch(&Statement::new(setting)).await?;
    }
    Ok(connection)
}
