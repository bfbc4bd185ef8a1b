//! An engine under test on a clock of our own. Every step is taken by three engines: a live one, one
//! that is saved, dropped and loaded before each step, and one that only ever applies the facts. They
//! must never differ, and what must always hold is checked after each step.

use acd::{
    AgentSettings, AgentState, Asked, Asker, Command, CommandRefusal, Deadline, Deferral, Engine,
    Entrance, Exits, Fact, Input, KnownAs, LeaveCause, Member, OfferEnd, Output, Policy, Prospect,
    QueueKind, QueueSettings, Settings, Stamped,
};
use base::{CallId, Core, OfferId, QueueId, ShardId, Time, UserId};
use control::{AgentCommand, Principal, Queues, permit};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

pub(crate) struct Floor {
    live: Engine,
    saved: Vec<u8>,
    replayed: Engine,
    pub(crate) facts: Vec<Stamped>,
    pub(crate) now: Time,
}

impl Default for Floor {
    fn default() -> Floor {
        let live = Engine::new();
        Floor {
            saved: postcard::to_stdvec(&live).unwrap(),
            replayed: live.clone(),
            live,
            facts: Vec::new(),
            now: Time::ZERO,
        }
    }
}

impl Floor {
    /// One with these settings, every agent's device reachable, one second into the clock.
    pub(crate) fn open(settings: Settings) -> Floor {
        let mut floor = Floor {
            now: Time::from_millis(1_000),
            ..Floor::default()
        };
        let agents: Vec<UserId> = settings.agents.keys().cloned().collect();
        floor.give(Input::Configure(Arc::new(settings)));
        for agent in agents {
            floor.give(Input::DeviceReachable {
                agent,
                reachable: true,
            });
        }
        floor
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.live
    }

    pub(crate) fn poll_timeout(&self) -> Option<(Time, Deadline)> {
        self.live.poll_timeout()
    }

    /// Hands the input in and returns the commands.
    pub(crate) fn give(&mut self, input: Input) -> Vec<Command> {
        let now = self.now;
        self.step(|engine, out| engine.handle(now, input.clone(), out))
    }

    /// Tells the engine that it is `now`, due or not.
    pub(crate) fn tick(&mut self) -> Vec<Command> {
        let now = self.now;
        self.step(|engine, out| engine.handle_timeout(now, out))
    }

    /// Lets time pass, stopping at every deadline on the way.
    pub(crate) fn pass(&mut self, span: Duration) -> Vec<Command> {
        let end = self.now + span;
        let mut commands = Vec::new();
        while let Some((at, _)) = self.poll_timeout().filter(|(at, _)| *at <= end) {
            self.now = self.now.max(at);
            let before = self.facts.len();
            commands.extend(self.tick());
            assert!(
                self.facts.len() > before,
                "a deadline came due and nothing came of it"
            );
        }
        self.now = end;
        commands
    }

    fn step(&mut self, take: impl Fn(&mut Engine, &mut Output)) -> Vec<Command> {
        let mut out = Output::default();
        take(&mut self.live, &mut out);

        let mut loaded: Engine = postcard::from_bytes(&self.saved).unwrap();
        let mut again = Output::default();
        take(&mut loaded, &mut again);
        assert_eq!(
            again.commands, out.commands,
            "saved and loaded, it does otherwise"
        );
        assert_eq!(
            again.facts, out.facts,
            "saved and loaded, it decides otherwise"
        );
        assert_eq!(loaded, self.live, "saved and loaded, it becomes another");
        self.saved = postcard::to_stdvec(&loaded).unwrap();

        for (fact, seq) in out.facts.iter().zip(self.facts.len() as u64..) {
            assert_eq!((fact.at, fact.seq), (self.now, seq));
            self.replayed.apply(fact);
        }
        assert_eq!(
            self.replayed, self.live,
            "the facts don't say all that changed"
        );
        self.facts.extend(out.facts);
        self.live
            .check_invariants()
            .unwrap_or_else(|broken| panic!("{broken}"));
        out.commands
    }
}

