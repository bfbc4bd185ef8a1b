//! The SQLite file: opened, brought up to date with a copy made before, known by its place, copied while it is written,
//! and moved aside when it is of no use.

use crate::connection::Connection;
use crate::failure::Failure;
use crate::location::FILE_NAME;
use crate::migrations;
use crate::statement::Statement;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long one attempt waits for another process that has the file; the writer tries again by itself.
const BUSY_WAIT: Duration = Duration::from_millis(250);

/// Copies made before migrations that are kept: whoever goes back goes back a version or two.
const COPIES_MAX: usize = 3;

/// Damaged files that are kept beside: the first has most of what was kept before, and the last takes the place of those
/// after it.
const DAMAGED_MAX: u32 = 3;

/// What SQLite keeps beside its file while it is open, or was when the process was killed.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// Which file it is, however it is called: device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileId(u64, u64);

/// Opens the file and brings it up to date; makes it, and its folder, where they are missing.
pub(crate) async fn open(path: &Path) -> Result<Connection, Failure> {
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
        // What is erased must not be found in the file.
        .pragma("secure_delete", "on")
        // Nor in one beside it, into which tables are copied that are written anew.
        .pragma("temp_store", "memory")
        .busy_timeout(BUSY_WAIT);
    let mut connection = Connection::sqlite(options).await?;
    if let Some(next) = next_migration(&mut connection).await? {
        copy_before(&mut connection, path, next).await?;
    }
    connection.migrate(migrations::sqlite()).await?;
    Ok(connection)
}

/// Opens one that is there, for reading.
pub(crate) async fn open_to_read(path: &Path) -> Result<Connection, Failure> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .busy_timeout(BUSY_WAIT);
    Connection::sqlite(options).await
}

/// The first migration that a file of an older server lacks; none for a new file or one that lacks none.
async fn next_migration(connection: &mut Connection) -> Result<Option<i64>, Failure> {
    let is_there = Statement::new("SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations'");
    if connection.fetch(&is_there).await?.is_empty() {
        return Ok(None);
    }
    let newest = Statement::new("SELECT MAX(version) FROM _sqlx_migrations");
    let rows = connection.fetch(&newest).await?;
    let newest = rows.first().map(|row| row.maybe(0)).transpose()?.flatten();
    Ok(newest.and_then(migrations::after))
}

/// Makes a copy beside it that a server of the version before can use. The journal is left out: it is what takes the room
/// and the time, nobody is promised anything by it, and it stays in the file itself.
async fn copy_before(on: &mut Connection, path: &Path, next: i64) -> Result<(), Failure> {
    let copy = with_suffix(path, &format!(".before-{next:04}"));
    let unfinished = with_suffix(path, ".before-unfinished");
    // A process that was killed meanwhile may have left either.
    for suffix in ["", "-journal"] {
        remove_if_there(&with_suffix(&unfinished, suffix))?;
    }
    tracing::info!(file = %path.display(), "bringing the database up to date, once there is a copy of it");
    if let Err(failure) = copy_without_journal(on, &unfinished).await {
        // On a full disk it would take the room that rows need. That it stays would be the smaller harm.
        let _ = remove_if_there(&unfinished);
        return Err(failure);
    }
    std::fs::rename(&unfinished, &copy)?;
    sync_folder(&copy)?;
    tracing::info!(copy = %copy.display(), "the database as it was is kept beside");
    for old in copies(path)?.into_iter().rev().skip(COPIES_MAX) {
        std::fs::remove_file(old)?;
    }
    Ok(())
}

/// The same tables, of one moment, in a new file.
async fn copy_without_journal(on: &mut Connection, path: &Path) -> Result<(), Failure> {
    let attach = Statement::new("ATTACH DATABASE $1 AS copy");
    on.execute(&attach.bind(text_of(path)?)).await?;
    let copied = fill_copy(on).await;
    if copied.is_err() {
        // SQLite has gone back by itself after some failures, and says so.
        let _ = on.execute(&Statement::new("ROLLBACK")).await;
    }
    let detached = on.execute(&Statement::new("DETACH DATABASE copy")).await;
    copied.and(detached.map(drop))?;
    File::open(path)?.sync_all()?;
    sync_folder(path)?;
    Ok(())
}

