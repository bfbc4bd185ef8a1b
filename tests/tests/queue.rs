//! A caller waits in a queue and reaches an agent, seen from both phones: who rings, who gets CANCEL and BYE, and what
//! state agents are in after it.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;
use tests::phone::{Call, Ending, Phone};
use tests::rtp;
use tests::server::{Server, Setup};

const NUMBER: &str = "+46850001000";
const SOON: Duration = Duration::from_secs(5);
const AT_ONCE: Duration = Duration::from_secs(1);

/// The demo with short times.
fn quick() -> Setup {
    Setup::demo()
        .set("queues.support.wrap_up", "\"1s\"")
        .set("queues.support.ring", "\"2s\"")
}

fn caller(server: &Server) -> (Phone, Call) {
    let phone = Phone::outside(server, "+46701234567");
    let mut call = phone.call(NUMBER);
    call.expect_answer(SOON);
    (phone, call)
}

/// Which of these phones rings, and its call.
fn rung<'a>(phones: &'a [(&'a str, Phone)]) -> (&'a str, Call) {
    let deadline = std::time::Instant::now() + SOON;
    while std::time::Instant::now() < deadline {
        for (name, phone) in phones {
            if let Some(call) = phone.try_incoming(Duration::from_millis(10)) {
                return (name, call);
            }
        }
    }
    panic!("nobody was rung in {SOON:?}");
}

fn agents<'a>(server: &Server, names: &[&'a str]) -> Vec<(&'a str, Phone)> {
    names
        .iter()
        .map(|name| (*name, Phone::agent(server, name)))
        .collect()
}

#[test]
fn a_trunk_caller_hears_the_welcome_and_reaches_the_agent_idle_longest() {
    let server = Setup::demo()
        .set("queues.support.wrap_up", "\"1s\"")
        .start();
    let phones = agents(&server, &["anna", "bosse", "cecilia"]);
    let mut order = Vec::new();
    for round in 0..6 {
        let (_phone, mut outside) = caller(&server);
        assert!(
            outside.provisionals.contains(&180),
            "rang before the answer: {:?}",
            outside.provisionals
        );
        let (name, mut agent) = rung(&phones);
        agent.ring();
        if round == 0 {
            outside
                .media
                .hear(&server.prompt("sv/queue-welcome"), 0, SOON);
        }
        agent.answer();
        server.wait_agent(name, "in-call", SOON);
        outside.hang_up();
        agent.expect_bye(AT_ONCE);
        server.wait_agent(name, "free", SOON);
        order.push(name);
    }
    let mut first: Vec<&str> = order[..3].to_vec();
    assert_eq!(
        order[..3],
        order[3..],
        "each takes a turn, the one idle longest first"
    );
    first.sort_unstable();
    assert_eq!(first, ["anna", "bosse", "cecilia"]);
    server.wait_idle(SOON);
    server.stop();
}

#[test]
fn an_agent_sees_who_calls_and_to_which_queue() {
    let server = Server::demo();
    let phones = agents(&server, &["david"]);
    let (_phone, _outside) = caller(&server);
    let (_, agent) = rung(&phones);
    assert!(
        agent.remote_uri().contains("46701234567"),
        "From: {}",
        agent.remote_uri()
    );
    let row = server.ctl(&["calls"])[0].clone();
    assert_eq!(row["queue"], "demo/support");
    assert_eq!(row["agent"], "demo/david");
    assert_eq!(row["dialled"], NUMBER);
}

#[test]
fn an_agent_who_does_not_answer_is_passed_over_and_the_caller_never_notices() {
    let server = quick().start();
    let phones = agents(&server, &["anna", "bosse"]);
    let (_phone, mut outside) = caller(&server);
    let (first, mut missed) = rung(&phones);
    missed.ring();
    let cancel = missed.expect_cancel(SOON);
    assert_eq!(cancel.method(), "CANCEL");
    let (second, mut agent) = rung(&phones);
    assert_ne!(first, second);
    agent.ring();
    agent.answer();
    assert!(outside.stands_for(Duration::from_millis(500)));
    rtp::check_continuity(&outside.media.packets()).unwrap();
    server.wait_agent(second, "in-call", SOON);
    server.wait("the first has missed it", SOON, |server| {
        server.ctl_row("agents", "name", &format!("demo/{first}"))["missed"] == 1
    });
    agent.hang_up();
    outside.expect_bye(AT_ONCE);
    rtp::check_continuity(&outside.media.packets()).unwrap();
}

/// The first agent rung refuses with `status`; the next is rung at once, and the caller's stream runs on.
fn refusal_passes_the_call_on(status: u16) {
    let server = Server::demo();
    let phones = agents(&server, &["anna", "bosse"]);
    let (_phone, mut outside) = caller(&server);
    let (first, mut refusing) = rung(&phones);
    refusing.refuse(status);
    let (second, mut agent) = rung(&phones);
    assert_ne!(first, second);
    agent.answer();
    assert!(outside.stands_for(Duration::from_millis(300)));
    rtp::check_continuity(&outside.media.packets()).unwrap();
    let row = server.ctl_row("agents", "name", &format!("demo/{first}"));
    assert_eq!(row["missed"], 0, "a refusal is no missed call: {row}");
    assert_eq!(row["device_errors"], u64::from(status == 500), "{row}");
    outside.hang_up();
    agent.expect_bye(AT_ONCE);
}

#[test]
fn an_agent_who_declines_is_passed_over() {
    refusal_passes_the_call_on(603);
}

