//! Our RTP stream to one party: one SSRC, sequence numbers and timestamps that run on from the first packet
//! to the last, whatever is heard through it. What is heard is for `party` to say.

use crate::StreamPlan;
use crate::dtmf::EVENT_BYTES;
use crate::g711::FRAME_SAMPLES;
use crate::packet::{Header, Packet, samples_in};
use base::Time;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A source's sequence number may jump so far ahead and still be loss (RFC 3550 appendix A.1).
const DROPOUT_MAX: i16 = 3_000;
/// A source's packet may come so many places late and still be reordering (RFC 3550 appendix A.1).
const MISORDER_MAX: i16 = 100;
/// A source's timestamp may stray so far from the time that passed and still be a gap of its own making.
const TIMESTAMP_DRIFT_MAX: i64 = 16_000;
/// Audio that overlaps by more than this what we already filled with silence has come late, in samples.
const OVERLAP_MAX: i32 = 320;
/// A late burst, held up on the way, arrives at once; what still seems late after this is a source whose
/// timestamps don't follow time.
const LATE_BURST: Duration = Duration::from_millis(20);
/// How far our timestamps may be thought ahead of time and be brought back at the next pause, in samples.
const LEAD_MAX: i64 = 8_000;

const FRAME: u32 = FRAME_SAMPLES as u32;

/// What a packet of a source is, for its place on our timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carries {
    /// So many samples of audio.
    Audio {
        /// Samples.
        samples: u32,
    },
    /// A telephone event that has lasted so many samples.
    Event {
        /// Samples since the packet's timestamp.
        duration: u32,
    },
}

/// Our stream to one party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutStream {
    ssrc: u32,
    /// Of the next packet that is newer than all before it.
    sequence: u16,
    /// Where the newest packet's audio ends: the next packet's timestamp if no time is lost.
    edge: u32,
    /// When `edge` was reached. `None` before the first packet.
    edge_at: Option<Time>,
    /// By how much our timestamps are ahead of time, in samples, from rounding to whole frames.
    lead: i32,
    source: Option<Source>,
    event: Option<MappedEvent>,
    packets: u32,
    octets: u32,
}

/// How the source now forwarded is mapped onto our stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Source {
    ssrc: u32,
    /// Of the newest packet, as the source counts.
    newest: u16,
    /// Of the newest audio.
    newest_timestamp: u32,
    newest_at: Time,
    /// How many places before `newest` still belong to this mapping, up to [`MISORDER_MAX`].
    span: i16,
    /// Ours less the source's.
    sequence_offset: u16,
    timestamp_offset: u32,
    hold: Hold,
    /// After one wild packet: the sequence number that would show it was no accident.
    wild_next: Option<u16>,
}

/// Whether a source's mapping holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Hold {
    /// Its packets are mapped by the offsets.
    Anchored,
    /// We filled a pause of it; the old offsets only tell late packets from new ones.
    Filled,
    /// Late packets are being dropped until then.
    Late { until: Time },
}

/// One event keeps one timestamp, also if the mapping changes in its middle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct MappedEvent {
    ssrc: u32,
    theirs: u32,
    ours: u32,
}

/// What has gone out, for sender reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Packets.
    pub packets: u32,
    /// Bytes of payload.
    pub octets: u32,
}

impl OutStream {
    /// A stream that starts as planned.
    pub fn new(plan: StreamPlan) -> OutStream {
        OutStream {
            ssrc: plan.ssrc,
            sequence: plan.first_sequence,
            edge: plan.first_timestamp,
            edge_at: None,
            lead: 0,
            source: None,
            event: None,
            packets: 0,
            octets: 0,
        }
    }

    /// Our SSRC.
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// What has gone out.
    pub fn sent(&self) -> Sent {
        Sent {
            packets: self.packets,
            octets: self.octets,
        }
    }

