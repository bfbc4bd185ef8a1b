//! Nonces that carry their own proof, and the window of counts that finds a replay.

use super::Hex;
use crate::guard::Source;
use base::Time;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::fmt;
use std::time::Duration;

/// Bytes of the proof within a nonce: 128 bits can't be guessed, and the nonce stays short.
const PROOF_BYTES: usize = 16;
/// Time and random number, eight bytes each, before the proof.
const CLAIM_BYTES: usize = 16;
const NONCE_BYTES: usize = CLAIM_BYTES + PROOF_BYTES;

/// The secret behind our nonces: random, and new with each process, since times within nonces are those
/// of the process's clock.
#[derive(Clone)]
pub struct NonceKey(Hmac<Sha256>);

/// To whom a nonce is given. In another realm, or from another source, it is none of ours: so one
/// organisation's is worth nothing to another's users, and nobody is blamed for an answer that he could not
/// have given, since he never got the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder<'a> {
    /// The realm of its challenge.
    pub realm: &'a str,
    /// Where the challenge went.
    pub source: Source,
}

/// Which of our nonces one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NonceId {
    /// When it was issued.
    pub issued_at: Time,
    /// Tells it from others of the same microsecond.
    pub random: u64,
}

/// Why a nonce won't do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NonceFault {
    /// Not one of ours, of another process's time, or given to somebody else.
    #[error("expected a nonce issued here to the same holder, got another")]
    Forged,
    /// Ours, but older than its lifetime: the answer is a new challenge with `stale=true`.
    #[error("expected a nonce within its lifetime, got one past it")]
    Expired,
}

impl NonceKey {
    /// A key of random bytes.
    pub fn new(secret: [u8; 32]) -> NonceKey {
        let keyed = <Hmac<Sha256> as KeyInit>::new_from_slice(&secret);
        NonceKey(keyed.expect("HMAC takes any key"))
    }

    /// A new nonce: 64 hexadecimal digits that say when it was made and prove that we made it for `holder`.
    pub fn issue(&self, now: Time, random: u64, holder: &Holder<'_>) -> String {
        let mut nonce = [0; NONCE_BYTES];
        nonce[..8].copy_from_slice(&now.as_micros().to_be_bytes());
        nonce[8..CLAIM_BYTES].copy_from_slice(&random.to_be_bytes());
        let proof = self
            .proof(&nonce[..CLAIM_BYTES], holder)
            .finalize()
            .into_bytes();
        nonce[CLAIM_BYTES..].copy_from_slice(&proof[..PROOF_BYTES]);
        Hex::of(&nonce).as_str().to_owned()
    }

    /// Whether `nonce` is ours, was given to `holder` and is not older than `lifetime`.
    pub fn check(
        &self,
        now: Time,
        nonce: &str,
        lifetime: Duration,
        holder: &Holder<'_>,
    ) -> Result<NonceId, NonceFault> {
        let bytes = from_hex(nonce).ok_or(NonceFault::Forged)?;
        let (claim, proof) = bytes.split_at(CLAIM_BYTES);
        self.proof(claim, holder)
            .verify_truncated_left(proof)
            .map_err(|_| NonceFault::Forged)?;
        let number = |bytes: &[u8]| {
            u64::from_be_bytes(bytes.try_into().expect("half of a claim is eight bytes"))
        };
        let id = NonceId {
            issued_at: Time::from_micros(number(&claim[..8])),
            random: number(&claim[8..]),
        };
        if now.since(id.issued_at) > lifetime {
            return Err(NonceFault::Expired);
        }
        Ok(id)
    }

    /// Claim and source have their lengths, so what follows them can't be shifted into them.
    fn proof(&self, claim: &[u8], holder: &Holder<'_>) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(claim);
        mac.update(&holder.source.number().to_be_bytes());
        mac.update(holder.realm.as_bytes());
        mac
    }
}

impl fmt::Debug for NonceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NonceKey(…)")
    }
}

/// Upper-case digits are refused, so that one nonce has one spelling.
fn from_hex(text: &str) -> Option<[u8; NONCE_BYTES]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    if text.len() != 2 * NONCE_BYTES {
        return None;
    }
    let mut bytes = [0; NONCE_BYTES];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// The counts one nonce has been used with. Counts may come a little out of order, as datagrams do; none
