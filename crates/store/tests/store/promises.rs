//! What is promised to a person only once it is on disk.

use crate::on_both;
use crate::place::{LATE_MS, Place, bindings, folder, found_after_a_kill, start, wait};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};
use std::time::Duration;
use store::{FILE_NAME, Health, NotStored, QuickCloseRow, Write};

/// Far more than a disk takes.
const WITHIN: Duration = Duration::from_secs(20);

on_both!(a_promise_is_there_when_it_is_given,);

fn quick(id: u32, text: &str) -> Write {
    Write::PutQuickClose(QuickCloseRow {
        id,
        until_ms: LATE_MS,
        text: text.into(),
    })
}

async fn a_promise_is_there_when_it_is_given(place: Place) {
    let (store, _) = start(place.location()).await;
    let promised = store.promise(quick(1, "given"), quick(1, "taken back"), WITHIN);
    promised.await.unwrap();
    let kept = place.found_after(store).await;
    assert_eq!(kept.quick_closes[0].text, "given");
}

#[tokio::test]
async fn while_storage_is_away_nothing_is_promised_and_the_rest_goes_on() {
    let folder = folder();
    let (store, _) = start(folder.path()).await;
    let options = SqliteConnectOptions::new().filename(folder.path().join(FILE_NAME));
    let mut other = options.connect().await.unwrap();
    other.execute("BEGIN EXCLUSIVE").await.unwrap();
    // It is not known to be away yet, so it is tried, and taken back.
    let soon = Duration::from_millis(50);
    let promised = store.promise(quick(1, "given"), quick(1, "taken back"), soon);
    assert_eq!(promised.await, Err(NotStored::Slow));
    wait("it is known to fail", || store.health() != Health::Ok).await;
    let promised = store.promise(quick(2, "given"), quick(2, "taken back"), WITHIN);
    assert_eq!(promised.await, Err(NotStored::Away));
    let rest = store.write(Write::PutBindings(bindings(1, "after")));
    other.execute("ROLLBACK").await.unwrap();
    rest.stored().await.unwrap();
    let kept = found_after_a_kill(folder.path()).await;
    assert_eq!(kept.bindings, [bindings(1, "after")]);
    let texts: Vec<_> = kept
        .quick_closes
        .iter()
        .map(|row| (row.id, row.text.as_str()))
        .collect();
    assert_eq!(texts, [(1, "taken back")], "the second was never tried");
    wait("it is known to work", || store.health() == Health::Ok).await;
    let promised = store.promise(quick(3, "given"), quick(3, "taken back"), WITHIN);
    promised.await.unwrap();
    other.close().await.unwrap();
    store.close().await;
}
