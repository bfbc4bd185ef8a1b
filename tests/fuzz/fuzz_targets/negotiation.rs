//! Offers and answers in any order between two of us, some of them lost or refused: nothing panics, nobody agrees on
//! what was not offered, and both see the same once an exchange has come through.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sip_core::{Direction, Format, Negotiation};

const DIRECTIONS: [Direction; 4] =
    [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive];

fuzz_target!(|data: &[u8]| {
    let formats = || vec![Format::new(8, "PCMA", 8_000), Format::new(0, "PCMU", 8_000)];
    let leg = |address: &str, events| Negotiation::new(1, address.parse().expect("an address"), formats(), events);
    let mut sides = [leg("192.0.2.1:30000", 101), leg("192.0.2.2:40000", 96)];
    for step in data.iter().take(64) {
        let (from, to) = (usize::from(step & 1), usize::from(!step & 1));
        let direction = DIRECTIONS[usize::from(step >> 1 & 3)];
        let wanted = DIRECTIONS[usize::from(step >> 3 & 3)];
        if sides[from].is_offering() {
            let before = sides[from].agreed().cloned();
            sides[from].cancel_offer();
            assert!(!sides[from].is_offering());
            assert_eq!(sides[from].agreed(), before.as_ref());
            continue;
        }
        if step & 0x20 != 0 {
            let encoding = if step & 0x40 != 0 { "PCMU" } else { "PCMA" };
            sides[from].prefer(encoding);
        }
        let offer = match step & 0x40 {
            0 => sides[from].offer(direction),
            _ => sides[from].offer_again(),
        };
        // Glare: whoever has an offer of his own under way answers none; or the offer is lost.
        if sides[to].is_offering() || step & 0x80 != 0 {
            continue;
        }
        let (answer, at_to) = sides[to].answer_to(&offer, wanted).expect("ours is understood");
        let at_from = sides[from].conclude(&answer).expect("and so is its answer");
        assert!(at_from.format.is_same_codec(&at_to.format));
        assert_eq!(at_from.direction, at_to.direction.reversed());
        assert!(!sides[from].is_offering());
    }
});
