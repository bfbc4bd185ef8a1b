//! As whom a caller is known again: what the installation's secret key makes of his number. Who talked with whom is kept
//! for months, and there are so few numbers that whoever has a hash without a key finds the number by trying all.

use crate::identity::is_nobody;
use crate::outward::Numbering;
use acd::KnownAs;
use base::OrgId;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;

/// What stands in place of an organisation's name and a caller's number where a key tells its mark.
const MARK: &[u8] = b"mark";

/// The secret by which callers are known again. In its debug form nothing of it shows.
#[derive(Clone, PartialEq, Eq)]
pub struct CallersKey([u8; CallersKey::BYTES]);

impl CallersKey {
    /// Bytes of a key: as many as its hash has (RFC 2104 §3).
    pub const BYTES: usize = 32;

    /// A key of random bytes.
    pub fn new(secret: [u8; CallersKey::BYTES]) -> CallersKey {
        CallersKey(secret)
    }

    /// As whom a caller of that organisation is known again: by his number, whichever way his network writes it. One who shows
    /// none is not. Nobody tells that two organisations have the same caller.
    pub fn known_as(&self, org: &OrgId, numbering: &Numbering, number: &str) -> Option<KnownAs> {
        if is_nobody(number) {
            return None;
        }
        let whole = numbering.caller(number);
        let number = whole.as_deref().unwrap_or(number);
        // No organisation's name has this byte, so what is before it can't be shifted over it.
        Some(KnownAs(self.hash(&[
            org.as_str().as_bytes(),
            &[0],
            number.as_bytes(),
        ])))
    }

    /// Tells this key from others, and nothing more of it: kept beside what it made.
    pub fn mark(&self) -> u64 {
        self.hash(&[MARK])
    }

    /// Of 256 bits the first 64: among 100,000 callers no two are taken for each other.
    fn hash(&self, parts: &[&[u8]]) -> u64 {
        let keyed = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.0);
        let mut keyed = keyed.expect("HMAC takes any key");
        parts.iter().for_each(|part| keyed.update(part));
        let whole = keyed.finalize().into_bytes();
        whole[..8]
            .iter()
            .fold(0, |hash, byte| hash << 8 | u64::from(*byte))
    }
}

impl fmt::Debug for CallersKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallersKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::ANONYMOUS;

    #[test]
    fn a_caller_is_known_again_however_his_network_writes_him_and_one_who_hides_is_not() {
        let numbering = Numbering::of("SE", Some("08")).unwrap();
        let (key, org) = (CallersKey::new([1; 32]), OrgId::new("demo").unwrap());
        let known = |number| key.known_as(&org, &numbering, number);
        let his = known("+46701234567");
        assert!(his.is_some());
        for written in ["0701234567", "46701234567"] {
            assert_eq!(known(written), his, "{written}");
        }
        assert_ne!(known("0701234568"), his);
        assert!(
            known("101").is_some_and(|it| Some(it) != his),
            "a colleague"
        );
        for hidden in ["", ANONYMOUS, "Restricted"] {
            assert_eq!(known(hidden), None, "{hidden}");
        }
    }

    #[test]
    fn under_another_key_and_in_another_organisation_the_same_number_is_somebody_else() {
        let numbering = Numbering::of("SE", Some("08")).unwrap();
        let keys = [1, 2].map(|byte| CallersKey::new([byte; 32]));
        let orgs = ["demo", "other"].map(|name| OrgId::new(name).unwrap());
        let mut all = Vec::new();
        for key in &keys {
            all.push(Some(KnownAs(key.mark())));
            all.extend(
                orgs.iter()
                    .map(|org| key.known_as(org, &numbering, "+46701234567")),
            );
        }
        let apart: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(apart.len(), all.len(), "{all:?}");
        assert_eq!(format!("{:?}", keys[0]), "CallersKey");
    }

    #[test]
    fn it_is_hmac_with_sha_256() {
        // RFC 4231 §4.2, test case 1, of which the first half of the key is given here and the rest is noughts.
        let mut secret = [0; 32];
        secret[..20].fill(0x0b);
        let key = CallersKey::new(secret);
        assert_eq!(key.hash(&[b"Hi ", b"There"]), 0xb034_4c61_d8db_3853);
    }
}
