//! People who are called while their agent's device rings: when that is, who is put in an agent's place, and how few of those who
//! answer may meet nobody.

use crate::floor::*;
use crate::restart::restarted;
use base::{CallbackId, OfferId};
use callback::{
    ANSWERED_WITHIN, Ahead, AheadRow, AheadStand, CallEvent, Command, Distribution, Fact,
    HangUpCause, Input, ListSettings, Order, Outcome, PlacingId, Refusal, Status, Ungiven,
};
use std::time::Duration;

const NUMBER: &str = "+46701234567";
const OTHER_NUMBER: &str = "+46701234568";

fn before() -> ListSettings {
    ListSettings {
        distribution: Distribution::Automatic,
        ahead: Some(Ahead { abandoned_max: 3 }),
        ..list()
    }
}

fn floor() -> Floor {
    let mut floor = Floor::default();
    floor.configure(vec![("support", before())]);
    floor
}

fn entrust(floor: &mut Floor, offer: u64, name: &str, entry: CallbackId) -> Vec<Command> {
    floor.give(Input::Entrust {
        offer: OfferId(offer),
        list: queue("support"),
        entry,
        agent: agent(name),
    })
}

/// The call, and whether the person is called before the agent has taken it.
fn begun(commands: &[Command]) -> (PlacingId, Order) {
    let rings = commands.iter().find_map(|command| match command {
        Command::RingAgent { placing, order, .. } => Some((*placing, *order)),
        _ => None,
    });
    rings.unwrap_or_else(|| panic!("{commands:?}"))
}

fn rings_person(commands: &[Command]) -> bool {
    let mut commands = commands.iter();
    commands.any(|command| matches!(command, Command::RingPerson { .. }))
}

/// The person of a new entry is called ahead of Anna.
fn called(floor: &mut Floor, offer: u64, entry: CallbackId) -> PlacingId {
    let commands = entrust(floor, offer, ANNA, entry);
    let (placing, order) = begun(&commands);
    assert_eq!(order, Order::Ahead);
    assert!(rings_person(&commands));
    placing
}

/// He answers, and talks with her.
fn talks(floor: &mut Floor, offer: u64, entry: CallbackId, placing: PlacingId) {
    floor.event(placing, CallEvent::Taken(OfferId(offer)));
    floor.event(placing, CallEvent::PersonAnswered);
    floor.event(placing, CallEvent::HungUp);
    floor.note(ANNA, entry, "Helped.").unwrap();
}

fn lately(floor: &Floor) -> AheadRow {
    let row = floor.lists().ahead(floor.now, &queue("support"));
    row.expect("people are called ahead there")
}

#[test]
fn a_person_is_called_while_the_agent_s_device_rings_and_not_before_that_is_stored() {
    let mut floor = floor();
    let entry = floor.wish(1, NUMBER);
    floor.disk = Disk::Silent;
    let commands = entrust(&mut floor, 1, ANNA, entry);
    let (placing, order) = begun(&commands);
    assert_eq!(order, Order::Ahead);
    let [_, Command::Store { token }] = commands[..] else {
        panic!("{commands:?}");
    };
    assert!(rings_person(&floor.give(Input::Stored { token })));
    floor.disk = Disk::Fast;
    floor.event(placing, CallEvent::Taken(OfferId(1)));
    floor.event(placing, CallEvent::PersonAnswered);
    floor.event(placing, CallEvent::HungUp);
    assert_eq!(floor.status(entry), Status::AwaitingNote);
    let attempts = &floor.entry(entry).attempts;
    assert_eq!(attempts[0].outcome, Some(Outcome::Reached));
    floor.note(ANNA, entry, "Helped.").unwrap();
    assert_eq!(lately(&floor).counted.answered, 1);
}

#[test]
fn nobody_is_called_for_whom_the_agent_let_it_be_before_it_was_stored() {
    let mut floor = floor();
    let entry = floor.wish(1, NUMBER);
    floor.disk = Disk::Silent;
    let commands = entrust(&mut floor, 1, ANNA, entry);
    let (placing, _) = begun(&commands);
    floor.event(placing, CallEvent::NotTaken(OfferId(1)));
    let [_, Command::Store { token }] = commands[..] else {
        panic!("{commands:?}");
    };
    let why = HangUpCause::TakenBack;
    let commands = floor.give(Input::Stored { token });
    assert_eq!(commands, [Command::HangUp { placing, why }]);
    assert_eq!(floor.status(entry), Status::NotHandled);
    assert!(floor.entry(entry).attempts.is_empty());
}

