//! A phone made of two plain sockets, and ears to judge what it hears.

use media_core::packet::{HEADER_BYTES, Header, Packet};
use media_core::{Codec, Direction, Remote};
use std::net::{SocketAddr, UdpSocket};
use std::ops::Range;
use std::time::{Duration, Instant};

/// Longest wait for a packet: a stream that stops fails the test instead of hanging it.
const SILENCE_MAX: Duration = Duration::from_secs(2);

/// Where this process looks for the next pair of ports: above those of the servers that are tested from outside, and below
/// those that Linux gives out.
static NEXT_PORT: std::sync::atomic::AtomicU16 = std::sync::atomic::AtomicU16::new(32_000);

pub(crate) struct Phone {
    rtp: UdpSocket,
    rtcp: UdpSocket,
    server: SocketAddr,
    codec: Codec,
    ssrc: u32,
    pub(crate) sequence: u16,
    timestamp: u32,
    phase: usize,
    /// Packets sent so far.
    pub(crate) sent: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct HeardPacket {
    pub(crate) at: Instant,
    pub(crate) payload_type: u8,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) ssrc: u32,
    pub(crate) payload: Vec<u8>,
}

#[derive(Default)]
pub(crate) struct Heard(Vec<HeardPacket>);

impl Phone {
    pub(crate) fn new(server: SocketAddr, codec: Codec, number: u32) -> Phone {
        let (rtp, rtcp) = bind_pair();
        rtp.set_read_timeout(Some(SILENCE_MAX)).unwrap();
        rtcp.set_read_timeout(Some(SILENCE_MAX)).unwrap();
        Phone {
            rtp,
            rtcp,
            server,
            codec,
            ssrc: 0xAB00 + number,
            sequence: 100,
            timestamp: number * 77_777,
            phase: 0,
            sent: 0,
        }
    }

    pub(crate) fn server(&self) -> SocketAddr {
        self.server
    }

    pub(crate) fn event_payload_type(&self) -> u8 {
        101
    }

    pub(crate) fn remote(&self, direction: Direction) -> Remote {
        Remote {
            rtp: self.rtp.local_addr().unwrap(),
            codec: self.codec,
            payload_type: payload_type(self.codec),
            event_payload_type: Some(self.event_payload_type()),
            direction,
        }
    }

    pub(crate) fn send(&mut self, payload: &[u8]) {
        self.send_as(payload_type(self.codec), self.timestamp, payload);
        self.timestamp = self.timestamp.wrapping_add(payload.len() as u32);
    }

    /// 20 ms of a tone that goes on from the last.
    pub(crate) fn send_tone(&mut self, hertz: f32) {
        let samples = tone(hertz, self.phase + 160);
        let mut payload = [0; 160];
        self.codec.encode(&samples[self.phase..], &mut payload);
        self.phase += 160;
        self.send(&payload);
    }

    /// A key held for so many frames, and its end three times.
    pub(crate) fn press(&mut self, code: u8, frames: u16) {
        for n in 1..=frames + 2 {
            let duration = n.min(frames) * 160;
            let end = if n >= frames { 0x80 } else { 0 };
            let payload = [code, end | 10, (duration >> 8) as u8, duration as u8];
            self.send_as(self.event_payload_type(), self.timestamp, &payload);
        }
        self.timestamp = self.timestamp.wrapping_add(u32::from(frames) * 160);
    }

    pub(crate) fn send_raw(&self, datagram: &[u8]) {
        self.rtp.send_to(datagram, self.server).unwrap();
    }

    pub(crate) fn send_rtcp(&self, datagram: &[u8]) {
        let above = SocketAddr::new(self.server.ip(), self.server.port() + 1);
        self.rtcp.send_to(datagram, above).unwrap();
    }

    pub(crate) fn receive_rtcp(&self) -> Vec<u8> {
        let mut bytes = [0; 2_048];
        let length = self.rtcp.recv(&mut bytes).expect("RTCP was due");
        bytes[..length].to_vec()
    }

    pub(crate) fn receive(&mut self) -> HeardPacket {
        let mut bytes = [0; 2_048];
        let length = self
            .rtp
            .recv(&mut bytes)
            .expect("the stream to a phone never stops");
        let packet = Packet::parse(&bytes[..length]).unwrap();
        HeardPacket {
            at: Instant::now(),
            payload_type: packet.payload_type,
            sequence: packet.sequence,
            timestamp: packet.timestamp,
            ssrc: packet.ssrc,
            payload: bytes[packet.payload].to_vec(),
        }
    }

    pub(crate) fn hear(&mut self, packets: usize) -> Heard {
        Heard((0..packets).map(|_| self.receive()).collect())
    }

    /// Throws away what has come and not been listened to.
    pub(crate) fn forget(&mut self) {
        self.rtp.set_nonblocking(true).unwrap();
        while self.rtp.recv(&mut [0; 2_048]).is_ok() {}
        self.rtp.set_nonblocking(false).unwrap();
    }

    pub(crate) fn hears_within(&mut self, span: Duration) -> bool {
        self.rtp.set_read_timeout(Some(span)).unwrap();
        let heard = self.rtp.recv(&mut [0; 2_048]).is_ok();
        self.rtp.set_read_timeout(Some(SILENCE_MAX)).unwrap();
        heard
    }

