//! Who is offered a call: each policy of a queue, seen from the agents' phones.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::{Duration, Instant};
use tests::phone::{Call, Ending, Phone};
use tests::server::{Server, Setup};

const NUMBER: &str = "+46850001000";
const SOON: Duration = Duration::from_secs(5);
const AT_ONCE: Duration = Duration::from_secs(1);
const THREE: [&str; 3] = ["anna", "bosse", "cecilia"];

/// The demo, where three take calls by that policy and lose no time between them.
fn setup(policy: &str) -> Setup {
    Setup::demo()
        .set(
            "queues.support.members",
            "[\"anna\", \"bosse\", \"cecilia\"]",
        )
        .set("queues.support.wrap_up", "\"0s\"")
        .set("queues.support.policy", &format!("\"{policy}\""))
}

fn agents<'a>(server: &Server, names: &[&'a str]) -> Vec<(&'a str, Phone)> {
    let agents = names.iter().map(|name| {
        let phone = Phone::agent(server, name);
        server.wait_agent(name, "free", SOON);
        (*name, phone)
    });
    agents.collect()
}

fn caller(server: &Server, dialled: &str) -> (Phone, Call) {
    let phone = Phone::outside(server, "+46701234567");
    let mut call = phone.call(dialled);
    call.expect_answer(SOON);
    (phone, call)
}

/// The first of these phones that rings, and its call.
fn rung<'a>(phones: &'a [(&'a str, Phone)]) -> (&'a str, Call) {
    let deadline = Instant::now() + SOON;
    while Instant::now() < deadline {
        for (name, phone) in phones {
            if let Some(call) = phone.try_incoming(Duration::from_millis(10)) {
                return (name, call);
            }
        }
    }
    panic!("nobody was rung in {SOON:?}");
}

/// Calls one after the other, each answered and over before the next: who took them.
fn taken_in_turn<'a>(
    server: &Server,
    phones: &'a [(&'a str, Phone)],
    calls: usize,
) -> Vec<&'a str> {
    let mut taken = Vec::new();
    for _ in 0..calls {
        let (_phone, mut outside) = caller(server, NUMBER);
        let (name, mut agent) = rung(phones);
        agent.answer();
        server.wait_agent(name, "in-call", SOON);
        outside.hang_up();
        agent.expect_bye(AT_ONCE);
        server.wait_agent(name, "free", SOON);
        taken.push(name);
    }
    taken
}

/// What was decided about the one call there is.
fn why(server: &Server) -> serde_json::Value {
    let calls = server.ctl(&["calls"]);
    let id = calls[0]["id"].as_str().unwrap().to_owned();
    server.ctl(&["why", &id])
}

fn missed(server: &Server, name: &str) -> u64 {
    let row = server.ctl_row("agents", "name", &format!("demo/{name}"));
    row["missed"].as_u64().unwrap()
}

#[test]
fn round_robin_goes_round_in_the_order_written() {
    let server = setup("round-robin").start();
    let phones = agents(&server, &THREE);
    let taken = taken_in_turn(&server, &phones, 4);
    assert_eq!(taken, ["anna", "bosse", "cecilia", "anna"]);
}

#[test]
fn fixed_order_tries_the_first_again_and_again() {
    let server = setup("fixed-order").start();
    let phones = agents(&server, &THREE);
    assert_eq!(taken_in_turn(&server, &phones, 2), ["anna", "anna"]);
    server.ctl(&["agent", "pause", "anna"]);
    assert_eq!(taken_in_turn(&server, &phones, 2), ["bosse", "bosse"]);
}

#[test]
fn fewest_calls_goes_to_whoever_has_taken_fewest_though_others_are_idle_longer() {
    let server = setup("fewest-calls").start();
    let phones = agents(&server, &THREE);
    server.ctl(&["agent", "pause", "cecilia"]);
    assert_eq!(
        taken_in_turn(&server, &phones, 4),
        ["anna", "bosse", "anna", "bosse"]
    );
    server.ctl(&["agent", "resume", "cecilia"]);
    assert_eq!(
        taken_in_turn(&server, &phones, 3),
        ["cecilia", "cecilia", "anna"]
    );
}

#[test]
fn longest_idle_goes_to_whoever_has_been_free_longest() {
    let server = setup("longest-idle").start();
    let phones = agents(&server, &THREE);
    let first = taken_in_turn(&server, &phones, 3);
    assert_eq!(taken_in_turn(&server, &phones, 3), first);
}

