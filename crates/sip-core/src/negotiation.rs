//! One leg's offer/answer (RFC 3264): what we offered, what they offered, what is agreed on. A serialisable
//! value; when offers and answers travel is left to the dialog's owner.

use crate::sdp::{
    Agreed, Audio, Description, Direction, EVENTS, Format, MediaLine, PTIME_MS, SdpError,
};
use crate::uri::Host;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::fmt::{self, Write};
use std::net::{IpAddr, SocketAddr};

/// Lowest payload type without a fixed meaning (RFC 3551 §6).
const DYNAMIC_MIN: u8 = 96;

/// One leg's state of offer and answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Negotiation {
    session_id: u64,
    version: u64,
    rtp: SocketAddr,
    /// Ours, most wanted first.
    formats: Vec<Format>,
    /// Our number for events.
    events: u8,
    /// The session's media lines by place; the audio we take part in is at `audio_at`, the others are refused.
    lines: Vec<MediaLine>,
    audio_at: usize,
    /// Our description as last sent.
    local: Option<Box<str>>,
    /// The direction that stands in it.
    direction: Direction,
    /// What we offered, until it is cancelled or they offer.
    offered: Option<Offered>,
    agreed: Option<Agreed>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Offered {
    direction: Direction,
    /// What stood before, to go back to if the offer is refused.
    previous: Option<(Box<str>, Direction)>,
    answered: bool,
}

impl Negotiation {
    /// A leg that has neither offered nor answered. `session_id` tells this session from others of ours
    /// (RFC 8866 §5.2); `formats` are our codecs, most wanted first; events use `events_payload_type` in our
    /// offers until the party gives them another number.
    pub fn new(
        session_id: u64,
        rtp: SocketAddr,
        formats: Vec<Format>,
        events_payload_type: u8,
    ) -> Negotiation {
        let audio = MediaLine {
            kind: "audio".into(),
            proto: "RTP/AVP".into(),
            first_format: "0".into(),
        };
        Negotiation {
            session_id,
            version: 0,
            rtp,
            formats,
            events: events_payload_type,
            lines: vec![audio],
            audio_at: 0,
            local: None,
            direction: Direction::SendRecv,
            offered: None,
            agreed: None,
        }
    }

    /// Our offer: all our codecs and events. The version rises when it differs from what we sent last
    /// (RFC 3264 §8); media lines of the session keep their places.
    pub fn offer(&mut self, direction: Direction) -> Bytes {
        let mut formats = self.formats.clone();
        let mut rates: Vec<u32> = formats.iter().map(|format| format.clock_rate).collect();
        rates.dedup();
        if rates.contains(&8_000) {
            formats.push(Format::new(self.events, EVENTS, 8_000));
        }
        let previous = self.standing_before();
        let text = self.publish(&formats, direction);
        self.offered = Some(Offered {
            direction,
            previous,
            answered: false,
        });
        text
    }

    /// Our description as it stands, as an offer that changes nothing (RFC 4028 §7.4): the version stays. A
    /// first offer where there is none yet.
    pub fn offer_again(&mut self) -> Bytes {
        let Some(local) = self.local.clone() else {
            return self.offer(Direction::SendRecv);
        };
        let previous = self.standing_before();
        self.offered = Some(Offered {
            direction: self.direction,
            previous,
            answered: false,
        });
        Bytes::from(local.into_boxed_bytes().into_vec())
    }

    /// What holds if the offer about to be made is refused; an older offer that was never answered is forgotten.
    fn standing_before(&mut self) -> Option<(Box<str>, Direction)> {
        match self.offered.take() {
            Some(Offered {
                previous,
                answered: false,
                ..
            }) => previous,
            _ => self.local.clone().map(|local| (local, self.direction)),
        }
    }

    /// The answer to their offer, and what is agreed with it: the first of their codecs that we have (RFC 3264
    /// §6.1), events if they have them, every other media line refused. Nothing changes on an error.
    pub fn answer_to(
        &mut self,
        offer: &[u8],
        wanted: Direction,
    ) -> Result<(Bytes, Agreed), SdpError> {
        let description = Description::parse(offer)?;
        let (audio_at, audio, codec) = self.acceptable(&description)?;
        let theirs = &audio.formats[codec];
        let events = audio
            .formats
            .iter()
            .find(|format| format.is_events_at(theirs.clock_rate));
        let direction = audio.direction.reversed().and(wanted);
        let agreed = Agreed {
            rtp: audio.rtp,
            format: theirs.clone(),
            events: events.map(|format| format.payload_type),
            receive_payload_type: theirs.payload_type,
            receive_events: events.map(|format| format.payload_type),
            direction,
            ptime_ms: audio.ptime_ms,
        };
        self.lines = description.media_lines();
        self.audio_at = audio_at;
        self.take_over_numbers(&agreed);
        let mut formats = vec![Format {
            fmtp: self.own_fmtp(theirs),
            ..theirs.clone()
        }];
        formats.extend(
            agreed
                .events
                .map(|number| Format::new(number, EVENTS, theirs.clock_rate)),
        );
        let text = self.publish(&formats, direction);
        self.offered = None;
        self.agreed = Some(agreed.clone());
        Ok((text, agreed))
    }

