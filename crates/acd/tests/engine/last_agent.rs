//! Callers who come again are given to the agent whom they talked with; one test a rule.

use crate::floor::{Floor, agent, call, known_as, queue, queue_of, rung, secs, settings};
use acd::{Command, Entrance, Fact, Input, LastAgent, OfferEnd, Policy, Reason, Settings};
use base::OfferId;
use control::{Principal, QueueCommand, Queues, permit};

const WAIT: u64 = 30;

/// Queues with these members each, whose callers are known again for an hour.
fn knowing(queues: &[(&str, &[&str])]) -> Settings {
    let of = |members: &[&str]| acd::QueueSettings {
        last_agent: Some(LastAgent {
            within: secs(3_600),
            wait: secs(WAIT),
        }),
        ..queue_of(members)
    };
    let queues: Vec<_> = queues.iter().map(|(name, who)| (*name, of(who))).collect();
    settings(&queues)
}

/// That caller comes, known as `number`.
fn comes(floor: &mut Floor, slot: u32, to: &str, number: &str) -> Vec<Command> {
    let entrance = Entrance {
        known_as: Some(known_as(number)),
        ..Entrance::new(call(slot), queue(to), floor.now)
    };
    floor.give(Input::Join(entrance))
}

/// Support of anna, bosse and cecilia, where `+461` has just talked with anna, who has been free again for a second,
/// and so is last by longest idleness.
fn after_a_talk_with_anna() -> Floor {
    let mut floor = Floor::open(knowing(&[("support", &["anna", "bosse", "cecilia"])]));
    comes(&mut floor, 1, "support", "+461");
    floor.answered(1);
    floor.hung_up(1);
    floor.pass(secs(11));
    floor
}

fn reason(floor: &Floor) -> Reason {
    let offered = floor.facts.iter().rev().find_map(|it| match &it.fact {
        Fact::Offered { reason, .. } => Some(*reason),
        _ => None,
    });
    offered.unwrap()
}

// Changes: queues.last_agent
#[test]
fn whoever_comes_again_gets_the_agent_he_had_if_that_one_is_free_whatever_the_policy() {
    let mut floor = after_a_talk_with_anna();
    assert_eq!(
        rung(&comes(&mut floor, 2, "support", "+462")),
        [("bosse".into(), 2)]
    );
    assert_eq!(
        rung(&comes(&mut floor, 3, "support", "+461")),
        [("anna".into(), 3)]
    );
    assert!(matches!(reason(&floor), Reason::LastAgent { .. }));
}

#[test]
fn to_ring_all_one_who_comes_again_is_first_his_alone() {
    let mut known = knowing(&[("support", &["anna", "bosse"])]);
    known.queues.get_mut(&queue("support")).unwrap().policy = Policy::RingAll;
    let mut floor = Floor::open(known);
    comes(&mut floor, 1, "support", "+461");
    floor.answered(2);
    floor.ended(1, OfferEnd::Withdrawn);
    floor.hung_up(1);
    floor.pass(secs(11));
    assert_eq!(
        rung(&comes(&mut floor, 2, "support", "+461")),
        [("bosse".into(), 2)]
    );
    assert_eq!(
        rung(&floor.ended(3, OfferEnd::Declined)),
        [("anna".into(), 2)]
    );
}

#[test]
fn while_that_agent_is_busy_others_are_not_offered_the_caller_and_serve_those_behind_him() {
    let mut floor = after_a_talk_with_anna();
    floor.own_call("anna", 90, true);
    assert_eq!(rung(&comes(&mut floor, 2, "support", "+461")), []);
    assert_eq!(floor.position(2), Some(1));
    assert_eq!(
        rung(&comes(&mut floor, 3, "support", "+463")),
        [("bosse".into(), 3)]
    );
    assert_eq!(floor.position(3), Some(2));
    assert_eq!(
        rung(&floor.own_call("anna", 90, false)),
        [("anna".into(), 2)]
    );
}

// Changes: queues.last_agent.wait
#[test]
fn after_his_patience_he_is_for_whoever_is_free() {
    let mut floor = after_a_talk_with_anna();
    floor.own_call("anna", 90, true);
    comes(&mut floor, 2, "support", "+461");
    assert_eq!(rung(&floor.pass(secs(WAIT - 1))), []);
    assert_eq!(rung(&floor.pass(secs(1))), [("bosse".into(), 2)]);
    assert!(matches!(reason(&floor), Reason::LongestIdle { .. }));
}