async fn fill_copy(on: &mut Connection) -> Result<(), Failure> {
    on.execute(&Statement::new("BEGIN IMMEDIATE")).await?;
    // Tables before their indexes. What SQLite keeps for itself it makes for itself.
    let parts = Statement::new(
        "SELECT type, name, sql FROM main.sqlite_schema
        WHERE type IN ('table', 'index') AND sql IS NOT NULL AND substr(name, 1, 7) <> 'sqlite_'
        ORDER BY type = 'index'",
    );
    for row in on.fetch(&parts).await? {
        let (name, sql) = (row.text(1)?, row.text(2)?);
        // Whatever was said to make it, SQLite keeps these words at its beginning (sqlite.org/schematab.html).
        let made = ["CREATE TABLE ", "CREATE UNIQUE INDEX ", "CREATE INDEX "]
            .into_iter()
            .find_map(|begins| Some(format!("{begins}copy.{}", sql.strip_prefix(begins)?)));
        let made = made.ok_or_else(|| Failure::lost(format!("{name} is made in no known way")))?;
        on.execute(&Statement::built(made)).await?;
        if row.text(0)? == "table" && name != "journal" {
            let filled = format!(r#"INSERT INTO copy."{name}" SELECT * FROM main."{name}""#);
            on.execute(&Statement::built(filled)).await?;
        }
    }
    on.execute(&Statement::new("COMMIT")).await?;
    Ok(())
}

/// Copies that were made before migrations, the oldest first.
fn copies(path: &Path) -> io::Result<Vec<PathBuf>> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let start = format!("{FILE_NAME}.before-");
    let mut copies = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&start) {
            copies.push(entry.path());
        }
    }
    copies.sort();
    Ok(copies)
}

/// Copies all that is committed into a new file, and has it on disk. Whoever writes meanwhile is not held up.
pub(crate) async fn copy_into(on: &mut Connection, path: &Path) -> Result<(), Failure> {
    on.execute(&Statement::new("VACUUM INTO $1").bind(text_of(path)?))
        .await?;
    File::open(path)?.sync_all()?;
    sync_folder(path)?;
    Ok(())
}

/// As SQLite is told of it.
fn text_of(path: &Path) -> io::Result<&str> {
    path.to_str()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "expected a path in UTF-8"))
}

/// Moves a file that can't be read out of the way, beside those that were before; says where to.
pub(crate) fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let aside = |number: u32| match number {
        1 => with_suffix(path, ".damaged"),
        _ => with_suffix(path, &format!(".damaged-{number}")),
    };
    let free = (1..DAMAGED_MAX).find(|number| !aside(*number).exists());
    let aside = aside(free.unwrap_or(DAMAGED_MAX));
    std::fs::rename(path, &aside)?;
    for suffix in BESIDE {
        match std::fs::rename(with_suffix(path, suffix), with_suffix(&aside, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(aside)
}

/// Which file is there now.
pub(crate) fn id_of(path: &Path) -> io::Result<FileId> {
    let metadata = std::fs::metadata(path)?;
    Ok(FileId(metadata.dev(), metadata.ino()))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// So that a new name in it outlives a power cut.
fn sync_folder(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| *folder != Path::new(""));
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn count(on: &mut Connection, sql: &'static str) -> u64 {
        let rows = on.fetch(&Statement::new(sql)).await.unwrap();
        rows[0].number(0).unwrap()
    }

    #[tokio::test]
    async fn a_copy_before_a_migration_has_all_but_the_records_of_the_journal() {
        let folder = tempfile::tempdir().unwrap();
        let [path, copy] = ["one.db", "copy.db"].map(|name| folder.path().join(name));
        let mut on = open(&path).await.unwrap();
        for sql in [
            "INSERT INTO bindings VALUES ('demo/anna', 1, '[]')",
            "CREATE UNIQUE INDEX by_end ON bindings (ends_at_ms)",
            "INSERT INTO runs (zero_ms, version) VALUES (1, 1)",
            "INSERT INTO journal VALUES (1, 0, 1, x'00')",
        ] {
            on.execute(&Statement::new(sql)).await.unwrap();
        }
        copy_without_journal(&mut on, &copy).await.unwrap();
        // The connection is of use for the migration.
        assert_eq!(count(&mut on, "SELECT COUNT(*) FROM journal").await, 1);
        on.close().await.unwrap();
        assert!(!with_suffix(&copy, "-journal").exists());
        // A server of the version that left the file opens it.
        let mut on = open(&copy).await.unwrap();
        for (sql, wanted) in [
            ("SELECT COUNT(*) FROM bindings", 1),
            ("SELECT COUNT(*) FROM runs", 1),
            ("SELECT COUNT(*) FROM journal", 0),
            (
                "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'by_end'",
                1,
            ),
        ] {
            assert_eq!(count(&mut on, sql).await, wanted, "{sql}");
        }
        let begin = "INSERT INTO runs (zero_ms, version) VALUES (2, 1) RETURNING run";
        assert_eq!(count(&mut on, begin).await, 2, "numbers go on");
        on.close().await.unwrap();
    }

    #[tokio::test]
    async fn where_there_is_no_place_for_a_copy_the_file_is_of_use_still() {
        let folder = tempfile::tempdir().unwrap();
        let mut on = open(&folder.path().join("one.db")).await.unwrap();
        let nowhere = folder.path().join("none").join("copy.db");
        assert!(copy_without_journal(&mut on, &nowhere).await.is_err());
        let write = Statement::new("INSERT INTO bindings VALUES ('demo/anna', 1, '[]')");
        on.transact([write].into_iter()).await.unwrap();
        on.close().await.unwrap();
    }
}
