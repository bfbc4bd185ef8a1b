//! Phones of the organisation: registration with digest, calls to each other, numbers that are not there.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;
use tests::digest::{self, Algorithm, Answer, Challenge};
use tests::hearing::hears_tone;
use tests::phone::{DOMAIN, Options, Phone};
use tests::random;
use tests::rtp::{self, Sound};
use tests::server::{Server, Setup};
use tests::sip::Msg;
use tests::sound;

const SOON: Duration = Duration::from_secs(5);

#[test]
fn two_phones_of_the_organisation_call_each_other() {
    let server = Server::demo();
    let (anna, bosse) = (
        Phone::agent(&server, "anna"),
        Phone::agent(&server, "bosse"),
    );
    let mut calling = anna.call("102");
    let mut called = bosse.incoming(SOON);
    called.ring();
    calling.expect_provisional(180, SOON);
    called.answer_without_ack();
    calling.expect_answer(SOON);
    called.expect_request("ACK", SOON);
    calling.media.play(Sound::Tone(440.0));
    called.media.play(Sound::Tone(1_000.0));
    for (call, hertz) in [(&called, 440.0), (&calling, 1_000.0)] {
        hears_tone(call, hertz);
        let packets = call.media.listen(Duration::from_millis(600));
        assert!(sound::level_db(&rtp::samples(&packets), hertz) > -15.0);
        rtp::check_continuity(&call.media.packets()).unwrap();
    }
    called.hang_up();
    calling.expect_bye(Duration::from_secs(1));
    server.wait_idle(SOON);
}

#[test]
fn a_call_between_phones_can_be_given_up_or_declined() {
    let server = Server::demo();
    let (anna, bosse) = (
        Phone::agent(&server, "anna"),
        Phone::agent(&server, "bosse"),
    );
    let mut calling = anna.call("102");
    let mut called = bosse.incoming(SOON);
    called.ring();
    calling.expect_provisional(180, SOON);
    calling.cancel();
    called.expect_cancel(SOON);
    let mut calling = anna.call("102");
    bosse.incoming(SOON).refuse(486);
    assert_eq!(calling.answered(SOON), 486);
    server.wait_idle(SOON);
}

#[test]
fn an_extension_that_is_not_there_gets_404() {
    let server = Server::demo();
    let anna = Phone::agent(&server, "anna");
    assert_eq!(anna.call("199").answered(SOON), 404);
    assert_eq!(anna.call("nobody").answered(SOON), 404);
    server.wait_idle(SOON);
}

#[test]
fn a_colleague_without_a_phone_gets_480() {
    let server = Server::demo();
    let anna = Phone::agent(&server, "anna");
    assert_eq!(anna.call("103").answered(SOON), 480);
}

#[test]
fn phones_register_with_md5_and_with_sha_256() {
    let server = Server::demo();
    for (name, algorithm) in [("anna", Algorithm::Md5), ("bosse", Algorithm::Sha256)] {
        let options = Options {
            algorithm: Some(algorithm),
            ..Options::account(name)
        };
        let mut phone = Phone::new(server.sip(), options);
        phone.register();
        let row = server.ctl_row("registrations", "user", &format!("demo/{name}"));
        assert!(
            row["contact"]
                .as_str()
                .unwrap()
                .contains(&phone.local().to_string()),
            "{row}"
        );
        assert_eq!(row["source"], phone.local().to_string());
        let left = row["expires_in_s"].as_u64().unwrap();
        assert!((590..=600).contains(&left), "{row}");
        assert_eq!(row["user_agent"], "Kolapp-test-phone");
    }
}

#[test]
fn a_phone_un_registers_and_is_gone_at_once() {
    let server = Server::demo();
    let mut phone = Phone::agent(&server, "anna");
    let reply = phone.register_for(0);
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.header("Contact"), None, "no binding is left");
    assert_eq!(server.ctl(&["registrations"]).as_array().unwrap().len(), 0);
    server.wait_agent("anna", "unreachable", SOON);
}

#[test]
fn a_registration_that_is_not_renewed_expires() {
    let server = Setup::demo()
        .set_server("registrations.expires_min", "\"1s\"")
        .set_server("registrations.expires_default", "\"60s\"")
        .start();
    let mut phone = Phone::new(server.sip(), Options::account("anna"));
    let reply = phone.register_for(2);
    assert_eq!(reply.status(), 200);
    assert!(
        reply.header("Contact").unwrap().contains("expires=2"),
        "{reply:?}"
    );
    server.wait_agent("anna", "free", SOON);
    server.wait_agent("anna", "unreachable", SOON);
    assert_eq!(server.ctl(&["registrations"]).as_array().unwrap().len(), 0);
}

