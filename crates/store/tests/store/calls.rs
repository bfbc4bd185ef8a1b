//! Records of calls on both kinds of database.

use crate::on_both;
use crate::place::{Place, folder, start, wait, what_was_taken_is_written};
use std::path::Path;
use std::time::Duration;
use store::{
    CUT_OFF, CallHeading, CallOrder, CallPage, CallQuery, CallRow, FILE_NAME, Location, Reader,
    Store,
};

on_both!(
    a_call_is_recorded_once_and_one_whose_process_was_lost_is_cut_off,
    calls_are_found_by_time_number_queue_and_person,
    calls_are_sorted_by_each_heading_and_told_by_pages,
    a_number_is_erased_from_all_records_however_it_is_written,
    a_number_is_erased_from_as_many_records_as_have_it,
    what_is_too_old_is_forgotten_and_the_rest_is_kept,
);

/// A number as no other test and no page of a database has it.
fn number(id: usize) -> String {
    format!("+4670175{id:05}")
}

fn begun(id: usize) -> CallRow {
    CallRow {
        id: format!("0f-c0-0-{id}"),
        org: "demo".into(),
        direction: "inward".into(),
        caller: Some(number(id)),
        dialled: Some("+46850001000".into()),
        began_ms: 1_000 + id as u64,
        ..CallRow::default()
    }
}

fn over(id: usize) -> CallRow {
    let place = |word: &str, name: &str| (word.to_owned(), Some(name.to_owned()));
    CallRow {
        queue: Some("demo/support".into()),
        agent: Some("demo/anna".into()),
        way: vec![
            place("queue", "demo/support"),
            place("talked", "demo/anna"),
            ("message".into(), None),
        ],
        answered_ms: Some(1_100 + id as u64),
        joined_ms: Some(1_500 + id as u64),
        ended_ms: Some(2_500 + id as u64),
        talked_ms: 1_000,
        cause: Some("caller-hung-up".into()),
        ..begun(id)
    }
}

async fn page(location: Location, query: &CallQuery) -> CallPage {
    let mut reader = Reader::open(location).await.unwrap();
    let page = reader.calls(query).await.unwrap();
    reader.close().await.unwrap();
    page
}

/// All that are kept, the oldest first.
fn all() -> CallQuery {
    CallQuery {
        order: CallOrder::Ascending,
        most: 5_000,
        ..CallQuery::default()
    }
}

async fn written(store: &Store) {
    wait("all is written", || store.calls_pending() == 0).await;
    what_was_taken_is_written(store).await;
}

async fn a_call_is_recorded_once_and_one_whose_process_was_lost_is_cut_off(place: Place) {
    let (store, _) = start(place.location()).await;
    for id in 0..1_500 {
        store.record_call(begun(id));
    }
    written(&store).await;
    for id in 0..1_400 {
        store.record_call(over(id));
        // As often as it may be said.
        store.record_call(over(id));
    }
    written(&store).await;
    let kept = page(place.location(), &all()).await;
    let expected = (0..1_500).map(|id| if id < 1_400 { over(id) } else { begun(id) });
    assert_eq!((kept.total, kept.rows), (1_500, expected.collect()));
    store.close().await;
    for _ in 0..2 {
        let (next, _) = start(place.location()).await;
        let kept = page(place.location(), &all()).await;
        assert_eq!(kept.total, 1_500);
        assert_eq!(kept.rows[1_399], over(1_399));
        let cut_off = CallRow {
            cause: Some(CUT_OFF.into()),
            ..begun(1_400)
        };
        assert_eq!(kept.rows[1_400], cut_off, "nobody knows when it ended");
        next.close().await;
    }
}

