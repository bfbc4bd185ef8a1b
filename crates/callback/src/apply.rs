//! What each fact does to the lists: the only code that changes their state. It decides nothing, and a fact about
//! something unknown changes nothing.

use crate::ahead::{AheadStand, Met};
use crate::engine::Lists;
use crate::entry::{Attempt, Beside, Entry, Order, Placed, Progress, Stage, Standing, Told, Wish};
use crate::fact::{Fact, Resolution, Stamped};
use crate::identity::CustomerInput;
use crate::index::Index;
use crate::moment::Utc;
use crate::owed::{Owed, Owing};
use crate::promises::{Pending, Promise};
use crate::text::Text;
use crate::windows::Reservation;
use base::{CallId, CallbackId, QueueId};
use control::Outcome;
use std::sync::Arc;
use std::time::Duration;

/// By how much one more measurement counts for an agent's time for an entry: one part of so many.
const MEASURED_PARTS: u32 = 8;
/// Most time that counts for one entry: a description that was forgotten over lunch says nothing of the next.
const MEASURED_MAX: Duration = Duration::from_secs(3_600);

impl Lists {
    /// Changes the state as the fact says.
    pub fn apply(&mut self, stamped: &Stamped) {
        self.next_seq = stamped.seq + 1;
        match &stamped.fact {
            Fact::Configured { settings } => {
                self.settings = Arc::clone(settings);
                // How long entries are kept may have changed for all of them.
                self.index = Index::of(self);
            }
            Fact::HoursKnown { queue, hours } => {
                self.hours.insert(queue.clone(), hours.clone());
            }
            Fact::ClockSet { wall } => self.wall = *wall,
            Fact::StorageIs { health } => self.storage = *health,
            Fact::NumbersTaken { last } => self.last_entry = self.last_entry.max(*last),
            Fact::LoggedIn { agent, lists } => {
                let staffed = self.staff.entry(agent.clone()).or_default();
                staffed.extend(lists.iter().cloned());
            }
            Fact::LoggedOut { agent, lists } => {
                if let Some(staffed) = self.staff.get_mut(agent) {
                    staffed.retain(|list| !lists.contains(list));
                }
                self.staff.retain(|_, staffed| !staffed.is_empty());
            }
            Fact::Reserved { .. }
            | Fact::ReservationEnded { .. }
            | Fact::Promised { .. }
            | Fact::MovePromised { .. }
            | Fact::CancelPromised { .. }
            | Fact::DialPromised { .. }
            | Fact::PromiseKept { .. }
            | Fact::PromiseBroken { .. } => self.apply_promise(stamped),
            Fact::AnswerOwed { owed, until } => self.owe(stamped.seq, *owed, *until),
            Fact::Answered { token } => self.answered(*token),
            Fact::Started { entry } => self.insert(entry),
            Fact::Recalled { entry } => {
                self.insert(entry);
                self.recall_answers(stamped.utc, entry);
            }
            Fact::AheadIs { list, stand, .. } => {
                match stand {
                    AheadStand::Goes => self.held_back.remove(list),
                    AheadStand::HeldBack => self.held_back.insert(list.clone()),
                };
            }
            Fact::Erased { entry, .. } => self.remove(*entry),
            Fact::Merged {
                kept,
                gone,
                arrived,
            } => {
                self.change(*kept, |entry| {
                    entry.asked.arrived = entry.asked.arrived.min(*arrived);
                });
                self.close(*gone, crate::entry::Closing::Cancelled, stamped.utc, None);
            }
            _ => self.apply_to_entry(stamped),
        }
    }

