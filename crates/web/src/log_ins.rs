//! How often somebody may fail to log in. What counts first is one source that tries one account: whoever fails from elsewhere
//! keeps nobody out. Beside that there are wide bounds on all that one source tries, and on all that is tried of one account,
//! which those who came in lately from where they come are not held to. An attempt is counted before its password is tried,
//! so that many at once are no way around, and given back when nothing was wrong with it.

use crate::office::Who;
use base::Time;
use sip_core::guard::Source;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Failures that one may have at once, from one source to one account: people who type, and try their old password too.
const BURST: u32 = 10;
/// From one source, and to one account: an office that comes by one address, on the morning after all have new passwords.
const BURST_WIDE: u32 = 100;
/// After how long one of them is forgotten.
const EACH: Duration = Duration::from_secs(15);
/// The same of a code, whoever tries it from wherever: of a million three are right at a time, so one in a thousand is found
/// in a day by whoever has the password.
const EACH_CODE: Duration = Duration::from_secs(5 * 60);
/// Sources, accounts and pairs of them that are remembered: those that failed. The one nearest to being whole gives way.
const REMEMBERED_MAX: usize = 8_192;
/// Who came in from where, so many: the people of a large installation, at home and at work.
const KNOWN_MAX: usize = 8_192;
/// For how long: a month of holidays, and more.
const KNOWN_FOR: Duration = Duration::from_secs(45 * 24 * 3_600);

/// Who has failed how often, and who came in from where.
#[derive(Debug, Default)]
pub(crate) struct LogIns(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// When all that was counted will be forgotten.
    whole_at: BTreeMap<Key, Time>,
    /// When he came in last.
    known: BTreeMap<(Source, Named), Time>,
}

/// Whom somebody names: who he would be, whether or not there is such an account; or what is nobody's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Named {
    Who(Who),
    Nobody(String),
}

/// What failures are counted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Pair(Source, Named),
    Source(Source),
    Account(Named),
    /// Codes, beside a password that was right.
    Code(Named),
}

/// An attempt that is counted, and not known to have failed. Dropped, it has.
#[must_use = "an attempt that did not fail is to be given back"]
#[derive(Debug)]
pub(crate) struct Attempt {
    source: Source,
    named: Named,
    keys: Vec<Key>,
}

impl Key {
    fn burst(&self) -> u32 {
        match self {
            Key::Pair(..) | Key::Code(_) => BURST,
            Key::Source(_) | Key::Account(_) => BURST_WIDE,
        }
    }

    /// After how long one is forgotten.
    fn each(&self) -> Duration {
        match self {
            Key::Pair(..) | Key::Source(_) | Key::Account(_) => EACH,
            Key::Code(_) => EACH_CODE,
        }
    }

    /// Whoever came in from there is not held to what others try from elsewhere.
    fn is_of_others(&self) -> bool {
        matches!(self, Key::Account(_) | Key::Code(_))
    }
}

impl LogIns {
    /// Counts an attempt that is about to be made; else how long until one may be.
    pub(crate) fn begin(
        &self,
        now: Time,
        source: Source,
        named: Named,
    ) -> Result<Attempt, Duration> {
        let keys = [
            Key::Pair(source, named.clone()),
            Key::Source(source),
            Key::Account(named.clone()),
        ];
        self.begin_by(now, source, named, keys.into())
    }

    /// The same of a code, by somebody whose password was right.
    pub(crate) fn begin_code(
        &self,
        now: Time,
        source: Source,
        named: Named,
    ) -> Result<Attempt, Duration> {
        let keys = [Key::Pair(source, named.clone()), Key::Code(named.clone())];
        self.begin_by(now, source, named, keys.into())
    }

    fn begin_by(
        &self,
        now: Time,
        source: Source,
        named: Named,
        keys: Vec<Key>,
    ) -> Result<Attempt, Duration> {
        let mut counts = self.lock();
        let pair = (source, named.clone());
        let came_in = counts.known.get(&pair);
        let is_known = came_in.is_some_and(|at| now.since(*at) < KNOWN_FOR);
        let over = |key: &Key| {
            let full = key.each() * (key.burst() - 1);
            let whole_at = counts.whole_at.get(key)?;
            whole_at.since(now).checked_sub(full)
        };
        let counted = |key: &&Key| !(is_known && key.is_of_others());
        let over = keys.iter().filter(counted).filter_map(over).max();
        if let Some(over) = over.filter(|over| !over.is_zero()) {
            return Err(over);
        }
        for key in &keys {
            counts.add(now, key.clone());
        }
        Ok(Attempt {
            source,
            named,
            keys,
        })
    }

    /// He came in.
    pub(crate) fn came_in(&self, now: Time, attempt: Attempt) {
        let mut counts = self.lock();
        counts.give_back(now, &attempt);
        let pair = (attempt.source, attempt.named);
        if counts.known.len() >= KNOWN_MAX && !counts.known.contains_key(&pair) {
            let first = counts.known.iter().min_by_key(|(_, at)| **at);
            if let Some(first) = first.map(|(pair, _)| pair.clone()) {
                counts.known.remove(&first);
            }
        }
        counts.known.insert(pair, now);
    }

