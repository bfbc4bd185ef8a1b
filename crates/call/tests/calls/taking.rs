//! Calls that are taken away from the telephone, which is told to answer: what it is sent, which telephones can be told, and what
//! comes of those that do not do it.

use crate::own_calls::{CALLER, only};
use crate::phone::{Habit, Rings, Seen, Told};
use crate::world::{NUMBER, World, journey};
use crate::{ANSWERS, seconds};
use base::LegId;
use call::own_call::{Stage, Taking};
use control::{CallAct, OwnCallRefusal};
use sip_core::{HeaderName, Method, Request, StatusCode};

/// A caller of the queue, for whom anna's phone rings that does that when it is told to answer.
fn offered(seed: u64, habit: Habit, told: Told) -> (World, usize, usize) {
    let mut world = World::new(seed, journey());
    let anna = world.phone("anna", habit);
    world.phones[anna].told = told;
    let caller = world.phone(CALLER, Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(1));
    (world, anna, caller)
}

fn take(world: &mut World, leg: LegId) -> Result<(), OwnCallRefusal> {
    world.own_call("anna", CallAct::Take { leg })
}

/// What came to a phone by that method.
fn came(world: &World, phone: usize, method: Method) -> Vec<&Request> {
    let requests = world.phones[phone].requests.iter();
    requests.filter(|it| it.method == method).collect()
}

fn cseq(request: &Request) -> u32 {
    request.headers.cseq().unwrap().number
}

