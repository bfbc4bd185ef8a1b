//! Whatever is wrong is a problem document, and the document of the API is whole.

use crate::client::{World, ask, post};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};

#[tokio::test]
async fn every_refusal_is_a_problem_document() {
    let world = World::new();
    let anna = world.log_in("anna").await;
    let raw = |body: &str| {
        let mut request = anna.request(post("/lists/log-in", json!({})));
        *request.body_mut() = Body::from(body.to_owned());
        request
    };
    let mut as_text = raw("{}");
    let kind = "text/plain".parse().unwrap();
    as_text.headers_mut().insert(header::CONTENT_TYPE, kind);
    let long = format!("{{\"list\":\"{}\"}}", "a".repeat(100_000));
    let elsewhere = Request::builder()
        .uri("/elsewhere")
        .body(Body::empty())
        .unwrap();
    let cases = [
        (ask(Method::GET, "/callbacks").body_of(), 401),
        (anna.request(ask(Method::GET, "/nowhere")), 404),
        (elsewhere, 404),
        (anna.request(ask(Method::GET, "/callbacks/b99")), 404),
        (anna.request(ask(Method::GET, "/callbacks/x")), 404),
        (anna.request(ask(Method::PUT, "/callbacks")), 405),
        (as_text, 415),
        (raw("{"), 400),
        (raw("[]"), 422),
        (raw("[null,null]"), 422),
        (raw("{\"unknown\":1}"), 422),
        (raw("{\"list\":\"no slash\"}"), 422),
        (raw(&long), 413),
        (
            anna.request(ask(Method::GET, "/callbacks?sort=colour")),
            422,
        ),
        (anna.request(ask(Method::GET, "/callbacks?rows=0")), 422),
        (anna.request(ask(Method::GET, "/callbacks?colour=1")), 422),
        (anna.request(ask(Method::GET, "/calls/0f-c0-0-1")), 404),
        (anna.request(ask(Method::GET, "/calls?rows=200")), 422),
        (anna.request(ask(Method::GET, "/calls?from=yesterday")), 422),
        (anna.request(ask(Method::GET, "/calls?number=%00")), 422),
        (
            anna.request(ask(Method::GET, "/callbacks?status=lost")),
            422,
        ),
    ];
    for (request, status) in cases {
        let what = format!("{} {}", request.method(), request.uri());
        let answer = world.answer(request).await;
        assert_eq!(answer.status.as_u16(), status, "{what} {answer:?}");
        assert_eq!(
            answer.headers[header::CONTENT_TYPE],
            "application/problem+json",
            "{what}"
        );
        assert_eq!(answer.json["status"], status, "{what}");
        assert!(answer.json["detail"].is_string(), "{what}");
        if status == 405 {
            assert!(answer.headers.contains_key(header::ALLOW), "{what}");
        }
    }
}

#[tokio::test]
async fn where_nothing_has_to_be_said_a_request_needs_no_body() {
    let world = World::new();
    let entry = world.office.wish("demo/support", "+46701234567", 1);
    let anna = world.log_in("anna").await;
    let empty = |path: &str| anna.request(ask(Method::POST, path));
    let staffs = world.answer(empty("/lists/log-in")).await;
    assert_eq!(staffs.status, StatusCode::NO_CONTENT, "{staffs:?}");
    let leased = world
        .answer(empty(&format!("/callbacks/{entry}/lease")))
        .await;
    assert_eq!(leased.json["callback"]["held_by"], "demo/anna");
    // Where something has to be said it is missed.
    let noted = world
        .answer(empty(&format!("/callbacks/{entry}/note")))
        .await;
    assert_eq!(noted.status, StatusCode::UNPROCESSABLE_ENTITY);
    let detail = noted.json["detail"].as_str().unwrap();
    assert!(detail.contains("text"), "{detail}");
}

#[tokio::test]
async fn the_document_names_everything_it_refers_to() {
    let document = serde_json::to_value(web::document()).unwrap();
    let mut open = vec![&document];
    let mut references = 0;
    while let Some(value) = open.pop() {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(to)) = fields.get("$ref") {
                    let pointer = to.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{to}");
                    references += 1;
                }
                open.extend(fields.values());
            }
            Value::Array(values) => open.extend(values),
            _ => {}
        }
    }
    assert!(references > 50);
}