    /// The timestamp that audio sounding at `now` has, for sender reports.
    pub fn timestamp_at(&self, now: Time) -> u32 {
        let elapsed = self.edge_at.map_or(0, |at| samples_in(now - at));
        self.edge.wrapping_add(elapsed as u32)
    }

    /// The header of a frame of our own (20 ms of a prompt, music or silence) that is due at `now`.
    /// A source that was forwarded is anchored anew when it comes back.
    pub fn own_frame(&mut self, now: Time, payload_type: u8) -> Header {
        self.let_go_of_source();
        let (timestamp, marker) = self.fresh(now, FRAME);
        let header = self.header(marker, payload_type, self.sequence, timestamp);
        self.advance(now, header.sequence, timestamp.wrapping_add(FRAME));
        self.count(FRAME);
        header
    }

    /// The header of a packet of a telephone event of our own, due at `now`, that has lasted `duration` samples.
    /// `begun` is the timestamp of its first packet (RFC 4733 §2.5.1.2: all have the same); none for that one.
    pub fn own_event(
        &mut self,
        now: Time,
        payload_type: u8,
        begun: Option<u32>,
        duration: u16,
    ) -> Header {
        self.let_go_of_source();
        let (timestamp, end) = match begun {
            Some(begun) => (begun, begun.wrapping_add(duration.into())),
            None => {
                let (timestamp, _) = self.fresh(now, FRAME);
                (timestamp, timestamp.wrapping_add(FRAME))
            }
        };
        let header = self.header(begun.is_none(), payload_type, self.sequence, timestamp);
        self.advance(now, header.sequence, end);
        self.count(EVENT_BYTES as u32);
        header
    }

    /// A source that was forwarded is anchored anew when it comes back.
    fn let_go_of_source(&mut self) {
        if let Some(source) = &mut self.source
            && source.hold == Hold::Anchored
        {
            source.hold = Hold::Filled;
        }
    }

    /// The header under which a source's packet goes on, or `None` if it came too late to have a place.
    pub fn forward(
        &mut self,
        now: Time,
        packet: &Packet,
        carries: Carries,
        payload_type: u8,
    ) -> Option<Header> {
        let header = match self.place(now, packet, carries) {
            Place::Mapped { ahead } => self.mapped(now, packet, carries, payload_type, ahead),
            Place::Anew => self.anew(now, packet, carries, payload_type)?,
            Place::Nowhere => return None,
        };
        self.count(packet.payload.len() as u32);
        Some(header)
    }

    /// A packet of the source is not passed on, such as an event the party has no payload type for: it
    /// leaves no hole in our sequence numbers.
    pub fn leave_out(&mut self, packet: &Packet) {
        if let Some(source) = &mut self.source
            && source.hold == Hold::Anchored
            && source.ssrc == packet.ssrc
            && packet.sequence == source.newest.wrapping_add(1)
        {
            source.newest = packet.sequence;
            source.sequence_offset = source.sequence_offset.wrapping_sub(1);
            // What came before counts differently now; a packet of then would take a number already used.
            source.span = 0;
        }
    }

    /// Another source is heard from now on, or nothing was sent for a while: the next packet is anchored
    /// by the time that has passed.
    pub fn forget_source(&mut self) {
        self.source = None;
    }

    fn place(&mut self, now: Time, packet: &Packet, carries: Carries) -> Place {
        let Some(source) = self
            .source
            .as_mut()
            .filter(|source| source.ssrc == packet.ssrc)
        else {
            return Place::Anew;
        };
        if source.hold != Hold::Anchored {
            return Place::Anew;
        }
        let ahead = packet.sequence.wrapping_sub(source.newest) as i16;
        let near = (-MISORDER_MAX..=DROPOUT_MAX).contains(&ahead);
        if near && source.timestamp_fits(now, packet, carries, ahead) {
            if ahead < -source.span {
                return Place::Nowhere;
            }
            source.wild_next = None;
            return Place::Mapped { ahead };
        }
        // RFC 3550 appendix A.1: two in sequence show that the source restarted; one alone may be a stray.
        let goes_on = near && ahead > 0;
        if !goes_on && source.wild_next != Some(packet.sequence) {
            source.wild_next = Some(packet.sequence.wrapping_add(1));
            return Place::Nowhere;
        }
        Place::Anew
    }

