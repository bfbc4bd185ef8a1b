//! How many decisions a second the engine makes, and how that changes with its size: `cargo bench -p acd`.
//! One decision is one input handled; a round is a conversation's end (the agent is offered to whoever
//! has waited longest), the answer, and a new caller, so that as many wait after it as before.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "measures by the clock"
)]
#![allow(missing_docs, reason = "a program")]

use acd::{
    AgentSettings, Command, Deferral, Engine, Entrance, Exits, Input, Output, Policy,
    QueueSettings, Settings,
};
use base::{CallId, Core, OrgId, QueueId, ShardId, Time, UserId};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

const ROUNDS: u32 = 200_000;
/// In how many queues each agent is.
const QUEUES_OF_AN_AGENT: usize = 5;

fn main() {
    println!(
        "{:>8} {:>8} {:>8} {:>14} {:>12}",
        "agents", "queues", "waiting", "decisions/s", "ns each"
    );
    for (agents, queues, waiting) in [
        (100, 10, 1_000),
        (1_000, 100, 10_000),
        (10_000, 1_000, 100_000),
    ] {
        let mut hall = Hall::open(agents, queues, waiting);
        hall.rounds(ROUNDS / 10);
        let start = Instant::now();
        let decisions = hall.rounds(ROUNDS);
        let took = start.elapsed();
        let each = took.as_nanos() / u128::from(decisions);
        let rate = f64::from(decisions) / took.as_secs_f64();
        println!("{agents:>8} {queues:>8} {waiting:>8} {rate:>14.0} {each:>12}");
    }
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
    fn open(agents: usize, queues: usize, waiting: u32) -> Hall {
        let org = OrgId::new("demo").expect("a valid name");
        let queue_ids: Vec<QueueId> = (0..queues)
            .map(|n| QueueId::new(&org, &format!("queue-{n}")).expect("a valid name"))
            .collect();
        let settings = settings(&org, agents, &queue_ids);
        let mut hall = Hall {
            engine: Engine::new(),
            queues: queue_ids,
            talking: VecDeque::new(),
            out: Output::default(),
            now: Time::ZERO,
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
        while hall.talking.len() < agents {
            hall.join();
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
        // A step co-prime to the number of queues reaches them all in scattered order.
        let queue = self.queues[self.calls as usize * 7 % self.queues.len()].clone();
        self.give(Input::Join(Entrance::new(call, queue, self.now)))
    }

    /// Hands the input in, answers what rings; returns how many decisions that were.
    fn give(&mut self, input: Input) -> u32 {
        self.now += Duration::from_micros(10);
        self.engine.handle(self.now, input, &mut self.out);
        let mut decisions = 1;
        self.out.facts.clear();
        for command in std::mem::take(&mut self.out.commands) {
            if let Command::Ring { offer, call, .. } = command {
                self.engine
                    .handle(self.now, Input::OfferAnswered { offer }, &mut self.out);
                self.talking.push_back(call);
                decisions += 1;
            }
        }
        self.out.commands.clear();
        self.out.facts.clear();
        decisions
    }
}

fn settings(org: &OrgId, agents: usize, queues: &[QueueId]) -> Settings {
    let mut settings = Settings::default();
    for queue in queues {
        let one = QueueSettings {
            kind: Default::default(),
            members: Default::default(),
            policy: Policy::LongestIdle,
            asked: Default::default(),
            weight: 5,
            ring: Duration::from_secs(20),
            wrap_up: Duration::ZERO,
            ageing: Duration::from_secs(300),
            waiting_max: u32::MAX,
            deferral: Deferral {
                no_answer: Duration::from_secs(5),
                declined: Duration::from_secs(5),
                busy: Duration::from_secs(5),
                error: Duration::from_secs(5),
            },
            exits: Exits::default(),
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
                one.members.insert(agent.clone(), Default::default());
            }
        }
        settings.agents.insert(
            agent,
            AgentSettings {
                logged_in_at_start,
                ..Default::default()
            },
        );
    }
    settings
}
