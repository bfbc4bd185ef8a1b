//! From whom a call was sent on, as trunks and phones are told: by forwards, transfers, redirects and numbers that lead
//! outside.

use crate::identity::{call_saying, identity, world};
use crate::outside::invites;
use crate::phone::Habit;
use crate::world::{World, user};
use crate::{ANSWERS, seconds};
use call::diverted::Told;
use call::forward::Forwards;
use call::identity::Trust;
use call::outward::{CallerId, Payer, Redirects, Rights};
use call::settings::Destination;
use sip_core::{HeaderName, StatusCode};

const OUTSIDE: &str = "070-1234567";

/// From whom a call was sent on, as the newest INVITE to a phone says in either way.
fn diversions(world: &World, phone: usize) -> [Vec<String>; 2] {
    let invite = *invites(world, phone).last().unwrap();
    [HeaderName::Diversion, HeaderName::HistoryInfo].map(|name| {
        let values = invite.headers.all(&name);
        values
            .map(|value| String::from_utf8(value.to_vec()).unwrap())
            .collect()
    })
}

/// A world that tells of diversions in both ways, where +46850001009 leads outside, anna forwards outside and has a
/// number of her own, and bosse forwards to anna.
fn forwarding(seed: u64, trust: Trust) -> World {
    let mut world = world(seed, identity(trust));
    world.set_organisation(|demo| {
        for trunk in demo.trunks.values_mut() {
            trunk.identity.diversion = Told::Both;
        }
        let outside = demo.outward.numbering.read(OUTSIDE).unwrap();
        let onward = Destination::Outside(outside, Payer::Organisation);
        demo.numbers.insert("+46850001009".into(), onward.into());
        let bosse = Destination::User(user("bosse"));
        demo.numbers.insert("+46850001008".into(), bosse.into());
        let own = Rights {
            caller_id: Some(CallerId::Number("+46850001001".into())),
            ..Rights::default()
        };
        demo.outward.users.insert(user("anna"), own);
    });
    let always = |to: &str| Forwards {
        always: Some(to.into()),
        ..Forwards::default()
    };
    world.set_user("anna", |anna| anna.forwards = always(OUTSIDE));
    world.set_user("bosse", |bosse| bosse.forwards = always("101"));
    world
}

fn diversion(number: &str, reason: &str) -> String {
    format!("<sip:{number}@127.0.0.1:6000;user=phone>;reason={reason};counter=1;privacy=off")
}

#[test]
fn a_trunk_is_told_from_which_number_a_call_was_sent_on() {
    let before = "Diversion: <sip:+4631111111@far.se>;reason=user-busy\r\n";
    let earlier = "<sip:+4631111111@far.se>;reason=user-busy;counter=1;privacy=off".to_owned();
    for (trust, from, dialled, lines, told) in [
        (
            Trust::No,
            "+46701234567",
            "+46850001009",
            "",
            vec![diversion("+46850001009", "unconditional")],
        ),
        // Dialled at bosse's number, who forwards to anna, who forwards outside.
        (
            Trust::No,
            "+46701234567",
            "+46850001008",
            "",
            vec![
                diversion("+46850001001", "unconditional"),
                diversion("+46850001008", "unconditional"),
            ],
        ),
        (
            Trust::No,
            "bosse",
            "101",
            "",
            vec![diversion("+46850001001", "unconditional")],
        ),
        (
            Trust::Yes,
            "+46701234567",
            "+46850001009",
            before,
            vec![diversion("+46850001009", "unconditional"), earlier],
        ),
        (
            Trust::No,
            "+46701234567",
            "+46850001009",
            before,
            vec![diversion("+46850001009", "unconditional")],
        ),
        (
            Trust::Yes,
            "bosse",
            "+46850001009",
            before,
            vec![diversion("+46850001009", "unconditional")],
        ),
        (Trust::Yes, "bosse", OUTSIDE, before, vec![]),
    ] {
        let case = format!("{trust:?} {from} {dialled} {lines:?}");
        let mut world = forwarding(7, trust);
        let provider = world.phone("provider", ANSWERS);
        let caller = world.phone(from, Habit::Rings);
        call_saying(&mut world, caller, dialled, lines);
        world.run(seconds(2));
        let [diversion, history] = diversions(&world, provider);
        assert_eq!(diversion, told, "{case}");
        let entries = if told.is_empty() { 0 } else { told.len() + 1 };
        assert_eq!(history.len(), entries, "{case}: {history:?}");
        if let Some(last) = history.last() {
            assert!(
                last.starts_with("<sip:+46701234567@127.0.0.1:6000;user=phone"),
                "{case}: {last}"
            );
        }
    }
}

