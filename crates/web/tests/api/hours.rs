//! When queues let callers in, and why.

use crate::client::World;
use serde_json::{Value, json};

#[tokio::test]
async fn a_queue_says_whether_it_is_open_why_until_when_and_when_it_opens_next() {
    let world = World::new();
    let anna = world.log_in("anna").await;
    let at = async |moment: &str| {
        let path = format!("/queues/demo/support/hours?at={moment}");
        let answer = anna.get(&path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json["moment"].clone()
    };
    for (moment, is_open, decided_by, name, until, opens) in [
        (
            "2026-11-27T10:00",
            true,
            "schedule",
            json!(null),
            "2026-11-27T17:00:00+01:00",
            "2026-11-30T08:00:00+01:00",
        ),
        (
            "2026-12-25T10:00",
            false,
            "holiday",
            json!("Juldagen"),
            "2026-12-28T08:00:00+01:00",
            "2026-12-28T08:00:00+01:00",
        ),
    ] {
        let told = at(moment).await;
        assert_eq!(told["is_open"], is_open, "{told}");
        assert_eq!(told["decided_by"], decided_by, "{told}");
        assert_eq!(told["day"]["name"], name, "{told}");
        assert_eq!(
            (&told["until"], &told["opens"]),
            (&json!(until), &json!(opens))
        );
    }
    assert_eq!(
        at("2026-11-27T10:00").await["day"]["rules"],
        json!(["mon-fri"])
    );
    // An hour from now somebody closes it.
    let told = at("2026-11-18T13:30").await;
    assert_eq!(told["decided_by"], "quick-close", "{told}");
    assert_eq!(told["quick_close"]["by"], "demo/eva");
    assert_eq!(told["until"], "2026-11-18T14:06:40+01:00");
}

#[tokio::test]
async fn a_week_has_all_its_days_and_a_year_those_that_differ_and_every_holiday() {
    let world = World::new();
    let eva = world.log_in("eva").await;
    let asked = async |query: &str| {
        let path = format!("/queues/demo/support/hours?{query}");
        eva.get(&path).await.json
    };
    let week = asked("week=2026-11-16").await;
    let days = week["days"].as_array().unwrap();
    assert_eq!(days.len(), 7);
    let open = |day: &Value| day["open"].as_array().unwrap().len();
    assert_eq!(days.iter().map(open).sum::<usize>(), 5);
    assert_eq!(days[0]["date"], "2026-11-16");
    assert_eq!(
        days[0]["open"],
        json!([{ "from": "08:00", "until": "17:00" }])
    );
    assert_eq!(week["quick_closes"][0]["id"], 1);
    assert_eq!(asked("week=2026-11-23").await["quick_closes"], json!([]));
    let year = asked("year=2026").await;
    let of = |date: &str| {
        let days = year["days"].as_array().unwrap();
        days.iter().find(|day| day["date"] == date).cloned()
    };
    // A Friday; and a Saturday, on which it is closed anyway.
    let (christmas, boxing) = (of("2026-12-25").unwrap(), of("2026-12-26").unwrap());
    assert_eq!(
        (&christmas["name"], &christmas["differs"]),
        (&json!("Juldagen"), &json!(true))
    );
    assert_eq!(
        (&boxing["name"], &boxing["differs"]),
        (&json!("Annandag jul"), &json!(false))
    );
    assert!(of("2026-11-27").is_none());
    let always = eva.get("/queues/demo/sales/hours?year=2026").await.json;
    assert_eq!(always["hours"], json!(null));
    assert_eq!(always["days"], json!([]));
    assert_eq!(always["moment"]["decided_by"], "nothing");
    assert_eq!(always["moment"]["is_open"], true);
}

#[tokio::test]
async fn hours_are_told_to_whoever_sees_the_queue_and_asked_for_as_they_are_written() {
    let world = World::new();
    let anna = world.log_in("anna").await;
    for (path, status) in [
        ("/queues/demo/support/hours", 200),
        ("/queues/demo/sales/hours", 404),
        ("/queues/other/support/hours", 404),
        ("/queues/demo/support/hours?at=tomorrow", 422),
        ("/queues/demo/support/hours?week=2026-W48", 422),
        ("/queues/demo/support/hours?year=1066", 422),
        ("/queues/demo/support/hours?year=2026&week=2026-11-16", 422),
    ] {
        assert_eq!(anna.get(path).await.status, status, "{path}");
    }
}
