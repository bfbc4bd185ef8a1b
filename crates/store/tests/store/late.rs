//! What was kept is read late, and nothing of it is written over before.

use crate::place::{LATE_MS, LIMIT, ban, bindings, folder, found_after_a_kill, wait};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};
use std::path::Path;
use std::time::Duration;
use store::{
    AtStart, FILE_NAME, FailureKind, Health, Loading, NotStored, QuickCloseRow, Store, Write,
};
use tokio::time::timeout;

fn quick(text: &str) -> Write {
    Write::PutQuickClose(QuickCloseRow {
        id: 1,
        until_ms: LATE_MS,
        text: text.into(),
    })
}

async fn keep(folder: &Path, writes: impl IntoIterator<Item = Write>) {
    let (store, loading) = Store::start(folder);
    loading.kept().await;
    for write in writes {
        store.write(write).stored().await.unwrap();
    }
    store.close().await;
}

async fn late(folder: &Path) -> (Store, Loading) {
    let (store, loading) = Store::start(folder);
    match loading.at_start().await {
        AtStart::Kept(kept) => panic!("read already: {kept:?}"),
        AtStart::Later(loading) => (store, loading),
    }
}

#[tokio::test]
async fn what_could_not_be_read_at_the_start_is_written_over_by_nothing_until_it_is_taken_up() {
    let folder = folder();
    let path = folder.path();
    let kept = [quick("promised"), Write::PutBindings(bindings(1, "old"))];
    keep(
        path,
        kept.into_iter()
            .chain([Write::PutBindings(bindings(2, "old"))]),
    )
    .await;
    let options = SqliteConnectOptions::new().filename(path.join(FILE_NAME));
    let mut other = options.connect().await.unwrap();
    other.execute("BEGIN EXCLUSIVE").await.unwrap();
    let (store, loading) = late(path).await;
    let promised = store
        .promise(quick("over it"), quick("undone"), LIMIT)
        .await;
    assert_eq!(promised, Err(NotStored::Unread));
    store.write_soon(Write::PutBindings(bindings(1, "new")));
    let newest = store.write(Write::PutBan(ban("192.0.2.7", LATE_MS)));
    other.execute("ROLLBACK").await.unwrap();
    other.close().await.unwrap();
    let read = timeout(LIMIT, loading.when_read()).await.unwrap();
    let (late, taking_up) = read.unwrap();
    assert_eq!(
        late.bindings,
        [bindings(2, "old")],
        "the other has a newer one"
    );
    assert_eq!(late.quick_closes[0].text, "promised");
    assert_eq!(store.pending(), 2, "nothing is written yet");
    assert_eq!(
        store
            .promise(quick("over it"), quick("undone"), LIMIT)
            .await,
        Err(NotStored::Unread)
    );
    drop(taking_up);
    newest.stored().await.unwrap();
    let after = found_after_a_kill(path).await;
    assert_eq!(after.bindings, [bindings(1, "new"), bindings(2, "old")]);
    assert_eq!(after.quick_closes[0].text, "promised");
    wait("it is known to work", || store.health() == Health::Ok).await;
    store
        .promise(quick("next"), quick("undone"), LIMIT)
        .await
        .unwrap();
    store.close().await;
}

#[tokio::test]
async fn a_file_of_a_newer_server_is_left_as_it_is_and_tried_again() {
    let folder = folder();
    let path = folder.path();
    keep(path, [Write::PutBindings(bindings(1, "kept"))]).await;
    let options = SqliteConnectOptions::new().filename(path.join(FILE_NAME));
    let mut newer = options.connect().await.unwrap();
    let sql =
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (9999, 'of a later day', 1, x'00', 0)";
    newer.execute(sql).await.unwrap();
    let (store, _loading) = late(path).await;
    store.write_soon(Write::PutBindings(bindings(1, "over it")));
    assert!(matches!(
        store.health(),
        Health::Failing {
            kind: FailureKind::Other,
            ..
        }
    ));
    timeout(Duration::from_secs(30), store.close())
        .await
        .unwrap();
    let row: (String,) = sqlx::query_as("SELECT contacts FROM bindings")
        .fetch_one(&mut newer)
        .await
        .unwrap();
    assert_eq!(row.0, "kept");
    newer.close().await.unwrap();
}
