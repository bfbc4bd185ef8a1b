//! The store on real files, and what becomes of it when they are locked, gone, torn or no database at all.

#![allow(clippy::unwrap_used, reason = "a test")]

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, Executor};
use std::path::Path;
use std::time::{Duration, Instant};
use store::{
    AgentRow, BanRow, BindingsRow, FILE_NAME, FailureKind, Health, Kept, LicenceRow, NotStored,
    Store, WishesRow, Write,
};
use tempfile::TempDir;

/// Longer than any retry of the store takes.
const LIMIT: Duration = Duration::from_secs(20);

/// In the year 2100.
const LATE_MS: u64 = 4_102_444_800_000;

fn bindings(number: usize, contacts: &str) -> BindingsRow {
    BindingsRow {
        user: format!("demo/user-{number}").parse().unwrap(),
        ends_at_ms: LATE_MS,
        contacts: contacts.into(),
    }
}

fn ban(source: &str, until_ms: u64) -> BanRow {
    BanRow {
        source: source.into(),
        cause: "scanner".into(),
        since_ms: 1,
        until_ms,
        times: 2,
    }
}

async fn start(folder: &Path) -> (Store, Kept) {
    let (store, loading) = Store::start(folder);
    (store, loading.kept().await)
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// What a process that starts on a copy of the folder finds: that of one which was killed at this moment.
async fn found_after_a_kill(folder: &Path) -> Kept {
    let copy = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    let (store, mut kept) = start(copy.path()).await;
    store.close().await;
    kept.bindings
        .sort_by(|one, other| one.user.cmp(&other.user));
    kept
}

async fn another_process(folder: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(folder.join(FILE_NAME));
    options.connect().await.unwrap()
}

async fn wait(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !condition() {
        assert!(Instant::now() < deadline, "{what}: not so after {LIMIT:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_kill() {
    let folder = folder();
    let (store, kept) = start(folder.path()).await;
    assert_eq!(kept, Kept::default());
    let written: Vec<_> = (0..3_000)
        .map(|number| store.write(Write::PutBindings(bindings(number, "first"))))
        .collect();
    for one in written {
        one.stored().await.unwrap();
    }
    store.write_soon(Write::PutBan(ban("192.0.2.1", LATE_MS)));
    store.write_soon(Write::PutBan(ban("192.0.2.2", LATE_MS)));
    store.write_soon(Write::RemoveBan("192.0.2.2".into()));
    store.write_soon(Write::PutBan(ban("192.0.2.3", 1)));
    store.write_soon(Write::RemoveBindings(bindings(0, "").user));
    let wishes = |number: usize, text: &str| WishesRow {
        user: bindings(number, "").user,
        wishes: text.into(),
    };
    store.write_soon(Write::PutWishes(wishes(1, "first")));
    store.write_soon(Write::PutWishes(wishes(1, "second")));
    store.write_soon(Write::PutWishes(wishes(2, "gone")));
    store.write_soon(Write::RemoveWishes(wishes(2, "").user));
    let agent = |number: usize, state: &str| AgentRow {
        user: bindings(number, "").user,
        state: state.into(),
    };
    store.write_soon(Write::PutAgent(agent(1, "paused")));
    store.write_soon(Write::PutAgent(agent(1, "free")));
    store.write_soon(Write::PutAgent(agent(2, "gone")));
    store.write_soon(Write::RemoveAgent(agent(2, "").user));
    store.write_soon(Write::PutBindings(bindings(1, "second")));
    let last = store.write(Write::PutBindings(bindings(2, "third")));
    last.stored().await.unwrap();
    let kept = found_after_a_kill(folder.path()).await;
    assert_eq!(kept.bindings.len(), 2_999);
    assert_eq!(kept.bindings[0], bindings(1, "second"));
    let third = bindings(2, "third");
    assert!(kept.bindings.contains(&third));
    assert_eq!(
        kept.bans,
        [ban("192.0.2.1", LATE_MS)],
        "the third has ended"
    );
    assert_eq!(kept.wishes, [wishes(1, "second")]);
    assert_eq!(kept.agents, [agent(1, "free")]);
    store.close().await;
}

#[tokio::test]
async fn what_waits_is_written_at_the_end_and_nothing_after_it() {
    let folder = folder();
    let (store, _) = start(folder.path()).await;
    store.write_soon(Write::PutBindings(bindings(1, "x")));
    store.close().await;
    let late = store.write(Write::PutBindings(bindings(2, "x")));
    assert_eq!(late.stored().await, Err(NotStored::Closed));
    let (again, kept) = start(folder.path()).await;
    assert_eq!(kept.bindings, [bindings(1, "x")]);
    again.close().await;
}

#[tokio::test]
async fn a_licence_that_lasts_is_not_begun_again_by_a_start_that_could_not_read_it() {
    let folder = folder();
    let (store, _) = start(folder.path()).await;
    let licence = |since_ms: u64, until_ms: Option<u64>| LicenceRow {
        user: "demo/anna".parse().unwrap(),
        licence: "pro".into(),
        since_ms,
        until_ms,
    };
    for (since_ms, until_ms) in [(1, None), (5, None), (1, Some(7)), (8, None), (9, None)] {
        let put = Write::PutLicence(licence(since_ms, until_ms));
        store.write(put).stored().await.unwrap();
    }
    let kept = found_after_a_kill(folder.path()).await;
    assert_eq!(kept.licences, [licence(1, Some(7)), licence(8, None)]);
    store.close().await;
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
    let aside = folder.path().join(format!("{FILE_NAME}.damaged"));
    assert!(
        std::fs::read_to_string(aside)
            .unwrap()
            .starts_with("no database")
    );
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
