//! Who comes in, and on whose word.

use crate::world::{directory, journey, server, user};
use call::Admission;
use call::admission::{Assessment, account, assess, speaks_for};
use call::settings::Directory;
use call::upkeep::{Register, TrunkSeen, TrunkState, TrunksSeen};
use sip_core::digest::{Algorithm, Challenge, Credentials};
use sip_core::{Flow, Limits, Message, Request, StatusCode, Transport};

fn flow(from: &str) -> Flow {
    Flow {
        transport: Transport::Udp,
        local: server(),
        remote: from.parse().unwrap(),
        connection: 0,
    }
}

fn request(method: &str, uri: &str, from: &str, to: &str) -> Request {
    let text = format!(
        "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:6000;branch=z9hG4bK1\r\nFrom: <{from}>;tag=1\r\n\
         To: <{to}>\r\nCall-ID: 1\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n"
    );
    match sip_core::parse_datagram(text.into_bytes().into(), &Limits::default()) {
        Ok(Message::Request(request)) => request,
        other => panic!("{other:?}"),
    }
}

fn invite(dialled: &str, from: &str) -> Request {
    let uri = format!("sip:{dialled}@127.0.0.1:5060");
    request("INVITE", &uri, from, &uri)
}

fn assessed(directory: &Directory, from: &str, request: &Request) -> &'static str {
    assessed_with(directory, &TrunksSeen::new(), from, request)
}

fn assessed_with(
    directory: &Directory,
    seen: &TrunksSeen,
    from: &str,
    request: &Request,
) -> &'static str {
    match assess(directory, seen, &flow(from), request) {
        Assessment::Admitted(Admission::Trunk(_)) => "trunk",
        Assessment::Admitted(_) => "anyone",
        Assessment::Challenge { realm, .. } => {
            assert_eq!(realm, "demo.localhost");
            "challenge"
        }
        Assessment::Refused(StatusCode::FORBIDDEN) => "forbidden",
        Assessment::Refused(_) => "refused",
    }
}

// Changes: trunks.sources
#[test]
fn a_trunk_by_its_address_reaches_public_numbers_and_all_else_is_challenged() {
    let directory = directory(journey());
    let near = "127.8.9.10:5060";
    let number = "+46850001000";
    let stranger = "sip:+46701234567@carrier.example";
    for (from, request, expected) in [
        (near, invite(number, stranger), "trunk"),
        (near, invite(number, "sip:anna@carrier.example"), "trunk"),
        // The same number, as other carriers write it.
        (near, invite("+46-8-500.010(00)", stranger), "trunk"),
        (near, invite("+46850001000;npdi", stranger), "trunk"),
        ("192.0.2.1:5060", invite(number, stranger), "challenge"),
        // Accounts prove who they are, by name, extension, domain or our own address.
        (near, invite(number, "sip:anna@demo.localhost"), "challenge"),
        (near, invite(number, "sip:ANNA@Demo.LocalHost"), "challenge"),
        (near, invite(number, "sip:101@demo.localhost"), "challenge"),
        (near, invite(number, "sip:anna@127.0.0.1:6000"), "challenge"),
        (near, invite(number, "tel:101"), "challenge"),
        // What is not a public number is for users.
        (near, invite("1000", stranger), "challenge"),
        (near, invite("101", stranger), "challenge"),
        (near, invite("*11", stranger), "challenge"),
        (near, invite("+46850001001", stranger), "challenge"),
    ] {
        assert_eq!(
            assessed(&directory, from, &request),
            expected,
            "{request:?}"
        );
    }
}

// Changes: organisation.domain
#[test]
fn a_register_is_challenged_for_our_domain_and_our_address_and_forbidden_for_others() {
    let directory = directory(journey());
    for (aor, expected) in [
        ("sip:anna@demo.localhost", "challenge"),
        ("sip:nobody@demo.localhost", "challenge"),
        ("sip:anna@127.0.0.1", "challenge"),
        ("sip:anna@other.example", "forbidden"),
        ("sip:anna@127.0.0.2", "forbidden"),
    ] {
        let request = request("REGISTER", "sip:demo.localhost", aor, aor);
        assert_eq!(
            assessed(&directory, "127.0.0.1:6000", &request),
            expected,
            "{aor}"
        );
    }
}

