//! REGISTER by REGISTER, under a made-up clock.

use super::*;
use crate::method::Method;
use crate::transport::Transport;

const RULES: Rules = Rules {
    expires_min: Duration::from_secs(60),
    expires_max: Duration::from_secs(3_600),
    expires_default: Duration::from_secs(600),
    contacts_max: 2,
};
const NOW: Time = Time::from_millis(1_000);

fn flow() -> Flow {
    Flow {
        transport: Transport::Udp,
        local: "192.0.2.1:5060".parse().unwrap(),
        remote: "192.0.2.7:5060".parse().unwrap(),
        connection: 0,
    }
}

/// Call-ID, CSeq and the values of Contact and Expires.
fn register(call_id: &str, cseq: u32, contacts: &[&str], expires: Option<&str>) -> Request {
    let mut request = Request::new(Method::Register, "sip:demo.localhost".parse().unwrap());
    let headers = &mut request.headers;
    headers.push(
        HeaderName::Via,
        "SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK1",
    );
    headers.push(HeaderName::From, "<sip:anna@demo.localhost>;tag=1");
    headers.push(HeaderName::To, "<sip:anna@demo.localhost>");
    headers.push(HeaderName::CallId, call_id);
    headers.push(HeaderName::CSeq, format!("{cseq} REGISTER"));
    for contact in contacts {
        headers.push(HeaderName::Contact, *contact);
    }
    if let Some(expires) = expires {
        headers.push(HeaderName::Expires, expires);
    }
    request
}

fn ok(bindings: &mut Bindings, now: Time, request: &Request) -> Vec<String> {
    let mut loaded: Bindings =
        postcard::from_bytes(&postcard::to_stdvec(bindings).unwrap()).unwrap();
    let response = bindings.register(now, request, &flow(), &RULES);
    assert_eq!(response.status, StatusCode::OK);
    assert_eq!(
        loaded.register(now, request, &flow(), &RULES),
        response,
        "a saved and loaded one answers the same"
    );
    assert_eq!(loaded, *bindings);
    let name = HeaderName::Contact;
    let shown = response.headers.all(&name);
    shown
        .map(|value| String::from_utf8_lossy(value).into())
        .collect()
}

fn refused(bindings: &mut Bindings, request: &Request) -> Response {
    let before = bindings.clone();
    let response = bindings.register(NOW, request, &flow(), &RULES);
    assert!(response.status.code() >= 400);
    assert_eq!(*bindings, before, "a refused REGISTER changes nothing");
    response
}

const DESK: &str = "<sip:anna@192.0.2.7:5060>";

#[test]
fn a_contact_is_bound_shown_with_its_remaining_time_and_ends() {
    let mut bindings = Bindings::default();
    assert!(ok(&mut bindings, NOW, &register("a", 1, &[], None)).is_empty());
    let shown = ok(&mut bindings, NOW, &register("a", 2, &[DESK], Some("120")));
    assert_eq!(shown, ["<sip:anna@192.0.2.7:5060>;expires=120"]);
    let later = NOW + Duration::from_millis(30_500);
    let asked = ok(&mut bindings, later, &register("a", 3, &[], None));
    assert_eq!(asked, ["<sip:anna@192.0.2.7:5060>;expires=90"]);
    let end = NOW + Duration::from_secs(120);
    assert_eq!(bindings.next_expiry(), Some(end));
    assert_eq!(bindings.current(end).count(), 0);
    assert!(bindings.expire(end) && bindings.is_empty());
    assert!(!bindings.expire(end));
}

#[test]
fn the_contacts_own_lifetime_counts_before_the_header_and_both_within_the_rules() {
    for (contact, header, left) in [
        (";expires=90", Some("120"), 90),
        ("", Some("120"), 120),
        ("", None, 600),
        ("", Some("99999"), 3_600),
        (";expires=soon", Some("120"), 600),
        ("", Some("soon"), 600),
    ] {
        let contact = format!("{DESK}{contact}");
        let shown = ok(
            &mut Bindings::default(),
            NOW,
            &register("a", 1, &[&contact], header),
        );
        assert_eq!(shown, [format!("{DESK};expires={left}")]);
    }
    let brief = register("a", 1, &[DESK], Some("59"));
    let response = refused(&mut Bindings::default(), &brief);
    assert_eq!(response.status, StatusCode::INTERVAL_TOO_BRIEF);
    assert_eq!(response.headers.text(&HeaderName::MinExpires), Some("60"));
}

#[test]
fn zero_removes_one_contact_and_a_star_all() {
    let mut bindings = Bindings::default();
    let both = [DESK, "<sip:anna@192.0.2.8>"];
    assert_eq!(
        ok(&mut bindings, NOW, &register("a", 1, &both, None)).len(),
        2
    );
    let gone = format!("{DESK};expires=0");
    let left = ok(&mut bindings, NOW, &register("a", 2, &[&gone], None));
    assert_eq!(left, ["<sip:anna@192.0.2.8>;expires=600"]);
    assert!(ok(&mut bindings, NOW, &register("a", 3, &["*"], Some("0"))).is_empty());
}