fn ends(mut world: World, caller: usize) {
    world.hang_up(caller);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_call_that_is_taken_elsewhere_is_answered_by_the_telephone_which_is_told_so_while_it_rings() {
    let (mut world, anna, caller) = offered(400, Habit::Rings, Told::Answers);
    let (leg, own) = only(&world, "anna");
    assert_eq!((own.stage, own.taking), (Stage::Offered, Taking::Possible));
    assert_eq!(take(&mut world, leg), Ok(()));
    assert_eq!(only(&world, "anna").1.taking, Taking::Asked);
    world.run(seconds(1));
    assert!(world.phones[anna].talks() && world.all_hear_each_other());
    let (same, own) = only(&world, "anna");
    assert_eq!(
        (same, own.stage, own.taking),
        (leg, Stage::Talking, Taking::OnPhone)
    );
    let notifies = came(&world, anna, Method::Notify);
    assert_eq!(notifies.len(), 1);
    let told = notifies[0];
    let text = |name| told.headers.text(&name);
    assert_eq!(text(HeaderName::SubscriptionState), Some("active"));
    assert_eq!(told.headers.to_tag().as_deref(), Some("phone"));
    let at = format!("sip:anna@{}", world.phones[anna].address);
    assert_eq!((told.uri.to_string(), cseq(told)), (at, 2));
    // What is said within the dialog later has the next number.
    assert_eq!(world.own_call("anna", CallAct::HangUp { leg }), Ok(()));
    world.run(seconds(1));
    assert_eq!(cseq(came(&world, anna, Method::Bye)[0]), 3);
    ends(world, caller);
}

#[test]
fn a_telephone_whose_ringing_was_acknowledged_is_told_under_the_number_after_that() {
    let mut world = World::new(401, journey());
    let anna = world.phone("anna", Habit::Rings);
    world.phones[anna].told = Told::Answers;
    world.phones[anna].rings = Rings::Reliably;
    let caller = world.phone(CALLER, Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(1));
    let (leg, _) = only(&world, "anna");
    assert_eq!(take(&mut world, leg), Ok(()));
    world.run(seconds(1));
    assert!(world.phones[anna].talks());
    assert_eq!(cseq(came(&world, anna, Method::Prack)[0]), 2);
    assert_eq!(cseq(came(&world, anna, Method::Notify)[0]), 3);
    ends(world, caller);
}

#[test]
fn a_telephone_that_does_not_say_that_it_can_be_told_is_not_told_and_rings_on() {
    let (mut world, anna, caller) = offered(402, Habit::Rings, Told::Never);
    let (leg, own) = only(&world, "anna");
    assert_eq!(own.taking, Taking::OnPhone);
    assert_eq!(take(&mut world, leg), Err(OwnCallRefusal::AnsweredOnPhone));
    world.run(seconds(1));
    assert!(came(&world, anna, Method::Notify).is_empty());
    assert_eq!(world.phones[anna].seen, [Seen::Invited]);
    ends(world, caller);
}

#[test]
fn nobody_takes_anothers_call_nor_one_that_is_answered_or_over_and_who_says_so_twice_tells_once() {
    let (mut world, anna, caller) = offered(403, ANSWERS, Told::RingsOn);
    let (leg, _) = only(&world, "anna");
    assert_eq!(
        world.own_call("bosse", CallAct::Take { leg }),
        Err(OwnCallRefusal::NoSuchCall)
    );
    assert_eq!(take(&mut world, leg), Ok(()));
    assert_eq!(take(&mut world, leg), Ok(()));
    world.run(seconds(3));
    assert_eq!(came(&world, anna, Method::Notify).len(), 1);
    assert!(world.phones[anna].talks(), "she lifted the receiver");
    assert_eq!(take(&mut world, leg), Err(OwnCallRefusal::NotNow));
    world.hang_up(caller);
    world.run(seconds(60));
    assert_eq!(take(&mut world, leg), Err(OwnCallRefusal::NoSuchCall));
    world.assert_at_rest();
}

#[test]
fn that_a_telephone_would_not_answer_is_told_with_the_call_and_it_is_answered_by_hand() {
    for status in [
        StatusCode::CALL_DOES_NOT_EXIST,
        StatusCode::METHOD_NOT_ALLOWED,
        StatusCode::new(489).unwrap(),
    ] {
        let by_hand = Habit::Answers(seconds(5));
        let (mut world, anna, caller) = offered(404, by_hand, Told::Refuses(status));
        let (leg, _) = only(&world, "anna");
        assert_eq!(take(&mut world, leg), Ok(()));
        world.run(seconds(1));
        let (_, own) = only(&world, "anna");
        assert_eq!((own.stage, own.taking), (Stage::Offered, Taking::Refused));
        assert_eq!(take(&mut world, leg), Err(OwnCallRefusal::AnsweredOnPhone));
        world.run(seconds(5));
        assert!(world.phones[anna].talks() && world.all_hear_each_other());
        ends(world, caller);
    }
}

#[test]
fn a_telephone_that_says_nothing_to_it_is_told_again_by_the_transaction_and_rings_on() {
    let by_hand = Habit::Answers(seconds(10));
    let (mut world, anna, caller) = offered(405, by_hand, Told::IsSilent);
    let (leg, _) = only(&world, "anna");
    assert_eq!(take(&mut world, leg), Ok(()));
    world.run(seconds(5));
    let (_, own) = only(&world, "anna");
    assert_eq!((own.stage, own.taking), (Stage::Offered, Taking::Asked));
    let sent = |line: &&String| line.contains("Transmit") && line.contains("NOTIFY sip:anna@");
    assert!(world.diary.iter().filter(sent).count() > 1);
    world.run(seconds(6));
    // Timer F, which ends the NOTIFY, means nothing to those who talk.
    world.run(seconds(40));
    assert!(world.phones[anna].talks() && world.all_hear_each_other());
    ends(world, caller);
}

#[test]
fn a_telephone_that_says_yes_and_rings_on_may_be_told_again() {
    let (mut world, anna, caller) = offered(406, Habit::Rings, Told::RingsOn);
    let (leg, _) = only(&world, "anna");
    assert_eq!(take(&mut world, leg), Ok(()));
    world.run(seconds(1));
    assert_eq!(only(&world, "anna").1.taking, Taking::Possible);
    world.phones[anna].told = Told::Answers;
    assert_eq!(take(&mut world, leg), Ok(()));
    world.run(seconds(1));
    let numbers: Vec<u32> = came(&world, anna, Method::Notify)
        .into_iter()
        .map(cseq)
        .collect();
    assert_eq!(numbers, [2, 3]);
    assert!(world.phones[anna].seen.contains(&Seen::ToldToAnswer));
    assert!(world.phones[anna].talks());
    ends(world, caller);
}

#[test]
fn a_telephone_that_rings_for_what_was_dialled_elsewhere_is_told_too() {
    let mut world = World::new(407, journey());
    world.set_user("anna", |anna| {
        anna.intercom = call::settings::PickUp::ByHand
    });
    let anna = world.phone("anna", Habit::Rings);
    world.phones[anna].told = Told::Answers;
    let bosse = world.phone("bosse", ANSWERS);
    let dial = CallAct::Dial {
        number: "102".into(),
    };
    assert_eq!(world.own_call("anna", dial), Ok(()));
    world.run(seconds(1));
    let (leg, own) = only(&world, "anna");
    assert_eq!((own.stage, own.taking), (Stage::Dialling, Taking::Possible));
    assert_eq!(take(&mut world, leg), Ok(()));
    world.run(seconds(5));
    assert!(world.phones[anna].talks() && world.phones[bosse].talks());
    ends(world, bosse);
}
