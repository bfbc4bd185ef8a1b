//! What is kept of calls for good. That each call has one record, which begins and ends with it, is checked in every world.

use crate::outside::{OUTSIDE, with_trunks};
use crate::phone::Habit;
use crate::seconds;
use crate::world::{NUMBER, World, journey, queue, user};
use crate::{ANSWERS, EndCause};
use call::{CallDirection, CallRecord, Stop};

fn only(world: &World) -> &CallRecord {
    assert_eq!(world.records.len(), 1, "{:?}", world.records);
    world.records.values().next().unwrap()
}

#[test]
fn a_caller_s_record_tells_the_queue_the_agent_and_how_long_he_waited_and_talked() {
    let mut world = World::new(900, journey());
    world.phone("anna", ANSWERS);
    let caller = world.phone("+46701234567", Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(1));
    assert_eq!(only(&world).over, None, "told when it begins");
    world.run(seconds(9));
    world.hang_up(caller);
    world.run(seconds(60));
    let record = only(&world);
    assert_eq!(record.direction, CallDirection::Inward);
    assert_eq!(&*record.caller, "+46701234567");
    assert_eq!((&*record.dialled, &record.caller_user), (NUMBER, &None));
    let way = [Stop::Queue(queue()), Stop::Talked(Some(user("anna")))];
    assert_eq!(*record.way, way);
    let (ended, cause) = record.over.unwrap();
    assert_eq!(cause, EndCause::CallerHungUp);
    let (answered, joined) = (record.answered.unwrap(), record.joined.unwrap());
    assert!(record.began <= answered && answered < joined && joined < ended);
    assert_eq!(record.talked, ended - joined);
    assert!(joined - record.began > seconds(1));
}

#[test]
fn a_transferred_call_has_one_record_with_both_talks_and_whoever_called_first() {
    for sender in [0, 1] {
        let mut world = World::new(901, journey());
        let phones = [
            world.phone("anna", Habit::Rings),
            world.phone("bosse", ANSWERS),
            world.phone("carin", ANSWERS),
        ];
        world.call(phones[0], "102");
        world.run(seconds(7));
        world.refer(phones[sender], "<sip:103@demo.localhost>");
        world.run(seconds(6));
        world.hang_up(phones[2]);
        world.run(seconds(60));
        let record = only(&world);
        assert_eq!(record.caller_user, Some(user("anna")));
        assert_eq!(&*record.dialled, "102");
        let stops =
            ["bosse", "carin"].map(|name| [Stop::User(user(name)), Stop::Talked(Some(user(name)))]);
        assert_eq!(*record.way, stops.concat());
        let between = seconds(2);
        let (ended, cause) = record.over.unwrap();
        assert_eq!(cause, EndCause::CalleeHungUp);
        let whole = ended - record.joined.unwrap();
        assert!(
            record.talked + between <= whole,
            "nobody talks while carin rings"
        );
        assert!(record.talked + between * 2 > whole);
    }
}

#[test]
fn a_call_to_a_number_outside_says_which_and_one_to_nobody_that_none_talked() {
    let mut world = World::of(902, with_trunks(1));
    world.phone("provider", ANSWERS);
    let anna = world.phone("anna", Habit::Rings);
    world.call(anna, OUTSIDE);
    world.run(seconds(5));
    world.hang_up(anna);
    world.run(seconds(60));
    let record = only(&world);
    assert_eq!(record.direction, CallDirection::Outward);
    assert_eq!(record.outside.as_deref(), Some("+46701234567"));
    assert_eq!(*record.way, [Stop::Outside, Stop::Talked(None)]);
    let before = record.call;
    world.phone("bosse", Habit::Refuses(sip_core::StatusCode::BUSY_HERE));
    world.call(anna, "102");
    world.run(seconds(60));
    let record = world.records.values().find(|it| it.call != before).unwrap();
    assert_eq!(record.direction, CallDirection::Internal);
    assert_eq!(*record.way, [Stop::User(user("bosse"))]);
    assert_eq!((record.answered, record.joined), (None, None));
    assert_eq!(record.talked, seconds(0));
}
