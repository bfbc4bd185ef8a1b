//! SIP over connections: phones and trunks by TCP, TLS and WebSocket, what happens when a connection ends, and
//! what connections may take.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::{Read, Write};
use std::net::{Ipv6Addr, TcpStream};
use std::time::Duration;
use tests::certificates::Authority;
use tests::hearing::hears_tone;
use tests::peers::{Baresip, Sipp};
use tests::phone::{Options, Phone};
use tests::rtp::Sound;
use tests::server::{Server, Setup};
use tests::wire::{self, Transport, Wire};

const SOON: Duration = Duration::from_secs(5);
const NUMBER: &str = "+46850001000";

fn phone_by(server: &Server, name: &str, transport: Transport) -> Phone {
    let options = Options {
        transport,
        trusted: std::fs::read_to_string(server.folder().join("ca.pem")).ok(),
        ..Options::account(name)
    };
    let mut phone = Phone::new(server.sip_by(transport), options);
    phone.register();
    phone
}

/// One calls the other, both are heard, and the one who was called hangs up.
fn call_each_other(one: &Phone, extension: &str, other: &Phone) {
    let mut calling = one.call(extension);
    let mut called = other.incoming(SOON);
    called.ring();
    calling.expect_provisional(180, SOON);
    called.answer_without_ack();
    calling.expect_answer(SOON);
    called.expect_request("ACK", SOON);
    calling.media.play(Sound::Tone(440.0));
    called.media.play(Sound::Tone(1_000.0));
    hears_tone(&called, 440.0);
    hears_tone(&calling, 1_000.0);
    called.hang_up();
    calling.expect_bye(SOON);
}

#[test]
fn phones_by_tcp_and_udp_call_each_other() {
    let server = Server::demo();
    let anna = phone_by(&server, "anna", Transport::Tcp);
    let bosse = phone_by(&server, "bosse", Transport::Udp);
    call_each_other(&anna, "102", &bosse);
    call_each_other(&bosse, "101", &anna);
    server.wait_idle(SOON);
}

#[test]
fn sipp_calls_the_queue_by_tcp_and_a_phone_by_tcp_answers() {
    let server = Server::demo();
    let anna = phone_by(&server, "anna", Transport::Tcp);
    let calling = Sipp::new(&server, "caller_hangs_up")
        .port(1)
        .by(Transport::Tcp)
        .key("number", NUMBER)
        .pause(Duration::from_secs(1))
        .start();
    let mut called = anna.incoming(SOON);
    called.answer();
    called.expect_bye(SOON);
    calling.expect_success();
    server.wait_idle(SOON);
}

#[test]
fn messages_in_pieces_and_in_one_are_each_answered_and_a_ping_gets_its_pong() {
    let server = Server::demo();
    let mut stream = TcpStream::connect(server.sip_by(Transport::Tcp)).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let options = |number: u32| {
        format!(
            "OPTIONS sip:demo.localhost SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:1;branch=z9hG4bK{number}\r\n\
             From: <sip:a@b.se>;tag=1\r\nTo: <sip:demo.localhost>\r\nCall-ID: c{number}\r\n\
             CSeq: {number} OPTIONS\r\nContent-Length: 0\r\n\r\n"
        )
    };
    let (first, second) = (options(1), options(2));
    let (begin, rest) = first.split_at(40);
    stream.write_all(begin.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(20));
    stream
        .write_all(format!("{rest}{second}\r\n\r\n").as_bytes())
        .unwrap();
    let mut came = String::new();
    let mut buffer = [0; 4_096];
    // The pong may overtake an answer that a shard gives.
    let is_whole = |came: &str| {
        let answers = came.matches("SIP/2.0 200 OK\r\n").count();
        let has_pong = came.starts_with("\r\n") || came.contains("\r\n\r\n\r\n");
        answers == 2 && has_pong && came.ends_with("\r\n\r\n")
    };
    while !is_whole(&came) {
        let length = stream.read(&mut buffer).unwrap();
        assert_ne!(length, 0, "closed after {came}");
        came.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
    }
    assert_eq!(came.matches("SIP/2.0 200 OK\r\n").count(), 2, "{came}");
    stream.write_all(b"no SIP at all\r\n\r\n").unwrap();
    let length = stream.read(&mut buffer).unwrap();
    assert_eq!(length, 0, "what can't be cut into messages is closed");
}

