//! Headers that somebody relies on can't be smuggled past him: however a line is spelled it is that header
//! for every reader, and what two readers could take differently is no message at all.

use crate::header_name::HeaderName;
use crate::message::{Message, Request};
use crate::{Limits, Uri, parse_datagram};

/// Headers that something is decided by, with a value each, and their compact forms where there are any.
const TRUSTED: [(&str, Option<char>, &str); 17] = [
    ("Via", Some('v'), "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx"),
    ("From", Some('f'), "<sip:anna@demo.localhost>;tag=2"),
    ("To", Some('t'), "<sip:bosse@demo.localhost>"),
    ("Call-ID", Some('i'), "other"),
    ("CSeq", None, "2 INVITE"),
    ("Contact", Some('m'), "<sip:anna@192.0.2.9>"),
    ("Route", None, "<sip:192.0.2.9;lr>"),
    ("Authorization", None, "Digest username=\"anna\""),
    ("P-Asserted-Identity", None, "<sip:anna@demo.localhost>"),
    ("Require", None, "100rel"),
    ("Replaces", None, "a;from-tag=1;to-tag=2"),
    ("Refer-To", Some('r'), "<sip:bosse@demo.localhost>"),
    ("Referred-By", Some('b'), "<sip:anna@demo.localhost>"),
    ("Diversion", None, "<sip:anna@demo.localhost>"),
    ("Privacy", None, "id"),
    ("Session-Expires", Some('x'), "90"),
    ("Event", Some('o'), "dialog"),
];

/// Headers that a message may not be without: a second one is refused.
const ONCE: [&str; 4] = ["From", "To", "Call-ID", "CSeq"];

