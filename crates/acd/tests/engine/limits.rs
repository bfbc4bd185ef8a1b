//! What agents may let pass before they take no more calls, wrap-up time that is cut short or extended,
//! and reasons of pauses; one test each.

use crate::floor::{Floor, agent, call, queue_of, rung, secs, settings};
use acd::{
    AgentRules, AgentState, Command, CommandRefusal, Counted, ErrorLimit, Input, MissedLimit,
    OfferEnd, Origin, Settings, Sidelining, WRAP_UP_MAX, WithdrawCause,
};
use base::{OfferId, OrgId};
use control::{AgentCommand, Queues};
use std::time::Duration;

/// Anna and bosse at `support`, under these rules.
fn under(rules: AgentRules) -> Settings {
    let mut settings = settings(&[("support", queue_of(&["anna", "bosse"]))]);
    settings.rules.insert(OrgId::new("demo").unwrap(), rules);
    settings
}

fn missed(max: u32, counted: Counted, then: Sidelining) -> AgentRules {
    AgentRules {
        missed: Some(MissedLimit { max, counted, then }),
        ..AgentRules::default()
    }
}

/// Anna alone, who may miss so many.
fn alone(rules: AgentRules) -> Floor {
    let mut floor = Floor::open(under(rules));
    floor.log_out("bosse", Queues::All).0.unwrap();
    floor
}

/// Lets the offer ring to its end, and the time pass for which its agent is left in peace then.
fn let_ring(floor: &mut Floor, offer: u64) {
    floor.pass(secs(15));
    floor.ended(offer, OfferEnd::Withdrawn);
    floor.pass(secs(5));
}

fn wrap_up(floor: &mut Floor) {
    floor.join(1, "support");
    floor.answered(1);
    floor.hung_up(1);
}

#[test]
fn an_agent_who_lets_so_many_calls_ring_in_a_row_is_logged_out_and_shown_why() {
    let mut floor = alone(missed(2, Counted::InARow, Sidelining::LogOut));
    floor.join(1, "support");
    let_ring(&mut floor, 1);
    assert_eq!(floor.state("anna"), AgentState::Offered);
    let_ring(&mut floor, 2);
    assert_eq!(floor.state("anna"), AgentState::LoggedOut);
    let row = floor.agent_row("anna");
    assert_eq!(row.put_by, Some(Origin::MissedCalls(2)));
    assert_eq!((row.totals.missed, row.strikes.missed_in_a_row), (2, 0));
    let (_, commands) = floor.log_in("anna", Queues::All);
    assert_eq!(rung(&commands), [("anna".into(), 1)], "he is back");
    assert_eq!(floor.agent_row("anna").put_by, None);
}

// Changes: agents.missed_action
#[test]
fn the_same_agent_is_not_rung_over_and_over_but_paused_when_that_is_set() {
    let mut floor = alone(missed(1, Counted::InARow, Sidelining::Pause));
    floor.join(1, "support");
    let_ring(&mut floor, 1);
    assert_eq!(floor.state("anna"), AgentState::Paused { reason: None });
    assert_eq!(rung(&floor.pass(secs(600))), []);
    assert_eq!(rung(&floor.resume("anna").1), [("anna".into(), 1)]);
}

// Changes: agents.missed_counted
#[test]
fn a_call_that_is_taken_ends_a_row_of_missed_ones_but_not_their_count_since_log_in() {
    for (counted, state) in [
        (Counted::InARow, AgentState::Offered),
        (Counted::SinceLogIn, AgentState::LoggedOut),
    ] {
        let mut floor = alone(missed(2, counted, Sidelining::LogOut));
        floor.join(1, "support");
        let_ring(&mut floor, 1);
        floor.answered(2);
        floor.hung_up(1);
        floor.pass(secs(10));
        floor.join(2, "support");
        let_ring(&mut floor, 3);
        assert_eq!(floor.state("anna"), state, "{counted:?}");
    }
}

