//! Whole random worlds: callers who choose, accept and change their minds, agents who race for entries and forget what they owe,
//! calls that break off, storage that refuses or says nothing. The lists must do what the naive model does, at every step;
//! a crash at any moment loses nothing that was said; and once the faults stop, every entry is worked off.
//!
//! A failure prints the seed; `CALLBACK_SEED=n` runs that world alone, `CALLBACK_WORLDS=n` as many as you like.

mod chance;
mod happens;

use crate::floor::*;
use crate::model::{Known, Model, State};
use crate::restart::{restarted, rows_stored};
use base::{CallbackId, OfferId, QueueId, UserId};
use callback::*;
use control::{Principal, Queues, permit};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

const QUEUES: &[&str] = &["alpha", "beta"];
const AGENTS: &[&str] = &["anna", "bosse", "cecilia", "david", "frans"];
const NUMBERS: u32 = 8;
/// The number of none of them.
const ANYBODY: &str = "+46701230000";
const CALLERS: u32 = 8;
const STEPS: u32 = 500;
/// Enough for every entry of a world to be worked off.
const ROUNDS_TO_REST_MAX: u32 = 400;
/// How many there are: enough for everything to come about in some.
const WORLDS: u64 = 200;
/// In how many tests the worlds are, so that none takes long even where the machine is busy.
const PARTS: u64 = 2;

#[test]
fn random_worlds_go_as_the_model_says_and_come_to_rest_first_part() {
    run_worlds(0);
}

#[test]
fn random_worlds_go_as_the_model_says_and_come_to_rest_second_part() {
    run_worlds(1);
}

fn run_worlds(part: u64) {
    if let Some(seed) = setting("CALLBACK_SEED") {
        run_world(seed);
        return;
    }
    let worlds = setting("CALLBACK_WORLDS").unwrap_or(WORLDS);
    let mut seen = BTreeSet::new();
    for seed in (part..worlds).step_by(PARTS as usize) {
        let ran = catch_unwind(AssertUnwindSafe(|| run_world(seed)));
        match ran {
            Ok(facts) => seen.extend(facts.iter().map(|it| kind_of(&it.fact))),
            Err(failure) => {
                eprintln!("this world failed: CALLBACK_SEED={seed}");
                resume_unwind(failure);
            }
        }
    }
    // Worlds in which something never happens prove nothing of it.
    let missing = EVERYTHING.iter().filter(|kind| !seen.contains(**kind));
    let missing: Vec<&&str> = missing.collect();
    assert!(
        worlds < WORLDS || missing.is_empty(),
        "in no world: {missing:?}"
    );
}

#[allow(
    clippy::disallowed_methods,
    reason = "a failing world is named from outside"
)]
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Gives all that came about in it.
fn run_world(seed: u64) -> Vec<Stamped> {
    let mut world = World::new(seed);
    for _ in 0..STEPS {
        world.step();
    }
    world.crash();
    assert_eq!(Lists::replay(&world.floor.facts), *world.floor.lists());
    world.rest();
    world.floor.facts
}

/// What came about, with its cause or outcome.
fn kind_of(fact: &Fact) -> String {
    let whole = format!("{fact:?}");
    let name = whole.split([' ', '{']).next().unwrap_or_default();
    let why = ["why: ", "how: ", "outcome: "].map(|what| {
        let (_, rest) = whole.split_once(what).unwrap_or_default();
        rest.split([',', ' ']).next().unwrap_or_default()
    });
    format!("{name} {}", why.concat()).trim().to_owned()
}

