//! The SQLite file: opened, brought up to date, read whole at the start, and written a batch at a time. All of it
//! may block, so it is called from the writer's own thread only.

use crate::failure::{Failure, FailureKind};
use crate::kept::{self, Kept, signed};
use crate::write::Write;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqlSafeStr};
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long one attempt waits for another process that has the file; the writer tries again by itself.
const BUSY_WAIT: Duration = Duration::from_millis(250);

/// Forward only: a file of a newer server is left alone by an older one.
const MIGRATIONS: [(i64, &str, &str); 5] = [
    (
        1,
        "bindings and bans",
        include_str!("../migrations/sqlite/0001_bindings_and_bans.sql"),
    ),
    (
        2,
        "wishes",
        include_str!("../migrations/sqlite/0002_wishes.sql"),
    ),
    (
        3,
        "quick-closes",
        include_str!("../migrations/sqlite/0003_quick_closes.sql"),
    ),
    (
        4,
        "agents",
        include_str!("../migrations/sqlite/0004_agents.sql"),
    ),
    (
        5,
        "licences",
        include_str!("../migrations/sqlite/0005_licences.sql"),
    ),
];

/// What SQLite keeps beside its file while it is open, or was when the process was killed.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// Which file it is, however it is called: device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileId(u64, u64);

/// The open file.
#[derive(Debug)]
pub(crate) struct Database {
    connection: SqliteConnection,
    path: PathBuf,
    id: FileId,
}

impl Database {
    /// Opens the file and brings it up to date; makes it, and its folder, where they are missing.
    pub(crate) async fn open(path: &Path) -> Result<Database, Failure> {
        if let Some(folder) = path.parent() {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)?;
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_WAIT)
            .disable_statement_logging();
        let mut connection = options.connect().await?;
        let migrations = MIGRATIONS.map(|(version, name, sql)| {
            let sql = sql.into_sql_str();
            Migration::new(version, name.into(), MigrationType::Simple, sql, false)
        });
        let migrator = Migrator::with_migrations(migrations.to_vec());
        migrator.run_direct(None, &mut connection, false).await?;
        Ok(Database {
            connection,
            path: path.to_owned(),
            id: id_of(path)?,
        })
    }

    /// Which file it is.
    pub(crate) fn id(&self) -> FileId {
        self.id
    }

    /// Whether the file is still where it was opened. If not, all that is written goes nowhere.
    pub(crate) fn check_place(&self) -> Result<(), Failure> {
        match id_of(&self.path) {
            Ok(id) if id == self.id => Ok(()),
            Ok(_) => Err(Failure::lost("another file is in the place of this one")),
            Err(error) => Err(Failure::lost(error.to_string())),
        }
    }

    /// Writes all of it or nothing.
    pub(crate) async fn apply(&mut self, writes: &[&Write]) -> Result<(), Failure> {
        // At once for writing: a transaction that reads first can't be made to wait for its turn.
        let mut transaction = self.connection.begin_with("BEGIN IMMEDIATE").await?;
        for write in writes {
            write_row(&mut transaction, write).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Reads everything, and forgets what has ended.
    pub(crate) async fn load(&mut self, now_ms: u64) -> Result<Kept, Failure> {
        kept::load(&mut self.connection, now_ms).await
    }

    /// Closes it, with all that was written in the one file.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        Ok(self.connection.close().await?)
    }
}

async fn write_row(connection: &mut SqliteConnection, write: &Write) -> Result<(), Failure> {
    let query = match write {
        Write::PutBindings(row) => {
            sqlx::query("INSERT OR REPLACE INTO bindings (user, ends_at_ms, contacts) VALUES (?, ?, ?)")
                .bind(row.user.as_str())
                .bind(signed(row.ends_at_ms))
                .bind(&row.contacts)
        }
        Write::RemoveBindings(user) => {
            sqlx::query("DELETE FROM bindings WHERE user = ?").bind(user.as_str())
        }
        Write::PutBan(row) => sqlx::query(
            "INSERT OR REPLACE INTO bans (source, cause, since_ms, until_ms, times) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(&row.source)
        .bind(&row.cause)
        .bind(signed(row.since_ms))
        .bind(signed(row.until_ms))
        .bind(row.times),
        Write::RemoveBan(source) => sqlx::query("DELETE FROM bans WHERE source = ?").bind(source),
        Write::PutWishes(row) => {
            sqlx::query("INSERT OR REPLACE INTO wishes (user, wishes) VALUES (?, ?)")
                .bind(row.user.as_str())
                .bind(&row.wishes)
        }
        Write::RemoveWishes(user) => {
            sqlx::query("DELETE FROM wishes WHERE user = ?").bind(user.as_str())
        }
        Write::PutQuickClose(row) => {
            sqlx::query("INSERT OR REPLACE INTO quick_closes (id, until_ms, text) VALUES (?, ?, ?)")
                .bind(row.id)
                .bind(signed(row.until_ms))
                .bind(&row.text)
        }
        Write::PutAgent(row) => {
            sqlx::query("INSERT OR REPLACE INTO agents (user, state) VALUES (?, ?)")
                .bind(row.user.as_str())
                .bind(&row.state)
        }
        Write::RemoveAgent(user) => {
            sqlx::query("DELETE FROM agents WHERE user = ?").bind(user.as_str())
        }
        Write::PutLicence(row) => sqlx::query(
            "INSERT INTO licences (user, since_ms, until_ms, licence) SELECT ?1, ?2, ?3, ?4
             WHERE ?3 IS NOT NULL OR NOT EXISTS
                 (SELECT 1 FROM licences WHERE user = ?1 AND since_ms <> ?2 AND until_ms IS NULL)
             ON CONFLICT (user, since_ms)
                 DO UPDATE SET until_ms = excluded.until_ms, licence = excluded.licence",
        )
        .bind(row.user.as_str())
        .bind(signed(row.since_ms))
        .bind(row.until_ms.map(signed))
        .bind(&row.licence),
    };
    query.execute(connection).await?;
    Ok(())
}

/// Moves a file that can't be read out of the way, in the place of one that was before; says where to.
pub(crate) fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let aside = with_suffix(path, ".damaged");
    std::fs::rename(path, &aside)?;
    for suffix in BESIDE {
        match std::fs::rename(with_suffix(path, suffix), with_suffix(&aside, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(aside)
}

/// Whether a failure at the start says that the file as a whole is of no use.
pub(crate) fn is_beyond_use(failure: &Failure) -> bool {
    failure.kind == FailureKind::Corrupt
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn id_of(path: &Path) -> io::Result<FileId> {
    let metadata = std::fs::metadata(path)?;
    Ok(FileId(metadata.dev(), metadata.ino()))
}
