//! Sessions on their way from another thread: their commands wait for them, so that none is lost and none overtakes
//! another.

use crate::mailbox::Mailbox;
use base::LegId;
use media_core::Command;
use std::collections::HashMap;
use std::sync::Arc;

/// Commands that wait for one session. It comes within a pass of the other thread, a few milliseconds; a call says a
/// handful in that time.
const WAITING_MAX: usize = 64;

/// Something to be done with a session once it is here.
#[derive(Debug)]
pub(crate) enum Waiting {
    Command(Command),
    /// It goes on at once.
    HandOver(Arc<Mailbox>),
    /// It comes back after that, and the rest waits for it again.
    Return,
}

/// What waits for which session.
#[derive(Debug, Default)]
pub(crate) struct Awaited(HashMap<LegId, Vec<Waiting>>);

impl Awaited {
    /// A session is on its way.
    pub(crate) fn expect(&mut self, leg: LegId) {
        let waiting = self.0.entry(leg);
        waiting
            .and_modify(|waiting| waiting.push(Waiting::Return))
            .or_default();
    }

    /// A session is on its way again, and these wait for it.
    pub(crate) fn expect_again(&mut self, leg: LegId, waiting: Vec<Waiting>) {
        self.0.insert(leg, waiting);
    }

    pub(crate) fn is_expected(&self, leg: LegId) -> bool {
        self.0.contains_key(&leg)
    }

    /// Keeps something for a session until it is here. What can't be kept comes back.
    pub(crate) fn keep(&mut self, leg: LegId, what: Waiting) -> Result<(), Waiting> {
        // These end the wait, and there is one of each a session: never lost.
        let last = matches!(
            what,
            Waiting::Command(Command::Close) | Waiting::HandOver(_)
        );
        match self.0.get_mut(&leg) {
            Some(waiting) if last || waiting.len() < WAITING_MAX => {
                waiting.push(what);
                Ok(())
            }
            _ => Err(what),
        }
    }

    /// The session is here, or will never be: what waited for it, in order.
    pub(crate) fn arrived(&mut self, leg: LegId) -> Vec<Waiting> {
        self.0.remove(&leg).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::ShardId;

    #[test]
    fn what_waits_is_bounded_but_for_the_end_and_comes_out_in_order() {
        let leg = LegId {
            shard: ShardId(0),
            slot: 0,
            generation: 0,
        };
        let mut awaited = Awaited::default();
        let bridge = || Waiting::Command(Command::Bridge { with: leg });
        assert!(awaited.keep(leg, bridge()).is_err(), "nobody is expected");
        awaited.expect(leg);
        for _ in 0..WAITING_MAX {
            awaited.keep(leg, bridge()).unwrap();
        }
        assert!(awaited.keep(leg, bridge()).is_err());
        awaited.keep(leg, Waiting::Command(Command::Close)).unwrap();
        let waited = awaited.arrived(leg);
        assert_eq!(waited.len(), WAITING_MAX + 1);
        assert!(matches!(
            waited.last(),
            Some(Waiting::Command(Command::Close))
        ));
        assert!(!awaited.is_expected(leg));
    }
}
