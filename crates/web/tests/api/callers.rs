//! Callers in a queue's line, and what a supervisor does about one.

use crate::client::World;
use axum::http::StatusCode;
use control::{Command, QueueCommand};
use serde_json::json;

const LINE: &str = "/queues/demo/support/callers";

#[tokio::test]
async fn a_supervisor_sees_the_line_of_a_queue_of_his_and_nobody_that_of_another() {
    let world = World::new();
    let eva = world.log_in("eva").await;
    let line = eva.get(LINE).await;
    assert_eq!(line.status, StatusCode::OK, "{line:?}");
    let first = &line.json["callers"][0];
    assert_eq!(
        (&first["call"], &first["place"]),
        (&json!("c3-0-17"), &json!(1))
    );
    assert_eq!(line.json["total"], 1);
    let strange = eva.get("/queues/other/support/callers").await;
    assert_eq!(strange.status, StatusCode::NOT_FOUND);
    let anna = world.log_in("anna").await.get(LINE).await;
    assert_eq!(anna.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_caller_is_put_forward_or_given_to_an_agent_and_the_line_is_shown_as_it_is_then() {
    let world = World::new();
    let eva = world.log_in("eva").await;
    let caller = format!("{LINE}/c3-0-17");
    let forward = format!("{caller}/put-forward");
    for body in [json!({}), json!({ "place": 3 })] {
        let line = eva.post(&forward, body).await;
        assert_eq!(line.status, StatusCode::OK, "{line:?}");
        assert_eq!(line.json["callers"][0]["call"], "c3-0-17");
    }
    let give = format!("{caller}/give");
    let given = eva.post(&give, json!({ "agent": "demo/anna" })).await;
    assert_eq!(given.status, StatusCode::OK, "{given:?}");
    // Who names nobody takes him himself.
    eva.post(&give, json!({})).await;
    let queue = || "demo/support".parse().unwrap();
    let call = "c3-0-17".parse().unwrap();
    let forward_to = |to| QueueCommand::PutForward {
        queue: queue(),
        call,
        to,
    };
    let give_to = |agent: &str| QueueCommand::Give {
        queue: queue(),
        call,
        agent: agent.parse().unwrap(),
    };
    let asked = world.office.asked.lock().unwrap().clone();
    let done = asked.into_iter().filter_map(|command| match command {
        Command::Queue(command) => Some(command),
        _ => None,
    });
    let expected = [
        forward_to(1),
        forward_to(3),
        give_to("demo/anna"),
        give_to("demo/eva"),
    ];
    assert_eq!(done.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn what_is_of_another_organisation_or_is_no_caller_is_not_found() {
    let world = World::new();
    let eva = world.log_in("eva").await;
    let strange = eva
        .post("/queues/other/support/callers/c3-0-17/give", json!({}))
        .await;
    assert_eq!(strange.status, StatusCode::NOT_FOUND);
    let give = format!("{LINE}/c3-0-17/give");
    let strange = eva.post(&give, json!({ "agent": "other/anna" })).await;
    assert_eq!(strange.status, StatusCode::NOT_FOUND);
    let nobody = eva.post(&format!("{LINE}/17/put-forward"), json!({})).await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    let zero = eva
        .post(
            &format!("{LINE}/c3-0-17/put-forward"),
            json!({ "place": 0 }),
        )
        .await;
    assert_eq!(zero.status, StatusCode::UNPROCESSABLE_ENTITY);
    let operator = world.log_in("operator").await;
    let whom = operator.post(&give, json!({})).await;
    assert_eq!(
        whom.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "he is no agent"
    );
    assert!(world.office.asked.lock().unwrap().is_empty());
}
