//! SQLite files, and what becomes of them when they are locked, gone, torn or no database at all.

use crate::journal;
use crate::place::{LATE_MS, LIMIT, ban, bindings, folder, found_after_a_kill, start, wait};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, Executor};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use store::{FILE_NAME, FailureKind, Health, Kept, NotStored, Write};

async fn another_process(folder: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(folder.join(FILE_NAME));
    options.connect().await.unwrap()
}

#[tokio::test]
async fn while_another_process_has_the_file_writes_wait_and_the_latest_of_each_row_is_kept() {
    let folder = folder();
    let (store, _) = start(folder.path()).await;
    store
        .write(Write::PutBindings(bindings(1, "before")))
        .stored()
        .await
        .unwrap();
    let mut other = another_process(folder.path()).await;
    other.execute("BEGIN EXCLUSIVE").await.unwrap();
    for round in 0..500 {
        store.write_soon(Write::PutBindings(bindings(1, &round.to_string())));
    }
    wait("it is known to fail", || {
        matches!(
            store.health(),
            Health::Failing {
                kind: FailureKind::Locked,
                ..
            }
        )
    })
    .await;
    let last = store.write(Write::PutBindings(bindings(1, "after")));
    assert!(store.pending() <= 1, "one row waits once");
    other.execute("ROLLBACK").await.unwrap();
    last.stored().await.unwrap();
    wait("it is known to work", || store.health() == Health::Ok).await;
    let kept = found_after_a_kill(folder.path()).await;
    assert_eq!(kept.bindings, [bindings(1, "after")]);
    other.close().await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn a_folder_that_is_deleted_is_made_anew_and_whoever_watches_writes_again() {
    let folder = folder();
    let path = folder.path().join("var");
    let (store, _) = start(&path).await;
    let mut renewed = store.renewed();
    let before = store.write(Write::PutBindings(bindings(1, "before")));
    before.stored().await.unwrap();
    assert!(
        !renewed.has_changed().unwrap(),
        "the first file is no new one"
    );
    std::fs::remove_dir_all(&path).unwrap();
    let after = store.write(Write::PutBindings(bindings(2, "after")));
    after.stored().await.unwrap();
    tokio::time::timeout(LIMIT, renewed.changed())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        found_after_a_kill(&path).await.bindings,
        [bindings(2, "after")]
    );
    store.close().await;
}

async fn begins_anew(folder: &Path) {
    let (store, kept) = start(folder).await;
    assert_eq!(kept, Kept::default());
    let written = store.write(Write::PutBindings(bindings(7, "new")));
    written.stored().await.unwrap();
    wait("it is known to work", || store.health() == Health::Ok).await;
    let kept = found_after_a_kill(folder).await;
    assert_eq!(kept.bindings, [bindings(7, "new")]);
    store.close().await;
}

/// A file with some pages of rows.
async fn filled(folder: &Path) -> Vec<u8> {
    let (store, _) = start(folder).await;
    for number in 0..500 {
        store.write_soon(Write::PutBindings(bindings(number, &"x".repeat(200))));
    }
    store.close().await;
    std::fs::read(folder.join(FILE_NAME)).unwrap()
}

#[tokio::test]
async fn a_file_that_is_no_database_is_moved_aside() {
    let folder = folder();
    std::fs::write(folder.path().join(FILE_NAME), "no database ".repeat(1_000)).unwrap();
    begins_anew(folder.path()).await;
    let aside = |suffix: &str| {
        let path = folder.path().join(format!("{FILE_NAME}.damaged{suffix}"));
        std::fs::read_to_string(path).unwrap()
    };
    assert!(aside("").starts_with("no database"));
    // The first ones stay, and disks that go on damaging files get no more room than for three.
    for text in ["second ", "third ", "fourth "] {
        std::fs::write(folder.path().join(FILE_NAME), text.repeat(1_000)).unwrap();
        begins_anew(folder.path()).await;
    }
    let first_words = ["", "-2", "-3"].map(|suffix| aside(suffix)[..2].to_owned());
    assert_eq!(first_words, ["no", "se", "fo"]);
}