// Changes: sip.connections_per_source
#[test]
fn a_source_with_its_share_of_connections_keeps_no_phone_out() {
    const SHARE: usize = 200;
    const FLOOD: usize = 3_000;
    let server = Setup::demo()
        .set_server("sip.connections_per_source", &SHARE.to_string())
        .start();
    let address = server.sip_by(Transport::Tcp);
    let flood: Vec<TcpStream> = (0..FLOOD)
        // One that is reset while it is made has been refused as well.
        .filter_map(|_| wire::connect([127, 0, 0, 2].into(), address).ok())
        .collect();
    let anna = phone_by(&server, "anna", Transport::Tcp);
    let bosse = phone_by(&server, "bosse", Transport::Tcp);
    call_each_other(&anna, "102", &bosse);
    let refused = || server.metric("kolapp_sip_connections_refused_total");
    server.wait("connections beyond the share are refused", SOON, |_| {
        refused() >= (FLOOD - SHARE) as f64
    });
    server.wait_metric("kolapp_sip_connections", (SHARE + 2) as f64);
    drop(flood);
    server.wait("connections are gone", SOON, |server| {
        server.metric("kolapp_sip_connections") == 2.0
    });
}

#[test]
fn whoever_asks_too_fast_over_a_connection_is_told_and_hung_up_on_but_a_phone_goes_on() {
    let server = Setup::demo()
        .set_server("limits.loopback", "true")
        .set_server("limits.requests_per_source", "5")
        .start();
    let anna = phone_by(&server, "anna", Transport::Tcp);
    let mut stream = wire::connect([127, 0, 0, 1].into(), server.sip_by(Transport::Tcp)).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let mut flood = String::new();
    for number in 0..100 {
        flood += &format!(
            "OPTIONS sip:demo.localhost SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:1;branch=z9hG4bKf{number}\r\n\
             From: <sip:a@b.se>;tag=1\r\nTo: <sip:demo.localhost>\r\nCall-ID: f{number}\r\n\
             CSeq: {number} OPTIONS\r\nContent-Length: 0\r\n\r\n"
        );
    }
    stream.write_all(flood.as_bytes()).unwrap();
    let mut came = String::new();
    // What was sent after the end may reset the connection instead of ending it.
    let _ = stream.read_to_string(&mut came);
    let answers: Vec<&str> = came
        .lines()
        .filter(|line| line.starts_with("SIP/2.0 "))
        .collect();
    assert!(
        answers.contains(&"SIP/2.0 503 Service Unavailable"),
        "{came}"
    );
    assert!(came.contains("Retry-After: 4\r\n"), "{came}");
    server.wait("the connection has ended", SOON, |server| {
        server.metric("kolapp_sip_connections_ended_total{cause=\"turned-away\"}") == 1.0
    });
    assert!(server.metric("kolapp_sip_kept_out_total{cause=\"too-fast\"}") >= 1.0);
    assert_eq!(anna.call("199").answered(SOON), 404);
}

#[test]
fn a_phone_whose_connection_ends_is_reachable_no_more_and_its_call_ends() {
    let server = Server::demo();
    let anna = phone_by(&server, "anna", Transport::Ws);
    let bosse = phone_by(&server, "bosse", Transport::Udp);
    let mut calling = bosse.call("101");
    let called = anna.incoming(SOON);
    called.ring();
    calling.expect_provisional(180, SOON);
    drop((called, anna));
    assert_eq!(calling.answered(SOON), 480);
    server.wait_agent("anna", "unreachable", SOON);
    assert_eq!(server.ctl(&["registrations"]).as_array().unwrap().len(), 1);
    server.wait_idle(SOON);
}

// Changes: sip.tls, sip.ws, sip.wss
#[test]
fn phones_by_tls_and_websocket_call_each_other() {
    let server = Setup::with_tls().start();
    let anna = phone_by(&server, "anna", Transport::Tls);
    let bosse = phone_by(&server, "bosse", Transport::Ws);
    let cecilia = phone_by(&server, "cecilia", Transport::Wss);
    call_each_other(&anna, "102", &bosse);
    call_each_other(&bosse, "103", &cecilia);
    call_each_other(&cecilia, "101", &anna);
    server.wait_idle(SOON);
    let rows = server.ctl(&["status"])["listeners"].clone();
    let transports: Vec<&str> = rows
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["service"] == "sip")
        .map(|row| row["transport"].as_str().unwrap())
        .collect();
    assert_eq!(transports, ["udp", "tcp", "tls", "ws", "wss"]);
}

// Changes: tls.certificate, tls.key
#[test]
fn a_new_certificate_is_shown_without_a_restart_and_a_bad_one_never() {
    let server = Setup::with_tls().start();
    let address = server.sip_by(Transport::Tls);
    let connect = |authority: &Authority| {
        let trusted = Some(authority.pem());
        Wire::try_new(Transport::Tls, [127, 0, 0, 1].into(), address, trusted)
    };
    let early = phone_by(&server, "anna", Transport::Tls);
    let second = Authority::default();
    assert!(connect(&second).is_err(), "not vouched for by that one yet");
    server.setup().show_certificate(&second);
    server.wait("the new certificate is shown", SOON, |_| {
        connect(&second).is_ok()
    });
    std::fs::write(server.setup().config().join("server.pem"), "gone\n").unwrap();
    server.wait("the bad file is told of", SOON, |server| {
        server.log().contains("server.pem: holds no certificate")
    });
    assert!(connect(&second).is_ok(), "the one before stays");
    assert!(early.is_connected());
    assert_eq!(early.call("199").answered(SOON), 404);
}

