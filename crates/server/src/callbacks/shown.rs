//! What the lists show: a row for each entry, made anew when something is about it and shared with whoever reads, who
//! holds nobody up.

use arc_swap::ArcSwap;
use base::{CallbackId, QueueId, Time, UserId};
use callback::{AheadRow, Attempt, Fact, Lists, Row, Settings, Stamped};
use control::Principal;
use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use web::{Change, Changes, Staffing};

/// An entry as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held(Arc<Whole>);

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Whole {
    pub(crate) row: Row,
    /// All of them, the first first.
    pub(crate) attempts: Vec<Attempt>,
}

impl Borrow<Row> for Held {
    fn borrow(&self) -> &Row {
        &self.0.row
    }
}

/// How all stands at a moment.
#[derive(Debug, Default)]
pub(crate) struct Stand {
    /// Every entry, by number.
    pub(crate) rows: Arc<[Held]>,
    /// The settings in force, with lists that are worked off.
    pub(crate) settings: Arc<Settings>,
    /// Who staffs which lists.
    pub(crate) staff: Arc<Staff>,
    /// How many people met nobody lately, of lists on which they are called before an agent has taken them.
    pub(crate) ahead: Arc<BTreeMap<QueueId, AheadRow>>,
}

/// Who staffs which lists.
pub(crate) type Staff = BTreeMap<UserId, BTreeSet<QueueId>>;

impl Stand {
    /// An entry, whoever asks.
    pub(crate) fn entry(&self, id: CallbackId) -> Option<&Whole> {
        let place = self.rows.binary_search_by_key(&id, |held| held.0.row.id);
        let held = self.rows.get(place.ok()?)?;
        Some(&held.0)
    }

    /// The lists that entries are on.
    pub(crate) fn lists(&self) -> BTreeSet<QueueId> {
        let rows = self.rows.iter();
        rows.map(|held| held.0.row.queue.clone()).collect()
    }

    /// The lists that somebody may see: an agent those that he works on, whoever supervises all of his organisation, and
    /// whoever runs the server all.
    pub(crate) fn lists_for(&self, by: &Principal) -> BTreeSet<QueueId> {
        self.settings.visible_to(by)
    }
}

/// All rows, and where they are published.
pub(super) struct Shown {
    rows: BTreeMap<CallbackId, Held>,
    staff: Arc<Staff>,
    ahead: Arc<BTreeMap<QueueId, AheadRow>>,
    stand: Arc<ArcSwap<Stand>>,
    /// For those who watch.
    changes: Arc<Changes>,
    is_behind: bool,
}

impl Shown {
    pub(super) fn new(stand: Arc<ArcSwap<Stand>>, changes: Arc<Changes>) -> Shown {
        Shown {
            rows: BTreeMap::new(),
            staff: Arc::default(),
            ahead: Arc::default(),
            stand,
            changes,
            is_behind: true,
        }
    }

    /// These facts came about.
    pub(super) fn note(&mut self, lists: &Lists, facts: &[Stamped]) {
        let mut about: BTreeSet<CallbackId> = BTreeSet::new();
        for stamped in facts {
            about.extend(stamped.fact.entries());
            match &stamped.fact {
                Fact::CallAlive { entry, .. } => {
                    about.insert(*entry);
                }
                Fact::Configured { .. } => self.is_behind = true,
                Fact::LoggedIn { agent, .. } | Fact::LoggedOut { agent, .. } => {
                    self.note_staff(lists, agent);
                }
                _ => {}
            }
        }
        for id in about {
            let held = held(lists, id);
            let before = match &held {
                Some(held) => self.rows.insert(id, held.clone()),
                None => self.rows.remove(&id),
            };
            if before != held {
                self.is_behind = true;
                self.tell(before.as_ref(), held.as_ref());
            }
        }
    }

    /// So many met nobody by now.
    pub(super) fn note_ahead(&mut self, lists: &Lists, now: Time, settings: &Settings) {
        let rows = settings.lists.keys().filter_map(|list| {
            let row = lists.ahead(now, list)?;
            Some((list.clone(), row))
        });
        let rows: BTreeMap<QueueId, AheadRow> = rows.collect();
        if rows != *self.ahead {
            self.ahead = Arc::new(rows);
            self.is_behind = true;
        }
    }

    pub(super) fn ahead(&self) -> &BTreeMap<QueueId, AheadRow> {
        &self.ahead
    }

    fn note_staff(&mut self, lists: &Lists, agent: &UserId) {
        self.is_behind = true;
        let now = lists.staffed_by(agent).cloned().unwrap_or_default();
        let staff = Arc::make_mut(&mut self.staff);
        let before = match now.is_empty() {
            true => staff.remove(agent),
            false => staff.insert(agent.clone(), now.clone()),
        };
        let before = before.unwrap_or_default();
        let begun = now.difference(&before).map(|list| (list, Staffing::Begins));
        let ended = before.difference(&now).map(|list| (list, Staffing::Ends));
        for (list, staffing) in begun.chain(ended) {
            self.changes.push(Change::Staff {
                agent: agent.clone(),
                list: list.clone(),
                staffing,
            });
        }
    }

    fn tell(&self, before: Option<&Held>, held: Option<&Held>) {
        let change = match (before, held) {
            (_, Some(held)) => Change::Entry(Arc::new(held.0.row.clone())),
            (Some(Held(gone)), None) => Change::Erased {
                entry: gone.row.id,
                list: gone.row.queue.clone(),
            },
            (None, None) => return,
        };
        self.changes.push(change);
    }

    /// Has everybody see how it stands, if that has changed.
    pub(super) fn publish(&mut self, settings: &Arc<Settings>) {
        if std::mem::take(&mut self.is_behind) {
            self.stand.store(Arc::new(Stand {
                rows: self.rows.values().cloned().collect(),
                settings: settings.clone(),
                staff: self.staff.clone(),
                ahead: self.ahead.clone(),
            }));
        }
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values().map(|held| &held.0.row)
    }
}

/// None where it is being stored: it has been promised to nobody.
fn held(lists: &Lists, id: CallbackId) -> Option<Held> {
    let entry = lists.entry(id)?;
    Some(Held(Arc::new(Whole {
        row: lists.row(entry)?,
        attempts: entry.attempts.to_vec(),
    })))
}