    /// Reads on until nothing has come for four frames.
    pub(crate) fn wait_for_quiet(&mut self) {
        let start = Instant::now();
        while self.hears_within(Duration::from_millis(80)) {
            assert!(start.elapsed() < SILENCE_MAX, "it never becomes quiet");
        }
    }

    fn send_as(&mut self, payload_type: u8, timestamp: u32, payload: &[u8]) {
        let header = Header {
            marker: false,
            payload_type,
            sequence: self.sequence,
            timestamp,
            ssrc: self.ssrc,
        };
        self.sequence = self.sequence.wrapping_add(1);
        let mut bytes = vec![0; HEADER_BYTES];
        header.write(bytes.first_chunk_mut().unwrap());
        bytes.extend_from_slice(payload);
        self.rtp.send_to(&bytes, self.server).unwrap();
        self.sent += 1;
    }
}

/// `talker` sends a tone in the time that `listener` hears: a packet for each packet, until so many came.
pub(crate) fn converse(
    listener: &mut Phone,
    talker: &mut Phone,
    hertz: f32,
    packets: usize,
) -> Heard {
    let start = Instant::now();
    let mut heard = Heard::default();
    let mut sent = 0;
    while heard.0.len() < packets {
        while start.elapsed() >= Duration::from_millis(20 * sent) {
            talker.send_tone(hertz);
            sent += 1;
        }
        listener
            .rtp
            .set_read_timeout(Some(Duration::from_millis(5)))
            .unwrap();
        let ready = listener.rtp.peek(&mut [0; 1]).is_ok();
        listener.rtp.set_read_timeout(Some(SILENCE_MAX)).unwrap();
        if ready {
            heard.0.push(listener.receive());
        }
        assert!(
            start.elapsed() < SILENCE_MAX,
            "only {} packets came",
            heard.0.len()
        );
    }
    heard
}

impl Heard {
    pub(crate) fn append(&mut self, more: Heard) {
        self.0.extend(more.0);
    }

    pub(crate) fn last(&self) -> &HeardPacket {
        self.0.last().unwrap()
    }

    pub(crate) fn payloads(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|packet| &packet.payload[..])
    }

    pub(crate) fn linear(&self, packets: Range<usize>, codec: Codec) -> Vec<i16> {
        self.0[packets]
            .iter()
            .flat_map(|packet| packet.payload.iter().map(|byte| codec.decode_sample(*byte)))
            .collect()
    }

    pub(crate) fn last_linear(&self, packets: usize, codec: Codec) -> Vec<i16> {
        self.linear(self.0.len() - packets..self.0.len(), codec)
    }

    /// One SSRC; each packet has the next sequence number, and a timestamp later by its length, or by whole
    /// frames more where there was silence. A packet may be late by scheduling, never early or out of order.
    pub(crate) fn assert_one_stream(&self, ssrc: u32, first_sequence: u16, first_timestamp: u32) {
        assert_eq!(self.0[0].timestamp, first_timestamp);
        for (n, packet) in self.0.iter().enumerate() {
            assert_eq!(
                (packet.ssrc, packet.sequence),
                (ssrc, first_sequence.wrapping_add(n as u16)),
                "packet {n}"
            );
        }
        for pair in self.0.windows(2) {
            let step = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
            assert!(
                step % 160 == 0 && (160..=640).contains(&step),
                "a step of {step} samples"
            );
        }
        let first = &self.0[0];
        let last = self.last();
        let sounded = f64::from(last.timestamp.wrapping_sub(first.timestamp)) / 8.0;
        let passed = (last.at - first.at).as_secs_f64() * 1_000.0;
        assert!(
            (sounded - passed).abs() < 150.0,
            "{sounded} ms of audio in {passed} ms"
        );
    }
}

pub(crate) fn tone(hertz: f32, samples: usize) -> Vec<i16> {
    (0..samples)
        .map(|n| ((std::f32::consts::TAU * hertz * n as f32 / 8_000.0).sin() * 10_000.0) as i16)
        .collect()
}

/// How much of the power is at that frequency, 0 to 1 (Goertzel).
pub(crate) fn goertzel_share(samples: &[i16], hertz: f64) -> f64 {
    let coefficient = 2.0 * (std::f64::consts::TAU * hertz / 8_000.0).cos();
    let (mut one, mut two, mut total) = (0.0, 0.0, 0.0);
    for sample in samples {
        let sample = f64::from(*sample);
        total += sample * sample;
        (one, two) = (sample + coefficient * one - two, one);
    }
    let power = one * one + two * two - coefficient * one * two;
    2.0 * power / (total * samples.len() as f64)
}

fn bind_pair() -> (UdpSocket, UdpSocket) {
    loop {
        let port = NEXT_PORT.fetch_add(2, std::sync::atomic::Ordering::Relaxed);
        if let (Ok(rtp), Ok(rtcp)) = (
            UdpSocket::bind(("127.0.0.1", port)),
            UdpSocket::bind(("127.0.0.1", port + 1)),
        ) {
            return (rtp, rtcp);
        }
    }
}

fn payload_type(codec: Codec) -> u8 {
    match codec {
        Codec::Pcma => 8,
        Codec::Pcmu => 0,
    }
}
