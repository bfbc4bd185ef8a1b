//! Any text is credentials, a challenge or neither; what is read is written so that it reads the same, nobody is
//! believed who doesn't know the password, and no nonce is ours that we didn't make.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sip_core::Method;
use sip_core::digest::{Algorithm, Challenge, Credentials, Ha1, Holder, NonceKey};
use sip_core::guard::Source;
use std::time::Duration;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    // Control characters can't stand in a quoted string and are left out in writing.
    let plain = !text.chars().any(char::is_control);
    if let Ok(challenge) = Challenge::parse(text) {
        let again = Challenge::parse(&challenge.to_string()).expect("what was written reads");
        assert!(!plain || again == challenge);
        let method = Method::Register;
        let answer = Credentials::answer(&challenge, "anna", "secret", &method, "sip:a@b", 1, "c");
        let realm = &challenge.realm;
        let right = Ha1::of(challenge.algorithm, "anna", realm, "secret");
        assert_eq!(answer.verify(&method, &right), challenge.qop);
    }
    if let Ok(credentials) = Credentials::parse(text) {
        let written = credentials.to_string();
        let again = Credentials::parse(&written).expect("what was written reads");
        assert!(!plain || !credentials.qop || again == credentials);
        for algorithm in [Algorithm::Md5, Algorithm::Sha256] {
            let ha1 = Ha1::of(algorithm, &credentials.username, &credentials.realm, "secret");
            assert!(!credentials.verify(&Method::Register, &ha1));
        }
        let holder = Holder {
            realm: &credentials.realm,
            source: Source::V6(1),
        };
        let key = NonceKey::new([7; 32]);
        let now = Default::default();
        assert!(key.check(now, &credentials.nonce, Duration::MAX, &holder).is_err());
    }
});
