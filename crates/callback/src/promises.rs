//! What callers are promised. Nothing is said before it is stored: a promise is a fact, storage is asked to say when it has it,
//! and only then does it hold. One that storage refuses, or leaves unanswered, is none; its caller is told so and has
//! kept his place in the queue.

use crate::engine::Step;
use crate::entry::{Beside, Closing, Draft, Entry, PlacingId, Stage, Standing, Wish};
use crate::fact::{Broken, Fact, Origin, Returned};
use crate::identity::CustomerInput;
use crate::input::Health;
use crate::number::Number;
use crate::output::{Command, HangUpCause, Refusal};
use crate::settings::KeepStarted;
use base::{CallId, CallbackId, QueueId, Time};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long storage has for a promise: a caller who waits for its word hears that it was not possible, rather than nothing.
pub const PROMISE_WITHIN: Duration = Duration::from_secs(5);
/// Most open entries of an organisation: more than any staff calls in a month, and little memory.
pub const OPEN_MAX: usize = 10_000;

/// Something that is being stored before it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) entry: CallbackId,
    pub(crate) promise: Promise,
    pub(crate) until: Time,
}

/// What is promised when it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Promise {
    /// The caller will be called.
    New { call: CallId },
    /// He will be called at another time.
    Move {
        call: CallId,
        wish: Wish,
        input: Option<CustomerInput>,
        weighs_seconds: u32,
    },
    /// Nobody will call.
    Cancel { call: CallId },
    /// The person may be rung: after a crash it is known that he was.
    Dial { placing: PlacingId },
}

