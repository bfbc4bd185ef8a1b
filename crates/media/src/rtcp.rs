//! RTCP on the wire (RFC 3550 §6): compound packets of report, SDES and, at the end, BYE.

use base::LegId;
use media_core::Report;
use rtcp_types::{
    Bye, Compound, Packet, ReceiverReport, ReportBlock, RtcpPacketWriterExt, Sdes, SdesChunk,
    SdesItem, SenderReport,
};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Room for everything we send: a report with one block, a short CNAME, a BYE.
pub(crate) const REPORT_BYTES_MAX: usize = 256;
/// Packets in one compound that are looked at: there is one source to report on.
const PACKETS_MAX: usize = 16;
/// Seconds from NTP's start (1900) to Unix's (1970).
const NTP_UNIX_SECONDS: u64 = 2_208_988_800;

/// Whether a compound packet ends our stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// More will come.
    No,
    /// The session is over.
    Bye,
}

/// A peer's sender report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SenderReportHeard {
    pub(crate) ssrc: u32,
    pub(crate) ntp: u64,
}

/// A datagram that is not a valid compound packet (RFC 3550 appendix A.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Invalid;

/// Writes a compound packet; returns its length.
pub(crate) fn write(
    report: &Report,
    leg: LegId,
    ntp: u64,
    farewell: Farewell,
    bytes: &mut [u8],
) -> usize {
    // RFC 7022 §4.2: one name a session, saying nothing of the machine.
    let name = leg.to_string();
    let block = report.reception.map(|reception| {
        ReportBlock::builder(reception.ssrc)
            .fraction_lost(reception.fraction_lost)
            .cumulative_lost(reception.lost)
            .extended_sequence_number(reception.highest_sequence)
            .interarrival_jitter(reception.jitter)
            .last_sender_report_timestamp(reception.last_sender_report)
            .delay_since_last_sender_report_timestamp(reception.delay_since)
    });
    let mut compound = Compound::builder();
    if report.packets > 0 {
        let mut sender = SenderReport::builder(report.ssrc)
            .ntp_timestamp(ntp)
            .rtp_timestamp(report.timestamp)
            .packet_count(report.packets)
            .octet_count(report.octets);
        if let Some(block) = block {
            sender = sender.add_report_block(block);
        }
        compound = compound.add_packet(sender);
    } else {
        let mut receiver = ReceiverReport::builder(report.ssrc);
        if let Some(block) = block {
            receiver = receiver.add_report_block(block);
        }
        compound = compound.add_packet(receiver);
    }
    let chunk = SdesChunk::builder(report.ssrc).add_item(SdesItem::builder(SdesItem::CNAME, &name));
    compound = compound.add_packet(Sdes::builder().add_chunk(chunk));
    if farewell == Farewell::Bye {
        compound = compound.add_packet(Bye::builder().add_source(report.ssrc));
    }
    compound.write_into(bytes).unwrap_or(0)
}

/// Reads a compound packet and gives the sender report in it, if there is one.
pub(crate) fn read(datagram: &[u8]) -> Result<Option<SenderReportHeard>, Invalid> {
    let compound = Compound::parse(datagram).map_err(|_| Invalid)?;
    let mut heard = None;
    for (place, packet) in compound.take(PACKETS_MAX).enumerate() {
        match packet.map_err(|_| Invalid)? {
            Packet::Sr(report) => {
                heard = Some(SenderReportHeard {
                    ssrc: report.ssrc(),
                    ntp: report.ntp_timestamp(),
                });
            }
            Packet::Rr(_) => {}
            // RFC 3550 §6.1: the first packet of a compound is a report.
            _ if place == 0 => return Err(Invalid),
            _ => {}
        }
    }
    Ok(heard)
}

/// The time of day as NTP has it: seconds since 1900 in 32 bits, and 32 bits of fraction.
pub(crate) fn ntp_now() -> u64 {
    ntp_from_unix(
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default(),
    )
}

fn ntp_from_unix(since_1970: Duration) -> u64 {
    let seconds = since_1970.as_secs().wrapping_add(NTP_UNIX_SECONDS);
    let fraction = (u64::from(since_1970.subsec_nanos()) << 32) / 1_000_000_000;
    (seconds << 32) | fraction
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::ShardId;
    use media_core::reception::ReceptionReport;

    const LEG: LegId = LegId {
        shard: ShardId(3),
        slot: 4,
        generation: 5,
    };

    fn report(packets: u32, reception: Option<ReceptionReport>) -> Report {
        Report {
            ssrc: 7,
            timestamp: 8,
            packets,
            octets: 160 * packets,
            reception,
        }
    }

    #[test]
    fn a_sender_with_reception_says_both_and_its_name_and_reads_back() {
        let reception = ReceptionReport {
            ssrc: 99,
            fraction_lost: 25,
            lost: 10,
            highest_sequence: 65_599,
            jitter: 40,
            last_sender_report: 1,
            delay_since: 2,
        };
        let mut bytes = [0; REPORT_BYTES_MAX];
        let length = write(
            &report(5, Some(reception)),
            LEG,
            0x1111_2222_3333_4444,
            Farewell::Bye,
            &mut bytes,
        );
        let kinds: Vec<u8> = Compound::parse(&bytes[..length])
            .unwrap()
            .map(|packet| match packet.unwrap() {
                Packet::Sr(sr) => {
                    let block = sr.report_blocks().next().unwrap();
                    assert_eq!(
                        (block.ssrc(), block.cumulative_lost(), block.fraction_lost()),
                        (99, 10, 25)
                    );
                    200
                }
                Packet::Sdes(_) => 202,
                Packet::Bye(_) => 203,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(kinds, [200, 202, 203]);
        let heard = read(&bytes[..length]).unwrap().unwrap();
        assert_eq!((heard.ssrc, heard.ntp), (7, 0x1111_2222_3333_4444));
    }

    #[test]
    fn who_has_sent_nothing_reports_as_a_receiver() {
        let mut bytes = [0; REPORT_BYTES_MAX];
        let length = write(&report(0, None), LEG, 1, Farewell::No, &mut bytes);
        assert_eq!(bytes[1], 201);
        assert_eq!(read(&bytes[..length]), Ok(None));
    }

    #[test]
    fn rubbish_and_packets_that_do_not_start_with_a_report_are_invalid() {
        assert_eq!(read(&[]), Err(Invalid));
        assert_eq!(read(&[0x80, 200, 0, 100, 1, 2]), Err(Invalid));
        assert_eq!(read(&[0x81, 203, 0, 1, 0, 0, 0, 7]), Err(Invalid));
        for seed in 0..2_000u32 {
            let mut state = seed | 1;
            let datagram: Vec<u8> = (0..seed % 120)
                .map(|place| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    match place % 8 {
                        0 => 0x80 | (state >> 30) as u8,
                        1 => 200 + (state >> 29) as u8 % 8,
                        2 => 0,
                        3 => (state >> 28) as u8,
                        _ => (state >> 24) as u8,
                    }
                })
                .collect();
            let _ = read(&datagram);
        }
    }

    #[test]
    fn ntp_time_counts_from_1900() {
        assert_eq!(ntp_from_unix(Duration::ZERO), 2_208_988_800 << 32);
        assert_eq!(
            ntp_from_unix(Duration::from_millis(1_500)),
            (2_208_988_801 << 32) | 0x8000_0000
        );
    }
}
