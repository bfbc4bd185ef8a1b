//! The second step of logging in, of those who have switched it on: a code by time, or one of the recovery codes that they
//! were given. What codes are tried by is kept, and so is which were used: each is one once. Tokens have no second step.

use crate::office::{Account, Keeping, Who};
use crate::passes::{hash, hex};
use crate::totp::{Secret, base32};
use base::Time;
use callback::Utc;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Recovery codes that somebody is given.
const RECOVERY_CODES: usize = 10;
/// Random bytes of one: nobody guesses 80 bits, so their hash needs to be no slow one.
const RECOVERY_BYTES: usize = 10;
/// Signs of one that stand together, when it is shown.
const RECOVERY_GROUP: usize = 4;
/// How long a secret that is shown waits for its first code.
const BEGUN_FOR: Duration = Duration::from_secs(15 * 60);
/// Secrets that wait for it; the oldest gives way.
const BEGUN_MAX: usize = 1_024;

/// The second step of somebody's log-in, as it is kept. Without its secret no code can be tried, so that is kept as it is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondFactor {
    /// Whose.
    pub who: Who,
    /// Since when.
    pub since: Utc,
    secret: Secret,
    /// The step of the last code that was used.
    used: u64,
    /// SHA-256 of each recovery code that is left, in hexadecimal.
    recovery: Vec<String>,
    /// Of an operator: a mark of the password that he had then. With another one in the configuration he has none, for
    /// nobody else takes it back.
    over: Option<[u8; 8]>,
}

impl fmt::Debug for SecondFactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecondFactor")
            .field("who", &self.who)
            .finish_non_exhaustive()
    }
}

/// What came of a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tried {
    /// It is none of his, or was used.
    Wrong,
    /// It is one by time, which is used now; so it is to be kept.
    ByTime(SecondFactor),
    /// It is a recovery code; it is used once this is kept.
    Recovery(SecondFactor),
}

/// What is in force, and what has begun.
#[derive(Debug, Default)]
pub(crate) struct SecondFactors {
    all: Mutex<BTreeMap<Who, SecondFactor>>,
    begun: Mutex<BTreeMap<Who, (Secret, Time)>>,
    /// Whose turn it is to change one: what is in force is what is kept.
    pub(crate) turn: tokio::sync::Mutex<()>,
}

impl SecondFactor {
    /// How many recovery codes are left.
    pub(crate) fn recovery_left(&self) -> usize {
        self.recovery.len()
    }

    fn is_over(&self, account: &Account) -> bool {
        self.over.is_none_or(|mark| mark == account.proof.mark())
    }
}

impl SecondFactors {
    /// That of an account, as the configuration has it, if it has one.
    pub(crate) fn of(&self, configured: &Account) -> Option<SecondFactor> {
        let all = lock(&self.all);
        let factor = all.get(&configured.who)?;
        factor.is_over(configured).then(|| factor.clone())
    }

    /// What somebody's code is. One by time is used up by this.
    pub(crate) fn try_code(&self, configured: &Account, code: &str, at: Utc) -> Tried {
        let mut all = lock(&self.all);
        let factor = all.get_mut(&configured.who);
        let Some(factor) = factor.filter(|factor| factor.is_over(configured)) else {
            return Tried::Wrong;
        };
        let plain = plain(code);
        if let Some(step) = factor.secret.step(&plain, at.as_seconds(), factor.used) {
            factor.used = step;
            return Tried::ByTime(factor.clone());
        }
        let hashed = hex(&hash(&plain));
        let Some(place) = factor.recovery.iter().position(|it| *it == hashed) else {
            return Tried::Wrong;
        };
        let mut left = factor.clone();
        left.recovery.remove(place);
        Tried::Recovery(left)
    }

    /// A secret for him, which is in force once he has shown a code of it.
    pub(crate) fn begin(&self, who: &Who, random: &[u8; 32], now: Time) -> Secret {
        let secret = Secret::new(random);
        let mut begun = lock(&self.begun);
        begun.retain(|_, (_, at)| now.since(*at) < BEGUN_FOR);
        if begun.len() >= BEGUN_MAX && !begun.contains_key(who) {
            let oldest = begun.iter().min_by_key(|(_, (_, at))| *at);
            if let Some(oldest) = oldest.map(|(who, _)| who.clone()) {
                begun.remove(&oldest);
            }
        }
        begun.insert(who.clone(), (secret.clone(), now));
        secret
    }

