//! The rules for callers, offers and wrap-up, one test each.

use crate::floor::{Floor, call, queue, queue_of, rung, secs, settings};
use acd::{
    AgentState, CONFIRM_WITHIN, Command, Entrance, Fact, Input, LOST_OFFERS_KEPT, LeaveCause,
    OfferEnd, Outcome, Reason, RefuseCause, WithdrawCause,
};
use base::{OfferId, Time};

fn support(members: &[&str]) -> Floor {
    Floor::open(settings(&[("support", queue_of(members))]))
}

fn withdraw(offer: u64, number: u32, cause: WithdrawCause) -> Command {
    Command::Withdraw {
        offer: OfferId(offer),
        call: call(number),
        cause,
    }
}

fn release(offer: u64, number: u32) -> Command {
    Command::Release {
        offer: OfferId(offer),
        call: call(number),
    }
}

fn refuse(number: u32, cause: RefuseCause) -> Command {
    Command::Refuse {
        call: call(number),
        queue: queue("support"),
        cause,
    }
}

fn ring(offer: u64, number: u32, name: &str) -> Command {
    Command::Ring {
        offer: OfferId(offer),
        call: call(number),
        queue: queue("support"),
        agent: crate::floor::agent(name),
    }
}

fn outcome_of(floor: &Floor, of: u64) -> Option<Outcome> {
    floor.facts.iter().find_map(|stamped| match &stamped.fact {
        Fact::OfferEnded { offer, outcome, .. } if offer.0 == of => Some(*outcome),
        _ => None,
    })
}

#[test]
fn a_caller_rings_the_free_agent_and_the_answer_connects_them() {
    let mut floor = support(&["anna"]);
    assert_eq!(floor.join(1, "support"), [ring(1, 1, "anna")]);
    assert_eq!(floor.state("anna"), AgentState::Offered);
    let connect = Command::Connect {
        offer: OfferId(1),
        call: call(1),
        agent: crate::floor::agent("anna"),
    };
    assert_eq!(floor.answered(1), [connect]);
    assert_eq!(floor.state("anna"), AgentState::InCall);
    assert_eq!(floor.agent_row("anna").totals.taken, 1);
    let row = floor.queue_row("support");
    assert_eq!(
        (row.waiting, row.offered, row.connected, row.busy),
        (0, 0, 1, 1)
    );
}

#[test]
fn an_answer_told_twice_connects_once() {
    let mut floor = support(&["anna"]);
    floor.join(1, "support");
    floor.answered(1);
    assert_eq!(floor.answered(1), []);
    assert_eq!(floor.state("anna"), AgentState::InCall);
}

#[test]
fn the_agent_idle_longest_rings_first_and_the_fact_says_why() {
    let mut floor = support(&["anna", "bosse"]);
    floor.join(1, "support");
    floor.answered(1);
    floor.hung_up(1);
    let end = floor.now + secs(10);
    floor.pass(secs(60));
    assert_eq!(rung(&floor.join(2, "support")), [("bosse".into(), 2)]);
    assert_eq!(rung(&floor.join(3, "support")), [("anna".into(), 3)]);
    let reasons: Vec<Reason> = floor
        .facts
        .iter()
        .filter_map(|stamped| match stamped.fact {
            Fact::Offered { reason, .. } => Some(reason),
            _ => None,
        })
        .collect();
    assert_eq!(reasons[2], Reason::LongestIdle { idle_since: end });
}

#[test]
fn agents_logged_in_at_the_same_moment_ring_in_the_order_of_their_log_in() {
    let mut floor = support(&["cecilia", "anna", "bosse"]);
    let rings: Vec<_> = (1..=3)
        .flat_map(|n| rung(&floor.join(n, "support")))
        .collect();
    assert_eq!(
        rings,
        [
            ("anna".into(), 1),
            ("bosse".into(), 2),
            ("cecilia".into(), 3)
        ]
    );
}

