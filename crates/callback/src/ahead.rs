//! People who are called before an agent has taken them, where a queue wants that: an agent is kept and his device rings
//! meanwhile. Where he lets it be the next is rung, and whoever answers and meets nobody in time is told so and keeps his place.
//!
//! How many may meet nobody is bounded, as regulators want it of those who call so (Ofcom, *Statement on persistent misuse*, 2010,
//! annex 1: at most 3 % of the live calls of 24 hours, and no second call of that kind to whom it happened): of those who
//! answered within [`ANSWERED_WITHIN`]. While as many as may have met nobody, all others are called once an agent has taken them.

use crate::engine::{Lists, Step};
use crate::entry::{Beside, Entry, Order, Placed, Progress, Stage};
use crate::fact::{Fact, Origin};
use crate::moment::Utc;
use crate::settings::Ahead;
use base::{CallbackId, QueueId, Time};
use control::Outcome;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// How far back those who answered are counted.
pub const ANSWERED_WITHIN: Duration = Duration::from_secs(24 * 3_600);

/// Most of one list that are counted, the latest: more than a staff of fifty reaches in a day.
pub const ANSWERED_MAX: usize = 4_096;

/// Whom somebody met who answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Met {
    /// The agent.
    Agent,
    /// Nobody, in time.
    Nobody,
}

/// Those of a list who answered lately.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answered(BTreeSet<(Utc, CallbackId, Met)>);

impl Answered {
    pub(crate) fn add(&mut self, now: Utc, at: Utc, entry: CallbackId, met: Met) {
        self.0.insert((at, entry, met));
        self.0.retain(|(at, ..)| now.since(*at) < ANSWERED_WITHIN);
        while self.0.len() > ANSWERED_MAX {
            self.0.pop_first();
        }
    }

    /// What is known of them at that moment.
    fn counted(&self, now: Utc) -> Abandoned {
        let lately = self.0.iter();
        let lately = lately.filter(|(at, ..)| now.since(*at) < ANSWERED_WITHIN);
        let mut counted = Abandoned::default();
        for (.., met) in lately {
            counted.answered += 1;
            counted.abandoned += u32::from(*met == Met::Nobody);
        }
        counted
    }
}

/// How many of those who answered within [`ANSWERED_WITHIN`] met nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Abandoned {
    /// All who answered, by hand or not.
    pub answered: u32,
    /// Those of them who met nobody.
    pub abandoned: u32,
}

impl Abandoned {
    /// Whether as many met nobody as may, so that nobody more is called before an agent has taken him.
    fn reached(self, most: Ahead) -> bool {
        let (answered, abandoned) = (u64::from(self.answered), u64::from(self.abandoned));
        abandoned > 0 && abandoned * 100 >= answered * u64::from(most.abandoned_max)
    }

    fn stand(self, most: Ahead) -> AheadStand {
        match self.reached(most) {
            true => AheadStand::HeldBack,
            false => AheadStand::Goes,
        }
    }

    /// Whether one more may be called, while so many are who have met nobody yet. One at a time always may: a small list
    /// could begin with nobody otherwise. Several may where the share would hold though none of them met an agent.
    fn has_room(self, most: Ahead, under_way: u32) -> bool {
        let more = under_way.saturating_add(1);
        let all = Abandoned {
            answered: self.answered.saturating_add(more),
            abandoned: self.abandoned.saturating_add(more),
        };
        let holds = u64::from(all.abandoned) * 100
            <= u64::from(all.answered) * u64::from(most.abandoned_max);
        !self.reached(most) && (under_way == 0 || holds)
    }
}

/// Whether a list's people are called before an agent has taken them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum AheadStand {
    /// They are.
    Goes,
    /// They are not, since as many as may have met nobody.
    HeldBack,
}

/// How it goes with a list's people who are called ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AheadRow {
    /// Those who answered lately.
    pub counted: Abandoned,
    /// What follows from it.
    pub stand: AheadStand,
}

impl Placed {
    /// Whether the person has been called, or is about to be, and has met no agent.
    pub(crate) fn is_unmet(&self) -> bool {
        matches!(self.beside, Some(Beside::Rings | Beside::Nobody))
    }

    /// Whether the agent rings who is kept by that number.
    pub(crate) fn rings_for(&self, offer: base::OfferId) -> bool {
        self.beside == Some(Beside::Rings) && self.offer == Some(offer)
    }
}

impl Entry {
    /// Whether its person is called, or on the line, and no agent is kept for him.
    pub(crate) fn lacks_agent(&self) -> bool {
        let Stage::InCall(placed) = &self.stage else {
            return false;
        };
        placed.beside == Some(Beside::Nobody) && placed.progress == Progress::RingingPerson
    }

    /// Whether its person has answered before and met nobody: he is called again only when an agent has taken it.
    fn was_abandoned(&self) -> bool {
        let mut attempts = self.attempts.iter();
        attempts.any(|attempt| attempt.outcome == Some(Outcome::Abandoned))
    }
}

impl Lists {
    /// How many of a list's people met nobody lately, and what follows from it; none where they are called once an agent
    /// has taken it.
    pub fn ahead(&self, now: Time, list: &QueueId) -> Option<AheadRow> {
        let most = self.settings.lists.get(list)?.ahead?;
        let counted = self.counted(list, self.utc(now));
        let stand = counted.stand(most);
        Some(AheadRow { counted, stand })
    }

