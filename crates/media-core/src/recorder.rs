//! What a party says, kept while it is said: where it begins and ends, and when it is over. Who records what, and what
//! becomes of it, is for others to say.

use crate::Codec;
use crate::g711::{FRAME_SAMPLES, SAMPLE_RATE_HZ};
use base::Time;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Longest recording. It is shorter than the longest prompt, and 2 MB in both codecs.
pub const RECORDING_MAX: Duration = Duration::from_secs(120);
/// So much silence after speech ends it: nobody pauses for longer within one message.
pub const SILENCE_MAX: Duration = Duration::from_secs(4);
/// So much silence from the beginning ends it: nobody speaks.
pub const NOTHING_MAX: Duration = Duration::from_secs(8);
/// Mean of the squares of a packet's samples from which it is speech: −42 dB, well above a line's noise.
const SPEECH_POWER: u64 = 260 * 260;
/// Left of the silence before speech, in samples: 100 ms, so that no soft consonant is lost.
const LEFT_BEFORE: usize = 800;
/// And after it: 200 ms, where a voice dies away.
const LEFT_AFTER: usize = 1_600;
/// A gap in the stream that is filled with silence, at most, in samples: a second. What jumps farther is a new stream.
const GAP_MAX: i32 = SAMPLE_RATE_HZ as i32;

/// A recording under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorder {
    token: u32,
    began: Time,
    /// When speech was last heard.
    heard: Option<Time>,
    /// Of speech: its first sample, and the one after its last.
    speech: (usize, usize),
    /// RTP timestamp of the next sample.
    next: Option<u32>,
    sound: Recording,
}

/// Sound in both codecs: it is heard in whichever a party has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// As A-law, whole frames of 160 bytes.
    pub a_law: Vec<u8>,
    /// As µ-law.
    pub mu_law: Vec<u8>,
}

impl Recorder {
    /// Records from now on; `token` comes back at its end.
    pub fn new(now: Time, token: u32) -> Recorder {
        Recorder {
            token,
            began: now,
            heard: None,
            speech: (0, 0),
            next: None,
            sound: Recording::default(),
        }
    }

    /// Whoever asked for it knows it by this.
    pub fn token(&self) -> u32 {
        self.token
    }

    /// A packet's payload.
    pub fn take(&mut self, now: Time, codec: Codec, timestamp: u32, payload: &[u8]) {
        let at = self.place(timestamp);
        let room = samples(RECORDING_MAX).saturating_sub(at);
        let payload = &payload[..payload.len().min(room)];
        if payload.is_empty() {
            return;
        }
        let end = at + payload.len();
        self.sound.put(at, codec, payload);
        let ahead = self.sound.a_law.len() == end;
        if ahead {
            self.next = Some(timestamp.wrapping_add(payload.len() as u32));
        }
        if is_speech(codec, payload) {
            let first = match self.heard {
                Some(_) => self.speech.0.min(at),
                None => at,
            };
            self.speech = (first, self.speech.1.max(end));
            self.heard = Some(now);
        }
    }

    /// Whether it has come to an end by itself.
    pub fn is_over(&self, now: Time) -> bool {
        let silent = match self.heard {
            Some(at) => now - at >= SILENCE_MAX,
            None => now - self.began >= NOTHING_MAX,
        };
        silent || now - self.began >= RECORDING_MAX
    }

    /// What was said, without the silence around it; empty where nothing was.
    pub fn finish(mut self) -> Recording {
        if self.heard.is_none() {
            return Recording::default();
        }
        let from = self.speech.0.saturating_sub(LEFT_BEFORE);
        let to = (self.speech.1 + LEFT_AFTER).min(self.sound.a_law.len());
        let whole = (to - from).div_ceil(FRAME_SAMPLES) * FRAME_SAMPLES;
        for (codec, bytes) in [
            (Codec::Pcma, &mut self.sound.a_law),
            (Codec::Pcmu, &mut self.sound.mu_law),
        ] {
            bytes.truncate(to);
            bytes.drain(..from);
            bytes.resize(whole, codec.silence());
        }
        self.sound
    }

    /// Where a packet's first sample belongs.
    fn place(&self, timestamp: u32) -> usize {
        let length = self.sound.a_law.len();
        let ahead = self
            .next
            .map_or(0, |next| timestamp.wrapping_sub(next) as i32);
        match ahead {
            // What was lost, or left out as silence, is silence.
            0..=GAP_MAX => length + ahead as usize,
            // It comes late.
            _ if ahead < 0 && ahead.unsigned_abs() <= GAP_MAX as u32 => {
                length.saturating_sub(ahead.unsigned_abs() as usize)
            }
            _ => length,
        }
    }
}

impl Recording {
    /// Its length.
    pub fn length(&self) -> Duration {
        Duration::from_millis(self.a_law.len() as u64 * 1_000 / u64::from(SAMPLE_RATE_HZ))
    }

