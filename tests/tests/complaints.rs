//! What users of other queues complain of most, each seen from the phones of those who would suffer it. The queue
//! engine's half, with the same names, is `acd/tests/engine/complaints.rs`. Several complaints share a server.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::{Duration, Instant};
use tests::hearing::Hearing;
use tests::phone::{Call, Phone};
use tests::server::{Server, Setup};

const NUMBER: &str = "+46850001000";
const IMPORTANT: &str = "+46850001010";
const SOON: Duration = Duration::from_secs(5);
const AT_ONCE: Duration = Duration::from_secs(1);
/// Long enough for a ring that must not come, where one that may would have come at once.
const A_WHILE: Duration = Duration::from_millis(400);
const RING: Duration = Duration::from_secs(2);
const WRAP_UP: Duration = Duration::from_secs(3);

/// Anna and bosse, who have a short while after each call.
fn two_agents() -> Setup {
    Setup::demo()
        .set("queues.support.members", "[\"anna\", \"bosse\"]")
        .set("queues.support.ring", "\"2s\"")
        .set("queues.support.wrap_up", "\"3s\"")
        .set("queues.support.deferral", "{ no_answer = \"1s\" }")
        .set("queues.support.welcome", "\"none\"")
        .set("queues.support.first_message", "\"none\"")
}

struct Floor {
    server: Server,
    anna: Phone,
    bosse: Phone,
}

impl Floor {
    fn open(setup: Setup) -> Floor {
        let server = setup.start();
        let (anna, bosse) = (
            Phone::agent(&server, "anna"),
            Phone::agent(&server, "bosse"),
        );
        let floor = Floor {
            server,
            anna,
            bosse,
        };
        floor.all_free();
        floor
    }

    fn caller(&self, dialled: &str) -> (Phone, Call) {
        let phone = Phone::outside(&self.server, "+46701234567");
        let mut call = phone.call(dialled);
        call.expect_answer(SOON);
        (phone, call)
    }

    fn all_free(&self) {
        for name in ["anna", "bosse"] {
            self.server.wait_agent(name, "free", SOON);
        }
    }

    fn do_to(&self, name: &str, what: &str) {
        let done = self.server.ctl_output(&["agent", what, name]);
        let told = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "{what} {name}: {told}");
    }

    fn is_not_rung(&self, phone: &Phone, while_: &str) {
        assert!(phone.try_incoming(A_WHILE).is_none(), "rung {while_}");
    }

    /// Whose phone rings.
    fn rung(&self) -> (&'static str, Call) {
        let deadline = Instant::now() + SOON;
        while Instant::now() < deadline {
            for (name, phone) in [("anna", &self.anna), ("bosse", &self.bosse)] {
                if let Some(call) = phone.try_incoming(Duration::from_millis(10)) {
                    call.ring();
                    return (name, call);
                }
            }
        }
        panic!("nobody was rung in {SOON:?}");
    }

    fn row(&self) -> serde_json::Value {
        self.server.ctl_row("queues", "name", "demo/support")
    }

    fn agent(&self, name: &str) -> serde_json::Value {
        let name = format!("demo/{name}");
        self.server.ctl_row("agents", "name", &name)
    }
}

/// With bosse paused anna is the only one: whatever she does, nobody who waits reaches her before she is free.
fn agents_rung_while_busy(floor: &Floor) {
    floor.do_to("bosse", "pause");
    let (_phone, mut first) = floor.caller(NUMBER);
    let mut talk = floor.anna.incoming(SOON);
    talk.ring();
    let (_other_phone, mut second) = floor.caller(NUMBER);
    floor.is_not_rung(&floor.anna, "while it rings already");
    talk.answer();
    floor.is_not_rung(&floor.anna, "while she talks");
    first.hang_up();
    talk.expect_bye(AT_ONCE);
    floor.server.wait_agent("anna", "wrap-up", AT_ONCE);
    let mut own = floor.anna.call("102");
    let mut colleague = floor.bosse.incoming(SOON);
    colleague.answer_without_ack();
    own.expect_answer(SOON);
    colleague.expect_request("ACK", SOON);
    let rung = floor.anna.try_incoming(WRAP_UP + A_WHILE);
    assert!(rung.is_none(), "rung in wrap-up or a call of her own");
    assert_eq!(floor.agent("anna")["state"], "own-call");
    own.hang_up();
    colleague.expect_bye(AT_ONCE);
    let mut talk = floor.anna.incoming(AT_ONCE);
    talk.answer();
    second.hang_up();
    talk.expect_bye(AT_ONCE);
    floor.do_to("bosse", "resume");
    floor.all_free();
}

