//! What a stream that came was like: its sound, its keys, its regularity, and whether it was one without a break.

use super::{Arrived, PACKET};
use crate::sound::{Codec, FRAME};
use std::time::Duration;

/// The samples of the audio packets among `packets`, joined.
pub fn samples(packets: &[Arrived]) -> Vec<i16> {
    packets
        .iter()
        .filter_map(|packet| Some((Codec::of(packet.payload_type)?, packet)))
        .flat_map(|(codec, packet)| packet.payload.iter().map(move |&octet| codec.decode(octet)))
        .collect()
}

/// The keys pressed: event codes in order, one for each distinct timestamp.
pub fn digits(packets: &[Arrived], events: u8) -> Vec<u8> {
    let mut last = None;
    packets
        .iter()
        .filter(|packet| packet.payload_type == events && packet.payload.len() == 4)
        .filter_map(|packet| {
            let new = last.replace(packet.timestamp) != Some(packet.timestamp);
            new.then_some(packet.payload[0])
        })
        .collect()
}

/// How regular a stream was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pacing {
    /// Part of the intervals within 2 ms of 20 ms.
    pub within_2_ms: f64,
    /// Longest interval.
    pub longest: Duration,
}

/// Regularity of audio packets' arrival.
pub fn pacing(packets: &[Arrived]) -> Pacing {
    let intervals: Vec<Duration> = packets
        .windows(2)
        .map(|pair| pair[1].at.saturating_duration_since(pair[0].at))
        .collect();
    let good = intervals
        .iter()
        .filter(|gap| gap.abs_diff(PACKET) <= Duration::from_millis(2))
        .count();
    Pacing {
        within_2_ms: good as f64 / intervals.len().max(1) as f64,
        longest: intervals.iter().max().copied().unwrap_or_default(),
    }
}

/// Checks that this is one stream without a break: one source, one sender, sequence numbers each one higher, timestamps
/// each 160 higher (those of telephone events aside, which stand still by design).
pub fn check_continuity(packets: &[Arrived]) -> Result<(), String> {
    check_stream(packets, 0)
}

/// The same of a stream in which one voice took over from another: where a voice stops, its pause is filled only
/// after three frames, so that ordinary jitter isn't.
pub fn check_joined(packets: &[Arrived]) -> Result<(), String> {
    const FRAMES_UNFILLED_MAX: u32 = 3;
    check_stream(packets, FRAMES_UNFILLED_MAX)
}

fn check_stream(packets: &[Arrived], missing_max: u32) -> Result<(), String> {
    let Some(first) = packets.first() else {
        return Err("no packet came".to_owned());
    };
    let mut timestamp = None;
    for (index, packet) in packets.iter().enumerate() {
        let wrong = |what: &str, expected: String, came: String| {
            Err(format!(
                "packet {index} of {}: {what} expected {expected}, came {came}",
                packets.len()
            ))
        };
        if packet.ssrc != first.ssrc {
            return wrong(
                "SSRC",
                format!("{:08x}", first.ssrc),
                format!("{:08x}", packet.ssrc),
            );
        }
        if packet.from != first.from {
            return wrong("sender", first.from.to_string(), packet.from.to_string());
        }
        let expected = first.sequence.wrapping_add(index as u16);
        if packet.sequence != expected {
            return wrong(
                "sequence",
                expected.to_string(),
                packet.sequence.to_string(),
            );
        }
        if Codec::of(packet.payload_type).is_none() {
            timestamp = None;
            continue;
        }
        if packet.payload.len() != FRAME {
            return wrong(
                "payload",
                format!("{FRAME} octets"),
                packet.payload.len().to_string(),
            );
        }
        if let Some(last) = timestamp.replace(packet.timestamp) {
            let step = packet.timestamp.wrapping_sub(last);
            let frames = step / FRAME as u32;
            if step % FRAME as u32 != 0 || !(1..=1 + missing_max).contains(&frames) {
                return wrong("timestamp step", FRAME.to_string(), step.to_string());
            }
        }
    }
    Ok(())
}
