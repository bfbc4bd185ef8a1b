//! Prompt files: what is decoded, how faithfully, and what is said of those that can't be.

#![allow(clippy::unwrap_used)]

use media::{Prompt, PromptReason, Prompts};
use media_core::{Codec, PromptId};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The tone that others are compared with: all of a file is levelled as one.
const REFERENCE_HZ: f32 = 1_000.0;

/// A 16-bit WAV file of a tone on all channels.
fn write_tone(path: &Path, rate_hz: u32, channels: u16, hertz: f32, samples: u32) {
    write_tones(path, rate_hz, channels, &[hertz], samples);
}

/// The same of several tones, one after the other.
fn write_tones(path: &Path, rate_hz: u32, channels: u16, tones: &[f32], samples: u32) {
    let sample = |hertz: f32, n: u32| {
        let phase = std::f32::consts::TAU * hertz * n as f32 / rate_hz as f32;
        ((phase.sin() * 10_000.0) as i16)
            .to_le_bytes()
            .repeat(usize::from(channels))
    };
    let data: Vec<u8> = tones
        .iter()
        .flat_map(|hertz| (0..samples).flat_map(move |n| sample(*hertz, n)))
        .collect();
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + data.len() as u32).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16u32.to_le_bytes());
    wav.extend(1u16.to_le_bytes());
    wav.extend(channels.to_le_bytes());
    wav.extend(rate_hz.to_le_bytes());
    wav.extend((rate_hz * u32::from(channels) * 2).to_le_bytes());
    wav.extend((channels * 2).to_le_bytes());
    wav.extend(16u16.to_le_bytes());
    wav.extend(b"data");
    wav.extend((data.len() as u32).to_le_bytes());
    wav.extend(data);
    std::fs::write(path, wav).unwrap();
}

fn linear(prompt: &Prompt, codec: Codec) -> Vec<f64> {
    (0..prompt.frames())
        .flat_map(|frame| prompt.frame(frame, codec).unwrap().to_vec())
        .map(|byte| f64::from(codec.decode_sample(byte)))
        .collect()
}

/// Root mean square in decibels.
fn level_db(samples: &[f64]) -> f64 {
    let mean = samples.iter().map(|sample| sample * sample).sum::<f64>() / samples.len() as f64;
    20.0 * mean.sqrt().max(1e-9).log10()
}

/// How much louder the second of two tones of a second each is than the first, in decibels.
fn second_over_first_db(samples: &[f64]) -> f64 {
    level_db(&samples[8_800..15_200]) - level_db(&samples[800..7_200])
}

fn load_one(path: &Path) -> Result<Arc<Prompt>, PromptReason> {
    let id = PromptId::new("one");
    match Prompts::load(&[(id.clone(), path.to_owned())]) {
        Ok(prompts) => Ok(prompts.find(&id).unwrap()),
        Err(mut errors) => {
            assert_eq!((errors.len(), errors[0].path.as_path()), (1, path));
            Err(errors.remove(0).reason)
        }
    }
}

#[test]
fn tones_of_the_telephone_band_keep_their_level_from_any_rate_and_those_above_vanish() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tone.wav");
    for (rate_hz, channels) in [
        (8_000, 1),
        (16_000, 1),
        (44_100, 2),
        (48_000, 1),
        (11_025, 1),
    ] {
        for hertz in [100.0, 440.0, 1_000.0, 3_400.0] {
            write_tones(&path, rate_hz, channels, &[REFERENCE_HZ, hertz], rate_hz);
            let prompt = load_one(&path).unwrap();
            assert_eq!(prompt.frames(), 100, "two seconds of {rate_hz} Hz");
            for codec in [Codec::Pcma, Codec::Pcmu] {
                let level = second_over_first_db(&linear(&prompt, codec));
                assert!(level.abs() < 1.0, "{hertz} Hz at {rate_hz}: {level} dB");
            }
        }
        if rate_hz > 12_000 {
            write_tones(&path, rate_hz, channels, &[REFERENCE_HZ, 5_000.0], rate_hz);
            let prompt = load_one(&path).unwrap();
            let level = second_over_first_db(&linear(&prompt, Codec::Pcmu));
            assert!(
                level < -50.0,
                "5 kHz at {rate_hz} Hz is heard at {level} dB"
            );
        }
    }
}

