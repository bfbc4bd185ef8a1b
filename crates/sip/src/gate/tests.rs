//! The gate with a made-up clock: each way in and each way to be turned away.

use super::*;
use base::UserId;
use call::settings::{Destination, FeaturePrompts, Organisation, Trunk, User};
use media_core::PromptId;
use sip_core::{Transport, Uri};
use std::collections::BTreeMap;

const REALM: &str = "demo.localhost";
const LIFETIME: Duration = Duration::from_secs(300);

fn user(name: &str) -> (UserId, User) {
    let org = OrgId::new("demo").unwrap();
    let ha1 = |algorithm| Ha1::of(algorithm, name, REALM, &format!("demo-{name}"));
    let user = User {
        extension: None,
        display_name: None,
        role: control::Role::Agent,
        devices: call::settings::Devices::default(),
        ha1_md5: ha1(Algorithm::Md5),
        ha1_sha256: ha1(Algorithm::Sha256),
        contacts_max: None,
        forwards: call::forward::Forwards::default(),
        intercom: call::settings::PickUp::ByItself,
        mobile: None,
    };
    (UserId::new(&org, name).unwrap(), user)
}

fn directory() -> Directory {
    let org = OrgId::new("demo").unwrap();
    let prompt = || PromptId::new("sv/x");
    let organisation = Organisation {
        domain: REALM.into(),
        users: [user("anna"), user("bosse")].into(),
        extensions: BTreeMap::new(),
        numbers: BTreeMap::new(),
        feature_codes: BTreeMap::new(),
        outward: call::outward::Settings::default(),
        trunks: BTreeMap::new(),
        queues: BTreeMap::new(),
        dictated: Default::default(),
        by_phone: None,
        callbacks: BTreeMap::new(),
        calling_back: BTreeMap::new(),
        feature_prompts: FeaturePrompts {
            logged_in: prompt(),
            logged_out: prompt(),
            paused: prompt(),
            resumed: prompt(),
            refused: prompt(),
            do_not_disturb_on: prompt(),
            do_not_disturb_off: prompt(),
            forwarded: prompt(),
            not_forwarded: prompt(),
            agent: call::settings::AgentPrompts::named(Default::default(), PromptId::new),
            lists: call::settings::ListPrompts::named(PromptId::new),
        },
        hold_music: prompt(),
        transfer_failed: call::settings::TransferFailed::default(),
        messages: call::settings::Messages::Deliver,
        ring: Duration::from_secs(15),
        ways: call::settings::Ways::default(),
    };
    Directory {
        organisations: [(org.clone(), organisation)].into(),
        domains: [(REALM.into(), org.clone())].into(),
        addressed_by_ip: Some(org),
        ..Directory::default()
    }
}

fn flow() -> Flow {
    Flow {
        transport: Transport::Udp,
        local: "127.0.0.1:5060".parse().unwrap(),
        remote: "127.0.0.1:5070".parse().unwrap(),
        connection: 0,
    }
}

fn register(to: &str) -> Request {
    let uri: Uri = format!("sip:{REALM}").parse().unwrap();
    let mut request = Request::new(Method::Register, uri);
    let headers = &mut request.headers;
    headers.push(
        HeaderName::Via,
        "SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKx",
    );
    headers.push(
        HeaderName::From,
        format!("<sip:{to}@{REALM}>;tag=1").as_str(),
    );
    headers.push(HeaderName::To, format!("<sip:{to}@{REALM}>").as_str());
    headers.push(HeaderName::CallId, "c1");
    headers.push(HeaderName::CSeq, "1 REGISTER");
    request
}

fn secrets(nonce_key: u8) -> Secrets {
    Secrets {
        nonce_key: [nonce_key; 32],
        table_seed: [1, 2],
    }
}

/// Keeps no bans.
struct Nowhere;

impl BanKeeper for Nowhere {
    fn keep(&self, _: &Ban) {}

    fn lift(&self, _: Source) {}
}

