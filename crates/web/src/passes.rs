//! What lets somebody in again after he has proven who he is: a session's cookie, or a token. Only hashes of them are kept,
//! and who he is and what he may is looked up each time: a pass is worth nothing once its account is gone or has another
//! password.

use crate::office::Who;
use callback::Utc;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a session lasts without a request: a working day and the evening after it.
const SESSION_IDLE: Duration = Duration::from_secs(12 * 3_600);
/// How often it is kept anew when it was used last: after a restart it is as if it had been used so much less.
const KEPT_EVERY: Duration = Duration::from_secs(600);
/// How long it lasts at all.
const SESSION_LIFE: Duration = Duration::from_secs(7 * 24 * 3_600);
/// Sessions of one account: the one that was used least lately ends for another.
const SESSIONS_EACH_MAX: usize = 20;
/// Sessions in all: as many as accounts that a server is made for.
const SESSIONS_MAX: usize = 20_000;
/// Tokens of one organisation, or of the operators: programs, not people.
pub const TOKENS_MAX: usize = 100;
/// What a token starts with, so that whoever finds one knows what it is.
pub(crate) const TOKEN_PREFIX: &str = "kolapp_";

/// SHA-256 of the secret: 256 random bits need no slower hash.
pub(crate) type Hash = [u8; 32];

/// Somebody who was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// Who.
    pub who: Who,
    /// What the account was proven by then.
    mark: [u8; 8],
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Session {
        began: Utc,
        used: Utc,
        /// When it had been used, as it is kept.
        kept: Utc,
    },
    Token(TokenRow),
    /// It lets nobody in any more, which is not known to be stored: it is listed, so that it can be removed again.
    EndedToken(TokenRow),
}

/// A token as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRow {
    /// By which it is listed and removed; no secret.
    pub id: String,
    /// SHA-256 of it, in hexadecimal.
    pub hash: String,
    /// What it is for.
    pub name: String,
    /// On whose behalf it speaks.
    pub who: Who,
    /// A mark of what that account was proven by.
    pub mark: [u8; 8],
    /// Who made it.
    pub made_by: Who,
    /// When it was made.
    pub made: Utc,
    /// When it ends.
    pub ends: Utc,
}

/// A session as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRow {
    /// SHA-256 of its secret, in hexadecimal.
    pub hash: String,
    /// Whose.
    pub who: Who,
    /// A mark of what that account was proven by.
    pub mark: [u8; 8],
    /// When it began.
    pub began: Utc,
    /// When it was used.
    pub used: Utc,
}

impl SessionRow {
    /// When it ends, if it isn't used.
    pub fn ends(&self) -> Utc {
        (self.used + SESSION_IDLE).min(self.began + SESSION_LIFE)
    }
}

/// A session that has begun.
#[derive(Debug)]
pub(crate) struct Begun {
    /// Its cookie's value.
    pub(crate) secret: String,
    /// As it is to be kept.
    pub(crate) row: SessionRow,
    /// The hashes of those that are over, or had to make room.
    pub(crate) ended: Vec<String>,
}

/// All passes.
#[derive(Debug, Default)]
pub(crate) struct Passes(Mutex<BTreeMap<Hash, Pass>>);

impl Pass {
    /// The account's mark must still be this.
    pub(crate) fn mark(&self) -> [u8; 8] {
        self.mark
    }

    pub(crate) fn is_session(&self) -> bool {
        matches!(self.kind, Kind::Session { .. })
    }

    fn holds(&self, now: Utc) -> bool {
        match &self.kind {
            Kind::Session { began, used, .. } => {
                now < *used + SESSION_IDLE && now < *began + SESSION_LIFE
            }
            Kind::Token(row) | Kind::EndedToken(row) => now < row.ends,
        }
    }

    fn lets_in(&self, now: Utc) -> bool {
        self.holds(now) && !matches!(self.kind, Kind::EndedToken(_))
    }

    fn session(&self, hash: &Hash) -> Option<SessionRow> {
        match self.kind {
            Kind::Session { began, used, .. } => Some(SessionRow {
                hash: hex(hash),
                who: self.who.clone(),
                mark: self.mark,
                began,
                used,
            }),
            Kind::Token(_) | Kind::EndedToken(_) => None,
        }
    }

    fn used(&self) -> Option<Utc> {
        match &self.kind {
            Kind::Session { used, .. } => Some(*used),
            Kind::Token(_) | Kind::EndedToken(_) => None,
        }
    }
}

