//! WAV files of our own: mono, 16 bits, 8 kHz.

use media_core::g711::SAMPLE_RATE_HZ;

const BYTES_A_SAMPLE: u32 = 2;
/// What stands in front of the samples, after the file's own first eight bytes.
const HEADER_BYTES: u32 = 36;
const PCM: u16 = 1;

/// A file with these samples.
pub(crate) fn write(samples: impl ExactSizeIterator<Item = i16>) -> Vec<u8> {
    let data = samples.len() as u32 * BYTES_A_SAMPLE;
    let mut wav = Vec::with_capacity((data + HEADER_BYTES) as usize + 8);
    wav.extend(b"RIFF");
    wav.extend((HEADER_BYTES + data).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16u32.to_le_bytes());
    wav.extend(PCM.to_le_bytes());
    wav.extend(1u16.to_le_bytes());
    wav.extend(SAMPLE_RATE_HZ.to_le_bytes());
    wav.extend((SAMPLE_RATE_HZ * BYTES_A_SAMPLE).to_le_bytes());
    wav.extend((BYTES_A_SAMPLE as u16).to_le_bytes());
    wav.extend((BYTES_A_SAMPLE as u16 * 8).to_le_bytes());
    wav.extend(b"data");
    wav.extend(data.to_le_bytes());
    wav.extend(samples.flat_map(i16::to_le_bytes));
    wav
}
