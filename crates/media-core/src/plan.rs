//! What `call` asks of media and what it hears back. `call` owns the plan; media threads derive the rest.

use base::{CallId, LegId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Length of an audio frame: one packet each.
pub const FRAME: Duration = Duration::from_millis(20);
/// Prompts that take longer are told of as they begin ([`Event::Lasts`]): whoever waits for their end would give them up
/// for lost. Most take seconds, and are worth no news of their own.
pub const LONG_PLAYLIST: Duration = Duration::from_secs(120);

/// An audio codec the server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Codec {
    /// G.711 A-law: PCMA, static payload type 8 (RFC 3551 §6).
    Pcma,
    /// G.711 µ-law: PCMU, static payload type 0.
    Pcmu,
}

/// How our RTP stream to a party starts; drawn by `call`, so that the stream can be continued elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamPlan {
    /// Our SSRC (RFC 3550 §5.1), one for the whole leg.
    pub ssrc: u32,
    /// Sequence number of our first packet.
    pub first_sequence: u16,
    /// Timestamp of our first packet, in samples.
    pub first_timestamp: u32,
}

/// Which way audio flows, seen from us (RFC 3264 §6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// Both ways.
    SendRecv,
    /// We send, the party does not.
    SendOnly,
    /// The party sends, we do not: it holds us.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// Whether we send.
    pub fn sends(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }

    /// Whether we receive.
    pub fn receives(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::RecvOnly)
    }
}

/// What offer and answer agreed on for one leg.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remote {
    /// Where the party wants its RTP.
    pub rtp: SocketAddr,
    /// The codec, both ways.
    pub codec: Codec,
    /// Payload type of `codec`.
    pub payload_type: u8,
    /// Payload type of RFC 4733 telephone events, where both sides have them.
    pub event_payload_type: Option<u8>,
    /// Which way audio flows.
    pub direction: Direction,
}

/// A prompt or piece of music by name, such as `sv/queue-welcome` or `demo/our-own-greeting`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PromptId(Arc<str>);

/// In a playlist, what the party itself has said and had recorded. No prompt of a configuration is called so.
pub const OWN_RECORDING: &str = "(recording)";

impl PromptId {
    /// The prompt of that name.
    pub fn new(name: &str) -> PromptId {
        PromptId(name.into())
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PromptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PromptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PromptId({})", self.0)
    }
}

/// What is heard once a playlist's prompts are through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Then {
    /// Silence, as packets: the stream never stops.
    Silence,
    /// Music, looped; it goes on where this session last left that same piece.
    Music(PromptId),
}

/// Prompts in order, each once, and what comes after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Playlist {
    /// Comes back in [`Event::Played`].
    pub token: u32,
    /// The prompts. May be empty: then `then` is heard at once, and no `Played` comes.
    pub prompts: Vec<PromptId>,
    /// And then.
    pub then: Then,
}

/// Something for one leg's media session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Offer and answer agreed (again). Sending starts with the first of these.
    SetRemote(Remote),
    /// Hear this from now on, cutting off what was heard before. Ends a bridge.
    Play(Playlist),
    /// Hear the other leg from now on, and it us. Both legs are on one thread since they share a call.
    /// Until the other's first packet arrives, silence is sent.
    Bridge {
        /// The other leg.
        with: LegId,
    },
    /// The party hears this key as a telephone event (RFC 4733), beside the other of its bridge and in its place while
    /// it lasts. One without telephone events, or that hears no other, hears nothing of it.
    Press {
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: char,
    },
    /// Record what the party says from now on, until silence, [`Command::StopRecording`] or the longest there may be.
    /// What was recorded before is forgotten.
    Record {
        /// Comes back in [`Event::Recorded`].
        token: u32,
    },
    /// The party has said it all.
    StopRecording,
    /// The session goes to the thread of that call, stream and sockets whole. Later commands name that call.
    MoveTo {
        /// The call whose thread it goes to.
        home: CallId,
    },
    /// The session is over.
    Close,
}

/// Something heard or done by a leg's media session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// All prompts of a playlist have been sent.
    Played {
        /// The leg.
        leg: LegId,
        /// The playlist's token.
        token: u32,
    },
    /// A key was pressed (RFC 4733). Comes once a press, at its end or when it has lasted long enough.
    Digit {
        /// The leg.
        leg: LegId,
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: char,
    },
    /// A recording has ended. It is heard as [`OWN_RECORDING`] until the session ends or the next begins.
    Recorded {
        /// The leg.
        leg: LegId,
        /// What it was asked for with.
        token: u32,
        /// Its length; none where nothing was said.
        length: Duration,
    },
    /// A playlist has begun whose prompts take longer than [`LONG_PLAYLIST`]. Comes before its [`Event::Played`].
    Lasts {
        /// The leg.
        leg: LegId,
        /// How long its prompts take.
        span: Duration,
    },
}

impl Event {
    /// The leg it is about.
    pub fn leg(&self) -> LegId {
        match self {
            Event::Played { leg, .. }
            | Event::Digit { leg, .. }
            | Event::Recorded { leg, .. }
            | Event::Lasts { leg, .. } => *leg,
        }
    }
}

/// What `call` asks of the media engine as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The leg, which names its session.
    pub leg: LegId,
    /// The call: its legs share a thread.
    pub call: CallId,
    /// How our stream starts.
    pub plan: StreamPlan,
}