    /// What is agreed with their answer to our offer. May be called again for a later answer to the same
    /// offer (18x, then 200). Nothing changes on an error.
    pub fn conclude(&mut self, answer: &[u8]) -> Result<Agreed, SdpError> {
        let offered = self.offered.as_ref().ok_or(SdpError::NoOffer)?;
        let description = Description::parse(answer)?;
        // RFC 3264 §6: an answer has the offer's media lines in the offer's order.
        let (_, audio) = description
            .audio_lines()
            .find(|(at, _)| *at == self.audio_at)
            .ok_or(SdpError::NoAudio)?;
        let audio = self.reachable(audio?)?;
        let (theirs, ours) = self.common_codec(&audio.formats)?;
        let (theirs, ours) = (&audio.formats[theirs], &self.formats[ours]);
        let events = audio
            .formats
            .iter()
            .find(|format| format.is_events_at(theirs.clock_rate));
        let agreed = Agreed {
            rtp: audio.rtp,
            format: theirs.clone(),
            events: events.map(|format| format.payload_type),
            receive_payload_type: ours.payload_type,
            receive_events: events.map(|_| self.events),
            direction: audio.direction.reversed().and(offered.direction),
            ptime_ms: audio.ptime_ms,
        };
        if let Some(offered) = &mut self.offered {
            offered.answered = true;
        }
        self.agreed = Some(agreed.clone());
        Ok(agreed)
    }

    /// What is agreed on now.
    pub fn agreed(&self) -> Option<&Agreed> {
        self.agreed.as_ref()
    }

    /// Our description as last sent, and not cancelled since.
    pub fn local(&self) -> Option<&[u8]> {
        self.local.as_deref().map(str::as_bytes)
    }

    /// Whether an offer of ours waits for its answer.
    pub fn is_offering(&self) -> bool {
        self.offered
            .as_ref()
            .is_some_and(|offered| !offered.answered)
    }

    /// Our offer was refused: what was agreed before holds (RFC 3261 §14.1). Its version stays used.
    pub fn cancel_offer(&mut self) {
        if self.is_offering() {
            let previous = self.offered.take().and_then(|offered| offered.previous);
            self.direction = previous.as_ref().map_or(self.direction, |(_, was)| *was);
            self.local = previous.map(|(local, _)| local);
        }
    }

    /// Moves a codec first in our next offer.
    pub fn prefer(&mut self, encoding: &str) {
        let wanted = |format: &Format| format.encoding.eq_ignore_ascii_case(encoding);
        if let Some(at) = self.formats.iter().position(wanted) {
            self.formats[..=at].rotate_right(1);
        }
    }

    /// The first audio line we can take: its place, itself, and which of its formats.
    fn acceptable(&self, description: &Description) -> Result<(usize, Audio, usize), SdpError> {
        let mut refused = SdpError::NoAudio;
        for (at, audio) in description.audio_lines() {
            let fit = audio
                .and_then(|audio| self.reachable(audio))
                .and_then(|audio| {
                    let (theirs, _) = self.common_codec(&audio.formats)?;
                    Ok((at, audio, theirs))
                });
            match fit {
                Ok(fit) => return Ok(fit),
                Err(error) if refused == SdpError::NoAudio => refused = error,
                Err(_) => {}
            }
        }
        Err(refused)
    }

    /// Our socket reaches addresses of its own family only.
    fn reachable(&self, audio: Audio) -> Result<Audio, SdpError> {
        let same_family = audio.rtp.is_ipv4() == self.rtp.is_ipv4();
        if same_family || audio.rtp.ip().is_unspecified() {
            return Ok(audio);
        }
        Err(SdpError::BadAddress {
            got: audio.rtp.ip().to_string().into(),
        })
    }

