//! One leg's media session: what its party hears, and what is taken from it. Sockets, threads, the sounds
//! themselves and which two parties are bridged belong to whoever drives it.

use crate::dropped::Dropped;
use crate::dtmf::{DigitReceiver, Digits, EVENT_BYTES, TelephoneEvent};
use crate::fade::Fade;
use crate::g711::FRAME_SAMPLES;
use crate::keypad::{EventFrame, Keypad};
use crate::lock::{Admission, SourceLock};
use crate::packet::{HEADER_BYTES, Packet};
use crate::playout::{Loop, Onset, Playout, Prompts, Sound};
use crate::reception::{Reception, ReceptionReport};
use crate::recorder::{Recorder, Recording};
use crate::stream::{Carries, OutStream};
use crate::{Codec, FRAME, Playlist, PromptId, Remote, StreamPlan, Then};
use base::{LegId, Time};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

/// Bytes of a packet of our own: header and 20 ms of G.711.
pub const OWN_PACKET_BYTES: usize = HEADER_BYTES + FRAME_SAMPLES;
/// A bridged party hears nothing for so long before silence is sent in the other's place: three frames, so
/// that ordinary jitter is not filled.
pub const FILL_AFTER: Duration = Duration::from_millis(60);
/// A party bridged with one who has not been heard yet is sent a first frame of silence after so long: whoever
/// waits for a packet before sending one has it, and in an ordinary call the other's voice comes first.
pub const QUIET_FIRST: Duration = Duration::from_millis(200);
/// And then one each time so much has passed: what keeps a way through address translation open (RFC 6263 §4.6
/// asks for 15 s or less) and a gateway from taking the call for dead.
pub const QUIET_EVERY: Duration = Duration::from_secs(5);
/// Longest audio payload taken, in bytes: 160 ms; phones send 10 to 60.
pub const AUDIO_BYTES_MAX: usize = 1_280;
/// Pieces of music whose place a session remembers.
const PLACES_MAX: usize = 8;
/// Mean time between reports (RFC 3550 §6.2); each is drawn from half to one and a half of it (§6.3.1).
const REPORT_EVERY: Duration = Duration::from_secs(5);

/// The sounds of the playlist that a party hears.
pub trait Clips {
    /// A frame of 160 bytes; `None` where there is none, which is heard as silence.
    fn frame(&self, clip: usize, frame: u32, codec: Codec) -> Option<&[u8]>;
}

/// Lengths of a playlist's sounds in frames; a missing one has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lengths {
    /// Of the prompts, in their order.
    pub prompts: Vec<u32>,
    /// Of the music.
    pub music: u32,
}

impl Lengths {
    /// How long the prompts take, one after the other.
    pub fn spoken(&self) -> Duration {
        let frames = self.prompts.iter().map(|frames| u64::from(*frames));
        Duration::from_millis(frames.sum::<u64>() * FRAME.as_millis() as u64)
    }
}

/// A media session with one party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    leg: LegId,
    stream: OutStream,
    remote: Option<Agreed>,
    reception: Reception,
    digits: DigitReceiver,
    keypad: Keypad,
    hears: Hears,
    /// Where each piece of music was left.
    places: Vec<(PromptId, u32)>,
    fade: Option<Fade>,
    /// What it says is recorded.
    recorder: Option<Box<Recorder>>,
    /// The last sample sent, where the next sound has to start to be without a click.
    last_sample: i16,
    report_at: Option<Time>,
    report_draw: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Agreed {
    remote: Remote,
    lock: SourceLock,
}

/// What a party hears.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Hears {
    Silence,
    Playing {
        playlist: Playlist,
        playout: Playout,
    },
    Bridged {
        with: LegId,
        heard: Heard,
    },
}

/// What has come from the other party of a bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Heard {
    /// Nothing yet; the next frame in its place is due then, as soon as a moment is chosen.
    NotYet { frame_at: Option<Time> },
    /// Nothing yet, but the party has heard us: it hears silence in its place.
    InAStreamBegun,
    /// Something, last at that moment: from now on its pauses are filled.
    At(Time),
}

/// What came of one frame's time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ticked {
    /// How many bytes to send; 0 is none.
    pub bytes: usize,
    /// The playlist of that token is through.
    pub played: Option<u32>,
    /// A press whose end was lost has ended.
    pub digit: Option<char>,
    /// The party's recording is over: see [`Party::stop_recording`].
    pub recorded: bool,
    /// A report is due: see [`Party::report`].
    pub report: ReportDue,
}

