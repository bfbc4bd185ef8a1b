//! Live changes.

use crate::client::{Client, World, ask};
use axum::body::Body;
use axum::http::{Method, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::time::Duration;
use web::{Change, Office, Staffing};

/// Longest that an event may take: it is there at once.
const SOON: Duration = Duration::from_secs(10);

pub(crate) struct Stream(Body, String);

/// One event.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) id: String,
    pub(crate) event: String,
    pub(crate) data: Value,
}

impl Stream {
    pub(crate) async fn open(world: &World, client: &Client<'_>, query: &str) -> Stream {
        let request = client.request(ask(Method::GET, &format!("/events{query}")));
        let response = world.send(request).await;
        assert_eq!(response.status(), StatusCode::OK);
        Stream(response.into_body(), String::new())
    }

    /// The next event; none when the stream is over. Comments are passed over, and one's own calls, which are told to begin with.
    pub(crate) async fn next(&mut self) -> Option<Heard> {
        loop {
            let heard = self.next_of_all().await?;
            if heard.event != "own-calls" {
                return Some(heard);
            }
        }
    }

    /// The next event, whatever it is.
    pub(crate) async fn next_of_all(&mut self) -> Option<Heard> {
        loop {
            if let Some((event, rest)) = self.1.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.1 = rest;
                let mut heard = Heard::default();
                for (field, value) in event.lines().filter_map(|line| line.split_once(": ")) {
                    match field {
                        "id" => heard.id = value.to_owned(),
                        "event" => heard.event = value.to_owned(),
                        "data" => heard.data = serde_json::from_str(value).unwrap(),
                        _ => {}
                    }
                }
                if !heard.event.is_empty() {
                    return Some(heard);
                }
                continue;
            }
            let frame = tokio::time::timeout(SOON, self.0.frame()).await.unwrap()?;
            let bytes = frame.unwrap().into_data().unwrap();
            self.1.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }
}