    /// Facts about a promise that is being stored, or the place that is held for one.
    fn apply_promise(&mut self, stamped: &Stamped) {
        match &stamped.fact {
            Fact::Reserved {
                call,
                queue,
                wish,
                weighs_seconds,
                until,
            } => {
                self.release(*call);
                let held = Reservation {
                    queue: queue.clone(),
                    wish: wish.clone(),
                    weighs_seconds: *weighs_seconds,
                    until: *until,
                };
                self.index.add_reservation(*call, &held);
                self.reserved.insert(*call, held);
            }
            Fact::ReservationEnded { call } => self.release(*call),
            Fact::Promised { call, entry, until } => {
                self.release(*call);
                self.insert(entry);
                let promise = Promise::New { call: *call };
                self.pend(stamped.seq, entry.id, promise, *until);
            }
            Fact::MovePromised {
                call,
                entry,
                wish,
                input,
                until,
            } => {
                self.release(*call);
                let known = self.entries.get(entry);
                let promise = Promise::Move {
                    call: *call,
                    wish: wish.clone(),
                    input: input.clone(),
                    weighs_seconds: known.map_or(0, |known| known.weighs_seconds),
                };
                self.pend(stamped.seq, *entry, promise, *until);
            }
            Fact::CancelPromised { call, entry, until } => {
                let promise = Promise::Cancel { call: *call };
                self.pend(stamped.seq, *entry, promise, *until);
            }
            Fact::DialPromised {
                entry,
                agent,
                placing,
                until,
            } => {
                let attempt = Attempt {
                    at: stamped.utc,
                    agent: agent.clone(),
                    outcome: None,
                    text: None,
                };
                self.change(*entry, |entry| {
                    // Whoever may try has been asked whether there is room.
                    let _full = entry.attempts.push(attempt);
                    if let Stage::InCall(placed) = &mut entry.stage {
                        placed.progress = Progress::Storing;
                    }
                });
                let promise = Promise::Dial { placing: *placing };
                self.pend(stamped.seq, *entry, promise, *until);
            }
            Fact::PromiseKept { token, .. } => self.keep(*token, stamped.utc),
            Fact::PromiseBroken { token, .. } => self.break_off(*token),
            _ => {}
        }
    }

    /// Facts about one entry that is there.
    fn apply_to_entry(&mut self, stamped: &Stamped) {
        let utc = stamped.utc;
        match &stamped.fact {
            Fact::Leased {
                entry,
                agent,
                until,
            } => {
                let stage = Stage::Leased {
                    agent: agent.clone(),
                    until: *until,
                };
                self.change(*entry, |entry| entry.stage = stage);
            }
            Fact::Returned { entry, .. } => self.hand_back(*entry),
            Fact::CallBegun {
                entry,
                agent,
                placing,
                offer,
                order,
                until,
            } => {
                self.last_placing = self.last_placing.max(*placing);
                let placed = Placed {
                    placing: *placing,
                    agent: agent.clone(),
                    began: utc,
                    until: *until,
                    progress: Progress::RingingAgent,
                    offer: *offer,
                    beside: (*order == Order::Ahead).then_some(Beside::Rings),
                };
                self.change(*entry, |entry| entry.stage = Stage::InCall(placed));
            }
            Fact::CallAlive { entry, until } => self.reindexed(*entry, |entry| {
                if let Stage::InCall(placed) = &mut entry.stage {
                    placed.until = *until;
                }
            }),
            Fact::PersonAnswered { entry, until } => {
                self.change(*entry, |entry| {
                    if let Stage::InCall(placed) = &mut entry.stage {
                        placed.until = *until;
                        placed.progress = Progress::Talking;
                    }
                });
                self.note_answer(utc, utc, *entry, Met::Agent);
            }
            Fact::AgentThere { .. } | Fact::AgentOut { .. } | Fact::AgentRung { .. } => {
                self.apply_beside(&stamped.fact);
            }
            Fact::Unmet {
                entry,
                outcome,
                then,
                ..
            } => {
                self.change(*entry, |entry| entry.note(*outcome, None, *then, utc));
                if *outcome == Outcome::Abandoned {
                    self.note_answer(utc, utc, *entry, Met::Nobody);
                }
            }
            Fact::CallOver { entry, outcome, .. } => self.change(*entry, |entry| {
                entry.say(*outcome);
                if let Stage::InCall(placed) = &entry.stage {
                    entry.stage = Stage::AwaitingNote {
                        agent: placed.agent.clone(),
                        began: placed.began,
                    };
                }
            }),
            Fact::Noted {
                entry,
                text,
                outcome,
                then,
                ..
            } => {
                self.measure(*entry, utc);
                self.change(*entry, |entry| {
                    entry.note(*outcome, text.clone(), *then, utc)
                });
            }
            Fact::Requeued { entry, due, text } => self.change(*entry, |entry| {
                entry.requeue(*due);
                entry.latest = text.clone().or(entry.latest.take());
            }),
            Fact::Moved { entry, wish } => {
                self.change(*entry, |entry| entry.move_to(wish.clone(), utc));
            }
            Fact::Closed { entry, how, text } => self.close(*entry, *how, utc, text.clone()),
            Fact::BecameDue { entry } => self.change(*entry, |entry| entry.told = Told::Due),
            Fact::BecameOverdue { entry } => {
                self.change(*entry, |entry| entry.told = Told::Overdue);
            }
            _ => {}
        }
    }

