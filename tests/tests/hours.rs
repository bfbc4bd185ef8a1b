//! Queues that keep hours and are closed by hand, as callers hear it and as `kolapp hours` and `kolapp ctl` say it. The
//! machine's clock can't be moved, so hours are written around the day that it shows.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;
use tests::hearing::hears;
use tests::moment::{after, after_tomorrow};
use tests::phone::{Call, Phone};
use tests::server::{Server, Setup};

const SUPPORT: &str = "+46850001000";
const SOON: Duration = Duration::from_secs(5);
/// The longest prompt and then some.
const SAID: Duration = Duration::from_secs(12);
/// The key `#` (RFC 4733 §3.2).
const POUND: u8 = 11;

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

/// A caller of the support is refused, and hears why.
fn meets(server: &Server, prompt: &str) {
    meets_at(server, SUPPORT, prompt);
}

fn meets_at(server: &Server, number: &str, prompt: &str) {
    let caller = Phone::outside(server, "+46701234567");
    let mut call = caller.call(number);
    call.expect_provisional(183, SOON);
    hears(server, &call, prompt);
    assert_eq!(call.answered(SAID), 486);
    server.wait_idle(SOON);
}

// Changes: queues.hours, hours.rules, hours.rules.hours, hours.days, recurrence.daily
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

// Changes: queue_groups
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
    let until = after_tomorrow();
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

/// Whether callers of the support are let in now.
fn lets_in(server: &Server) -> bool {
    server.ctl_row("hours", "queue", "demo/support")["state"] == "open"
}

fn is_let_in(server: &Server) {
    let caller = Phone::outside(server, "+46701234567");
    let mut call = caller.call(SUPPORT);
    call.expect_answer(SOON);
    call.hang_up();
    server.wait_idle(SOON);
}

#[test]
fn a_queue_is_opened_by_hand_outside_of_hours_and_closed_later_and_by_another_message() {
    let server = with_hours("rules = []").start();
    let until = after_tomorrow();
    let set = |more: &[&str]| {
        let set = ["quick-close", "set", "--queues", "support,kontor"];
        server.ctl(&[&set[..], more, &["--until", &until]].concat())
    };
    meets(&server, "sv/closed");
    set(&["--open"]);
    assert!(lets_in(&server));
    is_let_in(&server);
    // The last word counts, from when it says on.
    let later = after(Duration::from_secs(4));
    let made = set(&["--from", &later, "--message", "try-later"]);
    assert_eq!(made[0]["state"], "to come", "{made}");
    assert_eq!(made[0]["queues"].as_array().unwrap().len(), 2, "{made}");
    is_let_in(&server);
    server.wait("its time comes", SAID, |server| !lets_in(server));
    meets(&server, "sv/try-later");
    server.ctl(&["quick-close", "undo", "2"]);
    is_let_in(&server);
    server.ctl(&["quick-close", "undo", "1"]);
    meets(&server, "sv/closed");
}

// Changes: hours.import, own-day.message, numbers.routes.open
#[test]
fn a_calendar_that_others_keep_closes_its_days_and_days_and_routes_have_messages_of_their_own() {
    // A whole day that is every day, as Outlook writes it.
    const CALENDAR: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Kolapp//Test//EN\r\nBEGIN:VEVENT\r\n\
        UID:1\r\nDTSTAMP:20200101T000000Z\r\nDTSTART;VALUE=DATE:20200101\r\nRRULE:FREQ=DAILY\r\n\
        SUMMARY:Semester\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    const MORE: &str = r#"
[hours.always]
zone = "UTC"
rules = [{ daily = true, hours = ["00:00-24:00"] }]

[hours.own]
zone = "UTC"
rules = [{ daily = true, hours = ["00:00-24:00"] }]
days = [{ daily = true, message = "try-later" }]

[queues.own]
members = ["bosse"]
hours = "own"

[numbers]
"+46850001008" = { queue = "own" }

[numbers."+46850001009"]
routes = [
    { open = "test", message = "closed-quick" },
    { open = "always", message = "all-busy" },
]
queue = "support"
"#;
    let always = "rules = [{ daily = true, hours = [\"00:00-24:00\"] }]";
    let server = with_hours(&format!("{always}\nimport = [\"away.ics\"]"))
        .add("away.ics", CALENDAR)
        .add("more.toml", MORE)
        .start();
    meets(&server, "sv/closed-holiday");
    let door = server.ctl_row("hours", "queue", "demo/support");
    assert!(door["why"].as_str().unwrap().contains("Semester"), "{door}");
    meets_at(&server, "+46850001008", "sv/try-later");
    // The first route's hours are those of the calendar: they are closed.
    let caller = Phone::outside(&server, "+46701234567");
    let mut call = caller.call("+46850001009");
    call.expect_provisional(183, SOON);
    hears(&server, &call, "sv/all-busy");
    assert_eq!(call.answered(SAID), 480);
}

// Changes: queues.quick_closed
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
    let until = after_tomorrow();
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

// Changes: quick_close.pin, quick_close.group, feature_codes.quick_close
#[test]
fn who_knows_the_code_closes_queues_by_telephone_and_opens_them_again() {
    let mut server = Setup::demo()
        .set("quick_close.pin", "\"80246913\"")
        .add(
            "groups.toml",
            "[queue_groups]\nhalf = [\"support\", \"vaxel\"]\n",
        )
        .set("quick_close.group", "\"half\"")
        .start();
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
    let closed = serde_json::json!(["demo/support", "demo/vaxel"]);
    assert_eq!(list[0]["queues"], closed, "{list}");
    let anna = Phone::agent(&server, "anna");
    let mut call = anna.call("*19");
    call.expect_answer(SOON);
    keys(&call, &[8, 0, 2, 4, 6, 9, 1, 3, POUND, 1]);
    hears(&server, &call, "sv/quick-close-today");
    call.expect_bye(SOON);
    let again = server.ctl(&["quick-close", "list"]);
    assert_eq!(again.as_array().unwrap().len(), 1, "once: {again}");
    assert_ne!(again[0]["id"], list[0]["id"]);
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
