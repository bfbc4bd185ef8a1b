//! Every way in, and every kind of person who may come by it: made of the document, so that none is left out.

use crate::calls::answered_by;
use crate::client::World;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use web::{Keeping, TokenRow};

/// Where the table stands.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api.md");
const BEGINS: &str = "<!-- every way in: UPDATE=1 cargo nextest run --workspace --test api -->\n";
const ENDS: &str = "<!-- end of every way in -->";

/// Those who come, by what they are, the least first; the last is no less than an administrator, of another organisation.
const COMERS: [(&str, &str); 6] = [
    ("nobody", ""),
    ("agent", "demo/anna"),
    ("supervisor", "demo/eva"),
    ("administrator", "demo/admin"),
    ("operator", ""),
    ("another's", "other/admin"),
];

/// Somebody who comes, with his token.
struct Comer {
    what: &'static str,
    pass: Option<(String, TokenRow)>,
}

async fn comers() -> Vec<Comer> {
    let world = World::new();
    let operator = world.log_in("operator").await;
    let mut comers = Vec::new();
    for (what, user) in COMERS {
        let mut pass = None;
        if what != "nobody" {
            let mut wanted = json!({ "name": what, "days": 1 });
            if !user.is_empty() {
                wanted["user"] = user.into();
            }
            let made = operator.post("/tokens", wanted).await;
            let secret = made.json["secret"].as_str().unwrap().to_owned();
            let row = match world.office.kept.lock().unwrap().last() {
                Some(Keeping::Keep(row)) => row.clone(),
                other => panic!("{other:?}"),
            };
            pass = Some((secret, row));
        }
        comers.push(Comer { what, pass });
    }
    comers
}

/// What a field of that name may be, where the document has no example: all that is named is `demo`'s.
fn sample(field: &str) -> Value {
    match field {
        "agent" | "user" => "demo/anna".into(),
        "organisation" => "demo".into(),
        "device" => "desk-phone".into(),
        "days" => 1.into(),
        "text" | "name" => "x".into(),
        other => panic!("a field that is required and has no example: {other}"),
    }
}

/// A body with all that is required, and with whom and what it is about.
pub(crate) fn body(document: &Value, operation: &Value) -> Value {
    let content = operation.pointer("/requestBody/content/application~1json/schema");
    let Some(schema) = content else {
        return Value::Null;
    };
    let referred = |schema: &Value| {
        let to = schema["$ref"].as_str()?.to_owned();
        document.pointer(to.strip_prefix('#')?).cloned()
    };
    let either = schema["oneOf"].as_array().into_iter().flatten();
    let schema = either.chain([schema]).find_map(referred).unwrap();
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut body = Map::new();
    for (field, property) in schema["properties"].as_object().unwrap() {
        let is_about = ["agent", "user", "organisation"].contains(&field.as_str());
        if is_about || required.contains(&field.as_str()) {
            let value = match &property["example"] {
                Value::Null => sample(field),
                example => example.clone(),
            };
            body.insert(field.clone(), value);
        }
    }
    Value::Object(body)
}

/// A path with something in each of its places: all of it is `demo`'s.
pub(crate) fn filled(path: &str, entry: &str, token: &str) -> String {
    let path = path
        .replace("{callback}", entry)
        .replace("{leg}", "l3-1-2")
        .replace("{caller}", "c3-0-17")
        .replace("{call}", crate::calls::ID)
        .replace("{token}", token)
        .replace("{organisation}", "demo")
        .replace("{queue}", "support")
        .replace("{user}", "anna")
        .replace("{name}", "organisation.toml")
        .replace("{quick_close}", "1")
        .replace("{prompt}", "queue-welcome");
    assert!(!path.contains('{'), "what is to stand in {path}?");
    path
}

