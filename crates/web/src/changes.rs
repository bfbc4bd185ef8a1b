//! What changes on the lists, numbered, and the last of it kept: whoever was away for a moment goes on where he was. Of queues
//! and agents only how each is now is kept, with the number of its last change (`told.rs`): however often one changes, it takes
//! nothing from what is kept of lists. Numbers begin anew with each process, so what a reader remembers names the process
//! too.

use crate::floor::{Floor, QueueView};
use crate::told::{AgentTold, Told};
use base::{CallbackId, OrgId, QueueId, UserId};
use callback::Row;
use control::Sight;
use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Changes that are kept for whoever comes back: some minutes of a busy organisation's.
pub const CHANGES_MAX: usize = 4_096;

/// Most that a reader is given at once.
const BATCH_MAX: usize = 64;

/// Something that has changed.
#[derive(Clone, Debug)]
pub enum Change {
    /// An entry is like this now.
    Entry(Arc<Row>),
    /// Nothing is known of an entry any more.
    Erased {
        /// Which.
        entry: CallbackId,
        /// Where it was.
        list: QueueId,
    },
    /// A queue is like this now.
    Queue(Arc<QueueView>),
    /// A queue is no more.
    QueueGone(QueueId),
    /// An agent is like this now, or is no more.
    Agent(Arc<AgentTold>),
    /// Who sees what may be another now.
    Sight,
    /// An agent begins or ends to staff a list.
    Staff {
        /// Who.
        agent: UserId,
        /// Which.
        list: QueueId,
        /// Which of both.
        staffing: Staffing,
    },
}

/// What an agent does with a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Staffing {
    /// He staffs it from now on.
    Begins,
    /// He does no longer.
    Ends,
}

/// Up to where somebody has heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    run: u64,
    seq: u64,
}

impl Mark {
    /// The number of the last change that was heard.
    pub(crate) fn number(self) -> u64 {
        self.seq
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.run, self.seq)
    }
}

impl FromStr for Mark {
    type Err = ();

    fn from_str(text: &str) -> Result<Mark, ()> {
        let (run, seq) = text.split_once('-').ok_or(())?;
        Ok(Mark {
            run: run.parse().map_err(|_| ())?,
            seq: seq.parse().map_err(|_| ())?,
        })
    }
}

/// The last changes.
#[derive(Debug)]
pub struct Changes {
    run: u64,
    kept: Mutex<Kept>,
    newest: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Kept {
    /// The number of the last.
    newest: u64,
    /// The number of the last that was forgotten.
    forgotten: u64,
    /// Of lists, with their numbers.
    last: VecDeque<(u64, Change)>,
    floor: Told,
}

impl Kept {
    fn number(&mut self) -> u64 {
        self.newest += 1;
        self.newest
    }

    /// Takes out how an entry was. Its list is the one that each reader knew it on.
    fn erase(&mut self, entry: CallbackId) {
        for (_, change) in &mut self.last {
            if let Change::Entry(row) = change
                && row.id == entry
            {
                let list = row.queue.clone();
                *change = Change::Erased { entry, list };
            }
        }
    }
}

/// More has been forgotten than he missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Forgotten;

impl Changes {
    /// None yet; `run` is another one with each process.
    pub fn new(run: u64) -> Changes {
        Changes {
            run,
            kept: Mutex::default(),
            newest: watch::Sender::new(0),
        }
    }

    /// Something has changed. What is erased is erased from what is kept too: whoever comes back hears of it that it is gone,
    /// as often as he would have heard how it was.
    pub fn push(&self, change: Change) {
        let mut kept = self.lock();
        if let Change::Erased { entry, .. } = &change {
            kept.erase(*entry);
        }
        if kept.last.len() == CHANGES_MAX
            && let Some((number, _)) = kept.last.pop_front()
        {
            kept.forgotten = kept.forgotten.max(number);
        }
        let number = kept.number();
        kept.last.push_back((number, change));
        self.newest.send_replace(number);
    }

    /// An organisation's queues and agents are like this now; those that were told and are not among them are no more.
    pub fn tell_floor(&self, org: &OrgId, floor: &Floor) {
        self.tell(|told, number| told.tell(org, floor, number));
    }

    /// That is who sees what now.
    pub fn tell_sight(&self, sight: &Arc<Sight>) {
        self.tell(|told, number| told.tell_sight(sight, number));
    }