impl Passes {
    /// A session for him.
    pub(crate) fn begin_session(
        &self,
        who: Who,
        mark: [u8; 8],
        random: [u8; 32],
        now: Utc,
    ) -> Begun {
        let secret = hex(&random);
        let mut passes = self.lock();
        let over = passes.extract_if(.., |_, pass| !pass.holds(now));
        let over = over.filter(|(_, pass)| pass.is_session());
        let mut ended: Vec<Hash> = over.map(|(hash, _)| hash).collect();
        let bounds = [(Some(&who), SESSIONS_EACH_MAX), (None, SESSIONS_MAX)];
        for (whose, most) in bounds {
            let oldest = oldest_sessions(&passes, whose);
            let too_many = (oldest.len() + 1).saturating_sub(most);
            for hash in oldest.into_iter().take(too_many) {
                passes.remove(&hash);
                ended.push(hash);
            }
        }
        let kind = Kind::Session {
            began: now,
            used: now,
            kept: now,
        };
        let hash = hash(&secret);
        passes.insert(
            hash,
            Pass {
                who: who.clone(),
                mark,
                kind,
            },
        );
        Begun {
            secret,
            row: SessionRow {
                hash: hex(&hash),
                who,
                mark,
                began: now,
                used: now,
            },
            ended: ended.iter().map(|hash| hex(hash)).collect(),
        }
    }

    /// Whoever has this secret, which he has used now; and his session, where that is to be kept anew.
    pub(crate) fn find(&self, secret: &str, now: Utc) -> Option<(Pass, Option<SessionRow>)> {
        let mut passes = self.lock();
        let hash = hash(secret);
        let pass = passes.get_mut(&hash).filter(|pass| pass.lets_in(now))?;
        let mut is_behind = false;
        if let Kind::Session { used, kept, .. } = &mut pass.kind {
            *used = now;
            is_behind = now >= *kept + KEPT_EVERY;
            if is_behind {
                *kept = now;
            }
        }
        let row = is_behind.then(|| pass.session(&hash)).flatten();
        Some((pass.clone(), row))
    }

    /// Takes up a session that was kept.
    pub(crate) fn add_session(&self, row: SessionRow) {
        let Some(hash) = unhex(&row.hash) else {
            return;
        };
        let kind = Kind::Session {
            began: row.began,
            used: row.used,
            kept: row.used,
        };
        let (who, mark) = (row.who, row.mark);
        let pass = Pass { who, mark, kind };
        self.lock().entry(hash).or_insert(pass);
    }

    /// He is let in by it no longer. Gives a session's hash.
    pub(crate) fn end_session(&self, secret: &str) -> Option<String> {
        let hash = hash(secret);
        let mut passes = self.lock();
        passes.get(&hash).filter(|pass| pass.is_session())?;
        passes.remove(&hash);
        Some(hex(&hash))
    }

    /// He has another password: his sessions are over, whose hashes are given, but for the one that he asks by, which goes on
    /// by the new one's mark.
    pub(crate) fn proven_anew(
        &self,
        who: &Who,
        by: Option<(&str, [u8; 8])>,
    ) -> (Vec<String>, Option<SessionRow>) {
        let by = by.map(|(secret, mark)| (hash(secret), mark));
        let mut passes = self.lock();
        let are_over = |hash: &Hash, pass: &mut Pass| {
            pass.is_session() && pass.who == *who && by.is_none_or(|(by, _)| by != *hash)
        };
        let over = passes.extract_if(.., are_over);
        let over = over.map(|(hash, _)| hex(&hash)).collect();
        let goes_on = by.and_then(|(hash, mark)| {
            let pass = passes.get_mut(&hash).filter(|pass| pass.is_session())?;
            pass.mark = mark;
            pass.session(&hash)
        });
        (over, goes_on)
    }

    /// All sessions that let somebody in.
    pub(crate) fn sessions(&self, now: Utc) -> Vec<SessionRow> {
        let passes = self.lock();
        let there = passes.iter().filter(|(_, pass)| pass.lets_in(now));
        there
            .filter_map(|(hash, pass)| pass.session(hash))
            .collect()
    }

