//! Feature codes about one's own calls: do not disturb, forwards, picking up, intercom.

use crate::outside::{OUTSIDE, with_trunks};
use crate::phone::{Habit, Seen};
use crate::world::{NUMBER, World, journey, user};
use crate::{ANSWERS, seconds};
use base::{GroupId, OrgId};
use call::settings::{Destination, Group, GroupPolicy, Member, PickUp};
use sip_core::{HeaderName, Method, StatusCode};

/// Dials a code; what was said.
fn dial(world: &mut World, phone: usize, code: &str) -> Vec<&'static str> {
    world.media.clear();
    world.call(phone, code);
    world.run(seconds(10));
    [
        "do-not-disturb-on",
        "do-not-disturb-off",
        "forwarded",
        "not-forwarded",
        "refused",
    ]
    .into_iter()
    .filter(|prompt| world.heard(prompt))
    .collect()
}

fn reception() -> Group {
    let member = |name| Member::User(user(name));
    Group {
        display_name: "Reception".into(),
        members: vec![member("anna"), member("bosse")],
        policy: GroupPolicy::All,
        ring: seconds(20),
        then: None,
    }
}

fn with_reception(seed: u64) -> World {
    let mut world = World::new(seed, journey());
    world.set_organisation(|demo| {
        let id = GroupId::new(&OrgId::new("demo").unwrap(), "reception").unwrap();
        demo.ways.groups.insert(id.clone(), reception());
        demo.extensions
            .insert("2000".into(), Destination::Group(id));
    });
    world
}

#[test]
fn who_is_not_to_be_disturbed_is_busy_for_colleagues_and_groups_but_not_for_his_queue() {
    let mut world = with_reception(1);
    let anna = world.phone("anna", Habit::Rings);
    let bosse = world.phone("bosse", ANSWERS);
    let carin = world.phone("carin", Habit::Rings);
    assert_eq!(dial(&mut world, bosse, "*78"), ["do-not-disturb-on"]);
    world.phones[bosse].seen.clear();
    world.call(carin, "102");
    world.run(seconds(2));
    assert_eq!(world.phones[carin].seen, [Seen::Refused(486)]);
    world.call(carin, "2000");
    world.run(seconds(2));
    assert_eq!(world.phones[anna].seen, [Seen::Invited], "the other rings");
    assert_eq!(world.phones[bosse].seen, []);
    world.hang_up(carin);
    world.tell_engine_logs_out("anna");
    let caller = world.phone("+46701234567", Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(4));
    assert!(world.phones[bosse].talks());
    world.hang_up(caller);
    world.run(seconds(10));
    assert_eq!(dial(&mut world, bosse, "*79"), ["do-not-disturb-off"]);
    world.call(carin, "102");
    world.run(seconds(3));
    assert!(world.phones[bosse].talks());
    world.hang_up(carin);
    world.run(seconds(60));
    world.assert_at_rest();
}

// Changes: feature_codes.forward_always, feature_codes.forward_no_answer, feature_codes.forward_off
#[test]
fn forwards_are_dialled_and_taken_back_and_come_before_the_settings() {
    let mut world = World::new(2, journey());
    world.set_user("bosse", |bosse| {
        bosse.forwards = crate::forwards::always("101");
    });
    let anna = world.phone("anna", Habit::Rings);
    let bosse = world.phone("bosse", ANSWERS);
    let carin = world.phone("carin", ANSWERS);
    assert_eq!(dial(&mut world, bosse, "*21103"), ["forwarded"]);
    world.phones[bosse].seen.clear();
    world.call(anna, "102");
    world.run(seconds(3));
    assert!(world.phones[carin].talks());
    assert_eq!(world.phones[bosse].seen, []);
    world.hang_up(anna);
    world.run(seconds(2));
    assert_eq!(dial(&mut world, bosse, "*21"), ["not-forwarded"]);
    world.call(anna, "102");
    world.run(seconds(3));
    assert!(world.phones[bosse].talks(), "not even as his settings say");
    world.hang_up(anna);
    world.run(seconds(2));
    dial(&mut world, bosse, "*61103");
    assert_eq!(dial(&mut world, bosse, "*20"), ["not-forwarded"]);
    world.phones[bosse].habit = Habit::Rings;
    world.call(anna, "102");
    world.run(seconds(40));
    assert_eq!(world.phones[anna].seen.last(), Some(&Seen::Refused(480)));
    world.run(seconds(60));
    world.assert_at_rest();
}

