//! Lists under test on clocks of our own. Every step is taken by three: live ones, ones that are saved, dropped and loaded
//! before each step, and ones that only ever apply the facts. They must never differ, and what must always hold is
//! checked after each step.

use crate::dealing::Distributor;
use base::{
    BoundedVec, CallId, CallbackId, Core, OrgId, QueueId, ShardId, Time, UserId, WallClock,
};
use callback::{
    CallEvent, CallbackCommand, Capacity, Command, Conditions, Done, Draft, Entry, EntryAction,
    Given, Hours, Input, ListSettings, Lists, Note, Number, Offers, Outcome, Output, PlacingId,
    Refusal, Row, Settings, Span, StaffAction, Stage, Stamped, Status, Then, Utc, Window, Wish,
};
use control::{Principal, Queues, Role, permit};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Friday 27 November 2026, 9:00 UTC: what the clock on the wall shows when the monotonic one starts.
pub(crate) const NINE: i64 = 1_795_770_000;
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);
pub(crate) const DAY: Duration = Duration::from_secs(86_400);
pub(crate) const ANNA: &str = "anna";
pub(crate) const BOSSE: &str = "bosse";
pub(crate) const EVA: &str = "eva";

/// What storage does with what it is asked to store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disk {
    /// It says at once that it has it.
    Fast,
    /// It says nothing until it is told to.
    Silent,
}

pub(crate) struct Floor {
    live: Lists,
    saved: Vec<u8>,
    replayed: Lists,
    pub(crate) facts: Vec<Stamped>,
    pub(crate) now: Time,
    pub(crate) disk: Disk,
    /// Whoever gives entries to free agents.
    pub(crate) distributor: Distributor,
}

impl Default for Floor {
    fn default() -> Floor {
        let live = Lists::new();
        let mut floor = Floor {
            saved: postcard::to_stdvec(&live).unwrap(),
            replayed: live.clone(),
            live,
            facts: Vec::new(),
            now: Time::ZERO,
            disk: Disk::Fast,
            distributor: Distributor::default(),
        };
        floor.give(Input::Clock(WallClock::new(Time::ZERO, NINE * 1_000)));
        floor
    }
}

impl Floor {
    /// One with the list of `demo/support`, staffed by Anna and Bosse.
    pub(crate) fn open(support: ListSettings) -> Floor {
        Floor::with(vec![("support", support)])
    }

    /// One with these lists, staffed by Anna and Bosse.
    pub(crate) fn with(lists: Vec<(&str, ListSettings)>) -> Floor {
        let mut floor = Floor::default();
        floor.configure(lists);
        floor.log_in(ANNA);
        floor.log_in(BOSSE);
        floor
    }

    pub(crate) fn configure(&mut self, lists: Vec<(&str, ListSettings)>) {
        let lists = lists.into_iter().map(|(name, list)| (queue(name), list));
        let lists = lists.collect();
        self.give(Input::Configure(Arc::new(Settings { lists })));
    }

    pub(crate) fn lists(&self) -> &Lists {
        &self.live
    }

    pub(crate) fn utc(&self) -> Utc {
        self.live.utc(self.now)
    }

    pub(crate) fn entry(&self, id: CallbackId) -> &Entry {
        self.live.entry(id).unwrap()
    }

    pub(crate) fn row(&self, id: CallbackId) -> Row {
        self.live.row(self.entry(id)).unwrap()
    }

    pub(crate) fn status(&self, id: CallbackId) -> Status {
        self.entry(id).status().unwrap()
    }

    /// Hands the input in and returns the commands; also those that come of what was stored.
    pub(crate) fn give(&mut self, input: Input) -> Vec<Command> {
        let now = self.now;
        let commands = self.step(|lists, out| lists.handle(now, input.clone(), out));
        self.store(commands)
    }

    fn store(&mut self, mut commands: Vec<Command>) -> Vec<Command> {
        let last = commands.iter().filter_map(|command| match command {
            Command::Store { token } => Some(*token),
            _ => None,
        });
        let last = last.max().filter(|_| self.disk == Disk::Fast);
        if let Some(token) = last {
            commands.extend(self.give(Input::Stored { token }));
        }
        commands
    }

    /// Lets time pass, stopping at every deadline on the way.
    pub(crate) fn pass(&mut self, span: Duration) -> Vec<Command> {
        let end = self.now + span;
        let mut commands = Vec::new();
        while let Some((at, _)) = self.live.poll_timeout().filter(|(at, _)| *at <= end) {
            self.now = self.now.max(at);
            let (now, before) = (self.now, self.facts.len());
            commands.extend(self.step(|lists, out| lists.handle_timeout(now, out)));
            let came = self.facts.len() > before;
            assert!(came, "a deadline came due and nothing came of it");
        }
        self.now = end;
        commands
    }