    /// The secret that waits for this code of his: what is to be kept, and the recovery codes that are shown once. None where it
    /// is no code of it.
    pub(crate) fn confirmed(
        &self,
        configured: &Account,
        code: &str,
        (at, now): (Utc, Time),
        random: &[[u8; 32]; 4],
    ) -> Option<(SecondFactor, Vec<String>)> {
        let begun = lock(&self.begun);
        let (secret, began) = begun.get(&configured.who)?;
        let used = secret.step(&plain(code), at.as_seconds(), 0);
        let used = used.filter(|_| now.since(*began) < BEGUN_FOR)?;
        let shown = recovery_codes(random);
        let over = match &configured.who {
            Who::Operator(_) => Some(configured.proof.mark()),
            Who::User(_) => None,
        };
        let factor = SecondFactor {
            who: configured.who.clone(),
            since: at,
            secret: secret.clone(),
            used,
            recovery: shown.iter().map(|code| hex(&hash(&plain(code)))).collect(),
            over,
        };
        Some((factor, shown))
    }

    /// Whether a secret waits for his first code.
    pub(crate) fn has_begun(&self, who: &Who, now: Time) -> bool {
        let begun = lock(&self.begun);
        let own = begun.get(who);
        own.is_some_and(|(_, at)| now.since(*at) < BEGUN_FOR)
    }

    /// This is in force, or he has none.
    pub(crate) fn put(&self, who: &Who, factor: Option<SecondFactor>) {
        lock(&self.begun).remove(who);
        match factor {
            Some(factor) => lock(&self.all).insert(who.clone(), factor),
            None => lock(&self.all).remove(who),
        };
    }

    /// What there is of somebody, whether or not it is in force.
    pub(crate) fn kept(&self, who: &Who) -> Option<SecondFactor> {
        lock(&self.all).get(who).cloned()
    }

    /// Takes up one that was kept; one that is newer stays.
    pub(crate) fn take_up(&self, factor: SecondFactor) {
        lock(&self.all).entry(factor.who.clone()).or_insert(factor);
    }

    pub(crate) fn all(&self) -> Vec<SecondFactor> {
        lock(&self.all).values().cloned().collect()
    }
}

