//! Connections, bounded: in all, for each source, and in the time that one may take. Whoever connects and asks nothing keeps
//! nobody out, since what is over the bound ends the oldest of those that have proven nothing. A connection's time begins
//! anew only with a whole request, so that one who sends a byte now and then gains nothing by it. Whether it is by TLS is
//! `https`'s matter.

use crate::https::{Https, Step, Stream};
use axum::Router;
use axum::extract::{ConnectInfo, Request, connect_info::Connected};
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::serve::IncomingStream;
use sip_core::guard::Source;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep};

/// What a connection may take.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    /// Connections at once.
    in_all: usize,
    /// Of one source.
    per_source: usize,
    /// How long TLS may take until both sides speak by it.
    handshake: Duration,
    /// How long a request may take to come, and a connection be there without one.
    idle: Duration,
    /// How long a request may take, from its head on.
    request: Duration,
    /// How long whoever reads a stream may read nothing of it.
    stalled: Duration,
}

/// Pages of a thousand people, each with a live stream and one connection to ask by; half of it by one address, since an
/// organisation may come by one. A request may take as long as a log-in that waits for its turn, or storage. On a stream
/// something is sent every 15 s. TLS takes four round trips, two of them lost.
const BOUNDS: Bounds = Bounds {
    in_all: 2_048,
    per_source: 1_024,
    handshake: Duration::from_secs(5),
    idle: Duration::from_secs(10),
    request: Duration::from_secs(30),
    stalled: Duration::from_secs(60),
};

/// For how long browsers come by nothing but HTTPS, once they have (RFC 6797): a year, as is usual. Other names of the same
/// domain are not ours to say it of.
const HTTPS_ALONE: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// A listener that keeps connections within bounds.
pub struct Listener {
    listener: TcpListener,
    https: Https,
    open: Open,
}

/// How a connection is carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carried {
    /// So that whoever is on the way reads it.
    Plainly,
    /// By TLS.
    ByTls,
}

/// The connection that a request came by.
#[derive(Clone, Debug)]
pub struct Peer {
    address: SocketAddr,
    carried: Carried,
    bounds: Bounds,
    time: Arc<Mutex<Standing>>,
}

#[derive(Clone, Copy, Debug)]
struct Standing {
    ends: Instant,
    doing: Doing,
    proof: Proof,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    /// One request after the other.
    Asking,
    /// It is written to for as long as it is read.
    Streaming,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Proof {
    None,
    /// Somebody has come by it with a session or a token.
    Known,
}

impl Peer {
    /// Of a connection that no listener of ours has, and that may be there for as long as it likes.
    pub fn elsewhere(address: SocketAddr, carried: Carried) -> Peer {
        Peer::new(address, carried, BOUNDS)
    }

    fn new(address: SocketAddr, carried: Carried, bounds: Bounds) -> Peer {
        let first = match carried {
            Carried::Plainly => bounds.idle,
            Carried::ByTls => bounds.handshake,
        };
        let standing = Standing {
            ends: Instant::now() + first,
            doing: Doing::Asking,
            proof: Proof::None,
        };
        Peer {
            address,
            carried,
            bounds,
            time: Arc::new(Mutex::new(standing)),
        }
    }

    /// Where it comes from.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How it is carried.
    pub fn carried(&self) -> Carried {
        self.carried
    }

    /// Somebody is known who comes by it.
    pub(crate) fn proven(&self) {
        self.lock().proof = Proof::Known;
    }

    /// What comes by it is long: so much time it has to come and be answered.
    pub(crate) fn may_take(&self, span: Duration) {
        self.lasts(span);
    }

    fn lasts(&self, span: Duration) {
        self.lock().ends = Instant::now() + span;
    }

    fn lock(&self) -> MutexGuard<'_, Standing> {
        lock(&self.time)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whoever had it ended the process.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Connected<IncomingStream<'_, Listener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Listener>) -> Peer {
        stream.io().peer.clone()
    }
}

impl Listener {
    /// Of that listener, which speaks HTTPS while there is a certificate.
    pub fn new(listener: TcpListener, https: Https) -> Listener {
        Listener::bounded(listener, https, BOUNDS)
    }

    fn bounded(listener: TcpListener, https: Https, bounds: Bounds) -> Listener {
        let opened = Arc::default();
        Listener {
            listener,
            https,
            open: Open { bounds, opened },
        }
    }

    /// Serves until the task is ended.
    pub async fn serve(self, router: Router) -> io::Result<()> {
        let router = router.layer(middleware::from_fn(keep_time));
        axum::serve(self, router.into_make_service_with_connect_info::<Peer>()).await
    }
}

/// Kinds of answers that take as long as they are read: some have no end, others are long.
const STREAMED: [&str; 2] = ["text/event-stream", "audio/wav"];

