//! All lists as one value. A step *decides* facts from what happened and *applies* them (`apply.rs`), which is the only
//! way its state changes; the decisions are in `windows.rs`, `promises.rs`, `leases.rs`, `calls.rs`, `ahead.rs`, `notes.rs`, `commands.rs`,
//! `retention.rs` and `recall.rs`.

use crate::ahead::Answered;
use crate::entry::{Closing, Entry, PlacingId, Stage, Turn};
use crate::fact::{ErasedFor, Fact, Origin, Stamped};
use crate::index::Index;
use crate::input::{Health, Input};
use crate::moment::Utc;
use crate::number::Number;
use crate::output::{Command, Output};
use crate::owed::Owing;
use crate::promises::{Pending, Promise};
use crate::settings::Settings;
use crate::windows::{Hours, Reservation};
use base::{CallId, CallbackId, Core, QueueId, Time, UserId, WallClock};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Why the lists want to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Deadline {
    /// Storage has had its time for a promise.
    Promise(u64),
    /// A place was held long enough.
    Reservation(CallId),
    /// An agent has had his time, or nothing was heard of his call.
    Held(CallbackId),
    /// The clock on the wall makes an entry due, overdue, expired or forgotten.
    Turn(CallbackId),
    /// Storage has had its time for what a person had done.
    Answer(u64),
}

/// All callback lists of all organisations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lists {
    pub(crate) settings: Arc<Settings>,
    pub(crate) hours: BTreeMap<QueueId, Hours>,
    pub(crate) wall: WallClock,
    pub(crate) storage: Health,
    /// Who answered lately, by list.
    pub(crate) answered: BTreeMap<QueueId, Answered>,
    /// Lists whose people are called ahead no more, since as many as may have met nobody.
    pub(crate) held_back: BTreeSet<QueueId>,
    pub(crate) entries: BTreeMap<CallbackId, Entry>,
    /// Places that are held for callers.
    pub(crate) reserved: BTreeMap<CallId, Reservation>,
    /// What is being stored before it is promised, by the number of its fact.
    pub(crate) pending: BTreeMap<u64, Pending>,
    /// What persons had done and are told when it is stored, by the number of its fact. As many as ask at a time.
    pub(crate) owed: BTreeMap<u64, Owing>,
    /// Who staffs which lists.
    pub(crate) staff: BTreeMap<UserId, BTreeSet<QueueId>>,
    /// Seconds that one entry of a queue costs an agent, where that was measured.
    pub(crate) measured: BTreeMap<QueueId, u32>,
    pub(crate) index: Index,
    pub(crate) last_entry: CallbackId,
    pub(crate) last_placing: PlacingId,
    pub(crate) next_seq: u64,
}

impl Default for Lists {
    fn default() -> Lists {
        Lists {
            settings: Arc::default(),
            hours: BTreeMap::new(),
            // Until `Input::Clock` comes, which is the first of all.
            wall: WallClock::new(Time::ZERO, 0),
            storage: Health::Fine,
            answered: BTreeMap::new(),
            held_back: BTreeSet::new(),
            entries: BTreeMap::new(),
            reserved: BTreeMap::new(),
            pending: BTreeMap::new(),
            owed: BTreeMap::new(),
            staff: BTreeMap::new(),
            measured: BTreeMap::new(),
            index: Index::default(),
            last_entry: CallbackId(0),
            last_placing: PlacingId(0),
            next_seq: 0,
        }
    }
}

impl Lists {
    /// None: `Input::Clock` and `Input::Configure` bring them.
    pub fn new() -> Lists {
        Lists::default()
    }

    /// The lists that these facts, from the very first, leave behind.
    pub fn replay<'a>(facts: impl IntoIterator<Item = &'a Stamped>) -> Lists {
        let mut lists = Lists::new();
        for fact in facts {
            lists.apply(fact);
        }
        lists
    }

    /// An entry as it stands.
    pub fn entry(&self, id: CallbackId) -> Option<&Entry> {
        self.entries.get(&id)
    }

    /// An entry as it is to be stored, whole, whenever a fact is about it: as it stands, or as its caller is told that it does
    /// once that is stored.
    pub fn to_store(&self, now: Time, id: CallbackId) -> Option<Entry> {
        let mut entry = self.entries.get(&id)?.clone();
        let at = self.utc(now);
        for pending in self.pending.values().filter(|it| it.entry == id) {
            if entry.stage != Stage::Waiting {
                break;
            }
            match &pending.promise {
                Promise::Move { wish, input, .. } => {
                    entry.move_as_promised(wish.clone(), input.clone(), at);
                }
                Promise::Cancel { .. } => {
                    let how = Closing::Cancelled;
                    entry.stage = Stage::Closed { how, at };
                }
                Promise::New { .. } | Promise::Dial { .. } => continue,
            }
            entry.version += 1;
        }
        Some(entry)
    }

    /// All entries' numbers.
    pub fn ids(&self) -> impl Iterator<Item = CallbackId> {
        self.entries.keys().copied()
    }

    /// Whoever staffs any list.
    pub fn staff(&self) -> impl Iterator<Item = &UserId> {
        self.staff.keys()
    }

    /// Which lists an agent staffs.
    pub fn staffed_by(&self, agent: &UserId) -> Option<&BTreeSet<QueueId>> {
        self.staff.get(agent)
    }

    /// What the clock on the wall shows.
    pub fn utc(&self, now: Time) -> Utc {
        Utc::from_seconds(self.wall.unix_seconds(now))
    }

    /// What somebody with this number was promised in a queue.
    pub(crate) fn promise_of(&self, queue: &QueueId, number: &Number) -> Option<&Entry> {
        let of = (queue.clone(), number.clone());
        let id = self.index.promises.get(&of)?;
        self.entries.get(id)
    }

    /// The first deadline of all: of two at once, the monotonic clock's.
    fn first_deadline(&self) -> Option<(Time, Deadline)> {
        let timer = self.index.timers.first().copied();
        let turn = self.index.turns.first();
        let turn = turn.map(|(at, entry)| {
            let at = self.wall.time_at(at.as_seconds());
            (at, Deadline::Turn(*entry))
        });
        timer.into_iter().chain(turn).min()
    }
}