/// Kinds of facts, with the cause or outcome of those that have one.
const EVERYTHING: &[&str] = &[
    "AgentOut",
    "AgentRung",
    "AgentThere",
    "AheadIs",
    "AnswerOwed",
    "Answered",
    "BecameDue",
    "BecameOverdue",
    "CallAlive",
    "CallBegun",
    "CallOver Busy",
    "CallOver Failed",
    "CallOver Interrupted",
    "CallOver NoAnswer",
    "CallOver Reached",
    "CallOver Voicemail",
    "CancelPromised",
    "ClockSet",
    "Closed Cancelled",
    "Closed Expired",
    "Configured",
    "DialPromised",
    "Erased Retention",
    "Erased Wish",
    "HoursKnown",
    "Leased",
    "LoggedIn",
    "LoggedOut",
    "Merged",
    "MovePromised",
    "Moved",
    "Noted Busy",
    "Noted Failed",
    "Noted Interrupted",
    "Noted NoAnswer",
    "Noted Reached",
    "Noted Voicemail",
    "Noted WrongNumber",
    "PersonAnswered",
    "PromiseBroken NotStored",
    "PromiseBroken Overtaken",
    "PromiseBroken TooSlow",
    "PromiseKept",
    "Promised",
    "Requeued",
    "ReservationEnded",
    "Reserved",
    "Returned CallLost",
    "Returned DeviceDidNotAnswer",
    "Returned HungUp",
    "Returned LoggedOut",
    "Returned RanOut",
    "Returned Released",
    "Returned TakenBack",
    "Started",
    "StorageIs",
    "Unmet Abandoned",
    "Unmet Busy",
    "Unmet Failed",
    "Unmet Interrupted",
    "Unmet NoAnswer",
];

/// All kinds of things that happen, each as often as the world's bent has it.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Choices,
    Reserve,
    Accept,
    MoveOwn,
    CancelOwn,
    Gone,
    Stored,
    NotStored,
    Health,
    LogIn,
    LogOut,
    TakeNext,
    Act,
    Erase,
    Entrust,
    CallOff,
    Event,
    Pass,
    Configure,
    Hours,
    Crash,
}

/// What there is in every world, with how often as a rule.
const KINDS: &[(Kind, u32)] = &[
    (Kind::Choices, 2),
    (Kind::Reserve, 4),
    (Kind::Accept, 10),
    (Kind::MoveOwn, 3),
    (Kind::CancelOwn, 1),
    (Kind::Gone, 3),
    (Kind::Stored, 16),
    (Kind::NotStored, 2),
    (Kind::Health, 1),
    (Kind::LogIn, 3),
    (Kind::LogOut, 1),
    (Kind::TakeNext, 3),
    (Kind::Act, 20),
    (Kind::Erase, 1),
    (Kind::Entrust, 6),
    (Kind::CallOff, 2),
    (Kind::Event, 24),
    (Kind::Pass, 16),
    (Kind::Configure, 1),
    (Kind::Hours, 1),
    (Kind::Crash, 1),
];

/// What can happen to a call, in the order in which it mostly does.
const ANY_EVENT: &[CallEvent] = &[
    CallEvent::AgentAnswered,
    CallEvent::AgentDidNotAnswer,
    CallEvent::Alive,
    CallEvent::PersonAnswered,
    CallEvent::PersonAnswered,
    CallEvent::PersonBusy,
    CallEvent::PersonNoAnswer,
    CallEvent::PersonFailed,
    CallEvent::MetNobody,
    CallEvent::Voicemail,
    CallEvent::HungUp,
];

struct World {
    rng: ChaCha8Rng,
    bent: Vec<u32>,
    floor: Floor,
    model: Model,
    /// The lists' tokens, in the order in which they were given: the model counts them.
    tokens: Vec<u64>,
    /// The last fact that storage says it has.
    durable: Option<u64>,
    /// Entries whose callers were told that they will be called.
    said: BTreeSet<CallbackId>,
    /// How often the person of each entry was rung.
    rung: BTreeMap<CallbackId, usize>,
    down: bool,
    /// Agents whom queues have kept for entries, and for which each was.
    offers: Vec<CallbackId>,
}

impl World {
    fn new(seed: u64) -> World {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let bent = KINDS
            .iter()
            .map(|(_, often)| often * (1 + rng.next_u32() % 6))
            .collect();
        let mut floor = Floor::default();
        floor.disk = Disk::Silent;
        let mut world = World {
            rng,
            bent,
            floor,
            model: Model::default(),
            tokens: Vec::new(),
            durable: None,
            said: BTreeSet::new(),
            rung: BTreeMap::new(),
            down: false,
            offers: Vec::new(),
        };
        world.configure();
        QUEUES.iter().for_each(|name| world.hours(name));
        AGENTS
            .iter()
            .for_each(|name| world.log_in(name, Queues::All));
        world
    }

