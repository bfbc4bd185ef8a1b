//! What arrives from the network and should not: each gets the right status or silence, and the next good request
//! is served at once.

#![allow(clippy::unwrap_used, reason = "a test")]

mod torture_table;

use std::collections::HashSet;
use std::net::UdpSocket;
use std::time::{Duration, Instant};
use tests::phone::{DOMAIN, Options, Phone};
use tests::random::{self, Seeded};
use tests::server::{Server, Setup};
use tests::sip::Msg;
use torture_table::{CASES, Server as Verdict};

const NUMBER: &str = "+46850001000";
const SOON: Duration = Duration::from_secs(5);

fn prober(server: &Server) -> Phone {
    Phone::outside(server, "+46701234567")
}

fn options(phone: &Phone) -> Msg {
    phone.new_request("OPTIONS", &format!("sip:{DOMAIN}"), &random::token(), 1)
}

/// The next good request is taken the first time that it is sent.
fn assert_served(phone: &Phone) {
    assert_eq!(phone.request_once(&options(phone)).status(), 200);
}

/// Sends a datagram and returns the first answer to `call_id`, if one comes.
fn exchange(server: &Server, datagram: &[u8], wait: Duration) -> Option<Msg> {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(wait)).unwrap();
    socket.send_to(datagram, server.sip()).unwrap();
    let mut buffer = [0; 65_536];
    loop {
        let length = socket.recv(&mut buffer).ok()?;
        let reply = Msg::parse(&buffer[..length])?;
        if reply.status() >= 200 {
            return Some(reply);
        }
    }
}

fn raw(method: &str, more: &str) -> Vec<u8> {
    format!(
        "{method} sip:{DOMAIN} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5999;branch=z9hG4bK{0};rport\r\n\
         From: <sip:x@{DOMAIN}>;tag={0}\r\nTo: <sip:{DOMAIN}>\r\nCall-ID: {0}\r\nCSeq: 1 {method}\r\n\
         Max-Forwards: 70\r\n{more}\r\n",
        random::token()
    )
    .into_bytes()
}

#[test]
fn options_says_what_is_understood() {
    let server = Server::demo();
    let phone = prober(&server);
    let reply = phone.request_without_credentials(&options(&phone));
    assert_eq!(reply.status(), 200);
    let allow = reply.header("Allow").expect("Allow");
    for method in ["INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER"] {
        assert!(allow.contains(method), "{allow}");
    }
}

#[test]
fn an_unknown_method_gets_501_or_405_with_allow() {
    let server = Server::demo();
    let phone = prober(&server);
    for method in ["DANCE", "PUBLISH"] {
        let request = phone.new_request(method, &format!("sip:{DOMAIN}"), &random::token(), 1);
        let reply = phone.request_without_credentials(&request);
        assert!(
            matches!(reply.status(), 405 | 501),
            "{method}: {}",
            reply.start
        );
        assert!(
            reply
                .header("Allow")
                .is_some_and(|allow| allow.contains("INVITE")),
            "{reply:?}"
        );
    }
    assert_served(&phone);
}

#[test]
fn a_content_length_that_cannot_be_gets_400() {
    let server = Server::demo();
    for length in [
        "-1",
        "many",
        "999",
        "5\r\nContent-Length: 7",
        "99999999999999999999",
    ] {
        let datagram = raw("OPTIONS", &format!("Content-Length: {length}\r\n"));
        let reply =
            exchange(&server, &datagram, SOON).unwrap_or_else(|| panic!("{length:?}: no answer"));
        assert_eq!(reply.status(), 400, "{length:?}: {}", reply.start);
    }
    assert_served(&prober(&server));
}

#[test]
fn headers_that_cannot_be_read_get_400() {
    let server = Server::demo();
    let good = String::from_utf8(raw("OPTIONS", "")).unwrap();
    for (from, to) in [
        ("CSeq: 1 OPTIONS", "CSeq: one OPTIONS"),
        ("CSeq: 1 OPTIONS", "CSeq: 1 INVITE"),
        ("CSeq: 1 OPTIONS", "CSeq: 99999999999 OPTIONS"),
        ("Max-Forwards: 70", "Max-Forwards: -1"),
    ] {
        let datagram = good.replace(from, to).replace(
            "branch=z9hG4bK",
            &format!("branch=z9hG4bK{}", random::token()),
        );
        let reply = exchange(&server, datagram.as_bytes(), Duration::from_millis(800));
        assert!(
            reply.as_ref().is_none_or(|reply| reply.status() == 400),
            "{to}: {reply:?}"
        );
    }
    let datagram = good.replace("SIP/2.0\r\nVia", "SIP/7.0\r\nVia");
    assert_eq!(
        exchange(&server, datagram.as_bytes(), SOON)
            .unwrap()
            .status(),
        505
    );
    assert_served(&prober(&server));
}

