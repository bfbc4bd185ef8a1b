//! The prompts a server can play: decoded, resampled, levelled and encoded once at load, shared by all sessions.

use crate::decode::{Decoder, SAMPLES_MAX};
use crate::{loudness, wav};
use media_core::g711::FRAME_SAMPLES;
use media_core::{Codec, PromptId, Recording};
use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;
use std::{fmt, io};

/// Name of the threads that decode prompt files: a panic in one of them concerns that file alone.
pub const DECODER_THREAD: &str = "prompts";

/// Largest file read: an hour of CD-quality FLAC would be larger, and be no prompt.
pub const FILE_BYTES_MAX: u64 = 256 << 20;
/// Samples of the fade at either end (2.5 ms), so that a file cut in the middle of a wave doesn't click.
const EDGE_SAMPLES: usize = 20;

/// One prompt, ready to be sent: whole frames of 160 bytes in both codecs.
#[derive(Debug, PartialEq, Eq)]
pub struct Prompt {
    a_law: Box<[u8]>,
    mu_law: Box<[u8]>,
}

impl Prompt {
    /// From linear samples at 8 kHz; the last frame is filled up with silence.
    pub fn from_linear(linear: &[i16]) -> Prompt {
        let bytes = linear.len().div_ceil(FRAME_SAMPLES) * FRAME_SAMPLES;
        let encode = |codec: Codec| {
            let mut encoded = vec![codec.silence(); bytes].into_boxed_slice();
            codec.encode(linear, &mut encoded);
            encoded
        };
        Prompt {
            a_law: encode(Codec::Pcma),
            mu_law: encode(Codec::Pcmu),
        }
    }

    /// What a party said.
    pub(crate) fn of_recording(recording: Recording) -> Prompt {
        Prompt {
            a_law: recording.a_law.into_boxed_slice(),
            mu_law: recording.mu_law.into_boxed_slice(),
        }
    }

    /// As a WAV file: what was recorded, to be kept.
    pub fn to_wav(&self) -> Vec<u8> {
        self.to_wav_of(u32::MAX)
    }

    /// The same of its first so many frames of 20 ms.
    pub fn to_wav_of(&self, frames: u32) -> Vec<u8> {
        let bytes = self.a_law.len().min(frames as usize * FRAME_SAMPLES);
        let samples = self.a_law[..bytes].iter();
        wav::write(samples.map(|byte| Codec::Pcma.decode_sample(*byte)))
    }

    /// Its length in frames of 20 ms.
    pub fn frames(&self) -> u32 {
        (self.a_law.len() / FRAME_SAMPLES) as u32
    }

    /// One frame of it, 160 bytes.
    pub fn frame(&self, frame: u32, codec: Codec) -> Option<&[u8]> {
        let start = frame as usize * FRAME_SAMPLES;
        let encoded = match codec {
            Codec::Pcma => &self.a_law,
            Codec::Pcmu => &self.mu_law,
        };
        encoded.get(start..start + FRAME_SAMPLES)
    }
}

/// All prompts that are loaded, by name.
#[derive(Debug, Default)]
pub struct Prompts {
    by_id: HashMap<PromptId, Arc<Prompt>>,
    files: HashMap<PathBuf, Loaded>,
}

/// A file as it was when it was decoded: unless it has changed, it needn't be decoded again.
#[derive(Clone, Debug)]
struct Loaded {
    version: FileVersion,
    prompt: Arc<Prompt>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileVersion {
    modified: Option<SystemTime>,
    bytes: u64,
}

/// A prompt that can't be loaded, and why.
#[derive(Debug, thiserror::Error)]
#[error("prompt {id}: {}: {reason}", path.display())]
pub struct PromptError {
    /// The prompt.
    pub id: PromptId,
    /// Its file.
    pub path: PathBuf,
    /// What is wrong with it.
    #[source]
    pub reason: PromptReason,
}

/// What is wrong with a prompt's file.
#[derive(Debug, thiserror::Error)]
pub enum PromptReason {
    /// It can't be opened or read.
    #[error("cannot be read: {0}")]
    Unreadable(#[source] Arc<io::Error>),
    /// It is larger than a prompt may be.
    #[error("is {bytes} bytes, the limit is {FILE_BYTES_MAX}")]
    TooLarge {
        /// Its size.
        bytes: u64,
    },
    /// No decoder knows it.
    #[error(
        "is not audio of a known kind (wav, mp3, flac, ogg, opus, m4a): {0}; convert it, to WAV for instance"
    )]
    Unknown(String),
    /// It starts as audio and then doesn't go on as such.
    #[error("is damaged: {0}; get it anew from where it came from")]
    Damaged(String),
    /// Its rate is outside of what can be resampled.
    #[error(
        "has a sample rate of {hz} Hz, expected 4,000 to 384,000: convert it, to 16,000 Hz for instance"
    )]
    Rate {
        /// Its rate.
        hz: u32,
    },
    /// It is longer than a prompt may be.
    #[error("is longer than {} minutes: leave out what nobody waits for", SAMPLES_MAX / 8_000 / 60)]
    TooLong,
    /// It takes longer than any prompt.
    #[error("takes too long to read: convert it, to WAV for instance")]
    Slow,
    /// There is no sound in it.
    #[error("holds no audio")]
    Empty,
}

