//! What of agents outlives the process: read from one engine, given to the next.

use crate::floor::{Floor, agent, call, known_as, queue, queue_of, rung, secs, settings};
use acd::{
    AgentState, Carried, Entrance, Input, LastAgent, Lately, QueueSettings, Settings,
    TALKS_CARRIED, Talk, Visits,
};
use base::Time;
use control::{AgentCommand, Queues};
use std::sync::Arc;
use std::time::Duration;

/// The next process, so much later, on a clock that goes on.
fn restarted(before: &Floor, settings: Settings, gap: Duration) -> Floor {
    let mut kept: Vec<_> = settings
        .agents
        .keys()
        .filter_map(|id| Some((before.engine().carried(id)?, id.clone())))
        .collect();
    kept.sort_by_key(|(carried, _)| carried.idle_since);
    let mut floor = Floor::default();
    floor.now = before.now + gap;
    floor.give(Input::Configure(Arc::new(settings)));
    for (_, agent) in &kept {
        floor.give(Input::DeviceReachable {
            agent: agent.clone(),
            reachable: true,
        });
    }
    for (carried, agent) in kept {
        // As a journal has it: times of day, read back.
        let text = serde_json::to_string(&carried.map(Time::as_micros)).unwrap();
        let carried: Carried<u64> = serde_json::from_str(&text).unwrap();
        let carried = Box::new(carried.map(Time::from_micros));
        floor.give(Input::Recall { agent, carried });
    }
    floor
}

/// Has the next process told whom its agents talked with, as it is kept.
fn recall_talks(before: &Floor, after: &mut Floor, names: &[&str]) {
    for agent in names.iter().map(|name| agent(name)) {
        let talks = before.engine().carried_talks(&agent).into_iter();
        let kept: Vec<Talk<u64>> = talks.map(|talk| talk.map(Time::as_micros)).collect();
        let text = serde_json::to_string(&kept).unwrap();
        let talks: Vec<Talk<u64>> = serde_json::from_str(&text).unwrap();
        let talks = talks.into_iter().map(|it| it.map(Time::from_micros));
        let talks = talks.collect();
        after.give(Input::RecallTalks { agent, talks });
    }
}

fn two_queues() -> Settings {
    settings(&[
        ("support", queue_of(&["anna", "bosse"])),
        ("sales", queue_of(&["anna", "bosse"])),
    ])
}

#[test]
fn agents_are_logged_in_and_paused_after_a_restart_as_before_it_whatever_the_settings_start_with() {
    let mut floor = Floor::open(two_queues());
    floor
        .log_out("anna", Queues::One(queue("sales")))
        .0
        .unwrap();
    floor.pass(secs(5));
    floor.pause("anna", Some("lunch")).0.unwrap();
    floor.log_out("bosse", Queues::All).0.unwrap();
    floor.pass(secs(60));
    let before = (floor.agent_row("anna"), floor.agent_row("bosse"));
    let after = restarted(&floor, two_queues(), secs(30));
    for (before, name) in [(before.0, "anna"), (before.1, "bosse")] {
        let after = after.agent_row(name);
        assert_eq!(after.since_ms, before.since_ms + 30_000);
        let expected = acd::AgentSnapshot {
            since_ms: after.since_ms,
            ..before
        };
        assert_eq!(after, expected);
    }
    assert_eq!(after.state("bosse"), AgentState::LoggedOut);
    assert_eq!(after.agent_row("anna").queues, [queue("support")]);
}

#[test]
fn wrap_up_time_that_a_restart_came_into_ends_when_it_would_have_ended() {
    let mut floor = Floor::open(two_queues());
    floor.log_out("bosse", Queues::All).0.unwrap();
    floor.join(1, "support");
    floor.answered(1);
    floor.pass(secs(20));
    floor.hung_up(1);
    let AgentState::WrapUp { until } = floor.state("anna") else {
        panic!("{:?}", floor.state("anna"));
    };
    let mut soon = restarted(&floor, two_queues(), secs(1));
    assert_eq!(soon.state("anna"), AgentState::WrapUp { until });
    assert!(rung(&soon.join(1, "support")).is_empty());
    let left = until - soon.now;
    assert_eq!(rung(&soon.pass(left)), [("anna".to_owned(), 1)]);

    let mut late = restarted(&floor, two_queues(), secs(3_600));
    assert_eq!(late.state("anna"), AgentState::Free);
    assert_eq!(late.agent_row("anna").since, until);
    assert_eq!(rung(&late.join(1, "support")), [("anna".to_owned(), 1)]);
}

