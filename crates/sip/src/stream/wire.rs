//! How messages are cut out of a connection and put into it: as bytes one after the other, for TCP and TLS
//! (RFC 3261 §18.3).

use bytes::{Buf, Bytes};
use sip_core::frame_stream::Framed;
use sip_core::{Limits, StreamFramer};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes read from a connection at once; they stand on the task's stack, so that connections that say
/// nothing hold no memory.
const READ_BYTES: usize = 16 * 1024;

/// One end of a connection, in messages.
pub(super) trait Wire: Send {
    /// The next thing that came; none when the peer has ended.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Framed>>>;

    /// Sends a message; ready when the whole of it is on its way. What has been sent is taken off `message`.
    fn poll_send(&mut self, cx: &mut Context<'_>, message: &mut Bytes) -> Poll<io::Result<()>>;

    /// Whether part of a message has come and the rest has not.
    fn is_midway(&self) -> bool;

    /// Takes the answer to a ping of ours, if it has come.
    fn take_pong(&mut self) -> bool {
        false
    }
}

/// Messages one after the other.
pub(super) struct ByteWire<S> {
    stream: S,
    framer: StreamFramer,
}

impl<S> ByteWire<S> {
    pub(super) fn new(stream: S) -> ByteWire<S> {
        ByteWire {
            stream,
            framer: StreamFramer::new(Limits::default()),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Wire for ByteWire<S> {
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Framed>>> {
        loop {
            if let Some(framed) = self.framer.pop() {
                return Poll::Ready(Ok(Some(framed)));
            }
            let mut bytes = [0; READ_BYTES];
            let mut read = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut read))?;
            if read.filled().is_empty() {
                return Poll::Ready(Ok(None));
            }
            self.framer.push(read.filled());
        }
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, message: &mut Bytes) -> Poll<io::Result<()>> {
        while !message.is_empty() {
            let sent = ready!(Pin::new(&mut self.stream).poll_write(cx, message))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            message.advance(sent);
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn is_midway(&self) -> bool {
        self.framer.is_midway()
    }

    fn take_pong(&mut self) -> bool {
        self.framer.take_pong()
    }
}
