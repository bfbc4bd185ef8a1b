//! The rules for agents: log-in, pause, devices, calls of their own; one test each.

use crate::floor::{Floor, agent, call, logged_out, queue, queue_of, rung, secs, settings};
use acd::{
    AgentState, Command, CommandRefusal, Input, OWN_CALLS_MAX, OfferEnd, PAUSE_REASON_CHARS_MAX,
    WithdrawCause,
};
use base::OfferId;
use control::Queues;

const TEAM: &[&str] = &["anna", "bosse"];

fn two_queues() -> Floor {
    Floor::open(settings(&[
        ("sales", queue_of(TEAM)),
        ("support", queue_of(TEAM)),
    ]))
}

fn nobody_in() -> Floor {
    Floor::open(logged_out(settings(&[
        ("sales", queue_of(TEAM)),
        ("support", queue_of(TEAM)),
    ])))
}

fn one(name: &str) -> Queues {
    Queues::One(queue(name))
}

fn withdrawn(offer: u64, number: u32) -> Command {
    let cause = WithdrawCause::AgentGone;
    Command::Withdraw {
        offer: OfferId(offer),
        call: call(number),
        cause,
    }
}

#[test]
fn logging_in_brings_the_waiting_caller_at_once() {
    let mut floor = nobody_in();
    floor.join(1, "support");
    assert_eq!(floor.state("anna"), AgentState::LoggedOut);
    let (answer, commands) = floor.log_in("anna", one("support"));
    assert_eq!(answer, Ok(()));
    assert_eq!(rung(&commands), [("anna".into(), 1)]);
    assert_eq!(floor.agent_row("anna").queues, [queue("support")]);
}

#[test]
fn an_agent_gets_calls_only_from_queues_he_is_logged_in_to() {
    let mut floor = nobody_in();
    floor.log_in("anna", one("sales")).0.unwrap();
    assert_eq!(rung(&floor.join(1, "support")), []);
    assert_eq!(rung(&floor.join(2, "sales")), [("anna".into(), 2)]);
}

#[test]
fn an_agent_fresh_from_log_in_goes_behind_those_already_idle() {
    let mut floor = nobody_in();
    floor.log_in("bosse", Queues::All).0.unwrap();
    floor.pass(secs(1));
    floor.log_in("anna", Queues::All).0.unwrap();
    assert_eq!(rung(&floor.join(1, "support")), [("bosse".into(), 1)]);
    assert_eq!(rung(&floor.join(2, "support")), [("anna".into(), 2)]);
}

#[test]
fn logging_in_to_one_queue_more_puts_the_agent_last_there_and_nowhere_else() {
    let mut floor = nobody_in();
    floor.log_in("anna", one("sales")).0.unwrap();
    floor.pass(secs(1));
    floor.log_in("bosse", Queues::All).0.unwrap();
    floor.pass(secs(1));
    floor.log_in("anna", one("support")).0.unwrap();
    assert_eq!(rung(&floor.join(1, "support")), [("bosse".into(), 1)]);
    floor.leave(1);
    floor.ended(1, OfferEnd::Withdrawn);
    assert_eq!(rung(&floor.join(2, "sales")), [("anna".into(), 2)]);
}

#[test]
fn logging_in_again_succeeds_and_keeps_the_idle_time() {
    let mut floor = nobody_in();
    floor.log_in("anna", Queues::All).0.unwrap();
    floor.pass(secs(1));
    floor.log_in("bosse", Queues::All).0.unwrap();
    floor.pass(secs(1));
    let facts = floor.facts.len();
    assert_eq!(floor.log_in("anna", Queues::All), (Ok(()), vec![]));
    assert_eq!(floor.facts.len(), facts);
    assert_eq!(rung(&floor.join(1, "support")), [("anna".into(), 1)]);
}

#[test]
fn logging_out_while_it_rings_withdraws_the_offer_and_is_no_miss() {
    let mut floor = two_queues();
    floor.join(1, "support");
    let (answer, commands) = floor.log_out("anna", Queues::All);
    assert_eq!(answer, Ok(()));
    assert_eq!(commands[0], withdrawn(1, 1));
    assert_eq!(rung(&commands), [("bosse".into(), 1)]);
    floor.ended(1, OfferEnd::Withdrawn);
    assert_eq!(floor.agent_row("anna").totals.missed, 0);
    assert_eq!(floor.state("anna"), AgentState::LoggedOut);
}

#[test]
fn logging_out_of_another_queue_lets_the_offer_ring_on() {
    let mut floor = two_queues();
    floor.join(1, "support");
    assert_eq!(floor.log_out("anna", one("sales")), (Ok(()), vec![]));
    assert_eq!(floor.state("anna"), AgentState::Offered);
}