#[test]
fn several_callers_and_several_free_agents_are_offered_side_by_side() {
    let mut floor = support(&[]);
    floor.configure(crate::floor::logged_out(settings(&[(
        "support",
        queue_of(&["anna", "bosse"]),
    )])));
    for number in 1..=3 {
        floor.join(number, "support");
    }
    floor.device("anna", true);
    floor.device("bosse", true);
    let (_, commands) = floor.log_in("bosse", control::Queues::All);
    assert_eq!(rung(&commands), [("bosse".into(), 1)]);
    let (_, commands) = floor.log_in("anna", control::Queues::All);
    assert_eq!(rung(&commands), [("anna".into(), 2)]);
    assert_eq!(floor.queue_row("support").offered, 2);
}

#[test]
fn an_agent_shared_by_queues_is_offered_to_the_caller_who_has_waited_longest() {
    let members = &["anna"];
    let mut floor = Floor::open(settings(&[
        ("alpha", queue_of(members)),
        ("beta", queue_of(members)),
        ("gamma", queue_of(members)),
    ]));
    floor.own_call("anna", 90, true);
    for (number, to) in [(1, "gamma"), (2, "alpha"), (3, "beta")] {
        floor.join(number, to);
        floor.pass(secs(1));
    }
    assert_eq!(
        rung(&floor.own_call("anna", 90, false)),
        [("anna".into(), 1)]
    );
}

#[test]
fn a_caller_who_comes_from_elsewhere_stands_where_his_first_arrival_puts_him() {
    let mut floor = support(&[]);
    floor.pass(secs(100));
    floor.join(1, "support");
    let arrived = Time::from_millis(5_000);
    floor.give(Input::Join(Entrance::new(
        call(2),
        queue("support"),
        arrived,
    )));
    assert_eq!((floor.position(2), floor.position(1)), (Some(1), Some(2)));
    assert_eq!(floor.queue_row("support").longest_wait_ms, Some(96_000));
}

#[test]
fn an_arrival_in_the_future_counts_from_now() {
    let mut floor = support(&[]);
    let arrived = Time::NEVER;
    floor.give(Input::Join(Entrance::new(
        call(1),
        queue("support"),
        arrived,
    )));
    floor.pass(secs(1));
    floor.join(2, "support");
    assert_eq!((floor.position(1), floor.position(2)), (Some(1), Some(2)));
}

#[test]
fn a_caller_for_an_unknown_queue_is_refused() {
    let mut floor = support(&["anna"]);
    assert_eq!(
        floor.join(1, "sales"),
        [Command::Refuse {
            call: call(1),
            queue: queue("sales"),
            cause: RefuseCause::NoSuchQueue,
        }]
    );
    assert_eq!(floor.position(1), None);
}

#[test]
fn a_caller_beyond_the_limit_is_refused_and_counted_and_the_next_gets_the_place_freed() {
    let mut few = queue_of(&[]);
    few.waiting_max = 2;
    let mut floor = Floor::open(settings(&[("support", few)]));
    assert_eq!(floor.join(1, "support"), []);
    assert_eq!(floor.join(2, "support"), []);
    assert_eq!(floor.join(3, "support"), [refuse(3, RefuseCause::Full)]);
    assert_eq!(floor.queue_row("support").totals.refused, 1);
    floor.leave(1);
    assert_eq!(floor.join(4, "support"), []);
}

#[test]
fn a_call_that_joins_twice_keeps_its_place_and_gets_no_second_offer() {
    let mut floor = support(&["anna", "bosse"]);
    floor.join(1, "support");
    assert_eq!(floor.join(1, "support"), []);
    assert_eq!(floor.queue_row("support").totals.entered, 1);
}

#[test]
fn what_is_unknown_changes_nothing() {
    let mut floor = support(&["anna"]);
    let facts = floor.facts.len();
    assert_eq!(floor.leave(7), []);
    assert_eq!(floor.hung_up(7), []);
    assert_eq!(floor.answered(7), []);
    assert_eq!(floor.ended(7, OfferEnd::Busy), []);
    assert_eq!(floor.own_call("nobody", 7, false), []);
    assert_eq!(floor.tick(), []);
    assert_eq!(floor.facts.len(), facts);
}

