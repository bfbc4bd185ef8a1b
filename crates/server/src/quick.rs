//! What is closed by hand: kept in the store before it is promised, then told to every shard; told again when one
//! begins, so that those who wait are moved.

use crate::ctl::protocol::Failure;
use crate::hours::unix_now;
use arc_swap::ArcSwap;
use calendar::{QuickClose, QuickCloses};
use sip::{Mailboxes, ShardInput};
use std::sync::Arc;
use std::time::Duration;
use store::{QuickCloseRow, Store, Write};
use tokio::sync::Mutex;
use tokio::time::{interval, timeout};

/// How long somebody waits for it to be on disk. Slower storage promises nothing.
const STORED_WITHIN: Duration = Duration::from_secs(5);

/// How often is looked whether one begins: those who wait are moved so late at most.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What is closed by hand, for whoever asks and changes it.
#[derive(Clone)]
pub(crate) struct Quick(Arc<Inner>);

struct Inner {
    closes: ArcSwap<QuickCloses>,
    store: Store,
    mailboxes: Mailboxes,
    /// Held by whoever changes it: one at a time.
    change: Mutex<()>,
}

impl Quick {
    /// Takes up what was kept; what is over is forgotten.
    pub(crate) fn restore(kept: &[QuickCloseRow], store: Store, mailboxes: Mailboxes) -> Quick {
        let now = unix_now();
        let mut list: Vec<QuickClose> = Vec::new();
        for row in kept {
            match serde_json::from_str(&row.text) {
                Ok(quick) => list.push(quick),
                Err(error) => {
                    tracing::warn!(id = row.id, %error, "a quick-close that was kept can't be read");
                }
            }
        }
        Quick(Arc::new(Inner {
            closes: ArcSwap::from_pointee(QuickCloses::kept(list, now)),
            store,
            mailboxes,
            change: Mutex::new(()),
        }))
    }

    /// All of them.
    pub(crate) fn all(&self) -> Arc<QuickCloses> {
        self.0.closes.load_full()
    }

    /// Puts one in force once it is on disk, and says its id.
    pub(crate) async fn set(&self, quick: QuickClose) -> Result<u32, Failure> {
        let _one_at_a_time = self.0.change.lock().await;
        let (with, id) = self
            .all()
            .with(quick, unix_now())
            .map_err(|invalid| Failure::new(invalid.to_string()))?;
        let quick = with.find(id).expect("it has just been added");
        let row = QuickCloseRow {
            id,
            until_ms: u64::try_from(quick.until)
                .unwrap_or(0)
                .saturating_mul(1_000),
            text: serde_json::to_string(quick).expect("texts and numbers can be written"),
        };
        let stored = self.0.store.write(Write::PutQuickClose(row)).stored();
        if !matches!(timeout(STORED_WITHIN, stored).await, Ok(Ok(()))) {
            // It may be written yet, when nobody counts on it any more.
            self.0.store.write_soon(Write::RemoveQuickClose(id));
            let problem = "storage does not answer: nothing was closed or opened";
            return Err(Failure::new(problem));
        }
        self.publish(with).await;
        Ok(id)
    }

    /// Ends one at once; forgotten on disk after.
    pub(crate) async fn undo(&self, id: u32) -> Result<(), Failure> {
        let _one_at_a_time = self.0.change.lock().await;
        if self.all().find(id).is_none() {
            return Err(Failure::new(format!("there is no quick-close {id}")));
        }
        self.publish(self.all().without(id)).await;
        self.0.store.write_soon(Write::RemoveQuickClose(id));
        Ok(())
    }

    async fn publish(&self, closes: QuickCloses) {
        self.0.closes.store(Arc::new(closes));
        self.tell_shards().await;
    }

    /// Tells every shard what is closed by hand.
    pub(crate) async fn tell_shards(&self) {
        let closes = self.all();
        let tell = || ShardInput::QuickCloses(closes.clone());
        self.0.mailboxes.broadcast(tell).await;
    }

    /// Tells them again whenever one begins; never ends by itself.
    pub(crate) async fn run(self) {
        let mut every = interval(LOOK_EVERY);
        let mut looked_at = unix_now();
        loop {
            every.tick().await;
            let now = unix_now();
            if now > looked_at && self.all().begins_within(looked_at + 1..=now) {
                self.tell_shards().await;
            }
            looked_at = now;
        }
    }
}
