//! What has been received from a party, as RFC 3550 counts it: loss, jitter, highest sequence number.

use crate::packet::samples_at;
use base::Time;
use serde::{Deserialize, Serialize};

/// A jump of sequence numbers larger than this is a restart of the source (RFC 3550 appendix A.1).
const RESTART_AFTER: i32 = 3_000;

/// Figures for one report block (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceptionReport {
    /// The source reported on.
    pub ssrc: u32,
    /// Loss since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost in all; never below zero here, though duplicates could make it so.
    pub lost: u32,
    /// Highest sequence number, with cycles above it.
    pub highest_sequence: u32,
    /// Interarrival jitter, in samples.
    pub jitter: u32,
    /// Middle 32 bits of the NTP time of the source's last sender report; 0 without one.
    pub last_sender_report: u32,
    /// Since when, in 1/65536 s.
    pub delay_since: u32,
}

/// Statistics on one party's packets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reception {
    source: Option<Source>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Source {
    ssrc: u32,
    first: u32,
    /// Highest, with cycles above it.
    highest: u32,
    received: u32,
    expected_before: u32,
    received_before: u32,
    transit: i32,
    /// Times 16, as appendix A.8 keeps it.
    jitter: u32,
    sender_report: Option<(u32, Time)>,
}

impl Reception {
    /// An audio packet came.
    pub fn packet(&mut self, now: Time, ssrc: u32, sequence: u16, timestamp: u32) {
        let transit = (samples_at(now) as u32).wrapping_sub(timestamp) as i32;
        let Some(source) = self.source.as_mut().filter(|source| source.ssrc == ssrc) else {
            self.source = Some(Source::new(ssrc, sequence, transit));
            return;
        };
        let ahead = i32::from(sequence.wrapping_sub(source.highest as u16) as i16);
        if ahead.abs() > RESTART_AFTER {
            self.source = Some(Source::new(ssrc, sequence, transit));
            return;
        }
        source.received = source.received.wrapping_add(1);
        if ahead > 0 {
            source.highest = source.highest.wrapping_add(ahead as u32);
        }
        let change = transit
            .wrapping_sub(source.transit)
            .unsigned_abs()
            .min(1 << 20);
        source.transit = transit;
        source.jitter =
            source.jitter.saturating_add(change) - ((source.jitter + 8) >> 4).min(source.jitter);
    }

    /// The source sent a sender report; `ntp` is its NTP time.
    pub fn sender_report(&mut self, now: Time, ssrc: u32, ntp: u64) {
        if let Some(source) = self.source.as_mut().filter(|source| source.ssrc == ssrc) {
            source.sender_report = Some(((ntp >> 16) as u32, now));
        }
    }

    /// The report block for now, if anything has come. Starts a new interval of loss.
    pub fn report(&mut self, now: Time) -> Option<ReceptionReport> {
        let source = self.source.as_mut()?;
        let expected = source.highest.wrapping_sub(source.first).wrapping_add(1);
        let expected_now = expected.wrapping_sub(source.expected_before);
        let received_now = source.received.wrapping_sub(source.received_before);
        source.expected_before = expected;
        source.received_before = source.received;
        let lost_now = expected_now.saturating_sub(received_now);
        let fraction_lost = (u64::from(lost_now) * 256)
            .checked_div(u64::from(expected_now))
            .unwrap_or(0);
        let (last_sender_report, delay_since) = source.sender_report.map_or((0, 0), |(ntp, at)| {
            (ntp, ((now - at).as_micros() * 65_536 / 1_000_000) as u32)
        });
        Some(ReceptionReport {
            ssrc: source.ssrc,
            fraction_lost: fraction_lost.min(255) as u8,
            lost: expected.saturating_sub(source.received).min(0x7F_FFFF),
            highest_sequence: source.highest,
            jitter: source.jitter >> 4,
            last_sender_report,
            delay_since,
        })
    }
}

impl Source {
    fn new(ssrc: u32, sequence: u16, transit: i32) -> Source {
        Source {
            ssrc,
            first: u32::from(sequence),
            highest: u32::from(sequence),
            received: 1,
            expected_before: 0,
            received_before: 0,
            transit,
            jitter: 0,
            sender_report: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_over_a_wrap_of_sequence_numbers_is_counted_in_all_and_since_the_last_report() {
        let mut reception = Reception::default();
        for index in 0u16..100 {
            if index % 10 != 5 {
                let now = Time::from_millis(u64::from(index) * 20);
                reception.packet(
                    now,
                    7,
                    65_500u16.wrapping_add(index),
                    u32::from(index) * 160,
                );
            }
            reception = postcard::from_bytes(&postcard::to_stdvec(&reception).unwrap()).unwrap();
        }
        let report = reception.report(Time::from_millis(2_000)).unwrap();
        assert_eq!((report.lost, report.fraction_lost), (10, 25));
        assert_eq!(report.highest_sequence, 65_599);
        assert_eq!(report.jitter, 0);
        assert_eq!(
            reception
                .report(Time::from_millis(2_000))
                .unwrap()
                .fraction_lost,
            0
        );
    }

    #[test]
    fn jitter_rises_with_uneven_arrival_towards_its_mean_change() {
        let mut reception = Reception::default();
        for index in 0..400u16 {
            let late = u64::from(index % 2) * 5;
            reception.packet(
                Time::from_millis(u64::from(index) * 20 + late),
                7,
                index,
                u32::from(index) * 160,
            );
        }
        let jitter = reception.report(Time::ZERO).unwrap().jitter;
        assert!(
            (35..=45).contains(&jitter),
            "{jitter} samples, expected about 40"
        );
    }

    #[test]
    fn a_sender_report_is_answered_with_its_time_and_the_delay_since() {
        let mut reception = Reception::default();
        reception.packet(Time::ZERO, 7, 1, 0);
        reception.sender_report(Time::from_millis(1_000), 7, 0x1111_2222_3333_4444);
        let report = reception.report(Time::from_millis(1_500)).unwrap();
        assert_eq!(
            (report.last_sender_report, report.delay_since),
            (0x2222_3333, 32_768)
        );
    }
}