#[test]
fn no_answer_in_time_withdraws_the_offer_and_rings_the_next_agent_in_the_same_step() {
    let mut floor = support(&["anna", "bosse"]);
    floor.join(1, "support");
    let commands = floor.pass(secs(15));
    assert_eq!(
        commands,
        [withdraw(1, 1, WithdrawCause::NoAnswer), ring(2, 1, "bosse")]
    );
    // The miss counts when the leg is known to have gone unanswered, not before.
    assert_eq!(floor.agent_row("anna").totals.missed, 0);
    assert_eq!(floor.state("anna"), AgentState::Offered);
    floor.ended(1, OfferEnd::Withdrawn);
    assert_eq!(floor.agent_row("anna").totals.missed, 1);
    let until = floor.now + secs(5);
    assert_eq!(floor.state("anna"), AgentState::Deferred { until });
}

#[test]
fn a_missed_call_puts_the_agent_last() {
    let mut floor = support(&["anna", "bosse"]);
    floor.join(1, "support");
    floor.ended(1, OfferEnd::NoAnswer);
    floor.ended(2, OfferEnd::DeviceError);
    floor.leave(1);
    floor.pass(secs(60));
    // A device error is no missed call, so bosse is still idle since he logged in.
    assert_eq!(rung(&floor.join(2, "support")), [("bosse".into(), 2)]);
    assert_eq!(rung(&floor.join(3, "support")), [("anna".into(), 3)]);
}

#[test]
fn declined_and_busy_put_the_agent_last_and_are_no_missed_calls() {
    for end in [OfferEnd::Declined, OfferEnd::Busy] {
        let mut floor = support(&["anna", "bosse"]);
        floor.join(1, "support");
        assert_eq!(rung(&floor.ended(1, end)), [("bosse".into(), 1)]);
        floor.leave(1);
        floor.ended(2, OfferEnd::Withdrawn);
        floor.pass(secs(60));
        let totals = floor.agent_row("anna").totals;
        assert_eq!((totals.missed, totals.declined), (0, 1));
        assert_eq!(rung(&floor.join(2, "support")), [("bosse".into(), 2)]);
    }
}

#[test]
fn a_device_error_is_shown_as_such_and_is_no_missed_call() {
    let mut floor = support(&["anna"]);
    floor.join(1, "support");
    assert_eq!(floor.ended(1, OfferEnd::DeviceError), []);
    let totals = floor.agent_row("anna").totals;
    assert_eq!(
        (totals.missed, totals.declined, totals.device_errors),
        (0, 0, 1)
    );
    assert_eq!(
        floor.state("anna"),
        AgentState::Deferred {
            until: floor.now + secs(20)
        }
    );
    assert_eq!(rung(&floor.pass(secs(20))), [("anna".into(), 1)]);
}

#[test]
fn a_caller_who_hangs_up_while_it_rings_withdraws_the_offer_and_nobody_missed_a_call() {
    let mut floor = support(&["anna", "bosse"]);
    floor.join(1, "support");
    assert_eq!(floor.leave(1), [withdraw(1, 1, WithdrawCause::CallerGone)]);
    // Until the device is known to be quiet, anna is rung for nobody else.
    assert_eq!(rung(&floor.join(2, "support")), [("bosse".into(), 2)]);
    floor.ended(1, OfferEnd::Withdrawn);
    assert_eq!(floor.state("anna"), AgentState::Free);
    assert_eq!(floor.agent_row("anna").totals.missed, 0);
    let totals = floor.queue_row("support").totals;
    assert_eq!((totals.entered, totals.abandoned), (2, 1));
}

#[test]
fn each_cause_of_leaving_is_counted_apart() {
    let mut floor = support(&[]);
    for (number, cause) in [
        (1, LeaveCause::Abandoned),
        (2, LeaveCause::Failed),
        (3, LeaveCause::Shutdown),
        (4, LeaveCause::SentOn),
    ] {
        floor.join(number, "support");
        floor.give(Input::Leave {
            call: call(number),
            cause,
        });
    }
    let totals = floor.queue_row("support").totals;
    assert_eq!(
        (
            totals.abandoned,
            totals.failed,
            totals.shut_down,
            totals.sent_on
        ),
        (1, 1, 1, 1)
    );
}