async fn calls_are_found_by_time_number_queue_and_person(place: Place) {
    let (store, _) = start(place.location()).await;
    for id in 0..20 {
        store.record_call(over(id));
    }
    store.record_call(CallRow {
        org: "other".into(),
        caller_user: Some("other/eva".into()),
        caller: Some("101".into()),
        outside: Some(number(3)),
        ..begun(20)
    });
    store.record_call(CallRow {
        caller_user: Some("demo/an_a".into()),
        ..begun(21)
    });
    written(&store).await;
    let found = async |query: CallQuery| -> Vec<u64> {
        let page = page(place.location(), &query).await;
        page.rows.iter().map(|row| row.began_ms - 1_000).collect()
    };
    let some = |text: &str| Some(text.to_owned());
    let between = CallQuery {
        from_ms: 1_002,
        until_ms: 1_005,
        ..all()
    };
    assert_eq!(found(between).await, [2, 3, 4]);
    for way in [
        number(3),
        "070-175 000 03".into(),
        format!("00{}", &number(3)[1..]),
    ] {
        let query = CallQuery {
            number: Some(way),
            ..all()
        };
        assert_eq!(found(query).await, [3, 20]);
    }
    let extension = CallQuery {
        number: some("101"),
        ..all()
    };
    assert_eq!(found(extension).await, [20]);
    let of_queue = |queue: &str| CallQuery {
        queue: some(queue),
        ..all()
    };
    assert_eq!(found(of_queue("demo/support")).await.len(), 20);
    assert_eq!(found(of_queue("demo/suppor_")).await, []);
    let user = |user: &str| CallQuery {
        user: some(user),
        ..all()
    };
    assert_eq!(found(user("demo/anna")).await.len(), 20);
    assert_eq!(found(user("demo/an_a")).await, [21], "no pattern");
    let his_own = CallQuery {
        whose: some("other/eva"),
        ..user("demo/anna")
    };
    assert_eq!(found(his_own).await, []);
    let of_other = CallQuery {
        org: some("other"),
        ..all()
    };
    assert_eq!(found(of_other).await, [20]);
    let mut reader = Reader::open(place.location()).await.unwrap();
    assert_eq!(reader.call("0f-c0-0-7").await.unwrap(), Some(over(7)));
    assert_eq!(reader.call("0f-c0-0-99").await.unwrap(), None);
    reader.close().await.unwrap();
    store.close().await;
}

async fn calls_are_sorted_by_each_heading_and_told_by_pages(place: Place) {
    let (store, _) = start(place.location()).await;
    let differs = |id: usize| CallRow {
        direction: format!("d{}", (id * 3) % 7),
        caller: (id != 2).then(|| format!("c{}", (id * 5) % 7)),
        dialled: Some(format!("n{}", (id * 2) % 7)),
        queue: Some(format!("q{}", (id * 4) % 7)),
        agent: Some(format!("a{}", (id * 6) % 7)),
        cause: Some(format!("e{}", (id * 3 + 1) % 7)),
        talked_ms: ((id * 2 + 1) % 7) as u64,
        joined_ms: (id != 4).then_some(1_000 + id as u64 + ((id * 4 + 1) % 7) as u64),
        ..over(id)
    };
    let rows: Vec<CallRow> = (0..7).map(differs).collect();
    for row in &rows {
        store.record_call(row.clone());
    }
    written(&store).await;
    type Key = fn(&CallRow) -> String;
    let headings: [(CallHeading, Key); 9] = [
        (CallHeading::Began, |row| format!("{:020}", row.began_ms)),
        (CallHeading::Waited, |row| {
            let until = row.joined_ms.or(row.ended_ms).unwrap();
            format!("{:020}", until - row.began_ms)
        }),
        (CallHeading::Talked, |row| format!("{:020}", row.talked_ms)),
        (CallHeading::Caller, |row| {
            row.caller.clone().unwrap_or_default()
        }),
        (CallHeading::Dialled, |row| row.dialled.clone().unwrap()),
        (CallHeading::Queue, |row| row.queue.clone().unwrap()),
        (CallHeading::Agent, |row| row.agent.clone().unwrap()),
        (CallHeading::Direction, |row| row.direction.clone()),
        (CallHeading::Cause, |row| row.cause.clone().unwrap()),
    ];
    for (heading, key) in headings {
        let mut expected = rows.clone();
        expected.sort_by_key(key);
        for order in [CallOrder::Ascending, CallOrder::Descending] {
            let query = CallQuery {
                heading,
                order,
                skip: 2,
                most: 3,
                ..CallQuery::default()
            };
            let page = page(place.location(), &query).await;
            assert_eq!(page.total, 7);
            assert_eq!(page.rows, expected[2..5], "{heading:?} {order:?}");
            expected.reverse();
        }
    }
    store.close().await;
}