fn an_agent_rung_after_the_caller_left(floor: &Floor) {
    floor.do_to("bosse", "pause");
    let (_phone, mut first) = floor.caller(NUMBER);
    let mut talk = floor.anna.incoming(SOON);
    let (_other_phone, mut waits) = floor.caller(NUMBER);
    talk.answer();
    first.hang_up();
    talk.expect_bye(AT_ONCE);
    // Who waited leaves before she is free, and one more while she is rung.
    waits.hang_up();
    floor.server.wait_agent("anna", "free", WRAP_UP + AT_ONCE);
    floor.is_not_rung(&floor.anna, "for somebody who has left");
    let (_phone, mut leaves) = floor.caller(NUMBER);
    let mut rings = floor.anna.incoming(SOON);
    rings.ring();
    leaves.hang_up();
    rings.expect_cancel(AT_ONCE);
    floor.is_not_rung(&floor.anna, "for somebody who left while it rang");
    floor.server.wait_agent("anna", "free", AT_ONCE);
    let row = floor.agent("anna");
    assert_eq!(row["missed"], 0);
    floor.do_to("bosse", "resume");
    floor.all_free();
}

fn the_same_agent_rung_over_and_over(floor: &Floor) {
    let (_phone, mut caller) = floor.caller(NUMBER);
    let mut rung = Vec::new();
    for _ in 0..3 {
        let (name, mut call) = floor.rung();
        call.expect_cancel(RING + AT_ONCE);
        rung.push(name);
    }
    let (last, mut talk) = floor.rung();
    rung.push(last);
    let turns = rung.windows(2).all(|pair| pair[0] != pair[1]);
    assert!(turns, "each in turn: {rung:?}");
    talk.answer();
    caller.hang_up();
    talk.expect_bye(AT_ONCE);
    floor.server.wait_agent("anna", "free", WRAP_UP + SOON);
    floor.server.wait_agent("bosse", "free", WRAP_UP + SOON);
}

fn wrap_up_lost_or_invisible(floor: &Floor) {
    floor.do_to("bosse", "pause");
    let (_phone, mut first) = floor.caller(NUMBER);
    let mut talk = floor.anna.incoming(SOON);
    talk.answer();
    floor.server.wait_agent("anna", "in-call", SOON);
    first.hang_up();
    talk.expect_bye(AT_ONCE);
    let began = Instant::now();
    floor.server.wait_agent("anna", "wrap-up", AT_ONCE);
    let left = floor.agent("anna")["ends_in_s"].as_u64().unwrap();
    assert!((1..=3).contains(&left), "{left}");
    let (_other_phone, mut second) = floor.caller(NUMBER);
    // Neither a pause nor a log-out takes it away.
    for what in ["pause", "resume", "log-out", "log-in"] {
        floor.do_to("anna", what);
    }
    floor.server.wait_agent("anna", "wrap-up", AT_ONCE);
    let mut talk = floor.anna.incoming(WRAP_UP + AT_ONCE);
    let after = began.elapsed();
    assert!(after > WRAP_UP - A_WHILE, "rung after {after:?}");
    talk.answer();
    second.hang_up();
    talk.expect_bye(AT_ONCE);
    floor.do_to("bosse", "resume");
    floor.server.wait_agent("anna", "free", WRAP_UP + AT_ONCE);
}