#[test]
fn whoever_asks_for_no_sip_gets_no_websocket() {
    let server = Server::demo();
    let address = server.sip_by(Transport::Ws);
    for (asked, expected) in [
        ("", "HTTP/1.1 400"),
        ("Sec-WebSocket-Protocol: chat\r\n", "HTTP/1.1 400"),
        ("Sec-WebSocket-Protocol: chat, sip\r\n", "HTTP/1.1 101"),
    ] {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        let upgrade = format!(
            "GET / HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{asked}\r\n"
        );
        stream.write_all(upgrade.as_bytes()).unwrap();
        let mut buffer = [0; 1_024];
        let length = stream.read(&mut buffer).unwrap();
        let answer = String::from_utf8_lossy(&buffer[..length]).into_owned();
        assert!(answer.starts_with(expected), "{asked:?}: {answer}");
    }
}

#[test]
fn a_baresip_by_tls_registers_and_takes_a_call() {
    let server = Setup::with_tls().start();
    let peer = Baresip {
        account: "<sip:anna@demo.localhost;transport=tls>;auth_user=anna;auth_pass=demo-anna;answermode=auto;regint=60",
        hertz: 440,
        port: 5,
        transport: Transport::Tls,
    };
    let (running, _folder) = peer.start(&server);
    server.wait("baresip is registered", 2 * SOON, |server| {
        let rows = server.ctl(&["registrations"]);
        !rows.as_array().unwrap().is_empty()
    });
    let bosse = phone_by(&server, "bosse", Transport::Wss);
    let mut calling = bosse.call("101");
    calling.expect_answer(SOON);
    calling.media.play(Sound::Tone(1_000.0));
    hears_tone(&calling, 440.0);
    calling.hang_up();
    server.wait_idle(SOON);
    drop(running);
}

// Changes: sip.udp, sip.tcp
#[test]
fn phones_by_ipv6_are_heard_over_udp_and_tcp() {
    let six = "[\"127.0.0.1:5060\", \"[::1]:5060\"]";
    let server = Setup::demo()
        .set_server("sip.udp", six)
        .set_server("sip.tcp", six)
        .start();
    for (name, transport) in [("anna", Transport::Udp), ("bosse", Transport::Tcp)] {
        let options = Options {
            transport,
            ip: Ipv6Addr::LOCALHOST.into(),
            ..Options::account(name)
        };
        let address = (Ipv6Addr::LOCALHOST, server.sip().port()).into();
        let mut phone = Phone::new(address, options);
        phone.register();
        let row = server.ctl_row("registrations", "user", &format!("demo/{name}"));
        assert_eq!(row["source"], phone.local().to_string());
        assert_eq!(phone.call("199").answered(SOON), 404);
    }
}

// Changes: sip.external_address, sip.local_networks, rtp.external_address
#[test]
fn whoever_is_outside_is_told_the_external_address_and_whoever_is_inside_the_real_one() {
    let server = Setup::demo()
        .set_server("sip.external_address", "\"127.0.0.98\"")
        .set_server("sip.local_networks", "[\"127.0.0.2/32\"]")
        .set_server("rtp.external_address", "\"127.0.0.99\"")
        .start();
    let port = server.sip().port();
    for (name, extension, own, signalling, audio) in [
        ("anna", "101", [127, 0, 0, 1], "127.0.0.98", "127.0.0.99"),
        ("bosse", "102", [127, 0, 0, 2], "127.0.0.1", "127.0.0.1"),
    ] {
        let options = Options {
            ip: own.into(),
            ..Options::account(name)
        };
        let mut phone = Phone::new(server.sip(), options);
        phone.register();
        let david = phone_by(&server, "david", Transport::Tcp);
        let mut calling = david.call(extension);
        let mut called = phone.incoming(SOON);
        let invite = called.invite().clone();
        let via = invite.header("Via").unwrap();
        assert!(via.contains(&format!("UDP {signalling}:{port};")), "{via}");
        let contact = invite.header("Contact").unwrap();
        assert_eq!(contact, format!("<sip:kolapp@{signalling}:{port}>"));
        let description = called.theirs.as_ref().unwrap();
        assert_eq!(description.address.ip().to_string(), audio);
        called.refuse(486);
        assert_eq!(calling.answered(SOON), 486);
    }
    server.wait_idle(SOON);
}
