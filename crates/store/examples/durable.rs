//! What the store makes of a disk, beside what the disk does by hand in the same run: durable entries a second, and how long
//! somebody waits for a promise. `cargo run --release -p store --example durable [FOLDER]`; with KOLAPP_STORE_URL of a
//! database.

#![allow(clippy::unwrap_used, reason = "a measurement")]

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Executor};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use store::{
    BindingsRow, CallbackChange, CallbackFact, CallbackRow, CallbackStep, Location, QuickCloseRow,
    Run, Store, Write,
};

/// Entries of each round; each has about as many bytes as a fact.
const ENTRIES: u32 = 20_000;
const BYTES: usize = 150;

/// Commits of one row each, which a disk does few of.
const COMMITS: u32 = 200;

/// Promises a second, and for how long: more than callers ever ask for.
const PROMISES_PER_S: u32 = 200;
const PROMISES: u32 = 2_000;

#[tokio::main]
async fn main() {
    let folder = std::env::args()
        .nth(1)
        .map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = folder.join(format!("durable-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let by_one = by_hand(&folder, "one.db", COMMITS, 1).await;
    let by_many = by_hand(&folder, "many.db", ENTRIES, 256).await;
    println!("by hand, 1 row a commit:      {by_one:9.0} entries/s");
    println!("by hand, 256 rows a commit:   {by_many:9.0} entries/s");
    let location = match std::env::var("KOLAPP_STORE_URL") {
        Ok(url) => Location::postgres(&url).unwrap(),
        Err(_) => folder.as_path().into(),
    };
    let (store, loading) = Store::start(location);
    loading.kept().await;
    let journal = added(&store).await;
    let rows = written(&store).await;
    let steps = changed(&store).await;
    let rates = [("journal", journal), ("rows", rows), ("callbacks", steps)];
    for (what, rate) in rates {
        let share = rate / by_many * 100.0;
        println!("store, {what:22} {rate:9.0} entries/s: {share:.0} % of 256 by hand");
    }
    show("promise", promised(&store).await);
    show("callback accepted", accepted(&store).await);
    store.close().await;
    std::fs::remove_dir_all(&folder).unwrap();
}

fn show(what: &str, mut waits: Vec<Duration>) {
    waits.sort_unstable();
    let at = |share: usize| waits[waits.len() * share / 100 - 1].as_secs_f64() * 1_000.0;
    println!(
        "{what} at {PROMISES_PER_S}/s: p50 {:.1} ms, p99 {:.1} ms",
        at(50),
        at(99)
    );
}

async fn by_hand(folder: &Path, name: &str, entries: u32, of_a_commit: u32) -> f64 {
    let options = SqliteConnectOptions::new()
        .filename(folder.join(name))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .disable_statement_logging();
    let mut connection: SqliteConnection = options.connect().await.unwrap();
    let table =
        "CREATE TABLE journal (run INTEGER NOT NULL, seq INTEGER NOT NULL, at_ms INTEGER NOT NULL,
        record BLOB NOT NULL, PRIMARY KEY (run, seq)) WITHOUT ROWID";
    connection.execute(table).await.unwrap();
    let began = Instant::now();
    let mut seq = 0;
    while seq < entries {
        let mut transaction = connection.begin().await.unwrap();
        for _ in 0..of_a_commit {
            let insert = "INSERT INTO journal (run, seq, at_ms, record) VALUES (1, ?, ?, ?)";
            let query = sqlx::query(insert).bind(seq).bind(i64::from(seq));
            query
                .bind(vec![7; BYTES])
                .execute(&mut *transaction)
                .await
                .unwrap();
            seq += 1;
        }
        transaction.commit().await.unwrap();
    }
    let rate = f64::from(seq) / began.elapsed().as_secs_f64();
    connection.close().await.unwrap();
    rate
}

async fn added(store: &Store) -> f64 {
    let run = Run {
        zero_ms: 0,
        version: 1,
    };
    let journal = store.journal(run);
    let began = Instant::now();
    for at_ms in 1..ENTRIES {
        journal.append_soon(at_ms.into(), vec![7; BYTES]);
    }
    let last = journal.append(ENTRIES.into(), vec![7; BYTES]);
    last.stored().await.unwrap();
    f64::from(ENTRIES) / began.elapsed().as_secs_f64()
}

async fn written(store: &Store) -> f64 {
    let began = Instant::now();
    let rows = (0..ENTRIES).map(|number| {
        store.write(Write::PutBindings(BindingsRow {
            user: format!("demo/user-{number}").parse().unwrap(),
            ends_at_ms: u64::MAX,
            contacts: "x".repeat(BYTES),
        }))
    });
    for row in rows.collect::<Vec<_>>() {
        row.stored().await.unwrap();
    }
    f64::from(ENTRIES) / began.elapsed().as_secs_f64()
}

async fn promised(store: &Store) -> Vec<Duration> {
    let mut every = tokio::time::interval(Duration::from_secs(1) / PROMISES_PER_S);
    let mut under_way = Vec::new();
    for id in 0..PROMISES {
        every.tick().await;
        let store = store.clone();
        under_way.push(tokio::spawn(async move {
            let row = || {
                Write::PutQuickClose(QuickCloseRow {
                    id,
                    until_ms: 0,
                    text: "x".repeat(BYTES),
                })
            };
            let began = Instant::now();
            let promised = store.promise(row(), row(), Duration::from_secs(60));
            promised.await.unwrap();
            began.elapsed()
        }));
    }
    let mut waits = Vec::new();
    for one in under_way {
        waits.push(one.await.unwrap());
    }
    waits
}

/// Entries of callback lists, each in a step of its own with what came about.
async fn changed(store: &Store) -> f64 {
    let began = Instant::now();
    let steps = (1..=u64::from(ENTRIES)).map(|id| store.change_callbacks(step(id)));
    for step in steps.collect::<Vec<_>>() {
        step.stored().await.unwrap();
    }
    f64::from(ENTRIES) / began.elapsed().as_secs_f64()
}

/// Callers who accept, each of whom is told when his entry is on disk.
async fn accepted(store: &Store) -> Vec<Duration> {
    let mut every = tokio::time::interval(Duration::from_secs(1) / PROMISES_PER_S);
    let mut under_way = Vec::new();
    for id in 1..=PROMISES {
        every.tick().await;
        let began = Instant::now();
        let stored = store.change_callbacks(step(u64::from(ENTRIES + id)));
        under_way.push(tokio::spawn(async move {
            stored.stored().await.unwrap();
            began.elapsed()
        }));
    }
    let mut waits = Vec::new();
    for one in under_way {
        waits.push(one.await.unwrap());
    }
    waits
}

fn step(id: u64) -> CallbackStep {
    let row = CallbackRow {
        id,
        org: "demo".into(),
        list: "demo/support".into(),
        status: "not-handled".into(),
        due_s: 0,
        arrived_s: 0,
        number: format!("+4670{id:07}"),
        version: 1,
        format: 1,
        entry: "x".repeat(3 * BYTES),
        attempts: Vec::new(),
    };
    let fact = CallbackFact {
        seq: id,
        at_ms: id,
        callback: Some(id),
        format: 1,
        fact: "x".repeat(BYTES),
    };
    CallbackStep {
        began_ms: 1,
        facts: vec![fact],
        changes: vec![CallbackChange::Put(Box::new(row))],
    }
}