impl Core for Lists {
    type Input = Input;
    type Output = Output;
    type Reason = Deadline;

    fn handle(&mut self, now: Time, input: Input, out: &mut Output) {
        let mut step = Step::at(self, now, out);
        match input {
            Input::Configure(settings) => step.configure(settings),
            Input::Hours { queue, hours } => {
                let fact = Fact::HoursKnown { queue, hours };
                step.emit(Origin::Configuration, fact);
            }
            Input::Clock(wall) => step.set_clock(wall),
            Input::AskOffer { call, queue, seen } => step.answer_offer(call, queue, seen.as_ref()),
            Input::AskChoices {
                call,
                queue,
                number,
            } => step.answer_choices(call, &queue, number),
            Input::Reserve { call, queue, wish } => step.reserve(call, queue, wish),
            Input::Accept { call, draft } => step.accept(call, *draft),
            Input::MoveOwn {
                call,
                queue,
                number,
                wish,
                input,
            } => {
                step.move_own(call, &queue, &number, wish, input);
            }
            Input::CancelOwn {
                call,
                queue,
                number,
            } => step.cancel_own(call, &queue, &number),
            Input::Gone { call, started } => step.gone(call, started.map(|draft| *draft)),
            Input::Stored { token } => step.stored(token),
            Input::NotStored { token } => step.not_stored(token),
            Input::Storage(health) => step.storage_is(health),
            Input::Command { ticket, command } => step.command(ticket, command),
            Input::Dialled { call, command } => step.dialled(call, command),
            Input::Entrust {
                offer,
                list,
                entry,
                agent,
            } => step.entrust(offer, &list, entry, agent),
            Input::CallOff { offer, entry } => step.take_back(offer, entry),
            Input::Call { placing, event } => step.call(placing, event),
            Input::Recall(entry) => step.recall(*entry),
            Input::RecallLast(last) => step.recall_last(last),
            Input::RecallStaff { agent, lists } => step.recall_staff(&agent, &lists),
        }
        step.forget_beyond();
    }

    fn poll_timeout(&self) -> Option<(Time, Deadline)> {
        self.first_deadline()
    }

    fn handle_timeout(&mut self, now: Time, out: &mut Output) {
        let mut step = Step::at(self, now, out);
        while let Some((_, deadline)) = step.lists.first_deadline().filter(|(at, _)| *at <= now) {
            match deadline {
                Deadline::Promise(token) => step.promise_overdue(token),
                Deadline::Answer(token) => step.owed_overdue(token),
                Deadline::Reservation(call) => {
                    step.emit(Origin::Clock, Fact::ReservationEnded { call });
                }
                Deadline::Held(entry) => step.held_too_long(entry),
                Deadline::Turn(entry) => step.turn(entry),
            }
        }
        step.forget_beyond();
    }
}

/// One step of the lists: what is decided in it, at what time, and where it is told.
pub(crate) struct Step<'a> {
    pub(crate) lists: &'a mut Lists,
    pub(crate) now: Time,
    pub(crate) utc: Utc,
    pub(crate) out: &'a mut Output,
}

impl<'a> Step<'a> {
    fn at(lists: &'a mut Lists, now: Time, out: &'a mut Output) -> Step<'a> {
        let utc = lists.utc(now);
        Step {
            lists,
            now,
            utc,
            out,
        }
    }

    /// Makes a decision count: applies the fact and tells it. Gives its number.
    pub(crate) fn emit(&mut self, by: Origin, fact: Fact) -> u64 {
        let seq = self.lists.next_seq;
        let stamped = Stamped {
            at: self.now,
            utc: self.utc,
            seq,
            by,
            fact,
        };
        self.lists.apply(&stamped);
        self.out.facts.push(stamped);
        seq
    }

    /// A fact that promises something: it is to be said when it is stored.
    pub(crate) fn promise(&mut self, by: Origin, fact: Fact) {
        let token = self.emit(by, fact);
        self.out.commands.push(Command::Store { token });
    }

    fn set_clock(&mut self, wall: WallClock) {
        // It is said often, and right nearly always.
        let shown = Utc::from_seconds(wall.unix_seconds(self.now));
        if shown != self.utc {
            self.utc = shown;
            self.emit(Origin::Clock, Fact::ClockSet { wall });
        }
    }

    fn storage_is(&mut self, health: Health) {
        if health != self.lists.storage {
            self.emit(Origin::Storage, Fact::StorageIs { health });
        }
    }

    /// What the clock on the wall does to an entry.
    fn turn(&mut self, entry: CallbackId) {
        let Some(known) = self.lists.entries.get(&entry) else {
            return;
        };
        let list = self.lists.settings.lists.get(&known.asked.queue);
        let fact = match known.next_turn(list) {
            Some((_, Turn::Due)) => Fact::BecameDue { entry },
            Some((_, Turn::Overdue)) => Fact::BecameOverdue { entry },
            Some((_, Turn::Expire)) => Fact::Closed {
                entry,
                how: Closing::Expired,
                text: None,
            },
            Some((_, Turn::Erase)) => {
                return self.forget(entry, ErasedFor::Retention, Origin::Clock);
            }
            None => return,
        };
        self.emit(Origin::Clock, fact);
    }
}