fn invite(lines: &str) -> Vec<u8> {
    format!(
        "INVITE sip:1000@demo.localhost SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bKa\r\n\
         From: <sip:stranger@192.0.2.4>;tag=1\r\nTo: <sip:1000@demo.localhost>\r\nCall-ID: a\r\n\
         CSeq: 1 INVITE\r\n{lines}Content-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

fn read(bytes: Vec<u8>) -> Option<Request> {
    match parse_datagram(bytes.into(), &Limits::default()) {
        Ok(Message::Request(request)) => Some(request),
        Ok(Message::Response(_)) => panic!("a response came of a request"),
        Err(_) => None,
    }
}

/// All ways to write a header that RFC 3261 §7.3.1 knows.
fn spellings(name: &str, compact: Option<char>, value: &str) -> Vec<String> {
    let mut names = vec![name.to_owned(), name.to_uppercase(), name.to_lowercase()];
    if let Some(letter) = compact {
        names.push(letter.to_string());
        names.push(letter.to_uppercase().to_string());
    }
    let mut lines = Vec::new();
    for name in names {
        for colon in [
            ":",
            ": ",
            " :",
            " : ",
            "\t:\t",
            ":\r\n ",
            " :\r\n\t ",
            ": \r\n  \r\n ",
        ] {
            lines.push(format!("{name}{colon}{value}\r\n"));
            lines.push(format!("{name}{colon}{value} \t\r\n"));
        }
    }
    lines
}

#[test]
fn however_a_header_is_spelled_it_is_that_header_to_every_reader() {
    for (name, compact, value) in TRUSTED {
        let known = HeaderName::from(name);
        let plain = read(invite("")).unwrap().headers.count(&known);
        for line in spellings(name, compact, value) {
            let request = read(invite(&line));
            if ONCE.contains(&name) {
                assert!(request.is_none(), "a second one was taken: {line:?}");
                continue;
            }
            let headers = request
                .unwrap_or_else(|| panic!("refused: {line:?}"))
                .headers;
            assert_eq!(headers.count(&known), plain + 1, "{line:?}");
            assert_eq!(
                headers.all(&known).last(),
                Some(value.as_bytes()),
                "{line:?}"
            );
            let mut stripped = headers.clone();
            stripped.remove(&known);
            assert!(!stripped.has(&known), "{line:?}");
        }
    }
}

#[test]
fn a_line_that_only_looks_like_a_header_makes_no_message() {
    for (name, _, value) in TRUSTED {
        let half = name.len() / 2;
        let (first, last) = name.split_at(half);
        for line in [
            // A name broken by what is no part of a name.
            format!("{name}\r\n : {value}\r\n"),
            format!("{first}\r\n {last}: {value}\r\n"),
            format!("{first} {last}: {value}\r\n"),
            format!("{name}\0: {value}\r\n"),
            format!("\0{name}: {value}\r\n"),
            format!("{name}\u{b}: {value}\r\n"),
            format!("{name}\u{a0}: {value}\r\n"),
            format!("{name}\u{feff}: {value}\r\n"),
            format!("{name}\u{ff1a} {value}\r\n"),
            format!("\"{name}\": {value}\r\n"),
            format!(": {name}: {value}\r\n"),
            // Line ends that others may take for one.
            format!("Odd: a\n{name}: {value}\r\n"),
            format!("Odd: a\r{name}: {value}\r\n"),
            format!("Odd: a\n\r{name}: {value}\r\n"),
            format!("Odd: a\r\r\n{name}: {value}\r\n"),
            format!("Odd: a\n\n{name}: {value}\r\n"),
            format!("{name}: {value}\n"),
            format!("{name}: {value}\r"),
        ] {
            assert!(read(invite(&line)).is_none(), "taken: {line:?}");
        }
    }
}

#[test]
fn what_stands_in_another_value_is_no_header() {
    for (name, _, value) in TRUSTED {
        let known = HeaderName::from(name);
        let plain = read(invite("")).unwrap().headers.count(&known);
        for line in [
            // Folded: a continuation of Odd, whatever it looks like.
            format!("Odd: a\r\n {name}: {value}\r\n"),
            format!("Odd: a\r\n\t{name}: {value}\r\n"),
            // Line ends of other worlds.
            format!("Odd: a\u{85}{name}: {value}\r\n"),
            format!("Odd: a\u{2028}{name}: {value}\r\n"),
            format!("Odd: a\u{b}{name}: {value}\r\n"),
            format!("Odd: a\0{name}: {value}\r\n"),
            format!("Odd: \"\r\n {name}: {value}\r\n \"\r\n"),
            // A name that is alike in another alphabet, or nearly that name.
            format!("X-{name}: {value}\r\n"),
            format!("{name}-X: {value}\r\n"),
            format!("{name}_: {value}\r\n"),
        ] {
            let Some(request) = read(invite(&line)) else {
                continue;
            };
            assert_eq!(request.headers.count(&known), plain, "{line:?}");
            let written = String::from_utf8_lossy(&request.to_bytes()).into_owned();
            let starts = written.split("\r\n").filter(|line| {
                let head = line.split(':').next().unwrap_or_default();
                head.trim().eq_ignore_ascii_case(name)
            });
            assert_eq!(starts.count(), plain, "written again: {written}");
        }
    }
}

#[test]
fn what_may_stand_once_and_stands_twice_is_refused_whole() {
    for name in [
        "Content-Type",
        "Event",
        "Expires",
        "Max-Forwards",
        "Refer-To",
        "Referred-By",
        "Replaces",
        "Session-Expires",
    ] {
        let value = match name {
            "Expires" | "Max-Forwards" | "Session-Expires" => "90",
            "Content-Type" => "application/sdp",
            _ => "<sip:a@b>",
        };
        let other = format!("{}:\r\n {value}\r\n", name.to_uppercase());
        assert!(
            read(invite(&format!("{name}: {value}\r\n"))).is_some(),
            "{name}"
        );
        assert!(
            read(invite(&format!("{name}: {value}\r\n{other}"))).is_none(),
            "{name}"
        );
    }
}

#[test]
fn a_second_content_length_never_moves_the_end_of_a_message() {
    for line in [
        "Content-Length: 5\r\n",
        "content-length : 5\r\n",
        "l: 5\r\n",
        "L\t:\r\n 5\r\n",
        "Content-Length: 0, 5\r\n",
        "Content-Length: +0\r\n",
        "Content-Length: 0x0\r\n",
        "Content-Length: -0\r\n",
        "Content-Length: 0 5\r\n",
        "Content-Length: \u{ff10}\r\n",
        "Content-Length:\r\n",
    ] {
        assert!(read(invite(line)).is_none(), "taken: {line:?}");
    }
}

#[test]
fn a_text_of_a_stranger_stays_within_its_line_when_it_is_written() {
    let display = "\"a\\\" <sip:x@y>\\\r\n Evil: 1\"";
    let lines = format!("P-Asserted-Identity: {display} <sip:anna@demo.localhost>\r\n");
    if let Some(request) = read(invite(&lines)) {
        let written = String::from_utf8_lossy(&request.to_bytes()).into_owned();
        assert!(!written.contains("\r\nEvil"), "{written}");
    }
    for user in ["a%0d%0aEvil:%201", "a%00", "a%3b%3e%0a", "%22%3e"] {
        let uri: Uri = format!("sip:{user}@demo.localhost").parse().unwrap();
        let written = uri.to_string();
        let clean = |byte: u8| !byte.is_ascii_control() && !b" <>\"".contains(&byte);
        assert!(written.bytes().all(clean), "{written:?}");
        assert_eq!(written.parse::<Uri>().as_ref(), Ok(&uri));
    }
}

#[test]
fn an_escaped_name_is_the_name_that_it_means() {
    let anna: Uri = "sip:anna@demo.localhost".parse().unwrap();
    for text in ["sip:%61nna@demo.localhost", "SIP:ann%61@DEMO.localhost"] {
        let uri: Uri = text.parse().unwrap();
        assert_eq!(uri.user(), anna.user(), "{text}");
        assert!(uri.is_equivalent(&anna), "{text}");
    }
    for text in [
        "sip:anna%00@demo.localhost",
        "sip:\u{430}nna@demo.localhost",
    ] {
        if let Ok(uri) = text.parse::<Uri>() {
            assert_ne!(uri.user(), anna.user(), "{text}");
        }
    }
}
