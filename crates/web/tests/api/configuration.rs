//! An organisation's settings: for its administrators alone, and a change that is asked for is a command as it was written.

use crate::client::{Client, World};
use axum::http::{StatusCode, header};
use control::{Proposal, Proposed, SettingEdit, SettingValue, SettingsAction, Written};
use serde_json::{Value, json};
use web::{NotConfigured, SettingProblemView};

const WAYS: [&str; 3] = [
    "/configuration",
    "/configuration/schema",
    "/configuration/files/organisation.toml",
];

fn edits() -> Value {
    let ring = json!({ "path": ["queues", "support", "ring"], "value": "20s" });
    let gone = json!({ "path": ["queues", "old"], "remove": true });
    let anna = json!({ "path": ["users", "anna"], "value": { "password": { "secret": true }, "caller_ids": ["1", "2"] } });
    json!({ "version": "1", "edits": [ring, gone, anna] })
}

async fn changes(client: &Client<'_>, body: Value) -> (StatusCode, Value) {
    let answer = client.post("/configuration/changes", body).await;
    (answer.status, answer.json)
}

#[tokio::test]
async fn settings_are_seen_and_changed_by_administrators_of_that_organisation_alone() {
    let world = World::new();
    for name in ["anna", "eva"] {
        let client = world.log_in(name).await;
        for way in WAYS {
            assert_eq!(client.get(way).await.status, StatusCode::FORBIDDEN, "{way}");
        }
        for way in ["/configuration/preview", "/configuration/changes"] {
            let answer = client.post(way, edits()).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{way}");
        }
    }
    let admin = world.log_in("admin").await;
    let shown = admin.get("/configuration").await;
    assert_eq!(
        shown.json["settings"]["organisation"]["domain"],
        "demo.localhost"
    );
    assert_eq!(shown.json["in_force"], true);
    // Also where he names it; of another there is nothing.
    for way in ["/configuration", "/configuration/files/organisation.toml"] {
        let own = admin.get(&format!("{way}?organisation=demo")).await;
        assert_eq!(own.status, StatusCode::OK, "{way}");
        let other = admin.get(&format!("{way}?organisation=other")).await;
        assert_eq!(other.status, StatusCode::NOT_FOUND, "{way}");
    }
    let other = admin
        .post("/configuration/changes?organisation=other", edits())
        .await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
    let asked = world.office.asked_of_settings.lock().unwrap();
    assert!(
        asked.iter().all(|command| command.org.as_str() == "demo"),
        "{asked:?}"
    );
}

#[tokio::test]
async fn an_operator_says_whose_settings() {
    let world = World::new();
    let operator = world.log_in("operator").await;
    assert_eq!(
        operator.get("/configuration").await.status,
        StatusCode::BAD_REQUEST
    );
    let none = operator.get("/configuration?organisation=nobody").await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    for (org, domain) in [("demo", "demo.localhost"), ("other", "other.localhost")] {
        let shown = operator
            .get(&format!("/configuration?organisation={org}"))
            .await;
        assert_eq!(shown.json["settings"]["organisation"]["domain"], domain);
    }
    let schema = operator.get("/configuration/schema").await;
    assert_eq!(schema.json["title"], "a file of an organisation");
}

#[tokio::test]
async fn a_change_is_handed_on_as_it_was_written_and_a_preview_is_none() {
    let world = World::new();
    let admin = world.log_in("admin").await;
    let (status, json) = changes(&admin, edits()).await;
    assert_eq!(status, StatusCode::OK, "{json}");
    assert_eq!(json["version"], "2");
    assert_eq!(
        json["files"][0]["diff"][0],
        json!({ "kind": "added", "line": 2, "text": "ring = \"20s\"" })
    );
    assert_eq!(
        json["effects"],
        json!([{ "queue": "demo/support", "waiting": 3, "what": "changed" }])
    );
    assert_eq!(json["restart"], json!([]));
    let file = json!({ "version": "1", "file": { "name": "queues.toml", "text": "# none\n" } });
    let preview = admin.post("/configuration/preview", file).await;
    assert_eq!(preview.status, StatusCode::OK);
    let path = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
    let text = |text: &str| SettingValue::Text(text.into());
    let edit = |path, value| SettingEdit { path, value };
    let anna = vec![
        (
            "caller_ids".into(),
            SettingValue::List(vec![text("1"), text("2")]),
        ),
        ("password".into(), SettingValue::KeptSecret),
    ];
    let wanted = Proposal::Edits(vec![
        edit(path(&["queues", "support", "ring"]), Some(text("20s"))),
        edit(path(&["queues", "old"]), None),
        edit(path(&["users", "anna"]), Some(SettingValue::Table(anna))),
    ]);
    let file = Proposal::File {
        name: "queues.toml".into(),
        text: Written("# none\n".into()),
    };
    let proposed = |what| Proposed {
        version: "1".into(),
        what,
    };
    let asked = world.office.asked_of_settings.lock().unwrap();
    let asked: Vec<_> = asked.iter().map(|command| command.action.clone()).collect();
    let change = SettingsAction::Change(proposed(wanted));
    assert_eq!(asked, [change, SettingsAction::Preview(proposed(file))]);
}

