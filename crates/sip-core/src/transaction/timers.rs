//! The timers of RFC 3261 §17 by their letters, their lengths, and the doubling of retransmissions.

use base::Time;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// RFC 3261 §17.1.1.1: an estimate of the round trip.
pub const T1: Duration = Duration::from_millis(500);
/// RFC 3261 §17.1.2.2: the longest interval between retransmissions of non-INVITE requests and of responses.
pub const T2: Duration = Duration::from_secs(4);
/// RFC 3261 §17.1.2.2: the longest a message stays in the network.
pub const T4: Duration = Duration::from_secs(5);
/// RFC 3261 §17.1.1.2: how long Timer D absorbs repeated final responses, at least.
pub const D: Duration = Duration::from_secs(32);

/// RFC 3261 §16.6 step 11 wants more than three minutes of a proxy's Timer C. Here it only catches an INVITE
/// that everybody has forgotten, so it is longer than anybody lets a phone ring.
pub const C: Duration = Duration::from_secs(600);

/// Lengths of the base timers; [`Timers::default`] has the RFC's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timers {
    /// An estimate of the round trip.
    pub t1: Duration,
    /// The longest interval between retransmissions.
    pub t2: Duration,
    /// The longest a message stays in the network.
    pub t4: Duration,
    /// Timer C.
    pub c: Duration,
    /// Timer D on unreliable transports.
    pub d: Duration,
}

impl Default for Timers {
    fn default() -> Timers {
        Timers {
            t1: T1,
            t2: T2,
            t4: T4,
            c: C,
            d: D,
        }
    }
}

impl Timers {
    /// 64*T1: how long timers B, F, H, J, L and M run.
    pub fn long(&self) -> Duration {
        self.t1 * 64
    }
}

/// Why a transaction's deadline is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TimerReason {
    /// INVITE is sent again (§17.1.1.2).
    A,
    /// INVITE was never answered (§17.1.1.2).
    B,
    /// INVITE was answered provisionally and then not for long (§16.8): it is cancelled.
    C,
    /// Repeated non-2xx final responses to INVITE have been acknowledged long enough (§17.1.1.2).
    D,
    /// A non-INVITE request is sent again (§17.1.2.2).
    E,
    /// A non-INVITE request was never finally answered (§17.1.2.2).
    F,
    /// A non-2xx final response to INVITE is sent again (§17.2.1).
    G,
    /// A non-2xx final response to INVITE was never acknowledged (§17.2.1).
    H,
    /// Repeated ACKs have been absorbed long enough (§17.2.1).
    I,
    /// Repeated non-INVITE requests have been answered long enough (§17.2.2).
    J,
    /// Repeated final responses to a non-INVITE request have been absorbed long enough (§17.1.2.2).
    K,
    /// Repeats of an INVITE that was answered 2xx have been absorbed long enough (RFC 6026 §7.1).
    L,
    /// Repeated 2xx to INVITE have been handed on long enough (RFC 6026 §7.2).
    M,
    /// The CANCEL of an INVITE brought no final response within 64*T1 (§9.1).
    CancelUnanswered,
    /// A non-INVITE request was not answered here within 64*T1; its sender no longer listens
    /// (RFC 4320 §4.2).
    Unanswered,
}

/// Whether the transport repeats what is lost by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reliability {
    Reliable,
    Unreliable,
}

/// What a machine needs to know of the moment and the road.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    pub(super) now: Time,
    pub(super) timers: Timers,
    pub(super) reliability: Reliability,
}

impl Moment {
    /// The end of a wait that only unreliable transports need; at once on the others.
    pub(super) fn linger(&self, span: Duration) -> Time {
        match self.reliability {
            Reliability::Reliable => self.now,
            Reliability::Unreliable => self.now + span,
        }
    }

    /// The end of 64*T1 from now.
    pub(super) fn long(&self) -> Time {
        self.now + self.timers.long()
    }

    /// Repeats from T1 on, doubling, up to `interval_max`; none on a reliable transport.
    pub(super) fn repeats(&self, interval_max: Duration) -> Repeats {
        let mut repeats = Repeats::new(self.now, &self.timers, interval_max);
        if self.reliability == Reliability::Reliable {
            repeats.next_at = Time::NEVER;
        }
        repeats
    }
}

/// What [`Repeats`] says is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Send again.
    Again,
    /// 64*T1 have passed: give up.
    End,
}

/// When to send something again: after T1, then at doubling intervals, until 64*T1 have passed.
///
/// The machines use it for timers A, E and G. It is public for those who answer INVITE: a 2xx is repeated
/// by the transaction user until its ACK comes (RFC 3261 §13.3.1.4, [`Repeats::of_success`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeats {
    next_at: Time,
    interval: Duration,
    interval_max: Duration,
    ends_at: Time,
}

impl Repeats {
    fn new(now: Time, timers: &Timers, interval_max: Duration) -> Repeats {
        Repeats {
            next_at: now + timers.t1,
            interval: timers.t1,
            // No setting may make repeats without a pause between.
            interval_max: interval_max.max(timers.t1),
            ends_at: now + timers.long(),
        }
    }

    /// For a 2xx to INVITE first sent `now`: also on reliable transports, since the next hop may not be.
    pub fn of_success(now: Time, timers: &Timers) -> Repeats {
        Repeats::new(now, timers, timers.t2)
    }

    /// For a reliable provisional response first sent `now` (RFC 3262 §3): the intervals double without an upper
    /// bound, on every transport.
    pub fn of_provisional(now: Time, timers: &Timers) -> Repeats {
        Repeats::new(now, timers, Duration::MAX)
    }

    /// The next moment at which something is due, and what.
    pub fn deadline(&self) -> (Time, Due) {
        if self.next_at < self.ends_at {
            (self.next_at, Due::Again)
        } else {
            (self.ends_at, Due::End)
        }
    }

    /// What is due `now`, if anything. One [`Due::Again`] for however many were missed.
    pub fn step(&mut self, now: Time) -> Option<Due> {
        let (at, due) = self.deadline();
        if now < at {
            return None;
        }
        if now >= self.ends_at {
            return Some(Due::End);
        }
        self.interval = (self.interval * 2).min(self.interval_max);
        self.next_at = now + self.interval;
        Some(due)
    }

    /// From the next repeat on, the interval is the longest.
    pub(super) fn slow_down(&mut self) {
        self.interval = self.interval_max;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments_of(mut repeats: Repeats) -> Vec<u64> {
        let mut moments = Vec::new();
        loop {
            let (at, due) = repeats.deadline();
            assert_eq!(repeats.step(at), Some(due));
            moments.push(at.as_micros() / 1_000);
            if due == Due::End {
                return moments;
            }
        }
    }

    #[test]
    fn a_2xx_is_repeated_at_doubling_intervals_up_to_t2_until_64_t1() {
        let repeats = Repeats::of_success(Time::ZERO, &Timers::default());
        let expected = [
            500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500, 32_000,
        ];
        assert_eq!(moments_of(repeats), expected);
    }

    #[test]
    fn a_late_step_repeats_once_and_never_after_the_end() {
        let mut repeats = Repeats::of_success(Time::ZERO, &Timers::default());
        assert_eq!(repeats.step(Time::from_millis(499)), None);
        assert_eq!(repeats.step(Time::from_millis(9_000)), Some(Due::Again));
        assert_eq!(repeats.step(Time::from_millis(9_000)), None);
        assert_eq!(repeats.step(Time::from_millis(90_000)), Some(Due::End));
    }
}
