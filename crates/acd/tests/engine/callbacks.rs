//! Callbacks that a queue gives to its agents beside its callers: in which order, by which shares, to whom, and what becomes of
//! one that an agent does not take. The model's worlds have them too (`worlds.rs`).

use crate::floor::{Floor, agent, queue, queue_of, rung, secs, settings};
use acd::{
    AgentState, CallbackEnd, Command, DueCallback, Fact, Input, Obstacle, OfferEnd, Outcome,
    QueueSettings, Share, Urgency,
};
use base::{CallbackId, OfferId, Time};
use control::Queues;
use std::collections::BTreeSet;

/// A queue that gives callbacks half of the turns, without wrap-up.
fn queue_with(members: &[&str], percent: u8) -> QueueSettings {
    QueueSettings {
        callbacks: Share::new(percent),
        wrap_up: secs(0),
        ..queue_of(members)
    }
}

fn support(members: &[&str]) -> Floor {
    Floor::open(settings(&[("support", queue_with(members, 50))]))
}

/// Entries that came at these seconds are due.
fn due(floor: &mut Floor, name: &str, entries: &[(u64, u64)]) -> Vec<Command> {
    let due = entries.iter().map(|(entry, second)| DueCallback {
        urgency: Urgency::Due,
        arrived: Time::from_millis(second * 1_000),
        entry: CallbackId(*entry),
    });
    floor.give(Input::CallbacksDue {
        queue: queue(name),
        due: due.collect(),
    })
}

fn taken(floor: &mut Floor, offer: u64) -> Vec<Command> {
    let offer = OfferId(offer);
    floor.give(Input::CallbackTaken { offer })
}

fn over(floor: &mut Floor, offer: u64, end: CallbackEnd) -> Vec<Command> {
    let offer = OfferId(offer);
    floor.give(Input::CallbackOver { offer, end })
}

fn indebted(floor: &mut Floor, name: &str, indebted: bool) -> Vec<Command> {
    let agent = agent(name);
    floor.give(Input::Indebted { agent, indebted })
}

/// Who is given which entry: `("anna", 1)`.
fn given(commands: &[Command]) -> Vec<(String, u64)> {
    let given = |command: &Command| match command {
        Command::CallBack { agent, entry, .. } => Some((agent.name().to_owned(), entry.0)),
        _ => None,
    };
    commands.iter().filter_map(given).collect()
}

fn to(name: &str, entry: u64) -> Vec<(String, u64)> {
    vec![(name.to_owned(), entry)]
}

#[test]
fn callbacks_that_overtake_live_callers_are_not_there() {
    let mut floor = support(&["anna"]);
    floor.own_call("anna", 90, true);
    floor.pass(secs(10));
    floor.join(1, "support");
    floor.pass(secs(10));
    // It came after him, and one came in the same moment as a third.
    due(&mut floor, "support", &[(1, 15), (2, 21)]);
    floor.join(2, "support");
    let commands = floor.own_call("anna", 90, false);
    assert_eq!(rung(&commands), [("anna".into(), 1)]);
    floor.answered(1);
    let commands = floor.hung_up(1);
    // Of the older one and the caller one is next by shares; the one that came with him is behind him however often.
    assert_eq!(rung(&commands), [("anna".into(), 2)]);
    floor.answered(2);
    let commands = floor.hung_up(2);
    assert_eq!(given(&commands), to("anna", 1));
}

// Changes: queues.callback.automatic_share
#[test]
fn over_a_long_day_callbacks_get_their_share_of_turns_and_neither_side_starves() {
    for percent in [10, 50, 75] {
        let queue = queue_with(&["anna"], percent);
        let mut floor = Floor::open(settings(&[("support", queue)]));
        floor.own_call("anna", 90, true);
        // All of yesterday's are due, and somebody always waits.
        let entries: Vec<(u64, u64)> = (1..=16).map(|entry| (entry, 0)).collect();
        due(&mut floor, "support", &entries);
        floor.pass(secs(30));
        floor.join(1, "support");
        let (mut callbacks, mut since_caller, mut since_callback) = (0, 0, 0);
        let mut commands = floor.own_call("anna", 90, false);
        for turn in 1..=200 {
            floor.pass(secs(1));
            if let [(_, entry)] = given(&commands)[..] {
                callbacks += 1;
                (since_callback, since_caller) = (0, since_caller + 1);
                taken(&mut floor, turn);
                // Another comes to be due in its place, as old.
                let rest = entries.iter().filter(|(other, _)| *other != entry);
                let mut next: Vec<(u64, u64)> = rest.copied().collect();
                next.push((entry + 100, 0));
                due(&mut floor, "support", &next);
                due(&mut floor, "support", &entries);
                commands = over(&mut floor, turn, CallbackEnd::Called);
            } else {
                let [(_, number)] = rung(&commands)[..] else {
                    panic!("nobody's turn: {commands:?}");
                };
                (since_caller, since_callback) = (0, since_callback + 1);
                floor.answered(turn);
                floor.join(number + 1, "support");
                commands = floor.hung_up(number);
            }
            assert!(since_caller <= 3 && since_callback <= 9, "{percent} %");
        }
        assert_eq!(callbacks, 2 * u32::from(percent), "{percent} %");
    }
}

