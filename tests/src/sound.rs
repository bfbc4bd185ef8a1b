//! Sound by measurement: G.711 both ways, the level of a frequency, and whether a recording holds a prompt. Written
//! apart from the server's own tables, so that a wrong table shows.

use std::f64::consts::PI;
use std::path::Path;
use std::time::Duration;

/// Samples a second on the telephone.
pub const RATE: usize = 8_000;
/// Samples in a packet of 20 ms.
pub const FRAME: usize = 160;
/// What [`recognise`] finds of a prompt that is there; one that is not stays well below.
pub const RECOGNISED: f64 = 0.8;

/// A codec of G.711.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// A-law, payload type 8.
    Pcma,
    /// µ-law, payload type 0.
    Pcmu,
}

impl Codec {
    /// Static payload type (RFC 3551 §6).
    pub fn payload_type(self) -> u8 {
        match self {
            Codec::Pcma => 8,
            Codec::Pcmu => 0,
        }
    }

    /// Encoding name in SDP.
    pub fn name(self) -> &'static str {
        match self {
            Codec::Pcma => "PCMA",
            Codec::Pcmu => "PCMU",
        }
    }

    /// The codec of a payload type.
    pub fn of(payload_type: u8) -> Option<Codec> {
        [Codec::Pcma, Codec::Pcmu]
            .into_iter()
            .find(|codec| codec.payload_type() == payload_type)
    }

    /// One sample's octet.
    pub fn encode(self, sample: i16) -> u8 {
        match self {
            Codec::Pcma => encode_a(sample),
            Codec::Pcmu => encode_mu(sample),
        }
    }

    /// One octet's sample.
    pub fn decode(self, octet: u8) -> i16 {
        match self {
            Codec::Pcma => decode_a(octet),
            Codec::Pcmu => decode_mu(octet),
        }
    }
}

// ITU-T G.711 table 1a: sign, three bits of segment, four of interval; even bits inverted on the line.
fn encode_a(sample: i16) -> u8 {
    let positive = sample >= 0;
    let magnitude = i32::from(if positive { sample } else { !sample }) >> 3;
    let code = if magnitude < 32 {
        magnitude >> 1
    } else {
        let segment = 27 - magnitude.leading_zeros() as i32;
        (segment << 4) | ((magnitude >> segment) & 0x0f)
    };
    (code as u8 | if positive { 0x80 } else { 0 }) ^ 0x55
}

fn decode_a(octet: u8) -> i16 {
    let code = octet ^ 0x55;
    let segment = (code >> 4) & 7;
    let interval = i32::from(code & 0x0f);
    let magnitude = if segment == 0 {
        (interval << 4) + 8
    } else {
        ((interval << 4) + 0x108) << (segment - 1)
    };
    if code & 0x80 != 0 {
        magnitude as i16
    } else {
        -magnitude as i16
    }
}

// ITU-T G.711 table 2a: biased by 33 (132 at 16 bits), all bits inverted on the line.
fn encode_mu(sample: i16) -> u8 {
    let negative = sample < 0;
    let magnitude = i32::from(sample).abs().min(32_635) + 132;
    let segment = 24 - magnitude.leading_zeros() as i32;
    let interval = (magnitude >> (segment + 3)) & 0x0f;
    !((segment << 4) as u8 | interval as u8 | if negative { 0x80 } else { 0 })
}

fn decode_mu(octet: u8) -> i16 {
    let code = !octet;
    let segment = (code >> 4) & 7;
    let magnitude = (((i32::from(code & 0x0f) << 3) + 132) << segment) - 132;
    if code & 0x80 != 0 {
        -magnitude as i16
    } else {
        magnitude as i16
    }
}

/// Samples of a sine; `level_db` against a full-scale sine.
pub fn tone(hertz: f64, level_db: f64, samples: usize) -> Vec<i16> {
    let peak = 32_767.0 * 10f64.powf(level_db / 20.0);
    (0..samples)
        .map(|n| (peak * (2.0 * PI * hertz * n as f64 / RATE as f64).sin()).round() as i16)
        .collect()
}

/// Level of one frequency in dB against a full-scale sine (Goertzel); -120 for nothing at all.
pub fn level_db(samples: &[i16], hertz: f64) -> f64 {
    if samples.is_empty() {
        return -120.0;
    }
    let turn = 2.0 * (2.0 * PI * hertz / RATE as f64).cos();
    let (mut one, mut two) = (0.0f64, 0.0f64);
    for &sample in samples {
        let zero = f64::from(sample) + turn * one - two;
        two = one;
        one = zero;
    }
    let power = (one * one + two * two - turn * one * two).max(0.0);
    let amplitude = 2.0 * power.sqrt() / samples.len() as f64;
    (20.0 * (amplitude / 32_767.0).log10()).max(-120.0)
}