/// A request begins, and its answer is ready.
async fn keep_time(ConnectInfo(peer): ConnectInfo<Peer>, request: Request, next: Next) -> Response {
    peer.lock().doing = Doing::Asking;
    peer.lasts(peer.bounds.request);
    let mut response = next.run(request).await;
    if peer.carried == Carried::ByTls {
        let headers = response.headers_mut();
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HTTPS_ALONE);
    }
    let kind = response.headers().get(header::CONTENT_TYPE);
    match kind.is_some_and(|kind| STREAMED.iter().any(|streamed| kind == streamed)) {
        true => {
            peer.lock().doing = Doing::Streaming;
            peer.lasts(peer.bounds.stalled);
        }
        false => peer.lasts(peer.bounds.idle),
    }
    response
}

/// The connections that are open, by age.
#[derive(Clone)]
struct Open {
    bounds: Bounds,
    opened: Arc<Mutex<Opened>>,
}

#[derive(Default)]
struct Opened {
    next: u64,
    all: BTreeMap<u64, Kept>,
    of_source: BTreeMap<Source, usize>,
}

struct Kept {
    source: Source,
    time: Arc<Mutex<Standing>>,
    /// Never sent anything: the connection ends when this is gone.
    _alive: oneshot::Sender<Infallible>,
}

impl Open {
    /// Makes room for one more, and lets it in.
    fn let_in(&self, stream: Stream, address: SocketAddr) -> Connection {
        let source = Source::of(address.ip());
        let mut open = lock(&self.opened);
        if open
            .of_source
            .get(&source)
            .is_some_and(|has| *has >= self.bounds.per_source)
        {
            open.end_one(Some(&source));
        }
        if open.all.len() >= self.bounds.in_all {
            open.end_one(None);
        }
        let id = open.next;
        open.next += 1;
        let carried = match stream.is_plain() {
            true => Carried::Plainly,
            false => Carried::ByTls,
        };
        let peer = Peer::new(address, carried, self.bounds);
        let ends = peer.lock().ends;
        let (alive, ended) = oneshot::channel();
        let kept = Kept {
            source,
            time: peer.time.clone(),
            _alive: alive,
        };
        open.all.insert(id, kept);
        *open.of_source.entry(source).or_default() += 1;
        Connection {
            stream,
            id,
            peer,
            end: Box::pin(tokio::time::sleep_until(ends)),
            ended,
            open: self.clone(),
        }
    }
}

impl Opened {
    /// Ends the oldest of those that have proven nothing, or the oldest of all.
    fn end_one(&mut self, of: Option<&Source>) {
        let meant = self
            .all
            .iter()
            .filter(|(_, kept)| of.is_none_or(|of| kept.source == *of));
        let oldest = meant.min_by_key(|(id, kept)| (lock(&kept.time).proof, **id));
        if let Some(id) = oldest.map(|(id, _)| *id) {
            self.forget(id);
            metrics::counter!("kolapp_web_connections_ended_total", "cause" => "displaced")
                .increment(1);
        }
    }

    fn forget(&mut self, id: u64) {
        let Some(kept) = self.all.remove(&id) else {
            return;
        };
        if let Some(has) = self.of_source.get_mut(&kept.source) {
            *has -= 1;
            if *has == 0 {
                self.of_source.remove(&kept.source);
            }
        }
    }
}

impl axum::serve::Listener for Listener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, from) = axum::serve::Listener::accept(&mut self.listener).await;
        // IPv4 by a listener for both is written as IPv4, as settings are.
        let from = SocketAddr::new(from.ip().to_canonical(), from.port());
        (self.open.let_in(self.https.meet(stream), from), from)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that ends: after its time, or when it has to make room.
pub struct Connection {
    stream: Stream,
    id: u64,
    peer: Peer,
    end: Pin<Box<Sleep>>,
    ended: oneshot::Receiver<Infallible>,
    open: Open,
}

impl Drop for Connection {
    fn drop(&mut self) {
        lock(&self.open.opened).forget(self.id);
    }
}

