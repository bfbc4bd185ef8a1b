//! A sound file of any kind, rate and number of channels to mono at 8 kHz. What is held of a file while it is read is its
//! sound at that rate and one block of its own, so that its size says nothing of what it costs.

use crate::opus::OpusFile;
use crate::prompts::PromptReason;
use crate::resample::Resamplers;
use media_core::g711::SAMPLE_RATE_HZ;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;

/// Longest prompt, in samples at 8 kHz: an hour of music, 57 MB in both codecs.
pub(crate) const SAMPLES_MAX: usize = 8_000 * 60 * 60;
/// Rates that a prompt may have.
const RATES_HZ: std::ops::RangeInclusive<u32> = 4_000..=384_000;
/// Channels that a prompt may have: Opus knows no more.
const CHANNELS_MAX: usize = 255;
/// Longest time that one file may take. An hour of music takes seconds; a file that was made to take longer has no
/// other purpose.
const DECODE_WITHIN: Duration = Duration::from_secs(120);

/// Decodes files one after the other, keeping the resamplers it has planned.
#[derive(Default)]
pub(crate) struct Decoder {
    resamplers: Resamplers,
}

impl Decoder {
    /// The file's sound, mono at 8 kHz, as loud as it is in the file.
    pub(crate) fn decode(&mut self, path: &Path) -> Result<Vec<f32>, PromptReason> {
        let began = Instant::now();
        let (mut format, mut sound) = open(path)?;
        let mut mono = Vec::new();
        let mut resampling = None;
        let mut frames: u64 = 0;
        let mut last_error = None;
        while let Some(packet) = next_packet(&mut *format)? {
            if began.elapsed() > DECODE_WITHIN {
                return Err(PromptReason::Slow);
            }
            if packet.track_id != sound.track {
                continue;
            }
            mono.clear();
            let rate_hz = match sound.decoder.decode(&packet, &mut mono) {
                Ok(rate_hz) => rate_hz,
                // A player skips a bad frame; a file of nothing else is refused below.
                Err(Skipped::Frame(why)) => {
                    last_error = Some(why);
                    continue;
                }
                Err(Skipped::File(reason)) => return Err(reason),
            };
            let begun = match &mut resampling {
                Some(begun) => begun,
                None => resampling.insert((self.resamplers.start(rate_hz)?, rate_hz)),
            };
            if begun.1 != rate_hz {
                let problem = format!("its rate changes from {} to {rate_hz} Hz", begun.1);
                return Err(PromptReason::Damaged(problem));
            }
            frames += mono.len() as u64;
            if frames > SAMPLES_MAX as u64 * u64::from(rate_hz) / u64::from(SAMPLE_RATE_HZ) {
                return Err(PromptReason::TooLong);
            }
            begun.0.push(&mono)?;
        }
        match (resampling, last_error) {
            (Some((resampling, _)), _) if frames > 0 => self.resamplers.finish(resampling),
            (_, Some(why)) => Err(PromptReason::Damaged(why)),
            (_, None) => Err(PromptReason::Empty),
        }
    }
}

/// The track of a file that is decoded, and by what.
struct Sound {
    track: u32,
    decoder: AnyDecoder,
}

/// What decodes: symphonia has all but Opus.
enum AnyDecoder {
    Symphonia {
        decoder: Box<dyn AudioDecoder>,
        interleaved: Vec<f32>,
    },
    Opus(Box<OpusFile>),
}

/// Why a packet gave no sound.
pub(crate) enum Skipped {
    /// It is bad; the next may be good.
    Frame(String),
    /// None of the file is to be had.
    File(PromptReason),
}

impl AnyDecoder {
    /// Appends a packet's sound as mono, and says its rate.
    fn decode(&mut self, packet: &Packet, mono: &mut Vec<f32>) -> Result<u32, Skipped> {
        let (decoder, interleaved) = match self {
            AnyDecoder::Opus(file) => return file.decode(packet, mono),
            AnyDecoder::Symphonia {
                decoder,
                interleaved,
            } => (decoder, interleaved),
        };
        let decoded = match decoder.decode(packet) {
            Ok(decoded) => decoded,
            Err(Error::DecodeError(why)) => return Err(Skipped::Frame(why.to_owned())),
            Err(error) => return Err(Skipped::File(PromptReason::Damaged(error.to_string()))),
        };
        let (rate, channels) = (decoded.spec().rate(), decoded.spec().channels().count());
        if !RATES_HZ.contains(&rate) {
            return Err(Skipped::File(PromptReason::Rate { hz: rate }));
        }
        if !(1..=CHANNELS_MAX).contains(&channels) {
            let problem = format!("has {channels} channels");
            return Err(Skipped::File(PromptReason::Damaged(problem)));
        }
        decoded.copy_to_vec_interleaved(interleaved);
        mix(interleaved, channels, mono);
        Ok(rate)
    }
}

/// Appends the mean of all channels. What is no number is no sound.
pub(crate) fn mix(interleaved: &[f32], channels: usize, mono: &mut Vec<f32>) {
    if channels == 1 {
        // The way of nearly all prompts: copied as it is.
        mono.extend(
            interleaved
                .iter()
                .map(|sample| if sample.is_finite() { *sample } else { 0.0 }),
        );
        return;
    }
    let scale = 1.0 / channels as f32;
    mono.extend(interleaved.chunks_exact(channels).map(|frame| {
        let mean = frame.iter().sum::<f32>() * scale;
        if mean.is_finite() { mean } else { 0.0 }
    }));
}

fn open(path: &Path) -> Result<(Box<dyn FormatReader>, Sound), PromptReason> {
    let file = File::open(path).map_err(|error| PromptReason::Unreadable(Arc::new(error)))?;
    let mut hint = Hint::new();
    if let Some(extension) = path.extension().and_then(|extension| extension.to_str()) {
        hint.with_extension(extension);
    }
    let stream = MediaSourceStream::new(Box::new(file), Default::default());
    let format = symphonia::default::get_probe()
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
    let parameters = track
        .codec_params
        .as_ref()
        .and_then(|parameters| parameters.audio())
        .ok_or(PromptReason::Empty)?;
    let decoder = match parameters.codec {
        CODEC_ID_OPUS => AnyDecoder::Opus(Box::new(OpusFile::open(parameters, track.delay)?)),
        _ => AnyDecoder::Symphonia {
            decoder: decoder_of(parameters)?,
            interleaved: Vec::new(),
        },
    };
    let sound = Sound {
        track: track.id,
        decoder,
    };
    Ok((format, sound))
}

fn decoder_of(parameters: &AudioCodecParameters) -> Result<Box<dyn AudioDecoder>, PromptReason> {
    symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &AudioDecoderOptions::default())
        .map_err(unknown)
}

fn next_packet(format: &mut dyn FormatReader) -> Result<Option<Packet>, PromptReason> {
    format
        .next_packet()
        .map_err(|error| PromptReason::Damaged(error.to_string()))
}

fn unknown(error: Error) -> PromptReason {
    PromptReason::Unknown(error.to_string())
}