#[test]
fn whoever_stands_before_him_gets_that_agent_first() {
    let mut floor = after_a_talk_with_anna();
    for name in ["bosse", "cecilia"] {
        floor.log_out(name, Queues::All).0.unwrap();
    }
    floor.own_call("anna", 90, true);
    comes(&mut floor, 2, "support", "+462");
    comes(&mut floor, 3, "support", "+461");
    assert_eq!(
        rung(&floor.own_call("anna", 90, false)),
        [("anna".into(), 2)]
    );
}

#[test]
fn nobody_waits_for_one_who_has_paused_logged_out_or_can_not_be_called() {
    let away: [fn(&mut Floor); 3] = [
        |floor| drop(floor.pause("anna", None)),
        |floor| drop(floor.log_out("anna", Queues::All)),
        |floor| drop(floor.device("anna", false)),
    ];
    for go in away {
        let mut floor = after_a_talk_with_anna();
        go(&mut floor);
        assert_eq!(
            rung(&comes(&mut floor, 2, "support", "+461")),
            [("bosse".into(), 2)]
        );
        // And whoever waits already waits no longer.
        let mut floor = after_a_talk_with_anna();
        floor.own_call("anna", 90, true);
        assert_eq!(rung(&comes(&mut floor, 2, "support", "+461")), []);
        go(&mut floor);
        let offered = floor.facts.iter().rev().find_map(|it| it.fact.command());
        let ring = Command::Ring {
            offer: OfferId(2),
            call: call(2),
            queue: queue("support"),
            agent: agent("bosse"),
        };
        assert_eq!(offered, Some(ring));
    }
}

#[test]
fn one_who_is_no_member_any_more_or_can_do_too_little_is_not_waited_for() {
    let mut floor = after_a_talk_with_anna();
    floor.own_call("anna", 90, true);
    comes(&mut floor, 2, "support", "+461");
    let without = knowing(&[("support", &["bosse", "cecilia"])]);
    assert_eq!(rung(&floor.configure(without)), [("bosse".into(), 2)]);

    let mut floor = after_a_talk_with_anna();
    let mut asking = knowing(&[("support", &["anna", "bosse", "cecilia"])]);
    let asked = &mut asking.queues.get_mut(&queue("support")).unwrap().asked;
    asked.requires.insert("svenska".into(), 5);
    let bosse = asking.agents.get_mut(&agent("bosse")).unwrap();
    bosse.skills.insert("svenska".into(), 5);
    floor.configure(asking);
    assert_eq!(
        rung(&comes(&mut floor, 2, "support", "+461")),
        [("bosse".into(), 2)]
    );
}

#[test]
fn one_who_does_not_take_the_call_is_not_waited_for_again() {
    let mut floor = after_a_talk_with_anna();
    comes(&mut floor, 2, "support", "+461");
    assert_eq!(
        rung(&floor.ended(2, OfferEnd::Declined)),
        [("bosse".into(), 2)]
    );
}

// Changes: queues.last_agent.within
#[test]
fn who_shows_no_number_comes_too_late_or_to_another_queue_is_anybody_s() {
    let mut floor = after_a_talk_with_anna();
    assert_eq!(rung(&floor.join(2, "support")), [("bosse".into(), 2)]);

    let mut floor = after_a_talk_with_anna();
    floor.pass(secs(3_600));
    assert_eq!(
        rung(&comes(&mut floor, 2, "support", "+461")),
        [("bosse".into(), 2)]
    );

    let both: [(&str, &[&str]); 2] = [("sales", &["bosse", "anna"]), ("support", &["anna"])];
    let mut floor = Floor::open(knowing(&both));
    comes(&mut floor, 1, "support", "+461");
    floor.answered(1);
    floor.hung_up(1);
    floor.pass(secs(11));
    assert_eq!(
        rung(&comes(&mut floor, 2, "sales", "+461")),
        [("bosse".into(), 2)]
    );
}

#[test]
fn the_last_who_took_his_call_counts_and_a_queue_that_stops_asking_forgets() {
    let mut floor = after_a_talk_with_anna();
    floor.pause("anna", None).0.unwrap();
    comes(&mut floor, 2, "support", "+461");
    floor.answered(2);
    floor.hung_up(2);
    floor.resume("anna").0.unwrap();
    floor.pass(secs(11));
    assert_eq!(
        rung(&comes(&mut floor, 3, "support", "+461")),
        [("bosse".into(), 3)]
    );
    assert!(matches!(reason(&floor), Reason::LastAgent { .. }));
    floor.leave(3);
    floor.ended(3, OfferEnd::Withdrawn);
    let team = ["anna", "bosse", "cecilia"];
    floor.configure(settings(&[("support", queue_of(&team))]));
    floor.configure(knowing(&[("support", &team)]));
    comes(&mut floor, 4, "support", "+461");
    assert!(matches!(reason(&floor), Reason::LongestIdle { .. }));
}

