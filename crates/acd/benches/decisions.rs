//! How many decisions a second the engine makes, and how that changes with its size: `cargo bench -p acd`, or of
//! some policies alone: `cargo bench -p acd --bench decisions -- longest-idle random`.
//! On a busy machine instructions tell more than the clock: build it, and run it under
//! `valgrind --tool=callgrind --toggle-collect='*measured*'` with `--rounds=2000`, and `--agents=10000` for one size.
//! One decision is one input handled; a round is a conversation's end (the agent is offered to whoever
//! has waited longest), the answer, and a new caller, so that as many wait after it as before.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "measures by the clock"
)]
#![allow(missing_docs, reason = "a program")]

use acd::{
    AgentSettings, Asked, Command, Deferral, Engine, Entrance, Exits, Input, Member, OfferEnd,
    Output, Policy, QueueSettings, Settings, Skills, Widening,
};
use base::{CallId, Core, OrgId, QueueId, ShardId, Time, UserId};
use std::collections::VecDeque;
use std::num::NonZeroU8;
use std::sync::Arc;
use std::time::{Duration, Instant};

const ROUNDS: u32 = 200_000;
/// Waits that callers bring along are shorter.
const WAITED_MAX: Duration = Duration::from_secs(240);
/// In how many queues each agent is.
const QUEUES_OF_AN_AGENT: usize = 5;

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let is_meant = |name: &str| {
        let mut asked = asked
            .iter()
            .filter(|word| !word.starts_with("--"))
            .peekable();
        asked.peek().is_none() || asked.any(|word| word == name)
    };
    let number_of = |option: &str| {
        let given = asked.iter().find_map(|word| word.strip_prefix(option));
        given.map(|number| number.parse().expect("a number behind the equals sign"))
    };
    let rounds = number_of("--rounds=").unwrap_or(ROUNDS);
    let only: Option<u32> = number_of("--agents=");
    let three = NonZeroU8::new(3).expect("three is not zero");
    println!(
        "{:>14} {:>8} {:>8} {:>8} {:>14} {:>12}",
        "policy", "agents", "queues", "waiting", "decisions/s", "ns each"
    );
    for (name, policy) in [
        ("longest-idle", Policy::LongestIdle),
        ("parallel", Policy::Parallel(three)),
        ("by-skill", Policy::BySkill),
        ("round-robin", Policy::RoundRobin),
        ("fewest-calls", Policy::FewestCalls),
        ("random", Policy::Random),
        ("ring-all", Policy::RingAll),
        ("fixed-order", Policy::FixedOrder),
    ]
    .into_iter()
    .filter(|(name, _)| is_meant(name))
    {
        for (agents, queues, waiting) in [
            (100_u32, 10, 1_000),
            (1_000, 100, 10_000),
            (10_000, 1_000, 100_000),
        ]
        .into_iter()
        .filter(|(agents, ..)| only.is_none_or(|only| *agents == only))
        {
            let mut hall = Hall::open(policy, agents as usize, queues, waiting);
            hall.rounds(rounds / 10);
            let start = Instant::now();
            let decisions = measured(&mut hall, rounds);
            let took = start.elapsed();
            let each = took.as_nanos() / u128::from(decisions);
            let rate = f64::from(decisions) / took.as_secs_f64();
            println!("{name:>14} {agents:>8} {queues:>8} {waiting:>8} {rate:>14.0} {each:>12}");
        }
    }
}

/// A function of its own, so that callgrind can be told to count this and nothing else.
#[inline(never)]
fn measured(hall: &mut Hall, rounds: u32) -> u32 {
    hall.rounds(rounds)
}

struct Hall {
    engine: Engine,
    queues: Vec<QueueId>,
    talking: VecDeque<CallId>,
    out: Output,
    now: Time,
    calls: u32,
}

impl Hall {
    fn open(policy: Policy, agents: usize, queues: usize, waiting: u32) -> Hall {
        let org = OrgId::new("demo").expect("a valid name");
        let queue_ids: Vec<QueueId> = (0..queues)
            .map(|n| QueueId::new(&org, &format!("queue-{n}")).expect("a valid name"))
            .collect();
        let settings = settings(policy, &org, agents, &queue_ids);
        let mut hall = Hall {
            engine: Engine::new(),
            queues: queue_ids,
            talking: VecDeque::new(),
            out: Output::default(),
            now: Time::ZERO + WAITED_MAX * 2,
            calls: 0,
        };
        let people: Vec<UserId> = settings.agents.keys().cloned().collect();
        hall.give(Input::Configure(Arc::new(settings)));
        for agent in people {
            hall.give(Input::DeviceReachable {
                agent,
                reachable: true,
            });
        }
        // Whoever comes while somebody is free is answered; nobody waits long enough to be of no use to anyone.
        for _ in 0..agents * 2 {
            if hall.talking.len() < agents {
                hall.join();
            }
        }
        for _ in 0..waiting {
            hall.join();
        }
        hall
    }