/// Whether RTCP is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReportDue {
    /// Not yet.
    #[default]
    No,
    /// Now.
    Yes,
}

/// A packet taken from a party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Its header and where its payload is.
    pub packet: Packet,
    /// What it carries.
    pub carries: Carries,
    /// Keys whose press ended with it.
    pub digits: Digits,
}

/// What a compound RTCP packet says of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Our SSRC.
    pub ssrc: u32,
    /// Our timestamp for now.
    pub timestamp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Bytes of payload sent.
    pub octets: u32,
    /// On what came, if anything did.
    pub reception: Option<ReceptionReport>,
}

impl Party {
    /// A session with which nothing is agreed yet: it sends nothing.
    pub fn new(leg: LegId, plan: StreamPlan) -> Party {
        Party {
            leg,
            stream: OutStream::new(plan),
            remote: None,
            reception: Reception::default(),
            digits: DigitReceiver::default(),
            keypad: Keypad::default(),
            hears: Hears::Silence,
            places: Vec::new(),
            fade: None,
            recorder: None,
            last_sample: 0,
            report_at: None,
            report_draw: plan.ssrc | 1,
        }
    }

    /// The leg it is for.
    pub fn leg(&self) -> LegId {
        self.leg
    }

    /// What was agreed, if anything.
    pub fn remote(&self) -> Option<&Remote> {
        self.remote.as_ref().map(|agreed| &agreed.remote)
    }

    /// Where to send, once it is known.
    pub fn peer(&self) -> Option<SocketAddr> {
        let peer = self.remote.as_ref()?.lock.peer();
        (!peer.ip().is_unspecified() && peer.port() != 0).then_some(peer)
    }

    /// The peer, once no packet can change it any more.
    pub fn settled_peer(&self) -> Option<SocketAddr> {
        self.remote.as_ref()?.lock.settled()
    }

    /// The leg it is bridged with.
    pub fn bridged_with(&self) -> Option<LegId> {
        match &self.hears {
            Hears::Bridged { with, .. } => Some(*with),
            Hears::Silence | Hears::Playing { .. } => None,
        }
    }

    /// Offer and answer agreed, for the first time or again.
    pub fn set_remote(&mut self, now: Time, remote: Remote) {
        if !remote.direction.sends() {
            // What is not sent while the party holds us must not look like loss after it.
            self.stream.forget_source();
        }
        if let Hears::Bridged {
            heard: Heard::NotYet { frame_at },
            ..
        } = &mut self.hears
        {
            // The way to a new address has to be opened too.
            *frame_at = None;
        }
        match &mut self.remote {
            Some(agreed) => {
                agreed.lock.signal(remote.rtp);
                agreed.remote = remote;
            }
            None => {
                let lock = SourceLock::new(remote.rtp);
                self.remote = Some(Agreed { remote, lock });
                self.report_at = Some(now + self.draw_report_interval() / 2);
            }
        }
    }

    /// Hears a playlist from the next frame on. `clips` are those of what it has heard so far.
    pub fn play(&mut self, playlist: Playlist, lengths: Lengths, clips: &impl Clips) {
        self.leave(clips);
        let music = match &playlist.then {
            Then::Silence => None,
            Then::Music(id) => Some(Loop {
                frames: lengths.music,
                start: self.place_of(id),
            }),
        };
        let playout = Playout::new(lengths.prompts, music);
        self.hears = Hears::Playing { playlist, playout };
    }

    /// Hears another party from the next packet on. Until then a party that has heard us hears silence, so that its
    /// stream has no gap; to one that has heard nothing yet no more is sent than keeps the way open.
    pub fn bridge(&mut self, with: LegId, clips: &impl Clips) {
        self.leave(clips);
        self.stream.forget_source();
        let heard = match self.stream.sent().packets {
            0 => Heard::NotYet { frame_at: None },
            _ => Heard::InAStreamBegun,
        };
        self.hears = Hears::Bridged { with, heard };
    }

    /// Hears silence from the next frame on.
    pub fn silence(&mut self, clips: &impl Clips) {
        self.leave(clips);
        self.hears = Hears::Silence;
    }