#[test]
fn an_invite_with_no_common_codec_gets_488() {
    let server = Server::demo();
    let phone = Phone::new(
        server.sip(),
        Options {
            codecs: Vec::new(),
            ..Options::outside("+46701234567")
        },
    );
    assert_eq!(phone.call(NUMBER).answered(SOON), 488);
    assert_served(&phone);
    server.wait_idle(SOON);
}

#[test]
fn an_invite_that_requires_what_we_do_not_have_gets_420() {
    let server = Server::demo();
    let phone = prober(&server);
    let request = phone
        .new_request("OPTIONS", &format!("sip:{DOMAIN}"), &random::token(), 1)
        .with("Require", "nothingSupportsThis");
    let reply = phone.request_without_credentials(&request);
    assert_eq!(reply.status(), 420);
    assert_eq!(reply.header("Unsupported"), Some("nothingSupportsThis"));
}

#[test]
fn a_request_of_no_call_gets_481() {
    let server = Server::demo();
    let phone = prober(&server);
    for method in ["BYE", "INVITE", "INFO"] {
        let mut request = phone.new_request(
            method,
            &format!("sip:{NUMBER}@{DOMAIN}"),
            &random::token(),
            2,
        );
        for (name, value) in &mut request.headers {
            if name == "To" {
                value.push_str(";tag=never-given");
            }
        }
        let reply = exchange(&server, &request.to_bytes(), SOON).unwrap();
        assert_eq!(reply.status(), 481, "{method}");
    }
}

// Changes: limits.calls_max
#[test]
fn beyond_the_most_calls_a_caller_gets_503_with_retry_after_and_room_is_given_back() {
    // Each of the 64 parts of the server has its share of the limit.
    let server = Setup::demo().set_server("limits.calls_max", "1").start();
    let phone = prober(&server);
    let mut standing = Vec::new();
    let mut refused = None;
    for _ in 0..400 {
        let mut call = phone.call(NUMBER);
        match call.answered(SOON) {
            200 => standing.push(call),
            status => {
                assert_eq!(status, 503);
                refused = Some(call);
                break;
            }
        }
    }
    let refused = refused.expect("no call was refused");
    assert!(
        refused
            .last
            .as_ref()
            .unwrap()
            .header("Retry-After")
            .is_some()
    );
    for mut call in standing {
        call.hang_up();
    }
    server.wait_idle(SOON);
    let mut call = phone.call(NUMBER);
    call.expect_answer(SOON);
}

