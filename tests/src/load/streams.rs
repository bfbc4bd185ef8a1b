//! RTP of many legs from few sockets: each leg sends 50 packets a second, spread over the 20 ms; every packet carries
//! when it was sent, so that a leg that receives it knows its delay. Legs are told apart by the server's port they talk
//! to.

use super::{Spread, socket, wait};
use crate::rtp::PACKET;
use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// RTP header and 160 octets of G.711.
const LENGTH: usize = 172;
/// Set in the payload so that no prompt is taken for one of ours.
const MARK: [u8; 4] = *b"kOLa";

/// How long packets may be on their way.
const GRACE: Duration = Duration::from_millis(200);

/// What legs do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// Send and receive.
    Both,
    /// Receive only.
    Listen,
}

/// What was measured.
#[derive(Debug, Default)]
pub struct Tally {
    /// Packets sent.
    pub sent: u64,
    /// Own packets that came out at another leg.
    pub passed: u64,
    /// Other packets that came: prompts, music, silence.
    pub other: u64,
    /// From sending to arrival, over the bridge.
    pub delay: Spread,
    /// Between the arrivals of one leg's packets.
    pub intervals: Spread,
    /// Sequence numbers that did not follow on.
    pub gaps: u64,
    /// Most of our own lateness in sending; figures are worth nothing when it is large.
    pub late: Duration,
}

#[derive(Debug)]
struct Leg {
    server: SocketAddr,
    sequence: u16,
    due: Instant,
    last: Option<(Instant, u16)>,
}

/// Many legs.
#[derive(Debug)]
pub struct Streams {
    socket: UdpSocket,
    legs: Vec<Leg>,
    by_port: HashMap<u16, usize>,
    began: Instant,
    // Which run a packet belongs to; the one before is still arriving when the next begins.
    epoch: u8,
    next: usize,
    sent_until: Option<Instant>,
}

impl Default for Streams {
    fn default() -> Streams {
        Streams {
            socket: socket(),
            legs: Vec::new(),
            by_port: HashMap::new(),
            began: Instant::now(),
            epoch: 0,
            next: 0,
            sent_until: None,
        }
    }
}

impl Streams {
    /// Our address, for session descriptions.
    ///
    /// # Panics
    /// Never: the socket is bound.
    pub fn local(&self) -> SocketAddr {
        self.socket.local_addr().expect("a bound socket")
    }

    /// Adds a leg by the server's address of its description.
    pub fn add(&mut self, server: SocketAddr) {
        self.by_port.insert(server.port(), self.legs.len());
        self.legs.push(Leg {
            server,
            sequence: 0,
            due: self.began,
            last: None,
        });
    }

    /// How many legs there are.
    pub fn len(&self) -> usize {
        self.legs.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.legs.is_empty()
    }

    /// Runs for `span`; what happened in it. A run that follows at once goes on where the last one ended, with no gap in
    /// any leg's packets. What is sent last is still on its way at the end: [`Streams::settle`].
    pub fn run(&mut self, traffic: Traffic, span: Duration) -> Tally {
        let start = Instant::now();
        let end = start + span;
        let mut tally = Tally::default();
        self.read(&mut Tally::default());
        self.epoch = self.epoch.wrapping_add(1);
        let goes_on = self
            .sent_until
            .is_some_and(|at| start.duration_since(at) < PACKET / 2);
        if !goes_on {
            let count = self.legs.len().max(1) as u32;
            for (index, leg) in self.legs.iter_mut().enumerate() {
                leg.due = start + PACKET * index as u32 / count;
                leg.last = None;
            }
            self.next = 0;
        }
        let sends = traffic == Traffic::Both && !self.legs.is_empty();
        loop {
            let now = Instant::now();
            if now >= end {
                break;
            }
            // Legs are in order of their phase, so the next due is always the one after the last.
            while sends && self.legs[self.next].due <= now {
                tally.late = tally.late.max(now - self.legs[self.next].due);
                self.send(self.next);
                tally.sent += 1;
                self.next = (self.next + 1) % self.legs.len();
            }
            self.read(&mut tally);
            let due = if sends { self.legs[self.next].due } else { end };
            wait(&[&self.socket], due.min(end));
        }
        self.sent_until = sends.then(Instant::now);
        tally
    }

    /// Reads what the last run sent and what is still on its way, into its tally.
    pub fn settle(&mut self, tally: &mut Tally) {
        let mut rest = Tally::default();
        let grace = Instant::now() + GRACE;
        while Instant::now() < grace {
            wait(&[&self.socket], grace);
            self.read(&mut rest);
        }
        tally.passed += rest.passed;
    }

    fn send(&mut self, index: usize) {
        let nanos = self.began.elapsed().as_nanos() as u64;
        let leg = &mut self.legs[index];
        let mut packet = [0xd5; LENGTH];
        packet[..2].copy_from_slice(&[0x80, 8]);
        packet[2..4].copy_from_slice(&leg.sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&(u32::from(leg.sequence) * 160).to_be_bytes());
        packet[8..12].copy_from_slice(&(0x1000_0000 + index as u32).to_be_bytes());
        packet[12..16].copy_from_slice(&MARK);
        packet[16..24].copy_from_slice(&nanos.to_be_bytes());
        packet[24] = self.epoch;
        leg.sequence = leg.sequence.wrapping_add(1);
        leg.due += PACKET;
        let _ = self.socket.send_to(&packet, leg.server);
    }

    fn read(&mut self, tally: &mut Tally) {
        let mut buffer = [0; 2_048];
        while let Ok((length, from)) = self.socket.recv_from(&mut buffer) {
            let now = Instant::now();
            let Some(leg) = self
                .by_port
                .get(&from.port())
                .map(|&index| &mut self.legs[index])
            else {
                continue;
            };
            if length < 28 || buffer[0] >> 6 != 2 {
                continue;
            }
            let sequence = u16::from_be_bytes([buffer[2], buffer[3]]);
            if let Some((at, previous)) = leg.last.replace((now, sequence)) {
                tally.intervals.push(now - at);
                if sequence != previous.wrapping_add(1) {
                    tally.gaps += 1;
                }
            }
            if buffer[12..16] == MARK && buffer[24] != self.epoch {
                continue;
            }
            if buffer[12..16] == MARK {
                let nanos = u64::from_be_bytes(buffer[16..24].try_into().expect("eight octets"));
                tally.passed += 1;
                tally.delay.push(
                    self.began
                        .elapsed()
                        .saturating_sub(Duration::from_nanos(nanos)),
                );
            } else {
                tally.other += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_that_are_sent_back_are_counted_with_their_delay() {
        // An echo stands in for the server: a socket for each leg, whose packets return from where they went.
        let echo = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = echo.local_addr().unwrap();
        std::thread::spawn(move || {
            let mut buffer = [0; 2_048];
            while let Ok((length, from)) = echo.recv_from(&mut buffer) {
                let _ = echo.send_to(&buffer[..length], from);
            }
        });
        let mut streams = Streams::default();
        streams.add(address);
        streams.run(Traffic::Both, Duration::from_millis(100));
        let mut tally = streams.run(Traffic::Both, Duration::from_millis(400));
        streams.settle(&mut tally);
        assert!((19..=21).contains(&tally.sent), "{tally:?}");
        assert_eq!((tally.passed, tally.other, tally.gaps), (tally.sent, 0, 0));
        assert!(tally.delay.percentile(50.0) < Duration::from_millis(5));
    }
}
