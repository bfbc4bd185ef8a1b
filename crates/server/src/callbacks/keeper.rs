//! Lists over a restart: each step that changes something is handed to the store, in order, and what is promised by it is
//! promised when the store has it. All of it belongs to the task that owns the lists.

use super::carried::{fact_row, is_kept, row_of};
use crate::keeping::moment;
use base::{CallbackId, Time, UserId};
use callback::{Fact, Input, Lists, Stamped};
use sip::Clock;
use std::collections::{BTreeSet, VecDeque};
use std::mem;
use store::{Acknowledgement, CallbackChange, CallbackStep, NotStored, StaffRow, Store, Write};
use tokio::sync::watch;

/// Entries that one step writes again, of those that could not be written: some milliseconds of the writer's work.
const AGAIN_MAX: usize = 1_000;

/// Keeps lists over a restart.
pub(crate) struct Keeper {
    clock: Clock,
    store: Store,
    renewed: watch::Receiver<u64>,
    began_ms: u64,
    /// Steps that the store has, in order, and has not answered.
    handed_in: VecDeque<HandedIn>,
    /// Whose rows are not as they are, because there was no room for them or a new file was begun.
    behind: BTreeSet<CallbackId>,
}

struct HandedIn {
    acknowledgement: Acknowledgement,
    /// By which a promise is known that it makes.
    token: Option<u64>,
    entries: Vec<CallbackId>,
}

impl Keeper {
    pub(crate) fn new(clock: Clock, store: Store, began_ms: u64) -> Keeper {
        Keeper {
            clock,
            renewed: store.renewed(),
            store,
            began_ms,
            handed_in: VecDeque::new(),
            behind: BTreeSet::new(),
        }
    }

    /// Whether something may be promised that is to be stored first.
    pub(crate) fn health(&self) -> callback::Health {
        match self.store.can_promise() {
            Ok(()) => callback::Health::Fine,
            Err(_) => callback::Health::Down,
        }
    }

    /// Hands in what a step changed; `token` is the promise that it makes, if it makes one.
    pub(crate) fn hand_in(&mut self, lists: &Lists, facts: &[Stamped], token: Option<u64>) {
        let kept: Vec<&Stamped> = facts.iter().filter(|it| is_kept(&it.fact)).collect();
        if kept.is_empty() && token.is_none() {
            return;
        }
        let now = self.clock.now();
        let entries: BTreeSet<CallbackId> = kept.iter().flat_map(|it| it.fact.entries()).collect();
        let agents: BTreeSet<&UserId> = kept.iter().filter_map(|it| staffs(&it.fact)).collect();
        agents
            .into_iter()
            .for_each(|agent| self.put_staff(lists, agent));
        let at = moment(self.clock);
        let fact = |it: &&Stamped| fact_row((*it).clone(), at.utc_ms_of(it.at));
        let step = CallbackStep {
            began_ms: self.began_ms,
            facts: kept.iter().map(fact).collect(),
            changes: entries.iter().map(|id| change(lists, now, *id)).collect(),
        };
        self.put(step, token, entries);
    }

    fn put(&mut self, step: CallbackStep, token: Option<u64>, entries: BTreeSet<CallbackId>) {
        for id in &entries {
            self.behind.remove(id);
        }
        self.handed_in.push_back(HandedIn {
            acknowledgement: self.store.change_callbacks(step),
            token,
            entries: entries.into_iter().collect(),
        });
    }

    fn put_staff(&self, lists: &Lists, agent: &UserId) {
        let user = agent.clone();
        self.store.write_soon(match lists.staffed_by(agent) {
            Some(staffed) => Write::PutStaff(StaffRow {
                user,
                lists: serde_json::to_string(staffed).expect("names can be written"),
            }),
            None => Write::RemoveStaff(user),
        });
    }

    /// Ready when the store has answered the first step, or a new file had to be begun.
    pub(crate) async fn heard(&mut self) -> Heard {
        let Keeper {
            renewed, handed_in, ..
        } = self;
        tokio::select! {
            Ok(()) = renewed.changed() => Heard::Renewed,
            result = first(handed_in) => Heard::Answered(result),
        }
    }

    /// What the lists are told of it.
    pub(crate) fn take(&mut self, heard: Heard, lists: &Lists) -> Option<Input> {
        let result = match heard {
            Heard::Answered(result) => result,
            Heard::Renewed => {
                self.all_are_behind(lists);
                return None;
            }
        };
        let first = self.handed_in.pop_front()?;
        if result == Err(NotStored::NoRoom) {
            self.behind.extend(first.entries);
        }
        let token = first.token?;
        Some(match result {
            Ok(()) => Input::Stored { token },
            Err(_) => Input::NotStored { token },
        })
    }

    /// Has every row written again.
    pub(crate) fn all_are_behind(&mut self, lists: &Lists) {
        self.behind.extend(lists.ids());
        for agent in lists.staff() {
            self.put_staff(lists, agent);
        }
    }

    /// Writes some of the rows again that are not as their entries are, where the store has time for them.
    pub(crate) fn catch_up(&mut self, lists: &Lists) {
        if self.behind.is_empty() || self.store.can_promise().is_err() {
            return;
        }
        let now = self.clock.now();
        let left = mem::take(&mut self.behind);
        let mut left = left.into_iter();
        let these: BTreeSet<CallbackId> = left.by_ref().take(AGAIN_MAX).collect();
        self.behind = left.collect();
        let step = CallbackStep {
            began_ms: self.began_ms,
            facts: Vec::new(),
            changes: these.iter().map(|id| change(lists, now, *id)).collect(),
        };
        self.put(step, None, these);
    }
}

/// Of what the store has been heard.
pub(crate) enum Heard {
    /// It has answered the first step that waited.
    Answered(Result<(), NotStored>),
    /// It had to begin anew.
    Renewed,
}

async fn first(handed_in: &mut VecDeque<HandedIn>) -> Result<(), NotStored> {
    match handed_in.front_mut() {
        Some(first) => first.acknowledgement.ready().await,
        None => std::future::pending().await,
    }
}

fn change(lists: &Lists, now: Time, id: CallbackId) -> CallbackChange {
    match lists.to_store(now, id) {
        Some(entry) => CallbackChange::Put(Box::new(row_of(entry))),
        None => CallbackChange::Erase(id.0),
    }
}

/// Who staffs other lists by it.
fn staffs(fact: &Fact) -> Option<&UserId> {
    match fact {
        Fact::LoggedIn { agent, .. } | Fact::LoggedOut { agent, .. } => Some(agent),
        _ => None,
    }
}
