//! Bytes to messages: where a message starts and ends, its start line, its header lines, and the checks that
//! every message passes before anybody else sees it. Knows limits, answers what can be answered, and never
//! answers a response or an ACK.

use crate::header::Headers;
use crate::header_name::HeaderName;
use crate::header_typed::HeaderError;
use crate::message::{self, Message, Request, Response};
use crate::method::Method;
use crate::status::StatusCode;
use crate::text;
use crate::transport::{self, Flow};
use crate::uri::{Uri, UriError};
use bytes::Bytes;
use std::borrow::Cow;

/// Longest message, in bytes: no UDP datagram is longer.
pub const MESSAGE_BYTES_MAX: usize = 65_535;
/// Longest start line, in bytes: twice the longest Request-URI that phones and trunks are seen to send.
pub const START_LINE_BYTES_MAX: usize = 2_048;
/// Longest header with all its folded lines, in bytes: room for the longest Identity and Record-Route lists.
pub const HEADER_BYTES_MAX: usize = 8_192;
/// Most header lines: three times what a message is seen to have after ten hops.
pub const HEADERS_MAX: usize = 128;

/// How much of a message is read. What exceeds a limit is refused, never cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The whole message, in bytes.
    pub message_bytes: usize,
    /// The request or status line, in bytes.
    pub start_line_bytes: usize,
    /// One header with its folded lines, in bytes.
    pub header_bytes: usize,
    /// Header lines.
    pub headers: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            message_bytes: MESSAGE_BYTES_MAX,
            start_line_bytes: START_LINE_BYTES_MAX,
            header_bytes: HEADER_BYTES_MAX,
            headers: HEADERS_MAX,
        }
    }
}

/// Why bytes are no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Nothing but line ends: a phone keeping its NAT binding open (RFC 5626 §3.5.1).
    #[error("a keep-alive")]
    KeepAlive,
    /// More bytes than the limit.
    #[error("expected at most {limit} bytes, got {got}")]
    MessageTooLong {
        /// The limit.
        limit: usize,
        /// How many came.
        got: usize,
    },
    /// A start line longer than the limit.
    #[error("expected a start line of at most {limit} bytes")]
    StartLineTooLong {
        /// The limit.
        limit: usize,
    },
    /// A header longer than the limit.
    #[error("expected a header of at most {limit} bytes, got more: {got:?}")]
    HeaderTooLong {
        /// The limit.
        limit: usize,
        /// How it starts.
        got: Box<str>,
    },
    /// More header lines than the limit.
    #[error("expected at most {limit} headers")]
    TooManyHeaders {
        /// The limit.
        limit: usize,
    },
    /// Neither a request line nor a status line.
    #[error("expected METHOD URI SIP/2.0 or SIP/2.0 CODE REASON, got {got:?}")]
    StartLine {
        /// How it starts.
        got: Box<str>,
    },
    /// SIP, but not 2.0.
    #[error("expected SIP/2.0, got {got:?}")]
    Version {
        /// The version named.
        got: Box<str>,
    },
    /// A Request-URI that can't be read.
    #[error("Request-URI: {0}")]
    RequestUri(UriError),
    /// A Request-URI with headers in it (RFC 3261 §19.1.1).
    #[error("Request-URI: expected one without headers, got ?{got}")]
    RequestUriHeaders {
        /// What follows the question mark.
        got: Box<str>,
    },
    /// A line that is no header.
    #[error("expected Name: value, got {got:?}")]
    HeaderLine {
        /// How it starts.
        got: Box<str>,
    },
    /// No empty line behind the headers.
    #[error("expected an empty line behind the headers, got the end")]
    Unterminated,
    /// A Content-Length that is no number, or two that differ.
    #[error("Content-Length: expected one number, got {got:?}")]
    ContentLength {
        /// What came.
        got: Box<str>,
    },
    /// No Content-Length where bytes don't end by themselves (RFC 3261 §18.3).
    #[error("expected a Content-Length on a stream")]
    ContentLengthMissing,
    /// Fewer bytes than Content-Length says.
    #[error("expected a body of {expected} bytes, got {got}")]
    BodyTooShort {
        /// What Content-Length says.
        expected: usize,
        /// What came.
        got: usize,
    },
    /// A header every message needs is missing, stands there twice, or can't be read.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// CSeq names another method than the request line (RFC 3261 §8.1.1.5).
    #[error("CSeq: expected method {expected}, got {got}")]
    MethodMismatch {
        /// The request line's.
        expected: Method,
        /// CSeq's.
        got: Method,
    },
}