#[tokio::test]
async fn a_row_that_can_t_be_read_is_left_out_and_left_alone_and_takes_no_other_with_it() {
    let folder = folder();
    let (store, _) = start(folder.path()).await;
    for number in 1..=3 {
        store.write_soon(Write::PutBindings(bindings(number, "kept")));
    }
    store.write_soon(Write::PutBan(ban("192.0.2.1", LATE_MS)));
    store.close().await;
    let mut other = another_process(folder.path()).await;
    for sql in [
        r#"UPDATE bindings SET contacts = x'ff' WHERE "user" = 'demo/user-1'"#,
        r#"UPDATE bindings SET ends_at_ms = 'later' WHERE "user" = 'demo/user-2'"#,
        "UPDATE bans SET cause = x'00ff'",
    ] {
        other.execute(sql).await.unwrap();
    }
    other.close().await.unwrap();
    let (store, kept) = start(folder.path()).await;
    assert_eq!(kept.bindings, [bindings(3, "kept")]);
    assert_eq!(kept.bans, []);
    assert_eq!(store.health(), Health::Ok);
    store.close().await;
    let mut other = another_process(folder.path()).await;
    let count = "SELECT (SELECT COUNT(*) FROM bindings) + (SELECT COUNT(*) FROM bans)";
    let rows: (i64,) = sqlx::query_as(count).fetch_one(&mut other).await.unwrap();
    assert_eq!(rows, (4,));
    other.close().await.unwrap();
}

#[tokio::test]
async fn a_torn_file_is_moved_aside() {
    // Its second half is gone: the pages that the first points to.
    let torn = folder();
    let whole = filled(torn.path()).await;
    std::fs::write(torn.path().join(FILE_NAME), &whole[..whole.len() / 2]).unwrap();
    begins_anew(torn.path()).await;
    // Pages in the middle were overwritten.
    let overwritten = folder();
    let mut whole = filled(overwritten.path()).await;
    let middle = whole.len() / 4..whole.len() * 3 / 4;
    whole[middle].fill(0xa5);
    std::fs::write(overwritten.path().join(FILE_NAME), whole).unwrap();
    begins_anew(overwritten.path()).await;
}

#[tokio::test]
async fn what_a_killed_process_left_beside_the_file_is_in_nobodys_way() {
    let folder = folder();
    for (suffix, text) in [
        ("-wal", "stale ".repeat(2_000)),
        ("-shm", "s".repeat(32_768)),
    ] {
        std::fs::write(folder.path().join(format!("{FILE_NAME}{suffix}")), text).unwrap();
    }
    begins_anew(folder.path()).await;
    // A last write that was torn: what was committed before it stands.
    let (store, _) = start(folder.path()).await;
    let written = store.write(Write::PutBindings(bindings(8, "kept")));
    written.stored().await.unwrap();
    let copy = tempfile::tempdir().unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let name = format!("{FILE_NAME}{suffix}");
        let mut bytes = std::fs::read(folder.path().join(&name)).unwrap();
        if suffix == "-wal" {
            let half_a_frame = bytes[32..2_000].to_vec();
            bytes.extend(half_a_frame);
        }
        std::fs::write(copy.path().join(&name), bytes).unwrap();
    }
    store.close().await;
    let kept = found_after_a_kill(copy.path()).await;
    assert_eq!(kept.bindings, [bindings(7, "new"), bindings(8, "kept")]);
}

#[tokio::test]
async fn a_row_that_storage_refuses_takes_no_other_with_it() {
    let folder = folder();
    let (store, _) = start(folder.path()).await;
    let mut other = another_process(folder.path()).await;
    other
        .execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON bans WHEN NEW.source = 'bad'
             BEGIN SELECT RAISE(ABORT, 'refused'); END",
        )
        .await
        .unwrap();
    other.close().await.unwrap();
    let written =
        ["one", "bad", "two"].map(|source| store.write(Write::PutBan(ban(source, LATE_MS))));
    let mut results = Vec::new();
    for one in written {
        results.push(one.stored().await);
    }
    assert_eq!(results, [Ok(()), Err(NotStored::Row), Ok(())]);
    assert_eq!(store.health(), Health::Ok);
    store.close().await;
}

