//! What the framing takes, refuses and answers, datagram and stream.

use super::*;
use crate::frame_stream::{Framed, StreamFramer};
use crate::message::Message;
use proptest::prelude::*;

const INVITE: &str = "INVITE sip:1000@demo.localhost SIP/2.0\r\n\
    v: SIP/2.0/UDP 192.0.2.4:5062;branch=z9hG4bKabc;rport\r\n\
    Max-Forwards : 70\r\n\
    From: \"Anna\"\r\n <sip:anna@demo.localhost>;tag=1\r\n\
    t: <sip:1000@demo.localhost>\r\n\
    i: abc@192.0.2.4\r\n\
    CSeq: 0009 INVITE\r\n\
    Subject:\r\n\
    X-Odd: a,,b\r\n\
    l: 4\r\n\r\nbodytrailing";

fn parse(text: impl AsRef<[u8]>) -> Result<Message, Rejected> {
    parse_datagram(Bytes::copy_from_slice(text.as_ref()), &Limits::default())
}

fn request(text: &str) -> Request {
    match parse(text) {
        Ok(Message::Request(request)) => request,
        other => panic!("a request was expected, got {other:?}"),
    }
}

fn refused(text: &str) -> (ParseError, Option<u16>) {
    let rejected = parse(text).expect_err("a refusal was expected");
    let status = rejected.response.map(|response| response.status.code());
    (rejected.error, status)
}

#[test]
fn compact_folded_and_spaced_headers_are_read() {
    let invite = request(INVITE);
    assert_eq!(invite.method, Method::Invite);
    assert_eq!(invite.uri.user(), Some("1000"));
    assert_eq!(invite.body, "body");
    let from = invite.headers.from().unwrap();
    assert_eq!(
        (from.display.as_deref(), from.tag()),
        (Some("Anna"), Some("1"))
    );
    assert_eq!(
        invite.headers.text(&HeaderName::From).unwrap(),
        "\"Anna\" <sip:anna@demo.localhost>;tag=1"
    );
    assert_eq!(invite.headers.cseq().unwrap().number, 9);
    assert_eq!(invite.headers.max_forwards().unwrap(), Some(70));
    assert_eq!(invite.headers.text(&HeaderName::Subject), Some(""));
    assert_eq!(invite.headers.call_id().unwrap(), "abc@192.0.2.4");
    assert_eq!(
        invite.headers.first(&HeaderName::from("x-odd")).unwrap(),
        b"a,,b"
    );
    assert!(!invite.headers.has(&HeaderName::ContentLength));
}

#[test]
fn a_value_starts_behind_blanks_and_nothing_else() {
    for (line, value) in [
        ("X-Odd:\x0c a\x0b ", "\x0c a\x0b"),
        ("X-Odd: \t\r\n \t", ""),
        ("X-Odd:\u{a0}a", "\u{a0}a"),
    ] {
        let odd = request(&INVITE.replace("X-Odd: a,,b", line));
        assert_eq!(
            odd.headers.text(&HeaderName::from("X-Odd")),
            Some(value),
            "{line:?}"
        );
    }
}

#[test]
fn what_is_written_has_one_content_length_and_reads_the_same() {
    let invite = request(INVITE);
    let written = invite.to_bytes();
    let text = String::from_utf8_lossy(&written);
    assert_eq!(text.matches("Content-Length: 4\r\n").count(), 1);
    assert_eq!(request(&text), invite);
}

/// Found by the fuzzer: each byte that is no UTF-8 was written as three.
#[test]
fn a_reason_in_another_encoding_reads_back_however_long_it_is() {
    let limits = Limits::default();
    let reason = vec![0xe5; limits.start_line_bytes - "SIP/2.0 486 ".len()];
    let mut bytes = b"SIP/2.0 486 ".to_vec();
    bytes.extend(&reason);
    let headers = "\r\nVia: SIP/2.0/UDP a.se;branch=z9hG4bK1\r\nFrom: <sip:a@a.se>;tag=1\r\n\
                   To: <sip:b@b.se>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";
    bytes.extend(headers.as_bytes());
    let read = parse_datagram(bytes.into(), &limits).unwrap();
    let Message::Response(response) = &read else {
        panic!("{read:?}");
    };
    assert_eq!(response.reason, "?".repeat(reason.len()));
    assert_eq!(parse_datagram(read.to_bytes(), &limits).unwrap(), read);
}