#[test]
fn logging_out_in_a_call_keeps_the_call_and_its_wrap_up_and_brings_no_more() {
    let mut floor = two_queues();
    floor.join(1, "support");
    floor.answered(1);
    floor.log_out("bosse", Queues::All).0.unwrap();
    assert_eq!(floor.log_out("anna", Queues::All), (Ok(()), vec![]));
    floor.join(2, "support");
    assert_eq!(floor.state("anna"), AgentState::InCall);
    floor.hung_up(1);
    assert_eq!(
        floor.state("anna"),
        AgentState::WrapUp {
            until: floor.now + secs(10)
        }
    );
    assert_eq!(floor.pass(secs(60)), []);
    assert_eq!(floor.state("anna"), AgentState::LoggedOut);
}

#[test]
fn pausing_while_it_rings_withdraws_the_offer_and_is_no_miss() {
    let mut floor = two_queues();
    floor.join(1, "support");
    let (_, commands) = floor.pause("anna", Some("lunch"));
    assert_eq!(commands[0], withdrawn(1, 1));
    assert_eq!(rung(&commands), [("bosse".into(), 1)]);
    floor.ended(1, OfferEnd::Withdrawn);
    assert_eq!(
        floor.state("anna"),
        AgentState::Paused {
            reason: Some("lunch".into())
        }
    );
    assert_eq!(floor.agent_row("anna").totals.missed, 0);
    assert_eq!(floor.queue_row("support").paused, 1);
}

#[test]
fn a_pause_outlasts_log_in_to_more_queues_and_ends_with_resume() {
    let mut floor = nobody_in();
    floor.log_in("anna", one("sales")).0.unwrap();
    floor.pause("anna", None).0.unwrap();
    floor.join(1, "support");
    assert_eq!(floor.log_in("anna", Queues::All), (Ok(()), vec![]));
    assert_eq!(floor.state("anna"), AgentState::Paused { reason: None });
    assert_eq!(rung(&floor.resume("anna").1), [("anna".into(), 1)]);
}

#[test]
fn the_end_of_a_pause_puts_the_agent_last() {
    let mut floor = two_queues();
    floor.pause("anna", None).0.unwrap();
    floor.pass(secs(1));
    floor.resume("anna").0.unwrap();
    assert_eq!(rung(&floor.join(1, "support")), [("bosse".into(), 1)]);
}

#[test]
fn resuming_without_a_pause_succeeds_and_keeps_the_idle_time() {
    let mut floor = two_queues();
    floor.pass(secs(1));
    assert_eq!(floor.resume("anna"), (Ok(()), vec![]));
    assert_eq!(rung(&floor.join(1, "support")), [("anna".into(), 1)]);
}

#[test]
fn pausing_again_changes_the_reason_and_without_one_changes_nothing() {
    let mut floor = two_queues();
    floor.pause("anna", Some("lunch")).0.unwrap();
    floor.pause("anna", None).0.unwrap();
    assert_eq!(
        floor.state("anna"),
        AgentState::Paused {
            reason: Some("lunch".into())
        }
    );
    floor.pause("anna", Some("möte")).0.unwrap();
    assert_eq!(
        floor.state("anna"),
        AgentState::Paused {
            reason: Some("möte".into())
        }
    );
}

#[test]
fn a_pause_reason_is_cut_at_its_limit_between_letters() {
    let mut floor = two_queues();
    floor
        .pause("anna", Some(&"ö".repeat(PAUSE_REASON_CHARS_MAX + 9)))
        .0
        .unwrap();
    let reason = Some("ö".repeat(PAUSE_REASON_CHARS_MAX));
    assert_eq!(floor.state("anna"), AgentState::Paused { reason });
}

#[test]
fn logging_out_everywhere_ends_the_pause() {
    let mut floor = two_queues();
    floor.pause("anna", None).0.unwrap();
    floor.log_out("anna", Queues::All).0.unwrap();
    floor.log_in("anna", Queues::All).0.unwrap();
    assert_eq!(floor.state("anna"), AgentState::Free);
}

#[test]
fn commands_that_can_not_be_carried_out_say_why_and_change_nothing() {
    let mut members = settings(&[("sales", queue_of(TEAM)), ("support", queue_of(&["anna"]))]);
    members.agents.insert(agent("eva"), Default::default());
    let mut floor = Floor::open(logged_out(members));
    let facts = floor.facts.len();
    let nobody = Err(CommandRefusal::NoSuchAgent(agent("nobody")));
    assert_eq!(floor.log_in("nobody", Queues::All).0, nobody);
    assert_eq!(floor.pause("nobody", None).0, nobody);
    let no_member = Err(CommandRefusal::NotAMember {
        agent: agent("bosse"),
        queue: queue("support"),
    });
    assert_eq!(floor.log_in("bosse", one("support")).0, no_member);
    assert_eq!(floor.log_out("bosse", one("support")).0, no_member);
    assert_eq!(
        floor.log_in("eva", Queues::All).0,
        Err(CommandRefusal::NoQueue(agent("eva")))
    );
    let not_in = Err(CommandRefusal::NotLoggedIn(agent("anna")));
    assert_eq!(floor.pause("anna", None).0, not_in);
    assert_eq!(floor.resume("anna").0, not_in);
    assert_eq!(
        floor.log_out("anna", Queues::All).0,
        Ok(()),
        "his wish is already true"
    );
    assert_eq!(floor.facts.len(), facts);
}

