//! Who takes the call: each policy by name, priorities, skills that widen, several phones for one caller.

use crate::floor::{Floor, agent, call, queue_of, rung, secs, settings};
use acd::{
    AgentState, Asked, Command, Fact, Obstacle, OfferEnd, Policy, QueueSettings, RINGING_MAX,
    Reason, Settings, Skills, Widening, WithdrawCause,
};
use base::OfferId;
use std::num::NonZeroU8;

const THREE: [&str; 3] = ["anna", "bosse", "cecilia"];

/// A queue of these members with that policy; no time is lost between calls.
fn queue_with(policy: Policy, members: &[&str]) -> QueueSettings {
    QueueSettings {
        policy,
        wrap_up: secs(0),
        ..queue_of(members)
    }
}

fn floor_with(policy: Policy, members: &[&str]) -> Floor {
    Floor::open(settings(&[("support", queue_with(policy, members))]))
}

fn parallel(many: u8) -> Policy {
    Policy::Parallel(NonZeroU8::new(many).unwrap())
}

fn skills(levels: &[(&str, u8)]) -> Skills {
    let levels = levels.iter();
    levels
        .map(|(skill, level)| ((*skill).into(), *level))
        .collect()
}

/// Has calls come one after the other, each answered and over before the next; the agents who took them.
fn taken_in_turn(floor: &mut Floor, calls: std::ops::Range<u32>) -> Vec<String> {
    let mut taken = Vec::new();
    for number in calls {
        floor.pass(secs(1));
        let commands = floor.join(number, "support");
        let rung = rung(&commands);
        assert_eq!(rung.len(), 1, "{rung:?}");
        taken.push(rung[0].0.clone());
        floor.answered(last_offer(floor));
        floor.hung_up(number);
    }
    taken
}

fn last_offer(floor: &Floor) -> u64 {
    let offers = floor.facts.iter().rev();
    let mut offers = offers.filter_map(|stamped| match &stamped.fact {
        Fact::Offered { offer, .. } => Some(offer.0),
        _ => None,
    });
    offers.next().unwrap()
}

fn reason(floor: &Floor) -> Reason {
    let last = OfferId(last_offer(floor));
    let mut facts = floor.facts.iter();
    let found = facts.find_map(|stamped| match &stamped.fact {
        Fact::Offered { offer, reason, .. } if *offer == last => Some(*reason),
        _ => None,
    });
    found.unwrap()
}

fn passed_over(floor: &Floor) -> Vec<(String, Obstacle)> {
    let last = OfferId(last_offer(floor));
    let mut facts = floor.facts.iter();
    let found = facts.find_map(|stamped| match &stamped.fact {
        Fact::Offered {
            offer, passed_over, ..
        } if *offer == last => Some(passed_over),
        _ => None,
    });
    let found = found.unwrap().iter();
    found
        .map(|it| (it.agent.name().to_owned(), it.cause.clone()))
        .collect()
}

fn withdrawn(commands: &[Command]) -> Vec<(u64, WithdrawCause)> {
    let withdraw = |command: &Command| match command {
        Command::Withdraw { offer, cause, .. } => Some((offer.0, *cause)),
        _ => None,
    };
    commands.iter().filter_map(withdraw).collect()
}

#[test]
fn longest_idle_goes_to_whoever_has_been_free_longest() {
    let mut floor = floor_with(Policy::LongestIdle, &THREE);
    floor.own_call("anna", 90, true);
    floor.own_call("anna", 90, false);
    let taken = taken_in_turn(&mut floor, 1..5);
    assert_eq!(taken, ["bosse", "cecilia", "anna", "bosse"]);
}

#[test]
fn round_robin_goes_on_behind_whoever_was_rung_last_and_passes_over_the_busy() {
    let mut floor = floor_with(Policy::RoundRobin, &THREE);
    let taken = taken_in_turn(&mut floor, 1..5);
    assert_eq!(taken, ["anna", "bosse", "cecilia", "anna"]);
    floor.own_call("bosse", 90, true);
    assert_eq!(taken_in_turn(&mut floor, 5..7), ["cecilia", "anna"]);
    floor.own_call("bosse", 90, false);
    assert_eq!(taken_in_turn(&mut floor, 7..9), ["bosse", "cecilia"]);
    let (rank, after) = (2, Some(1));
    assert_eq!(reason(&floor), Reason::RoundRobin { rank, after });
}

