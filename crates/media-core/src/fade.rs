//! The cross-fade of one frame by which one sound follows another without a click.

use crate::Codec;
use crate::g711::FRAME_SAMPLES;
use serde::{Deserialize, Serialize};

/// Samples smaller than this are silence in either codec: A-law's own zero is 8.
const SILENT: u16 = 8;
/// A sound of which only the last sample is known goes to zero in so many samples (5 ms).
const TAIL_SAMPLES: i32 = 40;

/// The frame that would have come, had the sound not changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fade {
    /// Empty is silence.
    fading: Vec<i16>,
}

impl Fade {
    /// From silence into the middle of a sound.
    pub(crate) fn from_silence() -> Fade {
        Fade { fading: Vec::new() }
    }

    /// From a frame; `None` if it is silent, so that what follows is heard from its first sample.
    pub(crate) fn from_frame(codec: Codec, frame: &[u8]) -> Option<Fade> {
        let mut fading = vec![0; frame.len().min(FRAME_SAMPLES)];
        codec.decode(frame, &mut fading);
        fading
            .iter()
            .any(|sample| sample.unsigned_abs() > SILENT)
            .then_some(Fade { fading })
    }

    /// From a sound that stopped at `sample`; `None` if that is silence.
    pub(crate) fn from_sample(sample: i16) -> Option<Fade> {
        if sample.unsigned_abs() <= SILENT {
            return None;
        }
        let fading = (0..TAIL_SAMPLES)
            .map(|index| (i32::from(sample) * (TAIL_SAMPLES - index) / TAIL_SAMPLES) as i16)
            .collect();
        Some(Fade { fading })
    }

    /// Fades from the old sound to the one in `payload` over the payload's first frame.
    pub(crate) fn mix_into(&self, codec: Codec, payload: &mut [u8]) {
        let length = payload.len().min(FRAME_SAMPLES) as i32;
        for (index, byte) in payload.iter_mut().take(FRAME_SAMPLES).enumerate() {
            let old = i32::from(self.fading.get(index).copied().unwrap_or(0));
            let new = i32::from(codec.decode_sample(*byte));
            let index = index as i32;
            let mixed = (old * (length - index) + new * index) / length;
            *byte = codec.encode_sample(mixed as i16);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fade_starts_as_the_old_sound_and_ends_as_the_new_with_no_step_between() {
        let codec = Codec::Pcma;
        let old = [codec.encode_sample(8_000); FRAME_SAMPLES];
        let mut payload = [codec.encode_sample(-8_000); FRAME_SAMPLES];
        Fade::from_frame(codec, &old)
            .unwrap()
            .mix_into(codec, &mut payload);
        let mut linear = [0; FRAME_SAMPLES];
        codec.decode(&payload, &mut linear);
        assert!((linear[0] - 8_000).abs() < 300, "{}", linear[0]);
        assert!((linear[159] + 8_000).abs() < 500, "{}", linear[159]);
        let step = linear
            .windows(2)
            .map(|pair| (pair[0] - pair[1]).abs())
            .max()
            .unwrap();
        assert!(step <= 512, "a step of {step}");
    }

    #[test]
    fn silence_needs_no_fade_and_a_stopped_sound_goes_to_zero_from_its_last_sample() {
        let codec = Codec::Pcmu;
        assert_eq!(Fade::from_frame(codec, &[codec.silence(); 160]), None);
        assert_eq!(Fade::from_sample(-8), None);
        let mut payload = [codec.silence(); FRAME_SAMPLES];
        Fade::from_sample(10_000)
            .unwrap()
            .mix_into(codec, &mut payload);
        assert!((codec.decode_sample(payload[0]) - 10_000).abs() < 300);
        assert_eq!(codec.decode_sample(payload[60]), 0);
    }
}