struct Phone {
    gate: Gate,
    directory: Directory,
    now: Time,
}

impl Phone {
    fn new() -> Phone {
        let secrets = secrets(7);
        Phone {
            gate: Gate::new(&secrets, LIFETIME, Box::new(Nowhere)),
            directory: directory(),
            now: Time::from_millis(1_000),
        }
    }

    fn send(&self, request: &Request) -> Verdict {
        self.send_by(&flow(), request)
    }

    fn send_by(&self, flow: &Flow, request: &Request) -> Verdict {
        let asked = Asked {
            trunks: &TrunksSeen::new(),
            now: self.now,
            directory: &self.directory,
            flow,
            request,
        };
        self.gate.admit(&asked, 42)
    }

    /// The challenges that a request without credentials gets.
    fn challenges(&self, request: &Request) -> Vec<Challenge> {
        let (response, why) = refused(self.send(request));
        assert_eq!(
            (response.status, why),
            (StatusCode::UNAUTHORIZED, Turned::Challenged)
        );
        response.headers.challenges(&HeaderName::WwwAuthenticate)
    }
}

fn refused(verdict: Verdict) -> (Response, Turned) {
    match verdict {
        Verdict::Refuse(response, why) => (*response, why),
        other => panic!("{other:?}"),
    }
}

fn is_admitted_as(verdict: Verdict, name: &str) -> bool {
    matches!(verdict, Verdict::Admit(Admission::User(user)) if user.name() == name)
}

fn is_stale(verdict: Verdict) -> bool {
    let (response, why) = refused(verdict);
    let challenges = response.headers.challenges(&HeaderName::WwwAuthenticate);
    why == Turned::Stale && challenges.len() == 2 && challenges.iter().all(|one| one.stale)
}

/// The request with credentials for a challenge.
fn answered(
    request: &Request,
    challenge: &Challenge,
    name: &str,
    password: &str,
    nc: u32,
) -> Request {
    let mut request = request.clone();
    let uri = request.uri.to_string();
    let method = request.method.clone();
    let credentials = Credentials::answer(challenge, name, password, &method, &uri, nc, "cn");
    request
        .headers
        .set(HeaderName::Authorization, credentials.to_string().as_str());
    request
}

#[test]
fn a_right_password_comes_in_with_either_algorithm() {
    let phone = Phone::new();
    let request = register("anna");
    let challenges = phone.challenges(&request);
    let algorithms: Vec<_> = challenges.iter().map(|one| one.algorithm).collect();
    assert_eq!(algorithms, ALGORITHMS);
    for (nc, challenge) in challenges.iter().enumerate() {
        let nc = nc as u32 + 1;
        let verdict = phone.send(&answered(&request, challenge, "anna", "demo-anna", nc));
        assert!(is_admitted_as(verdict, "anna"));
    }
}

/// An INVITE to a number, by whoever `from` is.
fn invite(dialled: &str, from: &str) -> Request {
    let mut request = Request::new(
        Method::Invite,
        format!("sip:{dialled}@{REALM}").parse().unwrap(),
    );
    let headers = &mut request.headers;
    headers.push(
        HeaderName::Via,
        "SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKy",
    );
    headers.push(HeaderName::From, format!("<{from}>;tag=1").as_str());
    headers.push(HeaderName::To, format!("<sip:{dialled}@{REALM}>").as_str());
    headers.push(HeaderName::CallId, "c2");
    headers.push(HeaderName::CSeq, "1 INVITE");
    request
}