#[test]
fn an_agent_whose_talk_was_cut_short_has_his_wrap_up_time() {
    let mut floor = Floor::open(two_queues());
    floor.join(1, "support");
    floor.answered(1);
    floor.pass(secs(20));
    let mut after = restarted(&floor, two_queues(), secs(600));
    let wrap_up = two_queues().queues[&queue("support")].wrap_up;
    let until = after.now + wrap_up;
    assert!(!wrap_up.is_zero());
    assert_eq!(after.state("anna"), AgentState::WrapUp { until });
    assert_eq!(after.agent_row("anna").totals.taken, 1);
    after.pass(wrap_up);
    assert_eq!(after.state("anna"), AgentState::Free);
}

#[test]
fn who_was_idle_longest_in_a_queue_still_is_after_a_restart() {
    let mut floor = Floor::open(two_queues());
    for (name, other) in [("anna", "bosse"), ("bosse", "anna")] {
        // In "support" the other is fresh from log-in; in "sales" nothing has changed.
        let support = || Queues::One(queue("support"));
        floor.pass(secs(10));
        floor.log_out(other, support()).0.unwrap();
        floor.log_in(other, support()).0.unwrap();
        let mut after = restarted(&floor, two_queues(), secs(5));
        assert_eq!(rung(&after.join(1, "support")), [(name.to_owned(), 1)]);
    }
}

#[test]
fn a_wall_clock_that_was_put_back_and_a_queue_that_is_gone_lead_to_nothing_odd() {
    let mut floor = Floor::open(two_queues());
    floor.join(1, "support");
    floor.answered(1);
    floor.hung_up(1);
    let extend = AgentCommand::ExtendWrapUp {
        agent: agent("anna"),
        span: Some(secs(3_600)),
    };
    floor.command(extend).0.unwrap();
    let carried = floor.engine().carried(&agent("anna")).unwrap();
    let hence = |at: Time| at + secs(86_400);
    let mut after = Floor::open(settings(&[("sales", queue_of(&["anna"]))]));
    let carried = Box::new(carried.map(hence));
    after.give(Input::Recall {
        agent: agent("anna"),
        carried: carried.clone(),
    });
    let until = after.now + acd::WRAP_UP_MAX;
    assert_eq!(after.state("anna"), AgentState::WrapUp { until });
    let row = after.agent_row("anna");
    assert_eq!((row.since, row.queues), (after.now, vec![queue("sales")]));
    // Told again, and of who is none, it does nothing.
    let facts = after.facts.len();
    for name in ["anna", "zorro"] {
        let (agent, carried) = (agent(name), carried.clone());
        after.give(Input::Recall { agent, carried });
    }
    assert_eq!(after.facts.len(), facts);
}

#[test]
fn what_callers_wait_on_average_and_may_expect_goes_on_from_the_facts_of_the_process_before() {
    let one_queue = || settings(&[("support", queue_of(&["anna"]))]);
    let mut floor = Floor::open(one_queue());
    for number in 1..=6 {
        floor.join(number, "support");
        floor.pass(secs(u64::from(number)));
        floor.answered(number.into());
        floor.pass(secs(60));
        floor.hung_up(number);
        floor.pass(secs(10));
    }
    let (mut visits, mut lately) = (Visits::default(), Lately::default());
    for fact in &floor.facts {
        let told = visits.hear(fact);
        told.iter().for_each(|told| lately.hear(fact.at, told));
    }
    let before = floor.queue_row("support");
    assert_eq!(before.handling_ms, Some(70_000));
    let mut after = restarted(&floor, one_queue(), secs(20));
    assert_eq!(after.queue_row("support").average_wait_ms, None);
    // One has been answered already before the past is known.
    after.join(1, "support");
    after.pass(secs(3));
    after.answered(1);
    for (id, carried) in lately.carried(after.now) {
        let carried = Box::new(carried);
        after.give(Input::RecallQueue { queue: id, carried });
    }
    let row = after.queue_row("support");
    let mean = (1 + 2 + 3 + 4 + 5 + 6 + 3) * 1_000 / 7;
    assert_eq!(row.average_wait_ms, Some(mean));
    assert_eq!(row.handling_ms, before.handling_ms);
    let nowhere = queue("nowhere");
    let carried = Box::default();
    let facts = after.facts.len();
    after.give(Input::RecallQueue {
        queue: nowhere,
        carried,
    });
    assert_eq!(after.facts.len(), facts, "a queue that is none any more");
}

