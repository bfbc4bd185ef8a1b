//! Sessions and tokens.

use crate::client::{World, ask, post};
use axum::http::{Method, StatusCode, header};
use serde_json::json;
use std::sync::atomic::Ordering;
use std::time::Duration;
use web::Keeping;

#[tokio::test]
async fn a_session_is_a_cookie_that_is_worth_nothing_after_logging_out() {
    let world = World::new();
    let answer = world.try_password("anna", "demo-anna").await;
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"));
    assert_eq!(
        (&answer.json["user"], &answer.json["role"]),
        (&json!("demo/anna"), &json!("agent"))
    );
    let anna = world.log_in("anna@demo.localhost").await;
    assert_eq!(anna.get("/session").await.status, StatusCode::OK);
    assert_eq!(anna.delete("/session").await.status, StatusCode::NO_CONTENT);
    let after = anna.get("/session").await;
    assert_eq!(after.status, StatusCode::UNAUTHORIZED);
    assert_eq!(after.headers[header::WWW_AUTHENTICATE], "Bearer");
}

#[tokio::test]
async fn the_cookie_is_kept_to_tls_where_the_page_came_by_it() {
    let world = World::new();
    let body = json!({ "user": "anna", "password": "demo-anna" });
    let mut request = post("/session", body).body_of();
    let headers = request.headers_mut();
    headers.insert(header::HOST, "pbx.example.com".parse().unwrap());
    headers.insert(header::ORIGIN, "https://pbx.example.com".parse().unwrap());
    let answer = world.answer(request).await;
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.ends_with("; Secure"), "{cookie}");
}

#[tokio::test]
async fn a_page_of_another_site_can_do_nothing_with_somebodys_session() {
    let world = World::new();
    let entry = world.office.wish("demo/support", "+46701234567", 1);
    let eva = world.log_in("eva").await;
    let mut request = eva.request(post(&format!("/callbacks/{entry}/cancel"), json!({})));
    let evil = "https://evil.example".parse().unwrap();
    request.headers_mut().insert(header::ORIGIN, evil);
    assert_eq!(world.answer(request).await.status, StatusCode::FORBIDDEN);
    // A form sends what is no JSON.
    let mut form = eva.request(post(&format!("/callbacks/{entry}/cancel"), json!({})));
    let kind = "text/plain".parse().unwrap();
    form.headers_mut().insert(header::CONTENT_TYPE, kind);
    assert_eq!(
        world.answer(form).await.status,
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    );
    let shown = eva.get(&format!("/callbacks/{entry}")).await;
    assert_eq!(shown.json["status"], "not-handled");
}

