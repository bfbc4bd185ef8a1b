//! The journal on both kinds of database: added in order, read in parts, forgotten from its beginning.

use crate::on_both;
use crate::place::{Place, folder};
use std::time::Duration;
use store::{FILE_NAME, Journal, Keep, Location, Place as At, Reader, Record, Run, RunRow, Store};

on_both!(
    what_was_added_is_read_in_its_order_over_all_processes_and_while_one_writes,
    a_run_ends_where_the_clock_was_set_and_no_record_gets_into_the_wrong_one,
    what_is_too_old_is_forgotten_behind_a_run_whose_clock_was_ahead,
    a_moment_is_found_without_reading_what_was_before_it,
    it_is_cut_down_from_its_beginning_by_age_and_by_number,
);

const RUN: Run = Run {
    zero_ms: 1_000,
    version: 3,
};

pub(crate) async fn start(location: impl Into<Location>) -> (Store, Journal) {
    let (store, loading) = Store::start(location);
    loading.kept().await;
    let journal = store.journal(RUN);
    (store, journal)
}

/// Adds records of these moments, and waits until they are on disk.
pub(crate) async fn add(journal: &Journal, moments_ms: impl IntoIterator<Item = u64>) {
    let mut last = None;
    for at_ms in moments_ms {
        last = Some(journal.append(at_ms, at_ms.to_string().into_bytes()));
    }
    last.unwrap().stored().await.unwrap();
}

/// All of it, in parts of 100.
pub(crate) async fn all(location: impl Into<Location>) -> Vec<Record> {
    let mut reader = Reader::open(location).await.unwrap();
    let mut all = Vec::new();
    for RunRow { run, .. } in reader.runs().await.unwrap() {
        let mut from = At { run, seq: 0 };
        loop {
            let part = reader.records(from, 100).await.unwrap();
            let Some(last) = part.last() else {
                break;
            };
            from = last.place.next();
            all.extend(part);
        }
    }
    reader.close().await.unwrap();
    all
}

pub(crate) fn moments(records: &[Record]) -> Vec<u64> {
    records.iter().map(|record| record.at_ms).collect()
}

async fn what_was_added_is_read_in_its_order_over_all_processes_and_while_one_writes(place: Place) {
    let (store, journal) = start(place.location()).await;
    add(&journal, 0..2_500).await;
    store.close().await;
    let (store, journal) = start(place.location()).await;
    add(&journal, 2_500..2_510).await;
    let records = all(place.location()).await;
    assert_eq!(moments(&records), Vec::from_iter(0..2_510));
    assert_eq!(records[2_499].bytes, b"2499");
    assert_eq!(records[2_499].place, At { run: 1, seq: 2_499 });
    assert_eq!(records[2_500].place, At { run: 2, seq: 0 });
    let runs = Reader::open(place.location()).await.unwrap().runs().await;
    let row = |run, moments_ms| RunRow {
        run,
        zero_ms: RUN.zero_ms,
        version: RUN.version,
        moments_ms: Some(moments_ms),
    };
    assert_eq!(runs.unwrap(), [row(1, (0, 2_499)), row(2, (2_500, 2_509))]);
    store.close().await;
}

/// A process whose clock on the wall is set writes on with the same numbers and another beginning.
async fn a_run_ends_where_the_clock_was_set_and_no_record_gets_into_the_wrong_one(place: Place) {
    let (store, journal) = start(place.location()).await;
    let set = store.journal(Run {
        zero_ms: 9_000,
        ..RUN
    });
    journal.append_soon(1, vec![1]);
    journal.append_soon(2, vec![2]);
    add(&set, [9_003]).await;
    add(&journal, [4]).await;
    let records = all(place.location()).await;
    let places: Vec<_> = records
        .iter()
        .map(|it| (it.place.run, it.place.seq))
        .collect();
    assert_eq!(places, [(1, 0), (1, 1), (2, 2), (3, 3)]);
    let mut reader = Reader::open(place.location()).await.unwrap();
    let zeros: Vec<_> = reader
        .runs()
        .await
        .unwrap()
        .iter()
        .map(|it| it.zero_ms)
        .collect();
    assert_eq!(zeros, [RUN.zero_ms, 9_000, RUN.zero_ms]);
    reader.close().await.unwrap();
    store.close().await;
}

