//! Whole random worlds: settings, callers, phones and agents that do anything at any time, right or
//! wrong. The engine must do what the naive model does, at every step; and once the faults stop,
//! everything must come to rest.
//!
//! A failure prints the seed; `ACD_SEED=n` runs that world alone, `ACD_WORLDS=n` as many as you like.

use crate::floor::{Floor, agent, call, open_ends, queue, secs};
use crate::model::{Model, Offer, State};
use crate::waits::Waits;
use acd::{
    AgentRules, AgentState, Applies, Asked, Asker, CallbackEnd, Command, Counted, Deferral,
    DueCallback, Entrance, ErrorLimit, Exits, Figures, Input, KnownAs, LastAgent, LeaveCause,
    Licence, Line, Load, Marks, Member, MissedLimit, OfferEnd, Policy, Priority, QueueKind,
    QueueSettings, SKILL_LEVEL_MAX, Settings, Share, Sidelining, Skills, Snapshot, Stamped,
    Urgency, WaitOf, Widening, Work,
};
use base::{CallId, CallbackId, OfferId, OrgId, QueueId, Time, UserId};
use control::{AgentCommand, Principal, QueueCommand, Queues, permit};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::num::NonZeroU8;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

const QUEUES: &[&str] = &["alpha", "beta", "gamma", "delta"];
const AGENTS: &[&str] = &["anna", "bosse", "cecilia", "david", "eva", "frans", "greta"];
const STEPS: u32 = 150;
/// Enough for every caller and agent of a world to be dealt with several times over.
const STEPS_TO_REST_MAX: u32 = 4_000;

/// In how many tests the worlds are, so that none takes long even where the machine is busy.
const PARTS: u64 = 4;

#[test]
fn random_worlds_go_as_the_model_says_and_come_to_rest_first_part() {
    run_worlds(0);
}

#[test]
fn random_worlds_go_as_the_model_says_and_come_to_rest_second_part() {
    run_worlds(1);
}

#[test]
fn random_worlds_go_as_the_model_says_and_come_to_rest_third_part() {
    run_worlds(2);
}

#[test]
fn random_worlds_go_as_the_model_says_and_come_to_rest_fourth_part() {
    run_worlds(3);
}

/// The part's share of all worlds.
fn run_worlds(part: u64) {
    if let Some(seed) = setting("ACD_SEED") {
        return run_world(seed);
    }
    let worlds = setting("ACD_WORLDS").unwrap_or(3_000);
    for seed in (part..worlds).step_by(PARTS as usize) {
        let ran = catch_unwind(AssertUnwindSafe(|| run_world(seed)));
        if let Err(failure) = ran {
            eprintln!("this world failed: ACD_SEED={seed}");
            resume_unwind(failure);
        }
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "a failing world is named from outside"
)]
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn run_world(seed: u64) {
    let first = World::new(seed).live();
    if seed.is_multiple_of(50) {
        let second = World::new(seed).live();
        assert_eq!(
            first.floor.facts, second.floor.facts,
            "the same seed, another history"
        );
    }
    let replayed = acd::Engine::replay(&first.floor.facts);
    assert_eq!(replayed, *first.floor.engine());
    first.ends_here();
    first.rest();
}

/// What comes about in a world.
pub(crate) fn facts_of(seed: u64) -> Vec<Stamped> {
    World::new(seed).live().floor.facts
}

struct World {
    rng: ChaCha8Rng,
    /// How often each kind of thing happens here: every world has its own bent.
    bent: Vec<u32>,
    floor: Floor,
    model: Model,
    settings: Settings,
    last_call: u32,
    /// Counted from the facts so far, saved and loaded before each step.
    figures: Figures,
    counted: usize,
}

impl World {
    fn new(seed: u64) -> World {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let bent = (0..KINDS.len()).map(|_| 1 + rng.next_u32() % 12).collect();
        let mut world = World {
            rng,
            bent,
            floor: Floor::default(),
            model: Model::default(),
            settings: Settings::default(),
            last_call: 0,
            figures: Figures::default(),
            counted: 0,
        };
        world.floor.now = Time::from_millis(world.upto(10_000).into());
        world.settings = world.some_settings();
        world.give(Input::Configure(Arc::new(world.settings.clone())));
        for name in AGENTS {
            if !world.one_in(4) {
                world.give(Input::DeviceReachable {
                    agent: agent(name),
                    reachable: true,
                });
            }
        }
        world
    }

