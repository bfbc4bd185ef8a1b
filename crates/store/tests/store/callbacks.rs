//! Callback lists on both kinds of database.

use crate::on_both;
use crate::place::{Place, folder, found_after_a_kill, start, wait};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};
use std::path::Path;
use store::{
    AttemptRow, CallbackChange, CallbackFact, CallbackRow, CallbackStep, FILE_NAME, Keep,
    NotStored, Reader, StaffRow, Write,
};
use tempfile::TempDir;

on_both!(
    a_step_is_there_whole_when_it_is_acknowledged,
    an_entry_is_as_its_last_step_left_it_and_its_number_is_never_given_again,
    what_came_about_with_an_entry_is_told_until_it_is_forgotten_with_it,
    who_staffs_lists_is_kept,
);

/// A number as no other test and no page of a database has it.
fn number(id: u64) -> String {
    format!("+4670174{id:05}")
}

fn row(id: u64, version: u32, attempts: usize) -> CallbackRow {
    let attempt = |at: usize| AttemptRow {
        at_s: at as i64,
        agent: "demo/anna".into(),
        outcome: (at + 1 < attempts).then(|| "busy".to_owned()),
        text: (at == 0).then(|| format!("said of {}", number(id))),
    };
    CallbackRow {
        id,
        org: "demo".into(),
        list: "demo/support".into(),
        status: "not handled".into(),
        due_s: -5,
        arrived_s: 7,
        number: number(id),
        version,
        format: 1,
        entry: format!("{{\"number\": \"{}\"}}", number(id)),
        attempts: (0..attempts).map(attempt).collect(),
    }
}

fn put(row: CallbackRow) -> CallbackChange {
    CallbackChange::Put(Box::new(row))
}

fn fact(seq: u64, callback: Option<u64>) -> CallbackFact {
    CallbackFact {
        seq,
        at_ms: 1_000 + seq,
        callback,
        format: 1,
        fact: format!("\"fact {seq}\""),
    }
}

/// The step that is known by that number.
fn step(seq: u64, changes: Vec<CallbackChange>) -> CallbackStep {
    let about = changes.first().map(|it| match it {
        CallbackChange::Put(row) => row.id,
        CallbackChange::Erase(id) => *id,
    });
    CallbackStep {
        began_ms: 1,
        facts: vec![fact(seq, about)],
        changes,
    }
}

async fn a_step_is_there_whole_when_it_is_acknowledged(place: Place) {
    let (store, _) = start(place.location()).await;
    let handed_in: Vec<_> = (1..=3_000)
        .map(|id| store.change_callbacks(step(id, vec![put(row(id, 1, (id % 3) as usize))])))
        .collect();
    for one in handed_in {
        one.stored().await.unwrap();
    }
    let mut reader = Reader::open(place.location()).await.unwrap();
    let facts = reader.callback_facts(2_999).await.unwrap();
    assert_eq!(facts, [fact(2_999, Some(2_999))]);
    reader.close().await.unwrap();
    let kept = place.found_after(store).await.callbacks;
    let expected: Vec<_> = (1..=3_000)
        .map(|id| row(id, 1, (id % 3) as usize))
        .collect();
    assert_eq!(kept.entries, expected);
    assert_eq!(kept.last, 3_000);
}

async fn an_entry_is_as_its_last_step_left_it_and_its_number_is_never_given_again(place: Place) {
    let (store, _) = start(place.location()).await;
    let steps = [
        vec![put(row(1, 1, 0)), put(row(2, 1, 2))],
        vec![put(row(3, 1, 1))],
        // Its last attempt was none.
        vec![put(row(2, 2, 1))],
        vec![CallbackChange::Erase(3)],
        vec![put(row(1, 2, 1))],
    ];
    for (seq, changes) in (0..).zip(steps) {
        let stored = store.change_callbacks(step(seq, changes));
        stored.stored().await.unwrap();
    }
    let kept = place.found_after(store).await.callbacks;
    assert_eq!(kept.entries, [row(1, 2, 1), row(2, 2, 1)]);
    assert_eq!(kept.last, 3);
}

