//! Agents ask by code how they stand, and end or extend their wrap-up time.

use crate::phone::Habit;
use crate::world::{NUMBER, WRAP_UP, World, journey};
use crate::{ANSWERS, seconds, state};
use base::OrgId;

/// Dials a code, and hears that said.
fn dial(world: &mut World, phone: usize, code: &str, said: &[&str]) {
    world.media.clear();
    world.call(phone, code);
    world.run(seconds(3));
    for prompt in said {
        assert!(world.heard(prompt), "{code} says {prompt}");
    }
}

/// One who has just talked to a caller, and another.
fn after_a_call(seed: u64) -> (World, usize, usize) {
    let mut world = World::new(seed, journey());
    let anna = world.phone("anna", ANSWERS);
    let caller = world.phone("caller", Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(8));
    assert!(world.phones[anna].talks());
    world.hang_up(caller);
    world.run(seconds(1));
    assert_eq!(state(&world, "anna"), "wrap-up");
    (world, anna, caller)
}

// Changes: feature_codes.agent_status
#[test]
fn an_agent_hears_in_which_queues_he_is_logged_in_and_how_he_stands() {
    let (mut world, anna, _) = after_a_call(501);
    let status: &[&str] = &["agent-logged-in-to", "sv/number-1", "sv/number-0"];
    dial(&mut world, anna, "*10", status);
    assert!(world.heard("agent-in-wrap-up"));
    for (code, then) in [("*17", "agent-free"), ("*13", "paused")] {
        dial(&mut world, anna, code, &[]);
        world.run(seconds(3));
        dial(&mut world, anna, "*10", status);
        assert!(world.heard(then), "after {code}");
        world.run(seconds(3));
    }
    dial(&mut world, anna, "*12", &["logged-out"]);
    world.run(seconds(3));
    dial(&mut world, anna, "*10", &["logged-out"]);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn wrap_up_is_ended_and_extended_by_code_and_is_no_longer_there_to_be_extended_then() {
    let (mut world, anna, _) = after_a_call(502);
    dial(&mut world, anna, "*18", &["agent-wrap-up-extended"]);
    world.run(WRAP_UP);
    assert_eq!(state(&world, "anna"), "wrap-up");
    dial(&mut world, anna, "*17", &["agent-wrap-up-ended"]);
    world.run(seconds(3));
    assert_eq!(state(&world, "anna"), "free");
    dial(&mut world, anna, "*18", &["refused"]);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn wrap_up_is_not_lost_when_the_agent_sends_the_caller_on() {
    let mut world = World::new(503, journey());
    let anna = world.phone("anna", ANSWERS);
    let carin = world.phone("carin", ANSWERS);
    let caller = world.phone("caller", Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(8));
    world.refer(anna, "<sip:103@demo.localhost>");
    world.run(seconds(4));
    assert!(world.phones[carin].talks());
    assert!(world.phones[anna].is_idle());
    assert_eq!(state(&world, "anna"), "wrap-up");
    world.hang_up(caller);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_reason_that_there_is_not_is_refused_in_words_of_its_own() {
    let mut world = World::new(504, journey());
    let anna = world.phone("anna", Habit::Rings);
    let mut settings = crate::world::settings();
    let rules = settings.rules.entry(OrgId::new("demo").unwrap());
    let reasons = &mut rules.or_default().pause_reasons;
    reasons.insert("1".into(), "lunch".into());
    world.tell_engine(acd::Input::Configure(settings.into()));
    dial(&mut world, anna, "*132", &["agent-no-such-reason"]);
    world.run(seconds(3));
    assert_eq!(state(&world, "anna"), "free");
    dial(&mut world, anna, "*131", &["paused"]);
    world.run(seconds(3));
    assert_eq!(
        world.agent("anna"),
        acd::AgentState::Paused {
            reason: Some("lunch".into())
        }
    );
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_basic_user_who_dials_himself_in_hears_that_his_licence_does_not_go_for_the_queue() {
    let mut world = World::new(506, journey());
    let anna = world.phone("anna", Habit::Rings);
    let mut settings = crate::world::settings();
    for agent in settings.agents.values_mut() {
        agent.licence = acd::Licence::Basic;
    }
    world.tell_engine(acd::Input::Configure(settings.into()));
    assert_eq!(state(&world, "anna"), "logged out");
    dial(&mut world, anna, "*11", &["agent-no-licence"]);
    world.run(seconds(60));
    assert_eq!(state(&world, "anna"), "logged out");
    world.assert_at_rest();
}

#[test]
fn a_supervisor_moves_another_s_switches_by_his_extension_and_nobody_else_does() {
    let mut world = World::new(505, journey());
    let carin = world.phone("carin", Habit::Rings);
    let _anna = world.phone("anna", Habit::Rings);
    let moves = |world: &mut World, code: &str, says: &str, then: &str| {
        dial(world, carin, code, &[says]);
        world.run(seconds(3));
        assert_eq!(state(world, "anna"), then, "{code}");
    };
    moves(&mut world, "*12101", "refused", "free");
    world.set_user("carin", |carin| carin.role = control::Role::Supervisor);
    moves(&mut world, "*13101", "paused", "paused");
    moves(&mut world, "*14101", "resumed", "free");
    moves(&mut world, "*12101", "logged-out", "logged out");
    moves(&mut world, "*11101", "logged-in", "free");
    world.run(seconds(60));
    world.assert_at_rest();
}
