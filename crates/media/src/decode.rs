//! A sound file of any kind, rate and number of channels to mono at 8 kHz.

use crate::prompts::PromptReason;
use media_core::g711::SAMPLE_RATE_HZ;
use rubato::audioadapter_buffers::owned::InterleavedOwned;
use rubato::{Fft, FixedSync, Resampler, WindowFunction};
use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

/// Longest prompt, in samples at 8 kHz: an hour of music, 57 MB in both codecs.
pub(crate) const SAMPLES_MAX: usize = 8_000 * 60 * 60;
/// Rates that a prompt may have.
const RATES_HZ: std::ops::RangeInclusive<u32> = 4_000..=384_000;
/// Block of the resampler at its output, in samples: 128 ms. Shorter blocks cut into speech: 20 ms lose
/// 28 dB at 3.4 kHz.
const BLOCK_SAMPLES: usize = 1_024;

/// Decodes files one after the other, keeping the resamplers it has planned.
#[derive(Default)]
pub(crate) struct Decoder {
    resamplers: HashMap<u32, Fft<f32>>,
}

impl Decoder {
    /// The file's sound, mono at 8 kHz.
    pub(crate) fn decode(&mut self, path: &Path) -> Result<Vec<i16>, PromptReason> {
        let (mono, rate_hz) = read_mono(path)?;
        if mono.is_empty() {
            return Err(PromptReason::Empty);
        }
        let resampled = self.resample(mono, rate_hz)?;
        Ok(resampled.iter().map(|sample| to_linear(*sample)).collect())
    }

    fn resample(&mut self, mono: Vec<f32>, rate_hz: u32) -> Result<Vec<f32>, PromptReason> {
        if rate_hz == SAMPLE_RATE_HZ {
            return Ok(mono);
        }
        let damaged = |why: String| PromptReason::Damaged(why);
        let resampler = match self.resamplers.entry(rate_hz) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(new) => {
                let fft = Fft::new_custom(
                    rate_hz as usize,
                    SAMPLE_RATE_HZ as usize,
                    BLOCK_SAMPLES,
                    1,
                    1,
                    WindowFunction::BlackmanHarris2,
                    FixedSync::Output,
                );
                new.insert(fft.map_err(|error| damaged(error.to_string()))?)
            }
        };
        let frames = mono.len();
        let input = InterleavedOwned::new_from(mono, 1, frames)
            .map_err(|error| damaged(error.to_string()))?;
        let output = resampler
            .process_all(&input, frames, None)
            .map_err(|error| damaged(error.to_string()))?;
        Ok(output.take_data())
    }
}

fn read_mono(path: &Path) -> Result<(Vec<f32>, u32), PromptReason> {
    let file = File::open(path).map_err(|error| PromptReason::Unreadable(Arc::new(error)))?;
    let unknown = |error: Error| PromptReason::Unknown(error.to_string());
    let mut hint = Hint::new();
    if let Some(extension) = path.extension().and_then(|extension| extension.to_str()) {
        hint.with_extension(extension);
    }
    let stream = MediaSourceStream::new(Box::new(file), Default::default());
    let mut format = symphonia::default::get_probe()
        .probe(
            &hint,
            stream,
            FormatOptions::default(),
            MetadataOptions::default(),
        )
        .map_err(unknown)?;
    let track = format
        .default_track(TrackType::Audio)
        .ok_or(PromptReason::Empty)?;
    let track_id = track.id;
    let parameters = track
        .codec_params
        .as_ref()
        .and_then(|parameters| parameters.audio());
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(
            parameters.ok_or(PromptReason::Empty)?,
            &AudioDecoderOptions::default(),
        )
        .map_err(unknown)?;

    let mut mono = Vec::new();
    let mut interleaved: Vec<f32> = Vec::new();
    let mut rate_hz = 0;
    let mut last_error = None;
    while let Some(packet) = format
        .next_packet()
        .map_err(|error| PromptReason::Damaged(error.to_string()))?
    {
        if packet.track_id != track_id {
            continue;
        }
        let decoded = match decoder.decode(&packet) {
            Ok(decoded) => decoded,
            // A player skips a bad frame; a file of nothing else is refused below.
            Err(Error::DecodeError(why)) => {
                last_error = Some(why);
                continue;
            }
            Err(error) => return Err(PromptReason::Damaged(error.to_string())),
        };
        let rate = decoded.spec().rate();
        if !RATES_HZ.contains(&rate) {
            return Err(PromptReason::Rate { hz: rate });
        }
        if rate_hz != 0 && rate != rate_hz {
            return Err(PromptReason::Damaged(format!(
                "its rate changes from {rate_hz} to {rate} Hz"
            )));
        }
        rate_hz = rate;
        let channels = decoded.spec().channels().count().max(1);
        decoded.copy_to_vec_interleaved(&mut interleaved);
        let scale = 1.0 / channels as f32;
        mono.extend(
            interleaved
                .chunks_exact(channels)
                .map(|frame| frame.iter().sum::<f32>() * scale),
        );
        let limit = SAMPLES_MAX as u64 * u64::from(rate_hz) / u64::from(SAMPLE_RATE_HZ);
        if mono.len() as u64 > limit {
            return Err(PromptReason::TooLong);
        }
    }
    match last_error {
        Some(why) if mono.is_empty() => Err(PromptReason::Damaged(why.to_string())),
        _ => Ok((mono, rate_hz)),
    }
}

fn to_linear(sample: f32) -> i16 {
    // A float that is not a number becomes 0, one beyond the scale its end.
    (sample * 32_768.0).round() as i16
}
