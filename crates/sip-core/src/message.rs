//! Requests and responses as values, and how they are written. Reading is `frame`'s.

use crate::header::Headers;
use crate::header_name::HeaderName;
use crate::header_typed::HeaderError;
use crate::header_value::Text;
use crate::method::Method;
use crate::status::StatusCode;
use crate::text;
use crate::uri::Uri;
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;
use std::fmt::Write;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is asked for.
    pub method: Method,
    /// Of whom.
    pub uri: Uri,
    /// The headers, `Content-Length` left out.
    pub headers: Headers,
    /// The body; empty where there is none.
    pub body: Bytes,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The verdict.
    pub status: StatusCode,
    /// The phrase beside it, for people.
    pub reason: Cow<'static, str>,
    /// The headers, `Content-Length` left out.
    pub headers: Headers,
    /// The body; empty where there is none.
    pub body: Bytes,
}

/// A request or a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A request.
    Request(Request),
    /// A response.
    Response(Response),
}

impl Message {
    /// The headers.
    pub fn headers(&self) -> &Headers {
        match self {
            Message::Request(request) => &request.headers,
            Message::Response(response) => &response.headers,
        }
    }

    /// The message as it goes on the wire.
    pub fn to_bytes(&self) -> Bytes {
        match self {
            Message::Request(request) => request.to_bytes(),
            Message::Response(response) => response.to_bytes(),
        }
    }
}

impl Request {
    /// A request without headers.
    pub fn new(method: Method, uri: Uri) -> Request {
        Request {
            method,
            uri,
            headers: Headers::new(),
            body: Bytes::new(),
        }
    }

    /// Gives it a body.
    pub fn set_body(&mut self, content_type: &str, body: Bytes) {
        self.headers.set(HeaderName::ContentType, content_type);
        self.body = body;
    }

    /// A response to it as RFC 3261 §8.2.6 makes one: all Vias, From, To, Call-ID and CSeq are the request's,
    /// and Timestamp with a 100.
    pub fn response(&self, status: StatusCode) -> Response {
        let mut headers = Headers::new();
        headers.copy_from(&self.headers, &HeaderName::Via);
        for name in [
            HeaderName::From,
            HeaderName::To,
            HeaderName::CallId,
            HeaderName::CSeq,
        ] {
            if let Some(value) = self.headers.first(&name) {
                headers.push(name, value);
            }
        }
        if status == StatusCode::TRYING {
            headers.copy_from(&self.headers, &HeaderName::Timestamp);
        }
        Response {
            status,
            reason: status.reason_phrase().into(),
            headers,
            body: Bytes::new(),
        }
    }

    /// The same with `tag` on To, where it has none; a 100 gets none (RFC 3261 §8.2.6.2).
    pub fn response_with_tag(&self, status: StatusCode, tag: &str) -> Response {
        let mut response = self.response(status);
        if status != StatusCode::TRYING {
            response.headers.tag_to(tag);
        }
        response
    }

    /// Whether its sender believes in a dialog with us: To has a tag (RFC 3261 §12.2.2).
    pub fn is_in_dialog(&self) -> bool {
        self.headers.to_tag().is_some()
    }

    /// The request as it goes on the wire, with one authoritative Content-Length.
    pub fn to_bytes(&self) -> Bytes {
        let method = match &self.method {
            Method::Other(token) if !text::is_token(token.as_bytes()) => "INVALID",
            known => known.as_str(),
        };
        let mut out = room_for(&self.headers, &self.body);
        out.extend_from_slice(method.as_bytes());
        out.push(b' ');
        let uri_start = out.len();
        // Bytes take all that they are given.
        let _ = write!(Text(&mut out), "{}", self.uri);
        let breaks = |byte: &u8| byte.is_ascii_control() || *byte == b' ';
        if out[uri_start..].iter().any(breaks) {
            // Only a URI put together by hand from foreign text gets here; the request line must hold.
            let mut uri = out.split_off(uri_start);
            uri.retain(|byte| !breaks(byte));
            out.extend_from_slice(&uri);
        }
        out.extend_from_slice(b" SIP/2.0\r\n");
        finished(out, &self.headers, &self.body)
    }
}

impl Response {
    /// Gives it a body.
    pub fn set_body(&mut self, content_type: &str, body: Bytes) {
        self.headers.set(HeaderName::ContentType, content_type);
        self.body = body;
    }

    /// 1xx.
    pub fn is_provisional(&self) -> bool {
        self.status.is_provisional()
    }

    /// 2xx.
    pub fn is_success(&self) -> bool {
        self.status.is_success()
    }

    /// 200 and above.
    pub fn is_final(&self) -> bool {
        self.status.is_final()
    }

    /// The method of the request it answers.
    pub fn method(&self) -> Result<Method, HeaderError> {
        self.headers.cseq().map(|cseq| cseq.method)
    }

    /// The response as it goes on the wire, with one authoritative Content-Length.
    pub fn to_bytes(&self) -> Bytes {
        let mut out = room_for(&self.headers, &self.body);
        out.extend_from_slice(b"SIP/2.0 ");
        let _ = write!(Text(&mut out), "{}", self.status);
        out.push(b' ');
        out.extend_from_slice(phrase(&self.reason).as_bytes());
        out.extend_from_slice(b"\r\n");
        finished(out, &self.headers, &self.body)
    }
}

/// A phrase that stays on its line, in a message and in a log.
pub(crate) fn phrase(text: &str) -> Cow<'_, str> {
    if !text.contains(|c: char| c.is_ascii_control()) {
        return text.into();
    }
    let clean = |c: char| if c.is_ascii_control() { ' ' } else { c };
    text.chars().map(clean).collect::<String>().into()
}

/// Room for a message with these: one that is longer for its start line costs one more allocation.
fn room_for(headers: &Headers, body: &[u8]) -> Vec<u8> {
    const USUAL_START_LINE: usize = 80;
    const CONTENT_LENGTH: usize = "Content-Length: 65535\r\n\r\n".len();
    Vec::with_capacity(USUAL_START_LINE + headers.size_hint() + CONTENT_LENGTH + body.len())
}

/// The message whose start line is in `out`.
fn finished(mut out: Vec<u8>, headers: &Headers, body: &[u8]) -> Bytes {
    headers.write(&mut out);
    let _ = write!(Text(&mut out), "Content-Length: {}\r\n\r\n", body.len());
    out.extend_from_slice(body);
    out.into()
}

// A message in saved state is its own bytes: compact, and read back by the same reader as the wire's.
macro_rules! saved_as_bytes {
    ($($name:ident)*) => {
        $(
            impl Serialize for $name {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.serialize_bytes(&self.to_bytes())
                }
            }

            impl<'de> Deserialize<'de> for $name {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                    let bytes = Bytes::deserialize(deserializer)?;
                    match crate::frame::parse_saved(bytes) {
                        Ok(Message::$name(message)) => Ok(message),
                        Ok(_) => Err(de::Error::custom(concat!("expected a saved ", stringify!($name)))),
                        Err(error) => Err(de::Error::custom(error)),
                    }
                }
            }
        )*
    };
}

saved_as_bytes!(Request Response);