    fn mapped(
        &mut self,
        now: Time,
        packet: &Packet,
        carries: Carries,
        payload_type: u8,
        ahead: i16,
    ) -> Header {
        let source = self
            .source
            .as_mut()
            .expect("a packet is mapped by the source it was found to belong to");
        let sequence = packet.sequence.wrapping_add(source.sequence_offset);
        let shift = |timestamp: u32| timestamp.wrapping_add(source.timestamp_offset);
        let (timestamp, end, marker) = match carries {
            Carries::Audio { samples } => {
                // A marker where audio runs on would make the phone resynchronise for nothing.
                let runs_on = ahead != 1
                    || packet.timestamp.wrapping_sub(source.newest_timestamp) <= samples.max(FRAME);
                let start = shift(packet.timestamp);
                (
                    start,
                    start.wrapping_add(samples),
                    packet.marker && !runs_on,
                )
            }
            Carries::Event { duration } => {
                let start = shift(packet.timestamp);
                let end = start.wrapping_add(duration);
                (self.event.of(packet).unwrap_or(start), end, packet.marker)
            }
        };
        if ahead > 0 {
            source.newest = packet.sequence;
            source.span = source.span.saturating_add(ahead).min(MISORDER_MAX);
            if matches!(carries, Carries::Audio { .. }) {
                source.newest_timestamp = packet.timestamp;
                source.newest_at = now;
            }
        }
        if matches!(carries, Carries::Event { .. }) {
            self.event = Some(MappedEvent::new(packet, timestamp));
        }
        if ahead > 0 {
            self.advance(now, sequence, end);
        }
        self.header(marker, payload_type, sequence, timestamp)
    }

    /// Gives a packet the next place and anchors its source there.
    fn anew(
        &mut self,
        now: Time,
        packet: &Packet,
        carries: Carries,
        payload_type: u8,
    ) -> Option<Header> {
        let known_event = match carries {
            Carries::Event { .. } => self.event.of(packet),
            Carries::Audio { .. } => None,
        };
        if let Some(timestamp) = known_event {
            // The rest of an event that silence broke into: its own timestamp, and no say in the timeline.
            let sequence = self.sequence;
            self.sequence = sequence.wrapping_add(1);
            return Some(self.header(packet.marker, payload_type, sequence, timestamp));
        }
        if matches!(carries, Carries::Audio { .. }) && self.is_late(now, packet) {
            return None;
        }
        let length = match carries {
            Carries::Audio { samples } => samples,
            Carries::Event { .. } => FRAME,
        };
        let (timestamp, marker) = self.fresh(now, length);
        let their_end = match carries {
            Carries::Audio { samples } => packet.timestamp.wrapping_add(samples),
            Carries::Event { duration } => packet.timestamp.wrapping_add(duration.max(FRAME)),
        };
        let end = timestamp.wrapping_add(length);
        let timestamp_offset = end.wrapping_sub(their_end);
        let sequence = self.sequence;
        self.source = Some(Source {
            ssrc: packet.ssrc,
            newest: packet.sequence,
            newest_timestamp: their_end.wrapping_sub(length),
            newest_at: now,
            span: 0,
            sequence_offset: sequence.wrapping_sub(packet.sequence),
            timestamp_offset,
            hold: Hold::Anchored,
            wild_next: None,
        });
        if matches!(carries, Carries::Event { .. }) {
            self.event = Some(MappedEvent::new(packet, timestamp));
        }
        self.advance(now, sequence, end);
        let marker = marker || matches!(carries, Carries::Event { .. }) && packet.marker;
        Some(self.header(marker, payload_type, sequence, timestamp))
    }