#[tokio::test]
async fn whoever_comes_back_with_the_last_id_hears_what_he_missed() {
    let world = World::new();
    let anna = world.log_in("anna").await;
    let page = anna.get("/callbacks").await;
    let since = page.json["event"].as_str().unwrap().to_owned();
    let first = world.office.wish("demo/support", "+46701234561", 1);
    let mut stream = Stream::open(&world, &anna, &format!("?since={since}")).await;
    let heard = stream.next().await.unwrap();
    assert_eq!(
        (&*heard.event, &heard.data["id"]),
        ("callback", &json!(first.to_string()))
    );
    drop(stream);
    let second = world.office.wish("demo/support", "+46701234562", 2);
    let mut request = anna.request(ask(Method::GET, "/events"));
    request
        .headers_mut()
        .insert("last-event-id", heard.id.parse().unwrap());
    let mut stream = Stream(world.send(request).await.into_body(), String::new());
    let mut ids = Vec::new();
    while ids.last() != Some(&second.to_string()) {
        ids.push(
            stream.next().await.unwrap().data["id"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    assert!(
        ids.iter()
            .all(|id| *id == second.to_string() || *id == first.to_string())
    );
    // What happens while he listens.
    let third = world.office.wish("demo/support", "+46701234563", 3);
    while stream.next().await.unwrap().data["id"] != third.to_string() {}
}

#[tokio::test]
async fn whoever_was_away_too_long_is_told_to_read_anew() {
    let world = World::new();
    let anna = world.log_in("anna").await;
    for since in ["6-0", "nonsense", "7-999"] {
        let mut stream = Stream::open(&world, &anna, &format!("?since={since}")).await;
        let heard = stream.next().await.unwrap();
        assert_eq!(heard.event, "resync", "{since}");
        if since == "6-0" {
            let entry = world.office.wish("demo/support", "+46701234567", 1);
            assert_eq!(stream.next().await.unwrap().data["id"], entry.to_string());
        }
    }
}

#[tokio::test]
async fn whoever_comes_back_hears_no_number_that_was_erased_meanwhile() {
    let world = World::new();
    let anna = world.log_in("anna").await;
    let page = anna.get("/callbacks").await;
    let since = page.json["event"].as_str().unwrap().to_owned();
    let gone = world.office.wish("demo/support", "+46701234561", 1);
    let stays = world.office.wish("demo/support", "+46701234562", 2);
    world.office.erase("demo/support", gone);
    let mut stream = Stream::open(&world, &anna, &format!("?since={since}")).await;
    let (mut heard_of_it, mut seen) = (0, Vec::new());
    // It is told as erased where its row was, and at the end.
    while seen.last() != Some(&gone.to_string()) || !seen.contains(&stays.to_string()) {
        let heard = stream.next().await.unwrap();
        let id = heard.data["id"].as_str().unwrap().to_owned();
        if id == gone.to_string() {
            assert_eq!(heard.event, "erased", "{heard:?}");
            heard_of_it += 1;
        }
        assert!(!heard.data.to_string().contains("701234561"), "{heard:?}");
        seen.push(id);
    }
    assert!(heard_of_it >= 2, "{seen:?}");
    assert_eq!(seen[0], gone.to_string());
}

#[tokio::test]
async fn nobody_hears_of_lists_that_he_may_not_see() {
    let world = World::new();
    let anna = world.log_in("anna").await;
    let mut stream = Stream::open(&world, &anna, "").await;
    world.office.wish("demo/sales", "+46701234561", 1);
    world.office.wish("other/support", "+46701234562", 2);
    let own = world.office.wish("demo/support", "+46701234563", 3);
    assert_eq!(stream.next().await.unwrap().data["id"], own.to_string());
}

#[tokio::test]
async fn a_stream_ends_when_its_reader_is_logged_out() {
    let world = World::new();
    let anna = world.log_in("anna").await;
    let mut stream = Stream::open(&world, &anna, "").await;
    let entry = world.office.wish("demo/support", "+46701234561", 1);
    assert_eq!(stream.next().await.unwrap().data["id"], entry.to_string());
    anna.delete("/session").await;
    world.office.wish("demo/support", "+46701234562", 2);
    while let Some(heard) = stream.next().await {
        assert_eq!(heard.data["id"], entry.to_string());
    }
}

#[tokio::test]
async fn one_account_has_so_many_streams() {
    let world = World::new();
    let anna = world.log_in("anna").await;
    let mut open = Vec::new();
    let refused = loop {
        let response = world.send(anna.request(ask(Method::GET, "/events"))).await;
        if response.status() != StatusCode::OK {
            break response.status();
        }
        open.push(response);
        assert!(open.len() < 100);
    };
    assert_eq!(refused, StatusCode::TOO_MANY_REQUESTS);
    open.pop();
    let response = world.send(anna.request(ask(Method::GET, "/events"))).await;
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn who_staffs_a_list_is_told_to_those_who_see_it() {
    let world = World::new();
    let (eva, anna) = (world.log_in("eva").await, world.log_in("anna").await);
    let mut stream = Stream::open(&world, &eva, "").await;
    let mut annas = Stream::open(&world, &anna, "").await;
    let told = |list: &str, staffing| Change::Staff {
        agent: "demo/bosse".parse().unwrap(),
        list: list.parse().unwrap(),
        staffing,
    };
    for (list, staffing) in [
        ("demo/sales", Staffing::Begins),
        ("demo/support", Staffing::Ends),
    ] {
        world.office.changes().push(told(list, staffing));
    }
    let heard = stream.next().await.unwrap();
    let begins = json!({ "list": "demo/sales", "agent": "demo/bosse", "staffs": true });
    assert_eq!((&*heard.event, heard.data), ("staff", begins));
    let ends = json!({ "list": "demo/support", "agent": "demo/bosse", "staffs": false });
    assert_eq!(stream.next().await.unwrap().data, ends);
    // The first list is none of hers.
    assert_eq!(annas.next().await.unwrap().data, ends);
}
