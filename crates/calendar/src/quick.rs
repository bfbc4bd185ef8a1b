//! What closes or opens several queues at once for a while, by hand (quick-close). It goes before hours of every kind,
//! and always has an end.

use base::QueueId;
use serde::{Deserialize, Serialize};

/// Those of one organisation that are kept at most: each is somebody's decision of the day. One organisation's leave the
/// others theirs.
pub const QUICK_CLOSES_OF_ORG_MAX: usize = 100;

/// Queues of one at most.
pub const QUICK_QUEUES_MAX: usize = 1_000;

/// How far ahead one may end: what is to last longer belongs in the schedule.
pub const QUICK_LASTS_DAYS_MAX: i64 = 366;

const DAY_S: i64 = 86_400;

/// Several queues closed, or opened, for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuickClose {
    /// What it is known by.
    pub id: u32,
    /// Which.
    pub queues: Vec<QueueId>,
    /// From when, in seconds since 1970 (UTC).
    pub from: i64,
    /// Until when.
    pub until: i64,
    /// What becomes of them.
    pub effect: Effect,
    /// The prompt that callers hear instead of the queue's own.
    pub message: Option<Box<str>>,
    /// What becomes of callers who wait already.
    pub waiting: Waiting,
    /// Who asked for it.
    pub by: Box<str>,
    /// How.
    #[serde(default)]
    pub way: Way,
}

/// How something was closed or opened by hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// By a command, which says its end and is undone by its id.
    #[default]
    Command,
    /// By telephone, where nobody sees what there is already: the last word counts.
    Telephone,
}

impl QuickClose {
    /// Whether it decides about that queue.
    fn is_for(&self, queue: &QueueId) -> bool {
        self.queues.contains(queue)
    }

    /// Whose queues they are.
    fn org_name(&self) -> &str {
        self.queues.first().map_or("", |queue| queue.org_name())
    }

    /// Whether it takes the place of that one: the same queues, or more beside them, closed by telephone once more. One
    /// that holds for other queues too stays, since of those nothing was said.
    fn replaces(&self, other: &QuickClose) -> bool {
        let by_telephone = [self, other].map(|it| it.way) == [Way::Telephone; 2];
        let meets = self.from < other.until && other.from < self.until;
        let within = other.queues.iter().all(|queue| self.is_for(queue));
        by_telephone && meets && self.effect == other.effect && within
    }
}

/// What becomes of queues for a while.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// They let nobody in.
    #[default]
    Close,
    /// They let callers in, whatever their hours say.
    Open,
}

/// What becomes of callers who wait in a queue when it is closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Waiting {
    /// They stay, and are answered.
    #[default]
    Stay,
    /// They meet what new callers meet.
    Move,
}

/// All that are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuickCloses {
    /// In the order in which they were asked for.
    list: Vec<QuickClose>,
    /// The last id that was drawn: none is used again, so that whoever undoes one does not undo another's.
    last: u32,
}

/// It can't be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidQuickClose {
    /// It is for no queue, or for too many.
    #[error("expected 1 to {QUICK_QUEUES_MAX} queues")]
    Queues,
    /// It would be over already.
    #[error("expected an end that is yet to come")]
    Over,
    /// It would end before it begins.
    #[error("expected an end after the beginning")]
    Backwards,
    /// It would last too long.
    #[error(
        "expected an end within {QUICK_LASTS_DAYS_MAX} days: what is to last longer belongs in the hours"
    )]
    TooLong,
    /// There are too many.
    #[error("expected at most {QUICK_CLOSES_OF_ORG_MAX} of an organisation at once: undo some")]
    TooMany,
}

