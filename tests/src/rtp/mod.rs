//! One RTP party: sends a packet each 20 ms as a phone does, and keeps every packet that comes with its time.

mod measure;

pub use measure::{Pacing, check_continuity, check_joined, digits, pacing, samples};

use crate::random;
use crate::sound::{self, Codec, FRAME};
use rtp_rs::{RtpPacketBuilder, RtpReader, Seq};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Between packets.
pub const PACKET: Duration = Duration::from_millis(20);

/// A packet that came.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrived {
    /// When it was read.
    pub at: Instant,
    /// Who sent it.
    pub from: SocketAddr,
    /// Source.
    pub ssrc: u32,
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp.
    pub timestamp: u32,
    /// Payload type.
    pub payload_type: u8,
    /// Marker bit.
    pub marker: bool,
    /// Payload.
    pub payload: Vec<u8>,
}

/// What is sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Sound {
    /// No packets at all.
    Nothing,
    /// Packets of silence, as a phone in a quiet room.
    #[default]
    Silence,
    /// A sine at -12 dB.
    Tone(f64),
}

/// Where packets go, and in what form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The peer.
    pub address: SocketAddr,
    /// How it is encoded.
    pub codec: Codec,
    /// Payload type of telephone events, where agreed.
    pub events: Option<u8>,
}

#[derive(Debug, Default)]
struct Sending {
    target: Option<Target>,
    sound: Sound,
    digits: VecDeque<(u8, Duration)>,
}

