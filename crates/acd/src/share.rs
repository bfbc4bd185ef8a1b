//! Who comes first when an agent is free: a live caller, or a person who is to be called back.
//!
//! Both are in one order, by arrival, so that nobody overtakes who came later. Since those to be called back have often
//! come hours before whoever waits now, they would all go first; so of the turns that both want they get the share that is set,
//! and live callers the rest. Neither starves: a live caller has his rest of the turns, and an entry becomes the oldest
//! of all, after which its share brings it forward.

use serde::{Deserialize, Serialize};

/// A whole turn, in hundredths.
const TURN: u8 = 100;

/// How many of a hundred turns that both want go to callbacks at most. At least one, so that none starves, and at most
/// ninety-nine, so that no live caller does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Share(u8);

impl Share {
    /// So many of a hundred, if there are such.
    pub fn new(percent: u8) -> Option<Share> {
        (1..TURN).contains(&percent).then_some(Share(percent))
    }
}

/// Who is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Next {
    /// The live caller whose wait weighs most.
    Caller,
    /// The due entry that came first.
    Callback,
}

/// What callbacks have saved up of their share, in hundredths of a turn: less than a whole one, so that a long day
/// saves nothing up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance(u8);

impl Balance {
    /// Who is next of a live caller and an entry that came before him, and what is saved up after that turn. To be asked only
    /// where both want the agent: a turn that only one side wants costs the other nothing.
    pub fn next(self, share: Share) -> (Next, Balance) {
        let saved = self.0 + share.0;
        match saved.checked_sub(TURN) {
            Some(left) => (Next::Callback, Balance(left)),
            None => (Next::Caller, Balance(saved)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(percent: u8) -> impl Iterator<Item = Next> {
        let share = Share::new(percent).unwrap();
        let mut balance = Balance::default();
        std::iter::repeat_with(move || {
            let (next, after) = balance.next(share);
            balance = after;
            next
        })
    }

    #[test]
    fn older_callbacks_get_their_share_of_turns_and_live_callers_the_rest() {
        for percent in [1, 25, 33, 50, 99] {
            let callbacks = turns(percent).take(10_000);
            let callbacks = callbacks.filter(|next| *next == Next::Callback).count();
            assert_eq!(callbacks, 100 * usize::from(percent), "{percent} %");
        }
    }

    #[test]
    fn neither_starves() {
        for percent in 1..=99 {
            let (mut since_callback, mut since_caller) = (0, 0);
            for next in turns(percent).take(1_000) {
                match next {
                    Next::Caller => (since_caller, since_callback) = (0, since_callback + 1),
                    Next::Callback => (since_caller, since_callback) = (since_caller + 1, 0),
                }
                assert!(since_callback < 100 && since_caller < 100, "{percent} %");
            }
        }
    }

    #[test]
    fn no_share_is_nothing_or_all() {
        assert_eq!(Share::new(0), None);
        assert_eq!(Share::new(100), None);
    }
}
