//! Prompts recorded and heard by telephone.

use crate::phone::{Habit, Seen};
use crate::seconds;
use crate::world::{World, journey, user};
use base::OrgId;
use call::dictation::{Dictated, Recordable, RecordingKept, RecordingPrompts};
use call::settings::FeatureCode;
use control::{PromptAction, PromptCommand, Role};
use media_core::{Command, OWN_RECORDING, PromptId};
use std::collections::BTreeMap;

fn prompt(name: &str) -> PromptId {
    PromptId::new(name)
}

/// A world where anna is an administrator, bosse a supervisor, and prompt 7 may be recorded.
fn world() -> World {
    let mut world = World::new(1, journey());
    world.set_organisation(|demo| {
        for (code, feature) in [
            ("*20", FeatureCode::RecordPrompt),
            ("*22", FeatureCode::ListenToPrompt),
        ] {
            demo.feature_codes.insert(code.into(), feature);
        }
        let welcome = Recordable {
            name: "our-welcome".into(),
            heard: Some(prompt("welcome")),
        };
        demo.dictated = Dictated {
            numbers: BTreeMap::from([("7".into(), welcome)]),
            prompts: Some(RecordingPrompts {
                after_tone: prompt("after-tone"),
                tone: prompt("beep"),
                choices: prompt("choices"),
                kept: prompt("kept"),
                nothing: prompt("nothing"),
                refused: prompt("refused"),
            }),
        };
        for (name, role) in [("anna", Role::Administrator), ("bosse", Role::Supervisor)] {
            demo.users.get_mut(&user(name)).unwrap().role = role;
        }
    });
    world
}

fn recorded(world: &World) -> usize {
    let commands = world.media.values().flatten();
    commands
        .filter(|command| matches!(command, Command::Record { .. }))
        .count()
}

#[test]
fn an_administrator_records_listens_and_keeps_and_is_told_so() {
    let mut world = world();
    let anna = world.phone("anna", Habit::Rings);
    world.call(anna, "*207");
    world.run(seconds(1));
    assert!(world.heard("after-tone") && world.heard("beep"));
    world.run(seconds(20));
    assert_eq!(recorded(&world), 1);
    assert!(world.heard("choices"));
    world.press('1');
    world.run(seconds(1));
    assert!(world.heard(OWN_RECORDING));
    world.press('2');
    world.run(seconds(5));
    let org = OrgId::new("demo").unwrap();
    let name = "our-welcome".into();
    let action = PromptAction::Record { name };
    assert_eq!(world.kept, [PromptCommand { org, action }]);
    assert!(world.heard("kept") && !world.heard("refused"));
    world.run(seconds(5));
    assert!(world.phones[anna].seen.contains(&Seen::HungUpOn));
    world.assert_at_rest();
}

#[test]
fn what_could_not_be_kept_is_told_and_nothing_is_kept_of_who_hangs_up_before() {
    let mut world = world();
    world.keeps = RecordingKept::No;
    let anna = world.phone("anna", Habit::Rings);
    world.call(anna, "*207");
    world.run(seconds(20));
    world.press('2');
    world.run(seconds(5));
    assert!(world.heard("refused") && !world.heard("kept"));
    world.run(seconds(5));
    world.kept.clear();
    world.call(anna, "*207");
    world.run(seconds(20));
    world.hang_up(anna);
    world.run(seconds(5));
    assert!(world.kept.is_empty());
    world.assert_at_rest();
}

#[test]
fn who_says_nothing_is_asked_again_and_then_left() {
    let mut world = world();
    world.spoken = seconds(0);
    let anna = world.phone("anna", Habit::Rings);
    world.call(anna, "*207");
    world.run(seconds(90));
    assert_eq!(recorded(&world), 3);
    assert!(world.heard("nothing") && !world.heard("choices"));
    assert!(world.phones[anna].seen.contains(&Seen::HungUpOn));
    world.assert_at_rest();
}

// Changes: feature_codes.listen_to_prompt
#[test]
fn who_may_not_record_is_refused_and_a_supervisor_may_listen() {
    let mut world = world();
    let bosse = world.phone("bosse", Habit::Rings);
    let carin = world.phone("carin", Habit::Rings);
    for (phone, code, heard) in [
        (bosse, "*207", "refused"),
        (carin, "*207", "refused"),
        (carin, "*227", "refused"),
        (bosse, "*227", "welcome"),
    ] {
        world.media.clear();
        world.call(phone, code);
        world.run(seconds(10));
        assert!(world.heard(heard), "{code}");
        assert_eq!(recorded(&world), 0);
    }
    world.phones[bosse].seen.clear();
    world.call(bosse, "*208");
    world.run(seconds(2));
    assert_eq!(
        world.phones[bosse].seen,
        [Seen::Refused(404)],
        "no such prompt"
    );
    world.assert_at_rest();
}
