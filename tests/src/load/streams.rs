//! RTP of many legs from few sockets: each leg sends 50 packets a second, spread over the 20 ms; every packet carries
//! when it was sent and by whom, so that a leg that receives it knows its delay and its partner. Legs are told apart
//! by the server's port they talk to.

use super::{Spread, socket, wait};
use crate::rtp::PACKET;
use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// RTP header and 160 octets of G.711.
const LENGTH: usize = 172;
/// Set in the payload so that no prompt is taken for one of ours.
const MARK: [u8; 4] = *b"kOLa";

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
}

impl Default for Streams {
    fn default() -> Streams {
        Streams {
            socket: socket(),
            legs: Vec::new(),
            by_port: HashMap::new(),
            began: Instant::now(),
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

    /// Runs for `span`; what happened in it. What was under way before is read and left out.
    pub fn run(&mut self, traffic: Traffic, span: Duration) -> Tally {
        let start = Instant::now();
        let end = start + span;
        let mut tally = Tally::default();
        self.read(&mut Tally::default());
        let count = self.legs.len().max(1) as u32;
        for (index, leg) in self.legs.iter_mut().enumerate() {
            leg.due = start + PACKET * index as u32 / count;
            leg.last = None;
        }
        // Legs are in order of their phase, so the next due is always the one after the last.
        let mut next = 0;
        loop {
            let now = Instant::now();
            if now >= end {
                break;
            }
            if traffic == Traffic::Both && !self.legs.is_empty() {
                while self.legs[next].due <= now {
                    tally.late = tally.late.max(now - self.legs[next].due);
                    self.send(next);
                    tally.sent += 1;
                    next = (next + 1) % self.legs.len();
                }
            }
            self.read(&mut tally);
            let due = if traffic == Traffic::Both {
                self.legs.get(next).map_or(end, |leg| leg.due)
            } else {
                end
            };
            wait(&[&self.socket], due.min(end));
        }
        if traffic == Traffic::Both {
            // What was sent last is still on its way.
            let grace = Instant::now() + Duration::from_millis(100);
            let mut rest = Tally::default();
            while Instant::now() < grace {
                wait(&[&self.socket], grace);
                self.read(&mut rest);
            }
            tally.passed += rest.passed;
            tally.gaps += rest.gaps;
        }
        tally
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
        packet[24..28].copy_from_slice(&(index as u32).to_be_bytes());
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
        let tally = streams.run(Traffic::Both, Duration::from_millis(400));
        assert!((19..=21).contains(&tally.sent), "{tally:?}");
        assert_eq!((tally.passed, tally.other, tally.gaps), (tally.sent, 0, 0));
        assert!(tally.delay.percentile(50.0) < Duration::from_millis(5));
    }
}