#[test]
fn a_saved_message_reads_back_whatever_headers_it_lacks() {
    let invite = request(INVITE);
    let bare = Request::new(Method::Bye, "sip:a@b.se".parse().unwrap());
    for request in [invite, bare] {
        let saved = postcard::to_stdvec(&request).unwrap();
        assert_eq!(postcard::from_bytes::<Request>(&saved).unwrap(), request);
        let response = request.response(StatusCode::RINGING);
        let saved = postcard::to_stdvec(&response).unwrap();
        assert_eq!(postcard::from_bytes::<Response>(&saved).unwrap(), response);
    }
}

#[test]
fn binary_bodies_come_through_untouched() {
    let body: Vec<u8> = (0..=255).collect();
    let mut message = INVITE
        .replace("l: 4", "l: 256")
        .replace("bodytrailing", "")
        .into_bytes();
    message.extend_from_slice(&body);
    let Ok(Message::Request(request)) = parse(&message) else {
        panic!("a request was expected");
    };
    assert_eq!(request.body, body);
    assert!(request.to_bytes().ends_with(&body));
}

#[test]
fn an_answer_carries_what_the_request_had() {
    let response = request(INVITE).response_with_tag(StatusCode::RINGING, "t1");
    let text = String::from_utf8(response.to_bytes().to_vec()).unwrap();
    assert_eq!(
        text,
        "SIP/2.0 180 Ringing\r\n\
         Via: SIP/2.0/UDP 192.0.2.4:5062;branch=z9hG4bKabc;rport\r\n\
         From: \"Anna\" <sip:anna@demo.localhost>;tag=1\r\n\
         To: <sip:1000@demo.localhost>;tag=t1\r\n\
         Call-ID: abc@192.0.2.4\r\n\
         CSeq: 0009 INVITE\r\n\
         Content-Length: 0\r\n\r\n"
    );
    let trying = request(INVITE).response_with_tag(StatusCode::TRYING, "t1");
    assert_eq!(trying.headers.to().unwrap().tag(), None);
}

#[test]
fn content_length_has_the_last_word_and_only_one() {
    let length = |line: &str| INVITE.replace("l: 4\r\n", line);
    assert_eq!(request(&length("")).body, "bodytrailing");
    assert_eq!(
        request(&length("l: 4\r\nContent-Length: 4\r\n")).body,
        "body"
    );
    for bad in [
        "l: 4\r\nl: 5\r\n",
        "l: -1\r\n",
        "l: 4, 4\r\n",
        "l: 99999999999999999999999\r\n",
        "l:\r\n",
        "l: 0x4\r\n",
    ] {
        let (error, status) = refused(&length(bad));
        assert!(
            matches!(error, ParseError::ContentLength { .. }),
            "{bad}: {error}"
        );
        assert_eq!(status, Some(400), "{bad}");
    }
    let (error, status) = refused(&length("l: 13\r\n"));
    assert_eq!(
        error,
        ParseError::BodyTooShort {
            expected: 13,
            got: 12
        }
    );
    assert_eq!(status, Some(400));
}

#[test]
fn a_request_that_lacks_what_every_request_needs_is_answered_400() {
    for (line, name) in [
        ("From", "From"),
        ("t:", "To"),
        ("i:", "Call-ID"),
        ("CSeq", "CSeq"),
    ] {
        let without = INVITE.replace("\r\n <sip", " <sip");
        let without: String = without
            .split_inclusive("\r\n")
            .filter(|l| !l.starts_with(line))
            .collect();
        let (error, status) = refused(&without);
        assert_eq!(
            (error.to_string(), status),
            (format!("{name}: missing"), Some(400))
        );
    }
    let (error, status) = refused(&INVITE.replace("CSeq: 0009 INVITE", "CSeq: 9 BYE"));
    assert!(
        matches!(error, ParseError::MethodMismatch { .. }),
        "{error}"
    );
    assert_eq!(status, Some(400));
}

#[test]
fn a_refusal_is_the_same_each_time_and_says_which_header() {
    let bad = INVITE.replace("CSeq: 0009", "CSeq: 4294967296");
    let answer = || parse(&bad).unwrap_err().response.unwrap();
    assert_eq!(answer(), answer());
    assert_eq!(&*answer().reason, "Bad Request (CSeq)");
    assert!(answer().headers.to().unwrap().tag().is_some());
}