#[test]
fn after_a_flood_of_garbage_the_next_good_request_is_served_at_once() {
    let server = Server::demo();
    let phone = prober(&server);
    let seed = random::number();
    println!("seed {seed}");
    let mut random = Seeded::new(seed);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let good = raw("OPTIONS", "Content-Length: 0\r\n");
    for index in 0..4_000 {
        let datagram = match index % 4 {
            0 => {
                let length = random.below(1_400);
                random.bytes(length)
            }
            // A good message with bytes changed, cut, or repeated.
            1 => {
                let mut bytes = good.clone();
                for _ in 0..1 + random.below(20) {
                    let at = random.below(bytes.len());
                    bytes[at] = random.number() as u8;
                }
                bytes
            }
            2 => good[..random.below(good.len())].to_vec(),
            _ => raw(
                "INVITE",
                &format!("Authorization: {}\r\n", "x,=\"".repeat(random.below(300))),
            ),
        };
        let _ = socket.send_to(&datagram, server.sip());
        // Paced so that the system's buffer is not what drops them.
        if index % 50 == 0 {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    let huge = vec![b'A'; 65_000];
    for _ in 0..20 {
        let _ = socket.send_to(&huge, server.sip());
        let _ = socket.send_to(
            &raw("OPTIONS", &format!("X: {}\r\n", "y".repeat(60_000))),
            server.sip(),
        );
    }
    assert_served(&phone);
    let mut call = phone.call(NUMBER);
    call.expect_answer(SOON);
    call.hang_up();
    server.wait_idle(SOON);
    server.stop();
}

#[test]
fn each_torture_message_gets_its_verdict_and_the_server_is_alive_after_it() {
    let server = Server::demo();
    let phone = prober(&server);
    let mut wrong = Vec::new();
    let mut branches = HashSet::new();
    for (index, case) in CASES.iter().enumerate() {
        let mut bytes = case.bytes().to_vec();
        // Some messages share a branch, and would rightly be taken for retransmissions of each other.
        if let Some((at, branch)) = branch_of(&bytes)
            && !branches.insert(branch)
        {
            bytes.splice(at..at, index.to_string().into_bytes());
        }
        // Answers go to the datagram's address and the Via's port (RFC 3261 §18.2.2): an address of loopback for
        // each message lets each have the port it names.
        let port = via_port(&bytes);
        let socket = UdpSocket::bind((format!("127.77.{index}.1"), port)).unwrap();
        socket.send_to(&bytes, server.sip()).unwrap();
        let answer = final_status(&socket, case.server);
        let right = match (case.server, answer) {
            (Verdict::StaysSilent, None) | (Verdict::AnswersFinally, Some(_)) => true,
            (Verdict::Answers(statuses), Some(status)) => statuses.contains(&status),
            _ => false,
        };
        if !right {
            wrong.push(format!(
                "{}: expected {:?} ({}), came {answer:?}",
                case.name, case.server, case.because
            ));
        }
        let reply = phone.try_request(&options(&phone), SOON);
        assert_eq!(
            reply.map(|reply| reply.status()),
            Some(200),
            "after {}",
            case.name
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    server.wait("no call is left", Duration::from_secs(40), |server| {
        server.ctl(&["status"])["calls"] == 0
    });
    server.stop();
}

/// Where the topmost branch begins, after its magic cookie, and what it is.
fn branch_of(message: &[u8]) -> Option<(usize, Vec<u8>)> {
    const COOKIE: &[u8] = b"branch=z9hG4bK";
    let found = message
        .windows(COOKIE.len())
        .position(|window| window.eq_ignore_ascii_case(COOKIE))?;
    let at = found + COOKIE.len();
    let rest = &message[at..];
    let end = rest
        .iter()
        .position(|byte| matches!(byte, b';' | b',' | b' ' | b'\r' | b'\n'));
    Some((at, rest[..end.unwrap_or(rest.len())].to_vec()))
}

/// Port of the topmost Via's sent-by, 5060 where it names none that can be read.
fn via_port(message: &[u8]) -> u16 {
    let text = String::from_utf8_lossy(message);
    let via = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        matches!(name.trim().to_ascii_lowercase().as_str(), "via" | "v").then(|| value.to_owned())
    });
    let sent_by = via
        .as_deref()
        .and_then(|via| via.split(';').next())
        .unwrap_or_default();
    let port = sent_by
        .rsplit(']')
        .next()
        .unwrap_or_default()
        .rsplit_once(':');
    port.and_then(|(_, port)| port.trim().parse().ok())
        .unwrap_or(5060)
}

/// The first final answer, for as long as one may come.
fn final_status(socket: &UdpSocket, expected: Verdict) -> Option<u16> {
    let patience = match expected {
        Verdict::StaysSilent => Duration::from_millis(150),
        _ => Duration::from_secs(2),
    };
    let deadline = Instant::now() + patience;
    let mut buffer = [0; 65_536];
    while let Some(left) = deadline
        .checked_duration_since(Instant::now())
        .filter(|left| !left.is_zero())
    {
        socket.set_read_timeout(Some(left)).unwrap();
        let Ok(length) = socket.recv(&mut buffer) else {
            break;
        };
        let head = String::from_utf8_lossy(&buffer[..length.min(16)]).into_owned();
        let status = head
            .strip_prefix("SIP/2.0 ")
            .and_then(|rest| rest.get(..3)?.parse().ok());
        if let Some(status) = status.filter(|status: &u16| *status >= 200) {
            return Some(status);
        }
    }
    None
}

#[test]
fn keep_alives_are_answered_or_ignored_and_harm_nothing() {
    let server = Server::demo();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for datagram in [&b"\r\n\r\n"[..], b"\r\n", b"", b"\0\0\0\0"] {
        socket.send_to(datagram, server.sip()).unwrap();
    }
    assert_served(&prober(&server));
}