    /// Hears a key as a telephone event, if it hears another party and has such events.
    pub fn press(&mut self, now: Time, digit: char) {
        let has_events = self
            .remote()
            .is_some_and(|remote| remote.event_payload_type.is_some());
        if let Some(code) = TelephoneEvent::code_of(digit).filter(|_| has_events)
            && self.bridged_with().is_some()
        {
            self.keypad.press(now, code);
        }
    }

    /// Records what it says from now on.
    pub fn record(&mut self, now: Time, token: u32) {
        self.recorder = Some(Box::new(Recorder::new(now, token)));
    }

    /// Whether it is being recorded.
    pub fn is_recorded(&self) -> bool {
        self.recorder.is_some()
    }

    /// Ends the recording, and gives it out with its token.
    pub fn stop_recording(&mut self) -> Option<(u32, Recording)> {
        let recorder = self.recorder.take()?;
        Some((recorder.token(), recorder.finish()))
    }

    /// 20 ms have passed; `now` is the moment this frame was due at, not when it came about. Writes the
    /// packet to send, if one is to be sent.
    pub fn tick(
        &mut self,
        now: Time,
        clips: &impl Clips,
        bytes: &mut [u8; OWN_PACKET_BYTES],
    ) -> Ticked {
        let mut ticked = Ticked {
            digit: self.digits.handle_timeout(now),
            recorded: self.recorder.as_ref().is_some_and(|it| it.is_over(now)),
            ..Ticked::default()
        };
        let Some(agreed) = &self.remote else {
            return ticked;
        };
        let (codec, payload_type) = (agreed.remote.codec, agreed.remote.payload_type);
        let events = agreed.remote.event_payload_type;
        let sends = agreed.remote.direction.sends() && self.peer().is_some();
        if self.report_at.is_some_and(|due| due <= now) {
            self.report_at = Some(now + self.draw_report_interval());
            ticked.report = ReportDue::Yes;
        }
        if self.keypad.is_busy() {
            match events.filter(|_| sends) {
                None => self.keypad.break_off(),
                Some(payload_type) => {
                    if let Some(frame) = self.keypad.step() {
                        ticked.bytes = self.write_event(now, payload_type, frame, bytes);
                        return ticked;
                    }
                }
            }
        }
        let sound = match &mut self.hears {
            Hears::Silence => Sound::Silence,
            Hears::Bridged {
                heard: Heard::At(at),
                ..
            } if now - *at < FILL_AFTER => return ticked,
            Hears::Bridged {
                heard: Heard::At(_) | Heard::InAStreamBegun,
                ..
            } => Sound::Silence,
            Hears::Bridged {
                heard: Heard::NotYet { frame_at },
                ..
            } => {
                let due = *frame_at.get_or_insert(now + QUIET_FIRST);
                // What sounded before fades out at once.
                if now < due && self.fade.is_none() {
                    return ticked;
                }
                *frame_at = Some(now + QUIET_EVERY);
                Sound::Silence
            }
            Hears::Playing { playlist, playout } => {
                let step = playout.step();
                if step.prompts == Prompts::Through {
                    ticked.played = Some(playlist.token);
                }
                if step.onset == Onset::Abrupt && self.fade.is_none() {
                    self.fade = Some(Fade::from_silence());
                }
                step.sound
            }
        };
        if !sends {
            self.fade = None;
            self.last_sample = 0;
            return ticked;
        }
        let (header, payload) = bytes
            .split_first_chunk_mut()
            .expect("a packet is longer than its header");
        if sound == Sound::Silence && self.fade.is_none() {
            self.fade = Fade::from_sample(self.last_sample);
        }
        write_sound(sound, codec, clips, payload);
        self.finish_payload(codec, payload);
        self.stream.own_frame(now, payload_type).write(header);
        ticked.bytes = OWN_PACKET_BYTES;
        ticked
    }

