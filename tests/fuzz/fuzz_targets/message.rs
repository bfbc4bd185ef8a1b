//! Any datagram is a message or a refusal; a message has headers that can be asked for, and is written so that it
//! reads the same; a refusal's answer is itself a message.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use sip_core::{Contacts, HeaderName, Headers, Limits, Message, NameAddr, Via, parse_datagram};

fuzz_target!(|data: &[u8]| {
    let limits = Limits::default();
    match parse_datagram(Bytes::copy_from_slice(data), &limits) {
        Ok(message) => {
            ask_everything(message.headers());
            let written = message.to_bytes();
            // What is written in full forms may be longer than what was read in compact ones.
            if written.len() <= limits.message_bytes {
                let again = parse_datagram(written, &limits).expect("what was written reads");
                assert_eq!(again, message);
            }
            if let Message::Request(request) = &message {
                let response = request.response_with_tag(sip_core::StatusCode::RINGING, "tag");
                assert!(parse_datagram(response.to_bytes(), &limits).is_ok());
            }
        }
        Err(refused) => {
            if let Some(response) = refused.response {
                assert!(response.status.code() >= 400);
                assert!(response.to_bytes().len() < 2 * data.len() + 512);
            }
        }
    }
});

fn ask_everything(headers: &Headers) {
    let _max_forwards = headers.max_forwards();
    let _call_id = headers.call_id();
    let _cseq = headers.cseq();
    let _expires = headers.expires();
    let _content_type = headers.content_type();
    for via in headers.vias().unwrap_or_default() {
        let (_received, _rport, _branch) = (via.received(), via.rport(), via.branch());
        assert_eq!(Via::parse(via.to_string().as_bytes()), Some(via));
    }
    if let Ok(Contacts::List(contacts)) = headers.contacts() {
        contacts.iter().for_each(reads_back);
    }
    for one in [headers.from(), headers.to()].into_iter().flatten() {
        reads_back(&one);
    }
    for name in HeaderName::KNOWN {
        headers.name_addrs(name).unwrap_or_default().iter().for_each(reads_back);
        let _tokens = headers.tokens(name);
        for credentials in headers.credentials(name) {
            let _written = credentials.to_string();
        }
        for challenge in headers.challenges(name) {
            let _written = challenge.to_string();
        }
    }
}

fn reads_back(address: &NameAddr) {
    let written = address.to_string();
    assert_eq!(NameAddr::parse(written.as_bytes()).as_ref(), Ok(address), "{written}");
}
