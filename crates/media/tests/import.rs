//! Sound files as people have them: of every kind, and all that is not one.

#![allow(clippy::unwrap_used)]

use media::{Prompt, PromptReason, Prompts};
use media_core::{Codec, PromptId};
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One of each kind that may be imported: a second of 440 Hz.
const KINDS: [&str; 12] = [
    "mono.wav",
    "float.wav",
    "adpcm.wav",
    "stereo.mp3",
    "mono.flac",
    "surround.flac",
    "stereo.ogg",
    "mono.opus",
    "stereo.opus",
    "surround.opus",
    "stereo.m4a",
    "mono.aac",
];
/// Where −19 LUFS are for that tone, in decibels of its root mean square: the weighting of BS.1770 gives 440 Hz back
/// half of what its offset takes.
const TONE_DB: f64 = -18.4;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/files")
        .join(name)
}

fn load(path: &Path) -> Result<Arc<Prompt>, PromptReason> {
    let id = PromptId::new("one");
    match Prompts::load(&[(id.clone(), path.to_owned())]) {
        Ok(prompts) => Ok(prompts.find(&id).unwrap()),
        Err(mut errors) => Err(errors.remove(0).reason),
    }
}

fn samples(prompt: &Prompt) -> Vec<f64> {
    (0..prompt.frames())
        .flat_map(|frame| prompt.frame(frame, Codec::Pcma).unwrap().to_vec())
        .map(|byte| f64::from(Codec::Pcma.decode_sample(byte)) / 32_768.0)
        .collect()
}

fn decibels(power: f64) -> f64 {
    10.0 * power.log10()
}

/// Power of all of it, and of 440 Hz in it.
fn powers(samples: &[f64]) -> (f64, f64) {
    let length = samples.len() as f64;
    let all = samples.iter().map(|sample| sample * sample).sum::<f64>() / length;
    let (mut sine, mut cosine) = (0.0, 0.0);
    for (n, sample) in samples.iter().enumerate() {
        let phase = std::f64::consts::TAU * 440.0 * n as f64 / 8_000.0;
        sine += sample * phase.sin();
        cosine += sample * phase.cos();
    }
    (
        all,
        2.0 * (sine * sine + cosine * cosine) / (length * length),
    )
}

#[test]
fn a_file_of_every_kind_rate_and_number_of_channels_is_heard_at_the_same_level() {
    for name in KINDS {
        let prompt = load(&file(name)).unwrap_or_else(|why| panic!("{name}: {why}"));
        // MP3 and AAC have frames before and after that players can't always tell from the sound.
        assert!(
            (49..=58).contains(&prompt.frames()),
            "{name}: {}",
            prompt.frames()
        );
        let samples = samples(&prompt);
        let (all, tone) = powers(&samples[1_600..6_400]);
        let level = decibels(all);
        assert!((level - TONE_DB).abs() < 1.0, "{name}: {level} dB");
        assert!(
            tone > all * 0.98,
            "{name}: {} dB beside the tone",
            decibels(all - tone)
        );
        let peak = samples
            .iter()
            .fold(0.0, |peak: f64, sample| peak.max(sample.abs()));
        assert!(peak < 10f64.powf(-3.0 / 20.0), "{name}: peak {peak}");
    }
}

#[test]
fn a_small_file_of_an_endless_sound_is_refused() {
    let why = load(&file("long.flac")).unwrap_err();
    assert!(matches!(why, PromptReason::TooLong), "{why}");
    assert_eq!(
        why.to_string(),
        "is longer than 60 minutes: leave out what nobody waits for"
    );
}

#[test]
fn a_file_cut_off_anywhere_is_heard_as_far_as_it_goes_or_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    for name in KINDS {
        let whole = std::fs::read(file(name)).unwrap();
        let cut = folder.path().join(name);
        for part in [
            0,
            1,
            3,
            16,
            43,
            44,
            100,
            whole.len() / 3,
            whole.len() / 2,
            whole.len() - 1,
        ] {
            std::fs::write(&cut, &whole[..part]).unwrap();
            match load(&cut) {
                Ok(prompt) => assert!((1..=58).contains(&prompt.frames()), "{name} to {part}"),
                Err(why) => assert!(!why.to_string().is_empty()),
            }
        }
        std::fs::write(&cut, "").unwrap();
        assert!(load(&cut).is_err(), "{name}: nothing is no sound");
    }
}

/// What happens to files: bytes that changed, pieces that went missing or came twice.
#[derive(Clone, Debug)]
struct Mangled {
    kind: usize,
    changes: Vec<(usize, u8)>,
    cut: (usize, usize),
    doubled: (usize, usize),
}

fn mangled() -> impl Strategy<Value = Mangled> {
    let place = || (0..20_000_usize, 0..64_usize);
    let changes = prop::collection::vec(
        (prop_oneof![0..256_usize, 0..50_000_usize], any::<u8>()),
        0..12,
    );
    (0..KINDS.len(), changes, place(), place()).prop_map(|(kind, changes, cut, doubled)| Mangled {
        kind,
        changes,
        cut,
        doubled,
    })
}

impl Mangled {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = std::fs::read(file(KINDS[self.kind])).unwrap();
        for (at, byte) in &self.changes {
            let length = bytes.len();
            bytes[at % length] = *byte;
        }
        let (at, length) = self.cut;
        let at = at % bytes.len();
        bytes.drain(at..(at + length).min(bytes.len()));
        let (at, length) = self.doubled;
        if let Some(piece) = bytes.get(at..at + length).map(<[u8]>::to_vec) {
            bytes.splice(at..at, piece);
        }
        bytes
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_became_of_a_file_loading_it_ends_with_a_prompt_or_a_reason(mangled in mangled()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(KINDS[mangled.kind]);
        std::fs::write(&path, mangled.bytes()).unwrap();
        if let Err(why) = load(&path) {
            prop_assert!(!why.to_string().is_empty());
        }
    }

    #[test]
    fn random_bytes_end_with_a_prompt_or_a_reason_whatever_they_are_called(bytes in prop::collection::vec(any::<u8>(), 0..4_096), kind in 0..KINDS.len()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(KINDS[kind]);
        std::fs::write(&path, bytes).unwrap();
        if let Err(why) = load(&path) {
            prop_assert!(!why.to_string().is_empty());
        }
    }
}