    fn counted(&self, list: &QueueId, now: Utc) -> Abandoned {
        let answered = self.answered.get(list);
        answered.map(|it| it.counted(now)).unwrap_or_default()
    }

    /// How many of a list's people are called now who have met nobody.
    fn unmet_on(&self, list: &QueueId) -> u32 {
        let calls = self.index.placed.values();
        let entries = calls.filter_map(|id| self.entries.get(id));
        let unmet = entries.filter(|entry| {
            let placed = match &entry.stage {
                Stage::InCall(placed) => placed,
                _ => return false,
            };
            entry.asked.queue == *list && placed.is_unmet()
        });
        u32::try_from(unmet.count()).unwrap_or(u32::MAX)
    }

    pub(crate) fn note_answer(&mut self, now: Utc, at: Utc, entry: CallbackId, met: Met) {
        let list = self.entries.get(&entry).map(|it| it.asked.queue.clone());
        if let Some(list) = list {
            self.answered
                .entry(list)
                .or_default()
                .add(now, at, entry, met);
        }
    }

    /// What attempts of before a restart say of those who answered.
    pub(crate) fn recall_answers(&mut self, now: Utc, entry: &Entry) {
        for attempt in entry.attempts.iter() {
            let met = match attempt.outcome {
                Some(Outcome::Reached | Outcome::Voicemail | Outcome::WrongNumber) => Met::Agent,
                Some(Outcome::Abandoned) => Met::Nobody,
                _ => continue,
            };
            if now.since(attempt.at) < ANSWERED_WITHIN {
                self.note_answer(now, attempt.at, entry.id, met);
            }
        }
    }
}

impl Step<'_> {
    /// Whether an entry's person is called before the agent who is kept for it has taken it.
    pub(crate) fn order_for(&mut self, list: &QueueId, id: CallbackId) -> Order {
        let settings = self.lists.settings.lists.get(list);
        let Some(most) = settings.and_then(|it| it.ahead) else {
            return Order::AgentFirst;
        };
        self.look_at_abandoned(list, most);
        let counted = self.lists.counted(list, self.utc);
        let was_abandoned = self.lists.entries.get(&id).is_none_or(Entry::was_abandoned);
        match !was_abandoned && counted.has_room(most, self.lists.unmet_on(list)) {
            true => Order::Ahead,
            false => Order::AgentFirst,
        }
    }

    /// Says so where a list's people are called ahead no more, or again.
    pub(crate) fn look_at_abandoned(&mut self, list: &QueueId, most: Ahead) {
        let counted = self.lists.counted(list, self.utc);
        let stand = counted.stand(most);
        let before = match self.lists.held_back.contains(list) {
            true => AheadStand::HeldBack,
            false => AheadStand::Goes,
        };
        if stand != before {
            let list = list.clone();
            let fact = Fact::AheadIs {
                list,
                stand,
                counted,
            };
            self.emit(Origin::Distribution, fact);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: Ahead = Ahead { abandoned_max: 3 };

    fn of(abandoned: u32, answered: u32) -> Abandoned {
        Abandoned {
            answered,
            abandoned,
        }
    }

    #[test]
    fn nobody_more_is_called_ahead_from_when_as_many_met_nobody_as_may() {
        for (abandoned, answered, reached) in [
            (0, 0, false),
            (0, 1_000, false),
            (1, 1, true),
            (1, 33, true),
            (1, 34, false),
            (3, 100, true),
            (3, 101, false),
        ] {
            let counted = of(abandoned, answered);
            assert_eq!(counted.reached(THREE), reached, "{counted:?}");
            assert_eq!(counted.has_room(THREE, 0), !reached, "{counted:?}");
        }
    }

    #[test]
    fn several_are_called_ahead_at_once_only_where_the_share_holds_though_none_met_an_agent() {
        assert!(!of(0, 0).has_room(THREE, 1), "one at a time");
        assert!(!of(0, 64).has_room(THREE, 1));
        assert!(of(0, 65).has_room(THREE, 1));
        for answered in 0..2_000 {
            let mut under_way = 0;
            while of(0, answered).has_room(THREE, under_way) {
                under_way += 1;
            }
            let worst = of(under_way, answered + under_way);
            let holds = worst.abandoned * 100 <= worst.answered * 3;
            assert!(holds || under_way == 1, "{worst:?}");
        }
    }

    #[test]
    fn only_who_answered_within_a_day_counts_and_the_latest_of_very_many() {
        let mut answered = Answered::default();
        let at = |second: i64| Utc::from_seconds(1_000_000 + second);
        answered.add(at(0), at(0), CallbackId(1), Met::Nobody);
        answered.add(at(5), at(5), CallbackId(2), Met::Agent);
        assert_eq!(answered.counted(at(5)), of(1, 2));
        let day = ANSWERED_WITHIN.as_secs() as i64;
        assert_eq!(answered.counted(at(day - 1)), of(1, 2));
        assert_eq!(answered.counted(at(day)), of(0, 1));
        assert_eq!(answered.counted(at(day + 5)), of(0, 0));
        for entry in 0..ANSWERED_MAX as u64 + 9 {
            let when = at(day * 2 + entry as i64);
            answered.add(when, when, CallbackId(entry), Met::Agent);
        }
        let last = at(day * 2 + ANSWERED_MAX as i64 + 8);
        assert_eq!(answered.counted(last), of(0, ANSWERED_MAX as u32));
    }
}
