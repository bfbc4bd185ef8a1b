//! How long callers wait, as they are told and as it is kept.

use crate::floor::{Floor, queue_of, secs, settings};
use acd::{Forecast, OfferEnd};
use base::OfferId;
use control::Queues;
use std::time::Duration;

/// Has agents answer the offers before `beyond` that ring and talk for a minute; the caller's call has the offer's
/// number.
fn handle(floor: &mut Floor, offers: std::ops::Range<u64>) {
    for offer in offers {
        floor.join(offer as u32, "support");
        floor.answered(offer);
        floor.pass(secs(60));
        floor.hung_up(offer as u32);
        floor.pass(secs(10));
    }
}

/// A queue with one agent who is busy for 70 s with each call, wrap-up and all.
fn busy_queue() -> Floor {
    let mut floor = Floor::open(settings(&[("support", queue_of(&["anna"]))]));
    handle(&mut floor, 1..6);
    floor
}

#[test]
fn a_caller_may_expect_the_time_an_agent_is_busy_with_a_call_for_each_place() {
    let mut floor = busy_queue();
    for number in 11..14 {
        floor.join(number, "support");
    }
    let expected = [11, 12, 13].map(|number| floor.prospect(number).expected);
    assert_eq!(expected, [Some(secs(70)), Some(secs(140)), Some(secs(210))]);
    assert_eq!(floor.queue_row("support").expected_wait_ms, Some(280_000));
}

#[test]
fn nothing_is_expected_before_five_calls_have_been_handled() {
    let mut floor = Floor::open(settings(&[("support", queue_of(&["anna"]))]));
    handle(&mut floor, 1..5);
    floor.join(11, "support");
    assert_eq!(floor.prospect(11).expected, None);
    floor.answered(5);
    floor.pass(secs(60));
    floor.hung_up(11);
    floor.join(12, "support");
    assert_eq!(floor.prospect(12).expected, None, "the fifth is in wrap-up");
    floor.pass(secs(10));
    assert_eq!(floor.prospect(12).expected, Some(secs(70)));
}

#[test]
fn an_agent_of_two_queues_counts_half_in_each_and_one_who_takes_no_calls_not_at_all() {
    let mut floor = Floor::open(settings(&[
        ("support", queue_of(&["anna", "bosse"])),
        ("sales", queue_of(&["bosse"])),
    ]));
    floor.pause("bosse", None).0.unwrap();
    handle(&mut floor, 1..6);
    floor.pause("anna", None).0.unwrap();
    floor.join(11, "support");
    assert_eq!(floor.prospect(11).expected, None, "nobody is at work");
    floor.resume("anna").0.unwrap();
    assert_eq!(floor.prospect(11).expected, Some(secs(70)));
    floor.resume("bosse").0.unwrap();
    // One and a half agents.
    assert_eq!(
        floor.prospect(11).expected,
        Some(Duration::from_micros(46_666_666))
    );
    floor.device("anna", false);
    assert_eq!(floor.prospect(11).expected, Some(secs(140)));
    floor
        .log_out("bosse", Queues::One(crate::floor::queue("sales")))
        .0
        .unwrap();
    assert_eq!(floor.prospect(11).expected, Some(secs(70)));
}

#[test]
fn queues_share_an_agent_by_their_weights_also_when_those_change() {
    let weighing = |support: u8, sales: u8| {
        let of = |weight| acd::QueueSettings {
            weight,
            ..queue_of(&["anna"])
        };
        settings(&[("support", of(support)), ("sales", of(sales))])
    };
    let mut floor = Floor::open(weighing(8, 2));
    handle(&mut floor, 1..6);
    let expected = |floor: &Floor| floor.queue_row("support").expected_wait_ms;
    // Four fifths of an agent, who needs 70 s a caller.
    assert_eq!(expected(&floor), Some(87_500));
    floor.configure(weighing(1, 1));
    assert_eq!(expected(&floor), Some(140_000));
    floor
        .log_out("anna", Queues::One(crate::floor::queue("sales")))
        .0
        .unwrap();
    assert_eq!(expected(&floor), Some(70_000));
}

#[test]
fn what_was_expected_when_a_caller_came_and_what_he_waited_are_both_kept() {
    let mut floor = busy_queue();
    assert_eq!(floor.queue_row("support").forecast, Forecast::default());
    floor.join(11, "support");
    floor.join(12, "support");
    floor.pass(secs(10));
    floor.answered(6);
    floor.pass(secs(60));
    floor.hung_up(11);
    floor.pass(secs(10));
    floor.answered(7);
    let forecast = Forecast {
        calls: 2,
        expected_ms: 70_000 + 140_000,
        waited_ms: 10_000 + 80_000,
        error_ms: 60_000 + 60_000,
    };
    assert_eq!(floor.queue_row("support").forecast, forecast);
}

#[test]
fn a_caller_who_talks_or_is_gone_is_told_nothing_of_a_wait() {
    let mut floor = busy_queue();
    floor.join(11, "support");
    floor.ended(6, OfferEnd::Declined);
    assert_eq!(floor.prospect(11).place, Some(1));
    floor.pass(secs(5));
    floor.give(acd::Input::OfferAnswered { offer: OfferId(7) });
    assert_eq!(floor.prospect(11), acd::Prospect::default());
    assert_eq!(floor.prospect(99), acd::Prospect::default());
}