// Changes: feature_codes.forward_busy, feature_codes.forward_unreachable
#[test]
fn forwards_of_who_is_busy_or_can_not_be_reached_are_dialled_too() {
    let mut world = World::new(4, journey());
    let anna = world.phone("anna", Habit::Rings);
    let bosse = world.phone("bosse", Habit::Refuses(StatusCode::BUSY_HERE));
    let carin = world.phone("carin", ANSWERS);
    assert_eq!(dial(&mut world, bosse, "*67103"), ["forwarded"]);
    world.call(anna, "102");
    world.run(seconds(4));
    assert!(world.phones[carin].talks(), "he is busy");
    world.hang_up(anna);
    world.run(seconds(2));
    assert_eq!(dial(&mut world, bosse, "*67"), ["not-forwarded"]);
    assert_eq!(dial(&mut world, bosse, "*62103"), ["forwarded"]);
    world.call(anna, "102");
    world.run(seconds(4));
    assert!(!world.phones[carin].talks(), "he is there, and busy");
    world.phones[bosse].habit = Habit::Dead;
    world.call(anna, "102");
    world.run(seconds(40));
    assert!(world.phones[carin].talks(), "he can't be reached");
    world.hang_up(anna);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn nothing_can_be_dialled_that_could_not_be_called() {
    let mut directory = with_trunks(1);
    let demo = directory.organisations.values_mut().next().unwrap();
    demo.outward.common.plan = None;
    let mut world = World::of(3, directory);
    world.phone("provider", ANSWERS);
    let bosse = world.phone("bosse", Habit::Rings);
    for number in ["102", "199", "112", OUTSIDE, "*11"] {
        let code = format!("*21{number}");
        assert_eq!(dial(&mut world, bosse, &code), ["refused"], "{number}");
    }
    assert!(world.wishes.is_empty());
    let plans = with_trunks(1);
    let home = plans.organisations.values().next().unwrap().outward.clone();
    world.change(|demo| demo.outward = home);
    let code = format!("*21{OUTSIDE}");
    assert_eq!(dial(&mut world, bosse, &code), ["forwarded"]);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_call_that_rings_at_a_colleague_s_is_picked_up_by_his_extension() {
    for skipped in 0..4 {
        let mut world = World::new(4, journey()).of_two_shards();
        let anna = world.phone("anna", Habit::Rings);
        let bosse = world.phone("bosse", Habit::Rings);
        let carin = world.phone("carin", Habit::Rings);
        world.call(anna, "102");
        world.run(seconds(1));
        world.phones[carin].skip_call_ids(skipped);
        world.call(carin, "*8102");
        world.run(seconds(2));
        assert!(world.phones[anna].talks() && world.phones[carin].talks());
        assert_eq!(world.phones[bosse].seen, [Seen::Invited, Seen::Cancelled]);
        world.hang_up(carin);
        world.run(seconds(60));
        assert!(!world.phones[anna].talks());
        world.assert_at_rest();
    }
}

#[test]
fn without_an_extension_that_of_a_group_s_other_member_is_picked_up_and_of_nobody_else() {
    let mut world = with_reception(5);
    let anna = world.phone("anna", Habit::Rings);
    let bosse = world.phone("bosse", Habit::Rings);
    let carin = world.phone("carin", Habit::Rings);
    let caller = world.phone("+46701234567", Habit::Rings);
    world.change(|demo| {
        let bosse = Destination::User(user("bosse"));
        demo.numbers.insert("+46850001002".into(), bosse.into());
    });
    world.call(caller, "+46850001002");
    world.run(seconds(1));
    assert_eq!(dial(&mut world, carin, "*8"), ["refused"]);
    world.call(anna, "*8");
    world.run(seconds(2));
    assert!(world.phones[anna].talks() && world.phones[caller].talks());
    assert_eq!(world.phones[bosse].seen, [Seen::Invited, Seen::Cancelled]);
    world.hang_up(caller);
    world.run(seconds(10));
    assert_eq!(dial(&mut world, anna, "*8"), ["refused"], "nothing rings");
    world.run(seconds(60));
    world.assert_at_rest();
}

// Changes: users.intercom
#[test]
fn by_intercom_a_phone_is_asked_to_answer_by_itself_if_its_owner_lets_it() {
    let mut world = World::new(6, journey());
    world.set_user("bosse", |bosse| {
        bosse.forwards = crate::forwards::always("103");
    });
    let anna = world.phone("anna", Habit::Rings);
    let bosse = world.phone("bosse", ANSWERS);
    world.call(anna, "*80102");
    world.run(seconds(3));
    assert!(world.phones[bosse].talks(), "wherever his calls go");
    let invite = world.phones[bosse].requests.iter();
    let mut invite = invite.filter(|request| request.method == Method::Invite);
    let invite = invite.next().unwrap();
    assert!(invite.headers.first(&HeaderName::AnswerMode).is_some());
    world.hang_up(anna);
    world.run(seconds(2));
    world.set_user("bosse", |bosse| bosse.intercom = PickUp::ByHand);
    assert_eq!(dial(&mut world, anna, "*80102"), ["refused"]);
    assert_eq!(dial(&mut world, anna, "*80"), ["refused"]);
    world.run(seconds(60));
    world.assert_at_rest();
}