/// Shorthands for the tests of single rules.
impl Floor {
    pub(crate) fn join(&mut self, number: u32, to: &str) -> Vec<Command> {
        let arrived = self.now;
        self.give(Input::Join(Entrance::new(call(number), queue(to), arrived)))
    }

    pub(crate) fn leave(&mut self, number: u32) -> Vec<Command> {
        self.give(Input::Leave {
            call: call(number),
            cause: LeaveCause::Abandoned,
        })
    }

    pub(crate) fn answered(&mut self, offer: u64) -> Vec<Command> {
        self.give(Input::OfferAnswered {
            offer: OfferId(offer),
        })
    }

    pub(crate) fn ended(&mut self, offer: u64, end: OfferEnd) -> Vec<Command> {
        self.give(Input::OfferEnded {
            offer: OfferId(offer),
            end,
        })
    }

    pub(crate) fn hung_up(&mut self, number: u32) -> Vec<Command> {
        self.give(Input::ConversationEnded { call: call(number) })
    }

    pub(crate) fn own_call(&mut self, name: &str, number: u32, active: bool) -> Vec<Command> {
        self.give(Input::OwnCall {
            agent: agent(name),
            call: call(number),
            active,
        })
    }

    pub(crate) fn device(&mut self, name: &str, reachable: bool) -> Vec<Command> {
        self.give(Input::DeviceReachable {
            agent: agent(name),
            reachable,
        })
    }

    pub(crate) fn position(&mut self, number: u32) -> Option<u32> {
        self.prospect(number).place
    }

    pub(crate) fn prospect(&mut self, number: u32) -> Prospect {
        let commands = self.give(Input::AskPosition { call: call(number) });
        match commands.as_slice() {
            [Command::Position { call: of, prospect }] if *of == call(number) => *prospect,
            other => panic!("expected one prospect, got {other:?}"),
        }
    }

    /// Has a command carried out; its answer, and the other commands.
    pub(crate) fn command(&mut self, command: AgentCommand) -> (Answer, Vec<Command>) {
        let asker = Asker::Control(self.facts.len() as u64);
        let command = permit(Principal::Operator, command).unwrap();
        let mut commands = self.give(Input::AgentCommand { asker, command });
        let answer = |command: &Command| matches!(command, Command::Answer { .. });
        let answers: Vec<Command> = commands.extract_if(.., |command| answer(command)).collect();
        match answers.as_slice() {
            [Command::Answer { asker: to, result }] if *to == asker => (result.clone(), commands),
            other => panic!("expected one answer, got {other:?}"),
        }
    }

    pub(crate) fn log_in(&mut self, name: &str, queues: Queues) -> (Answer, Vec<Command>) {
        self.command(AgentCommand::LogIn {
            agent: agent(name),
            queues,
        })
    }

    pub(crate) fn log_out(&mut self, name: &str, queues: Queues) -> (Answer, Vec<Command>) {
        self.command(AgentCommand::LogOut {
            agent: agent(name),
            queues,
        })
    }

    pub(crate) fn pause(&mut self, name: &str, reason: Option<&str>) -> (Answer, Vec<Command>) {
        let reason = reason.map(str::to_owned);
        self.command(AgentCommand::Pause {
            agent: agent(name),
            reason,
        })
    }

    pub(crate) fn resume(&mut self, name: &str) -> (Answer, Vec<Command>) {
        self.command(AgentCommand::Resume { agent: agent(name) })
    }

    pub(crate) fn configure(&mut self, settings: Settings) -> Vec<Command> {
        self.give(Input::Configure(Arc::new(settings)))
    }

    pub(crate) fn agent_row(&self, name: &str) -> acd::AgentSnapshot {
        let rows = self.live.snapshot(self.now).agents;
        rows.into_iter()
            .find(|row| row.agent == agent(name))
            .unwrap()
    }

    pub(crate) fn state(&self, name: &str) -> AgentState {
        self.agent_row(name).state
    }

