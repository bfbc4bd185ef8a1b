//! What agents are able to, what the callers of a queue ask for, and how that widens while they wait.

use crate::settings::Settings;
use base::QueueId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// The highest level of a skill: finer steps nobody can tell apart.
pub const SKILL_LEVEL_MAX: u8 = 10;

/// Times that what callers ask for may widen: an agent is looked for in each step apart.
pub const WIDENINGS_MAX: usize = 8;

/// A level for each skill. A skill that is absent is not level zero: it is not there.
pub type Skills = BTreeMap<Box<str>, u8>;

/// What the callers of a queue ask for. A caller's wait, from his first arrival, decides in which step he is;
/// each step asks for no more than the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// At first.
    pub requires: Skills,
    /// Later, soonest first; at most [`WIDENINGS_MAX`].
    pub widen: Vec<Widening>,
}

/// From when on callers ask for less.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Widening {
    /// When a caller has waited so long.
    pub after: Duration,
    /// He asks for this, in place of what he asked for before.
    pub requires: Skills,
}

/// What an agent lacks for a caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lacking {
    /// The skill.
    pub skill: Box<str>,
    /// The level that is asked for.
    pub asked: u8,
    /// The level that he has, if he has the skill at all.
    pub has: Option<u8>,
}

impl Asked {
    /// What is asked for in that step; the last where there are not so many.
    pub fn at(&self, step: u8) -> &Skills {
        let widened = usize::from(step).min(self.widen.len()).checked_sub(1);
        let widened = widened.and_then(|at| self.widen.get(at));
        widened.map_or(&self.requires, |widening| &widening.requires)
    }

    /// What a caller asks for who asks for `own` beside this: the higher level of each skill. The last step that a
    /// queue widens to is for those whom nobody else could be got for, so it waives what is his own.
    pub(crate) fn with(&self, own: &Skills) -> Asked {
        let mut asked = self.clone();
        let waived = asked.widen.len().checked_sub(1);
        let steps = asked.widen.iter_mut().take(waived.unwrap_or_default());
        let steps = steps.map(|step| &mut step.requires);
        for requires in std::iter::once(&mut asked.requires).chain(steps) {
            for (skill, level) in own {
                let asked = requires.entry(skill.clone()).or_default();
                *asked = (*asked).max(*level);
            }
        }
        asked
    }

    /// In which step a caller is who has waited so long.
    pub fn step_after(&self, waited: Duration) -> u8 {
        let passed = self.widen.iter().take_while(|step| step.after <= waited);
        u8::try_from(passed.count()).unwrap_or(u8::MAX)
    }

    /// After which wait the step that follows comes.
    pub(crate) fn next(&self, step: u8) -> Option<Duration> {
        Some(self.widen.get(usize::from(step))?.after)
    }

    /// The first step whose callers an agent with these skills may take; none if there is none.
    pub(crate) fn first_step(&self, has: &Skills) -> Option<u8> {
        let steps = 0..=u8::try_from(self.widen.len()).unwrap_or(u8::MAX);
        steps
            .into_iter()
            .find(|step| lacking(self.at(*step), has).is_none())
    }

    /// How well an agent fits: his levels in all that callers ask for at first.
    pub(crate) fn score(&self, has: &Skills) -> u32 {
        let levels = self.requires.keys().filter_map(|skill| has.get(skill));
        levels.map(|level| u32::from(*level)).sum()
    }
}

impl Settings {
    /// What a caller asks for of his own, as far as it makes sense in that queue, and what he lets go there: all of it,
    /// where members take its calls but none of them could ever take his. He would wait for ever beside agents who are
    /// free.
    pub(crate) fn attainable(&self, queue: &QueueId, own: Skills) -> (Skills, Skills) {
        if own.is_empty() {
            return (own, Skills::new());
        }
        let Some(queue) = self.queues.get(queue) else {
            return (own, Skills::new());
        };
        let able = |asked: &Asked| {
            let mut agents = queue.members.keys().filter_map(|it| self.agents.get(it));
            agents.any(|agent| asked.first_step(&agent.skills).is_some())
        };
        match !able(&queue.asked.with(&own)) && able(&queue.asked) {
            true => (Skills::new(), own),
            false => (own, Skills::new()),
        }
    }
}

/// The first thing that somebody with the skills `has` lacks for what is asked for.
pub(crate) fn lacking(asked: &Skills, has: &Skills) -> Option<Lacking> {
    asked.iter().find_map(|(skill, asked)| {
        let has = has.get(skill).copied();
        has.is_none_or(|has| has < *asked).then(|| Lacking {
            skill: skill.clone(),
            asked: *asked,
            has,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skills(levels: &[(&str, u8)]) -> Skills {
        levels
            .iter()
            .map(|(name, level)| ((*name).into(), *level))
            .collect()
    }

    fn asked() -> Asked {
        let widening = |after, requires| Widening {
            after: Duration::from_secs(after),
            requires,
        };
        Asked {
            requires: skills(&[("svenska", 0), ("teknik", 5)]),
            widen: vec![
                widening(30, skills(&[("teknik", 3)])),
                widening(120, skills(&[])),
            ],
        }
    }

    #[test]
    fn an_absent_skill_is_not_level_zero() {
        let asked = asked();
        assert_eq!(asked.first_step(&skills(&[("teknik", 9)])), Some(1));
        assert_eq!(
            asked.first_step(&skills(&[("svenska", 0), ("teknik", 5)])),
            Some(0)
        );
        assert_eq!(
            lacking(asked.at(0), &skills(&[("teknik", 9)])),
            Some(Lacking {
                skill: "svenska".into(),
                asked: 0,
                has: None
            })
        );
    }

    #[test]
    fn what_is_asked_for_widens_with_the_wait() {
        let asked = asked();
        let steps = [0, 29, 30, 119, 120, 9_000];
        let steps = steps.map(|waited| asked.step_after(Duration::from_secs(waited)));
        assert_eq!(steps, [0, 0, 1, 1, 2, 2]);
        assert_eq!(asked.first_step(&skills(&[("teknik", 3)])), Some(1));
        assert_eq!(asked.first_step(&skills(&[("teknik", 2)])), Some(2));
        assert_eq!(asked.next(1), Some(Duration::from_secs(120)));
        assert_eq!(asked.next(2), None);
    }

    #[test]
    fn what_a_caller_asks_for_of_his_own_counts_until_the_last_step_or_for_ever() {
        let own = skills(&[("teknik", 4), ("english", 2)]);
        let with = asked().with(&own);
        let both = [("svenska", 0), ("teknik", 5), ("english", 2)];
        assert_eq!(*with.at(0), skills(&both));
        assert_eq!(*with.at(1), own);
        assert_eq!(*with.at(2), skills(&[]));
        assert_eq!(*Asked::default().with(&own).at(9), own);
        assert_eq!(with.step_after(Duration::from_secs(30)), 1);
    }

    #[test]
    fn whoever_lacks_what_is_never_waived_takes_no_call() {
        let asked = Asked {
            requires: skills(&[("teknik", 1)]),
            widen: Vec::new(),
        };
        assert_eq!(asked.first_step(&skills(&[("svenska", 10)])), None);
        assert_eq!(asked.score(&skills(&[("svenska", 10), ("teknik", 4)])), 4);
    }
}
