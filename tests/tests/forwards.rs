//! People's calls that go elsewhere: forwarded, transferred and redirected, within the house and out of it.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;
use tests::peers::{Running, Sipp};
use tests::phone::{DOMAIN, Phone};
use tests::server::{Server, Setup};

const SOON: Duration = Duration::from_secs(5);

/// The demo with a plan for whoever has it, and with one trunk out to the server's other port 1.
fn with_trunk() -> Setup {
    let setup = Setup::demo().set("organisation.caller_id", "\"+46850001000\"");
    let port = setup.other_port(1);
    let text = format!(
        "[plans.home]\nallow = [\"mobile\"]\nfollow_redirects = true\n\
         [trunks.out]\naddress = \"127.0.0.1:{port}\"\n"
    );
    setup.add("trunks.toml", &text)
}

fn provider(server: &Server) -> Running {
    Sipp::new(server, "agent_answers")
        .port(1)
        .pause(Duration::from_millis(50))
        .start()
}

// Changes: users.forward, users.forward.no_answer, users.forward.busy, users.forward.no_answer_after
#[test]
fn a_call_is_forwarded_to_a_colleague_when_nobody_answers_and_when_busy() {
    let server = Setup::demo()
        .set(
            "users.bosse.forward",
            "{ no_answer = \"103\", busy = \"103\", no_answer_after = \"1s\" }",
        )
        .start();
    let anna = Phone::agent(&server, "anna");
    let bosse = Phone::agent(&server, "bosse");
    let cecilia = Phone::agent(&server, "cecilia");
    for busy in [false, true] {
        let mut calling = anna.call("102");
        let mut called = bosse.incoming(SOON);
        match busy {
            false => {
                called.ring();
                called.expect_cancel(SOON);
            }
            true => called.refuse(486),
        }
        let mut last = cecilia.incoming(SOON);
        last.answer();
        calling.expect_answer(SOON);
        calling.hang_up();
        last.expect_bye(SOON);
        server.wait_idle(SOON);
    }
}

// Changes: users.forward.always, users.plan
#[test]
fn a_caller_from_outside_is_forwarded_to_a_mobile_on_the_account_of_whoever_forwards() {
    let forward = "{ always = \"070-1234567\" }";
    let setup = || with_trunk().set("users.bosse.forward", forward);
    let number = "+46850001077";
    let numbers = "[numbers]\n\"+46850001077\" = { user = \"bosse\" }\n";
    let server = setup()
        .set("users.bosse.plan", "\"home\"")
        .add("more.toml", numbers)
        .start();
    let provider = provider(&server);
    let caller = Phone::outside(&server, "+46709999999");
    let mut calling = caller.call(number);
    calling.expect_answer(SOON);
    calling.hang_up();
    provider.expect_success();
    server.wait_idle(SOON);
    drop(server);

    let server = setup().add("more.toml", numbers).start();
    let caller = Phone::outside(&server, "+46709999999");
    assert_eq!(caller.call(number).answered(SOON), 403, "he may not");
    server.wait_log("no-plan");
    server.wait_idle(SOON);
}

#[test]
fn who_may_call_outside_sends_the_one_he_talks_with_there_and_who_may_not_gets_403() {
    let server = with_trunk().set("users.bosse.plan", "\"home\"").start();
    let provider = provider(&server);
    let anna = Phone::agent(&server, "anna");
    let bosse = Phone::agent(&server, "bosse");
    let mut calling = anna.call("102");
    let mut called = bosse.incoming(SOON);
    called.answer();
    calling.expect_answer(SOON);
    let mobile = format!("sip:070-1234567@{DOMAIN}");
    assert_eq!(calling.refer(&mobile).status(), 403, "anna has no plan");
    assert_eq!(called.refer(&mobile).status(), 202);
    called.expect_notified(200, SOON);
    called.expect_bye(SOON);
    calling.hang_up();
    provider.expect_success();
    server.wait_idle(SOON);
}

// Changes: place.outside, groups.members, organisation.plan
#[test]
fn a_group_rings_a_mobile_beside_a_colleague_and_a_number_leads_to_one() {
    let group = "[groups.reception]\nextension = \"2000\"\nmembers = [\"cecilia\", \"070-1234567\"]\n\
                 [numbers]\n\"+46850001077\" = { outside = \"070-1234567\" }\n";
    let server = with_trunk()
        .set("organisation.plan", "\"home\"")
        .add("more.toml", group)
        .start();
    let mobile = Sipp::new(&server, "agent_answers").port(1).calls(2).start();
    let anna = Phone::agent(&server, "anna");
    let cecilia = Phone::agent(&server, "cecilia");
    let mut calling = anna.call("2000");
    let mut other = cecilia.incoming(SOON);
    other.ring();
    calling.expect_answer(SOON);
    other.expect_cancel(SOON);
    calling.hang_up();
    server.wait_idle(SOON);
    let caller = Phone::outside(&server, "+46709999999");
    let mut calling = caller.call("+46850001077");
    calling.expect_answer(SOON);
    calling.hang_up();
    mobile.expect_success();
    server.wait_idle(SOON);
}
