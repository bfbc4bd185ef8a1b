//! A queue at its door: its hours, and what was closed or opened by hand, together.

use crate::hours::{Hours, Verdict};
use crate::quick::{Effect, QuickClose, QuickCloses};
use base::QueueId;

/// Changes that are looked through for one that matters: ends of quick-closes, each of which another one goes on from.
const CHANGES_MAX: usize = 200;

/// What decides whether a queue lets callers in.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// Which queue.
    pub queue: &'a QueueId,
    /// Its hours; always open, where it has none.
    pub hours: Option<&'a Hours>,
    /// What was decided by hand.
    pub quick: &'a QuickCloses,
}

/// What decides at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decider<'a> {
    /// Somebody, by hand.
    Quick(&'a QuickClose),
    /// Its hours.
    Hours(Verdict<'a>),
    /// Nothing: it is always open.
    Nothing,
}

impl<'a> Standing<'a> {
    /// What decides at that moment, in seconds since 1970 (UTC).
    pub fn decider(&self, unix_seconds: i64) -> Decider<'a> {
        if let Some(quick) = self.quick.at(self.queue, unix_seconds) {
            return Decider::Quick(quick);
        }
        match self.hours {
            Some(hours) => Decider::Hours(hours.at(unix_seconds)),
            None => Decider::Nothing,
        }
    }

    /// Whether it lets callers in then.
    pub fn is_open(&self, unix_seconds: i64) -> bool {
        match self.decider(unix_seconds) {
            Decider::Quick(quick) => quick.effect == Effect::Open,
            Decider::Hours(verdict) => verdict.is_open,
            Decider::Nothing => true,
        }
    }

    /// The next moment at which it opens, if it is closed, or closes, if it is open.
    pub fn changes_after(&self, unix_seconds: i64) -> Option<i64> {
        let is_open = self.is_open(unix_seconds);
        let mut at = unix_seconds;
        for _ in 0..CHANGES_MAX {
            // What hours say while somebody has decided by hand changes nothing.
            let by_hours = match self.decider(at) {
                Decider::Quick(_) => None,
                Decider::Hours(_) | Decider::Nothing => self.next_by_hours(at),
            };
            let by_hand = self.quick.changes_after(self.queue, at);
            at = by_hours.into_iter().chain(by_hand).min()?;
            if self.is_open(at) != is_open {
                return Some(at);
            }
        }
        None
    }

    fn next_by_hours(&self, unix_seconds: i64) -> Option<i64> {
        self.hours?.changes_after(unix_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{On, Recurrence, Rule, Waiting, Way};

    #[test]
    fn what_was_decided_by_hand_goes_before_hours_and_ends_by_itself() {
        let queue: QueueId = "demo/a".parse().unwrap();
        let mut hours = Hours::new("UTC").unwrap();
        hours.add_rule(Rule {
            days: Recurrence::new(On::Daily),
            hours: vec!["08:00-17:00".parse().unwrap()],
            written: "daily".into(),
        });
        let at = |text: &str| hours.moment(text, 0).unwrap();
        let set = |all: &QuickCloses, from: &str, until: &str, effect| {
            let quick = QuickClose {
                id: 0,
                queues: vec![queue.clone()],
                from: at(from),
                until: at(until),
                effect,
                message: None,
                waiting: Waiting::Stay,
                by: "test".into(),
                way: Way::Command,
            };
            all.with(quick, at("2026-11-27")).unwrap().0
        };
        let quick = set(
            &QuickCloses::default(),
            "2026-11-27 12:00",
            "2026-11-28 12:00",
            Effect::Close,
        );
        let quick = set(&quick, "2026-11-29 20:00", "2026-11-29 22:00", Effect::Open);
        let standing = Standing {
            queue: &queue,
            hours: Some(&hours),
            quick: &quick,
        };
        for (moment, is_open, change) in [
            ("2026-11-27 11:59", true, "2026-11-27 12:00"),
            // It opens within its hours of the next day, not in the morning.
            ("2026-11-27 12:00", false, "2026-11-28 12:00"),
            ("2026-11-28 12:00", true, "2026-11-28 17:00"),
            ("2026-11-29 17:00", false, "2026-11-29 20:00"),
            ("2026-11-29 20:00", true, "2026-11-29 22:00"),
            ("2026-11-29 22:00", false, "2026-11-30 08:00"),
        ] {
            assert_eq!(standing.is_open(at(moment)), is_open, "{moment}");
            assert_eq!(
                standing.changes_after(at(moment)),
                Some(at(change)),
                "{moment}"
            );
        }
        let always = Standing {
            hours: None,
            ..standing
        };
        assert!(always.is_open(at("2026-11-27 03:00")));
        assert_eq!(always.changes_after(at("2026-11-30 03:00")), None);
    }
}