    fn live(mut self) -> World {
        for _ in 0..STEPS {
            let total: u32 = self.bent.iter().sum();
            let mut pick = self.upto(total);
            let mut kind = 0;
            while pick >= self.bent[kind] {
                pick -= self.bent[kind];
                kind += 1;
            }
            KINDS[kind](&mut self);
        }
        self
    }

    /// The process ends in the middle of it all: whoever is there is cut off once, and all are accounted for.
    fn ends_here(&self) {
        let mut figures = self.figures.clone();
        let mut engine = self.floor.engine().clone();
        let at = self.floor.now;
        for (fact, seq) in figures
            .visits()
            .cut_off()
            .into_iter()
            .zip(self.counted as u64..)
        {
            engine.apply(&Stamped { at, seq, fact });
        }
        figures.run_ended();
        assert_eq!(figures.visits().cut_off(), []);
        for row in engine.snapshot(at).queues {
            let there = (row.waiting, row.offered, row.connected);
            assert_eq!(there, (0, 0, 0), "{}", row.queue);
        }
        for (_, interval) in figures.intervals() {
            for (queue, line) in &interval.queues {
                let totals = line.tally.totals;
                assert_eq!(totals.waiting(), 0, "{queue}");
                let done = line.handled + line.cut_off;
                assert_eq!(totals.connected, done, "{queue}");
            }
        }
    }

    /// The faults stop: phones confirm and answer, people hang up. All must resolve.
    fn rest(mut self) {
        self.make_all_well();
        for _ in 0..STEPS_TO_REST_MAX {
            let open = |offer: &&Offer| !matches!(offer.state, State::Lost | State::Over);
            let next = self.model.offers().iter().find(open).cloned();
            if let Some(Offer {
                id: offer,
                call,
                entry,
                state,
                ..
            }) = next
            {
                self.give(match state {
                    State::Ringing(_) if entry.is_some() => Input::CallbackTaken { offer },
                    _ if entry.is_some() => Input::CallbackOver {
                        offer,
                        end: CallbackEnd::Called,
                    },
                    State::Ringing(_) => Input::OfferAnswered { offer },
                    State::Connected => Input::ConversationEnded { call },
                    _ => Input::OfferEnded {
                        offer,
                        end: OfferEnd::Withdrawn,
                    },
                });
            } else if let Some((at, _)) = self.floor.poll_timeout() {
                self.floor.now = self.floor.now.max(at);
                self.tick();
            } else {
                break;
            }
        }
        assert_eq!(self.floor.poll_timeout(), None, "still waits for something");
        assert_eq!(open_ends(&self.floor.facts), (0, 0));
        assert_eq!(self.figures.visits().count(), 0);
        assert_eq!(self.figures.visits().cut_off(), []);
        let snapshot = self.floor.engine().snapshot(self.floor.now);
        assert_eq!(snapshot.agents.len(), AGENTS.len());
        for row in snapshot.agents {
            assert_eq!(
                row.state,
                AgentState::Free,
                "{} never came to rest",
                row.agent
            );
        }
        for row in snapshot.queues {
            assert_eq!(
                (row.waiting, row.offered, row.connected),
                (0, 0, 0),
                "{}",
                row.queue
            );
            assert_eq!(row.totals.waiting(), 0, "{}", row.queue);
        }
    }

    fn make_all_well(&mut self) {
        let members: Vec<&str> = AGENTS.to_vec();
        let queues: Vec<_> = QUEUES
            .iter()
            .map(|name| (*name, crate::floor::queue_of(&members)))
            .collect();
        let mut settings = crate::floor::settings(&queues);
        for agent in settings.agents.values_mut() {
            // Able to whatever callers ask for of their own.
            let skills = ["svenska", "teknik"].map(|skill| (skill.into(), SKILL_LEVEL_MAX));
            agent.skills = skills.into();
        }
        self.give(Input::Configure(Arc::new(settings)));
        for name in AGENTS {
            for number in OWN_CALLS {
                let (agent, call) = (agent(name), call(number));
                self.give(Input::OwnCall {
                    agent,
                    call,
                    active: false,
                });
            }
            self.give(Input::DeviceReachable {
                agent: agent(name),
                reachable: true,
            });
            self.command(AgentCommand::LogIn {
                agent: agent(name),
                queues: Queues::All,
            });
            self.command(AgentCommand::Resume { agent: agent(name) });
            self.give(Input::Indebted {
                agent: agent(name),
                indebted: false,
            });
        }
    }
}

