//! When queues are shut, and where callers go whom one does not take in or keeps no longer: what the queue engine leaves
//! to whoever knows of hours and destinations. Who would go anywhere but to another queue of the day is gone.

use acd::RefuseCause;
use base::{QueueId, Time};
use std::collections::BTreeMap;

/// What is known of each queue; one that is not named is always open, and leads nowhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// By queue.
    pub queues: BTreeMap<QueueId, Way>,
}

/// When a queue is shut, and what it leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// In the order of time, none within another.
    pub shut: Vec<Shut>,
    /// Other queues, by why the caller is not taken in or kept no longer.
    pub instead: BTreeMap<RefuseCause, QueueId>,
}

/// A time in which a queue lets nobody in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shut {
    /// From then on.
    pub from: Time,
    /// Until then; open at that moment.
    pub until: Time,
    /// The queue that callers come to instead.
    pub then: Option<QueueId>,
}

impl Ways {
    /// Why a queue lets nobody in at that moment, if it does not.
    pub(crate) fn shut_at(&self, queue: &QueueId, at: Time) -> Option<&Shut> {
        let shut = &self.queues.get(queue)?.shut;
        let begun = shut.partition_point(|shut| shut.from <= at);
        let last = shut.get(begun.checked_sub(1)?)?;
        (at < last.until).then_some(last)
    }

    /// The queue that a caller comes to whom this one does not take in or keeps no longer.
    pub(crate) fn instead(&self, queue: &QueueId, cause: RefuseCause) -> Option<&QueueId> {
        self.queues.get(queue)?.instead.get(&cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_shut_from_one_moment_until_another() {
        let queue: QueueId = "demo/kontor".parse().unwrap();
        let other: QueueId = "demo/support".parse().unwrap();
        let at = |seconds: u64| Time::from_millis(seconds * 1_000);
        let shut = |from, until| Shut {
            from: at(from),
            until: at(until),
            then: Some(other.clone()),
        };
        let way = Way {
            shut: vec![shut(0, 10), shut(20, 30)],
            instead: [(RefuseCause::Full, other.clone())].into(),
        };
        let ways = Ways {
            queues: [(queue.clone(), way)].into(),
        };
        let is_shut = |queue: &QueueId, second| ways.shut_at(queue, at(second)).is_some();
        let shut: Vec<u64> = (0..40).filter(|second| is_shut(&queue, *second)).collect();
        assert_eq!(shut, (0..10).chain(20..30).collect::<Vec<u64>>());
        assert!(!is_shut(&other, 5));
        assert_eq!(ways.instead(&queue, RefuseCause::Full), Some(&other));
        assert_eq!(ways.instead(&queue, RefuseCause::TimedOut), None);
    }
}
