//! Those who are called say where to call instead: followed only where the plan of whoever pays says so.

use crate::forwards::always;
use crate::outside::{OUTSIDE, invites, with_trunks};
use crate::phone::{Habit, Seen};
use crate::world::World;
use crate::{ANSWERS, seconds};
use call::RefusedCause;
use call::outward::Redirects;
use call::settings::Directory;
use sip_core::StatusCode;

const MOVED: Habit = Habit::Refuses(StatusCode::MOVED_TEMPORARILY);

fn following() -> Directory {
    let mut directory = with_trunks(1);
    let demo = directory.organisations.values_mut().next().unwrap();
    let plan = demo.outward.plans.values_mut().next().unwrap();
    plan.redirects = Redirects::Followed;
    directory
}

/// A phone that sends those who call it elsewhere.
fn moved(world: &mut World, name: &str, contacts: &[&str]) -> usize {
    let phone = world.phone(name, MOVED);
    world.phones[phone].moved_to = contacts.iter().map(|it| (*it).into()).collect();
    phone
}

#[test]
fn a_phone_that_redirects_is_followed_only_where_the_plan_says_so() {
    for (directory, follows) in [(following(), true), (with_trunks(1), false)] {
        let mut world = World::of(1, directory);
        let provider = world.phone("provider", ANSWERS);
        moved(&mut world, "bosse", &["<sip:070-1234567@demo.localhost>"]);
        let anna = world.phone("anna", Habit::Rings);
        world.call(anna, "102");
        world.run(seconds(4));
        if follows {
            assert_eq!(world.phones[anna].seen, [Seen::Ringing, Seen::Answered]);
            assert!(world.phones[provider].talks());
            world.hang_up(provider);
        } else {
            assert_eq!(world.phones[anna].seen, [Seen::Refused(480)]);
            assert_eq!(world.phones[provider].seen, []);
        }
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

#[test]
fn contacts_are_tried_by_their_q_and_what_the_plan_does_not_allow_is_passed_over() {
    let mut world = World::of(2, following());
    let provider = world.phone("provider", ANSWERS);
    let contacts = [
        "<sip:103@demo.localhost>;q=0.2",
        "<sip:0900-1234567@demo.localhost>;q=0.9",
        "<sip:101@evil.example>;q=1.0",
        "<sip:112@demo.localhost>;q=1.0",
    ];
    moved(&mut world, "bosse", &contacts);
    let carin = world.phone("carin", ANSWERS);
    let anna = world.phone("anna", Habit::Rings);
    world.call(anna, "102");
    world.run(seconds(4));
    assert_eq!(world.outside_refused, [RefusedCause::NumberNotAllowed]);
    assert!(world.phones[carin].talks());
    assert_eq!(world.phones[provider].seen, []);
    world.hang_up(anna);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_network_that_redirects_is_followed_to_numbers_and_never_to_an_extension() {
    let mut world = World::of(3, following());
    let contacts = [
        "<sip:101@127.0.0.1:6000>",
        "<sip:+46709999999@127.0.0.1:6000;user=phone>;q=0.5",
    ];
    let provider = moved(&mut world, "provider", &contacts);
    let carin = world.phone("carin", Habit::Rings);
    let anna = world.phone("anna", ANSWERS);
    world.call(carin, OUTSIDE);
    world.run(seconds(1));
    world.run(seconds(5));
    let called: Vec<_> = invites(&world, provider)
        .iter()
        .map(|invite| invite.uri.user().unwrap().to_owned())
        .collect();
    // It redirects again, to where the call comes from.
    assert_eq!(called, ["+46701234567", "+46709999999"]);
    assert_eq!(world.phones[anna].seen, []);
    assert_eq!(world.phones[carin].seen, [Seen::Refused(480)]);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn two_phones_that_redirect_to_each_other_are_followed_once() {
    let mut world = World::of(4, following());
    moved(&mut world, "bosse", &["<sip:103@demo.localhost>"]);
    let carin = moved(&mut world, "carin", &["<sip:102@demo.localhost>"]);
    let anna = world.phone("anna", Habit::Rings);
    world.call(anna, "102");
    world.run(seconds(3));
    assert_eq!(world.phones[carin].seen, [Seen::Invited]);
    assert_eq!(world.phones[anna].seen, [Seen::Refused(480)]);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_forward_and_a_redirect_make_a_circle_no_more_than_two_forwards_do() {
    let mut world = World::of(5, following());
    world.set_user("bosse", |bosse| bosse.forwards = always("103"));
    world.phone("bosse", ANSWERS);
    let carin = moved(&mut world, "carin", &["<sip:102@demo.localhost>"]);
    let anna = world.phone("anna", Habit::Rings);
    world.call(anna, "102");
    world.run(seconds(3));
    assert_eq!(world.phones[carin].seen, [Seen::Invited]);
    assert_eq!(world.phones[anna].seen, [Seen::Refused(480)]);
    assert_eq!(world.refused, [RefusedCause::ForwardedTooOften]);
    world.run(seconds(60));
    world.assert_at_rest();
}
