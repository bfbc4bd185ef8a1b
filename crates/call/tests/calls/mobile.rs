//! Agents who take calls from queues on their mobiles: over a trunk, with a key to be pressed.

use crate::outside::{OUTSIDE, invites, with_trunks};
use crate::phone::{Habit, Seen};
use crate::world::{NUMBER, RING, World, user};
use crate::{ANSWERS, seconds, state};
use base::LegId;
use call::outward::MobilesShow;
use call::wishes::{Change, Device};
use call::{Input, RefusedCause};
use sip_core::StatusCode;

const CALLER: &str = "+46709999999";

/// Anna takes calls on her mobile, bosse is logged out; the mobile behind the trunk, and a caller from outside.
fn on_mobile(seed: u64, mobile: Habit, show: MobilesShow) -> (World, usize, usize) {
    let mut directory = with_trunks(1);
    let demo = directory.organisations.values_mut().next().unwrap();
    let number = demo.outward.numbering.read(OUTSIDE).unwrap();
    demo.users.get_mut(&user("anna")).unwrap().mobile = Some(number);
    demo.outward.mobiles_show = show;
    let trunk = demo.trunks.values_mut().next().unwrap();
    trunk.sources = vec!["127.0.0.0/8".parse().unwrap()];
    let mut world = World::of(seed, directory);
    let mobile = world.phone("provider", mobile);
    let caller = world.phone(CALLER, Habit::Rings);
    let wishes = world.wishes.entry(user("anna")).or_default();
    wishes.change(&Change::Device(Device::Mobile));
    // As whoever runs the cores says of one who is reached over a trunk.
    world.tell_engine(acd::Input::DeviceReachable {
        agent: user("anna"),
        reachable: true,
    });
    (world, mobile, caller)
}

/// The leg to the mobile: the last that got a media session.
fn mobile_leg(world: &World) -> LegId {
    *world.media_open.last().unwrap()
}

fn press(world: &mut World, digit: char) {
    let leg = mobile_leg(world);
    world.tell_shard(Input::Media(media_core::Event::Digit { leg, digit }));
    world.run(seconds(1));
}

#[test]
fn an_agent_gets_the_caller_on_his_mobile_once_he_has_pressed_one() {
    let (mut world, mobile, caller) = on_mobile(601, ANSWERS, MobilesShow::Queue);
    world.call(caller, NUMBER);
    world.run(seconds(8));
    let invite = invites(&world, mobile)[0];
    assert_eq!(invite.uri.user(), Some("+46701234567"));
    let from = invite.headers.from().unwrap();
    assert_eq!(from.uri.user(), Some("+46850001000"), "the queue calls");
    assert!(world.phones[mobile].talks());
    assert!(world.heard("agent-accept"));
    assert_eq!((state(&world, "anna"), world.bridges()), ("offered", 0));
    press(&mut world, '5');
    assert_eq!(state(&world, "anna"), "offered", "another key is none");
    press(&mut world, '1');
    assert_eq!((state(&world, "anna"), world.bridges()), ("in call", 1));
    world.run(seconds(60));
    assert_eq!(world.bridges(), 1, "nobody asks again");
    world.hang_up(caller);
    world.run(seconds(1));
    assert_eq!(state(&world, "anna"), "wrap-up");
    world.run(seconds(60));
    assert_eq!(world.ledger.channels(), 0);
    world.assert_at_rest();
}

#[test]
fn voicemail_that_answers_a_mobile_gets_no_caller_and_is_a_missed_call() {
    let (mut world, mobile, caller) = on_mobile(602, ANSWERS, MobilesShow::Queue);
    world.call(caller, NUMBER);
    // Beyond the time for which an agent's phone rings.
    world.run(RING + seconds(1));
    assert!(world.phones[mobile].talks(), "it is waited for");
    world.run(seconds(5));
    assert!(world.phones[mobile].seen.contains(&Seen::HungUpOn));
    assert_eq!(world.misses("anna"), (1, 0));
    assert_eq!(world.bridges(), 0);
    world.run(seconds(10));
    assert!(invites(&world, mobile).len() > 1, "it is tried again");
    world.hang_up(caller);
    world.run(seconds(60));
    assert_eq!(world.ledger.channels(), 0);
    world.assert_at_rest();
}

