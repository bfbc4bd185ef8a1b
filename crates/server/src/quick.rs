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
    change: Mutex<Before>,
}

/// Whether it is known what was there before this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// Nobody knows which ids were drawn, and what is in force.
    Unknown,
    Known,
}

/// Why nothing is changed while that is so.
const UNREAD: &str = "storage has not been read yet: nothing was closed or opened";

impl Quick {
    /// Nothing, until what was kept is taken up; before that nothing is changed.
    pub(crate) fn new(store: Store, mailboxes: Mailboxes) -> Quick {
        Quick(Arc::new(Inner {
            closes: ArcSwap::default(),
            store,
            mailboxes,
            change: Mutex::new(Before::Unknown),
        }))
    }

    /// Takes up what was kept, and tells every shard; what is over is forgotten, but for its id.
    pub(crate) async fn take_up(&self, kept: &[QuickCloseRow]) {
        let mut before = self.0.change.lock().await;
        let now = unix_now();
        let last = kept.iter().map(|row| row.id).max().unwrap_or(0);
        let mut list: Vec<QuickClose> = Vec::new();
        // One that was undone is kept as over.
        for row in kept.iter().filter(|row| row.until_ms > unix_ms(now)) {
            match serde_json::from_str(&row.text) {
                Ok(quick) => list.push(quick),
                Err(error) => {
                    tracing::warn!(id = row.id, %error, "a quick-close that was kept can't be read");
                }
            }
        }
        *before = Before::Known;
        self.publish(QuickCloses::kept(list, last, now)).await;
    }

    /// All of them.
    pub(crate) fn all(&self) -> Arc<QuickCloses> {
        self.0.closes.load_full()
    }

    /// Puts one in force once it is on disk, and says its id.
    pub(crate) async fn set(&self, quick: QuickClose) -> Result<u32, Failure> {
        let one_at_a_time = self.0.change.lock().await;
        if *one_at_a_time == Before::Unknown {
            return Err(Failure::new(UNREAD));
        }
        let before = self.all();
        let (with, id) = before
            .with(quick, unix_now())
            .map_err(|invalid| Failure::new(invalid.to_string()))?;
        let quick = with.find(id).expect("it has just been added");
        let [row, undone] = [quick.until, OVER].map(|until| row_of(quick, until));
        let [row, undone] = [row, undone].map(Write::PutQuickClose);
        let promised = self.0.store.promise(row, undone, STORED_WITHIN).await;
        if promised.is_err() {
            let problem = "storage does not answer: nothing was closed or opened";
            return Err(Failure::new(problem));
        }
        // Those that it takes the place of come back at no restart.
        let replaced = before.iter().filter(|it| with.find(it.id).is_none());
        for quick in replaced {
            let row = row_of(quick, OVER);
            self.0.store.write_soon(Write::PutQuickClose(row));
        }
        self.publish(with).await;
        Ok(id)
    }

    /// Ends one at once, and then says whether that is on disk: a restart must not bring it back.
    pub(crate) async fn undo(&self, id: u32) -> Result<(), Failure> {
        let one_at_a_time = self.0.change.lock().await;
        if *one_at_a_time == Before::Unknown {
            return Err(Failure::new(UNREAD));
        }
        let before = self.all();
        let Some(quick) = before.find(id) else {
            return Err(Failure::new(format!("there is no quick-close {id}")));
        };
        self.publish(before.without(id)).await;
        if self.is_stored(row_of(quick, OVER)).await {
            return Ok(());
        }
        let problem = "it has ended, but storage does not answer: a restart may bring it back";
        Err(Failure::new(problem))
    }

    async fn is_stored(&self, row: QuickCloseRow) -> bool {
        let stored = self.0.store.write(Write::PutQuickClose(row)).stored();
        matches!(timeout(STORED_WITHIN, stored).await, Ok(Ok(())))
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
        let mut renewed = self.0.store.renewed();
        let mut every = interval(LOOK_EVERY);
        let mut looked_at = unix_now();
        loop {
            tokio::select! {
                _ = every.tick() => {}
                Ok(()) = renewed.changed() => self.write_all().await,
            }
            let now = unix_now();
            if now > looked_at && self.all().begins_within(looked_at + 1..=now) {
                self.tell_shards().await;
            }
            looked_at = now;
        }
    }
}

impl Quick {
    /// A file of the store's that is new knows nothing of them. One that is being undone meanwhile must not be written after.
    async fn write_all(&self) {
        let _one_at_a_time = self.0.change.lock().await;
        for quick in self.all().iter() {
            let row = row_of(quick, quick.until);
            self.0.store.write_soon(Write::PutQuickClose(row));
        }
    }
}

/// The end of what was undone: long ago.
const OVER: i64 = 0;

/// How one is kept that ends then. What is over is kept until the next start, and the newest longer, for its id.
fn row_of(quick: &QuickClose, until: i64) -> QuickCloseRow {
    QuickCloseRow {
        id: quick.id,
        until_ms: unix_ms(until),
        text: serde_json::to_string(quick).expect("texts and numbers can be written"),
    }
}

fn unix_ms(seconds: i64) -> u64 {
    u64::try_from(seconds).unwrap_or(0).saturating_mul(1_000)
}
