//! The torture messages of RFC 4475 and RFC 5118 at the reader: each gets its verdict, each valid one means what
//! its RFC says it means, and each that was read is written so that it reads the same.

#![allow(
    clippy::unwrap_used,
    reason = "a test tells of a failed expectation by panicking"
)]

mod torture_table;

use sip_core::{
    Contacts, HeaderName, Host, Limits, Message, Method, Negotiation, Request, Response, SdpError,
    Uri, parse_datagram,
};
use torture_table::{CASES, Reader};

fn message(name: &str) -> Message {
    let case = CASES.iter().find(|case| case.name == name).unwrap();
    parse_datagram(case.bytes(), &Limits::default())
        .unwrap_or_else(|refused| panic!("{name}: {}", refused.error))
}

fn request(name: &str) -> Request {
    match message(name) {
        Message::Request(request) => request,
        Message::Response(_) => panic!("{name}: a request was expected"),
    }
}

fn response(name: &str) -> Response {
    match message(name) {
        Message::Response(response) => response,
        Message::Request(_) => panic!("{name}: a response was expected"),
    }
}

fn contacts(request: &Request) -> Vec<Uri> {
    match request.headers.contacts().unwrap() {
        Contacts::List(list) => list.into_iter().map(|contact| contact.uri).collect(),
        Contacts::Star => panic!("addresses were expected"),
    }
}

#[test]
fn every_message_of_the_corpora_is_in_the_table_once() {
    let mut tabled: Vec<&str> = CASES.iter().map(|case| case.name).collect();
    let mut there: Vec<&str> = torture_table::corpus().collect();
    tabled.sort_unstable();
    there.sort_unstable();
    assert_eq!(tabled, there);
    assert_eq!(there.len(), 62);
}

#[test]
fn every_message_gets_its_verdict() {
    for case in CASES {
        let verdict = match parse_datagram(case.bytes(), &Limits::default()) {
            Ok(_) => Reader::Takes,
            Err(refused) => match refused.response {
                Some(response) => Reader::Answers(response.status.code()),
                None => Reader::Drops,
            },
        };
        assert_eq!(verdict, case.reader, "{}: {}", case.name, case.because);
    }
}

#[test]
fn every_message_that_was_read_is_written_so_that_it_reads_the_same() {
    for case in CASES.iter().filter(|case| case.reader == Reader::Takes) {
        let read = message(case.name);
        let again = parse_datagram(read.to_bytes(), &Limits::default()).unwrap();
        assert_eq!(again, read, "{}", case.name);
    }
}

#[test]
fn every_valid_message_has_headers_that_read_as_what_they_are() {
    for case in CASES.iter().filter(|case| case.reader == Reader::Takes) {
        let read = message(case.name);
        let headers = read.headers();
        let all = [
            headers.vias().err(),
            headers.from().err(),
            headers.to().err(),
            headers.routes().err(),
            headers.record_routes().err(),
            headers.expires().err(),
            headers.content_type().err(),
        ];
        assert_eq!(all.into_iter().flatten().next(), None, "{}", case.name);
        assert_eq!(
            headers.contacts().is_err(),
            case.name == "regbadct",
            "{}",
            case.name
        );
    }
}

#[test]
fn the_short_tortuous_invite_means_what_it_says() {
    let invite = request("wsinv");
    assert_eq!(invite.uri.params().get("unknownparam"), Some(""));
    assert_eq!(invite.headers.to().unwrap().tag(), Some("1918181833n"));
    let from = invite.headers.from().unwrap();
    assert_eq!(from.display.as_deref(), Some("J Rosenberg \\\""));
    assert_eq!(from.tag(), Some("98asjd8"));
    assert_eq!(invite.headers.cseq().unwrap().number, 9);
    assert_eq!(invite.headers.max_forwards().unwrap(), Some(68));
    assert_eq!(invite.headers.text(&HeaderName::Subject), Some(""));
    let vias = invite.headers.vias().unwrap();
    let branches: Vec<_> = vias.iter().map(|via| via.branch().unwrap()).collect();
    assert_eq!(branches, ["390skdjuw", "z9hG4bK9ikj8", "z9hG4bK30239"]);
    assert_eq!(vias[1].host, Host::Name("spindle.example.com".into()));
    assert_eq!(
        invite.headers.text(&HeaderName::from("newfangledheader")),
        Some("newfangled value continued newfangled value")
    );
    assert!(invite.headers.routes().unwrap()[0].uri.params().has("lr"));
    let Contacts::List(contacts) = invite.headers.contacts().unwrap() else {
        panic!("an address was expected");
    };
    assert_eq!(contacts[0].display.as_deref(), Some("Quoted string \"\""));
    assert_eq!(contacts[0].params.get("newparam"), Some("newvalue"));
    assert_eq!(contacts[0].params.get("q"), Some("0.33"));
}

