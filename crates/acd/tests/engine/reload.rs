//! The rules for new settings while calls go on; one test each.

use crate::floor::{Floor, agent, call, logged_out, queue, queue_of, rung, secs, settings};
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

// Changes: queues.logged_in_at_start
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
fn a_removed_queue_drains_with_the_agents_and_settings_it_had_and_takes_nobody_in() {
    let team = &["anna", "bosse"];
    let before = settings(&[("sales", queue_of(team)), ("support", queue_of(team))]);
    let mut floor = Floor::open(before);
    for number in 1..=4 {
        floor.join(number, "support");
    }
    floor.answered(1);
    let without = || settings(&[("sales", queue_of(team))]);
    assert_eq!(floor.configure(without()), [], "nobody is let go");
    assert_eq!(
        [2, 3, 4].map(|it| floor.position(it)),
        [Some(1), Some(2), Some(3)]
    );
    assert!(floor.queue_row("support").draining && !floor.queue_row("sales").draining);
    assert_eq!(floor.join(5, "support"), [refuse(5)]);
    // The next reload knows nothing of it either.
    assert_eq!(floor.configure(without()), []);
    floor.answered(2);
    floor.leave(4);
    floor.hung_up(1);
    assert!(matches!(floor.state("anna"), AgentState::WrapUp { .. }));
    assert_eq!(rung(&floor.pass(secs(10))), [("anna".into(), 3)]);
    floor.answered(3);
    floor.hung_up(2);
    let both = [queue("sales"), queue("support")];
    assert_eq!(floor.agent_row("anna").queues, both);
    // With the last conversation nothing of it remains, but for the wrap-up that it grants.
    floor.hung_up(3);
    assert_eq!(floor.engine().snapshot(floor.now).queues.len(), 1);
    assert!(matches!(floor.state("anna"), AgentState::WrapUp { .. }));
    assert_eq!(floor.agent_row("anna").queues, [queue("sales")]);
    floor.pass(secs(10));
    assert_eq!(floor.state("anna"), AgentState::Free);
}

#[test]
fn a_removed_queue_that_nobody_is_in_is_gone_at_once() {
    let both = settings(&[
        ("sales", queue_of(&["anna"])),
        ("support", queue_of(&["anna"])),
    ]);
    let mut floor = Floor::open(both);
    floor.configure(settings(&[("sales", queue_of(&["anna"]))]));
    assert_eq!(floor.engine().snapshot(floor.now).queues.len(), 1);
    assert_eq!(floor.agent_row("anna").queues, [queue("sales")]);
}

#[test]
fn a_removed_queue_of_which_no_member_is_left_lets_its_callers_go_and_who_talks_talk_on() {
    let mut floor = Floor::open(settings(&[("support", queue_of(&["anna"]))]));
    floor.join(1, "support");
    floor.answered(1);
    floor.join(2, "support");
    assert_eq!(floor.configure(settings(&[])), [refuse(2)]);
    assert_eq!(floor.state("anna"), AgentState::InCall);
    floor.hung_up(1);
    let snapshot = floor.engine().snapshot(floor.now);
    assert_eq!((snapshot.queues.len(), snapshot.agents.len()), (0, 0));
}

#[test]
fn a_removed_queue_that_nobody_is_logged_in_to_lets_those_go_who_wait() {
    let team = &["anna", "bosse"];
    let both = || settings(&[("sales", queue_of(team)), ("support", queue_of(team))]);
    let without = || settings(&[("sales", queue_of(team))]);
    let leave = |floor: &mut Floor, name: &str| {
        let queues = Queues::One(queue("support"));
        floor.log_out(name, queues).1
    };
    // Nobody is there when it is removed.
    let mut floor = Floor::open(both());
    floor.join(1, "support");
    floor.ended(1, OfferEnd::Declined);
    floor.ended(2, OfferEnd::Declined);
    leave(&mut floor, "anna");
    leave(&mut floor, "bosse");
    assert!(floor.configure(without()).contains(&refuse(1)));
    assert_eq!(floor.engine().snapshot(floor.now).queues.len(), 1);
    // The last agent logs out while it drains; who talks is talked with to the end.
    let mut floor = Floor::open(both());
    floor.join(1, "support");
    floor.answered(1);
    for number in 2..=3 {
        floor.join(number, "support");
    }
    assert_eq!(floor.configure(without()), []);
    floor.hung_up(1);
    let goes: Vec<Command> = ["anna", "bosse"]
        .into_iter()
        .flat_map(|name| leave(&mut floor, name))
        .collect();
    assert!(
        [2, 3].iter().all(|it| goes.contains(&refuse(*it))),
        "{goes:?}"
    );
    assert_eq!(floor.engine().snapshot(floor.now).queues.len(), 1);
}

