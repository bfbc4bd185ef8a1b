//! Groups, messages and numbers that lead on: where a caller ends when somebody answers, and when nobody does.

use crate::outside::invites;
use crate::phone::{Habit, Seen};
use crate::world::{NUMBER, World, journey, queue, user};
use crate::{ANSWERS, seconds, state};
use base::{GroupId, OrgId};
use call::settings::{Destination, Group, GroupPolicy, Member, Message};
use media_core::PromptId;
use sip_core::StatusCode;

const BUSY: Habit = Habit::Refuses(StatusCode::BUSY_HERE);

fn message(then: Option<Destination>) -> Destination {
    let prompt = PromptId::new("closed");
    let then = then.map(Box::new);
    Destination::Message(Message { prompt, then })
}

fn group(policy: GroupPolicy, then: Option<Destination>) -> Group {
    Group {
        display_name: "Reception".into(),
        members: vec![Member::User(user("anna")), Member::User(user("bosse"))],
        policy,
        ring: seconds(10),
        then,
    }
}

/// A world in which extension 2000 and another number lead to a group of anna and bosse.
fn world(seed: u64, group: Group) -> World {
    let mut world = World::new(seed, journey());
    world.set_organisation(|demo| {
        let id = GroupId::new(&OrgId::new("demo").unwrap(), "reception").unwrap();
        let destination = Destination::Group(id.clone());
        demo.ways.groups.insert(id, group);
        demo.extensions.insert("2000".into(), destination.clone());
        demo.numbers
            .insert("+46850001002".into(), destination.into());
    });
    world
}

// Changes: place.group
#[test]
fn a_group_rings_together_and_the_first_to_answer_has_the_call() {
    let mut world = world(201, group(GroupPolicy::All, None));
    let anna = world.phone("anna", Habit::Rings);
    let bosse = world.phone("bosse", ANSWERS);
    let caller = world.phone("+46701234567", Habit::Rings);
    world.call(caller, "+46850001002");
    world.run(seconds(1));
    assert_eq!(
        (state(&world, "anna"), state(&world, "bosse")),
        ("own call", "own call")
    );
    world.run(seconds(3));
    assert!(world.phones[bosse].talks() && world.phones[caller].talks());
    assert_eq!(world.phones[anna].seen, [Seen::Invited, Seen::Cancelled]);
    assert!(world.phones[anna].reason.is_some(), "answered elsewhere");
    assert_eq!(
        (state(&world, "anna"), state(&world, "bosse")),
        ("free", "own call")
    );
    world.hang_up(bosse);
    world.run(seconds(60));
    assert_eq!(state(&world, "bosse"), "free");
    world.assert_at_rest();
}

// Changes: groups.policy, groups.ring
#[test]
fn a_group_in_order_rings_the_next_when_one_is_busy_or_does_not_answer() {
    for (first, after) in [(Habit::Rings, 11), (BUSY, 2), (Habit::Dead, 5)] {
        let mut world = world(202, group(GroupPolicy::InOrder, None));
        let anna = world.phone("anna", first);
        let bosse = world.phone("bosse", Habit::Rings);
        let caller = world.phone("+46701234567", Habit::Rings);
        world.call(caller, "+46850001002");
        world.run(seconds(after - 1));
        assert_eq!(
            world.phones[bosse].seen.is_empty(),
            first != BUSY,
            "{first:?}"
        );
        world.run(seconds(1));
        assert_eq!(world.phones[bosse].seen, [Seen::Invited], "{first:?}");
        if first == Habit::Rings {
            assert_eq!(world.phones[anna].seen, [Seen::Invited, Seen::Cancelled]);
        }
        world.run(seconds(20));
        let seen = &world.phones[caller].seen;
        let refused = if first == BUSY { 486 } else { 480 };
        assert_eq!(
            seen[..],
            [Seen::Ringing, Seen::Refused(refused)],
            "{first:?}"
        );
        world.run(seconds(60));
        assert_eq!(
            (state(&world, "anna"), state(&world, "bosse")),
            ("free", "free")
        );
        world.assert_at_rest();
    }
}

// Changes: groups.name
#[test]
fn the_phones_of_a_group_show_its_name() {
    let mut world = world(206, group(GroupPolicy::All, None));
    let anna = world.phone("anna", Habit::Rings);
    let caller = world.phone("+46701234567", Habit::Rings);
    world.call(caller, "+46850001002");
    world.run(seconds(1));
    let from = invites(&world, anna)[0].headers.from().unwrap();
    let shown = from.display.as_deref().unwrap_or_default();
    assert!(shown.contains("Reception"), "{shown}");
}