    /// Takes a token in: one that is new, or that was kept. One that is here already stays as it is: it may have ended.
    pub(crate) fn add_token(&self, row: TokenRow) {
        let Some(hash) = unhex(&row.hash) else {
            return;
        };
        let (who, mark) = (row.who.clone(), row.mark);
        let kind = Kind::Token(row);
        let pass = Pass { who, mark, kind };
        self.lock().entry(hash).or_insert(pass);
    }

    /// A token lets nobody in any more. It is listed until it is forgotten.
    pub(crate) fn end_token(&self, id: &str) {
        for pass in self.lock().values_mut() {
            if let Kind::Token(row) = &pass.kind
                && row.id == id
            {
                pass.kind = Kind::EndedToken(row.clone());
            }
        }
    }

    /// Nothing is known any more of a token that has ended.
    pub(crate) fn forget_token(&self, id: &str) {
        let is_it = |pass: &Pass| matches!(&pass.kind, Kind::EndedToken(row) if row.id == id);
        self.lock().retain(|_, pass| !is_it(pass));
    }

    /// All tokens whose time is not over, also those that have been ended, by when they were made.
    pub(crate) fn tokens(&self, now: Utc) -> Vec<TokenRow> {
        self.tokens_of(|pass| pass.holds(now))
    }

    /// Those of them that let somebody in.
    pub(crate) fn tokens_in_force(&self, now: Utc) -> Vec<TokenRow> {
        self.tokens_of(|pass| pass.lets_in(now))
    }

