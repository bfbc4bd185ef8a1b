//! Who is kept out: guessers are banned and let in again, floods are held to their rate, and phones that proved who they
//! are notice neither.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::net::UdpSocket;
use std::time::Duration;
use tests::digest::{self, Answer, Challenge};
use tests::phone::{DOMAIN, Phone};
use tests::random;
use tests::server::{Server, Setup};
use tests::sip::Msg;

const SOON: Duration = Duration::from_secs(5);
/// How long silence is listened to: an answer on loopback comes within a millisecond.
const SILENCE: Duration = Duration::from_millis(300);

/// The demo, where addresses of loopback are treated as all others are.
fn guarded() -> Setup {
    Setup::demo()
        .set_server("limits.loopback", "true")
        .set_server("bans.loopback", "true")
        .set_server("bans.offences", "5")
        // Sources of trunks are never banned.
        .set("trunks.provider.sources", "[\"127.0.0.1\"]")
}

/// Somebody at an address of his own.
struct Stranger {
    socket: UdpSocket,
}

impl Stranger {
    fn at(address: &str, server: &Server) -> Stranger {
        let socket = UdpSocket::bind((address, 0)).unwrap();
        socket.connect(server.sip()).unwrap();
        Stranger { socket }
    }

    fn request(&self, method: &str, user: &str) -> Msg {
        let (via, id) = (self.socket.local_addr().unwrap(), random::token());
        Msg::request(method, &format!("sip:{DOMAIN}"))
            .with("Via", format!("SIP/2.0/UDP {via};branch=z9hG4bK{id};rport"))
            .with("From", format!("<sip:{user}@{DOMAIN}>;tag={id}"))
            .with("To", format!("<sip:{user}@{DOMAIN}>"))
            .with("Call-ID", id)
            .with("CSeq", format!("1 {method}"))
            .with("Max-Forwards", "70")
    }

    /// The final answer, if one comes.
    fn ask(&self, request: &Msg, patience: Duration) -> Option<Msg> {
        self.socket.send(&request.to_bytes()).unwrap();
        self.socket.set_read_timeout(Some(patience)).unwrap();
        let mut buffer = [0; 4_096];
        loop {
            let length = self.socket.recv(&mut buffer).ok()?;
            let reply = Msg::parse(&buffer[..length])?;
            if reply.call_id() == request.call_id() {
                return Some(reply);
            }
        }
    }

    /// Answers a challenge with that password; the status that comes of it, if any.
    fn guess(&self, user: &str, password: &str) -> Option<u16> {
        let reply = self.ask(&self.request("REGISTER", user), SILENCE)?;
        let challenge = reply
            .header("WWW-Authenticate")
            .and_then(Challenge::parse)?;
        let answer = Answer {
            user,
            password,
            method: "REGISTER",
            uri: &format!("sip:{DOMAIN}"),
            count: 1,
            cnonce: "c",
        };
        let credentials = digest::authorization(&challenge, &answer);
        let request = self.request("REGISTER", user);
        let request = request.with("Authorization", credentials);
        Some(self.ask(&request, SILENCE)?.status())
    }
}

fn banned(server: &Server) -> Vec<String> {
    let list = server.ctl(&["bans"]);
    let rows = list.as_array().unwrap().iter();
    rows.map(|row| {
        format!(
            "{} {}",
            row["source"].as_str().unwrap(),
            row["cause"].as_str().unwrap()
        )
    })
    .collect()
}

#[test]
fn an_address_that_guesses_passwords_is_banned_others_are_not_and_the_operator_lets_it_in_again() {
    let server = guarded().start();
    let mut phone = Phone::agent(&server, "bosse");
    let guesser = Stranger::at("127.0.0.66", &server);
    for _ in 0..5 {
        assert_eq!(guesser.guess("anna", "guess"), Some(401));
    }
    assert_eq!(banned(&server), ["127.0.0.66 wrong-credentials"]);
    assert_eq!(guesser.guess("anna", "demo-anna"), None);
    let other_port = Stranger::at("127.0.0.66", &server);
    assert_eq!(
        other_port.ask(&other_port.request("OPTIONS", "x"), SILENCE),
        None
    );
    let elsewhere = Stranger::at("127.0.0.67", &server);
    assert_eq!(elsewhere.guess("anna", "demo-anna"), Some(200));
    phone.register();

    server.ctl(&["bans", "remove", "127.0.0.66"]);
    assert_eq!(banned(&server), [""; 0]);
    assert_eq!(guesser.guess("anna", "demo-anna"), Some(200));
    assert!(server.metric("kolapp_bans_total{cause=\"wrong-credentials\"}") >= 1.0);
}

#[test]
fn scanners_are_met_with_silence() {
    let server = guarded().start();
    let scanner = Stranger::at("127.0.0.68", &server);
    let request = scanner
        .request("OPTIONS", "100")
        .with("User-Agent", "friendly-scanner");
    assert_eq!(scanner.ask(&request, SILENCE), None);
    assert_eq!(banned(&server), ["127.0.0.68 scanner"]);
    let fishing = Stranger::at("127.0.0.69", &server);
    for name in 200..205 {
        let reply = fishing.ask(&fishing.request("REGISTER", &name.to_string()), SOON);
        assert_eq!(reply.unwrap().status(), 401);
    }
    assert_eq!(
        fishing.ask(&fishing.request("REGISTER", "anna"), SILENCE),
        None
    );
    assert_eq!(banned(&server)[1], "127.0.0.69 unknown-users");
}

#[test]
fn an_operator_bans_an_address_by_hand() {
    let server = guarded().start();
    let stranger = Stranger::at("127.0.0.70", &server);
    assert!(
        stranger
            .ask(&stranger.request("OPTIONS", "x"), SOON)
            .is_some()
    );
    server.ctl(&["bans", "add", "127.0.0.70", "--minutes", "5"]);
    assert_eq!(banned(&server), ["127.0.0.70 operator"]);
    assert_eq!(
        stranger.ask(&stranger.request("OPTIONS", "x"), SILENCE),
        None
    );
}

#[test]
fn an_address_beyond_its_rate_is_dropped_and_a_phone_at_the_same_address_is_served() {
    let server = guarded()
        .set_server("limits.requests_per_source", "5")
        .start();
    let phone = Stranger::at("127.0.0.71", &server);
    assert_eq!(phone.guess("anna", "demo-anna"), Some(200));
    let flood = Stranger::at("127.0.0.71", &server);
    for _ in 0..200 {
        flood
            .socket
            .send(&flood.request("OPTIONS", "x").to_bytes())
            .unwrap();
    }
    server.wait("the flood is dropped", SOON, |server| {
        server.metric("kolapp_sip_kept_out_total{cause=\"too-fast\"}") >= 100.0
    });
    let reply = phone.ask(&phone.request("OPTIONS", "x"), SOON);
    assert_eq!(reply.unwrap().status(), 200);
}