#[test]
fn a_trunk_with_credentials_reaches_numbers_from_anywhere_and_does_nothing_else() {
    let mut phone = Phone::new();
    let demo = phone.directory.organisations.values_mut().next().unwrap();
    demo.numbers.insert(
        "+46850001000".into(),
        Destination::User("demo/anna".parse().unwrap()).into(),
    );
    let trunk = Trunk {
        inbound: Some(call::trunk::Account::new("pbx", REALM, "secret")),
        ..Trunk::default()
    };
    demo.trunks.insert("demo/exchange".parse().unwrap(), trunk);
    let stranger = "sip:+46701234567@pbx.example";
    let anna = format!("sip:anna@{REALM}");
    for (nc, (request, password, expected)) in (1..).zip([
        (invite("+46850001000", stranger), "secret", None),
        (invite("0850001000", stranger), "secret", None),
        (
            invite("+46850001000", stranger),
            "guess",
            Some(Turned::WrongCredentials),
        ),
        (
            invite("+46701111111", stranger),
            "secret",
            Some(Turned::SpeaksForAnother),
        ),
        (
            invite("+46850001000", &anna),
            "secret",
            Some(Turned::SpeaksForAnother),
        ),
        (register("anna"), "secret", Some(Turned::SpeaksForAnother)),
        (register("pbx"), "secret", Some(Turned::SpeaksForAnother)),
    ]) {
        let challenge = phone.challenges(&request).remove(0);
        let verdict = phone.send(&answered(&request, &challenge, "pbx", password, nc));
        match expected {
            None => assert!(
                matches!(verdict, Verdict::Admit(Admission::Trunk(_))),
                "{nc}"
            ),
            Some(why) => assert_eq!(refused(verdict).1, why, "{nc}"),
        }
    }
}

#[test]
fn a_wrong_password_and_a_name_that_is_not_there_look_the_same() {
    let phone = Phone::new();
    let mut seen = Vec::new();
    for (name, password) in [("anna", "wrong"), ("nobody", "demo-anna")] {
        let request = register(name);
        let challenge = &phone.challenges(&request)[0];
        let (response, why) =
            refused(phone.send(&answered(&request, challenge, name, password, 1)));
        assert_eq!(why, Turned::WrongCredentials);
        let mut headers = response.headers.clone();
        for named in [HeaderName::To, HeaderName::From] {
            headers.remove(&named);
        }
        let lines: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.clone(), value.to_vec()))
            .collect();
        seen.push((response.status, lines));
    }
    assert_eq!(seen[0], seen[1]);
}

#[test]
fn a_used_count_is_stale_and_the_next_one_comes_in() {
    let phone = Phone::new();
    let request = register("anna");
    let challenge = &phone.challenges(&request)[0];
    let first = answered(&request, challenge, "anna", "demo-anna", 1);
    assert!(is_admitted_as(phone.send(&first), "anna"));
    let mut replayed = first.clone();
    replayed.headers.set(HeaderName::CallId, "another");
    assert!(is_stale(phone.send(&replayed)));
    let second = answered(&request, challenge, "anna", "demo-anna", 2);
    assert!(is_admitted_as(phone.send(&second), "anna"));
}

#[test]
fn an_old_nonce_and_one_of_another_process_are_stale_only_with_the_right_password() {
    let mut phone = Phone::new();
    let request = register("anna");
    let challenge = phone.challenges(&request)[0].clone();
    let other = Phone {
        gate: Gate::new(&secrets(8), LIFETIME, Box::new(Nowhere)),
        ..Phone::new()
    };
    let right = answered(&request, &challenge, "anna", "demo-anna", 1);
    let wrong = answered(&request, &challenge, "anna", "guess", 1);
    assert!(is_stale(other.send(&right)));
    phone.now = phone.now + LIFETIME + Duration::from_secs(1);
    assert!(is_stale(phone.send(&right)));
    assert_eq!(refused(phone.send(&wrong)).1, Turned::WrongCredentials);
}

#[test]
fn wrong_credentials_leave_no_trace_of_their_nonce() {
    let phone = Phone::new();
    let request = register("anna");
    let challenge = &phone.challenges(&request)[0];
    refused(phone.send(&answered(&request, challenge, "anna", "guess", 1)));
    let right = answered(&request, challenge, "anna", "demo-anna", 1);
    assert!(is_admitted_as(phone.send(&right), "anna"));
}