// Changes: groups.extension
#[test]
fn who_calls_a_group_that_he_is_in_is_not_rung_himself() {
    let mut world = world(203, group(GroupPolicy::All, None));
    let anna = world.phone("anna", Habit::Rings);
    let bosse = world.phone("bosse", ANSWERS);
    world.call(anna, "2000");
    world.run(seconds(4));
    assert_eq!(world.phones[anna].seen, [Seen::Ringing, Seen::Answered]);
    world.hang_up(bosse);
    world.run(seconds(60));
    world.assert_at_rest();
}

// Changes: groups.then
#[test]
fn when_nobody_in_a_group_answers_the_caller_goes_where_the_group_says() {
    for habit in [Habit::Rings, BUSY, Habit::Dead] {
        let then = Some(Destination::Number(NUMBER.into()));
        let mut world = world(204, group(GroupPolicy::All, then));
        world.phone("anna", habit);
        world.phone("bosse", habit);
        let caller = world.phone("+46701234567", Habit::Rings);
        world.call(caller, "+46850001002");
        world.run(seconds(12));
        assert!(
            world.phones[caller].talks(),
            "{habit:?}: the queue has answered"
        );
        assert!(world.heard("welcome"), "{habit:?}");
        assert_eq!(world.engine.snapshot(world.now).queues[0].queue, queue());
        world.hang_up(caller);
        world.run(seconds(120));
        world.assert_at_rest();
    }
}

// Changes: place.then
#[test]
fn a_message_is_heard_before_the_call_is_refused_and_may_lead_on() {
    let mut world = world(205, group(GroupPolicy::All, Some(message(None))));
    let caller = world.phone("+46701234567", Habit::Rings);
    world.call(caller, "+46850001002");
    world.run(seconds(1));
    assert!(world.heard("closed"));
    assert_eq!(
        world.phones[caller].seen,
        [Seen::Progress],
        "nobody has a phone"
    );
    world.run(seconds(3));
    assert_eq!(
        world.phones[caller].seen,
        [Seen::Progress, Seen::Refused(480)]
    );
    world.run(seconds(60));
    world.assert_at_rest();

    let mut world = World::new(206, journey());
    world.set_organisation(|demo| {
        let then = Some(Destination::User(user("anna")));
        demo.numbers
            .insert("+46850001002".into(), message(then).into());
    });
    let anna = world.phone("anna", ANSWERS);
    let caller = world.phone("+46701234567", Habit::Rings);
    world.call(caller, "+46850001002");
    world.run(seconds(6));
    assert!(world.phones[anna].talks() && world.phones[caller].talks());
    assert!(world.heard_music("ringing"), "who hears us hears it ring");
    world.hang_up(caller);
    world.run(seconds(60));
    world.assert_at_rest();
}