#[tokio::test]
async fn a_wrong_password_and_a_user_who_is_not_there_are_answered_alike_and_not_for_ever() {
    let world = World::new();
    let wrong = world.try_password("anna", "demo-bosse").await;
    let nobody = world.try_password("nobody", "demo-bosse").await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert_eq!((wrong.status, &wrong.json), (nobody.status, &nobody.json));
    let mut tries = 0;
    let refused = loop {
        let answer = world.try_password("anna", "guess").await;
        if answer.status != StatusCode::UNAUTHORIZED {
            break answer;
        }
        tries += 1;
        assert!(tries < 20);
    };
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    let after: u64 = refused.headers[header::RETRY_AFTER]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    // Not even with the right one, until then.
    let right = world.try_password("anna", "demo-anna").await;
    assert_eq!(right.status, StatusCode::TOO_MANY_REQUESTS);
    let longer = world.try_password("anna@demo.localhost", "demo-anna").await;
    assert_eq!(longer.status, StatusCode::TOO_MANY_REQUESTS);
    let another = world.try_password("bosse", "demo-bosse").await;
    assert_eq!(another.status, StatusCode::OK);
    world.office.pass(Duration::from_secs(after));
    assert_eq!(
        world.try_password("anna", "demo-anna").await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn who_fails_too_often_keeps_nobody_out_who_comes_from_elsewhere_by_the_same_proxy() {
    let world = World::new();
    let from = |source: &str, password: &str| {
        let body = json!({ "user": "anna", "password": password });
        let mut request = post("/session", body).body_of();
        let value = format!("203.0.113.9, {source}").parse().unwrap();
        request.headers_mut().insert("x-forwarded-for", value);
        world.answer(request)
    };
    world
        .office
        .is_behind_a_proxy
        .store(true, Ordering::Relaxed);
    for _ in 0..10 {
        let wrong = from("192.0.2.1", "guess").await;
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    }
    let outsider = from("192.0.2.1", "demo-anna").await;
    assert_eq!(outsider.status, StatusCode::TOO_MANY_REQUESTS);
    let anna = from("192.0.2.2", "demo-anna").await;
    assert_eq!(anna.status, StatusCode::OK);
    // Where no proxy is named, all of them are one: nobody is believed.
    world
        .office
        .is_behind_a_proxy
        .store(false, Ordering::Relaxed);
    for source in 0..10 {
        from(&format!("192.0.2.{source}"), "guess").await;
    }
    let anna = from("192.0.2.2", "demo-anna").await;
    assert_eq!(anna.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_session_ends_with_its_account_and_with_its_password() {
    let world = World::new();
    let anna = world.log_in("anna").await;
    world.office.set_password("demo/anna", Some("another"));
    assert_eq!(anna.get("/session").await.status, StatusCode::UNAUTHORIZED);
    let bosse = world.log_in("bosse").await;
    world.office.set_password("demo/bosse", None);
    assert_eq!(bosse.get("/lists").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_token_speaks_for_its_user_until_it_is_removed_and_is_kept_as_a_hash() {
    let world = World::new();
    world.office.wish("demo/support", "+46701234567", 1);
    let admin = world.log_in("admin").await;
    let wanted = json!({ "name": "rapport", "user": "demo/anna", "days": 30 });
    let made = admin.post("/tokens", wanted).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let secret = made.json["secret"].as_str().unwrap().to_owned();
    let kept = match &world.office.kept.lock().unwrap()[..] {
        [Keeping::Keep(row)] => row.clone(),
        other => panic!("{other:?}"),
    };
    assert!(!format!("{kept:?}").contains(&secret["kolapp_".len()..]));
    let program = world.with_token(&secret);
    assert_eq!(program.get("/callbacks").await.json["total"], 1);
    // It is anna's, who administers nothing, and it is no cookie.
    assert_eq!(program.get("/tokens").await.status, StatusCode::FORBIDDEN);
    let mut as_cookie = ask(Method::GET, "/session").body_of();
    let value = format!("kolapp-session={secret}").parse().unwrap();
    as_cookie.headers_mut().insert(header::COOKIE, value);
    assert_eq!(
        world.answer(as_cookie).await.status,
        StatusCode::UNAUTHORIZED
    );
    // Over a restart.
    let after = World::over(world.office.clone());
    after.desk.take_up([Keeping::Keep(kept)]);
    assert_eq!(
        after.with_token(&secret).get("/session").await.status,
        StatusCode::OK
    );
    // An administrator of another organisation neither sees nor removes it.
    let id = made.json["token"]["id"].as_str().unwrap().to_owned();
    let foreign = world.log_in("admin@other.localhost").await;
    assert_eq!(foreign.get("/tokens").await.json, json!({ "tokens": [] }));
    let path = format!("/tokens/{id}");
    assert_eq!(foreign.delete(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(admin.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(
        program.get("/callbacks").await.status,
        StatusCode::UNAUTHORIZED
    );
    let for_another = json!({ "name": "x", "user": "other/anna", "days": 1 });
    assert_eq!(
        admin.post("/tokens", for_another).await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn a_token_whose_removal_is_not_stored_lets_nobody_in_and_can_be_removed_again() {
    let world = World::new();
    let admin = world.log_in("admin").await;
    let wanted = json!({ "name": "rapport", "user": "demo/anna", "days": 30 });
    let made = admin.post("/tokens", wanted).await;
    let program = world.with_token(made.json["secret"].as_str().unwrap());
    let id = made.json["token"]["id"].as_str().unwrap();
    let path = format!("/tokens/{id}");
    let away = &world.office.is_storage_away;
    away.store(true, Ordering::Relaxed);
    for _ in 0..2 {
        let refused = admin.delete(&path).await;
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
        let detail = refused.json["detail"].as_str().unwrap();
        assert!(detail.contains("do it again"), "{detail}");
        let tried = program.get("/session").await;
        assert_eq!(tried.status, StatusCode::UNAUTHORIZED);
        let listed = admin.get("/tokens").await;
        assert_eq!(listed.json["tokens"][0]["id"], id);
        // A new file of the store's is not given it.
        let is_token = |kept: &Keeping| matches!(kept, Keeping::Keep(_));
        assert!(!world.desk.kept().iter().any(is_token));
    }
    away.store(false, Ordering::Relaxed);
    assert_eq!(admin.delete(&path).await.status, StatusCode::NO_CONTENT);
    let last = world.office.kept.lock().unwrap().last().cloned();
    assert_eq!(last, Some(Keeping::Forget(id.to_owned())));
    assert_eq!(admin.get("/tokens").await.json, json!({ "tokens": [] }));
    assert_eq!(admin.delete(&path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_session_goes_on_after_a_restart_and_one_that_was_ended_does_not() {
    let world = World::new();
    let (anna, bosse) = (world.log_in("anna").await, world.log_in("bosse").await);
    assert_eq!(
        bosse.delete("/session").await.status,
        StatusCode::NO_CONTENT
    );
    let kept = world.office.kept_soon.lock().unwrap().clone();
    let [
        Keeping::Session(annas),
        Keeping::Session(bosses),
        Keeping::SessionOver(over),
    ] = &kept[..]
    else {
        panic!("{kept:?}");
    };
    assert_eq!(*over, bosses.hash);
    assert!(!format!("{annas:?}").contains(&anna.pass.1["kolapp-session=".len()..]));
    let after = World::over(world.office.clone());
    after.desk.take_up([Keeping::Session(annas.clone())]);
    let again = after.with_pass(&anna);
    assert_eq!(again.get("/session").await.json["user"], "demo/anna");
    assert_eq!(after.desk.kept(), [Keeping::Session(annas.clone())]);
    // What was proven by another password is worth nothing then either.
    let later = World::over(world.office.clone());
    world.office.set_password("demo/anna", Some("another"));
    later.desk.take_up([Keeping::Session(annas.clone())]);
    let again = later.with_pass(&anna);
    assert_eq!(again.get("/session").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn who_chooses_another_password_logs_in_by_it_and_his_other_sessions_end() {
    let world = World::new();
    let (own, other) = (world.log_in("anna").await, world.log_in("anna").await);
    let choose = |old: &str, new: &str| json!({ "old": old, "new": new });
    let (conflict, invalid) = (StatusCode::CONFLICT, StatusCode::UNPROCESSABLE_ENTITY);
    for (body, status, detail) in [
        (
            choose("demo-bosse", "correct horse battery"),
            conflict,
            "another one than `old`",
        ),
        (choose("demo-anna", "short"), invalid, "8 characters"),
        (
            choose("demo-anna", "demo-anna"),
            invalid,
            "another password",
        ),
    ] {
        let refused = own.put("/me/password", body).await;
        assert_eq!(refused.status, status);
        let said = refused.json["detail"].as_str().unwrap();
        assert!(said.contains(detail), "{said}");
    }
    // What is not stored is not so.
    let away = &world.office.is_storage_away;
    away.store(true, Ordering::Relaxed);
    let body = choose("demo-anna", "correct horse battery");
    let refused = own.put("/me/password", body.clone()).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(other.get("/session").await.status, StatusCode::OK);
    away.store(false, Ordering::Relaxed);
    let chosen = own.put("/me/password", body).await;
    assert_eq!(chosen.status, StatusCode::NO_CONTENT, "{chosen:?}");
    assert_eq!(own.get("/session").await.status, StatusCode::OK);
    assert_eq!(other.get("/session").await.status, StatusCode::UNAUTHORIZED);
    let status =
        async |world: &World, password: &str| world.try_password("anna", password).await.status;
    assert_eq!(status(&world, "demo-anna").await, StatusCode::UNAUTHORIZED);
    assert_eq!(
        status(&world, "correct horse battery").await,
        StatusCode::OK
    );
    // Over a restart, with the session that it was chosen by.
    let after = World::over(world.office.clone());
    after.desk.take_up(world.desk.kept());
    assert_eq!(
        status(&after, "correct horse battery").await,
        StatusCode::OK
    );
    assert_eq!(
        after.with_pass(&own).get("/session").await.status,
        StatusCode::OK
    );
    // A new one in the configuration goes before it.
    world
        .office
        .set_password("demo/anna", Some("from the administrator"));
    assert_eq!(
        status(&world, "from the administrator").await,
        StatusCode::OK
    );
}

#[tokio::test]
async fn an_administrator_takes_back_a_password_that_was_chosen_at_once_whether_or_not_it_is_stored()
 {
    let world = World::new();
    let anna = world.log_in("anna").await;
    let chosen = json!({ "old": "demo-anna", "new": "correct horse battery" });
    let chosen = anna.put("/me/password", chosen).await;
    assert_eq!(chosen.status, StatusCode::NO_CONTENT);
    let path = "/users/demo/anna/password";
    let foreign = world.log_in("admin@other.localhost").await;
    assert_eq!(foreign.delete(path).await.status, StatusCode::NOT_FOUND);
    let admin = world.log_in("admin").await;
    let none = admin.delete("/users/demo/nobody/password").await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    world.office.is_storage_away.store(true, Ordering::Relaxed);
    let unstored = admin.delete(path).await;
    assert_eq!(unstored.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(anna.get("/session").await.status, StatusCode::UNAUTHORIZED);
    world.log_in("anna").await;
    world.office.is_storage_away.store(false, Ordering::Relaxed);
    assert_eq!(admin.delete(path).await.status, StatusCode::NO_CONTENT);
    let last = world.office.kept.lock().unwrap().last().cloned();
    let gone = matches!(&last, Some(Keeping::Password { now: None, .. }));
    assert!(gone, "{last:?}");
    // An operator's stands in a file.
    let operator = world.log_in("operator").await;
    let body = json!({ "old": "demo-operator", "new": "correct horse battery" });
    let refused = operator.put("/me/password", body).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
}
