//! Callers who would rather be called back: what they key, what they hear, and that what they were promised is there.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;
use tests::hearing::{Hearing, hears};
use tests::phone::{Call, Phone};
use tests::server::{Server, Setup};

const NUMBER: &str = "+46850002030";
const CALLER: &str = "+46701234567";
const SOON: Duration = Duration::from_secs(5);
/// The longest prompt and then some.
const SAID: Duration = Duration::from_secs(12);

/// A queue in which nobody answers, and which says nothing but that callers may be called back.
const QUEUE: &str = r#"
[queues.again]
kind = "operator"
extension = "1030"
members = ["bosse"]
logged_in_at_start = true
welcome = "none"
first_message = "none"
position = "never"

[queues.again.callback.windows.tomorrow-morning]
daily = true
days_ahead = [1]
hours = ["08:00-10:00"]

[plans.home]
allow = ["mobile"]

[numbers]
"+46850002030" = { queue = "again" }
"#;

fn waits(server: &Server) -> (Phone, Call) {
    let phone = Phone::outside(server, CALLER);
    let mut call = phone.call(NUMBER);
    call.expect_answer(SOON);
    server.wait("he waits", SOON, |server| row(server)["waiting"] == 1);
    (phone, call)
}

fn row(server: &Server) -> serde_json::Value {
    server.ctl_row("queues", "name", "demo/again")
}

/// Presses a key as RFC 4733 has it.
fn key(call: &Call, digit: u8) {
    call.media.press(digit, Duration::from_millis(100));
}

fn key_by_info(call: &mut Call, digit: u8) {
    let body = format!("Signal={digit}\r\nDuration=160\r\n");
    let told = call.transact_with("INFO", Some(("application/dtmf-relay", body)));
    assert_eq!(told.status(), 200);
}

#[test]
fn a_caller_keys_all_of_it_and_what_he_was_promised_is_there_after_the_server_was_killed() {
    let mut server = Setup::demo()
        .set("organisation.plan", "\"home\"")
        .set("organisation.zone", "\"Europe/Stockholm\"")
        .add("callbacks.toml", QUEUE)
        .start();
    let (_phone, mut call) = waits(&server);
    let mut hearing = Hearing::of(&server, &call);
    hearing.says(&["sv/callback-offer"]);
    key(&call, 2);
    hearing.says(&[
        "sv/callback-times",
        "sv/callback-soon",
        "sv/callback-press-1",
    ]);
    hearing.says(&[
        "sv/tomorrow",
        "sv/clock-at",
        "sv/number-8",
        "sv/callback-until",
        "sv/clock-at",
        "sv/number-10",
        "sv/callback-press-2",
    ]);
    key(&call, 2);
    hearing.says(&[
        "sv/callback-on-number",
        "sv/plus",
        "sv/number-4",
        "sv/number-6",
    ]);
    hearing.says(&["sv/callback-number-choices", "sv/callback-again"]);
    key(&call, 1);
    hearing.says(&["sv/callback-summary", "sv/tomorrow"]);
    key(&call, 1);
    hearing.says(&["sv/callback-accepted"]);
    call.expect_bye(SAID);
    let totals = &row(&server)["totals"];
    assert_eq!(
        (&totals["called_back"], &totals["abandoned"]),
        (&1.into(), &0.into())
    );
    server.kill_and_start_again();
    // He calls again, from a phone that sends its keys by INFO, and takes it back.
    let (_phone, mut call) = waits(&server);
    key_by_info(&mut call, 2);
    hears(&server, &call, "sv/callback-existing");
    key_by_info(&mut call, 3);
    hears(&server, &call, "sv/callback-cancelled");
    hears(&server, &call, "sv/callback-place-kept");
    assert_eq!(row(&server)["waiting"], 1);
    call.hang_up();
    server.wait_idle(SOON);
}
