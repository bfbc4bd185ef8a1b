//! Who calls, as providers say and are told, with SIPp as the provider.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;
use tests::peers::{Running, Sipp};
use tests::phone::Phone;
use tests::server::{Server, Setup};

const SOON: Duration = Duration::from_secs(5);
const OUTSIDE: &str = "070-1234567";

/// Whether the demo and its provider believe each other.
#[derive(Clone, Copy, Debug)]
enum Provider {
    Trusted,
    Other,
}

/// The demo with a provider at one of the server's other ports; anna shows no number outside.
fn demo(provider: Provider) -> Server {
    let setup = Setup::demo()
        .set("organisation.plan", "\"home\"")
        .set("organisation.caller_id", "\"+46850001000\"")
        .set("users.anna.caller_id", "\"withheld\"")
        .set(
            "numbers",
            "{ \"+46850001000\" = { queue = \"support\" }, \"+46850001001\" = { menu = \"main\" }, \
             \"+46850001008\" = { user = \"anna\" }, \"+46850001009\" = { outside = \"+46701234567\" } }",
        );
    let setup = match provider {
        Provider::Trusted => setup.set("trunks.provider.trusted", "true"),
        Provider::Other => setup,
    };
    let port = setup.other_port(1);
    setup
        .set("trunks.provider.address", &format!("\"127.0.0.1:{port}\""))
        .set("trunks.provider.diversion", "\"both\"")
        .add(
            "plans.toml",
            "[plans.home]\nallow = [\"national\", \"mobile\"]\n",
        )
        .start()
}

fn provider(server: &Server, scenario: &'static str) -> Running {
    Sipp::new(server, scenario).port(1).start()
}

#[test]
fn a_caller_who_shows_no_number_is_named_to_a_trusted_provider_and_to_no_other() {
    for (kind, scenario) in [
        (Provider::Trusted, "provider_is_told_who_calls"),
        (Provider::Other, "provider_is_told_nothing"),
    ] {
        let server = demo(kind);
        let provider = provider(&server, scenario);
        let anna = Phone::agent(&server, "anna");
        let mut calling = anna.call(OUTSIDE);
        calling.expect_answer(SOON);
        calling.hang_up();
        provider.expect_success();
        server.wait_idle(SOON);
    }
}

// Changes: trunks.trusted
#[test]
fn a_phone_shows_whom_a_trusted_provider_asserts_and_nobody_who_wants_that() {
    const FROM: &str = "46701111111";
    const ASSERTED: &str = "46702222222";
    for (kind, privacy, shown, hidden) in [
        (Provider::Trusted, "none", ASSERTED, FROM),
        (Provider::Other, "none", FROM, ASSERTED),
        (Provider::Trusted, "id", "anonymous.invalid", "4670"),
        (Provider::Other, "header;id", "anonymous.invalid", "4670"),
    ] {
        let server = demo(kind);
        let anna = Phone::agent(&server, "anna");
        let calling = Sipp::new(&server, "provider_asserts")
            .key("number", "+46850001008")
            .key("privacy", privacy)
            .start();
        let mut call = anna.incoming(SOON);
        let invite = String::from_utf8(call.invite().to_bytes()).unwrap();
        let from = call.invite().header("From").unwrap();
        assert!(from.contains(shown), "{kind:?} {privacy}: {from}");
        assert!(!invite.contains(hidden), "{kind:?} {privacy}: {invite}");
        call.ring();
        call.answer();
        call.expect_bye(SOON);
        calling.expect_success();
        server.wait_idle(SOON);
    }
}

#[test]
fn a_call_sent_on_says_from_where_and_a_busy_number_is_busy_whatever_the_provider_calls_it() {
    let server = demo(Provider::Trusted);
    let provider = provider(&server, "provider_says_busy_by_cause");
    let caller = Phone::outside(&server, "+46703333333");
    assert_eq!(caller.call("+46850001009").answered(SOON), 486);
    server.wait_log("Q.850;cause=17");
    provider.expect_success();
    server.wait_idle(SOON);
}