#[test]
fn too_short_a_registration_is_refused_with_what_is_allowed() {
    let server = Server::demo();
    let mut phone = Phone::new(server.sip(), Options::account("anna"));
    let reply = phone.register_for(1);
    assert_eq!(reply.status(), 423);
    let least: u32 = reply.header("Min-Expires").unwrap().parse().unwrap();
    assert_eq!(phone.register_for(least).status(), 200);
}

// Changes: users.password
#[test]
fn a_wrong_password_and_an_unknown_account_look_the_same() {
    let server = Server::demo();
    let mut answers = Vec::new();
    for (user, password) in [("anna", "wrong"), ("nobody", "demo-nobody")] {
        let options = Options {
            password: Some(password.to_owned()),
            ..Options::account(user)
        };
        let mut phone = Phone::new(server.sip(), options);
        let reply = phone.register_for(600);
        assert_eq!(reply.status(), 401, "{user}");
        let mut names: Vec<String> = reply.headers.iter().map(|(name, _)| name.clone()).collect();
        names.sort_unstable();
        answers.push((reply.start.clone(), names));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(server.ctl(&["registrations"]).as_array().unwrap().len(), 0);
}

#[test]
fn one_account_cannot_register_or_call_as_another() {
    let server = Server::demo();
    let mut phone = Phone::agent(&server, "anna");
    let _ = phone.register_for(600);
    let challenge = challenge_of(&phone);
    let request = phone
        .new_request("REGISTER", &format!("sip:{DOMAIN}"), &random::token(), 1)
        .with("Contact", format!("<sip:bosse@{}>", phone.local()));
    let forged = replaced(&request, "anna@", "bosse@");
    let reply = phone.request_without_credentials(&authorised(&forged, &challenge, 1));
    assert!(matches!(reply.status(), 401 | 403), "{}", reply.start);
    let rows = server.ctl(&["registrations"]);
    assert!(
        rows.as_array()
            .unwrap()
            .iter()
            .all(|row| row["user"] != "demo/bosse"),
        "{rows}"
    );
}

#[test]
fn an_invite_that_claims_to_be_one_of_ours_is_challenged_even_from_the_trunk() {
    let server = Server::demo();
    for (from, target) in [
        ("anna", "+46850001000"),
        ("+46701234567", "+46850009999"),
        ("+46701234567", "101"),
    ] {
        let phone = Phone::outside(&server, from);
        let status = phone.call(target).answered(SOON);
        assert_eq!(status, 401, "{from} to {target}");
    }
}

#[test]
fn a_registered_phone_reaches_the_queue_by_extension_and_by_number() {
    let server = Server::demo();
    let anna = Phone::agent(&server, "anna");
    for target in ["1000", "+46850001000"] {
        let mut call = anna.call(target);
        call.expect_answer(SOON);
        call.media.hear(&server.prompt("sv/queue-welcome"), 0, SOON);
        call.hang_up();
    }
}

// Changes: default_organisation
#[test]
fn the_servers_own_address_is_taken_for_the_demo() {
    let server = Server::demo();
    let phone = Phone::outside(&server, "+46701234567");
    let mut call = phone.call(&format!("sip:+46850001000@{}", server.sip()));
    call.expect_answer(SOON);
    call.hang_up();
}

fn challenge_of(phone: &Phone) -> Challenge {
    let request = phone.new_request("REGISTER", &format!("sip:{DOMAIN}"), &random::token(), 1);
    let reply = phone.request_without_credentials(&request);
    assert_eq!(reply.status(), 401);
    let read: Vec<Challenge> = reply
        .all("WWW-Authenticate")
        .filter_map(Challenge::parse)
        .collect();
    let algorithms: Vec<Algorithm> = read.iter().map(|challenge| challenge.algorithm).collect();
    assert!(
        algorithms.contains(&Algorithm::Md5) && algorithms.contains(&Algorithm::Sha256),
        "{algorithms:?}"
    );
    for challenge in &read {
        assert_eq!(challenge.realm, DOMAIN);
        assert!(challenge.qop_auth && !challenge.stale);
    }
    read.into_iter().next().unwrap()
}

fn authorised(request: &Msg, challenge: &Challenge, count: u32) -> Msg {
    let answer = Answer {
        user: "anna",
        password: "demo-anna",
        method: request.method(),
        uri: request.uri(),
        count,
        cnonce: &random::token(),
    };
    request
        .clone()
        .with("Authorization", digest::authorization(challenge, &answer))
}

fn replaced(message: &Msg, from: &str, to: &str) -> Msg {
    let mut message = message.clone();
    for (_, value) in &mut message.headers {
        *value = value.replace(from, to);
    }
    message
}

/// A REGISTER with its own Call-ID and branch, answered with `count` of the nonce.
fn register(phone: &Phone, challenge: &Challenge, count: u32) -> Msg {
    let request = phone
        .new_request("REGISTER", &format!("sip:{DOMAIN}"), &random::token(), 1)
        .with("Contact", format!("<sip:anna@{}>", phone.local()))
        .with("Expires", "600");
    phone.request_without_credentials(&authorised(&request, challenge, count))
}

#[test]
fn a_nonce_serves_again_with_a_higher_count_and_never_with_the_same() {
    let server = Server::demo();
    let phone = Phone::new(server.sip(), Options::account("anna"));
    let challenge = challenge_of(&phone);
    assert_eq!(register(&phone, &challenge, 1).status(), 200);
    assert_eq!(register(&phone, &challenge, 2).status(), 200);
    let reply = register(&phone, &challenge, 2);
    assert_eq!(reply.status(), 401);
    let again = Challenge::parse(reply.header("WWW-Authenticate").unwrap()).unwrap();
    assert!(
        again.stale,
        "the password was right, the count was not: {again:?}"
    );
    assert_ne!(again.nonce, challenge.nonce);
    assert_eq!(register(&phone, &again, 1).status(), 200);
}

#[test]
fn a_nonce_made_up_by_the_client_is_refused() {
    let server = Server::demo();
    let phone = Phone::new(server.sip(), Options::account("anna"));
    let mut challenge = challenge_of(&phone);
    challenge.nonce = challenge.nonce.chars().rev().collect();
    assert_eq!(register(&phone, &challenge, 1).status(), 401);
}

// Changes: sip.nonce_lifetime
#[test]
fn an_old_nonce_is_stale() {
    let server = Setup::demo()
        .set_server("sip.nonce_lifetime", "\"10s\"")
        .start();
    let phone = Phone::new(server.sip(), Options::account("anna"));
    let challenge = challenge_of(&phone);
    assert_eq!(register(&phone, &challenge, 1).status(), 200);
    // The shortest lifetime that is allowed has to pass in the server's own clock.
    let deadline = std::time::Instant::now() + Duration::from_secs(15);
    let mut count = 2;
    loop {
        let reply = register(&phone, &challenge, count);
        count += 1;
        if reply.status() == 401 {
            assert!(
                Challenge::parse(reply.header("WWW-Authenticate").unwrap())
                    .unwrap()
                    .stale
            );
            break;
        }
        assert!(
            std::time::Instant::now() < deadline,
            "the nonce was still good"
        );
        std::thread::sleep(Duration::from_millis(500));
    }
}

#[test]
fn credentials_for_one_uri_do_not_serve_for_another() {
    let server = Server::demo();
    let phone = Phone::new(server.sip(), Options::account("anna"));
    let challenge = challenge_of(&phone);
    let request = phone
        .new_request("REGISTER", &format!("sip:{DOMAIN}"), &random::token(), 1)
        .with("Contact", format!("<sip:anna@{}>", phone.local()));
    let mut other = authorised(&request, &challenge, 1);
    other.headers.last_mut().unwrap().1 = {
        let mut elsewhere = request;
        elsewhere.start = "REGISTER sip:elsewhere.example SIP/2.0".to_owned();
        authorised(&elsewhere, &challenge, 1)
            .header("Authorization")
            .unwrap()
            .to_owned()
    };
    assert_ne!(phone.request_without_credentials(&other).status(), 200);
}

#[test]
fn answers_go_to_where_the_request_came_from() {
    let server = Server::demo();
    let phone = Phone::new(server.sip(), Options::account("anna"));
    // Behind a NAT a phone names an address that is not the one its datagrams come from (RFC 3581).
    let mut request = phone.new_request("OPTIONS", &format!("sip:{DOMAIN}"), &random::token(), 1);
    let branch = request.branch().to_owned();
    request.headers[0].1 = format!("SIP/2.0/UDP 192.0.2.1:5999;branch={branch};rport");
    let reply = phone.request_without_credentials(&request);
    let via = reply.header("Via").unwrap();
    assert_eq!(tests::sip::parameter(via, "received"), Some("127.0.0.1"));
    assert_eq!(
        tests::sip::parameter(via, "rport"),
        Some(phone.local().port().to_string().as_str())
    );
}