    fn tokens_of(&self, are_meant: impl Fn(&Pass) -> bool) -> Vec<TokenRow> {
        let passes = self.lock();
        let meant = passes.values().filter(|pass| are_meant(pass));
        let rows = meant.filter_map(|pass| match &pass.kind {
            Kind::Token(row) | Kind::EndedToken(row) => Some(row.clone()),
            Kind::Session { .. } => None,
        });
        let mut rows: Vec<TokenRow> = rows.collect();
        rows.sort_by(|one, other| (one.made, &one.id).cmp(&(other.made, &other.id)));
        rows
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Hash, Pass>> {
        // Whoever had it ended the process.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// His sessions, or everybody's; the one that was used least lately first.
fn oldest_sessions(passes: &BTreeMap<Hash, Pass>, who: Option<&Who>) -> Vec<Hash> {
    let meant = passes
        .iter()
        .filter(|(_, pass)| who.is_none_or(|who| pass.who == *who));
    let mut sessions: Vec<(Utc, Hash)> = meant
        .filter_map(|(hash, pass)| Some((pass.used()?, *hash)))
        .collect();
    sessions.sort_unstable();
    sessions.into_iter().map(|(_, hash)| hash).collect()
}

impl TokenRow {
    /// A new token, and its secret: the only time that it is seen.
    pub(crate) fn new(
        random: [u8; 32],
        row: impl FnOnce(String, String) -> TokenRow,
    ) -> (TokenRow, String) {
        let secret = format!("{TOKEN_PREFIX}{}", hex(&random));
        let hash = hash(&secret);
        // Part of a hash of what nobody can guess says nothing of it.
        let id = hex(&hash[..6]);
        (row(id, hex(&hash)), secret)
    }
}

/// SHA-256, for what nobody can guess.
pub(crate) fn hash(secret: &str) -> Hash {
    Sha256::digest(secret.as_bytes()).into()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // A string takes whatever is written.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Hash> {
    let mut hash = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anna() -> Who {
        Who::User("demo/anna".parse().unwrap())
    }

    fn begin(passes: &Passes, number: u8, now: Utc) -> String {
        let begun = passes.begin_session(anna(), [0; 8], [number; 32], now);
        begun.secret
    }

    #[test]
    fn a_session_ends_when_it_is_not_used_and_in_any_case_after_its_life() {
        let passes = Passes::default();
        let start = Utc::from_seconds(1_000_000);
        let secret = begin(&passes, 1, start);
        let nearly = SESSION_IDLE - Duration::from_secs(1);
        let mut now = start;
        while now + nearly < start + SESSION_LIFE {
            now = now + nearly;
            assert!(passes.find(&secret, now).is_some());
        }
        assert!(passes.find(&secret, start + SESSION_LIFE).is_none());
        let secret = begin(&passes, 2, start);
        assert!(passes.find(&secret, start + SESSION_IDLE).is_none());
        assert!(passes.find("another", start).is_none());
    }

    #[test]
    fn one_account_has_so_many_sessions_and_the_one_that_was_used_least_ends_for_another() {
        let passes = Passes::default();
        let at = |second: usize| Utc::from_seconds(1_000_000 + second as i64);
        let secrets: Vec<String> = (0..SESSIONS_EACH_MAX)
            .map(|number| begin(&passes, number as u8, at(number)))
            .collect();
        assert!(passes.find(&secrets[0], at(100)).is_some());
        begin(&passes, 255, at(101));
        assert!(passes.find(&secrets[0], at(102)).is_some());
        assert!(passes.find(&secrets[1], at(102)).is_none());
    }

    #[test]
    fn a_session_is_kept_as_a_hash_now_and_then_and_goes_on_after_a_restart() {
        let passes = Passes::default();
        let start = Utc::from_seconds(1_000_000);
        let begun = passes.begin_session(anna(), [1; 8], [1; 32], start);
        let kept = serde_json::to_string(&begun.row).unwrap();
        assert!(!kept.contains(&begun.secret));
        let find = |passes: &Passes, at| passes.find(&begun.secret, at).map(|(_, row)| row);
        let soon = start + (KEPT_EVERY - Duration::from_secs(1));
        assert_eq!(find(&passes, soon), Some(None));
        let later = start + KEPT_EVERY;
        let row = find(&passes, later).unwrap().unwrap();
        assert_eq!((row.used, row.ends()), (later, later + SESSION_IDLE));
        assert_eq!(find(&passes, later), Some(None));
        let after = Passes::default();
        after.add_session(serde_json::from_str(&kept).unwrap());
        assert_eq!(after.sessions(start), vec![begun.row.clone()]);
        let nearly = start + (SESSION_IDLE - Duration::from_secs(1));
        assert!(find(&after, nearly).is_some());
        // One that is over does not come back.
        assert_eq!(after.end_session(&begun.secret), Some(begun.row.hash));
        assert_eq!(find(&after, start), None);
    }

    #[test]
    fn with_another_password_the_session_that_it_was_changed_by_goes_on_alone() {
        let passes = Passes::default();
        let now = Utc::from_seconds(1_000_000);
        let own = begin(&passes, 1, now);
        let other = begin(&passes, 2, now);
        let bosse = Who::User("demo/bosse".parse().unwrap());
        let bosses = passes.begin_session(bosse, [0; 8], [3; 32], now).secret;
        let (over, goes_on) = passes.proven_anew(&anna(), Some((&own, [9; 8])));
        assert_eq!(over.len(), 1);
        assert_eq!(goes_on.unwrap().mark, [9; 8]);
        assert_eq!(passes.find(&own, now).unwrap().0.mark(), [9; 8]);
        assert!(passes.find(&other, now).is_none() && passes.find(&bosses, now).is_some());
        let (over, goes_on) = passes.proven_anew(&anna(), None);
        assert!(over.len() == 1 && goes_on.is_none() && passes.find(&own, now).is_none());
    }

    #[test]
    fn a_token_is_known_by_its_hash_alone_and_ends() {
        let passes = Passes::default();
        let now = Utc::from_seconds(1_000_000);
        let day = Duration::from_secs(86_400);
        let (row, secret) = TokenRow::new([7; 32], |id, hash| TokenRow {
            id,
            hash,
            name: "report".into(),
            who: anna(),
            mark: [1; 8],
            made_by: anna(),
            made: now,
            ends: now + day,
        });
        let kept = serde_json::to_string(&row).unwrap();
        assert!(!kept.contains(secret.trim_start_matches(TOKEN_PREFIX)));
        passes.add_token(serde_json::from_str(&kept).unwrap());
        let (pass, _) = passes.find(&secret, now).unwrap();
        assert!(pass.who == anna() && !pass.is_session() && pass.mark() == [1; 8]);
        assert!(passes.find(&row.hash, now).is_none());
        assert_eq!(passes.tokens(now).len(), 1);
        assert!(passes.find(&secret, now + day).is_none() && passes.tokens(now + day).is_empty());
        passes.end_token(&row.id);
        assert!(passes.find(&secret, now).is_none());
        // Listed, not handed to a new file, and not brought back by what was kept.
        passes.add_token(row.clone());
        assert!(passes.find(&secret, now).is_none());
        assert_eq!(passes.tokens(now).len(), 1);
        assert!(passes.tokens_in_force(now).is_empty());
        passes.forget_token(&row.id);
        assert!(passes.tokens(now).is_empty());
    }
}
