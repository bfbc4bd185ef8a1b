//! The store as the rest of the process sees it, and the thread that writes. It is a thread of its own since a disk
//! that hangs would otherwise hang a task that carries calls.

use crate::database::{self, Database, FileId};
use crate::failure::{Failure, FailureKind};
use crate::kept::Kept;
use crate::pending::{Entry, Full, PENDING_MAX, Pending};
use crate::write::Write;
use metrics::{counter, gauge};
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::{sleep, timeout};

/// Name of the file in the state folder.
pub const FILE_NAME: &str = "kolapp.db";

/// How long the first write waits for others to share its commit, which costs a flush of the disk however many
/// rows it has.
const GATHER: Duration = Duration::from_millis(3);

/// Rows of one commit: enough that its cost is shared, few enough that it is over in tens of milliseconds.
const BATCH_MAX: usize = 1_024;

/// After a failure storage is tried again so soon, then each time after twice as long …
const RETRY_FIRST: Duration = Duration::from_millis(100);
/// … up to this: storage that has come back is noticed within seconds.
const RETRY_MOST: Duration = Duration::from_secs(5);

/// How often the file is looked for when there is nothing to write: a folder that was deleted by mistake is made
/// anew, and what is in memory written again.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How long the start waits for what was kept. A disk slower than that must not keep phones from being answered.
const START_WAIT: Duration = Duration::from_secs(5);

/// How long the end waits for the last writes.
const CLOSE_WAIT: Duration = Duration::from_secs(2);

/// The way to what is kept. Clones lead to the same.
#[derive(Clone, Debug)]
pub struct Store(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    pending: Mutex<Pending<Waiter>>,
    /// Rung when there is something to write, or to end for.
    bell: Notify,
    health: Mutex<Health>,
    stage: watch::Sender<Stage>,
    /// Counts files that were begun anew while the process runs.
    renewed: watch::Sender<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open,
    Closing,
    Closed,
}

type Waiter = oneshot::Sender<Result<(), NotStored>>;

/// How storage is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// The last attempt to write succeeded, or there was none yet.
    Ok,
    /// It failed, and is being repeated.
    Failing {
        /// In which way.
        kind: FailureKind,
        /// In storage's own words.
        message: String,
    },
}

/// It isn't stored, and won't be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotStored {
    /// Too many rows wait for storage already.
    #[error("expected at most {PENDING_MAX} rows to wait for storage")]
    NoRoom,
    /// Storage doesn't take this row.
    #[error("the row can't be stored")]
    Row,
    /// The process is going down.
    #[error("the store is closed")]
    Closed,
}

/// To be awaited where something may be promised only once it is on disk.
#[derive(Debug)]
#[must_use = "nothing is known of it otherwise: see write_soon"]
pub struct Acknowledgement(oneshot::Receiver<Result<(), NotStored>>);

impl Acknowledgement {
    /// Ready when it is on disk, or never will be. Takes as long as storage is away: whoever promises something to
    /// a person sets himself a limit.
    pub async fn stored(self) -> Result<(), NotStored> {
        self.0.await.unwrap_or(Err(NotStored::Closed))
    }
}

impl Store {
    /// Begins to open the file in that folder and to read what was kept. Never fails: what can't be opened is
    /// tried again and again, and one that is damaged is moved aside; either way the log says so, and the process
    /// goes on.
    pub fn start(folder: &Path) -> (Store, Loading) {
        let store = Store(Arc::new(Shared {
            pending: Mutex::new(Pending::bounded(PENDING_MAX)),
            bell: Notify::new(),
            health: Mutex::new(Health::Ok),
            stage: watch::Sender::new(Stage::Open),
            renewed: watch::Sender::new(0),
        }));
        let writer = Writer {
            shared: store.0.clone(),
            path: folder.join(FILE_NAME),
            database: None,
            latest: None,
        };
        let (loaded, kept) = oneshot::channel();
        let thread = std::thread::Builder::new().name("store".into());
        if let Err(error) = thread.spawn(move || writer.run_thread(loaded)) {
            tracing::error!(%error, "nothing will be kept over a restart: no thread for it");
            store.0.stage.send_replace(Stage::Closed);
        }
        (store, Loading(kept))
    }

    /// Has it written, and says when it is.
    pub fn write(&self, write: Write) -> Acknowledgement {
        let (waiter, acknowledgement) = oneshot::channel();
        self.put(write, Some(waiter));
        Acknowledgement(acknowledgement)
    }

