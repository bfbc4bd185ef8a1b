//! What of agents outlives the process: read from one engine, given to the next.

use crate::floor::{Floor, agent, queue, queue_of, rung, secs, settings};
use acd::{AgentState, Carried, Input, Settings};
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