#[test]
fn nobody_registers_another_s_phone() {
    let phone = Phone::new();
    let request = register("bosse");
    let challenge = &phone.challenges(&request)[0];
    let (response, why) =
        refused(phone.send(&answered(&request, challenge, "anna", "demo-anna", 1)));
    assert_eq!(
        (response.status, why),
        (StatusCode::FORBIDDEN, Turned::SpeaksForAnother)
    );
}

#[test]
fn credentials_made_for_another_uri_are_wrong() {
    let phone = Phone::new();
    let mut request = register("anna");
    let challenge = phone.challenges(&request)[0].clone();
    request.uri = "sip:elsewhere.example".parse().unwrap();
    let mut moved = answered(&request, &challenge, "anna", "demo-anna", 1);
    moved.uri = register("anna").uri;
    assert_eq!(refused(phone.send(&moved)).1, Turned::WrongCredentials);
}

#[test]
fn a_retransmission_gets_the_same_tag_and_another_request_another() {
    let phone = Phone::new();
    let tag = |request: &Request| {
        refused(phone.send(request))
            .0
            .headers
            .to()
            .unwrap()
            .tag()
            .map(str::to_owned)
    };
    let request = register("anna");
    let mut other = request.clone();
    other.headers.set(HeaderName::CallId, "c2");
    assert!(tag(&request).is_some());
    assert_eq!(tag(&request), tag(&request));
    assert_ne!(tag(&request), tag(&other));
}

#[test]
fn what_has_a_dialog_passes_and_an_ack_is_never_answered() {
    let phone = Phone::new();
    let mut bye = register("anna");
    bye.method = Method::Bye;
    bye.headers.set(HeaderName::To, "<sip:a@b>;tag=ours");
    let mut ack = register("anna");
    ack.method = Method::Ack;
    for request in [bye, ack] {
        assert!(matches!(
            phone.send(&request),
            Verdict::Admit(Admission::Anyone)
        ));
    }
}

#[test]
fn credentials_made_for_the_servers_own_address_come_in() {
    let phone = Phone::new();
    let wanted = register("anna");
    let challenge = phone.challenges(&wanted)[0].clone();
    let mut asked = wanted.clone();
    asked.uri = "sip:127.0.0.1:5060".parse().unwrap();
    let mut request = answered(&asked, &challenge, "anna", "demo-anna", 1);
    request.uri = wanted.uri.clone();
    assert!(is_admitted_as(phone.send(&request), "anna"));
    asked.uri = "sip:someone@127.0.0.1:5060".parse().unwrap();
    let mut request = answered(&asked, &challenge, "anna", "demo-anna", 2);
    request.uri = wanted.uri;
    assert_eq!(refused(phone.send(&request)).1, Turned::WrongCredentials);
}

#[test]
fn a_phone_that_fails_on_stronger_challenges_gets_only_what_it_knows() {
    let phone = Phone::new();
    let mut request = register("anna");
    request
        .headers
        .push(HeaderName::UserAgent, "baresip v1.0.0 (x86_64/linux)");
    let algorithms: Vec<_> = phone
        .challenges(&request)
        .iter()
        .map(|one| one.algorithm)
        .collect();
    assert_eq!(algorithms, [Algorithm::Md5]);
}

/// A phone that is like others though its address is loopback's.
fn stranger() -> Phone {
    let mut phone = Phone::new();
    phone.directory.bans.loopback = call::settings::Loopback::LikeOthers;
    phone.directory.bans.rules.offences = 3;
    phone
}

fn is_banned(phone: &Phone) -> bool {
    let door = phone
        .gate
        .guard
        .door(phone.now, flow().remote, &phone.directory);
    door == Err(crate::guard::Shut::Banned)
}

#[test]
fn wrong_answers_to_our_challenges_ban_and_challenges_alone_do_not() {
    let phone = stranger();
    let request = register("anna");
    for _ in 0..20 {
        phone.challenges(&request);
    }
    assert!(!is_banned(&phone));
    let challenge = &phone.challenges(&request)[0];
    for nc in 1..=3 {
        assert!(!is_banned(&phone));
        refused(phone.send(&answered(&request, challenge, "anna", "guess", nc)));
    }
    assert!(is_banned(&phone));
}