#[test]
fn an_ack_a_response_and_noise_are_met_with_silence() {
    let ack = INVITE.replace("INVITE", "ACK").replace("l: 4", "l: x");
    assert_eq!(refused(&ack).1, None);
    let response = INVITE.replace("INVITE sip:1000@demo.localhost SIP/2.0", "SIP/2.0 200 OK");
    assert!(parse(&response).is_ok());
    assert_eq!(refused(&response.replace("l: 4", "l: x")).1, None);
    for noise in [
        "x",
        "\x00\x01\x02\x03",
        "GET / HTTP/1.1\r\n\r\n",
        "INVITE\r\n\r\n",
        " \r\n\r\n",
        "SIP/2.0 \r\n\r\n",
    ] {
        assert_eq!(refused(noise).1, None, "{noise:?}");
    }
    for alive in ["", "\r\n", "\r\n\r\n", "\0\0\0\0"] {
        assert_eq!(refused(alive), (ParseError::KeepAlive, None));
    }
}

#[test]
fn start_lines_hold_to_the_letter() {
    let line = |line: &str| INVITE.replace("INVITE sip:1000@demo.localhost SIP/2.0", line);
    let status = |text: &str| refused(&line(text)).1;
    assert_eq!(status("INVITE sip:a@b.se SIP/3.0"), Some(505));
    assert_eq!(status("INVITE sip:a@b.se SIP/2.0 "), Some(400));
    assert_eq!(status("INVITE  sip:a@b.se SIP/2.0"), Some(400));
    assert_eq!(status("INVITE <sip:a@b.se> SIP/2.0"), Some(400));
    assert_eq!(status("INVITE sip:a@b.se; lr SIP/2.0"), Some(400));
    assert_eq!(status("INVITE sip:a@b.se?Route=x SIP/2.0"), Some(400));
    assert_eq!(
        request(&line("INVITE tel:+46-8-500 SIP/2.0")).uri.user(),
        Some("+468500")
    );
    assert_eq!(
        request(&line("INVITE urn:service:sos sip/2.0"))
            .uri
            .scheme(),
        "urn"
    );
    for bad in [
        "SIP/2.0 99 X",
        "SIP/2.0 700 X",
        "SIP/2.0 4294967301 X",
        "SIP/2.0 20 X",
        "SIP/3.0 200 X",
    ] {
        assert_eq!(status(bad), None, "{bad}");
    }
    for (text, reason) in [
        ("SIP/2.0 200 ", ""),
        ("SIP/2.0 200", ""),
        ("SIP/2.0 200 = 2**3 * 5**2 но", "= 2**3 * 5**2 но"),
    ] {
        let Ok(Message::Response(response)) = parse(line(text)) else {
            panic!("{text}");
        };
        assert_eq!(&*response.reason, reason);
    }
}

#[test]
fn limits_are_refused_with_their_own_status_and_never_cut() {
    let long = "x".repeat(9_000);
    let header = refused(&INVITE.replace("X-Odd: a", &format!("X-Odd: {long}")));
    assert!(
        matches!(header, (ParseError::HeaderTooLong { .. }, Some(513))),
        "{header:?}"
    );
    let folded =
        refused(&INVITE.replace("X-Odd: a", &format!("X-Odd: a{}", "\r\n x".repeat(4_000))));
    assert!(
        matches!(folded, (ParseError::HeaderTooLong { .. }, Some(513))),
        "{folded:?}"
    );
    let uri = refused(&INVITE.replace("sip:1000@", &format!("sip:{long}@")));
    assert!(
        matches!(uri, (ParseError::StartLineTooLong { .. }, Some(414))),
        "{uri:?}"
    );
    let many = refused(&INVITE.replace("X-Odd: a", &"X-Odd: a\r\n".repeat(HEADERS_MAX)));
    assert!(
        matches!(many, (ParseError::TooManyHeaders { .. }, Some(513))),
        "{many:?}"
    );
    let exactly = INVITE.replace("X-Odd: a,,b\r\n", &"Q: a\r\n".repeat(HEADERS_MAX - 8));
    assert_eq!(request(&exactly).headers.len(), HEADERS_MAX - 1);
    let big = refused(&INVITE.replace("trailing", &"x".repeat(MESSAGE_BYTES_MAX)));
    assert!(
        matches!(big, (ParseError::MessageTooLong { .. }, Some(413))),
        "{big:?}"
    );
}

#[test]
fn a_lone_line_end_starts_no_header() {
    for bad in [
        "X-Odd: a\nEvil: 1",
        "X-Odd: a\rEvil: 1",
        "X-Odd: a\n Evil",
        "X Odd: a",
        "X-Odd",
        ": a",
    ] {
        let (error, status) = refused(&INVITE.replace("X-Odd: a,,b", bad));
        assert!(
            matches!(error, ParseError::HeaderLine { .. }),
            "{bad:?}: {error}"
        );
        assert_eq!(status, Some(400), "{bad:?}");
    }
    assert_eq!(
        refused(&INVITE.replace("\r\n\r\nbodytrailing", "\r\n")),
        (ParseError::Unterminated, Some(400))
    );
}