impl ParseError {
    /// The status that tells the sender.
    pub fn status(&self) -> StatusCode {
        match self {
            ParseError::MessageTooLong { .. } => StatusCode::REQUEST_ENTITY_TOO_LARGE,
            ParseError::StartLineTooLong { .. } => StatusCode::REQUEST_URI_TOO_LONG,
            ParseError::HeaderTooLong { .. } | ParseError::TooManyHeaders { .. } => {
                StatusCode::MESSAGE_TOO_LARGE
            }
            ParseError::Version { .. } => StatusCode::VERSION_NOT_SUPPORTED,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

/// Bytes that are no message we take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Why.
    pub error: ParseError,
    /// The answer, for a request with a Via other than ACK; its Via is not stamped yet.
    pub response: Option<Box<Response>>,
}

impl Rejected {
    /// The answer, stamped, and the flow it goes back on.
    pub fn reply(self, arrived: &Flow) -> Option<(Flow, Response)> {
        let mut response = *self.response?;
        transport::stamp_headers(&mut response.headers, arrived);
        Some((
            transport::reply_flow_of(&response.headers, arrived),
            response,
        ))
    }
}

/// Reads one datagram. What follows the body that Content-Length announces is ignored (RFC 3261 §18.3).
pub fn parse_datagram(bytes: Bytes, limits: &Limits) -> Result<Message, Rejected> {
    let start = leading_line_ends(&bytes);
    if start == bytes.len() {
        return Err(Rejected {
            error: ParseError::KeepAlive,
            response: None,
        });
    }
    let head = Head::read(&bytes, start, limits)?;
    let got = bytes.len();
    let body = if got > limits.message_bytes {
        Err(ParseError::MessageTooLong {
            limit: limits.message_bytes,
            got,
        })
    } else {
        head.body_range(got).map(|range| bytes.slice(range))
    };
    head.finish(body)
}

/// Reads a message back that [`Message::to_bytes`] wrote, whatever headers it has or lacks.
pub(crate) fn parse_saved(bytes: Bytes) -> Result<Message, ParseError> {
    let roomy = Limits {
        message_bytes: usize::MAX,
        start_line_bytes: bytes.len(),
        header_bytes: bytes.len(),
        headers: usize::MAX,
    };
    let head = Head::read(&bytes, 0, &roomy).map_err(|rejected| rejected.error)?;
    let body = bytes.slice(head.body_range(bytes.len())?);
    match head.error {
        Some(error) => Err(error),
        None => Ok(head.start.into_message(head.headers, body)),
    }
}

/// How many bytes of line ends (and NULs, which some phones send as keep-alive) `bytes` opens with.
pub(crate) fn leading_line_ends(bytes: &[u8]) -> usize {
    let other = |&byte: &u8| !matches!(byte, b'\r' | b'\n' | 0);
    bytes.iter().position(other).unwrap_or(bytes.len())
}

enum StartLine {
    Request(Method, Uri),
    Response(StatusCode, Cow<'static, str>),
    /// A request line whose method could be read, and no more; the error is noted beside it.
    BrokenRequest(Method),
}

impl StartLine {
    fn into_message(self, headers: Headers, body: Bytes) -> Message {
        match self {
            StartLine::Request(method, uri) => Message::Request(Request {
                method,
                uri,
                headers,
                body,
            }),
            StartLine::Response(status, reason) => Message::Response(Response {
                status,
                reason,
                headers,
                body,
            }),
            // Its error keeps it from getting here; an empty URI is what it would be.
            StartLine::BrokenRequest(method) => Message::Request(Request {
                method,
                uri: Uri::Other("".into()),
                headers,
                body,
            }),
        }
    }
}

/// Everything up to the body, and the first thing found wrong with it. Reading goes on after an error, as
/// far as it can: the answer needs the headers behind it.
pub(crate) struct Head {
    start: StartLine,
    headers: Headers,
    content_length: Option<usize>,
    body_start: usize,
    error: Option<ParseError>,
}

impl Head {
    /// Reads the head of the message that starts at `start`.
    pub(crate) fn read(bytes: &Bytes, start: usize, limits: &Limits) -> Result<Head, Rejected> {
        let silent = |error| Rejected {
            error,
            response: None,
        };
        let got = || text::snippet(&bytes[start..]);
        let line_end = memchr::memchr(b'\n', &bytes[start..])
            .map(|at| start + at)
            .ok_or_else(|| silent(ParseError::StartLine { got: got() }))?;
        let line = bytes[start..line_end]
            .strip_suffix(b"\r")
            .ok_or_else(|| silent(ParseError::StartLine { got: got() }))?;
        let (start_line, error) = read_start_line(line, limits).map_err(silent)?;
        let mut head = Head {
            start: start_line,
            headers: Headers::over(bytes.clone()),
            content_length: None,
            body_start: bytes.len(),
            error,
        };
        head.read_headers(bytes, line_end + 1, limits);
        Ok(head)
    }

    fn note(&mut self, error: ParseError) {
        self.error.get_or_insert(error);
    }

    fn read_headers(&mut self, bytes: &[u8], mut at: usize, limits: &Limits) {
        for _ in 0..limits.headers {
            if bytes[at..].starts_with(b"\r\n") {
                self.body_start = at + 2;
                return;
            }
            let Some(end) = header_end(bytes, at, limits.header_bytes) else {
                return self.note(ParseError::Unterminated);
            };
            if matches!(bytes.get(end), Some(b' ' | b'\t')) {
                // Folded on and on: whoever writes this reads no answer.
                return self.note(header_too_long(&bytes[at..end], limits));
            }
            self.read_header(bytes, at, end, limits);
            at = end;
        }
        if bytes[at..].starts_with(b"\r\n") {
            self.body_start = at + 2;
        } else {
            self.note(ParseError::TooManyHeaders {
                limit: limits.headers,
            });
        }
    }

    /// Reads the header that lies in `start..end`, its line ends included.
    fn read_header(&mut self, bytes: &[u8], start: usize, end: usize, limits: &Limits) {
        let line = &bytes[start..end];
        if line.len() > limits.header_bytes {
            return self.note(header_too_long(line, limits));
        }
        let bad_line = || ParseError::HeaderLine {
            got: text::snippet(line),
        };
        let Some(colon) = memchr::memchr(b':', line) else {
            return self.note(bad_line());
        };
        let name_end = line[..colon]
            .iter()
            .rposition(|&byte| !text::is_blank(byte))
            .map_or(0, |at| at + 1);
        let (name, value) = (&line[..name_end], &line[colon + 1..]);
        if !text::is_token(name) || !line_ends_are_whole(value) {
            return self.note(bad_line());
        }
        let place = text::trimmed(value);
        let name = HeaderName::parse(name);
        if name == HeaderName::ContentLength {
            return self.read_content_length(&value[place]);
        }
        let value_start = start + colon + 1;
        self.headers
            .push_span(name, value_start + place.start, value_start + place.end);
    }

    fn read_content_length(&mut self, value: &[u8]) {
        match (text::number(value), self.content_length) {
            (Some(length), None) => self.content_length = Some(length),
            (Some(length), Some(known)) if length == known => {}
            _ => self.note(ParseError::ContentLength {
                got: text::snippet(value),
            }),
        }
    }

    /// What Content-Length says, where there is one that can be trusted.
    pub(crate) fn content_length(&self) -> Result<Option<usize>, ParseError> {
        match &self.error {
            Some(error @ (ParseError::ContentLength { .. } | ParseError::Unterminated)) => {
                Err(error.clone())
            }
            Some(error @ ParseError::TooManyHeaders { .. }) => Err(error.clone()),
            _ => Ok(self.content_length),
        }
    }

    fn body_range(&self, available: usize) -> Result<std::ops::Range<usize>, ParseError> {
        let got = available - self.body_start;
        match self.content_length {
            Some(expected) if expected > got => Err(ParseError::BodyTooShort { expected, got }),
            Some(expected) => Ok(self.body_start..self.body_start + expected),
            None => Ok(self.body_start..available),
        }
    }

    /// The message, if head and body are sound and the headers every message needs can be read.
    pub(crate) fn finish(self, body: Result<Bytes, ParseError>) -> Result<Message, Rejected> {
        let error = match (self.error, body) {
            (Some(error), _) | (None, Err(error)) => error,
            (None, Ok(body)) => match check(&self.start, &self.headers) {
                Ok(()) => return Ok(self.start.into_message(self.headers, body)),
                Err(error) => error,
            },
        };
        let response = refusal(self.start, self.headers, &error).map(Box::new);
        Err(Rejected { error, response })
    }
}

/// The end of the header that starts at `at`: behind its line end and those of the folded lines after it, though
/// no line is looked at that starts beyond `limit` bytes. `None` when the bytes end first.
fn header_end(bytes: &[u8], at: usize, limit: usize) -> Option<usize> {
    let mut end = at;
    loop {
        end += memchr::memchr(b'\n', &bytes[end..])? + 1;
        match bytes.get(end) {
            Some(b' ' | b'\t') if end - at <= limit => {}
            _ => return Some(end),
        }
    }
}

fn header_too_long(header: &[u8], limits: &Limits) -> ParseError {
    ParseError::HeaderTooLong {
        limit: limits.header_bytes,
        got: text::snippet(header),
    }
}

/// Whether CR and LF only come as pairs: RFC 3261 §25.1 knows no other line end, and elements that read a
/// lone one differently could be led to see different headers.
fn line_ends_are_whole(value: &[u8]) -> bool {
    memchr::memchr2_iter(b'\r', b'\n', value).all(|at| match value[at] {
        b'\r' => value.get(at + 1) == Some(&b'\n'),
        _ => at > 0 && value[at - 1] == b'\r',
    })
}

/// A start line, with what is wrong where it is at least a request's; `Err` where it is nothing of ours.
fn read_start_line(
    line: &[u8],
    limits: &Limits,
) -> Result<(StartLine, Option<ParseError>), ParseError> {
    let unlike = || ParseError::StartLine {
        got: text::snippet(line),
    };
    let too_long = line.len() > limits.start_line_bytes;
    if line
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/"))
    {
        return match too_long {
            true => Err(ParseError::StartLineTooLong {
                limit: limits.start_line_bytes,
            }),
            false => read_status_line(line).map(|line| (line, None)),
        };
    }
    let method_end = memchr::memchr(b' ', line).ok_or_else(unlike)?;
    let (method, rest) = (&line[..method_end], &line[method_end + 1..]);
    if !text::is_token(method) {
        return Err(unlike());
    }
    let method = Method::from(std::str::from_utf8(method).map_err(|_| unlike())?);
    let read = || {
        if too_long {
            return Err(ParseError::StartLineTooLong {
                limit: limits.start_line_bytes,
            });
        }
        let version_start = memchr::memrchr(b' ', rest).ok_or_else(unlike)?;
        check_version(&rest[version_start + 1..])?;
        match Uri::parse(&rest[..version_start]).map_err(ParseError::RequestUri)? {
            Uri::Sip(crate::uri::SipUri {
                headers: Some(got), ..
            }) => Err(ParseError::RequestUriHeaders {
                got: text::snippet(got.as_bytes()),
            }),
            uri => Ok(uri),
        }
    };
    match read() {
        Ok(uri) => Ok((StartLine::Request(method, uri), None)),
        Err(error) => Ok((StartLine::BrokenRequest(method), Some(error))),
    }
}

fn check_version(version: &[u8]) -> Result<(), ParseError> {
    if version.eq_ignore_ascii_case(b"SIP/2.0") {
        return Ok(());
    }
    let got = text::snippet(version);
    match version.get(..4) {
        Some(start) if start.eq_ignore_ascii_case(b"SIP/") => Err(ParseError::Version { got }),
        _ => Err(ParseError::StartLine { got }),
    }
}

fn read_status_line(line: &[u8]) -> Result<StartLine, ParseError> {
    let unlike = || ParseError::StartLine {
        got: text::snippet(line),
    };
    let version_end = memchr::memchr(b' ', line).ok_or_else(unlike)?;
    check_version(&line[..version_end])?;
    let rest = &line[version_end + 1..];
    let (code, reason) = match memchr::memchr(b' ', rest) {
        Some(at) => (&rest[..at], &rest[at + 1..]),
        None => (rest, &[][..]),
    };
    let code = Some(code)
        .filter(|code| code.len() == 3)
        .and_then(text::number);
    let status = code
        .and_then(|code| StatusCode::new(code).ok())
        .ok_or_else(unlike)?;
    let usual = status.reason_phrase();
    let reason = match reason == usual.as_bytes() {
        true => Cow::Borrowed(usual),
        false => message::phrase(&readable(reason)).into_owned().into(),
    };
    Ok(StartLine::Response(status, reason))
}

/// A phrase as text. What is no UTF-8 becomes a question mark, which is no longer than it: the replacement character
/// could make a start line too long to be read again.
fn readable(phrase: &[u8]) -> String {
    String::from_utf8_lossy(phrase).replace(char::REPLACEMENT_CHARACTER, "?")
}

/// The headers that no message is without (RFC 3261 §8.1.1), each readable and there once. Max-Forwards may be
/// missing, as RFC 2543 knew none.
fn check(start: &StartLine, headers: &Headers) -> Result<(), ParseError> {
    headers.check_route_and_parties()?;
    headers.call_id()?;
    headers.max_forwards()?;
    headers.each_once()?;
    let (_, method_again) = headers.cseq_parts()?;
    match start {
        StartLine::Request(method, _) if method.as_str() != method_again => {
            Err(ParseError::MethodMismatch {
                expected: method.clone(),
                got: Method::from(method_again),
            })
        }
        _ => Ok(()),
    }
}

fn refusal(start: StartLine, headers: Headers, error: &ParseError) -> Option<Response> {
    let method = match start {
        StartLine::Request(method, _) | StartLine::BrokenRequest(method) => method,
        StartLine::Response(..) => return None,
    };
    if method == Method::Ack || !headers.has(&HeaderName::Via) {
        return None;
    }
    let tag = stateless_tag(&headers);
    let request = Request {
        method,
        uri: Uri::Other("".into()),
        headers,
        body: Bytes::new(),
    };
    let mut response = request.response_with_tag(error.status(), &tag);
    if let ParseError::Header(HeaderError { name, .. }) = error {
        response.reason = format!("{} ({name})", response.status.reason_phrase()).into();
    }
    Some(response)
}

/// The same request gets the same tag each time it comes, with nothing remembered (RFC 3261 §8.2.7).
fn stateless_tag(headers: &Headers) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for name in [HeaderName::Via, HeaderName::CallId] {
        for &byte in headers.first(&name).unwrap_or_default() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    format!("{hash:016x}")
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