    /// Returns how many decisions were made.
    fn rounds(&mut self, rounds: u32) -> u32 {
        let mut decisions = 0;
        for _ in 0..rounds {
            // Conversations do not end in the order in which they began.
            self.talking.rotate_left(7);
            let call = self.talking.pop_front().expect("all agents talk");
            decisions += self.give(Input::ConversationEnded { call });
            decisions += self.join();
        }
        decisions
    }

    fn join(&mut self) -> u32 {
        self.calls += 1;
        let call = CallId {
            shard: ShardId(0),
            slot: self.calls,
            generation: 0,
        };
        // Some came from elsewhere and have waited before, so that callers are in every step of widening.
        let waited = Duration::from_secs(u64::from(self.calls) * 11 % WAITED_MAX.as_secs());
        let arrived = Time::ZERO + (self.now - (Time::ZERO + waited));
        // A step co-prime to the number of queues reaches them all in scattered order.
        let queue = self.queues[self.calls as usize * 7 % self.queues.len()].clone();
        self.give(Input::Join(Entrance::new(call, queue, arrived)))
    }

    /// Hands the input in, answers what rings; returns how many decisions that were.
    fn give(&mut self, input: Input) -> u32 {
        self.now += Duration::from_micros(10);
        self.engine.handle(self.now, input, &mut self.out);
        let mut decisions = 1;
        // As its owner does: what has come due is decided before the next input.
        while let Some((at, _)) = self.engine.poll_timeout()
            && at <= self.now
        {
            self.engine.handle_timeout(self.now, &mut self.out);
        }
        while !self.out.commands.is_empty() {
            for command in std::mem::take(&mut self.out.commands) {
                let input = match command {
                    Command::Ring { offer, .. } => Input::OfferAnswered { offer },
                    Command::Connect { call, .. } => {
                        self.talking.push_back(call);
                        continue;
                    }
                    // An answer that came too late.
                    Command::Release { offer, .. } => Input::OfferEnded {
                        offer,
                        end: OfferEnd::Withdrawn,
                    },
                    _ => continue,
                };
                self.engine.handle(self.now, input, &mut self.out);
                decisions += 1;
            }
        }
        self.out.facts.clear();
        decisions
    }
}

/// Of four levels, one that has nothing to do with the queues an agent is in: each queue needs some of every level,
/// or callers pile up in it whom nobody may take.
fn scattered_level(n: usize) -> u8 {
    let mixed = (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 62) as u8
}

fn level(level: u8) -> Skills {
    Skills::from([("technical".into(), level)])
}

/// By skill, what callers ask for widens each minute, from what a quarter of the agents has to nothing.
fn asked(policy: Policy) -> Asked {
    if policy != Policy::BySkill {
        return Asked::default();
    }
    let step = |minutes: u8, requires| Widening {
        after: WAITED_MAX / 4 * u32::from(minutes),
        requires,
    };
    Asked {
        requires: level(3),
        widen: vec![step(1, level(2)), step(2, level(1)), step(3, Skills::new())],
    }
}

fn settings(policy: Policy, org: &OrgId, agents: usize, queues: &[QueueId]) -> Settings {
    let mut settings = Settings::default();
    for queue in queues {
        let one = QueueSettings {
            kind: Default::default(),
            members: Default::default(),
            policy,
            asked: asked(policy),
            weight: 5,
            ring: Duration::from_secs(20),
            wrap_up: Duration::ZERO,
            ageing: Duration::from_secs(300),
            waiting_max: u32::MAX,
            judged: acd::Yardstick::default(),
            deferral: Deferral {
                no_answer: Duration::from_secs(5),
                declined: Duration::from_secs(5),
                busy: Duration::from_secs(5),
                error: Duration::from_secs(5),
            },
            exits: Exits::default(),
            last_agent: None,
            callbacks: None,
        };
        settings.queues.insert(queue.clone(), one);
    }
    for n in 0..agents {
        let agent = UserId::new(org, &format!("agent-{n}")).expect("a valid name");
        let mut logged_in_at_start = std::collections::BTreeSet::new();
        for k in 0..QUEUES_OF_AN_AGENT {
            let queue = &queues[(n + k * queues.len() / QUEUES_OF_AN_AGENT) % queues.len()];
            logged_in_at_start.insert(queue.clone());
            if let Some(one) = settings.queues.get_mut(queue) {
                let member = Member {
                    rank: u32::try_from(n).expect("few agents"),
                    weight: 1 + u8::try_from(n % 5).expect("less than five"),
                    ..Member::default()
                };
                one.members.insert(agent.clone(), member);
            }
        }
        settings.agents.insert(
            agent,
            AgentSettings {
                logged_in_at_start,
                skills: level(scattered_level(n)),
                ..AgentSettings::default()
            },
        );
    }
    settings
}