#[test]
fn an_agent_whose_phone_is_busy_is_passed_over() {
    refusal_passes_the_call_on(486);
}

#[test]
fn an_agent_whose_phone_fails_is_passed_over() {
    refusal_passes_the_call_on(500);
}

#[test]
fn an_agent_without_a_registered_phone_is_not_offered_and_the_next_one_is() {
    let server = Server::demo();
    let mut gone = Phone::agent(&server, "anna");
    let phones = agents(&server, &["bosse"]);
    assert_eq!(gone.register_for(0).status(), 200);
    server.wait_agent("anna", "unreachable", SOON);
    let (_phone, mut outside) = caller(&server);
    let (_, mut agent) = rung(&phones);
    agent.answer();
    assert!(gone.try_incoming(Duration::from_millis(100)).is_none());
    outside.hang_up();
    agent.expect_bye(AT_ONCE);
}

#[test]
fn when_the_caller_hangs_up_the_ringing_agent_gets_cancel_and_is_free() {
    let server = Server::demo();
    let phones = agents(&server, &["cecilia"]);
    let (_phone, mut outside) = caller(&server);
    let (_, mut agent) = rung(&phones);
    agent.ring();
    outside.hang_up();
    agent.expect_cancel(AT_ONCE);
    server.wait_agent("cecilia", "free", SOON);
    let row = server.ctl_row("agents", "name", "demo/cecilia");
    assert_eq!(
        row["missed"], 0,
        "the caller left, the agent missed nothing: {row}"
    );
    server.wait_idle(SOON);
}

#[test]
fn when_the_agent_hangs_up_the_caller_gets_bye_and_the_agent_wraps_up_and_is_free() {
    let server = quick().set("queues.support.wrap_up", "\"2s\"").start();
    let phones = agents(&server, &["anna"]);
    let (_phone, mut outside) = caller(&server);
    let (_, mut agent) = rung(&phones);
    agent.answer();
    server.wait_agent("anna", "in-call", SOON);
    agent.hang_up();
    outside.expect_bye(AT_ONCE);
    assert_eq!(outside.ended, Some(Ending::Bye));
    server.wait_agent("anna", "wrap-up", AT_ONCE);
    let (_second, mut next) = caller(&server);
    assert!(
        phones[0]
            .1
            .try_incoming(Duration::from_millis(500))
            .is_none(),
        "no call in wrap-up"
    );
    let (_, mut agent) = rung(&phones);
    agent.answer();
    next.hang_up();
    agent.expect_bye(AT_ONCE);
    server.wait_agent("anna", "free", SOON);
}

#[test]
fn an_answer_that_crosses_the_callers_hanging_up_gets_bye() {
    let server = Server::demo();
    let phones = agents(&server, &["anna"]);
    for _ in 0..5 {
        let (_phone, mut outside) = caller(&server);
        let (_, mut agent) = rung(&phones);
        agent.ring();
        std::thread::scope(|scope| {
            scope.spawn(|| outside.hang_up());
            agent.answer_without_ack();
        });
        // Whichever came first, the agent's phone is left without a call.
        agent.stands_for(Duration::from_millis(700));
        assert!(
            matches!(agent.ended, Some(Ending::Bye | Ending::Cancel)),
            "{:?}",
            agent.ended
        );
        server.wait("no call is left", SOON, |server| {
            server.ctl(&["status"])["calls"] == 0
        });
        server.wait_agent("anna", "free", Duration::from_secs(10));
    }
    assert_eq!(server.ctl_row("agents", "name", "demo/anna")["missed"], 0);
}

#[test]
fn callers_are_answered_in_the_order_they_came() {
    let server = quick().start();
    let callers: Vec<(Phone, Call)> = (0..3)
        .map(|index| {
            let phone = Phone::outside(&server, &format!("+4670000000{index}"));
            let mut call = phone.call(NUMBER);
            call.expect_answer(SOON);
            (phone, call)
        })
        .collect();
    server.wait("all three wait", SOON, |server| {
        server.ctl_row("queues", "name", "demo/support")["waiting"] == 3
    });
    let phones = agents(&server, &["anna"]);
    for (index, (_phone, mut outside)) in callers.into_iter().enumerate() {
        let (_, mut agent) = rung(&phones);
        assert!(
            agent.remote_uri().contains(&format!("4670000000{index}")),
            "{}",
            agent.remote_uri()
        );
        agent.answer();
        outside.hang_up();
        agent.expect_bye(AT_ONCE);
    }
    server.wait_agent("anna", "free", SOON);
    let totals = server.ctl_row("queues", "name", "demo/support")["totals"].clone();
    assert_eq!(
        (&totals["entered"], &totals["connected"]),
        (&3.into(), &3.into()),
        "{totals}"
    );
}

#[test]
fn a_full_queue_refuses_the_next_caller_and_keeps_the_others() {
    let server = Setup::demo().set("queues.support.waiting_max", "1").start();
    let (_phone, mut inside) = caller(&server);
    server.wait("he waits", SOON, |server| {
        server.ctl_row("queues", "name", "demo/support")["waiting"] == 1
    });
    let phone = Phone::outside(&server, "+46700000099");
    let mut refused = phone.call(NUMBER);
    if refused.answered(SOON) == 200 {
        // Already answered, he is told and then released.
        refused.expect_bye(Duration::from_secs(15));
    }
    assert!(inside.stands_for(Duration::from_millis(200)));
    assert_eq!(
        server.ctl_row("queues", "name", "demo/support")["waiting"],
        1
    );
}
