//! One leg's session as a thread has it: the pure party, its two sockets, and the sounds it plays.

use crate::ports::PortPair;
use crate::prompts::{Prompt, Prompts};
use crate::rtcp::{self, Farewell, REPORT_BYTES_MAX};
use base::Time;
use media_core::{Clips, Codec, Lengths, OWN_RECORDING, Party, Playlist, PromptId, Then};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;

/// A session and what it needs of the system.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) party: Party,
    pub(crate) sounds: Sounds,
    /// The line of the session it is bridged with.
    pub(crate) peer: Option<usize>,
    pub(crate) turn: Turn,
    /// The slot it had on the thread that it comes from.
    pub(crate) slot_before: Option<usize>,
    /// What its party has said and had recorded.
    pub(crate) recording: Option<Arc<Prompt>>,
    /// The moment of its last frame.
    pub(crate) ticked_at: Time,
    pair: Arc<PortPair>,
    /// The address that the RTP socket is connected to: the kernel then keeps others out.
    connected: Option<SocketAddr>,
    /// Whether anything was reported to the party.
    reported: Reported,
}

/// When a session's turn comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Each 20 ms, in that slot of the wheel.
    Slot(usize),
    /// Not before that moment, if nothing happens to it.
    At(Time),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reported {
    Nothing,
    Something,
}

/// The sounds of the playlist being heard, its music last.
#[derive(Debug, Default)]
pub(crate) struct Sounds(Vec<Option<Arc<Prompt>>>);

impl Clips for Sounds {
    fn frame(&self, clip: usize, frame: u32, codec: Codec) -> Option<&[u8]> {
        self.0.get(clip)?.as_ref()?.frame(frame, codec)
    }
}

/// A playlist's sounds, found by name.
pub(crate) struct Resolved {
    pub(crate) sounds: Sounds,
    pub(crate) lengths: Lengths,
    /// Names that nothing is loaded for.
    pub(crate) missing: u64,
}

impl Sounds {
    /// Looks up a playlist's sounds; `own` is what the party itself has said.
    pub(crate) fn resolve(
        playlist: &Playlist,
        prompts: &Prompts,
        own: Option<&Arc<Prompt>>,
    ) -> Resolved {
        let find = |id: &PromptId| match id.as_str() {
            OWN_RECORDING => own.cloned(),
            _ => prompts.find(id),
        };
        let mut found: Vec<Option<Arc<Prompt>>> = playlist.prompts.iter().map(find).collect();
        let mut missing = found.iter().filter(|prompt| prompt.is_none()).count() as u64;
        let frames =
            |prompt: &Option<Arc<Prompt>>| prompt.as_ref().map_or(0, |prompt| prompt.frames());
        let mut lengths = Lengths {
            prompts: found.iter().map(frames).collect(),
            music: 0,
        };
        if let Then::Music(id) = &playlist.then {
            let music = prompts.find(id);
            missing += u64::from(music.is_none());
            lengths.music = frames(&music);
            found.push(music);
        }
        Resolved {
            sounds: Sounds(found),
            lengths,
            missing,
        }
    }
}

impl Session {
    /// A session on `pair`, with nothing to do yet.
    pub(crate) fn new(party: Party, pair: Arc<PortPair>) -> Session {
        Session {
            party,
            sounds: Sounds::default(),
            peer: None,
            turn: Turn::At(Time::NEVER),
            slot_before: None,
            recording: None,
            ticked_at: Time::ZERO,
            pair,
            connected: None,
            reported: Reported::Nothing,
        }
    }

    /// Whether its party is recorded, or what it said is still there.
    pub(crate) fn is_recording(&self) -> bool {
        self.recording.is_some() || self.party.is_recorded()
    }

    /// Both its sockets.
    pub(crate) fn pair(&self) -> &Arc<PortPair> {
        &self.pair
    }

    /// The socket that RTP comes to and goes from.
    pub(crate) fn rtp(&self) -> &UdpSocket {
        &self.pair.rtp
    }

    /// The socket beside it.
    pub(crate) fn rtcp(&self) -> &UdpSocket {
        &self.pair.rtcp
    }

    /// Connects the RTP socket to the party once nothing can change its address any more, and lets go of
    /// it when a new SDP did.
    pub(crate) fn settle(&mut self) {
        let settled = self.party.settled_peer();
        if settled == self.connected {
            return;
        }
        let done = match settled {
            Some(address) => self.pair.rtp.connect(address).is_ok(),
            None => rustix::net::connect_unspec(&self.pair.rtp).is_ok(),
        };
        self.connected = if done { settled } else { None };
    }

    /// The session is over: its sockets are anybody's again.
    pub(crate) fn let_go(self) -> Arc<PortPair> {
        if self.connected.is_some() {
            // Linux refuses this to no UDP socket.
            let _ = rustix::net::connect_unspec(&self.pair.rtp);
        }
        self.pair
    }

    /// Sends an RTP packet to where the party is.
    pub(crate) fn send(&self, packet: &[u8]) -> io::Result<()> {
        let Some(peer) = self.party.peer() else {
            return Ok(());
        };
        if self.connected != Some(peer) {
            return self.pair.rtp.send_to(packet, peer).map(drop);
        }
        match self.pair.rtp.send(packet) {
            // The error is an answer to an earlier packet; this one has not been sent yet.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                self.pair.rtp.send(packet)
            }
            result => result,
        }
        .map(drop)
    }

    /// Reports to the party, on the port above its RTP (RFC 3550 §11).
    pub(crate) fn send_report(&mut self, now: Time, farewell: Farewell) {
        let Some(peer) = self.party.peer() else {
            return;
        };
        let Some(port) = peer.port().checked_add(1) else {
            return;
        };
        let mut bytes = [0; REPORT_BYTES_MAX];
        let report = self.party.report(now);
        // RFC 3550 §6.3.7: who never sent anything doesn't say that it leaves.
        if farewell == Farewell::Bye && report.packets == 0 && self.reported == Reported::Nothing {
            return;
        }
        self.reported = Reported::Something;
        let length = rtcp::write(
            &report,
            self.party.leg(),
            rtcp::ntp_now(),
            farewell,
            &mut bytes,
        );
        // Reports are lost like any datagram: another comes in five seconds.
        let _ = self
            .pair
            .rtcp
            .send_to(&bytes[..length], SocketAddr::new(peer.ip(), port));
    }
}
