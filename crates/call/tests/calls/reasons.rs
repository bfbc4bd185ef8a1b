//! Why a call ends, as whoever ended it says (RFC 3326): passed on to the others, also across two calls.

use crate::outside::with_trunks;
use crate::phone::{Habit, Seen};
use crate::world::{NUMBER, World, journey, user};
use crate::{ANSWERS, seconds};
use call::identity::Trust;
use call::settings::{Destination, OutsideRefused};
use media_core::PromptId;
use sip_core::StatusCode;

const NORMAL: &str = "Q.850;cause=16;text=\"Normal call clearing\"";
const ELSEWHERE: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";

fn reason(world: &World, phone: usize) -> Option<&str> {
    world.phones[phone].reason.as_deref()
}

#[test]
fn the_reason_in_a_bye_reaches_the_other_party_and_the_log() {
    for (hangs_up, said) in [(0, Some(NORMAL)), (1, Some(NORMAL)), (0, None), (1, None)] {
        let mut world = World::new(500, journey());
        let agent = world.phone("anna", ANSWERS);
        let caller = world.phone("+46701234567", Habit::Rings);
        world.call(caller, NUMBER);
        world.run(seconds(4));
        let phones = [agent, caller];
        world.phones[phones[hangs_up]].gives_reason = said;
        world.hang_up(phones[hangs_up]);
        world.run(seconds(1));
        let other = phones[1 - hangs_up];
        assert_eq!(world.phones[other].seen.last(), Some(&Seen::HungUpOn));
        // A trunk always hears it in its own words.
        let unsaid = (other == caller).then_some("Q.850;cause=16");
        assert_eq!(reason(&world, other), said.or(unsaid));
        let logged = world.ended_for.last().unwrap().to_string();
        assert_eq!(logged, said.unwrap_or_default());
    }
}

#[test]
fn a_caller_s_cancel_says_why_to_the_device_that_rings() {
    let unsaid = "SIP;cause=487;text=\"Request Terminated\"";
    for (said, heard) in [
        (Some(ELSEWHERE), ELSEWHERE),
        (None, unsaid),
        (Some("X;cause=1;text=\"nothing that we know\""), unsaid),
    ] {
        let mut world = World::new(501, journey());
        let anna = world.phone("anna", Habit::Rings);
        let bosse = world.phone("bosse", Habit::Rings);
        world.call(anna, "102");
        world.run(seconds(2));
        world.phones[anna].gives_reason = said;
        world.hang_up(anna);
        world.run(seconds(1));
        assert_eq!(world.phones[bosse].seen.last(), Some(&Seen::Cancelled));
        assert_eq!(reason(&world, bosse), Some(heard));
    }
}

#[test]
fn why_a_colleague_refused_is_in_the_log_but_not_once_another_has_answered() {
    let busy = "Q.850;cause=17";
    for answers in [false, true] {
        let mut world = World::new(502, journey());
        let anna = world.phone("anna", Habit::Rings);
        let one = world.phone("bosse", Habit::Rings);
        let other = world.phone(
            "bosse",
            if answers {
                ANSWERS
            } else {
                Habit::Refuses(StatusCode::BUSY_HERE)
            },
        );
        world.call(anna, "102");
        world.run(seconds(1));
        world.phones[one].gives_reason = Some(busy);
        world.hang_up(one);
        world.run(seconds(3));
        assert_eq!(world.phones[other].talks(), answers);
        if answers {
            world.hang_up(anna);
            world.run(seconds(1));
        }
        let logged = world.ended_for.last().unwrap().to_string();
        assert_eq!(logged, if answers { "" } else { busy });
    }
}