    /// Where the agent is whose person is called ahead of him.
    fn apply_beside(&mut self, fact: &Fact) {
        let (entry, now, rung) = match fact {
            Fact::AgentThere { entry, .. } => (*entry, Beside::There, None),
            Fact::AgentOut { entry, .. } => (*entry, Beside::Nobody, None),
            Fact::AgentRung {
                entry,
                agent,
                offer,
            } => (*entry, Beside::Rings, Some((agent.clone(), *offer))),
            _ => return,
        };
        self.change(entry, |entry| {
            if let Stage::InCall(placed) = &mut entry.stage {
                placed.beside = Some(now);
                if let Some((agent, offer)) = rung {
                    placed.agent = agent;
                    placed.offer = Some(offer);
                }
            }
        });
    }

    /// Changes what is known of an entry.
    fn change(&mut self, id: CallbackId, change: impl FnOnce(&mut Entry)) {
        self.reindexed(id, |entry| {
            change(entry);
            entry.version += 1;
        });
    }

    /// Changes an entry, and what finds it.
    fn reindexed(&mut self, id: CallbackId, change: impl FnOnce(&mut Entry)) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        let list = self.settings.lists.get(&entry.asked.queue);
        self.index.remove(entry, list);
        change(entry);
        self.index.add(entry, list);
    }

    fn insert(&mut self, entry: &Entry) {
        self.remove(entry.id);
        self.last_entry = self.last_entry.max(entry.id);
        let list = self.settings.lists.get(&entry.asked.queue);
        self.index.add(entry, list);
        self.entries.insert(entry.id, entry.clone());
    }

    fn remove(&mut self, id: CallbackId) {
        self.forget_pending(id);
        if let Some(entry) = self.entries.remove(&id) {
            let list = self.settings.lists.get(&entry.asked.queue);
            self.index.remove(&entry, list);
        }
    }

    fn close(&mut self, id: CallbackId, how: crate::entry::Closing, at: Utc, text: Option<Text>) {
        self.change(id, |entry| {
            if entry.is_open() {
                entry.stage = Stage::Closed { how, at };
            }
            entry.latest = text.or(entry.latest.take());
        });
    }

    fn release(&mut self, call: CallId) {
        if let Some(held) = self.reserved.remove(&call) {
            self.index.remove_reservation(call, &held);
        }
    }

    fn pend(&mut self, token: u64, entry: CallbackId, promise: Promise, until: base::Time) {
        let pending = Pending {
            entry,
            promise,
            until,
        };
        let queue = self.queue_of(entry);
        self.index.add_pending(token, &pending, queue.as_ref());
        self.pending.insert(token, pending);
    }

    fn unpend(&mut self, token: u64) -> Option<Pending> {
        let pending = self.pending.remove(&token)?;
        let queue = self.queue_of(pending.entry);
        self.index.remove_pending(token, &pending, queue.as_ref());
        Some(pending)
    }

    fn owe(&mut self, token: u64, owed: Owed, until: base::Time) {
        let owing = Owing { owed, until };
        self.index.add_owed(token, &owing);
        self.owed.insert(token, owing);
    }

    fn answered(&mut self, token: u64) {
        if let Some(owing) = self.owed.remove(&token) {
            self.index.remove_owed(token, &owing);
        }
    }

    /// Nothing that is being stored of an entry matters any more.
    fn forget_pending(&mut self, entry: CallbackId) {
        let its = self.pending.iter().filter(|(_, it)| it.entry == entry);
        for token in its.map(|(token, _)| *token).collect::<Vec<u64>>() {
            self.unpend(token);
        }
    }

    fn queue_of(&self, entry: CallbackId) -> Option<QueueId> {
        self.entries
            .get(&entry)
            .map(|entry| entry.asked.queue.clone())
    }

    /// What was promised holds.
    fn keep(&mut self, token: u64, utc: Utc) {
        let Some(pending) = self.unpend(token) else {
            return;
        };
        self.change(pending.entry, |entry| match pending.promise {
            Promise::New { .. } => entry.stage = Stage::Waiting,
            Promise::Move { wish, input, .. } => {
                entry.move_as_promised(wish, input, utc);
            }
            Promise::Dial { .. } => {
                if let Stage::InCall(placed) = &mut entry.stage {
                    placed.progress = Progress::RingingPerson;
                }
            }
            // A fact of its own says that it is closed.
            Promise::Cancel { .. } => {}
        });
    }

    /// What was to be promised was not.
    fn break_off(&mut self, token: u64) {
        match self.pending.get(&token) {
            Some(Pending {
                entry,
                promise: Promise::New { .. },
                ..
            }) => self.remove(*entry),
            Some(Pending {
                entry,
                promise: Promise::Dial { .. },
                ..
            }) => self.hand_back(*entry),
            Some(_) => {
                self.unpend(token);
            }
            None => {}
        }
    }

    /// The entry is nobody's again, as though nobody had had it. An attempt that is being stored has not been made.
    fn hand_back(&mut self, id: CallbackId) {
        let dials = |it: &Pending| it.entry == id && matches!(it.promise, Promise::Dial { .. });
        let dial = self.pending.iter().find(|(_, it)| dials(it));
        if let Some(token) = dial.map(|(token, _)| *token) {
            self.unpend(token);
        }
        self.change(id, |entry| {
            entry.attempts.retain(|attempt| attempt.outcome.is_some());
            entry.stage = Stage::Waiting;
        });
    }

    /// What an entry has cost its agent, once he has said what came of it.
    fn measure(&mut self, id: CallbackId, utc: Utc) {
        let Some(entry) = self.entries.get(&id) else {
            return;
        };
        let Stage::AwaitingNote { began, .. } = entry.stage else {
            return;
        };
        let took = utc.since(began).min(MEASURED_MAX).as_secs();
        let took = u32::try_from(took).unwrap_or(u32::MAX);
        let queue = entry.asked.queue.clone();
        let mean = match self.measured.get(&queue) {
            Some(mean) => (mean * (MEASURED_PARTS - 1) + took) / MEASURED_PARTS,
            None => took,
        };
        self.measured.insert(queue, mean);
    }
}

