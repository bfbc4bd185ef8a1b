//! Where to find entries without looking at all. It says nothing that the entries, the places held and the promises
//! don't, and is made anew from them by `Index::of`.

use crate::engine::{Deadline, Lists};
use crate::entry::{Entry, PlacingId, Stage, Told, Wish};
use crate::moment::Utc;
use crate::number::Number;
use crate::owed::Owing;
use crate::promises::{Pending, Promise};
use crate::settings::ListSettings;
use crate::windows::{Reservation, Taken};
use base::{CallId, CallbackId, OrgId, QueueId, Time, UserId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Entries by all that they are asked for by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Index {
    /// What somebody was promised in a queue, by his number: one at most.
    pub(crate) promises: BTreeMap<(QueueId, Number), CallbackId>,
    /// All entries of a number.
    pub(crate) numbers: BTreeSet<(OrgId, Number, CallbackId)>,
    /// The entry for which a number is being rung, or may be at any moment: one at most.
    pub(crate) ringing: BTreeMap<(OrgId, Number), CallbackId>,
    /// The room that is taken of each time.
    taken: BTreeMap<(QueueId, Wish), Taken>,
    /// What is due and nobody has, in the order of arrival.
    pub(crate) due: BTreeSet<(QueueId, Utc, CallbackId)>,
    /// Those whose person is called and has no agent, in the order of arrival.
    pub(crate) lacking: BTreeSet<(QueueId, Utc, CallbackId)>,
    /// What each agent has.
    pub(crate) agents: BTreeMap<UserId, CallbackId>,
    /// The entry of each call.
    pub(crate) placed: BTreeMap<PlacingId, CallbackId>,
    /// What the clock on the wall will do.
    pub(crate) turns: BTreeSet<(Utc, CallbackId)>,
    /// What the monotonic clock will.
    pub(crate) timers: BTreeSet<(Time, Deadline)>,
    /// How many entries of an organisation are open.
    open: BTreeMap<OrgId, u32>,
    /// How many open entries have a number that was keyed, by the number that whoever asked showed.
    pub(crate) keyed: BTreeMap<(OrgId, Option<Number>), u32>,
    /// Closed entries, by when they were closed.
    closed: BTreeMap<OrgId, BTreeSet<(Utc, CallbackId)>>,
}

impl Index {
    /// What it must be.
    pub(crate) fn of(lists: &Lists) -> Index {
        let mut index = Index::default();
        for entry in lists.entries.values() {
            index.add(entry, lists.settings.lists.get(&entry.asked.queue));
        }
        for (call, reservation) in &lists.reserved {
            index.add_reservation(*call, reservation);
        }
        for (token, pending) in &lists.pending {
            let queue = lists.entries.get(&pending.entry);
            let queue = queue.map(|entry| entry.asked.queue.clone());
            index.add_pending(*token, pending, queue.as_ref());
        }
        for (token, owing) in &lists.owed {
            index.add_owed(*token, owing);
        }
        index
    }

    pub(crate) fn add(&mut self, entry: &Entry, list: Option<&ListSettings>) {
        let (id, asked) = (entry.id, &entry.asked);
        let org = asked.queue.org();
        let number = asked.number.clone();
        self.numbers.insert((org.clone(), number.clone(), id));
        if entry.is_promise() {
            let of = (asked.queue.clone(), number.clone());
            self.promises.insert(of, id);
            self.take(&asked.queue, &asked.wish, entry.weighs_seconds);
        }
        if entry.rings_by().is_some() {
            self.ringing.insert((org.clone(), number), id);
        }
        if let Some(agent) = entry.agent() {
            self.agents.insert(agent.clone(), id);
        }
        if let Stage::InCall(placed) = &entry.stage {
            self.placed.insert(placed.placing, id);
        }
        if entry.stage == Stage::Waiting && entry.told != Told::Nothing {
            self.due.insert((asked.queue.clone(), asked.arrived, id));
        }
        if entry.lacks_agent() {
            let lacking = (asked.queue.clone(), asked.arrived, id);
            self.lacking.insert(lacking);
        }
        if let Some((at, _)) = entry.next_turn(list) {
            self.turns.insert((at, id));
        }
        if let Some(until) = entry.held_until() {
            self.timers.insert((until, Deadline::Held(id)));
        }
        match entry.stage {
            Stage::Closed { at, .. } => {
                self.closed.entry(org).or_default().insert((at, id));
            }
            _ => {
                *self.open.entry(org).or_default() += 1;
                self.add_keyed(entry);
            }
        }
    }

    pub(crate) fn remove(&mut self, entry: &Entry, list: Option<&ListSettings>) {
        let (id, asked) = (entry.id, &entry.asked);
        let org = asked.queue.org();
        let number = asked.number.clone();
        self.numbers.remove(&(org.clone(), number.clone(), id));
        if entry.is_promise() {
            let of = (asked.queue.clone(), number.clone());
            self.promises.remove(&of);
            self.give_back(&asked.queue, &asked.wish, entry.weighs_seconds);
        }
        if entry.rings_by().is_some() {
            self.ringing.remove(&(org.clone(), number));
        }
        if let Some(agent) = entry.agent() {
            self.agents.remove(agent);
        }
        if let Stage::InCall(placed) = &entry.stage {
            self.placed.remove(&placed.placing);
        }
        let due = (asked.queue.clone(), asked.arrived, id);
        self.due.remove(&due);
        self.lacking.remove(&due);
        if let Some((at, _)) = entry.next_turn(list) {
            self.turns.remove(&(at, id));
        }
        if let Some(until) = entry.held_until() {
            self.timers.remove(&(until, Deadline::Held(id)));
        }
        match entry.stage {
            Stage::Closed { at, .. } => {
                let closed = self.closed.entry(org.clone()).or_default();
                closed.remove(&(at, id));
                if closed.is_empty() {
                    self.closed.remove(&org);
                }
            }
            _ => {
                let open = self.open.entry(org.clone()).or_default();
                *open = open.saturating_sub(1);
                if *open == 0 {
                    self.open.remove(&org);
                }
                self.remove_keyed(entry);
            }
        }
    }

    pub(crate) fn add_reservation(&mut self, call: CallId, held: &Reservation) {
        self.take(&held.queue, &held.wish, held.weighs_seconds);
        let deadline = Deadline::Reservation(call);
        self.timers.insert((held.until, deadline));
    }

    pub(crate) fn remove_reservation(&mut self, call: CallId, held: &Reservation) {
        self.give_back(&held.queue, &held.wish, held.weighs_seconds);
        let deadline = Deadline::Reservation(call);
        self.timers.remove(&(held.until, deadline));
    }

    /// A move that is being stored has its place already; the others have theirs by their entry.
    pub(crate) fn add_pending(&mut self, token: u64, pending: &Pending, queue: Option<&QueueId>) {
        if let (
            Promise::Move {
                wish,
                weighs_seconds,
                ..
            },
            Some(queue),
        ) = (&pending.promise, queue)
        {
            self.take(queue, wish, *weighs_seconds);
        }
        let deadline = Deadline::Promise(token);
        self.timers.insert((pending.until, deadline));
    }

    pub(crate) fn remove_pending(
        &mut self,
        token: u64,
        pending: &Pending,
        queue: Option<&QueueId>,
    ) {
        if let (
            Promise::Move {
                wish,
                weighs_seconds,
                ..
            },
            Some(queue),
        ) = (&pending.promise, queue)
        {
            self.give_back(queue, wish, *weighs_seconds);
        }
        let deadline = Deadline::Promise(token);
        self.timers.remove(&(pending.until, deadline));
    }

    pub(crate) fn add_owed(&mut self, token: u64, owing: &Owing) {
        self.timers.insert((owing.until, Deadline::Answer(token)));
    }

    pub(crate) fn remove_owed(&mut self, token: u64, owing: &Owing) {
        self.timers.remove(&(owing.until, Deadline::Answer(token)));
    }

    /// What is taken of a time's room.
    pub(crate) fn taken(&self, queue: &QueueId, wish: &Wish) -> Taken {
        let key = (queue.clone(), wish.clone());
        self.taken.get(&key).copied().unwrap_or_default()
    }

    /// How many entries of an organisation are open.
    pub(crate) fn open(&self, org: &OrgId) -> usize {
        self.open.get(org).map_or(0, |open| *open as usize)
    }

    /// The entry of an organisation that was closed first, if there are more closed ones than may be.
    pub(crate) fn closed_beyond(&self, org: &OrgId, most: usize) -> Option<CallbackId> {
        let closed = self.closed.get(org).filter(|closed| closed.len() > most)?;
        closed.first().map(|(_, id)| *id)
    }

    /// Entries of a number.
    pub(crate) fn of_number(&self, org: &OrgId, number: &Number) -> Vec<CallbackId> {
        let first = (org.clone(), number.clone(), CallbackId(0));
        let from = self.numbers.range(first..);
        let his = from.take_while(|(of, whose, _)| of == org && whose == number);
        his.map(|(.., id)| *id).collect()
    }

    /// What is due on a list and nobody has, the first to arrive first.
    pub(crate) fn due_on(
        &self,
        list: &QueueId,
    ) -> impl Iterator<Item = (Utc, CallbackId)> + use<'_> {
        on(&self.due, list)
    }

    /// Those on a list whose person is called and has no agent, the first to arrive first.
    pub(crate) fn lacking_on(
        &self,
        list: &QueueId,
    ) -> impl Iterator<Item = (Utc, CallbackId)> + use<'_> {
        on(&self.lacking, list)
    }

    fn take(&mut self, queue: &QueueId, wish: &Wish, seconds: u32) {
        let key = (queue.clone(), wish.clone());
        let taken = self.taken.entry(key).or_default();
        taken.entries += 1;
        taken.seconds += u64::from(seconds);
    }

    fn give_back(&mut self, queue: &QueueId, wish: &Wish, seconds: u32) {
        let key = (queue.clone(), wish.clone());
        if let Some(taken) = self.taken.get_mut(&key) {
            taken.entries -= 1;
            taken.seconds -= u64::from(seconds);
            if taken.entries == 0 {
                self.taken.remove(&key);
            }
        }
    }
}

/// Those of a list.
fn on<'s>(
    all: &'s BTreeSet<(QueueId, Utc, CallbackId)>,
    list: &QueueId,
) -> impl Iterator<Item = (Utc, CallbackId)> + use<'s> {
    let (list, first) = (list.clone(), Utc::from_seconds(i64::MIN));
    let from = all.range((list.clone(), first, CallbackId(0))..);
    let its = from.take_while(move |(of, ..)| *of == list);
    its.map(|(_, arrived, id)| (*arrived, *id))
}
