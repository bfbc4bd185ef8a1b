//! A flood: requests of every method from some addresses, as fast as asked for.

use crate::phone::DOMAIN;
use crate::random;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// Every method there is, and one that nobody knows.
const METHODS: [&str; 15] = [
    "INVITE",
    "REGISTER",
    "OPTIONS",
    "ACK",
    "BYE",
    "CANCEL",
    "INFO",
    "UPDATE",
    "PRACK",
    "REFER",
    "NOTIFY",
    "SUBSCRIBE",
    "MESSAGE",
    "PUBLISH",
    "DANCE",
];

/// Datagrams sent in one go; with the rest after it, 20,000 a second.
const BURST: usize = 100;

/// From the start of one burst to that of the next.
const BURST_EVERY: Duration = Duration::from_millis(5);

/// Sockets of a flood.
#[derive(Debug)]
pub struct Flood {
    sockets: Vec<UdpSocket>,
    number: usize,
    next: Instant,
}

impl Flood {
    /// From these addresses.
    ///
    /// # Panics
    /// When one of them is not this machine's.
    pub fn from(addresses: &[String], server: SocketAddr) -> Flood {
        let socket = |address: &String| {
            let socket = UdpSocket::bind((address.as_str(), 0)).unwrap();
            socket.set_nonblocking(true).unwrap();
            socket.connect(server).unwrap();
            socket
        };
        Flood {
            sockets: addresses.iter().map(socket).collect(),
            number: 0,
            next: Instant::now(),
        }
    }

    /// Waits until it is time and sends some; gives back how many.
    pub fn burst(&mut self) -> usize {
        std::thread::sleep(self.next.saturating_duration_since(Instant::now()));
        // What a busy machine kept it from sending is not made up for at once.
        self.next = (self.next + BURST_EVERY).max(Instant::now() - BURST_EVERY);
        let mut sent = 0;
        for _ in 0..BURST {
            self.number += 1;
            let socket = &self.sockets[self.number % self.sockets.len()];
            let method = METHODS[self.number / self.sockets.len() % METHODS.len()];
            sent += usize::from(socket.send(&request(method)).is_ok());
        }
        sent
    }
}

fn request(method: &str) -> Vec<u8> {
    let id = random::token();
    format!(
        "{method} sip:1000@{DOMAIN} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK{id};rport\r\n\
         From: <sip:{id}@{DOMAIN}>;tag={id}\r\nTo: <sip:{id}@{DOMAIN}>\r\nCall-ID: {id}\r\nCSeq: 1 {method}\r\n\
         Contact: <sip:{id}@127.0.0.1:9>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
    .into_bytes()
}