#[test]
fn whoever_was_an_agent_only_there_serves_a_removed_queue_to_its_end_if_he_has_an_account() {
    let mut floor = Floor::open(settings(&[
        ("sales", queue_of(&["bosse"])),
        ("support", queue_of(&["anna"])),
    ]));
    floor.join(1, "support");
    floor.answered(1);
    floor.join(2, "support");
    let mut without = settings(&[("sales", queue_of(&["bosse"]))]);
    without.accounts = [agent("anna"), agent("bosse")].into();
    assert_eq!(floor.configure(without.clone()), []);
    assert_eq!(floor.configure(without), []);
    floor.hung_up(1);
    assert_eq!(rung(&floor.pass(secs(10))), [("anna".into(), 2)]);
    floor.answered(2);
    floor.hung_up(2);
    assert!(matches!(floor.state("anna"), AgentState::WrapUp { .. }));
    floor.pass(secs(10));
    let snapshot = floor.engine().snapshot(floor.now);
    let agents: Vec<_> = snapshot
        .agents
        .iter()
        .map(|row| row.agent.clone())
        .collect();
    assert_eq!((agents, snapshot.queues.len()), (vec![agent("bosse")], 1));
}

#[test]
fn a_removed_queue_that_comes_back_goes_on_as_if_it_had_never_gone() {
    let team = &["anna"];
    let both = || settings(&[("sales", queue_of(team)), ("support", queue_of(team))]);
    let mut floor = Floor::open(both());
    floor.join(1, "support");
    floor.join(2, "support");
    floor.configure(settings(&[("sales", queue_of(team))]));
    assert_eq!(floor.configure(both()), []);
    assert!(!floor.queue_row("support").draining);
    floor.join(3, "support");
    assert_eq!([2, 3].map(|it| floor.position(it)), [Some(2), Some(3)]);
}

#[test]
fn a_queue_whose_settings_change_keeps_its_callers_their_places_and_their_waits() {
    let mut floor = Floor::open(settings(&[("support", queue_of(&[]))]));
    for number in 1..=3 {
        floor.join(number, "support");
        floor.pass(secs(10));
    }
    let mut changed = queue_of(&[]);
    (changed.ring, changed.wrap_up, changed.weight) = (secs(7), secs(1), 9);
    assert_eq!(floor.configure(settings(&[("support", changed)])), []);
    let places = [1, 2, 3].map(|number| floor.position(number));
    assert_eq!(places, [Some(1), Some(2), Some(3)]);
    let row = floor.queue_row("support");
    assert_eq!(row.longest_wait_ms, Some(30_000));
}

#[test]
fn an_agent_keeps_his_pause_his_wrap_up_his_call_and_his_log_ins_when_settings_change() {
    let team = &["anna", "bosse", "cecilia", "david"];
    let mut floor = Floor::open(settings(&[("support", queue_of(team))]));
    floor.log_out("david", Queues::All).0.unwrap();
    floor.join(1, "support");
    floor.answered(1);
    floor.join(2, "support");
    floor.answered(2);
    floor.hung_up(1);
    floor.pause("cecilia", Some("lunch")).0.unwrap();
    let before = team.map(|name| floor.state(name));
    assert!(matches!(before[0], AgentState::WrapUp { .. }));
    assert_eq!(before[1], AgentState::InCall);
    assert!(matches!(before[2], AgentState::Paused { .. }));
    assert_eq!(before[3], AgentState::LoggedOut);
    let mut changed = queue_of(team);
    (changed.ring, changed.wrap_up) = (secs(7), secs(1));
    assert_eq!(floor.configure(settings(&[("support", changed)])), []);
    assert_eq!(team.map(|name| floor.state(name)), before);
}

// Changes: queues.ring
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