// Changes: trunks.diversion
#[test]
fn a_trunk_that_wants_no_diversion_gets_none() {
    for (wants, counts) in [
        (Told::Not, [0, 0]),
        (Told::Diversion, [1, 0]),
        (Told::History, [0, 2]),
    ] {
        let mut world = forwarding(8, Trust::Yes);
        world.set_organisation(|demo| {
            for trunk in demo.trunks.values_mut() {
                trunk.identity.diversion = wants;
            }
        });
        let provider = world.phone("provider", ANSWERS);
        let caller = world.phone("+46701234567", Habit::Rings);
        world.call(caller, "+46850001009");
        world.run(seconds(2));
        assert_eq!(
            diversions(&world, provider).map(|it| it.len()),
            counts,
            "{wants:?}"
        );
    }
}

#[test]
fn a_phone_shows_which_colleague_forwarded_a_call() {
    let mut world = forwarding(9, Trust::No);
    world.set_user("anna", |anna| anna.forwards = Forwards::default());
    let _provider = world.phone("provider", ANSWERS);
    let anna = world.phone("anna", ANSWERS);
    let caller = world.phone("+46701234567", Habit::Rings);
    world.call(caller, "+46850001008");
    world.run(seconds(2));
    let told = "<sip:102@demo.localhost>;reason=unconditional;counter=1;privacy=off".to_owned();
    assert_eq!(diversions(&world, anna), [vec![told], vec![]]);
}

/// Everybody may be followed who says where to call instead.
fn following(world: &mut World) {
    world.set_organisation(|demo| {
        for plan in demo.outward.plans.values_mut() {
            plan.redirects = Redirects::Followed;
        }
    });
    world.set_user("anna", |anna| anna.forwards = Forwards::default());
}

fn moved(world: &mut World, name: &str, contact: &str) -> usize {
    let phone = world.phone(name, Habit::Refuses(StatusCode::MOVED_TEMPORARILY));
    world.phones[phone].moved_to = vec![contact.into()];
    phone
}

#[test]
fn a_trunk_is_told_who_transferred_a_call_to_it() {
    let mut world = forwarding(10, Trust::No);
    world.set_user("anna", |anna| anna.forwards = Forwards::default());
    let provider = world.phone("provider", ANSWERS);
    let anna = world.phone("anna", ANSWERS);
    let bosse = world.phone("bosse", Habit::Rings);
    world.call(bosse, "101");
    world.run(seconds(3));
    assert!(world.phones[anna].talks());
    world.refer(anna, "<sip:070-1234567@demo.localhost>");
    world.run(seconds(5));
    assert!(world.phones[provider].talks() && world.phones[bosse].talks());
    let [diversion_of, history] = diversions(&world, provider);
    assert_eq!(diversion_of, [diversion("+46850001001", "deflection")]);
    let first = "<sip:+46850001001@127.0.0.1:6000;user=phone>;index=1";
    let now = "<sip:+46701234567@127.0.0.1:6000;user=phone;cause=480>;index=1.1;mp=1";
    assert_eq!(history, [first, now]);
    world.hang_up(bosse);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_trunk_is_told_whose_phone_sent_a_call_on_to_it() {
    let mut world = forwarding(11, Trust::No);
    following(&mut world);
    let provider = world.phone("provider", ANSWERS);
    moved(&mut world, "anna", "<sip:070-1234567@demo.localhost>");
    let bosse = world.phone("bosse", Habit::Rings);
    world.call(bosse, "101");
    world.run(seconds(4));
    assert!(world.phones[provider].talks());
    let [told, history] = diversions(&world, provider);
    assert_eq!(told, [diversion("+46850001001", "deflection")]);
    assert_eq!(history.len(), 2, "{history:?}");
    world.hang_up(bosse);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_trunk_is_told_which_number_outside_sent_a_call_on_and_from_which_of_ours_it_came_there() {
    let contact = "<sip:+46709999999@127.0.0.1:6000;user=phone>";
    let deflected = diversion("+46701234567", "deflection");
    for (from, dialled, told) in [
        ("bosse", OUTSIDE, vec![deflected.clone()]),
        (
            "+46701111111",
            "+46850001009",
            vec![deflected, diversion("+46850001009", "unconditional")],
        ),
    ] {
        let mut world = forwarding(12, Trust::No);
        following(&mut world);
        let provider = moved(&mut world, "provider", contact);
        let caller = world.phone(from, Habit::Rings);
        world.call(caller, dialled);
        world.run(seconds(4));
        let called: Vec<_> = invites(&world, provider)
            .iter()
            .map(|invite| invite.uri.user().unwrap().to_owned())
            .collect();
        // What it says again leads round in a circle.
        assert_eq!(called, ["+46701234567", "+46709999999"]);
        let [diverted, history] = diversions(&world, provider);
        assert_eq!(diverted, told, "{from}");
        assert_eq!(history.len(), told.len() + 1, "{history:?}");
        world.run(seconds(60));
        world.assert_at_rest();
    }
}
