//! Passwords. Each is tried by Argon2id on a thread that may block, one at a time, whoever's it is and whether or not there
//! is such an account: a flood of log-ins costs no more than one processor, and the time that an answer takes says nothing.

use crate::office::{Account, Proof};
use crate::turns::{TooMany, Turns};
use argon2::Argon2;
use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sip_core::digest::{Algorithm, Ha1};
use std::fmt;
use std::str::FromStr;

/// Tried at once: the rest of the processors is for calls.
const AT_ONCE: usize = 1;
/// Waiting for their turn: a second or two of them. More are turned away.
const WAITING_MAX: usize = 16;
/// Most memory that a hash may ask for, in KiB: three times what is advised.
const MEMORY_KIB_MAX: u32 = 65_536;
/// Most rounds that a hash may ask for.
const ROUNDS_MAX: u32 = 8;
/// Argon2id of nothing anybody knows, by the parameters that are advised (OWASP: 19 MiB, two rounds): tried where there is no
/// hash to try.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$b25seWZvcnRpbWluZ3M$5JbQvJc3n3dMvT6p2rM0q5p2Z3Yb0m2mQnYH0m3Xl0A";

/// An Argon2id hash as it is written: `$argon2id$v=19$m=19456,t=2,p=1$…`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PasswordHash(Box<str>);

/// A text that is no hash that can be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected an Argon2id hash with at most {MEMORY_KIB_MAX} KiB and {ROUNDS_MAX} rounds, as `kolapp secret --web` prints it"
)]
pub struct UnusableHash;

impl FromStr for PasswordHash {
    type Err = UnusableHash;

    fn from_str(text: &str) -> Result<PasswordHash, UnusableHash> {
        let hash = phc::PasswordHash::new(text).map_err(|_| UnusableHash)?;
        let params = argon2::Params::try_from(&hash).map_err(|_| UnusableHash)?;
        let bounded = params.m_cost() <= MEMORY_KIB_MAX && params.t_cost() <= ROUNDS_MAX;
        let is_id = hash.algorithm == argon2::ARGON2ID_IDENT;
        match bounded && is_id && hash.hash.is_some() && hash.salt.is_some() {
            true => Ok(PasswordHash(text.into())),
            false => Err(UnusableHash),
        }
    }
}

impl TryFrom<String> for PasswordHash {
    type Error = UnusableHash;

    fn try_from(text: String) -> Result<PasswordHash, UnusableHash> {
        text.parse()
    }
}

impl From<PasswordHash> for String {
    fn from(hash: PasswordHash) -> String {
        hash.0.into()
    }
}

impl PasswordHash {
    /// The hash of a password, with this salt.
    pub fn of(password: &str, salt: &[u8; 16]) -> Result<PasswordHash, UnusableHash> {
        use argon2::password_hash::PasswordHasher;
        let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), salt);
        let hash: phc::PasswordHash = hash.map_err(|_| UnusableHash)?;
        Ok(PasswordHash(hash.to_string().into()))
    }

    /// As it is written. Not for logs.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_of(&self, password: &str) -> bool {
        let hash = phc::PasswordHash::new(&self.0);
        hash.is_ok_and(|hash| {
            let tried = Argon2::default().verify_password(password.as_bytes(), &hash);
            tried.is_ok()
        })
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash")
    }
}

impl Proof {
    /// A mark of what the account is proven by: another one when the password is changed.
    pub(crate) fn mark(&self) -> [u8; 8] {
        let text = match self {
            Proof::Digest { ha1, .. } => ha1.as_hex(),
            Proof::Web(hash) => hash.as_str(),
        };
        let mut mark = [0; 8];
        mark.copy_from_slice(&Sha256::digest(text.as_bytes())[..8]);
        mark
    }
}

/// Whether it is the account's password. Takes as long for one as for the other.
fn proves(account: Option<&Account>, password: &str) -> bool {
    let nobody = || PasswordHash(NOBODY.into());
    match account.map(|account| &account.proof) {
        Some(Proof::Web(hash)) => hash.is_of(password),
        Some(Proof::Digest { user, realm, ha1 }) => {
            nobody().is_of(password);
            let given = Ha1::of(Algorithm::Sha256, user, realm, password);
            // Hashes of both, so that how far they are alike says nothing.
            let hashed = |ha1: &Ha1| Sha256::digest(ha1.as_hex().as_bytes());
            hashed(&given) == hashed(ha1)
        }
        None => {
            nobody().is_of(password);
            false
        }
    }
}

/// Where passwords are tried, one after the other.
pub(crate) fn trials() -> Turns {
    Turns::new(AT_ONCE, WAITING_MAX)
}

/// The account back, if it is its password.
pub(crate) async fn prove(
    trials: &Turns,
    account: Option<Account>,
    password: String,
) -> Result<Option<Account>, TooMany> {
    let tried = trials.take(move || {
        let proven = proves(account.as_ref(), &password);
        account.filter(|_| proven)
    });
    tried.await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::office::Who;
    use control::Principal;

    fn account(proof: Proof) -> Account {
        Account {
            who: Who::Operator("operator".into()),
            principal: Principal::Operator,
            display_name: None,
            proof,
        }
    }

    #[test]
    fn what_is_tried_for_nobody_is_a_hash_like_any_other() {
        assert!(NOBODY.parse::<PasswordHash>().is_ok());
        assert!(!proves(None, "x"));
    }

    #[test]
    fn a_password_proves_its_own_account_by_its_hash_or_by_the_phones() {
        let hash = PasswordHash::of("demo-operator", b"sixteen bytes ok").unwrap();
        assert_eq!(hash.as_str().parse(), Ok(hash.clone()));
        let operator = account(Proof::Web(hash));
        assert!(proves(Some(&operator), "demo-operator"));
        assert!(!proves(Some(&operator), "demo-operato"));
        let phone = account(Proof::Digest {
            user: "anna".into(),
            realm: "demo.localhost".into(),
            ha1: Ha1::of(Algorithm::Sha256, "anna", "demo.localhost", "demo-anna"),
        });
        assert!(proves(Some(&phone), "demo-anna"));
        assert!(!proves(Some(&phone), "demo-bosse"));
        assert_ne!(operator.proof.mark(), phone.proof.mark());
    }

    #[test]
    fn a_hash_that_would_cost_too_much_or_is_of_another_kind_is_none() {
        for text in [
            "",
            "demo-anna",
            "$argon2i$v=19$m=19456,t=2,p=1$b25seWZvcnRpbWluZ3M$5JbQvJc3n3dMvT6p2rM0q5p2Z3Yb0m2mQnYH0m3Xl0A",
            "$argon2id$v=19$m=1048576,t=2,p=1$b25seWZvcnRpbWluZ3M$5JbQvJc3n3dMvT6p2rM0q5p2Z3Yb0m2mQnYH0m3Xl0A",
            "$argon2id$v=19$m=19456,t=900,p=1$b25seWZvcnRpbWluZ3M$5JbQvJc3n3dMvT6p2rM0q5p2Z3Yb0m2mQnYH0m3Xl0A",
        ] {
            assert_eq!(text.parse::<PasswordHash>(), Err(UnusableHash), "{text}");
        }
    }
}