    /// Nothing was tried after all, or nothing that counts.
    pub(crate) fn give_back(&self, now: Time, attempt: Attempt) {
        self.lock().give_back(now, &attempt);
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        // Whoever had it ended the process.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn add(&mut self, now: Time, key: Key) {
        if self.whole_at.len() >= REMEMBERED_MAX && !self.whole_at.contains_key(&key) {
            self.whole_at.retain(|_, at| *at > now);
            let first = self.whole_at.iter().min_by_key(|(_, at)| **at);
            let first = first.map(|(key, _)| key.clone());
            if let Some(first) = first.filter(|_| self.whole_at.len() >= REMEMBERED_MAX) {
                self.whole_at.remove(&first);
            }
        }
        let each = key.each();
        let whole_at = self.whole_at.entry(key).or_insert(now);
        *whole_at = (*whole_at).max(now) + each;
    }

    fn give_back(&mut self, now: Time, attempt: &Attempt) {
        for key in &attempt.keys {
            // What has given way meanwhile owes nothing.
            if let Some(at) = self.whole_at.get_mut(key) {
                let left = at.since(now).saturating_sub(key.each());
                *at = now + left;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_millis(1_000_000);

    fn from(number: u32) -> Source {
        Source::of(std::net::Ipv4Addr::from_bits(number).into())
    }

    fn named(name: &str) -> Named {
        Named::Who(Who::Operator(name.into()))
    }

    fn fail(log_ins: &LogIns, source: u32, name: &str) -> Result<(), Duration> {
        log_ins.begin(NOW, from(source), named(name)).map(drop)
    }

    #[test]
    fn who_fails_too_often_waits_and_from_elsewhere_the_account_can_be_logged_in_to() {
        let log_ins = LogIns::default();
        for _ in 0..BURST {
            assert_eq!(fail(&log_ins, 1, "anna"), Ok(()));
        }
        assert_eq!(fail(&log_ins, 1, "anna"), Err(EACH));
        // Another account from there, and that account from elsewhere.
        assert_eq!(fail(&log_ins, 1, "bosse"), Ok(()));
        assert_eq!(fail(&log_ins, 2, "anna"), Ok(()));
        let later = log_ins.begin(NOW + EACH, from(1), named("anna"));
        assert!(later.is_ok());
    }

    #[test]
    fn all_that_one_source_tries_is_bounded_and_all_that_is_tried_of_one_account() {
        let log_ins = LogIns::default();
        for number in 0..BURST_WIDE {
            assert_eq!(fail(&log_ins, 1, &number.to_string()), Ok(()));
            assert_eq!(fail(&log_ins, 1_000 + number, "anna"), Ok(()));
        }
        assert_eq!(fail(&log_ins, 1, "another"), Err(EACH));
        assert_eq!(fail(&log_ins, 2, "anna"), Err(EACH));
        assert_eq!(fail(&log_ins, 2, "another"), Ok(()));
    }

    #[test]
    fn whoever_came_in_from_there_is_kept_out_by_nobody_elsewhere() {
        let log_ins = LogIns::default();
        let attempt = log_ins.begin(NOW, from(7), named("anna")).unwrap();
        log_ins.came_in(NOW, attempt);
        for number in 0..BURST_WIDE {
            assert_eq!(fail(&log_ins, 1_000 + number, "anna"), Ok(()));
        }
        assert_eq!(fail(&log_ins, 2, "anna"), Err(EACH));
        // There too he may fail no more often than anybody.
        for _ in 0..BURST {
            assert_eq!(fail(&log_ins, 7, "anna"), Ok(()));
        }
        assert_eq!(fail(&log_ins, 7, "anna"), Err(EACH));
        assert!(
            log_ins
                .begin(NOW + KNOWN_FOR, from(7), named("anna"))
                .is_ok()
        );
    }

    #[test]
    fn codes_are_counted_by_themselves_whoever_tries_them() {
        let log_ins = LogIns::default();
        let code = |source, at| {
            log_ins
                .begin_code(at, from(source), named("anna"))
                .map(drop)
        };
        for source in 0..BURST {
            assert_eq!(code(source, NOW), Ok(()));
        }
        assert_eq!(code(99, NOW), Err(EACH_CODE));
        assert_eq!(code(99, NOW + EACH_CODE), Ok(()));
        // Passwords are tried all the same, and whoever came in from there tries his code.
        let attempt = log_ins.begin(NOW, from(7), named("anna")).unwrap();
        log_ins.came_in(NOW, attempt);
        assert_eq!(code(7, NOW), Ok(()));
        assert_eq!(code(100, NOW), Err(EACH_CODE * 2));
    }

    #[test]
    fn attempts_count_while_they_are_made_and_those_that_come_to_nothing_do_not() {
        let log_ins = LogIns::default();
        let begin = || log_ins.begin(NOW, from(1), named("anna"));
        let mut under_way: Vec<Attempt> = (0..BURST).filter_map(|_| begin().ok()).collect();
        assert!(under_way.len() == BURST as usize && begin().is_err());
        log_ins.give_back(NOW, under_way.pop().unwrap());
        let again = begin().unwrap();
        assert!(begin().is_err());
        log_ins.came_in(NOW, again);
        assert!(begin().is_ok());
    }

    #[test]
    fn no_more_are_remembered_than_have_room() {
        let log_ins = LogIns::default();
        (0..BURST).for_each(|_| fail(&log_ins, 1, "anna").unwrap());
        for number in 0..REMEMBERED_MAX as u32 {
            let source = 1_000 + number;
            let attempt = log_ins
                .begin(NOW, from(source), named(&number.to_string()))
                .unwrap();
            match number % 2 {
                0 => log_ins.came_in(NOW, attempt),
                _ => drop(attempt),
            }
        }
        assert!(fail(&log_ins, 1, "anna").is_err());
        let counts = log_ins.lock();
        assert!(counts.whole_at.len() <= REMEMBERED_MAX);
        assert!(counts.known.len() <= KNOWN_MAX);
    }
}
