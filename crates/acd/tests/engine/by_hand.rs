//! One caller whom a supervisor puts forward, or gives to an agent.

use crate::floor::{Floor, agent, call, logged_out, queue, queue_of, rung, secs, settings};
use acd::{
    AgentState, Command, CommandRefusal, Fact, Input, OfferEnd, Policy, Reason, WithdrawCause,
};
use base::OfferId;
use control::{Principal, QueueCommand, Queues, Role, permit};
use std::num::NonZeroU8;

type Answer = Result<u32, CommandRefusal>;

fn eva() -> Principal {
    Principal::User {
        user: agent("eva"),
        role: Role::Supervisor,
    }
}

fn have_done(floor: &mut Floor, command: QueueCommand) -> (Answer, Vec<Command>) {
    let command = permit(eva(), command).unwrap();
    let mut commands = floor.give(Input::QueueCommand { ticket: 7, command });
    let answer = |it: &Command| matches!(it, Command::Moved { ticket: 7, .. });
    let at = commands.iter().position(answer).unwrap();
    match commands.remove(at) {
        Command::Moved { result, .. } => (result, commands),
        other => panic!("{other:?}"),
    }
}

fn put_forward(floor: &mut Floor, number: u32, to: u32) -> Answer {
    let command = QueueCommand::PutForward {
        queue: queue("support"),
        call: call(number),
        to,
    };
    let (result, commands) = have_done(floor, command);
    assert_eq!(commands, [], "a place alone rings nobody");
    result
}

fn give(floor: &mut Floor, number: u32, name: &str) -> (Answer, Vec<Command>) {
    have_done(
        floor,
        QueueCommand::Give {
            queue: queue("support"),
            call: call(number),
            agent: agent(name),
        },
    )
}

/// The calls of the queue, first to last.
fn line(floor: &Floor) -> Vec<u32> {
    let (line, many) = floor.engine().in_line(&queue("support"), 100);
    assert_eq!(line.len(), many);
    line.iter().map(|it| it.call.slot).collect()
}

/// Callers 1 to 4 wait, each come a second after the other, and nobody is logged in.
fn four_wait(members: &[&str]) -> Floor {
    let mut floor = Floor::open(logged_out(settings(&[("support", queue_of(members))])));
    for number in 1..=4 {
        floor.pass(secs(1));
        floor.join(number, "support");
    }
    floor
}

#[test]
fn a_caller_is_put_at_the_place_that_is_asked_for_and_goes_no_further_back() {
    let mut floor = four_wait(&["anna"]);
    assert_eq!(put_forward(&mut floor, 4, 2), Ok(1));
    assert_eq!(line(&floor), [1, 4, 2, 3]);
    assert_eq!(put_forward(&mut floor, 3, 1), Ok(1));
    assert_eq!(line(&floor), [3, 1, 4, 2]);
    // The second of two who are put first goes before the first.
    assert_eq!(put_forward(&mut floor, 2, 0), Ok(1));
    assert_eq!(line(&floor), [2, 3, 1, 4]);
    assert_eq!(put_forward(&mut floor, 2, 3), Ok(0));
    assert_eq!(put_forward(&mut floor, 4, 4), Ok(0));
    assert_eq!(put_forward(&mut floor, 4, u32::MAX), Ok(0));
    assert_eq!(line(&floor), [2, 3, 1, 4]);
    let by: Vec<_> = floor.facts.iter().map(|stamped| &stamped.fact).collect();
    let by = by
        .iter()
        .filter(|fact| matches!(fact, Fact::PutForward { by, .. } if *by == eva()));
    assert_eq!(by.count(), 3, "it is kept who did it");
    let longest = floor.queue_row("support").longest_wait_ms;
    assert_eq!(
        longest,
        Some(3_000),
        "nobody has waited longer or shorter for it"
    );
}

#[test]
fn whoever_was_put_first_is_served_first_and_counts_from_his_own_arrival() {
    let mut floor = four_wait(&["anna"]);
    assert_eq!(put_forward(&mut floor, 3, 1), Ok(1));
    let (_, commands) = floor.log_in("anna", Queues::All);
    assert_eq!(rung(&commands), [("anna".to_owned(), 3)]);
    floor.answered(1);
    floor.hung_up(3);
    let commands = floor.pass(secs(10));
    assert_eq!(rung(&commands), [("anna".to_owned(), 1)]);
}

#[test]
fn one_who_is_not_in_that_line_is_not_found() {
    let mut floor = four_wait(&["anna"]);
    let missing = |number| {
        Err(CommandRefusal::NoSuchCaller {
            call: call(number),
            queue: queue("support"),
        })
    };
    assert_eq!(put_forward(&mut floor, 9, 1), missing(9));
    assert_eq!(give(&mut floor, 9, "anna").0, missing(9));
    floor.give(Input::Choosing { call: call(4) });
    assert_eq!(give(&mut floor, 4, "anna").0, missing(4));
    assert_eq!(put_forward(&mut floor, 4, 1), Ok(1), "his place is his");
    floor.give(Input::Back { call: call(4) });
    floor.log_in("anna", Queues::All).0.unwrap();
    floor.answered(1);
    assert_eq!(put_forward(&mut floor, 4, 1), missing(4), "he talks");
}