    /// The first of their formats that we have, and which of ours it is.
    fn common_codec(&self, theirs: &[Format]) -> Result<(usize, usize), SdpError> {
        let ours = |format: &Format| {
            self.formats
                .iter()
                .position(|known| known.is_same_codec(format))
        };
        let pair = theirs
            .iter()
            .enumerate()
            .find_map(|(at, format)| Some((at, ours(format)?)));
        pair.ok_or_else(|| {
            let names: Vec<&str> = theirs
                .iter()
                .take(8)
                .map(|format| &*format.encoding)
                .collect();
            SdpError::NoCommonCodec {
                got: names.join(" ").into(),
            }
        })
    }

    fn own_fmtp(&self, codec: &Format) -> Option<Box<str>> {
        self.formats
            .iter()
            .find(|known| known.is_same_codec(codec))?
            .fmtp
            .clone()
    }

    /// A number keeps its meaning for the whole session (RFC 3264 §8.3.2): our later offers use theirs.
    fn take_over_numbers(&mut self, agreed: &Agreed) {
        if let Some(events) = agreed.receive_events {
            self.free_number(events);
            self.events = events;
        }
        self.free_number(agreed.receive_payload_type);
        if let Some(ours) = self
            .formats
            .iter_mut()
            .find(|known| known.is_same_codec(&agreed.format))
        {
            ours.payload_type = agreed.receive_payload_type;
        }
    }

    /// Gives whatever of ours has this dynamic number another one.
    fn free_number(&mut self, number: u8) {
        let used = |of: &Negotiation, n: u8| {
            of.events == n || of.formats.iter().any(|f| f.payload_type == n)
        };
        if number < DYNAMIC_MIN || !used(self, number) {
            return;
        }
        let Some(free) = (DYNAMIC_MIN..128).find(|&n| n != number && !used(self, n)) else {
            return;
        };
        if self.events == number {
            self.events = free;
        }
        for format in self
            .formats
            .iter_mut()
            .filter(|format| format.payload_type == number)
        {
            format.payload_type = free;
        }
    }

    /// Writes our description, with a new version where it says anything new.
    fn publish(&mut self, formats: &[Format], direction: Direction) -> Bytes {
        if self.local.is_none() && self.version == 0 {
            self.version = 1;
        }
        let mut text = self.written(formats, direction);
        // After a cancelled offer `local` has an older version, so it differs, as it must.
        if self.local.as_deref().is_some_and(|local| *local != text) {
            self.version += 1;
            text = self.written(formats, direction);
        }
        self.local = Some(text.as_str().into());
        self.direction = direction;
        text.into()
    }

    fn written(&self, formats: &[Format], direction: Direction) -> String {
        let mut text = String::with_capacity(320);
        // Writing into a String fails only where a Display does, and none of these do.
        let _written = self.write(&mut text, formats, direction);
        text
    }

    fn write(&self, out: &mut String, formats: &[Format], direction: Direction) -> fmt::Result {
        let address = match self.rtp.ip() {
            IpAddr::V4(v4) => format!("IN IP4 {}", Host::V4(v4)),
            IpAddr::V6(v6) => format!("IN IP6 {v6}"),
        };
        write!(
            out,
            "v=0\r\no=- {} {} {address}\r\n",
            self.session_id, self.version
        )?;
        write!(out, "s=-\r\nc={address}\r\nt=0 0\r\n")?;
        for (at, line) in self.lines.iter().enumerate() {
            if at == self.audio_at {
                write_audio(out, self.rtp.port(), formats, direction)?;
            } else {
                write!(
                    out,
                    "m={} 0 {} {}\r\n",
                    line.kind, line.proto, line.first_format
                )?;
            }
        }
        Ok(())
    }
}

fn write_audio(
    out: &mut String,
    port: u16,
    formats: &[Format],
    direction: Direction,
) -> fmt::Result {
    write!(out, "m=audio {port} RTP/AVP")?;
    for format in formats {
        write!(out, " {}", format.payload_type)?;
    }
    out.write_str("\r\n")?;
    for format in formats {
        write!(
            out,
            "a=rtpmap:{} {}/{}",
            format.payload_type, format.encoding, format.clock_rate
        )?;
        match format.channels {
            1 => out.write_str("\r\n")?,
            channels => write!(out, "/{channels}\r\n")?,
        }
        if &*format.encoding == EVENTS {
            // RFC 4733 §2.5.1.1: the sixteen DTMF digits.
            write!(out, "a=fmtp:{} 0-15\r\n", format.payload_type)?;
        } else if let Some(fmtp) = &format.fmtp {
            write!(out, "a=fmtp:{} {fmtp}\r\n", format.payload_type)?;
        }
    }
    write!(out, "a=ptime:{PTIME_MS}\r\na={}\r\n", direction.as_str())
}

#[cfg(test)]
#[path = "negotiation_tests.rs"]
mod tests;
