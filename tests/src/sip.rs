//! SIP messages as text, as a phone reads and writes them: a start line, headers in order, a body. Knows nothing of
//! transactions or dialogs; those are `phone`'s.

use std::fmt::Write as _;
use std::net::SocketAddr;

/// A request or response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Msg {
    /// First line, without its line end.
    pub start: String,
    /// Names and values in order. Compact names are written out on reading.
    pub headers: Vec<(String, String)>,
    /// What follows the empty line.
    pub body: Vec<u8>,
}

const COMPACT: [(&str, &str); 10] = [
    ("v", "Via"),
    ("f", "From"),
    ("t", "To"),
    ("i", "Call-ID"),
    ("m", "Contact"),
    ("l", "Content-Length"),
    ("c", "Content-Type"),
    ("k", "Supported"),
    ("s", "Subject"),
    ("e", "Content-Encoding"),
];

impl Msg {
    /// A request with no headers yet.
    pub fn request(method: &str, uri: &str) -> Msg {
        Msg {
            start: format!("{method} {uri} SIP/2.0"),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// A response to `self` with what RFC 3261 §8.2.6.2 has copied; `tag` is added to a To that has none.
    pub fn reply(&self, status: u16, reason: &str, tag: &str) -> Msg {
        let mut reply = Msg {
            start: format!("SIP/2.0 {status} {reason}"),
            headers: Vec::new(),
            body: Vec::new(),
        };
        for (name, value) in &self.headers {
            match name.as_str() {
                "Via" | "From" | "Call-ID" | "CSeq" | "Record-Route" => {
                    reply.headers.push((name.clone(), value.clone()));
                }
                "To" if status > 100 && tag_of(value).is_none() => {
                    reply
                        .headers
                        .push((name.clone(), format!("{value};tag={tag}")));
                }
                "To" => reply.headers.push((name.clone(), value.clone())),
                _ => {}
            }
        }
        reply
    }

    /// Adds a header.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Msg {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The same with a note in its Via of where it came from, where that asks for one (RFC 3581 §4).
    #[must_use]
    pub fn seen_at(mut self, from: SocketAddr) -> Msg {
        let (ip, port) = (from.ip(), from.port());
        let via = self.headers.iter_mut().find(|(name, _)| name == "Via");
        if let Some((_, value)) = via
            && let Some(before) = value.strip_suffix(";rport")
        {
            *value = format!("{before};rport={port};received={ip}");
        }
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn with_body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Msg {
        self.headers
            .push(("Content-Type".to_owned(), content_type.to_owned()));
        self.body = body.into();
        self
    }

    /// Reads a datagram; `None` if it is no SIP message.
    pub fn parse(datagram: &[u8]) -> Option<Msg> {
        let end = find(datagram, b"\r\n\r\n")?;
        let head = std::str::from_utf8(&datagram[..end]).ok()?;
        let mut lines = head.split("\r\n");
        let start = lines.next()?.to_owned();
        if !start.contains("SIP/2.0") {
            return None;
        }
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in lines {
            if line.starts_with([' ', '\t']) {
                let (_, value) = headers.last_mut()?;
                value.push(' ');
                value.push_str(line.trim());
                continue;
            }
            let (name, value) = line.split_once(':')?;
            headers.push((full_name(name.trim()), value.trim().to_owned()));
        }
        Some(Msg {
            start,
            headers,
            body: datagram[end + 4..].to_vec(),
        })
    }

    /// As it goes on the wire, Content-Length included.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = String::with_capacity(512 + self.body.len());
        let _ = write!(text, "{}\r\n", self.start);
        for (name, value) in &self.headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        let _ = write!(text, "Content-Length: {}\r\n\r\n", self.body.len());
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Whether it is a request.
    pub fn is_request(&self) -> bool {
        !self.start.starts_with("SIP/2.0")
    }

    /// A request's method; of a response, the method it answers.
    pub fn method(&self) -> &str {
        if self.is_request() {
            self.start.split(' ').next().unwrap_or_default()
        } else {
            self.header("CSeq")
                .and_then(|value| value.split_whitespace().nth(1))
                .unwrap_or_default()
        }
    }

    /// A response's status; 0 for a request.
    pub fn status(&self) -> u16 {
        if self.is_request() {
            return 0;
        }
        self.start
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .unwrap_or(0)
    }

    /// A request's URI.
    pub fn uri(&self) -> &str {
        self.start.split(' ').nth(1).unwrap_or_default()
    }

    /// First value of a header, by its full name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(each, _)| each.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Every value of a header, line by line.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.headers
            .iter()
            .filter(move |(each, _)| each.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Call-ID, empty if absent.
    pub fn call_id(&self) -> &str {
        self.header("Call-ID").unwrap_or_default()
    }

    /// Number in CSeq, 0 if absent.
    pub fn cseq(&self) -> u32 {
        self.header("CSeq")
            .and_then(|value| value.split_whitespace().next()?.parse().ok())
            .unwrap_or(0)
    }

    /// Branch of the topmost Via.
    pub fn branch(&self) -> &str {
        self.header("Via")
            .and_then(|via| parameter(via, "branch"))
            .unwrap_or_default()
    }

    /// URI in the first Contact.
    pub fn contact_uri(&self) -> Option<String> {
        self.header("Contact").map(address_uri)
    }

    /// Body as text.
    pub fn body_text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// URI within a name-addr or addr-spec.
pub fn address_uri(value: &str) -> String {
    match value.split_once('<') {
        Some((_, rest)) => rest.split('>').next().unwrap_or_default().to_owned(),
        None => value
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned(),
    }
}

/// The tag of a From or To.
pub fn tag_of(value: &str) -> Option<&str> {
    let after = value.rsplit('>').next().unwrap_or(value);
    parameter(after, "tag")
}

/// Value of `;name=value`.
pub fn parameter<'a>(value: &'a str, name: &str) -> Option<&'a str> {
    value.split(';').skip(1).find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn full_name(name: &str) -> String {
    COMPACT
        .iter()
        .find(|(short, _)| short.eq_ignore_ascii_case(name))
        .map_or_else(|| name.to_owned(), |(_, full)| (*full).to_owned())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let message = Msg::request("INVITE", "sip:1000@demo.localhost")
            .with("Via", "SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKa;rport")
            .with("To", "<sip:1000@demo.localhost>")
            .with("CSeq", "7 INVITE")
            .with_body("application/sdp", "v=0\r\n");
        let read = Msg::parse(&message.to_bytes()).unwrap();
        assert_eq!(read.method(), "INVITE");
        assert_eq!(read.uri(), "sip:1000@demo.localhost");
        assert_eq!(read.branch(), "z9hG4bKa");
        assert_eq!(read.cseq(), 7);
        assert_eq!(read.header("Content-Length"), Some("5"));
        assert_eq!(read.body, b"v=0\r\n");
    }

    #[test]
    fn a_reply_carries_what_the_request_named_and_a_tag() {
        let request = Msg::request("OPTIONS", "sip:x")
            .with("Via", "SIP/2.0/UDP a;branch=z9hG4bKb")
            .with("To", "<sip:x;tag=no>")
            .with("Subject", "left out");
        let reply = request.reply(200, "OK", "t1");
        assert_eq!(reply.status(), 200);
        assert_eq!(reply.header("To"), Some("<sip:x;tag=no>;tag=t1"));
        assert_eq!(reply.header("Subject"), None);
    }

    #[test]
    fn folded_and_compact_headers_are_read() {
        let message =
            Msg::parse(b"SIP/2.0 200 OK\r\nf: <sip:a@b>\r\n ;tag=1\r\nCSeq: 1 BYE\r\n\r\n")
                .unwrap();
        assert_eq!(message.header("From").and_then(tag_of), Some("1"));
        assert_eq!(message.method(), "BYE");
    }
}
