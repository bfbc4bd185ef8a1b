//! What reloads leave alone: callers in queues, agents and calls, whatever the files say by then; and settings that are
//! changed by command while the server runs.

#![allow(clippy::unwrap_used, reason = "a test")]

use serde_json::Value;
use std::process::Output;
use std::time::Duration;
use tests::phone::{Call, Phone};
use tests::rtp;
use tests::server::{Server, Setup};

const NUMBER: &str = "+46850001000";
const PASSING: &str = "+46850001009";
const SOON: Duration = Duration::from_secs(5);
/// How long one of two phones is looked at first.
const A_MOMENT: Duration = Duration::from_secs(1);
/// More than two offers of three seconds.
const TWO_RINGS: Duration = Duration::from_secs(8);

/// What is in the files for a while: a queue with a number and a key that leads out of it, and erik, who is in another.
const WHILE: &str = r#"
[queues.passing]
members = ["anna"]
logged_in_at_start = true
wrap_up = "0s"
keys = { "1" = { user = "bosse" } }

[queues.eriks]
members = ["erik"]
logged_in_at_start = true

[users.erik]
password = "demo-erik"

[numbers]
"+46850001009" = { queue = "passing" }
"+46850001008" = { queue = "eriks" }
"#;

fn setup() -> Setup {
    Setup::demo()
        .set("queues.support.members", "[\"bosse\", \"cecilia\"]")
        .set("queues.support.wrap_up", "\"0s\"")
        .add("while.toml", WHILE)
}

fn text(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    String::from_utf8_lossy(out).into_owned() + &String::from_utf8_lossy(err)
}

/// A caller from that number, who is answered and hears the queue.
fn caller(server: &Server, from: &str, dialled: &str) -> (Phone, Call) {
    let phone = Phone::outside(server, from);
    let mut call = phone.call(dialled);
    call.expect_answer(SOON);
    (phone, call)
}

fn queues(server: &Server) -> Vec<Value> {
    server.ctl(&["queues"]).as_array().unwrap().clone()
}

fn row(server: &Server, name: &str) -> Option<Value> {
    queues(server).into_iter().find(|row| row["name"] == name)
}

fn remove_what_was_for_a_while(server: &Server) {
    let file = server
        .setup()
        .config()
        .join("organisations/demo/while.toml");
    std::fs::remove_file(file).unwrap();
    let output = server.ctl_output(&["reload"]);
    assert!(output.status.success(), "{}", text(&output));
}

#[test]
fn a_removed_queue_drains_and_a_removed_agent_s_call_goes_on() {
    let server = setup().start();
    let anna = Phone::agent(&server, "anna");
    let bosse = Phone::agent(&server, "bosse");
    let erik = Phone::agent(&server, "erik");
    let (_one, mut talking) = caller(&server, "+46700000001", PASSING);
    let mut with_anna = anna.incoming(SOON);
    with_anna.answer();
    let (_two, mut waiting) = caller(&server, "+46700000002", PASSING);
    let (_three, mut leaving) = caller(&server, "+46700000003", PASSING);
    let (_four, mut eriks) = caller(&server, "+46700000004", "+46850001008");
    let mut with_erik = erik.incoming(SOON);
    with_erik.answer();
    server.wait_agent("erik", "in-call", SOON);
    let passing = |server: &Server| row(server, "demo/passing");
    server.wait("two wait", SOON, |server| {
        passing(server).is_some_and(|row| row["waiting"] == 2)
    });

    remove_what_was_for_a_while(&server);
    let drains = passing(&server).unwrap();
    assert_eq!(
        (&drains["draining"], &drains["waiting"]),
        (&true.into(), &2.into())
    );
    let table = text(&server.ctl_output(&["queues"]));
    assert!(table.contains("removed"), "{table}");
    // Its number went with it: from outside it is one like any that isn't ours.
    let newcomer = Phone::outside(&server, "+46700000005");
    assert_eq!(newcomer.call(PASSING).answered(SOON), 401);
    // His key leads where it led.
    leaving.media.press(1, Duration::from_millis(100));
    let mut with_bosse = bosse.incoming(SOON);
    with_bosse.answer();
    assert!(talking.stands_for(Duration::from_millis(100)));
    talking.hang_up();
    with_anna.expect_bye(SOON);
    let mut next = anna.incoming(SOON);
    next.answer();
    server.wait_agent("anna", "in-call", SOON);
    waiting.hang_up();
    next.expect_bye(SOON);
    server.wait("the queue is gone with its last caller", SOON, |server| {
        passing(server).is_none()
    });

    assert!(eriks.stands_for(Duration::from_millis(100)));
    rtp::check_continuity(&eriks.media.packets()).unwrap();
    with_erik.hang_up();
    eriks.expect_bye(SOON);
    leaving.hang_up();
    with_bosse.expect_bye(SOON);
    server.wait_idle(SOON);
}