// Changes: queues.policy, queues.requires, users.skills
#[test]
fn by_skill_goes_to_the_ablest_and_to_nobody_who_lacks_what_is_asked_for() {
    let server = setup("by-skill")
        .set("queues.support.requires", "{ technical = 2 }")
        .set("users.anna.skills", "{ technical = 3 }")
        .set("users.bosse.skills", "{ technical = 8 }")
        .set("users.cecilia.skills", "{ swedish = 10 }")
        .start();
    let phones = agents(&server, &THREE);
    assert_eq!(taken_in_turn(&server, &phones, 2), ["bosse", "bosse"]);
    server.ctl(&["agent", "pause", "bosse"]);
    assert_eq!(taken_in_turn(&server, &phones, 1), ["anna"]);
    server.ctl(&["agent", "pause", "anna"]);
    let (_phone, _outside) = caller(&server, NUMBER);
    let cecilia = &phones[2].1;
    assert!(cecilia.try_incoming(AT_ONCE).is_none(), "she is not able");
}

// Changes: queues.widen, queues.widen.after, queues.widen.requires
#[test]
fn what_callers_ask_for_widens_while_they_wait_and_the_trace_says_who_was_passed_over() {
    let server = setup("longest-idle")
        .set("queues.support.requires", "{ technical = 5 }")
        .set(
            "queues.support.widen",
            "[{ after = \"2s\", requires = { technical = 1 } }]",
        )
        .set("users.bosse.skills", "{ technical = 4 }")
        .start();
    let phones = agents(&server, &THREE);
    let before = Instant::now();
    let (_phone, _outside) = caller(&server, NUMBER);
    let (name, _agent) = rung(&phones);
    assert_eq!(name, "bosse");
    assert!(
        before.elapsed() >= Duration::from_secs(2),
        "he asks for 5 first"
    );
    let why = why(&server);
    let why = why.as_array().unwrap();
    let said = |words: &str| {
        let row = why
            .iter()
            .find(|row| row["what"].as_str().unwrap().contains(words));
        row.unwrap_or_else(|| panic!("{words}: {why:?}"))
    };
    said("waits in demo/support");
    said("asks for less");
    let offered = said("offered from demo/support to demo/bosse: longest idle");
    let not = offered["passed_over"].to_string();
    assert!(
        not.contains("demo/anna") && not.contains("has no technical"),
        "{not}"
    );
}

#[test]
fn random_reaches_everybody_by_chance() {
    let server = setup("random").start();
    let phones = agents(&server, &THREE);
    // Of 16 calls one of three gets none with a chance of less than one in 200: the test has it that two take some.
    let taken = taken_in_turn(&server, &phones, 16);
    assert!(taken.iter().any(|name| *name != taken[0]), "{taken:?}");
    let (_phone, _outside) = caller(&server, NUMBER);
    let (_, _agent) = rung(&phones);
    assert!(why(&server).to_string().contains("by chance, weight 1"));
}

// Changes: queues.members, queues.members.user, queues.members.priority
#[test]
fn members_of_a_better_priority_are_tried_first_whatever_the_policy() {
    let members =
        "[{ user = \"anna\", priority = 2 }, \"bosse\", { user = \"cecilia\", priority = 3 }]";
    let server = setup("round-robin")
        .set("queues.support.members", members)
        .start();
    let phones = agents(&server, &THREE);
    assert_eq!(taken_in_turn(&server, &phones, 2), ["bosse", "bosse"]);
    let (_phone, _outside) = caller(&server, NUMBER);
    let (name, mut agent) = rung(&phones);
    assert_eq!(name, "bosse");
    agent.refuse(486);
    let (name, _agent) = rung(&phones);
    assert_eq!(name, "anna", "the next where none of the best is free");
}