impl Step<'_> {
    /// Whether one more caller of this queue can be promised anything.
    pub(crate) fn can_promise(&self, queue: &QueueId) -> Result<(), Refusal> {
        self.can_store()?;
        match self.lists.index.open(&queue.org()) >= OPEN_MAX {
            true => Err(Refusal::Full(OPEN_MAX)),
            false => Ok(()),
        }
    }

    pub(crate) fn accept(&mut self, call: CallId, draft: Draft) {
        let weighs_seconds = match self.may_accept(call, &draft) {
            Ok(weighs_seconds) => weighs_seconds,
            Err(refusal) => {
                let result = Err(refusal);
                return self.out.commands.push(Command::Accepted { call, result });
            }
        };
        let id = CallbackId(self.lists.last_entry.0 + 1);
        let entry = Entry::new(id, draft, self.utc, weighs_seconds);
        let fact = Fact::Promised {
            call,
            entry: Box::new(entry),
            until: self.now + PROMISE_WITHIN,
        };
        self.promise(Origin::Caller(call), fact);
    }

    /// What the entry is reckoned to cost, if the caller can have it.
    fn may_accept(&self, call: CallId, draft: &Draft) -> Result<u32, Refusal> {
        let queue = &draft.queue;
        self.lists.offering(queue)?;
        self.can_promise(queue)?;
        let mut pending = self.lists.pending.values();
        if pending.any(|it| matches!(it.promise, Promise::New { call: of } if of == call)) {
            return Err(Refusal::BeingStored);
        }
        if let Some(open) = self.lists.promise_of(queue, &draft.number) {
            return Err(Refusal::Already(open.id));
        }
        self.may_key(draft)?;
        self.place_at(call, queue, &draft.wish)
    }

    /// The place that is held for the caller, or one that is free.
    fn place_at(&self, call: CallId, queue: &QueueId, wish: &Wish) -> Result<u32, Refusal> {
        if let Some(held) = self.lists.reservation(call, queue, wish) {
            return Ok(held.weighs_seconds);
        }
        match self.lists.has_room(queue, wish, call, self.utc) {
            true => Ok(self.lists.weighs_seconds(queue)),
            false => Err(Refusal::ChoiceGone),
        }
    }

    pub(crate) fn move_own(
        &mut self,
        call: CallId,
        queue: &QueueId,
        number: &Number,
        wish: Wish,
        input: Option<CustomerInput>,
    ) {
        let entry = self.own(queue, number).and_then(|entry| {
            self.can_store()?;
            // Where it is already, there is room for it.
            match self
                .lists
                .promise_of(queue, number)
                .map(|it| &it.asked.wish)
                == Some(&wish)
            {
                true => Ok(entry),
                false => self.place_at(call, queue, &wish).map(|_| entry),
            }
        });
        match entry {
            Err(refusal) => {
                let result = Err(refusal);
                self.out.commands.push(Command::Accepted { call, result });
            }
            Ok(entry) => {
                let fact = Fact::MovePromised {
                    call,
                    entry,
                    wish,
                    input,
                    until: self.now + PROMISE_WITHIN,
                };
                self.promise(Origin::Caller(call), fact);
            }
        }
    }

    /// Whether what is said now can hold.
    pub(crate) fn can_store(&self) -> Result<(), Refusal> {
        match self.lists.storage {
            Health::Fine => Ok(()),
            Health::Down => Err(Refusal::Storage),
        }
    }

    pub(crate) fn cancel_own(&mut self, call: CallId, queue: &QueueId, number: &Number) {
        let own = self.own(queue, number);
        match own.and_then(|entry| self.can_store().map(|()| entry)) {
            Err(refusal) => {
                let result = Err(refusal);
                self.out.commands.push(Command::Cancelled { call, result });
            }
            // Should it not be stored he would be called after a restart: until it is, it is as it was.
            Ok(entry) => {
                let until = self.now + PROMISE_WITHIN;
                self.promise(
                    Origin::Caller(call),
                    Fact::CancelPromised { call, entry, until },
                );
            }
        }
    }

    /// The caller's own entry, if nobody has it.
    fn own(&self, queue: &QueueId, number: &Number) -> Result<CallbackId, Refusal> {
        let entry = self.lists.promise_of(queue, number);
        let entry = entry.ok_or(Refusal::NothingToChange)?;
        match (&entry.stage, entry.occupied_by()) {
            (Stage::Waiting, _) => Ok(entry.id),
            (_, Some(agent)) => Err(Refusal::Held {
                entry: entry.id,
                by: agent.clone(),
            }),
            (_, None) => Err(Refusal::BeingStored),
        }
    }

    pub(crate) fn gone(&mut self, call: CallId, started: Option<Draft>) {
        if self.lists.reserved.contains_key(&call) {
            self.emit(Origin::Caller(call), Fact::ReservationEnded { call });
        }
        if let Some(mut draft) = started.filter(|draft| self.keeps_started(draft)) {
            // He had not chosen for good, and no place is kept for him.
            draft.wish = Wish::AsSoonAsPossible;
            let id = CallbackId(self.lists.last_entry.0 + 1);
            let entry = Box::new(Entry {
                standing: Standing::Started,
                stage: Stage::Waiting,
                ..Entry::new(id, draft, self.utc, 0)
            });
            self.emit(Origin::Caller(call), Fact::Started { entry });
        }
    }

    fn keeps_started(&self, draft: &Draft) -> bool {
        let list = self.lists.offering(&draft.queue);
        let org = draft.queue.org();
        let his = self.lists.index.of_number(&org, &draft.number);
        let mut his = his.iter().filter_map(|id| self.lists.entries.get(id));
        list.is_ok_and(|list| list.started == KeepStarted::WithNumber)
            && self.lists.index.open(&org) < OPEN_MAX
            && self.may_key(draft).is_ok()
            && !his.any(|entry| entry.is_open() && entry.asked.queue == draft.queue)
    }

    /// All facts up to that one are stored.
    pub(crate) fn stored(&mut self, token: u64) {
        let kept = self.lists.pending.range(..=token);
        for token in kept.map(|(token, _)| *token).collect::<Vec<u64>>() {
            self.promise_stored(token);
        }
        self.say_owed(token);
    }

    /// That fact is not stored, nor is any after it.
    pub(crate) fn not_stored(&mut self, token: u64) {
        let broken = self.lists.pending.range(token..);
        for token in broken.map(|(token, _)| *token).collect::<Vec<u64>>() {
            self.promise_broken(token, Broken::NotStored);
        }
        self.break_owed(token);
    }

    pub(crate) fn promise_overdue(&mut self, token: u64) {
        self.promise_broken(token, Broken::TooSlow);
    }

    fn promise_stored(&mut self, token: u64) {
        let Some(Pending { entry, promise, .. }) = self.lists.pending.get(&token).cloned() else {
            return;
        };
        let Some(known) = self.lists.entries.get(&entry) else {
            return;
        };
        match promise {
            Promise::New { call } => {
                self.emit(Origin::Storage, Fact::PromiseKept { token, entry });
                self.merge_started(entry);
                let result = Ok(entry);
                self.out.commands.push(Command::Accepted { call, result });
            }
            Promise::Move { .. } | Promise::Cancel { .. } if known.stage != Stage::Waiting => {
                self.promise_broken(token, Broken::Overtaken);
            }
            Promise::Move { call, .. } => {
                self.emit(Origin::Storage, Fact::PromiseKept { token, entry });
                let result = Ok(entry);
                self.out.commands.push(Command::Accepted { call, result });
            }
            Promise::Cancel { call } => {
                self.emit(Origin::Storage, Fact::PromiseKept { token, entry });
                let (how, text) = (Closing::Cancelled, None);
                self.emit(Origin::Caller(call), Fact::Closed { entry, how, text });
                let result = Ok(());
                self.out.commands.push(Command::Cancelled { call, result });
            }
            Promise::Dial { placing } => {
                let (queue, number) = (known.asked.queue.clone(), known.asked.number.clone());
                if self.lets_be(entry) {
                    let why = HangUpCause::TakenBack;
                    return self.out.commands.push(Command::HangUp { placing, why });
                }
                self.emit(Origin::Storage, Fact::PromiseKept { token, entry });
                self.out.commands.push(Command::RingPerson {
                    placing,
                    entry,
                    queue,
                    number,
                });
            }
        }
    }

    /// Nobody is called for no one: the agent let it be while the attempt was stored, and it is as though it had not been made.
    fn lets_be(&mut self, entry: CallbackId) -> bool {
        let stage = self.lists.entries.get(&entry).map(|it| it.stage.clone());
        match stage {
            Some(Stage::InCall(placed)) if placed.beside == Some(Beside::Nobody) => {
                let why = Returned::DeviceDidNotAnswer;
                self.return_call(entry, placed, why, Origin::Storage);
                true
            }
            _ => false,
        }
    }

    pub(crate) fn promise_broken(&mut self, token: u64, why: Broken) {
        let Some(pending) = self.lists.pending.get(&token).cloned() else {
            return;
        };
        let by = match why {
            Broken::TooSlow => Origin::Clock,
            Broken::NotStored | Broken::Overtaken => Origin::Storage,
        };
        let entry = pending.entry;
        self.emit(by, Fact::PromiseBroken { token, entry, why });
        self.out.commands.push(match pending.promise {
            Promise::New { call } | Promise::Move { call, .. } => {
                let result = Err(Refusal::Broken(why));
                Command::Accepted { call, result }
            }
            Promise::Cancel { call } => {
                let result = Err(Refusal::Broken(why));
                Command::Cancelled { call, result }
            }
            Promise::Dial { placing } => Command::HangUp {
                placing,
                why: HangUpCause::NotStored,
            },
        });
    }

    /// A caller who had hung up in the middle has come back and accepted: one wish, from when he first came.
    fn merge_started(&mut self, kept: CallbackId) {
        let Some(entry) = self.lists.entries.get(&kept) else {
            return;
        };
        let asked = &entry.asked;
        let his = self
            .lists
            .index
            .of_number(&asked.queue.org(), &asked.number);
        let started = his.iter().filter_map(|id| self.lists.entries.get(id));
        let started = started.filter(|it| {
            it.standing == Standing::Started
                && it.stage == Stage::Waiting
                && it.asked.queue == asked.queue
        });
        let started: Vec<_> = started.map(|it| (it.id, it.asked.arrived)).collect();
        for (gone, arrived) in started {
            self.emit(
                Origin::Storage,
                Fact::Merged {
                    kept,
                    gone,
                    arrived,
                },
            );
        }
    }
}
