//! HTTP for machines: `/healthz` and `/metrics`. Bounded in connections and in the time one may take, since
//! whoever can reach the address can connect.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::Listener;
use base::QueueId;
use metrics_exporter_prometheus::PrometheusHandle;
use sip::Trunks;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use store::Store;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::time::Sleep;

/// Connections at once: a few scrapers and health checks. One more ends the oldest, since what is asked here is
/// answered in milliseconds: whoever connects and asks nothing keeps nobody else out.
const CONNECTIONS_MAX: usize = 64;

/// How long a connection lives, whoever comes after it.
const CONNECTION_LIFE_MAX: Duration = Duration::from_secs(10);

/// Whether the server takes calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    Starting,
    Ready,
    Draining,
}

/// The server's health, as all see it.
#[derive(Clone, Debug, Default)]
pub(crate) struct HealthCell {
    health: Arc<AtomicU8>,
    closed_by_load: watch::Sender<Vec<QueueId>>,
}

impl HealthCell {
    pub(crate) fn set(&self, health: Health) {
        self.health.store(health as u8, Ordering::Relaxed);
    }

    pub(crate) fn health(&self) -> Health {
        match self.health.load(Ordering::Relaxed) {
            0 => Health::Starting,
            1 => Health::Ready,
            _ => Health::Draining,
        }
    }

    /// Which queues take nobody in, by their load.
    pub(crate) fn set_closed_by_load(&self, queues: Vec<QueueId>) {
        self.closed_by_load.send_replace(queues);
    }

    fn closed_by_load(&self) -> Vec<String> {
        let closed = self.closed_by_load.borrow();
        closed.iter().map(QueueId::to_string).collect()
    }
}

/// What the pages are made of.
#[derive(Clone)]
pub(crate) struct Pages {
    pub(crate) health: HealthCell,
    pub(crate) metrics: PrometheusHandle,
    pub(crate) store: Store,
    pub(crate) trunks: Arc<Trunks>,
}

/// Serves until the task is ended.
pub(crate) async fn serve(listener: TcpListener, pages: Pages) -> io::Result<()> {
    let router = Router::new()
        .route("/healthz", get(healthz))
        .route("/metrics", get(metrics))
        .with_state(pages);
    let bounded = Bounded {
        listener,
        newest: VecDeque::with_capacity(CONNECTIONS_MAX),
    };
    axum::serve(bounded, router).await
}

async fn healthz(State(pages): State<Pages>) -> Response {
    let (status, word) = match pages.health.health() {
        Health::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting"),
        Health::Ready => (StatusCode::OK, "ok"),
        Health::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
    };
    // Calls go on without storage, so its state is told and is no reason to be called unhealthy.
    let storage = match pages.store.health() {
        store::Health::Ok => "ok",
        store::Health::Failing { kind, .. } => kind.label(),
    };
    let kind = [(header::CONTENT_TYPE, "application/json")];
    let mut body = serde_json::json!({ "status": word, "storage": storage });
    let states = pages.trunks.states().into_iter();
    let trunks: serde_json::Map<_, _> = states
        .map(|(trunk, state)| (trunk.to_string(), state.word().into()))
        .collect();
    // A provider's trouble is no reason either: another server would meet it too.
    if !trunks.is_empty() {
        body["trunks"] = trunks.into();
    }
    // Nor is it that many call.
    let closed = pages.health.closed_by_load();
    if !closed.is_empty() {
        body["closed_by_load"] = closed.into();
    }
    (status, kind, body.to_string()).into_response()
}

async fn metrics(State(pages): State<Pages>) -> Response {
    // The text format of Prometheus, version 0.0.4.
    let kind = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    (kind, pages.metrics.render()).into_response()
}

struct Bounded {
    listener: TcpListener,
    /// What keeps each of the last connections alive, oldest first.
    newest: VecDeque<oneshot::Sender<Infallible>>,
}

impl Listener for Bounded {
    type Io = Mortal;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Mortal, SocketAddr) {
        let (stream, from) = Listener::accept(&mut self.listener).await;
        if self.newest.len() == CONNECTIONS_MAX {
            self.newest.pop_front();
        }
        let (keep, displaced) = oneshot::channel();
        self.newest.push_back(keep);
        let connection = Mortal {
            stream,
            end: Box::pin(tokio::time::sleep(CONNECTION_LIFE_MAX)),
            displaced,
        };
        (connection, from)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that ends: after its time, or when enough newer ones have come.
struct Mortal {
    stream: TcpStream,
    end: Pin<Box<Sleep>>,
    displaced: oneshot::Receiver<Infallible>,
}

impl Mortal {
    fn poll_alive(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let late = self.end.as_mut().poll(cx).is_ready();
        // Nothing is ever sent: the sender is dropped.
        if late || Pin::new(&mut self.displaced).poll(cx).is_ready() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(())
    }
}

impl AsyncRead for Mortal {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_alive(cx)?;
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Mortal {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_alive(cx)?;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn ask(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.unwrap();
        reply
    }

    #[tokio::test]
    async fn health_follows_the_server_and_metrics_are_text() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let health = HealthCell::default();
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        let folder = tempfile::tempdir().unwrap();
        let pages = Pages {
            health: health.clone(),
            metrics: recorder.handle(),
            store: Store::start(folder.path()).0,
            trunks: Arc::default(),
        };
        let server = tokio::spawn(serve(listener, pages));
        assert!(ask(address, "/healthz").await.starts_with("HTTP/1.1 503"));
        health.set(Health::Ready);
        let reply = ask(address, "/healthz").await;
        assert!(
            reply.starts_with("HTTP/1.1 200")
                && reply.ends_with(r#"{"status":"ok","storage":"ok"}"#),
            "{reply}"
        );
        health.set(Health::Draining);
        assert!(ask(address, "/healthz").await.starts_with("HTTP/1.1 503"));
        assert!(
            ask(address, "/metrics")
                .await
                .contains("text/plain; version=0.0.4")
        );
        assert!(ask(address, "/elsewhere").await.starts_with("HTTP/1.1 404"));
        server.abort();
    }

    #[tokio::test]
    async fn many_who_connect_and_ask_nothing_keep_nobody_out() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let health = HealthCell::default();
        health.set(Health::Ready);
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        let metrics = recorder.handle();
        let folder = tempfile::tempdir().unwrap();
        let store = Store::start(folder.path()).0;
        let pages = Pages {
            health,
            metrics,
            store,
            trunks: Arc::default(),
        };
        let server = tokio::spawn(serve(listener, pages));
        let mut silent = Vec::new();
        for _ in 0..3 * CONNECTIONS_MAX {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET /heal").await.unwrap();
            silent.push(stream);
        }
        // Well before the first of them has come to its time.
        let asked = tokio::time::timeout(CONNECTION_LIFE_MAX / 2, ask(address, "/healthz"));
        assert!(asked.await.unwrap().starts_with("HTTP/1.1 200"));
        let mut rest = Vec::new();
        let oldest = silent[0].read_to_end(&mut rest);
        let ended = tokio::time::timeout(CONNECTION_LIFE_MAX / 2, oldest).await;
        assert!(ended.is_ok(), "the oldest has given its place up");
        server.abort();
    }
}
