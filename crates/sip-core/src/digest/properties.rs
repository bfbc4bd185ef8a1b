//! What holds for every challenge, credentials and nonce, whatever strangers write into them.

use super::*;
use crate::guard::Source;
use crate::method::Method;
use base::Time;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::Duration;

/// Text as a peer may put in a quoted string: no control characters, which could end the line.
fn text() -> impl Strategy<Value = String> {
    "[^\\p{Cc}]{0,24}"
}

/// Pieces that a parser of this grammar cares about, in any order.
fn nearly_digest() -> impl Strategy<Value = String> {
    let pieces = [
        "Digest ",
        "digest",
        "username=",
        "realm=",
        "nonce=",
        "uri=",
        "response=",
        "qop=auth",
        "nc=",
        "cnonce=",
        "algorithm=",
        "MD5",
        "SHA-256",
        "00000001",
        "\"",
        "\\",
        ",",
        "=",
        " ",
        "\r\n ",
        "å",
        "stale=true",
        "\0",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..30)
        .prop_map(|pieces| format!("Digest {}", pieces.concat()))
}

proptest! {
    #[test]
    fn nothing_that_is_nearly_digest_breaks_the_readers(text in nearly_digest()) {
        if let Ok(read) = Challenge::parse(&text) {
            prop_assert_eq!(Challenge::parse(&read.to_string()), Ok(read));
        }
        if let Ok(read) = Credentials::parse(&text) {
            let written = read.to_string();
            prop_assert_eq!(Credentials::parse(&written), Ok(read));
        }
    }

    #[test]
    fn an_answer_survives_the_wire_and_proves_the_password_and_no_other(
        user in text(), realm in text(), nonce in text(), opaque in prop::option::of(text()),
        password in text(), other in text(), uri in text(), cnonce in text(),
        nc in any::<u32>(), is_sha in any::<bool>(),
    ) {
        let algorithm = if is_sha { Algorithm::Sha256 } else { Algorithm::Md5 };
        let mut challenge = Challenge::new(&realm, &nonce, algorithm);
        challenge.opaque = opaque.map(Into::into);
        let challenge = Challenge::parse(&challenge.to_string()).unwrap();
        let method = Method::Register;
        let made = Credentials::answer(&challenge, &user, &password, &method, &uri, nc, &cnonce);
        let written = made.to_string();
        let read = Credentials::parse(&written).unwrap();
        prop_assert_eq!(&read, &made);
        let proves = |password: &str| read.verify(&method, &Ha1::of(algorithm, &user, &realm, password));
        prop_assert!(proves(&password));
        prop_assert_eq!(proves(&other), other == password);
    }

    #[test]
    fn a_nonce_tells_its_time_and_no_stranger_is_believed(
        secret in any::<[u8; 32]>(), at in any::<u32>(), random in any::<u64>(), stranger in "[0-9a-f]{64}",
    ) {
        let key = NonceKey::new(secret);
        let issued_at = Time::from_millis(u64::from(at));
        let holder = Holder { realm: "demo.localhost", source: Source::V6(1) };
        let nonce = key.issue(issued_at, random, &holder);
        let id = NonceId { issued_at, random };
        prop_assert_eq!(key.check(issued_at, &nonce, Duration::ZERO, &holder), Ok(id));
        prop_assert_eq!(key.check(issued_at, &stranger, Duration::MAX, &holder), Err(NonceFault::Forged));
    }

    #[test]
    fn counts_are_taken_as_by_one_who_remembers_them_all(
        counts in prop::collection::vec(prop_oneof![0..200_u32, u32::MAX - 100..=u32::MAX], 0..300),
    ) {
        let (mut uses, mut seen, mut highest) = (NonceUse::default(), BTreeSet::new(), 0);
        for nc in counts {
            let is_new = nc > 0 && !seen.contains(&nc) && highest < u64::from(nc) + 64;
            prop_assert_eq!(uses.accept(nc), is_new, "{} after {:?}", nc, seen);
            if is_new {
                seen.insert(nc);
                highest = highest.max(u64::from(nc));
            }
        }
    }
}