#[test]
fn a_prompt_is_filled_up_to_whole_frames_with_silence_and_begins_without_delay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("short.wav");
    write_tone(&path, 16_000, 1, 440.0, 16_000 / 50 * 2 + 100);
    let prompt = load_one(&path).unwrap();
    assert_eq!(prompt.frames(), 3);
    let samples = linear(&prompt, Codec::Pcmu);
    let (begin, middle) = (level_db(&samples[20..120]), level_db(&samples[100..300]));
    assert!(
        (begin - middle).abs() < 1.0,
        "the sound is where it was in the file"
    );
    assert!(samples[375..].iter().all(|sample| *sample == 0.0));
}

#[test]
fn every_file_that_cannot_be_a_prompt_is_named_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("text.wav"), "not a sound at all").unwrap();
    std::fs::write(path("empty.mp3"), "").unwrap();
    write_tone(&path("no-audio.wav"), 8_000, 1, 440.0, 0);
    write_tone(&path("slow.wav"), 1_000, 1, 44.0, 1_000);
    write_tone(&path("fine.wav"), 8_000, 1, 440.0, 800);
    let names = [
        "missing.wav",
        "text.wav",
        "empty.mp3",
        "no-audio.wav",
        "slow.wav",
        "fine.wav",
    ];
    let entries: Vec<(PromptId, PathBuf)> = names
        .iter()
        .map(|name| (PromptId::new(name), path(name)))
        .collect();
    let errors = Prompts::load(&entries).unwrap_err();
    let named: Vec<&str> = errors.iter().map(|error| error.id.as_str()).collect();
    assert_eq!(named, names[..5]);
    assert!(matches!(errors[0].reason, PromptReason::Unreadable(_)));
    assert!(
        matches!(errors[1].reason, PromptReason::Unknown(_)),
        "{}",
        errors[1]
    );
    assert!(
        matches!(errors[4].reason, PromptReason::Rate { hz: 1_000 }),
        "{}",
        errors[4]
    );
    for error in &errors {
        let text = error.to_string();
        assert!(
            text.contains(error.id.as_str()) && text.contains(folder.path().to_str().unwrap()),
            "{text}"
        );
    }
}

#[test]
fn a_reload_decodes_only_what_has_changed() {
    let folder = tempfile::tempdir().unwrap();
    let (same, changed) = (
        folder.path().join("same.wav"),
        folder.path().join("changed.wav"),
    );
    write_tone(&same, 16_000, 1, 440.0, 1_600);
    write_tone(&changed, 16_000, 1, 440.0, 1_600);
    let entries = [
        (PromptId::new("same"), same.clone()),
        (PromptId::new("also"), same),
        (PromptId::new("changed"), changed.clone()),
    ];
    let before = Prompts::load(&entries).unwrap();
    write_tone(&changed, 16_000, 1, 440.0, 16_000);
    let after = before.reload(&entries).unwrap();
    let find = |prompts: &Prompts, name: &str| prompts.find(&PromptId::new(name)).unwrap();
    assert!(Arc::ptr_eq(&find(&before, "same"), &find(&after, "same")));
    assert!(
        Arc::ptr_eq(&find(&after, "also"), &find(&after, "same")),
        "one file is decoded once"
    );
    assert_eq!(
        (
            find(&before, "changed").frames(),
            find(&after, "changed").frames()
        ),
        (5, 50)
    );
}

#[test]
fn a_frame_past_the_end_of_a_prompt_is_none() {
    let prompt = Prompt::from_linear(&[1_000; 161]);
    assert_eq!(prompt.frames(), 2);
    assert!(prompt.frame(1, Codec::Pcma).is_some());
    assert_eq!(prompt.frame(2, Codec::Pcma), None);
    assert_eq!(prompt.frame(u32::MAX, Codec::Pcma), None);
    assert_eq!(Prompt::from_linear(&[]).frames(), 0);
}
