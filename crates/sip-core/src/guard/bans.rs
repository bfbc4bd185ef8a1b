//! Bans: which sources are kept out for guessing, and for how long. Each time is longer than the last.

use super::source::Source;
use base::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Sources banned at once: a botnet of that size is for a firewall. Beyond it those whose ban ends soonest
/// give way.
const BANNED_MAX: usize = 16_384;

/// Sources that have guessed and are not banned. Beyond it those that did so longest ago are forgotten.
const SUSPECTS_MAX: usize = 16_384;

/// Names remembered of a source, so that a phone which asks for the same wrong one all day counts once for it.
const NAMES_MAX: usize = 16;

/// By how much each ban is longer than the one before.
const ESCALATION: u32 = 4;

/// When a source is banned, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanRules {
    /// So many offences …
    pub offences: u32,
    /// … in such a time.
    pub within: Duration,
    /// How long the first ban lasts; each further one four times as long.
    pub first: Duration,
    /// The longest. Whoever behaves for that long starts at the first again.
    pub longest: Duration,
}

impl Default for BanRules {
    fn default() -> BanRules {
        BanRules {
            offences: 10,
            within: Duration::from_secs(600),
            first: Duration::from_secs(300),
            longest: Duration::from_secs(86_400),
        }
    }
}

/// What a source did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offence {
    /// Answered our challenge with a wrong password, or for a user that is not there.
    WrongCredentials,
    /// Asked for a user that is not there, by the name's hash; each name counts once.
    UnknownUser(u32),
    /// Called a number that is not there, by its hash; each number counts once.
    UnknownNumber(u32),
    /// Says that it is a scanner: enough by itself.
    Scanner,
}

/// Why a source is banned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Wrong credentials.
    WrongCredentials,
    /// Users that are not there.
    UnknownUsers,
    /// Numbers that are not there.
    UnknownNumbers,
    /// A scanner's name.
    Scanner,
    /// The operator said so.
    Operator,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Cause; 5] = [
        Cause::WrongCredentials,
        Cause::UnknownUsers,
        Cause::UnknownNumbers,
        Cause::Scanner,
        Cause::Operator,
    ];

    /// As it stands in logs, labels and what is stored.
    pub fn label(self) -> &'static str {
        match self {
            Cause::WrongCredentials => "wrong-credentials",
            Cause::UnknownUsers => "unknown-users",
            Cause::UnknownNumbers => "unknown-numbers",
            Cause::Scanner => "scanner",
            Cause::Operator => "operator",
        }
    }

    /// Reads the label.
    pub fn from_label(label: &str) -> Option<Cause> {
        Cause::ALL.into_iter().find(|cause| cause.label() == label)
    }
}

impl Offence {
    fn cause(self) -> Cause {
        match self {
            Offence::WrongCredentials => Cause::WrongCredentials,
            Offence::UnknownUser(_) => Cause::UnknownUsers,
            Offence::UnknownNumber(_) => Cause::UnknownNumbers,
            Offence::Scanner => Cause::Scanner,
        }
    }

    fn name(self) -> Option<u32> {
        match self {
            Offence::UnknownUser(name) | Offence::UnknownNumber(name) => Some(name),
            Offence::WrongCredentials | Offence::Scanner => None,
        }
    }
}

/// A source that is kept out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// Who.
    pub source: Source,
    /// Why.
    pub cause: Cause,
    /// Since when.
    pub since: Time,
    /// Until when.
    pub until: Time,
    /// How many times it has been banned by now.
    pub times: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Suspect {
    offences: u32,
    counted_from: Time,
    latest: Time,
    /// Hashes of the names it asked for last.
    names: Vec<u32>,
    /// How many times it has been banned.
    times: u32,
}

/// Who is banned, and who may soon be.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Bans {
    banned: BTreeMap<Source, Ban>,
    suspects: BTreeMap<Source, Suspect>,
}