#[test]
fn parallel_first_to_answer_wins_and_the_others_count_no_miss() {
    let server = setup("parallel")
        .set("queues.support.parallel", "2")
        .start();
    let phones = agents(&server, &THREE);
    let (_phone, mut outside) = caller(&server, NUMBER);
    let (first, mut one) = rung(&phones);
    let (second, mut other) = rung(&phones);
    assert_ne!(first, second);
    one.ring();
    other.ring();
    other.answer();
    let cancel = one.expect_cancel(AT_ONCE);
    let reason = cancel.header("Reason").unwrap_or_default();
    assert!(reason.contains("Call completed elsewhere"), "{reason}");
    server.wait_agent(second, "in-call", SOON);
    server.wait_agent(first, "free", SOON);
    assert_eq!(missed(&server, first), 0);
    let third = phones
        .iter()
        .find(|(name, _)| ![first, second].contains(name));
    let (_, third) = third.unwrap();
    assert!(third.try_incoming(Duration::from_millis(100)).is_none());
    assert!(outside.stands_for(Duration::from_millis(300)));
    outside.hang_up();
    other.expect_bye(AT_ONCE);
    server.wait_idle(SOON);
}

#[test]
fn parallel_who_declines_is_replaced_at_once_while_the_other_rings_on() {
    let server = setup("parallel")
        .set("queues.support.parallel", "2")
        .start();
    let phones = agents(&server, &THREE);
    let (_phone, _outside) = caller(&server, NUMBER);
    let (first, mut one) = rung(&phones);
    let (second, mut other) = rung(&phones);
    other.ring();
    one.refuse(603);
    let (third, _next) = rung(&phones);
    assert!(![first, second].contains(&third), "{third}");
    assert!(other.stands_for(Duration::from_millis(300)), "it rings on");
    assert_eq!(other.ended, None);
}

#[test]
fn ring_all_rings_all_and_an_agent_is_never_in_two_offers() {
    let server = setup("ring-all").start();
    let phones = agents(&server, &THREE);
    let (_phone, mut outside) = caller(&server, NUMBER);
    let mut rings: Vec<(&str, Call)> = (0..3).map(|_| rung(&phones)).collect();
    rings.sort_by_key(|(name, _)| *name);
    rings.iter().for_each(|(_, call)| call.ring());
    let names: Vec<&str> = rings.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, THREE);
    let (_second_phone, mut second) = caller(&server, NUMBER);
    for (name, phone) in &phones {
        let again = phone.try_incoming(Duration::from_millis(200));
        assert!(again.is_none(), "{name} rings for two");
    }
    let (_, mut bosse) = rings.remove(1);
    bosse.answer();
    for (_, call) in &mut rings {
        call.expect_cancel(AT_ONCE);
    }
    // Those two ring for the next caller now.
    let mut next = [rung(&phones).0, rung(&phones).0];
    next.sort_unstable();
    assert_eq!(next, ["anna", "cecilia"]);
    assert!(outside.stands_for(Duration::from_millis(100)));
    assert!(second.stands_for(Duration::from_millis(100)));
    assert_eq!(missed(&server, "anna") + missed(&server, "cecilia"), 0);
}

#[test]
fn two_agents_who_answer_at_once_make_one_call_and_the_other_hears_bye() {
    let server = setup("ring-all").start();
    let phones = agents(&server, &THREE[..2]);
    for _ in 0..4 {
        let (_phone, mut outside) = caller(&server, NUMBER);
        let (_, mut one) = rung(&phones);
        let (_, mut other) = rung(&phones);
        std::thread::scope(|scope| {
            scope.spawn(|| one.answer_without_ack());
            other.answer_without_ack();
        });
        let stands = [
            one.stands_for(Duration::from_millis(500)),
            other.stands_for(Duration::from_millis(500)),
        ];
        assert_eq!(stands.iter().filter(|stands| **stands).count(), 1);
        let late = if stands[0] { &other } else { &one };
        assert!(
            matches!(late.ended, Some(Ending::Bye | Ending::Cancel)),
            "{:?}",
            late.ended
        );
        outside.hang_up();
        let talks = if stands[0] { &mut one } else { &mut other };
        talks.expect_bye(AT_ONCE);
        server.wait_no_call(SOON);
        for name in &THREE[..2] {
            server.wait_agent(name, "free", Duration::from_secs(10));
        }
    }
    assert_eq!(missed(&server, "anna") + missed(&server, "bosse"), 0);
}

// Changes: place.priority
#[test]
fn callers_of_a_number_with_priority_go_before_others() {
    let important = "[numbers.\"+46850001009\"]\nqueue = \"support\"\npriority = 2\n";
    let server = setup("longest-idle")
        .add("important.toml", important)
        .start();
    let (_phone, _first) = caller(&server, NUMBER);
    let (_other_phone, _second) = caller(&server, "+46850001009");
    server.wait("both wait", SOON, |server| {
        server.ctl_row("queues", "name", "demo/support")["waiting"] == 2
    });
    let phones = agents_of(&server);
    let (_, mut agent) = rung(&phones);
    agent.answer();
    let mut talks = None;
    server.wait("one of them talks", SOON, |server| {
        let calls = server.ctl(&["calls"]);
        let mut rows = calls.as_array().unwrap().iter();
        talks = rows.find(|row| row["state"] == "connected").cloned();
        talks.is_some()
    });
    assert_eq!(talks.unwrap()["dialled"], "+46850001009");
}