    fn step(&mut self, take: impl Fn(&mut Lists, &mut Output)) -> Vec<Command> {
        let mut out = Output::default();
        take(&mut self.live, &mut out);

        let mut loaded: Lists = postcard::from_bytes(&self.saved).unwrap();
        let mut again = Output::default();
        take(&mut loaded, &mut again);
        assert_eq!(
            again.commands, out.commands,
            "saved and loaded, they do otherwise"
        );
        assert_eq!(
            again.facts, out.facts,
            "saved and loaded, they decide otherwise"
        );
        assert_eq!(loaded, self.live, "saved and loaded, they become others");
        self.saved = postcard::to_stdvec(&loaded).unwrap();

        for (fact, seq) in out.facts.iter().zip(self.facts.len() as u64..) {
            assert_eq!((fact.at, fact.seq), (self.now, seq));
            assert_eq!(
                fact.utc,
                self.live.utc(self.now),
                "by another clock: {fact:?}"
            );
            self.replayed.apply(fact);
        }
        assert_eq!(
            self.replayed, self.live,
            "the facts don't say all that changed"
        );
        self.distributor.hear(self.now, &self.live, &out.facts);
        self.facts.extend(out.facts);
        self.live.check_invariants().unwrap();
        out.commands
    }

    // What callers do.

    /// A caller accepts; gives his entry.
    pub(crate) fn accept(&mut self, caller: u32, draft: Draft) -> Result<CallbackId, Refusal> {
        let draft = Box::new(draft);
        let commands = self.give(Input::Accept {
            call: call(caller),
            draft,
        });
        accepted(&commands, caller).unwrap()
    }

    /// A caller with this number wants to be called as soon as possible, by support.
    pub(crate) fn wish(&mut self, caller: u32, digits: &str) -> CallbackId {
        let draft = self.draft("support", digits, Wish::AsSoonAsPossible);
        let entry = self.accept(caller, draft).unwrap();
        self.pass(Duration::ZERO);
        entry
    }

    pub(crate) fn draft(&self, list: &str, digits: &str, wish: Wish) -> Draft {
        Draft {
            queue: queue(list),
            number: number(digits),
            given: Given::Shown,
            asked_by: None,
            input: None,
            arrived: self.utc(),
            wish,
        }
    }

