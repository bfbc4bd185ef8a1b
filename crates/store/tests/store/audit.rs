//! What people had done, on both kinds of database.

use crate::on_both;
use crate::place::{LATE_MS, Place, ban, start, wait, what_was_taken_is_written};
use store::{AUDIT_WAITING_MAX, AuditQuery, AuditRow, Health, Reader, Store, Write};

on_both!(
    what_people_had_done_is_told_the_latest_first_and_forgotten_when_it_is_old,
    what_people_have_done_in_a_loop_takes_no_room_from_what_is_promised,
);

fn row(number: u64) -> AuditRow {
    AuditRow {
        id: format!("0f-{number}"),
        at_ms: 1_000 + number,
        org: (number != 3).then(|| ["demo", "other"][number as usize % 2].to_owned()),
        who: "the operator".into(),
        way: "socket".into(),
        what: format!("does {number}"),
        result: (number == 4).then(|| "not so".to_owned()),
    }
}

async fn written(store: &Store) {
    wait("all is taken", || store.audit_pending() == 0).await;
    what_was_taken_is_written(store).await;
}

async fn what_people_had_done_is_told_the_latest_first_and_forgotten_when_it_is_old(place: Place) {
    let (store, _) = start(place.location()).await;
    for number in 0..6 {
        store.audit(row(number));
    }
    // Said again it is the same.
    store.audit(row(5));
    written(&store).await;
    let mut reader = Reader::open(place.location()).await.unwrap();
    let mut told = async |org: Option<&str>, from_ms: u64, skip: u64| {
        let query = AuditQuery {
            org: org.map(str::to_owned),
            from_ms,
            until_ms: 1_005,
            skip,
            most: 2,
        };
        let page = reader.audit(&query).await.unwrap();
        (page.total, page.rows)
    };
    assert_eq!(told(None, 0, 0).await, (5, vec![row(4), row(3)]));
    assert_eq!(told(None, 0, 2).await, (5, vec![row(2), row(1)]));
    assert_eq!(told(None, 1_004, 0).await, (1, vec![row(4)]));
    assert_eq!(told(Some("demo"), 0, 0).await, (3, vec![row(4), row(2)]));
    store.keep_audit_since(1_002);
    let mut left = told(None, 0, 1).await;
    while left.0 > 3 {
        what_was_taken_is_written(&store).await;
        left = told(None, 0, 1).await;
    }
    assert_eq!(left, (3, vec![row(3), row(2)]));
    reader.close().await.unwrap();
    store.close().await;
}

async fn what_people_have_done_in_a_loop_takes_no_room_from_what_is_promised(place: Place) {
    let (store, loading) = Store::start(place.location());
    // Nothing is written before what was kept is taken up.
    for number in 0..AUDIT_WAITING_MAX as u64 + 500 {
        store.audit(row(number));
    }
    assert_eq!(store.audit_pending(), AUDIT_WAITING_MAX);
    let promised = store.write(Write::PutBan(ban("192.0.2.7", LATE_MS)));
    loading.kept().await;
    promised.stored().await.unwrap();
    written(&store).await;
    let mut reader = Reader::open(place.location()).await.unwrap();
    let query = AuditQuery {
        org: None,
        from_ms: 0,
        until_ms: LATE_MS,
        skip: 0,
        most: 1,
    };
    let page = reader.audit(&query).await.unwrap();
    let last = AUDIT_WAITING_MAX as u64 - 1;
    assert_eq!((page.total, page.rows), (last + 1, vec![row(last)]));
    reader.close().await.unwrap();
    assert_eq!(store.health(), Health::Ok);
    store.close().await;
}