/// Steps, with the engine's and the model's outcomes compared.
impl World {
    fn give(&mut self, input: Input) {
        let commands = self.floor.give(input.clone());
        let expected = self.model.handle(self.floor.now, &input, &commands);
        self.compare(commands, expected, &input);
    }

    fn tick(&mut self) {
        let commands = self.floor.tick();
        let expected = self.model.handle_timeout(self.floor.now, &commands);
        self.compare(commands, expected, &"a deadline");
    }

    fn command(&mut self, command: AgentCommand) {
        let asker = Asker::Control(self.floor.facts.len() as u64);
        let command = permit(Principal::Operator, command).unwrap();
        self.give(Input::AgentCommand { asker, command });
    }

    /// Figures say of those who are there what the engine says, and account for all others.
    fn count(&mut self, snapshot: &Snapshot) {
        let saved = postcard::to_stdvec(&self.figures).unwrap();
        self.figures = postcard::from_bytes(&saved).unwrap();
        for fact in &self.floor.facts[self.counted..] {
            self.figures.hear(fact);
        }
        self.counted = self.floor.facts.len();
        let (mut whole, mut of_queues) = (Line::default(), BTreeMap::<_, Line>::new());
        for (_, interval) in self.figures.intervals() {
            for (queue, line) in &interval.queues {
                of_queues.entry(queue.clone()).or_default().add(line);
                whole.add(line);
            }
        }
        for row in &snapshot.queues {
            let line = of_queues.remove(&row.queue).unwrap_or_default();
            let waiting = u64::from(row.waiting + row.offered);
            assert_eq!(line.tally.totals.waiting(), waiting, "{}", row.queue);
        }
        for (queue, line) in of_queues {
            assert_eq!(line.tally.totals.waiting(), 0, "{queue} was removed");
        }
        let there =
            whole.tally.totals.entered - whole.tally.totals.gone() - whole.handled - whole.cut_off;
        assert_eq!(there, self.figures.visits().count() as u64);
    }

    fn compare(
        &mut self,
        mut commands: Vec<Command>,
        mut expected: Vec<Command>,
        after: &dyn Debug,
    ) {
        if commands != expected {
            let in_order = |command: &Command| format!("{command:?}");
            commands.sort_by_cached_key(in_order);
            expected.sort_by_cached_key(in_order);
        }
        assert_eq!(
            commands, expected,
            "commands (left) and the model's, after {after:?}"
        );
        let deadline = self.floor.poll_timeout().map(|(at, _)| at);
        assert_eq!(
            deadline,
            self.model.next_deadline(),
            "deadline after {after:?}"
        );

        let snapshot = self.floor.engine().snapshot(self.floor.now);
        self.count(&snapshot);
        for row in &snapshot.agents {
            assert_eq!(
                row.state,
                self.model.state_of(&row.agent),
                "{} after {after:?}",
                row.agent
            );
            assert_eq!(
                (row.totals, row.strikes),
                (
                    self.model.agent_totals(&row.agent),
                    self.model.strikes(&row.agent)
                ),
                "{}",
                row.agent
            );
        }
        for row in &snapshot.queues {
            let counts = (row.waiting, row.offered, row.connected);
            assert_eq!(
                counts,
                self.model.counts(&row.queue),
                "{} after {after:?}",
                row.queue
            );
            assert_eq!(
                row.totals,
                self.model.queue_totals(&row.queue),
                "{}",
                row.queue
            );
            let millis = |span: Duration| span.as_millis() as u64;
            assert_eq!(
                (row.average_wait_ms, row.expected_wait_ms),
                (
                    self.model.average(&row.queue).map(millis),
                    self.model
                        .expected(&row.queue, row.waiting + row.offered + 1)
                        .map(millis)
                ),
                "{} after {after:?}",
                row.queue
            );
            assert_eq!(
                row.closed_by_load,
                self.model.is_closed(&row.queue),
                "{} after {after:?}",
                row.queue
            );
            let waits = self.model.waits(&row.queue);
            assert_eq!(
                (row.handling_ms, row.forecast),
                (
                    waits.and_then(Waits::handling).map(millis),
                    waits.map(Waits::forecast).unwrap_or_default()
                ),
                "{}",
                row.queue
            );
            let (line, many) = self.floor.engine().in_line(&row.queue, usize::MAX);
            let line: Vec<CallId> = line.iter().map(|it| it.call).collect();
            assert_eq!(
                line,
                self.model.line(&row.queue),
                "{} after {after:?}",
                row.queue
            );
            assert_eq!(many, line.len(), "{}", row.queue);
            let sum = row.free + row.busy + row.wrap_up + row.paused;
            assert_eq!(
                row.logged_in,
                sum + row.unreachable + row.deferred,
                "{}",
                row.queue
            );
        }
        for call in self.model.calls() {
            let place = self.floor.engine().position(call);
            assert_eq!(place, self.model.position(call), "{call} after {after:?}");
        }
    }
}

