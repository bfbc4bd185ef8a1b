//! REGISTER by REGISTER, under a made-up clock.

use super::*;
use crate::method::Method;
use crate::transport::Transport;

const RULES: Rules = Rules {
    expires_min: Duration::from_secs(60),
    expires_max: Duration::from_secs(3_600),
    expires_default: Duration::from_secs(600),
    contacts_max: 2,
    beyond: Beyond::ReplaceOldest,
};
const NOW: Time = Time::from_millis(1_000);

pub(super) fn flow() -> Flow {
    Flow {
        transport: Transport::Udp,
        local: "192.0.2.1:5060".parse().unwrap(),
        remote: "192.0.2.7:5060".parse().unwrap(),
        connection: 0,
    }
}

/// Call-ID, CSeq and the values of Contact and Expires.
pub(super) fn register(
    call_id: &str,
    cseq: u32,
    contacts: &[&str],
    expires: Option<&str>,
) -> Request {
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

/// The response alone.
fn send(
    bindings: &mut Bindings,
    now: Time,
    request: &Request,
    flow: &Flow,
    rules: &Rules,
) -> Response {
    bindings.register(now, request, flow, rules).0
}

fn ok(bindings: &mut Bindings, now: Time, request: &Request) -> Vec<String> {
    let mut loaded: Bindings =
        postcard::from_bytes(&postcard::to_stdvec(bindings).unwrap()).unwrap();
    let response = send(bindings, now, request, &flow(), &RULES);
    assert_eq!(response.status, StatusCode::OK);
    assert_eq!(
        send(&mut loaded, now, request, &flow(), &RULES),
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
    let response = send(bindings, NOW, request, &flow(), &RULES);
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

// Changes: registrations.expires_default
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
        register("a", 5, &["<sip:anna@192.0.2.7:5060;x>"], None),
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

// Changes: registrations.contacts_max
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
fn a_register_that_comes_again_is_answered_as_the_first_time() {
    let mut bindings = Bindings::default();
    let first = register("a", 5, &[DESK], Some("120"));
    ok(&mut bindings, NOW, &first);
    let before = bindings.clone();
    let later = NOW + Duration::from_secs(20);
    let shown = ok(&mut bindings, later, &first);
    assert_eq!(shown, ["<sip:anna@192.0.2.7:5060>;expires=100"]);
    assert_eq!(bindings, before, "nothing is prolonged");
    // From elsewhere it is somebody who has seen it.
    let elsewhere = Flow {
        remote: "192.0.2.66:5060".parse().unwrap(),
        ..flow()
    };
    let response = send(&mut bindings, later, &first, &elsewhere, &RULES);
    assert_eq!(response.status, StatusCode::SERVER_INTERNAL_ERROR);
    let end = register("a", 6, &["*"], Some("0"));
    assert!(ok(&mut bindings, later, &end).is_empty());
    assert!(ok(&mut bindings, later, &end).is_empty());
}

#[test]
fn what_only_prolongs_is_told_from_what_leads_elsewhere() {
    let mut bindings = Bindings::default();
    let mut update = |request: &Request| bindings.register(NOW, request, &flow(), &RULES).1;
    assert_eq!(update(&register("a", 1, &[DESK], None)), Update::Changed);
    assert_eq!(update(&register("a", 2, &[DESK], None)), Update::Prolonged);
    assert_eq!(update(&register("a", 2, &[DESK], None)), Update::Nothing);
    assert_eq!(update(&register("a", 3, &[], None)), Update::Nothing);
    let preferred = format!("{DESK};q=0.4");
    assert_eq!(
        update(&register("a", 4, &[&preferred], None)),
        Update::Changed
    );
    let gone = format!("{DESK};expires=0");
    assert_eq!(update(&register("a", 5, &[&gone], None)), Update::Changed);
    assert_eq!(
        update(&register("a", 6, &[DESK], Some("1"))),
        Update::Nothing
    );
}

#[test]
fn where_a_contact_too_many_is_refused_those_there_are_stay_and_may_be_refreshed() {
    let rules = Rules {
        beyond: Beyond::Refuse,
        ..RULES
    };
    let mut bindings = Bindings::default();
    let mut register_at = |cseq, contact: &str, rules| {
        let request = register("a", cseq, &[contact], None);
        send(&mut bindings, NOW, &request, &flow(), rules).status
    };
    let [first, second, third] =
        [5061, 5062, 5063].map(|port| format!("<sip:anna@192.0.2.7:{port}>"));
    assert_eq!(register_at(1, &first, &rules), StatusCode::OK);
    assert_eq!(register_at(2, &second, &rules), StatusCode::OK);
    assert_eq!(register_at(3, &third, &rules), StatusCode::FORBIDDEN);
    let fewer = Rules {
        contacts_max: 1,
        ..rules
    };
    assert_eq!(register_at(4, &second, &fewer), StatusCode::OK);
    assert_eq!(bindings.len(), 2);
}

fn with(mut request: Request, name: HeaderName, value: &str) -> Request {
    request.headers.push(name, value);
    request
}

const DEVICE: &str = "+sip.instance=\"<urn:uuid:1>\"";

fn outbound(call_id: &str, reg_id: u32, contact: &str) -> Request {
    let contact = format!("<{contact}>;{DEVICE};reg-id={reg_id}");
    let request = register(call_id, 1, &[&contact], None);
    with(request, HeaderName::Supported, "path, outbound")
}

#[test]
fn a_device_has_a_binding_for_each_of_its_flows_and_a_new_one_of_a_number_replaces_it() {
    let mut bindings = Bindings::default();
    let first = outbound("a", 1, "sip:anna@x.invalid;transport=ws");
    let response = send(&mut bindings, NOW, &first, &flow(), &RULES);
    assert_eq!(
        response.headers.text(&HeaderName::Require),
        Some("outbound")
    );
    ok(
        &mut bindings,
        NOW,
        &outbound("b", 2, "sip:anna@x.invalid;transport=ws"),
    );
    let shown = ok(
        &mut bindings,
        NOW,
        &outbound("c", 1, "sip:anna@y.invalid;transport=ws"),
    );
    assert_eq!(
        shown,
        [
            format!("<sip:anna@x.invalid;transport=ws>;{DEVICE};reg-id=2;expires=600"),
            format!("<sip:anna@y.invalid;transport=ws>;{DEVICE};reg-id=1;expires=600"),
        ]
    );
    let newest = bindings.current(NOW).next().unwrap();
    assert!(newest.is_pinned());
    assert_eq!(newest.way(), flow());
    let devices = bindings.devices(NOW);
    assert_eq!(devices.len(), 1, "one device rings once");
    assert_eq!(devices[0].reg_id, Some(1));
}

#[test]
fn a_flow_number_counts_only_beside_a_device_and_the_option() {
    for request in [
        register(
            "a",
            1,
            &[&format!("<sip:a@192.0.2.9>;{DEVICE};reg-id=1")],
            None,
        ),
        with(
            register("a", 1, &["<sip:a@192.0.2.9>;reg-id=1"], None),
            HeaderName::Supported,
            "outbound",
        ),
        outbound("a", 0, "sip:a@192.0.2.9"),
    ] {
        let mut bindings = Bindings::default();
        ok(&mut bindings, NOW, &request);
        let binding = bindings.current(NOW).next().unwrap();
        assert_eq!((binding.reg_id, binding.is_pinned()), (None, false));
    }
}

#[test]
fn a_flow_through_a_proxy_needs_one_that_keeps_it() {
    const PROXY: &str = "SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK0";
    let through = |path: &[&str]| {
        let mut request = outbound("a", 1, "sip:anna@10.0.0.5");
        request.headers.push_front(HeaderName::Via, PROXY);
        for hop in path {
            request.headers.push(HeaderName::Path, *hop);
        }
        request
    };
    for without in [
        &[][..],
        &["<sip:edge@192.0.2.7;lr>"],
        &["<sip:in.se;lr;ob>", "<sip:edge.se;lr>"],
    ] {
        let response = refused(&mut Bindings::default(), &through(without));
        assert_eq!(
            response.status,
            StatusCode::FIRST_HOP_LACKS_OUTBOUND_SUPPORT
        );
    }
    let two = refused(
        &mut Bindings::default(),
        &with(
            outbound("a", 1, "sip:anna@192.0.2.7"),
            HeaderName::Contact,
            &format!("<sip:anna@192.0.2.8>;{DEVICE};reg-id=2"),
        ),
    );
    assert_eq!(two.status, StatusCode::BAD_REQUEST);
    ok(
        &mut Bindings::default(),
        NOW,
        &through(&["<sip:in.se;lr>", "<sip:edge.se;lr;ob>"]),
    );
}

#[test]
fn a_path_is_kept_told_and_leads_to_its_first_proxy() {
    let mut bindings = Bindings::default();
    let path = "<sip:t0ken@192.0.2.30:5080;lr>, <sip:edge.example.com;lr>";
    let request = with(
        register("a", 1, &["<sip:anna@10.0.0.5>"], None),
        HeaderName::Path,
        path,
    );
    let response = send(&mut bindings, NOW, &request, &flow(), &RULES);
    let told: Vec<_> = response.headers.all(&HeaderName::Path).collect();
    assert_eq!(
        told,
        [
            &b"<sip:t0ken@192.0.2.30:5080;lr>"[..],
            b"<sip:edge.example.com;lr>"
        ]
    );
    let binding = bindings.current(NOW).next().unwrap();
    assert_eq!(binding.path.len(), 2);
    assert_eq!(binding.way().remote, "192.0.2.30:5080".parse().unwrap());
    assert!(!binding.is_pinned());
    for bad in [
        "<tel:+46>",
        "nonsense",
        &format!("<sip:{}@x.se;lr>", "x".repeat(600)),
    ] {
        let request = with(register("b", 1, &[DESK], None), HeaderName::Path, bad);
        let response = refused(&mut bindings, &request);
        assert_eq!(response.status, StatusCode::BAD_REQUEST);
    }
}

#[test]
fn a_closed_connection_ends_what_only_it_led_to() {
    let connection = |connection| Flow {
        transport: Transport::Tcp,
        remote: "192.0.2.7:40000".parse().unwrap(),
        connection,
        ..flow()
    };
    let over_tcp = |call_id, contact: &str, via: &str| {
        let mut request = register(call_id, 1, &[contact], None);
        request.headers.set(HeaderName::Via, via);
        request
    };
    let honest = "SIP/2.0/TCP 192.0.2.7:5060;branch=z9hG4bK2";
    let hidden = "SIP/2.0/TCP 10.0.0.5:5060;branch=z9hG4bK2";
    for (contact, via, stays) in [
        ("<sip:anna@192.0.2.7;transport=tcp>", honest, true),
        ("<sip:anna@10.0.0.5;transport=tcp>", hidden, false),
        ("<sip:anna@f00.invalid;transport=ws>", honest, false),
    ] {
        let mut bindings = Bindings::default();
        let request = over_tcp("a", contact, via);
        send(&mut bindings, NOW, &request, &connection(7), &RULES);
        let binding = bindings.current(NOW).next().unwrap();
        assert_eq!(
            binding.way(),
            connection(7),
            "while there is a connection it is used"
        );
        assert!(!bindings.close(8));
        assert!(bindings.close(7));
        let left: Vec<_> = bindings.current(NOW).map(Binding::way).collect();
        let anew = Flow {
            remote: "192.0.2.7:5060".parse().unwrap(),
            ..connection(0)
        };
        assert_eq!(left, if stays { vec![anew] } else { vec![] }, "{contact}");
    }
}