impl Connection {
    fn poll_alive(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        while self.end.as_mut().poll(cx).is_ready() {
            let ends = self.peer.lock().ends;
            if ends <= Instant::now() {
                metrics::counter!("kolapp_web_connections_ended_total", "cause" => "time")
                    .increment(1);
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.end.as_mut().reset(ends);
        }
        match Pin::new(&mut self.ended).poll(cx) {
            // Nothing is ever sent: the sender is dropped.
            Poll::Ready(_) => Err(io::ErrorKind::ConnectionAborted.into()),
            Poll::Pending => Ok(()),
        }
    }

    /// Ready when both sides speak by it; a request may take its time to come from then on.
    fn poll_up(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match ready!(self.stream.poll_up(cx)) {
            Ok(Step::Up) => {}
            Ok(Step::JustShaken) => self.peer.lasts(self.peer.bounds.idle),
            Err(error) => {
                metrics::counter!("kolapp_web_connections_ended_total", "cause" => "handshake")
                    .increment(1);
                return Poll::Ready(Err(error));
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Something of a stream was read by its reader.
    fn was_read(&self) {
        let mut standing = self.peer.lock();
        if standing.doing == Doing::Streaming {
            standing.ends = Instant::now() + self.peer.bounds.stalled;
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_alive(cx)?;
        ready!(self.poll_up(cx))?;
        self.stream.poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_alive(cx)?;
        ready!(self.poll_up(cx))?;
        let written = self.stream.poll_write(cx, bytes);
        if let Poll::Ready(Ok(_)) = written {
            self.was_read();
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tls_tests;

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio::task::JoinHandle;
    use tokio::time::timeout;

    /// Longest that anything may take here.
    const SOON: Duration = Duration::from_secs(20);

    const LONG: Bounds = Bounds {
        in_all: 32,
        per_source: 16,
        handshake: SOON,
        idle: SOON,
        request: SOON,
        stalled: SOON,
    };

    async fn serve(bounds: Bounds) -> (SocketAddr, JoinHandle<io::Result<()>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let known = |ConnectInfo(peer): ConnectInfo<Peer>| async move {
            peer.proven();
            "known"
        };
        let streams = || async {
            let kind = [(header::CONTENT_TYPE, "text/event-stream")];
            let one = futures_util::stream::once(async { Ok::<_, io::Error>("data: x\n\n") });
            let rest = futures_util::stream::pending();
            let body = futures_util::StreamExt::chain(one, rest);
            (kind, axum::body::Body::from_stream(body))
        };
        let router = Router::new()
            .route("/", get(|| async { "here" }))
            .route("/known", get(known))
            .route("/stream", get(streams));
        let server = Listener::bounded(listener, Https::default(), bounds).serve(router);
        (address, tokio::spawn(server))
    }

    async fn ask(stream: &mut TcpStream, path: &str) -> io::Result<String> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = vec![0; 4_096];
        let read = stream.read(&mut answer).await?;
        Ok(String::from_utf8_lossy(&answer[..read]).into_owned())
    }

    async fn ends(stream: &mut TcpStream) -> bool {
        let mut rest = Vec::new();
        timeout(SOON / 2, stream.read_to_end(&mut rest))
            .await
            .is_ok()
    }

    #[tokio::test]
    async fn many_who_connect_and_ask_nothing_keep_nobody_out() {
        let (address, server) = serve(LONG).await;
        let mut silent = Vec::new();
        for _ in 0..3 * LONG.in_all {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET /heal").await.unwrap();
            silent.push(stream);
        }
        let mut one = TcpStream::connect(address).await.unwrap();
        let asked = timeout(SOON / 2, ask(&mut one, "/")).await.unwrap();
        assert!(asked.unwrap().starts_with("HTTP/1.1 200"));
        assert!(
            ends(&mut silent[0]).await,
            "the oldest has given its place up"
        );
        server.abort();
    }

    #[tokio::test]
    async fn whoever_is_known_stays_when_many_come_who_are_not() {
        let (address, server) = serve(LONG).await;
        let mut known = TcpStream::connect(address).await.unwrap();
        assert!(ask(&mut known, "/known").await.unwrap().ends_with("known"));
        let mut silent = Vec::new();
        for _ in 0..3 * LONG.in_all {
            silent.push(TcpStream::connect(address).await.unwrap());
        }
        assert!(ends(&mut silent[0]).await);
        assert!(ask(&mut known, "/").await.unwrap().ends_with("here"));
        server.abort();
    }

    #[tokio::test]
    async fn whoever_sends_a_byte_now_and_then_gains_no_time_by_it() {
        let bounds = Bounds {
            idle: Duration::from_millis(300),
            ..LONG
        };
        let (address, server) = serve(bounds).await;
        let mut slow = TcpStream::connect(address).await.unwrap();
        let trickle = async {
            while slow.write_all(b"G").await.is_ok() {
                tokio::time::sleep(bounds.idle / 6).await;
            }
        };
        assert!(timeout(SOON, trickle).await.is_ok());
        server.abort();
    }

    #[tokio::test]
    async fn a_connection_is_there_for_one_request_after_the_other_and_a_stream_while_it_is_read() {
        let bounds = Bounds {
            idle: Duration::from_millis(700),
            ..LONG
        };
        let (address, server) = serve(bounds).await;
        let mut asks = TcpStream::connect(address).await.unwrap();
        let mut listens = TcpStream::connect(address).await.unwrap();
        assert!(
            ask(&mut listens, "/stream")
                .await
                .unwrap()
                .contains("200 OK")
        );
        for _ in 0..6 {
            assert!(ask(&mut asks, "/").await.unwrap().ends_with("here"));
            tokio::time::sleep(bounds.idle / 4).await;
        }
        // It is at its end while the other, which was there as long, is not.
        assert!(ends(&mut asks).await);
        let mut more = [0; 64];
        let read = timeout(bounds.idle, listens.read(&mut more)).await;
        assert!(!matches!(read, Ok(Ok(0) | Err(_))), "the stream was ended");
        server.abort();
    }
}