fn unregistered_phones_that_stay_available(floor: &mut Floor) {
    floor.do_to("bosse", "pause");
    assert_eq!(floor.anna.register_for(0).status(), 200);
    floor.server.wait_agent("anna", "unreachable", AT_ONCE);
    let (_phone, mut caller) = floor.caller(NUMBER);
    floor.is_not_rung(&floor.anna, "without a registration");
    assert_eq!(floor.row()["free"], 0);
    floor.anna.register();
    let mut talk = floor.anna.incoming(AT_ONCE);
    talk.answer();
    caller.hang_up();
    talk.expect_bye(AT_ONCE);
    floor.do_to("bosse", "resume");
    floor.server.wait_agent("anna", "free", WRAP_UP + AT_ONCE);
}

#[test]
fn no_agent_is_rung_while_busy_or_unregistered_or_for_nobody_or_over_and_over_and_wrap_up_is_kept()
{
    let mut floor = Floor::open(two_agents());
    agents_rung_while_busy(&floor);
    an_agent_rung_after_the_caller_left(&floor);
    the_same_agent_rung_over_and_over(&floor);
    wrap_up_lost_or_invisible(&floor);
    unregistered_phones_that_stay_available(&mut floor);
    floor.server.wait_idle(SOON);
    floor.server.stop();
}

#[test]
fn positions_are_right_when_they_are_said_and_waiting_times_do_not_grow_by_themselves() {
    let server = two_agents()
        .set("queues.support.repeated", "[]")
        .set("queues.support.repeat_every", "\"3s\"")
        .set("queues.support.wait", "\"never\"")
        .start();
    let callers: Vec<Phone> = (1..=3)
        .map(|number| Phone::outside(&server, &format!("+4670000000{number}")))
        .collect();
    let mut calls: Vec<Call> = Vec::new();
    for phone in &callers {
        let mut call = phone.call(NUMBER);
        call.expect_answer(SOON);
        calls.push(call);
        let waiting = calls.len();
        server.wait("he waits", SOON, |server| {
            server.ctl_row("queues", "name", "demo/support")["waiting"] == waiting
        });
    }
    let began = Instant::now();
    let said = |number: usize| format!("sv/number-{number}");
    let position = "sv/queue-position-is";
    for (index, call) in calls.iter().enumerate() {
        Hearing::of(&server, call).says(&[position, &said(index + 1)]);
    }
    let longest = |server: &Server| {
        let row = server.ctl_row("queues", "name", "demo/support");
        row["longest_wait_s"].as_u64()
    };
    let waits = longest(&server).unwrap();
    assert!(waits <= began.elapsed().as_secs() + 10, "{waits}");
    // The first leaves: the wait shown is the next one's, and each is told that he has come nearer.
    calls.remove(0).hang_up();
    server.wait("the second is first", SOON, |server| {
        server.ctl_row("queues", "name", "demo/support")["waiting"] == 2
    });
    Hearing::of(&server, &calls[1])
        .says(&[position, &said(3)])
        .says(&[position, &said(2)]);
    Hearing::of(&server, &calls[0])
        .says(&[position, &said(2)])
        .says(&[position, &said(1)]);
    for mut call in calls {
        call.hang_up();
    }
    server.wait_no_call(SOON);
    server.wait("nobody waits, and nobody was answered", SOON, |server| {
        let row = server.ctl_row("queues", "name", "demo/support");
        ["longest_wait_s", "average_wait_s"]
            .iter()
            .all(|key| row[*key].is_null())
    });
}

/// Whatever becomes of a ring, the caller is offered to the next: declined, busy, broken, off the network, unanswered,
/// and after a reload.
fn queues_that_stop_dispatching(floor: &Floor) {
    for status in [603, 486, 500] {
        let (_phone, mut caller) = floor.caller(NUMBER);
        let (first, mut refuses) = floor.rung();
        refuses.refuse(status);
        let (second, mut talk) = floor.rung();
        assert_ne!(first, second);
        talk.answer();
        floor.server.wait_agent(second, "in-call", SOON);
        caller.hang_up();
        talk.expect_bye(AT_ONCE);
        for name in ["anna", "bosse"] {
            floor
                .server
                .wait_agent(name, "free", Duration::from_secs(40));
        }
    }
    floor.do_to("anna", "pause");
    floor.do_to("bosse", "pause");
    let (_phone, mut caller) = floor.caller(NUMBER);
    floor.server.edit("queues.support.ring", "\"4s\"");
    floor.server.ctl(&["reload"]);
    floor.do_to("anna", "resume");
    let mut talk = floor.anna.incoming(AT_ONCE);
    talk.answer();
    caller.hang_up();
    talk.expect_bye(AT_ONCE);
    floor.do_to("bosse", "resume");
    floor.all_free();
}