#[test]
fn a_star_without_expires_zero_or_beside_a_contact_is_refused() {
    let mut bindings = Bindings::default();
    ok(&mut bindings, NOW, &register("a", 1, &[DESK], None));
    for bad in [
        register("a", 2, &["*"], None),
        register("a", 2, &["*"], Some("60")),
        register("a", 2, &["*", DESK], Some("0")),
        register("a", 2, &["<sip:anna@"], None),
    ] {
        let response = refused(&mut bindings, &bad);
        assert_eq!(response.status, StatusCode::BAD_REQUEST);
    }
    let response = refused(&mut bindings, &register("a", 2, &["<tel:+4685>"], None));
    assert_eq!(response.status, StatusCode::UNSUPPORTED_URI_SCHEME);
}

#[test]
fn a_register_that_comes_late_is_refused_whole() {
    let mut bindings = Bindings::default();
    ok(&mut bindings, NOW, &register("a", 5, &[DESK], None));
    let other = "<sip:anna@192.0.2.8>";
    for late in [
        register("a", 5, &[DESK], None),
        register("a", 4, &[other, DESK], None),
        register("a", 4, &["*"], Some("0")),
    ] {
        let response = refused(&mut bindings, &late);
        assert_eq!(response.status, StatusCode::SERVER_INTERNAL_ERROR);
    }
    assert_eq!(
        ok(&mut bindings, NOW, &register("b", 1, &[DESK], None)).len(),
        1
    );
}

#[test]
fn beyond_the_limit_the_oldest_contact_gives_way() {
    let mut bindings = Bindings::default();
    for (cseq, port) in [(1, 5061), (2, 5062), (3, 5063)] {
        let contact = format!("<sip:anna@192.0.2.7:{port}>");
        ok(&mut bindings, NOW, &register("a", cseq, &[&contact], None));
    }
    let ports: Vec<_> = bindings
        .current(NOW)
        .map(|binding| binding.contact.port())
        .collect();
    assert_eq!(ports, [Some(5063), Some(5062)]);
}

#[test]
fn a_flood_of_contacts_in_one_request_is_refused() {
    let many: Vec<String> = (0..17).map(|at| format!("<sip:a{at}@192.0.2.7>")).collect();
    let many: Vec<&str> = many.iter().map(|contact| &**contact).collect();
    let response = refused(&mut Bindings::default(), &register("a", 1, &many, None));
    assert_eq!(response.status, StatusCode::FORBIDDEN);
    let shown = ok(
        &mut Bindings::default(),
        NOW,
        &register("a", 1, &many[..16], None),
    );
    assert_eq!(shown.len(), RULES.contacts_max);
}

#[test]
fn a_device_that_comes_back_on_another_port_has_one_binding() {
    let mut bindings = Bindings::default();
    let instance = ";+sip.instance=\"<urn:uuid:0000>\";q=0.5";
    let before = format!("<sip:anna@192.0.2.7:5061>{instance}");
    let after = format!("<sip:anna@192.0.2.7:5062>{instance}");
    ok(&mut bindings, NOW, &register("a", 1, &[&before], None));
    let shown = ok(&mut bindings, NOW, &register("b", 1, &[&after], None));
    assert_eq!(
        shown,
        ["<sip:anna@192.0.2.7:5062>;q=0.500;+sip.instance=\"<urn:uuid:0000>\";expires=600"]
    );
}

#[test]
fn a_phone_behind_a_translator_is_known_by_its_via() {
    let mut bindings = Bindings::default();
    ok(&mut bindings, NOW, &register("a", 1, &[DESK], None));
    assert!(!bindings.current(NOW).next().unwrap().natted);
    let mut hidden = register("a", 2, &[DESK], None);
    hidden
        .headers
        .set(HeaderName::Via, "SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bK2");
    ok(&mut bindings, NOW, &hidden);
    assert!(bindings.current(NOW).next().unwrap().natted);
}

#[test]
fn a_preference_is_read_in_thousandths() {
    for (text, read) in [
        ("0", 0),
        ("1", 1_000),
        ("0.7", 700),
        ("0.25", 250),
        ("1.000", 1_000),
        ("0.", 0),
        ("1.5", 1_000),
        ("2", 1_000),
        ("0.1234", 1_000),
        ("-1", 1_000),
        ("0.+1", 1_000),
        ("", 1_000),
    ] {
        assert_eq!(thousandths(Some(text)), read, "{text}");
    }
    assert_eq!(thousandths(None), 1_000);
}