#[tokio::test]
async fn what_is_no_change_is_refused_before_anybody_is_asked() {
    let world = World::new();
    let admin = world.log_in("admin").await;
    let path = json!(["queues", "support", "ring"]);
    let with = |edit: Value| json!({ "version": "1", "edits": [edit] });
    for body in [
        json!({ "edits": [] }),
        json!({ "version": "1" }),
        json!({ "version": "1", "edits": [], "file": { "name": "a.toml", "text": "" } }),
        json!({ "version": "1", "file": { "name": "a.toml" } }),
        with(json!({ "path": path })),
        with(json!({ "path": path, "value": null })),
        with(json!({ "path": path, "value": "20s", "remove": true })),
        with(json!({ "path": path, "value": 1.5 })),
        with(json!({ "path": path, "value": [null] })),
        with(json!({ "path": "queues.support.ring", "value": "20s" })),
        with(json!({ "path": path, "value": "20s", "why": "x" })),
    ] {
        let (status, json) = changes(&admin, body.clone()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body} {json}");
    }
    assert!(world.office.asked_of_settings.lock().unwrap().is_empty());
    let missing = admin.get("/configuration/files/..%2Fkolapp.toml").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_whole_file_has_room_where_no_other_body_has_and_not_without_end() {
    let world = World::new();
    let admin = world.log_in("admin").await;
    let file = |bytes: usize| {
        let text = "#".repeat(bytes);
        json!({ "version": "1", "file": { "name": "organisation.toml", "text": text } })
    };
    let (status, _) = changes(&admin, file(1_900_000)).await;
    assert_eq!(status, StatusCode::OK);
    let (status, _) = changes(&admin, file(2_200_000)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_refusal_says_what_stands_in_the_way() {
    let world = World::new();
    let admin = world.log_in("admin").await;
    let refuse = |refusal| *world.office.refuses_settings.lock().unwrap() = Some(refusal);
    refuse(NotConfigured::Changed {
        version: "3".into(),
        changed: Some(vec!["queues.support.ring".into()]),
    });
    let answer = admin.post("/configuration/changes", edits()).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert_eq!(
        answer.headers[header::CONTENT_TYPE],
        "application/problem+json"
    );
    assert_eq!(answer.json["status"], 409);
    assert_eq!(answer.json["version"], "3");
    assert_eq!(answer.json["changed"], json!(["queues.support.ring"]));
    refuse(NotConfigured::Changed {
        version: "3".into(),
        changed: None,
    });
    let (_, json) = changes(&admin, edits()).await;
    assert_eq!(json.get("changed"), None, "it isn't known");
    refuse(NotConfigured::Wrong(vec![SettingProblemView {
        file: Some("queues.toml".into()),
        line: Some(3),
        column: Some(8),
        path: Some("queues.support.ring".into()),
        problem: "expected a time".into(),
        mend: Some("say the unit".into()),
    }]));
    let (status, json) = changes(&admin, edits()).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(json["problems"][0]["path"], "queues.support.ring");
    assert_eq!(json["problems"][0]["line"], 3);
    refuse(NotConfigured::Away);
    let answer = admin.post("/configuration/changes", edits()).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers.contains_key(header::RETRY_AFTER));
    assert!(answer.json["detail"].is_string());
}