    fn expect(&mut self, input: Input, expected: Vec<Command>) {
        self.model.now = self.floor.now;
        let commands = self.floor.give(input);
        self.check(commands, expected);
    }

    fn check(&mut self, mut commands: Vec<Command>, mut expected: Vec<Command>) {
        for command in &mut commands {
            match command {
                Command::Store { token } => {
                    self.tokens.push(*token);
                    *token = self.tokens.len() as u64;
                }
                Command::RingPerson { entry, placing, .. } => {
                    *self.rung.entry(*entry).or_default() += 1;
                    self.check_stored(*placing);
                }
                Command::Accepted {
                    result: Ok(entry), ..
                } => {
                    self.said.insert(*entry);
                }
                _ => {}
            }
        }
        // Of what comes at one moment the order is nobody's business.
        let key = |command: &Command| format!("{command:?}");
        commands.sort_by_key(key);
        expected.sort_by_key(key);
        assert_eq!(commands, expected, "at {:?}", self.floor.now);
    }

    /// Nobody is rung before that is stored.
    fn check_stored(&self, placing: PlacingId) {
        let promised =
            self.floor.facts.iter().find(
                |it| matches!(it.fact, Fact::DialPromised { placing: of, .. } if of == placing),
            );
        assert!(
            Some(promised.unwrap().seq) <= self.durable,
            "rung and not stored"
        );
    }

    fn compare(&self) {
        let lists = self.floor.lists();
        let last = self
            .model
            .entries
            .iter()
            .map(|it| it.id.0)
            .max()
            .unwrap_or(0);
        let there = (0..=last + 2).filter(|id| lists.entry(CallbackId(*id)).is_some());
        assert_eq!(there.count(), self.model.entries.len());
        for known in &self.model.entries {
            let entry = lists.entry(known.id);
            let entry = entry.unwrap_or_else(|| panic!("{known:?} is not there"));
            assert_eq!(state_of(entry), known.state, "{entry:?}");
            if let Stage::InCall(placed) = &entry.stage {
                assert_eq!(placed.beside, known.beside, "{entry:?}");
            }
            assert_eq!(entry.asked, known.asked);
            assert_eq!(
                (entry.due, entry.standing),
                (known.due, known.standing),
                "{entry:?}"
            );
            let attempts = entry
                .attempts
                .iter()
                .map(|it| (it.agent.clone(), it.outcome));
            assert_eq!(attempts.collect::<Vec<_>>(), known.attempts);
            self.compare_told(entry, known);
        }
    }

    fn compare_told(&self, entry: &Entry, known: &Known) {
        if known.state == State::Waiting {
            let now = self.floor.utc();
            let late = known
                .asked
                .wish
                .ends()
                .is_some_and(|ends| ends.max(known.due) <= now);
            let told = match known.due <= now {
                false => Told::Nothing,
                true if late => Told::Overdue,
                true => Told::Due,
            };
            assert_eq!(entry.told, told, "{entry:?} at {now:?}");
        }
    }

    /// Had the process ended here, all that the next one had is what storage said it has.
    fn crash(&self) {
        let durable = self.durable.map_or(0, |seq| seq as usize + 1);
        let stored = &self.floor.facts[..durable];
        let rows = rows_stored(stored);
        let erased = |id: &CallbackId| {
            let is_it =
                |it: &Stamped| matches!(it.fact, Fact::Erased { entry, .. } if entry == *id);
            stored.iter().any(is_it)
        };
        let mut before = Floor::default();
        before.facts = stored.to_vec();
        let lists = self.model.lists.iter();
        let lists = lists
            .map(|(queue, list)| (queue.name(), list.clone()))
            .collect();
        let after = restarted(&before, lists);
        for id in &self.said {
            assert!(
                rows.contains_key(id) || erased(id),
                "{id} was said and is lost"
            );
        }
        for (id, entry) in &rows {
            let again = after.lists().entry(*id);
            let again = again.unwrap_or_else(|| panic!("{id} was stored and is lost"));
            assert_eq!(again.asked.number, entry.asked.number);
            let rung = self.rung.get(id).copied().unwrap_or(0);
            assert!(
                again.attempts.len() >= rung,
                "{id} was rung and nobody knows"
            );
            assert!(again.rings_nobody(), "{again:?}");
        }
    }

