//! How many live streams there are: each holds a connection for as long as a page is open.

use crate::office::Who;
use base::OrgId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// Streams of one account: pages on several devices.
const EACH_MAX: usize = 10;
/// Streams in all: half of all connections.
const ALL_MAX: usize = 1_024;

/// The streams that are open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Streams(Arc<Mutex<BTreeMap<Who, usize>>>);

/// One that is open; gone with this.
#[derive(Debug)]
pub(crate) struct Open {
    streams: Streams,
    who: Who,
}

impl Streams {
    pub(crate) fn open(&self, who: Who) -> Option<Open> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let his = open.get(&who).copied().unwrap_or(0);
        if his >= EACH_MAX || open.values().sum::<usize>() >= ALL_MAX {
            return None;
        }
        open.insert(who.clone(), his + 1);
        metrics::gauge!("kolapp_web_streams").increment(1.0);
        let streams = self.clone();
        Some(Open { streams, who })
    }
}

/// Of whom somebody reads.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ReadOf {
    /// Of all organisations.
    pub(crate) all: bool,
    /// Of these.
    pub(crate) organisations: BTreeSet<OrgId>,
}

impl Streams {
    /// Of which organisations somebody reads now.
    pub(crate) fn read_of(&self) -> ReadOf {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut read = ReadOf::default();
        for who in open.keys() {
            match who {
                Who::Operator(_) => read.all = true,
                Who::User(user) => drop(read.organisations.insert(user.org())),
            }
        }
        read
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut open = self
            .streams
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(his) = open.get_mut(&self.who) {
            *his -= 1;
            if *his == 0 {
                open.remove(&self.who);
            }
        }
        metrics::gauge!("kolapp_web_streams").decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_so_many_streams_and_one_that_ends_makes_room() {
        let streams = Streams::default();
        let anna = || Who::User("demo/anna".parse().unwrap());
        let mut open: Vec<Open> = (0..EACH_MAX).filter_map(|_| streams.open(anna())).collect();
        assert!(open.len() == EACH_MAX && streams.open(anna()).is_none());
        assert!(streams.open(Who::Operator("operator".into())).is_some());
        open.pop();
        assert!(streams.open(anna()).is_some());
    }

    #[test]
    fn what_is_read_of_is_whatever_those_may_see_who_read() {
        let streams = Streams::default();
        let user = |name: &str| Who::User(name.parse().unwrap());
        let open = ["demo/anna", "demo/anna", "demo/eva", "other/anna"];
        let mut open: Vec<Open> = Vec::from(open.map(|name| streams.open(user(name)).unwrap()));
        let named = |names: &[&str]| ReadOf {
            all: false,
            organisations: names.iter().map(|it| OrgId::new(it).unwrap()).collect(),
        };
        assert_eq!(streams.read_of(), named(&["demo", "other"]));
        open.truncate(1);
        assert_eq!(streams.read_of(), named(&["demo"]));
        let operator = streams.open(Who::Operator("operator".into()));
        assert!(streams.read_of().all);
        drop((operator, open));
        assert_eq!(streams.read_of(), ReadOf::default());
    }
}