#[test]
fn callers_of_another_queue_with_the_same_agents_have_their_share_too() {
    let both = [
        ("support", queue_with(&["anna"], 50)),
        (
            "sales",
            QueueSettings {
                callbacks: None,
                ..queue_with(&["anna"], 1)
            },
        ),
    ];
    let mut floor = Floor::open(settings(&both));
    floor.own_call("anna", 90, true);
    floor.pass(secs(60));
    due(&mut floor, "support", &[(1, 0), (2, 0), (3, 0)]);
    (1..=3).for_each(|number| drop(floor.join(number, "sales")));
    let mut order = Vec::new();
    let mut commands = floor.own_call("anna", 90, false);
    for offer in 1..=6 {
        if let [(_, number)] = rung(&commands)[..] {
            order.push("caller");
            floor.answered(offer);
            commands = floor.hung_up(number);
        } else if let [(_, entry)] = given(&commands)[..] {
            order.push("callback");
            taken(&mut floor, offer);
            let left: Vec<_> = (entry + 1..=3).map(|entry| (entry, 0)).collect();
            due(&mut floor, "support", &left);
            commands = over(&mut floor, offer, CallbackEnd::Called);
        }
    }
    let turns = ["caller", "callback"];
    assert_eq!(order, [turns, turns, turns].concat());
}

/// A person is on the line, or may be at any moment, and no agent has him.
fn called(floor: &mut Floor, entry: u64, second: u64) -> Vec<Command> {
    let due = DueCallback {
        urgency: Urgency::Called,
        arrived: Time::from_millis(second * 1_000),
        entry: CallbackId(entry),
    };
    floor.give(Input::CallbacksDue {
        queue: queue("support"),
        due: vec![due],
    })
}

#[test]
fn whom_an_agent_let_go_while_he_was_called_gets_the_next_free_one_before_all_who_wait() {
    let mut floor = Floor::open(settings(&[("support", queue_with(&["anna", "bosse"], 1))]));
    floor.own_call("bosse", 90, true);
    due(&mut floor, "support", &[(1, 0)]);
    floor.pass(secs(5));
    // He waits, and nine and ninety of a hundred turns are callers'.
    floor.join(1, "support");
    let declined = CallbackEnd::Unanswered(OfferEnd::Declined);
    called(&mut floor, 1, 9);
    let commands = over(&mut floor, 1, declined);
    assert_eq!(given(&commands), [], "nobody is free");
    let commands = floor.own_call("bosse", 90, false);
    assert_eq!(given(&commands), to("bosse", 1));
    assert_eq!(rung(&commands), []);
    // Nothing was taken from anybody's share for it.
    let turns = floor
        .facts
        .iter()
        .filter(|it| matches!(it.fact, Fact::TurnGiven { .. }));
    assert_eq!(turns.count(), 0);
}

#[test]
fn who_rang_for_a_person_who_is_gone_is_blamed_for_nothing_and_free_at_once() {
    let mut floor = support(&["anna"]);
    due(&mut floor, "support", &[(1, 0)]);
    due(&mut floor, "support", &[(2, 0)]);
    let commands = over(&mut floor, 1, CallbackEnd::PersonGone);
    assert_eq!(
        given(&commands),
        [],
        "her telephone still hears that it is to stop"
    );
    let commands = floor.pass(secs(1));
    assert_eq!(given(&commands), to("anna", 2));
    let totals = floor.agent_row("anna").totals;
    let blamed = (totals.missed, totals.declined, totals.device_errors);
    assert_eq!(blamed, (0, 0, 0));
}

#[test]
fn more_calls_placed_than_agents_are_not_there() {
    let mut floor = support(&["anna", "bosse"]);
    let entries: Vec<(u64, u64)> = (1..=9).map(|entry| (entry, 0)).collect();
    let mut commands = due(&mut floor, "support", &entries);
    assert_eq!(
        given(&commands),
        [to("anna", 1), to("bosse", 2)].concat(),
        "each agent is kept for one, before anybody is rung"
    );
    // Told again and again, late and in other words: nobody is given a second.
    commands = due(&mut floor, "support", &entries[2..]);
    commands.extend(due(&mut floor, "support", &entries));
    commands.extend(indebted(&mut floor, "anna", true));
    commands.extend(indebted(&mut floor, "anna", false));
    taken(&mut floor, 1);
    commands.extend(floor.pass(secs(1)));
    assert_eq!(given(&commands), []);
    let commands = over(&mut floor, 1, CallbackEnd::Called);
    // The first that nobody has.
    assert_eq!(given(&commands), to("anna", 1));
}