    fn tell(&self, tell: impl FnOnce(&mut Told, &mut dyn FnMut() -> u64)) {
        let mut kept = self.lock();
        let before = kept.newest;
        let Kept { newest, floor, .. } = &mut *kept;
        tell(floor, &mut || {
            *newest += 1;
            *newest
        });
        if kept.newest > before {
            self.newest.send_replace(kept.newest);
        }
    }

    /// Whether whoever has heard all up to that mark has heard it by these rights.
    pub(crate) fn are_by(&self, sight: &Arc<Sight>, mark: Mark) -> bool {
        self.lock().floor.is_by(sight, mark.seq)
    }

    /// Every organisation of which readers have been told that there are queues or agents.
    pub(crate) fn organisations(&self) -> BTreeSet<OrgId> {
        self.lock().floor.organisations().clone()
    }

    /// How the queues and agents of an organisation are, as they have been told, each with the number of its last change.
    pub(crate) fn told_of(&self, org: &OrgId) -> Vec<(u64, Change)> {
        let kept = self.lock();
        let told = kept.floor.of(org);
        told.map(|(number, change)| (number, change.clone()))
            .collect()
    }

    /// Where whoever reads now begins.
    pub(crate) fn here(&self) -> Mark {
        Mark {
            run: self.run,
            seq: self.lock().newest,
        }
    }

    /// What came after that mark, some at once, each with the mark behind it.
    pub(crate) fn after(&self, mark: Mark) -> Result<Vec<(Mark, Change)>, Forgotten> {
        let kept = self.lock();
        let forgotten = kept.forgotten.max(kept.floor.forgotten());
        if mark.run != self.run || mark.seq < forgotten || mark.seq > kept.newest {
            return Err(Forgotten);
        }
        let from = kept.last.partition_point(|(number, _)| *number <= mark.seq);
        let of_lists = kept
            .last
            .iter()
            .skip(from)
            .map(|(number, change)| (*number, change));
        let of_floor = kept.floor.after(mark.seq);
        // The first of each are enough for the first of both.
        let mut some: Vec<(u64, &Change)> = of_lists.take(BATCH_MAX).collect();
        some.extend(of_floor.take(BATCH_MAX));
        some.sort_by_key(|(number, _)| *number);
        some.truncate(BATCH_MAX);
        let run = self.run;
        let numbered = some.into_iter();
        let numbered = numbered.map(|(seq, change)| (Mark { run, seq }, change.clone()));
        Ok(numbered.collect())
    }

    /// Told whenever there is more.
    pub(crate) fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Whoever had it ended the process.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn erased(number: u64) -> Change {
        Change::Erased {
            entry: CallbackId(number),
            list: "demo/support".parse().unwrap(),
        }
    }

    fn numbers(changes: &[(Mark, Change)]) -> Vec<u64> {
        let number = |(_, change): &(Mark, Change)| match change {
            Change::Erased { entry, .. } => entry.0,
            _ => 0,
        };
        changes.iter().map(number).collect()
    }

    #[test]
    fn whoever_comes_back_goes_on_where_he_was() {
        let changes = Changes::new(7);
        let start = changes.here();
        (1..=3).for_each(|number| changes.push(erased(number)));
        let heard = changes.after(start).unwrap();
        assert_eq!(numbers(&heard), [1, 2, 3]);
        let text = heard[1].0.to_string();
        assert_eq!(numbers(&changes.after(text.parse().unwrap()).unwrap()), [3]);
        assert!(changes.after(changes.here()).unwrap().is_empty());
    }

    #[test]
    fn whoever_was_away_too_long_or_heard_another_process_is_told_so() {
        let changes = Changes::new(7);
        let start = changes.here();
        let of_another = Mark { run: 6, seq: 0 };
        assert_eq!(changes.after(of_another).err(), Some(Forgotten));
        let of_the_future = Mark { run: 7, seq: 1 };
        assert_eq!(changes.after(of_the_future).err(), Some(Forgotten));
        (0..=CHANGES_MAX as u64).for_each(|number| changes.push(erased(number)));
        assert_eq!(changes.after(start).err(), Some(Forgotten));
        let first = Mark { run: 7, seq: 1 };
        assert_eq!(changes.after(first).unwrap().len(), BATCH_MAX);
        assert!("x".parse::<Mark>().is_err());
    }
}