/// is taken twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NonceUse {
    highest: u32,
    /// Bit n is set when `highest - n` has been used.
    used: u64,
}

impl NonceUse {
    /// Takes `nc` if it is new: above zero, not used before, not more than 63 below the highest.
    pub fn accept(&mut self, nc: u32) -> bool {
        if nc > self.highest {
            let ahead = nc - self.highest;
            self.used = self.used.checked_shl(ahead).unwrap_or(0) | 1;
            self.highest = nc;
            return true;
        }
        let behind = self.highest - nc;
        if nc == 0 || behind >= u64::BITS || self.used & 1 << behind != 0 {
            return false;
        }
        self.used |= 1 << behind;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFETIME: Duration = Duration::from_secs(300);
    const HOLDER: Holder<'_> = Holder {
        realm: "demo.localhost",
        source: Source::V6(1),
    };

    #[test]
    fn a_nonce_of_ours_is_known_until_its_lifetime_is_over() {
        let key = NonceKey::new([7; 32]);
        let issued_at = Time::from_millis(1_000);
        let nonce = key.issue(issued_at, 42, &HOLDER);
        let id = NonceId {
            issued_at,
            random: 42,
        };
        assert_eq!(key.check(issued_at, &nonce, LIFETIME, &HOLDER), Ok(id));
        assert_eq!(
            key.check(issued_at + LIFETIME, &nonce, LIFETIME, &HOLDER),
            Ok(id)
        );
        let late = issued_at + LIFETIME + Duration::from_micros(1);
        assert_eq!(
            key.check(late, &nonce, LIFETIME, &HOLDER),
            Err(NonceFault::Expired)
        );
    }

    #[test]
    fn a_nonce_with_any_digit_changed_is_forged() {
        let key = NonceKey::new([7; 32]);
        let nonce = key.issue(Time::ZERO, 1, &HOLDER);
        for at in 0..nonce.len() {
            let mut changed = nonce.clone().into_bytes();
            changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(
                key.check(Time::ZERO, &changed, LIFETIME, &HOLDER),
                Err(NonceFault::Forged)
            );
        }
        let other = NonceKey::new([8; 32]);
        let foreign = [
            &*nonce.to_uppercase(),
            "",
            &"å".repeat(32),
            &nonce[1..],
            &other.issue(Time::ZERO, 1, &HOLDER),
        ]
        .map(|nonce| key.check(Time::ZERO, nonce, LIFETIME, &HOLDER));
        assert_eq!(foreign, [Err(NonceFault::Forged); 5]);
    }

    #[test]
    fn a_nonce_is_worth_nothing_in_another_realm_or_from_elsewhere() {
        let key = NonceKey::new([7; 32]);
        let nonce = key.issue(Time::ZERO, 1, &HOLDER);
        let check = |holder| key.check(Time::ZERO, &nonce, LIFETIME, &holder);
        assert!(check(HOLDER).is_ok());
        for realm in ["", "demo.localhos", "other.example"] {
            assert_eq!(check(Holder { realm, ..HOLDER }), Err(NonceFault::Forged));
        }
        let source = Source::V6(2);
        assert_eq!(check(Holder { source, ..HOLDER }), Err(NonceFault::Forged));
    }

    #[test]
    fn a_count_is_taken_once_also_out_of_order_and_never_zero() {
        let mut uses = NonceUse::default();
        assert!(!uses.accept(0));
        let order = [1, 3, 2, 5, 4];
        assert!(order.iter().all(|&nc| uses.accept(nc)));
        assert!(!order.iter().any(|&nc| uses.accept(nc)));
        assert!(!uses.accept(0));
    }

    #[test]
    fn a_count_below_the_window_is_refused_and_a_leap_empties_it() {
        let mut uses = NonceUse::default();
        assert!(uses.accept(100));
        assert!(uses.accept(37));
        assert!(!uses.accept(36));
        assert!(uses.accept(u32::MAX));
        assert!(!uses.accept(100));
        assert!(!uses.accept(u32::MAX));
        assert!(uses.accept(u32::MAX - 63));
        assert!(!uses.accept(u32::MAX - 64));
    }
}