// Changes: agents.errors_max, agents.errors_action
#[test]
fn errors_of_a_device_are_no_missed_calls_and_have_a_limit_of_their_own() {
    let mut rules = missed(1, Counted::InARow, Sidelining::LogOut);
    let then = Sidelining::Pause;
    rules.errors = Some(ErrorLimit { max: 2, then });
    let mut floor = alone(rules);
    floor.join(1, "support");
    floor.ended(1, OfferEnd::DeviceError);
    let row = floor.agent_row("anna");
    assert_eq!((row.totals.missed, row.totals.device_errors), (0, 1));
    assert_eq!(row.strikes.errors_in_a_row, 1);
    floor.pass(secs(20));
    floor.ended(2, OfferEnd::DeviceError);
    assert_eq!(floor.state("anna"), AgentState::Paused { reason: None });
    assert_eq!(
        floor.agent_row("anna").put_by,
        Some(Origin::DeviceErrors(2))
    );
}

#[test]
fn calls_that_are_declined_are_not_held_against_an_agent() {
    let mut floor = alone(missed(1, Counted::InARow, Sidelining::LogOut));
    floor.join(1, "support");
    floor.ended(1, OfferEnd::Declined);
    floor.pass(secs(5));
    assert_eq!(floor.state("anna"), AgentState::Offered);
}

#[test]
fn wrap_up_that_is_ended_early_makes_the_agent_free_at_once() {
    let mut floor = alone(AgentRules::default());
    wrap_up(&mut floor);
    floor.join(2, "support");
    let end = || AgentCommand::EndWrapUp {
        agent: agent("anna"),
    };
    let (answer, commands) = floor.command(end());
    assert_eq!(
        (answer, rung(&commands)),
        (Ok(()), vec![("anna".into(), 2)])
    );
    assert_eq!(floor.command(end()).0, Ok(()), "it is over already");
}

// Changes: agents.wrap_up_extension
#[test]
fn wrap_up_is_extended_by_what_is_set_or_asked_for_and_by_no_more_than_the_limit() {
    let wrap_up_extension = secs(30);
    let mut floor = alone(AgentRules {
        wrap_up_extension,
        ..AgentRules::default()
    });
    let extend = |span: Option<Duration>| AgentCommand::ExtendWrapUp {
        agent: agent("anna"),
        span,
    };
    let none = Err(CommandRefusal::NoWrapUp(agent("anna")));
    assert_eq!(floor.command(extend(None)).0, none);
    wrap_up(&mut floor);
    let ended = floor.now;
    for (span, until) in [
        (None, secs(40)),
        (Some(secs(5)), secs(45)),
        (Some(secs(999_999)), WRAP_UP_MAX),
    ] {
        floor.command(extend(span)).0.unwrap();
        let until = ended + until;
        assert_eq!(floor.state("anna"), AgentState::WrapUp { until });
    }
    floor.pass(WRAP_UP_MAX);
    assert_eq!(floor.state("anna"), AgentState::Free);
}

#[test]
fn a_pause_has_one_of_the_administrator_s_reasons_by_code_or_by_word() {
    let pause_reasons = [("1".into(), "lunch".into()), ("2".into(), "möte".into())];
    let mut floor = Floor::open(under(AgentRules {
        pause_reasons: pause_reasons.into(),
        ..AgentRules::default()
    }));
    for given in ["2", "möte"] {
        floor.pause("anna", Some(given)).0.unwrap();
        let reason = Some("möte".into());
        assert_eq!(floor.state("anna"), AgentState::Paused { reason });
    }
    let refused = floor.pause("bosse", Some("3")).0.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "there is no pause reason \"3\": choose one of 1 lunch, 2 möte"
    );
    assert_eq!(floor.state("bosse"), AgentState::Free);
}

#[test]
fn who_picks_up_at_the_last_moment_has_time_to_take_the_call_once() {
    let mut floor = alone(AgentRules::default());
    let offer = OfferId(1);
    floor.join(1, "support");
    floor.pass(secs(14));
    floor.give(Input::OfferPickedUp { offer });
    floor.pass(secs(19));
    assert_eq!(floor.state("anna"), AgentState::Offered);
    floor.give(Input::OfferPickedUp { offer });
    let commands = floor.pass(secs(2));
    let cause = WithdrawCause::NoAnswer;
    let call = call(1);
    assert_eq!(commands, [Command::Withdraw { offer, call, cause }]);
}
