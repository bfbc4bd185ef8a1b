//! Somebody at an address of his own who sends whatever he likes, one request at a time, and says what comes back.

use crate::digest::{self, Answer, Challenge};
use crate::phone::DOMAIN;
use crate::random;
use crate::sip::Msg;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// How long silence is listened to: an answer on loopback comes within milliseconds, also from a busy machine.
pub const SILENCE: Duration = Duration::from_millis(500);

/// A socket with nothing behind it.
#[derive(Debug)]
pub struct Stranger {
    socket: UdpSocket,
}

impl Stranger {
    /// At that address, on a port of the system's choice.
    ///
    /// # Panics
    /// When the address is not this machine's.
    pub fn at(address: &str, server: SocketAddr) -> Stranger {
        let socket = UdpSocket::bind((address, 0)).unwrap();
        socket.connect(server).unwrap();
        Stranger { socket }
    }

    /// Where he is.
    ///
    /// # Panics
    /// Never on Linux.
    pub fn local(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// A request to `uri` in the name of `from`, both `user@domain`, with headers that every request has.
    pub fn request(&self, method: &str, uri: &str, from: &str) -> Msg {
        let (via, id) = (self.local(), random::token());
        Msg::request(method, &format!("sip:{uri}"))
            .with("Via", format!("SIP/2.0/UDP {via};branch=z9hG4bK{id};rport"))
            .with("From", format!("<sip:{from}>;tag={id}"))
            .with("To", format!("<sip:{uri}>"))
            .with("Call-ID", id)
            .with("CSeq", format!("1 {method}"))
            .with("Max-Forwards", "70")
            .with("Contact", format!("<sip:stranger@{via}>"))
    }

    /// A REGISTER for a user of the demo.
    pub fn register(&self, user: &str) -> Msg {
        let mut request = self.request("REGISTER", DOMAIN, &format!("{user}@{DOMAIN}"));
        for (name, value) in &mut request.headers {
            if name == "To" {
                *value = format!("<sip:{user}@{DOMAIN}>");
            }
        }
        request
    }

    /// Sends without waiting for what comes of it.
    ///
    /// # Panics
    /// When the system refuses to.
    pub fn send(&self, request: &Msg) {
        self.socket.send(&request.to_bytes()).unwrap();
    }

    /// The final answer, if one comes within `patience`.
    ///
    /// # Panics
    /// When the answer names the server's make or version: nobody asked for that.
    pub fn ask(&self, request: &Msg, patience: Duration) -> Option<Msg> {
        self.send(request);
        let deadline = Instant::now() + patience;
        let mut buffer = [0; 8_192];
        loop {
            let left = deadline.checked_duration_since(Instant::now())?;
            self.socket
                .set_read_timeout(Some(left.max(Duration::from_millis(1))))
                .unwrap();
            let length = self.socket.recv(&mut buffer).ok()?;
            let reply = Msg::parse(&buffer[..length])?;
            if reply.status() < 200 || reply.call_id() != request.call_id() {
                continue;
            }
            for banner in ["Server", "User-Agent"] {
                assert_eq!(reply.header(banner), None, "{}", reply.start);
            }
            return Some(reply);
        }
    }

    /// The challenge that a REGISTER for a user gets, if any.
    pub fn challenge(&self, user: &str) -> Option<Challenge> {
        let reply = self.ask(&self.register(user), SILENCE)?;
        reply.header("WWW-Authenticate").and_then(Challenge::parse)
    }

    /// The request with an answer to a challenge.
    pub fn authorised(&self, request: &Msg, challenge: &Challenge, who: Who<'_>) -> Msg {
        let answer = Answer {
            user: who.user,
            password: who.password,
            method: request.method(),
            uri: request.uri(),
            count: 1,
            cnonce: "c",
        };
        let credentials = digest::authorization(challenge, &answer);
        request.clone().with("Authorization", credentials)
    }

    /// Registers a user with that password; the status that comes of it, if any.
    pub fn try_to_register(&self, who: Who<'_>) -> Option<u16> {
        let challenge = self.challenge(who.user)?;
        let request = self.register(who.user);
        let request = self.authorised(&request, &challenge, who);
        Some(self.ask(&request, SILENCE)?.status())
    }
}

/// An account and a password for it, right or wrong.
#[derive(Clone, Copy, Debug)]
pub struct Who<'a> {
    /// Name of the account.
    pub user: &'a str,
    /// Password.
    pub password: &'a str,
}
