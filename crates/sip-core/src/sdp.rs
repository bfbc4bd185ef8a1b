//! Session descriptions as far as audio over RTP goes (RFC 8866, RFC 3551, RFC 4733): what a peer's text
//! says, checked. Lines are taken apart by `sdp-types`; what may be agreed on is `negotiation`'s.

use crate::text;
use sdp_types::{Attribute, Connection, Media, Session};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

/// Longest description that is read, in bytes: browsers' offers with all their candidates stay below it.
pub const SDP_BYTES_MAX: usize = 16_384;
/// Most media lines: a conference phone's audio, video, slides, fax and chat twice over.
pub const MEDIA_LINES_MAX: usize = 16;
/// Most formats of one media line that are looked at.
pub const FORMATS_MAX: usize = 64;
/// Packet length where none is asked for, in ms (RFC 3551 §4.5).
pub const PTIME_MS: u16 = 20;
/// Longest packet length asked for that is agreed to, in ms.
pub const PTIME_MS_MAX: u16 = 60;

/// Names that nearly every description has, kept once.
const USUAL_ENCODINGS: [&str; 5] = ["PCMA", "PCMU", EVENTS, "G722", "opus"];

/// An audio format of a media line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Format {
    /// The number in the RTP header, 0 to 127.
    pub payload_type: u8,
    /// `PCMA`, `telephone-event` …; compares without case.
    pub encoding: Cow<'static, str>,
    /// In Hz; of G.722 the 8000 it pretends to (RFC 3551 §4.5.2).
    pub clock_rate: u32,
    /// 1 or 2.
    pub channels: u8,
    /// Its `fmtp` line, as it stands.
    pub fmtp: Option<Box<str>>,
}

impl Format {
    /// A mono format without `fmtp`.
    pub fn new(payload_type: u8, encoding: &str, clock_rate: u32) -> Format {
        let usual = USUAL_ENCODINGS.iter().find(|usual| **usual == encoding);
        Format {
            payload_type,
            encoding: usual.map_or_else(|| encoding.to_owned().into(), |usual| (*usual).into()),
            clock_rate,
            channels: 1,
            fmtp: None,
        }
    }

    /// Whether both are the same codec, whatever their numbers (RFC 3264 §6.1).
    pub fn is_same_codec(&self, other: &Format) -> bool {
        self.encoding.eq_ignore_ascii_case(&other.encoding)
            && self.clock_rate == other.clock_rate
            && self.channels == other.channels
    }

    /// Whether it carries RFC 4733 events for a codec of `clock_rate` Hz.
    pub(crate) fn is_events_at(&self, clock_rate: u32) -> bool {
        self.encoding.eq_ignore_ascii_case(EVENTS) && self.clock_rate == clock_rate
    }

    /// The format that a number means without an `rtpmap` (RFC 3551 §6).
    fn of_static(payload_type: u8) -> Option<Format> {
        let (encoding, clock_rate, channels) = match payload_type {
            0 => ("PCMU", 8_000, 1),
            3 => ("GSM", 8_000, 1),
            4 => ("G723", 8_000, 1),
            5 => ("DVI4", 8_000, 1),
            6 => ("DVI4", 16_000, 1),
            7 => ("LPC", 8_000, 1),
            8 => ("PCMA", 8_000, 1),
            9 => ("G722", 8_000, 1),
            10 => ("L16", 44_100, 2),
            11 => ("L16", 44_100, 1),
            12 => ("QCELP", 8_000, 1),
            13 => ("CN", 8_000, 1),
            14 => ("MPA", 90_000, 1),
            15 => ("G728", 8_000, 1),
            16 => ("DVI4", 11_025, 1),
            17 => ("DVI4", 22_050, 1),
            18 => ("G729", 8_000, 1),
            _ => return None,
        };
        Some(Format {
            channels,
            ..Format::new(payload_type, encoding, clock_rate)
        })
    }
}

/// The encoding name of RFC 4733 events.
pub const EVENTS: &str = "telephone-event";

