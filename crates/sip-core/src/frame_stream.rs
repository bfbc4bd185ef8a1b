//! Bytes of a connection to messages (RFC 3261 §18.3): cuts the stream by Content-Length, keeps a bounded
//! buffer, and says when the connection is beyond help.

use crate::frame::{self, Head, Limits, ParseError, Rejected};
use crate::message::Message;
use bytes::{Bytes, BytesMut};

/// What comes out of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Framed {
    /// A message.
    Message(Message),
    /// A keep-alive that wants its answer, one CRLF (RFC 5626 §3.5.1).
    Ping,
    /// A message that is refused; where the next one starts is known, so the stream goes on.
    Refused(Rejected),
    /// Nobody knows where the next message starts: answer if there is an answer, then close.
    Broken(Rejected),
}

/// The reader's side of one connection.
#[derive(Debug)]
pub struct StreamFramer {
    limits: Limits,
    buffer: BytesMut,
    /// Up to where `buffer` was searched for the end of a head: no byte is searched twice.
    searched: usize,
    /// Length of the message at the start of `buffer`, once its head is there.
    message_len: Option<usize>,
    broken: bool,
}

impl StreamFramer {
    /// A reader for a fresh connection.
    pub fn new(limits: Limits) -> StreamFramer {
        StreamFramer {
            limits,
            buffer: BytesMut::new(),
            searched: 0,
            message_len: None,
            broken: false,
        }
    }

    /// Takes what was read from the connection. Call [`StreamFramer::pop`] until it is empty before the next:
    /// then at most one unfinished message is held.
    pub fn push(&mut self, bytes: &[u8]) {
        if !self.broken {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Whether part of a message is here and the rest is waited for.
    pub fn is_midway(&self) -> bool {
        self.buffer
            .iter()
            .any(|byte| !matches!(byte, b'\r' | b'\n'))
    }

    /// Takes the answer to a ping of ours, if that is all there is (RFC 5626 §3.5.1). A line end alone is that only for
    /// whoever has asked.
    pub fn take_pong(&mut self) -> bool {
        let is_pong = self.message_len.is_none() && self.buffer[..] == *b"\r\n";
        if is_pong {
            self.buffer = BytesMut::new();
            self.searched = 0;
        }
        is_pong
    }

    /// The next whole thing, if there is one.
    pub fn pop(&mut self) -> Option<Framed> {
        if self.broken {
            return None;
        }
        if self.message_len.is_none() {
            if let Some(ping) = self.skip_line_ends() {
                return Some(ping);
            }
            if let Err(rejected) = self.find_message_len()? {
                self.broken = true;
                self.buffer.clear();
                return Some(Framed::Broken(rejected));
            }
        }
        let len = self.message_len.filter(|&len| len <= self.buffer.len())?;
        let whole = self.buffer.split_to(len).freeze();
        if self.buffer.is_empty() {
            // A connection that says nothing shall hold nothing.
            self.buffer = BytesMut::new();
        }
        self.message_len = None;
        self.searched = 0;
        Some(match frame::parse_datagram(whole, &self.limits) {
            Ok(message) => Framed::Message(message),
            Err(rejected) => Framed::Refused(rejected),
        })
    }

    /// Drops line ends between messages; two in a row are a ping.
    fn skip_line_ends(&mut self) -> Option<Framed> {
        loop {
            if self.buffer.starts_with(b"\r\n\r\n") {
                let _ping = self.buffer.split_to(4);
                self.searched = 0;
                return Some(Framed::Ping);
            }
            // A single line end may be the first half of a ping: it waits for what follows it.
            let only_half = self.buffer[..] == *b"\r\n" || self.buffer[..] == *b"\r\n\r";
            if only_half || !self.buffer.starts_with(b"\r\n") {
                return None;
            }
            let _between = self.buffer.split_to(2);
            self.searched = 0;
        }
    }

    /// Works out `message_len`; `None` while the head isn't whole.
    fn find_message_len(&mut self) -> Option<Result<(), Rejected>> {
        let from = self.searched.saturating_sub(3);
        let Some(end) = memchr::memmem::find(&self.buffer[from..], b"\r\n\r\n") else {
            self.searched = self.buffer.len();
            let limit = self.limits.message_bytes;
            let got = self.buffer.len();
            let error = ParseError::MessageTooLong { limit, got };
            return (got > limit).then_some(Err(Rejected {
                error,
                response: None,
            }));
        };
        let head_len = from + end + 4;
        let head_bytes = Bytes::copy_from_slice(&self.buffer[..head_len]);
        let head = match Head::read(&head_bytes, 0, &self.limits) {
            Ok(head) => head,
            Err(rejected) => return Some(Err(rejected)),
        };
        let limit = self.limits.message_bytes;
        let error = match head.content_length() {
            Err(error) => error,
            Ok(None) => ParseError::ContentLengthMissing,
            Ok(Some(body)) => match head_len.checked_add(body).filter(|&len| len <= limit) {
                Some(len) => {
                    self.message_len = Some(len);
                    return Some(Ok(()));
                }
                None => ParseError::MessageTooLong {
                    limit,
                    got: head_len.saturating_add(body),
                },
            },
        };
        Some(match head.finish(Err(error)) {
            Err(rejected) => Err(rejected),
            Ok(_) => Ok(()),
        })
    }
}