#[test]
fn the_reason_reaches_across_two_calls() {
    let mut world = World::new(503, journey()).of_two_shards();
    let anna = world.phone("anna", Habit::Rings);
    let line = world.phone("bosse", ANSWERS);
    let second = world.phone("bosse", Habit::Rings);
    let carin = world.phone("carin", ANSWERS);
    world.call(anna, "102");
    world.run(seconds(3));
    world.call(second, "103");
    world.run(seconds(3));
    world.refer_to_line(line, second);
    world.run(seconds(1));
    world.phones[carin].gives_reason = Some(NORMAL);
    world.hang_up(carin);
    world.run(seconds(1));
    assert_eq!(reason(&world, anna), Some(NORMAL));
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_trusted_trunk_s_cause_says_more_than_a_vague_status_and_another_s_does_not() {
    let busy = "Q.850;cause=17;text=\"User busy\"";
    for (trust, status, said, told, next) in [
        (Trust::Yes, 503, Some(busy), 486, false),
        (Trust::Yes, 500, Some("Q.850;cause=1"), 404, false),
        (
            Trust::Yes,
            480,
            Some("SIP;cause=480, Q.850;cause=28"),
            484,
            false,
        ),
        (Trust::Yes, 503, Some("Q.850;cause=34"), 0, true),
        (Trust::Yes, 503, Some("SIP;cause=486"), 0, true),
        (Trust::Yes, 486, Some("Q.850;cause=1"), 486, false),
        (Trust::Yes, 503, None, 0, true),
        (Trust::No, 503, Some(busy), 0, true),
        (Trust::No, 480, Some(busy), 480, false),
    ] {
        let case = format!("{trust:?} {status} {said:?}");
        let mut directory = with_trunks(2);
        let organisation = directory.organisations.values_mut().next().unwrap();
        for trunk in organisation.trunks.values_mut() {
            trunk.identity.trust = trust;
        }
        let mut world = World::of(504, directory);
        let refuses = Habit::Refuses(StatusCode::new(status).unwrap());
        let first = world.phone("provider", refuses);
        world.phones[first].gives_reason = said;
        let second = world.phone("provider", ANSWERS);
        let anna = world.phone("anna", Habit::Rings);
        world.call(anna, "070-1234567");
        world.run(seconds(5));
        assert_eq!(world.phones[second].seen.is_empty(), !next, "{case}");
        if !next {
            assert_eq!(world.phones[anna].seen, [Seen::Refused(told)], "{case}");
        }
    }
}

#[test]
fn a_trunk_hears_in_its_own_words_why_its_call_is_refused() {
    for (refuses, status, cause) in [
        (StatusCode::BUSY_HERE, 486, "Q.850;cause=17"),
        (StatusCode::DECLINE, 603, "Q.850;cause=21"),
        (StatusCode::TEMPORARILY_UNAVAILABLE, 480, "Q.850;cause=18"),
    ] {
        let mut world = World::new(505, journey());
        world.set_organisation(|demo| {
            let anna = Destination::User(user("anna"));
            demo.numbers.insert("+46850001008".into(), anna.into());
        });
        let _anna = world.phone("anna", Habit::Refuses(refuses));
        let bosse = world.phone("bosse", Habit::Rings);
        let caller = world.phone("+46701234567", Habit::Rings);
        world.call(caller, "+46850001008");
        world.run(seconds(2));
        assert_eq!(world.phones[caller].seen, [Seen::Refused(status)]);
        let line = format!("SIP/2.0 {status}");
        assert!(world.sent(&[&line, cause]), "{status}");
        // A phone has no use for it.
        world.diary.clear();
        world.call(bosse, "101");
        world.run(seconds(2));
        assert!(world.sent(&[&line]) && !world.sent(&["Q.850"]), "{status}");
    }
}

// Changes: organisation.outside_refused
#[test]
fn who_may_not_call_outside_is_told_why_where_the_organisation_wants_that() {
    let prompt = |name: &str| PromptId::new(name);
    let says = OutsideRefused {
        not_allowed: prompt("not-allowed"),
        no_trunk: prompt("all-busy"),
        no_such_number: prompt("not-in-service"),
    };
    for (dialled, refuses, status, heard) in [
        ("0900-1234567", 503, 403, Some("not-allowed")),
        ("070-1234567", 503, 503, Some("all-busy")),
        ("070-1234567", 404, 404, Some("not-in-service")),
        ("070-1234567", 486, 486, None),
    ] {
        for told in [Some(says.clone()), None] {
            let mut directory = with_trunks(1);
            let organisation = directory.organisations.values_mut().next().unwrap();
            let tells = told.is_some();
            organisation.ways.outside_refused = told;
            let mut world = World::of(506, directory);
            let refuses = Habit::Refuses(StatusCode::new(refuses).unwrap());
            let _provider = world.phone("provider", refuses);
            let anna = world.phone("anna", Habit::Rings);
            world.call(anna, dialled);
            world.run(seconds(20));
            let seen = match (heard, tells) {
                (Some(prompt), true) => {
                    assert!(world.heard(prompt), "{dialled} {status}");
                    vec![Seen::Progress, Seen::Refused(status)]
                }
                _ => vec![Seen::Refused(status)],
            };
            assert_eq!(world.phones[anna].seen, seen, "{dialled} {status}");
            world.run(seconds(60));
            world.assert_at_rest();
        }
    }
}