/// Everything that may happen in a world.
const KINDS: &[fn(&mut World)] = &[
    World::caller_comes,
    World::caller_comes,
    World::caller_leaves,
    World::caller_chooses,
    World::caller_chooses,
    World::offer_is_answered,
    World::offer_is_answered,
    World::offer_ends,
    World::offer_ends,
    World::callbacks_become_due,
    World::agent_comes_to_owe_or_owes_no_more,
    World::callback_goes_on,
    World::callback_goes_on,
    World::conversation_ends,
    World::agent_gives_a_command,
    World::device_comes_or_goes,
    World::own_call_begins_or_ends,
    World::position_is_asked,
    World::callers_are_moved,
    World::one_caller_is_seen_to,
    World::one_caller_is_seen_to,
    World::settings_change,
    World::agent_is_recalled,
    World::caller_is_forgotten,
    World::time_passes,
    World::next_deadline_comes,
    World::next_deadline_comes,
];

/// Agents' own calls: numbers that no caller has.
const OWN_CALLS: std::ops::Range<u32> = 9_000..9_003;

impl World {
    fn caller_comes(&mut self) {
        let again = self.one_in(8);
        let call = if again {
            self.some_call()
        } else {
            self.new_call()
        };
        let shift = Duration::from_millis(self.upto(20_000).into());
        let arrived = match self.upto(8) {
            0 => self.floor.now + shift,
            1 | 2 => Time::from_micros(self.floor.now.as_micros() / 2),
            _ => self.floor.now,
        };
        let queue = self.some_queue();
        let priority = match self.one_in(3) {
            true => Priority::new(self.upto(4) as u8),
            false => Priority::default(),
        };
        // Few, so that they come again.
        let known_as = self.one_in(2).then(|| self.some_number());
        let requires = match self.one_in(3) {
            true => self.some_skills(),
            false => Skills::new(),
        };
        self.give(Input::Join(Entrance {
            priority,
            known_as,
            requires,
            ..Entrance::new(call, queue, arrived)
        }));
    }

    fn caller_is_forgotten(&mut self) {
        let caller = self.some_number();
        self.give(Input::ForgetCaller(caller));
    }

    fn caller_leaves(&mut self) {
        let causes = [
            LeaveCause::Abandoned,
            LeaveCause::Failed,
            LeaveCause::Shutdown,
            LeaveCause::KeyPressed,
            LeaveCause::CalledBack,
        ];
        let cause = causes[self.upto(5) as usize];
        let call = self.some_call();
        self.give(Input::Leave { call, cause });
    }

    /// One does something else, or is back.
    fn caller_chooses(&mut self) {
        let call = self.some_call();
        let input = match self.one_in(2) {
            true => Input::Choosing { call },
            false => Input::Back { call },
        };
        self.give(input);
    }

    fn offer_is_answered(&mut self) {
        let offer = self.some_offer();
        if self.one_in(4) {
            self.give(Input::OfferPickedUp { offer });
        } else {
            self.give(Input::OfferAnswered { offer });
        }
    }