/// Which way audio flows, seen from whoever wrote or holds it (RFC 3264 §6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// Both ways.
    SendRecv,
    /// Out only.
    SendOnly,
    /// In only.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    fn of(sends: bool, receives: bool) -> Direction {
        match (sends, receives) {
            (true, true) => Direction::SendRecv,
            (true, false) => Direction::SendOnly,
            (false, true) => Direction::RecvOnly,
            (false, false) => Direction::Inactive,
        }
    }

    /// Whether it lets its holder send.
    pub fn sends(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }

    /// Whether it lets its holder receive.
    pub fn receives(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::RecvOnly)
    }

    /// The same seen from the other side.
    pub fn reversed(self) -> Direction {
        Direction::of(self.receives(), self.sends())
    }

    /// What both allow.
    pub fn and(self, other: Direction) -> Direction {
        Direction::of(
            self.sends() && other.sends(),
            self.receives() && other.receives(),
        )
    }

    /// The attribute's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }

    fn among(attributes: &[Attribute]) -> Option<Direction> {
        const ALL: [Direction; 4] = [
            Direction::SendRecv,
            Direction::SendOnly,
            Direction::RecvOnly,
            Direction::Inactive,
        ];
        attributes.iter().find_map(|line| {
            ALL.into_iter()
                .find(|known| line.attribute.eq_ignore_ascii_case(known.as_str()))
        })
    }
}

/// What offer and answer agreed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreed {
    /// Where the party wants its RTP; the unspecified address on an old-style hold.
    pub rtp: SocketAddr,
    /// The codec, with the payload type we send it under: the party's number.
    pub format: Format,
    /// The payload type we send events under: the party's number. `None` where it takes none.
    pub events: Option<u8>,
    /// The payload type the codec comes in under: our number.
    pub receive_payload_type: u8,
    /// The payload type events come in under: our number.
    pub receive_events: Option<u8>,
    /// What we may do.
    pub direction: Direction,
    /// How much audio the party wants in a packet, in ms.
    pub ptime_ms: u16,
}

/// Why nothing could be agreed on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// No session description.
    #[error("expected a session description, got {problem}")]
    Unreadable {
        /// What is wrong with it.
        problem: Box<str>,
    },
    /// More media lines than the limit.
    #[error("expected at most {MEDIA_LINES_MAX} media lines, got {got}")]
    TooManyMedia {
        /// How many came.
        got: usize,
    },
    /// No audio line over plain RTP, or only refused ones.
    #[error("expected m=audio with RTP/AVP and a port, got none")]
    NoAudio,
    /// No codec that both have.
    #[error("expected one of our codecs, got {got}")]
    NoCommonCodec {
        /// What the party has.
        got: Box<str>,
    },
    /// No unicast IP address of our family in `c=`.
    #[error("expected an IP address in c=, got {got:?}")]
    BadAddress {
        /// What came.
        got: Box<str>,
    },
    /// An answer, but we have made no offer.
    #[error("expected no answer: there is no offer of ours")]
    NoOffer,
}

/// A media line of a peer's description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MediaLine {
    pub(crate) kind: Box<str>,
    pub(crate) proto: Box<str>,
    /// The first format: enough to refuse the line with (RFC 3264 §6).
    pub(crate) first_format: Box<str>,
}

impl MediaLine {
    fn of(media: &Media) -> MediaLine {
        let word = |text: &str| text.split_ascii_whitespace().next().unwrap_or("0").into();
        MediaLine {
            kind: word(&media.media),
            proto: word(&media.proto),
            first_format: word(&media.fmt),
        }
    }
}

/// An audio line that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Audio {
    pub(crate) rtp: SocketAddr,
    /// In the party's order of preference, events among them.
    pub(crate) formats: Vec<Format>,
    /// Theirs.
    pub(crate) direction: Direction,
    pub(crate) ptime_ms: u16,
}

/// A peer's description, taken apart.
pub(crate) struct Description {
    session: Session,
}

impl Description {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Description, SdpError> {
        let unreadable = |problem: String| SdpError::Unreadable {
            problem: problem.into(),
        };
        if bytes.len() > SDP_BYTES_MAX {
            return Err(unreadable(format!(
                "{} bytes, more than {SDP_BYTES_MAX}",
                bytes.len()
            )));
        }
        if !bytes.starts_with(b"v=0") {
            return Err(unreadable(format!(
                "{:?} where v=0 starts one",
                text::snippet(bytes)
            )));
        }
        let session = Session::parse(bytes).map_err(|error| unreadable(error.to_string()))?;
        match session.medias.len() {
            got if got > MEDIA_LINES_MAX => Err(SdpError::TooManyMedia { got }),
            _ => Ok(Description { session }),
        }
    }

    pub(crate) fn media_lines(&self) -> Vec<MediaLine> {
        self.session.medias.iter().map(MediaLine::of).collect()
    }

    /// The audio lines that could be taken, each with its place among the media lines.
    pub(crate) fn audio_lines(&self) -> impl Iterator<Item = (usize, Result<Audio, SdpError>)> {
        self.session
            .medias
            .iter()
            .enumerate()
            .filter(|(_, media)| {
                media.media == "audio"
                    && media.proto.eq_ignore_ascii_case("RTP/AVP")
                    && media.port != 0
            })
            .map(|(at, media)| (at, self.audio(media)))
    }

