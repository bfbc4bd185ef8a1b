//! RTP headers (RFC 3550 §5.1) between bytes and values. What a packet may carry is for `party` to judge.

use base::Time;
use rtp_rs::{RtpPacketBuilder, RtpReader, Seq};
use std::ops::Range;
use std::time::Duration;

/// Bytes of an RTP header with neither contributing sources nor extension: all we ever send.
pub const HEADER_BYTES: usize = 12;

/// What we write in front of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Start of a talkspurt, or of a telephone event.
    pub marker: bool,
    /// Payload type, 0–127.
    pub payload_type: u8,
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp, in samples.
    pub timestamp: u32,
    /// Our SSRC.
    pub ssrc: u32,
}

impl Header {
    /// Writes itself.
    pub fn write(&self, bytes: &mut [u8; HEADER_BYTES]) {
        RtpPacketBuilder::new()
            .payload_type(self.payload_type & 0x7F)
            .marked(self.marker)
            .sequence(Seq::from(self.sequence))
            .timestamp(self.timestamp)
            .ssrc(self.ssrc)
            .build_into(bytes)
            .expect(
                "a header with no payload is 12 bytes, and the payload type was masked to 7 bits",
            );
    }
}

/// What a received datagram says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// The sender's marker bit.
    pub marker: bool,
    /// Payload type, 0–127.
    pub payload_type: u8,
    /// The sender's sequence number.
    pub sequence: u16,
    /// The sender's timestamp, in samples.
    pub timestamp: u32,
    /// The sender's SSRC.
    pub ssrc: u32,
    /// Where in the datagram the payload is, padding left out. Starts at [`HEADER_BYTES`] or later.
    pub payload: Range<usize>,
}

impl Packet {
    /// Reads the header of a datagram; `None` if it is not RTP of version 2 with all its parts.
    pub fn parse(datagram: &[u8]) -> Option<Packet> {
        let reader = RtpReader::new(datagram).ok()?;
        let start = reader.payload_offset();
        Some(Packet {
            marker: reader.mark(),
            payload_type: reader.payload_type(),
            sequence: u16::from(reader.sequence_number()),
            timestamp: reader.timestamp(),
            ssrc: reader.ssrc(),
            payload: start..start + reader.payload().len(),
        })
    }
}

/// Whether a datagram on an RTP port is RTCP sent to the same port (RFC 5761 §4): its second byte is
/// 192–223, which no agreed payload type with or without marker can give.
pub fn is_rtcp(datagram: &[u8]) -> bool {
    datagram.len() >= 2 && datagram[0] >> 6 == 2 && (192..=223).contains(&datagram[1])
}

/// A span of time in samples, saturating.
pub(crate) fn samples_in(span: Duration) -> i64 {
    i64::try_from(span.as_micros() / 125).unwrap_or(i64::MAX)
}

/// A moment in samples since the clock's start.
pub(crate) fn samples_at(now: Time) -> u64 {
    now.as_micros() / 125
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADER: Header = Header {
        marker: true,
        payload_type: 101,
        sequence: 0xFFFE,
        timestamp: 0x0102_0304,
        ssrc: 0xDEAD_BEEF,
    };

    #[test]
    fn a_header_reads_back_as_it_was_written() {
        let mut bytes = [0; HEADER_BYTES];
        HEADER.write(&mut bytes);
        let read = Packet::parse(&bytes).unwrap();
        assert_eq!(
            (read.marker, read.payload_type, read.sequence),
            (true, 101, 0xFFFE)
        );
        assert_eq!(
            (read.timestamp, read.ssrc, read.payload),
            (0x0102_0304, 0xDEAD_BEEF, 12..12)
        );
    }

    #[test]
    fn contributing_sources_extension_and_padding_are_not_payload() {
        let mut datagram = vec![0xB1, 8, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2];
        datagram.extend([9, 9, 9, 9]);
        datagram.extend([0xBE, 0xDE, 0, 1, 1, 2, 3, 4]);
        datagram.extend([7; 160]);
        datagram.extend([0, 0, 3]);
        let read = Packet::parse(&datagram).unwrap();
        assert_eq!(read.payload, 24..184);
    }

    #[test]
    fn a_sender_report_on_the_rtp_port_is_told_from_rtp() {
        assert!(is_rtcp(&[0x80, 200, 0, 6]));
        assert!(!is_rtcp(&[0x80, 8, 0, 6]));
        assert!(!is_rtcp(&[0x80, 0x80 | 8, 0, 6]));
        assert!(!is_rtcp(&[0x80]));
    }

    proptest! {
        #[test]
        fn no_datagram_makes_the_reader_panic_or_point_outside(datagram in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Some(packet) = Packet::parse(&datagram) {
                prop_assert!(packet.payload.start >= HEADER_BYTES);
                prop_assert!(packet.payload.end <= datagram.len());
            }
        }
    }
}
