//! What a database that somebody else runs may do: stop, crash, hang, refuse, be taken by another, be begun anew.

use crate::cluster::Cluster;
use crate::journal;
use crate::place::{LATE_MS, LIMIT, ban, bindings, start, wait};
use std::time::Duration;
use store::{CallRow, FailureKind, Health, Kept, Location, NotStored, Store, Write};
use tokio::time::timeout;

/// A statement that hangs is given up after twelve seconds; whoever closes waits for less than that.
const BELOW_A_STATEMENTS_OWN: Duration = Duration::from_secs(8);

fn at(cluster: &Cluster) -> Location {
    Location::postgres(&cluster.url()).unwrap()
}

fn fails_as(store: &Store, wanted: FailureKind) -> bool {
    matches!(store.health(), Health::Failing { kind, .. } if kind == wanted)
}

#[tokio::test]
async fn what_happens_while_the_database_is_down_is_written_in_order_when_it_is_back() {
    let mut cluster = Cluster::start();
    let (store, journal) = journal::start(at(&cluster)).await;
    journal::add(&journal, 0..50).await;
    cluster.crash();
    for moment in 50..3_000 {
        journal.append_soon(moment, moment.to_string().into_bytes());
        store.write_soon(Write::PutBindings(bindings(1, &moment.to_string())));
    }
    wait("it is known to be away", || {
        fails_as(&store, FailureKind::Away)
    })
    .await;
    assert_eq!(store.pending(), 1, "one row waits once");
    let last = store.write(Write::PutBindings(bindings(1, "last")));
    cluster.resume();
    last.stored().await.unwrap();
    journal::add(&journal, [3_000]).await;
    wait("it is known to work", || store.health() == Health::Ok).await;
    let records = journal::all(at(&cluster)).await;
    assert_eq!(journal::moments(&records), Vec::from_iter(0..=3_000));
    store.close().await;
    let (again, kept) = start(at(&cluster)).await;
    assert_eq!(kept.bindings, [bindings(1, "last")]);
    again.close().await;
}

#[tokio::test]
async fn a_statement_that_hangs_holds_up_no_shutdown_and_is_tried_again() {
    let cluster = Cluster::start();
    let (store, _) = start(at(&cluster)).await;
    let other = cluster.session("BEGIN; LOCK TABLE bindings IN ACCESS EXCLUSIVE MODE");
    let waiting = store.write(Write::PutBindings(bindings(1, "late")));
    wait("it is known to be slow", || {
        fails_as(&store, FailureKind::Slow)
    })
    .await;
    assert_eq!(store.pending(), 1);
    other.end();
    waiting.stored().await.unwrap();
    let other = cluster.session("BEGIN; LOCK TABLE bindings IN ACCESS EXCLUSIVE MODE");
    store.write_soon(Write::PutBindings(bindings(2, "never")));
    timeout(BELOW_A_STATEMENTS_OWN, store.close())
        .await
        .unwrap();
    other.end();
}

#[tokio::test]
async fn a_number_that_is_erased_has_nobody_wait_until_the_table_of_calls_is_cleaned() {
    let cluster = Cluster::start();
    let (store, _) = start(at(&cluster)).await;
    let call = CallRow {
        id: "0f-c0-0-1".into(),
        org: "demo".into(),
        direction: "inward".into(),
        caller: Some("+46701234567".into()),
        cause: Some("caller-hung-up".into()),
        ..CallRow::default()
    };
    store.record_call(call);
    wait("it is taken", || store.calls_pending() == 0).await;
    // As autovacuum does: whatever cleans the table waits, and nobody else.
    let other = cluster.session("BEGIN; LOCK TABLE call_records IN SHARE UPDATE EXCLUSIVE MODE");
    let erased = store.erase_calls("demo".into(), "0701234567".into());
    assert_eq!(erased.await, Ok(1));
    let promised = store.write(Write::PutBan(ban("192.0.2.1", LATE_MS)));
    promised.stored().await.unwrap();
    let waits = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted";
    assert_eq!(cluster.sql("kolapp", waits), "0");
    assert_eq!(cluster.sql("kolapp", "SELECT what FROM to_be_wiped"), "");
    other.end();
    store.close().await;
}

