//! Next hops that have failed lately: of those that a name leads to, they come last.

use base::Time;
use dashmap::DashMap;
use sip_core::{Flow, Transport};
use std::net::SocketAddr;
use std::time::Duration;

/// Next hops remembered: those of many trunks. Beyond it one more is tried in its turn.
const RESTING_MAX: usize = 1_024;

/// Next hops that have failed, and until when they rest. Each is a fact of its own, for all tasks.
#[derive(Debug, Default)]
pub(crate) struct Resting {
    until: DashMap<(Transport, SocketAddr), Time, ahash::RandomState>,
}

impl Resting {
    pub(crate) fn rest(&self, now: Time, hop: &Flow, span: Duration) {
        let key = (hop.transport, hop.remote);
        if self.until.len() >= RESTING_MAX {
            self.until.retain(|_, until| *until > now);
        }
        if self.until.len() < RESTING_MAX || self.until.contains_key(&key) {
            self.until.insert(key, now + span);
        }
    }

    /// Those that rest behind the others.
    pub(crate) fn put_last(&self, now: Time, targets: &mut [Flow]) {
        if targets.len() > 1 && !self.until.is_empty() {
            targets.sort_by_key(|hop| {
                let until = self.until.get(&(hop.transport, hop.remote));
                until.is_some_and(|until| *until > now)
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(port: u16) -> Flow {
        Flow {
            transport: Transport::Udp,
            local: "192.0.2.1:5060".parse().unwrap(),
            remote: SocketAddr::from(([192, 0, 2, 9], port)),
            connection: 0,
        }
    }

    fn order(resting: &Resting, now: Time) -> [u16; 3] {
        let mut targets = [1, 2, 3].map(flow);
        resting.put_last(now, &mut targets);
        targets.map(|flow| flow.remote.port())
    }

    #[test]
    fn one_that_rests_is_tried_last_for_a_while_and_then_in_its_turn() {
        let resting = Resting::default();
        let (now, span) = (Time::ZERO, Duration::from_secs(30));
        resting.rest(now, &flow(1), span);
        assert_eq!(order(&resting, now), [2, 3, 1]);
        assert_eq!(order(&resting, now + span), [1, 2, 3]);
        resting.rest(now, &flow(2), span);
        resting.rest(now, &flow(3), span);
        assert_eq!(order(&resting, now), [1, 2, 3], "all rest: as it was");
    }

    #[test]
    fn what_is_remembered_is_bounded_and_old_things_make_room() {
        let resting = Resting::default();
        let second = Duration::from_secs(1);
        for port in 1..3_000 {
            resting.rest(Time::ZERO, &flow(port), second);
        }
        assert_eq!(resting.until.len(), RESTING_MAX);
        resting.rest(Time::ZERO + second, &flow(1), second);
        assert_eq!(resting.until.len(), 1);
    }
}
