//! What is kept: callbacks that are there already when a server starts, for tests of what becomes of them (how callers get there
//! is others' to test), and whether anything is to be found in a file.

use crate::server::{Server, Setup};
use base::{BoundedVec, CallbackId};
use callback::{Draft, ENTRY_VERSION, Entry, Given, Stage, Standing, Told, Utc, Wish};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Longest end of a server in which nothing happens.
const END_LIMIT: Duration = Duration::from_secs(20);

/// Writes callbacks into the store of a server that does not run.
const PUT: &str = "
import json, sqlite3, sys
store = sqlite3.connect(sys.argv[1])
for row in json.load(sys.stdin):
    store.execute('INSERT INTO callbacks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)', row)
store.execute(\"INSERT INTO highest VALUES ('callbacks', 1000)\")
store.commit()
";

/// Says something to the store of a server that does not run.
const SAY: &str = "
import sqlite3, sys
store = sqlite3.connect(sys.argv[1])
store.executescript(sys.argv[2])
";

/// One of support's that may be called; its telephone number ends in its own.
///
/// # Panics
/// For one over 5,499, whose telephone number would be too long.
pub fn entry(number: u64) -> Entry {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let arrived = Utc::from_seconds(now.as_secs() as i64 - 600);
    Entry {
        id: CallbackId(number),
        asked: Draft {
            queue: "demo/support".parse().unwrap(),
            number: format!("+4670123{:0>4}", 4_500 + number).parse().unwrap(),
            given: Given::Shown,
            asked_by: None,
            input: None,
            arrived,
            wish: Wish::AsSoonAsPossible,
        },
        due: arrived,
        told: Told::Nothing,
        weighs_seconds: 300,
        standing: Standing::NotHandled,
        stage: Stage::Waiting,
        attempts: BoundedVec::new(),
        latest: None,
        version: 1,
    }
}

fn put(store: &Path, entries: &[Entry]) {
    let row = |entry: &Entry| {
        json!([
            entry.id.0,
            "demo",
            entry.asked.queue.as_str(),
            "not handled",
            entry.due.as_seconds(),
            entry.asked.arrived.as_seconds(),
            entry.asked.number.as_str(),
            entry.version,
            ENTRY_VERSION,
            serde_json::to_string(entry).unwrap(),
        ])
    };
    let rows: Vec<Value> = entries.iter().map(row).collect();
    let mut python = Command::new("python3")
        .args(["-c", PUT, store.to_str().unwrap()])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = python.stdin.take().unwrap();
    input
        .write_all(Value::from(rows).to_string().as_bytes())
        .unwrap();
    drop(input);
    assert!(python.wait().unwrap().success());
}

/// Starts a server with these callbacks in its store.
///
/// # Panics
/// When it can't.
pub fn start_with(setup: Setup, entries: impl Iterator<Item = Entry>) -> Server {
    let mut server = setup.start();
    server.terminate();
    server.wait_end(END_LIMIT);
    let entries: Vec<Entry> = entries.collect();
    put(&server.folder().join("var/kolapp.db"), &entries);
    server.start_again();
    server
}

/// Ends a server, has this said to its store in SQL, and starts it again.
///
/// # Panics
/// When it can't.
pub fn restart_after(server: &mut Server, sql: &str) {
    server.terminate();
    server.wait_end(END_LIMIT);
    let store = server.folder().join("var/kolapp.db");
    let said = Command::new("python3")
        .args(["-c", SAY, store.to_str().unwrap(), sql])
        .status();
    assert!(said.unwrap().success(), "{sql}");
    server.start_again();
}

/// Whether any file below that folder has it.
///
/// # Panics
/// When the folder can't be read.
pub fn is_found(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return is_found(&path, text);
        }
        // A socket, or what has just been removed.
        let bytes = std::fs::read(&path).unwrap_or_default();
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    })
}
