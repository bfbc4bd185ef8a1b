//! Figures of this process as it counts them, and of those before it once they have been read back.

use super::recall::Recalled;
use super::replay::Missing;
use acd::{Cut, Figures, Interval, QUARTER_MS, Stamped, Told};
use base::{OrgId, Time};
use std::collections::BTreeMap;

/// Figures in memory.
pub(crate) struct Memory {
    figures: Figures,
    /// All from then on is counted, in milliseconds of UTC; of the quarter in which the process began that can't be said
    /// by itself.
    since_ms: u64,
    /// What could not be counted of what was read back.
    missing: Missing,
    /// When the process's clock shows 0, in milliseconds of UTC.
    zero_ms: u64,
    /// When it was noticed, by the new time, that the clock on the wall had been set.
    clock_set_ms: Option<u64>,
}

/// What is remembered.
pub(crate) struct Kept {
    /// By their beginnings.
    pub(crate) intervals: BTreeMap<u64, Interval>,
    /// What is older is not among them.
    pub(crate) since_ms: u64,
    pub(crate) missing: Missing,
    /// Until when the clock on the wall was wrong, where it was set since the process began.
    pub(crate) clock_set_ms: Option<u64>,
}

/// What is remembered of one organisation, up to now.
pub(crate) struct Since {
    pub(crate) interval: Interval,
    /// What is older is not in it.
    pub(crate) from_ms: u64,
}

impl Memory {
    /// Of a process whose clock showed 0 at `zero_ms`, and shows `now`.
    pub(crate) fn new(zero_ms: u64, now: Time) -> Memory {
        let now_ms = zero_ms + now.as_micros() / 1_000;
        let of_figures = i64::try_from(zero_ms).unwrap_or(i64::MAX);
        Memory {
            figures: Figures::new(Cut::Quarters, of_figures),
            since_ms: now_ms - now_ms % QUARTER_MS + QUARTER_MS,
            missing: Missing::default(),
            zero_ms,
            clock_set_ms: None,
        }
    }

    /// The clock on the wall was set, by which that of the process showed 0 at `zero_ms`. What was counted is by the clock as
    /// it was; it is in the journal, and whoever is there now belongs to it, as if the process had ended.
    pub(crate) fn clock_set(&mut self, zero_ms: u64, now: Time) {
        *self = Memory::new(zero_ms, now);
        self.clock_set_ms = Some(zero_ms + now.as_micros() / 1_000);
    }

    /// Something came about; gives back which step of a caller's it is, if it is one.
    pub(crate) fn hear(&mut self, fact: &Stamped) -> Option<Told> {
        self.figures.hear(fact)
    }

    /// That came about before; nothing where the clock has been set since it was begun to be read.
    pub(crate) fn recall(&mut self, recalled: &Recalled) {
        if recalled.own_zero_ms != self.zero_ms {
            return;
        }
        self.figures.add(&recalled.figures);
        self.since_ms = recalled.since_ms;
        self.missing = recalled.missing;
    }

    /// What came to whom between these moments, as far as it is remembered.
    pub(crate) fn between(&self, moments_ms: &[u64]) -> Kept {
        let since_ms = self.known_since_ms();
        Kept {
            intervals: self.figures.cut_at(moments_ms, since_ms),
            since_ms,
            missing: self.missing,
            clock_set_ms: self.clock_set_ms,
        }
    }

    /// What came to an organisation's queues and agents since then, as far as it is remembered.
    pub(crate) fn since(&self, org: &OrgId, from_ms: u64) -> Since {
        let from_ms = from_ms.max(self.known_since_ms());
        Since {
            interval: self.figures.sum_of(org, from_ms),
            from_ms,
        }
    }

