//! Looking at records of calls.

use crate::client::World;
use axum::http::StatusCode;
use base::UserId;
use serde_json::json;
use std::sync::atomic::Ordering;
use web::{CallShown, CallSort, CallsAsked, SortOrder};

pub(crate) const ID: &str = "9f86d081884c7d65-c3-0-17";

/// A call that went on when that agent answered it.
pub(crate) fn answered_by(agent: &str) -> CallShown {
    let place = |word: &str, name: &str| (word.to_owned(), Some(name.to_owned()));
    CallShown {
        id: ID.into(),
        org: "demo".into(),
        direction: "inward".into(),
        caller: Some("+46701234567".into()),
        dialled: Some("+46850001000".into()),
        callback: Some(17),
        way: vec![place("queue", "demo/support"), place("talked", agent)],
        agent: Some(agent.into()),
        began_ms: 1_795_000_000_000,
        joined_ms: Some(1_795_000_004_500),
        ..CallShown::default()
    }
}

fn asked(world: &World) -> CallsAsked {
    world.office.asked_of_calls.lock().unwrap().take().unwrap()
}

#[tokio::test]
async fn a_page_of_calls_is_asked_for_as_it_is_written_and_each_sees_his_own() {
    let world = World::new();
    let anna = world.log_in("anna").await;
    let usual = anna.get("/calls").await;
    assert_eq!(usual.status, StatusCode::OK, "{usual:?}");
    let of_anna = asked(&world);
    let user: UserId = "demo/anna".parse().unwrap();
    assert_eq!(of_anna.whose, Some(user.clone()));
    assert_eq!(of_anna.org, Some(user.org()));
    assert_eq!(
        (of_anna.sort, of_anna.order),
        (CallSort::Began, SortOrder::Descending)
    );
    let week_ms = 7 * 86_400_000;
    assert_eq!(of_anna.until_ms - of_anna.from_ms, week_ms + 1_000);
    world.log_in("eva").await.get("/calls").await;
    let of_eva = asked(&world);
    assert_eq!((of_eva.org, of_eva.whose), (Some(user.org()), None));
    let all = "/calls?from=2026-11-28T08:00:00Z&to=2026-11-28T10:00:00%2B01:00&number=070-123%2045%2067\
               &queue=demo/support&agent=demo/anna&cause=caller-hung-up&sort=waited&order=ascending&page=2&rows=10";
    let answer = world.log_in("operator").await.get(all).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let expected = CallsAsked {
        org: None,
        whose: None,
        from_ms: 1_795_852_800_000,
        until_ms: 1_795_852_800_000 + 3_600_000,
        number: Some("070-123 45 67".into()),
        queue: Some("demo/support".parse().unwrap()),
        agent: Some(user),
        cause: Some("caller-hung-up".into()),
        sort: CallSort::Waited,
        order: SortOrder::Ascending,
        page: 2,
        rows: 10,
    };
    assert_eq!(asked(&world), expected);
}

#[tokio::test]
async fn a_page_is_of_a_quarter_of_a_year_unless_a_number_is_looked_for() {
    let world = World::new();
    let eva = world.log_in("eva").await;
    let day_ms = 86_400_000;
    let asked_for = async |query: &str| {
        let answer = eva.get(&format!("/calls?{query}")).await;
        let taken = world.office.asked_of_calls.lock().unwrap().take();
        assert_eq!(taken.is_some(), answer.status == StatusCode::OK, "{query}");
        taken.ok_or(answer)
    };
    for (query, days) in [
        ("from=2026-08-28T00:00:00Z&to=2026-11-28T00:00:00Z", 92),
        ("to=2026-11-28T00:00:00Z", 7),
        (
            "from=2020-01-01T00:00:00Z&number=070-123%2045%2067&to=2021-01-01T00:00:00Z",
            366,
        ),
    ] {
        let asked = asked_for(query).await.unwrap();
        assert_eq!(asked.until_ms - asked.from_ms, days * day_ms, "{query}");
    }
    for query in [
        "from=2026-08-27T23:59:59Z&to=2026-11-28T00:00:00Z",
        "from=2020-01-01T00:00:00Z",
        // What many numbers have in them, and what no index has.
        "from=2020-01-01T00:00:00Z&number=101",
        "from=2020-01-01T00:00:00Z&number=*21*0701234567",
    ] {
        let refused = asked_for(query).await.unwrap_err();
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        let detail = refused.json["detail"].as_str().unwrap();
        assert!(detail.contains("at most 92 days"), "{detail}");
    }
    assert_eq!(asked_for("rows=199").await.unwrap().rows, 199);
    let refused = asked_for("rows=200").await.unwrap_err();
    let detail = refused.json["detail"].as_str().unwrap();
    assert!(detail.contains("1 to 199 rows"), "{detail}");
}