// Changes: numbers.routes.from, menus.extension
#[test]
fn callers_go_before_others_by_their_own_number_and_by_the_key_they_choose() {
    const PREFERRED: &str = r#"
[numbers."+46850001009"]
routes = [{ from = ["+46702*"], queue = "support", priority = 2 }]
queue = "support"

[menus.preferred]
extension = "1501"
prompt = "menu-demo"
keys = { "4" = { queue = "support", priority = 5 } }
"#;
    let server = setup("longest-idle")
        .set("queues.support.members", "[\"anna\"]")
        .add("preferred.toml", PREFERRED)
        .start();
    let waiting = |count: u32| {
        server.wait("they wait", SOON, |server| {
            server.ctl_row("queues", "name", "demo/support")["waiting"] == count
        });
    };
    let dials = |phone: Phone, dialled: &str| {
        let mut call = phone.call(dialled);
        call.expect_answer(SOON);
        (phone, call)
    };
    let outside = |number: &str| dials(Phone::outside(&server, number), "+46850001009");
    let ordinary = outside("+46701111111");
    waiting(1);
    let important = outside("0702222222");
    waiting(2);
    let chooses = dials(Phone::agent(&server, "bosse"), "1501");
    chooses.1.media.press(4, Duration::from_millis(100));
    waiting(3);
    let anna = Phone::agent(&server, "anna");
    for ((_phone, mut call), from) in [
        (chooses, "Bosse Berg"),
        (important, "702222222"),
        (ordinary, "701111111"),
    ] {
        let mut agent = anna.incoming(SOON);
        let shown = agent.invite().header("From").unwrap().to_owned();
        assert!(shown.contains(from), "{from} is next, not {shown}");
        agent.answer();
        server.wait_agent("anna", "in-call", SOON);
        call.hang_up();
        agent.expect_bye(SOON);
    }
    server.wait_idle(SOON);
}

/// Anna alone, who rings as soon as she is there.
fn agents_of(server: &Server) -> Vec<(&'static str, Phone)> {
    vec![("anna", Phone::agent(server, "anna"))]
}

#[test]
fn whoever_calls_again_gets_the_agent_he_had_and_what_a_number_asks_for_only_the_able_have() {
    const SWEDISH: &str = "+46850001009";
    let numbers = format!(
        "[numbers]\n\"{SWEDISH}\" = {{ queue = \"support\", requires = {{ svenska = 5 }} }}\n"
    );
    let server = setup("longest-idle")
        .set(
            "queues.support.last_agent",
            "{ within = \"1h\", wait = \"1m\" }",
        )
        .set("users.bosse.skills", "{ svenska = 7 }")
        .add("swedish.toml", &numbers)
        .start();
    let phones = agents(&server, &THREE);
    let talk = |from: &str, dialled: &str| {
        let phone = Phone::outside(&server, from);
        let mut outside = phone.call(dialled);
        outside.expect_answer(SOON);
        let (name, mut agent) = rung(&phones);
        agent.answer();
        server.wait_agent(name, "in-call", SOON);
        let why = why(&server).to_string();
        outside.hang_up();
        agent.expect_bye(AT_ONCE);
        server.wait_agent(name, "free", SOON);
        (name, why)
    };
    // The longest idle is anna, then bosse, then cecilia.
    assert_eq!(talk("+46701111111", NUMBER).0, "anna");
    assert_eq!(talk("+46702222222", NUMBER).0, "bosse");
    let (again, why_again) = talk("0701111111", NUMBER);
    assert_eq!(again, "anna", "however his network writes his number");
    assert!(why_again.contains("talked with him"), "{why_again}");
    // Cecilia, and then anna, were idle longer.
    let (able, why_able) = talk("+46703333333", SWEDISH);
    assert_eq!(able, "bosse");
    assert!(why_able.contains("has no svenska"), "{why_able}");
    assert!(why_able.contains("asks for svenska 5"), "{why_able}");
}