    fn offer_ends(&mut self) {
        let ends = [
            OfferEnd::Busy,
            OfferEnd::Declined,
            OfferEnd::NoAnswer,
            OfferEnd::DeviceError,
            OfferEnd::Withdrawn,
            OfferEnd::Withdrawn,
        ];
        let end = ends[self.upto(6) as usize];
        let offer = self.some_offer();
        self.give(Input::OfferEnded { offer, end });
    }

    /// What is due of a queue's callbacks is told: the same in other words, less, or more.
    fn callbacks_become_due(&mut self) {
        let queue = self.some_queue();
        let mut due = Vec::new();
        for n in 0..self.upto(5) {
            // Queues have entries of their own, of which agents may be kept for some.
            let of = QUEUES.iter().position(|name| queue.name() == *name);
            let entry = CallbackId(of.unwrap_or_default() as u64 * 100 + u64::from(n));
            let arrived = Time::from_millis(self.upto(60_000).into());
            if !self.one_in(4) {
                let urgency = match self.one_in(5) {
                    true => Urgency::Called,
                    false => Urgency::Due,
                };
                due.push(DueCallback {
                    urgency,
                    arrived,
                    entry,
                });
            }
        }
        self.give(Input::CallbacksDue { queue, due });
    }

    fn agent_comes_to_owe_or_owes_no_more(&mut self) {
        let (agent, indebted) = (self.some_agent(), self.one_in(3));
        self.give(Input::Indebted { agent, indebted });
    }

    /// It is taken, or over in any way at any time; now and then one that is a caller's, or over already.
    fn callback_goes_on(&mut self) {
        let open = self.model.offers().iter().filter(|offer| {
            offer.entry.is_some() && !matches!(offer.state, State::Lost | State::Over)
        });
        let open: Vec<OfferId> = open.map(|offer| offer.id).collect();
        let offer = match open.is_empty() || self.one_in(6) {
            true => self.some_offer(),
            false => self.one_of(&open),
        };
        if self.one_in(2) {
            return self.give(Input::CallbackTaken { offer });
        }
        let ends = [
            CallbackEnd::NotDue,
            CallbackEnd::HasAnother,
            CallbackEnd::Unanswered(OfferEnd::Busy),
            CallbackEnd::Unanswered(OfferEnd::Declined),
            CallbackEnd::Unanswered(OfferEnd::NoAnswer),
            CallbackEnd::Unanswered(OfferEnd::DeviceError),
            CallbackEnd::Unanswered(OfferEnd::Withdrawn),
            CallbackEnd::HungUp,
            CallbackEnd::Broken,
            CallbackEnd::PersonGone,
            CallbackEnd::Called,
        ];
        let end = self.one_of(&ends);
        self.give(Input::CallbackOver { offer, end });
    }

    fn conversation_ends(&mut self) {
        let talking = |offer: &&Offer| offer.state == State::Connected && offer.entry.is_none();
        let talks: Vec<CallId> = self
            .model
            .offers()
            .iter()
            .filter(talking)
            .map(|offer| offer.call)
            .collect();
        let call = if talks.is_empty() {
            self.some_call()
        } else {
            self.one_of(&talks)
        };
        self.give(Input::ConversationEnded { call });
    }

    fn agent_gives_a_command(&mut self) {
        let agent = self.some_agent();
        let all = self.one_in(2);
        let queues = if all {
            Queues::All
        } else {
            Queues::One(self.some_queue())
        };
        let reason = [None, Some("lunch"), Some("möte"), Some("1")][self.upto(4) as usize];
        let command = match self.upto(9) {
            0 | 1 => AgentCommand::LogIn { agent, queues },
            2 => AgentCommand::LogOut { agent, queues },
            3 => AgentCommand::Pause {
                agent,
                reason: reason.map(str::to_owned),
            },
            4 | 5 => AgentCommand::Resume { agent },
            6 => AgentCommand::EndWrapUp { agent },
            7 => AgentCommand::ExtendWrapUp { agent, span: None },
            _ => AgentCommand::ExtendWrapUp {
                agent,
                span: Some(self.some_span()),
            },
        };
        self.command(command);
    }

    fn device_comes_or_goes(&mut self) {
        let (agent, reachable) = (self.some_agent(), !self.one_in(3));
        self.give(Input::DeviceReachable { agent, reachable });
    }

