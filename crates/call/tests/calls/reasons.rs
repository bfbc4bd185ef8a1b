//! Why a call ends, as whoever ended it says (RFC 3326): passed on to the others, also across two calls.

use crate::phone::{Habit, Seen};
use crate::world::{NUMBER, World, journey};
use crate::{ANSWERS, seconds};
use sip_core::StatusCode;

const NORMAL: &str = "Q.850;cause=16;text=\"Normal call clearing\"";
const ELSEWHERE: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";

fn reason(world: &World, phone: usize) -> Option<&str> {
    world.phones[phone].reason.as_deref()
}

#[test]
fn the_reason_in_a_bye_reaches_the_other_party_and_the_log() {
    for (hangs_up, said) in [(0, Some(NORMAL)), (1, Some(NORMAL)), (0, None)] {
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
        assert_eq!(reason(&world, other), said);
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
