//! Who is billed for Kö Plus, and which queues for calling back: books of activations that follow the configuration. Whoever
//! may log in to a queue of Kö Plus has one licence, however many such queues; a queue that offers to call back has one.
//! Activation and end are dated and stay in the book.

use acd::{Licence, QueueKind, Settings};
use base::{QueueId, UserId};
use callback::Offers;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// One that ended so short a while ago goes on when it is wanted again: a slip in a file that is mended within the
/// day is no second activation.
const MENDED_WITHIN_MS: u64 = 24 * 3_600 * 1_000;

/// Entries of one holder: more changes than anybody makes who doesn't toggle a setting each day for a year. One more
/// takes the place of the latest.
const ENTRIES_MAX: usize = 400;

/// A licence in use, from its activation to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry<Id, L> {
    /// A user, or a queue.
    pub(crate) holder: Id,
    pub(crate) licence: L,
    /// Milliseconds of UTC, as all moments here.
    pub(crate) since_ms: u64,
    /// None while it lasts.
    pub(crate) until_ms: Option<u64>,
}

/// One holder's line in the report of a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Billed<Id, L> {
    pub(crate) holder: Id,
    /// The highest of the month.
    pub(crate) licence: L,
    /// When it was first activated.
    pub(crate) activated_ms: u64,
    /// Whether that was in this month: then there is a start fee.
    pub(crate) starts: bool,
    /// When it ended, where that was in this month.
    pub(crate) ended_ms: Option<u64>,
}

/// All entries, by holder, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Book<Id, L>(BTreeMap<Id, Vec<Entry<Id, L>>>);

impl<Id, L> Default for Book<Id, L> {
    fn default() -> Book<Id, L> {
        Book(BTreeMap::new())
    }
}

impl<Id: Clone + Ord, L: Copy + Ord> Book<Id, L> {
    /// The book that was kept.
    pub(crate) fn of(entries: impl IntoIterator<Item = Entry<Id, L>>) -> Book<Id, L> {
        let mut book = Book::default();
        for entry in entries {
            let holder = entry.holder.clone();
            book.0.entry(holder).or_default().push(entry);
        }
        for entries in book.0.values_mut() {
            entries.sort_by_key(|entry| entry.since_ms);
            // Only the latest can still last: an older one was left open by a process that could not read it.
            for at in 1..entries.len() {
                let next_ms = entries[at].since_ms;
                entries[at - 1].until_ms.get_or_insert(next_ms);
            }
        }
        book
    }

    /// Every entry.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry<Id, L>> {
        self.0.values().flatten()
    }

    /// The configuration gives these from now on. Gives back the entries that are new or changed, in the order in which
    /// they are to be written.
    pub(crate) fn follow(&mut self, wanted: BTreeMap<Id, L>, now_ms: u64) -> Vec<Entry<Id, L>> {
        let mut changed = Vec::new();
        let known: BTreeSet<Id> = self.0.keys().cloned().collect();
        for holder in known.iter().filter(|holder| !wanted.contains_key(*holder)) {
            let last = self
                .0
                .get_mut(holder)
                .and_then(|entries| entries.last_mut());
            if let Some(last) = last.filter(|last| last.until_ms.is_none()) {
                last.until_ms = Some(now_ms.max(last.since_ms));
                changed.push(last.clone());
            }
        }
        for (holder, licence) in wanted {
            self.want(holder, licence, now_ms, &mut changed);
        }
        changed
    }

    fn want(&mut self, holder: Id, licence: L, now_ms: u64, changed: &mut Vec<Entry<Id, L>>) {
        let entries = self.0.entry(holder.clone()).or_default();
        let is_full = entries.len() >= ENTRIES_MAX;
        if let Some(last) = entries.last_mut() {
            let ended_ms = last.until_ms;
            let is_mended = ended_ms.is_none_or(|at| now_ms.saturating_sub(at) < MENDED_WITHIN_MS);
            if is_full || (is_mended && last.licence == licence) {
                let goes_on = Entry {
                    licence,
                    until_ms: None,
                    ..last.clone()
                };
                if last.licence != goes_on.licence || last.until_ms.is_some() {
                    *last = goes_on;
                    changed.push(last.clone());
                }
                return;
            }
            if ended_ms.is_none() {
                last.until_ms = Some(now_ms.max(last.since_ms));
                changed.push(last.clone());
            }
        }
        let since_ms = entries.last().map_or(now_ms, |last| {
            // Two of one moment would be one row.
            now_ms.max(last.since_ms + 1)
        });
        let entry = Entry {
            holder,
            licence,
            since_ms,
            until_ms: None,
        };
        entries.push(entry.clone());
        changed.push(entry);
    }

    /// The lines of a month of those holders, which is billed in advance: who is activated now is in every month to
    /// come.
    pub(crate) fn billed(
        &self,
        month_ms: &Range<u64>,
        of: impl Fn(&Id) -> bool,
    ) -> Vec<Billed<Id, L>> {
        let holders = self.0.iter().filter(|(holder, _)| of(holder));
        holders
            .filter_map(|(holder, entries)| {
                let within = |entry: &&Entry<Id, L>| {
                    entry.since_ms < month_ms.end
                        && entry.until_ms.is_none_or(|until| until > month_ms.start)
                };
                let last = entries.iter().rfind(within)?;
                let activated_ms = entries.first()?.since_ms;
                Some(Billed {
                    holder: holder.clone(),
                    licence: entries
                        .iter()
                        .filter(within)
                        .map(|entry| entry.licence)
                        .max()?,
                    activated_ms,
                    starts: month_ms.contains(&activated_ms),
                    ended_ms: last.until_ms.filter(|until| month_ms.contains(until)),
                })
            })
            .collect()
    }
}

