//! In which order a queue's free agents are tried: candidates in, order out, with the reason kept.
//! A policy is a function of what it is shown, so a trace or a simulation can ask it again.

use crate::settings::{Member, Policy};
use base::{Time, UserId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Phones that ring for one caller at once, at most: more people than run for one call, and a bound for
/// what an answer has to take back.
pub const RINGING_MAX: usize = 32;

/// How an agent stands in one queue, whatever the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merit {
    /// How the queue sees him as a member.
    pub member: Member,
    /// His levels in all that the queue's callers ask for at first.
    pub skill: u32,
    /// Calls of the queue that he has taken.
    pub taken: u64,
    /// What he drew when he sat down; only where the policy goes by chance.
    pub draw: u64,
}

/// A free agent whom a call could be offered to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub agent: UserId,
    /// How he stands in the queue.
    pub merit: Merit,
    /// Since when he is idle, as the queue sees it.
    pub idle_since: Time,
    /// Settles ties: lower became idle first. Unique among candidates.
    pub ticket: u64,
}

/// A candidate in his turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranked {
    /// Who.
    pub agent: UserId,
    /// Why he stands here.
    pub reason: Reason,
}

/// Why an agent got his turn, among those of the best priority who were free and able.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// He was idle longest.
    LongestIdle {
        /// Since when.
        idle_since: Time,
    },
    /// He was idle longest, and not yet as many rang as are to.
    Parallel {
        /// Since when.
        idle_since: Time,
        /// How many are to ring.
        at_once: u8,
    },
    /// He was ablest.
    BySkill {
        /// The sum of his levels.
        level: u32,
        /// Since when he was idle, which settles it among those as able.
        idle_since: Time,
    },
    /// He was next in the circle.
    RoundRobin {
        /// His place in it.
        rank: u32,
        /// The place of whoever was offered a call before him; none if he is the first.
        after: Option<u32>,
    },
    /// He had taken fewest of the queue's calls.
    FewestCalls {
        /// How many.
        taken: u64,
    },
    /// Chance fell on him.
    Random {
        /// His weight.
        weight: u8,
    },
    /// All ring.
    RingAll,
    /// He came first in the order written.
    FixedOrder {
        /// His place in it.
        rank: u32,
    },
    /// He had talked with the caller before.
    LastAgent {
        /// When.
        talked: Time,
    },
    /// He was given the caller by somebody, as the fact before says.
    Given,
}

/// Who was chosen last, at each priority: where the circle goes on, how far chance has run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turns(BTreeMap<u8, u64>);

impl Turns {
    /// What whoever was chosen last at that priority went by.
    pub fn last(&self, priority: u8) -> Option<u64> {
        self.0.get(&priority).copied()
    }

    /// That one was chosen. Members' priorities are few, and so are these.
    pub(crate) fn chosen(&mut self, priority: u8, turn: u64) {
        self.0.insert(priority, turn);
    }
}

impl Policy {
    /// How many phones are to ring for one caller.
    pub fn at_once(self) -> usize {
        match self {
            Policy::Parallel(many) => usize::from(many.get()).min(RINGING_MAX),
            Policy::RingAll => RINGING_MAX,
            _ => 1,
        }
    }

    /// Whether it matters who was chosen last.
    pub(crate) fn has_turns(self) -> bool {
        matches!(self, Policy::RoundRobin | Policy::Random)
    }
}

/// What the policy goes by before idleness: lower comes first.
pub(crate) fn turn(policy: Policy, merit: &Merit) -> u64 {
    match policy {
        Policy::LongestIdle | Policy::Parallel(_) | Policy::RingAll => 0,
        Policy::BySkill => (u32::MAX - merit.skill).into(),
        Policy::RoundRobin | Policy::FixedOrder => merit.member.rank.into(),
        Policy::FewestCalls => merit.taken,
        Policy::Random => merit.draw,
    }
}

/// The candidates in the order in which they are to be tried: those of a better priority first, whatever
/// the policy.
pub fn rank(policy: Policy, turns: &Turns, candidates: &[Candidate]) -> Vec<Ranked> {
    let mut order: Vec<&Candidate> = candidates.iter().collect();
    order.sort_unstable_by_key(|candidate| key(policy, turns, candidate));
    let ranked = |candidate| ranked(policy, turns, candidate);
    order.into_iter().map(ranked).collect()
}

/// The first of them, and where he stands among the candidates.
pub(crate) fn first(
    policy: Policy,
    turns: &Turns,
    candidates: &[Candidate],
) -> Option<(usize, Ranked)> {
    let candidates = candidates.iter().enumerate();
    let first = candidates.min_by_key(|(_, candidate)| key(policy, turns, candidate));
    first.map(|(at, candidate)| (at, ranked(policy, turns, candidate)))
}