#[test]
fn where_an_agent_lets_it_be_the_next_is_rung_for_the_same_call_before_all_that_is_due() {
    let mut floor = floor();
    let older = floor.wish(2, OTHER_NUMBER);
    floor.pass(MINUTE);
    let entry = floor.wish(1, NUMBER);
    let placing = called(&mut floor, 1, entry);
    floor.event(placing, CallEvent::NotTaken(OfferId(1)));
    let due = &floor.distributor.due[&queue("support")];
    let due: Vec<_> = due.iter().map(|due| (due.entry, due.is_called)).collect();
    assert_eq!(due, [(entry, true), (older, false)]);
    assert!(
        floor.distributor.indebted.is_empty(),
        "she may have another"
    );
    // Whoever works by hand can't have it: its person is on the telephone.
    floor.log_in(BOSSE);
    let held = floor.lease(BOSSE, entry);
    assert!(matches!(held, Err(Refusal::Held { .. })), "{held:?}");
    let requeued = floor.act(
        supervisor(),
        entry,
        callback::EntryAction::Requeue { text: None },
    );
    assert!(
        matches!(requeued, Err(Refusal::Held { .. })),
        "{requeued:?}"
    );
    // She has the other by now, and can't be kept for two.
    let commands = entrust(&mut floor, 2, ANNA, older);
    assert_eq!(begun(&commands).1, Order::AgentFirst, "one at a time");
    let (offer, why) = (OfferId(3), Ungiven::Agent);
    let commands = entrust(&mut floor, 3, ANNA, entry);
    assert_eq!(commands, [Command::NotGiven { offer, why }]);
    let commands = entrust(&mut floor, 4, BOSSE, entry);
    let (offer, agent) = (OfferId(4), agent(BOSSE));
    assert_eq!(
        commands,
        [Command::RingAnother {
            placing,
            agent,
            offer
        }]
    );
    // What is heard of the first is of no account any more.
    floor.event(placing, CallEvent::NotTaken(OfferId(1)));
    floor.event(placing, CallEvent::Taken(OfferId(4)));
    floor.event(placing, CallEvent::PersonAnswered);
    floor.event(placing, CallEvent::HungUp);
    floor.note(BOSSE, entry, "Helped.").unwrap();
    assert_eq!(floor.entry(entry).attempts.len(), 1);
}

#[test]
fn its_queue_takes_it_back_from_him_whose_device_rings_and_the_person_s_call_goes_on() {
    let mut floor = floor();
    let entry = floor.wish(1, NUMBER);
    let placing = called(&mut floor, 1, entry);
    let offer = OfferId(1);
    let call_off = Input::CallOff { offer, entry };
    let stops = [Command::StopAgent { placing, offer }];
    assert_eq!(floor.give(call_off.clone()), stops);
    assert_eq!(floor.status(entry), Status::InCall);
    // He has taken it at that very moment.
    floor.event(placing, CallEvent::Taken(offer));
    assert_eq!(floor.give(call_off), []);
    talks(&mut floor, 1, entry, placing);
}

#[test]
fn who_meets_nobody_keeps_his_place_is_tried_as_often_as_before_and_then_only_for_an_agent() {
    let mut floor = floor();
    let entry = floor.wish(1, NUMBER);
    let arrived = floor.entry(entry).asked.arrived;
    floor.pass(HOUR);
    let placing = called(&mut floor, 1, entry);
    floor.event(placing, CallEvent::MetNobody);
    floor.pass(Duration::ZERO);
    let after = floor.entry(entry).clone();
    assert_eq!(floor.status(entry), Status::Requeued);
    assert_eq!((after.asked.arrived, after.due), (arrived, floor.utc()));
    assert_eq!(after.attempts[0].outcome, Some(Outcome::Abandoned));
    // Nobody owes a description.
    assert!(floor.distributor.indebted.is_empty());
    let due = &floor.distributor.due[&queue("support")];
    assert_eq!((due[0].entry, due[0].is_called), (entry, false));
    // A day later nobody is held back any more; he himself is, for good.
    floor.pass(ANSWERED_WITHIN);
    assert_eq!(lately(&floor).stand, AheadStand::Goes);
    let (placing, order) = begun(&entrust(&mut floor, 2, ANNA, entry));
    assert_eq!(order, Order::AgentFirst);
    // Three that nobody answers, as for anybody else.
    for offer in 3..=5 {
        let placing = match offer {
            3 => placing,
            _ => begun(&entrust(&mut floor, offer, ANNA, entry)).0,
        };
        floor.event(placing, CallEvent::AgentAnswered);
        floor.event(placing, CallEvent::PersonNoAnswer);
        assert_eq!(floor.status(entry), Status::AwaitingNote, "{offer}");
        floor.note(ANNA, entry, "Nobody.").unwrap();
        floor.pass(HOUR);
    }
    assert_eq!(floor.status(entry), Status::GivenUp);
}

