//! Who had what done, as administrators are told.

use crate::client::World;
use serde_json::json;

#[tokio::test]
async fn what_people_had_done_is_told_to_administrators_of_their_own_organisation() {
    let world = World::new();
    for (user, status) in [
        ("anna", 403),
        ("eva", 403),
        ("admin", 200),
        ("operator", 200),
    ] {
        let answer = world.log_in(user).await.get("/audit").await;
        assert_eq!(answer.status.as_u16(), status, "{user}");
    }
    let asked = || world.office.asked_of_audit.lock().unwrap().take().unwrap();
    assert_eq!(asked().org, None, "the operator's");
    let admin = world.log_in("admin").await;
    let page = admin
        .get("/audit?page=1&rows=20&from=1970-01-02T00:00:00Z")
        .await
        .json;
    let told = asked();
    assert_eq!(told.org, Some(base::OrgId::new("demo").unwrap()));
    assert_eq!((told.page, told.rows, told.from_ms), (1, 20, 86_400_000));
    let row = &page["audit"][0];
    for (name, value) in [
        ("organisation", json!("demo")),
        ("who", json!("demo/eva")),
        ("way", json!("http")),
        ("what", json!("pauses demo/anna")),
        ("refused", json!(null)),
    ] {
        assert_eq!(row[name], value, "{name}");
    }
}
