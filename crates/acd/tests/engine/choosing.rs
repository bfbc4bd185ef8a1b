//! Callers who choose, while they wait, whether to be called back.

use crate::floor::{Floor, call, queue, queue_of, rung, secs, settings};
use acd::{CHOOSING_MAX, Command, Exits, Input, LeaveCause, OfferEnd, RefuseCause, WithdrawCause};
use base::OfferId;
use control::{Queues, permit};

fn chooses(floor: &mut Floor, number: u32) -> Vec<Command> {
    let call = call(number);
    floor.give(Input::Choosing { call })
}

fn back(floor: &mut Floor, number: u32) -> Vec<Command> {
    let call = call(number);
    floor.give(Input::Back { call })
}

#[test]
fn an_agent_who_is_free_while_the_first_caller_chooses_gets_the_next_and_the_first_keeps_his_place()
{
    let mut floor = Floor::open(settings(&[("support", queue_of(&["anna"]))]));
    floor.log_out("anna", Queues::All).0.unwrap();
    for number in [1, 2, 3] {
        floor.join(number, "support");
    }
    assert!(chooses(&mut floor, 1).is_empty());
    assert_eq!(floor.position(1), Some(1), "his place is kept");
    assert_eq!(
        floor.prospect(3).waiting,
        3,
        "he counts among those who wait"
    );
    let commands = floor.log_in("anna", Queues::All).1;
    assert_eq!(rung(&commands), [("anna".to_owned(), 2)]);
    floor.ended(1, OfferEnd::Declined);
    assert!(back(&mut floor, 1).is_empty(), "she is left in peace");
    let commands = floor.pass(secs(5));
    assert_eq!(rung(&commands), [("anna".to_owned(), 1)]);
}

#[test]
fn a_phone_that_rings_for_him_stops_and_its_agent_is_blamed_for_nothing() {
    let mut floor = Floor::open(settings(&[("support", queue_of(&["anna"]))]));
    floor.join(1, "support");
    let withdrawn = Command::Withdraw {
        offer: OfferId(1),
        call: call(1),
        cause: WithdrawCause::CallerGone,
    };
    assert_eq!(chooses(&mut floor, 1), [withdrawn]);
    assert!(chooses(&mut floor, 1).is_empty(), "told twice");
    assert!(floor.ended(1, OfferEnd::Withdrawn).is_empty());
    assert_eq!(floor.agent_row("anna").totals.missed, 0);
    let commands = back(&mut floor, 1);
    assert_eq!(rung(&commands), [("anna".to_owned(), 1)]);
    assert!(back(&mut floor, 1).is_empty(), "told twice");
}

#[test]
fn who_chooses_is_not_put_out_before_he_is_back_and_not_moved() {
    let exits = Exits {
        after: Some(secs(60)),
        ..Exits::default()
    };
    let mut support = queue_of(&[]);
    support.exits = exits;
    let queues = [("support", support), ("backup", queue_of(&[]))];
    let mut floor = Floor::open(settings(&queues));
    floor.join(1, "support");
    chooses(&mut floor, 1);
    assert!(floor.pass(secs(90)).is_empty());
    let all = control::QueueCommand::Move {
        from: queue("support"),
        to: queue("backup"),
        callers: None,
    };
    let moved = floor.give(Input::QueueCommand {
        ticket: 1,
        command: permit(control::Principal::Operator, all).unwrap(),
    });
    assert_eq!(
        moved,
        [Command::Moved {
            ticket: 1,
            result: Ok(0)
        }]
    );
    back(&mut floor, 1);
    let put_out = Command::Refuse {
        call: call(1),
        queue: queue("support"),
        cause: RefuseCause::TimedOut,
    };
    assert_eq!(floor.tick(), [put_out]);
}

#[test]
fn who_chooses_for_ever_waits_on_after_a_while() {
    let mut floor = Floor::open(settings(&[("support", queue_of(&["anna"]))]));
    floor.join(1, "support");
    chooses(&mut floor, 1);
    floor.ended(1, OfferEnd::Withdrawn);
    let commands = floor.pass(CHOOSING_MAX);
    assert_eq!(rung(&commands), [("anna".to_owned(), 1)]);
}

#[test]
fn who_is_called_back_instead_is_counted_so() {
    let mut floor = Floor::open(settings(&[("support", queue_of(&[]))]));
    floor.join(1, "support");
    chooses(&mut floor, 1);
    floor.give(Input::Leave {
        call: call(1),
        cause: LeaveCause::CalledBack,
    });
    let totals = floor.queue_row("support").totals;
    assert_eq!(
        (totals.entered, totals.called_back, totals.waiting()),
        (1, 1, 0)
    );
}