    fn own_call_begins_or_ends(&mut self) {
        let agent = self.some_agent();
        let call = call(OWN_CALLS.start + self.upto(3));
        let active = self.one_in(3);
        if call.slot == OWN_CALLS.start {
            // A call for a queue: what is to be done after it begins before it is over.
            let (agent, queue) = (agent.clone(), queue("alpha"));
            self.give(Input::CalledFor { agent, queue });
        }
        self.give(Input::OwnCall {
            agent,
            call,
            active,
        });
    }

    fn position_is_asked(&mut self) {
        let call = self.some_call();
        if self.one_in(4) {
            let agent = self.some_agent();
            return self.give(Input::AskAgent { call, agent });
        }
        if self.one_in(2) {
            let queue = self.some_queue();
            return self.give(Input::AskRoom { call, queue });
        }
        self.give(Input::AskPosition { call });
    }

    fn callers_are_moved(&mut self) {
        let (from, to) = (self.some_queue(), self.some_queue());
        let callers = self.one_in(2).then(|| self.upto(4));
        let command = QueueCommand::Move { from, to, callers };
        let command = permit(Principal::Operator, command).unwrap();
        let ticket = self.floor.facts.len() as u64;
        self.give(Input::QueueCommand { ticket, command });
    }

    /// Somebody puts a caller forward, or gives him to an agent; now and then one who isn't there.
    fn one_caller_is_seen_to(&mut self) {
        let call = self.some_call();
        let his = self.model.queue_of(call).filter(|_| !self.one_in(8));
        let queue = his.unwrap_or_else(|| self.some_queue());
        let command = match self.one_in(2) {
            true => QueueCommand::PutForward {
                queue,
                call,
                to: self.upto(4),
            },
            false => QueueCommand::Give {
                queue,
                call,
                agent: self.some_agent(),
            },
        };
        let command = permit(Principal::Operator, command).unwrap();
        let ticket = self.floor.facts.len() as u64;
        self.give(Input::QueueCommand { ticket, command });
    }

    fn settings_change(&mut self) {
        // Seldom all at once: most changes in life touch one thing.
        if self.one_in(4) {
            self.settings = self.some_settings();
        } else if !self.one_in(5) {
            let (queue, agent) = (self.some_queue(), self.some_agent());
            let limit = self.upto(6);
            if self.one_in(8) {
                self.settings.queues.remove(&queue);
            }
            if let Some(settings) = self.settings.queues.get_mut(&queue) {
                settings.waiting_max = limit;
                if settings.members.remove(&agent).is_none() {
                    let member = Member {
                        rank: 100 + limit,
                        ..Member::default()
                    };
                    settings.members.insert(agent, member);
                }
                if self.one_in(3) {
                    let policy = self.some_policy();
                    let settings = self.settings.queues.get_mut(&queue);
                    settings.expect("seen above").policy = policy;
                }
            } else if self.one_in(3) {
                let settings = self.some_queue_settings();
                self.settings.queues.insert(queue, settings);
            } else if self.settings.agents.remove(&agent).is_none() {
                self.settings.agents.insert(agent, Default::default());
            }
        }
        self.give(Input::Configure(Arc::new(self.settings.clone())));
    }

    fn some_number(&mut self) -> KnownAs {
        KnownAs(self.upto(5).into())
    }

    /// An agent is as a process before this one kept him: as he is here, or another is, or as nobody was.
    fn agent_is_recalled(&mut self) {
        let (agent, other) = (self.some_agent(), self.some_agent());
        let carried = self.floor.engine().carried(&other);
        let mut carried = carried.unwrap_or_default();
        let shift = Duration::from_millis(self.upto(40_000).into());
        if self.one_in(2) {
            let talks = self.floor.engine().carried_talks(&other).into_iter();
            let talks = talks.map(|talk| talk.map(|at| at + shift)).collect();
            let agent = agent.clone();
            self.give(Input::RecallTalks { agent, talks });
        }
        if self.one_in(2) {
            carried = carried.map(|at| at + shift);
        }
        if self.one_in(2) {
            let (queue, since) = (self.some_queue(), self.floor.now);
            let until = self.one_in(2).then_some(since + shift);
            carried.taken.insert(queue.clone(), 2);
            carried.logins.insert(queue.clone(), since);
            carried.work = Some(Work {
                queue,
                since,
                until,
            });
        }
        let carried = Box::new(carried);
        self.give(Input::Recall { agent, carried });
    }

