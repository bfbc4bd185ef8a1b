//! Looking at what queues and agents came to.

use crate::client::{Answer, World};
use axum::http::{HeaderValue, Method, header};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use std::time::Duration;
use web::{FiguresAsked, FiguresMoment, FiguresRows, FiguresStep, MomentsWritten};

fn asked(world: &World) -> FiguresAsked {
    world.office.asked_of_figures.lock().unwrap().pop().unwrap()
}

fn names(answer: &Answer, of: &str, field: &str) -> Vec<String> {
    let rows = answer.json[of].as_array().unwrap().iter();
    let name = |row: &Value| row[field].as_str().unwrap().to_owned();
    rows.map(name).collect()
}

#[tokio::test]
async fn figures_are_asked_for_as_they_are_written_and_each_is_told_of_what_he_sees() {
    let world = World::new();
    for (who, queues, agents) in [
        ("anna", &["demo/support"][..], &["demo/anna"][..]),
        ("bosse", &["demo/sales", "demo/support"], &["demo/anna"]),
        ("eva", &["demo/sales", "demo/support"], &["demo/anna"]),
        ("admin@other.localhost", &["other/support"], &["other/anna"]),
        (
            "operator",
            &["demo/sales", "demo/support", "other/support"],
            &["demo/anna", "other/anna"],
        ),
    ] {
        let answer = world.log_in(who).await.get("/figures").await;
        assert_eq!(answer.status, 200, "{who}: {answer:?}");
        assert_eq!(names(&answer, "queues", "queue"), queues, "{who}");
        assert_eq!(names(&answer, "agents", "agent"), agents, "{who}");
    }
    let usual = FiguresAsked {
        queue: None,
        from: None,
        to: None,
        by: None,
        rows: FiguresRows::Queues,
        written: MomentsWritten::WithOffset,
    };
    assert_eq!(asked(&world), usual);
    let anna = world.log_in("anna").await;
    let all = "/figures?from=2026-11-16&to=2026-11-18T09:00:00%2B01:00&by=interval&queue=demo/support&rows=together&format=json";
    let answer = anna.get(all).await;
    assert_eq!(names(&answer, "queues", "queue"), ["demo/support"]);
    let (from, to) = (
        "2026-11-16".parse().unwrap(),
        "2026-11-18T08:00:00Z".parse().unwrap(),
    );
    let expected = FiguresAsked {
        queue: Some("demo/support".parse().unwrap()),
        from: Some(FiguresMoment::Day(from)),
        to: Some(FiguresMoment::At(to)),
        by: Some(FiguresStep::Interval),
        rows: FiguresRows::Together,
        ..usual
    };
    assert_eq!(asked(&world), expected);
    for (hidden, status) in [
        ("queue=demo/sales", 404),
        ("queue=other/support", 404),
        ("queue=nowhere", 422),
        ("by=minute", 422),
        ("from=yesterday", 422),
        ("from=2026-11-18T08:00", 422),
        ("since=2026-11-18", 422),
    ] {
        let answer = anna.get(&format!("/figures?{hidden}")).await;
        assert_eq!(answer.status, status, "{hidden}");
        let kind = &answer.headers[header::CONTENT_TYPE];
        assert_eq!(kind, "application/problem+json", "{hidden}");
    }
    assert_eq!(world.office.asked_of_figures.lock().unwrap().len(), 4);
    world.office.is_storage_away.store(true, Ordering::Relaxed);
    assert_eq!(anna.get("/figures").await.status, 503);
}

#[tokio::test]
async fn as_a_table_they_have_moments_by_the_clock_there_and_are_a_file() {
    let world = World::new();
    let eva = world.log_in("eva").await;
    let by_name = eva.get("/figures?format=csv").await;
    let mut request = eva.request(crate::client::ask(Method::GET, "/figures?rows=agents"));
    let accept = HeaderValue::from_static("text/csv;q=0.9, application/json;q=0.1");
    request.headers_mut().insert(header::ACCEPT, accept);
    let by_header = world.answer(request).await;
    for answer in [&by_name, &by_header] {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(
            answer.headers[header::CONTENT_TYPE],
            "text/csv; charset=utf-8"
        );
        let named = "attachment; filename=\"figures.csv\"";
        assert_eq!(answer.headers[header::CONTENT_DISPOSITION], named);
        assert_eq!(asked(&world).written, MomentsWritten::AsShown);
    }
    let lines: Vec<&str> = by_name.text.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].starts_with("from,to,zone,organisation,queue,entered,answered,"));
    assert!(
        lines[1].contains(",Europe/Stockholm,demo,sales,1,0,"),
        "{}",
        lines[1]
    );
    let agents = by_header.text.lines().nth(1).unwrap();
    assert!(
        agents.ends_with(",Europe/Stockholm,demo,anna,1,0,0,0,1,90,0"),
        "{agents}"
    );
}

#[tokio::test]
async fn of_one_account_figures_are_read_one_at_a_time_and_others_do_not_wait_for_it() {
    let world = World::new();
    let (anna, bosse) = (world.log_in("anna").await, world.log_in("bosse").await);
    let storage_hangs = world.office.journal.lock().await;
    let begun = || world.office.asked_of_figures.lock().unwrap().len();
    let mut hers: Vec<_> = (0..4).map(|_| Box::pin(anna.get("/figures"))).collect();
    for one in &mut hers {
        // Polled, and nothing comes of it.
        assert!(tokio::time::timeout(Duration::ZERO, one).await.is_err());
    }
    assert_eq!(begun(), 1);
    let refused = anna.get("/figures").await;
    assert_eq!(refused.status, 429, "{refused:?}");
    assert!(refused.headers.contains_key(header::RETRY_AFTER));
    let mut his = Box::pin(bosse.get("/figures"));
    assert!(
        tokio::time::timeout(Duration::ZERO, &mut his)
            .await
            .is_err()
    );
    assert_eq!(begun(), 2);
    drop(storage_hangs);
    // Whoever goes away leaves his place to those behind him.
    drop(hers.remove(0));
    assert_eq!(his.await.json["zone"], json!("Europe/Stockholm"));
    for one in hers {
        assert_eq!(one.await.status, 200);
    }
    assert_eq!(begun(), 5);
}