#[test]
fn odd_tokens_are_tokens() {
    let odd = request("intmeth");
    assert_eq!(
        odd.method.as_str(),
        "!interesting-Method0123456789_*+`.%indeed'~"
    );
    let user = "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*";
    let uri = odd.uri.as_sip().unwrap();
    assert_eq!(uri.user.as_deref(), Some(user));
    assert_eq!(
        uri.password.as_deref(),
        Some("&it+has=1,weird!*pas$wo~d_too.(doesn't-it)")
    );
    assert_eq!(
        odd.headers.to().unwrap().display.as_deref(),
        Some("BEL:\u{7} NUL:\0 DEL:\u{7f}")
    );
    assert_eq!(odd.headers.from().unwrap().tag(), Some("_token~1'+`*%!-."));
}

#[test]
fn escapes_are_resolved_where_they_are_escapes_and_nowhere_else() {
    let escaped = request("esc01");
    assert_eq!(escaped.uri.user(), Some("sips:user@example.com"));
    assert_eq!(escaped.uri.host(), Some(&Host::Name("example.net".into())));
    assert_eq!(escaped.headers.to().unwrap().uri.user(), Some("user"));
    assert_eq!(
        escaped.headers.from().unwrap().uri.user(),
        Some("I have spaces")
    );
    let contact = &contacts(&escaped)[0];
    assert_eq!(contact.user(), Some("caller"));
    assert!(contact.params().has("lr"));
    // `value%41`: its percent sign is text, and spelt so that it stays text.
    assert_eq!(contact.params().get("name"), Some("value%2541"));

    let plain = request("esc02");
    assert_eq!(plain.method, Method::Other("RE%47IST%45R".into()));
    assert_eq!(
        plain.headers.from().unwrap().display.as_deref(),
        Some("%Z%45")
    );
    assert_eq!(plain.headers.count(&HeaderName::Contact), 2);

    let nulls = contacts(&request("escnull"));
    assert_eq!(
        (nulls[0].user(), nulls[1].user()),
        (Some("\0"), Some("\0\0"))
    );
    assert!(!nulls[0].is_equivalent(&nulls[1]));
    assert_eq!(
        request("semiuri").uri.user(),
        Some("user;par=u@example.net")
    );
    assert_eq!(
        request("lwsdisp")
            .headers
            .from()
            .unwrap()
            .display
            .as_deref(),
        Some("caller")
    );
}

#[test]
fn bodies_end_where_they_end() {
    let doubled = request("dblreq");
    assert_eq!(
        (doubled.method.clone(), doubled.body.len()),
        (Method::Register, 0)
    );
    let binary = request("mpart01");
    assert_eq!(binary.body.len(), 553);
    assert!(binary.to_bytes().ends_with(&binary.body));
    let old = request("inv2543");
    assert!(old.body.ends_with(b"RTP/AVP 0\r\n"));
    assert_eq!(old.headers.via().unwrap().branch(), None);
    assert_eq!(old.headers.max_forwards().unwrap(), None);
}

#[test]
fn phrases_are_for_people_only() {
    assert_eq!(
        &*response("unreason").reason,
        "= 2**3 * 5**2 но сто девяносто девять - простое"
    );
    assert_eq!(&*response("noreason").reason, "");
    assert_eq!(response("noreason").status.code(), 100);
}

#[test]
fn a_contact_says_whose_its_parameters_are() {
    assert!(contacts(&request("cparam01"))[0].params().is_empty());
    assert!(
        contacts(&request("cparam02"))[0]
            .params()
            .has("unknownparam")
    );
    let escaped = &contacts(&request("regescrt"))[0];
    assert_eq!(
        escaped.as_sip().unwrap().headers.as_deref(),
        Some("Route=%3Csip:sip.example.com%3E")
    );
}