#[tokio::test]
async fn a_journal_that_can_t_be_written_holds_up_no_row() {
    let folder = folder();
    let (store, journal) = journal::start(folder.path()).await;
    let mut other = another_process(folder.path()).await;
    other
        .execute("ALTER TABLE runs RENAME TO elsewhere")
        .await
        .unwrap();
    journal.append_soon(1, vec![1]);
    wait("it is known to fail", || store.health() != Health::Ok).await;
    let row = store.write(Write::PutBindings(bindings(1, "kept")));
    row.stored().await.unwrap();
    other
        .execute("ALTER TABLE elsewhere RENAME TO runs")
        .await
        .unwrap();
    other.close().await.unwrap();
    journal::add(&journal, [2]).await;
    let records = journal::all(folder.path()).await;
    assert_eq!(journal::moments(&records), [1, 2]);
    store.close().await;
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_keeps_nobody_from_starting() {
    let folder = folder();
    let path = folder.path().join("var");
    std::fs::write(&path, "a file").unwrap();
    let (store, kept) = start(&path).await;
    assert_eq!(kept, Kept::default());
    assert!(matches!(store.health(), Health::Failing { .. }));
    let waiting = store.write(Write::PutBindings(bindings(1, "late")));
    std::fs::remove_file(&path).unwrap();
    waiting.stored().await.unwrap();
    assert_eq!(
        found_after_a_kill(&path).await.bindings,
        [bindings(1, "late")]
    );
    store.close().await;
}

#[tokio::test]
async fn before_a_file_is_brought_up_to_date_a_copy_is_made_that_its_server_can_read() {
    let folder = folder();
    let (store, _) = start(folder.path()).await;
    let written = store.write(Write::PutBindings(bindings(1, "kept")));
    written.stored().await.unwrap();
    store.close().await;
    let copy = |number: u32| {
        folder
            .path()
            .join(format!("{FILE_NAME}.before-{number:04}"))
    };
    assert!(!copy(6).exists(), "a new file has nothing to be copied");
    for earlier in 1..=3 {
        std::fs::write(copy(earlier), "of an earlier day").unwrap();
    }
    // As a server before the journal left it.
    let mut other = another_process(folder.path()).await;
    for sql in [
        "DROP TABLE journal",
        "DROP TABLE runs",
        "DROP TABLE callbacks",
        "DROP TABLE callback_attempts",
        "DROP TABLE callback_facts",
        "DROP TABLE callback_staff",
        "DROP TABLE highest",
        "DROP TABLE to_be_wiped",
        "DROP TABLE callback_activations",
        "DROP TABLE tokens",
        "DROP TABLE call_records",
        "DROP TABLE audit",
        "DROP TABLE sessions",
        "DROP TABLE credentials",
        "DROP TABLE second_factors",
        "DELETE FROM _sqlx_migrations WHERE version > 5",
    ] {
        other.execute(sql).await.unwrap();
    }
    other.close().await.unwrap();
    let (store, kept) = start(folder.path()).await;
    assert_eq!(kept.bindings, [bindings(1, "kept")]);
    store.close().await;
    let options = SqliteConnectOptions::new()
        .filename(copy(6))
        .read_only(true);
    let mut older = options.connect().await.unwrap();
    let count = "SELECT (SELECT COUNT(*) FROM bindings), MAX(version) FROM _sqlx_migrations";
    let row: (i64, i64) = sqlx::query_as(count).fetch_one(&mut older).await.unwrap();
    assert_eq!(row, (1, 5));
    older.close().await.unwrap();
    let left: Vec<_> = (1..=6).filter(|number| copy(*number).exists()).collect();
    assert_eq!(left, [2, 3, 6], "the oldest make room");
}

#[tokio::test]
async fn a_copy_is_made_of_one_moment_while_it_is_written_and_never_over_another_file() {
    let folder = folder();
    let (store, _) = start(folder.path()).await;
    let filled = (0..2_000).map(|number| store.write(Write::PutBindings(bindings(number, "x"))));
    for one in filled.collect::<Vec<_>>() {
        one.stored().await.unwrap();
    }
    let copies = tempfile::tempdir().unwrap();
    let copy = copies.path().join(FILE_NAME);
    let under_way: Vec<_> = (0..2_000)
        .map(|number| store.write(Write::PutBindings(bindings(number, "y"))))
        .collect();
    let bytes = store.back_up(&copy).await.unwrap();
    for one in under_way {
        one.stored().await.unwrap();
    }
    let metadata = std::fs::metadata(&copy).unwrap();
    assert_eq!(metadata.len(), bytes);
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    let refused = store.back_up(&copy).await.unwrap_err().to_string();
    assert!(refused.contains("can't be made: File exists"), "{refused}");
    assert_eq!(std::fs::metadata(&copy).unwrap().len(), bytes);
    let (again, kept) = start(copies.path()).await;
    assert_eq!(kept.bindings.len(), 2_000);
    again.close().await;
    store.close().await;
}

#[tokio::test]
async fn a_copy_that_fails_leaves_nothing_behind() {
    let folder = folder();
    let (store, _) = start(folder.path()).await;
    let nowhere = folder.path().join("none").join("copy.db");
    assert!(store.back_up(&nowhere).await.is_err());
    store.close().await;
    std::fs::remove_file(folder.path().join(FILE_NAME)).unwrap();
    let copy = folder.path().join("copy.db");
    assert!(store.back_up(&copy).await.is_err());
    assert!(!copy.exists());
}