    pub(crate) fn choices(&mut self, caller: u32) -> Vec<Wish> {
        let commands = self.give(Input::AskChoices {
            call: call(caller),
            queue: queue("support"),
            number: None,
        });
        match &commands[..] {
            [Command::Choices { choices, .. }] => choices.clone(),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn reserve(&mut self, caller: u32, wish: &Wish) -> Result<(), Refusal> {
        let commands = self.give(Input::Reserve {
            call: call(caller),
            queue: queue("support"),
            wish: wish.clone(),
        });
        match &commands[..] {
            [Command::Reserved { result, .. }] => result.clone(),
            other => panic!("{other:?}"),
        }
    }

    // What people do.

    pub(crate) fn log_in(&mut self, name: &str) {
        self.staff(name, StaffAction::LogIn(Queues::All)).unwrap();
    }

    pub(crate) fn staff(&mut self, name: &str, action: StaffAction) -> Result<Done, Refusal> {
        let command = CallbackCommand::Staff {
            agent: agent(name),
            action,
        };
        self.command(agent_himself(name), command)
    }

    pub(crate) fn act(
        &mut self,
        by: Principal,
        entry: CallbackId,
        action: EntryAction,
    ) -> Result<Done, Refusal> {
        self.act_on(by, entry, None, action)
    }

    pub(crate) fn act_on(
        &mut self,
        by: Principal,
        entry: CallbackId,
        version: Option<u32>,
        action: EntryAction,
    ) -> Result<Done, Refusal> {
        let list = self.live.entry(entry).map(|it| it.asked.queue.clone());
        let list = list.unwrap_or_else(|| queue("support"));
        self.command(
            by,
            CallbackCommand::Entry {
                list,
                entry,
                version,
                action,
            },
        )
    }

    pub(crate) fn command(
        &mut self,
        by: Principal,
        command: CallbackCommand,
    ) -> Result<Done, Refusal> {
        let command = permit(by, command).unwrap();
        let commands = self.give(Input::Command { ticket: 7, command });
        answered(&commands).unwrap()
    }

    pub(crate) fn lease(&mut self, name: &str, entry: CallbackId) -> Result<Done, Refusal> {
        self.act(agent_himself(name), entry, EntryAction::Lease(agent(name)))
    }

    /// The agent presses the call button; gives the call.
    pub(crate) fn call(&mut self, name: &str, entry: CallbackId) -> Result<PlacingId, Refusal> {
        let done = self.act(agent_himself(name), entry, EntryAction::Call(agent(name)));
        done.map(|done| match done {
            Done::Calling { placing, .. } => placing,
            other => panic!("{other:?}"),
        })
    }

    /// An agent calls, and this comes of it, once the person has been rung.
    pub(crate) fn try_once(&mut self, name: &str, entry: CallbackId, event: CallEvent) {
        let placing = self.call(name, entry).unwrap();
        self.event(placing, CallEvent::AgentAnswered);
        if event == CallEvent::HungUp || event == CallEvent::Voicemail {
            self.event(placing, CallEvent::PersonAnswered);
        }
        self.event(placing, event);
    }

    pub(crate) fn event(&mut self, placing: PlacingId, event: CallEvent) -> Vec<Command> {
        self.give(Input::Call { placing, event })
    }

    pub(crate) fn note(
        &mut self,
        name: &str,
        entry: CallbackId,
        text: &str,
    ) -> Result<Done, Refusal> {
        self.say(name, entry, text, None, None)
    }

    pub(crate) fn say(
        &mut self,
        name: &str,
        entry: CallbackId,
        text: &str,
        outcome: Option<Outcome>,
        then: Option<Then>,
    ) -> Result<Done, Refusal> {
        let note = Note {
            text: text.to_owned(),
            outcome,
            then,
        };
        let action = EntryAction::Note {
            agent: agent(name),
            note,
        };
        self.act(agent_himself(name), entry, action)
    }

    pub(crate) fn hours(&mut self, list: &str, hours: Hours) {
        let queue = queue(list);
        self.give(Input::Hours { queue, hours });
    }

    /// How many calls to persons are under way.
    pub(crate) fn calls_placed(&self) -> usize {
        let rows = self.live.rows();
        let in_call = rows
            .iter()
            .filter(|row| matches!(self.entry(row.id).stage, Stage::InCall(_)));
        in_call.count()
    }
}

/// What a caller was told of what he accepted, if he was.
pub(crate) fn accepted(commands: &[Command], caller: u32) -> Option<Result<CallbackId, Refusal>> {
    commands.iter().find_map(|command| match command {
        Command::Accepted { call: of, result } if *of == call(caller) => Some(result.clone()),
        _ => None,
    })
}

/// What a caller was told of what he took back, if he was.
pub(crate) fn cancelled(commands: &[Command], caller: u32) -> Option<Result<(), Refusal>> {
    commands.iter().find_map(|command| match command {
        Command::Cancelled { call: of, result } if *of == call(caller) => Some(result.clone()),
        _ => None,
    })
}

/// What a person was told of what he had done, if he was.
pub(crate) fn answered(commands: &[Command]) -> Option<Result<Done, Refusal>> {
    commands.iter().find_map(|command| match command {
        Command::Answer { result, .. } => Some(result.clone()),
        _ => None,
    })
}

/// A list that Anna and Bosse are members of.
pub(crate) fn list() -> ListSettings {
    ListSettings {
        offers: Offers::When(Conditions::default()),
        members: [ANNA, BOSSE].map(agent).into(),
        ..ListSettings::default()
    }
}

/// A list with a window that takes so many.
pub(crate) fn list_with(name: &str, capacity: Capacity) -> ListSettings {
    ListSettings {
        windows: [(name.into(), capacity)].into(),
        ..list()
    }
}

/// A window so many hours after nine.
pub(crate) fn window(name: &str, from: i64, until: i64) -> Window {
    Window {
        name: name.into(),
        span: span(from, until),
    }
}

pub(crate) fn span(from: i64, until: i64) -> Span {
    Span {
        from: Utc::from_seconds(NINE + from * 3_600),
        until: Utc::from_seconds(NINE + until * 3_600),
    }
}

pub(crate) fn hours(open: Option<Vec<Span>>, windows: Vec<Window>) -> Hours {
    let mut hours = Hours::default();
    for window in windows {
        hours.windows.push(window).unwrap();
    }
    hours.open = open.map(|spans| {
        let mut open = BoundedVec::new();
        spans.into_iter().for_each(|span| open.push(span).unwrap());
        open
    });
    hours
}

pub(crate) fn queue(name: &str) -> QueueId {
    QueueId::new(&org(), name).unwrap()
}

pub(crate) fn org() -> OrgId {
    OrgId::new("demo").unwrap()
}

pub(crate) fn agent(name: &str) -> UserId {
    UserId::new(&org(), name).unwrap()
}

pub(crate) fn number(digits: &str) -> Number {
    digits.parse().unwrap()
}

pub(crate) fn call(slot: u32) -> CallId {
    CallId {
        shard: ShardId(1),
        slot,
        generation: 0,
    }
}

pub(crate) fn agent_himself(name: &str) -> Principal {
    Principal::User {
        user: agent(name),
        role: Role::Agent,
    }
}

pub(crate) fn supervisor() -> Principal {
    Principal::User {
        user: agent(EVA),
        role: Role::Supervisor,
    }
}

pub(crate) fn one(list: &str) -> Queues {
    Queues::One(queue(list))
}

pub(crate) fn all(lists: &[&str]) -> BTreeSet<QueueId> {
    lists.iter().map(|name| queue(name)).collect()
}
