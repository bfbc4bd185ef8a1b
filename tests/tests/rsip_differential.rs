//! The same messages read by `sip_core` and by `rsip`, on the ground that both have: one plain Via, ASCII, no
//! folding, no compact forms, no IPv6, users of letters and digits. What one of them reads, the other must read as
//! the same; what one of them writes, too.

#![allow(
    clippy::unwrap_used,
    reason = "a test tells of a failed expectation by panicking"
)]

use bytes::Bytes;
use rsip::headers::ToTypedHeader;
use rsip::message::HeadersExt;
use sip_core::{HeaderName, Limits, Message, Method, StatusCode, Uri, parse_datagram};
use tests::random::Seeded;

const MESSAGES: usize = 3_000;
const SEED: u64 = 0x6b6f_6c61_7070;

fn word(random: &mut Seeded, letters: &[u8], longest: usize) -> String {
    let length = 1 + random.below(longest);
    (0..length)
        .map(|_| char::from(letters[random.below(letters.len())]))
        .collect()
}

const ALPHA: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
const ALNUM: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789";

fn maybe(random: &mut Seeded, text: impl FnOnce(&mut Seeded) -> String) -> String {
    match random.below(2) {
        0 => String::new(),
        _ => text(random),
    }
}

fn host(random: &mut Seeded) -> String {
    match random.below(2) {
        0 => format!("{}.{}", word(random, ALPHA, 8), word(random, ALPHA, 3)),
        _ => format!("192.0.2.{}", random.below(256)),
    }
}

fn uri(random: &mut Seeded) -> String {
    let port = maybe(random, |random| format!(":{}", 1024 + random.below(60_000)));
    let transport = maybe(random, |_| ";transport=UDP".into());
    format!(
        "sip:{}@{}{port}{transport}",
        word(random, ALNUM, 10),
        host(random)
    )
}

fn name_addr(random: &mut Seeded) -> String {
    let display = maybe(random, |random| {
        format!("\"{} {}\" ", word(random, ALNUM, 6), word(random, ALNUM, 6))
    });
    format!("{display}<{}>", uri(random))
}

fn headers(random: &mut Seeded, method: &str, body: &str) -> String {
    let mut lines = vec![
        format!(
            "Via: SIP/2.0/UDP {}:{};branch=z9hG4bK{}",
            host(random),
            1024 + random.below(60_000),
            word(random, ALNUM, 12)
        ),
        format!("From: {};tag={}", name_addr(random), word(random, ALNUM, 9)),
        format!(
            "To: {}{}",
            name_addr(random),
            maybe(random, |random| format!(";tag={}", word(random, ALNUM, 9)))
        ),
        format!("Call-ID: {}@{}", word(random, ALNUM, 20), host(random)),
        format!("CSeq: {} {method}", 1 + random.below(1 << 30)),
        format!("Max-Forwards: {}", random.below(256)),
        format!("Contact: <{}>", uri(random)),
    ];
    for extra in [
        "Subject: a word, and: another",
        "X-Queue: 7",
        "Supported: replaces, timer",
        "Expires: 3600",
    ] {
        if random.below(2) == 1 {
            lines.push(extra.into());
        }
    }
    lines.push(format!("Content-Length: {}", body.len()));
    // Any order will do.
    for at in (1..lines.len()).rev() {
        lines.swap(at, random.below(at + 1));
    }
    lines.iter().map(|line| format!("{line}\r\n")).collect()
}

fn message(random: &mut Seeded) -> String {
    let known = Method::KNOWN[random.below(Method::KNOWN.len())].as_str();
    let body = maybe(random, |random| {
        format!("{}\r\n{}", word(random, ALNUM, 40), word(random, ALNUM, 40))
    });
    let start = match random.below(2) {
        0 => format!("{known} {} SIP/2.0", uri(random)),
        _ => {
            let status = StatusCode::KNOWN[random.below(StatusCode::KNOWN.len())];
            format!("SIP/2.0 {status} {}", status.reason_phrase())
        }
    };
    format!("{start}\r\n{}\r\n{body}", headers(random, known, &body))
}

