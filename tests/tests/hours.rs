//! Queues that keep hours and are closed by hand, as callers hear it and as `kolapp hours` and `kolapp ctl` say it. The
//! machine's clock can't be moved, so hours are written around the day that it shows.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;
use tests::phone::{Call, Phone};
use tests::server::{Server, Setup};

const SUPPORT: &str = "+46850001000";
const SOON: Duration = Duration::from_secs(5);
/// The longest prompt and then some.
const SAID: Duration = Duration::from_secs(12);
/// The least likeness by which a prompt is known.
const LIKE: f64 = 0.7;
/// The key `#` (RFC 4733 §3.2).
const POUND: u8 = 11;

fn hears(server: &Server, call: &Call, prompt: &str) {
    let heard = call.media.hear(&server.prompt(prompt), 0, SAID);
    assert!(heard.likeness > LIKE, "{prompt}: {}", heard.likeness);
}

fn keys(call: &Call, keys: &[u8]) {
    for key in keys {
        call.media.press(*key, Duration::from_millis(100));
    }
}

/// The demo's support with these hours.
fn with_hours(hours: &str) -> Setup {
    let hours = format!("[hours.test]\nzone = \"UTC\"\n{hours}\n");
    Setup::demo()
        .set("queues.support.hours", "\"test\"")
        .add("hours.toml", &hours)
}

fn meets(server: &Server, prompt: &str) {
    let caller = Phone::outside(server, "+46701234567");
    let mut call = caller.call(SUPPORT);
    call.expect_provisional(183, SOON);
    hears(server, &call, prompt);
    assert_eq!(call.answered(SAID), 486);
    server.wait_idle(SOON);
}

#[test]
fn a_caller_outside_of_hours_and_on_a_day_off_hears_which_and_gets_busy() {
    let server = with_hours("rules = []").start();
    meets(&server, "sv/closed");
    assert!(server.metric("kolapp_refused_total{cause=\"queue-closed\"}") > 0.0);
    let always = "rules = [{ daily = true, hours = [\"00:00-24:00\"] }]";
    // Every day of this test is one of its own.
    let server = with_hours(&format!("{always}\ndays = [{{ daily = true }}]")).start();
    meets(&server, "sv/closed-holiday");
    let server = with_hours(always).start();
    let caller = Phone::outside(&server, "+46701234567");
    let mut call = caller.call(SUPPORT);
    call.expect_answer(SOON);
    hears(&server, &call, "sv/queue-welcome");
    call.hang_up();
    server.wait_idle(SOON);
}

#[test]
fn a_queue_closed_by_hand_is_closed_at_once_and_after_a_crash_until_that_is_undone() {
    let mut server = Server::demo();
    let set = [
        "quick-close",
        "set",
        "--group",
        "kundtjanst",
        "--until",
        "2h",
    ];
    let refused = server.ctl_output(&set);
    assert!(!refused.status.success(), "2h is no time of day");
    let until = tomorrow();
    let set = |what: &'static str| ["quick-close", what, "--group", "kundtjanst", "--until"];
    let with = |what| [&set(what)[..], &[until.as_str()]].concat();
    let preview = server.ctl(&with("preview"));
    assert_eq!(preview.as_array().unwrap().len(), 2, "{preview}");
    assert_eq!(
        server
            .ctl(&["quick-close", "list"])
            .as_array()
            .unwrap()
            .len(),
        0
    );
    let made = server.ctl(&with("set"));
    assert_eq!(made[0]["id"], 1, "{made}");
    meets(&server, "sv/closed-quick");
    let door = server.ctl_row("hours", "queue", "demo/support");
    assert_eq!(door["state"], "closed");
    assert!(
        door["why"].as_str().unwrap().contains("quick-close 1"),
        "{door}"
    );
    server.kill_and_start_again();
    meets(&server, "sv/closed-quick");
    server.ctl(&["quick-close", "undo", "1"]);
    let caller = Phone::outside(&server, "+46701234567");
    let mut call = caller.call(SUPPORT);
    call.expect_answer(SOON);
    call.hang_up();
    server.wait_idle(SOON);
    // Undone is undone, and its id is nobody else's.
    server.kill_and_start_again();
    let list = server.ctl(&["quick-close", "list"]);
    assert_eq!(list.as_array().unwrap().len(), 0);
    let again = server.ctl(&with("set"));
    assert_eq!(again[0]["id"], 2, "{again}");
}

#[test]
fn those_who_wait_are_moved_when_their_queue_is_closed_so() {
    let server = Setup::demo()
        .set(
            "queues.support.quick_closed",
            "{ then = { user = \"bosse\" } }",
        )
        .start();
    let bosse = Phone::agent(&server, "bosse");
    server.ctl(&["agent", "pause", "bosse"]);
    let caller = Phone::outside(&server, "+46701234567");
    let mut call = caller.call(SUPPORT);
    call.expect_answer(SOON);
    hears(&server, &call, "sv/queue-welcome");
    let until = tomorrow();
    let set = [
        "quick-close",
        "set",
        "--queues",
        "support",
        "--waiting",
        "move",
        "--until",
        &until,
    ];
    server.ctl(&set);
    hears(&server, &call, "sv/closed-quick");
    let mut called = bosse.incoming(SAID);
    called.answer();
    call.hang_up();
    called.expect_bye(SOON);
    server.wait_idle(SOON);
}