    /// No more faults: agents do their work, and every entry comes to an end.
    fn rest(&mut self) {
        let list = ListSettings {
            members: AGENTS.iter().map(|name| agent(name)).collect(),
            expire_after: None,
            retention: 100_000 * HOUR,
            ..ListSettings::default()
        };
        let lists: BTreeMap<_, _> = QUEUES.iter().map(|it| (queue(it), list.clone())).collect();
        self.model.configure(lists.clone());
        self.expect(Input::Configure(Arc::new(Settings { lists })), vec![]);
        self.model.storage(Health::Fine);
        self.expect(Input::Storage(Health::Fine), vec![]);
        AGENTS
            .iter()
            .for_each(|name| self.log_in(name, Queues::All));
        self.store_all();
        self.pass(CALL_ALIVE_WITHIN);
        for _ in 0..ROUNDS_TO_REST_MAX {
            let owed = self.model.entries.iter().filter_map(|it| match &it.state {
                State::Owes(..) => Some((it.asked.queue.clone(), it.id)),
                _ => None,
            });
            for (list, id) in owed.collect::<Vec<_>>() {
                self.act(supervisor(), list, id, EntryAction::Waive);
            }
            AGENTS.iter().for_each(|name| self.work(name));
            self.compare();
            if self
                .model
                .entries
                .iter()
                .all(|it| matches!(it.state, State::Closed(..)))
            {
                return;
            }
            self.pass(HOUR);
        }
        panic!(
            "some entries are never worked off: {:?}",
            self.model.entries
        );
    }

    /// One entry, from the list to its description.
    fn work(&mut self, name: &str) {
        self.take_next(name);
        let his = self
            .model
            .entries
            .iter()
            .find(|it| matches!(&it.state, State::Leased(by, _) if *by == agent(name)));
        let Some((list, id)) = his.map(|it| (it.asked.queue.clone(), it.id)) else {
            return;
        };
        let who = agent(name);
        self.act(
            agent_himself(name),
            list.clone(),
            id,
            EntryAction::Call(who.clone()),
        );
        let known = self.model.entries.iter().find(|it| it.id == id).unwrap();
        let State::Call(_, placing, ..) = known.state else {
            // As often as it may be tried, it was: somebody takes it off the list.
            let cancel = EntryAction::Cancel { text: None };
            return self.act(agent_himself(name), list, id, cancel);
        };
        self.tell(placing, CallEvent::AgentAnswered);
        self.store_all();
        self.tell(placing, CallEvent::PersonAnswered);
        self.tell(placing, CallEvent::HungUp);
        let note = Note {
            text: "Helped.".to_owned(),
            outcome: None,
            then: Some(Then::Close),
        };
        self.act(
            agent_himself(name),
            list,
            id,
            EntryAction::Note { agent: who, note },
        );
    }

    fn store_all(&mut self) {
        if let Some(last) = self.model.waiting_promises().last().copied() {
            let token = self.tokens[last as usize - 1];
            self.durable = self.durable.max(Some(token));
            let expected = self.model.stored(last);
            self.expect(Input::Stored { token }, expected);
        }
    }
}

fn state_of(entry: &Entry) -> State {
    match &entry.stage {
        Stage::Promised => State::Storing,
        Stage::Waiting => State::Waiting,
        Stage::Leased { agent, until } => State::Leased(agent.clone(), *until),
        Stage::InCall(it) => State::Call(
            it.agent.clone(),
            it.placing,
            it.until,
            it.progress,
            it.began,
        ),
        Stage::AwaitingNote { agent, began } => State::Owes(agent.clone(), *began),
        Stage::Closed { how, at } => State::Closed(*how, *at),
    }
}

trait RingsNobody {
    fn rings_nobody(&self) -> bool;
}

impl RingsNobody for Entry {
    fn rings_nobody(&self) -> bool {
        !matches!(
            self.stage,
            Stage::Leased { .. } | Stage::InCall(_) | Stage::Promised
        )
    }
}