impl Keeping {
    /// That this is somebody's second step, or that he has none; and what undoes it.
    pub(crate) fn second_factor(
        who: &Who,
        now: Option<SecondFactor>,
        before: Option<SecondFactor>,
    ) -> Keeping {
        let who = who.clone();
        Keeping::SecondFactor { who, now, before }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whoever had it ended the process.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A code without what people write between its signs.
fn plain(code: &str) -> String {
    let signs = code.chars().filter(|it| !matches!(it, ' ' | '-'));
    signs.map(|it| it.to_ascii_uppercase()).collect()
}

fn recovery_codes(random: &[[u8; 32]; 4]) -> Vec<String> {
    let bytes = random.concat();
    let parts = bytes.chunks_exact(RECOVERY_BYTES).take(RECOVERY_CODES);
    let shown = parts.map(|part| {
        let text = base32(part);
        let groups = text.as_bytes().chunks(RECOVERY_GROUP);
        let groups: Vec<&str> = groups
            .filter_map(|it| std::str::from_utf8(it).ok())
            .collect();
        groups.join("-")
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::office::Proof;
    use control::{Principal, Role};
    use sip_core::digest::{Algorithm, Ha1};

    const NOW: Time = Time::from_millis(1_000_000);

    fn account(who: Who, password: &str) -> Account {
        let user = "demo/anna".parse().unwrap();
        Account {
            who,
            principal: Principal::User {
                user,
                role: Role::Agent,
            },
            display_name: None,
            proof: Proof::Digest {
                user: "anna".into(),
                realm: "demo.localhost".into(),
                ha1: Ha1::of(Algorithm::Sha256, "anna", "demo.localhost", password),
            },
        }
    }

    fn anna() -> Account {
        account(Who::User("demo/anna".parse().unwrap()), "demo-anna")
    }

    fn code(secret: &Secret, at: i64) -> String {
        format!("{:06}", secret.code(at as u64 / 30))
    }

    fn switched_on(factors: &SecondFactors, account: &Account, at: i64) -> (Secret, Vec<String>) {
        let secret = factors.begin(&account.who, &[7; 32], NOW);
        let random = [[1; 32], [2; 32], [3; 32], [4; 32]].map(|mut it: [u8; 32]| {
            for (place, byte) in it.iter_mut().enumerate() {
                *byte ^= place as u8;
            }
            it
        });
        let moment = (Utc::from_seconds(at), NOW);
        let confirmed = factors.confirmed(account, &code(&secret, at), moment, &random);
        let (factor, shown) = confirmed.unwrap();
        factors.put(&account.who, Some(factor));
        (secret, shown)
    }

    #[test]
    fn a_code_by_time_lets_in_once_also_after_it_was_kept() {
        let (factors, at) = (SecondFactors::default(), 1_795_000_000);
        let (secret, _) = switched_on(&factors, &anna(), at);
        let now = |at| Utc::from_seconds(at);
        // The one that it was confirmed by is used.
        let first = code(&secret, at);
        assert_eq!(factors.try_code(&anna(), &first, now(at)), Tried::Wrong);
        let next = code(&secret, at + 30);
        let spaced = format!("{} {}", &next[..3], &next[3..]);
        let Tried::ByTime(kept) = factors.try_code(&anna(), &spaced, now(at + 30)) else {
            panic!("it is his");
        };
        assert_eq!(factors.try_code(&anna(), &next, now(at + 31)), Tried::Wrong);
        let text = serde_json::to_string(&kept).unwrap();
        let after = SecondFactors::default();
        after.take_up(serde_json::from_str(&text).unwrap());
        assert_eq!(after.try_code(&anna(), &next, now(at + 31)), Tried::Wrong);
        let other = account(Who::User("demo/bosse".parse().unwrap()), "demo-bosse");
        assert_eq!(after.of(&other), None);
    }

    #[test]
    fn each_of_ten_recovery_codes_lets_in_once_and_is_kept_as_a_hash() {
        let (factors, at) = (SecondFactors::default(), 1_795_000_000);
        let (_, shown) = switched_on(&factors, &anna(), at);
        let different: std::collections::BTreeSet<&String> = shown.iter().collect();
        assert_eq!((shown.len(), different.len()), (10, 10));
        for (used, code) in shown.iter().enumerate() {
            // As somebody may type it.
            let typed = code.to_lowercase().replace('-', " ");
            let tried = factors.try_code(&anna(), &typed, Utc::from_seconds(at));
            let Tried::Recovery(left) = tried else {
                panic!("{code} is his");
            };
            assert_eq!(left.recovery_left(), 9 - used);
            let text = serde_json::to_string(&left).unwrap();
            assert!(shown.iter().all(|code| !text.contains(&plain(code))));
            factors.put(&anna().who, Some(left));
            let again = factors.try_code(&anna(), code, Utc::from_seconds(at));
            assert_eq!(again, Tried::Wrong);
        }
    }

    #[test]
    fn an_operator_whose_password_is_another_one_in_the_configuration_has_none_any_more() {
        let (factors, at) = (SecondFactors::default(), 1_795_000_000);
        let operator = |password| account(Who::Operator("drift".into()), password);
        switched_on(&factors, &operator("first"), at);
        assert!(factors.of(&operator("first")).is_some());
        assert!(factors.of(&operator("second")).is_none());
        // A user's holds over his passwords.
        switched_on(&factors, &anna(), at);
        let other = account(anna().who, "another");
        assert!(factors.of(&other).is_some());
    }

    #[test]
    fn what_has_begun_waits_for_its_code_so_long_and_is_bounded() {
        let factors = SecondFactors::default();
        let secret = factors.begin(&anna().who, &[7; 32], NOW);
        let at = 1_795_000_000;
        let late = (Utc::from_seconds(at), NOW + BEGUN_FOR);
        let code = code(&secret, at);
        assert_eq!(factors.confirmed(&anna(), &code, late, &[[0; 32]; 4]), None);
        assert!(factors.has_begun(&anna().who, NOW));
        for number in 0..BEGUN_MAX {
            let who = Who::Operator(number.to_string().into());
            factors.begin(&who, &[7; 32], NOW + Duration::from_secs(1));
        }
        assert!(!factors.has_begun(&anna().who, NOW), "the oldest gives way");
        assert_eq!(lock(&factors.begun).len(), BEGUN_MAX);
    }
}
