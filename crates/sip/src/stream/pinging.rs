//! Keep-alives of our own on connections that we opened (RFC 5626 §4.4.1): address translators keep the way open, and a
//! peer that is gone is noticed before a call is sent to it.

use std::time::{Duration, Instant};

/// RFC 5626 §4.4.1: of connections, so often at most.
pub(super) const PING_EVERY: Duration = Duration::from_secs(120);

/// RFC 5626 §4.4.1: the answer has this long.
const PONG_MAX: Duration = Duration::from_secs(10);

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Ping,
    /// The peer has answered pings and does so no more.
    Dead,
    Nothing,
}

/// The keep-alives of one connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pinging {
    every: Duration,
    next: Instant,
    /// When the answer to the latest must be here.
    pong_by: Option<Instant>,
    /// Whether the peer knows what a ping is. Nothing follows from the silence of one who does not.
    answers: bool,
}

impl Pinging {
    /// From now on, every so often at most and 80 % of it at least, as RFC 5626 has it: `spread` is what one connection has
    /// different from the next.
    pub(super) fn new(now: Instant, most: Duration, spread: u64) -> Pinging {
        // Twenty steps of 1 %.
        let percent = 80 + u32::try_from(spread % 21).unwrap_or_default();
        let every = most * percent / 100;
        Pinging {
            every,
            next: now + every,
            pong_by: None,
            answers: false,
        }
    }

    /// What is to be done now.
    pub(super) fn due(&mut self, now: Instant) -> Due {
        if self.answers && self.pong_by.is_some_and(|by| by <= now) {
            return Due::Dead;
        }
        if self.next > now {
            return Due::Nothing;
        }
        self.next = now + self.every;
        self.pong_by = Some(now + PONG_MAX.min(self.every));
        Due::Ping
    }

    /// Whether an answer is awaited.
    pub(super) fn awaits(&self) -> bool {
        self.pong_by.is_some()
    }

    /// The answer came.
    pub(super) fn ponged(&mut self) {
        self.answers = true;
        self.pong_by = None;
    }

    /// Something else came: the peer lives.
    pub(super) fn heard(&mut self) {
        if self.answers {
            self.pong_by = None;
        }
    }

    /// When to look again.
    pub(super) fn wakes(&self) -> Instant {
        match self.pong_by.filter(|_| self.answers) {
            Some(by) => by.min(self.next),
            None => self.next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pings_are_spread_between_96_and_120_seconds() {
        let now = Instant::now();
        let wait = |spread| Pinging::new(now, PING_EVERY, spread).wakes() - now;
        assert_eq!(wait(0), Duration::from_secs(96));
        assert_eq!(wait(20), Duration::from_secs(120));
        assert_eq!(wait(21), wait(0));
    }

    #[test]
    fn a_peer_that_never_answers_a_ping_is_left_alone_and_one_that_stops_is_dead() {
        let start = Instant::now();
        let mut pinging = Pinging::new(start, PING_EVERY, 20);
        let mut now = pinging.wakes();
        for _ in 0..3 {
            assert_eq!(pinging.due(now), Due::Ping);
            assert_eq!(pinging.due(now + PONG_MAX), Due::Nothing);
            now = pinging.wakes();
        }
        assert_eq!(pinging.due(now), Due::Ping);
        pinging.ponged();
        assert!(!pinging.awaits());
        now = pinging.wakes();
        assert_eq!(pinging.due(now), Due::Ping);
        assert_eq!(pinging.wakes(), now + PONG_MAX);
        assert_eq!(pinging.due(now + PONG_MAX), Due::Dead);
        pinging.heard();
        assert_eq!(
            pinging.due(now + PONG_MAX),
            Due::Nothing,
            "it said something"
        );
    }
}