/// Lower comes first.
fn key(policy: Policy, turns: &Turns, candidate: &Candidate) -> (u8, bool, u64, Time, u64) {
    let merit = &candidate.merit;
    let priority = merit.member.priority;
    let turn = turn(policy, merit);
    // The circle begins behind whoever was chosen last.
    let had_it = policy == Policy::RoundRobin && Some(turn) <= turns.last(priority);
    (
        priority,
        had_it,
        turn,
        candidate.idle_since,
        candidate.ticket,
    )
}

fn ranked(policy: Policy, turns: &Turns, candidate: &Candidate) -> Ranked {
    Ranked {
        agent: candidate.agent.clone(),
        reason: reason(policy, turns, candidate),
    }
}

fn reason(policy: Policy, turns: &Turns, candidate: &Candidate) -> Reason {
    let Candidate {
        merit, idle_since, ..
    } = candidate;
    let (idle_since, member) = (*idle_since, &merit.member);
    match policy {
        Policy::LongestIdle => Reason::LongestIdle { idle_since },
        Policy::Parallel(at_once) => Reason::Parallel {
            idle_since,
            at_once: at_once.get(),
        },
        Policy::BySkill => Reason::BySkill {
            level: merit.skill,
            idle_since,
        },
        Policy::RoundRobin => Reason::RoundRobin {
            rank: member.rank,
            after: turns
                .last(member.priority)
                .and_then(|last| u32::try_from(last).ok()),
        },
        Policy::FewestCalls => Reason::FewestCalls { taken: merit.taken },
        Policy::Random => Reason::Random {
            weight: member.weight,
        },
        Policy::RingAll => Reason::RingAll,
        Policy::FixedOrder => Reason::FixedOrder { rank: member.rank },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU8;

    /// In the order written: anna, who is idle shortest, to david, who is of a worse priority.
    fn four() -> Vec<Candidate> {
        let four = [
            ("anna", 1, 7, 3, 2, 40),
            ("bosse", 1, 5, 8, 0, 50),
            ("cecilia", 1, 6, 8, 1, 20),
            ("david", 2, 1, 10, 0, 10),
        ];
        let candidate = |(rank, (name, priority, idle, skill, taken, draw))| Candidate {
            agent: format!("demo/{name}").parse().unwrap(),
            merit: Merit {
                member: Member {
                    rank,
                    priority,
                    ..Member::default()
                },
                skill,
                taken,
                draw,
            },
            idle_since: Time::from_millis(idle),
            ticket: idle,
        };
        (0..).zip(four).map(candidate).collect()
    }

    fn order(policy: Policy, turns: &Turns) -> (String, Reason) {
        let order = rank(policy, turns, &four());
        let initials = order.iter().map(|ranked| &ranked.agent.name()[..1]);
        (initials.collect(), order[0].reason)
    }

    #[test]
    fn each_policy_has_its_order_and_its_reason_and_priority_comes_before_all() {
        let none = Turns::default();
        let idle_since = Time::from_millis(5);
        let two = NonZeroU8::new(2).unwrap();
        for (policy, expected, reason) in [
            (
                Policy::LongestIdle,
                "bcad",
                Reason::LongestIdle { idle_since },
            ),
            (
                Policy::Parallel(two),
                "bcad",
                Reason::Parallel {
                    idle_since,
                    at_once: 2,
                },
            ),
            (
                Policy::BySkill,
                "bcad",
                Reason::BySkill {
                    level: 8,
                    idle_since,
                },
            ),
            (
                Policy::RoundRobin,
                "abcd",
                Reason::RoundRobin {
                    rank: 0,
                    after: None,
                },
            ),
            (
                Policy::FewestCalls,
                "bcad",
                Reason::FewestCalls { taken: 0 },
            ),
            (Policy::Random, "cabd", Reason::Random { weight: 1 }),
            (Policy::RingAll, "bcad", Reason::RingAll),
            (Policy::FixedOrder, "abcd", Reason::FixedOrder { rank: 0 }),
        ] {
            assert_eq!(
                order(policy, &none),
                (expected.into(), reason),
                "{policy:?}"
            );
        }
    }

    #[test]
    fn the_circle_goes_on_behind_whoever_was_chosen_last_at_that_priority() {
        let mut turns = Turns::default();
        turns.chosen(1, 0);
        assert_eq!(order(Policy::RoundRobin, &turns).0, "bcad");
        turns.chosen(1, 2);
        turns.chosen(2, 3);
        let (names, reason) = order(Policy::RoundRobin, &turns);
        assert_eq!(names, "abcd");
        let after = Some(2);
        assert_eq!(reason, Reason::RoundRobin { rank: 0, after });
    }
}