#[tokio::test]
async fn a_row_that_the_database_refuses_takes_no_other_with_it() {
    let cluster = Cluster::start();
    let (store, _) = start(at(&cluster)).await;
    // A text of PostgreSQL's can't hold this character.
    let written =
        ["one", "b\0d", "two"].map(|source| store.write(Write::PutBan(ban(source, LATE_MS))));
    let mut results = Vec::new();
    for one in written {
        results.push(one.stored().await);
    }
    assert_eq!(results, [Ok(()), Err(NotStored::Row), Ok(())]);
    assert_eq!(store.health(), Health::Ok);
    store.close().await;
}

#[tokio::test]
async fn one_server_at_a_time_writes_to_a_database_and_the_next_takes_over() {
    let cluster = Cluster::start();
    let (first, _) = start(at(&cluster)).await;
    let written = first.write(Write::PutBindings(bindings(1, "of the first")));
    written.stored().await.unwrap();
    let (second, loading) = Store::start(at(&cluster));
    wait("it is kept out", || fails_as(&second, FailureKind::Locked)).await;
    first.close().await;
    let kept = loading.kept().await;
    assert_eq!(kept.bindings, [bindings(1, "of the first")]);
    second.close().await;
}

#[tokio::test]
async fn whoever_watches_writes_again_into_a_database_that_was_begun_anew() {
    let cluster = Cluster::start();
    let (store, _) = start(at(&cluster)).await;
    let mut renewed = store.renewed();
    let before = store.write(Write::PutBindings(bindings(1, "before")));
    before.stored().await.unwrap();
    assert!(!renewed.has_changed().unwrap(), "the first is no new one");
    cluster.sql("postgres", "DROP DATABASE kolapp WITH (FORCE)");
    cluster.sql("postgres", "CREATE DATABASE kolapp");
    let after = store.write(Write::PutBindings(bindings(2, "after")));
    after.stored().await.unwrap();
    timeout(LIMIT, renewed.changed()).await.unwrap().unwrap();
    store.close().await;
    let (again, kept) = start(at(&cluster)).await;
    assert_eq!(kept.bindings, [bindings(2, "after")]);
    again.close().await;
}

#[tokio::test]
async fn whoever_watches_writes_again_into_what_a_standby_has_taken_over() {
    let mut cluster = Cluster::start();
    let (store, journal) = journal::start(at(&cluster)).await;
    let mut renewed = store.renewed();
    journal::add(&journal, [1]).await;
    cluster.take_over();
    // What the standby lacks of it nobody knows.
    let after = store.write(Write::PutBindings(bindings(1, "after")));
    after.stored().await.unwrap();
    timeout(LIMIT, renewed.changed()).await.unwrap().unwrap();
    journal::add(&journal, [2]).await;
    let records = journal::all(at(&cluster)).await;
    let places: Vec<_> = records
        .iter()
        .map(|it| (it.place.run, it.place.seq))
        .collect();
    assert!(matches!(places[..], [(1, 0), (2.., 1)]), "{places:?}");
    store.close().await;
}

#[tokio::test]
async fn a_database_that_is_away_keeps_nobody_from_starting_and_is_used_once_it_is_there() {
    let mut cluster = Cluster::start();
    let (store, _) = start(at(&cluster)).await;
    let written = store.write(Write::PutBindings(bindings(1, "kept")));
    written.stored().await.unwrap();
    store.close().await;
    cluster.crash();
    let (store, kept) = start(at(&cluster)).await;
    assert_eq!(kept, Kept::default());
    assert!(fails_as(&store, FailureKind::Away));
    let waiting = store.write(Write::PutBindings(bindings(2, "late")));
    cluster.resume();
    waiting.stored().await.unwrap();
    store.close().await;
    let (store, mut kept) = start(at(&cluster)).await;
    kept.bindings
        .sort_by(|one, other| one.user.cmp(&other.user));
    assert_eq!(kept.bindings, [bindings(1, "kept"), bindings(2, "late")]);
    store.close().await;
}

#[tokio::test]
async fn a_reader_changes_nothing_and_needs_no_turn() {
    let cluster = Cluster::start();
    let (store, journal) = journal::start(at(&cluster)).await;
    journal::add(&journal, [1]).await;
    let mut reader = store::Reader::open(at(&cluster)).await.unwrap();
    assert_eq!(reader.runs().await.unwrap().len(), 1);
    timeout(Duration::from_secs(60), store.close())
        .await
        .unwrap();
    reader.close().await.unwrap();
}
