//! The rules for new settings while calls go on; one test each.

use crate::floor::{Floor, call, logged_out, queue, queue_of, rung, secs, settings};
use acd::{AgentState, Command, OfferEnd, RefuseCause, WithdrawCause};
use base::OfferId;
use control::Queues;

fn refuse(number: u32) -> Command {
    Command::Refuse {
        call: call(number),
        queue: queue("support"),
        cause: RefuseCause::NoSuchQueue,
    }
}

fn withdraw(offer: u64, number: u32, cause: WithdrawCause) -> Command {
    Command::Withdraw {
        offer: OfferId(offer),
        call: call(number),
        cause,
    }
}

#[test]
fn the_same_settings_again_change_nothing() {
    let same = || settings(&[("support", queue_of(&["anna"]))]);
    let mut floor = Floor::open(same());
    floor.join(1, "support");
    let facts = floor.facts.len();
    assert_eq!(floor.configure(same()), []);
    assert_eq!(floor.facts.len(), facts);
}

#[test]
fn an_agent_is_logged_in_from_the_start_only_when_first_seen() {
    let full = || {
        settings(&[
            ("sales", queue_of(&["anna"])),
            ("support", queue_of(&["anna"])),
        ])
    };
    let mut floor = Floor::open(full());
    floor.log_out("anna", Queues::All).0.unwrap();
    let mut more = full();
    more.queues.get_mut(&queue("sales")).unwrap().ring = secs(5);
    floor.configure(more);
    assert_eq!(floor.state("anna"), AgentState::LoggedOut);
}

#[test]
fn a_new_agent_gets_the_caller_who_waits_for_one() {
    let mut floor = Floor::open(settings(&[("support", queue_of(&[]))]));
    floor.device("anna", true);
    floor.join(1, "support");
    let commands = floor.configure(settings(&[("support", queue_of(&["anna"]))]));
    assert_eq!(rung(&commands), [("anna".into(), 1)]);
}

#[test]
fn an_agent_is_never_logged_in_to_a_queue_he_is_no_member_of() {
    let mut odd = settings(&[
        ("sales", queue_of(&["bosse"])),
        ("support", queue_of(&["anna"])),
    ]);
    for agent in odd.agents.values_mut() {
        agent
            .logged_in_at_start
            .extend([queue("sales"), queue("support"), queue("nowhere")]);
    }
    let floor = Floor::open(odd);
    assert_eq!(floor.agent_row("anna").queues, [queue("support")]);
}

#[test]
fn a_removed_agent_keeps_his_call_and_gets_no_more() {
    let mut floor = Floor::open(settings(&[("support", queue_of(&["anna"]))]));
    floor.join(1, "support");
    floor.answered(1);
    floor.join(2, "support");
    assert_eq!(floor.configure(settings(&[("support", queue_of(&[]))])), []);
    assert_eq!(floor.state("anna"), AgentState::InCall);
    assert_eq!(floor.hung_up(1), []);
    assert_eq!(floor.pass(secs(60)), []);
    assert!(floor.engine().snapshot(floor.now).agents.is_empty());
}

#[test]
fn a_removed_agents_ringing_offer_goes_to_the_next() {
    let mut floor = Floor::open(settings(&[("support", queue_of(&["anna", "bosse"]))]));
    floor.join(1, "support");
    let commands = floor.configure(settings(&[("support", queue_of(&["bosse"]))]));
    assert_eq!(commands[0], withdraw(1, 1, WithdrawCause::AgentGone));
    assert_eq!(rung(&commands), [("bosse".into(), 1)]);
}

#[test]
fn a_member_removed_from_one_queue_stays_in_the_others() {
    let both = settings(&[
        ("sales", queue_of(&["anna"])),
        ("support", queue_of(&["anna"])),
    ]);
    let mut floor = Floor::open(both);
    floor.configure(settings(&[
        ("sales", queue_of(&["anna"])),
        ("support", queue_of(&[])),
    ]));
    assert_eq!(floor.agent_row("anna").queues, [queue("sales")]);
    assert_eq!(rung(&floor.join(1, "support")), []);
    assert_eq!(rung(&floor.join(2, "sales")), [("anna".into(), 2)]);
}

#[test]
fn a_removed_queue_refuses_who_waits_in_it_and_lets_who_talks_talk_on() {
    let team = &["anna", "bosse"];
    let before = settings(&[("sales", queue_of(team)), ("support", queue_of(team))]);
    let mut floor = Floor::open(before);
    for number in 1..=4 {
        floor.join(number, "support");
    }
    floor.answered(1);
    let commands = floor.configure(settings(&[("sales", queue_of(team))]));
    assert_eq!(commands[0], withdraw(2, 2, WithdrawCause::AgentGone));
    assert_eq!(commands[1..], [refuse(2), refuse(3), refuse(4)]);
    assert_eq!(floor.state("anna"), AgentState::InCall);
    assert_eq!(floor.queue_row("support").connected, 1);
    // Nothing of the queue remains once its last conversation is over; nor has it a wrap-up to grant.
    floor.hung_up(1);
    assert_eq!(floor.state("anna"), AgentState::Free);
    assert_eq!(floor.engine().snapshot(floor.now).queues.len(), 1);
    floor.ended(2, OfferEnd::Withdrawn);
    assert_eq!(floor.state("bosse"), AgentState::Free);
}

#[test]
fn changed_times_hold_from_the_next_ringing_and_the_next_wrap_up() {
    let mut floor = Floor::open(settings(&[("support", queue_of(&["anna"]))]));
    floor.join(1, "support");
    floor.answered(1);
    let mut brisk = queue_of(&["anna"]);
    (brisk.wrap_up, brisk.ring) = (secs(2), secs(3));
    floor.configure(settings(&[("support", brisk)]));
    floor.join(2, "support");
    floor.hung_up(1);
    assert_eq!(rung(&floor.pass(secs(2))), [("anna".into(), 2)]);
    assert_eq!(
        floor.pass(secs(3)),
        [withdraw(2, 2, WithdrawCause::NoAnswer)]
    );
}

#[test]
fn a_lowered_limit_puts_nobody_out_and_lets_nobody_in() {
    let mut floor = Floor::open(settings(&[("support", queue_of(&[]))]));
    for number in 1..=3 {
        floor.join(number, "support");
    }
    let mut narrow = queue_of(&[]);
    narrow.waiting_max = 1;
    assert_eq!(floor.configure(settings(&[("support", narrow)])), []);
    assert_eq!(floor.queue_row("support").waiting, 3);
    let full = Command::Refuse {
        call: call(4),
        queue: queue("support"),
        cause: RefuseCause::Full,
    };
    assert_eq!(floor.join(4, "support"), [full]);
}

#[test]
fn an_agent_kept_in_no_queue_can_be_put_back() {
    let team = || settings(&[("support", queue_of(&["anna"]))]);
    let mut floor = Floor::open(team());
    floor.pause("anna", None).0.unwrap();
    floor.configure(settings(&[("support", queue_of(&[]))]));
    floor.configure(logged_out(team()));
    floor.join(1, "support");
    assert_eq!(
        rung(&floor.log_in("anna", Queues::All).1),
        [("anna".into(), 1)]
    );
}