#[test]
fn a_person_who_is_not_reached_before_an_agent_was_there_is_tried_again_by_the_rules() {
    for (event, outcome, minutes) in [
        (CallEvent::PersonBusy, Outcome::Busy, 5),
        (CallEvent::PersonNoAnswer, Outcome::NoAnswer, 30),
        (CallEvent::PersonFailed, Outcome::Failed, 30),
    ] {
        let mut floor = floor();
        let entry = floor.wish(1, NUMBER);
        let placing = called(&mut floor, 1, entry);
        floor.event(placing, event);
        assert_eq!(floor.status(entry), Status::Requeued);
        let after = floor.entry(entry);
        assert_eq!(after.attempts[0].outcome, Some(outcome));
        assert_eq!(after.due, floor.utc() + MINUTE * minutes);
        assert!(
            floor.distributor.indebted.is_empty(),
            "nobody has anything to say"
        );
        assert_eq!(lately(&floor).counted.answered, 0);
        // Nobody met nobody: he is called ahead again.
        floor.pass(MINUTE * minutes);
        called(&mut floor, 2, entry);
    }
}

#[test]
fn from_when_as_many_met_nobody_as_may_the_others_are_called_once_an_agent_has_taken_them() {
    let mut floor = floor();
    let first = floor.wish(1, NUMBER);
    let placing = called(&mut floor, 1, first);
    floor.event(placing, CallEvent::MetNobody);
    let held_back = floor.facts.iter().find_map(|it| match &it.fact {
        Fact::AheadIs { stand, counted, .. } => Some((*stand, counted.abandoned)),
        _ => None,
    });
    assert_eq!(held_back, Some((AheadStand::HeldBack, 1)));
    // Three of a hundred: with one who met nobody it goes again with the thirty-fourth who answered.
    for caller in 2..=34 {
        let entry = floor.wish(caller, &format!("+4670123{:04}", caller));
        let commands = entrust(&mut floor, u64::from(caller), ANNA, entry);
        let (placing, order) = begun(&commands);
        assert_eq!(order, Order::AgentFirst, "{caller}");
        floor.event(placing, CallEvent::AgentAnswered);
        floor.event(placing, CallEvent::PersonAnswered);
        floor.event(placing, CallEvent::HungUp);
        floor.note(ANNA, entry, "Helped.").unwrap();
    }
    let row = lately(&floor);
    assert_eq!((row.counted.answered, row.counted.abandoned), (34, 1));
    assert_eq!(row.stand, AheadStand::Goes);
    let entry = floor.wish(99, OTHER_NUMBER);
    called(&mut floor, 99, entry);
    let told: Vec<AheadStand> = floor
        .facts
        .iter()
        .filter_map(|it| match &it.fact {
            Fact::AheadIs { stand, .. } => Some(*stand),
            _ => None,
        })
        .collect();
    assert_eq!(told, [AheadStand::HeldBack, AheadStand::Goes]);
}

#[test]
fn several_are_called_ahead_at_once_only_where_the_bound_holds_whoever_comes() {
    let mut floor = floor();
    let entries = [NUMBER, OTHER_NUMBER].map(|number| {
        floor.pass(MINUTE);
        floor.wish(1, number)
    });
    called(&mut floor, 1, entries[0]);
    let commands = entrust(&mut floor, 2, BOSSE, entries[1]);
    assert_eq!(begun(&commands).1, Order::AgentFirst);
    // A quarter may meet nobody: of none who answered one, and of six two.
    let quarter = ListSettings {
        ahead: Some(Ahead { abandoned_max: 25 }),
        ..before()
    };
    let mut floor = Floor::default();
    floor.configure(vec![("support", quarter)]);
    for caller in 1..=6 {
        let entry = floor.wish(caller, &format!("+4670123{:04}", caller));
        let placing = called(&mut floor, u64::from(caller), entry);
        talks(&mut floor, u64::from(caller), entry, placing);
    }
    let [one, other] = [NUMBER, OTHER_NUMBER].map(|number| floor.wish(50, number));
    called(&mut floor, 50, one);
    let commands = entrust(&mut floor, 51, BOSSE, other);
    assert_eq!(begun(&commands).1, Order::Ahead);
}

#[test]
fn a_process_that_ended_in_the_middle_leaves_nothing_for_an_agent_who_was_not_there_and_forgets_no_one_who_met_nobody()
 {
    let mut floor = floor();
    let alone = floor.wish(1, NUMBER);
    let placing = called(&mut floor, 1, alone);
    floor.event(placing, CallEvent::MetNobody);
    floor.pass(ANSWERED_WITHIN / 2);
    let entry = floor.wish(2, OTHER_NUMBER);
    floor.pass(ANSWERED_WITHIN);
    let placing = called(&mut floor, 2, entry);
    let mut after = restarted(&floor, vec![("support", before())]);
    let again = after.entry(entry).clone();
    assert_eq!(again.attempts[0].outcome, Some(Outcome::Interrupted));
    assert_eq!(
        after.status(entry),
        Status::Requeued,
        "nobody owes anything"
    );
    assert_eq!(
        lately(&after).counted.abandoned,
        0,
        "it was before yesterday"
    );
    // One who met nobody within a day is counted still.
    floor.event(placing, CallEvent::MetNobody);
    after = restarted(&floor, vec![("support", before())]);
    let row = lately(&after);
    assert_eq!((row.counted.answered, row.counted.abandoned), (1, 1));
    assert_eq!(row.stand, AheadStand::HeldBack);
}