    /// Any time at all: deadlines on the way are noticed late and together.
    fn time_passes(&mut self) {
        let span = match self.upto(4) {
            0 => 0,
            1 => self.upto(1_000),
            2 => self.upto(20_000),
            _ => self.upto(90_000),
        };
        self.floor.now += Duration::from_millis(span.into());
        if !self.one_in(4) {
            self.tick();
        }
    }

    fn next_deadline_comes(&mut self) {
        if let Some((at, _)) = self.floor.poll_timeout() {
            self.floor.now = self.floor.now.max(at);
            self.tick();
        }
    }
}

/// Picking at random.
impl World {
    fn upto(&mut self, limit: u32) -> u32 {
        self.rng.next_u32() % limit
    }

    fn one_in(&mut self, many: u32) -> bool {
        self.upto(many) == 0
    }

    fn one_of<T: Clone>(&mut self, things: &[T]) -> T {
        things[self.upto(things.len() as u32) as usize].clone()
    }

    fn some_queue(&mut self) -> QueueId {
        queue(self.one_of(QUEUES))
    }

    fn some_agent(&mut self) -> UserId {
        agent(self.one_of(AGENTS))
    }

    fn new_call(&mut self) -> CallId {
        self.last_call += 1;
        call(self.last_call)
    }

    /// Mostly one that is there; now and then one that has gone or never was.
    fn some_call(&mut self) -> CallId {
        let live = self.model.calls();
        if live.is_empty() || self.one_in(6) {
            return call(self.rng.next_u32() % (self.last_call + 2));
        }
        self.one_of(&live)
    }

    /// Mostly one that is open; now and then one that is over or never was.
    fn some_offer(&mut self) -> OfferId {
        let open = |offer: &&Offer| {
            matches!(
                offer.state,
                State::Ringing(_) | State::Withdrawn(..) | State::Late(_)
            )
        };
        let all = self.model.offers();
        let last = all.len() as u32;
        let open: Vec<OfferId> = all.iter().filter(open).map(|offer| offer.id).collect();
        if open.is_empty() || self.one_in(6) {
            return OfferId(self.upto(last + 2).into());
        }
        self.one_of(&open)
    }

    fn some_span(&mut self) -> Duration {
        match self.upto(4) {
            0 => Duration::ZERO,
            1 => Duration::from_millis(self.upto(3_000).into()),
            // Whole seconds make deadlines of several kinds fall together.
            _ => secs(self.upto(30).into()),
        }
    }

    fn some_settings(&mut self) -> Settings {
        let mut queues = BTreeMap::new();
        for name in QUEUES {
            if !self.one_in(4) {
                let settings = self.some_queue_settings();
                queues.insert(queue(name), settings);
            }
        }
        let mut settings = Settings {
            queues,
            agents: BTreeMap::new(),
            rules: self.some_rules(),
            accounts: BTreeSet::new(),
            draining: BTreeSet::new(),
            lent: BTreeSet::new(),
        };
        for name in AGENTS {
            if self.one_in(2) {
                settings.accounts.insert(agent(name));
            }
        }
        for name in AGENTS {
            if self.one_in(5) {
                continue;
            }
            let mut logged_in_at_start = BTreeSet::new();
            for queue in QUEUES {
                if !self.one_in(3) {
                    logged_in_at_start.insert(crate::floor::queue(queue));
                }
            }
            let agent_settings = acd::AgentSettings {
                logged_in_at_start,
                skills: self.some_skills(),
                licence: match self.one_in(6) {
                    true => Licence::Basic,
                    false => Licence::Business,
                },
            };
            settings.agents.insert(agent(name), agent_settings);
        }
        settings
    }