#[test]
fn fewest_calls_goes_to_whoever_has_taken_fewest_of_this_queue() {
    let mut other = queue_with(Policy::LongestIdle, &["anna"]);
    other.members.retain(|member, _| *member == agent("anna"));
    let queues = [
        ("support", queue_with(Policy::FewestCalls, &THREE)),
        ("sales", other),
    ];
    let mut floor = Floor::open(settings(&queues));
    for number in 90..95 {
        floor.join(number, "sales");
        floor.answered(last_offer(&floor));
        floor.hung_up(number);
    }
    floor.own_call("cecilia", 80, true);
    assert_eq!(taken_in_turn(&mut floor, 1..4), ["bosse", "anna", "bosse"]);
    floor.own_call("cecilia", 80, false);
    let taken = taken_in_turn(&mut floor, 4..7);
    assert_eq!(taken, ["cecilia", "anna", "cecilia"]);
    assert_eq!(reason(&floor), Reason::FewestCalls { taken: 1 });
    // What he has taken counts also when he has been away.
    floor.log_out("cecilia", control::Queues::All).0.unwrap();
    floor.log_in("cecilia", control::Queues::All).0.unwrap();
    assert_eq!(taken_in_turn(&mut floor, 7..8), ["bosse"]);
}

// Changes: queues.members.weight
#[test]
fn random_goes_by_weight() {
    const CALLS: u32 = 2_000;
    let mut queue = queue_with(Policy::Random, &THREE);
    for (member, weight) in [("anna", 1), ("bosse", 3), ("cecilia", 6)] {
        queue.members.get_mut(&agent(member)).unwrap().weight = weight;
    }
    let mut floor = Floor::open(settings(&[("support", queue)]));
    let taken = taken_in_turn(&mut floor, 1..CALLS + 1);
    for (member, share) in [("anna", 1), ("bosse", 3), ("cecilia", 6)] {
        let count = taken.iter().filter(|name| *name == member).count() as u32;
        // Five standard deviations are 56 of 2,000.
        assert!(
            count.abs_diff(CALLS * share / 10) < 60,
            "{member} took {count}"
        );
    }
}

#[test]
fn fixed_order_goes_to_the_first_who_is_free() {
    let mut floor = floor_with(Policy::FixedOrder, &THREE);
    assert_eq!(taken_in_turn(&mut floor, 1..3), ["anna", "anna"]);
    floor.own_call("anna", 90, true);
    assert_eq!(taken_in_turn(&mut floor, 3..5), ["bosse", "bosse"]);
    assert_eq!(reason(&floor), Reason::FixedOrder { rank: 1 });
}

#[test]
fn by_skill_goes_to_the_ablest_and_among_them_to_whoever_has_been_idle_longest() {
    let mut queue = queue_with(Policy::BySkill, &THREE);
    queue.asked.requires = skills(&[("teknik", 2)]);
    let mut settings = settings(&[("support", queue)]);
    for (name, level) in [("anna", 3), ("bosse", 8), ("cecilia", 8)] {
        let agent = settings.agents.get_mut(&agent(name)).unwrap();
        agent.skills = skills(&[("teknik", level), ("svenska", 10)]);
    }
    let mut floor = Floor::open(settings);
    let taken = taken_in_turn(&mut floor, 1..4);
    assert_eq!(taken, ["bosse", "cecilia", "bosse"]);
    floor.own_call("bosse", 90, true);
    floor.own_call("cecilia", 91, true);
    assert_eq!(taken_in_turn(&mut floor, 4..5), ["anna"]);
    assert!(matches!(reason(&floor), Reason::BySkill { level: 3, .. }));
}