#[test]
fn an_agent_who_is_not_there_is_rung_for_the_caller_he_is_given_and_is_as_before_afterwards() {
    let mut floor = four_wait(&["anna"]);
    let (given, commands) = give(&mut floor, 3, "anna");
    assert_eq!(given, Ok(1));
    assert_eq!(rung(&commands), [("anna".to_owned(), 3)]);
    assert_eq!(
        line(&floor),
        [1, 2, 3, 4],
        "his place is kept while it rings"
    );
    let reasons = floor
        .facts
        .iter()
        .filter_map(|stamped| match &stamped.fact {
            Fact::Given { by, agent, .. } => Some((by.clone(), agent.clone())),
            Fact::Offered { reason, .. } => {
                assert_eq!(*reason, Reason::Given);
                None
            }
            _ => None,
        });
    assert_eq!(reasons.collect::<Vec<_>>(), [(eva(), agent("anna"))]);
    // To ask for it again changes nothing.
    assert_eq!(give(&mut floor, 3, "anna"), (Ok(0), vec![]));
    floor.answered(1);
    floor.hung_up(3);
    assert!(matches!(floor.state("anna"), AgentState::WrapUp { .. }));
    assert_eq!(floor.pass(secs(60)), [], "she is logged out still");
    assert_eq!(floor.state("anna"), AgentState::LoggedOut);
    assert_eq!(line(&floor), [1, 2, 4]);
}

#[test]
fn one_who_has_paused_or_works_after_a_call_may_be_given_a_caller() {
    let mut floor = four_wait(&["anna", "bosse"]);
    floor.log_in("anna", Queues::All).0.unwrap();
    floor.answered(1);
    floor.hung_up(1);
    assert!(matches!(floor.state("anna"), AgentState::WrapUp { .. }));
    let (given, commands) = give(&mut floor, 4, "anna");
    assert_eq!((given, rung(&commands)), (Ok(1), vec![("anna".into(), 4)]));
    assert_eq!(floor.state("anna"), AgentState::Offered);
    floor.answered(2);
    floor.pause("anna", Some("lunch")).0.unwrap();
    floor.hung_up(4);
    floor.pass(secs(10));
    let (given, commands) = give(&mut floor, 2, "anna");
    assert_eq!((given, rung(&commands)), (Ok(1), vec![("anna".into(), 2)]));
    // To pause once more takes it away only where it is another pause.
    assert_eq!(floor.pause("anna", None).1, []);
    floor.answered(3);
    floor.hung_up(2);
    floor.pass(secs(10));
    assert!(matches!(floor.state("anna"), AgentState::Paused { .. }));
}

#[test]
fn an_agent_with_a_call_without_a_device_or_of_another_queue_is_given_nobody() {
    let mut two = settings(&[
        ("support", queue_of(&["anna", "bosse"])),
        ("backup", queue_of(&["cecilia"])),
    ]);
    two = logged_out(two);
    let mut floor = Floor::open(two);
    floor.join(1, "support");
    floor.own_call("anna", 90, true);
    assert_eq!(
        give(&mut floor, 1, "anna").0,
        Err(CommandRefusal::Busy(agent("anna")))
    );
    floor.device("bosse", false);
    let unreachable = CommandRefusal::Unreachable(agent("bosse"));
    assert_eq!(give(&mut floor, 1, "bosse").0, Err(unreachable));
    let no_member = CommandRefusal::NotAMember {
        agent: agent("cecilia"),
        queue: queue("support"),
    };
    assert_eq!(give(&mut floor, 1, "cecilia").0, Err(no_member));
    let nobody = CommandRefusal::NoSuchAgent(agent("nobody"));
    assert_eq!(give(&mut floor, 1, "nobody").0, Err(nobody));
    assert_eq!(line(&floor), [1]);
}

#[test]
fn others_stop_ringing_for_a_caller_who_is_given_to_one_and_ring_again_when_he_does_not_answer() {
    let mut all = queue_of(&["anna", "bosse", "cecilia"]);
    all.policy = Policy::Parallel(NonZeroU8::new(2).unwrap());
    let mut floor = Floor::open(settings(&[("support", all)]));
    let commands = floor.join(1, "support");
    assert_eq!(
        rung(&commands),
        [("anna".to_owned(), 1), ("bosse".to_owned(), 1)]
    );
    let (given, commands) = give(&mut floor, 1, "cecilia");
    assert_eq!(given, Ok(1));
    let stops = |offer| Command::Withdraw {
        offer: OfferId(offer),
        call: call(1),
        cause: WithdrawCause::AnsweredElsewhere,
    };
    assert!(commands.contains(&stops(1)) && commands.contains(&stops(2)));
    assert_eq!(rung(&commands), [("cecilia".to_owned(), 1)]);
    // That they stopped is nobody's miss, and though they are free they are not rung for him.
    let confirmed = floor.ended(1, OfferEnd::Withdrawn);
    assert_eq!(rung(&confirmed), []);
    assert_eq!(rung(&floor.ended(2, OfferEnd::Withdrawn)), []);
    assert_eq!(floor.agent_row("anna").totals.missed, 0);
    // Whoever comes meanwhile gets them.
    let commands = floor.join(2, "support");
    let both = [("anna".to_owned(), 2), ("bosse".to_owned(), 2)];
    assert_eq!(rung(&commands), both);
    floor.pass(secs(15));
    floor.ended(3, OfferEnd::Withdrawn);
    assert_eq!(floor.agent_row("cecilia").totals.missed, 1);
    assert_eq!(floor.position(1), Some(1), "he never left his place");
}