impl Bans {
    /// Whether a source is to be kept out.
    pub fn holds(&self, now: Time, source: Source) -> bool {
        self.banned.get(&source).is_some_and(|ban| ban.until > now)
    }

    /// Notes an offence; gives back the ban, if this was the one too many.
    pub fn note(
        &mut self,
        now: Time,
        source: Source,
        offence: Offence,
        rules: &BanRules,
    ) -> Option<Ban> {
        if self.holds(now, source) {
            return None;
        }
        self.make_room_for_suspect(now, rules);
        let suspect = self.suspects.entry(source).or_insert(Suspect {
            offences: 0,
            counted_from: now,
            latest: now,
            names: Vec::new(),
            times: 0,
        });
        if now.since(suspect.latest) > rules.longest {
            suspect.times = 0;
        }
        if now.since(suspect.counted_from) > rules.within {
            suspect.offences = 0;
            suspect.counted_from = now;
        }
        suspect.latest = now;
        match offence.name() {
            Some(name) if suspect.names.contains(&name) => return None,
            Some(name) => {
                if suspect.names.len() == NAMES_MAX {
                    suspect.names.remove(0);
                }
                suspect.names.push(name);
            }
            None => {}
        }
        suspect.offences += 1;
        if suspect.offences < rules.offences && offence != Offence::Scanner {
            return None;
        }
        suspect.offences = 0;
        suspect.times += 1;
        let times = suspect.times;
        let length = ESCALATION
            .checked_pow(times - 1)
            .and_then(|longer| rules.first.checked_mul(longer))
            .map_or(rules.longest, |length| length.min(rules.longest));
        let ban = Ban {
            source,
            cause: offence.cause(),
            since: now,
            until: now + length,
            times,
        };
        self.put(now, ban);
        Some(ban)
    }

    /// Puts a ban in force: by hand, or one that was stored.
    pub fn put(&mut self, now: Time, ban: Ban) {
        if self.banned.len() >= BANNED_MAX {
            self.forget_ended(now);
        }
        if self.banned.len() >= BANNED_MAX {
            let mut ends: Vec<Time> = self.banned.values().map(|ban| ban.until).collect();
            let (_, middle, _) = ends.select_nth_unstable(BANNED_MAX / 2);
            let middle = *middle;
            self.banned.retain(|_, ban| ban.until > middle);
        }
        self.banned.insert(ban.source, ban);
    }

    /// Ends a ban and forgets what led to it; whether there was one.
    pub fn remove(&mut self, now: Time, source: Source) -> bool {
        self.suspects.remove(&source);
        let removed = self.banned.remove(&source);
        removed.is_some_and(|ban| ban.until > now)
    }

    /// Forgets bans that have ended.
    pub fn forget_ended(&mut self, now: Time) {
        self.banned.retain(|_, ban| ban.until > now);
    }

    /// Bans in force, by source.
    pub fn list(&self, now: Time) -> impl Iterator<Item = &Ban> {
        self.banned.values().filter(move |ban| ban.until > now)
    }

    /// How many bans are kept, those included that have ended and were not forgotten yet.
    pub fn len(&self) -> usize {
        self.banned.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.banned.is_empty()
    }

    /// Half of them go at a time, so that a flood of new ones costs each of them little.
    fn make_room_for_suspect(&mut self, now: Time, rules: &BanRules) {
        if self.suspects.len() < SUSPECTS_MAX {
            return;
        }
        let lately = |suspect: &Suspect| now.since(suspect.latest) <= rules.within;
        self.suspects
            .retain(|_, suspect| suspect.times > 0 || lately(suspect));
        if self.suspects.len() < SUSPECTS_MAX {
            return;
        }
        let mut latest: Vec<Time> = self.suspects.values().map(|one| one.latest).collect();
        let (_, middle, _) = latest.select_nth_unstable(SUSPECTS_MAX / 2);
        let middle = *middle;
        self.suspects.retain(|_, suspect| suspect.latest > middle);
    }
}

#[cfg(test)]
#[path = "bans_tests.rs"]
mod tests;