impl Entry {
    /// What came of the attempt that is under way, or the last.
    fn say(&mut self, outcome: Outcome) {
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.outcome = Some(outcome);
        }
    }

    fn note(&mut self, outcome: Outcome, text: Option<Text>, then: Resolution, utc: Utc) {
        self.say(outcome);
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.text = text.clone();
        }
        self.latest = text.or(self.latest.take());
        match then {
            Resolution::Requeued { due } => self.requeue(due),
            Resolution::Closed(how) => self.stage = Stage::Closed { how, at: utc },
        }
    }

    /// It is to be called again. When it arrived stays as it was.
    fn requeue(&mut self, due: Utc) {
        self.stage = Stage::Waiting;
        self.standing = Standing::Requeued;
        self.told = Told::Nothing;
        self.due = due;
    }

    /// It is to be called at another time. When it arrived stays as it was.
    /// Its caller has another wish, and may have keyed something of himself.
    pub(crate) fn move_as_promised(&mut self, wish: Wish, input: Option<CustomerInput>, utc: Utc) {
        self.move_to(wish, utc);
        self.asked.input = input.or(self.asked.input.take());
    }

    fn move_to(&mut self, wish: Wish, utc: Utc) {
        self.due = wish.starts().map_or(utc, |starts| starts.max(utc));
        self.told = Told::Nothing;
        self.asked.wish = wish;
    }
}