/// Root mean square in dB against a full-scale sine; -120 for silence.
pub fn loudness_db(samples: &[i16]) -> f64 {
    if samples.is_empty() {
        return -120.0;
    }
    let sum: f64 = samples
        .iter()
        .map(|&sample| f64::from(sample).powi(2))
        .sum();
    let rms = (sum / samples.len() as f64).sqrt() * std::f64::consts::SQRT_2;
    (20.0 * (rms / 32_767.0).log10()).max(-120.0)
}

/// A WAV file of these samples at 8 kHz.
pub fn wav(samples: &[i16]) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().copied().flat_map(i16::to_le_bytes).collect();
    let length = data.len() as u32;
    let rate = RATE as u32;
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + length).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend(rate.to_le_bytes());
    wav.extend((rate * 2).to_le_bytes());
    wav.extend(b"\x02\0\x10\0data");
    wav.extend(length.to_le_bytes());
    wav.extend(data);
    wav
}

/// Cuts a WAV file of 16 bits after so long, if it is longer.
///
/// # Panics
/// When it has anything before its sound but the usual header.
pub fn cut_wav(path: &Path, length: Duration) {
    let mut bytes =
        std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(&bytes[36..40], b"data", "{}", path.display());
    let rate = u32::from_le_bytes(bytes[24..28].try_into().unwrap());
    let samples = (f64::from(rate) * length.as_secs_f64()) as u32;
    let size = (2 * samples).min(bytes.len() as u32 - 44);
    bytes.truncate(44 + size as usize);
    bytes[4..8].copy_from_slice(&(36 + size).to_le_bytes());
    bytes[40..44].copy_from_slice(&size.to_le_bytes());
    std::fs::write(path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// A WAV file of 16 bits, mono, 16 or 8 kHz, as samples at 8 kHz.
///
/// # Panics
/// When the file is none such.
pub fn read_wav(path: &Path) -> Vec<i16> {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(
        bytes.starts_with(b"RIFF") && &bytes[8..12] == b"WAVE",
        "{} is no WAV",
        path.display()
    );
    let (mut at, mut rate) = (12, 0);
    while at + 8 <= bytes.len() {
        let size = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
        let chunk = &bytes[at + 8..(at + 8 + size).min(bytes.len())];
        match &bytes[at..at + 4] {
            b"fmt " => {
                assert_eq!(chunk[2], 1, "{} is not mono", path.display());
                assert_eq!(chunk[14], 16, "{} is not of 16 bits", path.display());
                rate = u32::from_le_bytes(chunk[4..8].try_into().unwrap()) as usize;
            }
            b"data" => {
                let samples: Vec<i16> = chunk
                    .as_chunks::<2>()
                    .0
                    .iter()
                    .map(|pair| i16::from_le_bytes(*pair))
                    .collect();
                return match rate {
                    RATE => samples,
                    16_000 => halved(&samples),
                    _ => panic!("{}: expected 8 or 16 kHz, came {rate}", path.display()),
                };
            }
            _ => {}
        }
        at += 8 + size + (size & 1);
    }
    panic!("{} has no data", path.display());
}

// Windowed-sinc low pass at 3.7 kHz of 16, every second sample kept.
fn halved(samples: &[i16]) -> Vec<i16> {
    const HALF: isize = 32;
    let cut = 3_700.0 / 16_000.0;
    let taps: Vec<f64> = (-HALF..=HALF)
        .map(|n| {
            let x = n as f64;
            let sinc = if n == 0 {
                2.0 * cut
            } else {
                (2.0 * PI * cut * x).sin() / (PI * x)
            };
            sinc * (0.54 + 0.46 * (PI * x / HALF as f64).cos())
        })
        .collect();
    (0..samples.len() as isize)
        .step_by(2)
        .map(|middle| {
            let sum: f64 = (-HALF..=HALF)
                .zip(&taps)
                .filter_map(|(n, tap)| {
                    Some(f64::from(*samples.get(usize::try_from(middle + n).ok()?)?) * tap)
                })
                .sum();
            sum.round().clamp(-32_768.0, 32_767.0) as i16
        })
        .collect()
}

/// Where a prompt was found, and how surely.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match {
    /// Normalised cross-correlation, 0 to 1; see [`RECOGNISED`].
    pub likeness: f64,
    /// First sample of it in the recording.
    pub at: usize,
}

/// Best place of `prompt` in `recording`, by normalised cross-correlation (over FFT).
pub fn recognise(recording: &[i16], prompt: &[i16]) -> Match {
    if recording.len() < prompt.len() || prompt.is_empty() {
        return Match {
            likeness: 0.0,
            at: 0,
        };
    }
    let size = (recording.len() + prompt.len()).next_power_of_two();
    let spectrum = |samples: &[i16]| {
        let mut values = vec![(0.0, 0.0); size];
        for (value, &sample) in values.iter_mut().zip(samples) {
            value.0 = f64::from(sample);
        }
        fft(&mut values);
        values
    };
    let of_prompt = spectrum(prompt);
    let mut product: Vec<(f64, f64)> = spectrum(recording)
        .into_iter()
        .zip(of_prompt)
        // Conjugated twice: once for correlation, once more so that a forward FFT serves as the inverse.
        .map(|((a, b), (c, d))| (a * c + b * d, -(b * c - a * d)))
        .collect();
    fft(&mut product);
    let square = |samples: &[i16]| {
        samples
            .iter()
            .map(|&sample| f64::from(sample).powi(2))
            .sum::<f64>()
    };
    let energy_of_prompt = square(prompt);
    let mut energy = square(&recording[..prompt.len()]);
    // Windows a hundred times weaker than the prompt can't be it; without a floor, noise would be divided by nothing.
    let floor = energy_of_prompt / 100.0;
    let mut best = Match {
        likeness: 0.0,
        at: 0,
    };
    for at in 0..=recording.len() - prompt.len() {
        let likeness = product[at].0 / size as f64 / (energy_of_prompt * energy.max(floor)).sqrt();
        if likeness > best.likeness {
            best = Match { likeness, at };
        }
        if at + prompt.len() < recording.len() {
            energy +=
                f64::from(recording[at + prompt.len()]).powi(2) - f64::from(recording[at]).powi(2);
        }
    }
    best
}

/// How many of a prompt's quarter seconds are found in `recording`, and how many it has; for recordings of phones whose
/// jitter buffers stretch time.
pub fn recognised_quarters(recording: &[i16], prompt: &[i16]) -> (usize, usize) {
    let quarters = prompt.chunks_exact(RATE / 4);
    let count = quarters.len();
    let found = quarters.filter(|quarter| recognise(recording, quarter).likeness > RECOGNISED);
    (found.count(), count)
}

// Radix-2, in place.
fn fft(values: &mut [(f64, f64)]) {
    let size = values.len();
    let bits = size.trailing_zeros();
    for index in 0..size {
        let mirrored = index.reverse_bits() >> (usize::BITS - bits);
        if mirrored > index {
            values.swap(index, mirrored);
        }
    }
    let mut half = 1;
    while half < size {
        let turns: Vec<(f64, f64)> = (0..half)
            .map(|n| {
                let angle = -PI * n as f64 / half as f64;
                (angle.cos(), angle.sin())
            })
            .collect();
        for block in values.chunks_exact_mut(2 * half) {
            let (low, high) = block.split_at_mut(half);
            for ((a, b), turn) in low.iter_mut().zip(high).zip(&turns) {
                let turned = (b.0 * turn.0 - b.1 * turn.1, b.0 * turn.1 + b.1 * turn.0);
                *b = (a.0 - turned.0, a.1 - turned.1);
                *a = (a.0 + turned.0, a.1 + turned.1);
            }
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seeded;

    #[test]
    fn g711_returns_what_it_was_given_within_its_step() {
        for codec in [Codec::Pcma, Codec::Pcmu] {
            for sample in (-32_000..32_000i32).step_by(7) {
                let back = i32::from(codec.decode(codec.encode(sample as i16)));
                assert!(
                    (back - sample).abs() <= sample.abs() / 16 + 16,
                    "{codec:?} {sample} {back}"
                );
            }
            for octet in 0..=255u8 {
                let again = codec.encode(codec.decode(octet));
                // µ-law has two zeros.
                assert!(
                    again == octet || (codec == Codec::Pcmu && octet == 0x7f),
                    "{codec:?} {octet:#x} {again:#x}"
                );
            }
        }
        assert_eq!(Codec::Pcma.encode(0), 0xd5);
        assert_eq!(Codec::Pcmu.encode(0), 0xff);
    }

    #[test]
    fn a_tone_is_measured_at_its_level_and_not_beside_it() {
        let samples = tone(440.0, -12.0, RATE);
        assert!((level_db(&samples, 440.0) + 12.0).abs() < 0.1);
        assert!((loudness_db(&samples) + 12.0).abs() < 0.1);
        assert!(level_db(&samples, 620.0) < -50.0);
    }

    #[test]
    fn a_prompt_is_found_where_it_is_and_no_other_is() {
        let mut random = Seeded::new(1);
        let mut noise = |length: usize, scale: i16| -> Vec<i16> {
            (0..length)
                .map(|_| (random.number() as i16) / scale)
                .collect()
        };
        let prompt = noise(4_000, 4);
        let other = noise(4_000, 4);
        let mut recording = noise(9_000, 100);
        for (sample, &said) in recording[3_000..].iter_mut().zip(&prompt) {
            *sample += Codec::Pcma.decode(Codec::Pcma.encode(said));
        }
        let found = recognise(&recording, &prompt);
        assert_eq!(found.at, 3_000);
        assert!(found.likeness > 0.98, "{found:?}");
        assert!(recognise(&recording, &other).likeness < 0.2);
    }
}