/// Anna works in two queues. Callers of the one that counts ten times as much never end; who waits in the other is served.
fn weights_that_starve(floor: &Floor) {
    floor.do_to("bosse", "pause");
    floor.do_to("anna", "pause");
    let (_phone, mut humble) = floor.caller(NUMBER);
    let mut others: Vec<(Phone, Call)> = (0..2).map(|_| floor.caller(IMPORTANT)).collect();
    floor.do_to("anna", "resume");
    let answered = |server: &Server| {
        server.ctl_row("queues", "name", "demo/support")["totals"]["connected"].clone()
    };
    let before = answered(&floor.server);
    let mut served = 0;
    while answered(&floor.server) == before {
        assert!(served < 60, "{served} others went before");
        let mut talk = floor.anna.incoming(SOON);
        talk.answer();
        floor.server.wait_agent("anna", "in-call", SOON);
        if answered(&floor.server) != before {
            humble.hang_up();
            talk.expect_bye(AT_ONCE);
            break;
        }
        served += 1;
        others.push(floor.caller(IMPORTANT));
        // The agent ends it, so that it need not be known whose call it was.
        talk.hang_up();
        others.retain_mut(|(_, call)| call.stands_for(Duration::from_millis(20)));
    }
    assert!(served > 0, "the others' weight counts");
    for (_phone, mut call) in others {
        call.hang_up();
    }
}

#[test]
fn queues_go_on_dispatching_whatever_becomes_of_a_ring_and_weights_starve_nobody() {
    let important = "[queues.important]\nextension = \"1010\"\nmembers = [\"anna\"]\n\
         logged_in_at_start = true\nwrap_up = \"0s\"\nweight = 10\nwelcome = \"none\"\nfirst_message = \"none\"\n";
    let number = format!("[numbers]\n\"{IMPORTANT}\" = {{ queue = \"important\" }}\n");
    let setup = two_agents()
        .set("queues.support.wrap_up", "\"0s\"")
        .set("queues.support.weight", "1")
        .set(
            "queues.support.deferral",
            "{ no_answer = \"1s\", declined = \"1s\", busy = \"1s\", error = \"1s\" }",
        )
        .add("important.toml", important)
        .add("important-number.toml", &number);
    let floor = Floor::open(setup);
    queues_that_stop_dispatching(&floor);
    weights_that_starve(&floor);
}

#[test]
fn state_is_not_lost_at_a_restart() {
    let mut server = two_agents()
        .set("queues.support.wrap_up", "\"10m\"")
        .start();
    let anna = Phone::agent(&server, "anna");
    server.wait_agent("anna", "free", SOON);
    let caller = Phone::outside(&server, "+46701234567");
    let mut call = caller.call(NUMBER);
    call.expect_answer(SOON);
    let mut talk = anna.incoming(SOON);
    talk.answer();
    call.hang_up();
    talk.expect_bye(AT_ONCE);
    server.wait_agent("anna", "wrap-up", AT_ONCE);
    server.ctl(&["agent", "pause", "bosse", "--reason", "lunch"]);
    server.agent_on_disk("anna");
    server.kill_and_start_again();
    // Her phone is known from before as well: it need not register again.
    assert_eq!(server.agent_state("anna"), "wrap-up");
    let bosse = server.ctl_row("agents", "name", "demo/bosse");
    let told = (&bosse["state"], &bosse["pause_reason"]);
    assert_eq!(told, (&"paused".into(), &"lunch".into()));
    let mut call = caller.call(NUMBER);
    call.expect_answer(SOON);
    assert!(anna.try_incoming(A_WHILE).is_none(), "she is in wrap-up");
    let ended = server.ctl_output(&["agent", "end-wrap-up", "anna"]);
    assert!(ended.status.success());
    let mut talk = anna.incoming(SOON);
    talk.answer();
    call.hang_up();
    talk.expect_bye(AT_ONCE);
    server.stop();
}