#[test]
fn a_refusal_goes_back_to_where_the_request_came_from() {
    let arrived = Flow {
        transport: crate::transport::Transport::Udp,
        local: "127.0.0.1:5060".parse().unwrap(),
        remote: "127.0.0.1:7777".parse().unwrap(),
        connection: 0,
    };
    let rejected = parse(INVITE.replace("l: 4", "l: x")).unwrap_err();
    let (flow, response) = rejected.reply(&arrived).unwrap();
    assert_eq!(flow, arrived);
    assert_eq!(response.headers.via().unwrap().rport(), Some(Some(7777)));
    let unreadable =
        parse(INVITE.replace("SIP/2.0/UDP 192.0.2.4:5062;", "SIP/2.0/UDP 192.0.2.4;;"))
            .unwrap_err();
    assert_eq!(unreadable.reply(&arrived).unwrap().0, arrived);
}

#[test]
fn a_stream_is_cut_by_content_length_wherever_the_reads_fall() {
    let one = INVITE.trim_end_matches("trailing");
    let stream = format!("\r\n{one}\r\n\r\n{one}{one}");
    for size in 1..stream.len() {
        let mut framer = StreamFramer::new(Limits::default());
        let mut out = Vec::new();
        for chunk in stream.as_bytes().chunks(size) {
            framer.push(chunk);
            out.extend(std::iter::from_fn(|| framer.pop()));
        }
        let message = || Framed::Message(parse(one).unwrap());
        assert_eq!(
            out,
            [message(), Framed::Ping, message(), message()],
            "chunks of {size}"
        );
    }
}

#[test]
fn a_stream_goes_on_after_a_bad_header_and_ends_after_a_bad_length() {
    let one = INVITE.trim_end_matches("trailing");
    let mut framer = StreamFramer::new(Limits::default());
    framer.push(one.replace("CSeq: 0009", "CSeq: x").as_bytes());
    framer.push(one.as_bytes());
    assert!(matches!(framer.pop(), Some(Framed::Refused(rejected)) if rejected.response.is_some()));
    assert!(matches!(framer.pop(), Some(Framed::Message(_))));
    assert_eq!(framer.pop(), None);
    for bad in ["", "l: x\r\n", "l: 4\r\nl: 5\r\n", "l: 70000\r\n"] {
        let mut framer = StreamFramer::new(Limits::default());
        framer.push(one.replace("l: 4\r\n", bad).as_bytes());
        assert!(
            matches!(framer.pop(), Some(Framed::Broken(rejected)) if rejected.response.is_some()),
            "{bad:?}"
        );
        framer.push(one.as_bytes());
        assert_eq!(framer.pop(), None, "{bad:?}");
    }
}

#[test]
fn a_stream_that_never_ends_its_head_is_given_up_at_the_limit() {
    let mut framer = StreamFramer::new(Limits::default());
    let mut broken = None;
    for _ in 0..=MESSAGE_BYTES_MAX / 100 {
        framer.push(&[b'a'; 100]);
        broken = broken.or_else(|| framer.pop());
    }
    assert!(matches!(broken, Some(Framed::Broken(_))));
}

/// A message's bytes with some of them replaced: near enough to a message to get deep.
fn mangled() -> impl Strategy<Value = Vec<u8>> {
    let bytes = INVITE.as_bytes().to_vec();
    let edit = (
        0..bytes.len(),
        proptest::sample::select(b"\r\n \t:;,<>\"\\%@[]\0\xc3A9".to_vec()),
    );
    proptest::collection::vec(edit, 0..6).prop_map(move |edits| {
        let mut bytes = bytes.clone();
        for (at, byte) in edits {
            bytes[at] = byte;
        }
        bytes
    })
}

proptest! {
    #[test]
    fn any_bytes_are_a_message_or_a_refusal_and_a_message_reads_back(bytes in mangled()) {
        match parse(&bytes) {
            Ok(message) => prop_assert_eq!(parse(message.to_bytes()).unwrap(), message),
            Err(Rejected { response: Some(response), .. }) => {
                prop_assert!(response.status.code() >= 400);
            }
            Err(_) => {}
        }
    }

    #[test]
    fn noise_is_no_message(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        prop_assert!(parse(&bytes).is_err());
    }
}