async fn a_number_is_erased_from_all_records_however_it_is_written(place: Place) {
    let (store, _) = start(place.location()).await;
    let his = |id: usize| CallRow {
        caller: Some(["+46701234567", "0701234567"][id % 2].into()),
        ..over(id)
    };
    for id in 0..10 {
        store.record_call(his(id));
    }
    store.record_call(CallRow {
        direction: "outward".into(),
        caller: Some("101".into()),
        dialled: Some("0701234567".into()),
        outside: Some("+46701234567".into()),
        ..over(10)
    });
    store.record_call(over(11));
    store.record_call(CallRow {
        org: "other".into(),
        ..his(12)
    });
    // It goes on meanwhile.
    store.record_call(CallRow {
        caller: Some("+46701234567".into()),
        ..begun(13)
    });
    let erased = store.erase_calls("demo".into(), "0046701234567".into());
    assert!(erased.await.unwrap() <= 12, "some of them waited");
    store.record_call(his(13));
    written(&store).await;
    let kept = page(place.location(), &all()).await.rows;
    assert_eq!(kept.len(), 14);
    for (id, row) in kept.iter().enumerate() {
        let numbers = [&row.caller, &row.dialled, &row.outside];
        let numbers = numbers.map(|it| it.as_deref());
        match id {
            10 => assert_eq!(numbers, [Some("101"), None, None]),
            11 => assert_eq!(*row, over(11)),
            12 => assert_eq!(
                *row,
                CallRow {
                    org: "other".into(),
                    ..his(12)
                }
            ),
            _ => assert_eq!(numbers, [None, Some("+46850001000"), None], "{id}"),
        }
    }
    let again = store.erase_calls("demo".into(), "0046701234567".into());
    assert_eq!(again.await, Ok(0));
    store.close().await;
}

async fn a_number_is_erased_from_as_many_records_as_have_it(place: Place) {
    let (store, _) = start(place.location()).await;
    // What everybody dials, and one in three calls from.
    for id in 0..4_500 {
        store.record_call(CallRow {
            caller: (id % 3 == 0).then(|| "0850001000".into()),
            ..over(id)
        });
    }
    written(&store).await;
    let erased = store.erase_calls("demo".into(), "+46850001000".into());
    assert_eq!(erased.await, Ok(4_500), "each counts once");
    let kept = page(place.location(), &all()).await;
    assert_eq!(kept.total, 4_500);
    let has_any = |row: &&CallRow| row.caller.is_some() || row.dialled.is_some();
    assert_eq!(kept.rows.iter().find(has_any), None);
    store.close().await;
}

async fn what_is_too_old_is_forgotten_and_the_rest_is_kept(place: Place) {
    let (store, _) = start(place.location()).await;
    for id in 0..2_500 {
        store.record_call(over(id));
    }
    written(&store).await;
    store.keep_calls_since(1_000 + 2_200);
    let mut left = CallPage::default();
    for _ in 0..800 {
        left = page(place.location(), &all()).await;
        if left.total == 300 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let expected: Vec<CallRow> = (2_200..2_500).map(over).collect();
    assert_eq!((left.total, left.rows), (300, expected));
    store.close().await;
}

fn is_found(folder: &Path, text: &str) -> bool {
    let files = std::fs::read_dir(folder).unwrap();
    files.into_iter().any(|file| {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        memchr::memmem::find(&bytes, text.as_bytes()).is_some()
    })
}

#[tokio::test]
async fn numbers_that_were_erased_or_forgotten_are_in_no_file_any_more() {
    let folder = folder();
    let (store, _) = start(folder.path()).await;
    // Beginnings and ends in no order, so that the pages they are in are split and moved about.
    let ids = || (0..3_000usize).map(|it| (it * 787) % 3_000);
    for part in ids().collect::<Vec<_>>().chunks(100) {
        for id in part {
            store.record_call(begun(*id));
        }
        written(&store).await;
        for id in part.iter().rev() {
            store.record_call(over(*id));
        }
    }
    written(&store).await;
    let erased = [1_500, 1_501, 2_222, 2_999];
    for id in erased {
        assert!(is_found(folder.path(), &number(id)), "nothing to be wiped");
        let erased = store.erase_calls("demo".into(), number(id)).await;
        assert_eq!(erased, Ok(1));
    }
    // Most of them, as a server that was not there for long.
    store.keep_calls_since(1_000 + 1_000);
    let gone = (0..1_000).chain(erased).map(number);
    let gone: Vec<String> = gone.collect();
    wait("nothing of them is found", || {
        let is_gone = |number: &String| !is_found(folder.path(), number);
        // The last goes last.
        is_gone(&gone[999]) && gone.iter().all(is_gone)
    })
    .await;
    let kept = page(folder.path().into(), &all()).await;
    assert_eq!(kept.total, 2_000);
    assert!(is_found(folder.path(), &number(1_600)), "others are there");
    assert!(folder.path().join(FILE_NAME).exists());
    store.close().await;
}