#[test]
fn an_answer_too_late_is_released_and_the_agent_is_free_again_with_no_miss() {
    let mut floor = support(&["anna", "bosse"]);
    floor.join(1, "support");
    floor.pass(secs(15));
    assert_eq!(floor.answered(1), [release(1, 1)]);
    assert_eq!(floor.answered(1), [], "told twice, released once");
    assert_eq!(floor.state("anna"), AgentState::Offered);
    floor.ended(1, OfferEnd::Withdrawn);
    assert_eq!(floor.state("anna"), AgentState::Free);
    assert_eq!(floor.agent_row("anna").totals.missed, 0);
    assert_eq!(outcome_of(&floor, 1), Some(Outcome::Nothing));
    // He is still the one idle longest, too.
    assert_eq!(rung(&floor.join(2, "support")), [("anna".into(), 2)]);
}

#[test]
fn an_answer_after_the_caller_hung_up_is_released() {
    let mut floor = support(&["anna"]);
    floor.join(1, "support");
    floor.leave(1);
    assert_eq!(floor.answered(1), [release(1, 1)]);
    floor.ended(1, OfferEnd::Withdrawn);
    assert_eq!(floor.state("anna"), AgentState::Free);
}

#[test]
fn a_device_that_fails_after_the_withdrawal_missed_nothing() {
    let mut floor = support(&["anna"]);
    floor.join(1, "support");
    floor.pass(secs(15));
    floor.ended(1, OfferEnd::DeviceError);
    let totals = floor.agent_row("anna").totals;
    assert_eq!((totals.missed, totals.device_errors), (0, 1));
}

#[test]
fn a_withdrawal_that_is_never_confirmed_is_given_up_after_its_limit() {
    let mut floor = support(&["anna"]);
    floor.join(1, "support");
    floor.leave(1);
    floor.join(2, "support");
    floor.pass(CONFIRM_WITHIN - secs(1));
    assert_eq!(floor.state("anna"), AgentState::Offered);
    floor.pass(secs(1));
    assert_eq!(
        floor.state("anna"),
        AgentState::Deferred {
            until: floor.now + secs(20)
        }
    );
    assert_eq!(floor.agent_row("anna").totals.device_errors, 1);
    assert_eq!(rung(&floor.pass(secs(20))), [("anna".into(), 2)]);
    // The answer that comes after all is released once; its ending is of no more concern.
    assert_eq!(floor.answered(1), [release(1, 1)]);
    assert_eq!(floor.answered(1), []);
    assert_eq!(floor.ended(1, OfferEnd::Withdrawn), []);
    assert_eq!(floor.state("anna"), AgentState::Offered);
}

#[test]
fn lost_offers_are_remembered_up_to_their_limit() {
    let mut floor = acd::Engine::new();
    let mut one = queue_of(&["anna"]);
    one.deferral.error = secs(0);
    let mut out = acd::Output::default();
    let mut now = Time::ZERO;
    use base::Core;
    floor.handle(
        now,
        Input::Configure(settings(&[("support", one)]).into()),
        &mut out,
    );
    let agent = crate::floor::agent("anna");
    floor.handle(
        now,
        Input::DeviceReachable {
            agent,
            reachable: true,
        },
        &mut out,
    );
    let last = LOST_OFFERS_KEPT as u32 + 1;
    for number in 1..=last {
        let join = Input::Join(Entrance::new(call(number), queue("support"), now));
        floor.handle(now, join, &mut out);
        let cause = LeaveCause::Abandoned;
        floor.handle(
            now,
            Input::Leave {
                call: call(number),
                cause,
            },
            &mut out,
        );
        now += CONFIRM_WITHIN;
        floor.handle_timeout(now, &mut out);
        now += acd::DEFERRAL_MIN;
        floor.handle_timeout(now, &mut out);
    }
    for (offer, released) in [(1, 0), (2, 1), (u64::from(last), 1)] {
        let mut out = acd::Output::default();
        floor.handle(
            now,
            Input::OfferAnswered {
                offer: OfferId(offer),
            },
            &mut out,
        );
        assert_eq!(out.commands.len(), released, "offer {offer}");
    }
}