#[test]
fn an_agent_without_a_reachable_device_is_logged_in_but_not_free() {
    let mut floor = two_queues();
    floor.device("anna", false);
    floor.device("bosse", false);
    assert_eq!(rung(&floor.join(1, "support")), []);
    assert_eq!(floor.state("anna"), AgentState::Unreachable);
    let row = floor.queue_row("support");
    assert_eq!((row.logged_in, row.free, row.unreachable), (2, 0, 2));
    assert_eq!(rung(&floor.device("bosse", true)), [("bosse".into(), 1)]);
}

#[test]
fn a_device_that_comes_back_keeps_the_idle_time() {
    let mut floor = two_queues();
    floor.pass(secs(1));
    floor.device("anna", false);
    floor.device("anna", true);
    assert_eq!(rung(&floor.join(1, "support")), [("anna".into(), 1)]);
}

#[test]
fn the_end_of_an_own_call_puts_the_agent_last() {
    let mut floor = two_queues();
    floor.own_call("anna", 90, true);
    assert_eq!(floor.state("anna"), AgentState::OwnCall);
    floor.pass(secs(1));
    floor.own_call("anna", 90, false);
    assert_eq!(rung(&floor.join(1, "support")), [("bosse".into(), 1)]);
}

#[test]
fn an_agent_is_busy_until_the_last_of_his_own_calls_has_ended() {
    let mut floor = two_queues();
    floor.log_out("bosse", Queues::All).0.unwrap();
    for number in [90, 91, 90] {
        floor.own_call("anna", number, true);
    }
    floor.join(1, "support");
    assert_eq!(rung(&floor.own_call("anna", 90, false)), []);
    assert_eq!(rung(&floor.own_call("anna", 90, false)), []);
    assert_eq!(
        rung(&floor.own_call("anna", 91, false)),
        [("anna".into(), 1)]
    );
}

#[test]
fn an_own_call_that_begins_while_it_rings_sends_the_caller_to_the_next_agent() {
    let mut floor = two_queues();
    floor.join(1, "support");
    let commands = floor.own_call("anna", 90, true);
    assert_eq!(commands[0], withdrawn(1, 1));
    assert_eq!(rung(&commands), [("bosse".into(), 1)]);
}

#[test]
fn own_calls_beyond_the_limit_are_not_kept() {
    let mut floor = two_queues();
    let last = 100 + OWN_CALLS_MAX as u32;
    for number in 100..=last {
        floor.own_call("anna", number, true);
    }
    let facts = floor.facts.len();
    floor.own_call("anna", last, false);
    assert_eq!(floor.facts.len(), facts);
}

#[test]
fn the_time_in_a_state_runs_from_the_change_of_state() {
    let mut floor = two_queues();
    floor.pass(secs(7));
    floor.join(1, "support");
    floor.pass(secs(3));
    floor.answered(1);
    floor.pass(secs(2));
    let row = floor.agent_row("anna");
    assert_eq!((row.state, row.since_ms), (AgentState::InCall, 2_000));
    assert_eq!(floor.agent_row("bosse").since_ms, 12_000);
}

#[test]
fn what_is_known_of_an_account_holds_when_it_becomes_an_agent() {
    let mut floor = Floor::open(settings(&[("support", queue_of(&["anna"]))]));
    floor.device("bosse", true);
    floor.own_call("bosse", 90, true);
    assert_eq!(floor.engine().snapshot(floor.now).agents.len(), 1);
    floor.configure(settings(&[("support", queue_of(TEAM))]));
    assert_eq!(floor.state("bosse"), AgentState::OwnCall);
    floor.give(Input::OwnCall {
        agent: agent("bosse"),
        call: call(90),
        active: false,
    });
    assert_eq!(floor.state("bosse"), AgentState::Free);
}

#[test]
fn an_agent_who_has_called_somebody_for_a_queue_has_its_wrap_up_time() {
    let mut floor = two_queues();
    let called = |floor: &mut Floor, name: &str| {
        let (agent, queue) = (agent(name), queue("support"));
        floor.give(Input::CalledFor { agent, queue });
    };
    floor.own_call("anna", 90, true);
    called(&mut floor, "anna");
    assert_eq!(rung(&floor.own_call("anna", 90, false)), []);
    assert!(matches!(floor.state("anna"), AgentState::WrapUp { .. }));
    assert_eq!(rung(&floor.join(1, "support")), [("bosse".into(), 1)]);
    // Who is offered a caller works on nothing else.
    called(&mut floor, "bosse");
    assert_eq!(floor.state("bosse"), AgentState::Offered);
    floor.join(2, "support");
    let offered = floor.pass(secs(10));
    assert_eq!(rung(&offered), [("anna".into(), 2)]);
    // Who is logged out has none.
    let mut floor = nobody_in();
    called(&mut floor, "anna");
    assert_eq!(floor.state("anna"), AgentState::LoggedOut);
}
