//! SDP as a phone needs it: one audio line.

use super::Keys;
use crate::rtp::Target;
use crate::sound::Codec;
use std::net::{IpAddr, SocketAddr};

/// What a session description says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Where its sender wants RTP.
    pub address: SocketAddr,
    /// Payload types in order.
    pub payload_types: Vec<u8>,
    /// Payload type of telephone events.
    pub events: Option<u8>,
    /// `sendrecv`, `sendonly`, `recvonly` or `inactive`, as its sender sees it.
    pub direction: String,
    /// Version of the session in `o=`.
    pub version: u64,
}

impl Description {
    /// Reads a body; `None` if it has no audio.
    pub fn parse(body: &str) -> Option<Description> {
        let field =
            |kind: &'static str| body.lines().filter_map(move |line| line.strip_prefix(kind));
        let mut audio = field("m=")
            .find_map(|line| line.strip_prefix("audio "))?
            .split_whitespace();
        let port = audio.next()?.parse().ok()?;
        let payload_types = audio.skip(1).filter_map(|each| each.parse().ok()).collect();
        let ip: IpAddr = field("c=")
            .next_back()?
            .split_whitespace()
            .nth(2)?
            .parse()
            .ok()?;
        let events = field("a=rtpmap:")
            .find(|line| line.to_ascii_lowercase().contains("telephone-event/8000"))
            .and_then(|line| line.split_whitespace().next()?.parse().ok());
        let direction = field("a=")
            .find(|value| ["sendrecv", "sendonly", "recvonly", "inactive"].contains(&value.trim()))
            .unwrap_or("sendrecv")
            .trim()
            .to_owned();
        let version = field("o=")
            .next()?
            .split_whitespace()
            .nth(2)?
            .parse()
            .ok()?;
        Some(Description {
            address: SocketAddr::new(ip, port),
            payload_types,
            events,
            direction,
            version,
        })
    }

    /// The first of its codecs that is among `ours`.
    pub fn codec(&self, ours: &[Codec]) -> Option<Codec> {
        self.payload_types
            .iter()
            .filter_map(|&each| Codec::of(each))
            .find(|codec| ours.contains(codec))
    }

    /// Where and how to send to its sender; nowhere while it does not want to receive.
    pub fn target(&self, ours: &[Codec]) -> Option<Target> {
        let receives = matches!(self.direction.as_str(), "sendrecv" | "recvonly");
        let target = Target {
            address: self.address,
            codec: self.codec(ours)?,
            events: self.events,
        };
        (receives && self.address.port() != 0).then_some(target)
    }
}

/// An audio description; without codecs, one that offers only speex, which the server does not have.
pub(super) fn write(
    media: SocketAddr,
    version: u64,
    codecs: &[Codec],
    (direction, keys): (&str, Keys),
) -> String {
    let ip = media.ip();
    let mut numbers: Vec<String> = codecs
        .iter()
        .map(|codec| codec.payload_type().to_string())
        .collect();
    let mut maps: String = codecs
        .iter()
        .map(|codec| {
            format!(
                "a=rtpmap:{} {}/8000\r\n",
                codec.payload_type(),
                codec.name()
            )
        })
        .collect();
    if codecs.is_empty() {
        numbers.push("97".to_owned());
        maps.push_str("a=rtpmap:97 speex/8000\r\n");
    }
    if keys == Keys::Events {
        numbers.push("101".to_owned());
        maps.push_str("a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n");
    }
    format!(
        "v=0\r\no=- 4711 {version} IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {} RTP/AVP {}\r\n{maps}a=ptime:20\r\na={direction}\r\n",
        media.port(),
        numbers.join(" "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let media = "127.0.0.1:4000".parse().unwrap();
        let written = write(
            media,
            3,
            &[Codec::Pcmu, Codec::Pcma],
            ("sendonly", Keys::Events),
        );
        let read = Description::parse(&written).unwrap();
        assert_eq!(read.address, media);
        assert_eq!(read.payload_types, [0, 8, 101]);
        assert_eq!((read.events, read.version), (Some(101), 3));
        assert_eq!(read.direction, "sendonly");
        assert_eq!(read.codec(&[Codec::Pcma]), Some(Codec::Pcma));
        assert_eq!(read.target(&[Codec::Pcma]), None);
    }
}