#[test]
fn whoever_sends_a_caller_back_to_the_queue_does_not_get_the_same_call_again() {
    let mut floor = after_a_talk_with_anna();
    let arrived = floor.now;
    assert_eq!(
        rung(&comes(&mut floor, 2, "support", "+461")),
        [("anna".into(), 2)]
    );
    floor.pass(secs(1));
    floor.answered(2);
    floor.hung_up(2);
    // She is free again when he comes back, by the same call.
    floor.pass(secs(11));
    let back = Entrance {
        known_as: Some(known_as("+461")),
        ..Entrance::new(call(2), queue("support"), arrived)
    };
    assert_eq!(rung(&floor.give(Input::Join(back))), [("bosse".into(), 2)]);
    assert!(matches!(reason(&floor), Reason::LongestIdle { .. }));
}

#[test]
fn a_caller_who_is_moved_is_known_again_where_he_comes_to() {
    let both: [(&str, &[&str]); 2] = [("sales", &[]), ("support", &["bosse", "anna"])];
    let mut floor = Floor::open(knowing(&both));
    comes(&mut floor, 1, "support", "+461");
    floor.answered(1);
    let agent = floor.facts.iter().find_map(|it| match &it.fact {
        Fact::Connected { agent, .. } => Some(agent.name().to_owned()),
        _ => None,
    });
    floor.hung_up(1);
    floor.pass(secs(11));
    comes(&mut floor, 2, "sales", "+461");
    let command = QueueCommand::Move {
        from: queue("sales"),
        to: queue("support"),
        callers: None,
    };
    let command = permit(Principal::Operator, command).unwrap();
    let commands = floor.give(Input::QueueCommand { ticket: 1, command });
    assert_eq!(rung(&commands), [(agent.unwrap(), 2)]);
    assert!(matches!(reason(&floor), Reason::LastAgent { .. }));
}

#[test]
fn a_caller_who_is_to_be_forgotten_is_known_to_no_queue_and_others_are() {
    let both: [(&str, &[&str]); 2] = [
        ("sales", &["anna", "bosse"]),
        ("support", &["anna", "bosse"]),
    ];
    let mut floor = Floor::open(knowing(&both));
    floor.device("bosse", false);
    let came = [("sales", "+461"), ("support", "+461"), ("support", "+462")];
    for (slot, (to, number)) in (1..).zip(came) {
        comes(&mut floor, slot, to, number);
        floor.answered(slot.into());
        floor.hung_up(slot);
        floor.pass(secs(11));
    }
    floor.device("bosse", true);
    floor.give(Input::ForgetCaller(known_as("+461")));
    for (slot, to) in [(4, "sales"), (5, "support")] {
        assert_eq!(
            rung(&comes(&mut floor, slot, to, "+461")),
            [("bosse".into(), slot)]
        );
        assert!(matches!(reason(&floor), Reason::LongestIdle { .. }));
        let offer = u64::from(slot);
        floor.leave(slot);
        floor.ended(offer, OfferEnd::Withdrawn);
    }
    assert_eq!(
        rung(&comes(&mut floor, 6, "support", "+462")),
        [("anna".into(), 6)]
    );
}

#[test]
fn one_who_waits_for_his_agent_when_he_is_forgotten_is_anybody_s_and_stays_unknown() {
    let mut floor = after_a_talk_with_anna();
    floor.own_call("anna", 90, true);
    assert_eq!(rung(&comes(&mut floor, 2, "support", "+461")), []);
    let commands = floor.give(Input::ForgetCaller(known_as("+461")));
    assert_eq!(rung(&commands), [("bosse".into(), 2)]);
    floor.answered(2);
    floor.hung_up(2);
    assert_eq!(floor.engine().carried_talks(&agent("bosse")), []);
    // Nobody has heard of this one.
    let facts = floor.facts.len();
    floor.give(Input::ForgetCaller(known_as("+463")));
    let told: Vec<_> = floor.facts[facts..].iter().map(|it| &it.fact).collect();
    let caller = known_as("+463");
    assert_eq!(told, [&Fact::CallerForgotten { caller }]);
}
