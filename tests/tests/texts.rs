//! Text messages between phones.

#![allow(clippy::unwrap_used, reason = "a test")]

use tests::phone::Phone;
use tests::random;
use tests::server::Server;
use tests::sip::Msg;

fn text(from: &Phone, target: &str) -> Msg {
    from.new_request(
        "MESSAGE",
        &format!("sip:{target}@demo.localhost"),
        &random::token(),
        1,
    )
    .with_body("text/plain", "hej")
}

#[test]
fn a_text_reaches_a_colleague_s_phone_and_nobody_s_without_a_password() {
    let server = Server::demo();
    let anna = Phone::agent(&server, "anna");
    let bosse = Phone::agent(&server, "bosse");
    // The phone knows no texts and says so (481): the sender is told that it was not taken.
    assert_eq!(anna.request(&text(&anna, "102")).status(), 480);
    assert!(
        bosse.trace().contains("<- MESSAGE sip:bosse@"),
        "{}",
        bosse.trace()
    );
    assert_eq!(anna.request(&text(&anna, "999")).status(), 404);
    assert_eq!(
        anna.request_without_credentials(&text(&anna, "102"))
            .status(),
        401
    );
    let stranger = Phone::outside(&server, "+46701234567");
    assert!([401, 403].contains(&stranger.request(&text(&stranger, "102")).status()));
}