#[test]
fn a_leg_that_is_dropped_unasked_counts_as_a_device_error() {
    let mut floor = support(&["anna"]);
    floor.join(1, "support");
    assert_eq!(floor.ended(1, OfferEnd::Withdrawn), []);
    assert_eq!(floor.agent_row("anna").totals.device_errors, 1);
}

#[test]
fn a_leg_that_breaks_as_the_answer_counts_ends_the_conversation() {
    let mut floor = support(&["anna"]);
    floor.join(1, "support");
    floor.answered(1);
    floor.ended(1, OfferEnd::DeviceError);
    assert_eq!(
        floor.state("anna"),
        AgentState::WrapUp {
            until: floor.now + secs(10)
        }
    );
    assert_eq!(floor.queue_row("support").connected, 0);
}

#[test]
fn a_device_that_refuses_at_once_is_not_rung_as_fast_as_messages_travel() {
    let mut eager = queue_of(&["anna"]);
    eager.deferral.error = secs(0);
    let mut floor = Floor::open(settings(&[("support", eager)]));
    floor.join(1, "support");
    assert_eq!(floor.ended(1, OfferEnd::DeviceError), []);
    assert_eq!(rung(&floor.pass(acd::DEFERRAL_MIN)), [("anna".into(), 1)]);
}

#[test]
fn leaving_a_conversation_is_its_end() {
    let mut floor = support(&["anna"]);
    floor.join(1, "support");
    floor.answered(1);
    floor.leave(1);
    assert_eq!(
        floor.state("anna"),
        AgentState::WrapUp {
            until: floor.now + secs(10)
        }
    );
    assert_eq!(floor.queue_row("support").totals.abandoned, 0);
    assert_eq!(floor.hung_up(1), [], "told twice, ended once");
}

#[test]
fn without_wrap_up_time_the_agent_takes_the_next_caller_in_the_same_step() {
    let mut quick = queue_of(&["anna"]);
    quick.wrap_up = secs(0);
    let mut floor = Floor::open(settings(&[("support", quick)]));
    floor.join(1, "support");
    floor.answered(1);
    floor.join(2, "support");
    assert_eq!(rung(&floor.hung_up(1)), [("anna".into(), 2)]);
}

#[test]
fn agents_whose_wrap_up_is_noticed_late_are_idle_since_its_end() {
    let mut floor = support(&["anna", "bosse"]);
    floor.join(1, "support");
    floor.join(2, "support");
    floor.answered(1);
    floor.answered(2);
    floor.hung_up(2);
    floor.pass(secs(1));
    floor.hung_up(1);
    // The clock's owner was slow: both ends are noticed in one step.
    floor.now += secs(60);
    floor.tick();
    assert_eq!(rung(&floor.join(3, "support")), [("bosse".into(), 3)]);
}

#[test]
fn waking_the_engine_early_does_nothing() {
    let mut floor = support(&["anna"]);
    floor.join(1, "support");
    let facts = floor.facts.len();
    floor.now += secs(14);
    assert_eq!(floor.tick(), []);
    assert_eq!(floor.facts.len(), facts);
}

#[test]
fn the_deadline_says_why_it_is_there() {
    let mut floor = support(&["anna"]);
    assert_eq!(floor.poll_timeout(), None);
    floor.join(1, "support");
    let ring = (floor.now + secs(15), acd::Deadline::Ring(OfferId(1)));
    assert_eq!(floor.poll_timeout(), Some(ring));
    floor.answered(1);
    assert_eq!(floor.poll_timeout(), None);
    floor.hung_up(1);
    let wrap_up = (
        floor.now + secs(10),
        acd::Deadline::WrapUp(crate::floor::agent("anna")),
    );
    assert_eq!(floor.poll_timeout(), Some(wrap_up));
}