async fn what_came_about_with_an_entry_is_told_until_it_is_forgotten_with_it(place: Place) {
    let (store, _) = start(place.location()).await;
    store
        .change_callbacks(step(0, vec![put(row(1, 1, 0))]))
        .stored()
        .await
        .unwrap();
    store
        .change_callbacks(step(1, vec![put(row(2, 1, 0))]))
        .stored()
        .await
        .unwrap();
    let erased = store.change_callbacks(step(2, vec![CallbackChange::Erase(1)]));
    erased.stored().await.unwrap();
    let mut reader = Reader::open(place.location()).await.unwrap();
    let facts = reader.callback_facts(1).await.unwrap();
    assert_eq!(facts, [fact(0, Some(1)), fact(2, Some(1))]);
    let keep = Keep {
        since_ms: 1_002,
        records: 1_000,
    };
    store.keep_only(keep);
    let mut left = Vec::new();
    // In a step of the writer's own.
    for _ in 0..600 {
        left = reader.callback_facts(1).await.unwrap();
        if left.len() == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(left, [fact(2, Some(1))], "the other is too old");
    assert_eq!(reader.callback_facts(2).await.unwrap(), [fact(1, Some(2))]);
    reader.close().await.unwrap();
    store.close().await;
}

async fn who_staffs_lists_is_kept(place: Place) {
    let (store, _) = start(place.location()).await;
    let staff = |user: &str, lists: &str| StaffRow {
        user: user.parse().unwrap(),
        lists: lists.into(),
    };
    store.write_soon(Write::PutStaff(staff("demo/anna", "one")));
    store.write_soon(Write::PutStaff(staff("demo/anna", "two")));
    store.write_soon(Write::PutStaff(staff("demo/bosse", "one")));
    let last = store.write(Write::RemoveStaff("demo/bosse".parse().unwrap()));
    last.stored().await.unwrap();
    let kept = place.found_after(store).await;
    assert_eq!(kept.staff, [staff("demo/anna", "two")]);
}

fn contents(folder: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap();
    let files = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
    files.collect::<Vec<_>>().concat()
}

fn has(bytes: &[u8], text: &[u8]) -> bool {
    memchr::memmem::find(bytes, text).is_some()
}

/// Whether any of the files has that in it.
fn is_found(folder: &Path, text: &str) -> bool {
    has(&contents(folder), text.as_bytes())
}

#[tokio::test]
async fn a_number_that_was_erased_is_in_no_file_any_more() {
    let folder = folder();
    let (store, _) = start(folder.path()).await;
    // In no order, and changed, so that the pages they are in are split and moved about.
    let ids = (0..2_000u64).map(|it| 1 + (it * 787) % 2_000);
    for version in 1..=3 {
        let of_version = ids
            .clone()
            .map(|id| put(row(id, version, version as usize)));
        for (seq, change) in (0..).zip(of_version) {
            let seq = u64::from(version) * 10_000 + seq;
            let _ = store.change_callbacks(step(seq, vec![change]));
        }
        let last = store.change_callbacks(step(u64::from(version) * 10_000 + 9_999, Vec::new()));
        last.stored().await.unwrap();
    }
    let erased: Vec<u64> = ids.filter(|id| id % 3 == 0 || *id < 100).collect();
    let changes = erased.iter().map(|id| CallbackChange::Erase(*id)).collect();
    let stored = store.change_callbacks(step(50_000, changes));
    stored.stored().await.unwrap();
    wait("nothing of them is found", || {
        let files = contents(folder.path());
        erased.iter().all(|id| !has(&files, number(*id).as_bytes()))
    })
    .await;
    let kept = found_after_a_kill(folder.path()).await.callbacks;
    let left = 2_000 - erased.len();
    assert_eq!(kept.entries.len(), left);
    assert!(is_found(folder.path(), &number(1_000)), "others are there");
    store.close().await;
}

#[tokio::test]
async fn what_was_erased_before_a_kill_is_wiped_by_the_next_process() {
    let folder = folder();
    let (store, _) = start(folder.path()).await;
    let stored = store.change_callbacks(step(0, vec![put(row(1, 1, 1))]));
    stored.stored().await.unwrap();
    // Whoever reads keeps what is written ahead from being emptied.
    let options = SqliteConnectOptions::new().filename(folder.path().join(FILE_NAME));
    let mut reader = options.connect().await.unwrap();
    reader
        .execute("BEGIN; SELECT * FROM callbacks")
        .await
        .unwrap();
    let erased = store.change_callbacks(step(1, vec![CallbackChange::Erase(1)]));
    erased.stored().await.unwrap();
    assert!(is_found(folder.path(), &number(1)), "nothing to be wiped");
    let killed = copy_of(folder.path());
    reader.close().await.unwrap();
    wait("the process wipes it", || {
        !is_found(folder.path(), &number(1))
    })
    .await;
    store.close().await;
    let (next, kept) = start(killed.path()).await;
    assert_eq!(kept.callbacks.entries, []);
    wait("the next one does", || !is_found(killed.path(), &number(1))).await;
    next.close().await;
}

fn copy_of(from: &Path) -> TempDir {
    let to = folder();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.path().join(file.file_name())).unwrap();
    }
    to
}

#[tokio::test]
async fn a_step_that_can_not_be_stored_is_refused_and_those_beside_it_are_not() {
    let place = Place::postgres().await;
    let (store, _) = start(place.location()).await;
    // A text that PostgreSQL takes in no column.
    let broken = CallbackRow {
        entry: "\0".into(),
        ..row(2, 1, 0)
    };
    let handed_in = [row(1, 1, 0), broken, row(3, 1, 0)];
    let handed_in: Vec<_> = (0..)
        .zip(handed_in)
        .map(|(seq, row)| store.change_callbacks(step(seq, vec![put(row)])))
        .collect();
    let mut results = Vec::new();
    for one in handed_in {
        results.push(one.stored().await);
    }
    assert_eq!(results, [Ok(()), Err(NotStored::Row), Ok(())]);
    let kept = place.found_after(store).await.callbacks;
    assert_eq!(kept.entries, [row(1, 1, 0), row(3, 1, 0)]);
}