#[test]
fn what_the_application_decides_on_is_there_to_decide_on() {
    assert_eq!(request("unkscm").uri.scheme(), "nobodyKnowsThisScheme");
    assert_eq!(request("novelsc").uri.scheme(), "soap.beep");
    assert_eq!(request("unksm2").headers.to().unwrap().uri.scheme(), "isbn");
    let required = request("bext01");
    assert_eq!(
        required.headers.tokens(&HeaderName::Require),
        ["nothingSupportsThis", "nothingSupportsThisEither"]
    );
    assert_eq!(
        request("invut").headers.content_type().unwrap().as_deref(),
        Some("application/unknownformat")
    );
    assert!(
        request("regaut01")
            .headers
            .credentials(&HeaderName::Authorization)
            .is_empty()
    );
    assert_eq!(request("zeromf").headers.max_forwards().unwrap(), Some(0));
    assert_eq!(
        request("sdp01").headers.tokens(&HeaderName::Accept),
        ["text/nobodyKnowsThis"]
    );
    assert_eq!(
        request("badbranch").headers.via().unwrap().branch(),
        Some("z9hG4bK")
    );
    assert_eq!(response("bcast").headers.vias().unwrap().len(), 2);
    let transports = request("transports").headers.vias().unwrap();
    let names: Vec<_> = transports.iter().map(|via| &*via.transport).collect();
    assert_eq!(names, ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]);
}

#[test]
fn ipv6_addresses_are_read_where_they_stand() {
    let host = |uri: &Uri| uri.host().unwrap().to_string();
    let good = request("ipv6-good");
    assert_eq!(host(&good.uri), "[2001:db8::10]");
    assert_eq!(host(&contacts(&good)[0]), "[2001:db8::1]");
    let ambiguous = request("port-ambiguous").uri;
    assert_eq!(
        (host(&ambiguous), ambiguous.port()),
        ("[2001:db8::10:5070]".into(), None)
    );
    let unambiguous = request("port-unambiguous").uri;
    assert_eq!(
        (host(&unambiguous), unambiguous.port()),
        ("[2001:db8::10]".into(), Some(5070))
    );
    for name in [
        "via-received-param-with-delim",
        "via-received-param-no-delim",
    ] {
        let via = request(name).headers.via().unwrap();
        assert_eq!(via.received(), "2001:db8::9:255".parse().ok(), "{name}");
    }
    let several = request("mult-ip-in-header").headers.vias().unwrap();
    assert_eq!(
        (several[0].host.to_string(), several[0].port),
        ("[2001:db8::9:1]".into(), Some(6050))
    );
    assert_eq!(several[2].received(), "192.0.2.200".parse().ok());
    let three = request("ipv6-bug-abnf-3-colons").uri;
    assert!(three.is_equivalent(&request("ipv6-correct-abnf-2-colons").uri));
    let mapped = request("ipv4-mapped-ipv6").headers.via().unwrap();
    assert_eq!(
        (mapped.host.to_string(), mapped.port),
        ("[::ffff:192.0.2.10]".into(), Some(19823))
    );
}

#[test]
fn session_descriptions_get_their_verdict_too() {
    let answered = |name: &str, local: &str| {
        let formats = vec![sip_core::Format::new(0, "PCMU", 8_000)];
        let mut leg = Negotiation::new(1, local.parse().unwrap(), formats, 101);
        leg.answer_to(&request(name).body, sip_core::Direction::SendRecv)
            .map(|(_, agreed)| agreed.rtp.to_string())
    };
    assert_eq!(
        answered("wsinv", "192.0.2.9:4000").as_deref(),
        Ok("192.0.2.4:49217")
    );
    assert_eq!(
        answered("mult-ip-in-sdp", "192.0.2.9:4000").as_deref(),
        Ok("192.0.2.1:22334")
    );
    let no_codec = Err(SdpError::NoCommonCodec {
        got: "G726-32".into(),
    });
    assert_eq!(answered("ipv6-in-sdp", "[2001:db8::9]:4000"), no_codec);
    assert_eq!(answered("ipv4-mapped-ipv6", "[2001:db8::9]:4000"), no_codec);
}
