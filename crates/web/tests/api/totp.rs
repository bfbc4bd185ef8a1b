//! The second step of logging in.

use crate::client::{Answer, Client, World, ask, post};
use axum::http::{Method, StatusCode};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha1::Sha1;
use std::sync::atomic::Ordering;
use std::time::Duration;
use web::{Keeping, Office};

/// An authenticator: RFC 6238, apart from what is tested.
struct Authenticator(Vec<u8>);

impl Authenticator {
    fn with(secret: &str) -> Authenticator {
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let signs = secret.chars().map(|sign| alphabet.find(sign).unwrap());
        let bits: String = signs.map(|value| format!("{value:05b}")).collect();
        let bytes = bits.as_bytes().chunks_exact(8);
        let byte = |bits: &[u8]| u8::from_str_radix(std::str::from_utf8(bits).unwrap(), 2).unwrap();
        Authenticator(bytes.map(byte).collect())
    }

    fn shows(&self, world: &World) -> String {
        self.shows_in(world, 0)
    }

    /// What it shows so many seconds later.
    fn shows_in(&self, world: &World, seconds: i64) -> String {
        let at = world.office.utc(world.office.now()).as_seconds() + seconds;
        let mut keyed = <Hmac<Sha1> as KeyInit>::new_from_slice(&self.0).unwrap();
        keyed.update(&(at as u64 / 30).to_be_bytes());
        let hash = keyed.finalize().into_bytes();
        let at = usize::from(hash[19] & 15);
        let number = u32::from_be_bytes(hash[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }

    /// What it shows next.
    fn shows_next(&self, world: &World) -> String {
        world.office.pass(Duration::from_secs(30));
        self.shows(world)
    }
}

async fn log_in(world: &World, password: &str, code: Option<&str>) -> Answer {
    let body = json!({ "user": "anna", "password": password, "code": code });
    world.answer(post("/session", body).body_of()).await
}

async fn begun(client: &Client<'_>) -> Authenticator {
    let begun = client
        .post("/me/totp", json!({ "password": "demo-anna" }))
        .await;
    assert_eq!(begun.status, StatusCode::OK, "{begun:?}");
    let secret = begun.json["secret"].as_str().unwrap();
    let uri = begun.json["uri"].as_str().unwrap();
    assert!(uri.starts_with("otpauth://totp/") && uri.contains(secret));
    Authenticator::with(secret)
}

/// Switches it on; gives the recovery codes.
async fn switched_on(client: &Client<'_>, world: &World) -> (Authenticator, Vec<String>) {
    let authenticator = begun(client).await;
    let code = json!({ "code": authenticator.shows(world) });
    let confirmed = client.post("/me/totp/confirm", code).await;
    assert_eq!(confirmed.status, StatusCode::OK, "{confirmed:?}");
    let codes = confirmed.json["recovery_codes"].as_array().unwrap();
    let codes = codes.iter().map(|code| code.as_str().unwrap().to_owned());
    (authenticator, codes.collect())
}

fn deeds(world: &World) -> Vec<(String, Option<&'static str>)> {
    let deeds = world.office.deeds.lock().unwrap();
    let told = deeds.iter().map(|deed| (deed.what.clone(), deed.refused));
    told.collect()
}

#[tokio::test]
async fn whoever_has_switched_it_on_is_asked_for_a_code_beside_the_password() {
    let world = World::new();
    let anna = world.log_in("anna").await;
    let stands = async |client: &Client<'_>| client.get("/me/totp").await.json["on"].clone();
    assert_eq!(stands(&anna).await, false);
    // Nothing is in force before a code of it has been shown.
    let authenticator = begun(&anna).await;
    assert_eq!(
        log_in(&world, "demo-anna", None).await.status,
        StatusCode::OK
    );
    let wrong = anna
        .post("/me/totp/confirm", json!({ "code": "000000" }))
        .await;
    assert_eq!(wrong.status, StatusCode::CONFLICT);
    assert_eq!(stands(&anna).await, false);
    let code = json!({ "code": authenticator.shows(&world) });
    let confirmed = anna.post("/me/totp/confirm", code).await;
    assert_eq!(
        confirmed.json["recovery_codes"].as_array().unwrap().len(),
        10
    );
    assert_eq!(stands(&anna).await, true);
    let asked = log_in(&world, "demo-anna", None).await;
    assert_eq!(asked.status, StatusCode::UNAUTHORIZED);
    assert_eq!(asked.json["totp"], true);
    assert!(!asked.headers.contains_key("set-cookie"));
    // Whoever has not the password is not told that there is a code, whatever he says.
    for code in [None, Some("000000")] {
        let guess = log_in(&world, "guess", code).await;
        assert_eq!(guess.status, StatusCode::UNAUTHORIZED);
        assert_eq!(guess.json["totp"], Value::Null);
    }
    let wrong = log_in(&world, "demo-anna", Some("000000")).await;
    assert_eq!(
        (wrong.status, &wrong.json["totp"]),
        (StatusCode::UNAUTHORIZED, &json!(true))
    );
    assert!(!wrong.headers.contains_key("set-cookie"));
    let code = authenticator.shows_next(&world);
    let came_in = log_in(&world, "demo-anna", Some(&code)).await;
    assert_eq!(came_in.status, StatusCode::OK, "{came_in:?}");
    // Each code is one once.
    let again = log_in(&world, "demo-anna", Some(&code)).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
    let told = deeds(&world);
    let on = "switches the second step of his log-in on".to_owned();
    assert!(told.contains(&(on, None)), "{told:?}");
    let refused = told
        .iter()
        .filter(|(_, refused)| *refused == Some("it is another code"));
    assert_eq!(refused.count(), 2, "{told:?}");
}

#[tokio::test]
async fn what_is_kept_holds_over_a_restart_with_the_codes_that_were_used_and_hides_recovery_codes()
{
    let world = World::new();
    let anna = world.log_in("anna").await;
    let (authenticator, recovery) = switched_on(&anna, &world).await;
    let code = authenticator.shows_next(&world);
    assert_eq!(
        log_in(&world, "demo-anna", Some(&code)).await.status,
        StatusCode::OK
    );
    let last = world.office.kept_soon.lock().unwrap().clone();
    let last = last
        .into_iter()
        .rev()
        .find(|it| matches!(it, Keeping::SecondFactor { .. }));
    let after = World::over(world.office.clone());
    after.desk.take_up([last.unwrap()]);
    let again = log_in(&after, "demo-anna", Some(&code)).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
    let next = authenticator.shows_next(&after);
    assert_eq!(
        log_in(&after, "demo-anna", Some(&next)).await.status,
        StatusCode::OK
    );
    let kept = after.desk.kept();
    let kept = kept.iter().find_map(|it| match it {
        Keeping::SecondFactor { now: Some(now), .. } => Some(serde_json::to_string(now).unwrap()),
        _ => None,
    });
    let kept = kept.unwrap();
    for code in &recovery {
        let plain = code.replace('-', "");
        assert_eq!(plain.len(), 16);
        assert!(!kept.contains(code) && !kept.contains(&plain));
    }
}

#[tokio::test]
async fn a_recovery_code_lets_in_once_and_only_when_that_is_stored() {
    let world = World::new();
    let anna = world.log_in("anna").await;
    let (_, recovery) = switched_on(&anna, &world).await;
    let away = &world.office.is_storage_away;
    away.store(true, Ordering::Relaxed);
    let unstored = log_in(&world, "demo-anna", Some(&recovery[0])).await;
    assert_eq!(unstored.status, StatusCode::SERVICE_UNAVAILABLE);
    away.store(false, Ordering::Relaxed);
    let came_in = log_in(&world, "demo-anna", Some(&recovery[0])).await;
    assert_eq!(came_in.status, StatusCode::OK, "{came_in:?}");
    let again = log_in(&world, "demo-anna", Some(&recovery[0])).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
    assert_eq!(anna.get("/me/totp").await.json["recovery_codes"], 9);
    let told = deeds(&world);
    assert!(
        told.iter()
            .any(|(what, _)| what.ends_with(" by a recovery code")),
        "{told:?}"
    );
    // Two at once come in by it once.
    let body = || json!({ "user": "anna", "password": "demo-anna", "code": recovery[1] });
    let (one, other) = tokio::join!(
        world.answer(post("/session", body()).body_of()),
        world.answer(post("/session", body()).body_of()),
    );
    let statuses = [one.status, other.status];
    assert_eq!(
        statuses.iter().filter(|it| **it == StatusCode::OK).count(),
        1,
        "{statuses:?}"
    );
}

#[tokio::test]
async fn codes_are_not_guessed() {
    let world = World::new();
    let anna = world.log_in("anna").await;
    let (authenticator, _) = switched_on(&anna, &world).await;
    let mut tries = 0;
    let refused = loop {
        let answer = log_in(&world, "demo-anna", Some("000000")).await;
        if answer.status != StatusCode::UNAUTHORIZED {
            break answer;
        }
        tries += 1;
        assert!(tries < 20);
    };
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    // Not even with the right one, until then.
    let right = authenticator.shows_in(&world, 30);
    let right = log_in(&world, "demo-anna", Some(&right)).await;
    assert_eq!(right.status, StatusCode::TOO_MANY_REQUESTS);
    world.office.pass(Duration::from_secs(600));
    let right = log_in(&world, "demo-anna", Some(&authenticator.shows(&world))).await;
    assert_eq!(right.status, StatusCode::OK);
}

#[tokio::test]
async fn it_is_switched_off_with_a_code_and_on_with_a_password() {
    let world = World::new();
    let anna = world.log_in("anna").await;
    let refused = anna
        .post("/me/totp", json!({ "password": "demo-bosse" }))
        .await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    let none = anna
        .post("/me/totp/confirm", json!({ "code": "000000" }))
        .await;
    assert_eq!(none.status, StatusCode::CONFLICT);
    let (authenticator, recovery) = switched_on(&anna, &world).await;
    let twice = anna
        .post("/me/totp", json!({ "password": "demo-anna" }))
        .await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    let wrong = anna.post("/me/totp/off", json!({ "code": "000000" })).await;
    assert_eq!(wrong.status, StatusCode::CONFLICT);
    assert_eq!(anna.get("/me/totp").await.json["on"], true);
    let code = json!({ "code": authenticator.shows_next(&world) });
    assert_eq!(
        anna.post("/me/totp/off", code).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        log_in(&world, "demo-anna", None).await.status,
        StatusCode::OK
    );
    // What it was is worth nothing then.
    let (_, fresh) = switched_on(&anna, &world).await;
    let old = log_in(&world, "demo-anna", Some(&recovery[0])).await;
    assert_eq!(old.status, StatusCode::UNAUTHORIZED);
    let by_recovery = anna.post("/me/totp/off", json!({ "code": fresh[0] })).await;
    assert_eq!(by_recovery.status, StatusCode::NO_CONTENT);
    assert_eq!(anna.get("/me/totp").await.json["on"], false);
}

#[tokio::test]
async fn what_is_not_stored_is_not_on_and_not_off() {
    let world = World::new();
    let anna = world.log_in("anna").await;
    let authenticator = begun(&anna).await;
    let away = &world.office.is_storage_away;
    away.store(true, Ordering::Relaxed);
    let code = json!({ "code": authenticator.shows(&world) });
    let unstored = anna.post("/me/totp/confirm", code.clone()).await;
    assert_eq!(unstored.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(anna.get("/me/totp").await.json["on"], false);
    away.store(false, Ordering::Relaxed);
    assert_eq!(
        anna.post("/me/totp/confirm", code).await.status,
        StatusCode::OK
    );
    away.store(true, Ordering::Relaxed);
    let code = json!({ "code": authenticator.shows_next(&world) });
    let unstored = anna.post("/me/totp/off", code).await;
    assert_eq!(unstored.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(anna.get("/me/totp").await.json["on"], true);
}

#[tokio::test]
async fn an_administrator_takes_it_back_and_tokens_never_had_it() {
    let world = World::new();
    let (anna, admin) = (world.log_in("anna").await, world.log_in("admin").await);
    let wanted = json!({ "name": "rapport", "user": "demo/anna", "days": 30 });
    let made = admin.post("/tokens", wanted).await;
    let program = world.with_token(made.json["secret"].as_str().unwrap());
    switched_on(&anna, &world).await;
    assert_eq!(program.get("/session").await.status, StatusCode::OK);
    assert_eq!(anna.get("/session").await.status, StatusCode::OK);
    let path = "/users/demo/anna/totp";
    let foreign = world.log_in("admin@other.localhost").await;
    assert_eq!(foreign.delete(path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(anna.delete(path).await.status, StatusCode::FORBIDDEN);
    let nobody = world.answer(ask(Method::DELETE, path).body_of()).await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    assert_eq!(anna.get("/me/totp").await.json["on"], true);
    world.office.is_storage_away.store(true, Ordering::Relaxed);
    let unstored = admin.delete(path).await;
    assert_eq!(unstored.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        log_in(&world, "demo-anna", None).await.status,
        StatusCode::OK
    );
    world.office.is_storage_away.store(false, Ordering::Relaxed);
    assert_eq!(admin.delete(path).await.status, StatusCode::NO_CONTENT);
    let last = world.office.kept.lock().unwrap().last().cloned();
    let gone = matches!(&last, Some(Keeping::SecondFactor { now: None, .. }));
    assert!(gone, "{last:?}");
    let told = deeds(&world);
    let what = "takes back the second step of the log-in of demo/anna".to_owned();
    assert_eq!(told.iter().filter(|(told, _)| *told == what).count(), 2);
}
