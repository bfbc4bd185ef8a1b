//! HTTP for machines: `/healthz` and `/metrics`. Bounded in connections and in the time one may take, since
//! whoever can reach the address can connect.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::Listener;
use metrics_exporter_prometheus::PrometheusHandle;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;

/// Connections at once: a few scrapers and health checks. More wait in the kernel's queue.
const CONNECTIONS_MAX: usize = 64;

/// How long a connection lives: what is asked here is answered in milliseconds, and a half-open one must
/// give its place back.
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
pub(crate) struct HealthCell(Arc<AtomicU8>);

impl HealthCell {
    pub(crate) fn set(&self, health: Health) {
        self.0.store(health as u8, Ordering::Relaxed);
    }

    pub(crate) fn health(&self) -> Health {
        match self.0.load(Ordering::Relaxed) {
            0 => Health::Starting,
            1 => Health::Ready,
            _ => Health::Draining,
        }
    }
}

/// What the pages are made of.
#[derive(Clone)]
pub(crate) struct Pages {
    pub(crate) health: HealthCell,
    pub(crate) metrics: PrometheusHandle,
}

/// Serves until the task is ended.
pub(crate) async fn serve(listener: TcpListener, pages: Pages) -> io::Result<()> {
    let router = Router::new()
        .route("/healthz", get(healthz))
        .route("/metrics", get(metrics))
        .with_state(pages);
    let bounded = Bounded {
        listener,
        places: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
    };
    axum::serve(bounded, router).await
}

async fn healthz(State(pages): State<Pages>) -> Response {
    let (status, word) = match pages.health.health() {
        Health::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting"),
        Health::Ready => (StatusCode::OK, "ok"),
        Health::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
    };
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (status, kind, format!(r#"{{"status":"{word}"}}"#)).into_response()
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
    places: Arc<Semaphore>,
}

impl Listener for Bounded {
    type Io = Mortal;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Mortal, SocketAddr) {
        let place = self.places.clone().acquire_owned().await;
        let place = place.expect("the semaphore is never closed");
        let (stream, from) = Listener::accept(&mut self.listener).await;
        let connection = Mortal {
            stream,
            end: Box::pin(tokio::time::sleep(CONNECTION_LIFE_MAX)),
            _place: place,
        };
        (connection, from)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection with a place among the few and an end.
struct Mortal {
    stream: TcpStream,
    end: Pin<Box<Sleep>>,
    _place: OwnedSemaphorePermit,
}

impl Mortal {
    fn poll_alive(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match self.end.as_mut().poll(cx) {
            Poll::Ready(()) => Err(io::ErrorKind::TimedOut.into()),
            Poll::Pending => Ok(()),
        }
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
        let pages = Pages {
            health: health.clone(),
            metrics: recorder.handle(),
        };
        let server = tokio::spawn(serve(listener, pages));
        assert!(ask(address, "/healthz").await.starts_with("HTTP/1.1 503"));
        health.set(Health::Ready);
        let reply = ask(address, "/healthz").await;
        assert!(
            reply.starts_with("HTTP/1.1 200") && reply.ends_with(r#"{"status":"ok"}"#),
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
}