#[test]
fn all_phones_ring_for_a_caller_and_one_for_a_callback() {
    let mut queue = queue_with(&["anna", "bosse"], 50);
    queue.policy = acd::Policy::RingAll;
    let mut floor = Floor::open(settings(&[("support", queue)]));
    let commands = due(&mut floor, "support", &[(1, 0)]);
    assert_eq!(given(&commands).len(), 1);
    assert_eq!(floor.state("bosse"), AgentState::Free);
}

#[test]
fn who_owes_a_description_is_given_no_callback_and_is_called_by_callers_all_the_same() {
    let mut floor = support(&["anna", "bosse"]);
    indebted(&mut floor, "anna", true);
    let commands = due(&mut floor, "support", &[(1, 0), (2, 0)]);
    assert_eq!(given(&commands), to("bosse", 1), "nor is the list held up");
    let passed_over = floor.facts.iter().find_map(|stamped| match &stamped.fact {
        Fact::CallbackOffered { passed_over, .. } => passed_over.first().cloned(),
        _ => None,
    });
    assert_eq!(
        passed_over.map(|it| (it.agent, it.cause)),
        Some((agent("anna"), Obstacle::Indebted))
    );
    assert_eq!(floor.state("anna"), AgentState::Free);
    let commands = floor.join(1, "support");
    assert_eq!(rung(&commands), [("anna".into(), 1)]);
    floor.answered(2);
    floor.hung_up(1);
    let commands = indebted(&mut floor, "anna", false);
    assert_eq!(given(&commands), to("anna", 2));
}

#[test]
fn what_a_device_makes_of_a_callback_counts_as_for_an_offer_and_the_next_agent_gets_it() {
    let ends = [
        (OfferEnd::Declined, Outcome::Declined, (0, 1, 0)),
        (OfferEnd::Busy, Outcome::Busy, (0, 1, 0)),
        (OfferEnd::NoAnswer, Outcome::Missed, (1, 0, 0)),
        (OfferEnd::DeviceError, Outcome::DeviceError, (0, 0, 1)),
    ];
    for (end, outcome, counted) in ends {
        let mut floor = support(&["anna", "bosse"]);
        floor.own_call("bosse", 90, true);
        due(&mut floor, "support", &[(1, 0)]);
        assert_eq!(floor.state("anna"), AgentState::Offered);
        over(&mut floor, 1, CallbackEnd::Unanswered(end));
        let came = floor.facts.iter().find_map(|stamped| match stamped.fact {
            Fact::CallbackOver { outcome, .. } => Some(outcome),
            _ => None,
        });
        assert_eq!(came, Some(outcome));
        let row = floor.agent_row("anna");
        let totals = row.totals;
        assert_eq!(
            (totals.missed, totals.declined, totals.device_errors),
            counted
        );
        assert!(matches!(row.state, AgentState::Deferred { .. }), "{end:?}");
        let commands = floor.own_call("bosse", 90, false);
        assert_eq!(given(&commands), to("bosse", 1), "{end:?}");
    }
}

#[test]
fn a_callback_rings_as_long_as_an_offer_does_and_counts_as_missed() {
    let mut floor = support(&["anna"]);
    due(&mut floor, "support", &[(1, 0)]);
    assert_eq!(floor.pass(secs(14)), []);
    let (offer, entry) = (OfferId(1), CallbackId(1));
    assert_eq!(floor.pass(secs(1)), [Command::CallOff { offer, entry }]);
    over(&mut floor, 1, CallbackEnd::Unanswered(OfferEnd::Withdrawn));
    assert_eq!(floor.agent_row("anna").totals.missed, 1);
    assert_eq!(given(&floor.pass(secs(5))), to("anna", 1));
}

#[test]
fn who_pauses_logs_out_or_begins_a_call_of_his_own_is_rung_for_no_callback_and_blamed_for_nothing()
{
    let leave: [fn(&mut Floor) -> Vec<Command>; 3] = [
        |floor| floor.pause("anna", None).1,
        |floor| floor.log_out("anna", Queues::All).1,
        |floor| floor.own_call("anna", 90, true),
    ];
    for leave in leave {
        let mut floor = support(&["anna"]);
        due(&mut floor, "support", &[(1, 0)]);
        let (offer, entry) = (OfferId(1), CallbackId(1));
        assert_eq!(leave(&mut floor), [Command::CallOff { offer, entry }]);
        over(&mut floor, 1, CallbackEnd::Unanswered(OfferEnd::Withdrawn));
        let totals = floor.agent_row("anna").totals;
        assert_eq!((totals.missed, totals.declined), (0, 0));
    }
}

