//! What the wire shows of things that must never be: a device that is rung while it is in a call or rings already, or
//! for a caller who has left; a caller who is answered twice, or by nobody, or after one who came later.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

/// What two callers may come or be offered apart and still change places on the way: they are carried by threads of
/// their own, on a machine that may be busy.
const APART: Duration = Duration::from_millis(500);

/// What was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wire {
    /// Callers who hung up before an agent had answered.
    pub gave_up: usize,
    /// Answers that another's had come before: acknowledged, and ended at once.
    pub crossed: usize,
    /// Rings of devices that rang or talked already.
    pub rung_while_busy: usize,
    /// Rings for callers whose BYE had been answered.
    pub rung_for_nobody: usize,
    /// Callers who talked with several agents.
    pub answered_twice: usize,
    /// Callers who did not give up and talked with nobody.
    pub answered_never: usize,
    /// Pairs of callers of whom the later one was rung for first.
    pub out_of_turn: usize,
}

#[derive(Debug)]
struct Caller {
    came: Instant,
    rung: Option<Instant>,
    acknowledged: bool,
    talked: usize,
    standing: Standing,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Standing {
    Here,
    GaveUp,
    Gone,
}

/// Whoever watches a generator's callers and devices.
#[derive(Debug, Default)]
pub(super) struct Witness {
    callers: HashMap<String, Caller>,
    occupied: HashSet<String>,
    // Callers whose BYE was answered: what was sent to devices before is in their socket, and read before they are gone.
    leaving: Vec<String>,
    wire: Wire,
}

impl Witness {
    pub(super) fn came(&mut self, call: &str, now: Instant) {
        let caller = Caller {
            came: now,
            rung: None,
            acknowledged: false,
            talked: 0,
            standing: Standing::Here,
        };
        self.callers.insert(call.to_owned(), caller);
    }

    /// A device rings.
    pub(super) fn rung(&mut self, user: &str, call: Option<&str>, now: Instant) {
        if !self.occupied.insert(user.to_owned()) {
            self.wire.rung_while_busy += 1;
        }
        let Some(caller) = call.and_then(|call| self.callers.get_mut(call)) else {
            return;
        };
        if caller.standing == Standing::Gone {
            self.wire.rung_for_nobody += 1;
        }
        caller.rung.get_or_insert(now);
    }

    /// A device has no call any more.
    pub(super) fn freed(&mut self, user: &str) {
        self.occupied.remove(user);
    }

    /// A device's answer was acknowledged.
    pub(super) fn acknowledged(&mut self, call: &str) {
        if let Some(caller) = self.callers.get_mut(call) {
            caller.acknowledged = true;
        }
    }

    /// A device whose answer was acknowledged is told BYE, and its caller still has his call, or has hung up.
    pub(super) fn ended(&mut self, call: &str, his_call_stands: Stands) {
        match (self.callers.get_mut(call), his_call_stands) {
            (_, Stands::Yes) => self.wire.crossed += 1,
            (Some(caller), Stands::No) => caller.talked += 1,
            (None, Stands::No) => {}
        }
    }

    /// Whether a caller whose patience ends talks with nobody, and so hangs up.
    pub(super) fn gives_up(&mut self, call: &str) -> bool {
        let waits = |caller: &&mut Caller| !caller.acknowledged;
        let Some(caller) = self.callers.get_mut(call).filter(waits) else {
            return false;
        };
        caller.standing = Standing::GaveUp;
        self.wire.gave_up += 1;
        true
    }

    /// A caller's BYE was answered.
    pub(super) fn left(&mut self, call: &str) {
        self.leaving.push(call.to_owned());
    }

    /// All that was sent to devices before has been read.
    pub(super) fn settle(&mut self) {
        for call in self.leaving.drain(..) {
            if let Some(caller) = self.callers.get_mut(&call)
                && caller.standing == Standing::GaveUp
            {
                caller.standing = Standing::Gone;
            }
        }
    }

    /// All of it, once every call is over.
    pub(super) fn tell(&self) -> Wire {
        let patient = |caller: &&Caller| caller.standing == Standing::Here;
        let all = || self.callers.values();
        Wire {
            answered_twice: all().filter(|caller| caller.talked > 1).count(),
            answered_never: all()
                .filter(patient)
                .filter(|caller| caller.talked == 0)
                .count(),
            out_of_turn: self.out_of_turn(),
            ..self.wire
        }
    }

    fn out_of_turn(&self) -> usize {
        let rung = self.callers.values();
        let rung: Vec<(Instant, Instant)> = rung
            .filter_map(|caller| Some((caller.came, caller.rung?)))
            .collect();
        let overtaken = |(came, rung_for): &(Instant, Instant)| {
            let later = |other: &&(Instant, Instant)| {
                other.0 > *came + APART && other.1 + APART < *rung_for
            };
            rung.iter().filter(later).count()
        };
        rung.iter().map(overtaken).sum()
    }
}

/// Whether a caller has not hung up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    Yes,
    No,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_witness_tells_what_must_never_be() {
        let began = Instant::now();
        let at = |seconds: u64| began + Duration::from_secs(seconds);
        let mut witness = Witness::default();
        for (second, call) in ["one", "two", "three", "four"].into_iter().enumerate() {
            witness.came(call, at(second as u64));
        }
        // The second is rung for before the first, by a device that then rings for the first as well.
        witness.rung("anna", Some("two"), at(5));
        witness.rung("anna", Some("one"), at(6));
        for call in ["two", "one"] {
            witness.acknowledged(call);
            witness.ended(call, Stands::No);
        }
        witness.ended("one", Stands::No);
        witness.ended("one", Stands::Yes);
        witness.freed("anna");
        // The third gives up: what was on its way to a device is none of the server's mistakes, what comes after is.
        assert!(witness.gives_up("three"));
        assert!(!witness.gives_up("two"), "he talks");
        witness.left("three");
        witness.rung("bosse", Some("three"), at(7));
        witness.freed("bosse");
        witness.settle();
        witness.rung("bosse", Some("three"), at(8));
        let expected = Wire {
            gave_up: 1,
            crossed: 1,
            rung_while_busy: 1,
            rung_for_nobody: 1,
            answered_twice: 1,
            answered_never: 1,
            out_of_turn: 1,
        };
        assert_eq!(witness.tell(), expected);
    }
}