#[test]
fn right_credentials_speak_for_their_own_account_and_no_other() {
    let directory = directory(journey());
    let org = user("anna").org();
    let challenge = Challenge::new("demo.localhost", "nonce", Algorithm::Md5);
    let method = sip_core::Method::Invite;
    let credentials = Credentials::answer(&challenge, "anna", "secret", &method, "sip:1@x", 1, "c");
    let anna = account(&directory, &org, &credentials).unwrap();
    assert!(credentials.verify(&method, anna.ha1(Algorithm::Md5)));
    let domain = |name: &str| format!("sip:{name}@demo.localhost");
    for (from, allowed) in [
        ("anna", true),
        ("101", true),
        ("bosse", false),
        ("102", false),
    ] {
        let call = invite("1000", &domain(from));
        assert_eq!(
            speaks_for(&directory, &org, &anna, &call).is_ok(),
            allowed,
            "{from}"
        );
        let register = request(
            "REGISTER",
            "sip:demo.localhost",
            &domain("anna"),
            &domain(from),
        );
        assert_eq!(
            speaks_for(&directory, &org, &anna, &register).is_ok(),
            allowed,
            "{from}"
        );
    }
    let other = request(
        "REGISTER",
        "sip:demo.localhost",
        &domain("anna"),
        &domain("zoe"),
    );
    assert!(speaks_for(&directory, &org, &anna, &other).is_err());
}

/// The demo, whose trunk has registered at 192.0.2.1 and takes no calls by its address.
fn registered(number: Option<&str>) -> (Directory, TrunksSeen) {
    let mut directory = directory(journey());
    let organisation = directory.organisations.values_mut().next().unwrap();
    let (id, trunk) = organisation.trunks.iter_mut().next().unwrap();
    let (_, mut outward) = crate::outside::trunk(0, 0);
    let register = Register {
        registrars: Vec::new(),
        user: "kolapp".into(),
        expires: std::time::Duration::from_secs(600),
        contact: call::upkeep::ContactShown::default(),
        number: number.map(Box::from),
    };
    outward.outward.as_mut().unwrap().keep.register = Some(register);
    *trunk = outward;
    let seen = TrunkSeen {
        state: TrunkState::Up,
        sources: vec!["192.0.2.1".parse().unwrap()],
    };
    let seen = TrunksSeen::from([(id.clone(), seen)]);
    (directory, seen)
}

#[test]
fn a_registered_trunk_is_known_by_its_contact_from_its_registrar_and_by_nothing_less() {
    let registrar = "192.0.2.1:5060";
    let contact = "sip:demo~provider@127.0.0.1:5060";
    let stranger = "sip:+46701234567@carrier.example";
    let number = |written: &str| format!("sip:{written}@provider.example");
    for (default, from, uri, to, expected) in [
        (None, registrar, contact, number("+46850001000"), "trunk"),
        (None, registrar, contact, number("46850001000"), "trunk"),
        (None, registrar, contact, number("08-50001000"), "trunk"),
        (None, registrar, contact, number("kolapp"), "challenge"),
        (None, registrar, contact, number("101"), "challenge"),
        (
            Some("+46850001000"),
            registrar,
            contact,
            number("kolapp"),
            "trunk",
        ),
        (
            None,
            "192.0.2.2:5060",
            contact,
            number("+46850001000"),
            "challenge",
        ),
        (
            None,
            registrar,
            "sip:demo~other@127.0.0.1:5060",
            number("+46850001000"),
            "challenge",
        ),
        (
            None,
            registrar,
            "sip:+46850001000@127.0.0.1:5060",
            number("+46850001000"),
            "challenge",
        ),
    ] {
        let (directory, seen) = registered(default);
        let request = request("INVITE", uri, stranger, &to);
        let found = assessed_with(&directory, &seen, from, &request);
        assert_eq!(found, expected, "{uri} from {from} to {to}");
    }
}

#[test]
fn a_trunk_may_write_our_number_as_people_here_dial_it() {
    let directory = directory(journey());
    let stranger = "sip:+46701234567@carrier.example";
    for (dialled, expected) in [
        ("46850001000", "trunk"),
        ("0850001000", "trunk"),
        ("0046850001000", "trunk"),
        ("50001000", "challenge"),
        ("0850001001", "challenge"),
    ] {
        let request = invite(dialled, stranger);
        let found = assessed(&directory, "127.8.9.10:5060", &request);
        assert_eq!(found, expected, "{dialled}");
    }
}
