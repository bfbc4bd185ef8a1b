//! By which way a request comes, and from whose page: what comes plainly from elsewhere, or was sent by another site's page,
//! has nothing done; on every way in, as the document has them.

use crate::client::{Answer, World, ask, post};
use crate::matrix::{body, filled};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use web::{Carried, Peer};

fn from(address: &str, carried: Carried, mut request: Request<Body>) -> Request<Body> {
    let peer = Peer::elsewhere(format!("{address}:4711").parse().unwrap(), carried);
    request.extensions_mut().insert(ConnectInfo(peer));
    request
}

fn with(mut request: Request<Body>, pairs: &[(&'static str, &str)]) -> Request<Body> {
    for (name, value) in pairs {
        let value = HeaderValue::from_str(value).unwrap();
        request
            .headers_mut()
            .insert(HeaderName::from_static(name), value);
    }
    request
}

fn log_in() -> Request<Body> {
    post(
        "/session",
        json!({ "user": "anna", "password": "demo-anna" }),
    )
    .body_of()
}

fn cookie(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.headers[header::SET_COOKIE]
        .to_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn what_comes_plainly_from_another_machine_is_not_answered_unless_by_a_proxy() {
    let world = World::new();
    let page = || Request::builder().uri("/").body(Body::empty()).unwrap();
    let asks: [fn() -> Request<Body>; 2] = [log_in, || ask(Method::GET, "/me").body_of()];
    for request in asks.map(|ask| ask()).into_iter().chain([page()]) {
        let what = request.uri().clone();
        let answer = world
            .answer(from("192.0.2.7", Carried::Plainly, request))
            .await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{what}");
        let detail = answer.json["detail"].as_str().unwrap();
        assert!(detail.contains("HTTPS"), "{detail}");
        assert!(!answer.headers.contains_key(header::SET_COOKIE));
    }
    for (address, carried) in [
        ("192.0.2.7", Carried::ByTls),
        ("127.0.0.1", Carried::Plainly),
    ] {
        for request in [log_in(), page()] {
            let answer = world.answer(from(address, carried, request)).await;
            assert_eq!(answer.status, StatusCode::OK, "{address}");
        }
    }
}

#[tokio::test]
async fn by_https_the_session_is_a_cookie_that_nobody_else_can_put_there() {
    let world = World::new();
    let by_tls = |request| from("192.0.2.7", Carried::ByTls, request);
    let set = cookie(&world.answer(by_tls(log_in())).await);
    assert!(set.starts_with("__Host-kolapp-session="), "{set}");
    assert!(set.ends_with("; Secure") && set.contains("Path=/; HttpOnly; SameSite=Strict"));
    let (name, secret) = set.split(';').next().unwrap().split_once('=').unwrap();
    let session = |name: &str| {
        let pass = format!("{name}={secret}");
        with(
            ask(Method::GET, "/session").body_of(),
            &[("cookie", pass.as_str())],
        )
    };
    let found = world.answer(by_tls(session(name))).await;
    assert_eq!(found.status, StatusCode::OK);
    let tossed = world.answer(by_tls(session("kolapp-session"))).await;
    assert_eq!(tossed.status, StatusCode::UNAUTHORIZED);
    let out = with(
        ask(Method::DELETE, "/session").body_of(),
        &[("cookie", &format!("{name}={secret}"))],
    );
    let out = world.answer(by_tls(out)).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    let gone = out.headers.get_all(header::SET_COOKIE).iter();
    let gone = gone.filter(|it| it.to_str().unwrap().starts_with("__Host-kolapp-session=;"));
    assert_eq!(gone.count(), 1);
    let after = world.answer(by_tls(session(name))).await;
    assert_eq!(after.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_proxy_says_that_it_was_https_and_nobody_else_does() {
    let world = World::new();
    let said = [("x-forwarded-proto", "https")];
    let request = || from("127.0.0.1", Carried::Plainly, with(log_in(), &said));
    let plain = cookie(&world.answer(request()).await);
    assert!(plain.starts_with("kolapp-session="), "{plain}");
    let behind = &world.office.is_behind_a_proxy;
    behind.store(true, Ordering::Relaxed);
    let secure = cookie(&world.answer(request()).await);
    assert!(secure.starts_with("__Host-kolapp-session="), "{secure}");
}

/// Every way in that changes something, or that doesn't, with what it takes.
fn ways(document: &Value, are_safe: bool) -> Vec<(Method, String, Value)> {
    let mut ways = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            if method.is_safe() == are_safe {
                ways.push((method, path.clone(), body(document, operation)));
            }
        }
    }
    ways
}

/// Asks with a session, in a world where there is a callback; gives what is said, and what was changed.
async fn asked(
    user: &str,
    (method, path, body): &(Method, String, Value),
    pairs: &[(&'static str, &str)],
) -> (StatusCode, String, bool) {
    let world = World::new();
    *world.office.calls.lock().unwrap() = vec![crate::calls::answered_by("demo/anna")];
    let entry = world.office.wish("demo/support", "+46701234567", 1);
    let somebody = world.log_in(user).await;
    let before = world.office.entry_version(entry);
    let deeds = world.office.deeds.lock().unwrap().len();
    let path = filled(path, &entry.to_string(), "0123456789ab");
    let request = Request::builder().method(method.clone()).uri(path);
    let request = match body {
        Value::Null => request.body(Body::empty()),
        body => request
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string())),
    };
    let host = ("host", "pbx.example.com");
    let pass = ("cookie", somebody.pass.1.as_str());
    let request = with(with(request.unwrap(), &[host, pass]), pairs);
    let response = world.send(request).await;
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_stream = kind.is_some_and(|kind| kind == "text/event-stream");
    let said = match is_stream {
        true => Vec::new(),
        false => response
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes()
            .to_vec(),
    };
    let office = &world.office;
    let has_changed = !office.asked.lock().unwrap().is_empty()
        || !office.kept.lock().unwrap().is_empty()
        // The log-in itself is one.
        || office.kept_soon.lock().unwrap().len() > 1
        || office.entry_version(entry) != before
        || !method.is_safe() && office.deeds.lock().unwrap().len() > deeds;
    (
        status,
        String::from_utf8_lossy(&said).into_owned(),
        has_changed,
    )
}

#[tokio::test]
async fn no_way_in_lets_another_sites_page_change_anything() {
    let document = serde_json::to_value(web::document()).unwrap();
    let ways = ways(&document, false);
    assert!(ways.len() > 20, "{}", ways.len());
    let (evil, plain) = ("https://evil.example", "null");
    for way in &ways {
        let what = format!("{} {}", way.0, way.1);
        for user in ["operator", "anna"] {
            for pairs in [
                &[("origin", evil)][..],
                &[("origin", plain)],
                &[("origin", "https://pbx.example.com.evil.example")],
                &[("sec-fetch-site", "cross-site")],
                &[("sec-fetch-site", "same-site")],
                &[
                    ("origin", "https://pbx.example.com"),
                    ("sec-fetch-site", "cross-site"),
                ],
            ] {
                let (status, said, has_changed) = asked(user, way, pairs).await;
                assert_eq!(status, StatusCode::FORBIDDEN, "{what} {pairs:?}: {said}");
                assert!(said.contains("another site"), "{what} {pairs:?}: {said}");
                assert!(!has_changed, "{what} {pairs:?} by {user}");
            }
        }
        // What is refused is refused for that, and our own page's is not.
        let own = [
            ("origin", "https://pbx.example.com"),
            ("sec-fetch-site", "same-origin"),
        ];
        let (_, said, _) = asked("operator", way, &own).await;
        assert!(!said.contains("another site"), "{what}: {said}");
    }
}

#[tokio::test]
async fn a_way_in_that_only_reads_changes_nothing_so_another_site_gains_nothing_by_it() {
    let document = serde_json::to_value(web::document()).unwrap();
    let ways = ways(&document, true);
    assert!(ways.len() > 10, "{}", ways.len());
    for way in &ways {
        for user in ["operator", "anna"] {
            let (status, said, has_changed) = asked(user, way, &[]).await;
            let what = format!("{} {} by {user}: {status} {said}", way.0, way.1);
            assert!(!has_changed, "{what}");
        }
    }
}

#[tokio::test]
async fn a_body_that_a_form_of_another_site_can_send_is_read_nowhere() {
    let document = serde_json::to_value(web::document()).unwrap();
    let takes = ways(&document, false).into_iter();
    let takes: Vec<_> = takes.filter(|(.., body)| !body.is_null()).collect();
    assert!(takes.len() > 10);
    for way in &takes {
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
        ] {
            let (status, said, has_changed) =
                asked("operator", way, &[("content-type", kind)]).await;
            let what = format!("{} {} as {kind}: {said}", way.0, way.1);
            assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{what}");
            assert!(!has_changed, "{what}");
        }
    }
}

#[tokio::test]
async fn every_answer_tells_browsers_that_it_is_no_page_of_anybody_elses() {
    let world = World::new();
    let eva = world.log_in("eva").await;
    for path in [
        "/",
        "/nothing",
        "/api/v1/session",
        "/api/v1/nothing",
        "/api/v1/openapi.json",
        "/api/v1/callbacks/export",
        "/api/v1/me",
    ] {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let request = with(request, &[("cookie", eva.pass.1.as_str())]);
        let answer = world.answer(request).await;
        let told = |name: &str| {
            let value = answer.headers.get(name);
            value
                .and_then(|it| it.to_str().ok())
                .unwrap_or_default()
                .to_owned()
        };
        let policy = told("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{path} {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path} {policy}");
        for weak in ["unsafe", "*", "data:", "blob:", "http:", "https:"] {
            assert!(!policy.contains(weak), "{path} {policy}");
        }
        assert_eq!(told("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(told("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(
            told("cross-origin-resource-policy"),
            "same-origin",
            "{path}"
        );
        assert!(
            !answer.headers.contains_key("access-control-allow-origin"),
            "{path}"
        );
    }
}