/// Support of anna and bosse, whose callers are known again for an hour.
fn knowing() -> Settings {
    let last_agent = Some(LastAgent {
        within: secs(3_600),
        wait: secs(30),
    });
    let queue = queue_of(&["anna", "bosse"]);
    settings(&[(
        "support",
        QueueSettings {
            last_agent,
            ..queue
        },
    )])
}

fn comes(floor: &mut Floor, slot: u32, number: &str) -> Vec<(String, u32)> {
    let entrance = Entrance {
        known_as: Some(known_as(number)),
        ..Entrance::new(call(slot), queue("support"), floor.now)
    };
    rung(&floor.give(Input::Join(entrance)))
}

/// `+461` talked with anna, and bosse has been idle for longer.
fn after_a_talk_with_anna() -> Floor {
    let mut floor = Floor::open(knowing());
    assert_eq!(comes(&mut floor, 1, "+461"), [("anna".into(), 1)]);
    floor.answered(1);
    floor.hung_up(1);
    floor.pass(secs(11));
    floor
}

#[test]
fn whoever_comes_again_after_a_restart_gets_the_agent_whom_he_had_before_it() {
    let before = after_a_talk_with_anna();
    // Without what was kept it is bosse's turn.
    let mut after = restarted(&before, knowing(), secs(20));
    assert_eq!(comes(&mut after, 1, "+461"), [("bosse".into(), 1)]);
    let mut after = restarted(&before, knowing(), secs(20));
    recall_talks(&before, &mut after, &["bosse", "anna"]);
    assert_eq!(comes(&mut after, 1, "+461"), [("anna".into(), 1)]);
    assert_eq!(comes(&mut after, 2, "+462"), [("bosse".into(), 2)]);
    // It is kept on as if she had talked with him in this process.
    let (kept, before) = (
        after.engine().carried_talks(&agent("anna")),
        before.engine().carried_talks(&agent("anna")),
    );
    assert_eq!(kept, before);
    // And too long ago is too long ago.
    let before = after_a_talk_with_anna();
    let mut after = restarted(&before, knowing(), secs(3_600));
    recall_talks(&before, &mut after, &["anna"]);
    assert_eq!(comes(&mut after, 1, "+461"), [("bosse".into(), 1)]);
}

#[test]
fn what_was_kept_of_talks_and_is_told_late_counts_less_than_what_has_been_talked_since() {
    let before = after_a_talk_with_anna();
    let mut after = restarted(&before, knowing(), secs(20));
    assert_eq!(comes(&mut after, 1, "+461"), [("bosse".into(), 1)]);
    after.answered(1);
    recall_talks(&before, &mut after, &["anna"]);
    assert_eq!(after.engine().carried_talks(&agent("anna")), []);
    after.hung_up(1);
    after.pass(secs(11));
    assert_eq!(comes(&mut after, 2, "+461"), [("bosse".into(), 2)]);
    // Nor where the queue does not ask for it any more.
    let mut elsewhere = restarted(&before, two_queues(), secs(20));
    let facts = elsewhere.facts.len();
    recall_talks(&before, &mut elsewhere, &["anna"]);
    assert_eq!(elsewhere.facts.len(), facts);
}

#[test]
fn a_caller_who_was_forgotten_is_in_what_is_kept_of_no_agent() {
    let before = after_a_talk_with_anna();
    let mut after = restarted(&before, knowing(), secs(20));
    recall_talks(&before, &mut after, &["anna"]);
    after.give(Input::ForgetCaller(known_as("+461")));
    assert_eq!(after.engine().carried_talks(&agent("anna")), []);
    let mut last = restarted(&after, knowing(), secs(20));
    recall_talks(&after, &mut last, &["anna", "bosse"]);
    assert_eq!(comes(&mut last, 1, "+461"), [("bosse".into(), 1)]);
}

#[test]
fn of_an_agent_s_talks_the_newest_are_kept() {
    let mut floor = Floor::open(knowing());
    floor.device("bosse", false);
    let many = u32::try_from(TALKS_CARRIED).unwrap() + 3;
    for number in 1..=many {
        comes(&mut floor, number, &format!("+46{number}"));
        floor.answered(number.into());
        floor.hung_up(number);
        floor.pass(secs(11));
    }
    let kept = floor.engine().carried_talks(&agent("anna"));
    assert_eq!(kept.len(), TALKS_CARRIED);
    assert_eq!(kept[0].caller, known_as(&format!("+46{many}")));
    assert_eq!(kept.last().unwrap().caller, known_as("+464"));
}