    /// Has it written, whenever that is.
    pub fn write_soon(&self, write: Write) {
        self.put(write, None);
    }

    fn put(&self, write: Write, waiter: Option<Waiter>) {
        if *self.0.stage.borrow() == Stage::Closed {
            return;
        }
        let mut pending = self.0.pending();
        let was_empty = pending.is_empty();
        match pending.put(write, waiter) {
            Ok(()) if was_empty => self.0.bell.notify_one(),
            Ok(()) => {}
            Err(Full(waiter)) => {
                counter!("kolapp_store_refused_total").increment(1);
                if let Some(waiter) = waiter {
                    let _ = waiter.send(Err(NotStored::NoRoom));
                }
            }
        }
    }

    /// How many rows wait.
    pub fn pending(&self) -> usize {
        self.0.pending().len()
    }

    /// How storage is.
    pub fn health(&self) -> Health {
        self.0.health().clone()
    }

    /// Changes when a new file had to be begun: then everything that is to be kept must be written again.
    pub fn renewed(&self) -> watch::Receiver<u64> {
        self.0.renewed.subscribe()
    }

    /// Writes what waits and closes the file; gives up on slow storage.
    pub async fn close(&self) {
        let closing = |stage: &mut Stage| {
            let is_open = *stage == Stage::Open;
            if is_open {
                *stage = Stage::Closing;
            }
            is_open
        };
        self.0.stage.send_if_modified(closing);
        self.0.bell.notify_one();
        let mut stage = self.0.stage.subscribe();
        let closed = stage.wait_for(|stage| *stage == Stage::Closed);
        if timeout(CLOSE_WAIT, closed).await.is_err() {
            tracing::warn!(rows = self.pending(), "storage is slow: not all was kept");
        }
    }
}

/// What was kept, being read.
#[derive(Debug)]
pub struct Loading(oneshot::Receiver<Kept>);

impl Loading {
    /// What was kept; nothing where storage is slow.
    pub async fn kept(self) -> Kept {
        match timeout(START_WAIT, self.0).await {
            Ok(kept) => kept.unwrap_or_default(),
            Err(_) => {
                tracing::error!("storage is slow: started without what was kept");
                Kept::default()
            }
        }
    }
}

impl Shared {
    // Both are whole between any two statements, whoever panicked.
    fn pending(&self) -> MutexGuard<'_, Pending<Waiter>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread that writes.
struct Writer {
    shared: Arc<Shared>,
    path: PathBuf,
    database: Option<Database>,
    /// The file that was open last.
    latest: Option<FileId>,
}

impl Writer {
    fn run_thread(mut self, loaded: oneshot::Sender<Kept>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        match runtime {
            Ok(runtime) => runtime.block_on(async {
                // Whoever starts may have waited long enough.
                let _ = loaded.send(self.load().await);
                self.run().await;
            }),
            Err(error) => tracing::error!(%error, "nothing will be kept over a restart"),
        }
        self.shared.stage.send_replace(Stage::Closed);
    }

    /// What was kept. A damaged file is moved aside and a new one begun.
    async fn load(&mut self) -> Kept {
        for _ in 0..2 {
            match self.try_load().await {
                Ok(kept) => return kept,
                Err(failure) if database::is_beyond_use(&failure) => self.set_aside(&failure),
                Err(failure) => {
                    self.failed(&failure);
                    break;
                }
            }
        }
        Kept::default()
    }

    async fn try_load(&mut self) -> Result<Kept, Failure> {
        let mut opened = Database::open(&self.path).await?;
        let kept = opened.load(now_ms()).await?;
        self.latest = Some(opened.id());
        self.database = Some(opened);
        Ok(kept)
    }

    fn set_aside(&mut self, failure: &Failure) {
        self.database = None;
        match database::set_aside(&self.path) {
            Ok(aside) => tracing::error!(
                file = %self.path.display(), error = %failure, aside = %aside.display(),
                "what was kept is damaged; it was moved aside, and a new file is begun"
            ),
            Err(error) => tracing::error!(
                file = %self.path.display(), %error,
                "what was kept is damaged, and can't be moved aside"
            ),
        }
    }