async fn a_moment_is_found_without_reading_what_was_before_it(place: Place) {
    for moments_ms in [(10..500).step_by(10), (600..900).step_by(10)] {
        let (store, journal) = start(place.location()).await;
        add(&journal, moments_ms).await;
        store.close().await;
    }
    let mut reader = Reader::open(place.location()).await.unwrap();
    for (run, moments) in [(1, 10..500), (2, 600..900)] {
        for at_ms in [0, 10, 11, 250, 255, 490, 491, 600, 601, 890, 891] {
            let from = reader.since(run, at_ms).await.unwrap();
            let found = reader.records(from, 1).await.unwrap();
            let wanted = moments.clone().step_by(10).find(|moment| *moment >= at_ms);
            let found = found.first().map(|it| it.at_ms);
            assert_eq!(found, wanted, "since {at_ms} in {run}");
        }
    }
    reader.close().await.unwrap();
}

async fn what_is_too_old_is_forgotten_behind_a_run_whose_clock_was_ahead(place: Place) {
    let (store, ahead) = start(place.location()).await;
    let right = store.journal(Run { zero_ms: 0, ..RUN });
    add(&ahead, [1_000_000]).await;
    add(&right, 0..3_000).await;
    store.keep_only(Keep {
        since_ms: 2_500,
        records: u64::MAX,
    });
    let wanted = || [1_000_000].into_iter().chain(2_500..3_000);
    loop {
        let left = moments(&all(place.location()).await);
        if left.len() == wanted().count() {
            assert_eq!(left, Vec::from_iter(wanted()));
            break;
        }
        assert!(left.len() > wanted().count(), "{} are left", left.len());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    store.close().await;
}

async fn it_is_cut_down_from_its_beginning_by_age_and_by_number(place: Place) {
    let (store, journal) = start(place.location()).await;
    add(&journal, 0..3_000).await;
    store.close().await;
    let (store, journal) = start(place.location()).await;
    add(&journal, 3_000..6_000).await;
    let cut_down = async |keep: Keep, count: usize| {
        store.keep_only(keep);
        loop {
            let records = all(place.location()).await;
            if records.len() == count {
                return moments(&records);
            }
            assert!(records.len() > count, "{} are left", records.len());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let by_age = Keep {
        since_ms: 2_500,
        records: u64::MAX,
    };
    assert_eq!(cut_down(by_age, 3_500).await, Vec::from_iter(2_500..6_000));
    let by_number = Keep {
        since_ms: 0,
        records: 1_200,
    };
    assert_eq!(
        cut_down(by_number, 1_200).await,
        Vec::from_iter(4_800..6_000)
    );
    add(&journal, [6_000]).await;
    let mut reader = Reader::open(place.location()).await.unwrap();
    let runs = reader.runs().await.unwrap();
    assert_eq!(runs.len(), 1, "the first has nothing left");
    reader.close().await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn in_a_new_file_the_process_begins_its_journal_again_where_it_was() {
    let folder = folder();
    let path = folder.path().join("var");
    let (store, journal) = start(&path).await;
    add(&journal, [1, 2]).await;
    std::fs::remove_dir_all(&path).unwrap();
    add(&journal, [3]).await;
    let records = all(&path).await;
    assert_eq!(moments(&records), [3]);
    assert_eq!(records[0].place, At { run: 1, seq: 2 });
    store.close().await;
}

#[tokio::test]
async fn a_reader_makes_no_file() {
    let folder = folder();
    assert!(Reader::open(folder.path()).await.is_err());
    assert!(!folder.path().join(FILE_NAME).exists());
}