    fn audio(&self, media: &Media) -> Result<Audio, SdpError> {
        let connection = media
            .connections
            .first()
            .or(self.session.connection.as_ref());
        let address = address(connection)?;
        let direction = Direction::among(&media.attributes)
            .or_else(|| Direction::among(&self.session.attributes))
            .unwrap_or(Direction::SendRecv);
        // RFC 3264 §8.4: 0.0.0.0 is how elements before it put on hold; nothing can be sent there.
        let direction = match address.is_unspecified() {
            true => direction.and(Direction::SendOnly),
            false => direction,
        };
        Ok(Audio {
            rtp: SocketAddr::new(address, media.port),
            formats: formats(media),
            direction,
            ptime_ms: ptime_ms(&media.attributes),
        })
    }
}

fn address(connection: Option<&Connection>) -> Result<IpAddr, SdpError> {
    let text = connection.map_or("", |connection| &connection.connection_address);
    let bad = || SdpError::BadAddress {
        got: text::snippet(text.as_bytes()),
    };
    let address: IpAddr = text.parse().map_err(|_| bad())?;
    let broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
    if address.is_multicast() || broadcast {
        return Err(bad());
    }
    Ok(address)
}

fn ptime_ms(attributes: &[Attribute]) -> u16 {
    let number = |name: &str| {
        let line = attributes
            .iter()
            .find(|line| line.attribute.eq_ignore_ascii_case(name))?;
        line.value.as_deref()?.trim().parse::<u16>().ok()
    };
    let asked = number("ptime").filter(|ms| (10..=PTIME_MS_MAX).contains(ms) && ms % 10 == 0);
    let longest = number("maxptime")
        .filter(|&ms| ms >= 10)
        .unwrap_or(PTIME_MS_MAX);
    asked.unwrap_or(PTIME_MS).min(longest / 10 * 10)
}

/// The line's formats in its order; numbers without a meaning are left out.
fn formats(media: &Media) -> Vec<Format> {
    let mut mapped: Vec<Format> = Vec::new();
    for line in &media.attributes {
        let Some(value) = line.value.as_deref() else {
            continue;
        };
        if line.attribute.eq_ignore_ascii_case("rtpmap")
            && let Some(format) = rtpmap(value)
        {
            let number = format.payload_type;
            // Of two the first counts; there are no more numbers than 128.
            if mapped.iter().all(|known| known.payload_type != number) {
                mapped.push(format);
            }
        }
    }
    let mut formats: Vec<Format> = Vec::new();
    for word in media.fmt.split_ascii_whitespace().take(FORMATS_MAX) {
        let Some(payload_type) = word.parse::<u8>().ok().filter(|&number| number < 128) else {
            continue;
        };
        let place = mapped
            .iter()
            .position(|format| format.payload_type == payload_type);
        let format = place
            .map(|place| mapped.swap_remove(place))
            .or_else(|| Format::of_static(payload_type));
        let twice = formats
            .iter()
            .any(|known| known.payload_type == payload_type);
        formats.extend(format.filter(|_| !twice));
    }
    for line in media
        .attributes
        .iter()
        .filter(|line| line.attribute.eq_ignore_ascii_case("fmtp"))
    {
        let Some((number, rest)) = line
            .value
            .as_deref()
            .and_then(|value| value.trim().split_once(' '))
        else {
            continue;
        };
        let same = |format: &&mut Format| number.parse() == Ok(format.payload_type);
        if let Some(format) = formats.iter_mut().find(same) {
            format.fmtp = Some(rest.trim().into());
        }
    }
    formats
}

/// `8 PCMA/8000` or `111 opus/48000/2`.
fn rtpmap(value: &str) -> Option<Format> {
    let (payload_type, encoding) = value.trim().split_once(|c: char| c.is_ascii_whitespace())?;
    let payload_type = payload_type
        .parse()
        .ok()
        .filter(|&number: &u8| number < 128)?;
    let mut parts = encoding.trim().split('/');
    let name = parts
        .next()
        .filter(|name| text::is_token(name.as_bytes()))?;
    let clock_rate = parts
        .next()?
        .trim()
        .parse()
        .ok()
        .filter(|&rate: &u32| rate > 0)?;
    let channels = match parts.next() {
        Some(channels) => channels
            .trim()
            .parse()
            .ok()
            .filter(|&channels: &u8| channels > 0)?,
        None => 1,
    };
    Some(Format {
        channels,
        ..Format::new(payload_type, name, clock_rate)
    })
}