/// Whom the configuration gives a licence in use: members of at least one queue of Kö Plus whom theirs lets in.
pub(crate) fn users(settings: &Settings) -> BTreeMap<UserId, Licence> {
    let queues = settings.queues.iter();
    let plus = queues.filter(|(_, queue)| queue.kind == QueueKind::KoPlus);
    let members = plus.flat_map(|(id, queue)| queue.members.keys().map(move |user| (id, user)));
    members
        .filter(|(queue, user)| settings.admits(user, queue))
        .filter_map(|(_, user)| Some((user.clone(), settings.agents.get(user)?.licence)))
        .collect()
}

/// Which queues the configuration has offer to call back.
pub(crate) fn queues(lists: &callback::Settings) -> BTreeMap<QueueId, ()> {
    let lists = lists.lists.iter();
    let offering = lists.filter(|(_, list)| matches!(list.offers, Offers::When(_)));
    offering.map(|(queue, _)| (queue.clone(), ())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use acd::{AgentSettings, Asked, Deferral, Exits, Member, Policy, QueueSettings};
    use base::{OrgId, QueueId};
    use std::time::Duration;

    const DAY_MS: u64 = 24 * 3_600 * 1_000;

    fn user(name: &str) -> UserId {
        UserId::new(&OrgId::new("demo").unwrap(), name).unwrap()
    }

    fn empty(kind: QueueKind) -> QueueSettings {
        let second = Duration::from_secs(1);
        QueueSettings {
            kind,
            members: BTreeMap::new(),
            policy: Policy::default(),
            asked: Asked::default(),
            weight: 5,
            ring: second,
            wrap_up: second,
            ageing: second,
            waiting_max: 1,
            judged: acd::Yardstick::default(),
            deferral: Deferral {
                no_answer: second,
                declined: second,
                busy: second,
                error: second,
            },
            exits: Exits::default(),
            last_agent: None,
            callbacks: None,
        }
    }

    /// Each of these people in two queues of Kö Plus, and in a plain one.
    fn settings(people: &[(&str, Licence)]) -> Settings {
        let mut settings = Settings::default();
        for (queue, kind) in [
            ("a", QueueKind::KoPlus),
            ("b", QueueKind::KoPlus),
            ("c", QueueKind::Ko),
        ] {
            let queue = QueueId::new(&OrgId::new("demo").unwrap(), queue).unwrap();
            let mut of = empty(kind);
            for (name, licence) in people {
                of.members.insert(user(name), Member::default());
                let agent = settings.agents.entry(user(name)).or_insert(AgentSettings {
                    licence: *licence,
                    ..AgentSettings::default()
                });
                agent.licence = *licence;
            }
            settings.queues.insert(queue, of);
        }
        settings
    }

    fn names(billed: &[Billed<UserId, Licence>]) -> Vec<(String, Licence, bool)> {
        let line =
            |it: &Billed<UserId, Licence>| (it.holder.name().to_owned(), it.licence, it.starts);
        billed.iter().map(line).collect()
    }

    #[test]
    fn one_licence_a_user_however_many_queues_from_activation_until_he_is_in_none() {
        let mut book = Book::default();
        let both = settings(&[("anna", Licence::Pro), ("bosse", Licence::Basic)]);
        let new = book.follow(users(&both), 10 * DAY_MS);
        assert_eq!(new.len(), 1, "a Basic user has none: {new:?}");
        assert!(
            book.follow(users(&both), 11 * DAY_MS).is_empty(),
            "nothing changed"
        );
        let ended = book.follow(users(&settings(&[])), 40 * DAY_MS);
        assert_eq!(ended[0].until_ms, Some(40 * DAY_MS));
        let month = |days: Range<u64>| {
            let month_ms = days.start * DAY_MS..days.end * DAY_MS;
            names(&book.billed(&month_ms, |_| true))
        };
        let anna = |starts| vec![("anna".to_owned(), Licence::Pro, starts)];
        assert_eq!(month(0..10), []);
        assert_eq!(month(0..31), anna(true));
        assert_eq!(month(31..60), anna(false));
        assert_eq!(month(60..90), []);
    }

    #[test]
    fn who_is_activated_now_is_billed_for_months_to_come_and_pays_one_start_fee_in_his_life() {
        let mut book = Book::default();
        let anna = settings(&[("anna", Licence::Pro)]);
        book.follow(users(&anna), 5 * DAY_MS);
        book.follow(users(&settings(&[])), 10 * DAY_MS);
        book.follow(users(&anna), 35 * DAY_MS);
        let next = book.billed(&(31 * DAY_MS..60 * DAY_MS), |_| true);
        assert_eq!(names(&next), [("anna".to_owned(), Licence::Pro, false)]);
        assert_eq!(next[0].activated_ms, 5 * DAY_MS);
        let later = book.billed(&(600 * DAY_MS..630 * DAY_MS), |_| true);
        assert_eq!(names(&later), names(&next));
        assert!(book.billed(&(0..DAY_MS), |_| true).is_empty());
        let of_others = book.billed(&(600 * DAY_MS..630 * DAY_MS), |_| false);
        assert!(of_others.is_empty());
    }

    #[test]
    fn a_change_of_licence_is_dated_and_the_month_is_billed_at_the_highest() {
        let mut book = Book::default();
        book.follow(
            users(&settings(&[("anna", Licence::Enterprise)])),
            5 * DAY_MS,
        );
        let changed = book.follow(users(&settings(&[("anna", Licence::Pro)])), 20 * DAY_MS);
        let moments: Vec<_> = changed
            .iter()
            .map(|it| (it.since_ms, it.until_ms))
            .collect();
        assert_eq!(
            moments,
            [(5 * DAY_MS, Some(20 * DAY_MS)), (20 * DAY_MS, None)]
        );
        let licence = |days: Range<u64>| {
            let month_ms = days.start * DAY_MS..days.end * DAY_MS;
            book.billed(&month_ms, |_| true)[0].licence
        };
        assert_eq!(licence(0..31), Licence::Enterprise);
        assert_eq!(licence(31..60), Licence::Pro);
    }

    #[test]
    fn a_queue_is_activated_by_its_list_and_ends_when_that_offers_nothing_any_more() {
        let queue = QueueId::new(&OrgId::new("demo").unwrap(), "a").unwrap();
        let lists = |offers| {
            let list = callback::ListSettings {
                offers,
                ..callback::ListSettings::default()
            };
            callback::Settings {
                lists: BTreeMap::from([(queue.clone(), list)]),
            }
        };
        let mut book = Book::default();
        let on = lists(Offers::When(callback::Conditions::default()));
        assert_eq!(book.follow(queues(&on), 5 * DAY_MS).len(), 1);
        assert_eq!(book.follow(queues(&on), 6 * DAY_MS), []);
        let ended = book.follow(queues(&lists(Offers::Never)), 40 * DAY_MS);
        assert_eq!(ended[0].until_ms, Some(40 * DAY_MS));
        let starts = |days: Range<u64>| {
            let month_ms = days.start * DAY_MS..days.end * DAY_MS;
            let billed = book.billed(&month_ms, |_| true);
            billed.iter().map(|it| it.starts).collect::<Vec<_>>()
        };
        assert_eq!(starts(0..31), [true]);
        assert_eq!(starts(31..60), [false]);
        assert_eq!(starts(60..90), [false; 0]);
    }

    #[test]
    fn a_slip_that_is_mended_within_the_day_is_no_second_activation() {
        let mut book = Book::default();
        let anna = settings(&[("anna", Licence::Pro)]);
        book.follow(users(&anna), 5 * DAY_MS);
        book.follow(users(&settings(&[])), 6 * DAY_MS);
        book.follow(users(&anna), 6 * DAY_MS + 1_000);
        assert_eq!(book.entries().count(), 1);
        assert_eq!(Book::of(book.entries().cloned()), book);
        // However often it is toggled, the book stays bounded.
        for day in 10..1_000 {
            let licence = [Licence::Pro, Licence::Business][day as usize % 2];
            book.follow(users(&settings(&[("anna", licence)])), day * DAY_MS);
        }
        assert_eq!(book.entries().count(), ENTRIES_MAX);
    }
}
