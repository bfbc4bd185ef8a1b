//! Who is billed.

use crate::client::World;
use axum::http::header;
use serde_json::json;

#[tokio::test]
async fn an_administrator_is_told_who_is_billed_in_his_organisation_as_json_and_as_a_table() {
    let world = World::new();
    for (who, status, rows) in [
        ("anna", 403, 0),
        ("eva", 403, 0),
        ("admin", 200, 2),
        ("operator", 200, 4),
    ] {
        let answer = world.log_in(who).await.get("/licences?month=2026-11").await;
        assert_eq!(answer.status, status, "{who}");
        let told = answer.json["licences"].as_array().map_or(0, Vec::len);
        assert_eq!(told, rows, "{who}");
    }
    let admin = world.log_in("admin").await;
    let month = admin.get("/licences?month=2026-11").await.json;
    assert_eq!(month["month"], "2026-11");
    let row = &month["licences"][0];
    assert_eq!(
        (&row["user"], &row["queue"]),
        (&json!("demo/anna"), &json!(null))
    );
    let table = admin.get("/licences?month=2026-11&format=csv").await;
    assert_eq!(
        table.headers[header::CONTENT_TYPE],
        "text/csv; charset=utf-8"
    );
    let named = "attachment; filename=\"licences-2026-11.csv\"";
    assert_eq!(table.headers[header::CONTENT_DISPOSITION], named);
    assert_eq!(
        table.text,
        "month,organisation,user,licence,activated,start_fee,ended,queue\r\n\
         2026-11,demo,anna,pro,2026-11-03 09:12,yes,,\r\n\
         2026-11,demo,,pro,2026-11-03 09:12,yes,,support\r\n"
    );
    let deed = world.office.deeds.lock().unwrap().pop().unwrap();
    assert_eq!(deed.what, "exports the licences of 2026-11");
    for month in ["2026-13", "november", ""] {
        let answer = admin.get(&format!("/licences?month={month}")).await;
        assert_eq!(answer.status, 422, "{month}");
    }
}
