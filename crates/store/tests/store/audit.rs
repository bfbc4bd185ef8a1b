//! What people had done, on both kinds of database.

use crate::on_both;
use crate::place::{Place, start};
use store::{AuditQuery, AuditRow, Reader, Write};

on_both!(what_people_had_done_is_told_the_latest_first_and_forgotten_when_it_is_old);

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

async fn what_people_had_done_is_told_the_latest_first_and_forgotten_when_it_is_old(place: Place) {
    let (store, _) = start(place.location()).await;
    for number in 0..6 {
        store.write_soon(Write::PutAudit(row(number)));
    }
    // Said again it is the same.
    let last = store.write(Write::PutAudit(row(5)));
    last.stored().await.unwrap();
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
    let forgotten = store.write(Write::ForgetAudit(1_002));
    forgotten.stored().await.unwrap();
    assert_eq!(told(None, 0, 1).await, (3, vec![row(3), row(2)]));
    reader.close().await.unwrap();
    store.close().await;
}
