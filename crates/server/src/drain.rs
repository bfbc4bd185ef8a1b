//! The end of a server: it takes no new calls, lets those it has end by themselves for a while, then ends
//! them.

use crate::http::{Health, HealthCell};
use sip::{LiveCalls, Mailboxes, ShardInput, Trunks};
use std::future::Future;
use std::time::Duration;
use tokio::time::timeout;

/// What callers who are refused meanwhile are told to wait before they try again.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// How long the other ends of ended calls have to answer our BYEs.
const GOODBYES_MAX: Duration = Duration::from_secs(2);

/// How often the number of live calls is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What is drained.
pub(crate) struct Draining<'a> {
    pub(crate) health: &'a HealthCell,
    pub(crate) mailboxes: &'a Mailboxes,
    pub(crate) live_calls: &'a LiveCalls,
    pub(crate) trunks: &'a Trunks,
}

/// Drains; `hurry` ends the waiting at once.
pub(crate) async fn drain(parts: Draining<'_>, limit: Duration, hurry: impl Future<Output = ()>) {
    let Draining {
        health,
        mailboxes,
        live_calls,
        trunks,
    } = parts;
    health.set(Health::Draining);
    let drain = || ShardInput::Drain {
        retry_after: RETRY_AFTER,
    };
    mailboxes.broadcast(drain).await;
    tracing::info!(
        calls = live_calls.count(),
        limit_s = limit.as_secs(),
        "draining: no new calls; a second signal ends those there are"
    );
    let ended = tokio::select! {
        ended = timeout(limit, none_left(live_calls)) => ended.is_ok(),
        () = hurry => false,
    };
    if !ended {
        tracing::info!(calls = live_calls.count(), "ending all calls");
    }
    // Those who watch their colleagues are told in any case.
    mailboxes.broadcast(|| ShardInput::EndAll).await;
    if timeout(GOODBYES_MAX, none_left(live_calls)).await.is_err() {
        tracing::warn!(
            calls = live_calls.count(),
            "calls whose other end did not answer"
        );
    }
    // Providers that have not taken our leave send callers here until the registration ends by itself.
    let _all = timeout(GOODBYES_MAX, none_registered(trunks)).await;
    // A task that answers this has sent what came before it.
    let _left = timeout(GOODBYES_MAX, mailboxes.calls()).await;
}

async fn none_left(live_calls: &LiveCalls) {
    while live_calls.count() > 0 {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn none_registered(trunks: &Trunks) {
    while trunks.any_registered() {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