impl Clone for PromptReason {
    fn clone(&self) -> PromptReason {
        match self {
            PromptReason::Unreadable(error) => PromptReason::Unreadable(Arc::clone(error)),
            PromptReason::TooLarge { bytes } => PromptReason::TooLarge { bytes: *bytes },
            PromptReason::Unknown(why) => PromptReason::Unknown(why.clone()),
            PromptReason::Damaged(why) => PromptReason::Damaged(why.clone()),
            PromptReason::Rate { hz } => PromptReason::Rate { hz: *hz },
            PromptReason::TooLong => PromptReason::TooLong,
            PromptReason::Slow => PromptReason::Slow,
            PromptReason::Empty => PromptReason::Empty,
        }
    }
}

impl Prompts {
    /// Loads prompts from their files, on all cores. Either all can be read, or every one that can't is
    /// named.
    pub fn load(entries: &[(PromptId, PathBuf)]) -> Result<Prompts, Vec<PromptError>> {
        Prompts::default().reload(entries)
    }

    /// Loads prompts, reusing what these hold of files that have not changed (same path, time and size).
    pub fn reload(&self, entries: &[(PromptId, PathBuf)]) -> Result<Prompts, Vec<PromptError>> {
        let mut paths: Vec<&Path> = entries.iter().map(|(_, path)| path.as_path()).collect();
        paths.sort_unstable();
        paths.dedup();
        let loaded = self.load_files(&paths);
        let mut prompts = Prompts::default();
        let mut errors = Vec::new();
        for (id, path) in entries {
            match loaded.get(path.as_path()) {
                Some(Ok(loaded)) => {
                    prompts.by_id.insert(id.clone(), Arc::clone(&loaded.prompt));
                    prompts.files.insert(path.clone(), loaded.clone());
                }
                Some(Err(reason)) => errors.push(PromptError {
                    id: id.clone(),
                    path: path.clone(),
                    reason: reason.clone(),
                }),
                None => {}
            }
        }
        if errors.is_empty() {
            Ok(prompts)
        } else {
            Err(errors)
        }
    }

    /// The prompt of that name.
    pub fn find(&self, id: &PromptId) -> Option<Arc<Prompt>> {
        self.by_id.get(id).cloned()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    fn load_files<'a>(
        &self,
        paths: &[&'a Path],
    ) -> HashMap<&'a Path, Result<Loaded, PromptReason>> {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let next = AtomicUsize::new(0);
        let results = Mutex::new(HashMap::with_capacity(paths.len()));
        let work = || {
            let mut decoder = Decoder::default();
            while let Some(path) = paths.get(next.fetch_add(1, Relaxed)) {
                let loaded = self.load_file(path, &mut decoder);
                results
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(*path, loaded);
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..cores.min(paths.len()) {
                let thread = std::thread::Builder::new().name(DECODER_THREAD.into());
                // Where no more threads are to be had, the others do its work.
                let _ = thread.spawn_scoped(scope, work);
            }
            work();
        });
        results.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn load_file(&self, path: &Path, decoder: &mut Decoder) -> Result<Loaded, PromptReason> {
        let unreadable = |error| PromptReason::Unreadable(Arc::new(error));
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        let version = FileVersion {
            modified: metadata.modified().ok(),
            bytes: metadata.len(),
        };
        if let Some(known) = self
            .files
            .get(path)
            .filter(|known| known.version == version)
        {
            return Ok(known.clone());
        }
        // A pipe would be waited for, and a device never ends.
        if !metadata.is_file() {
            return Err(unreadable(io::Error::other("it is no file")));
        }
        if version.bytes > FILE_BYTES_MAX {
            return Err(PromptReason::TooLarge {
                bytes: version.bytes,
            });
        }
        let prompt = Arc::new(Prompt::from_linear(&read(path, decoder)?));
        Ok(Loaded { version, prompt })
    }
}

impl FromIterator<(PromptId, Prompt)> for Prompts {
    /// Prompts that come from no file.
    fn from_iter<I: IntoIterator<Item = (PromptId, Prompt)>>(prompts: I) -> Prompts {
        Prompts {
            by_id: prompts
                .into_iter()
                .map(|(id, prompt)| (id, Arc::new(prompt)))
                .collect(),
            files: HashMap::new(),
        }
    }
}

impl fmt::Display for Prompts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} prompts from {} files",
            self.by_id.len(),
            self.files.len()
        )
    }
}

/// A file's sound as it is to be heard. A decoder that panics over it is that file's fault alone.
fn read(path: &Path, decoder: &mut Decoder) -> Result<Vec<i16>, PromptReason> {
    let decoded = catch_unwind(AssertUnwindSafe(|| decoder.decode(path)));
    let mut sound = decoded.unwrap_or_else(|_| {
        // What it left behind is not to be trusted.
        *decoder = Decoder::default();
        Err(PromptReason::Damaged("its decoder gave up".into()))
    })?;
    loudness::level(&mut sound);
    // A float that is not a number becomes 0, one beyond the scale its end.
    let to_linear = |sample: &f32| (sample * 32_768.0).round() as i16;
    let mut linear: Vec<i16> = sound.iter().map(to_linear).collect();
    soften_edges(&mut linear);
    Ok(linear)
}

fn soften_edges(linear: &mut [i16]) {
    let edge = EDGE_SAMPLES.min(linear.len() / 2);
    let length = linear.len();
    for index in 0..edge {
        let scale = |sample: i16| (i32::from(sample) * index as i32 / EDGE_SAMPLES as i32) as i16;
        linear[index] = scale(linear[index]);
        linear[length - 1 - index] = scale(linear[length - 1 - index]);
    }
}
