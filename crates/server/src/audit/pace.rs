//! How much is kept of what one person has done within a minute. Whoever has something done in a loop fills neither the room for
//! what waits to be written nor the disk: what is beyond is one row that says how much it was. What was refused is counted
//! apart from what was done, so that no loop of refusals hides what somebody changed.

use super::Way;
use base::Time;
use std::collections::BTreeMap;
use std::time::Duration;

/// Rows of a minute for what one person has done to what is one organisation's: a script of an administrator's that
/// changes four settings a second.
const DONE_MAX: u32 = 240;

/// The same for what he was refused: nobody is refused as often by mistake.
const REFUSED_MAX: u32 = 60;

const MINUTE: Duration = Duration::from_secs(60);

/// Minutes that are counted at once: more people than have something done within one. Whoever comes then is not counted; the
/// room for what waits is bounded by itself.
const COUNTED_MAX: usize = 1 << 14;

/// What is counted together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Whom {
    pub(super) who: String,
    pub(super) org: Option<String>,
    pub(super) is_refused: bool,
}

/// What was left out of somebody's minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct More {
    pub(super) whom: Whom,
    /// That of the last.
    pub(super) way: Way,
    pub(super) count: u64,
}

#[derive(Debug)]
struct Minute {
    ends: Time,
    kept: u32,
    left: Option<(Way, u64)>,
}

/// The minutes that go on.
#[derive(Debug, Default)]
pub(super) struct Pace {
    minutes: BTreeMap<Whom, Minute>,
}

impl Whom {
    fn most(&self) -> u32 {
        if self.is_refused {
            REFUSED_MAX
        } else {
            DONE_MAX
        }
    }
}

impl Pace {
    /// Whether this one is to be kept by itself.
    pub(super) fn keeps(&mut self, now: Time, whom: &Whom, way: Way) -> bool {
        if !self.minutes.contains_key(whom) && self.minutes.len() >= COUNTED_MAX {
            return true;
        }
        let minute = self.minutes.entry(whom.clone()).or_insert(Minute {
            ends: now + MINUTE,
            kept: 0,
            left: None,
        });
        if minute.kept < whom.most() {
            minute.kept += 1;
            return true;
        }
        let left = minute.left.map_or(0, |(_, left)| left);
        minute.left = Some((way, left + 1));
        false
    }

    /// Ends the minutes that are over; what was left out of them.
    pub(super) fn end(&mut self, now: Time) -> Vec<More> {
        let over = self.minutes.extract_if(.., |_, minute| minute.ends <= now);
        let more = over.filter_map(|(whom, minute)| {
            let (way, count) = minute.left?;
            Some(More { whom, way, count })
        });
        more.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Time = Time::from_millis(1_000_000);

    fn of(who: &str, is_refused: bool) -> Whom {
        Whom {
            who: who.into(),
            org: Some("demo".into()),
            is_refused,
        }
    }

    #[test]
    fn what_one_person_has_done_beyond_is_one_row_and_hides_nobody_else_s_and_nothing_of_another_kind()
     {
        let mut pace = Pace::default();
        let (refused, done) = (of("demo/anna", true), of("demo/anna", false));
        let kept = (0..1_000).filter(|_| pace.keeps(START, &refused, Way::Http));
        assert_eq!(kept.count(), REFUSED_MAX as usize);
        assert!(pace.keeps(START, &done, Way::Http));
        assert!(pace.keeps(START, &of("demo/bosse", true), Way::Phone));
        let elsewhere = Whom {
            org: None,
            ..refused.clone()
        };
        assert!(pace.keeps(START, &elsewhere, Way::Socket));
        assert_eq!(pace.end(START + MINUTE / 2), []);
        let more = More {
            whom: refused.clone(),
            way: Way::Http,
            count: 1_000 - u64::from(REFUSED_MAX),
        };
        assert_eq!(pace.end(START + MINUTE), [more]);
        assert_eq!(pace.end(Time::NEVER), [], "said once");
        assert!(pace.keeps(START + MINUTE, &refused, Way::Http));
        let kept = (0..1_000).filter(|_| pace.keeps(START, &done, Way::Http));
        assert_eq!(kept.count(), DONE_MAX as usize);
    }

    #[test]
    fn whoever_has_no_place_among_those_who_are_counted_is_kept() {
        let mut pace = Pace::default();
        for number in 0..COUNTED_MAX {
            assert!(pace.keeps(START, &of(&number.to_string(), false), Way::Http));
        }
        let late = of("late", true);
        assert!((0..=REFUSED_MAX).all(|_| pace.keeps(START, &late, Way::Http)));
        assert_eq!(pace.minutes.len(), COUNTED_MAX);
        pace.end(START + MINUTE);
        assert!(pace.minutes.is_empty());
    }
}
