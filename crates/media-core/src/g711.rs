//! G.711: A-law and µ-law to and from 16-bit linear samples, and from one to the other by table.

use crate::Codec;

/// Samples a second of G.711, and of its RTP timestamps (RFC 3551 §4.5.14).
pub const SAMPLE_RATE_HZ: u32 = 8_000;
/// Samples, and so bytes, in a frame of 20 ms.
pub const FRAME_SAMPLES: usize = 160;

/// A-law inverts every second bit on the wire (G.711 table 1, note 2).
const A_LAW_INVERSION: u8 = 0x55;
/// µ-law adds this to the magnitude, so that every segment starts at a power of two (14-bit scale).
const MU_LAW_BIAS: u16 = 33;
/// Largest biased µ-law magnitude (14-bit scale).
const MU_LAW_CLIP: u16 = 0x1FFF;

static A_LAW_LINEAR: [i16; 256] = linear_table(Codec::Pcma);
static MU_LAW_LINEAR: [i16; 256] = linear_table(Codec::Pcmu);
static A_TO_MU: [u8; 256] = transcode_table(Codec::Pcma, Codec::Pcmu);
static MU_TO_A: [u8; 256] = transcode_table(Codec::Pcmu, Codec::Pcma);

impl Codec {
    /// One sample of 16 bits as a byte of this codec.
    pub const fn encode_sample(self, linear: i16) -> u8 {
        match self {
            Codec::Pcma => a_law_from_linear(linear),
            Codec::Pcmu => mu_law_from_linear(linear),
        }
    }

    /// A byte of this codec as a sample of 16 bits.
    pub fn decode_sample(self, byte: u8) -> i16 {
        match self {
            Codec::Pcma => A_LAW_LINEAR[usize::from(byte)],
            Codec::Pcmu => MU_LAW_LINEAR[usize::from(byte)],
        }
    }

    /// Encodes as many samples as both slices hold.
    pub fn encode(self, linear: &[i16], bytes: &mut [u8]) {
        for (byte, sample) in bytes.iter_mut().zip(linear) {
            *byte = self.encode_sample(*sample);
        }
    }

    /// Decodes as many samples as both slices hold.
    pub fn decode(self, bytes: &[u8], linear: &mut [i16]) {
        for (sample, byte) in linear.iter_mut().zip(bytes) {
            *sample = self.decode_sample(*byte);
        }
    }

    /// Rewrites bytes of this codec as bytes of `to`, in place.
    pub fn transcode(self, to: Codec, bytes: &mut [u8]) {
        let table = match (self, to) {
            (Codec::Pcma, Codec::Pcmu) => &A_TO_MU,
            (Codec::Pcmu, Codec::Pcma) => &MU_TO_A,
            (Codec::Pcma, Codec::Pcma) | (Codec::Pcmu, Codec::Pcmu) => return,
        };
        for byte in bytes {
            *byte = table[usize::from(*byte)];
        }
    }

    /// The byte of digital silence: the positive code nearest to zero.
    pub const fn silence(self) -> u8 {
        self.encode_sample(0)
    }
}

const fn a_law_from_linear(linear: i16) -> u8 {
    // Ones' complement of a negative makes the scale symmetric about the boundary between ±0.
    let magnitude = (if linear < 0 { !linear } else { linear } as u16) >> 4;
    let code = if magnitude < 16 {
        magnitude
    } else {
        let segment = 12 - magnitude.leading_zeros() as u16;
        (segment << 4) | ((magnitude >> (segment - 1)) & 0x0F)
    };
    let sign = if linear < 0 { 0 } else { 0x80 };
    (code as u8 | sign) ^ A_LAW_INVERSION
}

const fn mu_law_from_linear(linear: i16) -> u8 {
    let magnitude = ((if linear < 0 { !linear } else { linear } as u16) >> 2) + MU_LAW_BIAS;
    let magnitude = if magnitude > MU_LAW_CLIP {
        MU_LAW_CLIP
    } else {
        magnitude
    };
    let segment = 10 - magnitude.leading_zeros() as u16;
    let code = (segment << 4) | ((magnitude >> (segment + 1)) & 0x0F);
    let sign = if linear < 0 { 0 } else { 0x80 };
    // µ-law inverts all magnitude bits on the wire.
    (!(code as u8) & 0x7F) | sign
}

const fn linear_from_a_law(byte: u8) -> i16 {
    let code = byte ^ A_LAW_INVERSION;
    let segment = (code >> 4) & 0x07;
    let mantissa = (code & 0x0F) as i16;
    let magnitude = match segment {
        0 => (mantissa << 4) + 8,
        _ => ((mantissa << 4) + 0x108) << (segment - 1),
    };
    if code & 0x80 != 0 {
        magnitude
    } else {
        -magnitude
    }
}

const fn linear_from_mu_law(byte: u8) -> i16 {
    let code = !byte;
    let segment = (code >> 4) & 0x07;
    let mantissa = (code & 0x0F) as i16;
    let magnitude = (((mantissa << 3) + 0x84) << segment) - 0x84;
    if byte & 0x80 != 0 {
        magnitude
    } else {
        -magnitude
    }
}

