//! Who comes in by HTTP beside the organisations' users: `[operators.<name>]`, who run the server. And what a password for
//! the web alone looks like, of operators and users: an Argon2id hash, since nobody computes it by telephone.

use crate::kinds::{Own, form};
use crate::problems::Problem;
use crate::section::Reading;
use crate::section::{Context, Entry, Section};
use crate::settings::operator;
use crate::source::Place;
use crate::tree::{Node, Value};
use base::{OrgId, UserId};
use sip_core::digest::{Algorithm, Ha1};
use std::collections::BTreeMap;

/// What operators' demo passwords are hashed with; no organisation has a domain without a dot or of this name.
pub const OPERATORS_REALM: &str = "operators";
/// What a password starts with that everybody may know.
const DEMO_PASSWORD: &str = "demo-";
/// Most memory that a hash may ask for, in KiB, and most rounds: a log-in must not cost the calls their time.
const MEMORY_KIB_MAX: u32 = 65_536;
const ROUNDS_MAX: u32 = 8;

/// What those who come in by HTTP are proven by, beside users' passwords.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebAccounts {
    /// Those who run the server.
    pub operators: BTreeMap<Box<str>, OperatorProof>,
    /// Users who have a password of their own for the web: its Argon2id hash.
    pub users: BTreeMap<UserId, Box<str>>,
}

/// What an operator is proven by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperatorProof {
    /// An Argon2id hash.
    Hash(Box<str>),
    /// A demo's password, hashed with [`OPERATORS_REALM`].
    Demo(Ha1),
}

/// An Argon2id hash, as it is written.
pub(crate) const PASSWORD_HASH: Own<Box<str>> = Own {
    words: "hash",
    schema: || form(r"^\$argon2id\$v=19\$m=[0-9]+,t=[0-9]+,p=1\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$"),
    read: password_hash,
};

/// An operator, read.
pub(crate) struct Operator {
    pub(crate) name: Box<str>,
    pub(crate) proof: OperatorProof,
    /// Where his password stands that everybody may know.
    pub(crate) demo: Option<Place>,
}

pub(crate) fn read(entry: Entry<'_>, context: &mut Context<'_>) -> Option<Operator> {
    let (name, place, node) = entry;
    // As users are named; the organisation is none of it.
    let named = OrgId::new(name);
    if let Err(error) = &named {
        let problem = format!("operator {error}");
        context.add(Problem::new(place, problem).mend("choose another name"));
    }
    let what = format!("operator `{name}`");
    let mut section = context.told(Section::of(what, node, &operator::HEADING))?;
    let start = section.place();
    let password = section.take(&operator::PASSWORD, context);
    let hash = section.take(&operator::PASSWORD_HASH, context);
    section.finish(context);
    named.ok()?;
    let problem = match (password, hash) {
        (None, Some(hash)) => {
            return Some(Operator {
                name: name.into(),
                proof: OperatorProof::Hash(hash.value),
                demo: None,
            });
        }
        (Some(password), None) if password.value.starts_with(DEMO_PASSWORD) => {
            let ha1 = Ha1::of(Algorithm::Sha256, name, OPERATORS_REALM, &password.value);
            return Some(Operator {
                name: name.into(),
                proof: OperatorProof::Demo(ha1),
                demo: Some(password.place),
            });
        }
        (Some(password), None) => Problem::new(
            password.place,
            format!("operator `{name}` has a password that is no demo's, where it can be read"),
        )
        .mend("run kolapp secret --web, and write the line that it prints instead"),
        (Some(password), Some(_)) => Problem::new(
            password.place,
            format!("operator `{name}` has a password beside its hash"),
        )
        .mend("remove the password"),
        (None, None) => Problem::new(start, format!("operator `{name}` has no `password_hash`"))
            .mend("run kolapp secret --web, and write the line that it prints here"),
    };
    context.add(problem);
    None
}

fn password_hash(node: &Node) -> Reading<Box<str>> {
    match &node.value {
        Value::Text(text) if is_bounded_hash(text) => Ok(text.as_str().into()),
        _ => {
            // It isn't repeated in the error: it may be right in all but one sign.
            let problem = format!(
                "expected an Argon2id hash with at most {MEMORY_KIB_MAX} KiB and {ROUNDS_MAX} rounds, in quotes"
            );
            let mend = "write what kolapp secret --web prints";
            Err(vec![Problem::new(node.place, problem).mend(mend)])
        }
    }
}

/// `$argon2id$v=19$m=…,t=…,p=1$salt$hash`, that costs no more than it may.
fn is_bounded_hash(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("$argon2id$v=19$") else {
        return false;
    };
    let parts: Vec<&str> = rest.split('$').collect();
    let [params, salt, hash] = parts[..] else {
        return false;
    };
    let params: Vec<&str> = params.split(',').collect();
    let [memory, rounds, "p=1"] = params[..] else {
        return false;
    };
    let number = |text: &str, name| {
        text.strip_prefix(name)
            .and_then(|it| it.parse::<u32>().ok())
    };
    let base64 = |text: &str| {
        let sign = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'+' | b'/');
        text.bytes().all(sign)
    };
    number(memory, "m=").is_some_and(|it| (8..=MEMORY_KIB_MAX).contains(&it))
        && number(rounds, "t=").is_some_and(|it| (1..=ROUNDS_MAX).contains(&it))
        // 16 bytes and 32, in base 64 without what fills it up: as it is printed.
        && (salt.len(), hash.len()) == (22, 43)
        && base64(salt)
        && base64(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_argon2id_and_costs_no_more_than_it_may() {
        let hash = |params: &str| {
            format!(
                "$argon2id$v=19${params}$AAAAAAAAAAAAAAAAAAAAAA$5JbQvJc3n3dMvT6p2rM0q5p2Z3Yb0m2mQnYH0m3Xl0A"
            )
        };
        assert!(is_bounded_hash(&hash("m=19456,t=2,p=1")));
        for params in [
            "m=19456,t=2,p=2",
            "m=65537,t=2,p=1",
            "m=19456,t=9,p=1",
            "t=2,m=19456,p=1",
        ] {
            assert!(!is_bounded_hash(&hash(params)), "{params}");
        }
        assert!(!is_bounded_hash("demo-operator"));
        assert!(!is_bounded_hash(&hash("m=19456,t=2,p=1")[1..]));
        assert!(!is_bounded_hash(&format!("{}A", hash("m=19456,t=2,p=1"))));
    }
}
