//! HTTPS: the certificate that is shown now, and a connection that begins with a handshake by it. The handshake is done by
//! whoever reads the connection, in its own task and within its time, so that nobody is kept waiting by another's.

use rustls::ServerConfig;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor};

/// What is spoken over it (ALPN, RFC 7301 §6).
pub const PROTOCOL: &[u8] = b"http/1.1";

/// By what connections are met from now on: the certificate, or plain HTTP where there is none. Shared by the listener and
/// whoever reads the certificate anew.
#[derive(Clone, Default)]
pub struct Https(Arc<RwLock<Option<Arc<ServerConfig>>>>);

impl Https {
    /// Shows that one from now on; connections that are up keep what they began with.
    pub fn show(&self, server: Option<Arc<ServerConfig>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = server;
    }

    /// Meets a connection.
    pub(crate) fn meet(&self, stream: TcpStream) -> Stream {
        let server = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match &*server {
            None => Stream::Plain(stream),
            Some(server) => {
                let acceptor = TlsAcceptor::from(server.clone());
                Stream::Shaking(Box::new(acceptor.accept(stream)))
            }
        }
    }
}

/// A connection as it is read and written.
pub(crate) enum Stream {
    Plain(TcpStream),
    /// Hands are being shaken.
    Shaking(Box<Accept<TcpStream>>),
    Secure(Box<TlsStream<TcpStream>>),
    /// They could not be.
    Refused,
}

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It was up.
    Up,
    /// Hands have just been shaken.
    JustShaken,
}

impl Stream {
    pub(crate) fn is_plain(&self) -> bool {
        matches!(self, Stream::Plain(_))
    }

    /// Ready when it can be read and written.
    pub(crate) fn poll_up(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Step>> {
        match self {
            Stream::Plain(_) | Stream::Secure(_) => Poll::Ready(Ok(Step::Up)),
            Stream::Refused => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
            Stream::Shaking(accept) => match ready!(Pin::new(accept).poll(cx)) {
                Ok(stream) => {
                    *self = Stream::Secure(Box::new(stream));
                    Poll::Ready(Ok(Step::JustShaken))
                }
                Err(error) => {
                    *self = Stream::Refused;
                    Poll::Ready(Err(error))
                }
            },
        }
    }

    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Stream::Secure(stream) => Pin::new(stream).poll_read(cx, buffer),
            Stream::Shaking(_) | Stream::Refused => not_up(),
        }
    }

    pub(crate) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Secure(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Shaking(_) | Stream::Refused => not_up(),
        }
    }

    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Secure(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Shaking(_) | Stream::Refused => Poll::Ready(Ok(())),
        }
    }

    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Secure(stream) => Pin::new(stream).poll_shutdown(cx),
            // It ends when it is dropped.
            Stream::Shaking(_) | Stream::Refused => Poll::Ready(Ok(())),
        }
    }
}

fn not_up<T>() -> Poll<io::Result<T>> {
    Poll::Ready(Err(io::ErrorKind::NotConnected.into()))
}
