//! Callers are sent to numbers outside, with the rights of whoever sends them; and numbers, menus and queues lead there.

use crate::outside::{OUTSIDE, invites, with_trunks};
use crate::phone::{Habit, Seen};
use crate::world::{World, user};
use crate::{ANSWERS, seconds};
use call::RefusedCause;
use call::outward::{CallerId, Payer, Rights};
use call::settings::{Choice, Destination, Directory, Listening, Menu};
use media_core::PromptId;
use std::collections::BTreeMap;

fn with(set: impl FnOnce(&mut call::settings::Organisation)) -> Directory {
    let mut directory = with_trunks(1);
    let demo = directory.organisations.values_mut().next().unwrap();
    for trunk in demo.trunks.values_mut() {
        trunk.sources = vec!["127.0.0.0/8".parse().unwrap()];
    }
    set(demo);
    directory
}

/// Rights of anna's alone.
fn only_anna(demo: &mut call::settings::Organisation) {
    let plan = demo.outward.common.plan.take();
    let rights = Rights {
        plan,
        caller_id: Some(CallerId::Number("+46850001000".into())),
        ..Rights::default()
    };
    demo.outward.users.insert(user("anna"), rights);
}

#[test]
fn whoever_may_call_outside_sends_a_colleague_and_a_caller_from_outside_there() {
    for caller in ["bosse", "+46709999999"] {
        let mut world = World::of(1, with(only_anna));
        let provider = world.phone("provider", ANSWERS);
        let anna = world.phone("anna", ANSWERS);
        let caller = world.phone(caller, Habit::Rings);
        world.change(|demo| {
            let anna = Destination::User(user("anna"));
            demo.numbers.insert("+46850001002".into(), anna.into());
        });
        world.call(caller, "+46850001002");
        world.run(seconds(3));
        assert!(world.phones[anna].talks());
        world.refer(anna, "<sip:070-1234567@demo.localhost>");
        world.run(seconds(5));
        let seen = &world.phones[anna].seen;
        assert!(seen.contains(&Seen::Referred(202)), "{seen:?}");
        assert!(seen.contains(&Seen::Notified(200)), "{seen:?}");
        assert!(world.phones[provider].talks() && world.phones[caller].talks());
        assert!(!world.phones[anna].talks());
        assert_eq!(
            invites(&world, provider)[0].uri.user(),
            Some("+46701234567")
        );
        world.hang_up(provider);
        world.run(seconds(60));
        assert!(!world.phones[caller].talks());
        world.assert_at_rest();
    }
}

#[test]
fn whoever_may_not_call_outside_sends_nobody_there() {
    let mut world = World::of(2, with(only_anna));
    let provider = world.phone("provider", ANSWERS);
    let bosse = world.phone("bosse", ANSWERS);
    let anna = world.phone("anna", Habit::Rings);
    world.call(anna, "102");
    world.run(seconds(3));
    world.refer(bosse, "<sip:070-1234567@demo.localhost>");
    world.run(seconds(3));
    assert_eq!(world.phones[bosse].seen.last(), Some(&Seen::Referred(403)));
    assert!(world.phones[anna].talks() && world.phones[bosse].talks());
    assert_eq!(world.phones[provider].seen, []);
    world.hang_up(anna);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn after_a_consultation_with_somebody_outside_the_caller_is_handed_over_to_him() {
    let mut world = World::of(3, with(only_anna)).of_two_shards();
    let provider = world.phone("provider", ANSWERS);
    let line = world.phone("anna", ANSWERS);
    let second = world.phone("anna", Habit::Rings);
    let bosse = world.phone("bosse", Habit::Rings);
    world.phones[second].habit = Habit::Refuses(sip_core::StatusCode::BUSY_HERE);
    world.call(bosse, "101");
    world.run(seconds(3));
    assert!(world.phones[line].talks());
    world.reinvite(line, sip_core::Direction::SendOnly);
    world.call(second, OUTSIDE);
    world.run(seconds(3));
    assert!(world.phones[second].talks());
    world.refer_to_line(line, second);
    world.run(seconds(3));
    assert!(world.phones[bosse].talks() && world.phones[provider].talks());
    assert!(!world.phones[line].talks() && !world.phones[second].talks());
    world.hang_up(provider);
    world.run(seconds(60));
    assert!(!world.phones[bosse].talks());
    world.assert_at_rest();
}

fn outside(demo: &call::settings::Organisation) -> Destination {
    let outside = demo.outward.numbering.read(OUTSIDE).unwrap();
    Destination::Outside(outside, Payer::Organisation)
}

#[test]
fn a_number_and_a_menu_lead_a_caller_from_outside_to_a_number_outside() {
    for by_menu in [false, true] {
        let directory = with(|demo| {
            let outside = outside(demo);
            let id = base::MenuId::new(&base::OrgId::new("demo").unwrap(), "main").unwrap();
            let to = match by_menu {
                false => outside,
                true => {
                    let menu = Menu {
                        prompt: PromptId::new("choose"),
                        keys: BTreeMap::from([('1', Choice::To(outside))]),
                        timeout: seconds(5),
                        on_timeout: None,
                        invalid: None,
                        tries: 1,
                        otherwise: None,
                        listening: Listening::default(),
                        takes_extensions: false,
                    };
                    demo.ways.menus.insert(id.clone(), menu);
                    Destination::Menu(id)
                }
            };
            demo.numbers.insert("+46850001002".into(), to.into());
        });
        let mut world = World::of(4, directory);
        let provider = world.phone("provider", ANSWERS);
        let caller = world.phone("+46709999999", Habit::Rings);
        world.call(caller, "+46850001002");
        world.run(seconds(1));
        if by_menu {
            world.press('1');
        }
        world.run(seconds(4));
        assert!(world.phones[provider].talks() && world.phones[caller].talks());
        assert_eq!(world.ledger.channels(), 2, "one in, one out");
        world.hang_up(caller);
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

#[test]
fn what_the_organisation_may_not_call_ends_with_403() {
    let directory = with(|demo| {
        let outside = outside(demo);
        demo.numbers.insert("+46850001002".into(), outside.into());
        demo.outward.common.plan = None;
    });
    let mut world = World::of(5, directory);
    let provider = world.phone("provider", ANSWERS);
    let caller = world.phone("+46709999999", Habit::Rings);
    world.call(caller, "+46850001002");
    world.run(seconds(3));
    assert_eq!(world.phones[caller].seen, [Seen::Refused(403)]);
    assert_eq!(world.phones[provider].seen, []);
    assert_eq!(world.outside_refused, [RefusedCause::NoPlan]);
    world.run(seconds(60));
    world.assert_at_rest();
}
