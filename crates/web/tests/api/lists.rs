//! Looking at lists, and working on them.

use crate::client::World;
use axum::http::StatusCode;
use serde_json::json;
use std::sync::atomic::Ordering;

#[tokio::test]
async fn a_list_is_sorted_filtered_searched_and_read_a_page_at_a_time() {
    let world = World::new();
    for (slot, number) in ["+46701234503", "+46701234501", "+46701234502"]
        .iter()
        .enumerate()
    {
        world.office.wish("demo/support", number, slot as u32);
    }
    let bosse = world.log_in("bosse").await;
    let first = bosse.get("/callbacks?sort=number&rows=2").await;
    assert_eq!(first.json["total"], 3);
    let numbers = |answer: &serde_json::Value| -> Vec<String> {
        let rows = answer["callbacks"].as_array().unwrap().iter();
        rows.map(|row| row["number"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(numbers(&first.json), ["+46701234501", "+46701234502"]);
    let second = bosse.get("/callbacks?sort=number&rows=2&page=1").await;
    assert_eq!(numbers(&second.json), ["+46701234503"]);
    let down = bosse.get("/callbacks?sort=number&order=descending").await;
    assert_eq!(numbers(&down.json)[0], "+46701234503");
    let found = bosse.get("/callbacks?search=070-123%2045%2002").await;
    assert_eq!(numbers(&found.json), ["+46701234502"]);
    let none = bosse.get("/callbacks?status=done,given-up&when=due").await;
    assert_eq!(none.json["total"], 0);
    let sales = bosse.get("/callbacks?list=demo/sales").await;
    assert_eq!(sales.json["total"], 0);
    // What was keyed is masked.
    let row = &first.json["callbacks"][0];
    assert_ne!(row["input"], "4711815");
    assert_eq!(
        (&row["status"], &row["time"]),
        (&json!("not-handled"), &json!("due"))
    );
}

#[tokio::test]
async fn each_sees_his_own_lists_and_no_organisation_sees_anothers() {
    let world = World::new();
    let entry = world.office.wish("demo/support", "+46701234567", 1);
    world.office.wish("demo/sales", "+46701234568", 2);
    world.office.wish("other/support", "+46701234569", 3);
    let total = async |user: &str| {
        let client = world.log_in(user).await;
        client.get("/callbacks").await.json["total"].as_u64()
    };
    assert_eq!(total("anna").await, Some(1));
    assert_eq!(total("bosse").await, Some(2));
    assert_eq!(total("eva").await, Some(2));
    assert_eq!(total("anna@other.localhost").await, Some(1));
    assert_eq!(total("operator").await, Some(3));
    let lists = world.log_in("anna").await.get("/lists").await;
    assert_eq!(lists.json["lists"].as_array().unwrap().len(), 1);
    assert_eq!(
        (
            &lists.json["lists"][0]["waiting"],
            &lists.json["lists"][0]["due"]
        ),
        (&json!(1), &json!(1))
    );
    let foreign = world.log_in("anna@other.localhost").await;
    let named = foreign.get("/callbacks?list=demo/support").await;
    assert_eq!(named.json["total"], 0);
    for answer in [
        foreign.get(&format!("/callbacks/{entry}")).await,
        foreign
            .post(&format!("/callbacks/{entry}/cancel"), json!({}))
            .await,
        foreign
            .post(&format!("/callbacks/{entry}/reveal"), json!({}))
            .await,
    ] {
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn of_two_agents_on_one_callback_one_has_it_and_the_other_is_told_who() {
    let world = World::new();
    let entry = world.office.wish("demo/support", "+46701234567", 1);
    let (anna, bosse) = (world.log_in("anna").await, world.log_in("bosse").await);
    for agent in [&anna, &bosse] {
        let answer = agent.post("/lists/log-in", json!({})).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
    }
    let path = format!("/callbacks/{entry}/lease");
    let (one, two) = tokio::join!(anna.post(&path, json!({})), bosse.post(&path, json!({})));
    let (won, lost) = match one.status {
        StatusCode::OK => (one, two),
        _ => (two, one),
    };
    assert_eq!(won.json["callback"]["status"], "leased");
    assert!(won.json["leased_until"].is_string());
    assert_eq!(lost.status, StatusCode::CONFLICT);
    assert_eq!(lost.json["held_by"], won.json["callback"]["held_by"]);
    assert_eq!(lost.json["entry"], entry.to_string());
}

#[tokio::test]
async fn a_callback_is_called_described_and_called_again_and_all_attempts_are_kept() {
    let world = World::new();
    let entry = world.office.wish("demo/support", "+46701234567", 1);
    let anna = world.log_in("anna").await;
    anna.post("/lists/log-in", json!({ "list": "demo/support" }))
        .await;
    let taken = anna.post("/lists/next", json!({})).await;
    assert_eq!(taken.json["callback"]["id"], entry.to_string());
    let called = anna
        .post(&format!("/callbacks/{entry}/call"), json!({}))
        .await;
    assert_eq!(called.json["callback"]["status"], "in-call");
    world.office.nobody_answers();
    // The next can't be had before this one is described.
    world.office.wish("demo/support", "+46701234568", 2);
    let refused = anna.post("/lists/next", json!({})).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    let note = json!({ "text": "Ringde, inget svar", "then": "requeue" });
    let noted = anna.post(&format!("/callbacks/{entry}/note"), note).await;
    assert_eq!(noted.json["callback"]["status"], "requeued");
    let shown = anna.get(&format!("/callbacks/{entry}")).await;
    let tries = shown.json["tries"].as_array().unwrap();
    assert_eq!(tries.len(), 1);
    assert_eq!(tries[0]["outcome"], "no-answer");
    assert_eq!(tries[0]["text"], "Ringde, inget svar");
    assert_eq!(shown.json["tried_by"], "demo/anna");
    assert_eq!(shown.json["latest"], "Ringde, inget svar");
}

#[tokio::test]
async fn nothing_is_done_to_a_version_that_was_not_seen() {
    let world = World::new();
    let entry = world.office.wish("demo/support", "+46701234567", 1);
    let (anna, eva) = (world.log_in("anna").await, world.log_in("eva").await);
    let seen = eva.get(&format!("/callbacks/{entry}")).await.json["version"].clone();
    anna.post("/lists/log-in", json!({})).await;
    anna.post(&format!("/callbacks/{entry}/lease"), json!({}))
        .await;
    let path = format!("/callbacks/{entry}/cancel");
    let refused = eva.post(&path, json!({ "version": seen })).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert_eq!(refused.json["held_by"], "demo/anna");
    let version = refused.json["version"].clone();
    let release = json!({ "agent": "demo/anna", "version": version });
    let given_back = eva
        .post(&format!("/callbacks/{entry}/release"), release)
        .await;
    assert_eq!(given_back.status, StatusCode::OK);
    let version = given_back.json["callback"]["version"].clone();
    let cancelled = eva
        .post(&path, json!({ "version": version, "text": "Löst" }))
        .await;
    assert_eq!(cancelled.json["callback"]["status"], "cancelled");
    let again = eva
        .post(&format!("/callbacks/{entry}/requeue"), json!({}))
        .await;
    assert_eq!(again.json["callback"]["status"], "requeued");
}

#[tokio::test]
async fn what_a_role_does_not_reach_is_refused() {
    let world = World::new();
    let entry = world.office.wish("demo/support", "+46701234567", 1);
    let (anna, eva) = (world.log_in("anna").await, world.log_in("eva").await);
    let waive = format!("/callbacks/{entry}/waive");
    assert_eq!(
        anna.post(&waive, json!({})).await.status,
        StatusCode::FORBIDDEN
    );
    // A supervisor may; nothing is owed.
    assert_eq!(
        eva.post(&waive, json!({})).await.status,
        StatusCode::CONFLICT
    );
    let lease = format!("/callbacks/{entry}/lease");
    let for_bosse = json!({ "agent": "demo/bosse" });
    assert_eq!(
        anna.post(&lease, for_bosse).await.status,
        StatusCode::FORBIDDEN
    );
    let erase = json!({ "number": "+46701234567" });
    assert_eq!(
        eva.post("/erasures", erase.clone()).await.status,
        StatusCode::FORBIDDEN
    );
    let admin = world.log_in("admin").await;
    let elsewhere = json!({ "number": "+46701234567", "organisation": "other" });
    assert_eq!(
        admin.post("/erasures", elsewhere).await.status,
        StatusCode::FORBIDDEN
    );
    let erased = admin.post("/erasures", erase).await;
    assert_eq!(
        (&erased.json["erased"], &erased.json["left"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(admin.get("/callbacks").await.json["total"], 0);
}

#[tokio::test]
async fn what_was_keyed_is_shown_whole_to_whoever_asks_for_it() {
    let world = World::new();
    let entry = world.office.wish("demo/support", "+46701234567", 1);
    let anna = world.log_in("anna").await;
    let shown = anna
        .post(&format!("/callbacks/{entry}/reveal"), json!({}))
        .await;
    assert_eq!(shown.json["revealed"], "4711815");
}

#[tokio::test]
async fn a_list_says_which_windows_it_has_and_a_callback_what_came_about_with_it() {
    let world = World::new();
    let entry = world.office.wish("demo/support", "+46701234567", 1);
    let eva = world.log_in("eva").await;
    let lists = eva.get("/lists").await;
    let windows = |list: usize| lists.json["lists"][list]["windows"].clone();
    assert_eq!(windows(0), json!([]));
    assert_eq!(windows(1)[0]["name"], "afternoon");
    assert!(windows(1)[0]["from"].as_str() < windows(1)[0]["until"].as_str());
    let path = format!("/callbacks/{entry}");
    let shown = eva.get(&path).await;
    let history = &shown.json["history"][0];
    assert_eq!(history["what"], format!("{entry} is due"));
    assert_eq!(shown.json["number"], "+46701234567");
    // Where storage doesn't tell, the rest is shown.
    world.office.is_storage_away.store(true, Ordering::Relaxed);
    let shown = eva.get(&path).await;
    assert_eq!(
        (shown.status, &shown.json["history"]),
        (StatusCode::OK, &json!(null))
    );
    assert_eq!(shown.json["number"], "+46701234567");
}

#[tokio::test]
async fn lists_are_exported_as_a_table_of_all_pages_and_no_text_in_it_is_a_formula() {
    let world = World::new();
    let evil = world.office.wish("demo/support", "+46701234561", 1);
    for number in 2..=9 {
        world
            .office
            .wish("demo/support", &format!("+4670123456{number}"), number);
    }
    world.office.wish("other/support", "+46701234599", 99);
    let eva = world.log_in("eva").await;
    let text = json!({ "text": "=HYPERLINK(\"x\"), sa han" });
    eva.post(&format!("/callbacks/{evil}/cancel"), text).await;
    let all = eva.get("/callbacks/export?sort=number&rows=1").await;
    let kind = all.headers["content-type"].to_str().unwrap();
    assert_eq!(
        (all.status, kind),
        (StatusCode::OK, "text/csv; charset=utf-8")
    );
    let lines: Vec<&str> = all.text.split("\r\n").collect();
    assert_eq!(lines.len(), 1 + 9 + 1, "{}", all.text);
    assert!(lines[0].starts_with("id,list,status,arrived,window,"));
    let fields = format!("{evil},demo/support,cancelled,");
    assert!(lines[1].starts_with(&fields), "{}", lines[1]);
    assert!(lines[1].contains(",+46701234561,"), "{}", lines[1]);
    assert!(
        lines[1].contains(",\"'=HYPERLINK(\"\"x\"\"), sa han\","),
        "{}",
        lines[1]
    );
    assert!(!all.text.contains("4711815") && !all.text.contains("other/"));
    let open = eva.get("/callbacks/export?status=not-handled").await;
    assert_eq!(open.text.lines().count(), 1 + 8);
}

#[tokio::test]
async fn all_that_is_kept_of_a_number_is_told_to_an_administrator_and_nothing_less_than_all() {
    let world = World::new();
    let entry = world.office.wish("demo/support", "+46701234567", 1);
    world.office.wish("demo/support", "+46701234568", 2);
    world.office.wish("other/support", "+46701234567", 3);
    let body = json!({ "number": "+46701234567" });
    let admin = world.log_in("admin").await;
    let told = admin.post("/exports", body.clone()).await;
    assert_eq!(told.status, StatusCode::OK, "{told:?}");
    let callbacks = told.json["callbacks"].as_array().unwrap();
    assert_eq!(callbacks.len(), 1);
    assert_eq!(callbacks[0]["id"], entry.to_string());
    assert_eq!(callbacks[0]["keyed"], "4711815");
    assert_eq!(
        callbacks[0]["history"][0]["what"],
        format!("{entry} is due")
    );
    let supervisor = world.log_in("eva").await;
    let refused = supervisor.post("/exports", body.clone()).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let elsewhere = json!({ "number": "+46701234567", "organisation": "other" });
    assert_eq!(
        admin.post("/exports", elsewhere).await.status,
        StatusCode::FORBIDDEN
    );
    world.office.is_storage_away.store(true, Ordering::Relaxed);
    let refused = admin.post("/exports", body).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
}