/// Asks, in a world where anna staffs a list with one callback, and gives the status and what is said.
async fn answer(
    comers: &[Comer],
    comer: &Comer,
    (method, path, body): (&str, &str, &Value),
) -> (StatusCode, String) {
    let world = World::new();
    *world.office.calls.lock().unwrap() = vec![answered_by("demo/anna")];
    let rows = comers.iter().filter_map(|comer| comer.pass.as_ref());
    let rows = rows.map(|(_, row)| Keeping::Keep(row.clone()));
    world.desk.take_up(rows);
    let entry = world.office.wish("demo/support", "+46701234567", 1);
    let of_annas = comers.iter().find(|comer| comer.what == "agent").unwrap();
    let (secret, token) = of_annas.pass.as_ref().unwrap();
    let anna = world.with_token(secret);
    let staffs = anna.post("/lists/log-in", json!({})).await;
    assert_eq!(staffs.status, StatusCode::NO_CONTENT);
    let path = filled(path, &entry.to_string(), &token.id);
    let method: Method = method.to_uppercase().parse().unwrap();
    let mut request = Request::builder().method(method).uri(path);
    if let Some((secret, _)) = &comer.pass {
        request = request.header(header::AUTHORIZATION, format!("Bearer {secret}"));
    }
    let request = match body {
        Value::Null => request.body(Body::empty()),
        body => request
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string())),
    };
    let response = world.send(request.unwrap()).await;
    let (parts, body) = response.into_parts();
    let kind = parts.headers.get(header::CONTENT_TYPE);
    // A stream has no end; what it tells to whom is tested elsewhere.
    let is_stream = kind.is_some_and(|kind| kind == "text/event-stream");
    let said = match is_stream {
        true => Vec::new(),
        false => body.collect().await.unwrap().to_bytes().to_vec(),
    };
    // A sound is no text.
    (parts.status, String::from_utf8_lossy(&said).into_owned())
}

/// What a cell says: that he may, or with what he is refused.
fn expected(least: &str, comer: &Comer) -> Option<StatusCode> {
    let rank = |what: &str| match what {
        "another's" => 3,
        what => COMERS.iter().position(|(own, _)| *own == what).unwrap(),
    };
    let least = if least == "anybody" { "nobody" } else { least };
    match rank(comer.what) < rank(least) {
        true if comer.what == "nobody" => Some(StatusCode::UNAUTHORIZED),
        true => Some(StatusCode::FORBIDDEN),
        false => None,
    }
}

#[tokio::test]
async fn every_way_in_is_for_those_whom_it_names_and_for_nobody_else() {
    let document = serde_json::to_value(web::document()).unwrap();
    let comers = comers().await;
    let mut table = String::from("\n| Way in | What it does |");
    for comer in &comers {
        let _ = write!(table, " {} |", comer.what);
    }
    table += &format!("\n|---|---|{}\n", "---|".repeat(comers.len()));
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let way = format!("{} {path}", method.to_uppercase());
            let least = operation["x-role"]
                .as_str()
                .unwrap_or_else(|| panic!("{way} says for whom it is"));
            let short = way.replace("/api/v1", "");
            let says = operation["summary"].as_str().unwrap().replace('\n', " ");
            let _ = write!(table, "| `{short}` | {says} |");
            let body = body(&document, operation);
            let refused = [
                StatusCode::UNAUTHORIZED,
                StatusCode::FORBIDDEN,
                StatusCode::NOT_FOUND,
            ];
            for comer in &comers {
                let (status, said) = answer(&comers, comer, (method, path, &body)).await;
                let what = format!("{way} by {}: {status} {said}", comer.what);
                let is_refused = refused.contains(&status);
                match expected(least, comer) {
                    Some(expected) => assert_eq!(status, expected, "{what}"),
                    None if comer.what == "another's" => {
                        let tells = ["demo/", "+4670", "\"b1\""]
                            .iter()
                            .any(|it| said.contains(it));
                        assert!(is_refused || least == "anybody" || !tells, "{what}");
                    }
                    None => assert!(!is_refused, "{what}"),
                }
                assert!(!status.is_server_error(), "{what}");
                let cell = match is_refused {
                    true => status.as_u16().to_string(),
                    false if comer.what == "another's" => "his own".to_owned(),
                    false => "yes".to_owned(),
                };
                let _ = write!(table, " {cell} |");
            }
            table.push('\n');
        }
    }
    table.push('\n');
    holds_in_the_page(&table);
}

/// The table is what the page has; or it is written there.
fn holds_in_the_page(table: &str) {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(BEGINS).unwrap();
    let (written, after) = rest.split_once(ENDS).unwrap();
    if std::env::var_os("UPDATE").is_some() {
        let page = format!("{before}{BEGINS}{table}{ENDS}{after}");
        std::fs::write(PAGE, page).unwrap();
        return;
    }
    assert_eq!(
        written, table,
        "docs/api.md: UPDATE=1 cargo nextest run --workspace --test api writes it anew"
    );
}
