//! Prompts that are recorded by telephone, imported and taken again are what the next caller hears.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::PathBuf;
use std::time::{Duration, Instant};
use tests::hearing::{Hearing, hears};
use tests::phone::{Call, Phone};
use tests::rtp::{self, Sound};
use tests::server::{Server, repository};
use tests::sound;

const NUMBER: &str = "+46850001000";
const SOON: Duration = Duration::from_secs(5);
/// The longest prompt and then some.
const SAID: Duration = Duration::from_secs(15);
const POUND: u8 = 11;
/// −19 LUFS of a tone near 440 Hz, in dB against a full-scale sine.
const LEVELLED_DB: f64 = -15.4;

fn press(call: &Call, event: u8) {
    call.media.press(event, Duration::from_millis(100));
}

fn level(call: &Call, hertz: f64) -> f64 {
    let packets = call.media.listen(Duration::from_millis(400));
    sound::level_db(&rtp::samples(&packets), hertz)
}

/// Waits until a tone is heard that is as loud as prompts are.
fn hears_tone(call: &Call, hertz: f64) {
    let deadline = Instant::now() + SAID;
    let mut loudest = f64::MIN;
    while (loudest - LEVELLED_DB).abs() > 1.5 {
        assert!(
            Instant::now() < deadline,
            "{hertz} Hz was heard at {loudest:.1} dB"
        );
        loudest = loudest.max(level(call, hertz));
    }
}

/// A caller who is welcomed with a tone.
fn next_caller_hears(server: &Server, hertz: f64) {
    let caller = Phone::outside(server, "+46701234567");
    let mut call = caller.call(NUMBER);
    call.expect_answer(SOON);
    hears_tone(&call, hertz);
    call.hang_up();
}

fn versions(server: &Server) -> Vec<(u64, bool)> {
    let rows = server.ctl(&["prompts", "list", "demo"]);
    let rows = rows.as_array().unwrap().clone();
    let of = |row: &serde_json::Value| {
        assert_eq!(row["name"], "demo/queue-welcome");
        (
            row["version"].as_u64().unwrap(),
            row["heard"].as_bool().unwrap(),
        )
    };
    rows.iter().map(of).collect()
}

// Changes: feature_codes.record_prompt, prompt_numbers, users.role
#[test]
fn what_an_administrator_records_by_telephone_is_heard_by_the_next_caller_also_after_a_restart() {
    let mut server = Server::demo();
    let david = Phone::agent(&server, "david");
    let mut call = david.call("*201");
    call.expect_answer(SOON);
    call.media.play(Sound::Tone(500.0));
    // Three seconds of what becomes the prompt.
    Hearing::of(&server, &call).speaks("sv", Duration::from_secs(3));
    press(&call, POUND);
    call.media.play(Sound::Silence);
    hears(&server, &call, "sv/record-choices");
    press(&call, 1);
    let deadline = Instant::now() + SAID;
    while level(&call, 500.0) < -20.0 {
        assert!(Instant::now() < deadline, "he never heard what he said");
    }
    assert!(versions(&server).is_empty(), "it is not kept yet");
    press(&call, 2);
    hears(&server, &call, "sv/record-kept");
    call.expect_bye(SOON);
    assert_eq!(versions(&server), [(1, true)]);
    next_caller_hears(&server, 500.0);
    drop(david);
    server.kill_and_start_again();
    next_caller_hears(&server, 500.0);
}

#[test]
fn an_agent_may_not_record_and_a_number_that_is_no_prompts_is_not_there() {
    let server = Server::demo();
    let anna = Phone::agent(&server, "anna");
    let mut call = anna.call("*201");
    call.expect_answer(SOON);
    hears(&server, &call, "sv/agent-refused");
    call.expect_bye(SOON);
    assert_eq!(anna.call("*209").answered(SOON), 404);
    assert!(
        server
            .ctl(&["prompts", "list"])
            .as_array()
            .unwrap()
            .is_empty()
    );
}

fn file(name: &str) -> PathBuf {
    repository().join("crates/media/tests/files").join(name)
}

fn import(server: &Server, path: &std::path::Path) -> std::process::Output {
    let path = path.to_str().unwrap();
    server.ctl_output(&["prompts", "import", path, "--as", "queue-welcome"])
}

#[test]
fn a_file_of_every_kind_is_imported_and_heard_at_the_level_of_all_prompts() {
    let server = Server::demo();
    let between = server.folder().join("between.wav");
    let samples = sound::tone(700.0, -30.0, 16_000);
    std::fs::write(&between, sound::wav(&samples)).unwrap();
    for name in [
        "mono.wav",
        "stereo.mp3",
        "surround.flac",
        "stereo.ogg",
        "stereo.opus",
        "stereo.m4a",
    ] {
        // Another tone before, so that each file is heard itself.
        assert!(import(&server, &between).status.success());
        next_caller_hears(&server, 700.0);
        let output = import(&server, &file(name));
        assert!(output.status.success(), "{name}: {output:?}");
        next_caller_hears(&server, 440.0);
    }
    assert_eq!(versions(&server)[0], (12, true));
    // Its settings are wrong for the moment: what is refused is not heard later.
    server.edit("queues.support.ring", "\"soon\"");
    assert!(!import(&server, &between).status.success());
    server.edit("queues.support.ring", "\"20s\"");
    server.ctl(&["reload"]);
    assert_eq!(versions(&server)[0], (12, true));
    assert_eq!(versions(&server).len(), 10);
    next_caller_hears(&server, 440.0);
}

#[test]
fn what_is_no_sound_is_refused_with_its_reason_and_an_older_version_is_heard_again() {
    let server = Server::demo();
    let recorded = server.folder().join("recorded.wav");
    let samples = sound::tone(700.0, -30.0, 16_000);
    std::fs::write(&recorded, sound::wav(&samples)).unwrap();
    for good in [&recorded, &file("mono.flac")] {
        assert!(import(&server, good).status.success());
    }
    let broken = server.folder().join("broken.mp3");
    std::fs::write(&broken, "this is a letter").unwrap();
    for (bad, why) in [
        (broken, "is not audio of a known kind"),
        (file("long.flac"), "is longer than 60 minutes"),
        (file("make.sh"), "is not audio of a known kind"),
        (file("missing.wav"), "cannot be read"),
    ] {
        let output = import(&server, &bad);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(why), "{said}");
        assert!(said.contains(bad.to_str().unwrap()), "{said}");
    }
    assert_eq!(versions(&server), [(2, true), (1, false)]);
    next_caller_hears(&server, 440.0);
    server.ctl(&["prompts", "restore", "queue-welcome", "1"]);
    assert_eq!(versions(&server), [(3, true), (2, false), (1, false)]);
    next_caller_hears(&server, 700.0);
    let david = Phone::agent(&server, "david");
    let mut call = david.call("*221");
    call.expect_answer(SOON);
    hears_tone(&call, 700.0);
    call.expect_bye(SOON);
}
