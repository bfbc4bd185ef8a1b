//! In which order callers are served: by priority, which ages, and by arrival.

use crate::floor::{Floor, call, queue, queue_of, rung, secs, settings};
use acd::{Entrance, Input, Priority};
use base::Time;

/// Nobody works, so that all wait.
fn support() -> Floor {
    Floor::open(settings(&[("support", queue_of(&[]))]))
}

fn join(floor: &mut Floor, number: u32, priority: u8) {
    let entrance = Entrance::new(call(number), queue("support"), floor.now);
    floor.give(Input::Join(Entrance {
        priority: Priority::new(priority),
        ..entrance
    }));
}

/// Those of `1..=last` in line, first to last.
fn line(floor: &mut Floor, last: u32) -> Vec<u32> {
    let mut line: Vec<u32> = (1..=last).collect();
    line.sort_by_key(|number| floor.position(*number));
    line
}

#[test]
fn among_callers_who_came_close_together_priority_is_strict_and_arrival_settles_the_rest() {
    let mut floor = support();
    for (number, priority) in [(1, 0), (2, 1), (3, 9), (4, 0), (5, 1), (6, 9)] {
        floor.pass(secs(40));
        join(&mut floor, number, priority);
    }
    assert_eq!(line(&mut floor, 6), [3, 6, 2, 5, 1, 4]);
}

// Changes: queues.ageing
#[test]
fn whoever_has_waited_longer_than_a_step_of_priority_is_worth_goes_before_the_new() {
    let mut floor = support();
    join(&mut floor, 1, 0);
    floor.pass(secs(299));
    join(&mut floor, 2, 1);
    floor.pass(secs(2));
    join(&mut floor, 3, 1);
    assert_eq!(line(&mut floor, 3), [2, 1, 3]);
}

#[test]
fn a_stream_of_callers_of_the_highest_priority_starves_nobody() {
    let mut support = queue_of(&["anna"]);
    (support.ageing, support.wrap_up) = (secs(10), secs(0));
    let mut floor = Floor::open(settings(&[("support", support)]));
    floor.own_call("anna", 90, true);
    join(&mut floor, 1, 0);
    let mut rival = 2;
    join(&mut floor, rival, 9);
    let mut offers = floor.own_call("anna", 90, false);
    // Every ten seconds a rival comes and one is served.
    for offer in 1..40 {
        let served = rung(&offers)[0].1;
        if served == 1 {
            assert!(
                offer <= 11,
                "nine steps are worth ninety seconds, not {offer}0"
            );
            return;
        }
        floor.answered(offer);
        floor.pass(secs(10));
        rival += 1;
        join(&mut floor, rival, 9);
        offers = floor.hung_up(served);
    }
    panic!("the caller without priority was never served");
}

#[test]
fn priority_changes_nothing_of_how_long_somebody_has_waited() {
    let mut floor = support();
    join(&mut floor, 1, 0);
    floor.pass(secs(60));
    join(&mut floor, 2, 9);
    assert_eq!(floor.position(2), Some(1));
    assert_eq!(floor.queue_row("support").longest_wait_ms, Some(60_000));
    floor.leave(1);
    assert_eq!(floor.queue_row("support").longest_wait_ms, Some(0));
}

#[test]
fn nobody_arrives_before_the_clock_began_but_may_be_put_forward_further() {
    let mut floor = support();
    floor.now = Time::from_millis(1);
    join(&mut floor, 1, 8);
    join(&mut floor, 2, 9);
    assert_eq!(line(&mut floor, 2), [2, 1]);
}
