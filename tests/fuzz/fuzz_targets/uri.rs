//! Any bytes are a URI or none; a URI is written so that it reads the same, and is equivalent to itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sip_core::Uri;

fuzz_target!(|data: &[u8]| {
    let Ok(uri) = Uri::parse(data) else {
        return;
    };
    let written = uri.to_string();
    let again: Uri = written.parse().expect("what was written reads");
    assert_eq!(again, uri, "{written}");
    assert!(again.is_equivalent(&uri));
    let _address = uri.socket_addr();
});