#[test]
fn a_mobile_that_is_off_has_missed_its_call_and_its_agent_refused_none() {
    // Telephone networks say so of who is not reached and of who does not answer (RFC 3398 §8.2.6.1).
    let off = Habit::Refuses(StatusCode::TEMPORARILY_UNAVAILABLE);
    let (mut world, mobile, caller) = on_mobile(606, off, MobilesShow::Queue);
    world.call(caller, NUMBER);
    world.run(seconds(8));
    assert!(!invites(&world, mobile).is_empty());
    let (missed, errors) = world.misses("anna");
    assert_eq!((missed.min(1), errors), (1, 0), "{missed}");
    world.hang_up(caller);
    world.run(seconds(60));
    assert_eq!(world.ledger.channels(), 0);
    world.assert_at_rest();
}

#[test]
fn who_hangs_up_his_mobile_without_pressing_has_declined() {
    let (mut world, mobile, caller) = on_mobile(603, ANSWERS, MobilesShow::Queue);
    world.call(caller, NUMBER);
    world.run(seconds(8));
    assert!(world.phones[mobile].talks());
    world.hang_up(mobile);
    world.run(seconds(1));
    assert_eq!(state(&world, "anna"), "deferred");
    assert_eq!(world.misses("anna"), (0, 0));
    world.hang_up(caller);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_mobile_stops_when_the_caller_is_gone_whether_it_rings_or_asks() {
    for (habit, after, seen) in [
        (Habit::Rings, 4, Seen::Cancelled),
        (ANSWERS, 8, Seen::HungUpOn),
    ] {
        let (mut world, mobile, caller) = on_mobile(604, habit, MobilesShow::Queue);
        world.call(caller, NUMBER);
        world.run(seconds(after));
        world.hang_up(caller);
        world.run(seconds(2));
        assert_eq!(world.phones[mobile].seen.last(), Some(&seen));
        assert_eq!(state(&world, "anna"), "free");
        assert_eq!(world.misses("anna"), (0, 0));
        world.run(seconds(60));
        assert_eq!(world.ledger.channels(), 0);
        world.assert_at_rest();
    }
}

// Changes: agents.mobiles_show
#[test]
fn a_mobile_shows_the_caller_where_that_is_set() {
    let (mut world, mobile, caller) = on_mobile(605, ANSWERS, MobilesShow::Caller);
    world.call(caller, NUMBER);
    world.run(seconds(8));
    let from = invites(&world, mobile)[0].headers.from().unwrap();
    assert_eq!(from.uri.user(), Some(CALLER));
    world.hang_up(caller);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_mobile_that_is_busy_or_may_not_be_called_is_that_and_no_missed_call() {
    let busy = Habit::Refuses(StatusCode::BUSY_HERE);
    let (mut world, _, caller) = on_mobile(606, busy, MobilesShow::Queue);
    world.call(caller, NUMBER);
    world.run(seconds(4));
    assert_eq!(
        (state(&world, "anna"), world.misses("anna")),
        ("deferred", (0, 0))
    );
    world.change(|demo| demo.outward.common.plan = None);
    world.run(seconds(4));
    assert_eq!(world.misses("anna").1, 1, "an error of the device");
    assert!(world.outside_refused.contains(&RefusedCause::NoPlan));
    world.hang_up(caller);
    world.run(seconds(60));
    world.assert_at_rest();
}

// Changes: feature_codes.device_phone, feature_codes.device_mobile, feature_codes.device_both
#[test]
fn an_agent_chooses_his_device_by_code_where_he_has_a_mobile() {
    let (mut world, mobile, caller) = on_mobile(607, Habit::Rings, MobilesShow::Queue);
    let anna = world.phone("anna", ANSWERS);
    let bosse = world.phone("bosse", Habit::Rings);
    let dial = |world: &mut World, phone, code, says: &str| {
        world.media.clear();
        world.call(phone, code);
        world.run(seconds(6));
        assert!(world.heard(says), "{code} says {says}");
    };
    dial(&mut world, bosse, "*191", "refused");
    dial(&mut world, bosse, "*12", "logged-out");
    dial(&mut world, anna, "*190", "agent-on-phone");
    world.call(caller, NUMBER);
    world.run(seconds(8));
    assert!(world.phones[anna].talks());
    assert_eq!(invites(&world, mobile).len(), 0);
    world.hang_up(caller);
    world.run(seconds(10));
    dial(&mut world, anna, "*191", "agent-on-mobile");
    world.call(caller, NUMBER);
    world.run(seconds(4));
    assert_eq!(invites(&world, mobile).len(), 1);
    world.hang_up(caller);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn on_both_the_first_to_take_the_call_has_it_and_the_other_stops() {
    for mobile_takes in [true, false] {
        let desk = match mobile_takes {
            true => Habit::Rings,
            false => Habit::Answers(seconds(6)),
        };
        let (mut world, mobile, caller) = on_mobile(608, ANSWERS, MobilesShow::Queue);
        let wishes = world.wishes.entry(user("anna")).or_default();
        wishes.change(&Change::Device(Device::Both));
        let anna = world.phone("anna", desk);
        world.call(caller, NUMBER);
        world.run(seconds(5));
        assert!(world.phones[mobile].talks(), "asked to press");
        assert!(world.phones[anna].seen.contains(&Seen::Invited));
        if mobile_takes {
            let leg = mobile_leg(&world);
            world.tell_shard(Input::Media(media_core::Event::Digit { leg, digit: '1' }));
        }
        world.run(seconds(6));
        assert_eq!((state(&world, "anna"), world.bridges()), ("in call", 1));
        assert_eq!(world.phones[mobile].talks(), mobile_takes);
        assert_eq!(world.phones[anna].talks(), !mobile_takes);
        if mobile_takes {
            assert!(world.phones[anna].seen.contains(&Seen::Cancelled));
        }
        world.hang_up(caller);
        world.run(seconds(60));
        assert_eq!(world.ledger.channels(), 0);
        world.assert_at_rest();
    }
}

/// On both devices, the mobile answered and asked for the key, the desk phone of that habit.
fn on_both(seed: u64, desk: Habit) -> (World, usize, usize, usize) {
    let (mut world, mobile, caller) = on_mobile(seed, ANSWERS, MobilesShow::Queue);
    let wishes = world.wishes.entry(user("anna")).or_default();
    wishes.change(&Change::Device(Device::Both));
    let anna = world.phone("anna", desk);
    world.call(caller, NUMBER);
    world.run(seconds(5));
    assert!(world.phones[mobile].talks(), "asked to press");
    (world, anna, mobile, caller)
}

#[test]
fn a_mobile_that_hangs_up_unasked_leaves_the_desk_phone_ringing_which_takes_the_call() {
    let (mut world, anna, mobile, caller) = on_both(609, Habit::Answers(seconds(8)));
    world.hang_up(mobile);
    world.run(seconds(1));
    assert!(!world.phones[anna].seen.contains(&Seen::Cancelled));
    assert_eq!(state(&world, "anna"), "offered");
    world.run(seconds(6));
    assert!(world.phones[anna].talks());
    assert_eq!((state(&world, "anna"), world.bridges()), ("in call", 1));
    world.hang_up(caller);
    world.run(seconds(60));
    assert_eq!(world.ledger.channels(), 0);
    world.assert_at_rest();
}

#[test]
fn a_desk_phone_that_rings_beside_a_mobile_stops_with_its_time_and_its_agent_has_missed_the_call() {
    let (mut world, anna, mobile, caller) = on_both(610, Habit::Rings);
    world.hang_up(mobile);
    world.run(seconds(25));
    assert!(world.phones[anna].seen.contains(&Seen::Cancelled));
    assert_eq!(world.misses("anna").0, 1);
    world.hang_up(caller);
    world.run(seconds(60));
    assert_eq!(world.ledger.channels(), 0);
    world.assert_at_rest();
}

#[test]
fn who_declines_at_his_desk_is_asked_on_his_mobile_no_more_and_who_is_busy_there_is() {
    for (status, asked) in [(StatusCode::DECLINE, false), (StatusCode::BUSY_HERE, true)] {
        let (mut world, mobile, caller) = on_mobile(611, ANSWERS, MobilesShow::Queue);
        let wishes = world.wishes.entry(user("anna")).or_default();
        wishes.change(&Change::Device(Device::Both));
        world.phone("anna", Habit::Refuses(status));
        world.call(caller, NUMBER);
        world.run(seconds(5));
        assert_eq!(world.phones[mobile].talks(), asked, "{status}");
        world.hang_up(caller);
        world.run(seconds(60));
        assert_eq!(world.ledger.channels(), 0);
        world.assert_at_rest();
    }
}