/// A socket with its two threads; they end when it is dropped.
#[derive(Debug)]
pub struct Media {
    local: SocketAddr,
    socket: Arc<UdpSocket>,
    log: Arc<Mutex<Vec<Arrived>>>,
    sending: Arc<Mutex<Sending>>,
    running: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Media {
    /// Opens a socket on a free port of `ip`; sends nothing yet.
    ///
    /// # Panics
    /// When no socket can be had.
    pub fn open(ip: IpAddr) -> Media {
        let socket = Arc::new(UdpSocket::bind((ip, 0)).expect("a free port"));
        socket
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let sending = Arc::new(Mutex::new(Sending::default()));
        let running = Arc::new(AtomicBool::new(true));
        let receiver = {
            let (socket, log, running) = (socket.clone(), log.clone(), running.clone());
            std::thread::spawn(move || receive(&socket, &log, &running))
        };
        let sender = {
            let (socket, sending, running) = (socket.clone(), sending.clone(), running.clone());
            std::thread::spawn(move || send(&socket, &sending, &running))
        };
        let local = socket.local_addr().unwrap();
        Media {
            local,
            socket,
            log,
            sending,
            running,
            threads: vec![receiver, sender],
        }
    }

    /// Our own address.
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// Sends to `target` from now on; to nobody if `None`.
    pub fn aim(&self, target: Option<Target>) {
        self.sending.lock().unwrap().target = target;
    }

    /// Where it sends.
    pub fn target(&self) -> Option<Target> {
        self.sending.lock().unwrap().target
    }

    /// What is sent from now on.
    pub fn play(&self, sound: Sound) {
        self.sending.lock().unwrap().sound = sound;
    }

    /// Presses a key (RFC 4733 event code), once earlier ones are sent.
    pub fn press(&self, event: u8, held: Duration) {
        self.sending.lock().unwrap().digits.push_back((event, held));
    }

    /// Sends one datagram as it is.
    pub fn send_raw(&self, datagram: &[u8], to: SocketAddr) {
        let _ = self.socket.send_to(datagram, to);
    }

    /// Everything that came so far.
    pub fn packets(&self) -> Vec<Arrived> {
        self.log.lock().unwrap().clone()
    }

    /// How many packets came so far.
    pub fn count(&self) -> usize {
        self.log.lock().unwrap().len()
    }

    /// What came from packet number `from` on, waiting until `span` of sound has come since.
    pub fn listen_from(&self, from: usize, span: Duration) -> Vec<Arrived> {
        let wanted = (span.as_millis() / PACKET.as_millis()) as usize;
        let deadline = Instant::now() + span * 2 + Duration::from_secs(2);
        while self.count() < from + wanted && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.packets().split_off(from.min(self.count()))
    }

    /// What comes from now on for as long as `span`.
    pub fn listen(&self, span: Duration) -> Vec<Arrived> {
        self.listen_from(self.count(), span)
    }

    /// Waits until `prompt` has been heard, since packet number `from`; its place and likeness.
    ///
    /// # Panics
    /// When it is not heard within `limit`.
    pub fn hear(&self, prompt: &[i16], from: usize, limit: Duration) -> sound::Match {
        let deadline = Instant::now() + limit;
        loop {
            let heard = samples(&self.packets()[from.min(self.count())..]);
            let found = sound::recognise(&heard, prompt);
            if found.likeness > sound::RECOGNISED {
                return found;
            }
            assert!(
                Instant::now() < deadline,
                "prompt not heard in {limit:?}: best likeness {:.2} in {} samples of {:.0} dB",
                found.likeness,
                heard.len(),
                sound::loudness_db(&heard)
            );
            std::thread::sleep(Duration::from_millis(300));
        }
    }
}

impl Drop for Media {
    fn drop(&mut self) {
        self.running.store(false, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn receive(socket: &UdpSocket, log: &Mutex<Vec<Arrived>>, running: &AtomicBool) {
    let mut buffer = [0; 2_048];
    while running.load(Ordering::Relaxed) {
        let Ok((length, from)) = socket.recv_from(&mut buffer) else {
            continue;
        };
        let at = Instant::now();
        // RTCP shares nothing with us but could be sent to the wrong port; RFC 5761 §4 tells them apart.
        let Ok(packet) = RtpReader::new(&buffer[..length]) else {
            continue;
        };
        log.lock().unwrap().push(Arrived {
            at,
            from,
            ssrc: packet.ssrc(),
            sequence: packet.sequence_number().into(),
            timestamp: packet.timestamp(),
            payload_type: packet.payload_type(),
            marker: packet.mark(),
            payload: packet.payload().to_vec(),
        });
    }
}

struct OutStream {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
}

impl OutStream {
    fn packet(
        &mut self,
        payload_type: u8,
        timestamp: u32,
        marker: bool,
        payload: &[u8],
    ) -> Vec<u8> {
        let packet = RtpPacketBuilder::new()
            .payload_type(payload_type)
            .ssrc(self.ssrc)
            .sequence(Seq::from(self.sequence))
            .timestamp(timestamp)
            .marked(marker)
            .payload(payload)
            .build()
            .expect("a well-formed packet");
        self.sequence = self.sequence.wrapping_add(1);
        packet
    }
}

fn send(socket: &UdpSocket, sending: &Mutex<Sending>, running: &AtomicBool) {
    let seed = random::number();
    let mut stream = OutStream {
        ssrc: seed as u32,
        sequence: (seed >> 32) as u16,
        timestamp: (seed >> 16) as u32,
    };
    let mut phase = 0usize;
    let mut event: Option<Event> = None;
    let mut due = Instant::now();
    while running.load(Ordering::Relaxed) {
        due += PACKET;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let (target, sound) = {
            let mut sending = sending.lock().unwrap();
            if event.is_none() {
                event = sending
                    .digits
                    .pop_front()
                    .map(|(code, held)| Event::new(code, held, stream.timestamp));
            }
            (sending.target, sending.sound.clone())
        };
        if let Some(target) = target {
            if let (Some(running_event), Some(payload_type)) = (event.as_mut(), target.events) {
                for (marker, payload) in running_event.step() {
                    let packet =
                        stream.packet(payload_type, running_event.timestamp, marker, &payload);
                    let _ = socket.send_to(&packet, target.address);
                }
                if running_event.over {
                    event = None;
                }
            } else if let Some(frame) = frame(&sound, target.codec, phase) {
                let packet =
                    stream.packet(target.codec.payload_type(), stream.timestamp, false, &frame);
                let _ = socket.send_to(&packet, target.address);
            }
        }
        stream.timestamp = stream.timestamp.wrapping_add(FRAME as u32);
        phase += FRAME;
    }
}

fn frame(sound: &Sound, codec: Codec, phase: usize) -> Option<Vec<u8>> {
    match sound {
        Sound::Nothing => None,
        Sound::Silence => Some(vec![codec.encode(0); FRAME]),
        Sound::Tone(hertz) => {
            let peak = 32_767.0 * 10f64.powf(-12.0 / 20.0);
            let step = 2.0 * std::f64::consts::PI * hertz / sound::RATE as f64;
            let octet =
                |n: usize| codec.encode((peak * (step * (phase + n) as f64).sin()).round() as i16);
            Some((0..FRAME).map(octet).collect())
        }
    }
}

// One key held (RFC 4733 §2.5): same timestamp throughout, growing duration, the last packet three times.
struct Event {
    code: u8,
    timestamp: u32,
    sent: u16,
    total: u16,
    over: bool,
}

impl Event {
    fn new(code: u8, held: Duration, timestamp: u32) -> Event {
        let total = (held.as_millis() as u16)
            .saturating_mul(8)
            .max(FRAME as u16);
        Event {
            code,
            timestamp,
            sent: 0,
            total,
            over: false,
        }
    }

    fn step(&mut self) -> Vec<(bool, [u8; 4])> {
        let first = self.sent == 0;
        self.sent = self.sent.saturating_add(FRAME as u16).min(self.total);
        self.over = self.sent == self.total;
        let [high, low] = self.sent.to_be_bytes();
        let payload = |end: u8| [self.code, end | 10, high, low];
        if self.over {
            vec![
                (first, payload(0x80)),
                (false, payload(0x80)),
                (false, payload(0x80)),
            ]
        } else {
            vec![(first, payload(0))]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Media, Media) {
        let (one, other) = (
            Media::open([127, 0, 0, 1].into()),
            Media::open([127, 0, 0, 1].into()),
        );
        one.aim(Some(Target {
            address: other.local(),
            codec: Codec::Pcma,
            events: Some(101),
        }));
        (one, other)
    }

    #[test]
    fn a_tone_sent_by_one_is_measured_at_the_other_in_an_unbroken_stream() {
        let (one, other) = pair();
        one.play(Sound::Tone(440.0));
        let packets = other.listen(Duration::from_millis(600));
        let heard = samples(&packets[5..]);
        assert!((sound::level_db(&heard, 440.0) + 12.0).abs() < 1.0);
        check_continuity(&packets).unwrap();
    }

    #[test]
    fn a_key_pressed_is_seen_once() {
        let (one, other) = pair();
        one.press(5, Duration::from_millis(100));
        one.press(11, Duration::from_millis(60));
        let packets = other.listen(Duration::from_millis(600));
        assert_eq!(digits(&packets, 101), [5, 11]);
        let ends = packets
            .iter()
            .filter(|packet| packet.payload_type == 101 && packet.payload[1] & 0x80 != 0);
        assert_eq!(ends.count(), 6);
    }

    #[test]
    fn a_break_of_any_kind_is_told() {
        let (one, other) = pair();
        one.play(Sound::Silence);
        let packets = other.listen(Duration::from_millis(200));
        let broken = |change: fn(&mut Arrived)| {
            let mut packets = packets.clone();
            change(&mut packets[4]);
            check_continuity(&packets).unwrap_err()
        };
        assert!(broken(|packet| packet.ssrc ^= 1).contains("SSRC"));
        assert!(
            broken(|packet| packet.sequence = packet.sequence.wrapping_add(1)).contains("sequence")
        );
        assert!(
            broken(|packet| packet.timestamp = packet.timestamp.wrapping_add(1))
                .contains("timestamp")
        );
        assert!(broken(|packet| packet.payload.truncate(80)).contains("payload"));
    }
}