// Changes: place.number
#[test]
fn a_caller_whom_we_answered_hears_that_nobody_can_answer_and_bye() {
    let mut world = World::new(207, journey());
    world.set_organisation(|demo| {
        let then = Some(Destination::User(user("anna")));
        demo.numbers
            .insert("+46850001002".into(), message(then).into());
    });
    world.phone("anna", BUSY);
    let caller = world.phone("caller", Habit::Rings);
    // Without an offer there is no early media: he is answered to hear the message.
    let phone = world.phones.remove(caller).without_offer();
    world.phones.push(phone);
    world.call(caller, "+46850001002");
    world.run(seconds(10));
    assert!(world.heard("not-available"));
    let seen = &world.phones[caller].seen;
    assert_eq!(seen[..], [Seen::Ringing, Seen::Answered, Seen::HungUpOn]);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn numbers_that_lead_to_each_other_in_a_circle_lead_nowhere() {
    let mut world = World::new(208, journey());
    world.set_organisation(|demo| {
        let other = Destination::Number("+46850001003".into());
        demo.numbers.insert("+46850001002".into(), other.into());
        let back = Destination::Number("+46850001002".into());
        demo.numbers.insert("+46850001003".into(), back.into());
    });
    let caller = world.phone("+46701234567", Habit::Rings);
    world.call(caller, "+46850001002");
    world.run(seconds(60));
    assert_eq!(world.phones[caller].seen, [Seen::Refused(404)]);
    world.assert_at_rest();
}

/// A group of anna and a mobile telephone, which so many trunks lead to.
fn with_mobile(trunks: u16, policy: GroupPolicy) -> World {
    let mut directory = crate::outside::with_trunks(trunks);
    let demo = directory.organisations.values_mut().next().unwrap();
    let mobile = demo
        .outward
        .numbering
        .read(crate::outside::OUTSIDE)
        .unwrap();
    let mut group = group(policy, None);
    group.members = vec![Member::User(user("anna")), Member::Outside(mobile)];
    let id = GroupId::new(&OrgId::new("demo").unwrap(), "reception").unwrap();
    let destination = Destination::Group(id.clone());
    demo.ways.groups.insert(id, group);
    demo.extensions.insert("2000".into(), destination);
    World::of(210, directory)
}

#[test]
fn a_member_outside_rings_with_the_others_and_the_first_to_answer_has_the_call() {
    for (mobile, colleague) in [
        (ANSWERS, Habit::Rings),
        (Habit::Rings, ANSWERS),
        (BUSY, ANSWERS),
        (ANSWERS, BUSY),
    ] {
        let mut world = with_mobile(1, GroupPolicy::All);
        let provider = world.phone("provider", mobile);
        let anna = world.phone("anna", colleague);
        let bosse = world.phone("bosse", Habit::Rings);
        world.call(bosse, "2000");
        world.run(seconds(1));
        let ring = [provider, anna].map(|phone| !world.phones[phone].seen.is_empty());
        assert_eq!(ring, [true, true], "{mobile:?} {colleague:?}");
        world.run(seconds(3));
        assert_eq!(world.phones[provider].talks(), mobile == ANSWERS);
        assert_eq!(world.phones[anna].talks(), colleague == ANSWERS);
        assert_eq!(world.phones[bosse].seen, [Seen::Ringing, Seen::Answered]);
        assert_eq!(world.bridges(), 1);
        assert_eq!(world.ledger.channels(), u32::from(mobile == ANSWERS));
        world.hang_up(bosse);
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

#[test]
fn a_member_outside_has_his_turn_in_order() {
    let mut world = with_mobile(1, GroupPolicy::InOrder);
    let provider = world.phone("provider", ANSWERS);
    let anna = world.phone("anna", Habit::Rings);
    let bosse = world.phone("bosse", Habit::Rings);
    world.call(bosse, "2000");
    world.run(seconds(9));
    assert_eq!(world.phones[provider].seen, []);
    world.run(seconds(4));
    assert_eq!(world.phones[anna].seen, [Seen::Invited, Seen::Cancelled]);
    assert!(world.phones[provider].talks());
    world.hang_up(provider);
    world.run(seconds(60));
    assert_eq!(world.phones[bosse].seen.last(), Some(&Seen::HungUpOn));
    world.assert_at_rest();
}

#[test]
fn in_his_turn_a_member_outside_is_rung_over_the_next_trunk_when_one_fails() {
    for first in [Habit::Refuses(StatusCode::SERVICE_UNAVAILABLE), Habit::Dead] {
        let mut world = with_mobile(2, GroupPolicy::InOrder);
        let failing = world.phone("provider", first);
        let provider = world.phone("provider", ANSWERS);
        let anna = world.phone("anna", Habit::Rings);
        let bosse = world.phone("bosse", Habit::Rings);
        world.call(bosse, "2000");
        world.run(seconds(9));
        assert!(world.phones[failing].requests.is_empty());
        world.run(seconds(9));
        assert_eq!(world.phones[anna].seen, [Seen::Invited, Seen::Cancelled]);
        assert!(world.phones[provider].talks(), "{first:?}");
        assert!(world.phones[bosse].talks(), "{first:?}");
        assert_eq!(world.ledger.channels(), 1, "{first:?}");
        let tried = world.sent(&["Transmit", "127.0.0.1:6000", "INVITE sip:+46701234567@"]);
        assert!(tried, "{first:?}");
        world.hang_up(provider);
        world.run(seconds(60));
        assert_eq!(world.phones[bosse].seen.last(), Some(&Seen::HungUpOn));
        world.assert_at_rest();
    }
}

#[test]
fn a_member_outside_whom_the_organisation_may_not_call_is_passed_over() {
    let mut world = with_mobile(1, GroupPolicy::All);
    world.change(|demo| demo.outward.common.plan = None);
    let provider = world.phone("provider", ANSWERS);
    world.phone("anna", BUSY);
    let bosse = world.phone("bosse", Habit::Rings);
    world.call(bosse, "2000");
    world.run(seconds(3));
    assert_eq!(world.phones[provider].seen, []);
    assert_eq!(world.phones[bosse].seen.last(), Some(&Seen::Refused(486)));
    assert_eq!(world.outside_refused, [call::RefusedCause::NoPlan]);
    world.run(seconds(60));
    world.assert_at_rest();
}
