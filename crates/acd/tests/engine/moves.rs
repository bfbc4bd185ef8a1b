//! Callers whom somebody moves from one queue to another.

use crate::floor::{Floor, call, queue, queue_of, rung, secs, settings};
use acd::{Applies, Command, CommandRefusal, Entrance, Exits, Fact, Input, Priority, RefuseCause};
use base::{QueueId, Time};
use control::{Principal, QueueCommand, permit};

/// What is answered, and the other commands.
fn move_to(
    floor: &mut Floor,
    from: QueueId,
    to: QueueId,
    callers: Option<u32>,
) -> (Result<u32, CommandRefusal>, Vec<Command>) {
    let command = QueueCommand::Move { from, to, callers };
    let command = permit(Principal::Operator, command).unwrap();
    let mut commands = floor.give(Input::QueueCommand { ticket: 7, command });
    let at = commands
        .iter()
        .position(|command| matches!(command, Command::Moved { ticket: 7, .. }));
    match commands.remove(at.unwrap()) {
        Command::Moved { result, .. } => (result, commands),
        other => panic!("{other:?}"),
    }
}

fn from_support(
    floor: &mut Floor,
    callers: Option<u32>,
) -> (Result<u32, CommandRefusal>, Vec<Command>) {
    move_to(floor, queue("support"), queue("backup"), callers)
}

/// The callers of a queue, in the order in which they are served.
fn line(floor: &mut Floor, numbers: std::ops::RangeInclusive<u32>) -> Vec<Option<u32>> {
    numbers.map(|number| floor.position(number)).collect()
}

#[test]
fn callers_who_are_moved_keep_their_first_arrival_their_priority_and_their_order() {
    let both = settings(&[("support", queue_of(&[])), ("backup", queue_of(&[]))]);
    let mut floor = Floor::open(both);
    for number in 1..=4 {
        floor.pass(secs(10));
        floor.join(number, "support");
    }
    // One who comes to the other queue after the first two and before the rest, and one who goes before others.
    let arrived = Time::from_micros(floor.now.as_micros() - 15_000_000);
    floor.give(Input::Join(Entrance::new(
        call(5),
        queue("backup"),
        arrived,
    )));
    floor.give(Input::Join(Entrance {
        priority: Priority::new(1),
        ..Entrance::new(call(6), queue("support"), floor.now)
    }));
    assert_eq!(
        line(&mut floor, 1..=4),
        [Some(2), Some(3), Some(4), Some(5)]
    );
    let (moved, commands) = from_support(&mut floor, Some(4));
    assert_eq!(moved, Ok(4));
    let told = [6, 1, 2, 3].map(|number| Command::Move {
        call: call(number),
        from: queue("support"),
        to: queue("backup"),
    });
    assert_eq!(commands, told);
    let places = [Some(2), Some(3), Some(5), Some(1), Some(4), Some(1)];
    assert_eq!(line(&mut floor, 1..=6), places);
    let totals = floor.queue_row("support").totals;
    assert_eq!((totals.entered, totals.sent_on), (5, 4));
    let by = floor.facts.iter().find_map(|stamped| match &stamped.fact {
        Fact::Moved { by, .. } => Some(by.clone()),
        _ => None,
    });
    assert_eq!(by, Some(Principal::Operator));
}

#[test]
fn whoever_is_being_offered_stays_and_free_agents_of_the_other_queue_are_rung_at_once() {
    let both = settings(&[
        ("support", queue_of(&["anna"])),
        ("backup", queue_of(&["bosse"])),
    ]);
    let mut floor = Floor::open(both);
    for number in 1..=3 {
        floor.join(number, "support");
    }
    let (moved, commands) = from_support(&mut floor, None);
    assert_eq!(moved, Ok(2));
    assert_eq!(rung(&commands), [("bosse".to_owned(), 2)]);
    assert_eq!(floor.queue_row("support").offered, 1);
    assert_eq!(floor.queue_row("backup").waiting, 1);
}

#[test]
fn no_more_are_moved_than_there_is_room_for_and_none_where_nobody_is_taken_in() {
    let mut small = queue_of(&[]);
    small.waiting_max = 2;
    let mut deserted = queue_of(&[]);
    deserted.exits = Exits {
        no_agents: Applies::Newcomers,
        ..Exits::default()
    };
    let all = [
        ("support", queue_of(&[])),
        ("backup", small),
        ("empty", deserted),
    ];
    let mut floor = Floor::open(settings(&all));
    for number in 1..=3 {
        floor.join(number, "support");
    }
    assert_eq!(from_support(&mut floor, None).0, Ok(2));
    let takes_nobody = |name: &str, cause| {
        let queue = queue(name);
        Err(CommandRefusal::TakesNobody { queue, cause })
    };
    let full = takes_nobody("backup", RefuseCause::Full);
    assert_eq!(from_support(&mut floor, None).0, full);
    let empty = takes_nobody("empty", RefuseCause::NoAgents);
    assert_eq!(
        move_to(&mut floor, queue("support"), queue("empty"), None).0,
        empty
    );
    assert_eq!(floor.position(3), Some(1), "he waits where he was");
}

#[test]
fn callers_are_moved_between_queues_that_there_are_of_one_organisation() {
    let mut floor = Floor::open(settings(&[("support", queue_of(&[]))]));
    let (support, nowhere) = (queue("support"), queue("nowhere"));
    let strange: QueueId = "other/support".parse().unwrap();
    let mut refused = |to: &QueueId| move_to(&mut floor, queue("support"), to.clone(), None).0;
    assert_eq!(
        refused(&support),
        Err(CommandRefusal::SameQueue(support.clone()))
    );
    assert_eq!(refused(&nowhere), Err(CommandRefusal::NoSuchQueue(nowhere)));
    assert_eq!(
        refused(&strange),
        Err(CommandRefusal::OtherOrganisation {
            from: support,
            to: strange
        })
    );
}