#[test]
fn sixty_reloads_of_which_each_fifth_is_wrong_lose_no_call_no_place_and_no_pause() {
    const RELOADS: u32 = 60;
    let server = setup().start();
    let bosse = Phone::agent(&server, "bosse");
    let _cecilia = Phone::agent(&server, "cecilia");
    server.ctl(&["agent", "pause", "cecilia"]);
    let (_one, mut talking) = caller(&server, "+46700000001", NUMBER);
    let mut called = bosse.incoming(SOON);
    called.answer();
    let numbers = ["+46700000002", "+46700000003", "+46700000004"];
    let waiting = numbers.map(|number| (number, caller(&server, number, NUMBER)));
    server.wait("one talks and three wait", SOON, |server| {
        let support = row(server, "demo/support").unwrap();
        (&support["waiting"], &support["connected"]) == (&3.into(), &1.into())
    });
    let arrived = row(&server, "demo/support").unwrap()["totals"]["entered"].clone();
    let before = server.metric("kolapp_reloads_total{result=\"refused\"}");
    for reload in 0..RELOADS {
        let wrong = reload % 5 == 4;
        // A time that changes each time, so that each reload has something to do.
        let ring = if wrong {
            "\"0s\"".into()
        } else {
            format!("\"{}s\"", 10 + reload % 7)
        };
        server.edit("queues.support.ring", &ring);
        let output = server.ctl_output(&["reload"]);
        assert_eq!(output.status.success(), !wrong, "{}", text(&output));
    }
    let refused = server.metric("kolapp_reloads_total{result=\"refused\"}") - before;
    assert!(refused >= f64::from(RELOADS / 5), "{refused} were refused");
    let support = row(&server, "demo/support").unwrap();
    assert_eq!(support["totals"]["entered"], arrived);
    assert_eq!(
        (&support["waiting"], &support["connected"]),
        (&3.into(), &1.into())
    );
    assert_eq!(server.agent_state("cecilia"), "paused");
    assert!(talking.stands_for(Duration::from_millis(100)));
    rtp::check_continuity(&talking.media.packets()).unwrap();
    talking.hang_up();
    called.expect_bye(SOON);
    // They are served in the order in which they came.
    for (number, (_phone, mut call)) in waiting {
        let mut next = bosse.incoming(SOON);
        let from = next.invite().header("From").unwrap().to_owned();
        assert!(from.contains(number), "{number} is first, not {from}");
        next.answer();
        server.wait_agent("bosse", "in-call", SOON);
        call.hang_up();
        next.expect_bye(SOON);
    }
    server.wait_idle(SOON);
}

#[test]
fn a_setting_changed_by_ctl_is_taken_up_kept_in_its_file_and_refused_where_it_would_be_wrong() {
    let server = setup().start();
    let phones = ["bosse", "cecilia"].map(|name| Phone::agent(&server, name));
    for name in ["bosse", "cecilia"] {
        server.wait_agent(name, "free", SOON);
    }
    let set = |value: &str| {
        let path = "queues.support.ring";
        server.ctl_output(&["config", "set", "demo", path, value])
    };
    let changed = set("3s");
    assert!(changed.status.success(), "{}", text(&changed));
    let file = server
        .setup()
        .config()
        .join("organisations/demo/queues.toml");
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(written.contains("ring = \"3s\"") && written.contains("# How long one agent"));
    let shown = server.ctl_output(&["config", "get", "demo", "queues.support.ring"]);
    assert!(text(&shown).contains("3s"), "{}", text(&shown));

    // One phone rings for three seconds, and then the other.
    let (_phone, mut call) = caller(&server, "+46700000001", NUMBER);
    let mut tried = phones.iter().enumerate();
    let first = tried.find_map(|(at, phone)| Some((at, phone.try_incoming(A_MOMENT)?)));
    let (at, mut first) = first.unwrap();
    first.ring();
    first.expect_cancel(TWO_RINGS);
    let mut other = phones[1 - at].incoming(TWO_RINGS);
    other.answer();
    server.wait_agent(["bosse", "cecilia"][1 - at], "in-call", SOON);
    call.hang_up();
    other.expect_bye(SOON);

    let wrong = set("0s");
    let told = text(&wrong);
    assert_eq!(wrong.status.code(), Some(1), "{told}");
    assert!(
        told.contains("queues.toml:") && told.contains("nothing was changed"),
        "{told}"
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), written);
    let unset = server.ctl_output(&["config", "unset", "demo", "queues.support.ring"]);
    assert!(unset.status.success(), "{}", text(&unset));
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(!written.contains("ring = \"3s\""), "{written}");
    server.wait_idle(SOON);
}