    pub(crate) fn queue_row(&self, name: &str) -> acd::QueueSnapshot {
        let rows = self.live.snapshot(self.now).queues;
        rows.into_iter()
            .find(|row| row.queue == queue(name))
            .unwrap()
    }
}

pub(crate) type Answer = Result<(), CommandRefusal>;

/// Whom these commands ring, and for which call: `("anna", 1)`.
pub(crate) fn rung(commands: &[Command]) -> Vec<(String, u32)> {
    let ring = |command: &Command| match command {
        Command::Ring { agent, call, .. } => Some((agent.name().to_owned(), call.slot)),
        _ => None,
    };
    commands.iter().filter_map(ring).collect()
}

pub(crate) fn call(slot: u32) -> CallId {
    CallId {
        shard: ShardId(0),
        slot,
        generation: 0,
    }
}

pub(crate) fn queue(name: &str) -> QueueId {
    format!("demo/{name}").parse().unwrap()
}

pub(crate) fn agent(name: &str) -> UserId {
    format!("demo/{name}").parse().unwrap()
}

/// As whom a caller with that number is known again.
pub(crate) fn known_as(number: &str) -> KnownAs {
    KnownAs(number.trim_start_matches('+').parse().expect("digits"))
}

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A queue: rings 15 s, wrap-up 10 s, deferral 5 s (declined, busy 5 s; error 20 s), 50 may wait.
pub(crate) fn queue_of(members: &[&str]) -> QueueSettings {
    QueueSettings {
        kind: QueueKind::default(),
        members: (0..)
            .zip(members)
            .map(|(rank, name)| {
                let member = Member {
                    rank,
                    ..Member::default()
                };
                (agent(name), member)
            })
            .collect(),
        policy: Policy::LongestIdle,
        asked: Asked::default(),
        weight: 5,
        ring: secs(15),
        wrap_up: secs(10),
        ageing: secs(300),
        waiting_max: 50,
        judged: acd::Yardstick::default(),
        deferral: Deferral {
            no_answer: secs(5),
            declined: secs(5),
            busy: secs(5),
            error: secs(20),
        },
        exits: Exits::default(),
        last_agent: None,
        callbacks: None,
    }
}

/// Settings with these queues; every member is an agent, logged in to all of his from the start.
pub(crate) fn settings(queues: &[(&str, QueueSettings)]) -> Settings {
    let queues: BTreeMap<QueueId, QueueSettings> = queues
        .iter()
        .map(|(name, settings)| (queue(name), settings.clone()))
        .collect();
    let mut agents: BTreeMap<UserId, AgentSettings> = BTreeMap::new();
    for (id, settings) in &queues {
        for member in settings.members.keys() {
            let agent = agents.entry(member.clone()).or_default();
            agent.logged_in_at_start.insert(id.clone());
        }
    }
    Settings {
        queues,
        agents,
        ..Settings::default()
    }
}

/// The same, with nobody logged in.
pub(crate) fn logged_out(mut settings: Settings) -> Settings {
    for agent in settings.agents.values_mut() {
        agent.logged_in_at_start = BTreeSet::new();
    }
    settings
}

/// Asserts that every offer was closed at most once and every conversation ended at most once; with
/// how many of each are still open.
pub(crate) fn open_ends(facts: &[Stamped]) -> (usize, usize) {
    let mut offers: BTreeSet<OfferId> = BTreeSet::new();
    let mut talks: BTreeSet<OfferId> = BTreeSet::new();
    for stamped in facts {
        match &stamped.fact {
            Fact::Offered { offer, .. } => assert!(offers.insert(*offer), "{offer} made twice"),
            Fact::Connected { offer, .. } => {
                assert!(offers.remove(offer), "{offer} closed, then connected");
                assert!(talks.insert(*offer));
            }
            Fact::OfferEnded { offer, .. } | Fact::OfferLost { offer, .. } => {
                assert!(offers.remove(offer), "{offer} closed twice");
            }
            Fact::ConversationEnded { offer, .. } => {
                assert!(talks.remove(offer), "{offer}: a conversation ended twice");
            }
            _ => {}
        }
    }
    (offers.len(), talks.len())
}