    /// Whether the time of a returning source's packet has been filled already: a burst that was held up
    /// on the way would otherwise delay all that follows it.
    fn is_late(&mut self, now: Time, packet: &Packet) -> bool {
        let edge = self.edge;
        let Some(source) = self
            .source
            .as_mut()
            .filter(|source| source.ssrc == packet.ssrc)
        else {
            return false;
        };
        let overlap =
            edge.wrapping_sub(packet.timestamp.wrapping_add(source.timestamp_offset)) as i32;
        if overlap <= OVERLAP_MAX || i64::from(overlap) > TIMESTAMP_DRIFT_MAX {
            return false;
        }
        match source.hold {
            Hold::Anchored => false,
            Hold::Filled => {
                source.hold = Hold::Late {
                    until: now + LATE_BURST,
                };
                true
            }
            Hold::Late { until } => now < until,
        }
    }

    /// The timestamp of a new packet of `length` samples at `now`, in whole frames past the edge, and
    /// whether it comes after a pause in which nothing was sent.
    fn fresh(&mut self, now: Time, length: u32) -> (u32, bool) {
        let Some(edge_at) = self.edge_at else {
            return (self.edge, true);
        };
        let frame = i64::from(FRAME);
        let missed = samples_in(now - edge_at) - i64::from(length) - i64::from(self.lead);
        let frames = missed.saturating_add(frame / 2).div_euclid(frame).max(0);
        let skipped = frames.saturating_mul(frame);
        self.lead = (skipped - missed).clamp(-LEAD_MAX, LEAD_MAX) as i32;
        (self.edge.wrapping_add(skipped as u32), frames > 0)
    }

    fn advance(&mut self, now: Time, sequence: u16, end: u32) {
        self.sequence = sequence.wrapping_add(1);
        // An event's repeated end packets don't move time on.
        if self.edge_at.is_none() || end.wrapping_sub(self.edge) as i32 > 0 {
            self.edge = end;
            self.edge_at = Some(now);
        }
    }

    fn header(&self, marker: bool, payload_type: u8, sequence: u16, timestamp: u32) -> Header {
        Header {
            marker,
            payload_type,
            sequence,
            timestamp,
            ssrc: self.ssrc,
        }
    }

    fn count(&mut self, octets: u32) {
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(octets);
    }
}

enum Place {
    /// By the source's offsets; `ahead` places after its newest.
    Mapped { ahead: i16 },
    /// Next after all we sent.
    Anew,
    /// It can't be sent.
    Nowhere,
}

impl Source {
    /// Whether a packet's timestamp may belong to the place its sequence number gives it.
    fn timestamp_fits(&self, now: Time, packet: &Packet, carries: Carries, ahead: i16) -> bool {
        if matches!(carries, Carries::Event { .. }) {
            return true;
        }
        let theirs = i64::from(packet.timestamp.wrapping_sub(self.newest_timestamp) as i32);
        let passed = if ahead > 0 {
            samples_in(now - self.newest_at)
        } else {
            0
        };
        (theirs - passed).abs() <= TIMESTAMP_DRIFT_MAX
    }
}

impl MappedEvent {
    fn new(packet: &Packet, ours: u32) -> MappedEvent {
        MappedEvent {
            ssrc: packet.ssrc,
            theirs: packet.timestamp,
            ours,
        }
    }
}

trait OfPacket {
    fn of(&self, packet: &Packet) -> Option<u32>;
}

impl OfPacket for Option<MappedEvent> {
    /// Our timestamp for the event that `packet` belongs to, if part of it has been sent.
    fn of(&self, packet: &Packet) -> Option<u32> {
        self.as_ref()
            .filter(|event| event.ssrc == packet.ssrc && event.theirs == packet.timestamp)
            .map(|event| event.ours)
    }
}