#[test]
fn who_knows_the_code_closes_queues_by_telephone_and_opens_them_again() {
    let mut server = Setup::demo().set("quick_close.pin", "\"80246913\"").start();
    let anna = Phone::agent(&server, "anna");
    let mut call = anna.call("*19");
    call.expect_answer(SOON);
    hears(&server, &call, "sv/quick-close-code");
    keys(&call, &[8, 0, 2, 4, POUND]);
    hears(&server, &call, "sv/quick-close-wrong");
    keys(&call, &[8, 0, 2, 4, 6, 9, 1, 3, POUND]);
    hears(&server, &call, "sv/quick-close-choices");
    keys(&call, &[1]);
    hears(&server, &call, "sv/quick-close-today");
    call.expect_bye(SOON);
    assert!(server.metric("kolapp_refused_total{cause=\"wrong-code\"}") > 0.0);
    drop(anna);
    server.kill_and_start_again();
    meets(&server, "sv/closed-quick");
    let list = server.ctl(&["quick-close", "list"]);
    assert_eq!(list[0]["by"], "demo/anna", "{list}");
    let anna = Phone::agent(&server, "anna");
    let mut call = anna.call("*19");
    call.expect_answer(SOON);
    keys(&call, &[8, 0, 2, 4, 6, 9, 1, 3, POUND, 3]);
    hears(&server, &call, "sv/quick-close-ended");
    call.expect_bye(SOON);
    let list = server.ctl(&["quick-close", "list"]);
    assert_eq!(list.as_array().unwrap().len(), 0, "{list}");
    let log = server.log();
    assert!(!log.contains("80246913"), "the code is in the log");
}

/// Midnight after tomorrow, in UTC and so within a day or two.
fn tomorrow() -> String {
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    // A civil date from days since 1970 (Howard Hinnant's rule).
    let days = (since / 86_400 + 2) as i64 + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let year = year + era * 400 + carry;
    format!("{year:04}-{month:02}-{day:02}T00:00:00Z")
}

#[test]
fn kolapp_hours_says_open_or_closed_why_and_until_when_and_lists_a_year() {
    let setup = Setup::demo();
    let asked = |more: &[&str]| {
        let output = setup.output(&[&["hours", "--queue", "kontor"], more].concat());
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (
            output.status.code(),
            text,
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let (code, text, _) = asked(&["--at", "2026-12-24T10:00"]);
    assert_eq!(code, Some(0));
    assert_eq!(
        text,
        "demo/kontor is closed at 2026-12-24 10:00\nwhy: eve julafton (closed all day)\nuntil: 2026-12-28 08:00\n"
    );
    let (_, text, _) = asked(&["--at", "2026-11-27T14:00:00Z"]);
    assert_eq!(
        text,
        "demo/kontor is closed at 2026-11-27 15:00\nwhy: weekdays fri (08:00-15:00)\nuntil: 2026-11-30 08:00\n"
    );
    let (_, text, _) = asked(&["--at", "2026-04-02 09:00"]);
    assert!(text.starts_with("demo/kontor is open at"), "{text}");
    assert!(
        text.contains("why: eve skärtorsdagen (08:00-12:00)\nuntil: 2026-04-02 12:00"),
        "{text}"
    );

    let (_, year, _) = asked(&["--year", "2026"]);
    for line in [
        "2026-01-02  fri  closed all day           squeeze day  klämdag",
        "2026-04-05  sun  closed all day           holiday      påskdagen",
        "2026-04-30  thu  08:00-12:00              eve          valborgsmässoafton",
        "2026-06-19  fri  closed all day           eve          midsommarafton",
        "2026-11-12  thu  08:00-10:00 13:00-17:00  own day      Utbildningsdag",
    ] {
        assert!(year.lines().any(|it| it == line), "{line}\n{year}");
    }
    let holidays = year.lines().filter(|line| line.contains("  holiday  "));
    assert_eq!(holidays.count(), 13, "{year}");

    for (wrong, said) in [
        (&["--at", "yesterday"][..], "expected a moment"),
        (&["--year", "x"], "invalid value"),
    ] {
        let (code, _, error) = asked(wrong);
        assert_ne!(code, Some(0));
        assert!(error.contains(said), "{error}");
    }
    let output = setup.output(&["hours", "--queue", "nobody"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&output.stderr)
            .contains("no organisation has a queue called \"nobody\"")
    );
    let output = setup.output(&["hours", "--queue", "support"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("always open"));
}