    /// What is older is not known, or not known whole.
    fn known_since_ms(&self) -> u64 {
        let forgotten = self.figures.forgotten();
        let known = forgotten.map_or(0, |start| start + QUARTER_MS);
        self.since_ms.max(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use acd::{Fact, RefuseCause};

    /// A midnight.
    const ZERO_MS: u64 = 1_795_824_000_000;

    fn refused(at_ms: u64) -> Stamped {
        Stamped {
            at: Time::from_millis(at_ms),
            seq: 0,
            fact: Fact::Refused {
                call: "c0-0-1".parse().unwrap(),
                queue: "demo/support".parse().unwrap(),
                cause: RefuseCause::Full,
            },
        }
    }

    fn refusals(kept: &Kept) -> u64 {
        kept.intervals.values().map(refused_in).sum()
    }

    fn refused_in(interval: &Interval) -> u64 {
        let lines = interval.queues.values();
        lines.map(|line| line.tally.totals.refused).sum()
    }

    #[test]
    fn of_the_quarter_in_which_it_began_it_tells_once_it_has_read_what_came_before() {
        // It began at five past.
        let mut memory = Memory::new(ZERO_MS, Time::from_millis(300_000));
        memory.hear(&refused(310_000));
        let moments = [ZERO_MS, ZERO_MS + QUARTER_MS, ZERO_MS + 2 * QUARTER_MS];
        let kept = memory.between(&moments);
        assert_eq!(
            (kept.since_ms, refusals(&kept)),
            (ZERO_MS + QUARTER_MS, 0),
            "somebody else has to tell of it"
        );
        let mut figures = Figures::new(Cut::Quarters, 0);
        figures.hear(&refused(ZERO_MS + 1_000));
        memory.recall(&Recalled {
            figures,
            lately: BTreeMap::new(),
            since_ms: ZERO_MS - QUARTER_MS,
            missing: Missing::default(),
            own_zero_ms: ZERO_MS,
        });
        let kept = memory.between(&moments);
        let told = (kept.since_ms, refusals(&kept));
        assert_eq!(told, (ZERO_MS - QUARTER_MS, 2));
    }

    #[test]
    fn an_organisation_is_told_its_own_day_from_where_it_is_known() {
        let mut memory = Memory::new(ZERO_MS, Time::from_millis(300_000));
        memory.recall(&recalled([ZERO_MS + 1_000], ZERO_MS));
        memory.hear(&refused(310_000));
        memory.hear(&refused(310_000 + QUARTER_MS));
        let told = |org: &str, from_ms| {
            let since = memory.since(&OrgId::new(org).unwrap(), from_ms);
            (refused_in(&since.interval), since.from_ms)
        };
        assert_eq!(told("demo", ZERO_MS), (3, ZERO_MS));
        let later_ms = ZERO_MS + QUARTER_MS;
        assert_eq!(told("demo", later_ms), (1, later_ms));
        assert_eq!(told("other", ZERO_MS).0, 0);
        let fresh = Memory::new(ZERO_MS, Time::from_millis(300_000));
        let since = fresh.since(&OrgId::new("demo").unwrap(), ZERO_MS);
        assert_eq!(since.from_ms, later_ms, "the quarter in which it began");
    }

    /// What is read back of a process in which somebody was refused at each of these moments.
    fn recalled(moments_ms: impl IntoIterator<Item = u64>, own_zero_ms: u64) -> Recalled {
        let mut figures = Figures::new(Cut::Quarters, 0);
        for at_ms in moments_ms {
            figures.hear(&refused(at_ms));
        }
        Recalled {
            figures,
            lately: BTreeMap::new(),
            since_ms: 0,
            missing: Missing::default(),
            own_zero_ms,
        }
    }

    #[test]
    fn what_had_to_be_forgotten_while_it_was_read_back_is_left_to_the_journal() {
        let mut memory = Memory::new(ZERO_MS, Time::from_millis(1_000));
        let quarters = acd::QUARTERS_KEPT as u64 + 2;
        let first_ms = ZERO_MS - quarters * QUARTER_MS;
        let before = (0..quarters).map(|number| first_ms + number * QUARTER_MS);
        memory.recall(&recalled(before, ZERO_MS));
        let kept = memory.between(&[first_ms, ZERO_MS]);
        assert_eq!(kept.since_ms, first_ms + 2 * QUARTER_MS);
        assert_eq!(refusals(&kept), acd::QUARTERS_KEPT as u64);
    }

    #[test]
    fn a_clock_that_is_set_begins_the_memory_anew_and_what_is_read_back_by_the_old_one_comes_too_late()
     {
        let (wrong_ms, now) = (5_000, Time::from_millis(300_000));
        let mut memory = Memory::new(wrong_ms, now);
        memory.hear(&refused(300_000));
        memory.clock_set(ZERO_MS, now);
        memory.recall(&recalled([1_000], wrong_ms));
        let kept = memory.between(&[0, ZERO_MS + 2 * QUARTER_MS]);
        assert_eq!((kept.since_ms, refusals(&kept)), (ZERO_MS + QUARTER_MS, 0));
        assert_eq!(kept.clock_set_ms, Some(ZERO_MS + 300_000));
        memory.recall(&recalled([ZERO_MS + 1_000], ZERO_MS));
        assert_eq!(refusals(&memory.between(&[0, ZERO_MS + QUARTER_MS])), 1);
    }
}
