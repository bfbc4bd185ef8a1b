//! The pages beside the API: what they take the API to be is what it is.

use crate::client::World;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::path::Path;

/// The description that the pages' types are made of.
fn description() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/openapi.json")
}

fn described() -> Value {
    serde_json::to_value(web::document()).unwrap()
}

/// Where something of the one is not in the other. What a person reads may differ, and there may be more.
fn lacks(place: &str, here: &Value, there: &Value) -> Vec<String> {
    match (here, there) {
        (Value::Object(here), Value::Object(there)) => {
            let each = here.iter().filter(|(key, _)| !is_prose(key, here));
            let each = each.map(|(key, here)| {
                let there = there.get(key).unwrap_or(&Value::Null);
                lacks(&format!("{place}/{key}"), here, there)
            });
            each.flatten().collect()
        }
        (Value::Array(here), Value::Array(there)) => {
            let missing = here.iter().filter(|one| {
                let has = |other: &Value| lacks("", one, other).is_empty();
                !there.iter().any(has)
            });
            missing.map(|one| format!("{place}: {one}")).collect()
        }
        (here, there) if here == there => Vec::new(),
        (here, there) => vec![format!("{place}: expected {here}, came {there}")],
    }
}

/// Whether that is for people; properties may be called so too, and are objects then.
fn is_prose(key: &str, of: &Map<String, Value>) -> bool {
    let names = [
        "description",
        "summary",
        "title",
        "example",
        "license",
        "version",
    ];
    names.contains(&key) && !of[key].is_object() || key == "license"
}

#[test]
fn the_api_has_all_that_the_pages_take_it_to_have() {
    let live = described();
    if std::env::var_os("UPDATE").is_some() {
        let text = serde_json::to_string_pretty(&live).unwrap();
        std::fs::write(description(), text + "\n").unwrap();
    }
    let text = std::fs::read_to_string(description()).unwrap();
    let of_pages: Value = serde_json::from_str(&text).unwrap();
    let missing = lacks("", &of_pages, &live);
    assert!(
        missing.is_empty(),
        "mend the pages, then `UPDATE=1 cargo nextest run -p web pages::`:\n{}",
        missing.join("\n")
    );
}

#[test]
fn what_the_api_lacks_is_found() {
    let (mut of_pages, live) = (described(), described());
    of_pages["components"]["schemas"]["CallbackRow"]["properties"]["colour"] =
        serde_json::json!({ "type": "string" });
    let missing = lacks("", &of_pages, &live);
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert!(missing[0].contains("CallbackRow/properties/colour"));
    assert!(lacks("", &live, &of_pages).is_empty());
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let live = described();
    let paths = live["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|path| path.as_object().unwrap().values());
    let names: Vec<&str> = operations
        .filter_map(|operation| operation["operationId"].as_str())
        .collect();
    assert!(names.len() > 20, "{names:?}");
    let different: BTreeSet<&&str> = names.iter().collect();
    assert_eq!(different.len(), names.len(), "{names:?}");
}

#[tokio::test]
async fn pages_are_at_the_root_and_hide_nothing_of_the_api() {
    let world = World::new();
    let ask = |method: Method, path: &str| {
        let request = Request::builder().method(method).uri(path);
        world.send(request.body(Body::empty()).unwrap())
    };
    let root = ask(Method::GET, "/").await;
    assert_eq!(root.status(), StatusCode::OK);
    assert!(root.headers().contains_key(header::CONTENT_SECURITY_POLICY));
    for path in [
        "/nothing",
        "/api/v1/nothing",
        "/assets/nothing.js",
        "/index.html/",
    ] {
        let answer = ask(Method::GET, path).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        let kind = &answer.headers()[header::CONTENT_TYPE];
        assert_eq!(kind, "application/problem+json", "{path}");
    }
    assert_eq!(ask(Method::POST, "/").await.status(), StatusCode::NOT_FOUND);
}