    /// Until when a [`Party::tick`] would do nothing, if nothing else happens to this party meanwhile; none where
    /// each frame matters.
    pub fn quiet_until(&self) -> Option<Time> {
        let busy = self.keypad.is_busy() || self.digits.poll_timeout().is_some();
        if busy || self.recorder.is_some() || self.fade.is_some() {
            return None;
        }
        let Some(agreed) = &self.remote else {
            return Some(Time::NEVER);
        };
        let sends = agreed.remote.direction.sends() && self.peer().is_some();
        if !sends && self.last_sample != 0 {
            // The next tick lets go of the sound that the held party was cut off from.
            return None;
        }
        let frame_at = match &self.hears {
            Hears::Silence | Hears::Bridged { .. } if !sends => Time::NEVER,
            Hears::Bridged {
                heard: Heard::NotYet { frame_at },
                ..
            } => (*frame_at)?,
            Hears::Silence | Hears::Bridged { .. } | Hears::Playing { .. } => return None,
        };
        Some(frame_at.min(self.report_at.unwrap_or(Time::NEVER)))
    }

    /// Takes a datagram that came to the session's RTP port and is not RTCP. It may teach where the party
    /// is, also if it is dropped: see [`Party::peer`] and [`Party::settled_peer`].
    pub fn receive(
        &mut self,
        now: Time,
        from: SocketAddr,
        datagram: &[u8],
    ) -> Result<Received, Dropped> {
        let agreed = self.remote.as_mut().ok_or(Dropped::NotAgreed)?;
        let packet = Packet::parse(datagram).ok_or(Dropped::Malformed)?;
        let event = if packet.payload_type == agreed.remote.payload_type {
            None
        } else if Some(packet.payload_type) == agreed.remote.event_payload_type {
            Some(
                TelephoneEvent::parse(&datagram[packet.payload.clone()])
                    .ok_or(Dropped::Malformed)?,
            )
        } else {
            return Err(Dropped::PayloadType);
        };
        if event.is_none() && !(1..=AUDIO_BYTES_MAX).contains(&packet.payload.len()) {
            return Err(Dropped::Malformed);
        }
        match agreed.lock.admit(from, packet.ssrc, packet.sequence) {
            Admission::Admitted | Admission::Locked => {}
            Admission::OnProbation => return Err(Dropped::Probation),
            Admission::Refused => return Err(Dropped::Source),
        }
        if !agreed.remote.direction.receives() {
            return Err(Dropped::Direction);
        }
        let (carries, digits) = match event {
            None => {
                self.reception
                    .packet(now, packet.ssrc, packet.sequence, packet.timestamp);
                if let Some(recorder) = &mut self.recorder {
                    let payload = &datagram[packet.payload.clone()];
                    recorder.take(now, agreed.remote.codec, packet.timestamp, payload);
                }
                let samples = packet.payload.len() as u32;
                (Carries::Audio { samples }, Digits::default())
            }
            Some(event) => {
                let duration = u32::from(event.duration);
                let digits = self
                    .digits
                    .packet(now, packet.ssrc, packet.timestamp, event);
                (Carries::Event { duration }, digits)
            }
        };
        Ok(Received {
            packet,
            carries,
            digits,
        })
    }

    /// Passes on to this party what the one it is bridged with sent, whose codec is `codec`: rewrites the
    /// datagram in place and says which part of it to send. `None` if nothing is.
    pub fn forward(
        &mut self,
        now: Time,
        received: &Received,
        codec: Codec,
        datagram: &mut [u8],
    ) -> Option<Range<usize>> {
        self.peer()?;
        let Hears::Bridged { heard, .. } = &mut self.hears else {
            return None;
        };
        let remote = &self.remote.as_ref()?.remote;
        if !remote.direction.sends() {
            return None;
        }
        let own_codec = remote.codec;
        let packet = &received.packet;
        let payload_type = match received.carries {
            Carries::Audio { .. } => Some(remote.payload_type),
            Carries::Event { .. } => remote.event_payload_type.filter(|_| {
                let code = datagram[packet.payload.start];
                let (ssrc, timestamp) = (packet.ssrc, packet.timestamp);
                self.keypad.lets_pass(now, code, ssrc, timestamp)
            }),
        };
        if self.keypad.is_down() {
            // Its key is heard in place of the voice; what comes after it finds its place by the time that has passed.
            *heard = Heard::At(now);
            return None;
        }
        let Some(payload_type) = payload_type else {
            self.stream.leave_out(packet);
            return None;
        };
        let header = self
            .stream
            .forward(now, &received.packet, received.carries, payload_type)?;
        *heard = Heard::At(now);
        let payload = received.packet.payload.clone();
        if matches!(received.carries, Carries::Audio { .. }) {
            codec.transcode(own_codec, &mut datagram[payload.clone()]);
            self.finish_payload(own_codec, &mut datagram[payload.clone()]);
        }
        // The header goes right before the payload, over whatever longer header there was.
        let start = payload.start - HEADER_BYTES;
        let place = datagram[start..]
            .first_chunk_mut()
            .expect("a payload starts after a header");
        header.write(place);
        Some(start..payload.end)
    }