    fn some_rules(&mut self) -> BTreeMap<OrgId, AgentRules> {
        let mut rules = BTreeMap::new();
        if self.one_in(3) {
            return rules;
        }
        let then = [Sidelining::LogOut, Sidelining::Pause];
        let counted = [Counted::InARow, Counted::SinceLogIn];
        let missed = MissedLimit {
            max: 1 + self.upto(3),
            counted: self.one_of(&counted),
            then: self.one_of(&then),
        };
        let errors = ErrorLimit {
            max: 1 + self.upto(3),
            then: self.one_of(&then),
        };
        let mut pause_reasons = BTreeMap::new();
        if self.one_in(2) {
            pause_reasons.insert("1".into(), "lunch".into());
        }
        let mine = AgentRules {
            missed: (!self.one_in(3)).then_some(missed),
            errors: (!self.one_in(3)).then_some(errors),
            wrap_up_extension: self.some_span(),
            pause_reasons,
        };
        rules.insert(OrgId::new("demo").unwrap(), mine);
        rules
    }

    /// Mostly none: rules that send callers elsewhere leave little else to be seen.
    fn some_exits(&mut self) -> Exits {
        if self.one_in(2) {
            return Exits::default();
        }
        let applies = [
            Applies::Never,
            Applies::Never,
            Applies::Newcomers,
            Applies::Everybody,
        ];
        let some = |world: &mut World| applies[world.upto(4) as usize];
        Exits {
            no_agents: some(self),
            none_reachable: some(self),
            all_paused: some(self),
            after: self.one_in(3).then(|| secs(1) + self.some_span()),
            load: self.one_in(2).then(|| self.some_load()),
        }
    }

    fn some_load(&mut self) -> Load {
        let mark = |world: &mut World| world.one_in(2).then(|| world.some_span());
        Load {
            close: Marks {
                waiting: self.one_in(2).then(|| self.upto(6)),
                wait: mark(self),
            },
            open: Marks {
                waiting: self.one_in(2).then(|| self.upto(6)),
                wait: mark(self),
            },
            held: self.some_span(),
            wait_of: match self.one_in(2) {
                true => WaitOf::Average,
                false => WaitOf::Longest,
            },
        }
    }

    fn some_queue_settings(&mut self) -> QueueSettings {
        let mut members = BTreeMap::new();
        for (rank, name) in (0..).zip(AGENTS) {
            if self.one_in(2) {
                let member = Member {
                    rank: rank * 3 % 7,
                    priority: 1 + self.upto(8) as u8 / 6,
                    weight: 1 + self.upto(5) as u8,
                };
                members.insert(agent(name), member);
            }
        }
        QueueSettings {
            kind: QueueKind::default(),
            members,
            policy: self.some_policy(),
            asked: self.some_asked(),
            weight: 1 + self.upto(10) as u8,
            ring: secs(1) + self.some_span(),
            wrap_up: self.some_span(),
            ageing: self.some_span(),
            waiting_max: self.upto(12),
            judged: acd::Yardstick::default(),
            deferral: Deferral {
                no_answer: self.some_span(),
                declined: self.some_span(),
                busy: self.some_span(),
                error: self.some_span(),
            },
            exits: self.some_exits(),
            last_agent: self.one_in(2).then(|| LastAgent {
                within: self.some_span() * 3,
                wait: self.some_span(),
            }),
            callbacks: match self.one_in(2) {
                true => Share::new(1 + self.upto(99) as u8),
                false => None,
            },
        }
    }

    fn some_policy(&mut self) -> Policy {
        let many = NonZeroU8::new(1 + self.upto(4) as u8).expect("at least one");
        self.one_of(&[
            Policy::LongestIdle,
            Policy::Parallel(many),
            Policy::BySkill,
            Policy::RoundRobin,
            Policy::FewestCalls,
            Policy::Random,
            Policy::RingAll,
            Policy::FixedOrder,
        ])
    }

    fn some_skills(&mut self) -> Skills {
        let mut skills = Skills::new();
        for skill in ["svenska", "teknik"] {
            if !self.one_in(3) {
                skills.insert(skill.into(), self.upto(4) as u8);
            }
        }
        skills
    }

    fn some_asked(&mut self) -> Asked {
        if self.one_in(2) {
            return Asked::default();
        }
        let mut widen = Vec::new();
        let mut after = Duration::ZERO;
        for _ in 0..self.upto(4) {
            after += self.some_span();
            let requires = self.some_skills();
            widen.push(Widening { after, requires });
        }
        Asked {
            requires: self.some_skills(),
            widen,
        }
    }
}