const fn linear_from(codec: Codec, byte: u8) -> i16 {
    match codec {
        Codec::Pcma => linear_from_a_law(byte),
        Codec::Pcmu => linear_from_mu_law(byte),
    }
}

const fn linear_table(codec: Codec) -> [i16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = linear_from(codec, byte as u8);
        byte += 1;
    }
    table
}

const fn transcode_table(from: Codec, to: Codec) -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = to.encode_sample(linear_from(from, byte as u8));
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Codec; 2] = [Codec::Pcma, Codec::Pcmu];

    /// The compression of ITU-T G.191's reference software, by the letter: shift until it fits.
    fn itu_a_law(linear: i16) -> u8 {
        let mut ix = (if linear < 0 { !linear } else { linear }) >> 4;
        if ix > 15 {
            let mut segment = 1;
            while ix > 16 + 15 {
                ix >>= 1;
                segment += 1;
            }
            ix -= 16;
            ix += segment << 4;
        }
        if linear >= 0 {
            ix |= 0x80;
        }
        (ix ^ 0x55) as u8
    }

    /// Likewise for µ-law.
    fn itu_mu_law(linear: i16) -> u8 {
        let absolute =
            ((i32::from(if linear < 0 { !linear } else { linear }) >> 2) + 33).min(0x1FFF);
        let mut segment = 1;
        let mut rest = absolute >> 6;
        while rest != 0 {
            segment += 1;
            rest >>= 1;
        }
        let high = 0x08 - segment;
        let low = 0x0F - ((absolute >> segment) & 0x0F);
        let code = (high << 4) | low;
        (if linear >= 0 { code | 0x80 } else { code }) as u8
    }

    #[test]
    fn every_sample_is_compressed_as_the_itu_reference_does() {
        for linear in i16::MIN..=i16::MAX {
            assert_eq!(
                Codec::Pcma.encode_sample(linear),
                itu_a_law(linear),
                "A {linear}"
            );
            assert_eq!(
                Codec::Pcmu.encode_sample(linear),
                itu_mu_law(linear),
                "µ {linear}"
            );
        }
    }

    #[test]
    fn the_ends_and_the_middle_of_the_scale_are_pinned() {
        let pinned = [
            (0, 0xD5, 0xFF),
            (-1, 0x55, 0x7F),
            (32_767, 0xAA, 0x80),
            (-32_768, 0x2A, 0x00),
        ];
        for (linear, a, mu) in pinned {
            assert_eq!(Codec::Pcma.encode_sample(linear), a, "A {linear}");
            assert_eq!(Codec::Pcmu.encode_sample(linear), mu, "µ {linear}");
        }
        assert_eq!(Codec::Pcma.decode_sample(0xD5), 8);
        assert_eq!(Codec::Pcma.decode_sample(0xAA), 32_256);
        assert_eq!(Codec::Pcmu.decode_sample(0xFF), 0);
        assert_eq!(Codec::Pcmu.decode_sample(0x80), 32_124);
    }

    #[test]
    fn a_sample_comes_back_within_half_a_step_of_its_segment() {
        for codec in BOTH {
            for linear in i16::MIN..=i16::MAX {
                let back = i32::from(codec.decode_sample(codec.encode_sample(linear)));
                let error = (back - i32::from(linear)).abs();
                let clipped = i32::from(linear).abs() > 32_124;
                let half_step = ((i32::from(linear).abs() + 132) / 32).max(8) + 4;
                assert!(
                    error <= half_step || clipped && error < 700,
                    "{codec:?} {linear} {back}"
                );
            }
        }
    }

    #[test]
    fn every_code_survives_decoding_and_encoding() {
        for codec in BOTH {
            for byte in 0..=255u8 {
                let again = codec.encode_sample(codec.decode_sample(byte));
                // µ-law has two zeros; linear has one.
                let expected = if (codec, byte) == (Codec::Pcmu, 0x7F) {
                    0xFF
                } else {
                    byte
                };
                assert_eq!(again, expected, "{codec:?} {byte:#x}");
            }
        }
    }

    #[test]
    fn transcoding_there_and_back_moves_no_sample_by_more_than_a_step() {
        for (from, to) in [(Codec::Pcma, Codec::Pcmu), (Codec::Pcmu, Codec::Pcma)] {
            for byte in 0..=255u8 {
                let mut bytes = [byte];
                from.transcode(to, &mut bytes);
                let linear = i32::from(from.decode_sample(byte));
                let across = i32::from(to.decode_sample(bytes[0]));
                assert!(
                    (linear - across).abs() <= (linear.abs() / 16).max(16),
                    "{from:?} {byte:#x}"
                );
                from.transcode(from, &mut bytes);
                to.transcode(from, &mut bytes);
                let back = i32::from(from.decode_sample(bytes[0]));
                assert!(
                    (linear - back).abs() <= (linear.abs() / 8).max(16),
                    "{from:?} {byte:#x}"
                );
            }
        }
    }
}