    /// The party sent a sender report; `ntp` is its NTP time.
    pub fn sender_report(&mut self, now: Time, ssrc: u32, ntp: u64) {
        self.reception.sender_report(now, ssrc, ntp);
    }

    /// What to report now.
    pub fn report(&mut self, now: Time) -> Report {
        let sent = self.stream.sent();
        Report {
            ssrc: self.stream.ssrc(),
            timestamp: self.stream.timestamp_at(now),
            packets: sent.packets,
            octets: sent.octets,
            reception: self.reception.report(now),
        }
    }

    fn write_event(
        &mut self,
        now: Time,
        payload_type: u8,
        frame: EventFrame,
        bytes: &mut [u8; OWN_PACKET_BYTES],
    ) -> usize {
        let EventFrame { event, timestamp } = frame;
        let header = self
            .stream
            .own_event(now, payload_type, timestamp, event.duration);
        self.keypad.began_at(header.timestamp);
        self.last_sample = 0;
        let (place, rest) = bytes
            .split_first_chunk_mut()
            .expect("a packet is longer than its header");
        header.write(place);
        rest[..EVENT_BYTES].copy_from_slice(&event.payload());
        HEADER_BYTES + EVENT_BYTES
    }

    /// Ends what is heard: remembers where the music was, and keeps its next frame for the cross-fade.
    fn leave(&mut self, clips: &impl Clips) {
        self.keypad.clear();
        let codec = self.remote().map_or(Codec::Pcma, |remote| remote.codec);
        let next = match &self.hears {
            Hears::Playing { playlist, playout } => {
                if let (Then::Music(id), Some(frame)) = (&playlist.then, playout.music_frame()) {
                    remember(&mut self.places, id, frame);
                }
                match playout.peek() {
                    Sound::Clip { clip, frame } => clips.frame(clip, frame, codec),
                    Sound::Silence => None,
                }
            }
            Hears::Silence | Hears::Bridged { .. } => None,
        };
        // A fade that was prepared and not yet heard holds what really sounded last.
        if self.fade.is_none() {
            self.fade = match next {
                Some(frame) if self.stream.sent().packets > 0 => Fade::from_frame(codec, frame),
                _ => Fade::from_sample(self.last_sample),
            };
        }
    }

    fn place_of(&self, music: &PromptId) -> u32 {
        self.places
            .iter()
            .find(|(id, _)| id == music)
            .map_or(0, |(_, frame)| *frame)
    }

    /// What every payload goes through last: the cross-fade, if one is due.
    fn finish_payload(&mut self, codec: Codec, payload: &mut [u8]) {
        if let Some(fade) = self.fade.take() {
            fade.mix_into(codec, payload);
        }
        if let Some(byte) = payload.last() {
            self.last_sample = codec.decode_sample(*byte);
        }
    }

    fn draw_report_interval(&mut self) -> Duration {
        // Xorshift: it only has to keep sessions from reporting in step.
        self.report_draw ^= self.report_draw << 13;
        self.report_draw ^= self.report_draw >> 17;
        self.report_draw ^= self.report_draw << 5;
        REPORT_EVERY / 2 + REPORT_EVERY * (self.report_draw % 1_000) / 1_000
    }
}

fn remember(places: &mut Vec<(PromptId, u32)>, music: &PromptId, frame: u32) {
    places.retain(|(id, _)| id != music);
    if places.len() >= PLACES_MAX {
        places.remove(0);
    }
    places.push((music.clone(), frame));
}

fn write_sound(sound: Sound, codec: Codec, clips: &impl Clips, payload: &mut [u8]) {
    let frame = match sound {
        Sound::Clip { clip, frame } => clips.frame(clip, frame, codec),
        Sound::Silence => None,
    };
    match frame {
        Some(frame) if frame.len() == payload.len() => payload.copy_from_slice(frame),
        _ => payload.fill(codec.silence()),
    }
}
