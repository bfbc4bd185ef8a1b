//! Opus in Ogg (RFC 7845): symphonia takes the packets out of the file, and `ropus` decodes them.

use crate::decode::{Skipped, mix};
use crate::prompts::PromptReason;
use ropus::OpusMSDecoder;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::packet::Packet;

/// Opus is decoded at this rate, whatever rate it was made from.
const RATE_HZ: u32 = 48_000;
/// Samples of a channel in the longest packet: 120 ms (RFC 6716 §3.2.5).
const PACKET_SAMPLES_MAX: usize = 5_760;
/// Where the identification header (RFC 7845 §5.1) says how many channels there are, and how they are mapped.
const CHANNELS_AT: usize = 9;
const FAMILY_AT: usize = 18;
const STREAMS_AT: usize = 19;
const MAPPING_AT: usize = 21;

/// A file's decoder.
pub(crate) struct OpusFile {
    decoder: OpusMSDecoder,
    channels: usize,
    /// Samples still to be left out at the beginning: the decoder takes so long to converge (§4.2).
    pre_skip: usize,
    interleaved: Vec<i16>,
    scaled: Vec<f32>,
}

impl OpusFile {
    /// From the file's identification header.
    pub(crate) fn open(
        parameters: &AudioCodecParameters,
        pre_skip: Option<u32>,
    ) -> Result<OpusFile, PromptReason> {
        let damaged = || PromptReason::Damaged("its Opus header makes no sense".into());
        let header = parameters.extra_data.as_deref().ok_or_else(damaged)?;
        let (&channels, &family) = header
            .get(CHANNELS_AT)
            .zip(header.get(FAMILY_AT))
            .ok_or_else(damaged)?;
        let stereo = [0, 1];
        let (streams, coupled, mapping) = match family {
            // Family 0 is mono or stereo in one stream, and says no more (§5.1.1.1).
            0 => (1, channels.saturating_sub(1), &stereo[..]),
            _ => {
                let counts = header.get(STREAMS_AT).zip(header.get(STREAMS_AT + 1));
                let (&streams, &coupled) = counts.ok_or_else(damaged)?;
                (streams, coupled, &header[MAPPING_AT..])
            }
        };
        if channels == 0 || mapping.len() < usize::from(channels) || coupled > streams {
            return Err(damaged());
        }
        let decoder = OpusMSDecoder::new(
            RATE_HZ as i32,
            channels.into(),
            streams.into(),
            coupled.into(),
            mapping,
        );
        let channels = usize::from(channels);
        Ok(OpusFile {
            decoder: decoder.map_err(|_| damaged())?,
            channels,
            pre_skip: pre_skip.unwrap_or_default() as usize,
            interleaved: vec![0; PACKET_SAMPLES_MAX * channels],
            scaled: Vec::new(),
        })
    }

    /// Appends a packet's sound as mono, and says its rate.
    pub(crate) fn decode(&mut self, packet: &Packet, mono: &mut Vec<f32>) -> Result<u32, Skipped> {
        let frame = |why: &str| Skipped::Frame(why.to_owned());
        let length = i32::try_from(packet.data.len()).map_err(|_| frame("a packet is too long"))?;
        // Nothing to decode would be taken for a lost packet, and filled in.
        if length == 0 {
            return Err(frame("an Opus packet is empty"));
        }
        let samples = self
            .decoder
            .decode(
                Some(&packet.data),
                length,
                &mut self.interleaved,
                PACKET_SAMPLES_MAX as i32,
                false,
            )
            .map_err(|_| frame("an Opus packet can't be decoded"))?;
        let samples = usize::try_from(samples).map_err(|_| frame("an Opus packet is damaged"))?;
        let skipped = samples.min(self.pre_skip);
        self.pre_skip -= skipped;
        let trimmed = usize::try_from(packet.trim_end.get()).unwrap_or(samples);
        let end = samples.saturating_sub(trimmed).max(skipped);
        let kept = &self.interleaved[skipped * self.channels..end * self.channels];
        self.scaled.clear();
        let scale = |sample: &i16| f32::from(*sample) / 32_768.0;
        self.scaled.extend(kept.iter().map(scale));
        mix(&self.scaled, self.channels, mono);
        Ok(RATE_HZ)
    }
}
