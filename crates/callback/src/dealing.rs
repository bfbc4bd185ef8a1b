//! What whoever distributes callbacks to free agents is told of the lists: which entries are next on those that are
//! distributed, and which agents can't be given one. Told whenever it changes, and nothing else.
//!
//! It is read off the lists after each step of theirs, and belongs to whoever tells it: a process that begins tells all anew.

use crate::engine::Lists;
use crate::entry::ATTEMPTS_MAX;
use crate::fact::{Fact, Stamped};
use crate::input::Health;
use crate::settings::Distribution;
use base::{CallbackId, QueueId, Time, UserId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum News {
    /// These are next on a list, the first to have come first.
    Due {
        /// Which list.
        list: QueueId,
        /// Those: before all others whom somebody is being called for.
        entries: Vec<Due>,
    },
    /// An agent has an entry or owes a description, or doesn't any more.
    Indebted {
        /// Who.
        agent: UserId,
        /// Whether he does.
        indebted: bool,
    },
}

/// An entry that an agent may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Due {
    /// When its caller came, at the latest.
    pub arrived: Time,
    /// Which.
    pub entry: CallbackId,
    /// Whether its person is being called already, or on the line, so that an agent has to be found at once.
    pub is_called: bool,
}

/// What was told so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dealing {
    /// Of lists on which something is due.
    due: BTreeMap<QueueId, Vec<Due>>,
    /// Who has which entry.
    held: BTreeMap<CallbackId, UserId>,
    /// No more entries are to be given to anybody.
    ended: bool,
}

impl Lists {
    /// Whether a list's entries are distributed.
    fn is_dealt(&self, list: &QueueId) -> bool {
        let settings = self.settings.lists.get(list);
        settings.is_some_and(|it| it.distribution == Distribution::Automatic)
    }

    /// The first so many on a list that could be given to an agent now.
    fn next_on(&self, now: Time, list: &QueueId, most: usize) -> Vec<Due> {
        if !self.is_dealt(list) {
            return Vec::new();
        }
        // Their attempts are stored.
        let lacking = self.index.lacking_on(list).map(|it| (it, true));
        let due = self.due_on(now, list).map(|it| (it, false));
        // He came before the next second, and whoever holds the line since this one came no later than he.
        let came = |arrived: crate::Utc| self.wall.time_at(arrived.as_seconds() + 1);
        let all = lacking.chain(due).map(|((arrived, entry), is_called)| Due {
            arrived: came(arrived),
            entry,
            is_called,
        });
        all.take(most).collect()
    }

    /// What is due on a list and may be begun.
    fn due_on<'s>(
        &'s self,
        now: Time,
        list: &'s QueueId,
    ) -> impl Iterator<Item = (crate::Utc, CallbackId)> + 's {
        let (org, utc) = (list.org(), self.utc(now));
        let can_store = self.storage == Health::Fine;
        self.index.due_on(list).filter(move |(_, id)| {
            let Some(entry) = self.entries.get(id) else {
                return false;
            };
            let number = (org.clone(), entry.asked.number.clone());
            can_store
                && entry.due <= utc
                && entry.attempts.len() < ATTEMPTS_MAX
                && !self.index.ringing.contains_key(&number)
        })
    }
}

impl Dealing {
    /// What there is to be told after a step in which this came about; of each list the first `most`.
    pub fn tell(&mut self, now: Time, lists: &Lists, facts: &[Stamped], most: usize) -> Vec<News> {
        let mut touched = Touched::default();
        for stamped in facts {
            match &stamped.fact {
                Fact::Configured { .. } | Fact::ClockSet { .. } | Fact::StorageIs { .. } => {
                    touched.all = true;
                }
                fact => touched.entries.extend(fact.entries()),
            }
        }
        let mut news = self.tell_agents(lists, &touched);
        let most = if self.ended { 0 } else { most };
        for list in self.lists_touched(lists, &touched) {
            let entries = lists.next_on(now, &list, most);
            let told = self.due.get(&list).map_or(&[][..], Vec::as_slice);
            if *told == *entries {
                continue;
            }
            match entries.is_empty() {
                true => self.due.remove(&list),
                false => self.due.insert(list.clone(), entries.clone()),
            };
            news.push(News::Due { list, entries });
        }
        news
    }

    /// No new calls are to be begun any more: from now on nothing is due on any list.
    pub fn end(&mut self) -> Vec<News> {
        self.ended = true;
        let told = std::mem::take(&mut self.due).into_keys();
        let nothing = told.map(|list| News::Due {
            list,
            entries: Vec::new(),
        });
        nothing.collect()
    }

    /// Lists on which what is next may have changed.
    fn lists_touched(&self, lists: &Lists, touched: &Touched) -> BTreeSet<QueueId> {
        if touched.all {
            let dealt = lists.settings.lists.keys();
            let dealt = dealt.filter(|list| lists.is_dealt(list));
            return dealt.chain(self.due.keys()).cloned().collect();
        }
        let mut all = BTreeSet::new();
        for id in &touched.entries {
            let Some(entry) = lists.entries.get(id) else {
                // It was erased: wherever it was told of.
                let told = self.due.iter();
                let of = told.filter(|(_, due)| due.iter().any(|other| other.entry == *id));
                all.extend(of.map(|(list, _)| list.clone()));
                continue;
            };
            // While a number is rung, its entries on other lists can't be given to anybody.
            let asked = &entry.asked;
            let its = lists.index.of_number(&asked.queue.org(), &asked.number);
            let its = its.iter().filter_map(|id| lists.entries.get(id));
            all.extend(its.map(|entry| entry.asked.queue.clone()));
        }
        all.retain(|list| lists.is_dealt(list) || self.due.contains_key(list));
        all
    }

    fn tell_agents(&mut self, lists: &Lists, touched: &Touched) -> Vec<News> {
        // Where nothing is distributed, nobody wants to know.
        if !lists.settings.lists.keys().any(|it| lists.is_dealt(it)) {
            let told = std::mem::take(&mut self.held).into_values();
            let free = told.map(|agent| News::Indebted {
                agent,
                indebted: false,
            });
            return free.collect();
        }
        let entries: BTreeSet<CallbackId> = match touched.all {
            true => {
                let held = lists.index.agents.values();
                held.chain(self.held.keys()).copied().collect()
            }
            false => touched.entries.iter().copied().collect(),
        };
        let (mut before, mut after) = (BTreeSet::new(), BTreeSet::new());
        for id in entries {
            let entry = lists.entries.get(&id);
            let holder = entry.and_then(|entry| entry.agent());
            before.extend(self.held.remove(&id));
            if let Some(holder) = holder {
                self.held.insert(id, holder.clone());
                after.insert(holder.clone());
            }
        }
        let told = |agent: &UserId, indebted| News::Indebted {
            agent: agent.clone(),
            indebted,
        };
        let begun = after.difference(&before).map(|agent| told(agent, true));
        let over = before.difference(&after).map(|agent| told(agent, false));
        begun.chain(over).collect()
    }
}

/// What may have changed.
#[derive(Default)]
struct Touched {
    all: bool,
    entries: BTreeSet<CallbackId>,
}
