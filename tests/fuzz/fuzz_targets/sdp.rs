//! Any offer is answered or refused, any answer agreed on or refused; what we answer, we can read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sip_core::{Direction, Format, Negotiation};

fuzz_target!(|data: &[u8]| {
    let formats = || vec![Format::new(8, "PCMA", 8_000), Format::new(0, "PCMU", 8_000)];
    let leg = |address: &str| Negotiation::new(1, address.parse().expect("an address"), formats(), 101);

    let mut asked = leg("192.0.2.1:30000");
    let before = asked.clone();
    match asked.answer_to(data, Direction::SendRecv) {
        Ok((text, agreed)) => {
            assert!(agreed.rtp.port() != 0);
            assert_eq!(asked.answer_to(data, Direction::SendRecv), Ok((text, agreed)));
            let offer = asked.offer(Direction::SendOnly);
            let mut other = leg("198.51.100.1:4000");
            let (answer, _) = other.answer_to(&offer, Direction::SendRecv).expect("ours is understood");
            asked.conclude(&answer).expect("and so is its answer");
        }
        Err(_) => assert_eq!(asked, before),
    }

    let mut asking = leg("[2001:db8::1]:30000");
    let _offer = asking.offer(Direction::SendRecv);
    if let Ok(agreed) = asking.conclude(data) {
        assert_eq!(asking.agreed(), Some(&agreed));
    }
});