/// Fails unless both mean the same; `place` says which message it was.
fn compare(ours: &Message, theirs: &rsip::SipMessage, place: &str) {
    match (ours, theirs) {
        (Message::Request(ours), rsip::SipMessage::Request(theirs)) => {
            assert_eq!(
                Method::try_from(*theirs.method()).as_ref(),
                Ok(&ours.method),
                "{place}"
            );
            assert_eq!(
                Uri::try_from(theirs.uri()).as_ref(),
                Ok(&ours.uri),
                "{place}"
            );
            assert_eq!(theirs.body()[..], ours.body[..], "{place}");
            compare_headers(&ours.headers, theirs, &theirs.headers, place);
        }
        (Message::Response(ours), rsip::SipMessage::Response(theirs)) => {
            assert_eq!(theirs.status_code().code(), ours.status.code(), "{place}");
            assert_eq!(theirs.body()[..], ours.body[..], "{place}");
            compare_headers(&ours.headers, theirs, &theirs.headers, place);
        }
        _ => panic!("{place}: one read a request, the other a response"),
    }
}

fn compare_headers(
    ours: &sip_core::Headers,
    theirs: &impl HeadersExt,
    list: &rsip::Headers,
    place: &str,
) {
    let names = |header: &rsip::Header| HeaderName::from(header);
    let listed: Vec<HeaderName> = list
        .iter()
        .map(names)
        .filter(|name| *name != HeaderName::ContentLength)
        .collect();
    let known: Vec<HeaderName> = ours.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(listed, known, "{place}");

    let via = theirs.via_header().unwrap().typed().unwrap();
    let our_via = ours.via().unwrap();
    assert_eq!(
        via.uri.host_with_port.to_string(),
        format!("{}:{}", our_via.host, our_via.port.unwrap()),
        "{place}"
    );
    assert_eq!(
        via.branch().map(|branch| branch.value()),
        our_via.branch(),
        "{place}"
    );

    // rsip hands the display name out with its quotes on.
    let from = theirs.from_header().unwrap().typed().unwrap();
    let our_from = ours.from().unwrap();
    assert_eq!(
        from.display_name
            .as_deref()
            .map(|name| name.trim_matches('"')),
        our_from.display.as_deref(),
        "{place}"
    );
    assert_eq!(
        Uri::try_from(&from.uri),
        Ok(our_from.uri.clone()),
        "{place}"
    );
    assert_eq!(from.tag().map(|tag| tag.value()), our_from.tag(), "{place}");
    let to = theirs.to_header().unwrap().typed().unwrap();
    assert_eq!(
        to.tag().map(|tag| tag.value()),
        ours.to().unwrap().tag(),
        "{place}"
    );

    let cseq = theirs.cseq_header().unwrap().typed().unwrap();
    let our_cseq = ours.cseq().unwrap();
    assert_eq!(
        (cseq.seq, Method::try_from(cseq.method)),
        (our_cseq.number, Ok(our_cseq.method)),
        "{place}"
    );
    assert_eq!(
        theirs.call_id_header().unwrap().to_string(),
        format!("Call-ID: {}", ours.call_id().unwrap()),
        "{place}"
    );
    let hops = theirs.max_forwards_header().unwrap().num().unwrap();
    assert_eq!(Ok(Some(hops)), ours.max_forwards(), "{place}");
}

#[test]
fn what_both_can_read_they_read_as_the_same() {
    let mut random = Seeded::new(SEED);
    for round in 0..MESSAGES {
        let text = message(&mut random);
        let place = format!("seed {SEED:#x}, message {round}:\n{text}");
        let ours = parse_datagram(text.clone().into(), &Limits::default())
            .unwrap_or_else(|refused| panic!("{place}\n{}", refused.error));
        let theirs = rsip::SipMessage::try_from(text.as_bytes())
            .unwrap_or_else(|error| panic!("{place}\n{error}"));
        compare(&ours, &theirs, &place);
    }
}

#[test]
fn what_one_writes_the_other_reads() {
    let mut random = Seeded::new(SEED + 1);
    for round in 0..MESSAGES {
        let text = message(&mut random);
        let place = format!("seed {:#x}, message {round}:\n{text}", SEED + 1);
        let ours = parse_datagram(text.clone().into(), &Limits::default()).unwrap();
        let theirs = rsip::SipMessage::try_from(text.as_bytes()).unwrap();
        let ours_read_by_them = rsip::SipMessage::try_from(&ours.to_bytes()[..]).unwrap();
        compare(&ours, &ours_read_by_them, &place);
        let theirs_read_by_us =
            parse_datagram(Bytes::from(theirs.to_string()), &Limits::default()).unwrap();
        compare(&theirs_read_by_us, &theirs, &place);
    }
}
