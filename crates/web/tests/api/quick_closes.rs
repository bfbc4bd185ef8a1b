//! Closing and opening queues by hand.

use crate::client::{Answer, World};
use serde_json::{Value, json};

fn ids(answer: &Answer) -> Vec<u64> {
    let all = answer.json["quick_closes"].as_array().unwrap().iter();
    all.map(|quick| quick["id"].as_u64().unwrap()).collect()
}

fn closing(queues: &[&str], until: &str) -> Value {
    json!({ "queues": queues, "until": until })
}

#[tokio::test]
async fn a_supervisor_closes_queues_of_his_organisation_and_opens_them_again() {
    let world = World::new();
    let eva = world.log_in("eva").await;
    let list = eva.get("/quick-closes").await;
    assert_eq!(ids(&list), [1]);
    assert_eq!(list.json["zone"], "Europe/Stockholm");
    assert_eq!(list.json["groups"][0]["name"], "kundtjanst");
    assert_eq!(list.json["messages"], json!(["try-later"]));
    assert_eq!(list.json["quick_closes"][0]["in_force"], false);
    let mut body = json!({
        "group": "kundtjanst", "until": "2026-12-24T12:00", "waiting": "move", "message": "try-later",
    });
    let preview = eva.post("/quick-closes/preview", body.clone()).await;
    assert_eq!(preview.status, 200, "{preview:?}");
    let rows = preview.json.as_array().unwrap();
    assert_eq!(rows.len(), 2);
    for (name, value) in [
        ("queue", json!("demo/sales")),
        ("is_open", json!(true)),
        ("will_be_open", json!(false)),
        ("waiting", json!(3)),
        ("they_move", json!(true)),
        ("leads_to", json!({ "kind": "queue", "name": "backup" })),
    ] {
        assert_eq!(rows[0][name], value, "{name}");
    }
    assert_eq!(
        ids(&eva.get("/quick-closes").await),
        [1],
        "nothing was done"
    );
    let made = eva.post("/quick-closes", body.clone()).await;
    assert_eq!(made.status, 201, "{made:?}");
    for (name, value) in [
        ("id", json!(3)),
        ("effect", json!("close")),
        ("in_force", json!(true)),
        ("queues", json!(["demo/sales", "demo/support"])),
        ("until", json!("2026-12-24T11:00:00Z")),
        ("waiting", json!("move")),
        ("message", json!("demo/try-later")),
        ("by", json!("demo/eva")),
    ] {
        assert_eq!(made.json[name], value, "{name}");
    }
    assert_eq!(ids(&eva.get("/quick-closes").await), [1, 3]);
    assert_eq!(eva.delete("/quick-closes/3").await.status, 204);
    assert_eq!(eva.delete("/quick-closes/3").await.status, 404);
    body["until"] = "soon".into();
    let refused = eva.post("/quick-closes", body).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    let over = eva
        .post("/quick-closes", closing(&["demo/sales"], "2020-01-01"))
        .await;
    assert_eq!(over.status, 409, "{over:?}");
    let endless = eva
        .post("/quick-closes", json!({ "queues": ["demo/sales"] }))
        .await;
    assert_eq!(endless.status, 422, "an end is mandatory");
}

#[tokio::test]
async fn queues_of_others_are_not_there_and_agents_close_none() {
    let world = World::new();
    let (anna, eva) = (world.log_in("anna").await, world.log_in("eva").await);
    let others = world.log_in("admin@other.localhost").await;
    let until = "2026-12-24T12:00";
    assert_eq!(anna.get("/quick-closes").await.status, 403);
    let own = closing(&["demo/support"], until);
    assert_eq!(anna.post("/quick-closes", own.clone()).await.status, 403);
    for path in ["/quick-closes", "/quick-closes/preview"] {
        let both = closing(&["demo/support", "other/support"], until);
        for (who, body) in [(&eva, both), (&others, own.clone())] {
            let answer = who.post(path, body).await;
            assert_eq!(answer.status, 404, "{path} {answer:?}");
        }
    }
    assert_eq!(ids(&others.get("/quick-closes").await), [2]);
    assert_eq!(others.delete("/quick-closes/1").await.status, 404);
    let elsewhere = eva.get("/quick-closes?organisation=other").await;
    assert_eq!(elsewhere.status, 404);
    // Whoever runs the server says whose.
    let operator = world.log_in("operator").await;
    assert_eq!(operator.get("/quick-closes").await.status, 422);
    for (org, status) in [("demo", 200), ("nobody", 404)] {
        let answer = operator
            .get(&format!("/quick-closes?organisation={org}"))
            .await;
        assert_eq!(answer.status, status, "{org}");
    }
    assert_eq!(operator.delete("/quick-closes/1").await.status, 204);
}