#[test]
fn wrong_answers_to_a_challenge_that_went_elsewhere_ban_nobody() {
    let phone = stranger();
    let request = register("anna");
    let other = Challenge::new(REALM, &"0".repeat(64), Algorithm::Md5);
    for nc in 1..=20 {
        let wrong = answered(&request, &other, "anna", "guess", nc);
        assert_eq!(refused(phone.send(&wrong)).1, Turned::WrongCredentials);
    }
    assert!(!is_banned(&phone));
}

#[test]
fn asking_for_one_unknown_name_after_the_other_bans_and_for_the_same_one_does_not() {
    let phone = stranger();
    for _ in 0..20 {
        phone.challenges(&register("nobody"));
    }
    assert!(!is_banned(&phone));
    for name in ["100", "1000"] {
        phone.challenges(&register(name));
    }
    assert!(is_banned(&phone));
}

#[test]
fn a_phone_that_has_registered_may_dial_one_number_outside_after_the_other() {
    let elsewhere_is_banned = |phone: &Phone| {
        let mut other = flow().remote;
        other.set_port(other.port() + 1);
        phone.gate.guard.door(phone.now, other, &phone.directory) == Err(crate::guard::Shut::Banned)
    };
    for registers in [true, false] {
        let phone = stranger();
        if registers {
            let request = register("anna");
            let challenge = &phone.challenges(&request)[0];
            let right = answered(&request, challenge, "anna", "demo-anna", 1);
            assert!(is_admitted_as(phone.send(&right), "anna"));
        }
        for n in 0..20 {
            let mut invite = register("anna");
            invite.method = Method::Invite;
            invite.uri = format!("sip:070123456{n:02}@{REALM}").parse().unwrap();
            phone.challenges(&invite);
        }
        assert_eq!(elsewhere_is_banned(&phone), !registers);
    }
}

#[test]
fn a_scanner_is_not_answered_and_banned() {
    let phone = stranger();
    let mut request = register("anna");
    request
        .headers
        .push(HeaderName::UserAgent, "friendly-scanner");
    let verdict = phone.send(&request);
    assert!(
        matches!(verdict, Verdict::Ignore(Turned::Scanner)),
        "{verdict:?}"
    );
    assert!(is_banned(&phone));
}

#[test]
fn a_user_who_asks_too_fast_is_told_when_to_come_again() {
    let phone = Phone::new();
    let request = register("anna");
    let challenge = &phone.challenges(&request)[0];
    let verdicts =
        (1..=41).map(|nc| phone.send(&answered(&request, challenge, "anna", "demo-anna", nc)));
    let last = verdicts.last().unwrap();
    let (response, why) = refused(last);
    assert_eq!(
        (response.status, why),
        (StatusCode::SERVICE_UNAVAILABLE, Turned::TooFast)
    );
    assert_eq!(response.headers.text(&HeaderName::RetryAfter), Some("1"));
}

#[test]
fn md5_is_the_first_challenge_that_a_phone_reads_and_the_last_that_a_browser_reads() {
    let phone = Phone::new();
    for (transport, expected) in [
        (Transport::Udp, [Algorithm::Md5, Algorithm::Sha256]),
        (Transport::Tls, [Algorithm::Md5, Algorithm::Sha256]),
        (Transport::Ws, [Algorithm::Sha256, Algorithm::Md5]),
        (Transport::Wss, [Algorithm::Sha256, Algorithm::Md5]),
    ] {
        let by = Flow {
            transport,
            ..flow()
        };
        let (response, _) = refused(phone.send_by(&by, &register("anna")));
        let challenges = response.headers.challenges(&HeaderName::WwwAuthenticate);
        let algorithms: Vec<Algorithm> = challenges.iter().map(|one| one.algorithm).collect();
        assert_eq!(algorithms, expected, "{transport:?}");
    }
}