#[test]
fn a_callback_that_was_taken_at_the_last_moment_is_his() {
    let mut floor = support(&["anna"]);
    due(&mut floor, "support", &[(1, 0)]);
    floor.pass(secs(15));
    // The owner of the list had let him have it before it heard that it was called off.
    taken(&mut floor, 1);
    assert_eq!(floor.state("anna"), AgentState::InCall);
    assert_eq!(floor.pass(secs(3_600)), [], "however long it lasts");
    assert_eq!(floor.join(1, "support"), []);
}

#[test]
fn after_a_callback_there_is_wrap_up_as_after_a_caller_and_none_where_nobody_was_called() {
    let mut queue = queue_with(&["anna"], 50);
    queue.wrap_up = secs(10);
    let mut floor = Floor::open(settings(&[("support", queue)]));
    due(&mut floor, "support", &[(1, 0)]);
    taken(&mut floor, 1);
    due(&mut floor, "support", &[]);
    over(&mut floor, 1, CallbackEnd::Called);
    assert!(matches!(floor.state("anna"), AgentState::WrapUp { .. }));
    floor.pass(secs(10));
    assert_eq!(floor.state("anna"), AgentState::Free);

    due(&mut floor, "support", &[(2, 0)]);
    taken(&mut floor, 2);
    over(&mut floor, 2, CallbackEnd::HungUp);
    assert!(matches!(floor.state("anna"), AgentState::Deferred { .. }));
    assert_eq!(floor.agent_row("anna").totals.declined, 1);
    floor.pass(secs(5));
    over(&mut floor, 3, CallbackEnd::Broken);
    assert_eq!(
        floor.agent_row("anna").totals.declined,
        1,
        "that is not his doing"
    );
}

#[test]
fn what_can_t_be_had_is_asked_for_again_only_when_something_new_is_said_of_it() {
    let mut floor = support(&["anna", "bosse"]);
    floor.own_call("bosse", 90, true);
    due(&mut floor, "support", &[(1, 0)]);
    // Somebody who staffs the list by hand was quicker.
    assert_eq!(given(&over(&mut floor, 1, CallbackEnd::NotDue)), []);
    assert_eq!(floor.state("anna"), AgentState::Free);
    let commands = due(&mut floor, "support", &[(1, 0)]);
    assert_eq!(given(&commands), to("anna", 1));
    // She has one from another list, which was not told yet: that holds up nobody else.
    assert_eq!(given(&over(&mut floor, 2, CallbackEnd::HasAnother)), []);
    let commands = floor.own_call("bosse", 90, false);
    assert_eq!(given(&commands), to("bosse", 1));
}

#[test]
fn callbacks_are_given_from_when_the_queue_does_so_until_it_does_no_more() {
    let by_hand = QueueSettings {
        callbacks: None,
        ..queue_with(&["anna"], 50)
    };
    let mut floor = Floor::open(settings(&[("support", by_hand.clone())]));
    assert_eq!(due(&mut floor, "support", &[(1, 0)]), []);
    // What is due of a queue that is not there yet is known when it comes.
    assert_eq!(due(&mut floor, "sales", &[(2, 0)]), []);
    let commands = floor.configure(settings(&[
        ("support", by_hand.clone()),
        ("sales", queue_with(&["anna"], 50)),
    ]));
    assert_eq!(commands, []);
    let (_, commands) = floor.log_in("anna", Queues::All);
    assert_eq!(given(&commands), to("anna", 2));
    let commands = floor.configure(settings(&[("support", by_hand)]));
    let (offer, entry) = (OfferId(1), CallbackId(2));
    assert_eq!(commands, [Command::CallOff { offer, entry }]);
    let commands = over(&mut floor, 1, CallbackEnd::Unanswered(OfferEnd::Withdrawn));
    assert_eq!(given(&commands), []);
}

#[test]
fn of_two_queues_the_entry_that_came_first_goes_first_and_each_entry_goes_once() {
    let queues = ["alpha", "beta"].map(|name| (name, queue_with(&["anna"], 50)));
    let mut floor = Floor::open(settings(&queues));
    floor.own_call("anna", 90, true);
    floor.pass(secs(60));
    due(&mut floor, "alpha", &[(1, 10), (3, 30)]);
    due(&mut floor, "beta", &[(2, 20), (4, 40)]);
    let mut commands = floor.own_call("anna", 90, false);
    let mut order = Vec::new();
    for offer in 1..=4 {
        let [(_, entry)] = given(&commands)[..] else {
            panic!("{commands:?}");
        };
        order.push(entry);
        taken(&mut floor, offer);
        commands = over(&mut floor, offer, CallbackEnd::NotDue);
    }
    assert_eq!(order, [1, 2, 3, 4]);
    let seen: BTreeSet<u64> = order.into_iter().collect();
    assert_eq!(seen.len(), 4);
}
