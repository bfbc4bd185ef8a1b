//! SIP over WebSocket (RFC 7118): a message is a frame, text or binary, and nothing has to be cut.

use super::wire::Wire;
use bytes::Bytes;
use futures_util::{Sink, Stream};
use sip_core::frame_stream::Framed;
use sip_core::{Limits, ParseError, parse_datagram};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode, header};
use tokio_tungstenite::tungstenite::protocol::{Message, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Utf8Bytes};

/// RFC 7118 §4: both sides say it, or there is no SIP.
const SUBPROTOCOL: &str = "sip";

/// Kept for each connection, so small; a longer message is read in several steps.
const READ_BYTES: usize = 4 * 1024;

/// A keep-alive in a frame of its own, as some browsers' libraries send it.
const PING: &[u8] = b"\r\n\r\n";

/// Takes the upgrade that a client asks for.
pub(super) async fn accept<S>(stream: S) -> io::Result<WebSocketWire<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let longest = Some(Limits::default().message_bytes);
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        // Each message goes out at once.
        .write_buffer_size(0)
        .max_message_size(longest)
        .max_frame_size(longest);
    let accepted = tokio_tungstenite::accept_hdr_async_with_config(stream, agree, Some(config));
    Ok(WebSocketWire {
        socket: accepted.await.map_err(io_error)?,
    })
}

/// RFC 7118 §4.1: whoever does not ask for `sip` can't mean us.
#[expect(clippy::result_large_err, reason = "the library's type")]
fn agree(request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    let asked = request.headers().get_all(header::SEC_WEBSOCKET_PROTOCOL);
    let wants_sip = asked
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|token| token.trim().eq_ignore_ascii_case(SUBPROTOCOL));
    if !wants_sip {
        let mut refused = ErrorResponse::new(Some("expected the subprotocol sip".to_owned()));
        *refused.status_mut() = StatusCode::BAD_REQUEST;
        return Err(refused);
    }
    let chosen = HeaderValue::from_static(SUBPROTOCOL);
    response
        .headers_mut()
        .insert(header::SEC_WEBSOCKET_PROTOCOL, chosen);
    Ok(response)
}

/// Messages in frames.
pub(super) struct WebSocketWire<S> {
    socket: WebSocketStream<S>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Wire for WebSocketWire<S> {
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Framed>>> {
        loop {
            let frame = match ready!(Pin::new(&mut self.socket).poll_next(cx)) {
                Some(Ok(Message::Text(text))) => Bytes::from(text),
                Some(Ok(Message::Binary(bytes))) => bytes,
                // The library answers pings and closes by itself.
                Some(Ok(_)) => continue,
                None | Some(Err(tungstenite::Error::ConnectionClosed)) => {
                    return Poll::Ready(Ok(None));
                }
                Some(Err(error)) => return Poll::Ready(Err(io_error(error))),
            };
            if frame == PING {
                return Poll::Ready(Ok(Some(Framed::Ping)));
            }
            return Poll::Ready(Ok(Some(match parse_datagram(frame, &Limits::default()) {
                Ok(message) => Framed::Message(message),
                Err(rejected) if rejected.error == ParseError::KeepAlive => continue,
                Err(rejected) => Framed::Refused(rejected),
            })));
        }
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, message: &mut Bytes) -> Poll<io::Result<()>> {
        let mut socket = Pin::new(&mut self.socket);
        if !message.is_empty() {
            ready!(socket.as_mut().poll_ready(cx)).map_err(io_error)?;
            let whole = std::mem::take(message);
            // What is no UTF-8 may not be text (RFC 6455 §8.1).
            let frame = match Utf8Bytes::try_from(whole.clone()) {
                Ok(text) => Message::Text(text),
                Err(_) => Message::Binary(whole),
            };
            socket.as_mut().start_send(frame).map_err(io_error)?;
        }
        socket.poll_flush(cx).map_err(io_error)
    }

    /// A frame that is only half here can't be seen from here; who sends it so has proved who he is, or has
    /// a minute.
    fn is_midway(&self) -> bool {
        false
    }
}

fn io_error(error: tungstenite::Error) -> io::Error {
    match error {
        tungstenite::Error::Io(error) => error,
        other => io::Error::other(other),
    }
}
