//! Callers whom a queue's rules send elsewhere, and queues that close by their load.

use crate::floor::{Floor, call, logged_out, queue, queue_of, secs, settings};
use acd::{
    Applies, Command, Exits, Input, LeaveCause, Load, Marks, OfferEnd, RefuseCause, Settings,
    WaitOf, WithdrawCause,
};
use base::OfferId;
use control::Queues;
use std::time::Duration;

fn with(exits: Exits, members: &[&str]) -> Settings {
    let mut support = queue_of(members);
    support.exits = exits;
    settings(&[("support", support), ("backup", queue_of(&[]))])
}

fn refuse(number: u32, cause: RefuseCause) -> Command {
    Command::Refuse {
        call: call(number),
        queue: queue("support"),
        cause,
    }
}

fn after(seconds: u64) -> Exits {
    Exits {
        after: Some(secs(seconds)),
        ..Exits::default()
    }
}

#[test]
fn a_caller_who_has_waited_as_long_as_he_may_is_sent_elsewhere_to_the_second() {
    let mut floor = Floor::open(with(after(60), &[]));
    floor.join(1, "support");
    floor.pass(secs(10));
    floor.join(2, "support");
    assert!(floor.pass(secs(49)).is_empty());
    let timed_out = RefuseCause::TimedOut;
    assert_eq!(floor.pass(secs(1)), [refuse(1, timed_out)]);
    assert_eq!(floor.pass(secs(10)), [refuse(2, timed_out)]);
    let totals = floor.queue_row("support").totals;
    assert_eq!((totals.entered, totals.overflowed), (2, 2));
}

#[test]
fn an_agent_is_not_rung_after_the_caller_left_and_counts_no_miss() {
    let mut floor = Floor::open(with(after(10), &["anna"]));
    floor.join(1, "support");
    let withdrawn = Command::Withdraw {
        offer: OfferId(1),
        call: call(1),
        cause: WithdrawCause::CallerGone,
    };
    let left = refuse(1, RefuseCause::TimedOut);
    assert_eq!(floor.pass(secs(10)), [withdrawn, left]);
    floor.ended(1, OfferEnd::Withdrawn);
    assert_eq!(floor.agent_row("anna").totals.missed, 0);
    assert!(floor.pass(secs(60)).is_empty(), "nobody is rung for him");
}

#[test]
fn who_talks_is_not_sent_elsewhere_for_the_time_he_waited() {
    let mut floor = Floor::open(with(after(10), &["anna"]));
    floor.join(1, "support");
    floor.answered(1);
    assert!(floor.pass(secs(60)).is_empty());
}

#[test]
fn a_caller_sent_to_another_queue_keeps_his_first_arrival_there() {
    let mut floor = Floor::open(with(after(60), &[]));
    let arrived = floor.now;
    floor.join(1, "support");
    floor.pass(secs(30));
    floor.join(2, "backup");
    floor.pass(secs(30));
    floor.give(Input::Join(acd::Entrance::new(
        call(1),
        queue("backup"),
        arrived,
    )));
    assert_eq!((floor.position(1), floor.position(2)), (Some(1), Some(2)));
    assert_eq!(floor.queue_row("backup").longest_wait_ms, Some(60_000));
}

#[test]
fn a_queue_nobody_is_logged_in_to_sends_newcomers_elsewhere_and_others_only_where_so_set() {
    for (no_agents, waiting_go) in [(Applies::Newcomers, false), (Applies::Everybody, true)] {
        let exits = Exits {
            no_agents,
            ..Exits::default()
        };
        let mut floor = Floor::open(with(exits, &["anna"]));
        floor.pause("anna", None).0.unwrap();
        for number in [2, 1] {
            floor.join(number, "support");
        }
        let went = floor.log_out("anna", Queues::All).1;
        let cause = RefuseCause::NoAgents;
        let both = [refuse(2, cause), refuse(1, cause)];
        assert_eq!(went, if waiting_go { &both[..] } else { &[] });
        assert_eq!(floor.join(3, "support"), [refuse(3, cause)]);
        floor.log_in("anna", Queues::All).0.unwrap();
        assert!(!floor.join(4, "support").contains(&refuse(4, cause)));
    }
}

// Changes: queues.none_reachable
#[test]
fn none_reachable_is_apart_from_none_logged_in_and_holds_for_it_too() {
    let exits = Exits {
        none_reachable: Applies::Everybody,
        ..Exits::default()
    };
    let mut floor = Floor::open(with(exits, &["anna", "bosse"]));
    for name in ["anna", "bosse"] {
        floor.pause(name, None).0.unwrap();
    }
    assert!(floor.join(1, "support").is_empty());
    assert!(floor.device("anna", false).is_empty());
    let cause = RefuseCause::NoneReachable;
    assert_eq!(floor.device("bosse", false), [refuse(1, cause)]);
    assert_eq!(floor.join(2, "support"), [refuse(2, cause)]);
    let mut floor = Floor::open(logged_out(with(exits, &["anna"])));
    assert_eq!(floor.join(1, "support"), [refuse(1, cause)]);
}

// Changes: queues.all_paused
#[test]
fn a_queue_whose_agents_have_all_paused_lets_nobody_wait_where_so_set() {
    let exits = Exits {
        all_paused: Applies::Newcomers,
        ..Exits::default()
    };
    let mut floor = Floor::open(with(exits, &["anna", "bosse"]));
    floor.pause("anna", None).0.unwrap();
    assert_eq!(floor.join(1, "support").len(), 1, "bosse is rung");
    floor.pause("bosse", None).0.unwrap();
    assert_eq!(
        floor.join(2, "support"),
        [refuse(2, RefuseCause::AllPaused)]
    );
    assert_eq!(floor.position(1), Some(1), "who waits goes on waiting");
}