#[tokio::test]
async fn whoever_has_something_read_already_is_told_to_come_again() {
    let world = World::new();
    let admin = world.log_in("admin").await;
    world.office.is_reading.store(true, Ordering::Relaxed);
    for path in ["/calls", &format!("/calls/{ID}"), "/audit"] {
        let answer = admin.get(path).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{path}");
        assert!(answer.headers.contains_key("retry-after"), "{path}");
        let detail = answer.json["detail"].as_str().unwrap();
        assert!(detail.contains("one thing is at a time"), "{detail}");
    }
}

#[tokio::test]
async fn a_call_is_shown_to_whoever_was_in_it_and_to_those_who_run_the_organisation() {
    let world = World::new();
    *world.office.calls.lock().unwrap() = vec![answered_by("demo/bosse")];
    let path = format!("/calls/{ID}");
    for (user, status) in [
        ("anna", 404),
        ("bosse", 200),
        ("eva", 200),
        ("admin@other.localhost", 404),
        ("operator", 200),
    ] {
        let answer = world.log_in(user).await.get(&path).await;
        assert_eq!(answer.status.as_u16(), status, "{user}");
    }
    let eva = world.log_in("eva").await;
    let shown = eva.get(&path).await.json;
    for (name, value) in [
        ("id", json!(ID)),
        ("organisation", json!("demo")),
        ("callback", json!("b17")),
        ("began", json!("2026-11-18T11:06:40Z")),
        ("joined", json!("2026-11-18T11:06:44.5Z")),
        ("ended", json!(null)),
        ("waited_ms", json!(4_500)),
        ("cause", json!(null)),
        (
            "way",
            json!([
                { "place": "queue", "name": "demo/support" },
                { "place": "talked", "name": "demo/bosse" },
            ]),
        ),
    ] {
        assert_eq!(shown[name], value, "{name}");
    }
    let page = eva.get("/calls").await.json;
    assert_eq!((&page["total"], &page["calls"][0]), (&json!(1), &shown));
    world.office.is_storage_away.store(true, Ordering::Relaxed);
    let away = eva.get("/calls").await;
    assert_eq!(away.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn calls_are_taken_elsewhere_as_a_table_by_a_supervisor_and_that_is_kept() {
    let world = World::new();
    let mut call = answered_by("demo/anna");
    call.caller = Some("=1+1".into());
    call.cause = Some("caller-hung-up".into());
    *world.office.calls.lock().unwrap() = vec![call.clone()];
    let anna = world.log_in("anna").await;
    let refused = anna.get("/calls/export").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let eva = world.log_in("eva").await;
    let table = eva
        .get("/calls/export?queue=demo/support&page=3&rows=10")
        .await;
    assert_eq!(table.status, StatusCode::OK, "{table:?}");
    let asked = asked(&world);
    assert_eq!((asked.page, asked.rows), (0, 20_000), "all pages");
    assert_eq!(asked.queue, Some("demo/support".parse().unwrap()));
    let lines: Vec<&str> = table.text.split("\r\n").collect();
    assert!(lines[0].starts_with("id,organisation,direction,caller,"));
    let row = "9f86d081884c7d65-c3-0-17,demo,inward,'=1+1,,+46850001000,,b17,,demo/anna,";
    assert!(lines[1].starts_with(row), "{}", lines[1]);
    assert!(lines[1].ends_with(",4500,0,caller-hung-up"), "{}", lines[1]);
    let deeds = world.office.deeds.lock().unwrap().clone();
    assert_eq!(deeds[0].what, "exports calls");
    assert_eq!(deeds[0].org, asked.org);
}

#[tokio::test]
async fn no_table_is_made_of_more_calls_than_may_be_and_a_cause_is_a_word() {
    let world = World::new();
    *world.office.calls.lock().unwrap() = vec![answered_by("demo/anna"); 20_001];
    let eva = world.log_in("eva").await;
    let refused = eva.get("/calls/export").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.text.contains("ask for a shorter time"),
        "{refused:?}"
    );
    assert!(world.office.deeds.lock().unwrap().is_empty());
    for (cause, status) in [
        ("caller-hung-up", StatusCode::OK),
        ("", StatusCode::OK),
        ("Hung%20up", StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let answer = eva.get(&format!("/calls?cause={cause}")).await;
        assert_eq!(answer.status, status, "{cause:?}");
    }
}

#[tokio::test]
async fn the_messages_of_a_call_are_shown_to_who_administers_it_and_to_nobody_else() {
    let world = World::new();
    *world.office.calls.lock().unwrap() = vec![answered_by("demo/anna")];
    let path = format!("/calls/{ID}/ladder");
    let admin = world.log_in("admin").await;
    let ladder = admin.get(&path).await;
    assert_eq!(ladder.status, StatusCode::OK, "{ladder:?}");
    let first = &ladder.json["messages"][0];
    assert_eq!(first["first_line"], format!("INVITE of {ID}"));
    for (who, status) in [
        ("eva", StatusCode::FORBIDDEN),
        ("admin@other.localhost", StatusCode::NOT_FOUND),
        ("operator", StatusCode::OK),
    ] {
        let answer = world.log_in(who).await.get(&path).await;
        assert_eq!(answer.status, status, "{who}");
    }
    let none = admin.get("/calls/9f86d081884c7d65-c3-0-18/ladder").await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}