    fn put(&mut self, at: usize, codec: Codec, payload: &[u8]) {
        let end = at + payload.len();
        for (of, bytes) in [
            (Codec::Pcma, &mut self.a_law),
            (Codec::Pcmu, &mut self.mu_law),
        ] {
            if bytes.len() < end {
                bytes.resize(end, of.silence());
            }
            bytes[at..end].copy_from_slice(payload);
            codec.transcode(of, &mut bytes[at..end]);
        }
    }
}

fn samples(span: Duration) -> usize {
    span.as_millis() as usize * (SAMPLE_RATE_HZ as usize / 1_000)
}

fn is_speech(codec: Codec, payload: &[u8]) -> bool {
    let square = |byte: &u8| {
        let sample = i64::from(codec.decode_sample(*byte));
        (sample * sample) as u64
    };
    let power: u64 = payload.iter().map(square).sum();
    power > SPEECH_POWER * payload.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says things to a recorder that is saved and loaded again and again.
    struct Speaker {
        recorder: Recorder,
        now: Time,
        timestamp: u32,
    }

    impl Speaker {
        fn new() -> Speaker {
            Speaker {
                recorder: Recorder::new(Time::ZERO, 7),
                now: Time::ZERO,
                timestamp: u32::MAX - 400,
            }
        }

        fn says(&mut self, codec: Codec, amplitude: i16, frames: usize) {
            for frame in 0..frames {
                let wave = |n: usize| if n % 8 < 4 { amplitude } else { -amplitude };
                let payload: Vec<u8> = (0..160).map(|n| codec.encode_sample(wave(n))).collect();
                if frame % 50 == 0 {
                    let saved = postcard::to_stdvec(&self.recorder).unwrap();
                    self.recorder = postcard::from_bytes(&saved).unwrap();
                }
                self.recorder
                    .take(self.now, codec, self.timestamp, &payload);
                self.passes(1);
            }
        }

        fn passes(&mut self, frames: u32) {
            self.now += Duration::from_millis(20) * frames;
            self.timestamp = self.timestamp.wrapping_add(160 * frames);
        }

        fn is_over(&self) -> bool {
            self.recorder.is_over(self.now)
        }
    }

    #[test]
    fn silence_before_and_after_speech_is_left_out_and_pauses_within_it_are_kept() {
        let mut speaker = Speaker::new();
        speaker.says(Codec::Pcma, 20, 100);
        speaker.says(Codec::Pcma, 4_000, 50);
        // The phone leaves silence out of its stream.
        speaker.passes(25);
        speaker.says(Codec::Pcma, 4_000, 25);
        assert!(!speaker.is_over());
        speaker.says(Codec::Pcma, 0, 198);
        assert!(!speaker.is_over());
        speaker.passes(1);
        assert!(speaker.is_over(), "four seconds of silence");
        let recording = speaker.recorder.finish();
        assert_eq!(
            recording.length(),
            Duration::from_millis(100 + 1_000 + 500 + 500 + 200)
        );
        assert_eq!(recording.a_law.len(), recording.mu_law.len());
        let loud = |byte: &u8| Codec::Pcma.decode_sample(*byte).unsigned_abs() > 3_000;
        assert_eq!(
            recording.a_law.iter().filter(|it| loud(it)).count(),
            75 * 160
        );
        assert!(recording.a_law[800..8_800].iter().all(loud));
    }

    #[test]
    fn a_recorder_that_hears_nothing_ends_and_has_nothing() {
        let mut speaker = Speaker::new();
        speaker.says(Codec::Pcmu, 20, 399);
        assert!(!speaker.is_over());
        speaker.passes(1);
        assert!(speaker.is_over());
        assert_eq!(speaker.recorder.finish(), Recording::default());
    }

    #[test]
    fn nobody_speaks_for_longer_than_a_recording_may_last() {
        let mut speaker = Speaker::new();
        speaker.says(Codec::Pcmu, 4_000, 5_999);
        assert!(!speaker.is_over());
        speaker.says(Codec::Pcmu, 4_000, 1);
        assert!(speaker.is_over());
        speaker.says(Codec::Pcmu, 4_000, 500);
        assert_eq!(speaker.recorder.finish().length(), RECORDING_MAX);
    }

    #[test]
    fn packets_that_come_late_or_twice_are_where_they_belong_and_a_new_stream_follows_the_old() {
        let mut recorder = Recorder::new(Time::ZERO, 0);
        let take = |recorder: &mut Recorder, timestamp: u32, byte: u8| {
            recorder.take(Time::ZERO, Codec::Pcma, timestamp, &[byte; 160]);
        };
        let loud = [0x80, 0x90, 0xA0, 0xB0];
        take(&mut recorder, 1_000, loud[0]);
        take(&mut recorder, 1_320, loud[2]);
        take(&mut recorder, 1_160, loud[1]);
        take(&mut recorder, 1_160, loud[1]);
        take(&mut recorder, 3_000_000, loud[3]);
        let heard = recorder.finish().a_law;
        let expected: Vec<u8> = loud.iter().flat_map(|byte| [*byte; 160]).collect();
        assert_eq!(heard, expected);
    }
}