#[test]
fn a_caller_who_left_by_a_key_counts_as_sent_elsewhere_by_the_queue_s_rules() {
    let mut floor = Floor::open(with(Exits::default(), &["anna"]));
    floor.join(1, "support");
    let cause = LeaveCause::KeyPressed;
    let call = call(1);
    assert_eq!(floor.give(Input::Leave { call, cause }).len(), 1);
    assert_eq!(floor.queue_row("support").totals.overflowed, 1);
}

fn load(
    wait_of: WaitOf,
    close: (Option<u32>, Option<u64>),
    open: (Option<u32>, Option<u64>),
) -> Exits {
    let marks = |(waiting, wait): (Option<u32>, Option<u64>)| Marks {
        waiting,
        wait: wait.map(secs),
    };
    Exits {
        load: Some(Load {
            close: marks(close),
            open: marks(open),
            held: secs(30),
            wait_of,
        }),
        ..Exits::default()
    }
}

fn is_closed(floor: &Floor) -> bool {
    floor.queue_row("support").closed_by_load
}

// Changes: queues.open_when.waiting
#[test]
fn a_queue_closes_at_its_mark_and_opens_once_below_the_lower_one_for_long_enough() {
    let exits = load(WaitOf::Average, (Some(3), None), (Some(2), None));
    let mut floor = Floor::open(with(exits, &[]));
    floor.join(1, "support");
    floor.join(2, "support");
    assert!(!is_closed(&floor));
    floor.join(3, "support");
    assert!(is_closed(&floor), "at the mark");
    assert_eq!(floor.join(4, "support"), [refuse(4, RefuseCause::Loaded)]);
    assert_eq!(floor.position(3), Some(3), "who is inside stays");
    floor.leave(3);
    floor.pass(secs(60));
    assert!(is_closed(&floor), "two are not below two");
    floor.leave(2);
    floor.pass(secs(30) - Duration::from_micros(1));
    assert!(is_closed(&floor));
    floor.pass(Duration::from_micros(1));
    assert!(!is_closed(&floor));
    assert!(floor.join(5, "support").is_empty());
}

// Changes: queues.close_when.wait, queues.close_when.of, queues.open_when.wait
#[test]
fn a_queue_that_rises_over_the_lower_mark_again_starts_its_time_anew() {
    let exits = load(WaitOf::Longest, (None, Some(60)), (None, Some(40)));
    let mut floor = Floor::open(with(exits, &[]));
    floor.join(1, "support");
    floor.pass(secs(20));
    floor.join(2, "support");
    floor.pass(secs(40) - Duration::from_micros(1));
    assert!(!is_closed(&floor));
    floor.pass(Duration::from_micros(1));
    assert!(
        is_closed(&floor),
        "at the mark, with nothing else happening"
    );
    floor.pass(secs(5));
    floor.leave(1);
    floor.leave(2);
    floor.pass(secs(29));
    assert!(is_closed(&floor), "empty for less than the time");
    floor.pass(secs(1));
    assert!(!is_closed(&floor));
    floor.join(3, "support");
    floor.pass(secs(25));
    floor.join(4, "support");
    floor.pass(secs(35));
    floor.leave(3);
    // The other has waited 35 s: below for 5 s, then above, and so for good.
    floor.pass(secs(300));
    assert!(is_closed(&floor));
    floor.leave(4);
    floor.pass(secs(30));
    assert!(!is_closed(&floor));
}

#[test]
fn an_average_that_falls_because_old_answers_count_no_more_opens_the_queue() {
    let exits = load(WaitOf::Average, (None, Some(100)), (None, Some(50)));
    let mut floor = Floor::open(with(exits, &["anna"]));
    floor.join(1, "support");
    floor.ended(1, OfferEnd::DeviceError);
    floor.pass(secs(100));
    assert!(is_closed(&floor));
    let offer = floor_offer(&floor);
    floor.answered(offer);
    floor.hung_up(1);
    // Answered after 100 s, which is the average for fifteen minutes.
    floor.pass(secs(15 * 60 - 1));
    assert!(is_closed(&floor));
    floor.pass(secs(30));
    assert!(is_closed(&floor), "for one second less than the time");
    floor.pass(secs(1));
    assert!(!is_closed(&floor));
}

#[test]
fn a_queue_that_closed_by_its_callers_opens_when_its_average_has_fallen_by_time_alone() {
    let exits = load(WaitOf::Average, (Some(1), None), (None, Some(50)));
    let mut floor = Floor::open(with(exits, &["anna"]));
    floor.join(1, "support");
    floor.ended(1, OfferEnd::DeviceError);
    floor.pass(secs(100));
    assert!(is_closed(&floor));
    let offer = floor_offer(&floor);
    floor.answered(offer);
    floor.hung_up(1);
    // Nothing comes about from here on.
    floor.pass(secs(15 * 60 + 29));
    assert!(is_closed(&floor));
    floor.pass(secs(1));
    assert!(!is_closed(&floor));
}

/// The newest offer.
fn floor_offer(floor: &Floor) -> u64 {
    let offers = floor
        .facts
        .iter()
        .filter_map(|stamped| match &stamped.fact {
            acd::Fact::Offered { offer, .. } => Some(offer.0),
            _ => None,
        });
    offers.max().unwrap()
}

#[test]
fn a_queue_whose_marks_are_taken_away_is_open() {
    let exits = load(WaitOf::Average, (Some(1), None), (Some(1), None));
    let mut floor = Floor::open(with(exits, &[]));
    floor.join(1, "support");
    assert!(is_closed(&floor));
    floor.configure(with(Exits::default(), &[]));
    assert!(!is_closed(&floor));
    assert!(floor.join(2, "support").is_empty());
}