impl QuickCloses {
    /// Those that were kept, without those that are over; `last` is the last id that was drawn.
    pub fn kept(mut list: Vec<QuickClose>, last: u32, now: i64) -> QuickCloses {
        let last = list.iter().map(|quick| quick.id).fold(last, u32::max);
        list.retain(|quick| quick.until > now);
        list.sort_by_key(|quick| quick.id);
        QuickCloses { list, last }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &QuickClose> {
        self.list.iter()
    }

    /// The one of that id.
    pub fn find(&self, id: u32) -> Option<&QuickClose> {
        self.list.iter().find(|quick| quick.id == id)
    }

    /// With this one too, whose id is drawn here; those that are over, or that it takes the place of, are left behind.
    pub fn with(
        &self,
        mut quick: QuickClose,
        now: i64,
    ) -> Result<(QuickCloses, u32), InvalidQuickClose> {
        if !(1..=QUICK_QUEUES_MAX).contains(&quick.queues.len()) {
            return Err(InvalidQuickClose::Queues);
        }
        if quick.until <= now {
            return Err(InvalidQuickClose::Over);
        }
        if quick.until <= quick.from {
            return Err(InvalidQuickClose::Backwards);
        }
        if quick.until - now > QUICK_LASTS_DAYS_MAX * DAY_S {
            return Err(InvalidQuickClose::TooLong);
        }
        let id = self.last.checked_add(1).ok_or(InvalidQuickClose::TooMany)?;
        let mut kept = QuickCloses::kept(self.list.clone(), id, now);
        kept.list.retain(|other| !quick.replaces(other));
        let same_org = |other: &&QuickClose| other.org_name() == quick.org_name();
        if kept.list.iter().filter(same_org).count() >= QUICK_CLOSES_OF_ORG_MAX {
            return Err(InvalidQuickClose::TooMany);
        }
        quick.id = id;
        kept.list.push(quick);
        Ok((kept, id))
    }

    /// Without that one.
    pub fn without(&self, id: u32) -> QuickCloses {
        let others = self.list.iter().filter(|quick| quick.id != id);
        QuickCloses {
            list: others.cloned().collect(),
            last: self.last,
        }
    }

    /// What decides about a queue at that moment: of several the one that was asked for last.
    pub fn at(&self, queue: &QueueId, unix_seconds: i64) -> Option<&QuickClose> {
        let latest_first = self.list.iter().rev();
        let mut in_force = latest_first.filter(|it| (it.from..it.until).contains(&unix_seconds));
        in_force.find(|it| it.is_for(queue))
    }

    /// The next moment at which one begins or ends for a queue.
    pub fn changes_after(&self, queue: &QueueId, unix_seconds: i64) -> Option<i64> {
        let of_queue = self.list.iter().filter(|it| it.is_for(queue));
        let moments = of_queue.flat_map(|it| [it.from, it.until]);
        moments.filter(|at| *at > unix_seconds).min()
    }

    /// Whether one begins within that time, which those who wait are to be told.
    pub fn begins_within(&self, span: std::ops::RangeInclusive<i64>) -> bool {
        self.list.iter().any(|quick| span.contains(&quick.from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(name: &str) -> QueueId {
        format!("demo/{name}").parse().unwrap()
    }

    fn quick(names: &[&str], from: i64, until: i64, effect: Effect) -> QuickClose {
        QuickClose {
            id: 0,
            queues: names.iter().map(|name| queue(name)).collect(),
            from,
            until,
            effect,
            message: None,
            waiting: Waiting::Stay,
            by: "test".into(),
            way: Way::Command,
        }
    }

    #[test]
    fn of_several_the_one_asked_for_last_decides_until_it_ends_or_is_undone() {
        let none = QuickCloses::default();
        let (one, first) = none
            .with(quick(&["a", "b"], 100, 200, Effect::Close), 50)
            .unwrap();
        let (both, second) = one.with(quick(&["b"], 120, 150, Effect::Open), 60).unwrap();
        let effect = |all: &QuickCloses, name, at| all.at(&queue(name), at).map(|it| it.effect);
        for (at, a, b) in [
            (99, None, None),
            (100, Some(Effect::Close), Some(Effect::Close)),
            (120, Some(Effect::Close), Some(Effect::Open)),
            (150, Some(Effect::Close), Some(Effect::Close)),
            (200, None, None),
        ] {
            assert_eq!(
                (effect(&both, "a", at), effect(&both, "b", at)),
                (a, b),
                "{at}"
            );
        }
        assert_eq!(effect(&both.without(second), "b", 120), Some(Effect::Close));
        assert_eq!(effect(&both.without(first), "b", 150), None);
        let changes = |at| both.changes_after(&queue("b"), at);
        assert_eq!(
            [100, 120, 150, 200].map(|at| changes(at - 1)),
            [100, 120, 150, 200].map(Some)
        );
        assert_eq!(changes(200), None);
    }

    #[test]
    fn an_id_is_never_used_again_not_after_its_end_nor_when_it_is_undone_nor_over_a_restart() {
        let set = |all: &QuickCloses, now| {
            let one = quick(&["a"], now, now + 10, Effect::Close);
            all.with(one, now).unwrap()
        };
        let (all, id) = set(&QuickCloses::default(), 0);
        assert_eq!(id, 1);
        let (all, id) = set(&all.without(1), 1);
        assert_eq!(id, 2);
        let (all, id) = set(&all, 100);
        assert_eq!(id, 3);
        let none = QuickCloses::kept(all.without(3).iter().cloned().collect(), 3, 100);
        assert_eq!((none.iter().count(), set(&none, 100).1), (0, 4));
    }

    #[test]
    fn one_without_a_sensible_end_is_refused() {
        let none = QuickCloses::default();
        let set = |from, until| {
            let result = none.with(quick(&["a"], from, until, Effect::Close), 1_000);
            result.map(|(_, id)| id)
        };
        assert_eq!(set(0, 1_001), Ok(1));
        assert_eq!(set(0, 1_000), Err(InvalidQuickClose::Over));
        assert_eq!(set(2_000, 1_500), Err(InvalidQuickClose::Backwards));
        assert_eq!(set(0, 400 * DAY_S), Err(InvalidQuickClose::TooLong));
        let nobody = quick(&[], 0, 2_000, Effect::Close);
        assert_eq!(
            none.with(nobody, 1_000).unwrap_err(),
            InvalidQuickClose::Queues
        );
    }

    #[test]
    fn the_same_queues_closed_by_telephone_again_are_closed_until_the_last_word_and_count_once() {
        let by_telephone = |names: &[&str], from, until| QuickClose {
            way: Way::Telephone,
            ..quick(names, from, until, Effect::Close)
        };
        let set = |all: &QuickCloses, quick: QuickClose| {
            let now = quick.from;
            all.with(quick, now).unwrap().0
        };
        let mut all = set(
            &QuickCloses::default(),
            quick(&["a", "b"], 0, 500, Effect::Close),
        );
        all = set(&all, by_telephone(&["a", "c"], 0, 900));
        for now in 1..200 {
            all = set(&all, by_telephone(&["a", "b"], now, 1_000));
        }
        all = set(&all, by_telephone(&["b", "a"], 200, 600));
        let left: Vec<i64> = all.iter().map(|it| it.until).collect();
        assert_eq!(left, [500, 900, 600]);
        assert!(all.at(&queue("b"), 599).is_some() && all.at(&queue("b"), 600).is_none());
        // The number that closes them closes one more by now.
        all = set(&all, by_telephone(&["a", "b", "c"], 300, 400));
        let left: Vec<i64> = all.iter().map(|it| it.until).collect();
        assert_eq!(left, [500, 400]);
        assert!(all.at(&queue("c"), 399).is_some() && all.at(&queue("c"), 400).is_none());
    }

    #[test]
    fn an_organisation_that_has_as_many_as_may_be_leaves_others_theirs() {
        let mut all = QuickCloses::default();
        let one = quick(&["a"], 0, 10, Effect::Close);
        for _ in 0..QUICK_CLOSES_OF_ORG_MAX {
            all = all.with(one.clone(), 1).unwrap().0;
        }
        assert_eq!(all.with(one.clone(), 1), Err(InvalidQuickClose::TooMany));
        let others = QuickClose {
            queues: vec!["other/a".parse().unwrap()],
            ..one
        };
        assert!(all.with(others, 1).is_ok());
    }

    #[test]
    fn those_that_are_over_make_room() {
        let mut all = QuickCloses::default();
        for _ in 0..QUICK_CLOSES_OF_ORG_MAX {
            all = all.with(quick(&["a"], 0, 10, Effect::Close), 1).unwrap().0;
        }
        let one_more = quick(&["a"], 0, 20, Effect::Close);
        assert_eq!(
            all.with(one_more.clone(), 1),
            Err(InvalidQuickClose::TooMany)
        );
        let (left, id) = all.with(one_more, 10).unwrap();
        assert_eq!(
            (left.iter().count(), id),
            (1, QUICK_CLOSES_OF_ORG_MAX as u32 + 1)
        );
    }
}