    async fn run(&mut self) {
        let mut retry = RETRY_FIRST;
        loop {
            let is_closing = *self.shared.stage.borrow() != Stage::Open;
            if self.shared.pending().is_empty() {
                if is_closing {
                    break;
                }
                let _ = timeout(LOOK_EVERY, self.shared.bell.notified()).await;
            }
            if !is_closing {
                sleep(GATHER).await;
            }
            match self.step().await {
                Ok(()) => {
                    retry = RETRY_FIRST;
                    self.recovered();
                }
                Err(failure) => {
                    self.failed(&failure);
                    // Whoever closes has a limit of his own.
                    sleep(retry).await;
                    retry = (retry * 2).min(RETRY_MOST);
                }
            }
            gauge!("kolapp_store_pending").set(self.shared.pending().len() as f64);
        }
        if let Some(database) = self.database.take()
            && let Err(error) = database.close().await
        {
            tracing::warn!(%error, "closing what is kept");
        }
    }

    /// Writes one batch, once the file is known to be in its place.
    async fn step(&mut self) -> Result<(), Failure> {
        self.reopen_if_lost().await?;
        let Some(database) = &mut self.database else {
            return Ok(());
        };
        let batch = self.shared.pending().take(BATCH_MAX);
        if batch.is_empty() {
            return Ok(());
        }
        let writes: Vec<&Write> = batch.iter().map(|entry| &entry.write).collect();
        match database.apply(&writes).await {
            Ok(()) => {
                acknowledge(batch);
                Ok(())
            }
            Err(failure) if failure.kind == FailureKind::Row => self.one_by_one(batch).await,
            Err(failure) => {
                self.shared.pending().put_back(batch);
                Err(failure)
            }
        }
    }

    /// One of these rows can't be stored: the others must not suffer for it.
    async fn one_by_one(&mut self, batch: Vec<Entry<Waiter>>) -> Result<(), Failure> {
        let mut left = batch.into_iter();
        while let Some(mut entry) = left.next() {
            let Some(database) = &mut self.database else {
                break;
            };
            match database.apply(&[&entry.write]).await {
                Ok(()) => acknowledge(vec![entry]),
                Err(failure) if failure.kind == FailureKind::Row => {
                    tracing::error!(error = %failure, write = ?entry.write, "a row can't be stored");
                    counter!("kolapp_store_failures_total", "kind" => failure.kind.label())
                        .increment(1);
                    for waiter in mem::take(&mut entry.waiters) {
                        let _ = waiter.send(Err(NotStored::Row));
                    }
                }
                Err(failure) => {
                    let rest = std::iter::once(entry).chain(left).collect();
                    self.shared.pending().put_back(rest);
                    return Err(failure);
                }
            }
        }
        Ok(())
    }

    async fn reopen_if_lost(&mut self) -> Result<(), Failure> {
        if let Some(database) = &self.database {
            match database.check_place() {
                Ok(()) => return Ok(()),
                Err(failure) => {
                    self.failed(&failure);
                    self.database = None;
                    // The new one may get the old one's inode.
                    self.latest = None;
                }
            }
        }
        let opened = Database::open(&self.path).await?;
        if self.latest != Some(opened.id()) {
            self.latest = Some(opened.id());
            self.shared.renewed.send_modify(|count| *count += 1);
        }
        self.database = Some(opened);
        Ok(())
    }

    fn failed(&mut self, failure: &Failure) {
        counter!("kolapp_store_failures_total", "kind" => failure.kind.label()).increment(1);
        let failing = Health::Failing {
            kind: failure.kind,
            message: failure.message.clone(),
        };
        let before = mem::replace(&mut *self.shared.health(), failing.clone());
        if before != failing {
            tracing::error!(
                file = %self.path.display(), kind = %failure.kind, error = %failure,
                "nothing can be kept just now; it is tried again"
            );
        }
        match failure.kind {
            FailureKind::Corrupt => self.set_aside(failure),
            // Whatever state it is in, a fresh one is in a better.
            FailureKind::Other | FailureKind::Lost | FailureKind::ReadOnly => self.database = None,
            FailureKind::Locked | FailureKind::Full | FailureKind::Row => {}
        }
    }

    fn recovered(&self) {
        let before = mem::replace(&mut *self.shared.health(), Health::Ok);
        if before != Health::Ok {
            tracing::info!(file = %self.path.display(), "what changes is kept again");
        }
    }
}

fn acknowledge(batch: Vec<Entry<Waiter>>) {
    counter!("kolapp_store_commits_total").increment(1);
    for entry in &batch {
        counter!("kolapp_store_written_total", "about" => entry.write.about()).increment(1);
    }
    for waiter in batch.into_iter().flat_map(|entry| entry.waiters) {
        // Whoever waited may have gone away.
        let _ = waiter.send(Ok(()));
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
