//! What is served by HTTP: `/healthz` and `/metrics` for machines, and the API of `web`. Whoever can reach the address can connect, so `web` bounds connections.

use crate::office::Api;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base::QueueId;
use metrics_exporter_prometheus::PrometheusHandle;
use sip::Trunks;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use store::Store;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower::ServiceExt;
use web::Https;

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
    pub(crate) api: Api,
}

/// Serves until the task is ended.
pub(crate) async fn serve(listener: TcpListener, https: Https, pages: Pages) -> io::Result<()> {
    let router = Router::new()
        .route("/healthz", get(healthz))
        .route("/metrics", get(metrics))
        .fallback(api)
        .with_state(pages);
    web::Listener::new(listener, https).serve(router).await
}

/// Whatever is nothing of these is the API's, which is there when the server is ready.
async fn api(State(pages): State<Pages>, request: Request) -> Response {
    match pages.api.get() {
        Some(router) => {
            let answer = router.clone().oneshot(request).await;
            answer.unwrap_or_else(|never: Infallible| match never {})
        }
        None => {
            let soon = [(header::RETRY_AFTER, "1")];
            (StatusCode::SERVICE_UNAVAILABLE, soon).into_response()
        }
    }
}

/// How storage is, in a word.
pub(crate) fn storage_word(store: &Store) -> &'static str {
    match store.health() {
        store::Health::Ok => "ok",
        store::Health::Failing { kind, .. } => kind.label(),
    }
}

async fn healthz(State(pages): State<Pages>) -> Response {
    let (status, word) = match pages.health.health() {
        Health::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting"),
        Health::Ready => (StatusCode::OK, "ok"),
        Health::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
    };
    // Calls go on without storage, so its state is told and is no reason to be called unhealthy.
    let storage = storage_word(&pages.store);
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

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
            api: Arc::default(),
        };
        let server = tokio::spawn(serve(listener, Https::default(), pages));
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
        // Until it is there.
        let path = "/api/v1/session";
        assert!(ask(address, path).await.starts_with("HTTP/1.1 503"));
        server.abort();
    }
}