#[test]
fn ring_all_rings_all_who_are_free_and_whoever_becomes_so() {
    let mut floor = floor_with(Policy::RingAll, &THREE);
    floor.own_call("bosse", 90, true);
    assert_eq!(
        rung(&floor.join(1, "support")),
        [("anna".into(), 1), ("cecilia".into(), 1)]
    );
    assert_eq!(rung(&floor.join(2, "support")), []);
    assert_eq!(
        rung(&floor.own_call("bosse", 90, false)),
        [("bosse".into(), 1)]
    );
    let commands = floor.answered(2);
    assert_eq!(
        withdrawn(&commands),
        [
            (1, WithdrawCause::AnsweredElsewhere),
            (3, WithdrawCause::AnsweredElsewhere)
        ]
    );
    // Once their phones are known to have stopped, they ring for the next.
    let commands = floor.ended(1, OfferEnd::Withdrawn);
    assert_eq!(rung(&commands), [("anna".into(), 2)]);
}

#[test]
fn ring_all_rings_no_more_phones_than_may_ring_for_one_caller() {
    let names: Vec<String> = (0..40).map(|n| format!("agent-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut floor = floor_with(Policy::RingAll, &names);
    let (first, second) = (floor.join(1, "support"), floor.join(2, "support"));
    assert_eq!(rung(&first).len(), RINGING_MAX);
    assert_eq!(rung(&second).len(), 40 - RINGING_MAX);
}

// Changes: queues.parallel
#[test]
fn parallel_first_to_answer_wins_and_the_others_count_no_miss() {
    let mut floor = floor_with(parallel(2), &THREE);
    floor.pass(secs(1));
    let commands = floor.join(1, "support");
    assert_eq!(rung(&commands), [("anna".into(), 1), ("bosse".into(), 1)]);
    let commands = floor.answered(2);
    let connected = Command::Connect {
        offer: OfferId(2),
        call: call(1),
        agent: agent("bosse"),
    };
    assert_eq!(commands[0], connected);
    let elsewhere = WithdrawCause::AnsweredElsewhere;
    assert_eq!(withdrawn(&commands), [(1, elsewhere)]);
    floor.ended(1, OfferEnd::Withdrawn);
    let anna = floor.agent_row("anna");
    assert_eq!((anna.totals.missed, anna.state), (0, AgentState::Free));
    // She is as idle as before: she is still before cecilia.
    assert_eq!(rung(&floor.join(2, "support"))[0].0, "anna");
}

#[test]
fn parallel_who_declines_or_errs_is_replaced_at_once_while_the_others_ring_on() {
    let mut floor = floor_with(parallel(2), &["anna", "bosse", "cecilia", "david"]);
    floor.join(1, "support");
    for (offer, end, next) in [
        (1, OfferEnd::Declined, "cecilia"),
        (3, OfferEnd::DeviceError, "david"),
    ] {
        let commands = floor.ended(offer, end);
        assert_eq!(rung(&commands), [(next.into(), 1)]);
        assert_eq!(withdrawn(&commands), [], "bosse rings on");
    }
    assert_eq!(floor.state("bosse"), AgentState::Offered);
    // Nobody is left: bosse alone rings, and the next who is free joins him.
    assert_eq!(rung(&floor.ended(4, OfferEnd::Busy)), []);
    assert_eq!(rung(&floor.pass(secs(5)))[0], ("anna".into(), 1));
}

#[test]
fn parallel_callers_behind_get_other_agents_meanwhile() {
    let mut floor = floor_with(parallel(2), &THREE);
    floor.join(1, "support");
    assert_eq!(rung(&floor.join(2, "support")), [("cecilia".into(), 2)]);
    let row = floor.queue_row("support");
    assert_eq!((row.waiting, row.offered), (0, 2));
    // Whoever is first has all that he is to have before the next has more.
    floor.ended(1, OfferEnd::Declined);
    let commands = floor.pass(secs(5));
    assert_eq!(rung(&commands)[0], ("anna".into(), 1));
}

#[test]
fn an_answer_that_crosses_that_of_another_agent_is_released_and_counts_no_miss() {
    let mut floor = floor_with(parallel(2), &THREE);
    floor.join(1, "support");
    floor.answered(1);
    let release = Command::Release {
        offer: OfferId(2),
        call: call(1),
    };
    assert_eq!(floor.answered(2), [release]);
    floor.ended(2, OfferEnd::Withdrawn);
    let bosse = floor.agent_row("bosse");
    assert_eq!((bosse.totals.missed, bosse.totals.taken), (0, 0));
    assert_eq!(bosse.state, AgentState::Free);
}

#[test]
fn a_caller_who_hangs_up_stops_every_phone_that_rings_for_him() {
    let mut floor = floor_with(Policy::RingAll, &THREE);
    floor.join(1, "support");
    let gone = WithdrawCause::CallerGone;
    assert_eq!(
        withdrawn(&floor.leave(1)),
        [(1, gone), (2, gone), (3, gone)]
    );
}

#[test]
fn an_agent_in_two_queues_is_never_in_two_offers() {
    let queues = [
        ("support", queue_with(Policy::RingAll, &THREE)),
        ("sales", queue_with(parallel(3), &THREE)),
    ];
    let mut floor = Floor::open(settings(&queues));
    assert_eq!(rung(&floor.join(1, "support")).len(), 3);
    assert_eq!(rung(&floor.join(2, "sales")), []);
    // The floor checks after every step that nobody is in two offers.
    assert_eq!(rung(&floor.ended(2, OfferEnd::Declined)), []);
    assert_eq!(rung(&floor.leave(1)), []);
    assert_eq!(
        rung(&floor.ended(1, OfferEnd::Withdrawn)),
        [("anna".into(), 2)]
    );
}

#[test]
fn members_of_a_better_priority_are_tried_first_whatever_the_policy() {
    for policy in [
        Policy::LongestIdle,
        Policy::BySkill,
        Policy::RoundRobin,
        Policy::FewestCalls,
        Policy::Random,
        Policy::FixedOrder,
    ] {
        let mut queue = queue_with(policy, &THREE);
        queue.members.get_mut(&agent("anna")).unwrap().priority = 3;
        queue.members.get_mut(&agent("bosse")).unwrap().priority = 2;
        let mut floor = Floor::open(settings(&[("support", queue)]));
        let taken = taken_in_turn(&mut floor, 1..4);
        assert_eq!(taken, ["cecilia", "cecilia", "cecilia"], "{policy:?}");
        let priority = |priority| Obstacle::Priority { priority };
        assert_eq!(
            passed_over(&floor),
            [("bosse".into(), priority(2)), ("anna".into(), priority(3))]
        );
        floor.own_call("cecilia", 90, true);
        assert_eq!(taken_in_turn(&mut floor, 4..5), ["bosse"], "{policy:?}");
    }
}

/// Callers ask for teknik 5, after 30 s for 3, after two minutes for nothing; anna has 4, bosse none.
fn widening() -> Settings {
    let mut queue = queue_with(Policy::LongestIdle, &["anna", "bosse"]);
    let step = |after, requires| Widening {
        after: secs(after),
        requires,
    };
    queue.asked = Asked {
        requires: skills(&[("teknik", 5)]),
        widen: vec![step(30, skills(&[("teknik", 3)])), step(120, Skills::new())],
    };
    let mut settings = settings(&[("support", queue)]);
    let anna = settings.agents.get_mut(&agent("anna")).unwrap();
    anna.skills = skills(&[("teknik", 4)]);
    settings
}

#[test]
fn what_a_caller_asks_for_widens_by_his_wait_and_the_wait_is_never_reset() {
    let mut floor = Floor::open(widening());
    assert_eq!(rung(&floor.join(1, "support")), []);
    assert_eq!(rung(&floor.pass(secs(29))), []);
    assert_eq!(rung(&floor.pass(secs(1))), [("anna".into(), 1)]);
    floor.own_call("anna", 90, true);
    assert_eq!(rung(&floor.pass(secs(89))), []);
    assert_eq!(rung(&floor.pass(secs(1))), [("bosse".into(), 1)]);
    assert_eq!(floor.queue_row("support").longest_wait_ms, Some(120_000));
}

#[test]
fn whoever_waits_behind_and_asks_for_less_is_served_while_the_first_asks_for_more() {
    let mut floor = Floor::open(widening());
    floor.own_call("anna", 90, true);
    floor.join(1, "support");
    floor.pass(secs(60));
    let entrance = acd::Entrance::new(call(2), crate::floor::queue("support"), floor.now);
    floor.give(acd::Input::Join(acd::Entrance {
        priority: acd::Priority::new(9),
        ..entrance
    }));
    assert_eq!(floor.position(2), Some(1));
    assert_eq!(
        rung(&floor.own_call("anna", 90, false)),
        [("anna".into(), 1)]
    );
}

#[test]
fn the_trace_says_who_was_passed_over_and_why() {
    let mut floor = Floor::open(widening());
    floor.join(1, "support");
    floor.pass(secs(30));
    let lacking = acd::Lacking {
        skill: "teknik".into(),
        asked: 3,
        has: None,
    };
    assert_eq!(
        passed_over(&floor),
        [("bosse".into(), Obstacle::Lacks(lacking))]
    );
    let mut floor = floor_with(Policy::LongestIdle, &["anna", "bosse", "cecilia", "david"]);
    floor.pause("anna", Some("lunch")).0.unwrap();
    floor.own_call("bosse", 90, true);
    floor.join(1, "support");
    let reason = Some("lunch".to_owned());
    assert_eq!(
        passed_over(&floor),
        [
            ("david".into(), Obstacle::LaterTurn),
            (
                "anna".into(),
                Obstacle::NotFree(AgentState::Paused { reason })
            ),
            ("bosse".into(), Obstacle::NotFree(AgentState::OwnCall)),
        ]
    );
}

/// anna serves both; `heavy` weighs nine times what `light` does.
fn weighted() -> Floor {
    let queue = |weight| QueueSettings {
        weight,
        ..queue_with(Policy::LongestIdle, &["anna"])
    };
    let mut floor = Floor::open(settings(&[("heavy", queue(9)), ("light", queue(1))]));
    floor.own_call("anna", 90, true);
    floor
}

// Changes: queues.weight
#[test]
fn among_queues_that_share_an_agent_the_wait_counts_times_the_weight() {
    let mut floor = weighted();
    floor.join(1, "light");
    floor.pass(secs(80));
    floor.join(2, "heavy");
    floor.pass(secs(9));
    assert_eq!(
        rung(&floor.own_call("anna", 90, false)),
        [("anna".into(), 1)],
        "89 s once are more than 9 s nine times"
    );
    let mut floor = weighted();
    floor.join(1, "light");
    floor.pass(secs(80));
    floor.join(2, "heavy");
    floor.pass(secs(11));
    assert_eq!(
        rung(&floor.own_call("anna", 90, false)),
        [("anna".into(), 2)],
        "91 s once are less than 11 s nine times"
    );
}

#[test]
fn a_stream_of_callers_to_a_heavy_queue_starves_nobody_in_a_light_one() {
    let mut floor = weighted();
    floor.join(1, "light");
    let mut rival = 2;
    floor.join(rival, "heavy");
    floor.pass(secs(10));
    let mut commands = floor.own_call("anna", 90, false);
    for offer in 1..30 {
        let served = rung(&commands)[0].1;
        if served == 1 {
            assert!((9..=12).contains(&offer), "served as number {offer}");
            return;
        }
        floor.answered(offer);
        rival += 1;
        floor.join(rival, "heavy");
        floor.pass(secs(10));
        commands = floor.hung_up(served);
    }
    panic!("the caller in the light queue was never served");
}

#[test]
fn a_policy_changed_on_reload_holds_from_the_next_caller_on() {
    let mut floor = floor_with(Policy::LongestIdle, &THREE);
    assert_eq!(rung(&floor.join(1, "support")).len(), 1);
    let all = settings(&[("support", queue_with(Policy::RingAll, &THREE))]);
    assert_eq!(rung(&floor.configure(all)).len(), 2, "for him too");
    let one = settings(&[("support", queue_with(Policy::FixedOrder, &THREE))]);
    assert_eq!(floor.configure(one), [], "what rings rings on");
    assert_eq!(withdrawn(&floor.answered(1)).len(), 2);
}
